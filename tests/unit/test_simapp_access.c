/*
 * Access conditions of the simulated chip: truth tables, precedence, forms that are refused, linked
 * usage counters. Items OBJ-n as in the conformance list. The condition under test is the read
 * condition of F1E0 unless said otherwise.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "tests/unit/simapp_rig.h"

#define AID  "D27600000447656E417574684170706C"
#define SIGN "01000A00112233445566778899030002E0F1"
#define T    "E1FB00" /* LcsO > 0 */
#define F    "E1FC01" /* LcsO < 1 */

static struct sim_app fresh;

static void
setup(void)
{
	rig_setup();
	fresh = rig.app;
}

/* Sets the expression, and with it the life cycle state: one command from creation. */
static void
given(unsigned lcso, const char *expr)
{
	uint8_t b[64];

	rig.app = fresh;
	meta_write(0xF1E0,
	    text("C001%02X D001FF D1%02X%s", lcso, (unsigned)rig_unhex(expr, b, sizeof(b)), expr));
}

static bool
readable(void)
{
	const bool r = succeeds("8100", "F1E000000001");

	if (!r)
		refused("8100", "F1E000000001", CHIP_E_ACCESS);
	return r;
}

static bool
compare(unsigned op, unsigned state, unsigned value)
{
	return op == 0xFA ? state == value : op == 0xFB ? state > value : state < value;
}

static const uint8_t states[] = { 0x01, 0x03, 0x07 };
static const uint8_t values[] = { 0x00, 0x01, 0x02, 0x03, 0x04, 0x07, 0x0F, 0xFF };

START_TEST(obj_24_life_cycle_conditions)
{
	for (unsigned op = 0xFA; op <= 0xFC; op++)
		for (size_t v = 0; v < NITEMS(values); v++) {
			for (size_t s = 0; s < NITEMS(states); s++) {
				given(states[s], text("E1%02X%02X", op, values[v]));
				ck_assert(readable() == compare(op, states[s], values[v]));
				given(0x07, text("E0%02X%02X", op, values[v]));
				ok("8200", text("F1C00000%02X", states[s]), "");
				ck_assert(readable() == compare(op, states[s], values[v]));
			}
			given(0x01, text("70%02X%02X", op, values[v]));
			ck_assert(readable() == compare(op, 0x07, values[v]));
		}
}
END_TEST

START_TEST(obj_24_security_status)
{
	static const uint8_t masks[] = { 0x00, 0x20, 0x01, 0x21, 0xFF };

	for (size_t m = 0; m < sizeof(masks); m++) {
		given(0x01, text("10%02X", masks[m]));
		ck_assert(readable() == ((0x20 & masks[m]) == masks[m]));
		ok("8200", "E0C10000DF", "");
		ck_assert(readable() == (masks[m] == 0));
		given(0x01, text("90%02X", masks[m]));
		ck_assert(readable() == ((0x20 & masks[m]) == masks[m]));
		ok("8200", "F1C10000DF", "");
		ck_assert(readable() == (masks[m] == 0));
		ok("F000", AID, "");
		ck_assert(readable() == ((0x20 & masks[m]) == masks[m]));
	}
}
END_TEST

START_TEST(obj_24_constants)
{
	given(0x01, "00");
	ck_assert(readable());
	given(0x01, "FF");
	ck_assert(!readable());
}
END_TEST

/* Conf and Int look at the answer when reading and at the command otherwise (OBJ-27). */
START_TEST(obj_27_protection)
{
	for (unsigned bits = 0; bits < 8; bits++)
		for (unsigned id = 0x20; id <= 0x21; id++) {
			bool r, w;

			rig.prot = (struct sim_protection){ false, false, false };
			rig.app = fresh;
			meta_write(0xF1E0, text("D003%02XE140 D103%02XE140", id, id));
			rig.prot = (struct sim_protection){ (bits & 1) != 0, (bits & 2) != 0,
				(bits & 4) != 0 };
			r = succeeds("8100", "F1E000000001");
			w = succeeds("8200", "F1E0000001");
			ck_assert(r == (rig.prot.active && rig.prot.response));
			ck_assert(w == (rig.prot.active && rig.prot.command));
		}
}
END_TEST

/* What only other commands can fulfil (OBJ-29), protected or not. */
START_TEST(obj_29_never_for_these_commands)
{
	static const char *const exprs[] = { "21E0E8", "20F1D5", "23F1D0", "21E140FD21E0E8",
		"23F1D0FE21E0E8", "20E0E8" };

	for (unsigned protected = 0; protected < 2; protected ++)
		for (size_t i = 0; i < NITEMS(exprs); i++) {
			uint8_t b[32];
			const unsigned n = (unsigned)rig_unhex(exprs[i], b, sizeof(b));

			rig.app = fresh;
			meta_write(0xF1E0, text("D0%02X%s D1%02X%s", n, exprs[i], n, exprs[i]));
			rig.prot = (struct sim_protection){ protected, protected, protected };
			refused("8200", "F1E0000001", CHIP_E_ACCESS);
			refused("8100", "F1E0", CHIP_E_ACCESS);
		}
}
END_TEST

/* All eight cases of A OR B AND C, and of A AND B OR C. */
START_TEST(obj_25_and_binds_tighter)
{
	for (unsigned bits = 0; bits < 8; bits++) {
		const bool a = bits & 1, b = bits & 2, c = bits & 4;

		given(0x01, text("%sFE%sFD%s", a ? T : F, b ? T : F, c ? T : F));
		ck_assert(readable() == (a || (b && c)));
		given(0x01, text("%sFD%sFE%s", a ? T : F, b ? T : F, c ? T : F));
		ck_assert(readable() == ((a && b) || c));
		given(0x01, text("%sFE%sFE%s", a ? T : F, b ? T : F, c ? T : F));
		ck_assert(readable() == (a || b || c));
		given(0x01, text("%sFD%sFD%s", a ? T : F, b ? T : F, c ? T : F));
		ck_assert(readable() == (a && b && c));
	}
}
END_TEST

/* The worked evaluations of section 3.2 that plain commands can see. */
START_TEST(obj_25_worked_examples)
{
	given(0x03, "E1FC07FE20E140FD23F1D0");
	ck_assert(readable());
	given(0x07, "E1FC07FE20E140FD23F1D0");
	ck_assert(!readable());
	given(0x03, "E1FC04FDE0FC07");
	ck_assert(readable());
	ok("8200", "F1C0000007", "");
	ck_assert(!readable());
	given(0x07, "E1FB03FE70FC04");
	ck_assert(readable());
	given(0x03, "E1FB03FE70FC04");
	ck_assert(!readable());
}
END_TEST

START_TEST(obj_26_refused_forms)
{
	static const char *const bad[] = {
		"00FD" T, T "FD00", "FFFE" T, T "FEFF", "0000", "FFFF", "00FF", /* constants */
		"E1", "E1FC", "20", "20E1", "10", "90", "40E1", "23F1",         /* cut */
		T "FD", T "FE", "FD" T, "FE" T, T T, T "FEFE" T, T "FDFE" T,    /* connection */
		"E1F907", "E1FD07", "E10007", "E0FF07", "70F907",               /* comparison */
		"01", "22E140", "41E120", "30E140", "A007", "7001",             /* identifiers */
		T "FE" T "FE" T "FE" T,                                         /* four tokens */
		T "FD" T "FD" T "FD" T "FD" T "FD" T "FD" T "FD" T, /* eight conditions */
	};
	uint8_t b[64];

	for (size_t i = 0; i < NITEMS(bad); i++)
		for (unsigned tag = 0xD0; tag <= 0xD8; tag += tag == 0xD0 ? 1 : tag == 0xD1 ? 2 : 5)
			meta_refused(0xE0F1,
			    text("%02X%02X%s", tag, (unsigned)rig_unhex(bad[i], b, sizeof(b)),
				bad[i]),
			    CHIP_E_DATA);
}
END_TEST

START_TEST(obj_26_longest_forms)
{
	meta_write(0xE0F1, "D11B " T "FD" T "FD" T "FD" T "FD" T "FD" T "FD" T);
	meta_write(0xE0F2, "D10B " T "FE" T "FE" T);
	meta_write(0xE0F3, "D11B " T "FD" T "FD" T "FE" T "FD" T "FD" T "FE" T);
}
END_TEST

static const char *
counter(void)
{
	ok("8100", "E120", NULL);
	return rig_hex(rig.rsp + 4, 8);
}

static void
key_with(const char *expr)
{
	uint8_t b[64];

	rig.app = fresh;
	ok("8240", "E1200000 00000000 00000003", "");
	rig_generate(0xE0F1, 0x03, 0x10);
	meta_write(0xE0F1, text("D3%02X%s", (unsigned)rig_unhex(expr, b, sizeof(b)), expr));
}

START_TEST(obj_30_a_key_for_three_uses)
{
	key_with("40E120");
	for (unsigned n = 1; n <= 3; n++) {
		ok("B111", SIGN, NULL);
		ck_assert_str_eq(counter(), text("%08X00000003", n));
	}
	refused("B111", SIGN, CHIP_E_ACCESS);
	ck_assert_str_eq(counter(), "0000000300000003");
}
END_TEST

START_TEST(obj_30_counts_only_in_the_token_that_grants)
{
	key_with(F "FD40E120");
	refused("B111", SIGN, CHIP_E_ACCESS);
	ck_assert_str_eq(counter(), "0000000000000003");
	key_with("40E120FD" F);
	refused("B111", SIGN, CHIP_E_ACCESS);
	ck_assert_str_eq(counter(), "0000000000000003");
	key_with(T "FE40E120");
	ok("B111", SIGN, NULL);
	ck_assert_str_eq(counter(), "0000000000000003");
	key_with("40E120FD" F "FE" T "FD40E121");
	ok("8240", "E1210000 00000000 00000009", "");
	ok("B111", SIGN, NULL);
	ck_assert_str_eq(counter(), "0000000000000003");
	ok("8100", "E121", "0000000100000009");
}
END_TEST

/* Named twice in one token it never passes its threshold. */
START_TEST(obj_30_counter_named_twice)
{
	key_with("40E120FD40E120");
	ok("B111", SIGN, NULL);
	ck_assert_str_eq(counter(), "0000000200000003");
	ok("B111", SIGN, NULL);
	ck_assert_str_eq(counter(), "0000000300000003");
	refused("B111", SIGN, CHIP_E_ACCESS);
}
END_TEST

START_TEST(obj_30_needs_a_counter)
{
	static const char *const exprs[] = { "40E124", "40F1D0", "40E0C3", "40E121" };

	for (size_t i = 0; i < NITEMS(exprs); i++) {
		key_with(exprs[i]);
		refused("B111", SIGN, CHIP_E_ACCESS);
	}
}
END_TEST

START_TEST(obj_30_reading_and_writing_count_too)
{
	ok("8240", "E1200000 00000000 00000002", "");
	meta_write(0xF1E0, "D00340E120 D10340E120");
	ok("8100", "F1E000000001", "00");
	ok("8200", "F1E0000001", "");
	refused("8100", "F1E000000001", CHIP_E_ACCESS);
	ck_assert_str_eq(counter(), "0000000200000002");
	meta_write(0xE120, "D30340E121"); /* counting itself can be limited */
	ok("8240", "E1210000 00000000 00000001", "");
	ok("8240", "E1200000 00000000 00000009", "");
	ok("8202", "E120000001", "");
	refused("8202", "E120000001", CHIP_E_ACCESS);
}
END_TEST

/* Key generation needs the change condition. */
START_TEST(cmd_52_generation_obeys_the_change_condition)
{
	meta_write(0xE0F1, "D003" F);
	refused("B803", "010002E0F102000110", CHIP_E_ACCESS);
	meta_write(0xE0F1, "D003" T);
	ok("B803", "010002E0F102000110", NULL);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: access conditions");
	TCase *tc = tcase_create("access");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, obj_24_life_cycle_conditions);
	tcase_add_test(tc, obj_24_security_status);
	tcase_add_test(tc, obj_24_constants);
	tcase_add_test(tc, obj_25_and_binds_tighter);
	tcase_add_test(tc, obj_25_worked_examples);
	tcase_add_test(tc, obj_26_refused_forms);
	tcase_add_test(tc, obj_26_longest_forms);
	tcase_add_test(tc, obj_27_protection);
	tcase_add_test(tc, obj_29_never_for_these_commands);
	tcase_add_test(tc, obj_30_a_key_for_three_uses);
	tcase_add_test(tc, obj_30_counts_only_in_the_token_that_grants);
	tcase_add_test(tc, obj_30_counter_named_twice);
	tcase_add_test(tc, obj_30_needs_a_counter);
	tcase_add_test(tc, obj_30_reading_and_writing_count_too);
	tcase_add_test(tc, cmd_52_generation_obeys_the_change_condition);
	suite_add_tcase(s, tc);
	return rig_main(s);
}
