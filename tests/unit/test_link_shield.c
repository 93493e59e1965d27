/*
 * Shielded sessions with a scripted chip, one test per rule or fault of the conformance list.
 * The script has every message the host sends: what is sent too much or with another number
 * fails the test.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "hal/base/err.h"
#include "hal/link/int.h"
#include "tests/unit/shield_script.h"

#define RND   "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF"
#define RND2  "101112131415161718191A1B1C1D1E1F202122232425262728292A2B2C2D2E2F"
#define SSEQ  0x1234
#define MSEQ  0xABCD
#define GET   "01000006E0C200000064"
#define RSP   "0000001B101112131415161718191A1B1C1D1E1F202122232425262728292A"
#define OK    "00000000"
#define HELLO "00 01"
#define HOST  true
#define CHIP  false

static struct script sc;
static struct fake *fake;
static struct link *ln;
static struct secret *secret;
static struct buf rsp;

static void
up(void)
{
	uint8_t bytes[64];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)i;
	ck_assert_int_eq(secret_from(bytes, sizeof(bytes), &secret), 0);
	script_begin(&sc);
	script_keys(&sc, secret, RND);
}

static void
down(void)
{
	if (fake != NULL)
		ck_assert_msg(fake_verdict(fake) == NULL, "%s", fake_verdict(fake));
	buf_free(&rsp);
	if (ln != NULL)
		link_free(&ln);
	if (fake != NULL)
		fake_free(fake);
	fake = NULL;
	secret_free(&secret);
	script_end(&sc);
}

/* The script is written: a link on it that knows the secret. */
static void
go(void)
{
	const char *const *script = (const char *const *)sc.line;

	fake = fake_new(script);
	ck_assert_int_eq(link_new(fake->bus, &ln), 0);
	ck_assert_int_eq(bus_set_khz(fake->bus, 400), 0);
	ck_assert_int_eq(link_set_secret(ln, secret), 0);
	ln->frame_size = fake->reg_len;
	ln->stale = false;
}

/* The script so far must have been played. */
static int
call_as(const char *cmd, enum link_protect protect, bool idempotent)
{
	const struct link_how how = { idempotent, 5000, protect };
	uint8_t bytes[64];
	const size_t n = fake_hex(cmd, bytes, sizeof(bytes));

	return link_transceive_as(ln, bytes, n, &rsp, &how);
}

static int
call(enum link_protect protect)
{
	return call_as(GET, protect, false);
}

static void
expect_rsp(const char *hex)
{
	uint8_t want[64];
	const size_t n = fake_hex(hex, want, sizeof(want));

	ck_assert_uint_eq(rsp.len, n);
	ck_assert_mem_eq(rsp.data, want, n);
}

static void
expect_lost(int r)
{
	ck_assert_int_eq(r, HAL_ESHIELD);
	ck_assert_uint_eq(rsp.len, 0);
	ck_assert(!link_shielded(ln));
	ck_assert(link_presence(ln));
}

static const char *
hello_answer(const char *rnd, uint32_t sseq)
{
	static char text[100];

	(void)snprintf(text, sizeof(text), "00 01 %s %08X", rnd, sseq);
	return text;
}

/* A proof's plaintext. */
static const char *
proof(const char *rnd, uint32_t seq)
{
	static char text[100];

	(void)snprintf(text, sizeof(text), "%s%08X", rnd, seq);
	return text;
}

/* A handshake that succeeds, with these numbers; later records use its keys. */
static void
greet_with(const char *rnd, uint32_t sseq, uint32_t mseq)
{
	script_keys(&sc, secret, rnd);
	script_host(&sc, HELLO);
	script_chip(&sc, hello_answer(rnd, sseq));
	script_host(&sc, script_record(&sc, HOST, 0x08, sseq, proof(rnd, sseq)));
	script_chip(&sc, script_record(&sc, CHIP, 0x08, mseq, proof(rnd, mseq)));
}

static void
greet(void)
{
	greet_with(RND, SSEQ, MSEQ);
}

/* A command protected both ways that succeeds. */
static void
both(uint32_t mseq, uint32_t sseq)
{
	script_host(&sc, script_record(&sc, HOST, 0x23, mseq, GET));
	script_chip(&sc, script_record(&sc, CHIP, 0x23, sseq, RSP));
}

/* --- known answers ------------------------------------------------------------------------- */

/* PR-H3 */
START_TEST(PR_H3_the_published_session_frame_by_frame)
{
	static const char *const lines[] = {
		"> 03 08 20 70000010 D27600000447656E417574684170706C",
		"< 00 08 20 00000000",
		"> 80",
		"> 04 08 00 01",
		"< 05 08 00 01 " RND " 00001234",
		"> 81",
		"> 09 08 08 00001234 EE175EBDE2070242BF56A5F2681F21297954C8086E47B8418F04C60E1C8A6F"
		"246CD3EFE4 A747E99C5DE1BD73",
		"< 0A 08 08 0000ABCD BFF95A00CA5C8801E806800238F523693B5DCE8588A30EB51EAE56D36CBAF0"
		"8346B396B5 BABD85C454339F85",
		"> 82",
		"> 0E 08 23 0000ABCE 2334B29B16CB5FEB7AB0 36481EC4A0CC878D",
		"< 0F 08 23 00001235 C5FB3ECFFE299787F72EC46B797560AFE3136173EE612DCECE2017EAAF712B"
		"49CA9F75CF42D391",
		"> 83",
		"> 03 08 21 0000ABCF DEDAF81FED59AE602A62 AE1C257AE8F67830",
		"< 00 08 21 " RSP,
		"> 80",
		"> 04 08 22 " GET,
		"< 05 08 22 00001236 86BB60B882F1668864AE974B055040FDE58483E2CE26AA5DF0593632F1995D"
		"ED9E501D0373C92B",
		"> 81",
		"> 09 08 60",
		"< 0A 08 64",
		"> 82",
		"> 0E 08 68 00001236",
		"< 0F 08 6C 0000ABCF",
		"> 83",
	};
	struct secret *ctx;

	for (size_t i = 0; i < NITEMS(lines); i++)
		script_raw(&sc, "%s", lines[i]);
	go();
	link_adopt(ln, true, false);
	ck_assert_int_eq(call_as("70000010D27600000447656E417574684170706C", LINK_PLAIN, false), 0);
	expect_rsp(OK);
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	expect_rsp(RSP);
	ck_assert_int_eq(call(LINK_PROTECT_COMMAND), 0);
	expect_rsp(RSP);
	ck_assert_int_eq(call(LINK_PROTECT_RESPONSE), 0);
	expect_rsp(RSP);
	ck_assert_int_eq(link_save(ln, &ctx), 0);
	ck_assert(!link_shielded(ln));
	ck_assert_int_eq(link_restore(ln, &ctx), 0);
	ck_assert_ptr_null(ctx);
	ck_assert(link_shielded(ln));
}
END_TEST

/* --- handshake ----------------------------------------------------------------------------- */

/* PR-H1 */
START_TEST(PR_H1_presence_stays_until_reset)
{
	greet();
	both(MSEQ + 1, SSEQ + 1);
	script_host(&sc, "20" GET);
	script_chip(&sc, "20" RSP);
	both(MSEQ + 2, SSEQ + 2);
	go();
	ck_assert(!link_presence(ln));
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	ck_assert(link_presence(ln));
	ck_assert_int_eq(call(LINK_PLAIN), 0);
	expect_rsp(RSP);
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
}
END_TEST

/* PR-H1 FT-25 */
START_TEST(PR_H1_FT_25_an_answer_without_presence_ends_the_session)
{
	greet();
	both(MSEQ + 1, SSEQ + 1);
	script_host(&sc, script_record(&sc, HOST, 0x23, MSEQ + 2, GET));
	script_raw(&sc, "< 0F 00 40");
	script_raw(&sc, "> 83");
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), HAL_EPROTO);
	ck_assert(!link_shielded(ln));
}
END_TEST

/* Another host enabled it; what may run twice goes out again, in the form the chip wants. */
START_TEST(presence_of_another_host_is_adopted)
{
	script_raw(&sc, "> 03 00 " GET);
	script_raw(&sc, "< 00 08 40");
	script_raw(&sc, "> 80");
	script_raw(&sc, "> C0");
	script_raw(&sc, "> 03 08 20 " GET);
	script_raw(&sc, "< 00 08 20 " RSP);
	script_raw(&sc, "> 80");
	go();
	ck_assert_int_eq(call_as(GET, LINK_PLAIN, true), 0);
	expect_rsp(RSP);
	ck_assert(link_presence(ln));
}
END_TEST

/* PR-H2 */
START_TEST(PR_H2_greetings_that_are_none)
{
	static const char *const answers[] = {
		"00 01 A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF 00001234",
		"00 01 " RND " 00001234 00",
		"08 01 " RND " 00001234",
		"00 02 " RND " 00001234",
		"00 03 " RND " 00001234",
		"00 00 " RND " 00001234",
		"20 01 " RND " 00001234",
		"00",
		"40",
		"44",
	};

	script_host(&sc, HELLO);
	script_chip(&sc, answers[_i]);
	go();
	ck_assert_int_eq(call_as(GET, LINK_PROTECT_BOTH, true), HAL_EPAIR);
	ck_assert(!link_shielded(ln));
}
END_TEST

/* PR-H4 FT-34 */
START_TEST(PR_H4_FT_34_proofs_that_are_none)
{
	const char *good, *proofs[8];
	static char shorter[200], longer[200], number[200];

	good = script_record(&sc, CHIP, 0x08, MSEQ, proof(RND, MSEQ));
	(void)snprintf(shorter, sizeof(shorter), "%.*s", (int)strlen(good) - 2, good);
	(void)snprintf(longer, sizeof(longer), "%s00", good);
	(void)snprintf(number, sizeof(number), "080000ABCE%s", good + 10);
	proofs[0] = shorter;
	proofs[1] = longer;
	proofs[2] = number;
	proofs[3] = script_spoilt(&sc, CHIP, 0x08, MSEQ, proof(RND, MSEQ));
	proofs[4] = script_record(&sc, CHIP, 0x08, MSEQ, proof(RND2, MSEQ));
	proofs[5] = script_record(&sc, CHIP, 0x08, MSEQ, proof(RND, MSEQ + 1));
	proofs[6] = script_record(&sc, CHIP, 0x23, MSEQ, proof(RND, MSEQ));
	proofs[7] = "40";
	script_host(&sc, HELLO);
	script_chip(&sc, hello_answer(RND, SSEQ));
	script_host(&sc, script_record(&sc, HOST, 0x08, SSEQ, proof(RND, SSEQ)));
	script_chip(&sc, proofs[_i]);
	go();
	/* Once, also for what may run twice: another try is no better. */
	ck_assert_int_eq(call_as(GET, LINK_PROTECT_BOTH, true), HAL_EPAIR);
	ck_assert(!link_shielded(ln));
}
END_TEST

START_TEST(without_a_secret_nothing_is_sent)
{
	go();
	ck_assert_int_eq(link_set_secret(ln, NULL), 0);
	ck_assert(!link_has_secret(ln));
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), HAL_EPAIR);
	ck_assert(!link_presence(ln));
}
END_TEST

START_TEST(a_chip_without_the_layer_is_not_asked)
{
	go();
	fake->no_shield = true;
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), HAL_ENOTSUP);
	ck_assert(!link_presence(ln));
}
END_TEST

/* --- records ------------------------------------------------------------------------------- */

/* PR-H5 */
START_TEST(PR_H5_numbers_increase_with_protected_messages_alone)
{
	greet();
	both(MSEQ + 1, SSEQ + 1);
	script_host(&sc, script_record(&sc, HOST, 0x21, MSEQ + 2, GET));
	script_chip(&sc, "21" RSP);
	script_host(&sc, "22" GET);
	script_chip(&sc, script_record(&sc, CHIP, 0x22, SSEQ + 2, RSP));
	script_host(&sc, "20" GET);
	script_chip(&sc, "20" RSP);
	both(MSEQ + 3, SSEQ + 3);
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	ck_assert_int_eq(call(LINK_PROTECT_COMMAND), 0);
	ck_assert_int_eq(call(LINK_PROTECT_RESPONSE), 0);
	ck_assert_int_eq(call(LINK_PLAIN), 0);
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	expect_rsp(RSP);
}
END_TEST

/* PR-H6 FT-31 */
START_TEST(PR_H6_FT_31_numbers_of_answers)
{
	static const struct {
		int step;
		bool good;
	} rows[] = { { 1, true }, { 2, true }, { 3, true }, { 4, false }, { 0, false },
		{ -1, false }, { 0x10000, false } };

	greet();
	script_host(&sc, script_record(&sc, HOST, 0x23, MSEQ + 1, GET));
	script_chip(&sc, script_record(&sc, CHIP, 0x23, (uint32_t)(SSEQ + rows[_i].step), RSP));
	if (rows[_i].good)
		both(MSEQ + 2, (uint32_t)(SSEQ + rows[_i].step + 1));
	go();
	if (rows[_i].good) {
		ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
		ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
		expect_rsp(RSP);
	} else {
		expect_lost(call(LINK_PROTECT_BOTH));
	}
}
END_TEST

/* PR-H6 */
START_TEST(PR_H6_a_number_counts_once_its_tag_is_verified)
{
	greet();
	script_host(&sc, script_record(&sc, HOST, 0x23, MSEQ + 1, GET));
	script_chip(&sc, script_spoilt(&sc, CHIP, 0x23, SSEQ + 3, RSP));
	script_host(&sc, "44");
	script_chip(&sc, script_record(&sc, CHIP, 0x23, SSEQ + 1, RSP));
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	expect_rsp(RSP);
}
END_TEST

/* FT-30 */
START_TEST(FT_30_an_old_answer_is_refused)
{
	greet();
	both(MSEQ + 1, SSEQ + 1);
	script_host(&sc, script_record(&sc, HOST, 0x23, MSEQ + 2, GET));
	script_chip(&sc, script_record(&sc, CHIP, 0x23, SSEQ + 1, RSP));
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	expect_lost(call(LINK_PROTECT_BOTH));
}
END_TEST

/* PR-H7 FT-33 */
START_TEST(PR_H7_FT_33_an_answer_protected_otherwise_is_refused)
{
	static const struct {
		enum link_protect protect;
		unsigned sctr;
	} rows[] = { { LINK_PROTECT_BOTH, 0x21 }, { LINK_PROTECT_BOTH, 0x20 },
		{ LINK_PROTECT_BOTH, 0x22 }, { LINK_PROTECT_RESPONSE, 0x20 },
		{ LINK_PROTECT_RESPONSE, 0x23 }, { LINK_PROTECT_COMMAND, 0x20 },
		{ LINK_PROTECT_COMMAND, 0x23 }, { LINK_PROTECT_BOTH, 0x08 } };
	const unsigned asked = 0x20 | rows[_i].protect;
	char plain[100];

	greet();
	(void)snprintf(plain, sizeof(plain), "22" GET);
	script_host(&sc, (asked & 1) != 0 ? script_record(&sc, HOST, asked, MSEQ + 1, GET) : plain);
	(void)snprintf(plain, sizeof(plain), "%02X" RSP, rows[_i].sctr);
	script_chip(&sc, (rows[_i].sctr & 2) != 0
			     ? script_record(&sc, CHIP, rows[_i].sctr, SSEQ + 1, RSP)
			     : plain);
	go();
	expect_lost(call_as(GET, rows[_i].protect, true));
}
END_TEST

START_TEST(a_record_too_short_is_refused)
{
	greet();
	script_host(&sc, script_record(&sc, HOST, 0x23, MSEQ + 1, GET));
	script_chip(&sc, "23 00001235 0102030405060708");
	go();
	expect_lost(call(LINK_PROTECT_BOTH));
}
END_TEST

/* PR-H8 */
START_TEST(PR_H8_the_chip_refuses_our_record)
{
	const bool ends = _i == 4;

	greet();
	for (uint32_t n = 0; n < (uint32_t)_i; n++) {
		script_host(&sc, script_record(&sc, HOST, 0x23, MSEQ + 1 + n, GET));
		script_chip(&sc, "44");
	}
	if (!ends)
		both(MSEQ + 1 + (uint32_t)_i, SSEQ + 1);
	go();
	if (ends) {
		expect_lost(call(LINK_PROTECT_BOTH));
	} else {
		ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
		expect_rsp(RSP);
	}
}
END_TEST

/* PR-H8 FT-32: A new handshake only for the next command, however often this one might run. */
START_TEST(PR_H8_FT_32_the_chip_ends_the_session)
{
	greet();
	script_host(&sc, script_record(&sc, HOST, 0x23, MSEQ + 1, GET));
	script_chip(&sc, "40");
	greet_with(RND2, 5, 7000);
	both(7001, 6);
	go();
	expect_lost(call_as(GET, LINK_PROTECT_BOTH, true));
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	expect_rsp(RSP);
}
END_TEST

/* FT-32 */
START_TEST(FT_32_alerts_to_a_plain_record)
{
	greet();
	both(MSEQ + 1, SSEQ + 1);
	script_host(&sc, "20" GET);
	script_chip(&sc, _i == 0 ? "40" : "44");
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	ck_assert_int_eq(call(LINK_PLAIN), _i == 0 ? HAL_ESHIELD : HAL_EPROTO);
	ck_assert(!link_shielded(ln));
}
END_TEST

/* PR-H9 FT-29 */
START_TEST(PR_H9_FT_29_answers_whose_tag_is_wrong)
{
	const bool ends = _i == 4;

	greet();
	script_host(&sc, script_record(&sc, HOST, 0x23, MSEQ + 1, GET));
	for (uint32_t n = 0; n < (uint32_t)_i; n++) {
		/* Numbers start again where the last good one was, or 4 would be out of range. */
		script_chip(&sc, script_spoilt(&sc, CHIP, 0x23, SSEQ + 1 + n % 3, RSP));
		if (n < 3)
			script_host(&sc, "44");
	}
	if (!ends)
		script_chip(&sc, script_record(&sc, CHIP, 0x23, SSEQ + (_i == 3 ? 3 : 1), RSP));
	go();
	if (ends) {
		expect_lost(call_as(GET, LINK_PROTECT_BOTH, true));
	} else {
		ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
		expect_rsp(RSP);
	}
}
END_TEST

/* PR-H9: The command has run, so the chip must not be asked to run it again. */
START_TEST(PR_H9_the_chip_gives_up_repeating_its_answer)
{
	greet();
	script_host(&sc, script_record(&sc, HOST, 0x23, MSEQ + 1, GET));
	script_chip(&sc, script_spoilt(&sc, CHIP, 0x23, SSEQ + 1, RSP));
	script_host(&sc, "44");
	script_chip(&sc, "40");
	go();
	expect_lost(call(LINK_PROTECT_BOTH));
}
END_TEST

/* PR-H5: Frames sent again are the same bytes; a message sent again has a new number. */
START_TEST(PR_H5_a_lost_message_is_sent_with_a_new_number)
{
	const char *msg;

	greet();
	msg = script_record(&sc, HOST, 0x23, MSEQ + 1, GET);
	for (int n = 0; n < 4; n++)
		script_raw(&sc, "> %02X 08 %s", sc.tx << 2 | sc.rx_last, msg);
	script_raw(&sc, "> C0");
	script_reset_numbers(&sc);
	both(MSEQ + 2, SSEQ + 2);
	go();
	ck_assert_int_eq(call_as(GET, LINK_PROTECT_BOTH, true), 0);
	expect_rsp(RSP);
}
END_TEST

START_TEST(largest_command_and_answer)
{
	static uint8_t big[LINK_APDU_MAX];
	const struct link_how how = { false, 5000, LINK_PROTECT_BOTH };
	static char hex[2 * LINK_APDU_MAX + 1];

	for (size_t i = 0; i < sizeof(big); i++)
		(void)snprintf(hex + 2 * i, 3, "%02X", big[i] = (uint8_t)i);
	greet();
	script_host(&sc, script_record(&sc, HOST, 0x23, MSEQ + 1, hex));
	script_chip(&sc, script_record(&sc, CHIP, 0x23, SSEQ + 1, hex));
	go();
	ck_assert_int_eq(link_transceive_as(ln, big, sizeof(big), &rsp, &how), 0);
	ck_assert_uint_eq(rsp.len, sizeof(big));
	ck_assert_mem_eq(rsp.data, big, sizeof(big));
}
END_TEST

/* --- numbers that run out ------------------------------------------------------------------ */

static struct shield_session *
counters(void)
{
	void *p = secret_data(ln->session);

	return p;
}

/* PR-H10 */
START_TEST(PR_H10_a_new_session_before_numbers_end)
{
	greet();
	both(MSEQ + 1, SSEQ + 1);
	both(0xFFFFFFF0, 0xFFFFFFF0);
	greet_with(RND2, 100, 50);
	both(51, 101);
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	counters()->host.last = 0xFFFFFFEF;
	counters()->chip.last = 0xFFFFFFEF;
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
}
END_TEST

/* PR-H10 */
START_TEST(PR_H10_each_direction_runs_out_by_itself)
{
	greet();
	both(MSEQ + 1, SSEQ + 1);
	script_host(&sc, "22" GET);
	script_chip(&sc, script_record(&sc, CHIP, 0x22, SSEQ + 2, RSP));
	greet_with(RND2, 100, 50);
	script_host(&sc, script_record(&sc, HOST, 0x21, 51, GET));
	script_chip(&sc, "21" RSP);
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	counters()->host.last = 0xFFFFFFF0;
	ck_assert_int_eq(call(LINK_PROTECT_RESPONSE), 0);
	ck_assert_int_eq(call(LINK_PROTECT_COMMAND), 0);
}
END_TEST

/* PR-H10: Finished had SSEQ as its number: no record of ours may have it. */
START_TEST(PR_H10_our_number_of_the_handshake_is_left_out)
{
	greet_with(RND, 0x1002, 0x1000);
	both(0x1001, 0x1003);
	both(0x1003, 0x1004);
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
}
END_TEST

/* PR-H10: The chip's Finished had MSEQ: it must not get there, repetitions included. */
START_TEST(PR_H10_the_chips_number_of_the_handshake_is_avoided)
{
	greet_with(RND, 0x1000, 0x1006);
	both(0x1007, 0x1001);
	script_host(&sc, script_record(&sc, HOST, 0x21, 0x1008, GET));
	script_chip(&sc, "21" RSP);
	both(0x1009, 0x1002);
	greet_with(RND2, 100, 50);
	both(51, 101);
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	ck_assert_int_eq(call(LINK_PROTECT_COMMAND), 0);
	counters()->asked = 0;
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
}
END_TEST

/* PR-H10 */
START_TEST(PR_H10_a_chip_whose_numbers_never_leave_room_is_refused)
{
	for (int n = 0; n < 4; n++)
		greet_with(RND, 0x1000, 0x1001);
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), HAL_EPAIR);
	ck_assert(!link_shielded(ln));
}
END_TEST

/* --- hand-over, hibernation, wiping -------------------------------------------------------- */

START_TEST(a_session_taken_by_another_host_is_given_up)
{
	greet();
	both(MSEQ + 1, SSEQ + 1);
	script_host(&sc, "20" GET);
	script_chip(&sc, "20" RSP);
	both(MSEQ + 2, SSEQ + 2);
	greet_with(RND2, 100, 50);
	both(51, 101);
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	link_adopt(ln, true, true); /* others used the chip, but not the session */
	ck_assert_int_eq(call(LINK_PLAIN), 0);
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	link_adopt(ln, true, false);
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	link_adopt(ln, false, false);
	ck_assert(!link_shielded(ln));
	ck_assert(!link_presence(ln));
}
END_TEST

/* PR-H11 FT-35 */
START_TEST(PR_H11_FT_35_a_restore_that_fails_leaves_nothing)
{
	static const char *const answers[] = { "6C 0000ABCF", "6C 0000AB", "64", "40", "6C" };
	struct secret *ctx;

	greet();
	both(MSEQ + 1, SSEQ + 1);
	script_host(&sc, "60");
	script_chip(&sc, "67"); /* protection bits mean nothing here */
	script_host(&sc, "68 00001235");
	script_chip(&sc, answers[_i]);
	greet_with(RND2, 100, 50);
	both(51, 101);
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	ck_assert_int_eq(link_save(ln, &ctx), 0);
	buf_reset(&rsp);
	expect_lost(link_restore(ln, &ctx));
	ck_assert_ptr_null(ctx);
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
}
END_TEST

/* PR-H11 */
START_TEST(PR_H11_a_save_that_fails_leaves_nothing)
{
	struct secret *ctx;

	greet();
	both(MSEQ + 1, SSEQ + 1);
	script_host(&sc, "60");
	script_chip(&sc, "40");
	go();
	ck_assert_int_eq(link_save(ln, &ctx), HAL_EINVAL); /* no session, nothing sent */
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	ck_assert_int_eq(link_save(ln, &ctx), HAL_ESHIELD);
	ck_assert_ptr_null(ctx);
	ck_assert(!link_shielded(ln));
	ck_assert_int_eq(link_restore(ln, &ctx), HAL_EINVAL);
}
END_TEST

/* PR-H12 */
START_TEST(PR_H12_start_and_forgetting_end_the_session)
{
	greet();
	both(MSEQ + 1, SSEQ + 1);
	greet_with(RND2, 100, 50);
	both(51, 101);
	script_raw(&sc, "> C0");
	go();
	fake->has_reset_line = true;
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	link_forget(ln);
	ck_assert(!link_shielded(ln));
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	ck_assert_int_eq(link_start(ln), 0);
	ck_assert(!link_shielded(ln));
	ck_assert(!link_presence(ln));
}
END_TEST

/* How often these bytes lie in writable memory. */
static unsigned
count_in_memory(const uint8_t *what, size_t n)
{
	FILE *maps = fopen("/proc/self/maps", "r"), *mem = fopen("/proc/self/mem", "r");
	static uint8_t page[4096 + 64];
	unsigned long lo, hi;
	char perm[8], line[512];
	unsigned found = 0;

	ck_assert(maps != NULL && mem != NULL);
	setvbuf(mem, NULL, _IONBF, 0);
	while (fgets(line, sizeof(line), maps) != NULL) {
		if (sscanf(line, "%lx-%lx %7s", &lo, &hi, perm) != 3 || perm[1] != 'w' ||
		    strstr(line, "[v") != NULL || hi - lo > 64UL << 20)
			continue;
		for (; lo < hi; lo += 4096) {
			size_t k;
			const uint8_t *p = page;

			if (lo <= (unsigned long)page + sizeof(page) &&
			    lo + sizeof(page) >= (unsigned long)page)
				continue;
			if (fseek(mem, (long)lo, SEEK_SET) != 0)
				break;
			k = fread(page, 1, 4096, mem);
			while (k >= n && (p = memmem(p, k - (size_t)(p - page), what, n)) != NULL) {
				found++;
				p++;
			}
		}
	}
	fclose(maps);
	fclose(mem);
	explicit_bzero(page, sizeof(page));
	return found;
}

/* PR-H12 */
START_TEST(PR_H12_no_key_stays_in_memory)
{
	uint8_t key[16], secret_part[32];

	/* A secret that no other test has left on the stack or in scripts. */
	secret_free(&secret);
	ck_assert_int_eq(secret_new(64, &secret), 0);
	ck_assert_int_eq(getrandom(secret_data(secret), 64, 0), 64);
	greet();
	both(MSEQ + 1, SSEQ + 1);
	go();
	ck_assert_int_eq(call(LINK_PROTECT_BOTH), 0);
	memcpy(key, counters()->keys.host.key, sizeof(key));
	memcpy(secret_part, secret_bytes(secret), sizeof(secret_part));
	/* Those of the test: script, copies above. */
	memset(&sc.keys, 0, sizeof(sc.keys));
	ck_assert_uint_ge(count_in_memory(key, sizeof(key)), 2);
	link_free(&ln);
	ck_assert_uint_eq(count_in_memory(key, sizeof(key)), 1);
	secret_free(&secret);
	ck_assert_uint_eq(count_in_memory(secret_part, sizeof(secret_part)), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("link shield");
	TCase *t = tcase_create("shield");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, up, down);
	tcase_add_test(t, PR_H3_the_published_session_frame_by_frame);
	tcase_add_test(t, PR_H1_presence_stays_until_reset);
	tcase_add_test(t, PR_H1_FT_25_an_answer_without_presence_ends_the_session);
	tcase_add_test(t, presence_of_another_host_is_adopted);
	tcase_add_loop_test(t, PR_H2_greetings_that_are_none, 0, 10);
	tcase_add_loop_test(t, PR_H4_FT_34_proofs_that_are_none, 0, 8);
	tcase_add_test(t, without_a_secret_nothing_is_sent);
	tcase_add_test(t, a_chip_without_the_layer_is_not_asked);
	tcase_add_test(t, PR_H5_numbers_increase_with_protected_messages_alone);
	tcase_add_loop_test(t, PR_H6_FT_31_numbers_of_answers, 0, 7);
	tcase_add_test(t, PR_H6_a_number_counts_once_its_tag_is_verified);
	tcase_add_test(t, FT_30_an_old_answer_is_refused);
	tcase_add_loop_test(t, PR_H7_FT_33_an_answer_protected_otherwise_is_refused, 0, 8);
	tcase_add_test(t, a_record_too_short_is_refused);
	tcase_add_loop_test(t, PR_H8_the_chip_refuses_our_record, 0, 5);
	tcase_add_test(t, PR_H8_FT_32_the_chip_ends_the_session);
	tcase_add_loop_test(t, FT_32_alerts_to_a_plain_record, 0, 2);
	tcase_add_loop_test(t, PR_H9_FT_29_answers_whose_tag_is_wrong, 0, 5);
	tcase_add_test(t, PR_H9_the_chip_gives_up_repeating_its_answer);
	tcase_add_test(t, PR_H5_a_lost_message_is_sent_with_a_new_number);
	tcase_add_test(t, largest_command_and_answer);
	tcase_add_test(t, PR_H10_a_new_session_before_numbers_end);
	tcase_add_test(t, PR_H10_each_direction_runs_out_by_itself);
	tcase_add_test(t, PR_H10_our_number_of_the_handshake_is_left_out);
	tcase_add_test(t, PR_H10_the_chips_number_of_the_handshake_is_avoided);
	tcase_add_test(t, PR_H10_a_chip_whose_numbers_never_leave_room_is_refused);
	tcase_add_test(t, a_session_taken_by_another_host_is_given_up);
	tcase_add_loop_test(t, PR_H11_FT_35_a_restore_that_fails_leaves_nothing, 0, 5);
	tcase_add_test(t, PR_H11_a_save_that_fails_leaves_nothing);
	tcase_add_test(t, PR_H12_start_and_forgetting_end_the_session);
	tcase_add_test(t, PR_H12_no_key_stays_in_memory);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
