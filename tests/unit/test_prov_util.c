/* What tests of the tool share; see test_prov_util.h. */
#include <config.h>

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/msg.h"
#include "tests/unit/test_prov_util.h"

static char text[16384];
static char dir[64];

__attribute__((format(printf, 2, 0))) static void
keep(const char *lead, const char *fmt, va_list ap)
{
	size_t len = strlen(text);

	len += (size_t)snprintf(text + len, sizeof(text) - len, "%s: ", lead);
	ck_assert_uint_lt(len, sizeof(text));
	len += (size_t)vsnprintf(text + len, sizeof(text) - len, fmt, ap);
	ck_assert_uint_lt(len + 1, sizeof(text));
	text[len] = '\n';
	text[len + 1] = '\0';
}

#define KEEPER(function, lead)                                                                     \
	void function(const char *fmt, ...)                                                        \
	{                                                                                          \
		va_list ap;                                                                        \
                                                                                                   \
		va_start(ap, fmt);                                                                 \
		keep(lead, fmt, ap);                                                               \
		va_end(ap);                                                                        \
	}

KEEPER(prov_error, "error")
KEEPER(prov_hint, "hint")
KEEPER(prov_warn, "warning")

void
prov_step(const char *fmt, ...)
{
	(void)fmt;
}

void
prov_set_verbose(bool on)
{
	(void)on;
}

const char *
said(void)
{
	return text;
}

void
said_clear(void)
{
	text[0] = '\0';
}

const char *
scratch_dir(void)
{
	if (dir[0] == '\0') {
		(void)strcpy(dir, "/tmp/test-prov-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(dir));
	}
	return dir;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	return remove(path);
}

void
scratch_remove(void)
{
	if (dir[0] != '\0')
		(void)nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	dir[0] = '\0';
}

const char *
scratch_file(const char *name)
{
	static char paths[4][256];
	static unsigned int next;
	char *path = paths[next++ % 4];

	(void)snprintf(path, sizeof(paths[0]), "%s/%s", scratch_dir(), name);
	return path;
}

void
scratch_write(const char *name, const char *data)
{
	FILE *f = fopen(scratch_file(name), "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(data, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

int
run_case(const char *name, TCase *tc)
{
	Suite *s = suite_create(name);
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, said_clear, scratch_remove);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? 0 : 1;
}
