/* Which key a certificate belongs to, and what that makes of its ID and label (D3, D4). */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/store/internal.h"
#include "pkcs11/store/spki.h"

/* Keys whose public keys are in the index: no traffic but the metadata of the one that fits. */
static int
pair_by_index(struct store *st, const struct cert *c, const struct key **kp)
{
	bool known, same, yes;
	int r;

	for (size_t i = 0; i < NKEYS; i++) {
		struct key *k = &st->keys[i];

		if (k->row->rsa != c->type->rsa)
			continue;
		if ((r = key_index_match(st, k, &c->spki, &known, &same)) != 0)
			return r;
		if (!same)
			continue;
		if ((r = key_exists(st, k, &yes)) != 0)
			return r;
		if (yes) {
			*kp = k;
			return 0;
		}
	}
	return 0;
}

/*
 * Keys that the index does not know: by the vendor's records, else by the place. A key without
 * any record in whose default slot a certificate of its type lies is taken for the certified
 * one; where that matters a signature confirms it (key_public).
 */
static int
pair_by_record(
    struct store *st, const struct cert_slot *s, const struct cert *c, const struct key **kp)
{
	const struct key *by_place = NULL;
	bool known, same, yes;
	int r;

	for (size_t i = 0; i < NKEYS; i++) {
		struct key *k = &st->keys[i];

		if (k->row->rsa != c->type->rsa)
			continue;
		if ((r = key_index_match(st, k, &c->spki, &known, &same)) != 0 ||
		    (!known && (r = key_exists(st, k, &yes)) != 0))
			return r;
		if (known || !yes || key_type(k) != c->type)
			continue;
		r = key_public(st, k, PUB_LOOK);
		if (r == 0 && spki_equal(&k->spki, &c->spki)) {
			*kp = k;
			return 0;
		}
		if (r == STORE_ENOPUBKEY && k->row->cert == s->row->oid &&
		    (k->looked & 1U << PUB_SIGNATURES) == 0)
			by_place = k;
		else if (r != 0 && r != STORE_ENOPUBKEY)
			return r;
	}
	*kp = by_place;
	return 0;
}

int
cert_pair(struct store *st, struct cert_slot *s, struct cert *c, const struct key **kp)
{
	int r;

	/* A further certificate of a chain, and a trust anchor, belong to somebody else. */
	if (s->row->anchor || c != &s->certs[0] || c->spki.len == 0)
		c->paired = true;
	if (!c->paired) {
		if ((r = pair_by_index(st, c, &c->key)) != 0)
			return r;
		if (c->key == NULL && (r = pair_by_record(st, s, c, &c->key)) != 0)
			return r;
		c->paired = true;
	}
	*kp = c->key;
	return 0;
}

void
cert_unpair(struct store *st)
{
	for (size_t i = 0; i < NCERTSLOTS; i++)
		for (unsigned j = 0; j < st->certs[i].n; j++) {
			st->certs[i].certs[j].key = NULL;
			st->certs[i].certs[j].paired = false;
		}
}

static unsigned
number(const struct object *o)
{
	return (unsigned)(o->cert - o->slot->certs);
}

/* E0 E1, and for further certificates of a chain E0 E1 01, E0 E1 02, ... */
int
cert_id(struct store *st, const struct object *o, struct buf *out)
{
	const unsigned n = number(o);
	const struct key *k;
	struct cur id;
	int r;

	if ((r = cert_pair(st, o->slot, o->cert, &k)) != 0 || (r = index_load(st)) != 0)
		return r;
	if (k != NULL)
		return key_id(st, k, out);
	if (index_get(&st->index, index_code(o->slot->row->oid, n), INDEX_ID, &id))
		return buf_put(out, id.p, id.len);
	r = buf_put_u16(out, o->slot->row->oid);
	return r != 0 || n == 0 ? r : buf_put_u8(out, (uint8_t)n);
}

int
cert_label(struct store *st, const struct object *o, struct buf *out)
{
	const unsigned n = number(o);
	const struct key *k;
	struct cur label;
	char text[16];
	int r;

	if ((r = index_load(st)) != 0)
		return r;
	if (index_get(&st->index, index_code(o->slot->row->oid, n), INDEX_LABEL, &label))
		return buf_put(out, label.p, label.len);
	if ((r = cert_pair(st, o->slot, o->cert, &k)) != 0)
		return r;
	if (k != NULL)
		return key_label(st, k, out);
	if (n == 0)
		(void)snprintf(text, sizeof(text), "%04x", o->slot->row->oid);
	else
		(void)snprintf(text, sizeof(text), "%04x-%u", o->slot->row->oid, n);
	return buf_put(out, text, strlen(text));
}
