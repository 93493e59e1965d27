/*
 * The host's presentation layer against the chip's, which share no code: every fault that the chip
 * can make in its messages, at every message, with every switch for what the specification leaves
 * open. The chip's application counts its commands, so that one which ran twice shows.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/secret.h"
#include "hal/bus/ops.h"
#include "hal/link/link.h"
#include "hal/sim/fault.h"
#include "hal/sim/sim.h"

#define COMMANDS 6

static char dir[64], image[96], selector[128];
static struct bus *bus;
static struct sim *sim;
static struct link *ln;
static struct buf rsp = BUF_INIT;
static uint8_t ran; /* commands that the chip has run, as far as we know, modulo 256 */

static void
use_secret(uint8_t first)
{
	struct secret *s;
	uint8_t bytes[64];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(first + i);
	ck_assert_int_eq(secret_from(bytes, sizeof(bytes), &s), 0);
	ck_assert_int_eq(link_set_secret(ln, s), 0);
	secret_free(&s);
}

static void
setup(void)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;

	(void)snprintf(dir, sizeof(dir), "/tmp/test_link_shield_sim.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(image, sizeof(image), "%s/chip", dir);
	cfg.seeded = true;
	ck_assert_int_eq(sim_create(image, &cfg), 0);
	(void)snprintf(selector, sizeof(selector), "sim:%s?time=virtual", image);
	ck_assert_int_eq(bus_open(selector, &bus), 0);
	sim = bus->priv;
	ck_assert_int_eq(link_new(bus, &ln), 0);
	ck_assert_int_eq(link_start(ln), 0);
	use_secret(0);
	ran = 0;
}

static void
teardown(void)
{
	link_free(&ln);
	bus_close(&bus);
	buf_free(&rsp);
	(void)unlink(image);
	(void)rmdir(dir);
}

/* A command that takes 2 ms and answers with 40 bytes. */
static int
command(enum link_protect protect)
{
	static const uint8_t cmd[300] = { 0xEE, 0, 0x01, 0x28, 0, 0, 0x07, 0xD0, 0, 40 };
	const struct link_how how = { .deadline_ms = 5000, .protect = protect };

	return link_transceive_as(ln, cmd, sizeof(cmd), &rsp, &how);
}

/* What came back is right, and the command ran once. */
static void
right(void)
{
	ck_assert_uint_eq(rsp.len, 44);
	ck_assert_uint_eq(rsp.data[0], 0);
	ck_assert_uint_eq(rsp.data[3], 40);
	for (size_t i = 0; i < 40; i++)
		ck_assert_uint_eq(rsp.data[4 + i], i);
	ck_assert_uint_eq(rsp.data[1], ++ran);
}

/* The same after an error: the command may have run, or not; never twice. */
static void
right_after_error(unsigned errors)
{
	ck_assert_uint_eq(rsp.len, 44);
	ck_assert_uint_ge((uint8_t)(rsp.data[1] - ran), 1);
	ck_assert_uint_le((uint8_t)(rsp.data[1] - ran), 1 + errors);
	ran = rsp.data[1];
}

/* count: what lasts; arg: as in fault.h. */
static const struct {
	const char *what;
	enum sim_shield_fault_kind kind;
	unsigned count, arg;
} faults[] = {
	{ "none", SIM_SHIELD_FAULT_NONE, 0, 0 },
	{ "FT-29 wrong tag", SIM_SHIELD_FAULT_TAG, 1, 0 },
	{ "FT-29 three times", SIM_SHIELD_FAULT_TAG, 3, 0 },
	{ "FT-29 for ever", SIM_SHIELD_FAULT_TAG, 5, 0 },
	{ "FT-29 in the command", SIM_SHIELD_FAULT_REFUSE, 1, 0 },
	{ "FT-29 in the command for ever", SIM_SHIELD_FAULT_REFUSE, 5, 0 },
	{ "other text", SIM_SHIELD_FAULT_TEXT, 1, 0 },
	{ "a byte is missing", SIM_SHIELD_FAULT_SHORT, 1, 1 },
	{ "only SCTR", SIM_SHIELD_FAULT_SHORT, 1, 52 },
	{ "FT-30 number used again", SIM_SHIELD_FAULT_SEQ, 1, 0 },
	{ "FT-31 last number + 2", SIM_SHIELD_FAULT_SEQ, 1, 2 },
	{ "FT-31 last number + 3", SIM_SHIELD_FAULT_SEQ, 1, 3 },
	{ "FT-31 last number + 4", SIM_SHIELD_FAULT_SEQ, 1, 4 },
	{ "FT-32 alert", SIM_SHIELD_FAULT_ALERT, 1, 0 },
	{ "FT-33 response plain", SIM_SHIELD_FAULT_SCTR, 1, 0x20 },
	{ "FT-33 response plain", SIM_SHIELD_FAULT_SCTR, 1, 0x21 },
	{ "FT-33 other protection", SIM_SHIELD_FAULT_SCTR, 1, 0x22 },
	{ "other version", SIM_SHIELD_FAULT_HELLO, 1, 0x02 },
};

static const unsigned switches[] = { 0, SIM_SHIELD_PLAIN_OK, SIM_SHIELD_NO_SESSION_44,
	SIM_SHIELD_FAILED_COUNT, SIM_SHIELD_EQUAL_SEQ, SIM_SHIELD_SILENT, SIM_SHIELD_HANDSHAKE_44 };

/* At each message of a handshake and some commands; with the switches, at the first two. */
START_TEST(every_fault_at_every_message)
{
	struct sim_shield_fault f = { faults[_i].kind, 0, faults[_i].count, faults[_i].arg };
	unsigned errors;
	int r;

	for (size_t s = 0; s < NITEMS(switches); s++)
		for (f.skip = 0; f.skip < (s == 0 ? COMMANDS : 2); f.skip++) {
			link_forget(ln);
			ck_assert_int_eq(sim_set_shield(sim, switches[s]), 0);
			ck_assert_int_eq(sim_set_shield_fault(sim, &f), 0);
			errors = 0;
			for (unsigned i = 0; i < COMMANDS + 4; i++) {
				r = command(LINK_PROTECT_BOTH);
				if (r != 0) {
					ck_assert_msg(r == HAL_ESHIELD || r == HAL_EPAIR, "%s: %s",
					    faults[_i].what, hal_strerror(r));
					errors++;
				} else if (faults[_i].kind == SIM_SHIELD_FAULT_TEXT) {
					/* The tag is right: the host cannot know. */
					ran = rsp.data[1];
				} else if (errors > 0) {
					right_after_error(errors);
				} else {
					right();
				}
				if (r == 0 && errors > 0 && f.kind != SIM_SHIELD_FAULT_TEXT)
					errors = 0;
			}
			/* Whatever it was: it is over, and the connection works again. */
			ck_assert_int_eq(sim_set_shield_fault(sim, NULL), 0);
			r = command(LINK_PROTECT_BOTH);
			ck_assert_msg(r == 0, "%s: %s", faults[_i].what, hal_strerror(r));
			ran = rsp.data[1];
			ck_assert_int_eq(command(LINK_PLAIN), 0);
			right();
			ck_assert_int_eq(command(LINK_PROTECT_COMMAND), 0);
			right();
			ck_assert_int_eq(command(LINK_PROTECT_RESPONSE), 0);
			right();
		}
}
END_TEST

/* FT-34: one handshake, no loop. */
START_TEST(wrong_secret)
{
	struct link_stats st;

	ck_assert_int_eq(sim_set_shield(sim, _i ? SIM_SHIELD_HANDSHAKE_44 : 0), 0);
	use_secret(1);
	ck_assert_int_eq(command(LINK_PROTECT_BOTH), HAL_EPAIR);
	link_stats(ln, &st);
	ck_assert_uint_eq(st.handshakes, 0);
	ck_assert_int_eq(command(LINK_PLAIN), 0);
	right();
	use_secret(0);
	ck_assert_int_eq(command(LINK_PROTECT_BOTH), 0);
	right();
}
END_TEST

/* FT-35, PR-H11: both halves of a saved session are used once. */
START_TEST(contexts_are_used_once)
{
	struct secret *ctx = NULL;

	ck_assert_int_eq(command(LINK_PROTECT_BOTH), 0);
	right();
	ck_assert_int_eq(link_save(ln, &ctx), 0);
	ck_assert(!link_shielded(ln));
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_int_eq(link_restore(ln, &ctx), 0);
	ck_assert_ptr_null(ctx);
	ck_assert(link_shielded(ln));
	ck_assert_int_eq(command(LINK_PROTECT_BOTH), 0);
	right();
	/* The chip has lost its half: to the host's next handshake. */
	ck_assert_int_eq(link_save(ln, &ctx), 0);
	ck_assert_int_eq(command(LINK_PROTECT_BOTH), 0);
	right();
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert_int_eq(link_restore(ln, &ctx), HAL_ESHIELD);
	ck_assert_ptr_null(ctx);
	ck_assert_int_eq(command(LINK_PROTECT_BOTH), 0);
	right();
}
END_TEST

/* The nonce rule: a host makes a new session before its number meets the other's first one. */
START_TEST(numbers_that_meet)
{
	struct sim_shield_choice c = { .sseq = 0x100, .mseq = 0xFE };
	struct link_stats st;

	ck_assert_int_eq(sim_set_shield_choice(sim, &c), 0);
	for (int i = 0; i < 12; i++) {
		ck_assert_int_eq(command(LINK_PROTECT_BOTH), 0);
		right();
	}
	c.sseq = 0xFE;
	c.mseq = 0x100;
	link_forget(ln);
	ck_assert_int_eq(sim_set_shield_choice(sim, &c), 0);
	for (int i = 0; i < 12; i++) {
		ck_assert_int_eq(command(LINK_PROTECT_BOTH), 0);
		right();
	}
	link_stats(ln, &st);
	ck_assert_uint_ge(st.handshakes, 3);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("host and chip under shield");
	TCase *tc = tcase_create("faults");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, every_fault_at_every_message, 0, NITEMS(faults));
	tcase_add_loop_test(tc, wrong_secret, 0, 2);
	tcase_add_test(tc, contexts_are_used_once);
	tcase_add_test(tc, numbers_that_meet);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
