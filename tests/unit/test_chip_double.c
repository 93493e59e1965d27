/* See test_chip_double.h. */
#include <config.h>

#include <check.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/bus/bus.h"
#include "hal/chip/chip.h"
#include "hal/link/link.h"
#include "tests/unit/test_chip_double.h"

#define STEPS_MAX 64

struct bus {
	char selector[64];
};
struct link {
	struct secret *secret;
	bool presence, session;
};

struct step {
	uint8_t cmd[LINK_APDU_MAX], rsp[2048];
	size_t cmd_len, rsp_len;
	int err;
};

struct double_state dbl;
static struct step steps[STEPS_MAX];
static size_t nsteps, next_step;

size_t
unhex(const char *hex, uint8_t *out, size_t max)
{
	size_t n = 0;
	unsigned v;

	while (*hex != '\0') {
		if (isspace((unsigned char)*hex)) {
			hex++;
			continue;
		}
		ck_assert_uint_lt(n, max);
		ck_assert_int_eq(sscanf(hex, "%2x", &v), 1);
		out[n++] = (uint8_t)v;
		hex += 2;
	}
	return n;
}

struct buf
hex_buf(const char *hex)
{
	struct buf b = BUF_INIT;
	uint8_t bytes[LINK_APDU_MAX];
	const size_t n = unhex(hex, bytes, sizeof(bytes));

	ck_assert_int_eq(buf_put(&b, bytes, n), 0);
	return b;
}

void
double_reset(void)
{
	memset(&dbl, 0, sizeof(dbl));
	nsteps = next_step = 0;
}

void
double_expect(const char *cmd, const char *rsp, int err)
{
	struct step *st = &steps[nsteps++];

	ck_assert_uint_le(nsteps, STEPS_MAX);
	memset(st, 0, sizeof(*st));
	st->cmd_len = unhex(cmd, st->cmd, sizeof(st->cmd));
	if (rsp != NULL)
		st->rsp_len = unhex(rsp, st->rsp, sizeof(st->rsp));
	st->err = err;
}

void
double_expect_bytes(const uint8_t *cmd, size_t cmd_len, const uint8_t *rsp, size_t rsp_len)
{
	struct step *st = &steps[nsteps++];

	ck_assert_uint_le(nsteps, STEPS_MAX);
	memset(st, 0, sizeof(*st));
	ck_assert_uint_le(cmd_len, sizeof(st->cmd));
	ck_assert_uint_le(rsp_len, sizeof(st->rsp));
	memcpy(st->cmd, cmd, cmd_len);
	st->cmd_len = cmd_len;
	memcpy(st->rsp, rsp, rsp_len);
	st->rsp_len = rsp_len;
}

void
double_expect_end(void)
{
	ck_assert_msg(next_step == nsteps, "%zu of %zu commands were sent", next_step, nsteps);
	ck_assert_int_eq(dbl.locked, 0);
}

void
double_expect_open(void)
{
	double_expect("F0 00 0010 D27600000447656E417574684170706C", "00 00 0000", 0);
}

void
double_expect_uid(const char *uid)
{
	char rsp[128];

	snprintf(rsp, sizeof(rsp), "00 00 001B %s", uid);
	double_expect("81 00 0006 E0C20000001B", rsp, 0);
}

void
double_expect_error(int code)
{
	char rsp[32] = "FF 00 0000";

	if (code >= 0)
		snprintf(rsp, sizeof(rsp), "00 00 0001 %02X", (unsigned)code);
	double_expect("01 00 0002 F1C2", rsp, 0);
}

struct chip *
double_chip(void)
{
	return double_chip_of(FACTORY_UID);
}

struct chip *
double_chip_of(const char *uid)
{
	struct chip *c;

	ck_assert_int_eq(chip_open("double:", &c), 0);
	double_expect_open();
	double_expect_uid(uid);
	ck_assert_int_eq(chip_acquire(c), 0);
	chip_release(c);
	double_expect_end();
	return c;
}

/* --- the bus ------------------------------------------------------------------------------- */

int
bus_open(const char *selector, struct bus **busp)
{
	struct bus *b = calloc(1, sizeof(*b));

	ck_assert_ptr_nonnull(b);
	snprintf(b->selector, sizeof(b->selector), "%s", selector);
	*busp = b;
	return 0;
}

void
bus_close(struct bus **busp)
{
	free(*busp);
	*busp = NULL;
}

bool
bus_present(const struct bus *b)
{
	(void)b;
	return true;
}

const char *
bus_selector(const struct bus *b)
{
	return b->selector;
}

int
bus_lock(struct bus *b)
{
	(void)b;
	if (dbl.lock_result != 0)
		return dbl.lock_result;
	ck_assert_int_eq(dbl.locked++, 0);
	return 0;
}

void
bus_unlock(struct bus *b)
{
	(void)b;
	ck_assert_int_eq(--dbl.locked, 0);
}

struct bus_record *
bus_record(struct bus *b)
{
	(void)b;
	ck_assert_int_eq(dbl.locked, 1);
	return dbl.no_record ? NULL : &dbl.record;
}

/* --- the link ------------------------------------------------------------------------------ */

int
link_new(struct bus *bus, struct link **lnp)
{
	ck_assert_ptr_nonnull(bus);
	*lnp = calloc(1, sizeof(**lnp));
	ck_assert_ptr_nonnull(*lnp);
	return 0;
}

void
link_free(struct link **lnp)
{
	if (*lnp != NULL)
		secret_free(&(*lnp)->secret);
	free(*lnp);
	*lnp = NULL;
}

static int
once(int *result)
{
	const int r = *result;

	*result = 0;
	return r;
}

int
link_start(struct link *ln)
{
	(void)ln;
	ck_assert_int_eq(dbl.locked, 1);
	/* Whoever dies in here must not leave a chip that is taken for open. */
	ck_assert_uint_eq(dbl.record.open, 0);
	dbl.starts++;
	return once(&dbl.start_result);
}

int
link_join(struct link *ln, bool drain)
{
	(void)ln;
	ck_assert_int_eq(dbl.locked, 1);
	dbl.joins++;
	dbl.drains += drain;
	return once(&dbl.join_result);
}

int
link_transceive_as(struct link *ln, const uint8_t *cmd, size_t cmd_len, struct buf *rsp,
    const struct link_how *how)
{
	const struct step *st = &steps[next_step];

	(void)ln;
	ck_assert_int_eq(dbl.locked, 1);
	ck_assert_msg(next_step < nsteps, "unexpected command %02X %02X", cmd[0], cmd[1]);
	next_step++;
	ck_assert_msg(cmd_len == st->cmd_len && memcmp(cmd, st->cmd, cmd_len) == 0,
	    "command %zu: %02X %02X of %zu bytes, expected %02X %02X of %zu", next_step, cmd[0],
	    cmd[1], cmd_len, st->cmd[0], st->cmd[1], st->cmd_len);
	dbl.last_idempotent = how->idempotent;
	dbl.last_deadline_ms = how->deadline_ms;
	dbl.last_protect = how->protect;
	dbl.last_busy = dbl.record.busy != 0;
	dbl.last_change = dbl.record.change;
	if (st->err != 0)
		return st->err;
	buf_reset(rsp);
	return buf_put(rsp, st->rsp, st->rsp_len);
}

int
link_set_secret(struct link *ln, const struct secret *secret)
{
	struct secret *copy = NULL;

	if (secret != NULL)
		ck_assert_int_eq(secret_from(secret_bytes(secret), secret_len(secret), &copy), 0);
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
link_adopt(struct link *ln, bool presence, bool session)
{
	ln->presence = presence;
	ln->session = ln->session && presence && session;
}

void
link_forget(struct link *ln)
{
	ln->session = false;
}

/* No session ever stands here, so there is none to save. */
bool
link_shielded(const struct link *ln)
{
	(void)ln;
	return false;
}

int
link_save(struct link *ln, struct secret **ctxp)
{
	(void)ln;
	*ctxp = NULL;
	return HAL_EINVAL;
}

int
link_restore(struct link *ln, struct secret **ctxp)
{
	(void)ln;
	*ctxp = NULL;
	return HAL_EINVAL;
}
