/* Elliptic curve keys and ECDSA; see crypto.h. */
#include <config.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "hal/base/err.h"
#include "hal/sim/crypto.h"
#include "hal/sim/rng.h"
#include "hal/sim/seal.h"

static const struct curve {
	uint8_t alg;
	uint8_t size;
	int nid;
} curves[] = {
	{ ALG_P256, 32, NID_X9_62_prime256v1 },
	{ ALG_P384, 48, NID_secp384r1 },
	{ ALG_P521, 66, NID_secp521r1 },
	{ ALG_BP256, 32, NID_brainpoolP256r1 },
	{ ALG_BP384, 48, NID_brainpoolP384r1 },
	{ ALG_BP512, 64, NID_brainpoolP512r1 },
};

static const struct curve *
find(uint8_t alg)
{
	for (size_t i = 0; i < NITEMS(curves); i++)
		if (curves[i].alg == alg)
			return &curves[i];
	return NULL;
}

size_t
ec_size(uint8_t alg)
{
	const struct curve *cv = find(alg);

	return cv != NULL ? cv->size : 0;
}

bool
ec_generate(struct sim_app *app, uint8_t alg, struct sim_key *key)
{
	const struct curve *cv = find(alg);
	EC_GROUP *g = cv != NULL ? EC_GROUP_new_by_curve_name_ex(seal_ctx(), NULL, cv->nid) : NULL;
	BIGNUM *d = g != NULL ? rng_below(app, EC_GROUP_get0_order(g)) : NULL;
	bool ok;

	memset(key, 0, sizeof(*key));
	ok = d != NULL && BN_bn2binpad(d, key->priv, cv->size) == cv->size;
	key->alg = ok ? alg : 0;
	BN_clear_free(d);
	EC_GROUP_free(g);
	return ok;
}

bool
ec_private_valid(const struct sim_key *key)
{
	const struct curve *cv = find(key->alg);
	EC_GROUP *g = cv != NULL ? EC_GROUP_new_by_curve_name_ex(seal_ctx(), NULL, cv->nid) : NULL;
	BIGNUM *d = cv != NULL ? BN_bin2bn(key->priv, cv->size, NULL) : NULL;
	const bool ok =
	    g != NULL && d != NULL && !BN_is_zero(d) && BN_cmp(d, EC_GROUP_get0_order(g)) < 0;

	BN_clear_free(d);
	EC_GROUP_free(g);
	return ok;
}

/* k times the generator, affine. */
static bool
point(const EC_GROUP *g, const BIGNUM *k, BIGNUM *x, BIGNUM *y, BN_CTX *ctx)
{
	EC_POINT *p = EC_POINT_new(g);
	const bool ok = p != NULL && EC_POINT_mul(g, p, k, NULL, NULL, ctx) == 1 &&
			EC_POINT_get_affine_coordinates(g, p, x, y, ctx) == 1;

	EC_POINT_free(p);
	return ok;
}

size_t
ec_public(const struct sim_key *key, uint8_t out[PUB_MAX])
{
	const struct curve *cv = find(key->alg);
	BN_CTX *ctx = BN_CTX_new_ex(seal_ctx());
	EC_GROUP *g = cv != NULL ? EC_GROUP_new_by_curve_name_ex(seal_ctx(), NULL, cv->nid) : NULL;
	BIGNUM *d = cv != NULL ? BN_bin2bn(key->priv, cv->size, NULL) : NULL;
	BIGNUM *x = BN_new(), *y = BN_new();
	size_t n = 0, bits;

	if (ctx == NULL || g == NULL || d == NULL || x == NULL || y == NULL ||
	    !point(g, d, x, y, ctx))
		goto out;
	bits = 2 + 2u * cv->size;
	out[n++] = 0x03;
	if (bits > 127)
		out[n++] = 0x81;
	out[n++] = (uint8_t)bits;
	out[n++] = 0x00; /* unused bits */
	out[n++] = 0x04; /* uncompressed */
	(void)BN_bn2binpad(x, out + n, cv->size);
	(void)BN_bn2binpad(y, out + n + cv->size, cv->size);
	n += 2u * cv->size;
out:
	BN_clear_free(d);
	BN_free(x);
	BN_free(y);
	EC_GROUP_free(g);
	BN_CTX_free(ctx);
	return n;
}

/* One ECDSA with k: false when r or s is 0 or something fails. FIPS 186-4, 6.4. */
static bool
with_k(const EC_GROUP *g, const BIGNUM *d, const BIGNUM *z, const BIGNUM *k, BIGNUM *r, BIGNUM *s,
    BN_CTX *ctx)
{
	const BIGNUM *n = EC_GROUP_get0_order(g);
	BIGNUM *y = BN_new(), *ki = NULL;
	const bool ok = y != NULL && point(g, k, r, y, ctx) && BN_nnmod(r, r, n, ctx) == 1 &&
			(ki = BN_mod_inverse(NULL, k, n, ctx)) != NULL &&
			BN_mod_mul(s, r, d, n, ctx) == 1 && BN_mod_add(s, s, z, n, ctx) == 1 &&
			BN_mod_mul(s, s, ki, n, ctx) == 1 && !BN_is_zero(r) && !BN_is_zero(s);

	BN_free(y);
	BN_clear_free(ki);
	return ok;
}

bool
ecdsa_raw(struct sim_app *app, const struct sim_key *key, const uint8_t *digest, size_t len,
    uint8_t *r_out, uint8_t *s_out)
{
	const struct curve *cv = find(key->alg);
	BN_CTX *ctx = BN_CTX_new_ex(seal_ctx());
	EC_GROUP *g = cv != NULL ? EC_GROUP_new_by_curve_name_ex(seal_ctx(), NULL, cv->nid) : NULL;
	BIGNUM *d = cv != NULL ? BN_bin2bn(key->priv, cv->size, NULL) : NULL;
	BIGNUM *z = BN_bin2bn(digest, (int)len, NULL), *k = NULL, *r = BN_new(), *s = BN_new();
	bool ok = false;

	if (ctx == NULL || g == NULL || d == NULL || z == NULL || r == NULL || s == NULL)
		goto out;
	if ((int)len * 8 > EC_GROUP_order_bits(g) &&
	    BN_rshift(z, z, (int)len * 8 - EC_GROUP_order_bits(g)) != 1)
		goto out;
	for (int tries = 0; tries < 8 && !ok; tries++) {
		BN_clear_free(k);
		if ((k = rng_below(app, EC_GROUP_get0_order(g))) == NULL)
			goto out;
		ok = with_k(g, d, z, k, r, s, ctx);
	}
	ok = ok && BN_bn2binpad(r, r_out, cv->size) >= 0 && BN_bn2binpad(s, s_out, cv->size) >= 0;
out:
	BN_clear_free(d);
	BN_clear_free(k);
	BN_free(z);
	BN_free(r);
	BN_free(s);
	EC_GROUP_free(g);
	BN_CTX_free(ctx);
	return ok;
}

static size_t
put_integer(uint8_t *out, const uint8_t *v, size_t size)
{
	size_t n = 0;
	const size_t pad = v[0] >> 7;

	out[n++] = 0x02;
	out[n++] = (uint8_t)(size + pad);
	if (pad != 0)
		out[n++] = 0x00;
	memcpy(out + n, v, size);
	return n + size;
}

size_t
ecdsa_sign(struct sim_app *app, const struct sim_key *key, const uint8_t *digest, size_t len,
    uint8_t out[ECDSA_MAX])
{
	uint8_t r[66], s[66];
	const size_t size = ec_size(key->alg);
	size_t n;

	if (!ecdsa_raw(app, key, digest, len, r, s))
		return 0;
	n = put_integer(out, r, size);
	return n + put_integer(out + n, s, size);
}

/* Group of a curve and the point of pub on it; both NULL when it is not on it. */
static EC_POINT *
load_point(const struct sim_public *pub, EC_GROUP **gp, BN_CTX *ctx)
{
	const struct curve *cv = find(pub->alg);
	EC_POINT *p = NULL;

	*gp = cv != NULL ? EC_GROUP_new_by_curve_name_ex(seal_ctx(), NULL, cv->nid) : NULL;
	if (*gp != NULL)
		p = EC_POINT_new(*gp);
	if (p != NULL && EC_POINT_oct2point(*gp, p, pub->point, 1 + 2u * cv->size, ctx) != 1) {
		EC_POINT_free(p);
		p = NULL;
	}
	if (p == NULL) {
		EC_GROUP_free(*gp);
		*gp = NULL;
	}
	return p;
}

bool
ec_point_valid(const struct sim_public *pub)
{
	BN_CTX *ctx = BN_CTX_new_ex(seal_ctx());
	EC_GROUP *g = NULL;
	EC_POINT *p = ctx != NULL ? load_point(pub, &g, ctx) : NULL;
	const bool ok = p != NULL;

	EC_POINT_free(p);
	EC_GROUP_free(g);
	BN_CTX_free(ctx);
	return ok;
}

/* FIPS 186-4, 6.4: whether x of z/s G + r/s Q is r. */
static bool
matches(const EC_GROUP *g, const EC_POINT *q, BIGNUM *z, const BIGNUM *r, BIGNUM *s, BN_CTX *ctx)
{
	const BIGNUM *n = EC_GROUP_get0_order(g);
	EC_POINT *p = EC_POINT_new(g);
	BIGNUM *u = BN_new(), *x = BN_new();
	const bool ok = p != NULL && u != NULL && x != NULL &&
			BN_mod_inverse(s, s, n, ctx) != NULL && BN_mod_mul(z, z, s, n, ctx) == 1 &&
			BN_mod_mul(u, r, s, n, ctx) == 1 && EC_POINT_mul(g, p, z, q, u, ctx) == 1 &&
			EC_POINT_get_affine_coordinates(g, p, x, NULL, ctx) == 1 &&
			BN_nnmod(x, x, n, ctx) == 1 && BN_cmp(x, r) == 0;

	EC_POINT_free(p);
	BN_free(u);
	BN_free(x);
	return ok;
}

bool
ecdsa_verify(const struct sim_public *pub, const uint8_t *digest, size_t len, const uint8_t *r_in,
    const uint8_t *s_in)
{
	const int size = (int)ec_size(pub->alg);
	BN_CTX *ctx = BN_CTX_new_ex(seal_ctx());
	EC_GROUP *g = NULL;
	EC_POINT *q = ctx != NULL ? load_point(pub, &g, ctx) : NULL;
	BIGNUM *z = BN_bin2bn(digest, (int)len, NULL), *r = BN_bin2bn(r_in, size, NULL);
	BIGNUM *s = BN_bin2bn(s_in, size, NULL);
	bool ok = false;

	if (q == NULL || z == NULL || r == NULL || s == NULL)
		goto out;
	if ((int)len * 8 > EC_GROUP_order_bits(g) &&
	    BN_rshift(z, z, (int)len * 8 - EC_GROUP_order_bits(g)) != 1)
		goto out;
	ok = !BN_is_zero(r) && !BN_is_zero(s) && BN_cmp(r, EC_GROUP_get0_order(g)) < 0 &&
	     BN_cmp(s, EC_GROUP_get0_order(g)) < 0 && matches(g, q, z, r, s, ctx);
out:
	EC_POINT_free(q);
	EC_GROUP_free(g);
	BN_free(z);
	BN_free(r);
	BN_free(s);
	BN_CTX_free(ctx);
	return ok;
}

bool
ecdh(const struct sim_key *key, const struct sim_public *peer, uint8_t *out)
{
	const int size = (int)ec_size(key->alg);
	BN_CTX *ctx = BN_CTX_new_ex(seal_ctx());
	EC_GROUP *g = NULL;
	EC_POINT *q = ctx != NULL ? load_point(peer, &g, ctx) : NULL;
	BIGNUM *d = BN_bin2bn(key->priv, size, NULL), *x = BN_new();
	const bool ok = q != NULL && d != NULL && x != NULL &&
			EC_POINT_mul(g, q, NULL, q, d, ctx) == 1 &&
			EC_POINT_get_affine_coordinates(g, q, x, NULL, ctx) == 1 &&
			BN_bn2binpad(x, out, size) == size;

	EC_POINT_clear_free(q);
	EC_GROUP_free(g);
	BN_clear_free(d);
	BN_clear_free(x);
	BN_CTX_free(ctx);
	return ok;
}
