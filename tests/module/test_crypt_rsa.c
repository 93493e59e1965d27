/* RSA PKCS #1 v1.5 encryption: OpenSSL on the other side, the edges of lengths, wrong padding. */
#include <config.h>

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "tests/module/harness.h"

#define N_MAX 256

static CK_MECHANISM mech = { CKM_RSA_PKCS, NULL, 0 };
static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE pub, priv;
static EVP_PKEY *pkey;
static CK_ULONG k; /* bytes of the modulus */
static unsigned char text[N_MAX], cipher[N_MAX], out[N_MAX + 1];

static const struct {
	size_t model;
	CK_ULONG bits;
} chips[] = { { MODEL_V1, 2048 }, { MODEL_V3, 1024 } };
#define NCHIPS ((int)(sizeof(chips) / sizeof(chips[0])))

static CK_RV
generate(CK_ULONG bits, bool decrypts, CK_OBJECT_HANDLE *a, CK_OBJECT_HANDLE *b)
{
	CK_MECHANISM gen = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE pt[] = { { CKA_TOKEN, &yes, 1 }, { CKA_MODULUS_BITS, &bits, sizeof(bits) },
		{ decrypts ? CKA_ENCRYPT : CKA_VERIFY, &yes, 1 } };
	CK_ATTRIBUTE st[] = { { CKA_TOKEN, &yes, 1 },
		{ decrypts ? CKA_DECRYPT : CKA_SIGN, &yes, 1 } };

	return p11->C_GenerateKeyPair(s, &gen, pt, 3, st, 2, a, b);
}

static void
use_chip(int i)
{
	harness_model(chips[i].model);
	harness_setup();
	s = harness_session(true);
	k = chips[i].bits / 8;
	ck_assert_ok(generate(chips[i].bits, true, &pub, &priv));
	pkey = harness_pkey(s, pub);
	for (size_t j = 0; j < sizeof(text); j++)
		text[j] = (unsigned char)(j * 7 + 3);
}

static void
teardown(void)
{
	EVP_PKEY_free(pkey);
	pkey = NULL;
	harness_teardown();
}

/* OpenSSL's RSA with this padding; block is k bytes for RSA_NO_PADDING. */
static void
host_encrypt(const unsigned char *in, size_t len, int padding)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	size_t n = sizeof(cipher);

	ck_assert_int_eq(EVP_PKEY_encrypt_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, padding), 1);
	ck_assert_int_eq(EVP_PKEY_encrypt(ctx, cipher, &n, in, len), 1);
	ck_assert_uint_eq(n, k);
	EVP_PKEY_CTX_free(ctx);
}

static CK_RV
decrypt(CK_ULONG len, CK_ULONG *np)
{
	ck_assert_ok(p11->C_DecryptInit(s, &mech, priv));
	return p11->C_Decrypt(s, cipher, len, out, np);
}

START_TEST(messages_of_every_edge_come_back)
{
	CK_ULONG n;

	use_chip(_i);
	const size_t lens[] = { 1, 2, 16, 48, k - 12, k - 11 };
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		/* by the module, by OpenSSL */
		n = sizeof(cipher);
		ck_assert_ok(p11->C_EncryptInit(s, &mech, pub));
		ck_assert_ok(p11->C_Encrypt(s, text, lens[i], cipher, &n));
		ck_assert_uint_eq(n, k);
		n = k;
		ck_assert_ok(decrypt(k, &n));
		ck_assert_uint_eq(n, lens[i]);
		ck_assert_mem_eq(out, text, n);
		host_encrypt(text, lens[i], RSA_PKCS1_PADDING);
		n = k;
		ck_assert_ok(decrypt(k, &n));
		ck_assert_uint_eq(n, lens[i]);
		ck_assert_mem_eq(out, text, n);
	}
	ck_assert_ok(p11->C_EncryptInit(s, &mech, pub));
	n = sizeof(cipher);
	ck_assert_rv(p11->C_Encrypt(s, text, k - 10, cipher, &n), CKR_DATA_LEN_RANGE);
}
END_TEST

START_TEST(wrong_padding_and_lengths)
{
	unsigned char block[N_MAX];
	CK_ULONG n;

	use_chip(_i);
	memset(block, 0xA5, sizeof(block));
	memcpy(block, "\x00\x02", 2);
	host_encrypt(block, k, RSA_NO_PADDING); /* no zero to end it */
	n = sizeof(out);
	ck_assert_rv(decrypt(k, &n), CKR_ENCRYPTED_DATA_INVALID);
	block[5] = 0; /* padding too short */
	host_encrypt(block, k, RSA_NO_PADDING);
	ck_assert_rv(decrypt(k, &n), CKR_ENCRYPTED_DATA_INVALID);
	memcpy(block, "\x00\x01", 2);
	block[5] = 0xA5;
	block[20] = 0;
	host_encrypt(block, k, RSA_NO_PADDING); /* a signature's */
	ck_assert_rv(decrypt(k, &n), CKR_ENCRYPTED_DATA_INVALID);
	memset(cipher, 0xFF, k); /* above the modulus */
	ck_assert_rv(decrypt(k, &n), CKR_ENCRYPTED_DATA_INVALID);
	ck_assert_rv(decrypt(k - 1, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
	ck_assert_rv(decrypt(k + 1 > N_MAX ? 0 : k + 1, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
	ck_assert_rv(decrypt(0, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
	ck_assert_rv(p11->C_Decrypt(s, cipher, k, out, &n), CKR_OPERATION_NOT_INITIALIZED);
}
END_TEST

START_TEST(lengths_are_told_and_the_state_kept)
{
	CK_ULONG n = 0;

	use_chip(_i);
	ck_assert_ok(p11->C_EncryptInit(s, &mech, pub));
	ck_assert_rv(p11->C_EncryptInit(s, &mech, pub), CKR_OPERATION_ACTIVE);
	ck_assert_ok(p11->C_Encrypt(s, text, 20, NULL, &n));
	ck_assert_uint_eq(n, k);
	n--;
	ck_assert_rv(p11->C_Encrypt(s, text, 20, cipher, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, k);
	ck_assert_ok(p11->C_Encrypt(s, text, 20, cipher, &n));
	ck_assert_rv(p11->C_Encrypt(s, text, 20, cipher, &n), CKR_OPERATION_NOT_INITIALIZED);

	/* Of a message nobody knows how long it is: enough in any case, then exactly. */
	ck_assert_ok(p11->C_DecryptInit(s, &mech, priv));
	ck_assert_ok(p11->C_Decrypt(s, cipher, k, NULL, &n));
	ck_assert_uint_eq(n, k - 11);
	n = 19;
	ck_assert_rv(p11->C_Decrypt(s, cipher, k, out, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, 20);
	memset(out, 0xEE, sizeof(out));
	ck_assert_ok(p11->C_Decrypt(s, cipher, k, out, &n));
	ck_assert_uint_eq(n, 20);
	ck_assert_mem_eq(out, text, 20);
	ck_assert_uint_eq(out[20], 0xEE);
	ck_assert_rv(p11->C_Decrypt(s, cipher, k, out, &n), CKR_OPERATION_NOT_INITIALIZED);

	/* In parts, which come together at the end. */
	ck_assert_ok(p11->C_EncryptInit(s, &mech, pub));
	n = 0;
	ck_assert_ok(p11->C_EncryptUpdate(s, text, 7, out, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_ok(p11->C_EncryptUpdate(s, text + 7, 13, out, &n));
	ck_assert_ok(p11->C_EncryptFinal(s, NULL, &n));
	ck_assert_uint_eq(n, k);
	ck_assert_ok(p11->C_EncryptFinal(s, cipher, &n));
	ck_assert_ok(p11->C_DecryptInit(s, &mech, priv));
	n = sizeof(out);
	ck_assert_ok(p11->C_DecryptUpdate(s, cipher, k - 1, out, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_ok(p11->C_DecryptUpdate(s, cipher + k - 1, 1, out, &n));
	n = sizeof(out);
	ck_assert_ok(p11->C_DecryptFinal(s, out, &n));
	ck_assert_uint_eq(n, 20);
	ck_assert_mem_eq(out, text, 20);

	/* Errors end it. */
	ck_assert_ok(p11->C_EncryptInit(s, &mech, pub));
	ck_assert_rv(p11->C_Encrypt(s, NULL, 3, cipher, &n), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_Encrypt(s, text, 3, cipher, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ok(p11->C_DecryptInit(s, &mech, priv));
	ck_assert_rv(p11->C_Decrypt(s, cipher, k, out, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_DecryptFinal(s, out, &n), CKR_OPERATION_NOT_INITIALIZED);
}
END_TEST

START_TEST(keys_are_for_what_they_were_made)
{
	CK_OBJECT_HANDLE ec_pub, ec_priv, a, b;

	use_chip(_i);
	ck_assert_ok(generate(1024, false, &a, &b));
	ck_assert_rv(p11->C_EncryptInit(s, &mech, a), CKR_KEY_FUNCTION_NOT_PERMITTED);
	ck_assert_rv(p11->C_DecryptInit(s, &mech, b), CKR_KEY_FUNCTION_NOT_PERMITTED);
	ck_assert_rv(p11->C_SignInit(s, &mech, priv), CKR_KEY_FUNCTION_NOT_PERMITTED);
	ck_assert_rv(p11->C_EncryptInit(s, &mech, priv), CKR_KEY_TYPE_INCONSISTENT);
	ck_assert_rv(p11->C_DecryptInit(s, &mech, pub), CKR_KEY_TYPE_INCONSISTENT);
	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &ec_pub, &ec_priv));
	ck_assert_rv(p11->C_EncryptInit(s, &mech, ec_pub), CKR_KEY_TYPE_INCONSISTENT);
	ck_assert_rv(p11->C_DecryptInit(s, &mech, ec_priv), CKR_KEY_TYPE_INCONSISTENT);
	ck_assert_rv(p11->C_DecryptInit(s, &mech, 0), CKR_KEY_HANDLE_INVALID);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: RSA encryption");
	TCase *tc = tcase_create("rsa");

	tcase_add_checked_fixture(tc, NULL, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, messages_of_every_edge_come_back, 0, NCHIPS);
	tcase_add_loop_test(tc, wrong_padding_and_lengths, 0, NCHIPS);
	tcase_add_loop_test(tc, lengths_are_told_and_the_state_kept, 0, NCHIPS);
	tcase_add_loop_test(tc, keys_are_for_what_they_were_made, 0, NCHIPS);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
