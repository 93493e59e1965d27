/*
 * Physical layer: IFX I2C protocol 2.03, chapter 2; datasheet 3.61, tables 21 and 25, B.1.
 *
 * A register read is a write of its address and a read, two transactions with a STOP each. The
 * chip may refuse its address while it is busy, asleep or starting ("late acknowledge").
 * GUARD_TIME and TRANS_TIMEOUT are not read: whether silicon fills those registers is not
 * known, and the table's values hold in any case.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/link/int.h"

#define GUARD_TIME BUS_US(50)

/* Late acknowledge: the datasheet bounds it at 100 ms "in the extreme case". */
#define NACK_BOUND     BUS_MS(200)
#define NACK_PAUSE_MIN BUS_US(100)

/* A poll step is at most this part of the time waited, 4 %: the end is met to within 4 %. */
#define STEP_PART 25
#define STEP_MIN  BUS_US(100)
#define STEP_MAX  BUS_MS(500)

/* Transactions in which the bus itself failed are repeated so often. */
#define FAULT_REPEATS 3

#define STARTUP       BUS_MS(15) /* datasheet 5.1.4; the 20 ms case is seen as late acknowledge */

/* A received frame is looked at within this time, while I2C_STATE may still show idle. */
#define DRAIN_SETTLE BUS_MS(2)

#define KHZ_SM       100
#define KHZ_FM       400
#define MODE_FM      0x03 /* Sm and Fm; bit 15 clear: until reset, the chip's memory is spared */
#define MODE_FMP     0x04

void
reg_sleep_until(struct link *ln, uint64_t when)
{
	uint64_t now = bus_now(ln->bus);

	if (when > now)
		(void)bus_sleep(ln->bus, when - now);
}

static uint64_t
clamp(uint64_t v, uint64_t min, uint64_t max)
{
	return v < min ? min : v > max ? max : v;
}

static int
once(struct link *ln, uint8_t *in, const uint8_t *out, size_t len)
{
	int r;

	reg_sleep_until(ln, ln->stop + GUARD_TIME);
	r = in != NULL ? bus_read(ln->bus, in, len) : bus_write(ln->bus, out, len);
	ln->stop = bus_now(ln->bus);
	return r;
}

/* One transaction, in or out; refused addresses and bus faults are tried again. */
static int
transact(struct link *ln, uint8_t *in, const uint8_t *out, size_t len)
{
	const uint64_t start = bus_now(ln->bus);
	unsigned faults = 0;
	int r;

	for (;;) {
		/* The last attempt is one that began after the bound. */
		const uint64_t waited = bus_now(ln->bus) - start;

		if ((r = once(ln, in, out, len)) == 0)
			return 0;
		if (r == HAL_EIO && faults++ < FAULT_REPEATS)
			continue;
		if (r != HAL_ENACK)
			return r;
		if (waited >= NACK_BOUND) {
			log_debug("%s: no acknowledge for 200 ms", bus_selector(ln->bus));
			return HAL_ENODEV;
		}
		reg_sleep_until(
		    ln, ln->stop + clamp((ln->stop - start) / STEP_PART, NACK_PAUSE_MIN, STEP_MAX));
	}
}

int
reg_write(struct link *ln, const uint8_t *p, size_t len)
{
	int r = transact(ln, NULL, p, len);

	if (r == 0)
		ln->stats.transactions++;
	return r;
}

static int
read_uncounted(struct link *ln, enum reg reg, uint8_t *data, size_t len)
{
	const uint8_t select = (uint8_t)reg;
	int r;

	if ((r = transact(ln, NULL, &select, 1)) != 0)
		return r;
	return transact(ln, data, NULL, len);
}

int
reg_read(struct link *ln, enum reg reg, uint8_t *data, size_t len)
{
	int r = read_uncounted(ln, reg, data, len);

	if (r == 0)
		ln->stats.transactions += 2;
	return r;
}

/*
 * Byte 0: 7 BUSY | 6 RESP_RDY | 5:4 RFU | 3 SOFT_RESET | 2:0 bus features; byte 1: 7 presentation
 * layer; bytes 2, 3: length.
 */
int
reg_state(struct link *ln, struct reg_state *st)
{
	uint8_t b[4];
	int r;

	if ((r = read_uncounted(ln, REG_I2C_STATE, b, sizeof(b))) != 0)
		return r;
	st->busy = (b[0] & 0x80) != 0;
	st->ready = (b[0] & 0x40) != 0;
	st->soft_reset = (b[0] & 0x08) != 0;
	st->shield = (b[1] & 0x80) != 0;
	st->len = (uint16_t)(b[2] << 8 | b[3]);
	return 0;
}

int
reg_await(struct link *ln, struct reg_wait *w, size_t *len)
{
	uint64_t idle_since = UINT64_MAX;
	struct reg_state st;
	int r;

	for (;;) {
		const uint64_t begin = bus_now(ln->bus);
		uint64_t next;

		/* One sample after the deadline, whatever it shows: a chip that talks for ever
		 * ends. */
		if (begin >= w->deadline && w->late)
			return HAL_ETIMEOUT;
		w->late = begin >= w->deadline;
		if ((r = reg_state(ln, &st)) != 0)
			return r;
		if (st.ready && st.len >= CTRL_LEN && st.len <= ln->frame_size) {
			*len = st.len;
			return 0;
		}
		ln->stats.polls++;
		if (st.ready && st.len != 0 && !w->odd_len) {
			w->odd_len = true;
			return HAL_EPROTO;
		}
		if (w->late)
			return HAL_ETIMEOUT;
		if (st.busy || st.ready)
			idle_since = UINT64_MAX;
		else if (idle_since == UINT64_MAX)
			idle_since = begin;
		else if (w->quiet != 0 && begin - idle_since >= w->quiet)
			return HAL_ERESYNC;
		next = begin + clamp((begin - w->from) / STEP_PART, STEP_MIN, STEP_MAX);
		reg_sleep_until(ln, next < w->deadline ? next : w->deadline);
	}
}

int
reg_drain(struct link *ln, unsigned ms)
{
	const uint64_t start = bus_now(ln->bus);
	uint64_t idle_since = UINT64_MAX;
	uint8_t waste[FRAME_MAX];
	struct reg_state st;
	int r;

	for (;;) {
		const uint64_t begin = bus_now(ln->bus);

		if ((r = reg_state(ln, &st)) != 0)
			return r;
		if (st.ready && st.len >= CTRL_LEN && st.len <= sizeof(waste)) {
			r = reg_read(ln, REG_DATA, waste, st.len);
			explicit_bzero(waste, sizeof(waste));
			if (r != 0)
				return r;
		}
		if (st.busy)
			idle_since = UINT64_MAX;
		else if (idle_since == UINT64_MAX)
			idle_since = begin;
		else if (begin - idle_since >= DRAIN_SETTLE)
			return 0;
		if (begin - start >= BUS_MS(ms))
			return HAL_ETIMEOUT;
		reg_sleep_until(
		    ln, begin + (st.busy ? clamp((begin - start) / STEP_PART, STEP_MIN, STEP_MAX)
					 : DRAIN_SETTLE));
	}
}

/* The highest clock the chip announces; what cannot be true counts as Fm. */
static int
max_khz(struct link *ln, unsigned *khz)
{
	uint8_t b[4];
	int r;

	if ((r = reg_read(ln, REG_MAX_SCL_FREQU, b, sizeof(b))) != 0)
		return r;
	*khz = (unsigned)b[2] << 8 | b[3];
	if (*khz < 50 || *khz > 1000)
		*khz = KHZ_FM;
	return 0;
}

/*
 * Datasheet: Fm+ must be switched on. I2C_MODE is written only to change the class, and never
 * persistently. change: without it the mode others set stays, and the clock follows it.
 */
static int
negotiate_clock(struct link *ln, bool change)
{
	const unsigned wanted = bus_khz_wanted(ln->bus);
	unsigned khz;
	int r;

	if (bus_khz(ln->bus) > (change ? KHZ_SM : KHZ_FM))
		(void)bus_set_khz(ln->bus, change ? KHZ_SM : KHZ_FM);
	if ((r = max_khz(ln, &khz)) != 0)
		return r;
	if ((wanted > KHZ_FM && khz <= KHZ_FM) || (change && wanted <= KHZ_FM && khz > KHZ_FM)) {
		const uint8_t mode[3] = { REG_I2C_MODE, 0x00,
			wanted > KHZ_FM ? MODE_FMP : MODE_FM };

		if ((r = reg_write(ln, mode, sizeof(mode))) != 0 || (r = max_khz(ln, &khz)) != 0)
			return r;
	}
	if (wanted < khz)
		khz = wanted;
	if (bus_set_khz(ln->bus, khz) != 0)
		log_info("%s: the clock stays at %u kHz", bus_selector(ln->bus), bus_khz(ln->bus));
	ln->clocked = true;
	return 0;
}

static int
read_frame_size(struct link *ln, size_t *size)
{
	uint8_t b[2];
	int r;

	if ((r = reg_read(ln, REG_DATA_REG_LEN, b, sizeof(b))) != 0)
		return r;
	*size = (size_t)b[0] << 8 | b[1];
	if (*size == 0xFFFF) {
		log_debug("%s: only FF is read, nothing is there", bus_selector(ln->bus));
		return HAL_ENODEV;
	}
	return 0;
}

/*
 * DATA_REG_LEN: nothing is written when it is right already. Joining, whatever others agreed on
 * is right unless it is more than this host can take. Granted less is used; granted more is not.
 */
static int
negotiate_size(struct link *ln, bool adopt)
{
	const size_t wanted = bus_frame_max(ln->bus);
	size_t size;
	int r;

	if ((r = read_frame_size(ln, &size)) != 0)
		return r;
	if (size != wanted && !(adopt && size < wanted)) {
		const uint8_t w[3] = { REG_DATA_REG_LEN, (uint8_t)(wanted >> 8), (uint8_t)wanted };

		if ((r = reg_write(ln, w, sizeof(w))) != 0 || (r = read_frame_size(ln, &size)) != 0)
			return r;
	}
	if (size < FRAME_MIN) {
		log_debug("%s: DATA_REG_LEN is %zu", bus_selector(ln->bus), size);
		return HAL_EPROTO;
	}
	ln->frame_size = size < wanted ? size : wanted;
	return 0;
}

static int
reset(struct link *ln)
{
	static const uint8_t soft[3] = { REG_SOFT_RESET, 0x00, 0x00 };
	struct reg_state st;
	int r;

	if ((r = bus_reset_line(ln->bus)) == HAL_ENOTSUP) {
		if ((r = reg_state(ln, &st)) != 0)
			return r;
		if (!st.soft_reset)
			return 0;
		r = reg_write(ln, soft, sizeof(soft));
	}
	if (r != 0)
		return r;
	ln->stop = bus_now(ln->bus);
	return bus_sleep(ln->bus, STARTUP);
}

int
link_start(struct link *ln)
{
	int r;

	ln->clocked = false;
	ln->stale = true;
	ln->presence = false;
	shield_drop(ln);
	ln->stop = bus_now(ln->bus);
	if ((r = reset(ln)) != 0 || (r = negotiate_clock(ln, true)) != 0 ||
	    (r = negotiate_size(ln, false)) != 0)
		return r;
	/* A reset line may lead nowhere: the counters must agree even so. */
	ln->peer_sync = false;
	if ((r = frame_resync(ln)) == 0)
		ln->stale = false;
	return r;
}

int
link_join(struct link *ln, bool drain)
{
	int r;

	ln->stale = true;
	ln->stop = bus_now(ln->bus); /* another host's STOP may be that recent */
	if (drain && (r = reg_drain(ln, LINK_DRAIN_MS)) != 0)
		return r;
	/* At Fm+ the chip may meanwhile have been reset to Fm. */
	if ((!ln->clocked || bus_khz(ln->bus) > KHZ_FM) && (r = negotiate_clock(ln, false)) != 0)
		return r;
	if ((r = negotiate_size(ln, true)) != 0)
		return r;
	ln->peer_sync = false;
	if ((r = frame_resync(ln)) == 0)
		ln->stale = false;
	return r;
}
