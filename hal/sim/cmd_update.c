/*
 * SetObjectProtected: SRM 4.4.1 and "Protected Update". A signed manifest, then fragments of the
 * payload, each with the hash of the next one:
 *
 *   payload, or ciphertext and tag (608) | SHA-256 of the whole next fragment (32)
 *   the last one: 1..640 bytes, no hash
 */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "hal/sim/access.h"
#include "hal/sim/ccm.h"
#include "hal/sim/cert.h"
#include "hal/sim/manifest.h"
#include "hal/sim/model.h"
#include "hal/sim/object.h"
#include "hal/sim/operand.h"
#include "hal/sim/session.h"
#include "hal/sim/sha.h"
#include "hal/sim/update.h"

#define FRAGMENT_MAX    640
#define HASH_LEN        32
#define SECRET_MAX      64
#define VERSION_NUMBER  0x7FFF
#define VERSION_INVALID 0x8000
#define TYPE_ANCHOR     0x11
#define TYPE_UPDATSEC   0x23
#define OID_UID         0xE0C2
#define UID_SILICON     25 /* without the build */

#define FRAGMENT_US     60000 /* a manifest takes as long as the check of its signature */

/* --- the manifest -------------------------------------------------------------------------- */

/* What this chip does not take at all, and parts meant for others. */
static bool
fits_chip(struct sim_app *app, const struct manifest *m)
{
	const uint8_t *uid = object_content(app, (size_t)object_find(OID_UID));

	if (!model_on(app, ON_V3) && (m->type != PAYLOAD_DATA || m->encrypted || m->uid.len != 0))
		return false;
	if (m->type != PAYLOAD_DATA && m->size > sizeof(app->update.payload))
		return false;
	return m->uid.len == 0 || memcmp(m->uid.p, uid, UID_SILICON) == 0;
}

static bool
is_excluded(uint16_t oid)
{
	return (oid >= 0xE0C0 && oid <= 0xE0C6) || (oid >= 0xF1C0 && oid <= 0xF1C2);
}

static uint8_t
check_key_target(const struct sim_app *app, const struct manifest *m, uint8_t kind)
{
	const uint8_t alg = (uint8_t)m->info[0];
	bool fits;

	switch (kind) {
	case OBJ_ECC: fits = ec_size(alg) != 0; break;
	case OBJ_RSA: fits = rsa_size(alg) != 0; break;
	case OBJ_AES: fits = aes_size(alg) != 0; break;
	default: return E_OID;
	}
	return fits && model_alg(app, alg) ? 0 : E_MANIFEST;
}

static uint8_t
check_target(const struct sim_app *app, const struct manifest *m, size_t *ip)
{
	const int i = object_lookup(app, m->target);

	if (i < 0 || object_at((size_t)i)->kind == OBJ_SESSION)
		return E_OID;
	*ip = (size_t)i;
	if (is_excluded(m->target))
		return E_ACCESS;
	if (m->type == PAYLOAD_KEY)
		return check_key_target(app, m, object_at(*ip)->kind);
	return m->type == PAYLOAD_METADATA || object_max(app, *ip) != 0 ? 0 : E_OID;
}

/* Upward only. What an update that broke off has left is overwritten by its own repetition. */
static uint8_t
check_version(const struct sim_app *app, const struct manifest *m, size_t i)
{
	size_t len;
	const uint8_t *v = meta_get(&app->meta[i], TAG_VERSION, &len);
	const unsigned now = v != NULL ? (unsigned)v[0] << 8 | v[1] : 0;

	if ((now & VERSION_INVALID) == 0)
		return m->version > now ? 0 : E_VERSION;
	if (app->overwriting[i])
		return m->version == (now & VERSION_NUMBER) ? 0 : E_VERSION;
	return m->version >= (now & VERSION_NUMBER) ? 0 : E_VERSION;
}

static uint8_t
check_permission(struct call *c, const struct manifest *m, size_t i)
{
	const struct access_update u = { m->anchor, m->secret, m->encrypted };
	const bool metadata = m->type == PAYLOAD_METADATA;
	size_t len;

	if (m->anchor == m->target || (m->encrypted && m->secret == m->target))
		return E_ACCESS;
	if (metadata && meta_get(&c->app->meta[i], TAG_RESET, &len) == NULL)
		return E_ACCESS;
	return access_update_granted(c->app, i, metadata ? TAG_UPDATE : TAG_CHANGE, c->prot, &u)
		   ? 0
		   : E_ACCESS;
}

static uint8_t
load_anchor(struct call *c, const struct manifest *m, struct sim_public *pub)
{
	const int i = object_lookup(c->app, m->anchor);
	struct sim_cert cert;
	uint8_t err;

	if (i < 0 || object_at((size_t)i)->kind != OBJ_DATA)
		return E_OID;
	if ((err = object_usable(c, (size_t)i, TAG_EXECUTE)) != 0)
		return err;
	if (object_type(c->app, (size_t)i) != TYPE_ANCHOR && !app_switch(c->app, SIM_APP_ANY_TYPE))
		return E_DATA;
	err = cert_parse(object_content(c->app, (size_t)i), object_used(c->app, (size_t)i), &cert);
	if (err != 0)
		return err;
	*pub = cert.key;
	return model_alg(c->app, pub->alg) ? 0 : E_CERT_UNSUPPORTED;
}

/*
 * Sig_structure: [ "Signature1", protected header, no external data, payload ]. The context is a
 * byte string (4A), where COSE has a text string (6A): so the chip wants it.
 */
static void
signed_hash(const struct manifest *m, uint8_t hash[SHA_MAX])
{
	static const uint8_t context[] = { 0x84, 0x4A, 'S', 'i', 'g', 'n', 'a', 't', 'u', 'r', 'e',
		'1' };
	const uint8_t header = (uint8_t)(0x40 | m->protected.len), nothing = 0x40;
	struct sim_sha sha;

	sha_start(&sha, HASH_LEN);
	sha_add(&sha, context, sizeof(context));
	sha_add(&sha, &header, 1); /* the header is one of two, both short */
	sha_add(&sha, m->protected.p, m->protected.len);
	sha_add(&sha, &nothing, 1);
	sha_add(&sha, m->body.p, m->body.len);
	sha_end(&sha, hash);
}

static uint8_t
check_signature(struct call *c, const struct manifest *m, const struct sim_public *pub)
{
	const size_t size = m->rsa ? rsa_size(pub->alg) : ec_size(pub->alg);
	uint8_t hash[SHA_MAX];
	bool ok;

	if (size == 0 || m->signature.len != (m->rsa ? size : 2 * size))
		return E_SIGNATURE;
	signed_hash(m, hash);
	if (m->rsa) {
		c->us = model_rsa_us(c->app, TIME_VERIFY_RSA, pub->alg);
		ok = rsa_verify(pub, hash, HASH_LEN, m->signature.p);
	} else {
		c->us = model_ec_us(c->app, TIME_VERIFY_EC, pub->alg);
		ok = ecdsa_verify(pub, hash, HASH_LEN, m->signature.p, m->signature.p + size);
	}
	return ok ? 0 : E_SIGNATURE;
}

/* AES key (16) and the secret part of the nonces (11) of an encrypted payload. */
static uint8_t
derive(struct call *c, const struct manifest *m, struct sim_update *u)
{
	const uint8_t oid[2] = { (uint8_t)(m->secret >> 8), (uint8_t)m->secret };
	uint8_t seed[96], out[sizeof(u->key) + sizeof(u->nonce)];
	struct secret_ref s;
	const uint8_t err = secret_select(c, oid, TYPE_UPDATSEC, 0, &s);

	if (err != 0)
		return err;
	if (m->label.len > 0)
		memcpy(seed, m->label.p, m->label.len);
	memcpy(seed + m->label.len, m->seed.p, m->seed.len);
	sim_prf(HASH_LEN, s.p, s.len < SECRET_MAX ? s.len : SECRET_MAX, seed,
	    m->label.len + m->seed.len, out, sizeof(out));
	memcpy(u->key, out, sizeof(u->key));
	memcpy(u->nonce, out + sizeof(u->key), sizeof(u->nonce));
	OPENSSL_cleanse(out, sizeof(out));
	return 0;
}

/* Room for the payload, and for the version in the metadata. */
static uint8_t
check_room(const struct sim_app *app, const struct manifest *m, size_t i)
{
	const uint8_t version[2] = { 0 };
	struct sim_meta meta = app->meta[i];
	const size_t max = object_max(app, i);

	if (m->type == PAYLOAD_DATA && (m->size > max || m->info[0] > max - m->size))
		return E_BOUNDARY;
	return meta_set(&meta, TAG_VERSION, version, sizeof(version)) ? 0 : E_META_TRUNCATED;
}

static uint8_t
judge(struct call *c, const struct manifest *m, struct sim_update *u)
{
	struct sim_public pub;
	uint8_t err;
	size_t i = 0;

	if (!fits_chip(c->app, m))
		return E_MANIFEST;
	if ((err = check_target(c->app, m, &i)) != 0 || (err = check_version(c->app, m, i)) != 0 ||
	    (err = check_permission(c, m, i)) != 0 || (err = load_anchor(c, m, &pub)) != 0 ||
	    (m->encrypted && (err = derive(c, m, u)) != 0) ||
	    (err = check_signature(c, m, &pub)) != 0)
		return err;
	u->object = (uint8_t)i;
	return check_room(c->app, m, i);
}

static uint8_t
start(struct call *c, const uint8_t *p, size_t len)
{
	struct sim_update *u = &c->app->update;
	struct manifest m;
	uint8_t err;

	sequence_end(c->app);
	if (!manifest_parse(p, len, &m))
		return E_MANIFEST;
	if ((err = judge(c, &m, u)) != 0)
		return err;
	u->type = m.type;
	u->encrypted = m.encrypted;
	u->size = m.size;
	u->version = m.version;
	memcpy(u->info, m.info, sizeof(u->info));
	memcpy(u->hash, m.hash, sizeof(u->hash));
	c->app->sequence.code = CMD_UPDATE;
	if (app_switch(c->app, SIM_APP_MARK_EARLY))
		update_mark(c->app);
	return 0;
}

/* --- fragments ----------------------------------------------------------------------------- */

static bool
hash_fits(const struct sim_update *u, const uint8_t *p, size_t len)
{
	struct sim_sha sha;
	uint8_t hash[SHA_MAX];

	sha_start(&sha, HASH_LEN);
	sha_add(&sha, p, len);
	sha_end(&sha, hash);
	return memcmp(hash, u->hash, HASH_LEN) == 0;
}

/* Nonce: secret (11), number of the fragment from 1 (2). Data: version (2) offset (3) size (3). */
static bool
decrypt(const struct sim_update *u, const uint8_t *in, size_t n, uint8_t *plain)
{
	const unsigned number = u->fragments + 1;
	const uint8_t aad[CCM_AAD] = { (uint8_t)(u->version >> 8), (uint8_t)u->version,
		(uint8_t)(u->done >> 16), (uint8_t)(u->done >> 8), (uint8_t)u->done,
		(uint8_t)(u->size >> 16), (uint8_t)(u->size >> 8), (uint8_t)u->size };
	uint8_t nonce[CCM_NONCE];

	memcpy(nonce, u->nonce, sizeof(u->nonce));
	nonce[11] = (uint8_t)(number >> 8);
	nonce[12] = (uint8_t)number;
	return sim_ccm_open(u->key, nonce, aad, in, n, plain);
}

/* A fragment that is not what was signed may be an attack: it counts as a security event. */
static uint8_t
unpack(struct call *c, const uint8_t *p, size_t len, bool final, uint8_t *plain, size_t *np)
{
	const struct sim_update *u = &c->app->update;
	size_t n = final ? len : len - HASH_LEN;

	if (u->encrypted && n <= CCM_TAG)
		return E_LENGTH;
	n -= u->encrypted ? CCM_TAG : 0;
	if (!hash_fits(u, p, len) || (u->encrypted && !decrypt(u, p, n, plain))) {
		monitor_event(c);
		return E_INTEGRITY;
	}
	if (!u->encrypted)
		memcpy(plain, p, n);
	*np = n;
	return (final ? u->done + n == u->size : u->done + n < u->size) ? 0 : E_LENGTH;
}

static void
store(struct sim_app *app, const uint8_t *plain, size_t n, bool final)
{
	struct sim_update *u = &app->update;
	const bool first = u->fragments == 0;

	/* A key or metadata that came in one piece is never seen half done. */
	if (first && (u->type == PAYLOAD_DATA || !final))
		update_mark(app);
	if (u->type == PAYLOAD_DATA)
		update_data(app, plain, n, first);
	else
		memcpy(u->payload + u->done, plain, n);
	u->done += (uint32_t)n;
	u->fragments++;
}

static uint8_t
fragment(struct call *c, const uint8_t *p, size_t len, bool final)
{
	struct sim_update *u = &c->app->update;
	uint8_t plain[FRAGMENT_MAX];
	size_t n = 0;
	uint8_t err;

	if (final ? len == 0 || len > FRAGMENT_MAX : len != FRAGMENT_MAX)
		return E_LENGTH;
	if (c->app->sequence.code != CMD_UPDATE)
		return E_SEQUENCE;
	c->us = FRAGMENT_US;
	if ((err = unpack(c, p, len, final, plain, &n)) == 0) {
		store(c->app, plain, n, final);
		if (!final)
			memcpy(u->hash, p + FRAGMENT_MAX - HASH_LEN, HASH_LEN);
		else if ((err = update_finish(c->app)) == 0)
			sequence_end(c->app);
	}
	OPENSSL_cleanse(plain, sizeof(plain));
	return err;
}

uint8_t
cmd_update(struct call *c)
{
	enum { START, FINAL, CONTINUE, NTAGS };
	struct tlv t[NTAGS] = { { .tag = 0x30 }, { .tag = 0x31 }, { .tag = 0x32 } };
	uint8_t err;

	if (c->param != 0x01)
		return E_PARAM;
	if ((err = tlv_parse(c->in, c->in_len, t, NTAGS)) != 0)
		return err;
	if (t[START].present + t[FINAL].present + t[CONTINUE].present != 1)
		return E_DATA;
	if (t[START].present)
		return start(c, t[START].value, t[START].len);
	return t[FINAL].present ? fragment(c, t[FINAL].value, t[FINAL].len, true)
				: fragment(c, t[CONTINUE].value, t[CONTINUE].len, false);
}
