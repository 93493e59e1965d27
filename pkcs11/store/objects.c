/* Which chip objects make token objects, and the handles of these. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/store/kind.h"
#include "pkcs11/store/view.h"

/*
 * Key slots. Records of the vendor's Linux tools first: E0F0-E0F3 in F1D0-F1D3, P-521 and
 * Brainpool 512 keys of E0F1 and E0F2 in F1E0 and F1E1, RSA keys in F1E0 and F1E1. Then those of
 * the vendor's PKCS #11 sample: E0E8, E0E9, F1E0, F1E1. What is found must be of the key's type.
 */
const struct key_row key_rows[NKEYS] = {
	{ 0xE0F0, false, 0xE0E0, { 0xF1D0, 0xE0E8 } },
	{ 0xE0F1, false, 0xE0E1, { 0xF1D1, 0xF1E0, 0xE0E9 } },
	{ 0xE0F2, false, 0xE0E2, { 0xF1D2, 0xF1E1, 0xF1E0 } },
	{ 0xE0F3, false, 0xE0E3, { 0xF1D3, 0xF1E1 } },
	{ 0xE0FC, true, 0xE0E2, { 0xF1E0 } },
	{ 0xE0FD, true, 0xE0E3, { 0xF1E1 } },
};

const struct cert_row cert_rows[NCERTSLOTS] = {
	{ 0xE0E0, false },
	{ 0xE0E1, false },
	{ 0xE0E2, false },
	{ 0xE0E3, false },
	{ 0xE0E8, true },
	{ 0xE0E9, true },
	{ 0xE0EF, true },
};

struct key *
key_by_oid(struct store *st, unsigned oid)
{
	for (size_t i = 0; i < NKEYS; i++)
		if (key_rows[i].oid == oid)
			return &st->keys[i];
	return NULL;
}

struct cert_slot *
cert_slot_by_oid(struct store *st, unsigned oid)
{
	for (size_t i = 0; i < NCERTSLOTS; i++)
		if (cert_rows[i].oid == oid)
			return &st->certs[i];
	return NULL;
}

uint16_t
object_oid(const struct object *o)
{
	return kinds[o->kind]->oid(o);
}

/* FNV-1a, 64 bits: tells things apart that nobody makes collide to his own harm. */
uint64_t
object_stamp(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint64_t h = 0xCBF29CE484222325;

	for (size_t i = 0; i < len; i++)
		h = (h ^ b[i]) * 0x100000001B3;
	return h;
}

uint64_t
object_identity(struct store *st, const struct object *o)
{
	return kinds[o->kind]->stamp(st, o);
}

void
object_retire(struct store *st, const struct object *o)
{
	for (size_t i = 0; i < st->nhandles; i++)
		if (st->handles[i].kind == o->kind && st->handles[i].oid == object_oid(o))
			st->handles[i].kind = OBJ_NKINDS;
}

static struct handle *
handle_find(struct store *st, const struct handle *want)
{
	for (size_t i = 0; i < st->nhandles; i++) {
		struct handle *have = &st->handles[i];

		if (have->kind == want->kind && have->oid == want->oid &&
		    have->stamp == want->stamp)
			return have;
	}
	return NULL;
}

static CK_OBJECT_HANDLE
handle_number(const struct store *st, const struct handle *have)
{
	return have == NULL ? 0 : (CK_OBJECT_HANDLE)(have - st->handles) + 1;
}

CK_OBJECT_HANDLE
object_companion(struct store *st, const struct object *o)
{
	struct object pub = *o;

	pub.kind = OBJ_PUBLIC;
	return handle_number(st, handle_find(st, &(struct handle){ .kind = OBJ_PUBLIC,
						     .oid = object_oid(&pub),
						     .stamp = object_identity(st, &pub) }));
}

int
object_handle(struct store *st, const struct object *o, CK_OBJECT_HANDLE *h)
{
	const struct handle want = {
		.kind = o->kind, .oid = object_oid(o), .stamp = object_identity(st, o)
	};

	if ((*h = handle_number(st, handle_find(st, &want))) != 0)
		return 0;
	if (st->nhandles == st->handles_cap) {
		const size_t cap = st->handles_cap + 32;
		struct handle *p = reallocarray(st->handles, cap, sizeof(*p));

		if (p == NULL)
			return HAL_ENOMEM;
		st->handles = p;
		st->handles_cap = cap;
	}
	st->handles[st->nhandles++] = want;
	*h = st->nhandles;
	return 0;
}

int
object_resolve(struct store *st, CK_OBJECT_HANDLE h, struct object *o)
{
	const struct handle *want;
	bool yes;
	int r;

	*o = (struct object){ 0 };
	if (h == 0 || h > st->nhandles)
		return STORE_EHANDLE;
	want = &st->handles[h - 1];
	if (want->kind == OBJ_NKINDS)
		return STORE_EHANDLE;
	o->kind = want->kind;
	for (size_t i = 0; kinds[want->kind]->at(st, i, o); i++) {
		if (object_oid(o) != want->oid)
			continue;
		if ((r = view_exists(st, o, &yes)) != 0)
			return r;
		if (yes && object_identity(st, o) == want->stamp)
			return 0;
	}
	return STORE_EHANDLE;
}

static bool
is_pair(const struct object *o)
{
	return o->kind == OBJ_PRIVATE || o->kind == OBJ_PUBLIC;
}

int
store_key(struct store *st, CK_OBJECT_HANDLE h, struct store_key *key)
{
	struct object o;
	int r;

	if ((r = store_enter(st)) != 0)
		return r;
	*key = (struct store_key){ 0 };
	if ((r = object_resolve(st, h, &o)) != 0) {
		/* gone */
	} else if (is_pair(&o)) {
		key->cls = o.kind == OBJ_PRIVATE ? CKO_PRIVATE_KEY : CKO_PUBLIC_KEY;
		key->oid = object_oid(&o);
		key->type = key_type(o.key);
		key->usage = (unsigned)o.key->meta.usage;
	} else if (o.kind == OBJ_SECRET) {
		key->cls = CKO_SECRET_KEY;
		key->oid = object_oid(&o);
		key->aes = o.data == NULL;
		key->usage = secret_usage(st, &o);
	} else {
		r = STORE_EHANDLE;
	}
	return store_leave(st, r);
}

int
store_size(struct store *st, CK_OBJECT_HANDLE h, size_t *sizep)
{
	struct object o;
	int r;

	if ((r = store_enter(st)) != 0)
		return r;
	if ((r = object_resolve(st, h, &o)) == 0)
		r = kinds[o.kind]->size(st, &o, sizep);
	return store_leave(st, r);
}

int
store_public_key(struct store *st, CK_OBJECT_HANDLE h, struct buf *spki)
{
	struct object o;
	int r;

	if ((r = store_enter(st)) != 0)
		return r;
	if ((r = object_resolve(st, h, &o)) == 0 && !is_pair(&o))
		r = STORE_EHANDLE;
	if (r == 0 && (r = key_public(st, o.key, PUB_SURE)) == 0) {
		buf_reset(spki);
		r = buf_put(spki, o.key->spki.data, o.key->spki.len);
	}
	return store_leave(st, r);
}
