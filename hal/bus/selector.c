/*
 * Selectors: scheme ":" target [ "?" key "=" value { "&" key "=" value } ], and bus_open.
 * Nothing is guessed: a path without a scheme, an unknown scheme or an unknown key is an error
 * that names the known ones.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"

static const struct {
	const char *scheme;
	const struct bus_ops *ops; /* NULL: known, not in this version */
} schemes[] = {
	{ "sim", &bus_sim_ops },
	{ "bus", &bus_sock_ops },
	{ "i2c", NULL },
	{ "ft260", NULL },
};

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decodes in place; false for a bad escape or an encoded NUL. */
static bool
percent_decode(char *s)
{
	char *out = s;

	while (*s != '\0') {
		int hi, lo;

		if (*s != '%') {
			*out++ = *s++;
			continue;
		}
		if ((hi = hex_digit(s[1])) < 0 || (lo = hex_digit(s[2])) < 0 || (hi | lo) == 0)
			return false;
		*out++ = (char)(hi << 4 | lo);
		s += 3;
	}
	*out = '\0';
	return true;
}

static bool
number(const char *s, unsigned long min, unsigned long max, unsigned long *v)
{
	char *end;

	if (*s < '0' || *s > '9')
		return false;
	*v = strtoul(s, &end, strncmp(s, "0x", 2) == 0 ? 16 : 10);
	return *end == '\0' && *v >= min && *v <= max;
}

static bool
set_addr(struct bus *b, const char *value)
{
	unsigned long v;

	/* 00-07 and 78-7F are reserved by the I2C specification. */
	if (!number(value, 0x08, 0x77, &v))
		return false;
	b->addr = (uint8_t)v;
	return true;
}

static bool
set_khz(struct bus *b, const char *value)
{
	unsigned long v;

	if (!number(value, 10, 1000, &v))
		return false;
	b->khz_wanted = (unsigned)v;
	return true;
}

static bool
set_frame(struct bus *b, const char *value)
{
	unsigned long v;

	if (!number(value, 16, 277, &v))
		return false;
	b->frame_max = v;
	return true;
}

static bool
set_time(struct bus *b, const char *value)
{
	static const char *const names[] = {
		[BUS_TIME_IDLE] = "idle",
		[BUS_TIME_VIRTUAL] = "virtual",
		[BUS_TIME_REAL] = "real",
	};

	for (size_t i = 0; i < NITEMS(names); i++)
		if (strcmp(value, names[i]) == 0) {
			b->time = (enum bus_time)i;
			return true;
		}
	return false;
}

static const struct {
	const char *name;
	const char *scheme; /* the only one that has it, or NULL */
	bool (*set)(struct bus *b, const char *value);
	const char *values;
} keys[] = {
	{ "addr", NULL, set_addr, "an I2C address, 0x08 to 0x77" },
	{ "khz", NULL, set_khz, "10 to 1000" },
	{ "frame", NULL, set_frame, "16 to 277" },
	{ "time", "sim", set_time, "idle, virtual or real" },
};

static int
one_key(struct bus *b, const char *name, const char *value, unsigned *seen)
{
	for (size_t i = 0; i < NITEMS(keys); i++) {
		if (strcmp(name, keys[i].name) != 0)
			continue;
		if (keys[i].scheme != NULL && strcmp(keys[i].scheme, b->ops->scheme) != 0) {
			log_error(
			    "%s: key \"%s\" is for %s: only", b->selector, name, keys[i].scheme);
			return HAL_EINVAL;
		}
		if ((*seen & 1U << i) != 0) {
			log_error("%s: key \"%s\" is given twice", b->selector, name);
			return HAL_EINVAL;
		}
		*seen |= 1U << i;
		if (!keys[i].set(b, value)) {
			log_error(
			    "%s: \"%s=%s\": must be %s", b->selector, name, value, keys[i].values);
			return HAL_EINVAL;
		}
		return 0;
	}
	log_error("%s: unknown key \"%s\"; known are addr, khz, frame and (sim: only) time",
	    b->selector, name);
	return HAL_EINVAL;
}

static int
parse_keys(struct bus *b, char *text)
{
	unsigned seen = 0;
	char *item;
	int r;

	while ((item = strsep(&text, "&")) != NULL) {
		char *value = strchr(item, '=');

		if (value == NULL) {
			log_error(
			    "%s: \"%s\": a key needs a value, as in addr=0x30", b->selector, item);
			return HAL_EINVAL;
		}
		*value++ = '\0';
		if (!percent_decode(value)) {
			log_error("%s: value of \"%s\": bad percent escape", b->selector, item);
			return HAL_EINVAL;
		}
		if ((r = one_key(b, item, value, &seen)) != 0)
			return r;
	}
	return 0;
}

static int
parse_scheme(struct bus *b, const char *scheme)
{
	for (size_t i = 0; i < NITEMS(schemes); i++) {
		if (strcmp(scheme, schemes[i].scheme) != 0)
			continue;
		if (schemes[i].ops == NULL) {
			log_error(
			    "%s: this version has no driver for %s: yet; use sim:FILE or bus:PATH",
			    b->selector, scheme);
			return HAL_ENOTSUP;
		}
		b->ops = schemes[i].ops;
		return 0;
	}
	log_error("%s: unknown device type \"%s\"; known are sim:, bus:, i2c: and ft260:",
	    b->selector, scheme);
	return HAL_EINVAL;
}

int
bus_parse_selector(struct bus *b)
{
	char *colon, *query, *text = strdup(b->selector);
	int r = HAL_EINVAL;

	if (text == NULL)
		return HAL_ENOMEM;
	/* A colon behind a slash belongs to a path, not to a scheme. */
	if ((colon = text + strcspn(text, ":/"))[0] != ':') {
		log_error(
		    "\"%s\" does not say what kind of device it is; write sim:FILE for a simulated "
		    "chip or bus:PATH for a bus socket",
		    b->selector);
		goto out;
	}
	*colon = '\0';
	if ((r = parse_scheme(b, text)) != 0)
		goto out;
	if ((query = strchr(colon + 1, '?')) != NULL)
		*query++ = '\0';
	r = HAL_EINVAL;
	if (!percent_decode(colon + 1)) {
		log_error("%s: bad percent escape in the path", b->selector);
		goto out;
	}
	if (colon[1] == '\0') {
		log_error("%s: no path after \"%s:\"", b->selector, text);
		goto out;
	}
	if ((b->target = strdup(colon + 1)) == NULL)
		r = HAL_ENOMEM;
	else
		r = query != NULL ? parse_keys(b, query) : 0;
out:
	free(text);
	return r;
}

int
bus_open(const char *selector, struct bus **busp)
{
	struct bus *b = NULL;
	int r;

	*busp = NULL;
	if ((r = bus_new(NULL, NULL, &b)) != 0)
		goto out;
	if ((b->selector = strdup(selector)) == NULL) {
		r = HAL_ENOMEM;
		goto out;
	}
	if ((r = bus_parse_selector(b)) != 0) {
		b->ops = NULL; /* never opened */
		goto out;
	}
	if ((r = b->ops->open(b)) != 0)
		goto out;
	*busp = b;
	b = NULL;
out:
	if (r == HAL_ENOMEM)
		log_error("%s: out of memory", selector);
	bus_close(&b);
	return r;
}
