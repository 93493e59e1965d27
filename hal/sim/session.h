/*
 * Volatile things of an open application: session contexts and Auto states. SRM 3.30, chapters
 * 4.4 and "Data Structure Session".
 */
#ifndef HAL_SIM_SESSION_H
#define HAL_SIM_SESSION_H

#include "hal/sim/app.h"

/* The session context of an OID, or NULL. */
struct sim_session_context *session_find(struct sim_app *app, uint16_t oid);

/* Replaces the content of a session. len is at most SIM_SECRET_MAX. */
void session_put(
    struct sim_session_context *s, enum sim_session_kind kind, const uint8_t *data, size_t len);
void session_put_key(struct sim_session_context *s, const struct sim_key *key, uint8_t usage);
void session_clear(struct sim_session_context *s);

/* Sessions, Auto states, running hash and sequence end. */
void context_clear(struct sim_app *app);

/* An EncryptSym, DecryptSym or SetObjectProtected in steps is over or broken off. */
void sequence_end(struct sim_app *app);

/* Auto states, by the OID of the authorization reference. auth_set is false when all are taken. */
bool auth_is_set(const struct sim_app *app, uint16_t oid);
bool auth_set(struct sim_app *app, uint16_t oid);
void auth_clear(struct sim_app *app, uint16_t oid);

#endif
