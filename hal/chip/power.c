/*
 * CloseApplication and the restoring OpenApplication: SRM 4.4.1; the encrypted session over a loss
 * of power: IFX I2C protocol 2.03, chapter 6.5.
 *
 * The record (bus.h) says "closed" from before the command to the next OpenApplication, so that
 * everybody who takes the chip opens it again, whatever became of this process.
 *
 * The host's half of a session (keys, numbers used last) stays in the handle's memory while the
 * chip sleeps, and is good once: with a copy of it numbers, and so nonces, would be used twice.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/bus.h"
#include "hal/chip/internal.h"
#include "hal/link/link.h"

#define CLOSE_PLAIN     0x00 /* Param */
#define CLOSE_HIBERNATE 0x01

/* Not sent again: an application that is closed already looks like one lost to a reset. */
static int
close_held(struct chip *c, uint8_t param, struct buf *out)
{
	const struct chip_apdu apdu = {
		.cmd = CHIP_CMD_CLOSE,
		.param = param,
		/* What it answers is a secret; without a session it is worth no security event. */
		.shielded = param == CLOSE_HIBERNATE && link_shielded(c->ln),
		.deadline_ms = APDU_DEADLINE_MS,
	};
	static const struct buf nothing = BUF_INIT;
	const int r = chip_apdu_run(c, &apdu, &nothing, out);

	secret_free(&c->slept);
	if (r == 0) {
		c->shut = true;
		chip_mark_closed(c);
	}
	return r;
}

int
chip_shutdown(struct chip *c)
{
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	r = close_held(c, CLOSE_PLAIN, NULL);
	chip_release(c);
	return r;
}

/* Without it the application is saved all the same, and a handshake is due afterwards. */
static void
save_session(struct chip *c)
{
	const int r = link_save(c->ln, &c->slept);

	if (r != 0)
		log_info("%s: the encrypted session does not outlast hibernation: %s",
		    chip_selector(c), hal_strerror(r));
	if (c->rec != NULL)
		c->rec->shield = 0;
}

int
chip_hibernate(struct chip *c, uint8_t handle[CHIP_HANDLE_LEN])
{
	struct buf out = BUF_INIT;
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	r = close_held(c, CLOSE_HIBERNATE, &out);
	/* The session was lost before it, and the application is open: it has not run. */
	if (r == HAL_ESHIELD)
		r = close_held(c, CLOSE_HIBERNATE, &out);
	if (r == 0 && out.len != CHIP_HANDLE_LEN)
		r = HAL_EPROTO;
	if (r == 0 && link_shielded(c->ln))
		save_session(c);
	chip_release(c);
	if (r == 0)
		memcpy(handle, out.data, CHIP_HANDLE_LEN);
	buf_free(&out);
	return r;
}

static int
restore_held(struct chip *c, const uint8_t *handle)
{
	bool presence;
	int r;

	if (c->model != NULL && !chip_model_can(c->model, CHIP_CMD_OPEN, APDU_OPEN_RESTORE))
		return HAL_ENOTSUP;
	if (c->rec != NULL) {
		if (c->rec->open != 0)
			return HAL_ERESET;
		c->boot = c->rec->boot;
		c->change = c->rec->change;
	}
	/* Saved under the presentation layer, the application wants it again (SRM 6.5.5). */
	presence = c->rec != NULL ? c->rec->presence != 0 : link_presence(c->ln);
	if ((r = link_start(c->ln)) != 0)
		return r;
	chip_mark_reset(c);
	link_adopt(c->ln, presence, false);
	if (c->rec != NULL)
		c->rec->presence = presence;
	/* Refused, or somebody made a handshake since: both halves are void, and so is the rest. */
	if (c->slept != NULL && (r = link_restore(c->ln, &c->slept)) != 0)
		return r;
	if ((r = chip_apdu_open(c, handle)) != 0)
		return r;
	chip_mark_open(c);
	return 0;
}

int
chip_restore(struct chip *c, const uint8_t handle[CHIP_HANDLE_LEN])
{
	int r;

	if ((r = chip_lock(c)) != 0)
		return r;
	r = restore_held(c, handle);
	secret_free(&c->slept);
	buf_reset(&c->cmd);
	buf_reset(&c->rsp);
	chip_release(c);
	return r;
}
