/*
 * The module's own OpenSSL library context. The libp11 engine may be the process's default for
 * EC and RSA: anything done in the default context could come back to this module. So every
 * fetch in pkcs11/ names this context and property query "provider=default"; nothing of OpenSSL's
 * is touched in constructors, destructors or atexit handlers.
 */
#ifndef PKCS11_STORE_OSSL_H
#define PKCS11_STORE_OSSL_H

#include <stddef.h>
#include <stdint.h>

#include <openssl/ec.h>
#include <openssl/types.h>

struct chip_keytype;

/* Makes the context if there is none; NULL when out of memory. Thread-safe. */
OSSL_LIB_CTX *ossl_ctx(void);

/* Frees it: C_Finalize. */
void ossl_ctx_free(void);

/* A digest by its name in OpenSSL; len is its length. HAL_ECRYPTO. */
int ossl_digest(const char *name, const void *p, size_t n, uint8_t *out, size_t len);

/*
 * Random bytes for what is no secret of the chip's. From the context's own generator: RAND_bytes_ex
 * asks the process's method of random numbers first, whatever context it is given. HAL_ECRYPTO.
 */
int ossl_random(void *p, size_t n);

/* The curve of a key type, for the caller to free; NULL for RSA or out of memory. */
EC_GROUP *ossl_group(const struct chip_keytype *kt);

#endif
