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

/* What a protected update brings: the anchor that signed it, the secret that encrypts it. */
struct access_update {
	uint16_t anchor, secret;
	bool encrypted;
};

/*
 * Whether tag (D0, D8) grants the update: Int(anchor) and Conf(secret) hold, and Int(anchor) must
 * be in the token that grants. Counts as above.
 */
bool access_update_granted(struct sim_app *app, size_t i, uint8_t tag,
    const struct sim_protection *prot, const struct access_update *update);

#endif
