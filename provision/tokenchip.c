/* Objects of the chip; see tokenchip.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/optiga-pkcs11.h"
#include "provision/msg.h"
#include "provision/rv.h"
#include "provision/tokenchip.h"
#include "provision/tokenint.h"

#define OID_UID 0xE0C2 /* of every chip */
#define UID_LEN 27U

enum found
token_chip_object(struct token *t, uint16_t oid, CK_OBJECT_HANDLE *out)
{
	CK_OBJECT_CLASS class = CKO_OPTIGA_CHIP_OBJECT;
	unsigned char bytes[2] = { (unsigned char)(oid >> 8), (unsigned char)oid };
	CK_ATTRIBUTE templ[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_OPTIGA_OID, bytes, sizeof(bytes) },
	};
	CK_ULONG n = 0;
	CK_RV rv = object_find(t, templ, 2, out, 1, &n);

	if (rv == CKR_OK)
		return n > 0 ? FOUND_ONE : FOUND_NONE;
	/* What modules say to classes that they have never heard of. */
	if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_VALUE_INVALID)
		return FOUND_NONE;
	rv_error(rv, "cannot search the chip for its objects");
	return FOUND_FAILED;
}

bool
token_is_chip(struct token *t, const char *what)
{
	CK_OBJECT_HANDLE o;
	enum found found = token_chip_object(t, OID_UID, &o);

	if (found == FOUND_NONE) {
		prov_error("%s: the token \"%s\" (%s) has no objects of an OPTIGA chip", what,
		    token_label(t), token_model(t));
		prov_hint("this works with optiga-pkcs11.so alone, and its layout \"chip\"");
	}
	return found == FOUND_ONE;
}

CK_RV
token_chip_get(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type, void *value, size_t max,
    size_t *lenp)
{
	CK_ATTRIBUTE a = { type, value, max };
	CK_RV rv = t->module->C_GetAttributeValue(t->session, o, &a, 1);

	*lenp = rv == CKR_OK && a.ulValueLen != CK_UNAVAILABLE_INFORMATION ? a.ulValueLen : 0;
	return rv;
}

bool
token_chip_true(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL yes = CK_FALSE;
	size_t len;

	return token_chip_get(t, o, type, &yes, sizeof(yes), &len) == CKR_OK &&
	       len == sizeof(yes) && yes == CK_TRUE;
}

CK_RV
token_chip_set(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	return t->module->C_SetAttributeValue(t->session, o, tmpl, n);
}

uint16_t
token_cert_oid(struct token *t, const struct token_key *k)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	unsigned char id[sizeof(k->id)], oid[2];
	CK_ATTRIBUTE templ[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_ID, id, k->id_len },
	};
	CK_OBJECT_HANDLE o;
	CK_ULONG n = 0;
	size_t len;

	memcpy(id, k->id, k->id_len);
	if (object_find(t, templ, 2, &o, 1, &n) != CKR_OK || n == 0 ||
	    token_chip_get(t, o, CKA_OPTIGA_OID, oid, sizeof(oid), &len) != CKR_OK ||
	    len != sizeof(oid))
		return 0;
	return (uint16_t)(oid[0] << 8 | oid[1]);
}

char *
token_uid(struct token *t)
{
	unsigned char uid[UID_LEN];
	CK_OBJECT_HANDLE o;
	size_t len;
	char *hex;

	if (token_chip_object(t, OID_UID, &o) != FOUND_ONE ||
	    token_chip_get(t, o, CKA_VALUE, uid, sizeof(uid), &len) != CKR_OK || len != UID_LEN ||
	    (hex = malloc(2 * UID_LEN + 1)) == NULL)
		return NULL;
	for (size_t i = 0; i < UID_LEN; i++)
		(void)snprintf(hex + 2 * i, 3, "%02X", uid[i]);
	return hex;
}
