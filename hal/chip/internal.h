/* Inside of hal/chip: the handle, one APDU, and the tables that models are made of. */
#ifndef HAL_CHIP_INTERNAL_H
#define HAL_CHIP_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"
#include "hal/chip/chip.h"

struct bus;
struct bus_record;
struct link;

struct chip {
	struct bus *bus;
	struct link *ln;
	unsigned depth;         /* nested chip_acquire; 0: the lock is not held */
	struct bus_record *rec; /* while the lock is held; NULL: this bus has none */
	uint64_t self;          /* random, never 0: who we are in the record */
	uint64_t boot;          /* last seen values of the record, or our own count without one */
	uint64_t change;
	bool unsettled; /* a command got no answer: the chip may still be at it */
	unsigned commands;
	const struct chip_model *model; /* NULL until the UID was read */
	uint8_t uid[CHIP_UID_LEN];
	struct buf cmd; /* the APDU under way; wiped after use */
	struct buf rsp;
};

/* --- apdu.c -------------------------------------------------------------------------------- */

/* Command codes without the flush bit, SRM 4.4.1. */
#define APDU_GET_DATA  0x01
#define APDU_SET_DATA  0x02
#define APDU_RANDOM    0x0C
#define APDU_CALC_SIGN 0x31
#define APDU_GEN_KEY   0x38
#define APDU_OPEN      0x70

#define APDU_DATA_MAX  1553 /* InData and OutData: 1557 bytes of E0C6 without the header */

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
	unsigned deadline_ms;
};

/*
 * Runs one command: in is its InData, out (replaced; NULL: not wanted) its OutData. Takes the
 * chip when not held. A closed application or a chip that makes no sense is started again once;
 * an idempotent command is then repeated, any other one returns HAL_ERESET.
 */
int chip_apdu_run(struct chip *c, const struct chip_apdu *a, const struct buf *in, struct buf *out);

/* OpenApplication, only while held. CHIP_E_UNAVAILABLE: refused, and no reason to be had. */
int chip_apdu_open(struct chip *c);

/* --- chip.c -------------------------------------------------------------------------------- */

/*
 * Joins the link, after waiting for whatever the chip still does; only while held. A chip that
 * makes no sense then is started again.
 */
int chip_join(struct chip *c, bool drain);

/* Resets the chip and opens the application; only while held. Moves chip_boot. */
int chip_restart(struct chip *c);

/* The application must not be taken for open by the next one who acquires. */
void chip_mark_closed(struct chip *c);

/* A command is on its way, or its answer is in. */
void chip_mark_busy(struct chip *c, bool busy);

/* Persistent content is about to change. */
void chip_mark_changed(struct chip *c);

/* --- oid.c, model.c ------------------------------------------------------------------------ */

#define CHIP_NOBJECTS_M_V3 48
extern const struct chip_object chip_objects_m_v3[CHIP_NOBJECTS_M_V3];

const struct chip_model *chip_model_at(size_t i); /* NULL past the end */

/* The model a UID tells. HAL_ENOTSUP with a log line: none of ours. */
int chip_model_by_uid(const uint8_t uid[CHIP_UID_LEN], const struct chip_model **mp);

/* Whether oid is volatile: one of the session contexts E100-E103. */
bool chip_oid_is_session(uint16_t oid);

/* --- sign.c -------------------------------------------------------------------------------- */

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

#endif
