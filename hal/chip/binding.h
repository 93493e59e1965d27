/*
 * The platform binding secret (object E140): what host and chip share for the encrypted
 * connection. One file per chip, named after its serial, in $OPTIGA_BINDING_DIR, else
 * $(localstatedir)/lib/optiga/binding; owner writes, the directory's group reads (0640).
 *
 * A secret being introduced lies beside it as SERIAL.new, from before the chip gets it until the
 * chip has proved it; either is tried, so an interruption at any point leaves host and chip able
 * to talk; what a host wrote that was killed in mid-file goes with the next pairing. Commands need
 * none of this: chip_ functions make the connection when an object asks for it and a secret is
 * there.
 */
#ifndef HAL_CHIP_BINDING_H
#define HAL_CHIP_BINDING_H

#include <stdbool.h>

#include "hal/base/secret.h"
#include "hal/chip/chip.h"

#define CHIP_OID_BINDING       0xE140
#define CHIP_OID_AUTHORIZATION 0xF1D0 /* of personalised parts; data object 1 of others */
#define CHIP_BINDING_LEN       64
#define CHIP_BINDING_MIN       32 /* shorter ones are not accepted */

/* First 16 hex digits of SHA-256 of the unique ID, and NUL. HAL_ECRYPTO. */
#define CHIP_SERIAL_LEN 17
int chip_serial(const uint8_t uid[CHIP_UID_LEN], char serial[CHIP_SERIAL_LEN]);

/* Another directory for this handle; copied. */
int chip_binding_set_dir(struct chip *c, const char *dir);

enum chip_binding_lock {
	CHIP_BINDING_OPEN,   /* metadata stays: anybody who has the board can pair it again */
	CHIP_BINDING_RENEW,  /* for ever: change only under the secret itself, read never */
	CHIP_BINDING_SEALED, /* for ever: neither changed nor read */
};

/*
 * Makes a new random secret, gives it to the chip and keeps it; pairs a chip as well as it
 * rotates the secret of one paired before. Proved with a handshake before it is final.
 * CHIP_E_ACCESS: the chip takes no new secret (locked, and the old one is not known here or does
 * not allow it). Errors of files: HAL_EACCES, HAL_ENODEV, HAL_EIO, logged in a person's words.
 */
int chip_pair(struct chip *c, enum chip_binding_lock lock);

/*
 * A secret from elsewhere, for the chip that has it already: proved with a handshake, then kept.
 * HAL_EPAIR: it is not the chip's. HAL_EINVAL: too short, too long, or the factory's.
 */
int chip_binding_adopt(struct chip *c, const struct secret *secret);

/* A handshake now, if there is no session. HAL_EPAIR: no secret, or not the chip's. */
int chip_binding_prove(struct chip *c);

/*
 * Whether the chip has the secret that every chip leaves the factory with, which a handshake tells:
 * a security event, so not to be asked without need. HAL_ENOTSUP: it has no such secret.
 */
int chip_binding_is_factory(struct chip *c, bool *yes);

/*
 * Whether this host has the secret for conditions on an object: E140 (Conf, Int) or F1D0 (Auto).
 * The chip is held; no traffic. It may be another one than the chip's.
 */
bool chip_has_secret(struct chip *c, uint16_t oid);

/* Forgets the secret on the host: its files are removed. The chip keeps its own. */
int chip_binding_remove(struct chip *c);

/*
 * A second secret of the vendor's portal, the authorization reference of F1D0, kept beside the
 * first (SERIAL.auth). HAL_ENOTFOUND: there is none.
 */
int chip_authorization_keep(struct chip *c, const struct secret *secret);
int chip_authorization_load(struct chip *c, struct secret **sp);

/*
 * Keeps it once the chip has proved that it is its own. CHIP_E_AUTHORIZATION: it is not.
 * HAL_ENOTSUP: the chip has no authorization. HAL_EBUSY: no session context is free.
 */
int chip_authorization_adopt(struct chip *c, const struct secret *secret);

/* Forgets it on the host. */
int chip_authorization_remove(struct chip *c);

/*
 * Authorizes with it, as chip_authorize does. Commands need none of this either: one that the chip
 * refuses, on an object whose condition names Auto(F1D0), is sent again after it. The state holds
 * until the application is closed or chip_deauthorize ends it, for every process.
 * CHIP_E_AUTHORIZATION: it is not the chip's. HAL_EBUSY: no session context is free.
 */
int chip_authorize_stored(struct chip *c);

#endif
