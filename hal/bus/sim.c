/* sim:FILE, a simulated chip in this process. The only file that knows the simulator. */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"
#include "hal/sim/sim.h"

_Static_assert(sizeof(struct bus_shared) <= 256, "it fits the simulator's host area");

/* The file opened for the lock must be the one the simulator has. */
static bool
same_file(int a, int b)
{
	struct stat sa, sb;

	return fstat(a, &sa) == 0 && fstat(b, &sb) == 0 && sa.st_dev == sb.st_dev &&
	       sa.st_ino == sb.st_ino;
}

static int
sim_bus_open(struct bus *b)
{
	static const enum sim_time modes[] = {
		[BUS_TIME_IDLE] = SIM_TIME_IDLE,
		[BUS_TIME_VIRTUAL] = SIM_TIME_VIRTUAL,
		[BUS_TIME_REAL] = SIM_TIME_REAL,
	};
	struct sim *s = NULL;
	int r;

	if ((r = sim_open(b->target, modes[b->time], &s)) != 0) {
		if (r == HAL_ENODEV)
			log_error(
			    "sim: %s; make one with: optiga-sim create %s", sim_error(), b->target);
		else
			log_error("sim: %s", sim_error());
		return r;
	}
	b->priv = s;
	if (bus_lock_open(b, b->target, 0) != 0) {
		log_error("sim: %s: cannot be opened for its lock: %s", b->target, strerror(errno));
		return bus_errno(errno);
	}
	if (!same_file(b->lock_fd, sim_fd(s))) {
		log_error("sim: %s: was replaced while it was being opened; try again", b->target);
		return HAL_EIO;
	}
	b->shared = sim_host_area(s);
	sim_set_khz(s, b->khz);
	return 0;
}

static void
sim_bus_close(struct bus *b)
{
	struct sim *s = b->priv;

	sim_close(&s);
	b->priv = NULL;
}

static int
sim_bus_write(struct bus *b, const uint8_t *data, size_t len)
{
	return sim_write(b->priv, b->addr, data, len);
}

static int
sim_bus_read(struct bus *b, uint8_t *data, size_t len)
{
	return sim_read(b->priv, b->addr, data, len);
}

static uint64_t
sim_bus_now(struct bus *b)
{
	return sim_now(b->priv);
}

static int
sim_bus_sleep(struct bus *b, uint64_t ns)
{
	sim_sleep(b->priv, ns);
	return 0;
}

static int
sim_bus_set_khz(struct bus *b, unsigned khz)
{
	sim_set_khz(b->priv, khz);
	return 0;
}

static int
sim_bus_reset_line(struct bus *b)
{
	sim_line(b->priv, SIM_LINE_RESET, false);
	sim_sleep(b->priv, BUS_RESET_LOW);
	sim_line(b->priv, SIM_LINE_RESET, true);
	return 0;
}

/* A chip is taken away by removing or replacing its file. */
static bool
sim_bus_present(const struct bus *b)
{
	struct stat now, ours;

	return stat(b->target, &now) == 0 && fstat(b->lock_fd, &ours) == 0 &&
	       now.st_dev == ours.st_dev && now.st_ino == ours.st_ino;
}

const struct bus_ops bus_sim_ops = {
	.scheme = "sim",
	.open = sim_bus_open,
	.close = sim_bus_close,
	.write = sim_bus_write,
	.read = sim_bus_read,
	.now = sim_bus_now,
	.sleep = sim_bus_sleep,
	.set_khz = sim_bus_set_khz,
	.reset_line = sim_bus_reset_line,
	.present = sim_bus_present,
};
