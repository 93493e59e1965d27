/*
 * Sessions of the simulated application: hibernation, randoms and secrets in sessions, and which of
 * the models has what. Items CMD-n and OBJ-n as in the conformance lists.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/fault.h"
#include "hal/sim/object.h"
#include "tests/unit/simapp_rig.h"

#define AID           "D27600000447656E417574684170706C"
#define SECRET_OBJECT "D30100E80121"
#define SIXTEEN       "00112233445566778899AABBCCDDEEFF"
#define SIGN_IN(oid)                                                                               \
	"010020 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF 030002" oid
#define SIGN SIGN_IN("E0F1")

/* Derives 16 bytes from the secret in a session and exports them. */
static bool
derives(unsigned session)
{
	return succeeds(
	    "B401", text("010002E10%u 0200081122334455667788 0300020010 070000", session));
}

/* The text of the last OutData. */
static const char *
out(void)
{
	size_t n;
	const uint8_t *p = rig_out(&n);

	return rig_hex(p, n);
}

static void
reset(void)
{
	sim_app_reset(&rig.app, rig.now, true);
}

/* A secret in session 0, and what it derives. */
static const char *
prepare_secret(void)
{
	ok("8C04", "0020E100410000", "");
	ck_assert(derives(0));
	return out();
}

static const char *
hibernate(void)
{
	ok("F101", "", NULL);
	ck_assert_uint_eq(rig.rsp_len, 12);
	return text("%s", out());
}

START_TEST(cmd_12_no_hibernation_while_events_count)
{
	rig_factory(1, true);
	ok("F000", AID, "");
	rig_generate(0xE0F1, 0x03, 0x10);
	ok("B111", SIGN, NULL);
	refused("F101", "", CHIP_E_SEQUENCE);
	ok("8100", "E0C5", "01");
	rig_wait(RIG_S(6));
	ok("8100", "E0C5", "00");
	ok("F101", "", NULL);
	run("8100", "E0C5");
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
}
END_TEST

START_TEST(cmd_13_restored_once_with_sessions)
{
	const char *derived = text("%s", prepare_secret()), *handle;

	ok("8200", "F1C1000000", ""); /* boot phase left */
	handle = hibernate();
	reset();
	ok("7001", text(AID "%s", handle), "");
	ok("8100", "F1C1", "00");
	ck_assert(derives(0));
	ck_assert_str_eq(out(), derived);
	refused("7001", text(AID "%s", handle), CHIP_E_DATA);
	ck_assert(derives(0)); /* what fails leaves the application as it is */
	ok("7000", AID, "");
	ok("8100", "F1C1", "20");
	refused("B401", "010002E100 0200081122334455667788 0300020010 070000", CHIP_E_SEQUENCE);
}
END_TEST

START_TEST(cmd_13_two_handles_differ)
{
	char first[17];
	const char *second;

	(void)snprintf(first, sizeof(first), "%s", hibernate());
	ok("7001", text(AID "%s", first), "");
	second = hibernate();
	ck_assert_str_ne(first, second);
	run("7001", text(AID "%s", first));
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
}
END_TEST

START_TEST(cmd_14_wrong_handle_destroys_what_was_saved)
{
	const char *handle;

	(void)prepare_secret();
	handle = hibernate();
	run("7001", AID "0011223344556677");
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	run("7001", text(AID "%s", handle));
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	ok("7000", AID, "");
	ck_assert(!derives(0));
}
END_TEST

START_TEST(cmd_15_plain_open_destroys_what_was_saved)
{
	const char *handle = hibernate();

	ok("7000", AID, "");
	refused("7001", text(AID "%s", handle), CHIP_E_DATA);
	refused("7001", AID, CHIP_E_LENGTH);
	refused("7000", AID "0011223344556677", CHIP_E_LENGTH);
}
END_TEST

/* Restored is also what verification granted, and the layer that protected it. */
START_TEST(cmd_13_authorization_and_protection_come_back)
{
	const char *handle;

	rig.app.context.authorized[1] = 0xF1D0;
	meta_write(0xF1D2, "D10323F1D0");
	ok("8100", "F1D2", NULL);
	rig.prot = (struct sim_protection){ true, true, true };
	handle = hibernate();
	reset();
	ck_assert(!rig.app.shield_restored);
	ok("7001", text(AID "%s", handle), "");
	ck_assert(rig.app.shield_restored);
	ok("8100", "F1D2", NULL);
	reset();
	ck_assert(!rig.app.shield_restored);
	ok("7000", AID, "");
	refused("8100", "F1D2", CHIP_E_ACCESS);
}
END_TEST

/* Every way for a session to end. */
START_TEST(cmd_10_sessions_end)
{
	(void)prepare_secret();
	ok("7000", AID, "");
	ck_assert(!derives(0));
	(void)prepare_secret();
	ok("7100", "", "");
	ok("7000", AID, "");
	ck_assert(!derives(0));
	(void)prepare_secret();
	reset();
	ok("7000", AID, "");
	ck_assert(!derives(0));
}
END_TEST

START_TEST(cmd_32_length_of_randoms)
{
	for (unsigned p = 0; p <= 1; p++) {
		refused(text("8C%02X", p), "0007", CHIP_E_DATA);
		refused(text("8C%02X", p), "0101", CHIP_E_DATA);
		ok(text("8C%02X", p), "0008", NULL);
		ck_assert_uint_eq(rig.rsp_len, 12);
		ok(text("8C%02X", p), "0100", NULL);
		ck_assert_uint_eq(rig.rsp_len, 260);
	}
	refused("8C00", "00", CHIP_E_LENGTH);
	refused("8C00", "0010E1", CHIP_E_LENGTH);
	refused("8C00", "0010E100", CHIP_E_DATA);
	refused("8C00", "0010E10041", CHIP_E_LENGTH);
	refused("8C00", "0010E100420000", CHIP_E_DATA);
	refused("8C00", "0010E0F1410000", CHIP_E_OID);
	refused("8C00", "0010E104410000", CHIP_E_OID);
}
END_TEST

START_TEST(cmd_33_premaster_secret)
{
	refused("8C04", "0020", CHIP_E_DATA);
	ok("8C04", "002EE1034100020303", "");
	ck_assert_uint_eq(rig.app.context.session[3].len, 48);
	ck_assert_int_eq(memcmp(rig.app.context.session[3].data, "\x03\x03", 2), 0);
	ck_assert(derives(3));
	ok("8C04", "0042E100410000", "");
	refused("8C04", "0042E10041000100", CHIP_E_DATA);
	refused("8C04", "0043E100410000", CHIP_E_DATA);
}
END_TEST

START_TEST(cmd_34_authorization_code_is_given_and_kept)
{
	for (unsigned p = 0; p <= 1; p++) {
		ok(text("8C%02X", p), "0010E102410003A1A2A3", NULL);
		ck_assert_uint_eq(rig.app.context.session[2].len, 19);
		ck_assert_str_eq(
		    text("A1A2A3%s", out()), rig_hex(rig.app.context.session[2].data, 19));
	}
	ck_assert(!derives(2)); /* it is no secret */
}
END_TEST

/* What is stored replaces what was there, of whatever kind. */
START_TEST(a_session_holds_one_thing)
{
	rig_generate(0xE101, 0x03, 0x10);
	ok("B111", "01000A00112233445566778899 030002E101", NULL);
	ck_assert(!derives(1));
	ok("8C04", "0020E101410000", "");
	ck_assert(derives(1));
	refused("B111", "01000A00112233445566778899 030002E101", CHIP_E_SEQUENCE);
}
END_TEST

START_TEST(keys_in_sessions)
{
	static const uint8_t algs[] = { 0x03, 0x04, 0x05, 0x13, 0x15, 0x16, 0x41 };

	for (size_t i = 0; i < NITEMS(algs); i++) {
		rig_generate(0xE100, algs[i], 0x12);
		ok(algs[i] < 0x40 ? "B111" : "B101", SIGN_IN("E100"), NULL);
	}
	rig_generate(0xE100, 0x03, 0x20);
	refused("B111", SIGN_IN("E100"), CHIP_E_UNSUPPORTED_ID);
	refused("B111", SIGN_IN("E103"), CHIP_E_SEQUENCE);
	refused("B803", "010002E100 02000100", CHIP_E_DATA);
	rig.app.switches = SIM_APP_NO_SESSION_RSA;
	refused("B841", "010002E100 02000110", CHIP_E_BUFFER);
	ok("B803", "010002E100 02000110", NULL);
}
END_TEST

/* Neither key in a session nor secret in one is an event. */
START_TEST(cmd_64_sessions_do_not_count)
{
	rig_factory(1, true);
	ok("F000", AID, "");
	rig_generate(0xE100, 0x03, 0x10);
	ok("B111", SIGN_IN("E100"), NULL);
	(void)prepare_secret();
	ok("9420", "E100 010003616263", NULL);
	ok("8100", "E0C5", "00");
}
END_TEST

/* A secret in an object is one, in each command that uses it. */
START_TEST(cmd_64_persistent_secrets_count)
{
	rig_factory(1, true);
	ok("F000", AID, "");
	ok("8240", "F1D00000 00112233445566778899AABBCCDDEEFF", "");
	meta_write(0xF1D0, SECRET_OBJECT);
	ok("B401", "010002F1D0 0200081122334455667788 0300020010 070000", NULL);
	ok("8100", "E0C5", "01");
	ok("9420", "F1D0 010003616263", NULL);
	ok("8100", "E0C5", "02");
	ok("9420", "F1D0 000003616263", NULL);
	ok("9420", "F1D0 030003616263", NULL);
	ok("8100", "E0C5", "03"); /* once a sequence */
	rig.app.switches = SIM_APP_HMAC_UNCOUNTED;
	ok("9420", "F1D0 010003616263", NULL);
	ok("8100", "E0C5", "03");
	meta_write(0xE200, "D003E1FC07");
	ok("B981", "010002E20002000102", "");
	ok("9408", "E200 010010 00112233445566778899AABBCCDDEEFF", NULL);
	ok("8100", "E0C5", "04");
}
END_TEST

START_TEST(monitor_that_runs_free)
{
	rig_factory(1, true);
	ok("F000", AID, "");
	rig_generate(0xE0F1, 0x03, 0x10);
	rig_wait(RIG_S(3) - rig.now);
	ok("B111", SIGN, NULL);
	rig_wait(RIG_S(6) - rig.now);
	ok("8100", "E0C5", "01"); /* 3 s since the event */
	rig_factory(1, true);
	rig.app.switches = SIM_APP_FREE_RUNNING;
	ok("F000", AID, "");
	rig_generate(0xE0F1, 0x03, 0x10);
	rig_wait(RIG_S(3) - rig.now);
	ok("B111", SIGN, NULL);
	rig_wait(RIG_S(6) - rig.now);
	ok("8100", "E0C5", "00"); /* 5 s went by since power-on */
}
END_TEST

START_TEST(switches_of_reading_and_opening)
{
	refused("8100", "E0E2", CHIP_E_BUFFER);
	rig.app.switches = SIM_APP_LONG_READ_CUT;
	ok("8100", "E0E2", NULL);
	ck_assert_uint_eq(rig.rsp_len, SIM_APDU_MAX);
	object_set_used(&rig.app, (size_t)object_find(0xF1D0), 0);
	refused("8100", "F1D0", CHIP_E_BOUNDARY);
	rig.app.switches = SIM_APP_EMPTY_READ;
	ok("8100", "F1D0", "");
	refused("8100", "F1D000010001", CHIP_E_BOUNDARY);
	run("8100", "FFFF");
	ok("7000", AID, "");
	ok("0100", "F1C2", "01");
	rig.app.switches = SIM_APP_OPEN_CLEARS;
	run("8100", "FFFF");
	ok("7000", AID, "");
	ok("0100", "F1C2", "00");
}
END_TEST

static const struct {
	const char *model;
	unsigned code;
	bool known;
} known[] = {
	{ "trust-m-v1", 0x14, false },
	{ "trust-m-v1", 0x15, false },
	{ "trust-m-v1", 0x39, false },
	{ "trust-m-v1", 0x1E, true },
	{ "trust-m-v1", 0x1F, true },
	{ "trust-m-v1", 0x30, true },
	{ "trust-m-v1", 0x71, true },
	{ "trust-x", 0x03, false },
	{ "trust-x", 0x14, false },
	{ "trust-x", 0x15, false },
	{ "trust-x", 0x1E, false },
	{ "trust-x", 0x1F, false },
	{ "trust-x", 0x39, false },
	{ "trust-x", 0x71, false },
	{ "trust-x", 0x30, true },
	{ "trust-x", 0x32, true },
	{ "trust-x", 0x33, true },
	{ "trust-x", 0x34, true },
};

static void
model(const char *name)
{
	memset(&rig, 0, sizeof(rig));
	ck_assert_int_eq(sim_app_factory(&rig.app, name, 1, 1.0, false), 0);
	sim_app_reset(&rig.app, 0, true);
	ok("F000", AID, "");
}

START_TEST(cmd_9_commands_of_the_models)
{
	model(known[_i].model);
	refused(
	    text("%02XFF", known[_i].code), "", known[_i].known ? CHIP_E_PARAM : CHIP_E_COMMAND);
}
END_TEST

/* Sessions of 48 bytes, randoms that only become secrets, derivation with SHA-256. */
START_TEST(cmd_33_34_47_what_v1_and_x_lack)
{
	model("trust-m-v1");
	refused("8C00", "0010E100410000", CHIP_E_LENGTH);
	ok("8C04", "0030E100410000", "");
	refused("8C04", "0031E100410000", CHIP_E_DATA);
	refused("8C04", "0030E10041000100", CHIP_E_DATA);
	ok("B401", "010002E100 0200081122334455667788 0300020030 080002E101", "");
	refused("B401", "010002E100 0200081122334455667788 0300020031 080002E101", CHIP_E_DATA);
	for (unsigned p = 0x02; p <= 0x0A; p += p == 0x03 ? 5 : 1)
		refused(text("B4%02X", p), "010002E100 0200081122334455667788 0300020030 070000",
		    CHIP_E_PARAM);
	ok("F101", "", NULL);
	model("trust-x");
	refused("8C04", "0030E100410000", CHIP_E_PARAM);
	refused("7001", AID "0011223344556677", CHIP_E_PARAM);
}
END_TEST

/* Good commands for a chip that has keys and secrets everywhere. */
static const char *const good[] = {
	"9408 E200010010 00112233445566778899AABBCCDDEEFF",
	"9409 E200000010 00112233445566778899AABBCCDDEEFF 410010 00112233445566778899AABBCCDDEEFF",
	"9409 E200020010 00112233445566778899AABBCCDDEEFF",
	"940B E200000010 00112233445566778899AABBCCDDEEFF",
	"940B E200030003 001122",
	"9420 F1D0000003 616263",
	"9420 F1D0030003 616263",
	"9421 E100010003 616263",
	"9509 E200010010 00112233445566778899AABBCCDDEEFF",
	"9520 F1D10100050000E1020102 430020 " SIXTEEN SIXTEEN,
	"9520 F1D101000AE102 "
	"0102030405060708 430020 " SIXTEEN SIXTEEN,
	"B0E2 000003616263 070000",
	"B0E2 020003616263",
	"B0E2 050003616263",
	"B0E2 130006F1D000000010",
	"B111 010020" SIXTEEN SIXTEEN "030002E0F1",
	"B111 010020" SIXTEEN SIXTEEN "030002E101",
	"B211 010020" SIXTEEN SIXTEEN "0200080202112202021122 040002E0E3",
	"B211 010001AA 0200080202112202021122 05000103 "
	"0600440342000460FED4BA255A9D31C961EB74C6356D68C0"
	"49B8923B61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D446"
	"2299",
	"B301 010002E0F1 05000103 "
	"0600440342000460FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60"
	"F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C294D4462299 080002E100",
	"B401 010002E100 0200081122334455667788 0300020010 080002E103",
	"B409 010002F1D0 0200081122334455667788 0300020042 04000101 070000",
	"B803 010002E101 02000130",
	"B982 010002E200 02000102",
	"8C00 0010E102410002AABB",
	"8C04 0010E100410002AABB",
	"7101",
	"7001 " AID "0011223344556677",
	"7000 " AID,
	"8201 F1D0000020 03D30100",
};

static void
furnish(void)
{
	ok("8100", "E0E0", NULL);
	ok("8240", text("E0E30000 %s", rig_hex(rig.rsp + 4 + 9, rig.rsp_len - 4 - 9)), "");
	rig_generate(0xE0F1, 0x03, 0x31);
	ok("8240", "F1D00000" SIXTEEN, "");
	meta_write(0xF1D0, SECRET_OBJECT);
	ok("8240", "F1D10000" SIXTEEN, "");
	meta_write(0xF1D1, "D30100E80131");
	meta_write(0xE200, "D003E1FC07");
	ok("B981", "010002E20002000102", "");
	rig_generate(0xE101, 0x03, 0x30);
	ok("8C04", "0020E100410000", "");
}

START_TEST(random_commands_do_no_harm)
{
	static struct sim_app fresh;
	uint8_t cmd[SIM_APDU_MAX] = { 0 };
	size_t n;

	furnish();
	fresh = rig.app;
	srand((unsigned)_i + 1);
	for (int k = 0; k < 1500; k++) {
		if (k % 60 == 0)
			rig.app = fresh;
		n = rig_unhex(good[(size_t)rand() % NITEMS(good)], cmd + 2, sizeof(cmd) - 64);
		cmd[0] = cmd[2];
		cmd[1] = cmd[3];
		n += 2;
		while (rand() % 3 == 0 && n > 4)
			cmd[4 + (size_t)rand() % (n - 4)] = (uint8_t)rand();
		if (rand() % 12 == 0)
			n += (size_t)rand() % 30;
		if (rand() % 12 == 0)
			n -= (size_t)rand() % (n - 3);
		cmd[2] = (uint8_t)((n - 4) >> 8);
		cmd[3] = (uint8_t)(n - 4);
		rig.prot = (struct sim_protection){ rand() & 1, rand() & 1, rand() & 1 };
		rig.app.switches = (uint32_t)rand() & 0x3FF;
		rig_send(cmd, n);
		ck_assert(sim_app_sane(&rig.app));
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: sessions");
	TCase *tc = tcase_create("sessions");

	tcase_add_checked_fixture(tc, rig_setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, cmd_9_commands_of_the_models, 0, (int)NITEMS(known));
	tcase_add_test(tc, cmd_10_sessions_end);
	tcase_add_test(tc, cmd_12_no_hibernation_while_events_count);
	tcase_add_test(tc, cmd_13_restored_once_with_sessions);
	tcase_add_test(tc, cmd_13_two_handles_differ);
	tcase_add_test(tc, cmd_13_authorization_and_protection_come_back);
	tcase_add_test(tc, cmd_14_wrong_handle_destroys_what_was_saved);
	tcase_add_test(tc, cmd_15_plain_open_destroys_what_was_saved);
	tcase_add_test(tc, cmd_32_length_of_randoms);
	tcase_add_test(tc, cmd_33_premaster_secret);
	tcase_add_test(tc, cmd_33_34_47_what_v1_and_x_lack);
	tcase_add_test(tc, cmd_34_authorization_code_is_given_and_kept);
	tcase_add_test(tc, cmd_64_sessions_do_not_count);
	tcase_add_test(tc, cmd_64_persistent_secrets_count);
	tcase_add_test(tc, a_session_holds_one_thing);
	tcase_add_test(tc, keys_in_sessions);
	tcase_add_test(tc, monitor_that_runs_free);
	tcase_add_test(tc, switches_of_reading_and_opening);
	tcase_add_loop_test(tc, random_commands_do_no_harm, 0, 4);
	suite_add_tcase(s, tc);
	return rig_main(s);
}
