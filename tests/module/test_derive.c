/*
 * C_DeriveKey, session key pairs and C_GenerateKey: OpenSSL on the other side, vectors of the RFCs,
 * and the session contexts of the chip.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/pkcs11v3.h"
#include "tests/module/harness.h"

#define POINT_MAX 133

static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY;
static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE pub, priv, key;

static void
setup(void)
{
	harness_setup();
	s = harness_session(true);
}

/* --- the other side ------------------------------------------------------------------------- */

static unsigned char point[POINT_MAX], z[66];
static size_t point_len, z_len;

/* A key of OpenSSL's on the curve of ours: its point, and the secret shared with ours. */
static void
other_side(const char *group, CK_OBJECT_HANDLE ours)
{
	EVP_PKEY *mine = EVP_EC_gen(group), *peer = harness_pkey(s, ours);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(mine, NULL);

	ck_assert_int_eq(EVP_PKEY_get_octet_string_param(
			     mine, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &point_len),
	    1);
	z_len = sizeof(z);
	ck_assert_int_eq(EVP_PKEY_derive_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_derive_set_peer(ctx, peer), 1);
	ck_assert_int_eq(EVP_PKEY_derive(ctx, z, &z_len), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(mine);
	EVP_PKEY_free(peer);
}

static void
make_pair(const struct key_kind *kind, bool token)
{
	CK_MECHANISM gen = { CKM_EC_KEY_PAIR_GEN, NULL, 0 };
	CK_BBOOL where = token;
	CK_ATTRIBUTE a[] = { { CKA_TOKEN, &where, 1 },
		{ CKA_EC_PARAMS, (void *)(uintptr_t)kind->params, kind->params_len } };
	CK_ATTRIBUTE b[] = { { CKA_TOKEN, &where, 1 }, { CKA_DERIVE, &yes, 1 },
		{ CKA_SIGN, &yes, 1 } };

	ck_assert_ok(p11->C_GenerateKeyPair(s, &gen, a, 2, b, 3, &pub, &priv));
}

static CK_RV
ecdh(CK_ULONG kdf, const void *p, size_t n, CK_ULONG len, bool on_chip, CK_OBJECT_HANDLE *hp)
{
	static unsigned char info[] = "shared";
	CK_ECDH1_DERIVE_PARAMS params = { kdf, kdf == CKD_NULL ? 0 : sizeof(info) - 1,
		kdf == CKD_NULL ? NULL : info, n, (void *)(uintptr_t)p };
	CK_MECHANISM m = { CKM_ECDH1_DERIVE, &params, sizeof(params) };
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &generic, sizeof(generic) },
		{ CKA_SENSITIVE, on_chip ? &yes : &no, 1 },
		{ CKA_EXTRACTABLE, on_chip ? &no : &yes, 1 }, { CKA_DERIVE, &yes, 1 },
		{ CKA_VALUE_LEN, &len, sizeof(len) } };

	return p11->C_DeriveKey(s, &m, priv, t, len != 0 ? 6 : 5, hp);
}

static void
value_is(CK_OBJECT_HANDLE h, const void *want, size_t n)
{
	size_t len;
	unsigned char *value = harness_attribute(s, h, CKA_VALUE, &len);

	ck_assert_uint_eq(len, n);
	ck_assert_mem_eq(value, want, n);
	free(value);
}

/* --- ECDH ------------------------------------------------------------------------------------- */

static const char *const groups[] = { "P-256", "P-384", "P-521", "brainpoolP256r1",
	"brainpoolP384r1", "brainpoolP512r1" };
#define NGROUPS ((int)(sizeof(groups) / sizeof(groups[0])))

START_TEST(both_sides_agree)
{
	unsigned char wrapped[POINT_MAX + 3] = { 0x04 };
	size_t head;

	make_pair(&harness_kinds[_i], true);
	other_side(groups[_i], pub);
	ck_assert_ok(ecdh(CKD_NULL, point, point_len, 0, false, &key));
	value_is(key, z, z_len);
	/* The point as CKA_EC_POINT has it. */
	head = point_len < 0x80 ? 2 : 3;
	wrapped[1] = head == 2 ? (unsigned char)point_len : 0x81;
	wrapped[head - 1] = (unsigned char)point_len;
	memcpy(wrapped + head, point, point_len);
	ck_assert_ok(ecdh(CKD_NULL, wrapped, point_len + head, 0, false, &key));
	value_is(key, z, z_len);
	/* A shorter key has the end of the secret. */
	ck_assert_ok(ecdh(CKD_NULL, point, point_len, 16, false, &key));
	value_is(key, z + z_len - 16, 16);
	ck_assert_rv(ecdh(CKD_NULL, point, point_len, z_len + 1, false, &key), CKR_KEY_SIZE_RANGE);
}
END_TEST

START_TEST(kdf_is_x963)
{
	unsigned char in[66 + 4 + 6], want[64];

	make_pair(&harness_kinds[KIND_P256], true);
	other_side("P-256", pub);
	for (unsigned i = 0; i < 2; i++) {
		memcpy(in, z, z_len);
		memcpy(in + z_len, "\0\0\0", 3);
		in[z_len + 3] = (unsigned char)(i + 1);
		memcpy(in + z_len + 4, "shared", 6);
		ck_assert_int_eq(
		    EVP_Digest(in, z_len + 10, want + 32 * i, NULL, EVP_sha256(), NULL), 1);
	}
	ck_assert_ok(ecdh(CKD_SHA256_KDF, point, point_len, 50, false, &key));
	value_is(key, want, 50);
	ck_assert_rv(
	    ecdh(CKD_SHA256_KDF, point, point_len, 0, false, &key), CKR_TEMPLATE_INCOMPLETE);
	/* Not the chip's to keep, but nobody reads it for that. */
	ck_assert_ok(ecdh(CKD_SHA256_KDF, point, point_len, 50, true, &key));
	{
		CK_ATTRIBUTE a = { CKA_VALUE, want, sizeof(want) };

		ck_assert_rv(p11->C_GetAttributeValue(s, key, &a, 1), CKR_ATTRIBUTE_SENSITIVE);
	}
}
END_TEST

START_TEST(bad_parameters_are_refused)
{
	CK_ECDH1_DERIVE_PARAMS params = { CKD_NULL, 0, NULL, 0, NULL };
	CK_MECHANISM m = { CKM_ECDH1_DERIVE, &params, sizeof(params) };
	CK_ATTRIBUTE t = { CKA_TOKEN, &yes, 1 };

	make_pair(&harness_kinds[KIND_P256], true);
	other_side("P-256", pub);
	ck_assert_rv(p11->C_DeriveKey(s, &m, priv, NULL, 0, &key), CKR_MECHANISM_PARAM_INVALID);
	ck_assert_rv(ecdh(99, point, point_len, 0, false, &key), CKR_MECHANISM_PARAM_INVALID);
	ck_assert_rv(
	    ecdh(CKD_NULL, point, point_len - 1, 0, false, &key), CKR_MECHANISM_PARAM_INVALID);
	point[20] ^= 1; /* not on the curve */
	ck_assert_rv(ecdh(CKD_NULL, point, point_len, 0, false, &key), CKR_MECHANISM_PARAM_INVALID);
	point[20] ^= 1;
	params.public_data = point;
	params.public_data_len = point_len;
	ck_assert_rv(p11->C_DeriveKey(s, &m, priv, &t, 1, &key), CKR_TEMPLATE_INCONSISTENT);
	ck_assert_rv(p11->C_DeriveKey(s, &m, pub, NULL, 0, &key), CKR_KEY_TYPE_INCONSISTENT);
	ck_assert_rv(p11->C_DeriveKey(s, &m, 77, NULL, 0, &key), CKR_KEY_HANDLE_INVALID);
	ck_assert_rv(p11->C_DeriveKey(s, &m, priv, NULL, 0, NULL), CKR_ARGUMENTS_BAD);
	m.mechanism = CKM_SHA256;
	ck_assert_rv(p11->C_DeriveKey(s, &m, priv, NULL, 0, &key), CKR_MECHANISM_INVALID);
}
END_TEST

/* --- secrets that stay on the chip ------------------------------------------------------------ */

static CK_RV
hkdf(CK_OBJECT_HANDLE base, const void *salt, size_t salt_len, const void *info, size_t info_len,
    CK_ULONG len, CK_OBJECT_HANDLE *hp)
{
	CK_HKDF_PARAMS params = { CK_TRUE, CK_TRUE, CKM_SHA256,
		salt != NULL ? CKF_HKDF_SALT_DATA : CKF_HKDF_SALT_NULL, (void *)(uintptr_t)salt,
		salt_len, 0, (void *)(uintptr_t)info, info_len };
	CK_MECHANISM m = { CKM_HKDF_DERIVE, &params, sizeof(params) };
	CK_ATTRIBUTE t[] = { { CKA_EXTRACTABLE, &yes, 1 }, { CKA_SENSITIVE, &no, 1 },
		{ CKA_VALUE_LEN, &len, sizeof(len) } };

	return p11->C_DeriveKey(s, &m, base, t, 3, hp);
}

static CK_OBJECT_HANDLE
host_secret(const void *p, size_t n)
{
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &generic, sizeof(generic) }, { CKA_DERIVE, &yes, 1 },
		{ CKA_SIGN, &yes, 1 }, { CKA_VALUE, (void *)(uintptr_t)p, n } };
	CK_OBJECT_HANDLE h;

	ck_assert_ok(p11->C_CreateObject(s, t, 5, &h));
	return h;
}

START_TEST(a_secret_on_the_chip_is_used_there)
{
	CK_OBJECT_HANDLE on_chip, a, b;
	CK_ATTRIBUTE value = { CKA_VALUE, NULL, 0 };
	size_t len;
	unsigned char *want;

	make_pair(&harness_kinds[KIND_P256], true);
	other_side("P-256", pub);
	ck_assert_ok(ecdh(CKD_NULL, point, point_len, 0, true, &on_chip));
	ck_assert_rv(p11->C_GetAttributeValue(s, on_chip, &value, 1), CKR_ATTRIBUTE_SENSITIVE);
	ck_assert_ok(hkdf(on_chip, "salt", 4, "info", 4, 40, &a));
	ck_assert_ok(hkdf(host_secret(z, z_len), "salt", 4, "info", 4, 40, &b));
	want = harness_attribute(s, b, CKA_VALUE, &len);
	value_is(a, want, len);
	free(want);
}
END_TEST

START_TEST(four_secrets_and_no_more)
{
	CK_OBJECT_HANDLE on_chip[5];
	CK_SESSION_HANDLE other, first = s;

	make_pair(&harness_kinds[KIND_P256], true);
	other_side("P-256", pub);
	for (int i = 0; i < 3; i++)
		ck_assert_ok(ecdh(CKD_NULL, point, point_len, 0, true, &on_chip[i]));
	other = harness_session(false);
	s = other;
	ck_assert_ok(ecdh(CKD_NULL, point, point_len, 0, true, &on_chip[3]));
	s = first;
	ck_assert_rv(ecdh(CKD_NULL, point, point_len, 0, true, &on_chip[4]), CKR_DEVICE_MEMORY);
	ck_assert_ok(p11->C_DestroyObject(s, on_chip[1]));
	ck_assert_ok(ecdh(CKD_NULL, point, point_len, 0, true, &on_chip[4]));
	ck_assert_rv(ecdh(CKD_NULL, point, point_len, 0, true, &on_chip[1]), CKR_DEVICE_MEMORY);
	/* A session's end gives back what it had. */
	ck_assert_ok(p11->C_CloseSession(other));
	ck_assert_ok(ecdh(CKD_NULL, point, point_len, 0, true, &on_chip[1]));
}
END_TEST

START_TEST(session_pairs_sign_and_agree)
{
	CK_MECHANISM m = { CKM_ECDSA_SHA256, NULL, 0 };
	unsigned char sig[132], data[] = "to be signed";
	CK_ULONG n = sizeof(sig);
	EVP_PKEY *pkey;
	CK_ULONG found;
	CK_ATTRIBUTE session_only = { CKA_TOKEN, &no, 1 };
	CK_OBJECT_HANDLE list[4];

	make_pair(&harness_kinds[_i], false);
	pkey = harness_pkey(s, pub);
	ck_assert_ok(p11->C_SignInit(s, &m, priv));
	ck_assert_ok(p11->C_Sign(s, data, sizeof(data), sig, &n));
	ck_assert_uint_eq(n, harness_kinds[_i].sig_len);
	ck_assert(harness_verify(pkey, "SHA256", data, sizeof(data), sig, n));
	EVP_PKEY_free(pkey);
	ck_assert_ok(p11->C_VerifyInit(s, &m, pub));
	ck_assert_ok(p11->C_Verify(s, data, sizeof(data), sig, n));
	other_side(groups[_i], pub);
	ck_assert_ok(ecdh(CKD_NULL, point, point_len, 0, false, &key));
	value_is(key, z, z_len);
	found = harness_find(s, &session_only, 1, list, 4);
	ck_assert_uint_eq(found, 3);
	ck_assert_ok(p11->C_DestroyObject(s, priv));
	ck_assert_rv(p11->C_SignInit(s, &m, priv), CKR_KEY_HANDLE_INVALID);
}
END_TEST

/* --- known answers ------------------------------------------------------------------------------
 */

static CK_OBJECT_HANDLE
token_secret(const void *p, size_t n)
{
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &secret_class, sizeof(secret_class) },
		{ CKA_KEY_TYPE, &generic, sizeof(generic) }, { CKA_TOKEN, &yes, 1 },
		{ CKA_VALUE, (void *)(uintptr_t)p, n } };
	CK_OBJECT_HANDLE h;

	ck_assert_ok(p11->C_CreateObject(s, t, 4, &h));
	return h;
}

/* RFC 5869, A.1; by the chip and by the host. */
START_TEST(hkdf_of_the_rfc)
{
	static const unsigned char okm[] = { 0x3C, 0xB2, 0x5F, 0x25, 0xFA, 0xAC, 0xD5, 0x7A, 0x90,
		0x43, 0x4F, 0x64, 0xD0, 0x36, 0x2F, 0x2A, 0x2D, 0x2D, 0x0A, 0x90, 0xCF, 0x1A, 0x5A,
		0x4C, 0x5D, 0xB0, 0x2D, 0x56, 0xEC, 0xC4, 0xC5, 0xBF, 0x34, 0x00, 0x72, 0x08, 0xD5,
		0xB8, 0x87, 0x18, 0x58, 0x65 };
	unsigned char ikm[22], salt[13], info[10];
	CK_OBJECT_HANDLE base;

	memset(ikm, 0x0B, sizeof(ikm));
	for (unsigned char i = 0; i < sizeof(salt); i++)
		salt[i] = i;
	for (unsigned char i = 0; i < sizeof(info); i++)
		info[i] = (unsigned char)(0xF0 + i);
	base = _i == 0 ? token_secret(ikm, sizeof(ikm)) : host_secret(ikm, sizeof(ikm));
	ck_assert_ok(hkdf(base, salt, sizeof(salt), info, sizeof(info), sizeof(okm), &key));
	value_is(key, okm, sizeof(okm));
	if (_i == 0) {
		ck_assert_rv(hkdf(base, salt, sizeof(salt), info, sizeof(info), 257, &key),
		    CKR_KEY_SIZE_RANGE);
	}
}
END_TEST

static const unsigned char prf_secret[] = { 0x9B, 0xBE, 0x43, 0x6B, 0xA9, 0x40, 0xF0, 0x17, 0xB1,
	0x76, 0x52, 0x84, 0x9A, 0x71, 0xDB, 0x35 };
static unsigned char prf_seed[] = { 0xA0, 0xBA, 0x9F, 0x93, 0x6C, 0xDA, 0x31, 0x18, 0x27, 0xA6,
	0xF7, 0x96, 0xFF, 0xD5, 0x19, 0x8C };

/* The vector that TLS 1.2 implementers pass around, its seed split into the two randoms. */
START_TEST(tls_kdf_known_answer)
{
	static const unsigned char want[] = { 0xE3, 0xF2, 0x29, 0xBA, 0x72, 0x7B, 0xE1, 0x7B, 0x8D,
		0x12, 0x26, 0x20, 0x55, 0x7C, 0xD4, 0x53, 0xC2, 0xAA, 0xB2, 0x1D, 0x07, 0xC3, 0xD4,
		0x95, 0x32, 0x9B, 0x52, 0xD4, 0xE6, 0x1E, 0xDB, 0x5A };
	static unsigned char label[] = "test label";
	CK_TLS_KDF_PARAMS params = { CKM_SHA256, label, sizeof(label) - 1,
		{ prf_seed, 8, prf_seed + 8, 8 }, NULL, 0 };
	CK_MECHANISM m = { CKM_TLS_KDF, &params, sizeof(params) };
	CK_ULONG len = sizeof(want);
	CK_ATTRIBUTE t[] = { { CKA_SENSITIVE, &no, 1 }, { CKA_EXTRACTABLE, &yes, 1 },
		{ CKA_VALUE_LEN, &len, sizeof(len) } };
	CK_OBJECT_HANDLE base = _i == 0 ? token_secret(prf_secret, sizeof(prf_secret))
					: host_secret(prf_secret, sizeof(prf_secret));

	ck_assert_ok(p11->C_DeriveKey(s, &m, base, t, 3, &key));
	value_is(key, want, sizeof(want));
	ck_assert_rv(p11->C_DeriveKey(s, &m, base, t, 2, &key), CKR_TEMPLATE_INCOMPLETE);
	params.prfMechanism = CKM_SHA_1;
	ck_assert_rv(p11->C_DeriveKey(s, &m, base, t, 3, &key), CKR_MECHANISM_PARAM_INVALID);
}
END_TEST

/* Chip and host come to the same, and the master secret can stay on the chip. */
START_TEST(tls_master_secret)
{
	unsigned char client[32], server[32];
	CK_TLS12_MASTER_KEY_DERIVE_PARAMS params = { { client, 32, server, 32 }, NULL, CKM_SHA256 };
	CK_MECHANISM m = { CKM_TLS12_MASTER_KEY_DERIVE_DH, &params, sizeof(params) };
	CK_ATTRIBUTE open[] = { { CKA_SENSITIVE, &no, 1 }, { CKA_EXTRACTABLE, &yes, 1 } };
	CK_ATTRIBUTE closed[] = { { CKA_SENSITIVE, &yes, 1 }, { CKA_EXTRACTABLE, &no, 1 } };
	CK_OBJECT_HANDLE on_chip, a, b;
	CK_VERSION version;
	unsigned char *want;
	size_t len;

	memset(client, 0xC1, sizeof(client));
	memset(server, 0x5E, sizeof(server));
	make_pair(&harness_kinds[KIND_P256], true);
	other_side("P-256", pub);
	ck_assert_ok(ecdh(CKD_NULL, point, point_len, 0, true, &on_chip));
	ck_assert_ok(p11->C_DeriveKey(s, &m, on_chip, open, 2, &a));
	ck_assert_ok(p11->C_DeriveKey(s, &m, host_secret(z, z_len), open, 2, &b));
	want = harness_attribute(s, b, CKA_VALUE, &len);
	ck_assert_uint_eq(len, 48);
	value_is(a, want, len);
	free(want);
	ck_assert_ok(p11->C_DeriveKey(s, &m, on_chip, closed, 2, &a));
	params.pVersion = &version;
	ck_assert_rv(p11->C_DeriveKey(s, &m, on_chip, open, 2, &a), CKR_MECHANISM_PARAM_INVALID);
}
END_TEST

/* --- C_GenerateKey ------------------------------------------------------------------------------
 */

static CK_RV
generate(CK_MECHANISM_TYPE type, CK_ULONG len, bool token, CK_OBJECT_HANDLE *hp)
{
	CK_MECHANISM m = { type, NULL, 0 };
	CK_BBOOL where = token;
	CK_ATTRIBUTE t[] = { { CKA_TOKEN, &where, 1 }, { CKA_VALUE_LEN, &len, sizeof(len) },
		{ CKA_ENCRYPT, type == CKM_AES_KEY_GEN ? &yes : &no, 1 },
		{ CKA_DECRYPT, type == CKM_AES_KEY_GEN ? &yes : &no, 1 },
		{ CKA_LABEL, (void *)(uintptr_t) "made", 4 } };

	return p11->C_GenerateKey(s, &m, t, 5, hp);
}

START_TEST(aes_keys)
{
	unsigned char iv[16] = { 1 }, text[] = "sixteen bytes...and sixteen more", out[48],
		      back[48];
	CK_MECHANISM m = { CKM_AES_CBC, iv, sizeof(iv) };
	CK_ULONG n = sizeof(out), len = 16 + 8 * (CK_ULONG)(_i % 3);
	const bool token = _i < 3;
	CK_OBJECT_HANDLE again;
	unsigned char *local;
	size_t one;

	ck_assert_ok(generate(CKM_AES_KEY_GEN, len, token, &key));
	ck_assert_ok(p11->C_EncryptInit(s, &m, key));
	ck_assert_ok(p11->C_Encrypt(s, text, 32, out, &n));
	ck_assert_uint_eq(n, 32);
	ck_assert_mem_ne(out, text, 32);
	ck_assert_ok(p11->C_DecryptInit(s, &m, key));
	ck_assert_ok(p11->C_Decrypt(s, out, 32, back, &n));
	ck_assert_mem_eq(back, text, 32);
	local = harness_attribute(s, key, CKA_LOCAL, &one);
	ck_assert(*local);
	free(local);
	if (token)
		ck_assert_rv(generate(CKM_AES_KEY_GEN, len, true, &again), CKR_ACTION_PROHIBITED);
	ck_assert_rv(generate(CKM_AES_KEY_GEN, 17, token, &again), CKR_KEY_SIZE_RANGE);
}
END_TEST

START_TEST(generic_secrets)
{
	CK_MECHANISM m = { CKM_SHA256_HMAC, NULL, 0 };
	unsigned char mac[32], data[] = "data";
	CK_ULONG n = sizeof(mac);

	ck_assert_ok(generate(CKM_GENERIC_SECRET_KEY_GEN, 32, _i == 0, &key));
	ck_assert_ok(p11->C_SignInit(s, &m, key));
	ck_assert_ok(p11->C_Sign(s, data, sizeof(data), mac, &n));
	ck_assert_ok(p11->C_VerifyInit(s, &m, key));
	ck_assert_ok(p11->C_Verify(s, data, sizeof(data), mac, n));
	mac[0] ^= 1;
	ck_assert_ok(p11->C_VerifyInit(s, &m, key));
	ck_assert_rv(p11->C_Verify(s, data, sizeof(data), mac, n), CKR_SIGNATURE_INVALID);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("derivation and generation");
	TCase *tc = tcase_create("derive");

	tcase_add_checked_fixture(tc, setup, harness_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, both_sides_agree, 0, NGROUPS);
	tcase_add_test(tc, kdf_is_x963);
	tcase_add_test(tc, bad_parameters_are_refused);
	tcase_add_test(tc, a_secret_on_the_chip_is_used_there);
	tcase_add_test(tc, four_secrets_and_no_more);
	tcase_add_loop_test(tc, session_pairs_sign_and_agree, 0, NGROUPS);
	tcase_add_loop_test(tc, hkdf_of_the_rfc, 0, 2);
	tcase_add_loop_test(tc, tls_kdf_known_answer, 0, 2);
	tcase_add_test(tc, tls_master_secret);
	tcase_add_loop_test(tc, aes_keys, 0, 6);
	tcase_add_loop_test(tc, generic_secrets, 0, 2);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
