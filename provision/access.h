/*
 * Access conditions of the chip: the words of policies and their bytes (SRM "Access Conditions").
 *
 *   expr = token { FE token }, token = cond { FD cond }: FD (and) binds tighter than FE (or)
 */
#ifndef PROVISION_ACCESS_H
#define PROVISION_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACCESS_MAX    42 /* a block of metadata has no room for more */
#define ACCESS_ALWAYS 0x00
#define ACCESS_NEVER  0xFF

struct access {
	uint8_t expr[ACCESS_MAX + 2]; /* so that a condition can be compared whole */
	size_t len;
};

/* Conditions that a condition's identifier stands for. */
enum access_id {
	ACCESS_SECSTAG = 0x10,
	ACCESS_SECSTAA = 0x90,
	ACCESS_CONF = 0x20,
	ACCESS_INT = 0x21,
	ACCESS_AUTO = 0x23,
	ACCESS_LUC = 0x40,
	ACCESS_LCSG = 0x70,
	ACCESS_LCSA = 0xE0,
	ACCESS_LCSO = 0xE1,
};

/* What follows an identifier. */
enum access_shape {
	ACCESS_ALONE,  /* nothing */
	ACCESS_MASK,   /* one byte */
	ACCESS_OBJECT, /* an object's number, two bytes */
	ACCESS_STATE,  /* FA =, FB >, FC <, and a life cycle */
};

#define ACCESS_AND 0xFD
#define ACCESS_OR  0xFE

/* One condition of an expression. */
struct access_cond {
	const uint8_t *bytes; /* the identifier first */
	size_t len;
	enum access_shape shape;
	uint8_t joint; /* to the next: ACCESS_AND, ACCESS_OR, or 0 for the last */
};

/* The condition at *at, which moves to the next; false: at the end, or malformed. */
bool access_next(const uint8_t *expr, size_t len, size_t *at, struct access_cond *out);

/* Whether all of it is conditions as chips write them; always and never stand alone. */
bool access_well_formed(const uint8_t *expr, size_t len);

/* NULL, or what is wrong with the words, until the next call. */
const char *access_parse(const char *words, struct access *out);

/* "paired host and authorization with F1D0"; bytes that mean nothing as "unknown: 21 E0". */
#define ACCESS_WORDS_MAX 256
void access_words(const struct access *a, char out[ACCESS_WORDS_MAX]);

/*
 * What is left of it for good once the object's life cycle has reached lcso: alternatives that hold
 * only before are gone. The bytes of "never" when nothing is.
 */
void access_final(const struct access *a, uint8_t lcso, struct access *out);

bool access_is(const struct access *a, uint8_t alone);
bool access_equal(const struct access *a, const struct access *b);

/* The i-th condition that names an object; false past the last one. */
bool access_object(const struct access *a, size_t i, enum access_id *id, uint16_t *oid);

/* The first identifier that chips of a generation do not have; 0: it has all of them. */
enum access_chip {
	ACCESS_CHIP_X,  /* life cycles only */
	ACCESS_CHIP_V1, /* and Conf, Int, Luc */
	ACCESS_CHIP_V3, /* and Auto, SecStaG, SecStaA */
};
uint8_t access_unsupported(const struct access *a, enum access_chip chip);

#endif
