/*
 * Access conditions (SRM, "Access Conditions"): tokens joined by FE (or), each of conditions
 * joined by FD (and). Here only what decides whether a try is hopeless: the life cycle of the
 * object, and conditions that only an encrypted or authorised session meets.
 */
#include <config.h>

#include "pkcs11/store/internal.h"

#define AC_ALW  0x00
#define AC_NEV  0xFF
#define AC_LCSO 0xE1
#define AC_AND  0xFD
#define AC_OR   0xFE

/* Bytes after the identifier of a condition; meets: it may be met from here. */
static const struct condition {
	uint8_t id, args;
	bool meets;
} conditions[] = {
	{ AC_ALW, 0, true },
	{ AC_NEV, 0, false },
	{ 0x10, 1, true },  /* SecStaG */
	{ 0x90, 1, true },  /* SecStaA */
	{ 0x20, 2, false }, /* Conf */
	{ 0x21, 2, false }, /* Int */
	{ 0x23, 2, false }, /* Auto */
	{ 0x40, 2, true },  /* Luc */
	{ 0x70, 2, true },  /* LcsG */
	{ 0xE0, 2, true },  /* LcsA */
	{ AC_LCSO, 2, true },
};

static bool
lcso_meets(int lcso, uint8_t op, uint8_t value)
{
	if (lcso < 0)
		lcso = CHIP_LCS_OPERATIONAL;
	switch (op) {
	case 0xFA: return lcso == value;
	case 0xFB: return lcso > value;
	case 0xFC: return lcso < value;
	default: return false;
	}
}

/* One condition; false in *ok when it cannot be understood. */
static bool
condition_meets(struct cur *c, int lcso, bool *ok)
{
	const uint8_t *args;
	uint8_t id;

	*ok = false;
	if (!cur_u8(c, &id))
		return false;
	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		if (conditions[i].id != id)
			continue;
		*ok = cur_bytes(c, conditions[i].args, &args);
		if (*ok && id == AC_LCSO)
			return lcso_meets(lcso, args[0], args[1]);
		return conditions[i].meets;
	}
	return false;
}

/* False is certain, true is the chip's to say. */
static bool
may_meet(struct cur c, int lcso)
{
	bool any = false, all = true, ok;
	uint8_t op;

	if (c.p == NULL)
		return false; /* no condition is NEV */
	for (;;) {
		const bool meets = condition_meets(&c, lcso, &ok);

		if (!ok)
			return true;
		all = all && meets;
		if (!cur_u8(&c, &op))
			return any || all;
		if (op == AC_OR) {
			any = any || all;
			all = true;
		} else if (op != AC_AND) {
			return true;
		}
	}
}

bool
access_changeable(const struct chip_meta *m)
{
	return may_meet(m->change, m->lcso);
}

bool
access_usable(const struct chip_meta *m)
{
	return may_meet(m->execute, m->lcso);
}
