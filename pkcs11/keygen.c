/* C_GenerateKeyPair: PKCS #11 v2.40, 5.13. */
#include <config.h>

#include "hal/base/log.h"
#include "pkcs11/calls.h"
#include "pkcs11/mod.h"

static CK_RV
check(const struct session *s, const CK_ATTRIBUTE *pub, CK_ULONG npub, const CK_ATTRIBUTE *priv,
    CK_ULONG npriv)
{
	bool token, pub_token;
	CK_RV rv;

	if ((rv = mod_check_template(pub, npub, true)) != CKR_OK ||
	    (rv = mod_check_template(priv, npriv, true)) != CKR_OK ||
	    (rv = mod_template_bool(priv, npriv, CKA_TOKEN, false, &token)) != CKR_OK ||
	    (rv = mod_template_bool(pub, npub, CKA_TOKEN, token, &pub_token)) != CKR_OK)
		return rv;
	if (!token || !pub_token) {
		/* Taking one of the few slots for a key meant to live for a session is no favour.
		 */
		log_info(
		    "key generation makes token objects only: set CKA_TOKEN in both templates");
		return CKR_TEMPLATE_INCONSISTENT;
	}
	return s->rw ? CKR_OK : CKR_SESSION_READ_ONLY;
}

static CK_RV
generate(struct session *s, const CK_MECHANISM *mechanism, const CK_ATTRIBUTE *pub, CK_ULONG npub,
    const CK_ATTRIBUTE *priv, CK_ULONG npriv, CK_OBJECT_HANDLE *hpub, CK_OBJECT_HANDLE *hpriv)
{
	const struct mech *mech;
	bool rsa;
	CK_RV rv;
	int r;

	if (hpub == NULL || hpriv == NULL)
		return CKR_ARGUMENTS_BAD;
	if ((rv = mod_mech_get(
		 mechanism, CKF_GENERATE_KEY_PAIR, mod_token_model(s->token), &mech)) != CKR_OK ||
	    (rv = check(s, pub, npub, priv, npriv)) != CKR_OK)
		return rv;
	rsa = mech->key == MECH_KEY_RSA;
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
	return mod_leave_session(s, generate(s, mechanism, pub, npub, priv, npriv, hpub, hpriv));
}
