/*
 * RSA with public keys, PKCS #1 v1.5 (RFC 8017, 7.2.1 and 8.2.2), computed with numbers alone;
 * why not with EVP_PKEY says check.h. Keys are SubjectPublicKeyInfo, of the chip's sizes or any
 * other from 512 to 8192 bits.
 */
#ifndef PKCS11_RSA_H
#define PKCS11_RSA_H

#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

#include "hal/base/buf.h"

#define RSA_MIN_BYTES 64
#define RSA_MAX_BYTES 1024
#define RSA_PADDING   11 /* bytes, at least */

/* Bytes of the modulus; 0: no RSA key, or none of those sizes. */
size_t mod_rsa_size(const struct buf *spki);

/*
 * Whether sig, as long as the modulus, is a signature of head || t, both together at most
 * modulus size - RSA_PADDING bytes: DigestInfo up to the digest and the digest, for example.
 * CKR_SIGNATURE_INVALID, CKR_FUNCTION_FAILED (no such key), CKR_HOST_MEMORY.
 */
CK_RV mod_rsa_check(const struct buf *spki, const uint8_t *head, size_t head_len, const uint8_t *t,
    size_t len, const uint8_t *sig);

/* A message of at most modulus size - RSA_PADDING bytes; out replaced. CKR_DATA_LEN_RANGE. */
CK_RV mod_rsa_encrypt(const struct buf *spki, const uint8_t *msg, size_t len, struct buf *out);

#endif
