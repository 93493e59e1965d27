/* Calls about thing types and static thing groups. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/standin/standin.h"

/* A new entry of a table, with its ARN and id under names of their own; NULL: it exists. */
static json_t *
add(struct si_cx *cx, const char *table, const char *kind, const char *what)
{
	json_t *all = si_table(cx, table), *e = json_object_get(all, cx->arg);
	char name[32], arn_name[32], id_name[32], *arn;

	(void)snprintf(name, sizeof(name), "%sName", what);
	(void)snprintf(arn_name, sizeof(arn_name), "%sArn", what);
	(void)snprintf(id_name, sizeof(id_name), "%sId", what);
	if (!si_name_ok(cx, cx->arg, name))
		return NULL;
	if (e != NULL) {
		si_exists(cx, what, cx->arg, json_object_get(e, arn_name));
		return NULL;
	}
	arn = si_arn(cx, kind, cx->arg);
	cx->out = json_pack("{s:s, s:s, s:o}", name, cx->arg, arn_name, arn, id_name, si_uuid());
	free(arn);
	e = json_deep_copy(cx->out);
	(void)json_object_set_new(all, cx->arg, e);
	return e;
}

static void
create_type(struct si_cx *cx)
{
	json_t *properties = json_object_get(cx->body, "thingTypeProperties"), *e;
	const char *description =
	    json_string_value(json_object_get(properties, "thingTypeDescription"));

	if (json_array_size(json_object_get(properties, "searchableAttributes")) > 3)
		si_error(cx, 400, "InvalidRequestException", "more than 3 searchable attributes");
	if (description != NULL && strlen(description) > 2028)
		si_error(cx, 400, "InvalidRequestException", "thingTypeDescription is too long");
	if (cx->status != 200 || (e = add(cx, "thingTypes", "thingtype", "thingType")) == NULL)
		return;
	if (properties != NULL)
		(void)json_object_set(e, "thingTypeProperties", properties);
	(void)json_object_set_new(e, "thingTypeMetadata",
	    json_pack("{s:b, s:o}", "deprecated", 0, "creationDate", si_time(cx)));
	si_created(cx, e);
}

static void
describe_type(struct si_cx *cx)
{
	json_t *e = si_find(cx, "thingTypes", cx->arg, "ThingType");

	if (e == NULL)
		return;
	cx->out = json_copy(e);
	(void)json_object_del(cx->out, "visibleFrom");
}

static void
deprecate_type(struct si_cx *cx)
{
	json_t *e = si_find(cx, "thingTypes", cx->arg, "ThingType");
	bool undo = json_is_true(json_object_get(cx->body, "undoDeprecate"));

	if (e == NULL)
		return;
	(void)json_object_set_new(
	    json_object_get(e, "thingTypeMetadata"), "deprecated", json_boolean(!undo));
	si_state_save(cx->s);
	cx->out = json_object();
}

static void
create_group(struct si_cx *cx)
{
	json_t *properties = json_object_get(cx->body, "thingGroupProperties"), *e;
	const char *parent = si_member(cx, "parentGroupName");

	if (parent != NULL && json_object_get(si_table(cx, "thingGroups"), parent) == NULL)
		si_error(cx, 400, "InvalidRequestException", "there is no group %s", parent);
	if (cx->status != 200 || (e = add(cx, "thingGroups", "thinggroup", "thingGroup")) == NULL)
		return;
	(void)json_object_set_new(e, "things", json_array());
	(void)json_object_set_new(e, "version", json_integer(1));
	(void)json_object_set_new(e, "thingGroupMetadata",
	    json_pack("{s:o, s:s*}", "creationDate", si_time(cx), "parentGroupName", parent));
	if (properties != NULL)
		(void)json_object_set(e, "thingGroupProperties", properties);
	si_created(cx, e);
}

static void
describe_group(struct si_cx *cx)
{
	json_t *e = si_find(cx, "thingGroups", cx->arg, "Thing group");

	if (e == NULL)
		return;
	cx->out = json_copy(e);
	(void)json_object_del(cx->out, "things");
	(void)json_object_del(cx->out, "visibleFrom");
}

/* Both ends of a membership; by name alone, as every client here has them. */
static json_t *
both(struct si_cx *cx, const char **thing)
{
	const char *group = si_member(cx, "thingGroupName");
	json_t *e;

	*thing = si_member(cx, "thingName");
	if (group == NULL || *thing == NULL) {
		si_error(cx, 400, "InvalidRequestException",
		    "thingGroupName and thingName are required");
		return NULL;
	}
	e = si_find(cx, "thingGroups", group, "Thing group");
	return e != NULL && si_thing(cx, *thing) != NULL ? e : NULL;
}

static void
add_thing(struct si_cx *cx)
{
	const char *thing;
	json_t *things = json_object_get(both(cx, &thing), "things");

	if (cx->status != 200)
		return;
	if (si_index_of(things, thing) == json_array_size(things))
		(void)json_array_append_new(things, json_string(thing));
	si_state_save(cx->s);
	cx->out = json_object();
}

static void
remove_thing(struct si_cx *cx)
{
	const char *thing;
	json_t *things = json_object_get(both(cx, &thing), "things");

	if (cx->status != 200)
		return;
	(void)json_array_remove(things, si_index_of(things, thing));
	si_state_save(cx->s);
	cx->out = json_object();
}

static void
groups_of_thing(struct si_cx *cx)
{
	json_t *items, *group;
	const char *name;

	if (si_thing(cx, cx->arg) == NULL)
		return;
	items = json_array();
	json_object_foreach(si_table(cx, "thingGroups"), name, group)
	{
		const json_t *things = json_object_get(group, "things");

		if (si_index_of(things, cx->arg) < json_array_size(things))
			(void)json_array_append_new(
			    items, json_pack("{s:s, s:O}", "groupName", name, "groupArn",
				       json_object_get(group, "thingGroupArn")));
	}
	si_page(cx, items, "thingGroups", "maxResults", "nextToken", "nextToken");
}

const struct si_call si_group_calls[] = {
	{ "CreateThingType", "POST", "/thing-types/{}", "", "thingTypeProperties tags", NULL,
	    create_type },
	{ "DescribeThingType", "GET", "/thing-types/{}", "", NULL, NULL, describe_type },
	{ "DeprecateThingType", "POST", "/thing-types/{}/deprecate", "", "undoDeprecate", NULL,
	    deprecate_type },
	{ "CreateThingGroup", "POST", "/thing-groups/{}", "",
	    "parentGroupName thingGroupProperties tags", NULL, create_group },
	{ "DescribeThingGroup", "GET", "/thing-groups/{}", "", NULL, NULL, describe_group },
	{ "AddThingToThingGroup", "PUT", "/thing-groups/addThingToThingGroup", "",
	    "thingGroupName thingGroupArn thingName thingArn overrideDynamicGroups", NULL,
	    add_thing },
	{ "RemoveThingFromThingGroup", "PUT", "/thing-groups/removeThingFromThingGroup", "",
	    "thingGroupName thingGroupArn thingName thingArn", NULL, remove_thing },
	{ "ListThingGroupsForThing", "GET", "/things/{}/thing-groups", "maxResults nextToken", NULL,
	    NULL, groups_of_thing },
	{ .name = NULL },
};
