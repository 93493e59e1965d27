/* The table of kinds of token objects (D2), and what its rows need; see kind.h. */
#include <config.h>

#include "hal/base/err.h"
#include "pkcs11/store/kind.h"

/* --- keys ----------------------------------------------------------------------------------- */

static bool
key_at(struct store *st, size_t i, struct object *o)
{
	if (i >= NKEYS)
		return false;
	o->key = &st->keys[i];
	return true;
}

static uint16_t
key_oid(const struct object *o)
{
	return o->key->row->oid;
}

static int
private_exists(struct store *st, struct object *o, bool *yes)
{
	return key_exists(st, o->key, yes);
}

static int
public_exists(struct store *st, struct object *o, bool *yes)
{
	return key_public_exists(st, o->key, yes);
}

static uint64_t
key_stamp_of(struct store *st, const struct object *o)
{
	return key_stamp(st, o->key);
}

static unsigned
private_bit(const struct object *o)
{
	return o->key->row->rsa ? ATTR_PRIV_RSA : ATTR_PRIV_EC;
}

static unsigned
public_bit(const struct object *o)
{
	return o->key->row->rsa ? ATTR_PUB_RSA : ATTR_PUB_EC;
}

static int
key_meta_of(struct store *st, const struct object *o, const struct chip_meta **mp)
{
	*mp = &o->key->meta;
	return key_meta(st, o->key);
}

/* The factory's key is not for us to destroy. */
static bool
private_destroyable(struct store *st, const struct object *o, const struct chip_meta *m)
{
	return o->key->row->oid != OID_FACTORY && access_changeable(st, m);
}

/* The public key goes with the private one. */
static bool
never_destroyable(struct store *st, const struct object *o, const struct chip_meta *m)
{
	(void)st;
	(void)o;
	(void)m;
	return false;
}

/* A private key's by its type: its value never leaves. */
static int
private_size(struct store *st, const struct object *o, size_t *sizep)
{
	const int r = key_meta(st, o->key);
	const struct chip_keytype *kt = key_type(o->key);

	*sizep = kt != NULL ? kt->size : 0;
	return r;
}

static int
public_size(struct store *st, const struct object *o, size_t *sizep)
{
	const int r = private_size(st, o, sizep);

	if (!o->key->row->rsa)
		*sizep = 2 * *sizep + 1;
	return r;
}

/* --- a public key as data: every way it is one but for its attributes ---------------------- */

static unsigned
alias_bit(const struct object *o)
{
	(void)o;
	return ATTR_ALIAS;
}

static int
alias_size(struct store *st, const struct object *o, size_t *sizep)
{
	const int r = key_public(st, o->key, PUB_RECOVER);

	*sizep = r == 0 ? o->key->spki.len : 0;
	return r;
}

/* --- certificates --------------------------------------------------------------------------- */

static bool
cert_at(struct store *st, size_t i, struct object *o)
{
	if (i >= (size_t)NCERTSLOTS * CHAIN_MAX)
		return false;
	o->slot = &st->certs[i / CHAIN_MAX];
	o->n = (unsigned)(i % CHAIN_MAX);
	return true;
}

static uint16_t
cert_oid(const struct object *o)
{
	return o->slot->row->oid;
}

static int
cert_exists(struct store *st, struct object *o, bool *yes)
{
	const int r = cert_load(st, o->slot);

	*yes = r == 0 && o->n < o->slot->n;
	o->cert = *yes ? &o->slot->certs[o->n] : NULL;
	return r;
}

static uint64_t
cert_stamp(struct store *st, const struct object *o)
{
	(void)st;
	return o->cert->stamp;
}

static unsigned
cert_bit(const struct object *o)
{
	(void)o;
	return ATTR_CERT;
}

static int
cert_meta_of(struct store *st, const struct object *o, const struct chip_meta **mp)
{
	*mp = &o->slot->meta;
	return cert_meta(st, o->slot);
}

static bool
changeable(struct store *st, const struct object *o, const struct chip_meta *m)
{
	(void)o;
	return access_changeable(st, m);
}

static int
cert_size(struct store *st, const struct object *o, size_t *sizep)
{
	(void)st;
	*sizep = o->cert->len;
	return 0;
}

/* --- data and secret keys ------------------------------------------------------------------- */

static bool
data_at(struct store *st, size_t i, struct object *o)
{
	if (i >= NDATASLOTS)
		return false;
	o->data = &st->data[i];
	return true;
}

/* The AES key first. */
static bool
secret_at(struct store *st, size_t i, struct object *o)
{
	if (i > NDATASLOTS)
		return false;
	o->data = i == 0 ? NULL : &st->data[i - 1];
	return true;
}

static uint16_t
data_oid(const struct object *o)
{
	return o->data != NULL ? o->data->oid : OID_AES;
}

static int
data_exists_of(struct store *st, struct object *o, bool *yes)
{
	return data_exists(st, o->data, false, yes);
}

static int
secret_exists(struct store *st, struct object *o, bool *yes)
{
	return o->data != NULL ? data_exists(st, o->data, true, yes) : aes_exists(st, yes);
}

/* Content may be rewritten and stays the same object; what is destroyed is retired. */
static uint64_t
data_stamp(struct store *st, const struct object *o)
{
	return o->data != NULL ? 0 : (uint64_t)st->aes.meta.alg;
}

static unsigned
data_bit(const struct object *o)
{
	(void)o;
	return ATTR_DATA;
}

static unsigned
secret_bit(const struct object *o)
{
	return o->data != NULL ? ATTR_GENERIC : ATTR_AES;
}

static int
data_meta_of(struct store *st, const struct object *o, const struct chip_meta **mp)
{
	if (o->data != NULL) {
		*mp = &o->data->meta;
		return data_meta(st, o->data);
	}
	*mp = &st->aes.meta;
	return aes_meta(st);
}

/* A key in E200 cannot be deleted. */
static bool
secret_destroyable(struct store *st, const struct object *o, const struct chip_meta *m)
{
	return o->data != NULL && access_changeable(st, m);
}

static int
data_size(struct store *st, const struct object *o, size_t *sizep)
{
	int r;

	if (o->data == NULL) {
		r = aes_meta(st);
		*sizep = aes_key_len(&st->aes.meta);
		return r;
	}
	if ((r = data_meta(st, o->data)) != 0)
		return r;
	*sizep = o->data->meta.used >= 0 ? (size_t)o->data->meta.used : data_max(st, o->data);
	return 0;
}

/* --- the table ------------------------------------------------------------------------------ */

static const struct kind kind_private = {
	.name = "private",
	.attributes = &attr_key,
	.at = key_at,
	.oid = key_oid,
	.exists = private_exists,
	.stamp = key_stamp_of,
	.bit = private_bit,
	.meta = key_meta_of,
	.destroyable = private_destroyable,
	.size = private_size,
	.set = key_set,
	.destroy = key_destroy,
};

static const struct kind kind_public = {
	.name = "public",
	.attributes = &attr_key,
	.at = key_at,
	.oid = key_oid,
	.exists = public_exists,
	.stamp = key_stamp_of,
	.bit = public_bit,
	.meta = key_meta_of,
	.destroyable = never_destroyable,
	.size = public_size,
	.set = key_set,
	.destroy = public_destroy,
};

static const struct kind kind_cert = {
	.name = "certificate",
	.attributes = &attr_cert,
	.at = cert_at,
	.oid = cert_oid,
	.exists = cert_exists,
	.stamp = cert_stamp,
	.bit = cert_bit,
	.meta = cert_meta_of,
	.destroyable = changeable,
	.size = cert_size,
	.set = cert_set,
	.destroy = cert_destroy,
};

static const struct kind kind_data = {
	.name = "data",
	.attributes = &attr_data,
	.at = data_at,
	.oid = data_oid,
	.exists = data_exists_of,
	.stamp = data_stamp,
	.bit = data_bit,
	.meta = data_meta_of,
	.destroyable = changeable,
	.size = data_size,
	.set = data_set,
	.destroy = data_destroy,
};

static const struct kind kind_secret = {
	.name = "secret",
	.attributes = &attr_secret,
	.at = secret_at,
	.oid = data_oid,
	.exists = secret_exists,
	.stamp = data_stamp,
	.bit = secret_bit,
	.meta = data_meta_of,
	.destroyable = secret_destroyable,
	.size = data_size,
	.set = secret_set,
	.destroy = data_destroy,
};

static const struct kind kind_alias = {
	.name = "alias",
	.attributes = &attr_alias,
	.at = key_at,
	.oid = key_oid,
	.exists = public_exists,
	.stamp = key_stamp_of,
	.bit = alias_bit,
	.meta = key_meta_of,
	.destroyable = never_destroyable,
	.size = alias_size,
	.set = key_set,
	.destroy = public_destroy,
};

const struct kind *const kinds[OBJ_NKINDS] = {
	[OBJ_PRIVATE] = &kind_private,
	[OBJ_PUBLIC] = &kind_public,
	[OBJ_CERT] = &kind_cert,
	[OBJ_DATA] = &kind_data,
	[OBJ_SECRET] = &kind_secret,
	[OBJ_COUNTER] = &kind_counter,
	[OBJ_PROFILE] = &kind_profile,
	[OBJ_CHIP] = &kind_chip,
	[OBJ_ALIAS] = &kind_alias,
};
