/*
 * Presentation layer of the simulated chip: the published session bit for bit, then items PR-C1 to
 * PR-C10 and faults FT-25, FT-29 to FT-35 of the protocol's checklist, the chip's side. The
 * application behind it is sim_fake_app.c; EE commands answer with how many were executed.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/sim/image.h"
#include "tests/unit/sim_shost.h"

#define PLAIN     0x20
#define BOTH      0x23
#define FATAL     0x40
#define INTEGRITY 0x44
#define SAVE      0x60
#define SAVED     0x64
#define RESTORE   0x68
#define RESTORED  0x6C

static struct shost s;
static uint8_t count_cmd[12]; /* takes 1 ms, answers 00 count 00 00 */

static void
setup(void)
{
	shost_start(&s);
	host_command(count_cmd, 1000, 0, sizeof(count_cmd));
}

static void
teardown(void)
{
	shost_end(&s);
}

/* A protected command works; returns how many commands were executed, this one included. */
static unsigned
executed(void)
{
	ck_assert_int_eq(shost_command(&s, BOTH, count_cmd, sizeof(count_cmd)), BOTH);
	ck_assert_uint_eq(shost_be32(s.answer + 1), ++s.sseq);
	ck_assert(shost_open(&s));
	ck_assert_uint_eq(s.answer_len, 4);
	ck_assert_uint_eq(s.answer[0], 0);
	return s.answer[1];
}

static void
no_session(void)
{
	ck_assert_int_eq(shost_command(&s, BOTH, count_cmd, sizeof(count_cmd)), FATAL);
	ck_assert_uint_eq(s.answer_len, 1);
}

static void
fault(enum sim_shield_fault_kind kind, unsigned skip, unsigned count, unsigned arg)
{
	const struct sim_shield_fault f = { kind, skip, count, arg };

	ck_assert_int_eq(sim_set_shield_fault(s.h.s, &f), 0);
}

/* --- the published session ----------------------------------------------------------------- */

static size_t
unhex(const char *text, uint8_t *out)
{
	static const char digits[] = "0123456789ABCDEF";
	size_t n = 0;

	for (; *text != '\0'; text++) {
		const char *d = strchr(digits, *text);

		if (d == NULL)
			continue;
		if (n % 2 == 0)
			out[n / 2] = (uint8_t)((d - digits) << 4);
		else
			out[n / 2] |= (uint8_t)(d - digits);
		n++;
	}
	return n / 2;
}

#define RND "A0A1A2A3A4A5A6A7A8A9AAABACADAEAFB0B1B2B3B4B5B6B7B8B9BABBBCBDBEBF"
#define UID "101112131415161718191A1B1C1D1E1F202122232425262728292A"

static const struct vector {
	const char *host, *chip;
} vectors[] = {
	{ "2070000010D27600000447656E417574684170706C", "2000000000" },
	{ "0001", "0001" RND "00001234" },
	{ "0800001234EE175EBDE2070242BF56A5F2681F21297954C8086E47B8418F04C60E1C8A6F246CD3EFE4"
	  "A747E99C5DE1BD73",
	    "080000ABCDBFF95A00CA5C8801E806800238F523693B5DCE8588A30EB51EAE56D36CBAF08346B396B5"
	    "BABD85C454339F85" },
	{ "230000ABCE2334B29B16CB5FEB7AB036481EC4A0CC878D",
	    "2300001235C5FB3ECFFE299787F72EC46B797560AFE3136173EE612DCECE2017EAAF712B"
	    "49CA9F75CF42D391" },
	{ "210000ABCFDEDAF81FED59AE602A62AE1C257AE8F67830", "210000001B" UID },
	{ "2201000006E0C200000064",
	    "220000123686BB60B882F1668864AE974B055040FDE58483E2CE26AA5DF05936"
	    "32F1995DED9E501D0373C92B" },
	{ "60", "64" },
	{ "6800001236", "6C0000ABCF" },
};

static void
choose(void)
{
	struct sim_shield_choice c = { .sseq = 0x1234, .mseq = 0xABCD };

	for (int i = 0; i < 32; i++)
		c.rnd[i] = (uint8_t)(0xA0 + i);
	ck_assert_int_eq(sim_set_shield_choice(s.h.s, &c), 0);
}

START_TEST(published_session_bit_for_bit)
{
	uint8_t message[64], want[64];
	size_t n;

	choose();
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		n = unhex(vectors[i].host, message);
		ck_assert_int_ge(shost_send(&s, message, n), 0);
		n = unhex(vectors[i].chip, want);
		ck_assert_uint_eq(s.answer_len, n);
		ck_assert_mem_eq(s.answer, want, n);
	}
}
END_TEST

/* And the frames that carry it, from reset. */
START_TEST(published_frames_bit_for_bit)
{
	static const char *const frames[] = {
		"0300160820700000 10D2760000 0447656E417574684170706C73EC",
		"0000060820000000001904",
		"0400030800 01E22A",
		"05002708 0001" RND "000012348880",
	};
	uint8_t frame[64], want[64];
	size_t n;

	choose();
	for (int i = 0; i < 4; i += 2) {
		n = unhex(frames[i], frame);
		host_send_raw(&s.h, frame, n);
		while (host_wait(&s.h, 1000) >= 0x80)
			;
		n = unhex(frames[i + 1], want);
		ck_assert_uint_eq(s.h.frame_len, n);
		ck_assert_mem_eq(s.h.frame, want, n);
		host_control(&s.h, (uint8_t)(0x80 | want[0] >> 2));
	}
}
END_TEST

/* The test's own cryptography is right, too. */
START_TEST(host_of_the_tests_knows_the_vectors)
{
	uint8_t want[64], got[64], text[40], cmd[16];
	size_t n;

	unhex(RND, s.rnd);
	shost_derive(&s);
	unhex("EA24C6BFD5B67969B4C8894659C532816D8DB9CB37B79741FA1A34E713D6BADE"
	      "2D6DDD3F5F29E3EB",
	    want);
	ck_assert_mem_eq(s.key, want, 40);
	unhex(RND "00001234", text);
	n = unhex(vectors[2].host, want);
	ck_assert_uint_eq(shost_seal(&s, false, 0x08, 0x1234, text, 36, got), n);
	ck_assert_mem_eq(got, want, n);
	n = unhex(vectors[3].host, want);
	unhex("01000006E0C200000064", cmd);
	ck_assert_uint_eq(shost_seal(&s, false, 0x23, 0xABCE, cmd, 10, got), n);
	ck_assert_mem_eq(got, want, n);
}
END_TEST

/* --- PR-C ---------------------------------------------------------------------------------- */

/* PR-C1 */
START_TEST(pr_c1_hello_voids_session_and_saved_context)
{
	uint8_t rnd[32], restore[5] = { RESTORE };

	ck_assert(shost_handshake(&s));
	ck_assert_uint_le(s.mseq, 0xFFFF);
	ck_assert_uint_le(s.sseq, 0xFFFF);
	memcpy(rnd, s.rnd, 32);
	ck_assert_uint_eq(executed(), 1);
	ck_assert(shost_hello(&s));
	ck_assert_mem_ne(rnd, s.rnd, 32);
	no_session(); /* which ends the handshake, too */
	ck_assert(!shost_finish(&s));
	ck_assert_int_eq(s.answer[0], FATAL);

	ck_assert(shost_handshake(&s));
	memcpy(restore + 1, (const uint8_t[]){ 0, 0, (uint8_t)(s.sseq >> 8), (uint8_t)s.sseq }, 4);
	ck_assert_int_eq(shost_send_byte(&s, SAVE), SAVED);
	ck_assert(shost_hello(&s));
	ck_assert_int_eq(shost_send(&s, restore, 5), FATAL);
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(executed(), 2);
}
END_TEST

/* PR-C2 */
START_TEST(pr_c2_hello_answers_one_offered_version)
{
	ck_assert_int_eq(shost_send(&s, (const uint8_t[]){ 0, 0x03 }, 2), 0x00);
	ck_assert_uint_eq(s.answer_len, 38);
	ck_assert_uint_eq(s.answer[1], 0x01);
	ck_assert_int_eq(shost_send(&s, (const uint8_t[]){ 0, 0x02 }, 2), FATAL);
	ck_assert_int_eq(shost_send(&s, (const uint8_t[]){ 0, 0x00 }, 2), FATAL);
	ck_assert_int_eq(shost_send(&s, (const uint8_t[]){ 0 }, 1), FATAL);
	ck_assert_int_eq(shost_send(&s, (const uint8_t[]){ 0, 1, 1 }, 3), FATAL);
	ck_assert_int_eq(shost_send(&s, (const uint8_t[]){ 0x04, 0x30, 0x00 }, 3), FATAL);
}
END_TEST

/* PR-C3 */
START_TEST(pr_c3_finished_is_verified_whole)
{
	uint8_t text[36], message[50];

	for (unsigned i = 0; i < 6; i++) {
		ck_assert(shost_hello(&s));
		memcpy(text, s.rnd, 32);
		memcpy(text + 32, s.answer + 34, 4);
		if (i == 0)
			text[0] ^= 1; /* RND */
		if (i == 1)
			text[35] ^= 1; /* SSEQ inside */
		shost_seal(&s, false, 0x08, s.sseq + (i == 2), text, 36, message);
		if (i == 3)
			message[48] ^= 1;
		if (i == 4)
			message[20] ^= 1;
		ck_assert_int_eq(shost_send(&s, message, i == 5 ? 48 : 49), FATAL);
		ck_assert_uint_eq(s.answer_len, 1);
		no_session();
	}
	/* Without Hello, or after the handshake is over. */
	ck_assert(!shost_finish(&s));
	ck_assert(shost_handshake(&s));
	ck_assert(!shost_finish(&s));
	ck_assert_int_eq(s.answer[0], FATAL);
	no_session();
}
END_TEST

/* FT-31: each row from a new session. */
static const struct {
	int step;
	bool accepted;
} steps[] = { { 1, true }, { 2, true }, { 3, true }, { 4, false }, { 5, false }, { 0, false },
	{ -1, false }, { 0x10000, false } };

/* PR-C4, FT-31 */
START_TEST(pr_c4_command_window_ft_31)
{
	uint32_t seq;

	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(executed(), 1);
	seq = s.mseq + (uint32_t)steps[_i].step;
	ck_assert_int_eq(shost_record(&s, BOTH, seq, count_cmd, sizeof(count_cmd)),
	    steps[_i].accepted ? BOTH : FATAL);
	if (steps[_i].accepted) {
		s.mseq = seq;
		s.sseq++;
		ck_assert_uint_eq(executed(), 3);
		return;
	}
	no_session();
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(executed(), 2);
}
END_TEST

START_TEST(numbers_end_before_they_wrap)
{
	struct sim_shield_choice c = { .sseq = 0x10, .mseq = 0xFFFFFFEF };

	ck_assert_int_eq(sim_set_shield_choice(s.h.s, &c), 0);
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(executed(), 1);
	no_session();
	c.mseq = 0x10;
	c.sseq = 0xFFFFFFEF;
	ck_assert_int_eq(sim_set_shield_choice(s.h.s, &c), 0);
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(executed(), 2);
	no_session();
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(executed(), 3);
}
END_TEST

/* PR-C5, FT-29 */
START_TEST(pr_c5_wrong_tag_ft_29)
{
	uint8_t message[64];
	size_t n;

	ck_assert(shost_handshake(&s));
	n = shost_seal(&s, false, BOTH, s.mseq + 1, count_cmd, sizeof(count_cmd), message);
	for (size_t i = 5; i < n; i += 5) {
		message[i] ^= 0x10;
		ck_assert_int_eq(shost_send(&s, message, n), INTEGRITY);
		ck_assert_uint_eq(s.answer_len, 1);
		message[i] ^= 0x10;
	}
	/* The number in the nonce is not the one in front. */
	message[4]++;
	ck_assert_int_eq(shost_send(&s, message, n), INTEGRITY);
	ck_assert_uint_eq(executed(), 1);
}
END_TEST

START_TEST(failed_records_may_count)
{
	uint8_t message[64];
	size_t n;

	ck_assert_int_eq(sim_set_shield(s.h.s, SIM_SHIELD_FAILED_COUNT), 0);
	ck_assert(shost_handshake(&s));
	n = shost_seal(&s, false, BOTH, s.mseq + 1, count_cmd, sizeof(count_cmd), message);
	message[n - 1] ^= 1;
	ck_assert_int_eq(shost_send(&s, message, n), INTEGRITY);
	ck_assert_int_eq(shost_send(&s, message, n), FATAL); /* the number is used */
}
END_TEST

/* PR-C6 */
START_TEST(pr_c6_response_again_on_request)
{
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(executed(), 1);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(shost_send_byte(&s, INTEGRITY), BOTH);
		ck_assert_uint_eq(shost_be32(s.answer + 1), ++s.sseq);
		ck_assert(shost_open(&s));
		ck_assert_uint_eq(s.answer[1], 1);
	}
	ck_assert_int_eq(shost_send_byte(&s, INTEGRITY), FATAL);
	no_session();
	/* Nothing to repeat: not yet, and not what was plain. */
	ck_assert(shost_handshake(&s));
	ck_assert_int_eq(shost_send_byte(&s, INTEGRITY), FATAL);
	ck_assert(shost_handshake(&s));
	ck_assert_int_eq(shost_command(&s, 0x21, count_cmd, sizeof(count_cmd)), 0x21);
	ck_assert_int_eq(shost_send_byte(&s, INTEGRITY), FATAL);
	ck_assert_int_eq(shost_send_byte(&s, INTEGRITY), FATAL);
	/* Each command has three of its own. */
	ck_assert(shost_handshake(&s));
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_eq(executed(), (unsigned)i + 3);
		ck_assert_int_eq(shost_send_byte(&s, INTEGRITY), BOTH);
		s.sseq++;
	}
}
END_TEST

/* PR-C7 */
START_TEST(pr_c7_response_is_protected_as_asked)
{
	uint8_t cmd[300];

	ck_assert(shost_handshake(&s));
	for (uint8_t sctr = 0x20; sctr <= 0x23; sctr++) {
		ck_assert_int_eq(shost_command(&s, sctr, count_cmd, sizeof(count_cmd)), sctr);
		ck_assert_uint_eq(s.answer_len, sctr & 2 ? 17 : 5);
		if (sctr & 2) {
			ck_assert_uint_eq(shost_be32(s.answer + 1), ++s.sseq);
			ck_assert(shost_open(&s));
			ck_assert_uint_eq(s.answer[1], sctr - 0x1F);
		}
	}
	/* As long as can be, both ways. */
	host_command(cmd, 1000, 1553, sizeof(cmd));
	cmd[2] = 1553 >> 8;
	cmd[3] = 1553 & 0xFF;
	uint8_t big[1557];
	memset(big, 0, sizeof(big));
	memcpy(big, cmd, 12);
	ck_assert_int_eq(shost_command(&s, BOTH, big, sizeof(big)), BOTH);
	ck_assert_uint_eq(s.answer_len, 1557 + 13);
	ck_assert(shost_open(&s));
	s.sseq++;
	for (size_t i = 0; i < 1553; i++)
		ck_assert_uint_eq(s.answer[4 + i], (uint8_t)i);
	/* What is no record is no command either. */
	ck_assert_int_eq(shost_send_byte(&s, PLAIN), FATAL);
	ck_assert(shost_handshake(&s));
	ck_assert_int_eq(shost_record(&s, BOTH, s.mseq + 1, big, 0), FATAL);
	ck_assert_int_eq(shost_command(&s, PLAIN, count_cmd, sizeof(count_cmd)), PLAIN);
	ck_assert_uint_eq(s.answer[2], 6);
	ck_assert_int_eq(shost_command(&s, 0x24, count_cmd, sizeof(count_cmd)), FATAL);
}
END_TEST

static int
restore(uint32_t sseq)
{
	return shost_send(&s,
	    (const uint8_t[]){ RESTORE, (uint8_t)(sseq >> 24), (uint8_t)(sseq >> 16),
		(uint8_t)(sseq >> 8), (uint8_t)sseq },
	    5);
}

/* PR-C8, PR-C10 */
START_TEST(pr_c8_contexts_are_used_once_pr_c10_and_outlive_power)
{
	ck_assert_int_eq(shost_send_byte(&s, SAVE), FATAL);
	ck_assert_int_eq(restore(0), FATAL);
	ck_assert(shost_hello(&s));
	ck_assert_int_eq(shost_send_byte(&s, SAVE), FATAL); /* a handshake is nothing to save */
	for (int i = 0; i < 3; i++) {
		ck_assert(shost_handshake(&s));
		ck_assert_uint_eq(executed(), (unsigned)(3 * i + 1));
		ck_assert_int_eq(shost_send_byte(&s, SAVE), SAVED);
		ck_assert_uint_eq(s.answer_len, 1);
		shost_reset(&s, i == 1);
		if (i == 2) {
			ck_assert_int_eq(restore(s.sseq + 1), FATAL);
			ck_assert_int_eq(restore(s.sseq), FATAL);
			return;
		}
		ck_assert_int_eq(restore(s.sseq), RESTORED);
		ck_assert_uint_eq(s.answer_len, 5);
		ck_assert_uint_eq(shost_be32(s.answer + 1), s.mseq);
		ck_assert_uint_eq(executed(), (unsigned)(3 * i + 2));
		ck_assert_uint_eq(executed(), (unsigned)(3 * i + 3));
		ck_assert_int_eq(restore(s.sseq), FATAL); /* FT-35, and the session with it */
		no_session();
	}
}
END_TEST

START_TEST(saved_session_does_not_go_on)
{
	ck_assert(shost_handshake(&s));
	ck_assert_int_eq(shost_send_byte(&s, SAVE), SAVED);
	no_session();
}
END_TEST

/* PR-C9, FT-34 */
START_TEST(pr_c9_wrong_secret_ft_34)
{
	s.secret[63] ^= 1;
	ck_assert(!shost_handshake(&s));
	ck_assert_int_eq(s.answer[0], FATAL);
	ck_assert_uint_eq(s.answer_len, 1);
	s.secret[63] ^= 1;
	ck_assert(shost_handshake(&s));
}
END_TEST

/* --- faults -------------------------------------------------------------------------------- */

/* PR-C10, FT-25 */
START_TEST(pr_c10_reset_ends_the_session_ft_25)
{
	for (int cold = 0; cold < 2; cold++) {
		ck_assert(shost_handshake(&s));
		ck_assert_uint_eq(executed(), (unsigned)cold + 1);
		shost_reset(&s, cold != 0);
		no_session();
	}
	shost_reset(&s, false);
	s.no_presence = true; /* optional again */
	ck_assert_int_eq(shost_send(&s, count_cmd, sizeof(count_cmd)), 0);
}
END_TEST

/* FT-30 */
START_TEST(ft_30_replayed_record)
{
	uint8_t message[64];
	size_t n;

	ck_assert(shost_handshake(&s));
	n = shost_seal(&s, false, BOTH, s.mseq + 1, count_cmd, sizeof(count_cmd), message);
	ck_assert_int_eq(shost_send(&s, message, n), BOTH);
	ck_assert_int_eq(shost_send(&s, message, n), FATAL);
	ck_assert(shost_handshake(&s));
	ck_assert_int_eq(shost_send(&s, message, n), FATAL); /* of another session */
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(executed(), 2);
}
END_TEST

/* FT-29 */
START_TEST(ft_29_chip_sends_a_wrong_tag)
{
	ck_assert(shost_handshake(&s));
	fault(SIM_SHIELD_FAULT_TAG, 0, 2, 0);
	ck_assert_int_eq(shost_command(&s, BOTH, count_cmd, sizeof(count_cmd)), BOTH);
	ck_assert(!shost_open(&s));
	ck_assert_int_eq(shost_send_byte(&s, INTEGRITY), BOTH);
	ck_assert(!shost_open(&s));
	ck_assert_int_eq(shost_send_byte(&s, INTEGRITY), BOTH);
	ck_assert_uint_eq(shost_be32(s.answer + 1), s.sseq + 3);
	ck_assert(shost_open(&s));
	ck_assert_uint_eq(s.answer[1], 1);
	s.sseq += 3;
	ck_assert_uint_eq(executed(), 2);
}
END_TEST

/* FT-29 */
START_TEST(ft_29_chip_finds_a_wrong_tag)
{
	ck_assert(shost_handshake(&s));
	fault(SIM_SHIELD_FAULT_REFUSE, 1, 1, 0);
	ck_assert_uint_eq(executed(), 1);
	ck_assert_int_eq(shost_command(&s, BOTH, count_cmd, sizeof(count_cmd)), INTEGRITY);
	ck_assert_uint_eq(executed(), 2);
}
END_TEST

/* FT-31 */
START_TEST(ft_31_chip_counts_wrong)
{
	ck_assert(shost_handshake(&s));
	fault(SIM_SHIELD_FAULT_SEQ, 0, 1, 3);
	ck_assert_int_eq(shost_command(&s, BOTH, count_cmd, sizeof(count_cmd)), BOTH);
	ck_assert_uint_eq(shost_be32(s.answer + 1), s.sseq + 3);
	ck_assert(shost_open(&s));
	s.sseq += 3;
	ck_assert_uint_eq(executed(), 2);
	fault(SIM_SHIELD_FAULT_SEQ, 0, 1, 0);
	ck_assert_int_eq(shost_command(&s, BOTH, count_cmd, sizeof(count_cmd)), BOTH);
	ck_assert_uint_eq(shost_be32(s.answer + 1), s.sseq);
	ck_assert_int_eq(sim_set_shield_fault(s.h.s, NULL), 0);
	ck_assert_uint_eq(executed(), 4);
}
END_TEST

/* FT-32 */
START_TEST(ft_32_chip_sends_an_alert)
{
	ck_assert(shost_handshake(&s));
	fault(SIM_SHIELD_FAULT_ALERT, 0, 1, 0);
	ck_assert_int_eq(shost_command(&s, BOTH, count_cmd, sizeof(count_cmd)), FATAL);
	no_session();
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(executed(), 1);
}
END_TEST

/* FT-33 */
START_TEST(ft_33_chip_answers_unprotected)
{
	ck_assert(shost_handshake(&s));
	for (uint8_t sctr = 0x20; sctr <= 0x22; sctr++) {
		fault(SIM_SHIELD_FAULT_SCTR, 0, 1, sctr);
		ck_assert_int_eq(shost_command(&s, BOTH, count_cmd, sizeof(count_cmd)), sctr);
		ck_assert_uint_eq(s.answer_len, sctr & 2 ? 17 : 5);
	}
}
END_TEST

START_TEST(chip_errs_in_the_handshake)
{
	fault(SIM_SHIELD_FAULT_HELLO, 0, 1, 0x02);
	ck_assert(!shost_hello(&s));
	ck_assert_uint_eq(s.answer[1], 0x02);
	fault(SIM_SHIELD_FAULT_TAG, 0, 1, 0);
	ck_assert(!shost_handshake(&s));
	fault(SIM_SHIELD_FAULT_TEXT, 0, 1, 0);
	ck_assert(!shost_handshake(&s));
	ck_assert_uint_eq(s.answer_len, 36); /* it opened, but said something else */
	fault(SIM_SHIELD_FAULT_SHORT, 0, 1, 1);
	ck_assert(!shost_handshake(&s));
	ck_assert_uint_eq(s.answer_len, 48);
	ck_assert(shost_handshake(&s));
}
END_TEST

/* --- what is left open --------------------------------------------------------------------- */

START_TEST(host_gives_up_the_session)
{
	ck_assert(shost_handshake(&s));
	ck_assert_int_eq(shost_send_byte(&s, FATAL), FATAL);
	no_session();
	ck_assert_int_eq(sim_set_shield(s.h.s, SIM_SHIELD_SILENT), 0);
	ck_assert(shost_handshake(&s));
	ck_assert_int_eq(shost_send_byte(&s, FATAL), -1);
	no_session();
}
END_TEST

START_TEST(presence_stays)
{
	ck_assert_int_eq(shost_command(&s, PLAIN, count_cmd, sizeof(count_cmd)), PLAIN);
	host_send(&s.h, (uint8_t)(s.tx << 2 | s.rx), (const uint8_t[]){ 0x00, 0x70, 0, 0, 0 }, 5);
	while (host_wait(&s.h, 1000) >= 0x80)
		;
	ck_assert_uint_eq(s.h.frame[3], 0x08);
	ck_assert_uint_eq(s.h.frame[4], FATAL);
	shost_reset(&s, false);
	ck_assert_int_eq(sim_set_shield(s.h.s, SIM_SHIELD_PLAIN_OK), 0);
	ck_assert_int_eq(shost_command(&s, PLAIN, count_cmd, sizeof(count_cmd)), PLAIN);
	s.no_presence = true;
	ck_assert_int_eq(shost_send(&s, count_cmd, sizeof(count_cmd)), 0);
	ck_assert_uint_eq(s.answer[1], 3);
}
END_TEST

START_TEST(record_without_session)
{
	for (uint8_t sctr = 0x21; sctr <= 0x23; sctr++) {
		ck_assert_int_eq(sim_set_shield(s.h.s, 0), 0);
		ck_assert_int_eq(shost_command(&s, sctr, count_cmd, sizeof(count_cmd)), FATAL);
		ck_assert_int_eq(sim_set_shield(s.h.s, SIM_SHIELD_NO_SESSION_44), 0);
		ck_assert_int_eq(shost_command(&s, sctr, count_cmd, sizeof(count_cmd)), INTEGRITY);
	}
}
END_TEST

START_TEST(failed_handshake)
{
	ck_assert_int_eq(sim_set_shield(s.h.s, SIM_SHIELD_HANDSHAKE_44), 0);
	ck_assert_int_eq(shost_send(&s, (const uint8_t[]){ 0, 0x02 }, 2), INTEGRITY);
	s.secret[0] ^= 1;
	ck_assert(!shost_handshake(&s));
	ck_assert_int_eq(s.answer[0], INTEGRITY);
	no_session();
}
END_TEST

START_TEST(equal_numbers)
{
	ck_assert_int_eq(sim_set_shield(s.h.s, SIM_SHIELD_EQUAL_SEQ), 0);
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(s.mseq, s.sseq);
	ck_assert_uint_eq(executed(), 1);
}
END_TEST

static struct image_facts facts;
static struct sim_state state;

/* How many security events the test application has seen. */
static unsigned
events(void)
{
	ck_assert_int_eq(image_snapshot(s.h.path, &facts, &state), 0);
	return ((const uint8_t *)&state.app)[1];
}

START_TEST(handshake_is_one_security_event)
{
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(events(), 1);
	ck_assert_uint_eq(executed(), 1);
	ck_assert_uint_eq(events(), 1);
	ck_assert_int_eq(sim_set_shield(s.h.s, SIM_SHIELD_NO_EVENT), 0);
	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(events(), 1);
}
END_TEST

/* Keys and texts are gone from the image when the session is. */
START_TEST(nothing_is_left_of_a_session)
{
	static const struct sim_session zero;
	static const uint8_t zeros[SIM_APDU_MAX];

	ck_assert(shost_handshake(&s));
	ck_assert_uint_eq(executed(), 1);
	(void)events();
	ck_assert_mem_ne(&state.shield.live, &zero, sizeof(zero));
	ck_assert_int_eq(shost_send_byte(&s, FATAL), FATAL);
	(void)events();
	ck_assert_mem_eq(&state.shield.live, &zero, sizeof(zero));
	ck_assert_mem_eq(&state.shield.saved, &zero, sizeof(zero));
	ck_assert_mem_eq(state.shield.again, zeros, sizeof(zeros));
}
END_TEST

/* Trust X: no such layer, and no such bit in PCTR. */
START_TEST(chip_without_the_layer)
{
	struct host x;

	host_start_model(&x, "trust-x");
	ck_assert_uint_eq(host_state(&x), 0x08000000);
	host_send(&x, 0x03, (const uint8_t[]){ 0x08, 0x00, 0x01 }, 3);
	while (host_wait(&x, 1000) >= 0x80)
		;
	ck_assert_uint_eq(x.frame_len, 6);
	ck_assert_uint_eq(x.frame[3], 0x07);
	host_end(&x);
}
END_TEST

static Suite *
suite(void)
{
	Suite *su = suite_create("sim_shield");
	TCase *tc = tcase_create("vectors");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, published_session_bit_for_bit);
	tcase_add_test(tc, published_frames_bit_for_bit);
	tcase_add_test(tc, host_of_the_tests_knows_the_vectors);
	suite_add_tcase(su, tc);
	tc = tcase_create("PR-C");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, pr_c1_hello_voids_session_and_saved_context);
	tcase_add_test(tc, pr_c2_hello_answers_one_offered_version);
	tcase_add_test(tc, pr_c3_finished_is_verified_whole);
	tcase_add_loop_test(tc, pr_c4_command_window_ft_31, 0, sizeof(steps) / sizeof(steps[0]));
	tcase_add_test(tc, numbers_end_before_they_wrap);
	tcase_add_test(tc, pr_c5_wrong_tag_ft_29);
	tcase_add_test(tc, failed_records_may_count);
	tcase_add_test(tc, pr_c6_response_again_on_request);
	tcase_add_test(tc, pr_c7_response_is_protected_as_asked);
	tcase_add_test(tc, pr_c8_contexts_are_used_once_pr_c10_and_outlive_power);
	tcase_add_test(tc, saved_session_does_not_go_on);
	tcase_add_test(tc, pr_c9_wrong_secret_ft_34);
	suite_add_tcase(su, tc);
	tc = tcase_create("faults");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, pr_c10_reset_ends_the_session_ft_25);
	tcase_add_test(tc, ft_30_replayed_record);
	tcase_add_test(tc, ft_29_chip_sends_a_wrong_tag);
	tcase_add_test(tc, ft_29_chip_finds_a_wrong_tag);
	tcase_add_test(tc, ft_31_chip_counts_wrong);
	tcase_add_test(tc, ft_32_chip_sends_an_alert);
	tcase_add_test(tc, ft_33_chip_answers_unprotected);
	tcase_add_test(tc, chip_errs_in_the_handshake);
	suite_add_tcase(su, tc);
	tc = tcase_create("left open");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, host_gives_up_the_session);
	tcase_add_test(tc, presence_stays);
	tcase_add_test(tc, record_without_session);
	tcase_add_test(tc, failed_handshake);
	tcase_add_test(tc, equal_numbers);
	tcase_add_test(tc, handshake_is_one_security_event);
	tcase_add_test(tc, chip_without_the_layer);
	tcase_add_test(tc, nothing_is_left_of_a_session);
	suite_add_tcase(su, tc);
	return su;
}

int
main(void)
{
	SRunner *sr = srunner_create(suite());
	int failed;

	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
