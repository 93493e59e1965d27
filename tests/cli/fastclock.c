/*
 * Loaded into a program: it sleeps in no time, and its monotonic clock runs on by what it would
 * have slept. With FASTCLOCK_POLL=N it also waits for descriptors N times shorter than it thinks,
 * so that time limits of the network come soon. The time of day stays true.
 */
#include <config.h>

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static atomic_llong skipped; /* ns */

static int
is_monotonic(clockid_t id)
{
	return id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW || id == CLOCK_MONOTONIC_COARSE ||
	       id == CLOCK_BOOTTIME;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);
	long long ns;

	if (r != 0 || !is_monotonic(id))
		return r;
	ns = ts->tv_nsec + atomic_load(&skipped) % 1000000000LL;
	ts->tv_sec += atomic_load(&skipped) / 1000000000LL + ns / 1000000000LL;
	ts->tv_nsec = ns % 1000000000LL;
	return 0;
}

int
nanosleep(const struct timespec *ts, struct timespec *rest)
{
	(void)rest;
	atomic_fetch_add(&skipped, ts->tv_sec * 1000000000LL + ts->tv_nsec);
	return 0;
}

unsigned int
sleep(unsigned int seconds)
{
	/* What others have to do meanwhile takes its time. */
	(void)syscall(SYS_nanosleep, &(struct timespec){ .tv_nsec = 50000000 }, NULL);
	atomic_fetch_add(&skipped, seconds * 1000000000LL);
	return 0;
}

static int
divisor(void)
{
	const char *text = getenv("FASTCLOCK_POLL");
	int n = text != NULL ? atoi(text) : 1;

	return n > 1 ? n : 1;
}

int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	int by = divisor(), real = timeout > 0 ? (timeout + by - 1) / by : timeout, r;

	r = (int)syscall(SYS_poll, fds, n, real);
	if (r == 0 && timeout > 0)
		atomic_fetch_add(&skipped, (timeout - real) * 1000000LL);
	return r;
}
