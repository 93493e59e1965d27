/* C_SetAttributeValue: names, kept in the index (D3), and values of data. PKCS #11 5.7. */
#include <config.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/der.h"
#include "pkcs11/store/kind.h"
#include "pkcs11/store/tmpl.h"
#include "pkcs11/store/usage.h"

/* CKA_OBJECT_ID: an OBJECT IDENTIFIER in DER, or nothing. */
static int
check_object_id(const CK_ATTRIBUTE *a)
{
	size_t total;

	if (a->ulValueLen == 0)
		return 0;
	if (a->pValue != NULL && a->ulValueLen <= INDEX_DER_MAX &&
	    der_length(a->pValue, a->ulValueLen, DER_OID, INDEX_DER_MAX, &total) &&
	    total == a->ulValueLen)
		return 0;
	log_info("CKA_OBJECT_ID is no DER object identifier of at most %d bytes", INDEX_DER_MAX);
	return STORE_EATTR_VALUE;
}

int
store_check_name(struct store *st, const CK_ATTRIBUTE *a)
{
	unsigned oid;

	switch (a->type) {
	case CKA_ID: return usage_id(st, a, &oid);
	case CKA_LABEL:
	case CKA_APPLICATION: return usage_label(a);
	case CKA_OBJECT_ID: return check_object_id(a);
	default: return 0;
	}
}

static int
check(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	int r;

	for (CK_ULONG i = 0; i < n; i++) {
		const struct attr *a = attr_find(st, o, tmpl[i].type);

		if (a == NULL)
			return STORE_EATTR_TYPE;
		if (!a->settable)
			return STORE_EATTR_READONLY;
		if ((r = store_check_name(st, &tmpl[i])) != 0)
			return r;
		if (tmpl_find(tmpl, i, tmpl[i].type) != NULL)
			return STORE_ECONFLICT;
	}
	return 0;
}

/* An ID that is the OID of anything but the object itself would name two things. */
static int
check_id(struct store *st, uint16_t own, const CK_ATTRIBUTE *id)
{
	unsigned oid;
	int r;

	if ((r = usage_id(st, id, &oid)) != 0)
		return r;
	if (oid == 0 || oid == own)
		return 0;
	log_info("CKA_ID %04x is the name of another object of the chip", oid);
	return STORE_EATTR_VALUE;
}

int
store_put_key(struct store *st, struct index *ix, const struct key *k, const CK_ATTRIBUTE *id,
    const CK_ATTRIBUTE *label)
{
	int r;

	if ((r = check_id(st, k->row->oid, id)) != 0 ||
	    (r = usage_put_id(ix, key_code(k), k->row->oid, id)) != 0)
		return r;
	return usage_put_label(ix, key_code(k), k->row->oid, label);
}

/*
 * A certificate has the ID of its key, and maybe a label of its own. Of one without a key the
 * ID is its own; those of issuers in a chain follow from their place.
 */
int
store_put_cert(struct store *st, struct index *ix, const struct object *o, const CK_ATTRIBUTE *id,
    const CK_ATTRIBUTE *label)
{
	const unsigned n = (unsigned)(o->cert - o->slot->certs);
	const uint8_t code = index_code(o->slot->row->oid, n);
	const struct key *k;
	int r;

	if ((r = cert_pair(st, o->slot, o->cert, &k)) != 0)
		return r;
	if (k != NULL)
		r = store_put_key(st, ix, k, id, NULL);
	else if (id != NULL && (r = check_id(st, o->slot->row->oid, id)) == 0)
		r = n == 0 ? usage_put_id(ix, code, o->slot->row->oid, id)
			   : index_put(ix, code, INDEX_ID, id->pValue, id->ulValueLen);
	if (r == 0 && label != NULL)
		r = index_put(ix, code, INDEX_LABEL, label->pValue, label->ulValueLen);
	return r == HAL_ETOOBIG ? STORE_EFULL : r;
}

int
store_put_names(
    struct store *st, struct index *ix, uint16_t oid, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		unsigned field;
	} fields[] = {
		{ CKA_APPLICATION, INDEX_APPLICATION },
		{ CKA_OBJECT_ID, INDEX_OBJECT_ID },
	};
	const CK_ATTRIBUTE *id = tmpl_find(tmpl, n, CKA_ID);
	const uint8_t code = index_code(oid, 0);
	int r;

	if ((r = check_id(st, oid, id)) != 0 || (r = usage_put_id(ix, code, oid, id)) != 0 ||
	    (r = usage_put_label(ix, code, oid, tmpl_find(tmpl, n, CKA_LABEL))) != 0)
		return r;
	for (size_t i = 0; i < NITEMS(fields) && r == 0; i++) {
		const CK_ATTRIBUTE *a = tmpl_find(tmpl, n, fields[i].type);

		if (a != NULL)
			r = index_put(ix, code, fields[i].field, a->pValue, a->ulValueLen);
	}
	return r == HAL_ETOOBIG ? STORE_EFULL : r;
}

int
key_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct index ix = st->index;
	const int r = store_put_key(
	    st, &ix, o->key, tmpl_find(tmpl, n, CKA_ID), tmpl_find(tmpl, n, CKA_LABEL));

	return r != 0 ? r : index_save_found(st, &ix);
}

int
cert_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct index ix = st->index;
	const int r =
	    store_put_cert(st, &ix, o, tmpl_find(tmpl, n, CKA_ID), tmpl_find(tmpl, n, CKA_LABEL));

	return r != 0 ? r : index_save_found(st, &ix);
}

int
secret_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct index ix = st->index;
	const int r = store_put_names(st, &ix, object_oid(o), tmpl, n);

	return r != 0 ? r : index_save_found(st, &ix);
}

/* --- values of data ------------------------------------------------------------------------- */

struct rewrite {
	const CK_ATTRIBUTE *value;
	CK_ULONG at;
	bool partial;
};

static int
take_rewrite(
    struct store *st, struct data_slot *d, const CK_ATTRIBUTE *tmpl, CK_ULONG n, struct rewrite *w)
{
	const size_t max = data_max(st, d);
	int r;

	w->value = tmpl_find(tmpl, n, CKA_VALUE);
	w->partial = tmpl_find(tmpl, n, CKA_OPTIGA_OFFSET) != NULL;
	if ((r = tmpl_ulong(tmpl, n, CKA_OPTIGA_OFFSET, &w->at)) != 0)
		return r;
	if (w->value == NULL)
		return w->partial ? STORE_ETEMPLATE : 0;
	if (w->value->ulValueLen == 0) {
		log_info("%04X: a data object cannot be empty; destroy it instead", d->oid);
		return STORE_EATTR_VALUE;
	}
	if (w->at > max || w->value->ulValueLen > max - w->at) {
		log_info("%04X: %lu bytes at %lu are too much: %zu fit", d->oid,
		    w->value->ulValueLen, w->at, max);
		return STORE_EFULL;
	}
	return data_unlocked(st, d);
}

/* Names have their room before the value is written, and are written after it. */
int
data_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct index ix = st->index;
	struct rewrite w = { 0 };
	struct cur bytes;
	int r;

	if ((r = take_rewrite(st, o->data, tmpl, n, &w)) != 0 ||
	    (r = store_put_names(st, &ix, o->data->oid, tmpl, n)) != 0)
		return r;
	if (w.value == NULL)
		return index_save_found(st, &ix);
	if (!index_same(&ix, &st->index) && (r = index_room(st, ix.len)) != 0)
		return r;
	bytes = (struct cur){ w.value->pValue, w.value->ulValueLen };
	r = data_write(st, o->data, w.at, &bytes, w.partial ? CHIP_WRITE : CHIP_ERASE_WRITE);
	return r != 0 ? r : index_save_found(st, &ix);
}

int
store_set(struct store *st, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct meta_change change;
	struct object o;
	int r;

	if ((r = store_enter(st)) != 0)
		return r;
	/* Metadata last: it may lock the object. */
	if ((r = object_resolve(st, h, &o)) == 0 && (r = check(st, &o, tmpl, n)) == 0 &&
	    (r = index_load(st)) == 0 && (r = meta_change(st, &o, tmpl, n, &change)) == 0 &&
	    (r = kinds[o.kind]->set(st, &o, tmpl, n)) == 0)
		r = meta_apply(st, object_oid(&o), &change);
	return store_leave(st, r);
}
