/*
 * Data link layer: IFX I2C protocol 2.03, chapter 3.
 *
 * Frame: FCTR(1) LEN(2) packet(LEN) FCS(2)
 * FCTR:  7 control frame | 6:5 ACK, NAK, reset | 4 zero | 3:2 frame nr | 1:0 acked nr
 * FCS:   high byte first, as datasheet and silicon have it; chapter 3.3 says the opposite.
 *
 * The chip answers an unexpected frame number with an ACK, not a NAK (table 3-2), so which frame
 * an ACK names matters: the wrong one completes nothing.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/link/int.h"

#define TRANS_TIMEOUT  BUS_MS(10)
#define TRANS_REPEAT   3

#define FCTR_CTRL      0x80
#define FCTR_SEQ_MASK  0x60
#define FCTR_NAK       0x20
#define FCTR_RESET     0x40
#define FCTR_RFU       0x10
#define FCTR_NR_MASK   0x0C
#define FCTR_NR(n)     ((uint8_t)((n) << 2))
#define FCTR_NR_OF(f)  ((uint8_t)((f) >> 2 & 3))
#define FCTR_ACK_OF(f) ((uint8_t)((f)&3))
#define FCTR_RESYNC    0xC0

#define NR_RESET       3 /* "last sent" and "last received" after a reset: the next is 0 */
#define NR_NEXT(n)     ((uint8_t)(((n) + 1) & 3))

/* Bad frames in a row that are answered by NAK; a line that gives nothing else is broken. */
#define BAD_MAX 3

/* Of await_ack: the frame must be sent again. */
#define REPEAT 1

/* CRC-16/KERMIT: 0x1021 reflected, initial value 0, no final XOR. */
uint16_t
frame_crc(const uint8_t *p, size_t n)
{
	uint16_t crc = 0;

	while (n-- > 0) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)((crc & 1) != 0 ? crc >> 1 ^ 0x8408 : crc >> 1);
	}
	return crc;
}

size_t
frame_build(uint8_t *out, uint8_t fctr, const uint8_t *packet, size_t len)
{
	uint16_t crc;

	out[0] = fctr;
	out[1] = (uint8_t)(len >> 8);
	out[2] = (uint8_t)len;
	if (len > 0)
		memcpy(out + 3, packet, len);
	crc = frame_crc(out, 3 + len);
	out[3 + len] = (uint8_t)(crc >> 8);
	out[4 + len] = (uint8_t)crc;
	return FRAME_OVERHEAD + len;
}

static enum frame_kind
classify(const uint8_t *p, size_t n, size_t max)
{
	static const enum frame_kind ctrl[] = { FRAME_ACK, FRAME_NAK, FRAME_RESYNC, FRAME_BAD };
	size_t len;

	if (n < FRAME_OVERHEAD || n > max)
		return FRAME_BAD;
	len = (size_t)p[1] << 8 | p[2];
	if (n != len + FRAME_OVERHEAD || frame_crc(p, n - 2) != (p[n - 2] << 8 | p[n - 1]))
		return FRAME_BAD;
	if ((p[0] & FCTR_RFU) != 0)
		return FRAME_BAD;
	if ((p[0] & FCTR_CTRL) == 0)
		return len == 0 || (p[0] & FCTR_RESET) != 0 ? FRAME_BAD : FRAME_DATA;
	if ((p[0] & FCTR_NR_MASK) != 0 || ((p[0] & FCTR_RESET) != 0 && p[0] != FCTR_RESYNC))
		return FRAME_BAD;
	return len == 0 ? ctrl[(p[0] & FCTR_SEQ_MASK) >> 5] : FRAME_IGNORE;
}

void
frame_parse(const uint8_t *p, size_t n, size_t max, struct frame *f)
{
	memset(f, 0, sizeof(*f));
	f->kind = classify(p, n, max);
	if (f->kind == FRAME_BAD)
		return;
	f->nr = FCTR_NR_OF(p[0]);
	f->ack = FCTR_ACK_OF(p[0]);
	f->nak = (p[0] & FCTR_NAK) != 0;
	if (f->kind == FRAME_DATA) {
		f->packet = p + 3;
		f->len = n - FRAME_OVERHEAD;
	}
}

static int
send_ctrl(struct link *ln, uint8_t fctr)
{
	uint8_t w[1 + CTRL_LEN] = { REG_DATA };

	(void)frame_build(w + 1, fctr, NULL, 0);
	return reg_write(ln, w, sizeof(w));
}

/*
 * An ACK that cannot be sent does not make the frame it is for worse. The chip will offer that
 * frame again, perhaps when the next command is under way: so make order before that.
 */
static void
send_ack(struct link *ln)
{
	if (send_ctrl(ln, FCTR_CTRL | ln->rx_nr) != 0)
		ln->stale = true;
}

void
frame_counters_reset(struct link *ln)
{
	ln->tx_nr = ln->rx_nr = NR_RESET;
}

int
frame_resync(struct link *ln)
{
	int r = 0;

	if (!ln->peer_sync) {
		ln->stats.resyncs++;
		r = send_ctrl(ln, FCTR_RESYNC);
	}
	ln->peer_sync = false;
	frame_counters_reset(ln);
	return r;
}

/*
 * Reads the next frame that is whole; bad ones are answered by one NAK each. HAL_EPROTO: there
 * come only bad ones.
 */
static int
next_frame(struct link *ln, struct reg_wait *w, unsigned *bad, struct frame *f)
{
	size_t len;
	int r;

	for (;;) {
		r = reg_await(ln, w, &len);
		if (r == 0) {
			if ((r = reg_read(ln, REG_DATA, ln->rx, len)) != 0)
				return r;
			frame_parse(ln->rx, len, ln->frame_size, f);
		} else if (r == HAL_EPROTO) {
			f->kind = FRAME_BAD;
		} else {
			return r;
		}
		if (f->kind != FRAME_BAD) {
			*bad = 0;
			return 0;
		}
		if (++*bad > BAD_MAX)
			return HAL_EPROTO;
		log_debug("%s: bad frame", bus_selector(ln->bus));
		if ((r = send_ctrl(ln, FCTR_CTRL | FCTR_NAK | NR_NEXT(ln->rx_nr))) != 0)
			return r;
	}
}

/* A data frame with any other number than the next is a duplicate, or looks like one: ACK N. */
static bool
data_is_next(struct link *ln, const struct frame *f)
{
	if (f->nr == NR_NEXT(ln->rx_nr))
		return true;
	send_ack(ln);
	return false;
}

static void
data_accept(struct link *ln, const struct frame *f)
{
	ln->rx_nr = f->nr;
	send_ack(ln);
}

/* State of one data frame under way. */
struct transfer {
	uint8_t nr;
	unsigned repeats;
	bool lost_count; /* the chip answers as one that expects frame 0 */
};

/* Of on_event: nothing to do with our frame, keep waiting. */
#define GO_ON 2

static int
on_event(struct link *ln, struct transfer *t, const struct frame *f)
{
	switch (f->kind) {
	case FRAME_DATA:
		if (!data_is_next(ln, f) || f->ack != t->nr)
			return GO_ON;
		if (f->nak)
			return REPEAT;
		ln->tx_nr = t->nr;
		data_accept(ln, f);
		return 0;
	case FRAME_ACK:
		if (f->ack == t->nr) {
			ln->tx_nr = t->nr;
			return 0;
		}
		/*
		 * The frame before this one was acknowledged, so this can be no late ACK of that
		 * one, unless that is number 3.
		 */
		if (f->ack == NR_RESET && t->nr != NR_NEXT(NR_RESET)) {
			t->lost_count = true;
			if (t->repeats == 0)
				return HAL_ERESYNC;
		}
		return GO_ON;
	case FRAME_NAK: return f->ack == t->nr ? REPEAT : GO_ON;
	case FRAME_RESYNC:
		frame_counters_reset(ln);
		ln->peer_sync = true;
		return HAL_ERESYNC;
	default: return GO_ON;
	}
}

static int
await_ack(struct link *ln, struct transfer *t, struct frame *f)
{
	struct reg_wait w = { .from = ln->sent, .deadline = ln->sent + TRANS_TIMEOUT };
	unsigned bad = 0;
	int r;

	for (;;) {
		r = next_frame(ln, &w, &bad, f);
		if (r == HAL_EPROTO)
			reg_sleep_until(ln, w.deadline);
		if (r == HAL_ETIMEOUT || r == HAL_EPROTO)
			return REPEAT;
		if (r != 0 || (r = on_event(ln, t, f)) != GO_ON)
			return r;
	}
}

int
frame_send(struct link *ln, const uint8_t *packet, size_t len, struct frame *f, bool *refused)
{
	struct transfer t = { .nr = NR_NEXT(ln->tx_nr) };
	size_t n;
	int r;

	*refused = false;
	for (;; t.repeats++) {
		/* Built anew each time: a repetition keeps its number, its ACKNR is today's. */
		n = frame_build(ln->tx + 1, FCTR_NR(t.nr) | ln->rx_nr, packet, len);
		ln->tx[0] = REG_DATA;
		r = reg_write(ln, ln->tx, 1 + n);
		ln->sent = bus_now(ln->bus);
		if (r != 0 || (r = await_ack(ln, &t, f)) != REPEAT)
			break;
		if (t.repeats == TRANS_REPEAT) {
			r = t.lost_count ? HAL_ERESET : HAL_ERESYNC;
			break;
		}
		ln->stats.repeats++;
		log_debug("%s: frame %u sent again", bus_selector(ln->bus), t.nr);
	}
	*refused = r == HAL_ERESYNC && t.lost_count && t.repeats == 0;
	return r;
}

int
frame_recv(struct link *ln, struct reg_wait *w, struct frame *f)
{
	unsigned bad = 0;
	int r;

	for (;;) {
		if ((r = next_frame(ln, w, &bad, f)) != 0)
			return r == HAL_EPROTO ? HAL_ERESYNC : r;
		if (f->kind == FRAME_RESYNC) {
			frame_counters_reset(ln);
			ln->peer_sync = true;
			return HAL_ERESYNC;
		}
		/* Nothing of ours is outstanding: ACKs and NAKs mean nothing. */
		if (f->kind != FRAME_DATA || !data_is_next(ln, f))
			continue;
		if (f->nak || f->ack != ln->tx_nr)
			continue;
		data_accept(ln, f);
		return 0;
	}
}
