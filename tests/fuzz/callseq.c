/* See callseq.h. */
#include <config.h>

#include <stdbool.h>
#include <string.h>

#include "pkcs11/optiga-pkcs11.h"
#include "tests/fuzz/callseq.h"
#include "tests/fuzz/fuzz.h"

#define NSESSIONS 3
#define NOBJECTS  16
#define NMEMORY   64
#define TMPL_MAX  12
#define CALLS_MAX 400
#define N(a)      (sizeof(a) / sizeof((a)[0]))

struct seq {
	const CK_FUNCTION_LIST_3_0 *f;
	struct input in;
	CK_SESSION_HANDLE sessions[NSESSIONS];
	CK_OBJECT_HANDLE objects[NOBJECTS];
	size_t nobjects;
	void *memory[NMEMORY]; /* of the call that is being made */
	size_t nmemory;
	CK_MECHANISM mechanism;
	CK_OBJECT_HANDLE made[2];
	CK_ULONG lens[4];
	size_t nlens;
};

/* --- arguments ------------------------------------------------------------------------------ */

static void *
memory(struct seq *c, size_t n)
{
	void *p = calloc(1, n > 0 ? n : 1);

	fuzz_assert(p != NULL && c->nmemory < NMEMORY);
	c->memory[c->nmemory++] = p;
	return p;
}

static const CK_ULONG odd[] = { 0, 1, 4711, 0x40000000, 0x7FFFFFFF, (CK_ULONG)-1, (CK_ULONG)-1 / 2,
	(CK_ULONG)-1 / sizeof(CK_ATTRIBUTE) + 2 };

static CK_ULONG
oddity(struct seq *c)
{
	return odd[input_u8(&c->in) % N(odd)];
}

static CK_SESSION_HANDLE
session(struct seq *c)
{
	const uint8_t b = input_u8(&c->in);

	return b < 0xF0 ? c->sessions[b % NSESSIONS] : oddity(c);
}

static CK_OBJECT_HANDLE
object(struct seq *c)
{
	const uint8_t b = input_u8(&c->in);

	return b < 0xE0 && c->nobjects > 0 ? c->objects[b % c->nobjects] : oddity(c);
}

/* Bytes of the input, with their length in *np; or nothing and any length. */
static unsigned char *
bytes(struct seq *c, CK_ULONG *np)
{
	const uint8_t b = input_u8(&c->in);
	const uint8_t *p;
	unsigned char *copy;
	size_t n;

	if (b >= 0xF0) {
		*np = oddity(c);
		return NULL;
	}
	p = input_bytes(&c->in, b % 80, &n);
	copy = memory(c, n);
	if (n > 0)
		memcpy(copy, p, n);
	*np = n;
	return copy;
}

/* Room for an answer; sometimes none, and sometimes nowhere to say how much. */
static unsigned char *
room(struct seq *c, CK_ULONG **lenp)
{
	const uint8_t b = input_u8(&c->in);
	CK_ULONG *len = &c->lens[c->nlens++ % N(c->lens)];

	*lenp = b == 0xFF ? NULL : len;
	*len = b >= 0xF0 ? oddity(c) : (CK_ULONG)b * 3;
	return b >= 0xF0 ? NULL : memory(c, *len);
}

/* A structure of the caller to be filled. */
static void *
place(struct seq *c, size_t n)
{
	return input_u8(&c->in) >= 0xF0 ? NULL : memory(c, n);
}

static const CK_ULONG types[] = {
	CKA_CLASS,
	CKA_TOKEN,
	CKA_PRIVATE,
	CKA_LABEL,
	CKA_APPLICATION,
	CKA_VALUE,
	CKA_OBJECT_ID,
	CKA_CERTIFICATE_TYPE,
	CKA_ISSUER,
	CKA_SERIAL_NUMBER,
	CKA_TRUSTED,
	CKA_CERTIFICATE_CATEGORY,
	CKA_JAVA_MIDP_SECURITY_DOMAIN,
	CKA_URL,
	CKA_HASH_OF_SUBJECT_PUBLIC_KEY,
	CKA_CHECK_VALUE,
	CKA_KEY_TYPE,
	CKA_SUBJECT,
	CKA_ID,
	CKA_SENSITIVE,
	CKA_ENCRYPT,
	CKA_DECRYPT,
	CKA_WRAP,
	CKA_UNWRAP,
	CKA_SIGN,
	CKA_SIGN_RECOVER,
	CKA_VERIFY,
	CKA_VERIFY_RECOVER,
	CKA_DERIVE,
	CKA_START_DATE,
	CKA_END_DATE,
	CKA_MODULUS,
	CKA_MODULUS_BITS,
	CKA_PUBLIC_EXPONENT,
	CKA_PRIVATE_EXPONENT,
	CKA_PUBLIC_KEY_INFO,
	CKA_VALUE_LEN,
	CKA_EXTRACTABLE,
	CKA_LOCAL,
	CKA_NEVER_EXTRACTABLE,
	CKA_ALWAYS_SENSITIVE,
	CKA_KEY_GEN_MECHANISM,
	CKA_MODIFIABLE,
	CKA_COPYABLE,
	CKA_DESTROYABLE,
	CKA_EC_PARAMS,
	CKA_EC_POINT,
	CKA_ALWAYS_AUTHENTICATE,
	CKA_WRAP_WITH_TRUSTED,
	CKA_ALLOWED_MECHANISMS,
	CKA_UNIQUE_ID,
	CKA_PROFILE_ID,
	CKA_HW_FEATURE_TYPE,
	CKA_OPTIGA_OID,
	CKA_OPTIGA_METADATA,
	CKA_OPTIGA_LIFE_CYCLE,
	CKA_OPTIGA_USED_SIZE,
	CKA_OPTIGA_MAX_SIZE,
};

/* Values that open a door further in: classes, types, curves, points. */
static const struct {
	const char *p;
	size_t n;
} blobs[] = {
#define BLOB(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}
	BLOB("\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07"),
	BLOB("\x06\x05\x2B\x81\x04\x00\x22"),
	BLOB("\x04\x41\x04\x6B\x17\xD1\xF2\xE1\x2C\x42\x47\xF8\xBC\xE6\xE5\x63\xA4\x40\xF2\x77\x03"
	     "\x7D"
	     "\x81\x2D\xEB\x33\xA0\xF4\xA1\x39\x45\xD8\x98\xC2\x96\x4F\xE3\x42\xE2\xFE\x1A\x7F\x9B"
	     "\x8E"
	     "\xE7\xEB\x4A\x7C\x0F\x9E\x16\x2B\xCE\x33\x57\x6B\x31\x5E\xCE\xCB\xB6\x40\x68\x37\xBF"
	     "\x51"
	     "\xF5"),
	BLOB("\x01\x00\x01"),
	BLOB("\xE0\xF1"),
	BLOB("\xE0\xF2"),
	BLOB("\xF1\xD0"),
	BLOB("20261124"),
	BLOB("0123456789abcdef"),
};

static void
attribute(struct seq *c, CK_ATTRIBUTE *a)
{
	const uint8_t b = input_u8(&c->in), form = input_u8(&c->in);
	CK_ULONG v;

	a->type = b < 0xF8 ? types[b % N(types)] : input_u16(&c->in);
	switch (form % 6) {
	case 0:
		a->pValue = memory(c, a->ulValueLen = 1);
		*(CK_BBOOL *)a->pValue = input_u8(&c->in) & 1;
		break;
	case 1:
		v = input_u8(&c->in);
		a->pValue = memory(c, a->ulValueLen = sizeof(v));
		memcpy(a->pValue, &v, sizeof(v));
		break;
	case 2:
		v = input_u8(&c->in) % N(blobs);
		a->pValue = memory(c, a->ulValueLen = blobs[v].n);
		memcpy(a->pValue, blobs[v].p, blobs[v].n);
		break;
	default: a->pValue = bytes(c, &a->ulValueLen);
	}
}

static CK_ATTRIBUTE *template(struct seq *c, CK_ULONG *np)
{
	const uint8_t b = input_u8(&c->in);
	CK_ATTRIBUTE *t;

	if (b >= 0xF0) {
		*np = oddity(c);
		return NULL;
	}
	*np = b % (TMPL_MAX + 1);
	t = memory(c, *np * sizeof(*t));
	for (CK_ULONG i = 0; i < *np; i++)
		attribute(c, &t[i]);
	return t;
}

static const CK_MECHANISM_TYPE mechanisms[] = {
	CKM_EC_KEY_PAIR_GEN,
	CKM_RSA_PKCS_KEY_PAIR_GEN,
	CKM_AES_KEY_GEN,
	CKM_GENERIC_SECRET_KEY_GEN,
	CKM_ECDSA,
	CKM_ECDSA_SHA256,
	CKM_ECDSA_SHA512,
	CKM_RSA_PKCS,
	CKM_SHA256_RSA_PKCS,
	CKM_RSA_PKCS_OAEP,
	CKM_RSA_X_509,
	CKM_AES_ECB,
	CKM_AES_CBC,
	CKM_AES_CBC_PAD,
	CKM_AES_MAC,
	CKM_AES_MAC_GENERAL,
	CKM_AES_CMAC,
	CKM_AES_CMAC_GENERAL,
	CKM_SHA256_HMAC,
	CKM_SHA256_HMAC_GENERAL,
	CKM_SHA512_HMAC,
	CKM_SHA_1,
	CKM_SHA256,
	CKM_SHA384,
	CKM_ECDH1_DERIVE,
	CKM_HKDF_DERIVE,
	CKM_TLS12_MASTER_KEY_DERIVE,
	CKM_TLS12_KDF,
	CKM_MD5,
};

/* Parameters are short: longer ones hold pointers, which bytes cannot give. */
static CK_MECHANISM *
mechanism(struct seq *c)
{
	const uint8_t b = input_u8(&c->in), p = input_u8(&c->in);

	if (b == 0xFF)
		return NULL;
	c->mechanism.mechanism = b < 0xF0 ? mechanisms[b % N(mechanisms)] : oddity(c);
	c->mechanism.pParameter = NULL;
	c->mechanism.ulParameterLen = 0;
	if (p >= 0xF0)
		c->mechanism.ulParameterLen = oddity(c);
	else if (p >= 0x80)
		c->mechanism.pParameter = memory(c, c->mechanism.ulParameterLen = p % 17);
	return &c->mechanism;
}

static CK_OBJECT_HANDLE *
handle(struct seq *c, unsigned i)
{
	return input_u8(&c->in) >= 0xF0 ? NULL : &c->made[i];
}

/* --- functions ------------------------------------------------------------------------------ */

/* Each takes its arguments from the input, in their order. */
#define CALL(name, before, ...)                                                                    \
	static CK_RV call_##name(struct seq *c)                                                    \
	{                                                                                          \
		before;                                                                            \
		return c->f->name(__VA_ARGS__);                                                    \
	}
#define S const CK_SESSION_HANDLE s = session(c)
#define O const CK_OBJECT_HANDLE o = object(c)
#define M CK_MECHANISM *m = mechanism(c)
#define IN(p)                                                                                      \
	CK_ULONG p##_n;                                                                            \
	unsigned char *p = bytes(c, &p##_n)
#define OUT(p)                                                                                     \
	CK_ULONG *p##_n;                                                                           \
	unsigned char *p = room(c, &p##_n)
#define T(p)                                                                                       \
	CK_ULONG p##_n;                                                                            \
	CK_ATTRIBUTE *p = template(c, &p##_n)
#define U(p)        const CK_ULONG p = input_u8(&c->in)
#define SLOT        const CK_SLOT_ID slot = input_u8(&c->in) < 0xF0 ? 0 : oddity(c)
#define PLACE(type) type *p = place(c, sizeof(*p))
#define H(p, i)     CK_OBJECT_HANDLE *p = handle(c, i)

/* clang-format off */
CALL(C_GetInfo, PLACE(CK_INFO), p)
CALL(C_GetSlotInfo, SLOT; PLACE(CK_SLOT_INFO), slot, p)
CALL(C_GetTokenInfo, SLOT; PLACE(CK_TOKEN_INFO), slot, p)
CALL(C_GetMechanismInfo, SLOT; M; PLACE(CK_MECHANISM_INFO), slot, m != NULL ? m->mechanism : 0, p)
CALL(C_WaitForSlotEvent, U(flags); PLACE(CK_SLOT_ID), flags | CKF_DONT_BLOCK, p, NULL)
CALL(C_InitToken, SLOT; IN(pin); PLACE(CK_TOKEN_INFO), slot, pin, pin_n, (unsigned char *)p)
CALL(C_InitPIN, S; IN(pin), s, pin, pin_n)
CALL(C_SetPIN, S; IN(a); IN(b), s, a, a_n, b, b_n)
CALL(C_CloseSession, S, s)
CALL(C_CloseAllSessions, SLOT, slot)
CALL(C_GetSessionInfo, S; PLACE(CK_SESSION_INFO), s, p)
CALL(C_GetOperationState, S; OUT(out), s, out, out_n)
CALL(C_SetOperationState, S; IN(a); O, s, a, a_n, o, o)
CALL(C_Login, S; U(user); IN(pin), s, user % 4, pin, pin_n)
CALL(C_Logout, S, s)
CALL(C_CreateObject, S; T(t); H(h, 0), s, t, t_n, h)
CALL(C_CopyObject, S; O; T(t); H(h, 0), s, o, t, t_n, h)
CALL(C_DestroyObject, S; O, s, o)
CALL(C_GetObjectSize, S; O; PLACE(CK_ULONG), s, o, p)
CALL(C_GetAttributeValue, S; O; T(t), s, o, t, t_n)
CALL(C_SetAttributeValue, S; O; T(t), s, o, t, t_n)
CALL(C_FindObjectsInit, S; T(t), s, t, t_n)
CALL(C_FindObjectsFinal, S, s)
CALL(C_EncryptInit, S; M; O, s, m, o)
CALL(C_Encrypt, S; IN(a); OUT(out), s, a, a_n, out, out_n)
CALL(C_EncryptUpdate, S; IN(a); OUT(out), s, a, a_n, out, out_n)
CALL(C_EncryptFinal, S; OUT(out), s, out, out_n)
CALL(C_DecryptInit, S; M; O, s, m, o)
CALL(C_Decrypt, S; IN(a); OUT(out), s, a, a_n, out, out_n)
CALL(C_DecryptUpdate, S; IN(a); OUT(out), s, a, a_n, out, out_n)
CALL(C_DecryptFinal, S; OUT(out), s, out, out_n)
CALL(C_DigestInit, S; M, s, m)
CALL(C_Digest, S; IN(a); OUT(out), s, a, a_n, out, out_n)
CALL(C_DigestUpdate, S; IN(a), s, a, a_n)
CALL(C_DigestKey, S; O, s, o)
CALL(C_DigestFinal, S; OUT(out), s, out, out_n)
CALL(C_SignInit, S; M; O, s, m, o)
CALL(C_Sign, S; IN(a); OUT(out), s, a, a_n, out, out_n)
CALL(C_SignUpdate, S; IN(a), s, a, a_n)
CALL(C_SignFinal, S; OUT(out), s, out, out_n)
CALL(C_SignRecoverInit, S; M; O, s, m, o)
CALL(C_SignRecover, S; IN(a); OUT(out), s, a, a_n, out, out_n)
CALL(C_VerifyInit, S; M; O, s, m, o)
CALL(C_Verify, S; IN(a); IN(b), s, a, a_n, b, b_n)
CALL(C_VerifyUpdate, S; IN(a), s, a, a_n)
CALL(C_VerifyFinal, S; IN(a), s, a, a_n)
CALL(C_VerifyRecoverInit, S; M; O, s, m, o)
CALL(C_VerifyRecover, S; IN(a); OUT(out), s, a, a_n, out, out_n)
CALL(C_DigestEncryptUpdate, S; IN(a); OUT(out), s, a, a_n, out, out_n)
CALL(C_DecryptDigestUpdate, S; IN(a); OUT(out), s, a, a_n, out, out_n)
CALL(C_SignEncryptUpdate, S; IN(a); OUT(out), s, a, a_n, out, out_n)
CALL(C_DecryptVerifyUpdate, S; IN(a); OUT(out), s, a, a_n, out, out_n)
CALL(C_GenerateKey, S; M; T(t); H(h, 0), s, m, t, t_n, h)
CALL(C_GenerateKeyPair, S; M; T(a); T(b); H(h, 0); H(k, 1), s, m, a, a_n, b, b_n, h, k)
CALL(C_WrapKey, S; M; O; OUT(out), s, m, o, o, out, out_n)
CALL(C_UnwrapKey, S; M; O; IN(a); T(t); H(h, 0), s, m, o, a, a_n, t, t_n, h)
CALL(C_DeriveKey, S; M; O; T(t); H(h, 0), s, m, o, t, t_n, h)
CALL(C_SeedRandom, S; IN(a), s, a, a_n)
CALL(C_GenerateRandom, S; OUT(out), s, out, out_n != NULL && out != NULL ? *out_n : 0)
CALL(C_GetFunctionStatus, S, s)
CALL(C_CancelFunction, S, s)
CALL(C_GetInterface, U(flags); PLACE(CK_INTERFACE *), NULL, NULL, p, flags)
CALL(C_LoginUser, S; U(user); IN(pin); IN(name), s, user % 4, pin, pin_n, name, name_n)
CALL(C_SessionCancel, S; U(low); U(high), s, low | high << 8)
CALL(C_MessageEncryptInit, S; M; O, s, m, o)
CALL(C_EncryptMessage, S; IN(p); IN(aad); IN(a); OUT(out), s, p, p_n, aad, aad_n, a, a_n, out, out_n)
CALL(C_EncryptMessageBegin, S; IN(p); IN(aad), s, p, p_n, aad, aad_n)
CALL(C_EncryptMessageNext, S; IN(p); IN(a); OUT(out); U(flags), s, p, p_n, a, a_n, out, out_n, flags)
CALL(C_MessageEncryptFinal, S, s)
CALL(C_MessageDecryptInit, S; M; O, s, m, o)
CALL(C_DecryptMessage, S; IN(p); IN(aad); IN(a); OUT(out), s, p, p_n, aad, aad_n, a, a_n, out, out_n)
CALL(C_DecryptMessageBegin, S; IN(p); IN(aad), s, p, p_n, aad, aad_n)
CALL(C_DecryptMessageNext, S; IN(p); IN(a); OUT(out); U(flags), s, p, p_n, a, a_n, out, out_n, flags)
CALL(C_MessageDecryptFinal, S, s)
CALL(C_MessageSignInit, S; M; O, s, m, o)
CALL(C_SignMessage, S; IN(p); IN(a); OUT(out), s, p, p_n, a, a_n, out, out_n)
CALL(C_SignMessageBegin, S; IN(p), s, p, p_n)
CALL(C_SignMessageNext, S; IN(p); IN(a); OUT(out), s, p, p_n, a, a_n, out, out_n)
CALL(C_MessageSignFinal, S, s)
CALL(C_MessageVerifyInit, S; M; O, s, m, o)
CALL(C_VerifyMessage, S; IN(p); IN(a); IN(b), s, p, p_n, a, a_n, b, b_n)
CALL(C_VerifyMessageBegin, S; IN(p), s, p, p_n)
CALL(C_VerifyMessageNext, S; IN(p); IN(a); IN(b), s, p, p_n, a, a_n, b, b_n)
CALL(C_MessageVerifyFinal, S, s)

/* A list of numbers with room for some of them. */
#define LIST(type)                                                                                 \
	CK_ULONG len = input_u8(&c->in) % 80, *lenp = input_u8(&c->in) == 0xFF ? NULL : &len;       \
	type *list = input_u8(&c->in) >= 0x80 ? NULL : memory(c, len * sizeof(*list))
CALL(C_GetSlotList, U(present); LIST(CK_SLOT_ID), present & 1, list, lenp)
CALL(C_GetMechanismList, SLOT; LIST(CK_MECHANISM_TYPE), slot, list, lenp)
CALL(C_GetInterfaceList, LIST(CK_INTERFACE), list, lenp)
CALL(C_FindObjects, S; LIST(CK_OBJECT_HANDLE), s, list, len, lenp)
/* clang-format on */

static CK_RV
call_C_OpenSession(struct seq *c)
{
	const CK_SLOT_ID slot = input_u8(&c->in) < 0xF0 ? 0 : oddity(c);
	const CK_FLAGS flags = input_u8(&c->in) & 0x07;
	const size_t i = input_u8(&c->in) % NSESSIONS;
	CK_SESSION_HANDLE h;
	CK_RV rv = c->f->C_OpenSession(slot, flags, NULL, NULL, &h);

	if (rv == CKR_OK) { /* the one it takes the place of is closed, or there would be no end */
		(void)c->f->C_CloseSession(c->sessions[i]);
		c->sessions[i] = h;
	}
	return rv;
}

static CK_RV (*const functions[])(struct seq *) = {
	call_C_GetInfo,
	call_C_GetSlotInfo,
	call_C_GetTokenInfo,
	call_C_GetMechanismInfo,
	call_C_WaitForSlotEvent,
	call_C_InitToken,
	call_C_InitPIN,
	call_C_SetPIN,
	call_C_CloseSession,
	call_C_CloseAllSessions,
	call_C_GetSessionInfo,
	call_C_GetOperationState,
	call_C_SetOperationState,
	call_C_Login,
	call_C_Logout,
	call_C_CreateObject,
	call_C_CopyObject,
	call_C_DestroyObject,
	call_C_GetObjectSize,
	call_C_GetAttributeValue,
	call_C_SetAttributeValue,
	call_C_FindObjectsInit,
	call_C_FindObjectsFinal,
	call_C_EncryptInit,
	call_C_Encrypt,
	call_C_EncryptUpdate,
	call_C_EncryptFinal,
	call_C_DecryptInit,
	call_C_Decrypt,
	call_C_DecryptUpdate,
	call_C_DecryptFinal,
	call_C_DigestInit,
	call_C_Digest,
	call_C_DigestUpdate,
	call_C_DigestKey,
	call_C_DigestFinal,
	call_C_SignInit,
	call_C_Sign,
	call_C_SignUpdate,
	call_C_SignFinal,
	call_C_SignRecoverInit,
	call_C_SignRecover,
	call_C_VerifyInit,
	call_C_Verify,
	call_C_VerifyUpdate,
	call_C_VerifyFinal,
	call_C_VerifyRecoverInit,
	call_C_VerifyRecover,
	call_C_DigestEncryptUpdate,
	call_C_DecryptDigestUpdate,
	call_C_SignEncryptUpdate,
	call_C_DecryptVerifyUpdate,
	call_C_GenerateKey,
	call_C_GenerateKeyPair,
	call_C_WrapKey,
	call_C_UnwrapKey,
	call_C_DeriveKey,
	call_C_SeedRandom,
	call_C_GenerateRandom,
	call_C_GetFunctionStatus,
	call_C_CancelFunction,
	call_C_GetInterface,
	call_C_LoginUser,
	call_C_SessionCancel,
	call_C_MessageEncryptInit,
	call_C_EncryptMessage,
	call_C_EncryptMessageBegin,
	call_C_EncryptMessageNext,
	call_C_MessageEncryptFinal,
	call_C_MessageDecryptInit,
	call_C_DecryptMessage,
	call_C_DecryptMessageBegin,
	call_C_DecryptMessageNext,
	call_C_MessageDecryptFinal,
	call_C_MessageSignInit,
	call_C_SignMessage,
	call_C_SignMessageBegin,
	call_C_SignMessageNext,
	call_C_MessageSignFinal,
	call_C_MessageVerifyInit,
	call_C_VerifyMessage,
	call_C_VerifyMessageBegin,
	call_C_VerifyMessageNext,
	call_C_MessageVerifyFinal,
	call_C_GetSlotList,
	call_C_GetMechanismList,
	call_C_GetInterfaceList,
	call_C_FindObjects,
	call_C_OpenSession,
};
const size_t callseq_nfunctions = N(functions);

/* Those that were closed are opened again: without a session there is little to see. */
static void
open_sessions(struct seq *c)
{
	CK_SESSION_INFO info;

	for (size_t i = 0; i < NSESSIONS; i++)
		if (c->f->C_GetSessionInfo(c->sessions[i], &info) != CKR_OK)
			(void)c->f->C_OpenSession(0,
			    CKF_SERIAL_SESSION | (i == 0 ? 0 : CKF_RW_SESSION), NULL, NULL,
			    &c->sessions[i]);
}

static void
keep(struct seq *c, CK_OBJECT_HANDLE h)
{
	if (h == 0)
		return;
	if (c->nobjects < NOBJECTS)
		c->objects[c->nobjects++] = h;
	else
		c->objects[h % NOBJECTS] = h;
}

static void
one(struct seq *c)
{
	CK_RV rv;

	c->nmemory = c->nlens = 0;
	c->made[0] = c->made[1] = 0;
	rv = functions[input_u8(&c->in) % N(functions)](c);
	if (rv == CKR_SESSION_HANDLE_INVALID)
		open_sessions(c);
	for (size_t i = 0; i < 2 && rv == CKR_OK; i++)
		keep(c, c->made[i]);
	for (size_t i = 0; i < c->nmemory; i++)
		free(c->memory[i]);
}

unsigned
callseq_run(const CK_FUNCTION_LIST_3_0 *list, const uint8_t *data, size_t len)
{
	struct seq c = { .f = list, .in = { data, len } };
	CK_ULONG n = 0;
	unsigned calls;

	open_sessions(&c);
	if (list->C_FindObjectsInit(c.sessions[0], NULL, 0) == CKR_OK) {
		if (list->C_FindObjects(c.sessions[0], c.objects, NOBJECTS / 2, &n) == CKR_OK)
			c.nobjects = n;
		(void)list->C_FindObjectsFinal(c.sessions[0]);
	}
	for (calls = 0; calls < CALLS_MAX && c.in.len > 0; calls++)
		one(&c);
	for (size_t i = 0; i < NSESSIONS; i++)
		(void)list->C_CloseSession(c.sessions[i]);
	return calls;
}
