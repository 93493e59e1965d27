/* The rules of "audit", and what each looks for; see audit.h. */
#include <config.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "provision/audit.h"
#include "provision/cert.h"

#define NITEMS(a)     (sizeof(a) / sizeof((a)[0]))

#define RSA_MIN       2048 /* NIST SP 800-131A */
#define EC_MIN        224
#define COUNTER_ALERT 90 /* percent of the threshold */
#define ALG_RSA_1024  0x41
#define EVENTS_USUAL  5 /* that ordinary use of keys leaves; the credit of the security monitor */

/* --- objects ------------------------------------------------------------------------------- */

static bool
kind_is(const struct audit_subject *x, enum chip_kind kind)
{
	return x->object->kind == kind && x->object->meta_len > 0;
}

/* Of these it matters who writes them, once there is something in them. */
static bool
is_used_content(const struct chip_object *o)
{
	uint32_t value, threshold;

	if (o->meta_len == 0)
		return false;
	if (chip_counter(o, &value, &threshold))
		return value > 0 || threshold > 0;
	return (o->kind == CHIP_CERT || o->kind == CHIP_DATA) && chip_bytes_in_use(o) != 0;
}

static bool
is_open(const struct audit *a, const struct chip_object *o)
{
	return chip_may(a->show->map, o, ACCESS_CHANGE) == MAY_ANYONE;
}

/* Change, in words. */
static bool
say_change(const struct chip_object *o, char *what, size_t n)
{
	char words[256];

	(void)snprintf(what, n, "change %s, life cycle %s",
	    chip_access_words(&o->access[ACCESS_CHANGE], words, sizeof(words)),
	    chip_life_name(o->life));
	return true;
}

/* Session contexts have no conditions that could be changed. */
static bool
not_known(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chip_object *o = x->object;

	(void)a;
	if (o->kind == CHIP_SESSION)
		return false;
	if (o->meta_len == 0) {
		(void)snprintf(what, n, "no metadata");
		return true;
	}
	for (int i = 0; i < ACCESS_COUNT; i++) {
		if (chip_access_known(&o->access[i]))
			continue;
		(void)chip_access_words(&o->access[i], what, n);
		return true;
	}
	return false;
}

static bool
anchor_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	return kind_is(x, CHIP_ANCHOR) && chip_bytes_in_use(x->object) != 0 &&
	       (is_open(a, x->object) || !chip_locked(x->object)) && say_change(x->object, what, n);
}

static bool
anchor_free(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	return kind_is(x, CHIP_ANCHOR) && chip_bytes_in_use(x->object) == 0 &&
	       (is_open(a, x->object) || !chip_locked(x->object)) && say_change(x->object, what, n);
}

static bool
binding_factory(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)what;
	(void)n;
	return kind_is(x, CHIP_BINDING) && a->factory_secret == 1;
}

static bool
binding_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chip_object *o = x->object;
	char words[256];

	if (!kind_is(x, CHIP_BINDING) || (chip_may(a->show->map, o, ACCESS_READ) != MAY_ANYONE &&
					     !is_open(a, o) && chip_locked(o)))
		return false;
	(void)snprintf(what, n, "read %s, life cycle %s",
	    chip_access_words(&o->access[ACCESS_READ], words, sizeof(words)),
	    chip_life_name(o->life));
	return true;
}

static bool
secret_readable(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	char words[256];

	if (x->object->meta_len == 0 || x->object->kind == CHIP_BINDING ||
	    !chip_is_secret(x->object) ||
	    chip_may(a->show->map, x->object, ACCESS_READ) != MAY_ANYONE)
		return false;
	(void)snprintf(what, n, "%s, read %s", chip_type_name(x->object->type),
	    chip_access_words(&x->object->access[ACCESS_READ], words, sizeof(words)));
	return true;
}

static bool
index_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	return chip_is_index(x->object) && is_open(a, x->object) && say_change(x->object, what, n);
}

/* Secrets too: who writes one knows it. */
static bool
object_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	return is_used_content(x->object) && !chip_is_index(x->object) && is_open(a, x->object) &&
	       say_change(x->object, what, n);
}

static bool
object_unlocked(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	return is_used_content(x->object) && !is_open(a, x->object) && !chip_locked(x->object) &&
	       say_change(x->object, what, n);
}

static bool
update_incomplete(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)a;
	if (x->object->updating)
		(void)snprintf(what, n, "version %d", x->object->version);
	return x->object->updating;
}

static bool
terminated(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)a;
	(void)what;
	(void)n;
	return x->object->life == LIFE_TERMINATION;
}

static bool
monitor_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	return x->object->oid == OID_MONITOR && x->object->meta_len > 0 &&
	       (is_open(a, x->object) || !chip_locked(x->object)) && say_change(x->object, what, n);
}

/* Its first byte is the time that the chip waits for: SRM "Security monitor configuration". */
static bool
monitor_off(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)a;
	(void)what;
	(void)n;
	return x->object->oid == OID_MONITOR && x->object->content == CONTENT_READ &&
	       x->object->value_len > 0 && x->object->value[0] == 0;
}

static bool
counter_at(const struct audit_subject *x, bool end, char *what, size_t n)
{
	uint32_t value, threshold;

	if (!chip_counter(x->object, &value, &threshold) || (value == 0 && threshold == 0))
		return false;
	(void)snprintf(what, n, "%u of %u", value, threshold);
	if (value >= threshold)
		return end;
	return !end && (uint64_t)value * 100 >= (uint64_t)threshold * COUNTER_ALERT;
}

static bool
counter_end(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)a;
	return counter_at(x, true, what, n);
}

static bool
counter_near(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)a;
	return counter_at(x, false, what, n);
}

static bool
not_a_certificate(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)a;
	if (x->object->form != FORM_OTHER)
		return false;
	(void)snprintf(what, n, "%zu bytes", x->object->value_len);
	return true;
}

/* --- the chip ------------------------------------------------------------------------------ */

static bool
say_events(const struct audit *a, int from, int to, char *what, size_t n)
{
	const int events = chipmap_byte(a->show->map, OID_EVENTS);

	if (events < from || events > to)
		return false;
	(void)snprintf(what, n, "security event counter %d", events);
	return true;
}

static bool
throttled(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)x;
	return say_events(a, EVENTS_USUAL + 1, 255, what, n);
}

static bool
some_events(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)x;
	return say_events(a, 1, EVENTS_USUAL, what, n);
}

static bool
chip_life(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const int life = chipmap_byte(a->show->map, OID_LIFE_GLOBAL);

	(void)x;
	if (life < 0 || life == LIFE_OPERATIONAL)
		return false;
	(void)snprintf(what, n, "life cycle %s", chip_life_name((enum chip_life)life));
	return true;
}

/* One finding for all of them: a new chip has a dozen. */
static bool
free_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chipmap *m = a->show->map;
	size_t count = 0;

	(void)x;
	for (size_t i = 0; i < m->nobjects; i++) {
		const struct chip_object *o = &m->objects[i];

		if (o->meta_len > 0 && is_open(a, o) && !is_used_content(o) &&
		    (o->kind == CHIP_CERT || o->kind == CHIP_DATA || o->kind == CHIP_COUNTER))
			count++;
	}
	(void)snprintf(what, n, "%zu objects", count);
	return count > 0;
}

/* --- keys ---------------------------------------------------------------------------------- */

static const struct chip_key *
key_of(const struct audit *a, const struct audit_subject *x)
{
	return &a->show->map->keys[x->key];
}

/* NULL: not of a chip. */
static const struct chip_object *
key_object(const struct audit *a, const struct audit_subject *x)
{
	const struct chip_object *o = chipmap_object(a->show->map, key_of(a, x)->oid);

	return o != NULL && o->meta_len > 0 ? o : NULL;
}

static bool
key_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chip_object *o = key_object(a, x);

	return o != NULL && chip_locked(o) && is_open(a, o) && say_change(o, what, n);
}

static bool
key_unlocked(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chip_object *o = key_object(a, x);

	return o != NULL && !chip_locked(o) && say_change(o, what, n);
}

static bool
weak(EVP_PKEY *key, char *what, size_t n)
{
	const int bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;

	if (key == NULL || bits >= (EVP_PKEY_is_a(key, "RSA") == 1 ? RSA_MIN : EC_MIN))
		return false;
	(void)key_name(key, what, n);
	return true;
}

static bool
key_weak(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chip_object *o = key_object(a, x);

	if (o != NULL && o->alg == ALG_RSA_1024) {
		(void)snprintf(what, n, "%s", chip_alg_name(o->alg));
		return true;
	}
	return weak(key_of(a, x)->key.pub, what, n);
}

/* A leaf in the slot's own place, or with the key's ID, that is for another key. */
static bool
is_beside(const struct audit *a, const struct audit_subject *x, const struct chip_x509 *c)
{
	const struct token_key *key = &key_of(a, x)->key;

	for (size_t i = 0; chip_slot_row(i) != NULL; i++)
		if (chip_slot_row(i)->key_oid == key_of(a, x)->oid && c->oid != 0 &&
		    chip_slot_row(i)->cert_oid == c->oid)
			return true;
	return key->id_len > 0 && key->id_len == c->id_len &&
	       memcmp(key->id, c->id, c->id_len) == 0;
}

static bool
key_mismatch(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chipmap *m = a->show->map;

	if (key_of(a, x)->key.pub == NULL)
		return false;
	for (size_t i = 0; i < m->ncerts; i++) {
		const struct chip_x509 *c = &m->certs[i];

		if (c->at > 0 || c->key >= 0 || !is_beside(a, x, c))
			continue;
		(void)snprintf(what, n, "%s", a->show->certs[i].subject);
		return true;
	}
	return false;
}

static bool
key_alone(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	size_t next = 0;

	(void)what;
	(void)n;
	return chipmap_cert_of(a->show->map, x->key, &next) == NULL;
}

/* --- certificates -------------------------------------------------------------------------- */

static const struct certinfo *
info_of(const struct audit *a, const struct audit_subject *x)
{
	return &a->show->certs[x->cert];
}

static bool
cert_expired(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct certinfo *ci = info_of(a, x);

	(void)snprintf(what, n, "ended %s", ci->until);
	return ci->ends < a->show->now;
}

static bool
cert_expiring(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const long days = certinfo_days(info_of(a, x), a->show->now);

	(void)snprintf(what, n, "ends %s, in %ld days", info_of(a, x)->until, days);
	return info_of(a, x)->ends >= a->show->now && days < a->days;
}

static bool
cert_not_yet(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)snprintf(what, n, "begins %s", info_of(a, x)->from);
	return info_of(a, x)->starts > a->show->now;
}

static bool
cert_weak(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	if (info_of(a, x)->weak_hash) {
		(void)snprintf(what, n, "%s", info_of(a, x)->signature);
		return true;
	}
	return weak(X509_get0_pubkey(a->show->map->certs[x->cert].cert), what, n);
}

/* As a word of its own, in any case: "Trust M Test CA 000", not "Latest". */
static bool
has_word(const char *text, const char *word)
{
	const size_t len = strlen(word);

	for (const char *p = text; *p != '\0'; p++) {
		size_t i = 0;

		if (p > text && isalnum((unsigned char)p[-1]))
			continue;
		while (i < len && tolower((unsigned char)p[i]) == word[i])
			i++;
		if (i == len && !isalnum((unsigned char)p[len]))
			return true;
	}
	return false;
}

static bool
cert_test(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	static const char *const words[] = { "test", "testing", "simulated", "demo", "example",
		"dummy" };
	const char *issuer = info_of(a, x)->issuer;

	(void)snprintf(what, n, "issued by %s", issuer);
	for (size_t i = 0; i < NITEMS(words); i++)
		if (has_word(issuer, words[i]))
			return true;
	return false;
}

static bool
is_anchor(const struct audit *a, const struct chip_x509 *c)
{
	const struct chip_object *o = c->oid != 0 ? chipmap_object(a->show->map, c->oid) : NULL;

	return o != NULL && o->kind == CHIP_ANCHOR;
}

/* CAs sign themselves: of a device's certificate it means that nobody vouches for it. */
static bool
cert_self_signed(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chip_x509 *c = &a->show->map->certs[x->cert];

	(void)snprintf(what, n, "%s", info_of(a, x)->subject);
	return info_of(a, x)->self_signed && c->at == 0 && !is_anchor(a, c) &&
	       (!info_of(a, x)->ca || c->key >= 0);
}

/* Unless it is a CA's, kept for those who verify, or a key is there that it may be for. */
static bool
cert_alone(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chipmap *m = a->show->map;
	const struct chip_x509 *c = &m->certs[x->cert];

	if (c->at > 0 || c->key >= 0 || is_anchor(a, c) || info_of(a, x)->ca)
		return false;
	for (size_t k = 0; k < m->nkeys; k++) {
		const struct audit_subject y = { .key = k };

		if (m->keys[k].key.pub == NULL || is_beside(a, &y, c))
			return false;
	}
	(void)snprintf(what, n, "%s", info_of(a, x)->subject);
	return true;
}

/* --- the table ----------------------------------------------------------------------------- */

static const struct audit_rule rules[] = {
	{ "binding-factory", AUDIT_ERROR, AUDIT_OBJECT,
	    "the binding secret is the one that all chips are delivered with, so that anyone can "
	    "open and read the encrypted connection",
	    "\"optiga-provision pair\" makes a secret of this chip's own", binding_factory },
	{ "binding-open", AUDIT_ERROR, AUDIT_OBJECT,
	    "whoever has the board can read or replace the binding secret",
	    "\"optiga-provision pair --renewable --irreversible\" makes a secret that only this "
	    "host can change, and nobody can read",
	    binding_open },
	{ "secret-readable", AUDIT_ERROR, AUDIT_OBJECT, "anyone can read the secret",
	    "\"optiga-provision lock --policy FILE\" with \"never\" for reading it, while it is "
	    "not "
	    "locked",
	    secret_readable },
	{ "anchor-open", AUDIT_ERROR, AUDIT_OBJECT,
	    "anyone can put a trust anchor of their own in its place, and then updates signed by "
	    "them are taken",
	    "\"optiga-provision lock --policy FILE --irreversible\" with this object in FILE",
	    anchor_open },
	{ "anchor-free", AUDIT_WARNING, AUDIT_OBJECT,
	    "anyone can install a trust anchor of their own",
	    "write the one you want, or none, and then \"optiga-provision lock --policy FILE "
	    "--irreversible\"",
	    anchor_free },
	{ "object-open", AUDIT_WARNING, AUDIT_OBJECT, "anyone can change what is in use",
	    "\"optiga-provision lock --policy FILE --irreversible\" with this object in FILE",
	    object_open },
	{ "object-unlocked", AUDIT_WARNING, AUDIT_OBJECT,
	    "its conditions can still be changed by anyone, and then its content",
	    "\"optiga-provision lock --policy FILE --irreversible\" with this object in FILE",
	    object_unlocked },
	{ "index-open", AUDIT_INFO, AUDIT_OBJECT,
	    "optiga-pkcs11 keeps names and public keys there, and anyone can change these",
	    "leave it: others trust a key's certificate, and locked, no key can be named",
	    index_open },
	{ "conditions-unknown", AUDIT_WARNING, AUDIT_OBJECT,
	    "this program cannot tell who may change or read the object",
	    "look for a newer version, and at the chip's wiring", not_known },
	{ "update-incomplete", AUDIT_ERROR, AUDIT_OBJECT,
	    "a protected update began and did not end: the object cannot be used",
	    "send the update again", update_incomplete },
	{ "terminated", AUDIT_INFO, AUDIT_OBJECT, "the object can never be used again",
	    "use another", terminated },
	{ "monitor-open", AUDIT_WARNING, AUDIT_OBJECT,
	    "anyone can turn off what slows an attacker down",
	    "\"optiga-provision lock --policy FILE --irreversible\" with this object in FILE",
	    monitor_open },
	{ "monitor-off", AUDIT_WARNING, AUDIT_OBJECT,
	    "attacks on the chip's keys are not slowed down",
	    "write the factory's configuration, 3200050100000000", monitor_off },
	{ "counter-end", AUDIT_ERROR, AUDIT_OBJECT,
	    "the counter has reached its end: what depends on it is refused",
	    "raise the threshold if the counter is not locked, or use another key", counter_end },
	{ "counter-near", AUDIT_WARNING, AUDIT_OBJECT,
	    "the counter is near its end: what depends on it is refused then",
	    "raise the threshold if the counter is not locked, or plan for another key",
	    counter_near },
	{ "not-a-certificate", AUDIT_WARNING, AUDIT_OBJECT,
	    "the object holds bytes that nobody can read as a certificate",
	    "write a certificate, for example with \"optiga-provision run\"", not_a_certificate },

	{ "throttled", AUDIT_WARNING, AUDIT_CHIP,
	    "the chip has seen misuse, or keys used very often, and answers more slowly",
	    "leave it under power: the counter goes down by one in about five seconds", throttled },
	{ "events", AUDIT_INFO, AUDIT_CHIP,
	    "the chip counts keys and secrets used in a short time; as few come from ordinary use",
	    "wait: the counter goes down by one in about five seconds", some_events },
	{ "chip-life-cycle", AUDIT_WARNING, AUDIT_CHIP,
	    "the chip is not in the state that it is delivered in", "replace the chip", chip_life },
	{ "free-open", AUDIT_INFO, AUDIT_CHIP, "anyone can write to objects that are not in use",
	    "\"optiga-provision lock --policy FILE --irreversible\" for those that stay so",
	    free_open },

	{ "key-open", AUDIT_ERROR, AUDIT_KEY, "anyone can put another key in its place, for ever",
	    "use another slot", key_open },
	{ "key-unlocked", AUDIT_WARNING, AUDIT_KEY,
	    "whoever reaches the chip can replace the key, or change what may be done with it",
	    "\"optiga-provision lock --slot SLOT --irreversible\", once all is in place",
	    key_unlocked },
	{ "key-weak", AUDIT_ERROR, AUDIT_KEY, "keys of this size are no longer secure",
	    "remove it with \"pkcs11-tool --delete-object\" and run with another size", key_weak },
	{ "key-mismatch", AUDIT_ERROR, AUDIT_KEY,
	    "the certificate beside the key is for another key: connections with it fail",
	    "\"optiga-provision run --replace\"", key_mismatch },
	{ "key-no-certificate", AUDIT_INFO, AUDIT_KEY, "the key has no certificate here",
	    "\"optiga-provision run\" gets one", key_alone },

	{ "cert-expired", AUDIT_ERROR, AUDIT_CERT, "the certificate is no longer valid",
	    "\"optiga-provision run --replace\"", cert_expired },
	{ "cert-expiring", AUDIT_WARNING, AUDIT_CERT, "the certificate will soon end",
	    "\"optiga-provision run --replace\"", cert_expiring },
	{ "cert-not-yet", AUDIT_ERROR, AUDIT_CERT,
	    "the certificate is not valid yet, or this host's clock is wrong",
	    "set the clock, or wait", cert_not_yet },
	{ "cert-weak", AUDIT_ERROR, AUDIT_CERT,
	    "the certificate's key or signature is no longer secure",
	    "\"optiga-provision run --replace\" with another key or CA", cert_weak },
	{ "cert-test", AUDIT_WARNING, AUDIT_CERT,
	    "by its name, the CA is one for tests: others do not trust it, or should not",
	    "\"optiga-provision run --replace\" with the CA of production", cert_test },
	{ "cert-self-signed", AUDIT_WARNING, AUDIT_CERT, "nobody vouches for the device but itself",
	    "\"optiga-provision run --replace\" with a CA", cert_self_signed },
	{ "cert-no-key", AUDIT_WARNING, AUDIT_CERT, "no key on the token is the certificate's",
	    "remove it, for example with \"pkcs11-tool --delete-object\"", cert_alone },
};

const struct audit_rule *
audit_rule_row(size_t i)
{
	return i < NITEMS(rules) ? &rules[i] : NULL;
}

const struct audit_rule *
audit_rule_find(const char *id)
{
	for (size_t i = 0; i < NITEMS(rules); i++)
		if (strcmp(rules[i].id, id) == 0)
			return &rules[i];
	return NULL;
}
