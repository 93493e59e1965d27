/*
 * Key derivation: what C_DeriveKey and the mechanisms behind it share. derive.c has the call and
 * the agreement of keys, kdf.c the functions of one secret.
 */
#ifndef PKCS11_DERIVE_H
#define PKCS11_DERIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

#include "hal/base/buf.h"
#include "pkcs11/key.h"
#include "pkcs11/mech.h"
#include "pkcs11/turn.h"

struct session;

struct derivation {
	struct session *s;
	const struct mech *mech;
	const CK_MECHANISM *mechanism;
	struct mod_key base;
	CK_ULONG len; /* wanted (CKA_VALUE_LEN, or what the key type has); 0: the mechanism's own */
	bool on_chip; /* the result stays in context; else it is in out */
	struct mod_context context;
	struct buf out;
};

/*
 * Runs fn in a turn of its own with the base key, and with on_chip a context for the result.
 * CKR_DEVICE_MEMORY: none is free.
 */
CK_RV mod_derive_chip(struct derivation *d,
    int (*fn)(struct chip *chip, const struct mod_key *key, void *arg), void *arg);

/* The mechanisms: fill out or context. CKR_MECHANISM_PARAM_INVALID, CKR_KEY_SIZE_RANGE. */
CK_RV mod_derive_ecdh(struct derivation *d);
CK_RV mod_derive_hkdf(struct derivation *d);
CK_RV mod_derive_tls_master(struct derivation *d);
CK_RV mod_derive_tls_kdf(struct derivation *d);

/* X9.63 (SEC 1, 3.6.1) of what out holds, with a hash by OpenSSL's name; out is replaced. */
CK_RV mod_kdf_x963(
    struct derivation *d, const char *hash, const uint8_t *info, size_t info_len, size_t len);

#endif
