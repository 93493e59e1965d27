/* Public keys from signatures, against keys and signatures of OpenSSL's. */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "hal/base/err.h"
#include "hal/chip/chip.h"
#include "pkcs11/store/recover.h"
#include "pkcs11/store/spki.h"

/* Of each curve, and of RSA-1024; a tenth under valgrind (make memcheck). */
#ifdef LONG
#define KEYS     1000
#define RSA_KEYS 1000
#else
#define KEYS     200
#define RSA_KEYS 40
#endif

static const enum chip_alg curves[] = { CHIP_ALG_P256, CHIP_ALG_P384, CHIP_ALG_P521, CHIP_ALG_BP256,
	CHIP_ALG_BP384, CHIP_ALG_BP512 };

/* A signature over the digest that is there, r || s for EC. */
static void
sign(EVP_PKEY *key, const struct chip_keytype *kt, struct recover_sig *s)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
	uint8_t der[512];
	const uint8_t *p = der;
	size_t len = sizeof(der);
	ECDSA_SIG *sig;

	ck_assert_int_eq(EVP_PKEY_sign_init(c), 1);
	if (kt->rsa)
		ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(
				     c, s->digest_len == 64 ? EVP_sha512() : EVP_sha256()),
		    1);
	ck_assert_int_eq(EVP_PKEY_sign(c, der, &len, s->digest, s->digest_len), 1);
	EVP_PKEY_CTX_free(c);
	buf_reset(&s->sig);
	if (kt->rsa) {
		ck_assert_int_eq(buf_put(&s->sig, der, len), 0);
		return;
	}
	sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
	ck_assert_ptr_nonnull(sig);
	ck_assert_int_eq(buf_put_fill(&s->sig, 0, 2 * kt->size), 0);
	BN_bn2binpad(ECDSA_SIG_get0_r(sig), s->sig.data, (int)kt->size);
	BN_bn2binpad(ECDSA_SIG_get0_s(sig), s->sig.data + kt->size, (int)kt->size);
	ECDSA_SIG_free(sig);
}

static void
sign_random(EVP_PKEY *key, const struct chip_keytype *kt, struct recover_sig *s)
{
	s->digest_len = RECOVER_DIGEST_LEN;
	ck_assert_int_eq(RAND_bytes(s->digest, (int)s->digest_len), 1);
	sign(key, kt, s);
}

static void
spki_of(EVP_PKEY *key, const struct chip_keytype *kt, struct buf *spki)
{
	const struct chip_keytype *found;
	unsigned char *p = NULL;
	const int n = i2d_PUBKEY(key, &p);

	ck_assert_int_gt(n, 0);
	ck_assert_int_eq(spki_parse(p, (size_t)n, &found, spki), 0);
	ck_assert_ptr_eq(found, kt);
	/* The one form is OpenSSL's. */
	ck_assert_uint_eq(spki->len, n);
	ck_assert_mem_eq(spki->data, p, spki->len);
	OPENSSL_free(p);
}

START_TEST(none_wrong)
{
	const struct chip_keytype *kt = chip_keytype_by_alg((int)curves[_i]);
	struct recover_sig s[RECOVER_MAX];
	struct buf want = BUF_INIT, got = BUF_INIT;

	const char *fork_mode = getenv("CK_FORK");
	unsigned need;
	const unsigned keys = fork_mode != NULL && strcmp(fork_mode, "no") == 0 ? KEYS / 10 : KEYS;

	memset(s, 0, sizeof(s));
	for (unsigned i = 0; i < keys; i++) {
		EVP_PKEY *key = EVP_EC_gen(kt->ossl_group);

		ck_assert_ptr_nonnull(key);
		spki_of(key, kt, &want);
		ck_assert_int_eq(recover_digests(kt, true, s, &need), 0);
		ck_assert_uint_eq(need, 2);
		sign(key, kt, &s[0]);
		sign(key, kt, &s[1]);
		ck_assert_int_eq(recover_key(kt, s, 2, &got), 0);
		ck_assert(spki_equal(&want, &got));
		if (i < 10) {
			ck_assert_int_eq(recover_check(kt, &want, &s[0]), 0);
			s[0].sig.data[5] ^= 1;
			ck_assert_int_eq(recover_check(kt, &want, &s[0]), HAL_EFORMAT);
		}
		EVP_PKEY_free(key);
	}
	for (unsigned i = 0; i < RECOVER_MAX; i++)
		buf_free(&s[i].sig);
	buf_free(&want);
	buf_free(&got);
}
END_TEST

START_TEST(signatures_of_two_keys_give_none)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P256);
	EVP_PKEY *a = EVP_EC_gen("P-256"), *b = EVP_EC_gen("P-256");
	struct buf spki = BUF_INIT;
	struct recover_sig s[2];

	memset(s, 0, sizeof(s));
	sign_random(a, kt, &s[0]);
	sign_random(b, kt, &s[1]);
	ck_assert_int_eq(recover_key(kt, s, 2, &spki), HAL_EFORMAT);
	/* The same signature twice leaves two candidates. */
	memcpy(s[1].digest, s[0].digest, sizeof(s[0].digest));
	memcpy(s[1].sig.data, s[0].sig.data, s[0].sig.len);
	ck_assert_int_eq(recover_key(kt, s, 2, &spki), HAL_EFORMAT);
	ck_assert_int_eq(recover_key(kt, s, 1, &spki), HAL_EFORMAT);
	for (unsigned i = 0; i < 2; i++)
		buf_free(&s[i].sig);
	buf_free(&spki);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
}
END_TEST

START_TEST(nonsense_gives_none)
{
	const struct chip_keytype *kt = chip_keytype_by_alg((int)curves[_i]);
	struct buf spki = BUF_INIT;
	struct recover_sig s[2];

	memset(s, 0, sizeof(s));
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < 2; i++) {
			buf_reset(&s[i].sig);
			ck_assert_int_eq(
			    buf_put_fill(&s[i].sig, round == 0 ? 0 : 0xFF, 2 * kt->size), 0);
			if (round > 1)
				RAND_bytes(s[i].sig.data, (int)s[i].sig.len);
			s[i].digest_len = RECOVER_DIGEST_LEN;
			RAND_bytes(s[i].digest, RECOVER_DIGEST_LEN);
			if (round == 2)
				s[i].sig.len--;
		}
		ck_assert_int_eq(recover_key(kt, s, 2, &spki), HAL_EFORMAT);
	}
	for (unsigned i = 0; i < 2; i++)
		buf_free(&s[i].sig);
	buf_free(&spki);
}
END_TEST

START_TEST(rsa_is_checked)
{
	const struct chip_keytype *kt =
	    chip_keytype_by_alg(_i == 0 ? CHIP_ALG_RSA1024 : CHIP_ALG_RSA2048);
	EVP_PKEY *a = EVP_RSA_gen(kt->bits), *b = EVP_RSA_gen(kt->bits);
	struct buf spki_a = BUF_INIT, spki_b = BUF_INIT;
	struct recover_sig s;

	memset(&s, 0, sizeof(s));
	spki_of(a, kt, &spki_a);
	spki_of(b, kt, &spki_b);
	for (unsigned i = 0; i < 20; i++) {
		sign_random(a, kt, &s);
		ck_assert_int_eq(recover_check(kt, &spki_a, &s), 0);
		ck_assert_int_eq(recover_check(kt, &spki_b, &s), HAL_EFORMAT);
		s.digest[3] ^= 1;
		ck_assert_int_eq(recover_check(kt, &spki_a, &s), HAL_EFORMAT);
	}
	buf_free(&s.sig);
	buf_free(&spki_a);
	buf_free(&spki_b);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
}
END_TEST

/* Six signatures over digests of 64 bytes, which multiply to each other. */
START_TEST(rsa_1024_by_products)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_RSA1024);
	const char *fork_mode = getenv("CK_FORK");
	const unsigned keys = fork_mode != NULL && strcmp(fork_mode, "no") == 0 ? 3 : RSA_KEYS;
	struct buf want = BUF_INIT, got = BUF_INIT;
	struct recover_sig s[RECOVER_MAX];
	unsigned need;

	memset(s, 0, sizeof(s));
	ck_assert(!recover_long(kt, true));
	for (unsigned i = 0; i < keys; i++) {
		EVP_PKEY *key = EVP_RSA_gen(kt->bits);

		spki_of(key, kt, &want);
		ck_assert_int_eq(recover_digests(kt, true, s, &need), 0);
		ck_assert_uint_eq(need, 6);
		for (unsigned j = 0; j < need; j++)
			sign(key, kt, &s[j]);
		ck_assert_int_eq(recover_key(kt, s, need, &got), 0);
		ck_assert(spki_equal(&want, &got));
		s[i % need].sig.data[7] ^= 1;
		ck_assert_int_eq(recover_key(kt, s, need, &got), HAL_EFORMAT);
		EVP_PKEY_free(key);
	}
	for (unsigned i = 0; i < RECOVER_MAX; i++)
		buf_free(&s[i].sig);
	buf_free(&want);
	buf_free(&got);
}
END_TEST

#ifdef LONG
/* A greatest common divisor of numbers of millions of bits: 40 s. */
START_TEST(rsa_by_powers)
{
	const struct chip_keytype *kt =
	    chip_keytype_by_alg(_i == 0 ? CHIP_ALG_RSA1024 : CHIP_ALG_RSA2048);
	EVP_PKEY *key = EVP_RSA_gen(kt->bits);
	struct buf want = BUF_INIT, got = BUF_INIT;
	struct recover_sig s[RECOVER_MAX];
	unsigned need;

	memset(s, 0, sizeof(s));
	ck_assert(recover_long(kt, _i != 0));
	spki_of(key, kt, &want);
	ck_assert_int_eq(recover_digests(kt, _i != 0, s, &need), 0);
	ck_assert_uint_eq(need, 2);
	for (unsigned j = 0; j < need; j++)
		sign(key, kt, &s[j]);
	ck_assert_int_eq(recover_key(kt, s, need, &got), 0);
	ck_assert(spki_equal(&want, &got));
	for (unsigned i = 0; i < RECOVER_MAX; i++)
		buf_free(&s[i].sig);
	buf_free(&want);
	buf_free(&got);
	EVP_PKEY_free(key);
}
END_TEST
#endif

START_TEST(compressed_points_come_back)
{
	const struct chip_keytype *kt = chip_keytype_by_alg((int)curves[_i]);
	struct buf want = BUF_INIT, half = BUF_INIT, got = BUF_INIT;

	for (unsigned i = 0; i < 20; i++) {
		EVP_PKEY *key = EVP_EC_gen(kt->ossl_group);

		spki_of(key, kt, &want);
		ck_assert_int_eq(spki_compress(&want, &half), 0);
		ck_assert_uint_eq(half.len, 1 + kt->size);
		ck_assert_int_eq(spki_from_bits(kt, half.data, half.len, &got), 0);
		ck_assert(spki_equal(&want, &got));
		EVP_PKEY_free(key);
	}
	buf_free(&want);
	buf_free(&half);
	buf_free(&got);
}
END_TEST

/* Records as the vendor's tools leave them, cut and bent. */
START_TEST(records_are_taken_with_care)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P256);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct buf want = BUF_INIT, got = BUF_INIT, rec = BUF_INIT;
	struct cur point;

	spki_of(key, kt, &want);
	ck_assert_int_eq(buf_put(&rec, want.data, want.len), 0);
	ck_assert_int_eq(buf_put_fill(&rec, 0x77, 49), 0); /* stale bytes behind it */
	ck_assert_int_eq(spki_from_record(rec.data, rec.len, kt, &got), 0);
	ck_assert(spki_equal(&want, &got));
	ck_assert_int_eq(
	    spki_from_record(rec.data, rec.len, chip_keytype_by_alg(CHIP_ALG_BP256), &got),
	    HAL_EFORMAT);
	for (size_t n = 0; n < want.len; n++)
		ck_assert_int_eq(spki_from_record(rec.data, n, kt, &got), HAL_EFORMAT);

	/* Bare BIT STRING, as old tools wrote it. */
	ck_assert_int_eq(spki_point(&want, &point), 0);
	buf_reset(&rec);
	ck_assert_int_eq(buf_put(&rec, "\x03\x42\x00", 3), 0);
	ck_assert_int_eq(buf_put(&rec, point.p, point.len), 0);
	ck_assert_int_eq(buf_put_fill(&rec, 0, 10), 0);
	ck_assert_int_eq(spki_from_record(rec.data, rec.len, kt, &got), 0);
	ck_assert(spki_equal(&want, &got));

	/* Not on the curve. */
	rec.data[20] ^= 1;
	ck_assert_int_eq(spki_from_record(rec.data, rec.len, kt, &got), HAL_EFORMAT);

	for (unsigned i = 0; i < 5000; i++) {
		struct buf bent = BUF_INIT;
		uint8_t rnd[4];

		ck_assert_int_eq(buf_put(&bent, want.data, want.len), 0);
		RAND_bytes(rnd, sizeof(rnd));
		bent.data[rnd[0] % 27] = rnd[1];
		bent.data[rnd[2] % 27] = rnd[3];
		(void)spki_from_record(bent.data, bent.len, kt, &got);
		buf_free(&bent);
	}
	buf_free(&want);
	buf_free(&got);
	buf_free(&rec);
	EVP_PKEY_free(key);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_recover");
	TCase *t = tcase_create("recover");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, none_wrong, 0, (int)NITEMS(curves));
	tcase_add_test(t, signatures_of_two_keys_give_none);
	tcase_add_loop_test(t, nonsense_gives_none, 0, (int)NITEMS(curves));
	tcase_add_loop_test(t, rsa_is_checked, 0, 2);
	tcase_add_test(t, rsa_1024_by_products);
#ifdef LONG
	tcase_add_loop_test(t, rsa_by_powers, 0, 2);
#endif
	tcase_add_loop_test(t, compressed_points_come_back, 0, (int)NITEMS(curves));
	tcase_add_test(t, records_are_taken_with_care);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
