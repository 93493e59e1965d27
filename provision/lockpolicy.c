/* The policy of "lock"; see lockpolicy.h. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "provision/config.h"
#include "provision/file.h"
#include "provision/lockpolicy.h"
#include "provision/msg.h"

#define FILE_MAX_LEN 65536U
#define RULES_MAX    64U
#define ROWS(a)      (sizeof(a) / sizeof((a)[0]))

const char lock_policy_default[] = "{ \"objects\": [\n"
				   "    { \"object\": \"key\", \"change\": \"until operational\", "
				   "\"life_cycle\": \"operational\" }\n"
				   "] }\n";

const struct lock_condition_row lock_conditions[LOCK_CONDITIONS] = {
	[LOCK_CHANGE] = { "change", "change", 0xD0 },
	[LOCK_READ] = { "read", "read", 0xD1 },
	[LOCK_EXECUTE] = { "execute", "execute", 0xD3 },
	[LOCK_UPDATE] = { "metadata_update", "metadata update", 0xD8 },
};

static const struct {
	int state;
	const char *word;
} life_cycles[] = {
	{ 0x01, "creation" },
	{ 0x03, "initialization" },
	{ 0x07, "operational" },
	{ 0x0F, "termination" },
};

/* The content's part of a reset type; SRM "Metadata expression", tag F0. */
static const struct {
	int bits;
	const char *word;
} erasures[] = { { 0x00, "" }, { 0x10, " and zeros" }, { 0x20, " and random bytes" } };

const char *
life_cycle_word(int state)
{
	for (size_t i = 0; i < ROWS(life_cycles); i++)
		if (life_cycles[i].state == state)
			return life_cycles[i].word;
	return NULL;
}

/* Where in the file: its name, number of the rule, member. */
struct place {
	const char *path;
	size_t rule;
	const char *member;
};

__attribute__((format(printf, 2, 3))) static bool
complain(const struct place *at, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	prov_error("%s: objects[%zu].%s: %s", at->path, at->rule, at->member, what);
	return false;
}

static bool
take_life_cycle(const struct place *at, const char *word, struct lock_rule *r)
{
	for (size_t i = 1; i < ROWS(life_cycles); i++) {
		if (strcasecmp(life_cycles[i].word, word) != 0)
			continue;
		r->life_cycle = (uint8_t)life_cycles[i].state;
		return true;
	}
	return complain(at,
	    "\"%s\" is no state to go to; expected initialization, operational or termination",
	    word);
}

/* "creation", "creation and zeros" */
static bool
take_reset(const struct place *at, const char *words, struct lock_rule *r)
{
	for (size_t i = 0; i < ROWS(life_cycles); i++) {
		const size_t n = strlen(life_cycles[i].word);

		for (size_t k = 0; k < ROWS(erasures); k++) {
			if (strncasecmp(words, life_cycles[i].word, n) != 0 ||
			    strcasecmp(words + n, erasures[k].word) != 0)
				continue;
			r->reset = life_cycles[i].state | erasures[k].bits;
			return true;
		}
	}
	return complain(at,
	    "\"%s\" is no way to begin again; expected a life cycle state, alone or with \"and "
	    "zeros\" or \"and random bytes\"",
	    words);
}

static bool
take_condition(
    const struct place *at, const char *words, enum lock_condition i, struct lock_rule *r)
{
	const char *why = access_parse(words, &r->access[i]);

	if (why != NULL) {
		(void)complain(at, "%s", why);
		prov_hint("for example \"never\", \"until operational\", \"paired host and "
			  "authorization with F1D0\", \"protected update with E0E8\"");
		return false;
	}
	r->wanted[i] = true;
	return true;
}

static bool
take_object(const struct place *at, const char *name, struct lock_rule *r)
{
	const char *digits = strncasecmp(name, "0x", 2) == 0 ? name + 2 : name;
	const struct slot *slot;

	if (strcasecmp(name, "key") == 0) {
		r->target = LOCK_TARGET_KEY;
		return true;
	}
	if (strcasecmp(name, "certificate") == 0) {
		r->target = LOCK_TARGET_CERTIFICATE;
		return true;
	}
	r->target = LOCK_TARGET_OID;
	if (strlen(digits) == 4 && strspn(digits, "0123456789abcdefABCDEF") == 4) {
		r->oid = (uint16_t)strtoul(digits, NULL, 16);
		return true;
	}
	slot = slot_by_name(name);
	if (slot != NULL) {
		r->oid = slot->key_oid;
		return true;
	}
	return complain(at,
	    "\"%s\" is no object; expected \"key\", \"certificate\", the name of a key slot or "
	    "four hexadecimal digits",
	    name);
}

static bool
take_text(const struct place *at, const char *text, struct lock_rule *r)
{
	if (strcmp(at->member, "object") == 0)
		return take_object(at, text, r);
	if (strcmp(at->member, "life_cycle") == 0)
		return take_life_cycle(at, text, r);
	if (strcmp(at->member, "reset") == 0)
		return take_reset(at, text, r);
	for (size_t i = 0; i < LOCK_CONDITIONS; i++)
		if (strcmp(at->member, lock_conditions[i].member) == 0)
			return take_condition(at, text, (enum lock_condition)i, r);
	if (strcmp(at->member, "comment") == 0)
		return true;
	return complain(at, "is no member of an object's rule");
}

static bool
take_member(const struct place *at, const json_t *value, struct lock_rule *r)
{
	if (strcmp(at->member, "allow_lock_out") == 0) {
		r->allow_lock_out = json_is_true(value);
		return json_is_boolean(value) || complain(at, "expected true or false");
	}
	if (!json_is_string(value))
		return complain(at, "expected a text in quotes");
	return take_text(at, json_string_value(value), r);
}

static bool
take_rule(struct lock_policy *p, size_t i, json_t *rule)
{
	struct place at = { p->path, i, "object" };
	struct lock_rule *r = &p->rules[i];
	bool ok = true, asks;
	json_t *value;

	*r = (struct lock_rule){ .reset = -1 };
	if (!json_is_object(rule)) {
		prov_error("%s: objects[%zu]: expected an object in braces", p->path, i);
		return false;
	}
	if (json_object_get(rule, "object") == NULL)
		ok = complain(&at, "is missing: which object of the chip the rule is for");
	json_object_foreach(rule, at.member, value) ok = take_member(&at, value, r) && ok;
	if (!ok)
		return false;
	asks = r->life_cycle != 0 || r->reset >= 0;
	for (size_t k = 0; k < LOCK_CONDITIONS; k++)
		asks = asks || r->wanted[k];
	if (!asks)
		prov_error("%s: objects[%zu]: asks for nothing", p->path, i);
	for (size_t k = 0; k < i; k++) {
		if (p->rules[k].target != r->target || p->rules[k].oid != r->oid)
			continue;
		prov_error(
		    "%s: objects[%zu]: is for the same object as objects[%zu]", p->path, i, k);
		return false;
	}
	return asks;
}

static bool
take_rules(struct lock_policy *p, const json_t *list)
{
	const size_t n = json_array_size(list);
	bool ok = true;

	if (n == 0 || n > RULES_MAX) {
		prov_error("%s: objects: expected a list of 1 to %u rules", p->path, RULES_MAX);
		return false;
	}
	p->rules = calloc(n, sizeof(*p->rules));
	if (p->rules == NULL) {
		prov_error("out of memory");
		return false;
	}
	for (p->n = 0; p->n < n; p->n++)
		ok = take_rule(p, p->n, json_array_get(list, p->n)) && ok;
	return ok;
}

static bool
take_file(struct lock_policy *p, json_t *file)
{
	const char *member;
	bool ok = true;
	json_t *value;

	if (!json_is_object(file) || json_object_get(file, "objects") == NULL) {
		prov_error("%s: expected an object with a member \"objects\"", p->path);
		return false;
	}
	json_object_foreach(file, member, value)
	{
		if (strcmp(member, "objects") == 0) {
			ok = take_rules(p, value) && ok;
		} else if (strcmp(member, "comment") != 0) {
			prov_error("%s: %s: is no member of a policy", p->path, member);
			ok = false;
		}
	}
	return ok;
}

static bool
parse(struct lock_policy *p, const char *text)
{
	json_error_t e;
	json_t *file = json_loads(text, JSON_REJECT_DUPLICATES, &e);
	bool ok;

	if (file == NULL) {
		prov_error("%s: line %d, column %d: %s", p->path, e.line, e.column, e.text);
		return false;
	}
	ok = take_file(p, file);
	json_decref(file);
	return ok;
}

struct lock_policy *
lock_policy_parse(const char *name, const char *text)
{
	struct lock_policy *p = calloc(1, sizeof(*p));

	if (p == NULL || (p->path = strdup(name)) == NULL)
		prov_error("out of memory");
	else if (parse(p, text))
		return p;
	lock_policy_free(&p);
	return NULL;
}

struct lock_policy *
lock_policy_load(const char *path)
{
	struct lock_policy *p = NULL;
	char *text;

	if (path == NULL)
		return lock_policy_parse("default policy", lock_policy_default);
	text = file_read(path, FILE_MAX_LEN, NULL);
	if (text != NULL)
		p = lock_policy_parse(path, text);
	free(text);
	return p;
}

void
lock_policy_free(struct lock_policy **pp)
{
	if (*pp == NULL)
		return;
	free((*pp)->path);
	free((*pp)->rules);
	free(*pp);
	*pp = NULL;
}

bool
lock_policy_needs_slot(const struct lock_policy *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->rules[i].target != LOCK_TARGET_OID)
			return true;
	return false;
}
