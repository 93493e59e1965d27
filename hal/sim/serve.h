/*
 * The bus server: one socket is one I2C bus with one chip on it.
 *
 * Request: op (1) | address (1) | length (2) | payload. Answer: status (1) | length (2) | data.
 * Big-endian. One thread, one poll loop; a request that has to wait stays with its client.
 */
#ifndef HAL_SIM_SERVE_H
#define HAL_SIM_SERVE_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "hal/sim/handle.h"

#define SERVE_HEAD      4
#define SERVE_CLIENTS   64
#define SERVE_INPUT_MAX (SERVE_HEAD + 65535)
#define SERVE_SILENT_NS SIM_MS(20)   /* virtual time does not wait longer for a silent client */
#define SERVE_HOLD_NS   SIM_MS(1000) /* a bus held without STOP is freed after that */
#define SERVE_PORT_KHZ  400          /* clock of a connection that never says K */

enum serve_status {
	SERVE_DONE,
	SERVE_ADDR_NACK,
	SERVE_DATA_NACK,
	SERVE_BUS_ERROR,
	SERVE_ARBITRATION,
	SERVE_CLOCK_LOW,
	SERVE_REFUSED,
};

struct serve_bytes {
	uint8_t *p;
	size_t len, cap;
};

struct serve_client {
	int fd;
	unsigned nr;       /* of the connection, for the log */
	uint64_t arrived;  /* order of the request at the head of in; 0: none complete */
	uint64_t spoke_at; /* real time of its last byte, or of our last answer */
	uint64_t wake_at;  /* sleeps until then */
	unsigned khz;
	bool stamps, takes_part, sleeping;
	bool blocked; /* its request waits for a bus that another client holds */
	bool closing; /* takes no more requests; closed once the answers are out */
	struct serve_bytes in, out;
};

struct serve_counts {
	uint64_t writes, reads, bytes_written, bytes_read, addr_nacks, data_nacks, bus_errors;
	uint64_t sleeps, sleep_us, overspeed;
};

struct server {
	struct sim *sim;
	bool virtual_time, repeated_start;
	uint64_t base; /* chip time when the server started: virtual time counts from there */
	int listen_fd;
	struct serve_client *clients[SERVE_CLIENTS];
	unsigned nclients, connections;
	uint64_t arrivals;
	struct serve_client *holder; /* sent w or r: the next START is a repeated one */
	uint64_t hold_until;
	struct serve_counts counts;
	struct sim_counts chip_base; /* the chip's own counters when ours were reset */
	FILE *log;
	uint64_t log_step, log_stop;
	bool log_stopped;
	char *mark;
};

/* serve_socket.c: a socket that listens, and the lock file that hosts take turns by. The message
 * has been said when the result is not PROG_OK. */
struct serve_socket {
	int fd;
	const char *path;
	char *lock_path;
};
int serve_socket_open(struct serve_socket *s, const char *path);
void serve_socket_close(struct serve_socket *s);
/* SIGTERM and SIGINT: serve_stopped is true then. They arrive only where the mask in
 * waiting is in effect, so that none is missed just before. */
void serve_stop_on_signals(sigset_t *waiting);
bool serve_stopped(void);

/* serve.c */
uint64_t serve_clock(void);
uint64_t serve_now(struct server *sv); /* bus time, ns */
bool serve_append(struct serve_bytes *b, const void *p, size_t n);

/* serve_op.c: handles requests until every client waits for something. */
void serve_requests(struct server *sv);
void serve_answer(
    struct server *sv, struct serve_client *c, enum serve_status st, const void *data, size_t len);
void serve_refuse(struct server *sv, struct serve_client *c, const char *why);
/* Ends a hold whose time is over, or that of a client that goes. */
void serve_release(struct server *sv, const struct serve_client *gone);

/* serve_time.c: virtual time. Returns true when somebody woke up. */
bool serve_pass_time(struct server *sv);
/* Milliseconds until something happens by itself, -1: never. */
int serve_timeout(const struct server *sv);

/* serve_fault.c: "KIND[=N]@CLASS[+SKIP][*COUNT],..." into the faults of sv->sim. False: said why.
 */
bool serve_faults(struct server *sv, const char *script);

/* serve_log.c */
bool serve_log_open(struct server *sv, const char *path);
void serve_log_event(struct server *sv, const struct serve_client *c, uint64_t start, char dir,
    int addr, const uint8_t *data, size_t len, enum serve_status st);
void serve_log_close(struct server *sv);
char *serve_statistics(struct server *sv, const struct serve_client *c);
void serve_statistics_reset(struct server *sv);

#endif
