/*
 * Objects of the simulated chip: factory state, reading and writing, counters. Items CMD-n and
 * OBJ-n as in the conformance lists.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "tests/unit/simapp_rig.h"

#define AID      "D27600000447656E417574684170706C"

#define M_STATUS "2009C40101D00100D10100"
#define M_CERT   "2019C00101C40206C0C50206C0D003E1FC07D10100D30100E80112"
#define M_ANCHOR "2019C00101C40204B0C50204B0D003E1FC07D10100D30100E80111"
#define M_KEY    "200BC00101D003E1FC07D30100"
#define M_COUNT  "2017C00101C40108C50108D003E1FC07D10100D30100E80101"
#define M_DATA3  "2011C00101C4018CC50164D003E1FC07D10100"
#define M_DATA2  "2013C00101C40205DCC50205DCD003E1FC07D10100"

/* Vendor dumps of a part as delivered; E0E0's used size depends on its certificate. */
static const struct {
	unsigned oid;
	const char *meta;
	const char *content; /* NULL: not readable or another test's; "": zeros up to used size */
	unsigned used;
} factory[] = {
	{ 0xE0C0, M_STATUS, "07", 1 },
	{ 0xE0C1, M_STATUS, "20", 1 },
	{ 0xE0C2, "2009C4011BD001FFD10100", NULL, 27 },
	{ 0xE0C3, M_STATUS, "14", 1 },
	{ 0xE0C4, M_STATUS, "06", 1 },
	{ 0xE0C5, "2009C40101D001FFD10100", "00", 1 },
	{ 0xE0C6, "2006C40102D10100", "0615", 2 },
	{ 0xE0C9, "2011C00107C40108D003E1FC07D10100D301FF", "3200050100000000", 8 },
	{ 0xE0E1, M_CERT, NULL, 1728 },
	{ 0xE0E2, M_CERT, NULL, 1728 },
	{ 0xE0E3, M_CERT, NULL, 1728 },
	{ 0xE0E8, M_ANCHOR, "", 1200 },
	{ 0xE0E9, M_ANCHOR, "", 1200 },
	{ 0xE0EF, M_ANCHOR, "", 1200 },
	{ 0xE0F0, "200FC00101D001FFD30100E00103E10101", NULL, 0 },
	{ 0xE0F1, M_KEY, NULL, 0 },
	{ 0xE0F2, M_KEY, NULL, 0 },
	{ 0xE0F3, M_KEY, NULL, 0 },
	{ 0xE0FC, M_KEY, NULL, 0 },
	{ 0xE0FD, M_KEY, NULL, 0 },
	{ 0xE200, "2009C00101D001FFD30100", NULL, 0 },
	{ 0xE120, M_COUNT, "", 8 },
	{ 0xE121, M_COUNT, "", 8 },
	{ 0xE122, M_COUNT, "", 8 },
	{ 0xE123, M_COUNT, "", 8 },
	{ 0xE140, "201DC00101C40140C50140D007E1FC07FE20E140D103E1FC07D30100E80122",
	    "0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20"
	    "2122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F40",
	    64 },
	{ 0xF1C0, M_STATUS, "01", 1 },
	{ 0xF1C1, M_STATUS, "20", 1 },
	{ 0xF1C2, "2009C40101D001FFD10100", "00", 1 },
	{ 0xF1D0, M_DATA3, "", 100 },
	{ 0xF1D1, M_DATA3, "", 100 },
	{ 0xF1D2, M_DATA3, "", 100 },
	{ 0xF1D3, M_DATA3, "", 100 },
	{ 0xF1D4, M_DATA3, "", 100 },
	{ 0xF1D5, M_DATA3, "", 100 },
	{ 0xF1D6, M_DATA3, "", 100 },
	{ 0xF1D7, M_DATA3, "", 100 },
	{ 0xF1D8, M_DATA3, "", 100 },
	{ 0xF1D9, M_DATA3, "", 100 },
	{ 0xF1DA, M_DATA3, "", 100 },
	{ 0xF1DB, M_DATA3, "", 100 },
	{ 0xF1E0, M_DATA2, "", 1500 },
	{ 0xF1E1, M_DATA2, "", 1500 },
};

static bool
exists(unsigned oid)
{
	for (size_t i = 0; i < NITEMS(factory); i++)
		if (factory[i].oid == oid)
			return true;
	return oid == 0xE0E0 || (oid >= 0xE100 && oid <= 0xE103);
}

START_TEST(obj_2_factory_metadata_and_content)
{
	meta_is(factory[_i].oid, factory[_i].meta);
	if (factory[_i].content != NULL)
		ok("8100", text("%04X", factory[_i].oid),
		    factory[_i].content[0] != '\0' ? factory[_i].content
						   : rig_zeros(factory[_i].used));
}
END_TEST

START_TEST(obj_1_nothing_else_exists)
{
	for (unsigned oid = 0; oid < 0x10000; oid++) {
		if (exists(oid))
			continue;
		run("8101", text("%04X", oid));
		ck_assert_uint_eq(rig.rsp[0], 0xFF);
	}
	refused("8100", "E0CA", CHIP_E_OID);
	refused("8101", "E0F4", CHIP_E_OID);
	refused("8200", "F1DC000000", CHIP_E_OID);
	refused("8201", "E0C700002003D10100", CHIP_E_OID);
	refused("8202", "E124000001", CHIP_E_OID);
}
END_TEST

/* What optiga-sim show prints agrees with what a host reads. */
START_TEST(obj_1_the_list_of_objects_agrees)
{
	uint8_t meta[44];
	struct sim_object_view v;
	size_t n = sim_app_objects(&rig.app), listed = 0;

	for (size_t i = 0; i < n; i++) {
		sim_app_object(&rig.app, i, meta, &v);
		ck_assert(exists(v.oid));
		ck_assert_ptr_nonnull(v.name);
		if (v.oid >= 0xE100 && v.oid <= 0xE103)
			continue;
		listed++;
		meta_is(v.oid, rig_hex(v.meta, v.meta_len));
		ck_assert((v.data == NULL) == (v.max == 0 || v.oid == 0xE140));
		ck_assert(v.key_present == (v.oid == 0xE0F0));
		if (v.data != NULL && v.used <= 1553)
			ok("8100", text("%04X", v.oid), rig_hex(v.data, v.used));
	}
	ck_assert_uint_eq(listed, NITEMS(factory) + 1);
}
END_TEST

START_TEST(obj_3_certificate_slot_reads_zeros)
{
	refused("8100", "E0E1", CHIP_E_BUFFER);
	ok("8100", "E0E100000611", rig_zeros(1553));
	ok("8100", "E0E106110611", rig_zeros(175));
	refused("8100", "E0E106C00611", CHIP_E_BOUNDARY);
}
END_TEST

START_TEST(obj_4_binding_secret_hides_when_operational)
{
	ok("8100", "E140", NULL);
	meta_write(0xE140, "C00107");
	refused("8100", "E140", CHIP_E_ACCESS);
	refused("8240", "E140000001", CHIP_E_ACCESS);
}
END_TEST

START_TEST(obj_5_buffer_size_is_fixed)
{
	refused("8200", "E0C600000615", CHIP_E_ACCESS);
	ok("8100", "E0C6", "0615");
}
END_TEST

START_TEST(obj_6_monitor_configuration_is_locked)
{
	refused("8200", "E0C9000000", CHIP_E_ACCESS);
	refused("8240", "E0C900003200050100000000", CHIP_E_ACCESS);
	meta_refused(0xE0C9, "D00100", CHIP_E_ACCESS);
}
END_TEST

START_TEST(obj_7_unique_id)
{
	char first[2 * 27 + 1];

	ok("8100", "E0C2", NULL);
	ck_assert_uint_eq(rig.rsp_len, 4 + 27);
	strcpy(first, rig_hex(rig.rsp + 4, 27));
	ck_assert_mem_eq(first, "CD16339301001C00050000", 22);
	ck_assert_str_eq(first + 2 * 21, "801010712440");
	refused("8200", "E0C2000000", CHIP_E_ACCESS);
	rig_factory(2, false);
	ok("F000", AID, "");
	ok("8100", "E0C2", NULL);
	ck_assert_str_ne(first, rig_hex(rig.rsp + 4, 27));
}
END_TEST

START_TEST(obj_8_ranges_of_delay_and_current)
{
	for (unsigned v = 0; v < 256; v++) {
		const char *delay = text("E0C30000%02X", v), *current = text("E0C40000%02X", v);

		if (v >= 20) {
			ok("8200", delay, "");
			ok("8100", "E0C3", text("%02X", v));
		} else {
			refused("8200", delay, CHIP_E_DATA);
		}
		if (v >= 6 && v <= 15) {
			ok("8240", current, "");
			ok("8100", "E0C4", text("%02X", v));
		} else {
			refused("8240", current, CHIP_E_DATA);
		}
	}
	ok("8100", "E0C4", "0F");
	meta_is(0xE0C4, "200CC40101C50101D00100D10100");
	refused("8200", "E0C400010F", CHIP_E_BOUNDARY);
	refused("8200", "E0C40000060F", CHIP_E_BOUNDARY);
}
END_TEST

START_TEST(obj_9_conditions_guard_reading_and_writing)
{
	meta_write(0xF1D0, "D101FF");
	refused("8100", "F1D0", CHIP_E_ACCESS);
	ok("8200", "F1D0000001", "");
	meta_write(0xF1D0, "D001FF D10100");
	refused("8200", "F1D0000002", CHIP_E_ACCESS);
	refused("8240", "F1D0000002", CHIP_E_ACCESS);
	ok("8100", "F1D000000001", "01");
	meta_write(0xE120, "D301FF");
	refused("8202", "E120000001", CHIP_E_ACCESS);
}
END_TEST

START_TEST(obj_10_missing_conditions_are_never)
{
	refused("8200", "E0C600000000", CHIP_E_ACCESS); /* no D0 */
	refused("8100", "E0F1", CHIP_E_ACCESS);         /* no D1 */
	refused("8202", "F1D0000001", CHIP_E_DATA);     /* not a counter, before D3 matters */
	meta_write(0xF1D0, "E80121");
	refused("9420", "F1D0 010003616263", CHIP_E_ACCESS); /* no D3 */
	meta_write(0xF1D0, "D30100");
	ok("8240", "F1D00000 00112233445566778899AABBCCDDEEFF", "");
	ok("9420", "F1D0 010003616263", NULL);
}
END_TEST

START_TEST(obj_12_erase_and_write)
{
	ok("8240", "F1D0000A 3132333435", "");
	meta_is(0xF1D0, "2011C00101C4018CC5010FD003E1FC07D10100");
	ok("8100", "F1D0", "000000000000000000003132333435");
	ok("8240", "F1D00000 AA", "");
	ok("8100", "F1D0", "AA");
	ok("8200", "F1D00004 BB", "");
	ok("8100", "F1D0", "AA000000BB");
}
END_TEST

START_TEST(obj_13_plain_write_never_shrinks)
{
	ok("8240", "F1D00000 0102030405060708", "");
	ok("8200", "F1D00002 AABB", "");
	ok("8100", "F1D0", "0102AABB05060708");
	ok("8200", "F1D00007 CCDD", "");
	ok("8100", "F1D0", "0102AABB050607CCDD");
	meta_is(0xF1D0, "2011C00101C4018CC50109D003E1FC07D10100");
}
END_TEST

START_TEST(cmd_16_reading_is_cut_at_the_used_size)
{
	ok("8100", "F1D0005A0064", rig_zeros(10));
	ok("8100", "F1D00063FFFF", "00");
	refused("8100", "F1D00064FFFF", CHIP_E_BOUNDARY);
	refused("8100", "F1D0FFFFFFFF", CHIP_E_BOUNDARY);
	refused("8100", "F1D000640001", CHIP_E_BOUNDARY);
	refused("8100", "F1D000000000", CHIP_E_DATA);
	ok("8240", "F1D00000 0102", "");
	ok("8100", "F1D00001FFFF", "02");
	refused("8100", "F1D000020001", CHIP_E_BOUNDARY);
}
END_TEST

START_TEST(cmd_17_lengths_of_reads)
{
	static const char *const bad[] = { "", "F1", "F1D000", "F1D00000", "F1D0000000",
		"F1D00000000100" };

	ok("8100", "F1D0", rig_zeros(100));
	refused("8100", bad[_i], CHIP_E_LENGTH);
	refused("8101", _i == 0 ? "F1D000000001" : bad[_i], CHIP_E_LENGTH);
}
END_TEST

START_TEST(cmd_18_metadata_has_no_condition)
{
	meta_write(0xF1D0, "C00107 D001FF D101FF D301FF");
	meta_is(0xF1D0, "2012C00107C4018CC50164D001FFD101FFD301FF");
}
END_TEST

START_TEST(cmd_19_write_past_the_maximum)
{
	ok("8240", "F1D00000 0102", "");
	refused("8200", text("F1D00000%s", rig_zeros(141)), CHIP_E_BOUNDARY);
	refused("8240", text("F1D00001%s", rig_zeros(140)), CHIP_E_BOUNDARY);
	refused("8240", "F1D0008C01", CHIP_E_BOUNDARY);
	refused("8200", "F1D0FFFF01", CHIP_E_BOUNDARY);
	ok("8100", "F1D0", "0102");
	ok("8200", "F1D0008B01", "");
	meta_is(0xF1D0, "2011C00101C4018CC5018CD003E1FC07D10100");
}
END_TEST

START_TEST(cmd_21_write_refusals)
{
	refused("8200", "E0E0000001", CHIP_E_ACCESS);
	refused("8200", "F1DF000001", CHIP_E_OID);
	refused("8200", "F1D00000", CHIP_E_LENGTH);
	refused("8240", "F1D0", CHIP_E_LENGTH);
	refused("8240", "", CHIP_E_LENGTH);
}
END_TEST

/* Whatever the metadata allow, the content of keys and sessions stays inside (OBJ-14). */
START_TEST(cmd_22_keys_and_sessions_have_no_content)
{
	static const unsigned keys[] = { 0xE0F0, 0xE0F1, 0xE0F2, 0xE0F3, 0xE0FC, 0xE0FD, 0xE200 };

	for (size_t i = 0; i < NITEMS(keys); i++) {
		meta_write(keys[i], "D00100 D10100");
		refused("8100", text("%04X", keys[i]), CHIP_E_ACCESS);
		refused("8100", text("%04X00000001", keys[i]), CHIP_E_ACCESS);
		refused("8200", text("%04X000001", keys[i]), CHIP_E_ACCESS);
		refused("8240", text("%04X000001", keys[i]), CHIP_E_ACCESS);
		refused("8202", text("%04X000001", keys[i]), CHIP_E_DATA);
	}
	for (unsigned oid = 0xE100; oid <= 0xE103; oid++) {
		refused("8100", text("%04X", oid), CHIP_E_OID);
		refused("8200", text("%04X000001", oid), CHIP_E_ACCESS);
		refused("8240", text("%04X000001", oid), CHIP_E_ACCESS);
		run("8201", text("%04X0000 2003D10100", oid));
		ck_assert_uint_eq(rig.rsp[0], 0xFF);
	}
}
END_TEST

/* OBJ-38 */
START_TEST(cmd_23_counters)
{
	ok("8240", "E1200000 00000000 0000000A", "");
	ok("8202", "E120000003", "");
	ok("8100", "E120", "000000030000000A");
	ok("8202", "E120FFFF05", ""); /* the offset does not matter */
	ok("8100", "E120", "000000080000000A");
	ok("8202", "E1200000FF", ""); /* stops at the threshold */
	ok("8100", "E120", "0000000A0000000A");
	refused("8202", "E120000001", CHIP_E_COUNTER);
	ok("8240", "E1200000 FFFFFFFE FFFFFFFF", "");
	ok("8202", "E1200000FF", "");
	ok("8100", "E120", "FFFFFFFFFFFFFFFF");
	refused("8202", "E120000001", CHIP_E_COUNTER);
	ok("8240", "E1200000 0000000B 0000000A", "");
	refused("8202", "E120000001", CHIP_E_COUNTER);
	ok("8240", "E1200000 000000FF 00010000", "");
	ok("8202", "E120000001", "");
	ok("8100", "E120", "0000010000010000");
	refused("8202", "E121000000", CHIP_E_DATA);
	refused("8202", "E1210000", CHIP_E_LENGTH);
	refused("8202", "E12100000101", CHIP_E_LENGTH);
	refused("8202", "E0C3000001", CHIP_E_DATA);
	refused("8202", "E121000001", CHIP_E_COUNTER); /* 0 of 0 */
	meta_write(0xE120, "C00107 D001FF");
	ok("8202", "E120000001", ""); /* counting needs EXE, not CHA */
	refused("8200", "E120000000", CHIP_E_ACCESS);
}
END_TEST

/* Every second byte tells where it belongs. */
START_TEST(obj_40_longest_object_in_two_commands)
{
	uint8_t cmd[SIM_APDU_MAX] = { 0x82, 0x40, 0x06, 0x11, 0xE0, 0xE2 };
	uint8_t content[1729];

	for (size_t i = 0; i < sizeof(content); i++)
		content[i] = (uint8_t)(i % 251);
	memcpy(cmd + 8, content, 1549);
	rig_send(cmd, 1557);
	ck_assert_uint_eq(rig.rsp[0], 0);
	meta_is(0xE0E2, "2019C00101C40206C0C502060DD003E1FC07D10100D30100E80112");
	ok("8200", text("E0E2060D%s", rig_hex(content + 1549, 179)), "");
	ok("8100", "E0E200000611", rig_hex(content, 1553));
	ok("8100", "E0E206110611", rig_hex(content + 1553, 175));
	refused("8200", text("E0E2060D%s", rig_hex(content + 1549, 180)), CHIP_E_BOUNDARY);
	ok("8100", "E0E206110611", rig_hex(content + 1553, 175));
	/* And tail first, head last, as a careful host does. */
	ok("8240", text("E0E3060D%s", rig_hex(content + 1549, 179)), "");
	meta_is(0xE0E3, M_CERT);
	cmd[1] = 0x00;
	cmd[5] = 0xE3;
	rig_send(cmd, 1557);
	ck_assert_uint_eq(rig.rsp[0], 0);
	ok("8100", "E0E300000611", rig_hex(content, 1553));
	ok("8100", "E0E306110611", rig_hex(content + 1553, 175));
}
END_TEST

/* OBJ-31 */
START_TEST(obj_31_security_status)
{
	const unsigned oid = _i == 0 ? 0xE0C1 : 0xF1C1;

	ok("8100", text("%04X", oid), "20");
	ok("8200", text("%04X0000FF", oid), "");
	ok("8100", text("%04X", oid), "20");
	ok("8200", text("%04X0000DF", oid), "");
	ok("8100", text("%04X", oid), "00");
	ok("8200", text("%04X0000FF", oid), "");
	ok("8100", text("%04X", oid), "00");
	sim_app_reset(&rig.app, rig.now, false);
	ok("F000", AID, "");
	ok("8100", text("%04X", oid), "20");
	ok("8240", text("%04X0000FF", oid), "");
	ok("8100", text("%04X", oid), "00");
}
END_TEST

START_TEST(content_survives_reset_and_power)
{
	ok("8240", "F1D00000 010203", "");
	meta_write(0xF1D0, "C00103");
	sim_app_reset(&rig.app, rig.now, true);
	ok("F000", AID, "");
	ok("8100", "F1D0", "010203");
	meta_is(0xF1D0, "2011C00103C4018CC50103D003E1FC07D10100");
}
END_TEST

START_TEST(an_object_with_the_invalid_flag_is_refused)
{
	meta_write(0xF1D0, "C1028001");
	refused("8100", "F1D0", CHIP_E_METADATA);
	meta_write(0xF1D0, "C1020001");
	ok("8100", "F1D0", rig_zeros(100));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: objects");
	TCase *tc = tcase_create("objects");

	tcase_add_checked_fixture(tc, rig_setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, obj_2_factory_metadata_and_content, 0, (int)NITEMS(factory));
	tcase_add_test(tc, obj_1_nothing_else_exists);
	tcase_add_test(tc, obj_1_the_list_of_objects_agrees);
	tcase_add_test(tc, obj_3_certificate_slot_reads_zeros);
	tcase_add_test(tc, obj_4_binding_secret_hides_when_operational);
	tcase_add_test(tc, obj_5_buffer_size_is_fixed);
	tcase_add_test(tc, obj_6_monitor_configuration_is_locked);
	tcase_add_test(tc, obj_7_unique_id);
	tcase_add_test(tc, obj_8_ranges_of_delay_and_current);
	tcase_add_test(tc, obj_9_conditions_guard_reading_and_writing);
	tcase_add_test(tc, obj_10_missing_conditions_are_never);
	tcase_add_test(tc, obj_12_erase_and_write);
	tcase_add_test(tc, obj_13_plain_write_never_shrinks);
	tcase_add_test(tc, cmd_16_reading_is_cut_at_the_used_size);
	tcase_add_loop_test(tc, cmd_17_lengths_of_reads, 0, 6);
	tcase_add_test(tc, cmd_18_metadata_has_no_condition);
	tcase_add_test(tc, cmd_19_write_past_the_maximum);
	tcase_add_test(tc, cmd_21_write_refusals);
	tcase_add_test(tc, cmd_22_keys_and_sessions_have_no_content);
	tcase_add_test(tc, cmd_23_counters);
	tcase_add_test(tc, obj_40_longest_object_in_two_commands);
	tcase_add_loop_test(tc, obj_31_security_status, 0, 2);
	tcase_add_test(tc, content_survives_reset_and_power);
	tcase_add_test(tc, an_object_with_the_invalid_flag_is_refused);
	suite_add_tcase(s, tc);
	return rig_main(s);
}
