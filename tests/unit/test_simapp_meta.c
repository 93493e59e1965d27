/*
 * Metadata of the simulated chip's objects: which writes it takes, and the life cycle of objects,
 * application and chip. Items OBJ-n as in the conformance list.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "tests/unit/simapp_rig.h"

#define AID     "D27600000447656E417574684170706C"

#define M_DATA3 "2011C00101C4018CC50164D003E1FC07D10100"

START_TEST(obj_15_some_tags_change_and_order_stays)
{
	meta_write(0xF1D0, "E80121 D301FF D10100");
	meta_is(0xF1D0, "2017C00101C4018CC50164D003E1FC07D10100D301FFE80121");
	meta_write(0xF1D0, "D003E1FA03");
	meta_is(0xF1D0, "2017C00101C4018CC50164D003E1FA03D10100D301FFE80121");
	ok("8240",
	    "F1D60000" /* 64 bytes, as in the vendor's sample */
	    "00000000000000000000000000000000000000000000000000000000000000000000000000000000"
	    "000000000000000000000000000000000000000000000000",
	    "");
	meta_write(0xF1D6, "C1020000 F00111 D80721E0E8FD20F1D4");
	meta_is(0xF1D6, "2021C00101C1020000C4018CC50140D003E1FC07D10100D80721E0E8FD20F1D4F00111");
}
END_TEST

START_TEST(obj_16_rules_are_fixed_when_operational)
{
	static const char *const tags[] = { "D00100", "D10100", "D30100", "D80100", "E10110",
		"E80121", "F00111", "C1020001" };

	meta_write(0xF1D0, "C00107");
	meta_write(0xE0F1, "C00107");
	for (size_t i = 0; i < NITEMS(tags); i++) {
		meta_refused(0xF1D0, tags[i], CHIP_E_ACCESS);
		meta_refused(0xE0F1, tags[i], CHIP_E_ACCESS);
		meta_refused(0xE0C3, tags[i], CHIP_E_ACCESS); /* no C0: operational */
	}
	meta_refused(0xE0C3, "C00107", CHIP_E_ACCESS);
	meta_refused(0xE0C3, "C0010F", CHIP_E_ACCESS);
	meta_write(0xF1D0, "C00107"); /* the state it has */
}
END_TEST

START_TEST(obj_17_sizes_and_algorithm_are_the_chips)
{
	static const char *const tags[] = { "C4018C", "C40164", "C50101", "E00103" };

	for (size_t i = 0; i < NITEMS(tags); i++) {
		meta_refused(0xF1D0, tags[i], CHIP_E_ACCESS);
		meta_refused(0xE0F1, tags[i], CHIP_E_ACCESS);
		meta_refused(0xF1D0, text("D10100 %s", tags[i]), CHIP_E_ACCESS);
	}
}
END_TEST

START_TEST(obj_18_life_cycle_goes_forward)
{
	static const uint8_t states[] = { 0x01, 0x03, 0x07, 0x0F };
	const uint8_t from = states[_i];

	meta_write(0xF1D0, text("C001%02X", from));
	for (unsigned to = 0; to < 256; to++) {
		if (to >= from && memchr(states, (int)to, sizeof(states)) != NULL)
			continue;
		meta_refused(0xF1D0, text("C001%02X", to), CHIP_E_ACCESS);
		if (from < 7)
			meta_refused(0xF1D0, text("C001%02X D101FF", to), CHIP_E_ACCESS);
	}
	for (size_t i = (size_t)_i; i < sizeof(states); i++)
		meta_write(0xF1D0, text("C001%02X", states[i]));
}
END_TEST

START_TEST(obj_19_lock_and_conditions_at_once)
{
	meta_write(0xF1D0, "C00107 D001FF");
	meta_is(0xF1D0, "200FC00107C4018CC50164D001FFD10100");
	refused("8200", "F1D0000001", CHIP_E_ACCESS);
}
END_TEST

/* The sequence of SRM 5.5, on an object that can have its conditions. */
START_TEST(obj_19_sequence_of_the_manual)
{
	meta_write(0xF1E0, "D003E1FC04 D107E1FC04FDE0FC07");
	meta_is(0xF1E0, "2019C00101C40205DCC50205DCD003E1FC04D107E1FC04FDE0FC07");
	meta_write(0xF1E0, "C00103 D003E1FA03");
	meta_refused(0xF1E0, "C00101 D003E1FC04", CHIP_E_ACCESS);
	meta_write(0xF1E0, "D10100");
	meta_is(0xF1E0, "2013C00103C40205DCC50205DCD003E1FA03D10100");
	meta_write(0xF1E0, "C00107 D001FF");
	meta_is(0xF1E0, "2011C00107C40205DCC50205DCD001FFD10100");
	meta_refused(0xF1E0, "D003E1FC04", CHIP_E_ACCESS);
}
END_TEST

START_TEST(obj_15_transcript_of_a_real_chip)
{
	ok("8240", text("E0E10000%s", rig_zeros(476)), "");
	meta_write(0xE0E1, "D001FF D10100");
	meta_is(0xE0E1, "2017C00101C40206C0C50201DCD001FFD10100D30100E80112");
}
END_TEST

START_TEST(obj_20_malformed_blocks)
{
	static const struct {
		const char *block;
		unsigned code;
	} bad[] = {
		{ "2103D10100", CHIP_E_DATA }, /* head */
		{ "0003D10100", CHIP_E_DATA },
		{ "2006D10100D10100", CHIP_E_DATA }, /* twice */
		{ "2003C60100", CHIP_E_DATA },       /* no such tags */
		{ "2003D20100", CHIP_E_DATA },
		{ "2003000100", CHIP_E_DATA },
		{ "2003FF0100", CHIP_E_DATA },
		{ "2002D100", CHIP_E_DATA },       /* empty condition */
		{ "2004E8020021", CHIP_E_LENGTH }, /* sizes of values */
		{ "2003C10100", CHIP_E_LENGTH },
		{ "2004C0020107", CHIP_E_LENGTH },
	};
	static const char *const lengths[] = { "2002D10100", "2004D10100", "2004D1010000",
		"2003D10200", "2001D1", "20", "2003D1", "2006D10100D101" };

	for (size_t i = 0; i < NITEMS(bad); i++)
		refused("8201", text("F1D00000%s", bad[i].block), bad[i].code);
	for (size_t i = 0; i < NITEMS(lengths); i++) {
		run("8201", text("F1D00000%s", lengths[i]));
		ck_assert_msg(rig.rsp[0] == 0xFF, "%s accepted", lengths[i]);
	}
	ok("0100", "F1C2", NULL);
	refused("8201", "F1D000012003D10100", CHIP_E_DATA); /* offset */
	meta_is(0xF1D0, M_DATA3);
}
END_TEST

START_TEST(obj_21_at_most_44_bytes)
{
	meta_write(0xE0E1, "D00BE1FC07FD20E140FD21E140"); /* 2 + 25 + 8 */
	meta_refused(0xE0E1, "D10BE1FC07FD20E140FD21E140", CHIP_E_META_TRUNCATED);
	meta_refused(0xE0E1, "D107E1FC07FD20E140 F00111 C1020001", CHIP_E_META_TRUNCATED);
	meta_write(0xE0E1, "D107E1FC07FD20E140 F00111");
	meta_is(0xE0E1,
	    "202AC00101C40206C0C50206C0D00BE1FC07FD20E140FD21E140D107E1FC07FD20E140D30100E80112"
	    "F00111");
}
END_TEST

/* Whatever forbids everything else: conditions, life cycle, invalid flag, each kind of object. */
START_TEST(obj_22_readable_in_every_state)
{
	static const unsigned oids[] = { 0xE0E1, 0xE0E8, 0xE0F1, 0xE0FC, 0xE120, 0xE140, 0xE200,
		0xF1D0, 0xF1E0 };
	static const unsigned states[] = { 0x01, 0x03, 0x07, 0x0F };

	for (size_t i = 0; i < NITEMS(oids); i++) {
		meta_write(oids[i], "C1028001 D001FF D101FF D301FF");
		for (size_t s = 0; s < NITEMS(states); s++) {
			meta_write(oids[i], text("C001%02X", states[s]));
			ok("8101", text("%04X", oids[i]), NULL);
			ck_assert_mem_eq(rig.rsp + 6, "\xC0\x01", 2);
			ck_assert_uint_eq(rig.rsp[8], states[s]);
		}
	}
}
END_TEST

START_TEST(obj_23_used_size_is_short_below_256)
{
	ok("8240", text("F1E00000%s", rig_zeros(255)), "");
	meta_is(0xF1E0, "2012C00101C40205DCC501FFD003E1FC07D10100");
	ok("8200", "F1E000FF00", "");
	meta_is(0xF1E0, "2013C00101C40205DCC5020100D003E1FC07D10100");
	ok("8240", "F1E000000102", "");
	meta_is(0xF1E0, "2012C00101C40205DCC50102D003E1FC07D10100");
}
END_TEST

START_TEST(obj_42_states_of_chip_and_application)
{
	ok("8100", "F1C0", "01");
	refused("8200", "F1C0000000", CHIP_E_DATA);
	refused("8200", "F1C0000002", CHIP_E_DATA);
	ok("8200", "F1C0000003", "");
	meta_is(0xF1C0, "200CC40101C50101D00100D10100");
	refused("8200", "F1C0000001", CHIP_E_DATA);
	ok("8240", "F1C0000007", "");
	refused("8240", "F1C0000003", CHIP_E_DATA);
	refused("8200", "F1C000000F", CHIP_E_DATA); /* not applicable */
	ok("8100", "F1C0", "07");
	refused("8200", "E0C0000003", CHIP_E_DATA);
	refused("8200", "E0C0000009", CHIP_E_DATA);
	ok("8200", "E0C0000007", "");
	sim_app_reset(&rig.app, rig.now, true);
	ok("F000", AID, "");
	ok("8100", "F1C0", "07");
}
END_TEST

START_TEST(obj_42_termination_of_the_chip)
{
	ok("8200", "E0C000000F", "");
	run("8100", "E0C2");
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	run("F000", AID);
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
	sim_app_reset(&rig.app, rig.now, true);
	run("F000", AID);
	ck_assert_uint_eq(rig.rsp[0], 0xFF);
}
END_TEST

START_TEST(obj_43_terminated_object)
{
	meta_write(0xF1D0, "C0010F D00100 D10100");
	refused("8100", "F1D0", CHIP_E_ACCESS);
	meta_write(0xE120, "C0010F");
	refused("8202", "E120000001", CHIP_E_ACCESS);
	meta_is(0xF1D0, "200FC0010FC4018CC50164D00100D10100");
	rig_generate(0xE0F1, 0x03, 0x10);
	meta_write(0xE0F1, "C0010F");
	refused("B111", "01000A00112233445566778899030002E0F1", CHIP_E_ACCESS);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: metadata");
	TCase *tc = tcase_create("metadata");

	tcase_add_checked_fixture(tc, rig_setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, obj_15_some_tags_change_and_order_stays);
	tcase_add_test(tc, obj_16_rules_are_fixed_when_operational);
	tcase_add_test(tc, obj_17_sizes_and_algorithm_are_the_chips);
	tcase_add_loop_test(tc, obj_18_life_cycle_goes_forward, 0, 4);
	tcase_add_test(tc, obj_19_lock_and_conditions_at_once);
	tcase_add_test(tc, obj_19_sequence_of_the_manual);
	tcase_add_test(tc, obj_15_transcript_of_a_real_chip);
	tcase_add_test(tc, obj_20_malformed_blocks);
	tcase_add_test(tc, obj_21_at_most_44_bytes);
	tcase_add_test(tc, obj_22_readable_in_every_state);
	tcase_add_test(tc, obj_23_used_size_is_short_below_256);
	tcase_add_test(tc, obj_42_states_of_chip_and_application);
	tcase_add_test(tc, obj_42_termination_of_the_chip);
	tcase_add_test(tc, obj_43_terminated_object);
	suite_add_tcase(s, tc);
	return rig_main(s);
}
