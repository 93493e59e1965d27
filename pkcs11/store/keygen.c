/*
 * C_GenerateKeyPair (PKCS #11 5.13) by D3 and D6: a free slot, room for the records, intent in
 * the index, GenKeyPair, public key recorded; all while the chip is held, so whoever sees the
 * intent knows that it was cut short.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/internal.h"
#include "pkcs11/store/spki.h"
#include "pkcs11/store/tmpl.h"
#include "pkcs11/store/usage.h"
#include "pkcs11/store/view.h"

struct request {
	bool rsa;
	const struct chip_keytype *kt;
	unsigned usage;
	const CK_ATTRIBUTE *id, *label;
	unsigned oid; /* slot named by the ID, or 0 */
};

/* Both templates: what else clients send, from their traces (tolerated where it asks for less). */
#define ROWS_COMMON                                                                                \
	{ CKA_CLASS, TMPL_USED }, { CKA_KEY_TYPE, TMPL_USED }, { CKA_TOKEN, TMPL_TRUE },           \
	    { CKA_ID, TMPL_USED }, { CKA_LABEL, TMPL_USED }, { CKA_PRIVATE, TMPL_IGNORE },         \
	    { CKA_MODIFIABLE, TMPL_IGNORE }, { CKA_COPYABLE, TMPL_IGNORE },                        \
	    { CKA_DESTROYABLE, TMPL_IGNORE }, { CKA_SUBJECT, TMPL_IGNORE },                        \
	    { CKA_START_DATE, TMPL_IGNORE }, { CKA_END_DATE, TMPL_IGNORE },                        \
	    { CKA_DERIVE, TMPL_USED }, { CKA_ALLOWED_MECHANISMS, TMPL_IGNORE },                    \
	    { CKA_LOCAL, TMPL_FIXED },                                                             \
	{                                                                                          \
		CKA_KEY_GEN_MECHANISM, TMPL_FIXED                                                  \
	}

static const struct tmpl_row rows_pub[] = {
	ROWS_COMMON,
	{ CKA_EC_PARAMS, TMPL_USED },
	{ CKA_MODULUS_BITS, TMPL_USED },
	{ CKA_PUBLIC_EXPONENT, TMPL_USED },
	{ CKA_VERIFY, TMPL_IGNORE },
	{ CKA_VERIFY_RECOVER, TMPL_IGNORE },
	{ CKA_ENCRYPT, TMPL_IGNORE },
	{ CKA_WRAP, TMPL_IGNORE },
	{ CKA_TRUSTED, TMPL_FALSE },
	{ 0, TMPL_END },
};
static const struct tmpl_row rows_priv[] = {
	ROWS_COMMON,
	{ CKA_SIGN, TMPL_USED },
	{ CKA_DECRYPT, TMPL_USED },
	{ CKA_SIGN_RECOVER, TMPL_IGNORE },
	{ CKA_UNWRAP, TMPL_IGNORE },
	{ CKA_WRAP_WITH_TRUSTED, TMPL_IGNORE },
	{ CKA_SENSITIVE, TMPL_IGNORE },
	{ CKA_EXTRACTABLE, TMPL_FALSE },
	{ CKA_ALWAYS_AUTHENTICATE, TMPL_FALSE },
	{ CKA_ALWAYS_SENSITIVE, TMPL_FIXED },
	{ CKA_NEVER_EXTRACTABLE, TMPL_FIXED },
	{ 0, TMPL_END },
};

/* --- what is asked for ---------------------------------------------------------------------- */

static int
check_class(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ULONG cls, bool rsa)
{
	CK_ULONG got_class = cls, type = rsa ? CKK_RSA : CKK_EC;
	bool token = false;
	int r;

	if ((r = tmpl_ulong(tmpl, n, CKA_CLASS, &got_class)) != 0 ||
	    (r = tmpl_ulong(tmpl, n, CKA_KEY_TYPE, &type)) != 0 ||
	    (r = tmpl_bool(tmpl, n, CKA_TOKEN, &token)) != 0)
		return r;
	if (got_class != cls || type != (CK_ULONG)(rsa ? CKK_RSA : CKK_EC))
		return STORE_ECONFLICT;
	if (!token) {
		/* Absent means a session key (4.4), and a slot is too precious for a guess. */
		log_info("session key pairs are not supported: CKA_TOKEN must be true");
		return STORE_ETEMPLATE;
	}
	return 0;
}

static int
ec_type(const CK_ATTRIBUTE *pub, CK_ULONG n, const struct chip_keytype **ktp)
{
	const CK_ATTRIBUTE *params = tmpl_find(pub, n, CKA_EC_PARAMS);

	if (params == NULL)
		return STORE_ETEMPLATE;
	*ktp = chip_keytype_by_params(params->pValue, params->ulValueLen);
	return *ktp != NULL ? 0 : STORE_ECURVE;
}

static int
rsa_type(const CK_ATTRIBUTE *pub, CK_ULONG n, const struct chip_keytype **ktp)
{
	static const uint8_t f4[] = { 0x01, 0x00, 0x01 };
	const CK_ATTRIBUTE *e = tmpl_find(pub, n, CKA_PUBLIC_EXPONENT);
	const struct chip_keytype *kt;
	CK_ULONG bits = 0;
	int r;

	if (tmpl_find(pub, n, CKA_MODULUS_BITS) == NULL)
		return STORE_ETEMPLATE;
	if ((r = tmpl_ulong(pub, n, CKA_MODULUS_BITS, &bits)) != 0)
		return r;
	if (e != NULL && e->ulValueLen > 0) {
		struct cur c = { e->pValue, e->ulValueLen };

		while (c.len > 1 && c.p[0] == 0) {
			c.p++;
			c.len--;
		}
		if (c.len != sizeof(f4) || memcmp(c.p, f4, sizeof(f4)) != 0) {
			log_info("the chip makes RSA keys with public exponent 65537 only");
			return STORE_EATTR_VALUE;
		}
	}
	for (size_t i = 0; (kt = chip_keytype_at(i)) != NULL; i++)
		if (kt->rsa && kt->bits == bits)
			*ktp = kt;
	return *ktp != NULL ? 0 : STORE_ECURVE;
}

/* The private key's ID and label before the public key's. */
static const CK_ATTRIBUTE *
either(const CK_ATTRIBUTE *pub, CK_ULONG npub, const CK_ATTRIBUTE *priv, CK_ULONG npriv,
    CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *a = tmpl_find(priv, npriv, type);

	if (a == NULL || a->ulValueLen == 0)
		a = tmpl_find(pub, npub, type);
	return a != NULL && a->ulValueLen != 0 ? a : NULL;
}

static int
check_ids_agree(const CK_ATTRIBUTE *pub, CK_ULONG npub, const CK_ATTRIBUTE *id)
{
	const CK_ATTRIBUTE *other = tmpl_find(pub, npub, CKA_ID);

	if (id == NULL || other == NULL || other->ulValueLen == 0 ||
	    (other->ulValueLen == id->ulValueLen &&
		memcmp(other->pValue, id->pValue, id->ulValueLen) == 0))
		return 0;
	log_info("public and private key must have the same CKA_ID");
	return STORE_ECONFLICT;
}

static int
take_request(struct store *st, const CK_ATTRIBUTE *pub, CK_ULONG npub, const CK_ATTRIBUTE *priv,
    CK_ULONG npriv, struct request *q)
{
	int r;

	if ((r = tmpl_check(pub, npub, rows_pub)) != 0 ||
	    (r = tmpl_check(priv, npriv, rows_priv)) != 0 ||
	    (r = check_class(pub, npub, CKO_PUBLIC_KEY, q->rsa)) != 0 ||
	    (r = check_class(priv, npriv, CKO_PRIVATE_KEY, q->rsa)) != 0 ||
	    (r = q->rsa ? rsa_type(pub, npub, &q->kt) : ec_type(pub, npub, &q->kt)) != 0)
		return r;
	if (!chip_model_has_alg(chip_model(st->chip), q->kt->alg)) {
		log_info("the %s has no %s", chip_model(st->chip)->name, q->kt->name);
		return STORE_ECURVE;
	}
	if ((r = tmpl_usage(priv, npriv, q->rsa, &q->usage)) != 0)
		return r;
	q->id = either(pub, npub, priv, npriv, CKA_ID);
	q->label = either(pub, npub, priv, npriv, CKA_LABEL);
	if (view_label(st, q->label))
		q->label = NULL;
	if ((r = check_ids_agree(pub, npub, q->id)) != 0 || (r = usage_id(st, q->id, &q->oid)) != 0)
		return r;
	view_take_key_id(st, &q->id, &q->oid);
	return usage_label(q->label);
}

/* --- the slot ------------------------------------------------------------------------------- */

/* Room for an RSA public key: an object of zeros, or one with the record of a key long gone. */
static int
rsa_room(struct store *st, const struct key *k)
{
	struct data_slot *d = data_by_oid(st, k->row->records[0]);
	bool data, secret;
	int r;

	if ((r = data_exists(st, d, false, &data)) != 0 ||
	    (r = data_exists(st, d, true, &secret)) != 0)
		return r;
	if (!data && !secret && access_changeable(st, &d->meta))
		return 0;
	log_info("%04X is in use: no room for the public key of %04X", d->oid, k->row->oid);
	return STORE_EFULL;
}

/* 0: a key can be made in k. STORE_EPROHIBITED: in use or locked. STORE_EFULL: no room for records.
 */
static int
check_slot(struct store *st, struct key *k, bool named)
{
	bool yes;
	int r;

	if ((r = key_free(st, k, &yes)) != 0)
		return r;
	if (!yes) {
		if (named)
			log_info(
			    "%04X holds a key: destroy it first or use another slot", k->row->oid);
		return STORE_EPROHIBITED;
	}
	if (!access_changeable(st, &k->meta)) {
		log_info("%04X is locked", k->row->oid);
		return STORE_EPROHIBITED;
	}
	return k->row->rsa ? rsa_room(st, k) : 0;
}

static int
choose_named(struct store *st, const struct request *q, unsigned oid, struct key **kp)
{
	struct key *k = key_by_oid(st, oid);

	if (k == NULL) {
		log_info("CKA_ID %04x is the name of an object that holds no key pair", oid);
		return STORE_EATTR_VALUE;
	}
	if (k->row->rsa != q->rsa) {
		log_info("%04X holds %s keys only", oid, k->row->rsa ? "RSA" : "EC");
		return STORE_ECONFLICT;
	}
	if (oid == OID_FACTORY) {
		log_info("%04X, the factory's key, is left alone", oid);
		return STORE_EPROHIBITED;
	}
	*kp = k;
	return check_slot(st, k, true);
}

static int
choose_slot(struct store *st, const struct request *q, struct key **kp)
{
	int r;

	if (st->view != NULL)
		return choose_named(st, q, st->view->key, kp);
	if (q->oid != 0)
		return choose_named(st, q, q->oid, kp);
	for (size_t i = 0; i < NKEYS; i++) {
		struct key *k = &st->keys[i];

		if (k->row->rsa != q->rsa || k->row->oid == OID_FACTORY)
			continue;
		if ((r = check_slot(st, k, false)) == 0) {
			*kp = k;
			return 0;
		}
		if (r != STORE_EPROHIBITED && r != STORE_EFULL)
			return r;
	}
	log_info("no free slot for another %s key", q->rsa ? "RSA" : "EC");
	return STORE_EFULL;
}

/* --- making it ------------------------------------------------------------------------------ */

/* The index with the intent, and how long it will be at the end. */
static int
plan(struct store *st, const struct request *q, const struct key *k, struct index *ix)
{
	static const uint8_t filler[INDEX_OBJECT_MAX];
	const uint8_t code = key_code(k);
	struct index last;
	int r;

	*ix = st->index;
	index_drop(ix, code);
	if ((r = index_set_state(ix, code, INDEX_STATE_PENDING)) == 0 &&
	    (r = store_put_key(st, ix, k, q->id, q->label)) == 0 &&
	    /* A slot's OID that somebody asked for is the key's name, not merely its default. */
	    (q->oid == 0 || (r = index_put(ix, code, INDEX_ID, q->id->pValue, 2)) == 0)) {
		last = *ix;
		r = q->rsa ? index_put(&last, code, INDEX_HASH, filler, 4)
			   : index_put(&last, code, INDEX_POINT, filler, 1 + q->kt->size);
	}
	if (r == HAL_ETOOBIG || r == STORE_EFULL) {
		log_info("no room for the ID, label and public key of another key");
		return STORE_EFULL;
	}
	return r != 0 ? r : index_room(st, last.len);
}

/* The vendor's form, where its tools look for it. */
static int
write_rsa_record(struct store *st, const struct key *k, const struct buf *spki)
{
	const struct cur bytes = { spki->data, spki->len };

	return data_write(st, data_by_oid(st, k->row->records[0]), 0, &bytes, CHIP_ERASE_WRITE);
}

static int
make_pair(struct store *st, const struct request *q, struct key *k, struct index *ix)
{
	const struct index before = st->index;
	struct buf pub = BUF_INIT, spki = BUF_INIT;
	int r, back;

	if ((r = index_save(st, ix)) != 0)
		goto out;
	r = chip_keypair(st->chip, k->row->oid, q->kt->alg, (uint8_t)q->usage, &pub);
	if (r > 0) { /* refused: nothing has happened */
		if ((back = index_save(st, &before)) != 0)
			log_debug("%04X: intent stays: %s", k->row->oid, hal_strerror(back));
		goto out;
	}
	key_forget(k);
	if (r != 0 || (r = spki_from_record(pub.data, pub.len, q->kt, &spki)) != 0 ||
	    (q->rsa && (r = write_rsa_record(st, k, &spki)) != 0) ||
	    (r = index_set_state(ix, key_code(k), INDEX_STATE_GENERATED)) != 0 ||
	    (r = key_record(ix, k, &spki)) != 0 || (r = index_save(st, ix)) != 0)
		goto out;
	buf_move(&k->spki, &spki);
	k->source = PUB_INDEX;
	k->looked = 1U << PUB_INDEX;
	k->confirmed = true; /* the chip has just said so */
out:
	buf_free(&pub);
	buf_free(&spki);
	return r;
}

static int
generate(struct store *st, const struct request *q, CK_OBJECT_HANDLE *hpub, CK_OBJECT_HANDLE *hpriv)
{
	struct object o = { .kind = OBJ_PRIVATE };
	struct index ix;
	int r;

	if ((r = index_load(st)) != 0 || (r = choose_slot(st, q, &o.key)) != 0 ||
	    (r = plan(st, q, o.key, &ix)) != 0)
		return r;
	r = make_pair(st, q, o.key, &ix);
	cert_unpair(st);
	if (r != 0 || (r = key_meta(st, o.key)) != 0 || (r = object_handle(st, &o, hpriv)) != 0)
		return r;
	o.kind = OBJ_PUBLIC;
	return object_handle(st, &o, hpub);
}

int
store_generate(struct store *st, bool rsa, const CK_ATTRIBUTE *pub, CK_ULONG npub,
    const CK_ATTRIBUTE *priv, CK_ULONG npriv, CK_OBJECT_HANDLE *hpub, CK_OBJECT_HANDLE *hpriv)
{
	struct request q = { .rsa = rsa };
	int r;

	if ((r = store_enter(st)) != 0)
		return r;
	if ((r = take_request(st, pub, npub, priv, npriv, &q)) == 0)
		r = generate(st, &q, hpub, hpriv);
	return store_leave(st, r);
}
