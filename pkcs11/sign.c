/*
 * Signatures by the chip: PKCS #11 v2.40, 5.11. Hashing is the host's part in all of them, so
 * that any amount of data in any number of parts costs the chip one command.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/calls.h"
#include "pkcs11/mod.h"

static CK_RV
begin(struct session *s, const CK_MECHANISM *mechanism, CK_OBJECT_HANDLE h)
{
	const struct mech *mech;
	struct store_key key;
	CK_RV rv;

	rv = mod_mech_get(mechanism, CKF_SIGN, mod_token_model(s->token), &mech);
	if (rv != CKR_OK)
		return rv;
	if (s->sign.mech != NULL)
		return CKR_OPERATION_ACTIVE;
	rv = mod_op_key(mod_token_lock(s->token), mech, CKO_PRIVATE_KEY, h, &key);
	mod_token_unlock(s->token);
	if (rv == CKR_OK && (rv = mod_op_begin(&s->sign, mech)) == CKR_OK)
		s->sign.key = key;
	return rv;
}

CK_RV
mod_C_SignInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, begin(s, mechanism, key));
}

/*
 * One signature. A command whose outcome is unknown, or that a reset by somebody else swallowed,
 * is simply repeated once: signing twice does no harm.
 */
static int
chip_sign(struct token *t, const struct store_key *key, const uint8_t *digest, size_t len,
    struct buf *sig)
{
	struct chip *chip;
	int r = mod_token_chip(t, &chip);

	for (int i = 0; i < 2 && chip != NULL; i++) {
		r = key->type->rsa
			? chip_sign_rsa(chip, key->oid, digest, len, sig)
			: chip_sign_ecdsa(chip, key->oid, key->type->size, digest, len, sig);
		if (r != HAL_ERESYNC && r != HAL_ERESET)
			break;
	}
	mod_token_unlock(t);
	return r;
}

static CK_RV
sign(struct session *s, struct buf *sig)
{
	const struct mech_hash *hash = NULL;
	struct buf data = BUF_INIT;
	const uint8_t *digest;
	struct op *op = &s->sign;
	size_t len;
	CK_RV rv;

	if ((rv = mod_op_digest(op, &data)) != CKR_OK)
		goto out;
	digest = data.data;
	len = data.len;
	if (op->mech->hash == NULL && op->key.type->rsa) {
		rv = mod_mech_rsa_digest(
		    mod_token_model(s->token), data.data, data.len, &digest, &hash);
		if (rv != CKR_OK)
			goto out;
		len = hash->len;
	} else if (len == 0 || len > MECH_HASH_MAX) {
		rv = CKR_DATA_LEN_RANGE;
		goto out;
	}
	rv = mod_rv(chip_sign(s->token, &op->key, digest, len, sig));
	if (rv == CKR_OK && sig->len != mod_op_signature_len(op))
		rv = CKR_DEVICE_ERROR;
out:
	buf_free(&data);
	return rv;
}

/* Ends the operation but for length queries and buffers too small. */
static CK_RV
finish(struct session *s, const unsigned char *data, CK_ULONG len, unsigned char *out,
    CK_ULONG *out_len)
{
	struct buf sig = BUF_INIT;
	bool keep = false;
	CK_RV rv;

	if (data == NULL && len != 0)
		rv = CKR_ARGUMENTS_BAD;
	else if (mod_output(out, out_len, mod_op_signature_len(&s->sign), &rv, &keep) &&
		 (rv = mod_op_update(&s->sign, data, len)) == CKR_OK &&
		 (rv = sign(s, &sig)) == CKR_OK)
		memcpy(out, sig.data, sig.len);
	if (!keep)
		mod_op_end(&s->sign);
	buf_free(&sig);
	return rv;
}

CK_RV
mod_C_Sign(
    CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len, unsigned char *sig, CK_ULONG *sig_len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (s->sign.mech == NULL || s->sign.parts) {
		mod_op_end(&s->sign);
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	}
	return mod_leave_session(s, finish(s, data, len, sig, sig_len));
}

CK_RV
mod_C_SignUpdate(CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (s->sign.mech == NULL)
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	s->sign.parts = true;
	if ((rv = mod_op_update(&s->sign, data, len)) != CKR_OK)
		mod_op_end(&s->sign);
	return mod_leave_session(s, rv);
}

CK_RV
mod_C_SignFinal(CK_SESSION_HANDLE h, unsigned char *sig, CK_ULONG *sig_len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (s->sign.mech == NULL)
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	return mod_leave_session(s, finish(s, NULL, 0, sig, sig_len));
}
