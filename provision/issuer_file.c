/*
 * --ca file[:DIR]: a CA that no wire leads to. The request is left in a directory, and its
 * certificate looked for beside it by the next run.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/pem.h>

#include "provision/cert.h"
#include "provision/chain.h"
#include "provision/config.h"
#include "provision/file.h"
#include "provision/issuer.h"
#include "provision/token.h"

static const char *const endings[] = { "crt", "pem", "cer", "der", "p7b" };
#define NENDINGS (sizeof(endings) / sizeof(endings[0]))

struct exchange {
	struct issuer_ask ask;
	char *dir;
	char *base; /* DIR/NAME, without the ending; known when there is a request */
};

static void
exchange_close(void *issuer)
{
	struct exchange *x = issuer;

	free(x->dir);
	free(x->base);
	free(x);
}

static void *
exchange_open(const struct issuer_ask *ask)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x != NULL) {
		x->ask = *ask;
		x->dir = strdup(ask->argument != NULL ? ask->argument : ".");
	}
	if (x == NULL || x->dir == NULL) {
		prov_error("out of memory");
		free(x);
		return NULL;
	}
	return x;
}

static const char *
exchange_problem(void *issuer, X509 *cert)
{
	const struct exchange *x = issuer;

	return chain_judge(cert, x->ask.opts->ca_file);
}

/* After the chip's slot, or else the key. */
static bool
name_files(struct exchange *x, EVP_PKEY *key)
{
	const struct config *c = x->ask.config;
	char *name = NULL, id[65];

	if (x->base != NULL)
		return true;
	if (x->ask.token != NULL && c != NULL && c->slot != NULL)
		name = token_slot_name(x->ask.token, c->slot);
	else if (key_id(key, id))
		name = strndup(id, 32);
	else
		return false;
	if (name != NULL)
		x->base = file_join(x->dir, name);
	else
		prov_error("out of memory");
	free(name);
	return x->base != NULL;
}

/* malloc'ed. */
static char *
file_with(const struct exchange *x, const char *ending)
{
	char *path = NULL;

	if (asprintf(&path, "%s.%s", x->base, ending) >= 0)
		return path;
	prov_error("out of memory");
	return NULL;
}

/* One for the same key and name stays: somebody may be signing it. */
static bool
is_same_request(const char *path, X509_REQ *request)
{
	FILE *f = fopen(path, "re");
	X509_REQ *old = f != NULL ? PEM_read_X509_REQ(f, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = old != NULL ? X509_REQ_get0_pubkey(old) : NULL;
	bool same =
	    key != NULL && key_equal(key, X509_REQ_get0_pubkey(request)) &&
	    X509_NAME_cmp(X509_REQ_get_subject_name(old), X509_REQ_get_subject_name(request)) == 0;

	X509_REQ_free(old);
	if (f != NULL)
		(void)fclose(f);
	(void)ossl_why();
	return same;
}

static enum issued
leave_request(const struct exchange *x, X509_REQ *request)
{
	char *path = file_with(x, "csr"), *pem = NULL;
	enum issued result = ISSUED_NO;
	bool same;

	if (path == NULL || !file_make_dir(x->dir))
		goto out;
	same = is_same_request(path, request);
	if (!same) {
		pem = req_pem(request);
		if (pem == NULL || !file_replace(path, pem, strlen(pem), 0644))
			goto out;
	}
	prov_error("the request is in \"%s\"%s", path,
	    same ? ", and its certificate is not there yet" : "");
	prov_hint("have it signed, put the certificate beside it as \"%s.crt\", and run the same "
		  "command again",
	    x->base);
	result = ISSUED_LATER;
out:
	free(path);
	free(pem);
	return result;
}

static enum issued
take(const char *path, EVP_PKEY *key, X509 **cert, STACK_OF(X509) * *chain)
{
	STACK_OF(X509) *list = chain_read(path);

	if (list != NULL)
		*cert = chain_take(path, list, key, chain);
	certs_free(&list);
	return *cert != NULL ? ISSUED_YES : ISSUED_NO;
}

static enum issued
exchange_sign(void *issuer, X509_REQ *request, X509 **cert, STACK_OF(X509) * *chain)
{
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	struct exchange *x = issuer;

	*cert = NULL;
	*chain = NULL;
	if (key == NULL || !name_files(x, key))
		return ISSUED_NO;
	for (size_t i = 0; i < NENDINGS; i++) {
		char *path = file_with(x, endings[i]);
		bool there = path != NULL && access(path, F_OK) == 0;
		enum issued result = there ? take(path, key, cert, chain) : ISSUED_LATER;

		if (result == ISSUED_YES)
			prov_step("took the certificate in \"%s\"", path);
		free(path);
		if (there || path == NULL)
			return path == NULL ? ISSUED_NO : result;
	}
	return leave_request(x, request);
}

static const char *
exchange_where(void *issuer)
{
	return ((struct exchange *)issuer)->dir;
}

const struct issuer_kind issuer_file = {
	.name = "file",
	.argument = "DIR",
	.text = "a CA that is not connected: request and certificate are files",
	.open = exchange_open,
	.close = exchange_close,
	.problem = exchange_problem,
	.sign = exchange_sign,
	.where = exchange_where,
};
