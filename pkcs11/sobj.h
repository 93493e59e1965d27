/*
 * Session objects: data, certificates, public and secret keys in host memory, and keys in session
 * contexts of the chip. PKCS #11 v2.40, 5.7.
 *
 * All sessions of the application with the object's token see it under one handle; it goes with
 * the session that made it. One that is CKA_PRIVATE shows in user sessions alone and goes with
 * the logout. Functions take the session the call is in, which is entered; they lock mod->lock
 * themselves, and a handle that is none here is CKR_OBJECT_HANDLE_INVALID.
 */
#ifndef PKCS11_SOBJ_H
#define PKCS11_SOBJ_H

#include <stdbool.h>

#include <p11-kit/pkcs11.h>

#include "pkcs11/key.h"
#include "pkcs11/sobjattr.h"

struct session;

/* Handles of session objects begin here and are never used again; those of the store are below. */
#define SOBJ_HANDLE 0x40000000UL

static inline bool
sobj_is(CK_OBJECT_HANDLE h)
{
	return h >= SOBJ_HANDLE;
}

/*
 * C_CreateObject with CKA_TOKEN false. CKR_TEMPLATE_INCOMPLETE, CKR_TEMPLATE_INCONSISTENT,
 * CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_VALUE_INVALID, CKR_ATTRIBUTE_READ_ONLY,
 * CKR_CURVE_NOT_SUPPORTED, CKR_USER_NOT_LOGGED_IN (private).
 */
CK_RV sobj_create(struct session *s, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *hp);

/* Where a key comes from, for the attributes that tell. */
struct sobj_origin {
	bool local; /* generated here, not agreed upon or derived */
	CK_MECHANISM_TYPE mechanism;
	bool always_sensitive, never_extractable; /* what it was derived from is, or true */
	CK_ULONG len;                             /* bytes of a secret key on the chip */
};

/*
 * For generation and derivation: an object for the key k, whose secret is in session context
 * k->oid of the chip, or in k->value; k stays the caller's. On the chip it is sensitive and not
 * extractable, and a template that wants it otherwise is CKR_TEMPLATE_INCONSISTENT.
 */
CK_RV sobj_add_key(struct session *s, CK_OBJECT_CLASS cls, const struct mod_key *k,
    const struct sobj_origin *from, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *hp);

/* C_GetAttributeValue. */
CK_RV sobj_attributes(struct session *s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE *tmpl, CK_ULONG n);

/* C_SetAttributeValue, all or nothing. CKR_ACTION_PROHIBITED: not CKA_MODIFIABLE. */
CK_RV sobj_set(struct session *s, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl, CK_ULONG n);

/* C_DestroyObject. CKR_ACTION_PROHIBITED: not CKA_DESTROYABLE. */
CK_RV sobj_destroy(struct session *s, CK_OBJECT_HANDLE h);

/* Bytes of all values. */
CK_RV sobj_size(struct session *s, CK_OBJECT_HANDLE h, CK_ULONG *sizep);

/* Appends the handles of objects that match to a malloc'ed list. CKR_HOST_MEMORY. */
CK_RV sobj_find(struct session *s, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE **listp,
    CK_ULONG *np);

/* Resolves a key: CKR_KEY_HANDLE_INVALID. k is for mod_key_free. */
CK_RV sobj_key(struct session *s, CK_OBJECT_HANDLE h, struct mod_key *k);

/* Whether a key is there and its CKA_ALLOWED_MECHANISMS, if it has any, name this one. */
bool sobj_allows(struct session *s, CK_OBJECT_HANDLE h, CK_MECHANISM_TYPE type);

/*
 * A copy of the attributes, for a copy of the object; CKR_ACTION_PROHIBITED: not CKA_COPYABLE, or
 * on the chip. And an object from attributes, which it takes over in any case.
 */
CK_RV sobj_get(
    struct session *s, CK_OBJECT_HANDLE h, enum sobj_kind *kind, struct sobj_attrs *attrs);
CK_RV sobj_take(
    struct session *s, enum sobj_kind kind, struct sobj_attrs *attrs, CK_OBJECT_HANDLE *hp);

/* Objects of a session that ends, and private ones of its token when the user logs out. */
void sobj_end_session(struct session *s);
void sobj_end_login(struct session *s);

#endif
