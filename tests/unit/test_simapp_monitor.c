/*
 * Security monitor of the simulated chip: what counts, how time and credit pay it back, what it
 * delays. Items CMD-n as in the conformance list.
 */
#include <config.h>

#include <stdlib.h>

#include "hal/base/err.h"
#include "hal/sim/object.h"
#include "tests/unit/simapp_rig.h"

/* A digest as CalcSign takes it. */
#define DIGEST "01000A00112233445566778899"
#define AID    "D27600000447656E417574684170706C"

static void
monitored(void)
{
	rig_factory(1, true);
	ok("F000", AID, "");
}

static unsigned
sec(void)
{
	ok("8100", "E0C5", NULL);
	ck_assert_uint_eq(rig.rsp_len, 5);
	return rig.rsp[4];
}

static uint64_t
sign(void)
{
	ok("B111", DIGEST "030002E0F0", NULL);
	return rig.exec;
}

START_TEST(cmd_64_every_use_counts)
{
	for (unsigned n = 1; n <= 5; n++) {
		(void)sign();
		ck_assert_uint_eq(sec(), n);
	}
	rig_generate(0xE0F1, 0x03, 0x10); /* not a use of a key */
	ok("B803", "070000", NULL);
	run("B111", "010009F0EFEEEDECEBEAE9E8"
		    "030002E0F0");
	run("B111", DIGEST "030002E0F2");
	ok("0100", "F1C2", NULL);
	ck_assert_uint_eq(sec(), 5);
}
END_TEST

START_TEST(cmd_64_credit_pays_first)
{
	rig_wait(RIG_S(60)); /* credit grows to five, not further */
	for (unsigned n = 0; n < 5; n++) {
		(void)sign();
		ck_assert_uint_eq(sec(), 0);
	}
	(void)sign();
	ck_assert_uint_eq(sec(), 1);
}
END_TEST

START_TEST(cmd_65_falls_with_powered_time)
{
	const uint64_t t_max = RIG_S(5);
	uint64_t last;

	for (unsigned n = 0; n < 3; n++) {
		last = rig.now; /* the event is at the start of the command */
		(void)sign();
	}
	ck_assert_uint_eq(sec(), 3);
	rig_wait(last + t_max - 1 - rig.now);
	ck_assert_uint_eq(rig.app.sec, 3);
	rig_wait(1);
	ck_assert_uint_eq(sec(), 2);
	rig_wait(2 * t_max);
	ck_assert_uint_eq(sec(), 0);
	/* Only then credit: one period, one use free. */
	rig_wait(t_max);
	(void)sign();
	ck_assert_uint_eq(sec(), 0);
	(void)sign();
	ck_assert_uint_eq(sec(), 1);
}
END_TEST

START_TEST(cmd_65_not_while_off)
{
	for (unsigned n = 0; n < 3; n++)
		(void)sign();
	rig.now += RIG_S(3600); /* nobody advances a chip without power */
	sim_app_reset(&rig.app, rig.now, true);
	ok("F000", AID, "");
	ck_assert_uint_eq(sec(), 3);
}
END_TEST

START_TEST(cmd_65_close_keeps_the_counter)
{
	for (unsigned n = 0; n < 3; n++)
		(void)sign();
	rig_wait(RIG_S(5));
	ok("F100", "", "");
	sim_app_reset(&rig.app, rig.now, true);
	ok("F000", AID, "");
	ck_assert_uint_eq(sec(), 2);
}
END_TEST

START_TEST(cmd_66_throttle)
{
	const uint64_t plain = sign();

	ck_assert_uint_eq(plain, RIG_MS(162.5));
	while (sec() < 127)
		ck_assert_uint_eq(sign(), plain);
	for (unsigned n = 128; n <= 250; n++) {
		ck_assert_uint_eq(sign() - plain, RIG_S(5) * (n - 127) / 128);
		ck_assert_uint_eq(rig.app.sec, n);
	}
	rig.app.sec = 254;
	ck_assert_uint_eq(sign() - plain, RIG_S(5));
	ck_assert_uint_eq(rig.app.sec, 255);
	/* t_max passes while the operation waits: it settles at one per t_max. */
	for (unsigned n = 0; n < 5; n++) {
		ck_assert_uint_eq(sign() - plain, RIG_S(5));
		ck_assert_uint_eq(rig.app.sec, 255);
	}
	ok("8100", "E0C2", NULL); /* what is not protected stays quick */
	ck_assert_uint_eq(rig.exec, RIG_MS(22.5));
}
END_TEST

static uint8_t *
monitor_config(void)
{
	return object_content(&rig.app, (size_t)object_find(0xE0C9));
}

START_TEST(cmd_67_off_by_configuration)
{
	(void)sign();
	monitor_config()[0] = 0;
	(void)sign();
	ck_assert_uint_eq(sec(), 0);
}
END_TEST

START_TEST(cmd_67_parameters)
{
	monitor_config()[0] = 10; /* 1 s */
	monitor_config()[2] = 1;  /* one credit at most */
	monitor_config()[3] = 0;  /* acts as 1 */
	rig_wait(RIG_S(30));
	(void)sign();
	ck_assert_uint_eq(sec(), 0);
	(void)sign();
	ck_assert_uint_eq(sec(), 1);
	rig_wait(RIG_S(1));
	ck_assert_uint_eq(sec(), 0);
	monitor_config()[0] = 0xFF; /* acts as 5 s */
	monitor_config()[2] = 0;    /* no credit */
	rig_wait(RIG_S(60));
	(void)sign();
	rig_wait(RIG_MS(4800));
	ck_assert_uint_eq(sec(), 1);
	rig_wait(RIG_S(1));
	ck_assert_uint_eq(sec(), 0);
}
END_TEST

START_TEST(cmd_68_power_up_clears_credit)
{
	rig_wait(RIG_S(60));
	sim_app_reset(&rig.app, rig.now, _i == 1);
	ok("F000", AID, "");
	(void)sign();
	ck_assert_uint_eq(sec(), 1);
	sim_app_reset(&rig.app, rig.now, _i == 1);
	ok("F000", AID, "");
	ck_assert_uint_eq(sec(), 1);
}
END_TEST

START_TEST(a_chip_without_monitor_counts_nothing)
{
	rig_factory(1, false);
	ok("F000", AID, "");
	for (unsigned n = 0; n < 200; n++)
		ck_assert_uint_eq(sign(), RIG_MS(162.5));
	ck_assert_uint_eq(sec(), 0);
}
END_TEST

/* What optiga-sim show prints. */
START_TEST(the_list_shows_the_counter)
{
	uint8_t meta[44];
	struct sim_object_view v;

	(void)sign();
	for (size_t i = 0; i < sim_app_objects(&rig.app); i++) {
		sim_app_object(&rig.app, i, meta, &v);
		if (v.oid == 0xE0C5)
			ck_assert_uint_eq(v.data[0], 1);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: monitor");
	TCase *tc = tcase_create("monitor");

	tcase_add_checked_fixture(tc, monitored, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, cmd_64_every_use_counts);
	tcase_add_test(tc, cmd_64_credit_pays_first);
	tcase_add_test(tc, cmd_65_falls_with_powered_time);
	tcase_add_test(tc, cmd_65_not_while_off);
	tcase_add_test(tc, cmd_65_close_keeps_the_counter);
	tcase_add_test(tc, cmd_66_throttle);
	tcase_add_test(tc, cmd_67_off_by_configuration);
	tcase_add_test(tc, cmd_67_parameters);
	tcase_add_loop_test(tc, cmd_68_power_up_clears_credit, 0, 2);
	tcase_add_test(tc, a_chip_without_monitor_counts_nothing);
	tcase_add_test(tc, the_list_shows_the_counter);
	suite_add_tcase(s, tc);
	return rig_main(s);
}
