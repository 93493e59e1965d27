/* Attributes of X.509 certificates: PKCS #11 4.6. */
#include <config.h>

#include "hal/base/err.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/attr.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/store/x509.h"

/* CKA_CERTIFICATE_CATEGORY, PKCS #11 v2.40 table 19. */
#define CATEGORY_UNSPECIFIED 0
#define CATEGORY_TOKEN_USER  1
#define CATEGORY_AUTHORITY   2

#define CHECK_VALUE_LEN      3
#define SHA1_LEN             20

static const uint8_t *
der_of(const struct object *o)
{
	return o->slot->raw.data + o->cert->at;
}

static int
get_trusted(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return attr_bool(st, o, o->slot->row->anchor, out);
}

static int
get_id(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return cert_id(st, o, out);
}

static int
get_label(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)arg;
	return cert_label(st, o, out);
}

static int
get_value(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)st;
	(void)arg;
	return buf_put(out, der_of(o), o->cert->len);
}

static int
get_part(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	(void)st;
	return x509_part(der_of(o), o->cert->len, (enum x509_part)arg, out);
}

/* The first three bytes of the SHA-1 of CKA_VALUE. */
static int
get_check_value(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	uint8_t hash[SHA1_LEN];
	int r;

	(void)st;
	(void)arg;
	if ((r = ossl_digest("SHA1", der_of(o), o->cert->len, hash, sizeof(hash))) != 0)
		return r;
	return buf_put(out, hash, CHECK_VALUE_LEN);
}

static int
get_category(struct store *st, const struct object *o, unsigned long arg, struct buf *out)
{
	const struct key *k = NULL;
	bool ca = true;
	int r;

	(void)arg;
	if (!o->slot->row->anchor && (r = x509_is_ca(der_of(o), o->cert->len, &ca)) != 0)
		return r;
	if (ca)
		return attr_ulong(st, o, CATEGORY_AUTHORITY, out);
	if ((r = cert_pair(st, o->slot, o->cert, &k)) != 0)
		return r;
	return attr_ulong(st, o, k != NULL ? CATEGORY_TOKEN_USER : CATEGORY_UNSPECIFIED, out);
}

#define ROW(type, cost, get, arg)                                                                  \
	{                                                                                          \
		(type), ATTR_CERT, (cost), (get), (arg), false                                     \
	}

static const struct attr rows[] = {
	ROW(CKA_CLASS, ATTR_FREE, attr_ulong, CKO_CERTIFICATE),
	ROW(CKA_CERTIFICATE_TYPE, ATTR_FREE, attr_ulong, CKC_X_509),
	ROW(CKA_TOKEN, ATTR_FREE, attr_bool, 1),
	ROW(CKA_PRIVATE, ATTR_FREE, attr_bool, 0),
	ROW(CKA_MODIFIABLE, ATTR_FREE, attr_bool, 1),
	ROW(CKA_COPYABLE, ATTR_FREE, attr_bool, 1),
	ROW(CKA_TRUSTED, ATTR_FREE, get_trusted, 0),
	ROW(CKA_OPTIGA_OID, ATTR_FREE, attr_oid, 0),
	ROW(CKA_URL, ATTR_FREE, attr_empty, 0),
	ROW(CKA_HASH_OF_SUBJECT_PUBLIC_KEY, ATTR_FREE, attr_empty, 0),
	ROW(CKA_HASH_OF_ISSUER_PUBLIC_KEY, ATTR_FREE, attr_empty, 0),
	ROW(CKA_JAVA_MIDP_SECURITY_DOMAIN, ATTR_FREE, attr_ulong, 0),
	ROW(CKA_NAME_HASH_ALGORITHM, ATTR_FREE, attr_ulong, CKM_SHA_1),

	ROW(CKA_VALUE, ATTR_META, get_value, 0),
	ROW(CKA_SUBJECT, ATTR_META, get_part, X509_PART_SUBJECT),
	ROW(CKA_ISSUER, ATTR_META, get_part, X509_PART_ISSUER),
	ROW(CKA_SERIAL_NUMBER, ATTR_META, get_part, X509_PART_SERIAL),
	ROW(CKA_START_DATE, ATTR_META, get_part, X509_PART_START),
	ROW(CKA_END_DATE, ATTR_META, get_part, X509_PART_END),
	ROW(CKA_PUBLIC_KEY_INFO, ATTR_META, get_part, X509_PART_SPKI),
	ROW(CKA_CHECK_VALUE, ATTR_META, get_check_value, 0),
	ROW(CKA_UNIQUE_ID, ATTR_META, attr_unique_id, 0),

	ROW(CKA_DESTROYABLE, ATTR_READ, attr_meta, ATTR_META_DESTROYABLE),
	{ CKA_ID, ATTR_CERT, ATTR_READ, get_id, 0, true },
	{ CKA_LABEL, ATTR_CERT, ATTR_READ, get_label, 0, true },
	ROW(CKA_CERTIFICATE_CATEGORY, ATTR_READ, get_category, 0),
};
const struct attr_table attr_cert = { rows, NITEMS(rows) };
