/* --ca local[:DIR]: a CA of the user's own, in a directory (provision/ca.h). */
#include <config.h>

#include <stdlib.h>
#include <unistd.h>

#include "provision/ca.h"
#include "provision/cert.h"
#include "provision/issuer.h"

struct local {
	char *dir;
	char *file; /* its certificate */
};

static void
local_close(void *issuer)
{
	struct local *l = issuer;

	free(l->dir);
	free(l->file);
	free(l);
}

static void *
local_open(const struct issuer_ask *ask)
{
	struct local *l = calloc(1, sizeof(*l));

	if (l == NULL || (l->dir = ca_dir(ask->argument)) == NULL ||
	    (l->file = ca_cert_file(l->dir)) == NULL) {
		if (l != NULL)
			local_close(l);
		return NULL;
	}
	return l;
}

static const char *
local_problem(void *issuer, X509 *cert)
{
	const struct local *l = issuer;

	if (access(l->file, F_OK) != 0)
		return "the CA does not exist yet";
	return cert_chain_problem(cert, l->file);
}

static enum issued
local_sign(void *issuer, X509_REQ *request, X509 **cert, STACK_OF(X509) * *chain)
{
	const struct local *l = issuer;

	*chain = NULL;
	*cert = ca_sign(l->dir, request);
	return *cert != NULL ? ISSUED_YES : ISSUED_NO;
}

static const char *
local_where(void *issuer)
{
	return ((struct local *)issuer)->file;
}

const struct issuer_kind issuer_local = {
	.name = "local",
	.argument = "DIR",
	.text = "a CA of your own, in a directory",
	.open = local_open,
	.close = local_close,
	.problem = local_problem,
	.sign = local_sign,
	.where = local_where,
};
