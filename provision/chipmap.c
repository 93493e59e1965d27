/* Reading a token for its object map; see chipmap.h. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "pkcs11/optiga-pkcs11.h"
#include "provision/cert.h"
#include "provision/chipmap.h"
#include "provision/msg.h"
#include "provision/rv.h"
#include "provision/tokenint.h"

#define NITEMS(a)   (sizeof(a) / sizeof((a)[0]))

#define OBJECTS_MAX 256U
#define VALUE_MAX   2048U /* the largest object has 1728 bytes */
#define LABEL_MAX   256U

/* Object map of all models, SRM "Data structures". What is not here is data. */
static const struct {
	uint16_t first, last;
	enum chip_kind kind;
} kinds[] = {
	{ 0xE0C0, 0xE0CF, CHIP_STATUS },
	{ 0xE0E0, 0xE0E3, CHIP_CERT },
	{ 0xE0E8, 0xE0EF, CHIP_ANCHOR },
	{ 0xE0F0, 0xE0F3, CHIP_EC_KEY },
	{ 0xE0FC, 0xE0FD, CHIP_RSA_KEY },
	{ 0xE100, 0xE103, CHIP_SESSION },
	{ 0xE120, 0xE123, CHIP_COUNTER },
	{ OID_BINDING, OID_BINDING, CHIP_BINDING },
	{ OID_AES, OID_AES, CHIP_AES_KEY },
	{ OID_LIFE_APP, OID_LAST_ERROR, CHIP_STATUS },
};

static enum chip_kind
kind_of(uint16_t oid)
{
	for (size_t i = 0; i < NITEMS(kinds); i++)
		if (oid >= kinds[i].first && oid <= kinds[i].last)
			return kinds[i].kind;
	return CHIP_DATA;
}

/* --- attributes ---------------------------------------------------------------------------- */

/* An attribute into a buffer; false: the object has none, or it may not be seen. */
static bool
get_one(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE *a)
{
	const CK_ULONG room = a->ulValueLen;

	return object_attributes(t, o, a, 1) == CKR_OK && a->ulValueLen <= room;
}

static bool
get_oid(struct token *t, CK_OBJECT_HANDLE o, uint16_t *oid)
{
	unsigned char bytes[2];
	CK_ATTRIBUTE a = { CKA_OPTIGA_OID, bytes, sizeof(bytes) };

	if (!get_one(t, o, &a) || a.ulValueLen != sizeof(bytes))
		return false;
	*oid = (uint16_t)(bytes[0] << 8 | bytes[1]);
	return true;
}

/* NULL: it has no label, or an empty one. */
static char *
get_label(struct token *t, CK_OBJECT_HANDLE o)
{
	unsigned char text[LABEL_MAX];
	CK_ATTRIBUTE a = { CKA_LABEL, text, sizeof(text) };

	if (!get_one(t, o, &a) || a.ulValueLen == 0)
		return NULL;
	return text_clean(text, a.ulValueLen);
}

static bool
get_bool(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL yes = CK_FALSE;
	CK_ATTRIBUTE a = { type, &yes, sizeof(yes) };

	return get_one(t, o, &a) && a.ulValueLen == sizeof(yes) && yes != CK_FALSE;
}

/* All objects of a class; hits has room for OBJECTS_MAX. */
static CK_RV
find_class(struct token *t, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *hits, CK_ULONG *n)
{
	CK_ATTRIBUTE templ = { CKA_CLASS, &class, sizeof(class) };

	return object_find(t, &templ, 1, hits, OBJECTS_MAX, n);
}

/* --- objects of the chip ------------------------------------------------------------------- */

/* Reading may be counted; then looking would wear the object out. */
static bool
reading_counts(const struct chip_object *o)
{
	unsigned char id;
	uint16_t oid;
	size_t at = 0;

	while (chip_access_names(&o->access[ACCESS_READ], &id, &oid, &at))
		if (id == 0x40)
			return true;
	return false;
}

static bool
read_value(struct token *t, CK_OBJECT_HANDLE h, struct chip_object *o)
{
	unsigned char value[VALUE_MAX];
	CK_ATTRIBUTE a = { CKA_VALUE, value, sizeof(value) };

	if (o->kind == CHIP_EC_KEY || o->kind == CHIP_RSA_KEY || o->kind == CHIP_AES_KEY ||
	    o->kind == CHIP_SESSION)
		return true;
	o->content = reading_counts(o) ? CONTENT_SPARED : CONTENT_HIDDEN;
	if (o->content == CONTENT_SPARED || chip_is_secret(o) || !get_one(t, h, &a))
		return true;
	o->value = malloc(a.ulValueLen + 1);
	if (o->value == NULL)
		return false;
	memcpy(o->value, value, a.ulValueLen);
	o->value_len = a.ulValueLen;
	o->content = CONTENT_READ;
	/* The tag comes with the first write. */
	if (o->used < 0)
		o->used = (long)o->value_len;
	return true;
}

static bool
read_object(struct token *t, CK_OBJECT_HANDLE h, struct chip_object *o)
{
	CK_ATTRIBUTE meta = { CKA_OPTIGA_METADATA, o->meta, sizeof(o->meta) };

	o->kind = kind_of(o->oid);
	o->name = get_label(t, h);
	if (o->name == NULL)
		o->name = strdup(chip_kind_name(o->kind));
	if (get_one(t, h, &meta))
		o->meta_len = meta.ulValueLen;
	if (!chip_meta_parse(o))
		o->meta_len = 0;
	return o->name != NULL && read_value(t, h, o);
}

static int
by_oid(const void *a, const void *b)
{
	const struct chip_object *x = a, *y = b;

	return x->oid < y->oid ? -1 : x->oid > y->oid;
}

/* Other modules refuse the search, or find nothing. */
static bool
read_objects(struct token *t, struct chipmap *m)
{
	CK_OBJECT_HANDLE hits[OBJECTS_MAX];
	CK_ULONG n = 0;

	if (find_class(t, CKO_OPTIGA_CHIP_OBJECT, hits, &n) != CKR_OK || n == 0)
		return true;
	m->objects = calloc(n, sizeof(*m->objects));
	if (m->objects == NULL)
		return false;
	for (CK_ULONG i = 0; i < n; i++) {
		struct chip_object *o = &m->objects[m->nobjects];

		if (!get_oid(t, hits[i], &o->oid))
			continue;
		m->nobjects++;
		if (!read_object(t, hits[i], o))
			return false;
	}
	m->chip = m->nobjects > 0;
	qsort(m->objects, m->nobjects, sizeof(*m->objects), by_oid);
	return true;
}

/* --- keys and certificates ----------------------------------------------------------------- */

static bool
read_keys(struct token *t, struct chipmap *m)
{
	CK_OBJECT_HANDLE hits[OBJECTS_MAX];
	CK_ULONG n = 0;
	CK_RV rv = find_class(t, CKO_PRIVATE_KEY, hits, &n);

	if (rv != CKR_OK) {
		rv_error(rv, "cannot search the token for keys");
		return false;
	}
	m->keys = calloc(n + 1, sizeof(*m->keys));
	if (m->keys == NULL) {
		prov_error("out of memory");
		return false;
	}
	for (CK_ULONG i = 0; i < n; i++) {
		struct chip_key *k = &m->keys[m->nkeys++];

		(void)get_oid(t, hits[i], &k->oid);
		token_key_read(t, hits[i], &k->key);
		k->label = get_label(t, hits[i]);
		k->can_sign = get_bool(t, hits[i], CKA_SIGN);
		k->can_derive = get_bool(t, hits[i], CKA_DERIVE);
		k->can_decrypt = get_bool(t, hits[i], CKA_DECRYPT);
	}
	return true;
}

/* From the object's own bytes, for those of a chip: form and order of a chain show there. */
static void
take_certs(struct chipmap *m, struct chip_object *o)
{
	struct chip_x509 list[CHIP_CERTS_MAX];
	size_t n = 0;

	if ((o->kind != CHIP_CERT && o->kind != CHIP_ANCHOR) || o->content != CONTENT_READ)
		return;
	o->form = chip_certs_parse(o->value, o->value_len, list, CHIP_CERTS_MAX, &n);
	for (size_t i = 0; i < n; i++) {
		list[i].oid = o->oid;
		m->certs[m->ncerts++] = list[i];
	}
}

/* The names that the token gives them. */
static void
name_cert(struct token *t, struct chip_x509 *c, CK_OBJECT_HANDLE h)
{
	size_t len = 0;
	unsigned char *id = object_get(t, h, CKA_ID, &len);

	if (c->label == NULL)
		c->label = get_label(t, h);
	if (id != NULL && len <= sizeof(c->id)) {
		memcpy(c->id, id, len);
		c->id_len = len;
	}
	free(id);
}

static struct chip_x509 *
find_cert(struct chipmap *m, uint16_t oid, X509 *cert)
{
	for (size_t i = 0; i < m->ncerts; i++)
		if (m->certs[i].oid == oid && X509_cmp(m->certs[i].cert, cert) == 0)
			return &m->certs[i];
	return NULL;
}

static bool
read_certs(struct token *t, struct chipmap *m)
{
	CK_OBJECT_HANDLE hits[OBJECTS_MAX];
	CK_ULONG n = 0;
	CK_RV rv = find_class(t, CKO_CERTIFICATE, hits, &n);

	if (rv != CKR_OK) {
		rv_error(rv, "cannot search the token for certificates");
		return false;
	}
	m->certs = calloc(n + m->nobjects * CHIP_CERTS_MAX + 1, sizeof(*m->certs));
	if (m->certs == NULL) {
		prov_error("out of memory");
		return false;
	}
	for (size_t i = 0; i < m->nobjects; i++)
		take_certs(m, &m->objects[i]);
	for (CK_ULONG i = 0; i < n; i++) {
		size_t len = 0;
		uint16_t oid = 0;
		unsigned char *der = object_get(t, hits[i], CKA_VALUE, &len);
		X509 *cert = der != NULL ? cert_from_der(der, len) : NULL;
		struct chip_x509 *c;

		free(der);
		if (cert == NULL)
			continue;
		(void)get_oid(t, hits[i], &oid);
		c = find_cert(m, oid, cert);
		if (c == NULL) {
			c = &m->certs[m->ncerts++];
			*c = (struct chip_x509){ .cert = cert, .oid = oid, .size = len, .key = -1 };
			cert = NULL;
		}
		name_cert(t, c, hits[i]);
		X509_free(cert);
	}
	return true;
}

/* By public key, and only where that is not known by the ID. */
static void
pair(struct chipmap *m)
{
	for (size_t i = 0; i < m->ncerts; i++) {
		struct chip_x509 *c = &m->certs[i];

		for (size_t k = 0; c->at == 0 && k < m->nkeys && c->key < 0; k++) {
			const struct token_key *key = &m->keys[k].key;
			const bool same_id = key->id_len > 0 && key->id_len == c->id_len &&
					     memcmp(key->id, c->id, c->id_len) == 0;

			if (key->pub != NULL ? cert_is_for(c->cert, key->pub) : same_id)
				c->key = (int)k;
		}
	}
}

struct chipmap *
chipmap_read(struct token *t)
{
	struct chipmap *m = calloc(1, sizeof(*m));

	t->failed = CKR_OK;
	if (m == NULL || !read_objects(t, m)) {
		prov_error("out of memory");
		chipmap_free(&m);
		return NULL;
	}
	if (!read_keys(t, m) || !read_certs(t, m)) {
		chipmap_free(&m);
		return NULL;
	}
	pair(m);
	/* What is missing is not known then, and so nothing can be said of the token. */
	if (t->failed != CKR_OK) {
		rv_error(t->failed, "cannot read all that is on the token");
		chipmap_free(&m);
	}
	return m;
}

void
chipmap_free(struct chipmap **mp)
{
	struct chipmap *m = *mp;

	if (m == NULL)
		return;
	for (size_t i = 0; i < m->nobjects; i++) {
		free(m->objects[i].name);
		free(m->objects[i].value);
	}
	for (size_t i = 0; i < m->nkeys; i++) {
		free(m->keys[i].label);
		token_key_clear(&m->keys[i].key);
	}
	for (size_t i = 0; i < m->ncerts; i++) {
		free(m->certs[i].label);
		X509_free(m->certs[i].cert);
	}
	free(m->objects);
	free(m->keys);
	free(m->certs);
	free(m);
	*mp = NULL;
}

/* --- looking things up --------------------------------------------------------------------- */

const struct chip_object *
chipmap_object(const struct chipmap *m, uint16_t oid)
{
	for (size_t i = 0; i < m->nobjects; i++)
		if (m->objects[i].oid == oid)
			return &m->objects[i];
	return NULL;
}

const struct chip_key *
chipmap_key(const struct chipmap *m, uint16_t oid)
{
	for (size_t i = 0; i < m->nkeys; i++)
		if (m->keys[i].oid == oid)
			return &m->keys[i];
	return NULL;
}

const struct chip_x509 *
chipmap_cert_of(const struct chipmap *m, size_t k, size_t *next)
{
	while (*next < m->ncerts) {
		const struct chip_x509 *c = &m->certs[(*next)++];

		if (c->key >= 0 && (size_t)c->key == k)
			return c;
	}
	return NULL;
}

int
chipmap_byte(const struct chipmap *m, uint16_t oid)
{
	const struct chip_object *o = chipmap_object(m, oid);

	return o != NULL && o->content == CONTENT_READ && o->value_len == 1 ? o->value[0] : -1;
}

bool
chip_counter(const struct chip_object *o, uint32_t *value, uint32_t *threshold)
{
	const unsigned char *p = o->value;

	if (o->kind != CHIP_COUNTER || o->content != CONTENT_READ || o->value_len != 8)
		return false;
	*value = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	*threshold = (uint32_t)p[4] << 24 | (uint32_t)p[5] << 16 | (uint32_t)p[6] << 8 | p[7];
	return true;
}

long
chip_bytes_in_use(const struct chip_object *o)
{
	if (o->content != CONTENT_READ)
		return o->used;
	for (size_t i = 0; i < o->value_len; i++)
		if (o->value[i] != 0)
			return (long)o->value_len;
	return 0;
}

/* Every part of it begins with this mark, which is permanent. */
bool
chip_is_index(const struct chip_object *o)
{
	static const unsigned char mark[] = { 0x9E, 0x4F, 0x50 };

	return o->kind == CHIP_DATA && o->content == CONTENT_READ && o->value_len > sizeof(mark) &&
	       memcmp(o->value, mark, sizeof(mark)) == 0;
}
