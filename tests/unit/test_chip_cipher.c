/*
 * Symmetric keys and authorization as bytes: the vectors of the command reference, chains of
 * commands, answers that are not what was asked for, and what is refused before it is sent.
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
static uint8_t block[16], iv[16];

static void
setup(void)
{
	double_reset();
	c = double_chip();
	(void)unhex("6BC1BEE22E409F96E93D7E117393172A", block, sizeof(block));
	(void)unhex("000102030405060708090A0B0C0D0E0F", iv, sizeof(iv));
	ck_assert_int_eq(buf_put(&out, "old", 3), 0);
}

static void
teardown(void)
{
	double_expect_end();
	buf_free(&out);
	chip_close(&c);
}

static void
assert_hex(const struct buf *b, const char *hex)
{
	struct buf want = hex_buf(hex);

	ck_assert_uint_eq(b->len, want.len);
	ck_assert_mem_eq(b->data, want.data, want.len);
	buf_free(&want);
}

static void
assert_old(void)
{
	ck_assert_uint_eq(out.len, 3);
	ck_assert_mem_eq(out.data, "old", 3);
}

/* --- ciphers --------------------------------------------------------------------------------- */

START_TEST(example_ciphers)
{
	uint8_t text[16];

	double_expect(V_ECB_C, V_ECB_R, 0);
	ck_assert_int_eq(chip_encrypt(c, CHIP_CIPHER_ECB, AES_KEY, NULL, block, 16, &out), 0);
	assert_hex(&out, "3AD77BB40D7A3660A89ECAF32466EF97");
	ck_assert(dbl.last_idempotent);
	memcpy(text, out.data, 16);
	double_expect(V_ECB_DEC_C, V_ECB_DEC_R, 0);
	ck_assert_int_eq(chip_decrypt(c, CHIP_CIPHER_ECB, AES_KEY, NULL, text, 16, &out), 0);
	ck_assert_mem_eq(out.data, block, 16);
	double_expect(V_CBC_C, V_CBC_R, 0);
	ck_assert_int_eq(chip_encrypt(c, CHIP_CIPHER_CBC, AES_KEY, iv, block, 16, &out), 0);
	assert_hex(&out, "7649ABAC8119B246CEE98E9B12E9197D");
	memcpy(text, out.data, 16);
	double_expect(V_CBC_DEC_C, V_CBC_DEC_R, 0);
	ck_assert_int_eq(chip_decrypt(c, CHIP_CIPHER_CBC, AES_KEY, iv, text, 16, &out), 0);
	ck_assert_mem_eq(out.data, block, 16);
}
END_TEST

START_TEST(example_macs)
{
	uint8_t two[32];

	(void)unhex("6BC1BEE22E409F96E93D7E117393172AAE2D8A571E03AC9C9EB76FAC45AF8E51", two, 32);
	double_expect(V_CBCMAC_C, V_CBCMAC_R, 0);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_CBC, AES_KEY, two, 32, &out), 0);
	assert_hex(&out, "B148C17F309EE692287AE57CF12ADD49");
	double_expect(V_CMAC_C, V_CMAC_R, 0);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_CMAC, AES_KEY, two, 16, &out), 0);
	assert_hex(&out, "070A16B46B4D4144F79BDD9DD04A287C");
	double_expect(V_HMAC_C, V_HMAC_R, 0);
	ck_assert_int_eq(
	    chip_mac(c, CHIP_MAC_HMAC_SHA256, 0xF1D1, (const uint8_t *)"Hi There", 8, &out), 0);
	assert_hex(&out, "B0344C61D8DB38535CA8AFCEAF0BF12B881DC200C9833DA726E9376C2E32CFF7");
	ck_assert(dbl.last_idempotent);
	/* CMAC takes any length at its end; a secret in a session dies with a reset */
	double_expect("94 0B 0006 E200 010001 6B", V_CMAC_R, 0);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_CMAC, AES_KEY, two, 1, &out), 0);
	double_expect("94 20 0006 E100 010001 6B", V_HMAC_R, 0);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_HMAC_SHA256, 0xE100, two, 1, &out), 0);
	ck_assert(!dbl.last_idempotent);
}
END_TEST

/* One command of a chain over bytes that are all zero; answered with as many of v. */
static void
expect_part(const char *head, size_t n, const uint8_t *with_iv, size_t answer, uint8_t v)
{
	uint8_t cmd[4 + 640] = { 0 }, rsp[4 + 3 + 640] = { 0 };
	size_t len = unhex(head, cmd, 7); /* Cmd Param InLen OID tag */

	ck_assert_uint_eq(len, 7);
	cmd[len++] = (uint8_t)(n >> 8);
	cmd[len++] = (uint8_t)n;
	len += n;
	if (with_iv != NULL) {
		memcpy(cmd + len, "\x41\x00\x10", 3);
		memcpy(cmd + len + 3, with_iv, 16);
		len += 19;
	}
	ck_assert_uint_le(len, sizeof(cmd));
	cmd[2] = (uint8_t)((len - 4) >> 8);
	cmd[3] = (uint8_t)(len - 4);
	if (answer > 0) {
		rsp[2] = (uint8_t)((3 + answer) >> 8);
		rsp[3] = (uint8_t)(3 + answer);
		rsp[4] = 0x61;
		rsp[5] = (uint8_t)(answer >> 8);
		rsp[6] = (uint8_t)answer;
		memset(rsp + 7, v, answer);
	}
	double_expect_bytes(cmd, len, rsp, answer > 0 ? 7 + answer : 4);
}

/* CMD-56, CMD-57: whole blocks, 640 bytes of InData at most, the IV in the first command. */
START_TEST(long_data_is_a_chain)
{
	static const uint8_t zeros[1600];

	expect_part("94 09 0000 E200 00", 608, iv, 608, 1);
	expect_part("94 09 0000 E200 02", 624, NULL, 624, 2);
	expect_part("94 09 0000 E200 03", 368, NULL, 368, 3);
	ck_assert_int_eq(chip_encrypt(c, CHIP_CIPHER_CBC, AES_KEY, iv, zeros, 1600, &out), 0);
	ck_assert_uint_eq(out.len, 1600);
	ck_assert_uint_eq(out.data[607], 1);
	ck_assert_uint_eq(out.data[608], 2);
	ck_assert_uint_eq(out.data[1599], 3);
	expect_part("95 08 0000 E200 00", 624, NULL, 624, 1);
	expect_part("95 08 0000 E200 03", 16, NULL, 16, 2);
	ck_assert_int_eq(chip_decrypt(c, CHIP_CIPHER_ECB, AES_KEY, NULL, zeros, 640, &out), 0);
	ck_assert_uint_eq(out.len, 640);
}
END_TEST

/* CMD-58: some chips give the running value of a MAC before its end, others nothing. */
START_TEST(a_mac_comes_with_the_last_command)
{
	static const uint8_t zeros[1300];

	expect_part("94 0B 0000 E200 00", 624, NULL, 0, 0);
	expect_part("94 0B 0000 E200 02", 624, NULL, 16, 7);
	expect_part("94 0B 0000 E200 03", 1, NULL, 16, 9);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_CMAC, AES_KEY, zeros, 1249, &out), 0);
	assert_hex(&out, "09090909090909090909090909090909");
	expect_part("94 22 0000 F1D0 00", 624, NULL, 0, 0);
	expect_part("94 22 0000 F1D0 03", 6, NULL, 64, 5);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_HMAC_SHA512, 0xF1D0, zeros, 630, &out), 0);
	ck_assert_uint_eq(out.len, 64);
}
END_TEST

START_TEST(a_broken_chain_starts_again_once)
{
	static const uint8_t zeros[640];

	expect_part("94 08 0000 E200 00", 624, NULL, 624, 1);
	double_expect("94 08 0015 E200030010 00000000000000000000000000000000", NULL, HAL_ERESYNC);
	expect_part("94 08 0000 E200 00", 624, NULL, 624, 2);
	expect_part("94 08 0000 E200 03", 16, NULL, 16, 3);
	ck_assert_int_eq(chip_encrypt(c, CHIP_CIPHER_ECB, AES_KEY, NULL, zeros, 640, &out), 0);
	ck_assert_uint_eq(out.len, 640);
	ck_assert_uint_eq(out.data[0], 2);
	buf_reset(&out);
	ck_assert_int_eq(buf_put(&out, "old", 3), 0);
	for (int i = 0; i < 2; i++) {
		expect_part("94 08 0000 E200 00", 624, NULL, 624, 1);
		double_expect(
		    "94 08 0015 E200030010 00000000000000000000000000000000", NULL, HAL_ERESYNC);
	}
	ck_assert_int_eq(
	    chip_encrypt(c, CHIP_CIPHER_ECB, AES_KEY, NULL, zeros, 640, &out), HAL_ERESYNC);
	/* a session's secret may be gone */
	expect_part("94 20 0000 E101 00", 624, NULL, 0, 0);
	double_expect("94 20 0006 E101030001 00", NULL, HAL_ERESYNC);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_HMAC_SHA256, 0xE101, zeros, 625, &out), HAL_ERESYNC);
	/* what the chip refuses is refused */
	double_expect("94 08 0015 E200010010 00000000000000000000000000000000", "FF 00 0000", 0);
	double_expect_error(CHIP_E_ACCESS);
	ck_assert_int_eq(
	    chip_encrypt(c, CHIP_CIPHER_ECB, AES_KEY, NULL, zeros, 16, &out), CHIP_E_ACCESS);
	assert_old();
}
END_TEST

static const char *const bad_blocks[] = {
	"00 00 0000",
	"00 00 0012 61000F3AD77BB40D7A3660A89ECAF32466EF",
	"00 00 0014 6100113AD77BB40D7A3660A89ECAF32466EF9700",
	"00 00 0014 6100103AD77BB40D7A3660A89ECAF32466EF9700",
	"00 00 0013 6000103AD77BB40D7A3660A89ECAF32466EF97",
	"00 00 0013 6100113AD77BB40D7A3660A89ECAF32466EF97",
};

START_TEST(an_answer_that_is_no_block_is_refused)
{
	double_expect(V_ECB_C, bad_blocks[_i], 0);
	ck_assert_int_eq(
	    chip_encrypt(c, CHIP_CIPHER_ECB, AES_KEY, NULL, block, 16, &out), HAL_EPROTO);
	double_expect(V_CMAC_C, bad_blocks[_i], 0);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_CMAC, AES_KEY, block, 16, &out), HAL_EPROTO);
	assert_old();
}
END_TEST

START_TEST(impossible_ciphers_are_not_sent)
{
	const enum chip_cipher ecb = CHIP_CIPHER_ECB, cbc = CHIP_CIPHER_CBC;

	ck_assert_int_eq(chip_encrypt(c, ecb, AES_KEY, NULL, block, 0, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_encrypt(c, ecb, AES_KEY, NULL, block, 15, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_encrypt(c, ecb, AES_KEY, iv, block, 16, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_decrypt(c, cbc, AES_KEY, NULL, block, 16, &out), HAL_EINVAL);
	ck_assert_int_eq(
	    chip_decrypt(c, (enum chip_cipher)0x0A, AES_KEY, iv, block, 16, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_CBC, AES_KEY, block, 15, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_CMAC, AES_KEY, block, 0, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_mac(c, (enum chip_mac)0x08, AES_KEY, block, 16, &out), HAL_EINVAL);
	ck_assert_uint_eq(chip_mac_len((enum chip_mac)0x08), 0);
	ck_assert_uint_eq(chip_mac_len(CHIP_MAC_HMAC_SHA384), 48);
	assert_old();
}
END_TEST

START_TEST(example_symmetric_keys)
{
	double_expect("B9 81 0009 010002E20002000102", "00 00 0000", 0);
	ck_assert_int_eq(chip_symkey(c, AES_KEY, CHIP_ALG_AES128, CHIP_USE_ENC), 0);
	ck_assert(!dbl.last_idempotent);
	double_expect(V_AES_EXPORT_C, V_AES_EXPORT_R, 0);
	ck_assert_int_eq(chip_symkey_export(c, CHIP_ALG_AES128, &out), 0);
	assert_hex(&out, "2B7E151628AED2A6ABF7158809CF4F3C");
	double_expect("B9 83 0003 070000", V_AES_EXPORT_R, 0); /* half a key */
	ck_assert_int_eq(chip_symkey_export(c, CHIP_ALG_AES256, &out), HAL_EPROTO);
	ck_assert_int_eq(chip_symkey_export(c, CHIP_ALG_P256, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_symkey(c, AES_KEY, CHIP_ALG_P256, CHIP_USE_ENC), HAL_EINVAL);
	ck_assert_int_eq(chip_symkey(c, AES_KEY, CHIP_ALG_AES128, 0), HAL_EINVAL);
	ck_assert_int_eq(chip_symkey(c, 0xE0F1, CHIP_ALG_AES128, CHIP_USE_ENC), HAL_EINVAL);
}
END_TEST

/* --- random numbers in sessions, authorization --------------------------------------------------
 */

static const uint8_t prefix[16] = { 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x10,
	0x11, 0x12, 0x13, 0x14, 0x15, 0x16 };

START_TEST(example_random_in_a_session)
{
	uint8_t r[17] = { 0 };

	double_expect(V_SECRET_C, V_SECRET_R, 0);
	ck_assert_int_eq(chip_random_secret(c, 0xE100, (const uint8_t *)"\x03\x03", 2, 46), 0);
	double_expect(V_CHALLENGE_C, V_CHALLENGE_R, 0);
	ck_assert_int_eq(chip_random_challenge(c, 0xE100, prefix, sizeof(prefix), r, 16), 0);
	ck_assert_uint_eq(r[0], 0xA0);
	ck_assert_uint_eq(r[15], 0xAF);
	ck_assert_uint_eq(r[16], 0);
	/* without a prefix the tag stays */
	double_expect("8C 04 0007 0008E103410000", "00 00 0000", 0);
	ck_assert_int_eq(chip_random_secret(c, 0xE103, NULL, 0, 8), 0);
	/* a secret that comes out, or bytes that do not */
	double_expect("8C 04 0007 0008E103410000", "00 00 0001 00", 0);
	ck_assert_int_eq(chip_random_secret(c, 0xE103, NULL, 0, 8), HAL_EPROTO);
	double_expect("8C 00 0007 0008E103410000", "00 00 0007 01020304050607", 0);
	ck_assert_int_eq(chip_random_challenge(c, 0xE103, NULL, 0, r, 8), HAL_EPROTO);
	/* CMD-33 */
	ck_assert_int_eq(chip_random_secret(c, 0xE100, prefix, 2, 65), HAL_ETOOBIG);
	ck_assert_int_eq(chip_random_secret(c, 0xE100, prefix, 60, 8), HAL_ETOOBIG);
	ck_assert_int_eq(chip_random_secret(c, 0xE100, NULL, 0, 7), HAL_EINVAL);
	ck_assert_int_eq(chip_random_secret(c, 0xE104, NULL, 0, 8), HAL_EINVAL);
	ck_assert_int_eq(chip_random_challenge(c, 0xF1D0, NULL, 0, r, 8), HAL_EINVAL);
	ck_assert_int_eq(chip_random_challenge(c, 0xE100, NULL, 0, r, 257), HAL_EINVAL);
}
END_TEST

START_TEST(example_authorization)
{
	struct buf data =
	    hex_buf("01020304050607080910111213141516A0A1A2A3A4A5A6A7A8A9AAABACADAEAFF0F1F2F3");
	struct buf mac =
	    hex_buf("D2FE5A4B43F1B0C63F8D905219159A98931C4A01573A17835A213BF72FC86D9A");
	static const uint8_t big[600];

	double_expect(V_AUTH_C, V_AUTH_R, 0);
	ck_assert_int_eq(chip_authorize(c, CHIP_MAC_HMAC_SHA256, 0xF1D0, 0xE100, data.data,
			     data.len, mac.data, mac.len),
	    0);
	ck_assert(!dbl.last_idempotent);
	double_expect(V_AUTH_C, "FF 00 0000", 0);
	double_expect_error(CHIP_E_AUTHORIZATION);
	ck_assert_int_eq(chip_authorize(c, CHIP_MAC_HMAC_SHA256, 0xF1D0, 0xE100, data.data,
			     data.len, mac.data, mac.len),
	    CHIP_E_AUTHORIZATION);
	ck_assert_int_eq(chip_authorize(c, CHIP_MAC_HMAC_SHA384, 0xF1D0, 0xE100, data.data,
			     data.len, mac.data, mac.len),
	    HAL_EINVAL);
	ck_assert_int_eq(
	    chip_authorize(c, CHIP_MAC_CMAC, 0xF1D0, 0xE100, data.data, data.len, mac.data, 16),
	    HAL_EINVAL);
	ck_assert_int_eq(chip_authorize(c, CHIP_MAC_HMAC_SHA256, 0xF1D0, 0xF1D1, data.data,
			     data.len, mac.data, mac.len),
	    HAL_EINVAL);
	ck_assert_int_eq(
	    chip_authorize(c, CHIP_MAC_HMAC_SHA256, 0xF1D0, 0xE100, big, 599, mac.data, mac.len),
	    HAL_ETOOBIG);
	buf_free(&data);
	buf_free(&mac);
}
END_TEST

START_TEST(an_authorization_ends_by_a_refusal)
{
	double_expect("95 20 0007 F1D0010002E100", "FF 00 0000", 0);
	double_expect_error(CHIP_E_AUTHORIZATION);
	ck_assert_int_eq(chip_deauthorize(c, 0xF1D0, 0xE100), 0);
	double_expect("95 20 0007 F1D0010002E100", "FF 00 0000", 0);
	double_expect_error(CHIP_E_DATA);
	ck_assert_int_eq(chip_deauthorize(c, 0xF1D0, 0xE100), 0);
	double_expect("95 20 0007 F1D0010002E100", "FF 00 0000", 0);
	double_expect_error(CHIP_E_ACCESS);
	ck_assert_int_eq(chip_deauthorize(c, 0xF1D0, 0xE100), CHIP_E_ACCESS);
	double_expect("95 20 0007 F1D0010002E100", "00 00 0000", 0);
	ck_assert_int_eq(chip_deauthorize(c, 0xF1D0, 0xE100), HAL_EPROTO);
	ck_assert_int_eq(chip_deauthorize(c, 0xF1D0, 0xF1D0), HAL_EINVAL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip ciphers");
	TCase *tc = tcase_create("commands");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, example_ciphers);
	tcase_add_test(tc, example_macs);
	tcase_add_test(tc, long_data_is_a_chain);
	tcase_add_test(tc, a_mac_comes_with_the_last_command);
	tcase_add_test(tc, a_broken_chain_starts_again_once);
	tcase_add_loop_test(tc, an_answer_that_is_no_block_is_refused, 0, (int)NITEMS(bad_blocks));
	tcase_add_test(tc, impossible_ciphers_are_not_sent);
	tcase_add_test(tc, example_symmetric_keys);
	tcase_add_test(tc, example_random_in_a_session);
	tcase_add_test(tc, example_authorization);
	tcase_add_test(tc, an_authorization_ends_by_a_refusal);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
