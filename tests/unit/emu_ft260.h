/*
 * An FT260 made up byte by byte, with a simulated chip on its bus: what its reports do. It has the
 * habits of the real one, and faults on request. How reports come and go is the caller's affair.
 */
#ifndef TESTS_UNIT_EMU_FT260_H
#define TESTS_UNIT_EMU_FT260_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/sim/sim.h"

#define EMU_QUEUE 64 /* input reports the kernel keeps */

enum emu_fault {
	EMU_NONE,
	EMU_ADDR_NACK,       /* of a write: data are clocked out all the same, 2E */
	EMU_READ_NACK,       /* a full report of nothing, then 26 */
	EMU_READ_NACK_BUSY,  /* the same, and the bus stays held until a reset: 46 */
	EMU_READ_NACK_EMPTY, /* no report, 26 */
	EMU_DATA_NACK,       /* 2A */
	EMU_ARBITRATION,     /* 32 */
	EMU_LATE,            /* the report of a read comes with the next report out */
	EMU_LOST,            /* no report, and nothing wrong */
	EMU_STRAY,           /* reports of other kinds, and nonsense, before the right one */
	EMU_SPLIT,           /* the payload comes in two reports */
	EMU_SLOW,            /* three more looks at the status before it is done */
	EMU_HELD,            /* the bus stays busy until a reset */
	EMU_STUCK,           /* the bus stays busy whatever is done */
	EMU_HIDDEN_NACK,     /* dozing: the first status says success */
};

struct emu {
	struct sim **chip;            /* on its bus */
	void (*offer)(struct emu *e); /* there is a report in the queue; may be NULL */
	uint8_t settings[26], gpio[5];
	enum emu_fault fault; /* of the next transfer of the kind it belongs to, once */
	unsigned fault_skip;  /* transfers before it */

	/* What was seen. */
	unsigned khz;
	unsigned resets, statuses, writes, reads, transfers;
	size_t longest_write;
	char story[256]; /* one character per report: W write, R read, s status, x reset, k clock,
			    0 or 1 line of gpio_mask, u UART mode, g function of a pin */
	uint8_t gpio_byte, gpio_mask;
	uint64_t low_at, low_ns;
	bool foreign; /* a flag, length or report ID that no driver may send */

	/* Inside. */
	uint8_t status, status_after;
	unsigned busy_looks;
	bool held, stuck;
	uint8_t queue[EMU_QUEUE][64];
	size_t queue_len[EMU_QUEUE], nqueue;
	uint8_t late[64];
	size_t late_len;
};

/* Chip mode 3; chip and offer are the caller's to set. */
void emu_reset(struct emu *e);

/* An output report. */
void emu_out(struct emu *e, const uint8_t *report, size_t len);

/* A feature report: r[0] is its ID, the answer takes its place. Its length, or -EPIPE. */
long emu_get(struct emu *e, uint8_t *r, size_t len);
void emu_set(struct emu *e, const uint8_t *r, size_t len);

/* Takes the first input report out of the queue. Its length, 0: there is none. */
size_t emu_take(struct emu *e, uint8_t *data, size_t len);

/* Puts an input report into the queue: something left over. Not while a call is under way. */
void emu_left_over(struct emu *e, const uint8_t *report, size_t len);

#endif
