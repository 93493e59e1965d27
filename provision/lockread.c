/* What "lock" reads of a chip, and the plan it computes from that. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "pkcs11/optiga-pkcs11.h"
#include "provision/lockint.h"
#include "provision/msg.h"
#include "provision/rv.h"
#include "provision/tokenchip.h"

#define OID_BINDING       0xE140
#define OID_AUTHORIZATION 0xF1D0
#define CONTENT_MAX       2048
#define COUNTER_LEN       8

static enum access_chip
generation_of(const struct token *t)
{
	static const struct {
		const char *model;
		enum access_chip chip;
	} rows[] = {
		{ "Trust X", ACCESS_CHIP_X },
		{ "Trust M V1", ACCESS_CHIP_V1 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(token_model(t), rows[i].model) == 0)
			return rows[i].chip;
	return ACCESS_CHIP_V3;
}

/* Nothing but zeros; a counter that has reached its threshold. What cannot be read is not empty. */
static bool
is_empty(struct token *t, CK_OBJECT_HANDLE h, enum lock_kind kind)
{
	unsigned char content[CONTENT_MAX];
	size_t len, i = 0;

	if (token_chip_get(t, h, CKA_VALUE, content, sizeof(content), &len) != CKR_OK)
		return false;
	if (kind == LOCK_KIND_COUNTER)
		return len == COUNTER_LEN && memcmp(content, content + 4, 4) >= 0;
	while (i < len && content[i] == 0)
		i++;
	return i == len;
}

static bool
has_content(enum lock_kind kind)
{
	return kind == LOCK_KIND_CERTIFICATE || kind == LOCK_KIND_ANCHOR ||
	       kind == LOCK_KIND_COUNTER || kind == LOCK_KIND_DATA;
}

/* FOUND_NONE: the chip has no such object. */
static enum found
read_object(struct token *t, uint16_t oid, struct lock_object *o)
{
	const enum lock_kind kind = lock_kind(oid);
	CK_OBJECT_HANDLE h;
	enum found found = token_chip_object(t, oid, &h);
	size_t len;
	CK_RV rv;

	if (found != FOUND_ONE)
		return found;
	*o = (struct lock_object){ .oid = oid };
	rv = token_chip_get(t, h, CKA_OPTIGA_METADATA, o->meta, sizeof(o->meta), &o->meta_len);
	if (rv != CKR_OK) {
		rv_error(rv, "cannot read the metadata of an object");
		return FOUND_FAILED;
	}
	(void)token_chip_get(t, h, CKA_LABEL, o->name, sizeof(o->name) - 1, &len);
	o->empty = has_content(kind) && is_empty(t, h, kind);
	return FOUND_ONE;
}

/* Once each. */
static bool
add_object(struct token *t, struct lock_plan *plan, uint16_t oid)
{
	struct lock_chip *chip = &plan->chip;
	struct lock_object *more;

	if (lock_object_find(chip, oid) != NULL)
		return true;
	more = realloc(chip->objects, (chip->n + 1) * sizeof(*more));
	if (more == NULL) {
		prov_error("out of memory");
		return false;
	}
	chip->objects = more;
	switch (read_object(t, oid, &more[chip->n])) {
	case FOUND_FAILED: return false;
	case FOUND_ONE: chip->n++; return true;
	default: return true; /* for lock_compute to say */
	}
}

static bool
add_named(struct token *t, struct lock_plan *plan, const struct lock_rule *r)
{
	enum access_id id;
	uint16_t oid;

	for (size_t i = 0; i < LOCK_CONDITIONS; i++)
		for (size_t k = 0; r->wanted[i] && access_object(&r->access[i], k, &id, &oid); k++)
			if (!add_object(t, plan, oid))
				return false;
	return true;
}

static bool
read_authorization(struct token *t, struct lock_plan *plan)
{
	CK_OBJECT_HANDLE h;

	if (lock_object_find(&plan->chip, OID_AUTHORIZATION) == NULL)
		return true;
	if (token_chip_object(t, OID_AUTHORIZATION, &h) != FOUND_ONE)
		return false;
	plan->chip.authorized = token_chip_true(t, h, CKA_OPTIGA_PAIRED);
	return true;
}

static bool
read_pairing(struct token *t, struct lock_plan *plan)
{
	CK_OBJECT_HANDLE h;

	plan->chip.pairing = LOCK_UNPAIRED;
	if (lock_object_find(&plan->chip, OID_BINDING) == NULL)
		return read_authorization(t, plan);
	if (token_chip_object(t, OID_BINDING, &h) != FOUND_ONE)
		return false;
	if (token_chip_true(t, h, CKA_OPTIGA_PAIRED))
		plan->chip.pairing = LOCK_PAIRED;
	else if (token_chip_true(t, h, CKA_OPTIGA_FACTORY_SECRET))
		plan->chip.pairing = LOCK_FACTORY;
	return read_authorization(t, plan);
}

/* The objects the rules are for. */
static bool
find_targets(struct token *t, const struct lock_policy *p, const struct slot *s, uint16_t *oids)
{
	struct token_key key = { 0 };
	enum found found = FOUND_NONE;
	bool ok = true;

	if (lock_policy_needs_slot(p) && s == NULL) {
		prov_error("%s: names a slot's key or certificate, and no slot is given", p->path);
		prov_hint("give CONFIG or --slot");
		return false;
	}
	for (size_t i = 0; ok && i < p->n; i++) {
		const enum lock_target target = p->rules[i].target;

		oids[i] = target == LOCK_TARGET_OID ? p->rules[i].oid : s->key_oid;
		if (target != LOCK_TARGET_CERTIFICATE)
			continue;
		found = found == FOUND_ONE ? found : token_find_key(t, s, &key);
		oids[i] = found == FOUND_ONE ? token_cert_oid(t, &key) : s->cert_oid;
		ok = found != FOUND_FAILED && oids[i] != 0;
		if (!ok && found != FOUND_FAILED) {
			prov_error(
			    "slot \"%s\" (%04X) has no certificate to lock", s->name, s->key_oid);
			prov_hint("write it first, or leave \"certificate\" out of the policy");
		}
	}
	for (size_t i = 0; ok && i < p->n; i++) {
		for (size_t k = 0; ok && k < i; k++) {
			ok = oids[k] != oids[i];
			if (!ok)
				prov_error("%s: objects[%zu] and objects[%zu] are both for %04X",
				    p->path, k, i, oids[i]);
		}
	}
	token_key_clear(&key);
	return ok;
}

/* So that nobody is warned of what is about to be put right. */
static void
mark_locked(struct lock_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		for (size_t k = 0; k < plan->chip.n; k++)
			if (plan->changes[i].object == &plan->chip.objects[k] &&
			    plan->changes[i].life_cycle_after >= 7)
				plan->chip.objects[k].to_be_locked = true;
}

static bool
compute_all(struct lock_plan *plan, const struct lock_policy *p, const uint16_t *oids)
{
	bool ok = true;

	for (plan->n = 0; plan->n < p->n; plan->n++) {
		const uint16_t oid = oids[plan->n];
		const struct lock_object *o = lock_object_find(&plan->chip, oid);
		const char *hint, *why = lock_compute(&p->rules[plan->n], &plan->chip, oid,
				      &plan->changes[plan->n], &hint);

		if (why == NULL)
			continue;
		prov_error("cannot lock %04X%s%s%s: %s", oid, o != NULL ? " (" : "",
		    o != NULL ? o->name : "", o != NULL ? ")" : "", why);
		if (hint != NULL)
			prov_hint("%s", hint);
		ok = false;
	}
	mark_locked(plan);
	return ok;
}

struct lock_plan *
lock_plan(struct token *t, const struct lock_policy *p, const struct slot *s)
{
	struct lock_plan *plan = calloc(1, sizeof(*plan));
	uint16_t *oids = calloc(p->n, sizeof(*oids));
	bool ok = false;

	if (plan != NULL)
		plan->changes = calloc(p->n, sizeof(*plan->changes));
	if (plan == NULL || oids == NULL || plan->changes == NULL) {
		prov_error("out of memory");
		goto out;
	}
	plan->chip.generation = generation_of(t);
	ok = token_is_chip(t, "lock") && find_targets(t, p, s, oids);
	for (size_t i = 0; ok && i < p->n; i++)
		ok = add_object(t, plan, oids[i]) && add_named(t, plan, &p->rules[i]);
	ok = ok && read_pairing(t, plan) && compute_all(plan, p, oids);
out:
	free(oids);
	if (!ok)
		lock_plan_free(&plan);
	return plan;
}

void
lock_plan_free(struct lock_plan **pp)
{
	if (*pp == NULL)
		return;
	free((*pp)->chip.objects);
	free((*pp)->changes);
	free(*pp);
	*pp = NULL;
}

bool
lock_plan_empty(const struct lock_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (!lock_change_empty(&plan->changes[i]))
			return false;
	return true;
}

bool
lock_plan_irreversible(const struct lock_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		if (plan->changes[i].raise_len > 0)
			return true;
	return false;
}
