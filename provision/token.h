/*
 * One PKCS #11 token, through p11-kit; its private keys sign through libp11. Any module will do: a
 * key slot of the chip is the key whose CKA_OPTIGA_OID, or else whose CKA_ID, is the slot's object
 * identifier. Functions say why they failed.
 */
#ifndef PROVISION_TOKEN_H
#define PROVISION_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <p11-kit/pkcs11.h>

#include "provision/config.h"

struct token; /* complete in provision/tokenint.h */

struct token_options {
	const char *module;   /* file; NULL: the installed one */
	const char *token;    /* PKCS #11 URI (RFC 7512), label or serial; NULL: the only one */
	const char *pin_file; /* its first line is the PIN, for tokens that want one */
	bool write;
};

/* Load the module, find the token, open a session. NULL: said why. */
struct token *token_open(const struct token_options *opts);
void token_close(struct token **tp);

/* A token among others, for token_list. */
struct token_seen {
	const char *label, *serial;
	const char *uri;   /* names it alone, by its serial number */
	const char *place; /* the module's device, for OPTIGA_DEVICE; NULL: not known */
};

/*
 * All tokens that fit opts, a chip with several only once. visit returns false to stop. false: said
 * why, or none fits.
 */
bool token_list(const struct token_options *opts,
    bool (*visit)(const struct token_seen *t, void *arg), void *arg);

const char *token_label(const struct token *t);
const char *token_serial(const struct token *t);
const char *token_model(const struct token *t);
const char *token_manufacturer(const struct token *t);

/* The chip's unique ID in hex digits, malloc'ed; NULL without a word: the token has none. */
char *token_uid(struct token *t);

/* The answer of a search. */
enum found {
	FOUND_FAILED = -1,
	FOUND_NONE = 0,
	FOUND_ONE = 1,
};

struct token_key {
	CK_OBJECT_HANDLE handle; /* the private key */
	unsigned char id[64];    /* CKA_ID, shared with public key and certificate */
	size_t id_len;
	EVP_PKEY *pub; /* NULL: its public key is not known */
};
void token_key_clear(struct token_key *k);

/* The private key in a slot, and its public key. */
enum found token_find_key(struct token *t, const struct slot *s, struct token_key *out);

/* The same of a private key that was found; false, without a word: it has no ID. */
bool token_key_read(struct token *t, CK_OBJECT_HANDLE handle, struct token_key *out);

/*
 * A slot whose key was renewed: its successor is in another slot, and stands for it by its label
 * (provision/tokenrole.c). at: the slot that the key is in.
 */
enum key_role {
	KEY_CURRENT,
	KEY_NEXT, /* not in use yet */
	KEY_OLD,  /* no longer in use */
};
void token_role_label(const struct slot *s, enum key_role role, char label[32]);
enum found token_find_role(struct token *t, const struct slot *s, enum key_role role,
    struct token_key *out, const struct slot **at);
/* By label, else the key that is in the slot. */
enum found token_find_current(
    struct token *t, const struct slot *s, struct token_key *out, const struct slot **at);
bool token_set_role(
    struct token *t, const struct token_key *k, const struct slot *s, enum key_role role);

/* A new key pair as the configuration says, in its slot. The slot must be free. */
bool token_generate(struct token *t, const struct config *c, struct token_key *out);
/* The same with a label on the private key; NULL: none of its own. */
bool token_generate_as(
    struct token *t, const struct config *c, const char *label, struct token_key *out);

/* An OpenSSL key that signs on the chip; NULL: failed. Free it before the token is closed. */
EVP_PKEY *token_signer(struct token *t, const struct token_key *k);

/* 32 fresh random bytes are signed by the key and verified with pub. */
bool token_proves(struct token *t, const struct token_key *k, EVP_PKEY *pub);

struct token_cert {
	CK_OBJECT_HANDLE handle;
	X509 *cert; /* NULL: the object holds none that can be read */
};

/* Certificates with the key's CKA_ID, k NULL: all, at most max; *np gets how many. */
bool token_certs(
    struct token *t, const struct token_key *k, struct token_cert *list, size_t max, size_t *np);
void token_certs_clear(struct token_cert *list, size_t n);

/* Whether a certificate is beside the key, or behind the one that is: there it has its own ID. */
bool token_has_cert(struct token *t, const struct token_key *k, X509 *cert, bool *has);

/* Write a certificate beside the key, read it back, compare. */
bool token_write_cert(struct token *t, const struct token_key *k, X509 *cert);

bool token_destroy(struct token *t, CK_OBJECT_HANDLE object);

/* "0123abcd-e0f1", a slot of this chip as a file's name; malloc'ed. NULL: no memory. */
char *token_slot_name(const struct token *t, const struct slot *s);

/* What other programs need. malloc'ed; NULL: no memory, or no label. */
char *token_module_file(const struct token *t);
unsigned long token_slot_id(const struct token *t);
bool token_needs_pin(const struct token *t);
char *token_key_label(struct token *t, const struct token_key *k);

/*
 * A PKCS #11 URI of the key's objects: by token and CKA_ID, or, for programs that know no more, by
 * label alone. malloc'ed; NULL: said why.
 */
char *token_uri(
    const struct token *t, const struct token_key *k, const char *label, CK_OBJECT_CLASS class);

/* The private key, and a public key that is an object of its own. For ever. */
bool token_destroy_key(struct token *t, const struct token_key *k);

#endif
