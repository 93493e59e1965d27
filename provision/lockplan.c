/* What a policy changes; see lockplan.h. SRM chapters "Metadata expression", "Life Cycle". */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "provision/lockplanint.h"

static char text[320];

const char *
lock_say(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return text;
}

/* --- objects ---------------------------------------------------------------------------------- */

enum lock_kind
lock_kind(uint16_t oid)
{
	static const struct {
		uint16_t first, last;
		enum lock_kind kind;
	} ranges[] = {
		{ 0xE0E0, 0xE0E3, LOCK_KIND_CERTIFICATE },
		{ 0xE0E8, 0xE0EF, LOCK_KIND_ANCHOR },
		{ 0xE0F0, 0xE0FD, LOCK_KIND_KEY },
		{ 0xE200, 0xE200, LOCK_KIND_KEY },
		{ 0xE120, 0xE123, LOCK_KIND_COUNTER },
		{ 0xE140, 0xE140, LOCK_KIND_BINDING },
		{ 0xF1D0, 0xF1DF, LOCK_KIND_DATA },
		{ 0xF1E0, 0xF1E1, LOCK_KIND_DATA },
	};

	for (size_t i = 0; i < ROWS(ranges); i++)
		if (oid >= ranges[i].first && oid <= ranges[i].last)
			return ranges[i].kind;
	return LOCK_KIND_OTHER;
}

const struct lock_object *
lock_object_find(const struct lock_chip *chip, uint16_t oid)
{
	for (size_t i = 0; i < chip->n; i++)
		if (chip->objects[i].oid == oid)
			return &chip->objects[i];
	return NULL;
}

/* A tag of the object's metadata; NULL: it has none. */
static const uint8_t *
tag(const struct lock_object *o, uint8_t wanted, size_t *lenp)
{
	for (size_t at = 2; at + 2 <= o->meta_len && at + 2 + o->meta[at + 1] <= o->meta_len;
	     at += 2U + o->meta[at + 1]) {
		if (o->meta[at] != wanted)
			continue;
		*lenp = o->meta[at + 1];
		return o->meta + at + 2;
	}
	return NULL;
}

int
lock_tag_byte(const struct lock_object *o, uint8_t wanted)
{
	size_t len;
	const uint8_t *v = tag(o, wanted, &len);

	return v != NULL && len == 1 ? v[0] : -1;
}

/* A condition that is not there is "never". */
static void
tag_access(const struct lock_object *o, uint8_t wanted, struct access *out)
{
	size_t len;
	const uint8_t *v = tag(o, wanted, &len);

	*out = (struct access){ { ACCESS_NEVER }, 1 };
	if (v == NULL || len == 0 || len > ACCESS_MAX)
		return;
	memcpy(out->expr, v, len);
	out->len = len;
}

/* --- the change --------------------------------------------------------------------------------
 */

static bool
append(struct lock_change *c, uint8_t t, const uint8_t *value, size_t len)
{
	if (c->conditions_len + 2 + len > sizeof(c->conditions))
		return false;
	c->conditions[c->conditions_len++] = t;
	c->conditions[c->conditions_len++] = (uint8_t)len;
	memcpy(c->conditions + c->conditions_len, value, len);
	c->conditions_len += len;
	c->conditions[1] = (uint8_t)(c->conditions_len - 2);
	return true;
}

/* Of the object's metadata when all is written. */
static size_t
size_after(const struct lock_change *c)
{
	size_t n = c->object->meta_len, had;

	for (size_t i = 0; i < LOCK_CONDITIONS; i++) {
		if (!c->changes[i])
			continue;
		n += c->after[i].len + 2;
		if (tag(c->object, lock_conditions[i].tag, &had) != NULL)
			n -= had + 2;
	}
	return n + (c->reset_before < 0 && c->reset_after >= 0 ? 3 : 0);
}

static const char *
model_word(enum access_chip chip)
{
	return chip == ACCESS_CHIP_X ? "Trust X" : chip == ACCESS_CHIP_V1 ? "Trust M V1" : "chip";
}

/* What the chip's generation does not have. */
static const char *
check_generation(const struct lock_rule *rule, const struct lock_chip *chip)
{
	const bool update = rule->wanted[LOCK_UPDATE] || rule->reset >= 0;

	if (update && chip->generation < ACCESS_CHIP_V3)
		return lock_say(
		    "a %s has no protected update of metadata", model_word(chip->generation));
	for (size_t i = 0; i < LOCK_CONDITIONS; i++) {
		char words[ACCESS_WORDS_MAX];

		if (!rule->wanted[i] || access_unsupported(&rule->access[i], chip->generation) == 0)
			continue;
		access_words(&rule->access[i], words);
		return lock_say("%s: a %s does not know \"%s\"", lock_conditions[i].text,
		    model_word(chip->generation), words);
	}
	return NULL;
}

/* One condition; on an object whose rules are fixed only what comes to the same is fine. */
static const char *
compute_condition(
    const struct lock_rule *rule, enum lock_condition i, bool fixed, struct lock_change *c)
{
	char before[ACCESS_WORDS_MAX], after[ACCESS_WORDS_MAX];
	struct access have, want;

	tag_access(c->object, lock_conditions[i].tag, &c->before[i]);
	c->after[i] = rule->wanted[i] ? rule->access[i] : c->before[i];
	if (access_equal(&c->before[i], &c->after[i]))
		return NULL;
	if (!fixed) {
		c->changes[i] = true;
		return append(c, lock_conditions[i].tag, c->after[i].expr, c->after[i].len)
			   ? NULL
			   : "the chip has no room for that much metadata";
	}
	access_final(&c->before[i], OPERATIONAL, &have);
	access_final(&c->after[i], OPERATIONAL, &want);
	c->after[i] = c->before[i];
	if (access_equal(&have, &want))
		return NULL;
	access_words(&c->before[i], before);
	access_words(&rule->access[i], after);
	return lock_say("its rules are fixed for ever: %s is \"%s\", the policy wants \"%s\"",
	    lock_conditions[i].text, before, after);
}

static const char *
compute_life_cycle(const struct lock_rule *rule, struct lock_change *c)
{
	const uint8_t want = rule->life_cycle;

	if (want == 0 || want == c->life_cycle_before)
		return NULL;
	if (c->life_cycle_before < 0)
		return "it has no life cycle state: the chip lets nobody change its rules";
	if (want < c->life_cycle_before)
		return lock_say("its life cycle is %s, which never goes back to %s",
		    life_cycle_word(c->life_cycle_before), life_cycle_word(want));
	c->life_cycle_after = want;
	memcpy(c->raise, (uint8_t[]){ TAG_BLOCK, 3, TAG_LCSO, 1, want }, sizeof(c->raise));
	c->raise_len = sizeof(c->raise);
	return NULL;
}

static const char *
compute_reset(const struct lock_rule *rule, bool fixed, struct lock_change *c)
{
	const uint8_t value = (uint8_t)rule->reset;

	if (rule->reset < 0 || rule->reset == c->reset_before)
		return NULL;
	if (fixed)
		return "its rules are fixed for ever, and another reset is in them";
	c->reset_after = rule->reset;
	return append(c, TAG_RESET, &value, 1) ? NULL
					       : "the chip has no room for that much metadata";
}

static bool
is_fixed(const struct lock_change *c)
{
	return c->life_cycle_before < 0 || c->life_cycle_before >= OPERATIONAL;
}

static const char *
compute(const struct lock_rule *rule, struct lock_change *c)
{
	const bool fixed = is_fixed(c);
	const char *why;

	for (size_t i = 0; i < LOCK_CONDITIONS; i++)
		if ((why = compute_condition(rule, (enum lock_condition)i, fixed, c)) != NULL)
			return why;
	if ((why = compute_reset(rule, fixed, c)) != NULL ||
	    (why = compute_life_cycle(rule, c)) != NULL)
		return why;
	if (c->changes[LOCK_UPDATE] && c->reset_after < 0)
		return "metadata_update has no effect without a reset";
	if (c->object->meta_len > 0 && size_after(c) > LOCK_META_MAX)
		return lock_say(
		    "with these conditions its metadata would have %zu bytes, and the chip "
		    "takes %d",
		    size_after(c), LOCK_META_MAX);
	return NULL;
}

bool
lock_never_again(const struct lock_change *c, enum lock_condition i)
{
	struct access rest;

	access_final(&c->after[i], (uint8_t)c->life_cycle_after, &rest);
	return access_is(&rest, ACCESS_NEVER);
}

const char *
lock_compute(const struct lock_rule *rule, const struct lock_chip *chip, uint16_t oid,
    struct lock_change *out, const char **hintp)
{
	const char *why;

	*hintp = NULL;
	*out = (struct lock_change){ .conditions = { TAG_BLOCK }, .conditions_len = 2 };
	out->object = lock_object_find(chip, oid);
	if (out->object == NULL)
		return "the chip has no such object";
	out->life_cycle_before = out->life_cycle_after = lock_tag_byte(out->object, TAG_LCSO);
	out->reset_before = out->reset_after = lock_tag_byte(out->object, TAG_RESET);
	if ((why = check_generation(rule, chip)) != NULL)
		return why;
	if ((why = compute(rule, out)) != NULL) {
		if (is_fixed(out))
			*hintp = "the policy must agree with what can never be undone: change it, "
				 "or use another slot";
		return why;
	}
	if (rule->allow_lock_out || lock_change_empty(out))
		return NULL;
	return lock_senseless(out, chip, hintp);
}

bool
lock_change_empty(const struct lock_change *c)
{
	return c->conditions_len <= 2 && c->raise_len == 0;
}
