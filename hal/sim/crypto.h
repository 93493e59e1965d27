/*
 * Keys and signatures of the simulated chip, on big numbers and curve points, with every random
 * number from the chip's own stream. Encodings: SRM 6.2.
 */
#ifndef HAL_SIM_CRYPTO_H
#define HAL_SIM_CRYPTO_H

#include "hal/sim/app.h"

enum {
	ALG_P256 = 0x03,
	ALG_P384 = 0x04,
	ALG_P521 = 0x05,
	ALG_BP256 = 0x13,
	ALG_BP384 = 0x15,
	ALG_BP512 = 0x16,
	ALG_RSA1024 = 0x41,
	ALG_RSA2048 = 0x42,
	ALG_AES128 = 0x81,
	ALG_AES192 = 0x82,
	ALG_AES256 = 0x83,
};

#define ECDSA_MAX 144 /* two INTEGERs, no SEQUENCE around them */
#define PUB_MAX   300 /* DER BIT STRING */

/* Bytes of a coordinate, 0 if alg is no curve. */
size_t ec_size(uint8_t alg);
size_t rsa_size(uint8_t alg);

/* A new key into *key. False when host cryptography fails. */
bool ec_generate(struct sim_app *app, uint8_t alg, struct sim_key *key);
bool rsa_generate(struct sim_app *app, uint8_t alg, struct sim_key *key);

/* The public key as DER BIT STRING; its length, 0 on failure. */
size_t ec_public(const struct sim_key *key, uint8_t out[PUB_MAX]);
size_t rsa_public(const struct sim_key *key, uint8_t out[PUB_MAX]);

/*
 * ECDSA over digest. As on silicon each INTEGER has at least as many bytes as the curve, so that
 * short values keep leading zeros and are not minimal DER. Length, 0 on failure.
 */
size_t ecdsa_sign(struct sim_app *app, const struct sim_key *key, const uint8_t *digest, size_t len,
    uint8_t out[ECDSA_MAX]);

/* r and s as plain numbers of the curve's size, for certificates. */
bool ecdsa_raw(struct sim_app *app, const struct sim_key *key, const uint8_t *digest, size_t len,
    uint8_t *r, uint8_t *s);

/* RSASSA-PKCS1-v1_5 of a SHA-256, 384 or 512 digest; out has the modulus size. */
bool rsa_sign(const struct sim_key *key, const uint8_t *digest, size_t len, uint8_t *out);

#endif
