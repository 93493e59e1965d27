/*
 * Enrollment over Secure Transport; see est.h.
 *
 * Bodies are base64 whatever Content-Transfer-Encoding says (RFC 8951, 3.1): a request in PKCS #10
 * goes out, certificates come in a PKCS #7 without signers.
 */
#include <config.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "provision/cert.h"
#include "provision/chain.h"
#include "provision/est.h"

#define TYPE_REQUEST "application/pkcs10"
#define TYPE_CERTS   "application/pkcs7-mime"
#define LINE         64

struct est {
	struct http *http;
	char *base;
	const char *authorization;
};

const char *
est_url_problem(const char *url)
{
	const char *host = url + 8, *end;

	if (strncasecmp(url, "https://", 8) != 0)
		return "does not begin with https://";
	end = host + strcspn(host, "/");
	if (end == host || *host == ':')
		return "has no host";
	if (memchr(host, '@', (size_t)(end - host)) != NULL)
		return "has a user in it: --est-user takes that";
	for (const char *p = url; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '?' || *p == '#')
			return "has more than host, port and path";
	return NULL;
}

static char *
make_base(const char *url)
{
	size_t len = strlen(url);
	const char *path = url + 8 + strcspn(url + 8, "/");
	char *base = NULL;

	while (len > 8 && url[len - 1] == '/')
		len--;
	if (asprintf(&base, "%.*s%s", (int)len, url,
		path[strspn(path, "/")] == '\0' ? EST_PATH : "") < 0)
		return NULL;
	return base;
}

struct est *
est_open(const struct est_options *o)
{
	struct est *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return NULL;
	e->authorization = o->authorization;
	e->base = make_base(o->url);
	e->http = http_open(o->trust);
	if (e->base == NULL || e->http == NULL)
		est_close(&e);
	else
		http_set_client(e->http, &o->client);
	return e;
}

void
est_close(struct est **ep)
{
	struct est *e = *ep;

	if (e == NULL)
		return;
	http_close(&e->http);
	free(e->base);
	free(e);
	*ep = NULL;
}

const char *
est_base(const struct est *e)
{
	return e->base;
}

void
est_answer_clear(struct est_answer *ans)
{
	certs_free(&ans->certs);
	*ans = (struct est_answer){ .certs = NULL };
}

/* --- bodies ----------------------------------------------------------------------------------- */

static bool
is_type(const char *value, const char *type)
{
	size_t len = strlen(type);

	return strncasecmp(value, type, len) == 0 &&
	       (value[len] == '\0' || value[len] == ';' || value[len] == ' ');
}

/* base64 with any white space in it; malloc'ed. NULL: it is none. */
static unsigned char *
decode(const char *text, size_t len, size_t *out_len)
{
	unsigned char *out = malloc(len + 4);
	char *packed = malloc(len + 1);
	size_t n = 0, pad = 0;
	int got = -1;

	for (size_t i = 0; packed != NULL && i < len; i++)
		if (!isspace((unsigned char)text[i]))
			packed[n++] = text[i];
	while (packed != NULL && pad < 2 && pad < n && packed[n - 1 - pad] == '=')
		pad++;
	if (out != NULL && packed != NULL && n > 0 && n % 4 == 0)
		got = EVP_DecodeBlock(out, (const unsigned char *)packed, (int)n);
	free(packed);
	(void)ossl_why();
	if (got < 0) {
		free(out);
		return NULL;
	}
	*out_len = (size_t)got - pad;
	return out;
}

/* Lines as RFC 2045 has them; malloc'ed. */
static char *
encode(const unsigned char *der, size_t len)
{
	size_t flat_len = 4 * ((len + 2) / 3), n = 0;
	unsigned char *flat = malloc(flat_len + 1);
	char *text = malloc(flat_len + 2 * (flat_len / LINE + 1) + 1);

	if (flat == NULL || text == NULL) {
		free(flat);
		free(text);
		return NULL;
	}
	(void)EVP_EncodeBlock(flat, der, (int)len);
	for (size_t at = 0; at < flat_len; at += LINE) {
		size_t some = flat_len - at < LINE ? flat_len - at : LINE;

		memcpy(text + n, flat + at, some);
		n += some;
		text[n++] = '\r';
		text[n++] = '\n';
	}
	text[n] = '\0';
	free(flat);
	return text;
}

/* --- answers ---------------------------------------------------------------------------------- */

/* What a server says in plain text, its first line, printable. */
static void
add_words(const struct http_answer *http, struct est_answer *ans)
{
	size_t at = strlen(ans->why), n = 0;
	const char *p = http->body;

	if (p == NULL || http->body_len == 0 || !is_type(http->content_type, "text/plain"))
		return;
	n = (size_t)snprintf(ans->why + at, sizeof(ans->why) - at, ": ");
	for (at += n, n = 0; at + 1 < sizeof(ans->why) && n < 200; n++) {
		unsigned char ch = (unsigned char)*p++;

		if (ch == '\0' || ch == '\r' || ch == '\n')
			break;
		ans->why[at++] = (char)(ch < ' ' || ch > '~' ? '?' : ch);
	}
	ans->why[at] = '\0';
}

static enum est_result
fail(struct est_answer *ans, enum est_result result, const char *hint, const char *why)
{
	(void)snprintf(ans->why, sizeof(ans->why), "%s", why);
	ans->hint = hint;
	return result;
}

static enum est_result
unsent(enum http_result r, const struct http_answer *http, struct est_answer *ans)
{
	switch (r) {
	case HTTP_UNTRUSTED:
		return fail(ans, EST_NO,
		    "give the CA certificates that verify it with --ca-bundle FILE", http->why);
	case HTTP_UNKNOWN: return fail(ans, EST_UNKNOWN, NULL, http->why);
	case HTTP_ANSWERED:
	case HTTP_NOT_SENT:
	case HTTP_BROKEN: break;
	}
	return fail(ans, EST_NO, NULL, http->why);
}

/* Statuses that need words (4.2.3, RFC 9110 15). The rest of 4xx: refused; of 5xx: who knows. */
static const struct refusal {
	long status;
	enum est_result result;
	const char *text;
	const char *hint;
} refusals[] = {
	{ 204, EST_NO, "it has nothing there", NULL },
	{ 400, EST_NO, "it refuses the request", NULL },
	{ 401, EST_NO, "it wants to know who asks, or does not accept who does",
	    "give --est-client factory, or --est-user NAME and --est-password-file FILE" },
	{ 403, EST_NO, "it does not let this client ask", NULL },
	{ 404, EST_NO, "it has no EST there", "is the path of the URL right?" },
	{ 501, EST_NO, "it does not do that", NULL },
	{ 503, EST_NO, "it is not ready", "run again later" },
};

static enum est_result
refused(const struct http_answer *http, struct est_answer *ans)
{
	const long s = http->status;
	const char *text = s >= 500   ? "it failed"
			   : s >= 400 ? "it refuses"
			   : s >= 300 ? "it sends elsewhere, which is not followed"
				      : "it answers what RFC 7030 does not know";
	enum est_result result = s >= 500 || s < 300 ? EST_UNKNOWN : EST_NO;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].status != s)
			continue;
		text = refusals[i].text;
		result = refusals[i].result;
		ans->hint = refusals[i].hint;
	}
	(void)snprintf(ans->why, sizeof(ans->why), "%s (HTTP status %ld)", text, s);
	add_words(http, ans);
	return result;
}

static enum est_result
take_certs(const struct http_answer *http, struct est_answer *ans)
{
	unsigned char *der;
	size_t len = 0;

	if (!is_type(http->content_type, TYPE_CERTS)) {
		(void)snprintf(ans->why, sizeof(ans->why),
		    "its answer is of type \"%.64s\", not " TYPE_CERTS, http->content_type);
		return EST_UNKNOWN;
	}
	der = decode(http->body, http->body_len, &len);
	if (der == NULL)
		return fail(ans, EST_UNKNOWN, NULL, "its answer is not base64");
	ans->certs = chain_from_pkcs7(der, len);
	free(der);
	return ans->certs != NULL ? EST_OK
				  : fail(ans, EST_UNKNOWN, NULL,
					"its answer is no PKCS #7 with certificates in it");
}

static enum est_result
send_one(struct est *e, const char *operation, const char *method, const char *body,
    struct est_answer *ans)
{
	struct http_header headers[4] = { { "Accept", TYPE_CERTS } };
	struct http_request rq = {
		.method = method, .headers = headers, .nheaders = 1, .body = body
	};
	enum est_result result;
	struct http_answer http;
	enum http_result r;
	char *url = NULL;

	*ans = (struct est_answer){ .certs = NULL };
	if (asprintf(&url, "%s/%s", e->base, operation) < 0)
		return fail(ans, EST_NO, NULL, "out of memory");
	rq.url = url;
	if (body != NULL) {
		rq.body_len = strlen(body);
		headers[rq.nheaders++] = (struct http_header){ "Content-Type", TYPE_REQUEST };
		headers[rq.nheaders++] =
		    (struct http_header){ "Content-Transfer-Encoding", "base64" };
	}
	if (e->authorization != NULL)
		headers[rq.nheaders++] = (struct http_header){ "Authorization", e->authorization };
	r = http_send(e->http, &rq, &http);
	if (r != HTTP_ANSWERED) {
		result = unsent(r, &http, ans);
	} else if (http.status == 202) {
		ans->retry_after = http.retry_after;
		result = fail(ans, EST_LATER, NULL, "it has not decided yet");
	} else {
		result = http.status == 200 ? take_certs(&http, ans) : refused(&http, ans);
	}
	http_answer_clear(&http);
	free(url);
	return result;
}

enum est_result
est_cacerts(struct est *e, struct est_answer *ans)
{
	enum est_result r = send_one(e, "cacerts", "GET", NULL, ans);

	/* Whatever went wrong, nothing was issued. */
	return r == EST_OK ? EST_OK : EST_NO;
}

enum est_result
est_enroll(struct est *e, X509_REQ *request, struct est_answer *ans)
{
	unsigned char *der = NULL;
	int len = i2d_X509_REQ(request, &der);
	char *body = len > 0 ? encode(der, (size_t)len) : NULL;
	enum est_result r;

	OPENSSL_free(der);
	if (body == NULL) {
		*ans = (struct est_answer){ .certs = NULL };
		return fail(ans, EST_NO, NULL, "the request cannot be encoded");
	}
	r = send_one(e, "simpleenroll", "POST", body, ans);
	free(body);
	return r;
}
