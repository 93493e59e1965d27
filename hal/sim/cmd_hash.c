/* CalcHash: SRM 4.4.1. SHA-256 over data from the host or from an object, in steps. */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "hal/sim/model.h"
#include "hal/sim/object.h"
#include "hal/sim/operand.h"
#include "hal/sim/sha.h"

#define SHA256_PARAM 0xE2

/* Low digit of the data tag; 10 is added when the data is an object's. */
enum { START = 0x00, WHOLE = 0x01, CONTINUE = 0x02, FINAL = 0x03, TERMINATE = 0x04, SO_FAR = 0x05 };
#define FROM_OBJECT 0x10

/* How the context leaves the chip: state(32) total(8) block(64) HMAC-SHA256, cut, and padding. */
#define CONTEXT_MAX 209
#define MAC_AT      104
#define MAC_LEN     24

/* 15 kB/s */
#define START_US 5000

static void
seal(const struct sim_app *app, const uint8_t *p, uint8_t mac[SHA_MAX])
{
	static const char purpose[] = "hash context";
	struct sim_hmac h;

	hmac_start(&h, 32, app->drbg_key, sizeof(app->drbg_key));
	sha_add(&h.inner, purpose, sizeof(purpose));
	sha_add(&h.inner, p, MAC_AT);
	hmac_end(&h, mac);
}

static void
put_number(uint8_t *p, uint64_t v, size_t n)
{
	while (n-- > 0) {
		p[n] = (uint8_t)v;
		v >>= 8;
	}
}

static uint64_t
get_number(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

static void
export_context(struct call *c)
{
	const struct sim_sha *s = &c->app->hash;
	uint8_t p[CONTEXT_MAX] = { 0 }, mac[SHA_MAX];

	for (size_t i = 0; i < 8; i++)
		put_number(p + 4 * i, s->h[i], 4);
	put_number(p + 32, s->total, 8);
	memcpy(p + 40, s->block, 64);
	seal(c->app, p, mac);
	memcpy(p + MAC_AT, mac, MAC_LEN);
	call_put(c, 0x06, p, model_of(c->app)->hash_context_len);
}

static bool
import_context(struct call *c, const struct tlv *context)
{
	struct sim_sha *s = &c->app->hash;
	uint8_t mac[SHA_MAX];

	if (context->len != model_of(c->app)->hash_context_len)
		return false;
	seal(c->app, context->value, mac);
	if (CRYPTO_memcmp(mac, context->value + MAC_AT, MAC_LEN) != 0)
		return false;
	sha_start(s, 32);
	for (size_t i = 0; i < 8; i++)
		s->h[i] = get_number(context->value + 4 * i, 4);
	s->total = get_number(context->value + 32, 8);
	memcpy(s->block, context->value + 40, 64);
	return true;
}

/* OID(2) offset(2) length(2) of an object to hash. */
static uint8_t
object_data(struct call *c, const uint8_t *v, const uint8_t **datap, size_t *lenp)
{
	const size_t off = (size_t)v[2] << 8 | v[3], len = (size_t)v[4] << 8 | v[5];
	const int i = oid_at(c->app, v);
	uint8_t err;

	if (i < 0 || object_at((size_t)i)->max == 0)
		return E_OID;
	if ((err = object_usable(c, (size_t)i, TAG_READ)) != 0)
		return err;
	if (off + len > object_used(c->app, (size_t)i))
		return E_BOUNDARY;
	*datap = object_shown(c->app, (size_t)i) + off;
	*lenp = len;
	return 0;
}

/* Tags: context in, context out, then whatever data tag there is. */
enum { IMPORT, EXPORT, DATA, NTAGS };

static uint8_t
check_form(const struct tlv t[NTAGS], uint8_t step)
{
	const bool goes_on = step == CONTINUE || step == FINAL || step == SO_FAR;

	if (t[EXPORT].present && t[EXPORT].len != 0)
		return E_LENGTH;
	if ((t[DATA].tag & FROM_OBJECT) != 0 && t[DATA].len != 6)
		return E_LENGTH;
	if (step == TERMINATE)
		return t[DATA].len != 0                         ? E_LENGTH
		       : t[IMPORT].present || t[EXPORT].present ? E_DATA
								: 0;
	if (t[IMPORT].present && !goes_on)
		return E_DATA;
	if (t[EXPORT].present && step != START && step != CONTINUE)
		return E_DATA;
	return t[DATA].len == 0 && step == WHOLE ? E_DATA : 0;
}

/* Digest of what was hashed so far. */
static void
put_digest(struct call *c, bool keep)
{
	struct sim_sha copy = c->app->hash;
	uint8_t digest[SHA_MAX];

	sha_end(&copy, digest);
	call_put(c, 0x01, digest, 32);
	if (!keep)
		explicit_bzero(&c->app->hash, sizeof(c->app->hash));
}

static uint8_t
hash(struct call *c, const struct tlv t[NTAGS], uint8_t step)
{
	struct sim_sha *s = &c->app->hash;
	const uint8_t *data = t[DATA].value;
	size_t len = t[DATA].len;
	uint8_t err;

	if ((t[DATA].tag & FROM_OBJECT) != 0 && (err = object_data(c, data, &data, &len)) != 0)
		return err;
	if (step == START || step == WHOLE)
		sha_start(s, 32);
	else if (t[IMPORT].present && !import_context(c, &t[IMPORT]))
		return E_DATA;
	if (s->size == 0)
		return E_SEQUENCE;
	sha_add(s, data, len);
	c->us = START_US + len * model_us(c->app, TIME_HASH_KB) / 1000;
	if (step != START && step != CONTINUE)
		put_digest(c, step == SO_FAR);
	if (t[EXPORT].present)
		export_context(c);
	return 0;
}

/* The tag of the data says what is to be done. */
static bool
is_data_tag(uint8_t tag)
{
	return (tag & ~FROM_OBJECT) <= SO_FAR && tag != (FROM_OBJECT | TERMINATE);
}

uint8_t
cmd_hash(struct call *c)
{
	struct tlv t[NTAGS] = { { .tag = 0x06 }, { .tag = 0x07 }, { .tag = 0xFF } };
	uint8_t step, err;

	if (c->param != SHA256_PARAM)
		return E_PARAM;
	/* Wherever it stands: the first tag that is one is the only one that may come. */
	for (size_t at = 0; at + 3 <= c->in_len && t[DATA].tag == 0xFF;
	     at += 3 + ((size_t)c->in[at + 1] << 8 | c->in[at + 2]))
		if (is_data_tag(c->in[at]))
			t[DATA].tag = c->in[at];
	if ((err = tlv_parse(c->in, c->in_len, t, NTAGS)) != 0)
		return err;
	if (!t[DATA].present || t[DATA].tag == 0xFF)
		return E_DATA;
	step = t[DATA].tag & (uint8_t)~FROM_OBJECT;
	if ((err = check_form(t, step)) != 0)
		return err;
	if (step != TERMINATE)
		return hash(c, t, step);
	explicit_bzero(&c->app->hash, sizeof(c->app->hash));
	c->us = START_US;
	return 0;
}
