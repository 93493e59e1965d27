/* What the fuzz targets share: one function each, and a reader of its input. */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* The name is libFuzzer's. Returns 0; aborts when something is wrong. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define fuzz_assert(x) ((x) ? (void)0 : abort())

struct input {
	const uint8_t *p;
	size_t len;
};

/* The next byte, 0 past the end. */
static inline uint8_t
input_u8(struct input *in)
{
	if (in->len == 0)
		return 0;
	in->len--;
	return *in->p++;
}

static inline size_t
input_u16(struct input *in)
{
	const size_t high = input_u8(in);

	return high << 8 | input_u8(in);
}

/* At most n bytes that follow; *np is how many. */
static inline const uint8_t *
input_bytes(struct input *in, size_t n, size_t *np)
{
	const uint8_t *p = in->p;

	*np = n < in->len ? n : in->len;
	in->p += *np;
	in->len -= *np;
	return p;
}

#endif
