/* A simulated chip, a directory for its binding secret, and a host of it: tests of pairing. */
#ifndef TESTS_UNIT_SHIELD_BED_H
#define TESTS_UNIT_SHIELD_BED_H

#include <stdbool.h>
#include <stdint.h>

#include "hal/base/secret.h"
#include "hal/chip/binding.h"

#define BED_OID 0xF1D1 /* the object that demands the encryption after bed_demand */

extern const char *bed_selector;
extern char bed_dir[64], bed_serial[CHIP_SERIAL_LEN];
extern struct chip *bed_chip;

/* Fixture of each test. Nothing may be left in the directory but files of known names. */
void bed_setup(void);
void bed_teardown(void);

/* Another host. */
struct chip *bed_open(void);

/* Completed ones, as a host counts them. */
unsigned bed_handshakes(const struct chip *of);

struct secret *bed_secret_of(const char *suffix);
bool bed_exists(const char *suffix);

/* 64 bytes that count up from first; 1 is the factory's. */
struct secret *bed_some_secret(uint8_t first);

/* BED_OID is read and written through the encryption alone from now on. */
void bed_demand(void);
int bed_write(struct chip *to, uint8_t v);
int bed_read(struct chip *from, uint8_t *v);
void bed_expect(struct chip *from, uint8_t want);

#endif
