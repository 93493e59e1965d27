/*
 * The bus server, spoken to over its socket: every operation, statistics, ownership, virtual time
 * with several clients, malformed input, start and end. The server is optiga-sim with the test
 * application.
 */
#include <config.h>

#include <check.h>
#include <errno.h>
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

#include <jansson.h>

#include "tests/unit/sim_host.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

static char dir[64], image[96], sock[96], lock_file[112], log_file[96];
static pid_t server;

/* --- starting and stopping
 * --------------------------------------------------------------------------- */

static const char *
program(void)
{
	static char path[512];
	const char *build = getenv("top_builddir");

	snprintf(path, sizeof(path), "%s/tests/unit/optiga-sim-fake", build != NULL ? build : ".");
	return path;
}

/* Starts a server and waits for its line. Returns false when it ends instead; status says how. */
static bool
start(const char *option, int *status)
{
	char line[128] = "";
	int fds[2];
	ssize_t n;

	ck_assert_int_eq(pipe(fds), 0);
	server = fork();
	if (server == 0) {
		dup2(fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		execl(program(), "optiga-sim", "serve", "--socket", sock, "--log", log_file, image,
		    option, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	n = read(fds[0], line, sizeof(line) - 1);
	close(fds[0]);
	if (n > 0) {
		ck_assert_ptr_nonnull(strstr(line, sock));
		return true;
	}
	ck_assert_int_eq(waitpid(server, status, 0), server);
	server = 0;
	return false;
}

static void
stop(int sig)
{
	int status;

	if (server == 0)
		return;
	ck_assert_int_eq(kill(server, sig), 0);
	ck_assert_int_eq(waitpid(server, &status, 0), server);
	server = 0;
	if (sig != SIGKILL)
		ck_assert_int_eq(status, 0);
}

static void
setup_dir(void)
{
	const struct sim_config cfg = SIM_CONFIG_DEFAULT;

	strcpy(dir, "/tmp/test-serve.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(image, sizeof(image), "%s/chip.img", dir);
	snprintf(sock, sizeof(sock), "%s/bus", dir);
	snprintf(lock_file, sizeof(lock_file), "%s.lock", sock);
	snprintf(log_file, sizeof(log_file), "%s/log", dir);
	ck_assert_int_eq(sim_create(image, &cfg), 0);
}

static void
setup_virtual(void)
{
	setup_dir();
	ck_assert(start("--virtual-time", NULL));
}

static void
setup_real(void)
{
	setup_dir();
	ck_assert(start(NULL, NULL));
}

static void
teardown(void)
{
	stop(SIGTERM);
	(void)unlink(image);
	(void)unlink(log_file);
	(void)unlink(sock);
	(void)unlink(lock_file);
	ck_assert_int_eq(rmdir(dir), 0);
}

/* --- a client
 * ------------------------------------------------------------------------------------------- */

struct answer {
	int status; /* -1: connection closed */
	size_t len;
	uint8_t data[66000];
};
static struct answer a;

static int
dial(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sa.sun_path, sock);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (const struct sockaddr *)&sa, sizeof(sa)), 0);
	return fd;
}

static bool
read_full(int fd, uint8_t *p, size_t n)
{
	ssize_t k;

	for (; n > 0; p += k, n -= (size_t)k) {
		k = recv(fd, p, n, 0);
		if (k <= 0)
			return false;
	}
	return true;
}

static void
ask(int fd, char op, unsigned addr, unsigned len, const void *payload, size_t payload_len)
{
	uint8_t msg[66000] = { (uint8_t)op, (uint8_t)addr, (uint8_t)(len >> 8), (uint8_t)len };

	if (payload_len > 0)
		memcpy(msg + 4, payload, payload_len);
	ck_assert_int_eq(send(fd, msg, 4 + payload_len, MSG_NOSIGNAL), (ssize_t)(4 + payload_len));
}

static int
answer(int fd)
{
	uint8_t head[3];

	a.status = -1;
	a.len = 0;
	if (!read_full(fd, head, 3))
		return -1;
	a.len = (size_t)head[1] << 8 | head[2];
	ck_assert(read_full(fd, a.data, a.len));
	a.status = head[0];
	return a.status;
}

static int
call(int fd, char op, unsigned addr, const void *payload, size_t len)
{
	ask(fd, op, addr, (unsigned)len, payload, len);
	return answer(fd);
}

static int
call_read(int fd, char op, unsigned addr, unsigned len)
{
	ask(fd, op, addr, len, NULL, 0);
	return answer(fd);
}

static int
hello(uint8_t flags)
{
	int fd = dial();

	ck_assert_int_eq(call(fd, 'H', 0, (const uint8_t[]){ 1, flags }, 2), 0);
	ck_assert_uint_eq(a.len, 5);
	ck_assert_uint_eq(a.data[0], 1);
	return fd;
}

static uint64_t
stamp(void)
{
	uint64_t t = 0;

	ck_assert_uint_ge(a.len, 8);
	for (int i = 0; i < 8; i++)
		t = t << 8 | a.data[i];
	return t;
}

static void
ask_sleep(int fd, uint32_t us)
{
	const uint8_t p[4] = { (uint8_t)(us >> 24), (uint8_t)(us >> 16), (uint8_t)(us >> 8),
		(uint8_t)us };

	ask(fd, 'S', 0, 4, p, 4);
}

static json_int_t
statistic(int fd, const char *key, unsigned addr)
{
	json_t *j, *v;
	json_int_t n;

	ck_assert_int_eq(call(fd, '?', addr, NULL, 0), 0);
	j = json_loadb((const char *)a.data, a.len, 0, NULL);
	ck_assert_ptr_nonnull(j);
	v = json_object_get(j, key);
	ck_assert_msg(json_is_integer(v), "%s", key);
	n = json_integer_value(v);
	json_decref(j);
	return n;
}

/* --- operations
 * ------------------------------------------------------------------------------------------ */

static const uint8_t state_reg[] = { 0x82 };

START_TEST(reads_and_writes_reach_the_chip)
{
	int fd = dial();

	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_uint_eq(a.len, 0);
	ck_assert_int_eq(call_read(fd, 'R', ADDR, 6), 0);
	ck_assert_uint_eq(a.len, 6);
	ck_assert_mem_eq(a.data, "\x08\x80\x00\x00\xFF\xFF", 6);
	ck_assert_int_eq(call(fd, 'W', 0x31, state_reg, 1), 1);
	ck_assert_int_eq(call_read(fd, 'R', 0x31, 4), 1);
	ck_assert_uint_eq(a.len, 0);
	ck_assert_int_eq(call(fd, 'W', ADDR, NULL, 0), 0); /* probe */
	ck_assert_int_eq(call(fd, 'W', 0x50, NULL, 0), 1);
	ck_assert_int_eq(call_read(fd, 'R', ADDR, 0), 6);
	ck_assert_int_eq(call_read(fd, 'R', ADDR, 60000), 0);
	ck_assert_uint_eq(a.len, 60000);
	close(fd);
}
END_TEST

START_TEST(hello_grants_what_the_mode_can)
{
	int fd = hello(3);

	ck_assert_uint_eq(a.data[1], _i ? 3 : 1);
	ck_assert_uint_eq(a.data[2], _i);
	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_uint_eq(a.len, 8);
	ck_assert_int_eq(call(fd, 'W', 0x31, state_reg, 1), 1);
	ck_assert_uint_eq(a.len, 8); /* failures too */
	ck_assert_int_eq(call_read(fd, 'R', ADDR, 4), 0);
	ck_assert_uint_eq(a.len, 12);
	ck_assert_int_eq(call(fd, 'H', 0, (const uint8_t[]){ 1, 0 }, 2), 0);
	ck_assert_uint_eq(a.len, 5);
	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_uint_eq(a.len, 0);
	close(fd);
}
END_TEST

START_TEST(virtual_time_is_exact_and_starts_at_0)
{
	int fd = hello(3);

	ask_sleep(fd, 1000);
	ck_assert_int_eq(answer(fd), 0);
	ck_assert_uint_eq(stamp(), MS(1));
	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_uint_eq(stamp(), MS(1) + 50000);
	ck_assert_int_eq(call_read(fd, 'R', ADDR, 4), 0);
	ck_assert_uint_eq(stamp(), MS(1) + 167500);
	ck_assert_int_eq(call(fd, 'K', 0, (const uint8_t[]){ 0, 100 }, 2), 0);
	ck_assert_int_eq(call(fd, 'W', 0x31, state_reg, 1), 1);
	ck_assert_uint_eq(stamp(), MS(1) + 277500);
	usleep(30000);
	ck_assert_int_eq(call(fd, 'M', 0, NULL, 0), 0);
	ck_assert_uint_eq(stamp(), MS(1) + 277500);
	close(fd);
}
END_TEST

START_TEST(sleep_is_refused_where_time_is_not_ours)
{
	int fd = hello(_i ? 1 : 3);

	ask_sleep(fd, 1);
	ck_assert_int_eq(answer(fd), 6);
	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 0); /* still connected */
	close(fd);
}
END_TEST

START_TEST(lines_reset_the_chip)
{
	int fd = hello(3);

	ck_assert_int_eq(call(fd, 'Z', 0, (const uint8_t[]){ 0, 0 }, 2), 0);
	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 1);
	ck_assert_int_eq(call(fd, 'Z', ADDR, (const uint8_t[]){ 0, 1 }, 2), 0);
	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 1);
	ask_sleep(fd, 15000);
	ck_assert_int_eq(answer(fd), 0);
	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_int_eq(call(fd, 'Z', 0x31, (const uint8_t[]){ 1, 0 }, 2), 0); /* not ours */
	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_int_eq(call(fd, 'Z', 0, (const uint8_t[]){ 2, 0 }, 2), 6);
	ck_assert_int_eq(call(fd, 'Z', 0, (const uint8_t[]){ 1, 0 }, 2), 0);
	close(fd); /* lines outlive the client */
	fd = dial();
	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 1);
	ck_assert_int_eq(statistic(fd, "resets", 0), 1);
	close(fd);
}
END_TEST

START_TEST(statistics_count_and_can_be_reset)
{
	static const char *const keys[] = { "now_ns", "scl_khz", "writes", "reads", "bytes_written",
		"bytes_read", "addr_nacks", "data_nacks", "bus_errors", "sleeps", "sleep_us",
		"resets", "guard_violations", "overspeed" };
	int fd = dial();

	(void)call(fd, 'W', ADDR, "\x81\x01\x15", 3);
	(void)call_read(fd, 'R', ADDR, 2);
	(void)call(fd, 'W', 0x31, state_reg, 1);
	(void)call(fd, 'K', 0, (const uint8_t[]){ 3, 0xE8 }, 2);
	(void)call(fd, 'W', ADDR, state_reg, 1);
	for (size_t i = 0; i < NITEMS(keys); i++)
		(void)statistic(fd, keys[i], 0);
	ck_assert_int_eq(statistic(fd, "writes", 0), 2);
	ck_assert_int_eq(statistic(fd, "reads", 0), 1);
	ck_assert_int_eq(statistic(fd, "bytes_written", 0), 4);
	ck_assert_int_eq(statistic(fd, "bytes_read", 0), 2);
	ck_assert_int_eq(statistic(fd, "addr_nacks", 0), 1);
	ck_assert_int_eq(statistic(fd, "overspeed", 0), 1);
	ck_assert_int_eq(statistic(fd, "scl_khz", 0), 1000);
	ck_assert_int_ge(statistic(fd, "guard_violations", 0), 1);
	ck_assert_int_eq(statistic(fd, "writes", 0xFF), 2);
	ck_assert_int_eq(statistic(fd, "writes", 0), 0);
	ck_assert_int_eq(statistic(fd, "guard_violations", 0), 0);
	close(fd);
}
END_TEST

/* --- ownership
 * ---------------------------------------------------------------------------------------------- */

static bool
answers_within(int fd, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &tv) == 1;
}

START_TEST(a_transfer_without_stop_keeps_the_bus_for_1_s)
{
	int one = dial(), two = dial();

	ck_assert_int_eq(call(one, 'w', ADDR, state_reg, 1), 0);
	ask(two, 'W', ADDR, 1, state_reg, 1);
	ck_assert(!answers_within(two, 50));
	ck_assert(answers_within(two, 1500)); /* the server ends a hold after 1 s */
	ck_assert_int_eq(answer(two), 0);
	ck_assert_int_eq(call_read(one, 'R', ADDR, 4), 0); /* no repeated START any more */
	close(one);
	close(two);
}
END_TEST

START_TEST(a_repeated_start_is_refused_by_this_chip)
{
	int one = dial(), two = dial();

	ck_assert_int_eq(call(one, 'w', ADDR, state_reg, 1), 0);
	ask(two, 'W', ADDR, 1, state_reg, 1);
	ck_assert(!answers_within(two, 50));
	ck_assert_int_eq(call_read(one, 'R', ADDR, 4), 1);
	ck_assert_int_eq(answer(two), 0); /* the hold is over */
	ck_assert_int_eq(call_read(one, 'R', ADDR, 4), 0);
	close(one);
	close(two);
}
END_TEST

START_TEST(a_lost_client_frees_the_bus)
{
	int one = dial(), two = dial();

	ck_assert_int_eq(call(one, 'w', ADDR, state_reg, 1), 0);
	ask(two, 'W', ADDR, 1, state_reg, 1);
	ck_assert(!answers_within(two, 50));
	close(one);
	ck_assert(answers_within(two, 500));
	ck_assert_int_eq(answer(two), 0);
	close(two);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
	int fd = dial();
	uint8_t msg[] = { 'W', ADDR, 0, 1, 0x81, 'R', ADDR, 0, 2, 'W', ADDR, 0, 1, 0x84, 'R', ADDR,
		0, 4 };

	for (size_t i = 0; i < sizeof(msg); i++)
		ck_assert_int_eq(send(fd, msg + i, 1, 0), 1);
	ck_assert_int_eq(answer(fd), 0);
	ck_assert_int_eq(answer(fd), 0);
	ck_assert_mem_eq(a.data, "\x01\x15", 2);
	ck_assert_int_eq(answer(fd), 0);
	ck_assert_int_eq(answer(fd), 0);
	ck_assert_mem_eq(a.data, "\x00\x00\x01\x90", 4);
	close(fd);
}
END_TEST

/* --- virtual time with several clients
 * ------------------------------------------------------------------------ */

START_TEST(sleepers_wake_in_order_of_time)
{
	int one = hello(3), two = hello(3);
	uint64_t t;

	ask_sleep(one, 5000);
	ask_sleep(two, 2000);
	ck_assert_int_eq(answer(two), 0);
	t = stamp();
	ck_assert_uint_eq(t, MS(2));
	ask_sleep(two, 1000);
	ck_assert_int_eq(answer(two), 0);
	ck_assert_uint_eq(stamp(), MS(3));
	ask_sleep(two, 10000);
	ck_assert_int_eq(answer(one), 0);
	ck_assert_uint_eq(stamp(), MS(5));
	close(one); /* who is gone holds nothing back */
	ck_assert_int_eq(answer(two), 0);
	ck_assert_uint_eq(stamp(), MS(13));
	close(two);
}
END_TEST

START_TEST(a_silent_client_holds_time_back_for_20_ms_only)
{
	int one = hello(3), two = hello(3);

	ck_assert_int_eq(call(two, 'M', 0, NULL, 0), 0); /* two is awake */
	ask_sleep(one, 5000);
	ck_assert(!answers_within(one, 5));
	ck_assert(answers_within(one, 1000));
	ck_assert_int_eq(answer(one), 0);
	ck_assert_uint_eq(stamp(), MS(5));
	close(one);
	close(two);
}
END_TEST

START_TEST(clients_that_do_not_take_part_hold_nothing_back)
{
	int one = hello(3), two = hello(1);

	ck_assert_int_eq(call(two, 'M', 0, NULL, 0), 0);
	ask_sleep(one, 5000000);
	ck_assert_int_eq(answer(one), 0);
	ck_assert_uint_eq(stamp(), MS(5000));
	close(one);
	close(two);
}
END_TEST

/* --- bad input
 * --------------------------------------------------------------------------------------------------
 */

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
	int fd = dial(), other = dial();

	ck_assert_int_eq(send(fd, bad[_i].msg, bad[_i].len, 0), (ssize_t)bad[_i].len);
	ck_assert_int_eq(answer(fd), 6);
	ck_assert_uint_gt(a.len, 5); /* it says why */
	if (bad[_i].closed)
		ck_assert_int_eq(answer(fd), -1);
	else
		ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 0);
	ck_assert_int_eq(call(other, 'W', ADDR, state_reg, 1), 0);
	close(fd);
	close(other);
}
END_TEST

START_TEST(clients_that_hang_up_are_survived)
{
	int fd;

	for (int i = 0; i < 20; i++) {
		fd = dial();
		ask(fd, 'R', ADDR, 60000, NULL, 0);
		ask(fd, 'R', ADDR, 60000, NULL, 0);
		if (i & 1)
			ask(fd, 'W', ADDR, 500, NULL, 0); /* and not the bytes */
		close(fd);
	}
	fd = dial();
	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 0);
	close(fd);
}
END_TEST

START_TEST(random_bytes_are_survived)
{
	int fd;
	uint8_t junk[400];

	srand(_i);
	fd = dial();
	for (size_t i = 0; i < sizeof(junk); i++)
		junk[i] = (uint8_t)rand();
	for (size_t i = 0; i < sizeof(junk); i += 16)
		junk[i] = (uint8_t) "HWRwrSZKM?"[rand() % 10];
	(void)send(fd, junk, sizeof(junk), MSG_NOSIGNAL);
	close(fd);
	fd = dial();
	ck_assert_int_eq(call(fd, 'M', 0, "after", 5), 0);
	close(fd);
}
END_TEST

/* --- log, start, end
 * ---------------------------------------------------------------------------------------------- */

START_TEST(the_log_has_every_event)
{
	int fd = hello(3);
	char line[512];
	json_t *j;
	FILE *f;
	int n = 0;

	(void)call(fd, 'M', 0, "na\"me\n", 6);
	(void)call(fd, 'W', ADDR, state_reg, 1);
	ask_sleep(fd, 50);
	(void)answer(fd);
	(void)call_read(fd, 'R', ADDR, 4);
	(void)call(fd, 'W', 0x31, "\x01\x02", 2);
	f = fopen(log_file, "r");
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
	ck_assert_int_eq(stat(lock_file, &sb), 0);
	ck_assert_uint_eq(sb.st_mode & 0777, 0660 & ~mask);
	ck_assert_int_ge(sb.st_size, 4096);
	stop(_i ? SIGINT : SIGTERM);
	ck_assert_int_ne(stat(lock_file, &sb), 0);
	ck_assert_int_ne(stat(sock, &sb), 0);
}
END_TEST

START_TEST(a_stale_socket_is_replaced_a_living_server_is_not)
{
	char other[96];
	pid_t first = server;
	const struct sim_config cfg = SIM_CONFIG_DEFAULT;
	char kept[96];
	int status = 0, fd;

	strcpy(kept, image);
	snprintf(other, sizeof(other), "%s/other.img", dir);
	ck_assert_int_eq(sim_create(other, &cfg), 0);
	strcpy(image, other);
	ck_assert(!start(NULL, &status)); /* same socket, another chip */
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	strcpy(image, kept);
	server = first;
	fd = dial();
	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 0);
	close(fd);
	stop(SIGKILL); /* leaves socket and lock file */
	ck_assert(start(NULL, NULL));
	fd = dial();
	ck_assert_int_eq(call(fd, 'W', ADDR, state_reg, 1), 0);
	close(fd);
	ck_assert_int_eq(unlink(other), 0);
}
END_TEST

START_TEST(a_file_at_the_sockets_place_is_left_alone)
{
	int status = 0;
	struct stat sb;
	FILE *f;

	stop(SIGTERM);
	f = fopen(sock, "w");
	ck_assert_ptr_nonnull(f);
	fclose(f);
	ck_assert(!start(NULL, &status));
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	ck_assert_int_eq(stat(sock, &sb), 0);
	ck_assert(S_ISREG(sb.st_mode));
}
END_TEST

START_TEST(what_a_client_did_is_in_the_image)
{
	struct sim *s = NULL;
	uint8_t v[2];
	int fd = dial();

	ck_assert_int_eq(call(fd, 'W', ADDR, "\x81\x00\x20", 3), 0);
	close(fd);
	ck_assert_int_ne(sim_open(image, SIM_TIME_IDLE, &s), 0); /* the server has it */
	stop(SIGTERM);
	ck_assert_int_eq(sim_open(image, SIM_TIME_IDLE, &s), 0);
	ck_assert_int_eq(sim_write(s, ADDR, (const uint8_t[]){ 0x81 }, 1), 0);
	ck_assert_int_eq(sim_read(s, ADDR, v, 2), 0);
	ck_assert_uint_eq(v[1], 0x20);
	sim_close(&s);
}
END_TEST

static void
add(Suite *s, const char *name, SFun fixture, const TTest *const *tests, const int *n, size_t count)
{
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, fixture, teardown);
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < count; i++)
		tcase_add_loop_test(tc, tests[i], 0, n[i]);
	suite_add_tcase(s, tc);
}

int
main(void)
{
	const TTest *const virtual_tests[] = { reads_and_writes_reach_the_chip,
		virtual_time_is_exact_and_starts_at_0, lines_reset_the_chip,
		statistics_count_and_can_be_reset, a_transfer_without_stop_keeps_the_bus_for_1_s,
		a_repeated_start_is_refused_by_this_chip, a_lost_client_frees_the_bus,
		pipelined_requests_are_answered_in_order, sleepers_wake_in_order_of_time,
		a_silent_client_holds_time_back_for_20_ms_only,
		clients_that_do_not_take_part_hold_nothing_back,
		bad_input_is_refused_and_nobody_else_notices, clients_that_hang_up_are_survived,
		random_bytes_are_survived, the_log_has_every_event,
		the_lock_file_is_there_and_both_go_at_the_end };
	const int virtual_n[] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, NITEMS(bad), 1, 10, 1, 2 };
	const TTest *const real_tests[] = { reads_and_writes_reach_the_chip,
		sleep_is_refused_where_time_is_not_ours,
		a_stale_socket_is_replaced_a_living_server_is_not,
		a_file_at_the_sockets_place_is_left_alone, what_a_client_did_is_in_the_image };
	const int real_n[] = { 1, 1, 1, 1, 1 };
	Suite *s = suite_create("sim_serve");
	TCase *tc;
	SRunner *sr;
	int failed;

	add(s, "virtual", setup_virtual, virtual_tests, virtual_n, NITEMS(virtual_tests));
	add(s, "real", setup_real, real_tests, real_n, NITEMS(real_tests));
	tc = tcase_create("hello, real");
	tcase_add_checked_fixture(tc, setup_real, teardown);
	tcase_add_loop_test(tc, hello_grants_what_the_mode_can, 0, 1);
	suite_add_tcase(s, tc);
	tc = tcase_create("hello, virtual");
	tcase_add_checked_fixture(tc, setup_virtual, teardown);
	tcase_add_loop_test(tc, hello_grants_what_the_mode_can, 1, 2);
	tcase_add_loop_test(tc, sleep_is_refused_where_time_is_not_ours, 1, 2);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
