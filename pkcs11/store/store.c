/* One store: opening, what is remembered and until when, token information. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/internal.h"
#include "pkcs11/store/ossl.h"

int
store_new(const char *selector, const char *label, struct store **stp)
{
	struct store *st = calloc(1, sizeof(*st));

	*stp = NULL;
	if (st == NULL || (st->selector = strdup(selector)) == NULL) {
		free(st);
		return HAL_ENOMEM;
	}
	if (label != NULL)
		(void)snprintf(st->label, sizeof(st->label), "%s", label);
	for (size_t i = 0; i < NKEYS; i++)
		st->keys[i].row = &key_rows[i];
	for (size_t i = 0; i < NCERTSLOTS; i++)
		st->certs[i].row = &cert_rows[i];
	data_slots(st);
	*stp = st;
	return 0;
}

void
store_free(struct store **stp)
{
	struct store *st = *stp;

	if (st == NULL)
		return;
	store_forget(st);
	chip_close(&st->chip);
	free(st->handles);
	free(st->selector);
	free(st);
	*stp = NULL;
}

const char *
store_selector(const struct store *st)
{
	return st->selector;
}

struct chip *
store_chip(struct store *st)
{
	return st->chip;
}

void
store_forget(struct store *st)
{
	st->valid = false;
	st->index_known = false;
	st->index_copy = -1;
	for (size_t i = 0; i < NINDEXPARTS; i++) {
		buf_free(&st->parts[i].data);
		st->parts[i] = (struct index_part_cache){ 0 };
	}
	for (size_t i = 0; i < NKEYS; i++)
		key_forget(&st->keys[i]);
	for (size_t i = 0; i < NCERTSLOTS; i++)
		cert_forget(&st->certs[i]);
	for (size_t i = 0; i < NDATASLOTS; i++)
		data_forget(&st->data[i]);
	st->aes.meta_known = st->other.meta_known = false;
}

static int
attach(struct store *st)
{
	int r;

	if (st->chip == NULL && (r = chip_open(st->selector, &st->chip)) != 0)
		return r;
	if ((r = chip_acquire(st->chip)) != 0) {
		chip_close(&st->chip);
		return r;
	}
	chip_release(st->chip);
	return 0;
}

int
store_attach(struct store *st)
{
	int r;

	if (st->gone) {
		store_forget(st);
		chip_close(&st->chip);
		st->gone = false;
	}
	if (st->chip != NULL && chip_model(st->chip) != NULL)
		return 0;
	/* Programs ask again and again whether a token is there. */
	log_hush(st->told != 0);
	r = attach(st);
	log_hush(false);
	if (r != 0 && st->told != 0 && r != st->told)
		log_error("%s: now: %s", st->selector, hal_strerror(r));
	st->told = r;
	return r;
}

int
store_present(struct store *st)
{
	if (st->chip != NULL && !chip_present(st->chip))
		st->gone = true;
	return store_attach(st);
}

void
store_set_view(struct store *st, const struct store_view *view)
{
	st->view = view;
}

int
store_enter(struct store *st)
{
	int r;

	if ((r = store_attach(st)) != 0)
		return r;
	if ((r = chip_acquire(st->chip)) != 0) {
		st->gone = r == HAL_ENODEV;
		return r;
	}
	if (!st->valid || st->change != chip_change(st->chip)) {
		store_forget(st);
		st->change = chip_change(st->chip);
		st->valid = true;
	}
	ERR_set_mark();
	return 0;
}

int
store_leave(struct store *st, int r)
{
	ERR_pop_to_mark();
	/* What we wrote ourselves is remembered by those who wrote it; a failure leaves doubt. */
	if (st->change != chip_change(st->chip)) {
		if (r == 0)
			st->change = chip_change(st->chip);
		else
			store_forget(st);
	}
	if (!st->let_go)
		chip_release(st->chip);
	st->let_go = false;
	st->gone = r == HAL_ENODEV;
	return r;
}

int
store_info(struct store *st, struct store_info *info)
{
	uint8_t hash[32];
	const uint8_t *uid;
	int r;

	if ((r = store_attach(st)) != 0)
		return r;
	uid = chip_uid(st->chip);
	ERR_set_mark();
	r = ossl_digest("SHA2-256", uid, CHIP_UID_LEN, hash, sizeof(hash));
	ERR_pop_to_mark();
	if (r != 0)
		return r;
	memset(info, 0, sizeof(*info));
	for (size_t i = 0; i < 8; i++)
		(void)snprintf(info->serial + 2 * i, 3, "%02x", hash[i]);
	if (st->label[0] != '\0')
		memcpy(info->label, st->label, sizeof(info->label));
	else
		(void)snprintf(info->label, sizeof(info->label), "OPTIGA %s", info->serial + 8);
	info->model = chip_model(st->chip)->name;
	memcpy(info->build, uid + CHIP_UID_LEN - 2, 2);
	return 0;
}

bool
store_is_token(struct store *st, CK_OBJECT_HANDLE h)
{
	(void)st;
	(void)h;
	return true; /* this store keeps nothing but what is on the chip */
}
