/*
 * credential_process: a program whose output is the credentials, as one JSON object of version 1.
 * Its output is secret and never shown; what it says on stderr goes to the user's.
 */
#include <config.h>

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>
#include <openssl/crypto.h>

#include "provision/child.h"
#include "provision/cred.h"
#include "provision/msg.h"

#define OUTPUT_MAX (64 * 1024)
#define WORDS_MAX  64

/*
 * Words as a shell makes them, in place: blanks separate, quotes and backslashes join; no
 * variables, no patterns. Returns how many, 0 for none, -1 for an open quote or too many.
 */
static int
split_words(char *s, char *words[WORDS_MAX + 1])
{
	int n = 0;

	for (;;) {
		char *out, quote = '\0';

		s += strspn(s, " \t");
		if (*s == '\0')
			break;
		if (n == WORDS_MAX)
			return -1;
		words[n++] = out = s;
		for (; *s != '\0' && (quote != '\0' || (*s != ' ' && *s != '\t')); s++) {
			if (quote == '\0' && (*s == '"' || *s == '\''))
				quote = *s;
			else if (*s == quote)
				quote = '\0';
			else if (*s == '\\' && s[1] != '\0' && quote != '\'' &&
				 (quote == '\0' || s[1] == '"' || s[1] == '\\'))
				*out++ = *++s;
			else
				*out++ = *s;
		}
		if (quote != '\0')
			return -1;
		if (*s != '\0')
			s++;
		*out = '\0';
	}
	words[n] = NULL;
	return n;
}

/* "2026-01-15T12:34:56Z", a fraction and a numeric offset allowed. 0: not of this form. */
static time_t
parse_time(const char *s)
{
	struct tm tm = { 0 };
	int used = 0, hours = 0, minutes = 0;
	time_t t;

	if (sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
		&tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) != 6 ||
	    used == 0)
		return 0;
	s += used;
	if (*s == '.')
		s += 1 + strspn(s + 1, "0123456789");
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	t = timegm(&tm);
	if (strcmp(s, "Z") == 0 || *s == '\0')
		return t;
	if ((*s != '+' && *s != '-') || sscanf(s + 1, "%2d:%2d", &hours, &minutes) < 1)
		return 0;
	return t - (*s == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
}

static const char *
text_member(const json_t *o, const char *name)
{
	const char *v = json_string_value(json_object_get(o, name));

	return v != NULL && *v != '\0' ? v : NULL;
}

static bool
sound(const char *s)
{
	for (; s != NULL && *s != '\0'; s++)
		if (*s <= ' ' || *s > '~')
			return false;
	return true;
}

static const char *
take_object(const json_t *o, struct cred *out)
{
	const char *access = text_member(o, "AccessKeyId");
	const char *secret = text_member(o, "SecretAccessKey");
	const char *token = text_member(o, "SessionToken");
	const char *expires = text_member(o, "Expiration");

	if (!json_is_object(o) || json_integer_value(json_object_get(o, "Version")) != 1)
		return "its output is not a JSON object of version 1";
	if (access == NULL || secret == NULL || !sound(access) || !sound(secret) || !sound(token))
		return "its output lacks a usable AccessKeyId or SecretAccessKey";
	if (expires != NULL) {
		out->expires = parse_time(expires);
		if (out->expires == 0)
			return "its Expiration is no time";
		if (out->expires <= time(NULL))
			return "it gave credentials that have expired";
	}
	out->renewable = true;
	out->access_key = strdup(access);
	out->secret_key = strdup(secret);
	out->token = token != NULL ? strdup(token) : NULL;
	return out->access_key == NULL || out->secret_key == NULL ||
		       (token != NULL && out->token == NULL)
		   ? "out of memory"
		   : NULL;
}

static void
wiping_free(void *p)
{
	if (p != NULL)
		OPENSSL_cleanse(p, malloc_usable_size(p));
	free(p);
}

/* jansson copies strings; while it holds secrets, what it frees is wiped. */
static const char *
parse_output(const char *buf, size_t len, struct cred *out)
{
	json_malloc_t old_malloc;
	json_free_t old_free;
	const char *why;
	json_t *o;

	json_get_alloc_funcs(&old_malloc, &old_free);
	json_set_alloc_funcs(malloc, wiping_free);
	o = json_loadb(buf, len, JSON_REJECT_DUPLICATES, NULL);
	why = take_object(o, out);
	json_decref(o);
	json_set_alloc_funcs(old_malloc, old_free);
	return why;
}

static const char *
judge(const struct child_result *r, struct cred *out)
{
	static const char no_program[] = "there is no such program";

	switch (r->end) {
	case CHILD_LATE: return "it did not end in time";
	case CHILD_VERBOSE: return "its output is too long";
	case CHILD_KILLED: return "it failed";
	case CHILD_FAILED: return r->status == ENOENT ? no_program : strerror(r->status);
	case CHILD_EXITED: break;
	}
	/* 127 as shells have it, and posix_spawn where it cannot tell otherwise. */
	if (r->status != 0)
		return r->status == 127 ? no_program : "it failed";
	return parse_output(r->out, r->out_len, out);
}

static const char *
run(char *const words[], unsigned int limit, struct cred *out)
{
	struct child_result r;
	const char *why;

	child_run(words, NULL, OUTPUT_MAX, limit, &r);
	why = judge(&r, out);
	child_clear(&r);
	return why;
}

bool
cred_process(const char *command, unsigned int limit, struct cred *out)
{
	char *words[WORDS_MAX + 1], *copy = strdup(command);
	const char *why = "out of memory";
	int n;

	memset(out, 0, sizeof(*out));
	if (copy != NULL) {
		n = split_words(copy, words);
		why = n > 0 ? run(words, limit, out) : "it is no list of words";
	}
	if (why != NULL) {
		cred_clear(out);
		prov_error("credential_process \"%s\": %s", command, why);
	}
	free(copy);
	return why == NULL;
}
