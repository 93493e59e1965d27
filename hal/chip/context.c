/*
 * Who has which session context. The chip does not tell its hosts apart, so they agree through
 * the record (bus.h): each context has an owner, a process, and a process that is gone owns
 * nothing. A reset empties all of them.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/bus.h"
#include "hal/chip/internal.h"

/*
 * A process: its number in the upper half, when it was started (clock ticks since boot, proc(5)
 * stat, field 22) in the lower. 0: no such process.
 */
static uint64_t
process_id(long pid)
{
	unsigned long long start;
	char path[32], text[512];
	const char *p;
	size_t n;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	if ((f = fopen(path, "re")) == NULL)
		return 0;
	n = fread(text, 1, sizeof(text) - 1, f);
	(void)fclose(f);
	text[n] = '\0';
	/* The name, field 2, is in brackets and may hold anything: count from the last one. */
	if ((p = strrchr(text, ')')) == NULL)
		return 0;
	for (int field = 2; field < 22 && p != NULL; field++)
		p = strchr(p + 1, ' ');
	if (p == NULL || sscanf(p, "%llu", &start) != 1)
		return 0;
	return (uint64_t)pid << 32 | (uint32_t)start;
}

static bool
is_free(uint64_t owner)
{
	return owner == 0 || process_id((long)(owner >> 32)) != owner;
}

/* Forgets what a reset has emptied. */
static void
settle(struct chip *c)
{
	if (c->contexts_boot != c->boot)
		memset(c->contexts, 0, sizeof(c->contexts));
	c->contexts_boot = c->boot;
	if (c->rec == NULL || c->rec->contexts_boot == c->boot)
		return;
	memset(c->rec->contexts, 0, sizeof(c->rec->contexts));
	c->rec->contexts_boot = c->boot;
}

int
chip_context_take(struct chip *c, uint16_t *oid)
{
	int r;

	if ((r = chip_acquire(c)) != 0)
		return r;
	settle(c);
	if (c->process == 0)
		c->process = process_id(getpid());
	r = HAL_EBUSY;
	for (unsigned i = 0; i < CHIP_SESSION_COUNT; i++) {
		if (c->contexts[i] || (c->rec != NULL && !is_free(c->rec->contexts[i])))
			continue;
		c->contexts[i] = true;
		if (c->rec != NULL)
			c->rec->contexts[i] = c->process;
		*oid = (uint16_t)(CHIP_SESSION_FIRST + i);
		r = 0;
		break;
	}
	if (r != 0)
		log_info("%s: all %d session contexts of the chip are in use", chip_selector(c),
		    CHIP_SESSION_COUNT);
	chip_release(c);
	return r;
}

void
chip_context_give(struct chip *c, uint16_t oid)
{
	const unsigned i = oid - CHIP_SESSION_FIRST;

	if (i >= CHIP_SESSION_COUNT || !c->contexts[i])
		return;
	/* Without the lock the record is out of reach; then a later settle, or our end, frees it.
	 */
	if (chip_acquire(c) != 0)
		return;
	settle(c);
	if (c->contexts[i] && c->rec != NULL)
		c->rec->contexts[i] = 0;
	c->contexts[i] = false;
	chip_release(c);
}

int
chip_context_check(struct chip *c, uint16_t oid, uint64_t boot)
{
	const unsigned i = oid - CHIP_SESSION_FIRST;

	if (c->depth == 0)
		return HAL_EINVAL;
	settle(c);
	if (i >= CHIP_SESSION_COUNT || boot != c->boot || !c->contexts[i])
		return HAL_ERESET;
	return c->rec == NULL || c->rec->contexts[i] == c->process ? 0 : HAL_ERESET;
}
