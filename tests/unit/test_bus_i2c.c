/*
 * i2c: on a made-up machine: the driver, and the layers above it, on an adapter that umockdev
 * answers for and the simulated chip behind it. libgpiod's calls are answered here.
 */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/i2c.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"
#include "hal/chip/chip.h"
#include "tests/unit/bus_bed.h"
#include "tests/unit/bus_gpio.h"
#include "tests/unit/bus_i2c.h"

/* --- fixtures ------------------------------------------------------------------------------ */

static struct bus *b;
static struct chip *c;

static void
setup(void)
{
	memset(&gpio, 0, sizeof(gpio));
	bed_setup();
	adapter_setup();
	bed_listen();
}

static void
setup_plugged(void)
{
	setup();
	adapter_plug("bcm2835 (i2c@7e804000)");
}

static void
teardown(void)
{
	ck_assert_uint_eq(ad.rdwr, 0);
	chip_close(&c);
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

/* --- opening ------------------------------------------------------------------------------- */

START_TEST(no_node_but_an_adapter_wants_the_module)
{
	bed_write("/sys/bus/i2c/devices/i2c-1/name", "bcm2835\n");
	refused("i2c:1", HAL_ENODEV,
	    "i2c: /dev/i2c-1: no such file; load the module: modprobe i2c-dev\n");
}
END_TEST

START_TEST(no_node_and_no_adapter)
{
	refused("i2c:/dev/i2c-1", HAL_ENODEV,
	    "i2c: /dev/i2c-1: no such file; on a Raspberry Pi enable I2C (dtparam=i2c_arm=on)\n");
}
END_TEST

START_TEST(no_permission)
{
	ck_assert_int_eq(bed_open_as_nobody("i2c:1", "/dev/i2c-1"), HAL_EACCES);
	bed_must_say("i2c: /dev/i2c-1: Permission denied; join group i2c\n");
}
END_TEST

START_TEST(address_in_use_by_a_kernel_driver)
{
	ad.slave_errno = EBUSY;
	refused(
	    "i2c:1", HAL_EBUSY, "i2c: address 0x30 on /dev/i2c-1 is in use by a kernel driver\n");
	ad.slave_errno = EINVAL;
	refused("i2c:1?addr=0x31", HAL_EIO, "i2c: /dev/i2c-1: address 0x31: Invalid argument\n");
}
END_TEST

START_TEST(not_an_i2c_device)
{
	ad.funcs = 0;
	refused("i2c:/dev/i2c-1", HAL_EINVAL, "i2c: /dev/i2c-1 is not an I2C device\n");
	refused("i2c:/dev/null", HAL_EINVAL, "i2c: /dev/null is not an I2C device\n");
}
END_TEST

START_TEST(an_adapter_for_smbus_only)
{
	ad.funcs = I2C_FUNC_SMBUS_EMUL;
	adapter_plug("SMBus PIIX4 adapter");
	refused("i2c:1", HAL_ENOTSUP, "i2c: /dev/i2c-1 (SMBus PIIX4 adapter) can do SMBus only\n");
}
END_TEST

START_TEST(settings_of_the_selector)
{
	ck_assert_int_eq(bus_open("i2c:1?addr=0x31&frame=100&khz=1000", &b), 0);
	ck_assert_uint_eq(ad.addr, 0x31);
	ck_assert_uint_eq(bus_frame_max(b), 100);
	/* Stated, not set. */
	ck_assert_uint_eq(bus_khz(b), 1000);
	ck_assert_int_eq(bus_set_khz(b, 1000), 0);
	ck_assert_int_eq(bus_set_khz(b, 400), HAL_ENOTSUP);
	ck_assert_int_eq(bus_reset_line(b), HAL_ENOTSUP);
	bus_close(&b);
	ck_assert_int_eq(bus_open("i2c:/dev/i2c-1", &b), 0);
	ck_assert_uint_eq(bus_khz(b), 100);
	ck_assert_uint_eq(bus_frame_max(b), 277);
	ck_assert_ptr_null(bus_record(b));
}
END_TEST

START_TEST(frames_fit_the_reports_of_an_ft260_behind_its_kernel_driver)
{
	adapter_plug("FT260 usb-i2c bridge on hidraw0");
	ck_assert_int_eq(bus_open("i2c:1", &b), 0);
	ck_assert_uint_eq(bus_frame_max(b), 59);
	bus_close(&b);
	ck_assert_int_eq(bus_open("i2c:1?frame=32", &b), 0);
	ck_assert_uint_eq(bus_frame_max(b), 32);
}
END_TEST

/* --- transfers ----------------------------------------------------------------------------- */

static const struct {
	int err, result;
} results[] = {
	{ ENXIO, HAL_ENACK },
	{ EREMOTEIO, HAL_ENACK },
	{ EIO, HAL_ENACK },
	{ EAGAIN, HAL_ENACK },
	{ ETIMEDOUT, HAL_EIO },
	{ EOPNOTSUPP, HAL_ENODEV },
	{ EINVAL, HAL_ENODEV },
	{ ENODEV, HAL_ENODEV },
};

START_TEST(every_errno_has_its_result)
{
	uint8_t byte = 0x82;

	ck_assert_int_eq(bus_open("i2c:1", &b), 0);
	ad.fail_errno = results[_i].err;
	ad.nfail = 1;
	ck_assert_int_eq(bus_write(b, &byte, 1), results[_i].result);
	ck_assert_int_eq(b->gone, results[_i].err == ENODEV);
	bus_close(&b);
	ck_assert_int_eq(bus_open("i2c:1", &b), 0);
	ad.nfail = 1;
	ck_assert_int_eq(bus_read(b, &byte, 1), results[_i].result);
}
END_TEST

START_TEST(a_short_transfer_is_a_fault)
{
	uint8_t data[4] = { 0x82 };

	ck_assert_int_eq(bus_open("i2c:1", &b), 0);
	ad.cut = true;
	ck_assert_int_eq(bus_write(b, data, 2), HAL_EIO);
	ad.cut = true;
	ck_assert_int_eq(bus_read(b, data, 4), HAL_EIO);
	ck_assert_int_eq(bus_read(b, data, 0), HAL_EINVAL);
	ck_assert_int_eq(bus_write(b, data, 8193), HAL_EINVAL);
	ck_assert_int_eq(bus_read(b, data, 8193), HAL_EINVAL);
}
END_TEST

START_TEST(nobody_answers)
{
	ck_assert_int_eq(bus_open("i2c:1?addr=0x31", &b), 0);
	bus_close(&b);
	(void)bed_said();
	ck_assert_int_eq(chip_open("i2c:1?addr=0x31", &c), 0);
	ck_assert_int_eq(chip_acquire(c), HAL_ENODEV);
	bed_must_say("i2c: no answer at 0x31 on /dev/i2c-1 for 100 ms (Remote I/O error)\n");
	/* Said once per silence. */
	ck_assert_ptr_null(strstr(bed_said(), "no answer"));
}
END_TEST

START_TEST(a_stuck_bus_is_tried_once_more)
{
	ck_assert_int_eq(chip_open("i2c:1", &c), 0);
	ad.fail_errno = ETIMEDOUT;
	ad.nfail = 1000;
	ck_assert_int_eq(chip_acquire(c), HAL_ENODEV);
	ck_assert_uint_eq(ad.nfail, 998);
	bed_must_say("i2c: bus /dev/i2c-1 is stuck (Connection timed out); SDA or SCL held low\n");
	ad.nfail = 1;
	ck_assert_int_eq(chip_acquire(c), 0);
	chip_release(c);
}
END_TEST

static const int nacks[] = { EREMOTEIO, ENXIO, EIO };

/* The emulated kernel has no combined transfers (I2C_RDWR), which would be repeated starts. */
START_TEST(PL_H1_address_30_and_two_transfers_a_read)
{
	static const uint8_t reg = 0x82;
	uint8_t state[4] = { 0 };

	ck_assert_int_eq(bus_open("i2c:1", &b), 0);
	ck_assert_uint_eq(ad.addr, 0x30);
	ck_assert_int_eq(bus_write(b, &reg, 1), 0);
	ck_assert_uint_eq(ad.transfers, 1);
	(void)bus_sleep(b, BUS_US(50));
	ck_assert_int_eq(bus_read(b, state, sizeof(state)), 0);
	ck_assert_uint_eq(ad.transfers, 2);
	ck_assert_uint_eq(ad.rdwr, 0);
	ck_assert_uint_eq(state[0], 0x08);
}
END_TEST

/* Through all layers: the chip refuses while it starts and works, in each adapter's words. */
START_TEST(the_chip_works_on_every_kind_of_adapter)
{
	struct buf pub = BUF_INIT, sig = BUF_INIT;
	uint8_t digest[32] = { 1 }, random[32];

	ad.nack_errno = nacks[_i];
	ck_assert_int_eq(chip_open("i2c:1?khz=400", &c), 0);
	ck_assert_int_eq(chip_acquire(c), 0);
	ck_assert_str_eq(chip_model(c)->id, "trust-m-v3");
	ck_assert_int_eq(chip_random(c, random, sizeof(random)), 0);
	ck_assert_int_eq(chip_keypair(c, 0xE0F1, CHIP_ALG_P256, 0x10, &pub), 0);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE0F1, 32, digest, sizeof(digest), &sig), 0);
	ck_assert_uint_gt(sig.len, 60);
	chip_release(c);
	buf_free(&pub);
	buf_free(&sig);
}
END_TEST

START_TEST(writes_fit_an_ft260_behind_its_kernel_driver)
{
	uint8_t data[600];

	memset(data, 0x5A, sizeof(data));
	adapter_plug("FT260 usb-i2c bridge on hidraw0");
	ad.nack_errno = EIO;
	ck_assert_int_eq(chip_open("i2c:1?khz=400", &c), 0);
	ck_assert_int_eq(chip_acquire(c), 0);
	ck_assert_int_eq(chip_data_write(c, 0xF1E0, 0, data, sizeof(data), CHIP_WRITE), 0);
	chip_release(c);
	ck_assert_uint_eq(ad.longest_write, 60);
}
END_TEST

/* --- unplugging ---------------------------------------------------------------------------- */

START_TEST(unplugged_is_an_error_and_works_again_when_it_returns)
{
	uint8_t random[8];

	ck_assert_int_eq(chip_open("i2c:1?khz=400", &c), 0);
	ck_assert_int_eq(chip_acquire(c), 0);
	adapter_unplug();
	ck_assert_int_eq(chip_random(c, random, sizeof(random)), HAL_ENODEV);
	chip_release(c);
	bed_must_say("i2c: /dev/i2c-1 was unplugged\n");
	ck_assert_int_eq(chip_acquire(c), HAL_ENODEV);
	bed_must_say("no such file");
	ck_assert_int_eq(chip_acquire(c), HAL_ENODEV);
	sim_line(bed_chip, SIM_LINE_SUPPLY, false);
	sim_line(bed_chip, SIM_LINE_SUPPLY, true);
	adapter_plug("bcm2835 (i2c@7e804000)");
	ck_assert_int_eq(chip_acquire(c), 0);
	ck_assert_int_eq(chip_random(c, random, sizeof(random)), 0);
	chip_release(c);
}
END_TEST

/* --- lock and record ----------------------------------------------------------------------- */

static char record[128];

static void
make_records(void)
{
	ck_assert_int_eq(mkdir(bus_record_dir, 0770), 0);
	snprintf(record, sizeof(record), "%s/i2c-1-30.record", bus_record_dir);
}

START_TEST(two_handles_share_the_record_and_take_turns)
{
	struct bus *other = NULL;
	struct stat st;

	make_records();
	ck_assert_int_eq(bus_open("i2c:1", &b), 0);
	ck_assert_int_eq(bus_open("i2c:/dev/i2c-1", &other), 0);
	ck_assert_int_eq(stat(record, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0660);
	ck_assert_int_eq(bus_lock(b), 0);
	ck_assert_uint_eq(bus_record(b)->magic, 0);
	bus_record(b)->magic = 0x12345678;
	bus_unlock(b);
	ck_assert_int_eq(bus_lock(other), 0);
	ck_assert_uint_eq(bus_record(other)->magic, 0x12345678);
	bus_unlock(other);
	bus_close(&other);
}
END_TEST

/* Another program has its turn: everybody waits, until it is killed. */
START_TEST(the_lock_is_on_the_node_and_goes_with_its_process)
{
	int ready[2], status;
	char byte;
	pid_t pid;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(bus_open("i2c:1", &b), 0);
	if ((pid = fork()) == 0) {
		struct bus *other;

		if (bus_open("i2c:1", &other) == 0 && bus_lock(other) == 0 &&
		    write(ready[1], "!", 1) == 1)
			for (;;)
				pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(flock(b->lock_fd, LOCK_EX | LOCK_NB), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(bus_lock(b), 0);
	bus_unlock(b);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	(void)close(ready[0]);
	(void)close(ready[1]);
}
END_TEST

START_TEST(a_device_plugged_in_again_starts_a_new_record)
{
	struct bus *other = NULL;
	uint8_t byte = 0x82;

	make_records();
	ck_assert_int_eq(bus_open("i2c:1", &b), 0);
	ck_assert_int_eq(bus_open("i2c:1", &other), 0);
	ck_assert_int_eq(bus_lock(b), 0);
	bus_record(b)->magic = 0x12345678;
	bus_unlock(b);
	adapter_unplug();
	ck_assert_int_eq(bus_write(b, &byte, 1), HAL_ENODEV);
	adapter_plug("bcm2835 (i2c@7e804000)");
	ck_assert_int_eq(bus_lock(b), 0);
	ck_assert_uint_eq(bus_record(b)->magic, 0);
	bus_record(b)->magic = 0x87654321;
	bus_unlock(b);
	/* The other did nothing meanwhile, and finds out all the same. */
	ck_assert_int_eq(bus_lock(other), 0);
	ck_assert_uint_eq(bus_record(other)->magic, 0x87654321);
	ck_assert_int_eq(bus_write(other, &byte, 1), 0);
	bus_unlock(other);
	bus_close(&other);
}
END_TEST

START_TEST(a_record_that_cannot_be_had_is_a_failure)
{
	make_records();
	ck_assert_int_eq(symlink("/dev/null", record), 0);
	refused("i2c:1", HAL_ENODEV, "programs that share the chip need this file\n");
	ck_assert_int_eq(unlink(record), 0);
	ck_assert_int_eq(mkfifo(record, 0600), 0);
	refused("i2c:1", HAL_ENODEV, "programs that share the chip need this file\n");
}
END_TEST

START_TEST(two_chips_with_a_record_in_turn)
{
	struct chip *other = NULL;
	uint8_t random[8];

	make_records();
	ck_assert_int_eq(chip_open("i2c:1?khz=400", &c), 0);
	ck_assert_int_eq(chip_open("i2c:1?khz=400", &other), 0);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(chip_acquire(c), 0);
		ck_assert_int_eq(chip_random(c, random, sizeof(random)), 0);
		chip_release(c);
		ck_assert_int_eq(chip_acquire(other), 0);
		ck_assert_int_eq(chip_random(other, random, sizeof(random)), 0);
		chip_release(other);
	}
	chip_close(&other);
}
END_TEST

/* --- lines --------------------------------------------------------------------------------- */

START_TEST(the_reset_line_is_held_high_and_pulled_for_long_enough)
{
	ck_assert_int_eq(bus_open("i2c:1?reset=gpiochip0/17", &b), 0);
	ck_assert_str_eq(gpio.chip, "gpiochip0");
	ck_assert_uint_eq(gpio.offset, 17);
	ck_assert_str_eq(gpio.story, "R");
	ck_assert_int_eq(bus_reset_line(b), 0);
	ck_assert_str_eq(gpio.story, "R01");
	ck_assert_uint_ge(gpio.low_ns, 10000);
	bus_close(&b);
	ck_assert_str_eq(gpio.story, "R01C");
}
END_TEST

START_TEST(a_supply_line_alone_resets_too)
{
	ck_assert_int_eq(bus_open("i2c:1?vdd=/dev/gpiochip1%2F27", &b), 0);
	ck_assert_str_eq(gpio.chip, "/dev/gpiochip1");
	ck_assert_uint_eq(gpio.offset, 27);
	ck_assert_int_eq(bus_reset_line(b), 0);
	ck_assert_str_eq(gpio.story, "R01");
	ck_assert_uint_ge(gpio.low_ns, 2000000);
}
END_TEST

START_TEST(the_chip_is_reset_by_its_line)
{
	ck_assert_int_eq(chip_open("i2c:1?reset=pinctrl-bcm2835/17", &c), 0);
	ck_assert_int_eq(chip_acquire(c), 0);
	chip_release(c);
	ck_assert_str_eq(gpio.chip, "pinctrl-bcm2835");
	ck_assert_ptr_nonnull(strstr(gpio.story, "R01"));
}
END_TEST

START_TEST(a_line_held_by_another_process_is_had_later)
{
	gpio.request_errno = EBUSY;
	ck_assert_int_eq(bus_open("i2c:1?reset=gpiochip0/17", &b), 0);
	bed_must_say("i2c: reset=gpiochip0/17 is held by another process");
	ck_assert_int_eq(bus_reset_line(b), HAL_ENOTSUP);
	gpio.request_errno = 0;
	ck_assert_int_eq(bus_reset_line(b), 0);
	ck_assert_str_eq(gpio.story, "R01");
}
END_TEST

static const char *const bad_lines[] = { "17", "gpiochip0", "gpiochip0/", "/17", "gpiochip0/x",
	"gpiochip0/17x", "gpiochip0/70000", "gpiochip0/-1" };

START_TEST(a_line_that_is_none)
{
	char selector[64];

	snprintf(selector, sizeof(selector), "i2c:1?reset=%s", bad_lines[_i]);
	refused(selector, HAL_EINVAL, "must be a GPIO chip and a line of it, as in gpiochip0/17\n");
}
END_TEST

START_TEST(a_line_that_cannot_be_had)
{
	uint8_t byte = 0x82;

	gpio.chip_errno = EACCES;
	refused("i2c:1?reset=gpiochip0/17", HAL_EACCES,
	    "i2c: reset=gpiochip0/17: Permission denied; join group gpio\n");
	gpio.chip_errno = ENOENT;
	refused("i2c:1?vdd=gpiochip9/17", HAL_ENODEV,
	    "i2c: vdd=gpiochip9/17: No such file or directory; gpiodetect lists the chips\n");
	gpio.chip_errno = 0;
	gpio.line_errno = EINVAL;
	refused("i2c:1?reset=gpiochip0/99", HAL_EIO,
	    "i2c: reset=gpiochip0/99: Invalid argument; gpioinfo lists the lines\n");
	gpio.line_errno = 0;
	gpio.request_errno = EIO;
	refused(
	    "i2c:1?reset=gpiochip0/17", HAL_EIO, "i2c: reset=gpiochip0/17: Input/output error\n");
	gpio.request_errno = 0;
	ck_assert_int_eq(bus_open("i2c:1?reset=gpiochip0/17", &b), 0);
	gpio.set_errno = EIO;
	ck_assert_int_eq(bus_reset_line(b), HAL_EIO);
	ck_assert_int_eq(bus_write(b, &byte, 1), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("i2c");
	TCase *bare = tcase_create("no device"), *t = tcase_create("device");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(bare, setup, teardown);
	tcase_set_timeout(bare, 60);
	tcase_add_test(bare, no_node_but_an_adapter_wants_the_module);
	tcase_add_test(bare, no_node_and_no_adapter);
	tcase_add_test(bare, an_adapter_for_smbus_only);
	tcase_add_test(bare, frames_fit_the_reports_of_an_ft260_behind_its_kernel_driver);
	tcase_add_test(bare, writes_fit_an_ft260_behind_its_kernel_driver);
	suite_add_tcase(s, bare);
	tcase_add_checked_fixture(t, setup_plugged, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, no_permission);
	tcase_add_test(t, address_in_use_by_a_kernel_driver);
	tcase_add_test(t, not_an_i2c_device);
	tcase_add_test(t, settings_of_the_selector);
	tcase_add_test(t, PL_H1_address_30_and_two_transfers_a_read);
	tcase_add_loop_test(t, every_errno_has_its_result, 0, (int)NITEMS(results));
	tcase_add_test(t, a_short_transfer_is_a_fault);
	tcase_add_test(t, nobody_answers);
	tcase_add_test(t, a_stuck_bus_is_tried_once_more);
	tcase_add_loop_test(t, the_chip_works_on_every_kind_of_adapter, 0, (int)NITEMS(nacks));
	tcase_add_test(t, unplugged_is_an_error_and_works_again_when_it_returns);
	tcase_add_test(t, two_handles_share_the_record_and_take_turns);
	tcase_add_test(t, the_lock_is_on_the_node_and_goes_with_its_process);
	tcase_add_test(t, a_device_plugged_in_again_starts_a_new_record);
	tcase_add_test(t, a_record_that_cannot_be_had_is_a_failure);
	tcase_add_test(t, two_chips_with_a_record_in_turn);
	tcase_add_test(t, the_reset_line_is_held_high_and_pulled_for_long_enough);
	tcase_add_test(t, a_supply_line_alone_resets_too);
	tcase_add_test(t, the_chip_is_reset_by_its_line);
	tcase_add_test(t, a_line_held_by_another_process_is_had_later);
	tcase_add_loop_test(t, a_line_that_is_none, 0, (int)NITEMS(bad_lines));
	tcase_add_test(t, a_line_that_cannot_be_had);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
