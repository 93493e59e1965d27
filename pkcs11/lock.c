/* Locks of two makes; see lock.h. */
#include <config.h>

#include <stddef.h>

#include "hal/base/log.h"
#include "pkcs11/lock.h"

CK_RV
mod_locking(const CK_C_INITIALIZE_ARGS *args, struct locking *by)
{
	unsigned n;

	*by = (struct locking){ .app = false };
	if (args == NULL)
		return CKR_OK;
	n = (args->CreateMutex != NULL) + (args->DestroyMutex != NULL) + (args->LockMutex != NULL) +
	    (args->UnlockMutex != NULL);
	if (n != 0 && n != 4)
		return CKR_ARGUMENTS_BAD;
	if (n == 0 || (args->flags & CKF_OS_LOCKING_OK) != 0)
		return CKR_OK; /* no threads, or the system's mutexes will do */
	by->app = true;
	by->create = args->CreateMutex;
	by->destroy = args->DestroyMutex;
	by->lock = args->LockMutex;
	by->unlock = args->UnlockMutex;
	return CKR_OK;
}

CK_RV
mod_lock_init(struct lock *l, const struct locking *by)
{
	CK_RV rv;

	l->by = NULL;
	l->mutex = NULL;
	if (!by->app) {
		if (pthread_mutex_init(&l->os, NULL) != 0)
			return CKR_HOST_MEMORY;
	} else if ((rv = by->create(&l->mutex)) != CKR_OK) {
		log_info("the application's CreateMutex failed: 0x%lx", rv);
		return rv == CKR_HOST_MEMORY ? rv : CKR_CANT_LOCK;
	}
	l->by = by;
	return CKR_OK;
}

void
mod_lock_free(struct lock *l)
{
	if (l->by == NULL)
		return;
	if (l->by->app)
		(void)l->by->destroy(l->mutex);
	else
		(void)pthread_mutex_destroy(&l->os);
	l->by = NULL;
}

void
mod_lock(struct lock *l)
{
	if (l->by->app)
		(void)l->by->lock(l->mutex);
	else
		(void)pthread_mutex_lock(&l->os);
}

void
mod_unlock(struct lock *l)
{
	if (l->by->app)
		(void)l->by->unlock(l->mutex);
	else
		(void)pthread_mutex_unlock(&l->os);
}
