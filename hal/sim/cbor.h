/*
 * Reading CBOR that comes from outside, as strict as the chip is: definite lengths, every head in
 * its shortest form (RFC 7049, 3.9).
 */
#ifndef HAL_SIM_CBOR_H
#define HAL_SIM_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cbor_in {
	const uint8_t *p;
	size_t len;
};

/* Each takes the next item from in. False: it is not what is asked for; in is then no more used. */
bool cbor_uint(struct cbor_in *in, uint32_t max, uint32_t *v);
bool cbor_is_uint(struct cbor_in *in, uint32_t v);
/* A negative integer, as its absolute value. */
bool cbor_nint(struct cbor_in *in, uint32_t *v);
/* A byte string of min to max bytes; its content goes to v. */
bool cbor_bytes(struct cbor_in *in, size_t min, size_t max, struct cbor_in *v);
/* The head of an array or a map with exactly n entries. */
bool cbor_array(struct cbor_in *in, uint32_t n);
bool cbor_map(struct cbor_in *in, uint32_t n);
bool cbor_null(struct cbor_in *in);

#endif
