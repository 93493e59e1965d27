/* Format and codec of the on-chip index; see index.h. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/store/index.h"

#define PART_HEADER             4
#define HEAD_HEADER             14

#define ENTRY_HEADER            3 /* code, length, state */
#define ENTRY_MAX               (2 + 255)
#define FIELD_SHORT             31 /* longest value whose length fits in the field's first byte */

#define CAPACITY(object, parts) ((object)-HEAD_HEADER + ((parts)-1) * ((object)-PART_HEADER))

_Static_assert(CAPACITY(INDEX_OBJECT_M, 4) == INDEX_MAX, "Trust M: parts hold the entries");
_Static_assert(CAPACITY(INDEX_OBJECT_X, 6) >= INDEX_MAX, "Trust X: parts hold the entries");

static const uint8_t mark[3] = { 0x9E, 0x4F, 0x50 };

uint8_t
index_code(uint16_t oid, unsigned n)
{
	if (n > 0)
		return oid >= 0xE0E0 && oid <= 0xE0E3 && n <= 7
			   ? (uint8_t)(0x80 | (oid & 3) << 3 | n)
			   : 0;
	if (oid >> 8 == 0xE0)
		return (uint8_t)oid >= 0xA0 ? (uint8_t)oid : 0;
	if (oid >> 8 == 0xF1)
		return (uint8_t)(oid & 0x7F);
	if (oid == 0xE200)
		return 0x20;
	if (oid >= 0xE120 && oid <= 0xE123)
		return (uint8_t)(0x30 | (oid & 3));
	return 0;
}

/* --- entries and fields -------------------------------------------------------------------- */

struct entry {
	size_t at, len; /* in the body, header included */
	uint8_t state;
	struct cur fields;
};

static bool
take_field(struct cur *c, unsigned *type, struct cur *value)
{
	struct cur t = *c;
	uint8_t first, len;

	if (!cur_u8(&t, &first))
		return false;
	len = first & 0x1F;
	if (len == 0 && (!cur_u8(&t, &len) || len == 0))
		return false;
	if (!cur_bytes(&t, len, &value->p))
		return false;
	value->len = len;
	*type = first >> 5;
	*c = t;
	return true;
}

static bool
take_entry(struct cur *c, uint8_t *code, uint8_t *state, struct cur *fields)
{
	struct cur rest;

	if (!cur_meta_tlv(c, code, &rest) || !cur_u8(&rest, state))
		return false;
	*fields = rest;
	return true;
}

bool
index_valid(const uint8_t *body, size_t len)
{
	struct cur c = { body, len }, fields, value;
	uint8_t code, state;
	unsigned type;

	while (c.len > 0) {
		if (!take_entry(&c, &code, &state, &fields))
			return false;
		while (fields.len > 0)
			if (!take_field(&fields, &type, &value))
				return false;
	}
	return true;
}

bool
index_same(const struct index *a, const struct index *b)
{
	return a->len == b->len && memcmp(a->body, b->body, a->len) == 0;
}

static bool
find_entry(const struct index *ix, uint8_t code, struct entry *e)
{
	struct cur c = { ix->body, ix->len };
	uint8_t found;

	while (c.len > 0) {
		e->at = ix->len - c.len;
		if (!take_entry(&c, &found, &e->state, &e->fields))
			return false;
		e->len = ix->len - c.len - e->at;
		if (found == code)
			return true;
	}
	return false;
}

uint8_t
index_state(const struct index *ix, uint8_t code)
{
	struct entry e;

	return find_entry(ix, code, &e) ? e.state : 0;
}

bool
index_get(const struct index *ix, uint8_t code, unsigned type, struct cur *value)
{
	struct entry e;
	unsigned t;

	if (!find_entry(ix, code, &e))
		return false;
	while (take_field(&e.fields, &t, value))
		if (t == type)
			return true;
	return false;
}

/* Puts n bytes in place of the old bytes at at. */
static int
replace(struct index *ix, size_t at, size_t old, const uint8_t *p, size_t n)
{
	const size_t tail = ix->len - at - old;

	if (n > old && n - old > INDEX_MAX - ix->len)
		return HAL_ETOOBIG;
	memmove(ix->body + at + n, ix->body + at + old, tail);
	if (n > 0)
		memcpy(ix->body + at, p, n);
	ix->len = ix->len - old + n;
	return 0;
}

/* Builds an entry anew: its fields without one type, then that type's new value. */
static int
build_entry(uint8_t code, uint8_t state, struct cur fields, unsigned type, const uint8_t *p,
    size_t len, struct buf *out)
{
	struct cur before, value;
	unsigned t;
	int r;

	if ((r = buf_put_u8(out, code)) != 0 || (r = buf_put_u8(out, 0)) != 0 ||
	    (r = buf_put_u8(out, state)) != 0)
		return r;
	for (before = fields; take_field(&fields, &t, &value); before = fields)
		if (t != type && (r = buf_put(out, before.p, before.len - fields.len)) != 0)
			return r;
	if (len == 0)
		return 0;
	if (len <= FIELD_SHORT)
		r = buf_put_u8(out, (uint8_t)(type << 5 | len));
	else if ((r = buf_put_u8(out, (uint8_t)(type << 5))) == 0)
		r = buf_put_u8(out, (uint8_t)len);
	return r != 0 ? r : buf_put(out, p, len);
}

/* type 8 is no field: only the state changes. */
static int
change_entry(
    struct index *ix, uint8_t code, uint8_t state, unsigned type, const uint8_t *p, size_t len)
{
	struct entry e = { .at = ix->len };
	struct buf b = BUF_INIT;
	int r;

	if (!find_entry(ix, code, &e))
		e = (struct entry){ .at = ix->len };
	if ((r = build_entry(code, state, e.fields, type, p, len, &b)) != 0)
		goto out;
	if (b.len > ENTRY_MAX) {
		r = HAL_ETOOBIG;
		goto out;
	}
	b.data[1] = (uint8_t)(b.len - 2);
	if (b.len == ENTRY_HEADER && state == 0)
		r = replace(ix, e.at, e.len, NULL, 0);
	else
		r = replace(ix, e.at, e.len, b.data, b.len);
out:
	buf_free(&b);
	return r;
}

int
index_set_state(struct index *ix, uint8_t code, uint8_t state)
{
	return change_entry(ix, code, state, 8, NULL, 0);
}

int
index_put(struct index *ix, uint8_t code, unsigned type, const void *p, size_t len)
{
	struct cur now;

	if (type > 7 || len > 255 || code == 0)
		return HAL_EINVAL;
	/* The same again must not move the fields: what is unchanged is not written. */
	if (!index_get(ix, code, type, &now))
		now.len = 0;
	if (now.len == len && (len == 0 || memcmp(now.p, p, len) == 0))
		return 0;
	return change_entry(ix, code, index_state(ix, code), type, p, len);
}

void
index_drop(struct index *ix, uint8_t code)
{
	struct entry e;

	if (find_entry(ix, code, &e))
		(void)replace(ix, e.at, e.len, NULL, 0);
}

/* --- parts --------------------------------------------------------------------------------- */

static uint32_t
crc32(uint32_t crc, const uint8_t *p, size_t len)
{
	crc = ~crc;
	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xEDB88320 & (0 - (crc & 1)));
	}
	return ~crc;
}

static void
put_be(uint8_t *p, uint32_t v, size_t n)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

/* Bytes of entries before a part. */
static size_t
part_start(unsigned part, size_t object)
{
	return part == 0 ? 0 : CAPACITY(object, (size_t)part);
}

unsigned
index_nparts(size_t len, size_t object)
{
	unsigned n = 1;

	while (CAPACITY(object, (size_t)n) < len)
		n++;
	return n;
}

size_t
index_part(const struct index *ix, unsigned part, size_t object, uint8_t *out)
{
	const size_t header = part == 0 ? HEAD_HEADER : PART_HEADER;
	const size_t start = part_start(part, object);
	size_t n = start < ix->len ? ix->len - start : 0;

	if (n > object - header)
		n = object - header;
	memcpy(out, mark, sizeof(mark));
	out[3] = (uint8_t)(INDEX_VERSION << 4 | part);
	if (part == 0) {
		put_be(out + 4, ix->seq, 4);
		put_be(out + 8, (uint32_t)ix->len, 2);
		put_be(out + 10, crc32(crc32(0, out + 4, 6), ix->body, ix->len), 4);
	}
	memcpy(out + header, ix->body + start, n);
	return header + n;
}

enum index_owner
index_owner(const uint8_t *data, size_t len, unsigned *part)
{
	bool zero = true;

	*part = 0;
	if (len >= PART_HEADER && memcmp(data, mark, sizeof(mark)) == 0) {
		*part = data[3] & 0x0F;
		if (data[3] >> 4 > INDEX_VERSION)
			return INDEX_LATER;
		if (data[3] >> 4 == INDEX_VERSION && *part < INDEX_PARTS)
			return INDEX_OURS;
		return INDEX_FOREIGN;
	}
	for (size_t i = 0; i < len; i++)
		zero &= data[i] == 0;
	return zero ? INDEX_FREE : INDEX_FOREIGN;
}

bool
index_head(const uint8_t *data, size_t len, uint32_t *seq, size_t *body_len)
{
	struct cur c = { data, len };
	const uint8_t *p;
	unsigned part;
	uint16_t n;

	if (index_owner(data, len, &part) != INDEX_OURS || part != 0 || len < HEAD_HEADER)
		return false;
	(void)cur_bytes(&c, PART_HEADER, &p);
	if (!cur_u32(&c, seq) || !cur_u16(&c, &n) || n > INDEX_MAX)
		return false;
	*body_len = n;
	return true;
}

bool
index_later(uint32_t a, uint32_t b)
{
	return a != b && a - b < 0x80000000U;
}

int
index_join(struct index *ix, const struct buf parts[INDEX_PARTS], size_t object)
{
	const uint8_t *head = parts[0].data;
	uint8_t crc[4];
	size_t len, got = 0;
	uint32_t seq;

	if (!index_head(head, parts[0].len, &seq, &len))
		return HAL_EFORMAT;
	ix->seq = seq;
	ix->len = len;
	for (unsigned i = 0; i < index_nparts(len, object); i++) {
		const size_t header = i == 0 ? HEAD_HEADER : PART_HEADER;
		size_t n = object - header;
		unsigned part;

		if (n > len - got)
			n = len - got;
		if (index_owner(parts[i].data, parts[i].len, &part) != INDEX_OURS || part != i ||
		    parts[i].len < header + n)
			return HAL_EFORMAT;
		memcpy(ix->body + got, parts[i].data + header, n);
		got += n;
	}
	put_be(crc, crc32(crc32(0, head + 4, 6), ix->body, len), 4);
	if (memcmp(crc, head + 10, sizeof(crc)) != 0 || !index_valid(ix->body, len))
		return HAL_EFORMAT;
	return 0;
}
