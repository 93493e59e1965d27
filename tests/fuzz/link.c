/*
 * The host's link, and a chip that says what it likes: registers, frames, packets.
 *
 * Input: DATA_REG_LEN (2), then what I2C_STATE finds, one after the other. One byte of kind:
 *   1:0  0 nothing, 2 is BUSY | 1 bytes as they are | 2 data frame with a good FCS | 3 control
 * frame 2    not the number that is due 3    the length announced follows (2), instead of the true
 * one 4    data frame: length in two bytes and what belongs to it. At its end the chip is gone.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/bus/ops.h"
#include "hal/link/int.h"
#include "tests/fuzz/fuzz.h"

#define KIND_MASK   0x03
#define WRONG       0x04
#define LENGTH      0x08
#define LONG        0x10
#define TRANSFER_NS 100000

static struct input in;
static uint64_t now;
static uint8_t reg, size[2];
static uint8_t host_fctr; /* of the host's last data frame */
static uint8_t nr;        /* of the chip's last data frame */
static uint8_t frame[600];
static size_t frame_len, announced;

static int
fuzz_write(struct bus *b, const uint8_t *data, size_t len)
{
	(void)b;
	now += TRANSFER_NS;
	fuzz_assert(len > 0 && len <= 1 + FRAME_MAX);
	reg = data[0];
	if (reg == REG_DATA && len > 1) {
		if ((data[1] & 0x80) == 0)
			host_fctr = data[1];
		if (data[1] == 0xC0)
			nr = 3;
	}
	return 0;
}

static void
data_frame(uint8_t kind)
{
	const size_t want = (kind & LONG) != 0 ? input_u16(&in) : input_u8(&in);
	const uint8_t mine = (uint8_t)((nr + 1) & 3);
	uint8_t fctr = (uint8_t)(mine << 2 | (host_fctr >> 2 & 3));
	const uint8_t *p;
	size_t n;

	if ((kind & WRONG) != 0)
		fctr = input_u8(&in);
	else
		nr = mine;
	p = input_bytes(&in, want < sizeof(frame) - 5 ? want : sizeof(frame) - 5, &n);
	frame_len = frame_build(frame, fctr, p, n);
}

/* What waits in DATA now; false: the input has ended. */
static bool
next_frame(bool *busy)
{
	const uint8_t *p;
	uint8_t kind;
	size_t n;

	if (in.len == 0)
		return false;
	kind = input_u8(&in);
	*busy = false;
	frame_len = 0;
	switch (kind & KIND_MASK) {
	case 0: *busy = (kind & WRONG) != 0; break;
	case 1:
		p = input_bytes(&in, input_u8(&in), &n);
		if (n > 0)
			memcpy(frame, p, n);
		frame_len = n;
		break;
	case 2: data_frame(kind); break;
	default:
		frame_len = frame_build(frame,
		    (kind & WRONG) != 0 ? input_u8(&in) : (uint8_t)(0x80 | (host_fctr >> 2 & 3)),
		    NULL, 0);
	}
	announced = (kind & LENGTH) != 0 ? input_u16(&in) : frame_len;
	return true;
}

static int
fuzz_read(struct bus *b, uint8_t *data, size_t len)
{
	bool busy = false;

	(void)b;
	now += TRANSFER_NS;
	memset(data, 0xFF, len);
	switch (reg) {
	case REG_DATA:
		memcpy(data, frame, len < frame_len ? len : frame_len);
		frame_len = announced = 0;
		return 0;
	case REG_DATA_REG_LEN:
		fuzz_assert(len == 2);
		memcpy(data, size, 2);
		return 0;
	case REG_I2C_STATE:
		fuzz_assert(len == 4);
		if (frame_len == 0 && announced == 0 && !next_frame(&busy))
			return HAL_ENACK;
		data[0] = (uint8_t)(0x08 | (busy ? 0x80 : 0) | (announced > 0 ? 0x40 : 0));
		data[1] = 0x80;
		data[2] = (uint8_t)(announced >> 8);
		data[3] = (uint8_t)announced;
		return 0;
	default: return 0;
	}
}

static uint64_t
fuzz_now(struct bus *b)
{
	(void)b;
	return now;
}

static int
fuzz_sleep(struct bus *b, uint64_t ns)
{
	(void)b;
	now += ns;
	return 0;
}

static const struct bus_ops ops = {
	.scheme = "fuzz",
	.write = fuzz_write,
	.read = fuzz_read,
	.now = fuzz_now,
	.sleep = fuzz_sleep,
};

static void
exchange(struct link *ln, size_t len, bool idempotent)
{
	static uint8_t cmd[LINK_APDU_MAX];
	struct buf rsp = BUF_INIT;
	int r = link_transceive(ln, cmd, len, &rsp, idempotent, 1000);

	fuzz_assert(r <= 0 && rsp.len <= LINK_APDU_MAX && (r == 0 || rsp.len == 0));
	buf_free(&rsp);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct bus *b = NULL;
	struct link *ln = NULL;

	in = (struct input){ data, len };
	now = 0;
	host_fctr = 0;
	nr = 3;
	frame_len = announced = 0;
	size[0] = input_u8(&in);
	size[1] = input_u8(&in);
	fuzz_assert(bus_new(&ops, NULL, &b) == 0);
	fuzz_assert(link_new(b, &ln) == 0);
	if (link_start(ln) == 0) {
		exchange(ln, 20, true);
		exchange(ln, 600, false);
		(void)link_join(ln, true);
		exchange(ln, 10, true);
	}
	link_free(&ln);
	bus_close(&b);
	return 0;
}
