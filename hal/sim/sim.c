/*
 * An open simulated chip: transfers and time. sim.h says what each call does.
 *
 * A transfer of n bytes takes 9 * (n + 1) + 2 bit times, a refused address 11. The chip judges
 * the address at the START, takes a read's bytes from its state at the START, and acts on
 * written bytes at the STOP.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/sim/handle.h"
#include "hal/sim/seal.h"

#define NS_PER_S     1000000000ULL
#define DEFAULT_KHZ  100
#define NACK_BITS    11
#define CLOCK_LOW_NS SIM_MS(25) /* what masters bear */
#define SEEN_MAX     1024       /* of a damaged write, more than any register takes */

/* --- making and opening -------------------------------------------------------------------- */

static int
factory(
    const char *path, const struct sim_config *cfg, struct image_facts *facts, struct sim_state *st)
{
	int r;

	if (cfg->model == NULL || strlen(cfg->model) >= sizeof(facts->model))
		return image_fail(HAL_EINVAL, "no such model of the chip");
	if (!isfinite(cfg->speed) || cfg->speed <= 0)
		return image_fail(HAL_EINVAL, "speed must be above 0");
	memcpy(facts->model, cfg->model, strlen(cfg->model));
	facts->monitor = cfg->monitor;
	facts->seeded = cfg->seeded;
	facts->speed = cfg->speed;
	facts->seed = cfg->seed;
	if (!cfg->seeded &&
	    getrandom(&facts->seed, sizeof(facts->seed), 0) != (ssize_t)sizeof(facts->seed))
		return image_fail(HAL_EIO, "%s: no random numbers from the system", path);
	r = sim_app_factory(&st->app, facts->model, facts->seed, facts->speed, facts->monitor);
	if (r == HAL_EINVAL)
		return image_fail(r, "no such model of the chip: \"%s\"", facts->model);
	if (r != 0)
		return image_fail(r, "%s: keys could not be made: %s", path, hal_strerror(r));
	sim_state_init(st);
	return 0;
}

int
sim_create(const char *path, const struct sim_config *cfg)
{
	struct image_facts facts;
	struct sim_state *st;
	struct stat sb;
	int r;

	memset(&facts, 0, sizeof(facts));
	if (lstat(path, &sb) == 0)
		return image_fail(HAL_EEXIST, "%s: exists already and is not overwritten", path);
	st = calloc(1, sizeof(*st));
	if (st == NULL)
		return image_fail(HAL_ENOMEM, "%s: out of memory", path);
	seal_hold();
	if ((r = factory(path, cfg, &facts, st)) == 0)
		r = image_create(path, &facts, st);
	seal_drop();
	explicit_bzero(st, sizeof(*st));
	free(st);
	return r;
}

/* Clocks of different boots cannot be compared. */
static void
read_boot_id(uint8_t id[16])
{
	char text[64] = "";
	size_t n = 0;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	memset(id, 0, 16);
	if (fd < 0)
		return;
	if (read(fd, text, sizeof(text) - 1) > 0)
		for (const char *p = text; *p != '\0' && n < 32; p++) {
			const char *hex = "0123456789abcdef", *d = strchr(hex, *p);

			if (d != NULL)
				id[n / 2] = (uint8_t)(id[n / 2] << 4 | (d - hex)), n++;
		}
	(void)close(fd);
}

int
sim_open_as(const char *path, enum sim_time mode, enum image_use use, struct sim **simp)
{
	struct sim *s;
	int r;

	*simp = NULL;
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return image_fail(HAL_ENOMEM, "%s: out of memory", path);
	if ((r = image_open(path, use, &s->img)) != 0) {
		free(s);
		return r;
	}
	seal_hold();
	s->mode = mode;
	s->khz = DEFAULT_KHZ;
	read_boot_id(s->boot_id);
	*simp = s;
	return 0;
}

int
sim_open(const char *path, enum sim_time mode, struct sim **simp)
{
	return sim_open_as(path, mode, IMAGE_SHARED, simp);
}

void
sim_close(struct sim **simp)
{
	struct sim *s = *simp;

	if (s == NULL)
		return;
	image_close(&s->img);
	free(s);
	seal_drop();
	*simp = NULL;
}

void *
sim_host_area(struct sim *s)
{
	return image_host_area(s->img);
}

int
sim_fd(struct sim *s)
{
	return image_fd(s->img);
}

/* --- time ---------------------------------------------------------------------------------- */

static uint64_t
clock_ns(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_BOOTTIME, &ts) != 0)
		return 0;
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

/* Real time since the state was changed last; none over a reboot or when the clock went back. */
static uint64_t
elapsed(const struct sim *s, const struct sim_state *st, uint64_t real)
{
	if (s->mode == SIM_TIME_VIRTUAL || real <= st->real ||
	    memcmp(st->boot_id, s->boot_id, sizeof(st->boot_id)) != 0)
		return 0;
	return real - st->real;
}

static struct sim_state *
begin(struct sim *s)
{
	struct sim_state *st = image_begin(s->img);
	uint64_t real = clock_ns();

	if (st == NULL)
		return NULL;
	sim_state_advance(st, st->now + elapsed(s, st, real));
	st->real = real;
	memcpy(st->boot_id, s->boot_id, sizeof(st->boot_id));
	return st;
}

/* What this process needed to simulate is not the chip's time, except where time is the clock's. */
static void
commit(struct sim *s, struct sim_state *st)
{
	if (s->mode != SIM_TIME_REAL)
		st->real = clock_ns();
	image_commit(s->img);
}

static void
pass_bits(const struct sim *s, struct sim_state *st, uint64_t bits)
{
	if (s->mode != SIM_TIME_REAL)
		sim_state_advance(st, st->now + bits * 1000000 / s->khz);
}

uint64_t
sim_now(struct sim *s)
{
	const struct sim_state *st = image_look(s->img);
	uint64_t now;

	if (st == NULL)
		return 0;
	now = st->now + elapsed(s, st, clock_ns());
	image_abort(s->img);
	return now;
}

static void
sleep_real(uint64_t ns)
{
	struct timespec ts;

	ts.tv_sec = (time_t)(ns / NS_PER_S);
	ts.tv_nsec = (long)(ns % NS_PER_S);
	while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
		;
}

void
sim_sleep(struct sim *s, uint64_t ns)
{
	struct sim_state *st;

	if (s->mode == SIM_TIME_REAL) {
		sleep_real(ns);
	} else if ((st = begin(s)) != NULL) {
		sim_state_advance(st, st->now + ns);
		commit(s, st);
	}
}

void
sim_set_khz(struct sim *s, unsigned khz)
{
	if (khz > 0)
		s->khz = khz;
}

/* --- transfers ----------------------------------------------------------------------------- */

/* Which fault keeps a transfer from even starting; SIM_FAULT_COUNT: none. */
static enum sim_fault_kind
failure(const struct sim_effect *e)
{
	static const enum sim_fault_kind kinds[] = { SIM_FAULT_BUS_DEAD, SIM_FAULT_LOST,
		SIM_FAULT_CLOCK };

	for (size_t i = 0; i < NITEMS(kinds); i++)
		if (sim_hit(e, kinds[i]))
			return kinds[i];
	return SIM_FAULT_COUNT;
}

/* START and address byte. 0, or what the host gets to see instead of a transfer. */
static int
start(struct sim *s, struct sim_state *st, uint8_t addr, const struct sim_effect *e)
{
	int r = 0;

	if (sim_hit(e, SIM_FAULT_RESET))
		sim_reg_reset(st, false);
	if (addr == st->reg.addr && st->last_stop != SIM_NEVER &&
	    st->now - st->last_stop < SIM_GUARD_NS)
		st->counts.guard_violations++;
	s->failed = failure(e);
	if (s->failed != SIM_FAULT_COUNT) {
		r = HAL_EIO;
		if (s->failed == SIM_FAULT_CLOCK && s->mode != SIM_TIME_REAL)
			sim_state_advance(st, st->now + CLOCK_LOW_NS);
	} else if (sim_hit(e, SIM_FAULT_NACK) || !sim_reg_acknowledges(st, addr)) {
		r = HAL_ENACK;
		st->counts.addr_nacks++;
		pass_bits(s, st, NACK_BITS);
	}
	return r;
}

static int
finish(struct sim *s, struct sim_state *st, uint8_t addr, int r)
{
	if (addr == st->reg.addr)
		st->last_stop = st->now;
	commit(s, st);
	return r;
}

static void
deliver(struct sim_state *st, const uint8_t *data, size_t len, const struct sim_effect *e)
{
	uint8_t seen[SEEN_MAX];

	st->counts.writes++;
	st->counts.bytes_written += len;
	if (e->kinds == 0) {
		sim_reg_write(st, data, len);
		return;
	}
	if (sim_hit(e, SIM_FAULT_LOSE))
		return;
	len = len < sizeof(seen) ? len : sizeof(seen);
	memcpy(seen, data, len);
	len = sim_fault_damage(e, seen, len, 1);
	sim_reg_write(st, seen, len);
	if (sim_hit(e, SIM_FAULT_DUPLICATE))
		sim_reg_write(st, seen, len);
}

int
sim_write(struct sim *s, uint8_t addr, const uint8_t *data, size_t len)
{
	struct sim_state *st = begin(s);
	struct sim_effect e;
	int r;

	if (st == NULL)
		return HAL_EIO;
	sim_fault_plan(&s->faults, st, data, len, &e);
	if ((r = start(s, st, addr, &e)) == 0 && sim_hit(&e, SIM_FAULT_DATA_NACK)) {
		s->failed = SIM_FAULT_DATA_NACK;
		s->acked = e.arg[SIM_FAULT_DATA_NACK];
		if (s->acked >= len)
			s->acked = len > 0 ? (unsigned)len - 1 : 0;
		len = s->acked;
		pass_bits(s, st, 9 * (len + 2) + 2);
		sim_reg_write(st, data, len);
		r = HAL_EIO;
	} else if (r == 0) {
		pass_bits(s, st, 9 * (len + 1) + 2);
		deliver(st, data, len, &e);
	}
	return finish(s, st, addr, r);
}

/* Returns true when a data frame left the chip. */
static bool
fetch(struct sim_state *st, uint8_t *data, size_t len, const struct sim_effect *e)
{
	struct sim_frame before = st->frame;
	bool took = false;

	st->counts.reads++;
	st->counts.bytes_read += len;
	memset(data, 0xFF, len);
	if (!sim_hit(e, SIM_FAULT_FF))
		took = sim_reg_read(st, data, len);
	if (sim_hit(e, SIM_FAULT_DUPLICATE)) {
		st->frame = before;
		took = false;
	}
	(void)sim_fault_damage(e, data, len, 0);
	return took;
}

int
sim_read(struct sim *s, uint8_t addr, uint8_t *data, size_t len)
{
	struct sim_state *st = begin(s);
	struct sim_effect e;
	bool took;
	int r;

	if (st == NULL)
		return HAL_EIO;
	sim_fault_plan(&s->faults, st, NULL, len, &e);
	if ((r = start(s, st, addr, &e)) == 0 && sim_hit(&e, SIM_FAULT_DATA_NACK)) {
		/* Who reads acknowledges by himself: somebody disturbs the bus. */
		s->failed = SIM_FAULT_BUS_DEAD;
		pass_bits(s, st, NACK_BITS + 9);
		r = HAL_EIO;
	} else if (r == 0) {
		took = fetch(st, data, len, &e);
		pass_bits(s, st, 9 * (len + 1) + 2);
		if (took)
			sim_frame_read_done(st);
	}
	return finish(s, st, addr, r);
}

void
sim_line(struct sim *s, enum sim_line line, bool high)
{
	struct sim_state *st = begin(s);

	if (st == NULL)
		return;
	sim_reg_line(st, line == SIM_LINE_SUPPLY, high);
	commit(s, st);
}

int
sim_set_ack_delay(struct sim *s, uint64_t ns)
{
	struct sim_state *st = begin(s);

	if (st == NULL)
		return HAL_EIO;
	st->frame.ack_delay = ns;
	commit(s, st);
	return 0;
}

int
sim_set_nack_busy(struct sim *s, bool on)
{
	struct sim_state *st = begin(s);

	if (st == NULL)
		return HAL_EIO;
	st->reg.nack_busy = on;
	commit(s, st);
	return 0;
}

int
sim_set_app(struct sim *s, unsigned switches)
{
	struct sim_state *st = begin(s);

	if (st == NULL)
		return HAL_EIO;
	st->app.switches = switches;
	commit(s, st);
	return 0;
}

int
sim_set_shield(struct sim *s, unsigned switches)
{
	struct sim_state *st = begin(s);

	if (st == NULL)
		return HAL_EIO;
	st->shield.switches = switches;
	commit(s, st);
	return 0;
}

int
sim_set_shield_choice(struct sim *s, const struct sim_shield_choice *choice)
{
	struct sim_state *st = begin(s);

	if (st == NULL)
		return HAL_EIO;
	st->shield.choice = *choice;
	st->shield.chosen = true;
	commit(s, st);
	return 0;
}

int
sim_set_shield_fault(struct sim *s, const struct sim_shield_fault *f)
{
	static const struct sim_shield_fault none;
	struct sim_state *st = begin(s);

	if (st == NULL)
		return HAL_EIO;
	st->shield.fault = f != NULL ? *f : none;
	st->shield.fault_seen = 0;
	commit(s, st);
	return 0;
}

int
sim_look(struct sim *s, struct sim_view *v)
{
	const struct sim_state *st = image_look(s->img);

	if (st == NULL)
		return HAL_EIO;
	v->counts = st->counts;
	v->max_khz = sim_reg_max_khz(st);
	v->addr = st->reg.addr;
	image_abort(s->img);
	return 0;
}
