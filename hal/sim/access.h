/*
 * Access conditions: SRM 4.2. An expression is up to three tokens joined by OR (FE), a token up
 * to seven conditions joined by AND (FD).
 */
#ifndef HAL_SIM_ACCESS_H
#define HAL_SIM_ACCESS_H

#include "hal/sim/app.h"

/* Whether the bytes are an expression this chip accepts in metadata. */
bool access_wellformed(const struct sim_app *app, const uint8_t *p, size_t len);

/*
 * Whether tag (D0, D1, D3) of object i grants access now; absent: never. reading: Conf and Int
 * look at the response, else at the command. Counts linked usage counters of the token that grants.
 */
bool access_granted(struct sim_app *app, size_t i, uint8_t tag, const struct sim_protection *prot);

#endif
