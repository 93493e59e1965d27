/* OpenApplication, CloseApplication, GetRandom. */
#include <config.h>

#include <string.h>

#include "hal/sim/cmd.h"
#include "hal/sim/monitor.h"
#include "hal/sim/object.h"
#include "hal/sim/rng.h"

#define HANDLE_LEN 8

uint8_t
cmd_open(struct call *c)
{
	static const uint8_t id[] = { 0xD2, 0x76, 0x00, 0x00, 0x04, 'G', 'e', 'n', 'A', 'u', 't',
		'h', 'A', 'p', 'p', 'l' };

	if (c->param > 0x01)
		return E_PARAM;
	if (c->in_len != sizeof(id) + (c->param == 0x01 ? HANDLE_LEN : 0))
		return E_LENGTH;
	/* Hibernation is not simulated: there is never a saved context to restore. */
	if (memcmp(c->in, id, sizeof(id)) != 0 || c->param == 0x01)
		return E_DATA;
	c->app->open = 1;
	object_boot_phase(c->app, 0xF1C1);
	c->us = 20000;
	return 0;
}

uint8_t
cmd_close(struct call *c)
{
	if (c->param > 0x01)
		return E_PARAM;
	if (c->in_len != 0)
		return E_LENGTH;
	if (c->param == 0x01)
		return E_SEQUENCE; /* what a chip says that cannot hibernate now */
	monitor_close(c->app);
	c->app->open = 0;
	c->us = 10000;
	return 0;
}

/* Into a session (more InData, Param 04) it cannot go: sessions hold nothing in this simulator. */
uint8_t
cmd_random(struct call *c)
{
	size_t len;

	if (c->param != 0x00 && c->param != 0x01 && c->param != 0x04)
		return E_PARAM;
	if (c->in_len < 2)
		return E_LENGTH;
	len = (size_t)c->in[0] << 8 | c->in[1];
	if (c->in_len > 2 || c->param == 0x04 || len < 8 || len > 256)
		return E_DATA;
	rng_bytes(c->app, c->out, len);
	c->out_len = len;
	c->us = 6000;
	return 0;
}
