/*
 * The libp11 engine as the process's default for everything, this module behind it, and the
 * module's own use of OpenSSL in the same process: it must never come back to the engine.
 */
#include <config.h>

#define OPENSSL_SUPPRESS_DEPRECATED /* methods of random numbers: programs still have them */

#include <stdio.h>
#include <string.h>

#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "tests/module/harness.h"

/* Read by the leak checker of a sanitized build: libp11's engine never frees its methods. */
const char *__lsan_default_suppressions(void);
const char *
__lsan_default_suppressions(void)
{
	return "leak:libcrypto\n";
}

static void
setup(void)
{
	const char *build = getenv("top_builddir");
	char path[128];
	FILE *f;

	harness_load();
	harness_chip();
	(void)snprintf(path, sizeof(path), "%s/openssl.cnf", harness_dir());
	ck_assert_ptr_nonnull(f = fopen(path, "w"));
	(void)fprintf(f,
	    "openssl_conf = init\n[init]\nengines = engines\n[engines]\npkcs11 = pkcs11\n"
	    "[pkcs11]\nengine_id = pkcs11\nMODULE_PATH = %s/.libs/optiga-pkcs11.so\n"
	    "default_algorithms = ALL\ninit = 1\n",
	    build ? build : ".");
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(CONF_modules_load_file(path, NULL, 0), 1);
}

START_TEST(the_module_works_under_the_engine)
{
	static const size_t kinds[] = { KIND_P256, KIND_P384, KIND_RSA1024, KIND_RSA2048 };
	CK_MECHANISM sha = { CKM_SHA384, NULL, 0 };
	CK_SESSION_HANDLE s;
	CK_RV rv = p11->C_Initialize(NULL);

	/* One process, one module: the engine may have initialised it already. */
	ck_assert(rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED);
	s = harness_session(true);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const struct key_kind *kind = &harness_kinds[kinds[i]];
		CK_MECHANISM mech = { kind->type == CKK_EC ? CKM_ECDSA_SHA256 : CKM_SHA256_RSA_PKCS,
			NULL, 0 };
		unsigned char data[100] = { 1 }, sig[512], out[48];
		CK_OBJECT_HANDLE pub, priv;
		CK_ULONG n = sizeof(sig), m = sizeof(out);

		ck_assert_ok(harness_generate(s, kind, NULL, NULL, &pub, &priv));
		ck_assert_ok(p11->C_SignInit(s, &mech, priv));
		ck_assert_ok(p11->C_Sign(s, data, sizeof(data), sig, &n));
		ck_assert_ok(p11->C_VerifyInit(s, &mech, pub));
		ck_assert_ok(p11->C_Verify(s, data, sizeof(data), sig, n));
		sig[8] ^= 1;
		ck_assert_ok(p11->C_VerifyInit(s, &mech, pub));
		ck_assert_rv(p11->C_Verify(s, data, sizeof(data), sig, n), CKR_SIGNATURE_INVALID);
		ck_assert_ok(p11->C_DigestInit(s, &sha));
		ck_assert_ok(p11->C_Digest(s, data, sizeof(data), out, &m));
	}
}
END_TEST

static CK_OBJECT_HANDLE
create(CK_SESSION_HANDLE s, CK_OBJECT_CLASS cls, CK_KEY_TYPE type, CK_ATTRIBUTE a, CK_ATTRIBUTE b)
{
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE tmpl[] = { { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_KEY_TYPE, &type, sizeof(type) }, { CKA_TOKEN, &no, 1 },
		{ CKA_PRIVATE, &no, 1 }, a, b, { CKA_ENCRYPT, &yes, 1 } };
	CK_OBJECT_HANDLE h = 0;

	ck_assert_ok(p11->C_CreateObject(s, tmpl, type == CKK_GENERIC_SECRET ? 6 : 7, &h));
	return h;
}

/* What the host computes with keys of its own. */
START_TEST(host_keys_work_under_the_engine)
{
	unsigned char iv[16] = { 0 }, text[40] = { 1 }, out[256], n[256], e[] = { 1, 0, 1 };
	CK_MECHANISM aes = { CKM_AES_CBC_PAD, iv, sizeof(iv) }, hmac = { CKM_SHA256_HMAC, NULL, 0 };
	CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
	CK_ATTRIBUTE value = { CKA_VALUE, text, 32 },
		     sign = { CKA_SIGN, &(CK_BBOOL){ CK_TRUE }, 1 };
	CK_ATTRIBUTE modulus = { CKA_MODULUS, n, sizeof(n) };
	CK_ATTRIBUTE exponent = { CKA_PUBLIC_EXPONENT, e, sizeof(e) };
	CK_RV rv = p11->C_Initialize(NULL);
	CK_SESSION_HANDLE s;
	CK_ULONG len = sizeof(out);

	ck_assert(rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED);
	s = harness_session(false);
	memset(n, 0xB7, sizeof(n));
	ck_assert_ok(p11->C_EncryptInit(s, &aes, create(s, CKO_SECRET_KEY, CKK_AES, value, sign)));
	ck_assert_ok(p11->C_Encrypt(s, text, sizeof(text), out, &len));
	ck_assert_uint_eq(len, 48);
	len = sizeof(out);
	ck_assert_ok(
	    p11->C_SignInit(s, &hmac, create(s, CKO_SECRET_KEY, CKK_GENERIC_SECRET, value, sign)));
	ck_assert_ok(p11->C_Sign(s, text, sizeof(text), out, &len));
	ck_assert_uint_eq(len, 32);
	len = sizeof(out);
	ck_assert_ok(
	    p11->C_EncryptInit(s, &rsa, create(s, CKO_PUBLIC_KEY, CKK_RSA, modulus, exponent)));
	ck_assert_ok(p11->C_Encrypt(s, text, sizeof(text), out, &len));
	ck_assert_uint_eq(len, 256);
}
END_TEST

/* The process's method of random numbers, which an engine may have set. */
static int asked;

static int
ask(unsigned char *out, int n)
{
	(void)out;
	(void)n;
	asked++;
	return 0;
}

START_TEST(random_bytes_are_the_modules_own)
{
	const RAND_METHOD mine = { .bytes = ask, .pseudorand = ask };
	unsigned char text[40] = { 1 }, out[256], n[256], e[] = { 1, 0, 1 };
	CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 };
	CK_ATTRIBUTE modulus = { CKA_MODULUS, n, sizeof(n) };
	CK_ATTRIBUTE exponent = { CKA_PUBLIC_EXPONENT, e, sizeof(e) };
	CK_RV rv = p11->C_Initialize(NULL);
	CK_OBJECT_HANDLE pub, priv;
	CK_SESSION_HANDLE s;
	CK_ULONG len = sizeof(out);

	ck_assert(rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED);
	s = harness_session(true);
	memset(n, 0xB7, sizeof(n));
	asked = 0;
	ck_assert_int_eq(RAND_set_rand_method(&mine), 1);
	pub = create(s, CKO_PUBLIC_KEY, CKK_RSA, modulus, exponent);
	ck_assert_ok(p11->C_EncryptInit(s, &rsa, pub));
	ck_assert_ok(p11->C_Encrypt(s, text, sizeof(text), out, &len));
	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv));
	ck_assert_int_eq(RAND_set_rand_method(NULL), 1);
	ck_assert_int_eq(asked, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: under the engine");
	TCase *tc = tcase_create("engine");

	tcase_add_checked_fixture(tc, setup, harness_teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, the_module_works_under_the_engine);
	tcase_add_test(tc, host_keys_work_under_the_engine);
	tcase_add_test(tc, random_bytes_are_the_modules_own);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
