/*
 * Which key is a slot's, once it has been renewed: its successor is in another slot. A label of the
 * private key says for which slot it stands, "slot E0F1", or that it will, or did.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "pkcs11/optiga-pkcs11.h"
#include "provision/msg.h"
#include "provision/rv.h"
#include "provision/tokenchip.h"
#include "provision/tokenint.h"

#define LABEL_LEAD "slot "
#define LABEL_MAX  32

void
token_role_label(const struct slot *s, enum key_role role, char label[LABEL_MAX])
{
	static const char *const tails[] = {
		[KEY_CURRENT] = "",
		[KEY_NEXT] = ", next",
		[KEY_OLD] = ", old",
	};

	(void)snprintf(label, LABEL_MAX, LABEL_LEAD "%04X%s", s->key_oid, tails[role]);
}

/* The slot that a key is in: the chip says so, or else the ID that it got there. */
static const struct slot *
place_of(struct token *t, const struct token_key *k)
{
	unsigned char at[2] = { 0, 0 };
	const struct slot *s;
	size_t len = 0;

	if (token_chip_get(t, k->handle, CKA_OPTIGA_OID, at, sizeof(at), &len) != CKR_OK ||
	    len != sizeof(at)) {
		if (k->id_len != sizeof(at))
			return NULL;
		memcpy(at, k->id, sizeof(at));
	}
	for (size_t i = 0; (s = slot_row(i)) != NULL; i++)
		if (s->key_oid == (at[0] << 8 | at[1]))
			return s;
	return NULL;
}

enum found
token_find_role(struct token *t, const struct slot *s, enum key_role role, struct token_key *out,
    const struct slot **at)
{
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	char label[LABEL_MAX];
	CK_ATTRIBUTE templ[] = {
		{ CKA_CLASS, &class, sizeof(class) },
		{ CKA_LABEL, label, 0 },
	};
	CK_OBJECT_HANDLE hits[2];
	CK_ULONG n = 0;
	CK_RV rv;

	memset(out, 0, sizeof(*out));
	token_role_label(s, role, label);
	templ[1].ulValueLen = strlen(label);
	rv = object_find(t, templ, 2, hits, 2, &n);
	if (rv != CKR_OK) {
		rv_error(rv, "cannot search the token for the key");
		return FOUND_FAILED;
	}
	if (n == 0)
		return FOUND_NONE;
	if (n > 1) {
		prov_error("several keys on the token have the label \"%s\"", label);
		prov_hint("give all but one another label, or destroy them");
		return FOUND_FAILED;
	}
	if (!token_key_read(t, hits[0], out) || (*at = place_of(t, out)) == NULL) {
		prov_error("the key with the label \"%s\" is in no slot that is known", label);
		token_key_clear(out);
		return FOUND_FAILED;
	}
	return FOUND_ONE;
}

/* Whether a key in a slot stands for another one, or is no longer to be used. */
static bool
has_other_role(struct token *t, const struct slot *s, const struct token_key *k)
{
	char own[LABEL_MAX], label[LABEL_MAX + 1] = "";
	size_t len = 0;

	token_role_label(s, KEY_CURRENT, own);
	if (token_chip_get(t, k->handle, CKA_LABEL, label, LABEL_MAX, &len) != CKR_OK)
		return false;
	label[len] = '\0';
	return strncmp(label, LABEL_LEAD, strlen(LABEL_LEAD)) == 0 && len >= strlen(own) &&
	       strcmp(label, own) != 0;
}

enum found
token_find_current(
    struct token *t, const struct slot *s, struct token_key *out, const struct slot **at)
{
	enum found found = token_find_role(t, s, KEY_CURRENT, out, at);

	if (found != FOUND_NONE)
		return found;
	*at = s;
	found = token_find_key(t, s, out);
	if (found != FOUND_ONE || !has_other_role(t, s, out))
		return found;
	token_key_clear(out);
	prov_error("slot \"%s\" (%04X) is taken: a key is there that was renewed into it from "
		   "another slot",
	    s->name, s->key_oid);
	prov_hint("use another slot; \"show\" lists what each of them holds");
	return FOUND_FAILED;
}

bool
token_set_role(struct token *t, const struct token_key *k, const struct slot *s, enum key_role role)
{
	char label[LABEL_MAX];
	CK_ATTRIBUTE a = { CKA_LABEL, label, 0 };
	CK_RV rv;

	token_role_label(s, role, label);
	a.ulValueLen = strlen(label);
	rv = t->module->C_SetAttributeValue(t->session, k->handle, &a, 1);
	if (rv == CKR_OK)
		return true;
	prov_error("cannot label the key \"%s\": %s", label, rv_text(rv));
	return false;
}
