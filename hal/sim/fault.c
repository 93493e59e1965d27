/*
 * Faults on request: which of the script hit a transfer, and what they do to its bytes.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/handle.h"

#define REG_DATA      0x80
#define REG_I2C_STATE 0x82

static uint32_t
bit(unsigned n)
{
	return 1U << n;
}

int
sim_fault_add(struct sim *s, const struct sim_fault *f)
{
	struct sim_faults *fs = &s->faults;

	if ((unsigned)f->kind >= SIM_FAULT_COUNT || (unsigned)f->at > SIM_AT_STATE_READY)
		return HAL_EINVAL;
	if (fs->n == SIM_FAULTS_MAX)
		return HAL_ENOMEM;
	fs->seen[fs->n] = 0;
	fs->list[fs->n++] = *f;
	return 0;
}

void
sim_fault_clear(struct sim *s)
{
	s->faults.n = 0;
}

unsigned
sim_fault_transfers(const struct sim *s)
{
	return s->faults.transfers;
}

unsigned
sim_fault_hits(const struct sim *s)
{
	return s->faults.hits;
}

/* The classes a transfer belongs to, one bit each. */
static uint32_t
write_classes(const uint8_t *data, size_t len)
{
	uint32_t c = bit(SIM_AT_ANY) | bit(SIM_AT_WRITE);

	if (len > 1 && data[0] == REG_DATA)
		c |=
		    bit(SIM_AT_FRAME_IN) | bit(data[1] & 0x80 ? SIM_AT_CONTROL_IN : SIM_AT_DATA_IN);
	return c;
}

static uint32_t
read_classes(const struct sim_state *st)
{
	uint32_t c = bit(SIM_AT_ANY) | bit(SIM_AT_READ);
	size_t frame_len;
	const uint8_t *frame = sim_frame_waiting(&st->frame, &frame_len);

	if (st->reg.pointer == REG_DATA && frame != NULL)
		c |= bit(SIM_AT_FRAME_OUT) |
		     bit(frame[0] & 0x80 ? SIM_AT_CONTROL_OUT : SIM_AT_DATA_OUT);
	if (st->reg.pointer == REG_I2C_STATE)
		c |= bit(SIM_AT_STATE) | (frame != NULL ? bit(SIM_AT_STATE_READY) : 0);
	return c;
}

void
sim_fault_plan(struct sim_faults *fs, const struct sim_state *st, const uint8_t *data, size_t len,
    struct sim_effect *e)
{
	uint32_t classes = data != NULL ? write_classes(data, len) : read_classes(st);
	const struct sim_fault *f;
	unsigned i, nr;

	e->kinds = 0;
	fs->transfers++;
	for (i = 0; i < fs->n; i++) {
		f = &fs->list[i];
		if (!(classes & bit(f->at)))
			continue;
		nr = fs->seen[i]++;
		if (nr < f->skip || (f->count > 0 && nr - f->skip >= f->count))
			continue;
		e->kinds |= bit(f->kind);
		e->arg[f->kind] = f->arg;
	}
	if (e->kinds != 0)
		fs->hits++;
}

static size_t
truncated(const struct sim_effect *e, uint8_t *data, size_t len, size_t skip)
{
	size_t keep = skip + e->arg[SIM_FAULT_TRUNCATE];

	if (keep >= len)
		return len;
	memset(data + keep, 0xFF, len - keep);
	return keep;
}

static void
fake_state(uint8_t *data, size_t len, uint8_t flags, unsigned frame_len)
{
	const uint8_t state[4] = { flags, 0x80, (uint8_t)(frame_len >> 8), (uint8_t)frame_len };

	memcpy(data, state, len < sizeof(state) ? len : sizeof(state));
}

size_t
sim_fault_damage(const struct sim_effect *e, uint8_t *data, size_t len, size_t skip)
{
	unsigned at;

	if (len <= skip)
		return len;
	if (sim_hit(e, SIM_FAULT_BUSY))
		fake_state(data, len, 0x88, 0);
	if (sim_hit(e, SIM_FAULT_LENGTH))
		fake_state(data, len, 0x48, e->arg[SIM_FAULT_LENGTH]);
	if (sim_hit(e, SIM_FAULT_FLIP)) {
		at = e->arg[SIM_FAULT_FLIP] % (unsigned)((len - skip) * 8);
		data[skip + at / 8] ^= (uint8_t)(0x80 >> at % 8);
	}
	if (sim_hit(e, SIM_FAULT_FCS))
		data[len - 1] ^= 0xFF;
	if (sim_hit(e, SIM_FAULT_LOSE))
		memset(data, 0xFF, len);
	if (sim_hit(e, SIM_FAULT_ZERO))
		memset(data, 0x00, len);
	if (sim_hit(e, SIM_FAULT_TRUNCATE))
		len = truncated(e, data, len, skip);
	return len;
}
