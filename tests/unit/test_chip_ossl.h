/* What a chip gave, judged by OpenSSL; and a simulated chip in a directory of its own. */
#ifndef TESTS_UNIT_TEST_CHIP_OSSL_H
#define TESTS_UNIT_TEST_CHIP_OSSL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"
#include "hal/chip/chip.h"

/* A public key as GenKeyPair returns it, never NULL (fails the test); for EVP_PKEY_free. */
struct evp_pkey_st *ossl_key(const struct chip_keytype *kt, const struct buf *pub);

bool ossl_verify_ecdsa(
    struct evp_pkey_st *key, const uint8_t *digest, size_t len, const struct buf *sig);

/* md: "SHA256" and so on, digest of its size. */
bool ossl_verify_rsa(struct evp_pkey_st *key, const char *md, const uint8_t *digest, size_t len,
    const struct buf *sig);

/* Makes an image and returns its selector in virtual time, static until sim_image_remove. */
const char *sim_image(uint64_t seed);
const char *sim_image_of(const char *model, bool monitor, uint64_t seed);
void sim_image_remove(void);

#endif
