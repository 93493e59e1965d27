/* Objects and their metadata; see object.h. */
#include <config.h>

#include <string.h>

#include "hal/sim/model.h"
#include "hal/sim/object.h"

bool
object_exists(const struct sim_app *app, size_t i)
{
	return object_at(i) != NULL && model_on(app, object_at(i)->on);
}

int
object_lookup(const struct sim_app *app, uint16_t oid)
{
	const int i = object_find(oid);

	return i >= 0 && object_exists(app, (size_t)i) ? i : -1;
}

size_t
object_offset(size_t i)
{
	size_t off = 0;

	for (size_t k = 0; k < i; k++)
		off += object_at(k)->max;
	return off;
}

uint8_t *
object_content(struct sim_app *app, size_t i)
{
	return app->pool + object_offset(i);
}

const uint8_t *
object_shown(const struct sim_app *app, size_t i)
{
	switch (object_at(i)->oid) {
	case 0xE0C5: return &app->sec;
	case 0xF1C2: return &app->last_error;
	default: return app->pool + object_offset(i);
	}
}

static bool
is_key(size_t i)
{
	const uint8_t kind = object_at(i)->kind;

	return kind == OBJ_ECC || kind == OBJ_RSA || kind == OBJ_AES;
}

/* Number of key slots before object i. */
static size_t
key_index(size_t i)
{
	size_t k = 0;

	for (size_t j = 0; j < i; j++)
		k += is_key(j);
	return k;
}

struct sim_key *
object_key(struct sim_app *app, size_t i)
{
	return is_key(i) ? &app->key[key_index(i)] : NULL;
}

bool
object_key_present(const struct sim_app *app, size_t i)
{
	return is_key(i) && app->key[key_index(i)].alg != 0;
}

const uint8_t *
meta_get(const struct sim_meta *m, uint8_t tag, size_t *len)
{
	for (size_t p = 0; p + 2 <= m->len; p += 2u + m->tlv[p + 1])
		if (m->tlv[p] == tag) {
			*len = m->tlv[p + 1];
			return m->tlv + p + 2;
		}
	return NULL;
}

bool
meta_set(struct sim_meta *m, uint8_t tag, const uint8_t *v, size_t len)
{
	struct sim_meta out = { 0 };
	bool done = false;

	for (size_t p = 0;; p += 2u + m->tlv[p + 1]) {
		const bool end = p + 2 > m->len;

		if (!done && (end || m->tlv[p] >= tag)) {
			if (out.len + 2 + len > SIM_META_MAX)
				return false;
			out.tlv[out.len] = tag;
			out.tlv[out.len + 1] = (uint8_t)len;
			memcpy(out.tlv + out.len + 2, v, len);
			out.len = (uint8_t)(out.len + 2 + len);
			done = true;
		}
		if (end)
			break;
		if (m->tlv[p] == tag)
			continue;
		if (out.len + 2u + m->tlv[p + 1] > SIM_META_MAX)
			return false;
		memcpy(out.tlv + out.len, m->tlv + p, 2u + m->tlv[p + 1]);
		out.len = (uint8_t)(out.len + 2 + m->tlv[p + 1]);
	}
	*m = out;
	return true;
}

void
meta_remove(struct sim_meta *m, uint8_t tag)
{
	struct sim_meta out = { 0 };

	for (size_t p = 0; p + 2 <= m->len; p += 2u + m->tlv[p + 1])
		if (m->tlv[p] != tag)
			(void)meta_set(&out, m->tlv[p], m->tlv + p + 2, m->tlv[p + 1]);
	*m = out;
}

bool
is_life_cycle(uint8_t v)
{
	return v == LCS_CREATION || v == LCS_INITIALIZATION || v == LCS_OPERATIONAL ||
	       v == LCS_TERMINATION;
}

uint8_t
object_lcso(const struct sim_app *app, size_t i)
{
	size_t len;
	const uint8_t *v = meta_get(&app->meta[i], TAG_LCSO, &len);

	return v != NULL ? v[0] : LCS_OPERATIONAL;
}

static size_t
meta_size(const uint8_t *v, size_t len)
{
	return len == 1 ? v[0] : (size_t)v[0] << 8 | v[1];
}

size_t
object_max(const struct sim_app *app, size_t i)
{
	size_t len;
	const uint8_t *v = meta_get(&app->meta[i], TAG_MAX, &len);

	const size_t room = object_at(i)->max;

	return v == NULL ? 0 : meta_size(v, len) < room ? meta_size(v, len) : room;
}

size_t
object_used(const struct sim_app *app, size_t i)
{
	size_t len;
	const uint8_t *v = meta_get(&app->meta[i], TAG_USED, &len);

	if (v == NULL)
		return object_max(app, i);
	return meta_size(v, len) < object_max(app, i) ? meta_size(v, len) : object_max(app, i);
}

/* One byte up to 255, two above (seen on real chips). */
void
object_set_used(struct sim_app *app, size_t i, size_t used)
{
	const uint8_t v[2] = { (uint8_t)(used >> 8), (uint8_t)used };

	if (used > 255)
		(void)meta_set(&app->meta[i], TAG_USED, v, 2);
	else
		(void)meta_set(&app->meta[i], TAG_USED, v + 1, 1);
}

void
object_boot_phase(struct sim_app *app, uint16_t oid)
{
	object_content(app, (size_t)object_find(oid))[0] = model_on(app, ON_V3) ? 0x20 : 0x00;
}
