/* AES in the chip's modes; see crypto.h. */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "hal/sim/crypto.h"
#include "hal/sim/seal.h"

size_t
aes_size(uint8_t alg)
{
	return alg == ALG_AES128 ? 16 : alg == ALG_AES192 ? 24 : alg == ALG_AES256 ? 32 : 0;
}

static bool
run(const char *name, const struct sim_key *key, bool encrypt, const uint8_t *iv, const uint8_t *in,
    size_t len, uint8_t *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(seal_ctx(), name, "provider=default");
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	const bool ok = cipher != NULL && ctx != NULL &&
			EVP_CipherInit_ex2(ctx, cipher, key->priv, iv, encrypt, NULL) == 1 &&
			EVP_CIPHER_CTX_set_padding(ctx, 0) == 1 &&
			EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 && (size_t)n == len;

	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return ok;
}

bool
aes_ecb(const struct sim_key *key, bool encrypt, const uint8_t *in, size_t len, uint8_t *out)
{
	static const char *const names[] = { "AES-128-ECB", "AES-192-ECB", "AES-256-ECB" };

	return aes_size(key->alg) != 0 && len % AES_BLOCK == 0 &&
	       run(names[key->alg - ALG_AES128], key, encrypt, NULL, in, len, out);
}

bool
aes_cbc(const struct sim_key *key, bool encrypt, uint8_t chain[AES_BLOCK], const uint8_t *in,
    size_t len, uint8_t *out)
{
	static const char *const names[] = { "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" };

	if (aes_size(key->alg) == 0 || len == 0 || len % AES_BLOCK != 0 ||
	    !run(names[key->alg - ALG_AES128], key, encrypt, chain, in, len, out))
		return false;
	memcpy(chain, (encrypt ? out : in) + len - AES_BLOCK, AES_BLOCK);
	return true;
}

/* Times x in GF(2^128), SP 800-38B. */
static void
twice(uint8_t b[AES_BLOCK])
{
	const uint8_t carry = b[0] >> 7;

	for (int i = 0; i < AES_BLOCK - 1; i++)
		b[i] = (uint8_t)(b[i] << 1 | b[i + 1] >> 7);
	b[AES_BLOCK - 1] = (uint8_t)(b[AES_BLOCK - 1] << 1 ^ (carry ? 0x87 : 0));
}

bool
aes_cmac_last(const struct sim_key *key, uint8_t chain[AES_BLOCK], const uint8_t *in, size_t len)
{
	uint8_t k[AES_BLOCK] = { 0 };
	bool ok = len > 0 && len <= AES_BLOCK && aes_ecb(key, true, k, sizeof(k), k);

	twice(k);
	if (len < AES_BLOCK) {
		twice(k);
		k[len] ^= 0x80;
	}
	for (size_t i = 0; i < AES_BLOCK; i++)
		k[i] ^= chain[i] ^ (i < len ? in[i] : 0);
	ok = ok && aes_ecb(key, true, k, sizeof(k), chain);
	explicit_bzero(k, sizeof(k));
	return ok;
}
