/* CSV as a stream, and the manifest of a fleet. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "provision/manifest.h"
#include "tests/unit/test_prov_util.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

/* Rows as "a|b;c|d", then "LINE:COLUMN why" if it ends badly. */
static void
read_all(const char *text, size_t len, char *out, size_t out_len)
{
	FILE *f = len > 0 ? fmemopen((void *)(uintptr_t)text, len, "r") : fopen("/dev/null", "re");
	FILE *o = fmemopen(out, out_len, "w");
	struct csv *c = csv_new(f);
	enum csv_read r;

	ck_assert_ptr_nonnull(o);
	ck_assert_ptr_nonnull(c);
	while ((r = csv_next(c)) == CSV_ROW) {
		for (size_t i = 0; i < csv_count(c); i++)
			(void)fprintf(o, "%s%s", i > 0 ? "|" : "", csv_field(c, i));
		(void)fputc(';', o);
	}
	if (r == CSV_BAD)
		(void)fprintf(o, "%zu:%zu %s", csv_at(c).line, csv_at(c).column, csv_why(c));
	ck_assert_int_eq(fclose(o), 0);
	ck_assert_int_eq(fclose(f), 0);
	csv_free(&c);
	ck_assert_ptr_null(c);
}

static const struct {
	const char *text, *rows;
	size_t len; /* 0: up to the NUL */
} csvs[] = {
	{ "", "", 0 },
	{ "a,b\n", "a|b;", 0 },
	{ "a,b", "a|b;", 0 },
	{ "a,b\r\nc,\r\n", "a|b;c|;", 0 },
	{ "\n\na\n\r\n\nb\n\n", "a;b;", 0 },
	{ "\xEF\xBB\xBF"
	  "a,b\n",
	    "a|b;", 0 },
	{ "\xEF\xBB\xBF\"a\",b\n", "a|b;", 0 },
	{ "\xEF\xBB\xBF", "", 0 },
	{ "\xEF\xBB\x80\n", "\xEF\xBB\x80;", 0 },
	{ "\"a,\"\"b\"\"\r\nc\",d\n", "a,\"b\"\r\nc|d;", 0 },
	{ "\"\"\n", ";", 0 },
	{ "\"\"", ";", 0 },
	{ ",\n", "|;", 0 },
	{ ",", "|;", 0 },
	{ " a , b ", " a | b ;", 0 },
	{ "\xC3\xA4,\"\xE2\x82\xAC\",\xF0\x9F\x98\x80", "\xC3\xA4|\xE2\x82\xAC|\xF0\x9F\x98\x80;",
	    0 },
	{ "a\nb\"c\n", "a;2:2 a quotation mark in a field that does not start with one", 0 },
	{ "\xC3\xA4\"", "1:2 a quotation mark in a field that does not start with one", 0 },
	{ "a\nb,\"c\nd", "a;2:3 the quotation mark is never closed", 0 },
	{ "\"a\"b,c", "1:4 text behind a quoted field (a quotation mark in it is written twice)",
	    0 },
	{ "a\rb", "1:2 a carriage return without a line feed", 0 },
	{ "a\r", "1:2 a carriage return without a line feed", 0 },
	{ "a,b\0c", "1:4 a NUL byte", 5 },
	{ "\"\0\"", "1:2 a NUL byte", 3 },
	{ "a,\xFF", "1:3 not UTF-8", 0 },
	{ "\xC0\x80", "1:1 not UTF-8", 0 },
	{ "\xE0\x80\x80", "1:1 not UTF-8", 0 },
	{ "\xED\xA0\x80", "1:1 not UTF-8", 0 },
	{ "\xF5\x80\x80\x80", "1:1 not UTF-8", 0 },
	{ "a\xC3", "1:2 the last character is cut off", 0 },
	{ "a\xC3,", "1:2 not UTF-8", 0 },
};

START_TEST(rows_are_read_as_rfc_4180_has_them)
{
	char out[1024] = ""; /* a stream that nothing is written to leaves it alone */
	size_t len = csvs[_i].len != 0 ? csvs[_i].len : strlen(csvs[_i].text);

	read_all(csvs[_i].text, len, out, sizeof(out));
	ck_assert_str_eq(out, csvs[_i].rows);
}
END_TEST

START_TEST(a_row_has_its_limits)
{
	char *text = malloc(CSV_ROW_MAX + 16), out[256];

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', CSV_ROW_MAX + 16);
	read_all(text, CSV_ROW_MAX + 16, out, sizeof(out));
	ck_assert_str_eq(out, "1:65537 the row is longer than 65536 bytes");
	text[0] = '"';
	read_all(text, CSV_ROW_MAX + 16, out, sizeof(out));
	ck_assert_str_eq(out, "1:65538 the row is longer than 65536 bytes");
	memset(text, ',', CSV_FIELDS_MAX);
	read_all(text, CSV_FIELDS_MAX - 1, out, sizeof(out));
	ck_assert_int_eq(strchr(out, ';') - out, CSV_FIELDS_MAX - 1);
	read_all(text, CSV_FIELDS_MAX, out, sizeof(out));
	ck_assert_str_eq(out, "1:65 more than 64 fields");
	free(text);
}
END_TEST

START_TEST(what_is_written_is_read_back)
{
	static const char *const row[] = { "a", "", "b,c", "say \"x\"", "two\r\nlines", NULL,
		"\xC3\xA4" };
	char text[256], out[256];
	FILE *f = fmemopen(text, sizeof(text), "w");

	ck_assert(csv_write(f, row, NITEMS(row)));
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_str_eq(text, "a,,\"b,c\",\"say \"\"x\"\"\",\"two\r\nlines\",,\xC3\xA4\r\n");
	read_all(text, strlen(text), out, sizeof(out));
	ck_assert_str_eq(out, "a||b,c|say \"x\"|two\r\nlines||\xC3\xA4;");
}
END_TEST

START_TEST(a_manifest_names_chips_and_values)
{
	struct manifest_row row;
	struct manifest *m;
	size_t n;

	scratch_write("m.csv", "device,thing,config,token,line-no\n"
			       "sim:a,board 1,,,7\n"
			       "\n"
			       ",,two.jsn,pkcs11:serial=12,8\n");
	m = manifest_open(scratch_file("m.csv"), true);
	ck_assert_ptr_nonnull(m);
	ck_assert(manifest_check(m, &n));
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(manifest_next(m, &row), CSV_ROW);
	ck_assert_uint_eq(row.number, 1);
	ck_assert_uint_eq(row.line, 2);
	ck_assert_str_eq(row.device, "sim:a");
	ck_assert_ptr_null(row.token);
	ck_assert_ptr_null(row.config);
	ck_assert_uint_eq(row.nvalues, 2);
	ck_assert_str_eq(row.values[0].name, "thing");
	ck_assert_str_eq(row.values[0].value, "board 1");
	ck_assert_str_eq(row.values[1].name, "line-no");
	ck_assert_str_eq(row.values[1].value, "7");
	ck_assert_int_eq(manifest_next(m, &row), CSV_ROW);
	ck_assert_uint_eq(row.number, 2);
	ck_assert_uint_eq(row.line, 4);
	ck_assert_ptr_null(row.device);
	ck_assert_str_eq(row.token, "pkcs11:serial=12");
	ck_assert_str_eq(row.config, "two.jsn");
	ck_assert_uint_eq(row.nvalues, 1);
	ck_assert_str_eq(row.values[0].value, "8");
	ck_assert_str_eq(manifest_value_name(m, 0), "thing");
	ck_assert_str_eq(manifest_value_name(m, 1), "line-no");
	ck_assert_ptr_null(manifest_value_name(m, 2));
	ck_assert_int_eq(manifest_next(m, &row), CSV_END);
	manifest_close(&m);
	ck_assert_str_eq(said(), "");
}
END_TEST

static const struct {
	const char *text, *error, *hint;
} bads[] = {
	{ "", "1:1: the line with the names of the columns is missing", NULL },
	{ "device,a b\n", "1:8: \"a b\" cannot be the name of a column",
	    "names are letters, digits, \"_\" and \"-\", a letter first, at most 64" },
	{ "device,\n", "1:8: \"\" cannot be the name of a column", "names are letters" },
	{ "device,1a\n", "1:8: \"1a\" cannot be the name of a column", "names are letters" },
	{ "device,a,a\n", "1:10: a second column \"a\"", NULL },
	{ "device,serial\n", "1:8: a column \"serial\": that is the chip's to say",
	    "the column \"token\" chooses a chip by its serial number" },
	{ "thing\nx\n", "1:1: neither a column \"device\" nor a column \"token\" says which chip",
	    "the first line has the names of the columns" },
	{ "device\nsim:a\n", "1:1: no column \"config\", and no CONFIG was given",
	    "usage: optiga-provision fleet MANIFEST CONFIG" },
	{ "device,slot,line,config\nsim:a,,7,c\nsim:b,,,c\n", "3:8: \"line\" is empty", NULL },
	{ "device,config\nsim:a,c,\"d\"\n", "2:9: the row has 3 fields, and there are names for 2",
	    NULL },
	{ "device,config\n\nsim:a\n", "3:1: the row has 1 field of 2: \"config\" is missing",
	    NULL },
	{ "device,config\n,c\n", "2:1: the row names no chip: \"device\" and \"token\" are empty",
	    NULL },
	{ "device,config\nsim:a,\n", "2:1: the row has no \"config\", and no CONFIG was given",
	    NULL },
	{ "device,config\n\"sim:a,sim:b\",c\n",
	    "2:1: the device \"sim:a,sim:b\": a comma would make it several", NULL },
	{ "device,config\nsim:a,\"c\n", "2:7: the quotation mark is never closed", NULL },
};

START_TEST(a_bad_manifest_is_told_by_line_and_column)
{
	struct manifest *m;
	char want[512];
	size_t n;

	scratch_write("m.csv", bads[_i].text);
	m = manifest_open(scratch_file("m.csv"), false);
	if (m != NULL)
		ck_assert(!manifest_check(m, &n));
	manifest_close(&m);
	(void)snprintf(want, sizeof(want), "error: %s:%s\n", scratch_file("m.csv"), bads[_i].error);
	ck_assert_msg(strncmp(said(), want, strlen(want)) == 0, "%s", said());
	if (bads[_i].hint == NULL)
		ck_assert_str_eq(said() + strlen(want), "");
	else
		ck_assert_ptr_nonnull(strstr(said(), bads[_i].hint));
}
END_TEST

START_TEST(a_manifest_that_is_not_there)
{
	ck_assert_ptr_null(manifest_open("/nonexistent/m.csv", true));
	ck_assert_str_eq(
	    said(), "error: cannot read \"/nonexistent/m.csv\": No such file or directory\n");
}
END_TEST

/* A million rows in the memory of one. */
START_TEST(memory_does_not_grow_with_the_rows)
{
	FILE *f = fopen(scratch_file("m.csv"), "we");
	struct rusage before, after;
	struct manifest *m;
	size_t n;

	ck_assert_ptr_nonnull(f);
	(void)fputs("device,thing\n", f);
	for (unsigned int i = 0; i < 1000000; i++)
		(void)fprintf(f, "sim:%u,%u\n", i, i);
	ck_assert_int_eq(fclose(f), 0);
	m = manifest_open(scratch_file("m.csv"), true);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &before), 0);
	ck_assert(manifest_check(m, &n));
	ck_assert_int_eq(getrusage(RUSAGE_SELF, &after), 0);
	ck_assert_uint_eq(n, 1000000);
	ck_assert_int_lt(after.ru_maxrss - before.ru_maxrss, 1024); /* kB */
	manifest_close(&m);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("csv");

	tcase_add_loop_test(tc, rows_are_read_as_rfc_4180_has_them, 0, NITEMS(csvs));
	tcase_add_test(tc, a_row_has_its_limits);
	tcase_add_test(tc, what_is_written_is_read_back);
	tcase_add_test(tc, a_manifest_names_chips_and_values);
	tcase_add_loop_test(tc, a_bad_manifest_is_told_by_line_and_column, 0, NITEMS(bads));
	tcase_add_test(tc, a_manifest_that_is_not_there);
	tcase_add_test(tc, memory_does_not_grow_with_the_rows);
	return run_case("csv", tc);
}
