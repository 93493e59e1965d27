/* Settings of other programs for a key on a token, from templates. */
#ifndef PROVISION_EXPORT_H
#define PROVISION_EXPORT_H

#include <stdbool.h>
#include <stddef.h>

/* How values are written into a template. */
enum export_syntax {
	EXPORT_LINES, /* as they are */
	EXPORT_SHELL, /* in single quotes */
	EXPORT_JSON,  /* as strings of JSON, which YAML takes too */
};

struct export_row {
	const char *name;
	const char *text; /* for --help */
	enum export_syntax syntax;
	const char *template; /* @NAME@ stands for a value */
};

/* NULL past the last. */
const struct export_row *export_row(size_t i);
const struct export_row *export_find(const char *name);

struct export_value {
	const char *name;
	const char *value;
	bool number; /* written without quotes */
};

/*
 * The template filled in; malloc'ed. NULL: no memory, or a value that cannot be written there
 * (*bad names it).
 */
char *export_fill(
    const struct export_row *row, const struct export_value *values, size_t n, const char **bad);

#endif
