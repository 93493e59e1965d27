/* Calls about things, and those about the account: endpoint, caller. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/standin/standin.h"

#define ATTRIBUTES       3 /* without a thing type */
#define ATTRIBUTES_TYPED 50

static void
answer_thing(struct si_cx *cx, const json_t *t)
{
	cx->out = json_pack("{s:O, s:O, s:O}", "thingName", json_object_get(t, "thingName"),
	    "thingArn", json_object_get(t, "thingArn"), "thingId", json_object_get(t, "thingId"));
}

static bool
text_ok(const char *text, size_t min, size_t max, const char *marks)
{
	size_t len = strlen(text);

	for (const char *p = text; *p != '\0'; p++)
		if ((*p < 'a' || *p > 'z') && (*p < 'A' || *p > 'Z') && (*p < '0' || *p > '9') &&
		    strchr(marks, *p) == NULL)
			return false;
	return len >= min && len <= max;
}

const char *
si_attributes_problem(json_t *attributes, size_t max)
{
	const char *name;
	json_t *value;

	if (json_object_size(attributes) > max)
		return max == ATTRIBUTES ? "more than 3 attributes without a thing type"
					 : "too many attributes";
	json_object_foreach(attributes, name, value)
	{
		if (!text_ok(name, 1, 128, "_.,@/:#-"))
			return "an attribute name is not valid";
		if (!json_is_string(value) ||
		    !text_ok(json_string_value(value), 0, 800, "_.,@/:#=[]-"))
			return "an attribute value is not valid";
	}
	return NULL;
}

/* What the body names as attributes, and whether type and attributes may be; a new reference. */
static json_t *
wanted_attributes(struct si_cx *cx, const char *type)
{
	json_t *given =
	    json_object_get(json_object_get(cx->body, "attributePayload"), "attributes");
	const char *why =
	    si_attributes_problem(given, type != NULL ? ATTRIBUTES_TYPED : ATTRIBUTES);
	const json_t *t = type != NULL ? si_find(cx, "thingTypes", type, "ThingType") : NULL;

	if (json_is_true(json_object_get(json_object_get(t, "thingTypeMetadata"), "deprecated")))
		si_error(cx, 400, "InvalidRequestException", "ThingType %s is deprecated", type);
	if (why != NULL)
		si_error(cx, 400, "InvalidRequestException", "%s", why);
	return given != NULL ? json_deep_copy(given) : json_object();
}

/* As asked: the same type or none, and the same attributes. */
static bool
is_same(const json_t *t, const char *type, const json_t *attributes)
{
	const char *has = json_string_value(json_object_get(t, "thingTypeName"));

	return (has == NULL ? type == NULL : type != NULL && strcmp(has, type) == 0) &&
	       json_equal(json_object_get(t, "attributes"), attributes) == 1;
}

static json_t *
new_thing(struct si_cx *cx, const char *type, json_t *attributes)
{
	char *arn = si_arn(cx, "thing", cx->arg);
	json_t *t = json_pack("{s:s, s:s, s:o, s:O, s:i, s:[]}", "thingName", cx->arg, "thingArn",
	    arn, "thingId", si_uuid(), "attributes", attributes, "version", 1, "principals");

	free(arn);
	if (type != NULL)
		(void)json_object_set_new(t, "thingTypeName", json_string(type));
	(void)json_object_set_new(si_table(cx, "things"), cx->arg, t);
	si_created(cx, t);
	return t;
}

static void
create(struct si_cx *cx)
{
	json_t *t = json_object_get(si_table(cx, "things"), cx->arg);
	const char *type = si_member(cx, "thingTypeName");
	json_t *wanted = NULL;

	if (si_name_ok(cx, cx->arg, "thingName"))
		wanted = wanted_attributes(cx, type);
	if (cx->status != 200) {
		json_decref(wanted);
		return;
	}
	if (t == NULL)
		answer_thing(cx, new_thing(cx, type, wanted));
	else if (is_same(t, type, wanted))
		answer_thing(cx, t);
	else
		si_exists(cx, "Thing", cx->arg, json_object_get(t, "thingArn"));
	json_decref(wanted);
}

static void
merge(json_t *into, json_t *attributes)
{
	const char *name;
	json_t *value;

	/* An empty value takes the attribute away. */
	json_object_foreach(attributes, name, value)
	{
		if (*json_string_value(value) == '\0')
			(void)json_object_del(into, name);
		else
			(void)json_object_set(into, name, value);
	}
}

static void
change(struct si_cx *cx, json_t *t, const char *type, json_t *attributes)
{
	const json_t *payload = json_object_get(cx->body, "attributePayload");
	json_t *merged = NULL;
	const char *why = NULL;

	if (json_is_true(json_object_get(payload, "merge"))) {
		merged = json_deep_copy(json_object_get(t, "attributes"));
		merge(merged, attributes);
		why = si_attributes_problem(merged, type != NULL ? ATTRIBUTES_TYPED : ATTRIBUTES);
	} else if (payload != NULL) {
		merged = json_deep_copy(attributes);
	}
	if (why != NULL) {
		si_error(cx, 400, "InvalidRequestException", "%s", why);
		json_decref(merged);
		return;
	}
	if (merged != NULL)
		(void)json_object_set_new(t, "attributes", merged);
	if (type != NULL)
		(void)json_object_set_new(t, "thingTypeName", json_string(type));
	else
		(void)json_object_del(t, "thingTypeName");
	(void)json_object_set_new(
	    t, "version", json_integer(json_integer_value(json_object_get(t, "version")) + 1));
	si_state_save(cx->s);
	cx->out = json_object();
}

static void
update(struct si_cx *cx)
{
	json_t *t = si_thing(cx, cx->arg), *attributes;
	const json_t *expected = json_object_get(cx->body, "expectedVersion");
	const char *type = si_member(cx, "thingTypeName");
	bool untype = json_is_true(json_object_get(cx->body, "removeThingType"));

	if (t == NULL)
		return;
	if (expected != NULL && !json_equal(expected, json_object_get(t, "version")))
		si_error(
		    cx, 409, "VersionConflictException", "the version of %s is another", cx->arg);
	if (untype && type != NULL)
		si_error(cx, 400, "InvalidRequestException",
		    "thingTypeName and removeThingType exclude each other");
	if (type == NULL && !untype)
		type = json_string_value(json_object_get(t, "thingTypeName"));
	attributes = wanted_attributes(cx, type);
	if (cx->status == 200)
		change(cx, t, type, attributes);
	json_decref(attributes);
}

static void
describe(struct si_cx *cx)
{
	json_t *t = si_thing(cx, cx->arg);

	if (t == NULL)
		return;
	answer_thing(cx, t);
	if (json_object_get(t, "thingTypeName") != NULL)
		(void)json_object_set(
		    cx->out, "thingTypeName", json_object_get(t, "thingTypeName"));
	(void)json_object_set(cx->out, "attributes", json_object_get(t, "attributes"));
	(void)json_object_set(cx->out, "version", json_object_get(t, "version"));
	(void)json_object_set(cx->out, "defaultClientId", json_object_get(t, "thingName"));
}

/* Out of all its groups. */
static void
forget(struct si_cx *cx)
{
	const char *name;
	json_t *group;

	json_object_foreach(si_table(cx, "thingGroups"), name, group)
	{
		json_t *things = json_object_get(group, "things");

		(void)json_array_remove(things, si_index_of(things, cx->arg));
	}
	(void)json_object_del(si_table(cx, "things"), cx->arg);
}

/* A thing that is not there counts as deleted. */
static void delete (struct si_cx *cx)
{
	const json_t *t = json_object_get(si_table(cx, "things"), cx->arg);
	const char *expected = si_query(cx, "expectedVersion");

	if (t != NULL && expected != NULL &&
	    atoll(expected) != json_integer_value(json_object_get(t, "version")))
		si_error(
		    cx, 409, "VersionConflictException", "the version of %s is another", cx->arg);
	else if (json_array_size(json_object_get(t, "principals")) != 0)
		si_error(cx, 400, "InvalidRequestException",
		    "Cannot delete. Thing %s is still attached to one or more principals", cx->arg);
	else
		forget(cx);
	si_state_save(cx->s);
}

static const char *
principal(const struct si_cx *cx)
{
	const char *v = si_header(cx->rq, "x-amzn-principal");

	return v + strspn(v, " ");
}

static void
attach(struct si_cx *cx)
{
	json_t *t = si_thing(cx, cx->arg), *list = json_object_get(t, "principals");
	const char *arn = principal(cx);

	if (t == NULL || si_cert_by_arn(cx, arn) == NULL)
		return;
	if (si_index_of(list, arn) == json_array_size(list))
		(void)json_array_append_new(list, json_string(arn));
	si_state_save(cx->s);
}

static void
detach(struct si_cx *cx)
{
	json_t *t = si_thing(cx, cx->arg), *list = json_object_get(t, "principals");
	const char *arn = principal(cx);
	size_t i = si_index_of(list, arn);

	if (t == NULL)
		return;
	if (i == json_array_size(list)) {
		si_error(
		    cx, 404, "ResourceNotFoundException", "%s is not attached to %s", arn, cx->arg);
		return;
	}
	(void)json_array_remove(list, i);
	si_state_save(cx->s);
}

static void
list_principals(struct si_cx *cx)
{
	json_t *t = si_thing(cx, cx->arg);

	if (t != NULL)
		si_page(cx, json_deep_copy(json_object_get(t, "principals")), "principals",
		    "maxResults", "nextToken", "nextToken");
}

static void
list_things(struct si_cx *cx)
{
	const char *arn = principal(cx), *name;
	json_t *items = json_array(), *t;

	json_object_foreach(json_object_get(cx->s->state, "things"), name, t)
	{
		const json_t *list = json_object_get(t, "principals");

		if (si_index_of(list, arn) < json_array_size(list))
			(void)json_array_append_new(items, json_string(name));
	}
	si_page(cx, items, "things", "maxResults", "nextToken", "nextToken");
}

static void
describe_endpoint(struct si_cx *cx)
{
	static const struct {
		const char *type, *infix;
	} types[] = {
		{ "iot:Data", "" },
		{ "iot:Data-ATS", "-ats" },
		{ "iot:CredentialProvider", ".credentials" },
		{ "iot:Jobs", ".jobs" },
	};
	const char *type = si_query(cx, "endpointType");

	for (size_t i = 0; i < SI_NITEMS(types); i++)
		if (strcmp(type != NULL ? type : "iot:Data", types[i].type) == 0) {
			cx->out = json_pack("{s:o}", "endpointAddress",
			    json_sprintf("a1b2c3d4e5f6g7%s.iot.%s.amazonaws.com", types[i].infix,
				cx->s->region));
			return;
		}
	si_error(cx, 400, "InvalidRequestException", "endpointType is not valid");
}

/* JSON when asked for, else XML. */
static void
caller_identity(struct si_cx *cx)
{
	static const char arn[] = "arn:aws:iam::" SI_ACCOUNT ":user/station";
	const char *accept = si_header(cx->rq, "accept");

	if (strstr(cx->rq->body, "Action=GetCallerIdentity") == NULL ||
	    strstr(cx->rq->body, "Version=2011-06-15") == NULL) {
		si_error(cx, 400, "InvalidAction", "Could not find operation");
		return;
	}
	if (accept != NULL && strstr(accept, "json") != NULL) {
		cx->out = json_pack("{s:{s:{s:s, s:s, s:s}, s:{s:s}}}", "GetCallerIdentityResponse",
		    "GetCallerIdentityResult", "Account", SI_ACCOUNT, "Arn", arn, "UserId",
		    "AIDASTANDIN", "ResponseMetadata", "RequestId", "1");
		return;
	}
	cx->type = "text/xml";
	cx->text = strdup("<GetCallerIdentityResponse "
			  "xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
			  "  <GetCallerIdentityResult>\n"
			  "    <Arn>arn:aws:iam::" SI_ACCOUNT ":user/station</Arn>\n"
			  "    <UserId>AIDASTANDIN</UserId>\n"
			  "    <Account>" SI_ACCOUNT "</Account>\n"
			  "  </GetCallerIdentityResult>\n"
			  "  <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>\n"
			  "</GetCallerIdentityResponse>\n");
}

const struct si_call si_thing_calls[] = {
	{ "GetCallerIdentity", "POST", "/", "", NULL, NULL, caller_identity },
	{ "CreateThing", "POST", "/things/{}", "",
	    "thingTypeName attributePayload billingGroupName", NULL, create },
	{ "DescribeThing", "GET", "/things/{}", "", NULL, NULL, describe },
	{ "UpdateThing", "PATCH", "/things/{}", "",
	    "thingTypeName attributePayload expectedVersion removeThingType", NULL, update },
	{ "DeleteThing", "DELETE", "/things/{}", "expectedVersion", NULL, NULL, delete },
	{ "AttachThingPrincipal", "PUT", "/things/{}/principals", "thingPrincipalType", NULL,
	    "x-amzn-principal", attach },
	{ "DetachThingPrincipal", "DELETE", "/things/{}/principals", "", NULL, "x-amzn-principal",
	    detach },
	{ "ListThingPrincipals", "GET", "/things/{}/principals", "maxResults nextToken", NULL, NULL,
	    list_principals },
	{ "ListPrincipalThings", "GET", "/principals/things", "maxResults nextToken", NULL,
	    "x-amzn-principal", list_things },
	{ "DescribeEndpoint", "GET", "/endpoint", "endpointType", NULL, NULL, describe_endpoint },
	{ .name = NULL },
};
