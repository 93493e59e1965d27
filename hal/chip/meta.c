/*
 * Metadata: SRM chapter "Metadata expression". A block is "20 len" and TLVs with one byte of tag
 * and one of length, at most 44 bytes in all.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"

#define META_BLOCK   0x20
#define META_TLV_MAX 42 /* 44 bytes without the header of the block */
#define META_LCSO    0xC0

#define META_GET     0x01 /* Param of GetDataObject and SetDataObject */
#define META_SET     0x01

/* What the tags hold: a number of min..max bytes, or an access condition. */
static const struct meta_tag {
	uint8_t tag;
	bool access;
	uint8_t min, max;
	size_t where; /* in struct chip_meta */
} tags[] = {
	{ META_LCSO, false, 1, 1, offsetof(struct chip_meta, lcso) },
	{ 0xC1, false, 2, 2, offsetof(struct chip_meta, version) },
	{ 0xC4, false, 1, 2, offsetof(struct chip_meta, max) },
	{ 0xC5, false, 1, 2, offsetof(struct chip_meta, used) },
	{ 0xD0, true, 1, 255, offsetof(struct chip_meta, change) },
	{ 0xD1, true, 1, 255, offsetof(struct chip_meta, read) },
	{ 0xD3, true, 1, 255, offsetof(struct chip_meta, execute) },
	{ 0xD8, true, 1, 255, offsetof(struct chip_meta, update) },
	{ 0xE0, false, 1, 1, offsetof(struct chip_meta, alg) },
	{ 0xE1, false, 1, 1, offsetof(struct chip_meta, usage) },
	{ 0xE8, false, 1, 1, offsetof(struct chip_meta, type) },
	{ 0xF0, false, 1, 1, offsetof(struct chip_meta, reset_type) },
};

static const struct meta_tag *
meta_tag_find(uint8_t tag)
{
	for (size_t i = 0; i < NITEMS(tags); i++)
		if (tags[i].tag == tag)
			return &tags[i];
	return NULL;
}

static void
meta_init(struct chip_meta *m)
{
	memset(m, 0, sizeof(*m));
	for (size_t i = 0; i < NITEMS(tags); i++)
		if (!tags[i].access)
			memcpy((char *)m + tags[i].where, &(int){ -1 }, sizeof(int));
}

static int
meta_take(struct chip_meta *m, const struct meta_tag *t, const struct cur *v)
{
	int n = 0;

	if (v->len < t->min || v->len > t->max)
		return HAL_EPROTO;
	if (t->access) {
		memcpy((char *)m + t->where, v, sizeof(*v));
		return 0;
	}
	for (size_t i = 0; i < v->len; i++)
		n = n << 8 | v->p[i];
	memcpy((char *)m + t->where, &n, sizeof(n));
	return 0;
}

int
chip_meta_parse(const uint8_t *raw, size_t len, struct chip_meta *m)
{
	uint8_t seen[256 / 8] = { 0 };
	struct cur c, v;
	uint8_t tag;
	int r;

	meta_init(m);
	if (len < 2 || len > sizeof(m->raw) || raw[0] != META_BLOCK || raw[1] != len - 2)
		return HAL_EPROTO;
	memcpy(m->raw, raw, len);
	m->raw_len = len;
	c = (struct cur){ m->raw + 2, len - 2 };
	while (c.len > 0) {
		const struct meta_tag *t;

		if (!cur_meta_tlv(&c, &tag, &v) || (seen[tag / 8] & 1 << tag % 8) != 0)
			return HAL_EPROTO;
		seen[tag / 8] |= (uint8_t)(1 << tag % 8);
		/* Tags of later chips are kept in raw and otherwise ignored. */
		if ((t = meta_tag_find(tag)) != NULL && (r = meta_take(m, t, &v)) != 0)
			return r;
	}
	if (m->used < 0)
		m->used = m->max;
	return 0;
}

int
chip_meta_read(struct chip *c, uint16_t oid, struct chip_meta *m)
{
	static const struct chip_apdu get = {
		.cmd = CHIP_CMD_GET_DATA,
		.param = META_GET,
		.idempotent = true,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT, out = BUF_INIT;
	int r;

	if ((r = buf_put_u16(&in, oid)) != 0 || (r = chip_apdu_run(c, &get, &in, &out)) != 0)
		goto out;
	if ((r = chip_meta_parse(out.data, out.len, m)) != 0)
		log_debug("%04X: metadata of %zu bytes cannot be understood", oid, out.len);
out:
	buf_free(&in);
	buf_free(&out);
	return r;
}

/* Well-formed TLVs, no tag twice; *lcso tells whether the life cycle state is among them. */
static bool
meta_tlvs_valid(const uint8_t *tlvs, size_t len, bool *lcso)
{
	struct chip_meta m;
	uint8_t block[2 + META_TLV_MAX] = { META_BLOCK, (uint8_t)len };

	memcpy(block + 2, tlvs, len);
	if (chip_meta_parse(block, 2 + len, &m) != 0)
		return false;
	*lcso = m.lcso >= 0;
	return true;
}

int
chip_meta_write(struct chip *c, uint16_t oid, const uint8_t *tlvs, size_t len)
{
	struct chip_apdu set = {
		.cmd = CHIP_CMD_SET_DATA,
		.param = META_SET,
		.writes = true,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT;
	bool lcso;
	int r;

	if (len == 0)
		return HAL_EINVAL;
	if (len > META_TLV_MAX)
		return HAL_ETOOBIG;
	if (!meta_tlvs_valid(tlvs, len, &lcso))
		return HAL_EINVAL;
	/* A state that was reached may refuse the same command the second time (SRM 5.5). */
	set.idempotent = !lcso;
	if ((r = buf_put_u16(&in, oid)) != 0 || (r = buf_put_u16(&in, 0)) != 0 ||
	    (r = buf_put_u8(&in, META_BLOCK)) != 0 || (r = buf_put_u8(&in, (uint8_t)len)) != 0 ||
	    (r = buf_put(&in, tlvs, len)) != 0)
		goto out;
	r = chip_apdu_run(c, &set, &in, NULL);
out:
	buf_free(&in);
	return r;
}
