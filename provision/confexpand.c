/* Templates in the configuration: what can be checked without a chip, and filling them in. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/confnode.h"
#include "provision/msg.h"

/* The fixed part of a value. */
static const struct config_names nothing = { "", "", "", "", "" };

/* A text of either kind: a subject's field, or a name in the cloud. */
static bool
text_problem(
    const struct subject_field *f, enum name_kind kind, const char *v, bool part, struct problem *p)
{
	return f != NULL ? field_problem(f, v, part, p) : name_problem(kind, v, part, p);
}

static bool
check(const struct node *n, const char *member, const struct subject_field *f, enum name_kind kind,
    const char *v)
{
	const char *why = n->conf->own ? template_problem(v) : NULL, *missing;
	struct problem p;
	char *fixed;
	bool bad;

	if (why != NULL) {
		node_error(n, member, " %s", why);
		node_hint(n,
		    "templates are {uid}, {serial}, {model}, {label}, {slot} and those of --set; "
		    "\"{{\" is a brace");
		return false;
	}
	fixed = n->conf->own
		    ? template_fill(v, &nothing, f != NULL ? TEMPLATE_SUBJECT : (int)kind, &missing)
		    : strdup(v);
	bad = fixed == NULL || text_problem(f, kind, fixed, n->conf->own && template_has(v), &p);
	if (fixed == NULL)
		node_error(n, member, ": out of memory");
	else if (bad)
		node_error(n, member, " %s", p.why);
	if (fixed != NULL && bad && p.hint != NULL)
		node_hint(n, "%s", p.hint);
	free(fixed);
	return !bad;
}

bool
node_check_field(
    const struct node *n, const char *member, const struct subject_field *f, const char *v)
{
	return check(n, member, f, NAME_THING, v);
}

bool
node_check_name(const struct node *n, const char *member, enum name_kind kind, const char *v)
{
	return check(n, member, NULL, kind, v);
}

bool
node_check_fixed(const struct node *n, const char *member, enum name_kind kind, const char *v)
{
	struct problem p;

	if (!name_problem(kind, v, false, &p))
		return true;
	node_error(n, member, " %s", p.why);
	if (template_has(v))
		node_hint(n, "templates are for subject, thing, attributes and groups");
	return false;
}

/* at: where the file has the value. */
static bool
fill(char **vp, const char *at, const struct subject_field *f, enum name_kind kind,
    const struct config_names *names)
{
	const char *missing;
	struct problem p;
	char *full;

	if (*vp == NULL || strchr(*vp, '{') == NULL)
		return true;
	full = template_fill(*vp, names, f != NULL ? TEMPLATE_SUBJECT : (int)kind, &missing);
	if (full == NULL && missing != NULL) {
		prov_error("%s: this token has nothing to put in place of {%s}", at, missing);
		prov_hint("{serial} is there for every token");
		return false;
	}
	if (full == NULL) {
		prov_error("%s: out of memory", at);
		return false;
	}
	if (text_problem(f, kind, full, false, &p)) {
		prov_error("%s: on this chip it becomes \"%.128s%s\", which %s", at, full,
		    strlen(full) > 128 ? "..." : "", p.why);
		if (strstr(*vp, "{uid}") != NULL)
			prov_hint("{serial} is shorter than {uid}, and as good a name");
		else if (p.hint != NULL)
			prov_hint("%s", p.hint);
		free(full);
		return false;
	}
	free(*vp);
	*vp = full;
	return true;
}

/* By what --set says. */
static bool
replace(char **vp, const char *name, enum name_kind kind)
{
	const char *value = config_template(name);
	struct problem p;
	char *copy;

	if (value == NULL)
		return true;
	if (name_problem(kind, value, false, &p)) {
		prov_error("--set \"%s=%s\" %s", name, value, p.why);
		return false;
	}
	copy = strdup(value);
	if (copy == NULL) {
		prov_error("out of memory");
		return false;
	}
	free(*vp);
	*vp = copy;
	return true;
}

bool
config_expand(struct config *c, const struct config_names *given)
{
	struct config_names names = *given;
	const struct subject_field *f;
	char slot[8];
	bool ok = true;

	if (!replace(&c->thing, "thing", NAME_THING) || !replace(&c->policy, "policy", NAME_POLICY))
		return false;
	if (!c->own_format)
		return true;
	(void)snprintf(slot, sizeof(slot), "%04X", c->slot->key_oid);
	if (names.slot == NULL)
		names.slot = slot;
	for (size_t i = 0; (f = subject_row(i)) != NULL; i++)
		ok = fill(&c->subject[i], c->subject_at[i], f, NAME_THING, &names) && ok;
	ok = fill(&c->thing, c->thing_at, NULL, NAME_THING, &names) && ok;
	for (size_t i = 0; i < c->nattributes; i++)
		ok = fill(&c->attributes[i].value, c->attributes[i].at, NULL, NAME_VALUE, &names) &&
		     ok;
	for (size_t i = 0; i < c->ngroups; i++)
		ok = fill(&c->groups[i], c->groups_at, NULL, NAME_GROUP, &names) && ok;
	return ok;
}
