/* Inside lockplan: what its files share. */
#ifndef PROVISION_LOCKPLANINT_H
#define PROVISION_LOCKPLANINT_H

#include "provision/lockplan.h"

/* Tags of metadata: SRM "Metadata expression". */
#define TAG_BLOCK   0x20
#define TAG_LCSO    0xC0
#define TAG_USAGE   0xE1
#define TAG_TYPE    0xE8
#define TAG_RESET   0xF0

#define OPERATIONAL 0x07
#define TERMINATION 0x0F

#define ROWS(a)     (sizeof(a) / sizeof((a)[0]))

/* Text until the next call. */
const char *lock_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The value of a tag of one byte; -1: it is not there. */
int lock_tag_byte(const struct lock_object *o, uint8_t tag);

/* Whether a condition, as it is after the change, holds for nobody from then on. */
bool lock_never_again(const struct lock_change *c, enum lock_condition i);

/* Why the change should not be made although it could; NULL: it makes sense. */
const char *lock_senseless(
    const struct lock_change *c, const struct lock_chip *chip, const char **hintp);

#endif
