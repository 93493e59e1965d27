/* Inside the token files: the token itself, and searching and reading objects. */
#ifndef PROVISION_TOKENINT_H
#define PROVISION_TOKENINT_H

#include <libp11.h>
#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

#include "provision/token.h"

struct token {
	CK_FUNCTION_LIST *module;
	bool initialized;
	CK_SLOT_ID slot;
	CK_SESSION_HANDLE session;
	CK_TOKEN_INFO info;
	char *label;
	char *serial;
	char *model;
	char *manufacturer;
	/* The last search or reading that failed for another reason than its object. */
	CK_RV failed;

	/* libp11, loaded when the first signature is wanted. */
	PKCS11_CTX *p11;
	PKCS11_SLOT *slots;
	unsigned int nslots;
};

/* Load and initialise the module (NULL: the installed one); token_close gives it back. */
bool token_load(struct token *t, const char *path);

/* "pkcs11:..." is a URI, anything else a label or serial: *urip stays NULL. false: said why. */
bool token_parse_uri(const char *token, P11KitUri **urip);

/* Whether the token is what was asked for, by URI, or by label or serial; NULL: anything. */
bool token_matches(const CK_TOKEN_INFO *info, P11KitUri *uri, const char *name);

void token_say_none(void);

/* Objects that match, at most max. */
CK_RV object_find(struct token *t, CK_ATTRIBUTE *templ, CK_ULONG n, CK_OBJECT_HANDLE *out,
    CK_ULONG max, CK_ULONG *found);

/* C_GetAttributeValue. */
CK_RV object_attributes(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *list, CK_ULONG n);

/* An attribute's value, malloc'ed with its length; NULL: not there, or rv other than CKR_OK. */
unsigned char *object_get(
    struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type, size_t *lenp);

/* Give libp11 back, before the session is closed. */
void signer_close(struct token *t);

#endif
