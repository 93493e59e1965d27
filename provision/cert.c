/* Certificates and public keys; see cert.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>

#include "provision/cert.h"
#include "provision/file.h"
#include "provision/msg.h"

/* AWS's own limit for anything in PEM (aws-iot 4). */
#define PEM_MAX 65536U

const char *
ossl_why(void)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return why != NULL ? why : "no reason given";
}

X509 *
cert_from_der(const unsigned char *der, size_t len)
{
	const unsigned char *p = der;
	X509 *cert = len <= PEM_MAX ? d2i_X509(NULL, &p, (long)len) : NULL;

	/* Bytes after it: it is not what it says. */
	if (cert != NULL && p != der + len) {
		X509_free(cert);
		cert = NULL;
	}
	ERR_clear_error();
	return cert;
}

static X509 *
cert_parse(const char *what, const char *data, size_t len)
{
	BIO *bio = BIO_new_mem_buf(data, (int)len);
	X509 *cert = NULL, *more = NULL;

	if (bio != NULL)
		cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (cert != NULL)
		more = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	else
		cert = cert_from_der((const unsigned char *)data, len);
	if (cert == NULL) {
		prov_error("%s: no certificate in it", what);
		prov_hint("it must be one X.509 certificate in PEM or DER");
	} else if (more != NULL) {
		prov_error("%s: more than one certificate in it", what);
		prov_hint("keep the device's own certificate alone");
		X509_free(cert);
		cert = NULL;
	}
	ERR_clear_error();
	X509_free(more);
	BIO_free(bio);
	return cert;
}

X509 *
cert_from_pem(const char *what, const char *pem)
{
	return cert_parse(what, pem, strlen(pem));
}

X509 *
cert_read(const char *path)
{
	X509 *cert = NULL;
	size_t len;
	char *data = file_read(path, PEM_MAX, &len);

	if (data != NULL)
		cert = cert_parse(path, data, len);
	free(data);
	return cert;
}

X509_REQ *
req_read(const char *path)
{
	X509_REQ *req = NULL;
	BIO *bio = NULL;
	size_t len;
	char *data = file_read(path, PEM_MAX, &len);
	const unsigned char *p;

	if (data == NULL)
		return NULL;
	bio = BIO_new_mem_buf(data, (int)len);
	if (bio != NULL)
		req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	if (req == NULL) {
		p = (const unsigned char *)data;
		req = d2i_X509_REQ(NULL, &p, (long)len);
	}
	ERR_clear_error();
	if (req == NULL) {
		prov_error("%s: no certificate request in it", path);
		prov_hint("it must be a PKCS #10 request in PEM or DER, as \"csr\" makes it");
	}
	BIO_free(bio);
	free(data);
	return req;
}

/* Takes what was written into bio, with a NUL after it. */
static char *
bio_text(BIO *bio)
{
	char *data, *text = NULL;
	long len = bio != NULL ? BIO_get_mem_data(bio, &data) : 0;

	if (len > 0)
		text = strndup(data, (size_t)len);
	BIO_free(bio);
	return text;
}

char *
cert_pem(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;

	if (bio != NULL && PEM_write_bio_X509(bio, cert) == 1)
		text = bio_text(bio);
	else
		BIO_free(bio);
	if (text == NULL)
		prov_error("cannot encode the certificate: %s", ossl_why());
	return text;
}

char *
req_pem(X509_REQ *req)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;

	if (bio != NULL && PEM_write_bio_X509_REQ(bio, req) == 1)
		text = bio_text(bio);
	else
		BIO_free(bio);
	if (text == NULL)
		prov_error("cannot encode the request: %s", ossl_why());
	return text;
}

unsigned char *
cert_der(X509 *cert, size_t *lenp)
{
	unsigned char *der = NULL, *copy = NULL;
	int len = i2d_X509(cert, &der);

	if (len > 0 && (copy = malloc((size_t)len)) != NULL) {
		memcpy(copy, der, (size_t)len);
		*lenp = (size_t)len;
	} else {
		prov_error("cannot encode the certificate: %s", ossl_why());
	}
	OPENSSL_free(der);
	return copy;
}

static void
to_hex(const unsigned char *md, char id[65])
{
	for (size_t i = 0; i < 32; i++)
		(void)snprintf(id + 2 * i, 3, "%02x", md[i]);
}

bool
cert_id(X509 *cert, char id[65])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len;

	if (X509_digest(cert, EVP_sha256(), md, &len) != 1 || len != 32) {
		prov_error("cannot hash the certificate: %s", ossl_why());
		return false;
	}
	to_hex(md, id);
	return true;
}

bool
key_id(EVP_PKEY *key, char id[65])
{
	unsigned char md[EVP_MAX_MD_SIZE], *der = NULL;
	int len = i2d_PUBKEY(key, &der);
	bool ok = len > 0 && EVP_Digest(der, (size_t)len, md, NULL, EVP_sha256(), NULL) == 1;

	OPENSSL_free(der);
	if (!ok) {
		prov_error("cannot hash the public key: %s", ossl_why());
		return false;
	}
	to_hex(md, id);
	return true;
}

bool
key_equal(EVP_PKEY *a, EVP_PKEY *b)
{
	bool same = EVP_PKEY_eq(a, b) == 1;

	ERR_clear_error();
	return same;
}

bool
cert_is_for(X509 *cert, EVP_PKEY *key)
{
	EVP_PKEY *own = X509_get0_pubkey(cert);

	return own != NULL && key_equal(own, key);
}

const char *
key_name(EVP_PKEY *key, char *buf, size_t len)
{
	char group[64] = "";

	if (EVP_PKEY_is_a(key, "RSA")) {
		(void)snprintf(buf, len, "RSA-%d", EVP_PKEY_get_bits(key));
	} else if (EVP_PKEY_is_a(key, "EC") &&
		   EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1) {
		/* OpenSSL names this one curve as ANSI X9.62 does. */
		(void)snprintf(
		    buf, len, "%s", strcmp(group, SN_X9_62_prime256v1) == 0 ? "secp256r1" : group);
	} else {
		(void)snprintf(buf, len, "%s", EVP_PKEY_get0_type_name(key));
	}
	return buf;
}

char *
name_line(const X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());
	unsigned long flags = (XN_FLAG_ONELINE | ASN1_STRFLGS_UTF8_CONVERT) & ~ASN1_STRFLGS_ESC_MSB;

	if (bio != NULL && X509_NAME_print_ex(bio, name, 0, flags) > 0)
		return bio_text(bio);
	BIO_free(bio);
	return strdup("");
}

const char *
time_text(const ASN1_TIME *t, char buf[32])
{
	struct tm tm;

	buf[0] = '\0';
	if (ASN1_TIME_to_tm(t, &tm) == 1)
		(void)strftime(buf, 32, "%Y-%m-%d %H:%M:%S UTC", &tm);
	return buf;
}

STACK_OF(X509) * certs_from_pem(const char *what, const char *pem)
{
	STACK_OF(X509) *list = sk_X509_new_null();
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert;

	while (list != NULL && bio != NULL &&
	       (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(list, cert) == 0)
			X509_free(cert);
	/* It ends with there being no more. */
	if (list == NULL || sk_X509_num(list) == 0 ||
	    ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) {
		prov_error("%s: not certificates in PEM: %s", what, ossl_why());
		certs_free(&list);
	}
	ERR_clear_error();
	BIO_free(bio);
	return list;
}

void
certs_free(STACK_OF(X509) * *list)
{
	sk_X509_pop_free(*list, X509_free);
	*list = NULL;
}

char *
certs_pem(STACK_OF(X509) * list)
{
	char *all = strdup("");

	for (int i = 0; all != NULL && i < sk_X509_num(list); i++) {
		char *one = cert_pem(sk_X509_value(list, i)), *longer = NULL;

		if (one != NULL && asprintf(&longer, "%s%s", all, one) < 0)
			longer = NULL;
		free(all);
		free(one);
		all = longer;
	}
	return all;
}

bool
cert_fits(X509 *cert, STACK_OF(X509) * chain)
{
	const int n = chain != NULL ? sk_X509_num(chain) : 0;
	int len = i2d_X509(cert, NULL);
	unsigned int framing = CERT_FRAMING;

	for (int i = 0; i < n && len > 0; i++) {
		len += i2d_X509(sk_X509_value(chain, i), NULL);
		framing += CHAIN_FRAMING;
	}
	if (len > 0 && (unsigned int)len + framing <= CERT_OBJECT_MAX)
		return true;
	prov_error("the certificate%s %d bytes; an object of the chip takes %u, %u of them framing",
	    n > 0 ? " and its issuers have" : " has", len, CERT_OBJECT_MAX, framing);
	prov_hint("shorten the subject, or issue it with fewer extensions");
	return false;
}

const char *
cert_chain_problem(X509 *cert, const char *anchors)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	const char *why = "out of memory";

	if (store == NULL || ctx == NULL)
		goto out;
	if (X509_STORE_load_file(store, anchors) != 1) {
		why = "no CA certificates can be read";
		goto out;
	}
	if (X509_STORE_CTX_init(ctx, store, cert, NULL) != 1)
		goto out;
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_PARTIAL_CHAIN);
	if (X509_verify_cert(ctx) == 1)
		why = NULL;
	else
		why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
out:
	ERR_clear_error();
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return why;
}
