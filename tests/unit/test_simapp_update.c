/*
 * Protected updates of the simulated chip. Items CMD-n and OBJ-n as in the conformance list;
 * the first vectors are the command reference's, chapter 5.5.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "hal/base/err.h"
#include "hal/sim/fault.h"
#include "tests/unit/simapp_manifest.h"
#include "tests/unit/simapp_rig.h"

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

static EVP_PKEY *key;
static uint8_t secret[32], payload[1600];

/* Anchor in E0E8 for a new P-256 key; F1D5 an update secret; F1D4 and F1E0 wait for updates. */
static void
setup(void)
{
	rig_setup();
	if (key == NULL)
		key = mf_key("P-256");
	mf_anchor(0xE0E8, key);
	for (size_t i = 0; i < sizeof(secret); i++)
		secret[i] = (uint8_t)(0x40 + i);
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7 + i / 256);
	ok("8240", text("F1D50000%s", rig_hex(secret, sizeof(secret))), "");
	meta_write(0xF1D5, "D30100E80123");
	meta_write(0xF1D4, "D00321E0E8");
	meta_write(0xF1E0, "D00321E0E8");
}

static struct mf_spec
data_spec(unsigned target, unsigned version, size_t len)
{
	return (struct mf_spec){ .target = target,
		.anchor = 0xE0E8,
		.key = key,
		.type = MF_DATA,
		.version = version,
		.info = { 0, 2 },
		.payload = payload,
		.len = len };
}

static unsigned
send_spec(struct mf_spec s)
{
	static struct mf m;

	mf_make(&s, &m);
	return mf_send(&m);
}

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
			struct mf_spec s = data_spec(0xF1E0, ++version, sizes[i]);

			if (encrypted) {
				s.secret_oid = 0xF1D5;
				s.secret = secret;
				s.secret_len = sizeof(secret);
			}
			payload[0] = (uint8_t)version;
			ck_assert_uint_eq(send_spec(s), 0);
			ok("8100", "F1E0", rig_hex(payload, sizes[i]));
		}
}
END_TEST

START_TEST(data_are_written_over_or_erased)
{
	struct mf_spec s = data_spec(0xF1D4, 1, 4);

	s.info[0] = 10;
	s.info[1] = 1;
	ck_assert_uint_eq(send_spec(s), 0);
	ok("8100", text("F1D4000A0004"), rig_hex(payload, 4));
	run("8100", "F1D4");
	ck_assert_uint_eq(rig.rsp_len, 104); /* as large as before */
	s.version = 2;
	s.info[0] = 120;
	ck_assert_uint_eq(send_spec(s), 0);
	run("8100", "F1D4");
	ck_assert_uint_eq(rig.rsp_len, 4 + 124);
	s.version = 3;
	s.info[0] = 2;
	s.info[1] = 2;
	ck_assert_uint_eq(send_spec(s), 0);
	ok("8100", "F1D4", text("0000%s", rig_hex(payload, 4)));
	s.version = 4;
	s.info[0] = 137;
	ck_assert_uint_eq(send_spec(s), CHIP_E_BOUNDARY);
	s.info[0] = 0xFFFFFFFF;
	ck_assert_uint_eq(send_spec(s), CHIP_E_BOUNDARY);
	ok("8100", "F1D4", text("0000%s", rig_hex(payload, 4)));
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
	struct mf_spec s = data_spec(0xF1D4, 1, 16);

	mf_anchor(0xE0E8, k);
	s.key = other;
	ck_assert_uint_eq(send_spec(s), CHIP_E_SIGNATURE);
	s.key = k;
	ck_assert_uint_eq(send_spec(s), 0);

	rig_model("trust-m-v1");
	mf_anchor(0xE0E8, k);
	meta_write(0xF1D4, "D00321E0E8");
	ck_assert_uint_eq(send_spec(s), kinds[_i].v1 ? 0 : CHIP_E_CERT_UNSUPPORTED);
	EVP_PKEY_free(k);
	EVP_PKEY_free(other);
}
END_TEST

START_TEST(cmd_24_order_of_fragments)
{
	struct mf_spec s = data_spec(0xF1E0, 1, 1500);
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
	ok("8100", "F1E0", rig_hex(payload, 1500));
}
END_TEST

START_TEST(cmd_25_length_of_fragments)
{
	struct mf_spec s = data_spec(0xF1E0, 1, 1500);
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
	ck_assert_uint_eq(send_spec(s), CHIP_E_LENGTH);
	s.claimed = 15;
	ck_assert_uint_eq(send_spec(s), CHIP_E_LENGTH);
	s.claimed = 0;
	ck_assert_uint_eq(send_spec(s), 0);
}
END_TEST

START_TEST(cmd_26_versions)
{
	struct mf_spec s = data_spec(0xF1D4, 5, 16);

	ck_assert_uint_eq(send_spec(s), 0);
	ck_assert_uint_eq(send_spec(s), CHIP_E_VERSION);
	s.version = 4;
	ck_assert_uint_eq(send_spec(s), CHIP_E_VERSION);
	s.version = 0;
	ck_assert_uint_eq(send_spec(s), CHIP_E_VERSION);
	s.version = 0x8006;
	ck_assert_uint_eq(send_spec(s), CHIP_E_MANIFEST);
	s.version = 0x10006;
	ck_assert_uint_eq(send_spec(s), CHIP_E_MANIFEST);
	s.version = 32767;
	ck_assert_uint_eq(send_spec(s), 0);
	refused("8301", "3000", CHIP_E_LENGTH);
	refused("8301", "300000", CHIP_E_MANIFEST);
}
END_TEST

START_TEST(cmd_27_signatures)
{
	struct mf_spec s = data_spec(0xF1D4, 1, 16);
	static struct mf m;

	s.text_context = true;
	ck_assert_uint_eq(send_spec(s), CHIP_E_SIGNATURE);
	s.text_context = false;
	mf_make(&s, &m);
	m.manifest[m.manifest_len - 1] ^= 1;
	ck_assert_uint_eq(mf_send(&m), CHIP_E_SIGNATURE);
	/* Neither may a signature be longer or shorter. */
	m.manifest[m.manifest_len - 1] ^= 1;
	m.manifest[m.manifest_len - 65]--;
	m.manifest_len--;
	ck_assert_uint_eq(mf_send(&m), CHIP_E_SIGNATURE);
	ck_assert_uint_eq(send_spec(s), 0);
}
END_TEST

START_TEST(cmd_28_permission)
{
	struct mf_spec s = data_spec(0xF1D4, 1, 16);

	mf_anchor(0xE0E9, key);
	s.anchor = 0xE0E9;
	ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS);
	s.anchor = 0xE0E8;
	s.target = 0xE0E8;
	ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS);
	/* Writable is not enough: the rule must name the anchor, in the token that grants. */
	s.target = 0xF1D6;
	ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D00100");
	ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D007E1FC07FE21E0E9");
	ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D007E1FB07FD21E0E8");
	ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D007E1FB07FE21E0E8");
	ck_assert_uint_eq(send_spec(s), 0);
	/* No SetDataObject satisfies Int of an anchor (OBJ-29). */
	refused("8200", "F1D4000000", CHIP_E_ACCESS);
	/* Execute of the anchor, and its type. */
	meta_write(0xE0E8, "D301FF");
	s.version = 2;
	ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS);
	meta_write(0xE0E8, "D30100E80112");
	ck_assert_uint_eq(send_spec(s), CHIP_E_DATA);
	meta_write(0xE0E8, "E80111");
	ok("8240", text("E0E80000%s", rig_zeros(100)), "");
	ck_assert_uint_eq(send_spec(s), 0x29);
	s.anchor = 0xF1FF;
	ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D00321F1FF");
	ck_assert_uint_eq(send_spec(s), CHIP_E_OID);
}
END_TEST

START_TEST(confidentiality_can_be_demanded)
{
	struct mf_spec s = data_spec(0xF1D4, 1, 16);

	meta_write(0xF1D4, "D00721E0E8FD20F1D5");
	ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS);
	s.secret_oid = 0xF1D7;
	s.secret = secret;
	s.secret_len = sizeof(secret);
	ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS); /* another secret */
	s.secret_oid = 0xF1D5;
	ck_assert_uint_eq(send_spec(s), 0);
	s.version = 2;
	s.secret_len = 31; /* a wrong one */
	ck_assert_uint_eq(send_spec(s), CHIP_E_INTEGRITY);
	s.secret_len = 32;
	meta_write(0xF1D5, "E80121");
	ck_assert_uint_eq(send_spec(s), CHIP_E_DATA);
	meta_write(0xF1D5, "E80123D301FF");
	ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS);
	meta_write(0xF1D5, "D30100");
	s.target = 0xF1D5;
	ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS); /* the secret itself */
	/* An encrypted update where none is demanded. */
	s.target = 0xF1E0;
	ck_assert_uint_eq(send_spec(s), 0);
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
	struct mf_spec s = data_spec(0xF1E0, 3, 1500);
	const unsigned mode = (unsigned)_i / 3, which = (unsigned)_i % 3;
	static struct mf m;
	unsigned before;

	/* mode 0: write over, plain; 1: erase, plain; 2: erase, encrypted. */
	s.info[1] = mode == 0 ? 1 : 2;
	if (mode == 2) {
		s.secret_oid = 0xF1D5;
		s.secret = secret;
		s.secret_len = sizeof(secret);
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
	ck_assert_uint_eq(send_spec(s), CHIP_E_VERSION);
	s.version = 4;
	if (mode == 0)
		ck_assert_uint_eq(send_spec(s), CHIP_E_VERSION);
	s.version = 3;
	ck_assert_uint_eq(send_spec(s), 0);
	ok("8100", "F1E0", rig_hex(payload, 1500));
	s.version = 4;
	ck_assert_uint_eq(send_spec(s), 0);
}
END_TEST

START_TEST(obj_37_interrupted_by_a_reset)
{
	struct mf_spec s = data_spec(0xF1E0, 1, 1500);
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
	struct mf_spec s = data_spec(0xF1D4, 1, 16);
	static struct mf m;

	mf_make(&s, &m);
	ck_assert_uint_eq(mf_start(&m), 0);
	run("8100", "F1D4");
	ck_assert_uint_eq(rig.rsp[0], 0);
	rig.app.switches = SIM_APP_MARK_EARLY;
	ck_assert_uint_eq(mf_start(&m), 0);
	refused("8100", "F1D4", CHIP_E_METADATA);
	ck_assert_uint_eq(mf_send(&m), 0);
	ok("8100", "F1D4", rig_hex(payload, 16));
	meta_write(0xE0E8, "E80112");
	s.version = 2;
	ck_assert_uint_eq(send_spec(s), CHIP_E_DATA);
	rig.app.switches = SIM_APP_ANY_TYPE;
	ck_assert_uint_eq(send_spec(s), 0);
}
END_TEST

START_TEST(cmd_30_excluded_objects)
{
	static const unsigned oids[] = { 0xE0C0, 0xE0C1, 0xE0C2, 0xE0C3, 0xE0C4, 0xE0C5, 0xE0C6,
		0xF1C0, 0xF1C1, 0xF1C2 };
	struct mf_spec s = data_spec(0, 1, 1);

	for (size_t i = 0; i < NITEMS(oids); i++) {
		s.target = oids[i];
		ck_assert_uint_eq(send_spec(s), CHIP_E_ACCESS);
	}
	s.target = 0xE0F1; /* no data */
	ck_assert_uint_eq(send_spec(s), CHIP_E_OID);
	s.target = 0xE100;
	ck_assert_uint_eq(send_spec(s), CHIP_E_OID);
	s.target = 0xE0CA;
	ck_assert_uint_eq(send_spec(s), CHIP_E_OID);
}
END_TEST

START_TEST(cmd_31_v1_takes_plain_data_only)
{
	struct mf_spec s = data_spec(0xF1D4, 1, 16);
	uint8_t uid[27];

	rig_model("trust-m-v1");
	mf_anchor(0xE0E8, key);
	meta_write(0xF1D4, "D00321E0E8");
	s.secret_oid = 0xF1D5;
	s.secret = secret;
	s.secret_len = sizeof(secret);
	ck_assert_uint_eq(send_spec(s), CHIP_E_MANIFEST);
	s.secret_oid = 0;
	run("8100", "E0C2");
	memcpy(uid, rig.rsp + 4, sizeof(uid));
	s.uid = uid;
	ck_assert_uint_eq(send_spec(s), CHIP_E_MANIFEST);
	s.uid = NULL;
	s.type = MF_METADATA;
	s.info[1] = 0;
	ck_assert_uint_eq(send_spec(s), CHIP_E_MANIFEST);
	s.type = MF_KEY;
	s.target = 0xE0F1;
	s.info[0] = 3;
	s.info[1] = 0x10;
	ck_assert_uint_eq(send_spec(s), CHIP_E_MANIFEST);
	s = data_spec(0xF1D4, 1, 16);
	ck_assert_uint_eq(send_spec(s), 0);
	ok("8100", "F1D4", rig_hex(payload, 16));
}
END_TEST

START_TEST(one_chip_or_all)
{
	struct mf_spec s = data_spec(0xF1D4, 1, 16);
	uint8_t uid[27];

	run("8100", "E0C2");
	memcpy(uid, rig.rsp + 4, sizeof(uid));
	s.uid = uid;
	ck_assert_uint_eq(send_spec(s), 0);
	s.version = 2;
	uid[24] ^= 1;
	ck_assert_uint_eq(send_spec(s), CHIP_E_MANIFEST);
}
END_TEST

/* --- keys ---------------------------------------------------------------------------------- */

static size_t
add_tlv(uint8_t *p, size_t at, uint8_t tag, const uint8_t *v, size_t n)
{
	p[at] = tag;
	p[at + 1] = (uint8_t)(n >> 8);
	p[at + 2] = (uint8_t)n;
	memcpy(p + at + 3, v, n);
	return at + 3 + n;
}

static void
number(EVP_PKEY *k, const char *what, uint8_t *out, size_t size)
{
	BIGNUM *b = NULL;

	ck_assert_int_eq(EVP_PKEY_get_bn_param(k, what, &b), 1);
	ck_assert_int_eq(BN_bn2binpad(b, out, (int)size), (int)size);
	BN_clear_free(b);
}

static struct mf_spec
key_spec(unsigned target, unsigned alg, unsigned usage, const uint8_t *p, size_t len)
{
	struct mf_spec s = data_spec(target, 1, len);

	s.type = MF_KEY;
	s.info[0] = alg;
	s.info[1] = usage;
	s.payload = p;
	return s;
}

START_TEST(ec_keys)
{
	static const struct {
		const char *curve;
		uint8_t alg;
		size_t size;
	} curves[] = { { "P-256", 0x03, 32 }, { "P-384", 0x04, 48 }, { "P-521", 0x05, 66 },
		{ "brainpoolP256r1", 0x13, 32 }, { "brainpoolP384r1", 0x15, 48 },
		{ "brainpoolP512r1", 0x16, 64 } };
	EVP_PKEY *k = mf_key(curves[_i].curve);
	const size_t size = curves[_i].size;
	uint8_t d[66], point[133], p[300], digest[32] = { 9 };
	const uint8_t *sig;
	struct mf_spec s;
	size_t n, len;

	number(k, OSSL_PKEY_PARAM_PRIV_KEY, d, size);
	ck_assert_int_eq(
	    EVP_PKEY_get_octet_string_param(k, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len),
	    1);
	n = add_tlv(p, 0, 0x02, point + 1, 2 * size);
	n = add_tlv(p, n, 0x01, d, size);
	meta_write(0xE0F1, "D00321E0E8");
	s = key_spec(0xE0F1, curves[_i].alg, 0x10, p, n);
	s.secret_oid = 0xF1D5;
	s.secret = secret;
	s.secret_len = sizeof(secret);
	ck_assert_uint_eq(send_spec(s), 0);
	meta_is(0xE0F1, text("2015C00101C1020001D00321E0E8D30100E001%02XE10110", curves[_i].alg));
	ok("B111", text("010020%s030002E0F1", rig_hex(digest, 32)), NULL);
	sig = rig_out(&len);
	ck_assert(rig_ecdsa_verifies(k, size, digest, 32, sig, len));

	/* Whatever is wrong leaves the key as it was. */
	s.version = 2;
	s.payload = p + 3 + 2 * size; /* private alone is enough */
	s.len = 3 + size;
	ck_assert_uint_eq(send_spec(s), 0);
	s.version = 3;
	s.len--;
	ck_assert_uint_eq(send_spec(s), CHIP_E_LENGTH);
	s.len = 3 + size;
	memset(p + n - size, 0xFF, size);
	ck_assert_uint_eq(send_spec(s), CHIP_E_DATA);
	memset(p + n - size, 0x00, size);
	ck_assert_uint_eq(send_spec(s), CHIP_E_DATA);
	s.info[0] = curves[_i].alg == 0x03 ? 0x04 : 0x03;
	ck_assert_uint_eq(send_spec(s), CHIP_E_DATA);
	s.info[0] = 0x41;
	ck_assert_uint_eq(send_spec(s), CHIP_E_MANIFEST);
	s.info[0] = 0x14;
	ck_assert_uint_eq(send_spec(s), CHIP_E_MANIFEST);
	s.info[0] = curves[_i].alg;
	s.info[1] = 0;
	ck_assert_uint_eq(send_spec(s), CHIP_E_MANIFEST);
	ok("B111", text("010020%s030002E0F1", rig_hex(digest, 32)), NULL);
	EVP_PKEY_free(k);
}
END_TEST

START_TEST(rsa_keys)
{
	const size_t size = _i == 0 ? 128 : 256;
	EVP_PKEY *k = EVP_RSA_gen((unsigned)size * 8);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(k, NULL);
	uint8_t d[256], m[256], p[600], digest[32] = { 9 };
	const uint8_t e[4] = { 0, 1, 0, 1 }, *sig;
	const char *before;
	struct mf_spec s;
	size_t n, len;

	number(k, OSSL_PKEY_PARAM_RSA_D, d, size);
	number(k, OSSL_PKEY_PARAM_RSA_N, m, size);
	n = add_tlv(p, 0, 0x01, d, size);
	n = add_tlv(p, n, 0x02, m, size);
	n = add_tlv(p, n, 0x03, e, 4);
	meta_write(0xE0FC, "D00321E0E8");
	s = key_spec(0xE0FC, _i == 0 ? 0x41 : 0x42, 0x13, p, n);
	ck_assert_uint_eq(send_spec(s), 0);
	ok("B101", text("010020%s030002E0FC", rig_hex(digest, 32)), NULL);
	sig = rig_out(&len);
	ck_assert_int_eq(EVP_PKEY_verify_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
	ck_assert_int_eq(EVP_PKEY_verify(ctx, sig, len, digest, 32), 1);
	before = text("%s", rig_hex(sig, len));
	s.version = 2;
	s.len = n - 7; /* no exponent */
	ck_assert_uint_eq(send_spec(s), CHIP_E_DATA);
	s.len = n;
	p[n - 7 - 1] ^= 1; /* an even modulus */
	ck_assert_uint_eq(send_spec(s), CHIP_E_DATA);
	ok("B101", text("010020%s030002E0FC", rig_hex(digest, 32)), before);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(k);
}
END_TEST

/* E200 belongs to nobody on a standard part: its rules are opened as a reset would. */
START_TEST(aes_keys_need_permission_too)
{
	uint8_t p[40];
	const size_t n = add_tlv(p, 0, 0x01, secret, 16);

	ck_assert_uint_eq(send_spec(key_spec(0xE200, 0x81, 0x02, p, n)), CHIP_E_ACCESS);
	meta_write(0xE200, "D00321E0E8");
	ck_assert_uint_eq(send_spec(key_spec(0xE200, 0x82, 0x02, p, n)), CHIP_E_DATA);
	ck_assert_uint_eq(send_spec(key_spec(0xE200, 0x03, 0x02, p, n)), CHIP_E_MANIFEST);
	ck_assert_uint_eq(send_spec(key_spec(0xE200, 0x81, 0x02, p, n)), 0);
	meta_is(0xE200, "2015C00101C1020001D00321E0E8D30100E00181E10102");
	ck_assert_uint_eq(send_spec(key_spec(0xF1D4, 0x81, 0x02, p, n)), CHIP_E_OID);
}
END_TEST

/* --- metadata ------------------------------------------------------------------------------ */

static struct mf_spec
meta_spec(unsigned target, unsigned version, unsigned reset, const char *block)
{
	static uint8_t ring[8][64];
	static unsigned next;
	uint8_t *p = ring[next++ % NITEMS(ring)];
	struct mf_spec s = data_spec(target, version, rig_unhex(block, p, 64));

	s.type = MF_METADATA;
	s.info[0] = reset;
	s.info[1] = 0;
	s.payload = p;
	return s;
}

START_TEST(obj_33_metadata_updates_need_both_tags)
{
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0, "2003D10100")), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D80321E0E8");
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0, "2003D10100")), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D801FF F00101");
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0, "2003D10100")), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D80321E0E9");
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0, "2003D10100")), CHIP_E_ACCESS);
	meta_write(0xF1D6, "D80321E0E8");
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0, "2003D10100")), 0);
	/* F0 without D8. */
	meta_write(0xF1D7, "F00101");
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D7, 1, 0, "2003D10100")), CHIP_E_ACCESS);
}
END_TEST

START_TEST(obj_34_reset_types)
{
	meta_write(0xF1D6, "C00107 D001FF D301FF D80321E0E8 F00111");
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0, "2000")), 0);
	meta_is(0xF1D6, "201EC00101C1020001C4018CC50100D001FFD10100D301FFD80321E0E8F00111");
	refused("8100", "F1D6", CHIP_E_BOUNDARY);
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 2, 0, "200BC00103D003E1FC07F00121")), 0);
	meta_is(0xF1D6, "2020C00103C1020002C4018CC50100D003E1FC07D10100D301FFD80321E0E8F00121");
	ok("8200", "F1D6000855", "");
	ok("8100", "F1D6", "000000000000000055");
	/* 21: random content, which a write in the middle shows. */
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 3, 0, "2000")), 0);
	ok("8200", "F1D6001055", "");
	run("8100", "F1D6");
	ck_assert_uint_eq(rig.rsp_len, 4 + 17);
	ck_assert_int_ne(memcmp(rig.rsp + 4, rig.rsp + 5, 15), 0);
	/* 07: content stays, and the manifest may ask for a reset. */
	meta_write(0xF1D6, "F00107");
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 4, 0, "2000")), 0);
	run("8100", "F1D6");
	ck_assert_uint_eq(rig.rsp_len, 4 + 17);
	refused("8201", "F1D600002003D10100", CHIP_E_ACCESS); /* operational */
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 5, 1, "2003C00101")), 0);
	refused("8100", "F1D6", CHIP_E_BOUNDARY);
	meta_write(0xF1D6, "F00131");
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 6, 0, "2000")), CHIP_E_METADATA);
	meta_write(0xF1D6, "F00112");
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 6, 0, "2000")), CHIP_E_METADATA);
}
END_TEST

START_TEST(a_key_is_reset)
{
	rig_generate(0xE0F1, 0x03, 0x10);
	meta_write(0xE0F1, "C00107 D001FF D80321E0E8 F00111");
	ck_assert_uint_eq(send_spec(meta_spec(0xE0F1, 1, 0, "2005D003E1FC07")), 0);
	meta_is(0xE0F1, "201AC00101C1020001D003E1FC07D30100D80321E0E8E10110F00111");
	refused("B111", "01000A00112233445566778899030002E0F1", CHIP_E_SEQUENCE);
	rig_generate(0xE0F1, 0x03, 0x10);
}
END_TEST

START_TEST(the_security_monitor_returns_to_its_defaults)
{
	/* As on a part whose configuration was prepared before delivery. */
	rig.app.meta[7] = (struct sim_meta){ 0 };
	for (size_t n = 0; n < sim_app_objects(&rig.app); n++) {
		struct sim_object_view v;
		uint8_t meta[44];

		sim_app_object(&rig.app, n, meta, &v);
		if (v.oid == 0xE0C9)
			ck_assert_uint_eq(n, 7);
	}
	rig.app.meta[7].len =
	    (uint8_t)rig_unhex("C00101C40108D003E1FC07D10100D301FFD80321E0E8F00117",
		rig.app.meta[7].tlv, SIM_META_MAX);
	ok("8200", "E0C9000001", "");
	ok("8100", "E0C9", "0100050100000000");
	ck_assert_uint_eq(send_spec(meta_spec(0xE0C9, 1, 0, "2000")), 0);
	ok("8100", "E0C9", "3200050100000000");
}
END_TEST

START_TEST(obj_35_tags_that_an_update_may_not_carry)
{
	static const char *const blocks[] = { "2004C1020001", "2003C4018C", "2003C50101",
		"2003E00103" };

	meta_write(0xF1D6, "D80321E0E8 F00101");
	for (size_t i = 0; i < NITEMS(blocks); i++)
		ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0, blocks[i])), CHIP_E_MANIFEST);
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0, "2003D201FF")), CHIP_E_DATA);
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0, "2103D101FF")), CHIP_E_DATA);
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0, "2004D101FF")), CHIP_E_LENGTH);
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0, "20")), CHIP_E_LENGTH);
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0, "2006D101FFD10100")), CHIP_E_DATA);
	ck_assert_uint_eq(
	    send_spec(meta_spec(0xF1D6, 1, 0, "2013D00BE1FC07FE20E140FD23F1D0D80421E0E8FD")),
	    CHIP_E_DATA);
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 1, 0,
			      "201AD00BE1FC07FE20E140FD23F1D0D10BE1FC07FE20E140FD23F1D0")),
	    CHIP_E_META_TRUNCATED);
	meta_is(0xF1D6, "2019C00101C4018CC50164D003E1FC07D10100D80321E0E8F00101");
}
END_TEST

START_TEST(obj_36_version_in_the_metadata)
{
	meta_write(0xF1D6, "D80321E0E8 F00101");
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 7, 0, "2003D10100")), 0);
	meta_is(0xF1D6, "201DC00101C1020007C4018CC50164D003E1FC07D10100D80321E0E8F00101");
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 7, 0, "2003D10100")), CHIP_E_VERSION);
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 6, 0, "2003D10100")), CHIP_E_VERSION);
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 8, 0, "2003C0010F")), 0);
	refused("8100", "F1D6", CHIP_E_ACCESS);
	ck_assert_uint_eq(send_spec(meta_spec(0xF1D6, 9, 0, "2003C00101")), 0);
	run("8100", "F1D6");
	ck_assert_uint_eq(rig.rsp[0], 0);
}
END_TEST

/* --- hostile manifests --------------------------------------------------------------------- */

/* Every bit of a manifest matters: whatever is changed, nothing is taken. */
START_TEST(no_changed_manifest_is_taken)
{
	struct mf_spec s = data_spec(0xF1D4, 1, 16);
	static struct mf m;
	static struct sim_app before;

	if (_i == 1) {
		s.secret_oid = 0xF1D5;
		s.secret = secret;
		s.secret_len = sizeof(secret);
	}
	mf_make(&s, &m);
	before = rig.app;
	for (size_t i = 0; i < m.manifest_len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			m.manifest[i] ^= (uint8_t)(1u << bit);
			ck_assert_uint_ne(mf_start(&m), 0);
			m.manifest[i] ^= (uint8_t)(1u << bit);
		}
	ck_assert_int_eq(memcmp(before.meta, rig.app.meta, sizeof(before.meta)), 0);
	ck_assert_int_eq(memcmp(before.pool, rig.app.pool, sizeof(before.pool)), 0);
	ck_assert_uint_eq(mf_send(&m), 0);
}
END_TEST

START_TEST(no_cut_or_longer_manifest_is_taken)
{
	struct mf_spec s = data_spec(0xF1D4, 1, 16);
	static struct mf m;
	size_t len;

	mf_make(&s, &m);
	len = m.manifest_len;
	for (m.manifest_len = 0; m.manifest_len < len; m.manifest_len++)
		ck_assert_uint_eq(mf_start(&m), CHIP_E_MANIFEST);
	m.manifest_len = len + 1;
	ck_assert_uint_eq(mf_start(&m), CHIP_E_MANIFEST);
}
END_TEST

/* Longer forms of the same numbers, and indefinite lengths, are no manifest, signed or not. */
START_TEST(cbor_is_strict)
{
	static const char *const bad[] = {
		"9843A10126A10442E0E8", /* array, no count */
		"9804"
		"43A10126A10442E0E8", /* 4 in two bytes */
		"9F"
		"43A10126A10442E0E8", /* indefinite array */
		"84"
		"5803A10126"
		"A10442E0E8", /* 3 in two bytes */
		"84"
		"5F43A10126FF"
		"A10442E0E8", /* indefinite string */
		"84"
		"44A1013806"
		"A10442E0E8", /* -7 in two bytes */
		"84"
		"43A10126"
		"A1180442E0E8", /* key 4 in two bytes */
		"84"
		"43A10126"
		"BF0442E0E8FF", /* indefinite map */
		"D284"
		"43A10126A10442E0E8", /* tagged */
		"84"
		"43A10126"
		"A1044300E0E8", /* OID of three bytes */
		"84"
		"43A10127"
		"A10442E0E8", /* another algorithm */
		"84"
		"63A10126"
		"A10442E0E8", /* text */
		"84"
		"5BFFFFFFFFFFFFFFFFA10126"
		"A10442E0E8", /* longer than anything */
		"84"
		"5AFFFFFFFFA10126"
		"A10442E0E8",
	};
	static const char rest[] =
	    "583B8601F6F68420100182000282822058258218295820BE45CB2605BF36BEBDE684841A28F0FD43C698"
	    "50A3DCE5FEDBA69928EE3A8991F6824042F1D458404203F072E4FF974DE5CB51B78822AA01E5B32A7E29"
	    "CA4DE1F93C9E54470981C7EFB0B98F50F11721DD6F3AC750A727F80E417E4E3AAB232ADE818A53668DC3"
	    "C6";

	for (size_t i = 0; i < NITEMS(bad); i++)
		refused("8301",
		    text("3000%02X%s%s", (unsigned)((strlen(bad[i]) + strlen(rest)) / 2), bad[i],
			rest),
		    CHIP_E_MANIFEST);
}
END_TEST

/* Random bytes, and bytes exchanged within a manifest: no crash, nothing taken. */
START_TEST(noise)
{
	struct mf_spec s = data_spec(0xF1E0, 1, 700);
	static struct mf good, m;

	srand(7);
	s.secret_oid = 0xF1D5;
	s.secret = secret;
	s.secret_len = sizeof(secret);
	mf_make(&s, &good);
	for (unsigned i = 0; i < 20000; i++) {
		m = good;
		for (int k = rand() % 4; k >= 0; k--)
			m.manifest[(size_t)rand() % m.manifest_len] = (uint8_t)rand();
		if (i % 3 == 0)
			m.manifest_len = (size_t)rand() % sizeof(m.manifest);
		if (m.manifest_len == good.manifest_len &&
		    memcmp(m.manifest, good.manifest, m.manifest_len) == 0)
			continue;
		ck_assert_uint_ne(mf_start(&m), 0);
	}
	ck_assert_uint_eq(mf_send(&good), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("simulated application: protected update");
	TCase *tc = tcase_create("data"), *keys = tcase_create("keys"),
	      *meta = tcase_create("metadata"), *hostile = tcase_create("hostile");

	tcase_add_checked_fixture(tc, setup, NULL);
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

	tcase_add_checked_fixture(keys, setup, NULL);
	tcase_add_loop_test(keys, ec_keys, 0, 6);
	tcase_add_loop_test(keys, rsa_keys, 0, 2);
	tcase_add_test(keys, aes_keys_need_permission_too);
	suite_add_tcase(s, keys);

	tcase_add_checked_fixture(meta, setup, NULL);
	tcase_add_test(meta, obj_33_metadata_updates_need_both_tags);
	tcase_add_test(meta, obj_34_reset_types);
	tcase_add_test(meta, a_key_is_reset);
	tcase_add_test(meta, the_security_monitor_returns_to_its_defaults);
	tcase_add_test(meta, obj_35_tags_that_an_update_may_not_carry);
	tcase_add_test(meta, obj_36_version_in_the_metadata);
	suite_add_tcase(s, meta);

	tcase_add_checked_fixture(hostile, setup, NULL);
	tcase_set_timeout(hostile, 120);
	tcase_add_loop_test(hostile, no_changed_manifest_is_taken, 0, 2);
	tcase_add_test(hostile, no_cut_or_longer_manifest_is_taken);
	tcase_add_test(hostile, cbor_is_strict);
	tcase_add_test(hostile, noise);
	suite_add_tcase(s, hostile);
	return s;
}

int
main(void)
{
	return rig_main(suite());
}
