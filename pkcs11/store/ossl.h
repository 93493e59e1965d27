/*
 * The module's own OpenSSL library context. The libp11 engine may be the process's default for
 * EC and RSA: anything done in the default context could come back to this module. So every
 * fetch in pkcs11/ names this context and property query "provider=default"; nothing of OpenSSL's
 * is touched in constructors, destructors or atexit handlers.
 */
#ifndef PKCS11_STORE_OSSL_H
#define PKCS11_STORE_OSSL_H

#include <openssl/types.h>

/* Makes the context if there is none; NULL when out of memory. Thread-safe. */
OSSL_LIB_CTX *ossl_ctx(void);

/* Frees it: C_Finalize. */
void ossl_ctx_free(void);

#endif
