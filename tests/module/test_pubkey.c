/*
 * Public keys from anywhere, as session objects: signatures by OpenSSL verify, OpenSSL decrypts
 * what the module encrypts. Curves and sizes that the chip itself lacks are among them.
 */
#include <config.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "tests/module/harness.h"

#define SIG_MAX 1024

static CK_SESSION_HANDLE s;
static EVP_PKEY *pkey;
static unsigned char data[200], sig[SIG_MAX], out[SIG_MAX];

static void
use_model(size_t model)
{
	harness_model(model);
	harness_setup();
	s = harness_session(false);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 3 + 1);
}

static void
teardown(void)
{
	EVP_PKEY_free(pkey);
	pkey = NULL;
	harness_teardown();
}

static CK_OBJECT_HANDLE
create(CK_KEY_TYPE type, CK_ATTRIBUTE a, CK_ATTRIBUTE b)
{
	CK_OBJECT_CLASS cls = CKO_PUBLIC_KEY;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE tmpl[] = { { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_KEY_TYPE, &type, sizeof(type) }, { CKA_TOKEN, &no, 1 },
		{ CKA_VERIFY, &yes, 1 }, a, b, { CKA_ENCRYPT, &yes, 1 } };
	CK_OBJECT_HANDLE h = 0;

	ck_assert_ok(p11->C_CreateObject(s, tmpl, type == CKK_RSA ? 7 : 6, &h));
	return h;
}

static CK_OBJECT_HANDLE
create_ec(const struct key_kind *kind)
{
	unsigned char point[140], params[16];
	size_t n = 0, head;

	/* CKA_EC_POINT: an OCTET STRING. */
	ck_assert_int_eq(EVP_PKEY_get_octet_string_param(
			     pkey, OSSL_PKEY_PARAM_PUB_KEY, point + 3, sizeof(point) - 3, &n),
	    1);
	ck_assert_uint_eq(n, 1 + kind->sig_len);
	head = n < 128 ? 1 : 0;
	point[head] = 0x04;
	point[head + 1] = head == 1 ? (unsigned char)n : 0x81;
	if (head == 0)
		point[2] = (unsigned char)n;
	memcpy(params, kind->params, kind->params_len);
	return create(CKK_EC, (CK_ATTRIBUTE){ CKA_EC_PARAMS, params, kind->params_len },
	    (CK_ATTRIBUTE){ CKA_EC_POINT, point + head, n + 3 - head });
}

/* DER to r || s. */
static size_t
ec_sign(const char *md, size_t size)
{
	unsigned char der[160];
	const unsigned char *p = der;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = sizeof(der);
	ECDSA_SIG *es;

	ck_assert_int_eq(EVP_DigestSignInit_ex(ctx, NULL, md, NULL, NULL, pkey, NULL), 1);
	ck_assert_int_eq(EVP_DigestSign(ctx, der, &n, data, sizeof(data)), 1);
	EVP_MD_CTX_free(ctx);
	ck_assert_ptr_nonnull(es = d2i_ECDSA_SIG(NULL, &p, (long)n));
	ck_assert_int_ge(BN_bn2binpad(ECDSA_SIG_get0_r(es), sig, (int)size / 2), 0);
	ck_assert_int_ge(BN_bn2binpad(ECDSA_SIG_get0_s(es), sig + size / 2, (int)size / 2), 0);
	ECDSA_SIG_free(es);
	return size;
}

static void
check_verify(CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key, size_t len)
{
	CK_MECHANISM mech = { type, NULL, 0 };

	ck_assert_ok(p11->C_VerifyInit(s, &mech, key));
	ck_assert_ok(p11->C_Verify(s, data, sizeof(data), sig, len));
	ck_assert_ok(p11->C_VerifyInit(s, &mech, key));
	ck_assert_ok(p11->C_VerifyUpdate(s, data, 77));
	ck_assert_ok(p11->C_VerifyUpdate(s, data + 77, sizeof(data) - 77));
	ck_assert_ok(p11->C_VerifyFinal(s, sig, len));
	sig[len - 3] ^= 4;
	ck_assert_ok(p11->C_VerifyInit(s, &mech, key));
	ck_assert_rv(p11->C_Verify(s, data, sizeof(data), sig, len), CKR_SIGNATURE_INVALID);
	ck_assert_ok(p11->C_VerifyInit(s, &mech, key));
	ck_assert_rv(p11->C_Verify(s, data, sizeof(data), sig, len - 1), CKR_SIGNATURE_LEN_RANGE);
}

/* On the oldest chip, which has two of the curves. */
START_TEST(signatures_on_every_curve)
{
	const struct key_kind *kind = &harness_kinds[_i];
	CK_MECHANISM mech = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_OBJECT_HANDLE key;

	use_model(MODEL_X);
	ck_assert_ptr_nonnull(pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind->name));
	key = create_ec(kind);
	check_verify(CKM_ECDSA_SHA256, key, ec_sign("SHA256", kind->sig_len));
	check_verify(CKM_ECDSA_SHA1, key, ec_sign("SHA1", kind->sig_len));
	check_verify(CKM_ECDSA_SHA512, key, ec_sign("SHA512", kind->sig_len));
	ck_assert_rv(p11->C_SignInit(s, &mech, key), CKR_KEY_TYPE_INCONSISTENT);

	/* The operation keeps the key when its object goes. */
	(void)ec_sign("SHA256", kind->sig_len);
	ck_assert_ok(p11->C_VerifyInit(s, &mech, key));
	ck_assert_ok(p11->C_DestroyObject(s, key));
	ck_assert_ok(p11->C_Verify(s, data, sizeof(data), sig, kind->sig_len));
	ck_assert_rv(p11->C_VerifyInit(s, &mech, key), CKR_KEY_HANDLE_INVALID);
}
END_TEST

static CK_OBJECT_HANDLE
create_rsa(void)
{
	unsigned char n[SIG_MAX], e[8];
	BIGNUM *bn = NULL, *be = NULL;
	CK_OBJECT_HANDLE h;

	ck_assert_int_eq(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &bn), 1);
	ck_assert_int_eq(EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &be), 1);
	h = create(CKK_RSA, (CK_ATTRIBUTE){ CKA_MODULUS, n, (CK_ULONG)BN_bn2bin(bn, n) },
	    (CK_ATTRIBUTE){ CKA_PUBLIC_EXPONENT, e, (CK_ULONG)BN_bn2bin(be, e) });
	BN_free(bn);
	BN_free(be);
	return h;
}

static size_t
rsa_sign(const char *md)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = sizeof(sig);

	ck_assert_int_eq(EVP_DigestSignInit_ex(ctx, NULL, md, NULL, NULL, pkey, NULL), 1);
	ck_assert_int_eq(EVP_DigestSign(ctx, sig, &n, data, sizeof(data)), 1);
	EVP_MD_CTX_free(ctx);
	return n;
}

/* Of these bytes alone. */
static size_t
rsa_sign_bare(size_t len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	size_t n = sizeof(sig);

	ck_assert_int_eq(EVP_PKEY_sign_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	ck_assert_int_eq(EVP_PKEY_sign(ctx, sig, &n, data, len), 1);
	EVP_PKEY_CTX_free(ctx);
	return n;
}

static void
check_encryption(CK_OBJECT_HANDLE key, size_t k)
{
	CK_MECHANISM mech = { CKM_RSA_PKCS, NULL, 0 };
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	unsigned char back[SIG_MAX];
	size_t n = sizeof(back);
	CK_ULONG m = sizeof(out);

	ck_assert_ok(p11->C_EncryptInit(s, &mech, key));
	ck_assert_ok(p11->C_Encrypt(s, data, 40, out, &m));
	ck_assert_uint_eq(m, k);
	ck_assert_int_eq(EVP_PKEY_decrypt_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
	ck_assert_int_eq(EVP_PKEY_decrypt(ctx, back, &n, out, m), 1);
	ck_assert_uint_eq(n, 40);
	ck_assert_mem_eq(back, data, n);
	EVP_PKEY_CTX_free(ctx);
	ck_assert_rv(p11->C_DecryptInit(s, &mech, key), CKR_KEY_TYPE_INCONSISTENT);
}

START_TEST(rsa_keys_of_every_size)
{
	static const unsigned bits[] = { 1024, 1032, 1536, 2048, 3072 };
	CK_MECHANISM mech = { CKM_RSA_PKCS, NULL, 0 };
	const size_t k = bits[_i] / 8;
	CK_OBJECT_HANDLE key;

	use_model(MODEL_V1);
	ck_assert_ptr_nonnull(pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits[_i]));
	key = create_rsa();
	check_verify(CKM_SHA256_RSA_PKCS, key, rsa_sign("SHA256"));
	check_verify(CKM_SHA384_RSA_PKCS, key, rsa_sign("SHA384"));
	check_encryption(key, k);

	/* CKM_RSA_PKCS: whatever was padded. */
	for (size_t len = 1; len <= 117; len += 29) {
		ck_assert_uint_eq(rsa_sign_bare(len), k);
		ck_assert_ok(p11->C_VerifyInit(s, &mech, key));
		ck_assert_ok(p11->C_Verify(s, data, len, sig, k));
		ck_assert_ok(p11->C_VerifyInit(s, &mech, key));
		ck_assert_rv(p11->C_Verify(s, data, len - 1, sig, k), CKR_SIGNATURE_INVALID);
	}
	ck_assert_ok(p11->C_VerifyInit(s, &mech, key));
	ck_assert_rv(p11->C_Verify(s, data, k - 10 > sizeof(data) ? 0 : k - 10, sig, k),
	    k - 10 > sizeof(data) ? CKR_SIGNATURE_INVALID : CKR_DATA_LEN_RANGE);
}
END_TEST

/* The largest there are: no private key is needed to see that the sizes fit. */
START_TEST(a_modulus_of_8192_bits)
{
	unsigned char n[SIG_MAX], e[] = { 1, 0, 1 };
	CK_MECHANISM mech = { CKM_RSA_PKCS, NULL, 0 }, sha = { CKM_SHA256_RSA_PKCS, NULL, 0 };
	CK_OBJECT_HANDLE key;
	CK_ULONG m = sizeof(out);

	use_model(MODEL_V3);
	memset(n, 0xA5, sizeof(n));
	key = create(CKK_RSA, (CK_ATTRIBUTE){ CKA_MODULUS, n, sizeof(n) },
	    (CK_ATTRIBUTE){ CKA_PUBLIC_EXPONENT, e, sizeof(e) });
	ck_assert_ok(p11->C_EncryptInit(s, &mech, key));
	ck_assert_ok(p11->C_Encrypt(s, data, 200, out, &m));
	ck_assert_uint_eq(m, 1024);
	ck_assert_ok(p11->C_VerifyInit(s, &sha, key));
	ck_assert_rv(p11->C_Verify(s, data, 200, out, 1024), CKR_SIGNATURE_INVALID);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: public keys from anywhere");
	TCase *tc = tcase_create("pubkey");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, signatures_on_every_curve, 0, KIND_RSA1024);
	tcase_add_loop_test(tc, rsa_keys_of_every_size, 0, 5);
	tcase_add_test(tc, a_modulus_of_8192_bits);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
