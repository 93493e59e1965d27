/* Whether a change makes sense: what would leave an object, or its users, locked out for ever. */
#include <config.h>

#include "provision/lockplanint.h"

#define OID_BINDING 0xE140

/* Types of data objects. */
#define TYPE_ANCHOR        0x11
#define TYPE_UPDATE_SECRET 0x23
#define TYPE_AUTHORIZATION 0x31

#define HINT_ALLOW                                                                                 \
	"if that is meant, add \"allow_lock_out\": true to the object's rule in the policy"

static bool
holds_key(const struct lock_object *o)
{
	return lock_tag_byte(o, TAG_USAGE) > 0;
}

static const char *
check_pairing(const struct lock_chip *chip, const char **hintp)
{
	*hintp = "\"optiga-provision pair\" gives chip and host a secret of their own";
	if (chip->pairing == LOCK_PAIRED)
		return NULL;
	if (chip->pairing == LOCK_FACTORY)
		return "the chip still has the binding secret of the factory, which everybody "
		       "knows";
	return "this host is not paired with the chip: the condition would lock it out";
}

/* Objects that conditions name, and what they must be. */
static const char *
check_named(const struct lock_chip *chip, enum access_id id, uint16_t oid, const char **hintp)
{
	static const struct {
		enum access_id id;
		int type;
		const char *what;
	} types[] = {
		{ ACCESS_INT, TYPE_ANCHOR, "trust anchor" },
		{ ACCESS_CONF, TYPE_UPDATE_SECRET, "secret for protected updates" },
		{ ACCESS_AUTO, TYPE_AUTHORIZATION, "authorization reference" },
	};
	const struct lock_object *o = lock_object_find(chip, oid);

	*hintp = HINT_ALLOW;
	if (oid == OID_BINDING && (id == ACCESS_CONF || id == ACCESS_INT))
		return check_pairing(chip, hintp);
	if (o == NULL)
		return lock_say("a condition names %04X, which the chip does not have", oid);
	if (id == ACCESS_LUC) {
		if (lock_kind(oid) != LOCK_KIND_COUNTER)
			return lock_say("a condition counts with %04X, which is no counter", oid);
		return o->empty
			   ? lock_say("the counter %04X has reached its threshold already: the "
				      "condition would never hold",
				 oid)
			   : NULL;
	}
	for (size_t i = 0; i < ROWS(types); i++)
		if (types[i].id == id && lock_tag_byte(o, TAG_TYPE) != types[i].type)
			return lock_say(
			    "a condition names %04X, which is no %s", oid, types[i].what);
	if (o->empty)
		return lock_say("the %s %04X is empty: the condition would never hold",
		    id == ACCESS_INT ? "trust anchor" : "object", oid);
	return NULL;
}

static const char *
check_conditions(const struct lock_change *c, const struct lock_chip *chip, const char **hintp)
{
	enum access_id id;
	const char *why;
	uint16_t oid;

	for (size_t i = 0; i < LOCK_CONDITIONS; i++)
		for (size_t k = 0; c->changes[i] && access_object(&c->after[i], k, &id, &oid); k++)
			if ((why = check_named(chip, id, oid, hintp)) != NULL)
				return why;
	return NULL;
}

/* The binding secret is what all encryption rests on. */
static const char *
check_binding(const struct lock_change *c, const struct lock_chip *chip, const char **hintp)
{
	const char *why = check_pairing(chip, hintp);

	if (why != NULL)
		return why;
	*hintp = HINT_ALLOW;
	return lock_never_again(c, LOCK_READ) ? NULL : "the binding secret could be read for ever";
}

/* What would be useless from now on. */
static const char *
check_use(const struct lock_change *c, const struct lock_chip *chip, const char **hintp)
{
	const struct lock_object *o = c->object;
	const bool stays = lock_never_again(c, LOCK_CHANGE);

	*hintp = HINT_ALLOW;
	if (c->life_cycle_after == TERMINATION)
		return "terminated, it can neither be read nor used by anyone";
	switch (lock_kind(o->oid)) {
	case LOCK_KIND_KEY:
		if (stays && !holds_key(o))
			return "it holds no key, and would stay empty for ever";
		return lock_never_again(c, LOCK_EXECUTE) ? "its key could never be used again"
							 : NULL;
	case LOCK_KIND_CERTIFICATE:
		if (stays && o->empty)
			return "it holds no certificate, and would stay empty for ever";
		return lock_never_again(c, LOCK_READ) ? "its certificate could never be read again"
						      : NULL;
	case LOCK_KIND_ANCHOR:
	case LOCK_KIND_DATA:
		if (stays && o->empty)
			return "it is empty, and would stay so for ever";
		return lock_never_again(c, LOCK_READ) && lock_never_again(c, LOCK_EXECUTE)
			   ? "it could neither be read nor used again"
			   : NULL;
	case LOCK_KIND_BINDING: return check_binding(c, chip, hintp);
	default: return NULL;
	}
}

const char *
lock_senseless(const struct lock_change *c, const struct lock_chip *chip, const char **hintp)
{
	const char *why = check_conditions(c, chip, hintp);

	if (why != NULL || c->life_cycle_after < OPERATIONAL || c->raise_len == 0)
		return why;
	return check_use(c, chip, hintp);
}
