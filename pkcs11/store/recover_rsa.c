/*
 * RSA public keys from signatures: e is 65537, as the chip makes them, and n divides what the
 * signatures give.
 *
 * A signature s over the encoded digest m satisfies s^e = m mod n: n divides s^e - m, and with
 * two signatures the greatest common divisor of two such numbers. They have 134 million bits
 * for RSA-2048: GMP takes half a minute for that.
 *
 * Where the digest is at least half as long as the modulus there is a short way. The encoding of
 * a digest x is P + x with P the padding (RFC 8017, 9.2), and every number from P to P + 2^512
 * may be signed. Take a near the root of P and b = P / a, rounded up. Then
 *	m(i,j) = (a + i) (b + j)
 * for small i and j are such numbers, and m(0,0) m(1,1) = m(0,1) m(1,0). The signatures keep
 * that mod n, so n divides s(0,0) s(1,1) - s(0,1) s(1,0), which is as short as two signatures.
 */
#include <config.h>

#include <string.h>

#include <gmp.h>
#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "hal/chip/chip.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/store/recover.h"
#include "pkcs11/store/spki.h"

#define RSA_MAX     256
#define EXPONENT    65537

#define LONG_DIGEST 64
#define ROWS        2 /* i */
#define COLS        3 /* j */

_Static_assert(ROWS *COLS <= RECOVER_MAX, "the products fit");

/* --- EMSA-PKCS1-v1_5 -------------------------------------------------------------------------- */

/* The encoding of a digest of 32 or 64 bytes. */
static void
encode(const uint8_t *digest, size_t digest_len, uint8_t *em, size_t len)
{
	const bool sha512 = digest_len == LONG_DIGEST;
	const uint8_t info[] = { 0x30, (uint8_t)(0x11 + digest_len), 0x30, 0x0D, 0x06, 0x09, 0x60,
		0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, sha512 ? 0x03 : 0x01, 0x05, 0x00, 0x04,
		(uint8_t)digest_len };
	const size_t tail = sizeof(info) + digest_len;

	memset(em, 0xFF, len);
	em[0] = 0x00;
	em[1] = 0x01;
	em[len - tail - 1] = 0x00;
	memcpy(em + len - tail, info, sizeof(info));
	memcpy(em + len - digest_len, digest, digest_len);
}

static void
import(mpz_t x, const uint8_t *p, size_t len)
{
	mpz_import(x, len, 1, 1, 1, 0, p);
}

/* x as len bytes, big-endian; false when it is longer. */
static bool export(const mpz_t x, uint8_t *out, size_t len)
{
	const size_t n = (mpz_sizeinbase(x, 2) + 7) / 8;

	if (n > len)
		return false;
	memset(out, 0, len);
	(void)mpz_export(out + len - n, NULL, 1, 1, 1, 0, x);
	return true;
}

/* --- which digests to sign ------------------------------------------------------------------- */

static bool
short_way(const struct chip_keytype *kt, bool sha512)
{
	return sha512 && kt->bits <= 2 * 8 * LONG_DIGEST;
}

/* The digests whose encodings are m(i,j). */
static int
products(const struct chip_keytype *kt, struct recover_sig *s)
{
	static const uint8_t none[LONG_DIGEST];
	uint8_t em[RSA_MAX], rnd[8];
	mpz_t p, a, b, col, m;
	int r = 0;

	if (ossl_random(rnd, sizeof(rnd)) != 0)
		return HAL_ECRYPTO;
	mpz_inits(p, a, b, col, m, NULL);
	encode(none, sizeof(none), em, kt->size);
	import(p, em, kt->size);
	/* Below the root, by as much as keeps both factors of like length; new ones each time. */
	import(m, rnd, sizeof(rnd));
	mpz_mul_2exp(m, m, kt->bits / 2 - 72);
	mpz_sqrt(a, p);
	mpz_sub(a, a, m);
	mpz_cdiv_q(b, p, a);
	for (unsigned i = 0; i < ROWS * COLS && r == 0; i++) {
		mpz_add_ui(m, a, i / COLS);
		mpz_add_ui(col, b, i % COLS);
		mpz_mul(m, m, col);
		mpz_sub(m, m, p);
		s[i].digest_len = LONG_DIGEST;
		if (!export(m, s[i].digest, LONG_DIGEST))
			r = HAL_ECRYPTO; /* cannot be: a + b is far below 2^512 */
	}
	mpz_clears(p, a, b, col, m, NULL);
	return r;
}

int
recover_rsa_digests(
    const struct chip_keytype *kt, bool sha512, struct recover_sig s[RECOVER_MAX], unsigned *np)
{
	if (short_way(kt, sha512)) {
		*np = ROWS * COLS;
		return products(kt, s);
	}
	*np = 2;
	for (unsigned i = 0; i < *np; i++) {
		s[i].digest_len = RECOVER_DIGEST_LEN;
		if (ossl_random(s[i].digest, RECOVER_DIGEST_LEN) != 0)
			return HAL_ECRYPTO;
	}
	return 0;
}

/* --- the modulus ------------------------------------------------------------------------------ */

/* g = gcd(g, s(i0) s(i3) - s(i1) s(i2)) */
static void
fold_products(mpz_t g, const struct recover_sig *s, const unsigned i[4])
{
	mpz_t x, y, d;

	mpz_inits(x, y, d, NULL);
	import(x, s[i[0]].sig.data, s[i[0]].sig.len);
	import(y, s[i[3]].sig.data, s[i[3]].sig.len);
	mpz_mul(d, x, y);
	import(x, s[i[1]].sig.data, s[i[1]].sig.len);
	import(y, s[i[2]].sig.data, s[i[2]].sig.len);
	mpz_submul(d, x, y);
	mpz_gcd(g, g, d);
	mpz_clears(x, y, d, NULL);
}

static void
from_products(mpz_t g, const struct recover_sig *s)
{
	/* Columns 0 and 1, 0 and 2, 1 and 2. */
	static const unsigned quads[][4] = { { 0, 1, COLS, COLS + 1 }, { 0, 2, COLS, COLS + 2 },
		{ 1, 2, COLS + 1, COLS + 2 } };

	for (size_t i = 0; i < NITEMS(quads); i++)
		fold_products(g, s, quads[i]);
}

static void
from_powers(mpz_t g, const struct chip_keytype *kt, const struct recover_sig *s)
{
	uint8_t em[RSA_MAX];
	mpz_t x, m;

	mpz_inits(x, m, NULL);
	for (unsigned i = 0; i < 2; i++) {
		encode(s[i].digest, s[i].digest_len, em, kt->size);
		import(m, em, kt->size);
		import(x, s[i].sig.data, s[i].sig.len);
		mpz_pow_ui(x, x, EXPONENT);
		mpz_sub(x, x, m);
		mpz_gcd(g, g, x);
	}
	mpz_clears(x, m, NULL);
}

/* n is the product of two long primes: other factors are accidents, and short. */
static void
strip(mpz_t g, unsigned bits)
{
	for (unsigned long f = 2; f < 0x10000 && mpz_sizeinbase(g, 2) > bits; f++)
		while (mpz_divisible_ui_p(g, f) != 0)
			mpz_divexact_ui(g, g, f);
}

int
recover_rsa_key(
    const struct chip_keytype *kt, const struct recover_sig *s, unsigned n, struct buf *spki)
{
	static const uint8_t e[] = { 0x01, 0x00, 0x01 };
	uint8_t modulus[RSA_MAX];
	int r = HAL_EFORMAT;
	mpz_t g;

	for (unsigned i = 0; i < n; i++)
		if (s[i].sig.len != kt->size)
			return HAL_EFORMAT;
	mpz_init(g);
	if (n == ROWS * COLS)
		from_products(g, s);
	else if (n == 2)
		from_powers(g, kt, s);
	if (mpz_sgn(g) != 0)
		strip(g, kt->bits);
	if (mpz_sizeinbase(g, 2) == kt->bits && export(g, modulus, kt->size))
		r = spki_from_rsa(modulus, kt->size, e, sizeof(e), spki);
	mpz_clear(g);
	for (unsigned i = 0; i < n && r == 0; i++)
		r = recover_rsa_check(kt, spki, &s[i]);
	return r;
}

int
recover_rsa_check(
    const struct chip_keytype *kt, const struct buf *spki, const struct recover_sig *s)
{
	uint8_t want[RSA_MAX], have[RSA_MAX];
	mpz_t n, e, x;
	struct cur cn, ce;
	bool ok = false;

	if (spki_rsa(spki, &cn, &ce) != 0 || cn.len != kt->size || s->sig.len != kt->size)
		return HAL_EFORMAT;
	mpz_inits(n, e, x, NULL);
	import(n, cn.p, cn.len);
	import(e, ce.p, ce.len);
	import(x, s->sig.data, s->sig.len);
	if (mpz_odd_p(n) != 0 && mpz_cmp(x, n) < 0) {
		mpz_powm(x, x, e, n);
		encode(s->digest, s->digest_len, want, kt->size);
		ok = export(x, have, kt->size) && memcmp(want, have, kt->size) == 0;
	}
	mpz_clears(n, e, x, NULL);
	return ok ? 0 : HAL_EFORMAT;
}

bool
recover_rsa_long(const struct chip_keytype *kt, bool sha512)
{
	return !short_way(kt, sha512);
}
