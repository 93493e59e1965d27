/*
 * C_WaitForSlotEvent: PKCS #11 v2.40, 5.5. Neither a bus nor a socket tells when a chip comes or
 * goes, so the slots are looked at from time to time; a look at a chip that is there costs no
 * traffic.
 */
#include <config.h>

#include <time.h>

#include "pkcs11/calls.h"
#include "pkcs11/mod.h"

#define LOOK_NS 250000000L

/*
 * A slot whose token came or went since the program was told last; the next look takes the news
 * as told. What nobody has asked about yet is no news.
 */
static bool
look(struct mod *m, CK_SLOT_ID *slot)
{
	for (size_t i = 0; i < m->ntokens; i++) {
		struct token *t = &m->tokens[i];
		enum presence before, now;

		mod_lock(&m->lock);
		before = t->seen;
		mod_unlock(&m->lock);
		now = mod_token_present(m, t) == 0 ? PRESENCE_YES : PRESENCE_NO;
		if (before != PRESENCE_UNKNOWN && now != before) {
			*slot = t->id;
			return true;
		}
	}
	return false;
}

CK_RV
mod_C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID *slot, void *reserved)
{
	const struct timespec pause = { 0, LOOK_NS };
	struct mod *m;
	CK_RV rv;

	if ((rv = mod_enter(&m)) != CKR_OK)
		return rv;
	if (slot == NULL || reserved != NULL || (flags & ~CKF_DONT_BLOCK) != 0)
		return mod_leave(CKR_ARGUMENTS_BAD);
	while (!look(m, slot)) {
		if ((flags & CKF_DONT_BLOCK) != 0)
			return mod_leave(CKR_NO_EVENT);
		(void)nanosleep(&pause, NULL);
		if (mod_ending(m))
			return mod_leave(CKR_CRYPTOKI_NOT_INITIALIZED);
	}
	return mod_leave(CKR_OK);
}
