/*
 * Which calls the credentials may make, found out without changing anything: reading, and changes
 * to things that are not there. A refusal that speaks of the thing is a permission.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/awscall.h"
#include "provision/awserr.h"

/* A certificate that nobody has: the hash of nothing known. */
#define NOBODY "0000000000000000000000000000000000000000000000000000000000000000"

/* What the path of a call is to name. */
enum probe_path {
	PATH_NONE,
	PATH_POLICY,
	PATH_THING,
	PATH_CERT,
	PATH_CERT_ARN,
};

/* What else it takes. */
enum probe_more {
	MORE_NOTHING,
	MORE_PRINCIPAL,
	MORE_TARGET,   /* body */
	MORE_STATUS,   /* query */
	MORE_ONE,      /* the first entry of a list */
	MORE_ENDPOINT, /* its type */
	MORE_EMPTY,    /* body; of a thing that is not there */
};

static const struct probe {
	enum call_id id;
	enum probe_path path;
	enum probe_more more;
} probes[] = {
	{ CALL_DESCRIBE_ENDPOINT, PATH_NONE, MORE_ENDPOINT },
	{ CALL_GET_POLICY, PATH_POLICY, MORE_NOTHING },
	{ CALL_DESCRIBE_THING, PATH_THING, MORE_NOTHING },
	{ CALL_UPDATE_THING, PATH_THING, MORE_EMPTY },
	{ CALL_LIST_THING_PRINCIPALS, PATH_THING, MORE_NOTHING },
	{ CALL_LIST_THING_GROUPS_FOR_THING, PATH_THING, MORE_NOTHING },
	{ CALL_LIST_CERTIFICATES, PATH_NONE, MORE_ONE },
	{ CALL_DESCRIBE_CERTIFICATE, PATH_CERT, MORE_NOTHING },
	{ CALL_LIST_ATTACHED_POLICIES, PATH_CERT_ARN, MORE_NOTHING },
	{ CALL_LIST_PRINCIPAL_THINGS, PATH_NONE, MORE_PRINCIPAL },
	{ CALL_ATTACH_POLICY, PATH_POLICY, MORE_TARGET },
	{ CALL_DETACH_POLICY, PATH_POLICY, MORE_TARGET },
	{ CALL_ATTACH_THING_PRINCIPAL, PATH_THING, MORE_PRINCIPAL },
	{ CALL_DETACH_THING_PRINCIPAL, PATH_THING, MORE_PRINCIPAL },
	{ CALL_UPDATE_CERTIFICATE, PATH_CERT, MORE_STATUS },
	{ CALL_DELETE_CERTIFICATE, PATH_CERT, MORE_NOTHING },
};

static void
fill(
    const struct probe *p, const struct aws_probe_names *n, const char *arn, struct call_args *args)
{
	const char *const paths[] = { [PATH_NONE] = NULL,
		[PATH_POLICY] = n->policy,
		[PATH_THING] = n->thing,
		[PATH_CERT] = NOBODY,
		[PATH_CERT_ARN] = arn };

	*args = (struct call_args){ .path = paths[p->path] };
	switch (p->more) {
	case MORE_NOTHING: break;
	case MORE_PRINCIPAL: args->principal = arn; break;
	case MORE_TARGET: args->body = json_pack("{s:s}", "target", arn); break;
	case MORE_STATUS:
		args->query[0].name = "newStatus";
		args->query[0].value = "INACTIVE";
		break;
	case MORE_ONE:
		args->query[0].name = "pageSize";
		args->query[0].value = "1";
		break;
	case MORE_EMPTY: args->body = json_object(); break;
	case MORE_ENDPOINT:
		args->query[0].name = "endpointType";
		args->query[0].value = "iot:Data-ATS";
		break;
	}
}

static void
judge(const struct aws_error *e, struct aws_probe *out)
{
	struct aws_denial d;

	(void)snprintf(out->why, sizeof(out->why), "%s%s%s", e->code,
	    e->code[0] != '\0' && e->message[0] != '\0' ? ": " : "", e->message);
	if (strncmp(e->code, "AccessDenied", 12) == 0) {
		aws_error_denial(e, &d);
		out->result = AWS_PROBE_DENIED;
		if (d.action[0] != '\0')
			(void)snprintf(out->action, sizeof(out->action), "%s", d.action);
	} else if (e->action == AWS_ACT_THROTTLED) {
		out->result = AWS_PROBE_THROTTLED;
	} else if (e->action == AWS_ACT_NOT_FOUND ||
		   /* It looked at what was asked: rights come before that. */
		   (e->status == 400 && strcmp(e->code, "InvalidRequestException") == 0)) {
		out->result = AWS_PROBE_ALLOWED;
	} else {
		out->result = AWS_PROBE_FAILED;
	}
}

/* One request, never repeated; nothing is said. */
static void
ask(struct aws *a, const struct probe *p, const struct call_args *args, struct aws_probe *out)
{
	const struct call *call = aws_call(p->id);
	char *url = aws_make_url(call, args, a->endpoint);
	char *body = args->body != NULL ? json_dumps(args->body, JSON_COMPACT) : NULL;
	struct http_answer ans = { 0 };
	struct aws_error e;

	out->result = AWS_PROBE_FAILED;
	(void)snprintf(out->why, sizeof(out->why), "out of memory");
	if (url != NULL && (body != NULL || args->body == NULL)) {
		if (aws_send(a, call, args, url, body, &ans) != HTTP_ANSWERED) {
			(void)snprintf(out->why, sizeof(out->why), "%s", ans.why);
		} else if (ans.status >= 200 && ans.status < 300) {
			out->result = AWS_PROBE_ALLOWED;
			out->why[0] = '\0';
		} else {
			aws_error_decode(&ans, a->cred.token, &e);
			judge(&e, out);
		}
	}
	http_answer_clear(&ans);
	free(url);
	free(body);
}

bool
aws_probe(struct aws *a, size_t i, struct aws_probe_names *names, struct aws_probe *out)
{
	struct call_args args;
	char *arn = NULL;

	memset(out, 0, sizeof(*out));
	if (i >= sizeof(probes) / sizeof(probes[0]))
		return false;
	(void)snprintf(out->action, sizeof(out->action), "iot:%s", aws_call(probes[i].id)->name);
	if (probes[i].more == MORE_EMPTY && names->thing_is_there) {
		out->result = AWS_PROBE_SKIPPED;
		return true;
	}
	if (asprintf(&arn, "arn:%s:iot:%s:%s:cert/" NOBODY, aws_partition(a), a->region,
		names->account) < 0) {
		(void)snprintf(out->why, sizeof(out->why), "out of memory");
		out->result = AWS_PROBE_FAILED;
		return true;
	}
	fill(&probes[i], names, arn, &args);
	ask(a, &probes[i], &args, out);
	/* Unless it was certainly not found, it may be there. */
	if (probes[i].id == CALL_DESCRIBE_THING)
		names->thing_is_there = out->result != AWS_PROBE_ALLOWED || out->why[0] == '\0';
	json_decref(args.body);
	free(arn);
	return true;
}
