/*
 * What the account holds, as one JSON object that tests can read:
 *
 *	things		name -> { thingName, thingId, thingArn, thingTypeName, attributes, version,
 *			principals[] }
 *	thingTypes	name -> { thingTypeName, thingTypeId, thingTypeArn, ... }
 *	thingGroups	name -> { thingGroupName, thingGroupId, thingGroupArn, things[], ... }
 *	policies	name -> { policyName, policyArn, policyDocument, creationDate }
 *	certificates	id -> { certificateId, certificateArn, certificatePem, status, creationDate,
 *			lastModifiedDate, order, policies[], certificateMode, caCertificateId }
 *	cas		id -> { certificateId, certificateArn, certificatePem, status,
 *			autoRegistrationStatus, certificateMode, registrationConfig, ... }
 *	templates	name -> { templateName, templateArn, templateBody, type, ... }
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "tests/standin/standin.h"

static const char *const tables[] = { "things", "thingTypes", "thingGroups", "policies",
	"certificates", "cas", "templates" };

time_t
si_now(const struct si *s)
{
	return time(NULL) + s->clock_offset;
}

void
si_state_load(struct si *s)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/state.json", s->dir);
	s->state = json_load_file(path, 0, NULL);
	if (!json_is_object(s->state))
		s->state = json_object();
	for (size_t i = 0; i < SI_NITEMS(tables); i++)
		if (!json_is_object(json_object_get(s->state, tables[i])))
			(void)json_object_set_new(s->state, tables[i], json_object());
	s->counts = json_object();
	s->quota_full = json_object();
	si_state_save(s);
}

void
si_state_save(const struct si *s)
{
	char path[4096], tmp[4096 + 8];

	(void)snprintf(path, sizeof(path), "%s/state.json", s->dir);
	(void)snprintf(tmp, sizeof(tmp), "%s.new", path);
	if (json_dump_file(s->state, tmp, JSON_INDENT(1) | JSON_SORT_KEYS) != 0 ||
	    rename(tmp, path) != 0)
		perror("aws-standin: state.json");
}

/* Just made and, by a fault, not yet to be seen. */
static bool
hidden(const struct si_cx *cx, const json_t *entry)
{
	return json_number_value(json_object_get(entry, "visibleFrom")) > (double)si_now(cx->s);
}

json_t *
si_table(const struct si_cx *cx, const char *name)
{
	return json_object_get(cx->s->state, name);
}

json_t *
si_find(struct si_cx *cx, const char *table, const char *key, const char *what)
{
	json_t *e = json_object_get(si_table(cx, table), key);

	if (e != NULL && !hidden(cx, e))
		return e;
	si_error(cx, 404, "ResourceNotFoundException", "%s %s does not exist", what, key);
	return NULL;
}

json_t *
si_thing(struct si_cx *cx, const char *name)
{
	return si_find(cx, "things", name, "Thing");
}

json_t *
si_policy(struct si_cx *cx, const char *name)
{
	return si_find(cx, "policies", name, "Policy");
}

json_t *
si_cert(struct si_cx *cx, const char *id)
{
	if (strlen(id) == 64 && strspn(id, "0123456789abcdef") == 64)
		return si_find(cx, "certificates", id, "Certificate");
	si_error(cx, 400, "InvalidRequestException", "certificateId must be 64 hex digits");
	return NULL;
}

json_t *
si_cert_by_arn(struct si_cx *cx, const char *arn)
{
	char *lead = si_arn(cx, "cert", "");
	size_t len = strlen(lead);
	json_t *e = NULL;

	if (strncmp(arn, lead, len) == 0)
		e = si_cert(cx, arn + len);
	else
		si_error(cx, 400, "InvalidRequestException",
		    "%s is not a certificate of this account", arn);
	free(lead);
	return e;
}

void
si_created(struct si_cx *cx, json_t *entry)
{
	long seconds = cx->fault_arg[0] != '\0' ? strtol(cx->fault_arg, NULL, 10) : 2;

	if (cx->fault == SI_LATE404)
		(void)json_object_set_new(
		    entry, "visibleFrom", json_integer((json_int_t)si_now(cx->s) + seconds));
	si_state_save(cx->s);
}

void
si_exists(struct si_cx *cx, const char *what, const char *id, const json_t *arn)
{
	si_error(cx, 409, "ResourceAlreadyExistsException", "%s %s already exists in the account",
	    what, id);
	(void)json_object_set_new(cx->out, "resourceId", json_string(id));
	(void)json_object_set_new(cx->out, "resourceArn", json_deep_copy(arn));
}

json_t *
si_uuid(void)
{
	unsigned char rnd[16];

	(void)RAND_bytes(rnd, sizeof(rnd));
	return json_sprintf("%02x%02x%02x%02x-%02x%02x-4%x%02x-8%x%02x-%02x%02x%02x%02x%02x%02x",
	    rnd[0], rnd[1], rnd[2], rnd[3], rnd[4], rnd[5], rnd[6] & 15, rnd[7], rnd[8] & 15,
	    rnd[9], rnd[10], rnd[11], rnd[12], rnd[13], rnd[14], rnd[15]);
}

json_t *
si_time(const struct si_cx *cx)
{
	return json_real((double)si_now(cx->s) + 0.25);
}

size_t
si_index_of(const json_t *array, const char *text)
{
	size_t i;
	json_t *v;

	json_array_foreach(array, i, v) if (strcmp(json_string_value(v), text) == 0) return i;
	return json_array_size(array);
}

bool
si_name_ok(struct si_cx *cx, const char *name, const char *what)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_-";
	size_t len = strlen(name);

	if (len >= 1 && len <= 128 && strspn(name, allowed) == len)
		return true;
	si_error(cx, 400, "InvalidRequestException", "%s is not valid", what);
	return false;
}

bool
si_flag(struct si_cx *cx, const char *name)
{
	const char *v = si_query(cx, name);

	if (v == NULL || strcmp(v, "false") == 0)
		return false;
	if (strcmp(v, "true") != 0)
		si_error(cx, 400, "InvalidRequestException", "%s must be true or false", name);
	return true;
}

char *
si_arn(const struct si_cx *cx, const char *kind, const char *name)
{
	char *arn = NULL;

	if (asprintf(&arn, "arn:aws:iot:%s:" SI_ACCOUNT ":%s/%s", cx->s->region, kind, name) < 0)
		abort();
	return arn;
}

static unsigned long
number_param(struct si_cx *cx, const char *name, unsigned long otherwise)
{
	const char *text = si_query(cx, name);
	char *end;
	unsigned long n;

	if (text == NULL)
		return otherwise;
	n = strtoul(text, &end, 10);
	if (*end == '\0' && n >= 1 && n <= 250)
		return n;
	si_error(cx, 400, "InvalidRequestException", "%s must be 1 to 250", name);
	return 0;
}

void
si_page(struct si_cx *cx, json_t *items, const char *name, const char *size_param,
    const char *token_param, const char *token_out)
{
	const char *token = si_query(cx, token_param);
	unsigned long size = number_param(cx, size_param, 25);
	unsigned int start = 0;
	json_t *page = json_array();
	size_t i;

	if (size > cx->s->page_size)
		size = cx->s->page_size;
	if (token != NULL && sscanf(token, "t+/%u==", &start) != 1)
		si_error(cx, 400, "InvalidRequestException", "the token %s is not ours", token);
	for (i = start; i < json_array_size(items) && i < start + size; i++)
		(void)json_array_append(page, json_array_get(items, i));
	if (cx->status == 200) {
		cx->out = json_pack("{s:O}", name, page);
		if (i < json_array_size(items))
			(void)json_object_set_new(
			    cx->out, token_out, json_sprintf("t+/%u==", (unsigned int)i));
	}
	json_decref(page);
	json_decref(items);
}
