/*
 * CalcHash of the simulated application, and the hash functions below it against OpenSSL's. Items
 * CMD-n as in the conformance list.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "hal/base/err.h"
#include "hal/sim/sha.h"
#include "tests/unit/simapp_rig.h"

#define ABC   "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"
#define AB    "FB8E20FC2E4C3F248C60C39BD652F3C1347298BB977B8B4D5903B85055620603"
#define EMPTY "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"

static void
digest_is(const char *in, const char *digest)
{
	ok("B0E2", in, text("010020%s", digest));
}

START_TEST(sha_agrees_with_openssl)
{
	static const struct {
		size_t size;
		const char *name;
	} hashes[] = { { 32, "SHA256" }, { 48, "SHA384" }, { 64, "SHA512" } };
	uint8_t data[300], want[SHA_MAX], is[SHA_MAX];
	struct sim_sha s;
	size_t n;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(7 * i);
	for (size_t h = 0; h < NITEMS(hashes); h++)
		for (size_t len = 0; len <= sizeof(data); len++) {
			const size_t cut = len * 2 / 3;

			ck_assert_int_eq(
			    EVP_Q_digest(NULL, hashes[h].name, NULL, data, len, want, &n), 1);
			sha_start(&s, hashes[h].size);
			sha_add(&s, data, cut);
			sha_add(&s, data + cut, len - cut);
			sha_end(&s, is);
			ck_assert_uint_eq(n, hashes[h].size);
			ck_assert_mem_eq(is, want, n);
		}
}
END_TEST

START_TEST(cmd_35_order)
{
	refused("B0E2", "02000163", CHIP_E_SEQUENCE);
	refused("B0E2", "030000", CHIP_E_SEQUENCE);
	refused("B0E2", "050000", CHIP_E_SEQUENCE);
	ok("B0E2", "040000", "");
	ok("B0E2", "000003787878", "");
	ok("B0E2", "0000026162", ""); /* starts again */
	digest_is("03000163", ABC);
	refused("B0E2", "030000", CHIP_E_SEQUENCE);
	ok("B0E2", "0000026162", "");
	ok("B0E2", "040000", "");
	refused("B0E2", "03000163", CHIP_E_SEQUENCE);
	ok("B0E2", "0000026162", "");
	digest_is("010003616263", ABC); /* the running one is dropped */
	refused("B0E2", "03000163", CHIP_E_SEQUENCE);
}
END_TEST

START_TEST(cmd_35_digest_so_far)
{
	ok("B0E2", "000000", "");
	digest_is("050000", EMPTY);
	digest_is("0500026162", AB);
	digest_is("03000163", ABC);
}
END_TEST

/* Other commands do not disturb it; the end of the application does. */
START_TEST(cmd_35_other_commands_between)
{
	ok("B0E2", "0000026162", "");
	ok("8100", "E0C2", NULL);
	run("8100", "FFFF");
	ok("8C00", "0010", NULL);
	digest_is("03000163", ABC);
	ok("B0E2", "0000026162", "");
	ok("F000", "D27600000447656E417574684170706C", "");
	refused("B0E2", "03000163", CHIP_E_SEQUENCE);
}
END_TEST

static char context[2 * 209 + 1];

/* Takes the context out of the last response. */
static void
keep_context(void)
{
	size_t n;
	const uint8_t *p = rig_out(&n);

	ck_assert_uint_eq(n, 3 + 209);
	ck_assert_int_eq(memcmp(p, "\x06\x00\xD1", 3), 0);
	(void)snprintf(context, sizeof(context), "%s", rig_hex(p + 3, 209));
}

START_TEST(cmd_36_context_goes_out_and_comes_back)
{
	ok("B0E2", "0000026162 070000", NULL);
	keep_context();
	digest_is("010003616263", ABC);
	digest_is(text("03000163 0600D1%s", context), ABC);
	digest_is(text("0600D1%s 03000163", context), ABC); /* tags in any order */
	ok("B0E2", text("0200017A 0600D1%s 070000", context), NULL);
	ok("B0E2", "000003787878", "");
	digest_is(text("050000 0600D1%s", context), AB); /* ends the hash in between */
	digest_is("03000163", ABC);
	ok("8100", "F1C2", "00");
	sim_app_reset(&rig.app, rig.now, true);
	ok("F000", "D27600000447656E417574684170706C", "");
	digest_is(text("03000163 0600D1%s", context), ABC);
}
END_TEST

START_TEST(cmd_36_only_its_own_context)
{
	char *p;

	ok("B0E2", "0000026162 070000", NULL);
	keep_context();
	for (unsigned at = 0; at < 2 * 128; at += 6) {
		p = context + at;
		*p = *p == '0' ? '1' : '0';
		refused("B0E2", text("03000163 0600D1%s", context), CHIP_E_DATA);
		ok("B0E2", "0000026162 070000", NULL);
		keep_context();
	}
	refused("B0E2", "03000163 06000100", CHIP_E_DATA);
	refused("B0E2", text("00000163 0600D1%s", context), CHIP_E_DATA);
	refused("B0E2", text("01000163 0600D1%s", context), CHIP_E_DATA);
	refused("B0E2", "010003616263 070000", CHIP_E_DATA);
	refused("B0E2", "03000163 070000", CHIP_E_DATA);
	refused("B0E2", "05000163 070000", CHIP_E_DATA);
	refused("B0E2", "00000163 07000100", CHIP_E_LENGTH);
	rig_factory(2, false);
	ok("F000", "D27600000447656E417574684170706C", "");
	refused("B0E2", text("03000163 0600D1%s", context), CHIP_E_DATA);
}
END_TEST

START_TEST(cmd_36_context_of_trust_x_is_shorter)
{
	size_t n;
	const uint8_t *p;

	memset(&rig, 0, sizeof(rig));
	ck_assert_int_eq(sim_app_factory(&rig.app, "trust-x", 1, 1.0, false), 0);
	sim_app_reset(&rig.app, 0, true);
	ok("F000", "D27600000447656E417574684170706C", "");
	ok("B0E2", "0000026162 070000", NULL);
	p = rig_out(&n);
	ck_assert_uint_eq(n, 3 + 130);
	(void)snprintf(context, sizeof(context), "%s", rig_hex(p + 3, 130));
	digest_is(text("03000163 060082%s", context), ABC);
}
END_TEST

START_TEST(cmd_37_hash_of_an_object)
{
	ok("8240", "F1D00000 616263", "");
	digest_is("110006F1D000000003", ABC);
	ok("B0E2", "100006F1D000000001", "");
	ok("B0E2", "120006F1D000010001", "");
	digest_is("130006F1D000020001", ABC);
	ok("B0E2", "000000", "");
	digest_is("150006F1D000000002", AB);
	digest_is("03000163", ABC);
	refused("B0E2", "110006F1D000000004", CHIP_E_BOUNDARY);
	refused("B0E2", "110006F1D000040000", CHIP_E_BOUNDARY);
	refused("B0E2", "110006F1D0FFFFFFFF", CHIP_E_BOUNDARY);
	refused("B0E2", "110006FFFF00000001", CHIP_E_OID);
	refused("B0E2", "110006E0F000000001", CHIP_E_OID);
	refused("B0E2", "110006E10000000001", CHIP_E_OID);
	refused("B0E2", "110002F1D0", CHIP_E_LENGTH);
	refused("B0E2", "140006F1D000000003", CHIP_E_DATA);
	meta_write(0xF1D0, "D101FF");
	refused("B0E2", "110006F1D000000003", CHIP_E_ACCESS);
}
END_TEST

START_TEST(cmd_38_only_sha_256)
{
	for (unsigned p = 0; p < 256; p++)
		if (p != 0xE2)
			refused(text("B0%02X", p), "010003616263", CHIP_E_PARAM);
}
END_TEST

START_TEST(cmd_38_forms)
{
	refused("B0E2", "", CHIP_E_DATA);
	refused("B0E2", "01", CHIP_E_LENGTH);
	refused("B0E2", "010000", CHIP_E_DATA);
	refused("B0E2", "010004616263", CHIP_E_LENGTH);
	refused("B0E2", "04000100", CHIP_E_LENGTH);
	refused("B0E2", "040000 070000", CHIP_E_DATA);
	refused("B0E2", "01000161 03000161", CHIP_E_DATA);
	refused("B0E2", "FF000161", CHIP_E_DATA);
	refused("B0E2", "070000", CHIP_E_DATA);
}
END_TEST

START_TEST(time_of_a_hash)
{
	ok("8200", "E0C400000F", "");
	ok("B0E2", text("010500%s", rig_zeros(1280)), NULL);
	ck_assert_uint_ge(rig.exec, RIG_MS(80)); /* 15 kB/s */
	ck_assert_uint_le(rig.exec, RIG_MS(95));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: hash");
	TCase *tc = tcase_create("hash");

	tcase_add_checked_fixture(tc, rig_setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, sha_agrees_with_openssl);
	tcase_add_test(tc, cmd_35_order);
	tcase_add_test(tc, cmd_35_digest_so_far);
	tcase_add_test(tc, cmd_35_other_commands_between);
	tcase_add_test(tc, cmd_36_context_goes_out_and_comes_back);
	tcase_add_test(tc, cmd_36_only_its_own_context);
	tcase_add_test(tc, cmd_36_context_of_trust_x_is_shorter);
	tcase_add_test(tc, cmd_37_hash_of_an_object);
	tcase_add_test(tc, cmd_38_only_sha_256);
	tcase_add_test(tc, cmd_38_forms);
	tcase_add_test(tc, time_of_a_hash);
	suite_add_tcase(s, tc);
	return rig_main(s);
}
