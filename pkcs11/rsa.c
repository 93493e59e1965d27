/* RSA with public keys; see rsa.h. */
#include <config.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/crypto.h>

#include "pkcs11/mod.h"
#include "pkcs11/rsa.h"
#include "pkcs11/store/ossl.h"
#include "pkcs11/store/spki.h"

size_t
mod_rsa_size(const struct buf *spki)
{
	struct cur n, e;

	if (spki_rsa(spki, &n, &e) != 0 || n.len < RSA_MIN_BYTES || n.len > RSA_MAX_BYTES ||
	    (n.p[n.len - 1] & 1) == 0 || e.len == 0 || e.len > n.len)
		return 0;
	return n.len;
}

/* block, of the modulus' size, to the power of e. CKR_DATA_INVALID: not below the modulus. */
static CK_RV
power(const struct buf *spki, uint8_t *block, size_t size)
{
	BN_CTX *ctx = BN_CTX_new_ex(ossl_ctx());
	BIGNUM *n = NULL, *e = NULL, *x = NULL;
	struct cur cn, ce;
	CK_RV rv = CKR_HOST_MEMORY;

	if (spki_rsa(spki, &cn, &ce) != 0) {
		rv = CKR_FUNCTION_FAILED;
		goto out;
	}
	n = BN_bin2bn(cn.p, (int)cn.len, NULL);
	e = BN_bin2bn(ce.p, (int)ce.len, NULL);
	x = BN_bin2bn(block, (int)size, NULL);
	if (ctx == NULL || n == NULL || e == NULL || x == NULL)
		goto out;
	if (BN_cmp(x, n) >= 0)
		rv = CKR_DATA_INVALID;
	else if (BN_mod_exp(x, x, e, n, ctx) == 1 && BN_bn2binpad(x, block, (int)size) >= 0)
		rv = CKR_OK;
out:
	BN_free(n);
	BN_free(e);
	BN_clear_free(x);
	BN_CTX_free(ctx);
	return rv;
}

/* EMSA-PKCS1-v1_5 (RFC 8017, 9.2): 00 01 FF .. FF 00 head t. */
static void
encode(const uint8_t *head, size_t head_len, const uint8_t *t, size_t len, uint8_t *em, size_t size)
{
	memset(em, 0xFF, size);
	em[0] = 0x00;
	em[1] = 0x01;
	em[size - head_len - len - 1] = 0x00;
	if (head_len > 0)
		memcpy(em + size - head_len - len, head, head_len);
	if (len > 0)
		memcpy(em + size - len, t, len);
}

CK_RV
mod_rsa_check(const struct buf *spki, const uint8_t *head, size_t head_len, const uint8_t *t,
    size_t len, const uint8_t *sig)
{
	uint8_t want[RSA_MAX_BYTES], have[RSA_MAX_BYTES];
	const size_t size = mod_rsa_size(spki);
	CK_RV rv;

	if (size == 0)
		return CKR_FUNCTION_FAILED;
	if (head_len > size - RSA_PADDING || len > size - RSA_PADDING - head_len)
		return CKR_SIGNATURE_INVALID; /* such data has none */
	memcpy(have, sig, size);
	if ((rv = power(spki, have, size)) == CKR_OK) {
		encode(head, head_len, t, len, want, size);
		rv = memcmp(want, have, size) == 0 ? CKR_OK : CKR_SIGNATURE_INVALID;
	}
	return rv == CKR_DATA_INVALID ? CKR_SIGNATURE_INVALID : rv;
}

/* Bytes other than zero. */
static bool
draw_padding(uint8_t *p, size_t n)
{
	uint8_t pool[64];
	size_t have = 0;

	while (have < n && ossl_random(pool, sizeof(pool)) == 0)
		for (size_t i = 0; i < sizeof(pool) && have < n; i++)
			if (pool[i] != 0)
				p[have++] = pool[i];
	OPENSSL_cleanse(pool, sizeof(pool));
	return have == n;
}

/* RFC 8017, 7.2.1: 00 02 padding 00 message. */
CK_RV
mod_rsa_encrypt(const struct buf *spki, const uint8_t *msg, size_t len, struct buf *out)
{
	const size_t size = mod_rsa_size(spki);
	uint8_t em[RSA_MAX_BYTES];
	CK_RV rv;

	if (size == 0)
		return CKR_FUNCTION_FAILED;
	if (len > size - RSA_PADDING)
		return CKR_DATA_LEN_RANGE;
	em[0] = 0x00;
	em[1] = 0x02;
	em[size - len - 1] = 0x00;
	if (len > 0)
		memcpy(em + size - len, msg, len);
	rv = draw_padding(em + 2, size - len - 3) ? power(spki, em, size) : CKR_FUNCTION_FAILED;
	buf_reset(out);
	if (rv == CKR_OK)
		rv = mod_rv(buf_put(out, em, size));
	OPENSSL_cleanse(em, sizeof(em));
	return rv;
}
