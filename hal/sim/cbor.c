/* See cbor.h. */
#include <config.h>

#include "hal/sim/cbor.h"

enum { MAJOR_UINT = 0, MAJOR_NINT = 1, MAJOR_BYTES = 2, MAJOR_ARRAY = 4, MAJOR_MAP = 5 };

#define NIL 0xF6

/* Head: 7:5 major type, 4:0 value up to 23, or 24..26 for 1, 2, 4 bytes that follow. */
static bool
head(struct cbor_in *in, uint8_t major, uint32_t *v)
{
	uint8_t info;
	size_t n;

	if (in->len == 0 || in->p[0] >> 5 != major)
		return false;
	info = in->p[0] & 0x1F;
	in->p++;
	in->len--;
	*v = info;
	if (info < 24)
		return true;
	if (info > 26) /* 8 bytes: nothing here is that large; reserved, indefinite */
		return false;
	n = (size_t)1 << (info - 24);
	if (in->len < n)
		return false;
	*v = 0;
	for (size_t i = 0; i < n; i++)
		*v = *v << 8 | in->p[i];
	in->p += n;
	in->len -= n;
	return *v >= (n == 1 ? 24u : n == 2 ? 0x100u : 0x10000u);
}

bool
cbor_uint(struct cbor_in *in, uint32_t max, uint32_t *v)
{
	return head(in, MAJOR_UINT, v) && *v <= max;
}

bool
cbor_is_uint(struct cbor_in *in, uint32_t v)
{
	uint32_t got;

	return cbor_uint(in, v, &got) && got == v;
}

bool
cbor_nint(struct cbor_in *in, uint32_t *v)
{
	if (!head(in, MAJOR_NINT, v) || *v == UINT32_MAX)
		return false;
	++*v;
	return true;
}

bool
cbor_bytes(struct cbor_in *in, size_t min, size_t max, struct cbor_in *v)
{
	uint32_t n;

	if (!head(in, MAJOR_BYTES, &n) || n > in->len || n < min || n > max)
		return false;
	*v = (struct cbor_in){ in->p, n };
	in->p += n;
	in->len -= n;
	return true;
}

bool
cbor_array(struct cbor_in *in, uint32_t n)
{
	uint32_t got;

	return head(in, MAJOR_ARRAY, &got) && got == n;
}

bool
cbor_map(struct cbor_in *in, uint32_t n)
{
	uint32_t got;

	return head(in, MAJOR_MAP, &got) && got == n;
}

bool
cbor_null(struct cbor_in *in)
{
	if (in->len == 0 || in->p[0] != NIL)
		return false;
	in->p++;
	in->len--;
	return true;
}
