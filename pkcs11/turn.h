/*
 * A turn with the chip for a command that uses a key or fills a session context: what has to be
 * looked at while the chip is held, for all operations alike.
 */
#ifndef PKCS11_TURN_H
#define PKCS11_TURN_H

#include <stdbool.h>
#include <stdint.h>

struct chip;
struct mod_key;
struct session;
struct token;

/* A session context of the chip, and the chip_boot() it belongs to. */
struct mod_context {
	uint16_t oid;
	uint64_t boot;
};

/* Whether the key is in a session context. */
bool mod_key_volatile(const struct mod_key *key);

/*
 * Runs fn with the chip held: nobody replaces the key (NULL: none is used) between the look at it
 * and the command, nor resets the chip that its context is in. out (NULL: none is wanted): a
 * context taken for the result, which is given back unless 0 is returned. After a reset or a
 * lost answer it is done once more, unless the key was lost with it.
 * STORE_EHANDLE: the key is gone. HAL_EBUSY: no context is free. Else what fn returned.
 */
int mod_turn(struct session *s, const struct mod_key *key, struct mod_context *out,
    int (*fn)(struct chip *chip, const struct mod_key *key, void *arg), void *arg);

/*
 * Gives a context back. A chip that is gone has none any more, and what a reset has emptied may be
 * another key's by now.
 */
void mod_context_give(struct token *t, const struct mod_context *context);

#endif
