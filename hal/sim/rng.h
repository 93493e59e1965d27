/* The simulated chip's random bits: one stream per chip, so that a seed repeats a run exactly. */
#ifndef HAL_SIM_RNG_H
#define HAL_SIM_RNG_H

#include <openssl/bn.h>

#include "hal/sim/app.h"

void rng_seed(struct sim_app *app, uint64_t seed);
void rng_bytes(struct sim_app *app, uint8_t *out, size_t len);

/* 1 <= r < n, uniformly. NULL when out of memory. */
BIGNUM *rng_below(struct sim_app *app, const BIGNUM *n);

#endif
