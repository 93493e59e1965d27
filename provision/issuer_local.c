/* --ca local[:DIR]: a CA of the user's own, in a directory (provision/ca.h). */
#include <config.h>

#include <stdlib.h>

#include "provision/ca.h"
#include "provision/issuer.h"

struct local {
	struct ca_options options;
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
	    (l->file = ca_cert_file(l->dir)) == NULL)
		goto fail;
	l->options = (struct ca_options){
		.dir = l->dir,
		.pass_file = ask->opts->ca_pass_file,
		.key = ask->opts->ca_key,
		.subject = ask->opts->subject,
	};
	if (ca_options_check(&l->options))
		return l;
fail:
	if (l != NULL)
		local_close(l);
	return NULL;
}

static const char *
local_problem(void *issuer, X509 *cert)
{
	return ca_judge(((struct local *)issuer)->dir, cert);
}

static enum issued
local_sign(void *issuer, X509_REQ *request, X509 **cert, STACK_OF(X509) * *chain)
{
	const struct local *l = issuer;

	*cert = ca_sign(&l->options, request, chain);
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
