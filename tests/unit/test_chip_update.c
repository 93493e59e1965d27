/*
 * Protected updates and trust anchors on the simulated chip: the vectors of the command
 * reference, and updates signed here: long ones, and an AES key that OpenSSL knows too.
 */
#include <config.h>

#include <check.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"
#include "tests/unit/test_chip_ossl.h"
#include "tests/unit/test_chip_vectors.h"

#define ANCHOR 0xE0E8

static struct chip *c;
static struct buf out;

static void
put_hex(struct buf *b, const char *hex)
{
	for (; hex[0] != '\0'; hex += 2) {
		const char two[3] = { hex[0], hex[1], '\0' };

		ck_assert_int_eq(buf_put_u8(b, (uint8_t)strtoul(two, NULL, 16)), 0);
	}
}

static struct buf
from_hex(const char *hex)
{
	struct buf b = BUF_INIT;

	put_hex(&b, hex);
	return b;
}

static void
write_object(uint16_t oid, const struct buf *b)
{
	ck_assert_int_eq(chip_data_write(c, oid, 0, b->data, b->len, CHIP_ERASE_WRITE), 0);
}

/* The object changes by updates signed for the trust anchor, and not otherwise. */
static void
protect(uint16_t oid)
{
	static const uint8_t change[] = { 0xD0, 0x03, 0x21, ANCHOR >> 8, ANCHOR & 0xFF };

	ck_assert_int_eq(chip_meta_write(c, oid, change, sizeof(change)), 0);
}

static void
setup(void)
{
	struct buf cert = from_hex(V_TA_CERT);

	ck_assert_int_eq(chip_open(sim_image_of("trust-m-v3", false, 9), &c), 0);
	write_object(ANCHOR, &cert);
	buf_free(&cert);
}

static void
teardown(void)
{
	buf_free(&out);
	chip_close(&c);
	sim_image_remove();
}

static int
update_hex(const char *manifest, const char *fragment)
{
	struct buf m = from_hex(manifest), f = from_hex(fragment);
	const int r = chip_protected_update(c, m.data + 7, m.len - 7, f.data + 7, f.len - 7);

	buf_free(&m);
	buf_free(&f);
	return r;
}

START_TEST(example_updates)
{
	struct chip_meta m;
	static const uint8_t type[] = { 0xD3, 0x01, 0x00, 0xE8, 0x01, 0x23 };
	struct buf secret =
	    from_hex("404142434445464748494A4B4C4D4E4F505152535455565758595A5B5C5D5E5F");

	protect(0xF1D4);
	ck_assert_int_eq(chip_data_write(c, 0xF1D4, 0, secret.data, 4, CHIP_WRITE), CHIP_E_ACCESS);
	ck_assert_int_eq(update_hex(V_UPDATE1_C, V_UPDATE2_C), 0);
	ck_assert_int_eq(chip_data_read(c, 0xF1D4, 0, 140, &out), 0);
	ck_assert_uint_eq(out.len, 16);
	for (unsigned i = 0; i < 16; i++)
		ck_assert_uint_eq(out.data[i], i);
	ck_assert_int_eq(chip_meta_read(c, 0xF1D4, &m), 0);
	ck_assert_int_eq(m.version, 1);
	ck_assert_int_eq(update_hex(V_UPDATE1_C, V_UPDATE2_C), CHIP_E_VERSION); /* CMD-26 */
	write_object(0xF1D5, &secret);
	ck_assert_int_eq(chip_meta_write(c, 0xF1D5, type, sizeof(type)), 0);
	ck_assert_int_eq(update_hex(V_UPDATE3_C, V_UPDATE4_C), 0);
	ck_assert_int_eq(chip_meta_read(c, 0xF1D4, &m), 0);
	ck_assert_int_eq(m.version, 2);
	buf_free(&secret);
}
END_TEST

START_TEST(example_verify_with_a_certificate)
{
	struct chip_pubkey ta = { CHIP_ALG_P256, ANCHOR, NULL, 0 };
	struct buf d = from_hex(V_SAMPLE), sig = from_hex(V_SAMPLE_SIG_TA);

	ck_assert_int_eq(chip_verify(c, &ta, d.data, d.len, sig.data, sig.len), 0);
	sig.data[63] ^= 1;
	ck_assert_int_eq(chip_verify(c, &ta, d.data, d.len, sig.data, sig.len), CHIP_E_SIGNATURE);
	ta.cert = 0xE0EF; /* nothing in it */
	ck_assert_int_gt(chip_verify(c, &ta, d.data, d.len, sig.data, sig.len), 0);
	buf_free(&d);
	buf_free(&sig);
}
END_TEST

/* --- updates made here ------------------------------------------------------------------------ */

static EVP_PKEY *
anchor_key(void)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	BIGNUM *d = NULL;
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	ck_assert_int_eq(BN_hex2bn(&d, V_TA_KEY), 64);
	ck_assert(OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0));
	ck_assert(OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, d));
	params = OSSL_PARAM_BLD_to_param(bld);
	ck_assert_int_eq(EVP_PKEY_fromdata_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_free(d);
	return key;
}

/* r || s over SHA-256 of the bytes. */
static void
sign(const struct buf *b, uint8_t rs[64])
{
	EVP_PKEY *key = anchor_key();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t der[80];
	const uint8_t *p = der;
	size_t len = sizeof(der);
	ECDSA_SIG *sig;

	ck_assert_int_eq(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
	ck_assert_int_eq(EVP_DigestSign(ctx, der, &len, b->data, b->len), 1);
	sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
	ck_assert_ptr_nonnull(sig);
	ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_r(sig), rs, 32), 32);
	ck_assert_int_eq(BN_bn2binpad(ECDSA_SIG_get0_s(sig), rs + 32, 32), 32);
	ECDSA_SIG_free(sig);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
}

static void
put_uint(struct buf *b, unsigned v)
{
	if (v >= 0x100) {
		ck_assert_int_eq(buf_put_u8(b, 0x19), 0);
		ck_assert_int_eq(buf_put_u16(b, (uint16_t)v), 0);
		return;
	}
	if (v >= 24)
		ck_assert_int_eq(buf_put_u8(b, 0x18), 0);
	ck_assert_int_eq(buf_put_u8(b, (uint8_t)v), 0);
}

/* 608 bytes and the digest of the next fragment each; the last one up to 640 bytes. */
static void
cut(const uint8_t *payload, size_t len, struct buf *fragments)
{
	size_t n = 0, at;

	while (len - n * 608 > 640)
		n++;
	at = n * 640;
	ck_assert_int_eq(buf_put_fill(fragments, 0, at), 0);
	ck_assert_int_eq(buf_put(fragments, payload + n * 608, len - n * 608), 0);
	for (size_t next = fragments->len - at; n-- > 0; next = 640) {
		uint8_t *f = fragments->data + n * 640;

		memcpy(f, payload + n * 608, 608);
		ck_assert_int_eq(EVP_Digest(f + 640, next, f + 608, NULL, EVP_sha256(), NULL), 1);
	}
}

struct update {
	uint16_t oid;
	uint8_t type; /* CBOR: 20 data, 22 key */
	unsigned version, info[2];
	const uint8_t *payload;
	size_t len;
};

static void
make_manifest(const struct update *u, const struct buf *fragments, struct buf *manifest)
{
	struct buf m = BUF_INIT, tbs = BUF_INIT;
	const size_t first = fragments->len < 640 ? fragments->len : 640;
	uint8_t digest[32], rs[64];

	ck_assert_int_eq(EVP_Digest(fragments->data, first, digest, NULL, EVP_sha256(), NULL), 1);
	put_hex(&m, "8601F6F684");
	ck_assert_int_eq(buf_put_u8(&m, u->type), 0);
	put_uint(&m, (unsigned)u->len);
	put_uint(&m, u->version);
	put_hex(&m, "82");
	put_uint(&m, u->info[0]);
	put_uint(&m, u->info[1]);
	put_hex(&m, "82822058258218295820");
	ck_assert_int_eq(buf_put(&m, digest, 32), 0);
	put_hex(&m, "F6824042");
	ck_assert_int_eq(buf_put_u16(&m, u->oid), 0);
	ck_assert_uint_lt(m.len, 256);
	put_hex(&tbs, "844A5369676E61747572653143A101264058");
	ck_assert_int_eq(buf_put_u8(&tbs, (uint8_t)m.len), 0);
	ck_assert_int_eq(buf_put(&tbs, m.data, m.len), 0);
	sign(&tbs, rs);
	put_hex(manifest, "8443A10126A10442E0E858");
	ck_assert_int_eq(buf_put_u8(manifest, (uint8_t)m.len), 0);
	ck_assert_int_eq(buf_put(manifest, m.data, m.len), 0);
	put_hex(manifest, "5840");
	ck_assert_int_eq(buf_put(manifest, rs, sizeof(rs)), 0);
	buf_free(&m);
	buf_free(&tbs);
}

/* flip: a fragment's byte that is changed on the way, SIZE_MAX for none. */
static int
update(const struct update *u, size_t flip)
{
	struct buf manifest = BUF_INIT, fragments = BUF_INIT;
	int r;

	cut(u->payload, u->len, &fragments);
	make_manifest(u, &fragments, &manifest);
	if (flip < fragments.len)
		fragments.data[flip] ^= 0x10;
	r = chip_protected_update(c, manifest.data, manifest.len, fragments.data, fragments.len);
	buf_free(&manifest);
	buf_free(&fragments);
	return r;
}

START_TEST(updates_of_any_length)
{
	static const size_t lens[] = { 1, 608, 640, 641, 1248, 1249, 1500 };
	static uint8_t bytes[1500];
	struct update u = { .oid = 0xF1E0, .type = 0x20, .info = { 0, 2 }, .payload = bytes };

	protect(0xF1E0);
	for (size_t i = 0; i < NITEMS(lens); i++) {
		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)(k * 7 + i);
		u.len = lens[i];
		u.version = (unsigned)i + 1;
		ck_assert_int_eq(update(&u, SIZE_MAX), 0);
		buf_reset(&out);
		ck_assert_int_eq(chip_data_read(c, 0xF1E0, 0, 1500, &out), 0);
		ck_assert_uint_eq(out.len, lens[i]);
		ck_assert_mem_eq(out.data, bytes, lens[i]);
	}
}
END_TEST

/* CMD-29: a changed fragment leaves the object unusable until the same update goes through. */
START_TEST(a_broken_update_is_mended_by_the_same)
{
	static uint8_t bytes[1000] = { 0x42 };
	struct update u = { 0xF1E0, 0x20, 1, { 0, 1 }, bytes, sizeof(bytes) };

	protect(0xF1E0);
	ck_assert_int_eq(update(&u, 700), CHIP_E_INTEGRITY);
	ck_assert_int_eq(update(&u, SIZE_MAX), 0);
	ck_assert_int_eq(chip_data_read(c, 0xF1E0, 0, 1000, &out), 0);
	ck_assert_mem_eq(out.data, bytes, sizeof(bytes));
	u.oid = 0xF1E1; /* does not name the anchor */
	ck_assert_int_eq(update(&u, SIZE_MAX), CHIP_E_ACCESS);
}
END_TEST

/* A key that OpenSSL has as well judges the chip's AES from outside. */
START_TEST(an_imported_aes_key)
{
	static const uint8_t payload[] = { 0x01, 0x00, 0x10, 0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE,
		0xD2, 0xA6, 0xAB, 0xF7, 0x15, 0x88, 0x09, 0xCF, 0x4F, 0x3C };
	const struct update u = { 0xE200, 0x22, 1, { CHIP_ALG_AES128, CHIP_USE_ENC }, payload,
		sizeof(payload) };
	static uint8_t text[1600];
	uint8_t want[1600], iv[16] = { 1, 2, 3 };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	EVP_MAC_CTX *mctx = EVP_MAC_CTX_new(mac);
	char name[] = "AES-128-CBC";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_CIPHER, name, sizeof(name) - 1),
		OSSL_PARAM_END,
	};
	size_t n;
	int len;

	protect(0xE200);
	ck_assert_int_eq(update(&u, SIZE_MAX), 0);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 3);
	ck_assert_int_eq(EVP_EncryptInit_ex(ctx, EVP_aes_128_cbc(), NULL, payload + 3, iv), 1);
	ck_assert_int_eq(EVP_EncryptUpdate(ctx, want, &len, text, sizeof(text)), 1);
	ck_assert_int_eq(chip_encrypt(c, CHIP_CIPHER_CBC, 0xE200, iv, text, sizeof(text), &out), 0);
	ck_assert_uint_eq(out.len, sizeof(text));
	ck_assert_mem_eq(out.data, want, sizeof(text));
	for (size_t l = 1; l < sizeof(text); l += 311) {
		ck_assert_int_eq(EVP_MAC_init(mctx, payload + 3, 16, params), 1);
		ck_assert_int_eq(EVP_MAC_update(mctx, text, l), 1);
		ck_assert_int_eq(EVP_MAC_final(mctx, want, &n, sizeof(want)), 1);
		ck_assert_int_eq(chip_mac(c, CHIP_MAC_CMAC, 0xE200, text, l, &out), 0);
		ck_assert_uint_eq(out.len, n);
		ck_assert_mem_eq(out.data, want, n);
	}
	EVP_MAC_CTX_free(mctx);
	EVP_MAC_free(mac);
	EVP_CIPHER_CTX_free(ctx);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip updates");
	TCase *tc = tcase_create("updates");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, example_updates);
	tcase_add_test(tc, example_verify_with_a_certificate);
	tcase_add_test(tc, updates_of_any_length);
	tcase_add_test(tc, a_broken_update_is_mended_by_the_same);
	tcase_add_test(tc, an_imported_aes_key);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
