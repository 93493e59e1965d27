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
 * layer, or chains go wrong twice); it goes on so until link_start. HAL_ERESET: it counts frames
 * as after a reset. After any error but HAL_EINVAL and HAL_ETOOBIG of the command, the command
 * may have run.
 */
int link_transceive(struct link *ln, const uint8_t *cmd, size_t cmd_len, struct buf *rsp,
    bool idempotent, unsigned deadline_ms);

/* Counters since link_new, for tests and benchmarks. */
struct link_stats {
	unsigned transactions; /* bus transactions, I2C_STATE polls not counted */
	unsigned polls;        /* I2C_STATE reads that found nothing */
	unsigned repeats;      /* frames sent again */
	unsigned resyncs;
};
void link_stats(const struct link *ln, struct link_stats *st);

#endif
