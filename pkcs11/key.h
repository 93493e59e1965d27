/*
 * The key an operation works with, whatever object it comes from: on the chip, in a session
 * context of it, or in host memory.
 */
#ifndef PKCS11_KEY_H
#define PKCS11_KEY_H

#include <stdint.h>

#include <p11-kit/pkcs11.h>

#include "hal/base/buf.h"

struct session;
struct chip_keytype;

enum key_kind { KEY_EC, KEY_RSA, KEY_AES, KEY_GENERIC };

struct mod_key {
	CK_OBJECT_CLASS cls; /* CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_SECRET_KEY */
	enum key_kind kind;
	/*
	 * Chip object or session context (E100-E103) that holds a private or secret key; of the
	 * public key of a chip key the OID of that key; 0: all there is is in value.
	 */
	uint16_t oid;
	uint64_t boot; /* of a session context: chip_boot() it belongs to; 0 for token objects */
	CK_OBJECT_HANDLE handle;         /* that mod_key_get found it by */
	const struct chip_keytype *type; /* EC, RSA as chips have them; NULL: RSA of another size */
	/*
	 * CKF_SIGN, CKF_VERIFY, CKF_ENCRYPT, CKF_DECRYPT, CKF_DERIVE, CKF_WRAP, CKF_UNWRAP: from
	 * the chip's key usage byte, or from the object's attributes.
	 */
	CK_FLAGS uses;
	/*
	 * Secret key in host memory: its bytes. Public key: SubjectPublicKeyInfo; of a chip key
	 * empty until mod_key_public.
	 */
	struct buf value;
};
#define MOD_KEY_INIT                                                                               \
	{                                                                                          \
		0                                                                                  \
	}

/*
 * Resolves a handle of either sort: CKR_KEY_HANDLE_INVALID when it is no key. Costs at most one
 * metadata read. The session is entered, the token not locked. k is empty unless CKR_OK.
 */
CK_RV mod_key_get(struct session *s, CK_OBJECT_HANDLE h, struct mod_key *k);

/*
 * Whether a key on the chip is still the one that mod_key_get found: its slot or session context
 * may hold another by now. 0, STORE_EHANDLE or what the store says. The token is locked, and the
 * chip held until after the key's use.
 */
int mod_key_check(struct session *s, const struct mod_key *k);

/*
 * Fills the value of a public key that mod_key_get found; it may have to be recovered by
 * signatures (D5). CKR_FUNCTION_FAILED when it is nowhere to be had.
 */
CK_RV mod_key_public(struct session *s, CK_OBJECT_HANDLE h, struct mod_key *k);

/*
 * Whether the object's CKA_ALLOWED_MECHANISMS lets a key that mod_key_get found be used so, as
 * token objects' own always do: CKR_KEY_FUNCTION_NOT_PERMITTED.
 */
CK_RV mod_key_allows(struct session *s, CK_OBJECT_HANDLE h, CK_MECHANISM_TYPE type);

/* What a key of this class may do that the chip lets do CHIP_USE_*: a member uses. */
CK_FLAGS mod_key_uses(CK_OBJECT_CLASS cls, unsigned usage);

/* Wipes; k is empty afterwards. */
void mod_key_free(struct mod_key *k);

#endif
