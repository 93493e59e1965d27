/*
 * Access conditions and life cycle of the chip's objects, as a policy wants them (see the manual,
 * "LOCKING"). What is missing is computed from the chip's metadata; conditions are written first
 * and read back, life cycle states are raised last, so that the same call goes on after an
 * interruption and has nothing to do after its end. Functions say why they failed.
 */
#ifndef PROVISION_LOCK_H
#define PROVISION_LOCK_H

#include "provision/lockpolicy.h"
#include "provision/token.h"

enum lock_result {
	LOCK_FAILED,  /* said why */
	LOCK_REFUSED, /* it was not said that it is meant, or not agreed to; nothing was changed */
	LOCK_NOTHING, /* the chip is as the policy wants it */
	LOCK_WOULD,   /* there is something to do, and nothing was done */
	LOCK_DONE,    /* done, and read back */
};

#define LOCK_IRREVERSIBLE 0x1U /* what can never be undone is meant */
#define LOCK_YES          0x2U /* do not ask on the terminal */
#define LOCK_DRY_RUN      0x4U /* only look: LOCK_NOTHING or LOCK_WOULD */

/*
 * Brings the chip to what the policy wants. "key" and "certificate" in it are the slot's; s may be
 * NULL for a policy that names neither. The change is shown on standard error before anything is
 * asked or done.
 */
enum lock_result lock_apply(
    struct token *t, const struct lock_policy *p, const struct slot *s, unsigned int flags);

/*
 * Whether the chip is as the policy wants it; changes nothing. LOCK_NOTHING: it is. LOCK_WOULD: it
 * is not, and *whyp, to be freed, says what is not ("E0F1 (key): life cycle creation, not
 * operational"). LOCK_FAILED: said why; also when it can never become so.
 */
enum lock_result lock_missing(
    struct token *t, const struct lock_policy *p, const struct slot *s, char **whyp);

#endif
