/*
 * Access conditions in words: SRM chapter "Access Conditions".
 *
 *   expr = token { FE token }, token = cond { FD cond }: FD (and) binds tighter than FE (or)
 *   cond = 00 | FF | 10 mask | 90 mask | 20 21 23 40 oid(2) | 70 E0 E1 op value
 *   op   = FA == | FB > | FC <
 */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/chip/chip.h"

#define AC_AND 0xFD
#define AC_OR  0xFE

enum shape { ALONE, MASK, OBJECT, STATE };

static const struct cond {
	uint8_t id;
	enum shape shape;
	const char *word;
} conds[] = {
	{ 0x00, ALONE, "always" },
	{ 0xFF, ALONE, "never" },
	{ 0x10, MASK, "SecStaG" },
	{ 0x90, MASK, "SecStaA" },
	{ 0x20, OBJECT, "Conf" },
	{ 0x21, OBJECT, "Int" },
	{ 0x23, OBJECT, "Auto" },
	{ 0x40, OBJECT, "Luc" },
	{ 0x70, STATE, "LcsG" },
	{ 0xE0, STATE, "LcsA" },
	{ 0xE1, STATE, "LcsO" },
};

static const struct {
	uint8_t id;
	const char *word;
} ops[] = { { 0xFA, "=" }, { 0xFB, ">" }, { 0xFC, "<" } }, states[] = {
	{ CHIP_LCS_CREATION, "creation" },
	{ CHIP_LCS_INITIALIZATION, "initialization" },
	{ CHIP_LCS_OPERATIONAL, "operational" },
	{ CHIP_LCS_TERMINATION, "termination" },
};

struct text {
	char *out;
	size_t n, used; /* used < n always: room for the NUL */
};

static void __attribute__((format(printf, 2, 3))) text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int k;

	va_start(ap, fmt);
	k = vsnprintf(t->out + t->used, t->n - t->used, fmt, ap);
	va_end(ap);
	if (k > 0)
		t->used += (size_t)k < t->n - t->used ? (size_t)k : t->n - t->used - 1;
}

static const struct cond *
cond_find(uint8_t id)
{
	for (size_t i = 0; i < NITEMS(conds); i++)
		if (conds[i].id == id)
			return &conds[i];
	return NULL;
}

static bool
state_words(struct text *t, const char *word, struct cur *c)
{
	const char *op = NULL;
	uint8_t id, value;

	if (!cur_u8(c, &id) || !cur_u8(c, &value))
		return false;
	for (size_t i = 0; i < NITEMS(ops); i++)
		if (ops[i].id == id)
			op = ops[i].word;
	if (op == NULL)
		return false;
	for (size_t i = 0; i < NITEMS(states); i++) {
		if (states[i].id == value) {
			text_add(t, "%s %s %s", word, op, states[i].word);
			return true;
		}
	}
	text_add(t, "%s %s %u", word, op, value);
	return true;
}

static bool
cond_words(struct text *t, struct cur *c)
{
	const struct cond *cd;
	uint16_t oid;
	uint8_t v;

	if (!cur_u8(c, &v) || (cd = cond_find(v)) == NULL)
		return false;
	switch (cd->shape) {
	case ALONE: text_add(t, "%s", cd->word); return true;
	case MASK:
		if (!cur_u8(c, &v))
			return false;
		text_add(t, "%s(%02X)", cd->word, v);
		return true;
	case OBJECT:
		if (!cur_u16(c, &oid))
			return false;
		text_add(t, "%s(%04X)", cd->word, oid);
		return true;
	case STATE: return state_words(t, cd->word, c);
	}
	return false;
}

static bool
expr_words(struct text *t, struct cur c)
{
	const struct cond *cd = c.len > 0 ? cond_find(c.p[0]) : NULL;
	uint8_t join;

	/* "always" and "never" stand alone. */
	if (cd != NULL && cd->shape == ALONE && c.len != 1)
		return false;
	for (;;) {
		if (!cond_words(t, &c))
			return false;
		if (c.len == 0)
			return true;
		if (!cur_u8(&c, &join) || (join != AC_AND && join != AC_OR))
			return false;
		if (c.len > 0 && (cd = cond_find(c.p[0])) != NULL && cd->shape == ALONE)
			return false;
		text_add(t, " %s ", join == AC_AND ? "and" : "or");
	}
}

void
chip_access_words(const struct cur *ac, char *out, size_t n)
{
	struct text t = { out, n, 0 };

	if (n == 0)
		return;
	out[0] = '\0';
	if (ac->p == NULL) {
		text_add(&t, "never"); /* an absent condition is NEV */
		return;
	}
	if (expr_words(&t, *ac))
		return;
	t.used = 0;
	text_add(&t, "unknown:");
	for (size_t i = 0; i < ac->len; i++)
		text_add(&t, " %02X", ac->p[i]);
}
