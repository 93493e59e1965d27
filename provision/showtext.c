/* A token as a person wants to see it on a terminal. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/cert.h"
#include "provision/look.h"
#include "provision/show.h"

#define BAR_COLUMNS 10

static const char *
bar(char buf[BAR_COLUMNS + 3], long used, long max)
{
	const long full = max > 0 ? (used * BAR_COLUMNS + max - 1) / max : 0;

	buf[0] = '[';
	for (long i = 0; i < BAR_COLUMNS; i++)
		buf[1 + i] = i < full ? '#' : '-';
	buf[BAR_COLUMNS + 1] = ']';
	buf[BAR_COLUMNS + 2] = '\0';
	return buf;
}

/* --- the chip ------------------------------------------------------------------------------ */

static void
show_events(const struct show *s, const struct look *l)
{
	const int events = chipmap_byte(s->map, OID_EVENTS);

	if (events > 0)
		look_field(l, "security",
		    "event counter %d: the chip answers more slowly until it is 0", events);
	else if (events == 0)
		look_field(l, "security", "event counter 0, full speed");
}

static void
show_memory(const struct show *s, const struct look *l)
{
	static const struct {
		enum chip_kind kind;
		const char *name;
	} rows[] = {
		{ CHIP_CERT, "certificates" },
		{ CHIP_ANCHOR, "anchors" },
		{ CHIP_DATA, "data" },
	};
	char b[BAR_COLUMNS + 3];
	long used, max;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		show_room(s->map, rows[i].kind, &used, &max);
		if (max > 0)
			look_field(l, rows[i].name, "%s %ld of %ld bytes in use, %ld free",
			    bar(b, used, max), used, max, max - used);
	}
}

static void
show_chip(const struct show *s, const struct look *l)
{
	const int life = chipmap_byte(s->map, OID_LIFE_GLOBAL);
	const int app = chipmap_byte(s->map, OID_LIFE_APP);
	const int status = chipmap_byte(s->map, OID_STATUS);
	const int error = chipmap_byte(s->map, OID_LAST_ERROR);
	struct chip_uid u;

	if (show_uid(s->map, &u)) {
		look_field(l, "unique ID", "%s", u.hex);
		look_field(l, "build", "%04X, firmware %s, batch %s, wafer position %u, %u",
		    u.build, u.firmware, u.batch, u.wafer_x, u.wafer_y);
	}
	if (life >= 0)
		look_field(l, "life cycle", "%s%s%s", chip_life_name((enum chip_life)life),
		    app >= 0 ? ", of the application: " : "",
		    app >= 0 ? chip_life_name((enum chip_life)app) : "");
	show_events(s, l);
	if (status > 0)
		look_field(l, "status", "%02X%s", (unsigned int)status,
		    (status & 0x20) != 0 ? ", boot phase" : "");
	if (chipmap_byte(s->map, OID_CURRENT) >= 0)
		look_field(l, "power", "at most %d mA, sleeps after %d ms",
		    chipmap_byte(s->map, OID_CURRENT), chipmap_byte(s->map, OID_SLEEP));
	if (error > 0)
		look_field(l, "last error", "%02X", (unsigned int)error);
	show_memory(s, l);
}

/* --- slots --------------------------------------------------------------------------------- */

/* "change until locked; read always; use always; life cycle creation" */
static void
conditions(const struct chip_object *o, char *buf, size_t n)
{
	char words[256];
	size_t used = 0;

	buf[0] = '\0';
	if (o == NULL || o->meta_len == 0)
		return;
	for (int a = 0; a < ACCESS_COUNT && used < n; a++)
		if ((a != ACCESS_UPDATE || o->access[a].present) &&
		    (a != ACCESS_READ || o->content != CONTENT_NONE))
			used += (size_t)snprintf(buf + used, n - used, "%s %s; ",
			    chip_access_name((enum chip_access)a),
			    chip_access_words(&o->access[a], words, sizeof(words)));
	if (used < n)
		(void)snprintf(buf + used, n - used, "life cycle %s%s", chip_life_name(o->life),
		    o->life == LIFE_FIXED ? ""
		    : chip_locked(o)      ? ", locked"
					  : ", not locked");
}

static void
cert_line(const struct show *s, const struct look *l, const char *name, size_t i)
{
	const struct chip_x509 *c = &s->map->certs[i];
	const struct certinfo *ci = &s->certs[i];
	const struct chip_object *o = c->oid != 0 ? chipmap_object(s->map, c->oid) : NULL;
	const long days = certinfo_days(ci, s->now);
	char where[16] = "", size[64] = "", b[BAR_COLUMNS + 3];

	if (c->oid != 0)
		(void)snprintf(where, sizeof(where), "%04X: ", c->oid);
	if (o != NULL && o->max > 0 && c->at == 0)
		(void)snprintf(size, sizeof(size), ", %s %ld of %ld bytes", bar(b, o->used, o->max),
		    o->used, o->max);
	look_item(l, days < 0 ? LOOK_YELLOW : NULL, name, "%s%s%s, %s %.10s, issued by %s%s", where,
	    c->at > 0 ? "with " : "", ci->common_name, days < 0 ? "expired" : "until", ci->until,
	    ci->self_signed ? "itself" : ci->issuer_name, size);
}

/* The certificate of a key and its chain. */
static void
slot_certs(const struct show *s, const struct look *l, size_t k)
{
	const struct chip_x509 *c;
	size_t next = 0, i;

	while ((c = chipmap_cert_of(s->map, k, &next)) != NULL) {
		i = (size_t)(c - s->map->certs);
		do
			cert_line(s, l, "", i);
		while (++i < s->map->ncerts && s->map->certs[i].at > 0);
	}
	next = 0;
	if (chipmap_cert_of(s->map, k, &next) == NULL)
		look_item(l, NULL, "", "no certificate");
}

static void
key_line(const struct show *s, const struct look *l, const char *name, size_t k)
{
	const struct chip_key *key = &s->map->keys[k];
	const struct chip_object *o = key->oid != 0 ? chipmap_object(s->map, key->oid) : NULL;
	const long left = o != NULL ? show_uses_left(s->map, o) : -1;
	const bool named = show_key_named(key);
	char kind[64], text[LOOK_TEXT], words[80], uses[48] = "";

	if (left >= 0)
		(void)snprintf(uses, sizeof(uses), ", %ld uses left", left);
	look_item(l, LOOK_GREEN, name, "%s%s%s%s%s%s%s", show_key_kind(s, k, kind, sizeof(kind)),
	    o != NULL && o->usage > 0 ? " for " : "",
	    o != NULL ? chip_usage_words(o->usage, words, sizeof(words)) : "", named ? ", \"" : "",
	    named ? key->label : "", named ? "\"" : "", uses);
	slot_certs(s, l, k);
	conditions(o, text, sizeof(text));
	if (text[0] != '\0')
		look_item(l, NULL, "", "%s", text);
}

static void
slot_lines(const struct show *s, const struct look *l)
{
	look_section(l, s->map->chip ? "Slots" : "Keys");
	for (size_t i = 0; chip_slot_row(i) != NULL; i++) {
		const struct chip_slot *slot = chip_slot_row(i);
		const int k = show_key_of(s, slot);
		char name[32];

		if (!show_wants_slot(s, slot) || (k < 0 && !s->map->chip))
			continue;
		(void)snprintf(name, sizeof(name), "%04X %s", slot->key_oid, slot->name);
		if (k >= 0)
			key_line(s, l, name, (size_t)k);
		else
			look_item(l, NULL, name, "free");
	}
	for (size_t k = 0; k < s->map->nkeys; k++) {
		const struct token_key *key = &s->map->keys[k].key;
		char name[12] = "(no ID)";

		if (!show_key_elsewhere(s, k))
			continue;
		for (size_t i = 0; i < key->id_len && i < 4; i++)
			(void)snprintf(name + 2 * i, sizeof(name) - 2 * i, "%02x", key->id[i]);
		key_line(s, l, name, k);
	}
	if (s->map->nkeys == 0 && !s->map->chip)
		look_item(l, NULL, "none", "%s", "");
}

/* --- the rest ------------------------------------------------------------------------------ */

/* Certificates that no key here has, with their chains. */
static void
other_certs(const struct show *s, const struct look *l)
{
	bool titled = false, mine = false;

	for (size_t i = 0; i < s->map->ncerts; i++) {
		const struct chip_x509 *c = &s->map->certs[i];
		const struct chip_object *o = c->oid != 0 ? chipmap_object(s->map, c->oid) : NULL;
		char name[8] = "";

		if (c->at == 0)
			mine = c->key >= 0 || (o != NULL && o->kind == CHIP_ANCHOR);
		if (mine)
			continue;
		if (!titled)
			look_section(l, "Certificates without a key here");
		titled = true;
		if (c->oid != 0)
			(void)snprintf(name, sizeof(name), "%04X", c->oid);
		cert_line(s, l, name, i);
	}
}

/* Shown even without --all: what is in use, and what guards the rest. */
static bool
worth_a_line(const struct chip_object *o)
{
	uint32_t value, threshold;

	switch (o->kind) {
	case CHIP_ANCHOR:
	case CHIP_DATA: return chip_bytes_in_use(o) != 0;
	case CHIP_COUNTER:
		return !chip_counter(o, &value, &threshold) || value > 0 || threshold > 0;
	case CHIP_BINDING: return true;
	case CHIP_AES_KEY: return o->alg >= 0;
	default: return false;
	}
}

static void
object_line(const struct show *s, const struct look *l, const struct chip_object *o)
{
	char name[16], what[256], words[LOOK_TEXT], size[64] = "";

	(void)snprintf(name, sizeof(name), "%04X", o->oid);
	show_content(s, o, what, sizeof(what));
	conditions(o, words, sizeof(words));
	if (o->max > 0 && o->used >= 0 && o->kind != CHIP_STATUS)
		(void)snprintf(size, sizeof(size), ", %ld of %ld bytes",
		    chip_bytes_in_use(o) == 0 ? 0 : o->used, o->max);
	look_item(l, chip_bytes_in_use(o) > 0 ? LOOK_CYAN : NULL, name, "%s: %s%s%s", o->name, what,
	    size, o->updating ? "; an update did not end" : "");
	if (words[0] != '\0')
		look_item(l, NULL, "", "%s", words);
}

static void
object_lines(const struct show *s, const struct look *l)
{
	bool titled = false;

	for (size_t i = 0; i < s->map->nobjects; i++) {
		const struct chip_object *o = &s->map->objects[i];

		if (!s->all && !worth_a_line(o))
			continue;
		if (!titled)
			look_section(l, s->all ? "All objects" : "Other objects in use");
		titled = true;
		object_line(s, l, o);
	}
}

/* --- one slot ------------------------------------------------------------------------------ */

static void
cert_fields(const struct show *s, const struct look *l, size_t i)
{
	const struct certinfo *ci = &s->certs[i];
	const struct chip_x509 *c = &s->map->certs[i];

	look_gap(l);
	if (c->oid != 0)
		look_field(l, "in", "%04X%s", c->oid, c->at > 0 ? ", of the chain" : "");
	look_field(l, "certificate", "%s", ci->id);
	look_field(l, "subject", "%s", ci->subject);
	look_field(l, "issuer", "%s%s", ci->issuer, ci->self_signed ? " (itself)" : "");
	look_field(l, "serial", "%s", ci->serial);
	look_field(l, "valid from", "%s", ci->from);
	look_field(l, "valid until", "%s", ci->until);
	look_field(l, "public key", "%s", ci->key);
	look_field(l, "signature", "%s", ci->signature);
	for (size_t e = 0; e < ci->nextensions; e++)
		look_field(l, e == 0 ? "extensions" : "", "%s%s: %s", ci->extensions[e].name,
		    ci->extensions[e].critical ? " (critical)" : "", ci->extensions[e].value);
}

static void
object_fields(const struct look *l, const struct chip_object *o)
{
	char words[LOOK_TEXT];

	conditions(o, words, sizeof(words));
	if (o == NULL)
		return;
	look_gap(l);
	look_field(l, "object", "%04X, %s", o->oid, o->name);
	look_field(l, "conditions", "%s", words);
	if (o->max > 0)
		look_field(l, "size", "%ld of %ld bytes", o->used, o->max);
}

static void
slot_fields(const struct show *s, const struct look *l)
{
	const struct chip_slot *slot = s->slot;
	const int k = show_key_of(s, slot);
	char text[128], id[65];

	look_gap(l);
	look_field(l, "slot", "%s (%04X)", slot->name, slot->key_oid);
	if (k < 0) {
		look_field(l, "key", "none");
	} else {
		const struct chip_key *key = &s->map->keys[k];

		look_field(l, "key", "%s", show_key_kind(s, (size_t)k, text, sizeof(text)));
		for (size_t i = 0; i < key->key.id_len && 2 * i + 3 <= sizeof(text); i++)
			(void)snprintf(text + 2 * i, 3, "%02x", key->key.id[i]);
		if (key->key.id_len > 0)
			look_field(l, "id", "%s", text);
		look_field(l, "label", "%s", key->label != NULL ? key->label : "");
		if (key->key.pub != NULL && key_id(key->key.pub, id))
			look_field(l, "fingerprint", "%s", id);
	}
	for (size_t i = 0; i < s->map->ncerts; i++)
		if (show_wants_cert(s, i))
			cert_fields(s, l, i);
	for (size_t i = 0; i < s->map->nobjects; i++)
		if (show_wants_object(s, &s->map->objects[i]))
			object_fields(l, &s->map->objects[i]);
}

void
show_text(const struct show *s, const struct look *l)
{
	look_field(l, "token", "%s", s->label);
	look_field(l, "serial", "%s", s->serial);
	look_field(l, "model", "%s", s->model);
	look_field(l, "made by", "%s", s->manufacturer);
	if (s->map->chip && s->slot == NULL)
		show_chip(s, l);
	if (s->slot != NULL) {
		slot_fields(s, l);
		return;
	}
	slot_lines(s, l);
	other_certs(s, l);
	object_lines(s, l);
}
