/*
 * Certificates as AWS IoT makes them: the request's key and subject, nothing else of it; a serial
 * of 20 bytes with the top bit set, an end in 2049, and an issuer name of one OU with 66
 * characters, two more than X.520 allows.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "tests/standin/standin.h"

#define BIG_COMMENT 44000

char *
si_pem(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *out = NULL;
	long len;

	if (bio != NULL && PEM_write_bio_X509(bio, cert) == 1) {
		len = BIO_get_mem_data(bio, &data);
		out = strndup(data, (size_t)len);
	}
	BIO_free(bio);
	return out;
}

void
si_cert_id(X509 *cert, char id[65])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned int len = 0;

	(void)X509_digest(cert, EVP_sha256(), md, &len);
	for (unsigned int i = 0; i < len && i < 32; i++)
		(void)snprintf(id + (size_t)2 * i, 3, "%02x", md[i]);
}

const char *
si_key_problem(EVP_PKEY *key)
{
	static const char *const curves[] = { "prime256v1", "secp384r1", "secp521r1" };
	char group[64] = "";

	if (EVP_PKEY_is_a(key, "RSA"))
		return EVP_PKEY_get_bits(key) >= 2048 ? NULL : "the RSA key is too short";
	(void)EVP_PKEY_get_utf8_string_param(
	    key, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof(group), NULL);
	for (size_t i = 0; i < SI_NITEMS(curves); i++)
		if (strcmp(group, curves[i]) == 0)
			return NULL;
	return "keys of this type or curve are not supported";
}

X509_REQ *
si_csr(const char *pem, const char **why)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509_REQ *req = bio != NULL ? PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = req != NULL ? X509_REQ_get0_pubkey(req) : NULL;

	*why = NULL;
	if (strlen(pem) > 4096)
		*why = "it is longer than 4096 characters";
	else if (key == NULL)
		*why = "it is no PEM of a PKCS#10";
	else if (X509_REQ_verify(req, key) != 1)
		*why = "its signature does not verify";
	else
		*why = si_key_problem(key);
	ERR_clear_error();
	BIO_free(bio);
	if (*why == NULL)
		return req;
	X509_REQ_free(req);
	return NULL;
}

X509 *
si_read_cert(const char *pem, const char **why)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	X509 *second = cert != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

	*why = NULL;
	if (cert == NULL || X509_get0_pubkey(cert) == NULL)
		*why = "it is no PEM of a certificate";
	else if (second != NULL)
		*why = "there is more than one certificate in it";
	ERR_clear_error();
	X509_free(second);
	BIO_free(bio);
	if (*why == NULL)
		return cert;
	X509_free(cert);
	return NULL;
}

static bool
set_serial(X509 *cert)
{
	unsigned char raw[20];
	BIGNUM *bn;
	bool ok;

	if (RAND_bytes(raw, sizeof(raw)) != 1)
		return false;
	raw[0] |= 0x80;
	bn = BN_bin2bn(raw, sizeof(raw), NULL);
	ok = bn != NULL && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert)) != NULL;
	BN_free(bn);
	return ok;
}

static bool
add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

static bool
add_extensions(X509 *cert, X509 *issuer, bool big)
{
	static char comment[BIG_COMMENT + 1];

	if (!add_ext(cert, issuer, NID_authority_key_identifier, "keyid:always") ||
	    !add_ext(cert, issuer, NID_subject_key_identifier, "hash") ||
	    !add_ext(cert, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
	    !add_ext(cert, issuer, NID_key_usage, "critical,digitalSignature"))
		return false;
	if (!big)
		return true;
	memset(comment, 'x', BIG_COMMENT);
	return add_ext(cert, issuer, NID_netscape_comment, comment);
}

X509 *
si_issue(const struct si_ca *ca, X509_REQ *req, enum si_fault_kind kind)
{
	X509 *cert = X509_new();
	EVP_PKEY *other = kind == SI_OTHERKEY ? EVP_EC_gen("P-256") : NULL;

	if (cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	    X509_set_subject_name(cert, X509_REQ_get_subject_name(req)) == 1 &&
	    X509_set_issuer_name(cert, X509_get_subject_name(ca->cert)) == 1 &&
	    X509_set_pubkey(cert, other != NULL ? other : X509_REQ_get0_pubkey(req)) == 1 &&
	    X509_gmtime_adj(X509_getm_notBefore(cert), 0) != NULL &&
	    ASN1_TIME_set_string(X509_getm_notAfter(cert), "491231235959Z") == 1 &&
	    add_extensions(cert, ca->cert, kind == SI_BIGCERT) &&
	    X509_sign(cert, ca->key, EVP_sha256()) > 0) {
		EVP_PKEY_free(other);
		return cert;
	}
	ERR_print_errors_fp(stderr);
	EVP_PKEY_free(other);
	X509_free(cert);
	return NULL;
}
