/*
 * Public keys of key slots (D5). The chip tells a public key once, when it makes the pair; later
 * it is in our record, in one of the vendor's tools, in the certificate, or in two signatures.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/internal.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/store/recover.h"
#include "pkcs11/store/spki.h"

#define RECORD_MAX  300 /* SubjectPublicKeyInfo of RSA-2048: 294 bytes */
#define HASH_OF_KEY 4

/* --- records -------------------------------------------------------------------------------- */

/*
 * A vendor's record of this key's type in one object; HAL_EFORMAT when there is none. What is
 * known of the object already is not read again.
 */
static int
record_read(struct store *st, uint16_t oid, const struct chip_keytype *kt, struct buf *spki)
{
	const struct cert_slot *s = cert_slot_by_oid(st, oid);
	struct data_slot *d = data_by_oid(st, oid);
	struct buf data = BUF_INIT;
	int r;

	if (chip_model_object(chip_model(st->chip), oid) == NULL)
		return HAL_EFORMAT;
	if (s != NULL && s->loaded && (s->zero || s->n != 0))
		return HAL_EFORMAT;
	if (d != NULL) {
		if ((r = data_start(st, d, RECORD_MAX)) != 0)
			return r;
		return spki_from_record(d->raw.data, d->raw.len, kt, spki);
	}
	if ((r = chip_data_read(st->chip, oid, 0, RECORD_MAX, &data)) == 0)
		r = spki_from_record(data.data, data.len, kt, spki);
	else if (r > 0)
		r = HAL_EFORMAT; /* not for us to read */
	buf_free(&data);
	return r;
}

static bool
hash_matches(const struct buf *spki, const struct cur *start)
{
	uint8_t hash[SPKI_HASH_LEN];

	return start->len >= HASH_OF_KEY && start->len <= sizeof(hash) &&
	       spki_hash(spki, hash) == 0 && memcmp(hash, start->p, start->len) == 0;
}

static int
from_index(struct store *st, struct key *k, struct buf *spki)
{
	const struct chip_keytype *kt = key_type(k);
	struct cur v;
	int r;

	if (k->index_lies)
		return HAL_EFORMAT;
	if (!kt->rsa) {
		if (!index_get(&st->index, key_code(k), INDEX_POINT, &v))
			return HAL_EFORMAT;
		return spki_from_bits(kt, v.p, v.len, spki);
	}
	if (!index_get(&st->index, key_code(k), INDEX_HASH, &v))
		return HAL_EFORMAT;
	if ((r = record_read(st, k->row->records[0], kt, spki)) != 0)
		return r;
	return hash_matches(spki, &v) ? 0 : HAL_EFORMAT;
}

static int
from_records(struct store *st, struct key *k, struct buf *spki)
{
	int r = HAL_EFORMAT;

	for (size_t i = 0; i < NITEMS(k->row->records) && r == HAL_EFORMAT; i++) {
		if (k->row->records[i] == 0)
			break;
		r = record_read(st, k->row->records[i], key_type(k), spki);
	}
	return r;
}

/* The leaf in the default slot, unless it is known to be another key's. */
static int
from_cert(struct store *st, struct key *k, struct buf *spki)
{
	struct cert_slot *s = cert_slot_by_oid(st, k->row->cert);
	const struct cert *c;
	bool known, same;
	int r;

	if ((r = cert_load(st, s)) != 0)
		return r;
	c = &s->certs[0];
	if (s->n == 0 || c->spki.len == 0 || c->type != key_type(k))
		return HAL_EFORMAT;
	for (size_t i = 0; i < NKEYS; i++) {
		if (&st->keys[i] == k)
			continue;
		if ((r = key_index_match(st, &st->keys[i], &c->spki, &known, &same)) != 0)
			return r;
		if (same)
			return HAL_EFORMAT;
	}
	buf_reset(spki);
	return buf_put(spki, c->spki.data, c->spki.len);
}

int
key_index_match(
    struct store *st, const struct key *k, const struct buf *spki, bool *known, bool *same)
{
	struct buf half = BUF_INIT;
	struct cur v;
	int r;

	*known = *same = false;
	if ((r = index_load(st)) != 0)
		return r;
	if (k->index_lies ||
	    (index_state(&st->index, key_code(k)) &
		(INDEX_STATE_DESTROYED | INDEX_STATE_PENDING)) == INDEX_STATE_DESTROYED)
		return 0;
	if (k->row->rsa) {
		*known = index_get(&st->index, key_code(k), INDEX_HASH, &v);
		*same = *known && hash_matches(spki, &v);
		return 0;
	}
	*known = index_get(&st->index, key_code(k), INDEX_POINT, &v);
	if (*known && spki_compress(spki, &half) == 0)
		*same = half.len == v.len && memcmp(half.data, v.p, v.len) == 0;
	buf_free(&half);
	return 0;
}

/* --- signatures ----------------------------------------------------------------------------- */

static int
make_signature(struct store *st, const struct key *k, struct recover_sig *s)
{
	const struct chip_keytype *kt = key_type(k);

	return kt->rsa ? chip_sign_rsa(st->chip, k->row->oid, s->digest, s->digest_len, &s->sig)
		       : chip_sign_ecdsa(
			     st->chip, k->row->oid, kt->size, s->digest, s->digest_len, &s->sig);
}

/* 0: spki is k's. HAL_EFORMAT: it is not. */
static int
confirm(struct store *st, const struct key *k, const struct buf *spki)
{
	struct recover_sig s = { .digest_len = RECOVER_DIGEST_LEN, .sig = BUF_INIT };
	int r;

	if (ossl_random(s.digest, s.digest_len) != 0)
		return HAL_ECRYPTO;
	if ((r = make_signature(st, k, &s)) == 0)
		r = recover_check(key_type(k), spki, &s);
	buf_free(&s.sig);
	return r;
}

/* A computation that others shall not wait for: they may use the chip meanwhile. */
static int
recover_slowly(struct store *st, const struct key *k, const struct recover_sig *s, unsigned n,
    struct buf *spki)
{
	int r, again;

	log_info("%04X: the RSA public key is nowhere recorded; finding it from signatures takes "
		 "up to a minute",
	    k->row->oid);
	chip_release(st->chip);
	r = recover_key(key_type(k), s, n, spki);
	if ((again = chip_acquire(st->chip)) != 0) {
		st->let_go = true;
		return again;
	}
	if (st->change == chip_change(st->chip))
		return r;
	log_info("%04X: the chip was changed meanwhile; ask again", k->row->oid);
	return HAL_EBUSY;
}

static int
from_signatures(struct store *st, struct key *k, struct buf *spki)
{
	const bool sha512 = chip_model_can(chip_model(st->chip), CHIP_CMD_SIGN, CHIP_RSA_SHA512);
	const struct chip_keytype *kt = key_type(k);
	struct recover_sig s[RECOVER_MAX];
	unsigned n = 0, need;
	int r;

	if (!key_signs(st, k))
		return HAL_EFORMAT;
	memset(s, 0, sizeof(s));
	if ((r = recover_digests(kt, sha512, s, &need)) != 0)
		return r;
	do {
		if ((r = make_signature(st, k, &s[n++])) != 0) {
			if (r > 0) /* refused: no help from this key */
				r = HAL_EFORMAT;
			break;
		}
		if (n < need)
			r = HAL_EFORMAT;
		else
			r = recover_long(kt, sha512) ? recover_slowly(st, k, s, n, spki)
						     : recover_key(kt, s, n, spki);
	} while (r == HAL_EFORMAT && n < (kt->rsa ? need : RECOVER_MAX));
	for (n = 0; n < RECOVER_MAX; n++)
		buf_free(&s[n].sig);
	if (r == 0)
		log_info("%04X: public key recovered from signatures", k->row->oid);
	return r;
}

/* --- in order ------------------------------------------------------------------------------- */

static int (*const sources[])(struct store *, struct key *, struct buf *) = {
	[PUB_INDEX] = from_index,
	[PUB_RECORD] = from_records,
	[PUB_CERT] = from_cert,
	[PUB_SIGNATURES] = from_signatures,
};
static const char *const source_names[] = {
	[PUB_INDEX] = "the index",
	[PUB_RECORD] = "a data object",
	[PUB_CERT] = "the certificate",
	[PUB_SIGNATURES] = "signatures",
};

static const enum pub_source last_source[] = {
	[PUB_LOOK] = PUB_RECORD,
	[PUB_WITNESS] = PUB_CERT,
	[PUB_RECOVER] = PUB_SIGNATURES,
	[PUB_SURE] = PUB_SIGNATURES,
};

/* The next source that has a key and was not asked yet. */
static int
next_source(struct store *st, struct key *k, enum pub_source last)
{
	int r;

	for (enum pub_source s = PUB_INDEX; s <= last; s++) {
		if ((k->looked & 1U << s) != 0)
			continue;
		if ((r = sources[s](st, k, &k->spki)) == 0) {
			k->source = s;
			k->confirmed = s == PUB_SIGNATURES;
		} else {
			buf_reset(&k->spki);
		}
		if (r != 0 && r != HAL_EFORMAT)
			return r;
		k->looked |= 1U << s;
		if (r == 0)
			return 0;
	}
	return STORE_ENOPUBKEY;
}

static void
discard(struct key *k)
{
	log_info("%04X: a signature shows that %s has the public key of another key", k->row->oid,
	    source_names[k->source]);
	k->index_lies |= k->source == PUB_INDEX;
	k->source = PUB_NONE;
	buf_reset(&k->spki);
}

int
key_public(struct store *st, struct key *k, enum pub_effort effort)
{
	bool yes;
	int r;

	if ((r = key_exists(st, k, &yes)) != 0)
		return r;
	if (!yes)
		return STORE_ENOPUBKEY;
	for (;;) {
		if (k->spki.len == 0 && (r = next_source(st, k, last_source[effort])) != 0)
			break;
		if (effort != PUB_SURE || k->confirmed || !key_signs(st, k))
			return 0;
		if ((r = confirm(st, k, &k->spki)) == 0) {
			k->confirmed = true;
			return 0;
		}
		if (r != HAL_EFORMAT)
			return r > 0 ? 0 : r; /* refused: what there is must do */
		discard(k);
	}
	if (r == STORE_ENOPUBKEY && effort >= PUB_RECOVER)
		log_info("%04X: no record of the public key, and the key cannot tell it by "
			 "signatures",
		    k->row->oid);
	return r;
}

int
key_public_exists(struct store *st, struct key *k, bool *yes)
{
	int r;

	if ((r = key_exists(st, k, yes)) != 0 || !*yes)
		return r;
	if (k->spki.len != 0 || key_signs(st, k))
		return 0;
	r = key_public(st, k, PUB_WITNESS);
	*yes = r == 0;
	if (r != STORE_ENOPUBKEY)
		return r;
	log_info("%04X: private key without a public key: no record, and it cannot tell it by "
		 "signatures",
	    k->row->oid);
	return 0;
}

/* --- recording ------------------------------------------------------------------------------ */

int
key_record(struct index *ix, const struct key *k, const struct buf *spki)
{
	uint8_t hash[SPKI_HASH_LEN];
	struct buf half = BUF_INIT;
	int r;

	if (k->row->rsa) {
		if ((r = spki_hash(spki, hash)) != 0)
			return r;
		return index_put(ix, key_code(k), INDEX_HASH, hash, HASH_OF_KEY);
	}
	if ((r = spki_compress(spki, &half)) == 0)
		r = index_put(ix, key_code(k), INDEX_POINT, half.data, half.len);
	buf_free(&half);
	return r;
}

void
key_record_found(struct store *st, struct index *ix)
{
	for (size_t i = 0; i < NKEYS; i++) {
		const struct key *k = &st->keys[i];
		const uint8_t state = index_state(ix, key_code(k));

		if (!k->confirmed || k->spki.len == 0 || k->source == PUB_INDEX)
			continue;
		if ((state & (INDEX_STATE_PENDING | INDEX_STATE_DESTROYED)) != 0)
			continue;
		if (k->index_lies)
			(void)index_set_state(
			    ix, key_code(k), state & (uint8_t)~INDEX_STATE_GENERATED);
		if (key_record(ix, k, &k->spki) != 0)
			log_debug("%04X: no room to record the public key", k->row->oid);
	}
}
