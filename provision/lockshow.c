/* A plan of "lock" as people and programs read it. */
#include <config.h>

#include <stdio.h>

#include "provision/lockint.h"

#define HEX_MAX (3 * LOCK_META_MAX + 1)

static void
hex(const uint8_t *bytes, size_t len, char out[HEX_MAX])
{
	out[0] = '\0';
	for (size_t i = 0; i < len; i++)
		(void)snprintf(
		    out + 3 * i, HEX_MAX - 3 * i, "%02X%s", bytes[i], i + 1 < len ? " " : "");
}

const char *
lock_state_word(int state)
{
	const char *word = life_cycle_word(state);

	return word != NULL ? word : state < 0 ? "none" : "unknown";
}

static void
print_change(const struct lock_change *c, const struct lock_chip *chip, FILE *f)
{
	char before[ACCESS_WORDS_MAX], after[ACCESS_WORDS_MAX], bytes[HEX_MAX];
	const char *s;

	(void)fprintf(f, "%04X %s\n", c->object->oid, c->object->name);
	for (size_t i = 0; i < LOCK_CONDITIONS; i++) {
		if (!c->changes[i])
			continue;
		access_words(&c->before[i], before);
		access_words(&c->after[i], after);
		(void)fprintf(f, "  %-15s %s -> %s\n", lock_conditions[i].text, before, after);
	}
	if (c->reset_before != c->reset_after) {
		lock_reset_words(c->reset_before, before);
		lock_reset_words(c->reset_after, after);
		(void)fprintf(f, "  %-15s %s -> %s\n", "reset", before, after);
	}
	if (c->raise_len > 0)
		(void)fprintf(f, "  %-15s %s -> %s\n", "life cycle",
		    lock_state_word(c->life_cycle_before), lock_state_word(c->life_cycle_after));
	if (c->conditions_len > 2) {
		hex(c->conditions, c->conditions_len, bytes);
		(void)fprintf(f, "  %-15s %s\n", "writes", bytes);
	}
	if (c->raise_len > 0) {
		hex(c->raise, c->raise_len, bytes);
		(void)fprintf(
		    f, "  %-15s %s\n", c->conditions_len > 2 ? "at last" : "writes", bytes);
	}
	for (size_t i = 0; (s = lock_forever(c, i)) != NULL; i++)
		(void)fprintf(f, "  %-15s %s\n", "for ever", s);
	for (size_t i = 0; (s = lock_warning(c, chip, i)) != NULL; i++)
		(void)fprintf(f, "  %-15s %s\n", "mind", s);
}

void
lock_plan_print(const struct lock_plan *plan, FILE *f)
{
	for (size_t i = 0; i < plan->n; i++)
		if (!lock_change_empty(&plan->changes[i]))
			print_change(&plan->changes[i], &plan->chip, f);
}

static void
add_pair(json_t *row, const char *name, const char *before, const char *after)
{
	(void)json_object_set_new(
	    row, name, json_pack("{s:s, s:s}", "before", before, "after", after));
}

static json_t *
change_json(const struct lock_change *c, const struct lock_chip *chip)
{
	char before[ACCESS_WORDS_MAX], after[ACCESS_WORDS_MAX], bytes[HEX_MAX];
	json_t *row = json_object(), *writes = json_array(), *forever = json_array(),
	       *mind = json_array();
	const char *s;

	(void)snprintf(bytes, sizeof(bytes), "%04X", c->object->oid);
	(void)json_object_set_new(row, "object", json_string(bytes));
	(void)json_object_set_new(row, "name", json_string(c->object->name));
	for (size_t i = 0; i < LOCK_CONDITIONS; i++) {
		if (!c->changes[i])
			continue;
		access_words(&c->before[i], before);
		access_words(&c->after[i], after);
		add_pair(row, lock_conditions[i].member, before, after);
	}
	if (c->reset_before != c->reset_after) {
		lock_reset_words(c->reset_before, before);
		lock_reset_words(c->reset_after, after);
		add_pair(row, "reset", before, after);
	}
	if (c->raise_len > 0)
		add_pair(row, "life_cycle", lock_state_word(c->life_cycle_before),
		    lock_state_word(c->life_cycle_after));
	if (c->conditions_len > 2) {
		hex(c->conditions, c->conditions_len, bytes);
		(void)json_array_append_new(writes, json_string(bytes));
	}
	if (c->raise_len > 0) {
		hex(c->raise, c->raise_len, bytes);
		(void)json_array_append_new(writes, json_string(bytes));
	}
	for (size_t i = 0; (s = lock_forever(c, i)) != NULL; i++)
		(void)json_array_append_new(forever, json_string(s));
	for (size_t i = 0; (s = lock_warning(c, chip, i)) != NULL; i++)
		(void)json_array_append_new(mind, json_string(s));
	(void)json_object_set_new(row, "writes", writes);
	(void)json_object_set_new(row, "for_ever", forever);
	(void)json_object_set_new(row, "mind", mind);
	return row;
}

json_t *
lock_plan_json(const struct lock_plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->n; i++)
		if (!lock_change_empty(&plan->changes[i]))
			(void)json_array_append_new(
			    list, change_json(&plan->changes[i], &plan->chip));
	return list;
}
