/* Registers of the simulated chip: checklist PL-C of the protocol reference. */
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

static void
send_command(unsigned exec_us, unsigned rsp_len)
{
	uint8_t packet[16] = { 0 };

	host_send(&h, 0x03, packet, 1 + host_command(packet + 1, exec_us, rsp_len, 12));
}

static struct sim_view
view(void)
{
	struct sim_view v;

	ck_assert_int_eq(sim_look(h.s, &v), 0);
	return v;
}

static const struct {
	uint8_t reg;
	size_t len;
	uint8_t value[5];
} reset_values[] = {
	{ 0x81, 3, { 0x01, 0x15, 0xFF } },
	{ 0x82, 5, { 0x08, 0x80, 0x00, 0x00, 0xFF } },
	{ 0x83, 2, { 0xFF, 0xFF } },
	{ 0x84, 5, { 0x00, 0x00, 0x01, 0x90, 0xFF } },
	{ 0x85, 5, { 0x00, 0x00, 0x00, 0x32, 0xFF } },
	{ 0x86, 5, { 0x00, 0x00, 0x00, 0x0A, 0xFF } },
	{ 0x87, 4, { 0xFF, 0xFF, 0xFF, 0xFF } },
	{ 0x88, 2, { 0xFF, 0xFF } },
	{ 0x89, 3, { 0x00, 0x03, 0xFF } },
	{ 0x90, 5, { 0x00, 0x00, 0x00, 0x00, 0xFF } },
	{ 0x91, 4, { 0xFF, 0xFF, 0xFF, 0xFF } },
	{ 0x9F, 4, { 0xFF, 0xFF, 0xFF, 0xFF } },
	{ 0xA0, 4, { 0xFF, 0xFF, 0xFF, 0xFF } },
	{ 0x00, 4, { 0xFF, 0xFF, 0xFF, 0xFF } },
	{ 0x80, 4, { 0xFF, 0xFF, 0xFF, 0xFF } },
};

START_TEST(plc2_registers_read_their_reset_value_then_ff)
{
	uint8_t v[5];
	const size_t n = reset_values[_i].len;

	ck_assert_int_eq(host_reg_read(&h, reset_values[_i].reg, v, n), 0);
	ck_assert_mem_eq(v, reset_values[_i].value, n);
}
END_TEST

START_TEST(plc1_start_up_refuses_the_address_for_15_ms)
{
	uint8_t v[4];

	ck_assert_int_eq(host_reg_write(&h, 0x88, (const uint8_t[]){ 0, 0 }, 2), 0);
	host_sleep_us(&h, 14800);
	ck_assert_int_eq(sim_write(h.s, ADDR, (const uint8_t[]){ 0x82 }, 1), HAL_ENACK);
	host_sleep_us(&h, 200);
	ck_assert_int_eq(host_reg_read(&h, 0x82, v, 4), 0);
}
END_TEST

START_TEST(plc1_start_up_takes_20_ms_when_memory_was_being_written)
{
	send_command(100000, 0);
	ck_assert_int_eq(host_reg_write(&h, 0x88, (const uint8_t[]){ 0, 0 }, 2), 0);
	host_sleep_us(&h, 19800);
	ck_assert_int_eq(sim_write(h.s, ADDR, (const uint8_t[]){ 0x82 }, 1), HAL_ENACK);
	host_sleep_us(&h, 200);
	ck_assert_uint_eq(host_state(&h), 0x08800000);
}
END_TEST

START_TEST(plc1_another_address_is_not_ours)
{
	uint8_t v[4];

	ck_assert_int_eq(sim_write(h.s, 0x31, (const uint8_t[]){ 0x82 }, 1), HAL_ENACK);
	ck_assert_int_eq(sim_read(h.s, 0x31, v, 4), HAL_ENACK);
	ck_assert_uint_eq(view().counts.addr_nacks, 2);
}
END_TEST

START_TEST(plc1_a_chip_that_refuses_while_busy_does_so_for_100_ms_at_most)
{
	uint64_t start;

	ck_assert_int_eq(sim_set_nack_busy(h.s, true), 0);
	send_command(500000, 0);
	start = sim_now(h.s);
	while (sim_write(h.s, ADDR, (const uint8_t[]){ 0x82 }, 1) == HAL_ENACK)
		host_sleep_us(&h, 500);
	ck_assert_uint_ge(sim_now(h.s) - start, MS(99));
	ck_assert_uint_le(sim_now(h.s) - start, MS(101));
}
END_TEST

static const struct {
	unsigned written, reads;
} data_reg_len[] = {
	{ 277, 277 }, { 278, 277 }, { 0xFFFF, 277 }, { 276, 276 }, { 64, 64 }, { 16, 16 },
	{ 15, 100 }, { 0, 100 }, /* ignored: still what it was */
};

START_TEST(plc3_data_reg_len_grants_16_to_277)
{
	const unsigned w = data_reg_len[_i].written;
	uint8_t v[2] = { 0, 100 };

	ck_assert_int_eq(host_reg_write(&h, 0x81, v, 2), 0);
	v[0] = (uint8_t)(w >> 8);
	v[1] = (uint8_t)w;
	ck_assert_int_eq(host_reg_write(&h, 0x81, v, 2), 0);
	ck_assert_int_eq(host_reg_read(&h, 0x81, v, 2), 0);
	ck_assert_uint_eq((unsigned)v[0] << 8 | v[1], data_reg_len[_i].reads);
}
END_TEST

START_TEST(plc3_a_smaller_register_is_effective_at_once)
{
	static const uint8_t packet[20] = { 0 };

	ck_assert_int_eq(host_reg_write(&h, 0x81, (const uint8_t[]){ 0, 16 }, 2), 0);
	host_send(&h, 0x03, packet, 12); /* 17 bytes */
	ck_assert_int_eq(host_take(&h), 0xA0);
	host_send(&h, 0x03, packet, 11); /* 16 bytes */
	ck_assert_int_eq(host_take(&h), 0x80);
}
END_TEST

START_TEST(plc4_state_tells_busy_and_ready_apart)
{
	send_command(3000, 6);
	ck_assert_uint_eq(host_state(&h), 0xC8800005);
	ck_assert_int_eq(host_take(&h), 0x80);
	ck_assert_uint_eq(host_state(&h), 0x88800000);
	host_sleep_us(&h, 3000);
	ck_assert_uint_eq(host_state(&h), 0x48800010);
	ck_assert_int_eq(host_take(&h), 0x00);
	ck_assert_uint_eq(host_state(&h), 0x08800000);
}
END_TEST

START_TEST(plc5_an_announced_ack_is_not_replaced_by_the_response)
{
	send_command(3000, 6);
	ck_assert_uint_eq(host_state(&h), 0xC8800005);
	host_sleep_us(&h, 5000);
	ck_assert_uint_eq(host_state(&h), 0x48800005); /* response is built, the ACK still waits */
	ck_assert_int_eq(host_take(&h), 0x80);
	ck_assert_int_eq(host_take(&h), 0x00);
}
END_TEST

START_TEST(plc5_an_ack_nobody_saw_gives_way_to_the_response)
{
	send_command(3000, 6);
	host_sleep_us(&h, 5000);
	ck_assert_uint_eq(host_state(&h), 0x48800010);
}
END_TEST

START_TEST(plc6_busy_from_the_last_fragment_on)
{
	uint8_t packet[272], cmd[400];

	host_command(cmd, 2000, 0, 300);
	packet[0] = 1;
	memcpy(packet + 1, cmd, 271);
	host_send(&h, 0x03, packet, 272);
	ck_assert_uint_eq(host_state(&h), 0x48800005); /* ACK at once, nothing executes */
	ck_assert_int_eq(host_take(&h), 0x80);
	packet[0] = 4;
	memcpy(packet + 1, cmd + 271, 29);
	host_send(&h, 0x07, packet, 30);
	ck_assert_uint_eq(host_state(&h), 0xC8800005);
}
END_TEST

START_TEST(plc7_soft_reset_starts_everything_again)
{
	uint8_t v[2];

	send_command(50000, 0);
	ck_assert_int_eq(host_reg_write(&h, 0x81, (const uint8_t[]){ 0, 32 }, 2), 0);
	ck_assert_int_eq(host_reg_write(&h, 0x88, (const uint8_t[]){ 0, 0 }, 2), 0);
	host_sleep_us(&h, 20000);
	ck_assert_uint_eq(host_state(&h), 0x08800000);
	ck_assert_int_eq(host_reg_read(&h, 0x81, v, 2), 0);
	ck_assert_uint_eq(v[1], 0x15);
	host_sleep_us(&h, 60000);
	ck_assert_uint_eq(host_state(&h), 0x08800000); /* the command is gone */
	send_command(100, 0);                          /* frame 0 is the next one again */
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	ck_assert_uint_eq(view().counts.resets, 1);
}
END_TEST

static const struct {
	uint8_t written[2], mode;
	unsigned khz;
} modes[] = {
	{ { 0x00, 0x01 }, 1, 100 },
	{ { 0x00, 0x02 }, 2, 400 },
	{ { 0x00, 0x03 }, 3, 400 },
	{ { 0x00, 0x04 }, 4, 1000 },
	{ { 0x80, 0x04 }, 4, 1000 },
	{ { 0x00, 0x00 }, 3, 400 },
	{ { 0x00, 0x05 }, 3, 400 },
	{ { 0x00, 0x07 }, 3, 400 },
};

START_TEST(plc8_max_frequency_follows_the_mode)
{
	uint8_t v[4];

	ck_assert_int_eq(host_reg_write(&h, 0x89, modes[_i].written, 2), 0);
	ck_assert_int_eq(host_reg_read(&h, 0x89, v, 2), 0);
	ck_assert_uint_eq(v[0], 0); /* DEF_MODE reads 0 */
	ck_assert_uint_eq(v[1], modes[_i].mode);
	ck_assert_int_eq(host_reg_read(&h, 0x84, v, 4), 0);
	ck_assert_uint_eq((unsigned)v[2] << 8 | v[3], modes[_i].khz);
}
END_TEST

static void
reset_line(void)
{
	sim_line(h.s, SIM_LINE_RESET, false);
	ck_assert_int_eq(sim_write(h.s, ADDR, (const uint8_t[]){ 0x82 }, 1), HAL_ENACK);
	host_sleep_us(&h, 100);
	sim_line(h.s, SIM_LINE_RESET, true);
	host_sleep_us(&h, 20000);
}

START_TEST(plc9_address_and_mode_survive_a_reset_only_if_persistent)
{
	const uint8_t persistent = _i == 0 ? 0x00 : 0x80;
	uint8_t v[2];

	ck_assert_int_eq(host_reg_write(&h, 0x89, (const uint8_t[]){ persistent, 4 }, 2), 0);
	ck_assert_int_eq(host_reg_write(&h, 0x83, (const uint8_t[]){ persistent, 0x42 }, 2), 0);
	ck_assert_int_eq(sim_write(h.s, ADDR, (const uint8_t[]){ 0x89 }, 1), HAL_ENACK);
	ck_assert_int_eq(sim_write(h.s, 0x42, (const uint8_t[]){ 0x89 }, 1), 0);
	reset_line();
	ck_assert_int_eq(sim_write(h.s, persistent ? 0x42 : ADDR, (const uint8_t[]){ 0x89 }, 1), 0);
	ck_assert_int_eq(sim_read(h.s, persistent ? 0x42 : ADDR, v, 2), 0);
	ck_assert_uint_eq(v[1], persistent ? 4 : 3);
}
END_TEST

START_TEST(plc10_guard_time_violations_are_counted)
{
	ck_assert_uint_eq(host_state(&h), 0x08800000);
	ck_assert_uint_eq(view().counts.guard_violations, 0);
	host_sleep_us(&h, 49);
	ck_assert_int_eq(sim_write(h.s, ADDR, (const uint8_t[]){ 0x82 }, 1), 0);
	ck_assert_uint_eq(view().counts.guard_violations, 1);
	host_sleep_us(&h, 50);
	ck_assert_int_eq(sim_write(h.s, ADDR, (const uint8_t[]){ 0x82 }, 1), 0);
	ck_assert_uint_eq(view().counts.guard_violations, 1);
}
END_TEST

START_TEST(read_only_and_unknown_registers_ignore_writes)
{
	static const uint8_t regs[] = { 0x82, 0x84, 0x85, 0x86, 0x87, 0x90, 0xA0, 0x00, 0xFF };
	uint8_t before[4], after[4];

	for (size_t i = 0; i < sizeof(regs); i++) {
		ck_assert_int_eq(host_reg_read(&h, regs[i], before, 4), 0);
		ck_assert_int_eq(
		    host_reg_write(&h, regs[i], (const uint8_t[]){ 0, 0, 0, 1 }, 4), 0);
		ck_assert_int_eq(host_reg_read(&h, regs[i], after, 4), 0);
		ck_assert_mem_eq(before, after, 4);
	}
}
END_TEST

START_TEST(half_a_value_changes_nothing)
{
	uint8_t v[2];

	ck_assert_int_eq(host_reg_write(&h, 0x81, (const uint8_t[]){ 0 }, 1), 0);
	ck_assert_int_eq(host_reg_read(&h, 0x81, v, 2), 0);
	ck_assert_uint_eq(v[0], 1);
	ck_assert_uint_eq(v[1], 0x15);
}
END_TEST

START_TEST(a_short_read_consumes_the_frame_and_a_long_one_ends_in_ff)
{
	uint8_t v[20];

	send_command(100, 6);
	host_sleep_us(&h, 1000);
	ck_assert_uint_eq(host_state(&h), 0x48800010);
	ck_assert_int_eq(host_reg_read(&h, 0x80, v, 3), 0);
	ck_assert_uint_eq(host_state(&h), 0x08800000);
	host_sleep_us(&h, 10000); /* offered again */
	ck_assert_int_eq(host_reg_read(&h, 0x80, v, 20), 0);
	ck_assert_uint_eq(v[2], 11);
	ck_assert_uint_eq(v[16], 0xFF);
	ck_assert_uint_eq(v[19], 0xFF);
}
END_TEST

START_TEST(supply_off_loses_what_is_volatile)
{
	send_command(50000, 0);
	sim_line(h.s, SIM_LINE_SUPPLY, false);
	sim_line(h.s, SIM_LINE_RESET, false);
	host_sleep_us(&h, 2000);
	sim_line(h.s, SIM_LINE_RESET, true);
	ck_assert_int_eq(sim_write(h.s, ADDR, (const uint8_t[]){ 0x82 }, 1), HAL_ENACK);
	sim_line(h.s, SIM_LINE_SUPPLY, true);
	sim_line(h.s, SIM_LINE_SUPPLY, true); /* it is high already: no second start */
	host_sleep_us(&h, 20000);
	ck_assert_uint_eq(host_state(&h), 0x08800000);
	ck_assert_uint_eq(view().counts.resets, 1);
}
END_TEST

/* Trust X is faster. */
START_TEST(start_up_takes_the_models_time)
{
	const unsigned ms = _i == 0 ? 10 : 15;
	struct host x;

	host_start_model(&x, _i == 0 ? "trust-x" : "trust-m-v3");
	sim_line(x.s, SIM_LINE_RESET, false);
	host_sleep_us(&x, 100);
	sim_line(x.s, SIM_LINE_RESET, true);
	host_sleep_us(&x, 1000 * ms - 150);
	ck_assert_int_eq(sim_write(x.s, ADDR, (const uint8_t[]){ 0x82 }, 1), HAL_ENACK);
	host_sleep_us(&x, 150);
	ck_assert_int_eq(sim_write(x.s, ADDR, (const uint8_t[]){ 0x82 }, 1), 0);
	host_end(&x);
}
END_TEST

START_TEST(transfers_take_their_time)
{
	uint64_t t = sim_now(h.s);
	uint8_t v[4];

	ck_assert_int_eq(sim_write(h.s, ADDR, (const uint8_t[]){ 0x82 }, 1), 0);
	ck_assert_uint_eq(sim_now(h.s) - t, 50000);
	t = sim_now(h.s);
	ck_assert_int_eq(sim_read(h.s, ADDR, v, 4), 0);
	ck_assert_uint_eq(sim_now(h.s) - t, 117500);
	t = sim_now(h.s);
	ck_assert_int_eq(sim_read(h.s, 0x11, v, 4), HAL_ENACK);
	ck_assert_uint_eq(sim_now(h.s) - t, 27500);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sim_reg");
	TCase *tc = tcase_create("registers");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
	    tc, plc2_registers_read_their_reset_value_then_ff, 0, NITEMS(reset_values));
	tcase_add_test(tc, plc1_start_up_refuses_the_address_for_15_ms);
	tcase_add_test(tc, plc1_start_up_takes_20_ms_when_memory_was_being_written);
	tcase_add_test(tc, plc1_another_address_is_not_ours);
	tcase_add_test(tc, plc1_a_chip_that_refuses_while_busy_does_so_for_100_ms_at_most);
	tcase_add_loop_test(tc, plc3_data_reg_len_grants_16_to_277, 0, NITEMS(data_reg_len));
	tcase_add_test(tc, plc3_a_smaller_register_is_effective_at_once);
	tcase_add_test(tc, plc4_state_tells_busy_and_ready_apart);
	tcase_add_test(tc, plc5_an_announced_ack_is_not_replaced_by_the_response);
	tcase_add_test(tc, plc5_an_ack_nobody_saw_gives_way_to_the_response);
	tcase_add_test(tc, plc6_busy_from_the_last_fragment_on);
	tcase_add_test(tc, plc7_soft_reset_starts_everything_again);
	tcase_add_loop_test(tc, plc8_max_frequency_follows_the_mode, 0, NITEMS(modes));
	tcase_add_loop_test(tc, plc9_address_and_mode_survive_a_reset_only_if_persistent, 0, 2);
	tcase_add_test(tc, plc10_guard_time_violations_are_counted);
	tcase_add_test(tc, read_only_and_unknown_registers_ignore_writes);
	tcase_add_test(tc, half_a_value_changes_nothing);
	tcase_add_test(tc, a_short_read_consumes_the_frame_and_a_long_one_ends_in_ff);
	tcase_add_test(tc, supply_off_loses_what_is_volatile);
	tcase_add_loop_test(tc, start_up_takes_the_models_time, 0, 2);
	tcase_add_test(tc, transfers_take_their_time);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
