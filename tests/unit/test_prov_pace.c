/* The pace that the workers of a fleet share. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "provision/pace.h"
#include "tests/unit/test_prov_util.h"

#define S  1000000000ULL
#define T0 (5000 * S)

static struct pace *pace;
static int fd;

static void
setup(void)
{
	pace = pace_new(&fd);
	ck_assert_ptr_nonnull(pace);
}

static void
teardown(void)
{
	pace_free(&pace);
	ck_assert_ptr_null(pace);
	ck_assert_int_eq(close(fd), 0);
	ck_assert_int_eq(unsetenv(PACE_ENV), 0);
}

/* As many as may go within a second from then on. */
static unsigned int
fill(unsigned int call, uint64_t from)
{
	unsigned int n = 0;

	while (pace_turn(pace, call, from) < from + S)
		n++;
	return n;
}

START_TEST(requests_go_at_the_rate)
{
	/* Two at once after a rest, then one every 100 ms. */
	ck_assert_uint_eq(pace_turn(pace, 0, T0), T0);
	ck_assert_uint_eq(pace_turn(pace, 0, T0), T0);
	ck_assert_uint_eq(pace_turn(pace, 0, T0), T0 + S / 10);
	ck_assert_uint_eq(pace_turn(pace, 0, T0), T0 + 2 * S / 10);
	/* Another call has a quota of its own. */
	ck_assert_uint_eq(pace_turn(pace, 1, T0), T0);
	ck_assert_uint_eq(fill(2, T0), 11);
	ck_assert_uint_eq(pace_turn(pace, 0, T0 + 100 * S), T0 + 100 * S);
}
END_TEST

START_TEST(the_rate_grows_only_while_it_is_used)
{
	double rate;

	for (int i = 0; i < 100; i++)
		pace_answer(pace, 0, T0 + 10 * S, false, 0);
	ck_assert_double_eq_tol(pace_rate(pace, 0), PACE_FIRST, 0.01);
	for (int i = 0; i < 10; i++) {
		(void)fill(0, T0);
		pace_answer(pace, 0, T0, false, 0);
	}
	ck_assert_double_eq_tol(pace_rate(pace, 0), PACE_FIRST + 10, 0.01);
	/* Once it was too much, more slowly. */
	pace_answer(pace, 0, T0, true, 0);
	rate = pace_rate(pace, 0);
	ck_assert_double_eq_tol(rate, (PACE_FIRST + 10) / 2, 0.01);
	for (int i = 0; i < 10; i++)
		pace_answer(pace, 0, T0, false, 0);
	ck_assert_double_eq_tol(pace_rate(pace, 0), rate + 1, 0.1);
	for (int i = 0; i < 2000; i++) {
		(void)pace_turn(pace, 1, T0);
		pace_answer(pace, 1, T0, false, 0);
	}
	ck_assert_double_eq_tol(pace_rate(pace, 1), PACE_MAX, 1);
}
END_TEST

START_TEST(what_was_on_its_way_halves_it_once)
{
	for (int i = 0; i < 32; i++)
		pace_answer(pace, 0, T0 + (uint64_t)i, true, 0);
	ck_assert_double_eq_tol(pace_rate(pace, 0), PACE_FIRST / 2, 0.01);
	pace_answer(pace, 0, T0 + 2 * S, true, 0);
	ck_assert_double_eq_tol(pace_rate(pace, 0), PACE_FIRST / 4, 0.01);
	for (uint64_t i = 2; i < 40; i++)
		pace_answer(pace, 0, T0 + 2 * i * S, true, 0);
	ck_assert_double_eq_tol(pace_rate(pace, 0), PACE_MIN, 0.01);
	ck_assert_double_eq_tol(pace_rate(pace, 1), PACE_FIRST, 0.01);
}
END_TEST

START_TEST(a_retry_after_holds_for_all)
{
	pace_answer(pace, 0, T0, true, 7);
	pace_answer(pace, 0, T0, true, 3);
	ck_assert_uint_eq(pace_turn(pace, 0, T0), T0 + 7 * S);
	ck_assert_uint_eq(pace_turn(pace, 0, T0), T0 + 7 * S + S / 5);
	pace_answer(pace, 1, T0, true, 86400);
	ck_assert_uint_eq(pace_turn(pace, 1, T0), T0 + PACE_PAUSE * S);
	ck_assert_uint_eq(pace_turn(pace, 2, T0), T0);
}
END_TEST

START_TEST(who_is_no_worker_is_not_slowed)
{
	for (int i = 0; i < 1000; i++) {
		ck_assert(pace_wait(0) == 0);
		pace_note(0, true, 60);
	}
}
END_TEST

static const char *const wrong[] = { "", "x", "7x", "-1", "99999", "0" };

START_TEST(a_wrong_descriptor_is_none)
{
	ck_assert_ptr_null(pace_join());
	ck_assert_int_eq(setenv(PACE_ENV, wrong[_i], 1), 0);
	ck_assert_ptr_null(pace_join());
}
END_TEST

static uint64_t
monotonic(void)
{
	struct timespec ts;

	ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &ts), 0);
	return (uint64_t)ts.tv_sec * S + (uint64_t)ts.tv_nsec;
}

/* 20 requests of 4 processes at 50 a second: 2 at once, 18 intervals. */
START_TEST(processes_share_it)
{
	uint64_t began;
	char text[16];
	int status;

	for (int i = 0; i < 40; i++) {
		(void)pace_turn(pace, 3, 1);
		pace_answer(pace, 3, 1, false, 0);
	}
	ck_assert_double_eq_tol(pace_rate(pace, 3), 50, 0.01);
	(void)snprintf(text, sizeof(text), "%d", fd);
	ck_assert_int_eq(setenv(PACE_ENV, text, 1), 0);
	began = monotonic();
	for (int i = 0; i < 4; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0) {
			for (int k = 0; k < 5; k++)
				(void)pace_wait(3);
			_exit(0);
		}
	}
	for (int i = 0; i < 4; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_ge(monotonic() - began, 18 * S / 50);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("pace");

	tcase_add_checked_fixture(tc, setup, teardown);
	/* A process finds out once whether it shares a pace: before a test that it does not. */
	tcase_add_test(tc, processes_share_it);
	tcase_add_test(tc, requests_go_at_the_rate);
	tcase_add_test(tc, the_rate_grows_only_while_it_is_used);
	tcase_add_test(tc, what_was_on_its_way_halves_it_once);
	tcase_add_test(tc, a_retry_after_holds_for_all);
	tcase_add_test(tc, who_is_no_worker_is_not_slowed);
	tcase_add_loop_test(tc, a_wrong_descriptor_is_none, 0, sizeof(wrong) / sizeof(wrong[0]));
	return run_case("pace", tc);
}
