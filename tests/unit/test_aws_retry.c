/*
 * What the client does when the network or the service fails: which calls are repeated, how often
 * (the stand-in's log counts), what comes out, and what the user is told.
 */
#include <config.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <check.h>

#include "provision/aws.h"
#include "provision/awscall.h"
#include "tests/unit/test_aws_util.h"

#define POLICY_TEXT "{\"Version\": \"2012-10-17\", \"Statement\": []}"

/* Where only the number of tries matters the client waits in a time of its own. */
static bool own_time;
static time_t slept;

int
nanosleep(const struct timespec *ts, struct timespec *rest)
{
	if (!own_time)
		return clock_nanosleep(CLOCK_REALTIME, 0, ts, rest) == 0 ? 0 : -1;
	slept += ts->tv_sec + 1;
	return 0;
}

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);

	if (id == CLOCK_MONOTONIC)
		ts->tv_sec += slept;
	return r;
}

static enum aws_result
do_create_thing(struct aws *a)
{
	char *arn;
	enum aws_result res = aws_create_thing(a, "t", &arn);

	ck_assert_int_eq(arn != NULL, res == AWS_OK);
	free(arn);
	return res;
}

static enum aws_result
do_create_cert(struct aws *a)
{
	char *csr = make_csr("P-256");
	struct aws_cert c;
	enum aws_result res = aws_create_certificate(a, csr, &c);

	ck_assert_int_eq(c.pem != NULL, res == AWS_OK);
	aws_cert_clear(&c);
	free(csr);
	return res;
}

static enum aws_result
do_create_policy(struct aws *a)
{
	return aws_create_policy(a, "p", POLICY_TEXT);
}

static enum aws_result
do_get_policy(struct aws *a)
{
	char *text;
	enum aws_result res = aws_get_policy(a, "p", &text);

	free(text);
	return res;
}

static enum aws_result
do_caller(struct aws *a)
{
	char account[13];

	return aws_caller_account(a, account);
}

static bool
go_on(const struct aws_cert *c, void *arg)
{
	(void)c;
	(void)arg;
	return true;
}

static enum aws_result
do_list(struct aws *a)
{
	return aws_list_certificates(a, go_on, NULL);
}

static const struct op {
	const char *call;
	enum aws_result (*run)(struct aws *a);
} thing = { "CreateThing", do_create_thing }, cert = { "CreateCertificateFromCsr", do_create_cert },
  policy = { "CreatePolicy", do_create_policy }, get_policy = { "GetPolicy", do_get_policy },
  caller = { "GetCallerIdentity", do_caller }, list = { "ListCertificates", do_list };

static const struct row {
	const struct op *op;
	const char *fault; /* WHICH:KIND[:ARG] */
	enum aws_result result;
	unsigned int requests;
	const char *said; /* NULL: nothing */
	const char *also; /* NULL: no matter */
} rows[] = {
	/* throttled: was not executed, everything may be repeated */
	{ &thing, "1:throttle400", AWS_OK, 2, NULL, NULL },
	{ &cert, "1:throttle400", AWS_OK, 2, NULL, NULL },
	{ &cert, "1:throttle429", AWS_OK, 2, NULL, NULL },
	{ &cert, "1:error:408:RequestTimeout", AWS_OK, 2, NULL, NULL },
	{ &cert, "1:bodycode:400:ThrottlingException", AWS_OK, 2, NULL, NULL },
	{ &caller, "1:throttle400", AWS_OK, 2, NULL, NULL },
	{ &list, "1:throttle400", AWS_OK, 2, NULL, NULL },
	{ &thing, "*:throttle400", AWS_FAILED, 3,
	    "failed after 3 tries: ThrottlingException: Rate exceeded", "hint: other tools" },
	{ &thing, "*:throttle429:3600", AWS_FAILED, 1, "TooManyRequestsException",
	    "hint: the service asks to wait 3600 seconds" },
	/* the server's trouble and lost answers: only what is idempotent */
	{ &thing, "1:error500", AWS_OK, 2, NULL, NULL },
	{ &thing, "1:error503", AWS_OK, 2, NULL, NULL },
	{ &thing, "1:empty-error", AWS_OK, 2, NULL, NULL },
	{ &thing, "1:html:502", AWS_OK, 2, NULL, NULL },
	{ &thing, "1:html:200", AWS_OK, 2, NULL, NULL },
	{ &thing, "1:close-before", AWS_OK, 2, NULL, NULL },
	{ &thing, "1:close-after", AWS_OK, 2, NULL, NULL },
	{ &thing, "1:reset-before", AWS_OK, 2, NULL, NULL },
	{ &thing, "1:reset-after", AWS_OK, 2, NULL, NULL },
	{ &thing, "1:cut", AWS_OK, 2, NULL, NULL },
	{ &thing, "1:cut-length", AWS_OK, 2, NULL, NULL },
	{ &thing, "1:badjson", AWS_OK, 2, NULL, NULL },
	{ &thing, "1:endless", AWS_OK, 2, NULL, NULL },
	{ &thing, "*:error500", AWS_FAILED, 3, "InternalFailureException", "(status 500, request" },
	{ &thing, "*:reset-after", AWS_FAILED, 3,
	    "CreateThing \"t\" failed after 3 tries: ", "hint: the connection broke" },
	{ &policy, "1:reset-before", AWS_OK, 2, NULL, NULL },
	{ &policy, "1:reset-after", AWS_EXISTS, 2, NULL, NULL }, /* the first try landed */
	/* the call that must not run twice unnoticed */
	{ &cert, "1:error500", AWS_UNKNOWN, 1, "outcome is unknown, request id", NULL },
	{ &cert, "1:error503", AWS_UNKNOWN, 1, "outcome is unknown", NULL },
	{ &cert, "1:empty-error", AWS_UNKNOWN, 1, "outcome is unknown", NULL },
	{ &cert, "1:html:200", AWS_UNKNOWN, 1, "outcome is unknown", NULL },
	{ &cert, "1:close-before", AWS_UNKNOWN, 1, "outcome is unknown", NULL },
	{ &cert, "1:close-after", AWS_UNKNOWN, 1, "outcome is unknown", NULL },
	{ &cert, "1:reset-before", AWS_UNKNOWN, 1, "outcome is unknown", NULL },
	{ &cert, "1:reset-after", AWS_UNKNOWN, 1, "outcome is unknown", NULL },
	{ &cert, "1:cut", AWS_UNKNOWN, 1, "outcome is unknown", NULL },
	{ &cert, "1:cut-length", AWS_UNKNOWN, 1, "outcome is unknown", NULL },
	{ &cert, "1:badjson", AWS_UNKNOWN, 1, "outcome is unknown", NULL },
	{ &cert, "1:endless", AWS_UNKNOWN, 1, "outcome is unknown", NULL },
	{ &cert, "1:missing", AWS_UNKNOWN, 1, "certificateId", "(request id " },
	{ &cert, "1:wrongtypes", AWS_UNKNOWN, 1, "cannot be used", "certificateId" },
	{ &cert, "1:twocerts", AWS_UNKNOWN, 1, "cannot be used", "more than one certificate" },
	/* whose key and size it has is for the caller to judge */
	{ &cert, "1:otherkey", AWS_OK, 1, NULL, NULL },
	{ &cert, "1:bigcert", AWS_OK, 1, NULL, NULL },
	/* answers that say yes but nothing else */
	{ &thing, "1:missing", AWS_FAILED, 1, "cannot be used: no \"thingArn\"", "(request id " },
	{ &thing, "1:wrongtypes", AWS_FAILED, 1, "cannot be used", NULL },
	{ &list, "1:missing", AWS_FAILED, 1, "cannot be used", NULL },
	{ &caller, "1:missing", AWS_FAILED, 1, "no account number", NULL },
	{ &caller, "1:html:200", AWS_FAILED, 1, "no account number", NULL },
	/* final refusals, each with its hint */
	{ &thing, "1:error:403:AccessDeniedException:no", AWS_FAILED, 1, "AccessDeniedException",
	    "IAM permission iot:CreateThing for \"t\"" },
	{ &thing,
	    "1:error:403:AccessDeniedException:User x is not authorized to perform: "
	    "iot:TagResource on resource: y because no policy allows it",
	    AWS_FAILED, 1, "AccessDeniedException", "IAM permission iot:TagResource on y" },
	{ &thing,
	    "1:error:403:AccessDeniedException:User x is not authorized to perform: "
	    "iot:CreateThing on resource: y with an explicit deny in an identity-based policy",
	    AWS_FAILED, 1, "AccessDeniedException", "forbids iot:CreateThing on y" },
	{ &caller, "1:error:403:AccessDenied:no", AWS_FAILED, 1, "AccessDenied",
	    "IAM permission sts:GetCallerIdentity" },
	{ &thing, "1:error:403:UnrecognizedClientException", AWS_FAILED, 1, "UnrecognizedClient",
	    "AWS_SESSION_TOKEN" },
	{ &thing, "1:error:403:ExpiredTokenException", AWS_FAILED, 1, "ExpiredTokenException",
	    "new temporary credentials" },
	{ &thing, "1:error:403:InvalidSignatureException", AWS_FAILED, 1, "InvalidSignature",
	    "the secret access key is wrong" },
	{ &thing, "1:error:403:RequestExpired", AWS_FAILED, 1, "RequestExpired", "set the clock" },
	{ &thing, "1:error:404:UnknownOperationException", AWS_FAILED, 1, "UnknownOperation",
	    "control plane" },
	{ &thing, "1:error:410:LimitExceededException", AWS_FAILED, 1, "LimitExceeded", "limit" },
	{ &thing, "1:error:400:InvalidRequestException", AWS_FAILED, 1, "InvalidRequest", NULL },
	{ &thing, "1:error:401:UnauthorizedException", AWS_FAILED, 1, "Unauthorized", NULL },
	{ &thing, "1:html:404", AWS_FAILED, 1,
	    "CreateThing \"t\" failed: an answer without a reason (status 404", NULL },
	{ &thing, "1:html:302", AWS_FAILED, 1, "(status 302", NULL },
	{ &thing, "1:error:404:ResourceNotFoundException", AWS_FAILED, 1, "ResourceNotFound",
	    NULL },
	{ &list, "1:error:404:ResourceNotFoundException", AWS_FAILED, 1, "ResourceNotFound", NULL },
	{ &cert, "1:error:409:ResourceAlreadyExistsException", AWS_FAILED, 1, "AlreadyExists",
	    NULL },
	{ &thing, "1:error:409:ResourceAlreadyExistsException", AWS_EXISTS, 1, NULL, NULL },
	{ &get_policy, "1:error:404:ResourceNotFoundException", AWS_NOT_FOUND, 1, NULL, NULL },
	{ &get_policy, "1:bodycode:404:ResourceNotFoundException", AWS_NOT_FOUND, 1, NULL, NULL },
	{ &get_policy, "1:html:404", AWS_FAILED, 1, "(status 404", NULL },
};

START_TEST(every_failure_is_met)
{
	const struct row *r = &rows[_i];
	struct standin s;
	struct aws *a;
	enum aws_result res;
	char fault[256];
	const char *said;

	standin_start(&s, NULL);
	(void)snprintf(fault, sizeof(fault), "%s:%s\n", r->op->call, r->fault);
	standin_faults(&s, fault);
	a = open_aws();
	own_time = true;
	said_begin();
	res = r->op->run(a);
	said = said_end();
	ck_assert_msg(res == r->result, "%s: result %d: %s", fault, (int)res, said);
	ck_assert_msg(
	    standin_count(&s, NULL) == r->requests && standin_count(&s, r->op->call) == r->requests,
	    "%s: %u requests: %s", fault, standin_count(&s, NULL), said);
	if (r->said == NULL)
		ck_assert_msg(*said == '\0', "%s: %s", fault, said);
	else
		ck_assert_msg(strstr(said, r->said) != NULL &&
				  (r->also == NULL || strstr(said, r->also) != NULL),
		    "%s: %s", fault, said);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

/* One certificate each, although the answer was lost. */
START_TEST(lost_answers_do_not_issue_twice)
{
	static const char *const kinds[] = { "close-after", "reset-after", "cut", "badjson" };
	struct standin s;
	struct aws *a;
	json_t *state;
	char fault[128];

	standin_start(&s, NULL);
	(void)snprintf(fault, sizeof(fault), "CreateCertificateFromCsr:*:%s\n", kinds[_i]);
	standin_faults(&s, fault);
	a = open_aws();
	said_begin();
	/* A call before it, so that there might be a connection to use again. */
	ck_assert_int_eq(do_create_thing(a), AWS_OK);
	ck_assert_int_eq(do_create_cert(a), AWS_UNKNOWN);
	(void)said_end();
	state = standin_state(&s);
	ck_assert_uint_eq(json_object_size(json_object_get(state, "certificates")), 1);
	ck_assert_uint_eq(standin_count(&s, "CreateCertificateFromCsr"), 1);
	json_decref(state);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

/* A client killed at the very moment: what was done stays done, also for the next server. */
START_TEST(clients_are_killed_on_time)
{
	static const struct {
		const char *kind;
		size_t certificates;
	} kinds[] = { { "kill-before", 0 }, { "kill-after", 1 } };
	struct standin s;
	struct aws *a;
	char fault[256], pid_file[128];
	json_t *state;
	FILE *f;
	int status;
	pid_t pid;

	standin_start(&s, NULL);
	(void)snprintf(pid_file, sizeof(pid_file), "%s/pid", s.dir);
	(void)snprintf(
	    fault, sizeof(fault), "CreateCertificateFromCsr:1:%s:%s\n", kinds[_i].kind, pid_file);
	standin_faults(&s, fault);
	pid = fork();
	if (pid == 0) {
		f = fopen(pid_file, "we");
		if (f == NULL || fprintf(f, "%d\n", (int)getpid()) < 0 || fclose(f) != 0)
			_exit(1);
		a = open_aws();
		(void)do_create_cert(a);
		_exit(2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	standin_restart(&s);
	state = standin_state(&s);
	ck_assert_uint_eq(
	    json_object_size(json_object_get(state, "certificates")), kinds[_i].certificates);
	json_decref(state);
	standin_faults(&s, "");
	a = open_aws();
	ck_assert_int_eq(do_create_cert(a), AWS_OK);
	state = standin_state(&s);
	ck_assert_uint_eq(
	    json_object_size(json_object_get(state, "certificates")), kinds[_i].certificates + 1);
	json_decref(state);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(undoing_what_is_gone_is_done)
{
	struct standin s;
	struct aws *a;
	struct aws_cert c;
	char *csr = make_csr("P-384"), *arn;

	standin_start(&s, "--fault", "DeleteCertificate:1:reset-after", "--fault",
	    "DetachThingPrincipal:1:reset-after", NULL);
	a = open_aws();
	ck_assert_int_eq(aws_create_certificate(a, csr, &c), AWS_OK);
	ck_assert_int_eq(aws_create_thing(a, "t", &arn), AWS_OK);
	ck_assert_int_eq(aws_attach_thing(a, "t", c.arn), AWS_OK);
	ck_assert_int_eq(aws_detach_thing(a, "t", c.arn), AWS_OK);
	ck_assert_int_eq(aws_delete_certificate(a, c.id), AWS_OK);
	ck_assert_uint_eq(standin_count(&s, "DeleteCertificate"), 2);
	ck_assert_uint_eq(standin_count(&s, "DetachThingPrincipal"), 2);
	free(arn);
	free(csr);
	aws_cert_clear(&c);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

/* What this run made may stay invisible for a while; what it did not make is simply not there. */
START_TEST(new_things_are_waited_for)
{
	struct standin s;
	struct aws *a;
	struct aws_cert c;
	char *csr = make_csr("P-256"), *arn;

	standin_start(&s, "--fault", "CreateThing:1:late404:2", NULL);
	own_time = false;
	a = open_aws();
	said_begin();
	ck_assert_int_eq(
	    aws_attach_thing(a, "t", "arn:aws:iot:eu-central-1:123456789012:cert/x"), AWS_FAILED);
	ck_assert_ptr_nonnull(
	    strstr(said_end(), "AttachThingPrincipal \"t\" failed: ResourceNotFound"));
	ck_assert_uint_eq(standin_count(&s, "AttachThingPrincipal"), 1);
	ck_assert_int_eq(aws_create_certificate(a, csr, &c), AWS_OK);
	ck_assert_int_eq(aws_create_thing(a, "t", &arn), AWS_OK);
	ck_assert_int_eq(aws_attach_thing(a, "t", c.arn), AWS_OK);
	ck_assert_uint_gt(standin_count(&s, "AttachThingPrincipal"), 2);
	free(arn);
	free(csr);
	aws_cert_clear(&c);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(retry_after_is_honoured)
{
	struct standin s;
	struct aws *a;
	struct timespec t0, t1;

	standin_start(&s, "--fault", "CreateThing:1:throttle429:2", NULL);
	own_time = false;
	a = open_aws();
	(void)clock_gettime(CLOCK_MONOTONIC, &t0);
	ck_assert_int_eq(do_create_thing(a), AWS_OK);
	(void)clock_gettime(CLOCK_MONOTONIC, &t1);
	ck_assert_int_ge(
	    (t1.tv_sec - t0.tv_sec) * 1000 + (t1.tv_nsec - t0.tv_nsec) / 1000000, 1990);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(number_of_tries_is_the_users)
{
	struct standin s;
	struct aws *a;
	char n[2] = { (char)('0' + _i), '\0' };

	standin_start(&s, "--fault", "*:*:throttle400", NULL);
	(void)setenv("AWS_MAX_ATTEMPTS", n, 1);
	a = open_aws();
	own_time = true;
	said_begin();
	ck_assert_int_eq(do_create_cert(a), AWS_FAILED);
	ck_assert_ptr_nonnull(strstr(said_end(), "ThrottlingException"));
	ck_assert_uint_eq(standin_count(&s, NULL), (unsigned int)_i);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

/* Wrong by an hour either way: told once, corrected once, kept for the rest of the run. */
START_TEST(clock_is_corrected_once)
{
	static const struct {
		const char *clock, *said;
	} clocks[] = { { "3600", "seconds behind" }, { "-3600", "seconds ahead" } };
	struct standin s;
	struct aws *a;
	const char *said;

	standin_start(&s, "--clock", clocks[_i].clock, NULL);
	a = open_aws();
	said_begin();
	ck_assert_int_eq(do_create_cert(a), AWS_OK);
	said = said_end();
	ck_assert_msg(strstr(said, clocks[_i].said) != NULL, "%s", said);
	ck_assert_uint_eq(standin_count(&s, NULL), 2);
	said_begin();
	ck_assert_int_eq(do_create_thing(a), AWS_OK);
	ck_assert_int_eq(do_caller(a), AWS_OK);
	ck_assert_str_eq(said_end(), "");
	ck_assert_uint_eq(standin_count(&s, NULL), 4);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(clock_is_not_corrected_twice)
{
	struct standin s;
	struct aws *a;
	const char *said;

	standin_start(&s, "--clock", "3600", "--fault", "CreateThing:2:skew:7200", NULL);
	a = open_aws();
	said_begin();
	ck_assert_int_eq(do_create_thing(a), AWS_FAILED);
	said = said_end();
	ck_assert_ptr_nonnull(strstr(said, "InvalidSignatureException"));
	ck_assert_uint_eq(standin_count(&s, NULL), 2);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

/* A process that counts its runs in a file and gives keys for some seconds. */
static void
use_process(const char *dir, int life)
{
	char config[1024], expires[32];
	time_t t = time(NULL) + life;
	struct tm tm;

	(void)strftime(expires, sizeof(expires), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
	(void)snprintf(config, sizeof(config),
	    "[default]\ncredential_process = sh -c 'echo run >> %s/runs; printf "
	    "\"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKIASTANDIN000000001\\\","
	    "\\\"SecretAccessKey\\\":\\\"StandIn+Secret/Key=00000000000000000001\\\","
	    "\\\"Expiration\\\":\\\"%s\\\"}\"'\n",
	    dir, expires);
	write_home(".aws/config", config);
	(void)unsetenv("AWS_ACCESS_KEY_ID");
	(void)unsetenv("AWS_SECRET_ACCESS_KEY");
}

static unsigned int
runs(const char *dir)
{
	char path[256], line[16];
	unsigned int n = 0;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/runs", dir);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		n++;
	if (f != NULL)
		(void)fclose(f);
	return n;
}

START_TEST(credentials_are_renewed)
{
	struct standin s;
	struct aws *a;

	standin_start(&s, "--fault", "CreateThing:2:error:403:ExpiredTokenException", NULL);
	use_process(s.dir, 3600);
	a = open_aws();
	ck_assert_int_eq(do_create_thing(a), AWS_OK);
	ck_assert_uint_eq(runs(s.dir), 1);
	ck_assert_int_eq(do_create_thing(a), AWS_OK); /* refused, renewed, repeated */
	ck_assert_uint_eq(runs(s.dir), 2);
	ck_assert_uint_eq(standin_count(&s, NULL), 3);
	aws_close(&a);
	/* Less than five minutes of life: renewed before the call. */
	use_process(s.dir, 200);
	a = open_aws();
	ck_assert_uint_eq(runs(s.dir), 3);
	ck_assert_int_eq(do_create_thing(a), AWS_OK);
	ck_assert_uint_eq(runs(s.dir), 4);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

/* A server that stops in the middle is given up after the time for that. */
START_TEST(stalls_end)
{
	static const struct http_limits quick = { .connect = 5, .stall = 1, .total = 3 };
	static const char *const kinds[] = { "silence", "silence-before", "dribble" };
	struct standin s;
	struct aws *a;
	char fault[64];

	standin_start(&s, NULL);
	(void)snprintf(fault, sizeof(fault), "*:1:%s\n", kinds[_i]);
	standin_faults(&s, fault);
	a = open_aws();
	http_set_limits(a->http, &quick);
	own_time = true;
	said_begin();
	ck_assert_int_eq(do_create_thing(a), AWS_OK);
	ck_assert_uint_eq(standin_count(&s, "CreateThing"), 2);
	ck_assert_int_eq(do_create_cert(a), AWS_UNKNOWN);
	ck_assert_uint_eq(standin_count(&s, "CreateCertificateFromCsr"), 1);
	ck_assert_ptr_nonnull(strstr(said_end(), "outcome is unknown"));
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(endpoint_down_never_counts_as_sent)
{
	struct standin s;
	struct aws *a;
	const char *said;

	standin_start(&s, NULL);
	(void)setenv("AWS_ENDPOINT_URL", "https://127.0.0.1:9", 1);
	a = open_aws();
	own_time = true;
	said_begin();
	ck_assert_int_eq(do_create_cert(a), AWS_FAILED);
	said = said_end();
	ck_assert_msg(
	    strstr(said, "CreateCertificateFromCsr failed after 3 tries: ") != NULL, "%s", said);
	ck_assert_msg(
	    strstr(said, "hint: is https://127.0.0.1:9 the right endpoint?") != NULL, "%s", said);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

START_TEST(untrusted_server_gets_nothing)
{
	struct standin s;
	struct aws *a;
	const char *said;

	standin_start(&s, NULL);
	(void)unsetenv("AWS_CA_BUNDLE");
	a = open_aws();
	said_begin();
	ck_assert_int_eq(do_create_cert(a), AWS_FAILED);
	said = said_end();
	ck_assert_msg(strstr(said, "--ca-bundle") != NULL, "%s", said);
	ck_assert_uint_eq(standin_count(&s, NULL), 0);
	aws_close(&a);
	/* A bundle with no certificate in it. */
	(void)setenv("AWS_CA_BUNDLE", "/dev/null", 1);
	a = open_aws();
	said_begin();
	ck_assert_int_eq(do_create_cert(a), AWS_FAILED);
	ck_assert_str_ne(said_end(), "");
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("awsretry");
	TCase *tc = tcase_create("awsretry");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, every_failure_is_met, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_loop_test(tc, lost_answers_do_not_issue_twice, 0, 4);
	tcase_add_loop_test(tc, clients_are_killed_on_time, 0, 2);
	tcase_add_test(tc, undoing_what_is_gone_is_done);
	tcase_add_test(tc, new_things_are_waited_for);
	tcase_add_test(tc, retry_after_is_honoured);
	tcase_add_loop_test(tc, number_of_tries_is_the_users, 1, 3);
	tcase_add_loop_test(tc, clock_is_corrected_once, 0, 2);
	tcase_add_test(tc, clock_is_not_corrected_twice);
	tcase_add_test(tc, credentials_are_renewed);
	tcase_add_loop_test(tc, stalls_end, 0, 3);
	tcase_add_test(tc, endpoint_down_never_counts_as_sent);
	tcase_add_test(tc, untrusted_server_gets_nothing);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	standin_forget();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
