/* SHA-2, HMAC and the two key derivations; see sha.h. */
#include <config.h>

#include <string.h>

#include "hal/sim/sha.h"

/*
 * Fraction bits of the cube roots of the first 80 primes; SHA-256 takes the upper halves of the
 * first 64.
 */
static const uint64_t k512[80] = {
	0x428A2F98D728AE22ULL,
	0x7137449123EF65CDULL,
	0xB5C0FBCFEC4D3B2FULL,
	0xE9B5DBA58189DBBCULL,
	0x3956C25BF348B538ULL,
	0x59F111F1B605D019ULL,
	0x923F82A4AF194F9BULL,
	0xAB1C5ED5DA6D8118ULL,
	0xD807AA98A3030242ULL,
	0x12835B0145706FBEULL,
	0x243185BE4EE4B28CULL,
	0x550C7DC3D5FFB4E2ULL,
	0x72BE5D74F27B896FULL,
	0x80DEB1FE3B1696B1ULL,
	0x9BDC06A725C71235ULL,
	0xC19BF174CF692694ULL,
	0xE49B69C19EF14AD2ULL,
	0xEFBE4786384F25E3ULL,
	0x0FC19DC68B8CD5B5ULL,
	0x240CA1CC77AC9C65ULL,
	0x2DE92C6F592B0275ULL,
	0x4A7484AA6EA6E483ULL,
	0x5CB0A9DCBD41FBD4ULL,
	0x76F988DA831153B5ULL,
	0x983E5152EE66DFABULL,
	0xA831C66D2DB43210ULL,
	0xB00327C898FB213FULL,
	0xBF597FC7BEEF0EE4ULL,
	0xC6E00BF33DA88FC2ULL,
	0xD5A79147930AA725ULL,
	0x06CA6351E003826FULL,
	0x142929670A0E6E70ULL,
	0x27B70A8546D22FFCULL,
	0x2E1B21385C26C926ULL,
	0x4D2C6DFC5AC42AEDULL,
	0x53380D139D95B3DFULL,
	0x650A73548BAF63DEULL,
	0x766A0ABB3C77B2A8ULL,
	0x81C2C92E47EDAEE6ULL,
	0x92722C851482353BULL,
	0xA2BFE8A14CF10364ULL,
	0xA81A664BBC423001ULL,
	0xC24B8B70D0F89791ULL,
	0xC76C51A30654BE30ULL,
	0xD192E819D6EF5218ULL,
	0xD69906245565A910ULL,
	0xF40E35855771202AULL,
	0x106AA07032BBD1B8ULL,
	0x19A4C116B8D2D0C8ULL,
	0x1E376C085141AB53ULL,
	0x2748774CDF8EEB99ULL,
	0x34B0BCB5E19B48A8ULL,
	0x391C0CB3C5C95A63ULL,
	0x4ED8AA4AE3418ACBULL,
	0x5B9CCA4F7763E373ULL,
	0x682E6FF3D6B2B8A3ULL,
	0x748F82EE5DEFB2FCULL,
	0x78A5636F43172F60ULL,
	0x84C87814A1F0AB72ULL,
	0x8CC702081A6439ECULL,
	0x90BEFFFA23631E28ULL,
	0xA4506CEBDE82BDE9ULL,
	0xBEF9A3F7B2C67915ULL,
	0xC67178F2E372532BULL,
	0xCA273ECEEA26619CULL,
	0xD186B8C721C0C207ULL,
	0xEADA7DD6CDE0EB1EULL,
	0xF57D4F7FEE6ED178ULL,
	0x06F067AA72176FBAULL,
	0x0A637DC5A2C898A6ULL,
	0x113F9804BEF90DAEULL,
	0x1B710B35131C471BULL,
	0x28DB77F523047D84ULL,
	0x32CAAB7B40C72493ULL,
	0x3C9EBE0A15C9BEBCULL,
	0x431D67C49C100D4CULL,
	0x4CC5D4BECB3E42B6ULL,
	0x597F299CFC657E2AULL,
	0x5FCB6FAB3AD6FAECULL,
	0x6C44198C4A475817ULL,
};

static const uint64_t start384[8] = {
	0xCBBB9D5DC1059ED8ULL,
	0x629A292A367CD507ULL,
	0x9159015A3070DD17ULL,
	0x152FECD8F70E5939ULL,
	0x67332667FFC00B31ULL,
	0x8EB44A8768581511ULL,
	0xDB0C2E0D64F98FA7ULL,
	0x47B5481DBEFA4FA4ULL,
};

/* Fraction bits of the square roots of the first eight primes; SHA-256 takes the upper halves. */
static const uint64_t start512[8] = {
	0x6A09E667F3BCC908ULL,
	0xBB67AE8584CAA73BULL,
	0x3C6EF372FE94F82BULL,
	0xA54FF53A5F1D36F1ULL,
	0x510E527FADE682D1ULL,
	0x9B05688C2B3E6C1FULL,
	0x1F83D9ABFB41BD6BULL,
	0x5BE0CD19137E2179ULL,
};

static uint32_t
ror32(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static uint64_t
ror64(uint64_t x, unsigned n)
{
	return x >> n | x << (64 - n);
}

static size_t
block_len(const struct sim_sha *s)
{
	return s->size == 32 ? 64 : 128;
}

static uint64_t
load(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static void
store(uint8_t *p, uint64_t v, size_t n)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

/* FIPS 180-4, 6.2.2. */
static void
compress32(uint64_t h[8], const uint8_t *block)
{
	uint32_t w[64], v[8], t;

	for (size_t i = 0; i < 16; i++)
		w[i] = (uint32_t)load(block + 4 * i, 4);
	for (size_t i = 16; i < 64; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror32(w[i - 15], 7) ^ ror32(w[i - 15], 18) ^ w[i - 15] >> 3) +
		       (ror32(w[i - 2], 17) ^ ror32(w[i - 2], 19) ^ w[i - 2] >> 10);
	for (size_t i = 0; i < 8; i++)
		v[i] = (uint32_t)h[i];
	for (size_t i = 0; i < 64; i++) {
		t = v[7] + (ror32(v[4], 6) ^ ror32(v[4], 11) ^ ror32(v[4], 25)) +
		    ((v[4] & v[5]) ^ (~v[4] & v[6])) + (uint32_t)(k512[i] >> 32) + w[i];
		v[3] += t;
		t += (ror32(v[0], 2) ^ ror32(v[0], 13) ^ ror32(v[0], 22)) +
		     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[0] = t;
	}
	for (size_t i = 0; i < 8; i++)
		h[i] = (uint32_t)(h[i] + v[i]);
	explicit_bzero(w, sizeof(w));
	explicit_bzero(v, sizeof(v));
}

/* FIPS 180-4, 6.4.2. */
static void
compress64(uint64_t h[8], const uint8_t *block)
{
	uint64_t w[80], v[8], t;

	for (size_t i = 0; i < 16; i++)
		w[i] = load(block + 8 * i, 8);
	for (size_t i = 16; i < 80; i++)
		w[i] = w[i - 16] + w[i - 7] +
		       (ror64(w[i - 15], 1) ^ ror64(w[i - 15], 8) ^ w[i - 15] >> 7) +
		       (ror64(w[i - 2], 19) ^ ror64(w[i - 2], 61) ^ w[i - 2] >> 6);
	memcpy(v, h, sizeof(v));
	for (size_t i = 0; i < 80; i++) {
		t = v[7] + (ror64(v[4], 14) ^ ror64(v[4], 18) ^ ror64(v[4], 41)) +
		    ((v[4] & v[5]) ^ (~v[4] & v[6])) + k512[i] + w[i];
		v[3] += t;
		t += (ror64(v[0], 28) ^ ror64(v[0], 34) ^ ror64(v[0], 39)) +
		     ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[0] = t;
	}
	for (size_t i = 0; i < 8; i++)
		h[i] += v[i];
	explicit_bzero(w, sizeof(w));
	explicit_bzero(v, sizeof(v));
}

void
sha_start(struct sim_sha *s, size_t size)
{
	memset(s, 0, sizeof(*s));
	s->size = (uint8_t)size;
	memcpy(s->h, size == 48 ? start384 : start512, sizeof(s->h));
	for (size_t i = 0; size == 32 && i < 8; i++)
		s->h[i] >>= 32;
}

void
sha_add(struct sim_sha *s, const void *data, size_t len)
{
	const uint8_t *p = data;
	const size_t size = block_len(s);

	while (len > 0) {
		const size_t at = (size_t)(s->total % size);
		const size_t n = len < size - at ? len : size - at;

		memcpy(s->block + at, p, n);
		s->total += n;
		p += n;
		len -= n;
		if (at + n < size)
			continue;
		if (size == 64)
			compress32(s->h, s->block);
		else
			compress64(s->h, s->block);
	}
}

void
sha_end(struct sim_sha *s, uint8_t out[SHA_MAX])
{
	static const uint8_t padding[128] = { 0x80 };
	const size_t size = block_len(s), word = size / 16;
	const uint64_t bits = s->total * 8;
	const size_t used = (size_t)(s->total % size);
	uint8_t length[16] = { 0 };

	store(length + 2 * word - 8, bits, 8);
	sha_add(s, padding, (used < size - 2 * word ? size : 2 * size) - 2 * word - used);
	sha_add(s, length, 2 * word);
	for (size_t i = 0; i * word < s->size; i++)
		store(out + i * word, s->h[i], word);
	explicit_bzero(s, sizeof(*s));
}

void
hmac_start(struct sim_hmac *h, size_t size, const uint8_t *key, size_t key_len)
{
	uint8_t block[128] = { 0 };
	const size_t n = size == 32 ? 64 : 128;

	if (key_len > n) {
		sha_start(&h->inner, size);
		sha_add(&h->inner, key, key_len);
		sha_end(&h->inner, block);
	} else if (key_len > 0) {
		memcpy(block, key, key_len);
	}
	sha_start(&h->inner, size);
	sha_start(&h->outer, size);
	for (size_t i = 0; i < n; i++)
		block[i] ^= 0x36;
	sha_add(&h->inner, block, n);
	for (size_t i = 0; i < n; i++)
		block[i] ^= 0x36 ^ 0x5C;
	sha_add(&h->outer, block, n);
	explicit_bzero(block, sizeof(block));
}

void
hmac_end(struct sim_hmac *h, uint8_t out[SHA_MAX])
{
	const size_t size = h->inner.size;

	sha_end(&h->inner, out);
	sha_add(&h->outer, out, size);
	sha_end(&h->outer, out);
}

/* HMAC over up to three pieces. */
static void
hmac3(size_t size, const uint8_t *key, size_t key_len, const uint8_t *const p[3], const size_t n[3],
    uint8_t out[SHA_MAX])
{
	struct sim_hmac h;

	hmac_start(&h, size, key, key_len);
	for (int i = 0; i < 3; i++)
		sha_add(&h.inner, p[i], n[i]);
	hmac_end(&h, out);
}

static void
take(uint8_t **out, size_t *len, const uint8_t *from, size_t size)
{
	const size_t n = *len < size ? *len : size;

	memcpy(*out, from, n);
	*out += n;
	*len -= n;
}

void
sim_prf(size_t size, const uint8_t *secret, size_t secret_len, const uint8_t *seed, size_t seed_len,
    uint8_t *out, size_t len)
{
	uint8_t a[SHA_MAX], b[SHA_MAX];

	hmac3(size, secret, secret_len, (const uint8_t *const[]){ seed, NULL, NULL },
	    (const size_t[]){ seed_len, 0, 0 }, a);
	while (len > 0) {
		hmac3(size, secret, secret_len, (const uint8_t *const[]){ a, seed, NULL },
		    (const size_t[]){ size, seed_len, 0 }, b);
		take(&out, &len, b, size);
		hmac3(size, secret, secret_len, (const uint8_t *const[]){ a, NULL, NULL },
		    (const size_t[]){ size, 0, 0 }, a);
	}
	explicit_bzero(a, sizeof(a));
	explicit_bzero(b, sizeof(b));
}

void
sim_hkdf(size_t size, const uint8_t *secret, size_t secret_len, const uint8_t *salt,
    size_t salt_len, const uint8_t *info, size_t info_len, uint8_t *out, size_t len)
{
	uint8_t key[SHA_MAX], t[SHA_MAX];
	uint8_t n = 0;

	/* No salt is a key of zeros, which is what HMAC makes of an empty one. */
	hmac3(size, salt, salt_len, (const uint8_t *const[]){ secret, NULL, NULL },
	    (const size_t[]){ secret_len, 0, 0 }, key);
	while (len > 0) {
		const size_t before = n == 0 ? 0 : size;

		n++;
		hmac3(size, key, size, (const uint8_t *const[]){ t, info, &n },
		    (const size_t[]){ before, info_len, 1 }, t);
		take(&out, &len, t, size);
	}
	explicit_bzero(key, sizeof(key));
	explicit_bzero(t, sizeof(t));
}
