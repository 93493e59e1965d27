/*
 * Cryptography of the chip's presentation layer: session keys from the platform binding secret,
 * and AES-128-CCM-8 around one message. IFX I2C protocol 2.03 chapter 6.
 */
#ifndef HAL_SIM_SEAL_H
#define HAL_SIM_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>

#define SEAL_RND 32
#define SEAL_TAG 8

/* One direction: AES key, and the first half of its nonces. */
struct seal_key {
	uint8_t key[16];
	uint8_t nonce[4];
};

/* Host to chip, chip to host. */
struct seal_keys {
	struct seal_key host, chip;
};

/* The context that everything fetched for the chip comes from. NULL: out of memory. */
OSSL_LIB_CTX *seal_ctx(void);

/* While a chip is open or made, the context stays. The last to drop it frees it. */
void seal_hold(void);
void seal_drop(void);

/* TLS 1.2 PRF with SHA-256, label "Platform Binding", seed rnd. False when cryptography fails. */
bool seal_derive(
    const uint8_t *secret, size_t secret_len, const uint8_t rnd[SEAL_RND], struct seal_keys *keys);

/* Encrypts len bytes and puts the tag after them: out has room for len + SEAL_TAG. */
bool seal_close(const struct seal_key *key, uint8_t sctr, uint32_t seq, const uint8_t *plain,
    size_t len, uint8_t *out);

/* The other way: in has len + SEAL_TAG bytes. False, and plain wiped, when the tag is wrong. */
bool seal_open(const struct seal_key *key, uint8_t sctr, uint32_t seq, const uint8_t *in,
    size_t len, uint8_t *plain);

#endif
