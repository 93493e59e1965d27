/* Calls about policies and what they are attached to. */
#include <config.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/standin/standin.h"

#define DOCUMENT_MAX    2048 /* characters, white space not counted */
#define PER_CERTIFICATE 10

static bool
document_ok(struct si_cx *cx, const char *text)
{
	json_t *doc = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	const char *version = json_string_value(json_object_get(doc, "Version"));
	const json_t *statement = json_object_get(doc, "Statement");
	size_t size = 0;

	for (const char *p = text; *p != '\0'; p++)
		size += !isspace((unsigned char)*p);
	if (version == NULL || strcmp(version, "2012-10-17") != 0 ||
	    (!json_is_array(statement) && !json_is_object(statement)))
		si_error(cx, 400, "MalformedPolicyException", "Policy document is malformed");
	else if (size > DOCUMENT_MAX)
		si_error(cx, 400, "MalformedPolicyException",
		    "Policy document exceeds the limit of %d characters", DOCUMENT_MAX);
	json_decref(doc);
	return cx->status == 200;
}

static void
create(struct si_cx *cx)
{
	json_t *all = json_object_get(cx->s->state, "policies"), *p;
	const char *document = si_member(cx, "policyDocument");
	char *arn;

	if (document == NULL || !document_ok(cx, document))
		return;
	if (json_object_get(all, cx->arg) != NULL) {
		si_error(cx, 409, "ResourceAlreadyExistsException",
		    "Policy cannot be created - name already exists (name=%s)", cx->arg);
		return;
	}
	arn = si_arn(cx, "policy", cx->arg);
	p = json_pack("{s:s, s:s, s:s, s:f}", "policyName", cx->arg, "policyArn", arn,
	    "policyDocument", document, "creationDate", (double)si_now(cx->s));
	free(arn);
	(void)json_object_set_new(all, cx->arg, p);
	si_created(cx, p);
	cx->out = json_pack("{s:O, s:O, s:O, s:s}", "policyName", json_object_get(p, "policyName"),
	    "policyArn", json_object_get(p, "policyArn"), "policyDocument",
	    json_object_get(p, "policyDocument"), "policyVersionId", "1");
}

static void
get(struct si_cx *cx)
{
	json_t *p = si_policy(cx, cx->arg);

	if (p == NULL)
		return;
	cx->out = json_copy(p);
	(void)json_object_del(cx->out, "visibleFrom");
	(void)json_object_set_new(cx->out, "defaultVersionId", json_string("1"));
	(void)json_object_set(cx->out, "lastModifiedDate", json_object_get(p, "creationDate"));
}

static json_t *
brief(const json_t *p)
{
	return json_pack("{s:O, s:O}", "policyName", json_object_get(p, "policyName"), "policyArn",
	    json_object_get(p, "policyArn"));
}

static void
list(struct si_cx *cx)
{
	json_t *items = json_array(), *p;
	const char *name;

	json_object_foreach(json_object_get(cx->s->state, "policies"), name, p)(void)
	    json_array_append_new(items, brief(p));
	si_page(cx, items, "policies", "pageSize", "marker", "nextMarker");
}

static json_t *
targets_of(const struct si_cx *cx, const char *policy)
{
	json_t *out = json_array(), *c, *list_of;
	const char *id;

	json_object_foreach(json_object_get(cx->s->state, "certificates"), id, c)
	{
		list_of = json_object_get(c, "policies");
		if (si_index_of(list_of, policy) < json_array_size(list_of))
			(void)json_array_append(out, json_object_get(c, "certificateArn"));
	}
	return out;
}

static void delete (struct si_cx *cx)
{
	json_t *targets = targets_of(cx, cx->arg);

	if (si_policy(cx, cx->arg) == NULL) {
		/* answered */
	} else if (json_array_size(targets) != 0) {
		si_error(cx, 409, "DeleteConflictException",
		    "The policy cannot be deleted as the policy is attached to one or more "
		    "principals (name=%s)",
		    cx->arg);
	} else {
		(void)json_object_del(json_object_get(cx->s->state, "policies"), cx->arg);
		si_state_save(cx->s);
	}
	json_decref(targets);
}

static void
attach(struct si_cx *cx)
{
	const char *target = si_member(cx, "target");
	json_t *cert, *attached;

	if (target == NULL || si_policy(cx, cx->arg) == NULL ||
	    (cert = si_cert_by_arn(cx, target)) == NULL)
		return;
	attached = json_object_get(cert, "policies");
	if (si_index_of(attached, cx->arg) < json_array_size(attached))
		return;
	if (json_array_size(attached) >= PER_CERTIFICATE) {
		si_error(cx, 410, "LimitExceededException",
		    "The maximum number of policies is attached to %s", target);
		return;
	}
	(void)json_array_append_new(attached, json_string(cx->arg));
	si_state_save(cx->s);
}

static void
detach(struct si_cx *cx)
{
	const char *target = si_member(cx, "target");
	json_t *cert, *attached;
	size_t i;

	if (target == NULL || si_policy(cx, cx->arg) == NULL ||
	    (cert = si_cert_by_arn(cx, target)) == NULL)
		return;
	attached = json_object_get(cert, "policies");
	i = si_index_of(attached, cx->arg);
	if (i < json_array_size(attached))
		(void)json_array_remove(attached, i);
	si_state_save(cx->s);
}

static void
list_attached(struct si_cx *cx)
{
	json_t *cert = si_cert_by_arn(cx, cx->arg), *items, *name;
	size_t i;

	if (cert == NULL)
		return;
	items = json_array();
	json_array_foreach(json_object_get(cert, "policies"), i, name)(void) json_array_append_new(
	    items, brief(json_object_get(
		       json_object_get(cx->s->state, "policies"), json_string_value(name))));
	si_page(cx, items, "policies", "pageSize", "marker", "nextMarker");
}

static void
list_targets(struct si_cx *cx)
{
	if (si_policy(cx, cx->arg) != NULL)
		si_page(cx, targets_of(cx, cx->arg), "targets", "pageSize", "marker", "nextMarker");
}

const struct si_call si_policy_calls[] = {
	{ "CreatePolicy", "POST", "/policies/{}", "", "policyDocument* tags", NULL, create },
	{ "GetPolicy", "GET", "/policies/{}", "", NULL, NULL, get },
	{ "DeletePolicy", "DELETE", "/policies/{}", "", NULL, NULL, delete },
	{ "ListPolicies", "GET", "/policies", "pageSize marker isAscendingOrder", NULL, NULL,
	    list },
	{ "AttachPolicy", "PUT", "/target-policies/{}", "", "target*", NULL, attach },
	{ "DetachPolicy", "POST", "/target-policies/{}", "", "target*", NULL, detach },
	{ "ListAttachedPolicies", "POST", "/attached-policies/{}", "recursive marker pageSize",
	    NULL, NULL, list_attached },
	{ "ListTargetsForPolicy", "POST", "/policy-targets/{}", "marker pageSize", NULL, NULL,
	    list_targets },
	{ .name = NULL },
};
