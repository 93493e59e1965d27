/*
 * The chip as one piece of data: its first state, and time passing over it.
 */
#include <config.h>

#include <string.h>

#include "hal/sim/state.h"

void
sim_state_init(struct sim_state *st)
{
	st->last_stop = SIM_NEVER;
	st->reg.addr_nv = SIM_ADDR_DEFAULT;
	st->reg.mode_nv = 0x03;
	st->reg.reset_high = true;
	st->reg.supply_high = true;
	sim_reg_reset(st, true);
	st->reg.ready_at = st->now;
	st->counts.resets = 0;
}

static uint64_t
earliest(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/*
 * Lets time pass; the chip's timers fire in order, each at its own moment. A response that is due
 * goes before an acknowledgement due at the same moment, because it can carry it.
 */
void
sim_state_advance(struct sim_state *st, uint64_t to)
{
	uint64_t at, exec;

	for (;;) {
		exec = st->chain.exec_end;
		at = earliest(exec, sim_frame_next(&st->frame));
		if (at == SIM_NEVER || at > to)
			break;
		if (at > st->now)
			st->now = at;
		if (exec == at)
			sim_chain_timer(st);
		else
			sim_frame_timer(st);
	}
	if (to > st->now)
		st->now = to;
}

/* A state read from a file must not lead an index astray, even if its checksum is right. */
bool
sim_state_sane(const struct sim_state *st)
{
	const struct sim_frame *fr = &st->frame;
	const struct sim_chain *ch = &st->chain;

	return st->reg.data_len >= SIM_FRAME_MIN && st->reg.data_len <= SIM_FRAME_MAX &&
	       fr->data_len <= SIM_FRAME_MAX && fr->rx_nr < 4 && fr->tx_nr < 4 &&
	       ch->rx_len <= sizeof(ch->rx) && ch->tx_len <= sizeof(ch->tx) &&
	       ch->tx_off <= ch->tx_len && (!ch->tx_active || ch->tx_step > 0) &&
	       ch->tx_step < SIM_FRAME_MAX && st->shield.again_len <= sizeof(st->shield.again) &&
	       sim_app_sane(&st->app);
}
