/* Security monitor: SRM 4.6. Counts uses of secrets and slows a chip down that is used too often.
 */
#ifndef HAL_SIM_MONITOR_H
#define HAL_SIM_MONITOR_H

#include "hal/sim/app.h"

/* Power-up or reset: no credit, the counter as it was kept. */
void monitor_reset(struct sim_app *app, uint64_t now);

/* Lets time pass: the counter falls, then credit grows. */
void monitor_advance(struct sim_app *app, uint64_t now);

/* CloseApplication keeps the counter. */
void monitor_close(struct sim_app *app);

#endif
