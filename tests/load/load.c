/*
 * Many hosts on one simulated chip at once.
 *
 * load [--threads] [SECONDS]
 *
 * Eight processes (or threads with a handle each) work for so many seconds: no call may fail, and
 * the slowest does at least half of what the fastest does. Killed in mid-command, a host stops the
 * others for less than a second. With the security monitor on all of it is slower, no more. Each
 * of it plain and through the encrypted connection, which the hosts take from each other.
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
#include "hal/chip/binding.h"
#include "hal/chip/internal.h"
#include "hal/sim/sim.h"
#include "tests/load/work.h"

#define SECONDS_DEFAULT 1
#define TURNS_MIN       6  /* of each host before they are compared: a busy machine takes longer */
#define TURNS_WAIT      60 /* seconds, at most */
#define GO_ON_MS        1000 /* after the death of another */
#define SIGNS           25   /* by each host: together more than the monitor lets pass freely */
#define SIGNS_SHIELDED  14   /* fewer: each handshake is an event of its own */

static struct work *w; /* shared by processes */
static bool threads;
static char dir[64], image[96], binding[96];
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

/* Which hosts and which chip; the words are for the report. */
struct kind {
	const char *words;
	bool shielded, monitor;
};

static const struct kind plain = { "plain", false, false };
static const struct kind shielded = { "encrypted", true, false };
static const struct kind plain_watched = { "plain, monitor on", false, true };
static const struct kind shielded_watched = { "encrypted, monitor on", true, true };

/* --- the chip ------------------------------------------------------------------------------ */

static void
chip_make(const struct kind *k)
{
	const struct sim_config cfg = { "trust-m-v3", k->monitor, true, 1, 1.0 };
	struct chip *c;

	printf("# %s\n", k->words);
	(void)snprintf(dir, sizeof(dir), "%s/load-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	require(mkdtemp(dir) != NULL, "a directory");
	(void)snprintf(image, sizeof(image), "%s/chip", dir);
	(void)snprintf(binding, sizeof(binding), "%s/binding", dir);
	require(setenv("OPTIGA_BINDING_DIR", binding, 1) == 0, "a place for the secret");
	require(sim_create(image, &cfg) == 0, "a chip");
	memset(w, 0, sizeof(*w));
	w->shielded = k->shielded;
	(void)snprintf(w->selector, sizeof(w->selector), "sim:%s", image);
	require(chip_open(w->selector, &c) == 0, "opening the bus");
	require(chip_keypair(c, WORK_KEY, CHIP_ALG_P256, CHIP_USE_SIGN, &w->pub) == 0, "a key");
	if (k->shielded)
		require(chip_pair(c, CHIP_BINDING_OPEN) == 0, "pairing");
	chip_close(&c);
}

static void
chip_remove(void)
{
	struct chip *c;

	if (w->shielded && chip_open(w->selector, &c) == 0) {
		(void)chip_binding_remove(c);
		chip_close(&c);
	}
	buf_free(&w->pub);
	(void)unlink(image);
	(void)rmdir(binding);
	expect(rmdir(dir) == 0, "nothing is left behind");
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

static unsigned
least_done(void)
{
	unsigned least = UINT32_MAX;

	for (unsigned i = 0; i < WORK_HOSTS; i++)
		if (w->host[i].done < least)
			least = w->host[i].done;
	return least;
}

/* --- tests --------------------------------------------------------------------------------- */

static void
mixed_load(const struct kind *k, unsigned seconds)
{
	unsigned n[WORK_HOSTS], least = UINT32_MAX, most = 0, sum = 0;
	double start, took;

	chip_make(k);
	hosts_start(0);
	start = seconds_now();
	nap(seconds * 1000);
	while (least_done() < TURNS_MIN && !any_failed() && seconds_now() - start < TURNS_WAIT)
		nap(20);
	counts(n);
	took = seconds_now() - start;
	w->stop = true;
	hosts_wait();
	for (unsigned i = 0; i < WORK_HOSTS; i++) {
		least = n[i] < least ? n[i] : least;
		most = n[i] > most ? n[i] : most;
		sum += n[i];
	}
	printf("%u turns in %.1f s; the slowest host %u, the fastest %u\n", sum, took, least, most);
	expect(!any_failed(), "no call fails");
	expect(least > 0 && least >= most / 2, "the slowest does half of what the fastest does");
	chip_remove();
}

static void
death_in_mid_command(const struct kind *k)
{
	unsigned since[WORK_HOSTS];
	int status = 0;
	double start;
	pid_t pid;

	chip_make(k);
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
signatures(const struct kind *k)
{
	const unsigned each = k->shielded ? SIGNS_SHIELDED : SIGNS;
	struct bus *b = NULL;
	uint64_t start;
	double took;

	chip_make(k);
	w->sign_only = true;
	require(bus_open(w->selector, &b) == 0, "opening the bus");
	start = bus_now(b);
	hosts_start(each);
	hosts_wait();
	took = (double)(bus_now(b) - start) / 1e9;
	bus_close(&b);
	printf("%u signatures take %.1f s of bus time\n", WORK_HOSTS * each, took);
	expect(!any_failed(), "no call fails");
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
	mixed_load(&plain, seconds);
	mixed_load(&shielded, seconds);
	mixed_load(&shielded_watched, seconds);
	if (!threads) {
		death_in_mid_command(&plain);
		death_in_mid_command(&shielded);
	}
	expect(signatures(&plain_watched) > 1.5 * signatures(&plain),
	    "the monitor slows signing down");
	expect(signatures(&shielded_watched) > 1.5 * signatures(&shielded),
	    "also through the encrypted connection");
	(void)munmap(w, sizeof(*w));
	return problems != 0;
}
