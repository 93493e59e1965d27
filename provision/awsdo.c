/*
 * One call: send, judge, and again where that is safe.
 *
 * Every try is signed afresh. Throttled calls were not executed and may always be repeated; after
 * a lost answer only what is idempotent. The clock is corrected once per run, from the Date of an
 * answer that blames it (five minutes are tolerated, so less than 240 s is not the cause).
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "provision/awscall.h"
#include "provision/awserr.h"
#include "provision/msg.h"
#include "provision/pace.h"
#include "provision/stop.h"

#define DELAY_MAX      20.0 /* seconds between two tries */
#define WAIT_MAX       60   /* longest Retry-After that is waited for */
#define DEADLINE       120  /* seconds for all tries of one call */
#define SKEW_MIN       240  /* seconds */
#define REFRESH_BEFORE 300  /* seconds of life that renewable credentials must still have */
#define NEW_FOR        15   /* seconds that something just created may stay invisible */
#define NEW_TRIES      8
#define NEW_DELAY_MAX  4.0 /* seconds between two looks for it */

static const char sts_body[] = "Action=GetCallerIdentity&Version=2011-06-15";

/* One call under way. */
struct run {
	struct aws *a;
	enum call_id id;
	const struct call *call;
	const struct call_args *args;
	char *url;
	char *body; /* NULL: none */
	struct http_answer ans;
	enum http_result sent;
	struct aws_error err;
	char why[928]; /* of the last try, for people */
	unsigned int tries, new_tries;
	bool refreshed;
	time_t started;
};

enum verdict {
	V_DONE,
	V_AGAIN,         /* at once: something was mended */
	V_RETRY,         /* nothing was executed */
	V_RETRY_UNKNOWN, /* it may have been */
	V_RETRY_NEW,     /* what it needs is not visible yet */
	V_NOT_FOUND,
	V_EXISTS,
	V_CHANGED,
	V_FAIL,
};

static time_t
monotonic(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void
put_about(const struct call *call, const struct call_args *args, char *out, size_t out_len)
{
	const char *about = args->about != NULL ? args->about : args->path;

	if (about != NULL)
		(void)snprintf(out, out_len, "%s \"%s\"", call->name, about);
	else
		(void)snprintf(out, out_len, "%s", call->name);
}

static bool
build(struct run *r)
{
	char *sts = NULL;
	const char *endpoint = r->a->endpoint;
	bool ok;

	if ((r->call->flags & CALL_STS) != 0) {
		sts = cred_endpoint(r->a->conf, CRED_STS, r->a->endpoint_option, r->a->region);
		if (sts == NULL)
			return false;
		endpoint = sts;
		r->body = strdup(sts_body);
	} else if (r->args->body != NULL) {
		r->body = json_dumps(r->args->body, JSON_COMPACT);
	}
	r->url = aws_make_url(r->call, r->args, endpoint);
	ok = r->url != NULL && (r->body != NULL || (r->args->body == NULL && sts == NULL));
	if (!ok)
		prov_error("cannot build the %s request: out of memory", r->call->name);
	free(sts);
	return ok;
}

static bool
renew(struct aws *a)
{
	struct cred fresh;

	if (!cred_load(a->conf, &fresh))
		return false;
	cred_clear(&a->cred);
	a->cred = fresh;
	return true;
}

static bool
try_once(struct run *r)
{
	struct aws *a = r->a;

	if (a->cred.renewable && a->cred.expires != 0 &&
	    a->cred.expires - time(NULL) < REFRESH_BEFORE && !r->refreshed) {
		r->refreshed = true;
		if (!renew(a))
			return false;
	}
	http_answer_clear(&r->ans);
	r->started += (time_t)pace_wait(r->id);
	r->sent = aws_send(a, r->call, r->args, r->url, r->body, &r->ans);
	r->tries++;
	return true;
}

/* Once per run, and only if the server's clock really differs. */
static enum verdict
mend_clock(struct run *r)
{
	struct aws *a = r->a;
	time_t server, ours = time(NULL);
	long long off;

	if (a->clock_corrected || !aws_http_date(r->ans.date, &server)) {
		r->err.hint = "check the secret access key and the clock of this machine";
		return V_FAIL;
	}
	off = (long long)server - ours;
	if (off > -SKEW_MIN && off < SKEW_MIN)
		return V_FAIL;
	a->clock_offset = (time_t)off;
	a->clock_corrected = true;
	prov_warn("the clock of this machine is %lld seconds %s: using the server's time",
	    off < 0 ? -off : off, off < 0 ? "ahead" : "behind");
	return V_AGAIN;
}

static enum verdict
mend_credentials(struct run *r)
{
	if (!r->a->cred.renewable || r->refreshed)
		return V_FAIL;
	r->refreshed = true;
	return renew(r->a) ? V_AGAIN : V_FAIL;
}

/* Only some callers ask for things that may not be there; to the others it is a failure. */
static enum verdict
judge_not_found(const struct run *r)
{
	if ((r->call->flags & CALL_UNDO) != 0)
		return V_DONE;
	if ((r->call->flags & CALL_NEEDS) != 0 && r->a->created_at != 0 &&
	    monotonic() - r->a->created_at <= NEW_FOR && r->new_tries < NEW_TRIES)
		return V_RETRY_NEW;
	return (r->call->flags & CALL_FINDS) != 0 ? V_NOT_FOUND : V_FAIL;
}

/* The error says what is there. */
static enum verdict
judge_exists(const struct run *r, struct call_reply *reply)
{
	if ((r->call->flags & CALL_EXISTS) == 0)
		return V_FAIL;
	reply->json = json_loadb(r->ans.body, r->ans.body_len, JSON_REJECT_DUPLICATES, NULL);
	return V_EXISTS;
}

static enum verdict
judge_error(struct run *r, struct call_reply *reply)
{
	struct aws_error *e = &r->err;

	aws_error_decode(&r->ans, r->a->cred.token, e);
	(void)snprintf(r->why, sizeof(r->why), "%s%s%s", e->code,
	    e->code[0] != '\0' && e->message[0] != '\0' ? ": " : "", e->message);
	if (r->why[0] == '\0')
		(void)snprintf(r->why, sizeof(r->why), "an answer without a reason");
	switch (e->action) {
	case AWS_ACT_THROTTLED: return V_RETRY;
	case AWS_ACT_SERVER: return V_RETRY_UNKNOWN;
	case AWS_ACT_CLOCK: return mend_clock(r);
	case AWS_ACT_EXPIRED: return mend_credentials(r);
	case AWS_ACT_NOT_FOUND: return judge_not_found(r);
	case AWS_ACT_EXISTS: return judge_exists(r, reply);
	case AWS_ACT_VERSION: return (r->call->flags & CALL_VERSION) != 0 ? V_CHANGED : V_FAIL;
	case AWS_ACT_FAIL: break;
	}
	return V_FAIL;
}

static enum verdict
judge_success(struct run *r, struct call_reply *reply)
{
	if ((r->call->flags & CALL_VOID) != 0)
		return V_DONE;
	if ((r->call->flags & CALL_STS) != 0) {
		reply->text = r->ans.body;
		r->ans.body = NULL;
		return V_DONE;
	}
	reply->json = json_loadb(r->ans.body, r->ans.body_len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(reply->json))
		return V_DONE;
	call_reply_clear(reply);
	(void)snprintf(r->why, sizeof(r->why), "the answer is not a JSON object");
	return V_RETRY_UNKNOWN;
}

static enum verdict
judge(struct run *r, struct call_reply *reply)
{
	memset(&r->err, 0, sizeof(r->err));
	switch (r->sent) {
	case HTTP_ANSWERED:
		return r->ans.status >= 200 && r->ans.status < 300 ? judge_success(r, reply)
								   : judge_error(r, reply);
	case HTTP_NOT_SENT:
	case HTTP_UNKNOWN:
	case HTTP_UNTRUSTED:
	case HTTP_BROKEN: break;
	}
	(void)snprintf(r->why, sizeof(r->why), "%s",
	    r->ans.why[0] != '\0' ? r->ans.why : "cannot sign the request");
	if (r->sent == HTTP_NOT_SENT)
		return V_RETRY;
	return r->sent == HTTP_UNKNOWN ? V_RETRY_UNKNOWN : V_FAIL;
}

/* random(0,1) * min(20 s, 2^i s), or what the server asks for and up to a second more, so that
 * those who were sent away together do not come back together. */
static double
delay_of(const struct run *r, enum verdict v)
{
	unsigned char rnd[2] = { 0x80, 0 };
	unsigned int i = r->tries - 1;
	double top = i < 5 ? (double)(1U << i) : DELAY_MAX, share;
	double most = v == V_RETRY_NEW ? NEW_DELAY_MAX : DELAY_MAX;

	(void)RAND_bytes(rnd, sizeof(rnd));
	share = (rnd[0] * 256 + rnd[1]) / 65536.0;
	if (r->ans.retry_after > 0)
		return (double)r->ans.retry_after + share;
	return (top < most ? top : most) * share;
}

/* False: the user wants to stop. */
static bool
sleep_for(double seconds)
{
	struct timespec ts = { .tv_sec = (time_t)seconds };

	ts.tv_nsec = (long)((seconds - (double)ts.tv_sec) * 1e9);
	while (!stop_wanted() && nanosleep(&ts, &ts) != 0 && errno == EINTR)
		;
	return !stop_wanted();
}

static bool
throttled(const struct run *r)
{
	return r->sent == HTTP_ANSWERED && r->err.action == AWS_ACT_THROTTLED;
}

/* Among many workers that find the rate together, a throttled try is none. */
static bool
may_wait(struct run *r, enum verdict v)
{
	double delay = delay_of(r, v);
	char about[256];

	if (v != V_RETRY_NEW && r->tries - r->new_tries >= r->a->max_attempts &&
	    !(throttled(r) && pace_shared()))
		return false;
	if (delay > WAIT_MAX || (double)(monotonic() - r->started) + delay > DEADLINE)
		return false;
	put_about(r->call, r->args, about, sizeof(about));
	prov_step("%s: %s; trying again in %.1f s", about, r->why, delay);
	return sleep_for(delay);
}

/* Nothing came back: what to look at. */
static void
hint_unanswered(const struct run *r)
{
	if (r->sent == HTTP_NOT_SENT)
		prov_hint("is %.*s the right endpoint? check network, proxy and region",
		    (int)strcspn(r->url + 8, "/?") + 8, r->url);
	else if (r->sent == HTTP_UNTRUSTED)
		prov_hint("a proxy or stand-in with its own CA: name its certificate with "
			  "--ca-bundle or AWS_CA_BUNDLE");
	else if (r->sent == HTTP_UNKNOWN)
		prov_hint("the connection broke: run the same command again");
}

/* The action, and on what: as the answer says, else as was asked. */
static void
hint_denied(const struct run *r)
{
	const char *about = r->args->about != NULL ? r->args->about : r->args->path;
	struct aws_denial d;

	aws_error_denial(&r->err, &d);
	if (d.action[0] == '\0')
		(void)snprintf(d.action, sizeof(d.action), "%s:%s",
		    (r->call->flags & CALL_STS) != 0 ? "sts" : "iot", r->call->name);
	if (d.explicitly)
		prov_hint("an IAM policy or a control policy of the organization forbids %s%s%s: "
			  "allowing it elsewhere does not help",
		    d.action, d.resource[0] != '\0' ? " on " : "", d.resource);
	else if (d.resource[0] != '\0')
		prov_hint(
		    "these credentials need the IAM permission %s on %s", d.action, d.resource);
	else if (about != NULL)
		prov_hint(
		    "these credentials need the IAM permission %s for \"%s\"", d.action, about);
	else
		prov_hint("these credentials need the IAM permission %s", d.action);
}

static void
say_failed(const struct run *r)
{
	const struct aws_error *e = &r->err;
	char about[256], tries[32] = "";

	put_about(r->call, r->args, about, sizeof(about));
	if (r->tries > 1)
		(void)snprintf(tries, sizeof(tries), " after %u tries", r->tries);
	if (r->sent != HTTP_ANSWERED) {
		prov_error("%s failed%s: %s", about, tries, r->why);
		hint_unanswered(r);
		return;
	}
	prov_error("%s failed%s: %s (status %ld%s%s)", about, tries, r->why, r->ans.status,
	    r->ans.request_id[0] != '\0' ? ", request id " : "", r->ans.request_id);
	if (strncmp(e->code, "AccessDenied", 12) == 0)
		hint_denied(r);
	else if (r->ans.retry_after > WAIT_MAX)
		prov_hint("the service asks to wait %ld seconds", r->ans.retry_after);
	else if (e->hint != NULL)
		prov_hint("%s", e->hint);
}

static enum aws_result
conclude(struct run *r, enum verdict v)
{
	switch (v) {
	case V_DONE:
		if ((r->call->flags & CALL_CREATES) != 0)
			r->a->created_at = monotonic();
		return AWS_OK;
	case V_NOT_FOUND: return AWS_NOT_FOUND;
	case V_EXISTS: return AWS_EXISTS;
	case V_CHANGED: return AWS_CHANGED;
	case V_RETRY_UNKNOWN:
		if ((r->call->flags & CALL_ONCE) == 0)
			break;
		prov_warn("%s: %s (its outcome is unknown%s%s)", r->call->name, r->why,
		    r->ans.request_id[0] != '\0' ? ", request id " : "", r->ans.request_id);
		return AWS_UNKNOWN;
	case V_FAIL: r->a->refused = r->sent == HTTP_ANSWERED && r->ans.status / 100 == 4; break;
	case V_AGAIN:
	case V_RETRY:
	case V_RETRY_NEW: break;
	}
	say_failed(r);
	return AWS_FAILED;
}

static enum aws_result
loop(struct run *r, struct call_reply *reply)
{
	for (;;) {
		enum verdict v;

		if (!try_once(r))
			return AWS_FAILED;
		v = judge(r, reply);
		if (r->sent == HTTP_ANSWERED)
			pace_note(r->id, throttled(r), r->ans.retry_after);
		if (v == V_AGAIN)
			continue;
		if (v == V_RETRY_NEW)
			r->new_tries++;
		if (v != V_RETRY && v != V_RETRY_UNKNOWN && v != V_RETRY_NEW)
			return conclude(r, v);
		if (v == V_RETRY_UNKNOWN && (r->call->flags & CALL_ONCE) != 0)
			return conclude(r, v);
		if (!may_wait(r, v))
			return conclude(r, v);
	}
}

enum aws_result
aws_do(struct aws *a, enum call_id id, const struct call_args *args, struct call_reply *reply)
{
	struct run r = {
		.a = a, .id = id, .call = aws_call(id), .args = args, .started = monotonic()
	};
	enum aws_result res = AWS_FAILED;

	memset(reply, 0, sizeof(*reply));
	a->refused = false;
	if (build(&r))
		res = loop(&r, reply);
	(void)snprintf(a->request_id, sizeof(a->request_id), "%s", r.ans.request_id);
	http_answer_clear(&r.ans);
	free(r.url);
	free(r.body);
	return res;
}

void
call_reply_clear(struct call_reply *reply)
{
	json_decref(reply->json);
	free(reply->text);
	memset(reply, 0, sizeof(*reply));
}

enum aws_result
aws_unusable(struct aws *a, enum call_id id, const struct call_args *args, const char *why)
{
	char about[256];

	put_about(aws_call(id), args, about, sizeof(about));
	prov_error("%s: the answer cannot be used: %s%s%s%s", about, why,
	    a->request_id[0] != '\0' ? " (request id " : "", a->request_id,
	    a->request_id[0] != '\0' ? ")" : "");
	return AWS_FAILED;
}
