/*
 * Who signs a certificate request: the kinds of certification authority that --ca and "ca" of a
 * configuration name, one row each.
 */
#ifndef PROVISION_ISSUER_H
#define PROVISION_ISSUER_H

#include <stdbool.h>

#include <jansson.h>
#include <openssl/x509.h>

#include "provision/options.h"

struct config;
struct token;

enum issued {
	ISSUED_YES,
	ISSUED_NO,      /* said why; certainly nothing was issued */
	ISSUED_UNKNOWN, /* said why; one may have been issued */
	ISSUED_LATER,   /* the request is where its CA will find it, which was said: run again when
			   the certificate is there */
};

/* What an issuer is opened with; all of it outlives the issuer. */
struct issuer_ask {
	const struct options *opts;
	const struct config *config; /* NULL: the command has none */
	const char *argument;        /* behind the colon; NULL: none */
	struct token *token;         /* for keys that authenticate; NULL: no chip at hand */
	bool looks;                  /* it will not be asked to sign */
};

struct issuer_kind {
	const char *name;     /* the word of --ca */
	const char *argument; /* what stands behind the colon, "DIR"; NULL: nothing may */
	bool needs_argument;
	const char *text; /* for --help */
	bool as_is;       /* key and certificate are the chip's own: nothing is made or written */

	/* Checks what it was asked for; makes and sends nothing. NULL: said why. */
	void *(*open)(const struct issuer_ask *ask);
	void (*close)(void *issuer);

	/*
	 * NULL: the certificate is one of this CA's and good now; otherwise why not, until the next
	 * call. Says nothing itself.
	 */
	const char *(*problem)(void *issuer, X509 *cert);

	/*
	 * NULL, or: whether the last problem was that nobody can tell just now. Then nothing is
	 * changed, unless the user said that the certificate may go.
	 */
	bool (*unsure)(void *issuer);

	/*
	 * A certificate for a request whose signature has been verified. chain: the issuers that
	 * belong behind it on the chip, its own issuer first; may come back empty. Both the
	 * caller's. NULL for AWS IoT, which signs as part of provision/cloud.h.
	 */
	enum issued (*sign)(void *issuer, X509_REQ *request, X509 **cert, STACK_OF(X509) * *chain);

	/*
	 * NULL, or: the certificate of this run is on the chip. ISSUED_YES: it is good from now on;
	 * ISSUED_NO: it never will be; ISSUED_UNKNOWN: a later run finds out, by problem. Said why.
	 */
	enum issued (*finish)(void *issuer, X509 *cert);

	/* NULL, or: adds to the report what finish learned. */
	void (*report)(void *issuer, json_t *r);

	/* Its certificate's file, its address ...: for reports and verify. NULL: nothing to say. */
	const char *(*where)(void *issuer);
};

/* Rows until NULL. The first is the default. */
extern const struct issuer_kind *const issuer_kinds[];

extern const struct issuer_kind issuer_aws;
extern const struct issuer_kind issuer_claim;
extern const struct issuer_kind issuer_local;
extern const struct issuer_kind issuer_factory;
extern const struct issuer_kind issuer_file;
extern const struct issuer_kind issuer_exec;
extern const struct issuer_kind issuer_est;

/*
 * The kind that a value of --ca or "ca" names, and its argument (part of value, or NULL). NULL:
 * said why; where: "--ca", or the place in a file.
 */
const struct issuer_kind *issuer_find(const char *where, const char *value, const char **argument);

/* "aws, local[:DIR], ..." for hints. */
const char *issuer_names(void);

#endif
