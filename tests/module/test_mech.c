/*
 * The mechanism list is the truth: what it names works, what it does not name is refused. By
 * model, from a table of its own.
 */
#include <config.h>

#include <stdlib.h>

#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/pkcs11v3.h"
#include "tests/module/harness.h"

#define EC_FLAGS    (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)
#define PAIR        (CKF_HW | CKF_GENERATE_KEY_PAIR)
#define SIGN        (CKF_HW | CKF_SIGN | CKF_VERIFY)
#define CRYPT       (CKF_HW | CKF_ENCRYPT | CKF_DECRYPT)
#define DERIVE      (CKF_HW | CKF_DERIVE)
#define OFFERED_MAX 64

enum { ON_NONE, ON_EC, ON_RSA, ON_AES, ON_SECRET };
enum { X = 1 << MODEL_X, V1 = 1 << MODEL_V1, V3 = 1 << MODEL_V3, M = V1 | V3, ALL = X | M };
enum { NO_PARAM, IV, LENGTH, OWN };

static const struct row {
	CK_MECHANISM_TYPE type;
	CK_FLAGS flags;
	int models, key, param;
	CK_ULONG len; /* of the longest MAC */
} rows[] = {
	{ CKM_EC_KEY_PAIR_GEN, PAIR | EC_FLAGS, ALL, ON_EC, NO_PARAM, 0 },
	{ CKM_RSA_PKCS_KEY_PAIR_GEN, PAIR, M, ON_RSA, NO_PARAM, 0 },
	{ CKM_ECDSA, SIGN | EC_FLAGS, ALL, ON_EC, NO_PARAM, 0 },
	{ CKM_ECDSA_SHA1, SIGN | EC_FLAGS, ALL, ON_EC, NO_PARAM, 0 },
	{ CKM_ECDSA_SHA224, SIGN | EC_FLAGS, ALL, ON_EC, NO_PARAM, 0 },
	{ CKM_ECDSA_SHA256, SIGN | EC_FLAGS, ALL, ON_EC, NO_PARAM, 0 },
	{ CKM_ECDSA_SHA384, SIGN | EC_FLAGS, ALL, ON_EC, NO_PARAM, 0 },
	{ CKM_ECDSA_SHA512, SIGN | EC_FLAGS, ALL, ON_EC, NO_PARAM, 0 },
	{ CKM_RSA_PKCS, SIGN | CRYPT, M, ON_RSA, NO_PARAM, 0 },
	{ CKM_SHA256_RSA_PKCS, SIGN, M, ON_RSA, NO_PARAM, 0 },
	{ CKM_SHA384_RSA_PKCS, SIGN, M, ON_RSA, NO_PARAM, 0 },
	{ CKM_SHA512_RSA_PKCS, SIGN, V3, ON_RSA, NO_PARAM, 0 },
	{ CKM_SHA_1, CKF_DIGEST, ALL, ON_NONE, NO_PARAM, 0 },
	{ CKM_SHA224, CKF_DIGEST, ALL, ON_NONE, NO_PARAM, 0 },
	{ CKM_SHA256, CKF_DIGEST, ALL, ON_NONE, NO_PARAM, 0 },
	{ CKM_SHA384, CKF_DIGEST, ALL, ON_NONE, NO_PARAM, 0 },
	{ CKM_SHA512, CKF_DIGEST, ALL, ON_NONE, NO_PARAM, 0 },
	{ CKM_AES_ECB, CRYPT, V3, ON_AES, NO_PARAM, 0 },
	{ CKM_AES_CBC, CRYPT, V3, ON_AES, IV, 0 },
	{ CKM_AES_CBC_PAD, CRYPT, V3, ON_AES, IV, 0 },
	{ CKM_AES_MAC, SIGN, V3, ON_AES, NO_PARAM, 8 },
	{ CKM_AES_MAC_GENERAL, SIGN, V3, ON_AES, LENGTH, 16 },
	{ CKM_AES_CMAC, SIGN, V3, ON_AES, NO_PARAM, 16 },
	{ CKM_AES_CMAC_GENERAL, SIGN, V3, ON_AES, LENGTH, 16 },
	{ CKM_SHA256_HMAC, SIGN, V3, ON_SECRET, NO_PARAM, 32 },
	{ CKM_SHA256_HMAC_GENERAL, SIGN, V3, ON_SECRET, LENGTH, 32 },
	{ CKM_SHA384_HMAC, SIGN, V3, ON_SECRET, NO_PARAM, 48 },
	{ CKM_SHA384_HMAC_GENERAL, SIGN, V3, ON_SECRET, LENGTH, 48 },
	{ CKM_SHA512_HMAC, SIGN, V3, ON_SECRET, NO_PARAM, 64 },
	{ CKM_SHA512_HMAC_GENERAL, SIGN, V3, ON_SECRET, LENGTH, 64 },
	{ CKM_ECDH1_DERIVE, DERIVE | EC_FLAGS, ALL, ON_EC, OWN, 0 },
	{ CKM_HKDF_DERIVE, DERIVE, V3, ON_SECRET, OWN, 0 },
	{ CKM_TLS12_MASTER_KEY_DERIVE, DERIVE, ALL, ON_SECRET, OWN, 0 },
	{ CKM_TLS12_MASTER_KEY_DERIVE_DH, DERIVE, ALL, ON_SECRET, OWN, 0 },
	{ CKM_TLS_KDF, DERIVE, ALL, ON_SECRET, OWN, 0 },
	{ CKM_OPTIGA_PROTECTED_UPDATE, CKF_HW | CKF_UNWRAP, V3, ON_NONE, OWN, 0 },
	{ CKM_AES_KEY_GEN, CKF_HW | CKF_GENERATE, V3, ON_AES, NO_PARAM, 0 },
	{ CKM_GENERIC_SECRET_KEY_GEN, CKF_HW | CKF_GENERATE, ALL, ON_SECRET, NO_PARAM, 0 },
};
#define NROWS (sizeof(rows) / sizeof(rows[0]))

/* bits of EC and RSA keys, bytes of the others; by model. */
static const struct {
	CK_ULONG min, max[NMODELS];
} sizes[] = {
	[ON_NONE] = { 0, { 0, 0, 0 } },
	[ON_EC] = { 256, { 384, 384, 521 } },
	[ON_RSA] = { 1024, { 0, 2048, 2048 } },
	[ON_AES] = { 16, { 0, 0, 32 } },
	[ON_SECRET] = { 1, { 64, 64, 64 } },
};

static CK_MECHANISM_TYPE offered[OFFERED_MAX];
static CK_ULONG noffered;
static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE pubs[3], privs[3]; /* by kind of key */

static void
use_model(int model)
{
	harness_model((size_t)model);
	harness_setup();
	noffered = OFFERED_MAX;
	ck_assert_ok(p11->C_GetMechanismList(0, offered, &noffered));
	s = harness_session(true);
	ck_assert_ok(harness_generate(
	    s, &harness_kinds[KIND_P256], NULL, NULL, &pubs[ON_EC], &privs[ON_EC]));
	if (model != MODEL_X)
		ck_assert_ok(harness_generate(
		    s, &harness_kinds[KIND_RSA1024], NULL, NULL, &pubs[ON_RSA], &privs[ON_RSA]));
}

static const struct row *
find(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < NROWS; i++)
		if (rows[i].type == type)
			return &rows[i];
	return NULL;
}

static bool
is_offered(CK_MECHANISM_TYPE type)
{
	for (CK_ULONG i = 0; i < noffered; i++)
		if (offered[i] == type)
			return true;
	return false;
}

START_TEST(list_is_the_model_s_and_has_no_duplicates)
{
	CK_MECHANISM_TYPE list[OFFERED_MAX];
	CK_ULONG n = 0, want = 0;

	use_model(_i);
	ck_assert_ok(p11->C_GetMechanismList(0, NULL, &n));
	ck_assert_uint_eq(n, noffered);
	n--;
	ck_assert_rv(p11->C_GetMechanismList(0, list, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, noffered);
	for (CK_ULONG i = 0; i < noffered; i++)
		for (CK_ULONG j = 0; j < i; j++)
			ck_assert_uint_ne(offered[i], offered[j]);
	for (size_t i = 0; i < NROWS; i++) {
		const bool has = (rows[i].models & 1 << _i) != 0;

		ck_assert_msg(is_offered(rows[i].type) == has, "0x%lx", rows[i].type);
		want += has;
	}
	ck_assert_uint_eq(noffered, want);
	ck_assert_rv(p11->C_GetMechanismList(3, NULL, &n), CKR_SLOT_ID_INVALID);
}
END_TEST

static void
check_signing(CK_MECHANISM *mech, int key)
{
	unsigned char data[32] = { 1, 2, 3 }, sig[512];
	CK_ULONG n = sizeof(sig);

	ck_assert_ok(p11->C_SignInit(s, mech, privs[key]));
	ck_assert_ok(p11->C_Sign(s, data, sizeof(data), sig, &n));
	ck_assert_ok(p11->C_VerifyInit(s, mech, pubs[key]));
	ck_assert_ok(p11->C_Verify(s, data, sizeof(data), sig, n));
	data[0] ^= 1;
	ck_assert_ok(p11->C_VerifyInit(s, mech, pubs[key]));
	ck_assert_rv(p11->C_Verify(s, data, sizeof(data), sig, n), CKR_SIGNATURE_INVALID);
}

/* Ciphers and MACs: test_crypt.c, test_mac.c. */
START_TEST(what_is_offered_is_as_its_flags_say)
{
	unsigned char data[8] = { 0 }, out[64];
	CK_MECHANISM_INFO info;
	CK_ULONG n;

	use_model(_i);
	for (CK_ULONG i = 0; i < noffered; i++) {
		CK_MECHANISM mech = { offered[i], NULL, 0 };
		const struct row *r = find(offered[i]);

		ck_assert_ptr_nonnull(r);
		ck_assert_ok(p11->C_GetMechanismInfo(0, offered[i], &info));
		ck_assert_uint_eq(info.flags, r->flags);
		ck_assert_uint_eq(info.ulMinKeySize, sizes[r->key].min);
		ck_assert_uint_eq(info.ulMaxKeySize, sizes[r->key].max[_i]);
		if ((info.flags & CKF_SIGN) != 0 && (r->key == ON_EC || r->key == ON_RSA))
			check_signing(&mech, r->key);
		if ((info.flags & CKF_DIGEST) != 0) {
			n = sizeof(out);
			ck_assert_ok(p11->C_DigestInit(s, &mech));
			ck_assert_ok(p11->C_Digest(s, data, sizeof(data), out, &n));
		}
	}
}
END_TEST

/* The parameter is looked at before the key, and here there is none. */
static void
expect(const struct row *r, CK_MECHANISM *mech, bool good)
{
	const CK_RV rv = good ? CKR_KEY_HANDLE_INVALID : CKR_MECHANISM_PARAM_INVALID;

	if ((r->flags & CKF_ENCRYPT) != 0) {
		ck_assert_rv(p11->C_EncryptInit(s, mech, 0), rv);
		ck_assert_rv(p11->C_DecryptInit(s, mech, 0), rv);
	}
	if ((r->flags & CKF_SIGN) != 0) {
		ck_assert_rv(p11->C_SignInit(s, mech, 0), rv);
		ck_assert_rv(p11->C_VerifyInit(s, mech, 0), rv);
	}
}

START_TEST(parameters_are_checked)
{
	static const CK_ULONG lens[] = { 0, 1, 7, 8, 15, 16, 17, 32, 1000, (CK_ULONG)-1 };
	unsigned char bytes[1000] = { 0 };

	use_model(MODEL_V3);
	for (size_t i = 0; i < NROWS; i++) {
		CK_MECHANISM mech = { rows[i].type, NULL, 0 };

		for (size_t j = 0; j < sizeof(lens) / sizeof(lens[0]); j++) {
			mech.ulParameterLen = lens[j];
			mech.pParameter = NULL;
			expect(&rows[i], &mech, rows[i].param == NO_PARAM && lens[j] == 0);
			mech.pParameter = bytes; /* a MAC of 0 bytes is none either */
			expect(&rows[i], &mech, rows[i].param == IV && lens[j] == 16);
		}
		for (CK_ULONG n = 0; rows[i].param == LENGTH && n < 70; n++) {
			mech = (CK_MECHANISM){ rows[i].type, &n, sizeof(n) };
			expect(&rows[i], &mech, n >= 1 && n <= rows[i].len);
		}
	}
}
END_TEST

START_TEST(what_is_not_offered_is_refused)
{
	unsigned char iv[16] = { 0 };
	CK_OBJECT_HANDLE a, b;
	CK_MECHANISM_INFO info;

	use_model(_i);
	for (CK_MECHANISM_TYPE type = 0; type < 0x1100; type++) {
		CK_MECHANISM mech = { type, iv, sizeof(iv) };

		if (is_offered(type))
			continue;
		ck_assert_rv(p11->C_GetMechanismInfo(0, type, &info), CKR_MECHANISM_INVALID);
		ck_assert_rv(p11->C_SignInit(s, &mech, privs[ON_EC]), CKR_MECHANISM_INVALID);
		ck_assert_rv(p11->C_VerifyInit(s, &mech, pubs[ON_EC]), CKR_MECHANISM_INVALID);
		ck_assert_rv(p11->C_EncryptInit(s, &mech, pubs[ON_EC]), CKR_MECHANISM_INVALID);
		ck_assert_rv(p11->C_DecryptInit(s, &mech, privs[ON_EC]), CKR_MECHANISM_INVALID);
		ck_assert_rv(p11->C_DigestInit(s, &mech), CKR_MECHANISM_INVALID);
		ck_assert_rv(p11->C_GenerateKeyPair(s, &mech, NULL, 0, NULL, 0, &a, &b),
		    CKR_MECHANISM_INVALID);
	}
}
END_TEST

/* What a mechanism is not for: its other functions. */
START_TEST(flags_not_given_are_refused)
{
	unsigned char iv[16] = { 0 };

	use_model(_i);
	for (CK_ULONG i = 0; i < noffered; i++) {
		CK_MECHANISM mech = { offered[i], iv, sizeof(iv) };
		const CK_FLAGS flags = find(offered[i])->flags;

		if ((flags & CKF_SIGN) == 0) {
			ck_assert_rv(
			    p11->C_SignInit(s, &mech, privs[ON_EC]), CKR_MECHANISM_INVALID);
			ck_assert_rv(
			    p11->C_VerifyInit(s, &mech, pubs[ON_EC]), CKR_MECHANISM_INVALID);
		}
		if ((flags & CKF_ENCRYPT) == 0) {
			ck_assert_rv(
			    p11->C_EncryptInit(s, &mech, pubs[ON_EC]), CKR_MECHANISM_INVALID);
			ck_assert_rv(
			    p11->C_DecryptInit(s, &mech, privs[ON_EC]), CKR_MECHANISM_INVALID);
		}
		if ((flags & CKF_DIGEST) == 0)
			ck_assert_rv(p11->C_DigestInit(s, &mech), CKR_MECHANISM_INVALID);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: mechanisms");
	TCase *tc = tcase_create("mech");

	tcase_add_checked_fixture(tc, NULL, harness_teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, list_is_the_model_s_and_has_no_duplicates, 0, NMODELS);
	tcase_add_loop_test(tc, what_is_offered_is_as_its_flags_say, 0, NMODELS);
	tcase_add_test(tc, parameters_are_checked);
	tcase_add_loop_test(tc, what_is_not_offered_is_refused, 0, NMODELS);
	tcase_add_loop_test(tc, flags_not_given_are_refused, 0, NMODELS);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
