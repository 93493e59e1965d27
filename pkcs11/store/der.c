/* DER; see der.h. */
#include <config.h>

#include "hal/base/err.h"
#include "pkcs11/store/der.h"

/* Tag and length. */
static bool
take_head(struct cur *c, uint8_t tag, size_t *len)
{
	uint8_t found, first, b = 0;
	uint16_t two;

	if (!cur_u8(c, &found) || found != tag || !cur_u8(c, &first))
		return false;
	if (first < 0x80) {
		*len = first;
		return true;
	}
	if (first == 0x81) {
		*len = cur_u8(c, &b) ? b : 0;
		return *len >= 0x80;
	}
	if (first != 0x82 || !cur_u16(c, &two))
		return false;
	*len = two;
	return two >= 0x100;
}

bool
der_take(struct cur *c, uint8_t tag, struct cur *value)
{
	struct cur t = *c;
	size_t len;

	if (!take_head(&t, tag, &len) || !cur_bytes(&t, len, &value->p))
		return false;
	value->len = len;
	*c = t;
	return true;
}

bool
der_take_unsigned(struct cur *c, struct cur *value)
{
	struct cur t = *c;

	if (!der_take(&t, DER_INTEGER, value) || value->len == 0 || (value->p[0] & 0x80) != 0)
		return false;
	if (value->len > 1 && value->p[0] == 0) {
		if ((value->p[1] & 0x80) == 0)
			return false;
		value->p++;
		value->len--;
	}
	*c = t;
	return true;
}

bool
der_length(const uint8_t *p, size_t len, uint8_t tag, size_t max, size_t *total)
{
	struct cur c = { p, len };
	size_t n;

	if (!take_head(&c, tag, &n))
		return false;
	*total = len - c.len + n;
	return *total <= max;
}

int
der_put_head(struct buf *b, uint8_t tag, size_t len)
{
	int r;

	if (len > 0xFFFF)
		return HAL_ETOOBIG;
	if ((r = buf_put_u8(b, tag)) != 0)
		return r;
	if (len < 0x80)
		return buf_put_u8(b, (uint8_t)len);
	if (len < 0x100) {
		r = buf_put_u8(b, 0x81);
		return r != 0 ? r : buf_put_u8(b, (uint8_t)len);
	}
	r = buf_put_u8(b, 0x82);
	return r != 0 ? r : buf_put_u16(b, (uint16_t)len);
}

int
der_put(struct buf *b, uint8_t tag, const void *p, size_t len)
{
	const int r = der_put_head(b, tag, len);

	return r != 0 ? r : buf_put(b, p, len);
}

int
der_put_unsigned(struct buf *b, const uint8_t *p, size_t len)
{
	int r;

	while (len > 1 && *p == 0) {
		p++;
		len--;
	}
	if (len == 0 || (*p & 0x80) == 0)
		return len == 0 ? HAL_EINVAL : der_put(b, DER_INTEGER, p, len);
	if ((r = der_put_head(b, DER_INTEGER, len + 1)) != 0 || (r = buf_put_u8(b, 0)) != 0)
		return r;
	return buf_put(b, p, len);
}
