/* The part of a configuration that is ours: usage, CA, registration, and more about the thing. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/confnode.h"
#include "provision/issuer.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

/* AWS IoT's, aws-iot 4 */
#define ATTRIBUTES_MAX         50U
#define ATTRIBUTES_MAX_UNTYPED 3U

/* The program's notes about a request that is under way. */
#define OWN_ATTRIBUTES "optiga-provision."

#define GROUPS_MAX     10U

static const struct {
	const char *name;
	unsigned int bit;
	enum key_type type; /* the one that has it, when both is false */
	bool both;
} usages[] = {
	{ "sign", CONFIG_USE_SIGN, KEY_EC, true },
	{ "derive", CONFIG_USE_DERIVE, KEY_EC, false },
	{ "decrypt", CONFIG_USE_DECRYPT, KEY_RSA, false },
};

static bool
add_usage(struct config *c, const struct node *n, const char *member, const json_t *v)
{
	const char *name = json_string_value(v);
	size_t i = 0;

	if (name == NULL) {
		node_error(n, member, " must be a string, not %s", json_kind(v));
		return false;
	}
	while (i < NITEMS(usages) && strcmp(usages[i].name, name) != 0)
		i++;
	if (i == NITEMS(usages)) {
		node_error(n, member, ": unknown usage \"%s\"", name);
		node_hint(
		    n, "use \"sign\", with \"derive\" for EC keys or \"decrypt\" for RSA keys");
		return false;
	}
	if (!usages[i].both && usages[i].type != c->type) {
		node_error(
		    n, member, ": %s keys cannot %s", c->type == KEY_EC ? "EC" : "RSA", name);
		return false;
	}
	c->usage |= usages[i].bit;
	return true;
}

/* "sign" or [ "sign", "derive" ]. */
static bool
read_usage(struct config *c, const struct node *root)
{
	struct node csr, n;
	json_t *v, *item;
	bool ok = true;
	size_t i;

	if (!node_object(root, "csr_config", "csr_config", &csr) ||
	    !node_object(&csr, "key_info", "csr_config.key_info", &n))
		return false;
	v = node_get(&n, "usage");
	if (v == NULL)
		return true;
	if (json_is_array(v)) {
		json_array_foreach(v, i, item)
		{
			char member[32];

			(void)snprintf(member, sizeof(member), "usage[%zu]", i);
			ok = add_usage(c, &n, member, item) && ok;
		}
	} else if (json_is_string(v)) {
		ok = add_usage(c, &n, "usage", v);
	} else {
		node_error(
		    &n, "usage", " must be a string or an array of strings, not %s", json_kind(v));
		return false;
	}
	if (ok && (c->usage & CONFIG_USE_SIGN) == 0) {
		node_error(&n, "usage", " must have \"sign\" in it: the key signs its own request");
		ok = false;
	}
	return ok;
}

static bool
read_extensions(struct config *c, const struct node *root)
{
	struct node csr;
	json_t *v;

	if (!node_object(root, "csr_config", "csr_config", &csr))
		return false;
	v = node_get(&csr, "extensions");
	if (v != NULL && !json_is_boolean(v)) {
		node_error(&csr, "extensions", " must be true or false, not %s", json_kind(v));
		return false;
	}
	c->extensions = v != NULL ? json_is_true(v) : !c->own_format;
	return true;
}

/* A relative path is one beside the configuration file, wherever the command is run. */
static char *
beside(const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');
	char *full = NULL;

	if (path[0] == '/' || slash == NULL)
		return strdup(path);
	if (asprintf(&full, "%.*s/%s", (int)(slash - file), file, path) < 0)
		return NULL;
	return full;
}

static bool
read_path(const struct node *n, const char *member, char **vp)
{
	bool ok = true;
	const char *v = node_string(n, member, false, &ok);

	if (v == NULL)
		return ok;
	*vp = beside(n->conf->file, v);
	return *vp != NULL;
}

/* As --ca, but directories are beside the file. */
static bool
read_ca(struct config *c, const struct node *root)
{
	bool ok = true;
	const char *v = node_string(root, "ca", false, &ok);
	const char *colon = v != NULL ? strchr(v, ':') : NULL;
	const char *argument;
	char *dir;

	if (v == NULL || v == root->conf->bad_ca)
		return ok && v == NULL;
	if (issuer_find(node_at(root, "ca"), v, &argument) == NULL) {
		root->conf->bad_ca = v;
		return false;
	}
	if (colon == NULL || (strncmp(v, "local:", 6) != 0 && strncmp(v, "file:", 5) != 0)) {
		c->ca = strdup(v);
		return c->ca != NULL;
	}
	dir = beside(root->conf->file, colon + 1);
	if (dir == NULL || asprintf(&c->ca, "%.*s:%s", (int)(colon - v), v, dir) < 0)
		c->ca = NULL;
	free(dir);
	return c->ca != NULL;
}

static bool
read_register(struct config *c, const struct node *root)
{
	bool ok = true;
	const char *v = node_string(root, "register", false, &ok);

	if (v == NULL)
		return ok;
	c->registration = register_by_name(v);
	if (c->registration == REGISTER_DEFAULT) {
		node_error(root, "register", ": unknown word \"%s\"", v);
		node_hint(root, "use \"aws\", \"first-connect\" or \"no\"");
		return false;
	}
	if (c->registration == REGISTER_AWS && c->thing == NULL &&
	    node_get(root, "aws_iot_config") == NULL) {
		node_error(root, "register", ": \"aws\" needs a thing and a policy");
		node_hint(root, "give \"aws_iot_config\": { \"thing\": ..., \"policy\": ... }");
		return false;
	}
	return true;
}

/* The value of a slot takes the place of the file's. */
static bool
put_attribute(struct config *c, const struct node *n, const char *name, const json_t *v)
{
	struct config_pair *p = c->attributes;

	if (!json_is_string(v)) {
		node_error(n, name, " must be a string, not %s", json_kind(v));
		return false;
	}
	if (!node_check_name(n, name, NAME_VALUE, json_string_value(v)))
		return false;
	p = realloc(c->attributes, (c->nattributes + 1) * sizeof(*p));
	if (p == NULL)
		return false;
	c->attributes = p;
	p += c->nattributes++;
	*p = (struct config_pair){ strdup(name), strdup(json_string_value(v)),
		strdup(node_at(n, name)) };
	return p->name != NULL && p->value != NULL && p->at != NULL;
}

static bool
attribute_name_ok(const struct node *n, const char *name)
{
	struct problem p;

	if (name_problem(NAME_ATTRIBUTE, name, false, &p))
		node_error(n, name, ": the name %s", p.why);
	else if (strncmp(name, OWN_ATTRIBUTES, strlen(OWN_ATTRIBUTES)) == 0)
		node_error(n, name, ": names that begin with \"%s\" are the program's own",
		    OWN_ATTRIBUTES);
	else
		return true;
	return false;
}

static bool
read_attributes(struct config *c, const struct node *aws)
{
	unsigned int max = c->thing_type != NULL ? ATTRIBUTES_MAX : ATTRIBUTES_MAX_UNTYPED;
	const char *key;
	struct node n;
	bool ok = true;
	json_t *v, *layers[2];

	if (node_get(aws, "attributes") == NULL)
		return true;
	if (!node_object(aws, "attributes", "aws_iot_config.attributes", &n))
		return false;
	layers[0] = n.base;
	layers[1] = n.obj;
	for (size_t i = 0; i < NITEMS(layers); i++) {
		json_object_foreach(layers[i], key, v)
		{
			if (i == 0 && json_object_get(n.obj, key) != NULL)
				continue;
			ok = attribute_name_ok(&n, key) && put_attribute(c, &n, key, v) && ok;
		}
	}
	if (ok && c->nattributes > max) {
		node_error(aws, "attributes", " has %zu of them; at most %u are allowed%s",
		    c->nattributes, max, c->thing_type != NULL ? "" : " without a thing type");
		if (c->thing_type == NULL)
			node_hint(
			    aws, "give \"thing_type\" too: then it may be %u", ATTRIBUTES_MAX);
		return false;
	}
	return ok;
}

static bool
put_group(struct config *c, const struct node *aws, size_t i, const json_t *v)
{
	char **list, member[32];

	(void)snprintf(member, sizeof(member), "groups[%zu]", i);
	if (!json_is_string(v)) {
		node_error(aws, member, " must be a string, not %s", json_kind(v));
		return false;
	}
	if (!node_check_name(aws, member, NAME_GROUP, json_string_value(v)))
		return false;
	for (size_t k = 0; k < c->ngroups; k++) {
		if (strcmp(c->groups[k], json_string_value(v)) == 0) {
			node_error(aws, member, ": \"%s\" is there already", c->groups[k]);
			return false;
		}
	}
	list = realloc(c->groups, (c->ngroups + 1) * sizeof(*list));
	if (list == NULL)
		return false;
	c->groups = list;
	list[c->ngroups] = strdup(json_string_value(v));
	return list[c->ngroups++] != NULL;
}

static bool
read_groups(struct config *c, const struct node *aws)
{
	json_t *v = node_get(aws, "groups"), *item;
	bool ok = true;
	size_t i;

	if (v == NULL)
		return true;
	if (!json_is_array(v)) {
		node_error(aws, "groups", " must be an array, not %s", json_kind(v));
		return false;
	}
	if (json_array_size(v) > GROUPS_MAX) {
		node_error(aws, "groups", " has %zu of them; a thing can be in %u",
		    json_array_size(v), GROUPS_MAX);
		return false;
	}
	c->groups_at = strdup(node_at(aws, "groups"));
	json_array_foreach(v, i, item)
	{
		ok = put_group(c, aws, i, item) && ok;
	}
	return ok && c->groups_at != NULL;
}

static bool
read_thing(struct config *c, const struct node *root)
{
	const char *type;
	struct node n;
	bool ok = true;

	if (node_get(root, "aws_iot_config") == NULL)
		return true;
	if (!node_object(root, "aws_iot_config", "aws_iot_config", &n))
		return false;
	type = node_string(&n, "thing_type", false, &ok);
	if (type != NULL) {
		ok = node_check_fixed(&n, "thing_type", NAME_THING_TYPE, type) && ok;
		c->thing_type = strdup(type);
		ok = ok && c->thing_type != NULL;
	}
	ok = read_attributes(c, &n) && ok;
	ok = read_groups(c, &n) && ok;
	return read_path(&n, "policy_file", &c->policy_file) && ok;
}

bool
conf_read_more(struct config *c, const struct node *root)
{
	bool ok = read_usage(c, root);

	ok = read_extensions(c, root) && ok;
	ok = read_thing(c, root) && ok;
	ok = read_ca(c, root) && ok;
	ok = read_register(c, root) && ok;
	return read_path(root, "lock_policy", &c->lock_policy) && ok;
}
