/*
 * Public keys from signatures.
 *
 * ECDSA (SEC 1, 4.1.6): with R the point whose x coordinate is r, Q = r^-1 (s R - e G). x is r,
 * or r + n where that is below p, and R is one of two points: two to four candidates. Another
 * signature has other candidates, and only the key is among both.
 *
 * RSA: a signature s over the encoded digest m satisfies s^e = m mod n, so it tells whether n is
 * right. It does not give n away: s^65537 - m has 134 million bits for RSA-2048.
 */
#include <config.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>

#include "hal/base/err.h"
#include "hal/chip/chip.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/store/recover.h"
#include "pkcs11/store/spki.h"

#define CANDIDATES_MAX 4
#define POINT_MAX      (1 + 2 * 66)
#define RSA_MAX        256

struct candidates {
	unsigned n;
	uint8_t point[CANDIDATES_MAX][POINT_MAX]; /* uncompressed */
};

/* The curve and what is known of it, for one computation. */
struct curve {
	EC_GROUP *group;
	BN_CTX *bn;
	BIGNUM *p, *order;
	size_t size;
};

static void
curve_free(struct curve *cv)
{
	if (cv->bn != NULL)
		BN_CTX_end(cv->bn);
	BN_CTX_free(cv->bn);
	EC_GROUP_free(cv->group);
}

static int
curve_init(struct curve *cv, const struct chip_keytype *kt)
{
	memset(cv, 0, sizeof(*cv));
	cv->size = kt->size;
	if ((cv->group = ossl_group(kt)) == NULL || (cv->bn = BN_CTX_new_ex(ossl_ctx())) == NULL)
		return HAL_ECRYPTO;
	BN_CTX_start(cv->bn);
	cv->p = BN_CTX_get(cv->bn);
	cv->order = BN_CTX_get(cv->bn);
	if (cv->order == NULL || EC_GROUP_get_curve(cv->group, cv->p, NULL, NULL, cv->bn) != 1 ||
	    EC_GROUP_get_order(cv->group, cv->order, cv->bn) != 1)
		return HAL_ECRYPTO;
	return 0;
}

/* r, s and the digest as numbers; false when r or s is out of range. */
static bool
take_sig(const struct curve *cv, const struct recover_sig *sg, BIGNUM *r, BIGNUM *s, BIGNUM *e)
{
	if (sg->sig.len != 2 * cv->size || sizeof(sg->digest) > cv->size)
		return false;
	if (BN_bin2bn(sg->sig.data, (int)cv->size, r) == NULL ||
	    BN_bin2bn(sg->sig.data + cv->size, (int)cv->size, s) == NULL ||
	    BN_bin2bn(sg->digest, sizeof(sg->digest), e) == NULL)
		return false;
	return !BN_is_zero(r) && !BN_is_zero(s) && BN_cmp(r, cv->order) < 0 &&
	       BN_cmp(s, cv->order) < 0;
}

/* Q = u1 G + u2 R for the point R with this x and sign; false when x is on no point. */
static bool
candidate(const struct curve *cv, const BIGNUM *x, int sign, const BIGNUM *u1, const BIGNUM *u2,
    uint8_t out[POINT_MAX])
{
	EC_POINT *point = EC_POINT_new(cv->group);
	bool ok = false;

	if (point != NULL &&
	    EC_POINT_set_compressed_coordinates(cv->group, point, x, sign, cv->bn) == 1 &&
	    EC_POINT_mul(cv->group, point, u1, point, u2, cv->bn) == 1 &&
	    EC_POINT_is_at_infinity(cv->group, point) == 0)
		ok = EC_POINT_point2oct(cv->group, point, POINT_CONVERSION_UNCOMPRESSED, out,
			 POINT_MAX, cv->bn) == 1 + 2 * cv->size;
	EC_POINT_free(point);
	return ok;
}

static int
find_candidates(const struct curve *cv, const struct recover_sig *sg, struct candidates *c)
{
	BIGNUM *r, *s, *e, *inv, *u1, *u2, *x;
	int rc = HAL_ECRYPTO;

	c->n = 0;
	BN_CTX_start(cv->bn);
	r = BN_CTX_get(cv->bn);
	s = BN_CTX_get(cv->bn);
	e = BN_CTX_get(cv->bn);
	inv = BN_CTX_get(cv->bn);
	u1 = BN_CTX_get(cv->bn);
	u2 = BN_CTX_get(cv->bn);
	if ((x = BN_CTX_get(cv->bn)) == NULL)
		goto out;
	if (!take_sig(cv, sg, r, s, e)) {
		rc = HAL_EFORMAT;
		goto out;
	}
	/* u1 = -e / r, u2 = s / r */
	if (BN_mod_inverse(inv, r, cv->order, cv->bn) == NULL ||
	    BN_mod_mul(u2, s, inv, cv->order, cv->bn) != 1 ||
	    BN_mod_mul(u1, e, inv, cv->order, cv->bn) != 1 ||
	    BN_mod_sub(u1, cv->order, u1, cv->order, cv->bn) != 1 || BN_copy(x, r) == NULL)
		goto out;
	for (int k = 0; k < 2 && BN_cmp(x, cv->p) < 0; k++) {
		for (int sign = 0; sign < 2; sign++)
			if (candidate(cv, x, sign, u1, u2, c->point[c->n]))
				c->n++;
		if (BN_add(x, x, cv->order) != 1)
			goto out;
	}
	rc = 0;
out:
	BN_CTX_end(cv->bn);
	return rc;
}

/* Leaves in a what is in b too. */
static void
intersect(struct candidates *a, const struct candidates *b, size_t len)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < a->n; i++) {
		bool found = false;

		for (unsigned j = 0; j < b->n; j++)
			found |= memcmp(a->point[i], b->point[j], len) == 0;
		if (found && kept != i)
			memcpy(a->point[kept], a->point[i], len);
		kept += found;
	}
	a->n = kept;
}

bool
recover_possible(const struct chip_keytype *kt)
{
	return !kt->rsa;
}

int
recover_key(
    const struct chip_keytype *kt, const struct recover_sig *s, unsigned n, struct buf *spki)
{
	struct candidates all, more;
	struct curve cv;
	int r;

	if (kt->rsa || n < 2)
		return HAL_EFORMAT;
	if ((r = curve_init(&cv, kt)) != 0 || (r = find_candidates(&cv, &s[0], &all)) != 0)
		goto out;
	for (unsigned i = 1; i < n; i++) {
		if ((r = find_candidates(&cv, &s[i], &more)) != 0)
			goto out;
		intersect(&all, &more, 1 + 2 * kt->size);
	}
	r = all.n == 1 ? spki_from_bits(kt, all.point[0], 1 + 2 * kt->size, spki) : HAL_EFORMAT;
out:
	curve_free(&cv);
	return r;
}

/* --- checking ------------------------------------------------------------------------------- */

static int
check_ec(const struct chip_keytype *kt, const struct buf *spki, const struct recover_sig *s)
{
	struct candidates c;
	struct curve cv;
	struct cur point;
	int r;

	/* The key verifies a signature exactly when it is one of its candidates. */
	if ((r = spki_point(spki, &point)) != 0 || point.len != 1 + 2 * kt->size)
		return HAL_EFORMAT;
	if ((r = curve_init(&cv, kt)) == 0)
		r = find_candidates(&cv, s, &c);
	if (r == 0) {
		r = HAL_EFORMAT;
		for (unsigned i = 0; i < c.n; i++)
			if (memcmp(c.point[i], point.p, point.len) == 0)
				r = 0;
	}
	curve_free(&cv);
	return r;
}

/* EMSA-PKCS1-v1_5 (RFC 8017, 9.2) of a SHA-256 digest. */
static void
encode_digest(const uint8_t digest[RECOVER_DIGEST_LEN], uint8_t *em, size_t len)
{
	static const uint8_t info[] = { 0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
		0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };
	const size_t tail = sizeof(info) + RECOVER_DIGEST_LEN;

	memset(em, 0xFF, len);
	em[0] = 0x00;
	em[1] = 0x01;
	em[len - tail - 1] = 0x00;
	memcpy(em + len - tail, info, sizeof(info));
	memcpy(em + len - RECOVER_DIGEST_LEN, digest, RECOVER_DIGEST_LEN);
}

static int
check_rsa(const struct chip_keytype *kt, const struct buf *spki, const struct recover_sig *s)
{
	BN_CTX *bn = BN_CTX_new_ex(ossl_ctx());
	BIGNUM *n = NULL, *e = NULL, *x = NULL, *y = NULL;
	uint8_t want[RSA_MAX], have[RSA_MAX];
	struct cur cn, ce;
	int r = HAL_ECRYPTO;

	if (bn == NULL)
		return HAL_ENOMEM;
	if (spki_rsa(spki, &cn, &ce) != 0 || cn.len != kt->size || s->sig.len != kt->size) {
		r = HAL_EFORMAT;
		goto out;
	}
	n = BN_bin2bn(cn.p, (int)cn.len, NULL);
	e = BN_bin2bn(ce.p, (int)ce.len, NULL);
	x = BN_bin2bn(s->sig.data, (int)s->sig.len, NULL);
	y = BN_new();
	if (n == NULL || e == NULL || x == NULL || y == NULL || BN_mod_exp(y, x, e, n, bn) != 1 ||
	    BN_bn2binpad(y, have, (int)kt->size) < 0)
		goto out;
	encode_digest(s->digest, want, kt->size);
	r = CRYPTO_memcmp(want, have, kt->size) == 0 ? 0 : HAL_EFORMAT;
out:
	BN_free(n);
	BN_free(e);
	BN_free(x);
	BN_free(y);
	BN_CTX_free(bn);
	return r;
}

int
recover_check(const struct chip_keytype *kt, const struct buf *spki, const struct recover_sig *s)
{
	return kt->rsa ? check_rsa(kt, spki, s) : check_ec(kt, spki, s);
}
