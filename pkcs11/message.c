/*
 * Messages of PKCS #11 v3.0, 5.9, 5.11, 5.15, 5.17: many of them under one mechanism with
 * parameters that change, as AEAD ciphers want it. No chip of the family has a mechanism of that
 * kind.
 */
#include <config.h>

#include "pkcs11/calls.h"
#include "pkcs11/mod.h"

/* unused: the arguments but for the session, for the compiler to see. */
#define REFUSE(name, params, unused)                                                               \
	CK_RV mod_##name params                                                                    \
	{                                                                                          \
		unused;                                                                            \
		return mod_answer(h, CKR_FUNCTION_NOT_SUPPORTED);                                  \
	}

/* clang-format off */
#define INIT(name)                                                                                 \
	REFUSE(name, (CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key),         \
	    ((void)mechanism, (void)key))
#define FINAL(name) REFUSE(name, (CK_SESSION_HANDLE h), (void)0)

/* Encrypting and decrypting: all of a message, its beginning, a piece of it. */
#define CRYPT(name)                                                                                \
	REFUSE(name, (CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *aad,    \
	    CK_ULONG aad_len, unsigned char *in, CK_ULONG in_len, unsigned char *out,              \
	    CK_ULONG *out_len),                                                                    \
	    ((void)param, (void)param_len, (void)aad, (void)aad_len, (void)in, (void)in_len,       \
	    (void)out, (void)out_len))
#define CRYPT_BEGIN(name)                                                                          \
	REFUSE(name, (CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *aad,    \
	    CK_ULONG aad_len), ((void)param, (void)param_len, (void)aad, (void)aad_len))
#define CRYPT_NEXT(name)                                                                           \
	REFUSE(name, (CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *in,     \
	    CK_ULONG in_len, unsigned char *out, CK_ULONG *out_len, CK_FLAGS flags),               \
	    ((void)param, (void)param_len, (void)in, (void)in_len, (void)out, (void)out_len,       \
	    (void)flags))

/* Signing and verifying: the beginning; all of a message or a piece of it. */
#define BEGIN(name)                                                                                \
	REFUSE(name, (CK_SESSION_HANDLE h, void *param, CK_ULONG param_len),                       \
	    ((void)param, (void)param_len))
#define WITH_SIGNATURE(name, sig_len_type)                                                         \
	REFUSE(name, (CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *data,   \
	    CK_ULONG data_len, unsigned char *sig, sig_len_type sig_len),                          \
	    ((void)param, (void)param_len, (void)data, (void)data_len, (void)sig, (void)sig_len))

INIT(C_MessageEncryptInit)
CRYPT(C_EncryptMessage)
CRYPT_BEGIN(C_EncryptMessageBegin)
CRYPT_NEXT(C_EncryptMessageNext)
FINAL(C_MessageEncryptFinal)

INIT(C_MessageDecryptInit)
CRYPT(C_DecryptMessage)
CRYPT_BEGIN(C_DecryptMessageBegin)
CRYPT_NEXT(C_DecryptMessageNext)
FINAL(C_MessageDecryptFinal)

INIT(C_MessageSignInit)
WITH_SIGNATURE(C_SignMessage, CK_ULONG *)
BEGIN(C_SignMessageBegin)
WITH_SIGNATURE(C_SignMessageNext, CK_ULONG *)
FINAL(C_MessageSignFinal)

INIT(C_MessageVerifyInit)
WITH_SIGNATURE(C_VerifyMessage, CK_ULONG)
BEGIN(C_VerifyMessageBegin)
WITH_SIGNATURE(C_VerifyMessageNext, CK_ULONG)
FINAL(C_MessageVerifyFinal)
/* clang-format on */
