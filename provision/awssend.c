/* One request of the AWS calls: its URL, its headers, its signature. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "provision/awscall.h"
#include "provision/sigv4.h"

#define SIGNED_MAX 5
#define PLAIN_MAX  2 /* Authorization and Accept */

static bool
put_arg(FILE *f, const char *lead, const char *name, const char *value)
{
	char *enc = sigv4_encode(value);

	if (enc == NULL)
		return false;
	(void)fprintf(f, "%s%s%s%s", lead, name, *name != '\0' ? "=" : "", enc);
	free(enc);
	return true;
}

static bool
put_url(FILE *f, const struct call *call, const struct call_args *args, const char *endpoint)
{
	const char *at = strstr(call->path, "%s");
	const char *lead = "?";

	(void)fprintf(f, "%s%.*s", endpoint,
	    (int)(at != NULL ? (size_t)(at - call->path) : strlen(call->path)), call->path);
	if (at != NULL) {
		if (!put_arg(f, "", "", args->path))
			return false;
		(void)fputs(at + 2, f);
	}
	for (size_t i = 0; i < CALL_QUERY_MAX; i++) {
		if (args->query[i].value == NULL)
			continue;
		if (!put_arg(f, lead, args->query[i].name, args->query[i].value))
			return false;
		lead = "&";
	}
	return true;
}

char *
aws_make_url(const struct call *call, const struct call_args *args, const char *endpoint)
{
	char *url = NULL;
	size_t len;
	FILE *f = open_memstream(&url, &len);
	bool ok;

	if (f == NULL)
		return NULL;
	ok = put_url(f, call, args, endpoint);
	if (fclose(f) == 0 && ok)
		return url;
	free(url);
	return NULL;
}

/* What the Host header must say: the port only when it is not the scheme's own. */
static char *
host_of(const char *url)
{
	const char *host = strstr(url, "://") + 3, *port;
	size_t len = strcspn(host, "/?");
	const char *own = strncasecmp(url, "https", 5) == 0 ? ":443" : ":80";

	port = memrchr(host, ':', len);
	if (port != NULL && (size_t)(host + len - port) == strlen(own) &&
	    strncmp(port, own, strlen(own)) == 0)
		len = (size_t)(port - host);
	return strndup(host, len);
}

/* The headers that are signed, in any order; returns how many. */
static size_t
put_headers(const struct aws *a, const struct call *call, const struct call_args *args,
    const char *host, const char *date, bool typed, struct sigv4_header out[SIGNED_MAX])
{
	bool sts = (call->flags & CALL_STS) != 0;
	size_t n = 0;

	out[n++] = (struct sigv4_header){ "Host", host };
	out[n++] = (struct sigv4_header){ "X-Amz-Date", date };
	if (typed)
		out[n++] = (struct sigv4_header){ "Content-Type",
			sts ? "application/x-www-form-urlencoded; charset=utf-8"
			    : "application/json" };
	if (args->principal != NULL)
		out[n++] = (struct sigv4_header){ "x-amzn-principal", args->principal };
	if (a->cred.token != NULL)
		out[n++] = (struct sigv4_header){ "X-Amz-Security-Token", a->cred.token };
	return n;
}

/* Beside the signed headers go those that anybody on the way may change. */
static enum http_result
send_signed(struct http *h, const struct sigv4_request *rq, const char *authorization,
    struct http_answer *ans)
{
	struct http_header headers[SIGNED_MAX + PLAIN_MAX];
	size_t n = 0;

	for (; n < rq->nheaders; n++)
		headers[n] = (struct http_header){ rq->headers[n].name, rq->headers[n].value };
	headers[n++] = (struct http_header){ "Authorization", authorization };
	headers[n++] = (struct http_header){ "Accept", "application/json" };
	return http_send(h,
	    &(struct http_request){ .method = rq->method,
		.url = rq->url,
		.headers = headers,
		.nheaders = n,
		.body = rq->body,
		.body_len = rq->body_len },
	    ans);
}

enum http_result
aws_send(struct aws *a, const struct call *call, const struct call_args *args, const char *url,
    const char *body, struct http_answer *ans)
{
	char date[SIGV4_DATE_LEN], *host = host_of(url);
	struct sigv4_header headers[SIGNED_MAX];
	struct sigv4_signed sig = { 0 };
	struct sigv4_request rq = { .method = call->method,
		.url = url,
		.headers = headers,
		.body = body,
		.body_len = body != NULL ? strlen(body) : 0,
		.date = date,
		.region = a->region,
		.service = (call->flags & CALL_STS) != 0 ? "sts" : "iot",
		.access_key = a->cred.access_key,
		.secret_key = a->cred.secret_key };
	enum http_result res = HTTP_BROKEN;

	sigv4_date(time(NULL) + a->clock_offset, date);
	if (host != NULL) {
		rq.nheaders = put_headers(a, call, args, host, date, body != NULL, headers);
		if (sigv4_sign(&rq, &sig) == 0)
			res = send_signed(a->http, &rq, sig.authorization, ans);
	}
	sigv4_clear(&sig);
	free(host);
	return res;
}
