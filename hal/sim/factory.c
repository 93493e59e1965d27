/*
 * What the vendor does to a chip before it is sold: unique ID, keys and their certificates, and
 * for Express and MTR the secrets that the customer gets from the vendor's portal.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <openssl/sha.h>

#include "hal/base/err.h"
#include "hal/sim/crypto.h"
#include "hal/sim/factory.h"
#include "hal/sim/model.h"
#include "hal/sim/object.h"
#include "hal/sim/rng.h"

#define OID_UID           0xE0C2
#define OID_BINDING       0xE140
#define OID_AUTHORIZATION 0xF1D0

static uint8_t *
content(struct sim_app *app, uint16_t oid)
{
	return object_content(app, (size_t)object_find(oid));
}

/* Fixed silicon and build, the lot and the place on the wafer drawn. */
static void
make_uid(struct sim_app *app)
{
	uint8_t *uid = content(app, OID_UID);

	object_unhex(model_of(app)->uid, uid);
	rng_bytes(app, uid + 13, 4);
	rng_bytes(app, uid + 18, 1);
	rng_bytes(app, uid + 20, 1);
}

static void
describe(struct sim_app *app, struct factory_leaf *leaf, char cn[2 * SHA256_DIGEST_LENGTH + 1])
{
	uint8_t hash[SHA256_DIGEST_LENGTH];

	memset(leaf, 0, sizeof(*leaf));
	if (model_of(app)->personalised) {
		(void)SHA256(content(app, OID_UID), SIM_UID_LEN, hash);
		for (size_t i = 0; i < sizeof(hash); i++)
			(void)snprintf(cn + 2 * i, 3, "%02X", hash[i]);
		leaf->cn = cn;
		leaf->country = "DE";
		leaf->personal = true;
		leaf->crl = app->model == MODEL_MTR;
	} else {
		leaf->cn = model_on(app, ON_V3) ? "InfineonIoTNode" : "Infineon IoT Node";
	}
}

/* TLS identity: C0, length of the rest, chain length, certificate length, certificate. */
static bool
make_certificate(struct sim_app *app, const struct model_key *mk, const struct sim_key *key)
{
	const size_t i = (size_t)object_find(mk->cert);
	uint8_t cert[FACTORY_CERT_MAX], *c = object_content(app, i);
	char cn[2 * SHA256_DIGEST_LENGTH + 1];
	struct factory_leaf leaf;
	size_t n;

	describe(app, &leaf, cn);
	n = factory_certificate(app, (enum model_ca)mk->ca, &leaf, key, cert);
	if (n == 0)
		return false;
	c[0] = 0xC0;
	c[1] = (uint8_t)((n + 6) >> 8);
	c[2] = (uint8_t)(n + 6);
	c[3] = 0x00;
	c[4] = (uint8_t)((n + 3) >> 8);
	c[5] = (uint8_t)(n + 3);
	c[6] = 0x00;
	c[7] = (uint8_t)(n >> 8);
	c[8] = (uint8_t)n;
	memcpy(c + 9, cert, n);
	object_set_used(app, i, n + 9);
	return true;
}

static bool
make_keys(struct sim_app *app)
{
	const struct model *m = model_of(app);
	struct sim_key *key;

	for (size_t i = 0; i < NITEMS(m->keys) && m->keys[i].key != 0; i++) {
		key = object_key(app, (size_t)object_find(m->keys[i].key));
		if (!(rsa_size(m->keys[i].alg) != 0 ? rsa_generate(app, m->keys[i].alg, key)
						    : ec_generate(app, m->keys[i].alg, key)) ||
		    !make_certificate(app, &m->keys[i], key))
			return false;
	}
	return true;
}

int
sim_app_factory(struct sim_app *app, const char *model, uint64_t seed, double speed, bool monitor)
{
	const struct model *m = model_named(model);

	if (m == NULL || !(speed > 0))
		return HAL_EINVAL;
	memset(app, 0, sizeof(*app));
	app->model = (uint8_t)(m - model_at(0));
	app->speed = speed;
	app->monitor = monitor;
	rng_seed(app, seed);
	objects_factory(app);
	make_uid(app);
	if (!make_keys(app))
		return HAL_ECRYPTO;
	if (m->personalised) {
		rng_bytes(app, content(app, OID_BINDING), SIM_SECRET_LEN);
		rng_bytes(app, content(app, OID_AUTHORIZATION), SIM_SECRET_LEN);
	}
	sim_app_reset(app, 0, true);
	return 0;
}

bool
sim_app_portal(const struct sim_app *app, struct sim_portal *p)
{
	if (!model_of(app)->personalised)
		return false;
	memcpy(p->uid, object_shown(app, (size_t)object_find(OID_UID)), sizeof(p->uid));
	memcpy(p->binding, object_shown(app, (size_t)object_find(OID_BINDING)), sizeof(p->binding));
	memcpy(p->authorization, object_shown(app, (size_t)object_find(OID_AUTHORIZATION)),
	    sizeof(p->authorization));
	return true;
}
