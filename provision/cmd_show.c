/* verify and show: look, and change nothing. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/ca.h"
#include "provision/cert.h"
#include "provision/chain.h"
#include "provision/cloud.h"
#include "provision/connect.h"
#include "provision/file.h"
#include "provision/job.h"
#include "provision/lock.h"
#include "provision/report.h"
#include "provision/show.h"

/* The page goes to a file, what was asked for else to standard output. */
static bool
write_html(const struct show *s, const char *path)
{
	char *page = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&page, &len);
	bool ok = f != NULL && show_html(s, f);

	if (f != NULL && fclose(f) != 0)
		ok = false;
	if (!ok)
		prov_error("cannot draw the page: out of memory");
	ok = ok &&
	     (strcmp(path, "-") == 0 ? file_put(path, page) : file_replace(path, page, len, 0644));
	free(page);
	return ok;
}

static bool
draw(const struct show *s, const struct options *o)
{
	struct look l;

	if (o->html != NULL)
		return write_html(s, o->html);
	if (o->json)
		return report_print(show_json(s), true);
	look_init(&l, stdout);
	show_text(s, &l);
	return true;
}

enum prov_exit
cmd_show(const struct options *o)
{
	struct show s = { .all = o->all };
	struct token *t;
	bool ok;

	if (o->slot != NULL && !show_slot_parse(o->slot, &s.slot))
		return PROV_USAGE;
	if (o->html != NULL && o->json) {
		prov_error("--html and --json are two ways to show");
		prov_hint("give one of them");
		return PROV_USAGE;
	}
	t = token_open(&o->token);
	ok = t != NULL && show_open(&s, t) && draw(&s, o);
	show_close(&s);
	token_close(&t);
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

/* Against --ca-file, with the issuers that are on the token, or as the CA says. */
static bool
verify_chain(struct job *j, json_t *r)
{
	STACK_OF(X509) *between = NULL;
	X509 *cert = NULL;
	const char *problem;

	if (j->opts->ca_file == NULL) {
		problem = j->ca->problem(j->issuer, j->cert);
	} else if (!connect_certs(j->token, &j->key, &cert, &between)) {
		problem = "the certificates cannot be read";
	} else {
		problem = chain_problem(j->cert, between, j->opts->ca_file);
	}
	X509_free(cert);
	sk_X509_pop_free(between, X509_free);
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

/* Against --policy, or the policy that the configuration names for lock. */
static bool
verify_locks(struct job *j, json_t *r)
{
	const char *path = j->opts->lock_policy;
	enum lock_result found = LOCK_FAILED;
	struct lock_policy *p;
	char *why = NULL;
	bool ok;

	if (path == NULL && j->config != NULL)
		path = j->config->lock_policy;
	if (path == NULL)
		return true;
	p = lock_policy_load(path);
	if (p != NULL)
		found = lock_missing(j->token, p, j->slot, &why);
	ok = note(r, "locks", found == LOCK_NOTHING, why);
	if (found == LOCK_WOULD)
		prov_hint("\"lock\" with the same policy sets it");
	free(why);
	lock_policy_free(&p);
	return ok;
}

static bool
verify_all(struct job *j, json_t *r)
{
	bool cloud = j->aws != NULL && j->opts->ca_file == NULL;
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
	if (j->opts->ca_file != NULL || j->issuer != NULL)
		ok = verify_chain(j, r) && ok;
	if (cloud)
		ok = verify_cloud(j, r) && ok;
	ok = verify_locks(j, r) && ok;
	if (j->opts->connect)
		ok = connect_job(j, r) && ok;
	return ok;
}

/* With --slot alone nothing is known about the cloud; at a data endpoint that was named it shows.
 */
static bool
wants_ca(const struct job *j)
{
	const struct options *o = j->opts;

	if (!j->state.by_aws)
		return true;
	return o->config != NULL && o->ca_file == NULL && !(o->connect && o->data_endpoint != NULL);
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
	ok = job_open(&j, o, false) && job_choose_ca(&j);
	j.looks = true;
	if (ok && wants_ca(&j))
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
