/* hal/link/reg.c on a scripted chip: register access, negotiation, reset, waiting. */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/link/int.h"
#include "tests/unit/fakechip.h"

static struct fake *fake;
static struct link *ln;

static void
up(const char *const *script)
{
	fake = fake_new(script);
	ck_assert_int_eq(link_new(fake->bus, &ln), 0);
}

static void
down(void)
{
	ck_assert_msg(fake_verdict(fake) == NULL, "%s", fake_verdict(fake));
	link_free(&ln);
	fake_free(fake);
}

static const char *const resync[] = { "> C0", NULL };
static const char *const nothing[] = { NULL };

START_TEST(start_negotiates_and_leaves_fresh_counters)
{
	up(resync);
	fake->has_reset_line = true;
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_uint_eq(fake->resets, 1);
	ck_assert_uint_eq(fake->bus->khz, 400);
	ck_assert_uint_eq(ln->frame_size, 277);
	ck_assert_uint_eq(ln->tx_nr, 3);
	ck_assert_uint_eq(ln->rx_nr, 3);
	down();
}
END_TEST

START_TEST(PL_H2_read_selects_its_register_each_time)
{
	uint8_t b[4];

	up(nothing);
	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(reg_read(ln, REG_MAX_SCL_FREQU, b, sizeof(b)), 0);
	ck_assert_uint_eq(fake->nreads[0x84], 3);
	down(); /* the chip forgets its register after each read */
}
END_TEST

START_TEST(PL_H3_guard_time_holds_across_every_kind_of_access)
{
	up(resync);
	ck_assert_int_eq(link_join(ln, false), 0);
	down(); /* the chip checks it */
}
END_TEST

START_TEST(PL_H4_FT_18_refusals_below_100_ms_do_not_show)
{
	uint8_t b[4];

	up(nothing);
	fake->nack_until = fake->now + BUS_MS(100);
	ck_assert_int_eq(reg_read(ln, REG_MAX_SCL_FREQU, b, sizeof(b)), 0);
	ck_assert_uint_eq(b[2] << 8 | b[3], 400);
	/* Growing pauses: not one attempt per millisecond. */
	ck_assert_uint_lt(fake->nacks, 130);
	down();
}
END_TEST

START_TEST(PL_H4_FT_19_a_chip_that_never_acknowledges_is_not_there)
{
	uint64_t began;
	uint8_t b[4];

	up(nothing);
	began = fake->now;
	fake->nack_until = UINT64_MAX;
	ck_assert_int_eq(reg_read(ln, REG_MAX_SCL_FREQU, b, sizeof(b)), HAL_ENODEV);
	ck_assert_uint_ge(fake->now - began, BUS_MS(100));
	ck_assert_uint_le(fake->now - began, BUS_MS(250));
	fake->nack_until = 0;
	ck_assert_int_eq(reg_read(ln, REG_MAX_SCL_FREQU, b, sizeof(b)), 0);
	down();
}
END_TEST

START_TEST(FT_20_a_refused_data_byte_repeats_the_transaction)
{
	uint8_t b[4];

	up(nothing);
	fake->data_nacks = 3;
	ck_assert_int_eq(reg_read(ln, REG_MAX_SCL_FREQU, b, sizeof(b)), 0);
	fake->data_nacks = 4;
	ck_assert_int_eq(reg_read(ln, REG_MAX_SCL_FREQU, b, sizeof(b)), HAL_EIO);
	ck_assert_uint_eq(fake->data_nacks, 0);
	down();
}
END_TEST

START_TEST(a_device_that_went_away_is_not_asked_again)
{
	uint8_t b[4];

	up(nothing);
	fake->dead = HAL_ENODEV;
	ck_assert_int_eq(reg_read(ln, REG_MAX_SCL_FREQU, b, sizeof(b)), HAL_ENODEV);
	ck_assert_int_eq(link_start(ln), HAL_ENODEV);
	ck_assert_int_eq(link_join(ln, true), HAL_ENODEV);
	down();
}
END_TEST

START_TEST(PL_H7_register_that_has_the_wanted_length_is_not_written)
{
	up(resync);
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_uint_eq(fake->nwrites[0x81], 0);
	ck_assert_uint_eq(fake->nreads[0x81], 1);
	down();
}
END_TEST

START_TEST(PL_H7_FT_15_less_granted_is_used)
{
	up(resync);
	fake->reg_len = 100;
	fake->grant_max = 200;
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_uint_eq(fake->nwrites[0x81], 1);
	ck_assert_uint_eq(ln->frame_size, 200);
	down();
}
END_TEST

START_TEST(FT_15_more_granted_than_asked_is_not_used)
{
	up(resync);
	fake->reg_len = 300;
	fake->grant_max = 300;
	fake->bus->frame_max = 64;
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_uint_eq(ln->frame_size, 64);
	down();
}
END_TEST

START_TEST(FT_15_a_length_below_16_is_refused)
{
	up(nothing);
	fake->reg_len = fake->grant_max = 15;
	ck_assert_int_eq(link_start(ln), HAL_EPROTO);
	down();
}
END_TEST

START_TEST(join_adopts_what_others_agreed_on)
{
	up(resync);
	fake->reg_len = 64;
	ck_assert_int_eq(link_join(ln, false), 0);
	ck_assert_uint_eq(fake->nwrites[0x81], 0);
	ck_assert_uint_eq(ln->frame_size, 64);
	ck_assert_uint_eq(fake->resets, 0);
	down();
}
END_TEST

START_TEST(join_lowers_a_length_that_this_host_cannot_take)
{
	up(resync);
	fake->bus->frame_max = 59;
	ck_assert_int_eq(link_join(ln, false), 0);
	ck_assert_uint_eq(ln->frame_size, 59);
	ck_assert_uint_eq(fake->reg_len, 59);
	down();
}
END_TEST

START_TEST(second_join_asks_for_the_clock_no_more)
{
	static const char *const twice[] = { "> C0", "> C0", NULL };
	struct link_stats a, b;

	up(twice);
	ck_assert_int_eq(link_join(ln, false), 0);
	link_stats(ln, &a);
	ck_assert_int_eq(link_join(ln, false), 0);
	link_stats(ln, &b);
	ck_assert_uint_eq(b.transactions - a.transactions, 3);
	down();
}
END_TEST

START_TEST(join_drains_what_a_dead_process_left)
{
	static const char *const script[] = { "> C0", NULL };

	up(script);
	fake->busy_until = fake->now + BUS_MS(3000);
	fake->queue[0] = (struct fake_frame){ .bytes = { 0x00, 0x00, 0x05 },
		.len = 10,
		.announced = 10,
		.when = fake->now + BUS_MS(3000) };
	fake->nqueue = 1;
	ck_assert_int_eq(link_join(ln, true), 0);
	ck_assert_uint_ge(fake->now, BUS_MS(3000));
	ck_assert_uint_le(fake->now, BUS_MS(3000 + 3000 * 5 / 100 + 10));
	ck_assert_uint_eq(fake->nreads[0x80], 1);
	down();
}
END_TEST

START_TEST(join_waits_for_a_busy_chip_only_so_long)
{
	up(nothing);
	fake->stuck_busy = true;
	ck_assert_int_eq(link_join(ln, true), HAL_ETIMEOUT);
	ck_assert_uint_ge(fake->now, BUS_MS(180000));
	ck_assert_uint_le(fake->now, BUS_MS(181000));
	down();
}
END_TEST

static const struct {
	unsigned wanted;
	uint32_t before, after;
	unsigned mode_writes;
	uint8_t mode;
	unsigned khz;
} clocks[] = {
	{ 400, 400, 400, 0, 0, 400 },
	{ 100, 400, 400, 0, 0, 100 },
	{ 400, 250, 250, 0, 0, 250 },        /* current limitation */
	{ 1000, 400, 1000, 1, 4, 1000 },     /* Fm+ is switched on */
	{ 1000, 400, 400, 1, 4, 400 },       /* and not granted */
	{ 1000, 1000, 1000, 0, 0, 1000 },    /* somebody did it */
	{ 400, 1000, 1000, 1, 3, 400 },      /* back to Fm */
	{ 400, 0xFFFFFFFF, 400, 0, 0, 400 }, /* register not filled */
	{ 400, 0, 0, 0, 0, 400 },
};

START_TEST(PL_H11_clock_is_negotiated_without_wearing_the_chip)
{
	up(resync);
	fake->bus->khz_wanted = clocks[_i].wanted;
	fake->max_scl = clocks[_i].before;
	fake->max_scl_fmp = clocks[_i].after;
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_uint_eq(fake->nwrites[0x89], clocks[_i].mode_writes);
	ck_assert_uint_eq(fake->mode[0], 0); /* bit 15 would be persistent */
	ck_assert_uint_eq(fake->mode[1], clocks[_i].mode);
	ck_assert_uint_eq(fake->bus->khz, clocks[_i].khz);
	down();
}
END_TEST

START_TEST(joining_leaves_the_mode_others_set)
{
	up(resync);
	fake->max_scl = 1000;
	ck_assert_int_eq(link_join(ln, false), 0);
	ck_assert_uint_eq(fake->nwrites[0x89], 0);
	ck_assert_uint_eq(fake->bus->khz, 400);
	down();
}
END_TEST

START_TEST(at_fast_mode_plus_a_join_follows_a_chip_that_was_reset)
{
	static const char *const twice[] = { "> C0", "> C0", NULL };

	up(twice);
	fake->bus->khz_wanted = 1000;
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_uint_eq(fake->bus->khz, 1000);
	fake->max_scl = 400;
	ck_assert_int_eq(link_join(ln, false), 0);
	ck_assert_uint_eq(fake->nwrites[0x89], 2);
	ck_assert_uint_eq(fake->bus->khz, 1000);
	down();
}
END_TEST

START_TEST(PL_H8_timing_registers_need_not_be_filled)
{
	up(resync);
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_uint_eq(fake->nreads[0x85] + fake->nreads[0x86], 0);
	down();
}
END_TEST

START_TEST(PL_H9_nothing_is_sent_for_15_ms_after_a_reset)
{
	up(resync);
	fake->has_reset_line = true;
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_uint_eq(fake->nacks, 0);
	down();
}
END_TEST

START_TEST(PL_H9_a_start_of_20_ms_is_tolerated)
{
	up(resync);
	fake->capabilities = 0x08;
	fake->start_ms = 20;
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_uint_eq(fake->nwrites[0x88], 1);
	ck_assert_uint_gt(fake->nacks, 0);
	down();
}
END_TEST

START_TEST(PL_H10_soft_reset_only_where_announced)
{
	up(resync);
	fake->capabilities = 0x00;
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_uint_eq(fake->nwrites[0x88], 0);
	down();
}
END_TEST

/* What is written outside of frames: SOFT_RESET and I2C_MODE; all of their other bits are reserved.
 */
START_TEST(PL_H12_reserved_bits_are_written_as_0)
{
	up(resync);
	memset(fake->reset_value, 0xFF, sizeof(fake->reset_value));
	fake->bus->khz_wanted = 1000;
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_uint_eq(fake->nwrites[0x88], 1);
	ck_assert_uint_eq(fake->reset_value[0] | fake->reset_value[1], 0);
	ck_assert_uint_eq(fake->nwrites[0x89], 1);
	ck_assert_uint_eq(fake->mode[0], 0);
	ck_assert_uint_eq(fake->mode[1], 4);
	down();
}
END_TEST

START_TEST(PL_H12_undefined_bits_of_the_state_are_ignored)
{
	struct reg_state st;

	up(nothing);
	fake->capabilities = 0x37;
	ck_assert_int_eq(reg_state(ln, &st), 0);
	ck_assert(!st.busy && !st.ready && !st.soft_reset && st.len == 0);
	down();
}
END_TEST

START_TEST(FT_22_an_absent_chip_that_reads_all_ones_is_seen)
{
	up(nothing);
	fake->has_reset_line = true;
	fake->all_ff = true;
	ck_assert_int_eq(link_start(ln), HAL_ENODEV);
	ck_assert_int_eq(link_join(ln, false), HAL_ENODEV);
	down();
}
END_TEST

START_TEST(FT_21_a_bus_stuck_low_is_seen)
{
	up(nothing);
	fake->has_reset_line = true;
	fake->all_zero = true;
	ck_assert_int_eq(link_start(ln), HAL_EPROTO);
	down();
}
END_TEST

/* D8: the end of a wait is met within 4 % and a poll, whatever it is. */
START_TEST(polls_follow_the_time_waited)
{
	static const unsigned us[] = { 300, 1000, 6000, 12000, 65000, 160000, 5000000 };
	struct reg_wait w = { 0 };
	uint64_t end;
	size_t len;

	up(nothing);
	ck_assert_int_eq(bus_set_khz(fake->bus, 400), 0);
	ln->frame_size = 277;
	w.from = fake->now;
	w.deadline = fake->now + BUS_MS(10000);
	end = fake->now + BUS_US(us[_i]);
	fake->queue[0] = (struct fake_frame){ .len = 5, .announced = 5, .when = end };
	fake->nqueue = 1;
	ck_assert_int_eq(reg_await(ln, &w, &len), 0);
	ck_assert_uint_eq(len, 5);
	ck_assert_uint_le(fake->now - end, BUS_US(us[_i]) / 25 + BUS_US(700));
	ck_assert_uint_le(fake->worst_gap, BUS_US(us[_i]) / 20 + BUS_US(400));
	down();
}
END_TEST

START_TEST(one_sample_is_taken_after_the_deadline)
{
	struct reg_wait w = { 0 };
	size_t len;

	up(nothing);
	ln->frame_size = 277;
	w.from = fake->now;
	w.deadline = fake->now + BUS_MS(10);
	/* Refused until long after the deadline, and ready then. */
	fake->nack_until = fake->now + BUS_MS(60);
	fake->queue[0] = (struct fake_frame){ .len = 5, .announced = 5, .when = fake->now };
	fake->nqueue = 1;
	ck_assert_int_eq(reg_await(ln, &w, &len), 0);
	down();
}
END_TEST

START_TEST(a_wait_ends_although_the_chip_talks_for_ever)
{
	struct reg_wait w = { 0 };
	size_t len;
	int r;

	up(nothing);
	ln->frame_size = 277;
	w.from = fake->now;
	w.deadline = fake->now + BUS_MS(10);
	fake->queue[0] = (struct fake_frame){ .len = 5, .announced = 5, .when = 0 };
	fake->nqueue = 1;
	while ((r = reg_await(ln, &w, &len)) == 0)
		;
	ck_assert_int_eq(r, HAL_ETIMEOUT);
	ck_assert_uint_le(fake->now, w.deadline + BUS_MS(2));
	down();
}
END_TEST

START_TEST(PL_H6_impossible_lengths_are_no_frames)
{
	static const size_t lens[] = { 1, 4, 278, 65535 };
	struct reg_wait w = { 0 };
	size_t len;

	up(nothing);
	ln->frame_size = 277;
	w.from = fake->now;
	w.deadline = fake->now + BUS_MS(10);
	fake->queue[0] = (struct fake_frame){ .len = 5, .announced = lens[_i], .when = 0 };
	fake->nqueue = 1;
	ck_assert_int_eq(reg_await(ln, &w, &len), HAL_EPROTO);
	ck_assert_int_eq(reg_await(ln, &w, &len), HAL_ETIMEOUT);
	ck_assert_uint_eq(fake->nreads[0x80], 0);
	down();
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("link registers");
	TCase *t = tcase_create("registers");
	SRunner *sr;
	int failed;

	tcase_add_test(t, start_negotiates_and_leaves_fresh_counters);
	tcase_add_test(t, PL_H2_read_selects_its_register_each_time);
	tcase_add_test(t, PL_H3_guard_time_holds_across_every_kind_of_access);
	tcase_add_test(t, PL_H4_FT_18_refusals_below_100_ms_do_not_show);
	tcase_add_test(t, PL_H4_FT_19_a_chip_that_never_acknowledges_is_not_there);
	tcase_add_test(t, FT_20_a_refused_data_byte_repeats_the_transaction);
	tcase_add_test(t, a_device_that_went_away_is_not_asked_again);
	tcase_add_test(t, PL_H7_register_that_has_the_wanted_length_is_not_written);
	tcase_add_test(t, PL_H7_FT_15_less_granted_is_used);
	tcase_add_test(t, FT_15_more_granted_than_asked_is_not_used);
	tcase_add_test(t, FT_15_a_length_below_16_is_refused);
	tcase_add_test(t, join_adopts_what_others_agreed_on);
	tcase_add_test(t, join_lowers_a_length_that_this_host_cannot_take);
	tcase_add_test(t, second_join_asks_for_the_clock_no_more);
	tcase_add_test(t, join_drains_what_a_dead_process_left);
	tcase_add_test(t, join_waits_for_a_busy_chip_only_so_long);
	tcase_add_loop_test(
	    t, PL_H11_clock_is_negotiated_without_wearing_the_chip, 0, (int)NITEMS(clocks));
	tcase_add_test(t, joining_leaves_the_mode_others_set);
	tcase_add_test(t, at_fast_mode_plus_a_join_follows_a_chip_that_was_reset);
	tcase_add_test(t, PL_H8_timing_registers_need_not_be_filled);
	tcase_add_test(t, PL_H9_nothing_is_sent_for_15_ms_after_a_reset);
	tcase_add_test(t, PL_H9_a_start_of_20_ms_is_tolerated);
	tcase_add_test(t, PL_H10_soft_reset_only_where_announced);
	tcase_add_test(t, PL_H12_reserved_bits_are_written_as_0);
	tcase_add_test(t, PL_H12_undefined_bits_of_the_state_are_ignored);
	tcase_add_test(t, FT_22_an_absent_chip_that_reads_all_ones_is_seen);
	tcase_add_test(t, FT_21_a_bus_stuck_low_is_seen);
	tcase_add_loop_test(t, polls_follow_the_time_waited, 0, 7);
	tcase_add_test(t, one_sample_is_taken_after_the_deadline);
	tcase_add_test(t, a_wait_ends_although_the_chip_talks_for_ever);
	tcase_add_loop_test(t, PL_H6_impossible_lengths_are_no_frames, 0, 4);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
