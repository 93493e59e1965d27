/* A scripted chip; see fakechip.h. Has a CRC of its own, so that a wrong one shows. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fakechip.h"
#include "hal/base/err.h"

#define GUARD_NS 50000

__attribute__((format(printf, 2, 3))) static void
wrong(struct fake *f, const char *fmt, ...)
{
	va_list ap;

	if (f->error[0] != '\0')
		return;
	va_start(ap, fmt);
	(void)vsnprintf(f->error, sizeof(f->error), fmt, ap);
	va_end(ap);
}

size_t
fake_hex(const char *hex, uint8_t *out, size_t max)
{
	size_t n = 0;
	unsigned v;

	for (;;) {
		hex += strspn(hex, " ");
		if (n == max || sscanf(hex, "%2x", &v) != 1)
			return n;
		out[n++] = (uint8_t)v;
		hex += 2;
	}
}

static uint16_t
crc_by_polynomial(const uint8_t *p, size_t n)
{
	unsigned r = 0;

	/* Bit by bit with the polynomial as printed, 0x1021, on mirrored data. */
	for (size_t i = 0; i < n; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			unsigned top = r >> 15 & 1;

			r = (r << 1 & 0xFFFF) ^ (((p[i] >> bit & 1) ^ top) != 0 ? 0x1021 : 0);
		}
	unsigned mirrored = 0;

	for (unsigned bit = 0; bit < 16; bit++)
		mirrored |= (r >> bit & 1) << (15 - bit);
	return (uint16_t)mirrored;
}

/* FCTR and packet in hex become a frame. */
static size_t
make_frame(const char *hex, uint8_t *out, size_t max)
{
	uint8_t raw[400];
	size_t n = fake_hex(hex, raw, sizeof(raw));
	uint16_t crc;

	if (n == 0 || n + 4 > max)
		return 0;
	out[0] = raw[0];
	out[1] = (uint8_t)((n - 1) >> 8);
	out[2] = (uint8_t)(n - 1);
	memcpy(out + 3, raw + 1, n - 1);
	crc = crc_by_polynomial(out, n + 2);
	out[n + 2] = (uint8_t)(crc >> 8);
	out[n + 3] = (uint8_t)crc;
	return n + 4;
}

static bool
starts(const char *line, const char *word, const char **rest)
{
	size_t n = strlen(word);

	if (strncmp(line, word, n) != 0)
		return false;
	*rest = line + n;
	return true;
}

static void
queue_frame(struct fake *f, const char *rest, size_t announced, bool raw)
{
	struct fake_frame *q = &f->queue[f->nqueue];
	uint64_t delay = 0;
	char *end;

	if (f->nqueue == FAKE_FRAMES) {
		wrong(f, "script: too many frames");
		return;
	}
	rest += strspn(rest, " ");
	if (*rest == '+') {
		delay = strtoull(rest + 1, &end, 10) * 1000;
		rest = end;
	}
	q->len = raw ? fake_hex(rest, q->bytes, sizeof(q->bytes))
		     : make_frame(rest, q->bytes, sizeof(q->bytes));
	q->announced = announced != 0 ? announced & 0xFFFF : q->len;
	q->when = f->now + delay;
	f->nqueue++;
}

/* Plays the lines up to the next frame of the host. */
static void
play(struct fake *f)
{
	size_t announced = 0;
	const char *rest;

	for (; f->script[f->line] != NULL; f->line++) {
		const char *line = f->script[f->line];

		if (line[0] == '>')
			return;
		if (starts(line, "<!", &rest) || starts(line, "<", &rest)) {
			queue_frame(f, rest, announced, line[1] == '!');
			announced = 0;
		} else if (starts(line, "announce ", &rest)) {
			announced = strtoul(rest, NULL, 10);
		} else if (starts(line, "busy ", &rest)) {
			f->busy_until = f->now + strtoull(rest, NULL, 10) * 1000;
		} else if (starts(line, "nack ", &rest)) {
			f->nack_until = f->now + strtoull(rest, NULL, 10) * 1000;
		} else {
			wrong(f, "script: %s", line);
		}
	}
}

/* DL-H3: the same frame may go out again, the next one only after the ACK of this one. */
static void
host_number(struct fake *f, uint8_t fctr)
{
	const int nr = fctr >> 2 & 3;

	if ((fctr & 0x80) != 0) {
		if (fctr == 0xC0)
			f->unacked = -1;
		return;
	}
	if (f->unacked >= 0 && f->unacked != nr)
		wrong(f, "data frame %d sent, %d is not acknowledged", nr, f->unacked);
	f->unacked = nr;
}

static void
chip_number(struct fake *f, uint8_t fctr)
{
	if (fctr == 0xC0 || ((fctr & 0x60) == 0 && (fctr & 3) == f->unacked))
		f->unacked = -1;
}

static void
host_frame(struct fake *f, const uint8_t *p, size_t len)
{
	uint8_t expected[400];
	const char *line = f->script[f->line];
	size_t n;

	if (len > f->max_frame)
		f->max_frame = (unsigned)len;
	if (len > f->reg_len)
		wrong(f, "frame of %zu bytes, DATA_REG_LEN is %u", len, f->reg_len);
	f->nqueue = 0;
	host_number(f, p[0]);
	if (line == NULL) {
		wrong(f, "frame %02X after the end of the script", p[0]);
		return;
	}
	n = make_frame(line + 1, expected, sizeof(expected));
	if (n != len || memcmp(p, expected, n) != 0)
		wrong(f, "line %zu \"%s\": host sent %02X %02X%02X %02X.. (%zu bytes)", f->line,
		    line, p[0], p[1], p[2], len > 3 ? p[3] : 0, len);
	f->line++;
	play(f);
}

static void
pass_time(struct fake *f, size_t bytes)
{
	f->now += (9 * (bytes + 1) + 2) * 1000000 / f->bus->khz;
	f->stop = f->now;
}

/* START: everything that holds for reads and writes. 0, or the bus's error. */
static int
begin(struct fake *f)
{
	if (f->stop != 0 && f->now < f->stop + GUARD_NS)
		wrong(f, "guard time: %u ns", (unsigned)(f->now - f->stop));
	if (f->dead != 0)
		return f->dead;
	if (f->now < f->nack_until) {
		f->nacks++;
		pass_time(f, 0);
		return HAL_ENACK;
	}
	if (f->data_nacks > 0) {
		f->data_nacks--;
		pass_time(f, 1);
		return HAL_EIO;
	}
	return 0;
}

static int
fake_write(struct bus *b, const uint8_t *p, size_t len)
{
	struct fake *f = b->priv;
	int r;

	if ((r = begin(f)) != 0)
		return r;
	pass_time(f, len);
	f->pointer = p[0];
	if (len == 1)
		return 0;
	f->nwrites[p[0]]++;
	switch (p[0]) {
	case 0x80: host_frame(f, p + 1, len - 1); break;
	case 0x81:
		f->reg_len = (uint16_t)(p[1] << 8 | p[2]);
		if (f->reg_len > f->grant_max)
			f->reg_len = f->grant_max;
		break;
	case 0x88:
		f->resets++;
		memcpy(f->reset_value, p + 1, len < 3 ? len - 1 : 2);
		f->nack_until = f->now + BUS_MS(f->start_ms);
		break;
	case 0x89:
		memcpy(f->mode, p + 1, 2);
		if ((p[2] & 7) == 4)
			f->max_scl = f->max_scl_fmp;
		break;
	default: wrong(f, "write to register %02X", p[0]);
	}
	return 0;
}

static bool
frame_waits(const struct fake *f)
{
	return f->nqueue > 0 && f->queue[0].when <= f->now;
}

static void
read_state(struct fake *f, uint8_t *r)
{
	if (f->last_poll != 0 && f->now - f->last_poll > f->worst_gap)
		f->worst_gap = f->now - f->last_poll;
	f->last_poll = f->now;
	r[0] = f->capabilities;
	r[1] = f->no_shield ? 0x00 : 0x80;
	if (f->now < f->busy_until || f->stuck_busy)
		r[0] |= 0x80;
	if (frame_waits(f)) {
		r[0] |= 0x40;
		r[2] = (uint8_t)(f->queue[0].announced >> 8);
		r[3] = (uint8_t)f->queue[0].announced;
	}
}

static int
fake_read(struct bus *b, uint8_t *p, size_t len)
{
	struct fake *f = b->priv;
	uint8_t r[4] = { 0 };
	int e;

	if ((e = begin(f)) != 0)
		return e;
	if (f->pointer < 0)
		wrong(f, "read without a register address");
	memset(p, f->all_zero ? 0x00 : 0xFF, len);
	f->nreads[f->pointer < 0 ? 0 : f->pointer]++;
	if (!f->all_ff && !f->all_zero) {
		switch (f->pointer) {
		case 0x80:
			if (len > f->reg_len)
				wrong(f, "read of %zu bytes", len);
			if (frame_waits(f)) {
				memcpy(p, f->queue[0].bytes,
				    len < f->queue[0].len ? len : f->queue[0].len);
				chip_number(f, f->queue[0].bytes[0]);
				memmove(
				    f->queue, f->queue + 1, sizeof(f->queue) - sizeof(f->queue[0]));
				f->nqueue--;
				if (f->fail_after_data_read)
					f->dead = HAL_EIO;
			}
			break;
		case 0x81:
			r[0] = (uint8_t)(f->reg_len >> 8);
			r[1] = (uint8_t)f->reg_len;
			memcpy(p, r, len < 2 ? len : 2);
			break;
		case 0x82:
			read_state(f, r);
			memcpy(p, r, len < 4 ? len : 4);
			break;
		case 0x84:
			for (size_t i = 0; i < len && i < 4; i++)
				p[i] = (uint8_t)(f->max_scl >> (24 - 8 * i));
			break;
		default: break;
		}
	}
	pass_time(f, len);
	f->pointer = -1;
	return 0;
}

static uint64_t
fake_now(struct bus *b)
{
	const struct fake *f = b->priv;

	return f->now;
}

static int
fake_sleep(struct bus *b, uint64_t ns)
{
	struct fake *f = b->priv;

	f->now += ns;
	return 0;
}

static int
fake_set_khz(struct bus *b, unsigned khz)
{
	const struct fake *f = b->priv;

	return f->dead != 0 || khz == 0 ? HAL_EIO : 0;
}

static int
fake_reset_line(struct bus *b)
{
	struct fake *f = b->priv;

	if (!f->has_reset_line)
		return HAL_ENOTSUP;
	f->resets++;
	f->now += BUS_US(100);
	f->nack_until = f->now + BUS_MS(15);
	return 0;
}

static const struct bus_ops fake_ops = {
	.scheme = "fake",
	.write = fake_write,
	.read = fake_read,
	.now = fake_now,
	.sleep = fake_sleep,
	.set_khz = fake_set_khz,
	.reset_line = fake_reset_line,
};

struct fake *
fake_new(const char *const *script)
{
	struct fake *f = calloc(1, sizeof(*f));

	if (f == NULL || bus_new(&fake_ops, f, &f->bus) != 0)
		abort();
	f->script = script;
	f->now = BUS_MS(1);
	f->pointer = f->unacked = -1;
	f->reg_len = f->grant_max = 277;
	f->max_scl = 400;
	f->start_ms = 16;
	f->max_scl_fmp = 1000;
	f->capabilities = 0x08;
	return f;
}

void
fake_free(struct fake *f)
{
	bus_close(&f->bus);
	free(f);
}

const char *
fake_verdict(const struct fake *f)
{
	if (f->error[0] != '\0')
		return f->error;
	return f->script[f->line] == NULL ? NULL : f->script[f->line];
}
