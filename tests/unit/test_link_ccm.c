/*
 * Known answers of the presentation layer's cryptography: a session computed with other
 * implementations, and the host's side of the vendor's recorded one.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/link/ccm.h"
#include "tests/unit/fakechip.h"

#define CMD      "01000006E0C200000064"
#define RSP      "0000001B 101112131415161718191A1B1C1D1E1F202122232425262728292A"
#define RND      "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF"
#define VENDOR_R "96762e6116c6e9c92d99bf358c2e0718822ce47ca8c74107e66cb0e4b2b3f4d5"

enum who { HOST, CHIP };

static const struct known {
	unsigned first; /* byte 0 of the secret; the others count up */
	const char *rnd;
	enum who who;
	uint8_t sctr;
	uint32_t seq;
	const char *plain, *sealed; /* sealed without SCTR and SEQ */
} known[] = {
	{ 0, RND, HOST, 0x08, 0x1234, RND "00001234",
	    "EE175EBDE2070242BF56A5F2681F21297954C8086E47B8418F04C60E1C8A6F246CD3EFE4"
	    "A747E99C5DE1BD73" },
	{ 0, RND, CHIP, 0x08, 0xABCD, RND "0000ABCD",
	    "BFF95A00CA5C8801E806800238F523693B5DCE8588A30EB51EAE56D36CBAF08346B396B5"
	    "BABD85C454339F85" },
	{ 0, RND, HOST, 0x23, 0xABCE, CMD, "2334B29B16CB5FEB7AB0 36481EC4A0CC878D" },
	{ 0, RND, CHIP, 0x23, 0x1235, RSP,
	    "C5FB3ECFFE299787F72EC46B797560AFE3136173EE612DCECE2017EAAF712B 49CA9F75CF42D391" },
	{ 0, RND, HOST, 0x21, 0xABCF, CMD, "DEDAF81FED59AE602A62 AE1C257AE8F67830" },
	{ 0, RND, CHIP, 0x22, 0x1236, RSP,
	    "86BB60B882F1668864AE974B055040FDE58483E2CE26AA5DF0593632F1995D ED9E501D0373C92B" },
	{ 1, VENDOR_R, HOST, 0x08, 0xCA63, VENDOR_R "0000CA63",
	    "c44351f68f224df1733a2249472436a56f2bae3f4b90009b82a373e95658ff44d570952f"
	    "f549555bcc085477" },
	{ 1, VENDOR_R, CHIP, 0x08, 0xC96E, VENDOR_R "0000C96E",
	    "1ae3e1915b37398cc9d44fb46c26bb4f517a084788f2b914b405c4a87521782c1d19f78a"
	    "a17e60d20510d3f7" },
};

static struct ccm *ccm;

static void
keys_of(const struct known *k, struct ccm_pair *keys)
{
	uint8_t bytes[64], rnd[CCM_RND_LEN];
	struct secret *secret;

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(k->first + i);
	ck_assert_uint_eq(fake_hex(k->rnd, rnd, sizeof(rnd)), sizeof(rnd));
	ck_assert_int_eq(secret_from(bytes, sizeof(bytes), &secret), 0);
	ck_assert_int_eq(ccm_derive(ccm, secret, rnd, keys), 0);
	secret_free(&secret);
}

/* PR-H3 */
START_TEST(PR_H3_keys_are_derived_as_published)
{
	static const char want[] = "EA24C6BFD5B67969B4C8894659C532812D6DDD3F"
				   "6D8DB9CB37B79741FA1A34E713D6BADE5F29E3EB";
	uint8_t bytes[40];
	struct ccm_pair keys;

	keys_of(&known[0], &keys);
	ck_assert_uint_eq(fake_hex(want, bytes, sizeof(bytes)), sizeof(bytes));
	ck_assert_mem_eq(keys.host.key, bytes, 16);
	ck_assert_mem_eq(keys.host.nonce, bytes + 16, 4);
	ck_assert_mem_eq(keys.chip.key, bytes + 20, 16);
	ck_assert_mem_eq(keys.chip.nonce, bytes + 36, 4);
}
END_TEST

/* PR-H3 */
START_TEST(PR_H3_messages_are_protected_as_published)
{
	const struct known *k = &known[_i];
	const struct ccm_key *key;
	struct ccm_pair keys;
	uint8_t plain[64], sealed[64];
	size_t np = fake_hex(k->plain, plain, sizeof(plain));
	size_t ns = fake_hex(k->sealed, sealed, sizeof(sealed));
	struct buf out = BUF_INIT, back = BUF_INIT;

	keys_of(k, &keys);
	key = k->who == HOST ? &keys.host : &keys.chip;
	ck_assert_int_eq(buf_put_u8(&out, k->sctr), 0);
	ck_assert_int_eq(ccm_seal(ccm, key, k->sctr, k->seq, plain, np, &out), 0);
	ck_assert_uint_eq(out.len, 1 + CCM_SEQ_LEN + ns);
	ck_assert_mem_eq(out.data + 1 + CCM_SEQ_LEN, sealed, ns);
	ck_assert_int_eq(ccm_open(ccm, key, k->sctr, out.data + 1, out.len - 1, &back), 0);
	ck_assert_uint_eq(back.len, np);
	ck_assert_mem_eq(back.data, plain, np);
	/* Every bit counts, those of the number and of SCTR too. */
	for (size_t i = 1; i < out.len; i++) {
		out.data[i] ^= (uint8_t)(1 << i % 8);
		ck_assert_int_eq(
		    ccm_open(ccm, key, k->sctr, out.data + 1, out.len - 1, &back), HAL_EFORMAT);
		ck_assert_uint_eq(back.len, 0);
		out.data[i] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert_int_eq(
	    ccm_open(ccm, key, k->sctr ^ 1, out.data + 1, out.len - 1, &back), HAL_EFORMAT);
	buf_free(&out);
	buf_free(&back);
}
END_TEST

START_TEST(every_truncation_is_refused)
{
	struct ccm_pair keys;
	struct buf out = BUF_INIT, back = BUF_INIT;

	keys_of(&known[0], &keys);
	ck_assert_int_eq(
	    ccm_seal(ccm, &keys.host, 0x23, 7, (const uint8_t *)"abcdefgh", 8, &out), 0);
	for (size_t n = 0; n < out.len; n++)
		ck_assert_int_eq(ccm_open(ccm, &keys.host, 0x23, out.data, n, &back), HAL_EFORMAT);
	ck_assert_int_eq(
	    ccm_seal(ccm, &keys.host, 0x23, 7, (const uint8_t *)"", 0, &out), HAL_ETOOBIG);
	buf_free(&out);
	buf_free(&back);
}
END_TEST

/* The largest command, and secrets of other lengths: HMAC pads with zeros. */
START_TEST(lengths_of_messages_and_secrets)
{
	static uint8_t big[1557];
	uint8_t bytes[64] = { 1, 2, 3 };
	struct ccm_pair a, b;
	struct secret *one, *two;
	struct buf out = BUF_INIT, back = BUF_INIT;

	ck_assert_int_eq(secret_from(bytes, 3, &one), 0);
	ck_assert_int_eq(secret_from(bytes, 64, &two), 0);
	ck_assert_int_eq(ccm_derive(ccm, one, big, &a), 0);
	ck_assert_int_eq(ccm_derive(ccm, two, big, &b), 0);
	ck_assert_mem_eq(&a, &b, sizeof(a));
	ck_assert_int_eq(ccm_seal(ccm, &a.host, 0x23, 7, big, sizeof(big), &out), 0);
	ck_assert_uint_eq(out.len, sizeof(big) + CCM_OVERHEAD);
	ck_assert_int_eq(ccm_open(ccm, &a.host, 0x23, out.data, out.len, &back), 0);
	ck_assert_uint_eq(back.len, sizeof(big));
	ck_assert_mem_eq(back.data, big, sizeof(big));
	secret_free(&one);
	secret_free(&two);
	buf_free(&out);
	buf_free(&back);
}
END_TEST

static void
up(void)
{
	ck_assert_int_eq(ccm_new(&ccm), 0);
}

static void
down(void)
{
	ccm_free(&ccm);
}

int
main(void)
{
	Suite *s = suite_create("link ccm");
	TCase *t = tcase_create("ccm");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, up, down);
	tcase_add_test(t, PR_H3_keys_are_derived_as_published);
	tcase_add_loop_test(t, PR_H3_messages_are_protected_as_published, 0, (int)NITEMS(known));
	tcase_add_test(t, every_truncation_is_refused);
	tcase_add_test(t, lengths_of_messages_and_secrets);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
