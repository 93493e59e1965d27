/* C_CreateObject (PKCS #11 5.7) of certificates: where one goes (D4). */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/der.h"
#include "pkcs11/store/internal.h"
#include "pkcs11/store/spki.h"
#include "pkcs11/store/tmpl.h"
#include "pkcs11/store/usage.h"
#include "pkcs11/store/view.h"
#include "pkcs11/store/x509.h"

struct request {
	struct cur der;
	bool trusted;
	const CK_ATTRIBUTE *id, *label;
	unsigned oid; /* of the chip object that the ID names, or 0 */
	struct buf spki;
	const struct chip_keytype *type; /* NULL: a key that chips do not have */
};

/* What the certificate itself says may be given along, and is not looked at. */
static const struct tmpl_row rows[] = {
	{ CKA_CLASS, TMPL_USED },
	{ CKA_CERTIFICATE_TYPE, TMPL_USED },
	{ CKA_VALUE, TMPL_USED },
	{ CKA_ID, TMPL_USED },
	{ CKA_LABEL, TMPL_USED },
	{ CKA_TRUSTED, TMPL_USED },
	{ CKA_TOKEN, TMPL_TRUE },
	{ CKA_PRIVATE, TMPL_IGNORE },
	{ CKA_MODIFIABLE, TMPL_IGNORE },
	{ CKA_COPYABLE, TMPL_IGNORE },
	{ CKA_DESTROYABLE, TMPL_IGNORE },
	{ CKA_SUBJECT, TMPL_IGNORE },
	{ CKA_ISSUER, TMPL_IGNORE },
	{ CKA_SERIAL_NUMBER, TMPL_IGNORE },
	{ CKA_START_DATE, TMPL_IGNORE },
	{ CKA_END_DATE, TMPL_IGNORE },
	{ CKA_CERTIFICATE_CATEGORY, TMPL_IGNORE },
	{ CKA_JAVA_MIDP_SECURITY_DOMAIN, TMPL_IGNORE },
	{ CKA_CHECK_VALUE, TMPL_IGNORE },
	{ CKA_PUBLIC_KEY_INFO, TMPL_IGNORE },
	{ CKA_NAME_HASH_ALGORITHM, TMPL_IGNORE },
	{ CKA_URL, TMPL_IGNORE },
	{ CKA_HASH_OF_SUBJECT_PUBLIC_KEY, TMPL_IGNORE },
	{ CKA_HASH_OF_ISSUER_PUBLIC_KEY, TMPL_IGNORE },
	{ 0, TMPL_END },
};

/* --- what is asked for ---------------------------------------------------------------------- */

static int
check_type(const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	CK_ULONG type = CKC_X_509;
	int r;

	if ((r = tmpl_ulong(tmpl, n, CKA_CERTIFICATE_TYPE, &type)) != 0)
		return r;
	return type == CKC_X_509 ? 0 : STORE_EATTR_VALUE;
}

static int
take_value(const CK_ATTRIBUTE *a, struct request *q)
{
	struct buf spki = BUF_INIT;
	size_t total;
	int r;

	if (a == NULL)
		return STORE_ETEMPLATE;
	if (a->pValue == NULL ||
	    !der_length(a->pValue, a->ulValueLen, DER_SEQUENCE, 0xFFFF, &total) ||
	    total != a->ulValueLen ||
	    (r = x509_spki(a->pValue, a->ulValueLen, &spki)) == HAL_EFORMAT) {
		log_info("CKA_VALUE is no DER certificate");
		r = STORE_EATTR_VALUE;
		goto out;
	}
	if (r != 0)
		goto out;
	q->der = (struct cur){ a->pValue, a->ulValueLen };
	r = spki_parse(spki.data, spki.len, &q->type, &q->spki);
	if (r == HAL_EFORMAT) {
		q->type = NULL;
		buf_reset(&q->spki);
		r = 0;
	}
out:
	buf_free(&spki);
	return r;
}

static int
take_request(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, struct request *q)
{
	int r;

	if ((r = check_type(tmpl, n)) != 0 || (r = tmpl_check(tmpl, n, rows)) != 0 ||
	    (r = tmpl_bool(tmpl, n, CKA_TRUSTED, &q->trusted)) != 0 ||
	    (r = take_value(tmpl_find(tmpl, n, CKA_VALUE), q)) != 0)
		return r;
	q->id = tmpl_find(tmpl, n, CKA_ID);
	q->label = tmpl_find(tmpl, n, CKA_LABEL);
	if (q->id != NULL && q->id->ulValueLen == 0)
		q->id = NULL;
	if ((q->label != NULL && q->label->ulValueLen == 0) || view_label(st, q->label))
		q->label = NULL;
	if ((r = usage_id(st, q->id, &q->oid)) != 0 ||
	    (r = view_check_cert(st, q->oid, q->trusted)) != 0)
		return r;
	return usage_label(q->label);
}

/* --- whose it is ---------------------------------------------------------------------------- */

static int
is_key(struct store *st, struct key *k, const struct request *q, bool sure, bool *yes)
{
	bool known, same, there;
	int r;

	*yes = false;
	if ((r = key_index_match(st, k, &q->spki, &known, &same)) != 0)
		return r;
	if (!sure && !same) /* the index's word first: it costs nothing */
		return 0;
	if ((r = key_exists(st, k, &there)) != 0 || !there || key_type(k) != q->type)
		return r;
	if ((r = key_public(st, k, sure ? PUB_SURE : PUB_LOOK)) == STORE_ENOPUBKEY)
		return 0;
	*yes = r == 0 && spki_equal(&k->spki, &q->spki);
	return r;
}

/* The key that the certificate certifies, or NULL. Signatures where records do not tell. */
static int
find_key(struct store *st, const struct request *q, struct key **kp)
{
	bool yes;
	int r;

	*kp = NULL;
	if (q->type == NULL)
		return 0;
	for (int sure = 0; sure < 2; sure++)
		for (size_t i = 0; i < NKEYS; i++) {
			struct key *k = &st->keys[i];

			if (k->row->rsa != q->type->rsa)
				continue;
			if ((r = is_key(st, k, q, sure != 0, &yes)) != 0)
				return r;
			if (yes) {
				*kp = k;
				return 0;
			}
		}
	return 0;
}

/* Whether an existing key other than k has its certificate in this slot by default. */
static int
check_slot_key(struct store *st, const struct cert_slot *s, const struct key *k)
{
	bool yes;
	int r;

	if (k != NULL && k->row->cert == s->row->oid)
		return 0;
	for (size_t i = 0; i < NKEYS; i++) {
		if (key_rows[i].cert != s->row->oid)
			continue;
		if ((r = key_exists(st, &st->keys[i], &yes)) != 0)
			return r;
		if (yes) {
			log_info("%04X is for the key in %04X, and this certificate is not",
			    s->row->oid, key_rows[i].oid);
			return STORE_EPROHIBITED;
		}
	}
	return 0;
}

/* --- writing -------------------------------------------------------------------------------- */

/* The certificate just written, or found. */
static int
locate(struct store *st, struct cert_slot *s, const struct cur *der, struct object *o)
{
	const uint64_t stamp = object_stamp(der->p, der->len);
	int r;

	if ((r = cert_load(st, s)) != 0)
		return r;
	for (unsigned i = 0; i < s->n; i++) {
		struct cert *c = &s->certs[i];

		if (c->stamp == stamp && c->len == der->len &&
		    memcmp(s->raw.data + c->at, der->p, der->len) == 0) {
			*o = (struct object){ .kind = OBJ_CERT, .slot = s, .n = i, .cert = c };
			return 0;
		}
	}
	return HAL_ENOTFOUND;
}

/*
 * The pair shares one ID: the key's, if somebody gave it one; else the template's, unless that
 * only names the place.
 */
static const CK_ATTRIBUTE *
shared_id(const struct store *st, const struct key *k, const struct request *q)
{
	struct cur id;

	if (q->id == NULL || q->oid != 0)
		return NULL;
	if (!index_get(&st->index, key_code(k), INDEX_ID, &id))
		return q->id;
	if (id.len != q->id->ulValueLen || memcmp(id.p, q->id->pValue, id.len) != 0)
		log_info(
		    "%04X: the certificate takes the key's CKA_ID, not the one given", k->row->oid);
	return NULL;
}

/* A label that the certificate has anyway is not kept. */
static int
new_label(
    struct store *st, const struct object *o, const struct request *q, const CK_ATTRIBUTE **label)
{
	struct buf now = BUF_INIT;
	int r;

	*label = q->label;
	if (q->label == NULL)
		return 0;
	if ((r = cert_label(st, o, &now)) == 0 && now.len == q->label->ulValueLen &&
	    memcmp(now.data, q->label->pValue, now.len) == 0)
		*label = NULL;
	buf_free(&now);
	return r;
}

/* ID and label, and what the search for the key has brought to light. */
static int
name_it(struct store *st, const struct object *o, const struct request *q, CK_OBJECT_HANDLE *h)
{
	const CK_ATTRIBUTE *label, *id = NULL;
	const struct key *k;
	struct index ix;
	int r;

	if ((r = index_load(st)) != 0 || (r = cert_pair(st, o->slot, o->cert, &k)) != 0 ||
	    (r = new_label(st, o, q, &label)) != 0)
		return r;
	ix = st->index;
	if (k != NULL)
		id = shared_id(st, k, q);
	if ((r = store_put_cert(st, &ix, o, id, label)) != 0 ||
	    (r = index_save_found(st, &ix)) != 0)
		return r;
	return object_handle(st, o, h);
}

/* Whether the names of certificate n of a slot can be kept: asked before anything is written. */
static int
names_fit(struct store *st, const struct cert_slot *s, unsigned n, const struct key *k,
    const struct request *q)
{
	const uint8_t code = index_code(s->row->oid, n);
	const CK_ATTRIBUTE *id = k != NULL ? shared_id(st, k, q) : NULL;
	struct buf now = BUF_INIT;
	struct index ix;
	int r;

	if ((r = index_load(st)) != 0)
		return r;
	ix = st->index;
	if (id != NULL)
		r = store_put_key(st, &ix, k, id, NULL);
	/* The key's label is the certificate's anyway. */
	if (r == 0 && k != NULL)
		r = key_label(st, k, &now);
	if (r == 0 && q->label != NULL &&
	    (now.len != q->label->ulValueLen || memcmp(now.data, q->label->pValue, now.len) != 0))
		r = index_put(&ix, code, INDEX_LABEL, q->label->pValue, q->label->ulValueLen);
	buf_free(&now);
	if (r == HAL_ETOOBIG)
		return STORE_EFULL;
	if (r != 0 || index_same(&ix, &st->index))
		return r;
	return index_room(st, ix.len);
}

static int
write_and_name(struct store *st, struct cert_slot *s, const struct key *k,
    const struct buf *content, const struct request *q, CK_OBJECT_HANDLE *h)
{
	struct object o;
	struct index ix;
	int r;

	if ((r = cert_fits(st, s, content->len)) != 0 || (r = names_fit(st, s, s->n, k, q)) != 0)
		return r;
	/* What was said of a certificate that is gone does not hold for this one. */
	ix = st->index;
	if (s->n == 0)
		index_drop(&ix, index_code(s->row->oid, 0));
	if ((r = index_save(st, &ix)) != 0 || (r = cert_write(st, s, content)) != 0)
		return r;
	cert_unpair(st);
	if ((r = locate(st, s, &q->der, &o)) != 0)
		return r == HAL_ENOTFOUND ? HAL_EIO : r;
	return name_it(st, &o, q, h);
}

static int
write_leaf(struct store *st, struct cert_slot *s, const struct key *k, const struct request *q,
    CK_OBJECT_HANDLE *h)
{
	struct buf content = BUF_INIT;
	int r;

	if ((r = cert_join(&q->der, 1, &content)) == 0)
		r = write_and_name(st, s, k, &content, q, h);
	buf_free(&content);
	return r;
}

/* --- placing -------------------------------------------------------------------------------- */

/* Refuses a second certificate for a key. */
static int
check_renewal(struct store *st, const struct key *k, const struct request *q)
{
	int r;

	for (size_t i = 0; i < NCERTSLOTS; i++) {
		struct cert_slot *s = &st->certs[i];

		if (s->row->anchor)
			continue;
		if ((r = cert_load(st, s)) != 0)
			return r;
		if (s->n > 0 && spki_equal(&s->certs[0].spki, &q->spki)) {
			log_info("%04X holds another certificate for the key in %04X: delete the "
				 "old certificate first",
			    s->row->oid, k->row->oid);
			return STORE_EPROHIBITED;
		}
	}
	return 0;
}

/* The default slot, or the highest free one: E0E0 comes last, and is locked in most parts. */
static int
choose_slot(struct store *st, const struct key *k, struct cert_slot **sp)
{
	static const uint16_t order[] = { 0xE0E3, 0xE0E2, 0xE0E1, 0xE0E0 };
	bool yes;
	int r;

	*sp = cert_slot_by_oid(st, k->row->cert);
	if ((r = cert_slot_free(st, *sp, &yes)) != 0 || yes)
		return r;
	for (size_t i = 0; i < NITEMS(order); i++) {
		*sp = cert_slot_by_oid(st, order[i]);
		if ((r = cert_slot_free(st, *sp, &yes)) != 0 || yes)
			return r;
	}
	log_info("all certificate slots are in use");
	return STORE_EFULL;
}

static int
check_named(struct store *st, struct cert_slot *s, const struct key *k)
{
	bool yes;
	int r;

	if ((r = check_slot_key(st, s, k)) != 0 || (r = cert_slot_free(st, s, &yes)) != 0)
		return r;
	if (yes)
		return 0;
	log_info("%04X is in use or locked", s->row->oid);
	return STORE_EPROHIBITED;
}

/* For a key on this chip. */
static int
place_leaf(struct store *st, const struct key *k, const struct request *q, CK_OBJECT_HANDLE *h)
{
	struct cert_slot *s = cert_slot_by_oid(st, q->oid);
	int r;

	if ((r = check_renewal(st, k, q)) != 0)
		return r;
	if (key_by_oid(st, q->oid) != NULL && q->oid != k->row->oid) {
		log_info("CKA_ID names the key in %04X, but the certificate is for the one in %04X",
		    q->oid, k->row->oid);
		return STORE_EPROHIBITED;
	}
	if (s != NULL && !s->row->anchor)
		r = check_named(st, s, k);
	else
		r = choose_slot(st, k, &s);
	return r != 0 ? r : write_leaf(st, s, k, q, h);
}

/* For a key that is elsewhere, where the caller says. */
static int
place_orphan(struct store *st, const struct request *q, CK_OBJECT_HANDLE *h)
{
	const struct key *k = key_by_oid(st, q->oid);
	struct cert_slot *s = cert_slot_by_oid(st, k != NULL ? k->row->cert : q->oid);
	int r;

	if (st->view != NULL) /* names one by itself */
		s = cert_slot_by_oid(st, st->view->cert);
	if (s == NULL || s->row->anchor) {
		log_info("the certificate is for no key on this chip; to store it nevertheless, "
			 "name a slot by CKA_ID (E0E1 to E0E3)");
		return q->id == NULL ? STORE_ETEMPLATE : STORE_EPROHIBITED;
	}
	if ((r = check_named(st, s, NULL)) != 0)
		return r;
	return write_leaf(st, s, NULL, q, h);
}

static int
place_anchor(struct store *st, const struct request *q, CK_OBJECT_HANDLE *h)
{
	struct buf content = BUF_INIT;
	struct cert_slot *s = NULL;
	bool yes = false;
	int r = 0;

	for (size_t i = 0; i < NCERTSLOTS && !yes && r == 0; i++) {
		if (!cert_rows[i].anchor || (q->oid != 0 && cert_rows[i].oid != q->oid))
			continue;
		s = &st->certs[i];
		r = cert_slot_free(st, s, &yes);
	}
	if (r != 0)
		return r;
	if (!yes) {
		log_info(s == NULL ? "CKA_ID names no trust anchor (E0E8, E0E9, E0EF)"
				   : "all trust anchors are in use");
		return s == NULL     ? STORE_EATTR_VALUE
		       : q->oid != 0 ? STORE_EPROHIBITED
				     : STORE_EFULL;
	}
	if ((r = buf_put(&content, q->der.p, q->der.len)) == 0)
		r = write_and_name(st, s, NULL, &content, q, h);
	buf_free(&content);
	return r;
}

/* --- chains --------------------------------------------------------------------------------- */

static struct cur
der_at(const struct cert_slot *s, unsigned i)
{
	return (struct cur){ s->raw.data + s->certs[i].at, s->certs[i].len };
}

/* Whether the certificate issued the last one of the slot's chain, and is not in it yet. */
static int
extends(struct store *st, struct cert_slot *s, const struct request *q, bool *yes)
{
	struct object there;
	struct cur last;
	int r;

	*yes = false;
	if (s->row->anchor)
		return 0;
	if ((r = cert_load(st, s)) != 0 || s->n == 0 || s->n == CHAIN_MAX ||
	    (r = locate(st, s, &q->der, &there)) != HAL_ENOTFOUND)
		return r;
	last = der_at(s, s->n - 1);
	return x509_issued(last.p, last.len, q->der.p, q->der.len, yes);
}

static int
extend(struct store *st, struct cert_slot *s, const struct request *q, CK_OBJECT_HANDLE *h)
{
	struct cur ders[CHAIN_MAX];
	struct buf content = BUF_INIT;
	int r;

	for (unsigned i = 0; i < s->n; i++)
		ders[i] = der_at(s, i);
	ders[s->n] = q->der;
	if ((r = cert_join(ders, s->n + 1, &content)) == 0)
		r = write_and_name(st, s, NULL, &content, q, h);
	buf_free(&content);
	return r;
}

/* Whether the ID that was given, if any, means this slot: by its own number, or its leaf's key. */
static int
is_meant(struct store *st, struct cert_slot *s, const struct request *q, bool *yes)
{
	const struct key *k = key_by_oid(st, q->oid), *leaf = NULL;
	int r;

	*yes = q->oid == 0 || s->row->oid == (k != NULL ? k->row->cert : q->oid);
	if (k == NULL || s->row->anchor)
		return 0;
	if ((r = cert_load(st, s)) != 0 || s->n == 0 ||
	    (r = cert_pair(st, s, &s->certs[0], &leaf)) != 0)
		return r;
	if (leaf != NULL)
		*yes = leaf == k;
	return 0;
}

/* *done: there is a chain that it belongs to, and r tells whether it could be added. */
static int
place_issuer(struct store *st, const struct request *q, CK_OBJECT_HANDLE *h, bool *done)
{
	bool yes;
	int r = 0;

	*done = false;
	for (size_t i = 0; i < NCERTSLOTS; i++) {
		struct cert_slot *s = &st->certs[i];
		int rc;

		if ((rc = is_meant(st, s, q, &yes)) != 0 ||
		    (yes && (rc = view_slot_shows(st, s, &yes)) != 0) ||
		    (yes && (rc = extends(st, s, q, &yes)) != 0))
			return rc;
		if (!yes)
			continue;
		*done = true;
		r = extend(st, s, q, h);
		if (r != STORE_EATTR_VALUE && r != STORE_EPROHIBITED)
			break; /* else another chain of the same issuer may have room */
	}
	return r;
}

/* --- all of it ------------------------------------------------------------------------------ */

/* The very certificate is there already. */
static int
find_same(struct store *st, const struct request *q, struct object *o)
{
	int r = HAL_ENOTFOUND;

	for (size_t i = 0; i < NCERTSLOTS && r == HAL_ENOTFOUND; i++)
		if (cert_rows[i].anchor == q->trusted)
			r = locate(st, &st->certs[i], &q->der, o);
	return r;
}

static int
create(struct store *st, const struct request *q, CK_OBJECT_HANDLE *h)
{
	struct object o;
	struct key *k;
	bool done;
	int r;

	if ((r = index_load(st)) != 0)
		return r;
	if ((r = find_same(st, q, &o)) != HAL_ENOTFOUND) {
		if (r != 0 || (r = view_check_cert_place(st, o.slot)) != 0)
			return r;
		/* Devices of one CA have its certificate in each chain: the ID tells which lacks
		 * it. */
		if (q->oid != 0 && !q->trusted &&
		    ((r = place_issuer(st, q, h, &done)) != 0 || done))
			return r;
		return name_it(st, &o, q, h);
	}
	if (q->trusted)
		return place_anchor(st, q, h);
	if ((r = find_key(st, q, &k)) != 0 || (r = view_check_cert_key(st, k)) != 0)
		return r;
	if (k != NULL)
		return place_leaf(st, k, q, h);
	if ((r = place_issuer(st, q, h, &done)) != 0 || done)
		return r;
	return place_orphan(st, q, h);
}

int
cert_create(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *hp)
{
	struct request q = { .spki = BUF_INIT };
	int r;

	if ((r = take_request(st, tmpl, n, &q)) == 0)
		r = create(st, &q, hp);
	buf_free(&q.spki);
	return r;
}
