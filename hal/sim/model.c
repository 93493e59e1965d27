/* The table of models; see model.h. UIDs are those of published parts. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/crypto.h"
#include "hal/sim/model.h"

#define PERSONAL_KEYS                                                                              \
	{                                                                                          \
		{ 0xE0F0, 0xE0E0, ALG_P256, CA_M306 }, { 0xE0F1, 0xE0E1, ALG_P256, CA_M306 },      \
		    { 0xE0FC, 0xE0E2, ALG_RSA2048, CA_M309 },                                      \
	}

/*
 * Of Trust X only the first 16 bytes of a UID are known, of MTR none: the rest follows the others.
 */
static const struct model models[] = {
	[MODEL_X] = {
	    .name = "trust-x",
	    .silicon = ON_X,
	    .secret_max = 48,
	    .hash_context_len = 130,
	    .wire = { false, 10, 12 },
	    .uid = "CD16336B01001C000100000A085255000A002F002E801010711118",
	    .keys = { { 0xE0F0, 0xE0E0, ALG_P256, CA_X101 } },
	},
	[MODEL_V1] = {
	    .name = "trust-m-v1",
	    .silicon = ON_V1,
	    .secret_max = 48,
	    .hash_context_len = 209,
	    .wire = { true, 15, 20 },
	    .uid = "CD16338201001C000500000A091B5C000700A60087801010710809",
	    .keys = { { 0xE0F0, 0xE0E0, ALG_P256, CA_M101 } },
	},
	[MODEL_V3] = {
	    .name = "trust-m-v3",
	    .silicon = ON_V3,
	    .secret_max = 66,
	    .hash_context_len = 209,
	    .wire = { true, 15, 20 },
	    .uid = "CD16339301001C000500000A09A413000A002F002E801010712440",
	    .keys = { { 0xE0F0, 0xE0E0, ALG_P256, CA_M300 } },
	},
	[MODEL_EXPRESS] = {
	    .name = "trust-m-express",
	    .silicon = ON_V3,
	    .secret_max = 66,
	    .hash_context_len = 209,
	    .wire = { true, 15, 20 },
	    .personalised = true,
	    .uid = "CD16334D01001C000500000A091B5C0015007A0040801010702440",
	    .keys = PERSONAL_KEYS,
	},
	[MODEL_MTR] = {
	    .name = "trust-m-mtr",
	    .silicon = ON_V3,
	    .secret_max = 66,
	    .hash_context_len = 209,
	    .wire = { true, 15, 20 },
	    .personalised = true,
	    .uid = "CD16334D01001C000500000A091B5C0015007A0040801010702440",
	    .keys = PERSONAL_KEYS,
	},
};

static const struct {
	uint8_t alg, on;
} algs[] = {
	{ ALG_P256, ON_ALL },
	{ ALG_P384, ON_ALL },
	{ ALG_P521, ON_V3 },
	{ ALG_BP256, ON_V3 },
	{ ALG_BP384, ON_V3 },
	{ ALG_BP512, ON_V3 },
	{ ALG_RSA1024, ON_M },
	{ ALG_RSA2048, ON_M },
	{ ALG_AES128, ON_V3 },
	{ ALG_AES192, ON_V3 },
	{ ALG_AES256, ON_V3 },
};

/*
 * Execution times of the data sheets, without shielded connection: Trust X, V1, V3. What a chip
 * does not have is 0. The sheets of Trust X and V1 know one time for deriving keys.
 */
static const uint32_t times[TIME_COUNT][3] = {
	[TIME_SIGN_EC] = { 60000, 60000, 65000 },
	[TIME_SIGN_RSA] = { 0, 310000, 310000 },
	[TIME_VERIFY_EC] = { 85000, 85000, 85000 },
	[TIME_VERIFY_RSA] = { 0, 45000, 40000 },
	[TIME_AGREE] = { 65000, 60000, 60000 },
	[TIME_GENERATE_EC] = { 80000, 75000, 55000 },
	[TIME_GENERATE_RSA] = { 0, 2900000, 2900000 },
	[TIME_ENCRYPT_RSA] = { 0, 30000, 40000 },
	[TIME_DECRYPT_RSA] = { 0, 310000, 315000 },
	[TIME_DERIVE_SESSION] = { 140000, 50000, 50000 },
	[TIME_DERIVE_OBJECT] = { 140000, 50000, 130000 },
	[TIME_HASH_KB] = { 200000, 83333, 66667 },
};

const struct model *
model_at(size_t i)
{
	return i < NITEMS(models) ? &models[i] : NULL;
}

const struct model *
model_named(const char *name)
{
	for (size_t i = 0; i < NITEMS(models); i++)
		if (strcmp(models[i].name, name) == 0)
			return &models[i];
	return NULL;
}

const struct model *
model_of(const struct sim_app *app)
{
	return &models[app->model < NITEMS(models) ? app->model : 0];
}

bool
model_on(const struct sim_app *app, unsigned silicon)
{
	return (model_of(app)->silicon & silicon) != 0;
}

bool
model_alg(const struct sim_app *app, uint8_t alg)
{
	for (size_t i = 0; i < NITEMS(algs); i++)
		if (algs[i].alg == alg)
			return model_on(app, algs[i].on);
	return false;
}

const struct sim_wire *
sim_app_wire(const struct sim_app *app)
{
	return &model_of(app)->wire;
}

const char *
sim_app_model(size_t n)
{
	return n < NITEMS(models) ? models[n].name : NULL;
}

uint64_t
model_us(const struct sim_app *app, enum model_op op)
{
	const uint8_t silicon = model_of(app)->silicon;

	return times[op][silicon == ON_X ? 0 : silicon == ON_V1 ? 1 : 2];
}

/* Estimates: P-384 takes 2.5 times as long as P-256, P-521 and Brainpool 512 five times. */
uint64_t
model_ec_us(const struct sim_app *app, enum model_op op, uint8_t alg)
{
	const uint64_t us = model_us(app, op);

	switch (ec_size(alg)) {
	case 32: return us;
	case 48: return us * 25 / 10;
	default: return us * 5;
	}
}

/* Estimates: RSA 1024 takes a sixth of RSA 2048 for the private key, a third for the public one. */
uint64_t
model_rsa_us(const struct sim_app *app, enum model_op op, uint8_t alg)
{
	const bool is_public = op == TIME_VERIFY_RSA || op == TIME_ENCRYPT_RSA;
	const uint64_t us = model_us(app, op);

	return alg != ALG_RSA1024 ? us : is_public ? us / 3 : us / 6;
}
