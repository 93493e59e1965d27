/*
 * Encodings on the way to and from the chip: ECDSA signatures and digests, public keys.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"
#include "tests/unit/test_chip_double.h"

static const size_t sizes[] = { 32, 48, 64, 66 };

/* An INTEGER as the chip makes it: total content bytes, the last of them value[0..len). */
static size_t
put_integer(uint8_t *out, size_t total, const uint8_t *value, size_t len)
{
	out[0] = 0x02;
	out[1] = (uint8_t)total;
	memset(out + 2, 0, total - len);
	memcpy(out + 2 + total - len, value, len);
	return 2 + total;
}

/*
 * Every length a number can have on every curve, with every count of zeros in front that the
 * chip may leave or omit (CMD-42, CMD-43), for r and s.
 */
START_TEST(every_short_integer_is_normalised)
{
	const size_t size = sizes[_i];
	uint8_t value[66], der[300];
	struct buf sig = BUF_INIT;

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)(0x11 + i);
	for (size_t len = 1; len <= size; len++) {
		for (unsigned top = 0; top < 2; top++) {
			value[0] = top ? 0xF1 : 0x11;
			for (size_t total = len + top; total <= size + 2; total++) {
				size_t n = put_integer(der, total, value, len);

				n += put_integer(der + n, size + 1, value, size);
				ck_assert_int_eq(chip_ecdsa_normalise(der, n, size, &sig), 0);
				ck_assert_uint_eq(sig.len, 2 * size);
				for (size_t i = 0; i < size - len; i++)
					ck_assert_uint_eq(sig.data[i], 0);
				ck_assert_mem_eq(sig.data + size - len, value, len);
				ck_assert_mem_eq(sig.data + size, value, size);

				n = put_integer(der, size + 1, value, size);
				n += put_integer(der + n, total, value, len);
				ck_assert_int_eq(chip_ecdsa_normalise(der, n, size, &sig), 0);
				ck_assert_mem_eq(sig.data, value, size);
				ck_assert_mem_eq(sig.data + 2 * size - len, value, len);
			}
		}
	}
	buf_free(&sig);
}
END_TEST

START_TEST(the_example_of_a_short_integer)
{
	uint8_t der[80], want[64] = { 0 };
	struct buf sig = BUF_INIT;
	size_t n;

	/* 02 20 00 01 02 .. 1F, where DER demands 02 1F 01 02 .. 1F */
	der[0] = 0x02;
	der[1] = 0x20;
	for (unsigned i = 0; i < 32; i++)
		der[2 + i] = want[i] = (uint8_t)i;
	memcpy(der + 34, der, 34);
	memcpy(want + 32, want, 32);
	n = 68;
	ck_assert_int_eq(chip_ecdsa_normalise(der, n, 32, &sig), 0);
	ck_assert_uint_eq(sig.len, 64);
	ck_assert_mem_eq(sig.data, want, 64);
	buf_free(&sig);
}
END_TEST

static const char *const bad_sigs[] = {
	"", "02", "02 00", "02 01 01",   /* s missing */
	"02 01 01 02", "02 01 01 02 00", /* s empty */
	"02 01 01 02 01",                /* s cut */
	"02 01 00 02 01 01",             /* r zero */
	"02 01 01 02 02 00 00",          /* s zero */
	"02 01 81 02 01 01",             /* r negative */
	"02 01 01 02 02 80 00",          /* s negative */
	"02 01 01 02 01 01 00",          /* trailing byte */
	"03 01 01 02 01 01",             /* wrong tag */
	"02 01 01 30 01 01",             /* wrong tag */
	"30 06 02 01 01 02 01 01",       /* a SEQUENCE, which the chip never sends */
	"02 81 01 01 02 01 01",          /* long form of the length */
	"02 80 01 01 00 00 02 01 01",    /* indefinite length */
	"02 7F 01 02 01 01",             /* past the end */
	"02 FF 01 02 01 01",
	"02 22 00 01 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 "
	"00 00 00 00 00 00 00 02 01 01", /* 33 bytes of r */
};

START_TEST(a_bad_signature_is_refused)
{
	uint8_t der[128];
	size_t len = unhex(bad_sigs[_i], der, sizeof(der));
	struct buf sig = BUF_INIT;

	ck_assert_int_eq(chip_ecdsa_normalise(der, len, 32, &sig), HAL_EPROTO);
	ck_assert_uint_eq(sig.len, 0);
	buf_free(&sig);
}
END_TEST

START_TEST(random_signature_bytes_do_no_harm)
{
	struct buf sig = BUF_INIT;
	uint32_t x = 99;

	for (int round = 0; round < 50000; round++) {
		uint8_t der[140];
		size_t len;
		int r;

		for (size_t i = 0; i < sizeof(der); i++) {
			x = x * 1664525 + 1013904223;
			der[i] = (uint8_t)(x >> 24);
		}
		len = der[139] % 139;
		der[0] = 0x02;
		der[1] &= 0x43;
		if ((size_t)der[1] + 2 < sizeof(der) && (round & 1))
			der[der[1] + 2] = 0x02;
		r = chip_ecdsa_normalise(der, len, sizes[round % 4], &sig);
		ck_assert(r == 0 || r == HAL_EPROTO);
		ck_assert_uint_eq(sig.len, r == 0 ? 2 * sizes[round % 4] : 0);
	}
	buf_free(&sig);
}
END_TEST

/* Padded to what the chip takes, cut to as many bytes as the order has; never anything else. */
START_TEST(every_digest_is_padded_and_cut)
{
	const size_t size = sizes[_i];
	uint8_t digest[140], e[66];

	for (size_t i = 0; i < sizeof(digest); i++)
		digest[i] = (uint8_t)(0xFF - 3 * i);
	for (size_t len = 1; len <= sizeof(digest); len++) {
		const size_t n = chip_ecdsa_digest(digest, len, size, e);
		const size_t pad = len < 10 ? 10 - len : 0;

		ck_assert_uint_eq(n, len < 10 ? 10 : len > size ? size : len);
		for (size_t i = 0; i < pad; i++)
			ck_assert_uint_eq(e[i], 0);
		ck_assert_mem_eq(e + pad, digest, n - pad);
	}
}
END_TEST

/* The head of each key type as real chips send it, SRM 6.2. */
static const struct {
	enum chip_alg alg;
	const char *head;
	size_t total;
} pubs[] = {
	{ CHIP_ALG_P256, "03 42 00 04", 68 },
	{ CHIP_ALG_P384, "03 62 00 04", 100 },
	{ CHIP_ALG_P521, "03 81 86 00 04", 137 },
	{ CHIP_ALG_BP256, "03 42 00 04", 68 },
	{ CHIP_ALG_BP384, "03 62 00 04", 100 },
	{ CHIP_ALG_BP512, "03 81 82 00 04", 133 },
	{ CHIP_ALG_RSA1024, "03 81 8D 00 30 81 89 02 81 81 00", 144 },
	{ CHIP_ALG_RSA2048, "03 82 01 0F 00 30 82 01 0A 02 82 01 01 00", 275 },
};

static size_t
make_pub(size_t i, uint8_t *out, size_t max)
{
	size_t n = unhex(pubs[i].head, out, max);
	const bool rsa = chip_keytype_by_alg((int)pubs[i].alg)->rsa;

	memset(out + n, 0x91, pubs[i].total - n);
	if (rsa)
		memcpy(out + pubs[i].total - 5, "\x02\x03\x01\x00\x01", 5);
	return pubs[i].total;
}

START_TEST(every_public_key_is_recognised_and_no_other)
{
	uint8_t pub[300];
	size_t len = make_pub((size_t)_i, pub, sizeof(pub));

	for (size_t k = 0; k < NITEMS(pubs); k++) {
		const struct chip_keytype *kt = chip_keytype_by_alg((int)pubs[k].alg);
		const struct chip_keytype *mine = chip_keytype_by_alg((int)pubs[_i].alg);

		ck_assert_int_eq(chip_pubkey_valid(kt, pub, len),
		    kt->rsa == mine->rsa && kt->size == mine->size);
	}
}
END_TEST

START_TEST(a_public_key_cut_or_changed_is_refused)
{
	const struct chip_keytype *kt = chip_keytype_by_alg((int)pubs[_i].alg);
	uint8_t pub[300];
	size_t head = unhex(pubs[_i].head, pub, sizeof(pub));
	size_t len = make_pub((size_t)_i, pub, sizeof(pub));

	for (size_t n = 0; n < len; n++)
		ck_assert(!chip_pubkey_valid(kt, pub, n));
	pub[len] = 0;
	ck_assert(!chip_pubkey_valid(kt, pub, len + 1));
	for (size_t i = 0; i < head; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			pub[i] ^= (uint8_t)(1 << bit);
			ck_assert(!chip_pubkey_valid(kt, pub, len));
			pub[i] ^= (uint8_t)(1 << bit);
		}
	}
	ck_assert(chip_pubkey_valid(kt, pub, len));
}
END_TEST

START_TEST(a_modulus_that_is_short_or_an_even_exponent_is_refused)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_RSA1024);
	uint8_t pub[300];
	size_t len = make_pub(6, pub, sizeof(pub));

	ck_assert(chip_pubkey_valid(kt, pub, len));
	pub[11] = 0x11; /* 1021 bits */
	ck_assert(!chip_pubkey_valid(kt, pub, len));
	pub[11] = 0x91;
	pub[len - 1] = 0x02;
	ck_assert(!chip_pubkey_valid(kt, pub, len));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip encodings");
	TCase *tc = tcase_create("encodings");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, every_short_integer_is_normalised, 0, (int)NITEMS(sizes));
	tcase_add_test(tc, the_example_of_a_short_integer);
	tcase_add_loop_test(tc, a_bad_signature_is_refused, 0, (int)NITEMS(bad_sigs));
	tcase_add_test(tc, random_signature_bytes_do_no_harm);
	tcase_add_loop_test(tc, every_digest_is_padded_and_cut, 0, (int)NITEMS(sizes));
	tcase_add_loop_test(tc, every_public_key_is_recognised_and_no_other, 0, (int)NITEMS(pubs));
	tcase_add_loop_test(tc, a_public_key_cut_or_changed_is_refused, 0, (int)NITEMS(pubs));
	tcase_add_test(tc, a_modulus_that_is_short_or_an_even_exponent_is_refused);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
