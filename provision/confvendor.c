/* The part of a configuration that the vendor's format has: request, key, thing and policy. */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provision/confnode.h"

/* A copy of a value and of its place. */
static bool
keep(const struct node *n, const char *member, const char *v, char **vp, char **atp)
{
	*vp = strdup(v);
	if (atp != NULL)
		*atp = strdup(node_at(n, member));
	return *vp != NULL && (atp == NULL || *atp != NULL);
}

static bool
read_subject(struct config *c, const struct node *n)
{
	const struct subject_field *f;
	bool ok = true;

	for (size_t i = 0; (f = subject_row(i)) != NULL; i++) {
		const char *member = f->member, *v;

		if (f->other != NULL && node_get(n, member) == NULL)
			member = f->other;
		v = node_string(n, member, strcmp(member, "common_name") == 0, &ok);
		if (v == NULL)
			continue;
		ok = node_check_field(n, member, f, v) &&
		     keep(n, member, v, &c->subject[i], &c->subject_at[i]) && ok;
	}
	node_warn_unknown(n);
	return ok;
}

/* Scripts write it as "2048", people as 2048. */
static bool
read_rsa_bits(struct config *c, const struct node *n)
{
	json_t *v = node_get(n, "key_size");
	json_int_t bits = 0;

	if (v == NULL) {
		node_error(n, "key_size", " is missing");
		node_hint(n, "give \"key_size\": \"2048\"");
		return false;
	}
	if (json_is_integer(v)) {
		bits = json_integer_value(v);
	} else if (json_is_string(v)) {
		const char *s = json_string_value(v);

		if (s[0] != '\0' && strlen(s) <= 5 && strspn(s, "0123456789") == strlen(s))
			bits = atoi(s);
	} else {
		node_error(n, "key_size", " must be a number, not %s", json_kind(v));
		return false;
	}
	if (bits != 1024 && bits != 2048) {
		char *text = json_dumps(v, JSON_ENCODE_ANY);

		node_error(n, "key_size", ": the chip has no RSA keys of size %s",
		    text != NULL ? text : "that");
		node_hint(n, "use 2048; 1024 exists but is too weak for new keys");
		free(text);
		return false;
	}
	c->rsa_bits = (unsigned int)bits;
	return true;
}

static bool
read_curve(struct config *c, const struct node *n)
{
	bool ok = true;
	const char *name = node_string(n, "curve", true, &ok);

	if (name == NULL)
		return false;
	c->curve = curve_by_name(name);
	if (c->curve == NULL) {
		node_error(n, "curve", ": unknown curve \"%s\"", name);
		node_hint(n, "use one of %s", curve_names());
		return false;
	}
	return true;
}

static bool
read_slot(struct config *c, const struct node *n)
{
	bool ok = true;
	const char *name = node_string(n, "slot", true, &ok);

	if (name == NULL)
		return false;
	c->slot = slot_parse(node_at(n, "slot"), name);
	if (c->slot == NULL)
		return false;
	if (c->slot->type == c->type)
		return true;
	node_error(n, "slot",
	    ": slot \"%s\" (%04X) holds %s keys, and \"algorithm_id\" asks for %s", name,
	    c->slot->key_oid, c->slot->type == KEY_EC ? "EC" : "RSA",
	    c->type == KEY_EC ? "ec" : "rsa");
	node_hint(n, "EC keys live in 0xE0F1, 0xE0F2, 0xE0F3, RSA keys in 0xE0FC, 0xE0FD");
	return false;
}

/* Of a slot's own members alone: as a default the other kind's does no harm. */
static void
warn_other_kind(const struct config *c, const struct node *n)
{
	const char *member = c->type == KEY_EC ? "key_size" : "curve";

	if (json_object_get(n->obj, member) != NULL)
		node_warn(
		    n, member, " has no effect for %s keys", c->type == KEY_EC ? "EC" : "RSA");
}

static bool
read_key(struct config *c, const struct node *csr)
{
	struct node n, params;
	const char *alg;
	bool ok = true;

	if (!node_object(csr, "key_info", "csr_config.key_info", &n))
		return false;
	node_warn_unknown(&n);
	alg = node_string(&n, "algorithm_id", true, &ok);
	if (alg == NULL)
		return false;
	if (strcasecmp(alg, "ec") == 0) {
		c->type = KEY_EC;
	} else if (strcasecmp(alg, "rsa") == 0) {
		c->type = KEY_RSA;
	} else {
		node_error(&n, "algorithm_id", ": unknown algorithm \"%s\"", alg);
		node_hint(&n, "use \"ec\" or \"rsa\"");
		return false;
	}
	if (!node_object(&n, "parameters", "csr_config.key_info.parameters", &params))
		return false;
	node_warn_unknown(&params);
	warn_other_kind(c, &params);
	ok = c->type == KEY_EC ? read_curve(c, &params) : read_rsa_bits(c, &params);
	return read_slot(c, &params) && ok;
}

/* A longer hash would be cut to the curve's size: the strength it promises would not be there. */
static bool
check_hash(struct config *c, const struct node *n)
{
	if (c->type == KEY_RSA || c->curve == NULL)
		return true;
	if (c->hash->bits > c->curve->bits) {
		node_error(n, "hash_alg",
		    ": hash \"%s\" does not fit the curve \"%s\": it is longer than the "
		    "curve's %u bits",
		    c->hash->name, c->curve->name, c->curve->bits);
		node_hint(n, "use %s", c->curve->bits < 384 ? "sha256" : "sha384");
		return false;
	}
	if (c->hash->bits < c->curve->bits && c->curve->bits < 512)
		node_warn(n, "hash_alg",
		    ": \"%s\" is weaker than the curve \"%s\"; sha384 matches it", c->hash->name,
		    c->curve->name);
	return true;
}

static bool
read_signature(struct config *c, const struct node *csr)
{
	const char *want = c->type == KEY_EC ? "ecdsa" : "rsassa", *alg, *name;
	struct node n, params;
	bool ok = true;

	if (!node_object(csr, "signature_info", "csr_config.signature_info", &n))
		return false;
	node_warn_unknown(&n);
	alg = node_string(&n, "algorithm_id", true, &ok);
	if (alg != NULL && strcasecmp(alg, want) != 0) {
		node_error(&n, "algorithm_id", ": \"%s\" does not fit the key", alg);
		node_hint(&n, "keys of type \"%s\" sign with \"%s\"",
		    c->type == KEY_EC ? "ec" : "rsa", want);
		ok = false;
	}
	if (!node_object(&n, "parameters", "csr_config.signature_info.parameters", &params))
		return false;
	node_warn_unknown(&params);
	name = node_string(&params, "hash_alg", true, &ok);
	if (name == NULL)
		return false;
	c->hash = hash_by_name(name);
	if (c->hash == NULL) {
		node_error(&params, "hash_alg", ": unknown hash \"%s\"", name);
		node_hint(&params, "use sha256, sha384 or sha512");
		return false;
	}
	return check_hash(c, &params) && ok;
}

/* Names in files of the vendor's format are checked when they are used: not with --ca local. */
static bool
read_aws(struct config *c, const struct node *root)
{
	const char *thing, *policy;
	struct node n;
	bool ok = true;

	if (node_get(root, "aws_iot_config") == NULL)
		return true;
	if (!node_object(root, "aws_iot_config", "aws_iot_config", &n))
		return false;
	node_warn_unknown(&n);
	thing = node_string(&n, "thing", true, &ok);
	policy = node_string(&n, "policy", true, &ok);
	if (thing != NULL && n.conf->own)
		ok = node_check_name(&n, "thing", NAME_THING, thing) && ok;
	if (policy != NULL && n.conf->own)
		ok = node_check_fixed(&n, "policy", NAME_POLICY, policy) && ok;
	return ok && keep(&n, "thing", thing, &c->thing, &c->thing_at) &&
	       keep(&n, "policy", policy, &c->policy, NULL);
}

bool
conf_read_vendor(struct config *c, const struct node *root)
{
	struct node csr, info;
	bool ok;

	if (!node_object(root, "csr_config", "csr_config", &csr))
		return false;
	node_warn_unknown(&csr);
	ok = node_object(&csr, "certificate_info", "csr_config.certificate_info", &info) &&
	     read_subject(c, &info);
	/* What a signature may be hangs on the key. */
	ok = read_key(c, &csr) && read_signature(c, &csr) && ok;
	return read_aws(c, root) && ok;
}
