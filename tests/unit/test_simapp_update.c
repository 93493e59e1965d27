/*
 * Protected updates of data of the simulated chip. Items CMD-n and OBJ-n as in the conformance
 * list; the first vectors are the command reference's, chapter 5.5.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/fault.h"
#include "tests/unit/simapp_rig.h"
#include "tests/unit/simapp_update.h"

#define ANCHOR                                                                                     \
	"308201283081CFA003020102020101300A06082A8648CE3D040302300D310B300906035504030C025441"     \
	"301E170D3234303130313030303030305A170D3439313233313030303030305A300D310B300906035504"     \
	"030C0254413059301306072A8648CE3D020106082A8648CE3D030107034200047AF2B16B6DFBA01DD243"     \
	"9F16EDE675D243AEDAD92ECBC47CFEC87758F47AC9D2789FF17D5A8811958E82E6AB7D3BA91B049897AD"     \
	"59E482A0BB7793A670D7AED6A320301E300C0603551D130101FF04023000300E0603551D0F0101FF0404"     \
	"03020780300A06082A8648CE3D0403020348003045022063FDE27C8FB7C2AF4BA63C5982DA9D341ADD61"     \
	"9B6B96B265B1B202E6E9AD3F47022100DE87B39F78BB2DF20A9549900E68720B12C6767B28D70AFBA396"     \
	"ACF36AFD436B"

#define SECRET "404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F"

/* --- known answers ------------------------------------------------------------------------- */

static void
vector_setup(void)
{
	rig_setup();
	ok("8240", "E0E80000" ANCHOR, "");
	meta_write(0xE0E8, "D30100");
	meta_write(0xF1D4, "D00321E0E8");
	ok("8240", "F1D50000" SECRET, "");
	meta_write(0xF1D5, "D30100E80123");
}

START_TEST(vectors_of_the_reference)
{
	vector_setup();
	exchange(
	    "8301008C3000898443A10126A10442E0E8583B8601F6F68420100182000282822058258218295820BE45"
	    "CB2605BF36BEBDE684841A28F0FD43C69850A3DCE5FEDBA69928EE3A8991F6824042F1D458404203F072"
	    "E4FF974DE5CB51B78822AA01E5B32A7E29CA4DE1F93C9E54470981C7EFB0B98F50F11721DD6F3AC750A7"
	    "27F80E417E4E3AAB232ADE818A53668DC3C6",
	    "00000000");
	exchange("83010013310010000102030405060708090A0B0C0D0E0F", "00000000");
	ok("8100", "F1D4", "000102030405060708090A0B0C0D0E0F");
	meta_is(0xF1D4, "2015C00101C1020001C4018CC50110D00321E0E8D10100");
	exchange(
	    "830100CC3000C98443A10126A10442E0E8587B8601F6F6842010028200028282205825821829582011E5"
	    "474AFB8D69326C4B7EB73EC1A5AA66FF10E8736B23D41BDCBC402CFDBACB82018343A1010A81825834A3"
	    "0442F1D5013A000100B7058244436F6E665820808182838485868788898A8B8C8D8E8F90919293949596"
	    "9798999A9B9C9D9E9FF6F6824042F1D458406E547C57D003396A0B58E9658A4A40DA6E1B0F6C46D23CBC"
	    "4CD47A287F7B6778B4FE41D2124F90A450D2A7AA36C861F44F28325ED314DAB7CB486C812826FA7A",
	    "00000000");
	exchange("8301001B310018BC1F7BB27B6590D44B8955E406522C8C2B580916E856B9E0", "00000000");
	ok("8100", "F1D4", "000102030405060708090A0B0C0D0E0F");
	meta_is(0xF1D4, "2015C00101C1020002C4018CC50110D00321E0E8D10100");
}
END_TEST

/* --- data ---------------------------------------------------------------------------------- */

START_TEST(data_of_all_sizes)
{
	static const size_t sizes[] = { 1, 600, 607, 608, 609, 632, 633, 640, 641, 1216, 1248, 1249,
		1500 };
	unsigned version = 0;

	for (size_t i = 0; i < NITEMS(sizes); i++)
		for (int encrypted = 0; encrypted < 2; encrypted++) {
			struct mf_spec s = up_data(0xF1E0, ++version, sizes[i]);

			if (encrypted) {
				s.secret_oid = 0xF1D5;
				s.secret = up_secret;
				s.secret_len = sizeof(up_secret);
			}
			up_payload[0] = (uint8_t)version;
			ck_assert_uint_eq(up_send(s), 0);
			ok("8100", "F1E0", rig_hex(up_payload, sizes[i]));
		}
}
END_TEST

START_TEST(data_are_written_over_or_erased)
{
	struct mf_spec s = up_data(0xF1D4, 1, 4);

	s.info[0] = 10;
	s.info[1] = 1;
	ck_assert_uint_eq(up_send(s), 0);
	ok("8100", text("F1D4000A0004"), rig_hex(up_payload, 4));
	run("8100", "F1D4");
	ck_assert_uint_eq(rig.rsp_len, 104); /* as large as before */
	s.version = 2;
	s.info[0] = 120;
	ck_assert_uint_eq(up_send(s), 0);
	run("8100", "F1D4");
	ck_assert_uint_eq(rig.rsp_len, 4 + 124);
	s.version = 3;
	s.info[0] = 2;
	s.info[1] = 2;
	ck_assert_uint_eq(up_send(s), 0);
	ok("8100", "F1D4", text("0000%s", rig_hex(up_payload, 4)));
	s.version = 4;
	s.info[0] = 137;
	ck_assert_uint_eq(up_send(s), CHIP_E_BOUNDARY);
	s.info[0] = 0xFFFFFFFF;
	ck_assert_uint_eq(up_send(s), CHIP_E_BOUNDARY);
	ok("8100", "F1D4", text("0000%s", rig_hex(up_payload, 4)));
}
END_TEST

START_TEST(anchors_of_every_kind)
{
	static const struct {
		const char *curve;
		bool v1;
	} kinds[] = { { "P-256", true }, { "P-384", true }, { "P-521", false },
		{ "brainpoolP256r1", false }, { "brainpoolP384r1", false },
		{ "brainpoolP512r1", false }, { "RSA", true } };
	EVP_PKEY *k = mf_key(kinds[_i].curve), *other = mf_key(kinds[_i].curve);
	struct mf_spec s = up_data(0xF1D4, 1, 16);

	mf_anchor(0xE0E8, k);
	s.key = other;
	ck_assert_uint_eq(up_send(s), CHIP_E_SIGNATURE);
	s.key = k;
	ck_assert_uint_eq(up_send(s), 0);

	rig_model("trust-m-v1");
	mf_anchor(0xE0E8, k);
	meta_write(0xF1D4, "D00321E0E8");
	ck_assert_uint_eq(up_send(s), kinds[_i].v1 ? 0 : CHIP_E_CERT_UNSUPPORTED);
	EVP_PKEY_free(k);
	EVP_PKEY_free(other);
}
END_TEST

START_TEST(cmd_24_order_of_fragments)
{
	struct mf_spec s = up_data(0xF1E0, 1, 1500);
	static struct mf m, m2;

	mf_make(&s, &m);
	s.version = 2;
	mf_make(&s, &m2);
	ck_assert_uint_eq(mf_fragment(&m, 0), CHIP_E_SEQUENCE);
	ck_assert_uint_eq(mf_fragment(&m, 2), CHIP_E_SEQUENCE);
	/* Another command in between, and a failed start, end it. */
	ck_assert_uint_eq(mf_start(&m), 0);
	ok("8100", "E0C6", "0615");
	ck_assert_uint_eq(mf_fragment(&m, 0), CHIP_E_SEQUENCE);
	ck_assert_uint_eq(mf_start(&m), 0);
	refused("8301", "300001FF", CHIP_E_MANIFEST);
	ck_assert_uint_eq(mf_fragment(&m, 0), CHIP_E_SEQUENCE);
	/* A new start replaces the old one. */
	ck_assert_uint_eq(mf_start(&m), 0);
	ck_assert_uint_eq(mf_start(&m2), 0);
	for (size_t i = 0; i < m2.n; i++)
		ck_assert_uint_eq(mf_fragment(&m2, i), 0);
	ck_assert_uint_eq(mf_fragment(&m2, 2), CHIP_E_SEQUENCE);
	ok("8100", "F1E0", rig_hex(up_payload, 1500));
}
END_TEST

START_TEST(cmd_25_length_of_fragments)
{
	struct mf_spec s = up_data(0xF1E0, 1, 1500);
	static struct mf m;

	mf_make(&s, &m);
	ck_assert_uint_eq(mf_start(&m), 0);
	m.fragment_len[0] = 639;
	ck_assert_uint_eq(mf_fragment(&m, 0), CHIP_E_LENGTH);
	m.fragment_len[0] = 641;
	ck_assert_uint_eq(mf_fragment(&m, 0), CHIP_E_LENGTH);
	m.fragment_len[2] = 641;
	ck_assert_uint_eq(mf_fragment(&m, 2), CHIP_E_LENGTH);
	m.fragment_len[2] = 0;
	ck_assert_uint_eq(mf_fragment(&m, 2), CHIP_E_LENGTH);
	refused("8301", "3100", CHIP_E_LENGTH);
	refused("8301", "330000", CHIP_E_DATA);
	refused("8301", "31000100320001", CHIP_E_LENGTH);
	refused("8301", "3100010030000100", CHIP_E_DATA);
	refused("8301", "", CHIP_E_DATA);
	refused("8300", "3000", CHIP_E_PARAM);
	/* A manifest that promises more, or less, than comes. */
	s.version = 2;
	s.len = 16;
	s.claimed = 17;
	ck_assert_uint_eq(up_send(s), CHIP_E_LENGTH);
	s.claimed = 15;
	ck_assert_uint_eq(up_send(s), CHIP_E_LENGTH);
	s.claimed = 0;
	ck_assert_uint_eq(up_send(s), 0);
}
END_TEST

START_TEST(cmd_26_versions)
{
	struct mf_spec s = up_data(0xF1D4, 5, 16);

	ck_assert_uint_eq(up_send(s), 0);
	ck_assert_uint_eq(up_send(s), CHIP_E_VERSION);
	s.version = 4;
	ck_assert_uint_eq(up_send(s), CHIP_E_VERSION);
	s.version = 0;
	ck_assert_uint_eq(up_send(s), CHIP_E_VERSION);
	s.version = 0x8006;
	ck_assert_uint_eq(up_send(s), CHIP_E_MANIFEST);
	s.version = 0x10006;
	ck_assert_uint_eq(up_send(s), CHIP_E_MANIFEST);
	s.version = 32767;
	ck_assert_uint_eq(up_send(s), 0);
	refused("8301", "3000", CHIP_E_LENGTH);
	refused("8301", "300000", CHIP_E_MANIFEST);
}
END_TEST

START_TEST(cmd_27_signatures)
{
	struct mf_spec s = up_data(0xF1D4, 1, 16);
	static struct mf m;

	s.text_context = true;
	ck_assert_uint_eq(up_send(s), CHIP_E_SIGNATURE);
	s.text_context = false;
	mf_make(&s, &m);
	m.manifest[m.manifest_len - 1] ^= 1;
	ck_assert_uint_eq(mf_send(&m), CHIP_E_SIGNATURE);
	/* Neither may a signature be longer or shorter. */
	m.manifest[m.manifest_len - 1] ^= 1;
	m.manifest[m.manifest_len - 65]--;
	m.manifest_len--;
	ck_assert_uint_eq(mf_send(&m), CHIP_E_SIGNATURE);
	ck_assert_uint_eq(up_send(s), 0);
}
END_TEST

START_TEST(cmd_28_permission)
{
	struct mf_spec s = up_data(0xF1D4, 1, 16);

	mf_anchor(0xE0E9, up_key);
	s.anchor = 0xE0E9;
	ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS);
	s.anchor = 0xE0E8;
	s.target = 0xE0E8;
	ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS);
	/* Writable is not enough: the rule must name the anchor, in the token that grants. */
	s.target = 0xF1D6;
	ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D00100");
	ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D007E1FC07FE21E0E9");
	ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D007E1FB07FD21E0E8");
	ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D007E1FB07FE21E0E8");
	ck_assert_uint_eq(up_send(s), 0);
	/* No SetDataObject satisfies Int of an anchor (OBJ-29). */
	refused("8200", "F1D4000000", CHIP_E_ACCESS);
	/* Execute of the anchor, and its type. */
	meta_write(0xE0E8, "D301FF");
	s.version = 2;
	ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS);
	meta_write(0xE0E8, "D30100E80112");
	ck_assert_uint_eq(up_send(s), CHIP_E_DATA);
	meta_write(0xE0E8, "E80111");
	ok("8240", text("E0E80000%s", rig_zeros(100)), "");
	ck_assert_uint_eq(up_send(s), 0x29);
	s.anchor = 0xF1FF;
	ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D00321F1FF");
	ck_assert_uint_eq(up_send(s), CHIP_E_OID);
}
END_TEST

START_TEST(confidentiality_can_be_demanded)
{
	struct mf_spec s = up_data(0xF1D4, 1, 16);

	meta_write(0xF1D4, "D00721E0E8FD20F1D5");
	ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS);
	s.secret_oid = 0xF1D7;
	s.secret = up_secret;
	s.secret_len = sizeof(up_secret);
	ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS); /* another secret */
	s.secret_oid = 0xF1D5;
	ck_assert_uint_eq(up_send(s), 0);
	s.version = 2;
	s.secret_len = 31; /* a wrong one */
	ck_assert_uint_eq(up_send(s), CHIP_E_INTEGRITY);
	s.secret_len = 32;
	meta_write(0xF1D5, "E80121");
	ck_assert_uint_eq(up_send(s), CHIP_E_DATA);
	meta_write(0xF1D5, "E80123D301FF");
	ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS);
	meta_write(0xF1D5, "D30100");
	s.target = 0xF1D5;
	ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS); /* the secret itself */
	/* An encrypted update where none is demanded. */
	s.target = 0xF1E0;
	ck_assert_uint_eq(up_send(s), 0);
}
END_TEST

static unsigned
sec(void)
{
	run("8100", "E0C5");
	return rig.rsp[4];
}

START_TEST(cmd_29_changed_fragments)
{
	struct mf_spec s = up_data(0xF1E0, 3, 1500);
	const unsigned mode = (unsigned)_i / 3, which = (unsigned)_i % 3;
	static struct mf m;
	unsigned before;

	/* mode 0: write over, plain; 1: erase, plain; 2: erase, encrypted. */
	s.info[1] = mode == 0 ? 1 : 2;
	if (mode == 2) {
		s.secret_oid = 0xF1D5;
		s.secret = up_secret;
		s.secret_len = sizeof(up_secret);
	}
	rig.app.monitor = true;
	mf_make(&s, &m);
	m.fragment[which][m.fragment_len[which] - 1] ^= 0x80;
	ck_assert_uint_eq(mf_start(&m), 0);
	before = sec();
	ck_assert_uint_eq(mf_start(&m), 0);
	for (unsigned i = 0; i < which; i++)
		ck_assert_uint_eq(mf_fragment(&m, i), 0);
	ck_assert_uint_eq(mf_fragment(&m, which), CHIP_E_INTEGRITY);
	ck_assert_uint_eq(mf_fragment(&m, which), CHIP_E_SEQUENCE);
	ck_assert_uint_eq(sec(), before + 1);
	if (which == 0) {
		run("8100", "F1E0");
		ck_assert_uint_eq(rig.rsp_len, 1504);
		return;
	}
	meta_is(
	    0xF1E0, mode == 0                 ? "2017C00101C1028003C40205DCC50205DCD00321E0E8D10100"
		    : which == 1 && mode == 1 ? "2017C00101C1028003C40205DCC5020260D00321E0E8D10100"
		    : which == 2 && mode == 1 ? "2017C00101C1028003C40205DCC50204C0D00321E0E8D10100"
		    : which == 1              ? "2017C00101C1028003C40205DCC5020258D00321E0E8D10100"
				 : "2017C00101C1028003C40205DCC50204B0D00321E0E8D10100");
	refused("8100", "F1E0", CHIP_E_METADATA);
	/* Lower never; a write over its object may only be repeated. */
	s.version = 2;
	ck_assert_uint_eq(up_send(s), CHIP_E_VERSION);
	s.version = 4;
	if (mode == 0)
		ck_assert_uint_eq(up_send(s), CHIP_E_VERSION);
	s.version = 3;
	ck_assert_uint_eq(up_send(s), 0);
	ok("8100", "F1E0", rig_hex(up_payload, 1500));
	s.version = 4;
	ck_assert_uint_eq(up_send(s), 0);
}
END_TEST

START_TEST(obj_37_interrupted_by_a_reset)
{
	struct mf_spec s = up_data(0xF1E0, 1, 1500);
	static struct mf m;

	mf_make(&s, &m);
	ck_assert_uint_eq(mf_start(&m), 0);
	ck_assert_uint_eq(mf_fragment(&m, 0), 0);
	sim_app_reset(&rig.app, rig.now, false);
	ok("F000", "D27600000447656E417574684170706C", "");
	ck_assert_uint_eq(mf_fragment(&m, 1), CHIP_E_SEQUENCE);
	refused("8100", "F1E0", CHIP_E_METADATA);
	meta_write(0xF1E0, "C1020000"); /* while LcsO < op that clears it */
	run("8100", "F1E0");
	ck_assert_uint_eq(rig.rsp[0], 0);
}
END_TEST

/* When the flag is set, and how types are judged, is left open: both ways. */
START_TEST(switches)
{
	struct mf_spec s = up_data(0xF1D4, 1, 16);
	static struct mf m;

	mf_make(&s, &m);
	ck_assert_uint_eq(mf_start(&m), 0);
	run("8100", "F1D4");
	ck_assert_uint_eq(rig.rsp[0], 0);
	rig.app.switches = SIM_APP_MARK_EARLY;
	ck_assert_uint_eq(mf_start(&m), 0);
	refused("8100", "F1D4", CHIP_E_METADATA);
	ck_assert_uint_eq(mf_send(&m), 0);
	ok("8100", "F1D4", rig_hex(up_payload, 16));
	meta_write(0xE0E8, "E80112");
	s.version = 2;
	ck_assert_uint_eq(up_send(s), CHIP_E_DATA);
	rig.app.switches = SIM_APP_ANY_TYPE;
	ck_assert_uint_eq(up_send(s), 0);
}
END_TEST

START_TEST(cmd_30_excluded_objects)
{
	static const unsigned oids[] = { 0xE0C0, 0xE0C1, 0xE0C2, 0xE0C3, 0xE0C4, 0xE0C5, 0xE0C6,
		0xF1C0, 0xF1C1, 0xF1C2 };
	struct mf_spec s = up_data(0, 1, 1);

	for (size_t i = 0; i < NITEMS(oids); i++) {
		s.target = oids[i];
		ck_assert_uint_eq(up_send(s), CHIP_E_ACCESS);
	}
	s.target = 0xE0F1; /* no data */
	ck_assert_uint_eq(up_send(s), CHIP_E_OID);
	s.target = 0xE100;
	ck_assert_uint_eq(up_send(s), CHIP_E_OID);
	s.target = 0xE0CA;
	ck_assert_uint_eq(up_send(s), CHIP_E_OID);
}
END_TEST

START_TEST(cmd_31_v1_takes_plain_data_only)
{
	struct mf_spec s = up_data(0xF1D4, 1, 16);
	uint8_t uid[27];

	rig_model("trust-m-v1");
	mf_anchor(0xE0E8, up_key);
	meta_write(0xF1D4, "D00321E0E8");
	s.secret_oid = 0xF1D5;
	s.secret = up_secret;
	s.secret_len = sizeof(up_secret);
	ck_assert_uint_eq(up_send(s), CHIP_E_MANIFEST);
	s.secret_oid = 0;
	run("8100", "E0C2");
	memcpy(uid, rig.rsp + 4, sizeof(uid));
	s.uid = uid;
	ck_assert_uint_eq(up_send(s), CHIP_E_MANIFEST);
	s.uid = NULL;
	s.type = MF_METADATA;
	s.info[1] = 0;
	ck_assert_uint_eq(up_send(s), CHIP_E_MANIFEST);
	s.type = MF_KEY;
	s.target = 0xE0F1;
	s.info[0] = 3;
	s.info[1] = 0x10;
	ck_assert_uint_eq(up_send(s), CHIP_E_MANIFEST);
	s = up_data(0xF1D4, 1, 16);
	ck_assert_uint_eq(up_send(s), 0);
	ok("8100", "F1D4", rig_hex(up_payload, 16));
}
END_TEST

START_TEST(one_chip_or_all)
{
	struct mf_spec s = up_data(0xF1D4, 1, 16);
	uint8_t uid[27];

	run("8100", "E0C2");
	memcpy(uid, rig.rsp + 4, sizeof(uid));
	s.uid = uid;
	ck_assert_uint_eq(up_send(s), 0);
	s.version = 2;
	uid[24] ^= 1;
	ck_assert_uint_eq(up_send(s), CHIP_E_MANIFEST);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("simulated application: protected update of data");
	TCase *tc = tcase_create("data");

	tcase_add_checked_fixture(tc, up_setup, NULL);
	tcase_add_test(tc, vectors_of_the_reference);
	tcase_add_test(tc, data_of_all_sizes);
	tcase_add_test(tc, data_are_written_over_or_erased);
	tcase_add_loop_test(tc, anchors_of_every_kind, 0, 7);
	tcase_add_test(tc, cmd_24_order_of_fragments);
	tcase_add_test(tc, cmd_25_length_of_fragments);
	tcase_add_test(tc, cmd_26_versions);
	tcase_add_test(tc, cmd_27_signatures);
	tcase_add_test(tc, cmd_28_permission);
	tcase_add_test(tc, confidentiality_can_be_demanded);
	tcase_add_loop_test(tc, cmd_29_changed_fragments, 0, 9);
	tcase_add_test(tc, obj_37_interrupted_by_a_reset);
	tcase_add_test(tc, switches);
	tcase_add_test(tc, cmd_30_excluded_objects);
	tcase_add_test(tc, cmd_31_v1_takes_plain_data_only);
	tcase_add_test(tc, one_chip_or_all);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return rig_main(suite());
}
