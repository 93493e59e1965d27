/* Inside lock: a policy's changes to the chip at hand, computed and made. */
#ifndef PROVISION_LOCKINT_H
#define PROVISION_LOCKINT_H

#include <stdio.h>

#include <jansson.h>

#include "provision/lock.h"
#include "provision/lockplan.h"

struct lock_plan {
	struct lock_chip chip;
	struct lock_change *changes; /* of each rule; some may be empty */
	size_t n;
};

/* Reads the chip and computes. NULL: said why, of every object that cannot be brought there. */
struct lock_plan *lock_plan(struct token *t, const struct lock_policy *p, const struct slot *s);
void lock_plan_free(struct lock_plan **pp);

bool lock_plan_empty(const struct lock_plan *plan);
bool lock_plan_irreversible(const struct lock_plan *plan);

/* Before and after in words, and the bytes. */
void lock_plan_print(const struct lock_plan *plan, FILE *f);
json_t *lock_plan_json(const struct lock_plan *plan);
const char *lock_state_word(int state); /* "operational", "none", "unknown" */

/* Asks, unless told not to, writes, and reads back. */
enum lock_result lock_do(struct token *t, const struct lock_plan *plan, unsigned int flags);

#endif
