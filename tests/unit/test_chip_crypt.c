/*
 * Cryptographic commands as bytes: the vectors of the command reference against a scripted link,
 * answers that are not what was asked for, and what is refused before it is sent.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"
#include "tests/unit/test_chip_double.h"
#include "tests/unit/test_chip_vectors.h"

#define EC_KEY(p)                                                                                  \
	{                                                                                          \
		CHIP_ALG_P256, 0, (p).data, (p).len                                                \
	}
#define RSA_KEY(p)                                                                                 \
	{                                                                                          \
		CHIP_ALG_RSA1024, 0, (p).data, (p).len                                             \
	}

static struct chip *c;
static struct buf out, pub_a, pub_b, pub_rsa;

static void
setup(void)
{
	double_reset();
	c = double_chip();
	pub_a = hex_buf(V_PUB_A);
	pub_b = hex_buf(V_PUB_B);
	pub_rsa = hex_buf(V_PUB_RSA);
	ck_assert_int_eq(buf_put(&out, "old", 3), 0);
}

static void
teardown(void)
{
	double_expect_end();
	buf_free(&out);
	buf_free(&pub_a);
	buf_free(&pub_b);
	buf_free(&pub_rsa);
	chip_close(&c);
}

static void
assert_hex(const struct buf *b, const char *hex)
{
	struct buf want = hex_buf(hex);

	ck_assert_uint_eq(b->len, want.len);
	ck_assert_mem_eq(b->data, want.data, want.len);
	buf_free(&want);
}

/* The result of before is untouched. */
static void
assert_old(void)
{
	ck_assert_uint_eq(out.len, 3);
	ck_assert_mem_eq(out.data, "old", 3);
}

/* --- hash ----------------------------------------------------------------------------------- */

START_TEST(example_hash)
{
	uint8_t digest[CHIP_HASH_LEN], want[CHIP_HASH_LEN];

	(void)unhex(V_ABC, want, sizeof(want));
	double_expect(V_HASH_WHOLE_C, V_HASH_WHOLE_R, 0);
	ck_assert_int_eq(chip_hash(c, (const uint8_t *)"abc", 3, digest), 0);
	ck_assert_mem_eq(digest, want, sizeof(want));
	ck_assert(dbl.last_idempotent);
}
END_TEST

START_TEST(example_hash_in_steps)
{
	struct chip_hash_input in = { (const uint8_t *)"ab", 2, 0, 0, 0 };
	uint8_t digest[CHIP_HASH_LEN], want[CHIP_HASH_LEN];

	(void)unhex(V_ABC, want, sizeof(want));
	ck_assert_int_eq(chip_acquire(c), 0);
	double_expect("B0 E2 0005 0000026162", "00 00 0000", 0);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_START, &in, NULL, NULL), 0);
	ck_assert(dbl.last_idempotent);
	in = (struct chip_hash_input){ (const uint8_t *)"c", 1, 0, 0, 0 };
	double_expect("B0 E2 0004 02000163", "00 00 0000", 0);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_CONTINUE, &in, NULL, NULL), 0);
	ck_assert(!dbl.last_idempotent);
	in.len = 0;
	double_expect("B0 E2 0003 050000", V_HASH_WHOLE_R, 0);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_PEEK, &in, NULL, digest), 0);
	double_expect("B0 E2 0003 030000", V_HASH_WHOLE_R, 0);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_FINAL, &in, NULL, digest), 0);
	ck_assert_mem_eq(digest, want, sizeof(want));
	chip_release(c);
	double_expect("B0 E2 0003 040000", "00 00 0000", 0);
	ck_assert_int_eq(chip_hash_abort(c), 0);
}
END_TEST

START_TEST(example_hash_of_an_object)
{
	const struct chip_hash_input in = { NULL, 0, 0xE0C2, 0, 4 };
	uint8_t digest[CHIP_HASH_LEN];

	double_expect(V_HASH_OBJECT_C, V_HASH_OBJECT_R, 0);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_WHOLE, &in, NULL, digest), 0);
	ck_assert_uint_eq(digest[0], 0xA4);
}
END_TEST

static void
expect_context(const char *cmd, size_t head, const struct buf *in, const char *tail, size_t n)
{
	uint8_t c_bytes[512], r_bytes[4 + 3 + 512] = { 0, 0, 0, 0, 0x06, 0, (uint8_t)n };
	size_t len = unhex(cmd, c_bytes, sizeof(c_bytes));

	ck_assert_uint_eq(len, head);
	if (in != NULL) {
		memcpy(c_bytes + len, in->data, in->len);
		len += in->len;
	}
	len += unhex(tail, c_bytes + len, sizeof(c_bytes) - len);
	r_bytes[3] = (uint8_t)(3 + n);
	memset(r_bytes + 7, 0xC7, n);
	double_expect_bytes(c_bytes, len, r_bytes, 7 + n);
}

START_TEST(example_hash_context_travels)
{
	struct chip_hash_input in = { (const uint8_t *)"ab", 2, 0, 0, 0 };
	uint8_t cmd[7 + 3 + 3 + 209] = { 0xB0, 0xE2, 0, 0xDA - 2, 0x03, 0, 1, 'c', 0x06, 0, 0xD1 };
	struct buf ctx = BUF_INIT;
	uint8_t rsp[39], digest[CHIP_HASH_LEN];

	expect_context("B0 E2 0008 0000026162 070000", 12, NULL, "", 209);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_START, &in, &ctx, NULL), 0);
	ck_assert_uint_eq(ctx.len, 209);
	ck_assert(dbl.last_idempotent);
	expect_context("B0 E2 00DC 0200026162 0600D1", 12, &ctx, "070000", 209);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_CONTINUE, &in, &ctx, NULL), 0);
	ck_assert(dbl.last_idempotent);
	in = (struct chip_hash_input){ (const uint8_t *)"c", 1, 0, 0, 0 };
	memcpy(cmd + 11, ctx.data, 209);
	(void)unhex(V_HASH_WHOLE_R, rsp, sizeof(rsp));
	double_expect_bytes(cmd, 11 + 209, rsp, sizeof(rsp));
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_FINAL, &in, &ctx, digest), 0);
	/* not of the model's size: from another chip, or damaged */
	ctx.len = 130;
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_FINAL, &in, &ctx, digest), HAL_EINVAL);
	expect_context("B0 E2 0007 00000163 070000", 11, NULL, "", 130);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_START, &in, &ctx, NULL), HAL_EPROTO);
	buf_free(&ctx);
}
END_TEST

START_TEST(a_long_hash_takes_steps)
{
	static uint8_t data[3200];
	uint8_t cmd[4 + 1553] = { 0xB0, 0xE2, 0x06, 0x11, 0x00, 0x06, 0x0E }, digest[32];
	uint8_t last[4 + 3 + 100] = { 0xB0, 0xE2, 0x00, 0x67, 0x03, 0x00, 0x64 };
	static const uint8_t ok[4] = { 0 };
	uint8_t rsp[39];

	(void)unhex(V_HASH_WHOLE_R, rsp, sizeof(rsp));
	double_expect_bytes(cmd, sizeof(cmd), ok, 4);
	cmd[4] = 0x02;
	double_expect_bytes(cmd, sizeof(cmd), ok, 4);
	double_expect_bytes(last, sizeof(last), rsp, sizeof(rsp));
	ck_assert_int_eq(chip_hash(c, data, sizeof(data), digest), 0);
	/* a chain that broke starts again */
	cmd[4] = 0x00;
	double_expect_bytes(cmd, sizeof(cmd), ok, 4);
	double_expect("B0 E2 0004 03 000100", NULL, HAL_ERESYNC);
	double_expect_bytes(cmd, sizeof(cmd), ok, 4);
	double_expect_bytes((const uint8_t *)"\xB0\xE2\x00\x04\x03\x00\x01\x00", 8, rsp, 39);
	ck_assert_int_eq(chip_hash(c, data, 1551, digest), 0);
	/* and nothing has a hash too */
	double_expect("B0 E2 0003 000000", "00 00 0000", 0);
	double_expect("B0 E2 0003 030000", V_HASH_WHOLE_R, 0);
	ck_assert_int_eq(chip_hash(c, NULL, 0, digest), 0);
}
END_TEST

static const char *const bad_digests[] = {
	"00 00 0000",
	"00 00 0003 010000",
	"00 00 0022 01001FBA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015",
	"00 00 0023 060020BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
	"00 00 0024 010020BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD00",
	"00 00 0023 010021BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
};

START_TEST(an_answer_without_a_digest_is_refused)
{
	uint8_t digest[CHIP_HASH_LEN];

	double_expect(V_HASH_WHOLE_C, bad_digests[_i], 0);
	ck_assert_int_eq(chip_hash(c, (const uint8_t *)"abc", 3, digest), HAL_EPROTO);
}
END_TEST

START_TEST(impossible_hash_steps_are_not_sent)
{
	struct chip_hash_input in = { (const uint8_t *)"c", 1, 0, 0, 0 };
	uint8_t digest[CHIP_HASH_LEN], *huge = calloc(1, 2000);
	struct buf ctx = BUF_INIT;

	ck_assert_ptr_nonnull(huge);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_WHOLE, &in, &ctx, digest), HAL_EINVAL);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_WHOLE, &in, NULL, NULL), HAL_EINVAL);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_START, &in, NULL, digest), HAL_EINVAL);
	ck_assert_int_eq(chip_hash_step(c, (enum chip_hash_op)9, &in, NULL, NULL), HAL_EINVAL);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_CONTINUE, &in, &ctx, NULL), HAL_EINVAL);
	in.len = 0;
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_WHOLE, &in, NULL, digest), HAL_EINVAL);
	in = (struct chip_hash_input){ huge, 1551, 0, 0, 0 };
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_START, &in, NULL, NULL), HAL_ETOOBIG);
	in.len = CHIP_HASH_STEP_MAX + 1;
	ck_assert_int_eq(buf_put_fill(&ctx, 0, 209), 0);
	ck_assert_int_eq(chip_hash_step(c, CHIP_HASH_CONTINUE, &in, &ctx, NULL), HAL_ETOOBIG);
	buf_free(&ctx);
	free(huge);
}
END_TEST

/* --- verify ---------------------------------------------------------------------------------- */

START_TEST(example_verify)
{
	const struct chip_pubkey a = EC_KEY(pub_a), rsa = RSA_KEY(pub_rsa);
	const struct chip_pubkey ta = { CHIP_ALG_P256, 0xE0E8, NULL, 0 };
	struct buf d = hex_buf(V_SAMPLE), abc = hex_buf(V_ABC), sig = hex_buf(V_SAMPLE_SIG_A);

	double_expect(V_VERIFY_EC_C, V_VERIFY_EC_R, 0);
	ck_assert_int_eq(chip_verify(c, &a, d.data, d.len, sig.data, sig.len), 0);
	ck_assert(dbl.last_idempotent);
	double_expect(V_VERIFY_EC_C, "FF 00 0000", 0);
	double_expect_error(CHIP_E_SIGNATURE);
	ck_assert_int_eq(chip_verify(c, &a, d.data, d.len, sig.data, sig.len), CHIP_E_SIGNATURE);
	buf_free(&sig);
	sig = hex_buf(V_SAMPLE_SIG_TA);
	double_expect(V_VERIFY_CERT_C, V_VERIFY_CERT_R, 0);
	ck_assert_int_eq(chip_verify(c, &ta, d.data, d.len, sig.data, sig.len), 0);
	buf_free(&sig);
	sig = hex_buf(V_ABC_SIG_RSA);
	double_expect(V_VERIFY_RSA_C, V_VERIFY_RSA_R, 0);
	ck_assert_int_eq(chip_verify(c, &rsa, abc.data, abc.len, sig.data, sig.len), 0);
	buf_free(&sig);
	buf_free(&d);
	buf_free(&abc);
}
END_TEST

/* Zero, one and top-bit values become the shortest INTEGERs. */
START_TEST(signatures_become_minimal_integers)
{
	const struct chip_pubkey ta = { CHIP_ALG_P256, 0xE0E8, NULL, 0 };
	uint8_t sig[64] = { 0 }, digest[10] = { 0xD1 };

	sig[62] = 0x01;
	sig[63] = 0x80;
	double_expect("B2 11 001C 01000A D1000000000000000000 020007 020100 02020180 040002E0E8",
	    "00 00 0000", 0);
	ck_assert_int_eq(chip_verify(c, &ta, digest, sizeof(digest), sig, sizeof(sig)), 0);
	sig[62] = 0x00;
	double_expect("B2 11 001C 01000A D1000000000000000000 020007 020100 02020080 040002E0E8",
	    "00 00 0000", 0);
	ck_assert_int_eq(chip_verify(c, &ta, digest, sizeof(digest), sig, sizeof(sig)), 0);
}
END_TEST

START_TEST(impossible_verifications_are_not_sent)
{
	const struct chip_pubkey a = EC_KEY(pub_a), rsa = RSA_KEY(pub_rsa);
	const struct chip_pubkey cut = { CHIP_ALG_P256, 0, pub_a.data, pub_a.len - 1 };
	const struct chip_pubkey other = { CHIP_ALG_P384, 0, pub_a.data, pub_a.len };
	const struct chip_pubkey aes = { CHIP_ALG_AES128, 0xE0E8, NULL, 0 };
	static const uint8_t d[65], sig[128];

	ck_assert_int_eq(chip_verify(c, &cut, d, 32, sig, 64), HAL_EINVAL);
	ck_assert_int_eq(chip_verify(c, &other, d, 32, sig, 96), HAL_EINVAL);
	ck_assert_int_eq(chip_verify(c, &aes, d, 32, sig, 64), HAL_EINVAL);
	ck_assert_int_eq(chip_verify(c, &a, d, 0, sig, 64), HAL_EINVAL);
	ck_assert_int_eq(chip_verify(c, &a, d, 65, sig, 64), HAL_EINVAL);
	ck_assert_int_eq(chip_verify(c, &rsa, d, 20, sig, 128), HAL_EINVAL);
	ck_assert_int_eq(chip_verify(c, &rsa, d, 32, sig, 127), CHIP_E_SIGNATURE);
	ck_assert_int_eq(chip_verify(c, &a, d, 32, sig, 63), CHIP_E_SIGNATURE);
	ck_assert_int_eq(chip_verify(c, &a, d, 32, sig, 0), CHIP_E_SIGNATURE);
}
END_TEST

/* --- agree and derive ------------------------------------------------------------------------- */

START_TEST(example_ecdh)
{
	double_expect(V_ECDH_EXPORT_C, V_ECDH_EXPORT_R, 0);
	ck_assert_int_eq(
	    chip_ecdh(c, 0xE0F2, CHIP_ALG_P256, pub_b.data, pub_b.len, CHIP_EXPORT, &out), 0);
	assert_hex(&out, "E493035F0EE51CFE49AF991BFB58A76B286EECE6FB5A19DD36198CF9FF324FD3");
	ck_assert(dbl.last_idempotent);
	double_expect(V_ECDH_SESSION_C, V_ECDH_SESSION_R, 0);
	ck_assert_int_eq(
	    chip_ecdh(c, 0xE100, CHIP_ALG_P256, pub_b.data, pub_b.len, 0xE100, NULL), 0);
	ck_assert(!dbl.last_idempotent);
}
END_TEST

START_TEST(a_secret_of_another_length_is_refused)
{
	double_expect(V_ECDH_EXPORT_C, "00 00 0002 E493", 0);
	ck_assert_int_eq(
	    chip_ecdh(c, 0xE0F2, CHIP_ALG_P256, pub_b.data, pub_b.len, CHIP_EXPORT, &out),
	    HAL_EPROTO);
	double_expect(V_ECDH_SESSION_C, V_ECDH_EXPORT_R, 0);
	ck_assert_int_eq(
	    chip_ecdh(c, 0xE100, CHIP_ALG_P256, pub_b.data, pub_b.len, 0xE100, &out), HAL_EPROTO);
	double_expect(V_HKDF_C, "00 00 0000", 0);
	assert_old();
	ck_assert_int_eq(
	    chip_derive(c,
		&(struct chip_derivation){ CHIP_KDF_HKDF_SHA256, 0xF1D1,
		    (const uint8_t *)"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0A\x0B\x0C", 13,
		    (const uint8_t *)"\xF0\xF1\xF2\xF3\xF4\xF5\xF6\xF7\xF8\xF9", 10 },
		42, CHIP_EXPORT, &out),
	    HAL_EPROTO);
	assert_old();
	ck_assert_int_eq(
	    chip_ecdh(c, 0xE0F2, CHIP_ALG_P256, pub_b.data, pub_b.len - 1, 0, &out), HAL_EINVAL);
	ck_assert_int_eq(
	    chip_ecdh(c, 0xE0F2, CHIP_ALG_P384, pub_b.data, pub_b.len, 0, &out), HAL_EINVAL);
	ck_assert_int_eq(
	    chip_ecdh(c, 0xE0F2, CHIP_ALG_P256, pub_b.data, pub_b.len, 0xE0F1, &out), HAL_EINVAL);
	ck_assert_int_eq(
	    chip_ecdh(c, 0xE0FC, CHIP_ALG_RSA1024, pub_rsa.data, pub_rsa.len, 0, &out), HAL_EINVAL);
}
END_TEST

/* label || 00..3F, the randoms of the TLS examples. */
static struct buf
tls_seed(const char *label)
{
	struct buf b = BUF_INIT;

	ck_assert_int_eq(buf_put(&b, label, strlen(label)), 0);
	for (unsigned i = 0; i < 64; i++)
		ck_assert_int_eq(buf_put_u8(&b, (uint8_t)i), 0);
	return b;
}

START_TEST(example_prf)
{
	struct buf seed = hex_buf("74657374206C6162656CA0BA9F936CDA311827A6F796FFD5198C");
	struct chip_derivation d = { CHIP_KDF_PRF_SHA256, 0xF1D0, seed.data, seed.len, NULL, 0 };

	double_expect(V_PRF_C, V_PRF_R, 0);
	ck_assert_int_eq(chip_derive(c, &d, 100, CHIP_EXPORT, &out), 0);
	ck_assert_uint_eq(out.len, 100);
	ck_assert_uint_eq(out.data[0], 0xE3);
	ck_assert_uint_eq(out.data[99], 0x66);
	ck_assert(dbl.last_idempotent);
	buf_free(&seed);
	seed = tls_seed("master secret");
	d = (struct chip_derivation){ CHIP_KDF_PRF_SHA256, 0xE100, seed.data, seed.len, NULL, 0 };
	double_expect(V_PRF_SESSION_C, V_PRF_SESSION_R, 0);
	ck_assert_int_eq(chip_derive(c, &d, 48, 0xE100, NULL), 0);
	ck_assert(!dbl.last_idempotent);
	buf_free(&seed);
	seed = tls_seed("key expansion");
	d = (struct chip_derivation){ CHIP_KDF_PRF_SHA256, 0xE100, seed.data, seed.len, NULL, 0 };
	double_expect(V_PRF_KEYBLOCK_C, V_PRF_KEYBLOCK_R, 0);
	ck_assert_int_eq(chip_derive(c, &d, 40, CHIP_EXPORT, &out), 0);
	assert_hex(&out, "A9B6BF3C51C646B306E9EA1211FDD23E260345D7220030D9F8F1DCBC0BFF1C0517BF28D2C"
			 "3A6BA9D");
	buf_free(&seed);
}
END_TEST

START_TEST(example_hkdf)
{
	struct buf salt = hex_buf("000102030405060708090A0B0C"),
		   info = hex_buf("F0F1F2F3F4F5F6F7F8F9");
	struct chip_derivation d = { CHIP_KDF_HKDF_SHA256, 0xF1D1, salt.data, salt.len, info.data,
		info.len };

	double_expect(V_HKDF_C, V_HKDF_R, 0);
	ck_assert_int_eq(chip_derive(c, &d, 42, CHIP_EXPORT, &out), 0);
	assert_hex(&out,
	    "3CB25F25FAACD57A90434F64D0362F2A2D2D0A90CF1A5A4C5DB02D56ECC4C5BF34007208D5B8"
	    "87185865");
	/* CMD-48: neither salt nor info; CMD-47: shorter keys are cut from 16 bytes */
	d.seed_len = d.info_len = 0;
	double_expect("B4 09 000D 010002F1D1 0300020010 070000",
	    "00 00 0010 A0A1A2A3A4A5A6A7A8A9AAABACADAEAF", 0);
	d.kdf = CHIP_KDF_HKDF_SHA384;
	ck_assert_int_eq(chip_derive(c, &d, 5, CHIP_EXPORT, &out), 0);
	assert_hex(&out, "A0A1A2A3A4");
	buf_free(&salt);
	buf_free(&info);
}
END_TEST

START_TEST(impossible_derivations_are_not_sent)
{
	static const uint8_t bytes[1025];
	struct chip_derivation d = { CHIP_KDF_PRF_SHA256, 0xF1D0, bytes, 7, NULL, 0 };

	ck_assert_int_eq(chip_derive(c, &d, 32, CHIP_EXPORT, &out), HAL_EINVAL);
	d.seed_len = 1025;
	ck_assert_int_eq(chip_derive(c, &d, 32, CHIP_EXPORT, &out), HAL_ETOOBIG);
	d.seed_len = 8;
	ck_assert_int_eq(chip_derive(c, &d, 0, CHIP_EXPORT, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_derive(c, &d, 257, CHIP_EXPORT, &out), HAL_ETOOBIG);
	ck_assert_int_eq(chip_derive(c, &d, 15, 0xE101, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_derive(c, &d, 67, 0xE101, &out), HAL_ETOOBIG);
	ck_assert_int_eq(chip_derive(c, &d, 32, 0xE104, &out), HAL_EINVAL);
	d.info = bytes;
	d.info_len = 1;
	ck_assert_int_eq(chip_derive(c, &d, 32, CHIP_EXPORT, &out), HAL_EINVAL);
	d.kdf = CHIP_KDF_HKDF_SHA256;
	d.info_len = 257;
	ck_assert_int_eq(chip_derive(c, &d, 32, CHIP_EXPORT, &out), HAL_ETOOBIG);
	d.kdf = (enum chip_kdf)0x0B;
	d.info_len = 0;
	ck_assert_int_eq(chip_derive(c, &d, 32, CHIP_EXPORT, &out), HAL_ENOTSUP);
	assert_old();
}
END_TEST

/* --- RSA encryption ----------------------------------------------------------------------------
 */

START_TEST(example_rsa_encryption)
{
	const struct chip_pubkey rsa = RSA_KEY(pub_rsa);
	const struct chip_pubkey cert = { CHIP_ALG_RSA1024, 0xE0E8, NULL, 0 };
	struct buf msg = hex_buf("4F50544947412074657374206D657373616765"), cipher = BUF_INIT;

	double_expect(V_RSA_ENC_C, V_RSA_ENC_R, 0);
	ck_assert_int_eq(chip_rsa_encrypt(c, &rsa, msg.data, msg.len, &cipher), 0);
	ck_assert_uint_eq(cipher.len, 128);
	double_expect(V_RSA_DEC_C, V_RSA_DEC_R, 0);
	ck_assert_int_eq(
	    chip_rsa_decrypt(c, 0xE0FC, cipher.data, cipher.len, CHIP_EXPORT, &out), 0);
	assert_hex(&out, "4F50544947412074657374206D657373616765");
	double_expect("9E 11 000A 020002E100 040002E0E8", V_RSA_ENC_R, 0);
	ck_assert_int_eq(chip_rsa_encrypt_session(c, &cert, 0xE100, &out), 0);
	ck_assert_uint_eq(out.len, 128);
	ck_assert(!dbl.last_idempotent);
	buf_free(&msg);
	buf_free(&cipher);
}
END_TEST

START_TEST(rsa_answers_of_another_size_are_refused)
{
	const struct chip_pubkey cert = { CHIP_ALG_RSA1024, 0xE0E8, NULL, 0 };
	const struct chip_pubkey ec = EC_KEY(pub_a);
	static uint8_t cipher[128], msg[118];
	uint8_t cmd[4 + 131 + 10] = { 0x9F, 0x11, 0, 136, 0x61, 0, 128 };
	uint8_t rsp[4 + 3 + 118] = { 0, 0, 0, 121, 0x61, 0, 118 };

	double_expect("9E 11 000A 020002E100 040002E0E8", "00 00 0004 61000100", 0);
	ck_assert_int_eq(chip_rsa_encrypt_session(c, &cert, 0xE100, &out), HAL_EPROTO);
	(void)unhex("030002E0FC", cmd + 135, 5);
	double_expect_bytes(cmd, 140, rsp, sizeof(rsp)); /* longer than the padding leaves room */
	ck_assert_int_eq(chip_rsa_decrypt(c, 0xE0FC, cipher, 128, 0, &out), HAL_EPROTO);
	(void)unhex("030002E0FC020002E101", cmd + 135, 10);
	cmd[3] = 141;
	double_expect_bytes(cmd, 145, rsp, sizeof(rsp)); /* a secret that was to stay inside */
	ck_assert_int_eq(chip_rsa_decrypt(c, 0xE0FC, cipher, 128, 0xE101, &out), HAL_EPROTO);
	double_expect_bytes(cmd, 145, (const uint8_t *)"\0\0\0\0", 4);
	ck_assert_int_eq(chip_rsa_decrypt(c, 0xE0FC, cipher, 128, 0xE101, NULL), 0);
	ck_assert_int_eq(chip_rsa_decrypt(c, 0xE0FC, cipher, 127, 0, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_rsa_decrypt(c, 0xE0FC, cipher, 128, 0xE104, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_rsa_encrypt(c, &cert, msg, 118, &out), HAL_ETOOBIG);
	ck_assert_int_eq(chip_rsa_encrypt(c, &cert, msg, 0, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_rsa_encrypt(c, &ec, msg, 1, &out), HAL_EINVAL);
	ck_assert_int_eq(chip_rsa_encrypt_session(c, &cert, 0xF1D0, &out), HAL_EINVAL);
	assert_old();
}
END_TEST

/* --- key pairs -----------------------------------------------------------------------------------
 */

START_TEST(example_key_pairs_in_a_session_and_exported)
{
	struct buf pub = BUF_INIT;

	double_expect(V_GEN_SESSION_C, V_GEN_SESSION_R, 0);
	ck_assert_int_eq(chip_keypair(c, 0xE100, CHIP_ALG_P256, CHIP_USE_KEYAGREE, &pub), 0);
	assert_hex(&pub, V_PUB_A);
	ck_assert(!dbl.last_idempotent);
	double_expect(V_GEN_EXPORT_C, V_GEN_EXPORT_R, 0);
	ck_assert_int_eq(chip_keypair_export(c, CHIP_ALG_P256, &out, &pub), 0);
	assert_hex(&out, "C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721");
	assert_hex(&pub, V_PUB_A);
	ck_assert(dbl.last_idempotent);
	/* CMD-53: the other order */
	double_expect(V_GEN_EXPORT_C,
	    "00 00 006C 020044" V_PUB_A
	    "0100220420C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
	    0);
	ck_assert_int_eq(chip_keypair_export(c, CHIP_ALG_P256, &out, &pub), 0);
	buf_free(&pub);
}
END_TEST

static const char *const bad_pairs[] = {
	"00 00 0000",
	"00 00 0047 020044" V_PUB_A, /* no private key */
	"00 00 0025 0100220420C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721",
	"00 00 006B 020044" V_PUB_A
	"010021041FC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F67",
	"00 00 006D 020044" V_PUB_A
	"0100230420C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F672100",
};

START_TEST(an_answer_without_both_keys_is_refused)
{
	struct buf pub = BUF_INIT;

	double_expect(V_GEN_EXPORT_C, bad_pairs[_i], 0);
	ck_assert_int_eq(chip_keypair_export(c, CHIP_ALG_P256, &out, &pub), HAL_EPROTO);
	ck_assert_uint_eq(pub.len, 0);
	buf_free(&pub);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("chip cryptography");
	TCase *tc = tcase_create("commands");
	SRunner *sr;
	int failed;

	log_set_level(LOG_LEVEL_OFF);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, example_hash);
	tcase_add_test(tc, example_hash_in_steps);
	tcase_add_test(tc, example_hash_of_an_object);
	tcase_add_test(tc, example_hash_context_travels);
	tcase_add_test(tc, a_long_hash_takes_steps);
	tcase_add_loop_test(tc, an_answer_without_a_digest_is_refused, 0, (int)NITEMS(bad_digests));
	tcase_add_test(tc, impossible_hash_steps_are_not_sent);
	tcase_add_test(tc, example_verify);
	tcase_add_test(tc, signatures_become_minimal_integers);
	tcase_add_test(tc, impossible_verifications_are_not_sent);
	tcase_add_test(tc, example_ecdh);
	tcase_add_test(tc, a_secret_of_another_length_is_refused);
	tcase_add_test(tc, example_prf);
	tcase_add_test(tc, example_hkdf);
	tcase_add_test(tc, impossible_derivations_are_not_sent);
	tcase_add_test(tc, example_rsa_encryption);
	tcase_add_test(tc, rsa_answers_of_another_size_are_refused);
	tcase_add_test(tc, example_key_pairs_in_a_session_and_exported);
	tcase_add_loop_test(tc, an_answer_without_both_keys_is_refused, 0, (int)NITEMS(bad_pairs));
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
