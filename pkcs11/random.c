/* The chip's random numbers: PKCS #11 v2.40, 5.14. */
#include <config.h>

#include "pkcs11/calls.h"
#include "pkcs11/mod.h"
#include "pkcs11/turn.h"

/* Bytes per turn, so that a long request does not shut others out. */
#define TURN 1024

CK_RV
mod_C_SeedRandom(CK_SESSION_HANDLE h, unsigned char *seed, CK_ULONG len)
{
	struct session *s;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (seed == NULL && len != 0)
		return mod_leave_session(s, CKR_ARGUMENTS_BAD);
	return mod_leave_session(s, CKR_RANDOM_SEED_NOT_SUPPORTED); /* a true random source */
}

struct job {
	unsigned char *out;
	size_t len;
};

static int
run_job(struct chip *chip, const struct mod_key *key, void *arg)
{
	const struct job *j = arg;

	(void)key;
	return chip_random(chip, j->out, j->len);
}

CK_RV
mod_C_GenerateRandom(CK_SESSION_HANDLE h, unsigned char *out, CK_ULONG len)
{
	struct session *s;
	struct job j = { .out = out };
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (out == NULL)
		return mod_leave_session(s, CKR_ARGUMENTS_BAD);
	for (; rv == CKR_OK && len > 0; j.out += j.len, len -= j.len) {
		j.len = len < TURN ? len : TURN;
		rv = mod_rv(mod_turn(s, NULL, NULL, run_job, &j));
	}
	return mod_leave_session(s, rv);
}
