/*
 * Commands as bytes: the examples of the command reference against a scripted link, data in
 * blocks, and errors with their reason.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"
#include "tests/unit/test_chip_double.h"

static struct chip *c;

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
	chip_close(&c);
}

static void
put_be16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* GetDataObject of n bytes at off, answered with got bytes of a pattern. */
static void
expect_read(uint16_t oid, size_t off, size_t n, size_t got)
{
	uint8_t cmd[10] = { 0x81, 0x00, 0x00, 0x06 }, rsp[4 + 1553] = { 0x00, 0x5A };

	put_be16(cmd + 4, oid);
	put_be16(cmd + 6, off);
	put_be16(cmd + 8, n);
	put_be16(rsp + 2, got);
	for (size_t i = 0; i < got; i++)
		rsp[4 + i] = (uint8_t)((off + i) * 7);
	double_expect_bytes(cmd, sizeof(cmd), rsp, 4 + got);
}

static void
expect_read_refused(uint16_t oid, size_t off, size_t n, int code)
{
	static const uint8_t refused[] = { 0xFF, 0x12, 0x00, 0x00 };
	uint8_t cmd[10] = { 0x81, 0x00, 0x00, 0x06 };

	put_be16(cmd + 4, oid);
	put_be16(cmd + 6, off);
	put_be16(cmd + 8, n);
	double_expect_bytes(cmd, sizeof(cmd), refused, sizeof(refused));
	double_expect_error(code);
}

static void
expect_write(uint8_t param, uint16_t oid, size_t off, const uint8_t *data, size_t n)
{
	static const uint8_t ok[] = { 0x00, 0x00, 0x00, 0x00 };
	uint8_t cmd[4 + 1553] = { 0x82, param };

	ck_assert_uint_le(n, 1549);
	put_be16(cmd + 2, 4 + n);
	put_be16(cmd + 4, oid);
	put_be16(cmd + 6, off);
	memcpy(cmd + 8, data, n);
	double_expect_bytes(cmd, 8 + n, ok, sizeof(ok));
}

START_TEST(the_first_acquire_knows_the_chip)
{
	ck_assert_str_eq(chip_model(c)->id, "trust-m-v3");
	ck_assert_uint_eq(chip_uid(c)[25], 0x24);
	ck_assert_uint_eq(chip_commands(c), 2);
	ck_assert_str_eq(chip_selector(c), "double:");
}
END_TEST

START_TEST(example_get_data_object)
{
	struct buf out = BUF_INIT;
	struct chip_meta m;

	double_expect("81 00 0006 E0C200020005", "00 00 0005 339301001C", 0);
	ck_assert_int_eq(chip_data_read(c, 0xE0C2, 2, 5, &out), 0);
	ck_assert_uint_eq(out.len, 5);
	ck_assert_mem_eq(out.data, "\x33\x93\x01\x00\x1C", 5);
	ck_assert(dbl.last_idempotent);
	double_expect("81 01 0002 E0F0", "00 00 0011 200FC00101D001FFD30100E00103E10101", 0);
	ck_assert_int_eq(chip_meta_read(c, 0xE0F0, &m), 0);
	ck_assert_int_eq(m.alg, CHIP_ALG_P256);
	buf_free(&out);
}
END_TEST

START_TEST(example_set_data_object)
{
	static const uint8_t eight[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint8_t five[] = { 0x31, 0x32, 0x33, 0x34, 0x0A };
	static const uint8_t counter[] = { 0, 0, 0, 0, 0, 0, 0, 0x0A };
	static const uint8_t meta[] = { 0xD0, 0x01, 0xFF, 0xD1, 0x01, 0x00 };
	static const uint8_t lock[] = { 0xC0, 0x01, 0x07, 0xD0, 0x01, 0xFF };

	double_expect("82 00 000C F1D000090102030405060708", "00 00 0000", 0);
	ck_assert_int_eq(chip_data_write(c, 0xF1D0, 9, eight, sizeof(eight), CHIP_WRITE), 0);
	ck_assert(dbl.last_idempotent);
	double_expect("82 40 0009 E0E1000A313233340A", "00 00 0000", 0);
	ck_assert_int_eq(chip_data_write(c, 0xE0E1, 10, five, sizeof(five), CHIP_ERASE_WRITE), 0);
	double_expect("82 40 000C E1200000000000000000000A", "00 00 0000", 0);
	ck_assert_int_eq(
	    chip_data_write(c, 0xE120, 0, counter, sizeof(counter), CHIP_ERASE_WRITE), 0);
	double_expect("82 01 000C E0E100002006D001FFD10100", "00 00 0000", 0);
	ck_assert_int_eq(chip_meta_write(c, 0xE0E1, meta, sizeof(meta)), 0);
	ck_assert(dbl.last_idempotent);
	double_expect("82 01 000C E0E100002006C00107D001FF", "00 00 0000", 0);
	ck_assert_int_eq(chip_meta_write(c, 0xE0E1, lock, sizeof(lock)), 0);
	ck_assert(!dbl.last_idempotent);
}
END_TEST

START_TEST(example_random)
{
	uint8_t out[16];

	double_expect("8C 00 0002 0010", "00 00 0010 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF", 0);
	ck_assert_int_eq(chip_random(c, out, sizeof(out)), 0);
	ck_assert_uint_eq(out[0], 0xA0);
	ck_assert_uint_eq(out[15], 0xAF);
	ck_assert(dbl.last_idempotent);
}
END_TEST

START_TEST(example_sign_ecdsa)
{
	uint8_t digest[32], want[64];
	struct buf sig = BUF_INIT;

	(void)unhex("AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF", digest, 32);
	(void)unhex("EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
		    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
	    want, 64);
	double_expect("B1 11 0028 010020"
		      "AF2BDBE1AA9B6EC1E2ADE1D694F41FC71A831D0268E9891562113D8A62ADD1BF"
		      "030002E0F1",
	    "00 00 0046 022100EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
	    "022100F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
	    0);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F1, 32, digest, sizeof(digest), &sig), 0);
	ck_assert_uint_eq(sig.len, 64);
	ck_assert_mem_eq(sig.data, want, 64);
	ck_assert(dbl.last_idempotent);
	buf_free(&sig);
}
END_TEST

START_TEST(ecdsa_digests_are_padded_and_cut)
{
	uint8_t digest[48];
	struct buf sig = BUF_INIT;

	memset(digest, 0xD1, sizeof(digest));
	/* CMD-39: 9 bytes are refused by the chip, so they become 10 */
	double_expect(
	    "B1 11 0012 01000A 00D1D1D1D1D1D1D1D1D1 030002E0F1", "00 00 0006 020101 020102", 0);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F1, 32, digest, 9, &sig), 0);
	/* SHA-384 with P-256: the chip does not cut */
	double_expect("B1 11 0028 010020"
		      "D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1D1"
		      "030002E0F1",
	    "00 00 0006 020101 020102", 0);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F1, 32, digest, 48, &sig), 0);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F1, 32, digest, 0, &sig), HAL_EINVAL);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F1, 67, digest, 32, &sig), HAL_EINVAL);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F1, 9, digest, 32, &sig), HAL_EINVAL);
	buf_free(&sig);
}
END_TEST

START_TEST(an_ecdsa_answer_that_is_no_signature_is_refused)
{
	uint8_t digest[32] = { 1 };
	struct buf sig = BUF_INIT;

	double_expect("B1 11 0028 010020"
		      "0100000000000000000000000000000000000000000000000000000000000000"
		      "030002E0F1",
	    "00 00 0003 020101", 0);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F1, 32, digest, 32, &sig), HAL_EPROTO);
	ck_assert_uint_eq(sig.len, 0);
	ck_assert_int_eq(dbl.starts, 1); /* no reason to reset the chip */
	buf_free(&sig);
}
END_TEST

START_TEST(example_sign_rsa)
{
	uint8_t digest[32];
	struct buf sig = BUF_INIT;

	(void)unhex("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD", digest, 32);
	double_expect("B1 01 0028 010020"
		      "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
		      "030002E0FC",
	    "00 00 0080 11B8DE3847731C7296736AB27F2BA9991B2BBCA5D64BD58B760975C7B2EAC95146149BAED6"
	    "A1166AA916B110274FFAD1A128EBA58BFEB29D73967D05F9886909D49664CA30A47F3856594981F870F54"
	    "90E91139496F59D702DEF63BDC97BD4C6719AD0B8F0C3C2DC9C364514E58AA4E04957105E92D796CB2892"
	    "1A03D8A880C1",
	    0);
	ck_assert_int_eq(chip_sign_rsa(c, 0xE0FC, digest, sizeof(digest), &sig), 0);
	ck_assert_uint_eq(sig.len, 128);
	ck_assert_uint_eq(sig.data[0], 0x11);
	ck_assert_int_eq(chip_sign_rsa(c, 0xE0FC, digest, 20, &sig), HAL_EINVAL);
	double_expect("B1 01 0028 010020"
		      "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
		      "030002E0FC",
	    "00 00 0003 010203", 0);
	ck_assert_int_eq(chip_sign_rsa(c, 0xE0FC, digest, sizeof(digest), &sig), HAL_EPROTO);
	buf_free(&sig);
}
END_TEST

START_TEST(example_generate_ec)
{
	struct buf pub = BUF_INIT;

	double_expect("B8 03 0009 010002E0F102000111",
	    "00 00 0047 0200440342000460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29"
	    "FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299",
	    0);
	ck_assert_int_eq(chip_keypair(c, 0xE0F1, CHIP_ALG_P256, 0x11, &pub), 0);
	ck_assert_uint_eq(pub.len, 68);
	ck_assert_mem_eq(pub.data, "\x03\x42\x00\x04\x60\xFE", 6);
	ck_assert(!dbl.last_idempotent);
	buf_free(&pub);
}
END_TEST

START_TEST(example_generate_rsa)
{
	struct buf pub = BUF_INIT;

	double_expect("B8 41 0009 010002E0FC02000112",
	    "00 00 0093 02009003818D0030818902818100BCA31B116D927483168FC7E37344339AB9239E7AF84F4AA"
	    "DC065D0A2BAEB0D1E76B965021E33A603AC0B4C385D9B0F501DA7965C741F4CB017CA90EB5D7ECD18C0463"
	    "42E5C06420B0E7794F12CA0E0351A87A0F366F3A4997DFB6C36BE4C9A3A2B1FC33437E938E53C03D6C1C78"
	    "8AC23EF7BEE1CFE0A69E1799CC0055061F0210203010001",
	    0);
	ck_assert_int_eq(chip_keypair(c, 0xE0FC, CHIP_ALG_RSA1024, 0x12, &pub), 0);
	ck_assert_uint_eq(pub.len, 144);
	ck_assert_uint_ge(dbl.last_deadline_ms, 180000);
	buf_free(&pub);
}
END_TEST

START_TEST(impossible_key_pairs_are_refused_on_the_host)
{
	struct buf pub = BUF_INIT;

	ck_assert_int_eq(chip_keypair(c, 0xE0FC, CHIP_ALG_P256, 0x10, &pub), HAL_EINVAL);
	ck_assert_int_eq(chip_keypair(c, 0xE0F1, CHIP_ALG_RSA2048, 0x10, &pub), HAL_EINVAL);
	ck_assert_int_eq(chip_keypair(c, 0xE0E1, CHIP_ALG_P256, 0x10, &pub), HAL_EINVAL);
	ck_assert_int_eq(chip_keypair(c, 0x1234, CHIP_ALG_P256, 0x10, &pub), HAL_EINVAL);
	ck_assert_int_eq(chip_keypair(c, 0xE0F1, CHIP_ALG_P256, 0, &pub), HAL_EINVAL);
	ck_assert_int_eq(chip_keypair(c, 0xE200, CHIP_ALG_AES128, 2, &pub), HAL_EINVAL);
}
END_TEST

static const char *const bad_pubs[] = {
	"00 00 0000", "00 00 0003 020000", "00 00 0004 02000301", /* TLV past the end */
	"00 00 0002 0200", "00 00 0007 0200040342 0004",          /* key cut */
	"00 00 0005 0100020401",                                  /* private key alone */
};

START_TEST(an_answer_without_a_public_key_is_refused)
{
	struct buf pub = BUF_INIT;

	double_expect("B8 03 0009 010002E0F102000111", bad_pubs[_i], 0);
	ck_assert_int_eq(chip_keypair(c, 0xE0F1, CHIP_ALG_P256, 0x11, &pub), HAL_EPROTO);
	ck_assert_uint_eq(pub.len, 0);
	buf_free(&pub);
}
END_TEST

/* --- blocks ---------------------------------------------------------------------------------- */

START_TEST(a_long_object_takes_two_commands)
{
	struct buf out = BUF_INIT;

	expect_read(0xE0E1, 0, 1553, 1553);
	expect_read(0xE0E1, 1553, 175, 175);
	ck_assert_int_eq(buf_put_u8(&out, 0xAA), 0);
	ck_assert_int_eq(chip_data_read(c, 0xE0E1, 0, SIZE_MAX, &out), 0);
	ck_assert_uint_eq(out.len, 1 + 1728);
	ck_assert_uint_eq(out.data[0], 0xAA);
	for (size_t i = 0; i < 1728; i++)
		ck_assert_uint_eq(out.data[1 + i], (uint8_t)(i * 7));
	buf_free(&out);
}
END_TEST

START_TEST(reading_ends_at_the_used_size)
{
	struct buf out = BUF_INIT;

	expect_read(0xE0E0, 0, 1553, 516); /* shorter than asked: no second command */
	ck_assert_int_eq(chip_data_read(c, 0xE0E0, 0, 5000, &out), 0);
	ck_assert_uint_eq(out.len, 516);
	buf_reset(&out);
	expect_read(0xE0E0, 0, 1553, 1553); /* exactly one block */
	expect_read_refused(0xE0E0, 1553, 175, CHIP_E_BOUNDARY);
	ck_assert_int_eq(chip_data_read(c, 0xE0E0, 0, 1728, &out), 0);
	ck_assert_uint_eq(out.len, 1553);
	buf_reset(&out);
	expect_read_refused(0xF1D0, 100, 40, CHIP_E_BOUNDARY); /* CMD-16 */
	ck_assert_int_eq(chip_data_read(c, 0xF1D0, 100, 1000, &out), 0);
	ck_assert_uint_eq(out.len, 0);
	buf_free(&out);
}
END_TEST

START_TEST(reading_nothing_or_past_the_object_costs_nothing)
{
	const unsigned before = chip_commands(c);
	struct buf out = BUF_INIT;

	ck_assert_int_eq(chip_data_read(c, 0xF1D0, 0, 0, &out), 0);
	ck_assert_int_eq(chip_data_read(c, 0xF1D0, 140, 10, &out), 0);
	ck_assert_int_eq(chip_data_read(c, 0xF1D0, SIZE_MAX, 10, &out), 0);
	ck_assert_uint_eq(out.len, 0);
	ck_assert_uint_eq(chip_commands(c), before);
	buf_free(&out);
}
END_TEST

START_TEST(reading_asks_for_no_more_than_needed)
{
	struct buf out = BUF_INIT;

	expect_read(0xE0E0, 3, 9, 9);
	ck_assert_int_eq(chip_data_read(c, 0xE0E0, 3, 9, &out), 0);
	expect_read(0xF1D3, 10, 130, 130);
	ck_assert_int_eq(chip_data_read(c, 0xF1D3, 10, 1553, &out), 0);
	expect_read(0xE0E0, 100, 1553, 1553);
	expect_read(0xE0E0, 1653, 1, 1);
	ck_assert_int_eq(chip_data_read(c, 0xE0E0, 100, 1554, &out), 0);
	buf_free(&out);
}
END_TEST

START_TEST(a_failed_read_leaves_the_buffer_as_it_was)
{
	struct buf out = BUF_INIT;

	ck_assert_int_eq(buf_put(&out, "abc", 3), 0);
	expect_read(0xE0E1, 0, 1553, 1553);
	expect_read_refused(0xE0E1, 1553, 175, CHIP_E_ACCESS);
	ck_assert_int_eq(chip_data_read(c, 0xE0E1, 0, 1728, &out), CHIP_E_ACCESS);
	ck_assert_uint_eq(out.len, 3);
	expect_read(0xF1D0, 0, 4, 5); /* more than asked */
	ck_assert_int_eq(chip_data_read(c, 0xF1D0, 0, 4, &out), HAL_EPROTO);
	ck_assert_uint_eq(out.len, 3);
	buf_free(&out);
}
END_TEST

START_TEST(keys_and_unknown_objects_are_for_the_chip_to_refuse)
{
	struct buf out = BUF_INIT;

	expect_read_refused(0xE0F1, 0, 10, CHIP_E_ACCESS);
	ck_assert_int_eq(chip_data_read(c, 0xE0F1, 0, 10, &out), CHIP_E_ACCESS);
	expect_read_refused(0xABCD, 0, 10, CHIP_E_OID);
	ck_assert_int_eq(chip_data_read(c, 0xABCD, 0, 10, &out), CHIP_E_OID);
	buf_free(&out);
}
END_TEST

/* Tail first, head last: until the last command nothing at the head makes sense to a reader. */
START_TEST(a_long_write_goes_tail_first)
{
	uint8_t data[1728];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 13);
	expect_write(0x40, 0xE0E1, 1549, data + 1549, 179);
	expect_write(0x00, 0xE0E1, 0, data, 1549);
	ck_assert_int_eq(chip_data_write(c, 0xE0E1, 0, data, 1728, CHIP_ERASE_WRITE), 0);
	expect_write(0x00, 0xE0E1, 1549, data + 1549, 179);
	expect_write(0x00, 0xE0E1, 0, data, 1549);
	ck_assert_int_eq(chip_data_write(c, 0xE0E1, 0, data, 1728, CHIP_WRITE), 0);
	expect_write(0x40, 0xE0E1, 1559, data + 1549, 1);
	expect_write(0x00, 0xE0E1, 10, data, 1549);
	ck_assert_int_eq(chip_data_write(c, 0xE0E1, 10, data, 1550, CHIP_ERASE_WRITE), 0);
	expect_write(0x40, 0xE0E1, 0, data, 1549);
	ck_assert_int_eq(chip_data_write(c, 0xE0E1, 0, data, 1549, CHIP_ERASE_WRITE), 0);
}
END_TEST

START_TEST(a_refused_tail_spares_the_head)
{
	uint8_t data[1728] = { 0 }, cmd[8 + 179] = { 0x82, 0x40, 0, 183, 0xE0, 0xE1, 0x06, 0x0D };
	static const uint8_t refused[] = { 0xFF, 0x00, 0x00, 0x00 };

	double_expect_bytes(cmd, sizeof(cmd), refused, sizeof(refused));
	double_expect_error(CHIP_E_ACCESS);
	ck_assert_int_eq(
	    chip_data_write(c, 0xE0E1, 0, data, 1728, CHIP_ERASE_WRITE), CHIP_E_ACCESS);
}
END_TEST

START_TEST(what_does_not_fit_is_not_sent)
{
	uint8_t data[1729] = { 0 };

	ck_assert_int_eq(chip_data_write(c, 0xE0E1, 0, data, 1729, CHIP_WRITE), HAL_ETOOBIG);
	ck_assert_int_eq(chip_data_write(c, 0xE0E1, 1, data, 1728, CHIP_WRITE), HAL_ETOOBIG);
	ck_assert_int_eq(chip_data_write(c, 0xF1D0, 141, data, 1, CHIP_WRITE), HAL_ETOOBIG);
	ck_assert_int_eq(chip_data_write(c, 0xF1D0, SIZE_MAX, data, 2, CHIP_WRITE), HAL_ETOOBIG);
	ck_assert_int_eq(chip_data_write(c, 0xE0F1, 0, data, 1, CHIP_WRITE), HAL_ETOOBIG);
	ck_assert_int_eq(chip_data_write(c, 0xF1D0, 0, data, 0, CHIP_WRITE), HAL_EINVAL);
	ck_assert_int_eq(chip_meta_write(c, 0xF1D0, data, 0), HAL_EINVAL);
	ck_assert_int_eq(chip_meta_write(c, 0xF1D0, data, 43), HAL_ETOOBIG);
	ck_assert_int_eq(
	    chip_meta_write(c, 0xF1D0, (const uint8_t *)"\xD0\x02\x00", 3), HAL_EINVAL);
}
END_TEST

START_TEST(random_of_any_length)
{
	static const size_t lens[] = { 0, 1, 7, 8, 9, 255, 256, 257, 264, 520 };
	uint8_t out[521];

	for (size_t k = 0; k < NITEMS(lens); k++) {
		for (size_t left = lens[k]; left > 0;) {
			const size_t take = left < 256 ? left : 256, ask = take < 8 ? 8 : take;
			uint8_t cmd[6] = { 0x8C, 0x00, 0x00, 0x02 }, rsp[4 + 256] = { 0 };

			put_be16(cmd + 4, ask); /* CMD-32: 8 to 256 */
			put_be16(rsp + 2, ask);
			memset(rsp + 4, 0xC3, ask);
			double_expect_bytes(cmd, sizeof(cmd), rsp, 4 + ask);
			left -= take;
		}
		memset(out, 0, sizeof(out));
		ck_assert_int_eq(chip_random(c, out, lens[k]), 0);
		for (size_t i = 0; i < lens[k]; i++)
			ck_assert_uint_eq(out[i], 0xC3);
		ck_assert_uint_eq(out[lens[k]], 0);
	}
}
END_TEST

START_TEST(random_that_is_short_is_refused)
{
	uint8_t out[8];

	memset(out, 0x55, sizeof(out));
	double_expect("8C 00 0002 0008", "00 00 0007 A0A1A2A3A4A5A6", 0);
	ck_assert_int_eq(chip_random(c, out, sizeof(out)), HAL_EPROTO);
	for (size_t i = 0; i < sizeof(out); i++)
		ck_assert_uint_eq(out[i], 0);
}
END_TEST

/* --- errors ---------------------------------------------------------------------------------- */

START_TEST(the_reason_of_a_failure_is_read)
{
	struct chip_meta m;

	double_expect("81 01 0002 F1DC", "FF A5 0000", 0); /* CMD-2: the second byte is anything */
	double_expect_error(CHIP_E_OID);
	ck_assert_int_eq(chip_meta_read(c, 0xF1DC, &m), CHIP_E_OID);
	ck_assert(!dbl.last_idempotent); /* reading clears: asked again it would say 0 */
	double_expect("81 01 0002 F1DC", "FF 00 0000", 0);
	double_expect_error(0); /* must not pass for success */
	ck_assert_int_eq(chip_meta_read(c, 0xF1DC, &m), CHIP_E_INTERNAL);
	ck_assert_int_eq(dbl.starts, 1);
	ck_assert_int_eq(dbl.joins, 0);
}
END_TEST

/* What is no response at all makes the chip start again; the command is repeated once. */
static const char *const nonsense[] = {
	"",
	"00",
	"00 00 00",
	"00 00 0001",
	"00 00 0000 00",
	"01 00 0000",
	"FE 00 0000",
};

START_TEST(nonsense_is_answered_with_a_fresh_start)
{
	const uint64_t boot = chip_boot(c);
	struct chip_meta m;

	double_expect("81 01 0002 E0F1", nonsense[_i], 0);
	double_expect_open();
	double_expect("81 01 0002 E0F1", "00 00 000D 200BC00101D003E1FC07D30100", 0);
	ck_assert_int_eq(chip_meta_read(c, 0xE0F1, &m), 0);
	ck_assert_int_eq(dbl.starts, 2);
	ck_assert_uint_ne(chip_boot(c), boot);
	/* and twice is the end of it */
	double_expect("81 01 0002 E0F1", nonsense[_i], 0);
	double_expect_open();
	double_expect("81 01 0002 E0F1", nonsense[_i], 0);
	ck_assert_int_eq(chip_meta_read(c, 0xE0F1, &m), HAL_EPROTO);
	ck_assert_uint_eq(dbl.record.open, 0);
}
END_TEST

START_TEST(a_bad_error_object_is_nonsense_too)
{
	struct chip_meta m;

	double_expect("81 01 0002 E0F1", "FF 00 0000", 0);
	double_expect("01 00 0002 F1C2", "00 00 0002 0707", 0);
	double_expect_open();
	double_expect("81 01 0002 E0F1", "00 00 000D 200BC00101D003E1FC07D30100", 0);
	ck_assert_int_eq(chip_meta_read(c, 0xE0F1, &m), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip commands");
	TCase *tc = tcase_create("commands");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_first_acquire_knows_the_chip);
	tcase_add_test(tc, example_get_data_object);
	tcase_add_test(tc, example_set_data_object);
	tcase_add_test(tc, example_random);
	tcase_add_test(tc, example_sign_ecdsa);
	tcase_add_test(tc, ecdsa_digests_are_padded_and_cut);
	tcase_add_test(tc, an_ecdsa_answer_that_is_no_signature_is_refused);
	tcase_add_test(tc, example_sign_rsa);
	tcase_add_test(tc, example_generate_ec);
	tcase_add_test(tc, example_generate_rsa);
	tcase_add_test(tc, impossible_key_pairs_are_refused_on_the_host);
	tcase_add_loop_test(
	    tc, an_answer_without_a_public_key_is_refused, 0, (int)NITEMS(bad_pubs));
	tcase_add_test(tc, a_long_object_takes_two_commands);
	tcase_add_test(tc, reading_ends_at_the_used_size);
	tcase_add_test(tc, reading_nothing_or_past_the_object_costs_nothing);
	tcase_add_test(tc, reading_asks_for_no_more_than_needed);
	tcase_add_test(tc, a_failed_read_leaves_the_buffer_as_it_was);
	tcase_add_test(tc, keys_and_unknown_objects_are_for_the_chip_to_refuse);
	tcase_add_test(tc, a_long_write_goes_tail_first);
	tcase_add_test(tc, a_refused_tail_spares_the_head);
	tcase_add_test(tc, what_does_not_fit_is_not_sent);
	tcase_add_test(tc, random_of_any_length);
	tcase_add_test(tc, random_that_is_short_is_refused);
	tcase_add_test(tc, the_reason_of_a_failure_is_read);
	tcase_add_loop_test(tc, nonsense_is_answered_with_a_fresh_start, 0, (int)NITEMS(nonsense));
	tcase_add_test(tc, a_bad_error_object_is_nonsense_too);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
