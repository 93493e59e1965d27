/*
 * SetObjectProtected: SRM 4.4.1. One TLV per command: the manifest starts, fragments of exactly
 * 640 bytes continue, the last one (1..640) ends. The chip checks everything else.
 */
#include <config.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"

#define MANIFEST_CBOR 0x01 /* Param */

#define TAG_START     0x30
#define TAG_FINAL     0x31
#define TAG_CONTINUE  0x32

static int
send(struct chip *c, uint8_t tag, const uint8_t *p, size_t len)
{
	const struct chip_apdu apdu = {
		.cmd = CHIP_CMD_SET_PROTECTED,
		.param = MANIFEST_CBOR,
		/* A start drops the one before and changes nothing yet. */
		.idempotent = tag == TAG_START,
		.writes = tag != TAG_START,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT;
	int r;

	if ((r = buf_put_tlv(&in, tag, p, len)) == 0)
		r = chip_apdu_run(c, &apdu, &in, NULL);
	buf_free(&in);
	return r;
}

int
chip_protected_update(struct chip *c, const uint8_t *manifest, size_t manifest_len,
    const uint8_t *fragments, size_t len)
{
	int r;

	if (manifest_len == 0 || len == 0)
		return HAL_EINVAL;
	if (manifest_len > APDU_TLV_MAX)
		return HAL_ETOOBIG;
	if ((r = chip_acquire(c)) != 0)
		return r;
	r = send(c, TAG_START, manifest, manifest_len);
	for (; r == 0 && len > CHIP_FRAGMENT_LEN; len -= CHIP_FRAGMENT_LEN) {
		r = send(c, TAG_CONTINUE, fragments, CHIP_FRAGMENT_LEN);
		fragments += CHIP_FRAGMENT_LEN;
	}
	if (r == 0)
		r = send(c, TAG_FINAL, fragments, len);
	chip_release(c);
	return r;
}
