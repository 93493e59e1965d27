/*
 * Frames and chains on a scripted chip: one script per rule or fault, named after the items of
 * the conformance list. What a test proves about double execution: the script has every frame
 * the host sends, so a command goes out again only where its line is there twice.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/link/int.h"
#include "tests/unit/fakechip.h"

#define OPEN     "00 70000010 D276000004 47656E417574684170706C"
#define OPEN_CMD "70000010 D276000004 47656E417574684170706C"
#define OK       "00 00000000"
#define MAX_RSP  3000

enum prepare {
	FRESH,     /* counters as after a reset */
	NR1,       /* the next frames are number 1, ACK 0 */
	NR3,       /* 3, ACK 2 */
	SMALL = 8, /* or'ed: DATA_REG_LEN 16 */
};

struct scene {
	const char *name;
	enum prepare prepare;
	bool idempotent;
	int result;
	const char *cmd, *rsp;
	unsigned repeats, resyncs;
	const char *script[24];
};

/* GetDataObject E0C2, ten bytes. */
#define GET "01000006 E0C200000064"

static const struct scene scenes[] = {
	{ "datasheet, application open", FRESH, false, 0, OPEN_CMD, "00000000", 0, 0,
	    { "> 03" OPEN, "busy 12000", "< 80", "< +12000 00" OK, "> 80", NULL } },
	{ "datasheet, read of the UID", NR1, false, 0, GET,
	    "0000001B CD000102030405060708090A0B0C0D0E0F101112131415161718 191A", 0, 0,
	    { "> 04 00" GET,
		"< +500 05 00 0000001B CD000102030405060708090A0B0C0D0E0F101112131415161718 191A",
		"> 81", NULL } },
	{ "DL-H1 numbers advance modulo 4", NR3, false, 0, GET, "00000000", 0, 0,
	    { "> 0E 00" GET, "< 0F" OK, "> 83", NULL } },
	{ "PL-H5 read although busy", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "busy 60000000", "< 80", "< 00" OK, "> 80", NULL } },
	{ "DL-H11 separate ACK just before it would be missed", FRESH, false, 0, GET, "00000000", 0,
	    0, { "> 03 00" GET, "< +9800 80", "< +20000 00" OK, "> 80", NULL } },
	{ "DL-H11 separate ACK for a fast command", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "< 80", "< 00" OK, "> 80", NULL } },
	{ "FT-1 DL-H5 chip refuses the command", FRESH, false, 0, GET, "00000000", 1, 0,
	    { "> 03 00" GET, "< A0", "> 03 00" GET, "< 00" OK, "> 80", NULL } },
	{ "FT-1 FT-11 DL-H6 command is refused three times", FRESH, false, 0, GET, "00000000", 3, 0,
	    { "> 03 00" GET, "< A0", "> 03 00" GET, "< A0", "> 03 00" GET, "< A0", "> 03 00" GET,
		"< 00" OK, "> 80", NULL } },
	{ "DL-H6 DL-H7 command is refused four times", FRESH, false, HAL_ERESYNC, GET, NULL, 3, 1,
	    { "> 03 00" GET, "< A0", "> 03 00" GET, "< A0", "> 03 00" GET, "< A0", "> 03 00" GET,
		"< A0", "> C0", NULL } },
	{ "FT-2 DL-H4 response spoilt", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "< 80", "<! +5000 00 0005 0000000000 1486", "> A0", "< 00" OK, "> 80",
		NULL } },
	{ "FT-2 response spoilt three times", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "< 80", "<! +5000 00 0005 0000000000 1486", "> A0",
		"<! 00 0005 0000000001 1487", "> A0", "<! 01 0005 0000000000 1487", "> A0",
		"< 00" OK, "> 80", NULL } },
	{ "FT-2 response spoilt for ever", FRESH, false, HAL_ERESYNC, GET, NULL, 0, 1,
	    { "> 03 00" GET, "< 80", "<! +5000 00 0005 0000000000 1486", "> A0",
		"<! 00 0005 0000000000 1486", "> A0", "<! 00 0005 0000000000 1486", "> A0",
		"<! 00 0005 0000000000 1486", "> C0", NULL } },
	{ "FT-3 chip's ACK spoilt, repeated on NAK", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "<! 80 0000 0CED", "> A0", "< 80", "< +5000 00" OK, "> 80", NULL } },
	{ "FT-3 FT-6 chip's ACK spoilt, silence", FRESH, false, 0, GET, "00000000", 1, 0,
	    { "> 03 00" GET, "<! 80 0000 0CED", "> A0", "> 03 00" GET, "< 80", "< +5000 00" OK,
		"> 80", NULL } },
	{ "FT-3 nothing but spoilt ACKs", FRESH, false, 0, GET, "00000000", 1, 0,
	    { "> 03 00" GET, "<! 80 0000 0CED", "> A0", "<! 80 0000 0CED", "> A0",
		"<! 80 0000 0CED", "> A0", "<! 80 0000 0CED", "> 03 00" GET, "< 00" OK, "> 80",
		NULL } },
	{ "FT-4 the chip refuses our ACK, seen with the next command", NR1, false, 0, GET,
	    "00000000", 0, 0,
	    { "> 04 00" GET, "< 82", "< A0", "< 81", "< +900 05" OK, "> 81", NULL } },
	{ "FT-5 FT-6 DL-H6 silence, then all is well", FRESH, false, 0, GET, "00000000", 1, 0,
	    { "> 03 00" GET, "> 03 00" GET, "< 80", "< +5000 00" OK, "> 80", NULL } },
	{ "FT-5 DL-H6 silence three times", FRESH, false, 0, GET, "00000000", 3, 0,
	    { "> 03 00" GET, "> 03 00" GET, "> 03 00" GET, "> 03 00" GET, "< 80", "< +5000 00" OK,
		"> 80", NULL } },
	{ "DL-H6 DL-H7 silence and NAK are counted together", FRESH, false, HAL_ERESYNC, GET, NULL,
	    3, 1,
	    { "> 03 00" GET, "< A0", "> 03 00" GET, "> 03 00" GET, "< A0", "> 03 00" GET, "> C0",
		NULL } },
	{ "DL-H7 silence for ever, command must not run twice", FRESH, false, HAL_ERESYNC, GET,
	    NULL, 3, 1,
	    { "> 03 00" GET, "> 03 00" GET, "> 03 00" GET, "> 03 00" GET, "> C0", NULL } },
	{ "DL-H7 silence, command may run twice", FRESH, true, 0, GET, "00000000", 3, 1,
	    { "> 03 00" GET, "> 03 00" GET, "> 03 00" GET, "> 03 00" GET, "> C0", "> 03 00" GET,
		"< 00" OK, "> 80", NULL } },
	{ "DL-H7 a second try is the last", FRESH, true, HAL_ERESYNC, GET, NULL, 6, 2,
	    { "> 03 00" GET, "> 03 00" GET, "> 03 00" GET, "> 03 00" GET, "> C0", "> 03 00" GET,
		"> 03 00" GET, "> 03 00" GET, "> 03 00" GET, "> C0", NULL } },
	{ "FT-7 response lost, offered again", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "< 80", "< +12000 00" OK, "> 80", NULL } },
	{ "FT-8 FT-10 DL-H8 old response comes again", NR1, false, 0, GET, "00000000", 0, 0,
	    { "> 04 00" GET, "< 00" OK, "> 80", "< 81", "< +3000 05" OK, "> 81", NULL } },
	{ "FT-10 DL-H8 old response instead of ours", NR1, false, 0, GET, "00000000", 1, 0,
	    { "> 04 00" GET, "< 00" OK, "> 80", "> 04 00" GET, "< 81", "< +3000 05" OK, "> 81",
		NULL } },
	{ "DL-H9 stale ACK completes nothing", NR1, false, 0, GET, "00000000", 0, 0,
	    { "> 04 00" GET, "< 80", "< 82", "< +5000 81", "< +9000 05" OK, "> 81", NULL } },
	{ "DL-H9 stale NAK repeats nothing", NR1, false, 0, GET, "00000000", 0, 0,
	    { "> 04 00" GET, "< A0", "< A2", "< A3", "< 81", "< A1", "< +9000 05" OK, "> 81",
		NULL } },
	{ "DL-H12 five zeros are no frame", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "<! 00 0000 0000", "> A0", "< 80", "< 00" OK, "> 80", NULL } },
	{ "DL-H13 FT-26 chip re-synchronises, command must not run twice", NR1, false, HAL_ERESYNC,
	    GET, NULL, 0, 0, { "> 04 00" GET, "< 81", "< +5000 C0", NULL } },
	{ "DL-H13 FT-26 chip re-synchronises, command may run twice", NR1, true, 0, GET, "00000000",
	    0, 0, { "> 04 00" GET, "< 81", "< +5000 C0", "> 03 00" GET, "< 00" OK, "> 80", NULL } },
	{ "DL-H13 chip re-synchronises before the ACK", NR1, true, 0, GET, "00000000", 0, 0,
	    { "> 04 00" GET, "< C0", "> 03 00" GET, "< 00" OK, "> 80", NULL } },
	{ "FT-12 length in the frame is wrong", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "< 80", "<! +100 00 0004 0000000000 1487", "> A0", "< 00" OK, "> 80",
		NULL } },
	{ "FT-12 control frame with a packet is discarded silently", FRESH, false, 0, GET,
	    "00000000", 0, 0, { "> 03 00" GET, "< 80 00", "< 80", "< 00" OK, "> 80", NULL } },
	{ "FT-13 ready with length 0", FRESH, false, 0, GET, "00000000", 1, 0,
	    { "> 03 00" GET, "announce 65536", "< 80", "> 03 00" GET, "< 00" OK, "> 80", NULL } },
	{ "FT-14 length above DATA_REG_LEN", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "announce 278", "< 80", "> A0", "< 80", "< 00" OK, "> 80", NULL } },
	{ "FT-14 length below 5", FRESH, false, 0, GET, "00000000", 1, 0,
	    { "> 03 00" GET, "announce 4", "< 80", "> A0", "announce 4", "< 80", "> 03 00" GET,
		"< 00" OK, "> 80", NULL } },
	{ "FT-18 refusals while busy", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "nack 99000", "< +99000 00" OK, "> 80", NULL } },
	{ "FT-23 chip was reset before the command", NR1, false, 0, GET, "FF000000", 0, 1,
	    { "> 04 00" GET, "< 83", "> C0", "> 03 00" GET, "< 00 00 FF000000", "> 80", NULL } },
	{ "FT-23 chip was reset after it took the command", NR1, false, HAL_ERESET, GET, NULL, 3, 1,
	    { "> 04 00" GET, "> 04 00" GET, "< 83", "> 04 00" GET, "< 83", "> 04 00" GET, "< 83",
		"> C0", NULL } },
	{ "FT-23 chip was reset, and its answer looks like our ACK", NR3, false, HAL_ERESYNC, GET,
	    NULL, 0, 1, { "> 0E 00" GET, "< 83", "> C0", NULL } },
	{ "FT-24 chip was reset, numbers match by chance", FRESH, false, 0, GET, "FF000000", 0, 0,
	    { "> 03 00" GET, "< 80", "< 00 00 FF000000", "> 80", NULL } },
	{ "FT-27 wrong ACKNR in a response", NR1, false, 0, GET, "00000000", 0, 0,
	    { "> 04 00" GET, "< 81", "< 06" OK, "< +12000 05" OK, "> 81", NULL } },
	{ "DL-H8 response with any other number is answered by ACK", NR1, false, 0, GET, "00000000",
	    0, 0, { "> 04 00" GET, "< 81", "< 09" OK, "> 80", "< 05" OK, "> 81", NULL } },
	{ "response that carries a NAK repeats the command", NR1, false, 0, GET, "00000000", 1, 0,
	    { "> 04 00" GET, "< 25" OK, "> 04 00" GET, "< 05" OK, "> 81", NULL } },
	{ "ACKNR is today's in a repetition", NR1, false, 0, GET, "00000000", 1, 0,
	    { "> 04 00" GET, "< A1", "> 04 00" GET, "< 81", "< 05" OK, "> 81", NULL } },

	{ "TL-H1 TL-H3 open in fragments of 16", FRESH | SMALL, false, 0, OPEN_CMD, "00000000", 0,
	    0,
	    { "> 03 01 70000010 D276000004 47", "< 80", "> 07 04 65 6E417574684170706C", "< 01" OK,
		"> 80", NULL } },
	{ "TL-H2 ten bytes fit one packet of 16", FRESH | SMALL, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "< 00" OK, "> 80", NULL } },
	{ "DL-H10 TL-H1 response in four fragments of 16", FRESH | SMALL, false, 0, GET,
	    "0000001B 101112131415161718191A1B1C1D1E1F202122232425262728292A", 0, 0,
	    { "> 03 00" GET, "< 80", "< +3000 00 01 0000001B 101112131415", "> 80",
		"< 04 02 161718191A1B1C1D1E1F", "> 81", "< 08 02 20212223242526272829", "> 82",
		"< 0C 04 2A", "> 83", NULL } },
	{ "DL-H3 TL-H3 a fragment is refused", FRESH | SMALL, false, 0, OPEN_CMD, "00000000", 1, 0,
	    { "> 03 01 70000010 D276000004 47", "< A0", "> 03 01 70000010 D276000004 47", "< 80",
		"> 07 04 65 6E417574684170706C", "< 01" OK, "> 80", NULL } },
	{ "DL-H7 an incomplete command is always sent again", FRESH | SMALL, false, 0, OPEN_CMD,
	    "00000000", 3, 1,
	    { "> 03 01 70000010 D276000004 47", "> 03 01 70000010 D276000004 47",
		"> 03 01 70000010 D276000004 47", "> 03 01 70000010 D276000004 47", "> C0",
		"> 03 01 70000010 D276000004 47", "< 80", "> 07 04 65 6E417574684170706C",
		"< 01" OK, "> 80", NULL } },
	{ "DL-H7 a complete one is not", FRESH | SMALL, false, HAL_ERESYNC, OPEN_CMD, NULL, 3, 1,
	    { "> 03 01 70000010 D276000004 47", "< 80", "> 07 04 65 6E417574684170706C",
		"> 07 04 65 6E417574684170706C", "> 07 04 65 6E417574684170706C",
		"> 07 04 65 6E417574684170706C", "> C0", NULL } },
	{ "TL-H4 chip refuses the chain once", FRESH | SMALL, false, 0, OPEN_CMD, "00000000", 0, 0,
	    { "> 03 01 70000010 D276000004 47", "< 00 07", "> 80", "> 04 01 70000010 D276000004 47",
		"< 81", "> 08 04 65 6E417574684170706C", "< 06" OK, "> 81", NULL } },
	{ "FT-28 TL-H4 chip refuses the single packet once", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "< 00 07", "> 80", "> 04 00" GET, "< 05" OK, "> 81", NULL } },
	{ "FT-28 TL-H4 chip refuses it twice", FRESH, false, HAL_EPROTO, GET, NULL, 0, 0,
	    { "> 03 00" GET, "< 00 07", "> 80", "> 04 00" GET, "< 05 07", "> 81", NULL } },
	{ "FT-28 TL-H4 short intermediate packet", FRESH | SMALL, false, 0, GET,
	    "00000008 0102030405060708", 0, 0,
	    { "> 03 00" GET, "< 00 01 00000008 01", "> 80", "> 04 07", "< 81",
		"< 05 01 00000008 010203040506", "> 81", "< 09 04 0708", "> 82", NULL } },
	{ "FT-28 TL-H4 chain that never fits", FRESH | SMALL, false, HAL_EPROTO, GET, NULL, 0, 0,
	    { "> 03 00" GET, "< 00 02 00000008 010203040506", "> 80", "> 04 07", "< 81",
		"< 05 02 00000008 010203040506", "> 81", NULL } },
	{ "TL-H4 single packet within a chain", FRESH | SMALL, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "< 00 01 00000008 010203040506", "> 80", "< 04" OK, "> 81", "> 05 07",
		"< +100 09" OK, "> 82", NULL } },
	{ "TL-H4 last packet without a payload", FRESH | SMALL, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "< 00 01 00000008 010203040506", "> 80", "< 04 04", "> 81", "> 05 07",
		"< +100 09" OK, "> 82", NULL } },
	{ "TL-H4 foreign channel", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "< 00 10 00000000", "> 80", "> 04 07", "< 05" OK, "> 81", NULL } },
	{ "TL-H4 invalid chain field", FRESH, false, 0, GET, "00000000", 0, 0,
	    { "> 03 00" GET, "< 00 03 00000000", "> 80", "> 04 07", "< 05" OK, "> 81", NULL } },
	{ "data in the middle of a command", FRESH | SMALL, false, HAL_EPROTO, OPEN_CMD, NULL, 0, 0,
	    { "> 03 01 70000010 D276000004 47", "< 00" OK, "> 80", NULL } },
	{ "PRESENCE in the answer", FRESH, false, HAL_EPROTO, GET, NULL, 0, 0,
	    { "> 03 00" GET, "< 00 08 40", "> 80", NULL } },
	{ "PRESENCE in later packets means nothing", FRESH | SMALL, false, 0, GET,
	    "00000008 0102030405060708", 0, 0,
	    { "> 03 00" GET, "< 00 01 00000008 010203040506", "> 80", "< 04 0C 0708", "> 81",
		NULL } },
	{ "response without a header", FRESH, false, HAL_EPROTO, GET, NULL, 0, 0,
	    { "> 03 00" GET, "< 00 00 000000", "> 80", NULL } },
};

static struct fake *fake;
static struct link *ln;

static void
up(const char *const *script, enum prepare prepare)
{
	fake = fake_new(script);
	ck_assert_int_eq(link_new(fake->bus, &ln), 0);
	ck_assert_int_eq(bus_set_khz(fake->bus, 400), 0);
	if ((prepare & SMALL) != 0)
		fake->reg_len = 16;
	ln->frame_size = fake->reg_len;
	ln->stale = false;
	ln->tx_nr = ln->rx_nr = (prepare & 7) == NR1 ? 0 : (prepare & 7) == NR3 ? 2 : 3;
}

static void
down(void)
{
	link_free(&ln);
	fake_free(fake);
}

START_TEST(scene)
{
	const struct scene *sc = &scenes[_i];
	uint8_t cmd[64], want[64];
	size_t n = fake_hex(sc->cmd, cmd, sizeof(cmd)), m;
	struct buf rsp = BUF_INIT;
	struct link_stats st;
	int r;

	up(sc->script, sc->prepare);
	r = link_transceive(ln, cmd, n, &rsp, sc->idempotent, 5000);
	ck_assert_msg(r == sc->result, "%s: result %d", sc->name, r);
	ck_assert_msg(fake_verdict(fake) == NULL, "%s: %s", sc->name, fake_verdict(fake));
	if (r == 0) {
		m = fake_hex(sc->rsp, want, sizeof(want));
		ck_assert_msg(
		    rsp.len == m && memcmp(rsp.data, want, m) == 0, "%s: response", sc->name);
	} else {
		ck_assert_uint_eq(rsp.len, 0);
	}
	link_stats(ln, &st);
	ck_assert_msg(st.repeats == sc->repeats && st.resyncs == sc->resyncs,
	    "%s: %u repeats, %u re-syncs", sc->name, st.repeats, st.resyncs);
	/* DL-H14: whatever happens ends. */
	ck_assert_uint_lt(fake->now, BUS_MS(10000));
	buf_free(&rsp);
	down();
}
END_TEST

/* After an error the next command drains, re-synchronises and works. */
START_TEST(link_is_usable_after_every_scene)
{
	const struct scene *sc = &scenes[_i];
	const char *script[32];
	uint8_t cmd[64];
	size_t n = fake_hex(sc->cmd, cmd, sizeof(cmd)), lines = 0;
	struct buf rsp = BUF_INIT;

	if (sc->result == 0)
		return;
	while (sc->script[lines] != NULL) {
		script[lines] = sc->script[lines];
		lines++;
	}
	script[lines++] = "> C0";
	script[lines++] = "> 03 00 0C00";
	script[lines++] = "< 00 00 000000020102";
	script[lines++] = "> 80";
	script[lines] = NULL;
	up(script, sc->prepare);
	ck_assert_int_eq(link_transceive(ln, cmd, n, &rsp, sc->idempotent, 5000), sc->result);
	if (ln->peer_sync)
		return; /* the chip has said it already: no re-sync is due */
	ck_assert_int_eq(link_transceive(ln, (const uint8_t *)"\x0C\x00", 2, &rsp, false, 5000), 0);
	ck_assert_msg(fake_verdict(fake) == NULL, "%s: %s", sc->name, fake_verdict(fake));
	ck_assert_uint_eq(rsp.len, 6);
	buf_free(&rsp);
	down();
}
END_TEST

START_TEST(FT_17_stuck_busy_ends_with_the_deadline)
{
	static const char *const script[] = { "> 03 00 0C00", "< 80", NULL };
	struct buf rsp = BUF_INIT;
	uint64_t began;

	up(script, FRESH);
	fake->stuck_busy = true;
	began = fake->now;
	ck_assert_int_eq(
	    link_transceive(ln, (const uint8_t *)"\x0C\x00", 2, &rsp, true, 3000), HAL_ETIMEOUT);
	ck_assert_uint_ge(fake->now - began, BUS_MS(3000));
	ck_assert_uint_le(fake->now - began, BUS_MS(3020));
	/* Still busy: nothing is sent, as the answer could not be told from the old one. */
	ck_assert_int_eq(
	    link_transceive(ln, (const uint8_t *)"\x0C\x00", 2, &rsp, true, 100), HAL_ETIMEOUT);
	ck_assert_msg(fake_verdict(fake) == NULL, "%s", fake_verdict(fake));
	buf_free(&rsp);
	down();
}
END_TEST

START_TEST(late_answer_is_not_taken_for_the_next_commands)
{
	static const char *const script[] = { "> 03 00 0C00", "busy 150000", "< 80",
		"< +150000 00 00 00000001AA", "> C0", "> 03 00 0C01", "< 00 00 00000001BB", "> 80",
		NULL };
	struct buf rsp = BUF_INIT;

	up(script, FRESH);
	ck_assert_int_eq(
	    link_transceive(ln, (const uint8_t *)"\x0C\x00", 2, &rsp, true, 100), HAL_ETIMEOUT);
	ck_assert_int_eq(link_transceive(ln, (const uint8_t *)"\x0C\x01", 2, &rsp, true, 100), 0);
	ck_assert_msg(fake_verdict(fake) == NULL, "%s", fake_verdict(fake));
	ck_assert_uint_eq(rsp.data[4], 0xBB);
	buf_free(&rsp);
	down();
}
END_TEST

START_TEST(FT_19_a_chip_that_falls_silent_is_reported)
{
	static const char *const script[] = { "> 03 00 0C00", "nack 100000000", NULL };
	struct buf rsp = BUF_INIT;

	up(script, FRESH);
	ck_assert_int_eq(
	    link_transceive(ln, (const uint8_t *)"\x0C\x00", 2, &rsp, true, 3000), HAL_ENODEV);
	ck_assert_msg(fake_verdict(fake) == NULL, "%s", fake_verdict(fake));
	buf_free(&rsp);
	down();
}
END_TEST

START_TEST(FT_21_FT_22_lines_stuck_in_mid_command_end_in_an_error)
{
	static const char *const script[] = { "> 03 00 0C00", "< 80", "> 03 00 0C00",
		"> 03 00 0C00", "> 03 00 0C00", "> C0", NULL };
	static const char *const script_ff[] = { "> 03 00 0C00", "< 80", "> A0", "> 03 00 0C00",
		"> A0", "> 03 00 0C00", "> A0", "> 03 00 0C00", "> A0", "> C0", NULL };
	struct buf rsp = BUF_INIT;

	up(_i == 0 ? script : script_ff, FRESH);
	fake->all_zero = _i == 0;
	fake->all_ff = _i == 1;
	ck_assert_int_eq(
	    link_transceive(ln, (const uint8_t *)"\x0C\x00", 2, &rsp, false, 3000), HAL_ERESYNC);
	ck_assert_msg(fake_verdict(fake) == NULL, "%s", fake_verdict(fake));
	ck_assert_uint_eq(fake->nreads[0x80], 0);
	buf_free(&rsp);
	down();
}
END_TEST

START_TEST(TL_H6_an_apdu_above_1557_bytes_is_not_sent)
{
	static const char *const script[] = { NULL };
	static const uint8_t cmd[LINK_APDU_MAX + 1];
	struct buf rsp = BUF_INIT;

	up(script, FRESH);
	ck_assert_int_eq(link_transceive(ln, cmd, sizeof(cmd), &rsp, true, 1000), HAL_ETOOBIG);
	ck_assert_int_eq(link_transceive(ln, cmd, 0, &rsp, true, 1000), HAL_EINVAL);
	ck_assert_msg(fake_verdict(fake) == NULL, "%s", fake_verdict(fake));
	buf_free(&rsp);
	down();
}
END_TEST

/* A chip line for a full packet of the response, acknowledging frame 0. */
static char *
full_packet(unsigned nr, const char *chain)
{
	const size_t cap = 16 + 2 * 271;
	char *line = malloc(cap);

	ck_assert_ptr_nonnull(line);
	(void)snprintf(line, cap, "< %02X %s %0542d", (nr & 3) << 2, chain, 0);
	return line;
}

START_TEST(TL_H5_a_response_above_1557_bytes_is_drained)
{
	const char *script[32];
	char *lines[8];
	size_t n = 0;
	struct buf rsp = BUF_INIT;
	static const char *const acks[] = { "> 80", "> 81", "> 82", "> 83" };

	script[n++] = "> 03 00 0C00";
	for (unsigned i = 0; i < 7; i++) {
		lines[i] = full_packet(i, i == 0 ? "01" : i == 6 ? "04" : "02");
		script[n++] = lines[i];
		script[n++] = acks[i & 3];
	}
	script[n++] = "> 06 00 0C01"; /* frame 1, ACK 2: no re-sync was needed */
	script[n++] = "< 0D" OK;
	script[n++] = "> 83";
	script[n] = NULL;
	up(script, FRESH);
	ck_assert_int_eq(
	    link_transceive(ln, (const uint8_t *)"\x0C\x00", 2, &rsp, false, 1000), HAL_ETOOBIG);
	ck_assert_uint_eq(rsp.len, 0);
	ck_assert_int_eq(link_transceive(ln, (const uint8_t *)"\x0C\x01", 2, &rsp, false, 1000), 0);
	ck_assert_msg(fake_verdict(fake) == NULL, "%s", fake_verdict(fake));
	for (unsigned i = 0; i < 7; i++)
		free(lines[i]);
	buf_free(&rsp);
	down();
}
END_TEST

/* What goes out is never above DATA_REG_LEN, whatever that is: the first of a long command's
 * frames. */
START_TEST(FT_16_frames_are_never_larger_than_granted)
{
	static const char *const script[] = { NULL };
	static const uint16_t granted[] = { 16, 17, 64, 276, 277 };
	static uint8_t cmd[LINK_APDU_MAX];
	struct buf rsp = BUF_INIT;

	up(script, FRESH);
	fake->reg_len = granted[_i];
	ln->frame_size = granted[_i];
	(void)link_transceive(ln, cmd, sizeof(cmd), &rsp, false, 1000);
	ck_assert_uint_eq(fake->max_frame, granted[_i]);
	buf_free(&rsp);
	down();
}
END_TEST

START_TEST(an_ACK_that_cannot_be_sent_does_not_spoil_the_response)
{
	static const char *const script[] = { "> 03 00 0C00", "< 00" OK, NULL };
	struct buf rsp = BUF_INIT;

	up(script, FRESH);
	/* The bus refuses everything from the moment the response was read. */
	fake->fail_after_data_read = true;
	ck_assert_int_eq(link_transceive(ln, (const uint8_t *)"\x0C\x00", 2, &rsp, false, 1000), 0);
	ck_assert_uint_eq(rsp.len, 4);
	ck_assert(ln->stale);
	ck_assert_msg(fake_verdict(fake) == NULL, "%s", fake_verdict(fake));
	buf_free(&rsp);
	down();
}
END_TEST

/* A plain exchange costs what the specification's arithmetic says: ifx-i2c 7.2, a = 1. */
START_TEST(no_transaction_is_wasted)
{
	static const char *const script[] = { "> 03 00 0C00", "busy 12000", "< 80",
		"< +12000 00" OK, "> 80", NULL };
	struct buf rsp = BUF_INIT;
	struct link_stats st;

	up(script, FRESH);
	ck_assert_int_eq(link_transceive(ln, (const uint8_t *)"\x0C\x00", 2, &rsp, false, 1000), 0);
	link_stats(ln, &st);
	/* Command, ACK read, response read, ACK; I2C_STATE is not counted. */
	ck_assert_uint_eq(st.transactions, 1 + 2 + 2 + 1);
	buf_free(&rsp);
	down();
}
END_TEST

START_TEST(bytes_of_a_response_do_not_stay_behind)
{
	static const char *const script[] = { "> 03 00 0C00", "< 00 00 00000004 5EC2E7AA", "> 80",
		NULL };
	static const uint8_t zero[FRAME_MAX] = { 0 };
	struct buf rsp = BUF_INIT;

	up(script, FRESH);
	ck_assert_int_eq(link_transceive(ln, (const uint8_t *)"\x0C\x00", 2, &rsp, false, 1000), 0);
	ck_assert_mem_eq(ln->rx, zero, sizeof(ln->rx));
	ck_assert_mem_eq(
	    ln->tx, zero, sizeof(ln->tx) < sizeof(zero) ? sizeof(ln->tx) : sizeof(zero));
	buf_free(&rsp);
	down();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("link faults");
	TCase *t = tcase_create("faults");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(t, scene, 0, (int)NITEMS(scenes));
	tcase_add_loop_test(t, link_is_usable_after_every_scene, 0, (int)NITEMS(scenes));
	tcase_add_test(t, FT_17_stuck_busy_ends_with_the_deadline);
	tcase_add_test(t, late_answer_is_not_taken_for_the_next_commands);
	tcase_add_test(t, FT_19_a_chip_that_falls_silent_is_reported);
	tcase_add_loop_test(t, FT_21_FT_22_lines_stuck_in_mid_command_end_in_an_error, 0, 2);
	tcase_add_test(t, TL_H6_an_apdu_above_1557_bytes_is_not_sent);
	tcase_add_test(t, TL_H5_a_response_above_1557_bytes_is_drained);
	tcase_add_loop_test(t, FT_16_frames_are_never_larger_than_granted, 0, 5);
	tcase_add_test(t, an_ACK_that_cannot_be_sent_does_not_spoil_the_response);
	tcase_add_test(t, no_transaction_is_wasted);
	tcase_add_test(t, bytes_of_a_response_do_not_stay_behind);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
