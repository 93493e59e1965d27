/* DER: taking elements apart with every length checked, and putting them together. */
#ifndef PKCS11_STORE_DER_H
#define PKCS11_STORE_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"

#define DER_INTEGER      0x02
#define DER_BIT_STRING   0x03
#define DER_OCTET_STRING 0x04
#define DER_NULL         0x05
#define DER_OID          0x06
#define DER_SEQUENCE     0x30

/*
 * Takes one element of this tag off c. Definite lengths in their shortest form, below 64 KiB.
 * A failed call leaves c where it was.
 */
bool der_take(struct cur *c, uint8_t tag, struct cur *value);

/* An INTEGER that is positive, without its leading zero. */
bool der_take_unsigned(struct cur *c, struct cur *value);

/* Length of the element at p, header included; false when it is none of this tag or longer than
 * max. */
bool der_length(const uint8_t *p, size_t len, uint8_t tag, size_t max, size_t *total);

/* Appends. HAL_ENOMEM, HAL_ETOOBIG. */
int der_put_head(struct buf *b, uint8_t tag, size_t len);
int der_put(struct buf *b, uint8_t tag, const void *p, size_t len);
int der_put_unsigned(struct buf *b, const uint8_t *p, size_t len);

#endif
