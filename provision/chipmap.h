/*
 * The object map of a chip, read through PKCS #11 (optiga-pkcs11.h): every object with life cycle,
 * sizes, access conditions and content where that may be read; the keys, the certificates, and
 * which belong together. Of other tokens only keys and certificates. Nothing on the token changes.
 */
#ifndef PROVISION_CHIPMAP_H
#define PROVISION_CHIPMAP_H

#include "provision/token.h"

/* SRM "Metadata": the block has at most 44 bytes, so has no expression more. */
#define CHIP_META_MAX   44U
#define CHIP_CERTS_MAX  8U

#define OID_LIFE_GLOBAL 0xE0C0
#define OID_STATUS      0xE0C1
#define OID_UID         0xE0C2
#define OID_SLEEP       0xE0C3
#define OID_CURRENT     0xE0C4
#define OID_EVENTS      0xE0C5
#define OID_MONITOR     0xE0C9
#define OID_FACTORY_KEY 0xE0F0
#define OID_BINDING     0xE140
#define OID_AES         0xE200
#define OID_LIFE_APP    0xF1C0
#define OID_STATUS_APP  0xF1C1
#define OID_LAST_ERROR  0xF1C2

enum chip_kind {
	CHIP_STATUS, /* of the chip itself, such as E0C5 */
	CHIP_CERT,
	CHIP_ANCHOR,
	CHIP_EC_KEY,
	CHIP_RSA_KEY,
	CHIP_AES_KEY,
	CHIP_SESSION,
	CHIP_COUNTER,
	CHIP_BINDING,
	CHIP_DATA,
	CHIP_KINDS,
};

/* Tag C0. */
enum chip_life {
	LIFE_FIXED = -1, /* no tag: operational for ever */
	LIFE_CREATION = 1,
	LIFE_INITIALIZATION = 3,
	LIFE_OPERATIONAL = 7,
	LIFE_TERMINATION = 15,
};

/* Tags D0, D1, D3, D8. */
enum chip_access {
	ACCESS_CHANGE,
	ACCESS_READ,
	ACCESS_EXECUTE,
	ACCESS_UPDATE, /* of content and metadata, by a protected update */
	ACCESS_COUNT,
};

/* What an access condition comes to as things are. */
enum chip_may {
	MAY_NOBODY,
	MAY_SOME, /* with a secret, an authorization, a signature or a count */
	MAY_ANYONE,
};

enum chip_content {
	CONTENT_NONE,   /* keys and sessions have none to be read */
	CONTENT_READ,   /* value */
	CONTENT_HIDDEN, /* a secret, or its conditions do not let it be read */
	CONTENT_SPARED, /* reading it is counted, so it was not read */
};

/* What is in an object for a certificate (SRM "Data structure: chip certificates"). */
enum chip_form {
	FORM_NONE,  /* not read */
	FORM_EMPTY, /* zeros, as delivered, or no bytes */
	FORM_BARE,  /* one certificate in DER */
	FORM_CHAIN, /* a TLS identity: one or more, leaf first */
	FORM_USB,   /* a USB Type-C identity */
	FORM_OTHER, /* no certificate that can be read */
};

struct chip_expr {
	bool present; /* absent: never */
	unsigned char bytes[CHIP_META_MAX];
	size_t len;
};

struct chip_object {
	uint16_t oid;
	enum chip_kind kind;
	char *name; /* as the module calls it, clean for terminals */

	unsigned char meta[CHIP_META_MAX + 2];
	size_t meta_len; /* 0: the chip tells none */
	enum chip_life life;
	long used, max;       /* bytes; -1: not told */
	int version;          /* of the last protected update; -1: none */
	bool updating;        /* one began and did not end */
	int alg, usage, type; /* bytes of tags E0, E1, E8; -1: absent */
	struct chip_expr access[ACCESS_COUNT];

	enum chip_content content;
	unsigned char *value;
	size_t value_len;
	enum chip_form form; /* of objects for certificates */
};

struct chip_key {
	uint16_t oid; /* 0: not of a chip */
	char *label;
	bool can_sign, can_derive, can_decrypt; /* as the token says */
	struct token_key key;
};

struct chip_x509 {
	X509 *cert;
	uint16_t oid;    /* object it is in; 0: not of a chip */
	unsigned int at; /* place in the chain; 0: leaf */
	size_t size;     /* bytes of DER */
	char *label;     /* NULL: it has none */
	unsigned char id[64];
	size_t id_len;
	int key; /* index of the key it is for; -1: none that is known */
};

struct chipmap {
	bool chip; /* with objects */
	struct chip_object *objects;
	size_t nobjects;
	struct chip_key *keys;
	size_t nkeys;
	struct chip_x509 *certs;
	size_t ncerts;
};

/* All of it, or NULL: said why. */
struct chipmap *chipmap_read(struct token *t);
void chipmap_free(struct chipmap **mp);

const struct chip_object *chipmap_object(const struct chipmap *m, uint16_t oid);
const struct chip_key *chipmap_key(const struct chipmap *m, uint16_t oid);

/* The leaf that key k has, NULL: none. A chip may hold several: from *next on, which is moved on.
 */
const struct chip_x509 *chipmap_cert_of(const struct chipmap *m, size_t k, size_t *next);

/* The one byte of a status object; -1: not there or not to be read. */
int chipmap_byte(const struct chipmap *m, uint16_t oid);

/* Value and threshold of a counter. */
bool chip_counter(const struct chip_object *o, uint32_t *value, uint32_t *threshold);

/* Bytes in an object that is in use: 0 for one that holds zeros only. -1: not known. */
long chip_bytes_in_use(const struct chip_object *o);

/* The names and public keys that optiga-pkcs11.so keeps on the chip, and must be able to write. */
bool chip_is_index(const struct chip_object *o);

/* --- metadata and words: chipwords.c --- */

/* Takes a metadata block apart; false: it is none. */
bool chip_meta_parse(struct chip_object *o);

/*
 * Conditions in words for people: "always", "until locked or over the shielded connection". Always
 * terminated.
 */
const char *chip_access_words(const struct chip_expr *e, char *buf, size_t n);

/* Who can do it now, given the chip's and the object's life cycle. */
enum chip_may chip_may(const struct chipmap *m, const struct chip_object *o, enum chip_access a);

/* Whether a condition is written as the chip writes them: only then it says anything. */
bool chip_access_known(const struct chip_expr *e);

/* Whether a condition names object oid, and how: *id is the condition's byte. */
bool chip_access_names(const struct chip_expr *e, unsigned char *id, uint16_t *oid, size_t *at);

/* Metadata can no longer be changed but by a protected update. */
bool chip_locked(const struct chip_object *o);

/* A pre-shared secret, an authorization reference and the like. */
bool chip_is_secret(const struct chip_object *o);

const char *chip_life_name(enum chip_life life);
const char *chip_alg_name(int alg);   /* "P-256"; NULL: unknown */
const char *chip_type_name(int type); /* "trust anchor"; NULL: none */
const char *chip_access_name(enum chip_access a);
const char *chip_kind_name(enum chip_kind k);
const char *chip_usage_words(int usage, char *buf, size_t n);

/* A key slot of chips: what users call it. */
struct chip_slot {
	uint16_t key_oid;
	uint16_t cert_oid; /* 0: none of its own */
	const char *name;
};
const struct chip_slot *chip_slot_row(size_t i);
/* By "second", "E0F1", "0xe0e1"; NULL: no such slot. */
const struct chip_slot *chip_slot_find(const char *name);

/* --- certificates in objects: chipcert.c --- */

/* Certificates in the content of an object: at most max into list, *np how many. */
enum chip_form chip_certs_parse(
    const unsigned char *p, size_t len, struct chip_x509 *list, size_t max, size_t *np);

/* --- text --- */

/*
 * Bytes of others as text that is safe on a terminal and valid UTF-8: control characters and those
 * that turn the direction of writing become \xNN or \u{NNNN}. malloc'ed, NULL without memory.
 */
char *text_clean(const unsigned char *p, size_t len);

#endif
