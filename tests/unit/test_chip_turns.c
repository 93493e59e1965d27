/*
 * Taking turns (one chip, several handles as in several processes): what an acquisition costs,
 * what the record says afterwards, and what follows when somebody died, closed the application
 * or reset the chip.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"
#include "tests/unit/test_chip_double.h"

#define META_CMD "81 01 0002 E0F1"
#define META_RSP "00 00 000D 200BC00101D003E1FC07D30100"
#define KEY_CMD  "B8 03 0009 010002E0F102000110"

static struct chip *a, *b;

/* a has opened the chip, b has joined it; the script is used up and counts start at 0. */
static void
setup(void)
{
	double_reset();
	a = double_chip();
	ck_assert_int_eq(chip_open("double:", &b), 0);
	double_expect_uid(FACTORY_UID);
	ck_assert_int_eq(chip_acquire(b), 0);
	chip_release(b);
	double_expect_end();
	dbl.starts = dbl.joins = dbl.drains = 0;
}

static void
teardown(void)
{
	double_expect_end();
	chip_close(&a);
	chip_close(&b);
	ck_assert_ptr_null(a);
}

static void
turn(struct chip *c)
{
	ck_assert_int_eq(chip_acquire(c), 0);
	chip_release(c);
}

static int
read_meta(struct chip *c)
{
	struct chip_meta m;

	return chip_meta_read(c, 0xE0F1, &m);
}

START_TEST(the_first_one_starts_the_others_join)
{
	struct chip *c;

	double_reset();
	ck_assert_int_eq(chip_open("double:", &c), 0);
	ck_assert_ptr_null(chip_model(c));
	ck_assert_ptr_null(chip_uid(c));
	ck_assert_int_eq(dbl.starts + dbl.joins, 0); /* no traffic before the first turn */
	double_expect_open();
	double_expect_uid(FACTORY_UID);
	turn(c);
	ck_assert_int_eq(dbl.starts, 1);
	ck_assert_int_eq(dbl.joins, 0);
	ck_assert_uint_eq(dbl.record.open, 1);
	ck_assert_uint_eq(dbl.record.busy, 0);
	ck_assert_uint_eq(dbl.record.version, 1);
	ck_assert_uint_ne(dbl.record.magic, 0);
	ck_assert_uint_ne(dbl.record.owner, 0);
	ck_assert_uint_eq(dbl.record.boot, chip_boot(c));
	ck_assert_uint_eq(dbl.record.change, chip_change(c));
	chip_close(&c);
	ck_assert_uint_eq(dbl.record.open, 1); /* it stays open for others */

	ck_assert_int_eq(chip_open("double:", &c), 0);
	double_expect_uid(FACTORY_UID);
	turn(c);
	ck_assert_int_eq(dbl.starts, 1);
	ck_assert_int_eq(dbl.joins, 1);
	ck_assert_int_eq(dbl.drains, 0);
	ck_assert_uint_eq(chip_boot(c), dbl.record.boot);
	chip_close(&c);
}
END_TEST

START_TEST(another_turn_of_ones_own_costs_nothing)
{
	turn(b);
	turn(b);
	ck_assert_int_eq(dbl.starts + dbl.joins, 0);
	turn(a);
	ck_assert_int_eq(dbl.joins, 1);
	turn(a);
	ck_assert_int_eq(dbl.joins, 1);
	turn(b);
	ck_assert_int_eq(dbl.joins, 2);
	ck_assert_int_eq(dbl.starts + dbl.drains, 0);
	ck_assert_uint_eq(chip_boot(a), chip_boot(b));
}
END_TEST

START_TEST(acquiring_nests)
{
	ck_assert_int_eq(chip_acquire(b), 0);
	ck_assert_int_eq(chip_acquire(b), 0);
	double_expect(META_CMD, META_RSP, 0);
	ck_assert_int_eq(read_meta(b), 0);
	chip_release(b);
	ck_assert_int_eq(dbl.locked, 1);
	chip_release(b);
	ck_assert_int_eq(dbl.locked, 0);
}
END_TEST

START_TEST(closing_while_held_gives_the_lock_back)
{
	ck_assert_int_eq(chip_acquire(b), 0);
	chip_close(&b);
	ck_assert_int_eq(dbl.locked, 0);
	chip_close(&b);
}
END_TEST

START_TEST(a_lock_that_cannot_be_had_is_an_error)
{
	dbl.lock_result = HAL_EIO;
	ck_assert_int_eq(chip_acquire(a), HAL_EIO);
	ck_assert_int_eq(read_meta(a), HAL_EIO);
	dbl.lock_result = 0;
	turn(a);
}
END_TEST

START_TEST(writing_moves_the_change_count_before_the_command)
{
	const uint64_t was = chip_change(b);
	struct buf pub = BUF_INIT;

	double_expect("82 00 0005 F1D0000001", "00 00 0000", 0);
	ck_assert_int_eq(chip_data_write(b, 0xF1D0, 0, (const uint8_t *)"\1", 1, CHIP_WRITE), 0);
	ck_assert(dbl.last_busy);
	ck_assert_uint_ne(dbl.last_change, was); /* killed in the middle, it would be stale too */
	ck_assert_uint_eq(chip_change(b), dbl.record.change);
	ck_assert_uint_ne(chip_change(b), was);
	ck_assert_uint_eq(chip_change(a), was);
	turn(a);
	ck_assert_uint_eq(chip_change(a), chip_change(b));
	turn(b); /* nobody wrote */
	ck_assert_uint_eq(chip_change(a), chip_change(b));

	double_expect("82 01 0009 F1D000002003E80121", "00 00 0000", 0);
	ck_assert_int_eq(chip_meta_write(b, 0xF1D0, (const uint8_t *)"\xE8\x01\x21", 3), 0);
	ck_assert_uint_ne(chip_change(a), chip_change(b));
	turn(a);
	double_expect(KEY_CMD, "FF 00 0000", 0);
	double_expect_error(CHIP_E_ACCESS);
	ck_assert_int_eq(chip_keypair(a, 0xE0F1, CHIP_ALG_P256, 0x10, &pub), CHIP_E_ACCESS);
	ck_assert_uint_ne(chip_change(a), chip_change(b));
	buf_free(&pub);
}
END_TEST

START_TEST(reading_and_signing_move_nothing)
{
	const uint64_t change = chip_change(b), boot = chip_boot(b);
	uint8_t digest[10] = { 1 }, rnd[8];
	struct buf sig = BUF_INIT;

	double_expect(META_CMD, META_RSP, 0);
	ck_assert_int_eq(read_meta(b), 0);
	double_expect("8C 00 0002 0008", "00 00 0008 0102030405060708", 0);
	ck_assert_int_eq(chip_random(b, rnd, sizeof(rnd)), 0);
	double_expect(
	    "B1 11 0012 01000A 01000000000000000000 030002E0F1", "00 00 0006 020101 020102", 0);
	ck_assert_int_eq(chip_sign_ecdsa(b, 0xE0F1, 32, digest, sizeof(digest), &sig), 0);
	ck_assert_uint_eq(chip_change(b), change);
	ck_assert_uint_eq(chip_boot(b), boot);
	buf_free(&sig);
}
END_TEST

START_TEST(a_holder_that_died_in_a_command_is_waited_for)
{
	dbl.record.busy = 1; /* what SIGKILL leaves behind */
	turn(a);
	ck_assert_int_eq(dbl.joins, 1);
	ck_assert_int_eq(dbl.drains, 1);
	ck_assert_uint_eq(dbl.record.busy, 0);
	turn(b);
	ck_assert_int_eq(dbl.drains, 1);
	/* a command of our own that ended badly counts as well */
	double_expect(META_CMD, NULL, HAL_EIO);
	ck_assert_int_eq(read_meta(b), HAL_EIO);
	ck_assert_uint_eq(dbl.record.busy, 1);
	turn(b);
	ck_assert_int_eq(dbl.drains, 2);
	ck_assert_uint_eq(dbl.record.busy, 0);
}
END_TEST

/* RSA key generation can outlast the deadline of what comes next under the same lock. */
START_TEST(an_outcome_unknown_is_waited_for_before_the_next_command)
{
	struct buf pub = BUF_INIT;

	ck_assert_int_eq(chip_acquire(b), 0);
	double_expect(KEY_CMD, NULL, HAL_ERESYNC);
	ck_assert_int_eq(chip_keypair(b, 0xE0F1, CHIP_ALG_P256, 0x10, &pub), HAL_ERESYNC);
	ck_assert_int_eq(dbl.drains, 0);
	double_expect(META_CMD, META_RSP, 0);
	ck_assert_int_eq(read_meta(b), 0);
	ck_assert_int_eq(dbl.drains, 1);
	double_expect(META_CMD, META_RSP, 0);
	ck_assert_int_eq(read_meta(b), 0);
	ck_assert_int_eq(dbl.drains, 1);
	ck_assert_int_eq(dbl.starts, 0);
	chip_release(b);
	buf_free(&pub);
}
END_TEST

START_TEST(a_holder_that_died_while_starting_is_made_up_for)
{
	const uint64_t boot = chip_boot(a);

	dbl.record.open = 0;
	double_expect_open();
	turn(a);
	ck_assert_int_eq(dbl.starts, 1);
	ck_assert_int_eq(dbl.joins, 0);
	ck_assert_uint_ne(chip_boot(a), boot);
	ck_assert_uint_eq(dbl.record.open, 1);
	turn(b);
	ck_assert_uint_eq(chip_boot(b), chip_boot(a));
}
END_TEST

START_TEST(a_closed_application_is_opened_again)
{
	const uint64_t boot = chip_boot(b);

	double_expect(META_CMD, "FF 00 0000", 0);
	double_expect_error(-1);
	double_expect_open();
	double_expect(META_CMD, META_RSP, 0);
	ck_assert_int_eq(read_meta(b), 0);
	ck_assert_int_eq(dbl.starts, 1);
	ck_assert_uint_ne(chip_boot(b), boot);
	ck_assert_uint_eq(dbl.record.boot, chip_boot(b));
	ck_assert_uint_eq(chip_boot(a), boot);
	turn(a);
	ck_assert_uint_eq(chip_boot(a), chip_boot(b));
}
END_TEST

START_TEST(what_may_not_run_twice_is_reported)
{
	struct buf pub = BUF_INIT;

	double_expect(KEY_CMD, "FF 00 0000", 0);
	double_expect_error(-1);
	double_expect_open();
	ck_assert_int_eq(chip_keypair(b, 0xE0F1, CHIP_ALG_P256, 0x10, &pub), HAL_ERESET);
	double_expect(KEY_CMD, NULL, HAL_ERESYNC);
	ck_assert_int_eq(chip_keypair(b, 0xE0F1, CHIP_ALG_P256, 0x10, &pub), HAL_ERESYNC);
	ck_assert_int_eq(dbl.starts, 1);
	double_expect_open();
	double_expect(KEY_CMD, NULL, HAL_EPROTO);
	dbl.record.open = 0;
	turn(b);
	double_expect_open();
	ck_assert_int_eq(chip_keypair(b, 0xE0F1, CHIP_ALG_P256, 0x10, &pub), HAL_ERESET);
	buf_free(&pub);
}
END_TEST

static const int senseless[] = { HAL_EPROTO, HAL_ETIMEOUT, HAL_ERESET };

START_TEST(a_chip_that_makes_no_sense_is_started_once)
{
	uint8_t digest[10] = { 1 };
	struct buf sig = BUF_INIT;

	double_expect("B1 11 0012 01000A 01000000000000000000 030002E0F1", NULL, senseless[_i]);
	double_expect_open();
	double_expect(
	    "B1 11 0012 01000A 01000000000000000000 030002E0F1", "00 00 0006 020101 020102", 0);
	ck_assert_int_eq(chip_sign_ecdsa(b, 0xE0F1, 32, digest, sizeof(digest), &sig), 0);
	ck_assert_int_eq(dbl.starts, 1);
	ck_assert_uint_eq(dbl.record.busy, 0);
	/* a key in a session is gone with the reset */
	double_expect("B1 11 0012 01000A 01000000000000000000 030002E100", NULL, senseless[_i]);
	double_expect_open();
	ck_assert_int_eq(chip_sign_ecdsa(b, 0xE100, 32, digest, sizeof(digest), &sig), HAL_ERESET);
	/* still senseless after a fresh start: given up, the next turn starts anew */
	double_expect(META_CMD, NULL, senseless[_i]);
	double_expect_open();
	double_expect(META_CMD, NULL, senseless[_i]);
	ck_assert_int_eq(read_meta(b), senseless[_i]);
	ck_assert_uint_eq(dbl.record.open, 0);
	double_expect_open();
	turn(a);
	buf_free(&sig);
}
END_TEST

START_TEST(joining_a_senseless_chip_starts_it)
{
	dbl.join_result = senseless[_i];
	double_expect_open();
	turn(a);
	ck_assert_int_eq(dbl.joins, 1);
	ck_assert_int_eq(dbl.starts, 1);
	ck_assert_uint_eq(dbl.record.open, 1);
	turn(a);
	ck_assert_int_eq(dbl.joins, 1);
}
END_TEST

START_TEST(the_lost_reason_of_a_failure_is_asked_for_again)
{
	double_expect(META_CMD, "FF 00 0000", 0);
	double_expect("01 00 0002 F1C2", NULL, HAL_ERESYNC);
	double_expect(META_CMD, "FF 00 0000", 0);
	double_expect_error(CHIP_E_OID);
	ck_assert_int_eq(read_meta(b), CHIP_E_OID);
	ck_assert_int_eq(dbl.starts, 0);
}
END_TEST

START_TEST(a_chip_that_is_gone_is_started_when_it_is_back)
{
	const uint64_t boot = chip_boot(b);

	double_expect(META_CMD, NULL, HAL_ENODEV);
	ck_assert_int_eq(read_meta(b), HAL_ENODEV);
	ck_assert_uint_eq(dbl.record.open, 0);
	dbl.start_result = HAL_ENODEV;
	ck_assert_int_eq(read_meta(b), HAL_ENODEV);
	ck_assert_int_eq(dbl.locked, 0);
	double_expect_open();
	double_expect(META_CMD, META_RSP, 0);
	ck_assert_int_eq(read_meta(b), 0);
	ck_assert_uint_ne(chip_boot(b), boot);

	dbl.join_result = HAL_ENODEV; /* seen when joining */
	ck_assert_int_eq(read_meta(a), HAL_ENODEV);
	ck_assert_uint_eq(dbl.record.open, 0);
	double_expect_open();
	turn(a);
}
END_TEST

START_TEST(an_application_that_cannot_be_opened_is_an_error)
{
	dbl.record.open = 0;
	double_expect("F0 00 0010 D27600000447656E417574684170706C", "FF 00 0000", 0);
	double_expect_error(-1);
	ck_assert_int_eq(read_meta(b), CHIP_E_UNAVAILABLE);
	ck_assert_uint_eq(dbl.record.open, 0);
	double_expect("F0 00 0010 D27600000447656E417574684170706C", "FF 00 0000", 0);
	double_expect_error(CHIP_E_DATA);
	ck_assert_int_eq(read_meta(b), CHIP_E_DATA);
}
END_TEST

START_TEST(without_a_record_every_turn_is_the_worst_case)
{
	uint64_t boot, change;
	struct chip *c;

	double_reset();
	dbl.no_record = true;
	ck_assert_int_eq(chip_open("double:", &c), 0);
	/* nobody knows whether the application is open: the first command tells */
	double_expect("81 00 0006 E0C20000001B", "FF 00 0000", 0);
	double_expect_error(-1);
	double_expect_open();
	double_expect_uid(FACTORY_UID);
	turn(c);
	ck_assert_int_eq(dbl.joins, 1);
	ck_assert_int_eq(dbl.drains, 1);
	ck_assert_int_eq(dbl.starts, 1);
	boot = chip_boot(c);
	change = chip_change(c);
	turn(c);
	ck_assert_int_eq(dbl.joins, 2);
	ck_assert_int_eq(dbl.drains, 2);
	ck_assert_int_eq(dbl.starts, 1);
	ck_assert_uint_ne(chip_boot(c), boot);
	ck_assert_uint_ne(chip_change(c), change);
	double_expect(META_CMD, META_RSP, 0);
	ck_assert_int_eq(read_meta(c), 0);
	chip_close(&c);
}
END_TEST

START_TEST(a_record_of_another_layout_is_left_alone)
{
	struct bus_record was;

	dbl.record.version = 2;
	was = dbl.record;
	double_expect(META_CMD, META_RSP, 0);
	ck_assert_int_eq(read_meta(b), 0);
	ck_assert_int_eq(dbl.drains, 1);
	ck_assert_mem_eq(&was, &dbl.record, sizeof(was));
}
END_TEST

/* A record that was lost and made anew must not look like the one before. */
START_TEST(a_new_record_starts_from_other_numbers)
{
	const uint64_t change = chip_change(b), boot = chip_boot(b);

	memset(&dbl.record, 0, sizeof(dbl.record));
	double_expect_open();
	turn(b);
	ck_assert_uint_ne(chip_change(b), change);
	ck_assert_uint_ne(chip_boot(b), boot);
}
END_TEST

START_TEST(a_foreign_chip_is_refused_each_time)
{
	struct chip *c;

	ck_assert_int_eq(chip_open("double:", &c), 0);
	for (int i = 0; i < 2; i++) {
		double_expect_uid("CD17338201001C000500000A091B5C000700A60087801010719999");
		ck_assert_int_eq(chip_acquire(c), HAL_ENOTSUP);
		ck_assert_int_eq(dbl.locked, 0);
		ck_assert_ptr_null(chip_uid(c));
	}
	double_expect("81 00 0006 E0C20000001B", "00 00 0003 010203", 0); /* no UID at all */
	ck_assert_int_eq(chip_acquire(c), HAL_EPROTO);
	chip_close(&c);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip turns");
	TCase *tc = tcase_create("turns");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_first_one_starts_the_others_join);
	tcase_add_test(tc, another_turn_of_ones_own_costs_nothing);
	tcase_add_test(tc, acquiring_nests);
	tcase_add_test(tc, closing_while_held_gives_the_lock_back);
	tcase_add_test(tc, a_lock_that_cannot_be_had_is_an_error);
	tcase_add_test(tc, writing_moves_the_change_count_before_the_command);
	tcase_add_test(tc, reading_and_signing_move_nothing);
	tcase_add_test(tc, a_holder_that_died_in_a_command_is_waited_for);
	tcase_add_test(tc, an_outcome_unknown_is_waited_for_before_the_next_command);
	tcase_add_test(tc, a_holder_that_died_while_starting_is_made_up_for);
	tcase_add_test(tc, a_closed_application_is_opened_again);
	tcase_add_test(tc, what_may_not_run_twice_is_reported);
	tcase_add_loop_test(
	    tc, a_chip_that_makes_no_sense_is_started_once, 0, (int)NITEMS(senseless));
	tcase_add_loop_test(tc, joining_a_senseless_chip_starts_it, 0, (int)NITEMS(senseless));
	tcase_add_test(tc, the_lost_reason_of_a_failure_is_asked_for_again);
	tcase_add_test(tc, a_chip_that_is_gone_is_started_when_it_is_back);
	tcase_add_test(tc, an_application_that_cannot_be_opened_is_an_error);
	tcase_add_test(tc, without_a_record_every_turn_is_the_worst_case);
	tcase_add_test(tc, a_record_of_another_layout_is_left_alone);
	tcase_add_test(tc, a_new_record_starts_from_other_numbers);
	tcase_add_test(tc, a_foreign_chip_is_refused_each_time);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
