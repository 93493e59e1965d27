/*
 * Data objects F1D0-F1DF, F1E0, F1E1 (D2): what is in them, whose it is, and writing them; and
 * the slot of a symmetric key. A fresh object is not empty but full of zeros.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/internal.h"
#include "pkcs11/store/spki.h"

/* SRM "Data Object Types" */
#define TYPE_PRESSEC  0x21 /* pre-shared secret */
#define TYPE_PTFBIND  0x22 /* platform binding secret */
#define TYPE_UPDATSEC 0x23 /* secret of protected updates */
#define TYPE_AUTOREF  0x31 /* authorization reference */

#define FIRST_SMALL   0xF1D0
#define NSMALL        16
#define FIRST_BIG     0xF1E0

/* A look at this much tells most contents from zeros. */
#define LOOK_LEN 140

void
data_slots(struct store *st)
{
	for (unsigned i = 0; i < NDATASLOTS; i++)
		st->data[i].oid = (uint16_t)(i < NSMALL ? FIRST_SMALL + i : FIRST_BIG + i - NSMALL);
}

struct data_slot *
data_by_oid(struct store *st, unsigned oid)
{
	for (size_t i = 0; i < NDATASLOTS; i++)
		if (st->data[i].oid == oid)
			return &st->data[i];
	return NULL;
}

void
data_forget(struct data_slot *d)
{
	buf_free(&d->raw);
	*d = (struct data_slot){ .oid = d->oid };
}

size_t
data_max(struct store *st, const struct data_slot *d)
{
	const struct chip_object *o = chip_model_object(chip_model(st->chip), d->oid);

	return o != NULL ? o->max : 0;
}

bool
data_type_secret(int type)
{
	return type == TYPE_PRESSEC || type == TYPE_PTFBIND || type == TYPE_UPDATSEC ||
	       type == TYPE_AUTOREF;
}

int
data_meta(struct store *st, struct data_slot *d)
{
	int r;

	if (d->meta_known)
		return 0;
	if ((r = chip_meta_read(st->chip, d->oid, &d->meta)) == 0)
		d->meta_known = true;
	return r;
}

/* --- content -------------------------------------------------------------------------------- */

bool
data_all_zero(const struct buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->data[i] != 0)
			return false;
	return true;
}

/* Content from where raw ends, at most max bytes more; what the chip refuses is unreadable. */
static int
read_on(struct store *st, struct data_slot *d, size_t max)
{
	const size_t had = d->raw.len;
	const int r = chip_data_read(st->chip, d->oid, had, max, &d->raw);

	if (r > 0) {
		log_debug("%04X cannot be read: %s", d->oid, hal_strerror(r));
		buf_reset(&d->raw);
		d->unreadable = d->whole = true;
		return 0;
	}
	if (r == 0)
		d->whole = d->raw.len - had < max || d->raw.len >= data_max(st, d);
	return r;
}

int
data_start(struct store *st, struct data_slot *d, size_t n)
{
	return d->whole || d->raw.len >= n ? 0 : read_on(st, d, n - d->raw.len);
}

/* Enough of the content to say whether it is all zero. */
static int
look(struct store *st, struct data_slot *d)
{
	int r;

	if (d->looked)
		return 0;
	if ((r = data_start(st, d, LOOK_LEN)) != 0)
		return r;
	if (!d->whole && data_all_zero(&d->raw) && (r = read_on(st, d, data_max(st, d))) != 0)
		return r;
	d->zero = !d->unreadable && data_all_zero(&d->raw);
	d->looked = true;
	return 0;
}

int
data_load(struct store *st, struct data_slot *d)
{
	int r;

	if ((r = look(st, d)) != 0 || d->whole)
		return r;
	return read_on(st, d, data_max(st, d));
}

/* --- whose it is ---------------------------------------------------------------------------- */

/*
 * Whether the content is the public key of the RSA key whose record this object is for, or of
 * one that is no more: our own book-keeping, no object.
 */
static int
is_record(struct store *st, struct data_slot *d, bool *yes)
{
	struct buf spki = BUF_INIT;
	const struct chip_keytype *kt;
	bool known;
	int r = 0;

	*yes = false;
	for (size_t i = 0; i < NKEYS && r == 0 && !*yes; i++) {
		struct key *k = &st->keys[i];

		if (!k->row->rsa || k->row->records[0] != d->oid || d->unreadable)
			continue;
		if ((r = data_load(st, d)) != 0)
			break;
		r = HAL_EFORMAT;
		for (size_t t = 0; r == HAL_EFORMAT && (kt = chip_keytype_at(t)) != NULL; t++)
			if (kt->rsa)
				r = spki_from_record(d->raw.data, d->raw.len, kt, &spki);
		if (r == HAL_EFORMAT) {
			r = 0;
			break;
		}
		if (r == 0)
			r = key_index_match(st, k, &spki, &known, yes);
		if (r == 0 && !*yes)
			r = key_free(st, k, yes);
	}
	buf_free(&spki);
	return r;
}

/*
 * An untyped object that is not of the index. Where writing was cut short the content tells: it is
 * as before or as it was to be, for the chip writes it at once.
 */
static int
is_data(struct store *st, struct data_slot *d, bool *yes)
{
	const uint8_t state = index_state(&st->index, index_code(d->oid, 0));
	bool record;
	int r;

	*yes = (state & (INDEX_STATE_DATA | INDEX_STATE_PENDING)) == INDEX_STATE_DATA;
	if (*yes)
		return 0;
	if ((r = look(st, d)) != 0 || d->zero)
		return r;
	r = is_record(st, d, &record);
	*yes = r == 0 && !record;
	return r;
}

bool
data_cut_short(const struct store *st, const struct data_slot *d)
{
	return (index_state(&st->index, index_code(d->oid, 0)) & INDEX_STATE_PENDING) != 0;
}

int
data_exists(struct store *st, struct data_slot *d, bool secret, bool *yes)
{
	enum index_owner owner;
	bool indexed;
	int r;

	*yes = false;
	if (chip_model_object(chip_model(st->chip), d->oid) == NULL)
		return 0;
	if ((r = index_load(st)) != 0 || (r = index_part_look(st, d->oid, &indexed, &owner)) != 0)
		return r;
	if (indexed && (owner == INDEX_OURS || owner == INDEX_LATER))
		return 0;
	if ((r = data_meta(st, d)) != 0)
		return r;
	if (d->meta.type == TYPE_PRESSEC || secret) {
		*yes = secret && d->meta.type == TYPE_PRESSEC && !data_cut_short(st, d);
		return 0;
	}
	if (d->meta.type > 0) {
		*yes = true;
		return 0;
	}
	if (!indexed)
		return is_data(st, d, yes);
	*yes = owner == INDEX_FOREIGN;
	return 0;
}

int
data_free_slot(struct store *st, struct data_slot *d, bool *yes)
{
	bool used;
	int r;

	*yes = false;
	if (index_part_named(st, d->oid) || data_max(st, d) == 0)
		return 0;
	if ((r = data_exists(st, d, false, &used)) != 0 || used)
		return r;
	if ((r = data_exists(st, d, true, &used)) != 0 || used)
		return r;
	/* The record of an RSA key that is there stays. */
	if (d->looked && !d->zero)
		return 0;
	*yes = access_changeable(st, &d->meta);
	return 0;
}

/* --- writing -------------------------------------------------------------------------------- */

int
data_unlocked(struct store *st, struct data_slot *d)
{
	int r;

	if ((r = data_meta(st, d)) != 0)
		return r;
	if (access_changeable(st, &d->meta))
		return 0;
	log_info("%04X is locked: its rules do not let anybody here change it", d->oid);
	return STORE_EPROHIBITED;
}

int
data_write(struct store *st, struct data_slot *d, size_t off, const struct cur *bytes,
    enum chip_write mode)
{
	data_forget(d);
	index_part_forget(st, d->oid);
	return chip_data_write(st->chip, d->oid, off, bytes->p, bytes->len, mode);
}

/*
 * One zero is the least that an object holds after erasing. A secret's place becomes an
 * ordinary data object again: no type, readable, of no use to the chip; in this order nothing
 * of the secret can be read when it is cut short.
 */
int
data_erase(struct store *st, struct data_slot *d)
{
	static const uint8_t nothing = 0;
	static const uint8_t plain[] = { 0xD1, 1, 0x00, 0xD3, 1, 0xFF, 0xE8, 1, 0x00 };
	const struct cur empty = { &nothing, 1 };
	bool typed;
	int r;

	if ((r = data_meta(st, d)) != 0)
		return r;
	typed = d->meta.type > 0;
	if ((r = data_write(st, d, 0, &empty, CHIP_ERASE_WRITE)) != 0 || !typed)
		return r;
	return chip_meta_write(st->chip, d->oid, plain, sizeof(plain));
}

/* --- the symmetric key ---------------------------------------------------------------------- */

int
aes_meta(struct store *st)
{
	int r;

	if (st->aes.meta_known)
		return 0;
	if ((r = chip_meta_read(st->chip, OID_AES, &st->aes.meta)) == 0)
		st->aes.meta_known = true;
	return r;
}

size_t
aes_key_len(const struct chip_meta *m)
{
	switch (m->alg) {
	case CHIP_ALG_AES128: return 16;
	case CHIP_ALG_AES192: return 24;
	case CHIP_ALG_AES256: return 32;
	default: return 0;
	}
}

int
aes_exists(struct store *st, bool *yes)
{
	int r;

	*yes = false;
	if (chip_model_object(chip_model(st->chip), OID_AES) == NULL)
		return 0;
	if ((r = aes_meta(st)) == 0)
		*yes = aes_key_len(&st->aes.meta) != 0 && st->aes.meta.usage > 0;
	return r;
}

unsigned
secret_usage(struct store *st, const struct object *o)
{
	const struct chip_model *m = chip_model(st->chip);
	unsigned usage = 0;

	if (o->data == NULL)
		return (unsigned)st->aes.meta.usage;
	if (!access_usable(st, &o->data->meta))
		return 0;
	if (chip_model_can(m, CHIP_CMD_DERIVE, CHIP_KDF_PRF_SHA256))
		usage |= CHIP_USE_KEYAGREE;
	if (chip_model_can(m, CHIP_CMD_ENCRYPT_SYM, CHIP_MAC_HMAC_SHA256))
		usage |= CHIP_USE_SIGN;
	return usage;
}

/* --- names ---------------------------------------------------------------------------------- */

int
plain_id(struct store *st, uint16_t oid, struct buf *out)
{
	struct cur id;
	int r;

	if ((r = index_load(st)) != 0)
		return r;
	if (index_get(&st->index, index_code(oid, 0), INDEX_ID, &id))
		return buf_put(out, id.p, id.len);
	return buf_put_u16(out, oid);
}

int
plain_label(struct store *st, uint16_t oid, struct buf *out)
{
	struct cur label;
	char hex[5];
	int r;

	if ((r = index_load(st)) != 0)
		return r;
	if (index_get(&st->index, index_code(oid, 0), INDEX_LABEL, &label))
		return buf_put(out, label.p, label.len);
	(void)snprintf(hex, sizeof(hex), "%04x", oid);
	return buf_put(out, hex, 4);
}
