/*
 * Manifests of protected updates: SRM 3.30, "Protected Update", and the vendor's CDDL. A
 * COSE_Sign1 array in CBOR; what it says, without judging whether it may.
 */
#ifndef HAL_SIM_MANIFEST_H
#define HAL_SIM_MANIFEST_H

#include "hal/sim/cbor.h"

/* Payload types, as absolute values. */
enum { PAYLOAD_DATA = 1, PAYLOAD_METADATA = 2, PAYLOAD_KEY = 3 };

enum { WRITE_OVER = 1, WRITE_ERASED = 2 };
enum { RESET_BY_OBJECT = 0, RESET_ZERO = 1, RESET_RANDOM = 2 };

#define MANIFEST_HASH 32

struct manifest {
	struct cbor_in protected; /* serialised header: signature algorithm */
	struct cbor_in body;      /* the byte string of Trust_manifest with its head, as signed */
	struct cbor_in signature;
	bool rsa;
	uint16_t anchor, target;
	uint8_t type;
	uint32_t size; /* of the payload before encryption */
	uint16_t version;
	/* data: offset, how to write. key: algorithm, usage. metadata: reset of the content, 0. */
	uint32_t info[2];
	const uint8_t *hash; /* of the first fragment */
	bool encrypted;
	uint16_t secret;
	struct cbor_in label, seed;
	struct cbor_in uid; /* empty: for every chip */
};

/* False: not a manifest. The parts point into p. */
bool manifest_parse(const uint8_t *p, size_t len, struct manifest *m);

#endif
