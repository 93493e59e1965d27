/*
 * Reset and supply lines of a chip on an i2c-dev adapter, through libgpiod 1.6.
 *
 * A line that is released has no defined level, so it is held for as long as the bus is open. A
 * line has one holder on the whole machine: of several processes that share a chip the first has
 * it, and the others do without until they can have it.
 */
#include <config.h>

#include <errno.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"

struct bus_line {
	const char *key;
	const char *spec;
	struct gpiod_chip *chip;
	struct gpiod_line *line;
	bool held;
};

static int
refused(const struct bus_line *l, const char *hint)
{
	const int err = errno;

	log_error("i2c: %s=%s: %s%s", l->key, l->spec, strerror(err),
	    err == EACCES || err == EPERM ? "; join group gpio" : hint);
	return bus_errno(err);
}

/* Asks for the line; that another process has it is no failure. */
static int
hold(struct bus_line *l)
{
	if (l->held)
		return 0;
	if (gpiod_line_request_output(l->line, PACKAGE_NAME, 1) == 0) {
		l->held = true;
		return 0;
	}
	if (errno != EBUSY)
		return refused(l, "");
	log_info("i2c: %s=%s is held by another process", l->key, l->spec);
	return HAL_ENOTSUP;
}

int
bus_line_open(const char *key, const char *spec, struct bus_line **lp)
{
	const char *slash = strrchr(spec, '/');
	struct bus_line *l;
	char *chip, *end;
	unsigned long offset;
	int r = 0;

	*lp = NULL;
	if (slash == NULL || slash == spec || slash[1] < '0' || slash[1] > '9' ||
	    (offset = strtoul(slash + 1, &end, 10)) > 0xFFFF || *end != '\0') {
		log_error("i2c: %s=%s: must be a GPIO chip and a line of it, as in gpiochip0/17",
		    key, spec);
		return HAL_EINVAL;
	}
	if ((l = calloc(1, sizeof(*l))) == NULL)
		return HAL_ENOMEM;
	*lp = l;
	l->key = key;
	l->spec = spec;
	if ((chip = strndup(spec, (size_t)(slash - spec))) == NULL)
		return HAL_ENOMEM;
	/* By path, by name as in gpiochip0, by number, or by the chip's label. */
	l->chip = gpiod_chip_open_lookup(chip);
	free(chip);
	if (l->chip == NULL)
		return refused(l, "; gpiodetect lists the chips");
	if ((l->line = gpiod_chip_get_line(l->chip, (unsigned)offset)) == NULL)
		return refused(l, "; gpioinfo lists the lines");
	r = hold(l);
	return r == HAL_ENOTSUP ? 0 : r;
}

int
bus_line_set(struct bus_line *l, bool high)
{
	int r;

	if ((r = hold(l)) != 0)
		return r;
	return gpiod_line_set_value(l->line, high) == 0 ? 0 : refused(l, "");
}

void
bus_line_close(struct bus_line **lp)
{
	struct bus_line *l = *lp;

	if (l == NULL)
		return;
	/* Closing the chip releases the line. */
	if (l->chip != NULL)
		gpiod_chip_close(l->chip);
	free(l);
	*lp = NULL;
}
