/* Inside of hal/chip: the handle, one APDU, and the tables that models are made of. */
#ifndef HAL_CHIP_INTERNAL_H
#define HAL_CHIP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"
#include "hal/chip/binding.h"
#include "hal/chip/chip.h"

struct bus;
struct bus_record;
struct link;

/* What an object's conditions demand for reading, changing, executing. */
struct chip_needs {
	uint16_t oid;
	bool shielded[3];   /* the encryption */
	bool authorized[3]; /* name the authorization with F1D0 */
};

struct chip {
	struct bus *bus;
	struct link *ln;
	unsigned depth;         /* nested chip_acquire; 0: the lock is not held */
	struct bus_record *rec; /* while the lock is held; NULL: this bus has none */
	uint64_t self;          /* random, never 0: who we are in the record */
	uint64_t boot;          /* last seen values of the record, or our own count without one */
	uint64_t change;
	bool unsettled; /* a command got no answer: the chip may still be at it */
	bool shut;      /* we closed the application, and have not opened it since */
	unsigned commands;
	const struct chip_model *model; /* NULL until the UID was read */
	uint8_t uid[CHIP_UID_LEN];
	struct buf cmd; /* the APDU under way; wiped after use */
	struct buf rsp;
	char *binding_dir;    /* NULL: the default */
	bool sought;          /* the files were looked at for a binding secret */
	bool pending;         /* the link's secret is that of an unfinished pairing */
	bool proving;         /* the link's secret and no other is meant */
	bool shield_all;      /* protect every command */
	bool authorizing;     /* the commands under way answer a challenge */
	struct secret *slept; /* the encrypted session of a chip that hibernates, or NULL */
	bool contexts[CHIP_SESSION_COUNT]; /* those that are ours */
	uint64_t contexts_boot;            /* while chip_boot is this */
	uint64_t process;                  /* their owner: whose handle this is */
	struct chip_needs needs[32];
	size_t nneeds;
};

/* --- apdu.c -------------------------------------------------------------------------------- */

#define APDU_DATA_MAX     1553 /* InData and OutData: 1557 bytes of E0C6 without the header */

#define APDU_TLV_MAX      (APDU_DATA_MAX - 3) /* one TLV alone */
#define APDU_SYM_MAX      640                 /* InData of EncryptSym and DecryptSym, SRM 4.4.1 */

#define APDU_OPEN_AFRESH  0x00 /* Param of OpenApplication */
#define APDU_OPEN_RESTORE 0x01

/*
 * Patient: an exhausted security event counter delays each use of a key by up to 5 s (SRM 4.6),
 * and the factory's current limit alone makes a chip 2.5 times slower than the tables.
 */
#define APDU_DEADLINE_MS     30000
#define APDU_DEADLINE_RSA_MS 180000 /* RSA key generation is a search: more than 50 s can occur */

struct chip_apdu {
	uint8_t cmd, param;
	bool idempotent; /* sent again when it is unknown whether it ran */
	bool writes;     /* persistent content: moves chip_change */
	bool shielded;   /* through the encrypted connection, whatever the object says */
	unsigned deadline_ms;
};

/*
 * Runs one command: in is its InData, out (replaced; NULL: not wanted) its OutData. Takes the
 * chip when not held. A closed application or a chip that makes no sense is started again once;
 * an idempotent command is then repeated, any other one returns HAL_ERESET.
 */
int chip_apdu_run(struct chip *c, const struct chip_apdu *a, const struct buf *in, struct buf *out);

/*
 * OpenApplication, only while held: afresh, or what was saved under a handle of CHIP_HANDLE_LEN
 * bytes. CHIP_E_UNAVAILABLE: refused, and no reason to be had.
 */
int chip_apdu_open(struct chip *c, const uint8_t *handle);

/* A chain of commands that depend on each other broke off, and may be sent again from its start. */
bool chip_chain_lost(int r);

/* Appends a TLV that holds an OID. */
int chip_put_oid(struct buf *in, uint8_t tag, uint16_t oid);

/* Where a result goes: tag 07 empty for CHIP_EXPORT, tag 08 with a session. */
int chip_put_target(struct buf *in, uint16_t session);

/* OutData that is exactly one TLV of this tag. */
bool chip_take_tlv(const struct buf *out, uint8_t tag, struct cur *value);

/* --- chip.c -------------------------------------------------------------------------------- */

/*
 * Joins the link, after waiting for whatever the chip still does; only while held. A chip that
 * makes no sense then is started again.
 */
int chip_join(struct chip *c, bool drain);

/* Resets the chip and opens the application; only while held. Moves chip_boot. */
int chip_restart(struct chip *c);

/* As chip_acquire, but leaves the chip as it is, open or closed. Needs its chip_release. */
int chip_lock(struct chip *c);

/* The application is open, and we are its last user. */
void chip_mark_open(struct chip *c);

/* The application must not be taken for open by the next one who acquires. */
void chip_mark_closed(struct chip *c);

/* A command is on its way, or its answer is in. */
void chip_mark_busy(struct chip *c, bool busy);

/* The chip was reset: nothing is under way, no host's encrypted session stands. */
void chip_mark_reset(struct chip *c);

/* From now on the encrypted session is ours and every host must use the presentation layer. */
void chip_mark_shielded(struct chip *c);

/* Persistent content is about to change. */
void chip_mark_changed(struct chip *c);

/* --- protect.c, binding.c, authorize.c
 * ------------------------------------------------------------------ */

/* Whether a command must be protected; may read metadata of its object. Only while held. */
int chip_protect_choose(struct chip *c, const struct chip_apdu *a, const struct buf *in, bool *yes);

/* Whether the condition of its object names the authorization that a secret is kept for. */
int chip_protect_authorizes(
    struct chip *c, const struct chip_apdu *a, const struct buf *in, bool *yes);

/* A command was refused: true if its object asked for an authorization, and now has it. */
bool chip_authorize_for(struct chip *c, const struct chip_apdu *a, const struct buf *in);

/* Whether a condition needs the encrypted connection; lcso: of its object, or -1. */
bool chip_access_shielded(const struct cur *ac, int lcso);

/* What is known of an object's conditions may have changed; 0: of all. */
void chip_protect_forget(struct chip *c, uint16_t oid);

/* Whether a secret is there; looks for it first. */
bool chip_binding_known(struct chip *c);

/* After HAL_EPAIR: another secret was found, and is the link's now. */
bool chip_binding_next(struct chip *c);

/* The chip has proved the link's secret. */
void chip_binding_proved(struct chip *c);

/* --- oid.c, model.c ------------------------------------------------------------------------ */

/* The model a UID tells. HAL_ENOTSUP with a log line: none of ours. */
int chip_model_by_uid(const uint8_t uid[CHIP_UID_LEN], const struct chip_model **mp);

/* Whether oid is volatile: one of the session contexts E100-E103. */
bool chip_oid_is_session(uint16_t oid);

/* --- sign.c -------------------------------------------------------------------------------- */

/* Scheme of a PKCS#1 v1.5 signature over a digest of this length; 0: none. */
uint8_t chip_rsa_scheme(size_t digest_len);

/* Two INTEGERs as the chip sends them to r || s of size bytes each; sig replaced. HAL_EPROTO. */
int chip_ecdsa_normalise(const uint8_t *der, size_t len, size_t size, struct buf *sig);

/*
 * A digest as the chip takes it: the leftmost bytes (FIPS 186-4, 6.4), padded on the left to 10.
 * Of 66 bytes for P-521 the last 7 bits are too many; they are left to the chip, as to any other
 * implementation. Returns the length; e has room for size bytes, at least 10.
 */
size_t chip_ecdsa_digest(const uint8_t *digest, size_t len, size_t size, uint8_t *e);

/* --- keys.c -------------------------------------------------------------------------------- */

/* Whether pub is exactly the BIT STRING that a key of this type has (SRM 6.2). */
bool chip_pubkey_valid(const struct chip_keytype *kt, const uint8_t *pub, size_t len);

/* --- verify.c ------------------------------------------------------------------------------ */

#define CHIP_SIZE_MAX 66 /* coordinate of the largest curve, P-521 */

/* Appends a public key as VerifySign and EncryptAsym take it. */
int chip_put_pubkey(struct buf *in, const struct chip_pubkey *key);

/* The key's type; NULL when it is none, or the bytes are no such key. */
const struct chip_keytype *chip_pubkey_type(const struct chip_pubkey *key);

#endif
