/* Attributes of objects in host memory; see sobjattr.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/pkcs11v3.h"
#include "pkcs11/sobjattr.h"
#include "pkcs11/store/tmpl.h"

/* More than any value has any use for; keeps a garbage length from being read. */
#define VALUE_MAX (1UL << 20)

enum form { BOOL, ULONG, BYTES, DATE, MECHS };

/* Who may say what an attribute is. */
#define NEED    0x001 /* must be in a template of C_CreateObject */
#define MADE    0x002 /* the module alone */
#define MAKER   0x004 /* the module on creation; generation and derivation may name it */
#define IS      0x008 /* generation and derivation may name it, but not choose */
#define SET     0x010 /* C_SetAttributeValue and C_CopyObject */
#define COPY    0x020 /* C_CopyObject */
#define UP      0x040 /* once true it stays */
#define DOWN    0x080 /* once false it stays */
#define NEVER   0x100 /* only false is possible here */
#define HIDE    0x200 /* not told when sensitive or not extractable */
#define ABSENT  0x400 /* no default: follows from others, or is not there */

#define K(kind) (1U << (kind))
#define DATA    K(SOBJ_DATA)
#define CERT    K(SOBJ_CERT)
#define RSA     K(SOBJ_RSA)
#define EC      K(SOBJ_EC)
#define AES     K(SOBJ_AES)
#define PRIV    K(SOBJ_PRIV_EC)
#define PUB     (RSA | EC)
#define SECRET  (AES | K(SOBJ_GENERIC))
#define KEYS    (PUB | SECRET | PRIV)
#define ALL     (DATA | CERT | KEYS)

/* One row for each attribute of each kind; empty when the default is 0 and the form is bytes. */
static const struct row {
	CK_ATTRIBUTE_TYPE type;
	unsigned kinds;
	enum form form;
	unsigned rule;
	CK_ULONG fallback;
} rows[] = {
	{ CKA_CLASS, ALL, ULONG, NEED | IS, 0 },
	{ CKA_CERTIFICATE_TYPE, CERT, ULONG, NEED | IS, 0 },
	{ CKA_KEY_TYPE, KEYS, ULONG, NEED | IS, 0 },
	{ CKA_TOKEN, ALL, BOOL, COPY | NEVER, 0 },
	{ CKA_PRIVATE, ALL, BOOL, COPY | UP, 0 },
	{ CKA_MODIFIABLE, ALL, BOOL, COPY, 1 },
	{ CKA_COPYABLE, ALL, BOOL, SET | DOWN, 1 },
	{ CKA_DESTROYABLE, ALL, BOOL, COPY, 1 },
	{ CKA_UNIQUE_ID, ALL, BYTES, MADE | ABSENT, 0 },
	{ CKA_LABEL, ALL, BYTES, SET, 0 },

	{ CKA_APPLICATION, DATA, BYTES, SET, 0 },
	{ CKA_OBJECT_ID, DATA, BYTES, SET, 0 },
	{ CKA_VALUE, DATA, BYTES, SET, 0 },

	{ CKA_TRUSTED, CERT | PUB | SECRET, BOOL, NEVER, 0 },
	{ CKA_CERTIFICATE_CATEGORY, CERT, ULONG, 0, 0 },
	{ CKA_SUBJECT, CERT, BYTES, NEED, 0 },
	{ CKA_ID, CERT | KEYS, BYTES, SET, 0 },
	{ CKA_ISSUER, CERT, BYTES, SET | ABSENT, 0 },
	{ CKA_SERIAL_NUMBER, CERT, BYTES, SET | ABSENT, 0 },
	{ CKA_VALUE, CERT, BYTES, NEED, 0 },
	{ CKA_CHECK_VALUE, CERT, BYTES, ABSENT, 0 },
	{ CKA_START_DATE, CERT, DATE, ABSENT, 0 },
	{ CKA_END_DATE, CERT, DATE, ABSENT, 0 },
	{ CKA_PUBLIC_KEY_INFO, CERT, BYTES, ABSENT, 0 },
	{ CKA_URL, CERT, BYTES, 0, 0 },
	{ CKA_HASH_OF_SUBJECT_PUBLIC_KEY, CERT, BYTES, 0, 0 },
	{ CKA_HASH_OF_ISSUER_PUBLIC_KEY, CERT, BYTES, 0, 0 },
	{ CKA_JAVA_MIDP_SECURITY_DOMAIN, CERT, ULONG, 0, 0 },
	{ CKA_NAME_HASH_ALGORITHM, CERT, ULONG, 0, CKM_SHA_1 },

	{ CKA_START_DATE, KEYS, DATE, SET, 0 },
	{ CKA_END_DATE, KEYS, DATE, SET, 0 },
	{ CKA_DERIVE, KEYS, BOOL, SET, 0 },
	{ CKA_LOCAL, KEYS, BOOL, MADE, 0 },
	{ CKA_KEY_GEN_MECHANISM, KEYS, ULONG, MADE, CK_UNAVAILABLE_INFORMATION },
	{ CKA_ALLOWED_MECHANISMS, KEYS, MECHS, ABSENT, 0 },

	{ CKA_SUBJECT, PUB | PRIV, BYTES, SET, 0 },
	{ CKA_PUBLIC_KEY_INFO, PUB, BYTES, IS | ABSENT, 0 },
	{ CKA_PUBLIC_KEY_INFO, PRIV, BYTES, MADE, 0 },
	{ CKA_ENCRYPT, RSA | AES, BOOL, SET, 1 },
	{ CKA_ENCRYPT, EC | K(SOBJ_GENERIC), BOOL, SET, 0 },
	{ CKA_DECRYPT, AES, BOOL, SET, 1 },
	{ CKA_DECRYPT, K(SOBJ_GENERIC) | PRIV, BOOL, SET, 0 },
	{ CKA_VERIFY, PUB | SECRET, BOOL, SET, 1 },
	{ CKA_VERIFY_RECOVER, PUB, BOOL, SET, 0 },
	{ CKA_SIGN, SECRET, BOOL, SET, 1 },
	{ CKA_SIGN, PRIV, BOOL, SET, 0 },
	{ CKA_SIGN_RECOVER, PRIV, BOOL, SET, 0 },
	{ CKA_WRAP, PUB | SECRET, BOOL, SET, 0 },
	{ CKA_UNWRAP, SECRET | PRIV, BOOL, SET, 0 },

	{ CKA_MODULUS, RSA, BYTES, NEED | IS, 0 },
	{ CKA_MODULUS_BITS, RSA, ULONG, MAKER | IS | ABSENT, 0 },
	{ CKA_PUBLIC_EXPONENT, RSA, BYTES, NEED | IS, 0 },
	{ CKA_EC_PARAMS, EC | PRIV, BYTES, NEED | IS, 0 },
	{ CKA_EC_POINT, EC, BYTES, NEED | IS, 0 },

	{ CKA_SENSITIVE, SECRET, BOOL, SET | UP, 0 },
	{ CKA_SENSITIVE, PRIV, BOOL, SET | UP, 1 },
	{ CKA_EXTRACTABLE, SECRET, BOOL, SET | DOWN, 1 },
	{ CKA_EXTRACTABLE, PRIV, BOOL, SET | DOWN, 0 },
	{ CKA_ALWAYS_SENSITIVE, SECRET | PRIV, BOOL, MADE, 0 },
	{ CKA_NEVER_EXTRACTABLE, SECRET | PRIV, BOOL, MADE, 0 },
	{ CKA_WRAP_WITH_TRUSTED, SECRET | PRIV, BOOL, SET | UP, 0 },
	{ CKA_ALWAYS_AUTHENTICATE, PRIV, BOOL, NEVER, 0 },
	{ CKA_CHECK_VALUE, SECRET, BYTES, ABSENT, 0 },
	{ CKA_VALUE, SECRET, BYTES, NEED | HIDE, 0 },
	{ CKA_VALUE, PRIV, BYTES, MADE | HIDE, 0 },
	{ CKA_VALUE_LEN, SECRET, ULONG, MAKER | IS | ABSENT, 0 },
};

static const struct row *
row_of(enum sobj_kind kind, CK_ATTRIBUTE_TYPE type)
{
	for (size_t i = 0; i < NITEMS(rows); i++)
		if (rows[i].type == type && (rows[i].kinds & K(kind)) != 0)
			return &rows[i];
	return NULL;
}

bool
sobj_kind_attr(enum sobj_kind kind, size_t i, CK_ATTRIBUTE_TYPE *type, bool *given)
{
	for (size_t j = 0; j < NITEMS(rows); j++) {
		if ((rows[j].kinds & K(kind)) == 0 || i-- != 0)
			continue;
		*type = rows[j].type;
		*given = (rows[j].rule & (MADE | MAKER)) == 0;
		return true;
	}
	return false;
}

/* --- kinds ---------------------------------------------------------------------------------- */

static const struct {
	CK_OBJECT_CLASS cls;
	CK_ATTRIBUTE_TYPE sub; /* attribute that tells kinds of a class apart */
	CK_ULONG value;
} kinds[SOBJ_NKINDS] = {
	[SOBJ_DATA] = { CKO_DATA, 0, 0 },
	[SOBJ_CERT] = { CKO_CERTIFICATE, CKA_CERTIFICATE_TYPE, CKC_X_509 },
	[SOBJ_RSA] = { CKO_PUBLIC_KEY, CKA_KEY_TYPE, CKK_RSA },
	[SOBJ_EC] = { CKO_PUBLIC_KEY, CKA_KEY_TYPE, CKK_EC },
	[SOBJ_AES] = { CKO_SECRET_KEY, CKA_KEY_TYPE, CKK_AES },
	[SOBJ_GENERIC] = { CKO_SECRET_KEY, CKA_KEY_TYPE, CKK_GENERIC_SECRET },
	[SOBJ_PRIV_EC] = { CKO_PRIVATE_KEY, CKA_KEY_TYPE, CKK_EC },
};

CK_OBJECT_CLASS
sobj_kind_class(enum sobj_kind kind)
{
	return kinds[kind].cls;
}

/* A CK_ULONG that must be there. */
static CK_RV
need_ulong(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type, CK_ULONG *v)
{
	const CK_ATTRIBUTE *a = tmpl_find(tmpl, n, type);

	if (a == NULL)
		return CKR_TEMPLATE_INCOMPLETE;
	if (a->ulValueLen != sizeof(*v) || a->pValue == NULL)
		return CKR_ATTRIBUTE_VALUE_INVALID;
	memcpy(v, a->pValue, sizeof(*v));
	return CKR_OK;
}

CK_RV
sobj_kind_of(const CK_ATTRIBUTE *tmpl, CK_ULONG n, enum sobj_kind *kind)
{
	CK_ULONG cls, sub;
	CK_RV rv;

	if ((rv = need_ulong(tmpl, n, CKA_CLASS, &cls)) != CKR_OK)
		return rv;
	if (cls == CKO_PRIVATE_KEY) {
		log_info("private keys are made on the chip (C_GenerateKeyPair): it takes none in "
			 "plain, and none is kept in host memory");
		return CKR_TEMPLATE_INCONSISTENT;
	}
	for (size_t i = 0; i < NITEMS(kinds); i++) {
		if (kinds[i].cls != cls)
			continue;
		if (kinds[i].sub != 0 && (rv = need_ulong(tmpl, n, kinds[i].sub, &sub)) != CKR_OK)
			return rv;
		if (kinds[i].sub == 0 || kinds[i].value == sub) {
			*kind = (enum sobj_kind)i;
			return CKR_OK;
		}
	}
	log_debug("objects of class 0x%lx and this type cannot be created", cls);
	return CKR_ATTRIBUTE_VALUE_INVALID;
}

/* --- lists ---------------------------------------------------------------------------------- */

const CK_ATTRIBUTE *
sobj_attrs_get(const struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type)
{
	return tmpl_find(a->list, a->n, type);
}

bool
sobj_attrs_bool(const struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *at = sobj_attrs_get(a, type);

	return at != NULL && at->ulValueLen == 1 && *(const CK_BBOOL *)at->pValue != CK_FALSE;
}

static void
value_free(CK_ATTRIBUTE *at)
{
	if (at->pValue != NULL)
		OPENSSL_cleanse(at->pValue, at->ulValueLen);
	free(at->pValue);
}

CK_RV
sobj_attrs_put(struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type, const void *p, CK_ULONG len)
{
	CK_ATTRIBUTE at = { type, NULL, len }, *list;

	if (len != 0 && (at.pValue = malloc(len)) == NULL)
		return CKR_HOST_MEMORY;
	if (len != 0)
		memcpy(at.pValue, p, len);
	for (CK_ULONG i = 0; i < a->n; i++) {
		if (a->list[i].type != type)
			continue;
		value_free(&a->list[i]);
		a->list[i] = at;
		return CKR_OK;
	}
	/* Grows by eights; the list itself holds nothing secret. */
	if (a->n % 8 == 0) {
		if ((list = realloc(a->list, (a->n + 8) * sizeof(*list))) == NULL) {
			value_free(&at);
			return CKR_HOST_MEMORY;
		}
		a->list = list;
	}
	a->list[a->n++] = at;
	return CKR_OK;
}

CK_RV
sobj_attrs_put_bool(struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type, bool v)
{
	const CK_BBOOL b = v ? CK_TRUE : CK_FALSE;

	return sobj_attrs_put(a, type, &b, sizeof(b));
}

CK_RV
sobj_attrs_put_ulong(struct sobj_attrs *a, CK_ATTRIBUTE_TYPE type, CK_ULONG v)
{
	return sobj_attrs_put(a, type, &v, sizeof(v));
}

CK_RV
sobj_attrs_dup(struct sobj_attrs *to, const struct sobj_attrs *from)
{
	CK_RV rv = CKR_OK;

	*to = (struct sobj_attrs){ NULL, 0 };
	for (CK_ULONG i = 0; i < from->n && rv == CKR_OK; i++)
		rv = sobj_attrs_put(
		    to, from->list[i].type, from->list[i].pValue, from->list[i].ulValueLen);
	if (rv != CKR_OK)
		sobj_attrs_free(to);
	return rv;
}

void
sobj_attrs_free(struct sobj_attrs *a)
{
	for (CK_ULONG i = 0; i < a->n; i++)
		value_free(&a->list[i]);
	free(a->list);
	*a = (struct sobj_attrs){ NULL, 0 };
}

/* --- templates ------------------------------------------------------------------------------ */

/* CK_DATE: eight digits, or nothing. */
static bool
is_date(const CK_ATTRIBUTE *at)
{
	const unsigned char *p = at->pValue;

	for (CK_ULONG i = 0; i < at->ulValueLen; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	return at->ulValueLen == 0 || at->ulValueLen == sizeof(CK_DATE);
}

static bool
well_formed(const struct row *row, const CK_ATTRIBUTE *at)
{
	if (at->ulValueLen > VALUE_MAX || (at->pValue == NULL && at->ulValueLen != 0))
		return false;
	switch (row->form) {
	case BOOL: return at->ulValueLen == sizeof(CK_BBOOL) && *(CK_BBOOL *)at->pValue <= 1;
	case ULONG: return at->ulValueLen == sizeof(CK_ULONG);
	case MECHS: return at->ulValueLen % sizeof(CK_MECHANISM_TYPE) == 0;
	case DATE: return is_date(at);
	case BYTES: break;
	}
	return true;
}

static bool
same(const CK_ATTRIBUTE *a, const CK_ATTRIBUTE *b)
{
	return a != NULL && a->ulValueLen == b->ulValueLen &&
	       (a->ulValueLen == 0 || CRYPTO_memcmp(a->pValue, b->pValue, a->ulValueLen) == 0);
}

/* Whether at may take the place of what is there. */
static CK_RV
may_change(
    const struct sobj_attrs *a, const struct row *row, enum sobj_use use, const CK_ATTRIBUTE *at)
{
	const CK_ATTRIBUTE *old = sobj_attrs_get(a, row->type);
	const bool on = row->form == BOOL && *(const CK_BBOOL *)at->pValue != CK_FALSE;

	if ((row->rule & SET) == 0 && (use != SOBJ_COPY || (row->rule & COPY) == 0))
		return use == SOBJ_COPY && (row->rule & HIDE) == 0 && same(old, at)
			   ? CKR_OK
			   : CKR_ATTRIBUTE_READ_ONLY;
	if (((row->rule & UP) != 0 && !on && sobj_attrs_bool(a, row->type)) ||
	    ((row->rule & DOWN) != 0 && on && !sobj_attrs_bool(a, row->type)))
		return CKR_ATTRIBUTE_READ_ONLY;
	return CKR_OK;
}

/* Whether a template for this use may name the attribute with this value. */
static CK_RV
may_name(
    const struct sobj_attrs *a, const struct row *row, enum sobj_use use, const CK_ATTRIBUTE *at)
{
	const bool on = row->form == BOOL && *(const CK_BBOOL *)at->pValue != CK_FALSE;

	if ((row->rule & MADE) != 0 && use != SOBJ_COPY)
		return CKR_ATTRIBUTE_READ_ONLY;
	if ((row->rule & NEVER) != 0 && on)
		return CKR_ATTRIBUTE_READ_ONLY;
	switch (use) {
	case SOBJ_CREATE: return (row->rule & MAKER) != 0 ? CKR_ATTRIBUTE_READ_ONLY : CKR_OK;
	case SOBJ_MAKE:
		if ((row->rule & IS) != 0)
			return same(sobj_attrs_get(a, row->type), at) ? CKR_OK
								      : CKR_TEMPLATE_INCONSISTENT;
		return (row->rule & NEED) != 0 ? CKR_TEMPLATE_INCONSISTENT : CKR_OK;
	default: return may_change(a, row, use, at);
	}
}

CK_RV
sobj_attrs_apply(struct sobj_attrs *a, enum sobj_kind kind, enum sobj_use use,
    const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	const struct row *row;
	CK_RV rv;

	for (CK_ULONG i = 0; i < n; i++) {
		if ((row = row_of(kind, tmpl[i].type)) == NULL)
			return CKR_ATTRIBUTE_TYPE_INVALID;
		if (!well_formed(row, &tmpl[i]))
			return CKR_ATTRIBUTE_VALUE_INVALID;
		if (tmpl_find(tmpl, i, tmpl[i].type) != NULL)
			return CKR_TEMPLATE_INCONSISTENT;
		if ((rv = may_name(a, row, use, &tmpl[i])) != CKR_OK ||
		    (rv = sobj_attrs_put(a, row->type, tmpl[i].pValue, tmpl[i].ulValueLen)) !=
			CKR_OK)
			return rv;
	}
	return CKR_OK;
}

CK_RV
sobj_attrs_complete(struct sobj_attrs *a, enum sobj_kind kind, const struct chip_keytype **type)
{
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < NITEMS(rows) && rv == CKR_OK; i++) {
		const struct row *r = &rows[i];

		if ((r->kinds & K(kind)) == 0 || sobj_attrs_get(a, r->type) != NULL ||
		    ((r->rule & ABSENT) != 0 && (r->rule & NEED) == 0))
			continue;
		/* A secret on the chip has no value here. */
		if ((r->rule & HIDE) != 0 && sobj_attrs_get(a, CKA_VALUE_LEN) != NULL)
			continue;
		if ((r->rule & NEED) != 0)
			rv = CKR_TEMPLATE_INCOMPLETE;
		else if (r->form == BOOL)
			rv = sobj_attrs_put_bool(a, r->type, r->fallback != 0);
		else if (r->form == ULONG)
			rv = sobj_attrs_put_ulong(a, r->type, r->fallback);
		else
			rv = sobj_attrs_put(a, r->type, NULL, 0);
	}
	return rv != CKR_OK ? rv : sobj_kind_complete(a, kind, type);
}

bool
sobj_attrs_hidden(
    const struct sobj_attrs *a, enum sobj_kind kind, bool on_chip, CK_ATTRIBUTE_TYPE type)
{
	const struct row *row = row_of(kind, type);

	return row != NULL && (row->rule & HIDE) != 0 &&
	       (on_chip || sobj_attrs_bool(a, CKA_SENSITIVE) ||
		   !sobj_attrs_bool(a, CKA_EXTRACTABLE));
}
