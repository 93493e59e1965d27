/*
 * One signing, verifying or digesting operation of a session: hashes on the host, or collects
 * the few bytes of a digest made elsewhere.
 */
#ifndef PKCS11_OP_H
#define PKCS11_OP_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/types.h>
#include <p11-kit/pkcs11.h>

#include "hal/base/buf.h"
#include "pkcs11/mech.h"
#include "pkcs11/store/store.h"

struct op {
	const struct mech *mech; /* NULL: none is running */
	bool parts;              /* an update came: no single-part call any more */
	struct store_key key;    /* sign and verify */
	EVP_MD_CTX *md;          /* mech->hash is set */
	struct buf data;         /* else */
	struct buf pub;          /* verify: SubjectPublicKeyInfo */
};

/* Starts hashing or collecting. CKR_HOST_MEMORY, CKR_FUNCTION_FAILED; nothing is left behind then.
 */
CK_RV mod_op_begin(struct op *op, const struct mech *mech);

/* CKR_ARGUMENTS_BAD, CKR_DATA_LEN_RANGE, CKR_HOST_MEMORY, CKR_FUNCTION_FAILED. */
CK_RV mod_op_update(struct op *op, const unsigned char *data, CK_ULONG len);

/* The digest, or what was collected; out is replaced. */
CK_RV mod_op_digest(struct op *op, struct buf *out);

/* No operation afterwards. Nothing happens if there is none. */
void mod_op_end(struct op *op);

/*
 * Checks a key for a mechanism and remembers it: CKR_KEY_HANDLE_INVALID,
 * CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED. store is the caller's, locked.
 */
CK_RV mod_op_key(struct store *store, const struct mech *mech, CK_OBJECT_CLASS cls,
    CK_OBJECT_HANDLE h, struct store_key *key);

/* Length of a signature by this key. */
size_t mod_op_signature_len(const struct op *op);

#endif
