/*
 * All commands on the simulated chip, through every layer: bus, link, frames, commands. What
 * the chip signs is judged by OpenSSL.
 */
#include <config.h>

#include <check.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"
#include "tests/unit/test_chip_ossl.h"

static const char *selector;
static struct chip *c;

static void
setup(void)
{
	selector = sim_image(1);
	ck_assert_int_eq(chip_open(selector, &c), 0);
}

static void
teardown(void)
{
	chip_close(&c);
	sim_image_remove();
}

static void
fill(uint8_t *p, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		p[i] = (uint8_t)(seed >> 16);
	}
}

START_TEST(first_contact)
{
	struct buf uid = BUF_INIT;
	unsigned n;

	ck_assert_uint_eq(chip_commands(c), 0);
	ck_assert_int_eq(chip_acquire(c), 0);
	chip_release(c);
	ck_assert_uint_eq(chip_commands(c), 2); /* OpenApplication, UID: nothing unasked (D9) */
	ck_assert_str_eq(chip_model(c)->id, "trust-m-v3");
	ck_assert_uint_eq(chip_uid(c)[0], 0xCD);
	ck_assert_int_eq(chip_data_read(c, 0xE0C2, 0, 100, &uid), 0);
	ck_assert_uint_eq(uid.len, CHIP_UID_LEN);
	ck_assert_mem_eq(uid.data, chip_uid(c), CHIP_UID_LEN);
	buf_free(&uid);
	/* The next one finds the application open. */
	chip_close(&c);
	ck_assert_int_eq(chip_open(selector, &c), 0);
	ck_assert_int_eq(chip_acquire(c), 0);
	chip_release(c);
	ck_assert_uint_eq(chip_commands(c), 1);
	n = chip_commands(c);
	ck_assert_int_eq(chip_acquire(c), 0);
	chip_release(c);
	ck_assert_uint_eq(chip_commands(c), n);
}
END_TEST

/* OBJ-1, OBJ-22: our table and the chip's metadata say the same of every object. */
START_TEST(every_object_has_the_metadata_the_table_says)
{
	const struct chip_object *o;

	ck_assert_int_eq(chip_acquire(c), 0);
	for (size_t i = 0; (o = chip_model_object_at(chip_model(c), i)) != NULL; i++) {
		struct chip_meta m;
		char w[128];

		if (o->kind == CHIP_KIND_SESSION)
			continue;
		ck_assert_msg(chip_meta_read(c, o->oid, &m) == 0, "%04X", o->oid);
		ck_assert_msg(o->max == 0 ? m.max == -1 : m.max == (int)o->max,
		    "%04X: max %d, table %zu", o->oid, m.max, o->max);
		chip_access_words(&m.change, w, sizeof(w));
		ck_assert_ptr_null(strstr(w, "unknown"));
		chip_access_words(&m.read, w, sizeof(w));
		ck_assert_ptr_null(strstr(w, "unknown"));
	}
	chip_release(c);
}
END_TEST

START_TEST(factory_content)
{
	struct buf out = BUF_INIT;
	struct chip_meta m;

	ck_assert_int_eq(chip_data_read(c, 0xE0C6, 0, 9, &out), 0);
	ck_assert_uint_eq(out.len, 2);
	ck_assert_mem_eq(out.data, "\x06\x15", 2);
	buf_reset(&out);
	ck_assert_int_eq(chip_data_read(c, 0xF1D0, 0, SIZE_MAX, &out), 0); /* OBJ-3 */
	ck_assert_uint_eq(out.len, 100);
	for (size_t i = 0; i < out.len; i++)
		ck_assert_uint_eq(out.data[i], 0);
	buf_reset(&out);
	ck_assert_int_eq(chip_data_read(c, 0xE0E1, 0, SIZE_MAX, &out), 0);
	ck_assert_uint_eq(out.len, 1728);
	buf_reset(&out);
	ck_assert_int_eq(chip_data_read(c, 0xE0E0, 0, SIZE_MAX, &out), 0);
	ck_assert_uint_gt(out.len, 300);
	ck_assert_uint_eq(out.data[0], 0xC0); /* OBJ-39 */
	ck_assert_int_eq(chip_meta_read(c, 0xE0E0, &m), 0);
	ck_assert_int_eq(m.used, (int)out.len);
	ck_assert_int_eq(chip_meta_read(c, 0xE0F0, &m), 0);
	ck_assert_uint_eq(m.raw_len, 17);
	ck_assert_mem_eq(
	    m.raw, "\x20\x0F\xC0\x01\x01\xD0\x01\xFF\xD3\x01\x00\xE0\x01\x03\xE1\x01\x01", 17);
	buf_free(&out);
}
END_TEST

/* OBJ-40 */
START_TEST(a_whole_certificate_object_is_written_and_read)
{
	uint8_t data[1728];
	struct buf out = BUF_INIT;
	unsigned n;

	fill(data, sizeof(data), 7);
	ck_assert_int_eq(chip_acquire(c), 0);
	n = chip_commands(c);
	ck_assert_int_eq(chip_data_write(c, 0xE0E1, 0, data, 1728, CHIP_ERASE_WRITE), 0);
	ck_assert_uint_eq(chip_commands(c), n + 2);
	ck_assert_int_eq(chip_data_read(c, 0xE0E1, 0, SIZE_MAX, &out), 0);
	ck_assert_uint_eq(chip_commands(c), n + 4);
	ck_assert_uint_eq(out.len, 1728);
	ck_assert_mem_eq(out.data, data, 1728);
	ck_assert_int_eq(chip_data_write(c, 0xE0E1, 0, data, 1729, CHIP_WRITE), HAL_ETOOBIG);
	chip_release(c);
	buf_free(&out);
}
END_TEST

/* CMD-20, OBJ-12, OBJ-13, around the size of one command and at offsets. */
START_TEST(every_kind_of_write_reads_back)
{
	static const size_t lens[] = { 1, 100, 1548, 1549, 1550, 1700 };
	static const size_t offs[] = { 0, 1, 28 };
	uint8_t data[1728];
	struct buf out = BUF_INIT;

	ck_assert_int_eq(chip_acquire(c), 0);
	for (size_t i = 0; i < NITEMS(lens); i++) {
		for (size_t k = 0; k < NITEMS(offs); k++) {
			const size_t len = lens[i], off = offs[k];
			struct chip_meta m;

			fill(data, len, (unsigned)(i * 10 + k));
			ck_assert_int_eq(
			    chip_data_write(c, 0xE0E2, off, data, len, CHIP_ERASE_WRITE), 0);
			buf_reset(&out);
			ck_assert_int_eq(chip_data_read(c, 0xE0E2, 0, SIZE_MAX, &out), 0);
			ck_assert_uint_eq(out.len, off + len);
			for (size_t z = 0; z < off; z++)
				ck_assert_uint_eq(out.data[z], 0);
			ck_assert_mem_eq(out.data + off, data, len);
			ck_assert_int_eq(chip_meta_read(c, 0xE0E2, &m), 0);
			ck_assert_int_eq(m.used, (int)(off + len));
		}
	}
	ck_assert_int_eq(chip_data_write(c, 0xE0E2, 2, (const uint8_t *)"ab", 2, CHIP_WRITE), 0);
	buf_reset(&out);
	ck_assert_int_eq(chip_data_read(c, 0xE0E2, 0, SIZE_MAX, &out), 0);
	ck_assert_uint_eq(out.len, 28 + 1700); /* a plain write never shrinks */
	ck_assert_mem_eq(out.data + 2, "ab", 2);
	buf_reset(&out);
	ck_assert_int_eq(chip_data_read(c, 0xE0E2, 1, 4, &out), 0);
	ck_assert_uint_eq(out.len, 4);
	ck_assert_mem_eq(out.data + 1, "ab", 2);
	chip_release(c);
	buf_free(&out);
}
END_TEST

/* The object's used size is exactly one block: the end shows only by error 08. */
START_TEST(an_object_of_exactly_one_block_is_read)
{
	uint8_t data[1553];
	struct buf out = BUF_INIT;

	fill(data, sizeof(data), 3);
	ck_assert_int_eq(chip_data_write(c, 0xE0E3, 0, data, 1553, CHIP_ERASE_WRITE), 0);
	ck_assert_int_eq(chip_data_read(c, 0xE0E3, 0, SIZE_MAX, &out), 0);
	ck_assert_uint_eq(out.len, 1553);
	ck_assert_mem_eq(out.data, data, 1553);
	ck_assert_int_eq(chip_data_read(c, 0xE0E3, 1600, 5, &out), 0);
	ck_assert_uint_eq(out.len, 1553);
	buf_free(&out);
}
END_TEST

START_TEST(metadata_is_written)
{
	static const uint8_t type[] = { 0xE8, 0x01, 0x21 };
	static const uint8_t lock[] = { 0xC0, 0x01, 0x07, 0xD0, 0x01, 0xFF };
	struct chip_meta m;
	char w[64];

	ck_assert_int_eq(chip_meta_write(c, 0xF1D1, type, sizeof(type)), 0);
	ck_assert_int_eq(chip_meta_read(c, 0xF1D1, &m), 0);
	ck_assert_int_eq(m.type, 0x21);
	ck_assert_int_eq(chip_meta_write(c, 0xF1D1, lock, sizeof(lock)), 0); /* OBJ-19 */
	ck_assert_int_eq(chip_meta_read(c, 0xF1D1, &m), 0);
	ck_assert_int_eq(m.lcso, CHIP_LCS_OPERATIONAL);
	chip_access_words(&m.change, w, sizeof(w));
	ck_assert_str_eq(w, "never");
	ck_assert_int_eq(chip_meta_write(c, 0xF1D1, type, sizeof(type)), CHIP_E_ACCESS);
	ck_assert_int_eq(chip_data_write(c, 0xF1D1, 0, type, 1, CHIP_WRITE), CHIP_E_ACCESS);
}
END_TEST

START_TEST(random_of_any_length)
{
	static const size_t lens[] = { 0, 1, 7, 8, 256, 257, 600 };
	uint8_t one[600], two[600];

	for (size_t i = 0; i < NITEMS(lens); i++) {
		memset(one, 0, sizeof(one));
		memset(two, 0, sizeof(two));
		ck_assert_int_eq(chip_random(c, one, lens[i]), 0);
		ck_assert_int_eq(chip_random(c, two, lens[i]), 0);
		if (lens[i] >= 7)
			ck_assert_mem_ne(one, two, lens[i]);
		for (size_t k = lens[i]; k < sizeof(one); k++)
			ck_assert_uint_eq(one[k], 0);
	}
}
END_TEST

static uint16_t
slot_for(const struct chip_keytype *kt)
{
	return kt->rsa ? 0xE0FC : 0xE0F1;
}

START_TEST(every_key_type_generates_and_signs)
{
	static const struct {
		const char *md;
		size_t len;
	} mds[] = { { "SHA256", 32 }, { "SHA384", 48 }, { "SHA512", 64 } };
	const struct chip_keytype *kt = chip_keytype_at((size_t)_i);
	struct buf pub = BUF_INIT, sig = BUF_INIT;
	const uint16_t oid = slot_for(kt);
	struct chip_meta m;
	EVP_PKEY *key;

	ck_assert_int_eq(chip_keypair(c, oid, kt->alg, CHIP_USE_SIGN, &pub), 0);
	ck_assert_int_eq(chip_meta_read(c, oid, &m), 0); /* CMD-51 */
	ck_assert_int_eq(m.alg, (int)kt->alg);
	ck_assert_int_eq(m.usage, CHIP_USE_SIGN);
	key = ossl_key(kt, &pub);
	for (size_t i = 0; i < NITEMS(mds); i++) {
		uint8_t digest[64];

		fill(digest, sizeof(digest), (unsigned)i);
		if (kt->rsa) {
			ck_assert_int_eq(chip_sign_rsa(c, oid, digest, mds[i].len, &sig), 0);
			ck_assert_uint_eq(sig.len, kt->size);
			ck_assert(ossl_verify_rsa(key, mds[i].md, digest, mds[i].len, &sig));
			digest[0] ^= 1;
			ck_assert(!ossl_verify_rsa(key, mds[i].md, digest, mds[i].len, &sig));
		} else {
			ck_assert_int_eq(
			    chip_sign_ecdsa(c, oid, kt->size, digest, mds[i].len, &sig), 0);
			ck_assert_uint_eq(sig.len, 2 * kt->size);
			ck_assert(ossl_verify_ecdsa(key, digest, mds[i].len, &sig));
			digest[0] ^= 1;
			ck_assert(!ossl_verify_ecdsa(key, digest, mds[i].len, &sig));
		}
	}
	EVP_PKEY_free(key);
	buf_free(&pub);
	buf_free(&sig);
}
END_TEST

/* Digests of every length, and enough signatures to meet short integers (P-521: every second). */
START_TEST(every_digest_length_signs)
{
	const struct chip_keytype *kt =
	    chip_keytype_by_alg(_i == 0 ? CHIP_ALG_P256 : CHIP_ALG_P521);
	struct buf pub = BUF_INIT, sig = BUF_INIT;
	uint8_t digest[80];
	unsigned short_ones = 0;
	EVP_PKEY *key;

	ck_assert_int_eq(chip_acquire(c), 0);
	ck_assert_int_eq(chip_keypair(c, 0xE0F2, kt->alg, CHIP_USE_AUTH, &pub), 0);
	key = ossl_key(kt, &pub);
	for (size_t len = 1; len <= sizeof(digest); len++) {
		fill(digest, len, (unsigned)len);
		ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F2, kt->size, digest, len, &sig), 0);
		ck_assert_uint_eq(sig.len, 2 * kt->size);
		ck_assert_msg(ossl_verify_ecdsa(key, digest, len, &sig), "digest of %zu", len);
		short_ones += sig.data[0] == 0 || sig.data[kt->size] == 0;
	}
	if (kt->alg == CHIP_ALG_P521)
		ck_assert_uint_gt(short_ones, 10);
	chip_release(c);
	EVP_PKEY_free(key);
	buf_free(&pub);
	buf_free(&sig);
}
END_TEST

START_TEST(refusals_come_with_their_code)
{
	struct buf out = BUF_INIT;
	uint8_t digest[32] = { 1 };
	struct chip_meta m;

	ck_assert_int_eq(chip_data_read(c, 0xABCD, 0, 1, &out), CHIP_E_OID);
	ck_assert_int_eq(chip_meta_read(c, 0xABCD, &m), CHIP_E_OID);
	ck_assert_int_eq(chip_data_write(c, 0xE0C2, 0, digest, 1, CHIP_WRITE), CHIP_E_ACCESS);
	ck_assert_int_eq(chip_data_read(c, 0xE0F1, 0, 1, &out), CHIP_E_ACCESS); /* CMD-22 */
	ck_assert_int_eq(chip_keypair(c, 0xE0F0, CHIP_ALG_P256, CHIP_USE_SIGN, &out),
	    CHIP_E_ACCESS); /* CMD-52 */
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F3, 32, digest, 32, &out),
	    CHIP_E_SEQUENCE); /* CMD-41: empty slot */
	ck_assert_int_eq(chip_keypair(c, 0xE0F3, CHIP_ALG_P256, CHIP_USE_KEYAGREE, &out), 0);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F3, 32, digest, 32, &out), CHIP_E_UNSUPPORTED_ID);
	/* The factory key signs. */
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F0, 32, digest, 32, &out), 0);
	buf_free(&out);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip on the simulator");
	TCase *tc = tcase_create("commands");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, first_contact);
	tcase_add_test(tc, every_object_has_the_metadata_the_table_says);
	tcase_add_test(tc, factory_content);
	tcase_add_test(tc, a_whole_certificate_object_is_written_and_read);
	tcase_add_test(tc, every_kind_of_write_reads_back);
	tcase_add_test(tc, an_object_of_exactly_one_block_is_read);
	tcase_add_test(tc, metadata_is_written);
	tcase_add_test(tc, random_of_any_length);
	tcase_add_loop_test(tc, every_key_type_generates_and_signs, 0, 8);
	tcase_add_loop_test(tc, every_digest_length_signs, 0, 2);
	tcase_add_test(tc, refusals_come_with_their_code);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
