/* What rules of "audit" look for in keys and certificates; see auditint.h. */
#include <config.h>

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "provision/auditint.h"
#include "provision/cert.h"

#define NITEMS(a)    (sizeof(a) / sizeof((a)[0]))

#define RSA_MIN      2048 /* NIST SP 800-131A */
#define EC_MIN       224
#define ALG_RSA_1024 0x41

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

bool
audit_key_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chip_object *o = key_object(a, x);

	return o != NULL && chip_locked(o) && audit_is_open(a, o) && audit_say_change(o, what, n);
}

bool
audit_key_unlocked(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chip_object *o = key_object(a, x);

	return o != NULL && !chip_locked(o) && audit_say_change(o, what, n);
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

bool
audit_key_weak(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
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

/* A key whose public half is not known may be anybody's: of certificates nothing is said then. */
static bool
all_known(const struct chipmap *m)
{
	for (size_t k = 0; k < m->nkeys; k++)
		if (m->keys[k].key.pub == NULL)
			return false;
	return true;
}

bool
audit_key_mismatch(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chipmap *m = a->show->map;

	if (!all_known(m))
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

bool
audit_key_alone(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	size_t next = 0;

	(void)what;
	(void)n;
	return chipmap_cert_of(a->show->map, x->key, &next) == NULL;
}

bool
audit_key_unknown(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)what;
	(void)n;
	return key_of(a, x)->key.pub == NULL;
}

/* --- certificates -------------------------------------------------------------------------- */

static const struct certinfo *
info_of(const struct audit *a, const struct audit_subject *x)
{
	return &a->show->certs[x->cert];
}

bool
audit_cert_expired(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct certinfo *ci = info_of(a, x);

	(void)snprintf(what, n, "ended %s", ci->until);
	return ci->ends < a->show->now;
}

bool
audit_cert_expiring(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const long days = certinfo_days(info_of(a, x), a->show->now);

	(void)snprintf(what, n, "ends %s, in %ld days", info_of(a, x)->until, days);
	return info_of(a, x)->ends >= a->show->now && days < a->days;
}

bool
audit_cert_not_yet(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)snprintf(what, n, "begins %s", info_of(a, x)->from);
	return info_of(a, x)->starts > a->show->now;
}

bool
audit_cert_weak(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
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

bool
audit_cert_test(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
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
bool
audit_cert_self_signed(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chip_x509 *c = &a->show->map->certs[x->cert];

	(void)snprintf(what, n, "%s", info_of(a, x)->subject);
	return info_of(a, x)->self_signed && c->at == 0 && !is_anchor(a, c) &&
	       (!info_of(a, x)->ca || c->key >= 0);
}

/* Unless it is a CA's, kept for those who verify, or a key is there that it may be for. */
bool
audit_cert_alone(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chipmap *m = a->show->map;
	const struct chip_x509 *c = &m->certs[x->cert];

	if (c->at > 0 || c->key >= 0 || is_anchor(a, c) || info_of(a, x)->ca || !all_known(m))
		return false;
	for (size_t k = 0; k < m->nkeys; k++) {
		const struct audit_subject y = { .key = k };

		if (is_beside(a, &y, c))
			return false;
	}
	(void)snprintf(what, n, "%s", info_of(a, x)->subject);
	return true;
}
