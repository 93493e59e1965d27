/*
 * Every function with nothing, nonsense and the edge in its arguments: an error code that says
 * what is wrong, never a crash; and every function before C_Initialize.
 */
#include <config.h>

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/callseq.h"
#include "tests/module/harness.h"

#define BAD ((CK_ULONG)-1)

/* Each row calls one function with a handle and otherwise nothing. */
#define CALL(name, ...)                                                                            \
	static CK_RV nothing_##name(CK_SESSION_HANDLE h)                                           \
	{                                                                                          \
		(void)h;                                                                           \
		return p11->name(__VA_ARGS__);                                                     \
	}

/* clang-format off */
CALL(C_GetInfo, NULL)
CALL(C_GetSlotList, CK_FALSE, NULL, NULL)
CALL(C_GetSlotInfo, 0, NULL)
CALL(C_GetTokenInfo, 0, NULL)
CALL(C_WaitForSlotEvent, 0, NULL, NULL)
CALL(C_GetMechanismList, 0, NULL, NULL)
CALL(C_GetMechanismInfo, 0, CKM_ECDSA, NULL)
CALL(C_InitToken, 0, NULL, 0, NULL)
CALL(C_InitPIN, h, NULL, 0)
CALL(C_SetPIN, h, NULL, 0, NULL, 0)
CALL(C_OpenSession, 0, CKF_SERIAL_SESSION, NULL, NULL, NULL)
CALL(C_GetSessionInfo, h, NULL)
CALL(C_GetOperationState, h, NULL, NULL)
CALL(C_SetOperationState, h, NULL, 0, 0, 0)
CALL(C_CreateObject, h, NULL, 0, NULL)
CALL(C_CopyObject, h, 0, NULL, 0, NULL)
CALL(C_DestroyObject, h, 0)
CALL(C_GetObjectSize, h, 0, NULL)
CALL(C_GetAttributeValue, h, 0, NULL, 0)
CALL(C_SetAttributeValue, h, 0, NULL, 0)
CALL(C_FindObjects, h, NULL, 1, NULL)
CALL(C_FindObjectsFinal, h)
CALL(C_EncryptInit, h, NULL, 0)
CALL(C_Encrypt, h, NULL, 0, NULL, NULL)
CALL(C_EncryptUpdate, h, NULL, 0, NULL, NULL)
CALL(C_EncryptFinal, h, NULL, NULL)
CALL(C_DecryptInit, h, NULL, 0)
CALL(C_Decrypt, h, NULL, 0, NULL, NULL)
CALL(C_DecryptUpdate, h, NULL, 0, NULL, NULL)
CALL(C_DecryptFinal, h, NULL, NULL)
CALL(C_DigestInit, h, NULL)
CALL(C_Digest, h, NULL, 0, NULL, NULL)
CALL(C_DigestUpdate, h, NULL, 0)
CALL(C_DigestKey, h, 0)
CALL(C_DigestFinal, h, NULL, NULL)
CALL(C_SignInit, h, NULL, 0)
CALL(C_Sign, h, NULL, 0, NULL, NULL)
CALL(C_SignUpdate, h, NULL, 0)
CALL(C_SignFinal, h, NULL, NULL)
CALL(C_SignRecoverInit, h, NULL, 0)
CALL(C_SignRecover, h, NULL, 0, NULL, NULL)
CALL(C_VerifyInit, h, NULL, 0)
CALL(C_Verify, h, NULL, 0, NULL, 0)
CALL(C_VerifyUpdate, h, NULL, 0)
CALL(C_VerifyFinal, h, NULL, 0)
CALL(C_VerifyRecoverInit, h, NULL, 0)
CALL(C_VerifyRecover, h, NULL, 0, NULL, NULL)
CALL(C_DigestEncryptUpdate, h, NULL, 0, NULL, NULL)
CALL(C_DecryptDigestUpdate, h, NULL, 0, NULL, NULL)
CALL(C_SignEncryptUpdate, h, NULL, 0, NULL, NULL)
CALL(C_DecryptVerifyUpdate, h, NULL, 0, NULL, NULL)
CALL(C_GenerateKey, h, NULL, NULL, 0, NULL)
CALL(C_GenerateKeyPair, h, NULL, NULL, 0, NULL, 0, NULL, NULL)
CALL(C_WrapKey, h, NULL, 0, 0, NULL, NULL)
CALL(C_UnwrapKey, h, NULL, 0, NULL, 0, NULL, 0, NULL)
CALL(C_DeriveKey, h, NULL, 0, NULL, 0, NULL)
CALL(C_SeedRandom, h, NULL, 0)
CALL(C_GenerateRandom, h, NULL, 1)
CALL(C_GetFunctionStatus, h)
CALL(C_CancelFunction, h)

static const struct {
	const char *name;
	CK_RV (*call)(CK_SESSION_HANDLE h);
	bool session; /* its first argument is a session */
	CK_RV rv;     /* with a good session */
} calls[] = {
#define ROW(name, session, rv) { #name, nothing_##name, session, rv }
	ROW(C_GetInfo, false, CKR_ARGUMENTS_BAD),
	ROW(C_GetSlotList, false, CKR_ARGUMENTS_BAD),
	ROW(C_GetSlotInfo, false, CKR_ARGUMENTS_BAD),
	ROW(C_GetTokenInfo, false, CKR_ARGUMENTS_BAD),
	ROW(C_WaitForSlotEvent, false, CKR_ARGUMENTS_BAD),
	ROW(C_GetMechanismList, false, CKR_ARGUMENTS_BAD),
	ROW(C_GetMechanismInfo, false, CKR_ARGUMENTS_BAD),
	ROW(C_InitToken, false, CKR_ARGUMENTS_BAD),
	ROW(C_InitPIN, true, CKR_FUNCTION_NOT_SUPPORTED),
	ROW(C_SetPIN, true, CKR_FUNCTION_NOT_SUPPORTED),
	ROW(C_OpenSession, false, CKR_ARGUMENTS_BAD),
	ROW(C_GetSessionInfo, true, CKR_ARGUMENTS_BAD),
	ROW(C_GetOperationState, true, CKR_ARGUMENTS_BAD),
	ROW(C_SetOperationState, true, CKR_ARGUMENTS_BAD),
	ROW(C_CreateObject, true, CKR_ARGUMENTS_BAD),
	ROW(C_CopyObject, true, CKR_ARGUMENTS_BAD),
	ROW(C_DestroyObject, true, CKR_OBJECT_HANDLE_INVALID),
	ROW(C_GetObjectSize, true, CKR_ARGUMENTS_BAD),
	ROW(C_GetAttributeValue, true, CKR_ARGUMENTS_BAD),
	ROW(C_SetAttributeValue, true, CKR_ARGUMENTS_BAD),
	ROW(C_FindObjects, true, CKR_ARGUMENTS_BAD),
	ROW(C_FindObjectsFinal, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_EncryptInit, true, CKR_ARGUMENTS_BAD),
	ROW(C_Encrypt, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_EncryptUpdate, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_EncryptFinal, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_DecryptInit, true, CKR_ARGUMENTS_BAD),
	ROW(C_Decrypt, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_DecryptUpdate, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_DecryptFinal, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_DigestInit, true, CKR_ARGUMENTS_BAD),
	ROW(C_Digest, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_DigestUpdate, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_DigestKey, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_DigestFinal, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_SignInit, true, CKR_ARGUMENTS_BAD),
	ROW(C_Sign, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_SignUpdate, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_SignFinal, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_SignRecoverInit, true, CKR_ARGUMENTS_BAD),
	ROW(C_SignRecover, true, CKR_ARGUMENTS_BAD),
	ROW(C_VerifyInit, true, CKR_ARGUMENTS_BAD),
	ROW(C_Verify, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_VerifyUpdate, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_VerifyFinal, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_VerifyRecoverInit, true, CKR_ARGUMENTS_BAD),
	ROW(C_VerifyRecover, true, CKR_ARGUMENTS_BAD),
	ROW(C_DigestEncryptUpdate, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_DecryptDigestUpdate, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_SignEncryptUpdate, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_DecryptVerifyUpdate, true, CKR_OPERATION_NOT_INITIALIZED),
	ROW(C_GenerateKey, true, CKR_ARGUMENTS_BAD),
	ROW(C_GenerateKeyPair, true, CKR_ARGUMENTS_BAD),
	ROW(C_WrapKey, true, CKR_ARGUMENTS_BAD),
	ROW(C_UnwrapKey, true, CKR_ARGUMENTS_BAD),
	ROW(C_DeriveKey, true, CKR_ARGUMENTS_BAD),
	ROW(C_SeedRandom, true, CKR_RANDOM_SEED_NOT_SUPPORTED),
	ROW(C_GenerateRandom, true, CKR_ARGUMENTS_BAD),
	ROW(C_GetFunctionStatus, true, CKR_FUNCTION_NOT_PARALLEL),
	ROW(C_CancelFunction, true, CKR_FUNCTION_NOT_PARALLEL),
};
/* clang-format on */
#define NCALLS (sizeof(calls) / sizeof(calls[0]))

START_TEST(every_place_in_the_list_is_filled)
{
	/* Function pointers alone follow the version. */
	const unsigned char *p =
	    (const unsigned char *)p11 + offsetof(CK_FUNCTION_LIST, C_Initialize);
	const size_t n =
	    (sizeof(*p11) - offsetof(CK_FUNCTION_LIST, C_Initialize)) / sizeof(void (*)(void));
	void (*f)(void);

	ck_assert_uint_eq(n, 68);
	for (size_t i = 0; i < n; i++) {
		memcpy(&f, p + i * sizeof(f), sizeof(f));
		ck_assert_msg(f != NULL, "function %zu", i);
	}
}
END_TEST

START_TEST(nothing_works_before_initialize)
{
	ck_assert_ok(p11->C_Finalize(NULL));
	for (size_t i = 0; i < NCALLS; i++) {
		CK_RV rv = calls[i].call(1);

		ck_assert_msg(rv == CKR_CRYPTOKI_NOT_INITIALIZED, "%s: 0x%lx", calls[i].name, rv);
	}
}
END_TEST

START_TEST(nothing_in_the_arguments)
{
	CK_SESSION_HANDLE s = harness_session(true);

	for (size_t i = 0; i < NCALLS; i++) {
		CK_RV rv = calls[i].call(s);

		ck_assert_msg(rv == calls[i].rv, "%s: 0x%lx", calls[i].name, rv);
	}
}
END_TEST

START_TEST(sessions_that_do_not_exist)
{
	static const CK_SESSION_HANDLE bad[] = { 0, 4711, BAD };

	for (size_t i = 0; i < NCALLS; i++)
		for (size_t j = 0; calls[i].session && j < 3; j++) {
			CK_RV rv = calls[i].call(bad[j]);

			ck_assert_msg(
			    rv == CKR_SESSION_HANDLE_INVALID, "%s: 0x%lx", calls[i].name, rv);
		}
}
END_TEST

START_TEST(templates_that_make_no_sense)
{
	CK_SESSION_HANDLE s = harness_session(true);
	CK_OBJECT_CLASS cls = CKO_PRIVATE_KEY;
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE hollow = { CKA_CLASS, NULL, sizeof(cls) };
	CK_ATTRIBUTE endless = { CKA_CLASS, &cls, BAD };
	CK_ATTRIBUTE fine = { CKA_CLASS, &cls, sizeof(cls) };
	CK_ATTRIBUTE unknown = { 0xBFFFFFFF, &cls, sizeof(cls) };
	CK_ATTRIBUTE token = { CKA_TOKEN, &yes, sizeof(yes) };
	CK_ATTRIBUTE wide = { CKA_TOKEN, &cls, sizeof(cls) };
	CK_MECHANISM ec = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_OBJECT_HANDLE a, b;

	ck_assert_rv(p11->C_FindObjectsInit(s, NULL, 1), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_FindObjectsInit(s, &fine, BAD), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_FindObjectsInit(s, &hollow, 1), CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_rv(p11->C_FindObjectsInit(s, &endless, 1), CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_rv(p11->C_GetAttributeValue(s, 1, &fine, BAD), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_SetAttributeValue(s, 1, &hollow, 1), CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_rv(p11->C_CreateObject(s, NULL, 5, &a), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_CreateObject(s, NULL, 0, &a), CKR_TEMPLATE_INCOMPLETE);
	ck_assert_rv(p11->C_CreateObject(s, &hollow, 1, &a), CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_rv(p11->C_CreateObject(s, &wide, 1, &a), CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_rv(p11->C_GenerateKeyPair(s, &ec, NULL, 3, &token, 1, &a, &b), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_GenerateKeyPair(s, &ec, &token, 1, &hollow, 1, &a, &b),
	    CKR_ATTRIBUTE_VALUE_INVALID);
	ck_assert_rv(
	    p11->C_GenerateKeyPair(s, &ec, &token, 1, &token, 1, &a, &b), CKR_TEMPLATE_INCOMPLETE);
	ec.mechanism = CKM_DSA_KEY_PAIR_GEN;
	ck_assert_rv(
	    p11->C_GenerateKeyPair(s, &ec, &token, 1, &token, 1, &a, &b), CKR_MECHANISM_INVALID);
	ck_assert_uint_eq(harness_find(s, &unknown, 1, NULL, 0), 0);
}
END_TEST

START_TEST(read_only_sessions_change_nothing)
{
	CK_SESSION_HANDLE s = harness_session(false), rw = harness_session(true);
	CK_OBJECT_CLASS cls = CKO_CERTIFICATE;
	CK_OBJECT_HANDLE pub, priv, a;
	char label[] = "new";
	CK_ATTRIBUTE name = { CKA_LABEL, label, 3 };
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE crt[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_TOKEN, &yes, sizeof(yes) } };

	ck_assert_rv(harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv),
	    CKR_SESSION_READ_ONLY);
	ck_assert_ok(harness_generate(rw, &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv));
	ck_assert_rv(p11->C_SetAttributeValue(s, priv, &name, 1), CKR_SESSION_READ_ONLY);
	ck_assert_rv(p11->C_DestroyObject(s, priv), CKR_SESSION_READ_ONLY);
	ck_assert_rv(p11->C_CreateObject(s, crt, 2, &a), CKR_SESSION_READ_ONLY);
	ck_assert_rv(p11->C_DestroyObject(s, 4711), CKR_OBJECT_HANDLE_INVALID);
	ck_assert_rv(p11->C_DestroyObject(rw, 4711), CKR_OBJECT_HANDLE_INVALID);
}
END_TEST

START_TEST(half_a_key_pair_in_a_session_is_refused)
{
	CK_SESSION_HANDLE s = harness_session(true);
	unsigned char params[16];
	CK_BBOOL no = CK_FALSE, yes = CK_TRUE;
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE pub[] = { { CKA_TOKEN, &no, sizeof(no) },
		{ CKA_EC_PARAMS, params, harness_kinds[KIND_P256].params_len } };
	CK_ATTRIBUTE priv = { CKA_TOKEN, &yes, sizeof(yes) };
	CK_ATTRIBUTE modulus = { CKA_MODULUS_BITS, &bits, sizeof(bits) };
	CK_MECHANISM ec = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_MECHANISM rsa = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_OBJECT_HANDLE a, b;

	memcpy(params, harness_kinds[KIND_P256].params, harness_kinds[KIND_P256].params_len);
	ck_assert_rv(
	    p11->C_GenerateKeyPair(s, &ec, pub, 2, &priv, 1, &a, &b), CKR_TEMPLATE_INCONSISTENT);
	/* The chip's session contexts take EC keys alone. */
	ck_assert_rv(p11->C_GenerateKeyPair(s, &rsa, &modulus, 1, NULL, 0, &a, &b),
	    CKR_TEMPLATE_INCONSISTENT);
}
END_TEST

/* The function list of v3.0; the module is mapped by the harness already. */
static const CK_FUNCTION_LIST_3_0 *
longer_list(void)
{
	const char *build = getenv("top_builddir");
	CK_C_GetInterface get;
	CK_INTERFACE *i = NULL;
	char path[4096];
	void *again;

	(void)snprintf(path, sizeof(path), "%s/.libs/optiga-pkcs11.so", build ? build : ".");
	again = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
	ck_assert_ptr_nonnull(again);
	*(void **)&get = dlsym(again, "C_GetInterface");
	ck_assert_ptr_nonnull(get);
	ck_assert_ok(get(NULL, NULL, &i, 0));
	(void)dlclose(again);
	return i->pFunctionList;
}

/* xorshift: the same walk each time. */
static unsigned char
next_byte(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return (unsigned char)(*state >> 24);
}

/*
 * Random arguments in random order, and the token is as good as before. In half of the bytes
 * small numbers, which name what exists.
 */
START_TEST(random_arguments)
{
	const CK_FUNCTION_LIST_3_0 *list = longer_list();
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	unsigned char data[4096], digest[32] = { 1 }, sig[64];
	uint32_t state = 0x4F505449;
	CK_OBJECT_HANDLE pub, priv;
	CK_SESSION_HANDLE s;
	CK_ULONG n;

	for (int round = 0; round < 12; round++) {
		for (size_t i = 0; i < sizeof(data); i++) {
			data[i] = next_byte(&state);
			if ((next_byte(&state) & 1) != 0)
				data[i] &= 0x1F;
		}
		ck_assert_uint_gt(callseq_run(list, data, sizeof(data)), 100);
	}
	s = harness_session(true);
	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv));
	ck_assert_ok(p11->C_SignInit(s, &ecdsa, priv));
	n = sizeof(sig);
	ck_assert_ok(p11->C_Sign(s, digest, sizeof(digest), sig, &n));
	ck_assert_ok(p11->C_VerifyInit(s, &ecdsa, pub));
	ck_assert_ok(p11->C_Verify(s, digest, sizeof(digest), sig, n));
}
END_TEST

/*
 * Every attribute of every object, with room of every size up to one byte too little and of
 * the right size: nothing is written beyond, and an answer that does not fit says so.
 */
static void
check_rooms(CK_SESSION_HANDLE s, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	CK_ATTRIBUTE a = { type, NULL, 0 };
	unsigned char *v;
	CK_ULONG need;
	CK_RV rv = p11->C_GetAttributeValue(s, h, &a, 1);

	if (rv != CKR_OK) {
		ck_assert_msg(rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE,
		    "0x%lx: 0x%lx", type, rv);
		ck_assert_uint_eq(a.ulValueLen, CK_UNAVAILABLE_INFORMATION);
		return;
	}
	need = a.ulValueLen;
	v = malloc(need + 1);
	ck_assert_ptr_nonnull(v);
	for (CK_ULONG room = 0; room <= need; room += room + 1 < need ? (need - room) / 2 : 1) {
		memset(v, 0xA5, need + 1);
		a.pValue = v;
		a.ulValueLen = room;
		rv = p11->C_GetAttributeValue(s, h, &a, 1);
		ck_assert_msg(rv == (room < need ? CKR_BUFFER_TOO_SMALL : CKR_OK),
		    "0x%lx, %lu of %lu: 0x%lx", type, room, need, rv);
		ck_assert_uint_eq(a.ulValueLen, room < need ? CK_UNAVAILABLE_INFORMATION : need);
		for (CK_ULONG i = room; i <= need; i++)
			ck_assert_uint_eq(v[i], 0xA5);
	}
	free(v);
}

START_TEST(attributes_with_too_little_room)
{
	static const CK_ATTRIBUTE_TYPE ranges[][2] = { { 0x000, 0x012 }, { 0x080, 0x091 },
		{ 0x100, 0x138 }, { 0x160, 0x174 }, { 0x180, 0x182 }, { 0x200, 0x212 },
		{ 0x300, 0x302 }, { 0x600, 0x602 }, { 0xCF500001, 0xCF500010 } };
	CK_SESSION_HANDLE s = harness_session(true);
	CK_OBJECT_CLASS secret = CKO_SECRET_KEY, data = CKO_DATA;
	CK_KEY_TYPE aes = CKK_AES;
	unsigned char key[16] = { 1 };
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &secret, sizeof(secret) },
		{ CKA_VALUE, key, sizeof(key) }, { CKA_KEY_TYPE, &aes, sizeof(aes) } };
	CK_OBJECT_HANDLE list[64], pub, priv;
	CK_ULONG n;

	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_RSA1024], "rsa", NULL, &pub, &priv));
	ck_assert_ok(p11->C_CreateObject(s, t, 3, &list[0]));
	t[0].pValue = &data;
	ck_assert_ok(p11->C_CreateObject(s, t, 2, &list[0]));
	n = harness_find(s, NULL, 0, list, 64);
	ck_assert_uint_ge(n, 6);
	for (CK_ULONG i = 0; i < n && i < 64; i++)
		for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++)
			for (CK_ATTRIBUTE_TYPE a = ranges[r][0]; a < ranges[r][1]; a++)
				check_rooms(s, list[i], a);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: arguments");
	TCase *tc = tcase_create("args");

	tcase_add_checked_fixture(tc, harness_setup, harness_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, every_place_in_the_list_is_filled);
	tcase_add_test(tc, nothing_works_before_initialize);
	tcase_add_test(tc, nothing_in_the_arguments);
	tcase_add_test(tc, sessions_that_do_not_exist);
	tcase_add_test(tc, templates_that_make_no_sense);
	tcase_add_test(tc, read_only_sessions_change_nothing);
	tcase_add_test(tc, half_a_key_pair_in_a_session_is_refused);
	tcase_add_test(tc, random_arguments);
	tcase_add_test(tc, attributes_with_too_little_room);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
