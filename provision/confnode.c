/* The configuration file's JSON: members, places and messages; see confnode.h. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/confnode.h"
#include "provision/msg.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

#define INFO      "csr_config.certificate_info"
#define KEY       "csr_config.key_info"
#define SIG       "csr_config.signature_info"
#define AWS       "aws_iot_config"

/* The subject's fields are in a table of their own: subject_row(). */
static const struct config_member members[] = {
	{ "", "csr_config", false },
	{ "", "aws_iot_config", false },
	{ "", "slots", true },
	{ "", "ca", true },
	{ "", "register", true },
	{ "", "lock_policy", true },
	{ "csr_config", "certificate_info", false },
	{ "csr_config", "key_info", false },
	{ "csr_config", "signature_info", false },
	{ "csr_config", "extensions", true },
	{ KEY, "algorithm_id", false },
	{ KEY, "parameters", false },
	{ KEY, "usage", true },
	{ KEY ".parameters", "curve", false },
	{ KEY ".parameters", "key_size", false },
	{ KEY ".parameters", "slot", false },
	{ SIG, "algorithm_id", false },
	{ SIG, "parameters", false },
	{ SIG ".parameters", "hash_alg", false },
	{ AWS, "thing", false },
	{ AWS, "policy", false },
	{ AWS, "policy_file", true },
	{ AWS, "thing_type", true },
	{ AWS, "attributes", true },
	{ AWS, "groups", true },
};

const struct config_member *
config_member_row(size_t i)
{
	return i < NITEMS(members) ? &members[i] : NULL;
}

const char *
json_kind(const json_t *v)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return names[json_typeof(v)];
}

json_t *
node_get(const struct node *n, const char *member)
{
	json_t *v = json_object_get(n->obj, member);

	return v != NULL ? v : json_object_get(n->base, member);
}

/* The text lasts until the next call. */
static const char *
place(const struct node *n, const char *prefix, const char *member)
{
	static char text[4608]; /* a path of the file system, and one in the file */

	(void)snprintf(text, sizeof(text), "%.4096s: \"%s%s%s%s\"", n->conf->file, prefix, n->path,
	    n->path[0] != '\0' ? "." : "", member);
	return text;
}

/* A slot's default is where the file has it; what is missing is missing in the slot. */
const char *
node_at(const struct node *n, const char *member)
{
	bool outside =
	    json_object_get(n->obj, member) == NULL && json_object_get(n->base, member) != NULL;

	return place(n, outside ? "" : n->prefix, member);
}

/* Whether a message is new; then it is noted. */
static bool
is_new(struct conf *conf, const char *text)
{
	conf->said_last = json_object_get(conf->said, text) == NULL;
	if (conf->said_last)
		(void)json_object_set_new_nocheck(conf->said, text, json_true());
	return conf->said_last;
}

static void
say(struct conf *conf, void (*how)(const char *, ...), const char *at, const char *fmt, va_list ap)
{
	char *rest = NULL, *text = NULL;

	if (vasprintf(&rest, fmt, ap) < 0)
		rest = NULL;
	if (rest == NULL || asprintf(&text, "%s%s", at, rest) < 0)
		text = NULL;
	if (text == NULL)
		how("%s: out of memory", at);
	else if (is_new(conf, text))
		how("%s", text);
	free(rest);
	free(text);
}

void
node_error(const struct node *n, const char *member, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(n->conf, prov_error, node_at(n, member), fmt, ap);
	va_end(ap);
}

void
node_warn(const struct node *n, const char *member, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(n->conf, prov_warn, node_at(n, member), fmt, ap);
	va_end(ap);
}

void
node_hint(const struct node *n, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	if (!n->conf->said_last)
		return;
	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) >= 0)
		prov_hint("%s", text);
	va_end(ap);
	free(text);
}

bool
node_object(const struct node *parent, const char *member, const char *path, struct node *out)
{
	json_t *own = json_object_get(parent->obj, member);
	json_t *base = json_object_get(parent->base, member);

	*out = (struct node){ parent->conf, parent->prefix, path, own, base };
	if (own == NULL && base == NULL) {
		node_error(parent, member, " is missing");
		return false;
	}
	if (own != NULL && !json_is_object(own)) {
		node_error(parent, member, " must be an object, not %s", json_kind(own));
		return false;
	}
	if (base != NULL && !json_is_object(base)) {
		struct node file = *parent;

		file.obj = NULL;
		node_error(&file, member, " must be an object, not %s", json_kind(base));
		return false;
	}
	return true;
}

const char *
node_string(const struct node *n, const char *member, bool required, bool *ok)
{
	json_t *v = node_get(n, member);

	if (v == NULL) {
		if (required) {
			node_error(n, member, " is missing");
			*ok = false;
		}
		return NULL;
	}
	if (!json_is_string(v)) {
		node_error(n, member, " must be a string, not %s", json_kind(v));
		*ok = false;
		return NULL;
	}
	if (json_string_length(v) == 0) {
		node_error(n, member, " is empty");
		*ok = false;
		return NULL;
	}
	return json_string_value(v);
}

static const struct config_member *
find_member(const char *path, const char *name)
{
	for (size_t i = 0; i < NITEMS(members); i++)
		if (strcmp(members[i].object, path) == 0 && strcmp(members[i].name, name) == 0)
			return &members[i];
	return NULL;
}

static bool
known(const char *path, const char *name)
{
	const struct subject_field *f;

	if (find_member(path, name) != NULL)
		return true;
	for (size_t i = 0; strcmp(path, INFO) == 0 && (f = subject_row(i)) != NULL; i++)
		if (strcmp(name, f->member) == 0 ||
		    (f->other != NULL && strcmp(name, f->other) == 0))
			return true;
	return false;
}

void
node_warn_unknown(const struct node *n)
{
	json_t *layers[] = { n->obj, n->base };
	const char *key;
	json_t *value;

	for (size_t i = 0; i < NITEMS(layers); i++) {
		json_object_foreach(layers[i], key, value)
		{
			if (!known(n->path, key))
				node_warn(n, key, " is not known and has no effect");
			/* One list, and each of its slots is all that is in it. */
			else if (i == 0 && n->prefix[0] != '\0' && strcmp(key, "slots") == 0)
				node_warn(n, key, " has no effect inside a slot");
		}
	}
}

bool
conf_is_own(const json_t *v, const char *path)
{
	const struct config_member *m;
	const char *key;
	json_t *value;

	if (json_is_string(v))
		return template_has(json_string_value(v));
	json_object_foreach((json_t *)(uintptr_t)v, key, value)
	{
		char below[128];

		m = find_member(path, key);
		if (m != NULL && m->own)
			return true;
		(void)snprintf(
		    below, sizeof(below), "%s%s%s", path, path[0] != '\0' ? "." : "", key);
		if (known(path, key) && conf_is_own(value, below))
			return true;
	}
	return false;
}
