/* Growing buffers and checked reading; see buf.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/buf.h"
#include "hal/base/err.h"

int
buf_reserve(struct buf *b, size_t cap)
{
	uint8_t *data;

	if (cap <= b->cap)
		return 0;
	if (cap < 2 * b->cap)
		cap = 2 * b->cap;
	if (cap < 64)
		cap = 64;
	/* Not realloc: it may leave a copy of a secret behind. */
	if ((data = malloc(cap)) == NULL)
		return HAL_ENOMEM;
	if (b->len > 0)
		memcpy(data, b->data, b->len);
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	free(b->data);
	b->data = data;
	b->cap = cap;
	return 0;
}

int
buf_put(struct buf *b, const void *p, size_t n)
{
	int r;

	if (n == 0)
		return 0;
	if (n > SIZE_MAX / 2 - b->len)
		return HAL_ENOMEM;
	if ((r = buf_reserve(b, b->len + n)) != 0)
		return r;
	memcpy(b->data + b->len, p, n);
	b->len += n;
	return 0;
}

int
buf_put_fill(struct buf *b, uint8_t v, size_t n)
{
	int r;

	if (n > SIZE_MAX / 2 - b->len)
		return HAL_ENOMEM;
	if ((r = buf_reserve(b, b->len + n)) != 0)
		return r;
	if (n > 0)
		memset(b->data + b->len, v, n);
	b->len += n;
	return 0;
}

int
buf_put_u8(struct buf *b, uint8_t v)
{
	return buf_put(b, &v, 1);
}

int
buf_put_u16(struct buf *b, uint16_t v)
{
	const uint8_t be[2] = { (uint8_t)(v >> 8), (uint8_t)v };

	return buf_put(b, be, sizeof(be));
}

int
buf_put_u32(struct buf *b, uint32_t v)
{
	const uint8_t be[4] = { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8),
		(uint8_t)v };

	return buf_put(b, be, sizeof(be));
}

int
buf_put_tlv(struct buf *b, uint8_t tag, const void *p, size_t n)
{
	int r;

	if (n > 0xFFFF)
		return HAL_ETOOBIG;
	if ((r = buf_reserve(b, b->len + 3 + n)) != 0)
		return r;
	(void)buf_put_u8(b, tag);
	(void)buf_put_u16(b, (uint16_t)n);
	return buf_put(b, p, n);
}

void
buf_reset(struct buf *b)
{
	if (b->data != NULL)
		explicit_bzero(b->data, b->cap);
	b->len = 0;
}

void
buf_free(struct buf *b)
{
	if (b == NULL)
		return;
	buf_reset(b);
	free(b->data);
	b->data = NULL;
	b->cap = 0;
}

void
buf_move(struct buf *dst, struct buf *src)
{
	buf_free(dst);
	*dst = *src;
	*src = (struct buf)BUF_INIT;
}

bool
cur_bytes(struct cur *c, size_t n, const uint8_t **p)
{
	if (n > c->len)
		return false;
	*p = c->p;
	c->p += n;
	c->len -= n;
	return true;
}

bool
cur_u8(struct cur *c, uint8_t *v)
{
	const uint8_t *p;

	if (!cur_bytes(c, 1, &p))
		return false;
	*v = p[0];
	return true;
}

bool
cur_u16(struct cur *c, uint16_t *v)
{
	const uint8_t *p;

	if (!cur_bytes(c, 2, &p))
		return false;
	*v = (uint16_t)(p[0] << 8 | p[1]);
	return true;
}

bool
cur_u24(struct cur *c, uint32_t *v)
{
	const uint8_t *p;

	if (!cur_bytes(c, 3, &p))
		return false;
	*v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
	return true;
}

bool
cur_u32(struct cur *c, uint32_t *v)
{
	const uint8_t *p;

	if (!cur_bytes(c, 4, &p))
		return false;
	*v = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	return true;
}

bool
cur_tlv(struct cur *c, uint8_t *tag, struct cur *value)
{
	struct cur t = *c;
	uint16_t len;

	if (!cur_u8(&t, tag) || !cur_u16(&t, &len) || !cur_bytes(&t, len, &value->p))
		return false;
	value->len = len;
	*c = t;
	return true;
}

bool
cur_meta_tlv(struct cur *c, uint8_t *tag, struct cur *value)
{
	struct cur t = *c;
	uint8_t len;

	if (!cur_u8(&t, tag) || !cur_u8(&t, &len) || !cur_bytes(&t, len, &value->p))
		return false;
	value->len = len;
	*c = t;
	return true;
}
