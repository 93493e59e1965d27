/* Findings that are meant: a file of lines "ID OID"; see audit.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/audit.h"
#include "provision/file.h"
#include "provision/msg.h"

#define FILE_MAX 65536U
#define BLANKS   " \t\r"

struct line {
	const char *path;
	unsigned int number;
	const char *id;  /* "*": any */
	const char *oid; /* "*": any */
};

/* "-" is what has no object of the chip. */
static bool
oid_good(const char *oid)
{
	return strcmp(oid, "*") == 0 || strcmp(oid, "-") == 0 ||
	       (strlen(oid) == 4 && strspn(oid, "0123456789ABCDEF") == 4);
}

static bool
line_good(const struct line *l)
{
	if (l->oid == NULL) {
		prov_error("%s:%u: there is no object behind \"%s\"", l->path, l->number, l->id);
		prov_hint("a line is a finding's name and its object, as in \"key-unlocked E0F0\"; "
			  "\"*\" is any");
		return false;
	}
	if (strcmp(l->id, "*") != 0 && audit_rule_find(l->id) == NULL) {
		prov_error("%s:%u: there is no finding \"%s\"", l->path, l->number, l->id);
		prov_hint("optiga-provision(1) lists them");
		return false;
	}
	if (!oid_good(l->oid)) {
		prov_error("%s:%u: \"%s\" is no object of a chip", l->path, l->number, l->oid);
		prov_hint("it is four hexadecimal digits such as E0F0, \"-\" for the chip as a "
			  "whole, or \"*\" for any");
		return false;
	}
	return true;
}

static bool
fits(const struct line *l, const struct audit_finding *f)
{
	char oid[5] = "-";

	if (f->oid != 0)
		(void)snprintf(oid, sizeof(oid), "%04X", f->oid);
	return (strcmp(l->id, "*") == 0 || strcmp(l->id, f->rule->id) == 0) &&
	       (strcmp(l->oid, "*") == 0 || strcmp(l->oid, oid) == 0);
}

static void
apply(struct audit *a, const struct line *l)
{
	bool any = false;

	for (size_t i = 0; i < a->n; i++) {
		if (!fits(l, &a->findings[i]))
			continue;
		a->findings[i].accepted = true;
		any = true;
	}
	if (!any)
		prov_warn("%s:%u: \"%s %s\" was not found", l->path, l->number, l->id, l->oid);
}

/* A line is cut up in place. */
static bool
take_line(struct audit *a, const char *path, unsigned int number, char *text)
{
	struct line l = { .path = path, .number = number };
	char *save;

	text[strcspn(text, "#")] = '\0';
	l.id = strtok_r(text, BLANKS, &save);
	if (l.id == NULL)
		return true;
	l.oid = strtok_r(NULL, BLANKS, &save);
	if (!line_good(&l))
		return false;
	if (strtok_r(NULL, BLANKS, &save) != NULL) {
		prov_error("%s:%u: something stands behind the object", path, number);
		prov_hint("comments begin with #");
		return false;
	}
	apply(a, &l);
	return true;
}

bool
audit_accept(struct audit *a, const char *path)
{
	unsigned int number = 0;
	size_t len;
	char *text = file_read(path, FILE_MAX, &len), *at = text, *next;
	bool ok = text != NULL;

	if (ok && strlen(text) != len) {
		prov_error("%s: it is no text", path);
		ok = false;
	}
	for (; ok && at != NULL; at = next) {
		next = strchr(at, '\n');
		if (next != NULL)
			*next++ = '\0';
		ok = take_line(a, path, ++number, at);
	}
	free(text);
	return ok;
}
