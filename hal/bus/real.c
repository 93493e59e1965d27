/*
 * What the drivers of real devices have in common: the machine's clock, the lock on the device
 * node, the record in /run/optiga, and what a person reads when nothing answers.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"

/* Late acknowledge ends within 100 ms (IFX I2C 2.5); a longer pause of ours starts afresh. */
#define REFUSED_MAX   BUS_MS(100)
#define REFUSED_PAUSE BUS_MS(1000)

/* Made by tmpfiles.d, writable by the group that may use the devices. */
const char *bus_record_dir = RECORD_DIR;

uint64_t
bus_clock_now(struct bus *b)
{
	struct timespec ts;

	(void)b;
	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

int
bus_clock_sleep(struct bus *b, uint64_t ns)
{
	const uint64_t end = bus_clock_now(b) + ns;
	const struct timespec ts = { (time_t)(end / 1000000000), (long)(end % 1000000000) };

	/* An absolute time, so that signals do not lengthen the sleep. */
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
	return 0;
}

/*
 * A node is made anew with every plugging-in; its times change with its permissions, except the
 * time it was made. Never 0, so that a new record is started for the first device too.
 */
static uint64_t
identity(const struct statx *st)
{
	uint64_t id = st->stx_ino * 0x9E3779B97F4A7C15;

	id ^= (uint64_t)st->stx_dev_major << 32 | st->stx_dev_minor;
	if ((st->stx_mask & STATX_BTIME) != 0)
		id ^= (uint64_t)st->stx_btime.tv_sec * 1000000000 + st->stx_btime.tv_nsec;
	return id != 0 ? id : 1;
}

bool
bus_real_same_node(const struct bus *b)
{
	struct statx st;
	int fd, r;

	if (b->node_path == NULL)
		return true;
	/* Without opening the device. */
	if ((fd = open(b->node_path, O_PATH | O_CLOEXEC)) < 0)
		return false;
	r = statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st);
	(void)close(fd);
	return r == 0 && identity(&st) == b->node;
}

/*
 * Others of the directory's group share the file, whatever the umask of the first. Not O_CREAT
 * alone: kernels may refuse that for a file of somebody else.
 */
static int
open_record(const char *path)
{
	const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	int fd;

	for (int tries = 0; tries < 3; tries++) {
		if ((fd = open(path, flags)) >= 0 || errno != ENOENT)
			return fd;
		if ((fd = open(path, flags | O_CREAT | O_EXCL, 0660)) >= 0) {
			(void)fchmod(fd, 0660);
			return fd;
		}
	}
	return -1;
}

/* One record per chip: the node's name and the address. */
static int
attach_record(struct bus *b, const char *node)
{
	const char *slash = strrchr(node, '/'), *name = slash != NULL ? slash + 1 : node;
	struct stat st;
	char *path;
	int fd, r = 0;

	if (stat(bus_record_dir, &st) != 0 && errno == ENOENT) {
		log_info("%s: no %s, so every turn starts by asking the chip", b->selector,
		    bus_record_dir);
		return 0;
	}
	if (asprintf(&path, "%s/%s-%02x.record", bus_record_dir, name, b->addr) < 0)
		return HAL_ENOMEM;
	if ((fd = open_record(path)) < 0 || bus_lock_map(b, fd) != 0) {
		const int err = errno;

		r = bus_errno(err);
		log_error("%s: %s: %s; programs that share the chip need this file%s", b->selector,
		    path, strerror(err), err == EACCES ? ", join group " DEVICE_GROUP : "");
	}
	if (fd >= 0)
		(void)close(fd);
	free(path);
	return r;
}

int
bus_real_lock(struct bus *b, const char *node)
{
	struct statx st;

	free(b->node_path);
	if ((b->node_path = strdup(node)) == NULL)
		return HAL_ENOMEM;
	if (bus_lock_open(b, node, 0) != 0 ||
	    statx(b->lock_fd, "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &st) != 0) {
		log_error(
		    "%s: %s cannot be opened for its lock: %s", b->selector, node, strerror(errno));
		return bus_errno(errno);
	}
	b->node = identity(&st);
	return attach_record(b, node);
}

int
bus_real_result(struct bus *b, int r, const char *where, const char *why)
{
	uint64_t now;

	if (r != HAL_ENACK) {
		b->refused_since = 0;
		b->refused_said = false;
		return r;
	}
	now = bus_clock_now(b);
	if (b->refused_since == 0 || now - b->refused_last > REFUSED_PAUSE)
		b->refused_since = now;
	b->refused_last = now;
	if (now - b->refused_since < REFUSED_MAX || b->refused_said)
		return r;
	b->refused_said = true;
	if (why != NULL)
		log_error("%s: no answer at 0x%02x%s for 100 ms (%s)", b->ops->scheme, b->addr,
		    where, why);
	else
		log_error("%s: no answer at I2C address 0x%02x%s for 100 ms; check supply, wiring "
			  "and reset",
		    b->ops->scheme, b->addr, where);
	return r;
}

int
bus_real_gone(struct bus *b, const char *what)
{
	if (!b->gone)
		log_error("%s: %s was unplugged", b->ops->scheme, what);
	b->gone = true;
	return HAL_ENODEV;
}
