/*
 * Transport layer: IFX I2C protocol 2.03, chapters 4 and 5. It carries messages: APDUs, or with
 * the presentation layer what shield.c makes of them.
 *
 * PCTR, the first byte of every packet: 7:4 channel, 0 | 3 PRESENCE | 2:0 CHAIN
 * CHAIN: 0 single | 1 first | 2 intermediate | 4 last | 7 chaining error
 *
 * PRESENCE is set both ways once a host has used the presentation layer (chapter 6), until the
 * chip's next reset.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/link/int.h"

#define CHAIN_SINGLE 0
#define CHAIN_FIRST  1
#define CHAIN_MIDDLE 2
#define CHAIN_LAST   4
#define CHAIN_ERROR  7
#define CHAIN_MASK   0x07
#define PRESENCE     0x08
#define CHANNEL_MASK 0xF0

/* Between fragments of a response nothing is computed any more. */
#define FRAGMENT_WAIT BUS_MS(1000)

/* BUSY clear and no frame for so long: the chip has forgotten the command. It repeats a response
 * after 10 ms and gives up after four. */
#define QUIET_BOUND BUS_MS(2000)

/* A response that is longer than any length field is no response. */
#define DRAIN_MAX 0x10003

/* Of send_chain and recv_chain: the chip reports a chaining error. */
#define REFUSED 1

static size_t
payload_max(const struct link *ln)
{
	return ln->frame_size - FRAME_OVERHEAD - 1;
}

static bool
is_chain_error(const struct frame *f)
{
	return f->kind == FRAME_DATA && f->len == 1 && (f->packet[0] & ~PRESENCE) == CHAIN_ERROR;
}

static int
send_chain(struct link *ln, struct exchange *x, struct frame *f)
{
	const size_t max = payload_max(ln);
	uint8_t packet[FRAME_MAX];
	size_t off = 0;
	int r;

	do {
		const size_t n = x->cmd_len - off < max ? x->cmd_len - off : max;
		const bool last = off + n == x->cmd_len;
		bool refused;

		packet[0] = off == 0 ? (last ? CHAIN_SINGLE : CHAIN_FIRST)
				     : (last ? CHAIN_LAST : CHAIN_MIDDLE);
		if (x->presence)
			packet[0] |= PRESENCE;
		memcpy(packet + 1, x->cmd + off, n);
		x->out = x->out || last;
		r = frame_send(ln, packet, 1 + n, f, &refused);
		if (refused)
			x->out = false;
		off += n;
		if (r == 0 && !last && f->kind == FRAME_DATA)
			r = is_chain_error(f) ? REFUSED : HAL_EPROTO;
	} while (r == 0 && off < x->cmd_len);
	explicit_bzero(packet, sizeof(packet));
	return r;
}

/* Whether a packet may come now. open: a chain has begun. */
static bool
packet_fits(const struct link *ln, const struct frame *f, bool open)
{
	const bool full = f->len == 1 + payload_max(ln);

	if ((f->packet[0] & CHANNEL_MASK) != 0 || f->len < 2)
		return false;
	switch (f->packet[0] & CHAIN_MASK) {
	case CHAIN_SINGLE: return !open;
	case CHAIN_FIRST: return !open && full;
	case CHAIN_MIDDLE: return open && full;
	case CHAIN_LAST: return open;
	default: return false;
	}
}

/* Stores a packet that fits. 0: more follow, 1: it was the last. */
static int
packet_take(struct exchange *x, const struct frame *f)
{
	const uint8_t chain = f->packet[0] & CHAIN_MASK;
	int r;

	x->total += f->len - 1;
	if (x->total <= MESSAGE_MAX && (r = buf_put(x->rsp, f->packet + 1, f->len - 1)) != 0)
		return r;
	if (x->total > DRAIN_MAX)
		return HAL_EPROTO;
	return chain == CHAIN_SINGLE || chain == CHAIN_LAST;
}

/* f: a frame that came already (FRAME_DATA), or anything else. */
static int
recv_chain(struct link *ln, struct exchange *x, struct frame *f)
{
	static const uint8_t error[1] = { CHAIN_ERROR };
	struct reg_wait w = {
		.from = ln->sent,
		.deadline = ln->sent + x->limit,
		.quiet = QUIET_BOUND,
	};
	bool open = false, complained = false, ignored;
	int r;

	for (;; f->kind = FRAME_ACK) {
		if (f->kind != FRAME_DATA && (r = frame_recv(ln, &w, f)) != 0)
			return r;
		if (is_chain_error(f) && !open && !complained)
			return REFUSED;
		while (!packet_fits(ln, f, open)) {
			if (complained)
				return HAL_EPROTO;
			log_debug("%s: illegal chain of packets", bus_selector(ln->bus));
			complained = true;
			open = false;
			buf_reset(x->rsp);
			x->total = 0;
			if ((r = frame_send(ln, error, sizeof(error), f, &ignored)) != 0)
				return r;
			if (f->kind != FRAME_DATA)
				break;
		}
		w.from = bus_now(ln->bus);
		w.deadline = w.from + FRAGMENT_WAIT;
		w.late = false;
		if (f->kind != FRAME_DATA)
			continue;
		if (!open && ((f->packet[0] & PRESENCE) != 0) != x->presence) {
			x->odd = true;
			return HAL_EPROTO;
		}
		if ((r = packet_take(x, f)) != 0)
			return r < 0 ? r : x->total > MESSAGE_MAX ? HAL_ETOOBIG : 0;
		open = true;
	}
}

int
chain_exchange(struct link *ln, struct exchange *x)
{
	struct frame f;
	int r;

	for (int n = 0; n < 2; n++) {
		buf_reset(x->rsp);
		x->total = 0;
		x->out = x->odd = false;
		if ((r = send_chain(ln, x, &f)) == 0)
			r = recv_chain(ln, x, &f);
		if (r != REFUSED)
			return r;
		log_debug("%s: the chip reports a chaining error", bus_selector(ln->bus));
	}
	return HAL_EPROTO;
}
