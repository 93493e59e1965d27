/* A made-up FT260, see emu_ft260.h. Bytes as in transports 1.3 to 1.9. */
#include <config.h>

#include <errno.h>
#include <string.h>
#include <time.h>

#include "tests/unit/emu_ft260.h"

enum {
	IDLE = 0x20,
	BUS_BUSY = 0x40,
	WRITE_NACK = 0x2E,
	READ_NACK = 0x26,
	READ_NACK_BUSY = 0x46,
	DATA_NACK = 0x2A,
	ARBITRATION = 0x32,
	RUNNING = 0x41
};

static void
tell(struct emu *e, char what)
{
	const size_t n = strlen(e->story);

	if (n < sizeof(e->story) - 1)
		e->story[n] = what;
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* --- input reports ------------------------------------------------------------------------- */

static void
queue(struct emu *e, const uint8_t *report, size_t len)
{
	if (e->nqueue == EMU_QUEUE)
		return;
	memcpy(e->queue[e->nqueue], report, len);
	e->queue_len[e->nqueue++] = len;
	if (e->offer != NULL)
		e->offer(e);
}

void
emu_left_over(struct emu *e, const uint8_t *report, size_t len)
{
	queue(e, report, len);
}

static void
queue_data(struct emu *e, const uint8_t *data, size_t len)
{
	uint8_t report[64] = { (uint8_t)(0xD0 + (len - 1) / 4), (uint8_t)len };
	const size_t padded = 2 + (len + 3) / 4 * 4;

	memcpy(report + 2, data, len);
	queue(e, report, padded > 64 ? 64 : padded);
}

size_t
emu_take(struct emu *e, uint8_t *data, size_t len)
{
	size_t n;

	if (e->nqueue == 0)
		return 0;
	n = e->queue_len[0] < len ? e->queue_len[0] : len;
	memcpy(data, e->queue[0], n);
	e->nqueue--;
	memmove(e->queue[0], e->queue[1], e->nqueue * sizeof(e->queue[0]));
	memmove(e->queue_len, e->queue_len + 1, e->nqueue * sizeof(e->queue_len[0]));
	return n;
}

/* --- transfers ----------------------------------------------------------------------------- */

static bool
due(struct emu *e, enum emu_fault fault)
{
	if (e->fault != fault)
		return false;
	if (e->fault_skip > 0) {
		e->fault_skip--;
		return false;
	}
	e->fault = EMU_NONE;
	return true;
}

static void
disturb(struct emu *e)
{
	e->busy_looks = due(e, EMU_SLOW) ? 3 : 0;
	if (due(e, EMU_ARBITRATION))
		e->status = ARBITRATION;
	e->held = e->held || due(e, EMU_HELD);
	e->stuck = e->stuck || due(e, EMU_STUCK);
}

static void
i2c_write(struct emu *e, const uint8_t *report, size_t len)
{
	const size_t n = report[3];

	tell(e, 'W');
	e->writes++;
	if (len != 4 + n || n == 0 || n > 60 || report[0] != 0xD0 + (n - 1) / 4 ||
	    report[2] != 0x06)
		e->foreign = true;
	if (n > e->longest_write)
		e->longest_write = n;
	e->status_after = IDLE;
	if (due(e, EMU_ADDR_NACK))
		e->status = WRITE_NACK;
	else if (due(e, EMU_DATA_NACK))
		e->status = DATA_NACK;
	else if (due(e, EMU_HIDDEN_NACK)) {
		e->status = IDLE;
		e->status_after = WRITE_NACK;
	} else {
		e->transfers++;
		e->status = sim_write(*e->chip, report[1], report + 4, n) == 0 ? IDLE : WRITE_NACK;
	}
	disturb(e);
}

static void
stray(struct emu *e)
{
	queue(e, (const uint8_t[]){ 0xB1, 0x00, 0x00 }, 3);
	queue(e, (const uint8_t[]){ 0xF0, 0x01, 'x' }, 3);
	queue(e, (const uint8_t[]){ 0xD0, 0x05, 1, 2, 3, 4 }, 6); /* more than there is */
	queue(e, (const uint8_t[]){ 0xDE, 0x00, 0 }, 3);
	queue(e, (const uint8_t[]){ 0xD0 }, 1);
}

static void
i2c_read(struct emu *e, const uint8_t *report, size_t len)
{
	const size_t n = (size_t)report[3] | (size_t)report[4] << 8;
	uint8_t data[64];

	tell(e, 'R');
	e->reads++;
	if (len != 5 || n == 0 || n > 60 || report[2] != 0x06) {
		e->foreign = true;
		return;
	}
	memset(data, 0xFF, sizeof(data));
	e->status_after = IDLE;
	e->status = IDLE;
	if (due(e, EMU_READ_NACK_EMPTY)) {
		e->status = READ_NACK;
		return;
	}
	if (due(e, EMU_READ_NACK_BUSY)) {
		e->status = READ_NACK_BUSY;
		e->held = true;
	} else if (due(e, EMU_READ_NACK)) {
		e->status = READ_NACK;
	} else {
		e->transfers++;
		if (sim_read(*e->chip, report[1], data, n) != 0)
			e->status = READ_NACK;
	}
	disturb(e);
	if (due(e, EMU_LOST))
		return;
	if (due(e, EMU_LATE)) {
		e->late[0] = (uint8_t)(0xD0 + (n - 1) / 4);
		e->late[1] = (uint8_t)n;
		memset(e->late + 2, 0xEE, n);
		e->late_len = 2 + n;
		return;
	}
	if (due(e, EMU_STRAY))
		stray(e);
	if (n > 1 && due(e, EMU_SPLIT)) {
		queue_data(e, data, n / 2);
		queue_data(e, data + n / 2, n - n / 2);
		return;
	}
	queue_data(e, data, n);
}

void
emu_out(struct emu *e, const uint8_t *data, size_t len)
{
	if (e->late_len > 0) {
		queue(e, e->late, e->late_len);
		e->late_len = 0;
	}
	if (len >= 5 && data[0] >= 0xD0 && data[0] <= 0xDE)
		i2c_write(e, data, len);
	else if (len >= 5 && data[0] == 0xC2)
		i2c_read(e, data, len);
	else
		e->foreign = true;
}

/* --- feature reports ----------------------------------------------------------------------- */

static void
get_status(struct emu *e, uint8_t *r)
{
	tell(e, 's');
	e->statuses++;
	r[1] = e->status;
	if (e->busy_looks > 0) {
		e->busy_looks--;
		r[1] = RUNNING;
	} else if (e->held || e->stuck) {
		r[1] = (uint8_t)((e->status & 0x0E) | BUS_BUSY);
	} else if (e->status_after != IDLE) {
		e->status = e->status_after;
		e->status_after = IDLE;
	}
	r[2] = (uint8_t)e->khz;
	r[3] = (uint8_t)(e->khz >> 8);
}

long
emu_get(struct emu *e, uint8_t *r, size_t len)
{
	switch (r[0]) {
	case 0xA0:
		if (len < 13)
			break;
		memcpy(r, (const uint8_t[13]){ 0xA0, 0x02, 0x60, 0x00, 0x01 }, 13);
		return 13;
	case 0xA1:
		if (len < sizeof(e->settings))
			break;
		memcpy(r, e->settings, sizeof(e->settings));
		return sizeof(e->settings);
	case 0xB0:
		if (len < sizeof(e->gpio))
			break;
		memcpy(r, e->gpio, sizeof(e->gpio));
		return sizeof(e->gpio);
	case 0xC0:
		if (len < 5)
			break;
		get_status(e, r);
		return 5;
	default: break;
	}
	return -EPIPE;
}

static void
system_request(struct emu *e, const uint8_t *r, size_t len)
{
	if (len == 2 && r[1] == 0x20) {
		tell(e, 'x');
		e->resets++;
		e->held = false;
		e->status = e->status_after = IDLE;
		e->busy_looks = 0;
	} else if (len == 4 && r[1] == 0x22) {
		tell(e, 'k');
		e->khz = r[2] | (unsigned)r[3] << 8;
	} else if (len == 3 && r[1] == 0x02) {
		e->settings[5] = r[2];
	} else if (len == 3 && r[1] == 0x03) {
		tell(e, 'u');
		e->settings[6] = r[2];
	} else if (len == 3 && r[1] >= 0x05 && r[1] <= 0x09 && r[2] == 0) {
		tell(e, 'g');
	} else {
		e->foreign = true;
	}
}

static void
set_gpio(struct emu *e, const uint8_t *r)
{
	const bool was = (e->gpio[e->gpio_byte] & e->gpio_mask) != 0,
		   is = (r[e->gpio_byte] & e->gpio_mask) != 0;

	memcpy(e->gpio, r, sizeof(e->gpio));
	tell(e, is ? '1' : '0');
	if (!is)
		e->low_at = now_ns();
	else if (!was)
		e->low_ns = now_ns() - e->low_at;
}

void
emu_set(struct emu *e, const uint8_t *r, size_t len)
{
	if (len > 1 && r[0] == 0xA1)
		system_request(e, r, len);
	else if (len == sizeof(e->gpio) && r[0] == 0xB0)
		set_gpio(e, r);
	else
		e->foreign = true;
}

void
emu_reset(struct emu *e)
{
	memset(e, 0, sizeof(*e));
	e->settings[0] = 0xA1;
	e->settings[1] = 3;
	e->settings[2] = 2;
	e->settings[4] = 1;
	e->settings[5] = 1;
	e->settings[6] = 1;
	e->settings[14] = 1;
	e->gpio[0] = 0xB0;
	e->gpio_byte = 3;
	e->gpio_mask = 0x20;
	e->khz = 100;
	e->status = e->status_after = IDLE;
}
