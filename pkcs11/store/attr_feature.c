/*
 * Attributes of counters, profiles and chip objects: PKCS #11 4.3.3 (v2.40), 4.15 (v3.0), and
 * ours (optiga-pkcs11.h).
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/feature.h"

/* --- counters ------------------------------------------------------------------------------- */

/* arg 0: the value, four bytes big-endian; 1: the threshold. */
static int
get_counter(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	uint32_t value, threshold;
	int r;

	if ((r = chip_counter_read(st->chip, o->chip->oid, &value, &threshold)) != 0)
		return r > 0 ? STORE_EATTR_SENSITIVE : r;
	return arg == 0 ? buf_put_u32(out, value) : attr_ulong(st, o, threshold, out);
}

static int
get_label(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return plain_label(st, object_oid(o), out);
}

static const struct attr counter_rows[] = {
	{ CKA_CLASS, ATTR_COUNTER, ATTR_FREE, attr_ulong, CKO_HW_FEATURE, false },
	{ CKA_HW_FEATURE_TYPE, ATTR_COUNTER, ATTR_FREE, attr_ulong, CKH_MONOTONIC_COUNTER, false },
	{ CKA_TOKEN, ATTR_COUNTER, ATTR_FREE, attr_bool, 1, false },
	{ CKA_PRIVATE, ATTR_COUNTER, ATTR_FREE, attr_bool, 0, false },
	{ CKA_RESET_ON_INIT, ATTR_COUNTER, ATTR_FREE, attr_bool, 0, false },
	{ CKA_OPTIGA_OID, ATTR_COUNTER, ATTR_FREE, attr_oid, 0, false },
	{ CKA_OPTIGA_COUNT_ADD, ATTR_COUNTER, ATTR_FREE, attr_nothing, 0, true },
	{ CKA_LABEL, ATTR_COUNTER, ATTR_INDEX, get_label, 0, true },
	{ CKA_UNIQUE_ID, ATTR_COUNTER, ATTR_META, attr_unique_id, 0, false },
	/* One that anybody may write may have been reset. */
	{ CKA_HAS_RESET, ATTR_COUNTER, ATTR_META, attr_meta, ATTR_META_CHANGEABLE, false },
	{ CKA_OPTIGA_THRESHOLD, ATTR_COUNTER, ATTR_READ, get_counter, 1, true },
	{ CKA_VALUE, ATTR_COUNTER, ATTR_READ, get_counter, 0, false },
};
const struct attr_table attr_counter = { counter_rows, NITEMS(counter_rows) };

/* --- profiles ------------------------------------------------------------------------------- */

static int
get_profile(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return attr_ulong(st, o, profiles[o->n].id, out);
}

static int
get_profile_label(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)st;
	(void)arg;
	return buf_put(out, profiles[o->n].name, strlen(profiles[o->n].name));
}

static const struct attr profile_rows[] = {
	{ CKA_CLASS, ATTR_PROFILE, ATTR_FREE, attr_ulong, CKO_PROFILE, false },
	{ CKA_PROFILE_ID, ATTR_PROFILE, ATTR_FREE, get_profile, 0, false },
	{ CKA_TOKEN, ATTR_PROFILE, ATTR_FREE, attr_bool, 1, false },
	{ CKA_PRIVATE, ATTR_PROFILE, ATTR_FREE, attr_bool, 0, false },
	{ CKA_MODIFIABLE, ATTR_PROFILE, ATTR_FREE, attr_bool, 0, false },
	{ CKA_COPYABLE, ATTR_PROFILE, ATTR_FREE, attr_bool, 0, false },
	{ CKA_DESTROYABLE, ATTR_PROFILE, ATTR_FREE, attr_bool, 0, false },
	{ CKA_LABEL, ATTR_PROFILE, ATTR_FREE, get_profile_label, 0, false },
	{ CKA_UNIQUE_ID, ATTR_PROFILE, ATTR_FREE, attr_unique_id, 0, false },
};
const struct attr_table attr_profile = { profile_rows, NITEMS(profile_rows) };

/* --- chip objects --------------------------------------------------------------------------- */

static int
get_name(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)st;
	(void)arg;
	return buf_put(out, o->chip->name, strlen(o->chip->name));
}

/*
 * Content where the chip shows it; keys and session contexts have none, and a secret is one even
 * while its conditions are not set yet.
 */
static int
get_content(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	const struct chip_meta *m;
	int r;

	(void)arg;
	if (o->chip->max == 0 || o->chip->kind == CHIP_KIND_BINDING)
		return STORE_EATTR_SENSITIVE;
	r = kinds[o->kind]->meta(st, o, &m);
	if (r < 0 || (r == 0 && data_type_secret(m->type)))
		return r < 0 ? r : STORE_EATTR_SENSITIVE;
	r = chip_data_read(st->chip, o->chip->oid, 0, o->chip->max, out);
	return r > 0 ? STORE_EATTR_SENSITIVE : r;
}

static const struct attr chip_rows[] = {
	{ CKA_CLASS, ATTR_CHIP, ATTR_FREE, attr_ulong, CKO_OPTIGA_CHIP_OBJECT, false },
	{ CKA_TOKEN, ATTR_CHIP, ATTR_FREE, attr_bool, 1, false },
	{ CKA_PRIVATE, ATTR_CHIP, ATTR_FREE, attr_bool, 0, false },
	{ CKA_COPYABLE, ATTR_CHIP, ATTR_FREE, attr_bool, 0, false },
	{ CKA_DESTROYABLE, ATTR_CHIP, ATTR_FREE, attr_bool, 0, false },
	{ CKA_LABEL, ATTR_CHIP, ATTR_FREE, get_name, 0, false },
	{ CKA_UNIQUE_ID, ATTR_CHIP, ATTR_FREE, attr_unique_id, 0, false },
	{ CKA_OPTIGA_OID, ATTR_CHIP, ATTR_FREE, attr_oid, 0, false },
	{ CKA_OPTIGA_OFFSET, ATTR_CHIP, ATTR_FREE, attr_nothing, 0, true },
	{ CKA_MODIFIABLE, ATTR_CHIP, ATTR_META, attr_meta, ATTR_META_CHANGEABLE, false },
	{ CKA_OPTIGA_PAIR, ATTR_CHIP, ATTR_FREE, attr_nothing, 0, true },
	{ CKA_OPTIGA_SECRET, ATTR_CHIP, ATTR_FREE, attr_sensitive, 0, true },
	{ CKA_VALUE, ATTR_CHIP, ATTR_READ, get_content, 0, true },
	{ CKA_OPTIGA_PAIRED, ATTR_CHIP, ATTR_READ, binding_paired, 0, true },
	{ CKA_OPTIGA_FACTORY_SECRET, ATTR_CHIP, ATTR_READ, binding_factory, 0, false },
};
const struct attr_table attr_chip = { chip_rows, NITEMS(chip_rows) };

/* --- of all that is stored ------------------------------------------------------------------ */

#define SIZED (ATTR_CERT | ATTR_DATA | ATTR_GENERIC | ATTR_COUNTER | ATTR_CHIP)
#define META(type, kinds, what, settable)                                                          \
	{                                                                                          \
		(type), (kinds), ATTR_READ, attr_meta, ATTR_META_##what, (settable)                \
	}

static const struct attr stored_rows[] = {
	META(CKA_OPTIGA_METADATA, ATTR_STORED, RAW, true),
	META(CKA_OPTIGA_LIFE_CYCLE, ATTR_STORED, LCSO, true),
	META(CKA_OPTIGA_CHANGE, ATTR_STORED, CHANGE, true),
	META(CKA_OPTIGA_READ, ATTR_STORED, READ, true),
	META(CKA_OPTIGA_EXECUTE, ATTR_STORED, EXECUTE, true),
	META(CKA_OPTIGA_CHANGE_WORDS, ATTR_STORED, CHANGE_WORDS, false),
	META(CKA_OPTIGA_READ_WORDS, ATTR_STORED, READ_WORDS, false),
	META(CKA_OPTIGA_EXECUTE_WORDS, ATTR_STORED, EXECUTE_WORDS, false),
	META(CKA_OPTIGA_USED_SIZE, SIZED, USED, false),
	META(CKA_OPTIGA_MAX_SIZE, SIZED, MAX, false),
	{ CKA_OPTIGA_IRREVERSIBLE, ATTR_STORED, ATTR_FREE, attr_nothing, 0, true },
};
const struct attr_table attr_stored = { stored_rows, NITEMS(stored_rows) };
