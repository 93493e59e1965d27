/* See der.h. */
#include <config.h>

#include <string.h>

#include "hal/sim/der.h"

/* Length of the head and of the value. */
static bool
head(const struct der_in *in, size_t *head_len, size_t *value_len)
{
	size_t n, v = 0;

	if (in->len < 2)
		return false;
	if (in->p[1] < 0x80) {
		*head_len = 2;
		*value_len = in->p[1];
		return *value_len <= in->len - 2;
	}
	n = in->p[1] & 0x7F;
	if (n < 1 || n > 2 || in->len < 2 + n)
		return false;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | in->p[2 + i];
	if (v < (n == 1 ? 0x80u : 0x100u) || v > in->len - 2 - n)
		return false;
	*head_len = 2 + n;
	*value_len = v;
	return true;
}

static void
skip(struct der_in *in, size_t n)
{
	in->p += n;
	in->len -= n;
}

bool
sim_der_next_is(const struct der_in *in, uint8_t tag)
{
	return in->len > 0 && in->p[0] == tag;
}

bool
sim_der_take(struct der_in *in, uint8_t tag, struct der_in *v)
{
	size_t h, n;

	if (!sim_der_next_is(in, tag) || !head(in, &h, &n))
		return false;
	v->p = in->p + h;
	v->len = n;
	skip(in, h + n);
	return true;
}

bool
sim_der_take_any(struct der_in *in, struct der_in *whole)
{
	size_t h, n;

	if (!head(in, &h, &n))
		return false;
	whole->p = in->p;
	whole->len = h + n;
	skip(in, h + n);
	return true;
}

bool
sim_der_take_number(struct der_in *in, uint8_t *out, size_t size)
{
	struct der_in v;

	if (!sim_der_take(in, 0x02, &v) || v.len == 0 || (v.p[0] & 0x80) != 0)
		return false;
	while (v.len > 0 && v.p[0] == 0)
		skip(&v, 1);
	if (v.len > size)
		return false;
	memset(out, 0, size - v.len);
	memcpy(out + size - v.len, v.p, v.len);
	return true;
}

bool
sim_der_equals(const struct der_in *v, const void *bytes, size_t len)
{
	return v->len == len && memcmp(v->p, bytes, len) == 0;
}
