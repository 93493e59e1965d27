/*
 * Data link layer of the chip. IFX I2C protocol 2.03 chapter 3.
 *
 * Frame: FCTR | LEN (2) | packet (LEN) | FCS (2, high byte first)
 * FCTR:  7 control frame | 6:5 ACK, NAK, reset | 4 0 | 3:2 frame number | 1:0 number answered
 *
 * One data frame is outstanding at most (window 1). A control frame displaces a data frame that
 * waits to be read; the data frame is offered again once the control frame was taken.
 */
#include <config.h>

#include <string.h>

#include "hal/sim/state.h"

#define FCTR_CONTROL 0x80
#define FCTR_SEQ     0x60
#define FCTR_ACK     0x00
#define FCTR_NAK     0x20
#define FCTR_RESET   0x40
#define FCTR_RFU     0x10
#define OVERHEAD     5 /* FCTR, LEN, FCS */

#define REPEAT_NS    SIM_MS(10) /* TRANS_TIMEOUT */
#define REPEAT_MAX   3          /* TRANS_REPEAT */

/* CRC-16, polynomial 1021 reflected, start 0, no final XOR. */
uint16_t
sim_crc(const uint8_t *p, size_t n)
{
	unsigned r = 0;

	while (n-- > 0) {
		r ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			r = r & 1 ? r >> 1 ^ 0x8408 : r >> 1;
	}
	return (uint16_t)r;
}

static void
seal(uint8_t *frame, uint8_t fctr, size_t packet_len)
{
	uint16_t crc;

	frame[0] = fctr;
	frame[1] = (uint8_t)(packet_len >> 8);
	frame[2] = (uint8_t)packet_len;
	crc = sim_crc(frame, packet_len + 3);
	frame[packet_len + 3] = (uint8_t)(crc >> 8);
	frame[packet_len + 4] = (uint8_t)crc;
}

static uint8_t
after(uint8_t nr)
{
	return (nr + 1) & 3;
}

/* Counters alone; what waits is dropped, but the knob stays. */
void
sim_frame_reset(struct sim_frame *fr)
{
	fr->ack_at = SIM_NEVER;
	fr->repeat_at = SIM_NEVER;
	fr->data_len = 0;
	fr->rx_nr = 3;
	fr->tx_nr = 3;
	fr->repeats = 0;
	fr->ctrl_waiting = false;
	fr->data_waiting = false;
	fr->data_read = false;
	fr->announced = false;
}

/* --- sending ------------------------------------------------------------------------------- */

static void
control(struct sim_frame *fr, uint8_t seq, uint8_t nr)
{
	seal(fr->ctrl, FCTR_CONTROL | seq | nr, 0);
	fr->ctrl_waiting = true;
	fr->announced = false;
	if (seq == FCTR_ACK)
		fr->ack_at = SIM_NEVER;
}

/*
 * Offers a packet in the next data frame, which acknowledges the host's last one. An ACK control
 * frame that nobody has seen yet is not needed any more; one that I2C_STATE has announced stays in
 * front.
 */
void
sim_frame_send(struct sim_state *st, const uint8_t *packet, size_t len)
{
	struct sim_frame *fr = &st->frame;

	if (fr->ctrl_waiting && !fr->announced && (fr->ctrl[0] & FCTR_SEQ) == FCTR_ACK)
		fr->ctrl_waiting = false;
	fr->tx_nr = after(fr->tx_nr);
	memcpy(fr->data + 3, packet, len);
	seal(fr->data, (uint8_t)(fr->tx_nr << 2 | fr->rx_nr), len);
	fr->data_len = (uint16_t)(len + OVERHEAD);
	fr->data_waiting = true;
	fr->data_read = false;
	fr->repeats = 0;
	fr->repeat_at = SIM_NEVER;
	fr->ack_at = SIM_NEVER;
}

void
sim_frame_ack_at_once(struct sim_state *st)
{
	control(&st->frame, FCTR_ACK, st->frame.rx_nr);
}

/* The ACK of a fragment that others follow: no response can carry it. */
void
sim_frame_ack_fragment(struct sim_state *st)
{
	uint64_t delay = st->frame.ack_delay;

	if (delay == 0 || delay >= SIM_ACK_TIMER)
		sim_frame_ack_at_once(st);
	else
		sim_frame_ack_deferred(st);
}

/* The ACK of a complete command: the response carries it if it is ready in time. */
void
sim_frame_ack_deferred(struct sim_state *st)
{
	uint64_t delay = st->frame.ack_delay;

	st->frame.ack_at = delay == SIM_NEVER ? SIM_NEVER : st->now + delay;
}

/* Same frame, same bytes. Out of repetitions: both sides start counting again. */
static void
offer_again(struct sim_state *st)
{
	struct sim_frame *fr = &st->frame;

	fr->repeat_at = SIM_NEVER;
	if (fr->repeats < REPEAT_MAX) {
		fr->repeats++;
		fr->data_waiting = true;
		return;
	}
	sim_frame_reset(fr);
	sim_chain_drop(&st->chain);
	control(fr, FCTR_RESET, 0);
}

/* --- the DATA register's reading side ------------------------------------------------------ */

const uint8_t *
sim_frame_waiting(const struct sim_frame *fr, size_t *len)
{
	if (fr->ctrl_waiting) {
		*len = sizeof(fr->ctrl);
		return fr->ctrl;
	}
	*len = fr->data_waiting ? fr->data_len : 0;
	return fr->data_waiting ? fr->data : NULL;
}

bool
sim_frame_take(struct sim_frame *fr)
{
	fr->announced = false;
	if (fr->ctrl_waiting) {
		fr->ctrl_waiting = false;
		return false;
	}
	if (!fr->data_waiting)
		return false;
	fr->data_waiting = false;
	fr->data_read = true;
	return true;
}

void
sim_frame_read_done(struct sim_state *st)
{
	struct sim_frame *fr = &st->frame;

	if (fr->data_len > 0 && !fr->data_waiting)
		fr->repeat_at = st->now + REPEAT_NS;
}

/* --- timers -------------------------------------------------------------------------------- */

uint64_t
sim_frame_next(const struct sim_frame *fr)
{
	return fr->ack_at < fr->repeat_at ? fr->ack_at : fr->repeat_at;
}

void
sim_frame_timer(struct sim_state *st)
{
	if (st->frame.ack_at <= st->now)
		control(&st->frame, FCTR_ACK, st->frame.rx_nr);
	else
		offer_again(st);
}

/* --- receiving ----------------------------------------------------------------------------- */

static bool
fctr_defined(uint8_t fctr)
{
	uint8_t seq = fctr & FCTR_SEQ;

	if (fctr & FCTR_RFU || seq == FCTR_SEQ)
		return false;
	if (!(fctr & FCTR_CONTROL))
		return seq != FCTR_RESET;
	return (fctr & 0x0C) == 0 && (seq != FCTR_RESET || (fctr & 0x03) == 0);
}

/* The ACK or NAK in a frame of the host; a number that is not outstanding says nothing. */
static void
answered(struct sim_state *st, uint8_t fctr)
{
	struct sim_frame *fr = &st->frame;

	if (fr->data_len == 0 || !fr->data_read || (fctr & 0x03) != fr->tx_nr)
		return;
	if ((fctr & FCTR_SEQ) == FCTR_NAK) {
		offer_again(st);
		return;
	}
	fr->data_len = 0;
	fr->data_waiting = false;
	fr->repeat_at = SIM_NEVER;
	sim_chain_acked(st);
}

/*
 * A new command while a response is still outstanding: the host has given that up. If its ACKNR
 * says that it never saw the frame, the number is used again, otherwise both would count
 * differently.
 */
static void
abandon(struct sim_frame *fr, uint8_t fctr)
{
	if (fr->data_len == 0)
		return;
	if (after(fctr & 0x03) == fr->tx_nr)
		fr->tx_nr = fctr & 0x03;
	fr->data_len = 0;
	fr->data_waiting = false;
	fr->repeat_at = SIM_NEVER;
}

static void
receive_control(struct sim_state *st, const uint8_t *frame)
{
	if ((frame[0] & FCTR_SEQ) == FCTR_RESET) {
		sim_frame_reset(&st->frame);
		sim_chain_drop(&st->chain);
		return;
	}
	answered(st, frame[0]);
}

static void
receive_data(struct sim_state *st, const uint8_t *frame, size_t packet_len)
{
	struct sim_frame *fr = &st->frame;
	uint8_t nr = frame[0] >> 2 & 3;

	answered(st, frame[0]);
	if (nr != after(fr->rx_nr)) {
		if (fr->ack_delay != SIM_NEVER || !sim_chain_busy(&st->chain))
			control(fr, FCTR_ACK, fr->rx_nr);
		return;
	}
	if (sim_chain_busy(&st->chain))
		return; /* no room for a second command: as if it had never come */
	abandon(fr, frame[0]);
	fr->rx_nr = nr;
	fr->ctrl_waiting = false;
	sim_chain_receive(st, frame + 3, packet_len);
}

void
sim_frame_receive(struct sim_state *st, const uint8_t *frame, size_t len)
{
	struct sim_frame *fr = &st->frame;
	size_t packet_len = len >= OVERHEAD ? (size_t)frame[1] << 8 | frame[2] : 0;
	bool is_control, good;

	fr->announced = false;
	good = len >= OVERHEAD && len == packet_len + OVERHEAD && len <= st->reg.data_len &&
	       sim_crc(frame, len - 2) == ((unsigned)frame[len - 2] << 8 | frame[len - 1]) &&
	       fctr_defined(frame[0]);
	is_control = good && frame[0] & FCTR_CONTROL;
	if (is_control && packet_len > 0)
		return; /* discarded silently, table 3-2 */
	if (!good || (!is_control && packet_len == 0))
		control(fr, FCTR_NAK, after(fr->rx_nr));
	else if (is_control)
		receive_control(st, frame);
	else
		receive_data(st, frame, packet_len);
}
