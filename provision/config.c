/* Reading the configuration file; see config.h. */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <jansson.h>

#include "provision/config.h"
#include "provision/file.h"
#include "provision/msg.h"

#define CONFIG_MAX 65536U

/* One object of the file: where it is, and which of its members were asked for. */
struct node {
	const char *file;
	const char *path; /* "csr_config.key_info" */
	json_t *obj;
};

static const char *
kind_of(const json_t *v)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object",
		[JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",
		[JSON_INTEGER] = "a number",
		[JSON_REAL] = "a number",
		[JSON_TRUE] = "true",
		[JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return names[json_typeof(v)];
}

/* "file: "path.member"" for messages; the buffer lasts until the next call. */
static const char *
place(const struct node *n, const char *member)
{
	static char text[512];

	(void)snprintf(text, sizeof(text), "%s: \"%s%s%s\"", n->file, n->path,
	    n->path[0] != '\0' ? "." : "", member);
	return text;
}

static bool
get_object(const struct node *parent, const char *member, const char *path, struct node *out)
{
	json_t *v = json_object_get(parent->obj, member);

	*out = (struct node){ .file = parent->file, .path = path, .obj = v };
	if (v == NULL) {
		prov_error("%s is missing", place(parent, member));
		return false;
	}
	if (!json_is_object(v)) {
		prov_error("%s must be an object, not %s", place(parent, member), kind_of(v));
		return false;
	}
	return true;
}

/* NULL: not there, or no string, which sets *ok to false; so does a missing one that is required.
 */
static const char *
get_string(const struct node *n, const char *member, bool required, bool *ok)
{
	json_t *v = json_object_get(n->obj, member);

	if (v == NULL) {
		if (required) {
			prov_error("%s is missing", place(n, member));
			*ok = false;
		}
		return NULL;
	}
	if (!json_is_string(v)) {
		prov_error("%s must be a string, not %s", place(n, member), kind_of(v));
		*ok = false;
		return NULL;
	}
	if (json_string_length(v) == 0) {
		prov_error("%s is empty", place(n, member));
		*ok = false;
		return NULL;
	}
	return json_string_value(v);
}

/* What nobody asked for is most often a misspelling. */
static void
warn_unknown(const struct node *n, const char *const *known)
{
	const char *key;
	json_t *value;

	json_object_foreach(n->obj, key, value)
	{
		size_t i = 0;

		while (known[i] != NULL && strcmp(known[i], key) != 0)
			i++;
		if (known[i] == NULL)
			prov_warn("%s is not known and has no effect", place(n, key));
	}
}

static size_t
utf8_chars(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		if (((unsigned char)*s & 0xC0) != 0x80)
			n++;
	return n;
}

/* PrintableString of X.680, which some fields are confined to. */
static bool
printable(const char *s)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				  "0123456789 '()+,-./:=?";

	return s[strspn(s, set)] == '\0';
}

static bool
check_field(const struct node *n, const char *member, const struct subject_field *f, const char *v)
{
	size_t chars = utf8_chars(v);
	bool plain =
	    strcmp(f->member, "country_name") == 0 || strcmp(f->member, "serial_number") == 0;

	if (f->min == f->max && chars != f->max) {
		prov_error("%s must have %zu letters, not %zu", place(n, member), f->max, chars);
		prov_hint("use the code of ISO 3166, for example \"DE\"");
		return false;
	}
	if (chars > f->max) {
		prov_error("%s has %zu characters; at most %zu are allowed", place(n, member),
		    chars, f->max);
		return false;
	}
	if (plain && !printable(v)) {
		prov_error(
		    "%s may have only letters, digits, spaces and '()+,-./:=?", place(n, member));
		return false;
	}
	for (const char *p = v; *p != '\0'; p++) {
		if ((unsigned char)*p < ' ' || *p == 0x7F) {
			prov_error("%s has a control character in it", place(n, member));
			return false;
		}
	}
	return true;
}

static bool
read_subject(struct config *c, const struct node *n)
{
	const char *known[2 * SUBJECT_MAX + 1];
	const struct subject_field *f;
	size_t nknown = 0;
	bool ok = true;

	for (size_t i = 0; (f = subject_row(i)) != NULL; i++) {
		const char *member = f->member, *v;

		known[nknown++] = f->member;
		if (f->other != NULL) {
			known[nknown++] = f->other;
			if (json_object_get(n->obj, member) == NULL)
				member = f->other;
		}
		v = get_string(n, member, strcmp(member, "common_name") == 0, &ok);
		if (v == NULL)
			continue;
		if (!check_field(n, member, f, v))
			ok = false;
		else if ((c->subject[i] = strdup(v)) == NULL)
			ok = false;
	}
	known[nknown] = NULL;
	warn_unknown(n, known);
	return ok;
}

/* Scripts write it as "2048", people as 2048. */
static bool
read_rsa_bits(struct config *c, const struct node *n)
{
	json_t *v = json_object_get(n->obj, "key_size");
	json_int_t bits = 0;

	if (v == NULL) {
		prov_error("%s is missing", place(n, "key_size"));
		prov_hint("give \"key_size\": \"2048\"");
		return false;
	}
	if (json_is_integer(v)) {
		bits = json_integer_value(v);
	} else if (json_is_string(v)) {
		const char *s = json_string_value(v);

		if (s[0] != '\0' && strlen(s) <= 5 && strspn(s, "0123456789") == strlen(s))
			bits = atoi(s);
	} else {
		prov_error("%s must be a number, not %s", place(n, "key_size"), kind_of(v));
		return false;
	}
	if (bits != 1024 && bits != 2048) {
		char *text = json_dumps(v, JSON_ENCODE_ANY);

		prov_error("%s: the chip has no RSA keys of size %s", place(n, "key_size"),
		    text != NULL ? text : "that");
		prov_hint("use 2048; 1024 exists but is too weak for new keys");
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
	const char *name = get_string(n, "curve", true, &ok);

	if (name == NULL)
		return false;
	c->curve = curve_by_name(name);
	if (c->curve == NULL) {
		prov_error("%s: unknown curve \"%s\"", place(n, "curve"), name);
		prov_hint("use one of %s", curve_names());
		return false;
	}
	return true;
}

static bool
read_slot(struct config *c, const struct node *n)
{
	bool ok = true;
	const char *name = get_string(n, "slot", true, &ok);

	if (name == NULL || (c->slot = slot_parse(place(n, "slot"), name)) == NULL)
		return false;
	if (c->slot->type == c->type)
		return true;
	prov_error("%s: slot \"%s\" (%04X) holds %s keys, and \"algorithm_id\" asks for %s",
	    place(n, "slot"), name, c->slot->key_oid, c->slot->type == KEY_EC ? "EC" : "RSA",
	    c->type == KEY_EC ? "ec" : "rsa");
	prov_hint("EC keys live in 0xE0F1, 0xE0F2, 0xE0F3, RSA keys in 0xE0FC, 0xE0FD");
	return false;
}

static bool
read_key(struct config *c, const struct node *csr)
{
	static const char *const known[] = { "algorithm_id", "parameters", NULL };
	static const char *const ec[] = { "curve", "slot", NULL };
	static const char *const rsa[] = { "key_size", "slot", NULL };
	struct node n, params;
	const char *alg;
	bool ok = true;

	if (!get_object(csr, "key_info", "csr_config.key_info", &n))
		return false;
	warn_unknown(&n, known);
	alg = get_string(&n, "algorithm_id", true, &ok);
	if (alg == NULL)
		return false;
	if (strcasecmp(alg, "ec") == 0) {
		c->type = KEY_EC;
	} else if (strcasecmp(alg, "rsa") == 0) {
		c->type = KEY_RSA;
	} else {
		prov_error("%s: unknown algorithm \"%s\"", place(&n, "algorithm_id"), alg);
		prov_hint("use \"ec\" or \"rsa\"");
		return false;
	}
	if (!get_object(&n, "parameters", "csr_config.key_info.parameters", &params))
		return false;
	warn_unknown(&params, c->type == KEY_EC ? ec : rsa);
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
		prov_error("%s: hash \"%s\" does not fit the curve \"%s\": it is longer than the "
			   "curve's %u bits",
		    place(n, "hash_alg"), c->hash->name, c->curve->name, c->curve->bits);
		prov_hint("use %s", c->curve->bits < 384 ? "sha256" : "sha384");
		return false;
	}
	if (c->hash->bits < c->curve->bits && c->curve->bits < 512)
		prov_warn("%s: \"%s\" is weaker than the curve \"%s\"; sha384 matches it",
		    place(n, "hash_alg"), c->hash->name, c->curve->name);
	return true;
}

static bool
read_signature(struct config *c, const struct node *csr)
{
	static const char *const known[] = { "algorithm_id", "parameters", NULL };
	static const char *const known_params[] = { "hash_alg", NULL };
	const char *want = c->type == KEY_EC ? "ecdsa" : "rsassa", *alg, *name;
	struct node n, params;
	bool ok = true;

	if (!get_object(csr, "signature_info", "csr_config.signature_info", &n))
		return false;
	warn_unknown(&n, known);
	alg = get_string(&n, "algorithm_id", true, &ok);
	if (alg != NULL && strcasecmp(alg, want) != 0) {
		prov_error("%s: \"%s\" does not fit the key", place(&n, "algorithm_id"), alg);
		prov_hint(
		    "keys of type \"%s\" sign with \"%s\"", c->type == KEY_EC ? "ec" : "rsa", want);
		ok = false;
	}
	if (!get_object(&n, "parameters", "csr_config.signature_info.parameters", &params))
		return false;
	warn_unknown(&params, known_params);
	name = get_string(&params, "hash_alg", true, &ok);
	if (name == NULL)
		return false;
	c->hash = hash_by_name(name);
	if (c->hash == NULL) {
		prov_error("%s: unknown hash \"%s\"", place(&params, "hash_alg"), name);
		prov_hint("use sha256, sha384 or sha512");
		return false;
	}
	return check_hash(c, &params) && ok;
}

static bool
read_aws(struct config *c, const struct node *root)
{
	static const char *const known[] = { "thing", "policy", NULL };
	const char *thing, *policy;
	struct node n;
	bool ok = true;

	if (json_object_get(root->obj, "aws_iot_config") == NULL)
		return true;
	if (!get_object(root, "aws_iot_config", "aws_iot_config", &n))
		return false;
	warn_unknown(&n, known);
	thing = get_string(&n, "thing", true, &ok);
	policy = get_string(&n, "policy", true, &ok);
	if (!ok)
		return false;
	c->thing = strdup(thing);
	c->policy = strdup(policy);
	return c->thing != NULL && c->policy != NULL;
}

static bool
read_all(struct config *c, json_t *json)
{
	static const char *const known[] = { "csr_config", "aws_iot_config", NULL };
	static const char *const known_csr[] = { "certificate_info", "key_info", "signature_info",
		NULL };
	struct node root = { .file = c->path, .path = "", .obj = json }, csr, info;
	bool ok;

	if (!json_is_object(json)) {
		prov_error("%s: must be a JSON object, not %s", c->path, kind_of(json));
		return false;
	}
	warn_unknown(&root, known);
	if (!get_object(&root, "csr_config", "csr_config", &csr))
		return false;
	warn_unknown(&csr, known_csr);
	ok = get_object(&csr, "certificate_info", "csr_config.certificate_info", &info) &&
	     read_subject(c, &info);
	/* What a signature may be hangs on the key. */
	ok = read_key(c, &csr) && read_signature(c, &csr) && ok;
	return read_aws(c, &root) && ok;
}

struct config *
config_load(const char *path)
{
	struct config *c = NULL;
	json_error_t err;
	json_t *json = NULL;
	bool ok = false;
	char *text;
	size_t len;

	text = file_read(path, CONFIG_MAX, &len);
	if (text == NULL)
		return NULL;
	json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &err);
	if (json == NULL) {
		prov_error("%s: not valid JSON: line %d, column %d: %s", path, err.line, err.column,
		    err.text);
		goto out;
	}
	c = calloc(1, sizeof(*c));
	if (c == NULL || (c->path = strdup(path)) == NULL) {
		prov_error("%s: %s", path, strerror(errno));
		goto out;
	}
	ok = read_all(c, json);
out:
	if (!ok)
		config_free(&c);
	json_decref(json);
	free(text);
	return c;
}

void
config_free(struct config **cp)
{
	struct config *c = *cp;

	if (c == NULL)
		return;
	for (size_t i = 0; i < SUBJECT_MAX; i++)
		free(c->subject[i]);
	free(c->thing);
	free(c->policy);
	free(c->path);
	free(c);
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
	if (!config_key_fits_aws(c))
		return false;
	if (c->thing == NULL) {
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
