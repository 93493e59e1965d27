/* AES; see aes.h. */
#include <config.h>

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "pkcs11/aes.h"
#include "pkcs11/mod.h"
#include "pkcs11/store/ossl.h"

/*
 * Bytes the chip is held for: eight commands of 624 bytes, the first 608 with an IV; about a
 * quarter of a second.
 */
#define PIECE (608 + 7 * 624)

struct job {
	bool decrypt;
	const uint8_t *iv;
	const uint8_t *data;
	size_t len;
	struct buf out;
};

static int
run_job(struct chip *chip, const struct mod_key *key, void *arg)
{
	const enum chip_cipher mode =
	    ((struct job *)arg)->iv != NULL ? CHIP_CIPHER_CBC : CHIP_CIPHER_ECB;
	struct job *j = arg;

	return (j->decrypt ? chip_decrypt : chip_encrypt)(
	    chip, mode, key->oid, j->iv, j->data, j->len, &j->out);
}

/* Of data whose result is out: the last cipher block. */
static void
chain(const struct job *j, uint8_t iv[CHIP_BLOCK])
{
	const uint8_t *cipher = j->decrypt ? j->data : j->out.data;

	if (iv != NULL)
		memcpy(iv, cipher + j->len - CHIP_BLOCK, CHIP_BLOCK);
}

static CK_RV
by_chip(struct session *s, const struct mod_key *key, bool decrypt, uint8_t *iv,
    const uint8_t *data, size_t len, struct buf *out)
{
	struct job j = { .decrypt = decrypt, .iv = iv, .data = data, .out = BUF_INIT };
	CK_RV rv = CKR_OK;

	for (; len > 0 && rv == CKR_OK; j.data += j.len, len -= j.len) {
		j.len = len < PIECE ? len : PIECE;
		if ((rv = mod_op_chip(s, key, run_job, &j)) != CKR_OK)
			break;
		chain(&j, iv);
		rv = mod_rv(buf_put(out, j.out.data, j.out.len));
	}
	buf_free(&j.out);
	return rv;
}

bool
mod_aes_fits(size_t key_len)
{
	return key_len == 16 || key_len == 24 || key_len == 32;
}

static EVP_CIPHER *
fetch(size_t key_len, bool cbc)
{
	static const char *const names[2][3] = { { "AES-128-ECB", "AES-192-ECB", "AES-256-ECB" },
		{ "AES-128-CBC", "AES-192-CBC", "AES-256-CBC" } };

	if (!mod_aes_fits(key_len) || ossl_ctx() == NULL)
		return NULL;
	return EVP_CIPHER_fetch(ossl_ctx(), names[cbc][key_len / 8 - 2], "provider=default");
}

/* At most an int's worth. */
static bool
host_piece(EVP_CIPHER_CTX *ctx, struct job *j)
{
	int n = 0;

	if (buf_reserve(&j->out, j->len) != 0 ||
	    EVP_CipherUpdate(ctx, j->out.data, &n, j->data, (int)j->len) != 1 || n < 0 ||
	    (size_t)n != j->len)
		return false;
	j->out.len = j->len;
	return true;
}

static CK_RV
by_host(const struct mod_key *key, bool decrypt, uint8_t *iv, const uint8_t *data, size_t len,
    struct buf *out)
{
	struct job j = { .decrypt = decrypt, .data = data, .out = BUF_INIT };
	EVP_CIPHER *cipher = fetch(key->value.len, iv != NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	CK_RV rv = CKR_OK;

	if (cipher == NULL || ctx == NULL ||
	    EVP_CipherInit_ex2(ctx, cipher, key->value.data, iv, !decrypt, NULL) != 1 ||
	    EVP_CIPHER_CTX_set_padding(ctx, 0) != 1)
		rv = CKR_FUNCTION_FAILED;
	for (; len > 0 && rv == CKR_OK; j.data += j.len, len -= j.len) {
		j.len = len < PIECE ? len : PIECE;
		if (!host_piece(ctx, &j)) {
			rv = CKR_FUNCTION_FAILED;
			break;
		}
		chain(&j, iv);
		rv = mod_rv(buf_put(out, j.out.data, j.out.len));
	}
	EVP_CIPHER_free(cipher);
	EVP_CIPHER_CTX_free(ctx);
	buf_free(&j.out);
	return rv;
}

CK_RV
mod_aes(struct session *s, const struct mod_key *key, bool decrypt, uint8_t iv[CHIP_BLOCK],
    const uint8_t *data, size_t len, struct buf *out)
{
	struct buf result = BUF_INIT;
	uint8_t chained[CHIP_BLOCK];
	uint8_t *v = NULL;
	CK_RV rv;

	if (iv != NULL)
		v = memcpy(chained, iv, sizeof(chained));
	rv = key->oid != 0 ? by_chip(s, key, decrypt, v, data, len, &result)
			   : by_host(key, decrypt, v, data, len, &result);
	if (rv == CKR_OK && (rv = mod_rv(buf_put(out, result.data, result.len))) == CKR_OK &&
	    iv != NULL)
		memcpy(iv, chained, sizeof(chained));
	buf_free(&result);
	return rv;
}
