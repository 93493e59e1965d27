/* retire: take a device out of the cloud, and free its slot. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "provision/ask.h"
#include "provision/cloud.h"
#include "provision/report.h"
#include "provision/retire.h"
#include "provision/stop.h"

/* The list: before anything is asked, on standard error when standard output is for a program. */
static bool
show(const struct job *j, const struct retire_plan *p, FILE *to)
{
	for (size_t i = 0; i < p->n; i++) {
		char *text = retire_text(j, &p->list[i]);

		if (text == NULL)
			return false;
		(void)fprintf(to, "%s\n", text);
		free(text);
	}
	(void)fflush(to);
	return true;
}

static bool
wanted(const struct job *j)
{
	char question[256];

	if (j->opts->yes)
		return true;
	(void)snprintf(question, sizeof(question),
	    "Take the device in slot \"%s\" (%04X) of the chip %s out?", j->slot->name,
	    j->slot->key_oid, token_serial(j->token));
	return ask_yes(question);
}

static enum prov_exit
do_all(struct job *j, const struct retire_plan *p)
{
	for (size_t i = 0; i < p->n; i++) {
		char *text;
		bool ok;

		if (stop_wanted()) {
			prov_error("interrupted with %zu step%s to go", p->n - i,
			    p->n - i == 1 ? "" : "s");
			prov_hint("run the same command again to go on");
			return PROV_INTERRUPTED;
		}
		text = retire_text(j, &p->list[i]);
		prov_step("%s", text != NULL ? text : "");
		free(text);
		ok = retire_do(j, &p->list[i]);
		if (!ok)
			return stop_wanted() ? PROV_INTERRUPTED : PROV_FAILED;
	}
	return PROV_OK;
}

static enum prov_exit
say_result(const struct job *j, const struct retire_plan *p, enum prov_exit status)
{
	const char *word = p->n == 0           ? "nothing to do"
			   : status != PROV_OK ? "failed"
			   : j->opts->dry_run  ? "would retire"
					       : "retired";
	json_t *r, *steps;

	if (!j->opts->json)
		return status != PROV_OK || (j->opts->dry_run && p->n > 0) || puts(word) >= 0
			   ? status
			   : PROV_FAILED;
	r = report_new();
	steps = json_array();
	report_add(r, "result", word);
	report_add(r, "token", token_label(j->token));
	report_add(r, "serial", token_serial(j->token));
	for (size_t i = 0; i < p->n; i++) {
		char *text = retire_text(j, &p->list[i]);

		(void)json_array_append_new(steps, json_string(text));
		free(text);
	}
	(void)json_object_set_new(r, "steps", steps);
	if (status != PROV_OK)
		report_add(r, "error", prov_last_error());
	return report_print(r, true) ? status : PROV_FAILED;
}

static enum prov_exit
retire(struct job *j)
{
	const unsigned int flags =
	    (j->opts->delete_thing ? RETIRE_THING : 0) | (j->opts->keep_key ? RETIRE_KEEP_KEY : 0);
	enum prov_exit status = PROV_FAILED;
	struct retire_plan p;

	if (retire_find(j, flags, &p)) {
		status = PROV_OK;
		if (p.n > 0 && !show(j, &p, j->opts->json || !j->opts->dry_run ? stderr : stdout))
			status = PROV_FAILED;
		else if (p.n > 0 && !j->opts->dry_run)
			status = wanted(j) ? do_all(j, &p) : PROV_FAILED;
		status = say_result(j, &p, status);
	}
	retire_clear(&p);
	return status;
}

/* The key may be of any kind, or its public key unknown. */
static bool
find_key(struct job *j)
{
	const struct slot *at;
	enum found found = token_find_current(j->token, j->slot, &j->key, &at);

	j->state.key = found == FOUND_ONE;
	if (found == FOUND_ONE)
		j->slot = at;
	return found != FOUND_FAILED;
}

enum prov_exit
cmd_retire(const struct options *o)
{
	enum prov_exit status = PROV_FAILED;
	struct job j;

	if (o->config == NULL && o->slot == NULL) {
		prov_error("\"retire\" needs a slot");
		prov_hint("give CONFIG or --slot");
		return PROV_USAGE;
	}
	if (job_open(&j, o, !o->dry_run) && job_choose_ca(&j) &&
	    (!j.state.cloud || cloud_open(&j)) && (o->dry_run || job_lock(&j)) && find_key(&j))
		status = retire(&j);
	job_close(&j);
	return status;
}
