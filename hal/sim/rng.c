/* Random bits: SHA-256 over key and counter. See rng.h. */
#include <config.h>

#include <string.h>

#include "hal/sim/rng.h"
#include "hal/sim/sha.h"

#define BLOCK 32

/*
 * Not by OpenSSL: in the process around a simulated chip its digests may be those of a PKCS #11
 * provider, which would come back to this chip.
 */
static void
hash(const uint8_t *in, size_t len, uint8_t out[BLOCK])
{
	struct sim_sha s;
	uint8_t digest[SHA_MAX];

	sha_start(&s, BLOCK);
	sha_add(&s, in, len);
	sha_end(&s, digest);
	memcpy(out, digest, BLOCK);
}

static void
block(struct sim_app *app, uint8_t out[BLOCK])
{
	uint8_t in[sizeof(app->drbg_key) + 8];

	memcpy(in, app->drbg_key, sizeof(app->drbg_key));
	for (int i = 0; i < 8; i++)
		in[sizeof(app->drbg_key) + (size_t)i] = (uint8_t)(app->drbg_count >> (56 - 8 * i));
	app->drbg_count++;
	hash(in, sizeof(in), out);
}

void
rng_seed(struct sim_app *app, uint64_t seed)
{
	uint8_t in[8];

	for (int i = 0; i < 8; i++)
		in[i] = (uint8_t)(seed >> (56 - 8 * i));
	hash(in, sizeof(in), app->drbg_key);
	app->drbg_count = 0;
}

void
rng_bytes(struct sim_app *app, uint8_t *out, size_t len)
{
	uint8_t b[BLOCK];

	while (len > 0) {
		const size_t n = len < sizeof(b) ? len : sizeof(b);

		block(app, b);
		memcpy(out, b, n);
		out += n;
		len -= n;
	}
}

BIGNUM *
rng_below(struct sim_app *app, const BIGNUM *n)
{
	const int bits = BN_num_bits(n);
	const size_t len = ((size_t)bits + 7) / 8;
	uint8_t b[80];
	BIGNUM *r = BN_new();

	if (r == NULL || len > sizeof(b)) {
		BN_free(r);
		return NULL;
	}
	do {
		rng_bytes(app, b, len);
		b[0] &= (uint8_t)(0xFF >> (8 * (int)len - bits));
		if (BN_bin2bn(b, (int)len, r) == NULL) {
			BN_free(r);
			return NULL;
		}
	} while (BN_is_zero(r) || BN_cmp(r, n) >= 0);
	return r;
}
