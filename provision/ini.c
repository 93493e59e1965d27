/* The INI dialect of the AWS command line's files; see ini.h. */
#include <config.h>

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>

#include "provision/ini.h"

#define FILE_MAX (1024 * 1024)

/* All strings point into the text. A section without keys still has an entry, with key NULL. */
struct entry {
	const char *kind; /* "" for [x] */
	const char *name;
	const char *block; /* NULL at the top of a section */
	const char *key;
	const char *value;
};

struct ini {
	char *text;
	size_t text_len;
	struct entry *entries;
	size_t nentries;
};

struct parser {
	struct ini *ini;
	const char *kind, *name, *block;
	const char *why;
};

void
ini_free(struct ini **ip)
{
	struct ini *ini = *ip;

	if (ini == NULL)
		return;
	if (ini->text != NULL)
		OPENSSL_cleanse(ini->text, ini->text_len);
	free(ini->text);
	free(ini->entries);
	free(ini);
	*ip = NULL;
}

static char *
trim(char *s)
{
	char *end = s + strlen(s);

	while (end > s && strchr(" \t\r", end[-1]) != NULL)
		*--end = '\0';
	return s + strspn(s, " \t");
}

static bool
add(struct parser *p, const char *key, const char *value)
{
	struct ini *ini = p->ini;
	struct entry *grown;

	/* Grows by doubling: capacity is the next power of two. */
	if ((ini->nentries & (ini->nentries - 1)) == 0) {
		size_t room = ini->nentries != 0 ? 2 * ini->nentries : 1;

		grown = realloc(ini->entries, room * sizeof(*grown));
		if (grown == NULL) {
			p->why = "out of memory";
			return false;
		}
		ini->entries = grown;
	}
	ini->entries[ini->nentries++] = (struct entry){
		.kind = p->kind, .name = p->name, .block = p->block, .key = key, .value = value
	};
	return true;
}

/* [x], [profile x], [profile "x y"], [services x], [sso-session x] */
static bool
parse_section(struct parser *p, char *line)
{
	char *close = strchr(line, ']'), *name, *sp;
	size_t len;

	if (close == NULL) {
		p->why = "a section without \"]\"";
		return false;
	}
	*close = '\0';
	name = trim(line + 1);
	sp = strpbrk(name, " \t");
	p->kind = "";
	if (sp != NULL) {
		*sp = '\0';
		p->kind = name;
		name = trim(sp + 1);
	}
	len = strlen(name);
	if (len >= 2 && (name[0] == '"' || name[0] == '\'') && name[len - 1] == name[0]) {
		name[len - 1] = '\0';
		name++;
	}
	p->name = name;
	p->block = NULL;
	return add(p, NULL, NULL);
}

static bool
parse_pair(struct parser *p, char *line, bool indented)
{
	char *eq = strchr(line, '=');
	const char *key, *value;

	if (eq == NULL || p->name == NULL) {
		p->why = eq == NULL ? "not \"key = value\"" : "a key before the first section";
		return false;
	}
	*eq = '\0';
	key = trim(line);
	value = trim(eq + 1);
	if (!indented)
		p->block = NULL;
	if (!add(p, key, value))
		return false;
	if (!indented && *value == '\0')
		p->block = key;
	return true;
}

static bool
parse_line(struct parser *p, char *line)
{
	bool indented = *line == ' ' || *line == '\t';

	line = trim(line);
	if (*line == '\0' || *line == '#' || *line == ';')
		return true;
	if (*line == '[')
		return parse_section(p, line);
	/* An indented line below a key that has a value continues it; no key of ours has such
	 * values. */
	if (indented && p->block == NULL && p->name != NULL && strchr(line, '=') == NULL)
		return true;
	return parse_pair(p, line, indented);
}

static int
parse(struct ini *ini, char *why, size_t why_len)
{
	struct parser p = { .ini = ini };
	char *line = ini->text, *next;

	if (strncmp(line, "\xef\xbb\xbf", 3) == 0)
		line += 3;
	for (unsigned int n = 1; line != NULL; n++, line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (!parse_line(&p, line)) {
			(void)snprintf(why, why_len, "line %u: %s", n, p.why);
			return -1;
		}
	}
	return 0;
}

static int
read_text(FILE *f, struct ini *ini)
{
	ini->text = malloc(FILE_MAX + 1);
	if (ini->text == NULL)
		return -1;
	ini->text_len = fread(ini->text, 1, FILE_MAX + 1, f);
	if (ferror(f) != 0)
		return -1;
	if (ini->text_len > FILE_MAX) {
		errno = EFBIG;
		return -1;
	}
	ini->text[ini->text_len] = '\0';
	if (strlen(ini->text) != ini->text_len) {
		errno = EILSEQ;
		return -1;
	}
	return 0;
}

int
ini_load(const char *path, struct ini **ip, char *why, size_t why_len)
{
	struct ini *ini = NULL;
	FILE *f = fopen(path, "re");
	int r = -1;

	*ip = NULL;
	if (f == NULL && (errno == ENOENT || errno == ENOTDIR))
		return 1;
	ini = f != NULL ? calloc(1, sizeof(*ini)) : NULL;
	if (ini == NULL || (setvbuf(f, NULL, _IONBF, 0), read_text(f, ini)) != 0) {
		(void)snprintf(why, why_len, "%s", strerror(errno));
		goto out;
	}
	r = parse(ini, why, why_len);
	if (r == 0) {
		*ip = ini;
		ini = NULL;
	}
out:
	if (f != NULL)
		(void)fclose(f);
	ini_free(&ini);
	return r;
}

static bool
in_section(const struct entry *e, const char *kind, const char *name)
{
	return strcmp(e->kind, kind != NULL ? kind : "") == 0 && strcmp(e->name, name) == 0;
}

bool
ini_has(const struct ini *ini, const char *kind, const char *name)
{
	for (size_t i = 0; ini != NULL && i < ini->nentries; i++)
		if (in_section(&ini->entries[i], kind, name))
			return true;
	return false;
}

const char *
ini_get(
    const struct ini *ini, const char *kind, const char *name, const char *block, const char *key)
{
	const char *found = NULL;

	for (size_t i = 0; ini != NULL && i < ini->nentries; i++) {
		const struct entry *e = &ini->entries[i];

		if (e->key == NULL || !in_section(e, kind, name) || strcasecmp(e->key, key) != 0)
			continue;
		if (block == NULL ? e->block == NULL
				  : e->block != NULL && strcasecmp(e->block, block) == 0)
			found = e->value;
	}
	return found;
}
