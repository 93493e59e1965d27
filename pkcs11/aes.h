/* AES of whole blocks, by whoever has the key: the chip, or OpenSSL. */
#ifndef PKCS11_AES_H
#define PKCS11_AES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

#include "hal/base/buf.h"
#include "hal/chip/chip.h"
#include "pkcs11/key.h"

struct session;

/* Whether a key has so many bytes. */
bool mod_aes_fits(size_t key_len);

/*
 * Appends len bytes, a multiple of CHIP_BLOCK, nothing for 0, to out. iv: of CBC, becomes the
 * chaining value after this data when all went well; NULL: ECB. Other processes get turns in
 * between however much it is. out is as before when it fails. s: not needed for a key of the
 * host.
 */
CK_RV mod_aes(struct session *s, const struct mod_key *key, bool decrypt, uint8_t iv[CHIP_BLOCK],
    const uint8_t *data, size_t len, struct buf *out);

#endif
