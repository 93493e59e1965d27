/*
 * Frames of the simulated chip: checklist DL-C and the chip's part of the fault table (FT) of the
 * protocol reference, checksum vectors, and the exchange published in the datasheet.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/handle.h"
#include "tests/unit/sim_host.h"

static struct host h;

static void
setup(void)
{
	host_start(&h);
}

static void
teardown(void)
{
	host_end(&h);
}

static size_t
packet_of(uint8_t *packet, unsigned exec_us, unsigned rsp_len)
{
	packet[0] = 0;
	return 1 + host_command(packet + 1, exec_us, rsp_len, 12);
}

/* A command in frame nr, the chip's last frame having been acked. */
static void
send_command(unsigned nr, unsigned acked, unsigned exec_us)
{
	uint8_t packet[16];

	host_send(&h, (uint8_t)(nr << 2 | acked), packet, packet_of(packet, exec_us, 0));
}

/* How many commands the chip has executed: the answer's second byte. */
static unsigned
executed(void)
{
	return h.frame[5];
}

/* --- checksum ------------------------------------------------------------------------------ */

#define TEXT(s) (const uint8_t *)(s), sizeof(s) - 1

static const struct {
	const uint8_t *data;
	size_t len;
	uint16_t crc;
} crcs[] = {
	{ TEXT(""), 0x0000 },
	{ TEXT("\x80"), 0x8408 },
	{ TEXT("\x80\x00"), 0x8CCC },
	{ TEXT("\x80\x00\x00"), 0x0CEC },
	{ TEXT("123456789"), 0x2189 },
	{ TEXT("\x00\x00\x00"), 0x0000 },
	{ TEXT("\xFF\xFF\xFF"), 0x364B },
	{ TEXT("\x00\x00\x05\x00\x00\x00\x00\x00"), 0x1487 },
	{ TEXT("\x03\x00\x15\x00\x70\x00\x00\x10\xD2\x76\x00\x00\x04GenAuthAppl"), 0x041A },
	{ TEXT("\x04\x00\x0B\x00\x01\x00\x00\x06\xE0\xC2\x00\x00\x00\x64"), 0xF09F },
	{ TEXT("\x04\x00\x0B\x00\x01\x10\x00\x06\xE0\xC2\x00\x00\x00\x64"), 0x0F0B },
	{ TEXT("\x81\x00\x00"), 0x5630 },
	{ TEXT("\x82\x00\x00"), 0xB954 },
	{ TEXT("\x83\x00\x00"), 0xE388 },
	{ TEXT("\xA0\x00\x00"), 0x0FD7 },
	{ TEXT("\xA1\x00\x00"), 0x550B },
	{ TEXT("\xA2\x00\x00"), 0xBA6F },
	{ TEXT("\xA3\x00\x00"), 0xE0B3 },
	{ TEXT("\xC0\x00\x00"), 0x0A9A },
};

START_TEST(checksum_vectors)
{
	ck_assert_uint_eq(sim_crc(crcs[_i].data, crcs[_i].len), crcs[_i].crc);
}
END_TEST

START_TEST(checksum_of_all_bytes)
{
	uint8_t all[256];

	for (unsigned i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	ck_assert_uint_eq(sim_crc(all, sizeof(all)), 0xD841);
}
END_TEST

/* --- the published exchange (datasheet 3.61 tables 26-28) ---------------------------------- */

START_TEST(datasheet_exchange)
{
	static const uint8_t open[] = { 0x80, 0x03, 0x00, 0x15, 0x00, 0x70, 0x00, 0x00, 0x10, 0xD2,
		0x76, 0x00, 0x00, 0x04, 0x47, 0x65, 0x6E, 0x41, 0x75, 0x74, 0x68, 0x41, 0x70, 0x70,
		0x6C, 0x04, 0x1A };
	static const uint8_t ack[] = { 0x80, 0x00, 0x00, 0x0C, 0xEC };
	static const uint8_t opened[] = { 0x00, 0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14,
		0x87 };
	uint8_t v[10];

	/* The datasheet's chip acknowledges late: OpenApplication (12 ms here) after 8 ms. */
	ck_assert_int_eq(sim_set_ack_delay(h.s, SIM_ACK_WITH_RESPONSE), 0);
	ck_assert_uint_eq(host_state(&h), 0x08800000);
	ck_assert_int_eq(host_write(&h, open, sizeof(open)), 0);
	host_sleep_us(&h, 8000);
	ck_assert_uint_eq(host_state(&h), 0xC8800005);
	ck_assert_int_eq(host_reg_read(&h, 0x80, v, 5), 0);
	ck_assert_mem_eq(v, ack, 5);
	host_sleep_us(&h, 4000);
	ck_assert_uint_eq(host_state(&h), 0x4880000A);
	ck_assert_int_eq(host_reg_read(&h, 0x80, v, 10), 0);
	ck_assert_mem_eq(v, opened, 10);
	host_control(&h, 0x80);
	/* A fast command: its ACK rides on the response. */
	send_command(1, 0, 5000);
	host_sleep_us(&h, 5000);
	ck_assert_uint_eq(host_state(&h), 0x4880000A);
	ck_assert_int_eq(host_take(&h), 0x05);
	host_control(&h, 0x81);
	host_sleep_us(&h, 30000);
	ck_assert_uint_eq(host_state(&h), 0x08800000);
}
END_TEST

/* --- receiving ----------------------------------------------------------------------------- */

START_TEST(dlc1_counting_starts_at_3_after_a_resync)
{
	send_command(0, 3, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	host_control(&h, 0x80);
	send_command(1, 0, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x05);
	host_control(&h, 0xC0);
	ck_assert_uint_eq(host_state(&h), 0x08800000);
	send_command(0, 3, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	ck_assert_uint_eq(executed(), 3);
}
END_TEST

START_TEST(dlc2_numbers_run_modulo_4)
{
	for (unsigned i = 0; i < 10; i++) {
		send_command(i & 3, (i + 3) & 3, 100);
		ck_assert_int_eq(host_wait(&h, 5), (int)((i & 3) << 2 | (i & 3)));
		ck_assert_uint_eq(executed(), i + 1);
		host_control(&h, (uint8_t)(0x80 | (i & 3)));
	}
}
END_TEST

static const struct {
	uint64_t delay;
	unsigned exec_us, first_ms; /* when the first frame is there at the latest */
	int first;
} acks[] = {
	{ 0, 50000, 1, 0x80 },
	{ SIM_ACK_WITH_RESPONSE, 50000, 9, 0x80 },
	{ SIM_ACK_WITH_RESPONSE, 7000, 8, 0x00 },
	{ US(3000), 12000, 4, 0x80 },
	{ SIM_ACK_NEVER, 50000, 51, 0x00 },
};

START_TEST(dlc2_acknowledges_within_10_ms_one_way_or_the_other)
{
	uint64_t start;

	ck_assert_int_eq(sim_set_ack_delay(h.s, acks[_i].delay), 0);
	send_command(0, 3, acks[_i].exec_us);
	start = sim_now(h.s);
	ck_assert_int_eq(host_wait(&h, 100), acks[_i].first);
	ck_assert_uint_le(sim_now(h.s) - start, MS(acks[_i].first_ms) + US(500));
	if (acks[_i].first != 0x00)
		ck_assert_int_eq(host_wait(&h, 100), 0x00);
	ck_assert_uint_eq(executed(), 1);
}
END_TEST

START_TEST(dlc4_ft9_a_duplicate_is_acknowledged_and_not_executed)
{
	send_command(0, 3, 3000);
	ck_assert_int_eq(host_take(&h), 0x80);
	send_command(0, 3, 3000);
	ck_assert_int_eq(host_take(&h), 0x80);
	ck_assert_int_eq(host_wait(&h, 10), 0x00);
	ck_assert_uint_eq(executed(), 1);
	send_command(0, 3, 3000); /* even now */
	ck_assert_int_eq(host_take(&h), 0x80);
	ck_assert_int_eq(host_wait(&h, 20), 0x00);
	ck_assert_uint_eq(executed(), 1);
	ck_assert_uint_eq(host_commands(&h), 1);
}
END_TEST

START_TEST(dlc4_an_unexpected_number_is_answered_by_the_last_one)
{
	send_command(2, 3, 100);
	ck_assert_int_eq(host_take(&h), 0x83);
	ck_assert_uint_eq(host_commands(&h), 0);
}
END_TEST

/* Frames that are refused: FCTR and packet length with a correct FCS. */
static const struct {
	uint8_t fctr;
	uint8_t len;
} refused[] = {
	{ 0x43, 13 }, /* reset in a data frame */
	{ 0x63, 13 }, /* SEQCTR 11 */
	{ 0x13, 13 }, /* RFU bit */
	{ 0x03, 0 },  /* data frame without data */
	{ 0xE0, 0 },  /* control frame, SEQCTR 11 */
	{ 0x90, 0 },  /* control frame, RFU bit */
	{ 0x84, 0 },  /* control frame with a number */
	{ 0xC1, 0 },  /* re-sync with a number */
};

START_TEST(dlc5_undefined_frames_get_one_nak)
{
	uint8_t packet[16];

	(void)packet_of(packet, 100, 0);
	host_send(&h, refused[_i].fctr, packet, refused[_i].len);
	ck_assert_int_eq(host_take(&h), 0xA0);
	host_sleep_us(&h, 30000);
	ck_assert_int_eq(host_take(&h), -1);
	ck_assert_uint_eq(host_commands(&h), 0);
}
END_TEST

START_TEST(dlc5_ft1_every_flipped_bit_is_refused)
{
	static const uint8_t good[] = { 0x03, 0x00, 0x05, 0x00, 0x70, 0x00, 0x00, 0x00, 0x00,
		0x00 };
	uint8_t f[sizeof(good)];
	uint16_t crc = sim_crc(good, 8);

	memcpy(f, good, sizeof(f));
	f[8] = (uint8_t)(crc >> 8);
	f[9] = (uint8_t)crc;
	f[_i / 8] ^= (uint8_t)(1 << _i % 8);
	host_send_raw(&h, f, sizeof(f));
	ck_assert_int_eq(host_take(&h), 0xA0);
	ck_assert_uint_eq(host_commands(&h), 0);
	f[_i / 8] ^= (uint8_t)(1 << _i % 8);
	host_send_raw(&h, f, sizeof(f));
	ck_assert_int_eq(host_take(&h), 0x80);
	ck_assert_uint_eq(host_commands(&h), 1);
}
END_TEST

START_TEST(dlc5_ft11_ft16_wrong_sizes_get_a_nak)
{
	uint8_t f[600] = { 0x03, 0x01, 0x10 };
	static const size_t sizes[] = { 1, 2, 3, 4, 5, 276, 278, 279, 600 };

	host_send_raw(&h, f, sizes[_i]);
	ck_assert_int_eq(host_take(&h), 0xA0);
	ck_assert_uint_eq(host_commands(&h), 0);
}
END_TEST

START_TEST(ft16_a_whole_frame_above_data_reg_len_gets_a_nak)
{
	uint8_t packet[300] = { 0 };

	host_send(&h, 0x03, packet, 273);
	ck_assert_int_eq(host_take(&h), 0xA0);
}
END_TEST

START_TEST(ft21_zeros_from_a_stuck_bus_get_a_nak)
{
	host_send_raw(&h, (const uint8_t[]){ 0, 0, 0, 0, 0 }, 5);
	ck_assert_int_eq(host_take(&h), 0xA0);
}
END_TEST

START_TEST(dlc6_a_control_frame_of_wrong_size_is_ignored)
{
	host_send(&h, 0x83, "\x01\x02", 2);
	ck_assert_int_eq(host_take(&h), -1);
	host_control(&h, 0x83); /* and control frames are not acknowledged */
	ck_assert_int_eq(host_take(&h), -1);
	host_sleep_us(&h, 30000);
	ck_assert_int_eq(host_take(&h), -1);
}
END_TEST

/* --- sending ------------------------------------------------------------------------------- */

START_TEST(dlc7_ft7_a_response_is_offered_three_times_more_and_then_given_up)
{
	uint8_t first[FRAME_MAX];
	uint64_t start;

	send_command(0, 3, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	memcpy(first, h.frame, h.frame_len);
	for (int i = 0; i < 3; i++) {
		start = sim_now(h.s);
		ck_assert_int_eq(host_wait(&h, 15), 0x00);
		ck_assert_uint_ge(sim_now(h.s) - start, MS(10));
		ck_assert_uint_le(sim_now(h.s) - start, MS(11));
		ck_assert_mem_eq(first, h.frame, h.frame_len);
	}
	ck_assert_int_eq(host_wait(&h, 15), 0xC0);
	host_sleep_us(&h, 50000);
	ck_assert_int_eq(host_take(&h), -1);
	send_command(0, 3, 100); /* both count from the start */
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	ck_assert_uint_eq(executed(), 2);
}
END_TEST

START_TEST(dlc7_an_acknowledged_response_is_not_offered_again)
{
	send_command(0, 3, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	host_control(&h, 0x80);
	host_sleep_us(&h, 50000);
	ck_assert_int_eq(host_take(&h), -1);
}
END_TEST

START_TEST(dlc8_ft2_a_nak_brings_the_same_frame_at_once)
{
	uint8_t first[FRAME_MAX];

	send_command(0, 3, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	memcpy(first, h.frame, h.frame_len);
	for (int i = 0; i < 3; i++) {
		host_control(&h, 0xA0);
		ck_assert_int_eq(host_take(&h), 0x00);
		ck_assert_mem_eq(first, h.frame, h.frame_len);
	}
	host_control(&h, 0xA0);
	ck_assert_int_eq(host_take(&h), 0xC0);
	ck_assert_uint_eq(host_commands(&h), 1);
}
END_TEST

START_TEST(stale_answers_are_discarded)
{
	static const uint8_t stale[] = { 0x81, 0x82, 0x83, 0xA1, 0xA2, 0xA3 };

	send_command(0, 3, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	host_control(&h, stale[_i]);
	ck_assert_int_eq(host_take(&h), -1);
	ck_assert_int_eq(host_wait(&h, 15), 0x00); /* still outstanding */
}
END_TEST

START_TEST(dlc9_the_next_command_acknowledges_the_response)
{
	send_command(0, 3, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	send_command(1, 0, 20000);
	ck_assert_int_eq(host_take(&h), 0x81);
	host_sleep_us(&h, 15000);
	ck_assert_int_eq(host_take(&h), -1); /* the first response is done with */
	ck_assert_int_eq(host_wait(&h, 20), 0x05);
}
END_TEST

START_TEST(dlc9_ft8_a_lost_ack_and_a_next_command)
{
	send_command(0, 3, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	host_sleep_us(&h, 11000); /* the ACK was lost: the response is there again */
	ck_assert_uint_eq(host_state(&h) & 0x40000000, 0x40000000);
	send_command(1, 0, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x05);
	ck_assert_uint_eq(executed(), 2);
}
END_TEST

START_TEST(ft27_data_with_a_wrong_acknr_counts_as_data)
{
	send_command(0, 0, 100); /* nothing to acknowledge yet: 3 would be right */
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	ck_assert_uint_eq(executed(), 1);
}
END_TEST

START_TEST(a_response_the_host_never_saw_gives_its_number_back)
{
	send_command(0, 3, 100);
	host_sleep_us(&h, 1000);
	send_command(1, 3, 100); /* response 0 was not read */
	ck_assert_int_eq(host_wait(&h, 5), 0x01);
	ck_assert_uint_eq(executed(), 2);
}
END_TEST

START_TEST(dlc10_a_resync_keeps_what_executes)
{
	send_command(0, 3, 20000);
	ck_assert_int_eq(host_take(&h), 0x80);
	host_control(&h, 0xC0);
	ck_assert_uint_eq(host_state(&h), 0x88800000);
	ck_assert_int_eq(host_wait(&h, 30), 0x03);
	ck_assert_uint_eq(executed(), 1);
}
END_TEST

START_TEST(dlc10_a_resync_drops_what_waits)
{
	send_command(0, 3, 100);
	host_sleep_us(&h, 1000);
	host_control(&h, 0xC0);
	host_sleep_us(&h, 50000);
	ck_assert_int_eq(host_take(&h), -1);
}
END_TEST

START_TEST(a_second_command_while_one_executes_is_as_if_lost)
{
	send_command(0, 3, 20000);
	ck_assert_int_eq(host_take(&h), 0x80);
	send_command(1, 3, 100);
	ck_assert_int_eq(host_take(&h), -1);
	ck_assert_int_eq(host_wait(&h, 30), 0x00);
	host_control(&h, 0x80);
	send_command(1, 0, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x05);
	ck_assert_uint_eq(host_commands(&h), 2);
}
END_TEST

START_TEST(ft4_a_damaged_ack_of_the_host)
{
	send_command(0, 3, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	host_send_raw(&h, (const uint8_t[]){ 0x80, 0x00, 0x00, 0x0C, 0xED }, 5);
	ck_assert_int_eq(host_take(&h), 0xA1);
	ck_assert_int_eq(host_wait(&h, 15), 0x00);
	host_control(&h, 0x80);
	host_sleep_us(&h, 50000);
	ck_assert_int_eq(host_take(&h), -1);
}
END_TEST

START_TEST(ft6_a_lost_ack_of_the_chip)
{
	send_command(0, 3, 30000);
	ck_assert_int_eq(host_take(&h), 0x80); /* lost on the way */
	host_sleep_us(&h, 10000);
	send_command(0, 3, 30000);
	ck_assert_int_eq(host_take(&h), 0x80);
	ck_assert_int_eq(host_wait(&h, 40), 0x00);
	ck_assert_uint_eq(executed(), 1);
}
END_TEST

START_TEST(ft20_after_a_data_byte_nack_the_partial_write_is_ignored)
{
	const struct sim_fault f = { SIM_FAULT_DATA_NACK, SIM_AT_DATA_IN, 0, 1, 0 };
	uint8_t frame[32] = { 0x80, 0x03, 0x00, 13 };
	uint16_t crc;

	ck_assert_uint_eq(packet_of(frame + 4, 100, 0), 13);
	crc = sim_crc(frame + 1, 16);
	frame[17] = (uint8_t)(crc >> 8);
	frame[18] = (uint8_t)crc;
	ck_assert_int_eq(sim_fault_add(h.s, &f), 0);
	ck_assert_int_eq(host_write(&h, frame, 19), HAL_EIO);
	ck_assert_int_eq(host_take(&h), -1);
	ck_assert_int_eq(host_write(&h, frame, 19), 0);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	ck_assert_uint_eq(executed(), 1);
}
END_TEST

START_TEST(ft23_after_a_reset_a_number_other_than_0_gets_ack_3)
{
	send_command(0, 3, 100);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	host_control(&h, 0x80);
	ck_assert_int_eq(host_reg_write(&h, 0x88, (const uint8_t[]){ 0, 0 }, 2), 0);
	host_sleep_us(&h, 20000);
	send_command(1, 0, 100);
	ck_assert_int_eq(host_take(&h), 0x83);
}
END_TEST

int
main(void)
{
	const struct sim_test tests[] = {
		{ checksum_vectors, NITEMS(crcs) },
		{ checksum_of_all_bytes, 1 },
		{ datasheet_exchange, 1 },
		{ dlc1_counting_starts_at_3_after_a_resync, 1 },
		{ dlc2_numbers_run_modulo_4, 1 },
		{ dlc2_acknowledges_within_10_ms_one_way_or_the_other, NITEMS(acks) },
		{ dlc4_ft9_a_duplicate_is_acknowledged_and_not_executed, 1 },
		{ dlc4_an_unexpected_number_is_answered_by_the_last_one, 1 },
		{ dlc5_undefined_frames_get_one_nak, NITEMS(refused) },
		{ dlc5_ft1_every_flipped_bit_is_refused, 80 },
		{ dlc5_ft11_ft16_wrong_sizes_get_a_nak, 9 },
		{ ft16_a_whole_frame_above_data_reg_len_gets_a_nak, 1 },
		{ ft21_zeros_from_a_stuck_bus_get_a_nak, 1 },
		{ dlc6_a_control_frame_of_wrong_size_is_ignored, 1 },
		{ dlc7_ft7_a_response_is_offered_three_times_more_and_then_given_up, 1 },
		{ dlc7_an_acknowledged_response_is_not_offered_again, 1 },
		{ dlc8_ft2_a_nak_brings_the_same_frame_at_once, 1 },
		{ stale_answers_are_discarded, 6 },
		{ dlc9_the_next_command_acknowledges_the_response, 1 },
		{ dlc9_ft8_a_lost_ack_and_a_next_command, 1 },
		{ ft27_data_with_a_wrong_acknr_counts_as_data, 1 },
		{ a_response_the_host_never_saw_gives_its_number_back, 1 },
		{ dlc10_a_resync_keeps_what_executes, 1 },
		{ dlc10_a_resync_drops_what_waits, 1 },
		{ a_second_command_while_one_executes_is_as_if_lost, 1 },
		{ ft4_a_damaged_ack_of_the_host, 1 },
		{ ft6_a_lost_ack_of_the_chip, 1 },
		{ ft20_after_a_data_byte_nack_the_partial_write_is_ignored, 1 },
		{ ft23_after_a_reset_a_number_other_than_0_gets_ack_3, 1 },
	};

	return sim_tests_run("sim_frame", "frames", setup, teardown, tests, NITEMS(tests));
}
