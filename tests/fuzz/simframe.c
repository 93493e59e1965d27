/*
 * The simulated chip and a host that writes what it likes: registers, frames, packets, messages.
 *
 * Input: model, then steps. One byte of kind:
 *   1:0  0 write, length (1) and bytes | 1 frame with a good FCS, length and packet
 *        2 read, register and length | 3 time, ms
 *   2    frame: its FCTR follows, instead of the one that is due
 *   3    frame: length in two bytes
 */
#include <config.h>

#include <string.h>

#include "hal/sim/state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/simbase.h"

#define FCTR_FOLLOWS 0x04
#define LONG         0x08

static struct sim_state state;

static void
write_frame(struct sim_state *st, struct input *in, uint8_t kind)
{
	const size_t want = (kind & LONG) != 0 ? input_u16(in) : input_u8(in);
	uint8_t w[1024] = { 0x80 };
	const uint8_t *p;
	uint16_t crc;
	size_t n;

	w[1] = (uint8_t)(((st->frame.rx_nr + 1) & 3) << 2 | st->frame.tx_nr);
	if ((kind & FCTR_FOLLOWS) != 0)
		w[1] = input_u8(in);
	p = input_bytes(in, want < 1000 ? want : 1000, &n);
	w[2] = (uint8_t)(n >> 8);
	w[3] = (uint8_t)n;
	if (n > 0)
		memcpy(w + 4, p, n);
	crc = sim_crc(w + 1, n + 3);
	w[4 + n] = (uint8_t)(crc >> 8);
	w[5 + n] = (uint8_t)crc;
	sim_reg_write(st, w, n + 6);
}

static void
step(struct sim_state *st, struct input *in)
{
	const uint8_t kind = input_u8(in);
	uint8_t out[300], reg;
	const uint8_t *p;
	size_t n;

	switch (kind & 3) {
	case 0:
		p = input_bytes(in, input_u8(in), &n);
		sim_reg_write(st, p, n);
		break;
	case 1: write_frame(st, in, kind); break;
	case 2:
		reg = input_u8(in);
		sim_reg_write(st, &reg, 1);
		n = input_u8(in) + 1U;
		if (sim_reg_read(st, out, n))
			sim_frame_read_done(st);
		break;
	default: sim_state_advance(st, st->now + SIM_MS(input_u8(in)));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = { data, len };

	state = *simbase(input_u8(&in));
	while (in.len > 0) {
		step(&state, &in);
		fuzz_assert(sim_state_sane(&state));
	}
	return 0;
}
