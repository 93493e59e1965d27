/* Access conditions, words and bytes; see access.h. */
#include <config.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "provision/access.h"

#define OP_BELOW  0xFC

#define MAX_OR    3 /* alternatives */
#define MAX_AND   7 /* conditions of one */
#define COND_MAX  3 /* bytes */
#define WORDS_MAX 64

static const struct cond {
	uint8_t id;
	enum access_shape shape;
	enum access_chip since;
	const char *word; /* of the chip's manual */
} conds[] = {
	{ ACCESS_ALWAYS, ACCESS_ALONE, ACCESS_CHIP_X, "always" },
	{ ACCESS_NEVER, ACCESS_ALONE, ACCESS_CHIP_X, "never" },
	{ ACCESS_SECSTAG, ACCESS_MASK, ACCESS_CHIP_V3, "SecStaG" },
	{ ACCESS_SECSTAA, ACCESS_MASK, ACCESS_CHIP_V3, "SecStaA" },
	{ ACCESS_CONF, ACCESS_OBJECT, ACCESS_CHIP_V1, "Conf" },
	{ ACCESS_INT, ACCESS_OBJECT, ACCESS_CHIP_V1, "Int" },
	{ ACCESS_AUTO, ACCESS_OBJECT, ACCESS_CHIP_V3, "Auto" },
	{ ACCESS_LUC, ACCESS_OBJECT, ACCESS_CHIP_V1, "Luc" },
	{ ACCESS_LCSG, ACCESS_STATE, ACCESS_CHIP_X, "LcsG" },
	{ ACCESS_LCSA, ACCESS_STATE, ACCESS_CHIP_X, "LcsA" },
	{ ACCESS_LCSO, ACCESS_STATE, ACCESS_CHIP_X, "LcsO" },
};

static const size_t shape_len[] = {
	[ACCESS_ALONE] = 1, [ACCESS_MASK] = 2, [ACCESS_OBJECT] = 3, [ACCESS_STATE] = 3
};

/* Words of people: whole conditions, and beginnings that an object's number follows. */
static const struct phrase {
	uint8_t bytes[COND_MAX];
	size_t len; /* 1: the object follows */
	const char *words;
} phrases[] = {
	{ { ACCESS_LCSO, OP_BELOW, 7 }, 3, "until operational" },
	{ { ACCESS_CONF, 0xE1, 0x40 }, 3, "paired host" },
	{ { ACCESS_INT, 0xE1, 0x40 }, 3, "paired host even unencrypted" },
	{ { ACCESS_CONF }, 1, "encrypted with " },
	{ { ACCESS_INT }, 1, "protected update with " },
	{ { ACCESS_AUTO }, 1, "authorization with " },
	{ { ACCESS_LUC }, 1, "counter " },
};

/* Words that may stand before a condition and mean nothing. */
static const char *const fillers[] = { "after ", "by " };

static const struct {
	uint8_t id;
	const char *word;
} ops[] = { { 0xFA, "=" }, { 0xFB, ">" }, { OP_BELOW, "<" } }, states[] = {
	{ 0x01, "creation" },
	{ 0x03, "initialization" },
	{ 0x07, "operational" },
	{ 0x0F, "termination" },
};

#define ROWS(a) (sizeof(a) / sizeof((a)[0]))

static const struct cond *
cond_find(uint8_t id)
{
	for (size_t i = 0; i < ROWS(conds); i++)
		if (conds[i].id == id)
			return &conds[i];
	return NULL;
}

/* --- walking over the bytes ------------------------------------------------------------------ */

static bool
is_op(uint8_t id)
{
	for (size_t i = 0; i < ROWS(ops); i++)
		if (ops[i].id == id)
			return true;
	return false;
}

bool
access_next(const uint8_t *expr, size_t len, size_t *at, struct access_cond *out)
{
	const struct cond *c = *at < len ? cond_find(expr[*at]) : NULL;

	if (c == NULL || shape_len[c->shape] > len - *at)
		return false;
	*out = (struct access_cond){
		.bytes = expr + *at, .len = shape_len[c->shape], .shape = c->shape
	};
	if (c->shape == ACCESS_STATE && !is_op(out->bytes[1]))
		return false;
	*at += out->len;
	if (*at < len) {
		out->joint = expr[(*at)++];
		if ((out->joint != ACCESS_AND && out->joint != ACCESS_OR) || *at == len)
			return false;
	}
	return true;
}

bool
access_well_formed(const uint8_t *expr, size_t len)
{
	struct access_cond c;
	size_t at = 0;

	while (at < len)
		if (!access_next(expr, len, &at, &c) || (c.shape == ACCESS_ALONE && len != 1))
			return false;
	return len > 0;
}

static bool
next_cond(const struct access *a, size_t *at, struct access_cond *c)
{
	return access_next(a->expr, a->len, at, c);
}

static bool
well_formed(const struct access *a)
{
	return access_well_formed(a->expr, a->len);
}

bool
access_is(const struct access *a, uint8_t alone)
{
	return a->len == 1 && a->expr[0] == alone;
}

bool
access_equal(const struct access *a, const struct access *b)
{
	return a->len == b->len && memcmp(a->expr, b->expr, a->len) == 0;
}

bool
access_object(const struct access *a, size_t i, enum access_id *id, uint16_t *oid)
{
	struct access_cond c;
	size_t at = 0;

	while (next_cond(a, &at, &c)) {
		if (c.shape == ACCESS_OBJECT && i-- == 0) {
			*id = (enum access_id)c.bytes[0];
			*oid = (uint16_t)(c.bytes[1] << 8 | c.bytes[2]);
			return true;
		}
	}
	return false;
}

uint8_t
access_unsupported(const struct access *a, enum access_chip chip)
{
	struct access_cond c;
	size_t at = 0;

	while (next_cond(a, &at, &c))
		if (cond_find(c.bytes[0])->since > chip)
			return c.bytes[0];
	return 0;
}

/* "LcsO < state" that a state reached, which never falls, has made false for good. */
static bool
is_over(const uint8_t *cond, uint8_t lcso)
{
	return cond[0] == ACCESS_LCSO && cond[1] == OP_BELOW && lcso >= cond[2];
}

void
access_final(const struct access *a, uint8_t lcso, struct access *out)
{
	struct access rest = { .len = 0 };
	struct access_cond c;
	size_t at = 0, begin = 0;
	bool over = false;

	if (!well_formed(a)) {
		*out = *a;
		return;
	}
	while (next_cond(a, &at, &c)) {
		const size_t end = (size_t)(c.bytes - a->expr) + c.len;

		over = over || is_over(c.bytes, lcso);
		if (c.joint == ACCESS_AND)
			continue;
		if (!over) {
			if (rest.len > 0)
				rest.expr[rest.len++] = ACCESS_OR;
			memcpy(rest.expr + rest.len, a->expr + begin, end - begin);
			rest.len += end - begin;
		}
		over = false;
		begin = at;
	}
	if (rest.len == 0)
		rest.expr[rest.len++] = ACCESS_NEVER;
	*out = rest;
}

/* --- from bytes to words --------------------------------------------------------------------- */

static const char *
state_word(uint8_t value)
{
	for (size_t i = 0; i < ROWS(states); i++)
		if (states[i].id == value)
			return states[i].word;
	return NULL;
}

static const char *
op_word(uint8_t id)
{
	for (size_t i = 0; i < ROWS(ops); i++)
		if (ops[i].id == id)
			return ops[i].word;
	return "?";
}

static void
cond_words(const uint8_t *p, char out[WORDS_MAX])
{
	const struct cond *c = cond_find(p[0]);

	for (size_t i = 0; i < ROWS(phrases); i++) {
		if (memcmp(p, phrases[i].bytes, phrases[i].len) != 0)
			continue;
		if (phrases[i].len == 1)
			(void)snprintf(out, WORDS_MAX, "%s%02X%02X", phrases[i].words, p[1], p[2]);
		else
			(void)snprintf(out, WORDS_MAX, "%s", phrases[i].words);
		return;
	}
	if (c->shape == ACCESS_MASK)
		(void)snprintf(out, WORDS_MAX, "%s(%02X)", c->word, p[1]);
	else if (c->shape == ACCESS_STATE && state_word(p[2]) != NULL)
		(void)snprintf(
		    out, WORDS_MAX, "%s %s %s", c->word, op_word(p[1]), state_word(p[2]));
	else if (c->shape == ACCESS_STATE)
		(void)snprintf(out, WORDS_MAX, "%s %s %u", c->word, op_word(p[1]), p[2]);
	else
		(void)snprintf(out, WORDS_MAX, "%s", c->word);
}

void
access_words(const struct access *a, char out[ACCESS_WORDS_MAX])
{
	struct access_cond c;
	size_t at = 0, used = 0;

	out[0] = '\0';
	if (!well_formed(a)) {
		used = (size_t)snprintf(out, ACCESS_WORDS_MAX, "unknown:");
		for (size_t i = 0; i < a->len; i++)
			used += (size_t)snprintf(
			    out + used, ACCESS_WORDS_MAX - used, " %02X", a->expr[i]);
		return;
	}
	while (next_cond(a, &at, &c)) {
		char words[WORDS_MAX];

		cond_words(c.bytes, words);
		used += (size_t)snprintf(out + used, ACCESS_WORDS_MAX - used, "%s%s", words,
		    c.joint == ACCESS_AND  ? " and "
		    : c.joint == ACCESS_OR ? " or "
					   : "");
		if (used >= ACCESS_WORDS_MAX)
			return;
	}
}

/* --- from words to bytes --------------------------------------------------------------------- */

static char problem[160];

static bool
hex_value(const char *s, size_t digits, unsigned int *v)
{
	if (strlen(s) != digits || strspn(s, "0123456789abcdefABCDEF") != digits)
		return false;
	return sscanf(s, "%x", v) == 1;
}

static bool
phrase_parse(const char *s, uint8_t out[COND_MAX], size_t *len)
{
	unsigned int oid;

	for (size_t i = 0; i < ROWS(phrases); i++) {
		const struct phrase *ph = &phrases[i];
		const size_t n = strlen(ph->words);

		if (ph->len == 1 ? strncasecmp(s, ph->words, n) != 0
				 : strcasecmp(s, ph->words) != 0)
			continue;
		memcpy(out, ph->bytes, ph->len);
		*len = COND_MAX;
		if (ph->len == COND_MAX)
			return true;
		s += n + (strncasecmp(s + n, "0x", 2) == 0 ? 2 : 0);
		if (!hex_value(s, 4, &oid))
			return false;
		out[1] = (uint8_t)(oid >> 8);
		out[2] = (uint8_t)oid;
		return true;
	}
	return false;
}

/* "LcsO < operational" */
static bool
state_parse(const char *s, uint8_t out[COND_MAX])
{
	char op[4], state[24];
	int n = 0;

	if (sscanf(s, " %3s %23s%n", op, state, &n) != 2 || s[n] != '\0')
		return false;
	out[1] = out[2] = 0;
	for (size_t i = 0; i < ROWS(ops); i++)
		if (strcmp(ops[i].word, op) == 0)
			out[1] = ops[i].id;
	for (size_t i = 0; i < ROWS(states); i++)
		if (strcasecmp(states[i].word, state) == 0)
			out[2] = states[i].id;
	return out[1] != 0 && out[2] != 0;
}

/* "Conf(E140)", "SecStaG(20)" */
static bool
brackets_parse(const char *s, size_t digits, uint8_t out[COND_MAX])
{
	char inside[8];
	size_t n = strlen(s);
	unsigned int v;

	if (n != digits + 2 || s[0] != '(' || s[n - 1] != ')')
		return false;
	memcpy(inside, s + 1, digits);
	inside[digits] = '\0';
	if (!hex_value(inside, digits, &v))
		return false;
	if (digits == 4)
		out[1] = (uint8_t)(v >> 8);
	out[digits / 2] = (uint8_t)v;
	return true;
}

static bool
cond_parse(const char *s, uint8_t out[COND_MAX], size_t *len)
{
	for (size_t i = 0; i < ROWS(fillers); i++)
		if (strncasecmp(s, fillers[i], strlen(fillers[i])) == 0)
			s += strlen(fillers[i]);
	if (phrase_parse(s, out, len))
		return true;
	for (size_t i = 0; i < ROWS(conds); i++) {
		const struct cond *c = &conds[i];
		const size_t n = strlen(c->word);

		if (strncasecmp(s, c->word, n) != 0)
			continue;
		out[0] = c->id;
		*len = shape_len[c->shape];
		switch (c->shape) {
		case ACCESS_ALONE: return s[n] == '\0';
		case ACCESS_MASK: return brackets_parse(s + n, 2, out);
		case ACCESS_OBJECT: return brackets_parse(s + n, 4, out);
		case ACCESS_STATE: return state_parse(s + n, out);
		}
	}
	return false;
}

/* Cuts the next condition off the words: up to "and", "or" or their end, which *op tells. */
static bool
cut(const char **words, char out[WORDS_MAX], uint8_t *op)
{
	size_t n = 0;

	*op = 0;
	while (**words != '\0') {
		const char *s = *words;

		if (isspace((unsigned char)*s)) {
			while (isspace((unsigned char)*s))
				s++;
			*words = s;
			if (strncasecmp(s, "and", 3) == 0 && isspace((unsigned char)s[3]))
				*op = ACCESS_AND;
			else if (strncasecmp(s, "or", 2) == 0 && isspace((unsigned char)s[2]))
				*op = ACCESS_OR;
			if (*op != 0) {
				*words = s + (*op == ACCESS_AND ? 4 : 3);
				break;
			}
			if (n == 0 || *s == '\0')
				continue;
			if (n < WORDS_MAX - 1)
				out[n++] = ' ';
			continue;
		}
		if (n >= WORDS_MAX - 1)
			return false;
		out[n++] = *s;
		*words = s + 1;
	}
	out[n] = '\0';
	return n > 0;
}

static const char *
check_counts(const struct access *a)
{
	size_t at = 0, alternatives = 1, together = 0;
	struct access_cond c;

	while (next_cond(a, &at, &c)) {
		if (++together > MAX_AND)
			return "more than 7 conditions are joined by \"and\"";
		if (c.joint == ACCESS_OR) {
			together = 0;
			if (++alternatives > MAX_OR)
				return "more than 3 alternatives are joined by \"or\"";
		}
	}
	return NULL;
}

const char *
access_parse(const char *words, struct access *out)
{
	char one[WORDS_MAX] = "";
	uint8_t op;

	out->len = 0;
	do {
		uint8_t bytes[COND_MAX];
		size_t len;

		if (!cut(&words, one, &op) || !cond_parse(one, bytes, &len)) {
			(void)snprintf(problem, sizeof(problem), "\"%s\" is no condition", one);
			return problem;
		}
		if (out->len + len + 1 > ACCESS_MAX)
			return "the conditions are too many for the chip";
		memcpy(out->expr + out->len, bytes, len);
		out->len += len;
		if (op != 0)
			out->expr[out->len++] = op;
	} while (op != 0);
	if (!well_formed(out))
		return "\"always\" and \"never\" stand alone";
	return check_counts(out);
}
