/*
 * What a protected update does to its target: SRM 3.30, "Protected Update". Data go into the
 * object as they come; keys and metadata are small, are collected and then taken as a whole.
 */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "hal/sim/crypto.h"
#include "hal/sim/manifest.h"
#include "hal/sim/object.h"
#include "hal/sim/rng.h"
#include "hal/sim/update.h"

#define VERSION_INVALID 0x8000
#define OID_MONITOR     0xE0C9

enum { RESET_TO_ZERO = 0x10, RESET_TO_RANDOM = 0x20, RESET_LCSO = 0x0F };

static bool
set_version(struct sim_meta *m, unsigned version)
{
	const uint8_t v[2] = { (uint8_t)(version >> 8), (uint8_t)version };

	return meta_set(m, TAG_VERSION, v, sizeof(v));
}

void
update_mark(struct sim_app *app)
{
	const struct sim_update *u = &app->update;

	(void)set_version(&app->meta[u->object], u->version | VERSION_INVALID);
	app->overwriting[u->object] = u->type == PAYLOAD_DATA && u->info[1] == WRITE_OVER;
}

/* --- data ---------------------------------------------------------------------------------- */

void
update_data(struct sim_app *app, const uint8_t *p, size_t n, bool first)
{
	const struct sim_update *u = &app->update;
	const size_t i = u->object, end = u->info[0] + u->done + n;
	uint8_t *content = object_content(app, i);

	if (first && u->info[1] == WRITE_ERASED) {
		memset(content, 0, object_max(app, i));
		object_set_used(app, i, 0);
	}
	memcpy(content + u->info[0] + u->done, p, n);
	if (end > object_used(app, i))
		object_set_used(app, i, end);
}

static uint8_t
finish_data(struct sim_app *app)
{
	const struct sim_update *u = &app->update;

	app->overwriting[u->object] = false;
	return set_version(&app->meta[u->object], u->version) ? 0 : E_META_TRUNCATED;
}

/* --- keys ---------------------------------------------------------------------------------- */

enum { PART_PRIVATE, PART_2, PART_3, NPARTS };

static bool
has_size(const struct tlv *t, size_t len)
{
	return t->present && t->len == len;
}

/* 01 private key, 02 public key, which is not needed. */
static bool
take_ec(const struct tlv t[NPARTS], struct sim_key *key)
{
	const size_t size = ec_size(key->alg);

	if (!has_size(&t[PART_PRIVATE], size) || t[PART_3].present ||
	    (t[PART_2].present && t[PART_2].len != 2 * size))
		return false;
	memcpy(key->priv, t[PART_PRIVATE].value, size);
	return ec_private_valid(key);
}

/* 01 private exponent, 02 modulus, 03 public exponent, which is not needed. */
static bool
take_rsa(const struct tlv t[NPARTS], struct sim_key *key)
{
	const size_t size = rsa_size(key->alg);

	if (!has_size(&t[PART_PRIVATE], size) || !has_size(&t[PART_2], size) ||
	    !has_size(&t[PART_3], 4))
		return false;
	memcpy(key->priv, t[PART_PRIVATE].value, size);
	memcpy(key->n, t[PART_2].value, size);
	return (key->n[0] & 0x80) != 0 && (key->n[size - 1] & 0x01) != 0;
}

static bool
take_aes(const struct tlv t[NPARTS], struct sim_key *key)
{
	const size_t size = aes_size(key->alg);

	if (!has_size(&t[PART_PRIVATE], size) || t[PART_2].present || t[PART_3].present)
		return false;
	memcpy(key->priv, t[PART_PRIVATE].value, size);
	return true;
}

static uint8_t
take_key(const struct sim_update *u, struct sim_key *key)
{
	struct tlv t[NPARTS] = { { .tag = 0x01 }, { .tag = 0x02 }, { .tag = 0x03 } };
	const uint8_t err = tlv_parse(u->payload, u->size, t, NPARTS);
	bool ok;

	if (err != 0)
		return err;
	key->alg = (uint8_t)u->info[0];
	if (ec_size(key->alg) != 0)
		ok = take_ec(t, key);
	else if (rsa_size(key->alg) != 0)
		ok = take_rsa(t, key);
	else
		ok = take_aes(t, key);
	return ok ? 0 : E_DATA;
}

static uint8_t
finish_key(struct sim_app *app)
{
	const struct sim_update *u = &app->update;
	const uint8_t alg = (uint8_t)u->info[0], usage = (uint8_t)u->info[1];
	struct sim_meta meta = app->meta[u->object];
	struct sim_key key = { 0 };
	uint8_t err = take_key(u, &key);

	if (err == 0 &&
	    (!meta_set(&meta, TAG_ALG, &alg, 1) || !meta_set(&meta, TAG_USAGE, &usage, 1) ||
		!set_version(&meta, u->version)))
		err = E_META_TRUNCATED;
	if (err == 0) {
		app->meta[u->object] = meta;
		*object_key(app, u->object) = key;
	}
	OPENSSL_cleanse(&key, sizeof(key));
	return err;
}

/* --- metadata ------------------------------------------------------------------------------ */

/*
 * F0: 5:4 how to reset the content, 3:0 LcsO afterwards. If it does not say how, the manifest does.
 */
static uint8_t
reset_type(const struct sim_update *u, uint8_t f0, uint32_t *how)
{
	switch (f0 & (RESET_TO_ZERO | RESET_TO_RANDOM)) {
	case RESET_TO_ZERO: *how = RESET_ZERO; break;
	case RESET_TO_RANDOM: *how = RESET_RANDOM; break;
	case 0: *how = u->info[0]; break;
	default: return E_METADATA;
	}
	return is_life_cycle(f0 & RESET_LCSO) ? 0 : E_METADATA;
}

/* The metadata that belong to a reset object. RESET_BY_OBJECT here: its content stays. */
static void
reset_meta(const struct sim_app *app, size_t i, uint8_t lcso, uint32_t how, struct sim_meta *m)
{
	const uint8_t none = 0;
	size_t len;

	if (meta_get(m, TAG_LCSO, &len) != NULL)
		(void)meta_set(m, TAG_LCSO, &lcso, 1);
	if (how == RESET_BY_OBJECT || object_at(i)->oid == OID_MONITOR)
		return;
	if (object_max(app, i) == 0)
		meta_remove(m, TAG_ALG);
	else
		(void)meta_set(m, TAG_USED, &none, 1);
}

static void
reset_content(struct sim_app *app, size_t i, uint32_t how)
{
	struct sim_key *key = object_key(app, i);

	if (how == RESET_BY_OBJECT)
		return;
	if (key != NULL)
		OPENSSL_cleanse(key, sizeof(*key));
	else if (object_at(i)->oid == OID_MONITOR)
		object_default_content(app, i);
	else if (how == RESET_ZERO)
		memset(object_content(app, i), 0, object_max(app, i));
	else
		rng_bytes(app, object_content(app, i), object_max(app, i));
}

/* First the reset, then the tags of the payload, then the version. */
static uint8_t
finish_metadata(struct sim_app *app)
{
	const struct sim_update *u = &app->update;
	struct sim_meta meta = app->meta[u->object];
	uint32_t how;
	uint8_t err;
	size_t len;
	const uint8_t *f0 = meta_get(&meta, TAG_RESET, &len);

	if (f0 == NULL)
		return E_ACCESS;
	if ((err = reset_type(u, f0[0], &how)) != 0)
		return err;
	reset_meta(app, u->object, f0[0] & RESET_LCSO, how, &meta);
	if ((err = meta_merge(app, u->object, u->payload, u->size, true, &meta)) != 0)
		return err;
	if (!set_version(&meta, u->version))
		return E_META_TRUNCATED;
	app->meta[u->object] = meta;
	reset_content(app, u->object, how);
	return 0;
}

uint8_t
update_finish(struct sim_app *app)
{
	switch (app->update.type) {
	case PAYLOAD_DATA: return finish_data(app);
	case PAYLOAD_KEY: return finish_key(app);
	default: return finish_metadata(app);
	}
}
