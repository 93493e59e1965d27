/* hal/link/frame.c without a bus: checksum, building and judging frames, the vendor's frames. */
#include <config.h>

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/link/int.h"
#include "tests/unit/fakechip.h"

/* ifx-i2c 3.3. */
static const struct {
	const char *hex;
	uint16_t crc;
} crcs[] = {
	{ "", 0x0000 },
	{ "80", 0x8408 },
	{ "80 00", 0x8CCC },
	{ "80 00 00", 0x0CEC },
	{ "31 32 33 34 35 36 37 38 39", 0x2189 },
	{ "00 00 00", 0x0000 },
	{ "FF FF FF", 0x364B },
	{ "00 00 05 00 00 00 00 00", 0x1487 },
	{ "03 00 15 00 70 00 00 10 D2 76 00 00 04 47 65 6E 41 75 74 68 41 70 70 6C", 0x041A },
	{ "04 00 0B 00 01 00 00 06 E0 C2 00 00 00 64", 0xF09F },
	{ "04 00 0B 00 01 10 00 06 E0 C2 00 00 00 64", 0x0F0B },
};

START_TEST(DL_H2_crc_vectors)
{
	uint8_t bytes[64];
	size_t n = fake_hex(crcs[_i].hex, bytes, sizeof(bytes));

	ck_assert_uint_eq(frame_crc(bytes, n), crcs[_i].crc);
}
END_TEST

START_TEST(DL_H2_crc_of_all_bytes)
{
	uint8_t bytes[256];

	for (unsigned i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	ck_assert_uint_eq(frame_crc(bytes, sizeof(bytes)), 0xD841);
}
END_TEST

/* Complete frames of ifx-i2c 1, 3.2, 4.2 and 4.3: FCTR, packet, frame. */
static const struct {
	uint8_t fctr;
	const char *packet, *frame;
	enum frame_kind kind;
} frames[] = {
	{ 0x80, "", "80 00 00 0C EC", FRAME_ACK },
	{ 0x81, "", "81 00 00 56 30", FRAME_ACK },
	{ 0x82, "", "82 00 00 B9 54", FRAME_ACK },
	{ 0x83, "", "83 00 00 E3 88", FRAME_ACK },
	{ 0xA0, "", "A0 00 00 0F D7", FRAME_NAK },
	{ 0xA1, "", "A1 00 00 55 0B", FRAME_NAK },
	{ 0xA2, "", "A2 00 00 BA 6F", FRAME_NAK },
	{ 0xA3, "", "A3 00 00 E0 B3", FRAME_NAK },
	{ 0xC0, "", "C0 00 00 0A 9A", FRAME_RESYNC },
	{ 0x03, "00 70 00 00 10 D2 76 00 00 04 47 65 6E 41 75 74 68 41 70 70 6C",
	    "03 00 15 00 70 00 00 10 D2 76 00 00 04 47 65 6E 41 75 74 68 41 70 70 6C 04 1A",
	    FRAME_DATA },
	{ 0x00, "00 00 00 00 00", "00 00 05 00 00 00 00 00 14 87", FRAME_DATA },
	{ 0x04, "00 01 00 00 06 E0 C2 00 00 00 64",
	    "04 00 0B 00 01 00 00 06 E0 C2 00 00 00 64 F0 9F", FRAME_DATA },
	{ 0x03, "01 70 00 00 10 D2 76 00 00 04 47",
	    "03 00 0B 01 70 00 00 10 D2 76 00 00 04 47 F3 DD", FRAME_DATA },
	{ 0x07, "04 65 6E 41 75 74 68 41 70 70 6C",
	    "07 00 0B 04 65 6E 41 75 74 68 41 70 70 6C F0 CF", FRAME_DATA },
	{ 0x08, "00 01 00 00 06 E0 C2 00 00 00 64",
	    "08 00 0B 00 01 00 00 06 E0 C2 00 00 00 64 EC 45", FRAME_DATA },
	{ 0x06, "01 00 00 00 1B 10 11 12 13 14 15",
	    "06 00 0B 01 00 00 00 1B 10 11 12 13 14 15 CD FA", FRAME_DATA },
	{ 0x0A, "02 16 17 18 19 1A 1B 1C 1D 1E 1F",
	    "0A 00 0B 02 16 17 18 19 1A 1B 1C 1D 1E 1F CB CF", FRAME_DATA },
	{ 0x0E, "02 20 21 22 23 24 25 26 27 28 29",
	    "0E 00 0B 02 20 21 22 23 24 25 26 27 28 29 6E E3", FRAME_DATA },
	{ 0x02, "04 2A", "02 00 02 04 2A 4A 08", FRAME_DATA },
	{ 0x04, "07", "04 00 01 07 1F 8B", FRAME_DATA },
};

START_TEST(frames_of_the_specification_are_built)
{
	uint8_t packet[64], want[64], got[64];
	size_t n = fake_hex(frames[_i].packet, packet, sizeof(packet));
	size_t len = fake_hex(frames[_i].frame, want, sizeof(want));

	ck_assert_uint_eq(frame_build(got, frames[_i].fctr, packet, n), len);
	ck_assert_mem_eq(got, want, len);
}
END_TEST

START_TEST(frames_of_the_specification_are_parsed)
{
	uint8_t packet[64], bytes[64];
	size_t n = fake_hex(frames[_i].packet, packet, sizeof(packet));
	size_t len = fake_hex(frames[_i].frame, bytes, sizeof(bytes));
	struct frame f;

	frame_parse(bytes, len, FRAME_MAX, &f);
	ck_assert_int_eq(f.kind, frames[_i].kind);
	ck_assert_uint_eq(f.ack, frames[_i].fctr & 3);
	if (f.kind == FRAME_DATA) {
		ck_assert_uint_eq(f.nr, frames[_i].fctr >> 2 & 3);
		ck_assert_uint_eq(f.len, n);
		ck_assert_mem_eq(f.packet, packet, n);
	}
}
END_TEST

START_TEST(DL_H2_every_single_bit_error_is_found)
{
	uint8_t bytes[64];
	size_t len = fake_hex(frames[_i].frame, bytes, sizeof(bytes));
	struct frame f;

	for (size_t bit = 0; bit < len * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		frame_parse(bytes, len, FRAME_MAX, &f);
		ck_assert_int_eq(f.kind, FRAME_BAD);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}
END_TEST

START_TEST(FT_12_every_wrong_size_is_found)
{
	uint8_t bytes[80] = { 0 };
	size_t len = fake_hex(frames[_i].frame, bytes, sizeof(bytes));
	struct frame f;

	for (size_t n = 0; n <= len + 2; n++) {
		frame_parse(bytes, n, FRAME_MAX, &f);
		ck_assert_int_eq(f.kind == FRAME_BAD, n != len);
	}
	frame_parse(bytes, len, len - 1, &f);
	ck_assert_int_eq(f.kind, FRAME_BAD);
}
END_TEST

START_TEST(DL_H12_frames_of_zeros_or_ones_are_refused)
{
	uint8_t bytes[FRAME_MAX];
	struct frame f;

	memset(bytes, 0, sizeof(bytes));
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		frame_parse(bytes, n, FRAME_MAX, &f);
		ck_assert_int_eq(f.kind, FRAME_BAD);
	}
	memset(bytes, 0xFF, sizeof(bytes));
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		frame_parse(bytes, n, FRAME_MAX, &f);
		ck_assert_int_eq(f.kind, FRAME_BAD);
	}
}
END_TEST

/* Every FCTR, with and without a packet: which are legal is a table of its own, ifx-i2c 3.2. */
START_TEST(every_frame_control_byte_is_judged)
{
	const uint8_t fctr = (uint8_t)_i, packet[2] = { 0x00, 0x11 };
	enum frame_kind ctrl = FRAME_BAD, data = FRAME_BAD;
	uint8_t bytes[16];
	struct frame f;

	if (fctr <= 0x0F || (fctr >= 0x20 && fctr <= 0x2F))
		data = FRAME_DATA;
	if (fctr >= 0x80 && fctr <= 0x83)
		ctrl = FRAME_ACK;
	if (fctr >= 0xA0 && fctr <= 0xA3)
		ctrl = FRAME_NAK;
	if (fctr == 0xC0)
		ctrl = FRAME_RESYNC;
	frame_parse(bytes, frame_build(bytes, fctr, NULL, 0), FRAME_MAX, &f);
	ck_assert_int_eq(f.kind, ctrl);
	frame_parse(bytes, frame_build(bytes, fctr, packet, 2), FRAME_MAX, &f);
	ck_assert_int_eq(f.kind, ctrl != FRAME_BAD ? FRAME_IGNORE : data);
	if (data == FRAME_DATA)
		ck_assert_int_eq(f.nak, fctr >= 0x20);
}
END_TEST

static const char *
text_of(json_t *event, const char *key)
{
	const char *s = json_string_value(json_object_get(event, key));

	return s != NULL ? s : "";
}

/* What the vendor's library sent, all variants; two variants send what was spoilt on purpose. */
START_TEST(frames_of_the_vendor_host_parse)
{
	const char *top = getenv("top_srcdir");
	unsigned ndata = 0, nctrl = 0;
	char path[4096], *line = NULL;
	size_t cap = 0;
	FILE *in;

	(void)snprintf(path, sizeof(path), "%s/tests/vectors/vendor-host-traces.jsonl",
	    top != NULL ? top : ".");
	ck_assert_msg((in = fopen(path, "r")) != NULL, "%s", path);
	while (getline(&line, &cap, in) > 0) {
		json_t *event = json_loads(line, 0, NULL);
		uint8_t bytes[400], again[400];
		size_t n;
		struct frame f;

		ck_assert_ptr_nonnull(event);
		n = fake_hex(text_of(event, "hex"), bytes, sizeof(bytes));
		if (strcmp(text_of(event, "dir"), "W") == 0 && n > 1 && bytes[0] == 0x80) {
			frame_parse(bytes + 1, n - 1, FRAME_MAX, &f);
			ck_assert_msg(f.kind != FRAME_BAD && f.kind != FRAME_IGNORE, "%s", line);
			ck_assert_uint_eq(frame_build(again, bytes[1], f.packet, f.len), n - 1);
			ck_assert_mem_eq(again, bytes + 1, n - 1);
			ndata += f.kind == FRAME_DATA;
			nctrl += f.kind != FRAME_DATA;
		}
		json_decref(event);
	}
	free(line);
	(void)fclose(in);
	ck_assert_uint_gt(ndata, 80);
	ck_assert_uint_gt(nctrl, 60);
}
END_TEST

int
main(void)
{
	const int nframes = (int)NITEMS(frames);
	Suite *s = suite_create("link frames");
	TCase *t = tcase_create("frames");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(t, DL_H2_crc_vectors, 0, (int)NITEMS(crcs));
	tcase_add_test(t, DL_H2_crc_of_all_bytes);
	tcase_add_loop_test(t, frames_of_the_specification_are_built, 0, nframes);
	tcase_add_loop_test(t, frames_of_the_specification_are_parsed, 0, nframes);
	tcase_add_loop_test(t, DL_H2_every_single_bit_error_is_found, 0, nframes);
	tcase_add_loop_test(t, FT_12_every_wrong_size_is_found, 0, nframes);
	tcase_add_test(t, DL_H12_frames_of_zeros_or_ones_are_refused);
	tcase_add_loop_test(t, every_frame_control_byte_is_judged, 0, 256);
	tcase_add_test(t, frames_of_the_vendor_host_parse);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
