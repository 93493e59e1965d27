/* IDs and labels: from templates to what the index keeps. */
#ifndef PKCS11_STORE_USAGE_H
#define PKCS11_STORE_USAGE_H

#include "pkcs11/store/internal.h"

/*
 * What a CKA_ID says. An ID of two bytes that is the OID of a chip object names that object
 * (*oid); any other is just an ID (*oid 0). STORE_EATTR_VALUE when too long.
 */
int usage_id(struct store *st, const CK_ATTRIBUTE *a, unsigned *oid);

/* CKA_LABEL: UTF-8 of at most 32 bytes, without NUL; STORE_EATTR_VALUE. */
int usage_label(const CK_ATTRIBUTE *a);

/* Puts an ID or label into an entry; one that equals the default is not kept. a NULL: as it is. */
int usage_put_id(struct index *ix, uint8_t code, uint16_t oid, const CK_ATTRIBUTE *a);
int usage_put_label(struct index *ix, uint8_t code, uint16_t oid, const CK_ATTRIBUTE *a);

#endif
