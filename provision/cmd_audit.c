/* audit: what on a chip is open, weak, at its end or made for tests. Looks, and changes nothing. */
#include <config.h>

#include "provision/audit.h"
#include "provision/chipbind.h"
#include "provision/options.h"
#include "provision/report.h"

#define DAYS_DEFAULT 90

struct wishes {
	enum audit_level level;
	const struct chip_slot *slots[16]; /* NULL at the end; none: the whole token */
};

static bool
take_level(const char *text, enum audit_level *level)
{
	*level = AUDIT_WARNING;
	if (text == NULL || audit_level_parse(text, level))
		return true;
	prov_error("--level \"%s\" is not known", text);
	prov_hint("use \"info\", \"warning\" or \"error\"");
	return false;
}

/* --slot, those of a configuration, or one of these. */
static enum prov_exit
take_slots(const struct options *o, struct wishes *w)
{
	const size_t max = sizeof(w->slots) / sizeof(w->slots[0]) - 1;
	struct config_set *set;
	size_t n = 0;

	if (o->slot != NULL && !show_slot_parse(o->slot, &w->slots[0]))
		return PROV_USAGE;
	if (o->config == NULL)
		return PROV_OK;
	set = config_set_load(o->config);
	if (set == NULL)
		return PROV_FAILED;
	for (size_t i = 0; i < set->n && n < max; i++) {
		const struct chip_slot *slot = chip_slot_find(set->list[i].slot->name);

		if (o->slot == NULL || slot == w->slots[0])
			w->slots[n++] = slot;
	}
	config_set_free(&set);
	if (n > 0)
		return PROV_OK;
	prov_error("%s has no slot \"%s\"", o->config, o->slot);
	prov_hint("leave --slot out for all of its slots, or CONFIG for any slot");
	return PROV_FAILED;
}

/* --- results ------------------------------------------------------------------------------- */

/* Findings that count: not accepted, and of the level asked for at least. */
static size_t
count(const struct audit *a, enum audit_level level)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		n += !a->findings[i].accepted && a->findings[i].rule->level >= level;
	return n;
}

static json_t *
finding_json(const struct audit_finding *f)
{
	json_t *o = report_new();
	char oid[5];

	report_add(o, "id", f->rule->id);
	report_add(o, "severity", audit_level_name(f->rule->level));
	(void)snprintf(oid, sizeof(oid), "%04X", f->oid);
	if (f->oid != 0)
		report_add(o, "oid", oid);
	report_add(o, "name", f->name);
	report_add(o, "what", f->what);
	report_add(o, "means", f->rule->means);
	report_add(o, "remedy", f->rule->remedy);
	(void)json_object_set_new(o, "accepted", json_boolean(f->accepted));
	return o;
}

static json_t *
audit_json(const struct audit *a, enum audit_level level)
{
	json_t *r = report_new(), *list = json_array();
	struct chip_uid uid;

	report_add(r, "token", a->show->label);
	report_add(r, "serial", a->show->serial);
	if (show_uid(a->show->map, &uid))
		report_add(r, "uid", uid.hex);
	report_add(r, "level", audit_level_name(level));
	report_add(r, "result", count(a, level) > 0 ? "findings" : "passed");
	(void)json_object_set_new(r, "count", json_integer((json_int_t)count(a, level)));
	for (size_t i = 0; i < a->n; i++)
		(void)json_array_append_new(list, finding_json(&a->findings[i]));
	(void)json_object_set_new(r, "findings", list);
	return r;
}

static void
finding_text(const struct look *l, const struct audit_finding *f)
{
	static const char *const styles[AUDIT_LEVELS] = {
		[AUDIT_INFO] = NULL,
		[AUDIT_WARNING] = LOOK_YELLOW,
		[AUDIT_ERROR] = LOOK_RED,
	};
	char oid[6] = "";

	if (f->oid != 0)
		(void)snprintf(oid, sizeof(oid), "%04X ", f->oid);
	look_gap(l);
	look_item(l, f->accepted ? NULL : styles[f->rule->level],
	    f->accepted ? "accepted" : audit_level_name(f->rule->level), "%s: %s%s%s%s",
	    f->rule->id, oid, f->name, f->what[0] != '\0' ? ": " : "", f->what);
	look_item(l, NULL, "", "%s", f->rule->means);
	look_item(l, NULL, "", "remedy: %s", f->rule->remedy);
}

static bool
audit_print(const struct audit *a, const struct wishes *w, bool as_json)
{
	const size_t n = count(a, w->level);
	struct look l;

	if (as_json)
		return report_print(audit_json(a, w->level), true);
	look_init(&l, stdout);
	look_field(&l, "token", "%s, serial %s", a->show->label, a->show->serial);
	for (size_t i = 0; i < a->n; i++)
		finding_text(&l, &a->findings[i]);
	look_gap(&l);
	if (n > 0)
		look_field(&l, "result", "%zu %s of level %s or above", n,
		    n == 1 ? "finding" : "findings", audit_level_name(w->level));
	else
		look_field(&l, "result", "passed, level %s", audit_level_name(w->level));
	return true;
}

/* --- the command --------------------------------------------------------------------------- */

static bool
look_at(struct audit *a, struct show *s, const struct wishes *w, const char *accept)
{
	size_t i = 0;

	do {
		s->slot = w->slots[i];
		audit_run(a);
	} while (w->slots[i] != NULL && w->slots[++i] != NULL);
	if (a->failed)
		prov_error("out of memory");
	return !a->failed && (accept == NULL || audit_accept(a, accept));
}

enum prov_exit
cmd_audit(const struct options *o)
{
	struct wishes w = { .level = AUDIT_WARNING };
	struct show s = { .all = true };
	struct audit a = { .show = &s, .factory_secret = -1 };
	enum prov_exit status = take_slots(o, &w);
	struct token *t;
	bool ok;

	if (!take_level(o->level, &w.level))
		return PROV_USAGE;
	if (status != PROV_OK)
		return status;
	a.days = o->days != 0 ? (long)o->days : DAYS_DEFAULT;
	t = token_open(&o->token);
	ok = t != NULL && show_open(&s, t);
	ok = ok && chip_factory_secret(t, s.map, &a.factory_secret);
	ok = ok && look_at(&a, &s, &w, o->accept) && audit_print(&a, &w, o->json);
	if (ok && count(&a, w.level) > 0)
		ok = false;
	audit_free(&a);
	show_close(&s);
	token_close(&t);
	return ok ? PROV_OK : PROV_FAILED;
}
