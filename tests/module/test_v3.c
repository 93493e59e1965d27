/* Interfaces and what PKCS #11 v3.0 adds: 5.4, 5.6. */
#include <config.h>

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "pkcs11/pkcs11v3.h"
#include "tests/module/harness.h"

static CK_C_GetInterfaceList get_list;
static CK_C_GetInterface get;
static CK_FUNCTION_LIST_3_0 *v3;
static void *again; /* the module once more: the harness keeps its own handle */

static void
setup(void)
{
	const char *build = getenv("top_builddir");
	CK_INTERFACE *i;
	char path[4096];

	harness_setup();
	(void)snprintf(path, sizeof(path), "%s/.libs/optiga-pkcs11.so", build ? build : ".");
	again = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	ck_assert_ptr_nonnull(again);
	*(void **)&get_list = dlsym(again, "C_GetInterfaceList");
	*(void **)&get = dlsym(again, "C_GetInterface");
	ck_assert(get_list != NULL && get != NULL);
	ck_assert_ok(get(NULL, NULL, &i, 0));
	v3 = i->pFunctionList;
}

static void
teardown(void)
{
	(void)dlclose(again);
	harness_teardown();
}

START_TEST(interfaces_are_listed)
{
	CK_INTERFACE list[3];
	CK_ULONG n = 0;

	memset(list, 0, sizeof(list));
	ck_assert_ok(p11->C_Finalize(NULL)); /* needs no C_Initialize */
	ck_assert_rv(get_list(NULL, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_rv(get_list(list, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_ok(get_list(NULL, &n));
	ck_assert_uint_eq(n, 2);
	n = 1;
	ck_assert_rv(get_list(list, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, 2);
	ck_assert_ptr_null(list[0].pInterfaceName);
	n = 3;
	ck_assert_ok(get_list(list, &n));
	ck_assert_uint_eq(n, 2);
	for (CK_ULONG i = 0; i < n; i++) {
		ck_assert_str_eq(list[i].pInterfaceName, "PKCS 11");
		ck_assert_uint_eq(list[i].flags, 0);
	}
	ck_assert_uint_eq(((CK_VERSION *)list[0].pFunctionList)->major, 3);
	ck_assert_ptr_eq(list[1].pFunctionList, p11);
}
END_TEST

START_TEST(interfaces_are_chosen)
{
	unsigned char name[] = "PKCS 11", other[] = "Vendor", longer[] = "PKCS 11 ";
	CK_VERSION v30 = { 3, 0 }, v240 = { 2, 40 }, v31 = { 3, 1 }, v2 = { 2, 0 };
	const struct {
		unsigned char *name;
		CK_VERSION *version;
		CK_FLAGS flags;
		int major; /* 0: CKR_FUNCTION_FAILED */
	} rows[] = {
		{ NULL, NULL, 0, 3 },
		{ name, NULL, 0, 3 },
		{ name, &v30, 0, 3 },
		{ NULL, &v30, 0, 3 },
		{ name, &v240, 0, 2 },
		{ NULL, &v240, 0, 2 },
		{ name, &v31, 0, 0 },
		{ name, &v2, 0, 0 },
		{ other, NULL, 0, 0 },
		{ longer, &v30, 0, 0 },
		/* A child starts anew, see test_init: it would not have its parent's sessions. */
		{ name, NULL, CKF_INTERFACE_FORK_SAFE, 0 },
		{ NULL, NULL, ~(CK_FLAGS)0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CK_INTERFACE *p = NULL;
		CK_RV rv = get(rows[i].name, rows[i].version, &p, rows[i].flags);

		ck_assert_msg(
		    rv == (rows[i].major ? CKR_OK : CKR_FUNCTION_FAILED), "%zu: 0x%lx", i, rv);
		ck_assert(rv != CKR_OK || ((CK_VERSION *)p->pFunctionList)->major == rows[i].major);
	}
	ck_assert_rv(get(NULL, NULL, NULL, 0), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(the_longer_list_is_filled_with_the_same_functions)
{
	const size_t first = offsetof(CK_FUNCTION_LIST, C_Initialize);
	const size_t n = (sizeof(*v3) - first) / sizeof(void (*)(void));
	const size_t n2 = (sizeof(*p11) - first) / sizeof(void (*)(void));
	const unsigned char *a = (unsigned char *)v3 + first, *b = (unsigned char *)p11 + first;
	void (*f)(void);
	CK_INFO two, three;

	ck_assert_uint_eq(n, 92);
	ck_assert_uint_eq(v3->version.major, 3);
	ck_assert_uint_eq(v3->version.minor, 0);
	for (size_t i = 0; i < n; i++) {
		memcpy(&f, a + i * sizeof(f), sizeof(f));
		ck_assert_msg(f != NULL, "function %zu", i);
		/* C_GetInfo tells the version of the list it is in. */
		if (i < n2 && i != 2)
			ck_assert(memcmp(a + i * sizeof(f), b + i * sizeof(f), sizeof(f)) == 0);
	}
	ck_assert(v3->C_GetInterface == get && v3->C_GetInterfaceList == get_list);
	ck_assert_ok(p11->C_GetInfo(&two));
	ck_assert_ok(v3->C_GetInfo(&three));
	ck_assert_uint_eq(two.cryptokiVersion.major, 2);
	ck_assert_uint_eq(two.cryptokiVersion.minor, 40);
	ck_assert_uint_eq(three.cryptokiVersion.major, 3);
	ck_assert_uint_eq(three.cryptokiVersion.minor, 0);
}
END_TEST

/* All messages: no mechanism works with them. Before C_Initialize, without session, with one. */
static void
check_messages(CK_SESSION_HANDLE s, CK_RV want)
{
	ck_assert_rv(v3->C_MessageEncryptInit(s, NULL, 0), want);
	ck_assert_rv(v3->C_EncryptMessage(s, NULL, 0, NULL, 0, NULL, 0, NULL, NULL), want);
	ck_assert_rv(v3->C_EncryptMessageBegin(s, NULL, 0, NULL, 0), want);
	ck_assert_rv(v3->C_EncryptMessageNext(s, NULL, 0, NULL, 0, NULL, NULL, 0), want);
	ck_assert_rv(v3->C_MessageEncryptFinal(s), want);
	ck_assert_rv(v3->C_MessageDecryptInit(s, NULL, 0), want);
	ck_assert_rv(v3->C_DecryptMessage(s, NULL, 0, NULL, 0, NULL, 0, NULL, NULL), want);
	ck_assert_rv(v3->C_DecryptMessageBegin(s, NULL, 0, NULL, 0), want);
	ck_assert_rv(v3->C_DecryptMessageNext(s, NULL, 0, NULL, 0, NULL, NULL, 0), want);
	ck_assert_rv(v3->C_MessageDecryptFinal(s), want);
	ck_assert_rv(v3->C_MessageSignInit(s, NULL, 0), want);
	ck_assert_rv(v3->C_SignMessage(s, NULL, 0, NULL, 0, NULL, NULL), want);
	ck_assert_rv(v3->C_SignMessageBegin(s, NULL, 0), want);
	ck_assert_rv(v3->C_SignMessageNext(s, NULL, 0, NULL, 0, NULL, NULL), want);
	ck_assert_rv(v3->C_MessageSignFinal(s), want);
	ck_assert_rv(v3->C_MessageVerifyInit(s, NULL, 0), want);
	ck_assert_rv(v3->C_VerifyMessage(s, NULL, 0, NULL, 0, NULL, 0), want);
	ck_assert_rv(v3->C_VerifyMessageBegin(s, NULL, 0), want);
	ck_assert_rv(v3->C_VerifyMessageNext(s, NULL, 0, NULL, 0, NULL, 0), want);
	ck_assert_rv(v3->C_MessageVerifyFinal(s), want);
}

START_TEST(messages_are_refused)
{
	check_messages(harness_session(false), CKR_FUNCTION_NOT_SUPPORTED);
	check_messages(0, CKR_SESSION_HANDLE_INVALID);
	ck_assert_rv(v3->C_SessionCancel(0, 0), CKR_SESSION_HANDLE_INVALID);
	ck_assert_rv(v3->C_LoginUser(0, CKU_USER, NULL, 0, NULL, 1), CKR_SESSION_HANDLE_INVALID);
	ck_assert_ok(p11->C_Finalize(NULL));
	check_messages(1, CKR_CRYPTOKI_NOT_INITIALIZED);
	ck_assert_rv(v3->C_SessionCancel(1, 0), CKR_CRYPTOKI_NOT_INITIALIZED);
	ck_assert_rv(v3->C_LoginUser(1, CKU_USER, NULL, 0, NULL, 0), CKR_CRYPTOKI_NOT_INITIALIZED);
}
END_TEST

START_TEST(users_have_any_name)
{
	CK_SESSION_HANDLE s = harness_session(true);
	unsigned char pin[] = "1234", name[] = "name";
	CK_SESSION_INFO info;

	ck_assert_rv(v3->C_LoginUser(s, CKU_USER, pin, 4, NULL, 4), CKR_ARGUMENTS_BAD);
	ck_assert_rv(v3->C_LoginUser(s, 4711, pin, 4, name, 4), CKR_USER_TYPE_INVALID);
	ck_assert_ok(v3->C_LoginUser(s, CKU_USER, pin, 4, name, 4));
	ck_assert_ok(v3->C_GetSessionInfo(s, &info));
	ck_assert_uint_eq(info.state, CKS_RW_USER_FUNCTIONS);
	ck_assert_rv(v3->C_LoginUser(s, CKU_USER, pin, 4, name, 4), CKR_USER_ALREADY_LOGGED_IN);
	ck_assert_ok(v3->C_Logout(s));
	ck_assert_ok(v3->C_LoginUser(s, CKU_SO, NULL, 0, NULL, 0));
}
END_TEST

START_TEST(operations_are_cancelled_by_flag)
{
	CK_SESSION_HANDLE s = harness_session(true);
	unsigned char data[1] = { 0 };
	CK_MECHANISM sha = { CKM_SHA256, NULL, 0 }, ecdsa = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_OBJECT_HANDLE pub, priv, found;
	CK_ULONG n;

	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv));
	ck_assert_ok(v3->C_DigestInit(s, &sha));
	ck_assert_ok(v3->C_SignInit(s, &ecdsa, priv));
	ck_assert_ok(v3->C_VerifyInit(s, &ecdsa, pub));
	ck_assert_ok(v3->C_FindObjectsInit(s, NULL, 0));
	ck_assert_ok(v3->C_SessionCancel(s, 0));
	ck_assert_ok(v3->C_SessionCancel(s, CKF_ENCRYPT | CKF_DERIVE | CKF_MESSAGE_SIGN));
	ck_assert_rv(v3->C_SessionCancel(s, CKF_SIGN | 0x10000000), CKR_ARGUMENTS_BAD);
	ck_assert_rv(v3->C_SignInit(s, &ecdsa, priv), CKR_OPERATION_ACTIVE);
	ck_assert_ok(v3->C_SessionCancel(s, CKF_SIGN));
	ck_assert_rv(v3->C_SignUpdate(s, data, 1), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ok(v3->C_SignInit(s, &ecdsa, priv));
	ck_assert_rv(v3->C_DigestInit(s, &sha), CKR_OPERATION_ACTIVE);
	ck_assert_ok(v3->C_SessionCancel(s, CKF_DIGEST | CKF_FIND_OBJECTS | CKF_VERIFY));
	ck_assert_ok(v3->C_DigestInit(s, &sha));
	ck_assert_ok(v3->C_VerifyInit(s, &ecdsa, pub));
	ck_assert_rv(v3->C_FindObjects(s, &found, 1, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ok(v3->C_FindObjectsInit(s, NULL, 0));
}
END_TEST

/* Without a mechanism, what is under way ends; with nothing under way that is a mistake. */
START_TEST(operations_are_cancelled_by_no_mechanism)
{
	CK_SESSION_HANDLE s = harness_session(true);
	CK_MECHANISM sha = { CKM_SHA256, NULL, 0 }, ecdsa = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_OBJECT_HANDLE pub, priv;

	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv));
	for (int i = 0; i < 2; i++) {
		ck_assert_ok(v3->C_DigestInit(s, &sha));
		ck_assert_ok(v3->C_SignInit(s, &ecdsa, priv));
		ck_assert_ok(v3->C_VerifyInit(s, &ecdsa, pub));
		ck_assert_ok(v3->C_DigestInit(s, NULL));
		ck_assert_ok(v3->C_SignInit(s, NULL, 0));
		ck_assert_ok(v3->C_VerifyInit(s, NULL, 0));
	}
	ck_assert_rv(v3->C_DigestInit(s, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_rv(v3->C_SignInit(s, NULL, 0), CKR_ARGUMENTS_BAD);
	ck_assert_rv(v3->C_EncryptInit(s, NULL, 0), CKR_ARGUMENTS_BAD);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: version 3.0");
	TCase *tc = tcase_create("v3");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, interfaces_are_listed);
	tcase_add_test(tc, interfaces_are_chosen);
	tcase_add_test(tc, the_longer_list_is_filled_with_the_same_functions);
	tcase_add_test(tc, messages_are_refused);
	tcase_add_test(tc, users_have_any_name);
	tcase_add_test(tc, operations_are_cancelled_by_flag);
	tcase_add_test(tc, operations_are_cancelled_by_no_mechanism);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
