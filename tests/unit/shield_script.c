/* See shield_script.h. */
#include <config.h>

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/shield_script.h"

#define PAYLOAD 271 /* of a packet in a frame of 277 */

void
script_reset_numbers(struct script *s)
{
	s->tx = s->rx = 0;
	s->rx_last = 3;
}

void
script_begin(struct script *s)
{
	memset(s, 0, sizeof(*s));
	script_reset_numbers(s);
	ck_assert_int_eq(ccm_new(&s->ccm), 0);
}

void
script_end(struct script *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->line[i]);
	ccm_free(&s->ccm);
}

void
script_keys(struct script *s, const struct secret *secret, const char *rnd)
{
	uint8_t bytes[CCM_RND_LEN];

	ck_assert_uint_eq(fake_hex(rnd, bytes, sizeof(bytes)), sizeof(bytes));
	ck_assert_int_eq(ccm_derive(s->ccm, secret, bytes, &s->keys), 0);
}

void
script_raw(struct script *s, const char *fmt, ...)
{
	va_list ap;

	ck_assert_uint_lt(s->n, SCRIPT_LINES);
	va_start(ap, fmt);
	ck_assert_int_gt(vasprintf(&s->line[s->n++], fmt, ap), 0);
	va_end(ap);
}

/* Calls frame for every packet of a message; pctr with PRESENCE. */
static void
packets(struct script *s, const char *msg,
    void (*frame)(struct script *s, unsigned pctr, const char *hex, bool last))
{
	uint8_t bytes[1700];
	const size_t n = fake_hex(msg, bytes, sizeof(bytes));
	char hex[2 * PAYLOAD + 1];

	for (size_t off = 0; off < n; off += PAYLOAD) {
		const size_t k = n - off < PAYLOAD ? n - off : PAYLOAD;
		const bool last = off + k == n;

		for (size_t i = 0; i < k; i++)
			(void)snprintf(hex + 2 * i, 3, "%02X", bytes[off + i]);
		frame(s, off == 0 ? (last ? 0x08 : 0x09) : (last ? 0x0C : 0x0A), hex, last);
	}
}

static void
host_frame(struct script *s, unsigned pctr, const char *hex, bool last)
{
	script_raw(s, "> %02X %02X %s", s->tx << 2 | s->rx_last, pctr, hex);
	if (!last)
		script_raw(s, "< %02X", 0x80 | s->tx);
	s->tx = (s->tx + 1) & 3;
}

static void
chip_frame(struct script *s, unsigned pctr, const char *hex, bool last)
{
	(void)last;
	script_raw(s, "< %02X %02X %s", s->rx << 2 | ((s->tx - 1) & 3), pctr, hex);
	script_raw(s, "> %02X", 0x80 | s->rx);
	s->rx_last = s->rx;
	s->rx = (s->rx + 1) & 3;
}

void
script_host(struct script *s, const char *msg)
{
	packets(s, msg, host_frame);
}

void
script_chip(struct script *s, const char *msg)
{
	packets(s, msg, chip_frame);
}

static const char *
record(struct script *s, bool host, unsigned sctr, uint32_t seq, const char *plain, bool spoil)
{
	char *text = s->text[s->turn++ % 8];
	uint8_t bytes[1700];
	const size_t n = fake_hex(plain, bytes, sizeof(bytes));
	struct buf b = BUF_INIT;

	ck_assert_int_eq(buf_put_u8(&b, (uint8_t)sctr), 0);
	ck_assert_int_eq(ccm_seal(s->ccm, host ? &s->keys.host : &s->keys.chip, (uint8_t)sctr, seq,
			     bytes, n, &b),
	    0);
	if (spoil)
		b.data[b.len - 1] ^= 0x01;
	for (size_t i = 0; i < b.len; i++)
		(void)snprintf(text + 2 * i, 3, "%02X", b.data[i]);
	buf_free(&b);
	return text;
}

const char *
script_record(struct script *s, bool host, unsigned sctr, uint32_t seq, const char *plain)
{
	return record(s, host, sctr, seq, plain, false);
}

const char *
script_spoilt(struct script *s, bool host, unsigned sctr, uint32_t seq, const char *plain)
{
	return record(s, host, sctr, seq, plain, true);
}
