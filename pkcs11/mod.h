/*
 * What the files of the module share: its state between C_Initialize and C_Finalize, tokens,
 * sessions, and how every call enters and leaves.
 *
 * Locks, in the order in which they may be taken:
 *	session->lock	one call at a time in a session; its operations and search
 *	device->lock	around the store and the chip below it; held for nothing else
 *	mod->lock	sessions, logins, session objects; held for no longer than it takes to look
 *			through them
 */
#ifndef PKCS11_MOD_H
#define PKCS11_MOD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <p11-kit/pkcs11.h>

#include "pkcs11/lock.h"
#include "pkcs11/op.h"
#include "pkcs11/store/store.h"

#define MOD_NOBODY ((CK_USER_TYPE)-1)

enum presence { PRESENCE_UNKNOWN, PRESENCE_NO, PRESENCE_YES };

/* A configured chip. */
struct device {
	struct lock lock;
	struct store *store;
};

/* What one slot shows of it. */
struct token {
	CK_SLOT_ID id; /* device's place in the configuration, from 0; times the layout's slots */
	struct device *device;
	const struct store_view *view; /* NULL: all of it */

	/* Under mod->lock. */
	enum presence seen; /* what a program was told last (event.c) */
	CK_USER_TYPE user;  /* who is logged in, in all sessions; MOD_NOBODY */
	CK_ULONG nsessions;
	CK_ULONG nrw;
};

struct mod;
struct sobj;

struct session {
	struct session *next;
	struct mod *mod;
	CK_SESSION_HANDLE handle; /* never used again */
	struct token *token;
	bool rw;
	unsigned refs; /* under mod->lock: one for the list, one per running call */

	struct lock lock;
	struct op sign, verify, digest, encrypt, decrypt;
	bool finding;
	CK_OBJECT_HANDLE *found;
	CK_ULONG nfound, next_found;
};

struct mod {
	pid_t pid;          /* the process that initialised; a forked child starts anew */
	struct mod *orphan; /* what parents left, see mod.c */
	struct locking locking;
	struct lock lock;
	struct device *devices;
	size_t ndevices;
	struct token *tokens;
	size_t ntokens;
	struct session *sessions;
	CK_SESSION_HANDLE last_handle;
	struct sobj *sobjs; /* session objects, sobj.c */
	CK_OBJECT_HANDLE last_sobj;
};

/* C_Initialize and C_Finalize. */
CK_RV mod_start(const CK_C_INITIALIZE_ARGS *args);
CK_RV mod_stop(void);

/*
 * Every call begins with one of these and, when it succeeded, ends with its counterpart. They
 * return CKR_CRYPTOKI_NOT_INITIALIZED, CKR_SLOT_ID_INVALID or CKR_SESSION_HANDLE_INVALID. The
 * token is not locked; the session is.
 */
CK_RV mod_enter(struct mod **mp);
CK_RV mod_leave(CK_RV rv);
CK_RV mod_enter_slot(CK_SLOT_ID id, struct mod **mp, struct token **tp);
CK_RV mod_enter_session(CK_SESSION_HANDLE h, struct session **sp);
CK_RV mod_leave_session(struct session *s, CK_RV rv);

/* Whether a C_Finalize waits for this call to end. */
bool mod_ending(const struct mod *m);

/* The token's turn. Model: NULL before the token was attached. */
struct store *mod_token_lock(struct token *t);
void mod_token_unlock(struct token *t);

/*
 * The same for commands of the chip itself: 0 and the chip, or why it is not there (it may have
 * been unplugged since the session was opened). The token is locked in either case.
 */
int mod_token_chip(struct token *t, struct chip **chipp);
const struct chip_model *mod_token_model(struct token *t);

/* The mechanism as the token in its slot offers it, for the function whose CKF_ flag use is. */
CK_RV mod_token_mech(
    struct token *t, const CK_MECHANISM *mechanism, CK_FLAGS use, const struct mech **mp);

/*
 * Whether the token is in its slot: 0, or why not (HAL_E*). The program is being told, so that
 * C_WaitForSlotEvent has no event of it (slot.c).
 */
int mod_token_present(struct mod *m, struct token *t);

/* The whole of a call that does nothing: rv, if there is such a session (util.c). */
CK_RV mod_answer(CK_SESSION_HANDLE h, CK_RV rv);

/* Frees a session that is in no list (session.c). */
void mod_session_free(struct session *s);

/* Ends a search, if there is one (object.c). */
void mod_find_end(struct session *s);

/* Any result of the layers below, in a session or on asking for a token's presence (rv.c). */
CK_RV mod_rv(int r);
CK_RV mod_rv_absent(int r);

/*
 * Templates from outside: CKR_ARGUMENTS_BAD for NULL or an absurd count; with values, also
 * CKR_ATTRIBUTE_VALUE_INVALID for a length without a value.
 */
CK_RV mod_check_template(const CK_ATTRIBUTE *tmpl, CK_ULONG n, bool values);

/* A CK_BBOOL in a template; fallback when it is not there. CKR_ATTRIBUTE_VALUE_INVALID. */
CK_RV mod_template_bool(
    const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_ATTRIBUTE_TYPE type, bool fallback, bool *vp);

/*
 * Output of known length, PKCS #11 5.2: true when out is big enough and the call can go on.
 * Else *rv is the answer (length query, too small, no *lenp), and *keep tells whether the
 * operation lives on.
 */
bool mod_output(const void *out, CK_ULONG *lenp, CK_ULONG need, CK_RV *rv, bool *keep);

/* Copies a string blank padded and without NUL, cut between UTF-8 characters. */
void mod_pad(unsigned char *out, size_t size, const char *text);

#endif
