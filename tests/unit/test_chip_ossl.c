/* See test_chip_ossl.h. */
#include <config.h>

#include <check.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "hal/sim/sim.h"
#include "tests/unit/test_chip_ossl.h"

static EVP_PKEY *
ec_key(const struct chip_keytype *kt, const uint8_t *point, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	ck_assert_ptr_nonnull(ctx);
	ck_assert_ptr_nonnull(bld);
	ck_assert(
	    OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, kt->ossl_group, 0));
	ck_assert(OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, len));
	params = OSSL_PARAM_BLD_to_param(bld);
	ck_assert_ptr_nonnull(params);
	ck_assert_int_eq(EVP_PKEY_fromdata_init(ctx), 1);
	/* Fails for a point that is not on the curve. */
	ck_assert_int_eq(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

EVP_PKEY *
ossl_key(const struct chip_keytype *kt, const struct buf *pub)
{
	const uint8_t *p = pub->data + 1;
	size_t len;
	EVP_PKEY *key;

	/* BIT STRING: its length, the count of unused bits */
	ck_assert_uint_gt(pub->len, 68 - 1);
	p += *p < 0x80 ? 1 : 1 + (*p & 0x7F);
	ck_assert_uint_eq(*p++, 0);
	len = (size_t)(pub->data + pub->len - p);
	if (!kt->rsa)
		return ec_key(kt, p, len);
	key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, (long)len);
	ck_assert_ptr_nonnull(key);
	ck_assert_int_eq(EVP_PKEY_get_bits(key), (int)kt->bits);
	return key;
}

static bool
verify(EVP_PKEY *key, const char *md, const uint8_t *digest, size_t len, const uint8_t *sig,
    size_t sig_len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	int r;

	ck_assert_ptr_nonnull(ctx);
	ck_assert_int_eq(EVP_PKEY_verify_init(ctx), 1);
	if (md != NULL)
		ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(ctx, EVP_get_digestbyname(md)), 1);
	r = EVP_PKEY_verify(ctx, sig, sig_len, digest, len);
	EVP_PKEY_CTX_free(ctx);
	return r == 1;
}

bool
ossl_verify_ecdsa(EVP_PKEY *key, const uint8_t *digest, size_t len, const struct buf *sig)
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	unsigned char *der = NULL;
	const int half = (int)(sig->len / 2);
	bool ok;
	int n;

	ck_assert_ptr_nonnull(s);
	ck_assert_int_eq(ECDSA_SIG_set0(s, BN_bin2bn(sig->data, half, NULL),
			     BN_bin2bn(sig->data + half, half, NULL)),
	    1);
	n = i2d_ECDSA_SIG(s, &der);
	ck_assert_int_gt(n, 0);
	ok = verify(key, NULL, digest, len, der, (size_t)n);
	OPENSSL_free(der);
	ECDSA_SIG_free(s);
	return ok;
}

bool
ossl_verify_rsa(
    EVP_PKEY *key, const char *md, const uint8_t *digest, size_t len, const struct buf *sig)
{
	return verify(key, md, digest, len, sig->data, sig->len);
}

/* --- simulated chips ------------------------------------------------------------------------- */

static char dir[64], image[96], selector[128];

const char *
sim_image(uint64_t seed)
{
	return sim_image_of("trust-m-v3", true, seed);
}

const char *
sim_image_of(const char *model, bool monitor, uint64_t seed)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;

	cfg.model = model;
	cfg.monitor = monitor;
	snprintf(dir, sizeof(dir), "/tmp/test-chip-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(image, sizeof(image), "%s/chip", dir);
	snprintf(selector, sizeof(selector), "sim:%s?time=virtual", image);
	cfg.seeded = true;
	cfg.seed = seed;
	ck_assert_msg(sim_create(image, &cfg) == 0, "%s", sim_error());
	return selector;
}

void
sim_image_remove(void)
{
	(void)unlink(image);
	(void)rmdir(dir);
}
