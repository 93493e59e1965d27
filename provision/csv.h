/*
 * Comma-separated values (RFC 4180), read and written as a stream: memory does not grow with the
 * number of rows. Lines end in LF or CRLF, a UTF-8 byte order mark and empty lines are skipped.
 */
#ifndef PROVISION_CSV_H
#define PROVISION_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CSV_FIELDS_MAX 64U
#define CSV_ROW_MAX    65536U /* bytes */

enum csv_read {
	CSV_END,
	CSV_ROW,
	CSV_BAD, /* csv_why and csv_at say what and where; reading cannot go on */
};

/* A place in the file, from 1; columns are characters. */
struct csv_at {
	size_t line, column;
};

struct csv;

/* NULL: no memory. The stream stays the caller's. */
struct csv *csv_new(FILE *f);
void csv_free(struct csv **cp);

/* The next row; fields are valid until the next call. */
enum csv_read csv_next(struct csv *c);
size_t csv_count(const struct csv *c);
const char *csv_field(const struct csv *c, size_t i);
struct csv_at csv_field_at(const struct csv *c, size_t i);

const char *csv_why(const struct csv *c);
struct csv_at csv_at(const struct csv *c);

/* A row of n values; NULL is an empty one. Lines end in CRLF. False: not written. */
bool csv_write(FILE *f, const char *const *values, size_t n);

#endif
