/* OpenApplication and CloseApplication, with hibernation, and GetRandom: SRM 4.4.1. */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "hal/sim/model.h"
#include "hal/sim/monitor.h"
#include "hal/sim/object.h"
#include "hal/sim/operand.h"
#include "hal/sim/rng.h"

#define HANDLE_LEN 8
#define OID_SECSTA 0xF1C1

#define RANDOM_MIN 8
#define RANDOM_MAX 256

enum { RANDOM_TRNG = 0x00, RANDOM_DRNG = 0x01, RANDOM_PREMASTER = 0x04 };
enum { START_CLEAN = 0x00, START_RESTORE = 0x01 };
enum { CLOSE_ONLY = 0x00, CLOSE_HIBERNATE = 0x01 };

static uint8_t *
secsta(struct sim_app *app)
{
	return object_content(app, (size_t)object_find(OID_SECSTA));
}

/* A handle is good for one attempt, right or wrong. */
static uint8_t
restore(struct call *c, const uint8_t *handle)
{
	struct sim_hibernation *h = &c->app->hibernation;
	const bool ok = h->saved && CRYPTO_memcmp(handle, h->handle, HANDLE_LEN) == 0;

	if (ok) {
		context_clear(c->app);
		c->app->context = h->context;
		*secsta(c->app) = h->secsta;
		c->app->shield_restored = h->shielded;
	}
	explicit_bzero(h, sizeof(*h));
	return ok ? 0 : E_DATA;
}

uint8_t
cmd_open(struct call *c)
{
	static const uint8_t id[] = { 0xD2, 0x76, 0x00, 0x00, 0x04, 'G', 'e', 'n', 'A', 'u', 't',
		'h', 'A', 'p', 'p', 'l' };
	uint8_t err;

	if (c->param != START_CLEAN && (c->param != START_RESTORE || !model_on(c->app, ON_M)))
		return E_PARAM;
	if (c->in_len != sizeof(id) + (c->param == START_RESTORE ? HANDLE_LEN : 0))
		return E_LENGTH;
	if (memcmp(c->in, id, sizeof(id)) != 0)
		return E_DATA;
	if (c->param == START_RESTORE) {
		if ((err = restore(c, c->in + sizeof(id))) != 0)
			return err;
	} else {
		context_clear(c->app);
		explicit_bzero(&c->app->hibernation, sizeof(c->app->hibernation));
		object_boot_phase(c->app, OID_SECSTA);
	}
	if (app_switch(c->app, SIM_APP_OPEN_CLEARS))
		c->app->last_error = 0;
	c->app->open = 1;
	c->us = 20000;
	return 0;
}

static void
hibernate(struct call *c)
{
	struct sim_hibernation *h = &c->app->hibernation;

	h->saved = true;
	h->shielded = c->prot->active;
	h->secsta = *secsta(c->app);
	h->context = c->app->context;
	rng_bytes(c->app, h->handle, HANDLE_LEN);
	memcpy(c->out, h->handle, HANDLE_LEN);
	c->out_len = HANDLE_LEN;
}

uint8_t
cmd_close(struct call *c)
{
	if (c->param != CLOSE_ONLY && c->param != CLOSE_HIBERNATE)
		return E_PARAM;
	if (c->in_len != 0)
		return E_LENGTH;
	if (c->param == CLOSE_HIBERNATE) {
		if (c->app->sec != 0)
			return E_SEQUENCE;
		hibernate(c);
	}
	context_clear(c->app);
	monitor_close(c->app);
	c->app->open = 0;
	c->us = 10000;
	return 0;
}

/* InData: length(2) [session(2) 41 len(2) data] */
static uint8_t
random_session(struct call *c, size_t len, struct sim_session_context **sp, struct tlv *data)
{
	uint8_t err;

	if (c->in_len < 4)
		return E_LENGTH;
	if ((err = tlv_parse(c->in + 4, c->in_len - 4, data, 1)) != 0)
		return err;
	if (!data->present || data->len + len > model_of(c->app)->secret_max)
		return E_DATA;
	*sp = session_find(c->app, oid_value(c->in + 2));
	return *sp != NULL ? 0 : E_OID;
}

uint8_t
cmd_random(struct call *c)
{
	struct sim_session_context *session = NULL;
	struct tlv data = { .tag = 0x41 };
	uint8_t secret[SIM_SECRET_MAX];
	size_t len;
	uint8_t err;

	if (c->param != RANDOM_TRNG && c->param != RANDOM_DRNG &&
	    (c->param != RANDOM_PREMASTER || !model_on(c->app, ON_M)))
		return E_PARAM;
	/* Authorization codes came with V3. */
	if (c->in_len < 2 ||
	    (c->in_len > 2 && c->param != RANDOM_PREMASTER && !model_on(c->app, ON_V3)))
		return E_LENGTH;
	len = (size_t)c->in[0] << 8 | c->in[1];
	if (len < RANDOM_MIN || len > RANDOM_MAX ||
	    (c->in_len == 2 && c->param == RANDOM_PREMASTER))
		return E_DATA;
	if (c->in_len > 2 && (err = random_session(c, len, &session, &data)) != 0)
		return err;
	rng_bytes(c->app, c->out, len);
	c->out_len = c->param == RANDOM_PREMASTER ? 0 : len;
	c->us = 6000;
	if (session == NULL)
		return 0;
	if (data.len > 0)
		memcpy(secret, data.value, data.len);
	memcpy(secret + data.len, c->out, len);
	session_put(session,
	    c->param == RANDOM_PREMASTER ? SIM_SESSION_PREMASTER : SIM_SESSION_RANDOM, secret,
	    data.len + len);
	explicit_bzero(secret, sizeof(secret));
	if (c->param == RANDOM_PREMASTER)
		explicit_bzero(c->out, len);
	return 0;
}
