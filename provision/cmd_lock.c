/* lock: access conditions and life cycles, from a policy. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>

#include "provision/config.h"
#include "provision/lockint.h"
#include "provision/options.h"
#include "provision/report.h"
#include "provision/stop.h"

/* One slot, or none, and what a policy makes of it. */
struct work {
	struct lock_policy *policy;
	const struct slot *slot;
	struct lock_plan *plan;
};

struct works {
	struct config_set *set; /* the slots are in it */
	struct work *list;
	size_t n;
};

static const char *const result_words[] = {
	[LOCK_FAILED] = "failed",
	[LOCK_REFUSED] = "refused",
	[LOCK_NOTHING] = "nothing to do",
	[LOCK_WOULD] = "would lock",
	[LOCK_DONE] = "locked",
};

static bool
add_work(struct works *w, const struct slot *slot, const char *policy)
{
	struct work *k = &w->list[w->n++];

	k->slot = slot;
	k->policy = lock_policy_load(policy);
	return k->policy != NULL;
}

/* Of the slots of a file only that of --slot, if that is given. */
static bool
is_wanted(const struct slot *slot, const struct config *c)
{
	return slot == NULL || slot == c->slot;
}

/* The slots of CONFIG, each with its own policy unless --policy has one for all; else --slot. */
static bool
collect(struct works *w, const struct options *o)
{
	const struct slot *slot = NULL;
	bool ok = true;

	if (o->config != NULL) {
		w->set = config_set_load(o->config);
		if (w->set == NULL)
			return false;
	}
	if (o->slot != NULL) {
		slot = slot_parse("--slot", o->slot);
		if (slot == NULL)
			return false;
	}
	w->list = calloc(w->set != NULL ? w->set->n : 1, sizeof(*w->list));
	if (w->list == NULL) {
		prov_error("out of memory");
		return false;
	}
	if (w->set == NULL)
		return add_work(w, slot, o->lock_policy);
	for (size_t i = 0; ok && i < w->set->n; i++) {
		const struct config *c = &w->set->list[i];

		if (is_wanted(slot, c))
			ok = add_work(
			    w, c->slot, o->lock_policy != NULL ? o->lock_policy : c->lock_policy);
	}
	if (ok && w->n == 0) {
		prov_error("%s: has no slot \"%s\"", o->config, o->slot);
		return false;
	}
	return ok;
}

static void
release(struct works *w)
{
	for (size_t i = 0; i < w->n; i++) {
		lock_plan_free(&w->list[i].plan);
		lock_policy_free(&w->list[i].policy);
	}
	free(w->list);
	config_set_free(&w->set);
}

/* All of them before the first is done. */
static bool
plan_all(struct works *w, struct token *t)
{
	for (size_t i = 0; i < w->n; i++) {
		w->list[i].plan = lock_plan(t, w->list[i].policy, w->list[i].slot);
		if (w->list[i].plan == NULL)
			return false;
	}
	return true;
}

/* To standard output, unless that is for one JSON object; before anything is asked or done. */
static void
show_all(const struct works *w, const struct options *o)
{
	for (size_t i = 0; i < w->n; i++)
		lock_plan_print(w->list[i].plan, o->json ? stderr : stdout);
	(void)fflush(stdout);
}

static enum lock_result
do_all(struct works *w, struct token *t, const struct options *o)
{
	const unsigned int flags = (o->irreversible ? LOCK_IRREVERSIBLE : 0) |
				   (o->yes ? LOCK_YES : 0) | (o->dry_run ? LOCK_DRY_RUN : 0);
	enum lock_result all = LOCK_NOTHING;

	for (size_t i = 0; i < w->n; i++) {
		struct work *k = &w->list[i];
		struct lock_plan *now = NULL;
		enum lock_result one;

		/* What the slot before changed may be wanted by this one too. */
		if (i > 0 && all == LOCK_DONE) {
			now = lock_plan(t, k->policy, k->slot);
			if (now == NULL)
				return LOCK_FAILED;
		}
		one = lock_do(t, now != NULL ? now : k->plan, flags);
		lock_plan_free(&now);
		if (one < LOCK_NOTHING)
			return one;
		all = one > all ? one : all;
	}
	return all;
}

/* One JSON object whatever came of it; t NULL: there is no token. */
static bool
report(
    const struct works *w, const struct token *t, const struct options *o, enum lock_result result)
{
	json_t *r, *objects;

	if (!o->json)
		return result < LOCK_NOTHING || puts(result_words[result]) >= 0;
	r = report_new();
	objects = json_array();
	if (t != NULL) {
		report_add(r, "token", token_label(t));
		report_add(r, "serial", token_serial(t));
	}
	report_add(r, "result", result_words[result]);
	if (result < LOCK_NOTHING)
		report_add(r, "error", prov_last_error());
	for (size_t i = 0; i < w->n && w->list[i].plan != NULL; i++) {
		json_t *rows = lock_plan_json(w->list[i].plan);

		(void)json_array_extend(objects, rows);
		json_decref(rows);
	}
	(void)json_object_set_new(r, "objects", objects);
	return report_print(r, true);
}

enum prov_exit
cmd_lock(const struct options *o)
{
	struct token_options opts = o->token;
	enum lock_result result = LOCK_FAILED;
	struct works w = { 0 };
	struct token *t = NULL;

	opts.write = !o->dry_run;
	if (collect(&w, o) && (t = token_open(&opts)) != NULL && plan_all(&w, t)) {
		show_all(&w, o);
		result = do_all(&w, t, o);
	}
	if (!report(&w, t, o, result))
		result = LOCK_FAILED;
	token_close(&t);
	release(&w);
	if (result >= LOCK_NOTHING)
		return PROV_OK;
	return result == LOCK_FAILED && stop_wanted() ? PROV_INTERRUPTED : PROV_FAILED;
}
