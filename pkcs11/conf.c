/*
 * optiga-pkcs11.conf: lines "key = value", "#" starts a comment line.
 *
 *	device = sim:/var/lib/optiga/test.img
 *	label = Pump 7
 *
 *	layout = chip
 *
 * Every device makes a slot (or as many as the layout says), numbered in the order they are
 * named; label belongs to the device above it, layout to all.
 */
#include <config.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/conf.h"
#include "pkcs11/layout.h"

#define FILE_NAME "optiga-pkcs11.conf"
#define LABEL_MAX 32 /* bytes, CK_TOKEN_INFO */

/* Where a line stands, for messages. */
struct place {
	const char *path;
	unsigned line;
};

typedef int set_fn(struct conf *c, const struct place *at, const char *value);

static int
add_device(struct conf *c, const char *selector, size_t len)
{
	struct conf_device *d = realloc(c->devices, (c->ndevices + 1) * sizeof(*d));

	if (d == NULL)
		return HAL_ENOMEM;
	c->devices = d;
	d += c->ndevices;
	d->label = NULL;
	if ((d->selector = strndup(selector, len)) == NULL)
		return HAL_ENOMEM;
	c->ndevices++;
	return 0;
}

static int
set_device(struct conf *c, const struct place *at, const char *value)
{
	(void)at;
	return add_device(c, value, strlen(value));
}

static int
set_label(struct conf *c, const struct place *at, const char *value)
{
	struct conf_device *d;

	if (c->ndevices == 0) {
		log_error("%s:%u: label comes before any device: put it below the device it names",
		    at->path, at->line);
		return 0;
	}
	d = &c->devices[c->ndevices - 1];
	if (strlen(value) > LABEL_MAX) {
		log_error("%s:%u: label \"%s\" is longer than %d bytes", at->path, at->line, value,
		    LABEL_MAX);
		return 0;
	}
	free(d->label);
	return (d->label = strdup(value)) == NULL ? HAL_ENOMEM : 0;
}

static int
set_layout(struct conf *c, const struct place *at, const char *value)
{
	const struct layout *l = mod_layout_by_name(value);

	if (l != NULL)
		c->layout = l;
	else
		log_error("%s:%u: layout \"%s\" is neither chip nor key-slots", at->path, at->line,
		    value);
	return 0;
}

static const struct {
	const char *key;
	set_fn *set;
} keys[] = {
	{ "device", set_device },
	{ "label", set_label },
	{ "layout", set_layout },
};

/* Cuts blanks off both ends, in place. */
static char *
trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		end--;
	*end = '\0';
	return s;
}

static int
parse_line(struct conf *c, const struct place *at, char *line)
{
	char *key = trim(line), *value;

	if (*key == '\0' || *key == '#')
		return 0;
	if ((value = strchr(key, '=')) == NULL) {
		log_error("%s:%u: \"%s\" is not of the form key = value", at->path, at->line, key);
		return 0;
	}
	*value++ = '\0';
	key = trim(key);
	value = trim(value);
	for (size_t i = 0; i < NITEMS(keys); i++) {
		if (strcmp(keys[i].key, key) != 0)
			continue;
		if (*value == '\0') {
			log_error("%s:%u: %s has no value", at->path, at->line, key);
			return 0;
		}
		return keys[i].set(c, at, value);
	}
	log_error("%s:%u: unknown key \"%s\"; known are device, label and layout", at->path,
	    at->line, key);
	return 0;
}

int
mod_conf_file(struct conf *c, const char *path, int required)
{
	struct place at = { path, 0 };
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	FILE *f;
	int r = 0;

	if ((f = fopen(path, "re")) == NULL) {
		if (required || errno != ENOENT)
			log_error("cannot read %s: %s", path, strerror(errno));
		return 0;
	}
	while (r == 0 && (n = getline(&line, &cap, f)) >= 0) {
		at.line++;
		if (strlen(line) != (size_t)n)
			log_error("%s:%u: line contains a NUL byte", path, at.line);
		else
			r = parse_line(c, &at, line);
	}
	if (ferror(f))
		log_error("cannot read %s: %s", path, strerror(errno));
	(void)fclose(f);
	free(line);
	return r;
}

int
mod_conf_list(struct conf *c, const char *list)
{
	size_t len;
	int r;

	for (; *list != '\0'; list += len + (list[len] == ',')) {
		len = strcspn(list, ",");
		if (len > 0 && (r = add_device(c, list, len)) != 0)
			return r;
	}
	return 0;
}

/* The user's file: below XDG_CONFIG_HOME (relative paths do not count there), else ~/.config. */
static int
user_file(struct conf *c)
{
	const char *dir = secure_getenv("XDG_CONFIG_HOME"), *below = "";
	char *path;
	int r;

	if (dir == NULL || dir[0] != '/') {
		dir = secure_getenv("HOME");
		below = "/.config";
	}
	if (dir == NULL || dir[0] != '/')
		return 0;
	if (asprintf(&path, "%s%s/" FILE_NAME, dir, below) < 0)
		return HAL_ENOMEM;
	r = mod_conf_file(c, path, 0);
	free(path);
	return r;
}

int
mod_conf_load(struct conf *c)
{
	const char *devices = secure_getenv("OPTIGA_DEVICE");
	const char *file = secure_getenv("OPTIGA_PKCS11_CONF");
	int r;

	c->layout = mod_layout_by_name(mod_layout_default);
	if (devices != NULL && devices[0] != '\0')
		return mod_conf_list(c, devices);
	if (file != NULL && file[0] != '\0')
		return mod_conf_file(c, file, 1);
	if ((r = mod_conf_file(c, SYSCONFDIR "/" FILE_NAME, 0)) != 0)
		return r;
	return user_file(c);
}

void
mod_conf_free(struct conf *c)
{
	for (size_t i = 0; i < c->ndevices; i++) {
		free(c->devices[i].selector);
		free(c->devices[i].label);
	}
	free(c->devices);
	*c = (struct conf)CONF_INIT;
}
