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
op_open(void)
{
	return chip_restart(rig_chip);
}

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

/*
 * In the order they are run: a key is made before it signs, 1200 bytes are written before 600
 * are read. cmd: bytes of the command, of the response (0: as the chip gave them), and the
 * execution time in us at 15 mA (SRM 4.4.3; frozen for Trust M V3).
 */
#define CMDS_MAX 2
static const struct op {
	const char *name;
	const char *scenario; /* of the vendor's traces */
	int (*run)(void);
	double ratio_max;
	struct {
		size_t c, r;
		unsigned us;
	} cmd[CMDS_MAX];
} ops[] = {
	{ "open", "open-application", op_open, 1.10, { { 20, 4, 20000 } } },
	{ "read-27", "read-uid", op_read_27, 1.10, { { 10, 31, 9000 } } },
	{ "write-1200", "write-cert-1200-erase", op_write_1200, 1.10, { { 1208, 4, 55000 } } },
	{ "read-600", "read-cert-600", op_read_600, 1.10, { { 10, 604, 30000 } } },
	{ "genkeypair-p256", "gen-keypair-p256-e0f1", op_keypair, 1.05, { { 13, 75, 55000 } } },
	{ "calcsign-p256", "sign-p256-e0f1", op_sign, 1.05, { { 44, 0, 65000 } } },
	{ "getrandom-32", "random-32", op_random, 1.10, { { 6, 36, 6000 } } },
	{ "metadata", "read-metadata-e0e1", op_metadata, 1.10, { { 6, 0, 10000 } } },
	/* and why it failed: F1C2 */
	{ "failing", "error-unknown-oid", op_failing, 1.10, { { 10, 4, 5000 }, { 6, 5, 9000 } } },
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

static double
bound_us(const struct op *op, const struct profile *p, const struct traffic *t)
{
	struct bound b;
	uint64_t end = 0;

	bound_start(&b, p->khz, p->ack == SIM_ACK_WITH_RESPONSE ? BOUND_ACK_TIMER : p->ack);
	if (op->run == op_open)
		bound_negotiate(&b, p->khz);
	for (size_t i = 0; i < CMDS_MAX && op->cmd[i].c > 0; i++) {
		const struct bound_cmd cmd = {
			.c = op->cmd[i].c,
			.r = op->cmd[i].r > 0 ? op->cmd[i].r : t->received,
			.t = (uint64_t)(op->cmd[i].us * 1e3 * p->speed * FULL_MA / p->ma),
		};

		end = bound_exchange(&b, &cmd);
	}
	return (double)end / 1e3;
}

static void
measure(const struct op *op, const struct profile *p, struct row *row)
{
	const struct traffic *t;
	size_t sent = 0;

	rig_begin();
	rig_require(op->run() == 0, op->name);
	t = rig_end();
	for (size_t i = 0; i < CMDS_MAX; i++)
		sent += op->cmd[i].c;
	rig_require(t->sent == sent, "a command of the size expected");
	row->op = op->name;
	row->ratio_max = op->ratio_max;
	row->scenario = op->scenario;
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
	for (size_t k = 0; k < NITEMS(clocks); k++)
		for (size_t s = 0; s < NITEMS(speeds); s++)
			for (size_t a = 0; a < NITEMS(acks); a++) {
				const struct profile p = { clocks[k], speeds[s].factor,
					speeds[s].ma, acks[a].ns };

				run_profile(&p, speeds[s].name, acks[a].name, take);
			}
}

/* As the traces: 400 kHz, every command takes 12 ms, its ACK comes at once. */
void
bench_like_traces(void (*take)(const struct row *row))
{
	for (size_t i = 0; i < NITEMS(ops); i++) {
		const struct profile p = { 400, TRACE_MS * 1e3 / ops[i].cmd[0].us, FULL_MA, 0 };
		struct row row = { .speed = "12ms", .ack = "at-once" };

		rig_make(&p);
		if (ops[i].run == op_sign)
			rig_require(op_keypair() == 0, "a key");
		if (ops[i].run == op_read_600)
			rig_require(op_write_1200() == 0, "content");
		measure(&ops[i], &p, &row);
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
