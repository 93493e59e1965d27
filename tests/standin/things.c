/* Calls about things, and those about the account: endpoint, registration code, caller. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "tests/standin/standin.h"

static bool
name_ok(struct si_cx *cx)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-";
	size_t len = strlen(cx->arg);

	if (len >= 1 && len <= 128 && strspn(cx->arg, allowed) == len)
		return true;
	si_error(cx, 400, "InvalidRequestException", "thingName is not valid");
	return false;
}

static void
answer_thing(struct si_cx *cx, const json_t *t)
{
	cx->out = json_pack("{s:O, s:O, s:O}", "thingName", json_object_get(t, "thingName"),
	    "thingArn", json_object_get(t, "thingArn"), "thingId", json_object_get(t, "thingId"));
}

static void
create(struct si_cx *cx)
{
	json_t *all = json_object_get(cx->s->state, "things");
	json_t *attributes =
	    json_object_get(json_object_get(cx->body, "attributePayload"), "attributes");
	json_t *t = json_object_get(all, cx->arg), *wanted;
	unsigned char rnd[16];
	char *arn;

	if (!name_ok(cx))
		return;
	wanted = attributes != NULL ? json_deep_copy(attributes) : json_object();
	if (t != NULL) {
		if (json_equal(json_object_get(t, "attributes"), wanted))
			answer_thing(cx, t);
		else
			si_error(cx, 409, "ResourceAlreadyExistsException",
			    "Thing %s already exists in account with different attributes",
			    cx->arg);
		json_decref(wanted);
		return;
	}
	(void)RAND_bytes(rnd, sizeof(rnd));
	arn = si_arn(cx, "thing", cx->arg);
	t = json_pack("{s:s, s:s, s:o, s:o, s:i, s:[]}", "thingName", cx->arg, "thingArn", arn,
	    "thingId",
	    json_sprintf("%02x%02x%02x%02x-%02x%02x-4%x%02x-8%x%02x-%02x%02x%02x%02x%02x%02x",
		rnd[0], rnd[1], rnd[2], rnd[3], rnd[4], rnd[5], rnd[6] & 15, rnd[7], rnd[8] & 15,
		rnd[9], rnd[10], rnd[11], rnd[12], rnd[13], rnd[14], rnd[15]),
	    "attributes", wanted, "version", 1, "principals");
	free(arn);
	(void)json_object_set_new(all, cx->arg, t);
	si_created(cx, t);
	answer_thing(cx, t);
}

static void
describe(struct si_cx *cx)
{
	json_t *t = si_thing(cx, cx->arg);

	if (t == NULL)
		return;
	answer_thing(cx, t);
	(void)json_object_set(cx->out, "attributes", json_object_get(t, "attributes"));
	(void)json_object_set(cx->out, "version", json_object_get(t, "version"));
	(void)json_object_set(cx->out, "defaultClientId", json_object_get(t, "thingName"));
}

/* A thing that is not there counts as deleted. */
static void delete (struct si_cx *cx)
{
	json_t *all = json_object_get(cx->s->state, "things");
	const json_t *t = json_object_get(all, cx->arg);

	if (json_array_size(json_object_get(t, "principals")) != 0)
		si_error(cx, 400, "InvalidRequestException",
		    "Cannot delete. Thing %s is still attached to one or more principals", cx->arg);
	else
		(void)json_object_del(all, cx->arg);
	si_state_save(cx->s);
}

static size_t
index_of(const json_t *array, const char *text)
{
	size_t i;
	json_t *v;

	json_array_foreach(array, i, v) if (strcmp(json_string_value(v), text) == 0) return i;
	return json_array_size(array);
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
	if (index_of(list, arn) == json_array_size(list))
		(void)json_array_append_new(list, json_string(arn));
	si_state_save(cx->s);
}

static void
detach(struct si_cx *cx)
{
	json_t *t = si_thing(cx, cx->arg), *list = json_object_get(t, "principals");
	const char *arn = principal(cx);
	size_t i = index_of(list, arn);

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

		if (index_of(list, arn) < json_array_size(list))
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

static void
registration_code(struct si_cx *cx)
{
	cx->out = json_pack("{s:s}", "registrationCode",
	    "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0");
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
	{ "GetRegistrationCode", "GET", "/registrationcode", "", NULL, NULL, registration_code },
	{ .name = NULL },
};
