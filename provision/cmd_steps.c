/* csr, sign and write: the steps of a run, one by one. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/x509v3.h>

#include "provision/cert.h"
#include "provision/chain.h"
#include "provision/cloud.h"
#include "provision/file.h"
#include "provision/job.h"

static bool
put_request(struct job *j)
{
	char *pem = req_pem(j->request);
	bool ok = pem != NULL && file_put(j->opts->out, pem);

	free(pem);
	return ok;
}

enum prov_exit
cmd_csr(const struct options *o)
{
	struct job j;
	bool ok;

	ok = job_open(&j, o, true) && job_choose_ca(&j) &&
	     (!j.state.by_aws || config_key_fits_aws(j.config)) && job_lock(&j) && job_read_key(&j);
	if (ok && !j.state.key) {
		prov_step("%s", step_text(STEP_KEY));
		ok = token_generate(j.token, j.config, &j.key);
	}
	if (ok)
		prov_step("%s", step_text(STEP_CSR));
	ok = ok && job_make_request(&j) && put_request(&j);
	job_close(&j);
	return ok ? PROV_OK : PROV_FAILED;
}

/* The request's key stands for the chip's, which need not be here. */
static bool
read_request(struct job *j)
{
	j->request = req_read(j->opts->in);
	if (j->request == NULL)
		return false;
	j->key.pub = X509_REQ_get_pubkey(j->request);
	if (j->key.pub != NULL && X509_REQ_verify(j->request, j->key.pub) == 1)
		return true;
	prov_error("%s: the request's signature does not verify", j->opts->in);
	prov_hint("make it again with \"csr\"");
	return false;
}

/* AWS IoT takes RSA keys of 2048 bits and more, and EC keys on three curves (aws-iot 8.1). */
static bool
request_fits_aws(const struct job *j)
{
	const struct curve *cv;
	char name[64];

	(void)key_name(j->key.pub, name, sizeof(name));
	cv = curve_by_name(name);
	if (EVP_PKEY_is_a(j->key.pub, "RSA") ? EVP_PKEY_get_bits(j->key.pub) >= 2048
					     : cv != NULL && cv->aws)
		return true;
	prov_error("%s: AWS IoT refuses keys of kind %s", j->opts->in, name);
	prov_hint("use secp256r1, secp384r1 or RSA with 2048 bits, or --ca local");
	return false;
}

/* A request that AWS IoT has answered, or may have, is not sent again: its certificate is taken up.
 */
static bool
sign_at_aws(struct job *j)
{
	char id[65];

	if (!request_fits_aws(j) || !key_id(j->key.pub, id) ||
	    !job_lock_name(j, id, "a request of this key") || !cloud_journal(j))
		return false;
	if (j->state.pending == PENDING_ASKED && !cloud_resume(j))
		return false;
	return j->state.pending == PENDING_ISSUED || job_sign(j);
}

/* The certificate, and its issuers behind it. */
static bool
put_certs(struct job *j)
{
	char *pem = cert_pem(j->cert), *chain = certs_pem(j->chain), *both = NULL;
	bool ok = pem != NULL && chain != NULL && asprintf(&both, "%s%s", pem, chain) >= 0 &&
		  file_put(j->opts->out, both);

	free(pem);
	free(chain);
	free(both);
	return ok;
}

enum prov_exit
cmd_sign(const struct options *o)
{
	struct job j = { .opts = o, .lock_fd = -1, .other_fd = -1 };
	struct config *config = NULL;
	bool ok, later;

	if (o->in == NULL) {
		prov_error("\"sign\" needs a request");
		prov_hint("give --in CSR, as \"csr\" makes it");
		return PROV_USAGE;
	}
	if (o->config != NULL)
		config = config_load_slot(o->config, o->slot);
	j.config = config;
	ok = (o->config == NULL || config != NULL) && read_request(&j) && job_choose_ca(&j);
	/* The thing and the policy are "register"'s affair. */
	j.config = NULL;
	j.state.cloud = j.state.by_aws;
	ok = ok && job_open_ca(&j) && (j.state.by_aws ? sign_at_aws(&j) : job_sign_plain(&j));
	ok = ok && put_certs(&j);
	if (ok && j.state.by_aws)
		prov_step("certificate %s is INACTIVE until it is registered", j.cert_id);
	later = j.later;
	job_close(&j);
	config_free(&config);
	if (!ok && later)
		return PROV_INTERRUPTED;
	return ok ? PROV_OK : PROV_FAILED;
}

/* Whether the chip has all of this already, in *same; another certificate is in the way. */
static bool
compare_certs(struct job *j, bool *same)
{
	bool other = false, leaf = false;
	int issuers = 0;

	for (size_t i = 0; i < j->ncerts; i++) {
		X509 *cert = j->certs[i].cert;

		if (cert != NULL && X509_cmp(cert, j->cert) == 0)
			leaf = true;
		else if (cert == NULL || X509_check_ca(cert) == 0)
			other = true;
		for (int k = 0; cert != NULL && k < sk_X509_num(j->chain); k++)
			issuers += X509_cmp(cert, sk_X509_value(j->chain, k)) == 0 ? 1 : 0;
	}
	*same = leaf && issuers >= sk_X509_num(j->chain);
	if (leaf || !other || j->opts->replace)
		return true;
	prov_error(
	    "slot \"%s\" (%04X) has another certificate already", j->slot->name, j->slot->key_oid);
	prov_hint("add --replace to remove it from the chip and write this one");
	return false;
}

/* Out of a file's certificates, that for the slot's key and its issuers. */
static bool
choose_cert(struct job *j, const STACK_OF(X509) * list)
{
	if (sk_X509_num(list) == 1 && !cert_fits(sk_X509_value(list, 0), NULL))
		return false;
	if (!j->state.key) {
		prov_error("slot \"%s\" (%04X) has no key", j->slot->name, j->slot->key_oid);
		prov_hint("make one, and a request on it, with \"csr\"");
		return false;
	}
	j->cert = chain_take(j->opts->in, list, j->key.pub, &j->chain);
	return j->cert != NULL && cert_fits(j->cert, j->chain);
}

static bool
write_cert(struct job *j, bool *same)
{
	if (!token_certs(j->token, &j->key, j->certs, JOB_CERTS, &j->ncerts) ||
	    !compare_certs(j, same))
		return false;
	if (*same)
		return true;
	if (j->opts->replace && j->ncerts > 0 && !job_step(j, STEP_REMOVE))
		return false;
	return job_step(j, STEP_WRITE);
}

enum prov_exit
cmd_write(const struct options *o)
{
	STACK_OF(X509) *list = NULL;
	bool ok, same = false;
	struct job j;

	if (o->in == NULL || (o->config == NULL && o->slot == NULL)) {
		prov_error("\"write\" needs a certificate and a slot");
		prov_hint("give --in CERT, and CONFIG or --slot");
		return PROV_USAGE;
	}
	ok = job_open(&j, o, true) && (list = chain_read(o->in)) != NULL && job_lock(&j) &&
	     job_read_key(&j) && choose_cert(&j, list) && write_cert(&j, &same) && job_prove(&j);
	certs_free(&list);
	if (ok && same)
		(void)puts("nothing to do");
	job_close(&j);
	return ok ? PROV_OK : PROV_FAILED;
}
