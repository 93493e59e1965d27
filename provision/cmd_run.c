/*
 * run and register: reconciliation. Read what chip and cloud have, do the steps that are missing,
 * verify. register is the part of it that concerns AWS IoT alone.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/cert.h"
#include "provision/job.h"
#include "provision/report.h"
#include "provision/stop.h"

/* What came of the steps. */
enum outcome {
	OUT_DONE,
	OUT_STOPPED, /* between two steps */
	OUT_FAILED,
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
		if (!job_step(j, step))
			return j->later ? OUT_STOPPED : OUT_FAILED;
		++*done;
		if (step == j->opts->stop_after && plan_next(&j->state) != STEP_DONE) {
			prov_error("stopped after the step \"%s\"", step_name(step));
			prov_hint("run again without --stop-after to go on");
			return OUT_STOPPED;
		}
	}
	return OUT_DONE;
}

static void
report_job(struct job *j, json_t *r)
{
	char kind[64], slot[32], *host = NULL;

	(void)snprintf(slot, sizeof(slot), "%s (%04X)", j->slot->name, j->slot->key_oid);
	report_add(r, "token", token_label(j->token));
	report_add(r, "serial", token_serial(j->token));
	report_add(r, "slot", slot);
	report_add(r, "key", key_name(j->key.pub, kind, sizeof(kind)));
	report_cert(r, j->cert);
	if (j->ca->where != NULL)
		report_add(r, "ca", j->ca->where(j->issuer));
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

/* All is there: prove it, and say what there is, or that nothing was missing. */
static enum prov_exit
finish(struct job *j, unsigned int done)
{
	json_t *r;

	if (!job_prove(j))
		return PROV_FAILED;
	if (done == 0 && !j->opts->json) {
		(void)puts("nothing to do");
		return PROV_OK;
	}
	r = report_new();
	report_add(r, "result", done == 0 ? "nothing to do" : "provisioned");
	report_job(j, r);
	return report_print(r, j->opts->json) ? PROV_OK : PROV_FAILED;
}

static enum prov_exit
print_plan(struct job *j)
{
	enum step list[STEP_COUNT];
	size_t n = plan_list(&j->state, list);

	if (plan_next(&j->state) == STEP_REFUSED) {
		job_say_refused(j);
		return PROV_FAILED;
	}
	if (n == 0)
		(void)puts("nothing to do");
	for (size_t i = 0; i < n; i++)
		(void)printf("%-13s %s\n", step_name(list[i]), step_text(list[i]));
	return PROV_OK;
}

static enum prov_exit
reconcile(struct job *j)
{
	unsigned int done = 0;

	if (j->opts->dry_run)
		return print_plan(j);
	say_plan(j);
	switch (do_steps(j, &done)) {
	case OUT_DONE: return finish(j, done);
	case OUT_STOPPED: return PROV_INTERRUPTED;
	case OUT_FAILED: break;
	}
	return PROV_FAILED;
}

enum prov_exit
cmd_run(const struct options *o)
{
	enum prov_exit status = PROV_FAILED;
	struct job j;

	if (job_open(&j, o, !o->dry_run) && job_choose_ca(&j) && job_open_ca(&j) &&
	    (o->dry_run || job_lock(&j)) && job_read(&j))
		status = reconcile(&j);
	job_close(&j);
	return status;
}

/* Registering begins with a certificate on the chip that AWS IoT issued. */
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

enum prov_exit
cmd_register(const struct options *o)
{
	enum prov_exit status = PROV_FAILED;
	struct job j;

	if (job_open(&j, o, false) && job_choose_ca(&j) && is_for_cloud(&j) && job_open_ca(&j) &&
	    (o->dry_run || job_lock(&j)) && job_read(&j) && can_register(&j))
		status = reconcile(&j);
	job_close(&j);
	return status;
}
