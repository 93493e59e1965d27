/* The configuration file as anybody may write it, read and expanded for a chip. */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "provision/config.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/messages.h"

static size_t
chars(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xC0) != 0x80;
	return n;
}

/* What was accepted is whole. */
static void
check(const struct config *c)
{
	fuzz_assert(c->slot != NULL && c->hash != NULL && c->slot->type == c->type);
	fuzz_assert(c->type == KEY_EC ? c->curve != NULL : c->rsa_bits >= 1024);
	fuzz_assert((c->thing == NULL) == (c->policy == NULL));
	fuzz_assert(c->nattributes <= (c->thing_type != NULL ? 50 : 3));
	fuzz_assert(c->own_format || (c->extensions && c->ca == NULL && c->usage == 0));
	fuzz_assert(config_key_name(c) != NULL);
	(void)config_fits_aws(c);
}

/* And what it expands to is within the limits. */
static void
check_expanded(const struct config *c)
{
	const struct subject_field *f;

	for (size_t i = 0; (f = subject_row(i)) != NULL; i++)
		fuzz_assert(c->subject[i] == NULL ||
			    (chars(c->subject[i]) <= f->max && chars(c->subject[i]) >= f->min));
	fuzz_assert(c->thing == NULL || !c->own_format || strlen(c->thing) <= 128);
	for (size_t i = 0; i < c->nattributes; i++)
		fuzz_assert(strlen(c->attributes[i].value) <= 800);
	for (size_t i = 0; i < c->ngroups; i++)
		fuzz_assert(strlen(c->groups[i]) <= 128);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct config_names names = { "CD16339401001C000100000A08C6C5000A0070004C0034",
		"0123456789abcdef", "Trust M V3", "OPTIGA 89abcdef", NULL };
	struct config_set *s;
	bool said;

	errors = 0;
	s = config_set_parse("dir/file.jsn", (const char *)data, len);
	/* Refused with a word, accepted without. */
	fuzz_assert((s == NULL) == (errors > 0));
	for (size_t i = 0; s != NULL && i < s->n; i++) {
		check(&s->list[i]);
		errors = 0;
		said = config_expand(&s->list[i], &names);
		fuzz_assert(said == (errors == 0));
		if (said)
			check_expanded(&s->list[i]);
	}
	config_set_free(&s);
	return 0;
}
