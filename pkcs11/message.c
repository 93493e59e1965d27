/*
 * Messages of PKCS #11 v3.0, 5.9, 5.11, 5.15, 5.17: many of them under one mechanism with
 * parameters that change, as AEAD ciphers want it. No chip of the family has a mechanism of that
 * kind.
 */
#include <config.h>

#include "pkcs11/calls.h"
#include "pkcs11/mod.h"

static CK_RV
refuse(CK_SESSION_HANDLE h)
{
	struct session *s;
	CK_RV rv = mod_enter_session(h, &s);

	return rv != CKR_OK ? rv : mod_leave_session(s, CKR_FUNCTION_NOT_SUPPORTED);
}

CK_RV
mod_C_MessageEncryptInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	(void)mechanism;
	(void)key;
	return refuse(h);
}

CK_RV
mod_C_EncryptMessage(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *aad,
    CK_ULONG aad_len, unsigned char *in, CK_ULONG in_len, unsigned char *out, CK_ULONG *out_len)
{
	(void)param;
	(void)param_len;
	(void)aad;
	(void)aad_len;
	(void)in;
	(void)in_len;
	(void)out;
	(void)out_len;
	return refuse(h);
}

CK_RV
mod_C_EncryptMessageBegin(
    CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *aad, CK_ULONG aad_len)
{
	(void)param;
	(void)param_len;
	(void)aad;
	(void)aad_len;
	return refuse(h);
}

CK_RV
mod_C_EncryptMessageNext(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *in,
    CK_ULONG in_len, unsigned char *out, CK_ULONG *out_len, CK_FLAGS flags)
{
	(void)param;
	(void)param_len;
	(void)in;
	(void)in_len;
	(void)out;
	(void)out_len;
	(void)flags;
	return refuse(h);
}

CK_RV
mod_C_MessageEncryptFinal(CK_SESSION_HANDLE h)
{
	return refuse(h);
}

CK_RV
mod_C_MessageDecryptInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	(void)mechanism;
	(void)key;
	return refuse(h);
}

CK_RV
mod_C_DecryptMessage(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *aad,
    CK_ULONG aad_len, unsigned char *in, CK_ULONG in_len, unsigned char *out, CK_ULONG *out_len)
{
	(void)param;
	(void)param_len;
	(void)aad;
	(void)aad_len;
	(void)in;
	(void)in_len;
	(void)out;
	(void)out_len;
	return refuse(h);
}

CK_RV
mod_C_DecryptMessageBegin(
    CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *aad, CK_ULONG aad_len)
{
	(void)param;
	(void)param_len;
	(void)aad;
	(void)aad_len;
	return refuse(h);
}

CK_RV
mod_C_DecryptMessageNext(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *in,
    CK_ULONG in_len, unsigned char *out, CK_ULONG *out_len, CK_FLAGS flags)
{
	(void)param;
	(void)param_len;
	(void)in;
	(void)in_len;
	(void)out;
	(void)out_len;
	(void)flags;
	return refuse(h);
}

CK_RV
mod_C_MessageDecryptFinal(CK_SESSION_HANDLE h)
{
	return refuse(h);
}

CK_RV
mod_C_MessageSignInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	(void)mechanism;
	(void)key;
	return refuse(h);
}

CK_RV
mod_C_SignMessage(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *data,
    CK_ULONG data_len, unsigned char *sig, CK_ULONG *sig_len)
{
	(void)param;
	(void)param_len;
	(void)data;
	(void)data_len;
	(void)sig;
	(void)sig_len;
	return refuse(h);
}

CK_RV
mod_C_SignMessageBegin(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len)
{
	(void)param;
	(void)param_len;
	return refuse(h);
}

CK_RV
mod_C_SignMessageNext(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *data,
    CK_ULONG data_len, unsigned char *sig, CK_ULONG *sig_len)
{
	(void)param;
	(void)param_len;
	(void)data;
	(void)data_len;
	(void)sig;
	(void)sig_len;
	return refuse(h);
}

CK_RV
mod_C_MessageSignFinal(CK_SESSION_HANDLE h)
{
	return refuse(h);
}

CK_RV
mod_C_MessageVerifyInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key)
{
	(void)mechanism;
	(void)key;
	return refuse(h);
}

CK_RV
mod_C_VerifyMessage(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *data,
    CK_ULONG data_len, unsigned char *sig, CK_ULONG sig_len)
{
	(void)param;
	(void)param_len;
	(void)data;
	(void)data_len;
	(void)sig;
	(void)sig_len;
	return refuse(h);
}

CK_RV
mod_C_VerifyMessageBegin(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len)
{
	(void)param;
	(void)param_len;
	return refuse(h);
}

CK_RV
mod_C_VerifyMessageNext(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *data,
    CK_ULONG data_len, unsigned char *sig, CK_ULONG sig_len)
{
	(void)param;
	(void)param_len;
	(void)data;
	(void)data_len;
	(void)sig;
	(void)sig_len;
	return refuse(h);
}

CK_RV
mod_C_MessageVerifyFinal(CK_SESSION_HANDLE h)
{
	return refuse(h);
}
