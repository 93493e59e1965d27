/*
 * Setting an object's metadata: life cycle, access conditions, or any tags (SRM "Metadata
 * expression"). The chip takes one command for all of them, which is what makes "lock it with
 * these conditions" one step. While LcsO is below operational every condition can be changed
 * again; raising LcsO is what can never be taken back.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/kind.h"
#include "pkcs11/store/tmpl.h"

#define TAG_BLOCK 0x20
#define TAG_LCSO  0xC0

/* Attributes that are one tag each. */
static const struct {
	CK_ATTRIBUTE_TYPE type;
	uint8_t tag;
} conditions[] = {
	{ CKA_OPTIGA_CHANGE, 0xD0 },
	{ CKA_OPTIGA_READ, 0xD1 },
	{ CKA_OPTIGA_EXECUTE, 0xD3 },
};

/* The chip's own, automatic ones: maximum and used size, key algorithm. */
static bool
is_automatic(uint8_t tag)
{
	return tag == 0xC4 || tag == 0xC5 || tag == 0xE0;
}

static bool
find_tag(const uint8_t *tlvs, size_t len, uint8_t tag, struct cur *value)
{
	struct cur c = { tlvs, len };
	uint8_t t;

	while (c.len > 0 && cur_meta_tlv(&c, &t, value))
		if (t == tag)
			return true;
	return false;
}

/* One tag into the change, unless the object has it so already. */
static int
take_tag(struct meta_change *c, const struct chip_meta *m, uint8_t tag, const struct cur *value)
{
	struct cur now;

	if (m->raw_len >= 2 && find_tag(m->raw + 2, m->raw_len - 2, tag, &now) &&
	    now.len == value->len && memcmp(now.p, value->p, now.len) == 0)
		return 0;
	if (is_automatic(tag)) {
		log_info("metadata tag %02X is the chip's own to set", tag);
		return STORE_EATTR_VALUE;
	}
	if (find_tag(c->tags, c->len, tag, &now))
		return STORE_ECONFLICT;
	if (value->len > 0xFF || value->len + 2 > sizeof(c->tags) - c->len)
		return STORE_EATTR_VALUE;
	c->tags[c->len++] = tag;
	c->tags[c->len++] = (uint8_t)value->len;
	if (value->len > 0)
		memcpy(c->tags + c->len, value->p, value->len);
	c->len += value->len;
	return 0;
}

static int
take_block(struct meta_change *c, const struct chip_meta *m, const CK_ATTRIBUTE *a)
{
	const uint8_t *p = a->pValue;
	struct chip_meta parsed;
	struct cur in, value;
	uint8_t tag;
	int r;

	if (a->ulValueLen < 2 || chip_meta_parse(p, a->ulValueLen, &parsed) != 0) {
		log_info(
		    "CKA_OPTIGA_METADATA is no block of metadata (%02X length tags)", TAG_BLOCK);
		return STORE_EATTR_VALUE;
	}
	in = (struct cur){ p + 2, a->ulValueLen - 2 };
	while (in.len > 0) {
		if (!cur_meta_tlv(&in, &tag, &value))
			return STORE_EATTR_VALUE;
		if ((r = take_tag(c, m, tag, &value)) != 0)
			return r;
	}
	return 0;
}

static int
take_attributes(
    struct meta_change *c, const struct chip_meta *m, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	const CK_ATTRIBUTE *block = tmpl_find(tmpl, n, CKA_OPTIGA_METADATA);
	CK_ULONG lcs = 0;
	uint8_t state;
	struct cur value;
	int r;

	if (block != NULL && (r = take_block(c, m, block)) != 0)
		return r;
	if ((r = tmpl_ulong(tmpl, n, CKA_OPTIGA_LIFE_CYCLE, &lcs)) != 0)
		return r;
	state = (uint8_t)lcs;
	value = (struct cur){ &state, 1 };
	if (tmpl_find(tmpl, n, CKA_OPTIGA_LIFE_CYCLE) != NULL &&
	    (r = lcs > 0xFF ? STORE_EATTR_VALUE : take_tag(c, m, TAG_LCSO, &value)) != 0)
		return r;
	for (size_t i = 0; i < NITEMS(conditions); i++) {
		const CK_ATTRIBUTE *a = tmpl_find(tmpl, n, conditions[i].type);

		if (a == NULL)
			continue;
		value = (struct cur){ a->pValue, a->ulValueLen };
		if (value.len == 0)
			return STORE_EATTR_VALUE;
		if ((r = take_tag(c, m, conditions[i].tag, &value)) != 0)
			return r;
	}
	return 0;
}

static bool
concerns(const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	bool yes = tmpl_find(tmpl, n, CKA_OPTIGA_METADATA) != NULL ||
		   tmpl_find(tmpl, n, CKA_OPTIGA_LIFE_CYCLE) != NULL;

	for (size_t i = 0; i < NITEMS(conditions); i++)
		yes |= tmpl_find(tmpl, n, conditions[i].type) != NULL;
	return yes;
}

int
meta_meant(const CK_ATTRIBUTE *tmpl, CK_ULONG n, uint16_t oid, const char *what)
{
	bool meant = false;
	int r;

	if ((r = tmpl_bool(tmpl, n, CKA_OPTIGA_IRREVERSIBLE, &meant)) != 0)
		return r;
	if (meant) {
		log_info("%04X: done for good: %s", oid, what);
		return 0;
	}
	log_info("%04X: %s; if that is meant, say CKA_OPTIGA_IRREVERSIBLE", oid, what);
	return STORE_EPROHIBITED;
}

/* Refused here with a reason that the chip would not give. */
static int
check_allowed(uint16_t oid, const struct chip_meta *m, const struct meta_change *c)
{
	struct cur lcso;

	if (m->lcso < 0) {
		log_info("%04X: the chip lets nobody change this object's rules", oid);
		return STORE_EPROHIBITED;
	}
	if (!find_tag(c->tags, c->len, TAG_LCSO, &lcso))
		lcso = (struct cur){ 0 };
	if (lcso.p != NULL &&
	    (lcso.len != 1 || lcso.p[0] < m->lcso ||
		(lcso.p[0] != CHIP_LCS_INITIALIZATION && lcso.p[0] != CHIP_LCS_OPERATIONAL &&
		    lcso.p[0] != CHIP_LCS_TERMINATION))) {
		log_info("%04X: the life cycle goes from %d upwards only: 3, 7, 15", oid, m->lcso);
		return STORE_EATTR_VALUE;
	}
	if (m->lcso >= CHIP_LCS_OPERATIONAL && (lcso.p == NULL || c->len > 2 + lcso.len)) {
		log_info("%04X is operational: its rules are fixed", oid);
		return STORE_EPROHIBITED;
	}
	return 0;
}

int
meta_change(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
    struct meta_change *c)
{
	const uint16_t oid = object_oid(o);
	const struct chip_meta *m;
	struct cur lcso;
	int r;

	c->len = 0;
	if (!concerns(tmpl, n))
		return 0;
	if ((r = kinds[o->kind]->meta(st, o, &m)) != 0 ||
	    (r = take_attributes(c, m, tmpl, n)) != 0 || c->len == 0 ||
	    (r = check_allowed(oid, m, c)) != 0 || (r = index_not_ours(st, oid)) != 0)
		return r;
	if (!find_tag(c->tags, c->len, TAG_LCSO, &lcso))
		return 0;
	return meta_meant(tmpl, n, oid, "a raised life cycle state never goes back");
}

int
meta_apply(struct store *st, uint16_t oid, const struct meta_change *c)
{
	int r;

	if (c->len == 0)
		return 0;
	r = chip_meta_write(st->chip, oid, c->tags, c->len);
	store_forget(st);
	return r;
}
