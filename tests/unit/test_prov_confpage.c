/* optiga-provision.conf(5) against the tables that the configuration is read by. */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/config.h"
#include "tests/unit/test_prov_util.h"

#define INFO        "csr_config.certificate_info"
#define MEMBERS_MAX 64

/* What the page has. */
static struct {
	char object[64], name[64];
	bool own;
	char text[1024]; /* its first line */
} members[MEMBERS_MAX];
static size_t nmembers;
static char examples[4][4096];
static size_t nexamples;
static char words[8][16];
static size_t nwords;

/* ".It Cm name Ar kind Pq own" below ".Ss object". */
static void
take_item(const char *line, const char *object, bool templates)
{
	ck_assert_uint_lt(nmembers, MEMBERS_MAX);
	if (templates) {
		ck_assert_uint_lt(nwords, 8);
		ck_assert_int_eq(sscanf(line, ".It Cm %15s", words[nwords++]), 1);
		return;
	}
	ck_assert_int_eq(sscanf(line, ".It Cm %63s", members[nmembers].name), 1);
	(void)snprintf(members[nmembers].object, sizeof(members[0].object), "%s",
	    strcmp(object, "The file") == 0 ? "" : object);
	members[nmembers].own = strstr(line, "Pq own") != NULL;
	nmembers++;
}

static void
take_line(const char *line)
{
	static char object[64], section[64];
	static bool literal, first;

	if (strncmp(line, ".Sh ", 4) == 0) {
		(void)sscanf(line, ".Sh %63[^\n]", section);
		object[0] = '\0';
	} else if (strncmp(line, ".Ss ", 4) == 0) {
		(void)sscanf(line, ".Ss %63[^\n]", object);
	} else if (strncmp(line, ".Bd", 3) == 0) {
		literal = true;
		ck_assert_uint_lt(nexamples, 4);
	} else if (strncmp(line, ".Ed", 3) == 0) {
		literal = false;
		nexamples++;
	} else if (literal) {
		size_t used = strlen(examples[nexamples]);

		(void)snprintf(examples[nexamples] + used, sizeof(examples[0]) - used, "%s", line);
	} else if (strncmp(line, ".It Cm ", 7) == 0) {
		take_item(line, object, strcmp(section, "TEMPLATES") == 0);
		first = true;
		return;
	} else if (first && nmembers > 0) {
		(void)snprintf(members[nmembers - 1].text, sizeof(members[0].text), "%s", line);
	}
	first = false;
}

static void
read_page(void)
{
	const char *top = getenv("top_srcdir");
	char path[512], line[1024];
	FILE *in;

	if (nmembers > 0)
		return;
	(void)snprintf(
	    path, sizeof(path), "%s/man/optiga-provision.conf.5", top != NULL ? top : ".");
	in = fopen(path, "r");
	ck_assert_msg(in != NULL, "%s", path);
	while (fgets(line, sizeof(line), in) != NULL)
		take_line(line);
	(void)fclose(in);
}

/* Its index in the page; nmembers: it is not there. */
static size_t
on_page(const char *object, const char *name)
{
	size_t i = 0;

	while (i < nmembers &&
	       (strcmp(members[i].object, object) != 0 || strcmp(members[i].name, name) != 0))
		i++;
	return i;
}

START_TEST(every_member_is_on_the_page)
{
	const struct config_member *m;
	const struct subject_field *f;

	read_page();
	for (size_t i = 0; (m = config_member_row(i)) != NULL; i++) {
		size_t at = on_page(m->object, m->name);

		ck_assert_msg(
		    at < nmembers, "\"%s\" of \"%s\" is not on the page", m->name, m->object);
		ck_assert_msg(members[at].own == m->own, "\"%s\" of \"%s\": whose is it?", m->name,
		    m->object);
	}
	for (size_t i = 0; (f = subject_row(i)) != NULL; i++) {
		size_t at = on_page(INFO, f->member);
		char want[64];

		ck_assert_msg(at < nmembers, "%s is not on the page", f->member);
		ck_assert(f->other == NULL || on_page(INFO, f->other) < nmembers);
		(void)snprintf(want, sizeof(want), "At most %zu characters", f->max);
		if (f->min == f->max)
			(void)snprintf(want, sizeof(want), "Two letters");
		ck_assert_msg(strncmp(members[at].text, want, strlen(want)) == 0, "%s: %s",
		    f->member, members[at].text);
	}
}
END_TEST

static bool
in_tables(const char *object, const char *name)
{
	const struct config_member *m;
	const struct subject_field *f;

	for (size_t i = 0; (m = config_member_row(i)) != NULL; i++)
		if (strcmp(m->object, object) == 0 && strcmp(m->name, name) == 0)
			return true;
	for (size_t i = 0; strcmp(object, INFO) == 0 && (f = subject_row(i)) != NULL; i++)
		if (strcmp(name, f->member) == 0 ||
		    (f->other != NULL && strcmp(name, f->other) == 0))
			return true;
	return false;
}

START_TEST(the_page_has_no_other_members)
{
	read_page();
	for (size_t i = 0; i < nmembers; i++) {
		ck_assert_msg(in_tables(members[i].object, members[i].name),
		    "\"%s\" of \"%s\" is on the page only", members[i].name, members[i].object);
		ck_assert_uint_eq(on_page(members[i].object, members[i].name), i);
	}
}
END_TEST

START_TEST(both_examples_load_and_expand)
{
	static const struct config_names names = { "CD1633940100", "0123456789abcdef", "Trust M V3",
		"OPTIGA 89abcdef", NULL };

	read_page();
	ck_assert_uint_eq(nexamples, 2);
	for (size_t i = 0; i < nexamples; i++) {
		struct config_set *s;

		scratch_write("c.jsn", examples[i]);
		s = config_set_load(scratch_file("c.jsn"));
		ck_assert_msg(s != NULL, "%s", said());
		ck_assert_str_eq(said(), "");
		ck_assert_uint_eq(s->n, i + 1);
		ck_assert_int_eq(s->list[0].own_format, i == 1);
		for (size_t k = 0; k < s->n; k++)
			ck_assert_msg(config_expand(&s->list[k], &names), "%s", said());
		config_set_free(&s);
	}
}
END_TEST

START_TEST(every_template_of_the_page_is_one)
{
	read_page();
	ck_assert_uint_eq(nwords, 5);
	for (size_t i = 0; i < nwords; i++) {
		struct config_set *s;
		char text[512];

		(void)snprintf(text, sizeof(text),
		    "{ \"csr_config\": { \"certificate_info\": { \"common_name\": \"%s\" }, "
		    "\"key_info\": { \"algorithm_id\": \"ec\", \"parameters\": { \"curve\": "
		    "\"secp256r1\", \"slot\": \"second\" } }, \"signature_info\": { "
		    "\"algorithm_id\": \"ecdsa\", \"parameters\": { \"hash_alg\": \"sha256\" } } } "
		    "}",
		    words[i]);
		scratch_write("c.jsn", text);
		s = config_set_load(scratch_file("c.jsn"));
		ck_assert_msg(s != NULL && s->list[0].own_format, "%s: %s", words[i], said());
		config_set_free(&s);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("confpage");

	tcase_add_test(tc, every_member_is_on_the_page);
	tcase_add_test(tc, the_page_has_no_other_members);
	tcase_add_test(tc, both_examples_load_and_expand);
	tcase_add_test(tc, every_template_of_the_page_is_one);
	return run_case("provision/confpage", tc);
}
