/* The kinds of token objects: one row with all that tells them apart. */
#ifndef PKCS11_STORE_KIND_H
#define PKCS11_STORE_KIND_H

#include "pkcs11/store/attr.h"

struct kind {
	const char *name; /* in CKA_UNIQUE_ID */
	const struct attr_table *attributes;
	enum {
		KIND_SHOWN,
		KIND_BY_CLASS,
		KIND_BY_CLASS_OR_OID
	} search; /* found only when asked for */

	/* The places where such objects may be, from 0; false past the last. No traffic. */
	bool (*at)(struct store *st, size_t i, struct object *o);
	uint16_t (*oid)(const struct object *o);
	/* Whether there is one, and what else of o is known then. */
	int (*exists)(struct store *st, struct object *o, bool *yes);
	/* Other numbers for objects that follow each other in one place. After exists. */
	uint64_t (*stamp)(struct store *st, const struct object *o);
	/* ATTR_*: which of the attributes it has. */
	unsigned (*bit)(const struct object *o);
	int (*meta)(struct store *st, const struct object *o, const struct chip_meta **mp);
	bool (*destroyable)(struct store *st, const struct object *o, const struct chip_meta *m);
	/* Bytes on the chip, C_GetObjectSize. */
	int (*size)(struct store *st, const struct object *o, size_t *sizep);

	int (*set)(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n);
	int (*destroy)(struct store *st, const struct object *o);
};

/* By enum obj_kind. */
extern const struct kind *const kinds[OBJ_NKINDS];

/* feature.c */
extern const struct kind kind_counter, kind_profile, kind_chip;

#endif
