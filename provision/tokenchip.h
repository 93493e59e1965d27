/* Objects of the chip behind a token (CKO_OPTIGA_CHIP_OBJECT); other tokens have none. */
#ifndef PROVISION_TOKENCHIP_H
#define PROVISION_TOKENCHIP_H

#include "provision/token.h"

/* FOUND_NONE: the chip, or a token that is none, has no such object. FOUND_FAILED: said why. */
enum found token_chip_object(struct token *t, uint16_t oid, CK_OBJECT_HANDLE *out);

/* False, said why, when the token is not one of ours: what for is "lock", "pair". */
bool token_is_chip(struct token *t, const char *what);

/* An attribute's bytes, at most max; *lenp 0 when the token does not give it. */
CK_RV token_chip_get(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type, void *value,
    size_t max, size_t *lenp);

/* False too when it is not there. */
bool token_chip_true(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type);

CK_RV token_chip_set(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *tmpl, CK_ULONG n);

/* The object behind the first certificate with this ID (E0E1); 0: there is none. */
uint16_t token_cert_oid(struct token *t, const struct token_key *k);

#endif
