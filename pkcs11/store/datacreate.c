/*
 * C_CreateObject (PKCS #11 5.7) by class, and of data and generic secrets: which data object
 * they go into (D3). An object in use is never overwritten.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/der.h"
#include "pkcs11/store/kind.h"
#include "pkcs11/store/spki.h"
#include "pkcs11/store/tmpl.h"
#include "pkcs11/store/usage.h"
#include "pkcs11/store/view.h"

/* What DeriveKey takes; SRM "Data Object Types". */
#define SECRET_MAX         64
#define SECRET_RECOMMENDED 16

struct request {
	const CK_ATTRIBUTE *tmpl;
	CK_ULONG n;
	struct cur value;
	unsigned oid; /* named by the caller, or 0 */
	bool named;   /* something is to be kept in the index */
};

#define ROWS_COMMON                                                                                \
	{ CKA_CLASS, TMPL_USED }, { CKA_VALUE, TMPL_USED }, { CKA_ID, TMPL_USED },                 \
	    { CKA_LABEL, TMPL_USED }, { CKA_OPTIGA_OID, TMPL_USED }, { CKA_TOKEN, TMPL_TRUE },     \
	    { CKA_PRIVATE, TMPL_IGNORE }, { CKA_MODIFIABLE, TMPL_IGNORE },                         \
	    { CKA_COPYABLE, TMPL_IGNORE },                                                         \
	{                                                                                          \
		CKA_DESTROYABLE, TMPL_IGNORE                                                       \
	}

static const struct tmpl_row data_rows[] = {
	ROWS_COMMON,
	{ CKA_APPLICATION, TMPL_USED },
	{ CKA_OBJECT_ID, TMPL_USED },
	{ 0, TMPL_END },
};

/* What the chip does with a secret is its own to say. */
static const struct tmpl_row secret_rows[] = {
	ROWS_COMMON,
	{ CKA_KEY_TYPE, TMPL_USED },
	{ CKA_VALUE_LEN, TMPL_USED },
	{ CKA_SENSITIVE, TMPL_TRUE },
	{ CKA_EXTRACTABLE, TMPL_FALSE },
	{ CKA_ENCRYPT, TMPL_FALSE },
	{ CKA_DECRYPT, TMPL_FALSE },
	{ CKA_WRAP, TMPL_FALSE },
	{ CKA_UNWRAP, TMPL_FALSE },
	{ CKA_SIGN, TMPL_IGNORE },
	{ CKA_VERIFY, TMPL_IGNORE },
	{ CKA_DERIVE, TMPL_IGNORE },
	{ CKA_TRUSTED, TMPL_FALSE },
	{ CKA_WRAP_WITH_TRUSTED, TMPL_IGNORE },
	{ CKA_START_DATE, TMPL_IGNORE },
	{ CKA_END_DATE, TMPL_IGNORE },
	{ CKA_ALLOWED_MECHANISMS, TMPL_IGNORE },
	{ CKA_LOCAL, TMPL_FIXED },
	{ CKA_KEY_GEN_MECHANISM, TMPL_FIXED },
	{ CKA_ALWAYS_SENSITIVE, TMPL_FIXED },
	{ CKA_NEVER_EXTRACTABLE, TMPL_FIXED },
	{ CKA_CHECK_VALUE, TMPL_FIXED },
	{ 0, TMPL_END },
};

/* --- what is asked for ---------------------------------------------------------------------- */

static int
take_oid(struct store *st, struct request *q)
{
	const CK_ATTRIBUTE *a = tmpl_find(q->tmpl, q->n, CKA_OPTIGA_OID);
	const uint8_t *p;
	int r;

	if ((r = usage_id(st, tmpl_find(q->tmpl, q->n, CKA_ID), &q->oid)) != 0 || a == NULL)
		return r;
	if (a->ulValueLen != 2 || (p = a->pValue) == NULL)
		return STORE_EATTR_VALUE;
	if (q->oid != 0 && q->oid != (unsigned)(p[0] << 8 | p[1]))
		return STORE_ECONFLICT;
	q->oid = (unsigned)(p[0] << 8 | p[1]);
	return 0;
}

static int
take_request(struct store *st, const struct tmpl_row *rows, struct request *q)
{
	const CK_ATTRIBUTE *value = tmpl_find(q->tmpl, q->n, CKA_VALUE);
	int r;

	if ((r = tmpl_check(q->tmpl, q->n, rows)) != 0)
		return r;
	for (CK_ULONG i = 0; i < q->n; i++) {
		const CK_ATTRIBUTE *a = &q->tmpl[i];

		if ((r = store_check_name(st, a)) != 0)
			return r;
		q->named |= a->ulValueLen != 0 &&
			    (a->type == CKA_LABEL || a->type == CKA_ID ||
				a->type == CKA_APPLICATION || a->type == CKA_OBJECT_ID);
	}
	if (value == NULL || value->ulValueLen == 0) {
		log_info("the chip keeps no empty objects: CKA_VALUE is needed");
		return STORE_ETEMPLATE;
	}
	q->value = (struct cur){ value->pValue, value->ulValueLen };
	return take_oid(st, q);
}

static int
check_secret(const struct request *q)
{
	CK_ULONG type = CK_UNAVAILABLE_INFORMATION, len = q->value.len;
	int r;

	if (tmpl_find(q->tmpl, q->n, CKA_KEY_TYPE) == NULL)
		return STORE_ETEMPLATE;
	if ((r = tmpl_ulong(q->tmpl, q->n, CKA_KEY_TYPE, &type)) != 0 ||
	    (r = tmpl_ulong(q->tmpl, q->n, CKA_VALUE_LEN, &len)) != 0)
		return r;
	if (type != CKK_GENERIC_SECRET) {
		log_info("only generic secrets can be written; the chip makes its AES key itself");
		return STORE_ECONFLICT;
	}
	if (len != q->value.len)
		return STORE_ECONFLICT;
	if (len > SECRET_MAX) {
		log_info("a secret of %lu bytes: the chip uses at most %d", len, SECRET_MAX);
		return STORE_EATTR_VALUE;
	}
	if (len < SECRET_RECOMMENDED)
		log_info(
		    "a secret of %lu bytes: at least %d are recommended", len, SECRET_RECOMMENDED);
	return 0;
}

/* --- where it goes -------------------------------------------------------------------------- */

static int
choose_named(struct store *st, const struct request *q, struct data_slot **dp)
{
	struct data_slot *d = data_by_oid(st, q->oid);
	bool yes;
	int r;

	if (d == NULL || data_max(st, d) == 0) {
		log_info("%04X is no data object of the %s", q->oid, chip_model(st->chip)->name);
		return STORE_EATTR_VALUE;
	}
	if (index_part_named(st, d->oid)) {
		log_info("%04X is where labels, IDs and public keys go", q->oid);
		return STORE_EPROHIBITED;
	}
	if (q->value.len > data_max(st, d)) {
		log_info(
		    "%04X: %zu bytes are too much: %zu fit", q->oid, q->value.len, data_max(st, d));
		return STORE_EFULL;
	}
	if ((r = data_free_slot(st, d, &yes)) != 0)
		return r;
	if (!yes) {
		log_info("%04X is in use or locked", q->oid);
		return STORE_EPROHIBITED;
	}
	*dp = d;
	return 0;
}

/*
 * Small objects for what fits there. The large ones endure few writes and are where RSA public
 * keys go, E0FC's first: that one is taken last.
 */
static int
choose_slot(struct store *st, const struct request *q, struct data_slot **dp)
{
	static const uint16_t small[] = { 0xF1D0, 0xF1D1, 0xF1D2, 0xF1D3, 0 };
	static const uint16_t large[] = { 0xF1E1, 0xF1E0, 0 };
	const size_t fits = data_max(st, data_by_oid(st, small[0]));
	const size_t most = data_max(st, data_by_oid(st, large[0]));
	const uint16_t *oids = q->value.len <= fits ? small : large;
	bool yes;
	int r;

	if (q->oid != 0)
		return choose_named(st, q, dp);
	if (q->value.len > most) {
		log_info("%zu bytes of data are too much: the largest objects hold %zu",
		    q->value.len, most);
		return STORE_EFULL;
	}
	for (; *oids != 0; oids++) {
		*dp = data_by_oid(st, *oids);
		if ((r = data_free_slot(st, *dp, &yes)) != 0 || yes)
			return r;
	}
	log_info(q->value.len <= fits ? "F1D0 to F1D3 are in use: no room for more data"
				      : "F1E0 and F1E1 are in use: no room for large data");
	return STORE_EFULL;
}

/* --- writing -------------------------------------------------------------------------------- */

/* Nothing that an object without an entry in the index would be taken for. */
static bool
speaks_for_itself(const struct cur *value)
{
	const struct chip_keytype *kt;
	struct buf spki = BUF_INIT;
	bool zero = true, key;

	for (size_t i = 0; i < value->len; i++)
		zero &= value->p[i] == 0;
	key = spki_parse(value->p, value->len, &kt, &spki) == 0;
	buf_free(&spki);
	return !zero && !key;
}

/* The index with the names; STORE_EFULL when it does not hold what is needed. */
static int
plan(struct store *st, const struct request *q, const struct object *o, struct index *ix)
{
	const uint8_t code = index_code(o->data->oid, 0);
	int r;

	*ix = st->index;
	index_drop(ix, code);
	if ((r = index_set_state(ix, code, INDEX_STATE_DATA)) == 0)
		r = store_put_names(st, ix, o->data->oid, q->tmpl, q->n);
	if (r == HAL_ETOOBIG)
		r = STORE_EFULL;
	if (r == 0)
		r = index_room(st, ix->len);
	if (r != STORE_EFULL || q->named || o->kind == OBJ_SECRET || !speaks_for_itself(&q->value))
		return r;
	*ix = st->index;
	index_drop(ix, code);
	return 0;
}

/*
 * The names first, marked, so that nothing without them is left when this is cut short. What was
 * said of an object that is gone does not hold for the new one.
 */
static int
save_intent(struct store *st, const struct index *planned, uint16_t oid)
{
	const uint8_t code = index_code(oid, 0), state = index_state(planned, code);
	struct index ix = *planned;
	int r = 0;

	if (state != 0)
		r = index_set_state(&ix, code, state | INDEX_STATE_PENDING);
	return r != 0 ? r : index_save(st, &ix);
}

/*
 * A secret's place is made one before the secret is written: never readable, used by the chip
 * for anybody, changeable as long as its life cycle state is below operational.
 */
static int
make_secret(struct store *st, struct data_slot *d)
{
	static const uint8_t tags[] = { 0xD1, 1, 0xFF, 0xD3, 1, 0x00, 0xE8, 1, 0x21 };
	const int r = chip_meta_write(st->chip, d->oid, tags, sizeof(tags));

	data_forget(d);
	return r;
}

static int
create(struct store *st, enum obj_kind kind, struct request *q, CK_OBJECT_HANDLE *h)
{
	struct object o = { .kind = kind };
	struct index ix;
	int r;

	if ((r = index_load(st)) != 0 || (r = choose_slot(st, q, &o.data)) != 0 ||
	    (r = plan(st, q, &o, &ix)) != 0)
		return r;
	/* A secret whose writing was cut short. */
	if (o.data->meta.type > 0 && (r = data_erase(st, o.data)) != 0)
		return r;
	if ((r = save_intent(st, &ix, o.data->oid)) != 0)
		return r;
	object_retire(st, &o);
	if ((kind == OBJ_SECRET && (r = make_secret(st, o.data)) != 0) ||
	    (r = data_write(st, o.data, 0, &q->value, CHIP_ERASE_WRITE)) != 0 ||
	    (r = index_save_found(st, &ix)) != 0)
		return r;
	if (kind == OBJ_SECRET)
		log_info("%04X holds a secret now: readable by nobody, used by whoever has the "
			 "chip; its conditions can be changed until its life cycle is raised",
		    o.data->oid);
	return object_handle(st, &o, h);
}

int
data_create(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *h)
{
	struct request q = { .tmpl = tmpl, .n = n };
	const int r = take_request(st, data_rows, &q);

	return r != 0 ? r : create(st, OBJ_DATA, &q, h);
}

int
secret_create(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *h)
{
	struct request q = { .tmpl = tmpl, .n = n };
	int r;

	/* Its objects have no types. */
	if (chip_model(st->chip)->gen == CHIP_TRUST_X) {
		log_info("the %s has no objects for secrets", chip_model(st->chip)->name);
		return STORE_ECONFLICT;
	}
	if ((r = take_request(st, secret_rows, &q)) != 0 || (r = check_secret(&q)) != 0)
		return r;
	return create(st, OBJ_SECRET, &q, h);
}

/* --- by class ------------------------------------------------------------------------------- */

static const struct {
	CK_OBJECT_CLASS cls;
	int (*create)(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *h);
} classes[] = {
	{ CKO_CERTIFICATE, cert_create },
	{ CKO_DATA, data_create },
	{ CKO_SECRET_KEY, secret_create },
};

static int
create_by_class(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *h)
{
	CK_ULONG cls = 0;
	int r;

	if (tmpl_find(tmpl, n, CKA_CLASS) == NULL)
		return STORE_ETEMPLATE;
	if ((r = tmpl_ulong(tmpl, n, CKA_CLASS, &cls)) != 0 || (r = view_check_class(st, cls)) != 0)
		return r;
	for (size_t i = 0; i < NITEMS(classes); i++)
		if (classes[i].cls == cls)
			return classes[i].create(st, tmpl, n, h);
	log_info("certificates, data and generic secrets can be created on the chip; keys are "
		 "generated there");
	return STORE_ECONFLICT;
}

int
store_create(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *hp)
{
	int r;

	if ((r = store_enter(st)) != 0)
		return r;
	r = create_by_class(st, tmpl, n, hp);
	return store_leave(st, r);
}
