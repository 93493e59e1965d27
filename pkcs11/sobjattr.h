/*
 * Attributes of objects in host memory: which each kind of object has, what they are when nobody
 * says, and who may set them when. PKCS #11 v2.40, 4.1-4.10; 2.1.2, 2.3.3, 2.7, 2.8.1 of its
 * mechanisms.
 */
#ifndef PKCS11_SOBJATTR_H
#define PKCS11_SOBJATTR_H

#include <stdbool.h>

#include <p11-kit/pkcs11.h>

#include "pkcs11/key.h"

enum sobj_kind {
	SOBJ_DATA,
	SOBJ_CERT,
	SOBJ_RSA, /* public keys */
	SOBJ_EC,
	SOBJ_AES,
	SOBJ_GENERIC,
	SOBJ_PRIV_EC, /* in a session context of the chip */
	SOBJ_NKINDS,
};

/* Values are malloc'ed and wiped when they go. */
struct sobj_attrs {
	CK_ATTRIBUTE *list;
	CK_ULONG n;
};

/* What a template is for. */
enum sobj_use {
	SOBJ_CREATE,
	SOBJ_MAKE, /* generation and derivation: what the module made is there already */
	SOBJ_COPY, /* over a copy of the other object's attributes */
	SOBJ_SET,
};

/*
 * The kind a template for C_CreateObject describes. CKR_TEMPLATE_INCOMPLETE,
 * CKR_ATTRIBUTE_VALUE_INVALID; CKR_TEMPLATE_INCONSISTENT for private keys, with a log line.
 */
CK_RV sobj_kind_of(const CK_ATTRIBUTE *tmpl, CK_ULONG n, enum sobj_kind *kind);
CK_OBJECT_CLASS sobj_kind_class(enum sobj_kind kind);

/*
 * Puts a template into a, all or, when it fails, an undefined part of it:
 * CKR_ATTRIBUTE_TYPE_INVALID, CKR_ATTRIBUTE_VALUE_INVALID, CKR_ATTRIBUTE_READ_ONLY,
 * CKR_TEMPLATE_INCONSISTENT (twice the same, or not what was made), CKR_HOST_MEMORY.
 */
CK_RV sobj_attrs_apply(struct sobj_attrs *a, enum sobj_kind kind, enum sobj_use use,
    const CK_ATTRIBUTE *tmpl, CK_ULONG n);

/*
 * Gives the rest their defaults, checks values against each other and adds what follows from
 * them. type: of EC keys and of RSA keys as chips have them. CKR_TEMPLATE_INCOMPLETE,
 * CKR_ATTRIBUTE_VALUE_INVALID, CKR_TEMPLATE_INCONSISTENT, CKR_CURVE_NOT_SUPPORTED,
 * CKR_HOST_MEMORY, CKR_FUNCTION_FAILED.
 */
CK_RV sobj_attrs_complete(
    struct sobj_attrs *a, enum sobj_kind kind, const struct chip_keytype **type);

/* The same for values alone (sobjkind.c). */
CK_RV sobj_kind_complete(
    struct sobj_attrs *a, enum sobj_kind kind, const struct chip_keytype **type);

/*
 * What generation and derivation say of a key before the template, and what follows from both
 * (sobjkey.c). CKR_TEMPLATE_INCONSISTENT: a secret on the chip cannot leave it, or be used so.
 */
struct sobj_origin;
CK_RV sobj_key_attrs(CK_OBJECT_CLASS cls, const struct mod_key *k, const struct sobj_origin *from,
    enum sobj_kind *kind, struct sobj_attrs *a);
CK_RV sobj_key_origin(struct sobj_attrs *a, CK_OBJECT_CLASS cls, const struct mod_key *k,
    const struct sobj_origin *from);

/* Attributes of use and the flags of mechanisms they stand for; false past the end. */
bool sobj_key_use(size_t i, CK_ATTRIBUTE_TYPE *type, CK_FLAGS *use);

/* Replaces or appends; p may be part of what is replaced. */
CK_RV sobj_attrs_put(struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type, const void *p, CK_ULONG len);
CK_RV sobj_attrs_put_bool(struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type, bool v);
CK_RV sobj_attrs_put_ulong(struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type, CK_ULONG v);

/* NULL: not there. False: not there, or false. */
const CK_ATTRIBUTE *sobj_attrs_get(const struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type);
bool sobj_attrs_bool(const struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type);

/* Whether an attribute holds what must not leave, given the object's other attributes. */
bool sobj_attrs_hidden(
    const struct sobj_attrs *a, enum sobj_kind kind, bool on_chip, CK_ATTRIBUTE_TYPE type);

/* The types of a kind's attributes, in order; false past the end. given: a creator may name it. */
bool sobj_kind_attr(enum sobj_kind kind, size_t i, CK_ATTRIBUTE_TYPE *type, bool *given);

CK_RV sobj_attrs_dup(struct sobj_attrs *to, const struct sobj_attrs *from);
void sobj_attrs_free(struct sobj_attrs *a);

#endif
