/*
 * What the chip, or this module on it, does not do. Programs call through the function list
 * without looking, so every place in it is filled; and who calls with a session that is none, or
 * without arguments, hears of that first.
 */
#include <config.h>

#include "pkcs11/calls.h"
#include "pkcs11/mod.h"

/* args: whether there is all that the function needs. */
#define REFUSE(name, params, args)                                                                 \
	CK_RV mod_##name params                                                                    \
	{                                                                                          \
		return mod_answer(h, (args) ? CKR_FUNCTION_NOT_SUPPORTED : CKR_ARGUMENTS_BAD);     \
	}

/* Five arguments are the shape of everything that turns bytes into bytes. */
#define REFUSE_BYTES(name)                                                                         \
	REFUSE(name,                                                                               \
	    (CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out,             \
		CK_ULONG *out_len),                                                                \
	    ((void)out, (in != NULL || len == 0) && out_len != NULL))
#define REFUSE_INIT(name)                                                                          \
	REFUSE(name, (CK_SESSION_HANDLE h, CK_MECHANISM * mechanism, CK_OBJECT_HANDLE key),        \
	    ((void)key, mechanism != NULL))

/* clang-format off */
/* No PIN: one that the chip does not enforce would be a pretence. */
REFUSE(C_InitPIN, (CK_SESSION_HANDLE h, unsigned char *pin, CK_ULONG pin_len),
    pin != NULL || pin_len == 0)
REFUSE(C_SetPIN, (CK_SESSION_HANDLE h, unsigned char *old, CK_ULONG old_len, unsigned char *pin,
    CK_ULONG pin_len), (old != NULL || old_len == 0) && (pin != NULL || pin_len == 0))

/* Keys would have to be named and secrets to be written out. */
REFUSE(C_SetOperationState, (CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len,
    CK_OBJECT_HANDLE enc, CK_OBJECT_HANDLE auth), ((void)len, (void)enc, (void)auth, in != NULL))
REFUSE(C_GetOperationState, (CK_SESSION_HANDLE h, unsigned char *out, CK_ULONG *out_len),
    ((void)out, out_len != NULL))

/* The chip signs digests alone. */
REFUSE_INIT(C_SignRecoverInit)
REFUSE_BYTES(C_SignRecover)
REFUSE_INIT(C_VerifyRecoverInit)
REFUSE_BYTES(C_VerifyRecover)

/* Keys of the chip never leave it. */
REFUSE(C_WrapKey, (CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
    CK_OBJECT_HANDLE key, unsigned char *out, CK_ULONG *out_len),
    ((void)wrapping, (void)key, (void)out, mechanism != NULL && out_len != NULL))
/* clang-format on */

CK_RV
mod_C_InitToken(CK_SLOT_ID id, unsigned char *pin, CK_ULONG pin_len, unsigned char *label)
{
	struct token *t;
	struct mod *m;
	CK_RV rv;

	if ((rv = mod_enter_slot(id, &m, &t)) != CKR_OK)
		return rv;
	return mod_leave(label == NULL || (pin == NULL && pin_len != 0)
			     ? CKR_ARGUMENTS_BAD
			     : CKR_FUNCTION_NOT_SUPPORTED);
}

/* Leftovers of the standard's first version, with the answer it prescribes. */
CK_RV
mod_C_GetFunctionStatus(CK_SESSION_HANDLE h)
{
	return mod_answer(h, CKR_FUNCTION_NOT_PARALLEL);
}

CK_RV
mod_C_CancelFunction(CK_SESSION_HANDLE h)
{
	return mod_answer(h, CKR_FUNCTION_NOT_PARALLEL);
}
