/*
 * For tests of the bus server: starts optiga-sim with the test application in a directory of its
 * own, and speaks to it byte by byte.
 */
#ifndef TESTS_UNIT_SIM_BUS_H
#define TESTS_UNIT_SIM_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <jansson.h>

#include "tests/unit/sim_host.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

extern char bus_dir[64], bus_image[96], bus_sock[96], bus_lock_file[112], bus_log_file[96];
extern pid_t bus_server; /* 0: none runs */

/* The last answer. */
struct answer {
	int status; /* -1: connection closed */
	size_t len;
	uint8_t data[66000];
};
extern struct answer a;

/* Starts a server and waits for its line. False when it ends instead; *status says how. */
bool bus_start(const char *option, int *status);
void bus_stop(int sig);

/* Fixtures. */
void bus_setup_virtual(void);
void bus_setup_real(void);
void bus_teardown(void);

/* A connection; bus_hello also says H with these flags. */
int bus_dial(void);
int bus_hello(uint8_t flags);

/* Requests and answers; bus_call is one of each. Status of the answer. */
void bus_ask(int fd, char op, unsigned addr, unsigned len, const void *payload, size_t payload_len);
void bus_ask_sleep(int fd, uint32_t us);
int bus_answer(int fd);
int bus_call(int fd, char op, unsigned addr, const void *payload, size_t len);
int bus_call_read(int fd, char op, unsigned addr, unsigned len);
bool bus_answers_within(int fd, int ms);

/* The time stamp of the last answer, ns; a counter of the server. */
uint64_t bus_stamp(void);
json_int_t bus_statistic(int fd, const char *key, unsigned addr);

#endif
