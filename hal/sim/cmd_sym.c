/*
 * EncryptSym and DecryptSym: SRM 4.4.1. AES and MACs, at once or in steps; HMAC verification, which
 * is how a host authorizes itself.
 */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "hal/sim/object.h"
#include "hal/sim/operand.h"
#include "hal/sim/sha.h"

#define IN_MAX     640
#define TAG_RESULT 0x61

/* Times of AES-128 and HMAC-SHA256 with a data object, 128 bytes. */
#define ENCRYPT_US 28000
#define DECRYPT_US 35000
#define HMAC_US    90000

enum { CODE_ENCRYPT = 0x14, CODE_DECRYPT = 0x15 };

/* Tags of the data say which part of a sequence it is. */
enum { START = 0x00, WHOLE = 0x01, CONTINUE = 0x02, FINAL = 0x03 };

enum mode { ECB, CBC, CBC_MAC, CMAC, HMAC };

static const struct scheme {
	uint8_t param;
	enum mode mode;
	uint8_t hash;
} schemes[] = {
	{ 0x08, ECB, 0 },
	{ 0x09, CBC, 0 },
	{ 0x0A, CBC_MAC, 0 },
	{ 0x0B, CMAC, 0 },
	{ 0x20, HMAC, 32 },
	{ 0x21, HMAC, 48 },
	{ 0x22, HMAC, 64 },
};

enum { DATA, ASSOCIATED, IV, TOTAL, VERIFY, NTAGS };

static const struct scheme *
find_scheme(uint8_t param)
{
	for (size_t i = 0; i < NITEMS(schemes); i++)
		if (schemes[i].param == param)
			return &schemes[i];
	return NULL;
}

static bool
starts(const struct tlv t[NTAGS])
{
	return t[DATA].tag == START || t[DATA].tag == WHOLE;
}

static bool
ends(const struct tlv t[NTAGS])
{
	return t[DATA].tag == FINAL || t[DATA].tag == WHOLE;
}

/* InData: OID(2), then tags in any order, one of them that of the data. */
static uint8_t
parse(const struct call *c, struct tlv t[NTAGS])
{
	static const uint8_t tags[NTAGS] = { 0xFF, 0x40, 0x41, 0x42, 0x43 };
	uint8_t err;

	if (c->in_len < 2 || c->in_len > IN_MAX)
		return E_LENGTH;
	for (size_t i = 0; i < NTAGS; i++)
		t[i] = (struct tlv){ .tag = tags[i] };
	for (size_t at = 2; at + 3 <= c->in_len && t[DATA].tag == 0xFF;
	     at += 3 + ((size_t)c->in[at + 1] << 8 | c->in[at + 2]))
		if (c->in[at] <= FINAL)
			t[DATA].tag = c->in[at];
	if ((err = tlv_parse(c->in + 2, c->in_len - 2, t, NTAGS)) != 0)
		return err;
	return t[DATA].present && t[DATA].tag != 0xFF ? 0 : E_DATA;
}

static uint8_t
check_form(const struct call *c, const struct scheme *s, const struct tlv t[NTAGS])
{
	const bool aligned = s->mode != HMAC && !(s->mode == CMAC && ends(t));

	if (t[DATA].len == 0 || t[VERIFY].present || t[ASSOCIATED].present)
		return E_DATA;
	if (aligned && t[DATA].len % AES_BLOCK != 0)
		return E_LENGTH;
	/* A total length is sent with MACs by hosts in the field; it has no meaning there. */
	if (t[TOTAL].present && s->mode != CBC_MAC && s->mode != CMAC)
		return E_DATA;
	if (t[IV].present && (s->mode != CBC || !starts(t)))
		return E_DATA;
	if (t[IV].present && t[IV].len != AES_BLOCK)
		return E_LENGTH;
	return s->mode == CBC && starts(t) && !t[IV].present &&
		       app_switch(c->app, SIM_APP_CBC_NEEDS_IV)
		   ? E_DATA
		   : 0;
}

static uint8_t
start_hmac(struct call *c, const struct scheme *s)
{
	struct sim_sequence *q = &c->app->sequence;
	struct secret_ref secret;
	struct sim_hmac h;
	const uint8_t err = secret_select(c, c->in, TYPE_PRESSEC,
	    KIND(SIM_SESSION_SECRET) | KIND(SIM_SESSION_PREMASTER), &secret);

	if (err != 0)
		return err;
	if (secret.persistent && !app_switch(c->app, SIM_APP_HMAC_UNCOUNTED))
		monitor_event(c);
	hmac_start(&h, s->hash, secret.p, secret.len);
	q->inner = h.inner;
	q->outer = h.outer;
	explicit_bzero(&h, sizeof(h));
	return 0;
}

static uint8_t
start_aes(struct call *c, const struct tlv *iv)
{
	struct sim_sequence *q = &c->app->sequence;
	const int i = oid_at(c->app, c->in);
	const uint8_t *usage;
	size_t len;
	uint8_t err;

	if (i < 0 || object_at((size_t)i)->kind != OBJ_AES)
		return E_OID;
	if ((err = object_usable(c, (size_t)i, TAG_EXECUTE)) != 0)
		return err;
	if (!object_key_present(c->app, (size_t)i))
		return E_SEQUENCE;
	usage = meta_get(&c->app->meta[i], TAG_USAGE, &len);
	if (usage == NULL || (usage[0] & USE_ENC) == 0)
		return E_USAGE;
	monitor_event(c);
	q->key = (uint8_t)i;
	if (iv->present)
		memcpy(q->chain, iv->value, AES_BLOCK);
	return 0;
}

static uint8_t
start(struct call *c, const struct scheme *s, uint8_t code, const struct tlv t[NTAGS])
{
	struct sim_sequence *q = &c->app->sequence;

	explicit_bzero(q, sizeof(*q));
	q->code = code;
	q->param = c->param;
	return s->mode == HMAC ? start_hmac(c, s) : start_aes(c, &t[IV]);
}

/* MACs of AES: all but the end of a CMAC is CBC whose results are dropped. */
static bool
add_mac(struct sim_sequence *q, const struct scheme *s, const struct sim_key *key,
    const struct tlv t[NTAGS])
{
	uint8_t dropped[IN_MAX];
	const uint8_t *p = t[DATA].value;
	const size_t len = t[DATA].len;
	size_t last = 0;
	bool ok = true;

	if (s->mode == CMAC && ends(t))
		last = len % AES_BLOCK != 0 ? len % AES_BLOCK : AES_BLOCK;
	if (len > last)
		ok = aes_cbc(key, true, q->chain, p, len - last, dropped);
	if (last > 0)
		ok = ok && aes_cmac_last(key, q->chain, p + len - last, last);
	explicit_bzero(dropped, sizeof(dropped));
	return ok;
}

static uint8_t
step_aes(struct call *c, const struct scheme *s, bool encrypt, const struct tlv t[NTAGS])
{
	struct sim_sequence *q = &c->app->sequence;
	const struct sim_key *key = object_key(c->app, q->key);
	uint8_t out[IN_MAX];
	bool ok;

	if (key == NULL)
		return E_INTERNAL;
	if (s->mode == CBC_MAC || s->mode == CMAC) {
		if (!add_mac(q, s, key, t))
			return E_INTERNAL;
		if (ends(t) || (t[DATA].tag == START && !app_switch(c->app, SIM_APP_MAC_SILENT)))
			call_put(c, TAG_RESULT, q->chain, AES_BLOCK);
		return 0;
	}
	ok = s->mode == ECB ? aes_ecb(key, encrypt, t[DATA].value, t[DATA].len, out)
			    : aes_cbc(key, encrypt, q->chain, t[DATA].value, t[DATA].len, out);
	if (ok)
		call_put(c, TAG_RESULT, out, t[DATA].len);
	explicit_bzero(out, sizeof(out));
	return ok ? 0 : E_INTERNAL;
}

static void
step_hmac(struct call *c, const struct tlv t[NTAGS])
{
	struct sim_sequence *q = &c->app->sequence;
	struct sim_hmac h = { q->inner, q->outer };
	uint8_t mac[SHA_MAX];
	const size_t size = q->inner.size;

	sha_add(&h.inner, t[DATA].value, t[DATA].len);
	q->inner = h.inner;
	if (ends(t)) {
		hmac_end(&h, mac);
		call_put(c, TAG_RESULT, mac, size);
	}
	explicit_bzero(&h, sizeof(h));
}

static uint8_t
cipher(struct call *c, const struct scheme *s, uint8_t code, const struct tlv t[NTAGS])
{
	struct sim_sequence *q = &c->app->sequence;
	uint8_t err = check_form(c, s, t);

	if (err == 0 && starts(t))
		err = start(c, s, code, t);
	else if (err == 0 && (q->code != code || q->param != c->param))
		err = E_SEQUENCE;
	if (err == 0 && s->mode == HMAC)
		step_hmac(c, t);
	else if (err == 0)
		err = step_aes(c, s, code == CODE_ENCRYPT, t);
	if (err != 0)
		return err;
	if (ends(t))
		explicit_bzero(q, sizeof(*q));
	c->us = s->mode == HMAC ? HMAC_US : code == CODE_ENCRYPT ? ENCRYPT_US : DECRYPT_US;
	return 0;
}

/* --- authorization ------------------------------------------------------------------------- */

/* data: session(2), what GetRandom left in the session, anything. */
static uint8_t
check_mac(const struct scheme *s, const struct sim_session_context *session,
    const struct secret_ref *secret, const struct tlv t[NTAGS])
{
	const uint8_t *p = t[DATA].value + 2;
	const size_t len = t[DATA].len - 2;
	uint8_t mac[SHA_MAX];
	struct sim_hmac h;
	bool ok;

	hmac_start(&h, s->hash, secret->p, secret->len);
	sha_add(&h.inner, p, len);
	hmac_end(&h, mac);
	ok = len >= session->len && CRYPTO_memcmp(p, session->data, session->len) == 0 &&
	     t[VERIFY].len == s->hash && CRYPTO_memcmp(mac, t[VERIFY].value, s->hash) == 0;
	explicit_bzero(mac, sizeof(mac));
	return ok ? 0 : E_AUTHORIZATION;
}

static uint8_t
verify(struct call *c, const struct scheme *s, const struct sim_session_context *session,
    const struct tlv t[NTAGS])
{
	struct secret_ref secret;
	uint8_t err;

	if (t[DATA].tag != WHOLE || t[DATA].len < 2 || !t[VERIFY].present ||
	    t[ASSOCIATED].present || t[IV].present || t[TOTAL].present)
		return E_DATA;
	if (session == NULL || session_find(c->app, oid_value(c->in)) != NULL)
		return E_OID;
	if ((err = secret_select(c, c->in, TYPE_AUTOREF, 0, &secret)) != 0)
		return err;
	if (session->kind != SIM_SESSION_RANDOM)
		return E_SEQUENCE;
	if (!app_switch(c->app, SIM_APP_HMAC_UNCOUNTED))
		monitor_event(c);
	c->us = HMAC_US;
	if ((err = check_mac(s, session, &secret, t)) != 0)
		return err;
	return auth_set(c->app, oid_value(c->in)) ? 0 : E_INTERNAL;
}

/* Whatever the outcome the random is used up; any failure ends the authorization there was. */
static uint8_t
authorize(struct call *c, const struct scheme *s, const struct tlv t[NTAGS])
{
	struct sim_session_context *session =
	    t[DATA].len >= 2 ? session_find(c->app, oid_value(t[DATA].value)) : NULL;
	const uint8_t err = verify(c, s, session, t);

	if (err != 0)
		auth_clear(c->app, oid_value(c->in));
	if (session != NULL && session->kind == SIM_SESSION_RANDOM)
		session_clear(session);
	return err;
}

/* --- commands ------------------------------------------------------------------------------ */

uint8_t
cmd_encrypt_sym(struct call *c)
{
	const struct scheme *s = find_scheme(c->param);
	struct tlv t[NTAGS];
	uint8_t err;

	if (s == NULL)
		return E_PARAM;
	if ((err = parse(c, t)) != 0)
		return err;
	if (c->prot->active && !c->prot->command)
		return E_ACCESS;
	return cipher(c, s, CODE_ENCRYPT, t);
}

uint8_t
cmd_decrypt_sym(struct call *c)
{
	const struct scheme *s = find_scheme(c->param);
	struct tlv t[NTAGS];
	uint8_t err;

	if (s == NULL || s->mode == CBC_MAC || s->mode == CMAC)
		return E_PARAM;
	if ((err = parse(c, t)) != 0)
		return err;
	if (c->prot->active && !c->prot->response)
		return E_ACCESS;
	return s->mode == HMAC ? authorize(c, s, t) : cipher(c, s, CODE_DECRYPT, t);
}
