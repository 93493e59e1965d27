/*
 * Objects of the simulated chip: the table of what exists, their metadata and content.
 * Solution Reference Manual 3.30, chapters 4.2 and "Data Structures".
 */
#ifndef HAL_SIM_OBJECT_H
#define HAL_SIM_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/sim/app.h"

enum object_kind {
	OBJ_DATA,    /* content in the pool */
	OBJ_STATUS,  /* one byte or more that commands treat specially */
	OBJ_COUNTER, /* value(4) threshold(4) */
	OBJ_ECC,     /* key slots */
	OBJ_RSA,
	OBJ_AES,
	OBJ_SESSION,
};

struct object {
	uint16_t oid;
	uint8_t kind;
	uint8_t on;   /* which silicon has it, see model.h */
	uint16_t max; /* bytes of content on the chip that has most */
	const char *name;
	const char *meta;    /* factory metadata without "20 len", hexadecimal */
	const char *content; /* factory content, hexadecimal; the rest is zero */
};

enum {
	TAG_LCSO = 0xC0,
	TAG_VERSION = 0xC1,
	TAG_MAX = 0xC4,
	TAG_USED = 0xC5,
	TAG_CHANGE = 0xD0,
	TAG_READ = 0xD1,
	TAG_EXECUTE = 0xD3,
	TAG_UPDATE = 0xD8,
	TAG_ALG = 0xE0,
	TAG_USAGE = 0xE1,
	TAG_TYPE = 0xE8,
	TAG_RESET = 0xF0,
};

enum {
	LCS_CREATION = 0x01,
	LCS_INITIALIZATION = 0x03,
	LCS_OPERATIONAL = 0x07,
	LCS_TERMINATION = 0x0F
};

bool is_life_cycle(uint8_t v);

/* The table of all objects of all models (object_table.c); NULL past the end. */
const struct object *object_at(size_t i);

/* Index of an OID, or -1. find: on whatever model; lookup: on this chip. */
int object_find(uint16_t oid);
int object_lookup(const struct sim_app *app, uint16_t oid);
bool object_exists(const struct sim_app *app, size_t i);

/* Where an object's content is in the pool. */
size_t object_offset(size_t i);
uint8_t *object_content(struct sim_app *app, size_t i);

/* What a reader of the object sees: two of them show what the chip keeps elsewhere. */
const uint8_t *object_shown(const struct sim_app *app, size_t i);

/* Key slot behind an object, or NULL. */
struct sim_key *object_key(struct sim_app *app, size_t i);
bool object_key_present(const struct sim_app *app, size_t i);

/* Value of a metadata tag, or NULL. */
const uint8_t *meta_get(const struct sim_meta *m, uint8_t tag, size_t *len);

/* Sets or replaces a tag, keeping ascending order. False when it does not fit (error 0x09). */
bool meta_set(struct sim_meta *m, uint8_t tag, const uint8_t *v, size_t len);

void meta_remove(struct sim_meta *m, uint8_t tag);

uint8_t object_lcso(const struct sim_app *app, size_t i); /* absent: operational */
size_t object_max(const struct sim_app *app, size_t i);   /* C4; keys: 0 */
size_t object_used(const struct sim_app *app, size_t i);  /* C5; absent: maximum */
void object_set_used(struct sim_app *app, size_t i, size_t used);

/* Security status E0C1 or F1C1 after a reset or an opened application; only V3 has a boot phase. */
void object_boot_phase(struct sim_app *app, uint16_t oid);

/* Upper-case hexadecimal of our tables; NULL: nothing. Returns the number of bytes. */
size_t object_unhex(const char *hex, uint8_t *out);

/* The content an object left the factory with, if it is one from the table. */
void object_default_content(struct sim_app *app, size_t i);

/* All objects as they leave the factory, contents and metadata from the tables. */
void objects_factory(struct sim_app *app);

#endif
