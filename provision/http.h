/*
 * One HTTPS request at a time: libcurl wrapped once, with every option that matters set here.
 *
 * What a caller has to know about a failure is whether the server can have acted on the request,
 * so that is what the result says.
 */
#ifndef PROVISION_HTTP_H
#define PROVISION_HTTP_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

#define HTTP_BODY_MAX    (256 * 1024) /* longest answer taken */
#define HTTP_HEADERS_MAX 16

enum http_result {
	HTTP_ANSWERED,  /* a status line came; the body may be cut when the status is an error */
	HTTP_NOT_SENT,  /* the request never left: no name, no connection, no TLS */
	HTTP_UNTRUSTED, /* never left either: the server's certificate does not check; do not retry
			 */
	HTTP_UNKNOWN,   /* sent, no usable answer: the server may have acted */
	HTTP_BROKEN,    /* never left: no memory, bad URL, bad CA bundle */
};

struct http_header {
	const char *name;
	const char *value;
};

struct http_request {
	const char *method;
	const char *url; /* percent-encoded; sent unchanged */
	const struct http_header *headers;
	size_t nheaders;
	const char *body; /* NULL: none, PUT and POST then send Content-Length: 0 */
	size_t body_len;
};

struct http_answer {
	long status;
	long retry_after; /* seconds, 0: not given */
	char error_type[128];
	char request_id[128];
	char date[64];
	char content_type[128];
	char *body; /* NUL-terminated; never NULL after HTTP_ANSWERED */
	size_t body_len;
	char why[256]; /* for people, when there is no answer */
};

/* Seconds. */
struct http_limits {
	long connect;
	long stall; /* fewer than 50 bytes a second for so long */
	long total;
};

struct http;

/* ca_bundle: file of trusted certificates, NULL for the system's. NULL: no memory. */
struct http *http_open(const char *ca_bundle);
void http_close(struct http **hp);

void http_set_limits(struct http *h, const struct http_limits *limits);

/* Who we are to servers that ask for a certificate. What is in it outlives h. */
struct http_client {
	X509 *cert; /* NULL: nobody */
	STACK_OF(X509) * chain;
	EVP_PKEY *key;
	bool on_token; /* RSA keys there sign with PKCS #1 v1.5 alone, and TLS 1.3 wants PSS */
};
void http_set_client(struct http *h, const struct http_client *client);

/* Each request makes its own connection. Clear the answer in every case. */
enum http_result http_send(struct http *h, const struct http_request *rq, struct http_answer *ans);
void http_answer_clear(struct http_answer *ans);

/* The scheme is https, or http and the host is 127.x.x.x, localhost or [::1]. */
bool http_url_allowed(const char *url);
bool http_url_is_loopback(const char *url);

#endif
