/*
 * The module's state, and entering it.
 *
 * No constructor, no atexit, no pthread_atfork: the state hangs on one atomic pointer that
 * C_Initialize sets and C_Finalize clears. It carries the process that made it, so that a forked
 * child finds itself not initialised without having touched anything: what it inherited, locks
 * included, may have been in use by threads that do not exist there, so it is never used nor
 * freed but only kept reachable (orphans), and the parent's bus is left alone.
 */
#include <config.h>

#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/conf.h"
#include "pkcs11/layout.h"
#include "pkcs11/mod.h"
#include "pkcs11/store/ossl.h"

static struct mod *_Atomic current;
static struct mod *_Atomic orphans;

/* Stands for a state that a C_Finalize is taking down; its process in stopping_pid. */
static struct mod stopping;
static _Atomic pid_t stopping_pid;

/* Calls under way: process in the upper, their number in the lower half, so that a child counts
 * anew. */
static _Atomic uint64_t users;

static void
users_add(void)
{
	const uint64_t mine = (uint64_t)(uint32_t)getpid() << 32;
	uint64_t old = atomic_load(&users), now;

	do {
		now = (old & 0xFFFFFFFF00000000U) == mine ? old + 1 : mine + 1;
	} while (!atomic_compare_exchange_weak(&users, &old, now));
}

static void
users_drop(void)
{
	(void)atomic_fetch_sub(&users, 1);
}

static void
users_wait(void)
{
	const struct timespec ms = { 0, 1000000 };

	while ((uint32_t)atomic_load(&users) != 0)
		(void)nanosleep(&ms, NULL);
}

/* Only what this process made; frees no more than was made. */
static void
mod_free(struct mod *m)
{
	struct session *s, *next;

	if (m == NULL)
		return;
	for (s = m->sessions; s != NULL; s = next) {
		next = s->next;
		mod_session_free(s);
	}
	for (size_t i = 0; i < m->ndevices; i++) {
		store_free(&m->devices[i].store);
		mod_lock_free(&m->devices[i].lock);
	}
	free(m->devices);
	free(m->tokens);
	mod_lock_free(&m->lock);
	free(m);
}

static void
make_tokens(struct mod *m, struct device *d, const struct layout *layout)
{
	for (size_t i = 0; i < layout->nslots; i++) {
		struct token *t = &m->tokens[m->ntokens];

		t->id = m->ntokens++;
		t->device = d;
		t->view = layout->views != NULL ? &layout->views[i] : NULL;
		t->user = MOD_NOBODY;
	}
}

static CK_RV
make_devices(struct mod *m, const struct conf *conf)
{
	CK_RV rv;
	int r;

	if (conf->ndevices == 0)
		return CKR_OK;
	m->devices = calloc(conf->ndevices, sizeof(*m->devices));
	m->tokens = calloc(conf->ndevices, conf->layout->nslots * sizeof(*m->tokens));
	if (m->devices == NULL || m->tokens == NULL)
		return CKR_HOST_MEMORY;
	for (size_t i = 0; i < conf->ndevices; i++) {
		const struct conf_device *c = &conf->devices[i];
		struct device *d = &m->devices[i];

		if ((rv = mod_lock_init(&d->lock, &m->locking)) != CKR_OK)
			return rv;
		m->ndevices++;
		if ((r = store_new(c->selector, c->label, &d->store)) != 0)
			return mod_rv(r);
		make_tokens(m, d, conf->layout);
	}
	return CKR_OK;
}

static CK_RV
mod_new(const CK_C_INITIALIZE_ARGS *args, struct mod **mp)
{
	struct conf conf = CONF_INIT;
	struct mod *m;
	CK_RV rv;

	if ((m = calloc(1, sizeof(*m))) == NULL)
		return CKR_HOST_MEMORY;
	m->pid = getpid();
	if ((rv = mod_locking(args, &m->locking)) == CKR_OK &&
	    (rv = mod_lock_init(&m->lock, &m->locking)) == CKR_OK &&
	    (rv = mod_rv(mod_conf_load(&conf))) == CKR_OK)
		rv = make_devices(m, &conf);
	mod_conf_free(&conf);
	if (rv != CKR_OK) {
		mod_free(m);
		return rv;
	}
	*mp = m;
	return CKR_OK;
}

static void
keep_orphan(struct mod *m)
{
	m->orphan = atomic_load(&orphans);
	while (!atomic_compare_exchange_weak(&orphans, &m->orphan, m))
		continue;
}

/* Puts m in place of nothing or of a parent's state. */
static CK_RV
install(struct mod *m)
{
	const struct timespec ms = { 0, 1000000 };
	struct mod *old;

	for (;;) {
		users_add(); /* keeps a C_Finalize from freeing old under our eyes */
		old = atomic_load(&current);
		if (old == &stopping && atomic_load(&stopping_pid) == m->pid) {
			users_drop();
			(void)nanosleep(&ms, NULL);
			continue;
		}
		if (old != NULL && old != &stopping && old->pid == m->pid) {
			users_drop();
			return CKR_CRYPTOKI_ALREADY_INITIALIZED;
		}
		if (atomic_compare_exchange_strong(&current, &old, m)) {
			if (old != NULL && old != &stopping)
				keep_orphan(old);
			users_drop();
			return CKR_OK;
		}
		users_drop();
	}
}

CK_RV
mod_start(const CK_C_INITIALIZE_ARGS *args)
{
	struct mod *m = NULL;
	CK_RV rv;

	if (mod_enter(&m) == CKR_OK)
		return mod_leave(CKR_CRYPTOKI_ALREADY_INITIALIZED);
	log_init("optiga-pkcs11");
	if ((rv = mod_new(args, &m)) != CKR_OK)
		return rv;
	if ((rv = install(m)) != CKR_OK)
		mod_free(m);
	return rv;
}

CK_RV
mod_stop(void)
{
	struct mod *m;
	CK_RV rv;

	if ((rv = mod_enter(&m)) != CKR_OK)
		return rv;
	atomic_store(&stopping_pid, m->pid);
	if (!atomic_compare_exchange_strong(&current, &m, &stopping))
		return mod_leave(CKR_CRYPTOKI_NOT_INITIALIZED); /* another thread was faster */
	users_drop();
	users_wait();
	mod_free(m);
	/*
	 * A program may call C_Finalize so late in its exit that OpenSSL has cleaned up behind
	 * itself already: then the context is left to the end of the process.
	 */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1)
		ossl_ctx_free();
	atomic_store(&current, NULL);
	return CKR_OK;
}

CK_RV
mod_enter(struct mod **mp)
{
	struct mod *m;

	users_add();
	m = atomic_load(&current);
	if (m == NULL || m == &stopping || m->pid != getpid()) {
		users_drop();
		return CKR_CRYPTOKI_NOT_INITIALIZED;
	}
	*mp = m;
	return CKR_OK;
}

CK_RV
mod_leave(CK_RV rv)
{
	users_drop();
	return rv;
}

CK_RV
mod_enter_slot(CK_SLOT_ID id, struct mod **mp, struct token **tp)
{
	CK_RV rv = mod_enter(mp);

	if (rv != CKR_OK)
		return rv;
	if (id >= (*mp)->ntokens)
		return mod_leave(CKR_SLOT_ID_INVALID);
	*tp = &(*mp)->tokens[id];
	return CKR_OK;
}

CK_RV
mod_enter_session(CK_SESSION_HANDLE h, struct session **sp)
{
	struct session *s;
	struct mod *m;
	CK_RV rv;

	if ((rv = mod_enter(&m)) != CKR_OK)
		return rv;
	mod_lock(&m->lock);
	for (s = m->sessions; s != NULL && s->handle != h; s = s->next)
		continue;
	if (s != NULL)
		s->refs++;
	mod_unlock(&m->lock);
	if (s == NULL)
		return mod_leave(CKR_SESSION_HANDLE_INVALID);
	mod_lock(&s->lock);
	*sp = s;
	return CKR_OK;
}

CK_RV
mod_leave_session(struct session *s, CK_RV rv)
{
	struct mod *m = s->mod; /* still there: C_Finalize waits for this call */
	bool last;

	mod_unlock(&s->lock);
	mod_lock(&m->lock);
	last = --s->refs == 0;
	mod_unlock(&m->lock);
	if (last)
		mod_session_free(s); /* closed while this call ran */
	return mod_leave(rv);
}

bool
mod_ending(const struct mod *m)
{
	return atomic_load(&current) != m;
}

struct store *
mod_token_lock(struct token *t)
{
	mod_lock(&t->device->lock);
	store_set_view(t->device->store, t->view);
	return t->device->store;
}

void
mod_token_unlock(struct token *t)
{
	mod_unlock(&t->device->lock);
}

int
mod_token_chip(struct token *t, struct chip **chipp)
{
	struct store *st = mod_token_lock(t);
	const int r = store_attach(st);

	*chipp = r == 0 ? store_chip(st) : NULL;
	return r;
}

const struct chip_model *
mod_token_model(struct token *t)
{
	const struct chip_model *model;
	struct chip *chip;

	chip = store_chip(mod_token_lock(t));
	model = chip != NULL ? chip_model(chip) : NULL;
	mod_token_unlock(t);
	return model;
}

CK_RV
mod_token_mech(struct token *t, const CK_MECHANISM *mechanism, CK_FLAGS use, const struct mech **mp)
{
	return mod_mech_get(mechanism, use, mod_token_model(t), t->view, mp);
}
