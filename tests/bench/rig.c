/* See rig.h: the driver of sim: with a counter before it. */
#include <config.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/bus/ops.h"
#include "hal/chip/internal.h"
#include "hal/link/link.h"
#include "hal/sim/fault.h"
#include "hal/sim/sim.h"
#include "tests/bench/rig.h"

#define REG_DATA    0x80
#define REG_STATE   0x82
#define CONTROL     0x80 /* FCTR */
#define OID_CURRENT 0xE0C4

struct chip *rig_chip;

static struct traffic now;
static uint8_t pointer; /* register selected */
static struct bus_ops counting;
static char dir[64], image[96];

void
rig_require(int ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench: %s failed\n", what);
	exit(1);
}

static void
count(size_t len)
{
	now.bytes += (unsigned)len + 1;
	if (pointer == REG_STATE)
		return;
	now.transactions++;
}

static int
counting_write(struct bus *b, const uint8_t *data, size_t len)
{
	const uint64_t start = bus_sim_ops.now(b);
	int r = bus_sim_ops.write(b, data, len);

	if (r != 0)
		return r;
	pointer = data[0];
	count(len);
	if (pointer == REG_DATA && len > 1 && (data[1] & CONTROL) == 0) {
		if (now.begin == 0)
			now.begin = start;
		now.sent += (unsigned)len - 7;
	}
	return 0;
}

static int
counting_read(struct bus *b, uint8_t *data, size_t len)
{
	int r = bus_sim_ops.read(b, data, len);

	if (r != 0)
		return r;
	count(len);
	if (pointer == REG_STATE)
		now.polls++;
	if (pointer == REG_DATA) {
		now.end = bus_sim_ops.now(b);
		if ((data[0] & CONTROL) == 0)
			now.received += (unsigned)len - 6;
	}
	return 0;
}

static int
counting_reset_line(struct bus *b)
{
	int r = bus_sim_ops.reset_line(b);

	now.released = bus_sim_ops.now(b);
	return r;
}

/* What the factory puts into E140. */
static void
set_secret(void)
{
	struct secret *s = NULL;
	uint8_t bytes[64];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i + 1);
	rig_require(
	    secret_from(bytes, sizeof(bytes), &s) == 0 && link_set_secret(rig_chip->ln, s) == 0,
	    "setting the secret");
	secret_free(&s);
}

void
rig_make(const struct profile *p)
{
	const struct sim_config cfg = { "trust-m-v3", false, true, 1, p->speed };
	const uint8_t ma = (uint8_t)p->ma;
	char selector[160];

	(void)snprintf(dir, sizeof(dir), "%s/bench-XXXXXX",
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	rig_require(mkdtemp(dir) != NULL, "mkdtemp");
	(void)snprintf(image, sizeof(image), "%s/chip", dir);
	(void)snprintf(selector, sizeof(selector), "sim:%s?time=virtual&khz=%u", image, p->khz);
	rig_require(sim_create(image, &cfg) == 0, "making a chip");
	rig_require(chip_open(selector, &rig_chip) == 0, "opening the bus");
	counting = bus_sim_ops;
	counting.write = counting_write;
	counting.read = counting_read;
	counting.reset_line = counting_reset_line;
	rig_chip->bus->ops = &counting;
	if (p->shielded)
		set_secret();
	rig_chip->shield_all = p->shielded;
	rig_require(sim_set_ack_delay(rig_chip->bus->priv, p->ack) == 0, "the habit of the chip");
	rig_require(chip_acquire(rig_chip) == 0, "opening the chip");
	rig_require(chip_data_write(rig_chip, OID_CURRENT, 0, &ma, 1, CHIP_WRITE) == 0,
	    "writing the current limit");
}

void
rig_remove(void)
{
	chip_release(rig_chip);
	chip_close(&rig_chip);
	(void)unlink(image);
	(void)rmdir(dir);
}

bool
rig_shielded(void)
{
	return rig_chip->shield_all;
}

void
rig_begin(void)
{
	memset(&now, 0, sizeof(now));
}

const struct traffic *
rig_end(void)
{
	return &now;
}
