/*
 * The host dies at a bus transfer: whichever it is, the index is the old or the new one, and the
 * chip can be worked with. Or it does not get the bus back that it let others have. What is
 * wrapped here is so by the linker.
 */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/bus/bus.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/index.h"
#include "pkcs11/store/recover.h"
#include "tests/unit/store_cut.h"
#include "tests/unit/test_store_host.h"

static CK_OBJECT_HANDLE
the_key(void)
{
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	return host_found[0];
}

static char label[33];

static void
set_label(void)
{
	if (host_set(the_key(), CKA_LABEL, label, strlen(label)) != 0)
		_exit(1);
}

/* Long and short labels in turn, so that the number of parts changes. */
static void
next_label(unsigned n)
{
	memset(label, 'a' + (int)(n % 26), 32);
	label[n % 2 == 0 ? 32 : 3] = '\0';
}

static void
fill_index(void)
{
	CK_OBJECT_HANDLE pub, priv;

	ck_assert_int_eq(host_generate(CHIP_ALG_P521, NULL, 0, "first", &pub, &priv), 0);
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "second", &pub, &priv), 0);
}

START_TEST(index_update)
{
	struct buf now = BUF_INIT;
	char old[33];
	unsigned cuts = 0, news = 0;
	bool died = true;

	fill_index();
	strcpy(label, "first");
	for (int n = 0; died; n += CUT_EVERY * host_hurry()) {
		strcpy(old, label);
		next_label(cuts + news);
		died = dies_at(n, set_label);
		ck_assert_int_eq(host_get(the_key(), CKA_LABEL, &now), 0);
		if (now.len == strlen(label) && memcmp(now.data, label, now.len) == 0) {
			news++;
		} else {
			ck_assert_uint_eq(now.len, strlen(old));
			ck_assert_mem_eq(now.data, old, now.len);
			strcpy(label, old);
			ck_assert(died);
		}
		cuts += died;
		/* The other entry is never lost. */
		ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, "\xE0\xF2", 2), 1);
		ck_assert(host_is(host_found[0], CKA_LABEL, "second", 6));
	}
	ck_assert_uint_ge(cuts, 1);
	ck_assert_uint_ge(news, 1);
	buf_free(&now);
}
END_TEST

static void
generate(void)
{
	CK_OBJECT_HANDLE pub, priv;

	if (host_generate(CHIP_ALG_P256, "\xE0\xF3", 2, "third", &pub, &priv) != 0)
		_exit(1);
}

/* Whatever the moment: no key, or a whole one; and the slot serves again. */
START_TEST(generation)
{
	CK_OBJECT_HANDLE pub, priv;
	struct buf spki = BUF_INIT;
	bool died = true;
	int r;

	fill_index();
	for (int n = 0; died; n += CUT_EVERY * host_hurry()) {
		died = dies_at(n, generate);
		ck_assert(host_is(the_key(), CKA_LABEL, "first", 5));
		if (host_find_id(CKO_PRIVATE_KEY, "\xE0\xF3", 2) == 0) {
			ck_assert(died);
			ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, "\xE0\xF3", 2), 0);
			r = host_generate(CHIP_ALG_P384, "\xE0\xF3", 2, "other", &pub, &priv);
			ck_assert_int_eq(r, 0);
		} else {
			priv = host_found[0];
			ck_assert(host_is(priv, CKA_LABEL, "third", 5));
			r = host_generate(CHIP_ALG_P384, "\xE0\xF3", 2, "other", &pub, &pub);
			ck_assert_int_eq(r, STORE_EPROHIBITED);
		}
		host_chip_spki(priv, &spki);
		ck_assert(host_signs_for(priv, &spki));
		ck_assert(host_bool(priv, CKA_LOCAL));
		ck_assert_int_eq(store_destroy(st, priv), 0);
	}
	buf_free(&spki);
}
END_TEST

static void
destroy(void)
{
	if (host_find_id(CKO_PRIVATE_KEY, "\xE0\xF3", 2) != 1 ||
	    store_destroy(st, host_found[0]) != 0)
		_exit(1);
}

/* Either the key is as it was, with its name, or the slot is free. */
START_TEST(destruction)
{
	CK_OBJECT_HANDLE pub, priv;
	struct buf spki = BUF_INIT, now = BUF_INIT;
	bool died = true;

	fill_index();
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, "\xE0\xF3", 2, "doomed", &pub, &priv), 0);
	host_chip_spki(priv, &spki);
	for (int n = 0; died; n += CUT_EVERY * host_hurry()) {
		died = dies_at(n, destroy);
		if (host_find_id(CKO_PRIVATE_KEY, "\xE0\xF3", 2) == 1) {
			ck_assert(died);
			priv = host_found[0];
			ck_assert(host_is(priv, CKA_LABEL, "doomed", 6));
			host_chip_spki(priv, &now);
			ck_assert(host_signs_for(priv, &spki));
		} else {
			ck_assert_int_eq(
			    host_generate(CHIP_ALG_P256, "\xE0\xF3", 2, "doomed", &pub, &priv), 0);
			host_chip_spki(priv, &spki);
			ck_assert(host_signs_for(priv, &spki));
		}
	}
	buf_free(&spki);
	buf_free(&now);
}
END_TEST

static void
first_label(void)
{
	if (host_find_id(CKO_PRIVATE_KEY, "\xE0\xF0", 2) != 1 ||
	    host_set(host_found[0], CKA_LABEL, label, strlen(label)) != 0)
		_exit(1);
}

/* The very first write, cut short, does not leave objects that look like somebody else's. */
START_TEST(first_write)
{
	bool died = true;

	strcpy(label, "thirty-two bytes of label, all  ");
	for (int n = 0; died; n += CUT_EVERY * host_hurry()) {
		died = dies_at(n, first_label);
		ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF0", 2), 1);
	}
	ck_assert(host_is(host_found[0], CKA_LABEL, label, 32));
}
END_TEST

/* --- parts that were torn off, by hand ------------------------------------------------------ */

static void
write_part(uint16_t oid, const void *p, size_t len)
{
	ck_assert_int_eq(chip_data_write(host_chip(), oid, 0, p, len, CHIP_ERASE_WRITE), 0);
}

START_TEST(torn_parts_are_written_again)
{
	static const uint8_t part[] = { 0x9E, 0x4F, 0x50, 0x11, 1, 2, 3 };

	for (uint16_t oid = 0xF1D4; oid <= 0xF1DB; oid++)
		write_part(oid, part, sizeof(part));
	fill_index();
	host_again();
	ck_assert(host_is(the_key(), CKA_LABEL, "first", 5));
}
END_TEST

/* Somebody's data in any of the eight objects: never written, and what needs it is refused. */
START_TEST(foreign_content_is_untouched)
{
	const uint16_t oid = (uint16_t)(0xF1D4 + _i);
	char name[33] = "";
	CK_OBJECT_HANDLE pub, priv;
	struct buf b = BUF_INIT;
	int r = 0;

	write_part(oid, "a user's notes", 14);
	memset(name, 'n', sizeof(name) - 1);
	for (unsigned i = 0; i < 3 && r == 0; i++) { /* 140 bytes of entries each */
		name[0] = (char)('a' + i);
		r = host_generate(CHIP_ALG_P521, name, 32, name, &pub, &priv);
	}
	ck_assert_int_eq(r, STORE_EFULL);
	ck_assert_int_eq(chip_data_read(host_chip(), oid, 0, 140, &b), 0);
	ck_assert_uint_eq(b.len, 14);
	ck_assert_mem_eq(b.data, "a user's notes", 14);
	/* Parts of a copy: 126 bytes of entries in the head, 136 in each other. */
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), _i % 4 < 2 ? 1 : (CK_ULONG)_i % 4);
	host_again();
	ck_assert_uint_eq(host_find_class(CKO_PUBLIC_KEY), host_find_class(CKO_PRIVATE_KEY));
	buf_free(&b);
}
END_TEST

/* A typed object is somebody's even when it is all zero. */
START_TEST(typed_objects_are_untouched)
{
	static const uint8_t secret[] = { 0xE8, 0x01, 0x21 };
	CK_OBJECT_HANDLE pub, priv;

	ck_assert_int_eq(chip_meta_write(host_chip(), 0xF1D8, secret, sizeof(secret)), 0);
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), STORE_EFULL);
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), 1);
}
END_TEST

/* --- the AES key, which is made by several commands ------------------------------------------- */

static int
generate_aes(CK_OBJECT_HANDLE *h)
{
	return store_generate_secret(st, true, 16, NULL, 0, h);
}

static void
make_aes(void)
{
	CK_OBJECT_HANDLE h;

	if (generate_aes(&h) != 0)
		_exit(1);
}

static bool
aes_is_closed(void)
{
	struct chip_meta m;

	ck_assert_int_eq(chip_meta_read(host_chip(), 0xE200, &m), 0);
	return m.change.len == 1 && m.change.p[0] == 0xFF;
}

/* Whatever the moment, E200 is not left open by the call that makes the key in it. */
START_TEST(generation_of_aes)
{
	CK_OBJECT_HANDLE h;
	struct buf kcv = BUF_INIT;
	bool died = true;

	for (int n = 0; died; n += 4 * CUT_EVERY * host_hurry()) {
		host_end();
		host_start();
		died = dies_at(n, make_aes);
		if (host_find_class(CKO_SECRET_KEY) == 0) {
			ck_assert(died);
			ck_assert_int_eq(generate_aes(&h), 0);
			ck_assert(aes_is_closed());
			ck_assert(host_bool(h, CKA_LOCAL));
		} else {
			h = host_found[0];
			ck_assert(died || aes_is_closed());
			ck_assert_int_eq(host_get(h, CKA_CHECK_VALUE, &kcv), 0);
			ck_assert_int_eq(generate_aes(&h), STORE_EPROHIBITED);
			ck_assert(host_is(host_found[0], CKA_CHECK_VALUE, kcv.data, kcv.len));
		}
	}
	buf_free(&kcv);
}
END_TEST

/* What a call left that was cut short is closed; conditions of the user's own stay as they are. */
START_TEST(aes_that_was_open)
{
	static const uint8_t left[] = { 0xD0, 3, 0xE1, 0xFC, 0x07 }, own[] = { 0xD0, 1, 0x00 };
	CK_OBJECT_HANDLE h;
	struct chip_meta m;

	if (_i == 0)
		ck_assert_int_eq(chip_meta_write(host_chip(), 0xE200, left, sizeof(left)), 0);
	else
		ck_assert_int_eq(chip_meta_write(host_chip(), 0xE200, own, sizeof(own)), 0);
	ck_assert_int_eq(generate_aes(&h), 0);
	ck_assert_int_eq(chip_meta_read(host_chip(), 0xE200, &m), 0);
	ck_assert_uint_eq(m.change.len, 1);
	ck_assert_uint_eq(m.change.p[0], _i == 0 ? 0xFF : 0x00);
}
END_TEST

/* --- a bus that others have ------------------------------------------------------------------- */

int __real_bus_lock(struct bus *b);
int __wrap_bus_lock(struct bus *b);
void __real_bus_unlock(struct bus *b);
void __wrap_bus_unlock(struct bus *b);
bool __wrap_recover_long(const struct chip_keytype *kt, bool sha512);
int __wrap_recover_key(
    const struct chip_keytype *kt, const struct recover_sig *s, unsigned n, struct buf *spki);

static bool taken;
static int locked, locks;

int
__wrap_bus_lock(struct bus *b)
{
	int r;

	if (taken)
		return HAL_EBUSY;
	if ((r = __real_bus_lock(b)) == 0) {
		locked++;
		locks++;
	}
	return r;
}

void
__wrap_bus_unlock(struct bus *b)
{
	locked--;
	__real_bus_unlock(b);
}

bool
__wrap_recover_long(const struct chip_keytype *kt, bool sha512)
{
	(void)kt;
	(void)sha512;
	return true;
}

/* Somebody else has it from here on. */
int
__wrap_recover_key(
    const struct chip_keytype *kt, const struct recover_sig *s, unsigned n, struct buf *spki)
{
	(void)kt;
	(void)s;
	(void)n;
	(void)spki;
	ck_assert_int_eq(locked, 0);
	taken = true;
	return 0;
}

START_TEST(bus_is_not_had_back)
{
	CK_OBJECT_HANDLE pub;
	struct buf b = BUF_INIT;

	ck_assert_int_eq(chip_keypair(host_chip(), 0xE0F3, CHIP_ALG_P256, CHIP_USE_SIGN, &b), 0);
	ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, "\xE0\xF3", 2), 1);
	pub = host_found[0];
	ck_assert_int_eq(host_get(pub, CKA_EC_POINT, &b), HAL_EBUSY);
	ck_assert_int_eq(locked, 0);
	taken = false;
	locks = 0;
	ck_assert(host_is(pub, CKA_ID, "\xE0\xF3", 2));
	ck_assert_int_gt(locks, 0);
	ck_assert_int_eq(locked, 0);
	buf_free(&b);
}
END_TEST

START_TEST(later_format_is_left_alone)
{
	static const uint8_t later[] = { 0x9E, 0x4F, 0x50, 0x20, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0 };
	struct buf b = BUF_INIT;
	CK_OBJECT_HANDLE pub, priv;

	write_part(0xF1D4, later, sizeof(later));
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), STORE_EFULL);
	ck_assert_int_eq(chip_data_read(host_chip(), 0xF1D4, 0, 140, &b), 0);
	ck_assert_uint_eq(b.len, sizeof(later));
	ck_assert_mem_eq(b.data, later, sizeof(later));
	buf_free(&b);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_cut");
	TCase *t = tcase_create("cut");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 3600);
	tcase_add_checked_fixture(t, host_start, host_end);
	tcase_add_test(t, index_update);
	tcase_add_test(t, generation);
	tcase_add_test(t, destruction);
	tcase_add_test(t, first_write);
	tcase_add_test(t, torn_parts_are_written_again);
	tcase_add_loop_test(t, foreign_content_is_untouched, 0, 8);
	tcase_add_test(t, typed_objects_are_untouched);
	tcase_add_test(t, later_format_is_left_alone);
	tcase_add_test(t, generation_of_aes);
	tcase_add_loop_test(t, aes_that_was_open, 0, 2);
	tcase_add_test(t, bus_is_not_had_back);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
