/* Things, their types and groups; see aws.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "provision/awscall.h"
#include "provision/msg.h"

void
aws_thing_clear(struct aws_thing *t)
{
	for (size_t i = 0; i < t->nattributes; i++) {
		free(t->attributes[i].name);
		free(t->attributes[i].value);
	}
	free(t->attributes);
	free(t->arn);
	free(t->type);
	memset(t, 0, sizeof(*t));
}

/* NULL: not UTF-8, or no memory. */
static json_t *
pairs_object(const struct aws_pair *pairs, size_t n)
{
	json_t *o = json_object();

	for (size_t i = 0; o != NULL && i < n; i++)
		if (json_object_set_new(o, pairs[i].name, json_string(pairs[i].value)) != 0) {
			json_decref(o);
			o = NULL;
		}
	return o;
}

/* Members of CreateThing and UpdateThing: attributePayload when there are any, thingTypeName. */
static json_t *
thing_body(const char *type, const struct aws_pair *attributes, size_t n, bool merge)
{
	json_t *payload = n > 0 ? json_object() : NULL, *body = json_object();
	int r = 0;

	/* Each is taken, whether it succeeds or not. */
	if (n > 0)
		r |= json_object_set_new(payload, "attributes", pairs_object(attributes, n));
	if (n > 0 && merge)
		r |= json_object_set_new(payload, "merge", json_true());
	if (n > 0)
		r |= json_object_set_new(body, "attributePayload", payload);
	if (type != NULL)
		r |= json_object_set_new(body, "thingTypeName", json_string(type));
	if (r == 0)
		return body;
	json_decref(body);
	return NULL;
}

static enum aws_result
thing_arn(struct aws *a, enum call_id id, const struct call_args *args, char **arn)
{
	enum aws_result res = aws_one_text(a, id, args, "thingArn", arn);

	if (res != AWS_OK || aws_arn_ok(*arn))
		return res;
	free(*arn);
	*arn = NULL;
	return aws_unusable(a, id, args, "thingArn is no ARN");
}

enum aws_result
aws_create_thing_as(struct aws *a, const char *name, const char *type,
    const struct aws_pair *attributes, size_t nattributes, char **arn)
{
	struct call_args args = { .path = name,
		.body = thing_body(type, attributes, nattributes, false) };
	enum aws_result res;

	*arn = NULL;
	if (args.body == NULL) {
		prov_error("thing \"%s\": its type or an attribute is not UTF-8 text", name);
		return AWS_FAILED;
	}
	res = thing_arn(a, CALL_CREATE_THING, &args, arn);
	json_decref(args.body);
	return res;
}

enum aws_result
aws_create_thing(struct aws *a, const char *name, char **arn)
{
	return aws_create_thing_as(a, name, NULL, NULL, 0, arn);
}

enum aws_result
aws_describe_thing(struct aws *a, const char *name, char **arn)
{
	return thing_arn(a, CALL_DESCRIBE_THING, &(struct call_args){ .path = name }, arn);
}

static int
by_name(const void *x, const void *y)
{
	const struct aws_pair *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static const char *
take_attributes(json_t *o, struct aws_thing *out)
{
	void *it = json_object_iter(o);
	size_t n = json_object_size(o);

	if (n == 0)
		return NULL;
	out->attributes = calloc(n, sizeof(*out->attributes));
	if (out->attributes == NULL)
		return "out of memory";
	for (; it != NULL; it = json_object_iter_next(o, it)) {
		struct aws_pair *p = &out->attributes[out->nattributes++];
		const char *value = json_string_value(json_object_iter_value(it));

		p->name = strdup(json_object_iter_key(it));
		p->value = value != NULL ? strdup(value) : NULL;
		if (p->name == NULL || p->value == NULL)
			return "an attribute is no text";
	}
	qsort(out->attributes, n, sizeof(*out->attributes), by_name);
	return NULL;
}

static const char *
take_thing(const json_t *o, const char *name, struct aws_thing *out)
{
	const char *named = aws_text(o, "thingName");
	const json_t *version = json_object_get(o, "version");

	if (!aws_take_text(o, "thingArn", &out->arn) || !aws_arn_ok(out->arn))
		return "thingArn is no ARN";
	if (named == NULL || strcmp(named, name) != 0)
		return "it is about another thing";
	if (!json_is_integer(version))
		return "no version in it";
	out->version = json_integer_value(version);
	if (json_is_string(json_object_get(o, "thingTypeName")) &&
	    !aws_take_text(o, "thingTypeName", &out->type))
		return "out of memory";
	return take_attributes(json_object_get(o, "attributes"), out);
}

enum aws_result
aws_get_thing(struct aws *a, const char *name, struct aws_thing *out)
{
	const struct call_args args = { .path = name };
	struct call_reply reply;
	enum aws_result res = aws_do(a, CALL_DESCRIBE_THING, &args, &reply);
	const char *why = NULL;

	memset(out, 0, sizeof(*out));
	if (res == AWS_OK)
		why = take_thing(reply.json, name, out);
	if (why != NULL) {
		aws_thing_clear(out);
		res = aws_unusable(a, CALL_DESCRIBE_THING, &args, why);
	}
	call_reply_clear(&reply);
	return res;
}

enum aws_result
aws_update_thing(struct aws *a, const char *name, const char *type,
    const struct aws_pair *attributes, size_t nattributes, long long expected)
{
	json_t *body = thing_body(type, attributes, nattributes, true);

	if (expected != 0 && body != NULL)
		(void)json_object_set_new(body, "expectedVersion", json_integer(expected));
	return aws_with_body(a, CALL_UPDATE_THING,
	    &(struct call_args){ .path = name, .body = body }, "type or an attribute");
}

enum aws_result
aws_delete_thing(struct aws *a, const char *name, long long expected)
{
	char version[24];

	(void)snprintf(version, sizeof(version), "%lld", expected);
	return aws_simple(a, CALL_DELETE_THING,
	    &(struct call_args){
		.path = name, .query[0] = { "expectedVersion", expected != 0 ? version : NULL } });
}

/* Of calls whose body has no member that must be there. */
static enum aws_result
create(struct aws *a, enum call_id id, const char *name)
{
	return aws_with_body(
	    a, id, &(struct call_args){ .path = name, .body = json_object() }, "name");
}

enum aws_result
aws_create_thing_type(struct aws *a, const char *name)
{
	return create(a, CALL_CREATE_THING_TYPE, name);
}

enum aws_result
aws_describe_thing_type(struct aws *a, const char *name, bool *deprecated)
{
	const struct call_args args = { .path = name };
	struct call_reply reply;
	enum aws_result res = aws_do(a, CALL_DESCRIBE_THING_TYPE, &args, &reply);

	*deprecated = json_is_true(
	    json_object_get(json_object_get(reply.json, "thingTypeMetadata"), "deprecated"));
	call_reply_clear(&reply);
	return res;
}

enum aws_result
aws_create_group(struct aws *a, const char *name)
{
	return create(a, CALL_CREATE_THING_GROUP, name);
}

enum aws_result
aws_describe_group(struct aws *a, const char *name)
{
	return aws_simple(a, CALL_DESCRIBE_THING_GROUP, &(struct call_args){ .path = name });
}

static enum aws_result
membership(struct aws *a, enum call_id id, const char *thing, const char *group)
{
	return aws_with_body(a, id,
	    &(struct call_args){ .about = group,
		.body = json_pack("{s:s, s:s}", "thingGroupName", group, "thingName", thing) },
	    "thing or group");
}

enum aws_result
aws_add_to_group(struct aws *a, const char *thing, const char *group)
{
	return membership(a, CALL_ADD_THING_TO_THING_GROUP, thing, group);
}

enum aws_result
aws_remove_from_group(struct aws *a, const char *thing, const char *group)
{
	return membership(a, CALL_REMOVE_THING_FROM_THING_GROUP, thing, group);
}
