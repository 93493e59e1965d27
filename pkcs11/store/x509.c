/* X.509 through OpenSSL; see x509.h. */
#include <config.h>

#include <stdio.h>
#include <time.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "hal/base/err.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/store/x509.h"

/* NULL when the bytes are not exactly one certificate. */
static X509 *
parse(const uint8_t *der, size_t len)
{
	X509 *x = X509_new_ex(ossl_ctx(), "provider=default");
	const uint8_t *p = der;

	if (x == NULL || len > 0xFFFF)
		goto bad;
	if (d2i_X509(&x, &p, (long)len) == NULL || p != der + len)
		goto bad;
	return x;
bad:
	X509_free(x);
	return NULL;
}

static int
put_date(const ASN1_TIME *t, struct buf *out)
{
	char text[40]; /* as many digits as three ints can have */
	struct tm tm;

	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1 || tm.tm_year < 0 || tm.tm_year > 8099)
		return HAL_EFORMAT;
	(void)snprintf(
	    text, sizeof(text), "%04d%02d%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
	return buf_put(out, text, 8);
}

int
x509_part(const uint8_t *der, size_t len, enum x509_part part, struct buf *out)
{
	X509 *x = parse(der, len);
	unsigned char *p = NULL;
	int n = -1, r;

	if (x == NULL)
		return HAL_EFORMAT;
	switch (part) {
	case X509_PART_SUBJECT: n = i2d_X509_NAME(X509_get_subject_name(x), &p); break;
	case X509_PART_ISSUER: n = i2d_X509_NAME(X509_get_issuer_name(x), &p); break;
	case X509_PART_SERIAL: n = i2d_ASN1_INTEGER(X509_get0_serialNumber(x), &p); break;
	case X509_PART_SPKI: n = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &p); break;
	case X509_PART_START: r = put_date(X509_get0_notBefore(x), out); goto out;
	case X509_PART_END: r = put_date(X509_get0_notAfter(x), out); goto out;
	}
	r = n < 0 ? HAL_EFORMAT : buf_put(out, p, (size_t)n);
	OPENSSL_free(p);
out:
	X509_free(x);
	return r;
}

int
x509_spki(const uint8_t *der, size_t len, struct buf *out)
{
	return x509_part(der, len, X509_PART_SPKI, out);
}

int
x509_is_ca(const uint8_t *der, size_t len, bool *ca)
{
	X509 *x = parse(der, len);

	*ca = false;
	if (x == NULL)
		return HAL_EFORMAT;
	*ca = X509_check_ca(x) == 1;
	X509_free(x);
	return 0;
}

int
x509_issued(const uint8_t *cert, size_t len, const uint8_t *issuer, size_t issuer_len, bool *yes)
{
	X509 *x = parse(cert, len), *by = parse(issuer, issuer_len);
	EVP_PKEY *key;
	int r = HAL_EFORMAT;

	*yes = false;
	if (x != NULL && by != NULL) {
		key = X509_get0_pubkey(by);
		*yes = key != NULL && X509_check_issued(by, x) == X509_V_OK &&
		       X509_verify(x, key) == 1;
		r = 0;
	}
	X509_free(x);
	X509_free(by);
	return r;
}
