/*
 * Virtual time of the bus server. It moves with transfers, and with sleeps: only to the earliest
 * moment that any client waits for, and only while every client that takes part waits. A client
 * that is silent for 20 ms of real time counts as waiting for ever until it speaks again.
 */
#include <config.h>

#include "hal/sim/serve.h"

static bool
silent(const struct serve_client *c, uint64_t real)
{
	return c->blocked || real - c->spoke_at >= SERVE_SILENT_NS;
}

/* Wakes everybody whose moment has come. */
static bool
wake(struct server *sv)
{
	uint64_t now = serve_now(sv);
	bool any = false;

	for (unsigned i = 0; i < sv->nclients; i++) {
		struct serve_client *c = sv->clients[i];

		if (!c->sleeping || c->wake_at > now)
			continue;
		c->sleeping = false;
		serve_answer(sv, c, SERVE_DONE, NULL, 0);
		any = true;
	}
	return any;
}

bool
serve_pass_time(struct server *sv)
{
	uint64_t real = serve_clock(), earliest = SIM_NEVER;

	if (!sv->virtual_time)
		return false;
	if (wake(sv))
		return true;
	for (unsigned i = 0; i < sv->nclients; i++) {
		const struct serve_client *c = sv->clients[i];

		if (!c->takes_part || c->closing)
			continue;
		if (c->sleeping && c->wake_at < earliest)
			earliest = c->wake_at;
		else if (!c->sleeping && !silent(c, real))
			return false;
	}
	if (earliest == SIM_NEVER)
		return false;
	sim_sleep(sv->sim, earliest - serve_now(sv));
	return wake(sv);
}

int
serve_timeout(const struct server *sv)
{
	uint64_t real = serve_clock(), at = SIM_NEVER, t;
	bool sleepers = false;

	for (unsigned i = 0; i < sv->nclients; i++)
		sleepers = sleepers || sv->clients[i]->sleeping;
	for (unsigned i = 0; sleepers && i < sv->nclients; i++) {
		const struct serve_client *c = sv->clients[i];

		if (!c->takes_part || c->sleeping || c->closing || silent(c, real))
			continue;
		t = c->spoke_at + SERVE_SILENT_NS;
		at = t < at ? t : at;
	}
	if (sv->holder != NULL && sv->hold_until < at)
		at = sv->hold_until;
	if (at == SIM_NEVER)
		return -1;
	return at <= real ? 0 : (int)((at - real) / 1000000) + 1;
}
