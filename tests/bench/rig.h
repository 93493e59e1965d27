/* A seeded chip in virtual time, opened by the host, and what passes on its bus. */
#ifndef TESTS_BENCH_RIG_H
#define TESTS_BENCH_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/chip/chip.h"

struct profile {
	unsigned khz;
	double speed; /* execution times of the table times this */
	unsigned ma;  /* current limit, 6 or 15 */
	uint64_t ack; /* ns; see hal/sim/fault.h */
	bool shielded;
};

/* Since rig_begin; addresses are counted as bytes, reads of I2C_STATE are polls. */
struct traffic {
	uint64_t begin;    /* START of the first command frame */
	uint64_t released; /* reset line */
	uint64_t end;      /* STOP of the last read of DATA */
	unsigned bytes, transactions, polls;
	unsigned sent, received; /* bytes of messages at the transport layer */
};

extern struct chip *rig_chip;

/*
 * Makes the chip, opens it and holds it; shielded: every command goes through the encrypted
 * connection but OpenApplication and the question why one failed. All of these end the program
 * when something fails.
 */
void rig_make(const struct profile *p);
void rig_remove(void);
bool rig_shielded(void);

void rig_begin(void);
const struct traffic *rig_end(void);

void rig_require(int ok, const char *what);

#endif
