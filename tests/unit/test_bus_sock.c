/*
 * The client of the bus socket against a small server of the test's own that can also misbehave:
 * answers in single bytes, malformed ones, refusals, and connections that end.
 */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/bus/ops.h"

/* How the server says hello. */
struct habit {
	uint8_t version, flags, mode;
	bool refuse, close, dribble;
};

static const struct habit real_time = { 1, 1, 0, false, false, false };
static const struct habit virtual_time = { 1, 3, 1, false, false, true };

static char dir[64], path[96], lock_path[104], selector[128];
static pid_t server = -1;

/* --- the server ----------------------------------------------------------------------------- */

struct peer {
	int fd;
	bool stamps, dribble;
	uint64_t now; /* ns */
	uint8_t seen[64];
	size_t nseen;
};

static bool
get(struct peer *p, uint8_t *out, size_t n)
{
	while (n > 0) {
		ssize_t k = recv(p->fd, out, n, 0);

		if (k <= 0)
			return false;
		out += k;
		n -= (size_t)k;
	}
	return true;
}

static void
put(struct peer *p, const uint8_t *out, size_t n)
{
	for (size_t i = 0; i < n; i += p->dribble ? 1 : n)
		if (send(p->fd, out + i, p->dribble ? 1 : n, MSG_NOSIGNAL) < 0)
			return;
}

static void
reply(struct peer *p, uint8_t status, const uint8_t *data, size_t n)
{
	uint8_t out[3 + 8 + 512];
	size_t len = n + (p->stamps ? 8 : 0), at = 3;

	out[0] = status;
	out[1] = (uint8_t)(len >> 8);
	out[2] = (uint8_t)len;
	for (int i = 7; p->stamps && i >= 0; i--)
		out[at++] = (uint8_t)(p->now >> 8 * i);
	if (n > 0)
		memcpy(out + at, data, n);
	put(p, out, at + n);
}

/* A write whose first byte says what goes wrong. False: end the connection. */
static bool
on_write(struct peer *p, const uint8_t *data, size_t n)
{
	static const uint8_t wrong_status[3] = { 7, 0, 0 }, endless[3] = { 2, 0xFF, 0xFF },
			     half[2] = { 0, 0 };

	p->now += 1000;
	switch (data[0]) {
	case 0xD0: put(p, wrong_status, 3); return true;
	case 0xD1: put(p, endless, 3); return true;
	case 0xD2: put(p, half, 2); return false;
	case 0xD3: return false;
	case 0xD4: reply(p, 0, data, 3); return true; /* data where none is due */
	case 0xD5: reply(p, 6, (const uint8_t *)"no such thing", 13); return true;
	default: break;
	}
	if (data[0] >= 0xE1 && data[0] <= 0xE5) {
		reply(p, data[0] & 0x0F, data, data[0] == 0xE2 ? 2 : 0);
		return true;
	}
	p->nseen = n < sizeof(p->seen) ? n : sizeof(p->seen);
	memcpy(p->seen, data, p->nseen);
	reply(p, 0, NULL, 0);
	return true;
}

/* Reads give the address, then what was written last, then FF. */
static void
on_read(struct peer *p, uint8_t addr, size_t n)
{
	uint8_t out[512];

	memset(out, 0xFF, sizeof(out));
	out[0] = addr;
	memcpy(out + 1, p->seen, p->nseen);
	p->now += 1000;
	reply(p, 0, out, n);
}

static bool
serve_one(struct peer *p, const struct habit *h)
{
	uint8_t head[4], payload[65536], hello[5] = { h->version, h->flags, h->mode, 0x01, 0x90 };
	size_t n;

	if (!get(p, head, sizeof(head)))
		return false;
	n = (size_t)head[2] << 8 | head[3];
	if (head[0] != 'R' && !get(p, payload, n))
		return false;
	switch (head[0]) {
	case 'H':
		if (h->close)
			return false;
		reply(p, h->refuse ? 6 : 0, hello, sizeof(hello));
		p->stamps = (h->flags & 1) != 0;
		return true;
	case 'W': return on_write(p, payload, n);
	case 'R': on_read(p, head[1], n); return true;
	case 'S':
		p->now += 1000 * ((uint64_t)payload[0] << 24 | (uint64_t)payload[1] << 16 |
				     (uint64_t)payload[2] << 8 | payload[3]);
		reply(p, h->mode == 1 ? 0 : 6, NULL, 0);
		return true;
	case 'K':
	case 'Z':
		/* Visible to the test through a read. */
		p->seen[p->nseen++ % sizeof(p->seen)] = payload[1];
		reply(p, 0, NULL, 0);
		return true;
	default: return false;
	}
}

static void
serve(int listening, const struct habit *h)
{
	for (;;) {
		struct peer p = { .fd = accept(listening, NULL, NULL), .dribble = h->dribble };

		if (p.fd < 0)
			_exit(1);
		while (serve_one(&p, h))
			;
		(void)close(p.fd);
	}
}

static void
start(const struct habit *h)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	(void)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
	ck_assert_int_eq(bind(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	ck_assert_int_eq(listen(fd, 8), 0);
	server = fork();
	ck_assert_int_ge(server, 0);
	if (server == 0)
		serve(fd, h);
	(void)close(fd);
}

static void
make_lock_file(mode_t mode, off_t size)
{
	int fd = open(lock_path, O_RDWR | O_CREAT | O_EXCL, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, size), 0);
	(void)close(fd);
}

static void
setup(void)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/test_bus_sock.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/bus", dir);
	(void)snprintf(lock_path, sizeof(lock_path), "%s.lock", path);
	(void)snprintf(selector, sizeof(selector), "bus:%s", path);
}

static void
stop(void)
{
	if (server > 0) {
		(void)kill(server, SIGKILL);
		(void)waitpid(server, NULL, 0);
	}
	server = -1;
}

static void
teardown(void)
{
	stop();
	(void)unlink(path);
	(void)unlink(lock_path);
	(void)rmdir(dir);
}

/* --- tests ------------------------------------------------------------------------------------ */

static struct bus *
opened(const struct habit *h)
{
	struct bus *b = NULL;

	make_lock_file(0600, 4096);
	start(h);
	ck_assert_int_eq(bus_open(selector, &b), 0);
	return b;
}

START_TEST(bytes_go_and_come)
{
	static const uint8_t out[] = { 0x81, 0x01, 0x15 };
	struct bus *b = opened(_i == 0 ? &real_time : &virtual_time);
	uint8_t in[6];

	ck_assert_int_eq(bus_write(b, out, sizeof(out)), 0);
	ck_assert_int_eq(bus_read(b, in, sizeof(in)), 0);
	ck_assert_mem_eq(in, "\x30\x81\x01\x15\xFF\xFF", 6);
	bus_close(&b);
}
END_TEST

static const struct {
	uint8_t first;
	int result;
	bool alive; /* the connection still works */
} outcomes[] = {
	{ 0xE1, HAL_ENACK, true },
	{ 0xE2, HAL_EIO, true },
	{ 0xE3, HAL_EIO, true },
	{ 0xE4, HAL_EIO, true },
	{ 0xE5, HAL_EIO, true },
	{ 0xD5, HAL_EIO, true },
	{ 0xD0, HAL_ENODEV, false },
	{ 0xD1, HAL_ENODEV, false },
	{ 0xD2, HAL_ENODEV, false },
	{ 0xD3, HAL_ENODEV, false },
	{ 0xD4, HAL_ENODEV, false },
};

START_TEST(every_status_and_every_malformed_answer)
{
	struct bus *b = opened(&virtual_time);
	const uint8_t out[2] = { outcomes[_i].first, 0 };
	uint8_t in[2];

	ck_assert_int_eq(bus_write(b, out, sizeof(out)), outcomes[_i].result);
	ck_assert_int_eq(bus_read(b, in, sizeof(in)), outcomes[_i].alive ? 0 : HAL_ENODEV);
	bus_close(&b);
}
END_TEST

START_TEST(a_killed_server_is_an_error_not_a_signal)
{
	struct bus *b = opened(&real_time);
	uint8_t in[2];

	stop();
	ck_assert_int_eq(bus_read(b, in, sizeof(in)), HAL_ENODEV);
	ck_assert_int_eq(bus_write(b, in, sizeof(in)), HAL_ENODEV);
	ck_assert_int_eq(bus_reset_line(b), HAL_ENODEV);
	ck_assert_int_eq(bus_set_khz(b, 400), HAL_ENODEV);
	bus_close(&b);
}
END_TEST

START_TEST(virtual_time_moves_by_sleeping_only)
{
	struct bus *b = opened(&virtual_time);
	struct timespec ts = { 0, 20000000 };
	uint64_t t;

	ck_assert_int_eq(bus_write(b, (const uint8_t *)"\x82", 1), 0);
	t = bus_now(b);
	(void)nanosleep(&ts, NULL);
	ck_assert_uint_eq(bus_now(b), t);
	ck_assert_int_eq(bus_sleep(b, BUS_US(50)), 0);
	ck_assert_uint_eq(bus_now(b), t + 50000);
	ck_assert_int_eq(bus_sleep(b, 1), 0); /* rounded up to 1 us */
	ck_assert_uint_eq(bus_now(b), t + 51000);
	ck_assert_int_eq(bus_sleep(b, 0), 0);
	ck_assert_uint_eq(bus_now(b), t + 51000);
	/* More than 32 bits of microseconds. */
	ck_assert_int_eq(bus_sleep(b, BUS_US(0x180000000ULL)), 0);
	ck_assert_uint_eq(bus_now(b), t + 51000 + BUS_US(0x180000000ULL));
	bus_close(&b);
}
END_TEST

static void
nothing(int sig)
{
	(void)sig;
}

START_TEST(real_time_is_the_clock_and_signals_do_not_change_it)
{
	struct bus *b = opened(&real_time);
	struct sigaction sa = { .sa_handler = nothing };
	uint64_t t = bus_now(b);
	pid_t pid, me = getpid();

	ck_assert_int_eq(sigaction(SIGUSR1, &sa, NULL), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		for (int i = 0; i < 10; i++) {
			(void)usleep(3000);
			(void)kill(me, SIGUSR1);
		}
		_exit(0);
	}
	ck_assert_int_eq(bus_sleep(b, BUS_MS(50)), 0);
	ck_assert_uint_ge(bus_now(b) - t, BUS_MS(50));
	ck_assert_uint_lt(bus_now(b) - t, BUS_MS(5000));
	(void)waitpid(pid, NULL, 0);
	bus_close(&b);
}
END_TEST

START_TEST(clock_and_reset_line_are_passed_on)
{
	struct bus *b = opened(&virtual_time);
	uint8_t in[5];
	uint64_t t;

	ck_assert_int_eq(bus_set_khz(b, 400), 0);
	ck_assert_uint_eq(bus_khz(b), 400);
	t = bus_now(b);
	ck_assert_int_eq(bus_reset_line(b), 0);
	ck_assert_uint_ge(bus_now(b) - t, BUS_US(10));
	ck_assert_uint_le(bus_now(b) - t, BUS_US(2500));
	/* What the server saw: 100 kHz at first, 400 (0x0190), level 0, level 1. */
	ck_assert_int_eq(bus_read(b, in, sizeof(in)), 0);
	ck_assert_mem_eq(in, "\x30\x64\x90\x00\x01", 5);
	bus_close(&b);
}
END_TEST

static const struct {
	struct habit habit;
	int result;
} hellos[] = {
	{ { 2, 3, 1, false, false, false }, HAL_ENOTSUP }, /* another version */
	{ { 1, 3, 2, false, false, false }, HAL_ENOTSUP }, /* another mode */
	{ { 1, 1, 1, false, false, false }, HAL_ENOTSUP }, /* virtual, but we take no part */
	{ { 1, 0, 1, false, false, false }, HAL_ENOTSUP },
	{ { 1, 0, 0, true, false, false }, HAL_ENOTSUP },
	{ { 1, 0, 0, false, true, false }, HAL_EIO },
	{ { 1, 0, 0, false, false, true }, 0 }, /* real time without time stamps will do */
};

START_TEST(servers_of_every_kind_are_met)
{
	struct bus *b = NULL;

	make_lock_file(0600, 4096);
	start(&hellos[_i].habit);
	ck_assert_int_eq(bus_open(selector, &b), hellos[_i].result);
	ck_assert_int_eq(b == NULL, hellos[_i].result != 0);
	bus_close(&b);
}
END_TEST

START_TEST(without_a_lock_file_nothing_is_opened)
{
	struct bus *b;

	start(&real_time);
	ck_assert_int_eq(bus_open(selector, &b), HAL_ENODEV);
	ck_assert_int_eq(symlink("/dev/zero", lock_path), 0);
	ck_assert_int_eq(bus_open(selector, &b), HAL_ENODEV);
	ck_assert_int_eq(unlink(lock_path), 0);
	ck_assert_int_eq(mkfifo(lock_path, 0600), 0);
	ck_assert_int_eq(bus_open(selector, &b), HAL_ENODEV);
}
END_TEST

START_TEST(a_short_lock_file_is_made_long_enough)
{
	struct bus *b;

	make_lock_file(0600, 0);
	start(&real_time);
	ck_assert_int_eq(bus_open(selector, &b), 0);
	ck_assert_int_eq(bus_lock(b), 0);
	ck_assert_uint_eq(bus_record(b)->boot, 0);
	bus_record(b)->boot = 5;
	bus_unlock(b);
	bus_close(&b);
	ck_assert_int_eq(bus_open(selector, &b), 0);
	ck_assert_uint_eq(bus_record(b)->boot, 5);
	bus_close(&b);
}
END_TEST

START_TEST(a_forked_child_leaves_the_connection_alone)
{
	struct bus *b = opened(&real_time);
	uint8_t in[2];
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		bus_close(&b);
		_exit(0);
	}
	(void)waitpid(pid, NULL, 0);
	ck_assert_int_eq(bus_read(b, in, sizeof(in)), 0);
	bus_close(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bus socket");
	TCase *t = tcase_create("socket");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, bytes_go_and_come, 0, 2);
	tcase_add_loop_test(t, every_status_and_every_malformed_answer, 0, (int)NITEMS(outcomes));
	tcase_add_test(t, a_killed_server_is_an_error_not_a_signal);
	tcase_add_test(t, virtual_time_moves_by_sleeping_only);
	tcase_add_test(t, real_time_is_the_clock_and_signals_do_not_change_it);
	tcase_add_test(t, clock_and_reset_line_are_passed_on);
	tcase_add_loop_test(t, servers_of_every_kind_are_met, 0, (int)NITEMS(hellos));
	tcase_add_test(t, without_a_lock_file_nothing_is_opened);
	tcase_add_test(t, a_short_lock_file_is_made_long_enough);
	tcase_add_test(t, a_forked_child_leaves_the_connection_alone);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
