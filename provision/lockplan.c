/* What a policy changes; see lockplan.h. SRM chapters "Metadata expression", "Life Cycle". */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "provision/lockplan.h"

#define ROWS(a)     (sizeof(a) / sizeof((a)[0]))

#define TAG_BLOCK   0x20
#define TAG_LCSO    0xC0
#define TAG_USAGE   0xE1
#define TAG_TYPE    0xE8
#define TAG_RESET   0xF0

#define OPERATIONAL 0x07
#define TERMINATION 0x0F

#define OID_BINDING 0xE140

/* Types of data objects. */
#define TYPE_ANCHOR        0x11
#define TYPE_UPDATE_SECRET 0x23
#define TYPE_AUTHORIZATION 0x31

#define HINT_ALLOW                                                                                 \
	"if that is meant, add \"allow_lock_out\": true to the object's rule in the policy"

static char text[320];

__attribute__((format(printf, 1, 2))) static const char *
say(const char *fmt, ...)
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
		{ OID_BINDING, OID_BINDING, LOCK_KIND_BINDING },
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

static int
tag_byte(const struct lock_object *o, uint8_t wanted)
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

static bool
holds_key(const struct lock_object *o)
{
	return tag_byte(o, TAG_USAGE) > 0;
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
		return say(
		    "a %s has no protected update of metadata", model_word(chip->generation));
	for (size_t i = 0; i < LOCK_CONDITIONS; i++) {
		char words[ACCESS_WORDS_MAX];

		if (!rule->wanted[i] || access_unsupported(&rule->access[i], chip->generation) == 0)
			continue;
		access_words(&rule->access[i], words);
		return say("%s: a %s does not know \"%s\"", lock_conditions[i].text,
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
	return say("its rules are fixed for ever: %s is \"%s\", the policy wants \"%s\"",
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
		return say("its life cycle is %s, which never goes back to %s",
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

static const char *
compute(const struct lock_rule *rule, struct lock_change *c)
{
	const int now = c->life_cycle_before;
	const bool fixed = now < 0 || now >= OPERATIONAL;
	const char *why;

	for (size_t i = 0; i < LOCK_CONDITIONS; i++)
		if ((why = compute_condition(rule, (enum lock_condition)i, fixed, c)) != NULL)
			return why;
	if ((why = compute_reset(rule, fixed, c)) != NULL ||
	    (why = compute_life_cycle(rule, c)) != NULL)
		return why;
	if (c->object->meta_len > 0 && size_after(c) > LOCK_META_MAX)
		return say("with these conditions its metadata would have %zu bytes, and the chip "
			   "takes %d",
		    size_after(c), LOCK_META_MAX);
	return NULL;
}

/* --- whether it makes sense --------------------------------------------------------------------
 */

static const char *
check_pairing(const struct lock_chip *chip, const char **hintp)
{
	*hintp = "\"optiga-provision pair\" gives chip and host a secret of their own";
	if (chip->pairing == LOCK_PAIRED)
		return NULL;
	if (chip->pairing == LOCK_FACTORY)
		return "the chip still has the binding secret of the factory, which everybody "
		       "knows";
	return "this host is not paired with the chip: the condition would lock it out";
}

/* Objects that conditions name, and what they must be. */
static const char *
check_named(const struct lock_chip *chip, enum access_id id, uint16_t oid, const char **hintp)
{
	static const struct {
		enum access_id id;
		int type;
		const char *what;
	} types[] = {
		{ ACCESS_INT, TYPE_ANCHOR, "trust anchor" },
		{ ACCESS_CONF, TYPE_UPDATE_SECRET, "secret for protected updates" },
		{ ACCESS_AUTO, TYPE_AUTHORIZATION, "authorization reference" },
	};
	const struct lock_object *o = lock_object_find(chip, oid);

	*hintp = HINT_ALLOW;
	if (oid == OID_BINDING && (id == ACCESS_CONF || id == ACCESS_INT))
		return check_pairing(chip, hintp);
	if (o == NULL)
		return say("a condition names %04X, which the chip does not have", oid);
	if (id == ACCESS_LUC) {
		if (lock_kind(oid) != LOCK_KIND_COUNTER)
			return say("a condition counts with %04X, which is no counter", oid);
		return o->empty ? say("the counter %04X has reached its threshold already: the "
				      "condition would never hold",
				      oid)
				: NULL;
	}
	for (size_t i = 0; i < ROWS(types); i++)
		if (types[i].id == id && tag_byte(o, TAG_TYPE) != types[i].type)
			return say("a condition names %04X, which is no %s", oid, types[i].what);
	if (o->empty)
		return say("the %s %04X is empty: the condition would never hold",
		    id == ACCESS_INT ? "trust anchor" : "object", oid);
	return NULL;
}

static const char *
check_conditions(const struct lock_change *c, const struct lock_chip *chip, const char **hintp)
{
	enum access_id id;
	const char *why;
	uint16_t oid;

	for (size_t i = 0; i < LOCK_CONDITIONS; i++)
		for (size_t k = 0; c->changes[i] && access_object(&c->after[i], k, &id, &oid); k++)
			if ((why = check_named(chip, id, oid, hintp)) != NULL)
				return why;
	return NULL;
}

static bool
never_again(const struct lock_change *c, enum lock_condition i)
{
	struct access rest;

	access_final(&c->after[i], (uint8_t)c->life_cycle_after, &rest);
	return access_is(&rest, ACCESS_NEVER);
}

/* The binding secret is what all encryption rests on. */
static const char *
check_binding(const struct lock_change *c, const struct lock_chip *chip, const char **hintp)
{
	const char *why = check_pairing(chip, hintp);

	if (why != NULL)
		return why;
	*hintp = HINT_ALLOW;
	return never_again(c, LOCK_READ) ? NULL : "the binding secret could be read for ever";
}

/* What would be useless from now on. */
static const char *
check_use(const struct lock_change *c, const struct lock_chip *chip, const char **hintp)
{
	const struct lock_object *o = c->object;
	const bool stays = never_again(c, LOCK_CHANGE);

	*hintp = HINT_ALLOW;
	if (c->life_cycle_after == TERMINATION)
		return "terminated, it can neither be read nor used by anyone";
	switch (lock_kind(o->oid)) {
	case LOCK_KIND_KEY:
		if (stays && !holds_key(o))
			return "it holds no key, and would stay empty for ever";
		return never_again(c, LOCK_EXECUTE) ? "its key could never be used again" : NULL;
	case LOCK_KIND_CERTIFICATE:
		if (stays && o->empty)
			return "it holds no certificate, and would stay empty for ever";
		return never_again(c, LOCK_READ) ? "its certificate could never be read again"
						 : NULL;
	case LOCK_KIND_ANCHOR:
	case LOCK_KIND_DATA:
		if (stays && o->empty)
			return "it is empty, and would stay so for ever";
		return never_again(c, LOCK_READ) && never_again(c, LOCK_EXECUTE)
			   ? "it could neither be read nor used again"
			   : NULL;
	case LOCK_KIND_BINDING: return check_binding(c, chip, hintp);
	default: return NULL;
	}
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
	out->life_cycle_before = out->life_cycle_after = tag_byte(out->object, TAG_LCSO);
	out->reset_before = out->reset_after = tag_byte(out->object, TAG_RESET);
	if ((why = check_generation(rule, chip)) != NULL)
		return why;
	if ((why = compute(rule, out)) != NULL) {
		*hintp = "the policy must agree with what can never be undone: change it, or use "
			 "another slot";
		return why;
	}
	if (rule->allow_lock_out || lock_change_empty(out))
		return NULL;
	if ((why = check_conditions(out, chip, hintp)) != NULL)
		return why;
	if (out->life_cycle_after < OPERATIONAL || out->raise_len == 0)
		return NULL;
	return check_use(out, chip, hintp);
}

bool
lock_change_empty(const struct lock_change *c)
{
	return c->conditions_len <= 2 && c->raise_len == 0;
}

/* --- in words ----------------------------------------------------------------------------------
 */

void
lock_reset_words(int reset, char out[64])
{
	const char *state = life_cycle_word(reset & 0x0F);

	(void)snprintf(out, 64, "%s%s",
	    reset < 0       ? "none"
	    : state != NULL ? state
			    : "unknown",
	    reset < 0             ? ""
	    : (reset & 0x10) != 0 ? " and zeros"
	    : (reset & 0x20) != 0 ? " and random bytes"
				  : "");
}

/* What the object holds, for sentences. */
static const char *
content_word(const struct lock_object *o)
{
	static const char *const words[] = {
		[LOCK_KIND_KEY] = "the key",
		[LOCK_KIND_CERTIFICATE] = "the certificate",
		[LOCK_KIND_ANCHOR] = "the trust anchor",
		[LOCK_KIND_BINDING] = "the binding secret",
		[LOCK_KIND_COUNTER] = "the counter",
		[LOCK_KIND_DATA] = "the data",
		[LOCK_KIND_OTHER] = "the content",
	};

	return words[lock_kind(o->oid)];
}

static const char *
condition_forever(const struct lock_change *c, enum lock_condition i)
{
	static const char *const verbs[] = {
		[LOCK_CHANGE] = "replaced or erased",
		[LOCK_READ] = "read",
		[LOCK_EXECUTE] = "used",
	};
	char words[ACCESS_WORDS_MAX];
	struct access rest;

	access_final(&c->after[i], (uint8_t)c->life_cycle_after, &rest);
	if (access_is(&rest, ACCESS_ALWAYS))
		return NULL;
	if (access_is(&rest, ACCESS_NEVER))
		return say(
		    "%s can never be %s again, by anyone", content_word(c->object), verbs[i]);
	access_words(&rest, words);
	return say("%s can only be %s by: %s", content_word(c->object), verbs[i], words);
}

/* Keys are never read, certificates not executed by a person: what goes without saying is left out.
 */
static bool
is_told(const struct lock_change *c, enum lock_condition i)
{
	const enum lock_kind kind = lock_kind(c->object->oid);

	switch (i) {
	case LOCK_CHANGE: return true;
	case LOCK_READ: return kind != LOCK_KIND_KEY;
	case LOCK_EXECUTE: return kind == LOCK_KIND_KEY || c->changes[i];
	default: return false;
	}
}

const char *
lock_forever(const struct lock_change *c, size_t i)
{
	char words[ACCESS_WORDS_MAX];

	if (c->raise_len == 0)
		return NULL;
	if (i-- == 0) {
		if (c->life_cycle_after == TERMINATION)
			return "it is terminated: nobody can use it any more";
		if (c->life_cycle_after < OPERATIONAL)
			return "its life cycle never goes back; its rules can still be changed";
		if (never_again(c, LOCK_UPDATE))
			return "its rules are fixed: nobody can change them again";
		access_words(&c->after[LOCK_UPDATE], words);
		return say("its rules are fixed, except for: %s", words);
	}
	if (c->life_cycle_after < OPERATIONAL)
		return NULL;
	for (size_t k = LOCK_CHANGE; k <= LOCK_EXECUTE; k++) {
		const char *sentence = is_told(c, (enum lock_condition)k)
					   ? condition_forever(c, (enum lock_condition)k)
					   : NULL;

		if (sentence != NULL && i-- == 0)
			return sentence;
	}
	return NULL;
}

static const char *
named_warning(const struct lock_chip *chip, enum access_id id, uint16_t oid)
{
	const struct lock_object *o = lock_object_find(chip, oid);
	const int lcso = o != NULL ? tag_byte(o, TAG_LCSO) : -1;

	if (id == ACCESS_LUC)
		return say("every use counts %04X up, and ends with its threshold", oid);
	if (lcso >= 0 && lcso < OPERATIONAL && !o->to_be_locked)
		return say(
		    "%04X, which a condition rests on, is not locked itself: whoever has the "
		    "board can put another in its place",
		    oid);
	return NULL;
}

const char *
lock_warning(const struct lock_change *c, const struct lock_chip *chip, size_t i)
{
	enum access_id id;
	uint16_t oid;

	for (size_t k = 0; k < LOCK_CONDITIONS; k++) {
		for (size_t j = 0; c->changes[k] && access_object(&c->after[k], j, &id, &oid);
		     j++) {
			const char *w = named_warning(chip, id, oid);

			if (w != NULL && i-- == 0)
				return w;
		}
	}
	return NULL;
}
