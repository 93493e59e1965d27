/*
 * Sessions and login: PKCS #11 v2.40, 5.6. There is no PIN: login changes session states, as
 * programs expect to see, and nothing else.
 */
#include <config.h>

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/calls.h"
#include "pkcs11/mod.h"
#include "pkcs11/sobj.h"

void
mod_session_free(struct session *s)
{
	if (s == NULL)
		return;
	sobj_end_session(s);
	mod_op_end(&s->sign);
	mod_op_end(&s->verify);
	mod_op_end(&s->digest);
	mod_op_end(&s->encrypt);
	mod_op_end(&s->decrypt);
	free(s->found);
	mod_lock_free(&s->lock);
	free(s);
}

/* Appends s to m's list. CKR_SESSION_READ_WRITE_SO_EXISTS. */
static CK_RV
enlist(struct mod *m, struct session *s)
{
	struct token *t = s->token;
	CK_RV rv = CKR_OK;

	mod_lock(&m->lock);
	if (!s->rw && t->user == CKU_SO) {
		rv = CKR_SESSION_READ_WRITE_SO_EXISTS;
	} else {
		s->handle = ++m->last_handle;
		s->next = m->sessions;
		m->sessions = s;
		t->nsessions++;
		t->nrw += s->rw;
	}
	mod_unlock(&m->lock);
	return rv;
}

CK_RV
mod_C_OpenSession(
    CK_SLOT_ID id, CK_FLAGS flags, void *application, CK_NOTIFY notify, CK_SESSION_HANDLE *hp)
{
	struct session *s = NULL;
	struct token *t;
	struct mod *m;
	CK_RV rv;
	int r;

	(void)application;
	(void)notify;
	if ((rv = mod_enter_slot(id, &m, &t)) != CKR_OK)
		return rv;
	if (hp == NULL)
		return mod_leave(CKR_ARGUMENTS_BAD);
	if ((flags & CKF_SERIAL_SESSION) == 0)
		return mod_leave(CKR_SESSION_PARALLEL_NOT_SUPPORTED);
	r = store_present(mod_token_lock(t));
	mod_token_unlock(t);
	if (r != 0)
		return mod_leave(mod_rv_absent(r));
	if ((s = calloc(1, sizeof(*s))) == NULL)
		return mod_leave(CKR_HOST_MEMORY);
	s->mod = m;
	s->token = t;
	s->rw = (flags & CKF_RW_SESSION) != 0;
	s->refs = 1;
	if ((rv = mod_lock_init(&s->lock, &m->locking)) == CKR_OK && (rv = enlist(m, s)) == CKR_OK)
		*hp = s->handle;
	else
		mod_session_free(s);
	return mod_leave(rv);
}

/*
 * Takes sessions off the list, one by handle or all of a token, and gives back those that no
 * other call is in; the last call frees the others.
 */
static struct session *
delist(struct mod *m, const struct token *t, CK_SESSION_HANDLE h, bool *foundp)
{
	struct session **link = &m->sessions, *s, *gone = NULL;

	mod_lock(&m->lock);
	while ((s = *link) != NULL) {
		if (t != NULL ? s->token != t : s->handle != h) {
			link = &s->next;
			continue;
		}
		*foundp = true;
		*link = s->next;
		s->token->nrw -= s->rw;
		if (--s->token->nsessions == 0)
			s->token->user = MOD_NOBODY;
		if (--s->refs == 0) {
			s->next = gone;
			gone = s;
		}
	}
	mod_unlock(&m->lock);
	return gone;
}

static void
free_all(struct session *s)
{
	struct session *next;

	for (; s != NULL; s = next) {
		next = s->next;
		mod_session_free(s);
	}
}

CK_RV
mod_C_CloseSession(CK_SESSION_HANDLE h)
{
	bool found = false;
	struct mod *m;
	CK_RV rv;

	if ((rv = mod_enter(&m)) != CKR_OK)
		return rv;
	free_all(delist(m, NULL, h, &found));
	return mod_leave(found ? CKR_OK : CKR_SESSION_HANDLE_INVALID);
}

CK_RV
mod_C_CloseAllSessions(CK_SLOT_ID id)
{
	bool found = false;
	struct token *t;
	struct mod *m;
	CK_RV rv;

	if ((rv = mod_enter_slot(id, &m, &t)) != CKR_OK)
		return rv;
	free_all(delist(m, t, 0, &found));
	return mod_leave(CKR_OK);
}

static CK_STATE
state(const struct session *s)
{
	switch (s->token->user) {
	case CKU_SO: return CKS_RW_SO_FUNCTIONS;
	case CKU_USER: return s->rw ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
	default: return s->rw ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
	}
}

CK_RV
mod_C_GetSessionInfo(CK_SESSION_HANDLE h, CK_SESSION_INFO *info)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (info == NULL)
		return mod_leave_session(s, CKR_ARGUMENTS_BAD);
	memset(info, 0, sizeof(*info));
	info->slotID = s->token->id;
	info->flags = CKF_SERIAL_SESSION | (s->rw ? CKF_RW_SESSION : 0);
	mod_lock(&s->mod->lock);
	info->state = state(s);
	mod_unlock(&s->mod->lock);
	return mod_leave_session(s, CKR_OK);
}

/* Under mod->lock. */
static CK_RV
login(struct token *t, CK_USER_TYPE user)
{
	if (user == CKU_CONTEXT_SPECIFIC)
		return CKR_OPERATION_NOT_INITIALIZED; /* no key asks for it at each use */
	if (user != CKU_SO && user != CKU_USER)
		return CKR_USER_TYPE_INVALID;
	if (t->user == user)
		return CKR_USER_ALREADY_LOGGED_IN;
	if (t->user != MOD_NOBODY)
		return CKR_USER_ANOTHER_ALREADY_LOGGED_IN;
	if (user == CKU_SO && t->nrw != t->nsessions)
		return CKR_SESSION_READ_ONLY_EXISTS;
	t->user = user;
	return CKR_OK;
}

CK_RV
mod_C_Login(CK_SESSION_HANDLE h, CK_USER_TYPE user, unsigned char *pin, CK_ULONG pin_len)
{
	struct session *s;
	CK_RV rv;

	(void)pin; /* there is none to compare with */
	(void)pin_len;
	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	mod_lock(&s->mod->lock);
	rv = login(s->token, user);
	mod_unlock(&s->mod->lock);
	return mod_leave_session(s, rv);
}

CK_RV
mod_C_Logout(CK_SESSION_HANDLE h)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	mod_lock(&s->mod->lock);
	if (s->token->user == MOD_NOBODY)
		rv = CKR_USER_NOT_LOGGED_IN;
	s->token->user = MOD_NOBODY;
	mod_unlock(&s->mod->lock);
	if (rv == CKR_OK)
		sobj_end_login(s);
	return mod_leave_session(s, rv);
}

CK_RV
mod_C_LoginUser(CK_SESSION_HANDLE h, CK_USER_TYPE user, unsigned char *pin, CK_ULONG pin_len,
    unsigned char *name, CK_ULONG name_len)
{
	/* Users have names as little as PINs. */
	if (name == NULL && name_len != 0)
		return mod_answer(h, CKR_ARGUMENTS_BAD);
	return mod_C_Login(h, user, pin, pin_len);
}

/* What can be under way in a session between two calls. */
static const struct {
	CK_FLAGS flag;
	size_t op;
} cancels[] = {
	{ CKF_ENCRYPT, offsetof(struct session, encrypt) },
	{ CKF_DECRYPT, offsetof(struct session, decrypt) },
	{ CKF_DIGEST, offsetof(struct session, digest) },
	{ CKF_SIGN, offsetof(struct session, sign) },
	{ CKF_VERIFY, offsetof(struct session, verify) },
};

/* All that the standard has a flag for; most are over when their call returns. */
#define CANCELS                                                                                    \
	(CKF_MESSAGE_ENCRYPT | CKF_MESSAGE_DECRYPT | CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY |       \
	    CKF_FIND_OBJECTS | CKF_ENCRYPT | CKF_DECRYPT | CKF_DIGEST | CKF_SIGN |                 \
	    CKF_SIGN_RECOVER | CKF_VERIFY | CKF_VERIFY_RECOVER | CKF_GENERATE |                    \
	    CKF_GENERATE_KEY_PAIR | CKF_WRAP | CKF_UNWRAP | CKF_DERIVE)

CK_RV
mod_C_SessionCancel(CK_SESSION_HANDLE h, CK_FLAGS flags)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if ((flags & ~(CK_FLAGS)CANCELS) != 0)
		return mod_leave_session(s, CKR_ARGUMENTS_BAD);
	for (size_t i = 0; i < NITEMS(cancels); i++)
		if ((flags & cancels[i].flag) != 0)
			mod_op_end((struct op *)(void *)((char *)s + cancels[i].op));
	if ((flags & CKF_FIND_OBJECTS) != 0)
		mod_find_end(s);
	return mod_leave_session(s, CKR_OK);
}
