/*
 * AES-128-CCM-8 and the key derivation of the presentation layer: see ccm.h.
 *
 * Nonce: prefix(4) SEQ(4), so CCM's length field has seven bytes.
 * Associated data: SCTR(1) SEQ(4) PVER(1) plaintext length(2).
 * Derived: host key(16) chip key(16) host nonce prefix(4) chip nonce prefix(4).
 */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "hal/base/err.h"
#include "hal/link/ccm.h"

#define LABEL     "Platform Binding"
#define LABEL_LEN (sizeof(LABEL) - 1)
#define NONCE_LEN 8
#define AAD_LEN   8
#define PLAIN_MAX 0xFFFF /* the length field of the associated data */

struct ccm {
	OSSL_LIB_CTX *lib;
	EVP_CIPHER *cipher;
	EVP_KDF *prf;
};

int
ccm_new(struct ccm **sp)
{
	struct ccm *s = calloc(1, sizeof(*s));

	*sp = NULL;
	if (s == NULL)
		return HAL_ENOMEM;
	ERR_set_mark();
	if ((s->lib = OSSL_LIB_CTX_new()) != NULL) {
		s->cipher = EVP_CIPHER_fetch(s->lib, "AES-128-CCM", NULL);
		s->prf = EVP_KDF_fetch(s->lib, OSSL_KDF_NAME_TLS1_PRF, NULL);
	}
	ERR_pop_to_mark();
	if (s->cipher == NULL || s->prf == NULL) {
		ccm_free(&s);
		return HAL_ECRYPTO;
	}
	*sp = s;
	return 0;
}

void
ccm_free(struct ccm **sp)
{
	if (*sp == NULL)
		return;
	EVP_CIPHER_free((*sp)->cipher);
	EVP_KDF_free((*sp)->prf);
	OSSL_LIB_CTX_free((*sp)->lib);
	free(*sp);
	*sp = NULL;
}

/* OSSL_PARAM takes pointers to what it only reads without const. */
static void *
readable(const void *p)
{
	union {
		const void *in;
		void *out;
	} u = { .in = p };

	return u.out;
}

int
ccm_derive(struct ccm *s, const struct secret *secret, const uint8_t *rnd, struct ccm_pair *keys)
{
	char digest[] = "SHA256", label[] = LABEL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(
		    OSSL_KDF_PARAM_SECRET, readable(secret_bytes(secret)), secret_len(secret)),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, label, LABEL_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, readable(rnd), CCM_RND_LEN),
		OSSL_PARAM_construct_end(),
	};
	uint8_t out[40];
	EVP_KDF_CTX *ctx;
	int r = HAL_ECRYPTO;

	ERR_set_mark();
	ctx = EVP_KDF_CTX_new(s->prf);
	if (ctx != NULL && EVP_KDF_derive(ctx, out, sizeof(out), params) == 1) {
		memcpy(keys->host.key, out, 16);
		memcpy(keys->chip.key, out + 16, 16);
		memcpy(keys->host.nonce, out + 32, 4);
		memcpy(keys->chip.nonce, out + 36, 4);
		r = 0;
	}
	EVP_KDF_CTX_free(ctx);
	ERR_pop_to_mark();
	explicit_bzero(out, sizeof(out));
	return r;
}

/* What surrounds one message: how it is encrypted, and what is authenticated beside it. */
struct envelope {
	uint8_t nonce[NONCE_LEN];
	uint8_t aad[AAD_LEN];
};

static void
surround(struct envelope *o, const struct ccm_key *k, uint8_t sctr, const uint8_t *seq, size_t len)
{
	memcpy(o->nonce, k->nonce, 4);
	memcpy(o->nonce + 4, seq, 4);
	o->aad[0] = sctr;
	memcpy(o->aad + 1, seq, 4);
	o->aad[5] = CCM_PVER;
	o->aad[6] = (uint8_t)(len >> 8);
	o->aad[7] = (uint8_t)len;
}

/*
 * tag: written when encrypting, checked when decrypting. CCM is told all lengths before any data,
 * and the tag to check before the key.
 */
static bool
run(struct ccm *s, const struct ccm_key *k, const struct envelope *o, bool encrypt,
    const uint8_t *in, size_t len, uint8_t *out, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;
	bool ok;

	ok = ctx != NULL && EVP_CipherInit_ex2(ctx, s->cipher, NULL, NULL, encrypt, NULL) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, NONCE_LEN, NULL) == 1 &&
	     EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, CCM_TAG_LEN, encrypt ? NULL : tag) ==
		 1 &&
	     EVP_CipherInit_ex2(ctx, NULL, k->key, o->nonce, encrypt, NULL) == 1 &&
	     EVP_CipherUpdate(ctx, NULL, &n, NULL, (int)len) == 1 &&
	     EVP_CipherUpdate(ctx, NULL, &n, o->aad, AAD_LEN) == 1 &&
	     EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 && n == (int)len &&
	     (!encrypt || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, CCM_TAG_LEN, tag) == 1);
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

int
ccm_seal(struct ccm *s, const struct ccm_key *k, uint8_t sctr, uint32_t seq, const uint8_t *plain,
    size_t len, struct buf *out)
{
	const size_t old = out->len;
	struct envelope o;
	uint8_t *p;
	bool ok;
	int r;

	if (len == 0 || len > PLAIN_MAX)
		return HAL_ETOOBIG;
	if ((r = buf_reserve(out, old + len + CCM_OVERHEAD)) != 0 ||
	    (r = buf_put_u32(out, seq)) != 0 || (r = buf_put_fill(out, 0, len + CCM_TAG_LEN)) != 0)
		return r;
	p = out->data + old;
	surround(&o, k, sctr, p, len);
	ERR_set_mark();
	ok = run(s, k, &o, true, plain, len, p + CCM_SEQ_LEN, p + CCM_SEQ_LEN + len);
	ERR_pop_to_mark();
	if (!ok)
		out->len = old;
	return ok ? 0 : HAL_ECRYPTO;
}

int
ccm_open(struct ccm *s, const struct ccm_key *k, uint8_t sctr, const uint8_t *p, size_t len,
    struct buf *plain)
{
	uint8_t tag[CCM_TAG_LEN];
	struct envelope o;
	size_t n;
	bool ok;
	int r;

	buf_reset(plain);
	if (len <= CCM_OVERHEAD || (n = len - CCM_OVERHEAD) > PLAIN_MAX)
		return HAL_EFORMAT;
	if ((r = buf_put_fill(plain, 0, n)) != 0)
		return r;
	memcpy(tag, p + CCM_SEQ_LEN + n, sizeof(tag));
	surround(&o, k, sctr, p, n);
	ERR_set_mark();
	ok = run(s, k, &o, false, p + CCM_SEQ_LEN, n, plain->data, tag);
	ERR_pop_to_mark();
	if (!ok)
		buf_reset(plain);
	return ok ? 0 : HAL_EFORMAT;
}
