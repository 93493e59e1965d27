/*
 * Commands that change the chip's state, as bytes: counters, closing and restoring, protected
 * updates; and that no model is sent what it has not got.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"
#include "tests/unit/test_chip_double.h"
#include "tests/unit/test_chip_vectors.h"

#define AES_KEY 0xE200

static struct chip *c;
static struct buf out;

static void
setup(void)
{
	double_reset();
	c = double_chip();
}

static void
teardown(void)
{
	double_expect_end();
	buf_free(&out);
	chip_close(&c);
}

static void
put_be16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* --- counters ----------------------------------------------------------------------------------
 */

START_TEST(example_counter)
{
	const uint64_t before = chip_change(c);
	uint32_t value, threshold;

	double_expect("82 02 0005 E120000003", "00 00 0000", 0);
	ck_assert_int_eq(chip_counter_count(c, 0xE120, 3), 0);
	ck_assert(!dbl.last_idempotent);
	ck_assert_uint_ne(chip_change(c), before);
	double_expect("81 00 0006 E12000000008", "00 00 0008 000000030000000A", 0);
	ck_assert_int_eq(chip_counter_read(c, 0xE120, &value, &threshold), 0);
	ck_assert_uint_eq(value, 3);
	ck_assert_uint_eq(threshold, 10);
	double_expect("81 00 0006 E12000000008", "00 00 0007 0000000300000A", 0);
	ck_assert_int_eq(chip_counter_read(c, 0xE120, &value, &threshold), HAL_EPROTO);
	double_expect("82 02 0005 E12000000A", "FF 00 0000", 0);
	double_expect_error(CHIP_E_COUNTER);
	ck_assert_int_eq(chip_counter_count(c, 0xE120, 10), CHIP_E_COUNTER);
	ck_assert_int_eq(chip_counter_count(c, 0xE120, 0), HAL_EINVAL);
	ck_assert_int_eq(chip_counter_read(c, 0xF1D0, &value, &threshold), HAL_EINVAL);
}
END_TEST

/* --- closing and restoring ----------------------------------------------------------------------
 */

static const uint8_t handle[CHIP_HANDLE_LEN] = { 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88 };

static void
expect_metadata(void)
{
	struct chip_meta m;

	double_expect("81 01 0002 E0F1", "00 00 000D 200BC00101D003E1FC07D30100", 0);
	ck_assert_int_eq(chip_meta_read(c, 0xE0F1, &m), 0);
}

static const char restore_cmd[] = "F0 01 0018 D27600000447656E417574684170706C1122334455667788";

START_TEST(a_closed_application_is_opened_by_the_next)
{
	const uint64_t boot = chip_boot(c);

	double_expect("F1 00 0000", "00 00 0000", 0);
	ck_assert_int_eq(chip_shutdown(c), 0);
	ck_assert_uint_eq(dbl.record.open, 0);
	double_expect_open();
	expect_metadata();
	ck_assert_uint_eq(dbl.record.open, 1);
	ck_assert_uint_ne(chip_boot(c), boot);
	/* the same while the chip is held, and where there is no record */
	ck_assert_int_eq(chip_acquire(c), 0);
	double_expect("F1 00 0000", "00 00 0000", 0);
	ck_assert_int_eq(chip_shutdown(c), 0);
	double_expect_open();
	expect_metadata();
	chip_release(c);
	dbl.no_record = true;
	dbl.record.open = 0; /* whatever it says, nobody sees it */
	double_expect("F1 00 0000", "00 00 0000", 0);
	ck_assert_int_eq(chip_shutdown(c), 0);
	double_expect_open();
	expect_metadata();
}
END_TEST

START_TEST(example_hibernate_and_restore)
{
	const uint64_t boot = chip_boot(c);
	uint8_t h[CHIP_HANDLE_LEN];
	const int starts = dbl.starts;

	double_expect("F1 01 0000", "00 00 0008 1122334455667788", 0);
	ck_assert_int_eq(chip_hibernate(c, h), 0);
	ck_assert_mem_eq(h, handle, sizeof(h));
	ck_assert(!dbl.last_idempotent);
	ck_assert_uint_eq(dbl.record.open, 0);
	double_expect(restore_cmd, "00 00 0000", 0);
	ck_assert_int_eq(chip_restore(c, h), 0);
	ck_assert(!dbl.last_idempotent);
	ck_assert_int_eq(dbl.starts, starts + 1);
	ck_assert_uint_eq(dbl.record.open, 1);
	ck_assert_uint_eq(chip_boot(c), boot);
	expect_metadata(); /* no other traffic */
	ck_assert_uint_eq(chip_boot(c), boot);
	/* held all the while */
	ck_assert_int_eq(chip_acquire(c), 0);
	double_expect("F1 01 0000", "00 00 0008 1122334455667788", 0);
	ck_assert_int_eq(chip_hibernate(c, h), 0);
	double_expect(restore_cmd, "00 00 0000", 0);
	ck_assert_int_eq(chip_restore(c, h), 0);
	expect_metadata();
	chip_release(c);
}
END_TEST

START_TEST(hibernation_refused_changes_nothing)
{
	uint8_t h[CHIP_HANDLE_LEN];

	double_expect("F1 01 0000", "FF 00 0000", 0);
	double_expect_error(CHIP_E_SEQUENCE); /* CMD-12 */
	ck_assert_int_eq(chip_hibernate(c, h), CHIP_E_SEQUENCE);
	ck_assert_uint_eq(dbl.record.open, 1);
	expect_metadata();
	double_expect("F1 01 0000", "00 00 0007 11223344556677", 0);
	ck_assert_int_eq(chip_hibernate(c, h), HAL_EPROTO);
	ck_assert_uint_eq(dbl.record.open, 0);
}
END_TEST

START_TEST(a_restore_that_fails_starts_afresh)
{
	const uint64_t boot = chip_boot(c);
	uint8_t h[CHIP_HANDLE_LEN];

	ck_assert_int_eq(chip_restore(c, handle), HAL_ERESET); /* it is open */
	double_expect("F1 01 0000", "00 00 0008 1122334455667788", 0);
	ck_assert_int_eq(chip_hibernate(c, h), 0);
	double_expect(restore_cmd, "FF 00 0000", 0);
	double_expect_error(-1); /* closed: no reason to be had */
	ck_assert_int_eq(chip_restore(c, h), CHIP_E_UNAVAILABLE);
	ck_assert_uint_eq(dbl.record.open, 0);
	dbl.start_result = HAL_ENODEV;
	ck_assert_int_eq(chip_restore(c, h), HAL_ENODEV);
	double_expect_open();
	expect_metadata();
	ck_assert_uint_ne(chip_boot(c), boot);
}
END_TEST

/* --- protected updates --------------------------------------------------------------------------
 */

START_TEST(example_protected_update)
{
	struct buf manifest = hex_buf(V_UPDATE1_C), fragment = hex_buf(V_UPDATE2_C);
	const uint64_t before = chip_change(c);

	double_expect(V_UPDATE1_C, V_UPDATE1_R, 0);
	double_expect(V_UPDATE2_C, V_UPDATE2_R, 0);
	ck_assert_int_eq(chip_protected_update(c, manifest.data + 7, manifest.len - 7,
			     fragment.data + 7, fragment.len - 7),
	    0);
	ck_assert(!dbl.last_idempotent);
	ck_assert_uint_ne(chip_change(c), before);
	buf_free(&manifest);
	buf_free(&fragment);
}
END_TEST

static void
expect_fragment(uint8_t tag, size_t n)
{
	uint8_t cmd[4 + 3 + 640] = { 0x83, 0x01, 0, 0, tag, 0, 0 };
	static const uint8_t ok[4];

	put_be16(cmd + 2, 3 + n);
	put_be16(cmd + 5, n);
	double_expect_bytes(cmd, 7 + n, ok, sizeof(ok));
}

/* CMD-25: 640 bytes each, then 1 to 640. */
START_TEST(fragments_of_an_update)
{
	static const uint8_t zeros[1921];
	static const size_t lens[] = { 1, 640, 641, 1280, 1921 };

	for (size_t k = 0; k < NITEMS(lens); k++) {
		size_t left = lens[k];

		expect_fragment(0x30, 1);
		for (; left > 640; left -= 640)
			expect_fragment(0x32, 640);
		expect_fragment(0x31, left);
		ck_assert_int_eq(chip_protected_update(c, zeros, 1, zeros, lens[k]), 0);
	}
	/* what fails ends it */
	expect_fragment(0x30, 1);
	double_expect("83 01 0004 31000100", "FF 00 0000", 0);
	double_expect_error(CHIP_E_INTEGRITY);
	ck_assert_int_eq(chip_protected_update(c, zeros, 1, zeros, 1), CHIP_E_INTEGRITY);
	double_expect("83 01 0004 30000100", "FF 00 0000", 0);
	double_expect_error(CHIP_E_SIGNATURE);
	ck_assert_int_eq(chip_protected_update(c, zeros, 1, zeros, 1), CHIP_E_SIGNATURE);
	expect_fragment(0x30, 1);
	double_expect("83 01 0004 31000100", NULL, HAL_ERESYNC);
	ck_assert_int_eq(chip_protected_update(c, zeros, 1, zeros, 1), HAL_ERESYNC);
	ck_assert_int_eq(chip_protected_update(c, zeros, 0, zeros, 1), HAL_EINVAL);
	ck_assert_int_eq(chip_protected_update(c, zeros, 1, zeros, 0), HAL_EINVAL);
	ck_assert_int_eq(chip_protected_update(c, zeros, 1551, zeros, 1), HAL_ETOOBIG);
}
END_TEST

/* --- models -------------------------------------------------------------------------------------
 */

/* The script is empty: whatever is sent fails the test. */
static void
refuses_v3(struct chip *chip)
{
	static const uint8_t zeros[64];
	struct chip_derivation d = { CHIP_KDF_PRF_SHA384, 0xF1D0, zeros, 32, NULL, 0 };
	uint8_t r[8];

	ck_assert_int_eq(
	    chip_encrypt(chip, CHIP_CIPHER_ECB, AES_KEY, NULL, zeros, 16, &out), HAL_ENOTSUP);
	ck_assert_int_eq(
	    chip_decrypt(chip, CHIP_CIPHER_CBC, AES_KEY, zeros, zeros, 16, &out), HAL_ENOTSUP);
	ck_assert_int_eq(chip_mac(chip, CHIP_MAC_CMAC, AES_KEY, zeros, 16, &out), HAL_ENOTSUP);
	ck_assert_int_eq(
	    chip_mac(chip, CHIP_MAC_HMAC_SHA256, 0xF1D0, zeros, 16, &out), HAL_ENOTSUP);
	ck_assert_int_eq(
	    chip_authorize(chip, CHIP_MAC_HMAC_SHA256, 0xF1D0, 0xE100, zeros, 16, zeros, 32),
	    HAL_ENOTSUP);
	ck_assert_int_eq(chip_deauthorize(chip, 0xF1D0, 0xE100), HAL_ENOTSUP);
	ck_assert_int_eq(chip_random_challenge(chip, 0xE100, NULL, 0, r, 8), HAL_ENOTSUP);
	ck_assert_int_eq(chip_symkey(chip, AES_KEY, CHIP_ALG_AES128, CHIP_USE_ENC), HAL_ENOTSUP);
	ck_assert_int_eq(chip_symkey_export(chip, CHIP_ALG_AES128, &out), HAL_ENOTSUP);
	ck_assert_int_eq(chip_derive(chip, &d, 32, CHIP_EXPORT, &out), HAL_ENOTSUP);
	d.kdf = CHIP_KDF_HKDF_SHA256;
	ck_assert_int_eq(chip_derive(chip, &d, 32, CHIP_EXPORT, &out), HAL_ENOTSUP);
	d.kdf = CHIP_KDF_PRF_SHA256;
	ck_assert_int_eq(chip_derive(chip, &d, 49, 0xE100, &out), HAL_ETOOBIG); /* CMD-47 */
	ck_assert_int_eq(
	    chip_keypair(chip, 0xE0F1, CHIP_ALG_P521, CHIP_USE_SIGN, &out), HAL_ENOTSUP);
	ck_assert_int_eq(chip_keypair_export(chip, CHIP_ALG_BP256, &out, &out), HAL_ENOTSUP);
	ck_assert_int_eq(chip_sign_rsa(chip, 0xE0FC, zeros, 64, &out), HAL_ENOTSUP);
}

START_TEST(trust_m_v1_is_not_sent_what_v3_has)
{
	static const uint8_t zeros[3];
	struct chip *v1;
	uint8_t h[CHIP_HANDLE_LEN];

	double_reset();
	v1 = double_chip_of(UID_M_V1);
	ck_assert_str_eq(chip_model(v1)->id, "trust-m-v1");
	refuses_v3(v1);
	ck_assert_int_eq(chip_random_secret(v1, 0xE100, zeros, 3, 46), HAL_ETOOBIG);
	double_expect(V_SECRET_C, V_SECRET_R, 0);
	ck_assert_int_eq(chip_random_secret(v1, 0xE100, (const uint8_t *)"\x03\x03", 2, 46), 0);
	double_expect("F1 01 0000", "00 00 0008 1122334455667788", 0);
	ck_assert_int_eq(chip_hibernate(v1, h), 0);
	chip_close(&v1);
}
END_TEST

START_TEST(trust_x_is_not_sent_what_trust_m_has)
{
	static const uint8_t zeros[256];
	struct buf rsa_pub = hex_buf(V_PUB_RSA);
	const struct chip_pubkey rsa = { CHIP_ALG_RSA1024, 0, rsa_pub.data, rsa_pub.len };
	struct chip_hash_input in = { zeros, 1, 0, 0, 0 };
	struct buf ctx = BUF_INIT, pub = BUF_INIT;
	uint8_t h[CHIP_HANDLE_LEN], rsp[7 + 130] = { 0, 0, 0, 133, 0x06, 0, 130 };
	uint32_t value, threshold;
	struct chip *x;

	double_reset();
	x = double_chip_of(UID_X);
	ck_assert_str_eq(chip_model(x)->id, "trust-x");
	refuses_v3(x);
	ck_assert_int_eq(chip_counter_count(x, 0xE120, 1), HAL_ENOTSUP);
	ck_assert_int_eq(chip_counter_read(x, 0xE120, &value, &threshold), HAL_ENOTSUP);
	ck_assert_int_eq(chip_random_secret(x, 0xE100, NULL, 0, 46), HAL_ENOTSUP);
	ck_assert_int_eq(chip_sign_rsa(x, 0xE0FC, zeros, 32, &out), HAL_ENOTSUP);
	ck_assert_int_eq(chip_verify(x, &rsa, zeros, 32, zeros, 128), HAL_ENOTSUP);
	ck_assert_int_eq(chip_rsa_encrypt(x, &rsa, zeros, 32, &out), HAL_ENOTSUP);
	ck_assert_int_eq(chip_rsa_decrypt(x, 0xE0FC, zeros, 128, CHIP_EXPORT, &out), HAL_ENOTSUP);
	ck_assert_int_eq(
	    chip_keypair(x, 0xE0FC, CHIP_ALG_RSA2048, CHIP_USE_SIGN, &pub), HAL_ENOTSUP);
	ck_assert_int_eq(chip_protected_update(x, zeros, 1, zeros, 1), HAL_ENOTSUP);
	ck_assert_int_eq(chip_hibernate(x, h), HAL_ENOTSUP);
	ck_assert_int_eq(chip_shutdown(x), HAL_ENOTSUP);
	ck_assert_int_eq(chip_restore(x, handle), HAL_ENOTSUP);
	ck_assert_int_eq(chip_data_write(x, 0xF1D0, 0, zeros, 101, CHIP_WRITE), HAL_ETOOBIG);
	/* its hash contexts are smaller */
	double_expect_bytes(
	    (const uint8_t *)"\xB0\xE2\x00\x07\x00\x00\x01\x00\x07\x00\x00", 11, rsp, sizeof(rsp));
	ck_assert_int_eq(chip_hash_step(x, CHIP_HASH_START, &in, &ctx, NULL), 0);
	ck_assert_uint_eq(ctx.len, 130);
	buf_free(&ctx);
	buf_free(&pub);
	buf_free(&rsa_pub);
	chip_close(&x);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip state");
	TCase *tc = tcase_create("commands");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, example_counter);
	tcase_add_test(tc, a_closed_application_is_opened_by_the_next);
	tcase_add_test(tc, example_hibernate_and_restore);
	tcase_add_test(tc, hibernation_refused_changes_nothing);
	tcase_add_test(tc, a_restore_that_fails_starts_afresh);
	tcase_add_test(tc, example_protected_update);
	tcase_add_test(tc, fragments_of_an_update);
	tcase_add_test(tc, trust_m_v1_is_not_sent_what_v3_has);
	tcase_add_test(tc, trust_x_is_not_sent_what_trust_m_has);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
