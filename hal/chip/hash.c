/*
 * CalcHash: SRM 4.4.1. SHA-256, in steps whose state stays in the chip or travels as an opaque
 * context of the model's size.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"

#define HASH_SHA256 0xE2 /* Param */

/* Data tags: what to do, plus 10 when the bytes are an object's. */
#define TAG_OBJECT 0x10
#define TAG_ABORT  0x04
#define TAG_IMPORT 0x06
#define TAG_EXPORT 0x07

/* Answer. */
#define TAG_DIGEST  0x01
#define TAG_CONTEXT 0x06

static const struct op {
	uint8_t tag;
	bool imports, exports, digest;
	bool starts; /* depends on nothing that the chip has in it */
} ops[] = {
	[CHIP_HASH_START] = { 0x00, false, true, false, true },
	[CHIP_HASH_WHOLE] = { 0x01, false, false, true, true },
	[CHIP_HASH_CONTINUE] = { 0x02, true, true, false, false },
	[CHIP_HASH_FINAL] = { 0x03, true, false, true, false },
	[CHIP_HASH_PEEK] = { 0x05, true, false, true, false },
};

static int
put_input(struct buf *in, const struct op *op, const struct chip_hash_input *what)
{
	struct buf range = BUF_INIT;
	int r;

	if (what->oid == 0)
		return buf_put_tlv(in, op->tag, what->data, what->len);
	if ((r = buf_put_u16(&range, what->oid)) == 0 &&
	    (r = buf_put_u16(&range, what->off)) == 0 && (r = buf_put_u16(&range, what->n)) == 0)
		r = buf_put_tlv(in, op->tag | TAG_OBJECT, range.data, range.len);
	buf_free(&range);
	return r;
}

static int
put_context(struct buf *in, const struct op *op, const struct buf *context)
{
	int r;

	if (op->imports && (r = buf_put_tlv(in, TAG_IMPORT, context->data, context->len)) != 0)
		return r;
	return op->exports ? buf_put_tlv(in, TAG_EXPORT, NULL, 0) : 0;
}

/* The answer holds what was asked for, of exactly its size, and nothing else. */
static int
take_answer(const struct chip *c, const struct op *op, const struct buf *out, struct buf *context,
    uint8_t *digest)
{
	struct cur v;

	if (op->digest) {
		if (!chip_take_tlv(out, TAG_DIGEST, &v) || v.len != CHIP_HASH_LEN)
			return HAL_EPROTO;
		memcpy(digest, v.p, v.len);
		return 0;
	}
	if (context == NULL)
		return out->len == 0 ? 0 : HAL_EPROTO;
	if (!chip_take_tlv(out, TAG_CONTEXT, &v) || v.len != c->model->hash_context)
		return HAL_EPROTO;
	buf_reset(context);
	return buf_put(context, v.p, v.len);
}

static int
step_held(struct chip *c, const struct op *op, const struct chip_hash_input *what,
    struct buf *context, uint8_t *digest)
{
	const struct chip_apdu hash = {
		.cmd = CHIP_CMD_HASH,
		.param = HASH_SHA256,
		.idempotent = op->starts || context != NULL,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT, out = BUF_INIT;
	int r;

	if (context != NULL && op->imports && context->len != c->model->hash_context)
		return HAL_EINVAL;
	if ((r = put_input(&in, op, what)) != 0 ||
	    (context != NULL && (r = put_context(&in, op, context)) != 0) ||
	    (r = chip_apdu_run(c, &hash, &in, &out)) != 0)
		goto out;
	r = take_answer(c, op, &out, context, digest);
out:
	buf_free(&in);
	buf_free(&out);
	return r;
}

int
chip_hash_step(struct chip *c, enum chip_hash_op which, const struct chip_hash_input *what,
    struct buf *context, uint8_t *digest)
{
	const struct op *op;
	int r;

	if ((size_t)which >= NITEMS(ops))
		return HAL_EINVAL;
	op = &ops[which];
	if (op->digest != (digest != NULL) ||
	    (which == CHIP_HASH_WHOLE && (context != NULL || (what->oid == 0 && what->len == 0))))
		return HAL_EINVAL;
	if ((r = chip_acquire(c)) != 0)
		return r;
	r = step_held(c, op, what, context, digest);
	chip_release(c);
	return r;
}

int
chip_hash_abort(struct chip *c)
{
	static const struct chip_apdu hash = {
		.cmd = CHIP_CMD_HASH,
		.param = HASH_SHA256,
		.idempotent = true,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT;
	int r;

	if ((r = buf_put_tlv(&in, TAG_ABORT, NULL, 0)) == 0)
		r = chip_apdu_run(c, &hash, &in, NULL);
	buf_free(&in);
	return r;
}

/* The state stays in the chip, so that no context travels. */
static int
hash_held(struct chip *c, const uint8_t *data, size_t len, uint8_t *digest)
{
	enum chip_hash_op op = CHIP_HASH_START;
	struct chip_hash_input what = { .data = data };
	int r;

	if (len > 0 && len <= APDU_TLV_MAX) {
		what.len = len;
		return chip_hash_step(c, CHIP_HASH_WHOLE, &what, NULL, digest);
	}
	while (len > APDU_TLV_MAX || op == CHIP_HASH_START) {
		what.len = len < APDU_TLV_MAX ? len : APDU_TLV_MAX;
		if ((r = chip_hash_step(c, op, &what, NULL, NULL)) != 0)
			return r;
		what.data = what.len > 0 ? what.data + what.len : what.data;
		len -= what.len;
		op = CHIP_HASH_CONTINUE;
	}
	what.len = len;
	return chip_hash_step(c, CHIP_HASH_FINAL, &what, NULL, digest);
}

int
chip_hash(struct chip *c, const uint8_t *data, size_t len, uint8_t digest[CHIP_HASH_LEN])
{
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	r = hash_held(c, data, len, digest);
	if (chip_chain_lost(r))
		r = hash_held(c, data, len, digest);
	chip_release(c);
	return r;
}
