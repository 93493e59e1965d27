/* Access conditions; see access.h. */
#include <config.h>

#include "hal/base/err.h"
#include "hal/sim/access.h"
#include "hal/sim/model.h"
#include "hal/sim/object.h"
#include "hal/sim/session.h"

enum {
	AC_ALW = 0x00,
	AC_SECSTA_G = 0x10,
	AC_CONF = 0x20,
	AC_INT = 0x21,
	AC_AUTO = 0x23,
	AC_LUC = 0x40,
	AC_LCS_G = 0x70,
	AC_SECSTA_A = 0x90,
	AC_LCS_A = 0xE0,
	AC_LCS_O = 0xE1,
	AC_EQUAL = 0xFA,
	AC_GREATER = 0xFB,
	AC_LESS = 0xFC,
	AC_AND = 0xFD,
	AC_OR = 0xFE,
	AC_NEV = 0xFF,
};

#define TOKENS_MAX     3
#define CONDITIONS_MAX 7

#define OID_BINDING    0xE140
#define OID_LCS_G      0xE0C0
#define OID_SECSTA_G   0xE0C1
#define OID_LCS_A      0xF1C0
#define OID_SECSTA_A   0xF1C1

/* Conditions inside an expression: bytes with operands, and which silicon has them. */
static const struct condition {
	uint8_t id, len, on;
} conditions[] = {
	{ AC_SECSTA_G, 2, ON_V3 },
	{ AC_SECSTA_A, 2, ON_V3 },
	{ AC_CONF, 3, ON_M },
	{ AC_INT, 3, ON_M },
	{ AC_AUTO, 3, ON_V3 },
	{ AC_LUC, 3, ON_M },
	{ AC_LCS_G, 3, ON_ALL },
	{ AC_LCS_A, 3, ON_ALL },
	{ AC_LCS_O, 3, ON_ALL },
};

/* 0: no such condition. */
static size_t
condition_len(const struct sim_app *app, uint8_t id)
{
	for (size_t i = 0; i < NITEMS(conditions); i++)
		if (conditions[i].id == id)
			return model_on(app, conditions[i].on) ? conditions[i].len : 0;
	return 0;
}

bool
access_wellformed(const struct sim_app *app, const uint8_t *p, size_t len)
{
	size_t ntokens = 1, nconditions = 1;

	if (len == 1 && (p[0] == AC_ALW || p[0] == AC_NEV))
		return true;
	for (;;) {
		const size_t n = len > 0 ? condition_len(app, p[0]) : 0;

		if (n == 0 || n > len)
			return false;
		if ((p[0] == AC_LCS_G || p[0] == AC_LCS_A || p[0] == AC_LCS_O) &&
		    (p[1] < AC_EQUAL || p[1] > AC_LESS))
			return false;
		p += n;
		len -= n;
		if (len == 0)
			return true;
		if (*p == AC_AND) {
			nconditions++;
		} else if (*p == AC_OR) {
			ntokens++;
			nconditions = 1;
		} else {
			return false;
		}
		if (ntokens > TOKENS_MAX || nconditions > CONDITIONS_MAX)
			return false;
		p++;
		len--;
	}
}

static uint8_t
status_byte(struct sim_app *app, uint16_t oid)
{
	return object_content(app, (size_t)object_find(oid))[0];
}

static bool
compare(uint8_t op, uint8_t state, uint8_t value)
{
	return op == AC_EQUAL ? state == value : op == AC_GREATER ? state > value : state < value;
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static struct sim_app *
counter_value(struct sim_app *app, uint16_t oid, uint8_t **valuep)
{
	const int i = object_lookup(app, oid);

	if (i < 0 || object_at((size_t)i)->kind != OBJ_COUNTER)
		return NULL;
	*valuep = object_content(app, (size_t)i);
	return app;
}

static bool
holds(struct sim_app *app, size_t i, const uint8_t *c, bool protected_now,
    const struct access_update *u)
{
	const uint16_t oid = (uint16_t)(c[1] << 8 | c[2]);
	uint8_t *counter;

	switch (c[0]) {
	case AC_SECSTA_G: return (status_byte(app, OID_SECSTA_G) & c[1]) == c[1];
	case AC_SECSTA_A: return (status_byte(app, OID_SECSTA_A) & c[1]) == c[1];
	case AC_CONF:
		return (oid == OID_BINDING && protected_now) ||
		       (u != NULL && u->encrypted && u->secret == oid);
	case AC_INT:
		return (oid == OID_BINDING && protected_now) || (u != NULL && u->anchor == oid);
	case AC_LUC:
		return counter_value(app, oid, &counter) != NULL &&
		       be32(counter) < be32(counter + 4);
	case AC_LCS_G: return compare(c[1], status_byte(app, OID_LCS_G), c[2]);
	case AC_LCS_A: return compare(c[1], status_byte(app, OID_LCS_A), c[2]);
	case AC_LCS_O: return compare(c[1], object_lcso(app, i), c[2]);
	case AC_AUTO: return auth_is_set(app, oid);
	default: return false;
	}
}

/* Counts the linked usage counters of one token. */
static void
count_token(struct sim_app *app, const uint8_t *p, const uint8_t *end)
{
	uint8_t *counter;

	for (; p < end; p += condition_len(app, p[0]) + 1) {
		if (p[0] != AC_LUC ||
		    counter_value(app, (uint16_t)(p[1] << 8 | p[2]), &counter) == NULL)
			continue;
		if (be32(counter) >= be32(counter + 4))
			continue; /* named twice, and the first took the last use */
		for (int b = 3; b >= 0 && ++counter[b] == 0; b--)
			;
	}
}

static bool
is_anchor(const uint8_t *c, const struct access_update *u)
{
	return c[0] == AC_INT && (uint16_t)(c[1] << 8 | c[2]) == u->anchor;
}

/* u NULL: no protected update; else the token that grants must name its anchor. */
static bool
granted(struct sim_app *app, size_t i, uint8_t tag, const struct sim_protection *prot,
    const struct access_update *u)
{
	const bool protected_now =
	    prot->active && (tag == TAG_READ ? prot->response : prot->command);
	size_t len = 0;
	const uint8_t *p = meta_get(&app->meta[i], tag, &len), *token = p, *end;
	bool all = true, named = u == NULL;

	if (p == NULL || !access_wellformed(app, p, len))
		return false;
	if (len == 1)
		return p[0] == AC_ALW && u == NULL;
	end = p + len;
	for (;;) {
		all = all && holds(app, i, p, protected_now, u);
		named = named || is_anchor(p, u);
		p += condition_len(app, p[0]);
		if (p == end || *p == AC_OR) {
			if (all && named) {
				count_token(app, token, p);
				return true;
			}
			all = true;
			named = u == NULL;
			token = p + 1;
		}
		if (p == end)
			return false;
		p++;
	}
}

bool
access_granted(struct sim_app *app, size_t i, uint8_t tag, const struct sim_protection *prot)
{
	return granted(app, i, tag, prot, NULL);
}

bool
access_update_granted(struct sim_app *app, size_t i, uint8_t tag, const struct sim_protection *prot,
    const struct access_update *update)
{
	return granted(app, i, tag, prot, update);
}
