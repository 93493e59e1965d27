/* Security monitor; see monitor.h. Parameters are in object E0C9. */
#include <config.h>

#include "hal/sim/cmd.h"
#include "hal/sim/monitor.h"
#include "hal/sim/object.h"

#define PERIOD_UNIT 100000000ull /* 100 ms */
#define PERIOD_MAX  50
#define SEC_MAX     255
#define SEC_FREE    127 /* up to here nothing is delayed */

static const uint8_t *
config(struct sim_app *app)
{
	return object_content(app, (size_t)object_find(0xE0C9));
}

static uint64_t
period(struct sim_app *app)
{
	const uint8_t t = config(app)[0];

	return app->monitor ? PERIOD_UNIT * (t > PERIOD_MAX ? PERIOD_MAX : t) : 0;
}

void
monitor_reset(struct sim_app *app, uint64_t now)
{
	app->credit = 0;
	app->sec = app->sec_nvm;
	app->sec_time = now;
}

void
monitor_close(struct sim_app *app)
{
	app->sec_nvm = app->sec;
}

/* One t_max without an event. */
static void
tick(struct sim_app *app)
{
	const uint8_t *cfg = config(app);
	const unsigned delayed = cfg[3] == 0 ? 1 : cfg[3];

	if (app->sec > 0) {
		app->sec--;
		if (app->sec + delayed <= app->sec_nvm)
			app->sec_nvm = app->sec;
	} else if (app->credit < cfg[2]) {
		app->credit++;
	}
}

void
monitor_advance(struct sim_app *app, uint64_t now)
{
	const uint64_t t = period(app);
	uint64_t ticks;

	if (t == 0) {
		app->sec = app->sec_nvm = 0;
		app->sec_time = now;
		return;
	}
	if (now < app->sec_time)
		app->sec_time = now;
	ticks = (now - app->sec_time) / t;
	app->sec_time += ticks * t;
	/* More change nothing: the counter is at 0 and the credit at its maximum. */
	for (ticks = ticks > 2 * SEC_MAX ? 2 * SEC_MAX : ticks; ticks > 0; ticks--)
		tick(app);
}

void
monitor_event(struct call *c)
{
	struct sim_app *app = c->app;
	const uint64_t t = period(app);

	if (t == 0)
		return;
	monitor_advance(app, c->now);
	if (!app_switch(app, SIM_APP_FREE_RUNNING))
		app->sec_time = c->now;
	if (app->credit > 0) {
		app->credit--;
		return;
	}
	if (app->sec < SEC_MAX)
		app->sec++;
	if (app->sec > app->sec_nvm)
		app->sec_nvm = app->sec;
	if (app->sec > SEC_FREE)
		c->delay_ns += t * (uint64_t)(app->sec - SEC_FREE) / (SEC_MAX - SEC_FREE);
}
