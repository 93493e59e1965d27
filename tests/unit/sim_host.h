/*
 * A host for tests of the simulated chip: it says exactly what it is told to say, right or wrong,
 * and reports what came back. CRC and framing are its own.
 */
#ifndef TESTS_UNIT_SIM_HOST_H
#define TESTS_UNIT_SIM_HOST_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/sim/fault.h"
#include "hal/sim/sim.h"

#define ADDR      0x30
#define US(n)     ((uint64_t)(n)*1000)
#define MS(n)     ((uint64_t)(n)*1000000)
#define FRAME_MAX 277

struct host {
	struct sim *s;
	char dir[64], path[96];
	uint8_t frame[FRAME_MAX + 8]; /* the last one read */
	size_t frame_len;
};

/* A new chip in a directory of its own, opened in virtual time. */
void host_start(struct host *h);
void host_start_model(struct host *h, const char *model);
void host_start_config(struct host *h, const struct sim_config *cfg);
void host_end(struct host *h);

/* One register access each, guard time kept. */
int host_write(struct host *h, const uint8_t *data, size_t len);
int host_reg_write(struct host *h, uint8_t reg, const uint8_t *value, size_t len);
int host_reg_read(struct host *h, uint8_t reg, uint8_t *value, size_t len);

/* Writes FCTR, length and packet with a correct FCS. */
void host_send(struct host *h, uint8_t fctr, const void *packet, size_t len);
void host_control(struct host *h, uint8_t fctr);
/* Writes these bytes to DATA as they are. */
void host_send_raw(struct host *h, const uint8_t *frame, size_t len);

/* I2C_STATE as a number. */
uint32_t host_state(struct host *h);
/* Reads the waiting frame into h->frame; returns its FCTR, -1 if none waits or its FCS is wrong. */
int host_take(struct host *h);
/* The same, polling every 100 us for at most ms. */
int host_wait(struct host *h, unsigned ms);

/* A command of the test application: takes exec_us, answers with rsp_len bytes after the header. */
size_t host_command(uint8_t *cmd, unsigned exec_us, unsigned rsp_len, size_t cmd_len);

/* The same as frame nr, which acknowledges a frame, of 12 bytes. */
void host_send_command(
    struct host *h, unsigned nr, unsigned acked, unsigned exec_us, unsigned rsp_len);
/* Commands that reached the application. */
uint64_t host_commands(struct host *h);

void host_sleep_us(struct host *h, unsigned us);

/* A program of one test case, each test run n times, and its exit status. */
struct sim_test {
	const TTest *test;
	int n;
};
int sim_tests_run(const char *suite, const char *name, SFun setup, SFun teardown,
    const struct sim_test *tests, size_t n);

#endif
