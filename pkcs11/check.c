/* Verifying ECDSA signatures: SEC 1, 4.1.4; see check.h. */
#include <config.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>

#include "pkcs11/check.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/store/spki.h"

/* The digest as a number: its leftmost bits, as many as the order has. */
static bool
digest_number(const uint8_t *digest, size_t len, const BIGNUM *order, BIGNUM *e)
{
	const size_t bits = (size_t)BN_num_bits(order), bytes = (bits + 7) / 8;

	if (len < bytes)
		return BN_bin2bn(digest, (int)len, e) != NULL;
	return BN_bin2bn(digest, (int)bytes, e) != NULL &&
	       BN_rshift(e, e, (int)(8 * bytes - bits)) == 1;
}

static bool
in_range(const BIGNUM *v, const BIGNUM *order)
{
	return !BN_is_zero(v) && BN_cmp(v, order) < 0;
}

/* Everything one ECDSA check needs, freed in one place. */
struct ecdsa {
	EC_GROUP *group;
	EC_POINT *q, *point;
	BN_CTX *bn;
	BIGNUM *order, *r, *s, *e, *x;
};

static void
ecdsa_free(struct ecdsa *c)
{
	if (c->bn != NULL)
		BN_CTX_end(c->bn);
	BN_CTX_free(c->bn);
	EC_POINT_free(c->q);
	EC_POINT_free(c->point);
	EC_GROUP_free(c->group);
}

static bool
ecdsa_init(struct ecdsa *c, const struct chip_keytype *kt)
{
	memset(c, 0, sizeof(*c));
	if ((c->group = ossl_group(kt)) == NULL || (c->bn = BN_CTX_new_ex(ossl_ctx())) == NULL)
		return false;
	BN_CTX_start(c->bn);
	c->order = BN_CTX_get(c->bn);
	c->r = BN_CTX_get(c->bn);
	c->s = BN_CTX_get(c->bn);
	c->e = BN_CTX_get(c->bn);
	c->x = BN_CTX_get(c->bn);
	c->q = EC_POINT_new(c->group);
	c->point = EC_POINT_new(c->group);
	return c->x != NULL && c->q != NULL && c->point != NULL &&
	       EC_GROUP_get_order(c->group, c->order, c->bn) == 1;
}

/* point = e/s G + r/s Q; its x coordinate modulo the order must be r. */
static CK_RV
ecdsa_equation(struct ecdsa *c)
{
	if (BN_mod_inverse(c->s, c->s, c->order, c->bn) == NULL ||
	    BN_mod_mul(c->e, c->e, c->s, c->order, c->bn) != 1 ||
	    BN_mod_mul(c->x, c->r, c->s, c->order, c->bn) != 1 ||
	    EC_POINT_mul(c->group, c->point, c->e, c->q, c->x, c->bn) != 1)
		return CKR_HOST_MEMORY;
	if (EC_POINT_is_at_infinity(c->group, c->point) == 1)
		return CKR_SIGNATURE_INVALID;
	if (EC_POINT_get_affine_coordinates(c->group, c->point, c->x, NULL, c->bn) != 1 ||
	    BN_nnmod(c->x, c->x, c->order, c->bn) != 1)
		return CKR_HOST_MEMORY;
	return BN_cmp(c->x, c->r) == 0 ? CKR_OK : CKR_SIGNATURE_INVALID;
}

static CK_RV
check_ecdsa(const struct chip_keytype *kt, const struct cur *key, const uint8_t *digest, size_t len,
    const uint8_t *sig)
{
	struct ecdsa c;
	CK_RV rv;

	if (!ecdsa_init(&c, kt) || BN_bin2bn(sig, (int)kt->size, c.r) == NULL ||
	    BN_bin2bn(sig + kt->size, (int)kt->size, c.s) == NULL ||
	    !digest_number(digest, len, c.order, c.e))
		rv = CKR_HOST_MEMORY;
	else if (EC_POINT_oct2point(c.group, c.q, key->p, key->len, c.bn) != 1)
		rv = CKR_FUNCTION_FAILED; /* not on the curve */
	else if (!in_range(c.r, c.order) || !in_range(c.s, c.order))
		rv = CKR_SIGNATURE_INVALID;
	else
		rv = ecdsa_equation(&c);
	ecdsa_free(&c);
	return rv;
}

CK_RV
mod_check(const struct chip_keytype *kt, const struct buf *spki, const uint8_t *digest, size_t len,
    const uint8_t *sig)
{
	struct cur point;

	if (kt == NULL || kt->rsa || spki_point(spki, &point) != 0)
		return CKR_FUNCTION_FAILED;
	return check_ecdsa(kt, &point, digest, len, sig);
}
