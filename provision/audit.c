/* Running the rules; see audit.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "provision/audit.h"

#define WHAT_MAX 16384U /* a subject of a certificate that fills its object, escaped */

static const char *const levels[AUDIT_LEVELS] = {
	[AUDIT_INFO] = "info",
	[AUDIT_WARNING] = "warning",
	[AUDIT_ERROR] = "error",
};

const char *
audit_level_name(enum audit_level l)
{
	return levels[l];
}

bool
audit_level_parse(const char *name, enum audit_level *out)
{
	for (int i = 0; i < AUDIT_LEVELS; i++) {
		if (strcmp(levels[i], name) != 0)
			continue;
		*out = (enum audit_level)i;
		return true;
	}
	return false;
}

static void
add(struct audit *a, const struct audit_rule *r, uint16_t oid, const char *name, const char *what)
{
	struct audit_finding *more = realloc(a->findings, (a->n + 1) * sizeof(*more));
	struct audit_finding *f;

	if (more == NULL) {
		a->failed = true;
		return;
	}
	a->findings = more;
	f = &a->findings[a->n++];
	*f = (struct audit_finding){ .rule = r, .oid = oid };
	f->name = strdup(name);
	f->what = strdup(what);
	a->failed = a->failed || f->name == NULL || f->what == NULL;
}

static void
check(struct audit *a, const struct audit_rule *r, const struct audit_subject *x, uint16_t oid,
    const char *name)
{
	char what[WHAT_MAX] = "";

	if (r->found(a, x, what, sizeof(what)))
		add(a, r, oid, name, what);
}

static void
check_objects(struct audit *a, const struct audit_rule *r)
{
	const struct chipmap *m = a->show->map;

	for (size_t i = 0; i < m->nobjects; i++) {
		const struct audit_subject x = { .object = &m->objects[i] };

		if (show_wants_object(a->show, x.object))
			check(a, r, &x, m->objects[i].oid, m->objects[i].name);
	}
}

/* Keys of other tokens are told by label or ID. */
static void
check_keys(struct audit *a, const struct audit_rule *r)
{
	const struct chipmap *m = a->show->map;

	for (size_t i = 0; i < m->nkeys; i++) {
		const struct chip_object *o = chipmap_object(m, m->keys[i].oid);
		const struct audit_subject x = { .object = o, .key = i };
		const char *label = m->keys[i].label;

		if (show_wants_key(a->show, i))
			check(a, r, &x, m->keys[i].oid,
			    o != NULL       ? o->name
			    : label != NULL ? label
					    : "key");
	}
}

static void
check_certs(struct audit *a, const struct audit_rule *r)
{
	const struct chipmap *m = a->show->map;

	for (size_t i = 0; i < m->ncerts; i++) {
		const struct audit_subject x = { .cert = i };

		if (show_wants_cert(a->show, i))
			check(a, r, &x, m->certs[i].oid, a->show->certs[i].common_name);
	}
}

static int
gravest_first(const void *x, const void *y)
{
	const struct audit_finding *a = x, *b = y;

	if (a->rule->level != b->rule->level)
		return a->rule->level > b->rule->level ? -1 : 1;
	if (a->oid != b->oid)
		return a->oid < b->oid ? -1 : 1;
	return a->rule == b->rule ? 0 : a->rule < b->rule ? -1 : 1;
}

void
audit_run(struct audit *a)
{
	const struct audit_rule *r;
	const struct audit_subject none = { 0 };

	for (size_t i = 0; (r = audit_rule_row(i)) != NULL; i++) {
		switch (r->scope) {
		case AUDIT_CHIP:
			if (a->show->map->chip && a->show->slot == NULL)
				check(a, r, &none, 0, "chip");
			break;
		case AUDIT_OBJECT: check_objects(a, r); break;
		case AUDIT_KEY: check_keys(a, r); break;
		case AUDIT_CERT: check_certs(a, r); break;
		}
	}
	if (a->n > 0)
		qsort(a->findings, a->n, sizeof(*a->findings), gravest_first);
}

void
audit_free(struct audit *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->findings[i].name);
		free(a->findings[i].what);
	}
	free(a->findings);
	a->findings = NULL;
	a->n = 0;
}
