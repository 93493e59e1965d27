/* The thing: its type, attributes, groups, and our note in it; see cloud.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provision/cert.h"
#include "provision/cloud.h"

/* "1764018420:HASH": seconds since 1970, and the key's SHA-256 in hex. */
#define NOTE_NAME "optiga-provision.asked"

/* Our note is no attribute of the user's. */
static size_t
count_others(const struct aws_thing *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nattributes; i++)
		n += strcmp(t->attributes[i].name, NOTE_NAME) != 0;
	return n;
}

static void
set_room(struct job *j, const char *type, size_t n)
{
	j->thing_full = n >= (type != NULL ? AWS_ATTRIBUTES_TYPED : AWS_ATTRIBUTES);
}

static const char *
value_of(const struct aws_thing *t, const char *name)
{
	for (size_t i = 0; i < t->nattributes; i++)
		if (strcmp(t->attributes[i].name, name) == 0)
			return t->attributes[i].value;
	return NULL;
}

/* A note that is not in our form is somebody's. */
static void
read_note(struct job *j, const struct aws_thing *t)
{
	const char *v = value_of(t, NOTE_NAME);
	char *end;
	double at;

	if (v == NULL)
		return;
	at = strtod(v, &end);
	if (at <= 0 || *end != ':' || strlen(end + 1) != 64)
		return;
	j->noted_at = at;
	(void)snprintf(j->noted_key, sizeof(j->noted_key), "%s", end + 1);
}

static void
say_difference(const struct job *j, const char *what, const char *has, const char *wanted)
{
	if (j->opts->update_thing)
		prov_step("the thing \"%s\": %s is \"%s\", and will be \"%s\"", j->config->thing,
		    what, has, wanted);
	else
		prov_warn("the thing \"%s\" exists, and its %s is \"%s\", not \"%s\"; it was left "
			  "as it is",
		    j->config->thing, what, has, wanted);
}

/* Attributes that the configuration does not name are somebody else's business. */
static void
compare(struct job *j, const struct aws_thing *t)
{
	const struct config *c = j->config;
	bool differs = false;

	if (c->thing_type != NULL && (t->type == NULL || strcmp(t->type, c->thing_type) != 0)) {
		say_difference(j, "type", t->type != NULL ? t->type : "", c->thing_type);
		differs = true;
	}
	for (size_t i = 0; i < c->nattributes; i++) {
		const char *has = value_of(t, c->attributes[i].name);
		char what[160];

		if (has != NULL && strcmp(has, c->attributes[i].value) == 0)
			continue;
		(void)snprintf(what, sizeof(what), "attribute %s", c->attributes[i].name);
		say_difference(j, what, has != NULL ? has : "", c->attributes[i].value);
		differs = true;
	}
	j->state.thing_differs = differs;
	if (differs && !j->opts->update_thing)
		prov_hint("--update-thing changes it");
}

/* Of a type that will be given to the thing, or would be. */
static bool
read_type(struct job *j, const struct aws_thing *t)
{
	const char *type = j->config->thing_type;
	bool deprecated = false;
	enum aws_result r;

	if (type == NULL || (t->type != NULL && strcmp(t->type, type) == 0) ||
	    (j->state.thing && !j->state.update_thing))
		return true;
	r = aws_describe_thing_type(j->aws, type, &deprecated);
	if (r == AWS_OK && deprecated) {
		prov_error("the thing type \"%s\" is deprecated: no thing can get it", type);
		prov_hint("undo that in AWS IoT, or use another \"thing_type\"");
		return false;
	}
	j->state.type_missing = r == AWS_NOT_FOUND;
	return r == AWS_OK || r == AWS_NOT_FOUND;
}

/* Which of the configured groups the thing is in. */
struct groups {
	const struct config *config;
	size_t found;
};

static bool
match_group(const char *name, void *arg)
{
	struct groups *g = arg;

	for (size_t i = 0; i < g->config->ngroups; i++)
		g->found += strcmp(name, g->config->groups[i]) == 0;
	return g->found < g->config->ngroups;
}

static bool
read_groups(struct job *j)
{
	struct groups g = { .config = j->config };

	if (j->config->ngroups > 0 && j->state.thing &&
	    aws_list_thing_groups(j->aws, j->config->thing, match_group, &g) != AWS_OK)
		return false;
	j->state.groups_missing = g.found < j->config->ngroups;
	return true;
}

bool
cloud_read_thing(struct job *j)
{
	struct aws_thing t = { .arn = NULL };
	enum aws_result r = aws_get_thing(j->aws, j->config->thing, &t);
	bool ok = r == AWS_OK || r == AWS_NOT_FOUND;

	j->state.thing = r == AWS_OK;
	if (r == AWS_OK) {
		compare(j, &t);
		read_note(j, &t);
		set_room(j, t.type, count_others(&t));
	}
	ok = ok && read_type(j, &t) && read_groups(j);
	aws_thing_clear(&t);
	return ok;
}

bool
cloud_thing_type(struct job *j)
{
	enum aws_result r = aws_create_thing_type(j->aws, j->config->thing_type);

	return r == AWS_OK || r == AWS_EXISTS;
}

/* In the form of the calls; the texts stay the configuration's. */
static struct aws_pair *
pairs(const struct config *c)
{
	struct aws_pair *list = calloc(c->nattributes + 1, sizeof(*list));

	if (list == NULL)
		prov_error("out of memory");
	for (size_t i = 0; list != NULL && i < c->nattributes; i++)
		list[i] = (struct aws_pair){ c->attributes[i].name, c->attributes[i].value };
	return list;
}

bool
cloud_thing(struct job *j)
{
	const struct config *c = j->config;
	struct aws_pair *list = pairs(c);
	enum aws_result r = AWS_FAILED;
	char *arn = NULL;

	if (list != NULL)
		r = aws_create_thing_as(
		    j->aws, c->thing, c->thing_type, list, c->nattributes, &arn);
	free(list);
	free(arn);
	set_room(j, c->thing_type, c->nattributes);
	/* It has appeared meanwhile, with attributes of somebody's; that is their business. */
	if (r == AWS_EXISTS)
		return cloud_read_thing(j) && j->state.thing;
	return r == AWS_OK;
}

bool
cloud_update_thing(struct job *j)
{
	const struct config *c = j->config;
	struct aws_pair *list = pairs(c);
	enum aws_result r = AWS_FAILED;

	if (list != NULL)
		r = aws_update_thing(j->aws, c->thing, c->thing_type, list, c->nattributes, 0);
	free(list);
	return r == AWS_OK;
}

bool
cloud_groups(struct job *j)
{
	const struct config *c = j->config;

	for (size_t i = 0; i < c->ngroups; i++) {
		enum aws_result r = aws_describe_group(j->aws, c->groups[i]);

		if (r == AWS_NOT_FOUND)
			r = aws_create_group(j->aws, c->groups[i]);
		if (r == AWS_OK || r == AWS_EXISTS)
			r = aws_add_to_group(j->aws, c->thing, c->groups[i]);
		if (r != AWS_OK)
			return false;
	}
	return true;
}

bool
cloud_note(struct job *j)
{
	char name[] = NOTE_NAME, value[128], key[65];
	const struct aws_pair note = { name, value };
	struct prov_kept said = { .error = "" };
	enum aws_result r;

	if (j->config == NULL || j->config->thing == NULL)
		return true;
	if (j->thing_full) {
		prov_step("the thing \"%s\" has no room for an attribute more: that a certificate "
			  "is asked for is noted on this host alone",
		    j->config->thing);
		return true;
	}
	if (!key_id(j->key.pub, key))
		return false;
	/* The first request counts: what is older needs no look. */
	(void)snprintf(value, sizeof(value), "%.0f:%s", j->journal.since, key);
	prov_keep(&said);
	r = aws_update_thing(j->aws, j->config->thing, NULL, &note, 1, 0);
	prov_keep(NULL);
	j->noted = j->noted || r == AWS_OK;
	if (r == AWS_OK)
		return true;
	if (aws_refused(j->aws))
		prov_warn(
		    "that a certificate is asked for is noted on this host alone: %s", said.error);
	else
		prov_error("%s", said.error);
	if (said.hint[0] != '\0')
		prov_hint("%s", said.hint);
	return aws_refused(j->aws);
}

bool
cloud_forget_note(struct job *j)
{
	char name[] = NOTE_NAME, nothing[] = "";
	const struct aws_pair note = { name, nothing };

	if (!j->noted)
		return true;
	if (aws_update_thing(j->aws, j->config->thing, NULL, &note, 1, 0) != AWS_OK)
		return false;
	j->noted = false;
	return true;
}
