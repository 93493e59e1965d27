/* optiga-pkcs11.conf and the environment; see pkcs11/conf.h. */
#include <config.h>

#include <sys/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <check.h>

#include "hal/base/log.h"
#include "pkcs11/conf.h"

static char dir[] = "/tmp/optiga-conf-XXXXXX";
static char path[128], said[4096];
static struct conf conf;
static int old_stderr, log_fd;

static void
setup(void)
{
	strcpy(dir + sizeof(dir) - 7, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof(path), "%s/optiga-pkcs11.conf", dir);
	(void)unsetenv("OPTIGA_DEVICE");
	(void)unsetenv("OPTIGA_PKCS11_CONF");
	ck_assert_int_eq(setenv("XDG_CONFIG_HOME", dir, 1), 0);
}

static void
teardown(void)
{
	mod_conf_free(&conf);
	(void)unlink(path);
	(void)rmdir(dir);
}

static void
put(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* Log lines go to standard error: catch them. */
static void
listen(void)
{
	FILE *f = tmpfile();

	ck_assert_ptr_nonnull(f);
	log_fd = dup(fileno(f));
	(void)fclose(f);
	old_stderr = dup(STDERR_FILENO);
	ck_assert_int_ge(dup2(log_fd, STDERR_FILENO), 0);
	log_set_level(LOG_LEVEL_ERROR);
}

static const char *
heard(void)
{
	ssize_t n = pread(log_fd, said, sizeof(said) - 1, 0);

	log_set_level(LOG_LEVEL_OFF);
	(void)dup2(old_stderr, STDERR_FILENO);
	(void)close(old_stderr);
	(void)close(log_fd);
	said[n > 0 ? n : 0] = '\0';
	return said;
}

START_TEST(devices_and_labels_in_order)
{
	put(path, "# chips of this board\n\n"
		  "device = i2c:/dev/i2c-1?khz=400\n"
		  "  label=Pump 7  \n"
		  "\tdevice\t=\tsim:/a b#c=d\n"
		  "device = bus:/run/x");
	ck_assert_int_eq(mod_conf_load(&conf), 0);
	ck_assert_uint_eq(conf.ndevices, 3);
	ck_assert_str_eq(conf.devices[0].selector, "i2c:/dev/i2c-1?khz=400");
	ck_assert_str_eq(conf.devices[0].label, "Pump 7");
	ck_assert_str_eq(conf.devices[1].selector, "sim:/a b#c=d");
	ck_assert_ptr_null(conf.devices[1].label);
	ck_assert_str_eq(conf.devices[2].selector, "bus:/run/x");
}
END_TEST

static const struct {
	const char *text, *message;
} mistakes[] = {
	{ "colour = red\n", ":1: unknown key \"colour\"; known are device, label and layout" },
	{ "\n\ndevice\n", ":3: \"device\" is not of the form key = value" },
	{ "device =\n", ":1: device has no value" },
	{ "layout = six\n", ":1: layout \"six\" is neither chip nor key-slots" },
	{ "label = x\n", ":1: label comes before any device" },
	{ "device = sim:/a\nlabel = 123456789012345678901234567890123\n",
	    ":2: label \"123456789012345678901234567890123\" is longer than 32 bytes" },
};

START_TEST(mistakes_are_named_with_their_line)
{
	char expect[256], text[256];
	size_t before = strncmp(mistakes[_i].text, "device = sim", 12) == 0;

	(void)snprintf(text, sizeof(text), "%sdevice = sim:/last\n", mistakes[_i].text);
	put(path, text);
	listen();
	ck_assert_int_eq(mod_conf_load(&conf), 0);
	(void)snprintf(expect, sizeof(expect), "%s%s", path, mistakes[_i].message);
	ck_assert_msg(strstr(heard(), expect) != NULL, "expected %s, got %s", expect, said);
	/* The rest counts. */
	ck_assert_uint_eq(conf.ndevices, before + 1);
	ck_assert_str_eq(conf.devices[before].selector, "sim:/last");
}
END_TEST

START_TEST(environment_comes_before_files)
{
	char other[160];

	put(path, "device = sim:/user\n");
	(void)snprintf(other, sizeof(other), "%s/other", dir);
	put(other, "device = sim:/other\n");
	ck_assert_int_eq(setenv("OPTIGA_PKCS11_CONF", other, 1), 0);
	ck_assert_int_eq(mod_conf_load(&conf), 0);
	ck_assert_uint_eq(conf.ndevices, 1);
	ck_assert_str_eq(conf.devices[0].selector, "sim:/other");
	mod_conf_free(&conf);
	(void)unlink(other);
	listen();
	ck_assert_int_eq(mod_conf_load(&conf), 0);
	ck_assert_ptr_nonnull(strstr(heard(), "cannot read"));
	ck_assert_uint_eq(conf.ndevices, 0);

	ck_assert_int_eq(setenv("OPTIGA_DEVICE", "sim:/x,,bus:/y,", 1), 0);
	ck_assert_int_eq(mod_conf_load(&conf), 0);
	ck_assert_uint_eq(conf.ndevices, 2);
	ck_assert_str_eq(conf.devices[0].selector, "sim:/x");
	ck_assert_str_eq(conf.devices[1].selector, "bus:/y");
}
END_TEST

START_TEST(home_counts_without_xdg)
{
	char home[200], file[256];

	(void)snprintf(home, sizeof(home), "%s/.config", dir);
	(void)snprintf(file, sizeof(file), "%s/optiga-pkcs11.conf", home);
	ck_assert_int_eq(mkdir(home, 0700), 0);
	put(file, "device = sim:/home\n");
	ck_assert_int_eq(setenv("XDG_CONFIG_HOME", "relative", 1), 0);
	ck_assert_int_eq(setenv("HOME", dir, 1), 0);
	ck_assert_int_eq(mod_conf_load(&conf), 0);
	(void)unlink(file);
	(void)rmdir(home);
	ck_assert_uint_eq(conf.ndevices, 1);
	ck_assert_str_eq(conf.devices[0].selector, "sim:/home");
}
END_TEST

START_TEST(no_file_is_no_mistake)
{
	listen();
	ck_assert_int_eq(mod_conf_load(&conf), 0);
	ck_assert_str_eq(heard(), "");
	ck_assert_uint_eq(conf.ndevices, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: configuration");
	TCase *tc = tcase_create("conf");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, devices_and_labels_in_order);
	tcase_add_loop_test(tc, mistakes_are_named_with_their_line, 0,
	    (int)(sizeof(mistakes) / sizeof(mistakes[0])));
	tcase_add_test(tc, environment_comes_before_files);
	tcase_add_test(tc, home_counts_without_xdg);
	tcase_add_test(tc, no_file_is_no_mistake);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
