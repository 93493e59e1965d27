/* Key slots: what is in them, what they are called, whether they are free (D3, D6). */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/internal.h"

void
key_forget(struct key *k)
{
	buf_free(&k->spki);
	*k = (struct key){ .row = k->row, .source = PUB_NONE };
}

uint8_t
key_code(const struct key *k)
{
	return index_code(k->row->oid, 0);
}

int
key_meta(struct store *st, struct key *k)
{
	int r;

	if (k->meta_known)
		return 0;
	if ((r = chip_meta_read(st->chip, k->row->oid, &k->meta)) != 0)
		return r;
	k->meta_known = true;
	return 0;
}

const struct chip_keytype *
key_type(const struct key *k)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(k->meta.alg);

	return kt != NULL && kt->rsa == k->row->rsa ? kt : NULL;
}

bool
key_signs(struct store *st, const struct key *k)
{
	return k->meta.usage > 0 && (k->meta.usage & (CHIP_USE_AUTH | CHIP_USE_SIGN)) != 0 &&
	       access_usable(st, &k->meta);
}

/* What a destroyed key was overwritten with is still what is there, as far as can be seen. */
static bool
overwritten(const struct store *st, const struct key *k)
{
	struct cur hash, alg;

	return k->meta.usage == CHIP_USE_KEYAGREE &&
	       index_get(&st->index, key_code(k), INDEX_HASH, &hash) &&
	       index_get(&st->index, key_code(k), INDEX_ALG, &alg) && alg.len == 1 &&
	       alg.p[0] == k->meta.alg;
}

/*
 * The index alone never frees a slot, except by an intent: whoever sees that while holding the
 * chip knows that its writer did not come to the end. An intent to destroy leaves the key what
 * it was until it has become key agreement alone.
 */
static bool
occupied(const struct store *st, const struct key *k)
{
	const uint8_t state = index_state(&st->index, key_code(k));

	if (k->meta.usage < 0)
		return false;
	if ((state & INDEX_STATE_PENDING) != 0)
		return (state & INDEX_STATE_DESTROYED) != 0 && k->meta.usage != CHIP_USE_KEYAGREE;
	if ((state & INDEX_STATE_DESTROYED) != 0)
		return !overwritten(st, k) || k->proof == PROOF_BAD;
	return true;
}

static int
look(struct store *st, struct key *k, bool *there, bool *yes)
{
	int r;

	*yes = false;
	*there = chip_model_object(chip_model(st->chip), k->row->oid) != NULL;
	if (!*there)
		return 0;
	if ((r = index_load(st)) != 0 || (r = key_meta(st, k)) != 0)
		return r;
	*yes = occupied(st, k);
	return 0;
}

int
key_exists(struct store *st, struct key *k, bool *yes)
{
	bool there;
	const int r = look(st, k, &there, yes);

	if (r == 0 && *yes && key_type(k) == NULL) {
		log_debug("%04X: key of unknown algorithm %02X", k->row->oid,
		    (unsigned)k->meta.alg & 0xFF);
		*yes = false;
	}
	return r;
}

/*
 * What a listing leaves out on the index's word is not overwritten on it. Shown to be somebody's
 * key, it is an object from then on.
 */
int
key_free(struct store *st, struct key *k, bool *yes)
{
	bool there, used;
	int r;

	*yes = false;
	if ((r = look(st, k, &there, &used)) != 0 || !there || used)
		return r;
	if (k->meta.usage >= 0 &&
	    (index_state(&st->index, key_code(k)) &
		(INDEX_STATE_DESTROYED | INDEX_STATE_PENDING)) == INDEX_STATE_DESTROYED) {
		if ((r = key_prove_destroyed(st, k)) != 0)
			return r;
		used = k->proof == PROOF_BAD;
	}
	*yes = !used;
	return 0;
}

/* The index's field that tells one key of a slot from the next. */
static bool
identity(const struct store *st, const struct key *k, struct cur *value)
{
	const struct chip_keytype *kt = key_type(k);

	if (kt == NULL || k->index_lies)
		return false;
	if (kt->rsa)
		return index_get(&st->index, key_code(k), INDEX_HASH, value);
	/* A point of another length belongs to a key that was here before. */
	return index_get(&st->index, key_code(k), INDEX_POINT, value) && value->len == 1 + kt->size;
}

static bool
generated_here(const struct store *st, const struct key *k, struct cur *id)
{
	return (index_state(&st->index, key_code(k)) & INDEX_STATE_GENERATED) != 0 &&
	       identity(st, k, id);
}

bool
key_local(struct store *st, const struct key *k)
{
	struct cur id;

	return generated_here(st, k, &id);
}

uint64_t
key_stamp(struct store *st, const struct key *k)
{
	struct cur id;

	/* A public key recorded later must not make another object of a key that was found here. */
	if (!generated_here(st, k, &id))
		return (uint64_t)k->meta.alg;
	return object_stamp(id.p, id.len);
}

int
key_id(struct store *st, const struct key *k, struct buf *out)
{
	struct cur id;
	int r;

	if ((r = index_load(st)) != 0)
		return r;
	if (index_get(&st->index, key_code(k), INDEX_ID, &id))
		return buf_put(out, id.p, id.len);
	return buf_put_u16(out, k->row->oid);
}

int
key_label(struct store *st, const struct key *k, struct buf *out)
{
	struct cur label;
	char hex[5];
	int r;

	if ((r = index_load(st)) != 0)
		return r;
	if (index_get(&st->index, key_code(k), INDEX_LABEL, &label))
		return buf_put(out, label.p, label.len);
	(void)snprintf(hex, sizeof(hex), "%04x", k->row->oid);
	return buf_put(out, hex, 4);
}
