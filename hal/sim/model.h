/*
 * The models: what silicon is in each, and what that silicon can do. How a model leaves the
 * factory is in object_table.c.
 */
#ifndef HAL_SIM_MODEL_H
#define HAL_SIM_MODEL_H

#include "hal/sim/app.h"

/* Kinds of silicon, as bits, so that a table can say on which a row exists. */
enum {
	ON_X = 0x01,
	ON_V1 = 0x02,
	ON_V3 = 0x04,
	ON_M = ON_V1 | ON_V3,
	ON_ALL = ON_X | ON_M,
};

/* Values of sim_app.model. */
enum { MODEL_X, MODEL_V1, MODEL_V3, MODEL_EXPRESS, MODEL_MTR };

/* Who signs factory certificates; the CAs of the vendor, simulated. */
enum model_ca { CA_X101, CA_M101, CA_M300, CA_M306, CA_M309, CA_COUNT };

/* A key made in the factory, and the object that gets its certificate. */
struct model_key {
	uint16_t key, cert;
	uint8_t alg;
	uint8_t ca; /* enum model_ca */
};

struct model {
	const char *name;
	uint8_t silicon;          /* one of the bits above */
	uint8_t secret_max;       /* bytes of a shared secret in a session */
	uint8_t hash_context_len; /* exported by CalcHash */
	bool personalised;        /* has binding and authorization secrets of its own */
	struct sim_wire wire;
	const char *uid;          /* of one part; lot and place on the wafer are drawn */
	struct model_key keys[3]; /* key 0: no more */
};

/* NULL past the end, or if there is no such model. */
const struct model *model_at(size_t i);
const struct model *model_named(const char *name);
const struct model *model_of(const struct sim_app *app);

/* Whether the chip's silicon is among these. */
bool model_on(const struct sim_app *app, unsigned silicon);

/* Whether the chip knows the algorithm identifier (SRM 4.4.2). */
bool model_alg(const struct sim_app *app, uint8_t alg);

/* What takes time and differs between the models. EC: of P-256; RSA: of 2048 bits. */
enum model_op {
	TIME_SIGN_EC,
	TIME_SIGN_RSA,
	TIME_VERIFY_EC,
	TIME_VERIFY_RSA,
	TIME_AGREE,
	TIME_GENERATE_EC,
	TIME_GENERATE_RSA,
	TIME_ENCRYPT_RSA,
	TIME_DECRYPT_RSA,
	TIME_DERIVE_SESSION, /* a secret in a session */
	TIME_DERIVE_OBJECT,
	TIME_HASH_KB, /* 1000 bytes */
	TIME_COUNT,
};

/* In microseconds, at 15 mA and speed 1. ec, rsa: for this algorithm. */
uint64_t model_us(const struct sim_app *app, enum model_op op);
uint64_t model_ec_us(const struct sim_app *app, enum model_op op, uint8_t alg);
uint64_t model_rsa_us(const struct sim_app *app, enum model_op op, uint8_t alg);

#endif
