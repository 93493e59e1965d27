/*
 * Personalised parts (Express, MTR) with the secrets of their portal: what they open is used where
 * an object's condition asks for it, and nowhere else.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/bindfile.h"
#include "hal/chip/internal.h"
#include "tests/unit/portal.h"
#include "tests/unit/test_chip_ossl.h"

#define OID_CERT    0xE0E2 /* to be changed under Conf(E140) and Auto(F1D0), on both models */
#define OID_KEY_RSA 0xE0FC /* likewise */

static const char *const models[] = { "trust-m-express", "trust-m-mtr" };

static char dir[64], serial[CHIP_SERIAL_LEN];
static struct portal portal;
static struct chip *c;
static const uint8_t bytes[] = "changed";

static void
setup(void)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/portal.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(setenv("OPTIGA_BINDING_DIR", dir, 1), 0);
}

static void
start(int i)
{
	const char *selector = sim_image_of(models[i], true, 5);

	portal_of(selector, &portal);
	ck_assert_int_eq(chip_open(selector, &c), 0);
	ck_assert_int_eq(chip_acquire(c), 0);
	ck_assert_int_eq(chip_serial(chip_uid(c), serial), 0);
	chip_release(c);
}

static void
teardown(void)
{
	static const char *const suffixes[] = { BINDFILE_CURRENT, BINDFILE_AUTH };

	chip_close(&c);
	portal_free(&portal);
	for (size_t i = 0; i < NITEMS(suffixes); i++)
		ck_assert_int_eq(bindfile_remove(dir, serial, suffixes[i]), 0);
	ck_assert_int_eq(rmdir(dir), 0);
	unsetenv("OPTIGA_BINDING_DIR");
	sim_image_remove();
}

static int
change(void)
{
	return chip_data_write(c, OID_CERT, 0, bytes, sizeof(bytes), CHIP_WRITE);
}

START_TEST(objects_that_ask_for_it_are_changed_with_both_secrets)
{
	struct buf out = BUF_INIT;
	unsigned before;

	start(_i);
	ck_assert_int_eq(change(), CHIP_E_ACCESS);
	ck_assert_int_eq(chip_binding_adopt(c, portal.binding), 0);
	ck_assert_int_eq(change(), CHIP_E_ACCESS); /* one of two conditions */
	ck_assert_int_eq(chip_authorization_keep(c, portal.authorization), 0);
	ck_assert_int_eq(change(), 0);
	ck_assert_int_eq(chip_data_read(c, OID_CERT, 0, sizeof(bytes), &out), 0);
	ck_assert_mem_eq(out.data, bytes, sizeof(bytes));
	/* It holds: no more than the command itself from now on. */
	before = chip_commands(c);
	ck_assert_int_eq(change(), 0);
	ck_assert_uint_le(chip_commands(c) - before, 2);
	/* And is given again after it was lost, to commands that must not run twice too. */
	ck_assert_int_eq(chip_shutdown(c), 0);
	ck_assert_int_eq(change(), 0);
	ck_assert_int_eq(chip_shutdown(c), 0);
	ck_assert_int_eq(chip_keypair(c, OID_KEY_RSA, CHIP_ALG_RSA1024, CHIP_USE_SIGN, &out), 0);
	buf_free(&out);
}
END_TEST

START_TEST(other_refusals_are_left_alone)
{
	struct buf out = BUF_INIT;
	unsigned before;

	start(_i);
	ck_assert_int_eq(chip_binding_adopt(c, portal.binding), 0);
	ck_assert_int_eq(chip_authorization_keep(c, portal.authorization), 0);
	/* Never to be read, authorized or not: one look at the condition. */
	before = chip_commands(c);
	ck_assert_int_eq(chip_data_read(c, CHIP_OID_BINDING, 0, 64, &out), CHIP_E_ACCESS);
	ck_assert_uint_le(chip_commands(c) - before, 6);
	ck_assert_int_eq(chip_data_write(c, 0xE0C2, 0, bytes, 1, CHIP_WRITE), CHIP_E_ACCESS);
	buf_free(&out);
}
END_TEST

START_TEST(a_wrong_secret_changes_nothing)
{
	static const uint8_t zero[CHIP_BINDING_LEN];
	struct secret *wrong;

	start(_i);
	ck_assert_int_eq(chip_binding_adopt(c, portal.binding), 0);
	ck_assert_int_eq(chip_authorize_stored(c), HAL_ENOTFOUND);
	ck_assert_int_eq(secret_from(zero, sizeof(zero), &wrong), 0);
	ck_assert_int_eq(chip_authorization_keep(c, wrong), 0);
	ck_assert_int_eq(change(), CHIP_E_ACCESS);
	ck_assert_int_eq(chip_authorize_stored(c), CHIP_E_AUTHORIZATION);
	ck_assert_int_eq(chip_authorization_keep(c, portal.authorization), 0);
	ck_assert_int_eq(chip_authorize_stored(c), 0);
	ck_assert_int_eq(change(), 0);
	secret_free(&wrong);
}
END_TEST

/* What applications keep in session contexts is not taken for the challenge. */
START_TEST(no_session_context_of_others_is_used)
{
	uint16_t oid[CHIP_SESSION_COUNT];

	start(_i);
	ck_assert_int_eq(chip_binding_adopt(c, portal.binding), 0);
	ck_assert_int_eq(chip_authorization_keep(c, portal.authorization), 0);
	for (int i = 0; i < CHIP_SESSION_COUNT; i++)
		ck_assert_int_eq(chip_context_take(c, &oid[i]), 0);
	ck_assert_int_eq(chip_authorize_stored(c), HAL_EBUSY);
	ck_assert_int_eq(change(), CHIP_E_ACCESS);
	chip_context_give(c, oid[2]);
	ck_assert_int_eq(change(), 0);
	ck_assert_int_eq(chip_context_take(c, &oid[2]), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip portal");
	TCase *t = tcase_create("portal");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
	    t, objects_that_ask_for_it_are_changed_with_both_secrets, 0, NITEMS(models));
	tcase_add_loop_test(t, other_refusals_are_left_alone, 0, NITEMS(models));
	tcase_add_loop_test(t, a_wrong_secret_changes_nothing, 0, NITEMS(models));
	tcase_add_loop_test(t, no_session_context_of_others_is_used, 0, NITEMS(models));
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
