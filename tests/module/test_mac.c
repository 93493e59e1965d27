/*
 * MACs with keys of the host and of the chip, judged by OpenSSL:
 * data of every length in pieces of any size, MACs cut short, verification.
 */
#include <config.h>

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "tests/module/harness.h"
#include "tests/module/secret.h"

#define DATA_MAX 9100

static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE aes, psk;
static unsigned char data[DATA_MAX];

static const struct mac {
	CK_MECHANISM_TYPE type, general;
	const char *name, *with; /* OpenSSL's */
	CK_KEY_TYPE key;
	size_t len, full;
} macs[] = {
	{ CKM_AES_MAC, CKM_AES_MAC_GENERAL, NULL, NULL, CKK_AES, 8, 16 },
	{ CKM_AES_CMAC, CKM_AES_CMAC_GENERAL, "CMAC", "AES-128-CBC", CKK_AES, 16, 16 },
	{ CKM_SHA256_HMAC, CKM_SHA256_HMAC_GENERAL, "HMAC", "SHA256", CKK_GENERIC_SECRET, 32, 32 },
	{ CKM_SHA384_HMAC, CKM_SHA384_HMAC_GENERAL, "HMAC", "SHA384", CKK_GENERIC_SECRET, 48, 48 },
	{ CKM_SHA512_HMAC, CKM_SHA512_HMAC_GENERAL, "HMAC", "SHA512", CKK_GENERIC_SECRET, 64, 64 },
};
#define NMACS ((int)(sizeof(macs) / sizeof(macs[0])))
enum { CBC_MAC, CMAC, HMAC256 };

static void
use_place(int place)
{
	secret_setup(16, 64);
	s = harness_session(false);
	aes = secret_key(s, CKK_AES, (enum secret_place)place, 16);
	psk = secret_key(s, CKK_GENERIC_SECRET, (enum secret_place)place, 64);
	for (size_t j = 0; j < sizeof(data); j++)
		data[j] = (unsigned char)(j * 17 + j / 253);
}

static CK_OBJECT_HANDLE
key_of(const struct mac *m)
{
	return m->key == CKK_AES ? aes : psk;
}

/* CBC-MAC: the last block of CBC over data filled up with zeros. */
static void
cbc_mac(size_t len, unsigned char *out)
{
	static unsigned char padded[DATA_MAX + 16], dropped[DATA_MAX + 32];
	const unsigned char iv[16] = { 0 };
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;

	memset(padded, 0, sizeof(padded));
	memcpy(padded, data, len);
	len = (len + 15) / 16 * 16;
	ck_assert_int_eq(EVP_EncryptInit_ex2(ctx, EVP_aes_128_cbc(), secret_aes, iv, NULL), 1);
	ck_assert_int_eq(EVP_EncryptUpdate(ctx, dropped, &n, padded, (int)len), 1);
	memcpy(out, dropped + len - 16, 16);
	EVP_CIPHER_CTX_free(ctx);
}

static void
expect(const struct mac *m, size_t len, unsigned char *out)
{
	OSSL_PARAM params[2];
	char with[16];
	size_t n = 0;

	if (m->name == NULL) {
		cbc_mac(len, out);
		return;
	}
	(void)snprintf(with, sizeof(with), "%s", m->with);
	params[0] = OSSL_PARAM_construct_utf8_string(
	    m->key == CKK_AES ? OSSL_MAC_PARAM_CIPHER : OSSL_MAC_PARAM_DIGEST, with, 0);
	params[1] = OSSL_PARAM_construct_end();
	ck_assert_ptr_nonnull(EVP_Q_mac(NULL, m->name, NULL, NULL, params,
	    m->key == CKK_AES ? secret_aes : secret_psk, m->key == CKK_AES ? 16 : 64, data, len,
	    out, 64, &n));
	ck_assert_uint_eq(n, m->full);
}

static CK_RV
sign(CK_MECHANISM *mech, const struct mac *m, size_t len, unsigned char *out, CK_ULONG *n)
{
	ck_assert_ok(p11->C_SignInit(s, mech, key_of(m)));
	*n = 64;
	return p11->C_Sign(s, data, len, out, n);
}

static CK_RV
verify(CK_MECHANISM *mech, const struct mac *m, size_t len, unsigned char *mac, CK_ULONG n)
{
	ck_assert_ok(p11->C_VerifyInit(s, mech, key_of(m)));
	return p11->C_Verify(s, data, len, mac, n);
}

static void
try_length(const struct mac *m, size_t len)
{
	CK_MECHANISM mech = { m->type, NULL, 0 };
	unsigned char want[64], mac[64];
	CK_ULONG n;

	expect(m, len, want);
	ck_assert_ok(sign(&mech, m, len, mac, &n));
	ck_assert_uint_eq(n, m->len);
	ck_assert_msg(memcmp(mac, want, n) == 0, "0x%lx of %zu bytes", m->type, len);
	if (len > 100)
		return; /* verifying is making it once more */
	ck_assert_ok(verify(&mech, m, len, mac, n));
	mac[n - 1] ^= 1;
	ck_assert_rv(verify(&mech, m, len, mac, n), CKR_SIGNATURE_INVALID);
}

/* 624, 635: what one command takes; 4096: where AES goes over to CBC. */
START_TEST(data_of_every_length)
{
	static const size_t lens[] = { 1, 15, 16, 17, 32, 100, 624, 625, 635, 636, 4096, 4097,
		8193 };

	use_place(_i);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (int m = 0; m < NMACS; m++)
			if (lens[i] < 4096 || macs[m].key == CKK_AES)
				try_length(&macs[m], lens[i]);
}
END_TEST

/* Of no data at all: CMAC has one, of the others the chip makes none. */
START_TEST(no_data)
{
	use_place(_i);
	try_length(&macs[CMAC], 0);
	for (int m = 0; m < NMACS; m++) {
		CK_MECHANISM mech = { macs[m].type, NULL, 0 };
		unsigned char mac[64];
		CK_ULONG n;

		if (m == CMAC)
			continue;
		if (_i == SECRET_HOST && m >= HMAC256)
			try_length(&macs[m], 0);
		else
			ck_assert_rv(sign(&mech, &macs[m], 0, mac, &n), CKR_DATA_LEN_RANGE);
	}
}
END_TEST

START_TEST(data_in_pieces)
{
	static const size_t pieces[] = { 1, 16, 7, 0, 700, 16, 4095, 3, 1 };
	unsigned char want[64], mac[64];

	use_place(_i);
	for (int m = 0; m < NMACS; m++) {
		CK_MECHANISM mech = { macs[m].type, NULL, 0 };
		size_t at = 0;
		CK_ULONG n = 3;

		ck_assert_ok(p11->C_SignInit(s, &mech, key_of(&macs[m])));
		ck_assert_ok(p11->C_VerifyInit(s, &mech, key_of(&macs[m])));
		for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
			ck_assert_ok(p11->C_SignUpdate(s, data + at, pieces[i]));
			ck_assert_ok(p11->C_VerifyUpdate(s, data + at, pieces[i]));
			at += pieces[i];
		}
		expect(&macs[m], at, want);
		ck_assert_rv(p11->C_SignFinal(s, mac, &n), CKR_BUFFER_TOO_SMALL);
		ck_assert_uint_eq(n, macs[m].len);
		ck_assert_ok(p11->C_SignFinal(s, NULL, &n));
		ck_assert_ok(p11->C_SignFinal(s, mac, &n));
		ck_assert_uint_eq(n, macs[m].len);
		ck_assert_mem_eq(mac, want, n);
		ck_assert_ok(p11->C_VerifyFinal(s, mac, n));
		ck_assert_rv(p11->C_SignFinal(s, mac, &n), CKR_OPERATION_NOT_INITIALIZED);
		ck_assert_rv(p11->C_VerifyFinal(s, mac, n), CKR_OPERATION_NOT_INITIALIZED);
	}
}
END_TEST

START_TEST(macs_as_long_as_asked_for)
{
	unsigned char want[64], mac[64];

	use_place(_i);
	for (int m = 0; m < NMACS; m++) {
		expect(&macs[m], 50, want);
		for (CK_ULONG len = 1; len <= macs[m].full; len += macs[m].full / 2 - 1) {
			CK_MECHANISM mech = { macs[m].general, &len, sizeof(len) };
			CK_ULONG n;

			ck_assert_ok(sign(&mech, &macs[m], 50, mac, &n));
			ck_assert_uint_eq(n, len);
			ck_assert_mem_eq(mac, want, n);
			ck_assert_ok(verify(&mech, &macs[m], 50, mac, n));
			ck_assert_rv(
			    verify(&mech, &macs[m], 50, mac, n + 1), CKR_SIGNATURE_LEN_RANGE);
			mac[0] ^= 0x80;
			ck_assert_rv(verify(&mech, &macs[m], 50, mac, n), CKR_SIGNATURE_INVALID);
		}
	}
}
END_TEST

START_TEST(keys_of_the_other_kind)
{
	use_place(_i);
	for (int m = 0; m < NMACS; m++) {
		CK_MECHANISM mech = { macs[m].type, NULL, 0 };
		CK_OBJECT_HANDLE other = macs[m].key == CKK_AES ? psk : aes;

		ck_assert_rv(p11->C_SignInit(s, &mech, other), CKR_KEY_TYPE_INCONSISTENT);
		ck_assert_rv(p11->C_VerifyInit(s, &mech, other), CKR_KEY_TYPE_INCONSISTENT);
	}
}
END_TEST

/* The chip must not be held for minutes; a key of the host has no such limit. */
START_TEST(hmac_of_too_much)
{
	CK_MECHANISM mech = { CKM_SHA256_HMAC, NULL, 0 };
	CK_RV rv = CKR_OK;
	size_t n = 0;

	use_place(_i);
	ck_assert_ok(p11->C_SignInit(s, &mech, psk));
	while (rv == CKR_OK && n < (size_t)1 << 20) {
		rv = p11->C_SignUpdate(s, data, 4096);
		n += 4096;
	}
	ck_assert_uint_eq(rv, _i == SECRET_CHIP ? CKR_DATA_LEN_RANGE : CKR_OK);
	if (_i == SECRET_CHIP)
		ck_assert_uint_eq(n, 64 * 1024 + 4096);
}
END_TEST

/* Sessions, and operations within one, do not disturb each other. */
START_TEST(operations_side_by_side)
{
	CK_MECHANISM cmac = { CKM_AES_CMAC, NULL, 0 }, hmac = { CKM_SHA384_HMAC, NULL, 0 };
	CK_SESSION_HANDLE t;
	unsigned char want[64], mac[64];
	CK_ULONG n;

	use_place(_i);
	t = harness_session(false);
	ck_assert_ok(p11->C_SignInit(s, &cmac, aes));
	ck_assert_ok(p11->C_SignInit(t, &cmac, aes));
	ck_assert_ok(p11->C_VerifyInit(s, &hmac, psk));
	for (size_t at = 0; at < 5000; at += 1000) {
		ck_assert_ok(p11->C_SignUpdate(s, data + at, 1000));
		ck_assert_ok(p11->C_SignUpdate(t, data + at, 900));
		ck_assert_ok(p11->C_SignUpdate(t, data + at + 900, 100));
		ck_assert_ok(p11->C_VerifyUpdate(s, data + at, 1000));
	}
	expect(&macs[CMAC], 5000, want);
	n = sizeof(mac);
	ck_assert_ok(p11->C_SignFinal(s, mac, &n));
	ck_assert_mem_eq(mac, want, 16);
	n = sizeof(mac);
	ck_assert_ok(p11->C_SignFinal(t, mac, &n));
	ck_assert_mem_eq(mac, want, 16);
	expect(&macs[3], 5000, want);
	ck_assert_ok(p11->C_VerifyFinal(s, want, 48));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: MACs");
	TCase *tc = tcase_create("mac");

	tcase_add_checked_fixture(tc, NULL, harness_teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, data_of_every_length, 0, SECRET_PLACES);
	tcase_add_loop_test(tc, no_data, 0, SECRET_PLACES);
	tcase_add_loop_test(tc, data_in_pieces, 0, SECRET_PLACES);
	tcase_add_loop_test(tc, macs_as_long_as_asked_for, 0, SECRET_PLACES);
	tcase_add_loop_test(tc, keys_of_the_other_kind, 0, SECRET_PLACES);
	tcase_add_loop_test(tc, hmac_of_too_much, 0, SECRET_PLACES);
	tcase_add_loop_test(tc, operations_side_by_side, 0, SECRET_PLACES);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
