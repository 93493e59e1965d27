/*
 * Operations on a chip that others use and reset: how many commands each call costs, what a reset
 * does to operations that run, and several sessions and processes at once.
 */
#include <config.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/pkcs11v3.h"
#include "tests/module/harness.h"
#include "tests/module/secret.h"

static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE aes, psk, rsa_pub, rsa_priv, ec_pub, ec_priv;
static unsigned char text[4000], iv[16], out[4100];

static CK_MECHANISM ecb = { CKM_AES_ECB, NULL, 0 }, cbc = { CKM_AES_CBC, iv, 16 };
static CK_MECHANISM pad = { CKM_AES_CBC_PAD, iv, 16 }, cmac = { CKM_AES_CMAC, NULL, 0 };
static CK_MECHANISM cbc_mac = { CKM_AES_MAC, NULL, 0 }, hmac = { CKM_SHA512_HMAC, NULL, 0 };
static CK_MECHANISM rsa = { CKM_RSA_PKCS, NULL, 0 }, ecdsa = { CKM_ECDSA_SHA256, NULL, 0 };

static void
make_rsa(void)
{
	CK_MECHANISM gen = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_BBOOL yes = CK_TRUE;
	CK_ULONG bits = 1024;
	CK_ATTRIBUTE pt[] = { { CKA_TOKEN, &yes, 1 }, { CKA_ENCRYPT, &yes, 1 },
		{ CKA_VERIFY, &yes, 1 }, { CKA_MODULUS_BITS, &bits, sizeof(bits) } };
	CK_ATTRIBUTE st[] = { { CKA_TOKEN, &yes, 1 }, { CKA_DECRYPT, &yes, 1 },
		{ CKA_SIGN, &yes, 1 } };

	ck_assert_ok(p11->C_GenerateKeyPair(s, &gen, pt, 4, st, 3, &rsa_pub, &rsa_priv));
}

static void
setup(void)
{
	secret_setup(16, 32);
	s = harness_session(true);
	aes = secret_key(s, CKK_AES, SECRET_CHIP, 16);
	psk = secret_key(s, CKK_GENERIC_SECRET, SECRET_CHIP, 32);
	make_rsa();
	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &ec_pub, &ec_priv));
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)(i * 29 + 5);
}

/* --- commands -------------------------------------------------------------------------------- */

/* Commands from here to the next call. */
static uint64_t
commands(void)
{
	static uint64_t last;
	const uint64_t before = last;

	last = secret_commands();
	return last - before;
}

START_TEST(one_command_a_call)
{
	const struct {
		CK_MECHANISM *mech;
		CK_OBJECT_HANDLE key;
		CK_ULONG len;
		uint64_t want;
	} makes[] = { { &rsa, rsa_priv, 32, 1 }, { &ecdsa, ec_priv, 4000, 1 },
		{ &cmac, aes, 624, 1 }, { &cmac, aes, 625, 2 }, { &cbc_mac, aes, 610, 1 },
		{ &hmac, psk, 624, 1 } },
	  codes[] = { { &ecb, aes, 624, 1 }, { &cbc, aes, 608, 1 }, { &cbc, aes, 624, 2 },
		  { &pad, aes, 607, 1 }, { &pad, aes, 608, 2 } };
	unsigned char cipher[700];
	CK_ULONG n, m;

	for (size_t i = 0; i < sizeof(makes) / sizeof(makes[0]); i++) {
		for (int twice = 0; twice < 2; twice++) {
			(void)commands();
			ck_assert_ok(p11->C_SignInit(s, makes[i].mech, makes[i].key));
			ck_assert_uint_le(commands(), twice ? 0 : 1); /* metadata, once */
			n = 0;
			ck_assert_ok(p11->C_Sign(s, text, makes[i].len, NULL, &n));
			ck_assert_rv(p11->C_Sign(s, text, makes[i].len, out, &(CK_ULONG){ 1 }),
			    CKR_BUFFER_TOO_SMALL);
			ck_assert_uint_eq(commands(), 0);
			ck_assert_ok(p11->C_Sign(s, text, makes[i].len, out, &n));
			ck_assert_msg(commands() == makes[i].want, "row %zu", i);
		}
	}
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		n = sizeof(cipher);
		ck_assert_ok(p11->C_EncryptInit(s, codes[i].mech, codes[i].key));
		(void)commands();
		ck_assert_ok(p11->C_Encrypt(s, text, codes[i].len, cipher, &n));
		ck_assert_uint_eq(commands(), codes[i].want);
		ck_assert_ok(p11->C_DecryptInit(s, codes[i].mech, codes[i].key));
		m = sizeof(out);
		(void)commands();
		ck_assert_ok(p11->C_Decrypt(s, cipher, n, NULL, &m));
		ck_assert_uint_eq(commands(), 0);
		m = sizeof(out);
		ck_assert_ok(p11->C_Decrypt(s, cipher, n, out, &m));
		ck_assert_uint_eq(commands(), codes[i].want);
	}
	n = sizeof(cipher);
	ck_assert_ok(p11->C_EncryptInit(s, &rsa, rsa_pub));
	ck_assert_ok(p11->C_Encrypt(s, text, 48, cipher, &n));
	ck_assert_ok(p11->C_DecryptInit(s, &rsa, rsa_priv));
	m = sizeof(out);
	(void)commands();
	ck_assert_ok(p11->C_Decrypt(s, cipher, n, out, &m));
	ck_assert_uint_eq(commands(), 1);
	ck_assert_uint_eq(m, 48);
}
END_TEST

/* --- resets ---------------------------------------------------------------------------------- */

/* Nothing of an operation is in the chip: those that run go on as if nothing had been. */
START_TEST(resets_do_not_harm_operations)
{
	unsigned char want[1700], mac[64], again[64];
	CK_ULONG n = sizeof(want), m = sizeof(mac), k = 0;

	ck_assert_ok(p11->C_EncryptInit(s, &cbc, aes));
	ck_assert_ok(p11->C_Encrypt(s, text, 1600, want, &n));
	ck_assert_ok(p11->C_SignInit(s, &hmac, psk));
	ck_assert_ok(p11->C_Sign(s, text, 1600, mac, &m));
	ck_assert_ok(p11->C_EncryptInit(s, &cbc, aes));
	ck_assert_ok(p11->C_SignInit(s, &hmac, psk));
	for (size_t at = 0; at < 1600; at += 400) {
		n = sizeof(out) - k;
		secret_reset_chip();
		ck_assert_ok(p11->C_EncryptUpdate(s, text + at, 400, out + k, &n));
		k += n;
		ck_assert_ok(p11->C_SignUpdate(s, text + at, 400));
	}
	secret_reset_chip();
	m = sizeof(again);
	ck_assert_ok(p11->C_SignFinal(s, again, &m));
	ck_assert_mem_eq(again, mac, m);
	n = sizeof(out) - k;
	ck_assert_ok(p11->C_EncryptFinal(s, out + k, &n));
	ck_assert_uint_eq(k + n, 1600);
	ck_assert_mem_eq(out, want, 1600);
	ck_assert_ok(p11->C_SignInit(s, &ecdsa, ec_priv));
	secret_reset_chip();
	n = sizeof(out);
	ck_assert_ok(p11->C_Sign(s, text, 100, out, &n));
}
END_TEST

/* --- keys that go ----------------------------------------------------------------------------- */

/* HKDF from the chip's secret: to the host, or into a session context. */
static CK_OBJECT_HANDLE
derive(bool on_chip, const char *info)
{
	CK_HKDF_PARAMS params = { CK_TRUE, CK_TRUE, CKM_SHA256, CKF_HKDF_SALT_NULL, NULL, 0, 0,
		(unsigned char *)(uintptr_t)info, strlen(info) };
	CK_MECHANISM mech = { CKM_HKDF_DERIVE, &params, sizeof(params) };
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG len = 32;
	CK_ATTRIBUTE tmpl[] = { { CKA_SENSITIVE, on_chip ? &yes : &no, 1 },
		{ CKA_EXTRACTABLE, on_chip ? &no : &yes, 1 }, { CKA_SIGN, &yes, 1 },
		{ CKA_VALUE_LEN, &len, sizeof(len) } };
	CK_OBJECT_HANDLE h = 0;

	ck_assert_ok(p11->C_DeriveKey(s, &mech, psk, tmpl, 4, &h));
	return h;
}

static CK_RV
mac_of(CK_OBJECT_HANDLE key, unsigned char *mac)
{
	CK_ULONG n = 64;
	CK_RV rv;

	if ((rv = p11->C_SignInit(s, &hmac, key)) != CKR_OK)
		return rv;
	return p11->C_Sign(s, text, 1000, mac, &n);
}

START_TEST(keys_in_session_contexts)
{
	unsigned char mac[64], want[64];
	CK_OBJECT_HANDLE key = derive(true, "one"), other;
	CK_ULONG n = sizeof(mac);

	ck_assert_ok(mac_of(derive(false, "one"), want));
	ck_assert_ok(mac_of(key, mac));
	ck_assert_mem_eq(mac, want, 64);

	/* Another secret in the same place is not taken for it. */
	ck_assert_ok(p11->C_SignInit(s, &hmac, key));
	ck_assert_ok(p11->C_SignUpdate(s, text, 500));
	ck_assert_ok(p11->C_DestroyObject(s, key));
	other = derive(true, "two");
	ck_assert_rv(p11->C_SignFinal(s, mac, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_rv(p11->C_SignFinal(s, mac, &n), CKR_OPERATION_NOT_INITIALIZED);

	/* A reset empties it. */
	ck_assert_ok(p11->C_SignInit(s, &hmac, other));
	secret_reset_chip();
	ck_assert_rv(p11->C_Sign(s, text, 500, mac, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_rv(p11->C_SignInit(s, &hmac, other), CKR_KEY_HANDLE_INVALID);
	key = derive(true, "one");
	ck_assert_ok(mac_of(key, mac));
	ck_assert_mem_eq(mac, want, 64);
}
END_TEST

/* What a reset took from one key may be another's by the time the first one's object goes. */
START_TEST(contexts_after_a_reset)
{
	CK_OBJECT_HANDLE old = derive(true, "one"), key;
	unsigned char mac[64], want[64];

	secret_reset_chip();
	key = derive(true, "two");
	ck_assert_ok(mac_of(key, want));
	ck_assert_ok(p11->C_DestroyObject(s, old));
	ck_assert_ok(mac_of(key, mac));
	ck_assert_mem_eq(mac, want, 64);
}
END_TEST

/* A new key in the slot does not sign for the old one. */
START_TEST(keys_in_slots)
{
	unsigned char *was, *is;
	CK_OBJECT_HANDLE a, b;
	CK_ULONG n = sizeof(out);
	size_t len;

	was = harness_attribute(s, ec_priv, CKA_OPTIGA_OID, &len);
	ck_assert_ok(p11->C_SignInit(s, &ecdsa, ec_priv));
	ck_assert_ok(p11->C_DestroyObject(s, ec_priv));
	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &a, &b));
	is = harness_attribute(s, b, CKA_OPTIGA_OID, &len);
	ck_assert_mem_eq(was, is, 2);
	free(was);
	free(is);
	ck_assert_rv(p11->C_Sign(s, text, 100, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_rv(p11->C_SignInit(s, &ecdsa, ec_priv), CKR_KEY_HANDLE_INVALID);
	ck_assert_ok(p11->C_SignInit(s, &ecdsa, b));
	ck_assert_ok(p11->C_Sign(s, text, 100, out, &n));
}
END_TEST

/* --- two at a time --------------------------------------------------------------------------- */

START_TEST(both_at_once)
{
	CK_MECHANISM sha = { CKM_SHA256, NULL, 0 };
	unsigned char cipher[1024], digest[32], want[32], mac[64], sig[64];
	CK_ULONG n, m, k = 0, at = 0;
	size_t len;

	/* Digest and signature of the text while it is encrypted, in place at that. */
	ck_assert_rv(
	    p11->C_DigestEncryptUpdate(s, text, 3, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ok(p11->C_EncryptInit(s, &pad, aes));
	n = sizeof(out);
	ck_assert_rv(
	    p11->C_DigestEncryptUpdate(s, text, 3, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ok(p11->C_DigestInit(s, &sha));
	ck_assert_ok(p11->C_SignInit(s, &hmac, psk));
	memcpy(cipher, text, 500);
	n = 0;
	ck_assert_ok(p11->C_DigestEncryptUpdate(s, cipher, 250, NULL, &n));
	ck_assert_uint_eq(n, 240);
	n = 1;
	ck_assert_rv(p11->C_DigestEncryptUpdate(s, cipher, 250, out, &n), CKR_BUFFER_TOO_SMALL);
	n = sizeof(cipher);
	ck_assert_ok(p11->C_DigestEncryptUpdate(s, cipher, 250, cipher, &n));
	ck_assert_uint_eq(n, 240);
	k = n;
	n = sizeof(cipher) - k;
	ck_assert_ok(p11->C_SignEncryptUpdate(s, text + 250, 250, cipher + k, &n));
	k += n;
	n = sizeof(cipher) - k;
	ck_assert_ok(p11->C_EncryptFinal(s, cipher + k, &n));
	k += n;
	ck_assert_uint_eq(k, 512);
	n = sizeof(digest);
	ck_assert_ok(p11->C_DigestFinal(s, digest, &n));
	ck_assert_int_eq(EVP_Q_digest(NULL, "SHA256", NULL, text, 250, want, &len), 1);
	ck_assert_mem_eq(digest, want, 32);
	n = sizeof(mac);
	ck_assert_ok(p11->C_SignFinal(s, mac, &n));
	ck_assert_ok(p11->C_VerifyInit(s, &hmac, psk));
	ck_assert_ok(p11->C_Verify(s, text + 250, 250, mac, n));

	/* And back: verified and digested is what came out. */
	ck_assert_ok(p11->C_SignInit(s, &ecdsa, ec_priv));
	m = sizeof(sig);
	ck_assert_ok(p11->C_Sign(s, text, 496, sig, &m));
	ck_assert_ok(p11->C_DecryptInit(s, &pad, aes));
	ck_assert_ok(p11->C_VerifyInit(s, &ecdsa, ec_pub));
	ck_assert_ok(p11->C_DigestInit(s, &sha));
	n = sizeof(out);
	ck_assert_ok(p11->C_DecryptVerifyUpdate(s, cipher, 500, out, &n));
	ck_assert_uint_eq(n, 496);
	at += n;
	n = sizeof(out) - at;
	ck_assert_ok(p11->C_DecryptDigestUpdate(s, cipher + 500, 12, out + at, &n));
	ck_assert_uint_eq(n, 0);
	n = sizeof(out) - at;
	ck_assert_ok(p11->C_DecryptFinal(s, out + at, &n));
	ck_assert_uint_eq(n, 4);
	ck_assert_mem_eq(out, text, 500);
	ck_assert_ok(p11->C_VerifyFinal(s, sig, m));
	n = sizeof(digest);
	ck_assert_ok(p11->C_DigestFinal(s, digest, &n));
	ck_assert_int_eq(EVP_Q_digest(NULL, "SHA256", NULL, text, 0, want, &len), 1);
	ck_assert_mem_eq(digest, want, 32);

	/* An error ends both. */
	ck_assert_ok(p11->C_EncryptInit(s, &cbc, aes));
	ck_assert_ok(p11->C_DigestInit(s, &sha));
	ck_assert_rv(p11->C_DigestEncryptUpdate(s, NULL, 3, out, &n), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_EncryptFinal(s, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_rv(p11->C_DigestFinal(s, out, &n), CKR_OPERATION_NOT_INITIALIZED);
}
END_TEST

/* --- processes ------------------------------------------------------------------------------- */

/* One process's share: text of its own through the common key, in pieces, with a MAC beside. */
static int
work_in_child(unsigned char tag)
{
	unsigned char mine[1500], code[1600], back[1600], mac[64];
	CK_SESSION_HANDLE t;
	CK_ULONG n, k;

	memset(mine, tag, sizeof(mine));
	if (p11->C_Initialize(NULL) != CKR_OK ||
	    p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &t) != CKR_OK)
		return 1;
	for (int round = 0; round < 4; round++) {
		CK_OBJECT_HANDLE a = secret_key(t, CKK_AES, SECRET_CHIP, 16);
		CK_OBJECT_HANDLE b = secret_key(t, CKK_GENERIC_SECRET, SECRET_CHIP, 32);

		mine[7] = (unsigned char)round;
		if (p11->C_EncryptInit(t, &pad, a) != CKR_OK ||
		    p11->C_SignInit(t, &cmac, a) != CKR_OK)
			return 2;
		k = 0;
		for (size_t at = 0; at < sizeof(mine); at += 300) {
			n = sizeof(code) - k;
			if (p11->C_SignEncryptUpdate(t, mine + at, 300, code + k, &n) != CKR_OK)
				return 3;
			k += n;
		}
		n = sizeof(code) - k;
		if (p11->C_EncryptFinal(t, code + k, &n) != CKR_OK)
			return 4;
		k += n;
		n = sizeof(mac);
		if (p11->C_SignFinal(t, mac, &n) != CKR_OK ||
		    p11->C_VerifyInit(t, &cmac, a) != CKR_OK ||
		    p11->C_Verify(t, mine, sizeof(mine), mac, n) != CKR_OK)
			return 5;
		n = sizeof(back);
		if (p11->C_DecryptInit(t, &pad, a) != CKR_OK ||
		    p11->C_Decrypt(t, code, k, back, &n) != CKR_OK || n != sizeof(mine) ||
		    memcmp(back, mine, n) != 0)
			return 6;
		n = sizeof(mac);
		if (p11->C_SignInit(t, &hmac, b) != CKR_OK ||
		    p11->C_Sign(t, mine, sizeof(mine), mac, &n) != CKR_OK ||
		    p11->C_VerifyInit(t, &hmac, b) != CKR_OK ||
		    p11->C_Verify(t, mine, sizeof(mine), mac, n) != CKR_OK)
			return 7;
	}
	return p11->C_Finalize(NULL) == CKR_OK ? 0 : 8;
}

START_TEST(processes_encrypt_at_once)
{
	unsigned char whole[1216];
	pid_t pids[3];
	CK_ULONG n = sizeof(whole), k = 0;
	int status;

	ck_assert_ok(p11->C_EncryptInit(s, &cbc, aes));
	ck_assert_ok(p11->C_Encrypt(s, text, 1200, whole, &n));
	ck_assert_ok(p11->C_EncryptInit(s, &cbc, aes));
	for (int i = 0; i < 3; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0)
			_exit(work_in_child((unsigned char)('a' + i)));
	}
	/* And the parent, whose operation began before. */
	for (size_t at = 0; at < 1200; at += 100, k += n) {
		n = sizeof(out) - k;
		ck_assert_ok(p11->C_EncryptUpdate(s, text + at, 100, out + k, &n));
	}
	ck_assert_uint_eq(k, 1200);
	ck_assert_mem_eq(out, whole, 1200);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: operations on a shared chip");
	TCase *tc = tcase_create("shared");

	tcase_add_checked_fixture(tc, setup, harness_teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, one_command_a_call);
	tcase_add_test(tc, resets_do_not_harm_operations);
	tcase_add_test(tc, keys_in_session_contexts);
	tcase_add_test(tc, contexts_after_a_reset);
	tcase_add_test(tc, keys_in_slots);
	tcase_add_test(tc, both_at_once);
	tcase_add_test(tc, processes_encrypt_at_once);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
