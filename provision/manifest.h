/*
 * The manifest of a fleet: a CSV file with a line of column names, then a row for each chip. It is
 * read as a stream. Functions say why they failed, with line and column.
 */
#ifndef PROVISION_MANIFEST_H
#define PROVISION_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>

#include "provision/csv.h"

struct manifest_value {
	const char *name;
	const char *value; /* never empty */
};

/* Strings are valid until the next row is read; NULL: the row says nothing. */
struct manifest_row {
	size_t number; /* of the row, from 1; the names of columns do not count */
	size_t line;
	const char *device; /* selector of the module, as in OPTIGA_DEVICE */
	const char *token;  /* as --token takes it */
	const char *config;
	const char *slot;                             /* as --slot */
	struct manifest_value values[CSV_FIELDS_MAX]; /* other columns, for --set */
	size_t nvalues;
};

struct manifest;

/* "-": standard input. NULL: said why. have_config: a row need not name one. */
struct manifest *manifest_open(const char *path, bool have_config);
void manifest_close(struct manifest **mp);

/* CSV_BAD: said why. */
enum csv_read manifest_next(struct manifest *m, struct manifest_row *row);

/* Names of the columns whose values --set takes; NULL: no more. */
const char *manifest_value_name(const struct manifest *m, size_t i);

/*
 * Reads all rows for their mistakes and counts them, then starts anew. What is no file but a pipe
 * can be read only once: nothing happens, and *np is 0.
 */
bool manifest_check(struct manifest *m, size_t *np);

#endif
