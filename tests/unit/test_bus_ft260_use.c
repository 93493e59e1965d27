/*
 * ft260: in use: the layers above with the simulated chip behind a made-up FT260 and its faults,
 * boards that are unplugged and return, records, lines.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ft260.h"
#include "hal/chip/chip.h"
#include "tests/unit/bus_ft260.h"

static struct emu emu, second;
static struct bus *b;
static struct chip *c;

/* --- fixtures ------------------------------------------------------------------------------ */

static void
setup(void)
{
	bed_setup();
	bed_listen();
	emu_init(&emu);
	emu_init(&second);
}

static void
setup_plugged(void)
{
	setup();
	emu_plug("1-1.4", "", 3, &emu);
}

static void
setup_opened(void)
{
	setup_plugged();
	ck_assert_int_eq(bus_open("ft260:", &b), 0);
	/* The chip starts. */
	ck_assert_int_eq(bus_sleep(b, BUS_MS(20)), 0);
}

static void
teardown(void)
{
	ck_assert(!emu.foreign);
	chip_close(&c);
	bus_close(&b);
	bed_teardown();
}

static int
read_state(uint8_t state[4])
{
	static const uint8_t reg = 0x82;
	int r = bus_write(b, &reg, 1);

	if (r != 0)
		return r;
	(void)bus_sleep(b, BUS_US(50));
	return bus_read(b, state, 4);
}

/* The controller as it was set up, and nothing told yet. */
static void
warm_up(void)
{
	uint8_t state[4];

	ck_assert_int_eq(read_state(state), 0);
	memset(emu.story, 0, sizeof(emu.story));
}

/* --- with the layers above ----------------------------------------------------------------- */

START_TEST(the_chip_works)
{
	struct buf pub = BUF_INIT, sig = BUF_INIT;
	uint8_t digest[32] = { 1 }, random[200], data[300];

	memset(data, 0x5A, sizeof(data));
	ck_assert_int_eq(chip_open("ft260:", &c), 0);
	ck_assert_int_eq(chip_acquire(c), 0);
	ck_assert_str_eq(chip_model(c)->id, "trust-m-v3");
	ck_assert_uint_eq(emu.khz, 400);
	ck_assert_int_eq(chip_random(c, random, sizeof(random)), 0);
	ck_assert_int_eq(chip_data_write(c, 0xF1E0, 0, data, sizeof(data), CHIP_WRITE), 0);
	ck_assert_int_eq(chip_keypair(c, 0xE0F1, CHIP_ALG_P256, 0x10, &pub), 0);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F1, 32, digest, sizeof(digest), &sig), 0);
	chip_release(c);
	ck_assert_uint_eq(emu.longest_write, 60);
	buf_free(&pub);
	buf_free(&sig);
}
END_TEST

static const enum emu_fault passing[] = { EMU_ADDR_NACK, EMU_READ_NACK, EMU_READ_NACK_BUSY,
	EMU_READ_NACK_EMPTY, EMU_DATA_NACK, EMU_ARBITRATION, EMU_LATE, EMU_LOST, EMU_STRAY,
	EMU_SPLIT, EMU_SLOW, EMU_HELD };

START_TEST(a_passing_fault_is_no_error_above)
{
	uint8_t random[32];

	ck_assert_int_eq(chip_open("ft260:", &c), 0);
	ck_assert_int_eq(chip_acquire(c), 0);
	for (size_t i = 0; i < NITEMS(passing); i++)
		for (unsigned n = 0; n < 3; n++) {
			emu.fault = passing[i];
			emu.fault_skip = n;
			ck_assert_int_eq(chip_random(c, random, sizeof(random)), 0);
		}
	chip_release(c);
}
END_TEST

/* There is a node, and nothing to read from it. */
START_TEST(the_kernels_own_driver_keeps_the_reports)
{
	const char *hid = "/sys" USB_PATH "/1-1.4/1-1.4:1.0/0003:0403:6030.0003";
	char path[256];
	uint8_t data[4];

	ck_assert_int_eq(bus_write(b, (const uint8_t[]){ 0x82 }, 1), 0);
	emu.fault = EMU_LOST;
	ck_assert_int_eq(bus_read(b, data, sizeof(data)), HAL_EIO);
	(void)snprintf(path, sizeof(path), "%s/driver", hid);
	bed_link(path, "../../../../../../bus/hid/drivers/ft260");
	bed_write("/sys/bus/hid/drivers/ft260/bind", "");
	(void)snprintf(path, sizeof(path), "%s/i2c-7/name", hid);
	bed_write(path, "FT260\n");
	emu.fault = EMU_LOST;
	ck_assert_int_eq(bus_read(b, data, sizeof(data)), HAL_ENODEV);
	bed_must_say(
	    "ft260: the kernel driver hid_ft260 has the board at 1-1.4; it offers it as "
	    "/dev/i2c-7. Use i2c:/dev/i2c-7, or unload the driver: modprobe -r hid_ft260\n");
}
END_TEST

START_TEST(nobody_answers)
{
	ck_assert_int_eq(chip_open("ft260:?addr=0x31", &c), 0);
	ck_assert_int_eq(chip_acquire(c), HAL_ENODEV);
	bed_must_say("ft260: no answer at I2C address 0x31 for 100 ms; check supply, wiring and "
		     "reset\n");
	ck_assert_ptr_null(strstr(bed_said(), "no answer"));
	ck_assert_uint_eq(emu.resets, 0);
}
END_TEST

/* --- unplugging ---------------------------------------------------------------------------- */

START_TEST(unplugged_is_an_error_and_works_again_when_it_returns)
{
	uint8_t random[8];

	ck_assert_int_eq(chip_open("ft260:", &c), 0);
	ck_assert_int_eq(chip_acquire(c), 0);
	ck_assert_int_eq(chip_random(c, random, sizeof(random)), 0);
	emu_unplug("1-1.4", 3, &emu);
	ck_assert_int_eq(chip_random(c, random, sizeof(random)), HAL_ENODEV);
	bed_must_say("ft260: board at 1-1.4 was unplugged\n");
	ck_assert_int_eq(chip_random(c, random, sizeof(random)), HAL_ENODEV);
	ck_assert_ptr_null(strstr(bed_said(), "unplugged"));
	chip_release(c);
	ck_assert_int_eq(chip_acquire(c), HAL_ENODEV);
	ck_assert_int_eq(chip_acquire(c), HAL_ENODEV);
	sim_line(bed_chip, SIM_LINE_SUPPLY, false);
	sim_line(bed_chip, SIM_LINE_SUPPLY, true);
	emu.khz = 100;
	emu_replug("1-1.4", 3, &emu);
	ck_assert_int_eq(chip_acquire(c), 0);
	ck_assert_int_eq(chip_random(c, random, sizeof(random)), 0);
	ck_assert_uint_eq(emu.khz, 400);
	chip_release(c);
}
END_TEST

static const char calls[] = { 'w', 'r', 'k', 'l' };

START_TEST(unplugged_before_any_call)
{
	uint8_t data[4] = { 0x82 };
	int r = 0;

	bus_close(&b);
	ck_assert_int_eq(bus_open("ft260:?reset=F", &b), 0);
	warm_up();
	emu_unplug("1-1.4", 3, &emu);
	switch (calls[_i]) {
	case 'w': r = bus_write(b, data, 1); break;
	case 'r': r = bus_read(b, data, 4); break;
	case 'k': r = bus_set_khz(b, 400); break;
	default: r = bus_reset_line(b); break;
	}
	ck_assert_int_eq(r, HAL_ENODEV);
	bed_must_say("ft260: board at 1-1.4 was unplugged\n");
	ck_assert_int_eq(bus_write(b, data, 1), HAL_ENODEV);
	ck_assert_int_eq(bus_read(b, data, 4), HAL_ENODEV);
	ck_assert_int_eq(bus_set_khz(b, 300), HAL_ENODEV);
	ck_assert_int_eq(bus_reset_line(b), HAL_ENODEV);
	ck_assert_str_eq(bed_said(), "");
}
END_TEST

START_TEST(it_returns_under_another_name)
{
	uint8_t state[4];

	warm_up();
	emu_unplug("1-1.4", 3, &emu);
	ck_assert_int_eq(read_state(state), HAL_ENODEV);
	emu_add_interface("1-1.4", 0, USBHID);
	emu_add_hid("1-1.4", 0, "", 6);
	emu_add_hidraw("1-1.4", 0, 6, &second);
	ck_assert_int_eq(bus_lock(b), 0);
	ck_assert_str_eq(((struct ft260 *)b->priv)->node, "/dev/hidraw6");
	ck_assert_int_eq(read_state(state), 0);
	bus_unlock(b);
}
END_TEST

/* --- records, lines ------------------------------------------------------------------------ */

START_TEST(two_handles_share_the_record)
{
	struct chip *other = NULL;
	uint8_t random[8];
	char record[128];
	struct stat st;

	ck_assert_int_eq(mkdir(bus_record_dir, 0770), 0);
	ck_assert_int_eq(chip_open("ft260:", &c), 0);
	ck_assert_int_eq(chip_open("ft260:usb/1-1.4", &other), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(chip_acquire(c), 0);
		ck_assert_int_eq(chip_random(c, random, sizeof(random)), 0);
		chip_release(c);
		ck_assert_int_eq(chip_acquire(other), 0);
		ck_assert_int_eq(chip_random(other, random, sizeof(random)), 0);
		chip_release(other);
	}
	chip_close(&other);
	snprintf(record, sizeof(record), "%s/hidraw3-30.record", bus_record_dir);
	ck_assert_int_eq(stat(record, &st), 0);
}
END_TEST

static const struct {
	const char *name;
	uint8_t byte, mask;
	const char *story; /* of making it an output, with UART mode 1 */
	uint8_t uart;      /* mode before */
} lines[] = {
	{ "2", 1, 0x04, "g1", 1 },
	{ "3", 1, 0x08, "g1", 1 },
	{ "4", 1, 0x10, "g1", 1 },
	{ "5", 1, 0x20, "g1", 1 },
	{ "A", 3, 0x01, "g1", 1 },
	{ "B", 3, 0x02, "u1", 1 },
	{ "B", 3, 0x02, "1", 4 },
	{ "C", 3, 0x04, "u1", 4 },
	{ "C", 3, 0x04, "1", 0 },
	{ "D", 3, 0x08, "u1", 1 },
	{ "E", 3, 0x10, "u1", 1 },
	{ "F", 3, 0x20, "1", 1 },
	{ "F", 3, 0x20, "u1", 2 },
	{ "G", 3, 0x40, "g1", 1 },
	{ "H", 3, 0x80, "u1", 2 },
};

START_TEST(every_line_resets_and_leaves_the_others_alone)
{
	char selector[64], want[32];

	bus_close(&b);
	emu.gpio_byte = lines[_i].byte;
	emu.gpio_mask = lines[_i].mask;
	emu.settings[6] = lines[_i].uart;
	emu.gpio[1] = 0x03;
	emu.gpio[4] = 0x00;
	snprintf(
	    selector, sizeof(selector), "ft260:?%s=%s", _i % 2 ? "vdd" : "reset", lines[_i].name);
	ck_assert_int_eq(bus_open(selector, &b), 0);
	ck_assert_str_eq(emu.story, "");
	ck_assert_int_eq(bus_reset_line(b), 0);
	snprintf(want, sizeof(want), "ks%s01", lines[_i].story);
	ck_assert_str_eq(emu.story, want);
	ck_assert_uint_ge(emu.low_ns, _i % 2 ? 2000000 : 10000);
	/* An output, high; the rest as before. */
	ck_assert_uint_eq(emu.gpio[lines[_i].byte] & lines[_i].mask, lines[_i].mask);
	ck_assert_uint_eq(emu.gpio[lines[_i].byte + 1], lines[_i].mask);
	ck_assert_uint_eq(emu.gpio[1] & 0x03, 0x03);
}
END_TEST

START_TEST(the_chip_is_reset_by_its_line)
{
	bus_close(&b);
	ck_assert_int_eq(chip_open("ft260:?reset=F&vdd=A", &c), 0);
	ck_assert_int_eq(chip_acquire(c), 0);
	chip_release(c);
	ck_assert_ptr_nonnull(strstr(emu.story, "01"));
	ck_assert_uint_eq(emu.gpio[3] & 0x21, 0x21);
	ck_assert_uint_eq(emu.gpio[4], 0x21);
}
END_TEST

static void
add_opened(TCase *t)
{
	tcase_add_loop_test(t, unplugged_before_any_call, 0, (int)NITEMS(calls));
	tcase_add_test(t, it_returns_under_another_name);
	tcase_add_loop_test(
	    t, every_line_resets_and_leaves_the_others_alone, 0, (int)NITEMS(lines));
	tcase_add_test(t, the_chip_is_reset_by_its_line);
}

int
main(void)
{
	Suite *s = suite_create("ft260 in use");
	TCase *t = tcase_create("board"), *opened = tcase_create("open board");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup_plugged, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, the_chip_works);
	tcase_add_test(t, a_passing_fault_is_no_error_above);
	tcase_add_test(t, nobody_answers);
	tcase_add_test(t, unplugged_is_an_error_and_works_again_when_it_returns);
	tcase_add_test(t, two_handles_share_the_record);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(opened, setup_opened, teardown);
	tcase_add_test(opened, the_kernels_own_driver_keeps_the_reports);
	tcase_set_timeout(opened, 60);
	add_opened(opened);
	suite_add_tcase(s, opened);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
