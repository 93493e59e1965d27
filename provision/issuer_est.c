/*
 * --ca est:URL: a CA behind EST (provision/est.h). We are known to it by a key on the chip, its
 * factory key for one, which signs the TLS handshake, or by name and password, or both.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "provision/cert.h"
#include "provision/chain.h"
#include "provision/config.h"
#include "provision/est.h"
#include "provision/issuer.h"
#include "provision/pass.h"
#include "provision/token.h"

#define CERTS_MAX 8
#define WHAT      "the EST server's answer"

static const struct slot factory = {
	.name = "factory", .key_oid = 0xE0F0, .cert_oid = 0xE0E0, .type = KEY_EC
};

struct est_ca {
	struct issuer_ask ask;
	const struct slot *client; /* NULL: none */
	struct est *est;           /* NULL: not needed yet */
	char *authorization;

	EVP_PKEY *key;
	X509 *cert;
	STACK_OF(X509) * chain;

	STACK_OF(X509) * cas; /* NULL: not fetched yet */
	bool unsure;
	char why[640];
};

static void
est_ca_close(void *issuer)
{
	struct est_ca *c = issuer;

	est_close(&c->est);
	EVP_PKEY_free(c->key);
	X509_free(c->cert);
	certs_free(&c->chain);
	certs_free(&c->cas);
	if (c->authorization != NULL)
		OPENSSL_cleanse(c->authorization, strlen(c->authorization));
	free(c->authorization);
	free(c);
}

/* --- options ---------------------------------------------------------------------------------- */

static bool
choose_client(struct est_ca *c)
{
	const char *name = c->ask.opts->est_client;

	if (name == NULL)
		return true;
	c->client =
	    strcasecmp(name, factory.name) == 0 ? &factory : slot_parse("--est-client", name);
	return c->client != NULL;
}

/* RFC 7617. */
static bool
make_authorization(struct est_ca *c, const char *user)
{
	char password[PASS_MAX], prompt[128];
	unsigned char both[PASS_MAX + 512], text[2 * sizeof(both)];
	int n;

	if (strchr(user, ':') != NULL || strlen(user) > 256) {
		prov_error("--est-user \"%s\": it can have no colon, and 256 bytes at most", user);
		return false;
	}
	(void)snprintf(prompt, sizeof(prompt), "Password of %.64s: ", user);
	if (!pass_get(
		c->ask.opts->est_password_file, "--est-password-file", prompt, false, password))
		return false;
	n = snprintf((char *)both, sizeof(both), "%s:%s", user, password);
	(void)EVP_EncodeBlock(text, both, n);
	if (asprintf(&c->authorization, "Basic %s", (const char *)text) < 0)
		c->authorization = NULL;
	OPENSSL_cleanse(password, sizeof(password));
	OPENSSL_cleanse(both, sizeof(both));
	OPENSSL_cleanse(text, sizeof(text));
	return c->authorization != NULL;
}

static bool
check_options(struct est_ca *c)
{
	const struct options *o = c->ask.opts;
	const char *why = est_url_problem(c->ask.argument);

	if (why != NULL) {
		prov_error("--ca est: \"%s\" %s", c->ask.argument, why);
		prov_hint("for example \"est:https://est.example.com\"; without a path it is "
			  "\"" EST_PATH "\"");
		return false;
	}
	if (o->est_password_file != NULL && o->est_user == NULL) {
		prov_error("--est-password-file without --est-user");
		return false;
	}
	return choose_client(c);
}

static void *
est_ca_open(const struct issuer_ask *ask)
{
	struct est_ca *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		prov_error("out of memory");
		return NULL;
	}
	c->ask = *ask;
	if (check_options(c))
		return c;
	est_ca_close(c);
	return NULL;
}

/* --- the way to the server -------------------------------------------------------------------- */

/* The certificate of the client's key, and its issuers as far as the chip has them beside it. */
static bool
choose_certs(struct est_ca *c, const struct token_key *key, const struct token_cert *list, size_t n)
{
	c->chain = sk_X509_new_null();
	for (size_t i = 0; c->chain != NULL && i < n; i++) {
		X509 *cert = list[i].cert;

		if (cert == NULL)
			continue;
		if (c->cert == NULL && cert_is_for(cert, key->pub)) {
			c->cert = cert;
			(void)X509_up_ref(cert);
		} else if (X509_check_ca(cert) != 0) {
			(void)X509_add_cert(c->chain, cert, X509_ADD_FLAG_UP_REF);
		}
	}
	return c->cert != NULL;
}

static bool
load_client(struct est_ca *c)
{
	struct token_cert list[CERTS_MAX] = { { 0 } };
	struct token_key key = { 0 };
	size_t n = 0;
	bool ok = false;

	if (c->client == NULL || c->key != NULL)
		return true;
	if (c->ask.token == NULL) {
		prov_error("--est-client: there is no chip at hand whose key could show who asks");
		prov_hint("\"run\" has it; or use --est-user");
		return false;
	}
	switch (token_find_key(c->ask.token, c->client, &key)) {
	case FOUND_ONE: break;
	case FOUND_NONE:
		prov_error("--est-client: slot \"%s\" (%04X) has no key", c->client->name,
		    c->client->key_oid);
		goto out;
	case FOUND_FAILED: goto out;
	}
	if (key.pub == NULL || !token_certs(c->ask.token, &key, list, CERTS_MAX, &n) ||
	    !choose_certs(c, &key, list, n)) {
		prov_error("--est-client: slot \"%s\" (%04X) has no certificate for its key",
		    c->client->name, c->client->key_oid);
		goto out;
	}
	c->key = token_signer(c->ask.token, &key);
	ok = c->key != NULL;
out:
	token_certs_clear(list, n);
	token_key_clear(&key);
	return ok;
}

static bool
connect_to(struct est_ca *c)
{
	const struct options *o = c->ask.opts;
	struct est_options opts = { .url = c->ask.argument,
		.trust = o->aws.ca_bundle != NULL ? o->aws.ca_bundle : o->ca_file };

	if (c->est != NULL)
		return true;
	if (!load_client(c) || (o->est_user != NULL && c->authorization == NULL &&
				   !make_authorization(c, o->est_user)))
		return false;
	opts.authorization = c->authorization;
	opts.client = (struct http_client){
		.cert = c->cert, .chain = c->chain, .key = c->key, .on_token = true
	};
	c->est = est_open(&opts);
	if (c->est == NULL)
		prov_error("out of memory");
	return c->est != NULL;
}

/* What it trusts, on a way that we trust; the answer is kept. */
static bool
fetch_cas(struct est_ca *c, const char **hint)
{
	struct est_answer ans;

	*hint = NULL;
	if (c->cas != NULL)
		return true;
	if (est_cacerts(c->est, &ans) == EST_OK) {
		c->cas = ans.certs;
		ans.certs = NULL;
		for (int i = sk_X509_num(c->cas) - 1; i >= 0; i--)
			if (X509_check_ca(sk_X509_value(c->cas, i)) == 0)
				X509_free(sk_X509_delete(c->cas, i));
		if (sk_X509_num(c->cas) > 0)
			return true;
		certs_free(&c->cas);
		(void)snprintf(c->why, sizeof(c->why), "%s/cacerts: there is no CA in its answer",
		    est_base(c->est));
	} else {
		(void)snprintf(c->why, sizeof(c->why), "%s/cacerts: %s", est_base(c->est), ans.why);
		*hint = ans.hint;
	}
	est_answer_clear(&ans);
	return false;
}

static const char *
est_ca_problem(void *issuer, X509 *cert)
{
	struct est_ca *c = issuer;
	const char *hint, *why;

	c->unsure = false;
	why = chain_judge(cert, NULL);
	if (why != NULL)
		return why;
	c->unsure = true;
	if (!connect_to(c))
		return "the EST server cannot be asked";
	if (!fetch_cas(c, &hint))
		return c->why;
	c->unsure = false;
	return chain_problem_with(cert, c->cas, c->cas);
}

static bool
est_ca_unsure(void *issuer)
{
	return ((struct est_ca *)issuer)->unsure;
}

/* --- enrolling -------------------------------------------------------------------------------- */

static enum issued
judge(const struct est_ca *c, enum est_result r, const struct est_answer *ans)
{
	char when[64] = "";

	if (r == EST_LATER && ans->retry_after > 0)
		(void)snprintf(
		    when, sizeof(when), ", and says to ask again in %ld seconds", ans->retry_after);
	prov_error("%s/simpleenroll: %s%s", est_base(c->est), ans->why, when);
	switch (r) {
	case EST_LATER: prov_hint("run the same command again then"); return ISSUED_LATER;
	case EST_UNKNOWN:
		prov_hint("it had the request: see at the CA whether it issued a certificate");
		return ISSUED_UNKNOWN;
	case EST_OK:
	case EST_NO: break;
	}
	if (ans->hint != NULL)
		prov_hint("%s", ans->hint);
	return ISSUED_NO;
}

/* The certificate for our key in an answer, its issuers from there or from what the server trusts.
 */
static enum issued
take(struct est_ca *c, STACK_OF(X509) * certs, EVP_PKEY *key, X509 **cert, STACK_OF(X509) * *chain)
{
	const char *why;

	for (int i = 0; i < sk_X509_num(c->cas); i++)
		if (X509_add_cert(certs, sk_X509_value(c->cas, i),
			X509_ADD_FLAG_UP_REF | X509_ADD_FLAG_NO_DUP) != 1)
			return ISSUED_UNKNOWN;
	*cert = chain_take(WHAT, certs, key, chain);
	if (*cert == NULL)
		return ISSUED_UNKNOWN;
	why = chain_problem_with(*cert, certs, c->cas);
	if (why == NULL)
		return ISSUED_YES;
	prov_error(WHAT ": the certificate does not lead to a CA in its cacerts: %s", why);
	X509_free(*cert);
	*cert = NULL;
	certs_free(chain);
	return ISSUED_UNKNOWN;
}

static enum issued
est_ca_sign(void *issuer, X509_REQ *request, X509 **cert, STACK_OF(X509) * *chain)
{
	struct est_ca *c = issuer;
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	enum issued result = ISSUED_NO;
	struct est_answer ans;
	enum est_result r;
	const char *hint;

	*cert = NULL;
	*chain = NULL;
	if (key == NULL || !connect_to(c))
		return ISSUED_NO;
	/* First, so that what is wrong with the way shows before a request is on it. */
	if (!fetch_cas(c, &hint)) {
		prov_error("%s", c->why);
		if (hint != NULL)
			prov_hint("%s", hint);
		return ISSUED_NO;
	}
	r = est_enroll(c->est, request, &ans);
	result = r == EST_OK ? take(c, ans.certs, key, cert, chain) : judge(c, r, &ans);
	est_answer_clear(&ans);
	return result;
}

static const char *
est_ca_where(void *issuer)
{
	return ((struct est_ca *)issuer)->ask.argument;
}

const struct issuer_kind issuer_est = {
	.name = "est",
	.argument = "URL",
	.needs_argument = true,
	.text = "a CA behind EST (RFC 7030), at https://HOST[:PORT][/PATH]",
	.open = est_ca_open,
	.close = est_ca_close,
	.problem = est_ca_problem,
	.unsure = est_ca_unsure,
	.sign = est_ca_sign,
	.where = est_ca_where,
};
