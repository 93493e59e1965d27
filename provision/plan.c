/* Which step comes next; see plan.h. */
#include <config.h>

#include <string.h>

#include "provision/plan.h"

static const struct {
	const char *name;
	const char *text;
} steps[STEP_COUNT] = {
	[STEP_POLICY] = { "policy", "create the policy" },
	[STEP_THING_TYPE] = { "thing-type", "create the thing type" },
	[STEP_THING] = { "thing", "create the thing" },
	[STEP_UPDATE_THING] = { "update-thing", "change the thing's type and attributes" },
	[STEP_GROUPS] = { "groups", "put the thing into its groups" },
	[STEP_KEY] = { "key", "generate a key on the chip" },
	[STEP_RESUME] = { "resume", "find the certificate that an interrupted run asked for" },
	[STEP_CSR] = { "csr", "make the certificate request, signed by the chip" },
	[STEP_SIGN] = { "sign", "have the request signed" },
	[STEP_REMOVE] = { "remove", "remove the old certificate from the chip" },
	[STEP_WRITE] = { "write", "write the certificate to the chip and read it back" },
	[STEP_FINISH] = { "finish", "tell the CA that the certificate is on the chip" },
	[STEP_REGISTER] = { "register", "register the certificate at AWS IoT" },
	[STEP_ATTACH_POLICY] = { "attach-policy", "attach the policy to the certificate" },
	[STEP_ATTACH_THING] = { "attach-thing", "attach the thing to the certificate" },
	[STEP_ACTIVATE] = { "activate", "activate the certificate" },
	[STEP_SWITCH] = { "switch", "let the new key stand for the slot" },
	[STEP_DROP_OLD] = { "drop-old",
	    "deactivate and delete the old certificate, free its slot" },
	[STEP_TIDY] = { "tidy", "make sure that nothing is left over" },
};

/* How a certificate comes onto the chip. */
static enum step
next_for_cert(const struct state *s)
{
	/* Nobody can use it: it goes before there is another, so that it is not met again. */
	if (s->cert == CERT_STALE)
		return STEP_REMOVE;
	if (s->pending == PENDING_ASKED)
		return STEP_RESUME;
	if (s->pending == PENDING_NONE)
		return s->request ? STEP_SIGN : STEP_CSR;
	return s->cert != CERT_NONE ? STEP_REMOVE : STEP_WRITE;
}

/* What the certificate will be attached to. */
static enum step
next_for_thing(const struct state *s)
{
	if (!s->policy)
		return STEP_POLICY;
	if (s->type_missing && (!s->thing || s->update_thing))
		return STEP_THING_TYPE;
	if (!s->thing)
		return STEP_THING;
	if (s->thing_differs && s->update_thing)
		return STEP_UPDATE_THING;
	return s->groups_missing ? STEP_GROUPS : STEP_DONE;
}

enum step
plan_next(const struct state *s)
{
	if (s->cert != CERT_NONE && s->cert != CERT_GOOD && s->cert != CERT_STALE && !s->replace)
		return STEP_REFUSED;
	if (s->cloud && next_for_thing(s) != STEP_DONE)
		return next_for_thing(s);
	if (!s->key)
		return STEP_KEY;
	if (s->cert != CERT_GOOD)
		return next_for_cert(s);
	if (s->finish)
		return STEP_FINISH;
	if (s->cloud && !s->by_aws && !s->registered)
		return STEP_REGISTER;
	if (s->cloud && !s->policy_attached)
		return STEP_ATTACH_POLICY;
	if (s->cloud && !s->thing_attached)
		return STEP_ATTACH_THING;
	if (s->cloud && !s->active)
		return STEP_ACTIVATE;
	if (s->renewing)
		return STEP_SWITCH;
	if (s->old)
		return STEP_DROP_OLD;
	return s->journal ? STEP_TIDY : STEP_DONE;
}

void
plan_apply(struct state *s, enum step step)
{
	switch (step) {
	case STEP_POLICY: s->policy = true; break;
	case STEP_THING_TYPE: s->type_missing = false; break;
	case STEP_THING: s->thing = true; break;
	case STEP_UPDATE_THING: s->thing_differs = false; break;
	case STEP_GROUPS: s->groups_missing = false; break;
	case STEP_KEY: s->key = true; break;
	case STEP_RESUME: s->pending = PENDING_NONE; break;
	case STEP_CSR: s->request = true; break;
	case STEP_SIGN:
		if (s->replace && s->cloud && s->cert != CERT_NONE)
			s->old = true;
		s->pending = PENDING_ISSUED;
		s->journal = true;
		s->finish = s->finishes;
		/* A new certificate comes bare. */
		s->registered = s->policy_attached = s->thing_attached = s->active = false;
		break;
	case STEP_REMOVE: s->cert = CERT_NONE; break;
	case STEP_WRITE:
		s->cert = CERT_GOOD;
		s->pending = PENDING_NONE;
		break;
	case STEP_FINISH: s->finish = false; break;
	case STEP_REGISTER: s->registered = true; break;
	case STEP_ATTACH_POLICY: s->policy_attached = true; break;
	case STEP_ATTACH_THING: s->thing_attached = true; break;
	case STEP_ACTIVATE: s->active = true; break;
	case STEP_SWITCH:
		s->renewing = false;
		s->old = true;
		break;
	case STEP_DROP_OLD: s->old = false; break;
	case STEP_TIDY: s->journal = false; break;
	case STEP_DONE:
	case STEP_REFUSED: break;
	}
}

size_t
plan_list(const struct state *s, enum step list[STEP_COUNT])
{
	struct state copy = *s;
	size_t n = 0;

	while (n < STEP_COUNT) {
		enum step step = plan_next(&copy);

		if (step == STEP_DONE || step == STEP_REFUSED)
			break;
		list[n++] = step;
		plan_apply(&copy, step);
	}
	return n;
}

const char *
step_name(enum step step)
{
	return step < STEP_COUNT ? steps[step].name : "";
}

const char *
step_text(enum step step)
{
	return step < STEP_COUNT ? steps[step].text : "";
}

enum step
step_by_name(const char *name)
{
	for (size_t i = 0; i < STEP_COUNT; i++)
		if (strcmp(name, steps[i].name) == 0)
			return (enum step)i;
	return STEP_COUNT;
}
