/*
 * Metadata: every block that was read from real chips, hostile bytes, and access conditions in
 * words.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"
#include "tests/unit/test_chip_double.h"

static void
words(const struct cur *ac, char out[128])
{
	chip_access_words(ac, out, 128);
}

/* Vendor-published dumps and transcripts of real chips. */
static const struct {
	const char *raw;
	int lcso, version, max, used, alg, usage, type, reset_type;
	const char *change, *read, *execute, *update;
} dumps[] = {
	/* E0C0 and E0C2: no LcsO, no used size */
	{ "2009C40101D00100D10100", -1, -1, 1, 1, -1, -1, -1, -1, "always", "always", "never",
	    "never" },
	{ "2009C4011BD001FFD10100", -1, -1, 27, 27, -1, -1, -1, -1, "never", "always", "never",
	    "never" },
	{ "2009C40101D001FFD10100", -1, -1, 1, 1, -1, -1, -1, -1, "never", "always", "never",
	    "never" },
	{ "2006C40102D10100", -1, -1, 2, 2, -1, -1, -1, -1, "never", "always", "never", "never" },
	{ "2011C00107C40108D003E1FC07D10100D301FF", 7, -1, 8, 8, -1, -1, -1, -1,
	    "LcsO < operational", "always", "never", "never" },
	/* certificates, trust anchors */
	{ "2017C00101C40206C0C5020204D001FFD10100D30100E80112", 1, -1, 1728, 516, -1, -1, 0x12, -1,
	    "never", "always", "always", "never" },
	{ "2019C00101C40206C0C50206C0D003E1FC07D10100D30100E80112", 1, -1, 1728, 1728, -1, -1, 0x12,
	    -1, "LcsO < operational", "always", "always", "never" },
	{ "2019C00101C40204B0C50204B0D003E1FC07D10100D30100E80111", 1, -1, 1200, 1200, -1, -1, 0x11,
	    -1, "LcsO < operational", "always", "always", "never" },
	/* keys: the factory's, an empty slot, AES, after GenKeyPair */
	{ "200FC00101D001FFD30100E00103E10101", 1, -1, -1, -1, CHIP_ALG_P256, 1, -1, -1, "never",
	    "never", "always", "never" },
	{ "200BC00101D003E1FC07D30100", 1, -1, -1, -1, -1, -1, -1, -1, "LcsO < operational",
	    "never", "always", "never" },
	{ "2009C00101D001FFD30100", 1, -1, -1, -1, -1, -1, -1, -1, "never", "never", "always",
	    "never" },
	{ "2011C00101D003E1FC07D30100E00103E10113", 1, -1, -1, -1, CHIP_ALG_P256, 0x13, -1, -1,
	    "LcsO < operational", "never", "always", "never" },
	/* counter, binding secret, data */
	{ "2017C00101C40108C50108D003E1FC07D10100D30100E80101", 1, -1, 8, 8, -1, -1, 1, -1,
	    "LcsO < operational", "always", "always", "never" },
	{ "201DC00101C40140C50140D007E1FC07FE20E140D103E1FC07D30100E80122", 1, -1, 64, 64, -1, -1,
	    0x22, -1, "LcsO < operational or Conf(E140)", "LcsO < operational", "always", "never" },
	{ "2011C00101C4018CC50164D003E1FC07D10100", 1, -1, 140, 100, -1, -1, -1, -1,
	    "LcsO < operational", "always", "never", "never" },
	{ "2013C00101C40205DCC50205DCD003E1FC07D10100", 1, -1, 1500, 1500, -1, -1, -1, -1,
	    "LcsO < operational", "always", "never", "never" },
	/* Trust X, E0E1 after a metadata write */
	{ "2010C00101C40206C0C5010FD001FFD10100", 1, -1, 1728, 15, -1, -1, -1, -1, "never",
	    "always", "never", "never" },
	/* Express and MTR */
	{ "2015C00107D00720E140FD23F1D0D30100E00103E10111", 7, -1, -1, -1, CHIP_ALG_P256, 0x11, -1,
	    -1, "Conf(E140) and Auto(F1D0)", "never", "always", "never" },
	{ "2017C00107D00720E140FD23F1D0D30320E140E00103E10111", 7, -1, -1, -1, CHIP_ALG_P256, 0x11,
	    -1, -1, "Conf(E140) and Auto(F1D0)", "never", "Conf(E140)", "never" },
	{ "2015C00107D00720E140FD23F1D0D30100E00142E10111", 7, -1, -1, -1, CHIP_ALG_RSA2048, 0x11,
	    -1, -1, "Conf(E140) and Auto(F1D0)", "never", "always", "never" },
	{ "200EC00101D003E1FC07D30100E00103", 1, -1, -1, -1, CHIP_ALG_P256, -1, -1, -1,
	    "LcsO < operational", "never", "always", "never" },
	{ "201DC00107C40206C0C50202C4D00720E140FD23F1D0D10100D30100E80112", 7, -1, 1728, 708, -1,
	    -1, 0x12, -1, "Conf(E140) and Auto(F1D0)", "always", "always", "never" },
	{ "2021C00103C40206C0C502031DD00BE1FC07FE20E140FD23F1D0D10100D30100E80112", 3, -1, 1728,
	    797, -1, -1, 0x12, -1, "LcsO < operational or Conf(E140) and Auto(F1D0)", "always",
	    "always", "never" },
	{ "201BC00107C40140C50140D00720E140FD23F1D0D101FFD30100E80122", 7, -1, 64, 64, -1, -1, 0x22,
	    -1, "Conf(E140) and Auto(F1D0)", "never", "always", "never" },
	{ "201DC00107C4018CC50140D00720E140FD23F1D0D101FFD30320E140E80131", 7, -1, 140, 64, -1, -1,
	    0x31, -1, "Conf(E140) and Auto(F1D0)", "never", "Conf(E140)", "never" },
	/* SRM 5.5 and a protected object */
	{ "2019C00101C4020400C5020400D003E1FC04D107E1FC04FDE0FC07", 1, -1, 1024, 1024, -1, -1, -1,
	    -1, "LcsO < 4", "LcsO < 4 and LcsA < operational", "never", "never" },
	{ "2011C00107C4020400C5020400D001FFD10100", 7, -1, 1024, 1024, -1, -1, -1, -1, "never",
	    "always", "never", "never" },
	{ "2021C00101C1020000C4018CC50140D003E1FC07D10100D80721E0E8FD20F1D4F00111", 1, 0, 140, 64,
	    -1, -1, -1, 0x11, "LcsO < operational", "always", "never", "Int(E0E8) and Conf(F1D4)" },
};

START_TEST(every_dump_is_understood)
{
	uint8_t raw[64];
	size_t len = unhex(dumps[_i].raw, raw, sizeof(raw));
	struct chip_meta m;
	char w[128];

	ck_assert_int_eq(chip_meta_parse(raw, len, &m), 0);
	ck_assert_uint_eq(m.raw_len, len);
	ck_assert_mem_eq(m.raw, raw, len);
	ck_assert_int_eq(m.lcso, dumps[_i].lcso);
	ck_assert_int_eq(m.version, dumps[_i].version);
	ck_assert_int_eq(m.max, dumps[_i].max);
	ck_assert_int_eq(m.used, dumps[_i].used);
	ck_assert_int_eq(m.alg, dumps[_i].alg);
	ck_assert_int_eq(m.usage, dumps[_i].usage);
	ck_assert_int_eq(m.type, dumps[_i].type);
	ck_assert_int_eq(m.reset_type, dumps[_i].reset_type);
	words(&m.change, w);
	ck_assert_str_eq(w, dumps[_i].change);
	words(&m.read, w);
	ck_assert_str_eq(w, dumps[_i].read);
	words(&m.execute, w);
	ck_assert_str_eq(w, dumps[_i].execute);
	words(&m.update, w);
	ck_assert_str_eq(w, dumps[_i].update);
}
END_TEST

START_TEST(a_dump_cut_or_with_a_wrong_length_is_refused)
{
	uint8_t raw[64];
	size_t len = unhex(dumps[_i].raw, raw, sizeof(raw));
	struct chip_meta m;

	for (size_t n = 0; n < len; n++)
		ck_assert_int_eq(chip_meta_parse(raw, n, &m), HAL_EPROTO);
	raw[len] = 0;
	ck_assert_int_eq(chip_meta_parse(raw, len + 1, &m), HAL_EPROTO);
	/* The block's own length is right, but the last tag runs over its end. */
	for (size_t n = 3; n < len; n++) {
		raw[1] = (uint8_t)(n - 2);
		(void)chip_meta_parse(raw, n, &m);
	}
}
END_TEST

static const char *const hostile[] = {
	"", "20", "21 00", "20 01 C0", "20 02 C0 01", /* value missing */
	"20 02 C0 00",                                /* LcsO without a value */
	"20 04 C0 02 01 01",                          /* LcsO of two bytes */
	"20 03 C1 01 00",                             /* version of one byte */
	"20 05 C4 03 00 01 00",                       /* size of three bytes */
	"20 02 C4 00",                                /* size of none */
	"20 02 D0 00",                                /* condition of none */
	"20 06 D0 01 00 D0 01 FF",                    /* a tag twice */
	"20 06 C0 01 01 C0 01 07",                    /* a tag twice */
	"20 04 E0 02 00 03",                          /* algorithm of two bytes */
	"20 06 A0 01 00 A0 01 00",                    /* unknown tag twice */
	"20 03 D1 FF 00",                             /* runs past the end */
};

START_TEST(hostile_metadata_is_refused)
{
	uint8_t raw[64];
	size_t len = unhex(hostile[_i], raw, sizeof(raw));
	struct chip_meta m;

	ck_assert_int_eq(chip_meta_parse(raw, len, &m), HAL_EPROTO);
}
END_TEST

START_TEST(a_block_beyond_the_buffer_is_refused)
{
	uint8_t raw[257] = { 0x20 };
	struct chip_meta m;

	for (size_t len = 65; len < sizeof(raw); len++) {
		raw[1] = (uint8_t)(len - 2);
		raw[2] = 0xA0;
		raw[3] = (uint8_t)(len - 4);
		ck_assert_int_eq(chip_meta_parse(raw, len, &m), HAL_EPROTO);
	}
}
END_TEST

START_TEST(an_empty_block_and_unknown_tags_are_allowed)
{
	static const uint8_t empty[] = { 0x20, 0x00 };
	static const uint8_t later[] = { 0x20, 0x05, 0xC8, 0x03, 1, 2, 3 };
	struct chip_meta m;

	ck_assert_int_eq(chip_meta_parse(empty, sizeof(empty), &m), 0);
	ck_assert_int_eq(m.lcso, -1);
	ck_assert_int_eq(m.used, -1);
	ck_assert_ptr_null(m.read.p);
	ck_assert_int_eq(chip_meta_parse(later, sizeof(later), &m), 0);
	ck_assert_uint_eq(m.raw_len, sizeof(later));
}
END_TEST

/* Any bytes at all: never out of bounds (sanitizers and valgrind watch), always a verdict. */
START_TEST(random_bytes_do_no_harm)
{
	uint32_t x = 0x12345678;

	for (int round = 0; round < 20000; round++) {
		uint8_t raw[70];
		struct chip_meta m;
		char w[24];
		size_t len;

		for (size_t i = 0; i < sizeof(raw); i++) {
			x = x * 1664525 + 1013904223;
			raw[i] = (uint8_t)(x >> 24);
		}
		len = raw[69] % 70;
		raw[0] = 0x20;
		if (len >= 2)
			raw[1] = (uint8_t)(len - 2);
		if (chip_meta_parse(raw, len, &m) == 0) {
			chip_access_words(&m.change, w, sizeof(w));
			chip_access_words(&m.read, w, sizeof(w));
		}
		chip_access_words(&(struct cur){ raw, len }, w, sizeof(w));
		ck_assert_uint_lt(strlen(w), sizeof(w));
	}
}
END_TEST

static const struct {
	const char *bytes, *words;
} conditions[] = {
	{ "00", "always" },
	{ "FF", "never" },
	{ "E1 FC 07", "LcsO < operational" },
	{ "E1 FC 03", "LcsO < initialization" },
	{ "E1 FA 01", "LcsO = creation" },
	{ "E1 FB 03 FE 70 FC 04", "LcsO > initialization or LcsG < 4" },
	{ "E0 FA 0F", "LcsA = termination" },
	{ "E1 FC 07 FE 20 E1 40", "LcsO < operational or Conf(E140)" },
	{ "21 E0 E8", "Int(E0E8)" },
	{ "40 E1 20", "Luc(E120)" },
	{ "23 F1 D0", "Auto(F1D0)" },
	{ "10 20", "SecStaG(20)" },
	{ "90 20 FD 20 E1 40", "SecStaA(20) and Conf(E140)" },
	/* malformed: shown as they are */
	{ "", "unknown:" },
	{ "01", "unknown: 01" },
	{ "00 FE FF", "unknown: 00 FE FF" },
	{ "20 E1", "unknown: 20 E1" },
	{ "E1 FD 07", "unknown: E1 FD 07" },
	{ "E1 FC", "unknown: E1 FC" },
	{ "20 E1 40 FD", "unknown: 20 E1 40 FD" },
	{ "20 E1 40 20 E1 40", "unknown: 20 E1 40 20 E1 40" },
	{ "20 E1 40 FD 00", "unknown: 20 E1 40 FD 00" },
	{ "10", "unknown: 10" },
};

START_TEST(every_condition_has_words)
{
	uint8_t raw[64];
	struct cur ac = { raw, unhex(conditions[_i].bytes, raw, sizeof(raw)) };
	char w[128];

	words(&ac, w);
	ck_assert_str_eq(w, conditions[_i].words);
}
END_TEST

START_TEST(words_are_cut_to_the_room)
{
	static const uint8_t raw[] = { 0xE1, 0xFC, 0x07, 0xFE, 0x20, 0xE1, 0x40 };
	static const char all[] = "LcsO < operational or Conf(E140)";
	struct cur ac = { raw, sizeof(raw) };
	char w[64];

	for (size_t n = 1; n <= sizeof(all); n++) {
		memset(w, 'x', sizeof(w));
		chip_access_words(&ac, w, n);
		ck_assert_uint_eq(strlen(w), n - 1);
		ck_assert_int_eq(strncmp(w, all, n - 1), 0);
		ck_assert_int_eq(w[n], 'x');
	}
	w[0] = 'x';
	chip_access_words(&ac, w, 0);
	ck_assert_int_eq(w[0], 'x');
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip metadata");
	TCase *tc = tcase_create("metadata");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, every_dump_is_understood, 0, (int)NITEMS(dumps));
	tcase_add_loop_test(
	    tc, a_dump_cut_or_with_a_wrong_length_is_refused, 0, (int)NITEMS(dumps));
	tcase_add_loop_test(tc, hostile_metadata_is_refused, 0, (int)NITEMS(hostile));
	tcase_add_test(tc, a_block_beyond_the_buffer_is_refused);
	tcase_add_test(tc, an_empty_block_and_unknown_tags_are_allowed);
	tcase_add_test(tc, random_bytes_do_no_harm);
	tcase_add_loop_test(tc, every_condition_has_words, 0, (int)NITEMS(conditions));
	tcase_add_test(tc, words_are_cut_to_the_room);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
