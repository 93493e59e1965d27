/*
 * The module's locks: the system's mutexes, or the application's when C_Initialize was given
 * those and no leave to use the system's (PKCS #11 v2.40, 5.4 "C_Initialize").
 */
#ifndef PKCS11_LOCK_H
#define PKCS11_LOCK_H

#include <pthread.h>
#include <stdbool.h>

#include <p11-kit/pkcs11.h>

struct locking {
	bool app; /* use the four below */
	CK_CREATEMUTEX create;
	CK_DESTROYMUTEX destroy;
	CK_LOCKMUTEX lock;
	CK_UNLOCKMUTEX unlock;
};

struct lock {
	const struct locking *by; /* NULL: not initialised */
	void *mutex;
	pthread_mutex_t os;
};

/* What the arguments of C_Initialize ask for. CKR_ARGUMENTS_BAD when only some functions are there.
 */
CK_RV mod_locking(const CK_C_INITIALIZE_ARGS *args, struct locking *by);

/* by stays the caller's and must outlive the lock. CKR_HOST_MEMORY or CKR_CANT_LOCK. */
CK_RV mod_lock_init(struct lock *l, const struct locking *by);
void mod_lock_free(struct lock *l);
void mod_lock(struct lock *l);
void mod_unlock(struct lock *l);

#endif
