/*
 * The simulated chip against the recorded traces of the vendor's host library: the host's events
 * are sent as they are, with their gaps, and what the chip says is compared by structure: FCTR,
 * length, PCTR, SCTR and status. Keys, signatures and randoms cannot match, nor can the number of
 * polls, because execution times differ.
 *
 * Each scenario runs on a chip of its own, whose frame counters are first brought to where the
 * recording starts.
 */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "hal/base/err.h"
#include "hal/sim/handle.h"
#include "tests/unit/sim_host.h"

#define NITEMS(a)    (sizeof(a) / sizeof((a)[0]))
#define WAIT_MAX_MS  20000
#define PCTR_PRESENT 0x08

/* The session that the recorded chip chose, in all three variants that have one. */
static const struct sim_shield_choice choice = {
	{ 0x96, 0x76, 0x2E, 0x61, 0x16, 0xC6, 0xE9, 0xC9, 0x2D, 0x99, 0xBF, 0x35, 0x8C, 0x2E, 0x07,
	    0x18, 0x82, 0x2C, 0xE4, 0x7C, 0xA8, 0xC7, 0x41, 0x07, 0xE6, 0x6C, 0xB0, 0xE4, 0xB2,
	    0xB3, 0xF4, 0xD5 },
	0xCA63,
	0xC96E,
};

enum lengths {
	EXACT,  /* every length as recorded */
	NEAR,   /* DER integers of a signature */
	STATUS, /* the recorded chip held other content: only the status counts */
};

/* How the recorded chip behaved, where that is not how a new chip of ours does. */
enum habit {
	USUAL,
	PIGGYBACKS, /* commands take no time, and only their responses acknowledge them */
	REFUSES,    /* the address, while a command executes */
	SILENT,     /* no ACK at all, and the recording ends before the response */
	NOT_RESET,  /* the host's first frame has the number of the chip's last one */
};

static const struct row {
	const char *variant, *scenario;
	enum lengths lengths;
	bool fresh;    /* starts with a reset and opens the application itself */
	bool with_key; /* needs a key in E0F1 */
	uint64_t ack_delay;
	struct sim_fault fault; /* count 0: none */
	enum habit habit;
} rows[] = {
	{ "no-presentation-layer", "open-application", .fresh = true },
	{ "no-presentation-layer", "read-uid", .lengths = EXACT },
	{ "no-presentation-layer", "read-cert-600", .lengths = STATUS },
	{ "no-presentation-layer", "write-cert-1200-erase", .lengths = EXACT },
	{ "no-presentation-layer", "sign-p256-e0f1", .lengths = NEAR, .with_key = true },
	{ "no-presentation-layer", "random-32", .lengths = EXACT },
	{ "no-presentation-layer", "error-unknown-oid", .lengths = EXACT },
	{ "no-presentation-layer", "close-application", .lengths = EXACT },
	{ "default-cold-reset", "open-application", .fresh = true },
	{ "default-cold-reset", "read-uid", .lengths = EXACT },
	{ "default-cold-reset", "read-cert-600", .lengths = STATUS },
	{ "default-cold-reset", "write-cert-1200-erase", .lengths = EXACT },
	{ "default-cold-reset", "gen-keypair-p256-e0f1", .lengths = EXACT },
	{ "default-cold-reset", "sign-p256-e0f1", .lengths = NEAR, .with_key = true },
	{ "default-cold-reset", "random-32", .lengths = EXACT },
	{ "default-cold-reset", "read-metadata-e0e1", .lengths = STATUS },
	{ "default-cold-reset", "read-metadata-e0f1", .lengths = STATUS, .with_key = true },
	{ "default-cold-reset", "error-unknown-oid", .lengths = EXACT },
	{ "default-cold-reset", "hash-sha256-1200", .lengths = EXACT },
	{ "default-cold-reset", "close-application", .lengths = EXACT },
	{ "soft-reset", "open-application", .fresh = true },
	{ "chip-acks-after-3ms", "read-uid", .ack_delay = MS(3) },
	{ "chip-acks-after-3ms", "write-cert-1200-erase", .ack_delay = MS(3) },
	{ "fault-badcrc", "read-uid", .fault = { SIM_FAULT_FCS, SIM_AT_DATA_OUT, 0, 1, 0 } },
	{ "fault-nak", "read-uid", .fault = { SIM_FAULT_FLIP, SIM_AT_DATA_IN, 0, 1, 77 } },
	{ "fault-ackcrc", "read-uid", .fault = { SIM_FAULT_FCS, SIM_AT_CONTROL_OUT, 0, 1, 0 } },
	{ "chip-piggybacks-ack", "open-application", .fresh = true, .habit = PIGGYBACKS },
	{ "chip-piggybacks-ack", "read-uid", .habit = PIGGYBACKS },
	{ "chip-piggybacks-ack", "read-cert-600", .lengths = STATUS, .habit = PIGGYBACKS },
	{ "chip-piggybacks-ack", "write-cert-1200-erase", .habit = PIGGYBACKS },
	{ "chip-piggybacks-ack", "close-application", .habit = PIGGYBACKS },
	{ "chip-nacks-while-busy", "read-uid", .habit = REFUSES },
	{ "chip-never-acks", "open-application", .fresh = true, .habit = SILENT },
	{ "chip-not-reset", "open-application", .habit = NOT_RESET },
};

/*
 * Shielded sessions. The chip is made to choose what the recorded one chose, so that every byte of
 * the host's is determined, and with it which of them a chip takes; of its own the handshake,
 * alerts and numbers match bit for bit, records by number and length. One chip for all scenarios of
 * a row.
 */
static const struct session {
	const char *variant;
	struct sim_shield_fault fault;
	struct row scenarios[10];
} sessions[] = {
	{ "default-cold-reset", { SIM_SHIELD_FAULT_NONE, 0, 0, 0 },
	    {
		{ .scenario = "shielded-handshake-and-read-uid", .with_key = true },
		{ .scenario = "shielded-random-32" },
		{ .scenario = "shielded-sign-p256-e0f1", .lengths = NEAR },
		{ .scenario = "shielded-write-600" },
		{ .scenario = "shielded-read-600" },
		{ .scenario = "mixed-response-protection-read-uid" },
		{ .scenario = "shielded-hibernate-close" },
		{ .scenario = "restore-open" },
		{ .scenario = "shielded-random-after-restore" },
	    } },
	{ "fault-mac", { SIM_SHIELD_FAULT_TAG, 2, 1, 0 },
	    {
		{ .scenario = "shielded-handshake-and-read-uid" },
		{ .scenario = "shielded-random-32" },
	    } },
	{ "fault-inmac", { SIM_SHIELD_FAULT_REFUSE, 2, 1, 0 },
	    {
		{ .scenario = "shielded-handshake-and-read-uid" },
		{ .scenario = "shielded-random-32" },
	    } },
};

struct event {
	char dir;
	bool nack;
	uint8_t data[600];
	size_t len;
	double gap_us;
};

static struct event *events;
static size_t nevents;
static uint8_t handle[8]; /* of the context that CloseApplication saved */
static struct host h;
static unsigned tx, rx; /* of the host, while it prepares the chip */

/* --- the file ------------------------------------------------------------------------------ */

static size_t
unhex(const char *text, uint8_t *out, size_t max)
{
	size_t n = 0;
	unsigned v;

	for (; n < max && sscanf(text + 2 * n, "%2x", &v) == 1; n++)
		out[n] = (uint8_t)v;
	ck_assert_uint_eq(strlen(text), 2 * n);
	return n;
}

static void
load(const char *variant, const char *scenario)
{
	const char *src = getenv("top_srcdir");
	char path[512], line[4096];
	struct event *e;
	json_t *j;
	FILE *f;

	snprintf(path, sizeof(path), "%s/tests/vectors/vendor-host-traces.jsonl",
	    src != NULL ? src : ".");
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s", path);
	events = calloc(64, sizeof(*events));
	nevents = 0;
	while (fgets(line, sizeof(line), f) != NULL) {
		j = json_loads(line, 0, NULL);
		ck_assert_ptr_nonnull(j);
		if (strcmp(json_string_value(json_object_get(j, "variant")), variant) == 0 &&
		    strcmp(json_string_value(json_object_get(j, "scenario")), scenario) == 0) {
			ck_assert_uint_lt(nevents, 64);
			e = &events[nevents++];
			e->dir = json_string_value(json_object_get(j, "dir"))[0];
			e->nack = json_integer_value(json_object_get(j, "nack")) != 0;
			e->len = unhex(
			    json_string_value(json_object_get(j, "hex")), e->data, sizeof(e->data));
			e->gap_us = json_number_value(json_object_get(j, "gap_us"));
		}
		json_decref(j);
	}
	fclose(f);
	ck_assert_uint_gt(nevents, 5);
}

/* --- bringing the chip to the start of a recording ----------------------------------------- */

static void
send(const uint8_t *packet, size_t len)
{
	host_send(&h, (uint8_t)(tx << 2 | rx), packet, len);
	tx = (tx + 1) & 3;
}

static void
run(uint8_t presence, const uint8_t *apdu, size_t len)
{
	uint8_t packet[64] = { presence, 0x20 };
	size_t head = presence ? 2 : 1;
	int fctr;

	memcpy(packet + head, apdu, len);
	send(packet, head + len);
	do
		fctr = host_wait(&h, WAIT_MAX_MS);
	while (fctr >= 0x80);
	ck_assert_int_ge(fctr, 0);
	ck_assert_uint_eq(h.frame[3 + head], 0);
	rx = (unsigned)fctr >> 2;
	host_control(&h, (uint8_t)(0x80 | rx));
}

/* A chaining error when there is no response yet moves only the host's counter. */
static void
skip_number(void)
{
	send((const uint8_t[]){ 0x07 }, 1);
	ck_assert_int_eq(host_wait(&h, 10), (int)(0x80 | ((tx + 3) & 3)));
}

static void
prepare(const char *variant, bool with_key)
{
	static const uint8_t open[] = { 0xF0, 0x00, 0x00, 0x10, 0xD2, 0x76, 0x00, 0x00, 0x04, 'G',
		'e', 'n', 'A', 'u', 't', 'h', 'A', 'p', 'p', 'l' };
	static const uint8_t generate[] = { 0xB8, 0x03, 0x00, 0x09, 0x01, 0x00, 0x02, 0xE0, 0xF1,
		0x02, 0x00, 0x01, 0x11 };
	static const uint8_t random[] = { 0x8C, 0x00, 0x00, 0x02, 0x00, 0x20 };
	uint8_t presence = strcmp(variant, "no-presentation-layer") == 0 ? 0 : PCTR_PRESENT;
	unsigned tx_want = 4, rx_want = 4, commands;

	for (size_t i = 0; i < nevents; i++) {
		if (events[i].data[0] & 0x80 && events[i].dir == 'W' && events[i].len > 6 &&
		    events[i].data[0] == 0x80 && tx_want == 4)
			tx_want = events[i].data[1] >> 2 & 3;
		if (events[i].dir == 'R' && events[i].len > 5 && rx_want == 4)
			rx_want = ((events[i].data[0] >> 2 & 3) + 3) & 3;
	}
	commands = with_key ? 2 : 1;
	if (rx_want == 4) { /* the host gets no response: only its own number matters */
		tx_want = (tx_want + 1) & 3;
		rx_want = (3 + commands) & 3;
	}
	while (((3 + commands) & 3) != rx_want)
		commands++;
	tx = 0;
	rx = 3;
	while (((tx + commands) & 3) != tx_want)
		skip_number();
	run(presence, open, sizeof(open));
	if (with_key)
		run(presence, generate, sizeof(generate));
	for (unsigned i = with_key ? 2 : 1; i < commands; i++)
		run(presence, random, sizeof(random));
}

/* --- replay -------------------------------------------------------------------------------- */

/* Polls until a frame is ready. */
static size_t
wait_ready(void)
{
	uint32_t state;

	for (unsigned ms = 0; ms < WAIT_MAX_MS; ms++) {
		state = host_state(&h);
		ck_assert_uint_eq(state & 0x3FFF0000, 0x08800000);
		if (state & 0x40000000)
			return state & 0xFFFF;
		host_sleep_us(&h, 1000);
	}
	ck_abort_msg("no frame");
}

/* The answer to a message of the presentation layer. Returns true when there is no more to compare.
 */
static bool
compare_messages(const uint8_t *got, const uint8_t *want, size_t len)
{
	ck_assert_uint_eq(got[4], want[4]); /* SCTR */
	if ((want[4] & 0xFC) != 0x20) {
		ck_assert_mem_eq(got, want, len); /* handshake, alerts, contexts */
		return true;
	}
	if (want[4] & 0x02)
		ck_assert_mem_eq(got + 5, want + 5, 4); /* SEQ */
	return want[4] & 0x02;
}

static void
compare_frames(const struct row *row, const struct event *e, const uint8_t *got, size_t len)
{
	const uint8_t *want = e->data;
	size_t head = want[3] & PCTR_PRESENT ? 5 : 4;
	bool first = (want[3] & 7) <= 1;

	if (want[0] & 0x80) {
		ck_assert_uint_eq(len, e->len);
		if (row->fault.at != SIM_AT_CONTROL_OUT)
			ck_assert_mem_eq(got, want, len);
		return;
	}
	ck_assert_uint_gt(len, head);
	ck_assert_uint_eq(got[0], want[0]);
	ck_assert_uint_eq(((size_t)got[1] << 8 | got[2]) + 5, len);
	if (row->lengths != STATUS)
		ck_assert_uint_eq(got[3], want[3]);
	ck_assert_uint_eq(got[3] & PCTR_PRESENT, want[3] & PCTR_PRESENT);
	if (row->lengths == EXACT)
		ck_assert_uint_eq(len, e->len);
	else if (row->lengths == NEAR)
		ck_assert_int_le(labs((long)len - (long)e->len), 3);
	if (first && head == 5 && compare_messages(got, want, len))
		return;
	if (first)
		ck_assert_uint_eq(got[head], want[head]); /* status */
	if (e->len == head + 6)                           /* nothing but a header: every byte */
		ck_assert_mem_eq(got, want, len);
	if (first && len == head + 4 + sizeof(handle) + 2)
		memcpy(handle, got + head + 4, sizeof(handle));
}

/* A read of DATA. Returns false when the response is shorter than the recorded one and complete. */
static bool
replay_frame(const struct row *row, const struct event *e)
{
	uint8_t got[FRAME_MAX];
	size_t len;

	do { /* an ACK that the recorded chip left to its response is taken, too */
		len = wait_ready();
		ck_assert_int_eq(host_reg_read(&h, 0x80, got, len), 0);
		if (row->habit == PIGGYBACKS)
			ck_assert_uint_eq(got[0] & 0x80, e->data[0] & 0x80);
	} while (got[0] & 0x80 && !(e->data[0] & 0x80));
	compare_frames(row, e, got, len);
	if (row->lengths != STATUS || got[0] & 0x80)
		return true;
	return (got[3] & 7) == (e->data[3] & 7);
}

/* OpenApplication that restores a context: this chip gave another handle than the recorded one. */
static bool
restores(const struct event *e)
{
	uint8_t packet[30];

	if (e->len != 36 || e->data[6] != 0xF0 || e->data[7] != 0x01)
		return false;
	memcpy(packet, e->data + 4, sizeof(packet));
	memcpy(packet + sizeof(packet) - sizeof(handle), handle, sizeof(handle));
	host_send(&h, e->data[1], packet, sizeof(packet));
	return true;
}

/* Writes are retried while the chip starts up, as the host does. */
static void
replay_write(const struct event *e)
{
	for (int i = 0; i < 200; i++) {
		if (sim_write(h.s, ADDR, e->data, e->len) == 0)
			return;
		host_sleep_us(&h, 1000);
	}
	ck_abort_msg("address refused");
}

static void
replay_register(const struct row *row, const struct event *w, const struct event *r)
{
	uint8_t got[8];

	ck_assert_uint_le(r->len, sizeof(got));
	for (int i = 0; host_reg_read(&h, w->data[0], got, r->len) != 0; i++) {
		ck_assert_int_lt(i, 200);
		host_sleep_us(&h, 1000);
	}
	if (w->data[0] == 0x82 && row->habit != SILENT && row->habit != NOT_RESET)
		ck_assert_uint_eq(got[0] & 0x3F, r->data[0] & 0x3F);
	else
		ck_assert_mem_eq(got, r->data, r->len);
}

/*
 * Polls of a chip that refuses its address; this one may have come to its end earlier. The
 * recorded one then gives its ACK before the response (a poll and a read), here the response
 * carries it: nobody has seen the ACK yet.
 */
static size_t
replay_refusals(size_t i)
{
	ck_assert_int_eq(sim_write(h.s, ADDR, events[i].data, 1), HAL_ENACK);
	while (events[i + 1].nack)
		host_sleep_us(&h, (unsigned)events[++i].gap_us);
	ck_assert_uint_eq(events[i + 4].data[0] & 0xFC, 0x80);
	return i + 4;
}

static void
replay(const struct row *row)
{
	struct sim_view before, after;

	ck_assert_int_eq(sim_look(h.s, &before), 0);
	for (size_t i = 0; i < nevents; i++) {
		const struct event *e = &events[i];

		sim_sleep(h.s, e->gap_us > 0 ? (uint64_t)(e->gap_us * 1000) : MS(1));
		if (e->nack) {
			i = replay_refusals(i);
		} else if (e->dir == 'Z') {
			sim_line(h.s, e->data[0] ? SIM_LINE_SUPPLY : SIM_LINE_RESET, e->data[1]);
		} else if (e->len > 1) {
			if (!restores(e))
				replay_write(e);
		} else if (e->data[0] == 0x80) {
			if (!replay_frame(row, &events[++i]))
				break;
		} else {
			replay_register(row, e, &events[i + 1]);
			i++;
		}
	}
	ck_assert_int_eq(sim_look(h.s, &after), 0);
	ck_assert_uint_eq(after.counts.guard_violations, before.counts.guard_violations);
	if (row->habit == SILENT || row->habit == NOT_RESET)
		ck_assert_uint_eq(after.counts.commands - before.counts.commands, row->fresh);
	free(events);
}

static void
start(const struct row *row)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;

	if (row->habit == PIGGYBACKS)
		cfg.speed = 0.001;
	if (row->habit == SILENT)
		cfg.speed = 20;
	host_start_config(&h, &cfg);
}

static void
set_habit(const struct row *row)
{
	uint64_t delay = row->ack_delay;

	if (row->habit == PIGGYBACKS)
		delay = SIM_ACK_WITH_RESPONSE;
	if (row->habit == SILENT)
		delay = SIM_ACK_NEVER;
	ck_assert_int_eq(sim_set_ack_delay(h.s, delay), 0);
	ck_assert_int_eq(sim_set_nack_busy(h.s, row->habit == REFUSES), 0);
}

START_TEST(the_vendor_host_gets_what_it_expects)
{
	const struct row *row = &rows[_i];

	load(row->variant, row->scenario);
	start(row);
	if (!row->fresh)
		prepare(row->variant, row->with_key);
	set_habit(row);
	if (row->fault.count > 0)
		ck_assert_int_eq(sim_fault_add(h.s, &row->fault), 0);
	replay(row);
	host_end(&h);
}
END_TEST

START_TEST(the_vendor_host_is_understood_under_shield)
{
	const struct session *s = &sessions[_i];

	host_start(&h);
	for (const struct row *row = s->scenarios; row->scenario != NULL; row++) {
		load(s->variant, row->scenario);
		if (row == s->scenarios) {
			prepare(s->variant, row->with_key);
			ck_assert_int_eq(sim_set_shield_choice(h.s, &choice), 0);
			ck_assert_int_eq(sim_set_shield_fault(h.s, &s->fault), 0);
		}
		sim_sleep(h.s, MS(30000)); /* no security event is left, which hibernation wants */
		replay(row);
	}
	host_end(&h);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("sim_traces");
	TCase *tc = tcase_create("vendor host");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, the_vendor_host_gets_what_it_expects, 0, NITEMS(rows));
	tcase_add_loop_test(tc, the_vendor_host_is_understood_under_shield, 0, NITEMS(sessions));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
