/* The simulator below the module; see inside.h. */
#include <config.h>

#include "hal/bus/ops.h"
#include "hal/chip/internal.h"
#include "pkcs11/mod.h"
#include "tests/module/inside.h"

struct sim *
inside_sim(CK_SESSION_HANDLE h)
{
	struct session *s;
	struct chip *chip;
	struct sim *sim;

	if (mod_enter_session(h, &s) != CKR_OK)
		return NULL;
	chip = store_chip(mod_token_lock(s->token));
	sim = chip != NULL ? chip->bus->priv : NULL;
	mod_token_unlock(s->token);
	(void)mod_leave_session(s, CKR_OK);
	return sim;
}
