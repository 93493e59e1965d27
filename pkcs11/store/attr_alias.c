/*
 * Attributes of a public key that shows once more as data (struct store_view): PKCS #11 4.5. Its
 * value is the SubjectPublicKeyInfo, as the vendor's sample keeps it.
 */
#include <config.h>

#include "hal/base/err.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/attr.h"

static int
get_id(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return key_id(st, o->key, out);
}

static int
get_label(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return key_label(st, o->key, out);
}

static int
get_value(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	int r;

	(void)arg;
	if ((r = key_public(st, o->key, PUB_RECOVER)) != 0)
		return r;
	return buf_put(out, o->key->spki.data, o->key->spki.len);
}

#define ROW(type, cost, get, arg)                                                                  \
	{                                                                                          \
		(type), ATTR_ALIAS, (cost), (get), (arg), false                                    \
	}

static const struct attr rows[] = {
	ROW(CKA_CLASS, ATTR_FREE, attr_ulong, CKO_DATA),
	ROW(CKA_TOKEN, ATTR_FREE, attr_bool, 1),
	ROW(CKA_PRIVATE, ATTR_FREE, attr_bool, 0),
	ROW(CKA_MODIFIABLE, ATTR_FREE, attr_bool, 0),
	ROW(CKA_COPYABLE, ATTR_FREE, attr_bool, 0),
	ROW(CKA_DESTROYABLE, ATTR_FREE, attr_bool, 0),
	ROW(CKA_APPLICATION, ATTR_FREE, attr_empty, 0),
	ROW(CKA_OBJECT_ID, ATTR_FREE, attr_empty, 0),
	ROW(CKA_OPTIGA_OID, ATTR_FREE, attr_oid, 0),
	ROW(CKA_ID, ATTR_INDEX, get_id, 0),
	ROW(CKA_LABEL, ATTR_INDEX, get_label, 0),
	ROW(CKA_UNIQUE_ID, ATTR_META, attr_unique_id, 0),
	ROW(CKA_VALUE, ATTR_READ, get_value, 0),
};
const struct attr_table attr_alias = { rows, NITEMS(rows) };
