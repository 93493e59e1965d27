/*
 * See simbase.h. RSA keys are only made for new chips: searching for them would be all that a
 * fuzzer does. The linker gives rsa_generate to us.
 */
#include <config.h>

#include "hal/sim/crypto.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/simbase.h"

#define MODELS_MAX 8

static bool in_factory;

const struct sim_state *
simbase(unsigned n)
{
	static struct sim_state *base[MODELS_MAX];
	unsigned models = 0;

	while (models < MODELS_MAX && sim_app_model(models) != NULL)
		models++;
	n %= models;
	if (base[n] == NULL) {
		base[n] = calloc(1, sizeof(*base[n]));
		fuzz_assert(base[n] != NULL);
		in_factory = true;
		fuzz_assert(sim_app_factory(&base[n]->app, sim_app_model(n), 1, 1.0, true) == 0);
		in_factory = false;
		sim_state_init(base[n]);
	}
	return base[n];
}

bool __real_rsa_generate(struct sim_app *app, uint8_t alg, struct sim_key *key);
bool __wrap_rsa_generate(struct sim_app *app, uint8_t alg, struct sim_key *key);

bool
__wrap_rsa_generate(struct sim_app *app, uint8_t alg, struct sim_key *key)
{
	return in_factory && __real_rsa_generate(app, alg, key);
}
