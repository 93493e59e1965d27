/* OpenSSL's opinion of a P-256 signature, for programs that are no check suites. */
#include <config.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "tests/load/work.h"

#define P256_LEN  32
#define POINT_LEN (1 + 2 * P256_LEN)

struct evp_pkey_st *
verify_key(const struct buf *pub)
{
	char group[] = "prime256v1";
	OSSL_PARAM params[3] = { OSSL_PARAM_END, OSSL_PARAM_END, OSSL_PARAM_END };
	uint8_t point[POINT_LEN];
	EVP_PKEY_CTX *ctx;
	EVP_PKEY *key = NULL;

	if (pub->len < POINT_LEN)
		return NULL;
	/* BIT STRING: the point is its end. */
	memcpy(point, pub->data + pub->len - POINT_LEN, POINT_LEN);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
	params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, POINT_LEN);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(ctx);
	return key;
}

bool
verify_ecdsa(struct evp_pkey_st *key, const uint8_t *digest, size_t len, const struct buf *sig)
{
	ECDSA_SIG *rs = ECDSA_SIG_new();
	EVP_PKEY_CTX *ctx = key != NULL ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	unsigned char *der = NULL;
	int n;
	bool good = false;

	if (rs == NULL || ctx == NULL || sig->len != (size_t)2 * P256_LEN)
		goto out;
	(void)ECDSA_SIG_set0(rs, BN_bin2bn(sig->data, P256_LEN, NULL),
	    BN_bin2bn(sig->data + P256_LEN, P256_LEN, NULL));
	if ((n = i2d_ECDSA_SIG(rs, &der)) > 0)
		good = EVP_PKEY_verify_init(ctx) == 1 &&
		       EVP_PKEY_verify(ctx, der, (size_t)n, digest, len) == 1;
out:
	OPENSSL_free(der);
	ECDSA_SIG_free(rs);
	EVP_PKEY_CTX_free(ctx);
	return good;
}
