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

struct scheme {
	const char *scheme;
	const struct bus_ops *ops;
	bool alone;            /* may be written without a target: the only one there is */
	unsigned khz, khz_min; /* default and least */
	unsigned long frame;   /* default and most */
};

static const struct scheme schemes[] = {
	{ "sim", &bus_sim_ops, false, 400, 10, 277 },
	{ "bus", &bus_sock_ops, false, 400, 10, 277 },
	/* The adapter's clock cannot be set; what it is without further ado. */
	{ "i2c", &bus_i2c_ops, false, 100, 10, 277 },
	/* Register byte and frame in one report. */
	{ "ft260", &bus_ft260_ops, true, 400, 60, 59 },
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
set_addr(struct bus *b, const struct scheme *sc, const char *value)
{
	unsigned long v;

	(void)sc;
	/* 00-07 and 78-7F are reserved by the I2C specification. */
	if (!number(value, 0x08, 0x77, &v))
		return false;
	b->addr = (uint8_t)v;
	return true;
}

static bool
set_khz(struct bus *b, const struct scheme *sc, const char *value)
{
	unsigned long v;

	if (!number(value, sc->khz_min, 1000, &v))
		return false;
	b->khz_wanted = (unsigned)v;
	return true;
}

static bool
set_frame(struct bus *b, const struct scheme *sc, const char *value)
{
	unsigned long v;

	if (!number(value, 16, sc->frame, &v))
		return false;
	b->frame_max = v;
	return true;
}

static bool
set_time(struct bus *b, const struct scheme *sc, const char *value)
{
	static const char *const names[] = {
		[BUS_TIME_IDLE] = "idle",
		[BUS_TIME_VIRTUAL] = "virtual",
		[BUS_TIME_REAL] = "real",
	};

	(void)sc;
	for (size_t i = 0; i < NITEMS(names); i++)
		if (strcmp(value, names[i]) == 0) {
			b->time = (enum bus_time)i;
			return true;
		}
	return false;
}

/* Lines are looked at when they are opened. */
static bool
set_line(char **line, const char *value)
{
	return value[0] != '\0' && (*line = strdup(value)) != NULL;
}

static bool
set_reset(struct bus *b, const struct scheme *sc, const char *value)
{
	(void)sc;
	return set_line(&b->reset, value);
}

static bool
set_vdd(struct bus *b, const struct scheme *sc, const char *value)
{
	(void)sc;
	return set_line(&b->vdd, value);
}

static const struct key {
	const char *name;
	const char *schemes; /* which have it, as a person reads them; NULL: all */
	bool (*set)(struct bus *b, const struct scheme *sc, const char *value);
	const char *values; /* NULL: the scheme has its own limits */
} keys[] = {
	{ "addr", NULL, set_addr, "an I2C address, 0x08 to 0x77" },
	{ "khz", NULL, set_khz, NULL },
	{ "frame", NULL, set_frame, NULL },
	{ "reset", "i2c: and ft260:", set_reset, "a line" },
	{ "vdd", "i2c: and ft260:", set_vdd, "a line" },
	{ "time", "sim:", set_time, "idle, virtual or real" },
};

static int
bad_value(const struct bus *b, const struct scheme *sc, const struct key *k, const char *value)
{
	char limits[32] = "";

	if (k->set == set_khz)
		(void)snprintf(limits, sizeof(limits), "%u to 1000", sc->khz_min);
	else if (k->set == set_frame)
		(void)snprintf(limits, sizeof(limits), "16 to %lu", sc->frame);
	log_error("%s: \"%s=%s\": must be %s", b->selector, k->name, value,
	    k->values != NULL ? k->values : limits);
	return HAL_EINVAL;
}

static bool
key_fits(const struct key *k, const struct scheme *sc)
{
	const char *at;

	if (k->schemes == NULL)
		return true;
	at = strstr(k->schemes, sc->scheme);
	return at != NULL && at[strlen(sc->scheme)] == ':';
}

static int
one_key(struct bus *b, const struct scheme *sc, const char *name, const char *value, unsigned *seen)
{
	for (size_t i = 0; i < NITEMS(keys); i++) {
		const struct key *k = &keys[i];

		if (strcmp(name, k->name) != 0)
			continue;
		if (!key_fits(k, sc)) {
			log_error("%s: key \"%s\" is for %s only", b->selector, name, k->schemes);
			return HAL_EINVAL;
		}
		if ((*seen & 1U << i) != 0) {
			log_error("%s: key \"%s\" is given twice", b->selector, name);
			return HAL_EINVAL;
		}
		*seen |= 1U << i;
		return k->set(b, sc, value) ? 0 : bad_value(b, sc, k, value);
	}
	log_error("%s: unknown key \"%s\"; known are addr, khz, frame, (sim: only) time and (i2c: "
		  "and ft260: only) reset and vdd",
	    b->selector, name);
	return HAL_EINVAL;
}

static int
parse_keys(struct bus *b, const struct scheme *sc, char *text)
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
		if ((r = one_key(b, sc, item, value, &seen)) != 0)
			return r;
	}
	return 0;
}

static const struct scheme *
parse_scheme(struct bus *b, const char *scheme)
{
	for (size_t i = 0; i < NITEMS(schemes); i++) {
		const struct scheme *sc = &schemes[i];

		if (strcmp(scheme, sc->scheme) != 0)
			continue;
		b->ops = sc->ops;
		b->khz_wanted = sc->khz;
		b->frame_max = sc->frame;
		return sc;
	}
	log_error("%s: unknown device type \"%s\"; known are sim:, bus:, i2c: and ft260:",
	    b->selector, scheme);
	return NULL;
}

int
bus_parse_selector(struct bus *b)
{
	char *colon, *query, *text = strdup(b->selector);
	const struct scheme *sc;
	int r = HAL_EINVAL;

	if (text == NULL)
		return HAL_ENOMEM;
	/* A colon behind a slash belongs to a path, not to a scheme. */
	if ((colon = text + strcspn(text, ":/"))[0] != ':') {
		log_error(
		    "\"%s\" does not say what kind of device it is; write sim:FILE for a simulated "
		    "chip, bus:PATH for a bus socket, i2c:/dev/i2c-N or ft260:",
		    b->selector);
		goto out;
	}
	*colon = '\0';
	if ((sc = parse_scheme(b, text)) == NULL)
		goto out;
	if ((query = strchr(colon + 1, '?')) != NULL)
		*query++ = '\0';
	if (!percent_decode(colon + 1)) {
		log_error("%s: bad percent escape in the path", b->selector);
		goto out;
	}
	if (colon[1] == '\0' && !sc->alone) {
		log_error("%s: no path after \"%s:\"", b->selector, text);
		goto out;
	}
	if ((b->target = strdup(colon + 1)) == NULL)
		r = HAL_ENOMEM;
	else
		r = query != NULL ? parse_keys(b, sc, query) : 0;
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
	bus_trace_open(b);
	*busp = b;
	b = NULL;
out:
	if (r == HAL_ENOMEM)
		log_error("%s: out of memory", selector);
	bus_close(&b);
	return r;
}
