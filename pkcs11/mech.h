/*
 * Mechanisms: one row each, and which of them a chip's model has.
 */
#ifndef PKCS11_MECH_H
#define PKCS11_MECH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

#include "hal/chip/chip.h"

struct store_view;

/* The type of key a mechanism works with; NONE: it needs none, or makes one. */
enum mech_key { MECH_KEY_NONE, MECH_KEY_EC, MECH_KEY_RSA, MECH_KEY_AES, MECH_KEY_GENERIC };

enum mech_param {
	MECH_PARAM_NONE,
	MECH_PARAM_IV,  /* one AES block */
	MECH_PARAM_LEN, /* CK_MAC_GENERAL_PARAMS: bytes of the MAC, 1 to mac_len */
	MECH_PARAM_OWN, /* the function that is called looks at it */
};

/* A hash function: OpenSSL's name, length, and DigestInfo up to the digest (RFC 8017, 9.2 note 1).
 */
struct mech_hash {
	const char *name;
	size_t len;
	const uint8_t *info; /* NULL: the chip signs no RSA with it */
	size_t info_len;
	bool sha512; /* RSA with it needs a model with CHIP_RSA_SHA512 */
};

/* Longest digest anybody signs. More in CKM_ECDSA is no digest; cutting it would sign its head
 * alone. */
#define MECH_HASH_MAX 64

struct mech {
	CK_MECHANISM_TYPE type;
	CK_FLAGS flags;
	enum mech_key key;
	enum mech_param param;
	const struct mech_hash *hash; /* of a digest, signature or HMAC; NULL: data comes hashed */
	enum chip_cipher cipher;      /* AES; else 0 */
	bool pad;                     /* with PKCS #7 padding */
	enum chip_mac mac;            /* else 0 */
	size_t mac_len;               /* bytes of it, the most with MECH_PARAM_LEN */
	enum chip_kdf kdf;            /* what a chip must have for it; else 0 */
};

/* Rows in order, NULL past the end. */
const struct mech *mod_mech_at(size_t i);

/*
 * Whether a chip of this model does it, with the one key that a slot may have (view NULL: the slot
 * has them all).
 */
bool mod_mech_offered(
    const struct mech *m, const struct chip_model *model, const struct store_view *view);

/*
 * Sizes of keys for CK_MECHANISM_INFO, in the unit that the standard gives for the mechanism:
 * bits for EC and RSA, bytes for AES and HMAC; 0 and 0 for digests.
 */
void mod_mech_sizes(
    const struct mech *m, const struct chip_model *model, CK_ULONG *min, CK_ULONG *max);

/*
 * The row a call may use: use is the CKF_ flag of the function called, view that of the slot. A
 * mechanism for the other family of keys is for the key to refuse. CKR_ARGUMENTS_BAD,
 * CKR_MECHANISM_INVALID (the log says why, for those that people expect), and
 * CKR_MECHANISM_PARAM_INVALID for a parameter that is not what the row says.
 */
CK_RV mod_mech_get(const CK_MECHANISM *mechanism, CK_FLAGS use, const struct chip_model *model,
    const struct store_view *view, const struct mech **mp);

/*
 * CKM_RSA_PKCS: finds the digest in a DigestInfo of SHA-256, SHA-384 or SHA-512, or takes data
 * as a bare digest if it has the length of one: the chip makes the padding itself and signs
 * nothing else. model NULL: whatever any of them signs. CKR_DATA_LEN_RANGE or CKR_DATA_INVALID.
 */
CK_RV mod_mech_rsa_digest(const struct chip_model *model, const uint8_t *data, size_t len,
    const uint8_t **digest, const struct mech_hash **hash);

#endif
