/*
 * IFX I2C protocol 2.0x: registers (physical layer), frames (data link layer), chains
 * (transport layer) and the place of the presentation layer. One command APDU goes in, one
 * response APDU comes out. Facts: "IFX I2C Protocol" rev. 2.03, OPTIGA Trust M datasheet
 * rev. 3.61 appendices A and B.
 *
 * A link is used by one thread at a time, and only while the bus lock is held.
 */
#ifndef HAL_LINK_LINK_H
#define HAL_LINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"
#include "hal/base/secret.h"

struct bus;
struct link;

#define LINK_APDU_MAX 1557 /* largest command or response, object E0C6 */

/* Makes a link on a bus; no traffic. The bus stays the caller's and must outlive the link. */
int link_new(struct bus *bus, struct link **lnp);
void link_free(struct link **lnp);

/*
 * First contact when nobody has the chip open: resets the chip (reset line, else SOFT_RESET
 * where I2C_STATE announces it, else re-sync), waits for start-up, negotiates clock and
 * DATA_REG_LEN. The application is closed afterwards. HAL_ENODEV: nothing answers.
 */
int link_start(struct link *ln);

/*
 * Joins a chip that another process may have used since: re-synchronises the frame counters
 * and adopts DATA_REG_LEN as it stands. With drain, first waits until the chip is not busy (at
 * most the longest command, 180 s), so that the answer to a dead process's command is not taken
 * for ours. Chip state above the data link layer is untouched.
 */
int link_join(struct link *ln, bool drain);

/*
 * Sends one command and receives its response (4 bytes header and data). rsp is replaced.
 * idempotent: after a re-sync the command may be sent again; otherwise HAL_ERESYNC reports that
 * whether it ran is unknown. deadline_ms: from the end of the command to the response, finite.
 * HAL_ETOOBIG (command > 1557 bytes: nothing sent; response larger: drained), HAL_ETIMEOUT,
 * HAL_ENODEV, HAL_EIO, HAL_EPROTO, HAL_ERESYNC, HAL_ERESET. The link is usable after any error.
 *
 * HAL_EPROTO: the chip speaks otherwise than this host (another host enabled the presentation
 * layer and the command is not idempotent, or chains go wrong twice); it goes on so until
 * link_start. HAL_ERESET: it counts frames as after a reset. After any error but HAL_EINVAL and
 * HAL_ETOOBIG of the command, the command may have run.
 */
int link_transceive(struct link *ln, const uint8_t *cmd, size_t cmd_len, struct buf *rsp,
    bool idempotent, unsigned deadline_ms);

/* --- presentation layer (shielded connection), chapter 6 ------------------------------------ */

/* What is encrypted and authenticated: bits 1:0 of SCTR. */
enum link_protect {
	LINK_PLAIN = 0,
	LINK_PROTECT_COMMAND = 1,
	LINK_PROTECT_RESPONSE = 2,
	LINK_PROTECT_BOTH = 3,
};

/* How to run a command: see link_transceive for the first two. */
struct link_how {
	bool idempotent;
	unsigned deadline_ms;
	enum link_protect protect;
};

/*
 * As link_transceive, protected as how says; makes the handshake when there is no session.
 * HAL_EPAIR: no secret was set, or the handshake failed: the command was not sent, and trying
 * again with this secret is no use. HAL_ESHIELD: the session ended in mid-command and is gone;
 * the command may have run, the next protected one makes a handshake. HAL_ECRYPTO: of the host.
 */
int link_transceive_as(struct link *ln, const uint8_t *cmd, size_t cmd_len, struct buf *rsp,
    const struct link_how *how);

/*
 * The platform binding secret (object E140) for handshakes to come; NULL: none. Copied. A session
 * that stands goes on. HAL_ENOMEM.
 */
int link_set_secret(struct link *ln, const struct secret *secret);
bool link_has_secret(const struct link *ln);

/* A copy of it. HAL_ENOTFOUND: there is none. */
int link_get_secret(const struct link *ln, struct secret **sp);

/*
 * What hosts must tell each other. presence: since the last reset some host used the presentation
 * layer; then every message must, plain ones too. session: the last handshake with the chip was
 * this link's. After link_join a link must be told both, or it finds out by failing.
 */
bool link_presence(const struct link *ln);
void link_adopt(struct link *ln, bool presence, bool session);

/* Ends the session on the host: keys are wiped, the next protected command makes a handshake. */
void link_forget(struct link *ln);

/* Whether a session stands, for tests and records. */
bool link_shielded(const struct link *ln);

/*
 * Hibernation. Saving: after CloseApplication(hibernate) the chip keeps its half of the session,
 * *ctxp is the host's half, to be kept over the loss of power; the session is gone on the link.
 * Restoring: before OpenApplication(restore); ctxp is used up whatever happens, and wiped before
 * anything is sent. HAL_ESHIELD: refused, both halves are void and a handshake is due.
 */
int link_save(struct link *ln, struct secret **ctxp);
int link_restore(struct link *ln, struct secret **ctxp);

/* Counters since link_new, for tests and benchmarks. */
struct link_stats {
	unsigned handshakes;   /* presentation layer, completed */
	unsigned transactions; /* bus transactions, I2C_STATE polls not counted */
	unsigned polls;        /* I2C_STATE reads that found nothing */
	unsigned repeats;      /* frames sent again */
	unsigned resyncs;
};
void link_stats(const struct link *ln, struct link_stats *st);

#endif
