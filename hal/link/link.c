/*
 * The link as its users see it: the handle, and one command with what is due when it fails. A
 * command is a message of its own, or the presentation layer makes one of it.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/link/int.h"

#define RSP_MIN 4 /* status, undefined, length */

static int
check_response(struct link *ln, const struct buf *rsp)
{
	if (rsp->len > LINK_APDU_MAX) {
		log_debug("%s: response of %zu bytes", bus_selector(ln->bus), rsp->len);
		return HAL_ETOOBIG;
	}
	return rsp->len < RSP_MIN ? HAL_EPROTO : 0;
}

static int
attempt(struct link *ln, struct exchange *x, enum link_protect protect)
{
	int r;

	if (ln->presence || protect != LINK_PLAIN) {
		r = shield_exchange(ln, x, protect);
	} else if ((r = chain_exchange(ln, x)) == HAL_EPROTO && x->odd) {
		log_info("%s: the chip demands the presentation layer, which another host enabled",
		    bus_selector(ln->bus));
	}
	return r != 0 ? r : check_response(ln, x->rsp);
}

/* Drains and re-synchronises, so that nothing old is taken for an answer. */
static int
recover(struct link *ln, unsigned deadline_ms)
{
	int r;

	if ((r = reg_drain(ln, deadline_ms)) != 0 || (r = frame_resync(ln)) != 0)
		return r;
	ln->stale = false;
	return 0;
}

static bool
lost_step(int r)
{
	return r == HAL_ERESYNC || r == HAL_ERESET;
}

/* Whether the exchange came to its end as far as frames are concerned. */
static bool
in_order(int r)
{
	return r == HAL_ETOOBIG || r == HAL_ESHIELD || r == HAL_EPAIR || r == HAL_ENOTSUP ||
	       r == HAL_ECRYPTO;
}

static int
run(struct link *ln, struct exchange *x, const struct link_how *how)
{
	int r = attempt(ln, x, how->protect);

	/* Nothing is sent a second time that may have run and must not run twice. */
	if ((lost_step(r) && (how->idempotent || !x->out)) || (x->odd && how->idempotent)) {
		ln->presence = ln->presence || x->odd;
		if ((r = recover(ln, how->deadline_ms)) == 0)
			r = attempt(ln, x, how->protect);
	}
	if (lost_step(r)) {
		log_info("%s: link lost step%s", bus_selector(ln->bus),
		    x->out ? ", outcome of a command unknown" : "");
		(void)frame_resync(ln);
	}
	return r;
}

int
link_transceive_as(struct link *ln, const uint8_t *cmd, size_t cmd_len, struct buf *rsp,
    const struct link_how *how)
{
	struct exchange x = {
		.cmd = cmd, .cmd_len = cmd_len, .rsp = rsp, .limit = BUS_MS(how->deadline_ms)
	};
	int r;

	buf_reset(rsp);
	if (cmd_len == 0)
		return HAL_EINVAL;
	if (cmd_len > LINK_APDU_MAX)
		return HAL_ETOOBIG;
	if (ln->stale && (r = recover(ln, how->deadline_ms)) != 0)
		return r;
	r = run(ln, &x, how);
	if (r < 0) {
		ln->stale = ln->stale || !in_order(r);
		buf_reset(rsp);
	}
	explicit_bzero(ln->tx, sizeof(ln->tx));
	explicit_bzero(ln->rx, sizeof(ln->rx));
	return r;
}

int
link_transceive(struct link *ln, const uint8_t *cmd, size_t cmd_len, struct buf *rsp,
    bool idempotent, unsigned deadline_ms)
{
	const struct link_how how = { .idempotent = idempotent, .deadline_ms = deadline_ms };

	return link_transceive_as(ln, cmd, cmd_len, rsp, &how);
}

int
link_set_secret(struct link *ln, const struct secret *secret)
{
	struct secret *copy = NULL;
	int r;

	if (secret != NULL &&
	    (r = secret_from(secret_bytes(secret), secret_len(secret), &copy)) != 0)
		return r;
	secret_free(&ln->secret);
	ln->secret = copy;
	return 0;
}

bool
link_has_secret(const struct link *ln)
{
	return ln->secret != NULL;
}

int
link_get_secret(const struct link *ln, struct secret **sp)
{
	*sp = NULL;
	if (ln->secret == NULL)
		return HAL_ENOTFOUND;
	return secret_from(secret_bytes(ln->secret), secret_len(ln->secret), sp);
}

bool
link_presence(const struct link *ln)
{
	return ln->presence;
}

void
link_adopt(struct link *ln, bool presence, bool ours)
{
	ln->presence = presence;
	if (!presence || !ours)
		shield_drop(ln);
}

void
link_forget(struct link *ln)
{
	shield_drop(ln);
}

bool
link_shielded(const struct link *ln)
{
	return ln->session != NULL;
}

int
link_new(struct bus *bus, struct link **lnp)
{
	struct link *ln = calloc(1, sizeof(*ln));

	if (ln == NULL)
		return HAL_ENOMEM;
	ln->bus = bus;
	ln->frame_size = FRAME_MIN; /* until negotiated: what every chip takes */
	ln->stale = true;
	frame_counters_reset(ln);
	*lnp = ln;
	return 0;
}

void
link_free(struct link **lnp)
{
	struct link *ln = *lnp;

	if (ln == NULL)
		return;
	shield_drop(ln);
	secret_free(&ln->secret);
	ccm_free(&ln->ccm);
	buf_free(&ln->msg);
	buf_free(&ln->raw);
	explicit_bzero(ln, sizeof(*ln));
	free(ln);
	*lnp = NULL;
}

void
link_stats(const struct link *ln, struct link_stats *st)
{
	*st = ln->stats;
}
