/* See operand.h. */
#include <config.h>

#include <string.h>

#include "hal/sim/cert.h"
#include "hal/sim/model.h"
#include "hal/sim/object.h"
#include "hal/sim/operand.h"

enum { TYPE_ANCHOR = 0x11, TYPE_DEVICE = 0x12 };

uint16_t
oid_value(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

void
call_put(struct call *c, uint8_t tag, const uint8_t *v, size_t len)
{
	uint8_t *p = c->out + c->out_len;

	p[0] = tag;
	p[1] = (uint8_t)(len >> 8);
	p[2] = (uint8_t)len;
	memcpy(p + 3, v, len);
	c->out_len += 3 + len;
}

uint8_t
object_type(const struct sim_app *app, size_t i)
{
	size_t len;
	const uint8_t *v = meta_get(&app->meta[i], TAG_TYPE, &len);

	return v != NULL ? v[0] : 0;
}

static uint8_t
select_slot(struct call *c, size_t i, uint8_t usage, struct key_ref *k)
{
	const uint8_t *v;
	size_t len;
	uint8_t err;

	if ((err = object_usable(c, i, TAG_EXECUTE)) != 0)
		return err;
	k->key = object_key(c->app, i);
	k->persistent = true;
	if (k->key->alg == 0)
		return E_SEQUENCE;
	v = meta_get(&c->app->meta[i], TAG_USAGE, &len);
	return v != NULL && (v[0] & usage) != 0 ? 0 : E_USAGE;
}

uint8_t
key_select(struct call *c, const uint8_t *oid, uint8_t usage, struct key_ref *k)
{
	const struct sim_session_context *s = session_find(c->app, oid_value(oid));
	const int i = oid_at(c->app, oid);

	if (s == NULL) {
		if (i < 0 || object_key(c->app, (size_t)i) == NULL ||
		    object_at((size_t)i)->kind == OBJ_AES)
			return E_OID;
		return select_slot(c, (size_t)i, usage, k);
	}
	if (s->kind != SIM_SESSION_KEY)
		return E_SEQUENCE;
	k->key = &s->key;
	k->persistent = false;
	return (s->usage & usage) != 0 ? 0 : E_USAGE;
}

uint8_t
secret_select(
    struct call *c, const uint8_t *oid, uint8_t type, unsigned kinds, struct secret_ref *s)
{
	const struct sim_session_context *session = session_find(c->app, oid_value(oid));
	const int i = oid_at(c->app, oid);
	uint8_t err;

	if (session != NULL) {
		s->p = session->data;
		s->len = session->len;
		s->persistent = false;
		return (kinds & KIND(session->kind)) != 0 ? 0 : E_SEQUENCE;
	}
	if (i < 0 || object_at((size_t)i)->kind != OBJ_DATA)
		return E_OID;
	if ((err = object_usable(c, (size_t)i, TAG_EXECUTE)) != 0)
		return err;
	s->p = object_content(c->app, (size_t)i);
	s->len = object_used(c->app, (size_t)i);
	s->persistent = true;
	if (s->len == 0)
		return E_DATA;
	return object_type(c->app, (size_t)i) == type || app_switch(c->app, SIM_APP_ANY_TYPE)
		   ? 0
		   : E_DATA;
}

uint8_t
target_form(const struct tlv *out, const struct tlv *session)
{
	if ((out->present && out->len != 0) || (session->present && session->len != 2))
		return E_LENGTH;
	return out->present != session->present ? 0 : E_DATA;
}

void
target_put(struct call *c, const struct tlv *session, const uint8_t *v, size_t len)
{
	if (session->present) {
		session_put(
		    session_find(c->app, oid_value(session->value)), SIM_SESSION_SECRET, v, len);
		return;
	}
	memcpy(c->out, v, len);
	c->out_len = len;
}

uint8_t
public_form(const struct tlv *oid, const struct tlv *alg, const struct tlv *bits)
{
	if ((oid->present && oid->len != 2) || (alg->present && alg->len != 1))
		return E_LENGTH;
	return alg->present == bits->present && oid->present != alg->present ? 0 : E_DATA;
}

static uint8_t
select_certificate(struct call *c, const uint8_t *oid, uint16_t use, struct sim_public *pub)
{
	struct sim_cert cert;
	const int i = oid_at(c->app, oid);
	uint8_t err, type;

	if (i < 0 || object_at((size_t)i)->kind != OBJ_DATA)
		return E_OID;
	if ((err = object_usable(c, (size_t)i, TAG_EXECUTE)) != 0)
		return err;
	type = object_type(c->app, (size_t)i);
	if (type != TYPE_ANCHOR && type != TYPE_DEVICE)
		return E_DATA;
	err = cert_parse(object_content(c->app, (size_t)i), object_used(c->app, (size_t)i), &cert);
	if (err != 0)
		return err;
	*pub = cert.key;
	if (!model_alg(c->app, pub->alg))
		return E_CERT_UNSUPPORTED;
	return (cert.usage & use) != 0 ? 0 : E_USAGE;
}

uint8_t
public_select(struct call *c, const struct tlv *oid, const struct tlv *alg, const struct tlv *bits,
    uint16_t use, struct sim_public *pub)
{
	if (oid->present)
		return select_certificate(c, oid->value, use, pub);
	return model_alg(c->app, alg->value[0]) &&
		       public_parse(alg->value[0], bits->value, bits->len, pub)
		   ? 0
		   : E_DATA;
}
