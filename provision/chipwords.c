/*
 * Metadata of chip objects, and access conditions in words: Solution Reference Manual 3.30,
 * "Metadata expression" and "Access conditions".
 *
 *   metadata = 20 len { tag(1) len(1) value }
 *   expr     = group { FE group }, group = cond { FD cond }: FD (and) binds tighter than FE (or)
 *   cond     = 00 | FF | 10 mask | 90 mask | 20 21 23 40 oid(2) | 70 E0 E1 op state
 *   op       = FA == | FB > | FC <
 */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "provision/access.h"
#include "provision/chipmap.h"

#define NITEMS(a)       (sizeof(a) / sizeof((a)[0]))

#define OP_EQ           0xFA
#define OP_GT           0xFB
#define OP_LT           0xFC

#define TAG_LIFE        0xC0
#define TAG_VERSION     0xC1
#define TAG_MAX         0xC4
#define TAG_USED        0xC5
#define TAG_ALG         0xE0
#define TAG_USAGE       0xE1
#define TAG_TYPE        0xE8

#define VERSION_INVALID 0x8000 /* bit 15: an update began and did not end */
#define BOOT_PHASE      0x20   /* of the security status */

/* --- tables -------------------------------------------------------------------------------- */

struct name {
	int value;
	const char *name;
};

static const struct name lives[] = {
	{ LIFE_FIXED, "fixed" },
	{ LIFE_CREATION, "creation" },
	{ LIFE_INITIALIZATION, "initialization" },
	{ LIFE_OPERATIONAL, "operational" },
	{ LIFE_TERMINATION, "termination" },
};

static const struct name algs[] = {
	{ 0x03, "P-256" },
	{ 0x04, "P-384" },
	{ 0x05, "P-521" },
	{ 0x13, "brainpoolP256r1" },
	{ 0x15, "brainpoolP384r1" },
	{ 0x16, "brainpoolP512r1" },
	{ 0x41, "RSA-1024" },
	{ 0x42, "RSA-2048" },
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
	{ 0x01, "authentication" },
	{ 0x02, "encryption" },
	{ 0x10, "signatures" },
	{ 0x20, "key agreement" },
};

static const struct name kinds[] = {
	{ CHIP_STATUS, "state of the chip" },
	{ CHIP_CERT, "certificate" },
	{ CHIP_ANCHOR, "trust anchor" },
	{ CHIP_EC_KEY, "EC key" },
	{ CHIP_RSA_KEY, "RSA key" },
	{ CHIP_AES_KEY, "AES key" },
	{ CHIP_SESSION, "session context" },
	{ CHIP_COUNTER, "counter" },
	{ CHIP_BINDING, "platform binding secret" },
	{ CHIP_DATA, "data" },
};

static const struct {
	unsigned char tag;
	const char *name;
} accesses[ACCESS_COUNT] = {
	[ACCESS_CHANGE] = { 0xD0, "change" },
	[ACCESS_READ] = { 0xD1, "read" },
	[ACCESS_EXECUTE] = { 0xD3, "use" },
	[ACCESS_UPDATE] = { 0xD8, "update" },
};

static const struct chip_slot slots[] = {
	{ 0xE0F0, 0xE0E0, "first" },
	{ 0xE0F1, 0xE0E1, "second" },
	{ 0xE0F2, 0xE0E2, "third" },
	{ 0xE0F3, 0xE0E3, "fourth" },
	{ 0xE0FC, 0, "five" },
	{ 0xE0FD, 0, "six" },
};

static const char *
name_of(const struct name *table, size_t n, int value)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].value == value)
			return table[i].name;
	return NULL;
}

const char *
chip_life_name(enum chip_life life)
{
	const char *name = name_of(lives, NITEMS(lives), life);

	return name != NULL ? name : "invalid";
}

const char *
chip_alg_name(int alg)
{
	return name_of(algs, NITEMS(algs), alg);
}

const char *
chip_type_name(int type)
{
	return name_of(types, NITEMS(types), type);
}

const char *
chip_access_name(enum chip_access a)
{
	return accesses[a].name;
}

const char *
chip_kind_name(enum chip_kind k)
{
	return name_of(kinds, NITEMS(kinds), (int)k);
}

const struct chip_slot *
chip_slot_row(size_t i)
{
	return i < NITEMS(slots) ? &slots[i] : NULL;
}

const struct chip_slot *
chip_slot_find(const char *name)
{
	char *end;
	unsigned long oid = strtoul(name, &end, 16);

	for (size_t i = 0; i < NITEMS(slots); i++)
		if (strcasecmp(name, slots[i].name) == 0 ||
		    (*end == '\0' && oid != 0 &&
			(oid == slots[i].key_oid || oid == slots[i].cert_oid)))
			return &slots[i];
	return NULL;
}

/* --- text that grows ----------------------------------------------------------------------- */

struct text {
	char *out;
	size_t n, used; /* used < n always: room for the NUL */
};

static void __attribute__((format(printf, 2, 3))) text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int k;

	va_start(ap, fmt);
	k = vsnprintf(t->out + t->used, t->n - t->used, fmt, ap);
	va_end(ap);
	if (k > 0)
		t->used += (size_t)k < t->n - t->used ? (size_t)k : t->n - t->used - 1;
}

const char *
chip_usage_words(int usage, char *buf, size_t n)
{
	struct text t = { buf, n, 0 };

	buf[0] = '\0';
	for (size_t i = 0; usage > 0 && i < NITEMS(usages); i++)
		if ((usage & usages[i].value) != 0)
			text_add(&t, "%s%s", t.used > 0 ? ", " : "", usages[i].name);
	return buf;
}

/* --- metadata ------------------------------------------------------------------------------ */

static long
number(const unsigned char *p, size_t len)
{
	return len == 1 ? p[0] : len == 2 ? p[0] << 8 | p[1] : -1;
}

static void
take_tag(struct chip_object *o, unsigned char tag, const unsigned char *p, size_t len)
{
	const long n = number(p, len);

	for (size_t i = 0; i < ACCESS_COUNT; i++) {
		if (accesses[i].tag != tag)
			continue;
		o->access[i].present = true;
		o->access[i].len = len;
		memcpy(o->access[i].bytes, p, len);
	}
	switch (tag) {
	case TAG_LIFE: o->life = len == 1 ? (enum chip_life)p[0] : LIFE_FIXED; break;
	case TAG_VERSION:
		o->version = n >= 0 ? (int)n & ~VERSION_INVALID : -1;
		o->updating = n >= 0 && (n & VERSION_INVALID) != 0;
		break;
	case TAG_MAX: o->max = n; break;
	case TAG_USED: o->used = n; break;
	case TAG_ALG: o->alg = len == 1 ? p[0] : -1; break;
	case TAG_USAGE: o->usage = len == 1 ? p[0] : -1; break;
	case TAG_TYPE: o->type = len == 1 ? p[0] : -1; break;
	default: break;
	}
}

bool
chip_meta_parse(struct chip_object *o)
{
	const unsigned char *p = o->meta;
	size_t i = 2;

	o->life = LIFE_FIXED;
	o->used = o->max = -1;
	o->version = o->alg = o->usage = o->type = -1;
	o->updating = false;
	memset(o->access, 0, sizeof(o->access));
	if (o->meta_len < 2 || o->meta_len > CHIP_META_MAX + 2 || p[0] != 0x20 ||
	    p[1] != o->meta_len - 2)
		return false;
	while (i + 2 <= o->meta_len) {
		const size_t len = p[i + 1];

		if (len > o->meta_len - i - 2 || len > CHIP_META_MAX)
			return false;
		take_tag(o, p[i], p + i + 2, len);
		i += 2 + len;
	}
	return i == o->meta_len;
}

bool
chip_locked(const struct chip_object *o)
{
	return o->life == LIFE_FIXED || o->life >= LIFE_OPERATIONAL;
}

bool
chip_is_secret(const struct chip_object *o)
{
	return o->kind == CHIP_BINDING || o->type == 0x21 || o->type == 0x22 || o->type == 0x23 ||
	       o->type == 0x31;
}

/* --- access conditions --------------------------------------------------------------------- */

static const struct cond {
	unsigned char id;
	const char *words, *after; /* around the number of object or mask */
} conds[] = {
	{ ACCESS_ALWAYS, "always", "" },
	{ ACCESS_NEVER, "never", "" },
	{ ACCESS_SECSTAG, "while the security status has ", "" },
	{ ACCESS_SECSTAA, "while the application's security status has ", "" },
	{ ACCESS_CONF, "encrypted with the secret in ", "" },
	{ ACCESS_INT, "by an update signed for ", "" },
	{ ACCESS_AUTO, "after authorization with ", "" },
	{ ACCESS_LUC, "while counter ", " lasts" },
	{ ACCESS_LCSG, "the chip's", "" },
	{ ACCESS_LCSA, "the application's", "" },
	{ ACCESS_LCSO, "its", "" },
};

/* Conditions that have words of their own. */
static const struct {
	unsigned char len, bytes[3];
	const char *words;
} idioms[] = {
	{ 3, { 0xE1, OP_LT, LIFE_OPERATIONAL }, "until locked" },
	{ 3, { 0xE1, OP_LT, LIFE_INITIALIZATION }, "in creation state" },
	{ 2, { 0x10, BOOT_PHASE }, "in the boot phase" },
	{ 2, { 0x90, BOOT_PHASE }, "in the application's boot phase" },
	{ 3, { 0x20, 0xE1, 0x40 }, "over the shielded connection" },
	{ 3, { 0x21, 0xE1, 0x40 }, "over the shielded connection (integrity)" },
};

static const struct cond *
cond_of(const struct access_cond *c)
{
	size_t i = 0;

	while (i + 1 < NITEMS(conds) && conds[i].id != c->bytes[0])
		i++;
	return &conds[i];
}

static bool
next_cond(const struct chip_expr *e, size_t *at, struct access_cond *c)
{
	return e->present && access_next(e->bytes, e->len, at, c);
}

static void
state_words(struct text *t, const char *whose, const unsigned char *p)
{
	static const char *const ops[] = { "is", "is above", "is below" };
	const char *name = name_of(lives, NITEMS(lives), p[2]);

	text_add(t, "while %s life cycle %s ", whose, ops[p[1] - OP_EQ]);
	if (name != NULL)
		text_add(t, "%s", name);
	else
		text_add(t, "%u", p[2]);
}

static void
cond_words(struct text *t, const struct access_cond *c)
{
	const struct cond *cd = cond_of(c);
	const unsigned char *p = c->bytes;

	for (size_t i = 0; i < NITEMS(idioms); i++) {
		if (idioms[i].len == c->len && memcmp(idioms[i].bytes, p, c->len) == 0) {
			text_add(t, "%s", idioms[i].words);
			return;
		}
	}
	switch (c->shape) {
	case ACCESS_ALONE: text_add(t, "%s", cd->words); break;
	case ACCESS_MASK: text_add(t, "%s%02X%s", cd->words, p[1], cd->after); break;
	case ACCESS_OBJECT: text_add(t, "%s%04X%s", cd->words, p[1] << 8 | p[2], cd->after); break;
	case ACCESS_STATE: state_words(t, cd->words, p); break;
	}
}

const char *
chip_access_words(const struct chip_expr *e, char *buf, size_t n)
{
	struct text t = { buf, n, 0 };
	struct access_cond c;
	size_t at = 0;

	buf[0] = '\0';
	if (!e->present) {
		text_add(&t, "never");
		return buf;
	}
	if (chip_access_known(e)) {
		while (next_cond(e, &at, &c)) {
			cond_words(&t, &c);
			if (c.joint != 0)
				text_add(&t, c.joint == ACCESS_AND ? " and " : " or ");
		}
		return buf;
	}
	text_add(&t, "unknown:");
	for (size_t i = 0; i < e->len; i++)
		text_add(&t, " %02X", e->bytes[i]);
	return buf;
}

bool
chip_access_known(const struct chip_expr *e)
{
	return !e->present || access_well_formed(e->bytes, e->len);
}

bool
chip_access_names(const struct chip_expr *e, unsigned char *id, uint16_t *oid, size_t *at)
{
	struct access_cond c;

	while (next_cond(e, at, &c)) {
		if (c.shape != ACCESS_OBJECT)
			continue;
		*id = c.bytes[0];
		*oid = (uint16_t)(c.bytes[1] << 8 | c.bytes[2]);
		return true;
	}
	return false;
}

/* --- what they come to --------------------------------------------------------------------- */

/* A life cycle that cannot be read is not below anything. */
static enum chip_may
state_may(const struct chipmap *m, const struct chip_object *o, const unsigned char *p)
{
	int life = p[0] == 0xE1   ? (int)o->life
		   : p[0] == 0x70 ? chipmap_byte(m, OID_LIFE_GLOBAL)
				  : chipmap_byte(m, OID_LIFE_APP);
	bool yes;

	if (life < 0)
		life = LIFE_OPERATIONAL;
	yes = p[1] == OP_EQ ? life == p[2] : p[1] == OP_GT ? life > p[2] : life < p[2];
	return yes ? MAY_ANYONE : MAY_NOBODY;
}

/* The boot phase comes back with every reset, so that it keeps nobody out for good. */
static enum chip_may
cond_may(const struct chipmap *m, const struct chip_object *o, const struct access_cond *c)
{
	switch (c->shape) {
	case ACCESS_ALONE: return c->bytes[0] == ACCESS_ALWAYS ? MAY_ANYONE : MAY_NOBODY;
	case ACCESS_MASK: return c->bytes[1] == BOOT_PHASE ? MAY_SOME : MAY_NOBODY;
	case ACCESS_OBJECT: return MAY_SOME;
	case ACCESS_STATE: return state_may(m, o, c->bytes);
	}
	return MAY_NOBODY;
}

enum chip_may
chip_may(const struct chipmap *m, const struct chip_object *o, enum chip_access a)
{
	const struct chip_expr *e = &o->access[a];
	enum chip_may all = MAY_NOBODY, group = MAY_ANYONE, one;
	struct access_cond c;
	size_t at = 0;

	if (!chip_access_known(e))
		return MAY_NOBODY;
	while (next_cond(e, &at, &c)) {
		one = cond_may(m, o, &c);
		group = one < group ? one : group;
		if (c.joint == ACCESS_AND)
			continue;
		all = group > all ? group : all;
		group = MAY_ANYONE;
	}
	return all;
}
