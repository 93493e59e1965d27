/*
 * C_GenerateKeyPair and C_GenerateKey: PKCS #11 v2.40, 5.13. Keys of the token are made in its
 * slots (the store's business). Key pairs of a session are made in a session context of the
 * chip, secret keys of a session from the chip's random numbers.
 */
#include <config.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/calls.h"
#include "pkcs11/mod.h"
#include "pkcs11/sobj.h"
#include "pkcs11/store/spki.h"
#include "pkcs11/store/tmpl.h"
#include "pkcs11/turn.h"

#define SECRET_MAX 64 /* bytes of a generic secret: what the chip takes of one */

/* --- key pairs of a session ----------------------------------------------------------------- */

struct pair {
	struct session *s;
	const struct chip_keytype *type;
	unsigned usage;
	struct mod_context context;
	struct buf bits, spki;
};

/* The curve, and what the key is for. */
static CK_RV
read_pair(struct pair *p, const CK_ATTRIBUTE *pub, CK_ULONG npub, const CK_ATTRIBUTE *priv,
    CK_ULONG npriv)
{
	const CK_ATTRIBUTE *params = tmpl_find(pub, npub, CKA_EC_PARAMS);

	if (params == NULL)
		return CKR_TEMPLATE_INCOMPLETE;
	p->type = chip_keytype_by_params(params->pValue, params->ulValueLen);
	if (p->type == NULL || p->type->rsa ||
	    !chip_model_has_alg(mod_token_model(p->s->token), p->type->alg))
		return CKR_CURVE_NOT_SUPPORTED;
	return mod_rv(tmpl_usage(priv, npriv, false, &p->usage));
}

static int
make_pair(struct chip *chip, const struct mod_key *none, void *arg)
{
	struct pair *p = arg;
	int r;

	(void)none;
	r = chip_keypair(chip, p->context.oid, p->type->alg, (uint8_t)p->usage, &p->bits);
	return r != 0 ? r : spki_from_record(p->bits.data, p->bits.len, p->type, &p->spki);
}

static CK_RV
on_chip(struct pair *p)
{
	const int r = mod_turn(p->s, NULL, &p->context, make_pair, p);

	return r == HAL_EBUSY ? CKR_DEVICE_MEMORY : mod_rv(r);
}

static CK_RV
add_pair(struct pair *p, const CK_ATTRIBUTE *pub, CK_ULONG npub, const CK_ATTRIBUTE *priv,
    CK_ULONG npriv, CK_OBJECT_HANDLE *hpub, CK_OBJECT_HANDLE *hpriv)
{
	const struct sobj_origin from = {
		.local = true,
		.mechanism = CKM_EC_KEY_PAIR_GEN,
		.always_sensitive = true,
		.never_extractable = true,
	};
	struct mod_key k = MOD_KEY_INIT;
	CK_RV rv;

	k.kind = KEY_EC;
	k.type = p->type;
	k.cls = CKO_PRIVATE_KEY;
	k.oid = p->context.oid;
	k.boot = p->context.boot;
	k.uses = mod_key_uses(CKO_PRIVATE_KEY, p->usage);
	rv = sobj_add_key(p->s, CKO_PRIVATE_KEY, &k, &from, priv, npriv, hpriv);
	if (rv != CKR_OK) {
		mod_context_give(p->s->token, &p->context);
		return rv;
	}
	k = (struct mod_key)MOD_KEY_INIT;
	k.kind = KEY_EC;
	k.type = p->type;
	k.cls = CKO_PUBLIC_KEY;
	k.value = p->spki;
	k.uses = CKF_VERIFY;
	rv = sobj_add_key(p->s, CKO_PUBLIC_KEY, &k, &from, pub, npub, hpub);
	if (rv != CKR_OK)
		(void)sobj_destroy(p->s, *hpriv);
	return rv;
}

static CK_RV
session_pair(struct session *s, bool rsa, const CK_ATTRIBUTE *pub, CK_ULONG npub,
    const CK_ATTRIBUTE *priv, CK_ULONG npriv, CK_OBJECT_HANDLE *hpub, CK_OBJECT_HANDLE *hpriv)
{
	struct pair p = { .s = s };
	CK_RV rv;

	if (rsa) {
		log_info("RSA key pairs are made in slots of the chip: set CKA_TOKEN in both "
			 "templates");
		return CKR_TEMPLATE_INCONSISTENT;
	}
	if ((rv = read_pair(&p, pub, npub, priv, npriv)) == CKR_OK && (rv = on_chip(&p)) == CKR_OK)
		rv = add_pair(&p, pub, npub, priv, npriv, hpub, hpriv);
	buf_free(&p.bits);
	buf_free(&p.spki);
	return rv;
}

/* --- C_GenerateKeyPair ------------------------------------------------------------------------ */

static CK_RV
generate_pair(struct session *s, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *pub,
    CK_ULONG npub, const CK_ATTRIBUTE *priv, CK_ULONG npriv, CK_OBJECT_HANDLE *hpub,
    CK_OBJECT_HANDLE *hpriv)
{
	const struct mech *mech;
	bool rsa, token, pub_token;
	CK_RV rv;
	int r;

	if (hpub == NULL || hpriv == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = mod_token_mech(s->token, mechanism, CKF_GENERATE_KEY_PAIR, &mech)) != CKR_OK ||
	    (rv = mod_check_template(pub, npub, true)) != CKR_OK ||
	    (rv = mod_check_template(priv, npriv, true)) != CKR_OK ||
	    (rv = mod_template_bool(priv, npriv, CKA_TOKEN, false, &token)) != CKR_OK ||
	    (rv = mod_template_bool(pub, npub, CKA_TOKEN, token, &pub_token)) != CKR_OK)
		return rv;
	rsa = mech->key == MECH_KEY_RSA;
	if (token != pub_token) {
		log_info("key generation: CKA_TOKEN must be the same in both templates");
		return CKR_TEMPLATE_INCONSISTENT;
	}
	if (!token)
		return session_pair(s, rsa, pub, npub, priv, npriv, hpub, hpriv);
	if (!s->rw)
		return CKR_SESSION_READ_ONLY;
	r = store_generate(mod_token_lock(s->token), rsa, pub, npub, priv, npriv, hpub, hpriv);
	mod_token_unlock(s->token);
	return rsa && r == STORE_ECURVE ? CKR_KEY_SIZE_RANGE : mod_rv(r);
}

CK_RV
mod_C_GenerateKeyPair(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_ATTRIBUTE *pub,
    CK_ULONG npub, CK_ATTRIBUTE *priv, CK_ULONG npriv, CK_OBJECT_HANDLE *hpub,
    CK_OBJECT_HANDLE *hpriv)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(
	    s, generate_pair(s, mechanism, pub, npub, priv, npriv, hpub, hpriv));
}

/* --- C_GenerateKey ------------------------------------------------------------------------------
 */

static CK_RV
random_value(struct session *s, size_t len, struct buf *value)
{
	struct chip *chip;
	int r;

	if ((r = buf_put_fill(value, 0, len)) != 0)
		return mod_rv(r);
	if ((r = mod_token_chip(s->token, &chip)) == 0)
		r = chip_random(chip, value->data, len);
	mod_token_unlock(s->token);
	return mod_rv(r);
}

static CK_RV
session_key(struct session *s, const struct mech *mech, CK_ULONG len, const CK_ATTRIBUTE *tmpl,
    CK_ULONG n, CK_OBJECT_HANDLE *keyp)
{
	const struct sobj_origin from = {
		.local = true,
		.mechanism = mech->type,
		.always_sensitive = true,
		.never_extractable = true,
		.len = len,
	};
	struct mod_key k = MOD_KEY_INIT;
	CK_RV rv;

	k.cls = CKO_SECRET_KEY;
	k.kind = mech->key == MECH_KEY_AES ? KEY_AES : KEY_GENERIC;
	if ((rv = random_value(s, len, &k.value)) == CKR_OK)
		rv = sobj_add_key(s, CKO_SECRET_KEY, &k, &from, tmpl, n, keyp);
	mod_key_free(&k);
	return rv;
}

static CK_RV
generate_key(struct session *s, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
    CK_OBJECT_HANDLE *keyp)
{
	const struct mech *mech;
	CK_ULONG len = 0;
	bool token, aes;
	CK_RV rv;

	if (keyp == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = mod_token_mech(s->token, mechanism, CKF_GENERATE, &mech)) != CKR_OK ||
	    (rv = mod_check_template(tmpl, n, true)) != CKR_OK ||
	    (rv = mod_template_bool(tmpl, n, CKA_TOKEN, false, &token)) != CKR_OK ||
	    (rv = mod_rv(tmpl_ulong(tmpl, n, CKA_VALUE_LEN, &len))) != CKR_OK)
		return rv;
	if (tmpl_find(tmpl, n, CKA_VALUE_LEN) == NULL)
		return CKR_TEMPLATE_INCOMPLETE;
	aes = mech->key == MECH_KEY_AES;
	if (aes ? len != 16 && len != 24 && len != 32 : len == 0 || len > SECRET_MAX)
		return CKR_KEY_SIZE_RANGE;
	if (!token)
		return session_key(s, mech, len, tmpl, n, keyp);
	if (!s->rw)
		return CKR_SESSION_READ_ONLY;
	rv = mod_rv(store_generate_secret(mod_token_lock(s->token), aes, len, tmpl, n, keyp));
	mod_token_unlock(s->token);
	return rv;
}

CK_RV
mod_C_GenerateKey(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_ATTRIBUTE *tmpl, CK_ULONG n,
    CK_OBJECT_HANDLE *keyp)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, generate_key(s, mechanism, tmpl, n, keyp));
}
