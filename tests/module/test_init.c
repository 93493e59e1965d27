/* C_Initialize, C_Finalize, threads, fork, and the module's coming and going. */
#include <config.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "tests/module/harness.h"

static int made, destroyed, locked, unlocked;
static CK_RV create_answer;
static atomic_bool enough;

static void
setup(void)
{
	made = destroyed = locked = unlocked = 0;
	create_answer = CKR_OK;
	atomic_store(&enough, false);
	harness_load();
	harness_chip();
}

static void
teardown(void)
{
	harness_teardown();
}

START_TEST(initialize_takes_every_valid_form)
{
	CK_C_INITIALIZE_ARGS args = { .flags = 0 };

	ck_assert_ok(p11->C_Initialize(NULL));
	ck_assert_rv(p11->C_Initialize(NULL), CKR_CRYPTOKI_ALREADY_INITIALIZED);
	ck_assert_ok(p11->C_Finalize(NULL));
	ck_assert_rv(p11->C_Finalize(NULL), CKR_CRYPTOKI_NOT_INITIALIZED);

	ck_assert_ok(p11->C_Initialize(&args));
	ck_assert_ok(p11->C_Finalize(NULL));
	args.flags = CKF_OS_LOCKING_OK;
	ck_assert_ok(p11->C_Initialize(&args));
	ck_assert_ok(p11->C_Finalize(NULL));
	args.flags = CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS;
	ck_assert_ok(p11->C_Initialize(&args));
	ck_assert_ok(p11->C_Finalize(NULL));
}
END_TEST

static CK_RV
create_mutex(void **mutexp)
{
	if (create_answer != CKR_OK)
		return create_answer;
	*mutexp = malloc(1);
	made++;
	return CKR_OK;
}

static CK_RV
destroy_mutex(void *mutex)
{
	free(mutex);
	destroyed++;
	return CKR_OK;
}

static CK_RV
lock_mutex(void *mutex)
{
	(void)mutex;
	locked++;
	return CKR_OK;
}

static CK_RV
unlock_mutex(void *mutex)
{
	(void)mutex;
	unlocked++;
	return CKR_OK;
}

START_TEST(application_mutexes_are_used_and_given_back)
{
	CK_C_INITIALIZE_ARGS args = { create_mutex, destroy_mutex, lock_mutex, unlock_mutex, 0,
		NULL };
	unsigned char rnd[8];
	CK_SESSION_HANDLE s;

	ck_assert_ok(p11->C_Initialize(&args));
	ck_assert_int_gt(made, 0);
	s = harness_session(false);
	ck_assert_ok(p11->C_GenerateRandom(s, rnd, sizeof(rnd)));
	ck_assert_int_gt(locked, 0);
	ck_assert_ok(p11->C_Finalize(NULL));
	ck_assert_int_eq(made, destroyed);
	ck_assert_int_eq(locked, unlocked);

	/* Free to choose: the system's. */
	made = 0;
	args.flags = CKF_OS_LOCKING_OK;
	ck_assert_ok(p11->C_Initialize(&args));
	ck_assert_int_eq(made, 0);
	ck_assert_ok(p11->C_Finalize(NULL));
}
END_TEST

START_TEST(initialize_refuses_bad_arguments)
{
	CK_C_INITIALIZE_ARGS args = { create_mutex, destroy_mutex, lock_mutex, NULL, 0, NULL };

	ck_assert_rv(p11->C_Initialize(&args), CKR_ARGUMENTS_BAD);
	args.UnlockMutex = unlock_mutex;
	args.pReserved = &args;
	ck_assert_rv(p11->C_Initialize(&args), CKR_ARGUMENTS_BAD);
	args.pReserved = NULL;
	create_answer = CKR_GENERAL_ERROR;
	ck_assert_rv(p11->C_Initialize(&args), CKR_CANT_LOCK);
	create_answer = CKR_HOST_MEMORY;
	ck_assert_rv(p11->C_Initialize(&args), CKR_HOST_MEMORY);
	create_answer = CKR_OK;
	ck_assert_int_eq(made, destroyed);
	ck_assert_ok(p11->C_Initialize(&args));
	ck_assert_rv(p11->C_Finalize(&args), CKR_ARGUMENTS_BAD);
	ck_assert_ok(p11->C_Finalize(NULL));
}
END_TEST

START_TEST(initialize_succeeds_without_a_chip)
{
	CK_SESSION_HANDLE s;
	CK_SLOT_INFO slot;
	CK_TOKEN_INFO token;
	CK_SLOT_ID ids[4];
	CK_ULONG n = 4;

	ck_assert_int_eq(setenv("OPTIGA_DEVICE", "sim:/nonexistent/a,bus:/nonexistent/b", 1), 0);
	ck_assert_ok(p11->C_Initialize(NULL));
	ck_assert_ok(p11->C_GetSlotList(CK_TRUE, ids, &n));
	ck_assert_uint_eq(n, 0);
	n = 4;
	ck_assert_ok(p11->C_GetSlotList(CK_FALSE, ids, &n));
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(ids[0], 0);
	ck_assert_uint_eq(ids[1], 1);
	ck_assert_ok(p11->C_GetSlotInfo(1, &slot));
	ck_assert_uint_eq(slot.flags & CKF_TOKEN_PRESENT, 0);
	ck_assert_int_eq(memcmp(slot.slotDescription, "bus:/nonexistent/b  ", 20), 0);
	ck_assert_rv(p11->C_GetTokenInfo(0, &token), CKR_TOKEN_NOT_PRESENT);
	ck_assert_rv(
	    p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s), CKR_TOKEN_NOT_PRESENT);
	ck_assert_rv(p11->C_GetMechanismList(0, NULL, &n), CKR_TOKEN_NOT_PRESENT);
	ck_assert_ok(p11->C_Finalize(NULL));
}
END_TEST

START_TEST(no_device_no_slots)
{
	CK_ULONG n = 7;

	ck_assert_int_eq(unsetenv("OPTIGA_DEVICE"), 0);
	ck_assert_int_eq(setenv("OPTIGA_PKCS11_CONF", "/dev/null", 1), 0);
	ck_assert_ok(p11->C_Initialize(NULL));
	ck_assert_ok(p11->C_GetSlotList(CK_FALSE, NULL, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_ok(p11->C_Finalize(NULL));
	ck_assert_int_eq(unsetenv("OPTIGA_PKCS11_CONF"), 0);
}
END_TEST

START_TEST(info_is_padded_with_blanks)
{
	CK_INFO info;

	ck_assert_rv(p11->C_GetInfo(&info), CKR_CRYPTOKI_NOT_INITIALIZED);
	ck_assert_ok(p11->C_Initialize(NULL));
	ck_assert_ok(p11->C_GetInfo(&info));
	ck_assert_uint_eq(info.cryptokiVersion.major, 2);
	ck_assert_uint_eq(info.cryptokiVersion.minor, 40);
	ck_assert_uint_eq(info.flags, 0);
	ck_assert_ptr_null(memchr(info.manufacturerID, '\0', sizeof(info.manufacturerID)));
	ck_assert_ptr_null(memchr(info.libraryDescription, '\0', sizeof(info.libraryDescription)));
}
END_TEST

#define NTHREADS 8
static pthread_barrier_t barrier;
static atomic_int winners, losers, others;

static void *
initialize_all_at_once(void *arg)
{
	CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
	CK_ULONG n;
	CK_RV rv;

	(void)arg;
	(void)pthread_barrier_wait(&barrier);
	rv = p11->C_Initialize(&args);
	atomic_fetch_add(rv == CKR_OK                             ? &winners
			 : rv == CKR_CRYPTOKI_ALREADY_INITIALIZED ? &losers
								  : &others,
	    1);
	if (p11->C_GetSlotList(CK_FALSE, NULL, &n) != CKR_OK || n != 1)
		atomic_fetch_add(&others, 1);
	return NULL;
}

START_TEST(one_of_many_threads_initializes)
{
	pthread_t threads[NTHREADS];

	for (int round = 0; round < 50; round++) {
		atomic_store(&winners, 0);
		atomic_store(&losers, 0);
		ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, NTHREADS), 0);
		for (int i = 0; i < NTHREADS; i++)
			ck_assert_int_eq(
			    pthread_create(&threads[i], NULL, initialize_all_at_once, NULL), 0);
		for (int i = 0; i < NTHREADS; i++)
			ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		ck_assert_int_eq(pthread_barrier_destroy(&barrier), 0);
		ck_assert_int_eq(atomic_load(&winners), 1);
		ck_assert_int_eq(atomic_load(&losers), NTHREADS - 1);
		ck_assert_int_eq(atomic_load(&others), 0);
		ck_assert_ok(p11->C_Finalize(NULL));
	}
}
END_TEST

static void *
use_it(void *arg)
{
	unsigned char data[64] = { 0 }, out[64];
	CK_MECHANISM sha = { CKM_SHA256, NULL, 0 };
	CK_SESSION_HANDLE s;
	CK_ULONG n;

	(void)arg;
	while (!atomic_load(&enough)) {
		n = sizeof(out);
		if (p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK)
			continue;
		if (p11->C_DigestInit(s, &sha) == CKR_OK)
			(void)p11->C_Digest(s, data, sizeof(data), out, &n);
		(void)p11->C_CloseSession(s);
	}
	return NULL;
}

START_TEST(finalize_waits_for_calls_of_other_threads)
{
	pthread_t threads[4];

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, use_it, NULL), 0);
	for (int round = 0; round < 30; round++) {
		ck_assert_ok(p11->C_Initialize(NULL));
		(void)usleep(2000);
		ck_assert_ok(p11->C_Finalize(NULL));
	}
	atomic_store(&enough, true);
	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

/* Runs f in a forked child; its result is the child's exit status. */
static int
in_child(int (*f)(void))
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0)
		_exit(f());
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "child died: 0x%x", (unsigned)status);
	return WEXITSTATUS(status);
}

static CK_SESSION_HANDLE parents_session;

static int
child_uses_the_module(void)
{
	unsigned char rnd[16];
	CK_SESSION_HANDLE s;
	CK_ULONG n;

	if (p11->C_GetSlotList(CK_FALSE, NULL, &n) != CKR_CRYPTOKI_NOT_INITIALIZED ||
	    p11->C_GenerateRandom(parents_session, rnd, 16) != CKR_CRYPTOKI_NOT_INITIALIZED ||
	    p11->C_CloseSession(parents_session) != CKR_CRYPTOKI_NOT_INITIALIZED ||
	    p11->C_WaitForSlotEvent(0, &n, NULL) != CKR_CRYPTOKI_NOT_INITIALIZED ||
	    p11->C_CancelFunction(1) != CKR_CRYPTOKI_NOT_INITIALIZED ||
	    p11->C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 1;
	if (p11->C_Initialize(NULL) != CKR_OK)
		return 2;
	if (p11->C_Initialize(NULL) != CKR_CRYPTOKI_ALREADY_INITIALIZED)
		return 3;
	if (p11->C_GenerateRandom(parents_session, rnd, 16) != CKR_SESSION_HANDLE_INVALID)
		return 4;
	if (p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK)
		return 5;
	if (p11->C_GenerateRandom(s, rnd, sizeof(rnd)) != CKR_OK)
		return 6;
	if (p11->C_Finalize(NULL) != CKR_OK)
		return 7;
	if (p11->C_Finalize(NULL) != CKR_CRYPTOKI_NOT_INITIALIZED)
		return 8;
	return 0;
}

static int
child_only_exits(void)
{
	return 0;
}

START_TEST(a_forked_child_starts_anew_and_disturbs_nobody)
{
	CK_MECHANISM sha = { CKM_SHA256, NULL, 0 };
	unsigned char rnd[16], out[32], part[] = "parent";
	CK_ULONG n = sizeof(out);

	ck_assert_ok(p11->C_Initialize(NULL));
	parents_session = harness_session(false);
	ck_assert_ok(p11->C_GenerateRandom(parents_session, rnd, sizeof(rnd)));
	ck_assert_ok(p11->C_DigestInit(parents_session, &sha));
	ck_assert_int_eq(in_child(child_only_exits), 0);
	ck_assert_ok(p11->C_GenerateRandom(parents_session, rnd, sizeof(rnd)));
	ck_assert_int_eq(in_child(child_uses_the_module), 0);
	ck_assert_ok(p11->C_GenerateRandom(parents_session, rnd, sizeof(rnd)));
	ck_assert_ok(p11->C_DigestUpdate(parents_session, part, 6));
	ck_assert_ok(p11->C_DigestFinal(parents_session, out, &n));
	ck_assert_ok(p11->C_Finalize(NULL));
}
END_TEST

static int
grandchild(void)
{
	int r;

	if (p11->C_Initialize(NULL) != CKR_OK)
		return 20;
	parents_session = 1;
	r = in_child(child_uses_the_module);
	if (p11->C_Finalize(NULL) != CKR_OK)
		return 21;
	return r;
}

START_TEST(a_child_may_fork_again)
{
	ck_assert_ok(p11->C_Initialize(NULL));
	parents_session = harness_session(false);
	ck_assert_int_eq(in_child(grandchild), 0);
	ck_assert_ok(p11->C_Finalize(NULL));
}
END_TEST

#ifndef __SANITIZE_ADDRESS__
static void *
keep_busy(void *arg)
{
	CK_SESSION_HANDLE s = *(CK_SESSION_HANDLE *)arg;
	unsigned char rnd[32];

	while (!atomic_load(&enough))
		(void)p11->C_GenerateRandom(s, rnd, sizeof(rnd));
	return NULL;
}

/* What the thread had in hand is lost there: leave no process for a leak checker to look at. */
static int
child_uses_the_module_and_vanishes(void)
{
	int r = child_uses_the_module();

	if (r == 0)
		(void)execl("/bin/true", "true", (char *)NULL);
	return r;
}

START_TEST(fork_while_another_thread_is_inside)
{
	CK_SESSION_HANDLE s;
	pthread_t thread;

	ck_assert_ok(p11->C_Initialize(NULL));
	s = parents_session = harness_session(false);
	ck_assert_int_eq(pthread_create(&thread, NULL, keep_busy, &s), 0);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(in_child(child_uses_the_module_and_vanishes), 0);
	atomic_store(&enough, true);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_ok(p11->C_Finalize(NULL));
}
END_TEST
#endif

START_TEST(it_can_be_mapped_again_and_again)
{
	for (int i = 0; i < 5; i++) {
		ck_assert_ok(p11->C_Initialize(NULL));
		(void)harness_session(false);
		ck_assert_ok(p11->C_Finalize(NULL));
		harness_unload();
		harness_load();
	}
}
END_TEST

static int
unmap_while_initialised(void)
{
	for (int i = 0; i < 5; i++) {
		if (p11->C_Initialize(NULL) != CKR_OK)
			return 1;
		(void)harness_session(false);
		harness_unload();
		harness_load();
	}
	/* Its memory is lost, as it must be: leave no process for a leak checker to look at. */
	(void)execl("/bin/true", "true", (char *)NULL);
	return 2;
}

START_TEST(unmapping_without_finalize_is_survived)
{
	ck_assert_int_eq(in_child(unmap_while_initialised), 0);
}
END_TEST

static void
finalize_at_exit(void)
{
	if (p11->C_Finalize(NULL) != CKR_OK)
		_exit(9);
}

/* What a program leaves running when it exits. */
static void
use_and_leave(void)
{
	CK_MECHANISM sha = { CKM_SHA256, NULL, 0 };
	unsigned char part[] = "x";
	CK_SESSION_HANDLE s;

	if (p11->C_Initialize(NULL) != CKR_OK ||
	    p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK ||
	    p11->C_DigestInit(s, &sha) != CKR_OK || p11->C_DigestUpdate(s, part, 1) != CKR_OK)
		_exit(8);
}

static int
exit_without_finalize(void)
{
	use_and_leave();
	exit(0);
}

static int
exit_with_finalize_before_openssl_cleans_up(void)
{
	use_and_leave();
	(void)atexit(finalize_at_exit); /* last in, first out: OpenSSL's own comes after */
	exit(0);
}

static int
exit_with_finalize_after_openssl_cleaned_up(void)
{
	(void)atexit(finalize_at_exit);
	use_and_leave();
	OPENSSL_cleanup();
	exit(0);
}

START_TEST(programs_may_exit_in_any_order)
{
	ck_assert_int_eq(in_child(exit_without_finalize), 0);
	ck_assert_int_eq(in_child(exit_with_finalize_before_openssl_cleans_up), 0);
	ck_assert_int_eq(in_child(exit_with_finalize_after_openssl_cleaned_up), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: initialise");
	TCase *tc = tcase_create("init");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, initialize_takes_every_valid_form);
	tcase_add_test(tc, application_mutexes_are_used_and_given_back);
	tcase_add_test(tc, initialize_refuses_bad_arguments);
	tcase_add_test(tc, initialize_succeeds_without_a_chip);
	tcase_add_test(tc, no_device_no_slots);
	tcase_add_test(tc, info_is_padded_with_blanks);
	tcase_add_test(tc, one_of_many_threads_initializes);
	tcase_add_test(tc, finalize_waits_for_calls_of_other_threads);
	tcase_add_test(tc, a_forked_child_starts_anew_and_disturbs_nobody);
	tcase_add_test(tc, a_child_may_fork_again);
	/*
	 * The address sanitizer's allocator is not made for it: a child inherits its locks as the
	 * other thread held them, and now and then hangs there.
	 */
#ifndef __SANITIZE_ADDRESS__
	tcase_add_test(tc, fork_while_another_thread_is_inside);
#endif
	tcase_add_test(tc, it_can_be_mapped_again_and_again);
	tcase_add_test(tc, unmapping_without_finalize_is_survived);
	tcase_add_test(tc, programs_may_exit_in_any_order);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
