/* Tokens that come and go: C_GetSlotList, C_WaitForSlotEvent. A chip is taken away with its file.
 */
#include <config.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/module/harness.h"

static char here[128], away[128];

static void
setup(void)
{
	CK_ULONG n;

	harness_setup();
	(void)snprintf(here, sizeof(here), "%s/chip.img", harness_dir());
	(void)snprintf(away, sizeof(away), "%s/away.img", harness_dir());
	ck_assert_ok(p11->C_GetSlotList(CK_TRUE, NULL, &n));
	ck_assert_uint_eq(n, 1);
}

static void
unplug(void)
{
	ck_assert_int_eq(rename(here, away), 0);
}

static void
plug(void)
{
	ck_assert_int_eq(rename(away, here), 0);
}

static CK_RV
event(CK_SLOT_ID *slot)
{
	*slot = 99;
	return p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, slot, NULL);
}

START_TEST(each_coming_and_going_is_told_once)
{
	CK_SLOT_ID slot;

	ck_assert_rv(event(&slot), CKR_NO_EVENT);
	unplug();
	ck_assert_ok(event(&slot));
	ck_assert_uint_eq(slot, 0);
	ck_assert_rv(event(&slot), CKR_NO_EVENT);
	plug();
	ck_assert_ok(event(&slot));
	ck_assert_uint_eq(slot, 0);
	ck_assert_rv(event(&slot), CKR_NO_EVENT);
}
END_TEST

START_TEST(what_a_list_has_told_is_no_event)
{
	CK_SLOT_INFO info;
	CK_TOKEN_INFO token;
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_ULONG n;

	unplug();
	ck_assert_ok(p11->C_GetSlotList(CK_TRUE, NULL, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_ok(p11->C_GetSlotList(CK_FALSE, NULL, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_rv(event(&slot), CKR_NO_EVENT);
	ck_assert_rv(p11->C_GetTokenInfo(0, &token), CKR_TOKEN_NOT_PRESENT);
	ck_assert_rv(
	    p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_TOKEN_NOT_PRESENT);
	plug();
	ck_assert_ok(p11->C_GetSlotInfo(0, &info));
	ck_assert_uint_ne(info.flags & CKF_TOKEN_PRESENT, 0);
	ck_assert_rv(event(&slot), CKR_NO_EVENT);
}
END_TEST

START_TEST(a_session_goes_on_when_the_chip_is_back)
{
	const CK_SESSION_HANDLE s = harness_session(false);
	unsigned char r[16];
	CK_SLOT_ID slot;

	unplug();
	ck_assert_ok(event(&slot));
	ck_assert_rv(p11->C_GenerateRandom(s, r, sizeof(r)), CKR_DEVICE_REMOVED);
	plug();
	ck_assert_ok(p11->C_GenerateRandom(s, r, sizeof(r)));
}
END_TEST

struct waiter {
	pthread_t thread;
	CK_SLOT_ID slot;
	CK_RV rv;
};

static void *
wait_for_event(void *arg)
{
	struct waiter *w = arg;

	w->rv = p11->C_WaitForSlotEvent(0, &w->slot, NULL);
	return NULL;
}

static void
begin(struct waiter *w)
{
	w->slot = 99;
	ck_assert_int_eq(pthread_create(&w->thread, NULL, wait_for_event, w), 0);
	(void)usleep(50000); /* well into its first pause, or not yet begun: both must do */
}

START_TEST(a_blocked_call_returns_at_an_event)
{
	struct waiter w;

	begin(&w);
	unplug();
	ck_assert_int_eq(pthread_join(w.thread, NULL), 0);
	ck_assert_ok(w.rv);
	ck_assert_uint_eq(w.slot, 0);
}
END_TEST

START_TEST(a_blocked_call_ends_with_the_module)
{
	struct waiter w;

	begin(&w);
	ck_assert_ok(p11->C_Finalize(NULL));
	ck_assert_int_eq(pthread_join(w.thread, NULL), 0);
	ck_assert_rv(w.rv, CKR_CRYPTOKI_NOT_INITIALIZED);
}
END_TEST

START_TEST(arguments_are_checked)
{
	CK_SLOT_ID slot;

	ck_assert_rv(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, NULL, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_WaitForSlotEvent(CKF_DONT_BLOCK, &slot, &slot), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_WaitForSlotEvent(0x100, &slot, NULL), CKR_ARGUMENTS_BAD);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("slot events");
	TCase *tc = tcase_create("events");

	tcase_add_checked_fixture(tc, setup, harness_teardown);
	tcase_add_test(tc, each_coming_and_going_is_told_once);
	tcase_add_test(tc, what_a_list_has_told_is_no_event);
	tcase_add_test(tc, a_session_goes_on_when_the_chip_is_back);
	tcase_add_test(tc, a_blocked_call_returns_at_an_event);
	tcase_add_test(tc, a_blocked_call_ends_with_the_module);
	tcase_add_test(tc, arguments_are_checked);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
