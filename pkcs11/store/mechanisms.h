/* CKA_ALLOWED_MECHANISMS: what the module offers for keys on the chip. */
#ifndef PKCS11_STORE_MECHANISMS_H
#define PKCS11_STORE_MECHANISMS_H

#include <p11-kit/pkcs11.h>

#include "hal/chip/chip.h"

/*
 * Appends, as an array of CK_MECHANISM_TYPE, those that this model's keys of a type have for any
 * of the usages (CHIP_USE_*). pkcs11/mech.c has the mechanisms themselves; a test compares.
 */
int mechanisms_put(const struct chip_model *m, CK_KEY_TYPE type, unsigned usage, struct buf *out);

#endif
