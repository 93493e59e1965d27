/* A token as "show" sees it: object map and certificates decoded, drawn as text, JSON or HTML. */
#ifndef PROVISION_SHOW_H
#define PROVISION_SHOW_H

#include <stdio.h>
#include <time.h>

#include <jansson.h>

#include "provision/certinfo.h"
#include "provision/chipmap.h"
#include "provision/look.h"

struct show {
	struct chipmap *map;
	struct certinfo *certs;                            /* of map->certs, in their order */
	const char *label, *serial, *model, *manufacturer; /* of the token, clean */
	char *texts[4];                                    /* what these point to */
	time_t now;
	const struct chip_slot *slot; /* this one only; NULL: all */
	bool all;                     /* every object, not only those in use */
};

/* Coprocessor UID, object E0C2: SRM "Coprocessor UID". */
struct chip_uid {
	char hex[55];
	unsigned int cim, platform, model, rom_mask, wafer_x, wafer_y, build; /* build: BCD */
	char chip_type[13], batch[13], firmware[9];
};

/* A slot's name as --slot takes it; false: said that it is none. */
bool show_slot_parse(const char *name, const struct chip_slot **slot);

/* Reads the token. false: said why. */
bool show_open(struct show *s, struct token *t);
void show_close(struct show *s);

bool show_uid(const struct chipmap *m, struct chip_uid *out);

/*
 * A slot's key: index into map->keys; -1: it is free. On other tokens a key is in a slot whose ID
 * says so.
 */
int show_key_of(const struct show *s, const struct chip_slot *slot);

/* Whether a key is in none of the slots of a chip. */
bool show_key_elsewhere(const struct show *s, size_t k);

/* Whether a key, certificate or object belongs to what was asked for: to the slot, or anything. */
bool show_wants_key(const struct show *s, size_t k);
bool show_wants_cert(const struct show *s, size_t i);
bool show_wants_object(const struct show *s, const struct chip_object *o);
bool show_wants_slot(const struct show *s, const struct chip_slot *slot);

/* "P-256", "secp256r1", "RSA-2048"; buf is used or not. */
const char *show_key_kind(const struct show *s, size_t k, char *buf, size_t n);

/* Whether the key has a label that says more than its ID does. */
bool show_key_named(const struct chip_key *key);

/* Uses that a counter leaves an object; -1: they are not counted. */
long show_uses_left(const struct chipmap *m, const struct chip_object *o);

/* In one line, what is in an object: "certificate of device 1", "zeros", "3 of 100". */
void show_content(const struct show *s, const struct chip_object *o, char *buf, size_t n);

/* Bytes in use and there, of all objects of a kind. */
void show_room(const struct chipmap *m, enum chip_kind kind, long *used, long *max);

json_t *show_json(const struct show *s);
void show_text(const struct show *s, const struct look *l);

/* One HTML page; false: it could not be written. */
bool show_html(const struct show *s, FILE *f);

#endif
