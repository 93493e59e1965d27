/* C_SetAttributeValue: IDs and labels, kept in the index (D3). PKCS #11 5.7. */
#include <config.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/attr.h"
#include "pkcs11/store/tmpl.h"
#include "pkcs11/store/usage.h"

static int
check(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	unsigned oid;
	int r;

	for (CK_ULONG i = 0; i < n; i++) {
		if (tmpl[i].type == CKA_ID)
			r = usage_id(st, &tmpl[i], &oid);
		else if (tmpl[i].type == CKA_LABEL)
			r = usage_label(&tmpl[i]);
		else
			r = attr_find(o, tmpl[i].type) != NULL ? STORE_EATTR_READONLY
							       : STORE_EATTR_TYPE;
		if (r != 0)
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

static int
set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	const CK_ATTRIBUTE *id = tmpl_find(tmpl, n, CKA_ID);
	const CK_ATTRIBUTE *label = tmpl_find(tmpl, n, CKA_LABEL);
	struct index ix;
	int r;

	if ((r = index_load(st)) != 0)
		return r;
	ix = st->index;
	if (o->kind == OBJ_CERT)
		r = store_put_cert(st, &ix, o, id, label);
	else
		r = store_put_key(st, &ix, o->key, id, label);
	if (r != 0)
		return r;
	return index_save_found(st, &ix);
}

int
store_set(struct store *st, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct object o;
	int r;

	if ((r = store_enter(st)) != 0)
		return r;
	if ((r = object_resolve(st, h, &o)) == 0 && (r = check(st, &o, tmpl, n)) == 0)
		r = set(st, &o, tmpl, n);
	return store_leave(st, r);
}
