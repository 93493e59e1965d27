/*
 * The event bound of a benchmark: how long an exchange takes a host that knows beforehand when
 * each frame of the chip becomes ready. Nothing is shared with the host's own layers.
 *
 * Every transfer starts at the first moment permitted: the guard time is over and, for the read
 * half of I2C_STATE, the frame is ready. No poll fails. A separate ACK of the last command
 * fragment is read when it comes. IFX I2C protocol 2.03, chapters 2 to 4; datasheet 3.61 table 25.
 */
#ifndef TESTS_BENCH_BOUND_H
#define TESTS_BENCH_BOUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BOUND_ACK_TIMER 8000000 /* ns: the chip waits so long for a response to carry the ACK */

struct bound {
	uint64_t bit; /* ns */
	uint64_t ack; /* ns after a command fragment; BOUND_ACK_TIMER: with the response */
	uint64_t now; /* first moment the next START is permitted at */
};

/* One command: bytes of command and response at the transport layer, execution time in ns. */
struct bound_cmd {
	size_t c, r;
	uint64_t t;
};

void bound_start(struct bound *b, unsigned khz, uint64_t ack);

/* Registers at the start: clock and size, of a chip that is at Fm and a host that wants khz. */
void bound_negotiate(struct bound *b, unsigned khz);

/* One exchange. Returns the time of the STOP that completes the response; the ACK comes after. */
uint64_t bound_exchange(struct bound *b, const struct bound_cmd *cmd);

#endif
