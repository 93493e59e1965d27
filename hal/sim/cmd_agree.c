/* CalcSSec and DeriveKey: SRM 4.4.1. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/model.h"
#include "hal/sim/operand.h"
#include "hal/sim/sha.h"

#define SCHEME_ECDH 0x01

#define SECRET_MAX  64 /* used of a data object */
#define KEY_MIN     16
#define KEY_MAX     256
#define SEED_MIN    8
#define SEED_MAX    1024
#define INFO_MAX    256

uint8_t
cmd_agree(struct call *c)
{
	struct tlv t[] = { { .tag = 0x01 }, { .tag = 0x05 }, { .tag = 0x06 }, { .tag = 0x07 },
		{ .tag = 0x08 } };
	const struct tlv none = { 0 };
	struct sim_public peer;
	struct key_ref k;
	uint8_t x[COORD_MAX];
	size_t size;
	uint8_t err;

	if (c->param != SCHEME_ECDH)
		return E_PARAM;
	if ((err = tlv_parse(c->in, c->in_len, t, NITEMS(t))) != 0)
		return err;
	if ((t[0].present && t[0].len != 2) || (t[1].present && t[1].len != 1))
		return E_LENGTH;
	if ((err = target_form(&t[3], &t[4])) != 0)
		return err;
	if (!t[0].present || !t[1].present || !t[2].present || ec_size(t[1].value[0]) == 0)
		return E_DATA;
	if (t[4].present && session_find(c->app, oid_value(t[4].value)) == NULL)
		return E_OID;
	if ((err = key_select(c, t[0].value, USE_AGREE, &k)) != 0)
		return err;
	size = ec_size(k.key->alg);
	if (size == 0)
		return E_USAGE;
	if (k.key->alg != t[1].value[0] ||
	    (err = public_select(c, &none, &t[1], &t[2], 0, &peer)) != 0)
		return E_DATA;
	if (k.persistent)
		monitor_event(c);
	c->us = model_ec_us(c->app, TIME_AGREE, k.key->alg);
	err = ecdh(k.key, &peer, x) ? 0 : E_INTERNAL;
	if (err == 0)
		target_put(c, &t[4], x, size);
	explicit_bzero(x, sizeof(x));
	return err;
}

/* Param: hash and kind of derivation, and which silicon has it. */
static const struct derivation {
	uint8_t param;
	uint8_t hash;
	bool hkdf;
	uint8_t on;
} derivations[] = {
	{ 0x01, 32, false, ON_ALL },
	{ 0x02, 48, false, ON_V3 },
	{ 0x03, 64, false, ON_V3 },
	{ 0x08, 32, true, ON_V3 },
	{ 0x09, 48, true, ON_V3 },
	{ 0x0A, 64, true, ON_V3 },
};

enum { SOURCE, SEED, LENGTH, INFO, OUT, SESSION, NTAGS };

static uint8_t
check_form(const struct call *c, const struct derivation *d, const struct tlv t[NTAGS], size_t *len)
{
	uint8_t err;

	if ((t[SOURCE].present && t[SOURCE].len != 2) || (t[LENGTH].present && t[LENGTH].len != 2))
		return E_LENGTH;
	if ((err = target_form(&t[OUT], &t[SESSION])) != 0)
		return err;
	if (!t[SOURCE].present || !t[LENGTH].present || (!d->hkdf && t[INFO].present))
		return E_DATA;
	if (t[SEED].len > SEED_MAX || t[INFO].len > INFO_MAX ||
	    (!d->hkdf && t[SEED].len < SEED_MIN))
		return E_DATA;
	*len = (size_t)t[LENGTH].value[0] << 8 | t[LENGTH].value[1];
	return *len < KEY_MIN ||
		       *len > (t[SESSION].present ? model_of(c->app)->secret_max : KEY_MAX)
		   ? E_DATA
		   : 0;
}

/* A secret that is in a session may only be used by who has the binding secret, if the layer is. */
static bool
exposes_session(const struct call *c, const uint8_t *oid)
{
	return session_find(c->app, oid_value(oid)) != NULL && c->prot->active && !c->prot->command;
}

static uint8_t
derive(struct call *c, const struct derivation *d, const struct tlv t[NTAGS], size_t len)
{
	const unsigned kinds =
	    KIND(SIM_SESSION_SECRET) | KIND(SIM_SESSION_PREMASTER) | KIND(SIM_SESSION_DECRYPTED);
	struct secret_ref s;
	uint8_t key[KEY_MAX];
	uint8_t err;

	if (t[SESSION].present && session_find(c->app, oid_value(t[SESSION].value)) == NULL)
		return E_OID;
	if (exposes_session(c, t[SOURCE].value))
		return E_ACCESS;
	if ((err = secret_select(c, t[SOURCE].value, TYPE_PRESSEC, kinds, &s)) != 0)
		return err;
	if (s.persistent && s.len > SECRET_MAX)
		return E_DATA;
	if (s.persistent)
		monitor_event(c);
	if (d->hkdf)
		sim_hkdf(d->hash, s.p, s.len, t[SEED].value, t[SEED].len, t[INFO].value,
		    t[INFO].len, key, len);
	else
		sim_prf(d->hash, s.p, s.len, t[SEED].value, t[SEED].len, key, len);
	target_put(c, &t[SESSION], key, len);
	explicit_bzero(key, sizeof(key));
	c->us = model_us(c->app, s.persistent ? TIME_DERIVE_OBJECT : TIME_DERIVE_SESSION);
	return 0;
}

uint8_t
cmd_derive(struct call *c)
{
	struct tlv t[NTAGS] = { { .tag = 0x01 }, { .tag = 0x02 }, { .tag = 0x03 }, { .tag = 0x04 },
		{ .tag = 0x07 }, { .tag = 0x08 } };
	const struct derivation *d = NULL;
	size_t len;
	uint8_t err;

	for (size_t i = 0; i < NITEMS(derivations); i++)
		if (derivations[i].param == c->param && model_on(c->app, derivations[i].on))
			d = &derivations[i];
	if (d == NULL)
		return E_PARAM;
	if ((err = tlv_parse(c->in, c->in_len, t, NTAGS)) != 0 ||
	    (err = check_form(c, d, t, &len)) != 0)
		return err;
	return derive(c, d, t, len);
}
