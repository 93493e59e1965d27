/*
 * The shared pace; see pace.h. A bucket is one number: when the next request is due if requests
 * come exactly at the rate ("generic cell rate algorithm", ITU-T I.371). Who wants to send moves it
 * on by one interval and waits for what it was.
 */
#include <config.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "provision/msg.h"
#include "provision/pace.h"

#define MAGIC   0x65636170U
#define SECOND  1000000000ULL
#define BURST   2U     /* requests that may go at once after a rest */
#define CUT_GAP SECOND /* one halving in so long: what was on its way is the same mistake */

struct bucket {
	_Atomic uint64_t due;
	_Atomic uint64_t interval; /* ns */
	_Atomic uint64_t pause;    /* nothing goes before */
	_Atomic uint64_t cut;      /* when the rate was last halved; 0: never */
};

struct pace {
	uint32_t magic;
	struct bucket buckets[PACE_CALLS];
};

static uint64_t
interval_of(double rate)
{
	if (rate < PACE_MIN)
		rate = PACE_MIN;
	if (rate > PACE_MAX)
		rate = PACE_MAX;
	return (uint64_t)(1e9 / rate);
}

struct pace *
pace_new(int *fdp)
{
	struct pace *p = MAP_FAILED;
	int fd = memfd_create("optiga-pace", MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, sizeof(*p)) == 0)
		p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) {
		prov_error("cannot make memory for workers to share: %s", strerror(errno));
		if (fd >= 0)
			(void)close(fd);
		return NULL;
	}
	for (size_t i = 0; i < PACE_CALLS; i++)
		atomic_init(&p->buckets[i].interval, interval_of(PACE_FIRST));
	p->magic = MAGIC;
	*fdp = fd;
	return p;
}

struct pace *
pace_join(void)
{
	const char *text = getenv(PACE_ENV);
	struct pace *p;
	struct stat st;
	char *end;
	long fd;

	if (text == NULL)
		return NULL;
	fd = strtol(text, &end, 10);
	if (*text == '\0' || *end != '\0' || fd < 0 || fd > 1 << 20 || fstat((int)fd, &st) != 0 ||
	    st.st_size != (off_t)sizeof(*p))
		return NULL;
	p = mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (p->magic != MAGIC)
		pace_free(&p);
	return p;
}

void
pace_free(struct pace **pp)
{
	if (*pp != NULL)
		(void)munmap(*pp, sizeof(**pp));
	*pp = NULL;
}

uint64_t
pace_turn(struct pace *p, unsigned int call, uint64_t now)
{
	struct bucket *b = &p->buckets[call % PACE_CALLS];
	uint64_t interval = atomic_load(&b->interval), pause = atomic_load(&b->pause);
	uint64_t rest = (BURST - 1) * interval, due = atomic_load(&b->due), turn;

	do {
		turn = now > rest ? now - rest : 0;
		turn = due > turn ? due : turn;
		turn = pause > turn ? pause : turn;
	} while (!atomic_compare_exchange_weak(&b->due, &due, turn + interval));
	return turn > now ? turn : now;
}

static void
set_rate(struct bucket *b, uint64_t was, double rate)
{
	/* Whoever was faster has just seen the same. */
	(void)atomic_compare_exchange_strong(&b->interval, &was, interval_of(rate));
}

static void
slow_down(struct bucket *b, uint64_t now, long retry_after)
{
	uint64_t cut = atomic_load(&b->cut), interval = atomic_load(&b->interval);
	uint64_t pause = atomic_load(&b->pause), until;

	if ((cut == 0 || now > cut + CUT_GAP) && atomic_compare_exchange_strong(&b->cut, &cut, now))
		set_rate(b, interval, 1e9 / (double)interval / 2);
	if (retry_after <= 0)
		return;
	until = now + SECOND * (uint64_t)(retry_after < PACE_PAUSE ? retry_after : PACE_PAUSE);
	while (until > pause && !atomic_compare_exchange_weak(&b->pause, &pause, until))
		;
}

/* Twice as fast within a second as long as nothing was refused, then one call a second more. */
static void
speed_up(struct bucket *b, uint64_t now)
{
	uint64_t interval = atomic_load(&b->interval);
	double rate = 1e9 / (double)interval;

	/* A rate that nobody makes full use of says nothing. */
	if (atomic_load(&b->due) > now)
		set_rate(b, interval, rate + (atomic_load(&b->cut) == 0 ? 1 : 1 / rate));
}

void
pace_answer(struct pace *p, unsigned int call, uint64_t now, bool throttled, long retry_after)
{
	struct bucket *b = &p->buckets[call % PACE_CALLS];

	if (throttled)
		slow_down(b, now, retry_after);
	else
		speed_up(b, now);
}

double
pace_rate(const struct pace *p, unsigned int call)
{
	return 1e9 / (double)atomic_load(&p->buckets[call % PACE_CALLS].interval);
}

static uint64_t
monotonic(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

static void
sleep_until(uint64_t when)
{
	struct timespec ts = { .tv_sec = (time_t)(when / SECOND),
		.tv_nsec = (long)(when % SECOND) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* Joined once, until the process ends. */
static struct pace *
joined(void)
{
	static struct pace *pace;
	static bool asked;

	if (!asked)
		pace = pace_join();
	asked = true;
	return pace;
}

double
pace_wait(unsigned int call)
{
	struct pace *p = joined();
	uint64_t began = monotonic(), now = began;

	if (p == NULL)
		return 0;
	do {
		sleep_until(pace_turn(p, call, now));
		now = monotonic();
		/* Another worker may have been told to wait meanwhile. */
	} while (atomic_load(&p->buckets[call % PACE_CALLS].pause) > now);
	return (double)(now - began) / 1e9;
}

void
pace_note(unsigned int call, bool throttled, long retry_after)
{
	struct pace *p = joined();

	if (p != NULL)
		pace_answer(p, call, monotonic(), throttled, retry_after);
}

bool
pace_shared(void)
{
	return joined() != NULL;
}
