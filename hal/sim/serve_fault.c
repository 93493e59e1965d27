/*
 * "optiga-sim serve --fault SCRIPT": faults on request, written in words. They last as long as the
 * server; those of the presentation layer are in the chip and are taken out again at its end.
 *
 * SCRIPT: items with commas between them. Item: KIND[=N][@CLASS][+SKIP][*COUNT].
 */
#include <config.h>

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/sim/prog.h"
#include "hal/sim/serve.h"

static const char *const kinds[SIM_FAULT_COUNT] = {
	[SIM_FAULT_FLIP] = "flip",
	[SIM_FAULT_FCS] = "checksum",
	[SIM_FAULT_LOSE] = "lose",
	[SIM_FAULT_TRUNCATE] = "truncate",
	[SIM_FAULT_DUPLICATE] = "duplicate",
	[SIM_FAULT_NACK] = "nack",
	[SIM_FAULT_DATA_NACK] = "data-nack",
	[SIM_FAULT_BUS_DEAD] = "bus-error",
	[SIM_FAULT_ZERO] = "zero",
	[SIM_FAULT_FF] = "ff",
	[SIM_FAULT_BUSY] = "busy",
	[SIM_FAULT_LENGTH] = "length",
	[SIM_FAULT_RESET] = "reset",
	[SIM_FAULT_LOST] = "arbitration",
	[SIM_FAULT_CLOCK] = "clock-low",
};

static const char *const classes[] = {
	[SIM_AT_ANY] = "any",
	[SIM_AT_WRITE] = "write",
	[SIM_AT_READ] = "read",
	[SIM_AT_FRAME_IN] = "frame-in",
	[SIM_AT_DATA_IN] = "data-in",
	[SIM_AT_CONTROL_IN] = "control-in",
	[SIM_AT_FRAME_OUT] = "frame-out",
	[SIM_AT_DATA_OUT] = "data-out",
	[SIM_AT_CONTROL_OUT] = "control-out",
	[SIM_AT_STATE] = "state",
	[SIM_AT_STATE_READY] = "state-ready",
};

static const char *const shield_kinds[] = {
	[SIM_SHIELD_FAULT_TAG] = "shield-tag",
	[SIM_SHIELD_FAULT_TEXT] = "shield-text",
	[SIM_SHIELD_FAULT_SHORT] = "shield-short",
	[SIM_SHIELD_FAULT_SEQ] = "shield-seq",
	[SIM_SHIELD_FAULT_SCTR] = "shield-sctr",
	[SIM_SHIELD_FAULT_REFUSE] = "shield-refuse",
	[SIM_SHIELD_FAULT_ALERT] = "shield-alert",
	[SIM_SHIELD_FAULT_HELLO] = "shield-hello",
};

/* Index of the word p, n letters, in a list; -1. */
static int
word(const char *const *list, size_t items, const char *p, size_t n)
{
	for (size_t i = 0; i < items; i++)
		if (list[i] != NULL && strlen(list[i]) == n && strncmp(list[i], p, n) == 0)
			return (int)i;
	return -1;
}

/* A number after the sign at *p, if that sign is there. */
static bool
number(const char **p, char sign, unsigned *v)
{
	unsigned long n;
	char *end;

	if (**p != sign)
		return true;
	if (!isdigit((unsigned char)(*p)[1]))
		return false;
	errno = 0;
	n = strtoul(*p + 1, &end, 0);
	if (errno != 0 || n > 0xFFFFFFFF)
		return false;
	*v = (unsigned)n;
	*p = end;
	return true;
}

/* NULL, or what is wrong with the item. */
static const char *
add(struct server *sv, const char *p)
{
	struct sim_fault f = { .at = SIM_AT_ANY };
	struct sim_shield_fault sf = { SIM_SHIELD_FAULT_NONE, 0, 0, 0 };
	size_t n = strcspn(p, "=@+*");
	int kind = word(kinds, NITEMS(kinds), p, n);
	int shield = word(shield_kinds, NITEMS(shield_kinds), p, n);
	int at;

	if (kind < 0 && shield < 0)
		return "no such fault";
	p += n;
	if (!number(&p, '=', &f.arg))
		return "a number must follow =";
	if (*p == '@') {
		n = strcspn(++p, "+*");
		at = word(classes, NITEMS(classes), p, n);
		if (at < 0 || shield >= 0)
			return "no such class of transfers";
		f.at = (enum sim_fault_at)at;
		p += n;
	}
	if (!number(&p, '+', &f.skip) || !number(&p, '*', &f.count) || *p != '\0')
		return "must be KIND[=N][@CLASS][+SKIP][*COUNT]";
	if (shield >= 0) {
		sf = (struct sim_shield_fault){ (enum sim_shield_fault_kind)shield, f.skip, f.count,
			f.arg };
		return sim_set_shield_fault(sv->sim, &sf) == 0 ? NULL : "cannot be written";
	}
	f.kind = (enum sim_fault_kind)kind;
	return sim_fault_add(sv->sim, &f) == 0 ? NULL : "more than 16 faults";
}

bool
serve_faults(struct server *sv, const char *script)
{
	char *copy = strdup(script), *rest = copy, *item;
	const char *why = copy == NULL ? "out of memory" : NULL;

	while (why == NULL && (item = strsep(&rest, ",")) != NULL)
		if ((why = add(sv, item)) != NULL)
			(void)prog_usage("--fault \"%s\": %s", item, why);
	free(copy);
	return why == NULL;
}
