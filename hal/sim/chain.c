/*
 * Network and transport layer of the chip: messages of any length from packets. IFX I2C protocol
 * 2.03 chapters 4 and 5.
 *
 * PCTR: 7:4 channel, 0 | 3 PRESENCE | 2:0 CHAIN
 *
 * A chip without a presentation layer takes PRESENCE for one more bit of the channel.
 */
#include <config.h>

#include <string.h>

#include "hal/sim/state.h"

#define PCTR_CHANNEL  0xF0
#define PCTR_PRESENCE 0x08
#define PCTR_CHAIN    0x07

enum chain {
	CHAIN_SINGLE = 0,
	CHAIN_FIRST = 1,
	CHAIN_MIDDLE = 2,
	CHAIN_LAST = 4,
	CHAIN_ERROR = 7,
};

void
sim_chain_reset(struct sim_chain *ch)
{
	memset(ch, 0, sizeof(*ch));
	ch->exec_end = SIM_NEVER;
}

bool
sim_chain_busy(const struct sim_chain *ch)
{
	return ch->exec_end != SIM_NEVER;
}

/* --- responses ----------------------------------------------------------------------------- */

/* A chip that executes keeps its command, whatever happens to the frames. */
void
sim_chain_drop(struct sim_chain *ch)
{
	ch->tx_active = false;
}

static void
send_next(struct sim_state *st)
{
	struct sim_chain *ch = &st->chain;
	uint8_t packet[SIM_FRAME_MAX];
	size_t left = ch->tx_len - ch->tx_off;
	size_t n = left < ch->tx_step ? left : ch->tx_step;
	enum chain chain;

	if (ch->tx_len <= ch->tx_step)
		chain = CHAIN_SINGLE;
	else if (ch->tx_off == 0)
		chain = CHAIN_FIRST;
	else
		chain = n < left ? CHAIN_MIDDLE : CHAIN_LAST;
	packet[0] = (uint8_t)(chain | (ch->tx_presence ? PCTR_PRESENCE : 0));
	memcpy(packet + 1, ch->tx + ch->tx_off, n);
	ch->tx_off = (uint16_t)(ch->tx_off + n);
	sim_frame_send(st, packet, n + 1);
}

/* The size of the fragments is that of DATA_REG_LEN when the response starts. */
static void
send_first(struct sim_state *st)
{
	st->chain.tx_off = 0;
	st->chain.tx_step = (uint16_t)(st->reg.data_len - 6);
	st->chain.tx_active = true;
	send_next(st);
}

void
sim_chain_acked(struct sim_state *st)
{
	if (st->chain.tx_active && st->chain.tx_off < st->chain.tx_len)
		send_next(st);
}

void
sim_chain_timer(struct sim_state *st)
{
	st->chain.exec_end = SIM_NEVER;
	send_first(st);
}

/* --- commands ------------------------------------------------------------------------------ */

static void
refuse(struct sim_state *st)
{
	static const uint8_t error = CHAIN_ERROR;

	st->chain.rx_open = false;
	st->chain.tx_active = false;
	sim_frame_send(st, &error, 1);
}

/* The host could not put our response together: once more, without executing again. */
static void
repeat_response(struct sim_state *st)
{
	struct sim_chain *ch = &st->chain;

	if (ch->tx_active && !ch->tx_repeated) {
		ch->tx_repeated = true;
		send_first(st);
		return;
	}
	ch->tx_active = false;
	sim_frame_ack_at_once(st);
}

static void
execute(struct sim_state *st)
{
	struct sim_chain *ch = &st->chain;
	uint64_t exec_ns = 0;

	ch->rx_open = false;
	ch->tx_active = false;
	ch->tx_repeated = false;
	ch->tx_presence = false;
	ch->tx_off = 0; /* of the answer before, which may have been longer */
	sim_shield_command(st, &exec_ns);
	if (ch->tx_len == 0) {
		sim_frame_ack_at_once(st);
		return;
	}
	ch->exec_start = st->now;
	ch->exec_end = st->now + exec_ns;
	st->counts.commands++;
	sim_frame_ack_deferred(st);
	sim_state_advance(st, st->now);
}

static bool
legal(const struct sim_state *st, enum chain chain, uint8_t pctr, size_t len)
{
	bool starts = chain == CHAIN_SINGLE || chain == CHAIN_FIRST;
	bool goes_on = chain == CHAIN_FIRST || chain == CHAIN_MIDDLE;
	bool presence = starts ? pctr & PCTR_PRESENCE : st->chain.rx_presence;
	size_t have = starts ? 0 : st->chain.rx_len;
	size_t room = presence ? SIM_MESSAGE_MAX : SIM_APDU_MAX;
	const uint8_t zero =
	    PCTR_CHANNEL | (sim_app_wire(&st->app)->presentation ? 0 : PCTR_PRESENCE);

	if (pctr & zero || (!starts && !goes_on && chain != CHAIN_LAST))
		return false;
	if (starts == st->chain.rx_open || len < 2 || have + len - 1 > room)
		return false;
	return !goes_on || len == st->reg.data_len - 5U;
}

void
sim_chain_receive(struct sim_state *st, const uint8_t *packet, size_t len)
{
	struct sim_chain *ch = &st->chain;
	enum chain chain = (enum chain)(packet[0] & PCTR_CHAIN);

	if (chain == CHAIN_ERROR && len == 1) {
		repeat_response(st);
		return;
	}
	if (!legal(st, chain, packet[0], len)) {
		refuse(st);
		return;
	}
	if (!ch->rx_open) {
		ch->rx_len = 0;
		ch->rx_presence = packet[0] & PCTR_PRESENCE;
		ch->rx_open = true;
	}
	memcpy(ch->rx + ch->rx_len, packet + 1, len - 1);
	ch->rx_len = (uint16_t)(ch->rx_len + len - 1);
	if (chain == CHAIN_SINGLE || chain == CHAIN_LAST)
		execute(st);
	else
		sim_frame_ack_fragment(st);
}
