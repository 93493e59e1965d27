/* The private OSSL_LIB_CTX; see ossl.h. */
#include <config.h>

#include <pthread.h>

#include <openssl/crypto.h>

#include "pkcs11/store/ossl.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static OSSL_LIB_CTX *ctx;

OSSL_LIB_CTX *
ossl_ctx(void)
{
	OSSL_LIB_CTX *c;

	(void)pthread_mutex_lock(&lock);
	if (ctx == NULL)
		ctx = OSSL_LIB_CTX_new();
	c = ctx;
	(void)pthread_mutex_unlock(&lock);
	return c;
}

void
ossl_ctx_free(void)
{
	(void)pthread_mutex_lock(&lock);
	OSSL_LIB_CTX_free(ctx);
	ctx = NULL;
	(void)pthread_mutex_unlock(&lock);
}
