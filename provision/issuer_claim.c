/*
 * --ca claim:TEMPLATE: AWS IoT issues the certificate, and its provisioning template makes the
 * thing and attaches the policy, all by the right of a claim certificate; see provision/claim.h.
 */
#include <config.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "provision/claim.h"
#include "provision/claimkey.h"
#include "provision/confnode.h"
#include "provision/connect.h"
#include "provision/issuer.h"
#include "provision/report.h"
#include "provision/stop.h"

#define CLIENT_MAX 128U /* characters of a client's name (aws-iot 4) */

struct claims {
	struct issuer_ask ask;
	struct mqtt_address to;
	char client[CLIENT_MAX + 1];
	struct claim_key key;
	struct claim *claim; /* NULL: only looks */
	json_t *parameters;
	struct claim_answer answer;
	bool unsure;
	char why[1024];
	char where[512];
};

static void
claims_close(void *issuer)
{
	struct claims *c = issuer;

	claim_free(&c->claim);
	claim_key_clear(&c->key);
	claim_answer_clear(&c->answer);
	json_decref(c->parameters);
	free(c);
}

/* Several stations and slots are at it at the same time, and a broker lets a name in once. */
static bool
make_client(struct claims *c)
{
	const char *serial = token_serial(c->ask.token);
	unsigned char tail[4];
	size_t n = 0;

	if (RAND_bytes(tail, sizeof(tail)) != 1) {
		prov_error("no random numbers");
		return false;
	}
	n += (size_t)snprintf(c->client, sizeof(c->client), "optiga-");
	for (; *serial != '\0' && n < CLIENT_MAX / 2; serial++)
		if (isalnum((unsigned char)*serial))
			c->client[n++] = *serial;
	(void)snprintf(c->client + n, sizeof(c->client) - n, "-%02x%02x%02x%02x", tail[0], tail[1],
	    tail[2], tail[3]);
	return true;
}

/* One of --parameter, NAME=VALUE for certain, with the templates of the configuration. */
static bool
add_parameter(struct claims *c, const char *text, const struct config_names *names)
{
	const char *equals = strchr(text, '='), *missing = NULL, *why = NULL;
	char *name = NULL, *value = NULL;
	bool ok = false;

	name = strndup(text, (size_t)(equals - text));
	why = template_problem(equals + 1);
	if (why == NULL)
		value = template_fill(equals + 1, names, TEMPLATE_SUBJECT, &missing);
	if (why != NULL)
		prov_error("--parameter \"%s\" %s", text, why);
	else if (missing != NULL)
		prov_error("--parameter \"%s\": this token has nothing to put in place of {%s}",
		    text, missing);
	else if (name == NULL || value == NULL)
		prov_error("out of memory");
	else if (json_object_get(c->parameters, name) != NULL)
		prov_error("--parameter \"%s\" is given twice", name);
	else if (json_object_set_new(c->parameters, name, json_string(value)) != 0)
		prov_error("--parameter \"%s\" is no UTF-8", text);
	else
		ok = true;
	free(name);
	free(value);
	return ok;
}

static bool
make_parameters(struct claims *c)
{
	const struct options *o = c->ask.opts;
	char slot[8], *uid = token_uid(c->ask.token);
	bool ok = true;
	const struct config_names names = { .uid = uid,
		.serial = token_serial(c->ask.token),
		.model = token_model(c->ask.token),
		.label = token_label(c->ask.token),
		.slot = slot };

	(void)snprintf(slot, sizeof(slot), "%04X", c->ask.config->slot->key_oid);
	c->parameters = json_object();
	if (c->parameters == NULL) {
		prov_error("out of memory");
		ok = false;
	}
	for (size_t i = 0; ok && i < o->nparameters; i++)
		ok = add_parameter(c, o->parameters[i], &names);
	free(uid);
	return ok;
}

static struct mqtt_options
connection(const struct claims *c)
{
	return (struct mqtt_options){
		.to = c->to,
		.client_id = c->client,
		.ca_file = c->ask.opts->aws.ca_bundle,
		.seconds = c->ask.opts->answer_timeout,
	};
}

static bool
open_claim(struct claims *c)
{
	struct claim_options o = { .mqtt = connection(c), .template_name = c->ask.argument };

	if (!claim_key_open(&c->key, c->ask.opts, c->ask.token, c->ask.config->slot))
		return false;
	o.mqtt.key = c->key.key;
	o.mqtt.key_on_token = c->key.on_token;
	o.mqtt.cert = c->key.cert;
	o.mqtt.chain = c->key.chain;
	c->claim = claim_new(&o);
	return c->claim != NULL;
}

static void *
claims_open(const struct issuer_ask *ask)
{
	struct claims *c;

	if (ask->token == NULL || ask->config == NULL) {
		prov_error("--ca claim is for commands with a chip and a CONFIG");
		prov_hint("\"run\" does it all");
		return NULL;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL) {
		prov_error("out of memory");
		return NULL;
	}
	c->ask = *ask;
	if (!make_client(c) || !make_parameters(c) || !connect_endpoint(ask->opts, &c->to) ||
	    (!ask->looks && !open_claim(c))) {
		claims_close(c);
		return NULL;
	}
	(void)snprintf(c->where, sizeof(c->where), "template %s at %s", ask->argument, c->to.host);
	return c;
}

/* A device that can connect needs nothing more; that is all there is to find out without rights. */
static const char *
claims_problem(void *issuer, X509 *cert)
{
	struct claims *c = issuer;
	const char *thing = c->ask.config->thing;
	struct mqtt_options o = connection(c);
	struct token_key k = { 0 };
	enum claim_state state = CLAIM_UNSURE;

	o.key_on_token = true;
	o.cert = cert;
	if (thing != NULL)
		o.client_id = thing;
	if (token_find_key(c->ask.token, c->ask.config->slot, &k) == FOUND_ONE)
		o.key = token_signer(c->ask.token, &k);
	(void)snprintf(c->why, sizeof(c->why), "its key does not sign");
	if (o.key != NULL)
		state = claim_look(&o, thing != NULL, c->why, sizeof(c->why));
	EVP_PKEY_free(o.key);
	token_key_clear(&k);
	c->unsure = state == CLAIM_UNSURE;
	return state == CLAIM_ACTIVE ? NULL : c->why;
}

static bool
claims_unsure(void *issuer)
{
	return ((struct claims *)issuer)->unsure;
}

/* What AWS IoT may have issued unheard cannot be used by anybody, and is gone in an hour. */
static enum issued
claims_sign(void *issuer, X509_REQ *request, X509 **cert, STACK_OF(X509) * *chain)
{
	struct claims *c = issuer;

	*chain = NULL;
	if (claim_sign(c->claim, request, cert) == CLAIM_DONE)
		return ISSUED_YES;
	return stop_wanted() ? ISSUED_LATER : ISSUED_NO;
}

static enum issued
claims_finish(void *issuer, X509 *cert)
{
	struct claims *c = issuer;
	const char *thing = c->ask.config->thing;

	(void)cert;
	claim_answer_clear(&c->answer);
	switch (claim_provision(c->claim, c->parameters, &c->answer)) {
	case CLAIM_DONE: break;
	case CLAIM_REJECTED: return ISSUED_NO;
	case CLAIM_FAILED:
	case CLAIM_UNKNOWN: return ISSUED_UNKNOWN;
	}
	if (thing != NULL && c->answer.thing != NULL && strcmp(thing, c->answer.thing) != 0) {
		prov_warn("the template made the thing \"%s\"; %s has \"%s\"", c->answer.thing,
		    c->ask.config->path, thing);
		prov_hint("correct the configuration: a later run connects under the thing's name");
	}
	return ISSUED_YES;
}

static void
claims_report(void *issuer, json_t *r)
{
	const struct claims *c = issuer;

	report_add(r, "thing", c->answer.thing);
	if (c->answer.configuration != NULL)
		(void)json_object_set(r, "deviceConfiguration", c->answer.configuration);
	report_add(r, "endpoint", c->to.host);
}

static const char *
claims_where(void *issuer)
{
	return ((struct claims *)issuer)->where;
}

const struct issuer_kind issuer_claim = {
	.name = "claim",
	.argument = "TEMPLATE",
	.needs_argument = true,
	.text = "AWS IoT by a claim certificate and a provisioning template",
	.open = claims_open,
	.close = claims_close,
	.problem = claims_problem,
	.unsure = claims_unsure,
	.sign = claims_sign,
	.finish = claims_finish,
	.report = claims_report,
	.where = claims_where,
};
