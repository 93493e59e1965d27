/*
 * What could stand next on a command line, from the tables; for completion/optiga-provision. See
 * options.h.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "provision/options.h"

/* The line up to the word to complete. */
struct line {
	const struct command *command;
	const char *group;                /* the first word of a command of two; NULL */
	const struct option_row *waiting; /* the last word is an option that wants its argument */
	unsigned int operands;
};

static const struct option_row *
find_option(const char *word)
{
	const struct option_row *o;

	for (size_t i = 0; (o = option_row(i)) != NULL; i++)
		if ((strncmp(word, "--", 2) == 0 && strcmp(word + 2, o->name) == 0) ||
		    (word[0] == '-' && o->letter != '\0' && word[1] == o->letter &&
			word[2] == '\0'))
			return o;
	return NULL;
}

static bool
begins(const char *word, const char *with, size_t len)
{
	return strncmp(word, with, len) == 0;
}

static void
take_word(struct line *l, const char *word)
{
	char two[64] = "";
	const struct command *c;

	if (l->command != NULL) {
		l->operands++;
		return;
	}
	if (l->group != NULL)
		(void)snprintf(two, sizeof(two), "%s %s", l->group, word);
	for (size_t i = 0; (c = command_row(i)) != NULL; i++) {
		size_t first = strcspn(c->name, " ");

		if (strcmp(c->name, l->group != NULL ? two : word) == 0)
			l->command = c;
		else if (c->name[first] == ' ' && strlen(word) == first &&
			 begins(c->name, word, first))
			l->group = word;
	}
}

static void
read_line(struct line *l, int n, char **words)
{
	for (int i = 0; i < n; i++) {
		const struct option_row *o = find_option(words[i]);

		if (l->waiting != NULL)
			l->waiting = NULL;
		else if (o != NULL && o->argument != NULL)
			l->waiting = o;
		else if (words[i][0] != '-')
			take_word(l, words[i]);
	}
}

/* lead: what stands before the value in its own word, "--ca=", and how long it is. */
static void
complete_value(const struct option_row *o, const char *lead, int len, const char *value)
{
	const char *word, *kind = o->argument;
	const char *colon = strchr(value, ':');

	/* What stands behind the colon of "local:DIR". */
	if (o->behind != NULL && colon != NULL)
		kind = o->behind(value, (size_t)(colon - value));
	if (kind != NULL && strcmp(kind, "FILE") == 0)
		(void)puts("files");
	else if (kind != NULL && strcmp(kind, "DIR") == 0)
		(void)puts("dirs");
	else
		(void)puts("words");
	for (size_t i = 0; o->words != NULL && (word = o->words(i)) != NULL; i++)
		if (colon == NULL && begins(word, value, strlen(value)))
			(void)printf("%.*s%s\n", len, lead, word);
}

static void
complete_option(const struct line *l, const char *word)
{
	const struct option_row *o;
	size_t len = strlen(word);

	(void)puts("words");
	for (size_t i = 0; (o = option_row(i)) != NULL; i++) {
		bool fits = l->command != NULL ? command_takes(l->command, o) : o->global;

		if (fits && (len < 2 || begins(o->name, word + 2, len - 2)))
			(void)printf("--%s\n", o->name);
	}
}

/* The first words of commands, once each, or the second ones of a group. */
static void
complete_command(const struct line *l, const char *word)
{
	const struct command *c;
	const char *last = "";

	(void)puts("words");
	for (size_t i = 0; (c = command_row(i)) != NULL; i++) {
		size_t first = strcspn(c->name, " ");

		if (l->group == NULL) {
			if (begins(c->name, word, strlen(word)) &&
			    !(strlen(last) >= first && begins(last, c->name, first) &&
				(last[first] == ' ' || last[first] == '\0')))
				(void)printf("%.*s\n", (int)first, c->name);
		} else if (strlen(l->group) == first && begins(c->name, l->group, first) &&
			   c->name[first] == ' ' &&
			   begins(c->name + first + 1, word, strlen(word))) {
			(void)puts(c->name + first + 1);
		}
		last = c->name;
	}
}

void
options_complete(int n, char **words)
{
	const char *word = n > 0 ? words[n - 1] : "";
	const char *equals = strchr(word, '=');
	struct line l = { 0 };

	read_line(&l, n - 1, words);
	if (l.waiting != NULL) {
		complete_value(l.waiting, "", 0, word);
	} else if (word[0] == '-' && equals != NULL) {
		char name[64];
		const struct option_row *o;

		(void)snprintf(name, sizeof(name), "%.*s", (int)(equals - word), word);
		o = find_option(name);
		if (o != NULL && o->argument != NULL)
			complete_value(o, word, (int)(equals + 1 - word), equals + 1);
	} else if (word[0] == '-') {
		complete_option(&l, word);
	} else if (l.command == NULL) {
		complete_command(&l, word);
	} else if (l.operands < l.command->max) {
		(void)puts("files");
	}
}
