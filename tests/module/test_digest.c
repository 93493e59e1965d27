/* Digests against OpenSSL, whole and in parts, and how operations end. */
#include <config.h>

#include <string.h>

#include <openssl/evp.h>

#include "tests/module/harness.h"

static const struct {
	CK_MECHANISM_TYPE type;
	const char *name;
	CK_ULONG len;
} digests[] = {
	{ CKM_SHA_1, "SHA1", 20 },
	{ CKM_SHA224, "SHA224", 28 },
	{ CKM_SHA256, "SHA256", 32 },
	{ CKM_SHA384, "SHA384", 48 },
	{ CKM_SHA512, "SHA512", 64 },
};
#define NDIGESTS ((int)(sizeof(digests) / sizeof(digests[0])))

static unsigned char data[3000];

static void
setup(void)
{
	harness_setup();
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 7);
}

START_TEST(digest_agrees_with_openssl)
{
	CK_MECHANISM mech = { digests[_i].type, NULL, 0 };
	unsigned char expect[64], out[64];
	CK_SESSION_HANDLE s = harness_session(false);
	CK_ULONG n;
	size_t len;

	for (size_t size = 0; size <= sizeof(data); size += 377) {
		ck_assert_int_eq(
		    EVP_Q_digest(NULL, digests[_i].name, NULL, data, size, expect, &len), 1);
		ck_assert_ok(p11->C_DigestInit(s, &mech));
		n = sizeof(out);
		ck_assert_ok(p11->C_Digest(s, data, size, out, &n));
		ck_assert_uint_eq(n, digests[_i].len);
		ck_assert_int_eq(memcmp(out, expect, len), 0);

		ck_assert_ok(p11->C_DigestInit(s, &mech));
		for (size_t off = 0; off < size; off += 100)
			ck_assert_ok(p11->C_DigestUpdate(
			    s, data + off, size - off < 100 ? size - off : 100));
		n = sizeof(out);
		ck_assert_ok(p11->C_DigestFinal(s, out, &n));
		ck_assert_int_eq(memcmp(out, expect, len), 0);
	}
}
END_TEST

START_TEST(length_query_and_small_buffer_keep_the_operation)
{
	CK_MECHANISM mech = { digests[_i].type, NULL, 0 };
	unsigned char out[64];
	CK_SESSION_HANDLE s = harness_session(false);
	CK_ULONG n = 0;

	ck_assert_ok(p11->C_DigestInit(s, &mech));
	ck_assert_rv(p11->C_DigestInit(s, &mech), CKR_OPERATION_ACTIVE);
	ck_assert_ok(p11->C_Digest(s, data, 3, NULL, &n));
	ck_assert_uint_eq(n, digests[_i].len);
	n--;
	ck_assert_rv(p11->C_Digest(s, data, 3, out, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, digests[_i].len);
	ck_assert_ok(p11->C_Digest(s, data, 3, out, &n));
	ck_assert_rv(p11->C_Digest(s, data, 3, out, &n), CKR_OPERATION_NOT_INITIALIZED);

	ck_assert_ok(p11->C_DigestInit(s, &mech));
	ck_assert_ok(p11->C_DigestUpdate(s, data, 3));
	ck_assert_ok(p11->C_DigestFinal(s, NULL, &n));
	n = 1;
	ck_assert_rv(p11->C_DigestFinal(s, out, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_ok(p11->C_DigestFinal(s, out, &n));
	ck_assert_rv(p11->C_DigestUpdate(s, data, 3), CKR_OPERATION_NOT_INITIALIZED);
}
END_TEST

START_TEST(errors_end_the_operation)
{
	CK_MECHANISM mech = { digests[_i].type, NULL, 0 };
	unsigned char out[64];
	CK_SESSION_HANDLE s = harness_session(false);
	CK_ULONG n = sizeof(out);

	ck_assert_ok(p11->C_DigestInit(s, &mech));
	ck_assert_rv(p11->C_Digest(s, data, 3, out, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_ok(p11->C_DigestInit(s, &mech));
	ck_assert_rv(p11->C_Digest(s, NULL, 3, out, &n), CKR_ARGUMENTS_BAD);
	ck_assert_ok(p11->C_DigestInit(s, &mech));
	ck_assert_rv(p11->C_DigestUpdate(s, NULL, 3), CKR_ARGUMENTS_BAD);
	ck_assert_ok(p11->C_DigestInit(s, &mech));
	ck_assert_ok(p11->C_DigestUpdate(s, data, 3));
	ck_assert_rv(p11->C_Digest(s, data, 3, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ok(p11->C_DigestInit(s, &mech));
	ck_assert_ok(p11->C_Digest(s, NULL, 0, out, &n));
}
END_TEST

START_TEST(refused_mechanisms_leave_nothing_behind)
{
	CK_MECHANISM mech = { CKM_MD5, NULL, 0 }, good = { CKM_SHA256, data, 1 };
	CK_SESSION_HANDLE s = harness_session(false);

	ck_assert_rv(p11->C_DigestInit(s, &mech), CKR_MECHANISM_INVALID);
	mech.mechanism = CKM_ECDSA;
	ck_assert_rv(p11->C_DigestInit(s, &mech), CKR_MECHANISM_INVALID);
	ck_assert_rv(p11->C_DigestInit(s, &good), CKR_MECHANISM_PARAM_INVALID);
	ck_assert_rv(p11->C_DigestInit(s, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_DigestUpdate(s, data, 1), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_rv(p11->C_DigestKey(s, 1), CKR_OPERATION_NOT_INITIALIZED);
}
END_TEST

START_TEST(sessions_digest_side_by_side)
{
	CK_MECHANISM mech = { CKM_SHA256, NULL, 0 };
	unsigned char a[32], b[32], expect[32];
	CK_SESSION_HANDLE s = harness_session(false), t = harness_session(false);
	CK_ULONG n = 32;
	size_t len;

	ck_assert_ok(p11->C_DigestInit(s, &mech));
	ck_assert_ok(p11->C_DigestInit(t, &mech));
	ck_assert_ok(p11->C_DigestUpdate(s, data, 10));
	ck_assert_ok(p11->C_DigestUpdate(t, data + 10, 10));
	ck_assert_ok(p11->C_DigestUpdate(s, data + 10, 10));
	ck_assert_ok(p11->C_DigestFinal(t, b, &n));
	ck_assert_ok(p11->C_DigestFinal(s, a, &n));
	ck_assert_int_eq(EVP_Q_digest(NULL, "SHA256", NULL, data, 20, expect, &len), 1);
	ck_assert_int_eq(memcmp(a, expect, 32), 0);
	ck_assert_int_eq(EVP_Q_digest(NULL, "SHA256", NULL, data + 10, 10, expect, &len), 1);
	ck_assert_int_eq(memcmp(b, expect, 32), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: digests");
	TCase *tc = tcase_create("digest");

	tcase_add_checked_fixture(tc, setup, harness_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, digest_agrees_with_openssl, 0, NDIGESTS);
	tcase_add_loop_test(tc, length_query_and_small_buffer_keep_the_operation, 0, NDIGESTS);
	tcase_add_loop_test(tc, errors_end_the_operation, 0, NDIGESTS);
	tcase_add_test(tc, refused_mechanisms_leave_nothing_behind);
	tcase_add_test(tc, sessions_digest_side_by_side);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
