/* A certification authority of the user's own; see ca.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/x509v3.h>

#include "provision/cadb.h"
#include "provision/caint.h"
#include "provision/cert.h"
#include "provision/chain.h"
#include "provision/file.h"
#include "provision/msg.h"

#define LEAF_DAYS (10 * 365)

char *
ca_dir(const char *dir)
{
	char *base, *path;

	if (dir != NULL)
		return strdup(dir);
	base = file_user_dir("XDG_DATA_HOME", ".local/share");
	if (base == NULL)
		return NULL;
	path = file_join(base, "ca");
	free(base);
	return path;
}

char *
ca_cert_file(const char *dir)
{
	return file_join(dir, "ca.pem");
}

bool
ca_files(struct ca *ca, const struct ca_options *o, const char *sub)
{
	*ca = (struct ca){ .opts = o };
	ca->dir = sub != NULL ? file_join(o->dir, sub) : strdup(o->dir);
	if (ca->dir != NULL) {
		ca->key_file = file_join(ca->dir, "ca.key");
		ca->cert_file = ca_cert_file(ca->dir);
	}
	return ca->key_file != NULL && ca->cert_file != NULL;
}

void
ca_close(struct ca *ca)
{
	EVP_PKEY_free(ca->key);
	X509_free(ca->cert);
	free(ca->key_file);
	free(ca->cert_file);
	free(ca->dir);
	memset(ca, 0, sizeof(*ca));
}

/* -1: failed, said why. */
static int
lock(const struct ca *ca)
{
	char *file = NULL;
	int fd = -1;

	if (file_make_dir(ca->dir) && (file = file_join(ca->dir, "lock")) != NULL)
		fd = file_lock(file, true, NULL);
	free(file);
	return fd;
}

static bool
has_intermediate(const char *dir)
{
	char *path = file_join(dir, CA_INTERMEDIATE);
	struct stat st;
	bool yes = path != NULL && stat(path, &st) == 0;

	free(path);
	return yes;
}

/* What the user asked for, where a CA is there already. */
static bool
is_as_asked(const struct ca *ca)
{
	struct ca_key_kind kind;
	char have[64];
	X509_NAME *name;
	bool same;

	if (ca->opts->key != NULL) {
		if (!ca_key_parse(ca->opts->key, &kind))
			return false;
		(void)key_name(ca->key, have, sizeof(have));
		if (strcasecmp(have, kind.name) != 0) {
			prov_error(
			    "the CA in \"%s\" has a key of another kind: %s, and --ca-key asks "
			    "for %s",
			    ca->dir, have, kind.name);
			prov_hint("leave --ca-key away, or give another directory");
			return false;
		}
	}
	if (ca->opts->subject == NULL)
		return true;
	name = ca_name_parse(ca->opts->subject);
	same = name != NULL && X509_NAME_cmp(name, X509_get_subject_name(ca->cert)) == 0;
	if (name != NULL && !same) {
		prov_error("the CA in \"%s\" has another name than --subject says", ca->dir);
		prov_hint("leave --subject away, or give another directory");
	}
	X509_NAME_free(name);
	return same;
}

static bool
in_time(const struct ca *ca)
{
	if (X509_cmp_current_time(X509_get0_notAfter(ca->cert)) >= 0)
		return true;
	prov_error("the CA's certificate \"%s\" has expired", ca->cert_file);
	prov_hint("make another CA with --ca local:DIR");
	return false;
}

/* --- making ----------------------------------------------------------------------------------- */

static bool
may_have_below(const struct ca *root)
{
	if (X509_get_pathlen(root->cert) != 0)
		return true;
	prov_error("the CA in \"%s\" may have no CA below it: its certificate says pathlen 0",
	    root->cert_file);
	prov_hint("make another one with its intermediate: ca init DIR --intermediate");
	return false;
}

static bool
init_intermediate(struct ca *root, bool *made)
{
	struct ca_options opts = *root->opts;
	struct ca ca;
	bool ok = false;
	int fd = -1;

	opts.subject = NULL; /* the root's */
	ok = ca_files(&ca, &opts, CA_INTERMEDIATE) && may_have_below(root) &&
	     (fd = lock(&ca)) >= 0 && ca_complete(&ca, root, false, made) && is_as_asked(&ca);
	if (ok && *made)
		prov_step("made an intermediate CA: %s", ca.cert_file);
	if (fd >= 0)
		(void)close(fd);
	ca_close(&ca);
	return ok;
}

/* The directory says from the beginning that certificates are to come from the intermediate. */
static bool
mark_intermediate(const struct ca *root)
{
	char *path = file_join(root->dir, CA_INTERMEDIATE);
	bool ok = path != NULL && (access(root->cert_file, F_OK) == 0 || file_make_dir(path));

	free(path);
	return ok;
}

bool
ca_init(const struct ca_options *o, bool intermediate, bool *made)
{
	bool ok = false, made_root = false, made_below = false;
	struct ca root;
	int fd = -1;

	ok = ca_options_check(o) && ca_files(&root, o, NULL) && (fd = lock(&root)) >= 0 &&
	     (!intermediate || mark_intermediate(&root)) &&
	     ca_complete(&root, NULL, intermediate, &made_root) && is_as_asked(&root);
	if (ok && made_root)
		prov_step("made a CA of your own: %s", root.cert_file);
	if (ok && intermediate)
		ok = in_time(&root) && init_intermediate(&root, &made_below);
	if (fd >= 0)
		(void)close(fd);
	ca_close(&root);
	*made = made_root || made_below;
	return ok;
}

/* --- issuing ---------------------------------------------------------------------------------- */

static X509 *
make_leaf(const struct ca *ca, X509_REQ *req, EVP_PKEY *pub, const ASN1_INTEGER *number)
{
	/* An RSA key may also be asked to decrypt a secret (TLS 1.2 without Diffie-Hellman). */
	const struct ca_extension list[] = {
		{ NID_basic_constraints, "critical,CA:FALSE" },
		{ NID_key_usage, EVP_PKEY_is_a(pub, "RSA")
				     ? "critical,digitalSignature,keyEncipherment"
				     : "critical,digitalSignature" },
		{ NID_ext_key_usage, "clientAuth" },
		{ NID_subject_key_identifier, "hash" },
		{ NID_authority_key_identifier, "keyid" },
		{ 0, NULL },
	};
	ASN1_INTEGER *copy = ASN1_INTEGER_dup(number);
	X509 *cert = X509_new();
	bool ok = copy != NULL && cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 &&
		  X509_set_serialNumber(cert, copy) == 1 &&
		  X509_set_subject_name(cert, X509_REQ_get_subject_name(req)) == 1 &&
		  X509_set_issuer_name(cert, X509_get_subject_name(ca->cert)) == 1 &&
		  ca_set_times(cert, LEAF_DAYS, ca->cert) && X509_set_pubkey(cert, pub) == 1 &&
		  ca_extend(cert, ca->cert, list) && X509_sign(cert, ca->key, ca_hash(ca)) > 0;

	ASN1_INTEGER_free(copy);
	if (ok)
		return cert;
	prov_error("cannot make the certificate: %s", ossl_why());
	X509_free(cert);
	return NULL;
}

/* Nothing that has no room on the chip is recorded as issued. */
static X509 *
issue(const struct ca *ca, X509_REQ *req, EVP_PKEY *pub, STACK_OF(X509) * chain)
{
	ASN1_INTEGER *number = NULL;
	X509 *cert = NULL;
	struct cadb db;

	if (!cadb_open(&db, ca->dir))
		return NULL;
	cert = cadb_find(&db, X509_REQ_get_subject_name(req), pub, ca->cert);
	if (cert != NULL) {
		prov_step("the CA had issued a certificate for this key; it is given again");
		cadb_close(&db);
		return cert;
	}
	number = cadb_number(&db);
	if (number != NULL)
		cert = make_leaf(ca, req, pub, number);
	if (cert != NULL && (!cert_fits(cert, chain) || !cadb_add(&db, cert))) {
		X509_free(cert);
		cert = NULL;
	}
	ASN1_INTEGER_free(number);
	cadb_close(&db);
	return cert;
}

/* An authority that is not a root is to be sent along with what it issues. */
static STACK_OF(X509) * chain_of(X509 *cert)
{
	STACK_OF(X509) *chain = sk_X509_new_null();
	bool root = X509_NAME_cmp(X509_get_subject_name(cert), X509_get_issuer_name(cert)) == 0;

	if (chain != NULL && (root || X509_add_cert(chain, cert, X509_ADD_FLAG_UP_REF) == 1))
		return chain;
	prov_error("out of memory");
	sk_X509_free(chain);
	return NULL;
}

/* The authority that issues: the intermediate, or the one and only, which is made. */
static bool
ready(struct ca *ca, bool below)
{
	bool made = false, absent;

	if (!below) {
		if (!ca_complete(ca, NULL, false, &made) || !is_as_asked(ca))
			return false;
		if (made)
			prov_step("made a CA of your own: %s", ca->cert_file);
		return in_time(ca);
	}
	absent = access(ca->cert_file, F_OK) != 0;
	if (absent) {
		prov_error("the intermediate CA in \"%s\" was never finished", ca->dir);
		prov_hint("run \"ca init %s --intermediate\" again", ca->opts->dir);
		return false;
	}
	return ca_complete(ca, NULL, false, &made) && in_time(ca);
}

X509 *
ca_sign(const struct ca_options *o, X509_REQ *req, STACK_OF(X509) * *chain)
{
	EVP_PKEY *pub = X509_REQ_get0_pubkey(req);
	bool below = has_intermediate(o->dir);
	X509 *cert = NULL;
	struct ca ca;
	int fd = -1;

	*chain = NULL;
	if (pub == NULL) {
		prov_error("the request's public key cannot be used: %s", ossl_why());
		return NULL;
	}
	if (ca_files(&ca, o, below ? CA_INTERMEDIATE : NULL) && (fd = lock(&ca)) >= 0 &&
	    ready(&ca, below) && (*chain = chain_of(ca.cert)) != NULL)
		cert = issue(&ca, req, pub, *chain);
	if (fd >= 0)
		(void)close(fd);
	ca_close(&ca);
	if (cert == NULL) {
		certs_free(chain);
	}
	return cert;
}

X509 *
ca_authority(const struct ca_options *o)
{
	bool below = has_intermediate(o->dir);
	X509 *cert = NULL;
	struct ca ca;

	if (!ca_files(&ca, o, below ? CA_INTERMEDIATE : NULL)) {
		/* said */
	} else if (access(ca.cert_file, F_OK) != 0) {
		prov_error("there is no CA in \"%s\": \"%s\" is missing", o->dir, ca.cert_file);
		prov_hint(below ? "run \"ca init %s --intermediate\" again"
				: "make one with \"ca init %s\"",
		    o->dir);
	} else if (ca_load_cert(&ca) && in_time(&ca)) {
		cert = ca.cert;
		ca.cert = NULL;
	}
	ca_close(&ca);
	return cert;
}

/* --- judging ---------------------------------------------------------------------------------- */

static bool
revoked(const char *dir, X509 *cert)
{
	struct cadb db;
	bool yes = cadb_peek(&db, dir) && cadb_revoked(&db, cert);

	cadb_close(&db);
	return yes;
}

static const char *
problem_below(const char *dir, X509 *cert, const char *root_file)
{
	const struct ca_options opts = { .dir = dir };
	STACK_OF(X509) *chain = NULL;
	const char *why = "the intermediate CA was never finished";
	struct ca ca;

	if (ca_files(&ca, &opts, CA_INTERMEDIATE) && access(ca.cert_file, R_OK) == 0 &&
	    ca_load_cert(&ca) && (chain = chain_of(ca.cert)) != NULL) {
		why = chain_problem(cert, chain, root_file);
		if (why == NULL && (revoked(ca.dir, cert) || revoked(dir, cert)))
			why = "the CA has revoked it";
		if (why == NULL && revoked(dir, ca.cert))
			why = "its issuer was revoked";
	}
	sk_X509_pop_free(chain, X509_free);
	ca_close(&ca);
	return why;
}

const char *
ca_judge(const char *dir, X509 *cert)
{
	char *file = ca_cert_file(dir);
	const char *why = "out of memory";

	if (file == NULL)
		return why;
	if (access(file, F_OK) != 0)
		why = "the CA does not exist yet";
	else if (has_intermediate(dir))
		why = problem_below(dir, cert, file);
	else if ((why = chain_problem(cert, NULL, file)) == NULL && revoked(dir, cert))
		why = "the CA has revoked it";
	free(file);
	return why;
}
