/*
 * Enrollment over Secure Transport (RFC 7030): a CA behind HTTPS. Says nothing itself; the answer
 * has the words.
 */
#ifndef PROVISION_EST_H
#define PROVISION_EST_H

#include <stdbool.h>

#include <openssl/x509.h>

#include "provision/http.h"

#define EST_PATH "/.well-known/est"

struct est; /* complete in provision/est.c */

struct est_options {
	const char *url;           /* https://HOST[:PORT][PATH]; no path: EST_PATH */
	const char *trust;         /* file of CA certificates; NULL: the system's */
	const char *authorization; /* value of the header; NULL: none */
	struct http_client client;
};

enum est_result {
	EST_OK,
	EST_LATER,   /* accepted, and not decided: come again in retry_after seconds */
	EST_NO,      /* certainly nothing was issued */
	EST_UNKNOWN, /* one may have been issued */
};

struct est_answer {
	STACK_OF(X509) * certs; /* with EST_OK; not empty */
	long retry_after;       /* 0: not said */
	char why[512];          /* otherwise */
	const char *hint;       /* NULL: none */
};

/* NULL: the URL of an EST server, to begin with. Otherwise what is wrong with it. */
const char *est_url_problem(const char *url);

/* NULL: no memory. */
struct est *est_open(const struct est_options *o);
void est_close(struct est **ep);

/* Where requests go to, without the operation. */
const char *est_base(const struct est *e);

/* The CA's certificates (4.1), and a certificate for a request (4.2). Clear the answer. */
enum est_result est_cacerts(struct est *e, struct est_answer *ans);
enum est_result est_enroll(struct est *e, X509_REQ *request, struct est_answer *ans);
void est_answer_clear(struct est_answer *ans);

#endif
