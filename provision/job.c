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

/* What the templates stand for, on this chip. */
static bool
expand(struct job *j)
{
	const struct config_names names = { .serial = token_serial(j->token),
		.model = token_model(j->token),
		.label = token_label(j->token),
		.uid = j->uid };

	return config_expand(j->config, &names);
}

static bool
open_token(struct job *j, bool write)
{
	struct token_options opts = j->opts->token;

	opts.write = write;
	j->token = token_open(&opts);
	if (j->token == NULL)
		return false;
	prov_step("token \"%s\", serial %s", token_label(j->token), token_serial(j->token));
	if (j->config != NULL && j->config->own_format)
		j->uid = token_uid(j->token);
	return j->config == NULL || expand(j);
}

bool
job_open_slot(struct job *j, const struct options *o, struct config *c, bool write)
{
	*j = (struct job){ .opts = o, .lock_fd = -1, .config = c, .slot = c->slot };
	return open_token(j, write);
}

bool
job_open(struct job *j, const struct options *o, bool write)
{
	struct config *c;

	*j = (struct job){ .opts = o, .lock_fd = -1 };
	if (o->config != NULL) {
		c = config_load_slot(o->config, o->slot);
		return c != NULL && job_open_slot(j, o, c, write);
	}
	if (o->slot != NULL && (j->slot = slot_parse("--slot", o->slot)) == NULL)
		return false;
	return open_token(j, write);
}

void
job_close(struct job *j)
{
	/* It may hold a key on the chip. */
	if (j->issuer != NULL)
		j->ca->close(j->issuer);
	token_certs_clear(j->certs, j->ncerts);
	token_key_clear(&j->key);
	X509_free(j->cert);
	X509_REQ_free(j->request);
	token_close(&j->token);
	aws_cert_clear(&j->cloud);
	aws_close(&j->aws);
	journal_close(&j->journal);
	certs_free(&j->chain);
	config_free(&j->config);
	free(j->uid);
	if (j->lock_fd >= 0)
		(void)close(j->lock_fd);
}

/* Serial numbers are the token's to choose: only what is safe in a file name is kept. */
static char *
slot_name(const struct job *j)
{
	static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	char *name = NULL;

	if (asprintf(&name, "%s-%04x", token_serial(j->token), j->slot->key_oid) < 0)
		return NULL;
	for (char *p = name; *p != '\0'; p++)
		if (*p != '-' && strchr(safe, *p) == NULL)
			*p = '_';
	return name;
}

bool
job_lock_name(struct job *j, const char *name, const char *what)
{
	char *dir = journal_dir(), *path = NULL;
	bool busy = false;

	if (dir == NULL)
		return false;
	if (name == NULL || asprintf(&path, "%s/%s.lock", dir, name) < 0) {
		prov_error("out of memory");
		path = NULL;
	} else {
		j->lock_fd = file_lock(path, false, &busy);
	}
	free(dir);
	free(path);
	if (busy) {
		prov_error("another optiga-provision is at work on %s", what);
		prov_hint("wait until it has ended, then run again");
	}
	return j->lock_fd >= 0;
}

bool
job_lock(struct job *j)
{
	char *name = slot_name(j), what[64];
	bool ok;

	(void)snprintf(
	    what, sizeof(what), "slot \"%s\" (%04X) of this chip", j->slot->name, j->slot->key_oid);
	ok = job_lock_name(j, name, what);
	free(name);
	return ok;
}

bool
job_choose_ca(struct job *j)
{
	const struct config *c = j->config;
	const char *value = j->opts->ca, *where = "--ca";
	enum config_register how = j->opts->registration;

	if (value == NULL && c != NULL && c->ca != NULL) {
		value = c->ca;
		where = c->path;
	}
	j->ca = issuer_find(where, value != NULL ? value : issuer_aws.name, &j->ca_argument);
	if (j->ca == NULL)
		return false;
	if (how == REGISTER_DEFAULT && c != NULL)
		how = c->registration;
	j->state.by_aws = j->ca == &issuer_aws;
	j->state.cloud = j->state.by_aws || how == REGISTER_AWS;
	j->state.replace = j->opts->replace;
	j->state.finishes = j->ca->finish != NULL;
	if (!j->state.by_aws || how == REGISTER_DEFAULT || how == REGISTER_AWS)
		return true;
	prov_error("a certificate by AWS IoT is known there; it cannot be otherwise");
	prov_hint("leave out \"register\", or choose another CA");
	return false;
}

bool
job_open_ca(struct job *j)
{
	const struct issuer_ask ask = {
		.opts = j->opts,
		.config = j->config,
		.argument = j->ca_argument,
		.token = j->token,
		.looks = j->looks,
	};

	if (j->state.cloud &&
	    ((j->config != NULL && !config_fits_aws(j->config)) || !cloud_open(j)))
		return false;
	if (j->ca->open == NULL)
		return true;
	j->issuer = j->ca->open(&ask);
	return j->issuer != NULL;
}

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
	if (j->config == NULL)
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

bool
job_read_key(struct job *j)
{
	enum found found = token_find_key(j->token, j->slot, &j->key);

	j->state.key = found == FOUND_ONE;
	return found == FOUND_NONE || (found == FOUND_ONE && key_fits(j));
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
	    j->opts->replace)
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

/* Its issuers that the chip does not have yet. */
static bool
chain_missing(const struct job *j)
{
	for (int i = 0; i < sk_X509_num(j->chain); i++)
		if (!on_chip(j, sk_X509_value(j->chain, i)))
			return true;
	return false;
}

/* A certificate in hand according to the journal; one that is of no use is forgotten. */
static bool
take_journal(struct job *j)
{
	X509 *cert = cert_from_pem("the certificate in the journal", j->journal.pem);

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
	if (j->state.cert == CERT_GOOD && !chain_missing(j)) {
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

/* The journal of a CA other than AWS IoT. What was asked of it in vain is asked again. */
static bool
read_journal(struct job *j)
{
	char id[65];

	if (!key_id(j->key.pub, id) || !journal_open(&j->journal, id, j->ca->name))
		return false;
	j->state.journal = j->journal.pending != PENDING_NONE;
	return j->journal.pending != PENDING_ISSUED || take_journal(j);
}

bool
job_read(struct job *j)
{
	if (!job_read_key(j))
		return false;
	if (j->state.key &&
	    (!token_certs(j->token, &j->key, j->certs, JOB_CERTS, &j->ncerts) || !judge_certs(j)))
		return false;
	if (j->issuer != NULL && j->state.key && !read_journal(j))
		return false;
	return !j->state.cloud || cloud_read(j);
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
	prov_hint("add --replace to remove it from the chip and write a new one");
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
take_issued(struct job *j)
{
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
	if (!token_generate(j->token, j->config, &j->key))
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
	return on_chip(j, cert) || token_write_cert(j->token, &j->key, cert);
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

bool
job_step(struct job *j, enum step step)
{
	static bool (*const actions[STEP_COUNT])(struct job *) = {
		[STEP_POLICY] = cloud_policy,
		[STEP_THING] = cloud_thing,
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
		[STEP_TIDY] = tidy,
	};
	enum pending found;

	prov_step("%s", step_text(step));
	if (!actions[step](j))
		return false;
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
