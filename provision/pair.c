/* The platform binding; see pair.h. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "pkcs11/optiga-pkcs11.h"
#include "provision/msg.h"
#include "provision/pair.h"
#include "provision/rv.h"

#define OID_UID            0xE0C2
#define OPERATIONAL        7
#define TYPE_TAG           0xE8
#define TYPE_AUTHORIZATION 0x31

static bool
is_authorization(struct token *t, CK_OBJECT_HANDLE o)
{
	unsigned char meta[64];
	size_t len;

	if (token_chip_get(t, o, CKA_OPTIGA_METADATA, meta, sizeof(meta), &len) != CKR_OK)
		return false;
	for (size_t i = 2; i + 2 < len; i += 2U + meta[i + 1])
		if (meta[i] == TYPE_TAG)
			return meta[i + 1] == 1 && meta[i + 2] == TYPE_AUTHORIZATION;
	return false;
}

static bool
look_binding(struct token *t, struct pair_state *p)
{
	CK_BBOOL yes = CK_FALSE;
	CK_ULONG lcs = 0;
	size_t len;
	CK_RV rv = token_chip_get(t, p->binding, CKA_OPTIGA_PAIRED, &yes, sizeof(yes), &len);

	if (rv == CKR_OK && yes == CK_TRUE)
		p->whose = PAIR_THIS_HOST;
	else if (rv == CKR_OK)
		p->whose = token_chip_true(t, p->binding, CKA_OPTIGA_FACTORY_SECRET) ? PAIR_FACTORY
										     : PAIR_OTHER;
	if (rv == CKR_OK)
		rv = token_chip_get(t, p->binding, CKA_OPTIGA_LIFE_CYCLE, &lcs, sizeof(lcs), &len);
	p->locked = lcs >= OPERATIONAL;
	if (rv != CKR_OK)
		rv_error(rv, "cannot find out whether the chip is paired");
	return rv == CKR_OK;
}

bool
pair_look(struct token *t, struct pair_state *p)
{
	enum found found;

	*p = (struct pair_state){ 0 };
	if (!token_is_chip(t, "pair"))
		return false;
	found = token_chip_object(t, PAIR_OID_BINDING, &p->binding);
	if (found == FOUND_NONE) {
		prov_error("pair: a %s has no platform binding and no encrypted connection",
		    token_model(t));
		return false;
	}
	if (found != FOUND_ONE || !look_binding(t, p))
		return false;
	found = token_chip_object(t, PAIR_OID_AUTHORIZATION, &p->authorization);
	p->personalised = found == FOUND_ONE && is_authorization(t, p->authorization);
	p->authorized = p->personalised && p->whose == PAIR_THIS_HOST &&
			token_chip_true(t, p->authorization, CKA_OPTIGA_PAIRED);
	return found != FOUND_FAILED;
}

static void
say_why(CK_RV rv, const char *what)
{
	if (rv == CKR_FUNCTION_FAILED) {
		prov_error("%s: the secret cannot be kept on this host", what);
		prov_hint(
		    "run this as a user who may write to the directory of the secrets, or name "
		    "another in OPTIGA_BINDING_DIR");
	} else if (rv == CKR_ACTION_PROHIBITED) {
		prov_error(
		    "%s: the chip takes no new secret: its lock lets nobody, or only the host "
		    "with the present one, change it",
		    what);
		prov_hint("\"pair --status\" shows the lock; a part with secrets from the vendor's "
			  "portal wants --portal FILE first");
	} else {
		rv_error(rv, what);
	}
}

bool
pair_make(struct token *t, const struct pair_state *p)
{
	CK_ULONG mode = OPTIGA_PAIR_OPEN;
	CK_ATTRIBUTE tmpl = { CKA_OPTIGA_PAIR, &mode, sizeof(mode) };
	CK_RV rv = token_chip_set(t, p->binding, &tmpl, 1);

	if (rv != CKR_OK)
		say_why(rv, "cannot pair chip and host");
	return rv == CKR_OK;
}

/* "CD163393..." */
static void
uid_words(const unsigned char uid[PORTAL_UID_LEN], char out[2 * PORTAL_UID_LEN + 1])
{
	for (size_t i = 0; i < PORTAL_UID_LEN; i++)
		(void)snprintf(out + 2 * i, 3, "%02X", uid[i]);
}

static bool
is_for(struct token *t, const char *path, const struct portal *file)
{
	char theirs[2 * PORTAL_UID_LEN + 1], ours[2 * PORTAL_UID_LEN + 1];
	unsigned char uid[PORTAL_UID_LEN];
	CK_OBJECT_HANDLE o;
	size_t len = 0;

	if (token_chip_object(t, OID_UID, &o) != FOUND_ONE ||
	    token_chip_get(t, o, CKA_VALUE, uid, sizeof(uid), &len) != CKR_OK ||
	    len != sizeof(uid)) {
		prov_error("cannot read the chip's unique ID");
		return false;
	}
	if (memcmp(uid, file->uid, sizeof(uid)) == 0)
		return true;
	uid_words(file->uid, theirs);
	uid_words(uid, ours);
	prov_error("%s: is for another chip: for %s, and this one is %s", path, theirs, ours);
	return false;
}

static bool
give(struct token *t, CK_OBJECT_HANDLE o, const unsigned char *secret, const char *path,
    const char *name)
{
	unsigned char copy[PORTAL_SECRET_LEN];
	CK_ATTRIBUTE tmpl = { CKA_OPTIGA_SECRET, copy, sizeof(copy) };
	char what[512];
	CK_RV rv;

	memcpy(copy, secret, sizeof(copy));
	rv = token_chip_set(t, o, &tmpl, 1);
	OPENSSL_cleanse(copy, sizeof(copy));
	if (rv == CKR_ATTRIBUTE_VALUE_INVALID) {
		prov_error("%s: its %s is not the chip's any more", path, name);
		prov_hint("the secret was changed since: it is on the host that did so");
	} else if (rv != CKR_OK) {
		(void)snprintf(what, sizeof(what), "%s: %s", path, name);
		say_why(rv, what);
	}
	return rv == CKR_OK;
}

bool
pair_import(
    struct token *t, const struct pair_state *p, const char *path, const struct portal *file)
{
	if (!is_for(t, path, file))
		return false;
	if (p->whose != PAIR_THIS_HOST &&
	    !give(t, p->binding, file->binding, path, "binding_secret"))
		return false;
	if (!p->personalised || p->authorized)
		return true;
	if (file->has_authorization)
		return give(t, p->authorization, file->authorization, path, "authorization_secret");
	prov_warn("%s has no authorization_secret: what asks for it stays closed", path);
	return true;
}

static bool
forget(struct token *t, CK_OBJECT_HANDLE o)
{
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE tmpl = { CKA_OPTIGA_PAIRED, &no, sizeof(no) };
	CK_RV rv = token_chip_set(t, o, &tmpl, 1);

	if (rv != CKR_OK)
		say_why(rv, "cannot forget the secret");
	return rv == CKR_OK;
}

bool
pair_forget(struct token *t, const struct pair_state *p)
{
	return (!p->personalised || forget(t, p->authorization)) && forget(t, p->binding);
}
