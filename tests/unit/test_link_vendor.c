/*
 * The vendor host's scenarios, as recorded: with the chip's numbers given, this host sends the
 * same shielded messages, and to the chips of strange habits the same frames, bit for bit.
 * vendor-host-traces.jsonl; binding secret 01 02 .. 40.
 */
#include <config.h>

#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/link/int.h"
#include "tests/unit/shield_script.h"

#define MESSAGES 64

/* From the recorded frames: what each side said, in order. */
struct message {
	bool host;
	uint8_t bytes[1700];
	size_t len;
};

static struct message said[MESSAGES];
static size_t nsaid;
static struct script sc;
static struct fake *fake;
static struct link *ln;
static struct secret *secret, *saved;

static void
add_packet(bool host, const uint8_t *packet, size_t len)
{
	const unsigned chain = packet[0] & 7;
	struct message *m;

	ck_assert_uint_eq(packet[0] & 8, 8);
	if (chain <= 1) {
		ck_assert_uint_lt(nsaid, MESSAGES);
		said[nsaid++].len = 0;
	}
	m = &said[nsaid - 1];
	m->host = host;
	ck_assert_uint_le(m->len + len - 1, sizeof(m->bytes));
	memcpy(m->bytes + m->len, packet + 1, len - 1);
	m->len += len - 1;
}

/* Data frames of one line: W with the register before it, R without. */
static void
add_line(const json_t *j)
{
	const char *hex = json_string_value(json_object_get(j, "hex"));
	const bool host = strcmp(json_string_value(json_object_get(j, "dir")), "W") == 0;
	uint8_t bytes[400];
	size_t n = fake_hex(hex, bytes, sizeof(bytes));
	const uint8_t *p = bytes;

	if (host) {
		if (bytes[0] != 0x80)
			return;
		p++;
		n--;
	}
	if (n < 6 || (p[0] & 0x80) != 0)
		return; /* a register, or a control frame */
	add_packet(host, p + 3, n - 5);
}

/* Calls take for every event of a variant whose scenario begins with one of names. */
static void
each_event(const char *variant, const char *const *names, void (*take)(const json_t *j))
{
	char path[512], line[4096];
	const char *top = getenv("top_srcdir");
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/tests/vectors/vendor-host-traces.jsonl",
	    top != NULL ? top : ".");
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		json_t *j = json_loads(line, 0, NULL);
		const char *name;

		ck_assert_ptr_nonnull(j);
		name = json_string_value(json_object_get(j, "scenario"));
		if (strcmp(json_string_value(json_object_get(j, "variant")), variant) == 0)
			for (size_t i = 0; names[i] != NULL; i++)
				if (strncmp(name, names[i], strlen(names[i])) == 0)
					take(j);
		json_decref(j);
	}
	fclose(f);
}

/* The scenarios of a variant from the handshake on: those whose messages this host sends too. */
static void
load(const char *variant)
{
	static const char *const names[] = { "shielded-", "mixed-", "restore-", NULL };

	each_event(variant, names, add_line);
}

/*
 * The vendor's host asks once more for an answer whose first repetition was genuine already;
 * this one does not. Whether said[i] is such a request.
 */
static bool
needless(size_t i)
{
	struct buf plain = BUF_INIT;
	const struct message *m;
	bool genuine;

	if (i == 0 || !said[i].host || said[i].bytes[0] != 0x44)
		return false;
	m = &said[i - 1];
	genuine =
	    ccm_open(sc.ccm, &sc.keys.chip, m->bytes[0], m->bytes + 1, m->len - 1, &plain) == 0;
	buf_free(&plain);
	return genuine;
}

static void
write_script(void)
{
	static char hex[2 * sizeof(said[0].bytes) + 1];

	for (size_t i = 0; i < nsaid; i++) {
		if (needless(i)) {
			nsaid -= 2;
			memmove(&said[i], &said[i + 2], (nsaid - i) * sizeof(said[0]));
			if (i == nsaid)
				break;
		}
		for (size_t k = 0; k < said[i].len; k++)
			(void)snprintf(hex + 2 * k, 3, "%02X", said[i].bytes[k]);
		if (said[i].bytes[0] == 0x68) /* the chip was without power */
			script_reset_numbers(&sc);
		if (said[i].host)
			script_host(&sc, hex);
		else
			script_chip(&sc, hex);
		if (!said[i].host && said[i].bytes[0] == 0x00 && said[i].len == 38) {
			char rnd[65];

			(void)snprintf(rnd, sizeof(rnd), "%.64s", hex + 4);
			script_keys(&sc, secret, rnd);
		}
	}
}

/* The APDU in a record, with the keys of the test. */
static void
plain_of(const struct message *m, struct buf *out)
{
	const uint8_t sctr = m->bytes[0];

	buf_reset(out);
	if ((sctr & (m->host ? 1 : 2)) == 0)
		ck_assert_int_eq(buf_put(out, m->bytes + 1, m->len - 1), 0);
	else
		ck_assert_int_eq(ccm_open(sc.ccm, m->host ? &sc.keys.host : &sc.keys.chip, sctr,
				     m->bytes + 1, m->len - 1, out),
		    0);
}

/* The command said[i], and the answer that the vendor's host got in the end. Returns its place. */
static size_t
run_command(size_t i)
{
	struct buf cmd = BUF_INIT, want = BUF_INIT, rsp = BUF_INIT;
	const struct link_how how = { false, 5000, said[i].bytes[0] & 3 };

	plain_of(&said[i], &cmd);
	/* Alerts, and what was sent again because of them, are in between. */
	for (i++; i + 1 < nsaid && (said[i].bytes[0] == 0x44 || said[i + 1].bytes[0] == 0x44);)
		i += 2;
	plain_of(&said[i], &want);
	ck_assert_int_eq(link_transceive_as(ln, cmd.data, cmd.len, &rsp, &how), 0);
	ck_assert_uint_eq(rsp.len, want.len);
	ck_assert_mem_eq(rsp.data, want.data, want.len);
	buf_free(&cmd);
	buf_free(&want);
	buf_free(&rsp);
	return i;
}

static size_t
run_message(size_t i)
{
	switch (said[i].bytes[0]) {
	case 0x00:
	case 0x08: /* the link's own affair, with the first protected command */ return i + 1;
	case 0x60: ck_assert_int_eq(link_save(ln, &saved), 0); return i + 1;
	case 0x68:
		frame_counters_reset(ln);
		ck_assert_int_eq(link_restore(ln, &saved), 0);
		return i + 1;
	default: return run_command(i);
	}
}

static const char *const variants[] = { "default-cold-reset", "fault-mac", "fault-inmac" };

START_TEST(the_vendors_messages_bit_for_bit)
{
	const char *const *script;
	unsigned nrecords = 0;

	load(variants[_i]);
	write_script();
	script = (const char *const *)sc.line;
	fake = fake_new(script);
	ck_assert_int_eq(link_new(fake->bus, &ln), 0);
	ck_assert_int_eq(bus_set_khz(fake->bus, 400), 0);
	ck_assert_int_eq(link_set_secret(ln, secret), 0);
	ln->frame_size = fake->reg_len;
	ln->stale = false;
	for (size_t i = 0; i < nsaid; i++) {
		ck_assert(said[i].host);
		nrecords += (said[i].bytes[0] & 0xE0) == 0x20;
		i = run_message(i);
		ck_assert_msg(fake->error[0] == '\0', "%s", fake->error);
	}
	ck_assert_msg(fake_verdict(fake) == NULL, "%s", fake_verdict(fake));
	ck_assert_uint_ge(nrecords, 2);
}
END_TEST

/* --- chips of strange habits --------------------------------------------------------------- */

#define KHZ 400

static double stop_us;  /* end of the host's last frame, in the recording */
static double ready_us; /* the chip's frame was found */
static bool refused;    /* the last event was: the address */

/* FCTR and packet, as a line of the script. */
static void
add_frame(const char *prefix, const char *hex)
{
	const int packet = (int)strlen(hex) - 10; /* without FCTR, LEN, FCS */

	script_raw(&sc, "%s %.2s %.*s", prefix, hex, packet, hex + 6);
}

/* One event becomes the lines that make the scripted chip do the same, and part of a message. */
static void
add_event(const json_t *j)
{
	const char *hex = json_string_value(json_object_get(j, "hex"));
	const bool host = strcmp(json_string_value(json_object_get(j, "dir")), "W") == 0;
	const bool nack = json_integer_value(json_object_get(j, "nack")) != 0;
	const double t = json_number_value(json_object_get(j, "t_us"));
	const size_t n = strlen(hex) / 2;
	char prefix[32];

	if (json_object_get(j, "n") == NULL)
		return; /* a line, not a transfer */
	add_line(j);
	if (refused && !nack)
		script_raw(&sc, "nack %.0f", t - stop_us);
	refused = nack;
	if (host && n > 5 && strncmp(hex, "80", 2) == 0) {
		stop_us = t + (double)(9 * (n + 1) + 2) * 1000 / KHZ;
		add_frame(">", hex + 2);
	} else if (!host && n == 4) {
		ready_us = t;
	} else if (!host && n >= 5) {
		(void)snprintf(prefix, sizeof(prefix), "< +%.0f", ready_us - stop_us);
		add_frame(prefix, hex);
	}
}

static const struct habit {
	const char *variant, *scenario;
	size_t frames; /* of the host, which it sends too; 0: all */
	unsigned busy; /* us, from the last of these on */
	int want;      /* of the command; when negative, the next one is tried too */
	bool idempotent;
} habits[] = {
	{ "chip-piggybacks-ack", "open-application", 0, 0, 0, false },
	{ "chip-piggybacks-ack", "read-uid", 0, 0, 0, false },
	{ "chip-piggybacks-ack", "read-cert-600", 0, 0, 0, false },
	{ "chip-piggybacks-ack", "write-cert-1200-erase", 0, 0, 0, false },
	{ "chip-piggybacks-ack", "close-application", 0, 0, 0, false },
	{ "chip-nacks-while-busy", "read-uid", 0, 0, 0, false },
	/* The vendor's host goes on so for 180 s. This one waits until the chip is done. */
	{ "chip-never-acks", "open-application", 4, 20000, 0, true },
	{ "chip-never-acks", "open-application", 4, 20000, HAL_ERESYNC, false },
	/* The vendor's host waits for 180 s; this one sees that the chip is idle. */
	{ "chip-not-reset", "open-application", 1, 0, HAL_ERESYNC, false },
};

/* Leaves so many frames of the host in the script, with what the chip says to them. */
static void
cut_script(size_t frames)
{
	size_t n = 0;

	for (size_t i = 0; i < sc.n; i++) {
		if (sc.line[i][0] != '>' || n++ < frames)
			continue;
		while (sc.n > i) {
			free(sc.line[--sc.n]);
			sc.line[sc.n] = NULL;
		}
	}
}

/* After a re-sync the command is frame 0, and answered. */
static void
add_second_try(bool failed)
{
	static const char response[] = "08 20 00000000";
	const char *command = strchr(sc.line[0] + 2, ' ');

	script_raw(&sc, "> C0");
	if (failed)
		script_raw(
		    &sc, "> C0"); /* one when the first try is given up, one before the next */
	script_raw(&sc, "> 03%s", command);
	script_raw(&sc, "< 80");
	script_raw(&sc, "< +12000 00 %s", response);
	script_raw(&sc, "> 80");
}

static void
command(const struct habit *h, int want)
{
	const struct link_how how = { h->idempotent, 5000, LINK_PLAIN };
	struct buf rsp = BUF_INIT;

	ck_assert_int_eq(
	    link_transceive_as(ln, said[0].bytes + 1, said[0].len - 1, &rsp, &how), want);
	ck_assert_msg(fake->error[0] == '\0', "%s", fake->error);
	if (h->frames == 0) {
		ck_assert_uint_eq(nsaid, 2);
		ck_assert_uint_eq(rsp.len, said[1].len - 1);
		ck_assert_mem_eq(rsp.data, said[1].bytes + 1, rsp.len);
	}
	buf_free(&rsp);
}

START_TEST(a_strange_chip_gets_the_vendors_frames)
{
	const struct habit *h = &habits[_i];
	const char *const names[] = { h->scenario, NULL };
	unsigned fctr;

	each_event(h->variant, names, add_event);
	ck_assert_uint_eq(sscanf(sc.line[0], "> %2x", &fctr), 1);
	if (h->frames != 0) {
		cut_script(h->frames);
		if (h->busy != 0)
			script_raw(&sc, "busy %u", h->busy);
		add_second_try(h->want < 0);
	}
	fake = fake_new((const char *const *)sc.line);
	ck_assert_int_eq(link_new(fake->bus, &ln), 0);
	ck_assert_int_eq(bus_set_khz(fake->bus, KHZ), 0);
	link_adopt(ln, true, false);
	ln->frame_size = fake->reg_len;
	ln->stale = false;
	ln->tx_nr = (uint8_t)((fctr >> 2) + 3) & 3;
	ln->rx_nr = fctr & 3;
	command(h, h->want);
	if (h->want < 0)
		command(h, 0);
	ck_assert_msg(fake_verdict(fake) == NULL, "%s", fake_verdict(fake));
}
END_TEST

static void
up(void)
{
	uint8_t bytes[64];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i + 1);
	ck_assert_int_eq(secret_from(bytes, sizeof(bytes), &secret), 0);
	script_begin(&sc);
	nsaid = 0;
	refused = false;
}

static void
down(void)
{
	link_free(&ln);
	fake_free(fake);
	secret_free(&secret);
	script_end(&sc);
}

int
main(void)
{
	Suite *s = suite_create("link vendor");
	TCase *t = tcase_create("vendor");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, up, down);
	tcase_add_loop_test(t, the_vendors_messages_bit_for_bit, 0, (int)NITEMS(variants));
	tcase_add_loop_test(t, a_strange_chip_gets_the_vendors_frames, 0, (int)NITEMS(habits));
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
