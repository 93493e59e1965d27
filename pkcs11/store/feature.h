/* Counters, profiles and chip objects: what kinds and attributes share. */
#ifndef PKCS11_STORE_FEATURE_H
#define PKCS11_STORE_FEATURE_H

#include "pkcs11/store/kind.h"

/* PKCS #11 profiles (OASIS, "PKCS #11 Cryptographic Token Interface Profiles") that hold. */
struct profile {
	CK_ULONG id;
	const char *name;
};
extern const struct profile profiles[];

/* binding.c: secrets shared with the chip. STORE_EATTR_TYPE: the object has none. */
int binding_paired(struct store *st, const struct object *o, unsigned long arg, struct buf *out);
int binding_factory(struct store *st, const struct object *o, unsigned long arg, struct buf *out);
/* What a template asks of them, if anything. */
int binding_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n);

#endif
