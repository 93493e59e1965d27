/* GetRandom: SRM 4.4.1. One command gives 8 to 256 bytes. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"

#define RANDOM_TRNG 0x00 /* Param */
#define RANDOM_MIN  8
#define RANDOM_MAX  256

static int
random_block(struct chip *c, uint8_t *out, size_t len)
{
	static const struct chip_apdu get = {
		.cmd = APDU_RANDOM,
		.param = RANDOM_TRNG,
		.idempotent = true,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	const size_t n = len < RANDOM_MIN ? RANDOM_MIN : len;
	struct buf in = BUF_INIT, data = BUF_INIT;
	int r;

	if ((r = buf_put_u16(&in, (uint16_t)n)) != 0 ||
	    (r = chip_apdu_run(c, &get, &in, &data)) != 0)
		goto out;
	if (data.len != n) {
		r = HAL_EPROTO;
		goto out;
	}
	memcpy(out, data.data, len);
out:
	buf_free(&in);
	buf_free(&data);
	return r;
}

int
chip_random(struct chip *c, uint8_t *out, size_t len)
{
	const size_t all = len;
	uint8_t *p = out;
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	while (len > 0 && r == 0) {
		const size_t n = len < RANDOM_MAX ? len : RANDOM_MAX;

		r = random_block(c, p, n);
		p += n;
		len -= n;
	}
	chip_release(c);
	if (r != 0)
		explicit_bzero(out, all);
	return r;
}
