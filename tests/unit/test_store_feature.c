/*
 * What only shows when asked for: counters, profiles, the objects of the chip as they are; and
 * changes of metadata, of which some can never be taken back.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/kind.h"
#include "tests/unit/test_store_host.h"

#define NMODELS 5

static CK_OBJECT_HANDLE
counter(uint16_t oid)
{
	CK_OBJECT_CLASS cls = CKO_HW_FEATURE;
	CK_HW_FEATURE_TYPE type = CKH_MONOTONIC_COUNTER;
	uint8_t bytes[] = { (uint8_t)(oid >> 8), (uint8_t)oid };
	const CK_ATTRIBUTE t[] = { { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_HW_FEATURE_TYPE, &type, sizeof(type) }, { CKA_OPTIGA_OID, bytes, 2 } };

	ck_assert_uint_eq(host_find(t, 3), 1);
	return host_found[0];
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
set_ulong(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, CK_ULONG v)
{
	return host_set(h, type, &v, sizeof(v));
}

/* An attribute and CKA_OPTIGA_IRREVERSIBLE. */
static int
set_for_good(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, const void *p, CK_ULONG len, bool meant)
{
	uint8_t copy[64];
	CK_BBOOL yes = meant ? CK_TRUE : CK_FALSE;
	const CK_ATTRIBUTE t[] = { { type, copy, len },
		{ CKA_OPTIGA_IRREVERSIBLE, &yes, sizeof(yes) } };

	memcpy(copy, p, len);
	return store_set(st, h, t, 2);
}

START_TEST(hidden_unless_asked_for)
{
	const CK_ULONG all = host_find(NULL, 0);
	CK_BBOOL yes = CK_TRUE;
	uint8_t oid[] = { 0xE1, 0x20 };
	const CK_ATTRIBUTE token = { CKA_TOKEN, &yes, 1 }, by_oid = { CKA_OPTIGA_OID, oid, 2 };

	ck_assert_uint_eq(all, 3);
	ck_assert_uint_eq(host_find(&token, 1), 3);
	ck_assert_uint_eq(host_find_class(CKO_HW_FEATURE), 4);
	ck_assert_uint_eq(host_find_class(CKO_PROFILE), 2);
	/* Counters are hidden as the standard says, chip objects are found by their OID. */
	ck_assert_uint_eq(host_find(&by_oid, 1), 1);
	ck_assert_uint_eq(host_ulong(host_found[0], CKA_CLASS), CKO_OPTIGA_CHIP_OBJECT);
}
END_TEST

START_TEST(profiles_say_which)
{
	ck_assert_uint_eq(host_find_class(CKO_PROFILE), 2);
	ck_assert_uint_eq(host_ulong(host_found[0], CKA_PROFILE_ID), CKP_BASELINE_PROVIDER);
	ck_assert_uint_eq(host_ulong(host_found[1], CKA_PROFILE_ID), CKP_PUBLIC_CERTIFICATES_TOKEN);
	ck_assert(!host_bool(host_found[0], CKA_DESTROYABLE));
	ck_assert_int_eq(store_destroy(st, host_found[0]), STORE_EPROHIBITED);
	ck_assert_int_eq(host_set(host_found[0], CKA_LABEL, "x", 1), STORE_EATTR_READONLY);
}
END_TEST

START_TEST(counters_count)
{
	CK_OBJECT_HANDLE h = counter(0xE121);

	ck_assert(host_is(h, CKA_VALUE, "\0\0\0\0", 4));
	ck_assert(!host_bool(h, CKA_RESET_ON_INIT));
	ck_assert(host_bool(h, CKA_HAS_RESET));
	ck_assert_int_eq(set_ulong(h, CKA_OPTIGA_COUNT_ADD, 1), CHIP_E_COUNTER); /* threshold 0 */
	ck_assert_int_eq(set_ulong(h, CKA_OPTIGA_THRESHOLD, 0x01020304), 0);
	ck_assert_uint_eq(host_ulong(h, CKA_OPTIGA_THRESHOLD), 0x01020304);
	ck_assert_int_eq(set_ulong(h, CKA_OPTIGA_COUNT_ADD, 255), 0);
	ck_assert_int_eq(set_ulong(h, CKA_OPTIGA_COUNT_ADD, 2), 0);
	ck_assert(host_is(h, CKA_VALUE, "\x00\x00\x01\x01", 4));
	ck_assert(host_is(h, CKA_VALUE, "\x00\x00\x01\x01", 4)); /* reading does not count */
	ck_assert_int_eq(set_ulong(h, CKA_OPTIGA_COUNT_ADD, 0), STORE_EATTR_VALUE);
	ck_assert_int_eq(set_ulong(h, CKA_OPTIGA_COUNT_ADD, 256), STORE_EATTR_VALUE);
	ck_assert_int_eq(set_ulong(h, CKA_OPTIGA_THRESHOLD, 1UL << 32), STORE_EATTR_VALUE);
	ck_assert_int_eq(host_set(h, CKA_VALUE, "\0\0\0\0", 4), STORE_EATTR_READONLY);
	ck_assert_int_eq(store_destroy(st, h), STORE_EPROHIBITED);
	ck_assert_int_eq(host_set(h, CKA_LABEL, "starts", 6), 0);
	host_again();
	h = counter(0xE121);
	ck_assert(host_is(h, CKA_LABEL, "starts", 6));
	ck_assert(host_is(h, CKA_VALUE, "\x00\x00\x01\x01", 4));
}
END_TEST

/* Every object of every model, with every attribute; nothing is written. */
START_TEST(every_object_of_the_chip)
{
	static const char *const ids[NMODELS] = { "trust-x", "trust-m-v1", "trust-m-v3",
		"trust-m-express", "trust-m-mtr" };
	const struct chip_object *o;
	struct buf b = BUF_INIT;
	CK_OBJECT_HANDLE h[64];
	CK_ULONG n, total = 0;
	uint64_t change;

	host_end();
	host_start_model(ids[_i]);
	change = chip_change(host_chip());
	while (chip_model_object_at(chip_model(host_chip()), total) != NULL)
		total++;
	n = host_find_class(CKO_OPTIGA_CHIP_OBJECT);
	ck_assert_uint_eq(n, total);
	memcpy(h, host_found, n * sizeof(*h));
	for (CK_ULONG i = 0; i < n; i++) {
		o = chip_model_object_at(chip_model(host_chip()), i);
		ck_assert(host_is(h[i], CKA_LABEL, o->name, strlen(o->name)));
		for (size_t k = 0; k < attr_chip.n + attr_stored.n; k++) {
			const struct attr *a = k < attr_chip.n ? &attr_chip.rows[k]
							       : &attr_stored.rows[k - attr_chip.n];
			const int r = host_get(h[i], a->type, &b);

			ck_assert_msg(r == 0 || r == STORE_EATTR_TYPE || r == STORE_EATTR_SENSITIVE,
			    "%04X %lx: %d", o->oid, a->type, r);
		}
		ck_assert_int_eq(store_destroy(st, h[i]), STORE_EPROHIBITED);
	}
	ck_assert_int_eq(host_get(chip_object(0xE0F0), CKA_VALUE, &b), STORE_EATTR_SENSITIVE);
	if (chip_model_object(chip_model(host_chip()), 0xE140) != NULL)
		ck_assert_int_eq(
		    host_get(chip_object(0xE140), CKA_VALUE, &b), STORE_EATTR_SENSITIVE);
	ck_assert(host_is(chip_object(0xE0C2), CKA_VALUE, chip_uid(host_chip()), CHIP_UID_LEN));
	ck_assert_uint_eq(chip_change(host_chip()), change);
	buf_free(&b);
}
END_TEST

START_TEST(metadata_in_bytes_and_words)
{
	static const uint8_t never = 0xFF;
	static const uint8_t f1d0[] = { 0x20, 0x11, 0xC0, 1, 1, 0xC4, 1, 0x8C, 0xC5, 1, 0x64, 0xD0,
		3, 0xE1, 0xFC, 0x07, 0xD1, 1, 0 };
	const CK_OBJECT_HANDLE h = chip_object(0xF1D0);
	struct buf b = BUF_INIT;

	ck_assert(host_is(h, CKA_OPTIGA_METADATA, f1d0, sizeof(f1d0)));
	ck_assert_uint_eq(host_ulong(h, CKA_OPTIGA_LIFE_CYCLE), 1);
	ck_assert_uint_eq(host_ulong(h, CKA_OPTIGA_USED_SIZE), 100);
	ck_assert_uint_eq(host_ulong(h, CKA_OPTIGA_MAX_SIZE), 140);
	ck_assert(host_is(h, CKA_OPTIGA_CHANGE, "\xE1\xFC\x07", 3));
	ck_assert(host_is(h, CKA_OPTIGA_EXECUTE, &never, 1));
	ck_assert_int_eq(host_get(h, CKA_OPTIGA_CHANGE_WORDS, &b), 0);
	ck_assert_uint_eq(b.len, strlen("LcsO < operational"));
	ck_assert_mem_eq(b.data, "LcsO < operational", b.len);
	ck_assert(host_is(h, CKA_OPTIGA_READ_WORDS, "always", 6));
	ck_assert(host_is(h, CKA_OPTIGA_EXECUTE_WORDS, "never", 5));
	buf_free(&b);
}
END_TEST

START_TEST(conditions_can_be_changed_and_changed_back)
{
	static const uint8_t same[] = { 0x20, 0x0B, 0xC4, 1, 0x8C, 0xD0, 3, 0xE1, 0xFC, 0x07, 0xD1,
		1, 0 };
	static const uint8_t type[] = { 0x20, 0x06, 0xE8, 1, 0x21, 0xD3, 1, 0 };
	static const uint8_t larger[] = { 0x20, 0x03, 0xC4, 1, 0x90 };
	const CK_OBJECT_HANDLE h = chip_object(0xF1D0);
	unsigned before;

	ck_assert_int_eq(host_set(h, CKA_OPTIGA_READ, "\xFF", 1), 0);
	ck_assert(host_is(h, CKA_OPTIGA_READ, "\xFF", 1));
	ck_assert_int_eq(host_set(h, CKA_OPTIGA_READ, "\x00", 1), 0);
	before = host_commands();
	ck_assert_int_eq(host_set(h, CKA_OPTIGA_METADATA, same, sizeof(same)), 0);
	ck_assert_uint_le(host_commands(), before + 4); /* a look, and the index; no write */
	ck_assert_int_eq(
	    host_set(h, CKA_OPTIGA_METADATA, larger, sizeof(larger)), STORE_EATTR_VALUE);
	ck_assert_int_eq(host_set(h, CKA_OPTIGA_METADATA, "\x20\x05\x01", 3), STORE_EATTR_VALUE);
	ck_assert_int_eq(host_set(h, CKA_OPTIGA_CHANGE, "", 0), STORE_EATTR_VALUE);
	ck_assert_int_eq(host_set(h, CKA_OPTIGA_METADATA, type, sizeof(type)), 0);
	ck_assert_uint_eq(host_find_class(CKO_SECRET_KEY), 1);
	/* Of status objects nobody sets the rules. */
	ck_assert_int_eq(
	    host_set(chip_object(0xE0C3), CKA_OPTIGA_READ, "\xFF", 1), STORE_EPROHIBITED);
}
END_TEST

START_TEST(what_is_for_good_must_be_meant)
{
	CK_ULONG op = 7, init = 3, cr = 1, odd = 5;
	CK_OBJECT_HANDLE h = chip_object(0xF1D1);
	uint8_t never = 0xFF;
	CK_BBOOL yes = CK_TRUE;
	const CK_ATTRIBUTE lock[] = { { CKA_OPTIGA_LIFE_CYCLE, &op, sizeof(op) },
		{ CKA_OPTIGA_CHANGE, &never, 1 }, { CKA_OPTIGA_IRREVERSIBLE, &yes, 1 } };

	ck_assert_int_eq(set_ulong(h, CKA_OPTIGA_LIFE_CYCLE, 3), STORE_EPROHIBITED);
	ck_assert_int_eq(
	    set_for_good(h, CKA_OPTIGA_LIFE_CYCLE, &init, sizeof(init), false), STORE_EPROHIBITED);
	ck_assert_int_eq(store_set(st, h, lock, 2), STORE_EPROHIBITED);
	ck_assert_uint_eq(host_ulong(h, CKA_OPTIGA_LIFE_CYCLE), 1);
	ck_assert(host_is(h, CKA_OPTIGA_CHANGE, "\xE1\xFC\x07", 3));
	ck_assert_int_eq(set_ulong(h, CKA_OPTIGA_LIFE_CYCLE, 1), 0); /* it is there already */
	ck_assert_int_eq(
	    set_for_good(h, CKA_OPTIGA_LIFE_CYCLE, &odd, sizeof(odd), true), STORE_EATTR_VALUE);
	ck_assert_int_eq(set_for_good(h, CKA_OPTIGA_LIFE_CYCLE, &init, sizeof(init), true), 0);
	ck_assert_int_eq(
	    set_for_good(h, CKA_OPTIGA_LIFE_CYCLE, &cr, sizeof(cr), true), STORE_EATTR_VALUE);
	ck_assert_int_eq(store_set(st, h, lock, 3), 0);
	ck_assert_uint_eq(host_ulong(h, CKA_OPTIGA_LIFE_CYCLE), 7);
	ck_assert(host_is(h, CKA_OPTIGA_CHANGE, "\xFF", 1));
	ck_assert_int_eq(set_for_good(h, CKA_OPTIGA_CHANGE, "\0", 1, true), STORE_EPROHIBITED);
	ck_assert_int_gt(host_set(h, CKA_VALUE, "x", 1), 0);
	/* A life cycle that is content, not metadata. */
	h = chip_object(0xF1C0);
	ck_assert_int_eq(host_set(h, CKA_VALUE, "\x03", 1), STORE_EPROHIBITED);
	ck_assert(host_is(h, CKA_VALUE, "\x01", 1));
	ck_assert_int_eq(set_for_good(h, CKA_VALUE, "\x03", 1, true), 0);
	ck_assert(host_is(h, CKA_VALUE, "\x03", 1));
}
END_TEST

/* On any object, not only on the chip's own; a certificate that was locked stays. */
START_TEST(certificates_can_be_locked)
{
	struct buf spki = BUF_INIT, der = BUF_INIT;
	CK_OBJECT_HANDLE pub, priv, cert;
	EVP_PKEY *ca = host_key("P-256");
	CK_ULONG op = 7;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), 0);
	host_chip_spki(pub, &spki);
	host_cert(&spki, "device", "CA", ca, false, 0, &der);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert(host_bool(cert, CKA_DESTROYABLE));
	ck_assert_int_eq(set_ulong(cert, CKA_OPTIGA_LIFE_CYCLE, 7), STORE_EPROHIBITED);
	ck_assert_int_eq(set_for_good(cert, CKA_OPTIGA_LIFE_CYCLE, &op, sizeof(op), true), 0);
	ck_assert(!host_bool(cert, CKA_DESTROYABLE));
	ck_assert_int_eq(store_destroy(st, cert), STORE_EPROHIBITED);
	ck_assert(host_is(cert, CKA_VALUE, der.data, der.len));
	/* And the key: no other may take its place any more. */
	ck_assert_int_eq(set_for_good(priv, CKA_OPTIGA_LIFE_CYCLE, &op, sizeof(op), true), 0);
	ck_assert(!host_bool(priv, CKA_DESTROYABLE));
	ck_assert_int_eq(store_destroy(st, priv), STORE_EPROHIBITED);
	ck_assert(host_signs_for(priv, &spki));
	buf_free(&spki);
	buf_free(&der);
	EVP_PKEY_free(ca);
}
END_TEST

START_TEST(content_is_written_where_it_may_be)
{
	CK_OBJECT_HANDLE h = chip_object(0xF1D2), pub, priv;
	CK_ULONG at = 2;
	char xy[] = "xy";
	const CK_ATTRIBUTE part[] = { { CKA_VALUE, xy, 2 },
		{ CKA_OPTIGA_OFFSET, &at, sizeof(at) } };

	ck_assert_int_eq(host_set(h, CKA_VALUE, "abcdef", 6), 0);
	ck_assert_int_eq(store_set(st, h, part, 2), 0);
	ck_assert(host_is(h, CKA_VALUE, "abxyef", 6));
	ck_assert_uint_eq(host_find_class(CKO_DATA), 1);
	ck_assert(host_is(host_found[0], CKA_VALUE, "abxyef", 6));
	ck_assert_int_eq(store_set(st, h, part + 1, 1), STORE_ETEMPLATE);
	ck_assert_int_eq(host_set(chip_object(0xE0F1), CKA_VALUE, "x", 1), STORE_EATTR_READONLY);
	ck_assert_int_eq(host_set(chip_object(0xE140), CKA_VALUE, "x", 1), STORE_EPROHIBITED);
	ck_assert_int_gt(host_set(chip_object(0xE0C2), CKA_VALUE, "x", 1), 0);
	ck_assert_int_eq(host_set(chip_object(0xE0C3), CKA_VALUE, "\x1E", 1), 0);
	/* The index is nobody's to write. */
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "mine", &pub, &priv), 0);
	ck_assert_int_eq(host_set(chip_object(0xF1D4), CKA_VALUE, "x", 1), STORE_EPROHIBITED);
	host_again();
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	ck_assert(host_is(host_found[0], CKA_LABEL, "mine", 4));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_feature");
	TCase *t = tcase_create("feature");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, host_start, host_end);
	tcase_add_test(t, hidden_unless_asked_for);
	tcase_add_test(t, profiles_say_which);
	tcase_add_test(t, counters_count);
	tcase_add_loop_test(t, every_object_of_the_chip, 0, NMODELS);
	tcase_add_test(t, metadata_in_bytes_and_words);
	tcase_add_test(t, conditions_can_be_changed_and_changed_back);
	tcase_add_test(t, what_is_for_good_must_be_meant);
	tcase_add_test(t, certificates_can_be_locked);
	tcase_add_test(t, content_is_written_where_it_may_be);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
