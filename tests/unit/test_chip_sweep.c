/*
 * Every kind of fault at every transfer of opening, reading, writing, generating, signing and
 * counting, until the call succeeds untouched: what is right or a precise error comes back, nothing
 * is done twice, and the next call works.
 *
 * The program of the fast tier visits every 193rd transfer, beginning elsewhere for each fault, the
 * long one all of them. Under valgrind (SWEEP_STRIDE) each fault takes its turn with one call.
 */
#include <config.h>

#include <check.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ops.h"
#include "hal/chip/internal.h"
#include "hal/sim/fault.h"
#include "tests/unit/test_chip_ossl.h"

#define OID_KEY     0xE0F1
#define OID_COUNTER 0xE120
#define OID_DATA    0xF1E0 /* what is written */
#define OID_KNOWN   0xF1E1 /* what is read, and by the next call */
#define DATA_LEN    600
#define NEXT_LEN    300 /* two packets */
#ifndef SWEEP_EVERY
#define SWEEP_EVERY 193
#endif

static const char *selector;
static struct chip *c;
static struct sim *sim;
static char what[96];

#define FAULT(name, k, a, n, x)                                                                    \
	{                                                                                          \
		name,                                                                              \
		{                                                                                  \
			.kind = k, .at = a, .count = n, .arg = x                                   \
		}                                                                                  \
	}
static const struct {
	const char *name;
	struct sim_fault f;
} faults[] = {
	FAULT("first bit", SIM_FAULT_FLIP, SIM_AT_ANY, 1, 0),
	FAULT("acknowledged number", SIM_FAULT_FLIP, SIM_AT_ANY, 1, 7),
	FAULT("a bit of the length", SIM_FAULT_FLIP, SIM_AT_ANY, 1, 22),
	FAULT("a bit of the payload", SIM_FAULT_FLIP, SIM_AT_ANY, 1, 41),
	FAULT("checksum", SIM_FAULT_FCS, SIM_AT_ANY, 1, 0),
	FAULT("checksum twice", SIM_FAULT_FCS, SIM_AT_ANY, 2, 0),
	FAULT("lost", SIM_FAULT_LOSE, SIM_AT_ANY, 1, 0),
	FAULT("lost three times", SIM_FAULT_LOSE, SIM_AT_ANY, 3, 0),
	FAULT("nine frames lost", SIM_FAULT_LOSE, SIM_AT_FRAME_IN, 9, 0),
	FAULT("cut to nothing", SIM_FAULT_TRUNCATE, SIM_AT_ANY, 1, 0),
	FAULT("cut", SIM_FAULT_TRUNCATE, SIM_AT_ANY, 1, 4),
	FAULT("twice", SIM_FAULT_DUPLICATE, SIM_AT_ANY, 1, 0),
	FAULT("address refused", SIM_FAULT_NACK, SIM_AT_ANY, 1, 0),
	FAULT("address refused 20 times", SIM_FAULT_NACK, SIM_AT_ANY, 20, 0),
	FAULT("address refused for ever", SIM_FAULT_NACK, SIM_AT_ANY, 0, 0),
	FAULT("data refused", SIM_FAULT_DATA_NACK, SIM_AT_ANY, 1, 3),
	FAULT("bus error", SIM_FAULT_BUS_DEAD, SIM_AT_ANY, 1, 0),
	FAULT("bus dead", SIM_FAULT_BUS_DEAD, SIM_AT_ANY, 0, 0),
	FAULT("stuck low", SIM_FAULT_ZERO, SIM_AT_ANY, 1, 0),
	FAULT("stuck low for ever", SIM_FAULT_ZERO, SIM_AT_ANY, 0, 0),
	FAULT("stuck high", SIM_FAULT_FF, SIM_AT_ANY, 1, 0),
	FAULT("stuck high for ever", SIM_FAULT_FF, SIM_AT_ANY, 0, 0),
	FAULT("busy", SIM_FAULT_BUSY, SIM_AT_STATE, 1, 0),
	FAULT("busy for ever", SIM_FAULT_BUSY, SIM_AT_STATE, 0, 0),
	FAULT("length 0", SIM_FAULT_LENGTH, SIM_AT_STATE, 1, 0),
	FAULT("length 7", SIM_FAULT_LENGTH, SIM_AT_STATE, 1, 7),
	FAULT("length 300", SIM_FAULT_LENGTH, SIM_AT_STATE, 1, 300),
	FAULT("length 65535", SIM_FAULT_LENGTH, SIM_AT_STATE, 1, 65535),
	FAULT("reset", SIM_FAULT_RESET, SIM_AT_ANY, 1, 0),
	FAULT("bus lost to another master", SIM_FAULT_LOST, SIM_AT_ANY, 1, 0),
	FAULT("clock held", SIM_FAULT_CLOCK, SIM_AT_ANY, 1, 0),
};

/* --- what is done, and what must be true of it --------------------------------------------- */

static uint8_t known[DATA_LEN], last_data[DATA_LEN];
static uint32_t last_count;
static EVP_PKEY *key;
static uint8_t uid[CHIP_UID_LEN];

static void
fresh_handle(void)
{
	chip_close(&c);
	ck_assert_int_eq(chip_open(selector, &c), 0);
	sim = c->bus->priv;
}

/* As the first host after power-on, which has no record of others. */
static void
before_open(void)
{
	struct bus_record *rec = bus_record(c->bus);

	ck_assert_ptr_nonnull(rec);
	memset(rec, 0, sizeof(*rec));
	fresh_handle();
}

static int
do_open(unsigned n)
{
	const int r = chip_acquire(c);

	(void)n;
	if (r != 0)
		return r;
	ck_assert_msg(
	    chip_model(c) != NULL && strcmp(chip_model(c)->id, "trust-m-v3") == 0, "%s", what);
	ck_assert_msg(memcmp(chip_uid(c), uid, sizeof(uid)) == 0, "%s", what);
	chip_release(c);
	return 0;
}

static int
do_read(unsigned n)
{
	struct buf b = BUF_INIT;
	const int r = chip_data_read(c, OID_KNOWN, 0, DATA_LEN, &b);

	(void)n;
	ck_assert_msg(b.len == (r == 0 ? DATA_LEN : 0), "%s: %zu bytes", what, b.len);
	if (r == 0)
		ck_assert_msg(memcmp(b.data, known, DATA_LEN) == 0, "%s", what);
	buf_free(&b);
	return r;
}

static int
do_write(unsigned n)
{
	uint8_t data[DATA_LEN];
	struct buf b = BUF_INIT;
	int r;

	memset(data, (int)(n % 251), sizeof(data));
	data[DATA_LEN - 1] = (uint8_t)~last_data[DATA_LEN - 1];
	r = chip_data_write(c, OID_DATA, 0, data, DATA_LEN, CHIP_ERASE_WRITE);
	sim_fault_clear(sim);
	if (chip_data_read(c, OID_DATA, 0, DATA_LEN, &b) != 0)
		ck_assert_msg(chip_data_read(c, OID_DATA, 0, DATA_LEN, &b) == 0, "%s", what);
	/* One command: all or nothing. */
	ck_assert_msg(b.len == DATA_LEN, "%s: %zu bytes", what, b.len);
	if (r == 0 || memcmp(b.data, last_data, DATA_LEN) != 0)
		ck_assert_msg(memcmp(b.data, data, DATA_LEN) == 0, "%s: %d", what, r);
	memcpy(last_data, b.data, DATA_LEN);
	buf_free(&b);
	return r;
}

static bool
signs(unsigned n, EVP_PKEY *k, int *result)
{
	uint8_t digest[32] = { (uint8_t)n, 7 };
	struct buf sig = BUF_INIT;
	bool good = true;

	*result = chip_sign_ecdsa(c, OID_KEY, 32, digest, sizeof(digest), &sig);
	if (*result == 0)
		good = ossl_verify_ecdsa(k, digest, sizeof(digest), &sig);
	buf_free(&sig);
	return good;
}

static void
before_sign(void)
{
	struct buf pub = BUF_INIT;

	if (key != NULL)
		return;
	ck_assert_int_eq(chip_keypair(c, OID_KEY, CHIP_ALG_P256, CHIP_USE_SIGN, &pub), 0);
	key = ossl_key(chip_keytype_by_alg(CHIP_ALG_P256), &pub);
	buf_free(&pub);
}

static int
do_sign(unsigned n)
{
	int r;

	ck_assert_msg(signs(n, key, &r), "%s", what);
	return r;
}

/* Generated twice, the key handed out would not be the one in the slot. */
static int
do_generate(unsigned n)
{
	struct buf pub = BUF_INIT;
	EVP_PKEY *k;
	int r = chip_keypair(c, OID_KEY, CHIP_ALG_P256, CHIP_USE_SIGN, &pub), r2;

	if (r == 0) {
		sim_fault_clear(sim);
		k = ossl_key(chip_keytype_by_alg(CHIP_ALG_P256), &pub);
		ck_assert_msg(signs(n, k, &r2) && r2 == 0, "%s: %d", what, r2);
		EVP_PKEY_free(k);
	}
	buf_free(&pub);
	return r;
}

static int
do_count(unsigned n)
{
	uint32_t value, threshold;
	const int r = chip_counter_count(c, OID_COUNTER, 1);

	(void)n;
	sim_fault_clear(sim);
	if (chip_counter_read(c, OID_COUNTER, &value, &threshold) != 0)
		ck_assert_msg(
		    chip_counter_read(c, OID_COUNTER, &value, &threshold) == 0, "%s", what);
	ck_assert_msg(value == last_count + 1 || (r != 0 && value == last_count),
	    "%s: %d, counter from %u to %u", what, r, last_count, value);
	last_count = value;
	return r;
}

static const struct {
	const char *name;
	void (*before)(void); /* without faults, NULL: nothing */
	int (*call)(unsigned n);
} calls[] = {
	{ "open", before_open, do_open },
	{ "read", NULL, do_read },
	{ "write", NULL, do_write },
	{ "generate", NULL, do_generate },
	{ "sign", before_sign, do_sign },
	{ "count", NULL, do_count },
};

/* --- the sweep ----------------------------------------------------------------------------- */

static void
setup(void)
{
	static const uint8_t counter[] = { 0, 0, 0, 0, 0, 0x0F, 0xFF, 0xFF };

	selector = sim_image(3);
	c = NULL;
	key = NULL;
	last_count = 0;
	fresh_handle();
	for (size_t i = 0; i < sizeof(known); i++)
		known[i] = (uint8_t)(i * 5 + i / 256);
	memset(last_data, 0xEE, sizeof(last_data));
	ck_assert_int_eq(chip_data_write(c, OID_KNOWN, 0, known, DATA_LEN, CHIP_ERASE_WRITE), 0);
	ck_assert_int_eq(chip_data_write(c, OID_DATA, 0, last_data, DATA_LEN, CHIP_ERASE_WRITE), 0);
	ck_assert_int_eq(
	    chip_data_write(c, OID_COUNTER, 0, counter, sizeof(counter), CHIP_ERASE_WRITE), 0);
	memcpy(uid, chip_uid(c), sizeof(uid));
}

static void
teardown(void)
{
	EVP_PKEY_free(key);
	chip_close(&c);
	sim_image_remove();
}

/* Errors of ours that say what went wrong; a chip that was reset may say so itself. */
static bool
is_precise(int r)
{
	return r == HAL_ETIMEOUT || r == HAL_ENODEV || r == HAL_EIO || r == HAL_ERESYNC ||
	       r == HAL_ERESET || r == HAL_EPROTO;
}

static bool
next_call(void)
{
	struct buf b = BUF_INIT;
	const bool good = chip_data_read(c, OID_KNOWN, 0, NEXT_LEN, &b) == 0 && b.len == NEXT_LEN &&
			  memcmp(b.data, known, NEXT_LEN) == 0;

	buf_free(&b);
	return good;
}

/* One fault in one call; first: at which transfer it begins. */
static void
sweep(size_t call, size_t fault, unsigned first)
{
	unsigned hits = 1;
	int r = 0;

	for (unsigned n = first; hits > 0; n += SWEEP_EVERY) {
		struct sim_fault at = faults[fault].f;
		unsigned before;

		(void)snprintf(what, sizeof(what), "%s, %s at transfer %u", calls[call].name,
		    faults[fault].name, n);
		if (calls[call].before != NULL)
			calls[call].before();
		before = sim_fault_hits(sim);
		at.skip = n;
		ck_assert_int_eq(sim_fault_add(sim, &at), 0);
		r = calls[call].call(n);
		hits = sim_fault_hits(sim) - before;
		sim_fault_clear(sim);
		ck_assert_msg(r == 0 || is_precise(r), "%s: %d", what, r);
		/* One more failure is allowed to notice that the chip has changed meanwhile. */
		ck_assert_msg(
		    next_call() || next_call(), "%s: %d, and the next call fails", what, r);
	}
	ck_assert_msg(r == 0, "%s: %d untouched", what, r);
}

START_TEST(a_fault_at_any_transfer)
{
	const bool turns = getenv("SWEEP_STRIDE") != NULL;
	const unsigned fault = (unsigned)_i;

	for (unsigned call = 0; call < NITEMS(calls); call++)
		if (!turns || call == fault % NITEMS(calls))
			sweep(call, fault, (13 * fault + 29 * call) % SWEEP_EVERY);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip, every fault");
	TCase *tc = tcase_create("sweep");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_set_timeout(tc, 300);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, a_fault_at_any_transfer, 0, (int)NITEMS(faults));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
