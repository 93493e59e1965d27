/*
 * Public keys as SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), in one form that can be compared byte
 * by byte: EC points uncompressed on a named curve (RFC 5480), RSA with NULL parameters (RFC 3279).
 */
#ifndef PKCS11_STORE_SPKI_H
#define PKCS11_STORE_SPKI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"

struct chip_keytype;

#define SPKI_HASH_LEN 32

/*
 * From the content of the BIT STRING: an EC point, compressed or not, or the SEQUENCE of n and e.
 * spki replaced. HAL_EFORMAT: no such key, or a point that is not on the curve.
 */
int spki_from_bits(
    const struct chip_keytype *kt, const uint8_t *bits, size_t len, struct buf *spki);

/* Of any size from 512 to 8192 bits, numbers without leading zeros. */
/*
 * From CKA_EC_POINT or the like: the point in a DER OCTET STRING as the standard wants it, or bare
 * as some programs give it. Both start with 04, and one bare point in 256 looks like an OCTET
 * STRING too: its length tells.
 */
int spki_from_point(const struct chip_keytype *kt, const uint8_t *p, size_t len, struct buf *spki);

int spki_from_rsa(const uint8_t *n, size_t n_len, const uint8_t *e, size_t e_len, struct buf *spki);

/*
 * Any SubjectPublicKeyInfo of a type that chips have; bytes after it are ignored. HAL_EFORMAT
 * for others.
 */
int spki_parse(const uint8_t *der, size_t len, const struct chip_keytype **ktp, struct buf *spki);

/*
 * A public key as the chip and the vendor's tools write it: SubjectPublicKeyInfo, or the bare
 * BIT STRING, in front of bytes that mean nothing. kt: what the key must be.
 */
int spki_from_record(
    const uint8_t *data, size_t len, const struct chip_keytype *kt, struct buf *spki);

/* Parts of what the functions above made: the point, or n and e without leading zeros. */
int spki_point(const struct buf *spki, struct cur *point);
int spki_rsa(const struct buf *spki, struct cur *n, struct cur *e);

/* The point compressed, replaced. */
int spki_compress(const struct buf *spki, struct buf *out);

/* SHA-256 of the whole. */
int spki_hash(const struct buf *spki, uint8_t hash[SPKI_HASH_LEN]);

bool spki_equal(const struct buf *a, const struct buf *b);

#endif
