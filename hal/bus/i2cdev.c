/*
 * i2c:NODE or i2c:N, an adapter of the Linux kernel through i2c-dev.
 *
 * Writing and reading are separate calls, START to STOP each: two messages in one request would
 * be joined by a repeated start, which the chip does not know. The clock is the device tree's
 * and cannot be asked; the selector's khz states it.
 *
 * No errno tells a refused address from a bus fault on every adapter (transports 3.2): all that
 * mean either are taken for a refusal, and the frames' checksums find the rest.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"

/* The kernel takes no more in one call. */
#define TRANSFER_MAX 8192

/* hid-ft260 splits longer writes into several transfers, or refuses them, as the kernel's
 * version has it: register byte and frame must fit one report of 60. */
#define FT260_FRAME_MAX 59

struct i2c {
	int fd;
	char *node;
	char name[64]; /* of the adapter, empty if unknown */
	char where[PATH_MAX];
	bool stuck; /* the last transfer ran into the adapter's time limit */
	struct bus_line *reset, *vdd;
};

static int
find_node(struct bus *b, char **node)
{
	const char *t = b->target;

	if (t[strspn(t, "0123456789")] == '\0')
		return asprintf(node, "/dev/i2c-%s", t) < 0 ? HAL_ENOMEM : 0;
	if (t[0] != '/') {
		log_error("%s: \"%s\" is neither the number of an adapter nor a path, as in i2c:1 "
			  "or i2c:/dev/i2c-1",
		    b->selector, t);
		return HAL_EINVAL;
	}
	return (*node = strdup(t)) == NULL ? HAL_ENOMEM : 0;
}

/* "i2c-N" for a node, also behind a link with another name; NULL if it has no such name. */
static const char *
adapter_of(const char *node, char real[PATH_MAX])
{
	const char *base = strrchr(node, '/') + 1;

	if (strncmp(base, "i2c-", 4) == 0)
		return base;
	if (realpath(node, real) == NULL)
		return NULL;
	base = strrchr(real, '/') + 1;
	return strncmp(base, "i2c-", 4) == 0 ? base : NULL;
}

static void
read_name(struct i2c *i)
{
	char path[PATH_MAX + 32], real[PATH_MAX];
	const char *adapter = adapter_of(i->node, real);
	FILE *f;

	if (adapter == NULL)
		return;
	(void)snprintf(path, sizeof(path), "/sys/class/i2c-dev/%s/name", adapter);
	if ((f = fopen(path, "re")) == NULL)
		return;
	if (fgets(i->name, sizeof(i->name), f) != NULL)
		i->name[strcspn(i->name, "\n")] = '\0';
	(void)fclose(f);
}

static bool
adapter_exists(const char *node)
{
	char path[PATH_MAX + 32], real[PATH_MAX];
	const char *adapter = adapter_of(node, real);

	if (adapter == NULL)
		return false;
	(void)snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s", adapter);
	return access(path, F_OK) == 0;
}

static int
open_failed(const char *node)
{
	const int err = errno;
	const char *hint = "";

	if (err == ENOENT)
		hint = adapter_exists(node) ? "; load the module: modprobe i2c-dev"
					    : "; on a Raspberry Pi enable I2C (dtparam=i2c_arm=on)";
	else if (err == EACCES)
		hint = "; join group i2c";
	log_error("i2c: %s: %s%s", node, err == ENOENT ? "no such file" : strerror(err), hint);
	return bus_errno(err);
}

static int
set_up_adapter(struct bus *b, struct i2c *i)
{
	unsigned long funcs = 0;

	if (ioctl(i->fd, I2C_FUNCS, &funcs) != 0) {
		log_error("i2c: %s is not an I2C device", i->node);
		return errno == ENODEV ? HAL_ENODEV : HAL_EINVAL;
	}
	read_name(i);
	if ((funcs & I2C_FUNC_I2C) == 0) {
		log_error("i2c: %s (%s) can do SMBus only", i->node,
		    i->name[0] != '\0' ? i->name : "an unnamed adapter");
		return HAL_ENOTSUP;
	}
	if (ioctl(i->fd, I2C_SLAVE, (unsigned long)b->addr) != 0) {
		const int err = errno;

		if (err == EBUSY)
			log_error("i2c: address 0x%02x on %s is in use by a kernel driver", b->addr,
			    i->node);
		else
			log_error("i2c: %s: address 0x%02x: %s", i->node, b->addr, strerror(err));
		return err == EBUSY ? HAL_EBUSY : bus_errno(err);
	}
	if (strncmp(i->name, "FT260", 5) == 0 && b->frame_max > FT260_FRAME_MAX) {
		log_info("i2c: %s is %s: frames of %d bytes", i->node, i->name, FT260_FRAME_MAX);
		b->frame_max = FT260_FRAME_MAX;
	}
	return 0;
}

static int
i2c_open(struct bus *b)
{
	struct i2c *i = calloc(1, sizeof(*i));
	int r;

	if (i == NULL)
		return HAL_ENOMEM;
	i->fd = -1;
	b->priv = i;
	b->khz = b->khz_wanted;
	if ((r = find_node(b, &i->node)) != 0)
		return r;
	(void)snprintf(i->where, sizeof(i->where), " on %s", i->node);
	if ((i->fd = open(i->node, O_RDWR | O_CLOEXEC | O_NOCTTY)) < 0)
		return open_failed(i->node);
	if ((r = set_up_adapter(b, i)) != 0 || (r = bus_real_lock(b, i->node)) != 0)
		return r;
	if (b->vdd != NULL && (r = bus_line_open("vdd", b->vdd, &i->vdd)) != 0)
		return r;
	return b->reset != NULL ? bus_line_open("reset", b->reset, &i->reset) : 0;
}

static void
i2c_close(struct bus *b)
{
	struct i2c *i = b->priv;

	b->priv = NULL;
	if (i == NULL)
		return;
	bus_line_close(&i->reset);
	bus_line_close(&i->vdd);
	if (i->fd >= 0)
		(void)close(i->fd);
	free(i->node);
	free(i);
}

/* The second time in a row it is no accident, and every further attempt would take seconds. */
static int
timed_out(struct i2c *i)
{
	if (!i->stuck) {
		i->stuck = true;
		return HAL_EIO;
	}
	i->stuck = false;
	log_error("i2c: bus %s is stuck (%s); SDA or SCL held low", i->node, strerror(ETIMEDOUT));
	return HAL_ENODEV;
}

static int
result(struct bus *b, ssize_t n, size_t len)
{
	struct i2c *i = b->priv;
	const int err = errno;

	if (n < 0 && err == ETIMEDOUT)
		return timed_out(i);
	i->stuck = false;
	if (n >= 0) {
		if ((size_t)n != len)
			log_debug("i2c: %s: %zd of %zu bytes", i->node, n, len);
		return bus_real_result(b, (size_t)n == len ? 0 : HAL_EIO, i->where, NULL);
	}
	switch (err) {
	case ENXIO:
	case EREMOTEIO:
	case EIO:
	case EAGAIN: return bus_real_result(b, HAL_ENACK, i->where, strerror(err));
	case ENODEV: return bus_real_gone(b, i->node);
	default: log_error("i2c: %s: %s", i->node, strerror(err)); return HAL_ENODEV;
	}
}

static int
i2c_write(struct bus *b, const uint8_t *data, size_t len)
{
	const struct i2c *i = b->priv;

	if (len > TRANSFER_MAX)
		return HAL_EINVAL;
	return result(b, write(i->fd, data, len), len);
}

static int
i2c_read(struct bus *b, uint8_t *data, size_t len)
{
	const struct i2c *i = b->priv;

	if (len > TRANSFER_MAX)
		return HAL_EINVAL;
	return result(b, read(i->fd, data, len), len);
}

static int
i2c_reset_line(struct bus *b)
{
	const struct i2c *i = b->priv;
	struct bus_line *l = i->reset != NULL ? i->reset : i->vdd;
	int r, r2;

	if (l == NULL)
		return HAL_ENOTSUP;
	if ((r = bus_line_set(l, false)) != 0)
		return r;
	r = bus_clock_sleep(b, i->reset != NULL ? BUS_RESET_LOW : BUS_VDD_LOW);
	r2 = bus_line_set(l, true);
	return r != 0 ? r : r2;
}

const struct bus_ops bus_i2c_ops = {
	.scheme = "i2c",
	.open = i2c_open,
	.close = i2c_close,
	.write = i2c_write,
	.read = i2c_read,
	.now = bus_clock_now,
	.sleep = bus_clock_sleep,
	.reset_line = i2c_reset_line,
};
