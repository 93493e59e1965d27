/*
 * The C_* functions under the names they have inside, PKCS #11 v2.40 chapter 5; module.c puts
 * them into the function list. Those in unsupported.c answer CKR_FUNCTION_NOT_SUPPORTED.
 */
#ifndef PKCS11_CALLS_H
#define PKCS11_CALLS_H

#include <p11-kit/pkcs11.h>

#include "pkcs11/pkcs11v3.h"

/* general.c */
CK_RV mod_C_Initialize(void *args);
CK_RV mod_C_Finalize(void *reserved);
CK_RV mod_C_GetInfo(CK_INFO *info);

/* slot.c */
CK_RV mod_C_GetSlotList(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *np);
CK_RV mod_C_GetSlotInfo(CK_SLOT_ID id, CK_SLOT_INFO *info);
CK_RV mod_C_GetTokenInfo(CK_SLOT_ID id, CK_TOKEN_INFO *info);
CK_RV mod_C_GetMechanismList(CK_SLOT_ID id, CK_MECHANISM_TYPE *list, CK_ULONG *np);
CK_RV mod_C_GetMechanismInfo(CK_SLOT_ID id, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO *info);

/* session.c */
CK_RV mod_C_OpenSession(
    CK_SLOT_ID id, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *hp);
CK_RV mod_C_CloseSession(CK_SESSION_HANDLE h);
CK_RV mod_C_CloseAllSessions(CK_SLOT_ID id);
CK_RV mod_C_GetSessionInfo(CK_SESSION_HANDLE h, CK_SESSION_INFO *info);
CK_RV mod_C_Login(CK_SESSION_HANDLE h, CK_USER_TYPE user, unsigned char *pin, CK_ULONG pin_len);
CK_RV mod_C_Logout(CK_SESSION_HANDLE h);

/* object.c */
CK_RV mod_C_CreateObject(
    CK_SESSION_HANDLE h, CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *objp);
CK_RV mod_C_DestroyObject(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj);
CK_RV mod_C_GetObjectSize(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj, CK_ULONG *sizep);
CK_RV mod_C_GetAttributeValue(
    CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj, CK_ATTRIBUTE *tmpl, CK_ULONG n);
CK_RV mod_C_SetAttributeValue(
    CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj, CK_ATTRIBUTE *tmpl, CK_ULONG n);
CK_RV mod_C_FindObjectsInit(CK_SESSION_HANDLE h, CK_ATTRIBUTE *tmpl, CK_ULONG n);
CK_RV mod_C_FindObjects(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE *list, CK_ULONG max, CK_ULONG *np);
CK_RV mod_C_FindObjectsFinal(CK_SESSION_HANDLE h);

/* copy.c */
CK_RV mod_C_CopyObject(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE obj, CK_ATTRIBUTE *tmpl, CK_ULONG n,
    CK_OBJECT_HANDLE *objp);

/* keygen.c */
CK_RV mod_C_GenerateKey(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_ATTRIBUTE *tmpl,
    CK_ULONG n, CK_OBJECT_HANDLE *keyp);
CK_RV mod_C_GenerateKeyPair(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_ATTRIBUTE *pub,
    CK_ULONG npub, CK_ATTRIBUTE *priv, CK_ULONG npriv, CK_OBJECT_HANDLE *hpub,
    CK_OBJECT_HANDLE *hpriv);

/* crypt.c */
CK_RV mod_C_EncryptInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV mod_C_Encrypt(
    CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_EncryptUpdate(
    CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_EncryptFinal(CK_SESSION_HANDLE h, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_DecryptInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV mod_C_Decrypt(
    CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_DecryptUpdate(
    CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_DecryptFinal(CK_SESSION_HANDLE h, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_DigestEncryptUpdate(
    CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_DecryptDigestUpdate(
    CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_SignEncryptUpdate(
    CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_DecryptVerifyUpdate(
    CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out, CK_ULONG *out_len);

/* derive.c */
CK_RV mod_C_DeriveKey(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE base,
    CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *keyp);

/* digest.c */
CK_RV mod_C_DigestInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism);
CK_RV mod_C_Digest(
    CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_DigestUpdate(CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len);
CK_RV mod_C_DigestKey(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE key);
CK_RV mod_C_DigestFinal(CK_SESSION_HANDLE h, unsigned char *out, CK_ULONG *out_len);

/* sign.c */
CK_RV mod_C_SignInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV mod_C_Sign(
    CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len, unsigned char *sig, CK_ULONG *sig_len);
CK_RV mod_C_SignUpdate(CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len);
CK_RV mod_C_SignFinal(CK_SESSION_HANDLE h, unsigned char *sig, CK_ULONG *sig_len);

/* verify.c */
CK_RV mod_C_VerifyInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV mod_C_Verify(
    CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len, unsigned char *sig, CK_ULONG sig_len);
CK_RV mod_C_VerifyUpdate(CK_SESSION_HANDLE h, unsigned char *data, CK_ULONG len);
CK_RV mod_C_VerifyFinal(CK_SESSION_HANDLE h, unsigned char *sig, CK_ULONG sig_len);

/* random.c */
CK_RV mod_C_SeedRandom(CK_SESSION_HANDLE h, unsigned char *seed, CK_ULONG len);
CK_RV mod_C_GenerateRandom(CK_SESSION_HANDLE h, unsigned char *out, CK_ULONG len);

/* event.c */
CK_RV mod_C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved);

/* unwrap.c */
CK_RV mod_C_UnwrapKey(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE unwrapping,
    unsigned char *in, CK_ULONG len, CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *keyp);

/* unsupported.c */
CK_RV mod_C_InitToken(CK_SLOT_ID id, unsigned char *pin, CK_ULONG pin_len, unsigned char *label);
CK_RV mod_C_InitPIN(CK_SESSION_HANDLE h, unsigned char *pin, CK_ULONG pin_len);
CK_RV mod_C_SetPIN(CK_SESSION_HANDLE h, unsigned char *old, CK_ULONG old_len, unsigned char *pin,
    CK_ULONG pin_len);
CK_RV mod_C_GetOperationState(CK_SESSION_HANDLE h, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_SetOperationState(CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len,
    CK_OBJECT_HANDLE enc, CK_OBJECT_HANDLE auth);
CK_RV mod_C_SignRecoverInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV mod_C_SignRecover(
    CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_VerifyRecoverInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV mod_C_VerifyRecover(
    CK_SESSION_HANDLE h, unsigned char *in, CK_ULONG len, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_WrapKey(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE wrapping,
    CK_OBJECT_HANDLE key, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_GetFunctionStatus(CK_SESSION_HANDLE h);
CK_RV mod_C_CancelFunction(CK_SESSION_HANDLE h);

/* v3.0: session.c */
CK_RV mod_C_LoginUser(CK_SESSION_HANDLE h, CK_USER_TYPE user, unsigned char *pin, CK_ULONG pin_len,
    unsigned char *name, CK_ULONG name_len);
CK_RV mod_C_SessionCancel(CK_SESSION_HANDLE h, CK_FLAGS flags);

/* message.c */
CK_RV mod_C_MessageEncryptInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV mod_C_EncryptMessage(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *aad,
    CK_ULONG aad_len, unsigned char *in, CK_ULONG in_len, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_EncryptMessageBegin(
    CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *aad, CK_ULONG aad_len);
CK_RV mod_C_EncryptMessageNext(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len,
    unsigned char *in, CK_ULONG in_len, unsigned char *out, CK_ULONG *out_len, CK_FLAGS flags);
CK_RV mod_C_MessageEncryptFinal(CK_SESSION_HANDLE h);
CK_RV mod_C_MessageDecryptInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV mod_C_DecryptMessage(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *aad,
    CK_ULONG aad_len, unsigned char *in, CK_ULONG in_len, unsigned char *out, CK_ULONG *out_len);
CK_RV mod_C_DecryptMessageBegin(
    CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *aad, CK_ULONG aad_len);
CK_RV mod_C_DecryptMessageNext(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len,
    unsigned char *in, CK_ULONG in_len, unsigned char *out, CK_ULONG *out_len, CK_FLAGS flags);
CK_RV mod_C_MessageDecryptFinal(CK_SESSION_HANDLE h);
CK_RV mod_C_MessageSignInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV mod_C_SignMessage(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *data,
    CK_ULONG data_len, unsigned char *sig, CK_ULONG *sig_len);
CK_RV mod_C_SignMessageBegin(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len);
CK_RV mod_C_SignMessageNext(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len,
    unsigned char *data, CK_ULONG data_len, unsigned char *sig, CK_ULONG *sig_len);
CK_RV mod_C_MessageSignFinal(CK_SESSION_HANDLE h);
CK_RV mod_C_MessageVerifyInit(CK_SESSION_HANDLE h, CK_MECHANISM *mechanism, CK_OBJECT_HANDLE key);
CK_RV mod_C_VerifyMessage(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len, unsigned char *data,
    CK_ULONG data_len, unsigned char *sig, CK_ULONG sig_len);
CK_RV mod_C_VerifyMessageBegin(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len);
CK_RV mod_C_VerifyMessageNext(CK_SESSION_HANDLE h, void *param, CK_ULONG param_len,
    unsigned char *data, CK_ULONG data_len, unsigned char *sig, CK_ULONG sig_len);
CK_RV mod_C_MessageVerifyFinal(CK_SESSION_HANDLE h);

#endif
