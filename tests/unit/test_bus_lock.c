/*
 * Taking turns on one simulated chip: the lock, its fairness, and the record. The child processes
 * count in the record, so a turn that two had at once loses a count.
 */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/bus/ops.h"
#include "hal/sim/sim.h"

#define PROCESSES 4
#define TURNS     200

static char dir[64], image[96], selector[128];

static void
setup(void)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;

	(void)snprintf(dir, sizeof(dir), "/tmp/test_bus_lock.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(image, sizeof(image), "%s/chip", dir);
	(void)snprintf(selector, sizeof(selector), "sim:%s?time=virtual", image);
	cfg.seeded = true;
	ck_assert_int_eq(sim_create(image, &cfg), 0);
}

static void
teardown(void)
{
	(void)unlink(image);
	(void)rmdir(dir);
}

static struct bus *
opened(void)
{
	struct bus *b;

	ck_assert_int_eq(bus_open(selector, &b), 0);
	return b;
}

/* Shared with the children: who had which turn. */
struct ledger {
	_Atomic unsigned next;
	_Atomic unsigned ready;
	unsigned waited[PROCESSES * TURNS]; /* turns of others between asking and getting */
};

static void
take_turns(struct ledger *l)
{
	struct bus *b;

	if (bus_open(selector, &b) != 0)
		_exit(1);
	l->ready++;
	while (l->ready < PROCESSES)
		(void)usleep(100);
	for (int i = 0; i < TURNS; i++) {
		unsigned asked = l->next, turn;
		uint64_t seen;

		if (bus_lock(b) != 0)
			_exit(2);
		turn = l->next++;
		l->waited[turn] = turn - asked;
		seen = bus_record(b)->change;
		/* Like a short command sequence: some traffic while the turn lasts. */
		for (int n = 0; n < 3; n++)
			if (bus_write(b, (const uint8_t *)"\x82", 1) != 0 ||
			    bus_sleep(b, BUS_US(50)) != 0)
				_exit(3);
		bus_record(b)->change = seen + 1;
		bus_unlock(b);
	}
	bus_close(&b);
	_exit(0);
}

START_TEST(four_processes_take_turns_and_none_starves)
{
	struct ledger *l =
	    mmap(NULL, sizeof(*l), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long_waits = 0;
	struct bus *b = opened();
	int status;

	ck_assert_ptr_ne(l, MAP_FAILED);
	for (int i = 0; i < PROCESSES; i++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			take_turns(l);
	}
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	/* Nothing was lost. */
	ck_assert_uint_eq(bus_record(b)->change, PROCESSES * TURNS);
	ck_assert_uint_eq(l->next, PROCESSES * TURNS);
	/*
	 * First come, first served: every other has one turn at most while one waits. Who is
	 * suspended between asking and queueing sees more; that is rare.
	 */
	for (unsigned t = 0; t < PROCESSES * TURNS; t++)
		long_waits += l->waited[t] > PROCESSES;
	ck_assert_msg(long_waits <= PROCESSES * TURNS / 20, "%u long waits", long_waits);
	bus_close(&b);
	(void)munmap(l, sizeof(*l));
}
END_TEST

START_TEST(two_handles_of_one_process_exclude_each_other)
{
	struct bus *a = opened(), *b = opened();

	ck_assert_int_eq(bus_lock(a), 0);
	bus_record(a)->owner = 1;
	ck_assert_int_eq(flock(b->lock_fd, LOCK_EX | LOCK_NB), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	bus_unlock(a);
	ck_assert_int_eq(bus_lock(b), 0);
	/* Both see one record. */
	ck_assert_uint_eq(bus_record(b)->owner, 1);
	bus_unlock(b);
	bus_close(&a);
	bus_close(&b);
}
END_TEST

START_TEST(a_killed_holder_leaves_nothing)
{
	struct bus *b = opened();
	int pipes[2], status;
	char c;
	pid_t pid;

	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct bus *mine;

		if (bus_open(selector, &mine) != 0 || bus_lock(mine) != 0)
			_exit(1);
		bus_record(mine)->busy = 1;
		if (write(pipes[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	ck_assert_int_eq(read(pipes[0], &c, 1), 1);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(bus_lock(b), 0);
	/* What it was at can be seen. */
	ck_assert_uint_eq(bus_record(b)->busy, 1);
	bus_unlock(b);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	bus_close(&b);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
}
END_TEST

START_TEST(a_forked_child_does_not_disturb_its_parent)
{
	struct bus *b = opened(), *other = opened();
	int status;
	pid_t pid;

	ck_assert_int_eq(bus_lock(b), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		/* The inherited handle is of no use, and neither unlocking nor closing it matters.
		 */
		if (bus_lock(b) != HAL_EIO)
			_exit(1);
		bus_unlock(b);
		bus_close(&b);
		bus_close(&other);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	/* Still ours. */
	ck_assert_int_eq(flock(other->lock_fd, LOCK_EX | LOCK_NB), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	bus_unlock(b);
	ck_assert_int_eq(bus_lock(other), 0);
	bus_unlock(other);
	bus_close(&b);
	bus_close(&other);
}
END_TEST

/* A child forked between turns and never heard of again does not keep a later turn's lock. */
START_TEST(a_killed_holder_leaves_nothing_to_its_child)
{
	struct bus *b = opened();
	int pipes[2], status;
	pid_t pid, child;

	ck_assert_int_eq(pipe(pipes), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		struct bus *mine;

		if (bus_open(selector, &mine) != 0 || (child = fork()) < 0)
			_exit(1);
		while (child == 0)
			(void)pause();
		if (bus_lock(mine) != 0 || write(pipes[1], &child, sizeof(child)) < 0)
			_exit(1);
		for (;;)
			(void)pause();
	}
	ck_assert_int_eq(read(pipes[0], &child, sizeof(child)), sizeof(child));
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(bus_lock(b), 0); /* else the test runs out of time */
	ck_assert_int_eq(kill(child, SIGKILL), 0);
	bus_unlock(b);
	bus_close(&b);
	(void)close(pipes[0]);
	(void)close(pipes[1]);
}
END_TEST

START_TEST(the_record_outlives_its_writers)
{
	struct bus *b = opened();
	struct bus_record zero = { 0 };

	ck_assert_mem_eq(bus_record(b), &zero, sizeof(zero));
	bus_record(b)->boot = 7;
	bus_close(&b);
	b = opened();
	ck_assert_uint_eq(bus_record(b)->boot, 7);
	bus_close(&b);
}
END_TEST

START_TEST(the_driver_moves_bytes_and_time)
{
	struct bus *b = opened();
	uint64_t t = bus_now(b);
	uint8_t state[4];

	ck_assert_int_eq(bus_write(b, (const uint8_t *)"\x82", 1), 0);
	ck_assert_uint_eq(bus_now(b) - t, 20 * 10000); /* 20 bit times at 100 kHz */
	ck_assert_int_eq(bus_sleep(b, BUS_US(50)), 0);
	ck_assert_int_eq(bus_read(b, state, sizeof(state)), 0);
	ck_assert_mem_eq(state, "\x08\x80\x00\x00", 4);
	ck_assert_int_eq(bus_set_khz(b, 400), 0);
	ck_assert_uint_eq(bus_khz(b), 400);
	t = bus_now(b);
	ck_assert_int_eq(bus_sleep(b, BUS_US(50)), 0);
	ck_assert_int_eq(bus_write(b, (const uint8_t *)"\x82", 1), 0);
	ck_assert_uint_eq(bus_now(b) - t, 50000 + 20 * 2500);
	ck_assert_int_eq(bus_reset_line(b), 0);
	ck_assert_int_eq(bus_write(b, (const uint8_t *)"\x82", 1), HAL_ENACK);
	ck_assert_int_eq(bus_sleep(b, BUS_MS(20)), 0);
	ck_assert_int_eq(bus_write(b, (const uint8_t *)"\x82", 1), 0);
	ck_assert_int_eq(bus_write(b, state, 0), HAL_EINVAL);
	ck_assert_int_eq(bus_read(b, state, 0), HAL_EINVAL);
	bus_close(&b);
}
END_TEST

START_TEST(nobody_answers_at_another_address)
{
	char other[160];
	struct bus *b;

	(void)snprintf(other, sizeof(other), "%s&addr=0x31", selector);
	ck_assert_int_eq(bus_open(other, &b), 0);
	ck_assert_int_eq(bus_write(b, (const uint8_t *)"\x82", 1), HAL_ENACK);
	bus_close(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bus lock");
	TCase *t = tcase_create("lock");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, four_processes_take_turns_and_none_starves);
	tcase_add_test(t, two_handles_of_one_process_exclude_each_other);
	tcase_add_test(t, a_killed_holder_leaves_nothing);
	tcase_add_test(t, a_forked_child_does_not_disturb_its_parent);
	tcase_add_test(t, a_killed_holder_leaves_nothing_to_its_child);
	tcase_add_test(t, the_record_outlives_its_writers);
	tcase_add_test(t, the_driver_moves_bytes_and_time);
	tcase_add_test(t, nobody_answers_at_another_address);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
