/*
 * Access conditions (SRM, "Access Conditions"): tokens joined by FE (or), each of conditions
 * joined by FD (and). Here only what decides whether a try is hopeless: the life cycle of the
 * object, and conditions that only an encrypted or authorised session meets, which needs a secret
 * that this host may not have.
 */
#include <config.h>

#include "hal/chip/binding.h"
#include "pkcs11/store/internal.h"

#define AC_ALW  0x00
#define AC_NEV  0xFF
#define AC_LCSO 0xE1
#define AC_AND  0xFD
#define AC_OR   0xFE

/* Bytes after the identifier of a condition; meets: it may be met from here, secret: by who has it.
 */
static const struct condition {
	uint8_t id, args;
	bool meets, secret;
} conditions[] = {
	{ AC_ALW, 0, true, false },
	{ AC_NEV, 0, false, false },
	{ 0x10, 1, true, false }, /* SecStaG */
	{ 0x90, 1, true, false }, /* SecStaA */
	{ 0x20, 2, false, true }, /* Conf */
	{ 0x21, 2, false, true }, /* Int */
	{ 0x23, 2, false, true }, /* Auto */
	{ 0x40, 2, true, false }, /* Luc */
	{ 0x70, 2, true, false }, /* LcsG */
	{ 0xE0, 2, true, false }, /* LcsA */
	{ AC_LCSO, 2, true, false },
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
condition_meets(struct chip *chip, struct cur *c, int lcso, bool *ok)
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
		if (*ok && conditions[i].secret)
			return chip_has_secret(chip, (uint16_t)(args[0] << 8 | args[1]));
		return conditions[i].meets;
	}
	return false;
}

/* False is certain, true is the chip's to say. */
static bool
may_meet(struct chip *chip, struct cur c, int lcso)
{
	bool any = false, all = true, ok;
	uint8_t op;

	if (c.p == NULL)
		return false; /* no condition is NEV */
	for (;;) {
		const bool meets = condition_meets(chip, &c, lcso, &ok);

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
access_changeable(struct store *st, const struct chip_meta *m)
{
	return may_meet(st->chip, m->change, m->lcso);
}

bool
access_usable(struct store *st, const struct chip_meta *m)
{
	return may_meet(st->chip, m->execute, m->lcso);
}
