/* What the drawings of a token have in common; see show.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "provision/cert.h"
#include "provision/msg.h"
#include "provision/show.h"

#define UID_LEN 27U

bool
show_slot_parse(const char *name, const struct chip_slot **slot)
{
	*slot = chip_slot_find(name);
	if (*slot != NULL)
		return true;
	prov_error("--slot \"%s\" is no key slot", name);
	prov_hint("slots are E0F0 (first) to E0F3 (fourth), E0FC (five) and E0FD (six)");
	return false;
}

bool
show_open(struct show *s, struct token *t)
{
	const char *const raw[] = { token_label(t), token_serial(t), token_model(t),
		token_manufacturer(t) };
	bool ok = true;

	s->now = time(NULL);
	s->map = chipmap_read(t);
	if (s->map == NULL)
		return false;
	s->certs = calloc(s->map->ncerts + 1, sizeof(*s->certs));
	for (size_t i = 0; s->certs != NULL && i < s->map->ncerts; i++)
		ok = certinfo_read(&s->certs[i], s->map->certs[i].cert) && ok;
	for (size_t i = 0; i < 4; i++) {
		s->texts[i] = text_clean((const unsigned char *)raw[i], strlen(raw[i]));
		ok = ok && s->texts[i] != NULL;
	}
	s->label = s->texts[0];
	s->serial = s->texts[1];
	s->model = s->texts[2];
	s->manufacturer = s->texts[3];
	if (s->certs == NULL || !ok) {
		prov_error("out of memory");
		return false;
	}
	return true;
}

void
show_close(struct show *s)
{
	for (size_t i = 0; s->certs != NULL && i < s->map->ncerts; i++)
		certinfo_free(&s->certs[i]);
	free(s->certs);
	for (size_t i = 0; i < 4; i++)
		free(s->texts[i]);
	chipmap_free(&s->map);
	memset(s, 0, sizeof(*s));
}

static void
hex(char *out, const unsigned char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		(void)snprintf(out + 2 * i, 3, "%02X", p[i]);
}

bool
show_uid(const struct chipmap *m, struct chip_uid *out)
{
	const struct chip_object *o = chipmap_object(m, OID_UID);
	const unsigned char *p;

	memset(out, 0, sizeof(*out));
	if (o == NULL || o->content != CONTENT_READ || o->value_len != UID_LEN)
		return false;
	p = o->value;
	hex(out->hex, p, UID_LEN);
	out->cim = p[0];
	out->platform = p[1];
	out->model = p[2];
	out->rom_mask = (unsigned int)(p[3] << 8 | p[4]);
	hex(out->chip_type, p + 5, 6);
	hex(out->batch, p + 11, 6);
	out->wafer_x = (unsigned int)(p[17] << 8 | p[18]);
	out->wafer_y = (unsigned int)(p[19] << 8 | p[20]);
	hex(out->firmware, p + 21, 4);
	out->build = (unsigned int)(p[25] << 8 | p[26]);
	return true;
}

static bool
id_is(const struct token_key *k, uint16_t oid)
{
	return k->id_len == 2 && k->id[0] == oid >> 8 && k->id[1] == (oid & 0xFF);
}

int
show_key_of(const struct show *s, const struct chip_slot *slot)
{
	for (size_t i = 0; i < s->map->nkeys; i++) {
		const struct chip_key *k = &s->map->keys[i];

		if (k->oid == slot->key_oid || (k->oid == 0 && id_is(&k->key, slot->key_oid)))
			return (int)i;
	}
	return -1;
}

bool
show_key_elsewhere(const struct show *s, size_t k)
{
	for (size_t i = 0; chip_slot_row(i) != NULL; i++)
		if (show_key_of(s, chip_slot_row(i)) == (int)k)
			return false;
	return true;
}

/*
 * Chips have different ones. Of other tokens all are thought of that keys are made in, and so not
 * the factory's.
 */
bool
show_wants_slot(const struct show *s, const struct chip_slot *slot)
{
	if (s->slot != NULL)
		return s->slot == slot;
	if (s->map->chip)
		return chipmap_object(s->map, slot->key_oid) != NULL;
	return slot->key_oid != OID_FACTORY_KEY || show_key_of(s, slot) >= 0;
}

bool
show_wants_key(const struct show *s, size_t k)
{
	return s->slot == NULL || show_key_of(s, s->slot) == (int)k;
}

bool
show_wants_cert(const struct show *s, size_t i)
{
	const struct chip_x509 *c = &s->map->certs[i];

	if (s->slot == NULL || (c->oid != 0 && c->oid == s->slot->cert_oid && c->key < 0))
		return true;
	/* A chain goes with its leaf. */
	while (i > 0 && s->map->certs[i].at > 0)
		i--;
	return s->map->certs[i].key >= 0 && s->map->certs[i].key == show_key_of(s, s->slot);
}

bool
show_wants_object(const struct show *s, const struct chip_object *o)
{
	if (s->slot == NULL || o->oid == s->slot->key_oid)
		return true;
	for (size_t i = 0; i < s->map->ncerts; i++)
		if (s->map->certs[i].oid == o->oid)
			return show_wants_cert(s, i);
	return o->oid == s->slot->cert_oid;
}

const char *
show_key_kind(const struct show *s, size_t k, char *buf, size_t n)
{
	const struct chip_key *key = &s->map->keys[k];
	const struct chip_object *o;
	const char *name = NULL;

	if (key->key.pub != NULL)
		return key_name(key->key.pub, buf, n);
	o = key->oid != 0 ? chipmap_object(s->map, key->oid) : NULL;
	if (o != NULL)
		name = chip_alg_name(o->alg);
	return name != NULL ? name : "public key not known";
}

bool
show_key_named(const struct chip_key *key)
{
	char id[2 * sizeof(key->key.id) + 1] = "";

	for (size_t i = 0; i < key->key.id_len; i++)
		(void)snprintf(id + 2 * i, 3, "%02x", key->key.id[i]);
	return key->label != NULL && strcmp(key->label, id) != 0;
}

long
show_uses_left(const struct chipmap *m, const struct chip_object *o)
{
	unsigned char id;
	uint16_t oid;
	size_t at = 0;
	uint32_t value, threshold;
	long left = -1;

	while (chip_access_names(&o->access[ACCESS_EXECUTE], &id, &oid, &at)) {
		const struct chip_object *c = id == 0x40 ? chipmap_object(m, oid) : NULL;

		if (c == NULL || !chip_counter(c, &value, &threshold))
			continue;
		left = value < threshold ? (long)(threshold - value) : 0;
	}
	return left;
}

static void
content_bytes(const struct chip_object *o, char *buf, size_t n)
{
	if (o->kind == CHIP_STATUS && o->value_len <= UID_LEN && 2 * o->value_len < n)
		hex(buf, o->value, o->value_len);
	else if (chip_bytes_in_use(o) == 0)
		(void)snprintf(buf, n, "free");
	else if (chip_is_index(o))
		(void)snprintf(buf, n, "names of keys, kept by optiga-pkcs11");
	else
		(void)snprintf(buf, n, "in use");
}

static void
content_cert(const struct show *s, const struct chip_object *o, char *buf, size_t n)
{
	size_t count = 0, first = 0;

	for (size_t i = 0; i < s->map->ncerts; i++)
		if (s->map->certs[i].oid == o->oid && count++ == 0)
			first = i;
	if (count > 0)
		(void)snprintf(buf, n, "%s%s", s->certs[first].common_name,
		    count > 1 ? ", with its chain" : "");
	else if (o->form == FORM_USB)
		(void)snprintf(buf, n, "USB Type-C identity");
	else if (o->form == FORM_OTHER)
		(void)snprintf(buf, n, "%zu bytes that are no certificate", o->value_len);
	else
		(void)snprintf(buf, n, "free");
}

static void
content_key(const struct show *s, const struct chip_object *o, char *buf, size_t n)
{
	const struct chip_key *k = chipmap_key(s->map, o->oid);
	const char *alg = chip_alg_name(o->alg);
	char words[80];

	/* Some chips are delivered with a kind of key but none in it. */
	if ((o->kind != CHIP_AES_KEY && k == NULL) || o->alg < 0)
		(void)snprintf(buf, n, "free");
	else
		(void)snprintf(buf, n, "%s%s%s", alg != NULL ? alg : "key of unknown kind",
		    o->usage > 0 ? " for " : "", chip_usage_words(o->usage, words, sizeof(words)));
}

void
show_content(const struct show *s, const struct chip_object *o, char *buf, size_t n)
{
	uint32_t value, threshold;

	switch (o->content) {
	case CONTENT_SPARED: (void)snprintf(buf, n, "not read: that is counted"); return;
	case CONTENT_HIDDEN:
		(void)snprintf(
		    buf, n, "%s", chip_is_secret(o) ? "secret" : "may not be read by this host");
		return;
	case CONTENT_NONE:
		if (o->kind == CHIP_SESSION)
			(void)snprintf(buf, n, "volatile");
		else
			content_key(s, o, buf, n);
		return;
	case CONTENT_READ: break;
	}
	if (chip_counter(o, &value, &threshold))
		(void)snprintf(buf, n, "%u of %u", value, threshold);
	else if (o->kind == CHIP_CERT || o->kind == CHIP_ANCHOR)
		content_cert(s, o, buf, n);
	else
		content_bytes(o, buf, n);
}

void
show_room(const struct chipmap *m, enum chip_kind kind, long *used, long *max)
{
	*used = *max = 0;
	for (size_t i = 0; i < m->nobjects; i++) {
		const struct chip_object *o = &m->objects[i];
		const long n = chip_bytes_in_use(o);

		if (o->kind != kind || o->max < 0)
			continue;
		*max += o->max;
		*used += n > 0 ? n : 0;
	}
}
