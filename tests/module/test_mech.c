/* The mechanism list is the truth: what it names works, what it does not name is refused. */
#include <config.h>

#include <stdlib.h>

#include "tests/module/harness.h"

#define EC_FLAGS    (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)
#define OFFERED_MAX 64

static CK_MECHANISM_TYPE offered[OFFERED_MAX];
static CK_ULONG noffered;
static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE pubs[2], privs[2]; /* EC, RSA */

static void
setup(void)
{
	harness_setup();
	noffered = OFFERED_MAX;
	ck_assert_ok(p11->C_GetMechanismList(0, offered, &noffered));
	s = harness_session(true);
	ck_assert_ok(
	    harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &pubs[0], &privs[0]));
	ck_assert_ok(
	    harness_generate(s, &harness_kinds[KIND_RSA2048], NULL, NULL, &pubs[1], &privs[1]));
}

static bool
is_offered(CK_MECHANISM_TYPE type)
{
	for (CK_ULONG i = 0; i < noffered; i++)
		if (offered[i] == type)
			return true;
	return false;
}

START_TEST(list_counts_and_has_no_duplicates)
{
	CK_MECHANISM_TYPE list[OFFERED_MAX];
	CK_ULONG n = 0;

	ck_assert_ok(p11->C_GetMechanismList(0, NULL, &n));
	ck_assert_uint_eq(n, noffered);
	n--;
	ck_assert_rv(p11->C_GetMechanismList(0, list, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, noffered);
	for (CK_ULONG i = 0; i < noffered; i++)
		for (CK_ULONG j = 0; j < i; j++)
			ck_assert_uint_ne(offered[i], offered[j]);
	ck_assert_rv(p11->C_GetMechanismList(3, NULL, &n), CKR_SLOT_ID_INVALID);
}
END_TEST

static void
check_signing(CK_MECHANISM *mech, bool rsa)
{
	unsigned char data[32] = { 1, 2, 3 }, sig[512];
	CK_ULONG n = sizeof(sig);

	ck_assert_ok(p11->C_SignInit(s, mech, privs[rsa]));
	ck_assert_ok(p11->C_Sign(s, data, sizeof(data), sig, &n));
	ck_assert_ok(p11->C_VerifyInit(s, mech, pubs[rsa]));
	ck_assert_ok(p11->C_Verify(s, data, sizeof(data), sig, n));
	data[0] ^= 1;
	ck_assert_ok(p11->C_VerifyInit(s, mech, pubs[rsa]));
	ck_assert_rv(p11->C_Verify(s, data, sizeof(data), sig, n), CKR_SIGNATURE_INVALID);
}

START_TEST(what_is_offered_works_as_its_flags_say)
{
	unsigned char data[8] = { 0 }, out[64];
	CK_MECHANISM_INFO info;
	CK_ULONG n, used = 0;

	for (CK_ULONG i = 0; i < noffered; i++) {
		CK_MECHANISM mech = { offered[i], NULL, 0 };
		bool rsa;

		ck_assert_ok(p11->C_GetMechanismInfo(0, offered[i], &info));
		rsa = info.ulMinKeySize >= 1024;
		if ((info.flags & (CKF_SIGN | CKF_GENERATE_KEY_PAIR)) != 0) {
			ck_assert_uint_ne(info.flags & CKF_HW, 0);
			ck_assert_uint_eq(info.flags & EC_FLAGS, rsa ? 0 : EC_FLAGS);
			if (!rsa)
				ck_assert_uint_eq(info.ulMinKeySize, 256);
			ck_assert_uint_ge(info.ulMaxKeySize, info.ulMinKeySize);
		}
		if ((info.flags & CKF_SIGN) != 0) {
			ck_assert_uint_ne(info.flags & CKF_VERIFY, 0);
			check_signing(&mech, rsa);
			used++;
		}
		if ((info.flags & CKF_DIGEST) != 0) {
			n = sizeof(out);
			ck_assert_ok(p11->C_DigestInit(s, &mech));
			ck_assert_ok(p11->C_Digest(s, data, sizeof(data), out, &n));
			used++;
		}
		used += (info.flags & CKF_GENERATE_KEY_PAIR) != 0; /* setup has used them */
		ck_assert_uint_eq(info.flags & ~(CKF_HW | CKF_SIGN | CKF_VERIFY | CKF_DIGEST |
						   CKF_GENERATE_KEY_PAIR | EC_FLAGS),
		    0);
	}
	ck_assert_uint_eq(used, noffered);
}
END_TEST

START_TEST(what_is_not_offered_is_refused)
{
	CK_OBJECT_HANDLE a, b;
	CK_MECHANISM_INFO info;
	CK_RV rv;

	for (CK_MECHANISM_TYPE type = 0; type < 0x1100; type++) {
		CK_MECHANISM mech = { type, NULL, 0 };

		if (is_offered(type))
			continue;
		ck_assert_rv(p11->C_GetMechanismInfo(0, type, &info), CKR_MECHANISM_INVALID);
		ck_assert_rv(p11->C_SignInit(s, &mech, privs[0]), CKR_MECHANISM_INVALID);
		ck_assert_rv(p11->C_VerifyInit(s, &mech, pubs[1]), CKR_MECHANISM_INVALID);
		ck_assert_rv(p11->C_DigestInit(s, &mech), CKR_MECHANISM_INVALID);
		rv = p11->C_GenerateKeyPair(s, &mech, NULL, 0, NULL, 0, &a, &b);
		ck_assert_uint_eq(rv, CKR_MECHANISM_INVALID);
	}
}
END_TEST

START_TEST(the_expected_ones_are_there)
{
	static const CK_MECHANISM_TYPE expected[] = { CKM_EC_KEY_PAIR_GEN,
		CKM_RSA_PKCS_KEY_PAIR_GEN, CKM_ECDSA, CKM_ECDSA_SHA1, CKM_ECDSA_SHA224,
		CKM_ECDSA_SHA256, CKM_ECDSA_SHA384, CKM_ECDSA_SHA512, CKM_RSA_PKCS,
		CKM_SHA256_RSA_PKCS, CKM_SHA384_RSA_PKCS, CKM_SHA512_RSA_PKCS, CKM_SHA_1,
		CKM_SHA224, CKM_SHA256, CKM_SHA384, CKM_SHA512 };

	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		ck_assert_msg(is_offered(expected[i]), "0x%lx", expected[i]);
	ck_assert_uint_eq(noffered, sizeof(expected) / sizeof(expected[0]));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: mechanisms");
	TCase *tc = tcase_create("mech");

	tcase_add_checked_fixture(tc, setup, harness_teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, list_counts_and_has_no_duplicates);
	tcase_add_test(tc, what_is_offered_works_as_its_flags_say);
	tcase_add_test(tc, what_is_not_offered_is_refused);
	tcase_add_test(tc, the_expected_ones_are_there);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
