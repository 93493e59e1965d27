/*
 * The stand-in's own check of signatures: it accepts the vectors of other implementations, and
 * nothing that differs from them in one bit.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <check.h>
#include <jansson.h>

#include "tests/standin/standin.h"

#define NVECTORS 44

static json_t *vectors;

/* A request as it would have been received, from a vector. */
struct received {
	struct si_request rq;
	struct si_auth auth;
	struct si_key key;
	char text[16384];
	size_t used;
};

static const char *
text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s != NULL ? s : "";
}

static void
load(void)
{
	const char *src = getenv("top_srcdir");
	char path[4096];

	(void)snprintf(
	    path, sizeof(path), "%s/tests/vectors/sigv4-vectors.json", src != NULL ? src : ".");
	vectors = json_load_file(path, 0, NULL);
	ck_assert_uint_eq(json_array_size(vectors), NVECTORS);
}

static void
unload(void)
{
	json_decref(vectors);
}

static char *
put(struct received *r, const char *s)
{
	char *at = r->text + r->used;

	r->used += strlen(s) + 1;
	ck_assert_uint_le(r->used, sizeof(r->text));
	memcpy(at, s, strlen(s) + 1);
	return at;
}

static struct si_header *
add_header(struct received *r, const char *name, const char *value)
{
	struct si_header *h = &r->rq.headers[r->rq.nheaders++];

	h->name = put(r, name);
	for (char *p = h->name; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
	h->value = put(r, value);
	return h;
}

static time_t
time_of(const char *date)
{
	struct tm tm = { 0 };

	ck_assert_ptr_nonnull(strptime(date, "%Y%m%dT%H%M%SZ", &tm));
	return timegm(&tm);
}

static void
receive(struct received *r, int index)
{
	const json_t *v = json_array_get(vectors, (size_t)index), *creds;
	const char *url = text_of(v, "url"), *path, *name;
	json_t *value;

	memset(r, 0, sizeof(*r));
	creds = json_object_get(v, "credentials");
	path = strstr(url, "://") + 3;
	path += strcspn(path, "/?");
	r->rq.method = put(r, text_of(v, "method"));
	r->rq.target = put(r, *path != '\0' ? path : "/");
	json_object_foreach(json_object_get(v, "headers"), name, value)(void)
	    add_header(r, name, json_string_value(value));
	(void)add_header(r, "Authorization", text_of(v, "authorization"));
	(void)add_header(r, "User-Agent", "not signed");
	r->rq.body = put(r, text_of(v, "body"));
	r->rq.body_len = strlen(r->rq.body);
	(void)snprintf(r->key.id, sizeof(r->key.id), "%s", text_of(creds, "access_key"));
	(void)snprintf(r->key.secret, sizeof(r->key.secret), "%s", text_of(creds, "secret_key"));
	(void)snprintf(r->key.token, sizeof(r->key.token), "%s", text_of(creds, "session_token"));
	r->auth = (struct si_auth){ .keys = &r->key,
		.nkeys = 1,
		.region = text_of(v, "region"),
		.service = text_of(v, "service"),
		.now = time_of(text_of(v, "date")) };
}

static struct si_header *
header(struct received *r, const char *name)
{
	for (size_t i = 0; i < r->rq.nheaders; i++)
		if (strcmp(r->rq.headers[i].name, name) == 0)
			return &r->rq.headers[i];
	ck_abort_msg("no header %s", name);
	return NULL;
}

static void
assert_refused(struct received *r, const char *code)
{
	struct si_refusal why = { 0 };

	ck_assert_msg(!si_sig_check(&r->auth, &r->rq, &why), "accepted, should be %s", code);
	ck_assert_str_eq(why.code, code);
	ck_assert_int_eq(why.status, 403);
}

START_TEST(every_vector_is_accepted)
{
	struct received r;
	struct si_refusal why = { 0 };

	receive(&r, _i);
	ck_assert_msg(si_sig_check(&r.auth, &r.rq, &why), "%s: %s",
	    text_of(json_array_get(vectors, (size_t)_i), "name"), why.message);
}
END_TEST

/* Each of the 256 bits of the signature, for every vector. */
START_TEST(no_flipped_bit_is_accepted)
{
	static const char digits[] = "0123456789abcdef";
	struct received r;
	char *sig;

	receive(&r, _i);
	sig = strstr(header(&r, "authorization")->value, "Signature=") + strlen("Signature=");
	for (int bit = 0; bit < 256; bit++) {
		char was = sig[bit / 4];

		sig[bit / 4] = digits[(strchr(digits, was) - digits) ^ (1 << bit % 4)];
		assert_refused(&r, "InvalidSignatureException");
		sig[bit / 4] = was;
	}
}
END_TEST

START_TEST(changed_requests_are_refused)
{
	struct received r;

	receive(&r, _i);
	r.rq.target[strlen(r.rq.target) - 1] ^= 1;
	assert_refused(&r, "InvalidSignatureException");
	receive(&r, _i);
	r.rq.method[0] ^= 1;
	assert_refused(&r, "InvalidSignatureException");
	receive(&r, _i);
	r.rq.body[r.rq.body_len++] = ' ';
	assert_refused(&r, "InvalidSignatureException");
	receive(&r, _i);
	r.key.secret[0] ^= 1;
	assert_refused(&r, "InvalidSignatureException");
	receive(&r, _i);
	header(&r, "host")->value[0] ^= 1;
	assert_refused(&r, "InvalidSignatureException");
}
END_TEST

START_TEST(the_rules_are_strict)
{
	struct received r;

	receive(&r, _i);
	r.key.id[0] ^= 1;
	assert_refused(&r, "UnrecognizedClientException");
	receive(&r, _i);
	(void)strcat(r.key.token, "x");
	assert_refused(&r, "UnrecognizedClientException");
	receive(&r, _i);
	r.auth.region = "xx-south-1";
	assert_refused(&r, "InvalidSignatureException");
	receive(&r, _i);
	r.auth.service = "s3";
	assert_refused(&r, "InvalidSignatureException");
	receive(&r, _i);
	r.auth.now += 301;
	assert_refused(&r, "InvalidSignatureException");
	receive(&r, _i);
	r.auth.now -= 301;
	assert_refused(&r, "InvalidSignatureException");
	receive(&r, _i);
	(void)add_header(&r, "X-Amz-Extra", "1");
	assert_refused(&r, "InvalidSignatureException");
	receive(&r, _i);
	(void)add_header(&r, "x-amzn-extra-2", "1");
	assert_refused(&r, "InvalidSignatureException");
	receive(&r, _i);
	(void)add_header(&r, "host", header(&r, "host")->value);
	assert_refused(&r, "InvalidSignatureException");
	receive(&r, _i);
	header(&r, "authorization")->value[3] ^= 1;
	assert_refused(&r, "IncompleteSignature");
	receive(&r, _i);
	header(&r, "authorization")->name[0] ^= 1;
	assert_refused(&r, "MissingAuthenticationTokenException");
}
END_TEST

START_TEST(five_minutes_are_tolerated)
{
	struct received r;
	struct si_refusal why;

	receive(&r, _i);
	r.auth.now += 299;
	ck_assert(si_sig_check(&r.auth, &r.rq, &why));
	r.auth.now -= 2 * 299;
	ck_assert(si_sig_check(&r.auth, &r.rq, &why));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("checker");
	TCase *tc = tcase_create("checker");
	SRunner *sr;
	int failed;

	tcase_add_unchecked_fixture(tc, load, unload);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, every_vector_is_accepted, 0, NVECTORS);
	tcase_add_loop_test(tc, no_flipped_bit_is_accepted, 0, NVECTORS);
	tcase_add_loop_test(tc, changed_requests_are_refused, 0, NVECTORS);
	tcase_add_loop_test(tc, the_rules_are_strict, 0, NVECTORS);
	tcase_add_loop_test(tc, five_minutes_are_tolerated, 0, NVECTORS);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
