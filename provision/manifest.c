/* The manifest of a fleet; see manifest.h. */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "provision/manifest.h"
#include "provision/msg.h"

#define NAME_MAX_LEN 64

enum column {
	COL_DEVICE,
	COL_TOKEN,
	COL_CONFIG,
	COL_SLOT,
	COL_VALUE, /* any other name */
};

static const struct {
	const char *name;
	enum column column;
} known[] = {
	{ "device", COL_DEVICE },
	{ "token", COL_TOKEN },
	{ "config", COL_CONFIG },
	{ "slot", COL_SLOT },
};

/* What templates call by these names is the chip's to say. */
static const char *const reserved[] = { "uid", "serial", "model", "label" };

struct manifest {
	char *path;
	FILE *f;
	struct csv *csv;
	off_t from; /* where it begins: standard input may have been read before */
	bool have_config;
	size_t number; /* of the last row */
	char *names[CSV_FIELDS_MAX];
	enum column columns[CSV_FIELDS_MAX];
	size_t ncolumns;
};

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

__attribute__((format(printf, 3, 4))) static enum csv_read
bad(const struct manifest *m, struct csv_at at, const char *fmt, ...)
{
	char why[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	prov_error("%s:%zu:%zu: %s", m->path, at.line, at.column, why);
	return CSV_BAD;
}

static bool
name_ok(const char *name)
{
	static const char chars[] =
	    "-_0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX_LEN && strspn(name, chars) == len &&
	       strchr(chars, name[0]) >= strchr(chars, 'a');
}

static bool
take_name(struct manifest *m, size_t i)
{
	const char *name = csv_field(m->csv, i);
	struct csv_at at = csv_field_at(m->csv, i);

	if (!name_ok(name)) {
		(void)bad(m, at, "\"%.80s\" cannot be the name of a column", name);
		prov_hint("names are letters, digits, \"_\" and \"-\", a letter first, at most %d",
		    NAME_MAX_LEN);
		return false;
	}
	for (size_t k = 0; k < i; k++)
		if (strcmp(m->names[k], name) == 0) {
			(void)bad(m, at, "a second column \"%s\"", name);
			return false;
		}
	m->columns[i] = COL_VALUE;
	for (size_t k = 0; k < NITEMS(known); k++)
		if (strcmp(known[k].name, name) == 0)
			m->columns[i] = known[k].column;
	for (size_t k = 0; k < NITEMS(reserved); k++)
		if (strcmp(reserved[k], name) == 0) {
			(void)bad(m, at, "a column \"%s\": that is the chip's to say", name);
			prov_hint("the column \"token\" chooses a chip by its serial number");
			return false;
		}
	m->names[i] = strdup(name);
	m->ncolumns = i + 1;
	if (m->names[i] == NULL)
		prov_error("out of memory");
	return m->names[i] != NULL;
}

static bool
has(const struct manifest *m, enum column column)
{
	for (size_t i = 0; i < m->ncolumns; i++)
		if (m->columns[i] == column)
			return true;
	return false;
}

static enum csv_read
next(struct manifest *m)
{
	enum csv_read r = csv_next(m->csv);

	if (r == CSV_BAD)
		(void)bad(m, csv_at(m->csv), "%s", csv_why(m->csv));
	return r;
}

static bool
read_names(struct manifest *m)
{
	switch (next(m)) {
	case CSV_BAD: return false;
	case CSV_END:
		(void)bad(m, (struct csv_at){ 1, 1 },
		    "the line with the names of the columns is missing");
		return false;
	case CSV_ROW: break;
	}
	for (size_t i = 0; i < csv_count(m->csv); i++)
		if (!take_name(m, i))
			return false;
	if (!has(m, COL_DEVICE) && !has(m, COL_TOKEN)) {
		(void)bad(m, csv_field_at(m->csv, 0),
		    "neither a column \"device\" nor a column \"token\" says which chip");
		prov_hint("the first line has the names of the columns, for example "
			  "\"device,thing\"");
		return false;
	}
	if (!m->have_config && !has(m, COL_CONFIG)) {
		(void)bad(
		    m, csv_field_at(m->csv, 0), "no column \"config\", and no CONFIG was given");
		prov_hint("usage: optiga-provision fleet MANIFEST CONFIG");
		return false;
	}
	return true;
}

static void
forget_names(struct manifest *m)
{
	for (size_t i = 0; i < m->ncolumns; i++)
		free(m->names[i]);
	m->ncolumns = 0;
	m->number = 0;
	csv_free(&m->csv);
}

static bool
start(struct manifest *m)
{
	forget_names(m);
	m->csv = csv_new(m->f);
	if (m->csv == NULL) {
		prov_error("out of memory");
		return false;
	}
	return read_names(m);
}

struct manifest *
manifest_open(const char *path, bool have_config)
{
	struct manifest *m = calloc(1, sizeof(*m));
	bool in = strcmp(path, "-") == 0;

	if (m != NULL)
		m->path = strdup(in ? "standard input" : path);
	if (m == NULL || m->path == NULL) {
		prov_error("out of memory");
		manifest_close(&m);
		return NULL;
	}
	m->have_config = have_config;
	m->f = in ? stdin : fopen(path, "re");
	if (m->f == NULL)
		prov_error("cannot read \"%s\": %s", path, strerror(errno));
	else
		m->from = ftello(m->f);
	if (m->f == NULL || !start(m))
		manifest_close(&m);
	return m;
}

void
manifest_close(struct manifest **mp)
{
	struct manifest *m = *mp;

	if (m == NULL)
		return;
	forget_names(m);
	if (m->f != NULL && m->f != stdin)
		(void)fclose(m->f);
	free(m->path);
	free(m);
	*mp = NULL;
}

/* False: said why. */
static bool
take_value(const struct manifest *m, size_t i, struct manifest_row *row)
{
	const char *value = csv_field(m->csv, i), *name = m->names[i];

	if (*value == '\0') {
		/* An identity made with nothing in its place would be that of many. */
		if (m->columns[i] != COL_VALUE || strcmp(name, "thing") == 0 ||
		    strcmp(name, "policy") == 0)
			return true;
		(void)bad(m, csv_field_at(m->csv, i), "\"%s\" is empty", name);
		return false;
	}
	switch (m->columns[i]) {
	case COL_DEVICE: row->device = value; break;
	case COL_TOKEN: row->token = value; break;
	case COL_CONFIG: row->config = value; break;
	case COL_SLOT: row->slot = value; break;
	case COL_VALUE: row->values[row->nvalues++] = (struct manifest_value){ name, value }; break;
	}
	return true;
}

enum csv_read
manifest_next(struct manifest *m, struct manifest_row *row)
{
	enum csv_read r = next(m);
	struct csv_at at;

	if (r != CSV_ROW)
		return r;
	at = csv_field_at(m->csv, 0);
	if (csv_count(m->csv) > m->ncolumns)
		return bad(m, csv_field_at(m->csv, m->ncolumns),
		    "the row has %zu fields, and there are names for %zu", csv_count(m->csv),
		    m->ncolumns);
	if (csv_count(m->csv) < m->ncolumns)
		return bad(m, at, "the row has %zu field%s of %zu: \"%s\" is missing",
		    csv_count(m->csv), csv_count(m->csv) == 1 ? "" : "s", m->ncolumns,
		    m->names[csv_count(m->csv)]);
	*row = (struct manifest_row){ .number = ++m->number, .line = at.line };
	for (size_t i = 0; i < m->ncolumns; i++)
		if (!take_value(m, i, row))
			return CSV_BAD;
	if (row->device == NULL && row->token == NULL)
		return bad(m, at, "the row names no chip: \"device\" and \"token\" are empty");
	if (row->device != NULL && strchr(row->device, ',') != NULL)
		return bad(m, at, "the device \"%s\": a comma would make it several", row->device);
	if (row->config == NULL && !m->have_config)
		return bad(m, at, "the row has no \"config\", and no CONFIG was given");
	return CSV_ROW;
}

const char *
manifest_value_name(const struct manifest *m, size_t i)
{
	for (size_t k = 0; k < m->ncolumns; k++)
		if (m->columns[k] == COL_VALUE && i-- == 0)
			return m->names[k];
	return NULL;
}

bool
manifest_check(struct manifest *m, size_t *np)
{
	struct manifest_row row;
	struct stat st;
	enum csv_read r;

	*np = 0;
	if (fstat(fileno(m->f), &st) != 0 || !S_ISREG(st.st_mode))
		return true;
	while ((r = manifest_next(m, &row)) == CSV_ROW)
		;
	if (r == CSV_BAD)
		return false;
	*np = m->number;
	if (fseeko(m->f, m->from, SEEK_SET) == 0)
		return start(m);
	prov_error("cannot read \"%s\" again: %s", m->path, strerror(errno));
	return false;
}
