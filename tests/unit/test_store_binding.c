/*
 * The secrets that host and chip share, by attributes of chip objects: paired, rotated, locked,
 * taken over from the vendor's portal, forgotten.
 */
#include <config.h>

#include <check.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/optiga-pkcs11.h"
#include "tests/unit/portal.h"
#include "tests/unit/test_store_host.h"

static char dir[64];

/* Files in the directory of secrets; removed when asked. */
static unsigned
files(bool clear)
{
	DIR *d = opendir(dir);
	const struct dirent *e;
	unsigned n = 0;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		n++;
		if (clear)
			ck_assert_int_eq(unlinkat(dirfd(d), e->d_name, 0), 0);
	}
	if (d != NULL)
		(void)closedir(d);
	return n;
}

static void
setup(void)
{
	(void)snprintf(dir, sizeof(dir), "/tmp/binding.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(setenv("OPTIGA_BINDING_DIR", dir, 1), 0);
	log_set_level(LOG_LEVEL_OFF);
	host_start();
}

static void
teardown(void)
{
	host_end();
	(void)files(true);
	ck_assert_int_eq(rmdir(dir), 0);
	unsetenv("OPTIGA_BINDING_DIR");
}

static CK_OBJECT_HANDLE
chip_object(uint16_t oid)
{
	CK_OBJECT_CLASS cls = CKO_OPTIGA_CHIP_OBJECT;
	uint8_t bytes[] = { (uint8_t)(oid >> 8), (uint8_t)oid };
	const CK_ATTRIBUTE t[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_OPTIGA_OID, bytes, 2 } };

	ck_assert_uint_eq(host_find(t, 2), 1);
	return host_found[0];
}

static int
pair(CK_ULONG mode, bool meant)
{
	CK_BBOOL yes = meant ? CK_TRUE : CK_FALSE;
	const CK_ATTRIBUTE t[] = { { CKA_OPTIGA_PAIR, &mode, sizeof(mode) },
		{ CKA_OPTIGA_IRREVERSIBLE, &yes, 1 } };

	return store_set(st, chip_object(0xE140), t, 2);
}

static bool
paired(void)
{
	return host_bool(chip_object(0xE140), CKA_OPTIGA_PAIRED);
}

static int
forget(uint16_t oid)
{
	CK_BBOOL no = CK_FALSE;

	return host_set(chip_object(oid), CKA_OPTIGA_PAIRED, &no, 1);
}

static int
give(uint16_t oid, const struct secret *s)
{
	uint8_t copy[64];

	ck_assert_uint_le(secret_len(s), sizeof(copy));
	memcpy(copy, secret_bytes(s), secret_len(s));
	return host_set(chip_object(oid), CKA_OPTIGA_SECRET, copy, secret_len(s));
}

START_TEST(a_fresh_chip_is_paired_and_forgotten)
{
	struct buf b = BUF_INIT;

	ck_assert(!paired());
	ck_assert(host_bool(chip_object(0xE140), CKA_OPTIGA_FACTORY_SECRET));
	ck_assert(!paired());
	ck_assert_int_eq(pair(OPTIGA_PAIR_OPEN, false), 0);
	ck_assert(paired());
	ck_assert(!host_bool(chip_object(0xE140), CKA_OPTIGA_FACTORY_SECRET));
	ck_assert(paired()); /* the question leaves the right secret in use */
	ck_assert_uint_eq(files(false), 1);
	ck_assert_int_eq(
	    host_get(chip_object(0xE140), CKA_OPTIGA_SECRET, &b), STORE_EATTR_SENSITIVE);
	host_again();
	ck_assert(paired());
	ck_assert_int_eq(forget(0xE140), 0);
	ck_assert_uint_eq(files(false), 0);
	ck_assert(!paired());
	/* Whoever has the board can pair it again. */
	ck_assert_int_eq(pair(OPTIGA_PAIR_OPEN, false), 0);
	ck_assert(paired());
	buf_free(&b);
}
END_TEST

START_TEST(locks_must_be_meant)
{
	const bool sealed = _i != 0;
	const CK_ULONG mode = sealed ? OPTIGA_PAIR_SEALED : OPTIGA_PAIR_RENEWABLE;

	ck_assert_int_eq(pair(mode, false), STORE_EPROHIBITED);
	ck_assert(!paired());
	ck_assert_int_eq(pair(mode, true), 0);
	ck_assert(paired());
	ck_assert_uint_eq(host_ulong(chip_object(0xE140), CKA_OPTIGA_LIFE_CYCLE), 7);
	ck_assert(host_is(chip_object(0xE140), CKA_OPTIGA_CHANGE, sealed ? "\xFF" : "\x20\xE1\x40",
	    sealed ? 1 : 3));
	ck_assert(host_is(chip_object(0xE140), CKA_OPTIGA_READ, "\xFF", 1));
	ck_assert_int_eq(pair(OPTIGA_PAIR_OPEN, false), sealed ? CHIP_E_ACCESS : 0);
	ck_assert(paired());
	ck_assert_int_eq(forget(0xE140), 0);
	ck_assert_int_eq(pair(OPTIGA_PAIR_OPEN, false), CHIP_E_ACCESS);
}
END_TEST

/* The objects of a personalised part that only its secrets open. */
START_TEST(a_personalised_chip_takes_over_its_secrets)
{
	struct portal p;
	struct secret *wrong;
	uint8_t bytes[64] = { 7 };

	host_end();
	host_start_model(_i == 0 ? "trust-m-express" : "trust-m-mtr");
	portal_of(host_image, &p);
	ck_assert_int_eq(secret_from(bytes, sizeof(bytes), &wrong), 0);
	ck_assert(!paired());
	ck_assert(!host_bool(chip_object(0xF1D0), CKA_OPTIGA_PAIRED));
	ck_assert_int_eq(give(0xE140, wrong), STORE_EATTR_VALUE);
	ck_assert_int_ne(give(0xF1D0, p.authorization), 0); /* not without the encryption */
	ck_assert_uint_eq(files(false), 0);
	ck_assert_int_eq(give(0xE140, p.binding), 0);
	ck_assert(paired());
	ck_assert_int_eq(give(0xF1D0, wrong), STORE_EATTR_VALUE);
	ck_assert(!host_bool(chip_object(0xF1D0), CKA_OPTIGA_PAIRED));
	ck_assert_int_eq(give(0xF1D0, p.authorization), 0);
	ck_assert(host_bool(chip_object(0xF1D0), CKA_OPTIGA_PAIRED));
	ck_assert_uint_eq(files(false), 2);
	/* Rotated under both. */
	ck_assert_int_eq(pair(OPTIGA_PAIR_OPEN, false), 0);
	ck_assert(paired());
	ck_assert_int_eq(give(0xE140, p.binding), STORE_EATTR_VALUE);
	ck_assert(paired());
	ck_assert_int_eq(forget(0xF1D0), 0);
	ck_assert_int_eq(forget(0xE140), 0);
	ck_assert_uint_eq(files(false), 0);
	secret_free(&wrong);
	portal_free(&p);
}
END_TEST

START_TEST(what_is_asked_of_the_wrong_object_is_refused)
{
	CK_ULONG mode = OPTIGA_PAIR_OPEN, odd = 3;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	uint8_t bytes[65] = { 9 };
	const CK_ATTRIBUTE both[] = { { CKA_OPTIGA_PAIR, &mode, sizeof(mode) },
		{ CKA_OPTIGA_PAIRED, &no, 1 } };
	struct buf b = BUF_INIT;

	/* F1D0 of an ordinary part is data; keys have no secret of this kind. */
	ck_assert_int_eq(host_get(chip_object(0xF1D0), CKA_OPTIGA_PAIRED, &b), STORE_EATTR_TYPE);
	ck_assert_int_eq(
	    host_get(chip_object(0xE0F1), CKA_OPTIGA_FACTORY_SECRET, &b), STORE_EATTR_TYPE);
	ck_assert_int_eq(
	    host_set(chip_object(0xE0F1), CKA_OPTIGA_PAIR, &mode, sizeof(mode)), STORE_EATTR_TYPE);
	ck_assert_int_eq(
	    host_set(chip_object(0xF1D0), CKA_OPTIGA_SECRET, bytes, 64), STORE_EATTR_TYPE);
	ck_assert_int_eq(
	    host_set(chip_object(0xE140), CKA_OPTIGA_PAIR, &odd, sizeof(odd)), STORE_EATTR_VALUE);
	ck_assert_int_eq(
	    host_set(chip_object(0xE140), CKA_OPTIGA_PAIR, &mode, 1), STORE_EATTR_VALUE);
	ck_assert_int_eq(
	    host_set(chip_object(0xE140), CKA_OPTIGA_PAIRED, &yes, 1), STORE_EATTR_VALUE);
	ck_assert_int_eq(
	    host_set(chip_object(0xE140), CKA_OPTIGA_SECRET, bytes, 65), STORE_EATTR_VALUE);
	ck_assert_int_eq(
	    host_set(chip_object(0xE140), CKA_OPTIGA_SECRET, bytes, 8), STORE_EATTR_VALUE);
	ck_assert_int_eq(store_set(st, chip_object(0xE140), both, 2), STORE_ECONFLICT);
	ck_assert(!paired());
	ck_assert_uint_eq(files(false), 0);
	buf_free(&b);
}
END_TEST

/* The reason is the host's, not the chip's, which keeps the secret it had. */
START_TEST(a_host_that_cannot_keep_the_secret_changes_nothing)
{
	char none[80];

	(void)snprintf(none, sizeof(none), "%s/none/binding", dir);
	ck_assert_int_eq(setenv("OPTIGA_BINDING_DIR", none, 1), 0);
	host_again();
	ck_assert_int_eq(pair(OPTIGA_PAIR_OPEN, false), STORE_EFILES);
	ck_assert(host_bool(chip_object(0xE140), CKA_OPTIGA_FACTORY_SECRET));
	ck_assert_int_eq(setenv("OPTIGA_BINDING_DIR", dir, 1), 0);
}
END_TEST

/* What the module itself keeps on the chip stays open to it. */
START_TEST(the_index_is_not_locked)
{
	CK_OBJECT_HANDLE pub, priv;
	CK_ULONG op = 7;
	CK_BBOOL yes = CK_TRUE;
	const CK_ATTRIBUTE lock[] = { { CKA_OPTIGA_LIFE_CYCLE, &op, sizeof(op) },
		{ CKA_OPTIGA_IRREVERSIBLE, &yes, 1 } };

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "mine", &pub, &priv), 0);
	ck_assert_int_eq(store_set(st, chip_object(0xF1D4), lock, 2), STORE_EPROHIBITED);
	ck_assert_int_eq(
	    host_set(chip_object(0xF1D4), CKA_OPTIGA_CHANGE, "\xFF", 1), STORE_EPROHIBITED);
	ck_assert_int_eq(store_set(st, chip_object(0xF1D0), lock, 2), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_binding");
	TCase *t = tcase_create("binding");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_fresh_chip_is_paired_and_forgotten);
	tcase_add_loop_test(t, locks_must_be_meant, 0, 2);
	tcase_add_loop_test(t, a_personalised_chip_takes_over_its_secrets, 0, 2);
	tcase_add_test(t, what_is_asked_of_the_wrong_object_is_refused);
	tcase_add_test(t, a_host_that_cannot_keep_the_secret_changes_nothing);
	tcase_add_test(t, the_index_is_not_locked);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
