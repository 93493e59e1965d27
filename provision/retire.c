/* Taking a device out; see retire.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/cert.h"
#include "provision/cloud.h"
#include "provision/retire.h"

void
retire_clear(struct retire_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->list[i].name);
		free(p->list[i].arn);
	}
	free(p->list);
	*p = (struct retire_plan){ 0 };
}

/* Copies the strings. */
static bool
add(struct retire_plan *p, enum retire_what what, const char *name, const char *arn)
{
	struct retire_step s = { .what = what };

	if (p->n == p->room) {
		size_t room = p->room != 0 ? 2 * p->room : 16;
		struct retire_step *more = reallocarray(p->list, room, sizeof(*more));

		if (more == NULL) {
			prov_error("out of memory");
			return false;
		}
		p->list = more;
		p->room = room;
	}
	s.name = name != NULL ? strdup(name) : NULL;
	s.arn = arn != NULL ? strdup(arn) : NULL;
	if ((name != NULL && s.name == NULL) || (arn != NULL && s.arn == NULL)) {
		prov_error("out of memory");
		free(s.name);
		free(s.arn);
		return false;
	}
	p->list[p->n++] = s;
	return true;
}

/* --- the cloud ------------------------------------------------------------------------------- */

/* Collects what is attached to one certificate. */
struct attached {
	struct retire_plan *plan;
	enum retire_what what;
	const char *arn;
	bool failed;
};

static bool
take_attached(const char *name, void *arg)
{
	struct attached *a = arg;

	a->failed = !add(a->plan, a->what, name, a->arn);
	return !a->failed;
}

static bool
find_attached(struct job *j, const char *arn, struct retire_plan *p)
{
	struct attached things = { .plan = p, .what = RETIRE_DETACH_THING, .arn = arn };
	struct attached policies = { .plan = p, .what = RETIRE_DETACH_POLICY, .arn = arn };

	return aws_list_principal_things(j->aws, arn, take_attached, &things) == AWS_OK &&
	       !things.failed &&
	       aws_list_attached_policies(j->aws, arn, take_attached, &policies) == AWS_OK &&
	       !policies.failed;
}

/* A certificate on the chip, as AWS IoT knows it, or not at all. */
static bool
find_cloud_cert(struct job *j, X509 *cert, struct retire_plan *p)
{
	char id[65];
	bool known;

	if (!cert_id(cert, id) || !cloud_find(j, id, &known))
		return false;
	if (!known)
		return true;
	if (!find_attached(j, j->cloud.arn, p))
		return false;
	if (strcmp(j->cloud.status, "ACTIVE") == 0 && !add(p, RETIRE_DEACTIVATE, id, NULL))
		return false;
	return add(p, RETIRE_DELETE_CERT, id, NULL);
}

/* Whether a certificate is one of those that go. */
struct others {
	const struct retire_plan *plan;
	const char *thing;
	bool any;
};

static bool
is_other(const char *arn, void *arg)
{
	struct others *o = arg;

	o->any = true;
	for (size_t i = 0; i < o->plan->n; i++) {
		const struct retire_step *s = &o->plan->list[i];

		if (s->what == RETIRE_DETACH_THING && strcmp(s->arn, arn) == 0 &&
		    strcmp(s->name, o->thing) == 0)
			o->any = false;
	}
	return !o->any;
}

static bool
find_thing(struct job *j, const char *name, struct retire_plan *p)
{
	struct others o = { .plan = p, .thing = name };
	char *arn = NULL;
	enum aws_result r = aws_describe_thing(j->aws, name, &arn);

	free(arn);
	if (r == AWS_NOT_FOUND)
		return true;
	if (r != AWS_OK || aws_list_thing_principals(j->aws, name, is_other, &o) != AWS_OK)
		return false;
	if (o.any) {
		prov_warn("the thing \"%s\" has other certificates; it stays", name);
		return true;
	}
	return add(p, RETIRE_DELETE_THING, name, NULL);
}

/* That of the configuration, which may have been detached already; else those attached. */
static bool
find_things(struct job *j, struct retire_plan *p)
{
	const size_t n = p->n;
	bool ok = true;

	if (j->config != NULL && j->config->thing != NULL)
		return find_thing(j, j->config->thing, p);
	for (size_t i = 0; ok && i < n; i++)
		if (p->list[i].what == RETIRE_DETACH_THING)
			ok = find_thing(j, p->list[i].name, p);
	return ok;
}

static bool
find_cloud(struct job *j, unsigned int flags, struct retire_plan *p)
{
	for (size_t i = 0; i < j->ncerts; i++) {
		X509 *cert = j->certs[i].cert;

		/* Issuers are not the device's. */
		if (cert != NULL && (j->key.pub == NULL || cert_is_for(cert, j->key.pub)) &&
		    !find_cloud_cert(j, cert, p))
			return false;
	}
	return (flags & RETIRE_THING) == 0 || find_things(j, p);
}

/* --- all of it ------------------------------------------------------------------------------- */

bool
retire_find(struct job *j, unsigned int flags, struct retire_plan *p)
{
	*p = (struct retire_plan){ 0 };
	if (j->state.key && !token_certs(j->token, &j->key, j->certs, JOB_CERTS, &j->ncerts))
		return false;
	if (j->aws != NULL && !find_cloud(j, flags, p))
		return false;
	if (!j->state.key || (flags & RETIRE_KEEP_KEY) != 0)
		return true;
	return (j->ncerts == 0 || add(p, RETIRE_REMOVE_CERTS, NULL, NULL)) &&
	       add(p, RETIRE_DESTROY_KEY, NULL, NULL);
}

char *
retire_text(const struct job *j, const struct retire_step *s)
{
	char *text = NULL;
	int n = -1;

	switch (s->what) {
	case RETIRE_DETACH_THING:
		n = asprintf(&text, "detach the thing \"%s\" from the certificate", s->name);
		break;
	case RETIRE_DETACH_POLICY:
		n = asprintf(&text, "detach the policy \"%s\" from the certificate", s->name);
		break;
	case RETIRE_DEACTIVATE:
		n = asprintf(&text, "deactivate the certificate %s", s->name);
		break;
	case RETIRE_DELETE_CERT:
		n = asprintf(&text, "delete the certificate %s at AWS IoT", s->name);
		break;
	case RETIRE_DELETE_THING: n = asprintf(&text, "delete the thing \"%s\"", s->name); break;
	case RETIRE_REMOVE_CERTS:
		n = asprintf(
		    &text, "remove the certificate%s from the chip", j->ncerts > 1 ? "s" : "");
		break;
	case RETIRE_DESTROY_KEY:
		n = asprintf(&text, "destroy the key in slot \"%s\" (%04X), for ever",
		    j->slot->name, j->slot->key_oid);
		break;
	}
	return n >= 0 ? text : NULL;
}

static bool
remove_certs(struct job *j)
{
	for (size_t i = 0; i < j->ncerts; i++)
		if (!token_destroy(j->token, j->certs[i].handle))
			return false;
	return true;
}

bool
retire_do(struct job *j, const struct retire_step *s)
{
	switch (s->what) {
	case RETIRE_DETACH_THING: return aws_detach_thing(j->aws, s->name, s->arn) == AWS_OK;
	case RETIRE_DETACH_POLICY: return aws_detach_policy(j->aws, s->name, s->arn) == AWS_OK;
	case RETIRE_DEACTIVATE:
		return aws_update_certificate(j->aws, s->name, "INACTIVE") == AWS_OK;
	case RETIRE_DELETE_CERT: return aws_delete_certificate(j->aws, s->name) == AWS_OK;
	case RETIRE_DELETE_THING: return aws_delete_thing(j->aws, s->name, 0) == AWS_OK;
	case RETIRE_REMOVE_CERTS: return remove_certs(j);
	case RETIRE_DESTROY_KEY: return token_destroy_key(j->token, &j->key);
	}
	return false;
}
