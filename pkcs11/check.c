/* Verifying signatures: SEC 1, 4.1.4 and RFC 8017, 8.2.2; see check.h. */
#include <config.h>

#include <string.h>

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/ec.h>

#include "pkcs11/check.h"
#include "pkcs11/store/ossl.h"

#define RSA_MAX 256 /* bytes of a modulus */

/* Takes the next DER element, which must have this tag, off c. */
static bool
element(struct cur *c, int want, struct cur *content)
{
	const unsigned char *p = c->p;
	long len;
	int tag, class;

	if (c->len == 0 || (ASN1_get_object(&p, &len, &tag, &class, (long)c->len) & 0x80) != 0 ||
	    tag != want || class != V_ASN1_UNIVERSAL)
		return false;
	content->p = p;
	content->len = (size_t)len;
	c->len -= (size_t)(p - c->p) + content->len;
	c->p = p + len;
	return true;
}

/* What the BIT STRING holds: the point, or the SEQUENCE of n and e (RFC 5280, 4.1.2.7). */
static bool
key_bits(const struct buf *spki, struct cur *bits)
{
	struct cur all = { spki->data, spki->len }, info, alg;
	uint8_t unused;

	return element(&all, V_ASN1_SEQUENCE, &info) && element(&info, V_ASN1_SEQUENCE, &alg) &&
	       element(&info, V_ASN1_BIT_STRING, bits) && cur_u8(bits, &unused) && unused == 0;
}

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

/* EMSA-PKCS1-v1_5 (RFC 8017, 9.2): 00 01 FF .. FF 00 DigestInfo. */
static void
encode(const struct mech_hash *hash, const uint8_t *digest, uint8_t *em, size_t len)
{
	const size_t tail = hash->info_len + hash->len;

	memset(em, 0xFF, len);
	em[0] = 0x00;
	em[1] = 0x01;
	em[len - tail - 1] = 0x00;
	memcpy(em + len - tail, hash->info, hash->info_len);
	memcpy(em + len - hash->len, digest, hash->len);
}

static CK_RV
check_rsa(const struct chip_keytype *kt, struct cur *key, const struct mech_hash *hash,
    const uint8_t *digest, const uint8_t *sig)
{
	BN_CTX *bn = BN_CTX_new_ex(ossl_ctx());
	uint8_t want[RSA_MAX], have[RSA_MAX];
	BIGNUM *n = NULL, *e = NULL, *x = NULL;
	struct cur seq, cn, ce;
	CK_RV rv = CKR_HOST_MEMORY;

	if (kt->size > RSA_MAX || kt->size < hash->info_len + hash->len + 11 ||
	    !element(key, V_ASN1_SEQUENCE, &seq) || !element(&seq, V_ASN1_INTEGER, &cn) ||
	    !element(&seq, V_ASN1_INTEGER, &ce)) {
		rv = CKR_FUNCTION_FAILED;
		goto out;
	}
	n = BN_bin2bn(cn.p, (int)cn.len, NULL);
	e = BN_bin2bn(ce.p, (int)ce.len, NULL);
	x = BN_bin2bn(sig, (int)kt->size, NULL);
	if (bn == NULL || n == NULL || e == NULL || x == NULL)
		goto out;
	if (BN_cmp(x, n) >= 0) {
		rv = CKR_SIGNATURE_INVALID;
		goto out;
	}
	if (BN_mod_exp(x, x, e, n, bn) != 1 || BN_bn2binpad(x, have, (int)kt->size) < 0)
		goto out;
	encode(hash, digest, want, kt->size);
	rv = memcmp(want, have, kt->size) == 0 ? CKR_OK : CKR_SIGNATURE_INVALID;
out:
	BN_free(n);
	BN_free(e);
	BN_free(x);
	BN_CTX_free(bn);
	return rv;
}

CK_RV
mod_check(const struct chip_keytype *kt, const struct buf *spki, const struct mech_hash *hash,
    const uint8_t *digest, size_t len, const uint8_t *sig)
{
	struct cur key;

	if (!key_bits(spki, &key) || kt->rsa != (hash != NULL))
		return CKR_FUNCTION_FAILED;
	return hash != NULL ? check_rsa(kt, &key, hash, digest, sig)
			    : check_ecdsa(kt, &key, digest, len, sig);
}
