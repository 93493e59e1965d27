/* verify and show: look, and change nothing. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/ca.h"
#include "provision/cert.h"
#include "provision/cloud.h"
#include "provision/job.h"
#include "provision/report.h"

static void
add_key(json_t *row, const struct token_key *k)
{
	char kind[64], id[2 * sizeof(k->id) + 1];

	report_add(row, "key",
	    k->pub != NULL ? key_name(k->pub, kind, sizeof(kind)) : "public key not known");
	for (size_t i = 0; i < k->id_len; i++)
		(void)snprintf(id + 2 * i, 3, "%02x", k->id[i]);
	report_add(row, "id", id);
}

static bool
show_slot(struct job *j, const struct slot *s, json_t *rows)
{
	json_t *row = report_new();
	enum found found;
	char name[32];

	(void)snprintf(name, sizeof(name), "%s (%04X)", s->name, s->key_oid);
	report_add(row, "slot", name);
	found = token_find_key(j->token, s, &j->key);
	if (found == FOUND_NONE)
		report_add(row, "key", "none");
	if (found == FOUND_ONE) {
		add_key(row, &j->key);
		if (!token_certs(j->token, &j->key, j->certs, JOB_CERTS, &j->ncerts))
			found = FOUND_FAILED;
	}
	for (size_t i = 0; i < j->ncerts; i++) {
		if (j->certs[i].cert == NULL || j->key.pub == NULL ||
		    !cert_is_for(j->certs[i].cert, j->key.pub))
			continue;
		report_cert(row, j->certs[i].cert);
		break;
	}
	token_certs_clear(j->certs, j->ncerts);
	j->ncerts = 0;
	token_key_clear(&j->key);
	return json_array_append_new(rows, row) == 0 && found != FOUND_FAILED;
}

enum prov_exit
cmd_show(const struct options *o)
{
	json_t *r = report_new(), *rows = json_array();
	struct job j;
	bool ok;

	ok = job_open(&j, o, false);
	if (ok) {
		report_add(r, "token", token_label(j.token));
		report_add(r, "serial", token_serial(j.token));
		report_add(r, "model", token_model(j.token));
		report_add(r, "made_by", token_manufacturer(j.token));
		for (size_t i = 0; ok && slot_row(i) != NULL; i++)
			if (j.slot == NULL || j.slot == slot_row(i))
				ok = show_slot(&j, slot_row(i), rows);
	}
	(void)json_object_set(r, "slots", rows);
	json_decref(rows);
	if (ok)
		ok = report_print(r, o->json);
	else
		json_decref(r);
	job_close(&j);
	return ok ? PROV_OK : PROV_FAILED;
}

/* One thing verified; the reason of a failure is on standard error already, or in why. */
static bool
note(json_t *r, const char *what, bool ok, const char *why)
{
	report_add(r, what, ok ? "ok" : "FAILED");
	if (!ok && why != NULL)
		prov_error("%s: %s", what, why);
	return ok;
}

/* The certificate for the slot's key, or the first one that claims to be. */
static bool
find_cert(struct job *j)
{
	if (!token_certs(j->token, &j->key, j->certs, JOB_CERTS, &j->ncerts))
		return false;
	for (size_t i = 0; i < j->ncerts; i++) {
		X509 *cert = j->certs[i].cert;

		if (cert == NULL || (j->cert != NULL && !cert_is_for(cert, j->key.pub)))
			continue;
		X509_free(j->cert);
		j->cert = X509_up_ref(cert) == 1 ? cert : NULL;
		if (cert_is_for(cert, j->key.pub))
			break;
	}
	return j->cert == NULL || cert_id(j->cert, j->cert_id);
}

/* Against --ca-file, or the CA of --ca local. */
static bool
verify_chain(struct job *j, json_t *r)
{
	const char *anchors = j->opts->ca_file != NULL ? j->opts->ca_file : j->ca_file;
	const char *problem = cert_chain_problem(j->cert, anchors);

	return note(r, "chain", problem == NULL, problem);
}

static bool
verify_cloud(struct job *j, json_t *r)
{
	bool known, ok;

	if (!cloud_find(j, j->cert_id, &known))
		return note(r, "cloud", false, NULL);
	if (!known)
		return note(r, "cloud", false, "it does not know this certificate");
	ok = note(
	    r, "active", strcmp(j->cloud.status, "ACTIVE") == 0, "the certificate is not ACTIVE");
	j->state.cert = CERT_GOOD;
	if (!cloud_read(j))
		return note(r, "cloud", false, NULL);
	ok = note(r, "policy", j->state.policy_attached, "it is not attached to the certificate") &&
	     ok;
	return note(r, "thing", j->state.thing_attached, "it is not attached to the certificate") &&
	       ok;
}

static bool
verify_all(struct job *j, json_t *r)
{
	bool cloud = j->opts->ca_aws && j->config != NULL && j->opts->ca_file == NULL;
	bool ok;

	if (!job_read_key(j) || !note(r, "key", j->state.key, "the slot has none") ||
	    !find_cert(j) ||
	    !note(r, "certificate", j->cert != NULL, "there is none beside the key"))
		return false;
	ok =
	    note(r, "pair", cert_is_for(j->cert, j->key.pub), "the certificate is for another key");
	ok = note(r, "signature", token_proves(j->token, &j->key, X509_get0_pubkey(j->cert)),
		 NULL) &&
	     ok;
	if (j->opts->ca_file != NULL || !j->opts->ca_aws)
		ok = verify_chain(j, r) && ok;
	if (cloud)
		ok = verify_cloud(j, r) && ok;
	return ok;
}

enum prov_exit
cmd_verify(const struct options *o)
{
	json_t *r = report_new();
	struct job j;
	bool ok;

	if (o->config == NULL && o->slot == NULL) {
		prov_error("\"verify\" needs a slot");
		prov_hint("give CONFIG or --slot");
		json_decref(r);
		return PROV_USAGE;
	}
	ok = job_open(&j, o, false);
	/* With --slot alone nothing is known about the cloud. */
	if (ok && (!o->ca_aws || (o->config != NULL && o->ca_file == NULL)))
		ok = job_open_ca(&j);
	if (ok) {
		ok = verify_all(&j, r);
		ok = report_print(r, o->json) && ok;
	} else {
		json_decref(r);
	}
	job_close(&j);
	return ok ? PROV_OK : PROV_FAILED;
}
