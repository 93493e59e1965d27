/* Handles of keys, resolved; see key.h. */
#include <config.h>

#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "pkcs11/key.h"
#include "pkcs11/mod.h"
#include "pkcs11/sobj.h"

/* What the chip's key usage byte (SRM, "Key Usage Identifier") lets each class of key do. */
static const struct {
	CK_OBJECT_CLASS cls;
	unsigned usage;
	CK_FLAGS uses;
} uses[] = {
	/* The factory's first key is for authentication, which is signing under another name. */
	{ CKO_PRIVATE_KEY, CHIP_USE_SIGN | CHIP_USE_AUTH, CKF_SIGN },
	{ CKO_PRIVATE_KEY, CHIP_USE_ENC, CKF_DECRYPT },
	{ CKO_PRIVATE_KEY, CHIP_USE_KEYAGREE, CKF_DERIVE },
	{ CKO_PUBLIC_KEY, CHIP_USE_SIGN | CHIP_USE_AUTH, CKF_VERIFY },
	{ CKO_PUBLIC_KEY, CHIP_USE_ENC, CKF_ENCRYPT },
	/* AES keys have no usage but this for all that they do; generic secrets these two. */
	{ CKO_SECRET_KEY, CHIP_USE_ENC, CKF_ENCRYPT | CKF_DECRYPT | CKF_SIGN | CKF_VERIFY },
	{ CKO_SECRET_KEY, CHIP_USE_SIGN, CKF_SIGN | CKF_VERIFY },
	{ CKO_SECRET_KEY, CHIP_USE_KEYAGREE, CKF_DERIVE },
};

CK_FLAGS
mod_key_uses(CK_OBJECT_CLASS cls, unsigned usage)
{
	CK_FLAGS f = 0;

	for (size_t i = 0; i < NITEMS(uses); i++)
		if (uses[i].cls == cls && (uses[i].usage & usage) != 0)
			f |= uses[i].uses;
	return f;
}

static CK_RV
token_key(struct session *s, CK_OBJECT_HANDLE h, struct mod_key *k)
{
	struct store_key key;
	int r;

	*k = (struct mod_key)MOD_KEY_INIT;
	r = store_key(mod_token_lock(s->token), h, &key);
	mod_token_unlock(s->token);
	if (r != 0)
		return r == STORE_EHANDLE ? CKR_KEY_HANDLE_INVALID : mod_rv(r);
	if (key.cls == CKO_SECRET_KEY)
		k->kind = key.aes ? KEY_AES : KEY_GENERIC;
	else if (key.type != NULL)
		k->kind = key.type->rsa ? KEY_RSA : KEY_EC;
	else
		return CKR_KEY_HANDLE_INVALID;
	k->cls = key.cls;
	k->oid = key.oid;
	k->type = key.type;
	k->uses = mod_key_uses(key.cls, key.usage);
	return CKR_OK;
}

CK_RV
mod_key_get(struct session *s, CK_OBJECT_HANDLE h, struct mod_key *k)
{
	const CK_RV rv = sobj_is(h) ? sobj_key(s, h, k) : token_key(s, h, k);

	if (rv == CKR_OK)
		k->handle = h;
	return rv;
}

int
mod_key_check(struct session *s, const struct mod_key *k)
{
	struct store_key key;
	struct mod_key now;
	bool same;
	int r;

	if (!sobj_is(k->handle)) {
		r = store_key(s->token->device->store, k->handle, &key);
		return r == 0 && (key.cls != k->cls || key.oid != k->oid) ? STORE_EHANDLE : r;
	}
	if (sobj_key(s, k->handle, &now) != CKR_OK)
		return STORE_EHANDLE;
	same = now.oid == k->oid && now.boot == k->boot;
	mod_key_free(&now);
	return same ? 0 : STORE_EHANDLE;
}

CK_RV
mod_key_public(struct session *s, CK_OBJECT_HANDLE h, struct mod_key *k)
{
	int r;

	if (k->cls != CKO_PUBLIC_KEY || k->value.len != 0)
		return CKR_OK;
	r = store_public_key(mod_token_lock(s->token), h, &k->value);
	mod_token_unlock(s->token);
	return mod_rv(r);
}

CK_RV
mod_key_allows(struct session *s, CK_OBJECT_HANDLE h, CK_MECHANISM_TYPE type)
{
	return !sobj_is(h) || sobj_allows(s, h, type) ? CKR_OK : CKR_KEY_FUNCTION_NOT_PERMITTED;
}

void
mod_key_free(struct mod_key *k)
{
	buf_free(&k->value);
	OPENSSL_cleanse(k, sizeof(*k));
}
