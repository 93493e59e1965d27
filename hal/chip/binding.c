/*
 * Pairing and what it leaves on the host; see binding.h.
 *
 * Order of a pairing: the new secret is pending on the host, then the chip gets it, then a
 * handshake proves it, then it is current. Whoever comes after an interruption tries the current
 * secret and the pending one; the one the chip proves is right, and becomes current.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/bindfile.h"
#include "hal/chip/internal.h"
#include "hal/link/link.h"

#define OID_UID 0xE0C2

int
chip_serial(const uint8_t uid[CHIP_UID_LEN], char serial[CHIP_SERIAL_LEN])
{
	OSSL_LIB_CTX *lib;
	uint8_t hash[32];
	size_t n = 0;
	int ok = 0;

	/* A library context of its own: an engine may be the process's default. */
	ERR_set_mark();
	if ((lib = OSSL_LIB_CTX_new()) != NULL)
		ok = EVP_Q_digest(lib, "SHA256", NULL, uid, CHIP_UID_LEN, hash, &n);
	OSSL_LIB_CTX_free(lib);
	ERR_pop_to_mark();
	if (ok != 1 || n != sizeof(hash))
		return HAL_ECRYPTO;
	for (size_t i = 0; i < (CHIP_SERIAL_LEN - 1) / 2; i++)
		(void)snprintf(serial + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

int
chip_binding_set_dir(struct chip *c, const char *dir)
{
	char *copy = strdup(dir);

	if (copy == NULL)
		return HAL_ENOMEM;
	free(c->binding_dir);
	c->binding_dir = copy;
	c->sought = false;
	return 0;
}

static const char *
dir_of(const struct chip *c)
{
	return bindfile_dir(c->binding_dir);
}

/* --- secrets that may be used --------------------------------------------------------------- */

/* Every fresh Trust M has 01 02 .. 40, and the world knows. Tests may say that they mean it. */
static bool
is_factory(const struct secret *s)
{
	const char *tests = secure_getenv("OPTIGA_TEST_FACTORY_SECRET");

	if (tests != NULL && strcmp(tests, "yes") == 0)
		return false;
	for (size_t i = 0; i < secret_len(s); i++)
		if (secret_bytes(s)[i] != i + 1)
			return false;
	return true;
}

static int
acceptable(const struct chip *c, const struct secret *s)
{
	if (secret_len(s) < CHIP_BINDING_MIN || secret_len(s) > CHIP_BINDING_LEN) {
		log_error("%s: a binding secret of %zu bytes; %d to %d are accepted",
		    chip_selector(c), secret_len(s), CHIP_BINDING_MIN, CHIP_BINDING_LEN);
		return HAL_EINVAL;
	}
	if (is_factory(s)) {
		log_error("%s: the binding secret is the one every chip leaves the factory with, "
			  "which protects nothing; pair the chip to give it its own",
		    chip_selector(c));
		return HAL_EINVAL;
	}
	return 0;
}

static int
read_file(struct chip *c, const char *suffix, struct secret **sp)
{
	char serial[CHIP_SERIAL_LEN];
	int r;

	*sp = NULL;
	if ((r = chip_serial(c->uid, serial)) != 0 ||
	    (r = bindfile_read(dir_of(c), serial, suffix, sp)) != 0)
		return r;
	if ((r = acceptable(c, *sp)) != 0)
		secret_free(sp);
	return r;
}

static bool
has_layer(const struct chip *c)
{
	return c->model != NULL && chip_model_object(c->model, CHIP_OID_BINDING) != NULL;
}

/* The files' first secret that is not the one that failed. */
static bool
take_file(struct chip *c, const struct secret *failed)
{
	static const char *const suffixes[] = { BINDFILE_CURRENT, BINDFILE_PENDING };

	for (size_t i = 0; i < NITEMS(suffixes); i++) {
		struct secret *s;
		bool taken = false;

		if (read_file(c, suffixes[i], &s) != 0)
			continue;
		if (failed == NULL || !secret_equal(s, failed))
			taken = link_set_secret(c->ln, s) == 0;
		secret_free(&s);
		if (taken) {
			c->pending = i == 1;
			return true;
		}
	}
	return false;
}

bool
chip_binding_known(struct chip *c)
{
	if (!c->sought && has_layer(c)) {
		c->sought = true;
		if (!take_file(c, NULL))
			(void)link_set_secret(c->ln, NULL);
	}
	return link_has_secret(c->ln);
}

bool
chip_binding_next(struct chip *c)
{
	struct secret *failed = NULL;
	bool taken;

	if (c->proving || !has_layer(c) || link_get_secret(c->ln, &failed) != 0)
		return false;
	taken = take_file(c, failed);
	secret_free(&failed);
	return taken;
}

void
chip_binding_proved(struct chip *c)
{
	char serial[CHIP_SERIAL_LEN];

	if (!c->pending || c->proving)
		return;
	c->pending = false;
	log_info("%s: an interrupted pairing is completed", chip_selector(c));
	if (chip_serial(c->uid, serial) == 0)
		(void)bindfile_settle(dir_of(c), serial); /* else the next one does */
}

/* --- proof ---------------------------------------------------------------------------------- */

/* A protected command that changes nothing. */
static int
prove_held(struct chip *c)
{
	static const struct chip_apdu get = {
		.cmd = CHIP_CMD_GET_DATA,
		.idempotent = true,
		.shielded = true,
		.deadline_ms = APDU_DEADLINE_MS,
	};
	struct buf in = BUF_INIT, out = BUF_INIT;
	int r;

	if ((r = buf_put_u16(&in, OID_UID)) == 0 && (r = buf_put_u16(&in, 0)) == 0 &&
	    (r = buf_put_u16(&in, CHIP_UID_LEN)) == 0)
		r = chip_apdu_run(c, &get, &in, &out);
	if (r == 0 && (out.len != CHIP_UID_LEN || memcmp(out.data, c->uid, CHIP_UID_LEN) != 0))
		r = HAL_EPROTO;
	buf_free(&in);
	buf_free(&out);
	return r;
}

int
chip_binding_prove(struct chip *c)
{
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	if (!has_layer(c))
		r = HAL_ENOTSUP;
	else if (!chip_binding_known(c))
		r = HAL_EPAIR;
	else
		r = prove_held(c);
	chip_release(c);
	return r;
}

/* Whether this very secret is the chip's: a new handshake, and no other secret is tried. */
static int
prove_secret(struct chip *c, const struct secret *s)
{
	int r;

	if ((r = link_set_secret(c->ln, s)) != 0)
		return r;
	link_forget(c->ln);
	c->sought = true;
	c->proving = true;
	r = prove_held(c);
	c->proving = false;
	/* What failed is not used further; the files say what to use. */
	if (r != 0)
		c->sought = false;
	else
		c->pending = false;
	return r;
}

int
chip_binding_is_factory(struct chip *c, bool *yes)
{
	struct secret *factory = NULL;
	int r;

	*yes = false;
	if ((r = secret_new(CHIP_BINDING_LEN, &factory)) != 0 || (r = chip_acquire(c)) != 0)
		goto out;
	for (size_t i = 0; i < CHIP_BINDING_LEN; i++)
		secret_data(factory)[i] = (uint8_t)(i + 1);
	r = has_layer(c) ? prove_secret(c, factory) : HAL_ENOTSUP;
	*yes = r == 0;
	if (r == HAL_EPAIR)
		r = 0;
	/* Nothing is to be said under it: the files say what to use. */
	(void)link_set_secret(c->ln, NULL);
	link_forget(c->ln);
	c->sought = false;
	chip_release(c);
out:
	secret_free(&factory);
	return r;
}

/* --- pairing -------------------------------------------------------------------------------- */

/* The chip's random numbers and the host's: as good as the better of the two. */
static int
new_secret(struct chip *c, struct secret **sp)
{
	uint8_t other[CHIP_BINDING_LEN];
	int r;

	if ((r = secret_new(CHIP_BINDING_LEN, sp)) != 0)
		return r;
	if (getrandom(secret_data(*sp), CHIP_BINDING_LEN, 0) != CHIP_BINDING_LEN)
		r = HAL_EIO;
	else
		r = chip_random(c, other, sizeof(other));
	for (size_t i = 0; r == 0 && i < sizeof(other); i++)
		secret_data(*sp)[i] ^= other[i];
	explicit_bzero(other, sizeof(other));
	if (r != 0)
		secret_free(sp);
	return r;
}

/* paired: the secret known here is the chip's; then the new one goes out under it. */
static int
check_changeable(struct chip *c, bool paired)
{
	struct chip_meta m;
	int r;

	if ((r = chip_meta_read(c, CHIP_OID_BINDING, &m)) != 0)
		return r;
	if (paired || !chip_access_shielded(&m.change, m.lcso))
		return 0;
	log_error("%s: the chip takes a new binding secret only under the old one, which this "
		  "host does not have",
	    chip_selector(c));
	return CHIP_E_ACCESS;
}

static int
lock_metadata(struct chip *c, enum chip_binding_lock lock)
{
	static const uint8_t renew[] = { 0xC0, 1, CHIP_LCS_OPERATIONAL, 0xD0, 3, 0x20, 0xE1, 0x40,
		0xD1, 1, 0xFF };
	static const uint8_t sealed[] = { 0xC0, 1, CHIP_LCS_OPERATIONAL, 0xD0, 1, 0xFF, 0xD1, 1,
		0xFF };
	struct chip_meta m;
	int r;

	if (lock == CHIP_BINDING_OPEN)
		return 0;
	/* Once operational the conditions stand, whatever they are. */
	if ((r = chip_meta_read(c, CHIP_OID_BINDING, &m)) != 0 || m.lcso < 0 ||
	    m.lcso >= CHIP_LCS_OPERATIONAL)
		return r;
	if (lock == CHIP_BINDING_RENEW)
		return chip_meta_write(c, CHIP_OID_BINDING, renew, sizeof(renew));
	return chip_meta_write(c, CHIP_OID_BINDING, sealed, sizeof(sealed));
}

/* Gives a secret that is pending already to the chip, proves it and makes it current. */
static int
introduce(struct chip *c, const char *serial, const struct secret *s, bool paired)
{
	int r;

	c->shield_all = paired;
	r = chip_data_write(
	    c, CHIP_OID_BINDING, 0, secret_bytes(s), secret_len(s), CHIP_ERASE_WRITE);
	c->shield_all = false;
	if (r > 0) /* refused: the chip keeps the old one */
		(void)bindfile_remove(dir_of(c), serial, BINDFILE_PENDING);
	if (r != 0 || (r = prove_secret(c, s)) != 0)
		return r;
	return bindfile_settle(dir_of(c), serial);
}

static int
pair_held(struct chip *c, enum chip_binding_lock lock)
{
	char serial[CHIP_SERIAL_LEN];
	struct secret *s = NULL;
	bool paired;
	int r;

	if (!has_layer(c))
		return HAL_ENOTSUP;
	r = chip_binding_prove(c);
	paired = r == 0;
	if (r != 0 && r != HAL_EPAIR)
		return r;
	if ((r = check_changeable(c, paired)) != 0 || (r = chip_serial(c->uid, serial)) != 0 ||
	    (r = new_secret(c, &s)) != 0)
		return r;
	bindfile_sweep(dir_of(c), serial);
	if ((r = bindfile_write(dir_of(c), serial, BINDFILE_PENDING, s)) == 0 &&
	    (r = introduce(c, serial, s, paired)) == 0)
		r = lock_metadata(c, lock);
	secret_free(&s);
	return r;
}

int
chip_pair(struct chip *c, enum chip_binding_lock lock)
{
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	r = pair_held(c, lock);
	chip_release(c);
	return r;
}

/* --- secrets from elsewhere ------------------------------------------------------------------ */

int
chip_binding_adopt(struct chip *c, const struct secret *secret)
{
	char serial[CHIP_SERIAL_LEN];
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	if (!has_layer(c))
		r = HAL_ENOTSUP;
	else if ((r = acceptable(c, secret)) == 0 && (r = prove_secret(c, secret)) == 0 &&
		 (r = chip_serial(c->uid, serial)) == 0) {
		bindfile_sweep(dir_of(c), serial);
		r = bindfile_write(dir_of(c), serial, BINDFILE_CURRENT, secret);
	}
	chip_release(c);
	return r;
}

int
chip_binding_remove(struct chip *c)
{
	char serial[CHIP_SERIAL_LEN];
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	if ((r = chip_serial(c->uid, serial)) == 0 &&
	    (r = bindfile_remove(dir_of(c), serial, BINDFILE_PENDING)) == 0)
		r = bindfile_remove(dir_of(c), serial, BINDFILE_CURRENT);
	if (r == 0) {
		bindfile_sweep(dir_of(c), serial);
		(void)link_set_secret(c->ln, NULL);
		link_forget(c->ln);
		c->sought = false;
	}
	chip_release(c);
	return r;
}

int
chip_authorization_keep(struct chip *c, const struct secret *secret)
{
	char serial[CHIP_SERIAL_LEN];
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	if ((r = chip_serial(c->uid, serial)) == 0)
		r = bindfile_write(dir_of(c), serial, BINDFILE_AUTH, secret);
	chip_release(c);
	return r;
}

int
chip_authorization_remove(struct chip *c)
{
	char serial[CHIP_SERIAL_LEN];
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	if ((r = chip_serial(c->uid, serial)) == 0)
		r = bindfile_remove(dir_of(c), serial, BINDFILE_AUTH);
	chip_release(c);
	return r;
}

int
chip_authorization_load(struct chip *c, struct secret **sp)
{
	char serial[CHIP_SERIAL_LEN];
	int r;

	*sp = NULL;
	if ((r = chip_acquire(c)) != 0)
		return r;
	if ((r = chip_serial(c->uid, serial)) == 0)
		r = bindfile_read(dir_of(c), serial, BINDFILE_AUTH, sp);
	chip_release(c);
	return r;
}
