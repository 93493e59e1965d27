/*
 * Keys that sign on the chip, as OpenSSL keys: libp11. The module is loaded and initialised twice
 * in this process, here and through p11-kit; the second C_Initialize says so and is fine, and only
 * p11-kit finalises.
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>

#include "provision/cert.h"
#include "provision/msg.h"
#include "provision/tokenint.h"

static bool
p11_open(struct token *t)
{
	char *file;

	if (t->p11 != NULL)
		return true;
	file = p11_kit_module_get_filename(t->module);
	t->p11 = PKCS11_CTX_new();
	if (file == NULL || t->p11 == NULL || PKCS11_CTX_load(t->p11, file) != 0) {
		prov_error("cannot load the module for signing: %s", ossl_why());
		free(file);
		PKCS11_CTX_free(t->p11);
		t->p11 = NULL;
		return false;
	}
	free(file);
	if (PKCS11_enumerate_slots(t->p11, &t->slots, &t->nslots) == 0)
		return true;
	prov_error("cannot list the tokens for signing: %s", ossl_why());
	t->slots = NULL;
	return false;
}

void
signer_close(struct token *t)
{
	if (t->slots != NULL)
		PKCS11_release_all_slots(t->p11, t->slots, t->nslots);
	t->slots = NULL;
	/* Not PKCS11_CTX_unload, which would finalise the module under p11-kit. */
	if (t->p11 != NULL)
		PKCS11_CTX_free(t->p11);
	t->p11 = NULL;
	ERR_clear_error();
}

static PKCS11_KEY *
find(struct token *t, const struct token_key *k)
{
	PKCS11_KEY *keys;
	unsigned int n;

	for (unsigned int i = 0; i < t->nslots; i++) {
		if (PKCS11_get_slotid_from_slot(&t->slots[i]) != t->slot ||
		    t->slots[i].token == NULL ||
		    PKCS11_enumerate_keys(t->slots[i].token, &keys, &n) != 0)
			continue;
		for (unsigned int j = 0; j < n; j++)
			if (keys[j].id_len == k->id_len &&
			    memcmp(keys[j].id, k->id, k->id_len) == 0)
				return &keys[j];
	}
	return NULL;
}

EVP_PKEY *
token_signer(struct token *t, const struct token_key *k)
{
	EVP_PKEY *key = NULL;
	PKCS11_KEY *p11;

	if (!p11_open(t))
		return NULL;
	p11 = find(t, k);
	if (p11 != NULL)
		key = PKCS11_get_private_key(p11);
	if (key == NULL)
		prov_error("cannot use the key for signing: %s", ossl_why());
	return key;
}

/* The hash that goes with the key's size. */
static const EVP_MD *
hash_for(EVP_PKEY *key)
{
	if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_bits(key) <= 256)
		return EVP_sha256();
	return EVP_PKEY_get_bits(key) <= 384 ? EVP_sha384() : EVP_sha512();
}

static bool
sign(EVP_PKEY *signer, const EVP_MD *md, const unsigned char *data, size_t len,
    unsigned char sig[1024], size_t *sig_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestSignInit(ctx, NULL, md, NULL, signer) == 1 &&
		  EVP_DigestSign(ctx, sig, sig_len, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

static bool
verify(EVP_PKEY *pub, const EVP_MD *md, const unsigned char *data, size_t len,
    const unsigned char *sig, size_t sig_len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, md, NULL, pub) == 1 &&
		  EVP_DigestVerify(ctx, sig, sig_len, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

bool
token_proves(struct token *t, const struct token_key *k, EVP_PKEY *pub)
{
	unsigned char challenge[32], sig[1024];
	size_t sig_len = sizeof(sig);
	EVP_PKEY *signer = NULL;
	bool ok = false;

	if (RAND_bytes(challenge, sizeof(challenge)) != 1) {
		prov_error("no random numbers: %s", ossl_why());
		return false;
	}
	signer = token_signer(t, k);
	if (signer == NULL)
		return false;
	if (!sign(signer, hash_for(pub), challenge, sizeof(challenge), sig, &sig_len))
		prov_error("the key on the chip did not sign: %s", ossl_why());
	else if (!verify(pub, hash_for(pub), challenge, sizeof(challenge), sig, sig_len))
		prov_error("the key on the chip is not the one that is certified");
	else
		ok = true;
	ERR_clear_error();
	EVP_PKEY_free(signer);
	return ok;
}
