/*
 * C_GenerateKey for secret keys of the token: AES in E200, which the chip generates, and generic
 * secrets from its random numbers in data objects (datacreate.c).
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/internal.h"
#include "pkcs11/store/tmpl.h"
#include "pkcs11/store/view.h"

static const struct tmpl_row aes_rows[] = {
	{ CKA_CLASS, TMPL_USED },
	{ CKA_KEY_TYPE, TMPL_USED },
	{ CKA_VALUE_LEN, TMPL_USED },
	{ CKA_ID, TMPL_USED },
	{ CKA_LABEL, TMPL_USED },
	{ CKA_TOKEN, TMPL_TRUE },
	{ CKA_SENSITIVE, TMPL_TRUE },
	{ CKA_EXTRACTABLE, TMPL_FALSE },
	{ CKA_PRIVATE, TMPL_IGNORE },
	{ CKA_MODIFIABLE, TMPL_IGNORE },
	{ CKA_COPYABLE, TMPL_IGNORE },
	{ CKA_DESTROYABLE, TMPL_IGNORE },
	{ CKA_ENCRYPT, TMPL_IGNORE },
	{ CKA_DECRYPT, TMPL_IGNORE },
	{ CKA_SIGN, TMPL_IGNORE },
	{ CKA_VERIFY, TMPL_IGNORE },
	{ CKA_WRAP, TMPL_IGNORE },
	{ CKA_UNWRAP, TMPL_IGNORE },
	{ CKA_DERIVE, TMPL_FALSE },
	{ CKA_WRAP_WITH_TRUSTED, TMPL_IGNORE },
	{ CKA_START_DATE, TMPL_IGNORE },
	{ CKA_END_DATE, TMPL_IGNORE },
	{ CKA_ALLOWED_MECHANISMS, TMPL_IGNORE },
	{ CKA_LOCAL, TMPL_FIXED },
	{ CKA_KEY_GEN_MECHANISM, TMPL_FIXED },
	{ CKA_ALWAYS_SENSITIVE, TMPL_FIXED },
	{ CKA_NEVER_EXTRACTABLE, TMPL_FIXED },
	{ 0, TMPL_END },
};

static int
check_class(const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_KEY_TYPE want)
{
	CK_ULONG cls = CKO_SECRET_KEY, type = want;
	int r;

	if ((r = tmpl_ulong(tmpl, n, CKA_CLASS, &cls)) != 0 ||
	    (r = tmpl_ulong(tmpl, n, CKA_KEY_TYPE, &type)) != 0)
		return r;
	return cls == CKO_SECRET_KEY && type == want ? 0 : STORE_ECONFLICT;
}

/* --- AES -------------------------------------------------------------------------------------- */

static int
check_aes(struct store *st, const CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	bool yes;
	int r;

	if (chip_model_object(chip_model(st->chip), OID_AES) == NULL)
		return STORE_ECONFLICT;
	if ((r = tmpl_check(tmpl, n, aes_rows)) != 0 || (r = check_class(tmpl, n, CKK_AES)) != 0)
		return r;
	for (CK_ULONG i = 0; i < n; i++)
		if ((r = store_check_name(st, &tmpl[i])) != 0)
			return r;
	if ((r = aes_exists(st, &yes)) != 0 || !yes)
		return r;
	log_info("E200 holds the chip's one AES key already");
	return STORE_EPROHIBITED;
}

/* The names and that the key was made here. */
static int
plan(struct store *st, enum chip_alg alg, const CK_ATTRIBUTE *tmpl, CK_ULONG n, struct index *ix)
{
	const uint8_t code = index_code(OID_AES, 0), what = (uint8_t)alg;
	int r;

	*ix = st->index;
	index_drop(ix, code);
	if ((r = index_set_state(ix, code, INDEX_STATE_GENERATED)) == 0 &&
	    (r = index_put(ix, code, INDEX_ALG, &what, 1)) == 0)
		r = store_put_names(st, ix, OID_AES, tmpl, n);
	if (r == HAL_ETOOBIG)
		r = STORE_EFULL;
	return r == 0 ? index_room(st, ix->len) : r;
}

/*
 * The factory lets nobody make a key in E200, but lets the condition be changed until the life
 * cycle is raised (SRM, "Metadata Update"). It is opened for the command and closed after it,
 * so that nobody overwrites the key; one that was open before stays as it was. What stands open
 * in just this way is what a call left that was cut short: it is closed too, which can be undone
 * as long as it matters.
 */
static int
make_aes(struct store *st, enum chip_alg alg)
{
	static const uint8_t open[] = { 0xD0, 3, 0xE1, 0xFC, CHIP_LCS_OPERATIONAL };
	static const uint8_t closed[] = { 0xD0, 1, 0xFF };
	const struct cur now = st->aes.meta.change;
	const bool change = !access_changeable(st, &st->aes.meta);
	const bool left = now.len == sizeof(open) - 2 && memcmp(now.p, open + 2, now.len) == 0;
	int r, r2;

	st->aes.meta_known = false;
	if (change && (r = chip_meta_write(st->chip, OID_AES, open, sizeof(open))) != 0) {
		log_info("E200: no key may be made here, and that cannot be changed");
		return r > 0 ? STORE_EPROHIBITED : r;
	}
	r = chip_symkey(st->chip, OID_AES, alg, CHIP_USE_ENC);
	if (!change && !left)
		return r;
	r2 = chip_meta_write(st->chip, OID_AES, closed, sizeof(closed));
	return r != 0 ? r : r2;
}

static int
generate_aes(
    struct store *st, CK_ULONG len, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *hp)
{
	const enum chip_alg alg = len == 16   ? CHIP_ALG_AES128
				  : len == 24 ? CHIP_ALG_AES192
					      : CHIP_ALG_AES256;
	struct object o = { .kind = OBJ_SECRET };
	struct index ix;
	int r;

	if ((r = index_load(st)) != 0 || (r = check_aes(st, tmpl, n)) != 0 ||
	    (r = plan(st, alg, tmpl, n, &ix)) != 0)
		return r;
	object_retire(st, &o);
	if ((r = make_aes(st, alg)) != 0 || (r = aes_meta(st)) != 0 ||
	    (r = index_save_found(st, &ix)) != 0)
		return r;
	return object_handle(st, &o, hp);
}

/* --- generic ---------------------------------------------------------------------------------- */

static int
generate_generic(
    struct store *st, CK_ULONG len, const CK_ATTRIBUTE *tmpl, CK_ULONG n, CK_OBJECT_HANDLE *hp)
{
	CK_OBJECT_CLASS cls = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	uint8_t value[INDEX_OBJECT_M];
	const CK_ATTRIBUTE mine[] = {
		{ CKA_VALUE, value, len },
		{ CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_KEY_TYPE, &type, sizeof(type) },
	};
	CK_ATTRIBUTE *all;
	CK_ULONG have = 1;
	int r;

	if (len > sizeof(value))
		return STORE_EATTR_VALUE;
	if ((r = check_class(tmpl, n, CKK_GENERIC_SECRET)) != 0)
		return r;
	if (tmpl_find(tmpl, n, CKA_VALUE) != NULL)
		return STORE_ECONFLICT;
	if ((all = calloc(n + NITEMS(mine), sizeof(*all))) == NULL)
		return HAL_ENOMEM;
	if ((r = chip_random(st->chip, value, len)) == 0) {
		all[0] = mine[0];
		for (size_t i = 1; i < NITEMS(mine); i++)
			if (tmpl_find(tmpl, n, mine[i].type) == NULL)
				all[have++] = mine[i];
		if (n != 0)
			memcpy(&all[have], tmpl, n * sizeof(*tmpl));
		r = secret_create(st, all, have + n, hp);
	}
	OPENSSL_cleanse(value, sizeof(value));
	free(all);
	return r;
}

int
store_generate_secret(struct store *st, bool aes, CK_ULONG len, const CK_ATTRIBUTE *tmpl,
    CK_ULONG n, CK_OBJECT_HANDLE *hp)
{
	int r;

	if ((r = store_enter(st)) != 0)
		return r;
	if ((r = view_check_class(st, CKO_SECRET_KEY)) == 0)
		r = aes ? generate_aes(st, len, tmpl, n, hp)
			: generate_generic(st, len, tmpl, n, hp);
	return store_leave(st, r);
}
