/*
 * A bus for tests with a scripted chip behind it: virtual time, registers of fixed content, and
 * for each frame the host writes the frames the chip has for it. The script is lines of text:
 *
 *   "> 03 00 70000010"   the host writes this frame next: FCTR and packet in hex
 *   "< 80"               the chip then has this frame: FCTR and packet
 *   "< +12000 04 00 .."  ... so many us after the end of the host's frame
 *   "<! 80 00 00 FF FF"  ... these very bytes, FCS included
 *   "announce 300"       I2C_STATE gives this length for the chip frame that follows
 *   "busy 12000"         BUSY is set for so many us after the host's frame
 *   "nack 12000"         the address is refused for so many us after the host's frame
 *
 * What the host does otherwise than the script says is kept in error. Always checked: guard
 * time, the register address before each read, frame sizes, and that no data frame follows one
 * whose ACK was not read.
 */
#ifndef TESTS_UNIT_FAKECHIP_H
#define TESTS_UNIT_FAKECHIP_H

#include "hal/bus/ops.h"

#define FAKE_FRAMES 16

struct fake_frame {
	uint8_t bytes[400];
	size_t len;
	size_t announced;
	uint64_t when;
};

struct fake {
	struct bus *bus;
	const char *const *script;
	size_t line;
	char error[256];
	uint64_t now, stop;
	int pointer; /* register selected by the last write, -1 none */
	int unacked; /* number of the host's data frame that has no ACK, -1 none */
	struct fake_frame queue[FAKE_FRAMES];
	size_t nqueue;
	uint64_t busy_until, nack_until;
	/* Registers and knobs, set by tests. */
	uint16_t reg_len, grant_max;
	uint32_t max_scl, max_scl_fmp; /* before and after I2C_MODE says Fm+ */
	uint8_t capabilities;          /* I2C_STATE byte 0 without BUSY and RESP_RDY */
	bool all_ff, all_zero, has_reset_line, stuck_busy;
	bool no_shield;            /* I2C_STATE announces no presentation layer */
	bool fail_after_data_read; /* HAL_EIO from then on */
	unsigned start_ms;         /* silence after SOFT_RESET */
	unsigned data_nacks;       /* so many transactions fail with HAL_EIO */
	int dead;                  /* error of every transaction */
	/* What was seen. */
	unsigned nwrites[256], nreads[256];
	unsigned nacks, resets, max_frame;
	uint8_t mode[2], reset_value[2];
	uint64_t last_poll, worst_gap; /* of I2C_STATE reads */
};

/* script: lines, the last NULL. Aborts the test when memory is short. */
struct fake *fake_new(const char *const *script);
void fake_free(struct fake *f);

/* NULL, or what went wrong; unless the whole script was played that is wrong too. */
const char *fake_verdict(const struct fake *f);

/* Bytes from hex digits; spaces are skipped. Returns their number. */
size_t fake_hex(const char *hex, uint8_t *out, size_t max);

#endif
