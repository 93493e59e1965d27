/*
 * Attributes of private and public keys: PKCS #11 4.7-4.9, 2.1.2, 2.1.3, 2.3.3, 2.3.4; and of a
 * public key that shows once more as data (struct store_view): 4.5.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/attr.h"
#include "pkcs11/store/der.h"
#include "pkcs11/store/mechanisms.h"
#include "pkcs11/store/spki.h"

static int
get_class(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return attr_ulong(st, o, o->kind == OBJ_PRIVATE ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY, out);
}

static int
get_key_type(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return attr_ulong(st, o, o->key->row->rsa ? CKK_RSA : CKK_EC, out);
}

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

/* Whether the key may be used for any of the usages in arg. */
static int
get_usage(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	int r;

	if ((r = key_meta(st, o->key)) != 0)
		return r;
	return attr_bool(
	    st, o, o->key->meta.usage > 0 && ((unsigned)o->key->meta.usage & arg) != 0, out);
}

static int
get_local(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	int r;

	(void)arg;
	if ((r = key_meta(st, o->key)) != 0 || (r = index_load(st)) != 0)
		return r;
	return attr_bool(st, o, key_local(st, o->key), out);
}

static int
get_gen_mechanism(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	int r;

	(void)arg;
	if ((r = key_meta(st, o->key)) != 0 || (r = index_load(st)) != 0)
		return r;
	if (!key_local(st, o->key))
		return attr_ulong(st, o, CK_UNAVAILABLE_INFORMATION, out);
	return attr_ulong(
	    st, o, o->key->row->rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, out);
}

static int
get_mechanisms(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	int r;

	(void)arg;
	if ((r = key_meta(st, o->key)) != 0)
		return r;
	if (o->key->meta.usage < 0)
		return 0;
	return mechanisms_put(chip_model(st->chip), o->key->row->rsa ? CKK_RSA : CKK_EC,
	    (unsigned)o->key->meta.usage, out);
}

static int
get_ec_params(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	const struct chip_keytype *kt;
	int r;

	(void)arg;
	if ((r = key_meta(st, o->key)) != 0)
		return r;
	if ((kt = key_type(o->key)) == NULL)
		return STORE_EATTR_TYPE;
	return buf_put(out, kt->params, kt->params_len);
}

static int
get_modulus_bits(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	const struct chip_keytype *kt;
	int r;

	(void)arg;
	if ((r = key_meta(st, o->key)) != 0)
		return r;
	if ((kt = key_type(o->key)) == NULL)
		return STORE_EATTR_TYPE;
	return attr_ulong(st, o, kt->bits, out);
}

static int
get_ec_point(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	struct cur point;
	int r;

	(void)arg;
	if ((r = key_public(st, o->key, PUB_RECOVER)) != 0 ||
	    (r = spki_point(&o->key->spki, &point)) != 0)
		return r;
	return der_put(out, DER_OCTET_STRING, point.p, point.len);
}

static int
get_spki(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	int r;

	(void)arg;
	if ((r = key_public(st, o->key, PUB_RECOVER)) != 0)
		return r;
	return buf_put(out, o->key->spki.data, o->key->spki.len);
}

/* arg 0: modulus, 1: public exponent. */
static int
get_rsa(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	struct cur n, e;
	int r;

	if ((r = key_public(st, o->key, PUB_RECOVER)) != 0 ||
	    (r = spki_rsa(&o->key->spki, &n, &e)) != 0)
		return r;
	return arg == 0 ? buf_put(out, n.p, n.len) : buf_put(out, e.p, e.len);
}

#define PRIV  (ATTR_PRIV_EC | ATTR_PRIV_RSA)
#define PUB   (ATTR_PUB_EC | ATTR_PUB_RSA)
#define BOTH  (PRIV | PUB)
#define EC    (ATTR_PRIV_EC | ATTR_PUB_EC)
#define RSA   (ATTR_PRIV_RSA | ATTR_PUB_RSA)
#define SIGNS (CHIP_USE_AUTH | CHIP_USE_SIGN)

static const struct attr rows[] = {
	{ CKA_CLASS, BOTH, ATTR_FREE, get_class, 0, false },
	{ CKA_KEY_TYPE, BOTH, ATTR_FREE, get_key_type, 0, false },
	{ CKA_TOKEN, BOTH, ATTR_FREE, attr_bool, 1, false },
	{ CKA_PRIVATE, BOTH, ATTR_FREE, attr_bool, 0, false },
	{ CKA_MODIFIABLE, BOTH, ATTR_FREE, attr_bool, 1, false },
	{ CKA_COPYABLE, PRIV, ATTR_FREE, attr_bool, 0, false },
	{ CKA_COPYABLE, PUB, ATTR_FREE, attr_bool, 1, false },
	{ CKA_START_DATE, BOTH, ATTR_FREE, attr_empty, 0, false },
	{ CKA_END_DATE, BOTH, ATTR_FREE, attr_empty, 0, false },
	{ CKA_SUBJECT, BOTH, ATTR_FREE, attr_empty, 0, false },
	{ CKA_OPTIGA_OID, BOTH, ATTR_FREE, attr_oid, 0, false },
	{ CKA_ID, BOTH, ATTR_INDEX, get_id, 0, true },
	{ CKA_LABEL, BOTH, ATTR_INDEX, get_label, 0, true },

	{ CKA_SENSITIVE, PRIV, ATTR_FREE, attr_bool, 1, false },
	{ CKA_EXTRACTABLE, PRIV, ATTR_FREE, attr_bool, 0, false },
	{ CKA_NEVER_EXTRACTABLE, PRIV, ATTR_FREE, attr_bool, 1, false },
	{ CKA_SIGN_RECOVER, PRIV, ATTR_FREE, attr_bool, 0, false },
	{ CKA_UNWRAP, PRIV, ATTR_FREE, attr_bool, 0, false },
	{ CKA_WRAP_WITH_TRUSTED, PRIV, ATTR_FREE, attr_bool, 0, false },
	{ CKA_ALWAYS_AUTHENTICATE, PRIV, ATTR_FREE, attr_bool, 0, false },
	{ CKA_VERIFY_RECOVER, PUB, ATTR_FREE, attr_bool, 0, false },
	{ CKA_WRAP, PUB, ATTR_FREE, attr_bool, 0, false },
	{ CKA_TRUSTED, PUB, ATTR_FREE, attr_bool, 0, false },

	{ CKA_SIGN, PRIV, ATTR_META, get_usage, SIGNS, false },
	{ CKA_VERIFY, PUB, ATTR_META, get_usage, SIGNS, false },
	{ CKA_DERIVE, EC, ATTR_META, get_usage, CHIP_USE_KEYAGREE, false },
	{ CKA_DERIVE, RSA, ATTR_FREE, attr_bool, 0, false },
	{ CKA_DECRYPT, ATTR_PRIV_RSA, ATTR_META, get_usage, CHIP_USE_ENC, false },
	{ CKA_DECRYPT, ATTR_PRIV_EC, ATTR_FREE, attr_bool, 0, false },
	{ CKA_ENCRYPT, ATTR_PUB_RSA, ATTR_META, get_usage, CHIP_USE_ENC, false },
	{ CKA_ENCRYPT, ATTR_PUB_EC, ATTR_FREE, attr_bool, 0, false },
	{ CKA_LOCAL, BOTH, ATTR_META, get_local, 0, false },
	{ CKA_ALWAYS_SENSITIVE, PRIV, ATTR_META, get_local, 0, false },
	{ CKA_KEY_GEN_MECHANISM, BOTH, ATTR_META, get_gen_mechanism, 0, false },
	{ CKA_ALLOWED_MECHANISMS, BOTH, ATTR_META, get_mechanisms, 0, false },
	{ CKA_UNIQUE_ID, BOTH, ATTR_META, attr_unique_id, 0, false },
	{ CKA_DESTROYABLE, BOTH, ATTR_META, attr_meta, ATTR_META_DESTROYABLE, false },

	{ CKA_EC_PARAMS, EC, ATTR_META, get_ec_params, 0, false },
	{ CKA_EC_POINT, EC, ATTR_READ, get_ec_point, 0, false },
	{ CKA_MODULUS_BITS, ATTR_PUB_RSA, ATTR_META, get_modulus_bits, 0, false },
	{ CKA_MODULUS, RSA, ATTR_READ, get_rsa, 0, false },
	{ CKA_PUBLIC_EXPONENT, RSA, ATTR_READ, get_rsa, 1, false },
	{ CKA_PUBLIC_KEY_INFO, BOTH, ATTR_READ, get_spki, 0, false },

	{ CKA_VALUE, ATTR_PRIV_EC, ATTR_FREE, attr_sensitive, 0, false },
	{ CKA_PRIVATE_EXPONENT, ATTR_PRIV_RSA, ATTR_FREE, attr_sensitive, 0, false },
	{ CKA_PRIME_1, ATTR_PRIV_RSA, ATTR_FREE, attr_sensitive, 0, false },
	{ CKA_PRIME_2, ATTR_PRIV_RSA, ATTR_FREE, attr_sensitive, 0, false },
	{ CKA_EXPONENT_1, ATTR_PRIV_RSA, ATTR_FREE, attr_sensitive, 0, false },
	{ CKA_EXPONENT_2, ATTR_PRIV_RSA, ATTR_FREE, attr_sensitive, 0, false },
	{ CKA_COEFFICIENT, ATTR_PRIV_RSA, ATTR_FREE, attr_sensitive, 0, false },
};
const struct attr_table attr_key = { rows, NITEMS(rows) };

/* The value is the SubjectPublicKeyInfo, as the vendor's sample keeps it. */
static const struct attr alias_rows[] = {
	{ CKA_CLASS, ATTR_ALIAS, ATTR_FREE, attr_ulong, CKO_DATA, false },
	{ CKA_TOKEN, ATTR_ALIAS, ATTR_FREE, attr_bool, 1, false },
	{ CKA_PRIVATE, ATTR_ALIAS, ATTR_FREE, attr_bool, 0, false },
	{ CKA_MODIFIABLE, ATTR_ALIAS, ATTR_FREE, attr_bool, 0, false },
	{ CKA_COPYABLE, ATTR_ALIAS, ATTR_FREE, attr_bool, 0, false },
	{ CKA_DESTROYABLE, ATTR_ALIAS, ATTR_FREE, attr_bool, 0, false },
	{ CKA_APPLICATION, ATTR_ALIAS, ATTR_FREE, attr_empty, 0, false },
	{ CKA_OBJECT_ID, ATTR_ALIAS, ATTR_FREE, attr_empty, 0, false },
	{ CKA_OPTIGA_OID, ATTR_ALIAS, ATTR_FREE, attr_oid, 0, false },
	{ CKA_ID, ATTR_ALIAS, ATTR_INDEX, get_id, 0, false },
	{ CKA_LABEL, ATTR_ALIAS, ATTR_INDEX, get_label, 0, false },
	{ CKA_UNIQUE_ID, ATTR_ALIAS, ATTR_META, attr_unique_id, 0, false },
	{ CKA_VALUE, ATTR_ALIAS, ATTR_READ, get_spki, 0, false },
};
const struct attr_table attr_alias = { alias_rows, NITEMS(alias_rows) };
