/*
 * The link through the bus socket and the server of optiga-sim, in a process of its own, with
 * the application that counts its commands behind the simulated wires.
 */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/bus/bus.h"
#include "hal/link/link.h"
#include "hal/sim/prog.h"
#include "hal/sim/sim.h"

static char dir[64], image[96], path[96], lock_path[104], selector[128];
static pid_t server = -1;

/* The program's own way to speak, otherwise in its main.c. */
int
prog_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	return PROG_FAILED;
}

int
prog_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	return PROG_USAGE;
}

/* The socket is there before its server listens. */
static bool
listens(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	bool yes;

	strcpy(sa.sun_path, path);
	yes = connect(fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0;
	(void)close(fd);
	return yes;
}

static void
start(bool virtual_time)
{
	static char word[] = "serve", socket_word[] = "--socket", time_word[] = "--virtual-time";
	char *real[] = { word, socket_word, path, image, NULL };
	char *virtual[] = { word, socket_word, path, time_word, image, NULL };

	(void)unlink(path); /* of a server that was killed: its file must not look like a new one */
	(void)fflush(stdout);
	server = fork();
	ck_assert_int_ge(server, 0);
	if (server == 0) {
		(void)freopen("/dev/null", "w", stdout);
		_exit(virtual_time ? prog_serve(5, virtual) : prog_serve(4, real));
	}
	for (int i = 0; i < 500 && !listens(); i++)
		(void)usleep(10000);
}

static void
setup(void)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;

	(void)snprintf(dir, sizeof(dir), "/tmp/test_link_serve.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(image, sizeof(image), "%s/chip", dir);
	(void)snprintf(path, sizeof(path), "%s/bus", dir);
	(void)snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	(void)snprintf(selector, sizeof(selector), "bus:%s", path);
	cfg.seeded = true;
	ck_assert_int_eq(sim_create(image, &cfg), 0);
}

static void
teardown(void)
{
	if (server > 0) {
		(void)kill(server, SIGTERM);
		(void)waitpid(server, NULL, 0);
	}
	server = -1;
	(void)unlink(path);
	(void)unlink(lock_path);
	(void)unlink(image);
	(void)rmdir(dir);
}

/* See sim_fake_app.c. Returns the count in the response, or an error. */
static int
command(struct link *ln, size_t cmd_len, unsigned us, size_t rsp_len)
{
	uint8_t cmd[LINK_APDU_MAX] = { 0xEE, 0x00, (uint8_t)((cmd_len - 4) >> 8),
		(uint8_t)(cmd_len - 4), 0, (uint8_t)(us >> 16), (uint8_t)(us >> 8), (uint8_t)us,
		(uint8_t)(rsp_len >> 8), (uint8_t)rsp_len };
	struct buf rsp = BUF_INIT;
	int r = link_transceive(ln, cmd, cmd_len, &rsp, false, 5000);

	if (r == 0)
		r = rsp.len == 4 + rsp_len ? rsp.data[1] : HAL_EPROTO;
	buf_free(&rsp);
	return r;
}

static void
open_link(const char *sel, struct bus **busp, struct link **lnp)
{
	ck_assert_int_eq(bus_open(sel, busp), 0);
	ck_assert_int_eq(link_new(*busp, lnp), 0);
}

START_TEST(commands_of_every_shape_work)
{
	struct bus *bus;
	struct link *ln;

	start(_i == 1);
	open_link(selector, &bus, &ln);
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_int_eq(command(ln, 10, 9000, 27), 1);
	ck_assert_int_eq(command(ln, 10, 3000, 600), 2);
	ck_assert_int_eq(command(ln, 1200, 5000, 0), 3);
	ck_assert_int_eq(command(ln, LINK_APDU_MAX, 0, LINK_APDU_MAX - 4), 4);
	link_free(&ln);
	bus_close(&bus);
}
END_TEST

/* What the clock of the bus says does not depend on how the chip is reached. */
START_TEST(bus_time_is_that_of_the_chip_in_this_process)
{
	uint64_t took[2];

	for (int i = 0; i < 2; i++) {
		char sel[160];
		struct bus *bus;
		struct link *ln;

		if (i == 1)
			start(true);
		(void)snprintf(sel, sizeof(sel), i == 0 ? "sim:%s?time=virtual" : "bus:%s",
		    i == 0 ? image : path);
		open_link(sel, &bus, &ln);
		ck_assert_int_eq(link_start(ln), 0);
		took[i] = bus_now(bus);
		ck_assert_int_gt(command(ln, 10, 65000, 64), 0);
		took[i] = bus_now(bus) - took[i];
		link_free(&ln);
		bus_close(&bus);
	}
	/* The socket sleeps in whole microseconds, so a poll may come a little later. */
	ck_assert_uint_le(took[0] > took[1] ? took[0] - took[1] : took[1] - took[0], BUS_MS(1));
}
END_TEST

static void
take_turns(void)
{
	struct bus *bus;
	struct link *ln;

	open_link(selector, &bus, &ln);
	for (int n = 0; n < 10; n++) {
		if (bus_lock(bus) != 0 || link_join(ln, false) != 0)
			_exit(1);
		if (command(ln, 10, 500, (size_t)n) <= 0 || command(ln, 300, 0, 0) <= 0)
			_exit(2);
		bus_record(bus)->change += 2;
		bus_unlock(bus);
	}
	link_free(&ln);
	bus_close(&bus);
	_exit(0);
}

START_TEST(processes_take_turns)
{
	struct bus *bus;
	struct link *ln;
	int status;

	start(_i == 1);
	open_link(selector, &bus, &ln);
	ck_assert_int_eq(link_start(ln), 0);
	for (int p = 0; p < 3; p++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			take_turns();
	}
	for (int p = 0; p < 3; p++) {
		pid_t pid = waitpid(-1, &status, 0);

		ck_assert_int_gt(pid, 0);
		ck_assert_int_ne(pid, server);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(bus_record(bus)->change, 60);
	ck_assert_int_eq(link_join(ln, false), 0);
	ck_assert_int_eq(command(ln, 10, 0, 0), 61);
	link_free(&ln);
	bus_close(&bus);
}
END_TEST

START_TEST(a_server_that_goes_is_reported)
{
	struct bus *bus;
	struct link *ln;

	start(true);
	open_link(selector, &bus, &ln);
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_int_eq(command(ln, 10, 100, 0), 1);
	ck_assert_int_eq(kill(server, SIGKILL), 0);
	ck_assert_int_eq(waitpid(server, NULL, 0), server);
	server = -1;
	ck_assert_int_eq(command(ln, 10, 100, 0), HAL_ENODEV);
	ck_assert_int_eq(link_join(ln, true), HAL_ENODEV);
	link_free(&ln);
	bus_close(&bus);
	/* And one that is there again is used again. */
	start(true);
	open_link(selector, &bus, &ln);
	ck_assert_int_eq(link_join(ln, true), 0);
	ck_assert_int_eq(command(ln, 10, 100, 0), 2);
	link_free(&ln);
	bus_close(&bus);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("link through the bus socket");
	TCase *t = tcase_create("socket");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, commands_of_every_shape_work, 0, 2);
	tcase_add_test(t, bus_time_is_that_of_the_chip_in_this_process);
	tcase_add_loop_test(t, processes_take_turns, 0, 2);
	tcase_add_test(t, a_server_that_goes_is_reported);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
