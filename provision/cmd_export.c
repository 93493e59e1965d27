/* export: the certificate as PEM, and settings of other programs for the key. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/cert.h"
#include "provision/connect.h"
#include "provision/export.h"
#include "provision/file.h"
#include "provision/job.h"

#define SYSTEM_CAS  "/etc/ssl/certs/ca-certificates.crt"
#define PORT_HTTPS  8443U
#define REGION_FROM ".iot."

/* What the templates need; all owned. */
struct facts {
	char *module, *key, *cert, *label, *label_key, *label_cert;
	char slot[24], port[8], region[64];
	char address[300], url[600];
	bool issuers; /* behind the certificate, on the token */
};

static void
facts_free(struct facts *f)
{
	free(f->module);
	free(f->key);
	free(f->cert);
	free(f->label);
	free(f->label_key);
	free(f->label_cert);
}

static bool
has_issuers(struct job *j)
{
	STACK_OF(X509) *chain = NULL;
	X509 *cert = NULL;
	bool has = connect_certs(j->token, &j->key, &cert, &chain) && sk_X509_num(chain) > 0;

	X509_free(cert);
	sk_X509_pop_free(chain, X509_free);
	return has;
}

static bool
read_facts(struct job *j, struct facts *f)
{
	f->issuers = has_issuers(j);
	f->module = token_module_file(j->token);
	f->key = token_uri(j->token, &j->key, NULL, CKO_PRIVATE_KEY);
	f->cert = token_uri(j->token, &j->key, NULL, CKO_CERTIFICATE);
	f->label = token_key_label(j->token, &j->key);
	if (f->label != NULL) {
		f->label_key = token_uri(j->token, &j->key, f->label, CKO_PRIVATE_KEY);
		f->label_cert = token_uri(j->token, &j->key, f->label, CKO_CERTIFICATE);
	}
	(void)snprintf(f->slot, sizeof(f->slot), "%lu", token_slot_id(j->token));
	return f->module != NULL && f->key != NULL && f->cert != NULL;
}

/* "x-ats.iot.eu-central-1.amazonaws.com" has the region in it. */
static void
find_region(struct facts *f, const struct options *o, const char *host)
{
	const char *at = strstr(host, REGION_FROM);

	if (o->aws.region != NULL)
		(void)snprintf(f->region, sizeof(f->region), "%s", o->aws.region);
	else if (at != NULL)
		(void)snprintf(f->region, sizeof(f->region), "%.*s",
		    (int)strcspn(at + strlen(REGION_FROM), "."), at + strlen(REGION_FROM));
	else
		(void)snprintf(f->region, sizeof(f->region), "REGION");
}

/* A thing's name in a URL: letters, digits and ":_-", none of which needs escaping there. */
static void
find_addresses(struct facts *f, const struct mqtt_address *to, bool named, const char *thing)
{
	(void)snprintf(f->port, sizeof(f->port), "%u", to->port);
	(void)snprintf(f->address, sizeof(f->address), "%s:%u", to->host, to->port);
	(void)snprintf(f->url, sizeof(f->url), "https://%s:%u/topics/%s/hello?qos=1", to->host,
	    named ? to->port : PORT_HTTPS, thing);
}

static bool
print_settings(struct job *j, const struct export_row *row)
{
	const struct options *o = j->opts;
	struct mqtt_address to = { "ENDPOINT", MQTT_PORT };
	const char *thing = "THING", *bad;
	struct facts f = { .module = NULL };
	bool ok = read_facts(j, &f), pin = token_needs_pin(j->token);
	char *text = NULL;

	if (o->thing != NULL)
		thing = o->thing;
	else if (j->config != NULL && j->config->thing != NULL)
		thing = j->config->thing;
	if (o->data_endpoint != NULL && !connect_endpoint(o, &to))
		ok = false;
	find_region(&f, o, to.host);
	find_addresses(
	    &f, &to, o->data_endpoint != NULL && strchr(o->data_endpoint, ':') != NULL, thing);
	const struct export_value values[] = {
		{ "module", f.module, false },
		{ "key", f.key, false },
		{ "cert", f.cert, false },
		{ "label", f.label, false },
		{ "labelkey", f.label_key, false },
		{ "labelcert", f.label_cert, false },
		{ "token", token_label(j->token), false },
		{ "slot", f.slot, true },
		/* The chip has no PIN and takes any; these programs want one to be there. */
		{ "pin", pin ? "PIN" : "0000", false },
		{ "nopin", pin ? "\"PIN\"" : "null", true },
		{ "host", to.host, false },
		{ "port", f.port, true },
		{ "address", f.address, false },
		{ "url", f.url, false },
		{ "thing", thing, false },
		{ "region", f.region, false },
		{ "chain", f.issuers ? " -cert_chain device.pem" : "", true },
		{ "cafile", o->aws.ca_bundle != NULL ? o->aws.ca_bundle : SYSTEM_CAS, false },
	};

	if (ok)
		text = export_fill(row, values, sizeof(values) / sizeof(values[0]), &bad);
	if (ok && text == NULL)
		prov_error("cannot write settings for %s: %s%s", row->name,
		    bad != NULL ? "there is no usable " : "out of memory", bad != NULL ? bad : "");
	if (ok && text == NULL && bad != NULL && strncmp(bad, "label", 5) == 0)
		prov_hint("it finds the key by its CKA_LABEL: give it one");
	ok = text != NULL && file_put(o->out, text);
	free(text);
	facts_free(&f);
	return ok;
}

static bool
print_cert(struct job *j)
{
	STACK_OF(X509) *chain = NULL;
	X509 *cert = NULL;
	char *pem = NULL;
	bool ok = connect_certs(j->token, &j->key, &cert, &chain);

	if (!ok) {
		prov_error("the certificates cannot be read");
	} else if (cert == NULL) {
		prov_error("slot \"%s\" (%04X) has no certificate for its key", j->slot->name,
		    j->slot->key_oid);
		prov_hint("\"run\" gives it one");
	} else if (sk_X509_unshift(chain, cert) > 0) {
		(void)X509_up_ref(cert);
		pem = certs_pem(chain);
	}
	ok = pem != NULL && file_put(j->opts->out, pem);
	free(pem);
	X509_free(cert);
	sk_X509_pop_free(chain, X509_free);
	return ok;
}

static bool
read_slot(struct job *j)
{
	if (!job_read_key(j))
		return false;
	if (j->state.key && j->key.pub != NULL)
		return true;
	prov_error("slot \"%s\" (%04X) has no key", j->slot->name, j->slot->key_oid);
	return false;
}

enum prov_exit
cmd_export(const struct options *o)
{
	const struct export_row *row = o->export_for != NULL ? export_find(o->export_for) : NULL;
	struct job j;
	bool ok;

	if ((o->export_for != NULL) == o->cert) {
		prov_error("\"export\" needs one of --for and --cert");
		return PROV_USAGE;
	}
	if (o->export_for != NULL && row == NULL) {
		prov_error("--for \"%s\" is none of the programs that are known", o->export_for);
		prov_hint("\"optiga-provision export --help\" lists them");
		return PROV_USAGE;
	}
	if (o->config == NULL && o->slot == NULL) {
		prov_error("\"export\" needs a slot");
		prov_hint("give CONFIG or --slot");
		return PROV_USAGE;
	}
	ok = job_open(&j, o, false) && read_slot(&j) &&
	     (row != NULL ? print_settings(&j, row) : print_cert(&j));
	job_close(&j);
	return ok ? PROV_OK : PROV_FAILED;
}
