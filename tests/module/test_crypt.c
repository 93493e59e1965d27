/*
 * AES with keys of the host and of the chip, judged by OpenSSL: every mode and size of key, data
 * of every length, in pieces of any size; lengths that are told, states that are kept.
 */
#include <config.h>

#include <string.h>

#include <openssl/evp.h>

#include "tests/module/harness.h"
#include "tests/module/secret.h"

#define DATA_MAX 5100

static CK_SESSION_HANDLE s;
static CK_OBJECT_HANDLE key;
static size_t key_len;
static unsigned char text[DATA_MAX], want[DATA_MAX + 16], out[DATA_MAX + 32], iv[16];

static const struct mode {
	CK_MECHANISM_TYPE type;
	const char *name;
	bool iv, pad;
} modes[] = {
	{ CKM_AES_ECB, "ECB", false, false },
	{ CKM_AES_CBC, "CBC", true, false },
	{ CKM_AES_CBC_PAD, "CBC", true, true },
};
#define NMODES 3
enum { ECB, CBC, CBC_PAD };

/* Where and how long the key is, one row a loop. */
static const struct {
	enum secret_place place;
	size_t len;
} keys[] = {
	{ SECRET_HOST, 16 },
	{ SECRET_HOST, 24 },
	{ SECRET_HOST, 32 },
	{ SECRET_CHIP, 16 },
	{ SECRET_CHIP, 24 },
	{ SECRET_CHIP, 32 },
};
#define NKEYS ((int)(sizeof(keys) / sizeof(keys[0])))

/* Of the same bytes in every place. */
enum { ON_HOST = 0, ON_CHIP = 3 };

static void
use_key(int i)
{
	key_len = keys[i].len;
	secret_setup(key_len, 20);
	s = harness_session(false);
	key = secret_key(s, CKK_AES, keys[i].place, key_len);
	for (size_t j = 0; j < sizeof(text); j++)
		text[j] = (unsigned char)(j * 13 + j / 251);
	for (size_t j = 0; j < sizeof(iv); j++)
		iv[j] = (unsigned char)(0xF0 - j);
}

static CK_MECHANISM
mechanism(const struct mode *m)
{
	return (CK_MECHANISM){ m->type, m->iv ? iv : NULL, m->iv ? sizeof(iv) : 0 };
}

/* What OpenSSL makes of text, into want. */
static size_t
expect(const struct mode *m, size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher;
	char name[16];
	int n = 0, k = 0;

	(void)snprintf(name, sizeof(name), "AES-%zu-%s", key_len * 8, m->name);
	ck_assert_ptr_nonnull(cipher = EVP_CIPHER_fetch(NULL, name, NULL));
	ck_assert_int_eq(EVP_EncryptInit_ex2(ctx, cipher, secret_aes, iv, NULL), 1);
	ck_assert_int_eq(EVP_CIPHER_CTX_set_padding(ctx, m->pad), 1);
	ck_assert_int_eq(EVP_EncryptUpdate(ctx, want, &n, text, (int)len), 1);
	ck_assert_int_eq(EVP_EncryptFinal_ex(ctx, want + n, &k), 1);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return (size_t)(n + k);
}

START_TEST(whole_messages)
{
	/* 608, 624: one command with and without IV; 4976: what the chip is held for at once */
	static const size_t lens[] = { 0, 16, 608, 624, 640, 4976, 4992 };
	CK_ULONG n;

	use_key(_i);
	for (size_t i = 0; i < NMODES * sizeof(lens) / sizeof(lens[0]); i++) {
		const struct mode *m = &modes[i % NMODES];
		CK_MECHANISM mech = mechanism(m);
		const size_t len = lens[i / NMODES] + (m->pad ? i % 16 : 0);
		size_t total;

		if (len > DATA_MAX)
			continue;
		total = expect(m, len);
		n = sizeof(out);
		ck_assert_ok(p11->C_EncryptInit(s, &mech, key));
		ck_assert_ok(p11->C_Encrypt(s, text, len, out, &n));
		ck_assert_uint_eq(n, total);
		ck_assert_mem_eq(out, want, total);
		n = sizeof(out);
		ck_assert_ok(p11->C_DecryptInit(s, &mech, key));
		ck_assert_ok(p11->C_Decrypt(s, want, total, out, &n));
		ck_assert_uint_eq(n, len);
		ck_assert_mem_eq(out, text, len);
	}
}
END_TEST

/* Pieces of sizes that look random and are the same every time. */
static size_t
next_piece(unsigned *seed, size_t left)
{
	static const size_t sizes[] = { 0, 1, 3, 15, 16, 17, 31, 32, 100, 624, 700, 1300 };
	size_t n;

	*seed = *seed * 1103515245 + 12345;
	n = sizes[(*seed >> 16) % (sizeof(sizes) / sizeof(sizes[0]))];
	return n < left ? n : left;
}

/* Bytes that an update must give: PKCS #11 leaves no choice but for padding to be taken off. */
static size_t
due(const struct mode *m, bool decrypt, size_t in, size_t given)
{
	const size_t kept = in == 0 ? 0 : m->pad && decrypt ? (in - 1) % 16 + 1 : in % 16;

	return in - kept - given;
}

static void
in_pieces(const struct mode *m, bool decrypt, unsigned seed, size_t len)
{
	CK_MECHANISM mech = mechanism(m);
	const size_t total = expect(m, len), all = decrypt ? total : len;
	unsigned char *in = decrypt ? want : text;
	CK_C_EncryptUpdate update = decrypt ? p11->C_DecryptUpdate : p11->C_EncryptUpdate;
	CK_C_EncryptFinal final = decrypt ? p11->C_DecryptFinal : p11->C_EncryptFinal;
	size_t taken = 0, given = 0;
	CK_ULONG n;

	ck_assert_ok((decrypt ? p11->C_DecryptInit : p11->C_EncryptInit)(s, &mech, key));
	while (taken < all) {
		const size_t piece = next_piece(&seed, all - taken);
		const size_t give = due(m, decrypt, taken + piece, given);

		ck_assert_ok(update(s, in + taken, piece, NULL, &n));
		ck_assert_uint_eq(n, give);
		if (give > 0) {
			n = give - 1;
			ck_assert_rv(
			    update(s, in + taken, piece, out + given, &n), CKR_BUFFER_TOO_SMALL);
			ck_assert_uint_eq(n, give);
		}
		ck_assert_ok(update(s, in + taken, piece, out + given, &n));
		ck_assert_uint_eq(n, give);
		taken += piece;
		given += give;
	}
	ck_assert_ok(final(s, NULL, &n));
	if (!m->pad)
		ck_assert_uint_eq(n, 0);
	n = 16;
	ck_assert_ok(final(s, out + given, &n));
	ck_assert_uint_eq(given + n, decrypt ? len : total);
	ck_assert_mem_eq(out, decrypt ? text : want, given + n);
	ck_assert_rv(final(s, out, &n), CKR_OPERATION_NOT_INITIALIZED);
}

START_TEST(messages_in_pieces)
{
	use_key(_i);
	for (unsigned i = 0; i < 2 * NMODES; i++) {
		const struct mode *m = &modes[i % NMODES];

		in_pieces(m, i >= NMODES, i, 1600);
		in_pieces(m, i >= NMODES, i + 10, m->pad ? 777 : 48);
		in_pieces(m, i >= NMODES, i, 0);
	}
}
END_TEST

START_TEST(states_are_kept_for_small_buffers_alone)
{
	CK_MECHANISM mech = mechanism(&modes[CBC_PAD]), plain = mechanism(&modes[CBC]);
	const size_t total = (use_key(_i), expect(&modes[CBC_PAD], 40));
	CK_ULONG n;

	ck_assert_ok(p11->C_EncryptInit(s, &mech, key));
	ck_assert_rv(p11->C_EncryptInit(s, &mech, key), CKR_OPERATION_ACTIVE);
	ck_assert_ok(p11->C_Encrypt(s, text, 40, NULL, &n));
	ck_assert_uint_eq(n, 48);
	n = 47;
	ck_assert_rv(p11->C_Encrypt(s, text, 40, out, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, 48);
	ck_assert_ok(p11->C_Encrypt(s, text, 40, out, &n));
	ck_assert_mem_eq(out, want, total);
	ck_assert_rv(p11->C_Encrypt(s, text, 40, out, &n), CKR_OPERATION_NOT_INITIALIZED);

	/* How much text there is shows only when the padding is off: room for it is enough. */
	ck_assert_ok(p11->C_DecryptInit(s, &mech, key));
	ck_assert_ok(p11->C_Decrypt(s, want, total, NULL, &n));
	ck_assert_uint_ge(n, 40);
	ck_assert_uint_lt(n, 48);
	n = 39;
	ck_assert_rv(p11->C_Decrypt(s, want, total, out, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, 40);
	ck_assert_ok(p11->C_Decrypt(s, want, total, out, &n));
	ck_assert_uint_eq(n, 40);
	ck_assert_mem_eq(out, text, 40);
	ck_assert_ok(p11->C_DecryptInit(s, &mech, key));
	n = sizeof(out);
	ck_assert_ok(p11->C_DecryptUpdate(s, want, 48, out, &n));
	ck_assert_uint_eq(n, 32);
	n = 7;
	ck_assert_rv(p11->C_DecryptFinal(s, out + 32, &n), CKR_BUFFER_TOO_SMALL);
	ck_assert_uint_eq(n, 8);
	ck_assert_ok(p11->C_DecryptFinal(s, out + 32, &n));
	ck_assert_mem_eq(out, text, 40);

	/* In place. */
	memcpy(out, text, 40);
	n = sizeof(out);
	ck_assert_ok(p11->C_EncryptInit(s, &mech, key));
	ck_assert_ok(p11->C_Encrypt(s, out, 40, out, &n));
	ck_assert_mem_eq(out, want, total);

	/* Any other error ends it. */
	ck_assert_ok(p11->C_EncryptInit(s, &plain, key));
	n = sizeof(out);
	ck_assert_rv(p11->C_Encrypt(s, text, 17, out, &n), CKR_DATA_LEN_RANGE);
	ck_assert_rv(p11->C_Encrypt(s, text, 16, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ok(p11->C_DecryptInit(s, &plain, key));
	ck_assert_rv(p11->C_Decrypt(s, text, 17, out, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
	ck_assert_ok(p11->C_EncryptInit(s, &plain, key));
	ck_assert_ok(p11->C_EncryptUpdate(s, text, 17, out, &n));
	ck_assert_rv(p11->C_EncryptFinal(s, out, &n), CKR_DATA_LEN_RANGE);
	ck_assert_rv(p11->C_EncryptFinal(s, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ok(p11->C_DecryptInit(s, &plain, key));
	n = sizeof(out);
	ck_assert_ok(p11->C_DecryptUpdate(s, text, 3, out, &n));
	ck_assert_rv(p11->C_Decrypt(s, text, 16, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_rv(p11->C_DecryptUpdate(s, text, 3, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ok(p11->C_EncryptInit(s, &plain, key));
	ck_assert_rv(p11->C_EncryptUpdate(s, NULL, 3, out, &n), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_EncryptFinal(s, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ok(p11->C_EncryptInit(s, &plain, key));
	ck_assert_rv(p11->C_EncryptUpdate(s, text, 3, out, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_EncryptFinal(s, out, &n), CKR_OPERATION_NOT_INITIALIZED);
	ck_assert_ok(p11->C_DecryptInit(s, &mech, key));
	ck_assert_rv(p11->C_DecryptFinal(s, out, &n), CKR_ENCRYPTED_DATA_LEN_RANGE);
}
END_TEST

/* Every last block that can be, each wrong in one way. */
START_TEST(wrong_padding_is_found)
{
	CK_MECHANISM mech = mechanism(&modes[CBC_PAD]), plain = mechanism(&modes[CBC]);
	unsigned char block[32], cipher[32];
	CK_ULONG n;

	use_key(_i);
	for (unsigned pad = 0; pad < 18; pad++) {
		for (unsigned wrong = 0; wrong < 16; wrong++) {
			const bool counts = wrong > 0 && wrong < pad && pad <= 16;
			const bool good = pad >= 1 && pad <= 16 && !counts;

			if (!counts && wrong != 0 && wrong != 15)
				continue;
			memset(block, 0x55, sizeof(block));
			if (pad <= 16)
				memset(block + 32 - pad, (int)pad, pad);
			block[31] = (unsigned char)pad;
			if (counts)
				block[31 - wrong] ^= 0x80;
			n = sizeof(cipher);
			ck_assert_ok(p11->C_EncryptInit(s, &plain, key));
			ck_assert_ok(p11->C_Encrypt(s, block, 32, cipher, &n));
			n = sizeof(out);
			ck_assert_ok(p11->C_DecryptInit(s, &mech, key));
			ck_assert_rv(p11->C_Decrypt(s, cipher, 32, out, &n),
			    good ? CKR_OK : CKR_ENCRYPTED_DATA_INVALID);
			if (good)
				ck_assert_uint_eq(n, 32 - pad);
		}
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: AES");
	TCase *tc = tcase_create("aes");

	tcase_add_checked_fixture(tc, NULL, harness_teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, whole_messages, 0, NKEYS);
	tcase_add_loop_test(tc, messages_in_pieces, 0, NKEYS);
	tcase_add_test(tc, states_are_kept_for_small_buffers_alone);
	tcase_add_loop_test(tc, states_are_kept_for_small_buffers_alone, ON_CHIP, ON_CHIP + 1);
	tcase_add_loop_test(tc, wrong_padding_is_found, ON_HOST, ON_HOST + 1);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
