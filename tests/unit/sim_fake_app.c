/*
 * An application for tests of the simulated chip's wires: knows OpenApplication, and a command
 * that says itself how long it takes and how long its answer is. Its first byte of state counts
 * commands, so that a test sees what was executed twice.
 *
 * EE xx LL LL | exec_us (4) | answer length (2) | anything
 *    answer: 00 count LL LL | 00 01 02 ...
 *
 * GetDataObject gives 27 bytes 10 11 12 .., the platform binding secret is 00 01 .. 3F: those of
 * the test vectors for the presentation layer. The second byte of state counts security
 * events, the fourth is 1 in a Trust X.
 */
#include <config.h>

#include <string.h>

#include "hal/sim/app.h"

int
sim_app_factory(struct sim_app *app, const char *model, uint64_t seed, double speed, bool monitor)
{
	(void)seed;
	(void)speed;
	(void)monitor;
	memset(app, 0, sizeof(*app));
	((uint8_t *)app)[3] = strcmp(model, "trust-x") == 0;
	return ((uint8_t *)app)[3] || strcmp(model, "trust-m-v3") == 0 ? 0 : -2;
}

void
sim_app_reset(struct sim_app *app, uint64_t now, bool cold)
{
	(void)app;
	(void)now;
	(void)cold;
}

const struct sim_wire *
sim_app_wire(const struct sim_app *app)
{
	static const struct sim_wire wire[] = { { true, 15, 20 }, { false, 10, 12 } };

	return &wire[((const uint8_t *)app)[3]];
}

void
sim_app_command(struct sim_app *app, uint64_t now, const struct sim_protection *prot,
    const uint8_t *cmd, size_t cmd_len, uint8_t *rsp, size_t *rsp_len, uint64_t *exec_ns)
{
	uint8_t *count = (uint8_t *)app;
	size_t n = 0;

	(void)now;
	(void)prot;
	++*count;
	*exec_ns = 12000000;
	if (cmd_len >= 10 && cmd[0] == 0xEE) {
		*exec_ns = 1000ULL * ((uint64_t)cmd[4] << 24 | (uint64_t)cmd[5] << 16 |
					 (uint64_t)cmd[6] << 8 | cmd[7]);
		n = (size_t)cmd[8] << 8 | cmd[9];
		n = n > SIM_APDU_MAX - 4 ? SIM_APDU_MAX - 4 : n;
	}
	if (cmd[0] == 0x01)
		n = 27;
	rsp[0] = 0;
	rsp[1] = cmd[0] == 0xEE ? *count : 0;
	rsp[2] = (uint8_t)(n >> 8);
	rsp[3] = (uint8_t)n;
	for (size_t i = 0; i < n; i++)
		rsp[4 + i] = (uint8_t)(cmd[0] == 0x01 ? 0x10 + i : i);
	*rsp_len = n + 4;
}

size_t
sim_app_binding(struct sim_app *app, uint64_t now, bool event, uint8_t secret[SIM_BINDING_MAX],
    uint64_t *exec_ns)
{
	(void)now;
	((uint8_t *)app)[1] = (uint8_t)(((uint8_t *)app)[1] + event);
	for (size_t i = 0; i < SIM_BINDING_MAX; i++)
		secret[i] = (uint8_t)i;
	*exec_ns = sim_app_time(app, 50000);
	return SIM_BINDING_MAX;
}

void
sim_app_random(struct sim_app *app, uint8_t *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = ((uint8_t *)app)[2]++;
}

uint64_t
sim_app_time(const struct sim_app *app, uint64_t us)
{
	(void)app;
	return us * 1000;
}

void
sim_app_advance(struct sim_app *app, uint64_t now)
{
	(void)app;
	(void)now;
}

size_t
sim_app_objects(const struct sim_app *app)
{
	(void)app;
	return 1;
}

/* One object, with the factory metadata of E0E1. */
void
sim_app_object(const struct sim_app *app, size_t i, uint8_t meta[44], struct sim_object_view *v)
{
	static const uint8_t factory[] = { 0x20, 0x19, 0xC0, 0x01, 0x01, 0xC4, 0x02, 0x06, 0xC0,
		0xC5, 0x02, 0x06, 0xC0, 0xD0, 0x03, 0xE1, 0xFC, 0x07, 0xD1, 0x01, 0x00, 0xD3, 0x01,
		0x00, 0xE8, 0x01, 0x12 };
	static const uint8_t zeros[1728];

	(void)app;
	(void)i;
	memcpy(meta, factory, sizeof(factory));
	memset(v, 0, sizeof(*v));
	v->oid = 0xE0E1;
	v->name = "certificate 2";
	v->meta = meta;
	v->meta_len = sizeof(factory);
	v->data = zeros;
	v->used = sizeof(zeros);
	v->max = sizeof(zeros);
}

const uint8_t *
sim_vendor_ca(const char *model, size_t n, size_t *len)
{
	(void)model;
	(void)n;
	*len = 0;
	return NULL;
}

const char *
sim_app_model(size_t n)
{
	return n == 0 ? "trust-m-v3" : NULL;
}

bool
sim_app_portal(const struct sim_app *app, struct sim_portal *p)
{
	(void)app;
	(void)p;
	return false;
}

bool
sim_app_sane(const struct sim_app *app)
{
	(void)app;
	return true;
}
