/*
 * Kinds of objects that only show when asked for: counters (hardware features), profiles, and
 * every object of the chip as it is.
 */
#include <config.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/feature.h"
#include "pkcs11/store/tmpl.h"

#define FIRST_COUNTER      0xE120
#define NCOUNTERS          4
#define COUNT_MAX          255 /* of one command */
#define THRESHOLD_AT       4   /* behind the value; SRM "Counter" */

#define OID_LCS_GLOBAL     0xE0C0
#define OID_BINDING_SECRET 0xE140
#define OID_LCS_APP        0xF1C0

/* --- what they have in common --------------------------------------------------------------- */

static int
always_exists(struct store *st, struct object *o, bool *yes)
{
	(void)st;
	(void)o;
	*yes = true;
	return 0;
}

static uint64_t
no_stamp(struct store *st, const struct object *o)
{
	(void)st;
	(void)o;
	return 0;
}

static uint16_t
chip_oid(const struct object *o)
{
	return o->chip->oid;
}

static int
other_meta(struct store *st, const struct object *o, const struct chip_meta **mp)
{
	int r;

	*mp = &st->other.meta;
	if (st->other.meta_known && st->other_oid == o->chip->oid)
		return 0;
	st->other.meta_known = false;
	if ((r = chip_meta_read(st->chip, o->chip->oid, &st->other.meta)) != 0)
		return r;
	st->other.meta_known = true;
	st->other_oid = o->chip->oid;
	return 0;
}

static bool
stays(struct store *st, const struct object *o, const struct chip_meta *m)
{
	(void)st;
	(void)o;
	(void)m;
	return false;
}

static int
refuse_destroy(struct store *st, const struct object *o)
{
	(void)st;
	(void)o;
	log_info("this object is part of the chip: it cannot be destroyed");
	return STORE_EPROHIBITED;
}

static int
other_size(struct store *st, const struct object *o, size_t *sizep)
{
	const struct chip_meta *m;
	const int r = other_meta(st, o, &m);

	*sizep = r == 0 && m->used >= 0 ? (size_t)m->used : o->chip->max;
	return r < 0 ? r : 0;
}

/* --- counters ------------------------------------------------------------------------------- */

static bool
counter_at(struct store *st, size_t i, struct object *o)
{
	if (i >= NCOUNTERS)
		return false;
	o->chip = chip_model_object(chip_model(st->chip), (uint16_t)(FIRST_COUNTER + i));
	return o->chip != NULL;
}

static unsigned
counter_bit(const struct object *o)
{
	(void)o;
	return ATTR_COUNTER;
}

static int
set_threshold(struct store *st, const struct object *o, CK_ULONG threshold)
{
	const uint8_t bytes[] = { (uint8_t)(threshold >> 24), (uint8_t)(threshold >> 16),
		(uint8_t)(threshold >> 8), (uint8_t)threshold };
	const struct chip_meta *m;
	int r;

	if (threshold > 0xFFFFFFFF)
		return STORE_EATTR_VALUE;
	if ((r = other_meta(st, o, &m)) != 0)
		return r;
	if (!access_changeable(st, m)) {
		log_info("%04X is locked: its threshold stays", o->chip->oid);
		return STORE_EPROHIBITED;
	}
	return chip_data_write(
	    st->chip, o->chip->oid, THRESHOLD_AT, bytes, sizeof(bytes), CHIP_WRITE);
}

int
counter_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct index ix = st->index;
	CK_ULONG add = 1, threshold = 0;
	int r;

	if ((r = tmpl_ulong(tmpl, n, CKA_OPTIGA_COUNT_ADD, &add)) != 0 ||
	    (r = tmpl_ulong(tmpl, n, CKA_OPTIGA_THRESHOLD, &threshold)) != 0 ||
	    (r = store_put_names(st, &ix, o->chip->oid, tmpl, n)) != 0)
		return r;
	if (add < 1 || add > COUNT_MAX) {
		log_info("%04X counts by 1 to %d at a time", o->chip->oid, COUNT_MAX);
		return STORE_EATTR_VALUE;
	}
	if (tmpl_find(tmpl, n, CKA_OPTIGA_THRESHOLD) != NULL &&
	    (r = set_threshold(st, o, threshold)) != 0)
		return r;
	if (tmpl_find(tmpl, n, CKA_OPTIGA_COUNT_ADD) != NULL &&
	    (r = chip_counter_count(st->chip, o->chip->oid, (uint8_t)add)) != 0)
		return r;
	return index_save_found(st, &ix);
}

const struct kind kind_counter = {
	.name = "counter",
	.attributes = &attr_counter,
	.search = KIND_BY_CLASS,
	.at = counter_at,
	.oid = chip_oid,
	.exists = always_exists,
	.stamp = no_stamp,
	.bit = counter_bit,
	.meta = other_meta,
	.destroyable = stays,
	.size = other_size,
	.set = counter_set,
	.destroy = refuse_destroy,
};

/* --- profiles ------------------------------------------------------------------------------- */

/*
 * Hidden from searches that do not name the class: clients of v2.40 do not know it and print
 * what they do not know as a fault.
 */
const struct profile profiles[] = {
	{ CKP_BASELINE_PROVIDER, "Baseline Provider" },
	{ CKP_PUBLIC_CERTIFICATES_TOKEN, "Public Certificates Token" },
};

static bool
profile_at(struct store *st, size_t i, struct object *o)
{
	(void)st;
	o->n = (unsigned)i;
	return i < NITEMS(profiles);
}

static uint16_t
profile_oid(const struct object *o)
{
	return (uint16_t)o->n;
}

static unsigned
profile_bit(const struct object *o)
{
	(void)o;
	return ATTR_PROFILE;
}

static int
no_meta(struct store *st, const struct object *o, const struct chip_meta **mp)
{
	(void)st;
	(void)o;
	*mp = NULL;
	return STORE_EATTR_TYPE;
}

static int
no_size(struct store *st, const struct object *o, size_t *sizep)
{
	(void)st;
	(void)o;
	*sizep = 0;
	return 0;
}

/* No attribute of it can be set. */
static int
set_nothing(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	(void)st;
	(void)o;
	(void)tmpl;
	(void)n;
	return 0;
}

const struct kind kind_profile = {
	.name = "profile",
	.attributes = &attr_profile,
	.search = KIND_BY_CLASS,
	.at = profile_at,
	.oid = profile_oid,
	.exists = always_exists,
	.stamp = no_stamp,
	.bit = profile_bit,
	.meta = no_meta,
	.destroyable = stays,
	.size = no_size,
	.set = set_nothing,
	.destroy = refuse_destroy,
};

/* --- chip objects --------------------------------------------------------------------------- */

static bool
chip_at(struct store *st, size_t i, struct object *o)
{
	o->chip = chip_model_object_at(chip_model(st->chip), i);
	return o->chip != NULL;
}

static unsigned
chip_bit(const struct object *o)
{
	(void)o;
	return ATTR_CHIP;
}

/* What must not be written byte by byte, whatever the chip says. */
static int
check_content(struct store *st, uint16_t oid, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	if (oid == OID_BINDING_SECRET) {
		log_info("%04X is the secret of the encrypted connection: pair chip and host to "
			 "change it",
		    oid);
		return STORE_EPROHIBITED;
	}
	if (oid == OID_LCS_GLOBAL || oid == OID_LCS_APP)
		return meta_meant(tmpl, n, oid, "a life cycle state never goes back");
	return index_not_ours(st, oid);
}

int
chip_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	const CK_ATTRIBUTE *value = tmpl_find(tmpl, n, CKA_VALUE);
	const bool partial = tmpl_find(tmpl, n, CKA_OPTIGA_OFFSET) != NULL;
	CK_ULONG at = 0;
	int r;

	if ((r = binding_set(st, o, tmpl, n)) != 0 ||
	    (r = tmpl_ulong(tmpl, n, CKA_OPTIGA_OFFSET, &at)) != 0)
		return r;
	if (value == NULL)
		return partial ? STORE_ETEMPLATE : 0;
	if (o->chip->max == 0) {
		log_info("%04X has no content that could be written", o->chip->oid);
		return STORE_EATTR_READONLY;
	}
	if (value->ulValueLen == 0)
		return STORE_EATTR_VALUE;
	if (at > o->chip->max || value->ulValueLen > o->chip->max - at) {
		log_info("%04X: %lu bytes at %lu are too much: %zu fit", o->chip->oid,
		    value->ulValueLen, at, o->chip->max);
		return STORE_EFULL;
	}
	if ((r = check_content(st, o->chip->oid, tmpl, n)) != 0)
		return r;
	r = chip_data_write(st->chip, o->chip->oid, at, value->pValue, value->ulValueLen,
	    partial ? CHIP_WRITE : CHIP_ERASE_WRITE);
	store_forget(st); /* certificates, data, public keys: whatever it was */
	return r;
}

const struct kind kind_chip = {
	.name = "chip",
	.attributes = &attr_chip,
	.search = KIND_BY_CLASS_OR_OID,
	.at = chip_at,
	.oid = chip_oid,
	.exists = always_exists,
	.stamp = no_stamp,
	.bit = chip_bit,
	.meta = other_meta,
	.destroyable = stays,
	.size = other_size,
	.set = chip_set,
	.destroy = refuse_destroy,
};
