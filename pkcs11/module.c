/*
 * The function lists, the interfaces that name them, and the only symbols that the module
 * exports: PKCS #11 v2.40, 5.4; v3.0, 5.4.
 */
#include <config.h>

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/calls.h"

#define EXPORT __attribute__((visibility("default")))

/* The same information for programs that see the longer list. */
static CK_RV
get_info_3_0(CK_INFO *info)
{
	const CK_RV rv = mod_C_GetInfo(info);

	if (rv == CKR_OK)
		info->cryptokiVersion = (CK_VERSION){ 3, 0 };
	return rv;
}

/* clang-format off */
#define LIST_2_40 \
	.C_Initialize = mod_C_Initialize, \
	.C_Finalize = mod_C_Finalize, \
	.C_GetSlotList = mod_C_GetSlotList, \
	.C_GetSlotInfo = mod_C_GetSlotInfo, \
	.C_GetTokenInfo = mod_C_GetTokenInfo, \
	.C_GetMechanismList = mod_C_GetMechanismList, \
	.C_GetMechanismInfo = mod_C_GetMechanismInfo, \
	.C_InitToken = mod_C_InitToken, \
	.C_InitPIN = mod_C_InitPIN, \
	.C_SetPIN = mod_C_SetPIN, \
	.C_OpenSession = mod_C_OpenSession, \
	.C_CloseSession = mod_C_CloseSession, \
	.C_CloseAllSessions = mod_C_CloseAllSessions, \
	.C_GetSessionInfo = mod_C_GetSessionInfo, \
	.C_GetOperationState = mod_C_GetOperationState, \
	.C_SetOperationState = mod_C_SetOperationState, \
	.C_Login = mod_C_Login, \
	.C_Logout = mod_C_Logout, \
	.C_CreateObject = mod_C_CreateObject, \
	.C_CopyObject = mod_C_CopyObject, \
	.C_DestroyObject = mod_C_DestroyObject, \
	.C_GetObjectSize = mod_C_GetObjectSize, \
	.C_GetAttributeValue = mod_C_GetAttributeValue, \
	.C_SetAttributeValue = mod_C_SetAttributeValue, \
	.C_FindObjectsInit = mod_C_FindObjectsInit, \
	.C_FindObjects = mod_C_FindObjects, \
	.C_FindObjectsFinal = mod_C_FindObjectsFinal, \
	.C_EncryptInit = mod_C_EncryptInit, \
	.C_Encrypt = mod_C_Encrypt, \
	.C_EncryptUpdate = mod_C_EncryptUpdate, \
	.C_EncryptFinal = mod_C_EncryptFinal, \
	.C_DecryptInit = mod_C_DecryptInit, \
	.C_Decrypt = mod_C_Decrypt, \
	.C_DecryptUpdate = mod_C_DecryptUpdate, \
	.C_DecryptFinal = mod_C_DecryptFinal, \
	.C_DigestInit = mod_C_DigestInit, \
	.C_Digest = mod_C_Digest, \
	.C_DigestUpdate = mod_C_DigestUpdate, \
	.C_DigestKey = mod_C_DigestKey, \
	.C_DigestFinal = mod_C_DigestFinal, \
	.C_SignInit = mod_C_SignInit, \
	.C_Sign = mod_C_Sign, \
	.C_SignUpdate = mod_C_SignUpdate, \
	.C_SignFinal = mod_C_SignFinal, \
	.C_SignRecoverInit = mod_C_SignRecoverInit, \
	.C_SignRecover = mod_C_SignRecover, \
	.C_VerifyInit = mod_C_VerifyInit, \
	.C_Verify = mod_C_Verify, \
	.C_VerifyUpdate = mod_C_VerifyUpdate, \
	.C_VerifyFinal = mod_C_VerifyFinal, \
	.C_VerifyRecoverInit = mod_C_VerifyRecoverInit, \
	.C_VerifyRecover = mod_C_VerifyRecover, \
	.C_DigestEncryptUpdate = mod_C_DigestEncryptUpdate, \
	.C_DecryptDigestUpdate = mod_C_DecryptDigestUpdate, \
	.C_SignEncryptUpdate = mod_C_SignEncryptUpdate, \
	.C_DecryptVerifyUpdate = mod_C_DecryptVerifyUpdate, \
	.C_GenerateKey = mod_C_GenerateKey, \
	.C_GenerateKeyPair = mod_C_GenerateKeyPair, \
	.C_WrapKey = mod_C_WrapKey, \
	.C_UnwrapKey = mod_C_UnwrapKey, \
	.C_DeriveKey = mod_C_DeriveKey, \
	.C_SeedRandom = mod_C_SeedRandom, \
	.C_GenerateRandom = mod_C_GenerateRandom, \
	.C_GetFunctionStatus = mod_C_GetFunctionStatus, \
	.C_CancelFunction = mod_C_CancelFunction, \
	.C_WaitForSlotEvent = mod_C_WaitForSlotEvent, \
	.C_GetFunctionList = C_GetFunctionList

static CK_FUNCTION_LIST list = {
	.version = { 2, 40 },
	.C_GetInfo = mod_C_GetInfo,
	LIST_2_40,
};

static CK_FUNCTION_LIST_3_0 list_3_0 = {
	.version = { 3, 0 },
	.C_GetInfo = get_info_3_0,
	LIST_2_40,
	.C_GetInterfaceList = C_GetInterfaceList,
	.C_GetInterface = C_GetInterface,
	.C_LoginUser = mod_C_LoginUser,
	.C_SessionCancel = mod_C_SessionCancel,
	.C_MessageEncryptInit = mod_C_MessageEncryptInit,
	.C_EncryptMessage = mod_C_EncryptMessage,
	.C_EncryptMessageBegin = mod_C_EncryptMessageBegin,
	.C_EncryptMessageNext = mod_C_EncryptMessageNext,
	.C_MessageEncryptFinal = mod_C_MessageEncryptFinal,
	.C_MessageDecryptInit = mod_C_MessageDecryptInit,
	.C_DecryptMessage = mod_C_DecryptMessage,
	.C_DecryptMessageBegin = mod_C_DecryptMessageBegin,
	.C_DecryptMessageNext = mod_C_DecryptMessageNext,
	.C_MessageDecryptFinal = mod_C_MessageDecryptFinal,
	.C_MessageSignInit = mod_C_MessageSignInit,
	.C_SignMessage = mod_C_SignMessage,
	.C_SignMessageBegin = mod_C_SignMessageBegin,
	.C_SignMessageNext = mod_C_SignMessageNext,
	.C_MessageSignFinal = mod_C_MessageSignFinal,
	.C_MessageVerifyInit = mod_C_MessageVerifyInit,
	.C_VerifyMessage = mod_C_VerifyMessage,
	.C_VerifyMessageBegin = mod_C_VerifyMessageBegin,
	.C_VerifyMessageNext = mod_C_VerifyMessageNext,
	.C_MessageVerifyFinal = mod_C_MessageVerifyFinal,
};
/* clang-format on */

/*
 * The first is what a program gets that does not care. Neither is CKF_INTERFACE_FORK_SAFE: that
 * would promise a child its parent's sessions, and a child starts anew.
 */
static char name_11[] = "PKCS 11";
static CK_INTERFACE interfaces[] = {
	{ name_11, &list_3_0, 0 },
	{ name_11, &list, 0 },
};

EXPORT CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **listp)
{
	if (listp == NULL)
		return CKR_ARGUMENTS_BAD;
	*listp = &list;
	return CKR_OK;
}

EXPORT CK_RV
C_GetInterfaceList(CK_INTERFACE *out, CK_ULONG *np)
{
	const CK_ULONG room = out != NULL && np != NULL ? *np : 0;

	if (np == NULL)
		return CKR_ARGUMENTS_BAD;
	*np = NITEMS(interfaces);
	if (out == NULL)
		return CKR_OK;
	if (room < NITEMS(interfaces))
		return CKR_BUFFER_TOO_SMALL;
	memcpy(out, interfaces, sizeof(interfaces));
	return CKR_OK;
}

/* Every list begins with its version. */
static bool
is_version(const CK_INTERFACE *i, const CK_VERSION *v)
{
	const CK_VERSION *have = i->pFunctionList;

	return have->major == v->major && have->minor == v->minor;
}

EXPORT CK_RV
C_GetInterface(unsigned char *name, CK_VERSION *version, CK_INTERFACE **ip, CK_FLAGS flags)
{
	if (ip == NULL)
		return CKR_ARGUMENTS_BAD;
	for (size_t i = 0; i < NITEMS(interfaces); i++) {
		CK_INTERFACE *have = &interfaces[i];

		if ((name != NULL && strcmp((const char *)name, have->pInterfaceName) != 0) ||
		    (version != NULL && !is_version(have, version)) || (flags & ~have->flags) != 0)
			continue;
		*ip = have;
		return CKR_OK;
	}
	return CKR_FUNCTION_FAILED;
}
