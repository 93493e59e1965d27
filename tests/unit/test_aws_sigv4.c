/*
 * The signer against vectors that three other implementations agree on: each step is compared, so
 * that a failure names the broken one.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <jansson.h>

#include "provision/sigv4.h"

#define NVECTORS 44

static json_t *vectors;

static const char *
text(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static void
load(void)
{
	const char *src = getenv("top_srcdir");
	char path[4096];

	(void)snprintf(
	    path, sizeof(path), "%s/tests/vectors/sigv4-vectors.json", src != NULL ? src : ".");
	vectors = json_load_file(path, 0, NULL);
	ck_assert_msg(json_array_size(vectors) == NVECTORS, "%s: not 44 vectors", path);
}

static void
unload(void)
{
	json_decref(vectors);
}

static size_t
take_headers(json_t *o, struct sigv4_header out[SIGV4_MAX_SIGNED])
{
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach(o, name, value)
	{
		ck_assert_uint_lt(n, SIGV4_MAX_SIGNED);
		out[n++] = (struct sigv4_header){ name, json_string_value(value) };
	}
	return n;
}

static struct sigv4_request
request_of(const json_t *v, struct sigv4_header headers[SIGV4_MAX_SIGNED])
{
	const json_t *creds = json_object_get(v, "credentials");
	const char *body = text(v, "body");

	return (struct sigv4_request){
		.method = text(v, "method"),
		.url = text(v, "url"),
		.headers = headers,
		.nheaders = take_headers(json_object_get(v, "headers"), headers),
		.body = body,
		.body_len = body != NULL ? strlen(body) : 0,
		.date = text(v, "date"),
		.region = text(v, "region"),
		.service = text(v, "service"),
		.access_key = text(creds, "access_key"),
		.secret_key = text(creds, "secret_key"),
	};
}

START_TEST(every_vector_is_signed)
{
	const json_t *v = json_array_get(vectors, (size_t)_i);
	struct sigv4_header headers[SIGV4_MAX_SIGNED];
	struct sigv4_request rq = request_of(v, headers);
	struct sigv4_signed s;

	ck_assert_msg(sigv4_sign(&rq, &s) == 0, "%s", text(v, "name"));
	ck_assert_str_eq(s.payload_hash, text(v, "payload_sha256"));
	ck_assert_str_eq(s.canonical_request, text(v, "canonical_request"));
	ck_assert_str_eq(s.string_to_sign, text(v, "string_to_sign"));
	ck_assert_str_eq(s.signature, text(v, "signature"));
	ck_assert_str_eq(s.authorization, text(v, "authorization"));
	sigv4_clear(&s);
	ck_assert_ptr_null(s.authorization);
}
END_TEST

/* Headers come in any order; what is signed must not depend on it. */
START_TEST(order_of_headers_is_free)
{
	const json_t *v = json_array_get(vectors, (size_t)_i);
	struct sigv4_header headers[SIGV4_MAX_SIGNED], turned[SIGV4_MAX_SIGNED];
	struct sigv4_request rq = request_of(v, headers);
	struct sigv4_signed s;

	for (size_t i = 0; i < rq.nheaders; i++)
		turned[i] = headers[rq.nheaders - 1 - i];
	rq.headers = turned;
	ck_assert_int_eq(sigv4_sign(&rq, &s), 0);
	ck_assert_str_eq(s.authorization, text(v, "authorization"));
	sigv4_clear(&s);
}
END_TEST

START_TEST(refuses_what_it_cannot_sign)
{
	struct sigv4_header h[SIGV4_MAX_SIGNED + 1] = { { "Host", "x" }, { "host", "y" } };
	struct sigv4_request rq = { .method = "GET",
		.url = "https://x/",
		.headers = h,
		.nheaders = 2,
		.date = "20260115T123456Z",
		.region = "r",
		.service = "s",
		.access_key = "a",
		.secret_key = "k" };
	struct sigv4_signed s;

	ck_assert_int_eq(sigv4_sign(&rq, &s), -1); /* twice the same header */
	sigv4_clear(&s);
	rq.nheaders = 1;
	rq.url = "https:///x";
	ck_assert_int_eq(sigv4_sign(&rq, &s), -1);
	sigv4_clear(&s);
	rq.url = "x/y";
	ck_assert_int_eq(sigv4_sign(&rq, &s), -1);
	sigv4_clear(&s);
	rq.url = "https://x/";
	rq.nheaders = SIGV4_MAX_SIGNED + 1;
	ck_assert_int_eq(sigv4_sign(&rq, &s), -1);
	sigv4_clear(&s);
	rq.nheaders = 0;
	ck_assert_int_eq(sigv4_sign(&rq, &s), -1);
	sigv4_clear(&s);
}
END_TEST

START_TEST(encoding_keeps_only_unreserved)
{
	char all[256], *enc;
	size_t plain = 0;

	for (int c = 1; c < 256; c++)
		all[c - 1] = (char)c;
	all[255] = '\0';
	enc = sigv4_encode(all);
	for (const char *p = enc; *p != '\0'; p++)
		if (*p == '%')
			p += 2;
		else
			plain++;
	ck_assert_uint_eq(plain, 26 + 26 + 10 + 4);
	ck_assert_uint_eq(strlen(enc), plain + 3 * (255 - plain));
	free(enc);
	enc = sigv4_encode("a b/c:~\xc3\xa9");
	ck_assert_str_eq(enc, "a%20b%2Fc%3A~%C3%A9");
	free(enc);
}
END_TEST

START_TEST(date_is_utc)
{
	char date[SIGV4_DATE_LEN];

	(void)setenv("TZ", "Pacific/Kiritimati", 1);
	sigv4_date(1768480496, date);
	ck_assert_str_eq(date, "20260115T123456Z");
	sigv4_date(0, date);
	ck_assert_str_eq(date, "19700101T000000Z");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sigv4");
	TCase *tc = tcase_create("sigv4");
	SRunner *sr;
	int failed;

	tcase_add_unchecked_fixture(tc, load, unload);
	tcase_add_loop_test(tc, every_vector_is_signed, 0, NVECTORS);
	tcase_add_loop_test(tc, order_of_headers_is_free, 0, NVECTORS);
	tcase_add_test(tc, refuses_what_it_cannot_sign);
	tcase_add_test(tc, encoding_keeps_only_unreserved);
	tcase_add_test(tc, date_is_utc);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
