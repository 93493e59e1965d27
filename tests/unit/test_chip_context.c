/* Session contexts, which all hosts of a chip have in common: who has which (hal/chip/context.c).
 */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"
#include "tests/unit/test_chip_ossl.h"

static const char *selector;
static struct chip *a, *b;

static void
setup(void)
{
	selector = sim_image(2);
	ck_assert_int_eq(chip_open(selector, &a), 0);
	ck_assert_int_eq(chip_open(selector, &b), 0);
}

static void
teardown(void)
{
	chip_close(&a);
	chip_close(&b);
	sim_image_remove();
}

static int
check(struct chip *c, uint16_t oid, uint64_t boot)
{
	int r;

	ck_assert_int_eq(chip_acquire(c), 0);
	r = chip_context_check(c, oid, boot);
	chip_release(c);
	return r;
}

START_TEST(four_and_no_more)
{
	uint16_t oid[CHIP_SESSION_COUNT], one_more;

	for (unsigned i = 0; i < CHIP_SESSION_COUNT; i++) {
		ck_assert_int_eq(chip_context_take(i % 2 == 0 ? a : b, &oid[i]), 0);
		for (unsigned j = 0; j < i; j++)
			ck_assert_uint_ne(oid[i], oid[j]);
	}
	ck_assert_int_eq(chip_context_take(a, &one_more), HAL_EBUSY);
	/* Not b's to give. */
	chip_context_give(b, oid[0]);
	ck_assert_int_eq(chip_context_take(b, &one_more), HAL_EBUSY);
	chip_context_give(a, oid[0]);
	ck_assert_int_eq(check(a, oid[0], chip_boot(a)), HAL_ERESET);
	ck_assert_int_eq(chip_context_take(b, &one_more), 0);
	ck_assert_uint_eq(one_more, oid[0]);
	ck_assert_int_eq(check(b, one_more, chip_boot(b)), 0);
	ck_assert_int_eq(check(a, one_more, chip_boot(a)), HAL_ERESET);
	chip_context_give(a, 0xE0F1);
}
END_TEST

START_TEST(a_reset_empties_them)
{
	uint16_t oid, again;
	uint64_t boot;

	ck_assert_int_eq(chip_context_take(a, &oid), 0);
	boot = chip_boot(a);
	ck_assert_int_eq(check(a, oid, boot), 0);
	ck_assert_int_eq(chip_shutdown(b), 0);
	ck_assert_int_eq(check(a, oid, boot), HAL_ERESET);
	ck_assert_int_eq(check(a, oid, chip_boot(a)), HAL_ERESET);
	for (unsigned i = 0; i < CHIP_SESSION_COUNT; i++)
		ck_assert_int_eq(chip_context_take(b, &again), 0);
	ck_assert_int_eq(check(b, oid, chip_boot(b)), 0);
}
END_TEST

/* A process that was killed has no contexts any more, one that lives keeps its own. */
START_TEST(the_dead_have_none)
{
	uint16_t oid, first;
	int ready[2];
	pid_t pid;
	char byte;

	ck_assert_int_eq(chip_context_take(a, &first), 0);
	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_ge(pid = fork(), 0);
	if (pid == 0) {
		struct chip *c;
		int r = chip_open(selector, &c);

		for (unsigned i = 1; i < CHIP_SESSION_COUNT && r == 0; i++)
			r = chip_context_take(c, &oid);
		byte = r == 0;
		if (write(ready[1], &byte, 1) == 1)
			(void)pause();
		_exit(1);
	}
	ck_assert_int_eq(read(ready[0], &byte, 1), 1);
	ck_assert_int_eq(byte, 1);
	ck_assert_int_eq(chip_context_take(a, &oid), HAL_EBUSY);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	for (unsigned i = 1; i < CHIP_SESSION_COUNT; i++) {
		ck_assert_int_eq(chip_context_take(a, &oid), 0);
		ck_assert_uint_ne(oid, first);
	}
	ck_assert_int_eq(chip_context_take(a, &oid), HAL_EBUSY);
	ck_assert_int_eq(check(a, first, chip_boot(a)), 0);
	(void)close(ready[0]);
	(void)close(ready[1]);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip: session contexts");
	TCase *t = tcase_create("contexts");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, four_and_no_more);
	tcase_add_test(t, a_reset_empties_them);
	tcase_add_test(t, the_dead_have_none);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
