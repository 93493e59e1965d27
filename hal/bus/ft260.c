/*
 * ft260:[TARGET], an FT260 USB bridge through hidapi.
 *
 * Opening it changes nothing, since another program may be in the middle of its turn; clock, pins
 * and lines are set with the first transfer, which is under the lock.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ft260.h"

#define REPORT_VERSION 0xA0
#define VERSION_LEN    13

#define MODE_UART_ONLY 2

/* hidapi's own bookkeeping of devices and errors is not for several threads. */
static pthread_mutex_t hidapi_lock = PTHREAD_MUTEX_INITIALIZER;

/* hidapi's text does not tell its reasons apart, the kernel does. */
static int
try_node(const struct ft260 *f)
{
	const int fd = open(f->node, O_RDWR | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), err = errno;

	if (fd >= 0) {
		(void)close(fd);
		return 0;
	}
	log_error("ft260: %s: %s%s", f->node, strerror(err),
	    err == EACCES || err == EPERM
		? "; add a udev rule (70-optiga.rules) or join group " DEVICE_GROUP
		: "");
	return bus_errno(err);
}

static int
open_device(struct bus *b)
{
	struct ft260 *f = b->priv;
	int r;

	(void)pthread_mutex_lock(&hidapi_lock);
	if ((r = ft260_find(b->target, f)) == 0 && (r = try_node(f)) == 0 &&
	    (f->dev = hid_open_path(f->node)) == NULL) {
		log_error("ft260: %s: %ls", f->node, hid_error(NULL));
		r = HAL_EIO;
	}
	(void)pthread_mutex_unlock(&hidapi_lock);
	return r;
}

static int
check_board(struct bus *b)
{
	struct ft260 *f = b->priv;
	uint8_t v[VERSION_LEN], s[FT260_SETTINGS_LEN];
	int r;

	/* The version is for the log only. */
	if ((r = ft260_get(b, REPORT_VERSION, v, sizeof(v))) == HAL_ENODEV ||
	    (r = ft260_get(b, FT260_SYSTEM, s, sizeof(s))) != 0) {
		if (r == HAL_EIO)
			log_error("ft260: board at %s does not answer as an FT260 does", f->port);
		return r;
	}
	log_debug("ft260: %s: chip %02X%02X version %u.%u, mode %u", f->node, v[1], v[2], v[4],
	    v[3], s[FT260_CHIP_MODE]);
	if (s[FT260_CHIP_MODE] == MODE_UART_ONLY) {
		log_error(
		    "ft260: board at %s is strapped as UART only (DCNF mode 2), no I2C", f->port);
		return HAL_ENOTSUP;
	}
	return 0;
}

static int
ft260_bus_open(struct bus *b)
{
	struct ft260 *f = calloc(1, sizeof(*f));
	int r;

	if (f == NULL)
		return HAL_ENOMEM;
	b->priv = f;
	f->reset = f->vdd = -1;
	if ((b->reset != NULL && (f->reset = ft260_line("reset", b->reset)) < 0) ||
	    (b->vdd != NULL && (f->vdd = ft260_line("vdd", b->vdd)) < 0))
		return HAL_EINVAL;
	if ((r = open_device(b)) != 0 || (r = bus_real_lock(b, f->node)) != 0)
		return r;
	return check_board(b);
}

static void
ft260_bus_close(struct bus *b)
{
	struct ft260 *f = b->priv;

	b->priv = NULL;
	if (f == NULL)
		return;
	/* Never hid_exit: the application may use hidapi itself. */
	if (f->dev != NULL) {
		(void)pthread_mutex_lock(&hidapi_lock);
		hid_close(f->dev);
		(void)pthread_mutex_unlock(&hidapi_lock);
	}
	free(f);
}

/* Any program may have left any clock, and a bus in the middle of a transfer. */
static int
prepare(struct bus *b)
{
	struct ft260 *f = b->priv;
	uint8_t s[FT260_SETTINGS_LEN];
	int r;

	if (f->ready)
		return 0;
	if ((r = ft260_get(b, FT260_SYSTEM, s, sizeof(s))) != 0 ||
	    (s[FT260_I2C_ENABLE] == 0 && (r = ft260_request(b, FT260_SET_I2C_PINS, 1)) != 0) ||
	    (r = ft260_clock(b, b->khz)) != 0 || (r = ft260_free_bus(b)) != 0 ||
	    (f->vdd >= 0 && (r = ft260_line_set_up(b, f->vdd, s[FT260_UART_MODE])) != 0) ||
	    (f->reset >= 0 && (r = ft260_line_set_up(b, f->reset, s[FT260_UART_MODE])) != 0))
		return r;
	f->ready = true;
	return 0;
}

static int
ft260_bus_write(struct bus *b, const uint8_t *data, size_t len)
{
	int r;

	if (len > FT260_PAYLOAD)
		return HAL_EINVAL;
	if ((r = prepare(b)) != 0)
		return r;
	return bus_real_result(b, ft260_write(b, data, len), "", NULL);
}

static int
ft260_bus_read(struct bus *b, uint8_t *data, size_t len)
{
	int r;

	if (len > FT260_PAYLOAD)
		return HAL_EINVAL;
	if ((r = prepare(b)) != 0)
		return r;
	return bus_real_result(b, ft260_read(b, data, len), "", NULL);
}

/* Before the first transfer it is enough that the bus remembers. */
static int
ft260_bus_set_khz(struct bus *b, unsigned khz)
{
	const struct ft260 *f = b->priv;

	return f->ready ? ft260_clock(b, khz) : 0;
}

static int
ft260_bus_reset_line(struct bus *b)
{
	const struct ft260 *f = b->priv;
	int r;

	if (f->reset < 0 && f->vdd < 0)
		return HAL_ENOTSUP;
	if ((r = prepare(b)) != 0)
		return r;
	return f->reset >= 0 ? ft260_line_pulse(b, f->reset, BUS_RESET_LOW)
			     : ft260_line_pulse(b, f->vdd, BUS_VDD_LOW);
}

const struct bus_ops bus_ft260_ops = {
	.scheme = "ft260",
	.open = ft260_bus_open,
	.close = ft260_bus_close,
	.write = ft260_bus_write,
	.read = ft260_bus_read,
	.now = bus_clock_now,
	.sleep = bus_clock_sleep,
	.set_khz = ft260_bus_set_khz,
	.reset_line = ft260_bus_reset_line,
};
