/* Error answers: how the code is found, what is done about it, and what is shown of it. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>

#include "provision/awserr.h"

static const struct row {
	long status;
	const char *header; /* x-amzn-ErrorType */
	const char *body;
	const char *code;
	const char *message;
	enum aws_action action;
} rows[] = {
	/* where the code comes from, and how it is cut */
	{ 404, "ResourceNotFoundException:", "{\"message\":\"Not Found\",\"traceId\":\"4b\"}",
	    "ResourceNotFoundException", "Not Found", AWS_ACT_NOT_FOUND },
	{ 404, "ResourceNotFoundException:http://internal.amazon.com/x", "{}",
	    "ResourceNotFoundException", "", AWS_ACT_NOT_FOUND },
	{ 400, "", "{\"code\":\"ThrottlingException\",\"Message\":\"Rate exceeded\"}",
	    "ThrottlingException", "Rate exceeded", AWS_ACT_THROTTLED },
	{ 400, "",
	    "{\"__type\":\"com.amazonaws.iot#ThrottlingException\",\"errorMessage\":\"slow\"}",
	    "ThrottlingException", "slow", AWS_ACT_THROTTLED },
	{ 400, "aws.iot#InvalidRequestException:", "{\"code\":\"Other\",\"message\":\"m\"}",
	    "InvalidRequestException", "m", AWS_ACT_FAIL },
	/* throttling: by code first */
	{ 400, "ThrottlingException", "{}", "ThrottlingException", "", AWS_ACT_THROTTLED },
	{ 400, "Throttling", "", "Throttling", "", AWS_ACT_THROTTLED },
	{ 429, "TooManyRequestsException", "", "TooManyRequestsException", "", AWS_ACT_THROTTLED },
	{ 429, "ThrottledException", "", "ThrottledException", "", AWS_ACT_THROTTLED },
	{ 400, "RequestThrottled", "", "RequestThrottled", "", AWS_ACT_THROTTLED },
	{ 503, "SlowDown", "", "SlowDown", "", AWS_ACT_THROTTLED },
	{ 429, "", "", "", "", AWS_ACT_THROTTLED },
	{ 408, "RequestTimeout", "", "RequestTimeout", "", AWS_ACT_THROTTLED },
	{ 408, "", "", "", "", AWS_ACT_THROTTLED },
	/* the server's own trouble */
	{ 500, "InternalFailureException", "", "InternalFailureException", "", AWS_ACT_SERVER },
	{ 503, "ServiceUnavailableException", "", "ServiceUnavailableException", "",
	    AWS_ACT_SERVER },
	{ 500, "", "", "", "", AWS_ACT_SERVER },
	{ 502, "", "<html>bad gateway</html>", "", "", AWS_ACT_SERVER },
	{ 503, "", "<html>", "", "", AWS_ACT_SERVER },
	{ 504, "", "{\"message\":\"x", "", "", AWS_ACT_SERVER },
	/* ours */
	{ 400, "MalformedPolicyException", "", "MalformedPolicyException", "", AWS_ACT_FAIL },
	{ 401, "UnauthorizedException", "", "UnauthorizedException", "", AWS_ACT_FAIL },
	{ 403, "AccessDeniedException", "", "AccessDeniedException", "", AWS_ACT_FAIL },
	{ 403, "UnrecognizedClientException", "", "UnrecognizedClientException", "", AWS_ACT_FAIL },
	{ 403, "ExpiredTokenException", "", "ExpiredTokenException", "", AWS_ACT_EXPIRED },
	{ 403, "InvalidSignatureException", "", "InvalidSignatureException", "", AWS_ACT_CLOCK },
	{ 403, "IncompleteSignature", "", "IncompleteSignature", "", AWS_ACT_CLOCK },
	{ 400, "RequestExpired", "", "RequestExpired", "", AWS_ACT_CLOCK },
	{ 403, "RequestInTheFuture", "", "RequestInTheFuture", "", AWS_ACT_CLOCK },
	{ 403, "RequestTimeTooSkewed", "", "RequestTimeTooSkewed", "", AWS_ACT_CLOCK },
	{ 404, "UnknownOperationException", "", "UnknownOperationException", "", AWS_ACT_FAIL },
	{ 406, "CertificateStateException", "", "CertificateStateException", "", AWS_ACT_FAIL },
	{ 409, "ResourceAlreadyExistsException",
	    "{\"message\":\"m\",\"resourceId\":\"i\",\"resourceArn\":\"a\"}",
	    "ResourceAlreadyExistsException", "m", AWS_ACT_EXISTS },
	{ 409, "DeleteConflictException", "", "DeleteConflictException", "", AWS_ACT_FAIL },
	{ 410, "LimitExceededException", "", "LimitExceededException", "", AWS_ACT_FAIL },
	/* without a code only the service's own shape counts */
	{ 404, "", "{\"message\":\"m\"}", "", "m", AWS_ACT_NOT_FOUND },
	{ 404, "", "<html>not here</html>", "", "", AWS_ACT_FAIL },
	{ 404, "", "", "", "", AWS_ACT_FAIL },
	{ 409, "", "{\"message\":\"m\"}", "", "m", AWS_ACT_EXISTS },
	{ 301, "", "", "", "", AWS_ACT_FAIL },
	{ 418, "Never heard\x01of", "", "Never?heard?of", "", AWS_ACT_FAIL },
	/* STS: XML, or JSON of its own shape */
	{ 403, "",
	    "<ErrorResponse xmlns=\"x\"><Error><Type>Sender</Type><Code>InvalidClientTokenId</Code>"
	    "<Message>bad token</Message></Error></ErrorResponse>",
	    "InvalidClientTokenId", "bad token", AWS_ACT_FAIL },
	{ 403, "", "{\"Error\":{\"Code\":\"SignatureDoesNotMatch\",\"Message\":\"m\"}}",
	    "SignatureDoesNotMatch", "m", AWS_ACT_CLOCK },
	{ 403, "", "<ErrorResponse><Error><Code>cut", "", "", AWS_ACT_FAIL },
	/* nothing of this must reach the terminal */
	{ 400, "InvalidRequestException", "{\"message\":\"a\\u001b[31mb\\nsecond line\"}",
	    "InvalidRequestException", "a?[31mb", AWS_ACT_FAIL },
	{ 403, "InvalidSignatureException",
	    "{\"message\":\"It does not match. The Canonical String for this request should have "
	    "been 'x-amz-security-token:SECRETTOKENSECRETTOKEN'\"}",
	    "InvalidSignatureException", "It does not match.", AWS_ACT_CLOCK },
	{ 400, "InvalidRequestException", "{\"message\":\"got SECRETTOKENSECRETTOKEN\"}",
	    "InvalidRequestException", "(text withheld)", AWS_ACT_FAIL },
	{ 400, "InvalidRequestException", "{\"message\":\"got SECRETTOKENSECRE\"}",
	    "InvalidRequestException", "(text withheld)", AWS_ACT_FAIL },
	{ 400, "InvalidRequestException", "{\"message\":7}", "InvalidRequestException", "",
	    AWS_ACT_FAIL },
	{ 400, "InvalidRequestException", "[\"message\"]", "InvalidRequestException", "",
	    AWS_ACT_FAIL },
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

static void
decode(const struct row *r, struct aws_error *e)
{
	char body[1024];
	struct http_answer ans = { .status = r->status, .body = body, .body_len = strlen(r->body) };

	(void)snprintf(body, sizeof(body), "%s", r->body);
	(void)snprintf(ans.error_type, sizeof(ans.error_type), "%s", r->header);
	(void)snprintf(ans.request_id, sizeof(ans.request_id), "id-1");
	aws_error_decode(&ans, "SECRETTOKENSECRETTOKEN", e);
}

START_TEST(every_answer_is_understood)
{
	const struct row *r = &rows[_i];
	struct aws_error e;

	decode(r, &e);
	ck_assert_str_eq(e.code, r->code);
	ck_assert_str_eq(e.message, r->message);
	ck_assert_int_eq(e.action, r->action);
	ck_assert_int_eq(e.status, r->status);
	ck_assert_str_eq(e.request_id, "id-1");
}
END_TEST

START_TEST(missing_permission_is_named)
{
	const struct row denied = { 403, "AccessDeniedException",
		"{\"message\":\"User: arn:aws:iam::123456789012:user/x is not authorized to "
		"perform: "
		"iot:CreateThing on resource: arn:aws:iot:x:1:thing/y because no policy allows\"}",
		"", "", AWS_ACT_FAIL };
	struct aws_error e;
	struct aws_denial d;

	decode(&denied, &e);
	aws_error_denial(&e, &d);
	ck_assert_str_eq(d.action, "iot:CreateThing");
	ck_assert_str_eq(d.resource, "arn:aws:iot:x:1:thing/y");
	ck_assert(!d.explicitly);
	(void)snprintf(e.message, sizeof(e.message),
	    "User: u is not authorized to perform: iot:CreateThing with an explicit deny in a "
	    "service control policy");
	aws_error_denial(&e, &d);
	ck_assert_str_eq(d.action, "iot:CreateThing");
	ck_assert_str_eq(d.resource, "");
	ck_assert(d.explicitly);
	(void)snprintf(e.message, sizeof(e.message), "not authorized to perform: iot:%0300d", 1);
	aws_error_denial(&e, &d);
	ck_assert_str_eq(d.action, "");
	e.message[0] = '\0';
	aws_error_denial(&e, &d);
	ck_assert_str_eq(d.action, "");
}
END_TEST

START_TEST(dates_are_read)
{
	static const struct {
		const char *text;
		long long t; /* -1: refused */
	} dates[] = {
		{ "Thu, 15 Jan 2026 12:34:56 GMT", 1768480496 },
		{ "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
		{ "Tue, 29 Feb 2028 23:59:59 GMT", 1835481599 },
		{ "15 Jan 2026 12:34:56 GMT", -1 },
		{ "Thu, 15 anF 2026 12:34:56 GMT", -1 },
		{ "Thu, 15 Jan 2026 12:34:56", -1 },
		{ "Thu, 32 Jan 2026 12:34:56 GMT", -1 },
		{ "Thu, 15 Jan 2026 25:34:56 GMT", -1 },
		{ "", -1 },
	};
	time_t t;

	for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		ck_assert_int_eq(aws_http_date(dates[i].text, &t), dates[i].t >= 0);
		if (dates[i].t >= 0)
			ck_assert_int_eq(t, dates[i].t);
	}
}
END_TEST

START_TEST(tags_are_found)
{
	char out[8];

	ck_assert(aws_xml_text("<a><b>12</b></a>", "b", out, sizeof(out)));
	ck_assert_str_eq(out, "12");
	ck_assert(!aws_xml_text("<a><b>12</a>", "b", out, sizeof(out)));
	ck_assert(!aws_xml_text("<b>12345678</b>", "b", out, sizeof(out)));
	ck_assert(!aws_xml_text("", "b", out, sizeof(out)));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("awserr");
	TCase *tc = tcase_create("awserr");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, every_answer_is_understood, 0, (int)NROWS);
	tcase_add_test(tc, missing_permission_is_named);
	tcase_add_test(tc, dates_are_read);
	tcase_add_test(tc, tags_are_found);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
