/* Lines for people: names and values, lists, within the width of the terminal. */
#ifndef PROVISION_LOOK_H
#define PROVISION_LOOK_H

#include <stdbool.h>
#include <stdio.h>

/* The longest text of a line; what is longer is cut. */
#define LOOK_TEXT 16384U

struct look {
	FILE *f;
	size_t width; /* columns; 0: no limit */
	bool colour;
};

/* SGR parameters, ECMA-48. */
#define LOOK_BOLD   "1"
#define LOOK_RED    "31"
#define LOOK_GREEN  "32"
#define LOOK_YELLOW "33"
#define LOOK_CYAN   "36"

/* The terminal's width, and colours if it takes them; of a file neither. */
void look_init(struct look *l, FILE *f);

/* "name         value"; nothing when the value is "". */
void look_field(const struct look *l, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* "  name          text", the name in a style (NULL: none); "" for more of the one before. */
void look_item(const struct look *l, const char *style, const char *name, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* An empty line and a title. */
void look_section(const struct look *l, const char *title);

void look_gap(const struct look *l);

#endif
