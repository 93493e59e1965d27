/*
 * run and register: reconciliation. Read what chip and cloud have, do the steps that are missing,
 * verify. register is the part of it that concerns AWS IoT alone.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "provision/ask.h"
#include "provision/cert.h"
#include "provision/job.h"
#include "provision/lock.h"
#include "provision/report.h"
#include "provision/stop.h"

/* What came of the steps. */
enum outcome {
	OUT_DONE,
	OUT_STOPPED, /* between two steps */
	OUT_FAILED,
};

/* One slot's turn. */
struct turn {
	struct job job;
	time_t started;
	unsigned int done;     /* steps */
	bool many;             /* others follow or were before */
	bool registering;      /* the part that concerns AWS IoT alone */
	unsigned int reserved; /* rows of the slot table */
};

static void
say_plan(const struct job *j)
{
	enum step list[STEP_COUNT];
	size_t n = plan_list(&j->state, list);

	prov_step("to do: %zu step%s", n, n == 1 ? "" : "s");
	for (size_t i = 0; i < n; i++)
		prov_step("  %-13s %s", step_name(list[i]), step_text(list[i]));
}

static enum outcome
do_steps(struct job *j, unsigned int *done)
{
	enum step step;

	while ((step = plan_next(&j->state)) != STEP_DONE) {
		if (step == STEP_REFUSED) {
			job_say_refused(j);
			return OUT_FAILED;
		}
		if (stop_wanted()) {
			prov_error("interrupted before the step \"%s\"", step_name(step));
			prov_hint("run the same command again to go on");
			return OUT_STOPPED;
		}
		if (!job_step(j, step)) {
			if (!stop_wanted())
				return j->later ? OUT_STOPPED : OUT_FAILED;
			prov_hint("run the same command again to go on");
			return OUT_STOPPED;
		}
		++*done;
		if (step == j->opts->stop_after && plan_next(&j->state) != STEP_DONE) {
			prov_error("stopped after the step \"%s\"", step_name(step));
			prov_hint("run again without --stop-after to go on");
			return OUT_STOPPED;
		}
	}
	return OUT_DONE;
}

/* --- what is said of it ---------------------------------------------------------------------- */

static void
report_chip(const struct job *j, json_t *r)
{
	char slot[32];

	(void)snprintf(slot, sizeof(slot), "%s (%04X)", j->slot->name, j->slot->key_oid);
	report_add(r, "token", token_label(j->token));
	report_add(r, "serial", token_serial(j->token));
	report_add(r, "slot", slot);
}

static void
report_job(struct job *j, json_t *r)
{
	char kind[64], *host = NULL;

	report_chip(j, r);
	report_add(r, "key", key_name(j->key.pub, kind, sizeof(kind)));
	report_cert(r, j->cert);
	report_add(r, "ca", j->ca->where != NULL ? j->ca->where(j->issuer) : NULL);
	if (j->opts->json && json_object_get(r, "ca") == NULL)
		report_add(r, "ca", j->ca->name);
	if (j->ca->report != NULL)
		j->ca->report(j->issuer, r);
	if (!j->state.cloud)
		return;
	report_add(r, "thing", j->config->thing);
	report_add(r, "policy", j->config->policy);
	/* For the device's own configuration; everything is done already, so it may fail. */
	if (aws_data_endpoint(j->aws, &host) == AWS_OK)
		report_add(r, "endpoint", host);
	free(host);
}

static void
add_time(json_t *r, const char *name, time_t t)
{
	struct tm tm;
	char text[32] = "";

	if (gmtime_r(&t, &tm) != NULL)
		(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	report_add(r, name, text);
}

/* What a script or "fleet" reads: the same members whatever came of it, as far as known. */
static void
report_machine(struct turn *t, json_t *r, enum prov_exit status)
{
	struct job *j = &t->job;
	char id[65];

	if (j->uid == NULL && j->token != NULL)
		j->uid = token_uid(j->token);
	report_add(r, "uid", j->uid);
	if (j->key.pub != NULL && key_id(j->key.pub, id))
		report_add(r, "keyFingerprint", id);
	report_add(r, "certificateId", j->cert_id);
	if (status != PROV_OK)
		report_add(r, "error", prov_last_error());
	add_time(r, "started", t->started);
	add_time(r, "finished", time(NULL));
}

static const char *
result_word(const struct turn *t, enum prov_exit status)
{
	switch (status) {
	case PROV_OK: return t->done == 0 ? "nothing to do" : "provisioned";
	case PROV_INTERRUPTED: return "interrupted";
	case PROV_FAILED:
	case PROV_USAGE: break;
	}
	return "failed";
}

/* On standard output: for people when it has gone well, for programs always. */
static enum prov_exit
say_result(struct turn *t, enum prov_exit status)
{
	struct job *j = &t->job;
	const bool json = j->opts->json;
	json_t *r;

	if (!json && status != PROV_OK)
		return status;
	if (!json && t->done == 0 && !t->many) {
		(void)puts("nothing to do");
		return status;
	}
	r = report_new();
	report_add(r, "result", result_word(t, status));
	if (status == PROV_OK && (json || t->done > 0))
		report_job(j, r);
	else if (j->token != NULL)
		report_chip(j, r);
	if (json)
		report_machine(t, r, status);
	return report_print(r, json) ? status : PROV_FAILED;
}

/* --- access conditions, when all else is done ------------------------------------------------ */

/* The policy of the configuration, if it is this command's business. NULL: there is none. */
static const char *
lock_path(const struct turn *t)
{
	return t->registering || t->job.config == NULL ? NULL : t->job.config->lock_policy;
}

/* They are left to "lock" unless what cannot be undone is meant. */
static bool
say_unlocked(struct job *j, const struct lock_policy *p)
{
	char *why = NULL;
	enum lock_result found = lock_missing(j->token, p, j->slot, &why);

	if (found == LOCK_WOULD) {
		prov_warn("not locked as %s wants it: %s", p->path, why != NULL ? why : "");
		prov_hint("\"lock\" shows and does it, or \"run\" with --irreversible");
	}
	free(why);
	return found != LOCK_FAILED;
}

static enum prov_exit
lock_at_end(struct turn *t)
{
	const struct options *o = t->job.opts;
	const char *path = lock_path(t);
	enum lock_result result = LOCK_FAILED;
	struct lock_policy *p;

	if (path == NULL)
		return PROV_OK;
	p = lock_policy_load(path);
	if (p != NULL && o->irreversible)
		result = lock_apply(
		    t->job.token, p, t->job.slot, LOCK_IRREVERSIBLE | (o->yes ? LOCK_YES : 0U));
	else if (p != NULL && say_unlocked(&t->job, p))
		result = LOCK_NOTHING;
	lock_policy_free(&p);
	t->done += result == LOCK_DONE;
	if (result >= LOCK_NOTHING)
		return PROV_OK;
	return result == LOCK_FAILED && stop_wanted() ? PROV_INTERRUPTED : PROV_FAILED;
}

/* Whether the plan ends with it: sure only when nothing else is missing. */
static bool
wants_lock(struct turn *t, size_t steps, bool *yes)
{
	const char *path = lock_path(t);
	enum lock_result found = LOCK_FAILED;
	struct lock_policy *p;
	char *why = NULL;

	*yes = path != NULL;
	if (path == NULL)
		return true;
	p = lock_policy_load(path);
	if (p != NULL)
		found = steps > 0 ? LOCK_WOULD : lock_missing(t->job.token, p, t->job.slot, &why);
	free(why);
	lock_policy_free(&p);
	*yes = found == LOCK_WOULD;
	return found != LOCK_FAILED;
}

static enum prov_exit
print_plan(struct turn *t)
{
	struct job *j = &t->job;
	enum step list[STEP_COUNT];
	size_t n = plan_list(&j->state, list);
	json_t *r, *steps;
	bool lock;

	if (plan_next(&j->state) == STEP_REFUSED) {
		job_say_refused(j);
		return PROV_FAILED;
	}
	if (!wants_lock(t, n, &lock))
		return PROV_FAILED;
	if (j->opts->json) {
		r = report_new();
		steps = json_array();
		report_chip(j, r);
		for (size_t i = 0; i < n; i++)
			(void)json_array_append_new(steps, json_string(step_name(list[i])));
		if (lock)
			(void)json_array_append_new(steps, json_string("lock"));
		(void)json_object_set_new(r, "plan", steps);
		return report_print(r, true) ? PROV_OK : PROV_FAILED;
	}
	if (t->many)
		(void)printf("slot %s (%04X)\n", j->slot->name, j->slot->key_oid);
	if (n == 0 && !lock)
		(void)puts("nothing to do");
	for (size_t i = 0; i < n; i++)
		(void)printf("%-13s %s\n", step_name(list[i]), step_text(list[i]));
	if (lock)
		(void)printf("%-13s set access conditions as in %s%s\n", "lock", lock_path(t),
		    j->opts->irreversible ? "" : " (with --irreversible, or \"lock\")");
	return PROV_OK;
}

/* --- run ------------------------------------------------------------------------------------- */

/* In place there is a moment without an identity. */
static bool
may_remove(const struct job *j)
{
	enum step list[STEP_COUNT];
	size_t n = plan_list(&j->state, list), i = 0;
	char question[256];

	while (i < n && list[i] != STEP_REMOVE)
		i++;
	if (i == n || !j->state.replace || j->opts->yes)
		return true;
	(void)snprintf(question, sizeof(question),
	    "The certificate in slot \"%s\" (%04X) is removed before the new one is written: until "
	    "then the device has no identity. Replace it?",
	    j->slot->name, j->slot->key_oid);
	return ask_yes(question);
}

static enum prov_exit
reconcile(struct turn *t)
{
	struct job *j = &t->job;

	say_plan(j);
	if (plan_next(&j->state) != STEP_REFUSED && !may_remove(j))
		return PROV_FAILED;
	switch (do_steps(j, &t->done)) {
	case OUT_DONE: return job_prove(j) ? lock_at_end(t) : PROV_FAILED;
	case OUT_STOPPED: return PROV_INTERRUPTED;
	case OUT_FAILED: break;
	}
	return PROV_FAILED;
}

/* Registering begins with a certificate on the chip. */
static bool
can_register(const struct job *j)
{
	if (j->state.cert == CERT_GOOD)
		return true;
	if (j->state.cert != CERT_NONE) {
		job_say_refused(j);
		return false;
	}
	prov_error(
	    "slot \"%s\" (%04X) has no certificate to register", j->slot->name, j->slot->key_oid);
	prov_hint("first \"csr\", \"sign\" and \"write\", or do all at once with \"run\"");
	return false;
}

static bool
is_for_cloud(const struct job *j)
{
	if (j->state.cloud)
		return true;
	prov_error(
	    "\"register\" is for AWS IoT: with --ca %s there is nothing to register", j->ca->name);
	prov_hint("add --register aws, if AWS IoT knows that CA");
	return false;
}

/* Takes c. */
static enum prov_exit
take_turn(struct turn *t, const struct options *o, struct config *c, bool registering)
{
	enum prov_exit status = PROV_FAILED;
	struct job *j = &t->job;

	bool ok;

	t->started = time(NULL);
	ok = job_open_slot(j, o, c, !o->dry_run && !registering);
	j->reserved = t->reserved;
	if (ok && job_choose_ca(j) && (!registering || is_for_cloud(j)) && job_open_ca(j) &&
	    (o->dry_run || job_lock(j)) && job_read(j) && (!registering || can_register(j)))
		status = o->dry_run ? print_plan(t) : reconcile(t);
	if (!o->dry_run || status != PROV_OK)
		status = say_result(t, status);
	job_close(j);
	return status;
}

/* The rows of the slot table that a configuration names. */
static unsigned int
slots_of(const struct config_set *set)
{
	unsigned int mask = 0;

	for (size_t k = 0; k < set->n; k++)
		for (size_t i = 0; slot_row(i) != NULL; i++)
			if (set->list[k].slot == slot_row(i))
				mask |= 1U << i;
	return mask;
}

/* All slots of the configuration, or the one asked for; a slot that fails does not stop others. */
static enum prov_exit
run_slots(const struct options *o, bool registering)
{
	struct config_set *set = config_set_load(o->config);
	enum prov_exit worst = PROV_OK, status;
	size_t first = 0, end;
	unsigned int reserved;

	if (set == NULL)
		return PROV_FAILED;
	reserved = slots_of(set);
	end = set->n;
	if (o->slot != NULL) {
		first = config_find(set, o->slot);
		end = first == set->n ? first : first + 1;
		worst = first == set->n ? PROV_FAILED : PROV_OK;
	}
	for (size_t i = first; i < end && worst != PROV_INTERRUPTED; i++) {
		struct turn t = {
			.many = end - first > 1, .registering = registering, .reserved = reserved
		};
		struct config *c = config_take(set, i);

		status = c != NULL ? take_turn(&t, o, c, registering) : PROV_FAILED;
		if (status != PROV_OK && worst != PROV_FAILED)
			worst = status;
		if (status == PROV_INTERRUPTED)
			break;
	}
	config_set_free(&set);
	return worst;
}

enum prov_exit
cmd_run(const struct options *o)
{
	return run_slots(o, false);
}

enum prov_exit
cmd_register(const struct options *o)
{
	return run_slots(o, true);
}
