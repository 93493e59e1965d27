/* EncryptAsym and DecryptAsym, RSAES-PKCS1-v1_5: SRM 4.4.1. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/cert.h"
#include "hal/sim/model.h"
#include "hal/sim/operand.h"

#define SCHEME_RSAES 0x11
#define PADDING_MIN  11
#define TAG_MESSAGE  0x61

enum { MESSAGE, SESSION, CERT, ALG, KEY, NTAGS };

static uint8_t
encrypt_form(const struct tlv t[NTAGS])
{
	const uint8_t err = public_form(&t[CERT], &t[ALG], &t[KEY]);

	if (err != 0)
		return err;
	if (t[SESSION].present && t[SESSION].len != 2)
		return E_LENGTH;
	if (t[MESSAGE].present == t[SESSION].present || (t[MESSAGE].present && t[MESSAGE].len == 0))
		return E_DATA;
	return t[ALG].present && rsa_size(t[ALG].value[0]) == 0 ? E_DATA : 0;
}

/* What is to be encrypted. */
static uint8_t
message(struct call *c, const struct tlv t[NTAGS], const uint8_t **p, size_t *len)
{
	const struct sim_session_context *s;

	*p = t[MESSAGE].value;
	*len = t[MESSAGE].len;
	if (!t[SESSION].present)
		return 0;
	s = session_find(c->app, oid_value(t[SESSION].value));
	if (s == NULL)
		return E_OID;
	if (c->prot->active && !c->prot->command)
		return E_ACCESS;
	*p = s->data;
	*len = s->len;
	return s->kind == SIM_SESSION_PREMASTER ? 0 : E_SEQUENCE;
}

uint8_t
cmd_encrypt_asym(struct call *c)
{
	struct tlv t[NTAGS] = { { .tag = TAG_MESSAGE }, { .tag = 0x02 }, { .tag = 0x04 },
		{ .tag = 0x05 }, { .tag = 0x06 } };
	struct sim_public pub;
	uint8_t out[256];
	const uint8_t *msg;
	size_t len, size;
	uint8_t err;

	if (c->param != SCHEME_RSAES)
		return E_PARAM;
	if ((err = tlv_parse(c->in, c->in_len, t, NTAGS)) != 0 || (err = encrypt_form(t)) != 0 ||
	    (err = message(c, t, &msg, &len)) != 0 ||
	    (err = public_select(c, &t[CERT], &t[ALG], &t[KEY],
		 t[SESSION].present ? CERT_KEY_ENC : CERT_KEY_ENC | CERT_DATA_ENC, &pub)) != 0)
		return err;
	size = rsa_size(pub.alg);
	if (size == 0)
		return E_CERT_UNSUPPORTED;
	if (len > size - PADDING_MIN)
		return E_DATA;
	if (!rsa_encrypt(c->app, &pub, msg, len, out))
		return E_INTERNAL;
	call_put(c, TAG_MESSAGE, out, size);
	c->us = model_rsa_us(c->app, TIME_ENCRYPT_RSA, pub.alg);
	return 0;
}

static uint8_t
decrypt(struct call *c, const struct tlv *in, struct sim_session_context *session,
    const struct key_ref *k)
{
	uint8_t out[256];
	size_t len = 0;
	uint8_t err = 0;

	if (k->persistent)
		monitor_event(c);
	c->us = model_rsa_us(c->app, TIME_DECRYPT_RSA, k->key->alg);
	if (!rsa_decrypt(k->key, in->value, out, &len))
		err = E_DECRYPT;
	else if (session == NULL)
		call_put(c, TAG_MESSAGE, out, len);
	else if (len <= model_of(c->app)->secret_max)
		session_put(session, SIM_SESSION_DECRYPTED, out, len);
	else
		err = E_DATA;
	explicit_bzero(out, sizeof(out));
	return err;
}

uint8_t
cmd_decrypt_asym(struct call *c)
{
	struct tlv t[] = { { .tag = TAG_MESSAGE }, { .tag = 0x03 }, { .tag = 0x02 } };
	struct sim_session_context *session = NULL;
	struct key_ref k;
	uint8_t err;

	if (c->param != SCHEME_RSAES)
		return E_PARAM;
	if ((err = tlv_parse(c->in, c->in_len, t, NITEMS(t))) != 0)
		return err;
	if ((t[1].present && t[1].len != 2) || (t[2].present && t[2].len != 2))
		return E_LENGTH;
	if (!t[0].present || !t[1].present)
		return E_DATA;
	if (t[2].present && (session = session_find(c->app, oid_value(t[2].value))) == NULL)
		return E_OID;
	if (session == NULL && c->prot->active && !c->prot->response)
		return E_ACCESS;
	if ((err = key_select(c, t[1].value, USE_ENC, &k)) != 0)
		return err;
	if (rsa_size(k.key->alg) == 0)
		return E_USAGE;
	if (t[0].len != rsa_size(k.key->alg))
		return E_LENGTH;
	return decrypt(c, &t[0], session, &k);
}
