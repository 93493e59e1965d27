/*
 * Conditions that ask for an authorization (Auto, SRM chapter "Access Conditions") by the secret of
 * the vendor's portal. Express and MTR parts want it, besides encryption, for changing what the
 * vendor put there.
 *
 * The chip keeps the state until the application is closed and does not show it: it is asked for
 * when a command was refused, and the command, which has not run then, is sent again.
 */
#include <config.h>

#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"

#define CHALLENGE_LEN 32
#define HMAC_LEN      32

/* HMAC-SHA-256, in a library context of its own: an engine may be the process's default. */
static int
hmac(const struct secret *key, const uint8_t *msg, size_t len, uint8_t out[HMAC_LEN])
{
	OSSL_LIB_CTX *lib;
	size_t n = 0;
	bool ok;

	ERR_set_mark();
	ok = (lib = OSSL_LIB_CTX_new()) != NULL &&
	     EVP_Q_mac(lib, "HMAC", NULL, "SHA256", NULL, secret_bytes(key), secret_len(key), msg,
		 len, out, HMAC_LEN, &n) != NULL;
	OSSL_LIB_CTX_free(lib);
	ERR_pop_to_mark();
	return ok && n == HMAC_LEN ? 0 : HAL_ECRYPTO;
}

/* Challenge and answer, by way of a session context that nobody has. */
static int
answer_challenge(struct chip *c, const struct secret *key)
{
	uint8_t challenge[CHALLENGE_LEN], value[HMAC_LEN];
	uint16_t session;
	int r;

	if ((r = chip_context_take(c, &session)) != 0)
		return r;
	if ((r = chip_random_challenge(c, session, NULL, 0, challenge, sizeof(challenge))) == 0 &&
	    (r = hmac(key, challenge, sizeof(challenge), value)) == 0)
		r = chip_authorize(c, CHIP_MAC_HMAC_SHA256, CHIP_OID_AUTHORIZATION, session,
		    challenge, sizeof(challenge), value, sizeof(value));
	explicit_bzero(value, sizeof(value));
	chip_context_give(c, session);
	return r;
}

static bool
can_authorize(const struct chip *c)
{
	return c->model != NULL &&
	       chip_model_can(c->model, CHIP_CMD_DECRYPT_SYM, CHIP_MAC_HMAC_SHA256);
}

int
chip_authorize_stored(struct chip *c)
{
	struct secret *key = NULL;
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	r = can_authorize(c) ? chip_authorization_load(c, &key) : HAL_ENOTSUP;
	if (r == 0)
		r = answer_challenge(c, key);
	secret_free(&key);
	chip_release(c);
	return r;
}

int
chip_authorization_adopt(struct chip *c, const struct secret *secret)
{
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	if (!can_authorize(c))
		r = HAL_ENOTSUP;
	else if ((r = answer_challenge(c, secret)) == 0)
		r = chip_authorization_keep(c, secret);
	chip_release(c);
	return r;
}

bool
chip_authorize_for(struct chip *c, const struct chip_apdu *a, const struct buf *in)
{
	struct secret *key = NULL;
	bool yes;
	int r;

	/* Not for the commands that authorize, and no traffic where there is no secret. */
	if (c->authorizing || !can_authorize(c) || chip_authorization_load(c, &key) != 0)
		return false;
	c->authorizing = true;
	if ((r = chip_protect_authorizes(c, a, in, &yes)) == 0 && yes &&
	    (r = answer_challenge(c, key)) != 0)
		log_error("%s: the authorization secret kept here is not taken: %s",
		    chip_selector(c), hal_strerror(r));
	c->authorizing = false;
	secret_free(&key);
	return r == 0 && yes;
}

bool
chip_has_secret(struct chip *c, uint16_t oid)
{
	struct secret *key = NULL;
	bool yes = false;

	if (oid == CHIP_OID_BINDING)
		yes = chip_binding_known(c);
	else if (oid == CHIP_OID_AUTHORIZATION && can_authorize(c))
		yes = chip_authorization_load(c, &key) == 0;
	secret_free(&key);
	return yes;
}
