/*
 * Verifying: PKCS #11 v2.40, 5.12. Signatures on the host, with public keys of any origin; MACs
 * by making them again.
 */
#include <config.h>

#include <openssl/crypto.h>

#include "pkcs11/calls.h"
#include "pkcs11/check.h"
#include "pkcs11/mac.h"
#include "pkcs11/mod.h"
#include "pkcs11/rsa.h"

CK_RV
mod_C_VerifyInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, mod_op_init(s, &s->verify, CKF_VERIFY, mechanism, key));
}

/*
 * CKM_RSA_PKCS: a signature of exactly these bytes is one by any signer's book. Of a bare digest
 * this chip signs the DigestInfo (mech.h), and such signatures verify as well.
 */
static CK_RV
check_rsa_pkcs(const struct buf *spki, const struct buf *tbs, const unsigned char *sig)
{
	const struct mech_hash *hash;
	const uint8_t *digest;
	CK_RV rv;

	if (tbs->len > mod_rsa_size(spki) - RSA_PADDING)
		return CKR_DATA_LEN_RANGE;
	rv = mod_rsa_check(spki, NULL, 0, tbs->data, tbs->len, sig);
	if (rv == CKR_SIGNATURE_INVALID &&
	    mod_mech_rsa_digest(NULL, tbs->data, tbs->len, &digest, &hash) == CKR_OK &&
	    digest == tbs->data)
		rv = mod_rsa_check(spki, hash->info, hash->info_len, digest, hash->len, sig);
	return rv;
}

/* tbs: the digest, or for CKM_RSA_PKCS what it is in. */
static CK_RV
check(struct op *op, const struct buf *tbs, const unsigned char *sig)
{
	const struct mech_hash *hash = op->mech->hash;
	const struct buf *spki = &op->key.value;

	if (op->key.kind == KEY_RSA)
		return hash == NULL ? check_rsa_pkcs(spki, tbs, sig)
				    : mod_rsa_check(spki, hash->info, hash->info_len, tbs->data,
					  tbs->len, sig);
	if (tbs->len == 0 || tbs->len > MECH_HASH_MAX)
		return CKR_DATA_LEN_RANGE;
	return mod_check(op->key.type, spki, tbs->data, tbs->len, sig);
}

static CK_RV
compare(struct session *s, struct op *op, const unsigned char *sig)
{
	struct buf mac = BUF_INIT;
	CK_RV rv;

	if ((rv = mod_mac_final(s, op, &mac)) == CKR_OK &&
	    CRYPTO_memcmp(mac.data, sig, op->mac_len) != 0)
		rv = CKR_SIGNATURE_INVALID;
	buf_free(&mac);
	return rv;
}

static CK_RV
verify(struct session *s, struct op *op, const unsigned char *sig)
{
	struct buf tbs = BUF_INIT;
	CK_RV rv;

	if (op->mech->mac != 0)
		return compare(s, op, sig);
	if ((rv = mod_op_digest(op, &tbs)) == CKR_OK)
		rv = check(op, &tbs, sig);
	buf_free(&tbs);
	return rv;
}

/* Ends the operation in any case. */
static CK_RV
finish(struct session *s, const unsigned char *data, CK_ULONG len, const unsigned char *sig,
    CK_ULONG sig_len)
{
	CK_RV rv;

	if (sig == NULL || (data == NULL && len != 0))
		rv = CKR_ARGUMENTS_BAD;
	else if (sig_len != mod_op_signature_len(&s->verify))
		rv = CKR_SIGNATURE_LEN_RANGE;
	else if ((rv = mod_op_update(s, &s->verify, data, len)) == CKR_OK)
		rv = verify(s, &s->verify, sig);
	mod_op_end(&s->verify);
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
	return mod_leave_session(s, mod_op_part(s, &s->verify, data, len));
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
