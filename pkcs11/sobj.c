/* Session objects; see sobj.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "hal/base/err.h"
#include "pkcs11/mod.h"
#include "pkcs11/pkcs11v3.h"
#include "pkcs11/sobj.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/turn.h"

#define UNIQUE_LEN 16

struct sobj {
	struct sobj *next;
	CK_OBJECT_HANDLE handle;
	struct token *token;
	CK_SESSION_HANDLE owner;
	enum sobj_kind kind;
	const struct chip_keytype *type;
	struct sobj_attrs attrs;
	/* Keys on the chip; oid 0: none. */
	uint16_t oid;
	uint64_t boot;
	CK_FLAGS uses;
};

static void
sobj_free(struct sobj *o)
{
	sobj_attrs_free(&o->attrs);
	free(o);
}

/* --- finding one; all of these under mod->lock ---------------------------------------------- */

static bool
visible(const struct session *s, const struct sobj *o)
{
	return o->token == s->token &&
	       (s->token->user == CKU_USER || !sobj_attrs_bool(&o->attrs, CKA_PRIVATE));
}

static struct sobj *
look_up(struct session *s, CK_OBJECT_HANDLE h)
{
	struct sobj *o;

	for (o = s->mod->sobjs; o != NULL; o = o->next)
		if (o->handle == h && visible(s, o))
			return o;
	return NULL;
}

static bool
hidden(const struct sobj *o, CK_ATTRIBUTE_TYPE type)
{
	return sobj_attrs_hidden(&o->attrs, o->kind, o->oid != 0, type);
}

/* --- making --------------------------------------------------------------------------------- */

static CK_RV
put_unique_id(struct sobj_attrs *a)
{
	char text[2 * UNIQUE_LEN + 1];
	uint8_t id[UNIQUE_LEN];

	if (ossl_random(id, sizeof(id)) != 0)
		return CKR_FUNCTION_FAILED;
	for (size_t i = 0; i < sizeof(id); i++)
		(void)snprintf(&text[2 * i], 3, "%02x", id[i]);
	return sobj_attrs_put(a, CKA_UNIQUE_ID, text, 2 * UNIQUE_LEN);
}

/* Lists a new object, which is freed when that fails. */
static CK_RV
enlist(struct session *s, struct sobj *o, CK_OBJECT_HANDLE *hp)
{
	struct mod *m = s->mod;
	CK_RV rv;

	o->token = s->token;
	o->owner = s->handle;
	if ((rv = put_unique_id(&o->attrs)) != CKR_OK) {
		sobj_free(o);
		return rv;
	}
	mod_lock(&m->lock);
	if (sobj_attrs_bool(&o->attrs, CKA_PRIVATE) && s->token->user != CKU_USER) {
		rv = CKR_USER_NOT_LOGGED_IN;
	} else {
		*hp = o->handle = SOBJ_HANDLE + ++m->last_sobj;
		o->next = m->sobjs;
		m->sobjs = o;
	}
	mod_unlock(&m->lock);
	if (rv != CKR_OK)
		sobj_free(o);
	return rv;
}

/* A new object of what is in *a, which is empty afterwards; NULL: no memory. */
static struct sobj *
sobj_new(enum sobj_kind kind, struct sobj_attrs *a)
{
	struct sobj *o = calloc(1, sizeof(*o));

	if (o == NULL) {
		sobj_attrs_free(a);
		return NULL;
	}
	o->kind = kind;
	o->attrs = *a;
	o->uses = ~(CK_FLAGS)0;
	*a = (struct sobj_attrs){ NULL, 0 };
	return o;
}

/* The application's queue of OpenSSL's errors is none of our business. */
static CK_RV
complete(struct sobj *o)
{
	CK_RV rv;

	(void)ERR_set_mark();
	rv = sobj_attrs_complete(&o->attrs, o->kind, &o->type);
	(void)ERR_pop_to_mark();
	return rv;
}

CK_RV
sobj_take(struct session *s, enum sobj_kind kind, struct sobj_attrs *attrs, CK_OBJECT_HANDLE *hp)
{
	struct sobj *o = sobj_new(kind, attrs);
	CK_RV rv;

	if (o == NULL)
		return CKR_HOST_MEMORY;
	if ((rv = complete(o)) == CKR_OK)
		return enlist(s, o, hp);
	sobj_free(o);
	return rv;
}

CK_RV
sobj_create(struct session *s, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *hp)
{
	struct sobj_attrs a = { NULL, 0 };
	enum sobj_kind kind;
	CK_RV rv;

	if ((rv = sobj_kind_of(tmpl, n, &kind)) != CKR_OK)
		return rv;
	if ((rv = sobj_attrs_apply(&a, kind, SOBJ_CREATE, tmpl, n)) == CKR_OK)
		return sobj_take(s, kind, &a, hp);
	sobj_attrs_free(&a);
	return rv;
}

CK_RV
sobj_add_key(struct session *s, CK_OBJECT_CLASS cls, const struct mod_key *k,
    const struct sobj_origin *from, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *hp)
{
	struct sobj_attrs a = { NULL, 0 };
	struct sobj *o = NULL;
	enum sobj_kind kind;
	CK_RV rv;

	if ((rv = sobj_key_attrs(cls, k, from, &kind, &a)) == CKR_OK &&
	    (rv = sobj_attrs_apply(&a, kind, SOBJ_MAKE, tmpl, n)) == CKR_OK &&
	    (rv = sobj_key_origin(&a, cls, k, from)) == CKR_OK && (o = sobj_new(kind, &a)) == NULL)
		rv = CKR_HOST_MEMORY;
	sobj_attrs_free(&a);
	if (rv == CKR_OK && (rv = complete(o)) == CKR_OK) {
		o->oid = k->oid;
		o->boot = k->boot;
		if (k->oid != 0)
			o->uses = k->uses;
		return enlist(s, o, hp);
	}
	if (o != NULL)
		sobj_free(o);
	return rv;
}

/* --- reading -------------------------------------------------------------------------------- */

static CK_RV
answer(const struct sobj *o, CK_ATTRIBUTE *at)
{
	const CK_ATTRIBUTE *have = sobj_attrs_get(&o->attrs, at->type);
	const CK_ULONG room = at->ulValueLen;

	at->ulValueLen = CK_UNAVAILABLE_INFORMATION;
	if (hidden(o, at->type))
		return CKR_ATTRIBUTE_SENSITIVE;
	if (have == NULL)
		return CKR_ATTRIBUTE_TYPE_INVALID;
	if (at->pValue != NULL && room < have->ulValueLen)
		return CKR_BUFFER_TOO_SMALL;
	if (at->pValue != NULL && have->ulValueLen != 0)
		memcpy(at->pValue, have->pValue, have->ulValueLen);
	at->ulValueLen = have->ulValueLen;
	return CKR_OK;
}

/* Which of two errors a call with both tells, as for token objects. */
static int
weight(CK_RV rv)
{
	switch (rv) {
	case CKR_OK: return 0;
	case CKR_BUFFER_TOO_SMALL: return 1;
	case CKR_ATTRIBUTE_TYPE_INVALID: return 2;
	default: return 3;
	}
}

CK_RV
sobj_attributes(struct session *s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	const struct sobj *o;
	CK_RV worst = CKR_OK, rv;

	mod_lock(&s->mod->lock);
	if ((o = look_up(s, h)) == NULL)
		worst = CKR_OBJECT_HANDLE_INVALID;
	for (CK_ULONG i = 0; o != NULL && i < n; i++) {
		rv = answer(o, &tmpl[i]);
		if (weight(rv) > weight(worst))
			worst = rv;
	}
	mod_unlock(&s->mod->lock);
	return worst;
}

CK_RV
sobj_size(struct session *s, CK_OBJECT_HANDLE h, CK_ULONG *sizep)
{
	const struct sobj *o;

	mod_lock(&s->mod->lock);
	if ((o = look_up(s, h)) != NULL)
		*sizep = 0;
	for (CK_ULONG i = 0; o != NULL && i < o->attrs.n; i++)
		*sizep += o->attrs.list[i].ulValueLen;
	mod_unlock(&s->mod->lock);
	return o != NULL ? CKR_OK : CKR_OBJECT_HANDLE_INVALID;
}

/* What may not be read may not be guessed either. */
static bool
matches(const struct sobj *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	for (CK_ULONG i = 0; i < n; i++) {
		const CK_ATTRIBUTE *have = sobj_attrs_get(&o->attrs, tmpl[i].type);

		if (have == NULL || hidden(o, tmpl[i].type) ||
		    have->ulValueLen != tmpl[i].ulValueLen ||
		    (have->ulValueLen != 0 &&
			memcmp(have->pValue, tmpl[i].pValue, have->ulValueLen) != 0))
			return false;
	}
	return true;
}

static CK_RV
append(CK_OBJECT_HANDLE **listp, CK_ULONG *np, CK_OBJECT_HANDLE h)
{
	CK_OBJECT_HANDLE *list = realloc(*listp, (*np + 1) * sizeof(*list));

	if (list == NULL)
		return CKR_HOST_MEMORY;
	list[(*np)++] = h;
	*listp = list;
	return CKR_OK;
}

CK_RV
sobj_find(
    struct session *s, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE **listp, CK_ULONG *np)
{
	CK_RV rv = CKR_OK;

	mod_lock(&s->mod->lock);
	for (const struct sobj *o = s->mod->sobjs; o != NULL && rv == CKR_OK; o = o->next)
		if (visible(s, o) && matches(o, tmpl, n))
			rv = append(listp, np, o->handle);
	mod_unlock(&s->mod->lock);
	return rv;
}

static CK_RV
fill_key(const struct sobj *o, struct mod_key *k)
{
	static const enum key_kind key_kinds[SOBJ_NKINDS] = {
		[SOBJ_RSA] = KEY_RSA,
		[SOBJ_EC] = KEY_EC,
		[SOBJ_PRIV_EC] = KEY_EC,
		[SOBJ_AES] = KEY_AES,
		[SOBJ_GENERIC] = KEY_GENERIC,
	};
	const CK_ATTRIBUTE *value = NULL;
	CK_ATTRIBUTE_TYPE type;
	CK_FLAGS use;

	k->cls = sobj_kind_class(o->kind);
	k->kind = key_kinds[o->kind];
	k->oid = o->oid;
	k->boot = o->boot;
	k->type = o->type;
	for (size_t i = 0; sobj_key_use(i, &type, &use); i++)
		if (sobj_attrs_bool(&o->attrs, type))
			k->uses |= use & o->uses;
	if (k->cls == CKO_PUBLIC_KEY)
		value = sobj_attrs_get(&o->attrs, CKA_PUBLIC_KEY_INFO);
	else if (k->cls == CKO_SECRET_KEY && k->oid == 0)
		value = sobj_attrs_get(&o->attrs, CKA_VALUE);
	return value != NULL ? mod_rv(buf_put(&k->value, value->pValue, value->ulValueLen))
			     : CKR_OK;
}

CK_RV
sobj_key(struct session *s, CK_OBJECT_HANDLE h, struct mod_key *k)
{
	const struct sobj *o;
	CK_RV rv = CKR_KEY_HANDLE_INVALID;

	*k = (struct mod_key)MOD_KEY_INIT;
	mod_lock(&s->mod->lock);
	o = look_up(s, h);
	if (o != NULL && o->kind != SOBJ_DATA && o->kind != SOBJ_CERT)
		rv = fill_key(o, k);
	mod_unlock(&s->mod->lock);
	return rv;
}

bool
sobj_allows(struct session *s, CK_OBJECT_HANDLE h, CK_MECHANISM_TYPE type)
{
	const CK_ATTRIBUTE *list;
	CK_MECHANISM_TYPE one;
	const struct sobj *o;
	bool yes = false;

	mod_lock(&s->mod->lock);
	if ((o = look_up(s, h)) != NULL) {
		list = sobj_attrs_get(&o->attrs, CKA_ALLOWED_MECHANISMS);
		yes = list == NULL;
		for (CK_ULONG at = 0; !yes && at < list->ulValueLen; at += sizeof(one)) {
			memcpy(&one, (const char *)list->pValue + at, sizeof(one));
			yes = one == type;
		}
	}
	mod_unlock(&s->mod->lock);
	return yes;
}

CK_RV
sobj_get(struct session *s, CK_OBJECT_HANDLE h, enum sobj_kind *kind, struct sobj_attrs *attrs)
{
	const struct sobj *o;
	CK_RV rv;

	mod_lock(&s->mod->lock);
	if ((o = look_up(s, h)) == NULL)
		rv = CKR_OBJECT_HANDLE_INVALID;
	else if (o->oid != 0 || !sobj_attrs_bool(&o->attrs, CKA_COPYABLE))
		rv = CKR_ACTION_PROHIBITED;
	else if ((rv = sobj_attrs_dup(attrs, &o->attrs)) == CKR_OK)
		*kind = o->kind;
	mod_unlock(&s->mod->lock);
	return rv;
}

/* --- changing ------------------------------------------------------------------------------- */

CK_RV
sobj_set(struct session *s, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct sobj_attrs a = { NULL, 0 }, old;
	struct sobj *o;
	CK_RV rv;

	mod_lock(&s->mod->lock);
	if ((o = look_up(s, h)) == NULL)
		rv = CKR_OBJECT_HANDLE_INVALID;
	else if (!sobj_attrs_bool(&o->attrs, CKA_MODIFIABLE))
		rv = CKR_ACTION_PROHIBITED;
	else if ((rv = sobj_attrs_dup(&a, &o->attrs)) == CKR_OK &&
		 (rv = sobj_attrs_apply(&a, o->kind, SOBJ_SET, tmpl, n)) == CKR_OK) {
		old = o->attrs;
		o->attrs = a;
		a = old;
	}
	mod_unlock(&s->mod->lock);
	sobj_attrs_free(&a);
	return rv;
}

/* --- the end -------------------------------------------------------------------------------- */

/* Takes off the list what pick says and gives it back as a list of its own. */
static struct sobj *
take_off(struct session *s, bool (*pick)(const struct session *, const struct sobj *))
{
	struct sobj **link = &s->mod->sobjs, *o, *gone = NULL;

	mod_lock(&s->mod->lock);
	while ((o = *link) != NULL) {
		if (!pick(s, o)) {
			link = &o->next;
			continue;
		}
		*link = o->next;
		o->next = gone;
		gone = o;
	}
	mod_unlock(&s->mod->lock);
	return gone;
}

/* Gives back what the object has of the chip. */
static void
give_context(const struct sobj *o)
{
	const struct mod_context context = { o->oid, o->boot };

	if (o->oid != 0)
		mod_context_give(o->token, &context);
}

static void
free_all(struct sobj *o)
{
	struct sobj *next;

	for (; o != NULL; o = next) {
		next = o->next;
		give_context(o);
		sobj_free(o);
	}
}

static bool
is_owned(const struct session *s, const struct sobj *o)
{
	return o->owner == s->handle;
}

static bool
is_private(const struct session *s, const struct sobj *o)
{
	return o->token == s->token && sobj_attrs_bool(&o->attrs, CKA_PRIVATE);
}

void
sobj_end_session(struct session *s)
{
	free_all(take_off(s, is_owned));
}

void
sobj_end_login(struct session *s)
{
	free_all(take_off(s, is_private));
}

CK_RV
sobj_destroy(struct session *s, CK_OBJECT_HANDLE h)
{
	struct sobj **link = &s->mod->sobjs, *o;
	CK_RV rv = CKR_OK;

	mod_lock(&s->mod->lock);
	while ((o = *link) != NULL && (o->handle != h || !visible(s, o)))
		link = &o->next;
	if (o == NULL)
		rv = CKR_OBJECT_HANDLE_INVALID;
	else if (!sobj_attrs_bool(&o->attrs, CKA_DESTROYABLE))
		rv = CKR_ACTION_PROHIBITED;
	else
		*link = o->next;
	mod_unlock(&s->mod->lock);
	if (rv == CKR_OK) {
		give_context(o);
		sobj_free(o);
	}
	return rv;
}
