/* What the tool says, kept for tests to look at. Defines prov_error and its family itself. */
#ifndef TESTS_UNIT_TEST_PROV_UTIL_H
#define TESTS_UNIT_TEST_PROV_UTIL_H

#include <check.h>

/* All said since the last said_clear: "error: ...\n", "hint: ...\n", "warning: ...\n". */
const char *said(void);
void said_clear(void);

/* A directory of the test's own, removed with all that is in it by scratch_remove. */
const char *scratch_dir(void);
void scratch_remove(void);

/* "DIR/name", until the next call but three. */
const char *scratch_file(const char *name);
void scratch_write(const char *name, const char *text);

/* Runs one suite of one case. */
int run_case(const char *name, TCase *tc);

#endif
