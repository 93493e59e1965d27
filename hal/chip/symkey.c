/* GenSymKey: SRM 4.4.1. */
#include <config.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"

#define TAG_KEY_OID   0x01 /* of the command */
#define TAG_KEY_USAGE 0x02
#define TAG_KEY       0x01 /* of the response */

static size_t
aes_len(enum chip_alg alg)
{
	switch (alg) {
	case CHIP_ALG_AES128: return 16;
	case CHIP_ALG_AES192: return 24;
	case CHIP_ALG_AES256: return 32;
	default: return 0;
	}
}

static int
check_slot(const struct chip *c, uint16_t oid, enum chip_alg alg)
{
	const struct chip_object *o = chip_model_object(c->model, oid);

	if (!chip_model_can(c->model, CHIP_CMD_GEN_SYM, (int)alg))
		return HAL_ENOTSUP;
	return o != NULL && o->kind == CHIP_KIND_AES_KEY ? 0 : HAL_EINVAL;
}

int
chip_symkey(struct chip *c, uint16_t oid, enum chip_alg alg, uint8_t usage)
{
	const struct chip_apdu gen = {
		.cmd = CHIP_CMD_GEN_SYM,
		.param = (uint8_t)alg,
		.writes = true,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT;
	int r;

	if (aes_len(alg) == 0 || usage == 0)
		return HAL_EINVAL;
	if ((r = chip_acquire(c)) != 0)
		return r;
	if ((r = check_slot(c, oid, alg)) == 0 && (r = chip_put_oid(&in, TAG_KEY_OID, oid)) == 0 &&
	    (r = buf_put_tlv(&in, TAG_KEY_USAGE, &usage, 1)) == 0)
		r = chip_apdu_run(c, &gen, &in, NULL);
	chip_release(c);
	buf_free(&in);
	return r;
}

int
chip_symkey_export(struct chip *c, enum chip_alg alg, struct buf *key)
{
	const struct chip_apdu gen = {
		.cmd = CHIP_CMD_GEN_SYM,
		.param = (uint8_t)alg,
		.idempotent = true, /* nothing is stored */
		.deadline_ms = APDU_DEADLINE_MS,
	};
	const size_t len = aes_len(alg);
	struct buf in = BUF_INIT, out = BUF_INIT;
	struct cur v;
	int r;

	if (len == 0)
		return HAL_EINVAL;
	if ((r = chip_put_target(&in, CHIP_EXPORT)) != 0 ||
	    (r = chip_apdu_run(c, &gen, &in, &out)) != 0)
		goto out;
	r = HAL_EPROTO;
	if (!chip_take_tlv(&out, TAG_KEY, &v) || v.len != len)
		goto out;
	buf_reset(key);
	r = buf_put(key, v.p, v.len);
out:
	buf_free(&in);
	buf_free(&out);
	return r;
}
