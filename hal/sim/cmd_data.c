/* GetDataObject and SetDataObject: SRM 4.4.1; content rules of the status objects: 4.2, 4.3, 4.6.
 */
#include <config.h>

#include <string.h>

#include "hal/sim/access.h"
#include "hal/sim/cmd.h"
#include "hal/sim/object.h"

enum { GET_DATA = 0x00, GET_META = 0x01 };
enum { SET_WRITE = 0x00, SET_META = 0x01, SET_COUNT = 0x02, SET_ERASE = 0x40 };

/* Times for 100 and for 256 bytes, linear between, the same outside. */
static uint64_t
scaled_us(size_t n, uint64_t at100, uint64_t at256)
{
	if (n <= 100)
		return at100;
	if (n >= 256)
		return at256;
	return at100 + (at256 - at100) * (n - 100) / 156;
}

/* Keys and sessions have no content that a command may touch, whatever their metadata says. */
static uint8_t
has_content(size_t i)
{
	const struct object *o = object_at(i);

	return o->kind == OBJ_SESSION ? E_OID : o->max == 0 ? E_ACCESS : 0;
}

uint8_t
object_usable(struct call *c, size_t i, uint8_t tag)
{
	size_t len;
	const uint8_t *version = meta_get(&c->app->meta[i], TAG_VERSION, &len);

	if (version != NULL && (version[0] & 0x80) != 0)
		return E_METADATA;
	if (tag != TAG_CHANGE && object_lcso(c->app, i) == LCS_TERMINATION)
		return E_ACCESS;
	return access_granted(c->app, i, tag, c->prot) ? 0 : E_ACCESS;
}

static uint8_t
get_meta(struct call *c, size_t i)
{
	const struct sim_meta *m = &c->app->meta[i];

	c->out[0] = 0x20;
	c->out[1] = m->len;
	memcpy(c->out + 2, m->tlv, m->len);
	c->out_len = 2u + m->len;
	c->us = 10000;
	return 0;
}

static uint8_t
get_data(struct call *c, size_t i)
{
	size_t off = 0, len = 0xFFFF, used;
	uint8_t err;

	if (c->in_len == 6) {
		off = (size_t)c->in[2] << 8 | c->in[3];
		len = (size_t)c->in[4] << 8 | c->in[5];
		if (len == 0)
			return E_DATA;
	}
	if ((err = has_content(i)) != 0 || (err = object_usable(c, i, TAG_READ)) != 0)
		return err;
	used = object_used(c->app, i);
	if (off >= used && !(used == 0 && off == 0 && app_switch(c->app, SIM_APP_EMPTY_READ)))
		return E_BOUNDARY;
	if (len > used - off)
		len = used - off;
	if (len > CMD_DATA_MAX) {
		if (!app_switch(c->app, SIM_APP_LONG_READ_CUT))
			return E_BUFFER;
		len = CMD_DATA_MAX;
	}
	memcpy(c->out, object_shown(c->app, i) + off, len);
	c->out_len = len;
	c->us = scaled_us(len, 9000, 30000);
	if (object_at(i)->oid == 0xF1C2)
		c->app->last_error = 0; /* reading clears it */
	return 0;
}

uint8_t
cmd_get(struct call *c)
{
	int i;

	if (c->param != GET_DATA && c->param != GET_META)
		return E_PARAM;
	if (c->in_len != 2 && (c->in_len != 6 || c->param == GET_META))
		return E_LENGTH;
	if ((i = oid_at(c->app, c->in)) < 0)
		return E_OID;
	return c->param == GET_META ? get_meta(c, (size_t)i) : get_data(c, (size_t)i);
}

/* Status objects: which values they take. handled: it is done, with the error returned. */
static uint8_t
set_status(struct call *c, size_t i, const uint8_t *v, bool erase, bool *handled)
{
	uint8_t *now = object_content(c->app, i);

	*handled = false;
	switch (object_at(i)->oid) {
	case 0xE0C0:
	case 0xF1C0: /* upward only; the application has no termination state */
		if (!is_life_cycle(v[0]) || v[0] < now[0] ||
		    (object_at(i)->oid == 0xF1C0 && v[0] == LCS_TERMINATION))
			return E_DATA;
		c->app->terminated = object_at(i)->oid == 0xE0C0 && v[0] == LCS_TERMINATION;
		return 0;
	case 0xE0C1:
	case 0xF1C1: /* bits are cleared, never set */
		*handled = true;
		now[0] = erase ? 0 : (uint8_t)(now[0] & v[0]);
		c->us = 15000;
		return 0;
	case 0xE0C3: return v[0] >= 20 ? 0 : E_DATA;
	case 0xE0C4: return v[0] >= 6 && v[0] <= 15 ? 0 : E_DATA;
	default: return 0;
	}
}

static uint8_t
set_data(struct call *c, size_t i, bool erase)
{
	const struct object *o = object_at(i);
	const size_t off = (size_t)c->in[2] << 8 | c->in[3], n = c->in_len - 4;
	uint8_t *content = object_content(c->app, i);
	size_t used;
	bool handled;
	uint8_t err;

	if (has_content(i) != 0)
		return E_ACCESS;
	if ((err = object_usable(c, i, TAG_CHANGE)) != 0)
		return err;
	if (off + n > object_max(c->app, i))
		return E_BOUNDARY;
	if (o->kind == OBJ_STATUS &&
	    ((err = set_status(c, i, c->in + 4, erase, &handled)) != 0 || handled))
		return err;
	used = object_used(c->app, i);
	if (erase) {
		memset(content, 0, o->max);
		used = 0;
	}
	memcpy(content + off, c->in + 4, n);
	object_set_used(c->app, i, off + n > used ? off + n : used);
	c->us = scaled_us(n, 15000, 55000);
	return 0;
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint8_t
set_count(struct call *c, size_t i)
{
	uint8_t *v = object_content(c->app, i);
	uint32_t value, threshold;
	uint8_t err;

	if (object_at(i)->kind != OBJ_COUNTER || c->in[4] == 0)
		return E_DATA;
	if ((err = object_usable(c, i, TAG_EXECUTE)) != 0)
		return err;
	value = be32(v);
	threshold = be32(v + 4);
	if (value >= threshold)
		return E_COUNTER;
	value = threshold - value < c->in[4] ? threshold : value + c->in[4];
	for (int b = 0; b < 4; b++)
		v[b] = (uint8_t)(value >> (24 - 8 * b));
	c->us = 20000;
	return 0;
}

uint8_t
cmd_set(struct call *c)
{
	int i;

	if (c->param != SET_WRITE && c->param != SET_ERASE && c->param != SET_META &&
	    c->param != SET_COUNT)
		return E_PARAM;
	if (c->in_len < 5 || (c->param == SET_COUNT && c->in_len != 5))
		return E_LENGTH;
	if (c->param == SET_META && (c->in[2] != 0 || c->in[3] != 0))
		return E_DATA;
	if ((i = oid_at(c->app, c->in)) < 0)
		return E_OID;
	switch (c->param) {
	case SET_META: return cmd_set_meta(c, (size_t)i, c->in + 4, c->in_len - 4);
	case SET_COUNT: return set_count(c, (size_t)i);
	default: return set_data(c, (size_t)i, c->param == SET_ERASE);
	}
}
