/* Inside of pkcs11/store: the store, what it remembers of the chip, and objects. */
#ifndef PKCS11_STORE_INTERNAL_H
#define PKCS11_STORE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"
#include "hal/chip/chip.h"
#include "pkcs11/store/index.h"
#include "pkcs11/store/store.h"

#define NKEYS       6  /* E0F0-E0F3, E0FC, E0FD */
#define NCERTSLOTS  7  /* E0E0-E0E3, E0E8, E0E9, E0EF */
#define CHAIN_MAX   8  /* certificates in one object, leaf included */
#define NDATASLOTS  18 /* F1D0-F1DF, F1E0, F1E1; Trust M has no F1DC-F1DF */
#define NINDEXPARTS (2 * INDEX_PARTS)

#define OID_FACTORY 0xE0F0 /* key that is there from the start */
#define OID_AES     0xE200

/* --- the chip's side of the tables: objects.c ---------------------------------------------- */

struct key_row {
	uint16_t oid;
	bool rsa;
	uint16_t cert;       /* default slot of its certificate (D4) */
	uint16_t records[3]; /* where the vendor's tools keep its public key, 0: none */
};
struct cert_row {
	uint16_t oid;
	bool anchor;
};
extern const struct key_row key_rows[NKEYS];
extern const struct cert_row cert_rows[NCERTSLOTS];

/* --- what is remembered --------------------------------------------------------------------- */

/* Where a public key comes from (D5), in order of preference. */
enum pub_source { PUB_INDEX, PUB_RECORD, PUB_CERT, PUB_SIGNATURES, PUB_NONE };

struct key {
	const struct key_row *row;
	bool meta_known;
	struct chip_meta meta;
	struct buf spki; /* in the form of spki.h, empty: not known (yet) */
	enum pub_source source;
	unsigned looked; /* 1 << source for each that was asked */
	bool confirmed;  /* a signature has shown that spki is right */
	bool index_lies; /* a signature has shown that the index is about another key */
	/* Whether the chip has shown that this is what overwrote a destroyed key. */
	enum { PROOF_NONE, PROOF_GOOD, PROOF_BAD } proof;
};

struct cert {
	size_t at, len;  /* DER in the slot's content */
	uint64_t stamp;  /* of the DER */
	struct buf spki; /* empty: of a kind that this chip has no keys of */
	const struct chip_keytype *type;
	const struct key *key; /* whose certificate it is, once paired */
	bool paired;
};

struct cert_slot {
	const struct cert_row *row;
	bool loaded;
	bool zero;      /* nothing in it */
	struct buf raw; /* the object's content, up to the end of the certificates */
	struct cert certs[CHAIN_MAX];
	unsigned n;
	bool meta_known;
	struct chip_meta meta;
};

struct index_part_cache {
	bool known;
	bool unreadable; /* not for us */
	struct buf data;
};

/* A data object: somebody's data, or with the type of a pre-shared secret a generic secret key. */
struct data_slot {
	uint16_t oid;
	bool meta_known;
	struct chip_meta meta;
	bool looked;     /* content was looked at, as far as needed */
	bool unreadable; /* the chip does not show it */
	bool zero;
	bool whole; /* raw is all there is */
	struct buf raw;
};

/* Metadata of an object of which nothing else is remembered. */
struct meta_slot {
	bool meta_known;
	struct chip_meta meta;
};

enum obj_kind {
	OBJ_PRIVATE,
	OBJ_PUBLIC,
	OBJ_CERT,
	OBJ_DATA,
	OBJ_SECRET,
	OBJ_COUNTER,
	OBJ_PROFILE,
	OBJ_CHIP,
	OBJ_ALIAS, /* of a view: the public key as data */
	OBJ_NKINDS
};

struct handle {
	enum obj_kind kind; /* OBJ_NKINDS: the object is gone for good */
	uint16_t oid;
	uint64_t stamp; /* tells an object from one that took its place */
	bool along;     /* a public key that went with its private key, and nobody asked yet */
};

struct store {
	char *selector;
	char label[33]; /* from the configuration; empty: default */
	struct chip *chip;
	int told;                      /* why the last attempt to attach failed, 0: it did not */
	bool gone;                     /* device went away: open it again */
	bool let_go;                   /* the chip was released and could not be had back */
	const struct store_view *view; /* NULL: the whole chip */

	uint64_t change; /* chip_change() that all below belongs to */
	bool valid;
	struct index index;
	bool index_known;
	int index_copy; /* in force: 0 is A, 1 is B, -1 none */
	struct index_part_cache parts[NINDEXPARTS];
	struct key keys[NKEYS];
	struct cert_slot certs[NCERTSLOTS];
	struct data_slot data[NDATASLOTS];
	struct meta_slot aes;
	struct meta_slot other; /* metadata of the object looked at last that has no place above */
	uint16_t other_oid;

	struct handle *handles; /* handle h is handles[h - 1] */
	size_t nhandles, handles_cap;
};

/* One token object while it is looked at. */
struct object {
	enum obj_kind kind;
	struct key *key;                /* OBJ_PRIVATE, OBJ_PUBLIC, OBJ_ALIAS */
	struct cert_slot *slot;         /* OBJ_CERT */
	unsigned n;                     /* which certificate of it; OBJ_PROFILE: which profile */
	struct cert *cert;              /* once it is known to exist */
	struct data_slot *data;         /* OBJ_DATA, OBJ_SECRET; NULL: the AES key */
	const struct chip_object *chip; /* OBJ_COUNTER, OBJ_CHIP */
};

/* --- store.c -------------------------------------------------------------------------------- */

/*
 * Every public function runs between these: attached, chip held, nothing stale remembered, and
 * OpenSSL's error queue left as the application had it. store_leave returns r.
 */
int store_enter(struct store *st);
int store_leave(struct store *st, int r);

/* Forgets all that was read from the chip. */
void store_forget(struct store *st);

/* --- objects.c ------------------------------------------------------------------------------ */

uint16_t object_oid(const struct object *o);
uint64_t object_identity(struct store *st, const struct object *o);
/* No handle that was given out means this object any more. */
void object_retire(struct store *st, const struct object *o);
/* Called before the private key o is destroyed; returns the handle of its public key, or 0. */
CK_OBJECT_HANDLE object_companion(struct store *st, const struct object *o);
int object_handle(struct store *st, const struct object *o, CK_OBJECT_HANDLE *h);
/* STORE_EHANDLE: gone or replaced. */
int object_resolve(struct store *st, CK_OBJECT_HANDLE h, struct object *o);
uint64_t object_stamp(const void *p, size_t len);
struct key *key_by_oid(struct store *st, unsigned oid);
struct cert_slot *cert_slot_by_oid(struct store *st, unsigned oid);

/* --- indexio.c ------------------------------------------------------------------------------ */

int index_load(struct store *st);
/* False: no object of the index. Else whose its content is. */
int index_part_look(struct store *st, uint16_t oid, bool *yes, enum index_owner *owner);
/* STORE_EPROHIBITED with a log line: it is part of our index, for nobody else to write or lock. */
int index_not_ours(struct store *st, uint16_t oid);
/* Whether the objects of the index include this one; no traffic. */
bool index_part_named(struct store *st, uint16_t oid);
/* Somebody else's content there has changed. */
void index_part_forget(struct store *st, uint16_t oid);
/* Whether len bytes of entries can be written twice in a row; STORE_EFULL with a log line if not.
 */
int index_room(struct store *st, size_t len);
/*
 * The same with what signatures have shown about other keys added, when there is room for that
 * too (D5: a record is made when the index is written anyway).
 */
int index_save_found(struct store *st, const struct index *ix);
/* Writes ix in place of st->index. Nothing is sent when they are the same. */
int index_save(struct store *st, const struct index *ix);

/* --- key.c ---------------------------------------------------------------------------------- */

uint8_t key_code(const struct key *k);
/* Metadata and index are read when needed. *yes: the slot holds a key that is an object. */
int key_exists(struct store *st, struct key *k, bool *yes);
/* Whether a new key may go in: no key, a cut short generation or a destroyed one, proved (D6). */
int key_free(struct store *st, struct key *k, bool *yes);
int key_meta(struct store *st, struct key *k);
const struct chip_keytype *key_type(const struct key *k); /* after key_meta; may be NULL */
bool key_signs(struct store *st, const struct key *k);
/* Whether the index says "generated here" and no signature says otherwise. */
bool key_local(struct store *st, const struct key *k);
uint64_t key_stamp(struct store *st, const struct key *k);
void key_forget(struct key *k);

/* CKA_ID and CKA_LABEL; index only. out appended. */
int key_id(struct store *st, const struct key *k, struct buf *out);
int key_label(struct store *st, const struct key *k, struct buf *out);

/* --- proof.c -------------------------------------------------------------------------------- */

/* Fills k->proof for a slot that the index calls destroyed. At most one command. */
int key_prove_destroyed(struct store *st, struct key *k);

/* --- pubkey.c ------------------------------------------------------------------------------- */

enum pub_effort {
	PUB_LOOK,    /* records only: neither certificates nor signatures */
	PUB_WITNESS, /* certificates too */
	PUB_RECOVER, /* signatures when nothing else has it */
	PUB_SURE,    /* and one to confirm what was found */
};
/* Fills k->spki; STORE_ENOPUBKEY when this effort does not get it. */
int key_public(struct store *st, struct key *k, enum pub_effort effort);
/* Whether there is a public key object: without traffic when the key can sign. */
int key_public_exists(struct store *st, struct key *k, bool *yes);
/* Whether spki may be k's by what the index says; *known: it says anything. */
int key_index_match(
    struct store *st, const struct key *k, const struct buf *spki, bool *known, bool *same);
/* The record of k's public key in ix, or for RSA its hash. */
int key_record(struct index *ix, const struct key *k, const struct buf *spki);
/* Adds to ix what signatures have shown about keys of others, as far as it fits. */
void key_record_found(struct store *st, struct index *ix);

/* --- cert.c, pair.c ------------------------------------------------------------------------- */

int cert_load(struct store *st, struct cert_slot *s);
void cert_forget(struct cert_slot *s);
int cert_meta(struct store *st, struct cert_slot *s);
/* Splits content into certificates without looking inside them. Returns how many, at most max. */
unsigned cert_split(const uint8_t *raw, size_t len, bool anchor, struct cur *out, unsigned max);
/* Bytes that the object's first bytes promise; 0: no certificate. */
size_t cert_promised(const uint8_t *head, size_t len, size_t max);
/* The C0 form of a chain. */
int cert_join(const struct cur *ders, unsigned n, struct buf *out);

/* The key a certificate belongs to, or NULL. Confirms nothing. */
int cert_pair(struct store *st, struct cert_slot *s, struct cert *c, const struct key **kp);
/* Certificates may belong to other keys now than before. */
void cert_unpair(struct store *st);
int cert_id(struct store *st, const struct object *o, struct buf *out);
int cert_label(struct store *st, const struct object *o, struct buf *out);

/* --- data.c --------------------------------------------------------------------------------- */

void data_slots(struct store *st); /* once, for a new store */
struct data_slot *data_by_oid(struct store *st, unsigned oid);
int data_meta(struct store *st, struct data_slot *d);
bool data_type_secret(int type); /* whose content is nobody's to read */
void data_forget(struct data_slot *d);
/* Whether there is an object: data, or with secret a generic secret key. */
int data_exists(struct store *st, struct data_slot *d, bool secret, bool *yes);

/* Whether writing or erasing it was begun and not ended. The index is loaded. */
bool data_cut_short(const struct store *st, const struct data_slot *d);
/* Whether somebody's data may be put in: nothing there, of no type, not locked. */
int data_free_slot(struct store *st, struct data_slot *d, bool *yes);
/* At least the first n bytes of the content, or all of it, in d->raw. */
int data_start(struct store *st, struct data_slot *d, size_t n);
/* All of the content, in d->raw. */
int data_load(struct store *st, struct data_slot *d);
/* 0: the conditions let it be changed; STORE_EPROHIBITED with a log line. */
int data_unlocked(struct store *st, struct data_slot *d);
int data_write(struct store *st, struct data_slot *d, size_t off, const struct cur *bytes,
    enum chip_write mode);
/* Clears content; of a secret its type and conditions too. */
int data_erase(struct store *st, struct data_slot *d);
size_t data_max(struct store *st, const struct data_slot *d);
bool data_all_zero(const struct buf *b);

int aes_meta(struct store *st);
size_t aes_key_len(const struct chip_meta *m);
/* CHIP_USE_* of a secret key that exists; 0: the chip refuses every use. */
unsigned secret_usage(struct store *st, const struct object *o);
int aes_exists(struct store *st, bool *yes);

/* CKA_ID and CKA_LABEL of objects whose name is their own: the index's, or the OID's. */
int plain_id(struct store *st, uint16_t oid, struct buf *out);
int plain_label(struct store *st, uint16_t oid, struct buf *out);

/* --- metaset.c ------------------------------------------------------------------------------ */

/* What a template asks of an object's metadata. */
struct meta_change {
	uint8_t tags[64];
	size_t len; /* 0: nothing changes */
};
/*
 * Checks and collects it; what cannot be taken back is STORE_EPROHIBITED unless the template
 * says that this is meant.
 */
int meta_change(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n,
    struct meta_change *c);
/* Writes it; all that was remembered is forgotten. */
int meta_apply(struct store *st, uint16_t oid, const struct meta_change *c);
/* Whether the template says that an irreversible change is meant; else logs why it is refused. */
int meta_meant(const CK_ATTRIBUTE *tmpl, CK_ULONG n, uint16_t oid, const char *what);

/* --- create.c, datacreate.c ----------------------------------------------------------------- */

int cert_create(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *h);
int data_create(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *h);
int secret_create(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *h);

/* --- destroy.c ------------------------------------------------------------------------------ */

int key_destroy(struct store *st, const struct object *o);
int public_destroy(struct store *st, const struct object *o);
int cert_destroy(struct store *st, const struct object *o);
int data_destroy(struct store *st, const struct object *o);

/* --- set.c ---------------------------------------------------------------------------------- */

/* ID and label of a template into ix, checked; either may be NULL. */
int store_put_key(struct store *st, struct index *ix, const struct key *k, const CK_ATTRIBUTE *id,
    const CK_ATTRIBUTE *label);
int store_put_cert(struct store *st, struct index *ix, const struct object *o,
    const CK_ATTRIBUTE *id, const CK_ATTRIBUTE *label);
/* Whether an attribute that is a name may be kept: STORE_EATTR_VALUE. */
int store_check_name(struct store *st, const CK_ATTRIBUTE *a);
/* The names of an object that shares them with no other, from a template. */
int store_put_names(
    struct store *st, struct index *ix, uint16_t oid, const CK_ATTRIBUTE *tmpl, CK_ULONG n);

/* C_SetAttributeValue of one kind of object: its names and, where there are some, its values. */
int key_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n);
int cert_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n);
int data_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n);
int counter_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n);
int chip_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n);
int secret_set(struct store *st, const struct object *o, const CK_ATTRIBUTE *tmpl, CK_ULONG n);

/* --- certwrite.c ---------------------------------------------------------------------------- */

/* Whether a certificate may be put where there is none: an empty head, and not locked. */
int cert_slot_free(struct store *st, struct cert_slot *s, bool *yes);
/* STORE_EATTR_VALUE with a log line: content of len bytes is too much for the object. */
int cert_fits(struct store *st, const struct cert_slot *s, size_t len);
/* Replaces the content and reads it back. STORE_EPROHIBITED: locked. HAL_EIO: reads back
 * differently. */
int cert_write(struct store *st, struct cert_slot *s, const struct buf *content);
/* Leaves the slot empty. */
int cert_erase(struct store *st, struct cert_slot *s);

/* --- access.c ------------------------------------------------------------------------------- */

/* Whether a condition may be met from here: false is certain, true is the chip's to say. */
bool access_changeable(struct store *st, const struct chip_meta *m);
bool access_usable(struct store *st, const struct chip_meta *m); /* execute */

#endif
