/*
 * The link on the simulated chip, in virtual bus time: what a fault at every single transfer
 * does. The chip's application here counts its commands and says the count in byte 1 of each
 * response, so that one which ran twice shows.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/bus/ops.h"
#include "hal/link/link.h"
#include "hal/sim/fault.h"
#include "hal/sim/sim.h"

#define DEADLINE_MS 5000

static char dir[64], image[96], selector[128];
static struct bus *bus;
static struct sim *sim;
static struct link *ln;
static struct buf rsp = BUF_INIT;
static unsigned count; /* commands that ran, as of the last response */

static void
open_bus(const char *query)
{
	(void)snprintf(selector, sizeof(selector), "sim:%s?%s", image, query);
	ck_assert_int_eq(bus_open(selector, &bus), 0);
	sim = bus->priv;
	ck_assert_int_eq(link_new(bus, &ln), 0);
}

static void
close_bus(void)
{
	link_free(&ln);
	bus_close(&bus);
}

static void
setup(void)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;

	(void)snprintf(dir, sizeof(dir), "/tmp/test_link_sim.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(image, sizeof(image), "%s/chip", dir);
	cfg.seeded = true;
	ck_assert_int_eq(sim_create(image, &cfg), 0);
	open_bus("time=virtual");
	ck_assert_int_eq(link_start(ln), 0);
	count = 0;
}

static void
teardown(void)
{
	close_bus();
	buf_free(&rsp);
	(void)unlink(image);
	(void)rmdir(dir);
}

/* A command of cmd_len bytes that runs for us microseconds and answers with rsp_len data bytes. */
static int
command(size_t cmd_len, unsigned us, size_t rsp_len, bool idempotent)
{
	uint8_t cmd[LINK_APDU_MAX] = { 0xEE, 0x00 };
	int r;

	cmd[2] = (uint8_t)((cmd_len - 4) >> 8);
	cmd[3] = (uint8_t)(cmd_len - 4);
	cmd[4] = (uint8_t)(us >> 24);
	cmd[5] = (uint8_t)(us >> 16);
	cmd[6] = (uint8_t)(us >> 8);
	cmd[7] = (uint8_t)us;
	cmd[8] = (uint8_t)(rsp_len >> 8);
	cmd[9] = (uint8_t)rsp_len;
	for (size_t i = 10; i < cmd_len; i++)
		cmd[i] = (uint8_t)(i * 7);
	r = link_transceive(ln, cmd, cmd_len, &rsp, idempotent, DEADLINE_MS);
	if (r == 0) {
		ck_assert_uint_eq(rsp.len, 4 + rsp_len);
		ck_assert_uint_eq(rsp.data[0], 0);
		ck_assert_uint_eq(rsp.data[2] << 8 | rsp.data[3], rsp_len);
		for (size_t i = 0; i < rsp_len; i++)
			ck_assert_uint_eq(rsp.data[4 + i], (uint8_t)i);
		count = rsp.data[1];
	}
	return r;
}

static const struct {
	const char *name;
	size_t cmd_len, rsp_len;
	unsigned us;
} shapes[] = {
	{ "short", 10, 27, 9000 },
	{ "long response", 10, 600, 30000 },
	{ "long command", 1200, 0, 55000 },
	{ "longest", LINK_APDU_MAX, LINK_APDU_MAX - 4, 65000 },
	{ "fast", 10, 4, 0 },
};

START_TEST(commands_of_every_shape_work)
{
	static const char *const queries[] = { "time=virtual", "time=virtual&khz=100",
		"time=virtual&khz=1000", "time=virtual&frame=16", "time=virtual&frame=64" };

	close_bus();
	open_bus(queries[_i]);
	ck_assert_int_eq(link_start(ln), 0);
	for (size_t i = 0; i < NITEMS(shapes); i++)
		for (int n = 0; n < 5; n++)
			ck_assert_msg(
			    command(shapes[i].cmd_len, shapes[i].us, shapes[i].rsp_len, false) == 0,
			    "%s %s", queries[_i], shapes[i].name);
	ck_assert_uint_eq(count, 5 * NITEMS(shapes));
}
END_TEST

START_TEST(chips_of_every_habit_work)
{
	static const struct {
		uint64_t ack;
		bool nack_busy;
	} habits[] = { { 0, false }, { 0, true }, { SIM_ACK_WITH_RESPONSE, false },
		{ SIM_ACK_WITH_RESPONSE, true }, { 500000, false }, { 3000000, false },
		{ 9500000, true } };
	struct link_stats st;

	ck_assert_int_eq(sim_set_ack_delay(sim, habits[_i].ack), 0);
	ck_assert_int_eq(sim_set_nack_busy(sim, habits[_i].nack_busy), 0);
	for (size_t i = 0; i < NITEMS(shapes); i++)
		ck_assert_msg(
		    command(shapes[i].cmd_len, shapes[i].us, shapes[i].rsp_len, false) == 0,
		    "habit %d, %s", _i, shapes[i].name);
	link_stats(ln, &st);
	ck_assert_uint_eq(st.repeats, 0);
	ck_assert_uint_eq(st.resyncs, 1); /* of link_start */
}
END_TEST

/*
 * Design chapter 5: no more than 1.05 of a bound that knows beforehand when each frame is ready
 * (ifx-i2c 7.4). Here the response alone: from its being ready to its being read.
 */
START_TEST(the_answer_is_fetched_when_it_is_there)
{
	static const unsigned us[] = { 6000, 9000, 12000, 30000, 55000, 65000, 160000, 162500 };
	uint64_t began, plain;

	began = bus_now(bus);
	ck_assert_int_eq(command(20, 0, 64, false), 0);
	plain = bus_now(bus) - began;
	began = bus_now(bus);
	ck_assert_int_eq(command(20, us[_i], 64, false), 0);
	ck_assert_uint_le(
	    bus_now(bus) - began, plain + BUS_US(us[_i]) + BUS_US(us[_i]) / 25 + BUS_US(300));
}
END_TEST

/* Shapes with few polls: a sweep visits every transfer. */
static const struct {
	size_t cmd_len, rsp_len;
} swept[] = { { 10, 27 }, { 10, 300 }, { 400, 0 } };

static const struct {
	const char *name;
	enum sim_fault_kind kind;
	unsigned arg;
	unsigned count; /* transfers hit in a row */
	enum sim_fault_at at;
} faults[] = {
	{ "first bit", SIM_FAULT_FLIP, 0, 1, SIM_AT_ANY },
	{ "acknowledged number", SIM_FAULT_FLIP, 7, 1, SIM_AT_ANY },
	{ "length field", SIM_FAULT_FLIP, 22, 1, SIM_AT_ANY },
	{ "payload", SIM_FAULT_FLIP, 41, 1, SIM_AT_ANY },
	{ "checksum", SIM_FAULT_FCS, 0, 1, SIM_AT_ANY },
	{ "checksum twice", SIM_FAULT_FCS, 0, 2, SIM_AT_ANY },
	{ "lost", SIM_FAULT_LOSE, 0, 1, SIM_AT_ANY },
	{ "lost three times", SIM_FAULT_LOSE, 0, 3, SIM_AT_ANY },
	{ "truncated to nothing", SIM_FAULT_TRUNCATE, 0, 1, SIM_AT_ANY },
	{ "truncated", SIM_FAULT_TRUNCATE, 4, 1, SIM_AT_ANY },
	{ "duplicated", SIM_FAULT_DUPLICATE, 0, 1, SIM_AT_ANY },
	{ "address refused", SIM_FAULT_NACK, 0, 1, SIM_AT_ANY },
	{ "address refused 20 times", SIM_FAULT_NACK, 0, 20, SIM_AT_ANY },
	{ "address refused 500 times", SIM_FAULT_NACK, 0, 500, SIM_AT_ANY },
	{ "data refused", SIM_FAULT_DATA_NACK, 0, 1, SIM_AT_ANY },
	{ "bus error", SIM_FAULT_BUS_DEAD, 0, 1, SIM_AT_ANY },
	{ "bus error ten times", SIM_FAULT_BUS_DEAD, 0, 10, SIM_AT_ANY },
	{ "stuck low", SIM_FAULT_ZERO, 0, 1, SIM_AT_ANY },
	{ "stuck low five times", SIM_FAULT_ZERO, 0, 5, SIM_AT_ANY },
	{ "stuck high", SIM_FAULT_FF, 0, 1, SIM_AT_ANY },
	{ "stuck high five times", SIM_FAULT_FF, 0, 5, SIM_AT_ANY },
	{ "busy", SIM_FAULT_BUSY, 0, 1, SIM_AT_STATE },
	{ "length 0", SIM_FAULT_LENGTH, 0, 1, SIM_AT_STATE },
	{ "length 300", SIM_FAULT_LENGTH, 300, 1, SIM_AT_STATE },
	{ "length 65535", SIM_FAULT_LENGTH, 65535, 1, SIM_AT_STATE },
	{ "length 7", SIM_FAULT_LENGTH, 7, 1, SIM_AT_STATE },
	{ "reset", SIM_FAULT_RESET, 0, 1, SIM_AT_ANY },
	{ "bus lost to another master", SIM_FAULT_LOST, 0, 1, SIM_AT_ANY },
	{ "clock held low", SIM_FAULT_CLOCK, 0, 1, SIM_AT_ANY },
};

static bool
error_is_specific(int r)
{
	return r == HAL_ETIMEOUT || r == HAL_ENODEV || r == HAL_EIO || r == HAL_ERESYNC ||
	       r == HAL_ERESET || r == HAL_EPROTO;
}

/*
 * One command under the faults that are set, a pause, and another command without: what holds
 * for each of them. max: how often the first may run.
 */
static int
command_under_fault(
    size_t shape, bool idempotent, unsigned pause_ms, unsigned max, const char *what)
{
	unsigned before = count, ran;
	uint64_t began = bus_now(bus);
	int r, r2;

	r = command(swept[shape].cmd_len, 2000, swept[shape].rsp_len, idempotent);
	/* DL-H14 */
	ck_assert_msg(bus_now(bus) - began < BUS_MS(3 * DEADLINE_MS), "%s: too long", what);
	sim_fault_clear(sim);
	ck_assert_int_eq(bus_sleep(bus, BUS_MS(pause_ms)), 0);
	r2 = command(10, 100, 0, false);
	/* The chip's counters may be fresh, by itself or by a reset, and our number 3 by chance. */
	if ((pause_ms > 30 || max > 1) && r2 == HAL_ERESYNC)
		r2 = command(10, 100, 0, false);
	ck_assert_msg(r2 == 0, "%s: %d, next command: %d", what, r, r2);
	ran = (uint8_t)(count - before - 1);
	ck_assert_msg(r == 0 || error_is_specific(r), "%s: error %d", what, r);
	ck_assert_msg(ran <= max && (r != 0 || ran >= 1), "%s: %d, ran %u times", what, r, ran);
	return r;
}

/* The fault of row i at every transfer of a command in turn. Returns how many transfers it hit. */
static unsigned
sweep(int i, size_t shape, bool idempotent, unsigned pause_ms)
{
	/* A chip that is reset forgets which frames it had; its application is closed then. */
	const unsigned max = idempotent || faults[i].kind == SIM_FAULT_RESET ? 2 : 1;
	unsigned skip = 0, hits;
	char what[128];

	do {
		const struct sim_fault f = { faults[i].kind, faults[i].at, skip, faults[i].count,
			faults[i].arg };

		hits = sim_fault_hits(sim);
		ck_assert_int_eq(sim_fault_add(sim, &f), 0);
		(void)snprintf(
		    what, sizeof(what), "%s, shape %zu, transfer %u", faults[i].name, shape, skip);
		(void)command_under_fault(shape, idempotent, pause_ms, max, what);
		hits = sim_fault_hits(sim) - hits;
		skip++;
	} while (hits != 0);
	return skip - 1;
}

START_TEST(a_fault_at_any_transfer_does_no_harm)
{
	for (size_t shape = 0; shape < NITEMS(swept); shape++)
		ck_assert_uint_gt(sweep(_i, shape, false, 0), 2);
	ck_assert_uint_gt(sweep(_i, 1, true, 0), 2);
}
END_TEST

START_TEST(a_fault_and_a_pause_do_no_harm)
{
	static const unsigned pauses[] = { 15, 60 };

	for (size_t p = 0; p < NITEMS(pauses); p++)
		(void)sweep(_i, 0, false, pauses[p]);
}
END_TEST

/* What costs one transfer only is mended without an error. */
START_TEST(a_single_damaged_frame_is_mended)
{
	static const struct {
		enum sim_fault_kind kind;
		enum sim_fault_at at;
	} rows[] = {
		{ SIM_FAULT_FCS, SIM_AT_DATA_IN },        /* FT-1 */
		{ SIM_FAULT_FCS, SIM_AT_DATA_OUT },       /* FT-2 */
		{ SIM_FAULT_FCS, SIM_AT_CONTROL_OUT },    /* FT-3 */
		{ SIM_FAULT_FCS, SIM_AT_CONTROL_IN },     /* FT-4 */
		{ SIM_FAULT_LOSE, SIM_AT_DATA_IN },       /* FT-5 */
		{ SIM_FAULT_LOSE, SIM_AT_CONTROL_OUT },   /* FT-6 */
		{ SIM_FAULT_LOSE, SIM_AT_DATA_OUT },      /* FT-7 */
		{ SIM_FAULT_LOSE, SIM_AT_CONTROL_IN },    /* FT-8 */
		{ SIM_FAULT_DUPLICATE, SIM_AT_DATA_IN },  /* FT-9 */
		{ SIM_FAULT_DUPLICATE, SIM_AT_DATA_OUT }, /* FT-10 */
		{ SIM_FAULT_TRUNCATE, SIM_AT_DATA_IN },   /* FT-11 */
		{ SIM_FAULT_TRUNCATE, SIM_AT_DATA_OUT },  /* FT-12 */
		{ SIM_FAULT_DATA_NACK, SIM_AT_DATA_IN },  /* FT-20 */
		{ SIM_FAULT_NACK, SIM_AT_DATA_IN },       /* FT-18 */
		{ SIM_FAULT_ZERO, SIM_AT_DATA_OUT },      /* FT-21 */
		{ SIM_FAULT_FF, SIM_AT_STATE_READY },     /* FT-22 */
	};

	for (size_t shape = 0; shape < NITEMS(swept); shape++) {
		const struct sim_fault f = { rows[_i].kind, rows[_i].at, 0, 1, 6 };
		char what[32];

		(void)snprintf(what, sizeof(what), "row %d, shape %zu", _i, shape);
		ck_assert_int_eq(sim_fault_add(sim, &f), 0);
		ck_assert_int_eq(command_under_fault(shape, false, 0, 1, what), 0);
	}
}
END_TEST

START_TEST(many_faults_at_once_do_no_harm)
{
	unsigned state = (unsigned)_i * 7919 + 1;
	char what[64];

	for (int round = 0; round < 40; round++) {
		for (int n = 0; n < 3; n++) {
			struct sim_fault f;

			state = state * 1103515245 + 12345;
			f.kind = (enum sim_fault_kind)(state >> 16 & 0xFFF) % SIM_FAULT_RESET;
			state = state * 1103515245 + 12345;
			f.at = (enum sim_fault_at)((state >> 16) % (SIM_AT_STATE_READY + 1));
			if (f.kind == SIM_FAULT_BUSY || f.kind == SIM_FAULT_LENGTH)
				f.at = SIM_AT_STATE;
			state = state * 1103515245 + 12345;
			f.skip = state >> 16 & 7;
			f.count = 1 + (state >> 20 & 3);
			f.arg = state >> 16 & 0xFF;
			ck_assert_int_eq(sim_fault_add(sim, &f), 0);
		}
		(void)snprintf(what, sizeof(what), "seed %d, round %d", _i, round);
		(void)command_under_fault(
		    (size_t)round % NITEMS(swept), false, round % 3 == 0 ? 20 : 0, 1, what);
	}
}
END_TEST

START_TEST(FT_23_a_chip_reset_between_commands_is_used_again)
{
	/* Each number the host may be at. */
	for (int i = 0; i < 8; i++) {
		int r;

		for (int n = 0; n < i; n++)
			ck_assert_int_eq(command(10, 100, 0, false), 0);
		ck_assert_int_eq(bus_reset_line(bus), 0);
		ck_assert_int_eq(bus_sleep(bus, BUS_MS(20)), 0);
		r = command(10, 100, 0, false);
		ck_assert_msg(r == 0 || r == HAL_ERESYNC, "after %d: %d", i, r);
		ck_assert_int_eq(command(10, 100, 0, false), 0);
	}
}
END_TEST

START_TEST(two_hosts_take_turns_by_joining)
{
	struct bus *bus2;
	struct link *ln2, *mine = ln;

	ck_assert_int_eq(bus_open(selector, &bus2), 0);
	ck_assert_int_eq(link_new(bus2, &ln2), 0);
	for (int i = 0; i < 12; i++) {
		ln = i % 2 == 0 ? ln2 : mine;
		ck_assert_int_eq(link_join(ln, false), 0);
		for (int n = 0; n <= i % 5; n++)
			ck_assert_int_eq(command(10, 100, 0, false), 0);
	}
	ln = mine;
	link_free(&ln2);
	bus_close(&bus2);
}
END_TEST

/* A host died at transfer number _i of a command; another one joins and gets its own answers. */
START_TEST(a_host_that_died_does_not_confuse_the_next)
{
	const struct sim_fault f = { SIM_FAULT_BUS_DEAD, SIM_AT_ANY, (unsigned)_i, 0, 0 };

	(void)sim_fault_add(sim, &f);
	(void)command(swept[_i % 3].cmd_len, 20000, swept[_i % 3].rsp_len, false);
	close_bus();
	open_bus("time=virtual");
	ck_assert_int_eq(link_join(ln, true), 0);
	for (size_t n = 0; n < 6; n++)
		ck_assert_int_eq(command(10, 100, n, false), 0);
}
END_TEST

START_TEST(presentation_layer_of_another_host_is_reported)
{
	/* OpenApplication with PRESENCE and SCTR 20, as the vendor's host sends it. */
	static const uint8_t frame[] = { 0x80, 0x03, 0x00, 0x16, 0x08, 0x20, 0xF0, 0x00, 0x00, 0x10,
		0xD2, 0x76, 0x00, 0x00, 0x04, 0x47, 0x65, 0x6E, 0x41, 0x75, 0x74, 0x68, 0x41, 0x70,
		0x70, 0x6C, 0xBE, 0x40 };

	ck_assert_int_eq(bus_sleep(bus, BUS_US(50)), 0);
	ck_assert_int_eq(bus_write(bus, frame, sizeof(frame)), 0);
	ck_assert_int_eq(bus_sleep(bus, BUS_MS(30)), 0);
	ck_assert_int_eq(link_join(ln, true), 0);
	ck_assert_int_eq(command(10, 100, 0, false), HAL_EPROTO);
	ck_assert_int_eq(command(10, 100, 0, false), HAL_EPROTO);
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_int_eq(command(10, 100, 0, false), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("link on the simulator");
	TCase *t = tcase_create("simulator");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, commands_of_every_shape_work, 0, 5);
	tcase_add_loop_test(t, chips_of_every_habit_work, 0, 7);
	tcase_add_loop_test(t, the_answer_is_fetched_when_it_is_there, 0, 8);
	tcase_add_loop_test(t, a_fault_at_any_transfer_does_no_harm, 0, (int)NITEMS(faults));
	tcase_add_loop_test(t, a_fault_and_a_pause_do_no_harm, 0, (int)NITEMS(faults));
	tcase_add_loop_test(t, a_single_damaged_frame_is_mended, 0, 16);
	tcase_add_loop_test(t, many_faults_at_once_do_no_harm, 0, 20);
	tcase_add_test(t, FT_23_a_chip_reset_between_commands_is_used_again);
	tcase_add_test(t, two_hosts_take_turns_by_joining);
	tcase_add_loop_test(t, a_host_that_died_does_not_confuse_the_next, 0, 40);
	tcase_add_test(t, presentation_layer_of_another_host_is_reported);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
