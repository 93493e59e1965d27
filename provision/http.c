/*
 * libcurl, wrapped once.
 *
 * FRESH_CONNECT on every request is not about speed: on a reused connection that the server closes
 * without answering, libcurl 7.88.1 sends a POST a second time by itself. Eight handshakes per
 * chip cost less than a second certificate.
 */
#include <config.h>

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <openssl/crypto.h>

#include "provision/http.h"

#define LOW_SPEED 50L /* bytes per second */

struct http {
	CURL *curl;
	char *ca_bundle;
	struct http_limits limits;
	struct http_client client;
};

static const struct http_limits default_limits = { .connect = 10, .stall = 15, .total = 60 };

struct http *
http_open(const char *ca_bundle)
{
	struct http *h = calloc(1, sizeof(*h));

	if (h == NULL)
		return NULL;
	h->limits = default_limits;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(h);
		return NULL;
	}
	h->curl = curl_easy_init();
	if (h->curl == NULL || (ca_bundle != NULL && (h->ca_bundle = strdup(ca_bundle)) == NULL))
		http_close(&h);
	return h;
}

void
http_close(struct http **hp)
{
	struct http *h = *hp;

	if (h == NULL)
		return;
	curl_easy_cleanup(h->curl);
	curl_global_cleanup();
	free(h->ca_bundle);
	free(h);
	*hp = NULL;
}

void
http_set_limits(struct http *h, const struct http_limits *limits)
{
	h->limits = *limits;
}

void
http_set_client(struct http *h, const struct http_client *client)
{
	h->client = *client;
}

void
http_answer_clear(struct http_answer *ans)
{
	if (ans->body != NULL)
		OPENSSL_cleanse(ans->body, ans->body_len);
	free(ans->body);
	memset(ans, 0, sizeof(*ans));
}

static bool
is_loopback_host(const char *host, size_t len)
{
	static const char *const names[] = { "localhost", "[::1]" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (len == strlen(names[i]) && strncasecmp(host, names[i], len) == 0)
			return true;
	/* A name like 127.example.com is not an address. */
	return len > 4 && strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == len;
}

bool
http_url_is_loopback(const char *url)
{
	const char *host = strstr(url, "://");
	size_t len;

	if (host == NULL)
		return false;
	host += 3;
	len = *host == '[' ? strcspn(host, "]/?#@") + 1 : strcspn(host, ":/?#@");
	return len <= strlen(host) && is_loopback_host(host, len);
}

bool
http_url_allowed(const char *url)
{
	if (strncasecmp(url, "https://", 8) == 0)
		return true;
	return strncasecmp(url, "http://", 7) == 0 && http_url_is_loopback(url);
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct http_answer *ans = arg;
	size_t len = size * n;
	char *grown;

	if (len > HTTP_BODY_MAX - ans->body_len)
		return 0;
	grown = realloc(ans->body, ans->body_len + len + 1);
	if (grown == NULL)
		return 0;
	memcpy(grown + ans->body_len, data, len);
	ans->body = grown;
	ans->body_len += len;
	ans->body[ans->body_len] = '\0';
	return len;
}

static void
take_header(char *out, size_t max, const char *value, size_t len)
{
	while (len != 0 && isspace((unsigned char)*value)) {
		value++;
		len--;
	}
	while (len != 0 && isspace((unsigned char)value[len - 1]))
		len--;
	(void)snprintf(out, max, "%.*s", (int)len, value);
}

static size_t
on_header(char *line, size_t size, size_t n, void *arg)
{
	struct http_answer *ans = arg;
	size_t len = size * n;
	const char *colon = memchr(line, ':', len);
	const struct {
		const char *name;
		char *out;
		size_t max;
	} wanted[] = {
		{ "x-amzn-errortype", ans->error_type, sizeof(ans->error_type) },
		{ "x-amzn-requestid", ans->request_id, sizeof(ans->request_id) },
		{ "date", ans->date, sizeof(ans->date) },
		{ "content-type", ans->content_type, sizeof(ans->content_type) },
	};

	if (colon == NULL)
		return len;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		if (strlen(wanted[i].name) == (size_t)(colon - line) &&
		    strncasecmp(line, wanted[i].name, (size_t)(colon - line)) == 0)
			take_header(wanted[i].out, wanted[i].max, colon + 1,
			    len - (size_t)(colon + 1 - line));
	return len;
}

static bool
append_line(struct curl_slist **list, const char *name, const char *value)
{
	struct curl_slist *longer;
	char *line = NULL;
	int len = asprintf(&line, "%s: %s", name, value);

	if (len < 0)
		return false;
	longer = curl_slist_append(*list, line);
	OPENSSL_cleanse(line, (size_t)len);
	free(line);
	if (longer == NULL)
		return false;
	*list = longer;
	return true;
}

static void
wipe_lines(struct curl_slist *list)
{
	for (struct curl_slist *l = list; l != NULL; l = l->next)
		OPENSSL_cleanse(l->data, strlen(l->data));
	curl_slist_free_all(list);
}

/* The caller's lines, and the removal of what libcurl would add to a form it thinks we post. */
static struct curl_slist *
make_lines(const struct http_request *rq)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:"), *longer;
	bool typed = false;

	for (size_t i = 0; list != NULL && i < rq->nheaders; i++) {
		typed |= strcasecmp(rq->headers[i].name, "content-type") == 0;
		if (!append_line(&list, rq->headers[i].name, rq->headers[i].value))
			goto fail;
	}
	if (list == NULL || typed)
		return list;
	longer = curl_slist_append(list, "Content-Type:");
	if (longer != NULL)
		return longer;
fail:
	wipe_lines(list);
	return NULL;
}

static CURLcode
on_tls(CURL *c, void *tls, void *arg)
{
	const struct http_client *me = arg;
	SSL_CTX *ctx = tls;
	bool ok;

	(void)c;
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
	ok = SSL_CTX_use_certificate(ctx, me->cert) == 1 &&
	     SSL_CTX_use_PrivateKey(ctx, me->key) == 1;
	for (int i = 0; ok && i < sk_X509_num(me->chain); i++)
		ok = SSL_CTX_add1_chain_cert(ctx, sk_X509_value(me->chain, i)) == 1;
	if (ok && me->on_token && EVP_PKEY_is_a(me->key, "RSA"))
		ok = SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION) == 1 &&
		     SSL_CTX_set1_client_sigalgs_list(ctx, "RSA+SHA256:RSA+SHA384:RSA+SHA512") == 1;
	return ok ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/* libcurl hands out what OpenSSL has only when it is built on that. */
static bool
set_client(struct http *h)
{
	return h->client.cert == NULL ||
	       (curl_easy_setopt(h->curl, CURLOPT_SSL_CTX_FUNCTION, on_tls) == CURLE_OK &&
		   curl_easy_setopt(h->curl, CURLOPT_SSL_CTX_DATA, &h->client) == CURLE_OK);
}

static bool
set_common(struct http *h, const struct http_request *rq, struct http_answer *ans)
{
	CURL *c = h->curl;
	CURLcode r = CURLE_OK;

#define SET(opt, value) r = r != CURLE_OK ? r : curl_easy_setopt(c, (opt), (value))
	SET(CURLOPT_URL, rq->url);
	SET(CURLOPT_PROTOCOLS_STR, http_url_is_loopback(rq->url) ? "https,http" : "https");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PATH_AS_IS, 1L); /* else "/policies/.." is sent as "/" */
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_FORBID_REUSE, 1L);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(CURLOPT_CONNECTTIMEOUT, h->limits.connect);
	SET(CURLOPT_TIMEOUT, h->limits.total);
	SET(CURLOPT_LOW_SPEED_LIMIT, LOW_SPEED);
	SET(CURLOPT_LOW_SPEED_TIME, h->limits.stall);
	SET(CURLOPT_USERAGENT, "optiga-provision/" PACKAGE_VERSION);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, ans);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, ans);
	if (h->ca_bundle != NULL) {
		SET(CURLOPT_CAINFO, h->ca_bundle);
		SET(CURLOPT_CAPATH, NULL); /* instead of the system's, not beside them */
	}
	if (http_url_is_loopback(rq->url))
		SET(CURLOPT_PROXY, "");
#undef SET
	return r == CURLE_OK;
}

static bool
set_method(CURL *c, const struct http_request *rq)
{
	CURLcode r = CURLE_OK;

	if (rq->body != NULL || strcmp(rq->method, "PUT") == 0 || strcmp(rq->method, "POST") == 0) {
		r = curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, (long)rq->body_len);
		if (r == CURLE_OK)
			r = curl_easy_setopt(
			    c, CURLOPT_POSTFIELDS, rq->body != NULL ? rq->body : "");
	}
	if (r == CURLE_OK)
		r = curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, rq->method);
	return r == CURLE_OK;
}

static enum http_result
classify(CURL *c, CURLcode r, struct http_answer *ans)
{
	long sent = 0;

	(void)curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &ans->status);
	/* A refusal is one even when its text was cut; an acceptance is not. */
	if (r == CURLE_OK || ans->status >= 400)
		return HTTP_ANSWERED;
	(void)curl_easy_getinfo(c, CURLINFO_REQUEST_SIZE, &sent);
	switch (r) {
	case CURLE_PEER_FAILED_VERIFICATION: return HTTP_UNTRUSTED;
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_URL_MALFORMAT:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_OUT_OF_MEMORY: return sent == 0 ? HTTP_BROKEN : HTTP_UNKNOWN;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_CONNECT:
	case CURLE_SSL_CONNECT_ERROR: return HTTP_NOT_SENT;
	default: return sent == 0 ? HTTP_NOT_SENT : HTTP_UNKNOWN;
	}
}

/* With NOSIGNAL libcurl leaves SIGPIPE alone, and OpenSSL writes to connections that were reset. */
static enum http_result
perform(CURL *c, struct http_answer *ans)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	char why[CURL_ERROR_SIZE] = "";
	curl_off_t retry_after = 0;
	enum http_result res;
	CURLcode r;

	(void)curl_easy_setopt(c, CURLOPT_ERRORBUFFER, why);
	(void)sigemptyset(&ignore.sa_mask);
	(void)sigaction(SIGPIPE, &ignore, &old);
	r = curl_easy_perform(c);
	(void)sigaction(SIGPIPE, &old, NULL);
	res = classify(c, r, ans);
	if (curl_easy_getinfo(c, CURLINFO_RETRY_AFTER, &retry_after) == CURLE_OK && retry_after > 0)
		ans->retry_after = retry_after < 86400 ? (long)retry_after : 86400;
	if (r == CURLE_WRITE_ERROR && ans->body_len > HTTP_BODY_MAX / 2)
		(void)snprintf(why, sizeof(why), "the answer is too long");
	if (r != CURLE_OK)
		(void)snprintf(
		    ans->why, sizeof(ans->why), "%s", why[0] != '\0' ? why : curl_easy_strerror(r));
	return res;
}

enum http_result
http_send(struct http *h, const struct http_request *rq, struct http_answer *ans)
{
	enum http_result res = HTTP_BROKEN;
	struct curl_slist *lines;

	memset(ans, 0, sizeof(*ans));
	ans->body = calloc(1, 1);
	lines = make_lines(rq);
	if (ans->body == NULL || lines == NULL) {
		(void)snprintf(ans->why, sizeof(ans->why), "out of memory");
		goto out;
	}
	if (!http_url_allowed(rq->url)) {
		(void)snprintf(ans->why, sizeof(ans->why), "only https is allowed");
		goto out;
	}
	if (!set_common(h, rq, ans) || !set_method(h->curl, rq) || !set_client(h) ||
	    curl_easy_setopt(h->curl, CURLOPT_HTTPHEADER, lines) != CURLE_OK) {
		(void)snprintf(ans->why, sizeof(ans->why), "libcurl lacks an option");
		goto out;
	}
	res = perform(h->curl, ans);
out:
	/* Also drops the pointers to what the caller owns. */
	curl_easy_reset(h->curl);
	wipe_lines(lines);
	return res;
}
