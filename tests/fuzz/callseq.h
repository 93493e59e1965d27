/*
 * Calls of a PKCS #11 module as bytes say: any function of the list, in any order, with handles
 * that exist or not, buffers that fit or not, templates and mechanisms of known and unknown
 * types. Memory is allocated to the byte, so that sanitizers see what goes past an end.
 */
#ifndef TESTS_FUZZ_CALLSEQ_H
#define TESTS_FUZZ_CALLSEQ_H

#include <stddef.h>
#include <stdint.h>

#include <p11-kit/pkcs11.h>

#include "pkcs11/pkcs11v3.h"

/* The module is initialised with one token in slot 0. Returns the number of calls made. */
unsigned callseq_run(const CK_FUNCTION_LIST_3_0 *list, const uint8_t *data, size_t len);

/* How many functions there are for the first byte of a call to choose from. */
extern const size_t callseq_nfunctions;

#endif
