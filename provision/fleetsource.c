/* Which chips a fleet has; see fleet.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/fleet.h"
#include "provision/msg.h"

struct fleet_source {
	struct manifest *manifest; /* NULL: the attached */
	struct fleet_chip **attached;
	size_t n;    /* 0: not known */
	size_t next; /* of the attached */
};

void
fleet_chip_free(struct fleet_chip **cp)
{
	struct fleet_chip *c = *cp;

	if (c == NULL)
		return;
	for (size_t i = 0; c->values != NULL && c->values[i] != NULL; i++)
		free(c->values[i]);
	free(c->values);
	free(c->name);
	free(c->device);
	free(c->token);
	free(c->config);
	free(c->slot);
	free(c);
	*cp = NULL;
}

/* NULL stays NULL. */
static bool
copy(char **out, const char *text)
{
	*out = text != NULL ? strdup(text) : NULL;
	return text == NULL || *out != NULL;
}

static bool
copy_values(struct fleet_chip *c, const struct manifest_row *row)
{
	c->values = calloc(row->nvalues + 1, sizeof(*c->values));
	for (size_t i = 0; c->values != NULL && i < row->nvalues; i++)
		if (asprintf(&c->values[i], "%s=%s", row->values[i].name, row->values[i].value) <
		    0) {
			c->values[i] = NULL;
			return false;
		}
	return c->values != NULL;
}

struct fleet_chip *
fleet_chip_of_row(const struct manifest_row *row)
{
	struct fleet_chip *c = calloc(1, sizeof(*c));

	if (c != NULL && copy(&c->name, row->device != NULL ? row->device : row->token) &&
	    copy(&c->device, row->device) && copy(&c->token, row->token) &&
	    copy(&c->config, row->config) && copy(&c->slot, row->slot) && copy_values(c, row)) {
		c->number = row->number;
		return c;
	}
	prov_error("out of memory");
	fleet_chip_free(&c);
	return NULL;
}

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool
fleet_chip_same(const struct fleet_chip *a, const struct fleet_chip *b)
{
	if (a->device != NULL && b->device != NULL)
		return same(a->device, b->device);
	return same(a->token, b->token);
}

struct fleet_source *
fleet_source_manifest(const char *path, bool have_config)
{
	struct fleet_source *s = calloc(1, sizeof(*s));

	if (s == NULL) {
		prov_error("out of memory");
		return NULL;
	}
	s->manifest = manifest_open(path, have_config);
	if (s->manifest == NULL || !manifest_check(s->manifest, &s->n))
		fleet_source_close(&s);
	return s;
}

static bool
take_attached(const struct token_seen *t, void *arg)
{
	struct fleet_source *s = arg;
	struct fleet_chip **more = realloc(s->attached, (s->n + 1) * sizeof(struct fleet_chip *));
	struct fleet_chip *c = calloc(1, sizeof(*c));

	if (more != NULL)
		s->attached = more;
	if (more == NULL || c == NULL || !copy(&c->name, t->place != NULL ? t->place : t->serial) ||
	    !copy(&c->device, t->place) || !copy(&c->token, t->uri)) {
		prov_error("out of memory");
		fleet_chip_free(&c);
		return false;
	}
	s->attached[s->n++] = c;
	c->number = s->n;
	return true;
}

struct fleet_source *
fleet_source_attached(const struct token_options *opts)
{
	struct fleet_source *s = calloc(1, sizeof(*s));

	if (s == NULL)
		prov_error("out of memory");
	else if (!token_list(opts, take_attached, s))
		fleet_source_close(&s);
	return s;
}

void
fleet_source_close(struct fleet_source **sp)
{
	struct fleet_source *s = *sp;

	if (s == NULL)
		return;
	for (size_t i = s->next; s->attached != NULL && i < s->n; i++)
		fleet_chip_free(&s->attached[i]);
	free(s->attached);
	manifest_close(&s->manifest);
	free(s);
	*sp = NULL;
}

enum fleet_next
fleet_source_next(struct fleet_source *s, struct fleet_chip **chipp)
{
	struct manifest_row row;

	*chipp = NULL;
	if (s->manifest == NULL) {
		if (s->next == s->n)
			return FLEET_END;
		*chipp = s->attached[s->next++];
		return FLEET_CHIP;
	}
	switch (manifest_next(s->manifest, &row)) {
	case CSV_END: return FLEET_END;
	case CSV_BAD: break;
	case CSV_ROW:
		*chipp = fleet_chip_of_row(&row);
		return *chipp != NULL ? FLEET_CHIP : FLEET_BAD;
	}
	return FLEET_BAD;
}

const char *
fleet_source_value_name(const struct fleet_source *s, size_t i)
{
	return s->manifest != NULL ? manifest_value_name(s->manifest, i) : NULL;
}

size_t
fleet_source_total(const struct fleet_source *s)
{
	return s->n;
}
