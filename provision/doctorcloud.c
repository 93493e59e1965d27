/* The cloud half of "doctor": who calls, where, whether it answers, and what is allowed. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provision/aws.h"
#include "provision/awserr.h"
#include "provision/cred.h"
#include "provision/doctor.h"
#include "provision/http.h"

#define CLOCK_FAIR   5   /* seconds: an answer's Date says no more */
#define CLOCK_MOST   240 /* seconds that AWS tolerates, with some to spare */
#define EXPIRES_SOON 900 /* seconds */
#define NAME_NOBODY  "optiga-provision-doctor"

/* What is resolved step by step; each step's failure is a line. */
struct place {
	struct cred_conf *conf;
	const char *region;
	char *endpoint;
	const char *bundle; /* NULL: the system's */
	bool keys;
	struct prov_kept said;
};

static void
begin(struct place *p)
{
	memset(&p->said, 0, sizeof(p->said));
	prov_keep(&p->said);
}

/* Adds what was said if it went wrong. */
static bool
end(struct doctor *d, struct place *p, const char *check, bool ok)
{
	prov_keep(NULL);
	if (!ok)
		doctor_add(d, DOCTOR_FAILED, check, p->said.hint, "%s", p->said.error);
	if (p->said.warning[0] != '\0')
		doctor_add(d, DOCTOR_WARNING, check, p->said.hint, "%s", p->said.warning);
	return ok;
}

static void
check_keys(struct doctor *d, struct place *p)
{
	struct cred cred;
	long left;

	begin(p);
	p->keys = end(d, p, "credentials", cred_load(p->conf, &cred));
	if (!p->keys)
		return;
	left = cred.expires != 0 ? (long)(cred.expires - time(NULL)) : EXPIRES_SOON;
	if (left <= 0)
		doctor_add(d, DOCTOR_FAILED, "credentials", "get new ones",
		    "access key %s from %s expired %ld seconds ago", cred.access_key, cred.source,
		    -left);
	else if (left < EXPIRES_SOON && !cred.renewable)
		doctor_add(d, DOCTOR_WARNING, "credentials", "get new ones before a long run",
		    "access key %s from %s expires in %ld seconds", cred.access_key, cred.source,
		    left);
	else
		doctor_add(d, DOCTOR_OK, "credentials", NULL, "access key %s%s from %s",
		    cred.access_key, cred.token != NULL ? ", temporary," : "", cred.source);
	cred_clear(&cred);
}

static bool
check_place(struct doctor *d, struct place *p)
{
	const struct aws_options *o = &d->opts->aws;
	bool ok;

	begin(p);
	if (!end(d, p, "credentials", cred_conf_open(o->profile, &p->conf)))
		return false;
	check_keys(d, p);
	begin(p);
	p->region = cred_region(p->conf, o->region);
	if (!end(d, p, "region", p->region != NULL))
		return false;
	doctor_add(
	    d, DOCTOR_OK, "region", NULL, "%s, partition %s", p->region, cred_partition(p->region));
	begin(p);
	p->endpoint = cred_endpoint(p->conf, CRED_IOT, o->endpoint_url, p->region);
	ok = p->endpoint != NULL && cred_ca_bundle(p->conf, o->ca_bundle, &p->bundle);
	return end(d, p, "endpoint", ok);
}

static void
check_clock(struct doctor *d, const char *date, time_t before, time_t after)
{
	time_t server;
	long ahead = 0;

	if (!aws_http_date(date, &server)) {
		doctor_add(d, DOCTOR_WARNING, "clock",
		    "is something between this machine and AWS that answers for it?",
		    "the endpoint's answer has no date");
		return;
	}
	/* The answer was made some time in between. */
	if (server < before)
		ahead = (long)(before - server);
	else if (server > after)
		ahead = -(long)(server - after);
	if (labs(ahead) <= CLOCK_FAIR)
		doctor_add(d, DOCTOR_OK, "clock", NULL, "agrees with the endpoint's");
	else
		doctor_add(d, DOCTOR_WARNING, "clock",
		    "set it, for example with \"timedatectl set-ntp true\"",
		    "%ld seconds %s the endpoint's%s", labs(ahead),
		    ahead > 0 ? "ahead of" : "behind",
		    labs(ahead) > CLOCK_MOST ? "; requests are corrected by it, but validity "
					       "times of certificates are not"
					     : "");
}

/* A request without a signature: the refusal says that it is there, and what time it is. */
static bool
check_endpoint(struct doctor *d, const struct place *p)
{
	const struct http_request rq = { .method = "GET", .url = p->endpoint };
	struct http *h = http_open(p->bundle);
	struct http_answer ans = { 0 };
	time_t before = time(NULL);
	enum http_result r = h != NULL ? http_send(h, &rq, &ans) : HTTP_BROKEN;

	switch (r) {
	case HTTP_ANSWERED:
		doctor_add(d, DOCTOR_OK, "endpoint", NULL, "%s answers", p->endpoint);
		check_clock(d, ans.date, before, time(NULL));
		break;
	case HTTP_UNTRUSTED:
		doctor_add(d, DOCTOR_FAILED, "endpoint",
		    "a proxy with its own CA: name its certificate with --ca-bundle or "
		    "AWS_CA_BUNDLE",
		    "%s: %s", p->endpoint, ans.why);
		break;
	case HTTP_NOT_SENT:
	case HTTP_UNKNOWN:
	case HTTP_BROKEN:
		doctor_add(d, DOCTOR_FAILED, "endpoint",
		    "check network, proxy (HTTPS_PROXY, NO_PROXY), firewall and region", "%s: %s",
		    p->endpoint, ans.why);
	}
	http_answer_clear(&ans);
	http_close(&h);
	return r == HTTP_ANSWERED;
}

/* The names of the configuration, unless they are templates. */
static void
take_names(const struct doctor *d, struct aws_probe_names *n)
{
	n->policy = n->thing = NAME_NOBODY;
	if (d->config != NULL && d->config->policy != NULL)
		n->policy = d->config->policy;
	if (d->config != NULL && d->config->thing != NULL && strchr(d->config->thing, '{') == NULL)
		n->thing = d->config->thing;
}

/* Counts of the calls that were tried. */
struct tally {
	unsigned int allowed, throttled, all;
};

static void
check_call(struct doctor *d, const struct aws_probe *p, struct tally *t)
{
	char remedy[160];

	if (p->result == AWS_PROBE_SKIPPED)
		return;
	t->all++;
	switch (p->result) {
	case AWS_PROBE_SKIPPED: break;
	case AWS_PROBE_ALLOWED: t->allowed++; break;
	case AWS_PROBE_THROTTLED: t->throttled++; break;
	case AWS_PROBE_DENIED:
		(void)snprintf(
		    remedy, sizeof(remedy), "allow %s in the IAM policy of this user", p->action);
		doctor_add(d, DOCTOR_FAILED, "permission", remedy, "no %s: %s", p->action, p->why);
		break;
	case AWS_PROBE_FAILED:
		doctor_add(d, DOCTOR_WARNING, "permission", "run \"doctor\" again",
		    "%s could not be tried: %s", p->action, p->why);
		break;
	}
}

static void
say_tally(struct doctor *d, const struct tally *t)
{
	if (t->allowed > 0)
		doctor_add(d, DOCTOR_OK, "permission", NULL,
		    "%u of the %u calls that can be tried without a change are allowed", t->allowed,
		    t->all);
	if (t->throttled > 0)
		doctor_add(d, DOCTOR_WARNING, "quota",
		    "other tools of this account use the same quota: wait, or ask AWS for more",
		    "%u of %u requests were throttled", t->throttled, t->all);
	else
		doctor_add(
		    d, DOCTOR_OK, "quota", NULL, "none of %u requests was throttled", t->all);
}

static void
check_account(struct doctor *d, struct place *p)
{
	struct aws_probe_names names = { .account = NULL };
	struct tally t = { 0 };
	struct aws_probe probe;
	struct aws *a = NULL;
	char account[13] = "";
	bool ok;

	begin(p);
	ok = aws_open(&d->opts->aws, &a) == AWS_OK && aws_caller_account(a, account) == AWS_OK;
	/* The clock has its own line. */
	if (strstr(p->said.warning, "the clock of this machine") != NULL)
		p->said.warning[0] = '\0';
	if (end(d, p, "account", ok)) {
		doctor_add(d, DOCTOR_OK, "account", NULL, "%s", account);
		names.account = account;
		take_names(d, &names);
		for (size_t i = 0; aws_probe(a, i, &names, &probe); i++)
			check_call(d, &probe, &t);
		say_tally(d, &t);
	}
	aws_close(&a);
}

void
doctor_cloud(struct doctor *d)
{
	struct place p = { .conf = NULL };

	if (check_place(d, &p) && check_endpoint(d, &p) && p.keys)
		check_account(d, &p);
	free(p.endpoint);
	cred_conf_close(&p.conf);
}
