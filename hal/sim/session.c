/* Session contexts and Auto states; see session.h. */
#include <config.h>

#include <string.h>

#include "hal/sim/object.h"
#include "hal/sim/session.h"

#define OID_FIRST 0xE100

struct sim_session_context *
session_find(struct sim_app *app, uint16_t oid)
{
	const int i = object_lookup(app, oid);

	if (i < 0 || object_at((size_t)i)->kind != OBJ_SESSION)
		return NULL;
	return oid - OID_FIRST < SIM_NSESSIONS ? &app->context.session[oid - OID_FIRST] : NULL;
}

void
session_clear(struct sim_session_context *s)
{
	explicit_bzero(s, sizeof(*s));
}

void
session_put(
    struct sim_session_context *s, enum sim_session_kind kind, const uint8_t *data, size_t len)
{
	session_clear(s);
	memcpy(s->data, data, len);
	s->len = (uint8_t)len;
	s->kind = (uint8_t)kind;
}

void
session_put_key(struct sim_session_context *s, const struct sim_key *key, uint8_t usage)
{
	session_clear(s);
	s->key = *key;
	s->usage = usage;
	s->kind = SIM_SESSION_KEY;
}

void
sequence_end(struct sim_app *app)
{
	explicit_bzero(&app->sequence, sizeof(app->sequence));
	explicit_bzero(&app->update, sizeof(app->update));
}

void
context_clear(struct sim_app *app)
{
	explicit_bzero(&app->context, sizeof(app->context));
	explicit_bzero(&app->hash, sizeof(app->hash));
	sequence_end(app);
}

/* The place of an OID among the Auto states, or SIM_NAUTO. */
static size_t
place(const struct sim_app *app, uint16_t oid)
{
	size_t i = 0;

	while (i < SIM_NAUTO && app->context.authorized[i] != oid)
		i++;
	return i;
}

bool
auth_is_set(const struct sim_app *app, uint16_t oid)
{
	return oid != 0 && place(app, oid) < SIM_NAUTO;
}

bool
auth_set(struct sim_app *app, uint16_t oid)
{
	size_t i = place(app, oid);

	if (i == SIM_NAUTO)
		i = place(app, 0);
	if (i == SIM_NAUTO)
		return false;
	app->context.authorized[i] = oid;
	return true;
}

void
auth_clear(struct sim_app *app, uint16_t oid)
{
	const size_t i = place(app, oid);

	if (i < SIM_NAUTO)
		app->context.authorized[i] = 0;
}
