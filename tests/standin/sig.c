/*
 * Checks Signature Version 4 from the bytes received, as the service does: nothing is assumed about
 * how the client made them.
 */
#include <config.h>

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "tests/standin/standin.h"

#define SKEW_MAX   300 /* seconds */
#define PARAMS_MAX 64

/* The Authorization header, cut up. */
struct claim {
	char *id, *day, *region, *service, *tail;
	char *signed_names;
	char *signature;
	char copy[4096];
};

static bool
refuse(struct si_refusal *why, const char *code, const char *fmt, ...)
{
	va_list ap;

	why->status = 403;
	(void)snprintf(why->code, sizeof(why->code), "%s", code);
	va_start(ap, fmt);
	(void)vsnprintf(why->message, sizeof(why->message), fmt, ap);
	va_end(ap);
	return false;
}

/* Algorithm, then Credential=, SignedHeaders=, Signature= in any order, commas between. */
static bool
parse_claim(const char *value, struct claim *cl)
{
	char *save = NULL, *cred = NULL;

	if (strlen(value) >= sizeof(cl->copy) || strncmp(value, "AWS4-HMAC-SHA256 ", 17) != 0)
		return false;
	(void)snprintf(cl->copy, sizeof(cl->copy), "%s", value + 17);
	for (char *p = strtok_r(cl->copy, ", ", &save); p != NULL;
	     p = strtok_r(NULL, ", ", &save)) {
		if (strncmp(p, "Credential=", 11) == 0)
			cred = p + 11;
		else if (strncmp(p, "SignedHeaders=", 14) == 0)
			cl->signed_names = p + 14;
		else if (strncmp(p, "Signature=", 10) == 0)
			cl->signature = p + 10;
		else
			return false;
	}
	if (cred == NULL || cl->signed_names == NULL || cl->signature == NULL)
		return false;
	cl->id = strtok_r(cred, "/", &save);
	cl->day = strtok_r(NULL, "/", &save);
	cl->region = strtok_r(NULL, "/", &save);
	cl->service = strtok_r(NULL, "/", &save);
	cl->tail = strtok_r(NULL, "/", &save);
	return cl->tail != NULL && strcmp(cl->tail, "aws4_request") == 0 &&
	       strtok_r(NULL, "/", &save) == NULL;
}

static bool
is_signed(const char *names, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = names; *p != '\0'; p += strcspn(p, ";"), p += *p == ';')
		if (strncmp(p, name, len) == 0 && (p[len] == ';' || p[len] == '\0'))
			return true;
	return false;
}

/* What must be covered: host, the date, every amz header and the type of the body. */
static bool
check_coverage(const struct si_request *rq, const char *names, struct si_refusal *why)
{
	for (size_t i = 0; i < rq->nheaders; i++) {
		const char *n = rq->headers[i].name;
		bool must = strcmp(n, "host") == 0 || strcmp(n, "content-type") == 0 ||
			    strncmp(n, "x-amz-", 6) == 0 || strncmp(n, "x-amzn-", 7) == 0;

		for (size_t k = 0; k < i; k++)
			if (strcmp(rq->headers[k].name, n) == 0 && is_signed(names, n))
				return refuse(why, "InvalidSignatureException",
				    "'%s' is in the request twice.", n);
		if (must && !is_signed(names, n))
			return refuse(why, "InvalidSignatureException",
			    "'%s' must be a 'SignedHeader' in the AWS Authorization.", n);
	}
	if (!is_signed(names, "host") || !is_signed(names, "x-amz-date"))
		return refuse(why, "InvalidSignatureException",
		    "'host' and 'x-amz-date' must be 'SignedHeader's in the AWS Authorization.");
	return true;
}

static bool
parse_date(const char *s, time_t *t)
{
	struct tm tm = { 0 };
	int used = 0;

	if (strlen(s) != 16 ||
	    sscanf(s, "%4d%2d%2dT%2d%2d%2dZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		&tm.tm_min, &tm.tm_sec, &used) != 6 ||
	    used != 16)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	*t = timegm(&tm);
	return true;
}

static bool
check_scope(
    const struct si_auth *auth, const struct claim *cl, const char *date, struct si_refusal *why)
{
	time_t t;

	if (date == NULL || !parse_date(date, &t))
		return refuse(
		    why, "InvalidSignatureException", "X-Amz-Date is missing or malformed.");
	if (strncmp(date, cl->day, 8) != 0 || strlen(cl->day) != 8)
		return refuse(why, "InvalidSignatureException",
		    "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of "
		    "date "
		    "from HTTP: '%s' != '%.8s'",
		    cl->day, date);
	if (strcmp(cl->region, auth->region) != 0)
		return refuse(why, "InvalidSignatureException",
		    "Credential should be scoped to a valid region, not '%s'.", cl->region);
	if (strcmp(cl->service, auth->service) != 0 &&
	    (auth->also == NULL || strcmp(cl->service, auth->also) != 0))
		return refuse(why, "InvalidSignatureException",
		    "Credential should be scoped to correct service: '%s'.", auth->service);
	if (t < auth->now - SKEW_MAX)
		return refuse(why, "InvalidSignatureException",
		    "Signature expired: %s is now too early.", date);
	if (t > auth->now + SKEW_MAX)
		return refuse(why, "InvalidSignatureException",
		    "Signature not yet current: %s is still later than now.", date);
	return true;
}

static const struct si_key *
find_key(const struct si_auth *auth, const char *id)
{
	for (size_t i = 0; i < auth->nkeys; i++)
		if (strcmp(auth->keys[i].id, id) == 0)
			return &auth->keys[i];
	return NULL;
}

static void
hex_of(const unsigned char *md, size_t len, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*out++ = digits[md[i] >> 4];
		*out++ = digits[md[i] & 15];
	}
	*out = '\0';
}

static void
sha256_hex(const void *data, size_t len, char out[65])
{
	unsigned char md[32];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	(void)EVP_DigestInit_ex(ctx, EVP_sha256(), NULL);
	(void)EVP_DigestUpdate(ctx, data, len);
	(void)EVP_DigestFinal_ex(ctx, md, NULL);
	EVP_MD_CTX_free(ctx);
	hex_of(md, sizeof(md), out);
}

static void
hmac_step(unsigned char key[32], size_t key_len, const unsigned char *start, const char *text)
{
	EVP_PKEY *pk =
	    EVP_PKEY_new_raw_private_key(EVP_PKEY_HMAC, NULL, start != NULL ? start : key, key_len);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = 32;

	(void)EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, pk);
	(void)EVP_DigestSign(ctx, key, &len, (const unsigned char *)text, strlen(text));
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pk);
}

/* One parameter of the wire's query as "name\1value": \1 sorts before every legal character. */
static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
canonical_query(FILE *f, const char *query)
{
	char *copy = strdup(query), *list[PARAMS_MAX], *rest = copy, *p;
	size_t n = 0;

	while (*query != '\0' && n < PARAMS_MAX && (p = strsep(&rest, "&")) != NULL) {
		char *eq = strchr(p, '=');

		if (asprintf(&list[n], "%.*s\1%s", (int)(eq != NULL ? eq - p : (long)strlen(p)), p,
			eq != NULL ? eq + 1 : "") >= 0)
			n++;
	}
	qsort(list, n, sizeof(list[0]), by_bytes);
	for (size_t i = 0; i < n; i++) {
		*strchr(list[i], '\1') = '=';
		(void)fprintf(f, "%s%s", i == 0 ? "" : "&", list[i]);
		free(list[i]);
	}
	free(copy);
}

static void
canonical_value(FILE *f, const char *value)
{
	const char *sep = "";

	while (*(value += strspn(value, " \t")) != '\0') {
		size_t word = strcspn(value, " \t");

		(void)fprintf(f, "%s%.*s", sep, (int)word, value);
		value += word;
		sep = " ";
	}
}

static char *
canonical_request(const struct si_request *rq, const char *names, const char *body_hash)
{
	const char *query = strchr(rq->target, '?');
	size_t path_len = query != NULL ? (size_t)(query - rq->target) : strlen(rq->target), len;
	char *out = NULL;
	FILE *f = open_memstream(&out, &len);

	if (f == NULL)
		abort();
	(void)fprintf(f, "%s\n", rq->method);
	if (path_len == 0)
		(void)fputc('/', f);
	for (size_t i = 0; i < path_len; i++) {
		unsigned char ch = (unsigned char)rq->target[i];

		if (isalnum(ch) || ch == '/' || ch == '-' || ch == '.' || ch == '_' || ch == '~')
			(void)fputc(ch, f);
		else
			(void)fprintf(f, "%%%X%X", ch >> 4, ch & 15U);
	}
	(void)fputc('\n', f);
	canonical_query(f, query != NULL ? query + 1 : "");
	(void)fputc('\n', f);
	/* In the order the client names them, which must be the sorted one (checked before). */
	for (const char *p = names; *p != '\0'; p += *p == ';') {
		size_t n = strcspn(p, ";");
		char name[256];

		(void)snprintf(name, sizeof(name), "%.*s", (int)n, p);
		(void)fprintf(f, "%s:", name);
		canonical_value(f, si_header(rq, name));
		(void)fputc('\n', f);
		p += n;
	}
	(void)fprintf(f, "\n%s\n%s", names, body_hash);
	(void)fclose(f);
	return out;
}

/* Sorted, in lower case, each once and in the request. */
static bool
check_names(const struct si_request *rq, const char *names, struct si_refusal *why)
{
	char last[256] = "", name[256];

	for (const char *p = names; *p != '\0'; p += *p == ';') {
		size_t n = strcspn(p, ";");

		if (n == 0 || n >= sizeof(name))
			return refuse(why, "IncompleteSignature", "SignedHeaders is malformed.");
		(void)snprintf(name, sizeof(name), "%.*s", (int)n, p);
		for (const char *c = name; *c != '\0'; c++)
			if (isupper((unsigned char)*c))
				return refuse(
				    why, "IncompleteSignature", "SignedHeaders is malformed.");
		if (strcmp(last, name) >= 0 || si_header(rq, name) == NULL)
			return refuse(why, "InvalidSignatureException",
			    "SignedHeaders names '%s' out of order, or it was not sent.", name);
		(void)snprintf(last, sizeof(last), "%s", name);
		p += n;
	}
	return true;
}

static bool
check_signature(const struct si_request *rq, const struct claim *cl, const struct si_key *key,
    struct si_refusal *why)
{
	const char *date = si_header(rq, "x-amz-date");
	const char *claimed_hash = si_header(rq, "x-amz-content-sha256");
	const char *steps[] = { cl->day, cl->region, cl->service, cl->tail, NULL };
	char hash[65], want[65], seed[160], to_sign[1024], *canonical;
	unsigned char k[32];
	bool ok;

	sha256_hex(rq->body, rq->body_len, hash);
	if (claimed_hash != NULL && strcmp(claimed_hash, hash) != 0)
		return refuse(why, "InvalidSignatureException", "X-Amz-Content-Sha256 is wrong.");
	canonical = canonical_request(rq, cl->signed_names, hash);
	sha256_hex(canonical, strlen(canonical), hash);
	(void)snprintf(to_sign, sizeof(to_sign), "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/%s\n%s", date,
	    cl->day, cl->region, cl->service, cl->tail, hash);
	steps[4] = to_sign;
	(void)snprintf(seed, sizeof(seed), "AWS4%s", key->secret);
	for (size_t i = 0; i < SI_NITEMS(steps); i++)
		hmac_step(k, i == 0 ? strlen(seed) : sizeof(k),
		    i == 0 ? (const unsigned char *)seed : NULL, steps[i]);
	hex_of(k, sizeof(k), want);
	ok = strcmp(want, cl->signature) == 0;
	if (!ok)
		(void)refuse(why, "InvalidSignatureException",
		    "The request signature we calculated does not match the signature you "
		    "provided. "
		    "Check your AWS Secret Access Key and signing method. Consult the service "
		    "documentation for details. The Canonical String for this request should have "
		    "been '%s'",
		    canonical);
	free(canonical);
	return ok;
}

bool
si_sig_check(const struct si_auth *auth, const struct si_request *rq, struct si_refusal *why)
{
	const char *value = si_header(rq, "authorization");
	const char *token = si_header(rq, "x-amz-security-token");
	const struct si_key *key;
	struct claim cl = { 0 };

	if (value == NULL)
		return refuse(
		    why, "MissingAuthenticationTokenException", "Missing Authentication Token");
	if (!parse_claim(value, &cl))
		return refuse(why, "IncompleteSignature",
		    "Authorization header requires 'Credential', 'Signature' and 'SignedHeaders'.");
	key = find_key(auth, cl.id);
	if (key == NULL || strcmp(key->token, token != NULL ? token : "") != 0)
		return refuse(why, "UnrecognizedClientException",
		    "The security token included in the request is invalid.");
	return check_coverage(rq, cl.signed_names, why) && check_names(rq, cl.signed_names, why) &&
	       check_scope(auth, &cl, si_header(rq, "x-amz-date"), why) &&
	       check_signature(rq, &cl, key, why);
}
