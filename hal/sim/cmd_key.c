/* GenKeyPair, GenSymKey and CalcSign: SRM 4.4.1. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/cmd.h"
#include "hal/sim/crypto.h"
#include "hal/sim/model.h"
#include "hal/sim/object.h"
#include "hal/sim/operand.h"
#include "hal/sim/rng.h"
#include "hal/sim/session.h"

#define DIGEST_MIN      10

#define GENERATE_AES_US 30000 /* in no table */

/*
 * A search for primes takes as long as it takes: 2.9 s is the least, twice that the average, more
 * than 50 s happen. So many steps until one of ten draws hits.
 */
static uint64_t
rsa_search_us(struct sim_app *app, uint8_t alg)
{
	const uint64_t least = model_rsa_us(app, TIME_GENERATE_RSA, alg);
	uint64_t us = least;
	uint8_t b;

	for (;;) {
		rng_bytes(app, &b, 1);
		if (b < 256 / 10)
			break;
		us += least / 10;
	}
	return us;
}

static uint8_t
generate(struct call *c, struct sim_key *key)
{
	uint8_t pub[PUB_MAX];
	size_t n;
	bool ok;

	if (rsa_size(c->param) != 0) {
		ok = rsa_generate(c->app, c->param, key);
		n = ok ? rsa_public(key, pub) : 0;
		c->us = rsa_search_us(c->app, c->param);
	} else {
		ok = ec_generate(c->app, c->param, key);
		n = ok ? ec_public(key, pub) : 0;
		c->us = model_ec_us(c->app, TIME_GENERATE_EC, c->param);
	}
	if (n == 0)
		return E_INTERNAL;
	call_put(c, 0x02, pub, n);
	return 0;
}

/* The private key goes out as OCTET STRING, before the public one. P-521 has 66 bytes. */
static uint8_t
generate_export(struct call *c)
{
	struct sim_key key;
	uint8_t der[4 + 256], pub[PUB_MAX + 3];
	const size_t size = rsa_size(c->param) != 0 ? rsa_size(c->param) : ec_size(c->param);
	size_t n = 0, pub_len;
	uint8_t err = generate(c, &key);

	if (err == 0) {
		der[n++] = 0x04;
		if (size > 255) {
			der[n++] = 0x82;
			der[n++] = (uint8_t)(size >> 8);
		} else if (size > 127) {
			der[n++] = 0x81;
		}
		der[n++] = (uint8_t)size;
		memcpy(der + n, key.priv, size);
		pub_len = c->out_len;
		memcpy(pub, c->out, pub_len);
		c->out_len = 0;
		call_put(c, 0x01, der, n + size);
		memcpy(c->out + c->out_len, pub, pub_len);
		c->out_len += pub_len;
	}
	explicit_bzero(&key, sizeof(key));
	explicit_bzero(der, sizeof(der));
	return err;
}

static uint8_t
generate_session(struct call *c, struct sim_session_context *session, uint8_t usage)
{
	struct sim_key key;
	uint8_t err;

	if (usage == 0)
		return E_DATA;
	if (rsa_size(c->param) != 0 && app_switch(c->app, SIM_APP_NO_SESSION_RSA))
		return E_BUFFER;
	if ((err = generate(c, &key)) == 0)
		session_put_key(session, &key, usage);
	explicit_bzero(&key, sizeof(key));
	return err;
}

/* Whether a key of this kind of object may be replaced, now. */
static uint8_t
slot_usable(struct call *c, int i, uint8_t kind, uint8_t usage)
{
	if (i < 0 || object_at((size_t)i)->kind == OBJ_SESSION)
		return E_OID;
	if (usage == 0 || object_at((size_t)i)->kind != kind)
		return E_DATA;
	return object_usable(c, (size_t)i, TAG_CHANGE);
}

/* Key and metadata change together or not at all. */
static uint8_t
store_key(struct call *c, size_t i, const struct sim_key *key, uint8_t usage)
{
	if (!meta_set(&c->app->meta[i], TAG_ALG, &key->alg, 1) ||
	    !meta_set(&c->app->meta[i], TAG_USAGE, &usage, 1))
		return E_META_TRUNCATED;
	*object_key(c->app, i) = *key;
	return 0;
}

static uint8_t
generate_stored(struct call *c, const uint8_t *oid, uint8_t usage)
{
	struct sim_session_context *session = session_find(c->app, oid_value(oid));
	const int i = oid_at(c->app, oid);
	struct sim_key key;
	uint8_t err;

	if (session != NULL)
		return generate_session(c, session, usage);
	err = slot_usable(c, i, rsa_size(c->param) != 0 ? OBJ_RSA : OBJ_ECC, usage);
	if (err != 0)
		return err;
	if ((err = generate(c, &key)) == 0)
		err = store_key(c, (size_t)i, &key, usage);
	explicit_bzero(&key, sizeof(key));
	return err;
}

/* InData of both generating commands: OID and usage, or export. */
static uint8_t
where(const struct call *c, struct tlv t[3])
{
	uint8_t err;

	t[0] = (struct tlv){ .tag = 0x01 };
	t[1] = (struct tlv){ .tag = 0x02 };
	t[2] = (struct tlv){ .tag = 0x07 };
	if ((err = tlv_parse(c->in, c->in_len, t, 3)) != 0)
		return err;
	if (t[2].present)
		return t[2].len != 0 ? E_LENGTH : t[0].present || t[1].present ? E_DATA : 0;
	if (!t[0].present || !t[1].present)
		return E_DATA;
	return t[0].len != 2 || t[1].len != 1 ? E_LENGTH : 0;
}

uint8_t
cmd_genkey(struct call *c)
{
	struct tlv t[3];
	uint8_t err;

	if ((ec_size(c->param) == 0 && rsa_size(c->param) == 0) || !model_alg(c->app, c->param))
		return E_PARAM;
	if ((err = where(c, t)) != 0)
		return err;
	return t[2].present ? generate_export(c) : generate_stored(c, t[0].value, t[1].value[0]);
}

uint8_t
cmd_gensym(struct call *c)
{
	struct tlv t[3];
	struct sim_key key = { .alg = c->param };
	int i = -1;
	uint8_t err;

	if (aes_size(c->param) == 0)
		return E_PARAM;
	if ((err = where(c, t)) != 0)
		return err;
	if (!t[2].present) {
		i = oid_at(c->app, t[0].value);
		if ((err = slot_usable(c, i, OBJ_AES, t[1].value[0])) != 0)
			return err;
	}
	rng_bytes(c->app, key.priv, aes_size(c->param));
	if (t[2].present)
		call_put(c, 0x01, key.priv, aes_size(c->param));
	else
		err = store_key(c, (size_t)i, &key, t[1].value[0]);
	explicit_bzero(&key, sizeof(key));
	c->us = GENERATE_AES_US;
	return err;
}

static uint8_t
key_fits(uint8_t scheme, const struct sim_key *key, size_t len)
{
	if (scheme != SCHEME_ECDSA)
		return rsa_size(key->alg) == 0 ? E_USAGE : 0;
	if (ec_size(key->alg) == 0)
		return E_USAGE;
	return len <= ec_size(key->alg) ? 0 : E_DATA;
}

/* Digest lengths that no key would make right. */
static bool
digest_wrong(uint8_t scheme, size_t len)
{
	return scheme == SCHEME_ECDSA ? len < DIGEST_MIN || len > 66 : len != 16u + 16u * scheme;
}

/* ECDSA everywhere; RSA with SHA-256 and 384 on Trust M, with SHA-512 on V3. */
bool
scheme_known(const struct call *c)
{
	switch (c->param) {
	case SCHEME_ECDSA: return true;
	case 0x01:
	case 0x02: return model_on(c->app, ON_M);
	case 0x03: return model_on(c->app, ON_V3);
	default: return false;
	}
}

uint8_t
cmd_sign(struct call *c)
{
	struct tlv t[] = { { .tag = 0x01 }, { .tag = 0x03 } };
	struct key_ref k;
	uint8_t err;

	if (!scheme_known(c))
		return E_PARAM;
	if ((err = tlv_parse(c->in, c->in_len, t, NITEMS(t))) != 0)
		return err;
	if (!t[0].present || !t[1].present)
		return E_DATA;
	if (t[1].len != 2)
		return E_LENGTH;
	if (digest_wrong(c->param, t[0].len))
		return E_DATA;
	if ((err = key_select(c, t[1].value, USE_AUTH | USE_SIGN, &k)) != 0 ||
	    (err = key_fits(c->param, k.key, t[0].len)) != 0)
		return err;
	if (k.persistent)
		monitor_event(c);
	if (c->param == SCHEME_ECDSA) {
		c->out_len = ecdsa_sign(c->app, k.key, t[0].value, t[0].len, c->out);
		c->us = model_ec_us(c->app, TIME_SIGN_EC, k.key->alg);
		return c->out_len != 0 ? 0 : E_INTERNAL;
	}
	c->out_len = rsa_size(k.key->alg);
	c->us = model_rsa_us(c->app, TIME_SIGN_RSA, k.key->alg);
	return rsa_sign(k.key, t[0].value, t[0].len, c->out) ? 0 : E_INTERNAL;
}
