/* Policy documents; see policy.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "provision/file.h"
#include "provision/msg.h"
#include "provision/policy.h"

#define TEMPLATE_MAX 65536U
#define DOCUMENT_MAX 2048U /* characters other than white space (aws-iot 4) */

#define ARN          "arn:<aws-partition>:iot:<aws-region>:<aws-account-id>:"
#define THING        "${iot:Connection.Thing.ThingName}"

/* Least privilege: nothing outside the thing's own name, and no thing at all without a certificate
 * attached to it. */
static const char own_template[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":["
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"" ARN "client/" THING "\"},"
    "{\"Effect\":\"Allow\",\"Action\":[\"iot:Publish\",\"iot:Receive\"],"
    "\"Resource\":\"" ARN "topic/" THING "/*\"},"
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Subscribe\","
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
