/*
 * The handle, and taking turns with other processes.
 *
 * Hosts that share a chip leave a record for each other (bus.h), read and changed under the bus
 * lock: who used the chip last, whether a command was under way (its host died), whether the
 * application is open, how often volatile state was lost (boot) and content written (change).
 * It is written in an order that survives SIGKILL at any point: "closed" before a reset,
 * "busy" and "changed" before a command.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/bus.h"
#include "hal/chip/internal.h"
#include "hal/link/link.h"

#define RECORD_MAGIC   0x4F505452 /* "OPTR" */
#define RECORD_VERSION 1

#define OID_UID        0xE0C2

static int
random_u64(uint64_t *v)
{
	do {
		if (getrandom(v, sizeof(*v), 0) != (ssize_t)sizeof(*v))
			return HAL_EIO;
	} while (*v == 0);
	return 0;
}

int
chip_open(const char *selector, struct chip **cp)
{
	struct chip *c;
	int r;

	*cp = NULL;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		return HAL_ENOMEM;
	if ((r = random_u64(&c->self)) != 0 || (r = bus_open(selector, &c->bus)) != 0 ||
	    (r = link_new(c->bus, &c->ln)) != 0)
		goto out;
	*cp = c;
	c = NULL; /* now the caller's */
out:
	chip_close(&c);
	return r;
}

void
chip_close(struct chip **cp)
{
	struct chip *c = *cp;

	if (c == NULL)
		return;
	if (c->depth > 0)
		bus_unlock(c->bus);
	link_free(&c->ln);
	bus_close(&c->bus);
	buf_free(&c->cmd);
	buf_free(&c->rsp);
	free(c->binding_dir);
	secret_free(&c->slept);
	free(c);
	*cp = NULL;
}

bool
chip_present(const struct chip *c)
{
	return bus_present(c->bus);
}

const char *
chip_selector(const struct chip *c)
{
	return bus_selector(c->bus);
}

uint64_t
chip_change(const struct chip *c)
{
	return c->change;
}

uint64_t
chip_boot(const struct chip *c)
{
	return c->boot;
}

const struct chip_model *
chip_model(const struct chip *c)
{
	return c->model;
}

const uint8_t *
chip_uid(const struct chip *c)
{
	return c->model != NULL ? c->uid : NULL;
}

unsigned
chip_commands(const struct chip *c)
{
	return c->commands;
}

void
chip_mark_open(struct chip *c)
{
	c->shut = false;
	if (c->rec == NULL)
		return;
	c->rec->owner = c->self;
	c->rec->boot = c->boot;
	c->rec->open = 1;
}

void
chip_mark_closed(struct chip *c)
{
	if (c->rec != NULL)
		c->rec->open = 0;
}

void
chip_mark_busy(struct chip *c, bool busy)
{
	if (c->rec != NULL)
		c->rec->busy = busy;
}

void
chip_mark_reset(struct chip *c)
{
	chip_mark_busy(c, false);
	c->unsettled = false;
	if (c->rec == NULL)
		return;
	c->rec->shield = 0;
	c->rec->presence = 0;
}

void
chip_mark_shielded(struct chip *c)
{
	if (c->rec == NULL)
		return;
	c->rec->presence = 1;
	c->rec->shield = c->self;
}

void
chip_mark_changed(struct chip *c)
{
	c->change++;
	if (c->rec != NULL)
		c->rec->change = c->change;
}

int
chip_restart(struct chip *c)
{
	int r;

	chip_mark_closed(c);
	secret_free(&c->slept); /* what the chip saved is lost with this */
	if ((r = link_start(c->ln)) != 0)
		return r;
	/* A command of before has not survived the reset, nor has a session. */
	chip_mark_reset(c);
	if ((r = chip_apdu_open(c, NULL)) != 0)
		return r;
	c->boot++;
	chip_mark_open(c);
	return 0;
}

/*
 * The record under the lock. A new one starts from random numbers, so that they differ from
 * those of a record that was lost (its device's directory is gone with every boot of the host).
 */
static struct bus_record *
record_get(struct chip *c)
{
	struct bus_record *rec = bus_record(c->bus);

	if (rec == NULL)
		return NULL;
	if (rec->magic == 0) {
		memset(rec, 0, sizeof(*rec));
		rec->version = RECORD_VERSION;
		if (random_u64(&rec->boot) != 0 || random_u64(&rec->change) != 0)
			return NULL;
		rec->magic = RECORD_MAGIC;
	}
	if (rec->magic == RECORD_MAGIC && rec->version == RECORD_VERSION)
		return rec;
	log_debug("record of another layout (%08X, %u): left alone", rec->magic, rec->version);
	return NULL;
}

int
chip_join(struct chip *c, bool drain)
{
	const int r = link_join(c->ln, drain);

	if (r == HAL_EPROTO || r == HAL_ETIMEOUT || r == HAL_ERESET || r == HAL_ERESYNC) {
		log_info("joining the chip: %s; starting it again", hal_strerror(r));
		return chip_restart(c);
	}
	if (r == 0)
		c->unsettled = false;
	if (r == HAL_ENODEV)
		chip_mark_closed(c); /* when it is there again it has lost its power */
	return r;
}

/* Comes to terms with what others did since our last turn. No traffic when nobody did. */
static int
take_over(struct chip *c)
{
	struct bus_record *rec = c->rec;
	bool drain;
	int r;

	if (rec == NULL) { /* the worst: everything may have moved, the application may be closed */
		c->boot++;
		c->change++;
		link_adopt(c->ln, link_presence(c->ln), false);
		return chip_join(c, true);
	}
	if (rec->owner == c->self && rec->boot == c->boot && rec->open != 0 && rec->busy == 0)
		return 0;
	if (rec->change != c->change) {
		c->sought = false;
		chip_protect_forget(c, 0);
	}
	/* Another host's handshake ends our session; its plain commands do not. */
	link_adopt(c->ln, rec->presence != 0, rec->boot == c->boot && rec->shield == c->self);
	c->boot = rec->boot;
	c->change = rec->change;
	c->shut = false; /* the record knows better */
	if (rec->open == 0)
		return chip_restart(c);
	drain = rec->busy != 0;
	if ((r = chip_join(c, drain)) != 0)
		return r;
	rec->owner = c->self;
	rec->busy = 0;
	return 0;
}

/* Model and UID, once in the life of the handle. */
static int
identify(struct chip *c)
{
	struct buf uid = BUF_INIT;
	int r;

	if ((r = chip_data_read(c, OID_UID, 0, CHIP_UID_LEN, &uid)) != 0)
		goto out;
	if (uid.len != CHIP_UID_LEN) {
		r = HAL_EPROTO;
		goto out;
	}
	memcpy(c->uid, uid.data, CHIP_UID_LEN);
	r = chip_model_by_uid(c->uid, &c->model);
out:
	buf_free(&uid);
	return r;
}

int
chip_lock(struct chip *c)
{
	int r;

	if (c->depth == 0) {
		if ((r = bus_lock(c->bus)) != 0)
			return r;
		c->rec = record_get(c);
	}
	c->depth++;
	return 0;
}

int
chip_acquire(struct chip *c)
{
	const bool nested = c->depth > 0;
	int r;

	if ((r = chip_lock(c)) != 0 || nested)
		return r;
	if ((r = take_over(c)) == 0 && c->model == NULL)
		r = identify(c);
	if (r != 0)
		chip_release(c);
	return r;
}

void
chip_release(struct chip *c)
{
	if (--c->depth > 0)
		return;
	c->rec = NULL;
	bus_unlock(c->bus);
}
