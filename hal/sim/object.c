/*
 * The object table of Trust M V3, standard configuration. Metadata and contents are those of
 * published dumps of real chips; C5 of E0E0 and its content come with the factory certificate.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/object.h"

#define M_STATUS "C40101D00100D10100"
#define M_FIXED  "C40101D001FFD10100"
#define M_CERT   "C00101C40206C0C50206C0D003E1FC07D10100D30100E80112"
#define M_ANCHOR "C00101C40204B0C50204B0D003E1FC07D10100D30100E80111"
#define M_KEY    "C00101D003E1FC07D30100"
#define M_COUNT  "C00101C40108C50108D003E1FC07D10100D30100E80101"
#define M_DATA   "C00101C4018CC50164D003E1FC07D10100"
#define M_BIG    "C00101C40205DCC50205DCD003E1FC07D10100"
#define M_NONE   "C00107D001FFD101FFD30100"

#define BINDING_FACTORY                                                                            \
	"0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20"                         \
	"2122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F40"

static const struct object objects[] = {
	{ 0xE0C0, OBJ_STATUS, 1, "Global Life Cycle Status", M_STATUS, "07" },
	{ 0xE0C1, OBJ_STATUS, 1, "Global Security Status", M_STATUS, "20" },
	{ 0xE0C2, OBJ_DATA, 27, "Coprocessor UID", "C4011BD001FFD10100", NULL },
	{ 0xE0C3, OBJ_STATUS, 1, "Sleep Mode Activation Delay", M_STATUS, "14" },
	{ 0xE0C4, OBJ_STATUS, 1, "Current Limitation", M_STATUS, "06" },
	{ 0xE0C5, OBJ_STATUS, 1, "Security Event Counter", M_FIXED, "00" },
	{ 0xE0C6, OBJ_DATA, 2, "Maximum Comms Buffer Size", "C40102D10100", "0615" },
	{ 0xE0C9, OBJ_STATUS, 8, "Security Monitor Configurations",
	    "C00107C40108D003E1FC07D10100D301FF", "3200050100000000" },
	{ 0xE0E0, OBJ_DATA, 1728, "Device Public Key Certificate 1",
	    "C00101C40206C0C50206C0D001FFD10100D30100E80112", NULL },
	{ 0xE0E1, OBJ_DATA, 1728, "Device Public Key Certificate 2", M_CERT, NULL },
	{ 0xE0E2, OBJ_DATA, 1728, "Device Public Key Certificate 3", M_CERT, NULL },
	{ 0xE0E3, OBJ_DATA, 1728, "Device Public Key Certificate 4", M_CERT, NULL },
	{ 0xE0E8, OBJ_DATA, 1200, "Trust Anchor 1", M_ANCHOR, NULL },
	{ 0xE0E9, OBJ_DATA, 1200, "Trust Anchor 2", M_ANCHOR, NULL },
	{ 0xE0EF, OBJ_DATA, 1200, "Trust Anchor 8", M_ANCHOR, NULL },
	{ 0xE0F0, OBJ_ECC, 0, "Device Private Key 1", "C00101D001FFD30100E00103E10101", NULL },
	{ 0xE0F1, OBJ_ECC, 0, "Device Private Key 2", M_KEY, NULL },
	{ 0xE0F2, OBJ_ECC, 0, "Device Private Key 3", M_KEY, NULL },
	{ 0xE0F3, OBJ_ECC, 0, "Device Private Key 4", M_KEY, NULL },
	{ 0xE0FC, OBJ_RSA, 0, "RSA Private Key 1", M_KEY, NULL },
	{ 0xE0FD, OBJ_RSA, 0, "RSA Private Key 2", M_KEY, NULL },
	{ 0xE100, OBJ_SESSION, 0, "Session Context 1", M_NONE, NULL },
	{ 0xE101, OBJ_SESSION, 0, "Session Context 2", M_NONE, NULL },
	{ 0xE102, OBJ_SESSION, 0, "Session Context 3", M_NONE, NULL },
	{ 0xE103, OBJ_SESSION, 0, "Session Context 4", M_NONE, NULL },
	{ 0xE120, OBJ_COUNTER, 8, "Monotonic Counter 1", M_COUNT, NULL },
	{ 0xE121, OBJ_COUNTER, 8, "Monotonic Counter 2", M_COUNT, NULL },
	{ 0xE122, OBJ_COUNTER, 8, "Monotonic Counter 3", M_COUNT, NULL },
	{ 0xE123, OBJ_COUNTER, 8, "Monotonic Counter 4", M_COUNT, NULL },
	{ 0xE140, OBJ_DATA, 64, "Platform Binding Secret",
	    "C00101C40140C50140D007E1FC07FE20E140D103E1FC07D30100E80122", BINDING_FACTORY },
	{ 0xE200, OBJ_AES, 0, "Symmetric Key 1", "C00101D001FFD30100", NULL },
	{ 0xF1C0, OBJ_STATUS, 1, "Application Life Cycle Status", M_STATUS, "01" },
	{ 0xF1C1, OBJ_STATUS, 1, "Application Security Status", M_STATUS, "20" },
	{ 0xF1C2, OBJ_STATUS, 1, "Last Error Code", M_FIXED, "00" },
	{ 0xF1D0, OBJ_DATA, 140, "Arbitrary Data 1", M_DATA, NULL },
	{ 0xF1D1, OBJ_DATA, 140, "Arbitrary Data 2", M_DATA, NULL },
	{ 0xF1D2, OBJ_DATA, 140, "Arbitrary Data 3", M_DATA, NULL },
	{ 0xF1D3, OBJ_DATA, 140, "Arbitrary Data 4", M_DATA, NULL },
	{ 0xF1D4, OBJ_DATA, 140, "Arbitrary Data 5", M_DATA, NULL },
	{ 0xF1D5, OBJ_DATA, 140, "Arbitrary Data 6", M_DATA, NULL },
	{ 0xF1D6, OBJ_DATA, 140, "Arbitrary Data 7", M_DATA, NULL },
	{ 0xF1D7, OBJ_DATA, 140, "Arbitrary Data 8", M_DATA, NULL },
	{ 0xF1D8, OBJ_DATA, 140, "Arbitrary Data 9", M_DATA, NULL },
	{ 0xF1D9, OBJ_DATA, 140, "Arbitrary Data 10", M_DATA, NULL },
	{ 0xF1DA, OBJ_DATA, 140, "Arbitrary Data 11", M_DATA, NULL },
	{ 0xF1DB, OBJ_DATA, 140, "Arbitrary Data 12", M_DATA, NULL },
	{ 0xF1E0, OBJ_DATA, 1500, "Arbitrary Data 13", M_BIG, NULL },
	{ 0xF1E1, OBJ_DATA, 1500, "Arbitrary Data 14", M_BIG, NULL },
};
_Static_assert(NITEMS(objects) == SIM_NOBJECTS, "app.h knows how many objects there are");

const struct object *
object_at(size_t i)
{
	return i < NITEMS(objects) ? &objects[i] : NULL;
}

int
object_find(uint16_t oid)
{
	for (size_t i = 0; i < NITEMS(objects); i++)
		if (objects[i].oid == oid)
			return (int)i;
	return -1;
}

size_t
object_offset(size_t i)
{
	size_t off = 0;

	for (size_t k = 0; k < i; k++)
		off += objects[k].max;
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
	switch (objects[i].oid) {
	case 0xE0C5: return &app->sec;
	case 0xF1C2: return &app->last_error;
	default: return app->pool + object_offset(i);
	}
}

static bool
is_key(size_t i)
{
	return objects[i].kind == OBJ_ECC || objects[i].kind == OBJ_RSA ||
	       objects[i].kind == OBJ_AES;
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

uint8_t
object_lcso(const struct sim_app *app, size_t i)
{
	size_t len;
	const uint8_t *v = meta_get(&app->meta[i], TAG_LCSO, &len);

	return v != NULL ? v[0] : LCS_OPERATIONAL;
}

size_t
object_used(const struct sim_app *app, size_t i)
{
	size_t len;
	const uint8_t *v = meta_get(&app->meta[i], TAG_USED, &len);

	if (v == NULL)
		return objects[i].max;
	return len == 1 ? v[0] : (size_t)v[0] << 8 | v[1];
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

static uint8_t
nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'A' + 10);
}

static size_t
unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (; hex != NULL && hex[0] != '\0'; hex += 2)
		out[n++] = (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1]));
	return n;
}

void
objects_factory(struct sim_app *app)
{
	for (size_t i = 0; i < NITEMS(objects); i++) {
		app->meta[i].len = (uint8_t)unhex(objects[i].meta, app->meta[i].tlv);
		(void)unhex(objects[i].content, object_content(app, i));
	}
}
