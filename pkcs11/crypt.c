/*
 * Encrypting and decrypting, alone and together with digesting, signing and verifying: PKCS #11
 * v2.40, 5.8, 5.9 and 5.13.
 */
#include <config.h>

#include <string.h>

#include "pkcs11/calls.h"
#include "pkcs11/cipher.h"
#include "pkcs11/mod.h"

/*
 * A piece of data. other: digests, signs or verifies the plain text, or NULL. Errors end both
 * operations, but for length queries and buffers too small.
 */
static CK_RV
update(struct session *s, struct op *op, struct op *other, const unsigned char *in, CK_ULONG len,
    unsigned char *out, CK_ULONG *out_len)
{
	struct buf result = BUF_INIT;
	bool keep = false;
	CK_RV rv;

	if (op->mech == NULL || (other != NULL && other->mech == NULL))
		return CKR_OPERATION_NOT_INITIALIZED;
	if (in == NULL && len != 0)
		rv = CKR_ARGUMENTS_BAD;
	else if (len > SIZE_MAX / 2)
		rv = CKR_DATA_LEN_RANGE;
	else if (mod_output(out, out_len, mod_cipher_update_len(op, len), &rv, &keep) &&
		 (rv = mod_cipher_update(s, op, in, len, &result)) == CKR_OK &&
		 (other == NULL ||
		     (rv = op->decrypt ? mod_op_update(s, other, result.data, result.len)
				       : mod_op_update(s, other, in, len)) == CKR_OK)) {
		if (result.len > 0)
			memcpy(out, result.data, result.len);
		op->parts = keep = true;
		if (other != NULL)
			other->parts = true;
	}
	if (!keep) {
		mod_op_end(op);
		if (other != NULL)
			mod_op_end(other);
	}
	buf_free(&result);
	return rv;
}

/* What is left, or all of it. Ends the operation but for length queries and buffers too small. */
static CK_RV
last(struct session *s, struct op *op, const unsigned char *in, CK_ULONG len, unsigned char *out,
    CK_ULONG *out_len)
{
	struct buf result = BUF_INIT;
	bool exact, keep = false;
	size_t need;
	CK_RV rv;

	if ((in == NULL && len != 0) || out_len == NULL)
		rv = CKR_ARGUMENTS_BAD;
	else if (len > SIZE_MAX / 2)
		rv = op->decrypt ? CKR_ENCRYPTED_DATA_LEN_RANGE : CKR_DATA_LEN_RANGE;
	else if ((rv = mod_cipher_last_len(op, len, &need, &exact)) == CKR_OK &&
		 (out == NULL || exact ? mod_output(out, out_len, need, &rv, &keep) : true) &&
		 (rv = mod_cipher_last(s, op, in, len, &result)) == CKR_OK) {
		/* How much it is may have come out only now. */
		if (exact)
			*out_len = result.len;
		else if (!mod_output(out, out_len, result.len, &rv, &keep))
			goto out;
		if (result.len > 0)
			memcpy(out, result.data, result.len);
	}
out:
	if (!keep)
		mod_op_end(op);
	buf_free(&result);
	return rv;
}

static CK_RV
call_whole(struct session *s, struct op *op, const unsigned char *in, CK_ULONG len,
    unsigned char *out, CK_ULONG *out_len)
{
	if (op->mech == NULL || op->parts) {
		mod_op_end(op);
		return CKR_OPERATION_NOT_INITIALIZED;
	}
	return last(s, op, in, len, out, out_len);
}

static CK_RV
call_final(struct session *s, struct op *op, unsigned char *out, CK_ULONG *out_len)
{
	if (op->mech == NULL)
		return CKR_OPERATION_NOT_INITIALIZED;
	return last(s, op, NULL, 0, out, out_len);
}

#define INIT(name, op, use)                                                                        \
	CK_RV mod_##name(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)       \
	{                                                                                          \
		struct session *s;                                                                 \
		CK_RV rv = mod_enter_session(h, &s);                                               \
                                                                                                   \
		if (rv != CKR_OK)                                                                  \
			return rv;                                                                 \
		return mod_leave_session(s, mod_op_init(s, &s->op, use, mechanism, key));          \
	}

#define BYTES(name, call)                                                                          \
	CK_RV mod_##name(CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out, \
	    CK_ULONG *out_len)                                                                     \
	{                                                                                          \
		struct session *s;                                                                 \
		CK_RV rv = mod_enter_session(h, &s);                                               \
                                                                                                   \
		return rv != CKR_OK ? rv : mod_leave_session(s, call);                             \
	}

#define FINAL(name, op)                                                                            \
	CK_RV mod_##name(CK_SESSION_HANDLE h, unsigned char *out, CK_ULONG *out_len)               \
	{                                                                                          \
		struct session *s;                                                                 \
		CK_RV rv = mod_enter_session(h, &s);                                               \
                                                                                                   \
		if (rv != CKR_OK)                                                                  \
			return rv;                                                                 \
		return mod_leave_session(s, call_final(s, &s->op, out, out_len));                  \
	}

/* clang-format off */
INIT(C_EncryptInit, encrypt, CKF_ENCRYPT)
BYTES(C_Encrypt, call_whole(s, &s->encrypt, in, len, out, out_len))
BYTES(C_EncryptUpdate, update(s, &s->encrypt, NULL, in, len, out, out_len))
FINAL(C_EncryptFinal, encrypt)

INIT(C_DecryptInit, decrypt, CKF_DECRYPT)
BYTES(C_Decrypt, call_whole(s, &s->decrypt, in, len, out, out_len))
BYTES(C_DecryptUpdate, update(s, &s->decrypt, NULL, in, len, out, out_len))
FINAL(C_DecryptFinal, decrypt)

BYTES(C_DigestEncryptUpdate, update(s, &s->encrypt, &s->digest, in, len, out, out_len))
BYTES(C_DecryptDigestUpdate, update(s, &s->decrypt, &s->digest, in, len, out, out_len))
BYTES(C_SignEncryptUpdate, update(s, &s->encrypt, &s->sign, in, len, out, out_len))
BYTES(C_DecryptVerifyUpdate, update(s, &s->decrypt, &s->verify, in, len, out, out_len))
/* clang-format on */
