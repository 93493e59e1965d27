/* GetRandom: SRM 4.4.1. One command gives 8 to 256 bytes, to the host, a session or both. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"

#define RANDOM_TRNG   0x00 /* Param */
#define RANDOM_SECRET 0x04
#define TAG_PREFIX    0x41
#define RANDOM_MIN    8
#define RANDOM_MAX    256

static int
random_block(struct chip *c, uint8_t *out, size_t len)
{
	static const struct chip_apdu get = {
		.cmd = CHIP_CMD_RANDOM,
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

/* length(2) session(2) and prefix; the session then holds prefix || random. */
static int
random_session(struct chip *c, uint8_t param, uint16_t session, const uint8_t *prefix,
    size_t prefix_len, size_t len, struct buf *out)
{
	const struct chip_apdu get = {
		.cmd = CHIP_CMD_RANDOM,
		.param = param,
		.idempotent = true, /* other bytes replace those of before */
		.deadline_ms = APDU_DEADLINE_MS,
	};
	const size_t max = c->model->session_max;
	struct buf in = BUF_INIT;
	int r;

	if (len > max || prefix_len > max - len)
		return HAL_ETOOBIG;
	if ((r = buf_put_u16(&in, (uint16_t)len)) == 0 && (r = buf_put_u16(&in, session)) == 0 &&
	    (r = buf_put_tlv(&in, TAG_PREFIX, prefix, prefix_len)) == 0)
		r = chip_apdu_run(c, &get, &in, out);
	buf_free(&in);
	return r;
}

int
chip_random_secret(
    struct chip *c, uint16_t session, const uint8_t *prefix, size_t prefix_len, size_t len)
{
	struct buf out = BUF_INIT;
	int r;

	if (!chip_oid_is_session(session) || len < RANDOM_MIN || len > RANDOM_MAX)
		return HAL_EINVAL;
	if ((r = chip_acquire(c)) != 0)
		return r;
	r = random_session(c, RANDOM_SECRET, session, prefix, prefix_len, len, &out);
	chip_release(c);
	if (r == 0 && out.len != 0)
		r = HAL_EPROTO;
	buf_free(&out);
	return r;
}

int
chip_random_challenge(struct chip *c, uint16_t session, const uint8_t *prefix, size_t prefix_len,
    uint8_t *out, size_t len)
{
	struct buf bytes = BUF_INIT;
	int r;

	if (!chip_oid_is_session(session) || len < RANDOM_MIN || len > RANDOM_MAX)
		return HAL_EINVAL;
	if ((r = chip_acquire(c)) != 0)
		return r;
	/* Only who can verify an authorization stores its random bytes. */
	if (!chip_model_can(c->model, CHIP_CMD_DECRYPT_SYM, CHIP_MAC_HMAC_SHA256))
		r = HAL_ENOTSUP;
	else
		r = random_session(c, RANDOM_TRNG, session, prefix, prefix_len, len, &bytes);
	chip_release(c);
	if (r == 0 && bytes.len != len)
		r = HAL_EPROTO;
	if (r == 0)
		memcpy(out, bytes.data, len);
	buf_free(&bytes);
	return r;
}
