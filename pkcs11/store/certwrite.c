/* Writing certificate objects. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/store/internal.h"

/*
 * A head of zeros is enough: content begins with 30, C0 or C2, and what an interrupted write of
 * ours leaves behind has zeros there too.
 */
int
cert_slot_free(struct store *st, struct cert_slot *s, bool *yes)
{
	int r;

	*yes = false;
	if (chip_model_object(chip_model(st->chip), s->row->oid) == NULL)
		return 0;
	if ((r = cert_load(st, s)) != 0 || !s->zero)
		return r;
	if ((r = cert_meta(st, s)) != 0)
		return r;
	*yes = access_changeable(st, &s->meta);
	return 0;
}

static int
check_unlocked(struct store *st, struct cert_slot *s)
{
	int r;

	if ((r = cert_meta(st, s)) != 0)
		return r;
	if (access_changeable(st, &s->meta))
		return 0;
	log_info("%04X is locked: its rules do not let anybody here change it", s->row->oid);
	return STORE_EPROHIBITED;
}

int
cert_fits(struct store *st, const struct cert_slot *s, size_t len)
{
	const size_t max = chip_model_object(chip_model(st->chip), s->row->oid)->max;

	if (len <= max)
		return 0;
	log_info(
	    "certificate too large for %04X: %zu bytes as stored, %zu fit", s->row->oid, len, max);
	return STORE_EATTR_VALUE;
}

int
cert_write(struct store *st, struct cert_slot *s, const struct buf *content)
{
	struct buf back = BUF_INIT;
	int r;

	if ((r = cert_fits(st, s, content->len)) != 0 || (r = check_unlocked(st, s)) != 0)
		return r;
	cert_forget(s);
	r = chip_data_write(
	    st->chip, s->row->oid, 0, content->data, content->len, CHIP_ERASE_WRITE);
	if (r == 0)
		r = chip_data_read(st->chip, s->row->oid, 0, content->len, &back);
	if (r == 0 &&
	    (back.len != content->len || memcmp(back.data, content->data, content->len) != 0)) {
		log_error("%04X: the certificate reads back differently than it was written",
		    s->row->oid);
		r = HAL_EIO;
	}
	buf_free(&back);
	return r;
}

int
cert_erase(struct store *st, struct cert_slot *s)
{
	static const uint8_t nothing = 0;
	int r;

	if ((r = check_unlocked(st, s)) != 0)
		return r;
	cert_forget(s);
	return chip_data_write(st->chip, s->row->oid, 0, &nothing, 1, CHIP_ERASE_WRITE);
}
