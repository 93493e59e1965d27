/*
 * One operation of a session: what it works with, what it has taken in so far.
 *
 * Nothing of it is ever in the chip: hashes run on the host, and what the chip computes in
 * steps (AES, MACs) is cut so that each call is a complete sequence of commands, the chaining
 * value being kept here. So operations of any number of sessions and processes mix, and a reset
 * of the chip harms none but those with a key in a session context.
 */
#ifndef PKCS11_OP_H
#define PKCS11_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/types.h>
#include <p11-kit/pkcs11.h>

#include "hal/base/buf.h"
#include "pkcs11/key.h"
#include "pkcs11/mech.h"

struct session;

struct op {
	const struct mech *mech; /* NULL: none is running */
	bool decrypt;
	bool parts;             /* an update came: no single-part call any more */
	struct mod_key key;     /* all but digests */
	EVP_MD_CTX *md;         /* hashes first */
	EVP_MAC_CTX *hmac;      /* with a key of the host */
	struct buf data;        /* taken in and not computed yet */
	uint8_t iv[CHIP_BLOCK]; /* AES: chaining value */
	bool chained;           /* a MAC of AES: iv is that of data gone by */
	size_t mac_len;
};

/*
 * C_SignInit and its like: use is the CKF_ flag of the function called, h the key, of no meaning
 * for digests. Without a mechanism it ends what is under way (v3.0). What mod_mech_get says;
 * CKR_OPERATION_ACTIVE, CKR_KEY_HANDLE_INVALID, CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_SIZE_RANGE,
 * CKR_KEY_FUNCTION_NOT_PERMITTED, CKR_HOST_MEMORY, CKR_FUNCTION_FAILED.
 */
CK_RV mod_op_init(struct session *s, struct op *op, CK_FLAGS use, const CK_MECHANISM *mechanism,
    CK_OBJECT_HANDLE h);

/*
 * Data to digest, sign or verify. CKR_ARGUMENTS_BAD, CKR_DATA_LEN_RANGE, CKR_HOST_MEMORY,
 * CKR_FUNCTION_FAILED, and for MACs what the chip says.
 */
CK_RV mod_op_update(struct session *s, struct op *op, const unsigned char *data, CK_ULONG len);

/* C_SignUpdate and its like: a part of it. Errors end the operation. */
CK_RV mod_op_part(struct session *s, struct op *op, const unsigned char *data, CK_ULONG len);

/* The digest, or what was collected; out is replaced. */
CK_RV mod_op_digest(struct op *op, struct buf *out);

/* No operation afterwards. Nothing happens if there is none. */
void mod_op_end(struct op *op);

/* Length of a signature or MAC; in bytes also of what RSA encrypts to. */
size_t mod_op_signature_len(const struct op *op);

/*
 * Has the chip do something with a key: fn gets the chip, held for the time it runs, and returns
 * as functions of hal/chip do. What a reset by somebody else, or a lost answer, brings to nothing
 * is done once more. CKR_OPERATION_NOT_INITIALIZED: the key is there no more, since its object was
 * destroyed or a reset emptied its session context.
 */
CK_RV mod_op_chip(struct session *s, const struct mod_key *key,
    int (*fn)(struct chip *chip, const struct mod_key *key, void *arg), void *arg);

#endif
