/*
 * "optiga-sim show": what is on a chip, for a person or, with --json, for a program. Reads a copy
 * of the image, so that neither the chip nor anybody who uses it notices.
 */
#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <openssl/x509.h>

#include "hal/base/err.h"
#include "hal/sim/fault.h"
#include "hal/sim/image.h"
#include "hal/sim/prog.h"

#define OID_UID           0xE0C2
#define OID_EVENT_COUNTER 0xE0C5
#define UID_LEN           27
#define META_MAX          44

/* Metadata tags, one-byte lengths. */
#define TAG_LCSO    0xC0
#define TAG_VERSION 0xC1
#define TAG_CHANGE  0xD0
#define TAG_READ    0xD1
#define TAG_EXEC    0xD3
#define TAG_UPDATE  0xD8
#define TAG_ALG     0xE0
#define TAG_USAGE   0xE1
#define TAG_TYPE    0xE8

struct name {
	uint8_t value;
	const char *name;
};

static const struct name states[] = {
	{ 0x01, "creation" },
	{ 0x03, "initialization" },
	{ 0x07, "operational" },
	{ 0x0F, "termination" },
};

static const struct name algorithms[] = {
	{ 0x03, "P-256" },
	{ 0x04, "P-384" },
	{ 0x05, "P-521" },
	{ 0x13, "brainpoolP256r1" },
	{ 0x15, "brainpoolP384r1" },
	{ 0x16, "brainpoolP512r1" },
	{ 0x41, "RSA 1024" },
	{ 0x42, "RSA 2048" },
	{ 0x81, "AES-128" },
	{ 0x82, "AES-192" },
	{ 0x83, "AES-256" },
};

static const struct name types[] = {
	{ 0x00, "byte string" },
	{ 0x01, "up-counter" },
	{ 0x11, "trust anchor" },
	{ 0x12, "device certificate" },
	{ 0x21, "pre-shared secret" },
	{ 0x22, "platform binding secret" },
	{ 0x23, "update secret" },
	{ 0x31, "authorization reference" },
};

static const struct name usages[] = {
	{ 0x01, "auth" },
	{ 0x02, "enc" },
	{ 0x10, "sign" },
	{ 0x20, "keyagree" },
};

static const struct {
	uint8_t tag;
	const char *key, *title;
} conditions[] = {
	{ TAG_CHANGE, "change", "change" },
	{ TAG_READ, "read", "read" },
	{ TAG_EXEC, "execute", "execute" },
	{ TAG_UPDATE, "metadata_update", "metadata update" },
};

static const char *
name_of(const struct name *table, size_t n, int value)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].value == value)
			return table[i].name;
	return NULL;
}

/* --- metadata ------------------------------------------------------------------------------ */

static const uint8_t *
meta_find(const struct sim_object_view *v, uint8_t tag, size_t *len)
{
	const uint8_t *p = v->meta;

	for (size_t i = 2; i + 2 <= v->meta_len && i + 2 + p[i + 1] <= v->meta_len;
	     i += 2U + p[i + 1]) {
		if (p[i] != tag)
			continue;
		*len = p[i + 1];
		return p + i + 2;
	}
	return NULL;
}

static int
meta_byte(const struct sim_object_view *v, uint8_t tag)
{
	size_t len;
	const uint8_t *p = meta_find(v, tag, &len);

	return p != NULL && len == 1 ? p[0] : -1;
}

/* Payload version of the last protected update, -1: there was none. pending: it did not end. */
static int
version(const struct sim_object_view *v, bool *pending)
{
	size_t len;
	const uint8_t *p = meta_find(v, TAG_VERSION, &len);

	if (p == NULL || len != 2)
		return -1;
	*pending = (p[0] & 0x80) != 0;
	return (p[0] & 0x7F) << 8 | p[1];
}

/* An object without the tag counts as operational for ever. */
static const char *
life_cycle(const struct sim_object_view *v)
{
	int lcso = meta_byte(v, TAG_LCSO);
	const char *name = name_of(states, NITEMS(states), lcso);

	return lcso < 0 ? "fixed" : name != NULL ? name : "invalid";
}

/* --- content ------------------------------------------------------------------------------- */

static bool
all_zero(const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* The subject of a certificate: bare DER, or the first of a TLS identity (C0, two nested lengths).
 */
static bool
subject_of(const struct sim_object_view *v, char *out, size_t n)
{
	const uint8_t *p = v->data;
	size_t len = v->used;
	X509 *cert;
	BIO *bio;
	int w = 0;

	if (len > 9 && p[0] == 0xC0) {
		p += 9;
		len -= 9;
	}
	if (len < 2 || p[0] != 0x30)
		return false;
	cert = d2i_X509(NULL, &p, (long)len);
	bio = BIO_new(BIO_s_mem());
	if (cert != NULL && bio != NULL &&
	    X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_RFC2253) >= 0)
		w = BIO_read(bio, out, (int)n - 1);
	out[w > 0 ? w : 0] = '\0';
	BIO_free(bio);
	X509_free(cert);
	return w > 0;
}

static void
describe_key(const struct sim_object_view *v, char *out, size_t n)
{
	const char *alg = name_of(algorithms, NITEMS(algorithms), meta_byte(v, TAG_ALG));
	int usage = meta_byte(v, TAG_USAGE);
	size_t used;

	if (!v->key_present) {
		(void)snprintf(out, n, "empty");
		return;
	}
	(void)snprintf(out, n, "%s key", alg != NULL ? alg : "unknown");
	for (size_t i = 0; usage > 0 && i < NITEMS(usages); i++) {
		used = strlen(out);
		if (usage & usages[i].value)
			(void)snprintf(out + used, n - used, "%s%s",
			    strchr(out, ',') == NULL ? ", " : "+", usages[i].name);
	}
}

static void
describe(const struct sim_object_view *v, char *out, size_t n)
{
	char subject[160];
	size_t used;

	if (v->max == 0) {
		describe_key(v, out, n);
	} else if (v->data == NULL) {
		(void)snprintf(out, n, "secret");
	} else if (v->used == 0) {
		(void)snprintf(out, n, "empty");
	} else if (v->used <= UID_LEN) {
		out[0] = '\0';
		for (size_t i = 0; i < v->used; i++) {
			used = strlen(out);
			(void)snprintf(out + used, n - used, "%02X", v->data[i]);
		}
	} else if (all_zero(v->data, v->used)) {
		(void)snprintf(out, n, "zeros");
	} else if (subject_of(v, subject, sizeof(subject))) {
		(void)snprintf(out, n, "certificate, %s", subject);
	} else {
		(void)snprintf(out, n, "data");
	}
}

/* --- the chip ------------------------------------------------------------------------------ */

struct chip {
	struct image_facts facts;
	struct sim_state *st;
	uint8_t uid[UID_LEN];
	int event_counter;
	bool open;
};

/* Asks the copy for F1C2 as a host would: with the application closed even that is refused. */
static bool
application_open(const struct sim_state *original)
{
	static const uint8_t get_error[] = { 0x01, 0x00, 0x00, 0x02, 0xF1, 0xC2 };
	const struct sim_protection prot = { .active = false };
	uint8_t rsp[SIM_APDU_MAX];
	uint64_t exec_ns;
	size_t len = 0;
	struct sim_app *app = malloc(sizeof(*app));

	if (app == NULL)
		return false;
	*app = original->app;
	sim_app_command(
	    app, original->now, &prot, get_error, sizeof(get_error), rsp, &len, &exec_ns);
	explicit_bzero(app, sizeof(*app));
	free(app);
	return len > 0 && rsp[0] == 0;
}

static void
examine(struct chip *c)
{
	uint8_t meta[META_MAX];
	struct sim_object_view v;

	c->event_counter = -1;
	c->open = application_open(c->st);
	sim_app_advance(&c->st->app, c->st->now);
	for (size_t i = 0; i < sim_app_objects(&c->st->app); i++) {
		sim_app_object(&c->st->app, i, meta, &v);
		if (v.oid == OID_UID && v.data != NULL && v.used == UID_LEN)
			memcpy(c->uid, v.data, UID_LEN);
		if (v.oid == OID_EVENT_COUNTER && v.data != NULL && v.used == 1)
			c->event_counter = v.data[0];
	}
}

static void
uid_text(const struct chip *c, char out[2 * UID_LEN + 1])
{
	for (size_t i = 0; i < UID_LEN; i++)
		(void)snprintf(out + 2 * i, 3, "%02X", c->uid[i]);
}

static void
show_object(const struct sim_object_view *v)
{
	char what[256], words[160], size[24] = "";
	const uint8_t *ac;
	bool pending;
	size_t len;

	describe(v, what, sizeof(what));
	if (v->max > 0)
		(void)snprintf(size, sizeof(size), "%zu/%zu", v->used, v->max);
	(void)printf("%04X  %-31s %9s  %-14s  %s\n", v->oid, v->name, size, life_cycle(v), what);
	(void)printf("      ");
	for (size_t i = 0; i < NITEMS(conditions); i++) {
		ac = meta_find(v, conditions[i].tag, &len);
		if (ac == NULL && conditions[i].tag == TAG_UPDATE)
			continue;
		prog_access_words(ac, ac == NULL ? 0 : len, words, sizeof(words));
		(void)printf("%s%s: %s", i == 0 ? "" : "; ", conditions[i].title,
		    ac == NULL ? "never" : words);
	}
	if (version(v, &pending) >= 0)
		(void)printf("; version: %d%s", version(v, &pending),
		    pending ? ", update not complete" : "");
	(void)printf("\n");
}

static bool
has_quirk(const struct sim_state *st, const struct sim_quirk *q)
{
	return ((q->shield ? st->shield.switches : st->app.switches) & q->bit) != 0;
}

static void
show_text(struct chip *c)
{
	uint8_t meta[META_MAX];
	struct sim_object_view v;
	const struct sim_quirk *q;
	char uid[2 * UID_LEN + 1];

	uid_text(c, uid);
	(void)printf("model                   %s\n", c->facts.model);
	(void)printf("unique ID               %s\n", uid);
	(void)printf(
	    "build                   %02X%02X\n", c->uid[UID_LEN - 2], c->uid[UID_LEN - 1]);
	(void)printf("application             %s\n", c->open ? "open" : "closed");
	(void)printf("security event counter  %d%s\n", c->event_counter,
	    c->facts.monitor ? "" : " (monitor off)");
	for (size_t i = 0; (q = sim_quirk_at(i)) != NULL; i++)
		if (has_quirk(c->st, q))
			(void)printf("quirk                   %s: %s\n", q->name, q->what);
	(void)putchar('\n');
	(void)printf("OID   object                           used/max  life cycle      content\n");
	for (size_t i = 0; i < sim_app_objects(&c->st->app); i++) {
		sim_app_object(&c->st->app, i, meta, &v);
		show_object(&v);
	}
}

static json_t *
object_json(const struct sim_object_view *v)
{
	const char *type = name_of(types, NITEMS(types), meta_byte(v, TAG_TYPE));
	json_t *o = json_object(), *access = json_object();
	char text[256], oid[5];
	const uint8_t *ac;
	bool pending;
	size_t len;

	(void)snprintf(oid, sizeof(oid), "%04X", v->oid);
	(void)json_object_set_new(o, "oid", json_string(oid));
	(void)json_object_set_new(o, "name", json_string(v->name));
	describe(v, text, sizeof(text));
	(void)json_object_set_new(o, "content", json_string(text));
	if (type != NULL)
		(void)json_object_set_new(o, "type", json_string(type));
	if (v->max > 0) {
		(void)json_object_set_new(o, "used", json_integer((json_int_t)v->used));
		(void)json_object_set_new(o, "max", json_integer((json_int_t)v->max));
	} else {
		(void)json_object_set_new(o, "key", json_boolean(v->key_present));
	}
	(void)json_object_set_new(o, "life_cycle", json_string(life_cycle(v)));
	for (size_t i = 0; i < NITEMS(conditions); i++) {
		ac = meta_find(v, conditions[i].tag, &len);
		prog_access_words(ac, ac == NULL ? 0 : len, text, sizeof(text));
		if (ac != NULL)
			(void)json_object_set_new(access, conditions[i].key, json_string(text));
	}
	(void)json_object_set_new(o, "access", access);
	if (version(v, &pending) >= 0) {
		(void)json_object_set_new(o, "version", json_integer(version(v, &pending)));
		(void)json_object_set_new(o, "update_pending", json_boolean(pending));
	}
	return o;
}

static json_t *
quirks_json(const struct sim_state *st)
{
	const struct sim_quirk *q;
	json_t *list = json_array();

	for (size_t i = 0; (q = sim_quirk_at(i)) != NULL; i++)
		if (has_quirk(st, q))
			(void)json_array_append_new(list, json_string(q->name));
	return list;
}

static void
show_json(struct chip *c)
{
	uint8_t meta[META_MAX];
	struct sim_object_view v;
	char text[2 * UID_LEN + 1];
	json_t *j = json_object(), *list = json_array();

	(void)json_object_set_new(j, "model", json_string(c->facts.model));
	uid_text(c, text);
	(void)json_object_set_new(j, "uid", json_string(text));
	(void)json_object_set_new(j, "build", json_string(text + 2 * (UID_LEN - 2)));
	(void)json_object_set_new(j, "application_open", json_boolean(c->open));
	(void)json_object_set_new(j, "security_event_counter", json_integer(c->event_counter));
	(void)json_object_set_new(j, "monitor", json_boolean(c->facts.monitor));
	(void)json_object_set_new(j, "quirks", quirks_json(c->st));
	for (size_t i = 0; i < sim_app_objects(&c->st->app); i++) {
		sim_app_object(&c->st->app, i, meta, &v);
		(void)json_array_append_new(list, object_json(&v));
	}
	(void)json_object_set_new(j, "objects", list);
	(void)json_dumpf(j, stdout, JSON_INDENT(2));
	(void)printf("\n");
	json_decref(j);
}

int
prog_show(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct chip c = { .event_counter = -1 };
	bool json = false;
	int o, r = PROG_FAILED;

	while ((o = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (o != 'j')
			return prog_usage("show: unknown option \"%s\"", argv[optind - 1]);
		json = true;
	}
	if (optind != argc - 1)
		return prog_usage("show: exactly one FILE is needed");
	c.st = calloc(1, sizeof(*c.st));
	if (c.st == NULL)
		return prog_error("out of memory");
	if (image_snapshot(argv[optind], &c.facts, c.st) != 0) {
		(void)prog_error("%s", sim_error());
		goto out;
	}
	examine(&c);
	if (json)
		show_json(&c);
	else
		show_text(&c);
	r = fflush(stdout) == 0 ? PROG_OK : prog_error("cannot be written: %s", strerror(errno));
out:
	explicit_bzero(c.st, sizeof(*c.st));
	free(c.st);
	return r;
}
