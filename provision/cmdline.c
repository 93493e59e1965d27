/* Reading the command line by the tables; see options.h. */
#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "provision/options.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

/* What getopt_long gives for row i: no letter is as large. */
#define ROW(i) (256 + (int)(i))

static bool
take_number(const struct option_row *r, const char *value, unsigned int *out)
{
	unsigned long n;
	char *end;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (value[strspn(value, "0123456789")] == '\0' && end != value && errno == 0 &&
	    n >= r->min && n <= r->max) {
		*out = (unsigned int)n;
		return true;
	}
	prov_error("--%s \"%s\" is no number from %u to %u", r->name, value, r->min, r->max);
	return false;
}

static bool
take(const struct option_row *r, const char *value, struct options *o)
{
	char *at = (char *)o + r->where;

	switch (r->kind) {
	case OPTION_FLAG: *(bool *)(void *)at = true; return true;
	case OPTION_TEXT:
		if (value[0] == '\0') {
			prov_error("--%s has an empty %s", r->name, r->argument);
			return false;
		}
		*(const char **)(void *)at = value;
		return true;
	case OPTION_NUMBER: return take_number(r, value, (unsigned int *)(void *)at);
	case OPTION_PARSED: return r->parse(value, o);
	}
	return false;
}

static const struct option_row *
by_letter(int letter)
{
	const struct option_row *r;

	for (size_t i = 0; (r = option_row(i)) != NULL; i++)
		if (letter != 0 && r->letter == letter)
			return r;
	return NULL;
}

/* How many edits make one word of the other, or more than enough for long words. */
static size_t
distance(const char *a, const char *b)
{
	size_t row[32], la = strlen(a), lb = strlen(b);

	if (la >= NITEMS(row) || lb >= NITEMS(row))
		return NITEMS(row);
	for (size_t k = 0; k <= lb; k++)
		row[k] = k;
	for (size_t i = 1; i <= la; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t k = 1; k <= lb; k++) {
			size_t best = diagonal + (a[i - 1] != b[k - 1]);

			diagonal = row[k];
			if (row[k] + 1 < best)
				best = row[k] + 1;
			if (row[k - 1] + 1 < best)
				best = row[k - 1] + 1;
			row[k] = best;
		}
	}
	return row[lb];
}

/* A misspelling, most likely. */
static bool
near(const char *a, const char *b)
{
	return distance(a, b) <= (strlen(a) > 4 ? 2 : 1);
}

/* given: as it stands on the command line, "--jsn" or "--jsn=x". */
static void
say_no_option(const char *given)
{
	size_t len = strcspn(given, "=");
	const struct option_row *r;
	char word[64];

	prov_error("there is no option %.*s", (int)len, given);
	(void)snprintf(word, sizeof(word), "%.*s", (int)len, given);
	for (size_t i = 0; (r = option_row(i)) != NULL; i++) {
		if (strncmp(word, "--", 2) == 0 && near(word + 2, r->name)) {
			prov_hint("did you mean --%s?", r->name);
			return;
		}
	}
	prov_hint("\"optiga-provision COMMAND --help\" lists a command's options");
}

/* Beginnings of names will do for getopt_long as long as they are of one name. */
static bool
say_ambiguous(const char *given)
{
	size_t len = strcspn(given, "="), n = 0;
	const struct option_row *r;
	char list[256] = "";

	if (strncmp(given, "--", 2) != 0 || len < 3)
		return false;
	for (size_t i = 0; (r = option_row(i)) != NULL; i++) {
		size_t used = strlen(list);

		if (strncmp(r->name, given + 2, len - 2) != 0)
			continue;
		(void)snprintf(
		    list + used, sizeof(list) - used, "%s--%s", n++ > 0 ? ", " : "", r->name);
	}
	if (n < 2)
		return false;
	prov_error("%.*s may be any of %s", (int)len, given, list);
	return true;
}

/* What getopt_long answered with '?' or ':'. */
static void
say_bad_option(int answer, const char *given)
{
	const struct option_row *r =
	    optopt >= ROW(0) ? option_row((size_t)(optopt - ROW(0))) : by_letter(optopt);
	const char letter[] = { '-', (char)optopt, '\0' };

	if (answer == ':' && r != NULL)
		prov_error("--%s lacks its argument, %s", r->name, r->argument);
	else if (r != NULL)
		prov_error("--%s takes nothing behind a \"=\"", r->name);
	else if (optopt != 0)
		say_no_option(letter);
	else if (!say_ambiguous(given))
		say_no_option(given);
}

/* The commands that begin with the first word of name. */
static void
hint_group(const char *name)
{
	size_t first = strcspn(name, " ") + 1;
	const struct command *c;
	char list[256] = "";

	for (size_t i = 0; (c = command_row(i)) != NULL; i++) {
		size_t used = strlen(list);

		if (strncmp(c->name, name, first) == 0)
			(void)snprintf(list + used, sizeof(list) - used, "%s\"%s\"",
			    used > 0 ? ", " : "", c->name);
	}
	prov_hint("there is %s", list);
}

/* The command of one or two words; *used of them. */
static const struct command *
find_command(char **args, size_t n, size_t *used)
{
	const struct command *c;
	const char *group = NULL;
	char two[64] = "";

	if (n > 1)
		(void)snprintf(two, sizeof(two), "%s %s", args[0], args[1]);
	for (size_t i = 0; (c = command_row(i)) != NULL; i++) {
		size_t first = strcspn(c->name, " ");

		*used = c->name[first] == ' ' ? 2 : 1;
		if (strcmp(c->name, *used == 2 ? two : args[0]) == 0)
			return c;
		if (*used == 2 && strlen(args[0]) == first && strncmp(c->name, args[0], first) == 0)
			group = c->name;
	}
	if (group != NULL) {
		if (n > 1)
			prov_error("there is no command \"%s\"", two);
		else
			prov_error("\"%s\" needs a second word", args[0]);
		hint_group(group);
		return NULL;
	}
	prov_error("there is no command \"%s\"", args[0]);
	for (size_t i = 0; (c = command_row(i)) != NULL; i++) {
		if (near(args[0], c->name)) {
			prov_hint("did you mean \"%s\"?", c->name);
			return NULL;
		}
	}
	prov_hint("\"optiga-provision --help\" lists the commands");
	return NULL;
}

/* Whether the command takes each of the options that were given. */
static bool
fits(const struct command *c, const struct options *o)
{
	for (size_t i = 0; i < o->ngiven; i++) {
		if (command_takes(c, o->given[i].row))
			continue;
		prov_error("\"%s\" takes no option --%s", c->name, o->given[i].row->name);
		prov_hint("\"optiga-provision %s --help\" lists its options", c->name);
		return false;
	}
	return true;
}

static bool
take_operands(const struct command *c, struct options *o)
{
	if (o->nargs > c->max) {
		if (c->max == 0)
			prov_error(
			    "\"%s\" takes nothing but options, not \"%s\"", c->name, o->args[0]);
		else if (c->max == 1 && c->config)
			prov_error("\"%s\" takes one CONFIG, not \"%s\" too", c->name, o->args[1]);
		else
			prov_error("\"%s\" has \"%s\" too many", c->name, o->args[c->max]);
	} else if (o->nargs < c->min) {
		prov_error("\"%s\" needs %s", c->name,
		    c->config && o->nargs == 0 ? "a CONFIG" : "more than that");
	} else {
		if (c->config && o->nargs > 0)
			o->config = o->args[0];
		return true;
	}
	prov_hint("usage: optiga-provision %s%s%s", c->name, c->synopsis[0] != '\0' ? " " : "",
	    c->synopsis);
	return false;
}

/* Options into o. false: said what is wrong. */
static bool
take_options(int argc, char **argv, struct options *o)
{
	struct option list[OPTIONS_MAX + 1] = { 0 };
	char letters[2 * OPTIONS_MAX + 2] = ":", *p = letters + 1;
	const struct option_row *r;
	int answer;

	for (size_t i = 0; (r = option_row(i)) != NULL; i++) {
		list[i] = (struct option){ r->name,
			r->argument != NULL ? required_argument : no_argument, NULL, ROW(i) };
		if (r->letter != '\0')
			*p++ = r->letter;
		if (r->letter != '\0' && r->argument != NULL)
			*p++ = ':';
	}
	*p = '\0';
	opterr = 0;
	while ((answer = getopt_long(argc, argv, letters, list, NULL)) != -1) {
		r = answer >= ROW(0) ? option_row((size_t)(answer - ROW(0))) : by_letter(answer);
		if (r == NULL) {
			say_bad_option(answer, argv[optind - 1]);
			return false;
		}
		if (!take(r, optarg, o))
			return false;
		if (o->ngiven == OPTIONS_GIVEN_MAX) {
			prov_error("more than %d options", OPTIONS_GIVEN_MAX);
			return false;
		}
		o->given[o->ngiven].row = r;
		o->given[o->ngiven++].value = r->argument != NULL ? optarg : NULL;
	}
	return true;
}

const struct command *
options_parse(int argc, char **argv, struct options *o)
{
	const struct command *c;
	size_t used;

	*o = (struct options){ .stop_after = STEP_COUNT };
	if (!take_options(argc, argv, o)) {
		o->help = o->version = false;
		return NULL;
	}
	prov_set_verbose(o->verbose);
	if (o->version || (o->help && optind == argc))
		return NULL;
	if (optind == argc) {
		prov_error("no command given");
		prov_hint("\"optiga-provision --help\" lists the commands");
		return NULL;
	}
	c = find_command(argv + optind, (size_t)(argc - optind), &used);
	o->help = o->help && c != NULL;
	if (c == NULL || o->help)
		return c;
	o->args = argv + optind + used;
	o->nargs = (size_t)(argc - optind) - used;
	return fits(c, o) && take_operands(c, o) ? c : NULL;
}
