/* Reading and writing the two copies of the index (index.h). */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/internal.h"

#define FIRST_OID 0xF1D4 /* of copy A; copy B follows it */

/* Bytes of one data object of this model. */
static size_t
object_size(const struct store *st)
{
	const struct chip_object *o = chip_model_object(chip_model(st->chip), FIRST_OID);

	return o->max < INDEX_OBJECT_M ? INDEX_OBJECT_X : INDEX_OBJECT_M;
}

static unsigned
nparts(const struct store *st, size_t len)
{
	return index_nparts(len, object_size(st));
}

static uint16_t
part_oid(const struct store *st, int copy, unsigned part)
{
	return (uint16_t)(FIRST_OID + (unsigned)copy * nparts(st, INDEX_MAX) + part);
}

static struct index_part_cache *
part_cache(struct store *st, int copy, unsigned part)
{
	return &st->parts[copy * INDEX_PARTS + (int)part];
}

/* Content of one object, once. What the chip refuses to show is not ours. */
static int
part_read(struct store *st, int copy, unsigned part)
{
	struct index_part_cache *p = part_cache(st, copy, part);
	int r;

	if (p->known)
		return 0;
	buf_reset(&p->data);
	r = chip_data_read(st->chip, part_oid(st, copy, part), 0, object_size(st), &p->data);
	if (r < 0)
		return r;
	p->unreadable = r > 0;
	p->known = true;
	return 0;
}

static enum index_owner
part_owner(struct store *st, int copy, unsigned part)
{
	const struct index_part_cache *p = part_cache(st, copy, part);
	unsigned n;

	return p->unreadable ? INDEX_FOREIGN : index_owner(p->data.data, p->data.len, &n);
}

static bool
part_of_oid(struct store *st, uint16_t oid, int *copy, unsigned *part)
{
	const unsigned n = nparts(st, INDEX_MAX);

	if (oid < FIRST_OID || oid >= FIRST_OID + 2 * n)
		return false;
	*copy = (int)((oid - FIRST_OID) / n);
	*part = (oid - FIRST_OID) % n;
	return true;
}

bool
index_part_named(struct store *st, uint16_t oid)
{
	unsigned part;
	int copy;

	return part_of_oid(st, oid, &copy, &part);
}

int
index_part_look(struct store *st, uint16_t oid, bool *yes, enum index_owner *owner)
{
	unsigned part;
	int copy, r;

	*yes = part_of_oid(st, oid, &copy, &part);
	if (!*yes)
		return 0;
	if ((r = part_read(st, copy, part)) != 0)
		return r;
	*owner = part_owner(st, copy, part);
	return 0;
}

int
index_not_ours(struct store *st, uint16_t oid)
{
	enum index_owner owner;
	bool indexed;
	int r;

	if ((r = index_part_look(st, oid, &indexed, &owner)) != 0 || !indexed)
		return r;
	if (owner != INDEX_OURS && owner != INDEX_LATER)
		return 0;
	log_error("%04X holds labels, IDs and public keys of this module", oid);
	return STORE_EPROHIBITED;
}

void
index_part_forget(struct store *st, uint16_t oid)
{
	unsigned part;
	int copy;

	if (part_of_oid(st, oid, &copy, &part))
		part_cache(st, copy, part)->known = false;
}

/* The copy into ix; HAL_EFORMAT when it is none. Reads no more parts than it has. */
static int
copy_read(struct store *st, int copy, struct index *ix)
{
	struct buf parts[INDEX_PARTS];
	uint32_t seq;
	size_t len;
	int r;

	for (unsigned i = 0; i < INDEX_PARTS; i++)
		parts[i] = (struct buf)BUF_INIT;
	parts[0] = part_cache(st, copy, 0)->data;
	if (!index_head(parts[0].data, parts[0].len, &seq, &len))
		return HAL_EFORMAT;
	for (unsigned i = 1; i < nparts(st, len); i++) {
		if ((r = part_read(st, copy, i)) != 0)
			return r;
		parts[i] = part_cache(st, copy, i)->data; /* borrowed */
	}
	return index_join(ix, parts, object_size(st));
}

/* The copy whose head names the later sequence number; either when only one has a head. */
static int
later_copy(struct store *st)
{
	const struct buf *a = &part_cache(st, 0, 0)->data, *b = &part_cache(st, 1, 0)->data;
	uint32_t seq_a, seq_b;
	size_t len;
	const bool has_a = index_head(a->data, a->len, &seq_a, &len);
	const bool has_b = index_head(b->data, b->len, &seq_b, &len);

	return has_b && (!has_a || index_later(seq_b, seq_a)) ? 1 : 0;
}

int
index_load(struct store *st)
{
	int copy, r;

	if (st->index_known)
		return 0;
	if ((r = part_read(st, 0, 0)) != 0 || (r = part_read(st, 1, 0)) != 0)
		return r;
	copy = later_copy(st);
	for (int i = 0; i < 2; i++, copy = 1 - copy) {
		r = copy_read(st, copy, &st->index);
		if (r == 0) {
			st->index_copy = copy;
			st->index_known = true;
			return 0;
		}
		if (r != HAL_EFORMAT)
			return r;
	}
	st->index.seq = 0;
	st->index.len = 0;
	st->index_copy = -1;
	st->index_known = true;
	return 0;
}

/*
 * Whether an object may be written: ours, or all zero, of no type and not locked. Metadata is
 * read only for an object that is not ours yet.
 */
static int
part_usable(struct store *st, int copy, unsigned part, bool *yes)
{
	struct chip_meta m;
	int r;

	*yes = false;
	if ((r = part_read(st, copy, part)) != 0)
		return r;
	switch (part_owner(st, copy, part)) {
	case INDEX_OURS: *yes = true; return 0;
	case INDEX_FREE: break;
	case INDEX_LATER:
		log_info("%04X: index of a later version of this module", part_oid(st, copy, part));
		return 0;
	case INDEX_FOREIGN: return 0;
	}
	if ((r = chip_meta_read(st->chip, part_oid(st, copy, part), &m)) != 0)
		return r < 0 ? r : 0;
	*yes = m.type <= 0 && access_changeable(st, &m);
	return 0;
}

int
index_room(struct store *st, size_t len)
{
	bool yes;
	int r;

	if (len > INDEX_MAX) {
		log_info(
		    "no room for labels, IDs and public keys: %zu bytes, %d fit", len, INDEX_MAX);
		return STORE_EFULL;
	}
	for (int copy = 0; copy < 2; copy++)
		for (unsigned i = 0; i < nparts(st, len); i++) {
			if ((r = part_usable(st, copy, i, &yes)) != 0)
				return r;
			if (!yes) {
				log_info("%04X holds something else: no room for labels, IDs and "
					 "public keys",
				    part_oid(st, copy, i));
				return STORE_EFULL;
			}
		}
	return 0;
}

static int
part_write(struct store *st, int copy, unsigned part, const struct index *ix)
{
	struct index_part_cache *p = part_cache(st, copy, part);
	uint8_t bytes[INDEX_OBJECT_MAX];
	const size_t n = index_part(ix, part, object_size(st), bytes);
	int r;

	if (p->data.len >= n && memcmp(p->data.data, bytes, n) == 0)
		return 0;
	r = chip_data_write(st->chip, part_oid(st, copy, part), 0, bytes, n, CHIP_ERASE_WRITE);
	if (r != 0)
		return r;
	buf_reset(&p->data);
	return buf_put(&p->data, bytes, n);
}

int
index_save(struct store *st, const struct index *ix)
{
	struct index next = *ix;
	int copy, r;

	if ((r = index_load(st)) != 0)
		return r;
	if (index_same(ix, &st->index))
		return 0;
	if ((r = index_room(st, ix->len)) != 0)
		return r;
	copy = st->index_copy == 0 ? 1 : 0;
	next.seq = st->index.seq + 1;
	for (unsigned i = nparts(st, next.len); i-- > 0;)
		if ((r = part_write(st, copy, i, &next)) != 0)
			return r;
	st->index = next;
	st->index_copy = copy;
	return 0;
}

int
index_save_found(struct store *st, const struct index *ix)
{
	struct index more = *ix;
	int r;

	key_record_found(st, &more);
	r = index_save(st, &more);
	return r == STORE_EFULL && more.len != ix->len ? index_save(st, ix) : r;
}
