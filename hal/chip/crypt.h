/*
 * Cryptography of the chip: what chip.h's slots and session contexts are used for.
 *
 * Sources: SRM 4.4.1 (commands), 4.4.2 (identifiers), 6.2 (keys and signatures). Errors as in
 * chip.h; HAL_ENOTSUP: this model has no such command or variant, nothing was sent;
 * HAL_ETOOBIG and HAL_EINVAL: arguments that no chip takes, nothing was sent.
 *
 * Session contexts E100-E103 are volatile and common to all processes: between a command that
 * fills one and the one that uses it, hold the chip (chip_acquire) or own the context by
 * agreement, and compare chip_boot. A command that uses a session is never repeated.
 *
 * Results are replaced, in buffers that are wiped when freed. Where a function takes len bytes,
 * p may be NULL if len is 0.
 */
#ifndef HAL_CHIP_CRYPT_H
#define HAL_CHIP_CRYPT_H

#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"
#include "hal/chip/chip.h"

#define CHIP_SESSION_FIRST 0xE100
#define CHIP_SESSION_COUNT 4

/*
 * Takes a context that no living process has (context.c); its content is whatever the last one
 * left. HAL_EBUSY with a log line: all are taken.
 */
int chip_context_take(struct chip *c, uint16_t *oid);

/* Gives it back; nothing happens if it is not ours. */
void chip_context_give(struct chip *c, uint16_t oid);

/*
 * While the chip is held, before each use: 0 when the context is still ours and was not emptied
 * since chip_boot was boot; else HAL_ERESET.
 */
int chip_context_check(struct chip *c, uint16_t oid, uint64_t boot);

/* "No session": the result is returned instead. */
#define CHIP_EXPORT 0

/* --- random numbers in the chip (GetRandom) -------------------------------------------------- */

/*
 * Pre-master secret: prefix and len random bytes (8..256) into a session, nothing is returned;
 * together at most model->session_max. TLS with RSA: prefix 0303, len 46.
 */
int chip_random_secret(
    struct chip *c, uint16_t session, const uint8_t *prefix, size_t prefix_len, size_t len);

/*
 * Authorization code: out gets len random bytes (8..256), the session prefix and the same bytes;
 * together at most model->session_max. For chip_authorize. Trust M V3.
 */
int chip_random_challenge(struct chip *c, uint16_t session, const uint8_t *prefix,
    size_t prefix_len, uint8_t *out, size_t len);

/* --- hash (CalcHash, SHA-256) ------------------------------------------------------------------
 */

#define CHIP_HASH_LEN 32

/* SHA-256 of len bytes, 0 among them, in as many commands as it takes. Idempotent. */
int chip_hash(struct chip *c, const uint8_t *data, size_t len, uint8_t digest[CHIP_HASH_LEN]);

enum chip_hash_op {
	CHIP_HASH_START,
	CHIP_HASH_WHOLE, /* start and final */
	CHIP_HASH_CONTINUE,
	CHIP_HASH_FINAL,
	CHIP_HASH_PEEK, /* the digest so far; the hash goes on */
};

/* What goes into a hash: bytes of the host (oid 0), or n bytes at off of an object's content. */
struct chip_hash_input {
	const uint8_t *data;
	size_t len;
	uint16_t oid, off, n;
};

/* Bytes of the host that fit one step in any case. */
#define CHIP_HASH_STEP_MAX 1335

/*
 * One step of a hash that spans commands. context: START fills it, CONTINUE replaces it, FINAL
 * and PEEK only read it; its content is the chip's affair, model->hash_context bytes. Any number
 * of hashes can run so, no lock is needed between steps, steps are idempotent. Without (NULL)
 * the state stays in the chip, which has room for one: hold the chip from START to FINAL.
 * digest: for WHOLE, FINAL and PEEK, else NULL. WHOLE takes no context and no empty bytes.
 * An object must be readable and long enough (CHIP_E_ACCESS, CHIP_E_BOUNDARY).
 */
int chip_hash_step(struct chip *c, enum chip_hash_op op, const struct chip_hash_input *in,
    struct buf *context, uint8_t *digest);

/* Ends the hash that runs in the chip. */
int chip_hash_abort(struct chip *c);

/* --- public keys given to the chip --------------------------------------------------------------
 */

/*
 * A public key of type alg: in a certificate object (cert not 0; one DER certificate, else
 * CHIP_E_CERT_FORMAT), or as bytes in the form of chip_keypair.
 */
struct chip_pubkey {
	enum chip_alg alg;
	uint16_t cert;
	const uint8_t *pub;
	size_t len;
};

/*
 * VerifySign. 0: the signature is good; CHIP_E_SIGNATURE: it is not, or is none. EC: sig is
 * r || s, digest up to 64 bytes, treated as in chip_sign_ecdsa. RSA: PKCS#1 v1.5 of a SHA-256,
 * SHA-384 or SHA-512 digest. Idempotent.
 */
int chip_verify(struct chip *c, const struct chip_pubkey *key, const uint8_t *digest, size_t len,
    const uint8_t *sig, size_t sig_len);

/*
 * EncryptAsym RSAES-PKCS1-v1_5 of a message (1 byte to modulus size - 11). out: the cipher text,
 * of the modulus size. Idempotent.
 */
int chip_rsa_encrypt(
    struct chip *c, const struct chip_pubkey *key, const uint8_t *msg, size_t len, struct buf *out);

/* The same of the secret that chip_random_secret left in a session. */
int chip_rsa_encrypt_session(
    struct chip *c, const struct chip_pubkey *key, uint16_t session, struct buf *out);

/* --- private keys ---------------------------------------------------------------------------- */

/*
 * DecryptAsym RSAES-PKCS1-v1_5 with a slot or session key; len is the modulus size (128, 256).
 * session: CHIP_EXPORT, and out is the message; or where it stays, for chip_derive alone.
 * Wrong padding: CHIP_E_DECRYPTION; do not let anybody see it happen.
 */
int chip_rsa_decrypt(struct chip *c, uint16_t key, const uint8_t *cipher, size_t len,
    uint16_t session, struct buf *out);

/*
 * CalcSSec, ECDH: the private key in a slot or session, of type alg and usage key agreement, and
 * the other side's public key in the form of chip_keypair. session: CHIP_EXPORT, and secret is
 * the x coordinate, of the curve's size; or where it stays (the key's own session may be named).
 * Idempotent with a key in a slot.
 */
int chip_ecdh(struct chip *c, uint16_t key, enum chip_alg alg, const uint8_t *peer, size_t len,
    uint16_t session, struct buf *secret);

/*
 * GenKeyPair, not stored: priv is the private value d, of the curve's or modulus' size (RSA: the
 * exponent), pub as in chip_keypair. Into a session: chip_keypair. Idempotent.
 */
int chip_keypair_export(struct chip *c, enum chip_alg alg, struct buf *priv, struct buf *pub);

/* --- key derivation (DeriveKey) --------------------------------------------------------------- */

enum chip_kdf {
	CHIP_KDF_PRF_SHA256 = 0x01, /* TLS 1.2, RFC 5246 */
	CHIP_KDF_PRF_SHA384 = 0x02,
	CHIP_KDF_PRF_SHA512 = 0x03,
	CHIP_KDF_HKDF_SHA256 = 0x08, /* RFC 5869 */
	CHIP_KDF_HKDF_SHA384 = 0x09,
	CHIP_KDF_HKDF_SHA512 = 0x0A,
};

struct chip_derivation {
	enum chip_kdf kdf;
	uint16_t secret;     /* a session, or a data object of type pre-shared secret */
	const uint8_t *seed; /* PRF: label || seed, 8..1024 bytes; HKDF: salt, 0..1024 */
	size_t seed_len;
	const uint8_t *info; /* HKDF: 0..256 bytes; PRF: none */
	size_t info_len;
};

/*
 * session: CHIP_EXPORT, and out is len bytes (1..256); or where len bytes (16 to
 * model->session_max) stay, the secret's own session among them. Idempotent with a secret in an
 * object, but for its usage counter if it has one.
 */
int chip_derive(
    struct chip *c, const struct chip_derivation *d, size_t len, uint16_t session, struct buf *out);

/* --- symmetric keys (EncryptSym, DecryptSym, GenSymKey): Trust M V3 ----------------------------
 */

/*
 * Makes an AES key in slot E200. usage: CHIP_USE_ENC. Not idempotent. A factory chip refuses
 * (CHIP_E_ACCESS) until the slot's change condition is changed.
 */
int chip_symkey(struct chip *c, uint16_t oid, enum chip_alg alg, uint8_t usage);

/* Makes one for the host: key is 16, 24 or 32 bytes. Idempotent. */
int chip_symkey_export(struct chip *c, enum chip_alg alg, struct buf *key);

enum chip_cipher {
	CHIP_CIPHER_ECB = 0x08,
	CHIP_CIPHER_CBC = 0x09,
};

#define CHIP_BLOCK 16

/*
 * AES of len bytes, a positive multiple of 16, in as many commands as it takes, under one lock;
 * out has the same length. iv: 16 bytes for CBC, NULL for ECB. To go on with CBC in a later
 * call, pass the last cipher block as iv. Idempotent: a chain that was cut short starts again.
 */
int chip_encrypt(struct chip *c, enum chip_cipher mode, uint16_t key, const uint8_t *iv,
    const uint8_t *data, size_t len, struct buf *out);
int chip_decrypt(struct chip *c, enum chip_cipher mode, uint16_t key, const uint8_t *iv,
    const uint8_t *data, size_t len, struct buf *out);

enum chip_mac {
	CHIP_MAC_CBC = 0x0A,  /* ISO 9797-1 algorithm 1, zero IV: a positive multiple of 16 bytes */
	CHIP_MAC_CMAC = 0x0B, /* SP 800-38B */
	CHIP_MAC_HMAC_SHA256 = 0x20,
	CHIP_MAC_HMAC_SHA384 = 0x21,
	CHIP_MAC_HMAC_SHA512 = 0x22,
};

/* Bytes of a MAC; 0: no such one. */
size_t chip_mac_len(enum chip_mac mac);

/*
 * MAC of len bytes, at least 1, in as many commands as it takes, under one lock. key: E200 for
 * the AES ones; for HMAC a data object of type pre-shared secret, or a session with a secret.
 * mac: chip_mac_len bytes. Idempotent but for a key in a session.
 */
int chip_mac(struct chip *c, enum chip_mac mac, uint16_t key, const uint8_t *data, size_t len,
    struct buf *out);

/*
 * Authorization: the host shows that it knows the secret in ref, a data object of type
 * authorization reference. data, at most 566 bytes: prefix and random bytes exactly as
 * chip_random_challenge left them in the session, and any more; value: its HMAC. The condition
 * Auto(ref) then holds until the application is closed, for every process. The random bytes are
 * used up either way. CHIP_E_AUTHORIZATION: wrong, and Auto(ref) holds no more. Not idempotent.
 */
int chip_authorize(struct chip *c, enum chip_mac mac, uint16_t ref, uint16_t session,
    const uint8_t *data, size_t len, const uint8_t *value, size_t value_len);

/*
 * Ends an authorization, by one that must fail. The session's content is lost. Idempotent, but
 * not repeated when the chip was reset (which ends it as well).
 */
int chip_deauthorize(struct chip *c, uint16_t ref, uint16_t session);

#endif
