/*
 * Access conditions in words. Solution Reference Manual 3.30, "Access conditions":
 *
 *   expression = group { FE group }     FE: or
 *   group      = condition { FD condition }    FD: and
 */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/prog.h"

#define OP_AND 0xFD
#define OP_OR  0xFE

static const struct condition {
	uint8_t id;
	uint8_t args;
	char kind; /* plain, mask, oid, life cycle */
	const char *name;
} conditions[] = {
	{ 0x00, 0, 'p', "always" },
	{ 0xFF, 0, 'p', "never" },
	{ 0x10, 1, 'm', "SecStaG" },
	{ 0x90, 1, 'm', "SecStaA" },
	{ 0x20, 2, 'o', "Conf" },
	{ 0x21, 2, 'o', "Int" },
	{ 0x23, 2, 'o', "Auto" },
	{ 0x40, 2, 'o', "Luc" },
	{ 0x70, 2, 'l', "LcsG" },
	{ 0xE0, 2, 'l', "LcsA" },
	{ 0xE1, 2, 'l', "LcsO" },
};

static const struct {
	uint8_t value;
	const char *name;
} states[] = {
	{ 0x01, "creation" },
	{ 0x03, "initialization" },
	{ 0x07, "operational" },
	{ 0x0F, "termination" },
};

struct text {
	char *p;
	size_t n, used;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void
add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int w;

	va_start(ap, fmt);
	w = vsnprintf(t->p + t->used, t->n - t->used, fmt, ap);
	va_end(ap);
	if (w > 0)
		t->used += (size_t)w < t->n - t->used ? (size_t)w : t->n - t->used - 1;
}

static void
add_life_cycle(struct text *t, const char *name, uint8_t op, uint8_t value)
{
	const char *sign = op == 0xFA ? "==" : op == 0xFB ? ">" : op == 0xFC ? "<" : "?";

	for (size_t i = 0; i < NITEMS(states); i++)
		if (states[i].value == value) {
			add(t, "%s %s %s", name, sign, states[i].name);
			return;
		}
	add(t, "%s %s %u", name, sign, value);
}

static const struct condition *
find(uint8_t id)
{
	for (size_t i = 0; i < NITEMS(conditions); i++)
		if (conditions[i].id == id)
			return &conditions[i];
	return NULL;
}

void
prog_access_words(const uint8_t *ac, size_t len, char *out, size_t n)
{
	struct text t = { out, n, 0 };
	const struct condition *c;

	if (n == 0)
		return;
	out[0] = '\0';
	for (size_t i = 0; i < len;) {
		if (ac[i] == OP_AND || ac[i] == OP_OR) {
			add(&t, "%s", ac[i] == OP_AND ? " and " : " or ");
			i++;
			continue;
		}
		c = find(ac[i]);
		if (c == NULL || len - i - 1 < c->args) {
			add(&t, "unreadable");
			return;
		}
		if (c->kind == 'p')
			add(&t, "%s", c->name);
		else if (c->kind == 'm')
			add(&t, "%s has %02X", c->name, ac[i + 1]);
		else if (c->kind == 'o')
			add(&t, "%s(%02X%02X)", c->name, ac[i + 1], ac[i + 2]);
		else
			add_life_cycle(&t, c->name, ac[i + 1], ac[i + 2]);
		i += 1U + c->args;
	}
}
