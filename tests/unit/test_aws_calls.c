/* Every call of provision/aws.h against the stand-in, when nothing goes wrong but the caller. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "provision/aws.h"
#include "tests/unit/test_aws_util.h"

#define POLICY_TEXT "{\"Version\": \"2012-10-17\", \"Statement\": []}"

static struct aws_cert
issue(struct aws *a)
{
	char *csr = make_csr("P-256");
	struct aws_cert c;

	ck_assert_int_eq(aws_create_certificate(a, csr, &c), AWS_OK);
	free(csr);
	return c;
}

static bool
take_name(const char *name, void *arg)
{
	char *out = arg;

	(void)snprintf(out + strlen(out), 512 - strlen(out), "%s ", name);
	return true;
}

START_TEST(the_whole_flow)
{
	struct standin s;
	struct aws *a;
	struct aws_cert c, again;
	char account[13], *text, *arn, *arn2, names[512];

	standin_start(&s, NULL);
	a = open_aws();
	ck_assert_str_eq(aws_region(a), "eu-central-1");
	ck_assert_str_eq(aws_partition(a), "aws");
	said_begin();
	ck_assert_int_eq(aws_caller_account(a, account), AWS_OK);
	ck_assert_str_eq(account, "123456789012");

	ck_assert_int_eq(aws_get_policy(a, "p+=,.@-x", &text), AWS_NOT_FOUND);
	ck_assert_ptr_null(text);
	ck_assert_int_eq(aws_create_policy(a, "p+=,.@-x", POLICY_TEXT), AWS_OK);
	ck_assert_int_eq(aws_create_policy(a, "p+=,.@-x", POLICY_TEXT), AWS_EXISTS);
	ck_assert_int_eq(aws_get_policy(a, "p+=,.@-x", &text), AWS_OK);
	ck_assert_str_eq(text, POLICY_TEXT);
	free(text);

	ck_assert_int_eq(aws_describe_thing(a, "line:7", &arn), AWS_NOT_FOUND);
	ck_assert_int_eq(aws_create_thing(a, "line:7", &arn), AWS_OK);
	ck_assert_str_eq(arn, "arn:aws:iot:eu-central-1:123456789012:thing/line:7");
	ck_assert_int_eq(aws_create_thing(a, "line:7", &arn2), AWS_OK);
	ck_assert_str_eq(arn, arn2);
	free(arn2);
	ck_assert_int_eq(aws_describe_thing(a, "line:7", &arn2), AWS_OK);
	ck_assert_str_eq(arn, arn2);
	free(arn2);
	free(arn);

	c = issue(a);
	ck_assert_ptr_nonnull(strstr(c.pem, "BEGIN CERTIFICATE"));
	ck_assert_int_eq(aws_describe_certificate(a, c.id, &again), AWS_OK);
	ck_assert_str_eq(again.status, "INACTIVE");
	ck_assert_str_eq(again.pem, c.pem);
	ck_assert_str_eq(again.arn, c.arn);
	ck_assert(again.created > 1.6e9);
	aws_cert_clear(&again);

	/* Twice each: attaching what is attached is a success. */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(aws_attach_policy(a, "p+=,.@-x", c.arn), AWS_OK);
		ck_assert_int_eq(aws_attach_thing(a, "line:7", c.arn), AWS_OK);
		ck_assert_int_eq(aws_update_certificate(a, c.id, "ACTIVE"), AWS_OK);
	}
	names[0] = '\0';
	ck_assert_int_eq(aws_list_attached_policies(a, c.arn, take_name, names), AWS_OK);
	ck_assert_int_eq(aws_list_principal_things(a, c.arn, take_name, names), AWS_OK);
	ck_assert_str_eq(names, "p+=,.@-x line:7 ");
	ck_assert_int_eq(aws_data_endpoint(a, &text), AWS_OK);
	ck_assert_str_eq(text, "a1b2c3d4e5f6g7-ats.iot.eu-central-1.amazonaws.com");
	free(text);
	ck_assert_str_eq(said_end(), "");

	/* Undone in the wrong order, then in the right one, then once more. */
	SAYS(aws_delete_certificate(a, c.id), AWS_FAILED);
	heard("CertificateStateException");
	heard("request id");
	ck_assert_int_eq(aws_update_certificate(a, c.id, "INACTIVE"), AWS_OK);
	SAYS(aws_delete_certificate(a, c.id), AWS_FAILED);
	heard("DeleteConflictException");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(aws_detach_thing(a, "line:7", c.arn), AWS_OK);
		ck_assert_int_eq(aws_detach_policy(a, "p+=,.@-x", c.arn), AWS_OK);
	}
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(aws_delete_certificate(a, c.id), AWS_OK);
	aws_cert_clear(&c);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

struct seen {
	char ids[16][65];
	size_t n, stop_at;
};

static bool
take_cert(const struct aws_cert *c, void *arg)
{
	struct seen *seen = arg;

	ck_assert_ptr_null(c->pem);
	ck_assert_str_eq(c->status, "INACTIVE");
	(void)snprintf(seen->ids[seen->n++], sizeof(seen->ids[0]), "%s", c->id);
	return seen->n != seen->stop_at;
}

START_TEST(lists_go_through_all_pages)
{
	struct standin s;
	struct aws *a;
	struct aws_cert c[5];
	struct seen seen = { 0 };
	char name[16], names[512] = "", *arn;

	standin_start(&s, "--page-size", "2", NULL);
	a = open_aws();
	for (size_t i = 0; i < 5; i++) {
		c[i] = issue(a);
		(void)snprintf(name, sizeof(name), "t%zu", i);
		ck_assert_int_eq(aws_create_thing(a, name, &arn), AWS_OK);
		free(arn);
		ck_assert_int_eq(aws_attach_thing(a, name, c[0].arn), AWS_OK);
		ck_assert_int_eq(aws_create_policy(a, name, POLICY_TEXT), AWS_OK);
		ck_assert_int_eq(aws_attach_policy(a, name, c[0].arn), AWS_OK);
	}
	ck_assert_int_eq(aws_list_certificates(a, take_cert, &seen), AWS_OK);
	ck_assert_uint_eq(seen.n, 5);
	for (size_t i = 0; i < 5; i++)
		ck_assert_str_eq(seen.ids[i], c[4 - i].id); /* newest first */
	ck_assert_uint_eq(standin_count(&s, "ListCertificates"), 3);
	seen = (struct seen){ .stop_at = 2 };
	ck_assert_int_eq(aws_list_certificates(a, take_cert, &seen), AWS_OK);
	ck_assert_uint_eq(seen.n, 2);
	ck_assert_uint_eq(standin_count(&s, "ListCertificates"), 4);
	ck_assert_int_eq(aws_list_principal_things(a, c[0].arn, take_name, names), AWS_OK);
	ck_assert_int_eq(aws_list_attached_policies(a, c[0].arn, take_name, names), AWS_OK);
	ck_assert_str_eq(names, "t0 t1 t2 t3 t4 t0 t1 t2 t3 t4 ");
	for (size_t i = 0; i < 5; i++)
		aws_cert_clear(&c[i]);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

/* The stand-in's certificates have the structure of Amazon's: lengths rebuilt from published ones.
 */
START_TEST(certificates_are_as_long_as_amazons)
{
	static const struct {
		const char *key_type;
		int der_len;
	} sizes[] = { { "P-256", 641 }, { "P-384", 670 }, { "P-521", 708 }, { "RSA-2048", 844 } };
	struct standin s;
	struct aws *a;
	struct aws_cert c;
	char *csr = make_csr(sizes[_i].key_type);
	BIO *bio;
	X509 *cert;

	standin_start(&s, NULL);
	a = open_aws();
	ck_assert_int_eq(aws_create_certificate(a, csr, &c), AWS_OK);
	bio = BIO_new_mem_buf(c.pem, -1);
	cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	ck_assert_ptr_nonnull(cert);
	ck_assert_int_eq(i2d_X509(cert, NULL), sizes[_i].der_len);
	X509_free(cert);
	BIO_free(bio);
	free(csr);
	aws_cert_clear(&c);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(the_cloud_refuses_and_says_why)
{
	static const char *const bad_keys[] = { "brainpoolP256r1", "secp256k1", "RSA-1024" };
	struct standin s;
	struct aws *a;
	struct aws_cert c, cert;
	char name[16], *csr;

	standin_start(&s, NULL);
	a = open_aws();
	cert = issue(a);
	for (size_t i = 0; i < sizeof(bad_keys) / sizeof(bad_keys[0]); i++) {
		csr = make_csr(bad_keys[i]);
		SAYS(aws_create_certificate(a, csr, &c), AWS_FAILED);
		heard("CreateCertificateFromCsr failed: InvalidRequestException");
		free(csr);
	}
	SAYS(aws_create_certificate(a, "no PEM", &c), AWS_FAILED);
	SAYS(aws_create_certificate(a, "\xff", &c), AWS_FAILED);
	heard("not UTF-8");
	ck_assert_ptr_null(c.pem);
	SAYS(aws_create_policy(a, "p", "{}"), AWS_FAILED);
	heard("CreatePolicy \"p\" failed: MalformedPolicyException");
	heard("hint: the policy document");
	SAYS(aws_update_certificate(a, cert.id, "GONE"), AWS_FAILED);
	SAYS(aws_attach_thing(a, "t", "arn with blank"), AWS_FAILED);
	for (int i = 0; i < 11; i++) {
		(void)snprintf(name, sizeof(name), "p%d", i);
		ck_assert_int_eq(aws_create_policy(a, name, POLICY_TEXT), AWS_OK);
		SAYS(aws_attach_policy(a, name, cert.arn), i < 10 ? AWS_OK : AWS_FAILED);
	}
	heard("LimitExceededException");
	heard("(status 410, request id ");
	ck_assert_uint_eq(standin_count(&s, "AttachPolicy"), 11); /* final: not repeated */
	aws_cert_clear(&cert);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

#define TOKEN "StandInToken//With+Slash/Plus+And=Equals=="

/* Keys right and wrong, and the hint for each. */
static const struct {
	const char *id, *secret, *token;
	const char *said; /* NULL: accepted */
	const char *hint;
} keys[] = {
	{ "AKIASTANDIN000000001", "StandIn+Secret/Key=00000000000000000001", NULL, NULL, NULL },
	{ "ASIASTANDIN000000002", "StandIn+Secret/Key=00000000000000000002", TOKEN, NULL, NULL },
	{ "ASIASTANDIN000000002", "StandIn+Secret/Key=00000000000000000002", NULL,
	    "UnrecognizedClientException", "AWS_SESSION_TOKEN" },
	{ "AKIASTANDIN000000009", "StandIn+Secret/Key=00000000000000000001", NULL,
	    "UnrecognizedClientException", "check the access key ID" },
	{ "AKIASTANDIN000000001", "notTheSecret", NULL, "InvalidSignatureException",
	    "the secret access key is wrong" },
	{ "ASIASTANDIN000000002", "notTheSecret", TOKEN, "InvalidSignatureException",
	    "the secret access key is wrong" },
};

START_TEST(keys_are_judged)
{
	struct standin s;
	struct aws *a;
	char *arn, account[13];
	enum aws_result want = keys[_i].said == NULL ? AWS_OK : AWS_FAILED;

	standin_start(&s, NULL);
	(void)setenv("AWS_ACCESS_KEY_ID", keys[_i].id, 1);
	(void)setenv("AWS_SECRET_ACCESS_KEY", keys[_i].secret, 1);
	if (keys[_i].token != NULL)
		(void)setenv("AWS_SESSION_TOKEN", keys[_i].token, 1);
	a = open_aws();
	SAYS(aws_create_thing(a, "t", &arn), want);
	if (want != AWS_OK) {
		heard(keys[_i].said);
		heard(keys[_i].hint);
		ck_assert_ptr_null(strstr(said_last(), TOKEN));
		ck_assert_ptr_null(strstr(said_last(), keys[_i].secret));
	}
	free(arn);
	SAYS(aws_caller_account(a, account), want);
	if (want != AWS_OK)
		heard(keys[_i].hint);
	ck_assert_uint_eq(standin_count(&s, NULL), 2);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(options_go_before_the_environment)
{
	struct standin s;
	struct aws *a;
	struct aws_options o = { .profile = "station", .region = "eu-central-1" };
	char config[512], *arn;

	standin_start(&s, NULL);
	o.endpoint_url = s.url;
	o.ca_bundle = s.ca;
	write_home(".aws/credentials", "[station]\n"
				       "aws_access_key_id = AKIASTANDIN000000001\n"
				       "aws_secret_access_key = "
				       "StandIn+Secret/Key=00000000000000000001\n");
	(void)setenv("AWS_ACCESS_KEY_ID", "AKIAWRONG", 1);
	(void)setenv("AWS_REGION", "us-east-1", 1);
	(void)setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:1", 1);
	(void)setenv("AWS_CA_BUNDLE", "/dev/null", 1);
	ck_assert_int_eq(aws_open(&o, &a), AWS_OK);
	SAYS(aws_create_thing(a, "t", &arn), AWS_OK);
	free(arn);
	aws_close(&a);
	/* The same from the config file alone. */
	(void)unsetenv("AWS_ACCESS_KEY_ID");
	(void)unsetenv("AWS_SECRET_ACCESS_KEY");
	(void)unsetenv("AWS_REGION");
	(void)unsetenv("AWS_ENDPOINT_URL");
	(void)unsetenv("AWS_CA_BUNDLE");
	(void)snprintf(config, sizeof(config),
	    "[profile station]\nregion = eu-central-1\nca_bundle = %s\nservices = local\n"
	    "[services local]\niot =\n  endpoint_url = %s\n",
	    s.ca, s.url);
	write_home(".aws/config", config);
	(void)setenv("AWS_PROFILE", "station", 1);
	a = open_aws();
	SAYS(aws_create_thing(a, "t", &arn), AWS_OK);
	free(arn);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(plain_http_works_on_loopback)
{
	struct standin s;
	struct aws *a;
	char *arn;

	standin_start(&s, "--plain", NULL);
	(void)setenv("HTTP_PROXY", "http://127.0.0.1:1", 1);
	(void)setenv("http_proxy", "http://127.0.0.1:1", 1);
	a = open_aws();
	SAYS(aws_create_thing(a, "t", &arn), AWS_OK);
	free(arn);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(names_are_checked)
{
	static const struct {
		const char *name;
		bool thing, policy;
		const char *said;
	} names[] = {
		{ "my_thing-1", true, true, "" },
		{ "line:7", true, false, "the character \":\"" },
		{ "a b", false, false, "the byte 0x20 at position 2" },
		{ "a.b", false, true, "the character \".\"" },
		{ "caf\xc3\xa9", false, false, "the byte 0xC3" },
		{ "a/b", false, false, "the character \"/\"" },
		{ "", false, false, "has 0 characters" },
		{ ".", false, false, "" },
		{ "..", false, false, "" },
		{ "...", false, true, "" },
	};
	char longest[130];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		said_begin();
		ck_assert_int_eq(aws_thing_name_ok(names[i].name), names[i].thing);
		ck_assert_int_eq(aws_policy_name_ok(names[i].name), names[i].policy);
		(void)said_end();
		heard(names[i].said);
	}
	memset(longest, 'a', sizeof(longest));
	longest[128] = '\0';
	ck_assert(aws_thing_name_ok(longest));
	longest[128] = 'a';
	longest[129] = '\0';
	said_begin();
	ck_assert(!aws_thing_name_ok(longest));
	(void)said_end();
	heard("has 129 characters");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("awscalls");
	TCase *tc = tcase_create("awscalls");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_whole_flow);
	tcase_add_test(tc, lists_go_through_all_pages);
	tcase_add_loop_test(tc, certificates_are_as_long_as_amazons, 0, 4);
	tcase_add_test(tc, the_cloud_refuses_and_says_why);
	tcase_add_loop_test(tc, keys_are_judged, 0, (int)(sizeof(keys) / sizeof(keys[0])));
	tcase_add_test(tc, options_go_before_the_environment);
	tcase_add_test(tc, plain_http_works_on_loopback);
	tcase_add_test(tc, names_are_checked);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	standin_forget();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
