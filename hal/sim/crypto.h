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
#define COORD_MAX 66

/* A public key from outside. */
struct sim_public {
	uint8_t alg;
	uint8_t point[1 + 2 * COORD_MAX]; /* 04 X Y, on the curve */
	uint8_t n[256];
	uint32_t e;
};

/* Bytes of a coordinate, of a modulus, of a key; 0 if alg is none of these. */
size_t ec_size(uint8_t alg);
size_t rsa_size(uint8_t alg);
size_t aes_size(uint8_t alg);

/* A new key into *key. False when host cryptography fails. */
bool ec_generate(struct sim_app *app, uint8_t alg, struct sim_key *key);
bool rsa_generate(struct sim_app *app, uint8_t alg, struct sim_key *key);

/* Whether an EC key from outside is one: 0 < d < n. */
bool ec_private_valid(const struct sim_key *key);

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

/* The key from a BIT STRING as above, or with another RSA exponent. False: malformed. */
bool public_parse(uint8_t alg, const uint8_t *bits, size_t len, struct sim_public *pub);

/* Whether the point of pub, whose alg is set, is on its curve. */
bool ec_point_valid(const struct sim_public *pub);

/* ECDSA over digest; r and s have the curve's size. */
bool ecdsa_verify(const struct sim_public *pub, const uint8_t *digest, size_t len, const uint8_t *r,
    const uint8_t *s);

/* Two INTEGERs as above, also minimal ones, into numbers of the curve's size. False: malformed. */
bool ecdsa_split(const uint8_t *sig, size_t len, size_t size, uint8_t *r, uint8_t *s);

/* x of the private key times the peer's point, of the curve's size. */
bool ecdh(const struct sim_key *key, const struct sim_public *peer, uint8_t *out);

/* RSASSA-PKCS1-v1_5 of a SHA-256, 384 or 512 digest; out has the modulus size. */
bool rsa_sign(const struct sim_key *key, const uint8_t *digest, size_t len, uint8_t *out);
bool rsa_verify(
    const struct sim_public *pub, const uint8_t *digest, size_t len, const uint8_t *sig);

/* RSAES-PKCS1-v1_5. len is at most the modulus size - 11. */
bool rsa_encrypt(struct sim_app *app, const struct sim_public *pub, const uint8_t *msg, size_t len,
    uint8_t *out);
/* *len: bytes of the message in out, which has the modulus size. False: bad padding. */
bool rsa_decrypt(const struct sim_key *key, const uint8_t *in, uint8_t *out, size_t *len);

/* AES, len a multiple of the block. CBC keeps its last ciphertext block in chain. */
#define AES_BLOCK 16
bool aes_ecb(const struct sim_key *key, bool encrypt, const uint8_t *in, size_t len, uint8_t *out);
bool aes_cbc(const struct sim_key *key, bool encrypt, uint8_t chain[AES_BLOCK], const uint8_t *in,
    size_t len, uint8_t *out);

/* The last 1..16 bytes of a CMAC; chain is the CBC-MAC before them and becomes the result. */
bool aes_cmac_last(
    const struct sim_key *key, uint8_t chain[AES_BLOCK], const uint8_t *in, size_t len);

#endif
