/*
 * Many hosts on one simulated chip at once.
 *
 * load [--threads] [SECONDS]
 *
 * Eight processes (or threads with a handle each) work for so many seconds: no call may fail, and
 * the slowest does at least half of what the fastest does. Killed in mid-command, a host stops the
 * others for less than a second. With the security monitor on all of it is slower, no more.
 */
#include <config.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/bus/bus.h"
#include "hal/chip/internal.h"
#include "hal/sim/sim.h"
#include "tests/load/work.h"

#define SECONDS_DEFAULT 3
#define GO_ON_MS        1000 /* after the death of another */
#define SIGNS           25   /* by each host: together more than the monitor lets pass freely */

static struct work *w; /* shared by processes */
static bool threads;
static char dir[64], image[96];
static unsigned problems;

static void
expect(bool ok, const char *what)
{
	printf("%s - %s\n", ok ? "ok" : "not ok", what);
	problems += !ok;
}

static void
require(bool ok, const char *what)
{
	if (ok)
		return;
	printf("not ok - %s\n", what);
	exit(1);
}

static void
nap(unsigned ms)
{
	const struct timespec ts = { ms / 1000, (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&ts, NULL);
}

static double
seconds_now(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* --- the chip ------------------------------------------------------------------------------ */

static void
chip_make(bool monitor)
{
	const struct sim_config cfg = { "trust-m-v3", monitor, true, 1, 1.0 };
	struct chip *c;

	(void)snprintf(dir, sizeof(dir), "%s/load-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	require(mkdtemp(dir) != NULL, "a directory");
	(void)snprintf(image, sizeof(image), "%s/chip", dir);
	require(sim_create(image, &cfg) == 0, "a chip");
	memset(w, 0, sizeof(*w));
	(void)snprintf(w->selector, sizeof(w->selector), "sim:%s", image);
	require(chip_open(w->selector, &c) == 0, "opening the bus");
	require(chip_keypair(c, WORK_KEY, CHIP_ALG_P256, CHIP_USE_SIGN, &w->pub) == 0, "a key");
	chip_close(&c);
}

static void
chip_remove(void)
{
	buf_free(&w->pub);
	(void)unlink(image);
	(void)rmdir(dir);
}

/* --- hosts --------------------------------------------------------------------------------- */

static struct host {
	pid_t pid;
	pthread_t thread;
	unsigned nr, limit;
} hosts[WORK_HOSTS];

static void *
thread_main(void *arg)
{
	const struct host *h = arg;

	work_run(w, h->nr, h->limit);
	return NULL;
}

static void
hosts_start(unsigned limit)
{
	(void)fflush(stdout);
	for (unsigned i = 0; i < WORK_HOSTS; i++) {
		hosts[i].nr = i;
		hosts[i].limit = limit;
		if (threads) {
			require(pthread_create(&hosts[i].thread, NULL, thread_main, &hosts[i]) == 0,
			    "a thread");
			continue;
		}
		require((hosts[i].pid = fork()) >= 0, "a process");
		if (hosts[i].pid == 0) {
			work_run(w, i, limit);
			_exit(0);
		}
	}
}

static void
hosts_wait(void)
{
	for (unsigned i = 0; i < WORK_HOSTS; i++) {
		int status = 0;

		if (threads)
			(void)pthread_join(hosts[i].thread, NULL);
		else
			(void)waitpid(hosts[i].pid, &status, 0);
		if (status != 0)
			w->host[i].failed = true;
	}
}

static bool
any_failed(void)
{
	for (unsigned i = 0; i < WORK_HOSTS; i++)
		if (w->host[i].failed)
			return true;
	return false;
}

/* Whether every host has done something since the counts were taken. */
static bool
all_went_on(const unsigned *since)
{
	for (unsigned i = 0; i < WORK_HOSTS; i++)
		if (w->host[i].done == since[i])
			return false;
	return true;
}

static void
counts(unsigned *n)
{
	for (unsigned i = 0; i < WORK_HOSTS; i++)
		n[i] = w->host[i].done;
}

/* --- tests --------------------------------------------------------------------------------- */

static void
mixed_load(unsigned seconds)
{
	unsigned n[WORK_HOSTS], least = UINT32_MAX, most = 0, sum = 0;

	chip_make(false);
	hosts_start(0);
	nap(seconds * 1000);
	counts(n);
	w->stop = true;
	hosts_wait();
	for (unsigned i = 0; i < WORK_HOSTS; i++) {
		least = n[i] < least ? n[i] : least;
		most = n[i] > most ? n[i] : most;
		sum += n[i];
	}
	printf(
	    "%u turns in %u s; the slowest host %u, the fastest %u\n", sum, seconds, least, most);
	expect(!any_failed(), "no call fails");
	expect(least > 0 && least >= most / 2, "the slowest does half of what the fastest does");
	chip_remove();
}

static void
death_in_mid_command(void)
{
	unsigned since[WORK_HOSTS];
	int status = 0;
	double start;
	pid_t pid;

	chip_make(false);
	hosts_start(0);
	nap(200);
	require((pid = fork()) >= 0, "a process");
	if (pid == 0)
		_exit(work_die(w) != 0);
	(void)waitpid(pid, &status, 0);
	expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
	    "a host dies while its command executes");
	counts(since);
	for (start = seconds_now(); !all_went_on(since) && seconds_now() - start < 10;)
		nap(5);
	printf("all others went on within %.3f s\n", seconds_now() - start);
	expect(seconds_now() - start < GO_ON_MS / 1e3, "the others go on within a second");
	w->stop = true;
	hosts_wait();
	expect(!any_failed(), "no call of theirs fails");
	chip_remove();
}

/* Returns the bus time that many signatures take, in seconds. */
static double
signatures(bool monitor)
{
	struct bus *b = NULL;
	uint64_t start;
	double took;

	chip_make(monitor);
	w->sign_only = true;
	require(bus_open(w->selector, &b) == 0, "opening the bus");
	start = bus_now(b);
	hosts_start(SIGNS);
	hosts_wait();
	took = (double)(bus_now(b) - start) / 1e9;
	bus_close(&b);
	printf("%d signatures take %.1f s of bus time\n", WORK_HOSTS * SIGNS, took);
	expect(!any_failed(), monitor ? "no call fails with the monitor on" : "no call fails");
	chip_remove();
	return took;
}

int
main(int argc, char **argv)
{
	unsigned seconds = SECONDS_DEFAULT;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--threads") == 0)
			threads = true;
		else
			seconds = (unsigned)strtoul(argv[i], NULL, 10);
	}
	w = mmap(NULL, sizeof(*w), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	require(w != MAP_FAILED, "shared memory");
	mixed_load(seconds);
	if (!threads)
		death_in_mid_command();
	expect(signatures(true) > 1.5 * signatures(false), "the monitor slows signing down");
	(void)munmap(w, sizeof(*w));
	return problems != 0;
}
