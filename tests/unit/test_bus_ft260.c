/*
 * ft260: on a made-up machine: finding boards, and transfers with the habits and faults of the
 * FT260. hidapi and libudev run unchanged.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ft260.h"
#include "tests/unit/bus_ft260.h"

static struct emu emu, second;
static struct bus *b;

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
	bus_close(&b);
	bed_teardown();
}

static void
refused(const char *selector, int result, const char *says)
{
	ck_assert_int_eq(bus_open(selector, &b), result);
	ck_assert_ptr_null(b);
	bed_must_say(says);
}

/* --- finding ------------------------------------------------------------------------------- */

START_TEST(no_board)
{
	refused("ft260:", HAL_ENODEV, "ft260: no FT260 (USB 0403:6030) is connected\n");
	refused("ft260:usb/1-1", HAL_ENODEV, "ft260: no FT260 (USB 0403:6030) is connected\n");
}
END_TEST

START_TEST(the_kernels_own_driver_has_it)
{
	emu_add_usb("1-1.4");
	emu_add_interface("1-1.4", 0, USBHID);
	emu_add_hid("1-1.4", 0, "", 1);
	bed_link("/sys" USB_PATH "/1-1.4/1-1.4:1.0/0003:0403:6030.0001/driver",
	    "../../../../../../bus/hid/drivers/ft260");
	bed_write("/sys/bus/hid/drivers/ft260/bind", "");
	bed_write("/sys" USB_PATH "/1-1.4/1-1.4:1.0/0003:0403:6030.0001/i2c-7/name", "FT260\n");
	bed_write("/sys/bus/usb/drivers/usbhid/bind", "");
	refused("ft260:", HAL_ENODEV,
	    "ft260: the kernel driver hid_ft260 has the board at 1-1.4; it offers it as "
	    "/dev/i2c-7. Use i2c:/dev/i2c-7, or unload the driver: modprobe -r hid_ft260\n");
	refused("ft260:usb/1-1.4", HAL_ENODEV, "has the board at 1-1.4");
}
END_TEST

START_TEST(no_driver_at_all)
{
	emu_add_usb("1-1.4");
	emu_add_interface("1-1.4", 0, NULL);
	refused("ft260:", HAL_ENODEV,
	    "ft260: no driver on 1-1.4:1.0, another program took it and did not give it back; "
	    "unplug and replug the board\n");
}
END_TEST

START_TEST(a_board_without_node_and_without_reason)
{
	emu_add_usb("1-1.4");
	emu_add_interface("1-1.4", 0, USBHID);
	bed_write("/sys/bus/usb/drivers/usbhid/bind", "");
	refused("ft260:", HAL_ENODEV, "ft260: no board \"\"; found: none\n");
}
END_TEST

START_TEST(no_permission)
{
	ck_assert_int_eq(bed_open_as_nobody("ft260:", "/dev/hidraw3"), HAL_EACCES);
	bed_must_say("ft260: /dev/hidraw3: Permission denied; add a udev rule (70-optiga.rules) or "
		     "join group plugdev\n");
}
END_TEST

START_TEST(no_such_board)
{
	emu_plug("1-2", "XY", 8, &second);
	bed_write("/sys/bus/usb/drivers/usbhid/bind", "");
	ck_assert_int_eq(bus_open("ft260:AB12", &b), HAL_ENODEV);
	/* In the order of the kernel. */
	bed_must_say(
	    "ft260: no board \"AB12\"; found: usb/1-1.4 (no serial), usb/1-2 (serial XY)\n");
	refused("ft260:usb/1-1", HAL_ENODEV, "no board \"usb/1-1\"; found: usb/1-1.4");
	refused("ft260:/dev/hidraw9", HAL_EINVAL, "is the UART interface, use /dev/hidraw8\n");
	refused("ft260:/dev/null", HAL_ENODEV, "no board \"/dev/null\"");
}
END_TEST

START_TEST(several_boards)
{
	emu_plug("1-2", "XY", 8, &second);
	refused("ft260:", HAL_EINVAL,
	    "ft260: 2 boards connected, choose one: ft260:usb/1-1.4 ft260:usb/1-2\n");
}
END_TEST

static const char *const names[] = { "ft260:usb/1-2", "ft260:XY", "ft260:/dev/hidraw8" };

START_TEST(every_name_of_a_board)
{
	emu_plug("1-2", "XY", 8, &second);
	ck_assert_int_eq(bus_open(names[_i], &b), 0);
	ck_assert_str_eq(((struct ft260 *)b->priv)->node, "/dev/hidraw8");
	ck_assert_str_eq(((struct ft260 *)b->priv)->port, "1-2");
	bus_close(&b);
	ck_assert_int_eq(bus_open("ft260:usb/1-1.4", &b), 0);
	ck_assert_str_eq(((struct ft260 *)b->priv)->node, "/dev/hidraw3");
}
END_TEST

START_TEST(a_board_with_a_single_interface)
{
	emu_add_usb("1-3");
	emu_add_interface("1-3", 0, USBHID);
	emu_add_hid("1-3", 0, "", 5);
	emu_add_hidraw("1-3", 0, 5, &emu);
	emu.settings[1] = 1;
	ck_assert_int_eq(bus_open("ft260:", &b), 0);
}
END_TEST

START_TEST(a_board_strapped_as_uart)
{
	emu.settings[1] = 2;
	refused("ft260:", HAL_ENOTSUP,
	    "ft260: board at 1-1.4 is strapped as UART only (DCNF mode 2), no I2C\n");
}
END_TEST

START_TEST(the_uart_interface)
{
	refused("ft260:/dev/hidraw4", HAL_EINVAL,
	    "ft260: /dev/hidraw4 is the UART interface, use /dev/hidraw3\n");
}
END_TEST

/* --- opening ------------------------------------------------------------------------------- */

START_TEST(opening_changes_nothing_the_first_transfer_does)
{
	uint8_t reg = 0x82;

	emu.khz = 3400;
	emu.settings[5] = 0;
	ck_assert_int_eq(bus_open("ft260:?khz=250", &b), 0);
	ck_assert_uint_eq(bus_frame_max(b), 59);
	ck_assert_uint_eq(bus_khz_wanted(b), 250);
	ck_assert_uint_eq(bus_khz(b), 100);
	ck_assert_str_eq(emu.story, "");
	ck_assert_int_eq(bus_set_khz(b, 250), 0);
	ck_assert_str_eq(emu.story, "");
	(void)bus_sleep(b, BUS_MS(20));
	ck_assert_int_eq(bus_write(b, &reg, 1), 0);
	ck_assert_uint_eq(emu.khz, 250);
	ck_assert_uint_eq(emu.settings[5], 1);
	ck_assert_int_eq(bus_set_khz(b, 400), 0);
	ck_assert_uint_eq(emu.khz, 400);
	ck_assert_str_eq(emu.story, "ksWsk");
	ck_assert_int_eq(bus_reset_line(b), HAL_ENOTSUP);
}
END_TEST

START_TEST(a_bus_left_busy_is_freed_first)
{
	uint8_t reg = 0x82;

	emu.held = true;
	ck_assert_int_eq(bus_write(b, &reg, 1), 0);
	ck_assert_str_eq(emu.story, "ksxsWs");
}
END_TEST

/* --- transfers ----------------------------------------------------------------------------- */

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

START_TEST(a_register_read_step_by_step)
{
	uint8_t state[4] = { 0 };

	warm_up();
	ck_assert_int_eq(read_state(state), 0);
	ck_assert_mem_eq(state, ((const uint8_t[]){ 0x08, 0x80, 0x00, 0x00 }), 4);
	ck_assert_str_eq(emu.story, "WsRs");
	ck_assert_uint_eq(emu.resets, 0);
}
END_TEST

START_TEST(every_length_fits_one_report)
{
	uint8_t data[61] = { 0x82 };

	warm_up();
	for (size_t n = 1; n <= 60; n++) {
		ck_assert_int_eq(bus_read(b, data, n), 0);
		data[0] = 0x82;
		ck_assert_int_eq(bus_write(b, data, n), 0);
	}
	ck_assert_uint_eq(emu.longest_write, 60);
	ck_assert_int_eq(bus_write(b, data, 61), HAL_EINVAL);
	ck_assert_int_eq(bus_read(b, data, 61), HAL_EINVAL);
}
END_TEST

static const struct {
	enum emu_fault fault;
	int write, read;
	unsigned resets;
	const char *story; /* from the write on; the read only if the write went well */
} faults[] = {
	{ EMU_NONE, 0, 0, 0, "WsRs" },
	{ EMU_ADDR_NACK, HAL_ENACK, 0, 0, "Ws" },
	{ EMU_DATA_NACK, HAL_EIO, 0, 0, "Ws" },
	{ EMU_ARBITRATION, HAL_EIO, 0, 1, "Wsxs" },
	{ EMU_SLOW, 0, 0, 0, "WssssRs" },
	{ EMU_READ_NACK, 0, HAL_ENACK, 0, "WsRs" },
	{ EMU_READ_NACK_BUSY, 0, HAL_ENACK, 1, "WsRsxs" },
	{ EMU_READ_NACK_EMPTY, 0, HAL_ENACK, 0, "WsRss" },
	{ EMU_STRAY, 0, 0, 0, NULL },
	{ EMU_SPLIT, 0, 0, 0, "WsRs" },
	{ EMU_LOST, 0, HAL_EIO, 1, NULL },
	{ EMU_LATE, 0, HAL_EIO, 1, NULL },
	{ EMU_HELD, HAL_EIO, 0, 1, NULL },
};

START_TEST(every_fault_has_its_result_and_the_next_transfer_works)
{
	uint8_t state[4] = { 0 };
	const uint8_t reg = 0x82;

	warm_up();
	emu.fault = faults[_i].fault;
	ck_assert_int_eq(bus_write(b, &reg, 1), faults[_i].write);
	if (faults[_i].write == 0) {
		ck_assert_int_eq(bus_read(b, state, 4), faults[_i].read);
		/* Not a byte of a read that failed. */
		if (faults[_i].read != 0)
			ck_assert_mem_eq(state, "\xFF\xFF\xFF\xFF", 4);
	}
	if (faults[_i].story != NULL)
		ck_assert_str_eq(emu.story, faults[_i].story);
	ck_assert_uint_eq(emu.resets, faults[_i].resets);
	ck_assert_int_eq(read_state(state), 0);
	ck_assert_mem_eq(state, ((const uint8_t[]){ 0x08, 0x80, 0x00, 0x00 }), 4);
	ck_assert(!b->gone);
}
END_TEST

START_TEST(reports_left_over_are_not_the_answer)
{
	uint8_t state[4];

	warm_up();
	for (int i = 0; i < 5; i++)
		emu_left_over(&emu, (const uint8_t[]){ 0xD0, 0x04, 0xEE, 0xEE, 0xEE, 0xEE }, 6);
	ck_assert_int_eq(read_state(state), 0);
	ck_assert_mem_eq(state, ((const uint8_t[]){ 0x08, 0x80, 0x00, 0x00 }), 4);
}
END_TEST

START_TEST(a_refusal_hidden_by_the_doze_is_seen)
{
	const uint8_t reg = 0x82;

	warm_up();
	/* Spoken to lately: one look, which cannot know. */
	emu.fault = EMU_HIDDEN_NACK;
	ck_assert_int_eq(bus_write(b, &reg, 1), 0);
	warm_up();
	((struct ft260 *)b->priv)->last = bus_now(b) - BUS_MS(4100);
	emu.fault = EMU_HIDDEN_NACK;
	ck_assert_int_eq(bus_write(b, &reg, 1), HAL_ENACK);
	ck_assert_str_eq(emu.story, "sWss");
}
END_TEST

START_TEST(a_stuck_bus_is_reported_and_works_when_it_is_free)
{
	uint8_t state[4];

	warm_up();
	emu.fault = EMU_STUCK;
	ck_assert_int_eq(read_state(state), HAL_ENODEV);
	bed_must_say("ft260: I2C bus is stuck (status 0x40); SDA or SCL held low\n");
	ck_assert(!b->gone);
	emu.stuck = false;
	ck_assert_int_eq(read_state(state), 0);
}
END_TEST

START_TEST(a_controller_that_says_nothing_it_should)
{
	uint8_t state[4];

	warm_up();
	/* Reports of another length or kind: an error, nothing worse. */
	emu.settings[0] = 0;
	bus_close(&b);
	ck_assert_int_eq(bus_open("ft260:", &b), HAL_EIO);
	bed_must_say("ft260: board at 1-1.4 does not answer as an FT260 does\n");
	emu.settings[0] = 0xA1;
	ck_assert_int_eq(bus_open("ft260:", &b), 0);
	ck_assert_int_eq(read_state(state), 0);
}
END_TEST

static void
add_opened(TCase *t)
{
	tcase_add_test(t, a_bus_left_busy_is_freed_first);
	tcase_add_test(t, a_register_read_step_by_step);
	tcase_add_test(t, every_length_fits_one_report);
	tcase_add_loop_test(
	    t, every_fault_has_its_result_and_the_next_transfer_works, 0, (int)NITEMS(faults));
	tcase_add_test(t, reports_left_over_are_not_the_answer);
	tcase_add_test(t, a_refusal_hidden_by_the_doze_is_seen);
	tcase_add_test(t, a_stuck_bus_is_reported_and_works_when_it_is_free);
	tcase_add_test(t, a_controller_that_says_nothing_it_should);
}

int
main(void)
{
	Suite *s = suite_create("ft260");
	TCase *bare = tcase_create("no board"), *t = tcase_create("board"),
	      *opened = tcase_create("open board");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(bare, setup, teardown);
	tcase_set_timeout(bare, 60);
	tcase_add_test(bare, no_board);
	tcase_add_test(bare, the_kernels_own_driver_has_it);
	tcase_add_test(bare, no_driver_at_all);
	tcase_add_test(bare, a_board_without_node_and_without_reason);
	tcase_add_test(bare, a_board_with_a_single_interface);
	suite_add_tcase(s, bare);
	tcase_add_checked_fixture(t, setup_plugged, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, no_permission);
	tcase_add_test(t, no_such_board);
	tcase_add_test(t, several_boards);
	tcase_add_loop_test(t, every_name_of_a_board, 0, (int)NITEMS(names));
	tcase_add_test(t, a_board_strapped_as_uart);
	tcase_add_test(t, the_uart_interface);
	tcase_add_test(t, opening_changes_nothing_the_first_transfer_does);
	suite_add_tcase(s, t);
	tcase_add_checked_fixture(opened, setup_opened, teardown);
	tcase_set_timeout(opened, 60);
	add_opened(opened);
	suite_add_tcase(s, opened);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
