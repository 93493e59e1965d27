/*
 * Authorization of a host at the simulated application: HMAC verification and the Auto states that
 * come of it. Items CMD-n and OBJ-n as in the conformance lists.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "hal/base/err.h"
#include "hal/sim/crypto.h"
#include "hal/sim/sha.h"
#include "tests/unit/simapp_rig.h"

#define AID "D27600000447656E417574684170706C"

static const char *
tlv(unsigned tag, const char *hex)
{
	return text("%02X%04X%s", tag, (unsigned)strlen(hex) / 2, hex);
}

static void
secret(unsigned oid, const char *hex, unsigned type)
{
	ok("8240", text("%04X0000 %s", oid, hex), "");
	meta_write(oid, text("D30100E801%02X", type));
}

#define KEY  "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"
#define HEAD "E1E2E3" /* optional data */

static void
setup(void)
{
	rig_setup();
	secret(0xF1D0, KEY, 0x31);
	meta_write(0xF1D2, "D10323F1D0");
}

static bool
authorized(void)
{
	return succeeds("8100", "F1D2");
}

/* What a host computes over code and text; the code comes from GetRandom. */
static const char *
proof(unsigned hash, const char *code, const char *tail)
{
	static const size_t sizes[] = { 32, 48, 64 };
	uint8_t key[32], msg[256], mac[SHA_MAX];
	const size_t n = rig_unhex(text("%s%s", code, tail), msg, sizeof(msg));
	size_t len;

	(void)rig_unhex(KEY, key, sizeof(key));
	ck_assert_ptr_nonnull(EVP_Q_mac(NULL, "HMAC", NULL,
	    hash == 0   ? "SHA256"
	    : hash == 1 ? "SHA384"
			: "SHA512",
	    NULL, key, sizeof(key), msg, n, mac, sizeof(mac), &len));
	ck_assert_uint_eq(len, sizes[hash]);
	return rig_hex(mac, len);
}

static const char *
code(unsigned session)
{
	ok("8C00", text("0010E10%u410003" HEAD, session), NULL);
	return text(HEAD "%s", rig_hex(rig.rsp + 4, 16));
}

static const char *
attempt(unsigned session, const char *c, const char *tail, const char *mac)
{
	return text("F1D0 %s %s", tlv(0x01, text("E10%u%s%s", session, c, tail)), tlv(0x43, mac));
}

START_TEST(cmd_60_success_authorizes_once)
{
	for (unsigned h = 0; h < 3; h++) {
		const char *c = code(h), *in = attempt(h, c, "F0F1", proof(h, c, "F0F1"));

		ok(text("95%02X", 0x20 + h), in, "");
		ck_assert(authorized());
		refused(text("95%02X", 0x20 + h), in, CHIP_E_SEQUENCE);
		ck_assert(!authorized());
	}
}
END_TEST

START_TEST(cmd_60_nothing_but_the_code)
{
	const char *c = code(0);

	ok("9520", attempt(0, c, "", proof(0, c, "")), "");
	ck_assert(authorized());
	ck_assert(authorized()); /* and it stays */
}
END_TEST

START_TEST(cmd_61_wrong_mac_ends_it)
{
	const char *c = code(0);
	char mac[65];

	ok("9520", attempt(0, c, "AA", proof(0, c, "AA")), "");
	ck_assert(authorized());
	c = code(0);
	(void)snprintf(mac, sizeof(mac), "%s", proof(0, c, "AA"));
	mac[63] = mac[63] == '0' ? '1' : '0';
	refused("9520", attempt(0, c, "AA", mac), CHIP_E_AUTHORIZATION);
	ck_assert(!authorized());
	refused("9520", attempt(0, c, "AA", proof(0, c, "AA")), CHIP_E_SEQUENCE);
	c = code(0);
	refused(
	    "9520", attempt(0, c, "AA", text("%.62s", proof(0, c, "AA"))), CHIP_E_AUTHORIZATION);
}
END_TEST

START_TEST(cmd_61_wrong_code)
{
	const char *c = code(0), *other = code(1);

	refused("9520", attempt(0, other, "", proof(0, other, "")), CHIP_E_AUTHORIZATION);
	ok("9520", attempt(1, other, "", proof(0, other, "")), "");
	c = code(0);
	refused("9520", attempt(0, text("%.36s", c), "", proof(0, text("%.36s", c), "")),
	    CHIP_E_AUTHORIZATION);
	refused("9520", attempt(3, c, "", proof(0, c, "")), CHIP_E_SEQUENCE);
	ok("8C04", "0010E100410000", ""); /* a secret is no code */
	refused("9520", attempt(0, c, "", proof(0, c, "")), CHIP_E_SEQUENCE);
}
END_TEST

START_TEST(cmd_62_only_a_reference)
{
	const char *c = code(0), *mac = proof(0, c, "");

	secret(0xF1D1, KEY, 0x21);
	refused(
	    "9520", text("F1D1 %s %s", tlv(0x01, text("E100%s", c)), tlv(0x43, mac)), CHIP_E_DATA);
	refused("9520", text("F1D0 %s", tlv(0x01, text("E100%s", c))), CHIP_E_DATA);
	c = code(0);
	refused(
	    "9520", text("F1D0 %s %s", tlv(0x00, text("E100%s", c)), tlv(0x43, mac)), CHIP_E_DATA);
	refused(
	    "9520", text("F1D0 %s %s", tlv(0x01, text("F1D0%s", c)), tlv(0x43, mac)), CHIP_E_OID);
	refused(
	    "9520", text("E100 %s %s", tlv(0x01, text("E100%s", c)), tlv(0x43, mac)), CHIP_E_OID);
	refused(
	    "9520", text("E200 %s %s", tlv(0x01, text("E100%s", c)), tlv(0x43, mac)), CHIP_E_OID);
	meta_write(0xF1D0, "D301FF");
	c = code(0);
	refused("9520", attempt(0, c, "", proof(0, c, "")), CHIP_E_ACCESS);
}
END_TEST

static void
authorize(void)
{
	const char *c = code(0);

	ok("9520", attempt(0, c, "", proof(0, c, "")), "");
	ck_assert(authorized());
}

/* Every way to lose it. */
START_TEST(obj_28_until_it_ends)
{
	ck_assert(!authorized());
	authorize();
	run("9520", "F1D0010002E100");
	ck_assert(!authorized());
	authorize();
	run("9520", "F1D0010000430000");
	ck_assert(!authorized());
	authorize();
	ok("F000", AID, "");
	ck_assert(!authorized());
	authorize();
	ok("F100", "", "");
	ok("F000", AID, "");
	ck_assert(!authorized());
	authorize();
	sim_app_reset(&rig.app, rig.now, false);
	ok("F000", AID, "");
	ck_assert(!authorized());
}
END_TEST

/* Each reference stands for itself; there are four places. */
START_TEST(obj_28_four_references)
{
	for (unsigned oid = 0xF1D4; oid <= 0xF1D8; oid++) {
		const char *c = code(0), *in;

		secret(oid, KEY, 0x31);
		in = text(
		    "%04X %s %s", oid, tlv(0x01, text("E100%s", c)), tlv(0x43, proof(0, c, "")));
		if (oid < 0xF1D8)
			ok("9520", in, "");
		else
			refused("9520", in, CHIP_E_INTERNAL);
		ck_assert(!authorized());
		meta_write(oid, text("D10323%04X", oid));
		ck_assert(succeeds("8100", text("%04X", oid)) == (oid < 0xF1D8));
	}
	run("9520", "F1D5010002E100");
	ck_assert(!succeeds("8100", "F1D5"));
	ck_assert(succeeds("8100", "F1D4"));
	authorize();
}
END_TEST

/* Auto together with protection, as the preconfigured models have it: PA. */
START_TEST(obj_27_28_conf_and_auto)
{
	meta_write(0xF1D3, "D00720E140FD23F1D0");
	refused("8200", "F1D3000000", CHIP_E_ACCESS);
	authorize();
	refused("8200", "F1D3000000", CHIP_E_ACCESS);
	rig.prot = (struct sim_protection){ true, true, false };
	ok("8200", "F1D3000000", "");
	rig.prot.command = false;
	refused("8200", "F1D3000000", CHIP_E_ACCESS);
}
END_TEST

/* Executing needs a protected command, whatever the response. */
START_TEST(obj_27_execute)
{
	rig_generate(0xE0F1, ALG_P256, 0x10);
	meta_write(0xE0F1, "D30320E140");
	for (unsigned p = 0; p < 8; p++) {
		rig.prot = (struct sim_protection){ p & 4, p & 2, p & 1 };
		ck_assert(
		    succeeds("B111", "01000A00112233445566778899030002E0F1") == ((p & 6) == 6));
	}
}
END_TEST

/*
 * A preconfigured part: who has the two secrets of its portal file, and a shielded connection,
 * may change it.
 */
START_TEST(obj_27_28_express)
{
	struct sim_portal portal;
	uint8_t mac[SHA_MAX];
	struct sim_hmac h;
	uint8_t msg[19];

	rig_model("trust-m-express");
	ck_assert(sim_app_portal(&rig.app, &portal));
	ok("F000", AID, "");
	refused("8200", "E0E1000000", CHIP_E_ACCESS);
	rig.prot = (struct sim_protection){ true, true, true };
	refused("8200", "E0E1000000", CHIP_E_ACCESS);
	(void)rig_unhex(code(0), msg, sizeof(msg));
	hmac_start(&h, 32, portal.authorization, sizeof(portal.authorization));
	sha_add(&h.inner, msg, sizeof(msg));
	hmac_end(&h, mac);
	rig.prot.command = false;
	refused("9520", attempt(0, rig_hex(msg, 19), "", rig_hex(mac, 32)), CHIP_E_ACCESS);
	rig.prot.command = true;
	(void)rig_unhex(code(0), msg, sizeof(msg));
	hmac_start(&h, 32, portal.authorization, sizeof(portal.authorization));
	sha_add(&h.inner, msg, sizeof(msg));
	hmac_end(&h, mac);
	ok("9520", attempt(0, rig_hex(msg, 19), "", rig_hex(mac, 32)), "");
	ok("8200", "E0E1000000", "");
	rig.prot.command = false;
	refused("8200", "E0E1000000", CHIP_E_ACCESS);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: authorization");
	TCase *tc = tcase_create("authorization");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, cmd_60_success_authorizes_once);
	tcase_add_test(tc, cmd_60_nothing_but_the_code);
	tcase_add_test(tc, cmd_61_wrong_mac_ends_it);
	tcase_add_test(tc, cmd_61_wrong_code);
	tcase_add_test(tc, cmd_62_only_a_reference);
	tcase_add_test(tc, obj_28_until_it_ends);
	tcase_add_test(tc, obj_28_four_references);
	tcase_add_test(tc, obj_27_28_conf_and_auto);
	tcase_add_test(tc, obj_27_execute);
	tcase_add_test(tc, obj_27_28_express);
	suite_add_tcase(s, tc);
	return rig_main(s);
}
