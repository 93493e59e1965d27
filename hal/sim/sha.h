/*
 * SHA-2 that can be interrupted between any two commands: FIPS 180-4, as plain data for the
 * image file. HMAC (RFC 2104) on top of it.
 */
#ifndef HAL_SIM_SHA_H
#define HAL_SIM_SHA_H

#include "hal/sim/app.h"

#define SHA_MAX 64

/* size: 32, 48 or 64 bytes of digest. */
void sha_start(struct sim_sha *s, size_t size);
void sha_add(struct sim_sha *s, const void *data, size_t len);
void sha_end(struct sim_sha *s, uint8_t out[SHA_MAX]);

/* The two hashes of an HMAC: data goes to inner by sha_add. */
struct sim_hmac {
	struct sim_sha inner, outer;
};
void hmac_start(struct sim_hmac *h, size_t size, const uint8_t *key, size_t key_len);
void hmac_end(struct sim_hmac *h, uint8_t out[SHA_MAX]);

/* TLS 1.2 PRF, RFC 5246 chapter 5; seed is label and seed. */
void sim_prf(size_t size, const uint8_t *secret, size_t secret_len, const uint8_t *seed,
    size_t seed_len, uint8_t *out, size_t len);

/* RFC 5869, extract and expand. */
void sim_hkdf(size_t size, const uint8_t *secret, size_t secret_len, const uint8_t *salt,
    size_t salt_len, const uint8_t *info, size_t info_len, uint8_t *out, size_t len);

#endif
