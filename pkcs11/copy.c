/*
 * C_CopyObject: PKCS #11 v2.40, 5.7. A copy is made of attributes: those of the object, read as
 * anybody may, or as the module alone may for a secret key in host memory; then the template's.
 */
#include <config.h>

#include <stdlib.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/calls.h"
#include "pkcs11/mod.h"
#include "pkcs11/sobj.h"

/* --- from a token object -------------------------------------------------------------------- */

/* One attribute's value into a; nothing when the object has none. The store is locked. */
static CK_RV
fetch(struct store *st, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, struct sobj_attrs *a)
{
	CK_ATTRIBUTE at = { type, NULL, 0 };
	void *p;
	CK_RV rv;
	int r;

	if ((r = store_attributes(st, h, &at, 1)) == STORE_EATTR_TYPE)
		return CKR_OK;
	if (r != 0)
		return mod_rv(r);
	if (at.ulValueLen == 0)
		return sobj_attrs_put(a, type, NULL, 0);
	if ((p = malloc(at.ulValueLen)) == NULL)
		return CKR_HOST_MEMORY;
	at.pValue = p;
	if ((rv = mod_rv(store_attributes(st, h, &at, 1))) == CKR_OK)
		rv = sobj_attrs_put(a, type, p, at.ulValueLen);
	free(p);
	return rv;
}

/* What the module made of the object is made anew for its copy, but for where a key comes from. */
static bool
goes_along(CK_ATTRIBUTE_TYPE type, bool given)
{
	return given || type == CKA_LOCAL || type == CKA_KEY_GEN_MECHANISM;
}

static CK_RV
read_token_object(struct store *st, CK_OBJECT_HANDLE h, enum sobj_kind *kind, struct sobj_attrs *a)
{
	CK_ATTRIBUTE_TYPE type;
	CK_OBJECT_CLASS cls;
	CK_ATTRIBUTE class = { CKA_CLASS, &cls, sizeof(cls) };
	bool given;
	CK_RV rv;

	if ((rv = mod_rv(store_attributes(st, h, &class, 1))) != CKR_OK)
		return rv;
	if (cls != CKO_DATA && cls != CKO_CERTIFICATE && cls != CKO_PUBLIC_KEY) {
		log_info("the chip copies no keys, and nothing but what can be read is copied");
		return CKR_ACTION_PROHIBITED;
	}
	if ((rv = fetch(st, h, CKA_CLASS, a)) != CKR_OK ||
	    (rv = fetch(st, h, CKA_KEY_TYPE, a)) != CKR_OK ||
	    (rv = fetch(st, h, CKA_CERTIFICATE_TYPE, a)) != CKR_OK ||
	    (rv = sobj_kind_of(a->list, a->n, kind)) != CKR_OK)
		return rv;
	for (size_t i = 0; sobj_kind_attr(*kind, i, &type, &given) && rv == CKR_OK; i++)
		if (goes_along(type, given))
			rv = fetch(st, h, type, a);
	return rv;
}

/* --- to a token object ---------------------------------------------------------------------- */

/* What the store wants to hear of each class; the rest follows, or is its own to say. */
static const CK_ATTRIBUTE_TYPE wanted[] = { CKA_CLASS, CKA_CERTIFICATE_TYPE, CKA_KEY_TYPE,
	CKA_VALUE, CKA_LABEL, CKA_ID, CKA_APPLICATION, CKA_OBJECT_ID, CKA_SIGN, CKA_VERIFY,
	CKA_ENCRYPT, CKA_DECRYPT, CKA_DERIVE };

static CK_RV
make_token_object(struct session *s, const struct sobj_attrs *a, CK_OBJECT_HANDLE *objp)
{
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE list[NITEMS(wanted) + 1] = { { CKA_TOKEN, &yes, sizeof(yes) } };
	const CK_ATTRIBUTE *at;
	CK_ULONG n = 1;
	CK_RV rv;

	for (size_t i = 0; i < NITEMS(wanted); i++)
		if ((at = sobj_attrs_get(a, wanted[i])) != NULL && at->ulValueLen != 0)
			list[n++] = *at;
	rv = mod_rv(store_create(mod_token_lock(s->token), list, n, objp));
	mod_token_unlock(s->token);
	return rv;
}

/* --- both ----------------------------------------------------------------------------------- */

static CK_RV
read_object(struct session *s, CK_OBJECT_HANDLE obj, enum sobj_kind *kind, struct sobj_attrs *a)
{
	CK_RV rv;

	if (sobj_is(obj))
		return sobj_get(s, obj, kind, a);
	rv = read_token_object(mod_token_lock(s->token), obj, kind, a);
	mod_token_unlock(s->token);
	/* In host memory nothing is trusted. */
	if (rv == CKR_OK && sobj_attrs_get(a, CKA_TRUSTED) != NULL)
		rv = sobj_attrs_put_bool(a, CKA_TRUSTED, false);
	if (rv == CKR_OK)
		rv = sobj_attrs_put_bool(a, CKA_COPYABLE, true);
	return rv;
}

/* The template over what was copied, without CKA_TOKEN, which says where the copy goes. */
static CK_RV
apply(struct sobj_attrs *a, enum sobj_kind kind, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	CK_ATTRIBUTE *rest = calloc(n + 1, sizeof(*rest));
	CK_ULONG m = 0;
	CK_RV rv;

	if (rest == NULL)
		return CKR_HOST_MEMORY;
	for (CK_ULONG i = 0; i < n; i++)
		if (tmpl[i].type != CKA_TOKEN)
			rest[m++] = tmpl[i];
	rv = sobj_attrs_apply(a, kind, SOBJ_COPY, rest, m);
	free(rest);
	return rv;
}

static CK_RV
copy(struct session *s, CK_OBJECT_HANDLE obj, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
    CK_OBJECT_HANDLE *objp)
{
	struct sobj_attrs a = { NULL, 0 };
	enum sobj_kind kind = SOBJ_DATA;
	bool token;
	CK_RV rv;

	if (objp == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = mod_check_template(tmpl, n, true)) != CKR_OK ||
	    (rv = mod_template_bool(tmpl, n, CKA_TOKEN, !sobj_is(obj), &token)) != CKR_OK)
		return rv;
	if ((rv = read_object(s, obj, &kind, &a)) == CKR_OK && token && !s->rw)
		rv = CKR_SESSION_READ_ONLY;
	if (rv == CKR_OK && (rv = apply(&a, kind, tmpl, n)) == CKR_OK) {
		if (token)
			rv = make_token_object(s, &a, objp);
		else if ((rv = sobj_attrs_put_bool(&a, CKA_TOKEN, false)) == CKR_OK)
			rv = sobj_take(s, kind, &a, objp);
	}
	sobj_attrs_free(&a);
	return rv;
}

CK_RV
mod_C_CopyObject(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj, CK_ATTRIBUTE *tmpl, CK_ULONG n,
    CK_OBJECT_HANDLE *objp)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, copy(s, obj, tmpl, n, objp));
}
