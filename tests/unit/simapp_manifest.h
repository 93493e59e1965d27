/*
 * Protected updates as a vendor would make them, for tests: trust anchors, signed manifests and
 * fragments, built with nothing of the simulator's.
 */
#ifndef TESTS_UNIT_SIMAPP_MANIFEST_H
#define TESTS_UNIT_SIMAPP_MANIFEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/evp.h>

enum { MF_DATA = 1, MF_METADATA = 2, MF_KEY = 3 };
#define MF_FRAGMENTS 8

/* What to send where. Unset members mean: broadcast, not encrypted, context as the chip wants it.
 */
struct mf_spec {
	unsigned target, anchor;
	EVP_PKEY *key; /* EC or RSA, signs */
	unsigned type, version;
	unsigned info[2];
	const uint8_t *payload;
	size_t len;
	unsigned secret_oid; /* 0: plain */
	const uint8_t *secret;
	size_t secret_len;
	const uint8_t *uid; /* 25 bytes */
	bool text_context;  /* as COSE has it */
	size_t claimed;     /* payload length in the manifest, if not len */
};

struct mf {
	uint8_t manifest[1024];
	size_t manifest_len;
	uint8_t fragment[MF_FRAGMENTS][640];
	size_t fragment_len[MF_FRAGMENTS];
	size_t n;
};

void mf_make(const struct mf_spec *s, struct mf *m);

/* A new key: name of the curve, or "RSA". */
EVP_PKEY *mf_key(const char *curve);

/* A certificate for it as trust anchor into object oid: content and metadata. */
void mf_anchor(unsigned oid, EVP_PKEY *key);

/* Sends the start, fragment i; the error code, 0: taken. */
unsigned mf_start(const struct mf *m);
unsigned mf_fragment(const struct mf *m, size_t i);
/* All of it; stops at the first error. */
unsigned mf_send(const struct mf *m);

#endif
