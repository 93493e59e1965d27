/*
 * A simulated chip that waits for protected updates, for tests of them: E0E8 is the trust anchor of
 * up_key, F1D5 has the update secret up_secret, F1D4 and F1E0 take updates signed with that key.
 */
#ifndef TESTS_UNIT_SIMAPP_UPDATE_H
#define TESTS_UNIT_SIMAPP_UPDATE_H

#include "tests/unit/simapp_manifest.h"

extern EVP_PKEY *up_key; /* P-256, made once */
extern uint8_t up_secret[32], up_payload[1600];

/* Fixture: a new chip. */
void up_setup(void);

/* The first len bytes of up_payload for object target, erase and write, not encrypted. */
struct mf_spec up_data(unsigned target, unsigned version, size_t len);

/* Makes it and sends it; the error code, 0: taken. */
unsigned up_send(struct mf_spec s);

#endif
