/*
 * What the chip, or this module on it, does not do. Programs call through the function list
 * without looking, so every place in it is filled.
 */
#include <config.h>

#include "pkcs11/calls.h"
#include "pkcs11/mod.h"

static CK_RV
refuse(CK_RV why)
{
	struct mod *m;
	CK_RV rv = mod_enter(&m);

	return rv != CKR_OK ? rv : mod_leave(why);
}

#define REFUSE(name, args, use)                                                                    \
	CK_RV mod_##name args                                                                      \
	{                                                                                          \
		use;                                                                               \
		return refuse(CKR_FUNCTION_NOT_SUPPORTED);                                         \
	}

/* Five arguments are the shape of everything that turns bytes into bytes. */
#define REFUSE_BYTES(name)                                                                         \
	REFUSE(name,                                                                               \
	    (CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out,             \
		CK_ULONG *out_len),                                                                \
	    ((void)h, (void)in, (void)len, (void)out, (void)out_len))
#define REFUSE_FINAL(name)                                                                         \
	REFUSE(name, (CK_SESSION_HANDLE h, unsigned char *out, CK_ULONG *out_len),                 \
	    ((void)h, (void)out, (void)out_len))
#define REFUSE_INIT(name)                                                                          \
	REFUSE(name, (CK_SESSION_HANDLE h, CK_MECHANISM * mechanism, CK_OBJECT_HANDLE key),        \
	    ((void)h, (void)mechanism, (void)key))

/* clang-format off */
/* No PIN: one that the chip does not enforce would be a pretence. */
REFUSE(C_InitToken, (CK_SLOT_ID id, unsigned char *pin, CK_ULONG pin_len, unsigned char *label),
    ((void)id, (void)pin, (void)pin_len, (void)label))
REFUSE(C_InitPIN, (CK_SESSION_HANDLE h, unsigned char *pin, CK_ULONG pin_len),
    ((void)h, (void)pin, (void)pin_len))
REFUSE(C_SetPIN, (CK_SESSION_HANDLE h, unsigned char *old, CK_ULONG old_len, unsigned char *pin,
    CK_ULONG pin_len), ((void)h, (void)old, (void)old_len, (void)pin, (void)pin_len))

REFUSE(C_SetOperationState, (CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len,
    CK_OBJECT_HANDLE enc, CK_OBJECT_HANDLE auth),
    ((void)h, (void)in, (void)len, (void)enc, (void)auth))
REFUSE_FINAL(C_GetOperationState)

REFUSE(C_CopyObject, (CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj, CK_ATTRIBUTE *tmpl, CK_ULONG n,
    CK_OBJECT_HANDLE *objp), ((void)h, (void)obj, (void)tmpl, (void)n, (void)objp))

REFUSE_INIT(C_SignRecoverInit)
REFUSE_BYTES(C_SignRecover)
REFUSE_INIT(C_VerifyRecoverInit)
REFUSE_BYTES(C_VerifyRecover)

REFUSE(C_GenerateKey, (CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_ATTRIBUTE *tmpl,
    CK_ULONG n, CK_OBJECT_HANDLE *keyp), ((void)h, (void)mechanism, (void)tmpl, (void)n, (void)keyp))
REFUSE(C_WrapKey, (CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
    CK_OBJECT_HANDLE key, unsigned char *out, CK_ULONG *out_len),
    ((void)h, (void)mechanism, (void)wrapping, (void)key, (void)out, (void)out_len))
REFUSE(C_UnwrapKey, (CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping,
    unsigned char *in, CK_ULONG len, CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *keyp),
    ((void)h, (void)mechanism, (void)unwrapping, (void)in, (void)len, (void)tmpl, (void)n,
    (void)keyp))
REFUSE(C_DeriveKey, (CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
    CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *keyp),
    ((void)h, (void)mechanism, (void)base, (void)tmpl, (void)n, (void)keyp))
/* clang-format on */

/* Leftovers of the standard's first version, with the answer it prescribes. */
CK_RV
mod_C_GetFunctionStatus(CK_SESSION_HANDLE h)
{
	(void)h;
	return refuse(CKR_FUNCTION_NOT_PARALLEL);
}

CK_RV
mod_C_CancelFunction(CK_SESSION_HANDLE h)
{
	(void)h;
	return refuse(CKR_FUNCTION_NOT_PARALLEL);
}
