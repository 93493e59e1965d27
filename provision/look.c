/* Lines for people; see look.h. */
#include <config.h>

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "provision/look.h"

#define NAME_COLUMNS 13U /* of a line "name value" */
#define HEAD_COLUMNS 16U /* of a line of a list, "  E0F1 second" */
#define WIDTH_MIN    40U

/* https://no-color.org: set and not empty. */
void
look_init(struct look *l, FILE *f)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize ws;

	*l = (struct look){ .f = f };
	if (isatty(fileno(f)) == 0)
		return;
	if (ioctl(fileno(f), TIOCGWINSZ, &ws) == 0 && ws.ws_col > 0)
		l->width = ws.ws_col < WIDTH_MIN ? WIDTH_MIN : ws.ws_col;
	l->colour = (no == NULL || no[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;
}

/* Unicode code points, which are columns for the scripts that certificates are written in. */
static size_t
columns_of(const char *text, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char)text[i] & 0xC0) != 0x80;
	return n;
}

static void
styled(const struct look *l, const char *style, const char *text)
{
	if (l->colour && style != NULL)
		(void)fprintf(l->f, "\033[%sm%s\033[0m", style, text);
	else
		(void)fputs(text, l->f);
}

static void
spaces(const struct look *l, size_t n)
{
	while (n-- > 0)
		(void)fputc(' ', l->f);
}

/* How many bytes of a word fit into columns. */
static size_t
bytes_in(const char *word, size_t len, size_t columns)
{
	size_t n = 0, i = 0;

	while (i < len) {
		if (((unsigned char)word[i] & 0xC0) != 0x80 && n++ == columns)
			break;
		i++;
	}
	return i;
}

/* Words of text from column at on, and from column at again where the width ends. */
static void
wrap(const struct look *l, size_t at, const char *text)
{
	const size_t room = l->width > at + 8 ? l->width - at : 0;
	size_t used = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " "), columns = columns_of(text, len);

		if (room > 0 && used > 0 && used + 1 + columns > room) {
			(void)fputc('\n', l->f);
			spaces(l, at);
			used = 0;
		}
		if (room > 0 && columns > room) {
			len = bytes_in(text, len, room);
			columns = room;
		}
		if (used > 0)
			(void)fputc(' ', l->f);
		(void)fwrite(text, 1, len, l->f);
		used += columns + (used > 0);
		text += len;
		text += strspn(text, " ");
	}
	(void)fputc('\n', l->f);
}

static void
head(const struct look *l, const char *style, size_t indent, const char *name, size_t columns)
{
	const size_t n = indent + columns_of(name, strlen(name));

	spaces(l, indent);
	styled(l, style, name);
	spaces(l, n < columns ? columns - n : 1);
}

void
look_field(const struct look *l, const char *name, const char *fmt, ...)
{
	char text[LOOK_TEXT];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (text[0] == '\0')
		return;
	head(l, NULL, 0, name, NAME_COLUMNS);
	wrap(l, NAME_COLUMNS, text);
}

void
look_item(const struct look *l, const char *style, const char *name, const char *fmt, ...)
{
	char text[LOOK_TEXT];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	head(l, style, 2, name, HEAD_COLUMNS);
	wrap(l, HEAD_COLUMNS, text);
}

void
look_section(const struct look *l, const char *title)
{
	(void)fputc('\n', l->f);
	styled(l, LOOK_BOLD, title);
	(void)fputc('\n', l->f);
}

void
look_gap(const struct look *l)
{
	(void)fputc('\n', l->f);
}
