/* A client of the bus server for tests, see sim_bus.h. */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/unit/sim_bus.h"

char bus_dir[64], bus_image[96], bus_sock[96], bus_lock_file[112], bus_log_file[96];
pid_t bus_server;

/* --- starting and stopping ----------------------------------------------------------------- */

static const char *
program(void)
{
	static char path[512];
	const char *build = getenv("top_builddir");

	snprintf(path, sizeof(path), "%s/tests/unit/optiga-sim-fake", build != NULL ? build : ".");
	return path;
}

/* Starts a server and waits for its line. Returns false when it ends instead; status says how. */
bool
bus_start(const char *option, int *status)
{
	char line[128] = "";
	int fds[2];
	ssize_t n;

	ck_assert_int_eq(pipe(fds), 0);
	bus_server = fork();
	if (bus_server == 0) {
		dup2(fds[1], 1);
		close(fds[0]);
		close(fds[1]);
		execl(program(), "optiga-sim", "serve", "--socket", bus_sock, "--log", bus_log_file,
		    bus_image, option, (char *)NULL);
		_exit(127);
	}
	close(fds[1]);
	n = read(fds[0], line, sizeof(line) - 1);
	close(fds[0]);
	if (n > 0) {
		ck_assert_ptr_nonnull(strstr(line, bus_sock));
		return true;
	}
	ck_assert_int_eq(waitpid(bus_server, status, 0), bus_server);
	bus_server = 0;
	return false;
}

void
bus_stop(int sig)
{
	int status;

	if (bus_server == 0)
		return;
	ck_assert_int_eq(kill(bus_server, sig), 0);
	ck_assert_int_eq(waitpid(bus_server, &status, 0), bus_server);
	bus_server = 0;
	if (sig != SIGKILL)
		ck_assert_int_eq(status, 0);
}

static void
setup_dir(void)
{
	const struct sim_config cfg = SIM_CONFIG_DEFAULT;

	strcpy(bus_dir, "/tmp/test-serve.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(bus_dir));
	snprintf(bus_image, sizeof(bus_image), "%s/chip.img", bus_dir);
	snprintf(bus_sock, sizeof(bus_sock), "%s/bus", bus_dir);
	snprintf(bus_lock_file, sizeof(bus_lock_file), "%s.lock", bus_sock);
	snprintf(bus_log_file, sizeof(bus_log_file), "%s/log", bus_dir);
	ck_assert_int_eq(sim_create(bus_image, &cfg), 0);
}

void
bus_setup_virtual(void)
{
	setup_dir();
	ck_assert(bus_start("--virtual-time", NULL));
}

void
bus_setup_real(void)
{
	setup_dir();
	ck_assert(bus_start(NULL, NULL));
}

void
bus_teardown(void)
{
	bus_stop(SIGTERM);
	(void)unlink(bus_image);
	(void)unlink(bus_log_file);
	(void)unlink(bus_sock);
	(void)unlink(bus_lock_file);
	ck_assert_int_eq(rmdir(bus_dir), 0);
}

/* --- a client ------------------------------------------------------------------------------ */

struct answer a;

int
bus_dial(void)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(sa.sun_path, bus_sock);
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

void
bus_ask(int fd, char op, unsigned addr, unsigned len, const void *payload, size_t payload_len)
{
	uint8_t msg[66000] = { (uint8_t)op, (uint8_t)addr, (uint8_t)(len >> 8), (uint8_t)len };

	if (payload_len > 0)
		memcpy(msg + 4, payload, payload_len);
	ck_assert_int_eq(send(fd, msg, 4 + payload_len, MSG_NOSIGNAL), (ssize_t)(4 + payload_len));
}

int
bus_answer(int fd)
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

int
bus_call(int fd, char op, unsigned addr, const void *payload, size_t len)
{
	bus_ask(fd, op, addr, (unsigned)len, payload, len);
	return bus_answer(fd);
}

int
bus_call_read(int fd, char op, unsigned addr, unsigned len)
{
	bus_ask(fd, op, addr, len, NULL, 0);
	return bus_answer(fd);
}

int
bus_hello(uint8_t flags)
{
	int fd = bus_dial();

	ck_assert_int_eq(bus_call(fd, 'H', 0, (const uint8_t[]){ 1, flags }, 2), 0);
	ck_assert_uint_eq(a.len, 5);
	ck_assert_uint_eq(a.data[0], 1);
	return fd;
}

uint64_t
bus_stamp(void)
{
	uint64_t t = 0;

	ck_assert_uint_ge(a.len, 8);
	for (int i = 0; i < 8; i++)
		t = t << 8 | a.data[i];
	return t;
}

void
bus_ask_sleep(int fd, uint32_t us)
{
	const uint8_t p[4] = { (uint8_t)(us >> 24), (uint8_t)(us >> 16), (uint8_t)(us >> 8),
		(uint8_t)us };

	bus_ask(fd, 'S', 0, 4, p, 4);
}

json_int_t
bus_statistic(int fd, const char *key, unsigned addr)
{
	json_t *j, *v;
	json_int_t n;

	ck_assert_int_eq(bus_call(fd, '?', addr, NULL, 0), 0);
	j = json_loadb((const char *)a.data, a.len, 0, NULL);
	ck_assert_ptr_nonnull(j);
	v = json_object_get(j, key);
	ck_assert_msg(json_is_integer(v), "%s", key);
	n = json_integer_value(v);
	json_decref(j);
	return n;
}

bool
bus_answers_within(int fd, int ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, &tv) == 1;
}
