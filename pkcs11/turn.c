/* Turns with the chip; see turn.h. */
#include <config.h>

#include "hal/base/err.h"
#include "pkcs11/key.h"
#include "pkcs11/mod.h"
#include "pkcs11/turn.h"

bool
mod_key_volatile(const struct mod_key *key)
{
	return key->oid >= CHIP_SESSION_FIRST && key->oid < CHIP_SESSION_FIRST + CHIP_SESSION_COUNT;
}

static int
check_key(struct session *s, struct chip *chip, const struct mod_key *key)
{
	int r;

	if (key == NULL)
		return 0;
	if ((r = mod_key_check(s, key)) != 0 || !mod_key_volatile(key))
		return r;
	r = chip_context_check(chip, key->oid, key->boot);
	return r == HAL_ERESET ? STORE_EHANDLE : r;
}

static int
run(struct session *s, struct chip *chip, const struct mod_key *key, struct mod_context *out,
    int (*fn)(struct chip *chip, const struct mod_key *key, void *arg), void *arg)
{
	int r;

	if ((r = check_key(s, chip, key)) != 0)
		return r;
	if (out == NULL)
		return fn(chip, key, arg);
	if ((r = chip_context_take(chip, &out->oid)) != 0)
		return r;
	out->boot = chip_boot(chip);
	/* A reset in the command itself leaves the context empty. */
	if ((r = fn(chip, key, arg)) == 0 && chip_boot(chip) != out->boot)
		r = HAL_ERESET;
	if (r != 0)
		chip_context_give(chip, out->oid);
	return r;
}

int
mod_turn(struct session *s, const struct mod_key *key, struct mod_context *out,
    int (*fn)(struct chip *chip, const struct mod_key *key, void *arg), void *arg)
{
	struct chip *chip;
	int r;

	if ((r = mod_token_chip(s->token, &chip)) == 0 && (r = chip_acquire(chip)) == 0) {
		r = run(s, chip, key, out, fn, arg);
		if (r == HAL_ERESET ||
		    (r == HAL_ERESYNC && (key == NULL || !mod_key_volatile(key))))
			r = run(s, chip, key, out, fn, arg);
		chip_release(chip);
	}
	mod_token_unlock(s->token);
	return r;
}

void
mod_context_give(struct token *t, const struct mod_context *context)
{
	struct chip *chip = store_chip(mod_token_lock(t));

	if (chip != NULL && chip_acquire(chip) == 0) {
		if (chip_context_check(chip, context->oid, context->boot) == 0)
			chip_context_give(chip, context->oid);
		chip_release(chip);
	}
	mod_token_unlock(t);
}
