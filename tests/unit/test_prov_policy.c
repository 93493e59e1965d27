/* Policy documents: templates filled in, refused, and those that go too far. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/policy.h"
#include "tests/unit/test_prov_util.h"

#define REGION  "eu-central-1"
#define ACCOUNT "123456789012"
#define ARN     "arn:aws:iot:" REGION ":" ACCOUNT ":"

static const char *
shipped(const char *name)
{
	static char path[4096];
	const char *top = getenv("top_srcdir");

	(void)snprintf(path, sizeof(path), "%s/%s", top != NULL ? top : ".", name);
	return path;
}

START_TEST(templates_are_filled_in)
{
	char *text;

	scratch_write("p", "{ \"Resource\": \"arn:aws:iot:<aws-region>:<aws-account-id>:*\","
			   " \"r\": \"<aws-region><aws-region>\" }");
	text = policy_make(scratch_file("p"), "aws", REGION, ACCOUNT);
	ck_assert_ptr_nonnull(text);
	ck_assert(policy_equal(text, "{\"r\":\"eu-central-1eu-central-1\","
				     "\"Resource\":\"arn:aws:iot:eu-central-1:123456789012:*\"}"));
	free(text);

	text = policy_make(NULL, "aws-cn", "cn-north-1", ACCOUNT);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(strstr(text, "arn:aws-cn:iot:cn-north-1:123456789012:client/"));
	ck_assert_ptr_null(strstr(text, "<aws"));
	ck_assert_str_eq(said(), "");
	free(text);
}
END_TEST

START_TEST(what_cannot_be_is_refused)
{
	static char big[4096];
	const char *file = scratch_file("p");

	scratch_write("p", "{ oops }");
	ck_assert_ptr_null(policy_make(file, "aws", REGION, "1"));
	ck_assert_ptr_nonnull(strstr(said(), "line 1, column"));
	scratch_write("p", "[]");
	ck_assert_ptr_null(policy_make(file, "aws", REGION, "1"));
	ck_assert_ptr_nonnull(strstr(said(), "must be a JSON object"));
	(void)snprintf(big, sizeof(big), "{ \"a\": \"%02100d\" }", 0);
	scratch_write("p", big);
	ck_assert_ptr_null(policy_make(file, "aws", REGION, "1"));
	ck_assert_ptr_nonnull(strstr(said(), "AWS IoT takes 2048"));
	ck_assert(!policy_equal("{}", "{\"a\":1}"));
	ck_assert(!policy_equal("{}", "x"));
}
END_TEST

/* What is installed is what is used without --policy-file. */
START_TEST(shipped_templates_are_what_they_are_called)
{
	char *own = policy_make(NULL, "aws", REGION, ACCOUNT), *text;

	text =
	    policy_make(shipped("provision/policies/least-privilege.json"), "aws", REGION, ACCOUNT);
	ck_assert_ptr_nonnull(own);
	ck_assert_ptr_nonnull(text);
	ck_assert(policy_equal(own, text));
	ck_assert_str_eq(said(), "");
	free(text);
	text = policy_make(shipped("provision/policies/wildcard.json"), "aws", REGION, ACCOUNT);
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(strstr(said(),
	    "statement 1 (\"EverythingInTheAccount\") reaches beyond the thing's own name: \"" ARN
	    "*\""));
	ck_assert_ptr_nonnull(strstr(said(), "hint: "));
	free(text);
	free(own);
}
END_TEST

/* The vendor's own file, byte for byte. */
START_TEST(vendors_template_works_and_warns)
{
	char *text =
	    policy_make(shipped("tests/vectors/vendor-policy.json"), "aws", REGION, ACCOUNT);

	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_null(strstr(text, "<aws"));
	for (int i = 1; i <= 4; i++) {
		char want[64];

		(void)snprintf(want, sizeof(want), "statement %d reaches beyond", i);
		ck_assert_msg(strstr(said(), want) != NULL, "%s", said());
	}
	free(text);
}
END_TEST

static const struct {
	const char *statement;
	const char *said; /* NULL: nothing */
} statements[] = {
	{ "{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"*\"}",
	    "statement 1 reaches beyond the thing's own name: \"*\"" },
	{ "[{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"" ARN "client/x\"},"
	  "{\"Effect\":\"Allow\",\"Action\":\"iot:Publish\",\"Resource\":[\"" ARN "topic/x\",\"" ARN
	  "topic/*\"]}]",
	    "statement 2 reaches beyond the thing's own name: \"" ARN "topic/*\"" },
	{ "{\"Sid\":\"Any\",\"Effect\":\"Allow\",\"Action\":[\"iot:*\"],\"Resource\":\"" ARN
	  "topic/x\"}",
	    "statement 1 (\"Any\") allows every action: \"iot:*\"" },
	{ "{\"Effect\":\"Allow\",\"Action\":\"*\",\"Resource\":\"" ARN "topic/x\"}",
	    "allows every action: \"*\"" },
	{ "{\"Effect\":\"Allow\",\"NotAction\":\"iot:Publish\",\"Resource\":\"" ARN "topic/x\"}",
	    "allows all but a few" },
	{ "{\"Effect\":\"Allow\",\"Action\":\"iot:Publish\",\"Resource\":\"" ARN "topicfilter/*\"}",
	    "topicfilter/*" },
	{ "{\"Effect\":\"Deny\",\"Action\":\"*\",\"Resource\":\"*\"}", NULL },
	{ "{\"Effect\":\"Allow\",\"Action\":\"iot:Publish\",\"Resource\":\"" ARN
	  "topic/${iot:Connection.Thing.ThingName}/*\"}",
	    NULL },
	{ "{\"Effect\":\"Allow\",\"Action\":7,\"Resource\":{\"a\":1}}", NULL },
	{ "7", NULL },
};

START_TEST(wide_statements_are_named)
{
	char text[1024], *made;

	(void)snprintf(text, sizeof(text), "{\"Version\":\"2012-10-17\",\"Statement\":%s}",
	    statements[_i].statement);
	scratch_write("p", text);
	made = policy_make(scratch_file("p"), "aws", REGION, ACCOUNT);
	ck_assert_ptr_nonnull(made);
	free(made);
	if (statements[_i].said == NULL)
		ck_assert_str_eq(said(), "");
	else
		ck_assert_msg(strstr(said(), statements[_i].said) != NULL, "%s", said());
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("policy");

	tcase_add_test(tc, templates_are_filled_in);
	tcase_add_test(tc, what_cannot_be_is_refused);
	tcase_add_test(tc, shipped_templates_are_what_they_are_called);
	tcase_add_test(tc, vendors_template_works_and_warns);
	tcase_add_loop_test(
	    tc, wide_statements_are_named, 0, (int)(sizeof(statements) / sizeof(statements[0])));
	return run_case("provision/policy", tc);
}
