/*
 * Recorded bus events, for "optiga-sim decode" and "optiga-sim replay": what OPTIGA_TRACE and
 * "optiga-sim serve --log" write, one JSON object a line.
 */
#ifndef HAL_SIM_TRACE_H
#define HAL_SIM_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TRACE_DATA_MAX 1024

struct trace_event {
	unsigned line; /* of the file, from 1 */
	char dir;      /* W, R, Z, M */
	uint8_t data[TRACE_DATA_MAX];
	size_t shown; /* bytes in data */
	size_t n;     /* bytes on the wire: the rest was left out */
	bool nack, failed;
	double t_us;
	char source[96]; /* who: process, connection, scenario, mark; for headings */
};

/* Which events of a file are meant: NULL, 0: all of them. */
struct trace_filter {
	const char *variant, *scenario;
	long pid, conn;
};

/*
 * Reads the whole file. 0, or PROG_FAILED with the message said; *eventsp is freed by the caller,
 * its secrets are not in it.
 */
int trace_load(
    const char *path, const struct trace_filter *f, struct trace_event **eventsp, size_t *np);

/* Takes the options --variant, --scenario, --pid, --conn out of getopt_long's hands. */
bool trace_filter_option(int c, const char *arg, struct trace_filter *f);
#define TRACE_FILTER_OPTIONS                                                                       \
	{ "variant", required_argument, NULL, 'V' }, { "scenario", required_argument, NULL, 'S' }, \
	    { "pid", required_argument, NULL, 'P' },                                               \
	{                                                                                          \
		"conn", required_argument, NULL, 'C'                                               \
	}

/* What the words of one event depend on: the events before it. All zero at first. */
struct trace_words {
	uint8_t reg;
	uint8_t cmd; /* the last plain command; 0: not known */
	uint8_t param;
	uint16_t oid;
	bool sealed; /* it was encrypted */
};

/* One event in the manual's words, several lines, each ended, none of them with a secret. */
void trace_say(FILE *out, struct trace_words *w, const struct trace_event *e);

#endif
