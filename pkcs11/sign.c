/*
 * Signatures and MACs: PKCS #11 v2.40, 5.11. The chip signs; hashing is the host's part, so that
 * any amount of data in any number of parts costs the chip one command.
 */
#include <config.h>

#include <string.h>

#include "pkcs11/calls.h"
#include "pkcs11/mac.h"
#include "pkcs11/mod.h"

CK_RV
mod_C_SignInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, mod_op_init(s, &s->sign, CKF_SIGN, mechanism, key));
}

struct job {
	const uint8_t *digest;
	size_t len;
	struct buf *sig;
};

static int
run_job(struct chip *chip, const struct mod_key *key, void *arg)
{
	const struct job *j = arg;

	return key->type->rsa
		   ? chip_sign_rsa(chip, key->oid, j->digest, j->len, j->sig)
		   : chip_sign_ecdsa(chip, key->oid, key->type->size, j->digest, j->len, j->sig);
}

static CK_RV
by_private_key(struct session *s, struct op *op, struct buf *sig)
{
	const struct mech_hash *hash = NULL;
	struct job j = { .sig = sig };
	struct buf data = BUF_INIT;
	CK_RV rv;

	if ((rv = mod_op_digest(op, &data)) != CKR_OK)
		goto out;
	j.digest = data.data;
	j.len = data.len;
	if (op->mech->hash == NULL && op->key.type->rsa) {
		rv = mod_mech_rsa_digest(
		    mod_token_model(s->token), data.data, data.len, &j.digest, &hash);
		if (rv != CKR_OK)
			goto out;
		j.len = hash->len;
	} else if (j.len == 0 || j.len > MECH_HASH_MAX) {
		rv = CKR_DATA_LEN_RANGE;
		goto out;
	}
	rv = mod_op_chip(s, &op->key, run_job, &j);
out:
	buf_free(&data);
	return rv;
}

static CK_RV
sign(struct session *s, struct buf *sig)
{
	struct op *op = &s->sign;
	CK_RV rv;

	rv = op->mech->mac != 0 ? mod_mac_final(s, op, sig) : by_private_key(s, op, sig);
	return rv == CKR_OK && sig->len != mod_op_signature_len(op) ? CKR_DEVICE_ERROR : rv;
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
		 (rv = mod_op_update(s, &s->sign, data, len)) == CKR_OK &&
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
	return mod_leave_session(s, mod_op_part(s, &s->sign, data, len));
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
