/*
 * Lists, through all their pages. Page tokens have different names in different calls; a token
 * that comes twice would loop for ever, so it ends the list as an error.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "provision/awscall.h"

#define PAGES_MAX 100000

/* One row per list call. */
static const struct list {
	enum call_id id;
	const char *items;      /* member with the array */
	const char *token_in;   /* query parameter */
	const char *token_out;  /* member */
	const char *size_param; /* query parameter */
} lists[] = {
	{ CALL_LIST_CERTIFICATES, "certificates", "marker", "nextMarker", "pageSize" },
	{ CALL_LIST_ATTACHED_POLICIES, "policies", "marker", "nextMarker", "pageSize" },
	{ CALL_LIST_PRINCIPAL_THINGS, "things", "nextToken", "nextToken", "maxResults" },
	{ CALL_LIST_THING_PRINCIPALS, "principals", "nextToken", "nextToken", "maxResults" },
	{ CALL_LIST_THING_GROUPS_FOR_THING, "thingGroups", "nextToken", "nextToken", "maxResults" },
	{ CALL_LIST_CA_CERTIFICATES, "certificates", "marker", "nextMarker", "pageSize" },
	{ CALL_LIST_CERTIFICATES_BY_CA, "certificates", "marker", "nextMarker", "pageSize" },
};

enum item_result {
	ITEM_NEXT,
	ITEM_STOP,
	ITEM_BAD,
};

typedef enum item_result (*item_fn)(const json_t *item, void *arg);

static const struct list *
find_list(enum call_id id)
{
	const struct list *l = lists;

	while (l->id != id)
		l++;
	return l;
}

static enum item_result
visit_page(const json_t *items, item_fn fn, void *arg)
{
	enum item_result res = json_is_array(items) ? ITEM_NEXT : ITEM_BAD;

	for (size_t i = 0; res == ITEM_NEXT && i < json_array_size(items); i++)
		res = fn(json_array_get(items, i), arg);
	return res;
}

/* args has its third query parameter free for the token and its second for the page size. */
static enum aws_result
walk(struct aws *a, enum call_id id, struct call_args *args, item_fn fn, void *arg)
{
	const struct list *l = find_list(id);
	enum aws_result res = AWS_OK;
	char *token = NULL;
	bool more = true;

	args->query[1].name = l->size_param;
	args->query[1].value = "100";
	args->query[2].name = l->token_in;
	for (unsigned int page = 0; more && res == AWS_OK; page++) {
		struct call_reply reply;
		enum item_result item = ITEM_STOP;
		const char *next;

		args->query[2].value = token;
		res = aws_do(a, id, args, &reply);
		if (res == AWS_OK)
			item = visit_page(json_object_get(reply.json, l->items), fn, arg);
		if (item == ITEM_BAD)
			res =
			    aws_unusable(a, id, args, "an entry of the list is not as it must be");
		next = json_string_value(json_object_get(reply.json, l->token_out));
		more = item == ITEM_NEXT && next != NULL && *next != '\0';
		if (more && ((token != NULL && strcmp(token, next) == 0) || page >= PAGES_MAX))
			res = aws_unusable(a, id, args, "the list does not end");
		free(token);
		token = more ? strdup(next) : NULL;
		if (more && token == NULL)
			res = aws_unusable(a, id, args, "out of memory");
		call_reply_clear(&reply);
	}
	free(token);
	return res;
}

struct cert_visit {
	bool (*visit)(const struct aws_cert *c, void *arg);
	void *arg;
};

static enum item_result
on_cert(const json_t *item, void *arg)
{
	const struct cert_visit *v = arg;
	struct aws_cert c;
	enum item_result res = ITEM_BAD;

	if (aws_take_cert(item, false, &c) == NULL)
		res = v->visit(&c, v->arg) ? ITEM_NEXT : ITEM_STOP;
	aws_cert_clear(&c);
	return res;
}

enum aws_result
aws_list_certificates(struct aws *a, bool (*visit)(const struct aws_cert *c, void *arg), void *arg)
{
	struct cert_visit v = { visit, arg };
	struct call_args args = { .query[0] = { "isAscendingOrder", "false" } };

	return walk(a, CALL_LIST_CERTIFICATES, &args, on_cert, &v);
}

enum aws_result
aws_list_certificates_of_ca(
    struct aws *a, const char *ca_id, bool (*visit)(const struct aws_cert *c, void *arg), void *arg)
{
	struct cert_visit v = { visit, arg };
	struct call_args args = { .path = ca_id, .query[0] = { "isAscendingOrder", "false" } };

	return walk(a, CALL_LIST_CERTIFICATES_BY_CA, &args, on_cert, &v);
}

struct ca_visit {
	bool (*visit)(const struct aws_ca *c, void *arg);
	void *arg;
};

static enum item_result
on_ca(const json_t *item, void *arg)
{
	const struct ca_visit *v = arg;
	struct aws_ca c;
	enum item_result res = ITEM_BAD;

	if (aws_take_ca(item, false, &c) == NULL)
		res = v->visit(&c, v->arg) ? ITEM_NEXT : ITEM_STOP;
	aws_ca_clear(&c);
	return res;
}

enum aws_result
aws_list_cas(struct aws *a, bool (*visit)(const struct aws_ca *c, void *arg), void *arg)
{
	struct ca_visit v = { visit, arg };
	struct call_args args = { .query[0] = { "isAscendingOrder", "false" } };

	return walk(a, CALL_LIST_CA_CERTIFICATES, &args, on_ca, &v);
}

struct name_visit {
	bool (*visit)(const char *name, void *arg);
	void *arg;
	const char *member; /* NULL: the entry is the name */
};

static enum item_result
on_name(const json_t *item, void *arg)
{
	const struct name_visit *v = arg;
	const char *name =
	    json_string_value(v->member != NULL ? json_object_get(item, v->member) : item);

	if (name == NULL || *name == '\0')
		return ITEM_BAD;
	return v->visit(name, v->arg) ? ITEM_NEXT : ITEM_STOP;
}

enum aws_result
aws_list_attached_policies(
    struct aws *a, const char *cert_arn, bool (*visit)(const char *name, void *arg), void *arg)
{
	struct name_visit v = { visit, arg, "policyName" };
	struct call_args args = { .path = cert_arn, .query[0] = { "recursive", "false" } };

	return walk(a, CALL_LIST_ATTACHED_POLICIES, &args, on_name, &v);
}

enum aws_result
aws_list_principal_things(
    struct aws *a, const char *cert_arn, bool (*visit)(const char *name, void *arg), void *arg)
{
	struct name_visit v = { visit, arg, NULL };
	struct call_args args = { .principal = cert_arn, .about = cert_arn };

	if (!aws_arn_ok(cert_arn))
		return aws_unusable(a, CALL_LIST_PRINCIPAL_THINGS, &args, "no certificate ARN");
	return walk(a, CALL_LIST_PRINCIPAL_THINGS, &args, on_name, &v);
}

enum aws_result
aws_list_thing_principals(
    struct aws *a, const char *thing, bool (*visit)(const char *arn, void *arg), void *arg)
{
	struct name_visit v = { visit, arg, NULL };
	struct call_args args = { .path = thing };

	return walk(a, CALL_LIST_THING_PRINCIPALS, &args, on_name, &v);
}

enum aws_result
aws_list_thing_groups(
    struct aws *a, const char *thing, bool (*visit)(const char *name, void *arg), void *arg)
{
	struct name_visit v = { visit, arg, "groupName" };
	struct call_args args = { .path = thing };

	return walk(a, CALL_LIST_THING_GROUPS_FOR_THING, &args, on_name, &v);
}
