/*
 * Physical layer of the chip: registers, address, lines, start-up. IFX I2C protocol 2.03
 * chapter 2, OPTIGA Trust M datasheet 3.61 tables 21 and 25.
 *
 * I2C_STATE: 31 BUSY | 30 RESP_RDY | 27 SOFT_RESET | 23 PRESENT_LAYER | 15:0 length of the frame
 *
 * The chip refuses its address or nothing: every byte after an acknowledged address is taken.
 * It never sleeps here; the specification lets it acknowledge at once.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/state.h"

#define REG_DATA         0x80
#define REG_DATA_REG_LEN 0x81
#define REG_I2C_STATE    0x82
#define REG_BASE_ADDR    0x83
#define REG_MAX_SCL      0x84
#define REG_SOFT_RESET   0x88
#define REG_I2C_MODE     0x89

#define STATE_BUSY       0x80
#define STATE_RESP_RDY   0x40
#define STATE_CAPS_0     0x08 /* SOFT_RESET; no CONT_READ, REP_START, CLK_STRETCHING */
#define STATE_CAPS_1     0x80 /* PRESENT_LAYER, if the model has it */

#define MODE_SM          1
#define MODE_FMPLUS      4
#define PERSISTENT       0x80 /* DEF_ADDR, DEF_MODE: bit 15 of their registers */

#define NACK_MAX_NS      SIM_MS(100)

unsigned
sim_reg_max_khz(const struct sim_state *st)
{
	switch (st->reg.mode) {
	case MODE_SM: return 100;
	case MODE_FMPLUS: return 1000;
	default: return 400;
	}
}

/* --- reset and lines ----------------------------------------------------------------------- */

void
sim_reg_reset(struct sim_state *st, bool cold)
{
	struct sim_reg *r = &st->reg;
	const struct sim_wire *wire = sim_app_wire(&st->app);

	/* Longer when memory was being programmed when the reset came. */
	r->ready_at =
	    st->now + (r->was_busy || sim_chain_busy(&st->chain) ? SIM_MS(wire->pending_ms)
								 : SIM_MS(wire->startup_ms));
	r->data_len = SIM_FRAME_MAX;
	r->pointer = REG_DATA;
	r->addr = r->addr_nv;
	r->mode = r->mode_nv;
	r->was_off = false;
	r->was_busy = false;
	sim_frame_reset(&st->frame);
	sim_chain_reset(&st->chain);
	sim_shield_reset(&st->shield);
	sim_app_reset(&st->app, st->now, cold);
	st->counts.resets++;
}

void
sim_reg_line(struct sim_state *st, bool supply, bool high)
{
	struct sim_reg *r = &st->reg;
	bool *line = supply ? &r->supply_high : &r->reset_high;

	if (*line == high)
		return;
	*line = high;
	if (supply && !high)
		r->was_off = true;
	if (r->supply_high && r->reset_high) {
		sim_reg_reset(st, r->was_off);
	} else if (!high) {
		/* Nothing runs any more: no timer may fire until the start. */
		r->was_busy = r->was_busy || sim_chain_busy(&st->chain);
		sim_frame_reset(&st->frame);
		sim_chain_reset(&st->chain);
	}
}

bool
sim_reg_acknowledges(const struct sim_state *st, uint8_t addr)
{
	const struct sim_reg *r = &st->reg;

	if (addr != r->addr || !r->supply_high || !r->reset_high || st->now < r->ready_at)
		return false;
	return !r->nack_busy || !sim_chain_busy(&st->chain) ||
	       st->now - st->chain.exec_start >= NACK_MAX_NS;
}

/* --- reading ------------------------------------------------------------------------------- */

static void
put_be16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static size_t
read_data_reg_len(struct sim_state *st, uint8_t *out)
{
	put_be16(out, st->reg.data_len);
	return 2;
}

static size_t
read_i2c_state(struct sim_state *st, uint8_t *out)
{
	size_t len;

	out[0] = STATE_CAPS_0;
	out[1] = sim_app_wire(&st->app)->presentation ? STATE_CAPS_1 : 0;
	if (sim_chain_busy(&st->chain))
		out[0] |= STATE_BUSY;
	if (sim_frame_waiting(&st->frame, &len) != NULL) {
		out[0] |= STATE_RESP_RDY;
		st->frame.announced = true;
	}
	put_be16(out + 2, (unsigned)len);
	return 4;
}

static size_t
read_max_scl(struct sim_state *st, uint8_t *out)
{
	put_be16(out, 0);
	put_be16(out + 2, sim_reg_max_khz(st));
	return 4;
}

static size_t
read_i2c_mode(struct sim_state *st, uint8_t *out)
{
	put_be16(out, st->reg.mode); /* DEF_MODE reads 0 */
	return 2;
}

/* --- writing: the value is complete, surplus bytes are ignored ----------------------------- */

static void
write_data_reg_len(struct sim_state *st, const uint8_t *v)
{
	unsigned len = (unsigned)v[0] << 8 | v[1];

	if (len >= SIM_FRAME_MIN)
		st->reg.data_len = (uint16_t)(len > SIM_FRAME_MAX ? SIM_FRAME_MAX : len);
}

static void
write_base_addr(struct sim_state *st, const uint8_t *v)
{
	uint8_t addr = v[1] & 0x7F;

	if (addr < 0x08 || addr > 0x77) /* reserved by the I2C specification */
		return;
	st->reg.addr = addr;
	if (v[0] & PERSISTENT)
		st->reg.addr_nv = addr;
}

static void
write_soft_reset(struct sim_state *st, const uint8_t *v)
{
	(void)v; /* any value */
	sim_reg_reset(st, false);
}

static void
write_i2c_mode(struct sim_state *st, const uint8_t *v)
{
	uint8_t mode = v[1] & 0x07;

	if (mode < MODE_SM || mode > MODE_FMPLUS)
		return;
	st->reg.mode = mode;
	if (v[0] & PERSISTENT)
		st->reg.mode_nv = mode;
}

/*
 * Register map, I2C v2.03 table 2-1. fixed: content of a register that never changes. Registers
 * that are not here read FF and ignore writes: BASE_ADDR and SOFT_RESET cannot be read,
 * Trust M has no PWR_SAVE_TIMEOUT and no FOR_IFX_USE, and APP_STATE_1.. have no channel.
 */
static const struct reg {
	uint8_t addr;
	uint8_t fixed_len, fixed[4];
	size_t (*read)(struct sim_state *st, uint8_t *out);
	uint8_t write_len;
	void (*write)(struct sim_state *st, const uint8_t *value);
} regs[] = {
	{ REG_DATA_REG_LEN, 0, { 0 }, read_data_reg_len, 2, write_data_reg_len },
	{ REG_I2C_STATE, 0, { 0 }, read_i2c_state, 0, NULL },
	{ REG_BASE_ADDR, 0, { 0 }, NULL, 2, write_base_addr },
	{ REG_MAX_SCL, 0, { 0 }, read_max_scl, 0, NULL },
	{ 0x85, 4, { 0, 0, 0, 50 }, NULL, 0, NULL }, /* GUARD_TIME, us */
	{ 0x86, 4, { 0, 0, 0, 10 }, NULL, 0, NULL }, /* TRANS_TIMEOUT, ms */
	{ REG_SOFT_RESET, 0, { 0 }, NULL, 1, write_soft_reset },
	{ REG_I2C_MODE, 0, { 0 }, read_i2c_mode, 2, write_i2c_mode },
	{ 0x90, 4, { 0, 0, 0, 0 }, NULL, 0, NULL }, /* APP_STATE_0 */
};

static const struct reg *
find(uint8_t addr)
{
	for (size_t i = 0; i < NITEMS(regs); i++)
		if (regs[i].addr == addr)
			return &regs[i];
	return NULL;
}

void
sim_reg_write(struct sim_state *st, const uint8_t *data, size_t len)
{
	const struct reg *reg;

	if (len == 0)
		return;
	st->reg.pointer = data[0];
	if (len == 1)
		return;
	if (data[0] == REG_DATA) {
		sim_frame_receive(st, data + 1, len - 1);
		return;
	}
	reg = find(data[0]);
	if (reg != NULL && reg->write != NULL && len - 1 >= reg->write_len)
		reg->write(st, data + 1);
}

bool
sim_reg_read(struct sim_state *st, uint8_t *data, size_t len)
{
	const struct reg *reg = find(st->reg.pointer);
	const uint8_t *src = NULL;
	uint8_t value[4];
	size_t n = 0;
	bool took = false;

	memset(data, 0xFF, len);
	if (st->reg.pointer == REG_DATA) {
		src = sim_frame_waiting(&st->frame, &n);
	} else if (reg != NULL && reg->read != NULL) {
		n = reg->read(st, value);
		src = value;
	} else if (reg != NULL) {
		n = reg->fixed_len;
		src = reg->fixed;
	}
	if (src != NULL && n > 0)
		memcpy(data, src, n < len ? n : len);
	if (st->reg.pointer == REG_DATA && src != NULL)
		took = sim_frame_take(&st->frame);
	return took;
}
