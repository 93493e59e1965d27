/* Faults on request do what their names say, and random traffic does no harm to the chip. */
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
fault(enum sim_fault_kind kind, enum sim_fault_at at, unsigned skip, unsigned count, unsigned arg)
{
	const struct sim_fault f = { kind, at, skip, count, arg };

	ck_assert_int_eq(sim_fault_add(h.s, &f), 0);
}

START_TEST(a_flipped_bit_on_the_way_in_is_refused)
{
	fault(SIM_FAULT_FLIP, SIM_AT_DATA_IN, 0, 1, (unsigned)_i);
	host_send_command(&h, 0, 3, 100, 0);
	ck_assert_int_eq(host_take(&h), 0xA0);
	host_send_command(&h, 0, 3, 100, 0);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	ck_assert_uint_eq(host_commands(&h), 1);
	ck_assert_uint_eq(sim_fault_hits(h.s), 1);
}
END_TEST

START_TEST(a_damaged_frame_on_the_way_out)
{
	static const enum sim_fault_kind kinds[] = { SIM_FAULT_FLIP, SIM_FAULT_FCS };

	host_send_command(&h, 0, 3, 100, 0);
	host_sleep_us(&h, 1000);
	fault(kinds[_i], SIM_AT_DATA_OUT, 0, 1, 50);
	ck_assert_int_eq(host_take(&h), -1); /* wrong FCS */
	ck_assert_uint_eq(h.frame_len, 10);
	host_control(&h, 0xA0);
	ck_assert_int_eq(host_take(&h), 0x00);
}
END_TEST

START_TEST(skip_and_count_choose_the_transfers)
{
	fault(SIM_FAULT_NACK, SIM_AT_WRITE, 2, 3, 0);
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(
		    host_write(&h, (const uint8_t[]){ 0x82 }, 1), i >= 2 && i < 5 ? HAL_ENACK : 0);
	ck_assert_uint_eq(sim_fault_transfers(h.s), 8);
	ck_assert_uint_eq(sim_fault_hits(h.s), 3);
}
END_TEST

START_TEST(a_dead_bus_stays_dead_until_cleared)
{
	uint8_t v[4];

	fault(SIM_FAULT_BUS_DEAD, SIM_AT_ANY, 1, 0, 0);
	ck_assert_int_eq(host_write(&h, (const uint8_t[]){ 0x82 }, 1), 0);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(sim_read(h.s, ADDR, v, 4), HAL_EIO);
	sim_fault_clear(h.s);
	ck_assert_uint_eq(host_state(&h), 0x08800000);
}
END_TEST

START_TEST(a_lost_frame_never_arrives)
{
	fault(SIM_FAULT_LOSE, SIM_AT_DATA_IN, 0, 1, 0);
	host_send_command(&h, 0, 3, 100, 0);
	host_sleep_us(&h, 50000);
	ck_assert_int_eq(host_take(&h), -1);
	ck_assert_uint_eq(host_commands(&h), 0);
	host_send_command(&h, 0, 3, 100, 0);
	host_sleep_us(&h, 1000);
	fault(SIM_FAULT_LOSE, SIM_AT_DATA_OUT, 0, 1, 0);
	ck_assert_int_eq(host_reg_read(&h, 0x80, h.frame, 10), 0);
	ck_assert_uint_eq(h.frame[0], 0xFF);
	ck_assert_int_eq(host_wait(&h, 15), 0x00); /* the chip repeats it */
}
END_TEST

START_TEST(a_truncated_frame_is_refused)
{
	fault(SIM_FAULT_TRUNCATE, SIM_AT_DATA_IN, 0, 1, (unsigned)_i);
	host_send_command(&h, 0, 3, 100, 0);
	/* nothing of it: the register was only selected */
	ck_assert_int_eq(host_take(&h), _i == 0 ? -1 : 0xA0);
	ck_assert_uint_eq(host_commands(&h), 0);
}
END_TEST

START_TEST(a_duplicated_frame_is_executed_once)
{
	fault(SIM_FAULT_DUPLICATE, SIM_AT_DATA_IN, 0, 1, 0);
	host_send_command(&h, 0, 3, 100, 0);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	ck_assert_uint_eq(host_commands(&h), 1);
	host_control(&h, 0x80);
	host_send_command(&h, 1, 0, 100, 0);
	host_sleep_us(&h, 1000);
	fault(SIM_FAULT_DUPLICATE, SIM_AT_DATA_OUT, 0, 1, 0);
	ck_assert_int_eq(host_take(&h), 0x05);
	ck_assert_int_eq(host_take(&h), 0x05);
	ck_assert_int_eq(host_take(&h), -1);
}
END_TEST

START_TEST(i2c_state_can_lie)
{
	fault(SIM_FAULT_BUSY, SIM_AT_STATE, 0, 2, 0);
	fault(SIM_FAULT_LENGTH, SIM_AT_STATE, 2, 1, 0x1234);
	fault(SIM_FAULT_ZERO, SIM_AT_STATE, 3, 1, 0);
	fault(SIM_FAULT_FF, SIM_AT_STATE, 4, 1, 0);
	ck_assert_uint_eq(host_state(&h), 0x88800000);
	ck_assert_uint_eq(host_state(&h), 0x88800000);
	ck_assert_uint_eq(host_state(&h), 0x48801234);
	ck_assert_uint_eq(host_state(&h), 0x00000000);
	ck_assert_uint_eq(host_state(&h), 0xFFFFFFFF);
	ck_assert_uint_eq(host_state(&h), 0x08800000);
}
END_TEST

START_TEST(a_reset_in_between_closes_everything)
{
	host_send_command(&h, 0, 3, 100, 0);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
	host_control(&h, 0x80);
	fault(SIM_FAULT_RESET, SIM_AT_DATA_IN, 0, 1, 0);
	ck_assert_int_eq(host_reg_write(&h, 0x80, (const uint8_t[]){ 1, 2, 3 }, 3), HAL_ENACK);
	host_sleep_us(&h, 20000);
	host_send_command(&h, 1, 0, 100, 0);
	ck_assert_int_eq(host_take(&h), 0x83);
}
END_TEST

START_TEST(faults_are_checked)
{
	struct sim_fault f = { SIM_FAULT_COUNT, SIM_AT_ANY, 0, 0, 0 };

	ck_assert_int_eq(sim_fault_add(h.s, &f), HAL_EINVAL);
	f.kind = SIM_FAULT_NACK;
	for (int i = 0; i < SIM_FAULTS_MAX; i++)
		ck_assert_int_eq(sim_fault_add(h.s, &f), 0);
	ck_assert_int_eq(sim_fault_add(h.s, &f), HAL_ENOMEM);
}
END_TEST

/* --- random traffic ------------------------------------------------------------------------ */

static void
random_step(void)
{
	static const uint8_t regs[] = { 0x80, 0x80, 0x80, 0x81, 0x82, 0x88, 0x89, 0x84 };
	uint8_t data[400];
	size_t len = (size_t)rand() % (rand() % 4 == 0 ? sizeof(data) : 20);

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)rand();
	switch (rand() % 5) {
	case 0: /* a frame with a right FCS; small DATA_REG_LEN makes chains likely */
		if (len > 0)
			data[0] &= rand() % 2 ? 0x0F : 0xFF;
		if (sim_write(h.s, ADDR, (const uint8_t[]){ 0x82 }, 1) == 0)
			host_send(&h, (uint8_t)(rand() % 16), data, len % 268);
		break;
	case 1: (void)host_reg_write(&h, regs[rand() % 5], data, len); break;
	case 2: (void)host_reg_read(&h, (uint8_t)rand(), data, sizeof(data)); break;
	case 3: (void)host_reg_read(&h, regs[rand() % 8], data, sizeof(data)); break;
	default: host_sleep_us(&h, (unsigned)rand() % 20000); break;
	}
	if (rand() % 50 == 0)
		(void)host_reg_write(&h, 0x88, data, 2);
}

START_TEST(random_traffic_is_survived)
{
	srand((unsigned)_i);
	for (int i = 0; i < 500; i++)
		random_step();
	sim_line(h.s, SIM_LINE_RESET, false);
	sim_line(h.s, SIM_LINE_RESET, true);
	host_sleep_us(&h, 20000);
	ck_assert_uint_eq(host_state(&h), 0x08800000);
	host_send_command(&h, 0, 3, 100, 0);
	ck_assert_int_eq(host_wait(&h, 5), 0x00);
}
END_TEST

int
main(void)
{
	const struct sim_test tests[] = {
		{ a_flipped_bit_on_the_way_in_is_refused, 18 * 8 },
		{ a_damaged_frame_on_the_way_out, 2 },
		{ skip_and_count_choose_the_transfers, 1 },
		{ a_dead_bus_stays_dead_until_cleared, 1 },
		{ a_lost_frame_never_arrives, 1 },
		{ a_truncated_frame_is_refused, 18 },
		{ a_duplicated_frame_is_executed_once, 1 },
		{ i2c_state_can_lie, 1 },
		{ a_reset_in_between_closes_everything, 1 },
		{ faults_are_checked, 1 },
		{ random_traffic_is_survived, 40 },
	};

	return sim_tests_run("sim_fault", "faults", setup, teardown, tests, NITEMS(tests));
}
