/* Monotonic counters: SRM 4.4.1 (SetDataObject "count"), content value(4) threshold(4). */
#include <config.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"

#define SET_COUNT   0x02 /* Param */
#define COUNTER_LEN 8

static bool
is_counter(const struct chip *c, uint16_t oid)
{
	const struct chip_object *o = chip_model_object(c->model, oid);

	return o != NULL && o->kind == CHIP_KIND_COUNTER;
}

int
chip_counter_read(struct chip *c, uint16_t oid, uint32_t *value, uint32_t *threshold)
{
	struct buf content = BUF_INIT;
	struct cur cur;
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	if (!is_counter(c, oid))
		r = chip_model_can(c->model, CHIP_CMD_SET_DATA, SET_COUNT) ? HAL_EINVAL
									   : HAL_ENOTSUP;
	else
		r = chip_data_read(c, oid, 0, COUNTER_LEN, &content);
	chip_release(c);
	cur = (struct cur){ content.data, content.len };
	if (r == 0 && (!cur_u32(&cur, value) || !cur_u32(&cur, threshold)))
		r = HAL_EPROTO;
	buf_free(&content);
	return r;
}

int
chip_counter_count(struct chip *c, uint16_t oid, uint8_t step)
{
	static const struct chip_apdu count = {
		.cmd = CHIP_CMD_SET_DATA,
		.param = SET_COUNT,
		.writes = true,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT;
	int r;

	if (step == 0)
		return HAL_EINVAL;
	/* The offset between them means nothing. */
	if ((r = buf_put_u16(&in, oid)) == 0 && (r = buf_put_u16(&in, 0)) == 0 &&
	    (r = buf_put_u8(&in, step)) == 0)
		r = chip_apdu_run(c, &count, &in, NULL);
	buf_free(&in);
	return r;
}
