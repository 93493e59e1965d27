/*
 * Which commands go through the encrypted connection: those whose object demands it, and those
 * that the chip wants so when the presentation layer is on (SRM 4.4.1, notes at the commands).
 *
 * An object demands it when its access condition names Conf or Int with the binding secret, and
 * no alternative of the condition holds without. Then both directions are protected: what was
 * asked and what came of it are worth no less than the data. The conditions are read once, and
 * again when somebody else may have changed them.
 */
#include <config.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"
#include "hal/link/link.h"

#define ANY        0xFF /* param */
#define AT_START   0xFF /* the OID is the first two bytes of InData */

#define AC_ALWAYS  0x00
#define AC_CONF    0x20
#define AC_INT     0x21
#define AC_AUTO    0x23
#define AC_LCSO    0xE1
#define AC_AND     0xFD
#define AC_OR      0xFE
#define OP_EQUAL   0xFA
#define OP_GREATER 0xFB
#define OP_LESS    0xFC

enum access { READ, CHANGE, EXECUTE };

/* Where commands have the object whose condition they are held against, SRM 4.4.1. */
static const struct {
	uint8_t cmd, param;
	uint8_t tag; /* of the TLV that holds the OID, or AT_START */
	enum access access;
} objects[] = {
	{ CHIP_CMD_GET_DATA, 0x00, AT_START, READ },
	{ CHIP_CMD_SET_DATA, 0x00, AT_START, CHANGE },
	{ CHIP_CMD_SET_DATA, 0x40, AT_START, CHANGE },
	{ CHIP_CMD_SET_DATA, 0x02, AT_START, EXECUTE },
	{ CHIP_CMD_ENCRYPT_SYM, ANY, AT_START, EXECUTE },
	{ CHIP_CMD_DECRYPT_SYM, ANY, AT_START, EXECUTE },
	{ CHIP_CMD_ENCRYPT_ASYM, ANY, 0x04, EXECUTE },
	{ CHIP_CMD_DECRYPT_ASYM, ANY, 0x03, EXECUTE },
	{ CHIP_CMD_HASH, ANY, 0x10, READ },
	{ CHIP_CMD_SIGN, ANY, 0x03, EXECUTE },
	{ CHIP_CMD_VERIFY, ANY, 0x04, EXECUTE },
	{ CHIP_CMD_AGREE, ANY, 0x01, EXECUTE },
	{ CHIP_CMD_DERIVE, ANY, 0x01, EXECUTE },
	{ CHIP_CMD_GEN_KEY, ANY, 0x01, CHANGE },
	{ CHIP_CMD_GEN_SYM, ANY, 0x01, CHANGE },
};

/* Refused in clear once the presentation layer is on, some of their variants at least. */
static const uint8_t never_clear[] = { CHIP_CMD_ENCRYPT_SYM, CHIP_CMD_DECRYPT_SYM,
	CHIP_CMD_ENCRYPT_ASYM, CHIP_CMD_DECRYPT_ASYM, CHIP_CMD_DERIVE };

static bool
state_holds(uint8_t op, uint8_t value, int lcso)
{
	switch (op) {
	case OP_EQUAL: return lcso == value;
	case OP_GREATER: return lcso > value;
	case OP_LESS: return lcso < value;
	default: return false;
	}
}

/* One condition: *names it is Conf or Int of the binding secret; *holds: certainly, without. */
static bool
take_condition(struct cur *c, int lcso, bool *names, bool *holds)
{
	const uint8_t *arg;
	uint8_t id;

	*names = *holds = false;
	if (!cur_u8(c, &id))
		return false;
	switch (id) {
	case AC_ALWAYS: *holds = true; return true;
	case 0xFF: return true; /* never */
	case 0x10:
	case 0x90: return cur_bytes(c, 1, &arg);
	case AC_LCSO:
		if (!cur_bytes(c, 2, &arg))
			return false;
		*holds = state_holds(arg[0], arg[1], lcso);
		return true;
	default:
		if (!cur_bytes(c, 2, &arg))
			return false;
		*names =
		    (id == AC_CONF || id == AC_INT) && (arg[0] << 8 | arg[1]) == CHIP_OID_BINDING;
		return true;
	}
}

bool
chip_access_shielded(const struct cur *ac, int lcso)
{
	struct cur c = *ac;
	bool any = false, token = true;
	uint8_t glue;

	if (lcso < 0)
		lcso = CHIP_LCS_OPERATIONAL;
	for (;;) {
		bool names, holds;

		if (c.p == NULL || !take_condition(&c, lcso, &names, &holds))
			return any;
		any = any || names;
		token = token && holds;
		if (c.len == 0)
			return any && !token;
		(void)cur_u8(&c, &glue);
		if (glue == AC_AND)
			continue;
		if (glue != AC_OR)
			return any;
		if (token)
			return false; /* this alternative holds in clear */
		token = true;
	}
}

/* Whether any part of it is an authorization with the portal's secret. */
static bool
names_authorization(const struct cur *ac)
{
	struct cur c = *ac;
	bool names, holds;
	uint8_t glue;

	while (c.p != NULL && c.len > 0) {
		if (c.len >= 3 && c.p[0] == AC_AUTO &&
		    (c.p[1] << 8 | c.p[2]) == CHIP_OID_AUTHORIZATION)
			return true;
		if (!take_condition(&c, 0, &names, &holds) || !cur_u8(&c, &glue))
			return false;
	}
	return false;
}

/* --- conditions that were read ------------------------------------------------------------- */

void
chip_protect_forget(struct chip *c, uint16_t oid)
{
	for (size_t i = 0; i < c->nneeds; i++)
		if (oid == 0 || c->needs[i].oid == oid)
			c->needs[i--] = c->needs[--c->nneeds];
}

static int
needs_of(struct chip *c, uint16_t oid, struct chip_needs *n)
{
	struct chip_meta m;
	int r;

	for (size_t i = 0; i < c->nneeds; i++) {
		if (c->needs[i].oid == oid) {
			*n = c->needs[i];
			return 0;
		}
	}
	if ((r = chip_meta_read(c, oid, &m)) != 0)
		return r;
	n->oid = oid;
	n->shielded[READ] = chip_access_shielded(&m.read, m.lcso);
	n->shielded[CHANGE] = chip_access_shielded(&m.change, m.lcso);
	n->shielded[EXECUTE] = chip_access_shielded(&m.execute, m.lcso);
	n->authorized[READ] = names_authorization(&m.read);
	n->authorized[CHANGE] = names_authorization(&m.change);
	n->authorized[EXECUTE] = names_authorization(&m.execute);
	if (c->nneeds < NITEMS(c->needs))
		c->needs[c->nneeds++] = *n;
	return 0;
}

/* --- commands ------------------------------------------------------------------------------- */

static bool
find_oid(const struct buf *in, uint8_t tag, uint16_t *oid)
{
	struct cur c = { in->data, in->len }, v;
	uint8_t t;

	if (tag == AT_START)
		return cur_u16(&c, oid);
	while (cur_tlv(&c, &t, &v))
		if (t == tag)
			return cur_u16(&v, oid);
	return false;
}

/* Objects that can have such a condition. */
static bool
may_demand(const struct chip *c, uint16_t oid)
{
	const struct chip_object *o = chip_model_object(c->model, oid);

	return o != NULL && o->kind != CHIP_KIND_STATUS && o->kind != CHIP_KIND_SESSION;
}

/* The conditions of a command's object that count for it; *access: which. False: there is none. */
static bool
object_needs(struct chip *c, const struct chip_apdu *a, const struct buf *in, struct chip_needs *n,
    enum access *access, int *rp)
{
	uint16_t oid;

	*rp = 0;
	for (size_t i = 0; i < NITEMS(objects); i++) {
		if (objects[i].cmd != a->cmd ||
		    (objects[i].param != ANY && objects[i].param != a->param) ||
		    !find_oid(in, objects[i].tag, &oid) || !may_demand(c, oid))
			continue;
		*access = objects[i].access;
		*rp = needs_of(c, oid, n);
		return *rp == 0;
	}
	return false;
}

static int
object_demands(struct chip *c, const struct chip_apdu *a, const struct buf *in, bool *yes)
{
	struct chip_needs n;
	enum access access;
	int r;

	if (object_needs(c, a, in, &n, &access, &r))
		*yes = n.shielded[access];
	return r < 0 ? r : 0; /* what is wrong with it, the command will tell */
}

int
chip_protect_authorizes(struct chip *c, const struct chip_apdu *a, const struct buf *in, bool *yes)
{
	struct chip_needs n;
	enum access access;
	int r;

	*yes = false;
	if (object_needs(c, a, in, &n, &access, &r))
		*yes = n.authorized[access];
	return r < 0 ? r : 0;
}

int
chip_protect_choose(struct chip *c, const struct chip_apdu *a, const struct buf *in, bool *yes)
{
	*yes = a->shielded || c->shield_all;
	if (*yes || c->model == NULL || !chip_binding_known(c))
		return 0;
	if (link_presence(c->ln))
		for (size_t i = 0; i < NITEMS(never_clear); i++)
			*yes = *yes || a->cmd == never_clear[i];
	return *yes ? 0 : object_demands(c, a, in, yes);
}
