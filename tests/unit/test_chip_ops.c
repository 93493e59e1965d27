/*
 * Cryptography on the simulated chip, through every layer, judged by OpenSSL: hashes, agreement
 * and derivation, RSA encryption, ciphers and MACs, authorization, counters, hibernation.
 */
#include <config.h>

#include <check.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"
#include "tests/unit/test_chip_ossl.h"

#define AES_KEY    0xE200
#define SECRET     0xF1D1
#define SECRET_REF 0xF1D2

static struct chip *c;
static struct buf out;
static uint8_t bytes[4000];

static void
start(const char *model)
{
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31 + i / 256);
	ck_assert_int_eq(chip_open(sim_image_of(model, false, 7), &c), 0);
}

static void
setup(void)
{
	start("trust-m-v3");
}

static void
teardown(void)
{
	buf_free(&out);
	chip_close(&c);
	sim_image_remove();
}

static void
assert_out(const uint8_t *want, size_t len)
{
	ck_assert_uint_eq(out.len, len);
	ck_assert_mem_eq(out.data, want, len);
}

/* --- hash ----------------------------------------------------------------------------------- */

static void
sha256(const uint8_t *p, size_t len, uint8_t *digest)
{
	ck_assert_int_eq(EVP_Digest(p, len, digest, NULL, EVP_sha256(), NULL), 1);
}

START_TEST(hashes_of_any_length)
{
	static const size_t lens[] = { 0, 1, 55, 56, 64, 1549, 1550, 1551, 3100, 3101, 4000 };
	uint8_t got[32], want[32];

	for (size_t i = 0; i < NITEMS(lens); i++) {
		sha256(bytes, lens[i], want);
		ck_assert_int_eq(chip_hash(c, bytes, lens[i], got), 0);
		ck_assert_mem_eq(got, want, 32);
	}
}
END_TEST

/* Two hashes whose contexts travel, a third one in between (CMD-36), and a look on the way. */
START_TEST(hashes_side_by_side)
{
	struct chip_hash_input in = { bytes, CHIP_HASH_STEP_MAX, 0, 0, 0 };
	struct buf ctx[2] = { BUF_INIT, BUF_INIT };
	uint8_t got[32], want[32];

	for (int i = 0; i < 2; i++) {
		in.data = bytes + i;
		in.len = 100;
		ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_START, &in, &ctx[i], NULL), 0);
	}
	ck_assert_int_eq(chip_hash(c, bytes, 10, got), 0);
	for (int i = 0; i < 2; i++) {
		in.data = bytes + i + 100;
		in.len = CHIP_HASH_STEP_MAX;
		ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_CONTINUE, &in, &ctx[i], NULL), 0);
		in.len = 0;
		ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_PEEK, &in, &ctx[i], got), 0);
		sha256(bytes + i, 100 + CHIP_HASH_STEP_MAX, want);
		ck_assert_mem_eq(got, want, 32);
	}
	for (int i = 0; i < 2; i++) {
		in.data = bytes + i + 100 + CHIP_HASH_STEP_MAX;
		in.len = 7;
		ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_FINAL, &in, &ctx[i], got), 0);
		sha256(bytes + i, 107 + CHIP_HASH_STEP_MAX, want);
		ck_assert_mem_eq(got, want, 32);
		buf_free(&ctx[i]);
	}
}
END_TEST

START_TEST(hash_of_an_object)
{
	struct chip_hash_input in = { NULL, 0, 0xE0C2, 3, 20 };
	uint8_t got[32], want[32];

	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_WHOLE, &in, NULL, got), 0);
	sha256(chip_uid(c) + 3, 20, want);
	ck_assert_mem_eq(got, want, 32);
	in.n = 25; /* CMD-37 */
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_WHOLE, &in, NULL, got), CHIP_E_BOUNDARY);
	ck_assert_int_eq(chip_hash_abort(c), 0);
}
END_TEST

/* --- agreement and derivation ------------------------------------------------------------------
 */

static void
agree(EVP_PKEY *own, EVP_PKEY *peer, uint8_t *secret, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);

	ck_assert_int_eq(EVP_PKEY_derive_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_derive_set_peer(ctx, peer), 1);
	ck_assert_int_eq(EVP_PKEY_derive(ctx, secret, &len), 1);
	EVP_PKEY_CTX_free(ctx);
}

/* A key of OpenSSL's and its public key in the chip's form. */
static EVP_PKEY *
host_pair(const struct chip_keytype *kt, struct buf *pub)
{
	EVP_PKEY *key = EVP_EC_gen(kt->ossl_group);
	uint8_t point[1 + 2 * CHIP_SIZE_MAX];
	size_t len;

	ck_assert_ptr_nonnull(key);
	ck_assert_int_eq(EVP_PKEY_get_octet_string_param(
			     key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len),
	    1);
	ck_assert_uint_eq(len, 1 + 2 * kt->size);
	buf_reset(pub);
	ck_assert_int_eq(buf_put_u8(pub, 0x03), 0);
	if (len + 1 >= 0x80)
		ck_assert_int_eq(buf_put_u8(pub, 0x81), 0);
	ck_assert_int_eq(buf_put_u8(pub, (uint8_t)(len + 1)), 0);
	ck_assert_int_eq(buf_put_u8(pub, 0), 0);
	ck_assert_int_eq(buf_put(pub, point, len), 0);
	return key;
}

START_TEST(ecdh_on_every_curve)
{
	const struct chip_keytype *kt = chip_keytype_at((size_t)_i);
	struct buf pub = BUF_INIT, peer = BUF_INIT;
	uint8_t want[CHIP_SIZE_MAX];
	EVP_PKEY *own, *chip;

	if (kt->rsa)
		return;
	own = host_pair(kt, &peer);
	for (uint16_t oid = 0xE0F1; oid <= 0xE100; oid += 15) { /* a slot, a session */
		ck_assert_int_eq(chip_keypair(c, oid, kt->alg, CHIP_USE_KEYAGREE, &pub), 0);
		chip = ossl_key(kt, &pub);
		agree(own, chip, want, kt->size);
		ck_assert_int_eq(
		    chip_ecdh(c, oid, kt->alg, peer.data, peer.len, CHIP_EXPORT, &out), 0);
		assert_out(want, kt->size);
		EVP_PKEY_free(chip);
	}
	/* CMD-45: not for signing keys */
	ck_assert_int_eq(chip_keypair(c, 0xE0F1, kt->alg, CHIP_USE_SIGN, &pub), 0);
	ck_assert_int_eq(chip_ecdh(c, 0xE0F1, kt->alg, peer.data, peer.len, CHIP_EXPORT, &out),
	    CHIP_E_UNSUPPORTED_ID);
	EVP_PKEY_free(own);
	buf_free(&pub);
	buf_free(&peer);
}
END_TEST

static void
tls_prf(const char *md, const uint8_t *secret, size_t secret_len, const uint8_t *seed, size_t n,
    uint8_t *key, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	uint8_t s[64], sd[1024];
	char name[16];
	const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_KDF_PARAM_DIGEST, name, strlen(md)),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SECRET, s, secret_len),
		OSSL_PARAM_octet_string(OSSL_KDF_PARAM_SEED, sd, n),
		OSSL_PARAM_END,
	};

	strcpy(name, md);
	memcpy(s, secret, secret_len);
	memcpy(sd, seed, n);
	ck_assert_int_eq(EVP_KDF_derive(ctx, key, len, params), 1);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void
hkdf(const char *md, const uint8_t *secret, size_t secret_len, const uint8_t *salt, size_t salt_len,
    const uint8_t *info, size_t info_len, uint8_t *key, size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, NULL);

	ck_assert_int_eq(EVP_PKEY_derive_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_hkdf_md(ctx, EVP_get_digestbyname(md)), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set1_hkdf_key(ctx, secret, (int)secret_len), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set1_hkdf_salt(ctx, salt, (int)salt_len), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_add1_hkdf_info(ctx, info, (int)info_len), 1);
	ck_assert_int_eq(EVP_PKEY_derive(ctx, key, &len), 1);
	EVP_PKEY_CTX_free(ctx);
}

/* Gives an object a secret, a type and an execute condition of ALW. */
static void
put_secret(uint16_t oid, uint8_t type, size_t len)
{
	const uint8_t tlvs[] = { 0xD3, 0x01, 0x00, 0xE8, 0x01, type };

	ck_assert_int_eq(chip_data_write(c, oid, 0, bytes, len, CHIP_ERASE_WRITE), 0);
	ck_assert_int_eq(chip_meta_write(c, oid, tlvs, sizeof(tlvs)), 0);
}

static const struct {
	enum chip_kdf kdf;
	const char *md;
	bool hkdf;
} kdfs[] = {
	{ CHIP_KDF_PRF_SHA256, "SHA256", false },
	{ CHIP_KDF_PRF_SHA384, "SHA384", false },
	{ CHIP_KDF_PRF_SHA512, "SHA512", false },
	{ CHIP_KDF_HKDF_SHA256, "SHA256", true },
	{ CHIP_KDF_HKDF_SHA384, "SHA384", true },
	{ CHIP_KDF_HKDF_SHA512, "SHA512", true },
};

START_TEST(every_derivation)
{
	static const size_t lens[] = { 1, 15, 16, 40, 66, 256 };
	struct chip_derivation d = { kdfs[_i].kdf, SECRET, bytes + 100, 77, NULL, 0 };
	uint8_t want[256];

	put_secret(SECRET, 0x21, 48);
	for (size_t i = 0; i < NITEMS(lens); i++) {
		if (kdfs[_i].hkdf) {
			d.info = bytes + 500;
			d.info_len = 33;
			hkdf(kdfs[_i].md, bytes, 48, d.seed, d.seed_len, d.info, d.info_len, want,
			    lens[i]);
		} else {
			tls_prf(kdfs[_i].md, bytes, 48, d.seed, d.seed_len, want, lens[i]);
		}
		ck_assert_int_eq(chip_derive(c, &d, lens[i], CHIP_EXPORT, &out), 0);
		assert_out(want, lens[i]);
	}
}
END_TEST

/* TLS with ECDHE: secret, master secret and key block, of which only the last one comes out. */
START_TEST(a_key_schedule_stays_inside)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P256);
	struct chip_derivation d = { CHIP_KDF_PRF_SHA256, 0xE100, bytes, 77, NULL, 0 };
	struct buf pub = BUF_INIT, peer = BUF_INIT;
	uint8_t secret[32], master[48], want[40];
	EVP_PKEY *own = host_pair(kt, &peer), *chip;

	ck_assert_int_eq(chip_acquire(c), 0);
	ck_assert_int_eq(chip_keypair(c, 0xE100, kt->alg, CHIP_USE_KEYAGREE, &pub), 0);
	ck_assert_int_eq(chip_ecdh(c, 0xE100, kt->alg, peer.data, peer.len, 0xE100, NULL), 0);
	ck_assert_int_eq(chip_derive(c, &d, 48, 0xE100, NULL), 0);
	d.seed = bytes + 200;
	ck_assert_int_eq(chip_derive(c, &d, 40, CHIP_EXPORT, &out), 0);
	chip_release(c);
	chip = ossl_key(kt, &pub);
	agree(own, chip, secret, 32);
	tls_prf("SHA256", secret, 32, bytes, 77, master, 48);
	tls_prf("SHA256", master, 48, bytes + 200, 77, want, 40);
	assert_out(want, 40);
	/* CMD-47: an empty session */
	d.secret = 0xE102;
	ck_assert_int_eq(chip_derive(c, &d, 40, CHIP_EXPORT, &out), CHIP_E_SEQUENCE);
	EVP_PKEY_free(own);
	EVP_PKEY_free(chip);
	buf_free(&pub);
	buf_free(&peer);
}
END_TEST

/* --- verification -------------------------------------------------------------------------------
 */

/* The chip's own signatures and keys, with the exported private key checked by OpenSSL. */
START_TEST(signatures_are_verified)
{
	const struct chip_keytype *kt = chip_keytype_at((size_t)_i);
	const uint16_t oid = kt->rsa ? 0xE0FC : 0xE0F1;
	struct buf pub = BUF_INIT;
	struct chip_pubkey key = { kt->alg, 0, NULL, 0 };
	uint8_t digest[32];

	if (kt->alg == CHIP_ALG_RSA2048)
		return; /* as RSA 1024, only slower */
	ck_assert_int_eq(chip_keypair(c, oid, kt->alg, CHIP_USE_SIGN, &pub), 0);
	key.pub = pub.data;
	key.len = pub.len;
	sha256(bytes, 100, digest);
	if (kt->rsa)
		ck_assert_int_eq(chip_sign_rsa(c, oid, digest, 32, &out), 0);
	else
		ck_assert_int_eq(chip_sign_ecdsa(c, oid, kt->size, digest, 32, &out), 0);
	ck_assert_int_eq(chip_verify(c, &key, digest, 32, out.data, out.len), 0);
	digest[31] ^= 1;
	ck_assert_int_eq(
	    chip_verify(c, &key, digest, 32, out.data, out.len), CHIP_E_SIGNATURE); /* CMD-43 */
	key.cert = 0xE0E0; /* CMD-44: a chain is no certificate */
	if (kt->alg == CHIP_ALG_P256)
		ck_assert_int_eq(
		    chip_verify(c, &key, digest, 32, out.data, out.len), CHIP_E_CERT_FORMAT);
	buf_free(&pub);
}
END_TEST

START_TEST(exported_keys_are_pairs)
{
	const struct chip_keytype *kt = chip_keytype_at((size_t)_i);
	struct buf pub = BUF_INIT, peer = BUF_INIT;
	uint8_t want[CHIP_SIZE_MAX], x[CHIP_SIZE_MAX];
	EVP_PKEY *chip, *own;
	EC_GROUP *group;
	EC_POINT *p;
	BIGNUM *d;
	const char *name = kt->ossl_group;

	if (kt->rsa)
		return;
	ck_assert_int_eq(chip_keypair_export(c, kt->alg, &out, &pub), 0);
	chip = ossl_key(kt, &pub);
	own = host_pair(kt, &peer);
	agree(own, chip, want, kt->size); /* own * chip's point */
	group = EC_GROUP_new_by_curve_name(
	    EC_curve_nist2nid(name) != NID_undef ? EC_curve_nist2nid(name) : OBJ_sn2nid(name));
	p = EC_POINT_new(group);
	d = BN_bin2bn(out.data, (int)out.len, NULL);
	ck_assert_int_eq(EC_POINT_oct2point(group, p, peer.data + peer.len - 1 - 2 * kt->size,
			     1 + 2 * kt->size, NULL),
	    1);
	ck_assert_int_eq(EC_POINT_mul(group, p, NULL, p, d, NULL), 1); /* d * own point */
	ck_assert_int_eq(EC_POINT_get_affine_coordinates(group, p, d, NULL, NULL), 1);
	ck_assert_int_eq(BN_bn2binpad(d, x, (int)kt->size), (int)kt->size);
	ck_assert_mem_eq(x, want, kt->size);
	BN_free(d);
	EC_POINT_free(p);
	EC_GROUP_free(group);
	EVP_PKEY_free(chip);
	EVP_PKEY_free(own);
	buf_free(&pub);
	buf_free(&peer);
}
END_TEST

/* --- RSA encryption ------------------------------------------------------------------------------
 */

static size_t
rsa_crypt(EVP_PKEY *key, bool encrypt, const uint8_t *in, size_t len, uint8_t *res, size_t size)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);

	ck_assert_int_eq(encrypt ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	ck_assert_int_eq(encrypt ? EVP_PKEY_encrypt(ctx, res, &size, in, len)
				 : EVP_PKEY_decrypt(ctx, res, &size, in, len),
	    1);
	EVP_PKEY_CTX_free(ctx);
	return size;
}

START_TEST(rsa_encryption_both_ways)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_RSA1024);
	struct buf pub = BUF_INIT;
	struct chip_pubkey key = { CHIP_ALG_RSA1024, 0, NULL, 0 };
	uint8_t cipher[128];
	EVP_PKEY *k;

	ck_assert_int_eq(chip_keypair(c, 0xE0FC, kt->alg, CHIP_USE_ENC | CHIP_USE_SIGN, &pub), 0);
	k = ossl_key(kt, &pub);
	for (size_t len = 1; len <= 117; len += 58) {
		ck_assert_uint_eq(
		    rsa_crypt(k, true, bytes, len, cipher, sizeof(cipher)), sizeof(cipher));
		ck_assert_int_eq(
		    chip_rsa_decrypt(c, 0xE0FC, cipher, sizeof(cipher), CHIP_EXPORT, &out), 0);
		assert_out(bytes, len);
	}
	key.pub = pub.data;
	key.len = pub.len;
	ck_assert_int_eq(chip_rsa_encrypt(c, &key, bytes, 117, &out), 0);
	memcpy(cipher, out.data, 128);
	ck_assert_int_eq(chip_rsa_decrypt(c, 0xE0FC, cipher, 128, CHIP_EXPORT, &out), 0);
	assert_out(bytes, 117);
	cipher[5] ^= 1; /* CMD-63 */
	ck_assert_int_eq(
	    chip_rsa_decrypt(c, 0xE0FC, cipher, 128, CHIP_EXPORT, &out), CHIP_E_DECRYPTION);
	EVP_PKEY_free(k);
	buf_free(&pub);
}
END_TEST

/* A pre-master secret made by the chip, and one that it gets: both give the same master secret. */
START_TEST(a_pre_master_secret_travels_encrypted)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_RSA1024);
	struct chip_derivation d = { CHIP_KDF_PRF_SHA256, 0xE100, bytes, 77, NULL, 0 };
	struct buf pub = BUF_INIT, cipher = BUF_INIT;
	struct chip_pubkey key = { CHIP_ALG_RSA1024, 0, NULL, 0 };
	uint8_t want[32];

	ck_assert_int_eq(chip_keypair(c, 0xE0FC, kt->alg, CHIP_USE_ENC, &pub), 0);
	key.pub = pub.data;
	key.len = pub.len;
	ck_assert_int_eq(chip_random_secret(c, 0xE100, (const uint8_t *)"\x03\x03", 2, 46), 0);
	ck_assert_int_eq(chip_rsa_encrypt_session(c, &key, 0xE100, &cipher), 0);
	ck_assert_int_eq(
	    chip_rsa_decrypt(c, 0xE0FC, cipher.data, cipher.len, CHIP_EXPORT, &out), 0);
	ck_assert_uint_eq(out.len, 48);
	ck_assert_mem_eq(out.data, "\x03\x03", 2);
	tls_prf("SHA256", out.data, out.len, bytes, 77, want, 32);
	ck_assert_int_eq(chip_derive(c, &d, 32, CHIP_EXPORT, &out), 0);
	assert_out(want, 32);
	ck_assert_int_eq(chip_rsa_decrypt(c, 0xE0FC, cipher.data, cipher.len, 0xE101, NULL), 0);
	d.secret = 0xE101;
	ck_assert_int_eq(chip_derive(c, &d, 32, CHIP_EXPORT, &out), 0);
	assert_out(want, 32);
	buf_free(&pub);
	buf_free(&cipher);
}
END_TEST

/* --- symmetric
 * ------------------------------------------------------------------------------------ */

static void
make_aes(enum chip_alg alg)
{
	static const uint8_t change[] = { 0xD0, 0x01, 0x00 };

	ck_assert_int_eq(chip_symkey(c, AES_KEY, alg, CHIP_USE_ENC), CHIP_E_ACCESS); /* CMD-55 */
	ck_assert_int_eq(chip_meta_write(c, AES_KEY, change, sizeof(change)), 0);
	ck_assert_int_eq(chip_symkey(c, AES_KEY, alg, CHIP_USE_ENC), 0);
}

static void
xor_block(uint8_t *a, const uint8_t *b)
{
	for (int i = 0; i < 16; i++)
		a[i] ^= b[i];
}

/* One block by the chip's ECB, of which everything else is made here. */
static void
ecb(uint8_t *block)
{
	struct buf b = BUF_INIT;

	ck_assert_int_eq(chip_encrypt(c, CHIP_CIPHER_ECB, AES_KEY, NULL, block, 16, &b), 0);
	ck_assert_uint_eq(b.len, 16);
	memcpy(block, b.data, 16);
	buf_free(&b);
}

/* Times x in GF(2^128), SP 800-38B 6.1. */
static void
double_block(uint8_t *b)
{
	const uint8_t top = b[0] >> 7;

	for (int i = 0; i < 15; i++)
		b[i] = (uint8_t)(b[i] << 1 | b[i + 1] >> 7);
	b[15] = (uint8_t)(b[15] << 1 ^ top * 0x87);
}

START_TEST(ciphers_and_macs_of_any_length)
{
	static const enum chip_alg algs[] = { CHIP_ALG_AES128, CHIP_ALG_AES192, CHIP_ALG_AES256 };
	static const size_t lens[] = { 16, 608, 624, 640, 1600 };
	struct buf text = BUF_INIT;
	uint8_t chain[16], sub[16] = { 0 };

	make_aes(algs[_i]);
	for (size_t k = 0; k < NITEMS(lens); k++) {
		ck_assert_int_eq(
		    chip_encrypt(c, CHIP_CIPHER_ECB, AES_KEY, NULL, bytes, lens[k], &text), 0);
		ck_assert_int_eq(
		    chip_decrypt(c, CHIP_CIPHER_ECB, AES_KEY, NULL, text.data, text.len, &out), 0);
		assert_out(bytes, lens[k]);
		ck_assert_int_eq(
		    chip_encrypt(c, CHIP_CIPHER_CBC, AES_KEY, bytes + 2000, bytes, lens[k], &text),
		    0);
		ck_assert_int_eq(chip_decrypt(c, CHIP_CIPHER_CBC, AES_KEY, bytes + 2000, text.data,
				     text.len, &out),
		    0);
		assert_out(bytes, lens[k]);
	}
	/* CBC of 1600 bytes, block by block; with IV 0 its last block is the CBC-MAC */
	memcpy(chain, bytes + 2000, 16);
	for (size_t i = 0; i < 1600; i += 16) {
		xor_block(chain, bytes + i);
		ecb(chain);
		ck_assert_mem_eq(chain, text.data + i, 16);
	}
	memset(chain, 0, 16);
	ck_assert_int_eq(chip_encrypt(c, CHIP_CIPHER_CBC, AES_KEY, chain, bytes, 1600, &text), 0);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_CBC, AES_KEY, bytes, 1600, &out), 0);
	assert_out(text.data + 1584, 16);
	/* CMAC of whole blocks: the last one is masked with the doubled E(0) */
	ecb(sub);
	double_block(sub);
	memcpy(chain, text.data + 1568, 16);
	xor_block(chain, bytes + 1584);
	xor_block(chain, sub);
	ecb(chain);
	ck_assert_int_eq(chip_mac(c, CHIP_MAC_CMAC, AES_KEY, bytes, 1600, &out), 0);
	assert_out(chain, 16);
	ck_assert_int_eq(chip_symkey_export(c, algs[_i], &out), 0);
	buf_free(&text);
}
END_TEST

static const struct {
	enum chip_mac mac;
	const char *md;
} hmacs[] = {
	{ CHIP_MAC_HMAC_SHA256, "SHA256" },
	{ CHIP_MAC_HMAC_SHA384, "SHA384" },
	{ CHIP_MAC_HMAC_SHA512, "SHA512" },
};

START_TEST(every_hmac)
{
	static const size_t lens[] = { 1, 128, 624, 625, 2000 };
	uint8_t want[64];
	unsigned n;

	put_secret(SECRET, 0x21, 64);
	for (size_t i = 0; i < NITEMS(lens); i++) {
		ck_assert_ptr_nonnull(HMAC(EVP_get_digestbyname(hmacs[_i].md), bytes, 64,
		    bytes + 1000, lens[i], want, &n));
		ck_assert_int_eq(
		    chip_mac(c, hmacs[_i].mac, SECRET, bytes + 1000, lens[i], &out), 0);
		assert_out(want, n);
		ck_assert_uint_eq(n, chip_mac_len(hmacs[_i].mac));
	}
}
END_TEST

/* F1D3 may be changed by who knows the secret in F1D2. */
START_TEST(authorization_opens_an_object)
{
	static const uint8_t change[] = { 0xD0, 0x03, 0x23, 0xF1, 0xD2 };
	uint8_t message[16 + 16 + 4], mac[64];
	unsigned n;

	put_secret(SECRET_REF, 0x31, 32);
	ck_assert_int_eq(chip_meta_write(c, 0xF1D3, change, sizeof(change)), 0);
	ck_assert_int_eq(chip_data_write(c, 0xF1D3, 0, bytes, 5, CHIP_WRITE), CHIP_E_ACCESS);
	memcpy(message, bytes + 300, 16);
	memcpy(message + 32, "more", 4);
	ck_assert_int_eq(chip_random_challenge(c, 0xE100, message, 16, message + 16, 16), 0);
	ck_assert_ptr_nonnull(
	    HMAC(EVP_get_digestbyname(hmacs[_i].md), bytes, 32, message, sizeof(message), mac, &n));
	ck_assert_int_eq(
	    chip_authorize(c, hmacs[_i].mac, SECRET_REF, 0xE100, message, sizeof(message), mac, n),
	    0);
	ck_assert_int_eq(chip_data_write(c, 0xF1D3, 0, bytes, 5, CHIP_WRITE), 0);
	/* CMD-60: the random bytes are used up, and that takes the authorization away */
	ck_assert_int_gt(
	    chip_authorize(c, hmacs[_i].mac, SECRET_REF, 0xE100, message, sizeof(message), mac, n),
	    0);
	ck_assert_int_eq(chip_random_challenge(c, 0xE100, message, 16, message + 16, 16), 0);
	ck_assert_ptr_nonnull(
	    HMAC(EVP_get_digestbyname(hmacs[_i].md), bytes, 32, message, sizeof(message), mac, &n));
	ck_assert_int_eq(
	    chip_authorize(c, hmacs[_i].mac, SECRET_REF, 0xE100, message, sizeof(message), mac, n),
	    0);
	ck_assert_int_eq(chip_deauthorize(c, SECRET_REF, 0xE100), 0);
	ck_assert_int_eq(chip_data_write(c, 0xF1D3, 0, bytes, 5, CHIP_WRITE), CHIP_E_ACCESS);
	ck_assert_int_eq(chip_random_challenge(c, 0xE100, message, 16, message + 16, 16), 0);
	ck_assert_int_eq(
	    chip_authorize(c, hmacs[_i].mac, SECRET_REF, 0xE100, message, sizeof(message), mac, n),
	    CHIP_E_AUTHORIZATION); /* CMD-61 */
}
END_TEST

/* --- counters, closing
 * ------------------------------------------------------------------------------ */

START_TEST(counters_count)
{
	static const uint8_t content[] = { 0, 0, 0, 0, 0, 0, 0, 10 };
	uint32_t value, threshold;

	ck_assert_int_eq(
	    chip_data_write(c, 0xE121, 0, content, sizeof(content), CHIP_ERASE_WRITE), 0);
	ck_assert_int_eq(chip_counter_count(c, 0xE121, 3), 0);
	ck_assert_int_eq(chip_counter_read(c, 0xE121, &value, &threshold), 0);
	ck_assert_uint_eq(value, 3);
	ck_assert_uint_eq(threshold, 10);
	ck_assert_int_eq(chip_counter_count(c, 0xE121, 255), 0); /* CMD-23 */
	ck_assert_int_eq(chip_counter_read(c, 0xE121, &value, &threshold), 0);
	ck_assert_uint_eq(value, 10);
	ck_assert_int_eq(chip_counter_count(c, 0xE121, 1), CHIP_E_COUNTER);
}
END_TEST

/* CMD-13: a key in a session outlives the loss of power; in one closed plainly it does not. */
START_TEST(a_session_survives_hibernation)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P256);
	uint8_t handle[CHIP_HANDLE_LEN], digest[32] = { 1 };
	struct buf pub = BUF_INIT;
	uint64_t boot;
	EVP_PKEY *key;

	ck_assert_int_eq(chip_keypair(c, 0xE102, kt->alg, CHIP_USE_SIGN, &pub), 0);
	key = ossl_key(kt, &pub);
	boot = chip_boot(c);
	ck_assert_int_eq(chip_hibernate(c, handle), 0);
	ck_assert_int_eq(chip_restore(c, handle), 0);
	ck_assert_uint_eq(chip_boot(c), boot);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE102, 32, digest, 32, &out), 0);
	ck_assert(ossl_verify_ecdsa(key, digest, 32, &out));
	ck_assert_int_eq(chip_restore(c, handle), HAL_ERESET); /* open */
	/* a wrong handle loses everything, and the chip goes on */
	ck_assert_int_eq(chip_hibernate(c, handle), 0);
	handle[0] ^= 1;
	ck_assert_int_ne(chip_restore(c, handle), 0);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE102, 32, digest, 32, &out), CHIP_E_SEQUENCE);
	ck_assert_uint_ne(chip_boot(c), boot);
	ck_assert_int_eq(chip_keypair(c, 0xE102, kt->alg, CHIP_USE_SIGN, &pub), 0);
	ck_assert_int_eq(chip_shutdown(c), 0);
	ck_assert_int_eq(chip_sign_ecdsa(c, 0xE102, 32, digest, 32, &out), CHIP_E_SEQUENCE);
	EVP_PKEY_free(key);
	buf_free(&pub);
}
END_TEST

/* --- the other models
 * -------------------------------------------------------------------------------- */

START_TEST(the_other_models_do_what_they_have)
{
	static const char *const models[] = { "trust-x", "trust-m-v1" };
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P384);
	struct chip_hash_input in = { bytes, 500, 0, 0, 0 };
	struct chip_derivation d = { CHIP_KDF_PRF_SHA256, 0xE101, bytes, 77, NULL, 0 };
	struct buf ctx = BUF_INIT, pub = BUF_INIT, peer = BUF_INIT;
	uint8_t got[32], want[64];
	EVP_PKEY *own, *chip;

	teardown();
	start(models[_i]);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_START, &in, &ctx, NULL), 0);
	ck_assert_str_eq(chip_model(c)->id, models[_i]);
	ck_assert_uint_eq(ctx.len, chip_model(c)->hash_context);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_FINAL, &in, &ctx, got), 0);
	own = host_pair(kt, &peer);
	ck_assert_int_eq(chip_keypair(c, 0xE101, kt->alg, CHIP_USE_KEYAGREE, &pub), 0);
	chip = ossl_key(kt, &pub);
	agree(own, chip, want, 48);
	ck_assert_int_eq(chip_ecdh(c, 0xE101, kt->alg, peer.data, peer.len, 0xE101, NULL), 0);
	ck_assert_int_eq(chip_derive(c, &d, 40, CHIP_EXPORT, &out), 0);
	tls_prf("SHA256", want, 48, bytes, 77, want, 40);
	assert_out(want, 40);
	EVP_PKEY_free(own);
	EVP_PKEY_free(chip);
	buf_free(&ctx);
	buf_free(&pub);
	buf_free(&peer);
}
END_TEST

#define NKEYTYPES 8

int
main(void)
{
	Suite *s = suite_create("chip operations");
	TCase *tc = tcase_create("operations");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, hashes_of_any_length);
	tcase_add_test(tc, hashes_side_by_side);
	tcase_add_test(tc, hash_of_an_object);
	tcase_add_loop_test(tc, ecdh_on_every_curve, 0, NKEYTYPES);
	tcase_add_loop_test(tc, every_derivation, 0, (int)NITEMS(kdfs));
	tcase_add_test(tc, a_key_schedule_stays_inside);
	tcase_add_loop_test(tc, signatures_are_verified, 0, NKEYTYPES);
	tcase_add_loop_test(tc, exported_keys_are_pairs, 0, NKEYTYPES);
	tcase_add_test(tc, rsa_encryption_both_ways);
	tcase_add_test(tc, a_pre_master_secret_travels_encrypted);
	tcase_add_loop_test(tc, ciphers_and_macs_of_any_length, 0, 3);
	tcase_add_loop_test(tc, every_hmac, 0, (int)NITEMS(hmacs));
	tcase_add_loop_test(tc, authorization_opens_an_object, 0, (int)NITEMS(hmacs));
	tcase_add_test(tc, counters_count);
	tcase_add_test(tc, a_session_survives_hibernation);
	tcase_add_loop_test(tc, the_other_models_do_what_they_have, 0, 2);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
