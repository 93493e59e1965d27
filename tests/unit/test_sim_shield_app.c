/*
 * Presentation layer of the simulated chip in front of its real application: the secret is object
 * E140, a handshake is a security event, protection counts for access conditions and costs time.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/sim/sim.h"
#include "tests/unit/sim_shost.h"

#define PLAIN    0x20
#define IN_ONLY  0x21
#define OUT_ONLY 0x22
#define BOTH     0x23
#define FATAL    0x40
#define SLOW     2.5 /* factory current limit, 6 of 15 mA */

static struct shost s;

static const uint8_t open_app[] = { 0xF0, 0, 0, 0x10, 0xD2, 0x76, 0, 0, 4, 'G', 'e', 'n', 'A', 'u',
	't', 'h', 'A', 'p', 'p', 'l' };
static const uint8_t get_secret[] = { 0x81, 0, 0, 2, 0xE1, 0x40 };
static const uint8_t get_counter[] = { 0x81, 0, 0, 2, 0xE0, 0xC5 };
static const uint8_t get_uid[] = { 0x81, 0, 0, 2, 0xE0, 0xC2 };

/* A command at a protection; returns its status, answer starts with it. */
static uint8_t
run(uint8_t sctr, const uint8_t *cmd, size_t len)
{
	ck_assert_int_eq(shost_command(&s, sctr, cmd, len), sctr);
	if (sctr & 2)
		ck_assert(shost_open(&s));
	else
		memmove(s.answer, s.answer + 1, --s.answer_len);
	return s.answer[0];
}

static void
setup(void)
{
	shost_start(&s);
	for (size_t i = 0; i < sizeof(s.secret); i++)
		s.secret[i] = (uint8_t)(i + 1); /* of the factory */
	ck_assert_uint_eq(run(PLAIN, open_app, sizeof(open_app)), 0);
}

static void
teardown(void)
{
	shost_end(&s);
}

static void
change_secret(uint8_t to)
{
	uint8_t cmd[72] = { 0x82, 0, 0, 68, 0xE1, 0x40, 0, 0 };

	memset(cmd + 8, to, 64);
	ck_assert_uint_eq(run(PLAIN, cmd, sizeof(cmd)), 0);
}

static void
set_metadata(const uint8_t *block, size_t len)
{
	uint8_t cmd[64] = { 0x82, 1, 0, 0, 0xE1, 0x40, 0, 0 };

	cmd[3] = (uint8_t)(len + 4);
	memcpy(cmd + 8, block, len);
	ck_assert_uint_eq(run(PLAIN, cmd, len + 8), 0);
}

START_TEST(secret_is_object_e140)
{
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(run(BOTH, get_uid, sizeof(get_uid)), 0);
	ck_assert_uint_eq(s.answer_len, 4 + 27);
	change_secret(0x5A);
	/* A running session goes on, the next one needs the new secret. */
	ck_assert_uint_eq(run(BOTH, get_uid, sizeof(get_uid)), 0);
	ck_assert(!shost_handshake(&s));
	memset(s.secret, 0x5A, sizeof(s.secret));
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(run(BOTH, get_uid, sizeof(get_uid)), 0);
}
END_TEST

/* Written with erase, it is only as long as what was written; HMAC fills it with zeros. */
START_TEST(short_secret)
{
	uint8_t cmd[40] = { 0x82, 0x40, 0, 36, 0xE1, 0x40, 0, 0 };

	memset(cmd + 8, 0xA5, 32);
	ck_assert_uint_eq(run(PLAIN, cmd, sizeof(cmd)), 0);
	memset(s.secret, 0, sizeof(s.secret));
	memset(s.secret, 0xA5, 32);
	ck_assert(shost_handshake(&s));
}
END_TEST

START_TEST(secret_that_may_not_be_used)
{
	set_metadata((const uint8_t[]){ 0x20, 3, 0xD3, 1, 0xFF }, 5);
	ck_assert_int_eq(shost_send(&s, (const uint8_t[]){ 0, 1 }, 2), FATAL);
}
END_TEST

START_TEST(conf_needs_a_protected_response)
{
	/* Read: Conf(E140). */
	set_metadata((const uint8_t[]){ 0x20, 5, 0xD1, 3, 0x20, 0xE1, 0x40 }, 7);
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(run(PLAIN, get_secret, sizeof(get_secret)), 0xFF);
	ck_assert_uint_eq(run(IN_ONLY, get_secret, sizeof(get_secret)), 0xFF);
	ck_assert_uint_eq(run(OUT_ONLY, get_secret, sizeof(get_secret)), 0);
	ck_assert_uint_eq(run(BOTH, get_secret, sizeof(get_secret)), 0);
	ck_assert_mem_eq(s.answer + 4, s.secret, 64);
}
END_TEST

static uint8_t
counter(void)
{
	ck_assert_uint_eq(run(PLAIN, get_counter, sizeof(get_counter)), 0);
	return s.answer[4];
}

START_TEST(handshake_is_a_key_derivation)
{
	ck_assert_uint_eq(counter(), 0);
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(counter(), 1);
	s.secret[0] ^= 1;
	ck_assert(!shost_handshake(&s)); /* a guess counts as well */
	ck_assert_uint_eq(counter(), 2);
	/* Beyond 127 each handshake is delayed: guessing has its price. */
	for (int i = 0; i < 140; i++)
		ck_assert(!shost_handshake(&s));
	ck_assert_uint_gt(counter(), 127);
	s.secret[0] ^= 1;
	uint64_t start = sim_now(s.h.s);
	ck_assert(shost_handshake(&s));
	ck_assert_uint_gt(sim_now(s.h.s) - start, MS(400));
}
END_TEST

static double
ms(uint8_t sctr, const uint8_t *cmd, size_t len)
{
	uint64_t start = sim_now(s.h.s);

	ck_assert_uint_eq(run(sctr, cmd, len), 0);
	return (double)(sim_now(s.h.s) - start) / 1e6;
}

/* Data sheet 3.61, table of execution times: P-256, signing and generating 5 ms more. */
START_TEST(protection_takes_time)
{
	static const uint8_t generate[] = { 0xB8, 0x03, 0, 9, 1, 0, 2, 0xE0, 0xF1, 2, 0, 1, 0x10 };
	uint8_t sign[4 + 3 + 32 + 5] = { 0xB1, 0x11, 0, 40, 1, 0, 32 };
	const double bus = 24 * 9 / 400.0; /* two protected messages are that much longer */
	double plain;

	memcpy(sign + 39, (const uint8_t[]){ 3, 0, 2, 0xE0, 0xF1 }, 5);
	ck_assert(shost_handshake(&s));
	plain = ms(PLAIN, generate, sizeof(generate));
	ck_assert_double_eq_tol(ms(BOTH, generate, sizeof(generate)), plain + 5 * SLOW + bus, 1.5);
	plain = ms(PLAIN, sign, sizeof(sign));
	ck_assert_double_eq_tol(ms(BOTH, sign, sizeof(sign)), plain + 5 * SLOW + bus, 1.5);
	plain = ms(PLAIN, get_uid, sizeof(get_uid));
	ck_assert_double_eq_tol(ms(BOTH, get_uid, sizeof(get_uid)), plain + bus, 1.5);
}
END_TEST

/*
 * An application that hibernated with the layer in use demands it when it is back, even if it was
 * restored without.
 */
START_TEST(restored_application_demands_the_layer)
{
	static const uint8_t hibernate[] = { 0xF1, 1, 0, 0 };
	uint8_t restore[sizeof(open_app) + 8], packet[1 + sizeof(get_uid)] = { 0 };
	int fctr;

	ck_assert_int_eq(sim_set_app(s.h.s, SIM_APP_OPEN_CLEARS), 0);
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(run(BOTH, hibernate, sizeof(hibernate)), 0xFF); /* it was an event */
	host_sleep_us(&s.h, 6000000);
	ck_assert_uint_eq(run(BOTH, hibernate, sizeof(hibernate)), 0);
	ck_assert_uint_eq(s.answer_len, 12);
	memcpy(restore, open_app, sizeof(open_app));
	restore[1] = 1;
	restore[3] = 0x18;
	memcpy(restore + sizeof(open_app), s.answer + 4, 8);
	shost_reset(&s, true);
	s.no_presence = true;
	ck_assert_int_eq(shost_send(&s, restore, sizeof(restore)), 0);
	memcpy(packet + 1, get_uid, sizeof(get_uid));
	host_send(&s.h, (uint8_t)(s.tx << 2 | s.rx), packet, sizeof(packet));
	do
		fctr = host_wait(&s.h, 100);
	while (fctr >= 0x80);
	ck_assert_int_ge(fctr, 0);
	ck_assert_uint_eq(s.h.frame[3], 0x08); /* PRESENCE, one packet */
	ck_assert_uint_eq(s.h.frame[4], FATAL);
}
END_TEST

/*
 * A host that does not know of a reset, its frame number being the one that is due: the command is
 * answered, as the application's error, and the application works once it was opened.
 */
START_TEST(ft_24_reset_while_the_numbers_match)
{
	for (int cold = 0; cold < 2; cold++) {
		s.no_presence = true;
		shost_reset(&s, cold != 0);
		ck_assert_int_eq(shost_send(&s, get_uid, sizeof(get_uid)), 0xFF);
		ck_assert_uint_eq(s.answer_len, 4);
		ck_assert_int_eq(shost_send(&s, open_app, sizeof(open_app)), 0);
		ck_assert_int_eq(shost_send(&s, get_uid, sizeof(get_uid)), 0);
		ck_assert_uint_eq(s.answer_len, 4 + 27);
	}
}
END_TEST

int
main(void)
{
	Suite *su = suite_create("sim_shield_app");
	TCase *tc = tcase_create("real application");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, secret_is_object_e140);
	tcase_add_test(tc, short_secret);
	tcase_add_test(tc, secret_that_may_not_be_used);
	tcase_add_test(tc, conf_needs_a_protected_response);
	tcase_add_test(tc, handshake_is_a_key_derivation);
	tcase_add_test(tc, protection_takes_time);
	tcase_add_test(tc, restored_application_demands_the_layer);
	tcase_add_test(tc, ft_24_reset_while_the_numbers_match);
	suite_add_tcase(su, tc);
	sr = srunner_create(su);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
