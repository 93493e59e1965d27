/* One provisioning under way; see job.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "provision/ca.h"
#include "provision/cert.h"
#include "provision/cloud.h"
#include "provision/csr.h"
#include "provision/file.h"
#include "provision/job.h"

bool
job_open(struct job *j, const struct options *o, bool write)
{
	struct token_options opts = o->token;

	*j = (struct job){ .opts = o, .lock_fd = -1 };
	if (o->config != NULL) {
		j->config = config_load_slot(o->config, o->slot);
		if (j->config == NULL)
			return false;
		j->slot = j->config->slot;
	} else if (o->slot != NULL) {
		j->slot = slot_parse("--slot", o->slot);
		if (j->slot == NULL)
			return false;
	}
	opts.write = write;
	j->token = token_open(&opts);
	if (j->token == NULL)
		return false;
	prov_step("token \"%s\", serial %s", token_label(j->token), token_serial(j->token));
	return true;
}

void
job_close(struct job *j)
{
	token_certs_clear(j->certs, j->ncerts);
	token_key_clear(&j->key);
	X509_free(j->cert);
	X509_REQ_free(j->request);
	token_close(&j->token);
	aws_cert_clear(&j->cloud);
	aws_close(&j->aws);
	journal_close(&j->journal);
	free(j->ca_dir);
	free(j->ca_file);
	config_free(&j->config);
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
job_open_ca(struct job *j)
{
	const struct options *o = j->opts;

	j->state.aws = o->ca_aws;
	j->state.replace = o->replace;
	if (o->ca_aws)
		return (j->config == NULL || config_fits_aws(j->config)) && cloud_open(j);
	j->ca_dir = ca_dir(o->ca_dir);
	j->ca_file = j->ca_dir != NULL ? ca_cert_file(j->ca_dir) : NULL;
	return j->ca_file != NULL;
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

/* What the chosen CA has to say about a certificate; for AWS IoT that is asked later. */
static const char *
local_problem(const struct job *j, X509 *cert)
{
	if (j->state.aws)
		return NULL;
	if (access(j->ca_file, F_OK) != 0)
		return "the CA does not exist yet";
	return cert_chain_problem(cert, j->ca_file);
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
		problem = local_problem(j, cert);
		if (problem == NULL) {
			X509_free(j->cert);
			j->state.cert = CERT_GOOD;
			j->cert = cert;
			return X509_up_ref(cert) == 1 && cert_id(cert, j->cert_id);
		}
		j->state.cert = CERT_FOREIGN;
		j->cert_problem = problem;
	}
	return true;
}

bool
job_read(struct job *j)
{
	if (!job_read_key(j))
		return false;
	if (j->state.key &&
	    (!token_certs(j->token, &j->key, j->certs, JOB_CERTS, &j->ncerts) || !judge_certs(j)))
		return false;
	return !j->state.aws || cloud_read(j);
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
	return cert_fits(j->cert);
}

bool
job_sign(struct job *j)
{
	X509_free(j->cert);
	j->cert = NULL;
	if (!j->state.aws) {
		j->cert = ca_sign(j->ca_dir, j->request);
		return j->cert != NULL && cert_id(j->cert, j->cert_id) && check_issued(j);
	}
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
	return !j->state.aws || cloud_journal(j);
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
write_cert(struct job *j)
{
	if (check_issued(j) && token_write_cert(j->token, &j->key, j->cert))
		return true;
	if (j->state.aws)
		cloud_take_back(j);
	return false;
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
		[STEP_ATTACH_POLICY] = cloud_attach_policy,
		[STEP_ATTACH_THING] = cloud_attach_thing,
		[STEP_ACTIVATE] = cloud_activate,
		[STEP_TIDY] = cloud_tidy,
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
