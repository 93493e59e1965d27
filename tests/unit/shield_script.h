/*
 * Scripts for fakechip.h made of messages of the presentation layer: frames, numbers and
 * acknowledgements are filled in, records are protected with keys of the test.
 */
#ifndef TESTS_UNIT_SHIELD_SCRIPT_H
#define TESTS_UNIT_SHIELD_SCRIPT_H

#include "hal/link/ccm.h"
#include "tests/unit/fakechip.h"

#define SCRIPT_LINES 128

struct script {
	char *line[SCRIPT_LINES + 1];
	size_t n;
	unsigned tx, rx, rx_last; /* next numbers of host and chip; 3: none came yet */
	struct ccm *ccm;
	struct ccm_pair keys;
	char text[8][4000]; /* of script_record, used in turn */
	unsigned turn;
};

void script_begin(struct script *s);
void script_end(struct script *s);

/* Frames count from the beginning, as after a reset. */
void script_reset_numbers(struct script *s);

void script_keys(struct script *s, const struct secret *secret, const char *rnd);

/* A line as it is. */
void script_raw(struct script *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The host sends this message (hex), in frames of 277; the chip sends this one. */
void script_host(struct script *s, const char *msg);
void script_chip(struct script *s, const char *msg);

/* A protected message in hex: SCTR SEQ ciphertext tag. host: whose key. */
const char *script_record(
    struct script *s, bool host, unsigned sctr, uint32_t seq, const char *plain);

/* The same, its tag spoilt. */
const char *script_spoilt(
    struct script *s, bool host, unsigned sctr, uint32_t seq, const char *plain);

#endif
