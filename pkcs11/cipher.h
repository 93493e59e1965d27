/*
 * Encryption and decryption inside: AES in whole blocks and with padding, RSA. The calls are in
 * crypt.c.
 */
#ifndef PKCS11_CIPHER_H
#define PKCS11_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

#include "hal/base/buf.h"

struct op;
struct session;

/* Bytes that come out when len more bytes go in. */
size_t mod_cipher_update_len(const struct op *op, size_t len);

/* len more bytes; appends to out what mod_cipher_update_len says. op is as before on failure. */
CK_RV mod_cipher_update(
    struct session *s, struct op *op, const uint8_t *in, size_t len, struct buf *out);

/*
 * Bytes that come out when len more bytes are the last ones; with exact false, so many at most
 * (where padding is taken off). CKR_DATA_LEN_RANGE, CKR_ENCRYPTED_DATA_LEN_RANGE.
 */
CK_RV mod_cipher_last_len(const struct op *op, size_t len, size_t *np, bool *exact);

/*
 * The last bytes, appended to out; op is not changed, so that the same can be asked again.
 * CKR_ENCRYPTED_DATA_INVALID: wrong padding.
 */
CK_RV mod_cipher_last(
    struct session *s, const struct op *op, const uint8_t *in, size_t len, struct buf *out);

#endif
