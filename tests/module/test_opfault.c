/*
 * A fault at every transfer of operations with the chip: what succeeds is right, what fails says
 * so in the standard's words, ends the operation, and the next one works.
 */
#include <config.h>

#include <string.h>

#include "hal/sim/fault.h"
#include "hal/sim/sim.h"
#include "tests/module/harness.h"
#include "tests/module/inside.h"
#include "tests/module/secret.h"

static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE aes, psk, rsa_pub, rsa_priv;
static unsigned char text[700], iv[16], cipher[720], rsa_cipher[128];
static CK_MECHANISM cbc = { CKM_AES_CBC_PAD, iv, sizeof(iv) }, rsa = { CKM_RSA_PKCS, NULL, 0 };
static CK_MECHANISM cmac = { CKM_AES_CMAC, NULL, 0 }, hmac = { CKM_SHA256_HMAC, NULL, 0 };

static void
setup(void)
{
	CK_MECHANISM gen = { CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0 };
	CK_BBOOL yes = CK_TRUE;
	CK_ULONG bits = 1024, n;
	CK_ATTRIBUTE pt[] = { { CKA_TOKEN, &yes, 1 }, { CKA_ENCRYPT, &yes, 1 },
		{ CKA_MODULUS_BITS, &bits, sizeof(bits) } };
	CK_ATTRIBUTE st[] = { { CKA_TOKEN, &yes, 1 }, { CKA_DECRYPT, &yes, 1 } };

	ck_assert_ok(C_GetFunctionList(&p11));
	secret_chip(16, 32);
	ck_assert_ok(p11->C_Initialize(NULL));
	s = harness_session(true);
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (unsigned char)(i * 31 + 7);
	aes = secret_key(s, CKK_AES, SECRET_CHIP, 16);
	psk = secret_key(s, CKK_GENERIC_SECRET, SECRET_CHIP, 32);
	ck_assert_ok(p11->C_GenerateKeyPair(s, &gen, pt, 3, st, 2, &rsa_pub, &rsa_priv));
	n = sizeof(rsa_cipher);
	ck_assert_ok(p11->C_EncryptInit(s, &rsa, rsa_pub));
	ck_assert_ok(p11->C_Encrypt(s, text, 50, rsa_cipher, &n));
}

static void
teardown(void)
{
	ck_assert_ok(p11->C_Finalize(NULL));
	harness_scrap();
}

/* --- the operations: begun without faults, ended with one ------------------------------------ */

static void
begin_encrypt(void)
{
	ck_assert_ok(p11->C_EncryptInit(s, &cbc, aes));
}

static CK_RV
end_encrypt(unsigned char *out, CK_ULONG *n)
{
	CK_ULONG k = *n, m;
	CK_RV rv;

	if ((rv = p11->C_EncryptUpdate(s, text, 650, out, &k)) != CKR_OK)
		return rv;
	m = *n - k;
	if ((rv = p11->C_EncryptUpdate(s, text + 650, 50, out + k, &m)) != CKR_OK)
		return rv;
	k += m;
	m = *n - k;
	rv = p11->C_EncryptFinal(s, out + k, &m);
	*n = k + m;
	return rv;
}

static void
begin_decrypt(void)
{
	ck_assert_ok(p11->C_DecryptInit(s, &cbc, aes));
}

static CK_RV
end_decrypt(unsigned char *out, CK_ULONG *n)
{
	return p11->C_Decrypt(s, cipher, 704, out, n);
}

static void
begin_rsa(void)
{
	ck_assert_ok(p11->C_DecryptInit(s, &rsa, rsa_priv));
}

static CK_RV
end_rsa(unsigned char *out, CK_ULONG *n)
{
	return p11->C_Decrypt(s, rsa_cipher, sizeof(rsa_cipher), out, n);
}

static void
begin_cmac(void)
{
	ck_assert_ok(p11->C_SignInit(s, &cmac, aes));
}

static void
begin_hmac(void)
{
	ck_assert_ok(p11->C_SignInit(s, &hmac, psk));
}

/* Both take two commands. */
static CK_RV
end_mac(unsigned char *out, CK_ULONG *n)
{
	return p11->C_Sign(s, text, sizeof(text), out, n);
}

/* An error must have ended it. */
static CK_RV
still_encrypting(unsigned char *out, CK_ULONG *n)
{
	return p11->C_EncryptFinal(s, out, n);
}

static CK_RV
still_decrypting(unsigned char *out, CK_ULONG *n)
{
	return p11->C_DecryptFinal(s, out, n);
}

static CK_RV
still_signing(unsigned char *out, CK_ULONG *n)
{
	return p11->C_SignFinal(s, out, n);
}

static const struct call {
	const char *name;
	void (*begin)(void);
	CK_RV (*end)(unsigned char *out, CK_ULONG *n);
	CK_RV (*still)(unsigned char *out, CK_ULONG *n);
} calls[] = {
	{ "encrypt", begin_encrypt, end_encrypt, still_encrypting },
	{ "decrypt", begin_decrypt, end_decrypt, still_decrypting },
	{ "RSA", begin_rsa, end_rsa, still_decrypting },
	{ "CMAC", begin_cmac, end_mac, still_signing },
	{ "HMAC", begin_hmac, end_mac, still_signing },
};
#define NCALLS ((int)(sizeof(calls) / sizeof(calls[0])))

static const struct sim_fault faults[] = {
	{ .kind = SIM_FAULT_FLIP, .at = SIM_AT_FRAME_IN, .count = 1, .arg = 9 },
	{ .kind = SIM_FAULT_LOSE, .at = SIM_AT_FRAME_IN, .count = 9 },
	{ .kind = SIM_FAULT_BUS_DEAD, .at = SIM_AT_FRAME_IN, .count = 0 },
	{ .kind = SIM_FAULT_RESET, .at = SIM_AT_FRAME_IN, .count = 1 },
	{ .kind = SIM_FAULT_FCS, .at = SIM_AT_FRAME_OUT, .count = 1 },
	{ .kind = SIM_FAULT_LOSE, .at = SIM_AT_FRAME_OUT, .count = 9 },
	{ .kind = SIM_FAULT_BUS_DEAD, .at = SIM_AT_FRAME_OUT, .count = 1 },
	{ .kind = SIM_FAULT_BUS_DEAD, .at = SIM_AT_FRAME_OUT, .count = 0 },
	{ .kind = SIM_FAULT_RESET, .at = SIM_AT_FRAME_OUT, .count = 1 },
};
#define NFAULTS (sizeof(faults) / sizeof(faults[0]))

/* Every third transfer, which ones moves with the fault. */
#define STRIDE 3U

/* The call with the fault at its transfer n; how many transfers were hit. */
static unsigned
once(const struct call *call, const struct sim_fault *f, unsigned n, const unsigned char *want,
    CK_ULONG want_len)
{
	struct sim *sim = inside_sim(s);
	struct sim_fault at = *f;
	unsigned char out[720];
	CK_ULONG len = sizeof(out);
	unsigned hits;
	CK_RV rv;

	at.skip = n;
	call->begin();
	hits = sim_fault_hits(sim);
	ck_assert_int_eq(sim_fault_add(sim, &at), 0);
	rv = call->end(out, &len);
	sim = inside_sim(s);
	hits = sim_fault_hits(sim) - hits;
	sim_fault_clear(sim);
	ck_assert_msg(rv == CKR_OK || rv == CKR_DEVICE_ERROR || rv == CKR_DEVICE_REMOVED,
	    "%s, fault %d at %u: 0x%lx", call->name, (int)f->kind, n, rv);
	if (rv == CKR_OK) {
		ck_assert_uint_eq(len, want_len);
		ck_assert_mem_eq(out, want, len);
	}
	len = sizeof(out);
	ck_assert_rv(call->still(out, &len), CKR_OPERATION_NOT_INITIALIZED);
	call->begin();
	len = sizeof(out);
	ck_assert_ok(call->end(out, &len));
	ck_assert_uint_eq(len, want_len);
	ck_assert_mem_eq(out, want, len);
	return hits;
}

START_TEST(a_fault_at_every_transfer)
{
	const char *env = getenv("SWEEP_STRIDE");
	const unsigned stride = env != NULL && atoi(env) > 1 ? (unsigned)atoi(env) : STRIDE;
	const struct call *call = &calls[_i];
	unsigned reached = 0;
	unsigned char want[720];
	CK_ULONG len = sizeof(cipher);

	begin_encrypt();
	ck_assert_ok(end_encrypt(cipher, &len));
	ck_assert_uint_eq(len, 704);
	len = sizeof(want);
	call->begin();
	ck_assert_ok(call->end(want, &len));
	for (size_t i = 0; i < NFAULTS; i++)
		for (unsigned n = (unsigned)i % stride, hits = 1; hits > 0; n += stride) {
			hits = once(call, &faults[i], n, want, len);
			reached += hits > 0;
		}
	ck_assert_uint_ge(reached, 3); /* it was no sweep of nothing */
}
END_TEST

/* --- a chip that is plugged in again and fails at once ---------------------------------------- */

int __real_sim_open(const char *path, enum sim_time time, struct sim **sp);
int __wrap_sim_open(const char *path, enum sim_time time, struct sim **sp);

static const struct sim_fault *at_once; /* of every handle from its beginning; NULL: none */

int
__wrap_sim_open(const char *path, enum sim_time time, struct sim **sp)
{
	const int r = __real_sim_open(path, time, sp);

	if (r == 0 && at_once != NULL)
		ck_assert_int_eq(sim_fault_add(*sp, at_once), 0);
	return r;
}

START_TEST(a_fault_on_coming_back)
{
	static const enum sim_fault_kind kinds[] = { SIM_FAULT_LOSE, SIM_FAULT_RESET,
		SIM_FAULT_BUS_DEAD, SIM_FAULT_DUPLICATE };
	static const enum sim_fault_at places[] = { SIM_AT_FRAME_IN, SIM_AT_FRAME_OUT };
	char here[4096], away[4096];
	struct sim_fault f = { .count = 0 };
	unsigned char random[32];
	struct sim *sim;
	CK_SLOT_INFO info;
	unsigned failed = 0;
	CK_RV rv;

	(void)snprintf(here, sizeof(here), "%s/chip.img", harness_dir());
	(void)snprintf(away, sizeof(away), "%s/away.img", harness_dir());
	for (unsigned i = 0; i < 4 * 2 * 6; i++) {
		ck_assert_int_eq(rename(here, away), 0);
		ck_assert_ok(p11->C_GetSlotInfo(0, &info));
		ck_assert_uint_eq(info.flags & CKF_TOKEN_PRESENT, 0);
		ck_assert_int_eq(rename(away, here), 0);
		f.kind = kinds[i % 4];
		f.at = places[i / 4 % 2];
		f.skip = i / 8;
		at_once = &f;
		rv = p11->C_GenerateRandom(s, random, sizeof(random));
		at_once = NULL;
		ck_assert_msg(rv == CKR_OK || rv == CKR_DEVICE_ERROR || rv == CKR_DEVICE_REMOVED,
		    "fault %d at %d, %u: 0x%lx", (int)f.kind, (int)f.at, f.skip, rv);
		failed += rv != CKR_OK;
		if ((sim = inside_sim(s)) != NULL)
			sim_fault_clear(sim);
		ck_assert_ok(p11->C_GenerateRandom(s, random, sizeof(random)));
	}
	ck_assert_uint_ge(failed, 3);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: faults in operations");
	TCase *tc = tcase_create("opfault");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_fault_at_every_transfer, 0, NCALLS);
	tcase_add_test(tc, a_fault_on_coming_back);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
