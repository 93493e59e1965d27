/*
 * Encrypted sessions that change hands or sleep: processes that share a chip, counted where the
 * chip counts its handshakes, and hibernation.
 */
#include <config.h>

#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/bus/ops.h"
#include "hal/chip/internal.h"
#include "hal/link/int.h"
#include "hal/sim/handle.h"
#include "hal/sim/sim.h"
#include "tests/unit/shield_bed.h"
#include "tests/unit/test_chip_ossl.h"

#define HOSTS     3
#define OID_PLAIN 0xF1D2

/* What the chip has seen. */
static unsigned
chip_handshakes(void)
{
	struct sim_view v;

	ck_assert_int_eq(sim_look(bed_chip->bus->priv, &v), 0);
	return (unsigned)v.counts.handshakes;
}

static void
pair(void)
{
	ck_assert_int_eq(chip_pair(bed_chip, CHIP_BINDING_OPEN), 0);
	bed_demand();
}

/* --- processes: no ck_assert in them, the byte they answer is the verdict -----------------------
 */

static struct process {
	pid_t pid;
	int to, from;
} hosts[HOSTS];

static int
write_plain(struct chip *c)
{
	return chip_data_write(c, OID_PLAIN, 0, (const uint8_t *)"x", 1, CHIP_WRITE);
}

/* Several protected commands in one turn, and a plain one among them. */
static int
hold(struct chip *c)
{
	uint8_t v = 0;
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	if ((r = bed_write(c, 7)) == 0 && (r = write_plain(c)) == 0 && (r = bed_read(c, &v)) == 0 &&
	    v != 7)
		r = HAL_EPROTO;
	chip_release(c);
	return r;
}

static int
die_after_write(struct bus *b, const uint8_t *data, size_t len)
{
	int r = bus_sim_ops.write(b, data, len);

	/* The protected command: the first frame that is longer than any other. */
	if (r == 0 && len > 25)
		(void)kill(getpid(), SIGKILL);
	return r;
}

static int
die(struct chip *c)
{
	struct bus_ops ops = bus_sim_ops;
	int r;

	ops.write = die_after_write;
	if ((r = chip_acquire(c)) == 0 && (r = chip_binding_prove(c)) == 0) {
		c->bus->ops = &ops;
		r = bed_write(c, 8);
	}
	return r;
}

static int
turn(struct chip *c, char what)
{
	uint8_t v = 0;
	int r;

	switch (what) {
	case 's': return bed_write(c, 7);
	case 'r': return (r = bed_read(c, &v)) != 0 ? r : v == 7 ? 0 : HAL_EPROTO;
	case 'p': return write_plain(c);
	case 'h': return hold(c);
	case 'e':
		return chip_data_read(c, 0xF1FF, 0, 1, &(struct buf)BUF_INIT) == CHIP_E_OID ? 0 : 1;
	case 'd': return die(c);
	default: return HAL_EINVAL;
	}
}

static void
process_main(int in, int out)
{
	struct chip *c;
	char what, verdict;

	if (chip_open(bed_selector, &c) != 0)
		_exit(1);
	while (read(in, &what, 1) == 1) {
		verdict = turn(c, what) == 0 ? 'y' : 'n';
		if (write(out, &verdict, 1) != 1)
			break;
	}
	chip_close(&c);
	_exit(0);
}

static void
hosts_start(void)
{
	for (int i = 0; i < HOSTS; i++) {
		int to[2], from[2];

		ck_assert_int_eq(pipe(to), 0);
		ck_assert_int_eq(pipe(from), 0);
		ck_assert_int_ge(hosts[i].pid = fork(), 0);
		if (hosts[i].pid == 0) {
			for (int j = 0; j < i; j++) {
				(void)close(hosts[j].to);
				(void)close(hosts[j].from);
			}
			(void)close(to[1]);
			(void)close(from[0]);
			process_main(to[0], from[1]);
		}
		(void)close(to[0]);
		(void)close(from[1]);
		hosts[i].to = to[1];
		hosts[i].from = from[0];
	}
}

static void
hosts_stop(void)
{
	for (int i = 0; i < HOSTS; i++) {
		(void)close(hosts[i].to);
		(void)close(hosts[i].from);
		(void)waitpid(hosts[i].pid, NULL, 0);
	}
}

static void
play(const char *script)
{
	for (const char *p = script; *p != '\0'; p += 2) {
		const struct process *h = &hosts[p[0] - '0'];
		char verdict = 0;

		ck_assert_int_eq(write(h->to, p + 1, 1), 1);
		if (p[1] == 'd') {
			ck_assert_int_eq(read(h->from, &verdict, 1), 0);
			continue;
		}
		ck_assert_int_eq(read(h->from, &verdict, 1), 1);
		ck_assert_msg(verdict == 'y', "turn %td of %s", (p - script) / 2, script);
	}
}

/*
 * One handshake when another host than the last one needs the encryption, and none besides. The
 * digit is the host; s, r: protected write, read; p, e: plain, and failing; h: several in one
 * turn; d: it dies in mid-command.
 */
static const struct {
	const char *script;
	unsigned handshakes;
} scripts[] = {
	{ "0p1p2p0e", 0 }, { "0s0s0r0p0e0s", 1 },
	{ "0s1p2p0s1p2e0r", 1 }, /* plain and failing commands of others leave it standing */
	{ "0s1s2s", 3 }, { "0s1s1r1p0p1s0r", 3 }, { "0h0h1h1h0h", 3 }, { "0s1h0p1r2p1s0s", 3 },
	{ "0s1d0s2r2s", 4 }, /* the command's own, then one by each who follows */
};

START_TEST(processes_hand_over_with_as_few_handshakes_as_can_be)
{
	unsigned before;

	pair();
	hosts_start();
	play("0p1p2p");
	before = chip_handshakes();
	play(scripts[_i].script);
	ck_assert_uint_eq(chip_handshakes() - before, scripts[_i].handshakes);
	hosts_stop();
}
END_TEST

/* --- nothing leaks -----------------------------------------------------------------------------
 */

/* Eight bytes in a row of one are found in the other. */
static bool
overlap(const void *a, size_t a_len, const void *b, size_t b_len)
{
	for (size_t i = 0; i + 8 <= a_len; i++)
		if (memmem(b, b_len, (const char *)a + i, 8) != NULL)
			return true;
	return false;
}

START_TEST(what_hosts_share_holds_nothing_of_a_session)
{
	const struct secret *s, *k;

	pair();
	ck_assert_int_eq(bed_write(bed_chip, 3), 0);
	k = bed_chip->ln->session;
	s = bed_chip->ln->secret;
	ck_assert_ptr_nonnull(k);
	ck_assert_ptr_nonnull(s);
	ck_assert(!overlap(
	    secret_bytes(k), secret_len(k), bed_chip->bus->shared, sizeof(struct bus_shared)));
	ck_assert(!overlap(
	    secret_bytes(s), secret_len(s), bed_chip->bus->shared, sizeof(struct bus_shared)));
	/* Nor do the buffers that commands pass through. */
	ck_assert_uint_eq(bed_chip->cmd.len + bed_chip->rsp.len, 0);
	ck_assert_uint_eq(bed_chip->ln->msg.len + bed_chip->ln->raw.len, 0);
	for (size_t i = 0; i < FRAME_MAX; i++)
		ck_assert_uint_eq(bed_chip->ln->tx[i] | bed_chip->ln->rx[i], 0);
}
END_TEST

START_TEST(a_host_without_the_secret_gains_nothing_by_anothers_session)
{
	struct chip *stranger;
	uint8_t v = 0;

	pair();
	ck_assert_int_eq(bed_write(bed_chip, 3), 0);
	stranger = bed_open();
	ck_assert_int_eq(chip_binding_set_dir(stranger, "/nonexistent"), 0);
	ck_assert_int_eq(bed_read(stranger, &v), CHIP_E_ACCESS);
	ck_assert_uint_eq(v, 0);
	ck_assert_int_eq(bed_write(stranger, 4), CHIP_E_ACCESS);
	ck_assert(!link_shielded(stranger->ln));
	bed_expect(bed_chip, 3);
	ck_assert_uint_eq(bed_handshakes(bed_chip), 1);
	chip_close(&stranger);
}
END_TEST

/* Two processes with the same keys would use the same numbers for different messages. */
START_TEST(a_forked_child_has_no_session)
{
	int status;
	pid_t pid;

	pair();
	ck_assert_int_eq(bed_write(bed_chip, 3), 0);
	ck_assert_int_ge(pid = fork(), 0);
	if (pid == 0) {
		const uint8_t *k = secret_bytes(bed_chip->ln->session);
		uint8_t any = 0, v;

		for (size_t i = 0; i < sizeof(struct shield_session); i++)
			any |= k[i];
		_exit(any != 0 || bed_read(bed_chip, &v) == 0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	bed_expect(bed_chip, 3);
	ck_assert_uint_eq(bed_handshakes(bed_chip), 1);
}
END_TEST

/* --- hibernation -------------------------------------------------------------------------------
 */

/* What went over the wire: the numbers of the host's records, and all of it. */
static struct {
	uint32_t seq[64];
	size_t nseq;
	uint8_t bytes[1 << 15];
	size_t len;
} wire;

static struct bus_ops watching;

static void
keep(const uint8_t *data, size_t len)
{
	if (len <= sizeof(wire.bytes) - wire.len) {
		memcpy(wire.bytes + wire.len, data, len);
		wire.len += len;
	}
}

/* DATA register, FCTR, LEN(2), PCTR, then SCTR and SEQ(4) of a record. */
static int
watch_write(struct bus *b, const uint8_t *data, size_t len)
{
	if (len > 9 && data[0] == REG_DATA && (data[1] & 0x80) == 0 && data[5] == 0x23 &&
	    wire.nseq < NITEMS(wire.seq))
		wire.seq[wire.nseq++] = (uint32_t)data[6] << 24 | (uint32_t)data[7] << 16 |
					(uint32_t)data[8] << 8 | data[9];
	keep(data, len);
	return bus_sim_ops.write(b, data, len);
}

static int
watch_read(struct bus *b, uint8_t *data, size_t len)
{
	const int r = bus_sim_ops.read(b, data, len);

	if (r == 0)
		keep(data, len);
	return r;
}

static void
watch(void)
{
	memset(&wire, 0, sizeof(wire));
	watching = bus_sim_ops;
	watching.write = watch_write;
	watching.read = watch_read;
	bed_chip->bus->ops = &watching;
}

/* Refused until all security events are forgiven, one in five seconds. */
static void
calm_down(void)
{
	ck_assert_int_eq(bus_sleep(bed_chip->bus, BUS_MS(60000)), 0);
}

static void
power_cycle(void)
{
	sim_line(bed_chip->bus->priv, SIM_LINE_SUPPLY, false);
	sim_line(bed_chip->bus->priv, SIM_LINE_SUPPLY, true);
}

START_TEST(a_session_outlasts_hibernation)
{
	uint8_t handle[CHIP_HANDLE_LEN];
	unsigned before;

	pair();
	ck_assert_int_eq(bed_write(bed_chip, 1), 0);
	before = chip_handshakes();
	calm_down();
	watch();
	for (int n = 0; n < 3; n++) {
		ck_assert_int_eq(chip_hibernate(bed_chip, handle), 0);
		ck_assert_ptr_nonnull(bed_chip->slept);
		ck_assert(!link_shielded(bed_chip->ln)); /* one copy alone */
		power_cycle();
		ck_assert_int_eq(chip_restore(bed_chip, handle), 0);
		ck_assert_ptr_null(bed_chip->slept);
		bed_expect(bed_chip, 1);
		ck_assert(!overlap(handle, sizeof(handle), wire.bytes, wire.len));
	}
	ck_assert_uint_eq(chip_handshakes(), before);
	ck_assert_uint_lt(wire.len, sizeof(wire.bytes)); /* all was seen */
	bed_chip->bus->ops = &bus_sim_ops;
}
END_TEST

/* PR-H10: no number twice, nor that of Finished, wherever the chip sleeps in between. */
START_TEST(PR_H10_no_number_is_used_twice_around_hibernation)
{
	struct sim_shield_choice ch = { .mseq = 0x100, .sseq = 0x103 + (uint32_t)_i };
	uint8_t handle[CHIP_HANDLE_LEN];

	pair();
	link_forget(bed_chip->ln);
	ck_assert_int_eq(sim_set_shield_choice(bed_chip->bus->priv, &ch), 0);
	watch();
	ck_assert_int_eq(bed_write(bed_chip, 1), 0);
	calm_down();
	for (int n = 0; n < 2; n++) {
		ck_assert_int_eq(chip_hibernate(bed_chip, handle), 0);
		ck_assert_int_eq(chip_restore(bed_chip, handle), 0);
		bed_expect(bed_chip, 1);
	}
	bed_chip->bus->ops = &bus_sim_ops;
	ck_assert_uint_eq(wire.nseq, 7); /* a write; closed, opened and read, twice */
	for (size_t i = 0; i < wire.nseq; i++) {
		ck_assert_uint_ne(wire.seq[i], ch.sseq);
		ck_assert_uint_gt(wire.seq[i], i == 0 ? ch.mseq : wire.seq[i - 1]);
	}
	ck_assert_uint_eq(bed_handshakes(bed_chip), 2);
}
END_TEST

START_TEST(a_session_that_somebody_woke_is_over)
{
	uint8_t handle[CHIP_HANDLE_LEN];
	struct chip *other = bed_open();
	unsigned before;

	pair();
	ck_assert_int_eq(bed_write(bed_chip, 1), 0);
	before = chip_handshakes();
	calm_down();
	ck_assert_int_eq(chip_hibernate(bed_chip, handle), 0);
	bed_expect(other, 1);
	ck_assert_int_eq(chip_restore(bed_chip, handle), HAL_ERESET);
	ck_assert_ptr_null(bed_chip->slept);
	bed_expect(bed_chip, 1);
	ck_assert_uint_eq(chip_handshakes() - before, 2);
	/* And by a command of one's own. */
	calm_down();
	ck_assert_int_eq(chip_hibernate(bed_chip, handle), 0);
	bed_expect(bed_chip, 1);
	ck_assert_ptr_null(bed_chip->slept);
	ck_assert_uint_eq(chip_handshakes() - before, 3);
	chip_close(&other);
}
END_TEST

/* A chip that others cannot have opened, and that does not know the session any more. */
START_TEST(a_session_the_chip_forgot_is_over)
{
	uint8_t handle[CHIP_HANDLE_LEN], *half;
	unsigned before;

	pair();
	ck_assert_int_eq(bed_write(bed_chip, 1), 0);
	before = chip_handshakes();
	calm_down();
	ck_assert_int_eq(chip_hibernate(bed_chip, handle), 0);
	/* The chip compares its own number with the one it is told. */
	half = secret_data(bed_chip->slept);
	half[offsetof(struct shield_session, chip.last)] ^= 1;
	ck_assert_int_eq(chip_restore(bed_chip, handle), HAL_ESHIELD);
	ck_assert_ptr_null(bed_chip->slept);
	bed_expect(bed_chip, 1);
	ck_assert_uint_eq(chip_handshakes() - before, 1);
	ck_assert_int_eq(chip_restore(bed_chip, handle), HAL_ERESET);
}
END_TEST

/* FT-35: unplugged at transfers all over restoring; each costs a host's patience with the bus. */
START_TEST(FT_35_unplugged_while_restoring)
{
	const unsigned stride = getenv("SWEEP_STRIDE") != NULL ? 11 : 4;
	uint8_t handle[CHIP_HANDLE_LEN];
	unsigned n = 0, before;
	int r;

	pair();
	ck_assert_int_eq(bed_write(bed_chip, 1), 0);
	do {
		struct sim_fault f = { SIM_FAULT_NACK, SIM_AT_ANY, n, 0, 0 };

		calm_down();
		ck_assert_int_eq(chip_hibernate(bed_chip, handle), 0);
		before = chip_handshakes();
		ck_assert_int_eq(sim_fault_add(bed_chip->bus->priv, &f), 0);
		r = chip_restore(bed_chip, handle);
		sim_fault_clear(bed_chip->bus->priv);
		ck_assert_ptr_null(bed_chip->slept);
		if (r != 0)
			power_cycle();
		bed_expect(bed_chip, 1);
		ck_assert_uint_eq(chip_handshakes() - before, r != 0);
		n += stride;
	} while (r != 0);
	ck_assert_uint_gt(n, 20); /* the sweep reached something */
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip handover");
	TCase *t = tcase_create("handover");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, bed_setup, bed_teardown);
	tcase_add_loop_test(
	    t, processes_hand_over_with_as_few_handshakes_as_can_be, 0, NITEMS(scripts));
	tcase_add_test(t, what_hosts_share_holds_nothing_of_a_session);
	tcase_add_test(t, a_host_without_the_secret_gains_nothing_by_anothers_session);
	tcase_add_test(t, a_forked_child_has_no_session);
	tcase_add_test(t, a_session_outlasts_hibernation);
	tcase_add_loop_test(t, PR_H10_no_number_is_used_twice_around_hibernation, 0, 6);
	tcase_add_test(t, a_session_that_somebody_woke_is_over);
	tcase_add_test(t, a_session_the_chip_forgot_is_over);
	tcase_add_test(t, FT_35_unplugged_while_restoring);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed != 0;
}
