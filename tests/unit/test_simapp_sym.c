/*
 * EncryptSym, DecryptSym and GenSymKey of the simulated application: AES modes, MACs in steps.
 * Items CMD-n as in the conformance list; RFC 4231; SP 800-38B.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "hal/base/err.h"
#include "hal/sim/crypto.h"
#include "hal/sim/fault.h"
#include "hal/sim/object.h"
#include "hal/sim/rng.h"
#include "tests/unit/simapp_rig.h"

#define AID "D27600000447656E417574684170706C"

#define B1  "6BC1BEE22E409F96E93D7E117393172A"
#define B2  "AE2D8A571E03AC9C9EB76FAC45AF8E51"
#define B3  "30C81C46A35CE411E5FBC1191A0A52EF"
#define B4  "F69F2445DF4F9B17AD2B417BE66C3710"

static void
aes_key(unsigned alg, const char *hex)
{
	const int i = object_find(0xE200);

	meta_write(0xE200, "D003E1FC07");
	ok(text("B9%02X", alg), "010002E20002000102", "");
	(void)rig_unhex(hex, object_key(&rig.app, (size_t)i)->priv, 32);
}

static void
setup(void)
{
	rig_setup();
	aes_key(ALG_AES128, "2B7E151628AED2A6ABF7158809CF4F3C");
}

static const char *
tlv(unsigned tag, const char *hex)
{
	return text("%02X%04X%s", tag, (unsigned)strlen(hex) / 2, hex);
}

static const char *
result(const char *hex)
{
	return tlv(0x61, hex);
}

/* --- keys ---------------------------------------------------------------------------------- */

START_TEST(cmd_55_factory_chip_refuses)
{
	rig_setup();
	refused("B981", "010002E20002000102", CHIP_E_ACCESS);
	ok("8101", "E200", "2009 C00101 D001FF D30100");
	refused("9408", "E200010010" B1, CHIP_E_SEQUENCE);
}
END_TEST

START_TEST(cmd_55_generate)
{
	static const unsigned size[] = { 16, 24, 32 };
	size_t n;

	for (unsigned a = 0; a < 3; a++) {
		ok(text("B9%02X", 0x81 + a), "070000", NULL);
		(void)rig_out(&n);
		ck_assert_uint_eq(n, 3 + size[a]);
		ok(text("B9%02X", 0x81 + a), "010002E20002000102", "");
		ok("8101", "E200", text("2011 C00101 D003E1FC07 D30100 E001%02X E10102", 0x81 + a));
		ok("9408", "E200010010" B1, NULL);
	}
	refused("B980", "010002E20002000102", CHIP_E_PARAM);
	refused("B981", "010002E20002000100", CHIP_E_DATA);
	refused("B981", "010002E0F102000102", CHIP_E_DATA);
	refused("B981", "010002E10002000102", CHIP_E_OID);
	refused("B981", "010002E200020001020700", CHIP_E_LENGTH);
	refused("B981", "010002E20002000102070000", CHIP_E_DATA);
	ok("B981", "010002E20002000110", "");
	refused("9408", "E200010010" B1, CHIP_E_UNSUPPORTED_ID);
	refused("9508", "E200010010" B1, CHIP_E_UNSUPPORTED_ID);
	meta_write(0xE200, "D301FF");
	refused("9408", "E200010010" B1, CHIP_E_ACCESS);
}
END_TEST

/* In a thread that OpenSSL has no random numbers for yet, which blind points and find primes. */
static void *
generate(void *unused)
{
	rig_generate(0xE0F1, ALG_P384, 0x10);
	rig_generate(0xE0FC, ALG_RSA1024, 0x10);
	return unused;
}

/*
 * The process around a simulated chip may have given its own context to providers that come back
 * to this chip: whatever is fetched from it fails here.
 */
START_TEST(nothing_is_asked_of_the_process)
{
	uint8_t before[48], after[48];
	pthread_t thread;

	rng_seed(&rig.app, 7);
	rng_bytes(&rig.app, before, sizeof(before));
	ck_assert_int_eq(EVP_set_default_properties(NULL, "provider=nobody"), 1);
	rng_seed(&rig.app, 7);
	rng_bytes(&rig.app, after, sizeof(after));
	ok("9408", "E200010010" B1, result("3AD77BB40D7A3660A89ECAF32466EF97"));
	ck_assert_int_eq(pthread_create(&thread, NULL, generate, NULL), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(EVP_set_default_properties(NULL, ""), 1);
	ck_assert_mem_eq(before, after, sizeof(before));
}
END_TEST

/* --- order --------------------------------------------------------------------------------- */

START_TEST(cmd_56_needs_its_start)
{
	for (unsigned p = 0x08; p <= 0x0B; p++) {
		refused(text("94%02X", p), "E200020010" B1, CHIP_E_SEQUENCE);
		refused(text("94%02X", p), "E200030010" B1, CHIP_E_SEQUENCE);
	}
	refused("9420", "F1D0020003616263", CHIP_E_SEQUENCE);
	refused("9508", "E200020010" B1, CHIP_E_SEQUENCE);
	ok("9408", "E200000010" B1, NULL);
	refused("9409", "E200030010" B1, CHIP_E_SEQUENCE); /* another mode */
	refused("9408", "E200030010" B1, CHIP_E_SEQUENCE);
	ok("9408", "E200000010" B1, NULL);
	refused("9508", "E200030010" B1, CHIP_E_SEQUENCE); /* the other direction */
	ok("9408", "E200000010" B1, NULL);
	ok("9408", "E200030010" B1, NULL);
	refused("9408", "E200030010" B1, CHIP_E_SEQUENCE);
}
END_TEST

START_TEST(cmd_56_other_commands_end_it)
{
	static const struct {
		const char *head, *in;
	} between[] = { { "0100", "E0C2" }, { "8100", "FFFF" }, { "8C00", "0010" }, { "FF00", "" },
		{ "F000", AID }, { "B0E2", "01000161" }, { "9408", "E20002000F0102" } };

	for (size_t i = 0; i < NITEMS(between); i++) {
		ok("9409", "E200000010" B1, NULL);
		run(between[i].head, between[i].in);
		refused("9409", "E200030010" B2, CHIP_E_SEQUENCE);
	}
	ok("9409", "E200000010" B1, NULL);
	ok("9409", "E200000010" B1, NULL); /* a new start drops it */
	ok("9409", "FFFF030010" B2, NULL); /* the OID is ignored */
}
END_TEST

/* --- modes --------------------------------------------------------------------------------- */

START_TEST(cmd_57_lengths)
{
	for (unsigned p = 0x08; p <= 0x0A; p++) {
		refused(text("94%02X", p),
		    "E20001000F"
		    "112233445566778899AABBCCDDEEFF",
		    CHIP_E_LENGTH);
		refused(text("94%02X", p), "E200010011" B1 "00", CHIP_E_LENGTH);
		refused(text("94%02X", p),
		    "E20000000F"
		    "112233445566778899AABBCCDDEEFF",
		    CHIP_E_LENGTH);
		refused(text("94%02X", p), "E200010000", CHIP_E_DATA);
	}
	refused("940B", "E200000011" B1 "00", CHIP_E_LENGTH);
	ok("940B", "E200010011" B1 "00", NULL);
	ok("9408", text("E200010270%s", rig_zeros(624)), NULL);
	ck_assert_uint_eq(rig.rsp_len, 4 + 3 + 624);
	refused("9408", text("E200010280%s", rig_zeros(640)), CHIP_E_LENGTH);
	refused("9420", text("F1D001027C%s", rig_zeros(636)), CHIP_E_LENGTH); /* 641 in all */
	refused("9408", "E2", CHIP_E_LENGTH);
	refused("9408", "E200", CHIP_E_DATA);
	refused("9408", "E20001", CHIP_E_LENGTH);
	refused("9408", "E200FF0010" B1, CHIP_E_DATA);
	refused("9408", "E200010010" B1 "030010" B1, CHIP_E_DATA);
	refused("9408", "E100010010" B1, CHIP_E_OID);
	refused("9408", "E0F1010010" B1, CHIP_E_OID);
}
END_TEST

START_TEST(cmd_57_optional_tags)
{
	const char *zero_iv = "7649ABAC8119B246CEE98E9B12E9197D";

	ok("9409", "E200010010" B1, result("3AD77BB40D7A3660A89ECAF32466EF97")); /* IV zero */
	ok("9409", "E200 410010000102030405060708090A0B0C0D0E0F 010010" B1, result(zero_iv));
	refused("9409", "E200010010" B1 "41000F0102030405060708090A0B0C0D0E0F", CHIP_E_LENGTH);
	refused("9408", "E200010010" B1 "410010" B1, CHIP_E_DATA);
	refused("940B", "E200010010" B1 "410010" B1, CHIP_E_DATA);
	refused("9409", "E200010010" B1 "400000", CHIP_E_DATA);
	refused("9409", "E200010010" B1 "4200020010", CHIP_E_DATA);
	refused("9409", "E200010010" B1 "430010" B1, CHIP_E_DATA);
	ok("940A", "E200010010" B1 "4200020010", NULL);
	ok("940B", "E200010010" B1 "4200020010", NULL);
	ok("9409", "E200000010" B1, NULL);
	refused("9409", "E200030010" B1 "410010" B1, CHIP_E_DATA);
	rig.app.switches = SIM_APP_CBC_NEEDS_IV;
	refused("9409", "E200010010" B1, CHIP_E_DATA);
	ok("9409", "E200010010" B1 "410010" B1, NULL);
	ok("9408", "E200010010" B1, NULL);
}
END_TEST

/* SP 800-38B, D.1 to D.3: lengths 16, 40, 64; and D.1 in steps. */
static const struct {
	unsigned alg;
	const char *key, *mac16, *mac40, *mac64;
} cmacs[] = {
	{ ALG_AES128, "2B7E151628AED2A6ABF7158809CF4F3C", "070A16B46B4D4144F79BDD9DD04A287C",
	    "DFA66747DE9AE63030CA32611497C827", "51F0BEBF7E3B9D92FC49741779363CFE" },
	{ ALG_AES192, "8E73B0F7DA0E6452C810F32B809079E562F8EAD2522C6B7B",
	    "9E99A7BF31E710900662F65E617C5184", "8A1DE5BE2EB31AAD089A82E6EE908B0E",
	    "A1D5DF0EED790F794D77589659F39A11" },
	{ ALG_AES256, "603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4",
	    "28A7023F452E8F82BD4BF28D8C37C35C", "AAF3D8F1DE5640C232F5B169B9C911E6",
	    "E1992190549F6ED5696A2C056C315410" },
};

START_TEST(cmd_57_cmac_of_any_length)
{
	aes_key(cmacs[_i].alg, cmacs[_i].key);
	ok("940B", "E200010010" B1, result(cmacs[_i].mac16));
	ok("940B", "E200010028" B1 B2 "30C81C46A35CE411", result(cmacs[_i].mac40));
	ok("940B", "E200010040" B1 B2 B3 B4, result(cmacs[_i].mac64));
	ok("940B", "E200000010" B1, NULL);
	ok("940B", "E200020010" B2, "");
	ok("940B",
	    "E200030008"
	    "30C81C46A35CE411",
	    result(cmacs[_i].mac40));
	ok("940B", "E200000020" B1 B2, NULL);
	ok("940B", "E200030020" B3 B4, result(cmacs[_i].mac64));
}
END_TEST

START_TEST(cmd_58_macs_answer_at_the_end)
{
	ok("940A", "E200000010" B1, result("3AD77BB40D7A3660A89ECAF32466EF97"));
	ok("940A", "E200030010" B2, result("B148C17F309EE692287AE57CF12ADD49"));
	ok("940B", "E200000010" B1, result("3AD77BB40D7A3660A89ECAF32466EF97"));
	rig.app.switches = SIM_APP_MAC_SILENT;
	ok("940A", "E200000010" B1, "");
	ok("940A", "E200020010" B2, "");
	ok("940A", "E200030010" B3, NULL);
	ck_assert_uint_eq(rig.rsp_len, 4 + 3 + 16);
	ok("940B", "E200000010" B1, "");
}
END_TEST

START_TEST(cmd_59_macs_are_not_decrypted)
{
	refused("950A", "E200010010" B1, CHIP_E_PARAM);
	refused("950B", "E200010010" B1, CHIP_E_PARAM);
	refused("9523", "E200010010" B1, CHIP_E_PARAM);
	refused("9423", "E200010010" B1, CHIP_E_PARAM);
}
END_TEST

/* What one command encrypts another decrypts, in whatever steps, as OpenSSL does. */
START_TEST(steps_and_directions_agree)
{
	static const char *const keys[] = { "2B7E151628AED2A6ABF7158809CF4F3C",
		"8E73B0F7DA0E6452C810F32B809079E562F8EAD2522C6B7B",
		"603DEB1015CA71BE2B73AEF0857D77811F352C073B6108D72D9810A30914DFF4" };
	static const char *const names[] = { "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" };
	uint8_t key[32], in[64], out[80];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, names[_i], NULL);
	char hex[129];
	int n;

	aes_key(ALG_AES128 + (unsigned)_i, keys[_i]);
	(void)rig_unhex(keys[_i], key, sizeof(key));
	(void)rig_unhex(B1 B2 B3 B4, in, sizeof(in));
	ck_assert_int_eq(EVP_EncryptInit_ex2(ctx, cipher, key, in + 48, NULL), 1);
	ck_assert_int_eq(EVP_EncryptUpdate(ctx, out, &n, in, 64), 1);
	(void)snprintf(hex, sizeof(hex), "%s", rig_hex(out, 64));
	ok("9409", "E200010040" B1 B2 B3 B4 "410010" B4, result(hex));
	ok("9509", text("E200010040%s410010" B4, hex), result(B1 B2 B3 B4));
	ok("9509", text("E200000010%.32s410010" B4, hex), result(B1));
	ok("9509", text("E200020020%.64s", hex + 32), result(B2 B3));
	ok("9509", text("E200030010%.32s", hex + 96), result(B4));
	ok("9408", "E200010020" B1 B2, NULL);
	(void)snprintf(hex, sizeof(hex), "%s", rig_hex(rig.rsp + 7, 32));
	ok("9508", text("E200000010%.32s", hex), result(B1));
	ok("9508", text("E200030010%.32s", hex + 32), result(B2));
	EVP_CIPHER_free(cipher);
	EVP_CIPHER_CTX_free(ctx);
}
END_TEST

START_TEST(ciphers_need_the_shield_once_it_is_up)
{
	rig.prot = (struct sim_protection){ true, false, true };
	refused("9408", "E200010010" B1, CHIP_E_ACCESS);
	ok("9508", "E200010010" B1, NULL);
	rig.prot = (struct sim_protection){ true, true, false };
	ok("9408", "E200010010" B1, NULL);
	refused("9508", "E200010010" B1, CHIP_E_ACCESS);
}
END_TEST

START_TEST(times)
{
	ok("8200", "E0C400000F", "");
	ok("9408", "E200010010" B1, NULL);
	ck_assert_uint_eq(rig.exec, RIG_MS(28));
	ok("9508", "E200010010" B1, NULL);
	ck_assert_uint_eq(rig.exec, RIG_MS(35));
	ok("8C04", "0020E100410000", "");
	ok("9420", "E100010003616263", NULL);
	ck_assert_uint_eq(rig.exec, RIG_MS(90));
}
END_TEST

/* --- HMAC ---------------------------------------------------------------------------------- */

/* RFC 4231, cases 1 to 4, 6 and 7. */
static const struct {
	const char *key, *data, *mac[3];
} rfc4231[] = {
	{ "0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B0B", "4869205468657265",
	    { "B0344C61D8DB38535CA8AFCEAF0BF12B881DC200C9833DA726E9376C2E32CFF7",
		"AFD03944D84895626B0825F4AB46907F15F9DADBE4101EC682AA034C7CEBC59CFAEA9EA9076EDE7F4A"
		"F152E8B2FA9CB6",
		"87AA7CDEA5EF619D4FF0B4241A1D6CB02379F4E2CE4EC2787AD0B30545E17CDEDAA833B7D6B8A70203"
		"8B274EAEA3F4E4BE9D914EEB61F1702E696C203A126854" } },
	{ "4A656665", "7768617420646F2079612077616E7420666F72206E6F7468696E673F",
	    { "5BDCC146BF60754E6A042426089575C75A003F089D2739839DEC58B964EC3843",
		"AF45D2E376484031617F78D2B58A6B1B9C7EF464F5A01B47E42EC3736322445E8E2240CA5E69E2C78B"
		"3239ECFAB21649",
		"164B7A7BFCF819E2E395FBE73B56E0A387BD64222E831FD610270CD7EA2505549758BF75C05A994A6D"
		"034F65F8F0E6FDCAEAB1A34D4A6B4B636E070A38BCE737" } },
	{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    "DDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDDD"
	    "DDDDDDDDDDDDDD",
	    { "773EA91E36800E46854DB8EBD09181A72959098B3EF8C122D9635514CED565FE",
		"88062608D3E6AD8A0AA2ACE014C8A86F0AA635D947AC9FEBE83EF4E55966144B2A5AB39DC13814B94E"
		"3AB6E101A34F27",
		"FA73B0089D56A284EFB0F0756C890BE9B1B5DBDD8EE81A3655F83E33B2279D39BF3E848279A722C806"
		"B485A47E67C807B946A337BEE8942674278859E13292FB" } },
	{ "0102030405060708090A0B0C0D0E0F10111213141516171819",
	    "CDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCD"
	    "CDCDCDCDCDCDCD",
	    { "82558A389A443C0EA4CC819899F2083A85F0FAA3E578F8077A2E3FF46729665B",
		"3E8A69B7783C25851933AB6290AF6CA77A9981480850009CC5577C6E1F573B4E6801DD23C4A7D679CC"
		"F8A386C674CFFB",
		"B0BA465637458C6990E5A8C5F61D4AF7E576D97FF94B872DE76F8050361EE3DBA91CA5C11AA25EB4D6"
		"79275CC5788063A5F19741120C4F2DE2ADEBEB10A298DD" } },
	{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    "54657374205573696E67204C6172676572205468616E20426C6F636B2D53697A65204B6579202D20486173"
	    "68204B6579204669727374",
	    { "60E431591EE0B67F0D8A26AACBF5B77F8E0BC6213728C5140546040F0EE37F54",
		"4ECE084485813E9088D2C63A041BC5B44F9EF1012A2B588F3CD11F05033AC4C60C2EF6AB4030FE8296"
		"248DF163F44952",
		"80B24263C7C1A3EBB71493C1DD7BE8B49B46D1F41B4AEEC1121B013783F8F3526B56D037E05F2598BD"
		"0FD2215D6A1E5295E64F73F63F0AEC8B915A985D786598" } },
	{ "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
	    "5468697320697320612074657374207573696E672061206C6172676572207468616E20626C6F636B2D7369"
	    "7A65206B657920616E642061206C6172676572207468616E20626C6F636B2D73697A6520646174612E2054"
	    "6865206B6579206E6565647320746F20626520686173686564206265666F7265206265696E672075736564"
	    "2062792074686520484D414320616C676F726974686D2E",
	    { "9B09FFA71B942FCB27635FBCD5B0E944BFDC63644F0713938A7F51535C3A35E2",
		"6617178E941F020D351E2F254E8FD32C602420FEB0B8FB9ADCCEBB82461E99C5A678CC31E799176D38"
		"60E6110C46523E",
		"E37B6A775DC87DBAA4DFA9F96E5E3FFDDEBD71F8867289865DF5A32D20CDC944B6022CAC3C4982B10D"
		"5EEB55C3E4DE15134676FB6DE0446065C97440FA8C6A58" } },
};

static void
secret(unsigned oid, const char *hex, unsigned type)
{
	ok("8240", text("%04X0000 %s", oid, hex), "");
	meta_write(oid, text("D30100E801%02X", type));
}

START_TEST(rfc_4231)
{
	const char *data = rfc4231[_i].data;
	const unsigned len = (unsigned)strlen(data) / 2, cut = len / 3;

	secret(0xF1D0, rfc4231[_i].key, 0x21);
	for (unsigned h = 0; h < 3; h++) {
		ok(text("94%02X", 0x20 + h), text("F1D0 %s", tlv(0x01, data)),
		    result(rfc4231[_i].mac[h]));
		ok(text("94%02X", 0x20 + h), text("F1D0 00%04X%.*s", cut, (int)(2 * cut), data),
		    "");
		ok(text("94%02X", 0x20 + h),
		    text("F1D0 02%04X%.*s", cut, (int)(2 * cut), data + 2 * cut), "");
		ok(text("94%02X", 0x20 + h), text("F1D0 %s", tlv(0x03, data + 4 * cut)),
		    result(rfc4231[_i].mac[h]));
	}
}
END_TEST

START_TEST(hmac_of_a_session)
{
	ok("8C04", "0014E100410000", "");
	memset(rig.app.context.session[0].data, 0x0B, 20);
	ok("9420", "E100 0100084869205468657265", result(rfc4231[0].mac[0]));
	refused("9420", "E101 0100084869205468657265", CHIP_E_SEQUENCE);
	ok("8C00", "0014E100410000", NULL); /* an authorization code is no secret */
	refused("9420", "E100 0100084869205468657265", CHIP_E_SEQUENCE);
}
END_TEST

START_TEST(hmac_needs_condition_and_type)
{
	refused("9420", "F1D0 010003616263", CHIP_E_ACCESS);
	meta_write(0xF1D0, "D30100");
	refused("9420", "F1D0 010003616263", CHIP_E_DATA);
	meta_write(0xF1D0, "E80131");
	refused("9420", "F1D0 010003616263", CHIP_E_DATA);
	meta_write(0xF1D0, "E80121");
	ok("9420", "F1D0 010003616263", NULL);
	refused("9420", "F1D0 010000", CHIP_E_DATA);
	refused("9420", "E200 010003616263", CHIP_E_OID);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: symmetric");
	TCase *tc = tcase_create("cipher");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, cmd_55_factory_chip_refuses);
	tcase_add_test(tc, cmd_55_generate);
	tcase_add_test(tc, nothing_is_asked_of_the_process);
	tcase_add_test(tc, cmd_56_needs_its_start);
	tcase_add_test(tc, cmd_56_other_commands_end_it);
	tcase_add_test(tc, cmd_57_lengths);
	tcase_add_test(tc, cmd_57_optional_tags);
	tcase_add_loop_test(tc, cmd_57_cmac_of_any_length, 0, (int)NITEMS(cmacs));
	tcase_add_test(tc, cmd_58_macs_answer_at_the_end);
	tcase_add_test(tc, cmd_59_macs_are_not_decrypted);
	tcase_add_loop_test(tc, steps_and_directions_agree, 0, 3);
	tcase_add_test(tc, ciphers_need_the_shield_once_it_is_up);
	tcase_add_test(tc, times);
	tcase_add_loop_test(tc, rfc_4231, 0, (int)NITEMS(rfc4231));
	tcase_add_test(tc, hmac_of_a_session);
	tcase_add_test(tc, hmac_needs_condition_and_type);
	suite_add_tcase(s, tc);
	return rig_main(s);
}
