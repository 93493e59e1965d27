/*
 * A bus and a link that follow a script, for tests of hal/chip alone: linked in place of libbus
 * and liblink. All handles of a test share one bus, one lock and one record, as processes would.
 */
#ifndef TESTS_UNIT_TEST_CHIP_DOUBLE_H
#define TESTS_UNIT_TEST_CHIP_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"
#include "hal/bus/bus.h"

struct chip;

#define FACTORY_UID "CD16339301001C000500000A09A413000A002F002E801010712440"
#define UID_M_V1    "CD16338201001C000500000A091B5C000700A60087801010710809"
#define UID_X       "CD16336B01001C000100000A085255000000000000000000001118"

/* What the double saw and does; cleared by double_reset. */
extern struct double_state {
	struct bus_record record;
	bool no_record;
	int lock_result, start_result, join_result; /* start and join: for one call, then 0 */
	int locked;                                 /* depth of bus_lock, never above 1 */
	int starts, joins, drains;
	bool last_idempotent; /* of the last scripted command */
	int last_protect;     /* enum link_protect */
	unsigned last_deadline_ms;
	bool last_busy; /* the record's mark while it was under way */
	uint64_t last_change;
} dbl;

void double_reset(void);

/*
 * The next command must be exactly cmd (hex, spaces allowed); it is answered with rsp (hex), or
 * fails with err when rsp is NULL. expect_end checks that the script was used up.
 */
void double_expect(const char *cmd, const char *rsp, int err);
void double_expect_bytes(const uint8_t *cmd, size_t cmd_len, const uint8_t *rsp, size_t rsp_len);
void double_expect_end(void);

/* OpenApplication succeeds. */
void double_expect_open(void);

/* First contact of a handle: reads the UID. */
void double_expect_uid(const char *uid);

/* The error object is read and gives code; code < 0: reading it fails as well. */
void double_expect_error(int code);

/* A handle that has acquired and identified a factory chip, script used up, not held. */
struct chip *double_chip(void);
struct chip *double_chip_of(const char *uid);

/* The bytes of a string in hex, in a buffer of the caller's. */
struct buf hex_buf(const char *hex);

size_t unhex(const char *hex, uint8_t *out, size_t max);

#endif
