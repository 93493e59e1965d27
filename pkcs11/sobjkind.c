/* What the values of each kind must be, and what follows from them; see sobjattr.h. */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/chip.h"
#include "pkcs11/aes.h"
#include "pkcs11/sobjattr.h"
#include "pkcs11/store/der.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/store/spki.h"
#include "pkcs11/store/store.h"
#include "pkcs11/store/x509.h"

#define RSA_MIN_BITS     512
#define RSA_MAX_BITS     8192
#define GENERIC_MAX      512
#define CHECK_VALUE_LEN  3
#define SHA1_LEN         20
#define LAST_CATEGORY    3 /* other entity; PKCS #11 v2.40 table 19 */
#define LAST_MIDP_DOMAIN 3 /* third party; table 20 */

static CK_RV
from_hal(int r)
{
	switch (r) {
	case 0: return CKR_OK;
	case HAL_ENOMEM: return CKR_HOST_MEMORY;
	case HAL_EFORMAT: return CKR_ATTRIBUTE_VALUE_INVALID;
	default: return CKR_FUNCTION_FAILED;
	}
}

static struct cur
value(const struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *at = sobj_attrs_get(a, type);

	return at != NULL ? (struct cur){ at->pValue, at->ulValueLen } : (struct cur){ NULL, 0 };
}

static CK_ULONG
number(const struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *at = sobj_attrs_get(a, type);
	CK_ULONG v = 0;

	if (at != NULL && at->ulValueLen == sizeof(v))
		memcpy(&v, at->pValue, sizeof(v));
	return v;
}

/* What follows from others: taken over when not given (or given empty), else it must agree. */
static CK_RV
follows(struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type, const void *p, size_t len)
{
	const struct cur has = value(a, type);

	if (has.len == 0)
		return sobj_attrs_put(a, type, p, len);
	return has.len == len && memcmp(has.p, p, len) == 0 ? CKR_OK : CKR_TEMPLATE_INCONSISTENT;
}

/* --- certificates --------------------------------------------------------------------------- */

static const struct {
	CK_ATTRIBUTE_TYPE type;
	enum x509_part part;
} parts[] = {
	{ CKA_SUBJECT, X509_PART_SUBJECT },
	{ CKA_ISSUER, X509_PART_ISSUER },
	{ CKA_SERIAL_NUMBER, X509_PART_SERIAL },
	{ CKA_START_DATE, X509_PART_START },
	{ CKA_END_DATE, X509_PART_END },
	{ CKA_PUBLIC_KEY_INFO, X509_PART_SPKI },
};

static CK_RV
complete_cert(struct sobj_attrs *a)
{
	const struct cur der = value(a, CKA_VALUE);
	uint8_t hash[SHA1_LEN];
	struct buf part = BUF_INIT;
	CK_RV rv = CKR_OK;

	if (number(a, CKA_CERTIFICATE_CATEGORY) > LAST_CATEGORY ||
	    number(a, CKA_JAVA_MIDP_SECURITY_DOMAIN) > LAST_MIDP_DOMAIN)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	for (size_t i = 0; i < NITEMS(parts) && rv == CKR_OK; i++) {
		buf_reset(&part);
		rv = from_hal(x509_part(der.p, der.len, parts[i].part, &part));
		if (rv == CKR_OK)
			rv = follows(a, parts[i].type, part.data, part.len);
	}
	buf_free(&part);
	if (rv == CKR_OK)
		rv = from_hal(ossl_digest("SHA1", der.p, der.len, hash, sizeof(hash)));
	if (rv == CKR_OK &&
	    (rv = follows(a, CKA_CHECK_VALUE, hash, CHECK_VALUE_LEN)) == CKR_TEMPLATE_INCONSISTENT)
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	return rv;
}

/* --- public keys ---------------------------------------------------------------------------- */

/* A big integer without leading zeros. */
static CK_RV
trim(struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type, struct cur *v)
{
	CK_RV rv;

	*v = value(a, type);
	while (v->len > 0 && v->p[0] == 0) {
		v->p++;
		v->len--;
	}
	if (v->len == 0)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	rv = sobj_attrs_put(a, type, v->p, v->len);
	*v = value(a, type);
	return rv;
}

static const struct chip_keytype *
rsa_type(CK_ULONG bits)
{
	const struct chip_keytype *kt;

	for (size_t i = 0; (kt = chip_keytype_at(i)) != NULL; i++)
		if (kt->rsa && kt->bits == bits)
			return kt;
	return NULL;
}

static CK_RV
complete_rsa(struct sobj_attrs *a, const struct chip_keytype **type)
{
	struct buf spki = BUF_INIT;
	struct cur n, e;
	CK_ULONG bits;
	CK_RV rv;

	if ((rv = trim(a, CKA_MODULUS, &n)) != CKR_OK ||
	    (rv = trim(a, CKA_PUBLIC_EXPONENT, &e)) != CKR_OK)
		return rv;
	bits = 8 * n.len;
	for (unsigned top = n.p[0]; (top & 0x80) == 0; top <<= 1)
		bits--;
	if (bits < RSA_MIN_BITS || bits > RSA_MAX_BITS)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	*type = rsa_type(bits);
	if ((rv = from_hal(spki_from_rsa(n.p, n.len, e.p, e.len, &spki))) == CKR_OK &&
	    (rv = follows(a, CKA_PUBLIC_KEY_INFO, spki.data, spki.len)) == CKR_OK)
		rv = sobj_attrs_put_ulong(a, CKA_MODULUS_BITS, bits);
	buf_free(&spki);
	return rv;
}

static CK_RV
curve(const struct sobj_attrs *a, const struct chip_keytype **type)
{
	const struct cur params = value(a, CKA_EC_PARAMS);

	if (params.len == 0)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	*type = chip_keytype_by_params(params.p, params.len);
	return *type != NULL ? CKR_OK : CKR_CURVE_NOT_SUPPORTED;
}

static CK_RV
complete_ec(struct sobj_attrs *a, const struct chip_keytype **type)
{
	struct cur point;
	struct buf spki = BUF_INIT, der = BUF_INIT;
	CK_RV rv;

	if ((rv = curve(a, type)) != CKR_OK)
		return rv;
	point = value(a, CKA_EC_POINT);
	if ((rv = from_hal(spki_from_point(*type, point.p, point.len, &spki))) != CKR_OK ||
	    (rv = from_hal(spki_point(&spki, &point))) != CKR_OK ||
	    (rv = from_hal(der_put(&der, DER_OCTET_STRING, point.p, point.len))) != CKR_OK)
		goto out;
	if ((rv = sobj_attrs_put(a, CKA_EC_POINT, der.data, der.len)) == CKR_OK)
		rv = follows(a, CKA_PUBLIC_KEY_INFO, spki.data, spki.len);
out:
	buf_free(&spki);
	buf_free(&der);
	return rv;
}

/* --- secret keys ---------------------------------------------------------------------------- */

/* One block of zeros, encrypted; PKCS #11 v2.40, 4.10.2. */
static CK_RV
check_block(const struct cur *key, struct buf *block)
{
	static const uint8_t zero[CHIP_BLOCK];
	struct mod_key k = { .kind = KEY_AES, .value = BUF_INIT };
	CK_RV rv;

	if ((rv = from_hal(buf_put(&k.value, key->p, key->len))) == CKR_OK)
		rv = mod_aes(NULL, &k, false, NULL, zero, sizeof(zero), block);
	mod_key_free(&k);
	return rv;
}

static CK_RV
check_value(struct sobj_attrs *a, bool aes, const struct cur *key)
{
	const CK_ATTRIBUTE *given = sobj_attrs_get(a, CKA_CHECK_VALUE);
	struct buf block = BUF_INIT;
	uint8_t sum[SHA1_LEN];
	CK_RV rv;

	if (given != NULL && given->ulValueLen == 0)
		return CKR_OK; /* the standard's way to ask for none */
	rv = aes ? check_block(key, &block)
		 : from_hal(ossl_digest("SHA1", key->p, key->len, sum, sizeof(sum)));
	if (rv == CKR_OK && (rv = follows(a, CKA_CHECK_VALUE, aes ? block.data : sum,
				 CHECK_VALUE_LEN)) == CKR_TEMPLATE_INCONSISTENT)
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	OPENSSL_cleanse(sum, sizeof(sum));
	buf_free(&block);
	return rv;
}

static CK_RV
complete_secret(struct sobj_attrs *a, bool aes)
{
	const struct cur key = value(a, CKA_VALUE);
	CK_RV rv;

	if (sobj_attrs_get(a, CKA_VALUE) == NULL)
		return CKR_OK; /* on the chip */
	if (key.len == 0 || key.len > GENERIC_MAX || (aes && !mod_aes_fits(key.len)))
		return CKR_ATTRIBUTE_VALUE_INVALID;
	if ((rv = check_value(a, aes, &key)) != CKR_OK)
		return rv;
	return sobj_attrs_put_ulong(a, CKA_VALUE_LEN, key.len);
}

CK_RV
sobj_kind_complete(struct sobj_attrs *a, enum sobj_kind kind, const struct chip_keytype **type)
{
	*type = NULL;
	switch (kind) {
	case SOBJ_CERT: return complete_cert(a);
	case SOBJ_RSA: return complete_rsa(a, type);
	case SOBJ_EC: return complete_ec(a, type);
	case SOBJ_AES: return complete_secret(a, true);
	case SOBJ_GENERIC: return complete_secret(a, false);
	case SOBJ_PRIV_EC: return curve(a, type);
	default: return CKR_OK;
	}
}
