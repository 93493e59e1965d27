/*
 * One request: signature, faults, call, log, answer. A refused signature comes before any fault, so
 * that no fault hides bad signing. The log is written before the answer goes out: who has the
 * answer can read it.
 */
#include <config.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "tests/standin/standin.h"

#define SILENCE 90 /* seconds, longer than any client waits */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char html[] = "<html><head><title>Service Unavailable</title></head>\n"
			   "<body><h1>Something is wrong</h1></body></html>\n";

static unsigned int
count(struct si *s, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(s->counts, name)) + 1;

	(void)json_object_set_new(s->counts, name, json_integer(n));
	return (unsigned int)n;
}

/* NUMBER CALL METHOD TARGET STATUS NOTE; status 0: no answer. Nothing in it is secret. */
static void
write_log(struct si *s, const struct si_cx *cx, const char *name, int status, const char *note)
{
	char path[4096];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/log", s->dir);
	f = fopen(path, "ae");
	if (f == NULL)
		return;
	(void)fprintf(f, "%u %s %s %s %d %s\n", ++s->requests, name, cx->rq->method, cx->rq->target,
	    status, note);
	(void)fclose(f);
}

static bool
check_signature(struct si_cx *cx, bool sts)
{
	struct si *s = cx->s;
	struct si_refusal why = { 0 };
	const struct si_auth auth = { .keys = s->keys,
		.nkeys = s->nkeys,
		.region = s->region,
		.service = sts ? "sts" : "iot",
		/* What older botocore, Debian 12's too, signs as. */
		.also = sts ? NULL : "execute-api",
		.now = si_now(s) };

	if (si_sig_check(&auth, cx->rq, &why))
		return true;
	if (sts && strcmp(why.code, "UnrecognizedClientException") == 0)
		(void)snprintf(why.code, sizeof(why.code), "InvalidClientTokenId");
	if (sts && strcmp(why.code, "InvalidSignatureException") == 0)
		(void)snprintf(why.code, sizeof(why.code), "SignatureDoesNotMatch");
	si_error(cx, why.status, why.code, "%s", why.message);
	return false;
}

/* ARG of "error": STATUS:CODE[:MESSAGE] */
static void
fault_error(struct si_cx *cx, const char *arg)
{
	char copy[512], *rest = copy, *status, *code;

	(void)snprintf(copy, sizeof(copy), "%s", arg);
	status = strsep(&rest, ":");
	code = strsep(&rest, ":");
	si_error(cx, atoi(status), code != NULL ? code : "InternalFailureException", "%s",
	    rest != NULL ? rest : "a fault was asked for");
}

static int
arg_or(const char *arg, int otherwise)
{
	return *arg != '\0' ? atoi(arg) : otherwise;
}

/* Faults that answer instead of the call. */
static void
answer_fault(struct si_cx *cx, enum si_fault_kind kind, const char *arg)
{
	switch (kind) {
	case SI_THROTTLE400: si_error(cx, 400, "ThrottlingException", "Rate exceeded"); break;
	case SI_THROTTLE429:
		si_error(cx, 429, "TooManyRequestsException", "Too many requests");
		cx->retry_after = arg_or(arg, 1);
		break;
	case SI_ERROR500: si_error(cx, 500, "InternalFailureException", "Internal error"); break;
	case SI_ERROR503:
	case SI_HTML:
		cx->status = kind == SI_HTML ? arg_or(arg, 200) : 503;
		cx->text = strdup(html);
		cx->type = "text/html";
		break;
	case SI_ERROR: fault_error(cx, arg); break;
	case SI_BODYCODE:
		fault_error(cx, arg);
		cx->hide_code = true;
		(void)json_object_set_new(
		    cx->out, "__type", json_sprintf("com.amazonaws.iot#%s", cx->code));
		break;
	case SI_EMPTY_ERROR:
		cx->status = arg_or(arg, 500);
		cx->text = strdup("");
		break;
	default: break;
	}
}

static bool
answers_instead(enum si_fault_kind k)
{
	return k >= SI_THROTTLE400 && k <= SI_EMPTY_ERROR;
}

static bool
no_answer(enum si_fault_kind k)
{
	return (k >= SI_CLOSE_BEFORE && k <= SI_SILENCE_BEFORE) ||
	       (k >= SI_CLOSE_AFTER && k <= SI_SILENCE);
}

static bool
happens_before(enum si_fault_kind k)
{
	return k <= SI_SILENCE_BEFORE && k != SI_NONE;
}

static void
spoil(struct si_cx *cx)
{
	const char *name;
	json_t *value, *numbers;

	switch (cx->fault) {
	case SI_BADJSON: cx->text = strdup("{\"certificateArn\": \"arn:aws:iot"); break;
	case SI_WRONGTYPES:
		numbers = json_object();
		json_object_foreach(cx->out, name, value)(void)
		    json_object_set_new(numbers, name, json_integer(7));
		json_decref(cx->out);
		cx->out = numbers;
		break;
	case SI_MISSING:
		json_decref(cx->out);
		cx->out = json_object();
		break;
	default: break;
	}
}

static void
kill_named(const char *file)
{
	FILE *f = fopen(file, "re");
	int pid = 0;

	if (f == NULL || fscanf(f, "%d", &pid) != 1 || pid <= 1 || kill(pid, SIGKILL) != 0)
		(void)fprintf(stderr, "aws-standin: nothing to kill in %s\n", file);
	if (f != NULL)
		(void)fclose(f);
}

static void
xml_error(struct si_cx *cx)
{
	const char *accept = si_header(cx->rq, "accept");
	const char *message = json_string_value(json_object_get(cx->out, "message"));
	json_t *o;

	if (accept != NULL && strstr(accept, "json") != NULL) {
		o = json_pack("{s:{s:s, s:s, s:s}}", "Error", "Code", cx->code, "Message", message,
		    "Type", "Sender");
		json_decref(cx->out);
		cx->out = o;
	} else if (asprintf(&cx->text,
		       "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
		       "  <Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>\n"
		       "  <RequestId>1</RequestId>\n</ErrorResponse>\n",
		       cx->code, message) >= 0) {
		cx->type = "text/xml";
	}
	cx->hide_code = true;
}

static const char *
reason(int status)
{
	static const struct {
		int status;
		const char *text;
	} known[] = { { 200, "OK" }, { 400, "Bad Request" }, { 403, "Forbidden" },
		{ 404, "Not Found" }, { 409, "Conflict" }, { 429, "Too Many Requests" },
		{ 500, "Internal Server Error" }, { 503, "Service Unavailable" } };

	for (size_t i = 0; i < SI_NITEMS(known); i++)
		if (known[i].status == status)
			return known[i].text;
	return "Other";
}

static void
put_head(FILE *f, const struct si_cx *cx, size_t body_len)
{
	char date[64];
	unsigned char id[6];
	time_t now = si_now(cx->s);
	struct tm tm;

	(void)RAND_bytes(id, sizeof(id));
	(void)strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &tm));
	(void)fprintf(f,
	    "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: close\r\nContent-Type: %s\r\n"
	    "x-amzn-RequestId: %02x%02x%02x%02x-0000-4000-8000-%02x%02x00000000\r\n",
	    cx->status, reason(cx->status), date, cx->type, id[0], id[1], id[2], id[3], id[4],
	    id[5]);
	if (cx->code[0] != '\0' && !cx->hide_code)
		(void)fprintf(f, "x-amzn-ErrorType: %s:\r\n", cx->code);
	if (cx->retry_after > 0)
		(void)fprintf(f, "Retry-After: %ld\r\n", cx->retry_after);
	if (cx->fault != SI_CUT && cx->fault != SI_ENDLESS)
		(void)fprintf(f, "Content-Length: %zu\r\n", body_len);
	(void)fputs("\r\n", f);
}

static void
send_body(struct si_conn *c, enum si_fault_kind fault, const char *body, size_t len)
{
	char filler[4096];

	switch (fault) {
	case SI_CUT:
	case SI_CUT_LENGTH: si_write(c, body, len / 2); break;
	case SI_DRIBBLE:
		for (size_t i = 0; i < len && i < SILENCE; i++) {
			si_write(c, body + i, 1);
			(void)sleep(1);
		}
		break;
	case SI_ENDLESS:
		memset(filler, ' ', sizeof(filler));
		for (int i = 0; i < 4096; i++)
			si_write(c, filler, sizeof(filler));
		break;
	default: si_write(c, body, len); break;
	}
}

static void
answer(struct si_cx *cx, struct si_conn *c)
{
	char *head = NULL;
	const char *body;
	size_t head_len;
	FILE *f = open_memstream(&head, &head_len);

	if (cx->text == NULL)
		cx->text = cx->out != NULL ? json_dumps(cx->out, JSON_COMPACT) : strdup("");
	body = cx->text != NULL ? cx->text : "";
	if (f == NULL)
		abort();
	put_head(f, cx, strlen(body));
	(void)fclose(f);
	si_write(c, head, head_len);
	send_body(c, cx->fault, body, strlen(body));
	free(head);
	si_close(c, false);
}

static void
drop(struct si_conn *c, enum si_fault_kind kind, const char *arg)
{
	if (kind == SI_KILL_BEFORE || kind == SI_KILL_AFTER)
		kill_named(arg);
	if (kind == SI_SILENCE || kind == SI_SILENCE_BEFORE)
		(void)sleep(SILENCE);
	si_close(c, kind == SI_RESET_BEFORE || kind == SI_RESET_AFTER);
}

/* Everything that touches the state; returns the fault's text for the log. */
static void
decide(struct si_cx *cx, const struct si_fault *fault)
{
	struct si *s = cx->s;
	bool sts = strcmp(cx->rq->method, "POST") == 0 && strcmp(cx->rq->target, "/") == 0;
	const struct si_call *call;

	call = si_route(cx);
	if (fault != NULL && fault->kind == SI_SKEW)
		s->clock_offset = arg_or(fault->arg, 600);
	if (call == NULL || cx->status != 200 || !check_signature(cx, sts)) {
		cx->fault = SI_NONE;
	} else if (!si_quota_take(s, call->name)) {
		si_error(cx, 429, "ThrottlingException", "Rate exceeded");
		cx->fault = SI_NONE;
	} else if (fault != NULL && answers_instead(fault->kind)) {
		answer_fault(cx, fault->kind, fault->arg);
	} else if (fault == NULL || !happens_before(fault->kind)) {
		si_dispatch(cx, call);
		if (cx->status == 200)
			spoil(cx);
	}
	if (sts && cx->code[0] != '\0')
		xml_error(cx);
}

static const char *
name_of(const struct si_request *rq)
{
	struct si_cx probe = { .rq = rq, .status = 200, .query = json_object() };
	const struct si_call *call = si_route(&probe);

	free(probe.arg);
	json_decref(probe.query);
	json_decref(probe.out);
	return call != NULL ? call->name : "Unknown";
}

void
si_serve(struct si *s, struct si_conn *c)
{
	struct si_request rq;
	struct si_fault from_file;
	const struct si_fault *fault;
	struct si_cx cx = { .s = s, .rq = &rq, .status = 200, .type = "application/json" };
	char file[4096];
	const char *name;
	int r = si_read(c, &rq);

	if (r <= 0) {
		si_request_free(&rq);
		si_close(c, r < 0);
		return;
	}
	(void)snprintf(file, sizeof(file), "%s/faults", s->dir);
	name = name_of(&rq);
	cx.query = json_object();
	if (s->latency > 0)
		(void)usleep(s->latency * 1000);
	(void)pthread_mutex_lock(&lock);
	fault = si_fault_find(s->faults, s->nfaults, file, name, count(s, name), &from_file);
	cx.fault = fault != NULL ? fault->kind : SI_NONE;
	cx.fault_arg = fault != NULL ? fault->arg : "";
	decide(&cx, fault);
	write_log(s, &cx, name, no_answer(cx.fault) ? 0 : cx.status,
	    cx.fault != SI_NONE  ? fault->text
	    : cx.code[0] != '\0' ? cx.code
				 : "-");
	(void)pthread_mutex_unlock(&lock);
	if (no_answer(cx.fault))
		drop(c, cx.fault, cx.fault_arg);
	else
		answer(&cx, c);
	json_decref(cx.query);
	json_decref(cx.body);
	json_decref(cx.out);
	free(cx.arg);
	free(cx.text);
	si_request_free(&rq);
}
