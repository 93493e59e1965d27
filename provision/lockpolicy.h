/*
 * The policy of "lock": a JSON file that says for objects of the chip who may change, read and use
 * them, and their life cycle state.
 *
 *   { "objects": [ { "object": "key", "change": "never", "life_cycle": "operational" } ] }
 */
#ifndef PROVISION_LOCKPOLICY_H
#define PROVISION_LOCKPOLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "provision/access.h"

enum lock_target {
	LOCK_TARGET_OID,
	LOCK_TARGET_KEY,         /* of the slot the command is about */
	LOCK_TARGET_CERTIFICATE, /* beside that key */
};

/* Access conditions that an object can have; in the order of their metadata tags. */
enum lock_condition {
	LOCK_CHANGE,
	LOCK_READ,
	LOCK_EXECUTE,
	LOCK_UPDATE, /* of the metadata, by a protected update */
	LOCK_CONDITIONS,
};

struct lock_condition_row {
	const char *member; /* in the file */
	const char *text;   /* for people */
	uint8_t tag;        /* of metadata */
};
extern const struct lock_condition_row lock_conditions[LOCK_CONDITIONS];

struct lock_rule {
	enum lock_target target;
	uint16_t oid; /* of LOCK_TARGET_OID */
	bool wanted[LOCK_CONDITIONS];
	struct access access[LOCK_CONDITIONS];
	uint8_t life_cycle;  /* 0: stays */
	int reset;           /* what a protected update of the metadata does first; -1: stays */
	bool allow_lock_out; /* even what leaves the object useless */
};

struct lock_policy {
	char *path; /* for messages */
	struct lock_rule *rules;
	size_t n;
};

/* NULL path: the default policy. NULL: every mistake found was named on stderr. */
struct lock_policy *lock_policy_load(const char *path);
struct lock_policy *lock_policy_parse(const char *name, const char *text);
void lock_policy_free(struct lock_policy **pp);

/* Whether it has a rule for the slot's key or certificate. */
bool lock_policy_needs_slot(const struct lock_policy *p);

/* The text of the default policy. */
extern const char lock_policy_default[];

/* "operational"; NULL: no such state. */
const char *life_cycle_word(int state);

#endif
