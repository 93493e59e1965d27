/*
 * Every message about a configuration, as the rows of tests/vectors/config-messages.json: what is
 * wrong, and the exact words, place and hint that answer it.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "provision/config.h"
#include "provision/issuer.h"
#include "tests/unit/test_prov_util.h"

static json_t *table;

static json_t *
load_table(void)
{
	const char *top = getenv("top_srcdir");
	char path[512];
	json_error_t err;

	(void)snprintf(
	    path, sizeof(path), "%s/tests/vectors/config-messages.json", top != NULL ? top : ".");
	table = json_load_file(path, 0, &err);
	if (table == NULL) {
		(void)fprintf(stderr, "%s: line %d: %s\n", path, err.line, err.text);
		exit(1);
	}
	return table;
}

/* The object that the last word of path "a.b.c" is a member of; *last is that word. */
static json_t *
walk(json_t *o, const char *path, const char **last)
{
	const char *dot;

	while ((dot = strchr(path, '.')) != NULL) {
		char name[64];

		(void)snprintf(name, sizeof(name), "%.*s", (int)(dot - path), path);
		o = json_object_get(o, name);
		ck_assert_msg(json_is_object(o), "%s", path);
		path = dot + 1;
	}
	*last = path;
	return o;
}

/* The configuration of a row: its text, or the base with members removed and set. */
static char *
text_of(const json_t *row)
{
	const char *text = json_string_value(json_object_get(row, "text")), *path, *last;
	json_t *base, *value;
	char *out;
	size_t i;

	if (text != NULL)
		return strdup(text);
	base = json_deep_copy(json_object_get(table, "base"));
	json_array_foreach(json_object_get(row, "remove"), i, value)
	{
		json_t *o = walk(base, json_string_value(value), &last);

		ck_assert_int_eq(json_object_del(o, last), 0);
	}
	json_object_foreach(json_object_get(row, "set"), path, value)
	{
		json_t *o = walk(base, path, &last);

		ck_assert_int_eq(json_object_set(o, last, value), 0);
	}
	out = json_dumps(base, 0);
	json_decref(base);
	return out;
}

static const char *
name_of(const json_t *names, const char *member)
{
	return json_string_value(json_object_get(names, member));
}

/* Whether each slot takes the names of the row's chip. */
static bool
expand(struct config_set *s, const json_t *names)
{
	const struct config_names n = { name_of(names, "uid"), name_of(names, "serial"),
		name_of(names, "model"), name_of(names, "label"), NULL };
	bool ok = true;

	for (size_t i = 0; i < s->n; i++)
		ok = config_expand(&s->list[i], &n) && ok;
	return ok;
}

/* What was said, with FILE in place of the file's name. */
static void
normal(char *out, size_t size, const char *file)
{
	const char *p = said(), *hit;
	size_t used = 0;

	while ((hit = strstr(p, file)) != NULL) {
		used += (size_t)snprintf(out + used, size - used, "%.*sFILE", (int)(hit - p), p);
		ck_assert_uint_lt(used, size);
		p = hit + strlen(file);
	}
	(void)snprintf(out + used, size - used, "%s", p);
}

/* ISSUERS are the values of --ca: more than one test should have to know. */
static void
add_line(char *out, size_t size, const char *line)
{
	const char *issuers = strstr(line, "ISSUERS");
	size_t used = strlen(out);

	if (issuers != NULL)
		(void)snprintf(out + used, size - used, "%.*s%s\n", (int)(issuers - line), line,
		    issuer_names());
	else
		(void)snprintf(out + used, size - used, "%s\n", line);
}

START_TEST(mistakes_are_answered_in_these_words)
{
	const json_t *row = json_array_get(json_object_get(table, "rows"), (size_t)_i);
	const json_t *names = json_object_get(row, "names");
	const char *about = json_string_value(json_object_get(row, "about"));
	static char want[8192], got[8192];
	char *text = text_of(row);
	struct config_set *s;
	json_t *line;
	size_t i;
	bool ok;

	scratch_write("c.jsn", text);
	free(text);
	s = config_set_load(scratch_file("c.jsn"));
	ck_assert_msg(names == NULL || s != NULL, "%s: %s", about, said());
	ok = s != NULL && (names == NULL || expand(s, names));
	config_set_free(&s);
	want[0] = '\0';
	json_array_foreach(json_object_get(row, "says"), i, line)
	{
		add_line(want, sizeof(want), json_string_value(line));
	}
	normal(got, sizeof(got), scratch_file("c.jsn"));
	ck_assert_msg(strcmp(got, want) == 0, "%s: wanted\n%sgot\n%s", about, want, got);
	ck_assert_msg(ok == json_is_true(json_object_get(row, "accepted")), "%s: accepted?", about);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("messages");
	int n = (int)json_array_size(json_object_get(load_table(), "rows")), failed;

	tcase_add_loop_test(tc, mistakes_are_answered_in_these_words, 0, n);
	failed = n < 100 || run_case("provision/messages", tc) != 0;
	json_decref(table);
	return failed;
}
