/* The private OSSL_LIB_CTX; see ossl.h. */
#include <config.h>

#include <pthread.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "hal/base/err.h"
#include "hal/chip/chip.h"
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

int
ossl_digest(const char *name, const void *p, size_t n, uint8_t *out, size_t len)
{
	EVP_MD *md = EVP_MD_fetch(ossl_ctx(), name, "provider=default");
	unsigned done = 0;
	int r = HAL_ECRYPTO;

	if (md != NULL && (size_t)EVP_MD_get_size(md) == len &&
	    EVP_Digest(p, n, out, &done, md, NULL) == 1 && done == len)
		r = 0;
	EVP_MD_free(md);
	return r;
}

int
ossl_random(void *p, size_t n)
{
	EVP_RAND_CTX *rng = ossl_ctx() != NULL ? RAND_get0_public(ossl_ctx()) : NULL;

	return rng != NULL && EVP_RAND_generate(rng, p, n, 0, 0, NULL, 0) == 1 ? 0 : HAL_ECRYPTO;
}

EC_GROUP *
ossl_group(const struct chip_keytype *kt)
{
	char name[32];
	OSSL_PARAM params[2] = { OSSL_PARAM_END, OSSL_PARAM_END };

	if (kt->ossl_group == NULL || strlen(kt->ossl_group) >= sizeof(name))
		return NULL;
	strcpy(name, kt->ossl_group);
	params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name, 0);
	return EC_GROUP_new_from_params(params, ossl_ctx(), "provider=default");
}
