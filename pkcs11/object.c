/*
 * Objects: PKCS #11 v2.40, 5.7. What they are and mean is the business of the store for token
 * objects and of sobj.c for session objects; here are sessions, arguments, and who may change
 * what.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "pkcs11/calls.h"
#include "pkcs11/mod.h"
#include "pkcs11/sobj.h"
#include "pkcs11/store/tmpl.h"

/* Whether this session may change the object; the store is locked. */
static CK_RV
check_change(const struct session *s, struct store *st, CK_OBJECT_HANDLE obj)
{
	CK_OBJECT_CLASS cls;
	CK_ATTRIBUTE probe = { CKA_CLASS, &cls, sizeof(cls) };
	int r = store_attributes(st, obj, &probe, 1);

	if (r != 0)
		return mod_rv(r);
	return !s->rw && store_is_token(st, obj) ? CKR_SESSION_READ_ONLY : CKR_OK;
}

static bool
is_class(const CK_ATTRIBUTE *a, CK_OBJECT_CLASS cls)
{
	return a != NULL && a->ulValueLen == sizeof(cls) &&
	       memcmp(a->pValue, &cls, sizeof(cls)) == 0;
}

static CK_RV
create(struct session *s, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *objp)
{
	const CK_ATTRIBUTE *cls;
	bool token;
	CK_RV rv;

	if (objp == NULL)
		return CKR_ARGUMENTS_BAD;
	if (tmpl == NULL && n == 0)
		return CKR_TEMPLATE_INCOMPLETE;
	if ((rv = mod_check_template(tmpl, n, true)) != CKR_OK ||
	    (rv = mod_template_bool(tmpl, n, CKA_TOKEN, false, &token)) != CKR_OK)
		return rv;
	if (token && !s->rw)
		return CKR_SESSION_READ_ONLY;
	cls = tmpl_find(tmpl, n, CKA_CLASS);
	if (!token || is_class(cls, CKO_PRIVATE_KEY)) /* refused there, with the reason */
		return sobj_create(s, tmpl, n, objp);
	rv = mod_rv(store_create(mod_token_lock(s->token), tmpl, n, objp));
	mod_token_unlock(s->token);
	return rv;
}

CK_RV
mod_C_CreateObject(CK_SESSION_HANDLE h, CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *objp)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, create(s, tmpl, n, objp));
}

static CK_RV
destroy(struct session *s, CK_OBJECT_HANDLE obj)
{
	struct store *st;
	CK_RV rv;

	if (sobj_is(obj))
		return sobj_destroy(s, obj);
	st = mod_token_lock(s->token);
	if ((rv = check_change(s, st, obj)) == CKR_OK)
		rv = mod_rv(store_destroy(st, obj));
	else if (rv == CKR_OBJECT_HANDLE_INVALID && s->rw && store_went_along(st, obj))
		rv = CKR_OK;
	mod_token_unlock(s->token);
	return rv;
}

CK_RV
mod_C_DestroyObject(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, destroy(s, obj));
}

CK_RV
mod_C_GetObjectSize(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj, CK_ULONG *sizep)
{
	struct session *s;
	size_t size = 0;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (sizep == NULL)
		return mod_leave_session(s, CKR_ARGUMENTS_BAD);
	if (sobj_is(obj))
		return mod_leave_session(s, sobj_size(s, obj, sizep));
	rv = mod_rv(store_size(mod_token_lock(s->token), obj, &size));
	mod_token_unlock(s->token);
	if (rv == CKR_OK)
		*sizep = size;
	return mod_leave_session(s, rv);
}

CK_RV
mod_C_GetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if ((rv = mod_check_template(tmpl, n, false)) == CKR_OK && sobj_is(obj)) {
		rv = sobj_attributes(s, obj, tmpl, n);
	} else if (rv == CKR_OK) {
		rv = mod_rv(store_attributes(mod_token_lock(s->token), obj, tmpl, n));
		mod_token_unlock(s->token);
	}
	return mod_leave_session(s, rv);
}

static CK_RV
set(struct session *s, CK_OBJECT_HANDLE obj, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct store *st;
	CK_RV rv;

	if (tmpl == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = mod_check_template(tmpl, n, true)) != CKR_OK)
		return rv;
	if (sobj_is(obj))
		return sobj_set(s, obj, tmpl, n);
	st = mod_token_lock(s->token);
	if ((rv = check_change(s, st, obj)) == CKR_OK)
		rv = mod_rv(store_set(st, obj, tmpl, n));
	mod_token_unlock(s->token);
	return rv;
}

CK_RV
mod_C_SetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, set(s, obj, tmpl, n));
}

/* Session objects are looked at last: they cost nothing, and token objects come first. */
static CK_RV
find(struct session *s, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	const CK_ATTRIBUTE *token = tmpl_find(tmpl, n, CKA_TOKEN);
	const bool session_only = token != NULL && token->ulValueLen == sizeof(CK_BBOOL) &&
				  *(const CK_BBOOL *)token->pValue == CK_FALSE;
	CK_RV rv = CKR_OK;

	s->found = NULL;
	s->nfound = s->next_found = 0;
	if (!session_only) {
		rv = mod_rv(store_find(mod_token_lock(s->token), tmpl, n, &s->found, &s->nfound));
		mod_token_unlock(s->token);
	}
	if (rv == CKR_OK && (rv = sobj_find(s, tmpl, n, &s->found, &s->nfound)) != CKR_OK) {
		free(s->found);
		s->found = NULL;
	}
	s->finding = rv == CKR_OK;
	return rv;
}

CK_RV
mod_C_FindObjectsInit(CK_SESSION_HANDLE h, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if ((rv = mod_check_template(tmpl, n, true)) == CKR_OK)
		rv = s->finding ? CKR_OPERATION_ACTIVE : find(s, tmpl, n);
	return mod_leave_session(s, rv);
}

CK_RV
mod_C_FindObjects(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE *list, CK_ULONG max, CK_ULONG *np)
{
	struct session *s;
	CK_ULONG n = 0;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (np == NULL || (list == NULL && max != 0))
		return mod_leave_session(s, CKR_ARGUMENTS_BAD);
	if (!s->finding)
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	while (n < max && s->next_found < s->nfound)
		list[n++] = s->found[s->next_found++];
	*np = n;
	return mod_leave_session(s, CKR_OK);
}

void
mod_find_end(struct session *s)
{
	s->finding = false;
	free(s->found);
	s->found = NULL;
}

CK_RV
mod_C_FindObjectsFinal(CK_SESSION_HANDLE h)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (!s->finding)
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	mod_find_end(s);
	return mod_leave_session(s, CKR_OK);
}
