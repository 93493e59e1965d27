/*
 * Files that "lock" and "pair" are given by people, and what locks make of any chip's metadata.
 * Input: one byte, even for a policy and odd for a portal file; of a policy the number of bytes of
 * metadata, and these; then the file.
 */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "provision/lockplan.h"
#include "provision/portal.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/messages.h"

/* What is written is a block of metadata with what was asked for, and no more than fits. */
static void
check_block(const uint8_t *block, size_t len)
{
	size_t at = 2;

	fuzz_assert(len >= 2 && len <= LOCK_META_MAX && block[0] == 0x20 && block[1] == len - 2);
	while (at + 2 <= len)
		at += 2U + block[at + 1];
	fuzz_assert(at == len);
}

static void
check_change(const struct lock_change *c, const struct lock_chip *chip)
{
	char words[ACCESS_WORDS_MAX];

	check_block(c->conditions, c->conditions_len);
	fuzz_assert(c->raise_len == 0 || c->life_cycle_after > c->life_cycle_before);
	if (c->raise_len > 0)
		check_block(c->raise, c->raise_len);
	for (size_t i = 0; i < LOCK_CONDITIONS; i++) {
		access_words(&c->before[i], words);
		access_words(&c->after[i], words);
	}
	for (size_t i = 0; lock_forever(c, i) != NULL; i++)
		fuzz_assert(i < 16);
	for (size_t i = 0; lock_warning(c, chip, i) != NULL; i++)
		fuzz_assert(i < 64);
}

static void
try_policy(const struct lock_policy *p, const uint8_t *meta, size_t len)
{
	struct lock_object objects[2] = { { .oid = 0xE0F1 }, { .oid = 0xE0E8 } };
	struct lock_chip chip = { ACCESS_CHIP_V3, LOCK_PAIRED, true, objects, 2 };

	for (size_t i = 0; i < 2; i++) {
		objects[i].meta_len = len < LOCK_META_MAX ? len : LOCK_META_MAX;
		memcpy(objects[i].meta, meta, objects[i].meta_len);
	}
	for (size_t i = 0; i < p->n; i++) {
		struct lock_change c;
		const char *hint,
		    *why = lock_compute(&p->rules[i], &chip, objects[i % 2].oid, &c, &hint);

		if (why == NULL)
			check_change(&c, &chip);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	const bool policy = input_u8(&in) % 2 == 0;
	const uint8_t *meta = NULL;
	struct portal portal;
	size_t meta_len = 0;
	char *text;

	errors = 0;
	if (policy)
		meta = input_bytes(&in, input_u8(&in), &meta_len);
	text = malloc(in.len + 1);
	fuzz_assert(text != NULL);
	memcpy(text, in.p, in.len);
	text[in.len] = '\0';
	if (policy) {
		struct lock_policy *p = lock_policy_parse("policy.json", text);

		/* Refused with a word, accepted without. */
		fuzz_assert((p == NULL) == (errors > 0));
		if (p != NULL)
			try_policy(p, meta, meta_len);
		lock_policy_free(&p);
	} else {
		const bool ok = portal_parse("portal.json", text, in.len, &portal);

		fuzz_assert(ok == (errors == 0));
		portal_clear(&portal);
	}
	free(text);
	return 0;
}
