/*
 * One APDU: SRM 4.4.
 *
 * Command:  Cmd(1) Param(1) InLen(2) InData; bit 7 of Cmd clears the last error first.
 * Response: Sta(1) 00 or FF, one byte to be ignored, OutLen(2) OutData; none on error (CMD-2).
 *
 * Why a command failed is in object F1C2. It is read without the flush bit, which would clear it
 * (CMD-7), and under the same lock. F1C2 can always be read while the application is open: if
 * that fails as well, the application is closed, and the failed command has not run.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"
#include "hal/link/link.h"

#define APDU_FLUSH   0x80
#define APDU_HEADER  4

#define TAG_EXPORT   0x07
#define TAG_SESSION  0x08

#define SET_METADATA 0x01 /* Param of SetDataObject */

#define STA_OK       0x00
#define STA_ERROR    0xFF

/* Sends c->cmd; *sta and *data are the answer's, data into c->rsp. */
static int
exchange(struct chip *c, const struct link_how *how, uint8_t *sta, struct cur *data)
{
	struct cur rsp;
	uint8_t undef;
	uint16_t len;
	int r;

	chip_mark_busy(c, true);
	c->commands++;
	if (how->protect != LINK_PLAIN)
		chip_mark_shielded(c);
	r = link_transceive_as(c->ln, c->cmd.data, c->cmd.len, &c->rsp, how);
	/* The chip has answered even so. */
	c->unsettled = r != 0 && r != HAL_ESHIELD && r != HAL_EPAIR;
	/* Else the mark stays: whoever comes next waits until the chip is idle. */
	if (!c->unsettled)
		chip_mark_busy(c, false);
	if (r != 0)
		return r;
	rsp = (struct cur){ c->rsp.data, c->rsp.len };
	if (!cur_u8(&rsp, sta) || !cur_u8(&rsp, &undef) || !cur_u16(&rsp, &len) || rsp.len != len ||
	    (*sta != STA_OK && *sta != STA_ERROR)) {
		log_debug("response of %zu bytes is none", c->rsp.len);
		return HAL_EPROTO;
	}
	*data = rsp;
	return 0;
}

static int
build(struct chip *c, uint8_t cmd, uint8_t param, const void *in, size_t in_len)
{
	int r;

	if (in_len > APDU_DATA_MAX)
		return HAL_ETOOBIG;
	buf_reset(&c->cmd);
	if ((r = buf_put_u8(&c->cmd, cmd)) != 0 || (r = buf_put_u8(&c->cmd, param)) != 0 ||
	    (r = buf_put_u16(&c->cmd, (uint16_t)in_len)) != 0)
		return r;
	return buf_put(&c->cmd, in, in_len);
}

/* The reason of the failure before; HAL_ERESET: not to be had, the application is closed. */
static int
last_error(struct chip *c)
{
	static const struct link_how how = { .deadline_ms = APDU_DEADLINE_MS };
	static const uint8_t oid[] = { 0xF1, 0xC2 };
	struct cur data;
	uint8_t sta, code;
	int r;

	if ((r = build(c, CHIP_CMD_GET_DATA, 0x00, oid, sizeof(oid))) != 0 ||
	    (r = exchange(c, &how, &sta, &data)) != 0)
		return r;
	if (sta != STA_OK)
		return HAL_ERESET;
	if (data.len != 1)
		return HAL_EPROTO;
	(void)cur_u8(&data, &code);
	/* A failure always leaves a code; 0 must not pass for success. */
	return code != 0 ? code : CHIP_E_INTERNAL;
}

static int
run_once(struct chip *c, const struct chip_apdu *a, const struct buf *in, struct buf *out)
{
	struct link_how how = { .idempotent = a->idempotent, .deadline_ms = a->deadline_ms };
	bool shielded;
	struct cur data;
	uint8_t sta;
	int r;

	if ((r = chip_protect_choose(c, a, in, &shielded)) != 0)
		return r;
	how.protect = shielded ? LINK_PROTECT_BOTH : LINK_PLAIN;
	if ((r = build(c, a->cmd | APDU_FLUSH, a->param, in->data, in->len)) != 0 ||
	    (r = exchange(c, &how, &sta, &data)) != 0)
		return r;
	if (shielded)
		chip_binding_proved(c);
	if (sta != STA_OK) {
		r = last_error(c);
		if (r > 0)
			log_debug("command %02X %02X: chip error %02X (%s)", a->cmd, a->param, r,
			    hal_strerror(r));
		return r;
	}
	if (out == NULL)
		return 0;
	buf_reset(out);
	return buf_put(out, data.p, data.len);
}

/* Whether a fresh start can help: closed application, or a chip that makes no sense. */
static bool
needs_restart(int r)
{
	return r == HAL_ERESET || r == HAL_EPROTO || r == HAL_ETIMEOUT;
}

/*
 * As run_once. When host and chip have no secret in common, another one may be in the files now.
 * When the session ends in mid-command, F1C2 tells whether the application is still open:
 * without, a new handshake would be no use yet.
 */
static int
run_shielded(struct chip *c, const struct chip_apdu *a, const struct buf *in, struct buf *out)
{
	int r = run_once(c, a, in, out), rr;

	for (int n = 0; n < 2 && r == HAL_EPAIR && chip_binding_next(c); n++)
		r = run_once(c, a, in, out);
	if (r == HAL_EPAIR)
		log_error("%s: no encrypted connection: this host does not have the binding secret "
			  "of the chip, or has another one",
		    chip_selector(c));
	if (r != HAL_ESHIELD)
		return r;
	if ((rr = last_error(c)) < 0)
		return rr == HAL_ESHIELD ? HAL_ERESET : rr;
	return a->idempotent ? run_once(c, a, in, out) : HAL_ESHIELD;
}

/* What a command may have changed of what is known of objects. */
static void
forget_conditions(struct chip *c, const struct chip_apdu *a, int r)
{
	const bool metadata = a->cmd == CHIP_CMD_SET_PROTECTED ||
			      (a->cmd == CHIP_CMD_SET_DATA && a->param == SET_METADATA);

	if (metadata || r == CHIP_E_ACCESS)
		chip_protect_forget(c, 0);
	if (r == CHIP_E_ACCESS && !link_has_secret(c->ln))
		c->sought = false;
}

static int
run_held(struct chip *c, const struct chip_apdu *a, const struct buf *in, struct buf *out)
{
	int r, rr;

	/* The link waits for as long as the next command may take; the last one may take longer. */
	if (c->unsettled && (r = chip_join(c, true)) != 0)
		return r;
	if (c->shut && (r = chip_restart(c)) != 0)
		return r;
	if (a->writes)
		chip_mark_changed(c);
	r = run_shielded(c, a, in, out);
	/* Refused, it has not run. */
	if (r == CHIP_E_ACCESS && chip_authorize_for(c, a, in))
		r = run_shielded(c, a, in, out);
	/* The link repeats idempotent commands itself; here it lost the reason of a failure. */
	if (r == HAL_ERESYNC && a->idempotent)
		r = run_shielded(c, a, in, out);
	if (needs_restart(r)) {
		log_info("command %02X: %s; starting the chip again", a->cmd, hal_strerror(r));
		if ((rr = chip_restart(c)) != 0)
			return rr;
		if (!a->idempotent)
			return HAL_ERESET;
		r = run_shielded(c, a, in, out);
	}
	/* Still no good, or nothing there: the next one starts from the beginning. */
	if (needs_restart(r) || r == HAL_ENODEV)
		chip_mark_closed(c);
	forget_conditions(c, a, r);
	return r;
}

int
chip_apdu_run(struct chip *c, const struct chip_apdu *a, const struct buf *in, struct buf *out)
{
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	/* Without a model yet, it is being found out. */
	if (c->model != NULL && !chip_model_can(c->model, a->cmd, a->param)) {
		log_debug("the %s has no command %02X %02X", c->model->name, a->cmd, a->param);
		r = HAL_ENOTSUP;
	} else {
		r = run_held(c, a, in, out);
	}
	buf_reset(&c->cmd);
	buf_reset(&c->rsp);
	chip_release(c);
	return r;
}

int
chip_apdu_open(struct chip *c, const uint8_t *handle)
{
	static const uint8_t app_id[] = { 0xD2, 0x76, 0x00, 0x00, 0x04, 'G', 'e', 'n', 'A', 'u',
		't', 'h', 'A', 'p', 'p', 'l' };
	const bool restore = handle != NULL;
	/* A handle is good once. */
	const struct link_how how = { .idempotent = !restore,
		.deadline_ms = APDU_DEADLINE_MS,
		.protect = restore && link_shielded(c->ln) ? LINK_PROTECT_BOTH : LINK_PLAIN };
	uint8_t in[sizeof(app_id) + CHIP_HANDLE_LEN];
	size_t len = sizeof(app_id);
	struct cur data;
	uint8_t sta;
	int r;

	memcpy(in, app_id, sizeof(app_id));
	if (restore) {
		memcpy(in + len, handle, CHIP_HANDLE_LEN);
		len += CHIP_HANDLE_LEN;
	}
	r = build(
	    c, CHIP_CMD_OPEN | APDU_FLUSH, restore ? APDU_OPEN_RESTORE : APDU_OPEN_AFRESH, in, len);
	explicit_bzero(in, sizeof(in));
	if (r != 0 || (r = exchange(c, &how, &sta, &data)) != 0)
		return r;
	if (sta == STA_OK)
		return 0;
	r = last_error(c);
	return r == HAL_ERESET ? CHIP_E_UNAVAILABLE : r;
}

bool
chip_chain_lost(int r)
{
	return r == HAL_ERESYNC || r == HAL_ERESET;
}

int
chip_put_oid(struct buf *in, uint8_t tag, uint16_t oid)
{
	const uint8_t be[] = { (uint8_t)(oid >> 8), (uint8_t)oid };

	return buf_put_tlv(in, tag, be, sizeof(be));
}

int
chip_put_target(struct buf *in, uint16_t session)
{
	if (session == CHIP_EXPORT)
		return buf_put_tlv(in, TAG_EXPORT, NULL, 0);
	return chip_put_oid(in, TAG_SESSION, session);
}

bool
chip_take_tlv(const struct buf *out, uint8_t tag, struct cur *value)
{
	struct cur c = { out->data, out->len };
	uint8_t t;

	return cur_tlv(&c, &t, value) && t == tag && c.len == 0;
}
