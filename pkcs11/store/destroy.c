/*
 * C_DestroyObject: PKCS #11 5.7, and D6 for keys. The chip cannot delete a key, so another one
 * that can do nothing but agree on keys takes its place, and the index says so.
 */
#include <config.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/kind.h"
#include "pkcs11/store/spki.h"

#define HASH_OF_DESTROYED 8

/*
 * What overwrites a key: of the types that fit the least common one, so that somebody's own
 * derive-only key is not taken for a destroyed one.
 */
static const struct chip_keytype *
throwaway(const struct store *st, bool rsa)
{
	const struct chip_model *m = chip_model(st->chip);
	const struct chip_keytype *best = NULL, *kt;

	for (size_t i = 0; (kt = chip_keytype_at(i)) != NULL; i++) {
		if (kt->rsa != rsa || !chip_model_has_alg(m, kt->alg))
			continue;
		if (best == NULL || !rsa) /* the last curve; the first, smaller RSA size */
			best = kt;
	}
	return best;
}

static int
record_destroyed(struct index *ix, const struct key *k, const struct chip_keytype *kt,
    const uint8_t hash[SPKI_HASH_LEN])
{
	const uint8_t code = key_code(k), alg = (uint8_t)kt->alg;
	int r;

	index_drop(ix, code);
	if ((r = index_set_state(ix, code, INDEX_STATE_DESTROYED)) != 0 ||
	    (r = index_put(ix, code, INDEX_HASH, hash, HASH_OF_DESTROYED)) != 0)
		return r;
	return index_put(ix, code, INDEX_ALG, &alg, 1);
}

/* Room for the intent as well as for the record that follows. */
static int
plan(struct store *st, const struct key *k, const struct chip_keytype *kt, struct index *intent)
{
	static const uint8_t filler[SPKI_HASH_LEN];
	const uint8_t code = key_code(k);
	struct index last;
	int r;

	*intent = last = st->index;
	r = index_set_state(
	    intent, code, index_state(intent, code) | INDEX_STATE_PENDING | INDEX_STATE_DESTROYED);
	if (r == 0)
		r = record_destroyed(&last, k, kt, filler);
	if (r == HAL_ETOOBIG)
		return STORE_EFULL;
	return r != 0 ? r : index_room(st, intent->len > last.len ? intent->len : last.len);
}

static int
overwrite(struct store *st, struct key *k, const struct chip_keytype *kt, struct index *ix)
{
	const struct index before = st->index;
	struct buf pub = BUF_INIT, spki = BUF_INIT;
	uint8_t hash[SPKI_HASH_LEN];
	int r, back;

	if ((r = index_save(st, ix)) != 0)
		goto out;
	r = chip_keypair(st->chip, k->row->oid, kt->alg, CHIP_USE_KEYAGREE, &pub);
	if (r > 0) { /* refused: the key is as it was */
		if ((back = index_save(st, &before)) != 0)
			log_debug("%04X: intent stays: %s", k->row->oid, hal_strerror(back));
		goto out;
	}
	key_forget(k);
	if (r == 0 && (r = spki_from_record(pub.data, pub.len, kt, &spki)) == 0 &&
	    (r = spki_hash(&spki, hash)) == 0 && (r = record_destroyed(ix, k, kt, hash)) == 0)
		r = index_save(st, ix);
out:
	buf_free(&pub);
	buf_free(&spki);
	return r;
}

static int
destroy_key(struct store *st, struct key *k)
{
	const struct chip_keytype *kt = throwaway(st, k->row->rsa);
	struct index ix;
	int r;

	if (k->row->oid == OID_FACTORY) {
		log_info("%04X, the factory's key, is left alone", k->row->oid);
		return STORE_EPROHIBITED;
	}
	if (!access_changeable(st, &k->meta)) {
		log_info("%04X is locked: the key stays", k->row->oid);
		return STORE_EPROHIBITED;
	}
	if (kt == NULL)
		return HAL_ENOTSUP;
	if ((r = index_load(st)) != 0 || (r = plan(st, k, kt, &ix)) != 0)
		return r;
	r = overwrite(st, k, kt, &ix);
	cert_unpair(st);
	return r;
}

/* The chain without one of its issuers. */
static int
rewrite_without(struct store *st, struct cert_slot *s, unsigned n)
{
	struct cur ders[CHAIN_MAX];
	struct buf content = BUF_INIT;
	unsigned count = 0;
	int r;

	for (unsigned i = 0; i < s->n; i++)
		if (i != n)
			ders[count++] =
			    (struct cur){ s->raw.data + s->certs[i].at, s->certs[i].len };
	if ((r = cert_join(ders, count, &content)) == 0)
		r = cert_write(st, s, &content);
	buf_free(&content);
	return r;
}

/* The entries of certificates n and later: those behind a removed one move up. */
static void
drop_entries(struct index *ix, uint16_t oid, unsigned n)
{
	for (unsigned i = n; i < CHAIN_MAX; i++)
		index_drop(ix, index_code(oid, i));
}

/* The leaf takes its chain with it: issuers alone belong to nothing. */
static int
destroy_cert(struct store *st, struct cert_slot *s, unsigned n)
{
	struct index ix;
	int r;

	if ((r = index_load(st)) != 0)
		return r;
	ix = st->index;
	if ((r = n == 0 ? cert_erase(st, s) : rewrite_without(st, s, n)) != 0)
		return r;
	drop_entries(&ix, s->row->oid, n);
	return index_save_found(st, &ix);
}

int
key_destroy(struct store *st, const struct object *o)
{
	const CK_OBJECT_HANDLE pub = object_companion(st, o);
	int r;

	if ((r = destroy_key(st, o->key)) == 0 && pub != 0)
		st->handles[pub - 1].along = true;
	return r;
}

bool
store_went_along(struct store *st, CK_OBJECT_HANDLE h)
{
	if (h == 0 || h > st->nhandles || !st->handles[h - 1].along)
		return false;
	st->handles[h - 1].along = false;
	return true;
}

int
public_destroy(struct store *st, const struct object *o)
{
	(void)st;
	log_info("%04X: the public key goes with the private one", object_oid(o));
	return STORE_EPROHIBITED;
}

int
cert_destroy(struct store *st, const struct object *o)
{
	return destroy_cert(st, o->slot, o->n);
}

/*
 * Marks the entry, so that what is cut short is no object with the wrong content. One that this
 * module did not make has no state, and its content tells.
 */
static int
save_intent(struct store *st, struct index *ix, uint8_t code)
{
	const uint8_t state = index_state(ix, code);
	int r;

	if (state == 0)
		return 0;
	r = index_set_state(ix, code, state | INDEX_STATE_PENDING);
	return r != 0 ? r : index_save(st, ix);
}

/* Content before names: without an object they mean nothing. */
int
data_destroy(struct store *st, const struct object *o)
{
	struct index ix;
	int r;

	if (o->data == NULL) {
		log_info("%04X: the chip cannot delete this key, only replace it", OID_AES);
		return STORE_EPROHIBITED;
	}
	if ((r = index_load(st)) != 0)
		return r;
	ix = st->index;
	if ((r = data_unlocked(st, o->data)) != 0 ||
	    (r = save_intent(st, &ix, index_code(o->data->oid, 0))) != 0 ||
	    (r = data_erase(st, o->data)) != 0)
		return r;
	object_retire(st, o);
	index_drop(&ix, index_code(o->data->oid, 0));
	return index_save_found(st, &ix);
}

int
store_destroy(struct store *st, CK_OBJECT_HANDLE h)
{
	struct object o;
	int r;

	if ((r = store_enter(st)) != 0)
		return r;
	if ((r = object_resolve(st, h, &o)) == 0)
		r = kinds[o.kind]->destroy(st, &o);
	return store_leave(st, r);
}
