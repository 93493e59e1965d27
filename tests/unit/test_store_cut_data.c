/*
 * The host dies at a bus transfer while it makes, rewrites or destroys a data object, a secret or
 * a certificate: afterwards there is the old or the new one, other entries are untouched, and the
 * object can be made once more.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "pkcs11/optiga-pkcs11.h"
#include "tests/unit/store_cut.h"
#include "tests/unit/test_store_host.h"

static const CK_BBOOL yes = CK_TRUE;
static uint8_t value[300];

static void
start(void)
{
	CK_OBJECT_HANDLE pub, priv;

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)(i * 7 + 1);
	host_start();
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "bystander", &pub, &priv), 0);
}

/* Data objects and secrets have names by label; certificates share that of the key. */
static CK_ULONG
labelled(CK_OBJECT_CLASS cls, const char *label)
{
	const CK_ATTRIBUTE t[] = { { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_LABEL, (void *)(uintptr_t)label, strlen(label) } };

	return host_find(t, NITEMS(t));
}

static void
bystander_is_well(void)
{
	ck_assert_uint_eq(labelled(CKO_PRIVATE_KEY, "bystander"), 1);
	ck_assert(host_is(host_found[0], CKA_ID, "\xE0\xF1", 2));
}

/* --- data ----------------------------------------------------------------------------------- */

static const CK_BYTE oid[] = { 0x06, 0x03, 0x2A, 0x03, 0x04 };

static void
create_data(void)
{
	CK_OBJECT_CLASS cls = CKO_DATA;
	CK_OBJECT_HANDLE h;
	const CK_ATTRIBUTE t[] = { { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_TOKEN, (void *)(uintptr_t)&yes, 1 }, { CKA_VALUE, value, sizeof(value) },
		{ CKA_LABEL, (void *)(uintptr_t) "note", 4 },
		{ CKA_APPLICATION, (void *)(uintptr_t) "app", 3 },
		{ CKA_OBJECT_ID, (void *)(uintptr_t)oid, sizeof(oid) } };

	if (store_create(st, t, NITEMS(t), &h) != 0)
		_exit(1);
}

static void
destroy_found(void)
{
	if (store_destroy(st, host_found[0]) != 0)
		_exit(1);
}

static void
destroy_note(void)
{
	if (labelled(CKO_DATA, "note") != 1)
		_exit(1);
	destroy_found();
}

static void
note_is_whole(CK_OBJECT_HANDLE h)
{
	ck_assert(host_is(h, CKA_VALUE, value, sizeof(value)));
	ck_assert(host_is(h, CKA_APPLICATION, "app", 3));
	ck_assert(host_is(h, CKA_OBJECT_ID, oid, sizeof(oid)));
}

START_TEST(data_creation)
{
	CK_ULONG before = host_find_class(CKO_DATA);
	bool died = true;
	unsigned made = 0;

	for (int n = 0; died; n += CUT_EVERY * host_hurry()) {
		died = dies_at(n, create_data);
		bystander_is_well();
		if (labelled(CKO_DATA, "note") == 1) {
			note_is_whole(host_found[0]);
			made++;
			ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
		} else {
			ck_assert(died);
		}
		/* Nothing stays behind that nobody can name. */
		ck_assert_uint_eq(labelled(CKO_DATA, "note"), 0);
		ck_assert_uint_eq(host_find_class(CKO_DATA), before);
	}
	ck_assert_uint_ge(made, 1);
}
END_TEST

START_TEST(data_destruction)
{
	bool died = true;

	for (int n = 0; died; n += CUT_EVERY * host_hurry()) {
		if (labelled(CKO_DATA, "note") == 0)
			create_data();
		died = dies_at(n, destroy_note);
		bystander_is_well();
		if (labelled(CKO_DATA, "note") == 1) {
			ck_assert(died);
			note_is_whole(host_found[0]);
		}
	}
	ck_assert_uint_eq(labelled(CKO_DATA, "note"), 0);
}
END_TEST

/* Another value, shorter or longer in turn, and another application. */
static size_t new_len;
static uint8_t new_value[300];

static void
rewrite(void)
{
	const CK_ATTRIBUTE t[] = { { CKA_VALUE, new_value, new_len } };

	if (labelled(CKO_DATA, "note") != 1 || store_set(st, host_found[0], t, NITEMS(t)) != 0)
		_exit(1);
}

/* One write of the chip each, so that there is nothing in between. */
START_TEST(data_rewriting)
{
	size_t old_len = sizeof(value);
	uint8_t old[300];
	struct buf now = BUF_INIT;
	bool died = true;

	create_data();
	memcpy(old, value, old_len);
	for (int n = 0; died; n += CUT_EVERY * host_hurry()) {
		new_len = n % 2 == 0 ? 40 : 250;
		memset(new_value, n + 1, new_len);
		died = dies_at(n, rewrite);
		bystander_is_well();
		ck_assert_uint_eq(labelled(CKO_DATA, "note"), 1);
		ck_assert_int_eq(host_get(host_found[0], CKA_VALUE, &now), 0);
		if (now.len == new_len && memcmp(now.data, new_value, new_len) == 0) {
			old_len = new_len;
			memcpy(old, new_value, new_len);
		} else {
			ck_assert(died);
			ck_assert_uint_eq(now.len, old_len);
			ck_assert_mem_eq(now.data, old, old_len);
		}
		buf_free(&now);
	}
}
END_TEST

/* --- secrets -------------------------------------------------------------------------------- */

static void
create_secret(void)
{
	CK_OBJECT_CLASS cls = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_OBJECT_HANDLE h;
	const CK_ATTRIBUTE t[] = { { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_TOKEN, (void *)(uintptr_t)&yes, 1 }, { CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_VALUE, value, 32 }, { CKA_SENSITIVE, (void *)(uintptr_t)&yes, 1 },
		{ CKA_LABEL, (void *)(uintptr_t) "shared", 6 } };

	if (store_create(st, t, NITEMS(t), &h) != 0)
		_exit(1);
}

START_TEST(secret_creation)
{
	bool died = true;
	unsigned made = 0;

	for (int n = 0; died; n += CUT_EVERY * host_hurry()) {
		died = dies_at(n, create_secret);
		bystander_is_well();
		if (labelled(CKO_SECRET_KEY, "shared") == 1) {
			made++;
			ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
		} else {
			ck_assert(died);
		}
		ck_assert_uint_eq(labelled(CKO_SECRET_KEY, "shared"), 0);
	}
	ck_assert_uint_ge(made, 1);
}
END_TEST

/* --- certificates --------------------------------------------------------------------------- */

static struct buf der;

static void
write_cert(void)
{
	CK_OBJECT_HANDLE h;

	if (host_create(&der, "\xE0\xF1", 2, "of the bystander", false, &h) != 0)
		_exit(1);
}

START_TEST(certificate_creation)
{
	struct buf spki = BUF_INIT;
	EVP_PKEY *ca = host_key("P-256");
	bool died = true;
	unsigned made = 0;

	ck_assert_uint_eq(labelled(CKO_PRIVATE_KEY, "bystander"), 1);
	host_chip_spki(host_found[0], &spki);
	host_cert(&spki, "device", "authority", ca, false, 400, &der);
	for (int n = 0; died; n += CUT_EVERY * host_hurry()) {
		died = dies_at(n, write_cert);
		bystander_is_well();
		if (host_find_id(CKO_CERTIFICATE, "\xE0\xF1", 2) == 1) {
			made++;
			ck_assert(host_is(host_found[0], CKA_VALUE, der.data, der.len));
			ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
		} else {
			ck_assert(died);
			ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xF1", 2), 0);
		}
	}
	ck_assert_uint_ge(made, 1);
	buf_free(&spki);
	buf_free(&der);
	EVP_PKEY_free(ca);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store: the host dies at a transfer, data");
	TCase *t = tcase_create("cut");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 600);
	tcase_add_checked_fixture(t, start, host_end);
	tcase_add_test(t, data_creation);
	tcase_add_test(t, data_destruction);
	tcase_add_test(t, data_rewriting);
	tcase_add_test(t, secret_creation);
	tcase_add_test(t, certificate_creation);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
