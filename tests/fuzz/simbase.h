/* New chips to start from, made once. */
#ifndef TESTS_FUZZ_SIMBASE_H
#define TESTS_FUZZ_SIMBASE_H

#include "hal/sim/state.h"

/* n: any number, taken modulo the number of models. */
const struct sim_state *simbase(unsigned n);

#endif
