/*
 * An open chip, inside hal/sim: what its transfers, its faults and the server share.
 */
#ifndef HAL_SIM_HANDLE_H
#define HAL_SIM_HANDLE_H

#include "hal/sim/fault.h"
#include "hal/sim/image.h"
#include "hal/sim/sim.h"
#include "hal/sim/state.h"

#define SIM_FAULTS_MAX 16

struct sim_faults {
	struct sim_fault list[SIM_FAULTS_MAX];
	unsigned seen[SIM_FAULTS_MAX]; /* transfers of its class */
	unsigned n;
	unsigned transfers, hits;
};

struct sim {
	struct image *img;
	enum sim_time mode;
	unsigned khz;
	uint8_t boot_id[16];
	struct sim_faults faults;
	/* Of the last transfer that ended with HAL_EIO: why, and how many bytes got through. */
	enum sim_fault_kind failed;
	unsigned acked;
};

/* What the script has for one transfer, one bit per kind, and the arg of each. */
struct sim_effect {
	uint32_t kinds;
	unsigned arg[SIM_FAULT_COUNT];
};

static inline bool
sim_hit(const struct sim_effect *e, enum sim_fault_kind kind)
{
	return e->kinds >> kind & 1;
}

/* data is what the host writes; NULL for a read. */
void sim_fault_plan(struct sim_faults *f, const struct sim_state *st, const uint8_t *data,
    size_t len, struct sim_effect *e);
/* Damages the bytes after the first skip ones. Returns how many bytes are left. */
size_t sim_fault_damage(const struct sim_effect *e, uint8_t *data, size_t len, size_t skip);

/* As sim_open, with the choice of the server. */
int sim_open_as(const char *path, enum sim_time mode, enum image_use use, struct sim **simp);

/* Counters and clock of the chip as they are now. HAL_EIO. */
struct sim_view {
	struct sim_counts counts;
	unsigned max_khz;
	uint8_t addr;
};
int sim_look(struct sim *s, struct sim_view *v);

#endif
