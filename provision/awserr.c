/*
 * Error answers: REST-JSON of AWS IoT (code in x-amzn-ErrorType or the body) and XML or JSON of
 * STS. The code decides, the status only when there is none: AWS IoT throttles with 400, and its
 * 410 is a limit of the account and final.
 */
#include <config.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "provision/awserr.h"

#define HINT_KEYS   "check the access key ID; temporary keys (ASIA...) need AWS_SESSION_TOKEN too"
#define HINT_SECRET "the clocks agree, so the secret access key is wrong"
#define HINT_EXPIRED                                                                               \
	"get new temporary credentials, for example with \"aws sso login\", and run it again"
#define HINT_RATE "other tools of this account count too; wait a minute and run it again"

static const struct rule {
	const char *code;
	enum aws_action action;
	const char *hint;
} rules[] = {
	{ "ThrottlingException", AWS_ACT_THROTTLED, HINT_RATE },
	{ "Throttling", AWS_ACT_THROTTLED, HINT_RATE },
	{ "TooManyRequestsException", AWS_ACT_THROTTLED, HINT_RATE },
	{ "ThrottledException", AWS_ACT_THROTTLED, HINT_RATE },
	{ "RequestThrottled", AWS_ACT_THROTTLED, HINT_RATE },
	{ "SlowDown", AWS_ACT_THROTTLED, HINT_RATE },
	{ "RequestTimeout", AWS_ACT_THROTTLED, NULL },
	{ "RequestTimeoutException", AWS_ACT_THROTTLED, NULL },
	{ "InternalFailureException", AWS_ACT_SERVER, NULL },
	{ "InternalFailure", AWS_ACT_SERVER, NULL },
	{ "ServiceUnavailableException", AWS_ACT_SERVER, NULL },
	{ "ServiceUnavailable", AWS_ACT_SERVER, NULL },
	{ "UnrecognizedClientException", AWS_ACT_FAIL, HINT_KEYS },
	{ "InvalidClientTokenId", AWS_ACT_FAIL, HINT_KEYS },
	{ "ExpiredTokenException", AWS_ACT_EXPIRED, HINT_EXPIRED },
	{ "ExpiredToken", AWS_ACT_EXPIRED, HINT_EXPIRED },
	{ "InvalidSignatureException", AWS_ACT_CLOCK, HINT_SECRET },
	{ "SignatureDoesNotMatch", AWS_ACT_CLOCK, HINT_SECRET },
	{ "IncompleteSignature", AWS_ACT_CLOCK, HINT_SECRET },
	{ "IncompleteSignatureException", AWS_ACT_CLOCK, HINT_SECRET },
	{ "RequestExpired", AWS_ACT_CLOCK, "set the clock of this machine" },
	{ "RequestInTheFuture", AWS_ACT_CLOCK, "set the clock of this machine" },
	{ "RequestTimeTooSkewed", AWS_ACT_CLOCK, "set the clock of this machine" },
	{ "ResourceNotFoundException", AWS_ACT_NOT_FOUND, NULL },
	{ "ResourceAlreadyExistsException", AWS_ACT_EXISTS, NULL },
	{ "VersionConflictException", AWS_ACT_VERSION, "it was changed meanwhile: run it again" },
	{ "AccessDeniedException", AWS_ACT_FAIL, NULL },
	{ "AccessDenied", AWS_ACT_FAIL, NULL },
	{ "LimitExceededException", AWS_ACT_FAIL,
	    "a limit of the account is reached (a certificate has at most ten policies)" },
	{ "MalformedPolicyException", AWS_ACT_FAIL,
	    "the policy document needs Version and Statement, at most 2048 characters" },
	{ "DeleteConflictException", AWS_ACT_FAIL,
	    "detach the certificate from its things and policies first" },
	{ "CertificateStateException", AWS_ACT_FAIL, "make the certificate INACTIVE first" },
	{ "RegistrationCodeValidationException", AWS_ACT_FAIL,
	    "the verification certificate was made for another account or region" },
	{ "CertificateConflictException", AWS_ACT_FAIL,
	    "several CAs of the account have this subject: give the certificate of the right one" },
	{ "UnknownOperationException", AWS_ACT_FAIL,
	    "is the endpoint that of the control plane? the data endpoint (...-ats.iot...) is for "
	    "devices" },
};

/* For answers without a code, for instance of a proxy. */
static const struct {
	long status;
	enum aws_action action;
	const char *hint;
} by_status[] = {
	{ 408, AWS_ACT_THROTTLED, NULL },
	{ 429, AWS_ACT_THROTTLED, HINT_RATE },
	{ 500, AWS_ACT_SERVER, NULL },
	{ 502, AWS_ACT_SERVER, NULL },
	{ 503, AWS_ACT_SERVER, NULL },
	{ 504, AWS_ACT_SERVER, NULL },
};

bool
aws_xml_text(const char *xml, const char *tag, char *out, size_t out_len)
{
	char open[64], close[64];
	const char *p, *end;

	(void)snprintf(open, sizeof(open), "<%s>", tag);
	(void)snprintf(close, sizeof(close), "</%s>", tag);
	p = strstr(xml, open);
	if (p == NULL)
		return false;
	p += strlen(open);
	end = strstr(p, close);
	if (end == NULL || (size_t)(end - p) >= out_len)
		return false;
	(void)snprintf(out, out_len, "%.*s", (int)(end - p), p);
	return true;
}

static void
copy_text(char *out, size_t out_len, const char *s)
{
	if (s != NULL)
		(void)snprintf(out, out_len, "%s", s);
}

static const char *
first_text(const json_t *o, const char *const names[], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *s = json_string_value(json_object_get(o, names[i]));

		if (s != NULL && *s != '\0')
			return s;
	}
	return NULL;
}

/* Returns whether the body is an error object at all. */
static bool
from_json(const char *body, size_t len, struct aws_error *e)
{
	static const char *const codes[] = { "code", "__type", "Code" };
	static const char *const messages[] = { "message", "Message", "errorMessage" };
	json_t *root = json_loadb(body, len, 0, NULL);
	const json_t *o = json_object_get(root, "Error"); /* of STS */
	bool is_object = json_is_object(root);

	if (!json_is_object(o))
		o = root;
	copy_text(e->message, sizeof(e->message), first_text(o, messages, 3));
	if (e->code[0] == '\0')
		copy_text(e->code, sizeof(e->code), first_text(o, codes, 3));
	json_decref(root);
	return is_object;
}

/* "aws.iot#ThrottlingException:http://..." -> "ThrottlingException" */
static void
cut_code(char *code)
{
	char *hash;

	code[strcspn(code, ":")] = '\0';
	hash = strrchr(code, '#');
	if (hash != NULL)
		memmove(code, hash + 1, strlen(hash + 1) + 1);
	for (char *p = code; *p != '\0'; p++)
		if (!isgraph((unsigned char)*p))
			*p = '?';
}

/*
 * One line for a terminal. Messages about signatures go on to quote the canonical request with the
 * session token: only their first line is kept, and a token elsewhere drops the text.
 */
static void
clean_message(struct aws_error *e, const char *token)
{
	char *quoted = strstr(e->message, " The Canonical String");

	if (quoted != NULL)
		*quoted = '\0';
	e->message[strcspn(e->message, "\r\n")] = '\0';
	for (char *p = e->message; *p != '\0'; p++)
		if (iscntrl((unsigned char)*p))
			*p = '?';
	/* A text that was cut may end within the token. */
	if (token != NULL &&
	    (strstr(e->message, token) != NULL ||
		(strlen(token) > 16 && memmem(e->message, strlen(e->message), token, 16) != NULL)))
		(void)snprintf(e->message, sizeof(e->message), "(text withheld)");
}

static void
apply_rule(struct aws_error *e, bool is_object)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcmp(rules[i].code, e->code) == 0) {
			e->action = rules[i].action;
			e->hint = rules[i].hint;
			return;
		}
	for (size_t i = 0; i < sizeof(by_status) / sizeof(by_status[0]); i++)
		if (by_status[i].status == e->status) {
			e->action = by_status[i].action;
			e->hint = by_status[i].hint;
			return;
		}
	/* An object without a code is still the service's; a page of HTML is somebody else's. */
	if (e->code[0] == '\0' && is_object && e->status == 404)
		e->action = AWS_ACT_NOT_FOUND;
	else if (e->code[0] == '\0' && is_object && e->status == 409)
		e->action = AWS_ACT_EXISTS;
}

void
aws_error_decode(const struct http_answer *ans, const char *token, struct aws_error *out)
{
	bool is_object;

	memset(out, 0, sizeof(*out));
	out->status = ans->status;
	copy_text(out->code, sizeof(out->code), ans->error_type);
	copy_text(out->request_id, sizeof(out->request_id), ans->request_id);
	is_object = from_json(ans->body, ans->body_len, out);
	if (!is_object && strstr(ans->body, "<Error>") != NULL) {
		if (out->code[0] == '\0')
			(void)aws_xml_text(ans->body, "Code", out->code, sizeof(out->code));
		(void)aws_xml_text(ans->body, "Message", out->message, sizeof(out->message));
	}
	cut_code(out->code);
	clean_message(out, token);
	apply_rule(out, is_object);
}

static void
word_behind(const char *text, const char *lead, char *out, size_t out_len)
{
	const char *p = strstr(text, lead);
	size_t len;

	out[0] = '\0';
	if (p == NULL)
		return;
	p += strlen(lead);
	len = strcspn(p, " ,");
	if (len < out_len)
		(void)snprintf(out, out_len, "%.*s", (int)len, p);
}

void
aws_error_denial(const struct aws_error *e, struct aws_denial *out)
{
	word_behind(e->message, "not authorized to perform: ", out->action, sizeof(out->action));
	word_behind(e->message, " on resource: ", out->resource, sizeof(out->resource));
	out->explicitly = strstr(e->message, "with an explicit deny") != NULL;
}

bool
aws_http_date(const char *text, time_t *t)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = { 0 };
	char month[4] = "";
	const char *comma = strchr(text, ','), *at;
	int used = 0;

	if (comma == NULL ||
	    sscanf(comma + 1, " %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &tm.tm_mday, month,
		&tm.tm_year, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) != 6 ||
	    used == 0 || strlen(month) != 3)
		return false;
	at = strstr(months, month);
	if (at == NULL || (at - months) % 3 != 0 || tm.tm_year < 1970 || tm.tm_mday < 1 ||
	    tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
		return false;
	tm.tm_mon = (int)(at - months) / 3;
	tm.tm_year -= 1900;
	*t = timegm(&tm);
	return true;
}
