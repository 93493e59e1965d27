/*
 * The speed of the host: what each operation costs on the bus, beside the event bound.
 *
 * bench                          prints one JSON line per operation and profile
 * bench --check BASELINE TRACES  the same, held against the ratios allowed, the rows of before,
 *                                and the transactions of the vendor's host
 *
 * Bus time is virtual and the chip is seeded: every run gives the same figures. "transactions"
 * are bus transactions without reads of I2C_STATE, which are counted as "polls" whether they
 * found a frame or not; "bytes" are all of them, addresses too.
 */
#include <config.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/chip/internal.h"
#include "hal/sim/fault.h"
#include "tests/bench/bench.h"
#include "tests/bench/bound.h"
#include "tests/bench/rig.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

#define STARTUP   15000000 /* ns after a reset; open is measured from there */
#define FULL_MA   15
#define TRACE_MS  12 /* every command of the vendor's traces */

/* --- operations ---------------------------------------------------------------------------- */

static uint8_t data[1200];

static int
read_bytes(uint16_t oid, size_t len)
{
	struct buf out = BUF_INIT;
	int r = chip_data_read(rig_chip, oid, 0, len, &out);

	if (r == 0 && out.len != len)
		r = -1;
	buf_free(&out);
	return r;
}

static int
op_read_27(void)
{
	return read_bytes(0xE0C2, 27);
}

/* Shielded, the first command after it makes the handshake. */
static int
op_open(void)
{
	int r = chip_restart(rig_chip);

	return r == 0 && rig_shielded() ? op_read_27() : r;
}

static int
op_read_600(void)
{
	return read_bytes(0xE0E1, 600);
}

static int
op_write_1200(void)
{
	return chip_data_write(rig_chip, 0xE0E1, 0, data, sizeof(data), CHIP_ERASE_WRITE);
}

static int
op_keypair(void)
{
	struct buf pub = BUF_INIT;
	int r = chip_keypair(rig_chip, 0xE0F1, CHIP_ALG_P256, CHIP_USE_SIGN | CHIP_USE_AUTH, &pub);

	buf_free(&pub);
	return r;
}

static int
op_sign(void)
{
	struct buf sig = BUF_INIT;
	int r = chip_sign_ecdsa(rig_chip, 0xE0F1, 32, data, 32, &sig);

	buf_free(&sig);
	return r;
}

static int
op_random(void)
{
	uint8_t out[32];

	return chip_random(rig_chip, out, sizeof(out));
}

static int
op_metadata(void)
{
	struct chip_meta m;

	return chip_meta_read(rig_chip, 0xE0E1, &m);
}

static int
op_failing(void)
{
	return read_bytes(0xF1FF, 27) > 0 ? 0 : -1;
}

/* How much a message grows in a shielded row. */
enum cover {
	WHOLE = 13, /* SCTR, SEQ, MAC: protected */
	THIN = 1,   /* SCTR: plain, as every message once the presentation layer is on */
	BARE = 0,   /* as in a plain row */
};

/* Of a shielded row: the handshake, and what proves it. */
#define HANDSHAKE                                                                                  \
	{ 2, 38, 50000, 0, BARE, true }, { 49, 49, 6000, 0, BARE, true },                          \
	{                                                                                          \
		10, 31, 9000, PER_BYTE, WHOLE, true                                                \
	}

#define PER_BYTE 0 /* shield_us: as CalcHash, 15 kB/s plain and 14 shielded */
#define CMDS_MAX 4

/*
 * In the order they are run: a key is made before it signs, 1200 bytes are written before 600
 * are read. r: 0 is as the chip gave it. Times are those at 15 mA (SRM 4.4.3, with and without
 * shielded connection; frozen for Trust M V3).
 */
static const struct op {
	const char *name;
	const char *scenarios[2]; /* of the vendor's traces: plain, shielded; + adds one */
	int (*run)(void);
	double ratio_max;
	struct cmd {
		size_t c, r; /* bytes of the command, of the response */
		unsigned us, shield_us;
		enum cover cover;
		bool shielded_only;
	} cmd[CMDS_MAX];
} ops[] = {
	{ "open", { "open-application", "open-application+shielded-handshake-and-read-uid" },
	    op_open, 1.10, { { 20, 4, 20000, 0, BARE, false }, HANDSHAKE } },
	{ "read-27", { "read-uid", NULL }, op_read_27, 1.10,
	    { { 10, 31, 9000, PER_BYTE, WHOLE, false } } },
	{ "write-1200", { "write-cert-1200-erase", NULL }, op_write_1200, 1.10,
	    { { 1208, 4, 55000, PER_BYTE, WHOLE, false } } },
	{ "read-600", { "read-cert-600", "shielded-read-600" }, op_read_600, 1.10,
	    { { 10, 604, 30000, PER_BYTE, WHOLE, false } } },
	{ "genkeypair-p256", { "gen-keypair-p256-e0f1", NULL }, op_keypair, 1.05,
	    { { 13, 75, 55000, 5000, WHOLE, false } } },
	{ "calcsign-p256", { "sign-p256-e0f1", "shielded-sign-p256-e0f1" }, op_sign, 1.05,
	    { { 44, 0, 65000, 5000, WHOLE, false } } },
	{ "getrandom-32", { "random-32", "shielded-random-32" }, op_random, 1.10,
	    { { 6, 36, 6000, PER_BYTE, WHOLE, false } } },
	{ "metadata", { "read-metadata-e0e1", NULL }, op_metadata, 1.10,
	    { { 6, 0, 10000, PER_BYTE, WHOLE, false } } },
	/* and why it failed: F1C2 */
	{ "failing", { "error-unknown-oid", NULL }, op_failing, 1.10,
	    { { 10, 4, 5000, PER_BYTE, WHOLE, false }, { 6, 5, 9000, 0, THIN, false } } },
};

/* --- profiles ------------------------------------------------------------------------------ */

static const unsigned clocks[] = { 100, 400, 1000 };

static const struct {
	const char *name;
	double factor;
	unsigned ma;
} speeds[] = {
	{ "0.9", 0.9, 15 },
	{ "1.0", 1.0, 15 },
	{ "1.1", 1.1, 15 },
	{ "6mA", 1.0, 6 },
};

static const struct {
	const char *name;
	uint64_t ns;
} acks[] = {
	{ "at-once", 0 },
	{ "late", 500000 },
	{ "with-response", SIM_ACK_WITH_RESPONSE },
};

/* Bytes and time of a command in a row of this profile. False: it is none of it. */
static bool
command(
    const struct cmd *cmd, const struct profile *p, const struct traffic *t, struct bound_cmd *out)
{
	const size_t cover = p->shielded ? cmd->cover : 0;
	double us = cmd->us;

	if (cmd->c == 0 || (cmd->shielded_only && !p->shielded))
		return false;
	out->c = cmd->c + cover;
	out->r = cmd->r > 0 ? cmd->r + cover : t->received;
	if (cover == WHOLE && cmd->shield_us == PER_BYTE)
		us += (double)(out->c + out->r - 2 * cover) * (1e6 / 14000 - 1e6 / 15000);
	else if (cover == WHOLE)
		us += cmd->shield_us;
	out->t = (uint64_t)(us * 1e3 * p->speed * FULL_MA / p->ma);
	return true;
}

static double
bound_us(const struct op *op, const struct profile *p, const struct traffic *t)
{
	struct bound_cmd cmd;
	struct bound b;
	uint64_t end = 0;
	size_t sent = 0;

	bound_start(&b, p->khz, p->ack == SIM_ACK_WITH_RESPONSE ? BOUND_ACK_TIMER : p->ack);
	if (op->run == op_open)
		bound_negotiate(&b, p->khz);
	for (size_t i = 0; i < CMDS_MAX; i++)
		if (command(&op->cmd[i], p, t, &cmd)) {
			end = bound_exchange(&b, &cmd);
			sent += cmd.c;
		}
	rig_require(t->sent == sent, "a command of the size expected");
	return (double)end / 1e3;
}

static void
measure(const struct op *op, const struct profile *p, struct row *row)
{
	const struct traffic *t;

	rig_begin();
	rig_require(op->run() == 0, op->name);
	t = rig_end();
	row->op = op->name;
	row->ratio_max = op->ratio_max;
	row->scenario = op->scenarios[p->shielded];
	row->shielded = p->shielded;
	row->khz = p->khz;
	row->bytes = t->bytes;
	row->transactions = t->transactions;
	row->polls = t->polls;
	row->us = (double)(t->end - (op->run == op_open ? t->released + STARTUP : t->begin)) / 1e3;
	row->bound_us = bound_us(op, p, t);
	row->ratio = row->us / row->bound_us;
}

static void
run_profile(const struct profile *p, const char *speed, const char *ack,
    void (*take)(const struct row *row))
{
	struct row row = { .speed = speed, .ack = ack };

	rig_make(p);
	for (size_t i = 0; i < NITEMS(ops); i++) {
		measure(&ops[i], p, &row);
		take(&row);
	}
	rig_remove();
}

void
bench_all(void (*take)(const struct row *row))
{
	struct profile p = { 0 };

	for (size_t n = 0; n < 2 * NITEMS(clocks) * NITEMS(speeds) * NITEMS(acks); n++) {
		const size_t a = n % NITEMS(acks), s = n / NITEMS(acks) % NITEMS(speeds);

		p.khz = clocks[n / NITEMS(acks) / NITEMS(speeds) % NITEMS(clocks)];
		p.speed = speeds[s].factor;
		p.ma = speeds[s].ma;
		p.ack = acks[a].ns;
		p.shielded = n >= NITEMS(clocks) * NITEMS(speeds) * NITEMS(acks);
		run_profile(&p, speeds[s].name, acks[a].name, take);
	}
}

/* As the traces: 400 kHz, every command takes about 12 ms, its ACK comes at once. */
void
bench_like_traces(void (*take)(const struct row *row))
{
	for (size_t i = 0; i < 2 * NITEMS(ops); i++) {
		const struct op *op = &ops[i / 2];
		const struct profile p = { 400, TRACE_MS * 1e3 / op->cmd[0].us, FULL_MA, 0,
			i % 2 != 0 };
		struct row row = { .speed = "12ms", .ack = "at-once" };

		if (op->scenarios[p.shielded] == NULL)
			continue;
		rig_make(&p);
		if (op->run == op_sign)
			rig_require(op_keypair() == 0, "a key");
		if (op->run == op_read_600)
			rig_require(op_write_1200() == 0, "content");
		measure(op, &p, &row);
		take(&row);
		rig_remove();
	}
}

void
bench_print(const struct row *r)
{
	printf("{\"op\": \"%s\", \"khz\": %u, \"speed\": \"%s\", \"ack\": \"%s\", "
	       "\"shielded\": %s, \"bytes\": %u, \"transactions\": %u, \"polls\": %u, "
	       "\"us\": %.1f, \"bound_us\": %.1f, \"ratio\": %.4f}\n",
	    r->op, r->khz, r->speed, r->ack, r->shielded ? "true" : "false", r->bytes,
	    r->transactions, r->polls, r->us, r->bound_us, r->ratio);
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	if (argc == 1) {
		bench_all(bench_print);
		return 0;
	}
	if (argc == 4 && strcmp(argv[1], "--check") == 0)
		return bench_check(argv[2], argv[3]);
	fprintf(stderr, "usage: bench [--check BASELINE TRACES]\n");
	return 2;
}
