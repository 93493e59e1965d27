/* The text of --help, from the tables; see options.h. */
#include <config.h>

#include <string.h>

#include "provision/options.h"

#define NITEMS(a)      (sizeof(a) / sizeof((a)[0]))

#define WIDTH          79U
#define OPTION_COLUMN  26U
#define COMMAND_COLUMN 15U

/* Words from column at on, in lines of WIDTH; the first line goes on where the cursor is. */
static void
wrap(FILE *out, const char *text, unsigned int at)
{
	unsigned int column = at;

	for (const char *p = text; *p != '\0';) {
		unsigned int len = (unsigned int)strcspn(p, " ");

		if (column != at && column + 1 + len > WIDTH) {
			(void)fprintf(out, "\n%*s", (int)at, "");
			column = at;
		} else if (column != at) {
			(void)fputc(' ', out);
			column++;
		}
		(void)fwrite(p, 1, len, out);
		column += len;
		p += len;
		p += strspn(p, " ");
	}
	(void)fputc('\n', out);
}

/* "  left", and text beside it, or below when left is too long. */
static void
entry(FILE *out, const char *left, const char *text, unsigned int column)
{
	size_t len = strlen(left) + 2;

	(void)fprintf(out, "  %s", left);
	if (len + 2 > column) {
		(void)fputc('\n', out);
		len = 0;
	}
	(void)fprintf(out, "%*s", (int)(column - len), "");
	wrap(out, text, column);
}

/* What the words of an argument mean, below the option. */
static void
explain(FILE *out, const struct option_row *o)
{
	const char *text;
	char word[64];

	for (size_t i = 0; o->explain != NULL && (text = o->explain(i, word, sizeof(word))) != NULL;
	     i++) {
		(void)fprintf(out, "%*s%-15s ", (int)OPTION_COLUMN, "", word);
		wrap(out, text, OPTION_COLUMN + 16);
	}
}

static void
option_entry(FILE *out, const struct option_row *o)
{
	char left[128], letter[8] = "";

	if (o->letter != '\0')
		(void)snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	(void)snprintf(left, sizeof(left), "%s--%s%s%s", letter, o->name,
	    o->argument != NULL ? " " : "", o->argument != NULL ? o->argument : "");
	entry(out, left, o->text, OPTION_COLUMN);
	explain(out, o);
}

static void
global_options(FILE *out)
{
	const struct option_row *o;

	(void)fputs("\noptions for every command:\n", out);
	for (size_t i = 0; (o = option_row(i)) != NULL; i++)
		if (o->global)
			option_entry(out, o);
}

/* Options that are shown together, below the command's others. */
static const struct {
	const char *heading;
	const char *options;
} groups[] = {
	{ "certification authority:",
	    "ca register ca-key ca-pass-file ca-timeout subject intermediate ca-file" },
	{ "for --ca est:", "est-client est-user est-password-file" },
	{ "for --ca claim:", "claim-cert claim-key claim-slot parameter" },
	{ "AWS IoT:", "region profile endpoint-url ca-bundle data-endpoint answer-timeout thing "
		      "update-thing policy-file" },
};

/* Whether name is one of words, which have spaces between. */
static bool
is_among(const char *name, const char *words)
{
	size_t len = strlen(name);

	for (const char *p = words; (p = strstr(p, name)) != NULL; p += len)
		if ((p == words || p[-1] == ' ') && (p[len] == ' ' || p[len] == '\0'))
			return true;
	return false;
}

/* The index of the option's group, NITEMS(groups) for none. */
static size_t
group_of(const struct option_row *o)
{
	size_t i = 0;

	while (i < NITEMS(groups) && !is_among(o->name, groups[i].options))
		i++;
	return i;
}

/* The command's options of one group, below its heading if there are any. */
static void
group_options(FILE *out, const struct command *c, size_t group, const char *heading)
{
	const struct option_row *o;
	bool any = false;

	for (size_t i = 0; (o = option_row(i)) != NULL; i++) {
		if (o->global || !command_takes(c, o) || group_of(o) != group)
			continue;
		if (!any)
			(void)fprintf(out, "\n%s\n", heading);
		any = true;
		option_entry(out, o);
	}
}

static void
own_options(FILE *out, const struct command *c)
{
	group_options(out, c, NITEMS(groups), "options:");
	for (size_t i = 0; i < NITEMS(groups); i++)
		group_options(out, c, i, groups[i].heading);
}

/* Lines for a shell, indented. */
static void
example(FILE *out, const char *text)
{
	(void)fputs("\nexample:\n", out);
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");

		(void)fprintf(out, "  %.*s\n", (int)len, text);
		text += len + (text[len] == '\n');
	}
}

static void
command_help(FILE *out, const struct command *c)
{
	(void)fprintf(out, "usage: optiga-provision %s%s%s%s\n\n", c->name,
	    c->options[0] != '\0' ? " [options]" : "", c->synopsis[0] != '\0' ? " " : "",
	    c->synopsis);
	/* The one line as a sentence. */
	(void)fprintf(out, "%c%s.\n", c->text[0] - 'a' + 'A', c->text + 1);
	if (c->about != NULL)
		wrap(out, c->about, 0);
	own_options(out, c);
	global_options(out);
	if (c->example != NULL)
		example(out, c->example);
}

void
options_help(FILE *out, const struct command *c)
{
	if (c != NULL) {
		command_help(out, c);
		return;
	}
	(void)fputs(
	    "usage: optiga-provision [--module FILE] COMMAND [options] [CONFIG]\n"
	    "       optiga-provision COMMAND --help\n\n"
	    "Provisions OPTIGA Trust chips through PKCS #11: keys on the chip, certificates\n"
	    "for them, and what the cloud has to know.\n\ncommands:\n",
	    out);
	for (size_t i = 0; (c = command_row(i)) != NULL; i++)
		entry(out, c->name, c->text, COMMAND_COLUMN);
	global_options(out);
	(void)fputs("\nCONFIG says what is wanted, see optiga-provision.conf(5).\n"
		    "\nexit status: 0 done or nothing to do, 1 failed, 2 usage, 3 interrupted and "
		    "resumable\n"
		    "\nexample:\n"
		    "  optiga-provision show\n"
		    "  optiga-provision run --ca local device.jsn\n",
	    out);
}
