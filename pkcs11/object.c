/*
 * Objects: PKCS #11 v2.40, 5.7. What they are and mean is the store's business; here are
 * sessions, arguments, and who may change what.
 */
#include <config.h>

#include <stdlib.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/calls.h"
#include "pkcs11/mod.h"

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

CK_RV
mod_C_CreateObject(CK_SESSION_HANDLE h, CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *objp)
{
	struct session *s;
	bool token;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (objp == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else if (tmpl == NULL && n == 0)
		rv = CKR_TEMPLATE_INCOMPLETE;
	else if ((rv = mod_check_template(tmpl, n, true)) == CKR_OK)
		rv = mod_template_bool(tmpl, n, CKA_TOKEN, true, &token);
	if (rv == CKR_OK && !token) {
		log_info("the chip keeps no session objects: CKA_TOKEN = false is refused");
		rv = CKR_TEMPLATE_INCONSISTENT;
	} else if (rv == CKR_OK && !s->rw) {
		rv = CKR_SESSION_READ_ONLY;
	} else if (rv == CKR_OK) {
		rv = mod_rv(store_create(mod_token_lock(s->token), tmpl, n, objp));
		mod_token_unlock(s->token);
	}
	return mod_leave_session(s, rv);
}

CK_RV
mod_C_DestroyObject(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj)
{
	struct session *s;
	struct store *st;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	st = mod_token_lock(s->token);
	if ((rv = check_change(s, st, obj)) == CKR_OK)
		rv = mod_rv(store_destroy(st, obj));
	mod_token_unlock(s->token);
	return mod_leave_session(s, rv);
}

/* Bytes on the chip: a key's by its type (its value never leaves), else the value's. */
static int
object_size(struct store *st, CK_OBJECT_HANDLE obj, CK_ULONG *sizep)
{
	CK_ATTRIBUTE value = { CKA_VALUE, NULL, 0 };
	struct store_key key;
	int r = store_key(st, obj, &key);

	if (r == 0 && key.type != NULL) {
		*sizep = key.type->size;
		if (!key.type->rsa && key.cls == CKO_PUBLIC_KEY)
			*sizep = 2 * key.type->size + 1;
		return 0;
	}
	if (r != 0 && r != STORE_EHANDLE)
		return r;
	if ((r = store_attributes(st, obj, &value, 1)) == 0)
		*sizep = value.ulValueLen;
	return r;
}

CK_RV
mod_C_GetObjectSize(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj, CK_ULONG *sizep)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (sizep == NULL)
		return mod_leave_session(s, CKR_ARGUMENTS_BAD);
	rv = mod_rv(object_size(mod_token_lock(s->token), obj, sizep));
	mod_token_unlock(s->token);
	return mod_leave_session(s, rv);
}

CK_RV
mod_C_GetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if ((rv = mod_check_template(tmpl, n, false)) == CKR_OK) {
		rv = mod_rv(store_attributes(mod_token_lock(s->token), obj, tmpl, n));
		mod_token_unlock(s->token);
	}
	return mod_leave_session(s, rv);
}

CK_RV
mod_C_SetAttributeValue(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct session *s;
	struct store *st;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (tmpl == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else if ((rv = mod_check_template(tmpl, n, true)) == CKR_OK) {
		st = mod_token_lock(s->token);
		if ((rv = check_change(s, st, obj)) == CKR_OK)
			rv = mod_rv(store_set(st, obj, tmpl, n));
		mod_token_unlock(s->token);
	}
	return mod_leave_session(s, rv);
}

CK_RV
mod_C_FindObjectsInit(CK_SESSION_HANDLE h, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if ((rv = mod_check_template(tmpl, n, true)) != CKR_OK)
		return mod_leave_session(s, rv);
	if (s->finding)
		return mod_leave_session(s, CKR_OPERATION_ACTIVE);
	s->next_found = 0;
	rv = mod_rv(store_find(mod_token_lock(s->token), tmpl, n, &s->found, &s->nfound));
	mod_token_unlock(s->token);
	s->finding = rv == CKR_OK;
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

CK_RV
mod_C_FindObjectsFinal(CK_SESSION_HANDLE h)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (!s->finding)
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	s->finding = false;
	free(s->found);
	s->found = NULL;
	return mod_leave_session(s, CKR_OK);
}
