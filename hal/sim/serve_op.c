/*
 * Requests of the bus socket. Each operation is one row of a table; transfers own the bus for
 * their own duration, or, without STOP, until the client's next transfer.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/serve.h"

#define PROTOCOL_VERSION 1
#define FLAG_STAMPS      0x01
#define FLAG_TAKES_PART  0x02
#define OUT_MAX          (1U << 20) /* a client that does not read its answers waits */

struct request {
	char op;
	uint8_t addr;
	size_t len;
	const uint8_t *payload; /* NULL for reads */
};

static unsigned
be16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

void
serve_answer(
    struct server *sv, struct serve_client *c, enum serve_status st, const void *data, size_t len)
{
	uint8_t head[3 + 8];
	size_t n = 3, total = len + (c->stamps ? 8 : 0);
	uint64_t now;

	head[0] = (uint8_t)st;
	head[1] = (uint8_t)(total >> 8);
	head[2] = (uint8_t)total;
	if (c->stamps) {
		now = serve_now(sv);
		for (int i = 0; i < 8; i++)
			head[n++] = (uint8_t)(now >> (56 - 8 * i));
	}
	if (!serve_append(&c->out, head, n) || !serve_append(&c->out, data, len))
		c->closing = true;
	c->spoke_at = serve_clock();
}

void
serve_refuse(struct server *sv, struct serve_client *c, const char *why)
{
	serve_answer(sv, c, SERVE_REFUSED, why, strlen(why));
}

static void
malformed(struct server *sv, struct serve_client *c, const char *why)
{
	serve_refuse(sv, c, why);
	c->closing = true;
}

/* --- transfers ----------------------------------------------------------------------------- */

void
serve_release(struct server *sv, const struct serve_client *gone)
{
	if (sv->holder != NULL && (sv->holder == gone || serve_clock() >= sv->hold_until))
		sv->holder = NULL;
}

/* What a fault on request looks like to the client. */
static enum serve_status
failure(struct server *sv)
{
	switch (sv->sim->failed) {
	case SIM_FAULT_DATA_NACK: sv->counts.data_nacks++; return SERVE_DATA_NACK;
	case SIM_FAULT_LOST: sv->counts.bus_errors++; return SERVE_ARBITRATION;
	case SIM_FAULT_CLOCK: sv->counts.bus_errors++; return SERVE_CLOCK_LOW;
	default: sv->counts.bus_errors++; return SERVE_BUS_ERROR;
	}
}

static enum serve_status
outcome(struct server *sv, int r)
{
	if (r == 0)
		return SERVE_DONE;
	if (r != HAL_ENACK)
		return failure(sv);
	sv->counts.addr_nacks++;
	return SERVE_ADDR_NACK;
}

/* The second part of a transfer without STOP begins with a repeated START, which the chip refuses.
 */
static bool
repeated_start_refused(struct server *sv, struct serve_client *c)
{
	bool repeated = sv->holder == c;

	sv->holder = NULL;
	return repeated && !sv->repeated_start;
}

static void
hold(struct server *sv, struct serve_client *c, char op)
{
	if (op != 'w' && op != 'r')
		return;
	sv->holder = c;
	sv->hold_until = serve_clock() + SERVE_HOLD_NS;
}

static void
prepare(struct server *sv, struct serve_client *c)
{
	struct sim_view v;

	sim_set_khz(sv->sim, c->khz);
	if (sim_look(sv->sim, &v) == 0 && c->khz > v.max_khz)
		sv->counts.overspeed++;
}

static void
op_write(struct server *sv, struct serve_client *c, const struct request *rq)
{
	enum serve_status st = SERVE_ADDR_NACK;
	uint8_t acked[2];
	uint64_t start;

	if (repeated_start_refused(sv, c)) {
		sv->counts.addr_nacks++;
		serve_answer(sv, c, st, NULL, 0);
		return;
	}
	prepare(sv, c);
	start = serve_now(sv);
	st = outcome(sv, sim_write(sv->sim, rq->addr, rq->payload, rq->len));
	if (st == SERVE_DONE) {
		sv->counts.writes++;
		sv->counts.bytes_written += rq->len;
		hold(sv, c, rq->op);
	}
	serve_log_event(sv, c, start, 'W', rq->addr, rq->payload, rq->len, st);
	acked[0] = (uint8_t)(sv->sim->acked >> 8);
	acked[1] = (uint8_t)sv->sim->acked;
	serve_answer(sv, c, st, acked, st == SERVE_DATA_NACK ? sizeof(acked) : 0);
}

static void
op_read(struct server *sv, struct serve_client *c, const struct request *rq)
{
	enum serve_status st = SERVE_ADDR_NACK;
	uint64_t start;
	uint8_t *data;

	if (rq->len == 0 || rq->len > 65535 - 8) {
		serve_refuse(sv, c, "a read has 1 to 65527 bytes");
		return;
	}
	if (repeated_start_refused(sv, c)) {
		sv->counts.addr_nacks++;
		serve_answer(sv, c, st, NULL, 0);
		return;
	}
	data = malloc(rq->len);
	if (data == NULL) {
		malformed(sv, c, "out of memory");
		return;
	}
	prepare(sv, c);
	start = serve_now(sv);
	st = outcome(sv, sim_read(sv->sim, rq->addr, data, rq->len));
	if (st == SERVE_DONE) {
		sv->counts.reads++;
		sv->counts.bytes_read += rq->len;
		hold(sv, c, rq->op);
	}
	serve_log_event(sv, c, start, 'R', rq->addr, data, st == SERVE_DONE ? rq->len : 0, st);
	serve_answer(sv, c, st, data, st == SERVE_DONE ? rq->len : 0);
	free(data);
}

/* --- everything else ----------------------------------------------------------------------- */

static void
op_hello(struct server *sv, struct serve_client *c, const struct request *rq)
{
	uint8_t answer[5] = { PROTOCOL_VERSION, 0, sv->virtual_time, 0, 0 };

	if (rq->payload[0] != PROTOCOL_VERSION) {
		malformed(sv, c, "only version 1 of the protocol is spoken here");
		return;
	}
	answer[1] = rq->payload[1] & FLAG_STAMPS;
	if (sv->virtual_time)
		answer[1] |= rq->payload[1] & FLAG_TAKES_PART;
	answer[3] = (uint8_t)(c->khz >> 8);
	answer[4] = (uint8_t)c->khz;
	c->stamps = false; /* never in this answer */
	serve_answer(sv, c, SERVE_DONE, answer, sizeof(answer));
	c->stamps = answer[1] & FLAG_STAMPS;
	c->takes_part = answer[1] & FLAG_TAKES_PART;
}

static void
op_sleep(struct server *sv, struct serve_client *c, const struct request *rq)
{
	uint64_t us = (uint64_t)be16(rq->payload) << 16 | be16(rq->payload + 2);

	if (!sv->virtual_time) {
		serve_refuse(sv, c, "time is real here: sleep by yourself");
		return;
	}
	if (!c->takes_part) {
		serve_refuse(sv, c, "this client does not take part in virtual time");
		return;
	}
	sv->counts.sleeps++;
	sv->counts.sleep_us += us;
	c->sleeping = true;
	c->wake_at = serve_now(sv) + SIM_US(us);
}

static void
op_line(struct server *sv, struct serve_client *c, const struct request *rq)
{
	struct sim_view v;

	if (rq->payload[0] > 1 || rq->payload[1] > 1) {
		serve_refuse(sv, c, "line is 0 or 1, level is 0 or 1");
		return;
	}
	if (sim_look(sv->sim, &v) == 0 && (rq->addr == 0 || rq->addr == v.addr)) {
		sim_line(sv->sim, rq->payload[0] ? SIM_LINE_SUPPLY : SIM_LINE_RESET,
		    rq->payload[1] != 0);
		serve_log_event(sv, c, serve_now(sv), 'Z', rq->addr, rq->payload, 2, SERVE_DONE);
	}
	serve_answer(sv, c, SERVE_DONE, NULL, 0);
}

static void
op_clock(struct server *sv, struct serve_client *c, const struct request *rq)
{
	unsigned khz = be16(rq->payload);

	if (khz == 0) {
		serve_refuse(sv, c, "the clock is at least 1 kHz");
		return;
	}
	c->khz = khz;
	serve_answer(sv, c, SERVE_DONE, NULL, 0);
}

static void
op_mark(struct server *sv, struct serve_client *c, const struct request *rq)
{
	char *text = strndup((const char *)rq->payload, rq->len);

	if (text != NULL) {
		free(sv->mark);
		sv->mark = text;
	}
	serve_log_event(sv, c, serve_now(sv), 'M', 0, NULL, 0, SERVE_DONE);
	serve_answer(sv, c, SERVE_DONE, NULL, 0);
}

static void
op_statistics(struct server *sv, struct serve_client *c, const struct request *rq)
{
	char *json = serve_statistics(sv, c);

	if (json == NULL)
		serve_refuse(sv, c, "out of memory");
	else
		serve_answer(sv, c, SERVE_DONE, json, strlen(json));
	free(json);
	if (rq->addr == 0xFF)
		serve_statistics_reset(sv);
}

#define ANY_LEN (-1)

static const struct op {
	char op;
	int len; /* of the payload */
	bool transfer;
	void (*run)(struct server *sv, struct serve_client *c, const struct request *rq);
} ops[] = {
	{ 'H', 2, false, op_hello },
	{ 'W', ANY_LEN, true, op_write },
	{ 'w', ANY_LEN, true, op_write },
	{ 'R', ANY_LEN, true, op_read },
	{ 'r', ANY_LEN, true, op_read },
	{ 'S', 4, false, op_sleep },
	{ 'Z', 2, false, op_line },
	{ 'K', 2, false, op_clock },
	{ 'M', ANY_LEN, false, op_mark },
	{ '?', 0, false, op_statistics },
};

static const struct op *
find(char name)
{
	for (size_t i = 0; i < NITEMS(ops); i++)
		if (ops[i].op == name)
			return &ops[i];
	return NULL;
}

/* --- which request comes next -------------------------------------------------------------- */

static bool
parse(const struct serve_client *c, struct request *rq, size_t *used)
{
	bool is_read;

	if (c->in.len < SERVE_HEAD)
		return false;
	rq->op = (char)c->in.p[0];
	rq->addr = c->in.p[1];
	rq->len = be16(c->in.p + 2);
	is_read = rq->op == 'R' || rq->op == 'r';
	rq->payload = is_read ? NULL : c->in.p + SERVE_HEAD;
	*used = SERVE_HEAD + (is_read ? 0 : rq->len);
	return c->in.len >= *used;
}

static bool
ready(struct server *sv, struct serve_client *c)
{
	struct request rq;
	size_t used;

	if (c->sleeping || c->closing || c->out.len > OUT_MAX || !parse(c, &rq, &used))
		return false;
	if (c->arrived == 0)
		c->arrived = ++sv->arrivals;
	return true;
}

static void
run(struct server *sv, struct serve_client *c)
{
	const struct op *op;
	struct request rq;
	size_t used;

	if (!parse(c, &rq, &used))
		return;
	op = find(rq.op);
	if (op != NULL && op->transfer && sv->holder != NULL && sv->holder != c) {
		c->blocked = true;
		return;
	}
	c->blocked = false;
	c->arrived = 0;
	if (op == NULL)
		serve_refuse(sv, c, "unknown operation");
	else if (op->len != ANY_LEN && rq.len != (size_t)op->len)
		malformed(sv, c, "wrong length for this operation");
	else if (op->transfer && rq.addr > 0x7F)
		malformed(sv, c, "an address has 7 bits");
	else
		op->run(sv, c, &rq);
	memmove(c->in.p, c->in.p + used, c->in.len - used);
	c->in.len -= used;
}

static struct serve_client *
next_client(struct server *sv)
{
	struct serve_client *best = NULL;

	for (unsigned i = 0; i < sv->nclients; i++) {
		struct serve_client *c = sv->clients[i];

		if (ready(sv, c) && !c->blocked && (best == NULL || c->arrived < best->arrived))
			best = c;
	}
	return best;
}

void
serve_requests(struct server *sv)
{
	struct serve_client *c;

	serve_release(sv, NULL);
	for (unsigned i = 0; i < sv->nclients; i++)
		sv->clients[i]->blocked = false;
	while ((c = next_client(sv)) != NULL) {
		run(sv, c);
		if (sv->holder == NULL)
			for (unsigned i = 0; i < sv->nclients; i++)
				sv->clients[i]->blocked = false;
	}
}
