/* Attributes of data objects and secret keys: PKCS #11 4.5, 4.10, 2.6.2, 2.8.2. */
#include <config.h>

#include "hal/base/err.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/kind.h"
#include "pkcs11/store/mechanisms.h"

static int
get_id(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return plain_id(st, object_oid(o), out);
}

static int
get_label(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return plain_label(st, object_oid(o), out);
}

/* A field of the index, empty when it is not there. */
static int
get_field(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	struct cur v;
	int r;

	if ((r = index_load(st)) != 0)
		return r;
	if (!index_get(&st->index, index_code(object_oid(o), 0), (unsigned)arg, &v))
		return 0;
	return buf_put(out, v.p, v.len);
}

static int
get_value(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	int r;

	(void)arg;
	if ((r = data_meta(st, o->data)) != 0)
		return r;
	if (data_type_secret(o->data->meta.type))
		return STORE_EATTR_SENSITIVE;
	if ((r = data_load(st, o->data)) != 0)
		return r;
	if (o->data->unreadable)
		return STORE_EATTR_SENSITIVE;
	return buf_put(out, o->data->raw.data, o->data->raw.len);
}

static int
get_key_type(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return attr_ulong(st, o, o->data != NULL ? CKK_GENERIC_SECRET : CKK_AES, out);
}

static int
get_usage(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	return attr_bool(st, o, (secret_usage(st, o) & arg) != 0, out);
}

static int
get_value_len(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	size_t len;
	int r;

	(void)arg;
	if ((r = kinds[o->kind]->size(st, o, &len)) != 0)
		return r;
	return attr_ulong(st, o, len, out);
}

/* The first three bytes of a block of zeros, encrypted (PKCS #11 4.10.2). */
static int
get_check_value(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	static const uint8_t zeros[CHIP_BLOCK];
	struct buf block = BUF_INIT;
	int r;

	(void)arg;
	r = chip_encrypt(
	    st->chip, CHIP_CIPHER_ECB, object_oid(o), NULL, zeros, sizeof(zeros), &block);
	if (r == 0)
		r = buf_put(out, block.data, 3);
	buf_free(&block);
	return r > 0 ? STORE_EATTR_TYPE : r; /* refused: not for us to know */
}

static int
get_mechanisms(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return mechanisms_put(chip_model(st->chip), o->data != NULL ? CKK_GENERIC_SECRET : CKK_AES,
	    secret_usage(st, o), out);
}

/* Whether the chip made the AES key that is in E200 now. */
static bool
is_local(const struct store *st)
{
	const uint8_t code = index_code(OID_AES, 0);
	struct cur alg;

	return (index_state(&st->index, code) & INDEX_STATE_GENERATED) != 0 &&
	       index_get(&st->index, code, INDEX_ALG, &alg) && alg.len == 1 &&
	       alg.p[0] == st->aes.meta.alg;
}

static int
get_local(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	int r;

	(void)arg;
	if ((r = index_load(st)) != 0)
		return r;
	return attr_bool(st, o, is_local(st), out);
}

static int
get_gen_mechanism(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	int r;

	(void)arg;
	if ((r = index_load(st)) != 0)
		return r;
	return attr_ulong(st, o, is_local(st) ? CKM_AES_KEY_GEN : CK_UNAVAILABLE_INFORMATION, out);
}

static const struct attr data_rows[] = {
	{ CKA_CLASS, ATTR_DATA, ATTR_FREE, attr_ulong, CKO_DATA, false },
	{ CKA_TOKEN, ATTR_DATA, ATTR_FREE, attr_bool, 1, false },
	{ CKA_PRIVATE, ATTR_DATA, ATTR_FREE, attr_bool, 0, false },
	{ CKA_COPYABLE, ATTR_DATA, ATTR_FREE, attr_bool, 1, false },
	{ CKA_OPTIGA_OID, ATTR_DATA, ATTR_FREE, attr_oid, 0, false },
	{ CKA_OPTIGA_OFFSET, ATTR_DATA, ATTR_FREE, attr_nothing, 0, true },
	{ CKA_ID, ATTR_DATA, ATTR_INDEX, get_id, 0, true },
	{ CKA_LABEL, ATTR_DATA, ATTR_INDEX, get_label, 0, true },
	{ CKA_APPLICATION, ATTR_DATA, ATTR_INDEX, get_field, INDEX_APPLICATION, true },
	{ CKA_OBJECT_ID, ATTR_DATA, ATTR_INDEX, get_field, INDEX_OBJECT_ID, true },
	{ CKA_UNIQUE_ID, ATTR_DATA, ATTR_META, attr_unique_id, 0, false },
	{ CKA_MODIFIABLE, ATTR_DATA, ATTR_META, attr_meta, ATTR_META_CHANGEABLE, false },
	{ CKA_DESTROYABLE, ATTR_DATA, ATTR_META, attr_meta, ATTR_META_DESTROYABLE, false },
	{ CKA_VALUE, ATTR_DATA, ATTR_READ, get_value, 0, true },
};
const struct attr_table attr_data = { data_rows, NITEMS(data_rows) };

#define BOTH (ATTR_AES | ATTR_GENERIC)

static const struct attr secret_rows[] = {
	{ CKA_CLASS, BOTH, ATTR_FREE, attr_ulong, CKO_SECRET_KEY, false },
	{ CKA_KEY_TYPE, BOTH, ATTR_FREE, get_key_type, 0, false },
	{ CKA_TOKEN, BOTH, ATTR_FREE, attr_bool, 1, false },
	{ CKA_PRIVATE, BOTH, ATTR_FREE, attr_bool, 0, false },
	{ CKA_MODIFIABLE, BOTH, ATTR_FREE, attr_bool, 1, false },
	{ CKA_COPYABLE, BOTH, ATTR_FREE, attr_bool, 0, false },
	{ CKA_START_DATE, BOTH, ATTR_FREE, attr_empty, 0, false },
	{ CKA_END_DATE, BOTH, ATTR_FREE, attr_empty, 0, false },
	{ CKA_OPTIGA_OID, BOTH, ATTR_FREE, attr_oid, 0, false },
	{ CKA_SENSITIVE, BOTH, ATTR_FREE, attr_bool, 1, false },
	{ CKA_EXTRACTABLE, BOTH, ATTR_FREE, attr_bool, 0, false },
	{ CKA_WRAP, BOTH, ATTR_FREE, attr_bool, 0, false },
	{ CKA_UNWRAP, BOTH, ATTR_FREE, attr_bool, 0, false },
	{ CKA_WRAP_WITH_TRUSTED, BOTH, ATTR_FREE, attr_bool, 0, false },
	{ CKA_TRUSTED, BOTH, ATTR_FREE, attr_bool, 0, false },
	{ CKA_VALUE, BOTH, ATTR_FREE, attr_sensitive, 0, false },
	/* A secret was written, or may have been: its history is not known. */
	{ CKA_LOCAL, ATTR_GENERIC, ATTR_FREE, attr_bool, 0, false },
	{ CKA_ALWAYS_SENSITIVE, ATTR_GENERIC, ATTR_FREE, attr_bool, 0, false },
	{ CKA_NEVER_EXTRACTABLE, ATTR_GENERIC, ATTR_FREE, attr_bool, 0, false },
	{ CKA_KEY_GEN_MECHANISM, ATTR_GENERIC, ATTR_FREE, attr_ulong, CK_UNAVAILABLE_INFORMATION,
	    false },
	{ CKA_ENCRYPT, ATTR_GENERIC, ATTR_FREE, attr_bool, 0, false },
	{ CKA_DECRYPT, ATTR_GENERIC, ATTR_FREE, attr_bool, 0, false },
	{ CKA_DERIVE, ATTR_AES, ATTR_FREE, attr_bool, 0, false },

	{ CKA_ID, BOTH, ATTR_INDEX, get_id, 0, true },
	{ CKA_LABEL, BOTH, ATTR_INDEX, get_label, 0, true },

	{ CKA_LOCAL, ATTR_AES, ATTR_META, get_local, 0, false },
	{ CKA_ALWAYS_SENSITIVE, ATTR_AES, ATTR_META, get_local, 0, false },
	{ CKA_NEVER_EXTRACTABLE, ATTR_AES, ATTR_META, get_local, 0, false },
	{ CKA_KEY_GEN_MECHANISM, ATTR_AES, ATTR_META, get_gen_mechanism, 0, false },
	{ CKA_ENCRYPT, ATTR_AES, ATTR_META, get_usage, CHIP_USE_ENC, false },
	{ CKA_DECRYPT, ATTR_AES, ATTR_META, get_usage, CHIP_USE_ENC, false },
	{ CKA_SIGN, ATTR_AES, ATTR_META, get_usage, CHIP_USE_ENC, false },
	{ CKA_VERIFY, ATTR_AES, ATTR_META, get_usage, CHIP_USE_ENC, false },
	{ CKA_SIGN, ATTR_GENERIC, ATTR_META, get_usage, CHIP_USE_SIGN, false },
	{ CKA_VERIFY, ATTR_GENERIC, ATTR_META, get_usage, CHIP_USE_SIGN, false },
	{ CKA_DERIVE, ATTR_GENERIC, ATTR_META, get_usage, CHIP_USE_KEYAGREE, false },
	{ CKA_VALUE_LEN, BOTH, ATTR_META, get_value_len, 0, false },
	{ CKA_ALLOWED_MECHANISMS, BOTH, ATTR_META, get_mechanisms, 0, false },
	{ CKA_UNIQUE_ID, BOTH, ATTR_META, attr_unique_id, 0, false },
	{ CKA_DESTROYABLE, BOTH, ATTR_META, attr_meta, ATTR_META_DESTROYABLE, false },
	{ CKA_CHECK_VALUE, ATTR_AES, ATTR_READ, get_check_value, 0, false },
};
const struct attr_table attr_secret = { secret_rows, NITEMS(secret_rows) };
