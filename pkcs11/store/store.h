/*
 * The store: which chip objects make which token objects, what they are called, and how they
 * belong together. One store is one token is one chip.
 *
 * Functions return 0, a STORE_E* below, a HAL_E* (hal/base/err.h) or the chip's error byte; the
 * module maps all of them in one table (pkcs11/rv.c). A store is used by one thread at a time:
 * the module holds the token's mutex. Standard: PKCS #11 v2.40 chapters named at each function.
 *
 * The store takes the chip's lock (chip_acquire) itself where a sequence must not be disturbed.
 */
#ifndef PKCS11_STORE_STORE_H
#define PKCS11_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

#include "hal/base/buf.h"

struct store;
struct chip;
struct chip_keytype;

enum store_err {
	STORE_EHANDLE = -101,         /* no such object */
	STORE_EATTR_TYPE = -102,      /* attribute unknown or not valid for this object */
	STORE_EATTR_VALUE = -103,     /* value malformed or out of range */
	STORE_EATTR_SENSITIVE = -104, /* never revealed */
	STORE_EATTR_READONLY = -105,  /* attribute cannot be set or changed */
	STORE_EBUFFER = -106,         /* at least one buffer too small */
	STORE_ETEMPLATE = -107,       /* template incomplete */
	STORE_ECONFLICT = -108,       /* template inconsistent */
	STORE_ECURVE = -109,          /* curve or key size unknown, or not on this model */
	STORE_EPROHIBITED = -110,     /* slot in use, locked, or not to be touched by default */
	STORE_EFULL = -111,           /* no slot or no room left */
	STORE_ENOPUBKEY = -112,       /* public key is nowhere to be had */
	STORE_EFILES = -113,          /* a secret cannot be kept on this host */
};

/*
 * A store for the chip a selector names. No I/O: the device is opened by the first store_attach.
 * label: the token's label from the configuration, or NULL for the default "OPTIGA " + last 8
 * digits of the serial. HAL_ENOMEM only.
 */
int store_new(const char *selector, const char *label, struct store **stp);
void store_free(struct store **stp);
const char *store_selector(const struct store *st);

/*
 * Makes sure that the chip is there: opens the device and makes first contact when that has not
 * happened, else costs no traffic. 0: token present. HAL_ENODEV and the like: not present (the
 * reason was logged once; a later call tries again). Every function below calls it.
 */
int store_attach(struct store *st);

/* The same after a look whether the device is still plugged in: for those who ask just that. */
int store_present(struct store *st);

/*
 * A part of a chip that shows as a token of its own (pkcs11/layout.h): one key with its public
 * key, its certificate, and the public key once more as a data object; labels are PrvKey,
 * PubKey and Cert, whatever the index says.
 */
struct store_view {
	uint16_t key;  /* slot of the key */
	uint16_t cert; /* where its certificate goes */
	bool rsa;
	bool fixed; /* no key is generated here */
};

/* What the store shows from now on; NULL: all. The module sets it with each of its turns. */
void store_set_view(struct store *st, const struct store_view *view);

/* After a successful attach. serial: first 16 hex digits of SHA-256 of the chip's UID (27 bytes).
 */
struct store_info {
	char label[33];
	char serial[17];
	const char *model; /* "Trust M V3" */
	uint8_t build[2];  /* BCD firmware build from the UID, for example 24 40 */
};
int store_info(struct store *st, struct store_info *info);

/* The chip, for commands that concern no object (random) or an OID from store_key. */
struct chip *store_chip(struct store *st);

/*
 * Handles are small numbers, stable while the object exists, the same in all sessions, never
 * given to another object in this process. A handle whose object was destroyed or replaced
 * (also by another process) is STORE_EHANDLE.
 *
 * Search, PKCS #11 5.7: objects that match every attribute of the template; unknown attributes
 * or classes match nothing. *handlesp is malloc'ed, for the caller to free; NULL when *np is 0.
 * Reads no more of the chip than the template needs (D9): class, ID, label, OID, key type come
 * from index and metadata, values are read only when asked for.
 */
int store_find(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE **handlesp,
    CK_ULONG *np);

/*
 * C_GetAttributeValue, PKCS #11 5.7: every attribute is processed, failed ones get
 * CK_UNAVAILABLE_INFORMATION; returns the error that matters most (SENSITIVE, then TYPE, then
 * BUFFER).
 */
int store_attributes(struct store *st, CK_OBJECT_HANDLE h, CK_ATTRIBUTE *tmpl, CK_ULONG n);

/*
 * C_SetAttributeValue: CKA_ID and CKA_LABEL (of data CKA_APPLICATION and CKA_OBJECT_ID too), kept
 * in the on-chip index; CKA_VALUE of data, all of it or from CKA_OPTIGA_OFFSET on. Nothing is
 * written unless all of the template can be.
 */
int store_set(struct store *st, CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *tmpl, CK_ULONG n);

/*
 * C_CreateObject: certificates (CKO_CERTIFICATE, CKC_X_509, CKA_VALUE) are placed by D4, data
 * (CKO_DATA) and generic secrets (CKO_SECRET_KEY, CKK_GENERIC_SECRET) by D3. Other classes:
 * STORE_ECONFLICT. STORE_EPROHIBITED: named slot holds something else or is locked. STORE_EFULL:
 * no slot that it fits in.
 */
int store_create(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *hp);

/* C_DestroyObject: keys by D6; certificates, data and secrets are erased. */
int store_destroy(struct store *st, CK_OBJECT_HANDLE h);

/*
 * Whether h was a public key that went with its private key. Clients destroy both, one after the
 * other, and the second is done already: true, but once only.
 */
bool store_went_along(struct store *st, CK_OBJECT_HANDLE h);

/*
 * C_GenerateKeyPair for EC (alg_rsa false, CKA_EC_PARAMS in pub) and RSA (CKA_MODULUS_BITS in
 * pub), by D3 and D6. CKA_ID, CKA_LABEL and usage from both templates.
 */
int store_generate(struct store *st, bool rsa, const CK_ATTRIBUTE *pub, CK_ULONG npub,
    const CK_ATTRIBUTE *priv, CK_ULONG npriv, CK_OBJECT_HANDLE *hpub, CK_OBJECT_HANDLE *hpriv);

/*
 * C_GenerateKey on the token: AES of len 16, 24 or 32 bytes in E200, or a generic secret of len
 * random bytes. STORE_EPROHIBITED: there is an AES key, or the slot is locked. STORE_EFULL.
 */
int store_generate_secret(struct store *st, bool aes, CK_ULONG len, const CK_ATTRIBUTE *tmpl,
    CK_ULONG n, CK_OBJECT_HANDLE *hp);

/* What an operation needs to know of a key. */
struct store_key {
	CK_OBJECT_CLASS cls;             /* CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_SECRET_KEY */
	uint16_t oid;                    /* slot of the (private) key, or data object of a secret */
	const struct chip_keytype *type; /* NULL: a secret key */
	bool aes;                        /* secret key: AES, else generic */
	/*
	 * CHIP_USE_*. A generic secret's are what the chip does with it: CHIP_USE_SIGN (HMAC) and
	 * CHIP_USE_KEYAGREE (derivation).
	 */
	unsigned usage;
};
/* STORE_EHANDLE when h is not a key. Costs at most one metadata read. */
int store_key(struct store *st, CK_OBJECT_HANDLE h, struct store_key *key);

/* C_GetObjectSize: bytes of the value on the chip; a private or AES key's by its type. */
int store_size(struct store *st, CK_OBJECT_HANDLE h, size_t *sizep);

/* SubjectPublicKeyInfo (DER) of a public or private key object; may recover it by signatures (D5).
 * spki replaced. */
int store_public_key(struct store *st, CK_OBJECT_HANDLE h, struct buf *spki);

/* Whether the object is a token object that a read-only session must not change (always true
 * today). */
bool store_is_token(struct store *st, CK_OBJECT_HANDLE h);

#endif
