/*
 * SetDataObject for metadata: SRM 4.2, 5.5. The block carries only the tags to change, and is
 * judged as a whole against the state before: all of it or nothing.
 */
#include <config.h>

#include "hal/base/err.h"
#include "hal/sim/access.h"
#include "hal/sim/cmd.h"
#include "hal/sim/model.h"
#include "hal/sim/object.h"

enum value_rule { V_LCS, V_BYTES, V_ACCESS, V_TYPE, V_NEVER };

static const struct tag_rule {
	uint8_t tag;
	enum value_rule rule;
	uint8_t len;
	bool before_op; /* only while LcsO < operational */
	uint8_t on;
} rules[] = {
	{ TAG_LCSO, V_LCS, 1, false, ON_ALL },
	{ TAG_VERSION, V_BYTES, 2, true, ON_M },
	{ TAG_MAX, V_NEVER, 0, false, ON_ALL },
	{ TAG_USED, V_NEVER, 0, false, ON_ALL },
	{ TAG_CHANGE, V_ACCESS, 0, true, ON_ALL },
	{ TAG_READ, V_ACCESS, 0, true, ON_ALL },
	{ TAG_EXECUTE, V_ACCESS, 0, true, ON_ALL },
	{ TAG_UPDATE, V_ACCESS, 0, true, ON_V3 },
	{ TAG_ALG, V_NEVER, 0, false, ON_ALL },
	{ TAG_USAGE, V_BYTES, 1, true, ON_ALL },
	{ TAG_TYPE, V_TYPE, 1, true, ON_M },
	{ TAG_RESET, V_BYTES, 1, true, ON_V3 },
};

static const struct tag_rule *
find(uint8_t tag)
{
	for (size_t i = 0; i < NITEMS(rules); i++)
		if (rules[i].tag == tag)
			return &rules[i];
	return NULL;
}

static bool
type_ok(const struct sim_app *app, size_t i, uint8_t v)
{
	static const struct {
		uint8_t type, on;
	} types[] = {
		{ 0x00, ON_M },
		{ 0x01, ON_M },
		{ 0x11, ON_M },
		{ 0x12, ON_M },
		{ 0x21, ON_M },
		{ 0x22, ON_M },
		{ 0x23, ON_V3 },
		{ 0x31, ON_V3 },
	};

	if (object_at(i)->max == 0 || object_at(i)->oid == 0xE0C9)
		return false;
	for (size_t k = 0; k < NITEMS(types); k++)
		if (types[k].type == v)
			return model_on(app, types[k].on);
	return false;
}

static uint8_t
check_lcso(const struct sim_app *app, size_t i, uint8_t v, bool forward)
{
	size_t len;

	if (meta_get(&app->meta[i], TAG_LCSO, &len) == NULL)
		return E_ACCESS;
	if (!is_life_cycle(v))
		return E_ACCESS;
	return forward && v < object_lcso(app, i) ? E_ACCESS : 0;
}

static uint8_t
check(const struct sim_app *app, size_t i, bool update, uint8_t tag, const uint8_t *v, size_t len)
{
	const struct tag_rule *r = find(tag);

	if (r == NULL || !model_on(app, r->on))
		return E_DATA;
	if (update && (r->rule == V_NEVER || tag == TAG_VERSION))
		return E_MANIFEST;
	if (r->rule == V_NEVER)
		return E_ACCESS;
	if (r->len != 0 && len != r->len)
		return E_LENGTH;
	if (!update && r->before_op && object_lcso(app, i) >= LCS_OPERATIONAL)
		return E_ACCESS;
	switch (r->rule) {
	case V_LCS: return check_lcso(app, i, v[0], !update);
	case V_ACCESS: return access_wellformed(app, v, len) ? 0 : E_DATA;
	case V_TYPE: return type_ok(app, i, v[0]) ? 0 : E_DATA;
	default: return tag == TAG_USAGE && object_at(i)->max != 0 ? E_DATA : 0;
	}
}

static bool
seen_before(const uint8_t *block, size_t end, uint8_t tag)
{
	for (size_t p = 2; p < end; p += 2u + block[p + 1])
		if (block[p] == tag)
			return true;
	return false;
}

uint8_t
meta_merge(const struct sim_app *app, size_t i, const uint8_t *block, size_t len, bool update,
    struct sim_meta *merged)
{
	uint8_t err;

	if (block[0] != 0x20)
		return E_DATA;
	if (len < 2 || block[1] != len - 2)
		return E_LENGTH;
	for (size_t p = 2; p < len; p += 2u + block[p + 1]) {
		if (len - p < 2 || block[p + 1] > len - p - 2)
			return E_LENGTH;
		if (seen_before(block, p, block[p]))
			return E_DATA;
		err = check(app, i, update, block[p], block + p + 2, block[p + 1]);
		if (err != 0)
			return err;
		if (!meta_set(merged, block[p], block + p + 2, block[p + 1]))
			return E_META_TRUNCATED;
	}
	return 0;
}

uint8_t
cmd_set_meta(struct call *c, size_t i, const uint8_t *block, size_t len)
{
	struct sim_meta merged = c->app->meta[i];
	uint8_t err;

	if ((err = meta_merge(c->app, i, block, len, false, &merged)) != 0)
		return err;
	if (object_at(i)->kind == OBJ_SESSION)
		return E_ACCESS;
	c->app->meta[i] = merged;
	c->us = 30000;
	return 0;
}
