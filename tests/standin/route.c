/* From a request line to a call, with what the call allows in it. */
#include <config.h>

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/standin/standin.h"

static const struct si_call *const families[] = { si_cert_calls, si_thing_calls, si_policy_calls,
	si_group_calls, si_ca_calls, si_register_calls };

void
si_error(struct si_cx *cx, int status, const char *code, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	if (cx->status != 200)
		return; /* the first one counts */
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_decref(cx->out);
	cx->status = status;
	(void)snprintf(cx->code, sizeof(cx->code), "%s", code);
	cx->out = json_pack(
	    "{s:s, s:s}", "message", text, "traceId", "4b18b9cd-0000-4000-8000-000000000000");
}

const char *
si_query(const struct si_cx *cx, const char *name)
{
	return json_string_value(json_object_get(cx->query, name));
}

const char *
si_member(const struct si_cx *cx, const char *name)
{
	return json_string_value(json_object_get(cx->body, name));
}

/* In place; false: a bad escape, a NUL, or a byte that clients must escape. */
static bool
decode(char *s)
{
	char *out = s;

	for (; *s != '\0'; s++) {
		unsigned int ch = (unsigned char)*s;

		if (ch == '%') {
			if (!isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2]) ||
			    sscanf(s + 1, "%2x", &ch) != 1 || ch == 0)
				return false;
			s += 2;
		} else if (!isalnum((int)ch) && strchr("-._~", (int)ch) == NULL) {
			return false;
		}
		*out++ = (char)ch;
	}
	*out = '\0';
	return true;
}

static bool
parse_query(struct si_cx *cx, const char *query)
{
	char *copy = strdup(query), *rest = copy, *p, *eq;
	bool ok = true;

	while (*query != '\0' && ok && (p = strsep(&rest, "&")) != NULL) {
		eq = strchr(p, '=');
		ok = eq != NULL;
		if (!ok)
			break;
		*eq++ = '\0';
		ok = decode(p) && decode(eq) && json_object_get(cx->query, p) == NULL &&
		     json_object_set_new(cx->query, p, json_string(eq)) == 0;
	}
	free(copy);
	return ok;
}

/* The segment where the pattern has {}; NULL: another path. "" when there is none in it. */
static char *
match(const char *pattern, const char *path)
{
	const char *hole = strstr(pattern, "{}");
	size_t lead, seg;

	if (hole == NULL)
		return strcmp(pattern, path) == 0 ? strdup("") : NULL;
	lead = (size_t)(hole - pattern);
	if (strncmp(pattern, path, lead) != 0)
		return NULL;
	seg = strcspn(path + lead, "/");
	if (seg == 0 || strcmp(hole + 2, path + lead + seg) != 0)
		return NULL;
	return strndup(path + lead, seg);
}

static const struct si_call *
find(struct si_cx *cx, const char *path)
{
	for (size_t i = 0; i < SI_NITEMS(families); i++)
		for (const struct si_call *c = families[i]; c->name != NULL; c++) {
			if (strcmp(c->method, cx->rq->method) != 0)
				continue;
			cx->arg = match(c->path, path);
			if (cx->arg != NULL)
				return c;
		}
	return NULL;
}

const struct si_call *
si_route(struct si_cx *cx)
{
	const char *q = strchr(cx->rq->target, '?');
	char *path = strndup(
	    cx->rq->target, q != NULL ? (size_t)(q - cx->rq->target) : strlen(cx->rq->target));
	const struct si_call *call = find(cx, path);

	free(path);
	if (call == NULL)
		si_error(cx, 404, "UnknownOperationException", "Unknown operation");
	else if (!decode(cx->arg) || !parse_query(cx, q != NULL ? q + 1 : ""))
		si_error(cx, 400, "InvalidRequestException", "the address is not encoded strictly");
	return call;
}

static bool
listed(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; *p != '\0'; p += strcspn(p, " "), p += *p == ' ')
		if (strncmp(p, word, len) == 0 && strchr(" *", p[len]) != NULL)
			return true;
	return false;
}

/* Those with a * are strings, all of them. */
static void
check_required(struct si_cx *cx, const char *members)
{
	char name[64];

	for (const char *p = members; *p != '\0'; p += strcspn(p, " "), p += *p == ' ') {
		size_t len = strcspn(p, " *");

		if (p[len] != '*')
			continue;
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, p);
		if (si_member(cx, name) == NULL)
			si_error(cx, 400, "InvalidRequestException", "%s is required", name);
	}
}

static void
check_body(struct si_cx *cx, const struct si_call *call)
{
	const char *type = si_header(cx->rq, "content-type"), *name;
	json_t *value;

	if (call->members == NULL) {
		if (cx->rq->body_len != 0 && strcmp(call->path, "/") != 0)
			si_error(cx, 400, "InvalidRequestException", "this call has no body");
		return;
	}
	if (cx->rq->body_len == 0 && strchr(call->members, '*') == NULL)
		return;
	if (type == NULL || strstr(type, "application/json") == NULL) {
		si_error(
		    cx, 400, "InvalidRequestException", "Content-Type must be application/json");
		return;
	}
	cx->body = json_loadb(cx->rq->body, cx->rq->body_len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(cx->body))
		si_error(cx, 400, "InvalidRequestException", "the body must be a JSON object");
	json_object_foreach(cx->body, name, value) if (!listed(call->members, name))
	    si_error(cx, 400, "InvalidRequestException", "unknown member %s", name);
	check_required(cx, call->members);
}

void
si_dispatch(struct si_cx *cx, const struct si_call *call)
{
	const char *name;
	json_t *value;

	json_object_foreach(cx->query, name, value) if (!listed(call->query, name))
	    si_error(cx, 400, "InvalidRequestException", "unknown parameter %s", name);
	if (call->need != NULL && si_header(cx->rq, call->need) == NULL)
		si_error(cx, 400, "InvalidRequestException", "%s is required", call->need);
	check_body(cx, call);
	if (cx->status == 200)
		call->handle(cx);
}
