/*
 * The configuration's values: limits of subjects (X.520; RFC 5280, appendix A) and of names in the
 * cloud (aws-iot 4), and templates that stand for what a chip is. See confnode.h.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/confnode.h"
#include "provision/msg.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))
#define ALNUM     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static const struct name_rule rules[] = {
	[NAME_THING] = { "a thing's name", 128, ":_-", false },
	[NAME_THING_TYPE] = { "a thing type's name", 128, ":_-", false },
	[NAME_GROUP] = { "a thing group's name", 128, ":_-", false },
	[NAME_POLICY] = { "a policy's name", 128, "_+=,.@-", false },
	[NAME_ATTRIBUTE] = { "an attribute's name", 128, "_.,@/:#-", false },
	[NAME_VALUE] = { "an attribute's value", 800, "_.,@/:#=[]-", true },
};

static const char *const words[] = { "uid", "serial", "model", "label", "slot" };

/* Those of --set, whose numbers go on behind words. */
#define TEMPLATE_NAME_MAX 64
static struct {
	char name[TEMPLATE_NAME_MAX + 1];
	const char *value;
} extras[64];
static size_t nextras;

static size_t
utf8_chars(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		if (((unsigned char)*s & 0xC0) != 0x80)
			n++;
	return n;
}

/* PrintableString of X.680, which some fields are confined to. */
static bool
printable(const char *s)
{
	return s[strspn(s, ALNUM " '()+,-./:=?")] == '\0';
}

static bool
has_control(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < ' ' || *s == 0x7F)
			return true;
	return false;
}

bool
field_problem(const struct subject_field *f, const char *v, bool part, struct problem *p)
{
	size_t chars = utf8_chars(v);
	bool plain =
	    strcmp(f->member, "country_name") == 0 || strcmp(f->member, "serial_number") == 0;

	p->hint = NULL;
	if (f->min == f->max && chars != f->max && !(part && chars < f->max)) {
		p->hint = "use the code of ISO 3166, for example \"DE\"";
		(void)snprintf(
		    p->why, sizeof(p->why), "must have %zu letters, not %zu", f->max, chars);
	} else if (chars > f->max) {
		(void)snprintf(p->why, sizeof(p->why),
		    "has %zu characters%s; at most %zu are allowed", chars,
		    part ? " besides its templates" : "", f->max);
	} else if (chars < f->min && !part) {
		(void)snprintf(p->why, sizeof(p->why), "is empty");
	} else if (plain && !printable(v)) {
		(void)snprintf(p->why, sizeof(p->why),
		    "may have only letters, digits, spaces and '()+,-./:=?");
	} else if (has_control(v)) {
		(void)snprintf(p->why, sizeof(p->why), "has a control character in it");
	} else {
		return false;
	}
	return true;
}

bool
name_char_ok(enum name_kind kind, char c)
{
	return c != '\0' &&
	       (strchr(ALNUM, c) != NULL || strchr(rules[kind].punctuation, c) != NULL);
}

/* "a", or for bytes that are not of ASCII's letters 'a byte 0xC3'. */
static void
name_char(char c, char text[16])
{
	if (c == ' ')
		(void)snprintf(text, 16, "a space");
	else if (c > ' ' && c < 0x7F)
		(void)snprintf(text, 16, "\"%c\"", c);
	else
		(void)snprintf(text, 16, "a byte 0x%02X", (unsigned char)c);
}

bool
name_problem(enum name_kind kind, const char *v, bool part, struct problem *p)
{
	const struct name_rule *r = &rules[kind];
	size_t len = strlen(v), bad = 0;
	char text[16];

	p->hint = NULL;
	while (name_char_ok(kind, v[bad]))
		bad++;
	if (v[bad] != '\0') {
		name_char(v[bad], text);
		(void)snprintf(p->why, sizeof(p->why),
		    "has %s in it; %s may have only letters, digits and %s", text, r->what,
		    r->punctuation);
	} else if (len > r->max) {
		(void)snprintf(p->why, sizeof(p->why),
		    "has %zu characters%s; at most %zu are allowed", len,
		    part ? " besides its templates" : "", r->max);
	} else if (len == 0 && !r->may_be_empty && !part) {
		(void)snprintf(p->why, sizeof(p->why), "is empty");
	} else if (kind == NAME_POLICY && (strcmp(v, ".") == 0 || strcmp(v, "..") == 0)) {
		/* They would walk up the URL. */
		(void)snprintf(p->why, sizeof(p->why), "must not be \"%s\"", v);
	} else {
		return false;
	}
	return true;
}

bool
config_set_template(const char *pair)
{
	size_t len = strcspn(pair, "="), i = 0;

	if (pair[len] != '=' || len == 0 || len > TEMPLATE_NAME_MAX ||
	    strspn(pair, ALNUM "_-") != len) {
		prov_error("--set \"%s\" is no NAME=VALUE", pair);
		prov_hint(
		    "NAME has letters, digits, \"_\" and \"-\", at most %d", TEMPLATE_NAME_MAX);
		return false;
	}
	for (size_t k = 0; k < NITEMS(words); k++) {
		if (strlen(words[k]) == len && strncmp(words[k], pair, len) == 0) {
			prov_error("--set \"%s\": {%s} is the chip's to say", pair, words[k]);
			return false;
		}
	}
	while (i < nextras &&
	       (strlen(extras[i].name) != len || strncmp(extras[i].name, pair, len) != 0))
		i++;
	if (i == NITEMS(extras)) {
		prov_error("--set \"%s\": %zu are there already", pair, i);
		return false;
	}
	memcpy(extras[i].name, pair, len);
	extras[i].name[len] = '\0';
	extras[i].value = pair + len + 1;
	if (i == nextras)
		nextras++;
	return true;
}

const char *
config_template(const char *name)
{
	for (size_t i = 0; i < nextras; i++)
		if (strcmp(extras[i].name, name) == 0)
			return extras[i].value;
	return NULL;
}

static const char *
word_name(size_t word)
{
	return word < NITEMS(words) ? words[word] : extras[word - NITEMS(words)].name;
}

/* The word that text, behind a brace, begins with and its closing brace; -1: none. */
static int
word_at(const char *text)
{
	for (size_t i = 0; i < NITEMS(words) + nextras; i++) {
		size_t len = strlen(word_name(i));

		if (strncmp(text, word_name(i), len) == 0 && text[len] == '}')
			return (int)i;
	}
	return -1;
}

bool
template_has(const char *text)
{
	for (const char *p = text; (p = strchr(p, '{')) != NULL; p++) {
		if (p[1] == '{')
			p++;
		else if (word_at(p + 1) >= 0)
			return true;
	}
	return false;
}

const char *
template_problem(const char *text)
{
	static char why[128];

	for (const char *p = text; (p = strchr(p, '{')) != NULL; p++) {
		const char *end = strchr(p, '}');

		if (p[1] == '{') {
			p++;
		} else if (end == NULL) {
			return "has a \"{\" without its \"}\"";
		} else if (word_at(p + 1) < 0) {
			(void)snprintf(why, sizeof(why), "has the unknown template \"%.*s\"",
			    end - p < 60 ? (int)(end - p + 1) : 60, p);
			return why;
		}
	}
	return NULL;
}

static const char *
word_value(const struct config_names *names, size_t word)
{
	const char *const values[] = { names->uid, names->serial, names->model, names->label,
		names->slot };

	_Static_assert(NITEMS(values) == NITEMS(words), "a value for each word");
	return word < NITEMS(values) ? values[word] : extras[word - NITEMS(words)].value;
}

/* What a chip is called may have characters that the cloud does not take, "Trust M V3". */
static void
put_value(FILE *out, const char *value, int kind)
{
	for (; *value != '\0'; value++)
		(void)fputc(
		    kind < 0 || name_char_ok((enum name_kind)kind, *value) ? *value : '-', out);
}

char *
template_fill(const char *text, const struct config_names *names, int kind, const char **missing)
{
	char *buf = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&buf, &len);
	bool ok = out != NULL;

	*missing = NULL;
	for (const char *p = text; ok && *p != '\0'; p++) {
		int word = p[0] == '{' ? word_at(p + 1) : -1;

		if (word >= 0) {
			const char *value = word_value(names, (size_t)word);

			if (value == NULL)
				*missing = word_name((size_t)word);
			else
				put_value(out, value, kind);
			p += strlen(word_name((size_t)word)) + 1;
		} else {
			(void)fputc(*p, out);
			if (p[0] == '{' && p[1] == '{')
				p++;
		}
	}
	if (out != NULL)
		ok = fclose(out) == 0 && *missing == NULL;
	if (ok)
		return buf;
	free(buf);
	return NULL;
}
