/*
 * VerifySign, CalcSSec and DeriveKey of the simulated application. Items CMD-n and OBJ-n as in the
 * conformance lists; RFC 5869, appendix A; published vectors of the TLS 1.2 PRF.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/crypto.h"
#include "hal/sim/fault.h"
#include "tests/unit/simapp_rig.h"

#define DIGEST        "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"
#define SECRET_OBJECT "D30100E80121"
#define DIGEST_TAIL   "112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"
#define SEED          "0200081122334455667788"

static char pub[2 * 300 + 1], sig[2 * 256 + 1];

/* Generates a key, keeps its public part. */
static void
generate(unsigned oid, unsigned alg, unsigned usage)
{
	size_t n;
	const uint8_t *p;

	rig_generate(oid, (uint8_t)alg, (uint8_t)usage);
	p = rig_out(&n);
	(void)snprintf(pub, sizeof(pub), "%s", rig_hex(p + 3, n - 3));
}

static void
sign(unsigned oid, const char *param, const char *digest)
{
	size_t n;
	const uint8_t *p;

	ok(text("B1%s", param),
	    text("01%04X%s 030002%04X", (unsigned)strlen(digest) / 2, digest, oid), NULL);
	p = rig_out(&n);
	(void)snprintf(sig, sizeof(sig), "%s", rig_hex(p, n));
}

static const char *
tlv(unsigned tag, const char *hex)
{
	return text("%02X%04X%s", tag, (unsigned)strlen(hex) / 2, hex);
}

static const char *
verify_in(unsigned alg, const char *digest, const char *signature)
{
	return text(
	    "%s %s 050001%02X %s", tlv(0x01, digest), tlv(0x02, signature), alg, tlv(0x06, pub));
}

static const unsigned algs[] = { 0x03, 0x04, 0x05, 0x13, 0x15, 0x16, 0x41 };

START_TEST(cmd_43_verify)
{
	const unsigned alg = algs[_i];
	const char *param = alg < 0x40 ? "11" : "01";
	char other[] = DIGEST;

	generate(0xE100, alg, 0x10);
	sign(0xE100, param, DIGEST);
	ok(text("B2%s", param), verify_in(alg, DIGEST, sig), "");
	other[5] ^= 1;
	refused(text("B2%s", param), verify_in(alg, other, sig), CHIP_E_SIGNATURE);
	generate(0xE100, alg, 0x10);
	refused(text("B2%s", param), verify_in(alg, DIGEST, sig), CHIP_E_SIGNATURE);
}
END_TEST

/* The INTEGER of the signature at p without needless zeros, as DER. */
static const char *
minimal(const char **p)
{
	uint8_t v[80];
	unsigned len;

	ck_assert_int_eq(sscanf(*p, "02%2x", &len), 1);
	len = (unsigned)rig_unhex(text("%.*s", (int)len * 2, *p + 4), v, sizeof(v));
	*p += 4 + 2 * len;
	for (unsigned at = 0; at < len; at++)
		if (v[at] != 0)
			return v[at] >= 0x80
				   ? text("02%02X00%s", len - at + 1, rig_hex(v + at, len - at))
				   : text("02%02X%s", len - at, rig_hex(v + at, len - at));
	return NULL;
}

/* Of ten P-521 signatures some have short numbers. */
START_TEST(cmd_43_minimal_and_padded_integers)
{
	const char *p, *r, *s;

	generate(0xE0F1, 0x05, 0x10);
	for (int i = 0; i < 10; i++) {
		sign(0xE0F1, "11", DIGEST);
		ok("B211", verify_in(0x05, DIGEST, sig), "");
		p = sig;
		r = minimal(&p);
		s = minimal(&p);
		ok("B211", verify_in(0x05, DIGEST, text("%s%s", r, s)), "");
	}
}
END_TEST

START_TEST(cmd_43_malformed)
{
	static const char *const bad[] = { "", "30", "0200", "020100", "02010102", "0201010201",
		"020181020101", "02010102010100", "3006020101020101", "0202000102020001FF",
		"0221010000000000000000000000000000000000000000000000000000000000000000020101" };

	generate(0xE0F1, 0x03, 0x10);
	sign(0xE0F1, "11", DIGEST);
	for (unsigned n = 0; n < 2; n++) {
		rig.app.switches = n == 0 ? 0 : SIM_APP_FORM_2C;
		for (size_t i = 0; i < NITEMS(bad); i++)
			refused("B211", verify_in(0x03, DIGEST, bad[i]),
			    n == 0 ? CHIP_E_DATA : CHIP_E_SIGNATURE);
	}
	refused("B211", verify_in(0x03, DIGEST, "020100020100"), CHIP_E_SIGNATURE);
	refused("B211", verify_in(0x04, DIGEST, sig), CHIP_E_DATA);
	refused("B211", verify_in(0x14, DIGEST, sig), CHIP_E_DATA);
	refused("B201", verify_in(0x03, DIGEST, sig), CHIP_E_DATA);
	refused("B211", verify_in(0x03, "", sig), CHIP_E_DATA);
	refused("B211", verify_in(0x03, DIGEST "00", sig), CHIP_E_DATA);
	refused("B211", verify_in(0x03, DIGEST, rig_zeros(521)), CHIP_E_DATA);
	refused("B211", text("%s %s", tlv(1, DIGEST), tlv(2, sig)), CHIP_E_DATA);
	refused("B211", text("%s 040002E0E8", verify_in(0x03, DIGEST, sig)), CHIP_E_DATA);
	refused("B211", text("%s %s 040001E0", tlv(1, DIGEST), tlv(2, sig)), CHIP_E_LENGTH);
	pub[10] ^= 1; /* a point that is on no curve */
	refused("B211", verify_in(0x03, DIGEST, sig), CHIP_E_DATA);
}
END_TEST

#define BY_CERT(oid) text("%s 020006020101020101 040002" oid, tlv(1, DIGEST))

START_TEST(cmd_44_certificates_by_oid)
{
	refused("B211", BY_CERT("E0E0"), CHIP_E_CERT_FORMAT); /* OBJ-39: C0 form */
	refused("B211", BY_CERT("E0E8"), CHIP_E_CERT_FORMAT); /* zeros */
	refused("B211", BY_CERT("E0F1"), CHIP_E_OID);
	refused("B211", BY_CERT("E100"), CHIP_E_OID);
	refused("B211", BY_CERT("FFFF"), CHIP_E_OID);
	refused("B211", BY_CERT("F1D0"), CHIP_E_ACCESS);
	meta_write(0xF1D0, "D30100");
	refused("B211", BY_CERT("F1D0"), CHIP_E_DATA); /* no type of certificate */
	ok("8240", "E0E10000 30820512", "");
	ok("8200", "E0E10516 00", "");
	refused("B211", BY_CERT("E0E1"), CHIP_E_CERT_UNSUPPORTED); /* 1302 bytes */
	ok("8240", "E0E10000 30820510", "");
	ok("8200", "E0E10514 00", "");
	refused("B211", BY_CERT("E0E1"), CHIP_E_CERT_FORMAT);
	meta_write(0xE0E8, "D303E1FC01");
	refused("B211", BY_CERT("E0E8"), CHIP_E_ACCESS);
}
END_TEST

/* The factory's own certificate, bare in another object, verifies what the factory key signs. */
START_TEST(cmd_44_factory_certificate_without_its_frame)
{
	char cert[2 * 1024];
	size_t n;
	const uint8_t *p;
	int good = 0;

	ok("8100", "E0E0", NULL);
	p = rig_out(&n);
	(void)snprintf(cert, sizeof(cert), "%s", rig_hex(p + 9, n - 9));
	ok("8240", text("E0E30000 %s", cert), "");
	sign(0xE0F0, "11", DIGEST);
	ok("B211", text("%s %s 040002E0E3", tlv(1, DIGEST), tlv(2, sig)), "");
	refused(
	    "B201", text("%s %s 040002E0E3", tlv(1, DIGEST), tlv(2, sig)), CHIP_E_CERT_UNSUPPORTED);
	/* One bit wrong anywhere is refused or still the same key, and harms nothing. */
	for (size_t at = 0; at < n - 9; at++) {
		ok("8200", text("E0E3%04X %02X", (unsigned)at, p[9 + at] ^ 1u), "");
		good += succeeds("B211", text("%s %s 040002E0E3", tlv(1, DIGEST), tlv(2, sig)));
		ok("8200", text("E0E3%04X %.2s", (unsigned)at, cert + 2 * at), "");
		ok("8100", "E0E0", NULL);
		p = rig_out(&n);
	}
	ck_assert_int_gt(good, 100);
	ck_assert_int_lt(good, (int)n - 9 - 150);
}
END_TEST

#define AGREE(oid, alg, to) text("010002" oid " 050001%02X %s " to, alg, tlv(6, pub))

START_TEST(cmd_45_wrong_keys)
{
	generate(0xE0F1, 0x03, 0x10);
	refused("B301", AGREE("E0F0", 0x03, "070000"), CHIP_E_UNSUPPORTED_ID);
	refused("B301", AGREE("E0F1", 0x03, "070000"), CHIP_E_UNSUPPORTED_ID);
	refused("B301", AGREE("E0F2", 0x03, "070000"), CHIP_E_SEQUENCE);
	refused("B301", AGREE("E100", 0x03, "070000"), CHIP_E_SEQUENCE);
	refused("B301", AGREE("E200", 0x03, "070000"), CHIP_E_OID);
	refused("B301", AGREE("F1D0", 0x03, "070000"), CHIP_E_OID);
	rig_generate(0xE0F1, 0x04, 0x20);
	refused("B301", AGREE("E0F1", 0x03, "070000"), CHIP_E_DATA);
	rig_generate(0xE0F1, 0x03, 0x20);
	refused("B301", AGREE("E0F1", 0x41, "070000"), CHIP_E_DATA);
	refused("B301", AGREE("E0F1", 0x03, ""), CHIP_E_DATA);
	refused("B301", AGREE("E0F1", 0x03, "070000 080002E100"), CHIP_E_DATA);
	refused("B301", AGREE("E0F1", 0x03, "07000100"), CHIP_E_LENGTH);
	refused("B301", AGREE("E0F1", 0x03, "080002E0F1"), CHIP_E_OID);
	refused("B302", AGREE("E0F1", 0x03, "070000"), CHIP_E_PARAM);
	ok("B301", AGREE("E0F1", 0x03, "070000"), NULL);
	pub[20] ^= 1;
	refused("B301", AGREE("E0F1", 0x03, "070000"), CHIP_E_DATA);
	meta_write(0xE0F1, "D301FF");
	refused("B301", AGREE("E0F1", 0x03, "070000"), CHIP_E_ACCESS);
}
END_TEST

/* Both sides come to the same, in whatever way it leaves or stays. */
START_TEST(cmd_46_both_sides_agree)
{
	const unsigned alg = algs[_i];
	char other[sizeof(pub)], secret[2 * 66 + 1];
	size_t n;
	const uint8_t *p;

	generate(0xE100, alg, 0x20);
	memcpy(other, pub, sizeof(pub));
	generate(0xE0F1, alg, 0x20);
	ok("B301", AGREE("E100", alg, "070000"), NULL);
	p = rig_out(&n);
	ck_assert_uint_eq(n, ec_size((uint8_t)alg));
	(void)snprintf(secret, sizeof(secret), "%s", rig_hex(p, n));
	ok("B301", AGREE("E100", alg, "080002E100"), "");
	ck_assert_uint_eq(rig.app.context.session[0].len, n);
	ck_assert_str_eq(rig_hex(rig.app.context.session[0].data, n), secret);
	memcpy(pub, other, sizeof(pub));
	ok("B301", AGREE("E0F1", alg, "070000"), secret);
}
END_TEST

#define DERIVE(len, to) "010002E100 " SEED " 030002" len " " to

START_TEST(cmd_47_limits)
{
	refused("B401", DERIVE("0010", "070000"), CHIP_E_SEQUENCE);
	ok("8C04", "0020E100410000", "");
	refused("B401", DERIVE("000F", "070000"), CHIP_E_DATA);
	ok("B401", DERIVE("0010", "070000"), NULL);
	ck_assert_uint_eq(rig.rsp_len, 4 + 16);
	ok("B401", DERIVE("0100", "070000"), NULL);
	ck_assert_uint_eq(rig.rsp_len, 4 + 256);
	refused("B401", DERIVE("0101", "070000"), CHIP_E_DATA);
	ok("B401", DERIVE("0042", "080002E101"), "");
	ck_assert_uint_eq(rig.app.context.session[1].len, 66);
	refused("B401", DERIVE("0043", "080002E101"), CHIP_E_DATA);
	refused("B401", DERIVE("0010", ""), CHIP_E_DATA);
	refused("B401", DERIVE("0010", "080002F1D0"), CHIP_E_OID);
	refused("B401", DERIVE("0010", "07000100"), CHIP_E_LENGTH);
	refused("B401", SEED " 0300020010 070000", CHIP_E_DATA);
	refused("B401", "010001E1 " SEED " 0300020010 070000", CHIP_E_LENGTH);
	refused("B401", "010002E0F1 " SEED " 0300020010 070000", CHIP_E_OID);
	refused("B401", "010002E120 " SEED " 0300020010 070000", CHIP_E_OID);
}
END_TEST

START_TEST(cmd_48_seeds_and_salts)
{
	ok("8C04", "0020E100410000", "");
	refused("B401", "010002E100 02000711223344556677 0300020010 070000", CHIP_E_DATA);
	refused("B401", "010002E100 0300020010 070000", CHIP_E_DATA);
	refused("B401", DERIVE("0010", "04000100 070000"), CHIP_E_DATA);
	ok("B401", text("010002E100 020400%s 0300020010 070000", rig_zeros(1024)), NULL);
	refused(
	    "B401", text("010002E100 020401%s 0300020010 070000", rig_zeros(1025)), CHIP_E_DATA);
	ok("B408", "010002E100 0300020010 070000", NULL);
	ok("B408", "010002E100 020000 0300020010 070000", NULL);
	ok("B408", text("010002E100 020400%s 0300020010 070000", rig_zeros(1024)), NULL);
	ok("B408", text("010002E100 0300020010 040100%s 070000", rig_zeros(256)), NULL);
	refused("B408", text("010002E100 0300020010 040101%s 070000", rig_zeros(257)), CHIP_E_DATA);
}
END_TEST

static void
secret(unsigned oid, const char *hex)
{
	ok("8240", text("%04X0000 %s", oid, hex), "");
	meta_write(oid, SECRET_OBJECT);
}

START_TEST(cmd_49_linked_counter)
{
	secret(0xF1D0, "00112233445566778899AABBCCDDEEFF");
	ok("8240", "E1200000 00000000 00000002", "");
	meta_write(0xF1D0, "D30340E120");
	for (unsigned n = 1; n <= 2; n++) {
		ok("B401", "010002F1D0 " SEED " 0300020010 070000", NULL);
		ok("8100", "E120", text("%08X00000002", n));
	}
	refused("B401", "010002F1D0 " SEED " 0300020010 070000", CHIP_E_ACCESS);
	ok("8100", "E120", "0000000200000002");
}
END_TEST

START_TEST(obj_11_secrets_need_condition_and_type)
{
	refused("B401", "010002F1D0 " SEED " 0300020010 070000", CHIP_E_ACCESS);
	meta_write(0xF1D0, "D30100");
	refused("B401", "010002F1D0 " SEED " 0300020010 070000", CHIP_E_DATA);
	meta_write(0xF1D0, "E80121");
	refused("B401", "010002F1D0 " SEED " 0300020010 070000", CHIP_E_DATA); /* 100 bytes */
	ok("8240", text("F1D00000 %s", rig_zeros(64)), "");
	ok("B401", "010002F1D0 " SEED " 0300020010 070000", NULL);
	meta_write(0xF1D0, "E80123");
	refused("B401", "010002F1D0 " SEED " 0300020010 070000", CHIP_E_DATA);
	rig.app.switches = SIM_APP_ANY_TYPE;
	ok("B401", "010002F1D0 " SEED " 0300020010 070000", NULL);
}
END_TEST

/* RFC 5869, A.1 to A.3. */
static const struct {
	const char *ikm, *salt, *info, *okm;
} rfc5869[] = {
	{ "0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B", "000102030405060708090A0B0C",
	    "F0F1F2F3F4F5F6F7F8F9",
	    "3CB25F25FAACD57A90434F64D0362F2A2D2D0A90CF1A5A4C5DB02D56ECC4C5BF34007208D5B88718586"
	    "5" },
	{ NULL,
	    "606162636465666768696A6B6C6D6E6F707172737475767778797A7B7C7D7E7F"
	    "808182838485868788898A8B8C8D8E8F909192939495969798999A9B9C9D9E9F"
	    "A0A1A2A3A4A5A6A7A8A9AAABACADAEAF",
	    "B0B1B2B3B4B5B6B7B8B9BABBBCBDBEBFC0C1C2C3C4C5C6C7C8C9CACBCCCDCECF"
	    "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDFE0E1E2E3E4E5E6E7E8E9EAEBECEDEEEF"
	    "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF",
	    "B11E398DC80327A1C8E7F78C596A49344F012EDA2D4EFAD8A050CC4C19AFA97C"
	    "59045A99CAC7827271CB41C65E590E09DA3275600C2F09B8367793A9ACA3DB71"
	    "CC30C58179EC3E87C14C01D5C1F3434F1D87" },
	{ "0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B", "", "",
	    "8DA4E775A563C18F715F802A063C5A31B8A11F5C5EE1879EC3454E5F3C738D2D9D201395FAA4B61A96C"
	    "8" },
};

static const char *
hkdf_in(const char *salt, const char *info, size_t len)
{
	return text(
	    "010002F1D0 %s 030002%04X %s 070000", tlv(0x02, salt), (unsigned)len, tlv(0x04, info));
}

/* The secret of A.2 has 80 bytes, more than the chip takes. */
START_TEST(cmd_50_rfc_5869)
{
	char ikm[2 * 80 + 1];

	for (size_t i = 0; i < NITEMS(rfc5869); i++) {
		const size_t len = strlen(rfc5869[i].okm) / 2;

		if (rfc5869[i].ikm != NULL) {
			secret(0xF1D0, rfc5869[i].ikm);
			ok("B408", hkdf_in(rfc5869[i].salt, rfc5869[i].info, len), rfc5869[i].okm);
			continue;
		}
		for (unsigned b = 0; b < 80; b++)
			(void)snprintf(ikm + 2 * b, 3, "%02X", b);
		secret(0xF1D0, ikm);
		refused("B408", hkdf_in(rfc5869[i].salt, rfc5869[i].info, len), CHIP_E_DATA);
	}
}
END_TEST

/* Vectors of the PRF with SHA-384 and SHA-512 that were published with those of SHA-256. */
START_TEST(cmd_50_prf_of_the_longer_hashes)
{
	secret(0xF1D0, "B80B733D6CEEFCDC71566EA48E5567DF");
	ok("B402",
	    "010002F1D0 02001A 74657374206C6162656C CD665CF6A8447DD6FF8B27555EDB7465 0300020094 "
	    "070000",
	    "7B0C18E9CED410ED1804F2CFA34A336A1C14DFFB4900BB5FD7942107E81C83CDE9CA0FAA60BE9FE3"
	    "4F82B1233C9146A0E534CB400FED2700884F9DC236F80EDD8BFA961144C9E8D792ECA722A7B32FC3"
	    "D416D473EBC2C5FD4ABFDAD05D9184259B5BF8CD4D90FA0D31E2DEC479E4F1A26066F2EEA9A69236"
	    "A3E52655C9E9AEE691C8F3A26854308D5EAA3BE85E0990703D73E56F");
	secret(0xF1D0, "B0323523C1853599584D88568BBB05EB");
	ok("B403",
	    "010002F1D0 02001A 74657374206C6162656C D4640E12E4BCDBFB437F03E6AE418EE5 03000200C4 "
	    "070000",
	    "1261F588C798C5C201FF036E7A9CB5EDCD7FE3F94C669A122A4638D7D508B283042DF6789875C714"
	    "7E906D868BC75C45E20EB40C1CF4A1713B27371F68432592F7DC8EA8EF223E12EA8507841311BF68"
	    "653D0CFC4056D811F025C45DDFA6E6FEC702F054B409D6F28DD0A3233E498DA41A3E75C5630EEDBE"
	    "22FE254E33A1B0E9F6B9826675BEC7D01A845658DC9C397545401D40B9F46C7A400EE1B8F81CA0A6"
	    "0D1A397A1028BFF5D2EF5066126842FB8DA4197632BDB54FF6633F86BBC836E640D4D898");
}
END_TEST

/* A session's secret may not be used in the clear once the shield is up. */
START_TEST(a_session_secret_needs_a_protected_command)
{
	ok("8C04", "0020E100410000", "");
	rig.prot = (struct sim_protection){ true, false, true };
	run("B401", DERIVE("0010", "070000"));
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	ok("8100", "F1C2", "00");
	refused("B401", DERIVE("0010", "070000"), CHIP_E_ACCESS);
	rig.prot.command = true;
	ok("B401", DERIVE("0010", "070000"), NULL);
}
END_TEST

START_TEST(times)
{
	ok("8200", "E0C400000F", "");
	generate(0xE0F1, 0x03, 0x30);
	ok("B301", AGREE("E0F1", 0x03, "080002E100"), "");
	ck_assert_uint_eq(rig.exec, RIG_MS(60));
	ok("B401", DERIVE("0028", "070000"), NULL);
	ck_assert_uint_eq(rig.exec, RIG_MS(50));
	secret(0xF1D0, "00112233445566778899AABBCCDDEEFF");
	ok("B408", "010002F1D0 0300020028 070000", NULL);
	ck_assert_uint_eq(rig.exec, RIG_MS(130));
	sign(0xE0F1, "11", DIGEST);
	ok("B211", verify_in(0x03, DIGEST, sig), "");
	ck_assert_uint_eq(rig.exec, RIG_MS(85));
	run("B211", verify_in(0x03, "FF" DIGEST_TAIL, sig));
	ck_assert_uint_eq(rig.exec, RIG_MS(85)); /* a wrong one takes as long */
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: verify, agree, derive");
	TCase *tc = tcase_create("agree");

	tcase_add_checked_fixture(tc, rig_setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, cmd_43_verify, 0, (int)NITEMS(algs));
	tcase_add_test(tc, cmd_43_minimal_and_padded_integers);
	tcase_add_test(tc, cmd_43_malformed);
	tcase_add_test(tc, cmd_44_certificates_by_oid);
	tcase_add_test(tc, cmd_44_factory_certificate_without_its_frame);
	tcase_add_test(tc, cmd_45_wrong_keys);
	tcase_add_loop_test(tc, cmd_46_both_sides_agree, 0, 6);
	tcase_add_test(tc, cmd_47_limits);
	tcase_add_test(tc, cmd_48_seeds_and_salts);
	tcase_add_test(tc, cmd_49_linked_counter);
	tcase_add_test(tc, obj_11_secrets_need_condition_and_type);
	tcase_add_test(tc, cmd_50_rfc_5869);
	tcase_add_test(tc, cmd_50_prf_of_the_longer_hashes);
	tcase_add_test(tc, a_session_secret_needs_a_protected_command);
	tcase_add_test(tc, times);
	suite_add_tcase(s, tc);
	return rig_main(s);
}
