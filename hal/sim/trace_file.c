/* Reading a file of bus events; see trace.h. */
#include <config.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "hal/sim/prog.h"
#include "hal/sim/trace.h"

#define LINE_MAX_BYTES (1U << 20)

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";
	const char *p = c != '\0' ? strchr(digits, c) : NULL;

	return p != NULL ? (int)((p - digits) & 15) : -1;
}

static bool
unhex(const char *text, struct trace_event *e)
{
	size_t len = strlen(text);
	int hi, lo;

	if (len % 2 != 0 || len / 2 > sizeof(e->data))
		return false;
	for (size_t i = 0; i < len / 2; i++) {
		hi = digit(text[2 * i]);
		lo = digit(text[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		e->data[i] = (uint8_t)(hi << 4 | lo);
	}
	e->shown = len / 2;
	return true;
}

static const char *
text_of(const json_t *j, const char *key)
{
	const char *s = json_string_value(json_object_get(j, key));

	return s != NULL ? s : "";
}

/* Whom an event belongs to, in words. */
static void
source(const json_t *j, struct trace_event *e)
{
	const json_t *pid = json_object_get(j, "pid"), *conn = json_object_get(j, "conn");
	const char *mark = text_of(j, "mark");

	if (*text_of(j, "variant") != '\0')
		(void)snprintf(e->source, sizeof(e->source), "%.40s, %.50s", text_of(j, "variant"),
		    text_of(j, "scenario"));
	else if (json_is_integer(pid))
		(void)snprintf(e->source, sizeof(e->source), "process %lld",
		    (long long)json_integer_value(pid));
	else if (json_is_integer(conn))
		(void)snprintf(e->source, sizeof(e->source), "connection %lld%s%.60s",
		    (long long)json_integer_value(conn), *mark != '\0' ? ", " : "", mark);
}

/* NULL, or what is wrong with the line. */
static const char *
parse(const json_t *j, struct trace_event *e)
{
	const char *dir = text_of(j, "dir");
	const json_t *n = json_object_get(j, "n");

	if (strlen(dir) != 1 || strchr("WRZM", dir[0]) == NULL)
		return "\"dir\" must be W, R, Z or M";
	e->dir = dir[0];
	if (!unhex(text_of(j, "hex"), e))
		return "\"hex\" must be pairs of hexadecimal digits, 1024 at most";
	e->nack = json_is_integer(json_object_get(j, "nack"));
	e->failed = json_is_integer(json_object_get(j, "error"));
	e->n = e->shown;
	if (json_is_integer(n) && json_integer_value(n) > (json_int_t)e->shown) {
		if (json_integer_value(n) > 0xFFFF)
			return "\"n\" must be 65535 at most";
		e->n = (size_t)json_integer_value(n);
	}
	e->t_us = json_number_value(json_object_get(j, "t_us"));
	source(j, e);
	return NULL;
}

static bool
number_fits(const json_t *j, const char *key, long want)
{
	return want == 0 || json_integer_value(json_object_get(j, key)) == want;
}

static bool
wanted(const json_t *j, const struct trace_filter *f)
{
	return (f->variant == NULL || strcmp(text_of(j, "variant"), f->variant) == 0) &&
	       (f->scenario == NULL || strcmp(text_of(j, "scenario"), f->scenario) == 0) &&
	       number_fits(j, "pid", f->pid) && number_fits(j, "conn", f->conn);
}

struct list {
	struct trace_event *e;
	size_t n, cap;
};

static struct trace_event *
append(struct list *l)
{
	size_t cap = l->cap > 0 ? 2 * l->cap : 64;
	struct trace_event *grown;

	if (l->n == l->cap) {
		grown = reallocarray(l->e, cap, sizeof(*grown));
		if (grown == NULL)
			return NULL;
		l->e = grown;
		l->cap = cap;
	}
	memset(&l->e[l->n], 0, sizeof(*l->e));
	return &l->e[l->n];
}

/* One line of the file. */
static int
take(const char *path, unsigned nr, const char *line, const struct trace_filter *f, struct list *l)
{
	struct trace_event *e;
	json_error_t err;
	const char *why = NULL;
	json_t *j = json_loads(line, 0, &err);

	if (j == NULL)
		return prog_error("%s:%u: no JSON: %s", path, nr, err.text);
	if (!json_is_object(j))
		why = "each line must be an object";
	else if (wanted(j, f)) {
		if ((e = append(l)) == NULL) {
			why = "out of memory";
		} else if ((why = parse(j, e)) == NULL) {
			e->line = nr;
			l->n++;
		}
	}
	json_decref(j);
	return why == NULL ? PROG_OK : prog_error("%s:%u: %s", path, nr, why);
}

int
trace_load(const char *path, const struct trace_filter *f, struct trace_event **eventsp, size_t *np)
{
	struct list l = { NULL, 0, 0 };
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	unsigned nr = 0;
	int r = PROG_OK;
	FILE *in = fopen(path, "re");

	if (in == NULL)
		return prog_error("%s: %s", path, strerror(errno));
	while (r == PROG_OK && (len = getline(&line, &cap, in)) >= 0) {
		nr++;
		if (len > 1 && line[0] != '\n')
			r = (size_t)len <= LINE_MAX_BYTES
				? take(path, nr, line, f, &l)
				: prog_error("%s:%u: the line is too long", path, nr);
	}
	if (r == PROG_OK && ferror(in))
		r = prog_error("%s: cannot be read", path);
	free(line);
	(void)fclose(in);
	if (r != PROG_OK) {
		free(l.e);
		l.e = NULL;
	}
	*eventsp = l.e;
	*np = l.n;
	return r;
}

bool
trace_filter_option(int c, const char *arg, struct trace_filter *f)
{
	char *end = NULL;

	switch (c) {
	case 'V': f->variant = arg; return true;
	case 'S': f->scenario = arg; return true;
	case 'P': f->pid = strtol(arg, &end, 10); break;
	case 'C': f->conn = strtol(arg, &end, 10); break;
	default: return false;
	}
	return end != arg && *end == '\0';
}
