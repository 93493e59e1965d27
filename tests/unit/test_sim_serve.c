/*
 * The bus server over its socket: every operation, statistics, ownership of the bus, and virtual
 * time with several clients.
 */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/unit/sim_bus.h"

static const uint8_t state_reg[] = { 0x82 };

/* --- operations ---------------------------------------------------------------------------- */

START_TEST(reads_and_writes_reach_the_chip)
{
	int fd = bus_dial();

	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_uint_eq(a.len, 0);
	ck_assert_int_eq(bus_call_read(fd, 'R', ADDR, 6), 0);
	ck_assert_uint_eq(a.len, 6);
	ck_assert_mem_eq(a.data, "\x08\x80\x00\x00\xFF\xFF", 6);
	ck_assert_int_eq(bus_call(fd, 'W', 0x31, state_reg, 1), 1);
	ck_assert_int_eq(bus_call_read(fd, 'R', 0x31, 4), 1);
	ck_assert_uint_eq(a.len, 0);
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, NULL, 0), 0); /* probe */
	ck_assert_int_eq(bus_call(fd, 'W', 0x50, NULL, 0), 1);
	ck_assert_int_eq(bus_call_read(fd, 'R', ADDR, 0), 6);
	ck_assert_int_eq(bus_call_read(fd, 'R', ADDR, 60000), 0);
	ck_assert_uint_eq(a.len, 60000);
	close(fd);
}
END_TEST

static void
check_hello(uint8_t granted, uint8_t mode)
{
	int fd = bus_hello(3);

	ck_assert_uint_eq(a.data[1], granted);
	ck_assert_uint_eq(a.data[2], mode);
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_uint_eq(a.len, 8);
	ck_assert_int_eq(bus_call(fd, 'W', 0x31, state_reg, 1), 1);
	ck_assert_uint_eq(a.len, 8); /* failures too */
	ck_assert_int_eq(bus_call_read(fd, 'R', ADDR, 4), 0);
	ck_assert_uint_eq(a.len, 12);
	ck_assert_int_eq(bus_call(fd, 'H', 0, (const uint8_t[]){ 1, 0 }, 2), 0);
	ck_assert_uint_eq(a.len, 5);
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_uint_eq(a.len, 0);
	close(fd);
}

START_TEST(hello_grants_virtual_time)
{
	check_hello(3, 1);
}
END_TEST

START_TEST(hello_grants_no_virtual_time_where_it_is_real)
{
	check_hello(1, 0);
}
END_TEST

START_TEST(virtual_time_is_exact_and_starts_at_0)
{
	int fd = bus_hello(3);

	bus_ask_sleep(fd, 1000);
	ck_assert_int_eq(bus_answer(fd), 0);
	ck_assert_uint_eq(bus_stamp(), MS(1));
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_uint_eq(bus_stamp(), MS(1) + 50000);
	ck_assert_int_eq(bus_call_read(fd, 'R', ADDR, 4), 0);
	ck_assert_uint_eq(bus_stamp(), MS(1) + 167500);
	ck_assert_int_eq(bus_call(fd, 'K', 0, (const uint8_t[]){ 0, 100 }, 2), 0);
	ck_assert_int_eq(bus_call(fd, 'W', 0x31, state_reg, 1), 1);
	ck_assert_uint_eq(bus_stamp(), MS(1) + 277500);
	usleep(30000);
	ck_assert_int_eq(bus_call(fd, 'M', 0, NULL, 0), 0);
	ck_assert_uint_eq(bus_stamp(), MS(1) + 277500);
	close(fd);
}
END_TEST

static void
check_sleep_refused(uint8_t flags)
{
	int fd = bus_hello(flags);

	bus_ask_sleep(fd, 1);
	ck_assert_int_eq(bus_answer(fd), 6);
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 0); /* still connected */
	close(fd);
}

START_TEST(sleep_is_refused_in_real_time)
{
	check_sleep_refused(3);
}
END_TEST

START_TEST(sleep_is_refused_to_who_does_not_take_part)
{
	check_sleep_refused(1);
}
END_TEST

START_TEST(lines_reset_the_chip)
{
	int fd = bus_hello(3);

	ck_assert_int_eq(bus_call(fd, 'Z', 0, (const uint8_t[]){ 0, 0 }, 2), 0);
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 1);
	ck_assert_int_eq(bus_call(fd, 'Z', ADDR, (const uint8_t[]){ 0, 1 }, 2), 0);
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 1);
	bus_ask_sleep(fd, 15000);
	ck_assert_int_eq(bus_answer(fd), 0);
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_int_eq(bus_call(fd, 'Z', 0x31, (const uint8_t[]){ 1, 0 }, 2), 0); /* not ours */
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_int_eq(bus_call(fd, 'Z', 0, (const uint8_t[]){ 2, 0 }, 2), 6);
	ck_assert_int_eq(bus_call(fd, 'Z', 0, (const uint8_t[]){ 1, 0 }, 2), 0);
	close(fd); /* lines outlive the client */
	fd = bus_dial();
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 1);
	ck_assert_int_eq(bus_statistic(fd, "resets", 0), 1);
	close(fd);
}
END_TEST

START_TEST(statistics_count_and_can_be_reset)
{
	static const char *const keys[] = { "now_ns", "scl_khz", "writes", "reads", "bytes_written",
		"bytes_read", "addr_nacks", "data_nacks", "bus_errors", "sleeps", "sleep_us",
		"resets", "guard_violations", "overspeed" };
	int fd = bus_dial();

	(void)bus_call(fd, 'W', ADDR, "\x81\x01\x15", 3);
	(void)bus_call_read(fd, 'R', ADDR, 2);
	(void)bus_call(fd, 'W', 0x31, state_reg, 1);
	(void)bus_call(fd, 'K', 0, (const uint8_t[]){ 3, 0xE8 }, 2);
	(void)bus_call(fd, 'W', ADDR, state_reg, 1);
	for (size_t i = 0; i < NITEMS(keys); i++)
		(void)bus_statistic(fd, keys[i], 0);
	ck_assert_int_eq(bus_statistic(fd, "writes", 0), 2);
	ck_assert_int_eq(bus_statistic(fd, "reads", 0), 1);
	ck_assert_int_eq(bus_statistic(fd, "bytes_written", 0), 4);
	ck_assert_int_eq(bus_statistic(fd, "bytes_read", 0), 2);
	ck_assert_int_eq(bus_statistic(fd, "addr_nacks", 0), 1);
	ck_assert_int_eq(bus_statistic(fd, "overspeed", 0), 1);
	ck_assert_int_eq(bus_statistic(fd, "scl_khz", 0), 1000);
	ck_assert_int_ge(bus_statistic(fd, "guard_violations", 0), 1);
	ck_assert_int_eq(bus_statistic(fd, "writes", 0xFF), 2);
	ck_assert_int_eq(bus_statistic(fd, "writes", 0), 0);
	ck_assert_int_eq(bus_statistic(fd, "guard_violations", 0), 0);
	close(fd);
}
END_TEST

/* --- ownership ----------------------------------------------------------------------------- */

START_TEST(a_transfer_without_stop_keeps_the_bus_for_1_s)
{
	int one = bus_dial(), two = bus_dial();

	ck_assert_int_eq(bus_call(one, 'w', ADDR, state_reg, 1), 0);
	bus_ask(two, 'W', ADDR, 1, state_reg, 1);
	ck_assert(!bus_answers_within(two, 50));
	ck_assert(bus_answers_within(two, 1500)); /* the server ends a hold after 1 s */
	ck_assert_int_eq(bus_answer(two), 0);
	ck_assert_int_eq(bus_call_read(one, 'R', ADDR, 4), 0); /* no repeated START any more */
	close(one);
	close(two);
}
END_TEST

START_TEST(a_repeated_start_is_refused_by_this_chip)
{
	int one = bus_dial(), two = bus_dial();

	ck_assert_int_eq(bus_call(one, 'w', ADDR, state_reg, 1), 0);
	bus_ask(two, 'W', ADDR, 1, state_reg, 1);
	ck_assert(!bus_answers_within(two, 50));
	ck_assert_int_eq(bus_call_read(one, 'R', ADDR, 4), 1);
	ck_assert_int_eq(bus_answer(two), 0); /* the hold is over */
	ck_assert_int_eq(bus_call_read(one, 'R', ADDR, 4), 0);
	close(one);
	close(two);
}
END_TEST

START_TEST(a_lost_client_frees_the_bus)
{
	int one = bus_dial(), two = bus_dial();

	ck_assert_int_eq(bus_call(one, 'w', ADDR, state_reg, 1), 0);
	bus_ask(two, 'W', ADDR, 1, state_reg, 1);
	ck_assert(!bus_answers_within(two, 50));
	close(one);
	ck_assert(bus_answers_within(two, 500));
	ck_assert_int_eq(bus_answer(two), 0);
	close(two);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	int fd = bus_dial();
	uint8_t msg[] = { 'W', ADDR, 0, 1, 0x81, 'R', ADDR, 0, 2, 'W', ADDR, 0, 1, 0x84, 'R', ADDR,
		0, 4 };

	for (size_t i = 0; i < sizeof(msg); i++)
		ck_assert_int_eq(send(fd, msg + i, 1, 0), 1);
	ck_assert_int_eq(bus_answer(fd), 0);
	ck_assert_int_eq(bus_answer(fd), 0);
	ck_assert_mem_eq(a.data, "\x01\x15", 2);
	ck_assert_int_eq(bus_answer(fd), 0);
	ck_assert_int_eq(bus_answer(fd), 0);
	ck_assert_mem_eq(a.data, "\x00\x00\x01\x90", 4);
	close(fd);
}
END_TEST

/* --- virtual time with several clients ----------------------------------------------------- */

START_TEST(sleepers_wake_in_order_of_time)
{
	int one = bus_hello(3), two = bus_hello(3);
	uint64_t t;

	bus_ask_sleep(one, 5000);
	bus_ask_sleep(two, 2000);
	ck_assert_int_eq(bus_answer(two), 0);
	t = bus_stamp();
	ck_assert_uint_eq(t, MS(2));
	bus_ask_sleep(two, 1000);
	ck_assert_int_eq(bus_answer(two), 0);
	ck_assert_uint_eq(bus_stamp(), MS(3));
	bus_ask_sleep(two, 10000);
	ck_assert_int_eq(bus_answer(one), 0);
	ck_assert_uint_eq(bus_stamp(), MS(5));
	close(one); /* who is gone holds nothing back */
	ck_assert_int_eq(bus_answer(two), 0);
	ck_assert_uint_eq(bus_stamp(), MS(13));
	close(two);
}
END_TEST

START_TEST(a_silent_client_holds_time_back_for_20_ms_only)
{
	int one = bus_hello(3), two = bus_hello(3);

	ck_assert_int_eq(bus_call(two, 'M', 0, NULL, 0), 0); /* two is awake */
	bus_ask_sleep(one, 5000);
	ck_assert(!bus_answers_within(one, 5));
	ck_assert(bus_answers_within(one, 1000));
	ck_assert_int_eq(bus_answer(one), 0);
	ck_assert_uint_eq(bus_stamp(), MS(5));
	close(one);
	close(two);
}
END_TEST

START_TEST(clients_that_do_not_take_part_hold_nothing_back)
{
	int one = bus_hello(3), two = bus_hello(1);

	ck_assert_int_eq(bus_call(two, 'M', 0, NULL, 0), 0);
	bus_ask_sleep(one, 5000000);
	ck_assert_int_eq(bus_answer(one), 0);
	ck_assert_uint_eq(bus_stamp(), MS(5000));
	close(one);
	close(two);
}
END_TEST

struct row {
	const TTest *test;
	int n;
};

static void
add(Suite *s, const char *name, SFun fixture, const struct row *rows, size_t n)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, fixture, bus_teardown);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < n; i++)
		tcase_add_loop_test(tc, rows[i].test, 0, rows[i].n);
	suite_add_tcase(s, tc);
}

int
main(void)
{
	const struct row virtual_time[] = {
		{ reads_and_writes_reach_the_chip, 1 },
		{ hello_grants_virtual_time, 1 },
		{ virtual_time_is_exact_and_starts_at_0, 1 },
		{ sleep_is_refused_to_who_does_not_take_part, 1 },
		{ lines_reset_the_chip, 1 },
		{ statistics_count_and_can_be_reset, 1 },
		{ a_transfer_without_stop_keeps_the_bus_for_1_s, 1 },
		{ a_repeated_start_is_refused_by_this_chip, 1 },
		{ a_lost_client_frees_the_bus, 1 },
		{ pipelined_requests_are_answered_in_order, 1 },
		{ sleepers_wake_in_order_of_time, 1 },
		{ a_silent_client_holds_time_back_for_20_ms_only, 1 },
		{ clients_that_do_not_take_part_hold_nothing_back, 1 },
	};
	const struct row real_time[] = {
		{ reads_and_writes_reach_the_chip, 1 },
		{ hello_grants_no_virtual_time_where_it_is_real, 1 },
		{ sleep_is_refused_in_real_time, 1 },
	};
	Suite *s = suite_create("sim_serve");
	SRunner *sr;
	int failed;

	add(s, "virtual time", bus_setup_virtual, virtual_time, NITEMS(virtual_time));
	add(s, "real time", bus_setup_real, real_time, NITEMS(real_time));
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
