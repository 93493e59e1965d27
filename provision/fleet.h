/*
 * Many boards at once: a worker process for each chip, so many at a time, and one report.
 *
 *	source	which chips: rows of a manifest, or all that are attached; read as a stream
 *	worker	our own program with "run --json" for one chip, its output and its end
 *	fleet	starts, tries again, stops; what to do next is decided here alone
 *	view	what people see meanwhile
 *	report	what is kept: a row for each chip, on the disk as soon as it is known
 *
 * Nothing is remembered between two runs: what was done is on the chips and in the cloud.
 */
#ifndef PROVISION_FLEET_H
#define PROVISION_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include <jansson.h>

#include "provision/manifest.h"
#include "provision/token.h"

#define FLEET_JOBS_MAX 256U

/* One chip, and what is wanted of it. */
struct fleet_chip {
	size_t number; /* of the row, from 1 */
	char *name;    /* for people */
	char *device;  /* for OPTIGA_DEVICE; NULL: as it is */
	char *token;   /* for --token; NULL: the only one there */
	char *config;  /* NULL: that of the command line */
	char *slot;    /* for --slot; NULL: as the configuration says */
	char **values; /* "NAME=VALUE" for --set; NULL ends them */
};

/* NULL: said why. */
struct fleet_chip *fleet_chip_of_row(const struct manifest_row *row);
void fleet_chip_free(struct fleet_chip **cp);
/* Whether both certainly or possibly are one chip, going by what they are called. */
bool fleet_chip_same(const struct fleet_chip *a, const struct fleet_chip *b);

/* Where chips come from. */
struct fleet_source;

enum fleet_next {
	FLEET_END,
	FLEET_CHIP,
	FLEET_BAD, /* said why; there is no more */
};

/* A manifest (NULL: said why), or all tokens that fit the options. */
struct fleet_source *fleet_source_manifest(const char *path, bool have_config);
struct fleet_source *fleet_source_attached(const struct token_options *opts);
void fleet_source_close(struct fleet_source **sp);
enum fleet_next fleet_source_next(struct fleet_source *s, struct fleet_chip **chipp);
/* Names of the values that its chips may have; NULL: no more. */
const char *fleet_source_value_name(const struct fleet_source *s, size_t i);
/* How many there are; 0: not known before the end. */
size_t fleet_source_total(const struct fleet_source *s);

/* How a chip came out. */
enum fleet_result {
	FLEET_DONE,    /* changed */
	FLEET_NOTHING, /* was so already */
	FLEET_FAILED,
	FLEET_LATER, /* stopped before its end, or its certificate is not there yet */
	FLEET_RESULTS,
};

/* What one chip's work came to. rows: one object for each slot that the worker told of, or one. */
struct fleet_outcome {
	const struct fleet_chip *chip;
	enum fleet_result result;
	json_t *rows;             /* array of objects with the members of fleet_columns */
	const char *error, *hint; /* NULL: none */
};

/* How workers are started. */
struct fleet_how {
	const char *program;      /* to execute */
	const char *const *words; /* its arguments before those of the chip; NULL ends them */
	const char *config;       /* for rows that name none */
	int pace_fd;              /* -1: none */
};

struct fleet_view;
struct fleet_report;

/* The whole. */
struct fleet {
	struct fleet_source *source;
	struct fleet_view *view;
	struct fleet_report *report; /* NULL: none wanted */
	struct fleet_how how;
	unsigned int jobs, attempts;
	unsigned int timeout; /* seconds for one attempt */
	double first_delay;   /* seconds before the second attempt; then twice as long each */
	size_t counts[FLEET_RESULTS];
	bool broken;  /* a manifest or report that fails: no more chips are begun */
	bool stopped; /* by a signal */
};

/* Until all chips are through. Signals in stop.h end it. */
void fleet_run(struct fleet *f);

#endif
