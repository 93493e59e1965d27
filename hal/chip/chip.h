/*
 * One OPTIGA Trust chip: a function per command, the tables of what each model has, metadata,
 * and taking turns with other processes. crypt.h, included here, has the cryptography beyond
 * signatures.
 *
 * Sources: OPTIGA Trust M Solution Reference Manual (SRM) 3.30, chapters named at each function.
 * A chip handle is used by one thread at a time.
 *
 * Every command returns 0, a negative HAL_E* or the chip's own error byte (positive; read from
 * object F1C2 after a failed command). HAL_ERESYNC: the link lost step, whether the command ran
 * is unknown. HAL_ERESET: the chip was reset by somebody; the handle has re-opened it. Reads,
 * random numbers, writes of data and signatures with keys in slots are repeated instead.
 */
#ifndef HAL_CHIP_CHIP_H
#define HAL_CHIP_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"

struct chip;

/* --- tables ------------------------------------------------------------------------------- */

/* Algorithm identifiers, SRM 4.4.2. */
enum chip_alg {
	CHIP_ALG_NONE = 0,
	CHIP_ALG_P256 = 0x03,
	CHIP_ALG_P384 = 0x04,
	CHIP_ALG_P521 = 0x05,
	CHIP_ALG_BP256 = 0x13,
	CHIP_ALG_BP384 = 0x15,
	CHIP_ALG_BP512 = 0x16,
	CHIP_ALG_RSA1024 = 0x41,
	CHIP_ALG_RSA2048 = 0x42,
	CHIP_ALG_AES128 = 0x81,
	CHIP_ALG_AES192 = 0x82,
	CHIP_ALG_AES256 = 0x83,
};

/* Key usage bits, SRM 4.4.2. */
#define CHIP_USE_AUTH     0x01
#define CHIP_USE_ENC      0x02
#define CHIP_USE_SIGN     0x10
#define CHIP_USE_KEYAGREE 0x20

/* Life cycle states (LcsO, LcsA, LcsG). */
#define CHIP_LCS_CREATION       0x01
#define CHIP_LCS_INITIALIZATION 0x03
#define CHIP_LCS_OPERATIONAL    0x07
#define CHIP_LCS_TERMINATION    0x0F

/* Key algorithms: one row per asymmetric key type. */
struct chip_keytype {
	enum chip_alg alg;
	const char *name; /* "P-256", "RSA 2048" */
	bool rsa;
	unsigned bits;          /* curve or modulus */
	size_t size;            /* bytes of a coordinate or the modulus */
	const char *ossl_group; /* OpenSSL's group name, NULL for RSA */
	const uint8_t *params;  /* DER of the curve's OBJECT IDENTIFIER, NULL for RSA */
	size_t params_len;
};
const struct chip_keytype *chip_keytype_at(size_t i); /* NULL past the end */
const struct chip_keytype *chip_keytype_by_alg(int alg);
const struct chip_keytype *chip_keytype_by_params(const uint8_t *der, size_t len);

enum chip_object_kind {
	CHIP_KIND_STATUS, /* life cycle, security status, UID and so on */
	CHIP_KIND_CERT,   /* E0E0-E0E3 */
	CHIP_KIND_ANCHOR, /* E0E8, E0E9, E0EF */
	CHIP_KIND_ECC_KEY,
	CHIP_KIND_RSA_KEY,
	CHIP_KIND_AES_KEY,
	CHIP_KIND_SESSION,
	CHIP_KIND_COUNTER,
	CHIP_KIND_BINDING,
	CHIP_KIND_DATA,     /* F1D0.., 140 bytes (100 on Trust X) */
	CHIP_KIND_DATA_BIG, /* F1E0, F1E1, 1500 bytes, about 100 writes */
};

/* Object table, SRM chapter "Data Structures": one row per OID of a model. */
struct chip_object {
	uint16_t oid;
	enum chip_object_kind kind;
	size_t max; /* bytes of content, 0 for keys and sessions */
	const char *name;
};

/* Command codes, SRM 4.4.1. Param, the variant, is an enum chip_alg, chip_kdf ... or listed. */
enum chip_cmd {
	CHIP_CMD_GET_DATA = 0x01,
	CHIP_CMD_SET_DATA = 0x02,
	CHIP_CMD_SET_PROTECTED = 0x03,
	CHIP_CMD_RANDOM = 0x0C,
	CHIP_CMD_ENCRYPT_SYM = 0x14, /* enum chip_cipher or chip_mac */
	CHIP_CMD_DECRYPT_SYM = 0x15,
	CHIP_CMD_ENCRYPT_ASYM = 0x1E,
	CHIP_CMD_DECRYPT_ASYM = 0x1F,
	CHIP_CMD_HASH = 0x30,
	CHIP_CMD_SIGN = 0x31, /* enum chip_scheme */
	CHIP_CMD_VERIFY = 0x32,
	CHIP_CMD_AGREE = 0x33,
	CHIP_CMD_DERIVE = 0x34,  /* enum chip_kdf */
	CHIP_CMD_GEN_KEY = 0x38, /* enum chip_alg */
	CHIP_CMD_GEN_SYM = 0x39, /* enum chip_alg */
	CHIP_CMD_OPEN = 0x70,
	CHIP_CMD_CLOSE = 0x71,
};

/* Schemes of signatures and of RSA encryption, SRM 4.4.2. */
enum chip_scheme {
	CHIP_RSA_SHA256 = 0x01, /* RSASSA-PKCS1-v1_5 */
	CHIP_RSA_SHA384 = 0x02,
	CHIP_RSA_SHA512 = 0x03,
	CHIP_ECDSA = 0x11,
	CHIP_RSAES = 0x11, /* RSAES-PKCS1-v1_5 */
};

enum chip_generation {
	CHIP_TRUST_X = 0x01,
	CHIP_TRUST_M_V1 = 0x02,
	CHIP_TRUST_M_V3 = 0x04, /* Express and MTR parts too */
};

struct chip_model {
	const char *id;   /* "trust-m-v3" */
	const char *name; /* "Trust M V3" */
	enum chip_generation gen;
	size_t session_max;  /* bytes of a secret that a session context holds */
	size_t hash_context; /* bytes of an exported hash context */
};
const struct chip_model *chip_model_at(size_t i); /* NULL past the end */

/* The model's objects, in the order of their OIDs; NULL past the end, or when it has none such. */
const struct chip_object *chip_model_object_at(const struct chip_model *m, size_t i);
const struct chip_object *chip_model_object(const struct chip_model *m, uint16_t oid);

/* Whether the model has a command in this variant. Those it has not got are never sent. */
bool chip_model_can(const struct chip_model *m, enum chip_cmd cmd, int param);

/* Whether it generates asymmetric keys of this type, and so has all that goes with them. */
bool chip_model_has_alg(const struct chip_model *m, enum chip_alg alg);

/* --- opening and taking turns --------------------------------------------------------------- */

/*
 * Opens the bus a selector names; no traffic to the chip yet. Errors of bus_open, already
 * logged in a person's words.
 */
int chip_open(const char *selector, struct chip **cp);

/* Releases everything on the host. The chip stays open for others; no traffic. */
void chip_close(struct chip **cp);

const char *chip_selector(const struct chip *c);

/* Whether the device is still plugged in (bus_present): no traffic, takes no turn. */
bool chip_present(const struct chip *c);

/*
 * Takes the chip for a sequence of commands: waits for the lock other processes hold, then
 * joins the link where they left it, opening the application only if nobody has. Nests; each
 * needs its chip_release. Every command below takes it by itself when not held. Between the
 * first acquire and the last release nobody else touches the chip. Keep it short.
 */
int chip_acquire(struct chip *c);
void chip_release(struct chip *c);

/*
 * Valid after a chip_acquire. change: moves whenever persistent content may have changed by
 * somebody else (or by us through chip_ functions that write); anything cached under another
 * value is stale. boot: moves whenever volatile state (session contexts, running operations)
 * was lost.
 */
uint64_t chip_change(const struct chip *c);
uint64_t chip_boot(const struct chip *c);

/* Model and 27-byte UID (object E0C2), read at the first acquire. NULL before. */
const struct chip_model *chip_model(const struct chip *c);
const uint8_t *chip_uid(const struct chip *c);
#define CHIP_UID_LEN 27

/* Counts I2C commands (APDUs) sent since chip_open: tests and benchmarks. */
unsigned chip_commands(const struct chip *c);

/* --- data and metadata (SRM 4.4.1: GetDataObject, SetDataObject) ---------------------------- */

/*
 * Appends at most max bytes of object oid from offset off to out; in several commands when it
 * must. Reading past the end is not an error: out just stays shorter.
 */
int chip_data_read(struct chip *c, uint16_t oid, size_t off, size_t max, struct buf *out);

enum chip_write {
	CHIP_WRITE,       /* bytes replace [off, off+len); used size never shrinks */
	CHIP_ERASE_WRITE, /* content cleared first; used size = off + len */
};

/*
 * Writes len bytes at off. More than one command can hold (1549 bytes) is written tail first,
 * head last, so that an interrupted write leaves no valid head; with CHIP_ERASE_WRITE the first
 * command erases. Nothing is sent when off + len exceeds the object (HAL_ETOOBIG).
 */
int chip_data_write(struct chip *c, uint16_t oid, size_t off, const uint8_t *data, size_t len,
    enum chip_write mode);

/*
 * Metadata, parsed. Tags absent: -1, or NULL. SRM 4.2 "Metadata expression". Pass it by pointer:
 * the access conditions point into raw, a copy's would point into the original.
 */
struct chip_meta {
	uint8_t raw[64];
	size_t raw_len;
	int lcso;                                 /* C0; -1: operational for ever */
	int version;                              /* C1 */
	int max;                                  /* C4 */
	int used;                                 /* C5; absent on data objects: max */
	int alg;                                  /* E0 key algorithm */
	int usage;                                /* E1 key usage; -1 on a slot that holds no key */
	int type;                                 /* E8 data object type */
	int reset_type;                           /* F0 */
	struct cur change, read, execute, update; /* D0 D1 D3 D8, into raw; p NULL when absent */
};

int chip_meta_read(struct chip *c, uint16_t oid, struct chip_meta *m);

/* HAL_EPROTO: no metadata block, or one that breaks the rules. Unknown tags are allowed. */
int chip_meta_parse(const uint8_t *raw, size_t len, struct chip_meta *m);

/*
 * Writes metadata tags: tlvs is the inside of the block (tag, length, value ...), at most 42
 * bytes. Not idempotent when LcsO (C0) is among them: a state reached may refuse the rest.
 */
int chip_meta_write(struct chip *c, uint16_t oid, const uint8_t *tlvs, size_t len);

/*
 * Access conditions in words, for example "LcsO < operational or Conf(E140)"; "never" when the
 * tag is absent. Writes at most n bytes, the NUL among them.
 */
void chip_access_words(const struct cur *ac, char *out, size_t n);

/* --- random and keys -------------------------------------------------------------------------- */

/* GetRandom, SRM 4.4.1; TRNG. Any len; several commands above 256 bytes, short requests are cut
 * from 8. */
int chip_random(struct chip *c, uint8_t *out, size_t len);

/*
 * GenKeyPair into a slot or a session context. usage: CHIP_USE_* bits, not 0. pub: the public key
 * as the chip gives it, DER BIT STRING (EC point, or RSA SEQUENCE of n and e), replaced. The slot's
 * previous key is gone: callers make sure that it is free. RSA takes seconds, up to 180 s. Not
 * idempotent: after any negative error (HAL_ERESYNC, HAL_ERESET ...) the slot may hold a new key.
 * HAL_EINVAL: slot of another family; HAL_ENOTSUP: this model has no such keys.
 */
int chip_keypair(struct chip *c, uint16_t oid, enum chip_alg alg, uint8_t usage, struct buf *pub);

/*
 * CalcSign with ECDSA: digest of 10..curve size bytes (shorter ones are padded on the left to
 * 10, longer ones cut to the curve as FIPS 186 says). sig: r || s, each of the curve's size,
 * replaced; the chip's non-minimal integers are normalised. size: the coordinate size in bytes.
 */
int chip_sign_ecdsa(
    struct chip *c, uint16_t oid, size_t size, const uint8_t *digest, size_t len, struct buf *sig);

/* CalcSign RSASSA-PKCS1-v1_5 of a SHA-256, SHA-384 or SHA-512 digest (len tells). sig replaced. */
int chip_sign_rsa(struct chip *c, uint16_t oid, const uint8_t *digest, size_t len, struct buf *sig);

/* --- counters, application, protected updates ------------------------------------------------- */

/* Monotonic counter E120-E123: its value counts up to threshold. Set both by chip_data_write. */
int chip_counter_read(struct chip *c, uint16_t oid, uint32_t *value, uint32_t *threshold);

/*
 * SetDataObject "count": adds step (1..255), to the threshold at most. CHIP_E_COUNTER: it was
 * there already. Not idempotent.
 */
int chip_counter_count(struct chip *c, uint16_t oid, uint8_t step);

/*
 * CloseApplication: volatile state is gone (for every process), the security event counter is
 * saved; before power is cut. The next command opens the application again.
 */
int chip_shutdown(struct chip *c);

#define CHIP_HANDLE_LEN 8

/*
 * CloseApplication "hibernate": saves volatile state in the chip under a handle (a secret) and
 * closes the application; power may be cut. CHIP_E_SEQUENCE: the security event counter is not
 * zero, everything stays as it was. Costs five write cycles. Any command of any process opens the
 * application afresh and loses what was saved: keep the others away until chip_restore. The
 * encrypted session of this handle goes on after its chip_restore without a handshake.
 */
int chip_hibernate(struct chip *c, uint8_t handle[CHIP_HANDLE_LEN]);

/*
 * OpenApplication "restore", once per handle: resets the chip and brings volatile state back;
 * chip_boot stays. Any error: what was saved is lost, and the next command starts afresh.
 * HAL_ERESET: another process opened the application since, nothing was sent. HAL_ESHIELD: the
 * chip does not go on with the encrypted session.
 */
int chip_restore(struct chip *c, const uint8_t handle[CHIP_HANDLE_LEN]);

#define CHIP_FRAGMENT_LEN 640

/*
 * SetObjectProtected: a signed manifest (CBOR) and its payload, fragments of CHIP_FRAGMENT_LEN
 * bytes one after the other, the last one of 1 byte at least. All under one lock. The chip's
 * refusals: CHIP_E_MANIFEST, CHIP_E_VERSION (not newer), CHIP_E_SIGNATURE, CHIP_E_INTEGRITY,
 * CHIP_E_ACCESS (the object does not name this trust anchor). Not idempotent: after an error past
 * the first fragment the object is unusable (CHIP_E_METADATA) until the same update goes through;
 * CHIP_E_VERSION then says that it had.
 */
int chip_protected_update(struct chip *c, const uint8_t *manifest, size_t manifest_len,
    const uint8_t *fragments, size_t len);

#include "hal/chip/crypt.h"

#endif
