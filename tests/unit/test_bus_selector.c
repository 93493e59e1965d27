/* Selectors: what is understood, what is refused, and what the person reads then. */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"

/* Runs bus_open and keeps what it logs. */
static int
open_logged(const char *selector, struct bus **busp, char *out, size_t n)
{
	int memory = memfd_create("log", 0), saved = dup(STDERR_FILENO), r;
	ssize_t k;

	ck_assert_int_ge(memory, 0);
	ck_assert_int_ge(dup2(memory, STDERR_FILENO), 0);
	log_set_level(LOG_LEVEL_ERROR);
	r = bus_open(selector, busp);
	log_set_level(LOG_LEVEL_OFF);
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	k = pread(memory, out, n - 1, 0);
	ck_assert_int_ge(k, 0);
	out[k] = '\0';
	(void)close(memory);
	(void)close(saved);
	return r;
}

static const struct {
	const char *selector, *says;
	int result;
} refused[] = {
	{ "", "sim:FILE", HAL_EINVAL },
	{ "/dev/i2c-1", "bus:PATH", HAL_EINVAL },
	{ "chip.sim", "sim:FILE", HAL_EINVAL },
	{ "./dir:x/chip", "sim:FILE", HAL_EINVAL },
	{ "usb:1", "known are sim:, bus:, i2c: and ft260:", HAL_EINVAL },
	{ "SIM:x", "unknown device type \"SIM\"", HAL_EINVAL },
	{ ":x", "unknown device type \"\"", HAL_EINVAL },
	{ "i2c:", "no path", HAL_EINVAL },
	{ "i2c:x", "neither the number of an adapter nor a path", HAL_EINVAL },
	{ "i2c:/no/such/node", "/no/such/node: no such file", HAL_ENODEV },
	{ "ft260:a/b", "neither a serial number nor usb/PORT nor /dev/hidrawN", HAL_EINVAL },
	{ "ft260:?frame=60", "16 to 59", HAL_EINVAL },
	{ "ft260:?khz=59", "60 to 1000", HAL_EINVAL },
	{ "ft260:?reset=I", "2 to 5 or A to H", HAL_EINVAL },
	{ "ft260:?vdd=AB", "2 to 5 or A to H", HAL_EINVAL },
	{ "i2c:1?time=idle", "for sim: only", HAL_EINVAL },
	{ "i2c:1?reset=", "must be a line", HAL_EINVAL },
	{ "sim:a?reset=gpiochip0/1", "for i2c: and ft260: only", HAL_EINVAL },
	{ "bus:a?vdd=F", "for i2c: and ft260: only", HAL_EINVAL },
	{ "sim:", "no path", HAL_EINVAL },
	{ "bus:?addr=0x30", "no path", HAL_EINVAL },
	{ "sim:a%2", "bad percent escape", HAL_EINVAL },
	{ "sim:a%", "bad percent escape", HAL_EINVAL },
	{ "sim:a%zz", "bad percent escape", HAL_EINVAL },
	{ "sim:a%00b", "bad percent escape", HAL_EINVAL },
	{ "sim:a?addr=%3", "bad percent escape", HAL_EINVAL },
	{ "sim:a?speed=1", "unknown key \"speed\"; known are addr, khz, frame", HAL_EINVAL },
	{ "sim:a?", "needs a value", HAL_EINVAL },
	{ "sim:a?addr", "needs a value", HAL_EINVAL },
	{ "sim:a?addr=", "an I2C address", HAL_EINVAL },
	{ "sim:a?addr=0x80", "an I2C address", HAL_EINVAL },
	{ "sim:a?addr=7", "an I2C address", HAL_EINVAL },
	{ "sim:a?addr=-1", "an I2C address", HAL_EINVAL },
	{ "sim:a?addr=48x", "an I2C address", HAL_EINVAL },
	{ "sim:a?addr=99999999999999999999999", "an I2C address", HAL_EINVAL },
	{ "sim:a?khz=9", "10 to 1000", HAL_EINVAL },
	{ "sim:a?khz=1001", "10 to 1000", HAL_EINVAL },
	{ "sim:a?frame=15", "16 to 277", HAL_EINVAL },
	{ "sim:a?frame=278", "16 to 277", HAL_EINVAL },
	{ "sim:a?time=fast", "idle, virtual or real", HAL_EINVAL },
	{ "bus:a?time=real", "for sim: only", HAL_EINVAL },
	{ "sim:a?khz=100&khz=100", "given twice", HAL_EINVAL },
	{ "sim:a?khz=100&&frame=16", "needs a value", HAL_EINVAL },
	{ "sim:/no/such/dir/chip", "/no/such/dir/chip", HAL_ENODEV },
	{ "sim:/no/such/chip", "optiga-sim create /no/such/chip", HAL_ENODEV },
	{ "sim:/", "directory", HAL_EFORMAT },
	{ "sim:/dev/null", "not an image", HAL_EFORMAT },
	{ "bus:/no/such/socket", "optiga-sim serve", HAL_ENODEV },
	{ "bus:/dev/null", "Connection refused", HAL_ENODEV },
};

START_TEST(refused_with_a_reason_that_names_the_remedy)
{
	struct bus *bus = (struct bus *)&bus;
	char said[1024];
	int r = open_logged(refused[_i].selector, &bus, said, sizeof(said));

	ck_assert_msg(r == refused[_i].result, "%s: %d", refused[_i].selector, r);
	ck_assert_ptr_null(bus);
	ck_assert_msg(
	    strstr(said, refused[_i].says) != NULL, "%s: says %s", refused[_i].selector, said);
	/* One line. */
	ck_assert_ptr_eq(strchr(said, '\n'), said + strlen(said) - 1);
}
END_TEST

START_TEST(a_path_too_long_for_a_socket_is_refused)
{
	char selector[256] = "bus:/", said[1024];
	struct bus *bus;

	memset(selector + 5, 'x', 120);
	ck_assert_int_eq(open_logged(selector, &bus, said, sizeof(said)), HAL_EINVAL);
	ck_assert_ptr_nonnull(strstr(said, "at most 107 bytes"));
}
END_TEST

static const struct {
	const char *selector, *target;
	unsigned addr, khz;
	size_t frame;
	enum bus_time time;
} taken[] = {
	{ "sim:chip", "chip", 0x30, 400, 277, BUS_TIME_IDLE },
	{ "sim:/a/b:c", "/a/b:c", 0x30, 400, 277, BUS_TIME_IDLE },
	{ "sim:a%20b%3Fc%25%2c", "a b?c%,", 0x30, 400, 277, BUS_TIME_IDLE },
	{ "sim:x?addr=0x31&khz=1000&frame=64&time=virtual", "x", 0x31, 1000, 64, BUS_TIME_VIRTUAL },
	{ "sim:x?time=real&frame=16", "x", 0x30, 400, 16, BUS_TIME_REAL },
	{ "sim:x?time=%69dle&addr=49", "x", 49, 400, 277, BUS_TIME_IDLE },
	{ "i2c:1", "1", 0x30, 100, 277, BUS_TIME_IDLE },
	{ "i2c:/dev/i2c-1?khz=1000&frame=128&reset=gpiochip0%2F17", "/dev/i2c-1", 0x30, 1000, 128,
	    BUS_TIME_IDLE },
	{ "ft260:", "", 0x30, 400, 59, BUS_TIME_IDLE },
	{ "ft260:usb/1-1.4?addr=0x20&khz=100&frame=45&reset=F&vdd=2", "usb/1-1.4", 0x20, 100, 45,
	    BUS_TIME_IDLE },
	{ "bus:/run/bus0?khz=100", "/run/bus0", 0x30, 100, 277, BUS_TIME_IDLE },
};

START_TEST(taken_apart)
{
	struct bus *b;

	ck_assert_int_eq(bus_new(NULL, NULL, &b), 0);
	b->selector = strdup(taken[_i].selector);
	ck_assert_int_eq(bus_parse_selector(b), 0);
	ck_assert_str_eq(b->target, taken[_i].target);
	ck_assert_uint_eq(b->addr, taken[_i].addr);
	ck_assert_uint_eq(bus_khz_wanted(b), taken[_i].khz);
	ck_assert_uint_eq(bus_khz(b), 100);
	ck_assert_uint_eq(bus_frame_max(b), taken[_i].frame);
	ck_assert_int_eq(b->time, taken[_i].time);
	ck_assert_str_eq(bus_selector(b), taken[_i].selector);
	b->ops = NULL;
	bus_close(&b);
	ck_assert_ptr_null(b);
	bus_close(&b);
}
END_TEST

START_TEST(random_bytes_never_open_anything)
{
	static const char bits[] = "sim:bus?addr=khz&frame%20/";
	unsigned state = 1;
	char selector[24];

	for (int i = 0; i < 20000; i++) {
		struct bus *b;
		size_t n = 0;

		state = state * 1103515245 + 12345;
		for (size_t len = state >> 16 & 15; n < len; n++) {
			state = state * 1103515245 + 12345;
			selector[n] = bits[(state >> 16) % (sizeof(bits) - 1)];
		}
		selector[n] = '\0';
		ck_assert_int_eq(bus_new(NULL, NULL, &b), 0);
		b->selector = strdup(selector);
		(void)bus_parse_selector(b);
		b->ops = NULL;
		bus_close(&b);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("bus selectors");
	TCase *t = tcase_create("selectors");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(
	    t, refused_with_a_reason_that_names_the_remedy, 0, (int)NITEMS(refused));
	tcase_add_test(t, a_path_too_long_for_a_socket_is_refused);
	tcase_add_loop_test(t, taken_apart, 0, (int)NITEMS(taken));
	tcase_add_test(t, random_bytes_never_open_anything);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
