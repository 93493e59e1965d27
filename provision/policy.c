/* Policy documents; see policy.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "provision/file.h"
#include "provision/msg.h"
#include "provision/policy.h"

#define TEMPLATE_MAX 65536U
#define DOCUMENT_MAX 2048U /* characters other than white space (aws-iot 4) */

#define ARN          "arn:<aws-partition>:iot:<aws-region>:<aws-account-id>:"
#define THING        "${iot:Connection.Thing.ThingName}"

/* provision/policies/least-privilege.json: nothing outside the thing's own name, and no thing at
 * all without a certificate attached to it. */
static const char own_template[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":["
    "{\"Sid\":\"ConnectUnderOwnName\",\"Effect\":\"Allow\",\"Action\":\"iot:Connect\","
    "\"Resource\":\"" ARN "client/" THING "\"},"
    "{\"Sid\":\"UseOwnTopics\",\"Effect\":\"Allow\","
    "\"Action\":[\"iot:Publish\",\"iot:Receive\"],\"Resource\":\"" ARN "topic/" THING "/*\"},"
    "{\"Sid\":\"SubscribeToOwnTopics\",\"Effect\":\"Allow\",\"Action\":\"iot:Subscribe\","
    "\"Resource\":\"" ARN "topicfilter/" THING "/*\"}]}";

struct place {
	const char *name;
	const char *value;
};

/* One place filled in wherever it stands; takes and gives malloc'ed text. */
static char *
fill(char *text, const struct place *p)
{
	size_t name_len = strlen(p->name), value_len = strlen(p->value), n = 0;
	const char *from = text, *hit;
	char *out, *to;

	for (hit = text; (hit = strstr(hit, p->name)) != NULL; hit += name_len)
		n++;
	out = malloc(strlen(text) + n * value_len + 1);
	if (out == NULL) {
		free(text);
		return NULL;
	}
	for (to = out; (hit = strstr(from, p->name)) != NULL; from = hit + name_len) {
		to = mempcpy(to, from, (size_t)(hit - from));
		to = mempcpy(to, p->value, value_len);
	}
	(void)strcpy(to, from);
	free(text);
	return out;
}

static bool
document_ok(const char *what, const char *text)
{
	json_error_t err;
	json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &err);
	size_t n = 0;
	bool object;

	if (json == NULL) {
		prov_error("%s: not valid JSON: line %d, column %d: %s", what, err.line, err.column,
		    err.text);
		return false;
	}
	object = json_is_object(json);
	json_decref(json);
	if (!object) {
		prov_error("%s: a policy must be a JSON object", what);
		return false;
	}
	for (const char *p = text; *p != '\0'; p++)
		if (strchr(" \t\r\n", *p) == NULL)
			n++;
	if (n <= DOCUMENT_MAX)
		return true;
	prov_error("%s: the policy has %zu characters besides white space; AWS IoT takes %u", what,
	    n, DOCUMENT_MAX);
	return false;
}

/* Everything, everything of an account, or everything of a kind: what ends in a star alone. */
static bool
is_wide(const char *resource)
{
	static const char *const kinds[] = { "*", "client/*", "topic/*", "topicfilter/*",
		"thing/*" };
	const char *tail = resource;

	for (int i = 0; i < 5 && tail != NULL; i++) {
		tail = strchr(tail, ':');
		tail = tail != NULL ? tail + 1 : NULL;
	}
	if (tail == NULL)
		return strcmp(resource, "*") == 0;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(tail, kinds[i]) == 0)
			return true;
	return false;
}

static bool
is_wide_action(const char *action)
{
	return strcmp(action, "*") == 0 || strcasecmp(action, "iot:*") == 0;
}

/* The first text of a member, which is one or a list, that is too wide; NULL: none. */
static const char *
first_wide(const json_t *statement, const char *member, bool (*wide)(const char *))
{
	const json_t *v = json_object_get(statement, member);
	size_t n = json_is_array(v) ? json_array_size(v) : 1;

	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_is_array(v) ? json_array_get(v, i) : v);

		if (s != NULL && wide(s))
			return s;
	}
	return NULL;
}

static bool
warn_statement(const char *what, const json_t *statement, size_t number)
{
	const char *effect = json_string_value(json_object_get(statement, "Effect"));
	const char *sid = json_string_value(json_object_get(statement, "Sid"));
	const char *action = first_wide(statement, "Action", is_wide_action);
	const char *resource = first_wide(statement, "Resource", is_wide);
	char name[160];

	if (effect == NULL || strcmp(effect, "Allow") != 0)
		return false;
	(void)snprintf(name, sizeof(name), "statement %zu%s%.100s%s", number,
	    sid != NULL ? " (\"" : "", sid != NULL ? sid : "", sid != NULL ? "\")" : "");
	if (action != NULL)
		prov_warn("%s: %s allows every action: \"%s\"", what, name, action);
	else if (resource != NULL)
		prov_warn(
		    "%s: %s reaches beyond the thing's own name: \"%s\"", what, name, resource);
	else if (json_object_get(statement, "NotAction") != NULL ||
		 json_object_get(statement, "NotResource") != NULL)
		prov_warn("%s: %s allows all but a few", what, name);
	else
		return false;
	return true;
}

/* A device with such rights can speak for all the others of the account. */
static void
warn_wide(const char *what, const char *document)
{
	json_t *json = json_loads(document, 0, NULL);
	const json_t *list = json_object_get(json, "Statement");
	size_t n = json_is_array(list) ? json_array_size(list) : 1;
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any |= warn_statement(
		    what, json_is_array(list) ? json_array_get(list, i) : list, i + 1);
	if (any)
		prov_hint("whoever has one device can then speak for all; without --policy-file a "
			  "thing gets its own name and topics alone");
	json_decref(json);
}

char *
policy_make(const char *file, const char *partition, const char *region, const char *account)
{
	const struct place places[] = {
		{ "<aws-partition>", partition },
		{ "<aws-region>", region },
		{ "<aws-account-id>", account },
	};
	char *text = file != NULL ? file_read(file, TEMPLATE_MAX, NULL) : strdup(own_template);

	if (text == NULL)
		return NULL;
	for (size_t i = 0; text != NULL && i < sizeof(places) / sizeof(places[0]); i++)
		text = fill(text, &places[i]);
	if (text == NULL) {
		prov_error("out of memory");
	} else if (!document_ok(file != NULL ? file : "policy", text)) {
		free(text);
		text = NULL;
	} else if (file != NULL) {
		warn_wide(file, text);
	}
	return text;
}

bool
policy_equal(const char *a, const char *b)
{
	json_t *ja = json_loads(a, 0, NULL), *jb = json_loads(b, 0, NULL);
	bool same = ja != NULL && jb != NULL && json_equal(ja, jb) == 1;

	json_decref(ja);
	json_decref(jb);
	return same;
}
