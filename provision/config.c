/* Reading the configuration file; see config.h. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/confnode.h"
#include "provision/file.h"
#include "provision/msg.h"

#define CONFIG_MAX 65536U
#define SLOTS_MAX  16U /* more than a chip has, so that two on one slot are named as such */

static void
clear(struct config *c)
{
	for (size_t i = 0; i < SUBJECT_MAX; i++) {
		free(c->subject[i]);
		free(c->subject_at[i]);
	}
	for (size_t i = 0; i < c->nattributes; i++) {
		free(c->attributes[i].name);
		free(c->attributes[i].value);
		free(c->attributes[i].at);
	}
	for (size_t i = 0; i < c->ngroups; i++)
		free(c->groups[i]);
	free(c->attributes);
	free(c->groups);
	free(c->groups_at);
	free(c->thing);
	free(c->thing_at);
	free(c->policy);
	free(c->ca);
	free(c->thing_type);
	free(c->policy_file);
	free(c->lock_policy);
	free(c->path);
	*c = (struct config){ 0 };
}

static bool
read_slot_config(struct config *c, const struct node *root)
{
	bool ok;

	c->path = strdup(root->conf->file);
	c->own_format = root->conf->own;
	if (c->path == NULL) {
		prov_error("%s: %s", root->conf->file, strerror(errno));
		return false;
	}
	node_warn_unknown(root);
	ok = conf_read_vendor(c, root);
	/* What is missing there would be missed here again. */
	return ok && conf_read_more(c, root);
}

/* Whether two things that read alike are alike on a chip. */
static bool
same_thing(const struct config *a, const struct config *b)
{
	return a->thing != NULL && b->thing != NULL && strcmp(a->thing, b->thing) == 0 &&
	       strstr(a->thing, "{slot}") == NULL;
}

/* Each key slot once, each thing once: it has one certificate. */
static bool
check_twice(const struct config_set *s, const struct node *at, size_t i)
{
	const struct config *c = &s->list[i];

	for (size_t k = 0; k < i; k++) {
		if (c->slot == s->list[k].slot) {
			prov_error("%s: \"slots[%zu]\" and \"slots[%zu]\" name the same key slot, "
				   "\"%s\" (%04X)",
			    at->conf->file, k, i, c->slot->name, c->slot->key_oid);
			return false;
		}
		if (same_thing(c, &s->list[k])) {
			prov_error("%s: \"slots[%zu]\" and \"slots[%zu]\" name the same thing, "
				   "\"%s\"",
			    at->conf->file, k, i, c->thing);
			prov_hint("each slot has a certificate of its own, and a thing has one; "
				  "{slot} in the name makes two of it");
			return false;
		}
	}
	return true;
}

static bool
read_slots(struct config_set *s, struct conf *conf, json_t *root, json_t *slots)
{
	bool ok = true;

	for (size_t i = 0; i < s->n; i++) {
		char prefix[32];
		struct node n = { conf, prefix, "", json_array_get(slots, i), root };

		(void)snprintf(prefix, sizeof(prefix), "slots[%zu].", i);
		if (!json_is_object(n.obj)) {
			prov_error("%s: \"slots[%zu]\" must be an object, not %s", conf->file, i,
			    json_kind(n.obj));
			ok = false;
			continue;
		}
		ok = read_slot_config(&s->list[i], &n) && ok;
		if (ok && !check_twice(s, &n, i))
			ok = false;
	}
	return ok;
}

static bool
read_all(struct config_set *s, json_t *json)
{
	struct conf conf = { .file = s->path, .said = json_object() };
	struct node root = { &conf, "", "", json, NULL };
	json_t *slots = json_object_get(json, "slots");
	bool ok = false;

	s->n = 1;
	if (!json_is_object(json)) {
		prov_error("%s: must be a JSON object, not %s", s->path, json_kind(json));
	} else if (slots != NULL && !json_is_array(slots)) {
		node_error(&root, "slots", " must be an array, not %s", json_kind(slots));
	} else if (slots != NULL &&
		   (json_array_size(slots) == 0 || json_array_size(slots) > SLOTS_MAX)) {
		node_error(&root, "slots", " has %zu slots in it; a chip has 1 to %u",
		    json_array_size(slots), 5U);
	} else {
		conf.own = conf_is_own(json, "");
		if (slots != NULL)
			s->n = json_array_size(slots);
		s->list = calloc(s->n, sizeof(*s->list));
		if (s->list == NULL)
			prov_error("%s: %s", s->path, strerror(errno));
		else
			ok = slots != NULL ? read_slots(s, &conf, json, slots)
					   : read_slot_config(&s->list[0], &root);
	}
	json_decref(conf.said);
	return ok;
}

struct config_set *
config_set_parse(const char *path, const char *text, size_t len)
{
	struct config_set *s = NULL;
	json_error_t err;
	json_t *json;
	bool ok = false;

	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &err);
	if (json == NULL) {
		prov_error("%s: not valid JSON: line %d, column %d: %s", path, err.line, err.column,
		    json_error_code(&err) == json_error_null_character
			? "a string has the character \\u0000 in it"
			: err.text);
		return NULL;
	}
	s = calloc(1, sizeof(*s));
	if (s == NULL || (s->path = strdup(path)) == NULL)
		prov_error("%s: %s", path, strerror(errno));
	else
		ok = read_all(s, json);
	if (!ok)
		config_set_free(&s);
	json_decref(json);
	return s;
}

struct config_set *
config_set_load(const char *path)
{
	size_t len;
	char *text = file_read(path, CONFIG_MAX, &len);
	struct config_set *s = text != NULL ? config_set_parse(path, text, len) : NULL;

	free(text);
	return s;
}

void
config_set_free(struct config_set **sp)
{
	struct config_set *s = *sp;

	if (s == NULL)
		return;
	for (size_t i = 0; s->list != NULL && i < s->n; i++)
		clear(&s->list[i]);
	free(s->list);
	free(s->path);
	free(s);
	*sp = NULL;
}

size_t
config_find(const struct config_set *s, const char *name)
{
	const struct slot *slot = slot_parse("--slot", name);
	size_t i = 0;

	if (slot == NULL)
		return s->n;
	while (i < s->n && s->list[i].slot != slot)
		i++;
	if (i == s->n)
		prov_error(
		    "%s has nothing about slot \"%s\" (%04X)", s->path, slot->name, slot->key_oid);
	return i;
}

/* The index of the slot asked for; s->n: said that there is none. */
static size_t
pick(const struct config_set *s, const char *name)
{
	if (name != NULL)
		return config_find(s, name);
	if (s->n == 1)
		return 0;
	prov_error("%s has %zu slots, and one is wanted", s->path, s->n);
	prov_hint("say which with --slot, for example --slot 0x%04X", s->list[0].slot->key_oid);
	return s->n;
}

struct config *
config_take(struct config_set *s, size_t i)
{
	struct config *c = malloc(sizeof(*c));

	if (c == NULL) {
		prov_error("%s: %s", s->path, strerror(errno));
		return NULL;
	}
	*c = s->list[i];
	s->list[i] = (struct config){ 0 };
	return c;
}

struct config *
config_load_slot(const char *path, const char *slot)
{
	struct config_set *s = config_set_load(path);
	struct config *c = NULL;
	size_t i = s != NULL ? pick(s, slot) : 0;

	if (s != NULL && i < s->n)
		c = config_take(s, i);
	config_set_free(&s);
	return c;
}

struct config *
config_load(const char *path)
{
	return config_load_slot(path, NULL);
}

void
config_free(struct config **cp)
{
	if (*cp == NULL)
		return;
	clear(*cp);
	free(*cp);
	*cp = NULL;
}

bool
config_key_fits_aws(const struct config *c)
{
	if (c->type == KEY_RSA && c->rsa_bits < 2048) {
		prov_error("%s: AWS IoT refuses RSA keys of %u bits", c->path, c->rsa_bits);
		prov_hint("use \"key_size\": \"2048\" or an EC key, or --ca local");
		return false;
	}
	if (c->type == KEY_EC && !c->curve->aws) {
		prov_error("%s: AWS IoT refuses keys on the curve \"%s\"", c->path, c->curve->name);
		prov_hint("use secp256r1 or secp384r1, or --ca local");
		return false;
	}
	return true;
}

bool
config_fits_aws(const struct config *c)
{
	return config_key_fits_aws(c) && config_has_thing(c);
}

bool
config_has_thing(const struct config *c)
{
	if (c->thing == NULL || c->policy == NULL) {
		prov_error("%s: \"aws_iot_config\" is missing", c->path);
		prov_hint("give \"aws_iot_config\": { \"thing\": ..., \"policy\": ... }, or use "
			  "--ca local");
		return false;
	}
	return true;
}

const char *
config_key_name(const struct config *c)
{
	if (c->type == KEY_EC)
		return c->curve->name;
	return c->rsa_bits == 1024 ? "RSA-1024" : "RSA-2048";
}
