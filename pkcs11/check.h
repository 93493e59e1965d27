/*
 * Whether an ECDSA signature verifies, computed with numbers and points alone.
 *
 * Not with EVP_PKEY: making its context asks the process's engines first, whatever library
 * context it is made for. With the libp11 engine as the default that leads out of here and, one
 * day, back in.
 */
#ifndef PKCS11_CHECK_H
#define PKCS11_CHECK_H

#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

#include "hal/base/buf.h"
#include "hal/chip/chip.h"

/*
 * digest of any length; spki: SubjectPublicKeyInfo of a key of type kt; sig: r || s, each of the
 * curve's size. CKR_SIGNATURE_INVALID, CKR_FUNCTION_FAILED (no such key), CKR_HOST_MEMORY.
 */
CK_RV mod_check(const struct chip_keytype *kt, const struct buf *spki, const uint8_t *digest,
    size_t len, const uint8_t *sig);

#endif
