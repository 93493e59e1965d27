/*
 * Application layer of the simulated chip: form of commands and responses, order of checks, last
 * error, opening and closing, random numbers, time. Items CMD-n as in the conformance list.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "tests/unit/simapp_rig.h"

#define AID "D27600000447656E417574684170706C"

/* One good command of each kind this chip has, in an open application. */
static const struct {
	const char *head, *in;
	const char *params; /* every Param of the command */
} commands[] = {
	{ "0100", "E0C2", "0001" },
	{ "0200", "F1D0000000", "00014002" },
	{ "0301", "300001FF", "01" },
	{ "0C00", "0010", "000104" },
	{ "3111", "01000A00112233445566778899030002E0F0", "11010203" },
	{ "3803", "010002E0F102000110",
	    "030405131516"
	    "4142" },
	{ "1408", "E200010010 00112233445566778899AABBCCDDEEFF", "08090A0B202122" },
	{ "1508", "E200010010 00112233445566778899AABBCCDDEEFF", "0809202122" },
	{ "1E11", "61000161 050001 41 060001 03", "11" },
	{ "1F11", "61000161 030002E0FC", "11" },
	{ "30E2", "01000361626307", "E2" },
	{ "3211", "010001AA 0200083006020101020101 040002E0E8", "11010203" },
	{ "3301", "010002E0F1 05000103 06000103 070000", "01" },
	{ "3401", "010002F1D0 0200080011223344556677 0300020010 070000", "010203 08090A" },
	{ "3981", "010002E20002000102", "818283" },
	{ "7100", "", "0001" },
	{ "7000", AID, "0001" },
};

/* Codes that this chip does not have. */
static const uint8_t unknown[] = { 0x00, 0x04, 0x10, 0x18, 0x1A, 0x55, 0x7F };

START_TEST(cmd_1_closed_application_takes_only_open)
{
	rig_factory(1, false);
	if (strcmp(commands[_i].head, "7000") == 0) {
		ok(commands[_i].head, commands[_i].in, "");
		return;
	}
	run(commands[_i].head, commands[_i].in);
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	ck_assert_uint_eq(rig.rsp_len, 4);
	run("0100", "F1C2");
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	ok("7000", AID, "");
	ok("0100", "F1C2", "0C");
}
END_TEST

START_TEST(cmd_1_closed_comes_before_any_other_check)
{
	static const char *const bad[] = { "55000000", "01", "", "0177000000", "010000FF" };

	rig_factory(1, false);
	rig_send_hex(bad[_i]);
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	ok("7000", AID, "");
	ok("0100", "F1C2", "0C");
}
END_TEST

START_TEST(cmd_2_refusal_is_four_bytes)
{
	refused("8100", "F1FF", CHIP_E_OID);
	run("8100", "F1FF");
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	ck_assert_uint_eq(rig.rsp_len, 4);
	ck_assert_uint_eq(rig.rsp[2] | rig.rsp[3], 0);
}
END_TEST

START_TEST(cmd_3_unknown_command)
{
	refused(text("%02X00", unknown[_i]), "", CHIP_E_COMMAND);
	refused(text("%02X00", unknown[_i] | 0x80u), "E0C2", CHIP_E_COMMAND);
	refused(text("%02XFF", unknown[_i]), "E0C2", CHIP_E_COMMAND);
}
END_TEST

START_TEST(cmd_3_undefined_param)
{
	uint8_t defined[16];
	const size_t n = rig_unhex(commands[_i].params, defined, sizeof(defined));

	for (unsigned p = 0; p < 256; p++) {
		if (memchr(defined, (int)p, n) != NULL)
			continue;
		refused(text("%.2s%02X", commands[_i].head, p), commands[_i].in, CHIP_E_PARAM);
	}
}
END_TEST

START_TEST(cmd_4_length)
{
	static const char *const bad[] = { "81", "8100", "810000", "81000003E0C2", "81000001E0C2",
		"8100FFFFE0C2", "81000000E0C2", "F100000100", "F10000", "55000001" };

	rig_send_hex(bad[_i]);
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	ok("0100", "F1C2", "04");
}
END_TEST

START_TEST(cmd_4_longest)
{
	uint8_t cmd[SIM_APDU_MAX + 1] = { 0x82, 0x40, 0x06, 0x11, 0xE0, 0xE1, 0x00, 0x00 };

	rig_send(cmd, SIM_APDU_MAX);
	ck_assert_uint_eq(rig.rsp[0], 0x00);
	cmd[3]++;
	rig_send(cmd, SIM_APDU_MAX + 1);
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	ok("0100", "F1C2", "04");
}
END_TEST

START_TEST(cmd_5_highest_code_is_kept_and_reading_clears)
{
	run("0100", "F1D003E80001"); /* beyond used size */
	run("0100", "F1FF");
	ok("0100", "F1C2", "08");
	ok("0100", "F1C2", "00");
	run("0100", "F1FF");
	run("0100", "F1D003E80001");
	run("0155", "F1D0");
	ok("0100", "F1C200000001", "08");
	ok("0100", "F1C200000001", "00");
}
END_TEST

START_TEST(cmd_6_flush_bit_clears_first)
{
	run("0100", "F1D003E80001");
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	run("8100", "F1FF");
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	ok("0100", "F1C2", "01");
	run("0100", "F1D003E80001");
	run("D500", "");
	ok("0100", "F1C2", "0A");
	run("0100", "F1D003E80001");
	ok("8100", "E0C6", "0615");
	ok("0100", "F1C2", "00");
}
END_TEST

/* Key agreement with a key that only signs: leaves 24, higher than what most commands leave. */
#define LEAVE_24()                                                                                 \
	run("3301",                                                                                \
	    "010002E0F0 05000103 060044 0342000460FED4BA255A9D31C961EB74C6356D68C049B8923B"        \
	    "61FA6CE669622E60F29FB67903FE1008B8BC99A41AE9E95628BC64F2F1B20C2D7E9F5177A3C2"         \
	    "94D4462299 070000")

START_TEST(cmd_6_with_every_command)
{
	uint8_t head[2];

	(void)rig_unhex(commands[_i].head, head, sizeof(head));
	for (unsigned bad = 0; bad < 2; bad++) {
		LEAVE_24();
		run(text("%02X%02X", head[0] & 0x7Fu, head[1]), bad ? "FF" : commands[_i].in);
		if (head[0] == 0x71) /* closed: the next one opens */
			ok("7000", AID, "");
		ok("0100", "F1C2", NULL);
		ck_assert_uint_ge(rig.rsp[4], 0x24);
		LEAVE_24();
		run(text("%02X%02X", head[0] | 0x80u, head[1]), bad ? "FF" : commands[_i].in);
		if (head[0] == 0x71)
			ok("7000", AID, "");
		ok("0100", "F1C2", NULL);
		ck_assert_uint_ne(rig.rsp[4], 0x24);
	}
}
END_TEST

START_TEST(cmd_7_reading_with_the_flush_bit_gives_zero)
{
	run("0100", "F1FF");
	ok("8100", "F1C2", "00");
	ok("0100", "F1C2", "00");
}
END_TEST

START_TEST(cmd_8_success_does_not_clear)
{
	run("0100", "F1FF");
	ok("0100", "E0C6", "0615");
	ok("0C00", "0008", NULL);
	ok("0100", "F1C2", "01");
}
END_TEST

START_TEST(last_error_is_not_writable_and_lost_at_reset)
{
	refused("8200", "F1C2000000", CHIP_E_ACCESS);
	run("0100", "F1FF");
	sim_app_reset(&rig.app, rig.now, false);
	ok("7000", AID, "");
	ok("0100", "F1C2", "00");
}
END_TEST

START_TEST(cmd_10_open)
{
	ok("F000", AID, "");
	ok("7000", AID, "");
	refused("F000", "D27600000447656E417574684170706D", CHIP_E_DATA);
	refused("F000", "D27600000447656E41757468417070", CHIP_E_LENGTH);
	refused("F000", AID "00", CHIP_E_LENGTH);
	refused("F000", "", CHIP_E_LENGTH);
	refused("F001", AID, CHIP_E_LENGTH);
	refused("F001", AID "1122334455667788", CHIP_E_DATA); /* nothing was saved */
	ok("8100", "E0C6", "0615");
}
END_TEST

START_TEST(cmd_10_open_starts_the_application_afresh)
{
	ok("8100", "F1C1", "20");
	ok("8200", "F1C10000DF", "");
	ok("8200", "E0C10000DF", "");
	ok("F000", AID, "");
	ok("8100", "F1C1", "20");
	ok("8100", "E0C1", "00"); /* of the chip, not of the application */
}
END_TEST

START_TEST(cmd_11_close)
{
	exchange("F1000000", "00000000");
	run("8100", "E0C2");
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	run("F100", "");
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	ok("7000", AID, "");
	ok("0100", "F1C2", "0C");
	ok("0100", "E0C6", "0615");
}
END_TEST

START_TEST(reset_closes_the_application)
{
	sim_app_reset(&rig.app, rig.now, _i == 1);
	run("8100", "E0C2");
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	ok("F000", AID, "");
	ok("8100", "E0C6", "0615");
}
END_TEST

START_TEST(cmd_32_random)
{
	for (unsigned p = 0; p < 2; p++) {
		const char *head = text("8C%02X", p);

		refused(head, "0007", CHIP_E_DATA);
		refused(head, "0101", CHIP_E_DATA);
		refused(head, "0000", CHIP_E_DATA);
		refused(head, "00", CHIP_E_LENGTH);
		ok(head, "0008", NULL);
		ck_assert_uint_eq(rig.rsp_len, 4 + 8);
		ok(head, "0100", NULL);
		ck_assert_uint_eq(rig.rsp_len, 4 + 256);
	}
}
END_TEST

START_TEST(random_bytes_differ_and_repeat_with_the_seed)
{
	uint8_t a[64], b[64];

	ok("8C00", "0040", NULL);
	memcpy(a, rig.rsp + 4, 64);
	ok("8C00", "0040", NULL);
	memcpy(b, rig.rsp + 4, 64);
	ck_assert_mem_ne(a, b, 64);
	rig_setup();
	ok("8C00", "0040", NULL);
	ck_assert_mem_eq(a, rig.rsp + 4, 64);
	rig_factory(2, false);
	ok("F000", AID, "");
	ok("8C00", "0040", NULL);
	ck_assert_mem_ne(a, rig.rsp + 4, 64);
}
END_TEST

/* Examples of sections 2 and 5 whose answer does not depend on the chip's secrets. */
static const char *const examples[][2] = {
	{ "F0000010D27600000447656E417574684170706C", "00000000" },
	{ "01000002F1C2", "0000000100" },
	{ "01000006F1C200000001", "0000000100" },
	{ "01000006E0C200020005", "00000005339301001C" },
	{ "81010002E0F0", "00000011200FC00101D001FFD30100E00103E10101" },
	{ "0200000CF1D000090102030405060708", "00000000" },
	{ "82400009E0E1000A313233340A", "00000000" },
	{ "8201000CE0E100002006D001FFD10100", "00000000" },
	{ "8240000CE1200000000000000000000A", "00000000" },
	{ "82020005E120000003", "00000000" },
	{ "81000002E120", "00000008000000030000000A" },
	{ "F1000000", "00000000" },
};

START_TEST(examples_of_the_reference)
{
	for (size_t i = 0; i < NITEMS(examples); i++)
		exchange(examples[i][0], examples[i][1]);
}
END_TEST

START_TEST(a_refused_write_leaves_its_code)
{
	refused("8200", "E0E0000001", CHIP_E_ACCESS);
	exchange("82000005E0E0000001", "FF000000");
	exchange("01000002F1C2", "0000000107");
}
END_TEST

static uint64_t
took(const char *head, const char *in)
{
	ok(head, in, NULL);
	return rig.exec;
}

/* The frozen table of section 6.1, at 15 mA. */
static const struct {
	const char *head, *in;
	double ms;
} times[] = {
	{ "8C00", "0020", 6 },
	{ "8100", "F1E000000001", 9 },
	{ "8100", "F1E000000064", 9 },
	{ "8100", "F1E0000000B2", 19.5 },
	{ "8100", "F1E000000100", 30 },
	{ "8100", "F1E0000005DC", 30 },
	{ "8101", "F1E0", 10 },
	{ "8201", "F1E00000 2003D10100", 30 },
	{ "8202", "E120000001", 20 },
	{ "B803", "010002E0F102000110", 55 },
	{ "B804", "010002E0F202000110", 137.5 },
	{ "B111", "01000A00112233445566778899 030002E0F1", 65 },
	{ "B111", "01000A00112233445566778899 030002E0F2", 162.5 },
	{ "F000", AID, 20 },
	{ "F100", "", 10 },
};

static void
walk_times(double factor)
{
	for (size_t i = 0; i < NITEMS(times); i++) {
		const double ms = (double)took(times[i].head, times[i].in) / 1e6;

		ck_assert_double_eq_tol(ms, times[i].ms * factor, 0.001);
	}
}

START_TEST(time_follows_table_current_and_speed)
{
	ok("8200", "E120000000000000000000FF", "");
	switch (_i) {
	case 0: walk_times(2.5); break; /* 6 mA as delivered */
	case 1:
		ok("8200", "E0C400000F", "");
		walk_times(1);
		break;
	case 2:
		ok("8200", "E0C4000009", "");
		walk_times(15.0 / 9);
		break;
	default:
		ck_assert_int_eq(sim_app_factory(&rig.app, "trust-m-v3", 1, 0.5, false), 0);
		ok("F000", AID, "");
		ok("8200", "E120000000000000000000FF", "");
		walk_times(1.25);
	}
}
END_TEST

START_TEST(time_of_writes)
{
	uint8_t cmd[4 + 4 + 256] = { 0x82, 0x00, 0, 0, 0xF1, 0xE0, 0, 0 };

	ok("8200", "E0C400000F", "");
	for (unsigned n = 1; n <= 256; n++) {
		const double ms = n <= 100 ? 15 : 15 + (n - 100) * 40.0 / 156;

		cmd[2] = (uint8_t)((n + 4) >> 8);
		cmd[3] = (uint8_t)(n + 4);
		rig_send(cmd, n + 8);
		ck_assert_uint_eq(rig.rsp[0], 0);
		ck_assert_double_eq_tol((double)rig.exec / 1e6, ms, 0.001);
	}
}
END_TEST

START_TEST(unknown_model_or_speed)
{
	ck_assert_int_eq(sim_app_factory(&rig.app, "trust-m-v9", 1, 1.0, true), HAL_EINVAL);
	ck_assert_int_eq(sim_app_factory(&rig.app, "", 1, 1.0, true), HAL_EINVAL);
}
END_TEST

START_TEST(absurd_speed_stays_a_time)
{
	ck_assert_int_eq(sim_app_factory(&rig.app, "trust-m-v3", 1, 1e300, false), 0);
	ok("F000", AID, "");
	ck_assert_uint_lt(rig.exec, UINT64_MAX / 4);
}
END_TEST

/* Mostly almost-right commands: a good one with bytes changed, cut or appended. */
START_TEST(random_commands_do_no_harm)
{
	static struct sim_app fresh;
	uint8_t cmd[SIM_APDU_MAX + 32] = { 0 };
	size_t n;

	srand((unsigned)_i + 1);
	fresh = rig.app;
	for (int k = 0; k < 1500; k++) {
		const size_t c = (size_t)rand() % NITEMS(commands);

		if (k % 50 == 0)
			rig.app = fresh;
		n = 4 + rig_unhex(commands[c].in, cmd + 4, 64);
		(void)rig_unhex(commands[c].head, cmd, 2);
		if (cmd[0] == 0x38)
			cmd[1] = 0x03;
		while (rand() % 3 == 0)
			cmd[4 + (size_t)rand() % (n - 3)] = (uint8_t)rand();
		if (rand() % 8 == 0)
			cmd[1] = (uint8_t)(rand() & 0x13);
		if (rand() % 8 == 0)
			n += (size_t)rand() % 30;
		if (rand() % 8 == 0)
			n -= (size_t)rand() % n;
		cmd[2] = (uint8_t)((n - 4) >> 8);
		cmd[3] = (uint8_t)(n - 4);
		if (rand() % 16 == 0)
			for (size_t i = 0; i < n; i++)
				cmd[i] = (uint8_t)rand();
		if (n >= 2 && (cmd[0] & 0x7F) == 0x38 && (cmd[1] & 0x40) != 0)
			cmd[1] = 0x03; /* RSA keys take long */
		rig.prot.active = rand() & 1;
		rig.prot.command = rand() & 1;
		rig.prot.response = rand() & 1;
		rig_send(cmd, n);
	}
}
END_TEST

/* Only code and Param right, the rest noise of any length. */
START_TEST(noise_does_no_harm)
{
	uint8_t cmd[SIM_APDU_MAX + 32];

	srand((unsigned)_i + 100);
	for (int k = 0; k < 1500; k++) {
		const size_t n = (size_t)rand() % (k % 10 == 0 ? sizeof(cmd) : 40);

		for (size_t i = 0; i < n; i++)
			cmd[i] = (uint8_t)rand();
		if (n >= 4) {
			(void)rig_unhex(
			    commands[(size_t)rand() % (NITEMS(commands) - 2)].head, cmd, 2);
			cmd[2] = (uint8_t)((n - 4) >> 8);
			cmd[3] = (uint8_t)(n - 4);
		}
		if (n >= 6 && rand() % 2 == 0) {
			cmd[4] = rand() & 1 ? 0xE0 : 0xF1;
			cmd[5] = (uint8_t)(0xC0 + rand() % 0x40);
		}
		rig_send(cmd, n);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: general");
	TCase *tc = tcase_create("closed"), *open = tcase_create("open");

	tcase_add_loop_test(tc, cmd_1_closed_application_takes_only_open, 0, (int)NITEMS(commands));
	tcase_add_loop_test(tc, cmd_1_closed_comes_before_any_other_check, 0, 5);
	tcase_add_test(tc, unknown_model_or_speed);
	suite_add_tcase(s, tc);

	tcase_add_checked_fixture(open, rig_setup, NULL);
	tcase_set_timeout(open, 120);
	tcase_add_test(open, cmd_2_refusal_is_four_bytes);
	tcase_add_loop_test(open, cmd_3_unknown_command, 0, (int)NITEMS(unknown));
	tcase_add_loop_test(open, cmd_3_undefined_param, 0, (int)NITEMS(commands));
	tcase_add_loop_test(open, cmd_4_length, 0, 10);
	tcase_add_test(open, cmd_4_longest);
	tcase_add_test(open, cmd_5_highest_code_is_kept_and_reading_clears);
	tcase_add_test(open, cmd_6_flush_bit_clears_first);
	tcase_add_loop_test(open, cmd_6_with_every_command, 0, (int)NITEMS(commands));
	tcase_add_test(open, cmd_7_reading_with_the_flush_bit_gives_zero);
	tcase_add_test(open, cmd_8_success_does_not_clear);
	tcase_add_test(open, last_error_is_not_writable_and_lost_at_reset);
	tcase_add_test(open, cmd_10_open);
	tcase_add_test(open, cmd_10_open_starts_the_application_afresh);
	tcase_add_test(open, cmd_11_close);
	tcase_add_loop_test(open, reset_closes_the_application, 0, 2);
	tcase_add_test(open, cmd_32_random);
	tcase_add_test(open, random_bytes_differ_and_repeat_with_the_seed);
	tcase_add_test(open, examples_of_the_reference);
	tcase_add_test(open, a_refused_write_leaves_its_code);
	tcase_add_loop_test(open, time_follows_table_current_and_speed, 0, 4);
	tcase_add_test(open, time_of_writes);
	tcase_add_test(open, absurd_speed_stays_a_time);
	tcase_add_loop_test(open, random_commands_do_no_harm, 0, 4);
	tcase_add_loop_test(open, noise_does_no_harm, 0, 4);
	suite_add_tcase(s, open);
	return rig_main(s);
}
