/* What rules of "audit" look for in chip objects, and in the chip as a whole; see auditint.h. */
#include <config.h>

#include <stdio.h>

#include "provision/auditint.h"

#define COUNTER_ALERT 90 /* percent of the threshold */
#define EVENTS_USUAL  5  /* that ordinary use of keys leaves; the credit of the security monitor */

static bool
kind_is(const struct audit_subject *x, enum chip_kind kind)
{
	return x->object->kind == kind && x->object->meta_len > 0;
}

/* Of these it matters who writes them, once there is something in them. */
static bool
is_used_content(const struct chip_object *o)
{
	uint32_t value, threshold;

	if (o->meta_len == 0)
		return false;
	if (chip_counter(o, &value, &threshold))
		return value > 0 || threshold > 0;
	return (o->kind == CHIP_CERT || o->kind == CHIP_DATA) && chip_bytes_in_use(o) != 0;
}

bool
audit_is_open(const struct audit *a, const struct chip_object *o)
{
	return chip_may(a->show->map, o, ACCESS_CHANGE) == MAY_ANYONE;
}

/* Change, in words. */
bool
audit_say_change(const struct chip_object *o, char *what, size_t n)
{
	char words[256];

	(void)snprintf(what, n, "change %s, life cycle %s",
	    chip_access_words(&o->access[ACCESS_CHANGE], words, sizeof(words)),
	    chip_life_name(o->life));
	return true;
}

/* Session contexts have no conditions that could be changed. */
bool
audit_not_known(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chip_object *o = x->object;

	(void)a;
	if (o->kind == CHIP_SESSION)
		return false;
	if (o->meta_len == 0) {
		(void)snprintf(what, n, "no metadata");
		return true;
	}
	for (int i = 0; i < ACCESS_COUNT; i++) {
		if (chip_access_known(&o->access[i]))
			continue;
		(void)chip_access_words(&o->access[i], what, n);
		return true;
	}
	return false;
}

bool
audit_anchor_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	return kind_is(x, CHIP_ANCHOR) && chip_bytes_in_use(x->object) != 0 &&
	       (audit_is_open(a, x->object) || !chip_locked(x->object)) &&
	       audit_say_change(x->object, what, n);
}

bool
audit_anchor_free(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	return kind_is(x, CHIP_ANCHOR) && chip_bytes_in_use(x->object) == 0 &&
	       (audit_is_open(a, x->object) || !chip_locked(x->object)) &&
	       audit_say_change(x->object, what, n);
}

bool
audit_binding_factory(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)what;
	(void)n;
	return kind_is(x, CHIP_BINDING) && a->factory_secret == 1;
}

bool
audit_binding_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chip_object *o = x->object;
	char words[256];

	if (!kind_is(x, CHIP_BINDING) || (chip_may(a->show->map, o, ACCESS_READ) != MAY_ANYONE &&
					     !audit_is_open(a, o) && chip_locked(o)))
		return false;
	(void)snprintf(what, n, "read %s, life cycle %s",
	    chip_access_words(&o->access[ACCESS_READ], words, sizeof(words)),
	    chip_life_name(o->life));
	return true;
}

bool
audit_secret_readable(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	char words[256];

	if (x->object->meta_len == 0 || x->object->kind == CHIP_BINDING ||
	    !chip_is_secret(x->object) ||
	    chip_may(a->show->map, x->object, ACCESS_READ) != MAY_ANYONE)
		return false;
	(void)snprintf(what, n, "%s, read %s", chip_type_name(x->object->type),
	    chip_access_words(&x->object->access[ACCESS_READ], words, sizeof(words)));
	return true;
}

bool
audit_index_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	return chip_is_index(x->object) && audit_is_open(a, x->object) &&
	       audit_say_change(x->object, what, n);
}

/* Secrets too: who writes one knows it. */
bool
audit_object_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	return is_used_content(x->object) && !chip_is_index(x->object) &&
	       audit_is_open(a, x->object) && audit_say_change(x->object, what, n);
}

bool
audit_object_unlocked(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	return is_used_content(x->object) && !audit_is_open(a, x->object) &&
	       !chip_locked(x->object) && audit_say_change(x->object, what, n);
}

bool
audit_update_incomplete(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)a;
	if (x->object->updating)
		(void)snprintf(what, n, "version %d", x->object->version);
	return x->object->updating;
}

bool
audit_terminated(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)a;
	(void)what;
	(void)n;
	return x->object->life == LIFE_TERMINATION;
}

bool
audit_monitor_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	return x->object->oid == OID_MONITOR && x->object->meta_len > 0 &&
	       (audit_is_open(a, x->object) || !chip_locked(x->object)) &&
	       audit_say_change(x->object, what, n);
}

/* Its first byte is the time that the chip waits for: SRM "Security monitor configuration". */
bool
audit_monitor_off(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)a;
	(void)what;
	(void)n;
	return x->object->oid == OID_MONITOR && x->object->content == CONTENT_READ &&
	       x->object->value_len > 0 && x->object->value[0] == 0;
}

static bool
counter_at(const struct audit_subject *x, bool end, char *what, size_t n)
{
	uint32_t value, threshold;

	if (!chip_counter(x->object, &value, &threshold) || (value == 0 && threshold == 0))
		return false;
	(void)snprintf(what, n, "%u of %u", value, threshold);
	if (value >= threshold)
		return end;
	return !end && (uint64_t)value * 100 >= (uint64_t)threshold * COUNTER_ALERT;
}

bool
audit_counter_end(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)a;
	return counter_at(x, true, what, n);
}

bool
audit_counter_near(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)a;
	return counter_at(x, false, what, n);
}

bool
audit_not_a_certificate(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)a;
	if (x->object->form != FORM_OTHER)
		return false;
	(void)snprintf(what, n, "%zu bytes", x->object->value_len);
	return true;
}

/* --- the chip ------------------------------------------------------------------------------ */

static bool
say_events(const struct audit *a, int from, int to, char *what, size_t n)
{
	const int events = chipmap_byte(a->show->map, OID_EVENTS);

	if (events < from || events > to)
		return false;
	(void)snprintf(what, n, "security event counter %d", events);
	return true;
}

bool
audit_throttled(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)x;
	return say_events(a, EVENTS_USUAL + 1, 255, what, n);
}

bool
audit_some_events(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	(void)x;
	return say_events(a, 1, EVENTS_USUAL, what, n);
}

bool
audit_chip_life(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const int life = chipmap_byte(a->show->map, OID_LIFE_GLOBAL);

	(void)x;
	if (life < 0 || life == LIFE_OPERATIONAL)
		return false;
	(void)snprintf(what, n, "life cycle %s", chip_life_name((enum chip_life)life));
	return true;
}

/* One finding for all of them: a new chip has a dozen. */
bool
audit_free_open(const struct audit *a, const struct audit_subject *x, char *what, size_t n)
{
	const struct chipmap *m = a->show->map;
	size_t count = 0;

	(void)x;
	for (size_t i = 0; i < m->nobjects; i++) {
		const struct chip_object *o = &m->objects[i];

		if (o->meta_len > 0 && audit_is_open(a, o) && !is_used_content(o) &&
		    (o->kind == CHIP_CERT || o->kind == CHIP_DATA || o->kind == CHIP_COUNTER))
			count++;
	}
	(void)snprintf(what, n, "%zu objects", count);
	return count > 0;
}
