/* Signing with every key type and mechanism, judged by OpenSSL; verifying; how operations end. */
#include <config.h>

#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "tests/module/harness.h"

static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE pub, priv;
static EVP_PKEY *pkey;
static const struct key_kind *kind;
static unsigned char data[1000];

static void
setup(void)
{
	harness_setup();
	s = harness_session(true);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)(i * 11 + 1);
}

static void
teardown(void)
{
	EVP_PKEY_free(pkey);
	pkey = NULL;
	harness_teardown();
}

static void
use_kind(size_t i)
{
	kind = &harness_kinds[i];
	ck_assert_ok(harness_generate(s, kind, NULL, "test", &pub, &priv));
	pkey = harness_pkey(s, pub);
}

static const struct sign_mech {
	CK_MECHANISM_TYPE type;
	CK_KEY_TYPE key;
	const char *md;
} mechs[] = {
	{ CKM_ECDSA_SHA1, CKK_EC, "SHA1" },
	{ CKM_ECDSA_SHA224, CKK_EC, "SHA224" },
	{ CKM_ECDSA_SHA256, CKK_EC, "SHA256" },
	{ CKM_ECDSA_SHA384, CKK_EC, "SHA384" },
	{ CKM_ECDSA_SHA512, CKK_EC, "SHA512" },
	{ CKM_SHA256_RSA_PKCS, CKK_RSA, "SHA256" },
	{ CKM_SHA384_RSA_PKCS, CKK_RSA, "SHA384" },
	{ CKM_SHA512_RSA_PKCS, CKK_RSA, "SHA512" },
};
#define NMECHS (sizeof(mechs) / sizeof(mechs[0]))

static void
sign_once(CK_MECHANISM *mech, unsigned char *in, size_t len, unsigned char *sig)
{
	CK_ULONG n = 512;

	ck_assert_ok(p11->C_SignInit(s, mech, priv));
	ck_assert_ok(p11->C_Sign(s, in, len, sig, &n));
	ck_assert_uint_eq(n, kind->sig_len);
}

static CK_RV
verify_once(CK_MECHANISM *mech, unsigned char *in, size_t len, unsigned char *sig, size_t n)
{
	ck_assert_ok(p11->C_VerifyInit(s, mech, pub));
	return p11->C_Verify(s, in, len, sig, n);
}

static void
try_mechanism(const struct sign_mech *m)
{
	CK_MECHANISM mech = { m->type, NULL, 0 };
	unsigned char sig[512], junk[512];
	CK_ULONG n = sizeof(sig);

	if (m->key != kind->type) {
		ck_assert_rv(p11->C_SignInit(s, &mech, priv), CKR_KEY_TYPE_INCONSISTENT);
		ck_assert_rv(p11->C_VerifyInit(s, &mech, pub), CKR_KEY_TYPE_INCONSISTENT);
		return;
	}
	sign_once(&mech, data, sizeof(data), sig);
	ck_assert(harness_verify(pkey, m->md, data, sizeof(data), sig, kind->sig_len));
	ck_assert_ok(verify_once(&mech, data, sizeof(data), sig, kind->sig_len));
	sig[kind->sig_len / 2 + 5] ^= 1;
	ck_assert_rv(
	    verify_once(&mech, data, sizeof(data), sig, kind->sig_len), CKR_SIGNATURE_INVALID);
	sig[kind->sig_len / 2 + 5] ^= 1;
	ck_assert_rv(
	    verify_once(&mech, data, sizeof(data) - 1, sig, kind->sig_len), CKR_SIGNATURE_INVALID);
	ck_assert_rv(verify_once(&mech, data, sizeof(data), sig, kind->sig_len - 1),
	    CKR_SIGNATURE_LEN_RANGE);

	/* Numbers that no signature has: zero, and above the order or the modulus. */
	memset(junk, 0, kind->sig_len);
	ck_assert_rv(
	    verify_once(&mech, data, sizeof(data), junk, kind->sig_len), CKR_SIGNATURE_INVALID);
	memset(junk, 0xFF, kind->sig_len);
	ck_assert_rv(
	    verify_once(&mech, data, sizeof(data), junk, kind->sig_len), CKR_SIGNATURE_INVALID);
	memcpy(junk, sig, kind->sig_len / 2);
	ck_assert_rv(
	    verify_once(&mech, data, sizeof(data), junk, kind->sig_len), CKR_SIGNATURE_INVALID);

	/* In parts. */
	ck_assert_ok(p11->C_SignInit(s, &mech, priv));
	ck_assert_ok(p11->C_SignUpdate(s, data, 1));
	ck_assert_ok(p11->C_SignUpdate(s, data + 1, 0));
	ck_assert_ok(p11->C_SignUpdate(s, data + 1, sizeof(data) - 1));
	ck_assert_ok(p11->C_SignFinal(s, sig, &n));
	ck_assert(harness_verify(pkey, m->md, data, sizeof(data), sig, n));
	ck_assert_ok(p11->C_VerifyInit(s, &mech, pub));
	ck_assert_ok(p11->C_VerifyUpdate(s, data, 500));
	ck_assert_ok(p11->C_VerifyUpdate(s, data + 500, 500));
	ck_assert_ok(p11->C_VerifyFinal(s, sig, n));
}

START_TEST(every_mechanism_makes_signatures_that_verify)
{
	use_kind((size_t)_i);
	for (size_t i = 0; i < NMECHS; i++)
		try_mechanism(&mechs[i]);
}
END_TEST

START_TEST(raw_ecdsa_takes_digests_of_any_length)
{
	CK_MECHANISM mech = { CKM_ECDSA, NULL, 0 };
	static const size_t lens[] = { 1, 9, 10, 20, 28, 31, 32, 33, 47, 48, 49, 63, 64 };
	unsigned char sig[512];
	CK_ULONG n;

	use_kind((size_t)_i);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		sign_once(&mech, data, lens[i], sig);
		ck_assert_msg(harness_verify(pkey, NULL, data, lens[i], sig, kind->sig_len),
		    "digest of %zu bytes", lens[i]);
		ck_assert_ok(verify_once(&mech, data, lens[i], sig, kind->sig_len));
	}
	/* Parts of a digest are put together. */
	n = sizeof(sig);
	ck_assert_ok(p11->C_SignInit(s, &mech, priv));
	ck_assert_ok(p11->C_SignUpdate(s, data, 16));
	ck_assert_ok(p11->C_SignUpdate(s, data + 16, 16));
	ck_assert_ok(p11->C_SignFinal(s, sig, &n));
	ck_assert(harness_verify(pkey, NULL, data, 32, sig, n));
	/* What is no digest is not cut to one. */
	n = sizeof(sig);
	ck_assert_ok(p11->C_SignInit(s, &mech, priv));
	ck_assert_rv(p11->C_Sign(s, data, 65, sig, &n), CKR_DATA_LEN_RANGE);
	ck_assert_ok(p11->C_SignInit(s, &mech, priv));
	ck_assert_rv(p11->C_Sign(s, data, 1000, sig, &n), CKR_DATA_LEN_RANGE);
	ck_assert_ok(p11->C_SignInit(s, &mech, priv));
	ck_assert_rv(p11->C_Sign(s, data, 0, sig, &n), CKR_DATA_LEN_RANGE);
}
END_TEST

/* Enough signatures that some r or s has a leading zero byte (1 in 128). */
START_TEST(ecdsa_halves_have_a_fixed_width)
{
	CK_MECHANISM mech = { CKM_ECDSA, NULL, 0 };
	unsigned char sig[512];

	use_kind(KIND_P256);
	for (int i = 0; i < 300; i++) {
		data[0] = (unsigned char)i;
		data[1] = (unsigned char)(i >> 8);
		sign_once(&mech, data, 32, sig);
		ck_assert(harness_verify(pkey, NULL, data, 32, sig, kind->sig_len));
	}
}
END_TEST

/* DigestInfo of SHA-256, RFC 8017 9.2. */
static const unsigned char info256[] = { 0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 };

START_TEST(rsa_pkcs_takes_digestinfo_and_bare_digests)
{
	static const struct {
		const char *md;
		unsigned char oid, len;
	} hashes[] = { { "SHA256", 1, 32 }, { "SHA384", 2, 48 }, { "SHA512", 3, 64 } };
	CK_MECHANISM mech = { CKM_RSA_PKCS, NULL, 0 };
	unsigned char tbs[128], sig[512];
	CK_ULONG n = sizeof(sig);
	size_t len;

	use_kind((size_t)_i);
	for (int i = 0; i < 3; i++) {
		memcpy(tbs, info256, 19);
		tbs[1] = 17 + hashes[i].len;
		tbs[14] = hashes[i].oid;
		tbs[18] = hashes[i].len;
		ck_assert_int_eq(
		    EVP_Q_digest(NULL, hashes[i].md, NULL, data, 100, tbs + 19, &len), 1);
		sign_once(&mech, tbs, 19 + len, sig);
		ck_assert(harness_verify(pkey, hashes[i].md, data, 100, sig, kind->sig_len));
		ck_assert_ok(verify_once(&mech, tbs, 19 + len, sig, kind->sig_len));
		sign_once(&mech, tbs + 19, len, sig);
		ck_assert(harness_verify(pkey, hashes[i].md, data, 100, sig, kind->sig_len));
		ck_assert_ok(verify_once(&mech, tbs + 19, len, sig, kind->sig_len));
		tbs[5]++;
		ck_assert_ok(p11->C_SignInit(s, &mech, priv));
		ck_assert_rv(p11->C_Sign(s, tbs, 19 + len, sig, &n), CKR_DATA_INVALID);
	}
	n = sizeof(sig);
	for (len = 0; len < 130; len++) {
		if (len == 32 || len == 48 || len == 64 || len == 51 || len == 67 || len == 83)
			continue;
		ck_assert_ok(p11->C_SignInit(s, &mech, priv));
		ck_assert_rv(p11->C_Sign(s, data, len, sig, &n), CKR_DATA_LEN_RANGE);
	}
}
END_TEST

START_TEST(signing_operations_end_when_they_should)
{
	CK_MECHANISM mech = { 0, NULL, 0 };
	unsigned char sig[512];
	CK_ULONG n = 0;

	use_kind((size_t)_i);
	mech.mechanism = kind->type == CKK_EC ? CKM_ECDSA_SHA256 : CKM_SHA256_RSA_PKCS;
	ck_assert_rv(p11->C_Sign(s, data, 32, sig, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ok(p11->C_SignInit(s, &mech, priv));
	ck_assert_rv(p11->C_SignInit(s, &mech, priv), CKR_OPERATION_ACTIVE);
	ck_assert_ok(p11->C_Sign(s, data, 32, NULL, &n));
	ck_assert_uint_eq(n, kind->sig_len);
	n = kind->sig_len - 1;
	ck_assert_rv(p11->C_Sign(s, data, 32, sig, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, kind->sig_len);
	ck_assert_ok(p11->C_Sign(s, data, 32, sig, &n));
	ck_assert(harness_verify(pkey, "SHA256", data, 32, sig, n));
	ck_assert_rv(p11->C_Sign(s, data, 32, sig, &n), CKR_OPERATION_NOT_INITIALIZED);

	ck_assert_ok(p11->C_SignInit(s, &mech, priv));
	ck_assert_ok(p11->C_SignUpdate(s, data, 32));
	ck_assert_ok(p11->C_SignFinal(s, NULL, &n));
	n = 1;
	ck_assert_rv(p11->C_SignFinal(s, sig, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_ok(p11->C_SignFinal(s, sig, &n));
	ck_assert(harness_verify(pkey, "SHA256", data, 32, sig, n));
	ck_assert_rv(p11->C_SignFinal(s, sig, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_rv(p11->C_SignUpdate(s, data, 1), CKR_OPERATION_NOT_INITIALIZED);

	/* Other errors end it; a refused start leaves none behind. */
	ck_assert_ok(p11->C_SignInit(s, &mech, priv));
	ck_assert_rv(p11->C_Sign(s, NULL, 32, sig, &n), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_Sign(s, data, 32, sig, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_rv(p11->C_SignInit(s, &mech, pub), CKR_KEY_TYPE_INCONSISTENT);
	ck_assert_rv(p11->C_SignInit(s, &mech, 4711), CKR_KEY_HANDLE_INVALID);
	ck_assert_rv(p11->C_SignInit(s, &mech, 0), CKR_KEY_HANDLE_INVALID);
	mech.mechanism = CKM_RSA_PKCS_PSS;
	ck_assert_rv(p11->C_SignInit(s, &mech, priv), CKR_MECHANISM_INVALID);
	mech.mechanism = CKM_RSA_X_509;
	ck_assert_rv(p11->C_SignInit(s, &mech, priv), CKR_MECHANISM_INVALID);
	mech.mechanism = CKM_RSA_PKCS_OAEP;
	ck_assert_rv(p11->C_DecryptInit(s, &mech, priv), CKR_MECHANISM_INVALID);
	ck_assert_rv(p11->C_Sign(s, data, 32, sig, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_rv(p11->C_VerifyFinal(s, sig, n), CKR_OPERATION_NOT_INITIALIZED);
}
END_TEST

START_TEST(find_and_sign_in_one_session_and_sign_in_two)
{
	CK_MECHANISM mech = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_SESSION_HANDLE t = harness_session(false);
	CK_OBJECT_HANDLE list[2];
	unsigned char a[64], b[64];
	CK_ULONG n;

	use_kind(KIND_P256);
	ck_assert_ok(p11->C_FindObjectsInit(s, NULL, 0));
	ck_assert_ok(p11->C_SignInit(s, &mech, priv));
	ck_assert_ok(p11->C_SignInit(t, &mech, priv));
	ck_assert_ok(p11->C_FindObjects(s, list, 1, &n));
	ck_assert_uint_eq(n, 1);
	ck_assert_ok(p11->C_SignUpdate(s, data, 10));
	ck_assert_ok(p11->C_SignUpdate(t, data + 10, 10));
	n = sizeof(b);
	ck_assert_ok(p11->C_SignFinal(t, b, &n));
	n = sizeof(a);
	ck_assert_ok(p11->C_SignFinal(s, a, &n));
	ck_assert_ok(p11->C_FindObjectsFinal(s));
	ck_assert(harness_verify(pkey, "SHA256", data, 10, a, sizeof(a)));
	ck_assert(harness_verify(pkey, "SHA256", data + 10, 10, b, sizeof(b)));
}
END_TEST

/* Half of the threads share a session, where only whole calls are theirs. */
struct signer {
	pthread_t thread;
	CK_SESSION_HANDLE session;
	bool shared;
	int bad;
};

static void *
sign_in_thread(void *arg)
{
	CK_MECHANISM mech = { CKM_ECDSA_SHA256, NULL, 0 };
	unsigned char mine[100] = { 0 }, sig[64];
	struct signer *me = arg;
	CK_ULONG n;
	CK_RV rv;

	for (int i = 0; i < 20; i++) {
		n = sizeof(sig);
		mine[0] = (unsigned char)i;
		rv = p11->C_SignInit(me->session, &mech, priv);
		if (rv == CKR_OK)
			rv = p11->C_Sign(me->session, mine, sizeof(mine), sig, &n);
		if (rv == CKR_OK)
			me->bad += !harness_verify(pkey, "SHA256", mine, sizeof(mine), sig, n);
		else if (!me->shared ||
			 (rv != CKR_OPERATION_ACTIVE && rv != CKR_OPERATION_NOT_INITIALIZED))
			me->bad++;
	}
	return NULL;
}

START_TEST(threads_sign_at_once)
{
	struct signer signers[6] = { 0 };

	use_kind(KIND_P256);
	for (int i = 0; i < 6; i++) {
		signers[i].shared = i % 2 == 0;
		signers[i].session = signers[i].shared ? s : harness_session(false);
		ck_assert_int_eq(
		    pthread_create(&signers[i].thread, NULL, sign_in_thread, &signers[i]), 0);
	}
	for (int i = 0; i < 6; i++) {
		ck_assert_int_eq(pthread_join(signers[i].thread, NULL), 0);
		ck_assert_int_eq(signers[i].bad, 0);
	}
}
END_TEST

/* One process's share: its own module state on the common chip. */
static int
sign_in_child(unsigned char tag)
{
	CK_MECHANISM mech = { CKM_ECDSA_SHA256, NULL, 0 };
	unsigned char sig[64];
	CK_SESSION_HANDLE t;
	CK_ULONG n;

	if (p11->C_Initialize(NULL) != CKR_OK ||
	    p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &t) != CKR_OK)
		return 1;
	for (int i = 0; i < 25; i++) {
		CK_OBJECT_CLASS cls = CKO_PRIVATE_KEY;
		char label[] = "test";
		CK_ATTRIBUTE tmpl[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_LABEL, label, 4 } };
		CK_OBJECT_HANDLE key;

		data[0] = tag;
		data[1] = (unsigned char)i;
		n = 0;
		if (p11->C_FindObjectsInit(t, tmpl, 2) != CKR_OK ||
		    p11->C_FindObjects(t, &key, 1, &n) != CKR_OK || n != 1 ||
		    p11->C_FindObjectsFinal(t) != CKR_OK)
			return 2;
		n = sizeof(sig);
		if (p11->C_SignInit(t, &mech, key) != CKR_OK ||
		    p11->C_Sign(t, data, sizeof(data), sig, &n) != CKR_OK)
			return 3;
		if (!harness_verify(pkey, "SHA256", data, sizeof(data), sig, n))
			return 4;
	}
	return p11->C_Finalize(NULL) == CKR_OK ? 0 : 5;
}

START_TEST(four_processes_sign_at_once)
{
	pid_t pids[4];
	int status;

	use_kind(KIND_P256);
	for (int i = 0; i < 4; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0)
			_exit(sign_in_child((unsigned char)i));
	}
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: signatures");
	TCase *tc = tcase_create("sign");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 240);
	tcase_add_loop_test(
	    tc, every_mechanism_makes_signatures_that_verify, 0, (int)harness_nkinds);
	tcase_add_loop_test(tc, raw_ecdsa_takes_digests_of_any_length, 0, KIND_RSA1024);
	tcase_add_test(tc, ecdsa_halves_have_a_fixed_width);
	tcase_add_loop_test(
	    tc, rsa_pkcs_takes_digestinfo_and_bare_digests, KIND_RSA1024, KIND_RSA2048 + 1);
	tcase_add_loop_test(tc, signing_operations_end_when_they_should, 0, (int)harness_nkinds);
	tcase_add_test(tc, find_and_sign_in_one_session_and_sign_in_two);
	tcase_add_test(tc, threads_sign_at_once);
	tcase_add_test(tc, four_processes_sign_at_once);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
