/* Answers for libgpiod, see bus_gpio.h. A program's own functions go before a library's. */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <gpiod.h>
#include <stdio.h>
#include <string.h>

#include "hal/bus/ops.h"
#include "tests/unit/bus_gpio.h"

struct gpio gpio;

static struct gpiod_chip *const the_chip = (struct gpiod_chip *)&gpio;
static struct gpiod_line *const the_line = (struct gpiod_line *)&gpio.offset;

static void
tell(char what)
{
	gpio.story[strlen(gpio.story)] = what;
}

struct gpiod_chip *
gpiod_chip_open_lookup(const char *descr)
{
	snprintf(gpio.chip, sizeof(gpio.chip), "%s", descr);
	errno = gpio.chip_errno;
	return errno != 0 ? NULL : the_chip;
}

void
gpiod_chip_close(struct gpiod_chip *chip)
{
	ck_assert_ptr_eq(chip, the_chip);
	tell('C');
	gpio.held = false;
}

struct gpiod_line *
gpiod_chip_get_line(struct gpiod_chip *chip, unsigned int offset)
{
	ck_assert_ptr_eq(chip, the_chip);
	gpio.offset = offset;
	errno = gpio.line_errno;
	return errno != 0 ? NULL : the_line;
}

int
gpiod_line_request_output(struct gpiod_line *line, const char *consumer, int default_val)
{
	ck_assert_ptr_eq(line, the_line);
	ck_assert_str_eq(consumer, "optiga-pkcs11");
	ck_assert_int_eq(default_val, 1);
	ck_assert(!gpio.held);
	errno = gpio.request_errno;
	if (errno != 0)
		return -1;
	gpio.held = true;
	tell('R');
	return 0;
}

int
gpiod_line_set_value(struct gpiod_line *line, int value)
{
	ck_assert_ptr_eq(line, the_line);
	ck_assert(gpio.held);
	errno = gpio.set_errno;
	if (errno != 0)
		return -1;
	tell(value ? '1' : '0');
	if (value == 0)
		gpio.low_at = bus_clock_now(NULL);
	else
		gpio.low_ns = bus_clock_now(NULL) - gpio.low_at;
	return 0;
}
