/* Slots, token information, sessions, login states. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hal/sim/sim.h"
#include "tests/module/harness.h"

#define RW (CKF_SERIAL_SESSION | CKF_RW_SESSION)

static CK_STATE
state(CK_SESSION_HANDLE s)
{
	CK_SESSION_INFO info;

	ck_assert_ok(p11->C_GetSessionInfo(s, &info));
	ck_assert_uint_eq(info.slotID, 0);
	ck_assert_uint_ne(info.flags & CKF_SERIAL_SESSION, 0);
	return info.state;
}

START_TEST(slot_list_counts_and_fills)
{
	CK_SLOT_ID ids[2] = { 99, 99 };
	CK_ULONG n = 0;

	ck_assert_ok(p11->C_GetSlotList(CK_TRUE, NULL, &n));
	ck_assert_uint_eq(n, 1);
	n = 0;
	ck_assert_rv(p11->C_GetSlotList(CK_TRUE, ids, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(ids[0], 99);
	n = 2;
	ck_assert_ok(p11->C_GetSlotList(CK_TRUE, ids, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(ids[0], 0);
	ck_assert_rv(p11->C_GetSlotList(CK_TRUE, ids, NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(token_info_names_the_chip)
{
	CK_SLOT_INFO slot;
	CK_TOKEN_INFO t, again;

	ck_assert_ok(p11->C_GetSlotInfo(0, &slot));
	ck_assert_uint_ne(slot.flags & CKF_TOKEN_PRESENT, 0);
	ck_assert_uint_ne(slot.flags & CKF_HW_SLOT, 0);
	ck_assert_int_eq(memcmp(slot.slotDescription, "sim:/", 5), 0);
	ck_assert_ok(p11->C_GetTokenInfo(0, &t));
	ck_assert_uint_eq(t.flags, CKF_RNG | CKF_TOKEN_INITIALIZED);
	ck_assert_int_eq(memcmp(t.manufacturerID, "Infineon                        ", 32), 0);
	ck_assert_int_eq(memcmp(t.model, "Trust M V3      ", 16), 0);
	ck_assert_int_eq(memcmp(t.label, "OPTIGA ", 7), 0);
	/* The default label ends in the last eight digits of the serial. */
	ck_assert_int_eq(memcmp(t.label + 7, t.serialNumber + 8, 8), 0);
	ck_assert_uint_eq(strspn((char *)t.serialNumber, "0123456789abcdef"), 16);
	ck_assert_ptr_null(memchr(t.label, '\0', sizeof(t.label)));
	ck_assert_uint_gt(t.firmwareVersion.major, 0);
	ck_assert_uint_eq(t.ulSessionCount, 0);
	(void)harness_session(false);
	(void)harness_session(true);
	ck_assert_ok(p11->C_GetTokenInfo(0, &again));
	ck_assert_uint_eq(again.ulSessionCount, 2);
	ck_assert_uint_eq(again.ulRwSessionCount, 1);
	ck_assert_int_eq(memcmp(again.serialNumber, t.serialNumber, sizeof(t.serialNumber)), 0);
	ck_assert_rv(p11->C_GetSlotInfo(1, &slot), CKR_SLOT_ID_INVALID);
	ck_assert_rv(p11->C_GetTokenInfo(1, &t), CKR_SLOT_ID_INVALID);
}
END_TEST

START_TEST(two_chips_are_two_slots)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;
	char path[128], both[512];
	CK_SESSION_HANDLE a, b;
	CK_TOKEN_INFO t[2];
	CK_ULONG n = 0;

	ck_assert_ok(p11->C_Finalize(NULL));
	(void)snprintf(path, sizeof(path), "%s/second.img", harness_dir());
	ck_assert_int_eq(sim_create(path, &cfg), 0);
	(void)snprintf(
	    both, sizeof(both), "%s,sim:/nonexistent,sim:%s", getenv("OPTIGA_DEVICE"), path);
	ck_assert_int_eq(setenv("OPTIGA_DEVICE", both, 1), 0);
	ck_assert_ok(p11->C_Initialize(NULL));
	/* An absent chip keeps its number. */
	ck_assert_ok(p11->C_GetSlotList(CK_FALSE, NULL, &n));
	ck_assert_uint_eq(n, 3);
	ck_assert_ok(p11->C_GetSlotList(CK_TRUE, NULL, &n));
	ck_assert_uint_eq(n, 2);
	ck_assert_ok(p11->C_GetTokenInfo(0, &t[0]));
	ck_assert_ok(p11->C_GetTokenInfo(2, &t[1]));
	ck_assert_rv(p11->C_GetTokenInfo(1, &t[1]), CKR_TOKEN_NOT_PRESENT);
	ck_assert_int_ne(memcmp(t[0].serialNumber, t[1].serialNumber, 16), 0);
	/* Login and sessions of one are not the other's. */
	ck_assert_ok(p11->C_OpenSession(0, RW, NULL, NULL, &a));
	ck_assert_ok(p11->C_OpenSession(2, RW, NULL, NULL, &b));
	ck_assert_ok(p11->C_Login(a, CKU_USER, NULL, 0));
	ck_assert_rv(p11->C_Logout(b), CKR_USER_NOT_LOGGED_IN);
	ck_assert_ok(p11->C_CloseAllSessions(0));
	ck_assert_rv(p11->C_CloseSession(a), CKR_SESSION_HANDLE_INVALID);
	ck_assert_ok(p11->C_CloseSession(b));
}
END_TEST

START_TEST(open_session_checks_its_arguments)
{
	CK_SESSION_HANDLE s;

	ck_assert_rv(p11->C_OpenSession(0, 0, NULL, NULL, &s), CKR_SESSION_PARALLEL_NOT_SUPPORTED);
	ck_assert_rv(p11->C_OpenSession(1, RW, NULL, NULL, &s), CKR_SLOT_ID_INVALID);
	ck_assert_rv(p11->C_OpenSession((CK_SLOT_ID)-1, RW, NULL, NULL, &s), CKR_SLOT_ID_INVALID);
	ck_assert_rv(p11->C_OpenSession(0, RW, NULL, NULL, NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

START_TEST(handles_are_not_used_twice)
{
	CK_SESSION_HANDLE a = harness_session(false), b = harness_session(true), c;

	ck_assert_uint_ne(a, b);
	ck_assert_ok(p11->C_CloseSession(a));
	ck_assert_rv(p11->C_CloseSession(a), CKR_SESSION_HANDLE_INVALID);
	c = harness_session(false);
	ck_assert_uint_ne(c, a);
	ck_assert_uint_ne(c, b);
	ck_assert_ok(p11->C_CloseAllSessions(0));
	ck_assert_rv(p11->C_CloseSession(b), CKR_SESSION_HANDLE_INVALID);
	ck_assert_ok(p11->C_CloseAllSessions(0));
	ck_assert_rv(p11->C_CloseAllSessions(5), CKR_SLOT_ID_INVALID);
}
END_TEST

START_TEST(many_sessions)
{
	for (int i = 0; i < 500; i++)
		(void)harness_session(i % 2 == 0);
	ck_assert_ok(p11->C_CloseAllSessions(0));
}
END_TEST

START_TEST(login_takes_any_pin_and_is_shared)
{
	CK_SESSION_HANDLE ro = harness_session(false), rw = harness_session(true);
	unsigned char pin[] = "1234";

	ck_assert_uint_eq(state(ro), CKS_RO_PUBLIC_SESSION);
	ck_assert_uint_eq(state(rw), CKS_RW_PUBLIC_SESSION);
	ck_assert_rv(p11->C_Logout(ro), CKR_USER_NOT_LOGGED_IN);
	ck_assert_ok(p11->C_Login(ro, CKU_USER, NULL, 0));
	ck_assert_uint_eq(state(ro), CKS_RO_USER_FUNCTIONS);
	ck_assert_uint_eq(state(rw), CKS_RW_USER_FUNCTIONS);
	ck_assert_uint_eq(state(harness_session(false)), CKS_RO_USER_FUNCTIONS);
	ck_assert_rv(p11->C_Login(rw, CKU_USER, pin, 4), CKR_USER_ALREADY_LOGGED_IN);
	ck_assert_rv(p11->C_Login(rw, CKU_SO, pin, 4), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	ck_assert_ok(p11->C_Logout(rw));
	ck_assert_uint_eq(state(ro), CKS_RO_PUBLIC_SESSION);
	ck_assert_ok(p11->C_Login(ro, CKU_USER, pin, 4));
	ck_assert_rv(p11->C_Login(ro, CKU_CONTEXT_SPECIFIC, pin, 4), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_rv(p11->C_Login(ro, 77, pin, 4), CKR_USER_TYPE_INVALID);
}
END_TEST

START_TEST(login_ends_with_the_last_session)
{
	CK_SESSION_HANDLE a = harness_session(false), b = harness_session(false);

	ck_assert_ok(p11->C_Login(a, CKU_USER, NULL, 0));
	ck_assert_ok(p11->C_CloseSession(a));
	ck_assert_uint_eq(state(b), CKS_RO_USER_FUNCTIONS);
	ck_assert_ok(p11->C_CloseSession(b));
	ck_assert_uint_eq(state(harness_session(false)), CKS_RO_PUBLIC_SESSION);
}
END_TEST

START_TEST(security_officer_rules)
{
	unsigned char label[32] = { 0 };
	CK_SESSION_HANDLE ro = harness_session(false), rw = harness_session(true), s;

	ck_assert_rv(p11->C_Login(rw, CKU_SO, NULL, 0), CKR_SESSION_READ_ONLY_EXISTS);
	ck_assert_ok(p11->C_CloseSession(ro));
	ck_assert_ok(p11->C_Login(rw, CKU_SO, NULL, 0));
	ck_assert_uint_eq(state(rw), CKS_RW_SO_FUNCTIONS);
	ck_assert_rv(p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s),
	    CKR_SESSION_READ_WRITE_SO_EXISTS);
	ck_assert_uint_eq(state(harness_session(true)), CKS_RW_SO_FUNCTIONS);
	ck_assert_rv(p11->C_Login(rw, CKU_USER, NULL, 0), CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	ck_assert_rv(p11->C_InitPIN(rw, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED);
	ck_assert_rv(p11->C_SetPIN(rw, NULL, 0, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED);
	ck_assert_rv(p11->C_InitToken(0, NULL, 0, label), CKR_FUNCTION_NOT_SUPPORTED);
	ck_assert_ok(p11->C_Logout(rw));
	ck_assert_uint_eq(state(rw), CKS_RW_PUBLIC_SESSION);
}
END_TEST

START_TEST(random_numbers_differ)
{
	CK_SESSION_HANDLE s = harness_session(false);
	unsigned char a[1500] = { 0 }, b[1500] = { 0 }, zero[1500] = { 0 };

	ck_assert_ok(p11->C_GenerateRandom(s, a, 1));
	ck_assert_ok(p11->C_GenerateRandom(s, a, 0));
	ck_assert_ok(p11->C_GenerateRandom(s, a, sizeof(a)));
	ck_assert_ok(p11->C_GenerateRandom(s, b, sizeof(b)));
	ck_assert_int_ne(memcmp(a, b, sizeof(a)), 0);
	for (size_t i = 0; i + 16 <= sizeof(a); i += 16) /* nothing left out */
		ck_assert_int_ne(memcmp(a + i, zero, 16), 0);
	ck_assert_rv(p11->C_SeedRandom(s, a, 16), CKR_RANDOM_SEED_NOT_SUPPORTED);
	ck_assert_rv(p11->C_SeedRandom(s, NULL, 16), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_GenerateRandom(s, NULL, 16), CKR_ARGUMENTS_BAD);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: sessions");
	TCase *tc = tcase_create("session");

	tcase_add_checked_fixture(tc, harness_setup, harness_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, slot_list_counts_and_fills);
	tcase_add_test(tc, token_info_names_the_chip);
	tcase_add_test(tc, two_chips_are_two_slots);
	tcase_add_test(tc, open_session_checks_its_arguments);
	tcase_add_test(tc, handles_are_not_used_twice);
	tcase_add_test(tc, many_sessions);
	tcase_add_test(tc, login_takes_any_pin_and_is_shared);
	tcase_add_test(tc, login_ends_with_the_last_session);
	tcase_add_test(tc, security_officer_rules);
	tcase_add_test(tc, random_numbers_differ);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
