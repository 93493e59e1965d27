/* RSA keys and RSASSA-PKCS1-v1_5, exponent form without CRT; see crypto.h. */
#include <config.h>

#include <string.h>

#include <openssl/bn.h>

#include "hal/sim/crypto.h"
#include "hal/sim/rng.h"
#include "hal/sim/seal.h"

#define PUBLIC_EXPONENT 65537
#define PADDING_MIN     11

size_t
rsa_size(uint8_t alg)
{
	return alg == ALG_RSA1024 ? 128 : alg == ALG_RSA2048 ? 256 : 0;
}

/* A prime of len bytes with its two top bits set, and p - 1 prime to the exponent. */
static bool
prime(struct sim_app *app, BIGNUM *p, size_t len, BN_CTX *ctx)
{
	uint8_t b[128];

	for (;;) {
		rng_bytes(app, b, len);
		b[0] |= 0xC0;
		b[len - 1] |= 0x01;
		if (BN_bin2bn(b, (int)len, p) == NULL)
			return false;
		if (BN_mod_word(p, PUBLIC_EXPONENT) == 1)
			continue;
		switch (BN_check_prime(p, ctx, NULL)) {
		case 1: return true;
		case 0: break;
		default: return false;
		}
	}
}

bool
rsa_generate(struct sim_app *app, uint8_t alg, struct sim_key *key)
{
	const int size = (int)rsa_size(alg);
	BN_CTX *ctx = BN_CTX_new_ex(seal_ctx());
	BIGNUM *p = BN_new(), *q = BN_new(), *n = BN_new(), *e = BN_new(), *d = NULL;
	bool ok = false;

	memset(key, 0, sizeof(*key));
	if (size == 0 || ctx == NULL || p == NULL || q == NULL || n == NULL || e == NULL)
		goto out;
	do {
		if (!prime(app, p, (size_t)size / 2, ctx) || !prime(app, q, (size_t)size / 2, ctx))
			goto out;
	} while (BN_cmp(p, q) == 0);
	if (BN_mul(n, p, q, ctx) != 1 || BN_set_word(e, PUBLIC_EXPONENT) != 1 ||
	    BN_sub_word(p, 1) != 1 || BN_sub_word(q, 1) != 1 || BN_mul(p, p, q, ctx) != 1 ||
	    (d = BN_mod_inverse(NULL, e, p, ctx)) == NULL)
		goto out;
	ok = BN_bn2binpad(n, key->n, size) == size && BN_bn2binpad(d, key->priv, size) == size;
	key->alg = ok ? alg : 0;
out:
	BN_clear_free(p);
	BN_clear_free(q);
	BN_clear_free(d);
	BN_free(n);
	BN_free(e);
	BN_CTX_free(ctx);
	return ok;
}

size_t
rsa_public(const struct sim_key *key, uint8_t out[PUB_MAX])
{
	/* BIT STRING { SEQUENCE { INTEGER n, INTEGER 65537 } }, lengths by key size. */
	static const uint8_t head1024[] = { 0x03, 0x81, 0x8D, 0x00, 0x30, 0x81, 0x89, 0x02, 0x81,
		0x81, 0x00 };
	static const uint8_t head2048[] = { 0x03, 0x82, 0x01, 0x0F, 0x00, 0x30, 0x82, 0x01, 0x0A,
		0x02, 0x82, 0x01, 0x01, 0x00 };
	static const uint8_t exponent[] = { 0x02, 0x03, 0x01, 0x00, 0x01 };
	const size_t size = rsa_size(key->alg);
	size_t n = size == 128 ? sizeof(head1024) : sizeof(head2048);

	if (size == 0)
		return 0;
	memcpy(out, size == 128 ? head1024 : head2048, n);
	memcpy(out + n, key->n, size);
	n += size;
	memcpy(out + n, exponent, sizeof(exponent));
	return n + sizeof(exponent);
}

/* 00 01 FF..FF 00 DigestInfo */
static bool
encode(const uint8_t *digest, size_t len, uint8_t *em, size_t size)
{
	/* SEQUENCE { SEQUENCE { OID 2.16.840.1.101.3.4.2.x, NULL }, OCTET STRING } */
	uint8_t info[] = { 0x30, 0, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,
		0x04, 0x02, 0, 0x05, 0x00, 0x04, 0 };
	const uint8_t hash = len == 32 ? 1 : len == 48 ? 2 : len == 64 ? 3 : 0;
	const size_t t_len = sizeof(info) + len;

	if (hash == 0 || size < t_len + PADDING_MIN)
		return false;
	info[1] = (uint8_t)(17 + len);
	info[14] = hash;
	info[18] = (uint8_t)len;
	memset(em, 0xFF, size);
	em[0] = 0x00;
	em[1] = 0x01;
	em[size - t_len - 1] = 0x00;
	memcpy(em + size - t_len, info, sizeof(info));
	memcpy(em + size - len, digest, len);
	return true;
}

/* base ^ exponent mod n, all big-endian; in and out have the size of n. */
static bool
power(const uint8_t *in, BIGNUM *exponent, const uint8_t *n_in, size_t size, uint8_t *out)
{
	BN_CTX *ctx = BN_CTX_new_ex(seal_ctx());
	BIGNUM *m = BN_bin2bn(in, (int)size, NULL), *n = BN_bin2bn(n_in, (int)size, NULL);
	BIGNUM *s = BN_new();
	const bool ok = ctx != NULL && exponent != NULL && m != NULL && n != NULL && s != NULL &&
			BN_is_odd(n) && BN_cmp(m, n) < 0 &&
			BN_mod_exp_mont_consttime(s, m, exponent, n, ctx, NULL) == 1 &&
			BN_bn2binpad(s, out, (int)size) == (int)size;

	BN_clear_free(exponent);
	BN_clear_free(m);
	BN_free(n);
	BN_clear_free(s);
	BN_CTX_free(ctx);
	return ok;
}

static bool
private_power(const struct sim_key *key, const uint8_t *in, uint8_t *out)
{
	const size_t size = rsa_size(key->alg);

	return size != 0 && power(in, BN_bin2bn(key->priv, (int)size, NULL), key->n, size, out);
}

static bool
public_power(const struct sim_public *pub, const uint8_t *in, uint8_t *out)
{
	const size_t size = rsa_size(pub->alg);
	BIGNUM *e = BN_new();

	if (size == 0 || e == NULL || BN_set_word(e, pub->e) != 1) {
		BN_free(e);
		return false;
	}
	return power(in, e, pub->n, size, out);
}

bool
rsa_sign(const struct sim_key *key, const uint8_t *digest, size_t len, uint8_t *out)
{
	uint8_t em[256];

	return encode(digest, len, em, rsa_size(key->alg)) && private_power(key, em, out);
}

bool
rsa_verify(const struct sim_public *pub, const uint8_t *digest, size_t len, const uint8_t *sig)
{
	const size_t size = rsa_size(pub->alg);
	uint8_t em[256], is[256];

	return encode(digest, len, em, size) && public_power(pub, sig, is) &&
	       memcmp(em, is, size) == 0;
}

/* 00 02 padding without zeros 00 message */
bool
rsa_encrypt(
    struct sim_app *app, const struct sim_public *pub, const uint8_t *msg, size_t len, uint8_t *out)
{
	const size_t size = rsa_size(pub->alg);
	uint8_t em[256] = { 0x00, 0x02 };
	bool ok;

	if (size < PADDING_MIN || len > size - PADDING_MIN)
		return false;
	for (size_t i = 2; i < size - len - 1; i++)
		do
			rng_bytes(app, em + i, 1);
		while (em[i] == 0);
	em[size - len - 1] = 0x00;
	memcpy(em + size - len, msg, len);
	ok = public_power(pub, em, out);
	explicit_bzero(em, sizeof(em));
	return ok;
}

bool
rsa_decrypt(const struct sim_key *key, const uint8_t *in, uint8_t *out, size_t *len)
{
	const size_t size = rsa_size(key->alg);
	uint8_t em[256];
	size_t at = 2;
	bool ok = false;

	if (private_power(key, in, em) && em[0] == 0x00 && em[1] == 0x02) {
		while (at < size && em[at] != 0)
			at++;
		ok = at < size && at >= PADDING_MIN - 1;
	}
	if (ok) {
		*len = size - at - 1;
		memcpy(out, em + at + 1, *len);
	}
	explicit_bzero(em, sizeof(em));
	return ok;
}
