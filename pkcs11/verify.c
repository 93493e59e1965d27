/* Verifying, on the host: PKCS #11 v2.40, 5.12. */
#include <config.h>

#include "pkcs11/calls.h"
#include "pkcs11/check.h"
#include "pkcs11/mod.h"

static CK_RV
begin(struct session *s, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE h)
{
	struct buf pub = BUF_INIT;
	const struct mech *mech;
	struct store_key key;
	struct store *st;
	CK_RV rv;

	rv = mod_mech_get(mechanism, CKF_VERIFY, mod_token_model(s->token), &mech);
	if (rv != CKR_OK)
		return rv;
	if (s->verify.mech != NULL)
		return CKR_OPERATION_ACTIVE;
	st = mod_token_lock(s->token);
	if ((rv = mod_op_key(st, mech, CKO_PUBLIC_KEY, h, &key)) == CKR_OK)
		rv = mod_rv(store_public_key(st, h, &pub));
	mod_token_unlock(s->token);
	if (rv == CKR_OK && (rv = mod_op_begin(&s->verify, mech)) == CKR_OK) {
		s->verify.key = key;
		buf_move(&s->verify.pub, &pub);
	}
	buf_free(&pub);
	return rv;
}

CK_RV
mod_C_VerifyInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, begin(s, mechanism, key));
}

/* tbs: the digest, or for CKM_RSA_PKCS what it is in. */
static CK_RV
check(struct session *s, const struct buf *tbs, const unsigned char *sig)
{
	const struct op *op = &s->verify;
	const struct mech_hash *hash = op->mech->hash;
	const uint8_t *digest = tbs->data;
	CK_RV rv;

	if (!op->key.type->rsa) {
		if (tbs->len == 0 || tbs->len > MECH_HASH_MAX)
			return CKR_DATA_LEN_RANGE;
		return mod_check(op->key.type, &op->pub, NULL, digest, tbs->len, sig);
	}
	if (hash == NULL && (rv = mod_mech_rsa_digest(mod_token_model(s->token), tbs->data,
				 tbs->len, &digest, &hash)) != CKR_OK)
		return rv;
	return mod_check(op->key.type, &op->pub, hash, digest, hash->len, sig);
}

/* Ends the operation in any case. */
static CK_RV
finish(struct session *s, const unsigned char *data, CK_ULONG len, const unsigned char *sig,
    CK_ULONG sig_len)
{
	struct buf tbs = BUF_INIT;
	CK_RV rv;

	if (sig == NULL || (data == NULL && len != 0))
		rv = CKR_ARGUMENTS_BAD;
	else if (sig_len != mod_op_signature_len(&s->verify))
		rv = CKR_SIGNATURE_LEN_RANGE;
	else if ((rv = mod_op_update(&s->verify, data, len)) == CKR_OK &&
		 (rv = mod_op_digest(&s->verify, &tbs)) == CKR_OK)
		rv = check(s, &tbs, sig);
	mod_op_end(&s->verify);
	buf_free(&tbs);
	return rv;
}

CK_RV
mod_C_Verify(
    CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len, unsigned char *sig, CK_ULONG sig_len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (s->verify.mech == NULL || s->verify.parts) {
		mod_op_end(&s->verify);
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	}
	return mod_leave_session(s, finish(s, data, len, sig, sig_len));
}

CK_RV
mod_C_VerifyUpdate(CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (s->verify.mech == NULL)
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	s->verify.parts = true;
	if ((rv = mod_op_update(&s->verify, data, len)) != CKR_OK)
		mod_op_end(&s->verify);
	return mod_leave_session(s, rv);
}

CK_RV
mod_C_VerifyFinal(CK_SESSION_HANDLE h, unsigned char *sig, CK_ULONG sig_len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (s->verify.mech == NULL)
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	return mod_leave_session(s, finish(s, NULL, 0, sig, sig_len));
}
