/*
 * AWS Signature Version 4: a pure function from a request to its Authorization header.
 *
 * Every header given is signed, so give exactly those that no proxy touches: host, content-type
 * when sent, and every x-amz- and x-amzn- header. The URL is the one that goes on the wire, its
 * path and query percent-encoded already (sigv4_encode).
 */
#ifndef PROVISION_SIGV4_H
#define PROVISION_SIGV4_H

#include <stddef.h>
#include <time.h>

#define SIGV4_HEX_LEN    65 /* SHA-256 in hex and NUL */
#define SIGV4_DATE_LEN   17 /* YYYYMMDDTHHMMSSZ and NUL */
#define SIGV4_MAX_SIGNED 16 /* headers of one request */

struct sigv4_header {
	const char *name;
	const char *value;
};

struct sigv4_request {
	const char *method;
	const char *url;
	const struct sigv4_header *headers;
	size_t nheaders;
	const char *body; /* NULL: none */
	size_t body_len;
	const char *date; /* as in the X-Amz-Date header */
	const char *region;
	const char *service;
	const char *access_key;
	const char *secret_key;
};

struct sigv4_signed {
	char *canonical_request;
	char *string_to_sign;
	char *authorization;
	char payload_hash[SIGV4_HEX_LEN];
	char signature[SIGV4_HEX_LEN];
};

/*
 * Returns 0 or -1: no memory, OpenSSL failed, the URL has no host, a header comes twice, or there
 * are more than SIGV4_MAX_SIGNED. Clear out in either case.
 */
int sigv4_sign(const struct sigv4_request *rq, struct sigv4_signed *out);

/* The canonical request names the session token: wiped, then freed. */
void sigv4_clear(struct sigv4_signed *s);

/* The encoding of path segments, query names and values; malloc'ed, NULL: no memory. */
char *sigv4_encode(const char *s);

/* The value of X-Amz-Date for a time. */
void sigv4_date(time_t t, char date[SIGV4_DATE_LEN]);

#endif
