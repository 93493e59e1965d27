/* C_GetAttributeValue, and what all objects have in common: PKCS #11 4.4, 5.7. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/store/kind.h"
#include "pkcs11/store/view.h"

int
attr_bool(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)st;
	(void)o;
	return buf_put_u8(out, arg != 0 ? CK_TRUE : CK_FALSE);
}

int
attr_ulong(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	const CK_ULONG v = arg;

	(void)st;
	(void)o;
	return buf_put(out, &v, sizeof(v));
}

int
attr_empty(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)st;
	(void)o;
	(void)arg;
	(void)out;
	return 0;
}

int
attr_oid(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)st;
	(void)arg;
	return buf_put_u16(out, object_oid(o));
}

int
attr_nothing(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)st;
	(void)o;
	(void)arg;
	(void)out;
	return STORE_EATTR_TYPE;
}

int
attr_sensitive(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)st;
	(void)o;
	(void)arg;
	(void)out;
	return STORE_EATTR_SENSITIVE;
}

/* OID, kind and stamp: other bytes for an object that took another one's place. */
int
attr_unique_id(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	char text[64];

	(void)arg;
	(void)snprintf(text, sizeof(text), "%04x-%s-%016llx", object_oid(o), kinds[o->kind]->name,
	    (unsigned long long)object_identity(st, o));
	return buf_put(out, text, strlen(text));
}

static int
put_words(const struct cur *ac, struct buf *out)
{
	char text[160];

	chip_access_words(ac, text, sizeof(text));
	return buf_put(out, text, strlen(text));
}

/* An expression; absent means never. */
static int
put_expression(const struct cur *ac, struct buf *out)
{
	return ac->p != NULL ? buf_put(out, ac->p, ac->len) : buf_put_u8(out, 0xFF);
}

int
attr_meta(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	const struct kind *k = kinds[o->kind];
	const struct chip_meta *m;
	int r;

	if ((r = k->meta(st, o, &m)) != 0)
		return r > 0 ? STORE_EATTR_TYPE : r; /* of some objects the chip tells nothing */
	switch ((enum attr_meta_arg)arg) {
	case ATTR_META_RAW: return buf_put(out, m->raw, m->raw_len);
	case ATTR_META_LCSO:
		return attr_ulong(
		    st, o, m->lcso < 0 ? CHIP_LCS_OPERATIONAL : (unsigned long)m->lcso, out);
	case ATTR_META_USED:
		return m->used < 0 ? STORE_EATTR_TYPE
				   : attr_ulong(st, o, (unsigned long)m->used, out);
	case ATTR_META_MAX:
		return m->max < 0 ? STORE_EATTR_TYPE
				  : attr_ulong(st, o, (unsigned long)m->max, out);
	case ATTR_META_DESTROYABLE: return attr_bool(st, o, k->destroyable(st, o, m), out);
	case ATTR_META_CHANGEABLE: return attr_bool(st, o, access_changeable(st, m), out);
	case ATTR_META_CHANGE: return put_expression(&m->change, out);
	case ATTR_META_READ: return put_expression(&m->read, out);
	case ATTR_META_EXECUTE: return put_expression(&m->execute, out);
	case ATTR_META_CHANGE_WORDS: return put_words(&m->change, out);
	case ATTR_META_READ_WORDS: return put_words(&m->read, out);
	case ATTR_META_EXECUTE_WORDS: return put_words(&m->execute, out);
	}
	return STORE_EATTR_TYPE;
}

static const struct attr *
find_in(const struct attr_table *t, unsigned bit, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].type == type && (t->rows[i].kinds & bit) != 0)
			return &t->rows[i];
	return NULL;
}

const struct attr *
attr_find(const struct store *st, const struct object *o, CK_ATTRIBUTE_TYPE type)
{
	const unsigned bit = kinds[o->kind]->bit(o);
	const struct attr *a = view_attr(st, type);

	if (a == NULL)
		a = find_in(kinds[o->kind]->attributes, bit, type);

	return a != NULL ? a : find_in(&attr_stored, bit, type);
}

int
attr_value(struct store *st, const struct object *o, const struct attr *a, struct buf *out)
{
	const int r = a->get(st, o, a->arg, out);

	/* A public key that cannot be had, or bytes that say nothing: the attribute is not there.
	 */
	return r == STORE_ENOPUBKEY || r == HAL_EFORMAT ? STORE_EATTR_TYPE : r;
}

static int
answer(struct store *st, const struct object *o, CK_ATTRIBUTE *at, struct buf *value)
{
	const struct attr *a = attr_find(st, o, at->type);
	const CK_ULONG room = at->ulValueLen;
	int r = STORE_EATTR_TYPE;

	at->ulValueLen = CK_UNAVAILABLE_INFORMATION;
	buf_reset(value);
	if (a == NULL || (r = attr_value(st, o, a, value)) != 0)
		return r;
	if (at->pValue != NULL && room < value->len)
		return STORE_EBUFFER;
	if (at->pValue != NULL && value->len != 0)
		memcpy(at->pValue, value->data, value->len);
	at->ulValueLen = value->len;
	return 0;
}

/* Which of two errors a call with both tells; errors of chip and host before all. */
static int
weight(int r)
{
	switch (r) {
	case 0: return 0;
	case STORE_EBUFFER: return 1;
	case STORE_EATTR_TYPE: return 2;
	case STORE_EATTR_SENSITIVE: return 3;
	default: return 4;
	}
}

int
store_attributes(struct store *st, CK_OBJECT_HANDLE h, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct buf value = BUF_INIT;
	struct object o;
	int worst = 0, r;

	if ((r = store_enter(st)) != 0)
		return r;
	if ((r = object_resolve(st, h, &o)) != 0)
		return store_leave(st, r);
	for (CK_ULONG i = 0; i < n; i++) {
		if (weight(worst) == 4) { /* the chip is not to be asked again */
			tmpl[i].ulValueLen = CK_UNAVAILABLE_INFORMATION;
			continue;
		}
		r = answer(st, &o, &tmpl[i], &value);
		if (weight(r) > weight(worst))
			worst = r;
	}
	buf_free(&value);
	return store_leave(st, worst);
}
