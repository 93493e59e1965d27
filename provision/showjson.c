/* A token as JSON: all that is known, in a fixed order; see optiga-provision(1). */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "provision/cert.h"
#include "provision/show.h"

static void
put(json_t *o, const char *name, json_t *value)
{
	(void)json_object_set_new(o, name, value);
}

/* Left out when it is NULL. */
static void
put_text(json_t *o, const char *name, const char *text)
{
	if (text != NULL)
		put(o, name, json_string(text));
}

static void
put_number(json_t *o, const char *name, long n)
{
	if (n >= 0)
		put(o, name, json_integer(n));
}

static void
put_oid(json_t *o, const char *name, uint16_t oid)
{
	char text[5];

	(void)snprintf(text, sizeof(text), "%04X", oid);
	if (oid != 0)
		put_text(o, name, text);
}

static void
put_hex(json_t *o, const char *name, const unsigned char *p, size_t len, bool upper)
{
	char text[2 * 2048 + 1] = "";

	for (size_t i = 0; i < len && i < sizeof(text) / 2; i++)
		(void)snprintf(text + 2 * i, 3, upper ? "%02X" : "%02x", p[i]);
	put_text(o, name, text);
}

/* --- chip ---------------------------------------------------------------------------------- */

static json_t *
uid_json(const struct chip_uid *u)
{
	json_t *o = json_object();
	char build[5], mask[5];

	(void)snprintf(build, sizeof(build), "%04X", u->build);
	(void)snprintf(mask, sizeof(mask), "%04X", u->rom_mask);
	put(o, "cim", json_integer(u->cim));
	put(o, "platform", json_integer(u->platform));
	put(o, "model", json_integer(u->model));
	put_text(o, "rom_mask", mask);
	put_text(o, "chip_type", u->chip_type);
	put_text(o, "batch", u->batch);
	put(o, "wafer_x", json_integer(u->wafer_x));
	put(o, "wafer_y", json_integer(u->wafer_y));
	put_text(o, "firmware", u->firmware);
	put_text(o, "build", build);
	return o;
}

static json_t *
chip_json(const struct chipmap *m)
{
	static const struct {
		const char *name;
		uint16_t oid;
	} bytes[] = {
		{ "security_status", OID_STATUS },
		{ "application_security_status", OID_STATUS_APP },
		{ "security_events", OID_EVENTS },
		{ "sleep_delay_ms", OID_SLEEP },
		{ "current_limit_ma", OID_CURRENT },
		{ "last_error", OID_LAST_ERROR },
	};
	json_t *o = json_object();
	struct chip_uid uid;

	if (show_uid(m, &uid)) {
		put_text(o, "uid", uid.hex);
		put(o, "uid_fields", uid_json(&uid));
	}
	if (chipmap_byte(m, OID_LIFE_GLOBAL) >= 0)
		put_text(o, "life_cycle",
		    chip_life_name((enum chip_life)chipmap_byte(m, OID_LIFE_GLOBAL)));
	if (chipmap_byte(m, OID_LIFE_APP) >= 0)
		put_text(o, "application_life_cycle",
		    chip_life_name((enum chip_life)chipmap_byte(m, OID_LIFE_APP)));
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++)
		put_number(o, bytes[i].name, chipmap_byte(m, bytes[i].oid));
	return o;
}

/* --- objects ------------------------------------------------------------------------------- */

static json_t *
access_json(const struct chipmap *m, const struct chip_object *obj, enum chip_access a)
{
	static const char *const may[] = { "nobody", "conditional", "anyone" };
	const struct chip_expr *e = &obj->access[a];
	json_t *o = json_object();
	char words[256];

	if (e->present)
		put_hex(o, "expression", e->bytes, e->len, true);
	put_text(o, "words", chip_access_words(e, words, sizeof(words)));
	put_text(o, "now", may[chip_may(m, obj, a)]);
	return o;
}

static const char *
form_name(enum chip_form form)
{
	static const char *const names[] = {
		[FORM_NONE] = NULL,
		[FORM_EMPTY] = "empty",
		[FORM_BARE] = "DER",
		[FORM_CHAIN] = "TLS identity",
		[FORM_USB] = "USB identity",
		[FORM_OTHER] = "other",
	};

	return names[form];
}

static void
put_access(json_t *o, const struct chipmap *m, const struct chip_object *obj)
{
	json_t *access = json_object();

	for (int a = 0; a < ACCESS_COUNT; a++)
		if (a != ACCESS_UPDATE || obj->access[a].present)
			put(access, chip_access_name((enum chip_access)a),
			    access_json(m, obj, (enum chip_access)a));
	put(o, "access", access);
}

static json_t *
object_json(const struct show *s, const struct chip_object *obj)
{
	static const char *const contents[] = { "none", "read", "hidden", "counted" };
	json_t *o = json_object();
	uint32_t value, threshold;
	char words[256];

	put_oid(o, "oid", obj->oid);
	put_text(o, "name", obj->name);
	put_text(o, "kind", chip_kind_name(obj->kind));
	if (obj->meta_len > 0) {
		put_text(o, "life_cycle", chip_life_name(obj->life));
		put(o, "locked", json_boolean(chip_locked(obj)));
		put_access(o, s->map, obj);
		put_hex(o, "metadata", obj->meta, obj->meta_len, true);
	}
	put_number(o, "used", obj->used);
	put_number(o, "max", obj->max);
	put_text(o, "type", chip_type_name(obj->type));
	put_text(o, "algorithm", chip_alg_name(obj->alg));
	if (obj->usage > 0)
		put_text(o, "usage", chip_usage_words(obj->usage, words, sizeof(words)));
	put_number(o, "version", obj->version);
	if (obj->updating)
		put(o, "update_incomplete", json_true());
	put_text(o, "content", contents[obj->content]);
	put_text(o, "form", form_name(obj->form));
	if (chip_counter(obj, &value, &threshold)) {
		put(o, "value", json_integer(value));
		put(o, "threshold", json_integer(threshold));
	} else if (obj->content == CONTENT_READ) {
		put_hex(o, "bytes", obj->value, obj->value_len, true);
	}
	put_number(o, "uses_left", show_uses_left(s->map, obj));
	return o;
}

/* --- keys and certificates ----------------------------------------------------------------- */

static void
put_key(json_t *o, const struct show *s, size_t k)
{
	const struct chip_key *key = &s->map->keys[k];
	char kind[64], id[65];

	put_text(o, "key", show_key_kind(s, k, kind, sizeof(kind)));
	put_hex(o, "id", key->key.id, key->key.id_len, false);
	put_text(o, "label", key->label);
	if (key->key.pub != NULL && key_id(key->key.pub, id))
		put_text(o, "key_fingerprint", id);
	put(o, "sign", json_boolean(key->can_sign));
	put(o, "derive", json_boolean(key->can_derive));
	put(o, "decrypt", json_boolean(key->can_decrypt));
}

static json_t *
key_json(const struct show *s, size_t k)
{
	json_t *o = json_object();

	put_oid(o, "oid", s->map->keys[k].oid);
	put_key(o, s, k);
	return o;
}

static json_t *
extensions_json(const struct certinfo *ci)
{
	json_t *list = json_array();

	for (size_t i = 0; i < ci->nextensions; i++) {
		json_t *o = json_object();

		put_text(o, "name", ci->extensions[i].name);
		put(o, "critical", json_boolean(ci->extensions[i].critical));
		put_text(o, "value", ci->extensions[i].value);
		(void)json_array_append_new(list, o);
	}
	return list;
}

static json_t *
cert_json(const struct show *s, size_t i)
{
	const struct chip_x509 *c = &s->map->certs[i];
	const struct certinfo *ci = &s->certs[i];
	json_t *o = json_object();

	put_oid(o, "oid", c->oid);
	put(o, "place", json_integer(c->at));
	if (c->key >= 0) {
		put_oid(o, "key_oid", s->map->keys[c->key].oid);
		put_hex(o, "key_id", s->map->keys[c->key].key.id, s->map->keys[c->key].key.id_len,
		    false);
	}
	if (c->id_len > 0)
		put_hex(o, "id", c->id, c->id_len, false);
	put_text(o, "label", c->label);
	put_text(o, "certificate", ci->id);
	put(o, "size", json_integer((json_int_t)c->size));
	put_text(o, "subject", ci->subject);
	put_text(o, "issuer", ci->issuer);
	put_text(o, "serial", ci->serial);
	put_text(o, "valid_from", ci->from);
	put_text(o, "valid_until", ci->until);
	put_text(o, "public_key", ci->key);
	put_text(o, "signature", ci->signature);
	put(o, "ca", json_boolean(ci->ca));
	put(o, "self_signed", json_boolean(ci->self_signed));
	put(o, "extensions", extensions_json(ci));
	return o;
}

/* --- slots --------------------------------------------------------------------------------- */

static void
put_slot_cert(json_t *o, const struct show *s, size_t k)
{
	size_t next = 0;
	const struct chip_x509 *c = chipmap_cert_of(s->map, k, &next);
	const struct certinfo *ci = c != NULL ? &s->certs[c - s->map->certs] : NULL;

	if (ci == NULL)
		return;
	put_text(o, "certificate", ci->id);
	put_oid(o, "certificate_oid", c->oid);
	put_text(o, "subject", ci->subject);
	put_text(o, "issuer", ci->issuer);
	put_text(o, "valid_until", ci->until);
}

static json_t *
slot_json(const struct show *s, const struct chip_slot *slot)
{
	const int k = show_key_of(s, slot);
	json_t *o = json_object();
	char text[32];

	(void)snprintf(text, sizeof(text), "%s (%04X)", slot->name, slot->key_oid);
	put_text(o, "slot", text);
	put_text(o, "name", slot->name);
	put_oid(o, "oid", slot->key_oid);
	if (k < 0) {
		put_text(o, "key", "none");
		return o;
	}
	put_key(o, s, (size_t)k);
	put_slot_cert(o, s, (size_t)k);
	return o;
}

json_t *
show_json(const struct show *s)
{
	json_t *o = json_object(), *slots = json_array(), *keys = json_array();
	json_t *certs = json_array(), *objects = json_array();

	put_text(o, "token", s->label);
	put_text(o, "serial", s->serial);
	put_text(o, "model", s->model);
	put_text(o, "made_by", s->manufacturer);
	if (s->map->chip)
		put(o, "chip", chip_json(s->map));
	for (size_t i = 0; chip_slot_row(i) != NULL; i++)
		if (show_wants_slot(s, chip_slot_row(i)))
			(void)json_array_append_new(slots, slot_json(s, chip_slot_row(i)));
	for (size_t i = 0; i < s->map->nkeys; i++)
		if (show_wants_key(s, i))
			(void)json_array_append_new(keys, key_json(s, i));
	for (size_t i = 0; i < s->map->ncerts; i++)
		if (show_wants_cert(s, i))
			(void)json_array_append_new(certs, cert_json(s, i));
	for (size_t i = 0; i < s->map->nobjects; i++)
		if (show_wants_object(s, &s->map->objects[i]))
			(void)json_array_append_new(objects, object_json(s, &s->map->objects[i]));
	put(o, "slots", slots);
	put(o, "keys", keys);
	put(o, "certificates", certs);
	if (s->map->chip)
		put(o, "objects", objects);
	else
		json_decref(objects);
	return o;
}
