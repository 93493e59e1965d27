/*
 * Pairing and the encrypted connection through every layer, on the simulated chip: secrets on
 * the host, interrupted pairings, hosts that share a chip.
 */
#include <config.h>

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/bus.h"
#include "hal/chip/bindfile.h"
#include "hal/chip/internal.h"
#include "hal/link/link.h"
#include "tests/unit/shield_bed.h"
#include "tests/unit/test_chip_ossl.h"

/* --- pairing -------------------------------------------------------------------------------- */

START_TEST(pairing_leaves_a_secret_that_works)
{
	struct stat st, sd;
	char path[128];
	struct secret *s;
	struct chip *other;

	ck_assert_int_eq(chip_binding_prove(bed_chip), HAL_EPAIR);
	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0);
	ck_assert_uint_eq(bed_handshakes(bed_chip), 1);
	(void)snprintf(path, sizeof(path), "%s/%s", bed_dir, bed_serial);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(stat(bed_dir, &sd), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_uint_eq(st.st_gid, sd.st_gid);
	s = bed_secret_of(BINDFILE_CURRENT);
	ck_assert_uint_eq(secret_len(s), CHIP_BINDING_LEN);
	secret_free(&s);
	ck_assert(!bed_exists(BINDFILE_PENDING));
	other = bed_open();
	ck_assert_int_eq(chip_binding_prove(other), 0);
	chip_close(&other);
}
END_TEST

START_TEST(objects_that_demand_it_are_encrypted_and_no_others)
{
	uint8_t v;

	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0);
	ck_assert_int_eq(bed_write(bed_chip, 5), 0);
	bed_expect(bed_chip, 5);
	ck_assert_uint_eq(bed_handshakes(bed_chip), 1); /* of the pairing */
	link_forget(bed_chip->ln);
	ck_assert_int_eq(bed_write(bed_chip, 6), 0);
	ck_assert_uint_eq(bed_handshakes(bed_chip), 1);
	bed_demand();
	ck_assert_int_eq(bed_write(bed_chip, 7), 0);
	ck_assert_uint_eq(bed_handshakes(bed_chip), 2);
	bed_expect(bed_chip, 7);
	ck_assert_uint_eq(bed_handshakes(bed_chip), 2);
	/* Without the secret the chip says what it says to everybody. */
	ck_assert_int_eq(chip_binding_remove(bed_chip), 0);
	ck_assert_int_eq(bed_read(bed_chip, &v), CHIP_E_ACCESS);
	ck_assert_int_eq(bed_write(bed_chip, 8), CHIP_E_ACCESS);
}
END_TEST

START_TEST(rotating_gives_a_new_secret_and_other_hosts_go_on)
{
	struct chip *other = bed_open();
	struct secret *before, *after;

	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_RENEW), 0);
	bed_demand();
	ck_assert_int_eq(bed_write(other, 1), 0);
	before = bed_secret_of(BINDFILE_CURRENT);
	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_RENEW), 0);
	after = bed_secret_of(BINDFILE_CURRENT);
	ck_assert(!secret_equal(before, after));
	bed_expect(other, 1);
	bed_expect(bed_chip, 1);
	secret_free(&before);
	secret_free(&after);
	chip_close(&other);
}
END_TEST

START_TEST(locked_chips_take_no_secret_of_strangers)
{
	const bool sealed = _i == 1;
	struct secret *kept;
	struct buf b = BUF_INIT;

	ck_assert_int_eq(chip_pair(bed_chip, sealed ? CHIP_BINDING_SEALED : CHIP_BINDING_RENEW), 0);
	ck_assert_int_eq(chip_data_read(bed_chip, CHIP_OID_BINDING, 0, 64, &b), CHIP_E_ACCESS);
	buf_free(&b);
	kept = bed_secret_of(BINDFILE_CURRENT);
	if (sealed) {
		ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_SEALED), CHIP_E_ACCESS);
		ck_assert(!bed_exists(BINDFILE_PENDING));
		ck_assert_int_eq(chip_binding_prove(bed_chip), 0);
	}
	ck_assert_int_eq(chip_binding_remove(bed_chip), 0);
	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), CHIP_E_ACCESS);
	ck_assert_int_eq(chip_binding_adopt(bed_chip, kept), 0);
	ck_assert_int_eq(chip_binding_prove(bed_chip), 0);
	secret_free(&kept);
}
END_TEST

/* --- interrupted pairings -------------------------------------------------------------------- */

enum moment { PENDING_WRITTEN, CHIP_WRITTEN, NEVER_PAIRED };

START_TEST(an_interrupted_pairing_recovers)
{
	struct secret *fresh = bed_some_secret(100), *now;

	if (_i != NEVER_PAIRED)
		ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0);
	bed_demand();
	ck_assert_int_eq(bindfile_write(bed_dir, bed_serial, BINDFILE_PENDING, fresh), 0);
	if (_i != PENDING_WRITTEN)
		ck_assert_int_eq(chip_data_write(bed_chip, CHIP_OID_BINDING, 0, secret_bytes(fresh),
				     secret_len(fresh), CHIP_ERASE_WRITE),
		    0);
	chip_close(&bed_chip); /* this is where the host died */
	bed_chip = bed_open();
	ck_assert_int_eq(bed_write(bed_chip, 9), 0);
	bed_expect(bed_chip, 9);
	now = bed_secret_of(BINDFILE_CURRENT);
	ck_assert_int_eq(secret_equal(now, fresh), _i != PENDING_WRITTEN);
	ck_assert_int_eq(bed_exists(BINDFILE_PENDING), _i == PENDING_WRITTEN);
	secret_free(&now);
	/* And another pairing goes through. */
	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0);
	ck_assert(!bed_exists(BINDFILE_PENDING));
	bed_expect(bed_chip, 9);
	secret_free(&fresh);
}
END_TEST

/* Pairs again and again until it is killed. */
static void
child_pairs(void)
{
	struct chip *mine;

	if (chip_open(bed_selector, &mine) != 0)
		_exit(1);
	for (;;)
		if (chip_pair(mine, CHIP_BINDING_OPEN) != 0)
			_exit(1);
}

START_TEST(a_host_killed_while_pairing_leaves_a_chip_that_works)
{
	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0);
	bed_demand();
	for (unsigned n = 0; n < 12; n++) {
		int status;
		const pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			child_pairs();
		usleep(20000 + 3701 * n);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status));
		ck_assert_int_eq(bed_write(bed_chip, (uint8_t)n), 0);
		bed_expect(bed_chip, (uint8_t)n);
	}
	/* What a death in mid-write left behind is gone; teardown sees to it. */
	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0);
}
END_TEST

/* A file whose name is the serial and this; one more character in front: of another chip. */
static const char *
path_of(const char *suffix)
{
	static char path[160];
	const bool other = suffix[0] == '0';

	(void)snprintf(path, sizeof(path), "%s/%s%.*s%s", bed_dir, other ? "0" : "",
	    CHIP_SERIAL_LEN - 1 - other, bed_serial, suffix + other);
	return path;
}

static void
make_file(const char *suffix)
{
	FILE *f = fopen(path_of(suffix), "w");

	ck_assert_ptr_nonnull(f);
	fputs("0011", f);
	(void)fclose(f);
}

START_TEST(temporary_files_of_the_dead_are_swept_and_no_others)
{
	static const char dead[] = ".tmp.Ab3xYz";
	static const char *const others[] = { ".auth", ".backup", ".tmp.Ab3.Yz", ".tmp.Ab3xY",
		"0.tmp.Ab3xYz", ".tmp" };

	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0);
	make_file(dead);
	for (size_t i = 0; i < NITEMS(others); i++)
		make_file(others[i]);
	switch (_i) {
	case 0: ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0); break;
	case 1: ck_assert_int_eq(chip_binding_remove(bed_chip), 0); break;
	default: {
		struct secret *s = bed_secret_of(BINDFILE_CURRENT);

		ck_assert_int_eq(chip_binding_adopt(bed_chip, s), 0);
		secret_free(&s);
	}
	}
	ck_assert_int_ne(access(path_of(dead), F_OK), 0);
	for (size_t i = 0; i < NITEMS(others); i++) {
		ck_assert_int_eq(unlink(path_of(others[i])), 0); /* it was there */
	}
}
END_TEST

/* --- secrets that are refused ----------------------------------------------------------------- */

START_TEST(the_factory_secret_is_for_tests_alone)
{
	struct secret *factory = bed_some_secret(1), *brief;

	ck_assert_int_eq(chip_binding_adopt(bed_chip, factory), HAL_EINVAL);
	ck_assert_int_eq(bindfile_write(bed_dir, bed_serial, BINDFILE_CURRENT, factory), 0);
	ck_assert_int_eq(chip_binding_prove(bed_chip), HAL_EPAIR);
	ck_assert_uint_eq(bed_handshakes(bed_chip), 0);
	ck_assert_int_eq(setenv("OPTIGA_TEST_FACTORY_SECRET", "yes", 1), 0);
	chip_close(&bed_chip);
	bed_chip = bed_open();
	ck_assert_int_eq(chip_binding_prove(bed_chip), 0);
	ck_assert_int_eq(secret_from("too short", 9, &brief), 0);
	ck_assert_int_eq(chip_binding_adopt(bed_chip, brief), HAL_EINVAL);
	secret_free(&factory);
	secret_free(&brief);
}
END_TEST

/* FT-34 */
START_TEST(FT_34_a_wrong_secret_is_tried_once)
{
	struct secret *wrong = bed_some_secret(50);
	unsigned before;

	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0);
	bed_demand();
	ck_assert_int_eq(chip_binding_adopt(bed_chip, wrong), HAL_EPAIR);
	ck_assert_int_eq(chip_binding_prove(bed_chip), 0); /* the old one is still there */
	ck_assert_int_eq(bindfile_write(bed_dir, bed_serial, BINDFILE_CURRENT, wrong), 0);
	chip_close(&bed_chip);
	bed_chip = bed_open();
	ck_assert_int_eq(chip_acquire(bed_chip), 0);
	before = chip_commands(bed_chip);
	ck_assert_int_eq(bed_write(bed_chip, 1), HAL_EPAIR);
	/* Its metadata, and the command itself. */
	ck_assert_uint_le(chip_commands(bed_chip) - before, 2);
	ck_assert_uint_eq(bed_handshakes(bed_chip), 0);
	chip_release(bed_chip);
	/* Everything else works as before. */
	ck_assert_int_eq(
	    chip_data_write(bed_chip, 0xF1D2, 0, (const uint8_t *)"x", 1, CHIP_WRITE), 0);
	secret_free(&wrong);
}
END_TEST

START_TEST(files_that_hold_no_secret_are_refused)
{
	static const char *const texts[] = { "", "\n", "0", "zz", "00112233445566778899zz",
		"0011 2233", "00112233\n\n" };
	char path[128];
	struct secret *s;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", bed_dir, bed_serial);
	ck_assert_int_eq(bindfile_read(bed_dir, bed_serial, BINDFILE_CURRENT, &s), HAL_ENOTFOUND);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fputs(texts[_i], f);
	fclose(f);
	ck_assert_int_eq(bindfile_read(bed_dir, bed_serial, BINDFILE_CURRENT, &s), HAL_EFORMAT);
	ck_assert_ptr_null(s);
	ck_assert_int_eq(chip_binding_prove(bed_chip), HAL_EPAIR);
}
END_TEST

/* --- sharing ---------------------------------------------------------------------------------- */

START_TEST(hosts_hand_over_with_as_few_handshakes_as_can_be)
{
	struct chip *other = bed_open(), *plain = bed_open();
	unsigned mine;

	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0);
	bed_demand();
	mine = bed_handshakes(bed_chip);
	for (unsigned n = 0; n < 5; n++) {
		/* Plain commands of others leave the session standing. */
		ck_assert_int_eq(bed_write(bed_chip, (uint8_t)n), 0);
		ck_assert_int_eq(
		    chip_data_write(plain, 0xF1D2, 0, (const uint8_t *)"x", 1, CHIP_WRITE), 0);
	}
	ck_assert_uint_eq(bed_handshakes(bed_chip), mine);
	ck_assert_uint_eq(bed_handshakes(plain), 0);
	for (unsigned n = 0; n < 5; n++) {
		/* A session each, made once per turn. */
		ck_assert_int_eq(bed_write(other, (uint8_t)n), 0);
		bed_expect(other, (uint8_t)n);
		ck_assert_int_eq(bed_write(bed_chip, (uint8_t)n), 0);
		bed_expect(bed_chip, (uint8_t)n);
	}
	ck_assert_uint_eq(bed_handshakes(other), 5);
	ck_assert_uint_eq(bed_handshakes(bed_chip), mine + 5);
	chip_close(&other);
	chip_close(&plain);
}
END_TEST

/* FT-25 */
START_TEST(FT_25_a_reset_by_somebody_is_no_matter)
{
	struct chip *other = bed_open();

	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0);
	bed_demand();
	ck_assert_int_eq(bed_write(bed_chip, 1), 0);
	ck_assert_int_eq(chip_acquire(other), 0);
	ck_assert_int_eq(chip_restart(other), 0);
	chip_release(other);
	ck_assert_int_eq(bed_write(bed_chip, 2), 0);
	bed_expect(other, 2);
	/* And one that leaves no word. */
	ck_assert_int_eq(chip_acquire(other), 0);
	ck_assert_int_eq(link_start(other->ln), 0);
	other->rec->owner = bed_chip->self;
	chip_release(other);
	ck_assert_int_eq(bed_write(bed_chip, 3), 0);
	bed_expect(bed_chip, 3);
	chip_close(&other);
}
END_TEST

/* FT-32: A host that takes the session without a word in the record: the chip ends ours. */
START_TEST(FT_32_a_session_stolen_silently_is_made_anew)
{
	struct chip *other = bed_open();
	struct bus_record kept;
	unsigned mine;

	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0);
	bed_demand();
	ck_assert_int_eq(bed_write(bed_chip, 1), 0);
	mine = bed_handshakes(bed_chip);
	ck_assert_int_eq(chip_acquire(other), 0);
	kept = *other->rec;
	ck_assert_int_eq(chip_binding_prove(other), 0);
	kept.owner = other->self;
	*other->rec = kept;
	chip_release(other);
	ck_assert_int_eq(bed_write(bed_chip, 2), 0);
	ck_assert_uint_eq(bed_handshakes(bed_chip), mine + 1);
	bed_expect(bed_chip, 2);
	chip_close(&other);
}
END_TEST

/* --- conditions ------------------------------------------------------------------------------- */

START_TEST(conditions_that_demand_the_connection)
{
	static const struct {
		uint8_t ac[16];
		size_t len;
		int lcso;
		bool yes;
	} rows[] = {
		{ { 0x00 }, 1, 1, false },
		{ { 0xFF }, 1, 1, false },
		{ { 0x20, 0xE1, 0x40 }, 3, 7, true },
		{ { 0x21, 0xE1, 0x40 }, 3, 7, true },
		{ { 0x20, 0xF1, 0xD0 }, 3, 7, false },
		{ { 0x21, 0xE0, 0xE8 }, 3, 7, false },
		{ { 0xE1, 0xFC, 0x07, 0xFE, 0x20, 0xE1, 0x40 }, 7, 1, false },
		{ { 0xE1, 0xFC, 0x07, 0xFE, 0x20, 0xE1, 0x40 }, 7, 7, true },
		{ { 0xE1, 0xFC, 0x07, 0xFE, 0x20, 0xE1, 0x40 }, 7, -1, true },
		{ { 0x20, 0xE1, 0x40, 0xFE, 0xE1, 0xFC, 0x07 }, 7, 3, false },
		{ { 0x20, 0xE1, 0x40, 0xFD, 0x23, 0xF1, 0xD0 }, 7, 7, true },
		{ { 0xE1, 0xFC, 0x07, 0xFD, 0x20, 0xE1, 0x40 }, 7, 1, true },
		{ { 0x23, 0xF1, 0xD0, 0xFE, 0x20, 0xE1, 0x40 }, 7, 7, true },
		{ { 0xE1, 0xFA, 0x03, 0xFE, 0x21, 0xE1, 0x40 }, 7, 3, false },
		{ { 0xE1, 0xFB, 0x03, 0xFE, 0x21, 0xE1, 0x40 }, 7, 7, false },
		{ { 0x70, 0xFC, 0x07 }, 3, 7, false },
		/* Broken ones: what was seen so far counts. */
		{ { 0x20, 0xE1 }, 2, 7, false },
		{ { 0x20, 0xE1, 0x40, 0xFE }, 4, 7, true },
		{ { 0x20, 0xE1, 0x40, 0x00 }, 4, 7, true },
	};
	const struct cur ac = { rows[_i].ac, rows[_i].len }, none = { NULL, 0 };

	ck_assert_int_eq(chip_access_shielded(&ac, rows[_i].lcso), rows[_i].yes);
	ck_assert(!chip_access_shielded(&none, 7));
}
END_TEST

/* --- nothing is told -------------------------------------------------------------------------- */

static bool
contains(const char *text, const struct secret *s)
{
	char upper[2 * CHIP_BINDING_LEN + 1], part[17];

	for (size_t i = 0; i < secret_len(s); i++)
		(void)snprintf(upper + 2 * i, 3, "%02X", secret_bytes(s)[i]);
	/* Eight bytes anywhere, in any case of letters. */
	for (size_t i = 0; i + 16 <= 2 * secret_len(s); i += 2) {
		(void)snprintf(part, sizeof(part), "%.16s", upper + i);
		if (strcasestr(text, part) != NULL)
			return true;
	}
	return false;
}

START_TEST(no_secret_is_logged)
{
	static char text[1 << 16];
	char path[] = "/tmp/log.XXXXXX";
	const int fd = mkstemp(path), saved = dup(2);
	struct secret *s, *wrong = bed_some_secret(60);
	ssize_t n;

	ck_assert_int_ge(fd, 0);
	fflush(stderr);
	ck_assert_int_eq(dup2(fd, 2), 2);
	log_set_level(LOG_LEVEL_DEBUG);
	(void)chip_pair(bed_chip, CHIP_BINDING_OPEN);
	s = bed_secret_of(BINDFILE_CURRENT);
	(void)chip_binding_adopt(bed_chip, wrong);
	bed_demand();
	(void)bed_write(bed_chip, 1);
	(void)chip_binding_remove(bed_chip);
	(void)bed_write(bed_chip, 2);
	log_set_level(LOG_LEVEL_OFF);
	fflush(stderr);
	ck_assert_int_eq(dup2(saved, 2), 2);
	ck_assert_int_ge(n = pread(fd, text, sizeof(text) - 1, 0), 1);
	text[n] = '\0';
	ck_assert(!contains(text, s));
	ck_assert(!contains(text, wrong));
	secret_free(&s);
	secret_free(&wrong);
	(void)close(fd);
	(void)close(saved);
	(void)unlink(path);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip shield");
	TCase *t = tcase_create("shield");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, bed_setup, bed_teardown);
	tcase_add_test(t, pairing_leaves_a_secret_that_works);
	tcase_add_test(t, objects_that_demand_it_are_encrypted_and_no_others);
	tcase_add_test(t, rotating_gives_a_new_secret_and_other_hosts_go_on);
	tcase_add_loop_test(t, locked_chips_take_no_secret_of_strangers, 0, 2);
	tcase_add_loop_test(t, an_interrupted_pairing_recovers, 0, 3);
	tcase_add_test(t, a_host_killed_while_pairing_leaves_a_chip_that_works);
	tcase_add_loop_test(t, temporary_files_of_the_dead_are_swept_and_no_others, 0, 3);
	tcase_add_test(t, the_factory_secret_is_for_tests_alone);
	tcase_add_test(t, FT_34_a_wrong_secret_is_tried_once);
	tcase_add_loop_test(t, files_that_hold_no_secret_are_refused, 0, 7);
	tcase_add_test(t, hosts_hand_over_with_as_few_handshakes_as_can_be);
	tcase_add_test(t, FT_25_a_reset_by_somebody_is_no_matter);
	tcase_add_test(t, FT_32_a_session_stolen_silently_is_made_anew);
	tcase_add_loop_test(t, conditions_that_demand_the_connection, 0, 19);
	tcase_add_test(t, no_secret_is_logged);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
