/*
 * A fault at every transfer, one after the other, of a long write, a signature and a key
 * generation: success must be true, failure must be an error of ours, and the handle must be
 * usable afterwards.
 */
#include <config.h>

#include <check.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"
#include "hal/chip/internal.h"
#include "hal/sim/fault.h"
#include "tests/unit/test_chip_ossl.h"

#define OID_CERT 0xE0E1
#define OID_KEY  0xE0F1
#define CERT_LEN 1728

static const char *selector;
static struct chip *c;
static struct sim *sim;
static const struct chip_keytype *kt;

static void
setup(void)
{
	selector = sim_image(3);
	ck_assert_int_eq(chip_open(selector, &c), 0);
	sim = c->bus->priv;
	kt = chip_keytype_by_alg(CHIP_ALG_P256);
}

static void
teardown(void)
{
	chip_close(&c);
	sim_image_remove();
}

/*
 * One transfer goes wrong, or (count 0) everything from there on. Those at any transfer come
 * last and take longest, since most transfers only ask for the chip's state.
 */
#define NFRAME_FAULTS 14
static const struct sim_fault faults[] = {
	{ .kind = SIM_FAULT_FLIP, .at = SIM_AT_FRAME_IN, .count = 1, .arg = 9 },
	{ .kind = SIM_FAULT_LOSE, .at = SIM_AT_FRAME_IN, .count = 1 },
	{ .kind = SIM_FAULT_LOSE, .at = SIM_AT_FRAME_IN, .count = 9 },
	{ .kind = SIM_FAULT_DUPLICATE, .at = SIM_AT_FRAME_IN, .count = 1 },
	{ .kind = SIM_FAULT_BUS_DEAD, .at = SIM_AT_FRAME_IN, .count = 0 },
	{ .kind = SIM_FAULT_RESET, .at = SIM_AT_FRAME_IN, .count = 1 },
	{ .kind = SIM_FAULT_FLIP, .at = SIM_AT_FRAME_OUT, .count = 1, .arg = 9 },
	{ .kind = SIM_FAULT_FCS, .at = SIM_AT_FRAME_OUT, .count = 1 },
	{ .kind = SIM_FAULT_LOSE, .at = SIM_AT_FRAME_OUT, .count = 1 },
	{ .kind = SIM_FAULT_LOSE, .at = SIM_AT_FRAME_OUT, .count = 9 },
	{ .kind = SIM_FAULT_FF, .at = SIM_AT_FRAME_OUT, .count = 2 },
	{ .kind = SIM_FAULT_BUS_DEAD, .at = SIM_AT_FRAME_OUT, .count = 1 },
	{ .kind = SIM_FAULT_BUS_DEAD, .at = SIM_AT_FRAME_OUT, .count = 0 },
	{ .kind = SIM_FAULT_RESET, .at = SIM_AT_FRAME_OUT, .count = 1 },
	{ .kind = SIM_FAULT_BUS_DEAD, .at = SIM_AT_ANY, .count = 0 },
	{ .kind = SIM_FAULT_RESET, .at = SIM_AT_ANY, .count = 1 },
};

/*
 * The steps of a sweep: run what with the fault at transfer n, until it is no longer reached.
 * Under valgrind only every SWEEP_STRIDE-th, whose place moves with the fault.
 */
static void
sweep(const struct sim_fault *f, void (*what)(unsigned n))
{
	const char *env = getenv("SWEEP_STRIDE");
	const unsigned stride = env != NULL && atoi(env) > 1 ? (unsigned)atoi(env) : 1;
	unsigned n, hits = 1;

	for (n = (unsigned)f->kind % stride; hits > 0; n += stride) {
		struct sim_fault at = *f;
		unsigned before = sim_fault_hits(sim);
		struct buf uid = BUF_INIT;

		at.skip = n;
		ck_assert_int_eq(sim_fault_add(sim, &at), 0);
		what(n);
		hits = sim_fault_hits(sim) - before;
		sim_fault_clear(sim);
		/* One more failure is allowed to notice that the chip has changed meanwhile. */
		if (chip_data_read(c, 0xE0C2, 0, 27, &uid) != 0)
			ck_assert_msg(
			    chip_data_read(c, 0xE0C2, 0, 27, &uid) == 0, "transfer %u", n);
		buf_free(&uid);
	}
	ck_assert_uint_gt(n, 2); /* the sweep reached something */
}

/* --- a long write ---------------------------------------------------------------------------- */

static uint8_t old_data[CERT_LEN], new_data[CERT_LEN];

static void
write_and_judge(unsigned n)
{
	struct buf b = BUF_INIT;
	int r;

	memset(new_data, 0x40 + (int)(n % 64), sizeof(new_data));
	new_data[CERT_LEN - 1] = (uint8_t)n;
	r = chip_data_write(c, OID_CERT, 0, new_data, CERT_LEN, CHIP_ERASE_WRITE);
	ck_assert_msg(r <= 0, "transfer %u: chip error %d", n, r);
	sim_fault_clear(sim);
	if (chip_data_read(c, OID_CERT, 0, CERT_LEN, &b) != 0)
		ck_assert_int_eq(chip_data_read(c, OID_CERT, 0, CERT_LEN, &b), 0);
	ck_assert_uint_eq(b.len, CERT_LEN);
	/* All old, all new, or nothing that a reader could take for a certificate. */
	if (r == 0)
		ck_assert_mem_eq(b.data, new_data, CERT_LEN);
	else if (memcmp(b.data, old_data, CERT_LEN) != 0 && b.data[0] != 0)
		ck_assert_mem_eq(b.data, new_data, CERT_LEN);
	memcpy(old_data, b.data, CERT_LEN);
	buf_free(&b);
}

START_TEST(a_long_write_survives_a_fault_at_any_frame)
{
	struct buf b = BUF_INIT;

	ck_assert_int_eq(chip_data_read(c, OID_CERT, 0, CERT_LEN, &b), 0);
	memcpy(old_data, b.data, CERT_LEN);
	buf_free(&b);
	sweep(&faults[_i], write_and_judge);
}
END_TEST

/* --- keys ------------------------------------------------------------------------------------ */

static EVP_PKEY *key;

static void
sign_and_judge(unsigned n)
{
	uint8_t digest[32] = { (uint8_t)n, 3 };
	struct buf sig = BUF_INIT;
	int r = chip_sign_ecdsa(c, OID_KEY, 32, digest, sizeof(digest), &sig);

	ck_assert_msg(r <= 0, "transfer %u: chip error %d", n, r);
	if (r == 0)
		ck_assert(ossl_verify_ecdsa(key, digest, sizeof(digest), &sig));
	buf_free(&sig);
}

START_TEST(a_signature_survives_a_fault_at_any_transfer)
{
	struct buf pub = BUF_INIT;

	ck_assert_int_eq(chip_keypair(c, OID_KEY, CHIP_ALG_P256, CHIP_USE_SIGN, &pub), 0);
	key = ossl_key(kt, &pub);
	sweep(&faults[_i], sign_and_judge);
	EVP_PKEY_free(key);
	buf_free(&pub);
}
END_TEST

/* A public key that is handed out belongs to the key in the slot: generated once, not twice. */
static void
generate_and_judge(unsigned n)
{
	uint8_t digest[32] = { (uint8_t)n, 4 };
	struct buf pub = BUF_INIT, sig = BUF_INIT;
	int r = chip_keypair(c, OID_KEY, CHIP_ALG_P256, CHIP_USE_SIGN, &pub);

	ck_assert_msg(r <= 0, "transfer %u: chip error %d", n, r);
	if (r == 0) {
		key = ossl_key(kt, &pub);
		sim_fault_clear(sim);
		r = chip_sign_ecdsa(c, OID_KEY, 32, digest, sizeof(digest), &sig);
		ck_assert_msg(r == 0, "transfer %u: %d", n, r);
		ck_assert(ossl_verify_ecdsa(key, digest, sizeof(digest), &sig));
		EVP_PKEY_free(key);
	}
	buf_free(&pub);
	buf_free(&sig);
}

START_TEST(a_key_generation_survives_a_fault_at_any_frame)
{
	ck_assert_int_eq(chip_acquire(c), 0);
	chip_release(c);
	sweep(&faults[_i], generate_and_judge);
}
END_TEST

/* --- chains, sessions and counters ----------------------------------------------------------- */

#define OID_AES     0xE200
#define OID_COUNTER 0xE120

static uint8_t text[640]; /* two commands of a cipher */
static struct buf cipher;

/* A chain that was cut short is begun again: never half of one. */
static void
encrypt_and_judge(unsigned n)
{
	static const uint8_t iv[16];
	struct buf b = BUF_INIT;
	int r = chip_encrypt(c, CHIP_CIPHER_CBC, OID_AES, iv, text, sizeof(text), &b);

	ck_assert_msg(r <= 0, "transfer %u: chip error %d", n, r);
	ck_assert_uint_eq(b.len, r == 0 ? cipher.len : 0);
	if (r == 0)
		ck_assert_mem_eq(b.data, cipher.data, cipher.len);
	buf_free(&b);
}

START_TEST(a_chain_survives_a_fault_at_any_frame)
{
	static const uint8_t change[] = { 0xD0, 0x01, 0x00 }, iv[16];

	ck_assert_int_eq(chip_meta_write(c, OID_AES, change, sizeof(change)), 0);
	ck_assert_int_eq(chip_symkey(c, OID_AES, CHIP_ALG_AES128, CHIP_USE_ENC), 0);
	ck_assert_int_eq(
	    chip_encrypt(c, CHIP_CIPHER_CBC, OID_AES, iv, text, sizeof(text), &cipher), 0);
	sweep(&faults[_i], encrypt_and_judge);
	buf_free(&cipher);
}
END_TEST

/* The hash of nothing takes two commands, the others in their chains are alike. */
static void
hash_and_judge(unsigned n)
{
	uint8_t got[CHIP_HASH_LEN], want[CHIP_HASH_LEN];
	int r = chip_hash(c, NULL, 0, got);

	ck_assert_msg(r <= 0, "transfer %u: chip error %d", n, r);
	ck_assert_int_eq(EVP_Digest("", 0, want, NULL, EVP_sha256(), NULL), 1);
	if (r == 0)
		ck_assert_mem_eq(got, want, sizeof(want));
}

START_TEST(a_hash_survives_a_fault_at_any_frame)
{
	ck_assert_int_eq(chip_acquire(c), 0);
	chip_release(c);
	sweep(&faults[_i], hash_and_judge);
}
END_TEST

static uint32_t last;

/* Counted exactly once when it says so, at most once otherwise. */
static void
count_and_judge(unsigned n)
{
	uint32_t value, threshold;
	int r = chip_counter_count(c, OID_COUNTER, 1);

	ck_assert_msg(r <= 0, "transfer %u: chip error %d", n, r);
	sim_fault_clear(sim);
	if (chip_counter_read(c, OID_COUNTER, &value, &threshold) != 0)
		ck_assert_int_eq(chip_counter_read(c, OID_COUNTER, &value, &threshold), 0);
	ck_assert_msg(value == last + 1 || (r != 0 && value == last),
	    "transfer %u: %d, counter from %u to %u", n, r, last, value);
	last = value;
}

START_TEST(a_counter_never_counts_twice)
{
	static const uint8_t content[] = { 0, 0, 0, 0, 0, 0, 0xFF, 0xFF };

	ck_assert_int_eq(
	    chip_data_write(c, OID_COUNTER, 0, content, sizeof(content), CHIP_ERASE_WRITE), 0);
	last = 0;
	sweep(&faults[_i], count_and_judge);
}
END_TEST

/*
 * A key in a session is used or gone. A chip that was reset says that the session is empty, or
 * the command itself that the chip was reset: then chip_boot has moved.
 */
static uint64_t boot;

static void
session_and_judge(unsigned n)
{
	uint8_t digest[32] = { (uint8_t)n, 5 };
	struct buf pub = BUF_INIT, sig = BUF_INIT;
	int r = chip_sign_ecdsa(c, 0xE100, 32, digest, sizeof(digest), &sig);

	ck_assert_msg(r <= 0 || (r == CHIP_E_SEQUENCE && chip_boot(c) != boot),
	    "transfer %u: chip error %d", n, r);
	if (r == 0)
		ck_assert(ossl_verify_ecdsa(key, digest, sizeof(digest), &sig));
	sim_fault_clear(sim);
	if (chip_boot(c) != boot || r != 0) {
		if (chip_keypair(c, 0xE100, CHIP_ALG_P256, CHIP_USE_SIGN, &pub) != 0)
			ck_assert_int_eq(
			    chip_keypair(c, 0xE100, CHIP_ALG_P256, CHIP_USE_SIGN, &pub), 0);
		EVP_PKEY_free(key);
		key = ossl_key(kt, &pub);
		boot = chip_boot(c);
	}
	buf_free(&pub);
	buf_free(&sig);
}

START_TEST(a_session_is_there_or_reported_lost)
{
	struct buf pub = BUF_INIT;

	ck_assert_int_eq(chip_keypair(c, 0xE100, CHIP_ALG_P256, CHIP_USE_SIGN, &pub), 0);
	key = ossl_key(kt, &pub);
	boot = chip_boot(c);
	sweep(&faults[_i], session_and_judge);
	EVP_PKEY_free(key);
	buf_free(&pub);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip under faults");
	TCase *tc = tcase_create("faults"), *state = tcase_create("state");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_set_timeout(tc, 120);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_long_write_survives_a_fault_at_any_frame, 0, NFRAME_FAULTS);
	tcase_add_loop_test(
	    tc, a_signature_survives_a_fault_at_any_transfer, 0, (int)NITEMS(faults));
	tcase_add_loop_test(tc, a_key_generation_survives_a_fault_at_any_frame, 0, NFRAME_FAULTS);
	tcase_set_timeout(state, 120);
	tcase_add_checked_fixture(state, setup, teardown);
	tcase_add_loop_test(state, a_chain_survives_a_fault_at_any_frame, 0, NFRAME_FAULTS);
	tcase_add_loop_test(state, a_hash_survives_a_fault_at_any_frame, 0, NFRAME_FAULTS);
	tcase_add_loop_test(state, a_counter_never_counts_twice, 0, NFRAME_FAULTS);
	tcase_add_loop_test(state, a_session_is_there_or_reported_lost, 0, NFRAME_FAULTS);
	suite_add_tcase(s, tc);
	suite_add_tcase(s, state);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
