/*
 * Several processes on one simulated chip (D7): counted turns, holders that are killed, and
 * hosts that close or reset the chip behind our back.
 */
#include <config.h>

#include <check.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/bus.h"
#include "hal/chip/internal.h"
#include "hal/link/link.h"
#include "tests/unit/test_chip_ossl.h"

#define OID_COUNT 0xF1D0
#define OID_KEY   0xE0F1
#define NPROCS    4
#define NROUNDS   15
#define NKILLS    25

static const char *selector;

static void
setup(void)
{
	selector = sim_image(2);
}

static void
teardown(void)
{
	sim_image_remove();
}

/* --- children: no ck_assert, their exit status is the verdict --------------------------------- */

/* Reads, increments and writes a number: wrong unless nobody comes in between. */
static int
count_up(struct chip *c)
{
	struct buf b = BUF_INIT;
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	if ((r = chip_data_read(c, OID_COUNT, 0, 1, &b)) == 0) {
		b.data[0]++;
		r = chip_data_write(c, OID_COUNT, 0, b.data, 1, CHIP_WRITE);
	}
	chip_release(c);
	buf_free(&b);
	return r;
}

static int
sign_some(struct chip *c, unsigned round)
{
	uint8_t digest[32] = { (uint8_t)round, (uint8_t)getpid() };
	struct buf sig = BUF_INIT;
	int r = chip_sign_ecdsa(c, OID_KEY, 32, digest, sizeof(digest), &sig);

	buf_free(&sig);
	return r;
}

/* Opens the chip, says so, and begins when everybody is ready. */
static void
worker(const struct buf *pub, int ready, int go)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P256);
	struct buf sig = BUF_INIT;
	struct chip *c;
	EVP_PKEY *key = ossl_key(kt, pub);
	bool good = chip_open(selector, &c) == 0;
	char ch = 0;

	good = write(ready, &ch, 1) == 1 && read(go, &ch, 1) == 0 && good;
	for (unsigned i = 0; i < NROUNDS && good; i++) {
		uint8_t digest[32] = { (uint8_t)i, (uint8_t)getpid() };

		good = count_up(c) == 0 &&
		       chip_sign_ecdsa(c, OID_KEY, 32, digest, sizeof(digest), &sig) == 0 &&
		       ossl_verify_ecdsa(key, digest, sizeof(digest), &sig);
	}
	EVP_PKEY_free(key);
	buf_free(&sig);
	chip_close(&c);
	_exit(good ? 0 : 1);
}

/* Uses the chip until it is killed. */
static void
restless(unsigned what)
{
	struct buf pub = BUF_INIT;
	uint8_t big[1728];
	struct chip *c;

	memset(big, 0x11, sizeof(big));
	if (chip_open(selector, &c) != 0)
		_exit(1);
	for (unsigned i = 0;; i++) {
		int r = 0;

		switch (what % 4) {
		case 0: r = sign_some(c, i); break;
		case 1: r = chip_data_write(c, 0xE0E1, 0, big, 1728, CHIP_ERASE_WRITE); break;
		case 2: r = chip_keypair(c, 0xE0F2, CHIP_ALG_P256, CHIP_USE_SIGN, &pub); break;
		case 3: /* a new handle each time: joins, reads the UID */
			chip_close(&c);
			if ((r = chip_open(selector, &c)) == 0 && (r = chip_acquire(c)) == 0)
				chip_release(c);
			break;
		}
		if (r != 0)
			_exit(1);
	}
}

/* --- parents --------------------------------------------------------------------------------- */

static struct chip *
open_with_key(struct buf *pub)
{
	struct chip *c;

	ck_assert_int_eq(chip_open(selector, &c), 0);
	ck_assert_int_eq(chip_keypair(c, OID_KEY, CHIP_ALG_P256, CHIP_USE_SIGN, pub), 0);
	return c;
}

static unsigned
count_read(struct chip *c)
{
	struct buf b = BUF_INIT;
	unsigned v;

	ck_assert_int_eq(chip_data_read(c, OID_COUNT, 0, 1, &b), 0);
	ck_assert_uint_eq(b.len, 1);
	v = b.data[0];
	buf_free(&b);
	return v;
}

START_TEST(processes_take_turns)
{
	struct buf pub = BUF_INIT;
	struct chip *c = open_with_key(&pub);
	const uint64_t change = chip_change(c), boot = chip_boot(c);
	pid_t pids[NPROCS];
	int ready[2], go[2];
	char ch;

	ck_assert_int_eq(pipe(ready), 0);
	ck_assert_int_eq(pipe(go), 0);
	for (size_t i = 0; i < NPROCS; i++) {
		ck_assert_int_ge(pids[i] = fork(), 0);
		if (pids[i] == 0) {
			(void)close(go[1]);
			worker(&pub, ready[1], go[0]);
		}
	}
	for (size_t i = 0; i < NPROCS; i++)
		ck_assert_int_eq(read(ready[0], &ch, 1), 1);
	(void)close(go[1]);
	for (size_t i = 0; i < NPROCS; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	(void)close(go[0]);
	(void)close(ready[0]);
	(void)close(ready[1]);
	ck_assert_uint_eq(count_read(c), NPROCS * NROUNDS);
	ck_assert_uint_eq(chip_boot(c), boot); /* nobody reset anything */
	ck_assert_uint_eq(chip_change(c), change + NPROCS * NROUNDS);
	chip_close(&c);
	buf_free(&pub);
}
END_TEST

/* SIGKILL at moments spread over everything a host does; the next one must not notice. */
START_TEST(a_killed_holder_harms_nobody)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P256);
	struct buf pub = BUF_INIT, sig = BUF_INIT;
	struct chip *c = open_with_key(&pub);
	EVP_PKEY *key = ossl_key(kt, &pub);
	const uint64_t boot = chip_boot(c);

	for (unsigned i = 0; i < NKILLS; i++) {
		uint8_t digest[32] = { (uint8_t)i, 1 };
		pid_t pid = fork();
		int status;

		ck_assert_int_ge(pid, 0);
		if (pid == 0)
			restless((unsigned)_i);
		(void)nanosleep(&(struct timespec){ 0, 2000000 + 397000 * (long)i }, NULL);
		ck_assert_int_eq(kill(pid, SIGKILL), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		ck_assert(WIFSIGNALED(status)); /* not ended by an error of its own */
		ck_assert_int_eq(chip_sign_ecdsa(c, OID_KEY, 32, digest, 32, &sig), 0);
		ck_assert(ossl_verify_ecdsa(key, digest, 32, &sig));
		ck_assert_int_eq(count_up(c), 0);
	}
	ck_assert_uint_eq(count_read(c), NKILLS);
	ck_assert_uint_eq(chip_boot(c), boot);
	EVP_PKEY_free(key);
	chip_close(&c);
	buf_free(&pub);
	buf_free(&sig);
}
END_TEST

/* A chip that was reset by a host that keeps no record, with its application closed. */
static void
reset_behind_our_back(void)
{
	struct bus *bus;
	struct link *ln;

	ck_assert_int_eq(bus_open(selector, &bus), 0);
	ck_assert_int_eq(link_new(bus, &ln), 0);
	ck_assert_int_eq(bus_lock(bus), 0);
	ck_assert_int_eq(link_start(ln), 0);
	bus_unlock(bus);
	link_free(&ln);
	bus_close(&bus);
}

START_TEST(a_reset_behind_our_back_is_mended)
{
	struct buf pub = BUF_INIT, out = BUF_INIT;
	struct chip *c = open_with_key(&pub);
	uint64_t boot = chip_boot(c);

	reset_behind_our_back();
	ck_assert_int_eq(count_up(c), 0); /* reads and writes are repeated */
	ck_assert_uint_eq(count_read(c), 1);
	ck_assert_uint_ne(chip_boot(c), boot);
	boot = chip_boot(c);
	reset_behind_our_back();
	ck_assert_int_eq(sign_some(c, 1), 0);
	ck_assert_uint_ne(chip_boot(c), boot);
	reset_behind_our_back();
	ck_assert_int_eq(chip_keypair(c, 0xE0F2, CHIP_ALG_P256, CHIP_USE_SIGN, &out), HAL_ERESET);
	ck_assert_int_eq(chip_keypair(c, 0xE0F2, CHIP_ALG_P256, CHIP_USE_SIGN, &out), 0);
	chip_close(&c);
	buf_free(&pub);
	buf_free(&out);
}
END_TEST

START_TEST(a_closed_application_is_opened_again)
{
	static const uint8_t close_app[] = { 0xF1, 0x00, 0x00, 0x00 };
	struct buf pub = BUF_INIT, rsp = BUF_INIT;
	struct chip *c = open_with_key(&pub);
	const uint64_t boot = chip_boot(c);
	struct chip *other;

	ck_assert_int_eq(chip_acquire(c), 0);
	ck_assert_int_eq(link_transceive(c->ln, close_app, sizeof(close_app), &rsp, true, 1000), 0);
	if (rsp.data[0] == 0) {
		ck_assert_int_eq(count_up(c), 0);
		ck_assert_uint_ne(chip_boot(c), boot);
	}
	chip_release(c);
	/* Another one, later: learns of it by the record. */
	ck_assert_int_eq(chip_open(selector, &other), 0);
	ck_assert_int_eq(count_up(other), 0);
	ck_assert_uint_eq(chip_boot(other), chip_boot(c));
	chip_close(&other);
	chip_close(&c);
	buf_free(&pub);
	buf_free(&rsp);
}
END_TEST

START_TEST(two_handles_see_each_others_writes)
{
	struct buf pub = BUF_INIT;
	struct chip *a = open_with_key(&pub), *b;
	uint64_t seen;

	ck_assert_int_eq(chip_open(selector, &b), 0);
	ck_assert_int_eq(count_up(b), 0);
	seen = chip_change(b);
	ck_assert_int_eq(sign_some(a, 0), 0); /* a takes its turn: now it knows */
	ck_assert_uint_eq(chip_change(a), seen);
	ck_assert_int_eq(count_up(a), 0);
	ck_assert_uint_ne(chip_change(a), seen);
	ck_assert_uint_eq(chip_change(b), seen);
	ck_assert_uint_eq(count_read(b), 2);
	ck_assert_uint_eq(chip_change(a), chip_change(b));
	ck_assert_uint_eq(chip_boot(a), chip_boot(b));
	chip_close(&a);
	ck_assert_uint_eq(count_read(b), 2);
	chip_close(&b);
	buf_free(&pub);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip shared");
	TCase *tc = tcase_create("sharing");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, processes_take_turns);
	tcase_add_loop_test(tc, a_killed_holder_harms_nobody, 0, 4);
	tcase_add_test(tc, a_reset_behind_our_back_is_mended);
	tcase_add_test(tc, a_closed_application_is_opened_again);
	tcase_add_test(tc, two_handles_see_each_others_writes);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
