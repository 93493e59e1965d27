/* Digests, made on the host: PKCS #11 v2.40, 5.10. */
#include <config.h>

#include <string.h>

#include "pkcs11/calls.h"
#include "pkcs11/mod.h"

CK_RV
mod_C_DigestInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, mod_op_init(s, &s->digest, CKF_DIGEST, mechanism, 0));
}

/* Ends the operation but for length queries and buffers too small. */
static CK_RV
finish(struct session *s, struct op *op, const unsigned char *data, CK_ULONG len,
    unsigned char *out, CK_ULONG *out_len)
{
	struct buf digest = BUF_INIT;
	bool keep = false;
	CK_RV rv;

	if (data == NULL && len != 0)
		rv = CKR_ARGUMENTS_BAD;
	else if (mod_output(out, out_len, op->mech->hash->len, &rv, &keep) &&
		 (rv = mod_op_update(s, op, data, len)) == CKR_OK &&
		 (rv = mod_op_digest(op, &digest)) == CKR_OK)
		memcpy(out, digest.data, digest.len);
	if (!keep)
		mod_op_end(op);
	buf_free(&digest);
	return rv;
}

CK_RV
mod_C_Digest(
    CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len, unsigned char *out, CK_ULONG *out_len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (s->digest.mech == NULL || s->digest.parts) {
		mod_op_end(&s->digest);
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	}
	return mod_leave_session(s, finish(s, &s->digest, data, len, out, out_len));
}

CK_RV
mod_C_DigestUpdate(CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	return mod_leave_session(s, mod_op_part(s, &s->digest, data, len));
}

/* Keys of the chip do not come out of it. */
static CK_RV
digest_key(struct session *s, CK_OBJECT_HANDLE h)
{
	struct mod_key key;
	CK_RV rv;

	if ((rv = mod_key_get(s, h, &key)) != CKR_OK)
		return rv;
	if (key.cls != CKO_SECRET_KEY || key.oid != 0)
		rv = CKR_KEY_INDIGESTIBLE;
	else
		rv = mod_op_update(s, &s->digest, key.value.data, key.value.len);
	mod_key_free(&key);
	return rv;
}

CK_RV
mod_C_DigestKey(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE key)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (s->digest.mech == NULL)
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	s->digest.parts = true;
	if ((rv = digest_key(s, key)) != CKR_OK)
		mod_op_end(&s->digest);
	return mod_leave_session(s, rv);
}

CK_RV
mod_C_DigestFinal(CK_SESSION_HANDLE h, unsigned char *out, CK_ULONG *out_len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (s->digest.mech == NULL)
		return mod_leave_session(s, CKR_OPERATION_NOT_INITIALIZED);
	return mod_leave_session(s, finish(s, &s->digest, NULL, 0, out, out_len));
}
