/* One provisioning under way; see job.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "provision/cert.h"
#include "provision/cloud.h"
#include "provision/csr.h"
#include "provision/file.h"
#include "provision/job.h"

#define ANCHORS_MAX 65536U

/* A key in use is never overwritten: what is there must be what was asked for. */
static bool
key_fits(const struct job *j)
{
	char have[64];

	if (j->key.pub == NULL) {
		prov_error("slot \"%s\" (%04X) holds a key whose public key is not known",
		    j->slot->name, j->slot->key_oid);
		prov_hint("it may be one that cannot sign: use another slot, or destroy it first");
		return false;
	}
	if (j->config == NULL || (j->ca != NULL && j->ca->as_is))
		return true;
	(void)key_name(j->key.pub, have, sizeof(have));
	if (strcasecmp(have, config_key_name(j->config)) == 0)
		return true;
	prov_error("slot \"%s\" (%04X) holds a key of another kind: %s, and %s asks for %s",
	    j->slot->name, j->slot->key_oid, have, j->config->path, config_key_name(j->config));
	prov_hint(
	    "change the configuration or use another slot; keys in use are never overwritten");
	return false;
}

static bool
find_key(struct job *j)
{
	enum found found;

	if (j->ca == NULL || !j->ca->as_is)
		return renew_find(j);
	found = token_find_key(j->token, j->slot, &j->key);
	j->state.key = found == FOUND_ONE;
	return found != FOUND_FAILED;
}

bool
job_read_key(struct job *j)
{
	return find_key(j) && (!j->state.key || key_fits(j));
}

/* What the chosen CA has to say about a certificate; AWS IoT is asked later. */
static const char *
ca_problem_of(const struct job *j, X509 *cert)
{
	return j->issuer != NULL ? j->ca->problem(j->issuer, cert) : NULL;
}

/* A certificate that may be in use is not replaced unasked. */
static bool
is_sure(const struct job *j, const char *problem)
{
	if (j->issuer == NULL || j->ca->unsure == NULL || !j->ca->unsure(j->issuer) ||
	    j->opts->in_place)
		return true;
	prov_error("whether the certificate in slot \"%s\" (%04X) is good cannot be told: %s",
	    j->slot->name, j->slot->key_oid, problem);
	return false;
}

/* One good certificate is enough: others with the key's ID may be its issuers. */
static bool
judge_certs(struct job *j)
{
	for (size_t i = 0; i < j->ncerts; i++) {
		X509 *cert = j->certs[i].cert;
		const char *problem;

		if (cert == NULL || !cert_is_for(cert, j->key.pub)) {
			if (j->state.cert == CERT_NONE)
				j->state.cert = CERT_OTHER_KEY;
			continue;
		}
		problem = ca_problem_of(j, cert);
		if (problem == NULL) {
			X509_free(j->cert);
			j->state.cert = CERT_GOOD;
			j->cert = cert;
			return X509_up_ref(cert) == 1 && cert_id(cert, j->cert_id);
		}
		if (!is_sure(j, problem))
			return false;
		j->state.cert = CERT_FOREIGN;
		j->cert_problem = problem;
	}
	return true;
}

/* Whether the chip has a certificate, among those beside the key. */
static bool
on_chip(const struct job *j, X509 *cert)
{
	for (size_t i = 0; i < j->ncerts; i++)
		if (j->certs[i].cert != NULL && X509_cmp(j->certs[i].cert, cert) == 0)
			return true;
	return false;
}

/* Whether some of its issuers are not on the chip yet. */
static bool
chain_missing(const struct job *j, bool *missing)
{
	bool has = true;

	for (int i = 0; has && i < sk_X509_num(j->chain); i++)
		if (!token_has_cert(j->token, &j->key, sk_X509_value(j->chain, i), &has))
			return false;
	*missing = !has;
	return true;
}

/* A certificate in hand according to the journal; one that is of no use is forgotten. */
static bool
take_journal(struct job *j)
{
	X509 *cert = cert_from_pem("the certificate in the journal", j->journal.pem);
	bool missing = false;

	if (cert == NULL)
		return false;
	/* One that its CA was to be told of, and that was not good above, never will be. */
	if (j->ca->finish != NULL) {
		if (j->state.cert == CERT_FOREIGN && on_chip(j, cert))
			j->state.cert = CERT_STALE;
		X509_free(cert);
		return true;
	}
	if (!cert_is_for(cert, j->key.pub) || ca_problem_of(j, cert) != NULL) {
		X509_free(cert);
		return true;
	}
	if (j->journal.chain != NULL &&
	    (j->chain = certs_from_pem("the chain in the journal", j->journal.chain)) == NULL) {
		X509_free(cert);
		return false;
	}
	if (!chain_missing(j, &missing)) {
		X509_free(cert);
		return false;
	}
	if (j->state.cert == CERT_GOOD && !missing) {
		X509_free(cert);
		return true;
	}
	if (j->state.cert == CERT_GOOD)
		j->state.cert = CERT_NONE; /* not all of it is written */
	X509_free(j->cert);
	j->cert = cert;
	j->state.pending = PENDING_ISSUED;
	return cert_id(cert, j->cert_id);
}

static void
being_replaced(struct job *j, const char *why)
{
	j->state.cert = CERT_FOREIGN;
	j->cert_problem = why;
	memcpy(j->old_id, j->cert_id, sizeof(j->old_id));
	j->state.registered = j->state.policy_attached = j->state.thing_attached = false;
	j->state.active = false;
}

void
job_take_replaces(struct job *j)
{
	const struct journal *n = &j->journal;

	if (!n->replaces || j->state.cert != CERT_GOOD ||
	    (n->pending == PENDING_ISSUED && strcmp(n->id, j->cert_id) == 0))
		return;
	being_replaced(j, "an interrupted run was to replace it");
	j->state.replace = true;
}

/* The journal of a CA other than AWS IoT. What was asked of it in vain is asked again. */
static bool
read_journal(struct job *j)
{
	char id[65];

	if (!key_id(j->key.pub, id) || !journal_open(&j->journal, id, j->ca->name))
		return false;
	job_take_replaces(j);
	j->state.journal = j->journal.pending != PENDING_NONE;
	return j->journal.pending != PENDING_ISSUED || take_journal(j);
}

static bool
has_factory(const struct job *j)
{
	if (j->state.key && j->state.cert == CERT_GOOD)
		return true;
	if (!j->state.key)
		prov_error("the token has no factory key (%04X)", j->slot->key_oid);
	else if (j->state.cert == CERT_FOREIGN)
		prov_error("the factory's certificate: %s", j->cert_problem);
	else
		prov_error(
		    "the chip has no factory certificate for its key (%04X)", j->slot->key_oid);
	prov_hint("use another CA than \"factory\", which makes key and certificate");
	return false;
}

bool
job_read(struct job *j)
{
	if (!find_key(j) || !renew_begin(j) || (j->state.key && !key_fits(j)))
		return false;
	if (j->state.key &&
	    (!token_certs(j->token, &j->key, j->certs, JOB_CERTS, &j->ncerts) || !judge_certs(j)))
		return false;
	if (j->ca->as_is && !has_factory(j))
		return false;
	if (j->issuer != NULL && !j->ca->as_is && j->state.key && !read_journal(j))
		return false;
	if (j->state.cloud && !cloud_read(j))
		return false;
	if (j->state.replace && j->state.cert == CERT_GOOD && !j->state.journal)
		being_replaced(j, "it is replaced on request");
	if (j->journal.replaces && j->state.cloud)
		j->state.old = true;
	return true;
}

void
job_say_refused(const struct job *j)
{
	if (j->state.cert == CERT_OTHER_KEY)
		prov_error("slot \"%s\" (%04X) has a certificate that is not for its key",
		    j->slot->name, j->slot->key_oid);
	else
		prov_error("slot \"%s\" (%04X) has another certificate already: %s", j->slot->name,
		    j->slot->key_oid, j->cert_problem);
	prov_hint("add --replace for a new key and certificate in a free slot, or --in-place for a "
		  "new certificate in this one");
}

bool
job_make_request(struct job *j)
{
	EVP_PKEY *signer = token_signer(j->token, &j->key);

	if (signer == NULL)
		return false;
	X509_REQ_free(j->request);
	j->request = csr_make(j->config, j->key.pub, signer);
	EVP_PKEY_free(signer);
	return j->request != NULL;
}

/* What a CA gave back must be for the chip's key, and fit. */
static bool
check_issued(struct job *j)
{
	if (!cert_is_for(j->cert, j->key.pub)) {
		prov_error("the CA issued a certificate for another key");
		return false;
	}
	return cert_fits(j->cert, j->chain);
}

static enum issued
ask_ca(struct job *j)
{
	enum issued r;

	X509_free(j->cert);
	j->cert = NULL;
	certs_free(&j->chain);
	r = j->ca->sign(j->issuer, j->request, &j->cert, &j->chain);
	j->later = r == ISSUED_LATER;
	return r;
}

static bool
in_chain(const struct job *j, X509 *cert)
{
	for (int i = 0; i < sk_X509_num(j->chain); i++)
		if (X509_cmp(sk_X509_value(j->chain, i), cert) == 0)
			return true;
	return X509_cmp(j->cert, cert) == 0;
}

/*
 * At the first connection AWS IoT recognises a certificate by its CA's, which devices may have to
 * send along (aws-iot 9): it goes behind the others.
 */
static bool
add_anchor(struct job *j)
{
	const char *file = j->ca->where != NULL ? j->ca->where(j->issuer) : NULL;
	STACK_OF(X509) *anchors = NULL;
	char *pem;
	bool ok = true;

	if (file == NULL || access(file, F_OK) != 0)
		return true; /* what the CA gave is all there is */
	pem = file_read(file, ANCHORS_MAX, NULL);
	if (pem == NULL || (anchors = certs_from_pem(file, pem)) == NULL) {
		free(pem);
		return false;
	}
	if (j->chain == NULL)
		j->chain = sk_X509_new_null();
	ok = j->chain != NULL;
	for (int i = 0; ok && i < sk_X509_num(anchors); i++) {
		X509 *cert = sk_X509_value(anchors, i);

		if (!in_chain(j, cert))
			ok = X509_up_ref(cert) == 1 && sk_X509_push(j->chain, cert) > 0;
	}
	if (!ok)
		prov_error("out of memory");
	certs_free(&anchors);
	free(pem);
	return ok;
}

static bool
take_issued(struct job *j)
{
	if (j->first_connect && !add_anchor(j))
		return false;
	return cert_id(j->cert, j->cert_id) && check_issued(j);
}

bool
job_sign_plain(struct job *j)
{
	return ask_ca(j) == ISSUED_YES && take_issued(j);
}

static bool
write_down(struct job *j)
{
	char *pem = cert_pem(j->cert), *chain = NULL;
	bool ok = pem != NULL;

	if (ok && j->chain != NULL && sk_X509_num(j->chain) > 0)
		ok = (chain = certs_pem(j->chain)) != NULL;
	ok = ok && journal_issued(&j->journal, j->cert_id, pem, chain);
	free(pem);
	free(chain);
	return ok;
}

bool
job_asked(struct job *j)
{
	if (j->state.replace && j->state.cert != CERT_NONE) {
		j->journal.replaces = true;
		(void)snprintf(j->journal.replaced, sizeof(j->journal.replaced), "%s", j->old_id);
	}
	return journal_asked(&j->journal);
}

/* Written down before it goes to the chip: it is asked for once. */
static bool
sign_by_ca(struct job *j)
{
	if (!journal_asked(&j->journal))
		return false;
	switch (ask_ca(j)) {
	case ISSUED_YES: return take_issued(j) && write_down(j);
	case ISSUED_UNKNOWN: break;
	case ISSUED_NO:
	case ISSUED_LATER:
		/* Certainly nothing came of it. */
		if (j->journal.requests == 1)
			(void)journal_forget(&j->journal);
		break;
	}
	return false;
}

bool
job_sign(struct job *j)
{
	if (j->issuer != NULL)
		return sign_by_ca(j);
	X509_free(j->cert);
	j->cert = NULL;
	if (!cloud_sign(j))
		return false;
	if (check_issued(j))
		return true;
	cloud_take_back(j);
	return false;
}

static bool
generate(struct job *j)
{
	char label[32];

	if (j->state.renewing)
		token_role_label(j->role, KEY_NEXT, label);
	if (!token_generate_as(j->token, j->config, j->state.renewing ? label : NULL, &j->key))
		return false;
	return j->issuer != NULL ? read_journal(j) : cloud_journal(j);
}

/* Every certificate in the way: those for the key, and those that only claim its ID. */
static bool
remove_old(struct job *j)
{
	for (size_t i = 0; i < j->ncerts; i++)
		if (!token_destroy(j->token, j->certs[i].handle))
			return false;
	token_certs_clear(j->certs, j->ncerts);
	j->ncerts = 0;
	return true;
}

static bool
write_new(struct job *j, X509 *cert)
{
	bool has;

	return token_has_cert(j->token, &j->key, cert, &has) &&
	       (has || token_write_cert(j->token, &j->key, cert));
}

/* The certificate, then its issuers; what is there from a run that was cut short stays. */
static bool
write_cert(struct job *j)
{
	bool ok = check_issued(j) && write_new(j, j->cert);

	for (int i = 0; ok && j->chain != NULL && i < sk_X509_num(j->chain); i++)
		ok = write_new(j, sk_X509_value(j->chain, i));
	if (!ok && j->state.by_aws)
		cloud_take_back(j);
	return ok;
}

/* What was written goes again. */
static bool
remove_new(struct job *j)
{
	bool ok = true;

	token_certs_clear(j->certs, j->ncerts);
	j->ncerts = 0;
	ok = token_certs(j->token, &j->key, j->certs, JOB_CERTS, &j->ncerts);
	for (size_t i = 0; ok && i < j->ncerts; i++)
		if (j->certs[i].cert != NULL && X509_cmp(j->certs[i].cert, j->cert) == 0)
			ok = token_destroy(j->token, j->certs[i].handle);
	return ok;
}

/* A certificate that will never be good is of no use on the chip. */
static bool
finish(struct job *j)
{
	switch (j->ca->finish(j->issuer, j->cert)) {
	case ISSUED_YES: return true;
	case ISSUED_NO:
		if (remove_new(j) && journal_forget(&j->journal))
			prov_step("the certificate was removed from the chip again");
		return false;
	case ISSUED_UNKNOWN:
	case ISSUED_LATER: break;
	}
	prov_hint("run the same command again: it finds out, and goes on");
	j->later = true;
	return false;
}

/* Nothing is left that a later run would need. */
static bool
tidy(struct job *j)
{
	return j->issuer != NULL ? journal_forget(&j->journal) : cloud_tidy(j);
}

/*
 * AWS IoT will not have it. A certificate of its own goes from the chip first: should this be cut
 * short, the journal still has it.
 */
static void
undo(struct job *j)
{
	if (!cloud_may_undo(j))
		return;
	prov_step("taking back what this run has made");
	if ((j->state.by_aws && !remove_new(j)) || !cloud_undo(j))
		prov_hint("not all could be taken back; nothing of it is active, and the next run "
			  "takes it up");
}

bool
job_step(struct job *j, enum step step)
{
	static bool (*const actions[STEP_COUNT])(struct job *) = {
		[STEP_POLICY] = cloud_policy,
		[STEP_THING_TYPE] = cloud_thing_type,
		[STEP_THING] = cloud_thing,
		[STEP_UPDATE_THING] = cloud_update_thing,
		[STEP_GROUPS] = cloud_groups,
		[STEP_KEY] = generate,
		[STEP_RESUME] = cloud_resume,
		[STEP_CSR] = job_make_request,
		[STEP_SIGN] = job_sign,
		[STEP_REMOVE] = remove_old,
		[STEP_WRITE] = write_cert,
		[STEP_FINISH] = finish,
		[STEP_REGISTER] = cloud_register,
		[STEP_ATTACH_POLICY] = cloud_attach_policy,
		[STEP_ATTACH_THING] = cloud_attach_thing,
		[STEP_ACTIVATE] = cloud_activate,
		[STEP_SWITCH] = renew_switch,
		[STEP_DROP_OLD] = renew_drop_old,
		[STEP_TIDY] = tidy,
	};
	enum pending found;

	prov_step("%s", step_text(step));
	if (!actions[step](j)) {
		if (step == STEP_ATTACH_POLICY || step == STEP_ATTACH_THING)
			undo(j);
		return false;
	}
	/* Whether anything was found is for the step itself to say. */
	found = j->state.pending;
	plan_apply(&j->state, step);
	if (step == STEP_RESUME)
		j->state.pending = found;
	return true;
}

bool
job_prove(struct job *j)
{
	if (!cert_is_for(j->cert, j->key.pub)) {
		prov_error("the certificate on the chip is not for the key in slot \"%s\" (%04X)",
		    j->slot->name, j->slot->key_oid);
		return false;
	}
	return token_proves(j->token, &j->key, X509_get0_pubkey(j->cert));
}
