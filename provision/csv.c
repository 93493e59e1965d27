/* Comma-separated values; see csv.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "provision/csv.h"

struct csv {
	FILE *f;
	struct csv_at here; /* of the next character */
	struct csv_at bad;
	const char *why;
	char text[CSV_ROW_MAX]; /* fields of the row, each with a NUL */
	size_t used;
	size_t start[CSV_FIELDS_MAX]; /* in text */
	struct csv_at at[CSV_FIELDS_MAX];
	size_t n;
	unsigned int more; /* bytes that the character under way still needs */
	unsigned int low;  /* least value of the next of them */
	unsigned int high;
	bool quoted;           /* the last field was */
	unsigned char head[3]; /* the first bytes, when they are no byte order mark */
	size_t nhead, head_used;
	bool begun;
};

struct csv *
csv_new(FILE *f)
{
	struct csv *c = calloc(1, sizeof(*c));

	if (c != NULL) {
		c->f = f;
		c->here = (struct csv_at){ 1, 1 };
	}
	return c;
}

void
csv_free(struct csv **cp)
{
	free(*cp);
	*cp = NULL;
}

static enum csv_read
bad(struct csv *c, struct csv_at at, const char *why)
{
	c->bad = at;
	c->why = why;
	return CSV_BAD;
}

/* The bytes of UTF-8 (RFC 3629, section 4). */
static bool
utf8_ok(struct csv *c, unsigned int b)
{
	if (c->more > 0) {
		if (b < c->low || b > c->high)
			return false;
		c->more--;
		c->low = 0x80;
		c->high = 0xBF;
		return true;
	}
	if (b < 0x80)
		return b != 0;
	c->low = b == 0xE0 ? 0xA0U : b == 0xF0 ? 0x90U : 0x80U;
	c->high = b == 0xED ? 0x9FU : b == 0xF4 ? 0x8FU : 0xBFU;
	c->more = b >= 0xF0 ? 3 : b >= 0xE0 ? 2 : 1;
	return b >= 0xC2 && b <= 0xF4;
}

/* EF BB BF, which some programs put first, is no text. */
static void
begin(struct csv *c)
{
	static const unsigned char mark[sizeof(c->head)] = { 0xEF, 0xBB, 0xBF };

	c->begun = true;
	c->nhead = fread(c->head, 1, sizeof(c->head), c->f);
	if (c->nhead == sizeof(mark) && memcmp(c->head, mark, sizeof(mark)) == 0)
		c->nhead = 0;
}

static int
peek(struct csv *c)
{
	int b;

	if (c->head_used < c->nhead)
		return c->head[c->head_used];
	b = getc(c->f);
	if (b != EOF)
		(void)ungetc(b, c->f);
	return b;
}

/* The next byte, -1 at the end, -2 when it is none that text may have. */
static int
next(struct csv *c)
{
	int b = c->head_used < c->nhead ? c->head[c->head_used++] : getc(c->f);

	if (b == EOF) {
		if (ferror(c->f))
			c->why = "it cannot be read";
		else if (c->more > 0)
			c->why = "the last character is cut off";
		else
			return -1;
		return -2;
	}
	if (!utf8_ok(c, (unsigned int)b)) {
		c->why = b == 0 ? "a NUL byte" : "not UTF-8";
		return -2;
	}
	if (b == '\n')
		c->here = (struct csv_at){ c->here.line + 1, 1 };
	else if (c->more == 0)
		c->here.column++;
	return b;
}

static bool
put(struct csv *c, int b)
{
	if (c->used >= CSV_ROW_MAX)
		return false;
	c->text[c->used++] = (char)b;
	return true;
}

/* What ended a field. */
enum ended {
	BY_COMMA,
	BY_LINE,
	BY_FILE,
	BY_ERROR,
};

static enum ended
stop(struct csv *c, struct csv_at at, const char *why)
{
	(void)bad(c, at, why);
	return BY_ERROR;
}

static const char too_long[] = "the row is longer than 65536 bytes";

/* b was read behind the text of a field: what does it end? */
static enum ended
end_of(struct csv *c, int b, struct csv_at at)
{
	if (b == -2)
		return stop(c, at, c->why);
	if (b == '\r') {
		if (peek(c) != '\n')
			return stop(c, at, "a carriage return without a line feed");
		(void)next(c);
	}
	if (!put(c, '\0'))
		return stop(c, at, too_long);
	return b == ',' ? BY_COMMA : b == -1 ? BY_FILE : BY_LINE;
}

static bool
ends(int b)
{
	return b < 0 || b == ',' || b == '\r' || b == '\n';
}

static enum ended
read_quoted(struct csv *c, struct csv_at from)
{
	for (;;) {
		struct csv_at at = c->here;
		int b = next(c);

		if (b == -1)
			return stop(c, from, "the quotation mark is never closed");
		if (b == -2)
			return stop(c, at, c->why);
		if (b == '"') {
			at = c->here;
			b = next(c);
			if (ends(b))
				return end_of(c, b, at);
			if (b != '"')
				return stop(c, at,
				    "text behind a quoted field (a quotation mark in it is written "
				    "twice)");
		}
		if (!put(c, b))
			return stop(c, at, too_long);
	}
}

static enum ended
read_plain(struct csv *c, int b, struct csv_at at)
{
	for (;;) {
		if (ends(b))
			return end_of(c, b, at);
		if (b == '"')
			return stop(
			    c, at, "a quotation mark in a field that does not start with one");
		if (!put(c, b))
			return stop(c, at, too_long);
		at = c->here;
		b = next(c);
	}
}

static enum ended
read_field(struct csv *c)
{
	struct csv_at at = c->here;
	int b;

	if (c->n == CSV_FIELDS_MAX)
		return stop(c, at, "more than 64 fields");
	c->start[c->n] = c->used;
	c->at[c->n++] = at;
	b = next(c);
	c->quoted = b == '"';
	return c->quoted ? read_quoted(c, at) : read_plain(c, b, at);
}

/* One field with nothing in it, not even quotation marks. */
static bool
is_empty(const struct csv *c)
{
	return c->n == 1 && c->used == 1 && !c->quoted;
}

enum csv_read
csv_next(struct csv *c)
{
	enum ended by;

	if (!c->begun)
		begin(c);
	do {
		c->n = 0;
		c->used = 0;
		do
			by = read_field(c);
		while (by == BY_COMMA);
		if (by == BY_ERROR)
			return CSV_BAD;
	} while (by == BY_LINE && is_empty(c));
	return by == BY_FILE && is_empty(c) ? CSV_END : CSV_ROW;
}

size_t
csv_count(const struct csv *c)
{
	return c->n;
}

const char *
csv_field(const struct csv *c, size_t i)
{
	return c->text + c->start[i];
}

struct csv_at
csv_field_at(const struct csv *c, size_t i)
{
	return c->at[i];
}

const char *
csv_why(const struct csv *c)
{
	return c->why;
}

struct csv_at
csv_at(const struct csv *c)
{
	return c->bad;
}

bool
csv_write(FILE *f, const char *const *values, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *v = values[i] != NULL ? values[i] : "";
		bool quoted = strpbrk(v, ",\"\r\n") != NULL;

		if (i > 0)
			(void)putc(',', f);
		if (quoted)
			(void)putc('"', f);
		for (; *v != '\0'; v++) {
			if (*v == '"')
				(void)putc('"', f);
			(void)putc(*v, f);
		}
		if (quoted)
			(void)putc('"', f);
	}
	(void)fputs("\r\n", f);
	return ferror(f) == 0;
}
