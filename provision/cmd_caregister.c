/*
 * ca register: a CA of the user's own becomes known at AWS IoT. What it has is read first, and what
 * differs is done: registered, with a certificate by the CA's key for the account's registration
 * code as the proof, or changed.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>

#include "provision/aws.h"
#include "provision/ca.h"
#include "provision/cert.h"
#include "provision/options.h"
#include "provision/report.h"

struct registering {
	const struct options *opts;
	struct ca_options ca;
	bool automatic; /* with a template it must be */
	struct aws *aws;
	X509 *cert;
	char *pem;
	char id[65];
	struct aws_ca there; /* what AWS IoT has */
	bool known;
};

/* --- before anything is sent ------------------------------------------------------------------ */

static bool
options_fit(const struct options *o)
{
	if (o->deactivate && (o->auto_registration || o->template_name != NULL || o->sni_only)) {
		prov_error("--deactivate goes with no other option of \"ca register\"");
		return false;
	}
	return o->template_name == NULL || aws_template_name_ok(o->template_name);
}

/* As AWS IoT has it (aws-iot 8.1). */
static bool
key_fits(const struct registering *r)
{
	EVP_PKEY *key = X509_get0_pubkey(r->cert);
	const struct curve *curve;
	char name[64];

	(void)key_name(key, name, sizeof(name));
	curve = curve_by_name(name);
	if (key != NULL && (EVP_PKEY_is_a(key, "RSA") ? EVP_PKEY_get_bits(key) >= 2048
						      : curve != NULL && curve->aws))
		return true;
	prov_error("AWS IoT takes no CA with a key of kind %s", name);
	prov_hint("make one with \"ca init DIR --ca-key ec\", or rsa");
	return false;
}

static bool
begin(struct registering *r)
{
	r->cert = ca_authority(&r->ca);
	if (r->cert == NULL || !key_fits(r) || !cert_id(r->cert, r->id))
		return false;
	r->pem = cert_pem(r->cert);
	return r->pem != NULL && aws_open(&r->opts->aws, &r->aws) == AWS_OK;
}

/* --- what AWS IoT has ------------------------------------------------------------------------- */

static bool
look(struct registering *r)
{
	enum aws_result res;

	aws_ca_clear(&r->there);
	res = aws_describe_ca(r->aws, r->id, &r->there);
	r->known = res == AWS_OK;
	return res == AWS_OK || res == AWS_NOT_FOUND;
}

static bool
template_fits(const struct registering *r)
{
	const char *name = r->opts->template_name;
	struct aws_template t;
	enum aws_result res;
	bool ok = false;

	if (name == NULL)
		return true;
	res = aws_describe_template(r->aws, name, &t);
	if (res == AWS_NOT_FOUND) {
		prov_error("there is no provisioning template \"%s\" in region %s", name,
		    aws_region(r->aws));
		prov_hint("make it with \"aws iot create-provisioning-template --type JITP\"");
	} else if (res == AWS_OK && strcmp(t.type, "JITP") != 0) {
		prov_error(
		    "the provisioning template \"%s\" is of type %s, not JITP", name, t.type);
		prov_hint("templates of that type are for --ca claim");
	} else if (res == AWS_OK) {
		ok = true;
		if (!t.enabled)
			prov_warn("the provisioning template \"%s\" is not enabled", name);
	}
	aws_template_clear(&t);
	return ok;
}

static bool
is_active(const struct registering *r)
{
	return strcmp(r->there.status, "ACTIVE") == 0;
}

static bool
has_template(const struct registering *r)
{
	const char *name = r->opts->template_name;

	return name == NULL ||
	       (r->there.template_name != NULL && strcmp(name, r->there.template_name) == 0);
}

/* What was not asked for stays: somebody has set it. */
static bool
is_as_asked(const struct registering *r)
{
	if (r->opts->deactivate)
		return !r->known || !is_active(r);
	return r->known && is_active(r) && (r->there.auto_registration || !r->automatic) &&
	       has_template(r);
}

/* --- doing it --------------------------------------------------------------------------------- */

/* A request with a key that is thrown away: what counts is who signs. */
static X509_REQ *
proof_request(const char *code)
{
	X509_REQ *req = X509_REQ_new();
	EVP_PKEY *key = EVP_EC_gen("P-256");
	bool ok = req != NULL && key != NULL &&
		  X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(req), NID_commonName,
		      MBSTRING_UTF8, (const unsigned char *)code, -1, -1, 0) == 1 &&
		  X509_REQ_set_pubkey(req, key) == 1 && X509_REQ_sign(req, key, EVP_sha256()) > 0;

	EVP_PKEY_free(key);
	if (ok)
		return req;
	prov_error("cannot make the request for the verification certificate: %s", ossl_why());
	X509_REQ_free(req);
	return NULL;
}

/* PEM; NULL: said why. */
static char *
make_proof(struct registering *r)
{
	STACK_OF(X509) *chain = NULL;
	X509_REQ *req = NULL;
	X509 *cert = NULL;
	char code[65], *pem = NULL;

	prov_step("proving to AWS IoT that the CA's key is at hand");
	if (aws_registration_code(r->aws, code) == AWS_OK)
		req = proof_request(code);
	if (req != NULL)
		cert = ca_sign(&r->ca, req, &chain);
	if (cert != NULL)
		pem = cert_pem(cert);
	certs_free(&chain);
	X509_REQ_free(req);
	X509_free(cert);
	return pem;
}

/* AWS IoT knows it, but not in this account. */
static void
say_taken(const struct registering *r)
{
	prov_error("AWS IoT has the CA certificate %s already, but not in this account", r->id);
	prov_hint("in a region one account alone may have it; with --sni-only several may, if the "
		  "other has it so too");
}

static bool
make_known(struct registering *r)
{
	char *proof = r->opts->sni_only ? NULL : make_proof(r);
	enum aws_result res = AWS_FAILED;
	char id[65];

	if (proof != NULL || r->opts->sni_only)
		res = aws_register_ca(r->aws,
		    &(struct aws_ca_wanted){ .pem = r->pem,
			.verification = proof,
			.auto_registration = r->automatic,
			.template_name = r->opts->template_name },
		    id);
	free(proof);
	if (res != AWS_OK && res != AWS_EXISTS)
		return false;
	/* It exists: by a try whose answer was lost, or by somebody. */
	if (!look(r))
		return false;
	if (r->known)
		return true;
	if (res == AWS_EXISTS) {
		say_taken(r);
		return false;
	}
	prov_error("AWS IoT registered the CA as %s, and does not find it", id);
	prov_hint("run the same command again");
	return false;
}

static bool
mode_fits(const struct registering *r)
{
	if (!r->opts->sni_only || r->there.sni_only || !r->there.mode_told)
		return true;
	prov_error("the CA is registered with proof of its key, which cannot be changed to "
		   "--sni-only");
	prov_hint("\"ca register --deactivate\" it and delete it at AWS IoT first");
	return false;
}

static bool
change(struct registering *r)
{
	bool automatic = r->there.auto_registration || r->automatic;

	if (r->opts->deactivate)
		return aws_update_ca(r->aws, r->id, "INACTIVE", false, NULL) == AWS_OK && look(r);
	return aws_update_ca(r->aws, r->id, "ACTIVE", automatic,
		   has_template(r) ? NULL : r->opts->template_name) == AWS_OK &&
	       look(r);
}

/* --- saying it -------------------------------------------------------------------------------- */

static bool
report(const struct registering *r, const char *result)
{
	json_t *o = report_new();

	report_add(o, "result", result);
	report_cert(o, r->cert);
	report_add(o, "region", aws_region(r->aws));
	if (r->known) {
		report_add(o, "status", r->there.status);
		if (r->there.mode_told)
			report_add(o, "mode", r->there.sni_only ? "SNI_ONLY" : "DEFAULT");
		report_add(o, "registration",
		    r->there.auto_registration ? "at the first connection" : "by command");
		report_add(o, "template", r->there.template_name);
	}
	return report_print(o, r->opts->json);
}

static bool
nothing(const struct registering *r)
{
	if (r->opts->json)
		return report(r, "nothing to do");
	return puts("nothing to do") >= 0;
}

static enum prov_exit
reconcile(struct registering *r)
{
	const char *result = r->known ? "changed" : "registered";
	bool ok;

	if (r->opts->deactivate)
		result = "deactivated";
	if (r->known && !mode_fits(r))
		return PROV_FAILED;
	if (is_as_asked(r))
		return nothing(r) ? PROV_OK : PROV_FAILED;
	if (!template_fits(r))
		return PROV_FAILED;
	if (r->opts->dry_run) {
		(void)printf("%s the CA %s in region %s\n",
		    r->opts->deactivate ? "deactivate"
		    : r->known          ? "change"
					: "register",
		    r->id, aws_region(r->aws));
		return PROV_OK;
	}
	ok = r->known ? change(r) : make_known(r);
	/* One that a lost try had registered, or somebody else in the meantime. */
	if (ok && !is_as_asked(r))
		ok = mode_fits(r) && change(r);
	return ok && report(r, result) ? PROV_OK : PROV_FAILED;
}

enum prov_exit
cmd_ca_register(const struct options *o)
{
	struct registering r = { .opts = o,
		.automatic = o->auto_registration || o->template_name != NULL };
	char *dir = ca_dir(o->nargs > 0 ? o->args[0] : NULL);
	enum prov_exit status = PROV_FAILED;

	r.ca = (struct ca_options){ .dir = dir, .pass_file = o->ca_pass_file };
	if (dir != NULL && !options_fit(o))
		status = PROV_USAGE;
	else if (dir != NULL && begin(&r) && look(&r))
		status = reconcile(&r);
	aws_ca_clear(&r.there);
	aws_close(&r.aws);
	X509_free(r.cert);
	free(r.pem);
	free(dir);
	return status;
}
