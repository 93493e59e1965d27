/*
 * Keys and records of the presentation layer; see seal.h.
 *
 * Key material, 40 bytes: K_M (16) K_S (16) N_M (4) N_S (4); M is the host, S the chip.
 * Nonce: N (4) SEQ (4). Associated data: SCTR (1) SEQ (4) PVER (1) length of the plain text (2).
 */
#include <config.h>

#include <pthread.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "hal/sim/seal.h"

#define PVER      0x01
#define LABEL     "Platform Binding"
#define LABEL_LEN 16
#define HASH_LEN  32
#define NONCE_LEN 8
#define AAD_LEN   8

/*
 * A context of our own: the process around a simulated chip may have put engines or providers into
 * its own. It goes with its last holder and not at the end of the process: a module must not come
 * to OpenSSL then, which may be gone before it.
 */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned holders;
static OSSL_LIB_CTX *ctx;
static EVP_CIPHER *ccm;
static EVP_MAC *hmac;

OSSL_LIB_CTX *
seal_ctx(void)
{
	OSSL_LIB_CTX *c;

	(void)pthread_mutex_lock(&lock);
	if (ctx == NULL && (ctx = OSSL_LIB_CTX_new()) != NULL) {
		ccm = EVP_CIPHER_fetch(ctx, "AES-128-CCM", "provider=default");
		hmac = EVP_MAC_fetch(ctx, "HMAC", "provider=default");
	}
	c = ctx;
	(void)pthread_mutex_unlock(&lock);
	return c;
}

void
seal_hold(void)
{
	(void)pthread_mutex_lock(&lock);
	holders++;
	(void)pthread_mutex_unlock(&lock);
}

void
seal_drop(void)
{
	(void)pthread_mutex_lock(&lock);
	if (--holders == 0) {
		EVP_CIPHER_free(ccm);
		EVP_MAC_free(hmac);
		OSSL_LIB_CTX_free(ctx);
		ccm = NULL;
		hmac = NULL;
		ctx = NULL;
	}
	(void)pthread_mutex_unlock(&lock);
}

/* HMAC-SHA-256 over a, then b. */
static bool
mac(const uint8_t *secret, size_t secret_len, const uint8_t *a, size_t a_len, const uint8_t *b,
    size_t b_len, uint8_t out[HASH_LEN])
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = { OSSL_PARAM_construct_utf8_string(
					  OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end() };
	EVP_MAC_CTX *c = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
	size_t n = 0;
	bool ok = c != NULL && EVP_MAC_init(c, secret, secret_len, params) == 1 &&
		  EVP_MAC_update(c, a, a_len) == 1 && EVP_MAC_update(c, b, b_len) == 1 &&
		  EVP_MAC_final(c, out, &n, HASH_LEN) == 1 && n == HASH_LEN;

	EVP_MAC_CTX_free(c);
	return ok;
}

bool
seal_derive(
    const uint8_t *secret, size_t secret_len, const uint8_t rnd[SEAL_RND], struct seal_keys *keys)
{
	uint8_t seed[LABEL_LEN + SEAL_RND], a1[HASH_LEN], a2[HASH_LEN], out[2 * HASH_LEN];
	bool ok;

	(void)seal_ctx();
	memcpy(seed, LABEL, LABEL_LEN);
	memcpy(seed + LABEL_LEN, rnd, SEAL_RND);
	ok = mac(secret, secret_len, seed, sizeof(seed), seed, 0, a1) &&
	     mac(secret, secret_len, a1, sizeof(a1), seed, 0, a2) &&
	     mac(secret, secret_len, a1, sizeof(a1), seed, sizeof(seed), out) &&
	     mac(secret, secret_len, a2, sizeof(a2), seed, sizeof(seed), out + HASH_LEN);
	if (ok) {
		memcpy(keys->host.key, out, 16);
		memcpy(keys->chip.key, out + 16, 16);
		memcpy(keys->host.nonce, out + 32, 4);
		memcpy(keys->chip.nonce, out + 36, 4);
	}
	OPENSSL_cleanse(a1, sizeof(a1));
	OPENSSL_cleanse(a2, sizeof(a2));
	OPENSSL_cleanse(out, sizeof(out));
	return ok;
}

static void
put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* Everything of a CCM operation up to the text itself. tag: the one to check, NULL to encrypt. */
static bool
start(EVP_CIPHER_CTX *c, const struct seal_key *key, uint8_t sctr, uint32_t seq, size_t len,
    const uint8_t *tag)
{
	uint8_t nonce[NONCE_LEN], aad[AAD_LEN], check[SEAL_TAG];
	int encrypt = tag == NULL, n;

	memcpy(nonce, key->nonce, 4);
	put_be32(nonce + 4, seq);
	aad[0] = sctr;
	put_be32(aad + 1, seq);
	aad[5] = PVER;
	aad[6] = (uint8_t)(len >> 8);
	aad[7] = (uint8_t)len;
	if (tag != NULL)
		memcpy(check, tag, SEAL_TAG);
	return EVP_CipherInit_ex2(c, ccm, NULL, NULL, encrypt, NULL) == 1 &&
	       EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_IVLEN, NONCE_LEN, NULL) == 1 &&
	       EVP_CIPHER_CTX_ctrl(
		   c, EVP_CTRL_AEAD_SET_TAG, SEAL_TAG, tag != NULL ? check : NULL) == 1 &&
	       EVP_CipherInit_ex2(c, NULL, key->key, nonce, encrypt, NULL) == 1 &&
	       EVP_CipherUpdate(c, NULL, &n, NULL, (int)len) == 1 &&
	       EVP_CipherUpdate(c, NULL, &n, aad, AAD_LEN) == 1;
}

bool
seal_close(const struct seal_key *key, uint8_t sctr, uint32_t seq, const uint8_t *plain, size_t len,
    uint8_t *out)
{
	EVP_CIPHER_CTX *c;
	bool ok;
	int n = 0;

	c = seal_ctx() != NULL && ccm != NULL ? EVP_CIPHER_CTX_new() : NULL;
	ok = c != NULL && start(c, key, sctr, seq, len, NULL) &&
	     EVP_CipherUpdate(c, out, &n, plain, (int)len) == 1 && (size_t)n == len &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, SEAL_TAG, out + len) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok;
}

bool
seal_open(const struct seal_key *key, uint8_t sctr, uint32_t seq, const uint8_t *in, size_t len,
    uint8_t *plain)
{
	EVP_CIPHER_CTX *c;
	bool ok;
	int n = 0;

	c = seal_ctx() != NULL && ccm != NULL ? EVP_CIPHER_CTX_new() : NULL;
	ok = c != NULL && start(c, key, sctr, seq, len, in + len) &&
	     EVP_CipherUpdate(c, plain, &n, in, (int)len) == 1 && (size_t)n == len;
	EVP_CIPHER_CTX_free(c);
	if (!ok)
		OPENSSL_cleanse(plain, len);
	return ok;
}
