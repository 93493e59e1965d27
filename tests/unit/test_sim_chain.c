/*
 * Messages of the simulated chip in several packets: checklist TL-C of the protocol reference,
 * and the presentation layer's unprotected record.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/handle.h"
#include "tests/unit/sim_host.h"

static struct host h;
static unsigned tx; /* next frame number of the host */
static unsigned rx; /* last one received */

static void
setup(void)
{
	host_start(&h);
	tx = 0;
	rx = 3;
}

static void
teardown(void)
{
	host_end(&h);
}

static void
send_packet(uint8_t pctr, const uint8_t *data, size_t len)
{
	uint8_t packet[300];

	packet[0] = pctr;
	if (len > 0)
		memcpy(packet + 1, data, len);
	host_send(&h, (uint8_t)(tx << 2 | rx), packet, len + 1);
	tx = (tx + 1) & 3;
}

/* Cuts a message into packets of at most f bytes; every ACK but the last is taken. */
static void
send_message(uint8_t presence, const uint8_t *msg, size_t len, size_t f)
{
	size_t off = 0, n;
	uint8_t chain;

	if (len <= f) {
		send_packet(presence, msg, len);
		return;
	}
	for (; off < len; off += n) {
		n = len - off < f ? len - off : f;
		chain = off == 0 ? 1 : off + n < len ? 2 : 4;
		send_packet(presence | chain, msg + off, n);
		if (chain != 4)
			ck_assert_int_eq(host_wait(&h, 1), (int)(0x80 | ((tx + 3) & 3)));
	}
}

/* Waits for the next data frame, acknowledges it, returns its PCTR. */
static int
next_packet(unsigned ms)
{
	int fctr;

	while ((fctr = host_wait(&h, ms)) >= 0x80)
		;
	ck_assert_int_ge(fctr, 0);
	rx = (unsigned)fctr >> 2;
	host_control(&h, (uint8_t)(0x80 | rx));
	return h.frame[3];
}

/* A whole response; returns its length. */
static size_t
receive_message(uint8_t presence, uint8_t *out, size_t f)
{
	size_t len = 0, n;
	int pctr;

	for (;;) {
		pctr = next_packet(100);
		n = h.frame_len - 6;
		memcpy(out + len, h.frame + 4, n);
		if (pctr == presence)
			ck_assert_uint_eq(len, 0);
		else
			ck_assert_int_eq(pctr & 7, len == 0 ? 1 : (pctr & 7) == 4 ? 4 : 2);
		ck_assert_int_eq(pctr & 0xF8, presence);
		len += n;
		if ((pctr & 7) == 0 || (pctr & 7) == 4)
			return len;
		ck_assert_uint_eq(n, f);
	}
}

static void
check_answer(const uint8_t *rsp, size_t len, unsigned want, unsigned count)
{
	ck_assert_uint_eq(len, want + 4);
	ck_assert_uint_eq(rsp[0], 0);
	ck_assert_uint_eq(rsp[1], count);
	for (unsigned i = 0; i < want; i++)
		ck_assert_uint_eq(rsp[4 + i], i & 0xFF);
}

/* --- chains -------------------------------------------------------------------------------- */

static const struct {
	unsigned reg, cmd_len, rsp_len;
} sizes[] = {
	{ 277, 10, 0 },
	{ 277, 271, 267 },
	{ 277, 272, 268 },
	{ 277, 542, 538 },
	{ 277, 543, 539 },
	{ 277, 1557, 1553 },
	{ 16, 10, 6 },
	{ 16, 11, 7 },
	{ 16, 31, 27 },
	{ 16, 1557, 1553 },
	{ 64, 58, 54 },
	{ 64, 200, 1000 },
	{ 128, 1000, 122 },
};

START_TEST(tlc1_tlc4_messages_of_every_length)
{
	const size_t f = sizes[_i].reg - 6;
	uint8_t cmd[SIM_APDU_MAX], rsp[SIM_APDU_MAX];
	const uint8_t reg[2] = { (uint8_t)(sizes[_i].reg >> 8), (uint8_t)sizes[_i].reg };

	ck_assert_int_eq(host_reg_write(&h, 0x81, reg, 2), 0);
	for (unsigned round = 1; round <= 2; round++) {
		host_command(cmd, 3000, sizes[_i].rsp_len, sizes[_i].cmd_len);
		send_message(0, cmd, sizes[_i].cmd_len, f);
		ck_assert_uint_eq(host_commands(&h), round);
		check_answer(rsp, receive_message(0, rsp, f), sizes[_i].rsp_len, round);
	}
}
END_TEST

/* The published fragments of OpenApplication with DATA_REG_LEN 16 (protocol reference 4.2). */
START_TEST(tlc1_published_fragments)
{
	static const uint8_t a[] = { 0x03, 0x00, 0x0B, 0x01, 0x70, 0x00, 0x00, 0x10, 0xD2, 0x76,
		0x00, 0x00, 0x04, 0x47, 0xF3, 0xDD };
	static const uint8_t b[] = { 0x07, 0x00, 0x0B, 0x04, 0x65, 0x6E, 0x41, 0x75, 0x74, 0x68,
		0x41, 0x70, 0x70, 0x6C, 0xF0, 0xCF };

	ck_assert_int_eq(host_reg_write(&h, 0x81, (const uint8_t[]){ 0, 16 }, 2), 0);
	host_send_raw(&h, a, sizeof(a));
	ck_assert_int_eq(host_take(&h), 0x80);
	ck_assert_uint_eq(host_commands(&h), 0);
	host_send_raw(&h, b, sizeof(b));
	ck_assert_int_eq(host_take(&h), 0x81);
	ck_assert_uint_eq(host_commands(&h), 1);
	ck_assert_int_eq(host_wait(&h, 20), 0x01);
}
END_TEST

/* Packets in order; the last one breaks the rules. */
static const struct {
	struct {
		uint8_t pctr;
		uint16_t len; /* payload; 271 fills a packet */
	} packets[3];
} violations[] = {
	{ { { 0x01, 270 } } },                /* first one short */
	{ { { 0x01, 271 }, { 0x02, 270 } } }, /* intermediate short */
	{ { { 0x01, 271 }, { 0x00, 20 } } },  /* single within a chain */
	{ { { 0x01, 271 }, { 0x01, 271 } } }, /* first within a chain */
	{ { { 0x02, 271 } } },                /* intermediate outside */
	{ { { 0x04, 20 } } },                 /* last outside */
	{ { { 0x03, 20 } } }, { { { 0x05, 20 } } }, { { { 0x06, 20 } } },
	{ { { 0x10, 20 } } },               /* a channel that is not there */
	{ { { 0x01, 271 }, { 0x04, 0 } } }, /* last one empty */
	{ { { 0x00, 0 } } },                /* nothing at all */
};

START_TEST(tlc2_ft28_a_broken_chain_is_answered_and_dropped)
{
	uint8_t data[271] = { 0 }, cmd[16], rsp[SIM_APDU_MAX];
	int pctr = 0;

	for (int i = 0; i < 3; i++) {
		if (violations[_i].packets[i].pctr == 0 && violations[_i].packets[i].len == 0 &&
		    !(i == 0))
			break;
		send_packet(violations[_i].packets[i].pctr, data, violations[_i].packets[i].len);
		host_take(&h);
		pctr = h.frame_len == 6 ? h.frame[3] : -1;
	}
	ck_assert_int_eq(pctr, 0x07);
	rx = h.frame[0] >> 2 & 3;
	host_control(&h, (uint8_t)(0x80 | rx));
	ck_assert_uint_eq(host_commands(&h), 0);
	send_message(0, cmd, host_command(cmd, 100, 3, 12), 271);
	check_answer(rsp, receive_message(0, rsp, 271), 3, 1);
}
END_TEST

START_TEST(a_message_longer_than_any_command_is_refused)
{
	uint8_t data[271] = { 0 };
	int i;

	for (i = 0; i < 6; i++) {
		send_packet(i == 0 ? 1 : 2, data, 271);
		if (host_take(&h) < 0x80)
			break;
	}
	ck_assert_int_eq(i, 5); /* 5 * 271 fit 1557 bytes, 6 do not */
	ck_assert_int_eq(h.frame[3], 0x07);
}
END_TEST

START_TEST(tlc3_a_chaining_error_brings_the_response_once_more)
{
	uint8_t cmd[16], rsp[SIM_APDU_MAX];

	send_message(0, cmd, host_command(cmd, 100, 600, 12), 271);
	ck_assert_int_eq(next_packet(10), 1);
	ck_assert_int_eq(next_packet(10), 2);
	send_packet(0x07, NULL, 0);
	check_answer(rsp, receive_message(0, rsp, 271), 600, 1);
	ck_assert_uint_eq(host_commands(&h), 1);
	send_packet(0x07, NULL, 0); /* a second time: acknowledged, nothing more */
	ck_assert_int_eq(host_take(&h), (int)(0x80 | ((tx + 3) & 3)));
	host_sleep_us(&h, 50000);
	ck_assert_int_eq(host_take(&h), -1);
}
END_TEST

START_TEST(dlc3_fragments_are_acknowledged_at_once_whatever_the_knob)
{
	uint8_t cmd[600];

	ck_assert_int_eq(sim_set_ack_delay(h.s, SIM_ACK_WITH_RESPONSE), 0);
	host_command(cmd, 50000, 0, 600);
	send_message(0, cmd, 600, 271); /* takes each ACK at the first poll */
	ck_assert_int_eq(host_take(&h), -1);
	host_sleep_us(&h, 8000);
	ck_assert_int_eq(host_take(&h), 0x82);
}
END_TEST

START_TEST(dlc10_a_resync_keeps_the_open_chain)
{
	uint8_t cmd[300], rsp[SIM_APDU_MAX];

	host_command(cmd, 100, 0, 300);
	send_packet(1, cmd, 271);
	ck_assert_int_eq(host_take(&h), 0x80);
	host_control(&h, 0xC0);
	tx = 0;
	rx = 3;
	send_packet(4, cmd + 271, 29);
	check_answer(rsp, receive_message(0, rsp, 271), 0, 1);
}
END_TEST

START_TEST(a_resync_in_a_response_drops_the_rest)
{
	uint8_t cmd[16], rsp[SIM_APDU_MAX];

	send_message(0, cmd, host_command(cmd, 100, 600, 12), 271);
	ck_assert_int_eq(next_packet(10), 1);
	host_control(&h, 0xC0);
	tx = 0;
	rx = 3;
	host_sleep_us(&h, 50000);
	ck_assert_int_eq(host_take(&h), -1);
	send_message(0, cmd, host_command(cmd, 100, 1, 12), 271);
	check_answer(rsp, receive_message(0, rsp, 271), 1, 2);
}
END_TEST

/* --- presentation layer -------------------------------------------------------------------- */

#define PRESENCE 0x08

static void
send_plain(unsigned rsp_len, size_t cmd_len)
{
	uint8_t msg[SIM_APDU_MAX + 1];

	msg[0] = 0x20;
	host_command(msg + 1, 3000, rsp_len, cmd_len);
	send_message(PRESENCE, msg, cmd_len + 1, 271);
}

START_TEST(presence_and_sctr_come_back_in_every_packet)
{
	uint8_t rsp[SIM_APDU_MAX + 1];
	size_t len;

	send_plain(600, 700);
	len = receive_message(PRESENCE, rsp, 271);
	ck_assert_uint_eq(rsp[0], 0x20);
	check_answer(rsp + 1, len - 1, 600, 1);
	send_plain(1553, 1557);
	len = receive_message(PRESENCE, rsp, 271);
	ck_assert_uint_eq(rsp[0], 0x20);
	check_answer(rsp + 1, len - 1, 1553, 2);
}
END_TEST

START_TEST(presence_once_used_is_required_until_reset)
{
	uint8_t cmd[16], rsp[SIM_APDU_MAX + 1];

	send_plain(0, 12);
	(void)receive_message(PRESENCE, rsp, 271);
	send_message(0, cmd, host_command(cmd, 100, 3, 12), 271);
	ck_assert_uint_eq(receive_message(PRESENCE, rsp, 271), 1);
	ck_assert_uint_eq(rsp[0], 0x40);
	ck_assert_uint_eq(host_commands(&h), 2); /* messages; the application saw one */
	ck_assert_int_eq(host_reg_write(&h, 0x88, (const uint8_t[]){ 0, 0 }, 2), 0);
	host_sleep_us(&h, 20000);
	tx = 0;
	rx = 3;
	send_message(0, cmd, host_command(cmd, 100, 3, 12), 271);
	check_answer(rsp, receive_message(0, rsp, 271), 3, 2);
}
END_TEST

START_TEST(protected_messages_need_a_session)
{
	static const uint8_t sctrs[] = { 0x00, 0x04, 0x08, 0x21, 0x22, 0x23, 0x40, 0x44, 0x60, 0x68,
		0xFF };
	uint8_t msg[60] = { sctrs[_i] }, rsp[SIM_APDU_MAX + 1];

	send_message(PRESENCE, msg, sizeof(msg), 271);
	ck_assert_uint_eq(receive_message(PRESENCE, rsp, 271), 1);
	ck_assert_uint_eq(rsp[0], 0x40);
	send_plain(2, 12); /* and the chip goes on */
	ck_assert_uint_eq(receive_message(PRESENCE, rsp, 271), 7);
	ck_assert_uint_eq(rsp[0], 0x20);
}
END_TEST

int
main(void)
{
	const struct sim_test tests[] = {
		{ tlc1_tlc4_messages_of_every_length, NITEMS(sizes) },
		{ tlc1_published_fragments, 1 },
		{ tlc2_ft28_a_broken_chain_is_answered_and_dropped, NITEMS(violations) },
		{ a_message_longer_than_any_command_is_refused, 1 },
		{ tlc3_a_chaining_error_brings_the_response_once_more, 1 },
		{ dlc3_fragments_are_acknowledged_at_once_whatever_the_knob, 1 },
		{ dlc10_a_resync_keeps_the_open_chain, 1 },
		{ a_resync_in_a_response_drops_the_rest, 1 },
		{ presence_and_sctr_come_back_in_every_packet, 1 },
		{ presence_once_used_is_required_until_reset, 1 },
		{ protected_messages_need_a_session, 11 },
	};

	return sim_tests_run("sim_chain", "messages", setup, teardown, tests, NITEMS(tests));
}
