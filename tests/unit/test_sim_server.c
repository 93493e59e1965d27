/* The life of the bus server: bad input and lost clients, log, lock file, start and end. */
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

/* --- bad input ----------------------------------------------------------------------------- */

static const struct {
	uint8_t msg[8];
	size_t len;
	bool closed;
} bad[] = {
	{ { 'X', 0, 0, 0 }, 4, false },
	{ { 0xFF, 0xFF, 0, 2, 1, 2 }, 6, false },
	{ { 'S', 0, 0, 1, 0 }, 5, true },
	{ { 'H', 0, 0, 1, 1 }, 5, true },
	{ { 'H', 0, 0, 2, 9, 0 }, 6, true },
	{ { 'Z', 0, 0, 0 }, 4, true },
	{ { 'K', 0, 0, 0 }, 4, true },
	{ { 'K', 0, 0, 2, 0, 0 }, 6, false },
	{ { '?', 0, 0, 1, 0 }, 5, true },
	{ { 'W', 0x80, 0, 0 }, 4, true },
};

START_TEST(bad_input_is_refused_and_nobody_else_notices)
{
	int fd = bus_dial(), other = bus_dial();

	ck_assert_int_eq(send(fd, bad[_i].msg, bad[_i].len, 0), (ssize_t)bad[_i].len);
	ck_assert_int_eq(bus_answer(fd), 6);
	ck_assert_uint_gt(a.len, 5); /* it says why */
	if (bad[_i].closed)
		ck_assert_int_eq(bus_answer(fd), -1);
	else
		ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_int_eq(bus_call(other, 'W', ADDR, state_reg, 1), 0);
	close(fd);
	close(other);
}
END_TEST

START_TEST(clients_that_hang_up_are_survived)
{
	int fd;

	for (int i = 0; i < 20; i++) {
		fd = bus_dial();
		bus_ask(fd, 'R', ADDR, 60000, NULL, 0);
		bus_ask(fd, 'R', ADDR, 60000, NULL, 0);
		if (i & 1)
			bus_ask(fd, 'W', ADDR, 500, NULL, 0); /* and not the bytes */
		close(fd);
	}
	fd = bus_dial();
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 0);
	close(fd);
}
END_TEST

START_TEST(random_bytes_are_survived)
{
	int fd;
	uint8_t junk[400];

	srand(_i);
	fd = bus_dial();
	for (size_t i = 0; i < sizeof(junk); i++)
		junk[i] = (uint8_t)rand();
	for (size_t i = 0; i < sizeof(junk); i += 16)
		junk[i] = (uint8_t) "HWRwrSZKM?"[rand() % 10];
	(void)send(fd, junk, sizeof(junk), MSG_NOSIGNAL);
	close(fd);
	fd = bus_dial();
	ck_assert_int_eq(bus_call(fd, 'M', 0, "after", 5), 0);
	close(fd);
}
END_TEST

/* --- faults on request --------------------------------------------------------------------- */

/* A write of 82 and a read of four bytes, as often as there are statuses; with what they say. */
static const struct {
	const char *script;
	int statuses[6];
	const char *counter;
} faults[] = {
	{ "nack@write", { 1, 0, 1, 0, 1, 0 }, "addr_nacks" },
	{ "nack@any+1*2", { 0, 1, 1, 0, 0, 0 }, "addr_nacks" },
	{ "data-nack@write*1", { 2, 0, 0, 0, 0, 0 }, "data_nacks" },
	{ "bus-error@read+1*1", { 0, 0, 0, 3, 0, 0 }, "bus_errors" },
	{ "arbitration*1", { 4, 0, 0, 0, 0, 0 }, "bus_errors" },
	{ "clock-low@read", { 0, 5, 0, 5, 0, 5 }, "bus_errors" },
	{ "arbitration*1,clock-low@any+1*1,nack@any+2*1", { 4, 5, 1, 0, 0, 0 }, "bus_errors" },
	{ "zero@state+2*1,ff@state+0x10", { 0, 0, 0, 0, 0, 0 }, NULL },
};

START_TEST(faults_on_request)
{
	char option[128];
	int fd, n = 0;

	bus_stop(SIGTERM);
	snprintf(option, sizeof(option), "--fault=%s", faults[_i].script);
	ck_assert(bus_start(option, NULL));
	fd = bus_dial();
	for (int i = 0; i < 6; i += 2) {
		ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), faults[_i].statuses[i]);
		ck_assert_uint_eq(a.len, a.status == 2 ? 2 : 0);
		ck_assert_int_eq(bus_call_read(fd, 'R', ADDR, 4), faults[_i].statuses[i + 1]);
		ck_assert_uint_eq(a.len, a.status == 0 ? 4 : 0);
	}
	for (int i = 0; i < 6; i++) {
		const int st = faults[_i].statuses[i];

		n += faults[_i].counter == NULL     ? 0
		     : faults[_i].counter[0] == 'a' ? st == 1
		     : faults[_i].counter[0] == 'd' ? st == 2
						    : st >= 3;
	}
	if (faults[_i].counter != NULL)
		ck_assert_int_eq(bus_statistic(fd, faults[_i].counter, 0), n);
	close(fd);
}
END_TEST

/* The bytes before the refused one have reached the chip. */
START_TEST(a_refused_byte_says_how_far_it_came)
{
	int fd;

	bus_stop(SIGTERM);
	ck_assert(bus_start("--fault=data-nack=1@write*1", NULL));
	fd = bus_dial();
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, "\x81\x00\x80", 3), 2);
	ck_assert_uint_eq(a.len, 2);
	ck_assert_uint_eq(a.data[1], 1);
	ck_assert_int_eq(bus_call_read(fd, 'R', ADDR, 2), 0);
	ck_assert_mem_eq(a.data, "\x01\x15", 2); /* selected, not changed */
	close(fd);
}
END_TEST

/* On the presentation layer: the chip names a version that nobody asked for. */
START_TEST(faults_of_the_presentation_layer)
{
	static const uint8_t hello[] = { 0x80, 0x03, 0x00, 0x03, 0x08, 0x00, 0x01, 0xFE, 0xFB };
	int fd, tries = 0;

	bus_stop(SIGTERM);
	ck_assert(bus_start("--fault=shield-hello=2*1", NULL));
	fd = bus_dial();
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, hello, sizeof(hello)), 0);
	do { /* the ACK, then the answer */
		ck_assert_int_lt(tries++, 5000);
		usleep(1000);
		ck_assert_int_eq(bus_call(fd, 'W', ADDR, "\x80", 1), 0);
		ck_assert_int_eq(bus_call_read(fd, 'R', ADDR, 44), 0);
	} while (a.data[0] & 0x80);
	ck_assert_uint_eq(a.data[4], 0x00);
	ck_assert_uint_eq(a.data[5], 0x02);
	close(fd);
}
END_TEST

static const char *const no_faults[] = { "", "nick", "nack@", "nack@dada-in", "nack=", "nack*x",
	"nack@any*1+1", "nack,,nack", "shield-tag@read", "shield-none", "nack*99999999999",
	"nack,nack,nack,nack,nack,nack,nack,nack,nack,nack,nack,nack,nack,nack,nack,nack,nack" };

START_TEST(bad_scripts_are_refused)
{
	char option[128];
	int status;

	bus_stop(SIGTERM);
	snprintf(option, sizeof(option), "--fault=%s", no_faults[_i]);
	ck_assert(!bus_start(option, &status));
	ck_assert_int_eq(WEXITSTATUS(status), 2);
}
END_TEST

/* --- log, start, end ----------------------------------------------------------------------- */

START_TEST(the_log_has_every_event)
{
	int fd = bus_hello(3);
	char line[512];
	json_t *j;
	FILE *f;
	int n = 0;

	(void)bus_call(fd, 'M', 0, "na\"me\n", 6);
	(void)bus_call(fd, 'W', ADDR, state_reg, 1);
	bus_ask_sleep(fd, 50);
	(void)bus_answer(fd);
	(void)bus_call_read(fd, 'R', ADDR, 4);
	(void)bus_call(fd, 'W', 0x31, "\x01\x02", 2);
	f = fopen(bus_log_file, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		j = json_loads(line, 0, NULL);
		ck_assert_ptr_nonnull(j);
		ck_assert_str_eq(json_string_value(json_object_get(j, "mark")), "na\"me\n");
		if (n == 2) {
			ck_assert_str_eq(json_string_value(json_object_get(j, "dir")), "R");
			ck_assert_str_eq(json_string_value(json_object_get(j, "hex")), "08800000");
			ck_assert_int_eq(json_integer_value(json_object_get(j, "n")), 4);
			ck_assert_int_eq((int)json_real_value(json_object_get(j, "gap_us")), 50);
			ck_assert_int_eq((int)json_real_value(json_object_get(j, "t_us")), 100);
			ck_assert_int_eq(json_integer_value(json_object_get(j, "conn")), 1);
			ck_assert_int_eq(json_integer_value(json_object_get(j, "addr")), ADDR);
		}
		if (n == 3)
			ck_assert_int_eq(json_integer_value(json_object_get(j, "nack")), 1);
		json_decref(j);
		n++;
	}
	fclose(f);
	ck_assert_int_eq(n, 4);
	close(fd);
}
END_TEST

START_TEST(the_lock_file_is_there_and_both_go_at_the_end)
{
	struct stat sb;
	mode_t mask = umask(0);

	(void)umask(mask);
	ck_assert_int_eq(stat(bus_lock_file, &sb), 0);
	ck_assert_uint_eq(sb.st_mode & 0777, 0660 & ~mask);
	ck_assert_int_ge(sb.st_size, 4096);
	bus_stop(_i ? SIGINT : SIGTERM);
	ck_assert_int_ne(stat(bus_lock_file, &sb), 0);
	ck_assert_int_ne(stat(bus_sock, &sb), 0);
}
END_TEST

START_TEST(a_stale_socket_is_replaced_a_living_server_is_not)
{
	char other[96];
	pid_t first = bus_server;
	const struct sim_config cfg = SIM_CONFIG_DEFAULT;
	char kept[96];
	int status = 0, fd;

	strcpy(kept, bus_image);
	snprintf(other, sizeof(other), "%s/other.img", bus_dir);
	ck_assert_int_eq(sim_create(other, &cfg), 0);
	strcpy(bus_image, other);
	ck_assert(!bus_start(NULL, &status)); /* same socket, another chip */
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	strcpy(bus_image, kept);
	bus_server = first;
	fd = bus_dial();
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 0);
	close(fd);
	bus_stop(SIGKILL); /* leaves socket and lock file */
	ck_assert(bus_start(NULL, NULL));
	fd = bus_dial();
	ck_assert_int_eq(bus_call(fd, 'W', ADDR, state_reg, 1), 0);
	close(fd);
	ck_assert_int_eq(unlink(other), 0);
}
END_TEST

START_TEST(a_file_at_the_sockets_place_is_left_alone)
{
	int status = 0;
	struct stat sb;
	FILE *f;

	bus_stop(SIGTERM);
	f = fopen(bus_sock, "w");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	ck_assert(!bus_start(NULL, &status));
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	ck_assert_int_eq(stat(bus_sock, &sb), 0);
	ck_assert(S_ISREG(sb.st_mode));
}
END_TEST

START_TEST(what_a_client_did_is_in_the_image)
{
	struct sim *s = NULL;
	uint8_t v[2];
	int fd = bus_dial();

	ck_assert_int_eq(bus_call(fd, 'W', ADDR, "\x81\x00\x20", 3), 0);
	close(fd);
	ck_assert_int_ne(sim_open(bus_image, SIM_TIME_IDLE, &s), 0); /* the server has it */
	bus_stop(SIGTERM);
	ck_assert_int_eq(sim_open(bus_image, SIM_TIME_IDLE, &s), 0);
	ck_assert_int_eq(sim_write(s, ADDR, (const uint8_t[]){ 0x81 }, 1), 0);
	ck_assert_int_eq(sim_read(s, ADDR, v, 2), 0);
	ck_assert_uint_eq(v[1], 0x20);
	sim_close(&s);
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
		{ bad_input_is_refused_and_nobody_else_notices, NITEMS(bad) },
		{ clients_that_hang_up_are_survived, 1 },
		{ random_bytes_are_survived, 10 },
		{ faults_on_request, NITEMS(faults) },
		{ a_refused_byte_says_how_far_it_came, 1 },
		{ faults_of_the_presentation_layer, 1 },
		{ bad_scripts_are_refused, NITEMS(no_faults) },
		{ the_log_has_every_event, 1 },
		{ the_lock_file_is_there_and_both_go_at_the_end, 2 },
	};
	const struct row real_time[] = {
		{ a_stale_socket_is_replaced_a_living_server_is_not, 1 },
		{ a_file_at_the_sockets_place_is_left_alone, 1 },
		{ what_a_client_did_is_in_the_image, 1 },
	};
	Suite *s = suite_create("sim_server");
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
