/* A change in words: what of it is for ever, and what should be minded. */
#include <config.h>

#include <stdio.h>

#include "provision/lockplanint.h"

#define OID_AUTHORIZATION 0xF1D0 /* the one that the module can authorize with */

void
lock_reset_words(int reset, char out[64])
{
	const char *state = life_cycle_word(reset & 0x0F);

	(void)snprintf(out, 64, "%s%s",
	    reset < 0       ? "none"
	    : state != NULL ? state
			    : "unknown",
	    reset < 0             ? ""
	    : (reset & 0x10) != 0 ? " and zeros"
	    : (reset & 0x20) != 0 ? " and random bytes"
				  : "");
}

/* What the object holds, for sentences. */
static const char *
content_word(const struct lock_object *o)
{
	static const char *const words[] = {
		[LOCK_KIND_KEY] = "the key",
		[LOCK_KIND_CERTIFICATE] = "the certificate",
		[LOCK_KIND_ANCHOR] = "the trust anchor",
		[LOCK_KIND_BINDING] = "the binding secret",
		[LOCK_KIND_COUNTER] = "the counter",
		[LOCK_KIND_DATA] = "the data",
		[LOCK_KIND_OTHER] = "the content",
	};

	return words[lock_kind(o->oid)];
}

static const char *
condition_forever(const struct lock_change *c, enum lock_condition i)
{
	static const char *const verbs[] = {
		[LOCK_CHANGE] = "replaced or erased",
		[LOCK_READ] = "read",
		[LOCK_EXECUTE] = "used",
	};
	char words[ACCESS_WORDS_MAX];
	struct access rest;

	access_final(&c->after[i], (uint8_t)c->life_cycle_after, &rest);
	if (access_is(&rest, ACCESS_ALWAYS))
		return NULL;
	if (access_is(&rest, ACCESS_NEVER))
		return lock_say(
		    "%s can never be %s again, by anyone", content_word(c->object), verbs[i]);
	access_words(&rest, words);
	return lock_say("%s can only be %s by: %s", content_word(c->object), verbs[i], words);
}

/* Keys are never read, certificates not executed by a person: what goes without saying is left out.
 */
static bool
is_told(const struct lock_change *c, enum lock_condition i)
{
	const enum lock_kind kind = lock_kind(c->object->oid);

	switch (i) {
	case LOCK_CHANGE: return true;
	case LOCK_READ: return kind != LOCK_KIND_KEY;
	case LOCK_EXECUTE: return kind == LOCK_KIND_KEY || c->changes[i];
	default: return false;
	}
}

const char *
lock_forever(const struct lock_change *c, size_t i)
{
	char words[ACCESS_WORDS_MAX];

	if (c->raise_len == 0)
		return NULL;
	if (i-- == 0) {
		if (c->life_cycle_after == TERMINATION)
			return "it is terminated: nobody can use it any more";
		if (c->life_cycle_after < OPERATIONAL)
			return "its life cycle never goes back; its rules can still be changed";
		if (lock_never_again(c, LOCK_UPDATE))
			return "its rules are fixed: nobody can change them again";
		access_words(&c->after[LOCK_UPDATE], words);
		return lock_say("its rules are fixed, except for: %s", words);
	}
	if (c->life_cycle_after < OPERATIONAL)
		return NULL;
	for (size_t k = LOCK_CHANGE; k <= LOCK_EXECUTE; k++) {
		const char *sentence = is_told(c, (enum lock_condition)k)
					   ? condition_forever(c, (enum lock_condition)k)
					   : NULL;

		if (sentence != NULL && i-- == 0)
			return sentence;
	}
	return NULL;
}

static const char *
named_warning(const struct lock_chip *chip, enum access_id id, uint16_t oid)
{
	const struct lock_object *o = lock_object_find(chip, oid);
	const int lcso = o != NULL ? lock_tag_byte(o, TAG_LCSO) : -1;

	if (id == ACCESS_AUTO && oid != OID_AUTHORIZATION)
		return lock_say(
		    "the module cannot prove to know the secret in %04X: only programs of "
		    "other makers can",
		    oid);
	if (id == ACCESS_AUTO && !chip->authorized)
		return lock_say("this host does not have the secret in %04X", oid);
	if (id == ACCESS_LUC)
		return lock_say("every use counts %04X up, and ends with its threshold", oid);
	if (lcso >= 0 && lcso < OPERATIONAL && !o->to_be_locked)
		return lock_say(
		    "%04X, which a condition rests on, is not locked itself: whoever has the "
		    "board can put another in its place",
		    oid);
	return NULL;
}

const char *
lock_warning(const struct lock_change *c, const struct lock_chip *chip, size_t i)
{
	enum access_id id;
	uint16_t oid;

	for (size_t k = 0; k < LOCK_CONDITIONS; k++) {
		for (size_t j = 0; c->changes[k] && access_object(&c->after[k], j, &id, &oid);
		     j++) {
			const char *w = named_warning(chip, id, oid);

			if (w != NULL && i-- == 0)
				return w;
		}
	}
	return NULL;
}
