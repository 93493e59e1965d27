/*
 * The host's presentation layer and a chip that answers what it likes, good seals included; the
 * linker gives us chain_exchange.
 *
 * Input: answers. One byte of kind:
 *   2:0  0 bytes as they are, length (2) | 1 what is due | 2 that with one byte changed, index and
 *        difference | 3 an alert, SCTR | 4 an error of the layers below
 * What is due: Hello takes SSEQ (4), Finished MSEQ (4), a record the step of the number (1) and its
 * content, length (2), context messages a number (4).
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/bus/ops.h"
#include "hal/link/int.h"
#include "tests/fuzz/fuzz.h"

#define NITEMS(a)     (sizeof(a) / sizeof((a)[0]))

#define SCTR_HELLO    0x00
#define SCTR_FINISHED 0x08
#define SCTR_RECORD   0x20
#define SCTR_RSP      0x02

static struct input in;
static uint64_t now;
static uint32_t seq; /* the chip's last */
static struct ccm *ccm;
static struct ccm_pair keys;
static struct secret *secret;
static const uint8_t rnd[CCM_RND_LEN] = { 1, 2, 3 };

/* --- the chip ------------------------------------------------------------------------------ */

static void
number(struct buf *out, uint32_t *v)
{
	uint8_t b[4];

	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = input_u8(&in);
	*v = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
	if (out != NULL)
		fuzz_assert(buf_put(out, b, sizeof(b)) == 0);
}

static void
sealed(struct buf *out, uint8_t sctr, uint32_t n, const uint8_t *p, size_t len)
{
	fuzz_assert(ccm_seal(ccm, &keys.chip, sctr, n, p, len, out) == 0);
}

static void
due(const struct exchange *x, struct buf *out)
{
	static const uint8_t empty[1];
	struct buf proof = BUF_INIT;
	const uint8_t sctr = x->cmd[0];
	const uint8_t *p;
	uint32_t v;
	size_t n;

	fuzz_assert(buf_put_u8(out, sctr) == 0);
	if (sctr == SCTR_HELLO) {
		fuzz_assert(buf_put_u8(out, CCM_PVER) == 0 && buf_put(out, rnd, sizeof(rnd)) == 0);
		number(out, &seq);
	} else if (sctr == SCTR_FINISHED) {
		fuzz_assert(buf_put(&proof, rnd, sizeof(rnd)) == 0);
		number(&proof, &v);
		sealed(out, sctr, v, proof.data, proof.len);
	} else if ((sctr & 0xE0) == SCTR_RECORD) {
		seq += input_u8(&in);
		p = input_bytes(&in, input_u16(&in) % 2000, &n);
		if ((sctr & SCTR_RSP) == 0)
			fuzz_assert(buf_put(out, n > 0 ? p : empty, n) == 0);
		else
			sealed(out, sctr, seq, n > 0 ? p : empty, n > 0 ? n : 1);
	} else {
		out->data[0] = sctr + 4;
		number(out, &v);
	}
	buf_free(&proof);
}

int __wrap_chain_exchange(struct link *ln, struct exchange *x);

int
__wrap_chain_exchange(struct link *ln, struct exchange *x)
{
	static const int errors[] = { HAL_EIO, HAL_ENODEV, HAL_ETIMEOUT, HAL_EPROTO, HAL_ETOOBIG,
		HAL_ERESYNC, HAL_ERESET };
	const uint8_t *p;
	uint8_t kind;
	size_t n;

	(void)ln;
	fuzz_assert(x->presence && x->cmd_len > 0);
	x->out = true;
	buf_reset(x->rsp);
	if (in.len == 0)
		return HAL_ENODEV;
	switch ((kind = input_u8(&in) & 7)) {
	case 0:
		p = input_bytes(&in, input_u16(&in) % 2000, &n);
		return n > 0 ? buf_put(x->rsp, p, n) : HAL_EPROTO;
	case 3: return buf_put_u8(x->rsp, input_u8(&in));
	case 4: return errors[input_u8(&in) % NITEMS(errors)];
	default: due(x, x->rsp);
	}
	if (kind == 2) {
		n = input_u16(&in) % x->rsp->len;
		x->rsp->data[n] ^= input_u8(&in);
	}
	return 0;
}

static int
bus_wrote(struct bus *b, const uint8_t *data, size_t len)
{
	(void)b;
	(void)data;
	(void)len;
	now += 100000;
	return 0;
}

/* Idle, and the presentation layer exists. */
static int
bus_idle(struct bus *b, uint8_t *data, size_t len)
{
	(void)b;
	now += 100000;
	memset(data, 0, len);
	data[0] = 0x08;
	if (len > 1)
		data[1] = 0x80;
	return 0;
}

static uint64_t
bus_time(struct bus *b)
{
	(void)b;
	return now;
}

static int
bus_wait(struct bus *b, uint64_t ns)
{
	(void)b;
	now += ns;
	return 0;
}

static const struct bus_ops ops = {
	.scheme = "fuzz",
	.write = bus_wrote,
	.read = bus_idle,
	.now = bus_time,
	.sleep = bus_wait,
};

/* --- the host ------------------------------------------------------------------------------ */

static void
command(struct link *ln, enum link_protect protect, bool idempotent)
{
	static const uint8_t cmd[40];
	const struct link_how how = {
		.idempotent = idempotent, .deadline_ms = 1000, .protect = protect
	};
	struct buf rsp = BUF_INIT;
	int r = link_transceive_as(ln, cmd, sizeof(cmd), &rsp, &how);

	fuzz_assert(r <= 0 && rsp.len <= LINK_APDU_MAX && (r == 0 || rsp.len == 0));
	buf_free(&rsp);
}

static void
prepare(void)
{
	uint8_t bytes[64];

	if (ccm != NULL)
		return;
	memset(bytes, 7, sizeof(bytes));
	fuzz_assert(ccm_new(&ccm) == 0 && secret_from(bytes, sizeof(bytes), &secret) == 0);
	fuzz_assert(ccm_derive(ccm, secret, rnd, &keys) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bus *b = NULL;
	struct link *ln = NULL;
	struct secret *context = NULL;

	prepare();
	in = (struct input){ data, len };
	now = seq = 0;
	fuzz_assert(bus_new(&ops, NULL, &b) == 0 && link_new(b, &ln) == 0);
	ln->stale = false;
	ln->frame_size = FRAME_MAX;
	ln->ccm = ccm; /* making one takes longer than all the rest */
	fuzz_assert(link_set_secret(ln, secret) == 0);
	command(ln, LINK_PROTECT_BOTH, true);
	command(ln, LINK_PROTECT_RESPONSE, false);
	command(ln, LINK_PROTECT_COMMAND, true);
	command(ln, LINK_PLAIN, true);
	if (link_save(ln, &context) == 0)
		(void)link_restore(ln, &context);
	command(ln, LINK_PROTECT_BOTH, false);
	secret_free(&context);
	ln->ccm = NULL;
	link_free(&ln);
	bus_close(&b);
	return 0;
}
