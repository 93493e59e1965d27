/*
 * AWS Signature Version 4, for services other than S3: the path is encoded once more for the
 * canonical request, and nothing in it is normalised (we send no ".", ".." or "//").
 *
 * Signed by hand because CURLOPT_AWS_SIGV4 of libcurl 7.88.1 signs unsorted queries and encoded
 * paths wrongly and sends a caller's date twice.
 */
#include <config.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "provision/sigv4.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define HASH_LEN  32

struct span {
	const char *p;
	size_t len;
};

struct param {
	struct span name;
	struct span value;
};

static bool
unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("-._~", c) != NULL);
}

static void
put_encoded(FILE *out, struct span s, const char *keep)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (unreserved(c) || (c != '\0' && strchr(keep, c) != NULL))
			(void)fputc(c, out);
		else
			(void)fprintf(out, "%%%02X", c);
	}
}

char *
sigv4_encode(const char *s)
{
	char *enc = NULL;
	size_t len;
	FILE *out = open_memstream(&enc, &len);

	if (out == NULL)
		return NULL;
	put_encoded(out, (struct span){ s, strlen(s) }, "");
	if (fclose(out) != 0) {
		free(enc);
		return NULL;
	}
	return enc;
}

void
sigv4_date(time_t t, char date[SIGV4_DATE_LEN])
{
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL || strftime(date, SIGV4_DATE_LEN, "%Y%m%dT%H%M%SZ", &tm) == 0)
		date[0] = '\0';
}

static void
put_hex(const uint8_t hash[HASH_LEN], char hex[SIGV4_HEX_LEN])
{
	for (size_t i = 0; i < HASH_LEN; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
}

static int
hash_hex(const void *data, size_t len, char hex[SIGV4_HEX_LEN])
{
	uint8_t hash[HASH_LEN];

	if (EVP_Digest(len != 0 ? data : "", len, hash, NULL, EVP_sha256(), NULL) != 1)
		return -1;
	put_hex(hash, hex);
	return 0;
}

static int
hmac(const void *key, size_t key_len, const char *text, uint8_t out[HASH_LEN])
{
	unsigned int len = HASH_LEN;

	return HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)text, strlen(text), out,
		   &len) == NULL
		   ? -1
		   : 0;
}

/* Path and query of an absolute URL; a fragment never gets here. */
static int
split_url(const char *url, struct span *path, struct span *query)
{
	const char *host = strstr(url, "://"), *p, *q;

	if (host == NULL)
		return -1;
	host += 3;
	p = host + strcspn(host, "/?");
	q = p + strcspn(p, "?");
	*path = p == q ? (struct span){ "/", 1 } : (struct span){ p, (size_t)(q - p) };
	if (*q == '?')
		q++;
	*query = (struct span){ q, strlen(q) };
	return p == host ? -1 : 0;
}

static int
span_cmp(struct span a, struct span b)
{
	size_t n = a.len < b.len ? a.len : b.len;
	int d = memcmp(a.p, b.p, n);

	return d != 0 ? d : (a.len > b.len) - (a.len < b.len);
}

/* By name, then value: "id" comes before "id-type" although '-' sorts before '='. */
static int
param_cmp(const void *x, const void *y)
{
	const struct param *a = x, *b = y;
	int d = span_cmp(a->name, b->name);

	return d != 0 ? d : span_cmp(a->value, b->value);
}

static struct param
parse_param(const char *p, size_t len)
{
	const char *eq = memchr(p, '=', len);
	size_t name_len = eq != NULL ? (size_t)(eq - p) : len;

	return (struct param){
		.name = { p, name_len },
		.value = { eq != NULL ? eq + 1 : p + len, eq != NULL ? len - name_len - 1 : 0 },
	};
}

static int
put_query(FILE *out, struct span query)
{
	const char *p = query.p, *end = query.p + query.len;
	struct param *params;
	size_t n = 0;

	if (query.len == 0)
		return 0;
	params = calloc(query.len + 1, sizeof(*params));
	if (params == NULL)
		return -1;
	for (;;) {
		const char *amp = memchr(p, '&', (size_t)(end - p));

		params[n++] = parse_param(p, (size_t)((amp != NULL ? amp : end) - p));
		if (amp == NULL)
			break;
		p = amp + 1;
	}
	qsort(params, n, sizeof(*params), param_cmp);
	for (size_t i = 0; i < n; i++)
		(void)fprintf(out, "%s%.*s=%.*s", i != 0 ? "&" : "", (int)params[i].name.len,
		    params[i].name.p, (int)params[i].value.len, params[i].value.p);
	free(params);
	return 0;
}

static int
header_cmp(const void *x, const void *y)
{
	const struct sigv4_header *a = x, *b = y;

	return strcasecmp(a->name, b->name);
}

static void
put_lower(FILE *out, const char *s)
{
	for (; *s != '\0'; s++)
		(void)fputc(*s >= 'A' && *s <= 'Z' ? *s - 'A' + 'a' : *s, out);
}

/* Trimmed at both ends, inner runs of blanks to one. */
static void
put_value(FILE *out, const char *s)
{
	bool blank = false, any = false;

	for (; *s != '\0'; s++) {
		if (*s == ' ' || *s == '\t') {
			blank = true;
			continue;
		}
		if (blank && any)
			(void)fputc(' ', out);
		(void)fputc(*s, out);
		blank = false;
		any = true;
	}
}

static void
put_names(FILE *out, const struct sigv4_header *sorted, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i != 0)
			(void)fputc(';', out);
		put_lower(out, sorted[i].name);
	}
}

static int
sort_headers(const struct sigv4_request *rq, struct sigv4_header sorted[SIGV4_MAX_SIGNED])
{
	if (rq->nheaders == 0 || rq->nheaders > SIGV4_MAX_SIGNED)
		return -1;
	memcpy(sorted, rq->headers, rq->nheaders * sizeof(*sorted));
	qsort(sorted, rq->nheaders, sizeof(*sorted), header_cmp);
	for (size_t i = 1; i < rq->nheaders; i++)
		if (header_cmp(&sorted[i - 1], &sorted[i]) == 0)
			return -1;
	return 0;
}

static int
put_canonical(
    FILE *out, const struct sigv4_request *rq, const struct sigv4_header *sorted, const char *hash)
{
	struct span path, query;

	if (split_url(rq->url, &path, &query) != 0)
		return -1;
	(void)fprintf(out, "%s\n", rq->method);
	put_encoded(out, path, "/");
	(void)fputc('\n', out);
	if (put_query(out, query) != 0)
		return -1;
	(void)fputc('\n', out);
	for (size_t i = 0; i < rq->nheaders; i++) {
		put_lower(out, sorted[i].name);
		(void)fputc(':', out);
		put_value(out, sorted[i].value);
		(void)fputc('\n', out);
	}
	(void)fputc('\n', out);
	put_names(out, sorted, rq->nheaders);
	(void)fprintf(out, "\n%s", hash);
	return 0;
}

static int
make_canonical(
    const struct sigv4_request *rq, const struct sigv4_header *sorted, struct sigv4_signed *out)
{
	size_t len;
	FILE *f;
	int r;

	if (hash_hex(rq->body, rq->body_len, out->payload_hash) != 0)
		return -1;
	f = open_memstream(&out->canonical_request, &len);
	if (f == NULL)
		return -1;
	r = put_canonical(f, rq, sorted, out->payload_hash);
	return fclose(f) != 0 ? -1 : r;
}

static int
make_string_to_sign(const struct sigv4_request *rq, struct sigv4_signed *out)
{
	char hash[SIGV4_HEX_LEN];

	if (hash_hex(out->canonical_request, strlen(out->canonical_request), hash) != 0)
		return -1;
	return asprintf(&out->string_to_sign, ALGORITHM "\n%s\n%.8s/%s/%s/aws4_request\n%s",
		   rq->date, rq->date, rq->region, rq->service, hash) < 0
		   ? -1
		   : 0;
}

static int
make_signature(const struct sigv4_request *rq, struct sigv4_signed *out)
{
	char day[9], *seed = NULL;
	uint8_t k[HASH_LEN], next[HASH_LEN];
	const char *const steps[] = { rq->region, rq->service, "aws4_request",
		out->string_to_sign };
	size_t seed_len;
	int r;

	(void)snprintf(day, sizeof(day), "%.8s", rq->date);
	if (asprintf(&seed, "AWS4%s", rq->secret_key) < 0)
		return -1;
	seed_len = strlen(seed);
	r = hmac(seed, seed_len, day, k);
	for (size_t i = 0; r == 0 && i < sizeof(steps) / sizeof(steps[0]); i++) {
		r = hmac(k, sizeof(k), steps[i], next);
		memcpy(k, next, sizeof(k));
	}
	if (r == 0)
		put_hex(k, out->signature);
	OPENSSL_cleanse(seed, seed_len);
	free(seed);
	OPENSSL_cleanse(k, sizeof(k));
	OPENSSL_cleanse(next, sizeof(next));
	return r;
}

static int
make_authorization(
    const struct sigv4_request *rq, const struct sigv4_header *sorted, struct sigv4_signed *out)
{
	size_t len;
	FILE *f = open_memstream(&out->authorization, &len);

	if (f == NULL)
		return -1;
	(void)fprintf(f,
	    ALGORITHM " Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=", rq->access_key,
	    rq->date, rq->region, rq->service);
	put_names(f, sorted, rq->nheaders);
	(void)fprintf(f, ", Signature=%s", out->signature);
	return fclose(f) != 0 ? -1 : 0;
}

int
sigv4_sign(const struct sigv4_request *rq, struct sigv4_signed *out)
{
	struct sigv4_header sorted[SIGV4_MAX_SIGNED];

	memset(out, 0, sizeof(*out));
	if (sort_headers(rq, sorted) != 0 || make_canonical(rq, sorted, out) != 0 ||
	    make_string_to_sign(rq, out) != 0 || make_signature(rq, out) != 0)
		return -1;
	return make_authorization(rq, sorted, out);
}

void
sigv4_clear(struct sigv4_signed *s)
{
	if (s->canonical_request != NULL)
		OPENSSL_cleanse(s->canonical_request, strlen(s->canonical_request));
	free(s->canonical_request);
	free(s->string_to_sign);
	free(s->authorization);
	memset(s, 0, sizeof(*s));
}
