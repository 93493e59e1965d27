/* Making a policy's changes; see lock.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pkcs11/optiga-pkcs11.h"
#include "provision/ask.h"
#include "provision/lockint.h"
#include "provision/msg.h"
#include "provision/rv.h"
#include "provision/stop.h"
#include "provision/tokenchip.h"

/* A block of metadata, and the object read back. */
static bool
write_block(struct token *t, uint16_t oid, const uint8_t *block, size_t len)
{
	uint8_t copy[LOCK_META_MAX];
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE tmpl[] = {
		{ CKA_OPTIGA_METADATA, copy, len },
		{ CKA_OPTIGA_IRREVERSIBLE, &yes, sizeof(yes) },
	};
	CK_OBJECT_HANDLE h;
	char what[64];
	CK_RV rv;

	memcpy(copy, block, len);
	if (token_chip_object(t, oid, &h) != FOUND_ONE) {
		prov_error("%04X is not to be found any more", oid);
		return false;
	}
	rv = token_chip_set(t, h, tmpl, 2);
	if (rv == CKR_OK)
		return true;
	(void)snprintf(what, sizeof(what), "cannot write the metadata of %04X", oid);
	rv_error(rv, what);
	return false;
}

/* The tags of block are in the object's metadata as they are. */
static bool
reads_back(struct token *t, uint16_t oid, const uint8_t *block, size_t len)
{
	uint8_t have[LOCK_OBJECT_MAX];
	CK_OBJECT_HANDLE h;
	size_t have_len = 0;

	if (token_chip_object(t, oid, &h) == FOUND_ONE)
		(void)token_chip_get(t, h, CKA_OPTIGA_METADATA, have, sizeof(have), &have_len);
	for (size_t i = 2; i < len; i += 2U + block[i + 1]) {
		const size_t n = 2U + block[i + 1];
		size_t k = 2;

		while (k + 1 < have_len && have[k] != block[i])
			k += 2U + have[k + 1];
		if (k + n > have_len || memcmp(have + k, block + i, n) != 0) {
			prov_error(
			    "%04X: metadata read back from the chip is not what was written", oid);
			prov_hint("check power and wiring, then run again");
			return false;
		}
	}
	return true;
}

static bool
write_step(struct token *t, uint16_t oid, const uint8_t *block, size_t len)
{
	if (stop_wanted()) {
		prov_error("stopped on request before %04X", oid);
		prov_hint("run the same command again to go on");
		return false;
	}
	return write_block(t, oid, block, len) && reads_back(t, oid, block, len);
}

/* Conditions first: whoever comes after an interruption can still write the rest of them. */
static bool
write_all(struct token *t, const struct lock_plan *plan)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct lock_change *c = &plan->changes[i];

		if (c->conditions_len <= 2)
			continue;
		prov_step("conditions of %04X", c->object->oid);
		if (!write_step(t, c->object->oid, c->conditions, c->conditions_len))
			return false;
	}
	for (size_t i = 0; i < plan->n; i++) {
		const struct lock_change *c = &plan->changes[i];

		if (c->raise_len == 0)
			continue;
		prov_step("life cycle of %04X", c->object->oid);
		if (!write_step(t, c->object->oid, c->raise, c->raise_len))
			return false;
	}
	return true;
}

enum lock_result
lock_do(struct token *t, const struct lock_plan *plan, unsigned int flags)
{
	const bool forever = lock_plan_irreversible(plan);

	if (lock_plan_empty(plan))
		return LOCK_NOTHING;
	if ((flags & LOCK_DRY_RUN) != 0)
		return LOCK_WOULD;
	if (forever && (flags & LOCK_IRREVERSIBLE) == 0) {
		prov_error("this can never be undone, by anyone; nothing was changed");
		prov_hint("if it is meant, add --irreversible");
		return LOCK_REFUSED;
	}
	if ((flags & LOCK_YES) == 0 &&
	    !ask_yes(forever ? "Do this? It can never be undone." : "Do this?"))
		return LOCK_REFUSED;
	return write_all(t, plan) ? LOCK_DONE : LOCK_FAILED;
}

enum lock_result
lock_apply(struct token *t, const struct lock_policy *p, const struct slot *s, unsigned int flags)
{
	struct lock_plan *plan = lock_plan(t, p, s);
	enum lock_result result = LOCK_FAILED;

	if (plan != NULL) {
		lock_plan_print(plan, stderr);
		result = lock_do(t, plan, flags);
	}
	lock_plan_free(&plan);
	return result;
}

/* "E0F1 (key): life cycle creation, not operational" */
static char *
first_missing(const struct lock_plan *plan)
{
	char before[ACCESS_WORDS_MAX], after[ACCESS_WORDS_MAX], *out = NULL;

	for (size_t i = 0; i < plan->n; i++) {
		const struct lock_change *c = &plan->changes[i];
		const char *what = "life cycle";

		if (lock_change_empty(c))
			continue;
		(void)snprintf(before, sizeof(before), "%s", lock_state_word(c->life_cycle_before));
		(void)snprintf(after, sizeof(after), "%s", lock_state_word(c->life_cycle_after));
		if (c->reset_before != c->reset_after) {
			what = "reset";
			lock_reset_words(c->reset_before, before);
			lock_reset_words(c->reset_after, after);
		}
		for (size_t k = 0; k < LOCK_CONDITIONS; k++) {
			if (!c->changes[k])
				continue;
			what = lock_conditions[k].text;
			access_words(&c->before[k], before);
			access_words(&c->after[k], after);
			break;
		}
		if (asprintf(&out, "%04X (%s): %s is \"%s\", not \"%s\"", c->object->oid,
			c->object->name, what, before, after) < 0)
			out = NULL;
		break;
	}
	return out;
}

enum lock_result
lock_missing(struct token *t, const struct lock_policy *p, const struct slot *s, char **whyp)
{
	struct lock_plan *plan = lock_plan(t, p, s);
	enum lock_result result = LOCK_FAILED;

	*whyp = NULL;
	if (plan != NULL) {
		result = lock_plan_empty(plan) ? LOCK_NOTHING : LOCK_WOULD;
		if (result == LOCK_WOULD)
			*whyp = first_missing(plan);
	}
	lock_plan_free(&plan);
	return result;
}
