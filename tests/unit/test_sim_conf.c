/*
 * Items of the protocol's checklist for the chip's side that need two of its layers, or a fault on
 * the way, to show: registers with frames, chains with registers, a session with frames.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/handle.h"
#include "tests/unit/sim_shost.h"

static struct shost s;
static struct host *const h = &s.h;

static void
setup(void)
{
	shost_start(&s);
}

static void
teardown(void)
{
	shost_end(&s);
}

static void
fault(enum sim_fault_kind kind, enum sim_fault_at at, unsigned arg)
{
	const struct sim_fault f = { kind, at, 0, 1, arg };

	ck_assert_int_eq(sim_fault_add(h->s, &f), 0);
}

static void
soft_reset(void)
{
	ck_assert_int_eq(host_reg_write(h, 0x88, (const uint8_t[]){ 0, 0 }, 2), 0);
}

/* --- registers ----------------------------------------------------------------------------- */

START_TEST(plc5_an_announced_frame_stays_until_it_is_read)
{
	host_send_command(h, 0, 3, 100, 6);
	host_sleep_us(h, 1000);
	for (int i = 0; i < 200; i++) {
		ck_assert_uint_eq(host_state(h), 0x48800010);
		host_sleep_us(h, 1000);
	}
	ck_assert_int_eq(host_take(h), 0x00);
	ck_assert_uint_eq(h->frame_len, 16);
}
END_TEST

START_TEST(plc5_or_until_the_host_writes_a_frame)
{
	host_send_command(h, 0, 3, 100, 6);
	host_sleep_us(h, 1000);
	ck_assert_uint_eq(host_state(h), 0x48800010);
	host_send_command(h, 1, 3, 100, 2); /* never having read it */
	host_sleep_us(h, 1000);
	ck_assert_uint_eq(host_state(h), 0x4880000C);
	ck_assert_int_eq(host_take(h), 0x01);
	ck_assert_uint_eq(host_commands(h), 2);
}
END_TEST

START_TEST(plc6_busy_ends_with_the_response)
{
	host_send_command(h, 0, 3, 20000, 0);
	ck_assert_int_eq(host_take(h), 0x80);
	for (int ms = 1; ms < 18; ms++) {
		ck_assert_uint_eq(host_state(h), 0x88800000);
		host_sleep_us(h, 700);
	}
	host_sleep_us(h, 5000);
	ck_assert_uint_eq(host_state(h), 0x4880000A);
}
END_TEST

START_TEST(plc7_soft_reset_is_15_ms_of_silence)
{
	uint64_t start;

	soft_reset();
	start = sim_now(h->s);
	while (sim_write(h->s, ADDR, (const uint8_t[]){ 0x82 }, 1) == HAL_ENACK)
		host_sleep_us(h, 50);
	ck_assert_uint_ge(sim_now(h->s) - start, MS(15));
	ck_assert_uint_le(sim_now(h->s) - start, MS(16));
}
END_TEST

/* Each of what a reset ends: counters, mode, address, length; and what it does not end. */
START_TEST(plc7_plc8_plc9_soft_reset_keeps_what_is_persistent)
{
	const uint8_t persistent = _i == 0 ? 0x00 : 0x80, addr = persistent ? 0x42 : ADDR;
	uint8_t v[4];

	ck_assert_int_eq(host_reg_write(h, 0x89, (const uint8_t[]){ persistent, 4 }, 2), 0);
	ck_assert_int_eq(host_reg_write(h, 0x81, (const uint8_t[]){ 0, 32 }, 2), 0);
	host_send_command(h, 0, 3, 100, 0);
	ck_assert_int_eq(host_wait(h, 5), 0x00);
	ck_assert_int_eq(host_reg_write(h, 0x83, (const uint8_t[]){ persistent, 0x42 }, 2), 0);
	host_sleep_us(h, 50);
	ck_assert_int_eq(sim_write(h->s, 0x42, (const uint8_t[]){ 0x88, 0, 0 }, 3), 0);
	host_sleep_us(h, 20000);
	ck_assert_int_eq(sim_write(h->s, addr, (const uint8_t[]){ 0x89 }, 1), 0);
	ck_assert_int_eq(sim_read(h->s, addr, v, 2), 0);
	ck_assert_uint_eq(v[1], persistent ? 4 : 3);
	ck_assert_int_eq(sim_write(h->s, addr, (const uint8_t[]){ 0x84 }, 1), 0);
	ck_assert_int_eq(sim_read(h->s, addr, v, 4), 0);
	ck_assert_uint_eq((unsigned)v[2] << 8 | v[3], persistent ? 1000 : 400);
	ck_assert_int_eq(sim_write(h->s, addr, (const uint8_t[]){ 0x81 }, 1), 0);
	ck_assert_int_eq(sim_read(h->s, addr, v, 2), 0);
	ck_assert_uint_eq((unsigned)v[0] << 8 | v[1], 277);
	ck_assert_int_eq(sim_write(h->s, addr == ADDR ? 0x42 : ADDR, v, 1), HAL_ENACK);
}
END_TEST

/* --- frames -------------------------------------------------------------------------------- */

START_TEST(dlc1_counting_starts_at_3_after_every_reset)
{
	for (int i = 0; i < 3; i++) {
		host_send_command(h, 1, 3, 100, 0); /* not the one that is due */
		ck_assert_int_eq(host_take(h), 0x83);
		host_send_command(h, 0, 3, 100, 0);
		ck_assert_int_eq(host_wait(h, 5), 0x00);
		host_control(h, 0x80);
		host_send_command(h, 1, 0, 100, 0);
		ck_assert_int_eq(host_wait(h, 5), 0x05);
		if (i == 0)
			soft_reset();
		else
			sim_line(h->s, SIM_LINE_RESET, false);
		host_sleep_us(h, 100);
		sim_line(h->s, SIM_LINE_RESET, true);
		host_sleep_us(h, 20000);
	}
}
END_TEST

/* The host cannot read the chip's ACK: whether it refuses it or is silent, it asks again. */
START_TEST(ft3_the_chips_ack_is_damaged)
{
	fault(SIM_FAULT_FCS, SIM_AT_CONTROL_OUT, 0);
	host_send_command(h, 0, 3, 30000, 0);
	ck_assert_int_eq(host_take(h), -1);
	ck_assert_uint_eq(h->frame_len, 5);
	if (_i == 1)
		host_control(h, 0xA0); /* a control frame is not repeated */
	ck_assert_int_eq(host_take(h), -1);
	ck_assert_uint_eq(h->frame_len, 0);
	host_sleep_us(h, 10000);
	host_send_command(h, 0, 3, 30000, 0);
	ck_assert_int_eq(host_take(h), 0x80);
	ck_assert_int_eq(host_wait(h, 40), 0x00);
	ck_assert_uint_eq(host_commands(h), 1);
}
END_TEST

/* A response cut at any byte comes again, the same, when it is refused. */
START_TEST(ft12_the_chips_response_is_cut_short)
{
	uint8_t whole[16];

	host_send_command(h, 0, 3, 100, 6);
	ck_assert_int_eq(host_wait(h, 5), 0x00);
	memcpy(whole, h->frame, sizeof(whole));
	host_control(h, 0x80);
	fault(SIM_FAULT_TRUNCATE, SIM_AT_DATA_OUT, (unsigned)_i);
	host_send_command(h, 1, 0, 100, 6);
	host_sleep_us(h, 1000);
	ck_assert_uint_eq(host_state(h), 0x48800010);
	ck_assert_int_eq(host_reg_read(h, 0x80, h->frame, 16), 0);
	ck_assert_int_ne(memcmp(h->frame + _i, whole + _i, 16 - (size_t)_i), 0);
	host_control(h, 0xA1);
	ck_assert_int_eq(host_take(h), 0x05);
	ck_assert_mem_eq(h->frame + 8, whole + 8, 6);
	ck_assert_uint_eq(host_commands(h), 2);
}
END_TEST

/* A whole response that the host read one byte too few of. */
START_TEST(ft12_a_response_read_too_short_comes_again)
{
	uint8_t v[16];

	host_send_command(h, 0, 3, 100, 6);
	host_sleep_us(h, 1000);
	ck_assert_int_eq(host_reg_read(h, 0x80, v, 15), 0);
	host_control(h, 0xA0);
	ck_assert_int_eq(host_take(h), 0x00);
	ck_assert_mem_eq(h->frame, v, 15);
}
END_TEST

START_TEST(dlc10_a_resync_keeps_the_session)
{
	static const uint8_t count_cmd[] = { 0xEE, 0, 0, 6, 0, 0, 0, 100, 0, 0 };

	ck_assert(shost_handshake(&s));
	ck_assert_int_eq(shost_command(&s, 0x23, count_cmd, sizeof(count_cmd)), 0x23);
	ck_assert(shost_open(&s));
	s.sseq++;
	host_control(h, 0xC0);
	s.tx = 0;
	s.rx = 3;
	ck_assert_int_eq(shost_command(&s, 0x23, count_cmd, sizeof(count_cmd)), 0x23);
	ck_assert(shost_open(&s));
	ck_assert_uint_eq(s.answer[1], 2);
}
END_TEST

/* --- chains -------------------------------------------------------------------------------- */

/* What begins next after an error may be a chain as well as a single packet. */
START_TEST(tlc2_ft28_a_chain_begins_after_a_broken_one)
{
	uint8_t cmd[600], packet[272];

	memset(packet, 0, sizeof(packet));
	packet[0] = 0x01;
	host_send(h, 0x03, packet, 272);
	ck_assert_int_eq(host_take(h), 0x80);
	packet[0] = 0x02;
	host_send(h, 0x07, packet, 100); /* too short for an intermediate one */
	ck_assert_int_eq(host_take(h), 0x01);
	ck_assert_uint_eq(h->frame_len, 6);
	ck_assert_uint_eq(h->frame[3], 0x07);
	ck_assert_uint_eq(host_commands(h), 0);
	host_command(cmd, 100, 4, sizeof(cmd));
	for (size_t off = 0, nr = 2; off < sizeof(cmd); off += 271, nr++) {
		const size_t n = sizeof(cmd) - off < 271 ? sizeof(cmd) - off : 271;

		packet[0] = off == 0 ? 0x01 : n < 271 ? 0x04 : 0x02;
		memcpy(packet + 1, cmd + off, n);
		host_send(h, (uint8_t)((nr & 3) << 2), packet, n + 1);
		if (n == 271)
			ck_assert_int_eq(host_take(h), (int)(0x80 | (nr & 3)));
	}
	ck_assert_int_eq(host_wait(h, 5), 0x04);
	ck_assert_uint_eq(h->frame_len, 6 + 8);
	ck_assert_uint_eq(host_commands(h), 1);
}
END_TEST

/* The register may change while a response is on its way: its packets stay as they began. */
START_TEST(tlc4_fragments_keep_the_size_they_began_with)
{
	unsigned len = 0;

	ck_assert_int_eq(host_reg_write(h, 0x81, (const uint8_t[]){ 0, 64 }, 2), 0);
	host_send_command(h, 0, 3, 100, 200);
	ck_assert_int_eq(host_wait(h, 5), 0x00);
	for (unsigned nr = 0;; nr++) {
		ck_assert_uint_eq(h->frame[0] >> 2, nr & 3);
		len += (unsigned)h->frame_len - 6;
		if (nr == 0)
			ck_assert_int_eq(
			    host_reg_write(h, 0x81, (const uint8_t[]){ 0, 128 }, 2), 0);
		host_control(h, (uint8_t)(0x80 | (nr & 3)));
		if ((h->frame[3] & 7) == 4)
			break;
		ck_assert_uint_eq(h->frame_len, 64);
		ck_assert_int_ge(host_wait(h, 5), 0);
	}
	ck_assert_uint_eq(len, 204);
	host_send_command(h, 1, 3, 100, 200); /* 204 bytes: four fragments before, two now */
	ck_assert_int_ge(host_wait(h, 5), 0);
	ck_assert_uint_eq(h->frame_len, 128);
}
END_TEST

int
main(void)
{
	const struct sim_test tests[] = {
		{ plc5_an_announced_frame_stays_until_it_is_read, 1 },
		{ plc5_or_until_the_host_writes_a_frame, 1 },
		{ plc6_busy_ends_with_the_response, 1 },
		{ plc7_soft_reset_is_15_ms_of_silence, 1 },
		{ plc7_plc8_plc9_soft_reset_keeps_what_is_persistent, 2 },
		{ dlc1_counting_starts_at_3_after_every_reset, 1 },
		{ ft3_the_chips_ack_is_damaged, 2 },
		{ ft12_the_chips_response_is_cut_short, 16 },
		{ ft12_a_response_read_too_short_comes_again, 1 },
		{ dlc10_a_resync_keeps_the_session, 1 },
		{ tlc2_ft28_a_chain_begins_after_a_broken_one, 1 },
		{ tlc4_fragments_keep_the_size_they_began_with, 1 },
	};

	return sim_tests_run("sim_conf", "layers together", setup, teardown, tests, NITEMS(tests));
}
