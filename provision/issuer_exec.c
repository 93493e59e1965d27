/*
 * --ca exec:COMMAND: the request, in PEM, is a command's input, and the certificate its output,
 * with issuers behind it if there are any.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/cert.h"
#include "provision/chain.h"
#include "provision/child.h"
#include "provision/issuer.h"

#define OUTPUT_MAX      65536U
#define SECONDS_DEFAULT 120U
#define EXIT_LATER      75 /* EX_TEMPFAIL of sysexits.h */
#define WHAT            "the output of the CA's command"

struct command_ca {
	const char *command;
	const char *anchors;
	unsigned int seconds;
};

static void
command_close(void *issuer)
{
	free(issuer);
}

static void *
command_open(const struct issuer_ask *ask)
{
	struct command_ca *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		prov_error("out of memory");
		return NULL;
	}
	c->command = ask->argument;
	c->anchors = ask->opts->ca_file;
	c->seconds = ask->opts->ca_timeout != 0 ? ask->opts->ca_timeout : SECONDS_DEFAULT;
	return c;
}

static const char *
command_problem(void *issuer, X509 *cert)
{
	return chain_judge(cert, ((struct command_ca *)issuer)->anchors);
}

static enum issued
judge_status(const struct command_ca *c, int status)
{
	switch (status) {
	case EXIT_LATER:
		prov_error("the CA's command \"%s\" has no certificate yet (exit status %d)",
		    c->command, status);
		prov_hint("run the same command again later");
		return ISSUED_LATER;
	case 126:
	case 127:
		prov_error("the CA's command \"%s\" cannot be run (exit status %d of the shell)",
		    c->command, status);
		break;
	default: prov_error("the CA's command \"%s\" failed: exit status %d", c->command, status);
	}
	return ISSUED_NO;
}

/* Why there is no answer to look at. Whoever was given the request may have acted on it. */
static enum issued
judge_end(const struct command_ca *c, const struct child_result *r)
{
	switch (r->end) {
	case CHILD_EXITED: return judge_status(c, r->status);
	case CHILD_KILLED:
		prov_error("the CA's command \"%s\" was ended by signal %d (%s)", c->command,
		    r->status, strsignal(r->status));
		break;
	case CHILD_LATE:
		prov_error("the CA's command \"%s\" did not end within %u seconds", c->command,
		    c->seconds);
		prov_hint("allow it more time with --ca-timeout SECONDS");
		break;
	case CHILD_VERBOSE:
		prov_error(
		    "the CA's command \"%s\" wrote more than %u bytes", c->command, OUTPUT_MAX);
		break;
	case CHILD_FAILED:
		prov_error(
		    "the CA's command \"%s\" cannot be run: %s", c->command, strerror(r->status));
		return ISSUED_NO;
	}
	if (!r->given)
		return ISSUED_NO;
	prov_hint("it had the request: see at the CA whether it issued a certificate");
	return ISSUED_UNKNOWN;
}

static enum issued
command_sign(void *issuer, X509_REQ *request, X509 **cert, STACK_OF(X509) * *chain)
{
	const struct command_ca *c = issuer;
	EVP_PKEY *key = X509_REQ_get0_pubkey(request);
	char sh[] = "/bin/sh", dash_c[] = "-c", *command = strdup(c->command);
	char *pem = req_pem(request);
	STACK_OF(X509) *list = NULL;
	struct child_result r;
	enum issued result = ISSUED_UNKNOWN;

	*cert = NULL;
	*chain = NULL;
	if (pem == NULL || key == NULL || command == NULL) {
		free(command);
		free(pem);
		return ISSUED_NO;
	}
	child_run((char *[]){ sh, dash_c, command, NULL }, pem, OUTPUT_MAX, c->seconds, &r);
	if (r.end != CHILD_EXITED || r.status != 0) {
		result = judge_end(c, &r);
	} else if ((list = chain_parse(WHAT, r.out, r.out_len)) != NULL) {
		*cert = chain_take(WHAT, list, key, chain);
		result = *cert != NULL ? ISSUED_YES : ISSUED_UNKNOWN;
	}
	certs_free(&list);
	child_clear(&r);
	free(command);
	free(pem);
	return result;
}

static const char *
command_where(void *issuer)
{
	return ((struct command_ca *)issuer)->command;
}

const struct issuer_kind issuer_exec = {
	.name = "exec",
	.argument = "COMMAND",
	.needs_argument = true,
	.text = "a command of yours: request in, certificate out",
	.open = command_open,
	.close = command_close,
	.problem = command_problem,
	.sign = command_sign,
	.where = command_where,
};
