/* What a policy changes on a chip, computed from what was read of it. No I/O. */
#ifndef PROVISION_LOCKPLAN_H
#define PROVISION_LOCKPLAN_H

#include "provision/lockpolicy.h"

#define LOCK_META_MAX   44 /* of a block of metadata, its two bytes of header included */
#define LOCK_OBJECT_MAX 64

enum lock_kind {
	LOCK_KIND_KEY,
	LOCK_KIND_CERTIFICATE,
	LOCK_KIND_ANCHOR,
	LOCK_KIND_BINDING,
	LOCK_KIND_COUNTER,
	LOCK_KIND_DATA,
	LOCK_KIND_OTHER,
};
enum lock_kind lock_kind(uint16_t oid);

/* An object as it was read. */
struct lock_object {
	uint16_t oid;
	char name[48];
	uint8_t meta[LOCK_OBJECT_MAX]; /* "20 len ..." */
	size_t meta_len;
	bool empty;        /* nothing but zeros; a counter at its end */
	bool to_be_locked; /* the same policy does it */
};

/* Who has the platform binding secret. */
enum lock_pairing {
	LOCK_PAIRED,   /* this host */
	LOCK_UNPAIRED, /* not this host */
	LOCK_FACTORY,  /* everybody: it is the one of the factory */
};

struct lock_chip {
	enum access_chip generation;
	enum lock_pairing pairing;
	bool authorized;             /* this host has the secret of F1D0 */
	struct lock_object *objects; /* of the rules, and those their conditions name */
	size_t n;
};
const struct lock_object *lock_object_find(const struct lock_chip *chip, uint16_t oid);

struct lock_change {
	const struct lock_object *object;
	struct access before[LOCK_CONDITIONS], after[LOCK_CONDITIONS];
	bool changes[LOCK_CONDITIONS];
	int life_cycle_before, life_cycle_after; /* equal: stays */
	int reset_before, reset_after;
	uint8_t conditions[LOCK_META_MAX]; /* block for the chip, written first; 2 bytes: nothing */
	size_t conditions_len;
	uint8_t raise[5]; /* block for the chip, written last */
	size_t raise_len; /* 0: nothing */
};

/*
 * The change one rule makes to its object. NULL, or why it cannot or should not be made, until the
 * next call; *hintp then is what to do, or NULL.
 */
const char *lock_compute(const struct lock_rule *rule, const struct lock_chip *chip, uint16_t oid,
    struct lock_change *out, const char **hintp);

bool lock_change_empty(const struct lock_change *c);

/*
 * What can never be undone of it, and what should be known besides: the i-th sentence; NULL past
 * the last. Until the next call.
 */
const char *lock_forever(const struct lock_change *c, size_t i);
const char *lock_warning(const struct lock_change *c, const struct lock_chip *chip, size_t i);

/* "creation and zeros"; "none" for -1. */
void lock_reset_words(int reset, char out[64]);

#endif
