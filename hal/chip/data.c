/* GetDataObject and SetDataObject for content: SRM 4.4.1. Metadata is in meta.c. */
#include <config.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"

#define GET_DATA   0x00 /* Param */
#define SET_WRITE  0x00
#define SET_ERASE  0x40
#define OFFSET_END 0x10000 /* offsets have two bytes */

#define WRITE_MAX  (APDU_DATA_MAX - 4) /* without OID and offset: 1549 */

/* Size of an object's content; OFFSET_END for one that the tables do not know. */
static size_t
object_end(const struct chip *c, uint16_t oid)
{
	const struct chip_object *o;

	if (c->model == NULL || (o = chip_model_object(c->model, oid)) == NULL)
		return OFFSET_END;
	return o->max;
}

/* At most n bytes from off, appended to out; *end: there are no more. */
static int
read_block(struct chip *c, uint16_t oid, size_t off, size_t n, struct buf *out, bool *end)
{
	static const struct chip_apdu get = {
		.cmd = CHIP_CMD_GET_DATA,
		.param = GET_DATA,
		.idempotent = true,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT, data = BUF_INIT;
	int r;

	if ((r = buf_put_u16(&in, oid)) != 0 || (r = buf_put_u16(&in, (uint16_t)off)) != 0 ||
	    (r = buf_put_u16(&in, (uint16_t)n)) != 0)
		goto out;
	r = chip_apdu_run(c, &get, &in, &data);
	if (r == CHIP_E_BOUNDARY) { /* offset at or after the used size */
		*end = true;
		r = 0;
		goto out;
	}
	if (r != 0)
		goto out;
	if (data.len > n) {
		r = HAL_EPROTO;
		goto out;
	}
	*end = data.len < n;
	r = buf_put(out, data.data, data.len);
out:
	buf_free(&in);
	buf_free(&data);
	return r;
}

static int
read_held(struct chip *c, uint16_t oid, size_t off, size_t max, struct buf *out)
{
	size_t size = object_end(c, oid);
	bool end = false;
	int r = 0;

	if (size == 0) /* keys and sessions: the chip says why they cannot be read */
		size = OFFSET_END;
	if (off >= size)
		return 0;
	if (max > size - off)
		max = size - off;
	while (max > 0 && !end && r == 0) {
		const size_t n = max < APDU_DATA_MAX ? max : APDU_DATA_MAX;

		r = read_block(c, oid, off, n, out, &end);
		off += n;
		max -= n;
	}
	return r;
}

int
chip_data_read(struct chip *c, uint16_t oid, size_t off, size_t max, struct buf *out)
{
	const size_t old = out->len;
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	if ((r = read_held(c, oid, off, max, out)) != 0)
		out->len = old;
	chip_release(c);
	return r;
}

static int
write_block(struct chip *c, uint16_t oid, size_t off, const uint8_t *data, size_t len, bool erase)
{
	const struct chip_apdu set = {
		.cmd = CHIP_CMD_SET_DATA,
		.param = erase ? SET_ERASE : SET_WRITE,
		.idempotent = true, /* the same bytes at the same place */
		.writes = true,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT;
	int r;

	if ((r = buf_put_u16(&in, oid)) != 0 || (r = buf_put_u16(&in, (uint16_t)off)) != 0 ||
	    (r = buf_put(&in, data, len)) != 0)
		goto out;
	r = chip_apdu_run(c, &set, &in, NULL);
out:
	buf_free(&in);
	return r;
}

/*
 * From the end to the head. Erasing with the last block clears the object, sets the used size
 * and leaves zeros where the head will be: cut short, the object begins with 00, which is
 * nothing to any reader.
 */
static int
write_held(struct chip *c, uint16_t oid, size_t off, const uint8_t *data, size_t len, bool erase)
{
	const size_t size = object_end(c, oid);
	int r = 0;

	if (off > size || len > size - off)
		return HAL_ETOOBIG;
	while (len > 0 && r == 0) {
		const size_t at = (len - 1) / WRITE_MAX * WRITE_MAX;

		r = write_block(c, oid, off + at, data + at, len - at, erase);
		len = at;
		erase = false;
	}
	return r;
}

int
chip_data_write(
    struct chip *c, uint16_t oid, size_t off, const uint8_t *data, size_t len, enum chip_write mode)
{
	int r;

	if (len == 0)
		return HAL_EINVAL; /* the chip has no command for that */
	if ((r = chip_acquire(c)) != 0)
		return r;
	r = write_held(c, oid, off, data, len, mode == CHIP_ERASE_WRITE);
	chip_release(c);
	return r;
}
