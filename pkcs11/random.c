/* The chip's random numbers: PKCS #11 v2.40, 5.14. */
#include <config.h>

#include "hal/base/err.h"
#include "pkcs11/calls.h"
#include "pkcs11/mod.h"

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

static int
turn(struct session *s, unsigned char *out, size_t len)
{
	struct chip *chip;
	int r = mod_token_chip(s->token, &chip);

	if (r == 0)
		r = chip_random(chip, out, len);
	if (r == HAL_ERESYNC || r == HAL_ERESET)
		r = chip_random(chip, out, len);
	mod_token_unlock(s->token);
	return r;
}

CK_RV
mod_C_GenerateRandom(CK_SESSION_HANDLE h, unsigned char *out, CK_ULONG len)
{
	struct session *s;
	CK_ULONG n;
	CK_RV rv;

	if ((rv = mod_enter_session(h, &s)) != CKR_OK)
		return rv;
	if (out == NULL)
		return mod_leave_session(s, CKR_ARGUMENTS_BAD);
	for (; rv == CKR_OK && len > 0; out += n, len -= n) {
		n = len < TURN ? len : TURN;
		rv = mod_rv(turn(s, out, n));
	}
	return mod_leave_session(s, rv);
}
