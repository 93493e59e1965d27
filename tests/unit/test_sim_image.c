/*
 * The image file: made whole or not at all, refused when damaged, one chip for all processes,
 * consistent after a kill at any moment; and the three kinds of time.
 */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/sim/handle.h"
#include "tests/unit/sim_host.h"

static struct host h;

static void
setup(void)
{
	host_start(&h);
}

static void
teardown(void)
{
	host_end(&h);
}

static uint64_t
clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* --- making and opening -------------------------------------------------------------------- */

START_TEST(a_new_image_is_private_and_never_overwrites)
{
	const struct sim_config cfg = SIM_CONFIG_DEFAULT;
	struct stat before, after;

	ck_assert_int_eq(stat(h.path, &before), 0);
	ck_assert_uint_eq(before.st_mode & 07777, 0600);
	ck_assert_int_eq(sim_create(h.path, &cfg), HAL_EEXIST);
	ck_assert_ptr_nonnull(strstr(sim_error(), h.path));
	ck_assert_ptr_nonnull(strstr(sim_error(), "not overwritten"));
	ck_assert_int_eq(stat(h.path, &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
}
END_TEST

START_TEST(a_dangling_link_is_not_followed)
{
	const struct sim_config cfg = SIM_CONFIG_DEFAULT;
	char link_path[128];

	snprintf(link_path, sizeof(link_path), "%s/link", h.dir);
	ck_assert_int_eq(symlink("elsewhere", link_path), 0);
	ck_assert_int_eq(sim_create(link_path, &cfg), HAL_EEXIST);
	ck_assert_int_eq(unlink(link_path), 0);
}
END_TEST

START_TEST(nothing_is_left_when_making_fails)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;
	char path[160];

	cfg.model = "trust-z";
	snprintf(path, sizeof(path), "%s/other.img", h.dir);
	ck_assert_int_eq(sim_create(path, &cfg), HAL_EINVAL);
	cfg.model = "trust-m-v3";
	cfg.speed = 0;
	ck_assert_int_eq(sim_create(path, &cfg), HAL_EINVAL);
	cfg.speed = 1;
	snprintf(path, sizeof(path), "%s/no/such/dir.img", h.dir);
	ck_assert_int_eq(sim_create(path, &cfg), HAL_EIO);
	ck_assert_ptr_nonnull(strstr(sim_error(), "No such file"));
	/* teardown's rmdir would fail otherwise */
}
END_TEST

START_TEST(missing_and_foreign_files_are_refused)
{
	static const struct {
		const char *path;
		int err;
		const char *word;
	} rows[] = {
		{ "/nonexistent/chip.img", HAL_ENODEV, "no such file" },
		{ "/tmp", HAL_EFORMAT, "directory" },
		{ "/dev/null", HAL_EFORMAT, "not an image" },
		{ "/bin/sh/chip.img", HAL_ENODEV, "no such file" },
	};
	struct sim *s = NULL;

	ck_assert_int_eq(sim_open(rows[_i].path, SIM_TIME_IDLE, &s), rows[_i].err);
	ck_assert_ptr_null(s);
	ck_assert_ptr_nonnull(strstr(sim_error(), rows[_i].path));
	ck_assert_ptr_nonnull(strstr(sim_error(), rows[_i].word));
}
END_TEST

/* Somebody who may read the file but not write it. */
START_TEST(an_unwritable_image_is_refused_in_words)
{
	struct sim *s = NULL;
	int status;
	pid_t pid;

	ck_assert_int_eq(chmod(h.dir, 0755), 0);
	ck_assert_int_eq(chmod(h.path, 0444), 0);
	pid = fork();
	if (pid == 0) {
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
			_exit(1);
		if (sim_open(h.path, SIM_TIME_IDLE, &s) != HAL_EACCES)
			_exit(2);
		_exit(strstr(sim_error(), "for writing: Permission denied") != NULL ? 0 : 3);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
}
END_TEST

/* Rewrites h.path: at offset, xor; or cut or padded to size. */
static const struct {
	off_t offset, size;
	const char *word;
} damages[] = {
	{ 0, 0, "not an image" },     /* magic */
	{ 16, 0, "another version" }, /* format version */
	{ 40, 0, "damaged" },         /* facts */
	{ 1024, 0, "damaged" },       /* index of the valid copy */
	{ 4096 + 8, 0, "checksum" },  /* state */
	{ 4096 + 600, 0, "checksum" },
	{ -1, 0, "not an image" }, /* cut to nothing */
	{ -1, 10, "not an image" },
	{ -1, 40, "damaged" },
	{ -1, 4096, "damaged" },
	{ -1, 9000, "damaged" },
	{ -1, 1 << 20, "damaged" },
};

static uint64_t
file_hash(const char *path)
{
	uint64_t sum = 14695981039346656037U;
	FILE *f = fopen(path, "r");
	int c;

	ck_assert_ptr_nonnull(f);
	while ((c = getc(f)) != EOF)
		sum = (sum ^ (uint64_t)c) * 1099511628211U;
	fclose(f);
	return sum;
}

START_TEST(a_damaged_image_is_refused_and_left_alone)
{
	struct sim *s = NULL;
	uint64_t hash;
	uint8_t b;
	int fd;

	sim_close(&h.s);
	fd = open(h.path, O_RDWR);
	ck_assert_int_ge(fd, 0);
	if (damages[_i].offset < 0) {
		ck_assert_int_eq(ftruncate(fd, damages[_i].size), 0);
	} else {
		ck_assert_int_eq(pread(fd, &b, 1, damages[_i].offset), 1);
		b ^= 0x5A;
		ck_assert_int_eq(pwrite(fd, &b, 1, damages[_i].offset), 1);
	}
	close(fd);
	hash = file_hash(h.path);
	ck_assert_int_eq(sim_open(h.path, SIM_TIME_IDLE, &s), HAL_EFORMAT);
	ck_assert_msg(strstr(sim_error(), damages[_i].word) != NULL, "%s", sim_error());
	ck_assert_uint_eq(file_hash(h.path), hash);
}
END_TEST

START_TEST(an_image_cut_short_under_us_is_an_error_not_a_crash)
{
	uint8_t v[4];

	ck_assert_int_eq(truncate(h.path, 4096), 0);
	ck_assert_int_eq(sim_write(h.s, ADDR, (const uint8_t[]){ 0x82 }, 1), HAL_EIO);
	ck_assert_int_eq(sim_read(h.s, ADDR, v, 4), HAL_EIO);
	sim_sleep(h.s, 1);
	sim_line(h.s, SIM_LINE_RESET, false);
	ck_assert_uint_eq(sim_now(h.s), 0);
}
END_TEST

START_TEST(a_server_and_others_exclude_each_other)
{
	struct sim *server = NULL, *other = NULL;

	ck_assert_int_eq(sim_open_as(h.path, SIM_TIME_REAL, IMAGE_EXCLUSIVE, &server), HAL_EBUSY);
	sim_close(&h.s);
	ck_assert_int_eq(sim_open_as(h.path, SIM_TIME_REAL, IMAGE_EXCLUSIVE, &server), 0);
	ck_assert_int_eq(sim_open(h.path, SIM_TIME_IDLE, &other), HAL_EBUSY);
	ck_assert_ptr_nonnull(strstr(sim_error(), "server"));
	sim_close(&server);
	ck_assert_int_eq(sim_open(h.path, SIM_TIME_IDLE, &other), 0);
	sim_close(&other);
}
END_TEST

/* --- one chip for everybody ---------------------------------------------------------------- */

START_TEST(two_handles_see_one_chip)
{
	struct host other = h;
	uint8_t *mine, *theirs;

	ck_assert_int_eq(sim_open(h.path, SIM_TIME_VIRTUAL, &other.s), 0);
	host_send(&h, 0x03, "\x00\x70\x00\x00\x00", 5);
	ck_assert_int_eq(host_take(&other), 0x80);
	ck_assert_int_eq(host_wait(&h, 20), 0x00);
	ck_assert_uint_eq(host_state(&other), 0x08800000);
	mine = sim_host_area(h.s);
	theirs = sim_host_area(other.s);
	for (int i = 0; i < 256; i++)
		ck_assert_uint_eq(mine[i], 0);
	mine[255] = 42;
	ck_assert_uint_eq(theirs[255], 42);
	sim_close(&other.s);
}
END_TEST

/* A short answer after a long one: at no moment is the state such that nobody may open it. */
START_TEST(a_busy_chip_can_be_opened_by_others)
{
	uint8_t packet[64];
	struct sim *other = NULL;
	size_t n;

	packet[0] = 0x00;
	n = host_command(packet + 1, 1000, 200, 20);
	host_send(&h, 0x03, packet, 1 + n);
	ck_assert_int_eq(host_take(&h), 0x80);
	ck_assert_int_eq(host_wait(&h, 20), 0x00);
	host_control(&h, 0x80);
	n = host_command(packet + 1, 5000, 0, 20);
	host_send(&h, 0x04, packet, 1 + n);
	ck_assert_msg(sim_open(h.path, SIM_TIME_VIRTUAL, &other) == 0, "%s", sim_error());
	sim_close(&other);
}
END_TEST

/* Hosts lock with flock, the chip with byte ranges: neither sees the other. */
START_TEST(the_hosts_lock_does_not_stop_the_chip)
{
	struct host other = h;

	ck_assert_int_eq(sim_open(h.path, SIM_TIME_VIRTUAL, &other.s), 0);
	ck_assert_int_eq(flock(sim_fd(h.s), LOCK_EX), 0);
	ck_assert_uint_eq(host_state(&other), 0x08800000);
	ck_assert_int_ne(flock(sim_fd(other.s), LOCK_EX | LOCK_NB), 0);
	sim_close(&other.s);
	ck_assert_int_ne(fcntl(sim_fd(h.s), F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

#define ROUNDS 300

static uint64_t
counted(struct sim *s)
{
	struct sim_view v;

	ck_assert_int_eq(sim_look(s, &v), 0);
	return v.counts.writes;
}

static void
write_often(const char *path)
{
	struct sim *s;

	if (sim_open(path, SIM_TIME_VIRTUAL, &s) != 0)
		_exit(2);
	for (int i = 0; i < ROUNDS; i++)
		if (sim_write(s, ADDR, (const uint8_t[]){ 0x82 }, 1) != 0)
			_exit(3);
	sim_close(&s);
}

static void *
write_often_thread(void *path)
{
	write_often(path);
	return NULL;
}

START_TEST(no_transfer_of_two_processes_and_two_threads_is_lost)
{
	pthread_t threads[2];
	pid_t pids[2];
	int status;

	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			write_often(h.path);
			_exit(0);
		}
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, write_often_thread, h.path), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_uint_eq(counted(h.s), 4 * ROUNDS);
}
END_TEST

/*
 * Killed at any moment, a process leaves the chip before or after a transfer: the image opens, and
 * its count of transfers and the commands executed go together.
 */
static void
exchange_for_ever(struct host *w)
{
	uint8_t packet[16] = { 0 };
	unsigned nr = 0;

	(void)host_command(packet + 1, 100, 0, 12);
	host_control(w, 0xC0);
	for (;; nr = (nr + 1) & 3) {
		host_send(w, (uint8_t)(nr << 2 | ((nr + 3) & 3)), packet, 13);
		(void)host_wait(w, 20);
		host_control(w, (uint8_t)(0x80 | nr));
	}
}

START_TEST(a_kill_at_any_moment_leaves_a_whole_chip)
{
	struct host child = h;
	uint64_t before = 0;
	struct sim_view v;
	pid_t pid;

	sim_close(&h.s);
	for (int i = 0; i < 40; i++) {
		pid = fork();
		if (pid == 0) {
			if (sim_open(child.path, SIM_TIME_VIRTUAL, &child.s) != 0)
				_exit(1);
			exchange_for_ever(&child);
		}
		usleep(500 + (useconds_t)(i * 137 % 1500) * 10);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		ck_assert_msg(sim_open(h.path, SIM_TIME_VIRTUAL, &h.s) == 0, "%s", sim_error());
		ck_assert_int_eq(sim_look(h.s, &v), 0);
		ck_assert_uint_ge(v.counts.writes, before);
		before = v.counts.writes;
		host_control(&h, 0xC0); /* and it works */
		host_send(&h, 0x03, "\x00\x70\x00\x00\x00", 5);
		ck_assert_int_ge(host_wait(&h, 30), 0);
		host_sleep_us(&h, 100000);
		before += 1;
		sim_close(&h.s);
	}
	ck_assert_uint_gt(v.counts.commands, 40);
}
END_TEST

/* --- time ---------------------------------------------------------------------------------- */

START_TEST(virtual_time_is_bus_time_alone)
{
	uint64_t t = sim_now(h.s);

	usleep(20000);
	ck_assert_uint_eq(sim_now(h.s), t);
	sim_sleep(h.s, 12345);
	ck_assert_uint_eq(sim_now(h.s), t + 12345);
}
END_TEST

START_TEST(idle_time_adds_what_really_passed)
{
	uint64_t t, real;
	struct sim *s;

	sim_close(&h.s);
	ck_assert_int_eq(sim_open(h.path, SIM_TIME_IDLE, &s), 0);
	(void)sim_write(s, ADDR, (const uint8_t[]){ 0x82 }, 1);
	t = sim_now(s);
	real = clock_ns();
	usleep(20000);
	ck_assert_uint_ge(sim_now(s), t + MS(20));
	(void)sim_write(s, ADDR, (const uint8_t[]){ 0x82 }, 1);
	ck_assert_uint_ge(sim_now(s), t + MS(20) + US(200)); /* 2 bytes at 100 kHz */
	sim_sleep(s, MS(1000));                              /* asleep on the bus, not in reality */
	ck_assert_uint_ge(sim_now(s), t + MS(1020));
	ck_assert_uint_lt(clock_ns() - real, MS(900));
	sim_close(&s);
	/* Between two opens, too. */
	t = clock_ns();
	usleep(5000);
	ck_assert_int_eq(sim_open(h.path, SIM_TIME_IDLE, &s), 0);
	ck_assert_uint_ge(sim_now(s), MS(1025));
	sim_close(&s);
}
END_TEST

START_TEST(real_time_is_the_clock)
{
	uint64_t t, real;
	struct sim *s;

	sim_close(&h.s);
	ck_assert_int_eq(sim_open(h.path, SIM_TIME_REAL, &s), 0);
	(void)sim_write(s, ADDR, (const uint8_t[]){ 0x82 }, 1);
	t = sim_now(s);
	real = clock_ns();
	sim_sleep(s, MS(10));
	ck_assert_uint_ge(clock_ns() - real, MS(10));
	ck_assert_uint_ge(sim_now(s), t + MS(10));
	ck_assert_uint_le(sim_now(s) - t, clock_ns() - real + MS(1));
	sim_close(&s);
}
END_TEST

START_TEST(virtual_time_repeats_exactly)
{
	struct host other;
	uint8_t packet[16] = { 0 };

	host_start(&other);
	for (int i = 0; i < 2; i++) {
		struct host *w = i == 0 ? &h : &other;

		host_send(w, 0x03, packet, 1 + host_command(packet + 1, 7777, 33, 12));
		while (host_wait(w, 100) != 0x00)
			;
		host_control(w, 0x80);
	}
	ck_assert_uint_eq(sim_now(h.s), sim_now(other.s));
	host_end(&other);
}
END_TEST

/* A clock of another boot, or one that went back, adds nothing. */
START_TEST(clocks_that_cannot_be_compared_add_nothing)
{
	struct image *img = NULL;
	struct sim_state *st;
	struct sim *s;
	uint64_t now;

	now = sim_now(h.s);
	sim_close(&h.s);
	ck_assert_int_eq(image_open(h.path, IMAGE_SHARED, &img), 0);
	st = image_begin(img);
	ck_assert_ptr_nonnull(st);
	if (_i == 0) {
		memset(st->boot_id, 0x77, sizeof(st->boot_id));
		st->real = 0;
	} else {
		st->real = UINT64_MAX / 2;
	}
	image_commit(img);
	image_close(&img);
	ck_assert_int_eq(sim_open(h.path, SIM_TIME_IDLE, &s), 0);
	ck_assert_uint_eq(sim_now(s), now);
	sim_close(&s);
}
END_TEST

int
main(void)
{
	const struct sim_test tests[] = {
		{ a_new_image_is_private_and_never_overwrites, 1 },
		{ a_dangling_link_is_not_followed, 1 },
		{ nothing_is_left_when_making_fails, 1 },
		{ missing_and_foreign_files_are_refused, 4 },
		{ an_unwritable_image_is_refused_in_words, 1 },
		{ a_damaged_image_is_refused_and_left_alone, NITEMS(damages) },
		{ an_image_cut_short_under_us_is_an_error_not_a_crash, 1 },
		{ a_server_and_others_exclude_each_other, 1 },
		{ two_handles_see_one_chip, 1 },
		{ a_busy_chip_can_be_opened_by_others, 1 },
		{ the_hosts_lock_does_not_stop_the_chip, 1 },
		{ no_transfer_of_two_processes_and_two_threads_is_lost, 1 },
		{ a_kill_at_any_moment_leaves_a_whole_chip, 1 },
		{ virtual_time_is_bus_time_alone, 1 },
		{ idle_time_adds_what_really_passed, 1 },
		{ real_time_is_the_clock, 1 },
		{ virtual_time_repeats_exactly, 1 },
		{ clocks_that_cannot_be_compared_add_nothing, 2 },
	};

	return sim_tests_run("sim_image", "image", setup, teardown, tests, NITEMS(tests));
}
