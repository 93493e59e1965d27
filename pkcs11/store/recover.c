/*
 * Public keys from signatures.
 *
 * ECDSA (SEC 1, 4.1.6): with R the point whose x coordinate is r, Q = r^-1 (s R - e G). x is r,
 * or r + n where that is below p, and R is one of two points: two to four candidates. Another
 * signature has other candidates, and only the key is among both.
 */
#include <config.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>

#include "hal/base/err.h"
#include "hal/chip/chip.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/store/recover.h"
#include "pkcs11/store/spki.h"

#define CANDIDATES_MAX 4
#define POINT_MAX      (1 + 2 * 66)

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
	if (sg->sig.len != 2 * cv->size || sg->digest_len > cv->size)
		return false;
	if (BN_bin2bn(sg->sig.data, (int)cv->size, r) == NULL ||
	    BN_bin2bn(sg->sig.data + cv->size, (int)cv->size, s) == NULL ||
	    BN_bin2bn(sg->digest, (int)sg->digest_len, e) == NULL)
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

int
recover_digests(
    const struct chip_keytype *kt, bool sha512, struct recover_sig s[RECOVER_MAX], unsigned *np)
{
	if (kt->rsa)
		return recover_rsa_digests(kt, sha512, s, np);
	*np = 2;
	for (unsigned i = 0; i < RECOVER_MAX; i++) {
		s[i].digest_len = RECOVER_DIGEST_LEN;
		if (ossl_random(s[i].digest, RECOVER_DIGEST_LEN) != 0)
			return HAL_ECRYPTO;
	}
	return 0;
}

bool
recover_long(const struct chip_keytype *kt, bool sha512)
{
	return kt->rsa && recover_rsa_long(kt, sha512);
}

int
recover_key(
    const struct chip_keytype *kt, const struct recover_sig *s, unsigned n, struct buf *spki)
{
	struct candidates all, more;
	struct curve cv;
	int r;

	if (kt->rsa)
		return recover_rsa_key(kt, s, n, spki);
	if (n < 2)
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

int
recover_check(const struct chip_keytype *kt, const struct buf *spki, const struct recover_sig *s)
{
	return kt->rsa ? recover_rsa_check(kt, spki, s) : check_ec(kt, spki, s);
}
