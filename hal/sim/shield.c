/*
 * Presentation layer of the chip, IFX I2C protocol 2.03 chapter 6: the record that protects
 * nothing (SCTR 20). Every other message asks for a session; there is none, and the answer is
 * the alert that says so.
 */
#include <config.h>

#include <string.h>

#include "hal/sim/state.h"

#define SCTR_PLAIN       0x20
#define SCTR_ALERT_FATAL 0x40
#define ALERT_NS         SIM_US(500)

void
sim_shield_reset(struct sim_shield *sh)
{
	sh->required = false;
}

static void
alert(struct sim_chain *ch, uint64_t *exec_ns)
{
	ch->tx[0] = SCTR_ALERT_FATAL;
	ch->tx_len = 1;
	*exec_ns = ALERT_NS;
}

/* Once the host has used the layer it stays required until the next reset. */
void
sim_shield_command(struct sim_state *st, uint64_t *exec_ns)
{
	struct sim_chain *ch = &st->chain;
	struct sim_protection prot = { 0 };
	size_t head, len = 0;

	if (ch->rx_presence)
		st->shield.required = true;
	ch->tx_presence = st->shield.required;
	head = ch->rx_presence ? 1 : 0;
	if (st->shield.required != ch->rx_presence || (head && ch->rx[0] != SCTR_PLAIN) ||
	    ch->rx_len - head < 1 || ch->rx_len - head > SIM_APDU_MAX) {
		alert(ch, exec_ns);
		return;
	}
	prot.active = st->shield.required;
	if (head)
		ch->tx[0] = SCTR_PLAIN;
	sim_app_advance(&st->app, st->now);
	sim_app_command(&st->app, st->now, &prot, ch->rx + head, ch->rx_len - head, ch->tx + head,
	    &len, exec_ns);
	ch->tx_len = (uint16_t)(len + head);
}
