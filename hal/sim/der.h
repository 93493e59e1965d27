/* Reading DER that comes from outside: definite lengths in their shortest form, X.690. */
#ifndef HAL_SIM_DER_H
#define HAL_SIM_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct der_in {
	const uint8_t *p;
	size_t len;
};

/* Takes the next element, which must have this tag, from in; its value goes to v. */
bool sim_der_take(struct der_in *in, uint8_t tag, struct der_in *v);

/* Whether the next element has this tag. */
bool sim_der_next_is(const struct der_in *in, uint8_t tag);

/* The next element, whatever it is: head and value in whole. */
bool sim_der_take_any(struct der_in *in, struct der_in *whole);

/* A positive INTEGER of at most size bytes into out, right-aligned. */
bool sim_der_take_number(struct der_in *in, uint8_t *out, size_t size);

bool sim_der_equals(const struct der_in *v, const void *bytes, size_t len);

#endif
