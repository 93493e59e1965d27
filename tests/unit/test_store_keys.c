/* Key pairs on the simulated chip: slots, names, records, destruction, other processes. */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/index.h"
#include "pkcs11/store/spki.h"
#include "tests/unit/test_store_host.h"

static const uint8_t id20[20] = { 0xA1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
	19, 20 };

static CK_OBJECT_HANDLE pub, priv;

START_TEST(factory_chip_shows_its_key)
{
	struct buf b = BUF_INIT;

	ck_assert_uint_eq(host_find(NULL, 0), 3);
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), 1);
	priv = host_found[0];
	ck_assert(host_is(priv, CKA_ID, "\xE0\xF0", 2));
	ck_assert(host_is(priv, CKA_LABEL, "e0f0", 4));
	ck_assert(host_is(priv, CKA_OPTIGA_OID, "\xE0\xF0", 2));
	ck_assert(host_bool(priv, CKA_SIGN));
	ck_assert(!host_bool(priv, CKA_DERIVE));
	ck_assert(!host_bool(priv, CKA_LOCAL));
	ck_assert(!host_bool(priv, CKA_ALWAYS_SENSITIVE));
	ck_assert(host_bool(priv, CKA_NEVER_EXTRACTABLE));
	ck_assert(!host_bool(priv, CKA_DESTROYABLE));
	ck_assert_uint_eq(host_ulong(priv, CKA_KEY_GEN_MECHANISM), CK_UNAVAILABLE_INFORMATION);
	ck_assert_uint_eq(host_find_class(CKO_PUBLIC_KEY), 1);
	pub = host_found[0];
	ck_assert(host_is(pub, CKA_ID, "\xE0\xF0", 2));
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 1);
	ck_assert(host_is(host_found[0], CKA_ID, "\xE0\xF0", 2));
	ck_assert(host_is(host_found[0], CKA_LABEL, "e0f0", 4));
	host_chip_spki(pub, &b);
	ck_assert(host_is(host_found[0], CKA_PUBLIC_KEY_INFO, b.data, b.len));
	ck_assert(host_signs_for(priv, &b));
	buf_free(&b);
}
END_TEST

static const enum chip_alg algs[] = { CHIP_ALG_P256, CHIP_ALG_P384, CHIP_ALG_P521, CHIP_ALG_BP256,
	CHIP_ALG_BP384, CHIP_ALG_BP512, CHIP_ALG_RSA1024, CHIP_ALG_RSA2048 };

START_TEST(generate_and_find_again)
{
	const struct chip_keytype *kt = chip_keytype_by_alg((int)algs[_i]);
	const uint8_t *oid = (const uint8_t *)(kt->rsa ? "\xE0\xFC" : "\xE0\xF1");
	struct buf before = BUF_INIT, after = BUF_INIT;

	ck_assert_int_eq(host_generate(algs[_i], NULL, 0, "my key", &pub, &priv), 0);
	ck_assert(host_is(priv, CKA_ID, oid, 2));
	ck_assert(host_is(pub, CKA_ID, oid, 2));
	ck_assert(host_is(priv, CKA_LABEL, "my key", 6));
	ck_assert(host_is(pub, CKA_LABEL, "my key", 6));
	ck_assert(host_bool(priv, CKA_LOCAL));
	ck_assert(host_bool(pub, CKA_LOCAL));
	ck_assert(host_bool(priv, CKA_ALWAYS_SENSITIVE));
	ck_assert(host_bool(priv, CKA_DESTROYABLE));
	ck_assert(!host_bool(pub, CKA_DESTROYABLE));
	ck_assert_uint_eq(host_ulong(priv, CKA_KEY_GEN_MECHANISM),
	    kt->rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN);
	if (kt->rsa)
		ck_assert_uint_eq(host_ulong(pub, CKA_MODULUS_BITS), kt->bits);
	else
		ck_assert(host_is(priv, CKA_EC_PARAMS, kt->params, kt->params_len));
	host_chip_spki(pub, &before);
	ck_assert(host_signs_for(priv, &before));
	ck_assert(host_is(priv, CKA_PUBLIC_KEY_INFO, before.data, before.len));

	host_again();
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, oid, 2), 1);
	priv = host_found[0];
	ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, oid, 2), 1);
	pub = host_found[0];
	ck_assert(host_bool(priv, CKA_LOCAL));
	ck_assert(host_is(pub, CKA_LABEL, "my key", 6));
	host_chip_spki(pub, &after);
	ck_assert(spki_equal(&before, &after));
	buf_free(&before);
	buf_free(&after);
}
END_TEST

START_TEST(names_last)
{
	int status;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, id20, 20, NULL, &pub, &priv), 0);
	ck_assert(host_is(priv, CKA_LABEL, "e0f1", 4));
	ck_assert(host_is(pub, CKA_ID, id20, 20));
	ck_assert_int_eq(host_set(priv, CKA_LABEL, "gr\xC3\xBC\xC3\x9F", 6), 0);
	ck_assert_int_eq(host_set(pub, CKA_ID, id20, 19), 0);
	ck_assert(host_is(pub, CKA_LABEL, "gr\xC3\xBC\xC3\x9F", 6));
	ck_assert(host_is(priv, CKA_ID, id20, 19));
	store_free(&st);
	if (fork() == 0) { /* another process */
		host_again();
		if (host_find_id(CKO_PRIVATE_KEY, id20, 19) != 1 ||
		    !host_is(host_found[0], CKA_LABEL, "gr\xC3\xBC\xC3\x9F", 6) ||
		    host_set(host_found[0], CKA_LABEL, "there", 5) != 0)
			_exit(1);
		store_free(&st);
		_exit(0);
	}
	ck_assert_int_gt(wait(&status), 0);
	ck_assert_int_eq(status, 0);
	host_again();
	ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, id20, 19), 1);
	ck_assert(host_is(host_found[0], CKA_LABEL, "there", 5));
	/* Back to the defaults. */
	ck_assert_int_eq(host_set(host_found[0], CKA_ID, "\xE0\xF1", 2), 0);
	ck_assert_int_eq(host_set(host_found[0], CKA_LABEL, "", 0), 0);
	ck_assert(host_is(host_found[0], CKA_LABEL, "e0f1", 4));
	ck_assert(host_is(host_found[0], CKA_ID, "\xE0\xF1", 2));
}
END_TEST

START_TEST(bad_names_are_refused)
{
	char longer[40];

	memset(longer, 'x', sizeof(longer));
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), 0);
	ck_assert_int_eq(host_set(priv, CKA_ID, longer, 33), STORE_EATTR_VALUE);
	ck_assert_int_eq(host_set(priv, CKA_ID, longer, 32), 0);
	ck_assert_int_eq(host_set(priv, CKA_LABEL, longer, 33), STORE_EATTR_VALUE);
	ck_assert_int_eq(host_set(priv, CKA_LABEL, "\xC3", 1), STORE_EATTR_VALUE);
	ck_assert_int_eq(host_set(priv, CKA_LABEL, "a\0b", 3), STORE_EATTR_VALUE);
	ck_assert_int_eq(host_set(priv, CKA_ID, "\xE0\xF2", 2), STORE_EATTR_VALUE);
	ck_assert_int_eq(host_set(priv, CKA_ID, "\xE0\xE1", 2), STORE_EATTR_VALUE);
	ck_assert_int_eq(host_set(priv, CKA_ID, "\xE0\xF4", 2), 0); /* no object of the chip */
	ck_assert_int_eq(host_set(priv, CKA_SIGN, "\x01", 1), STORE_EATTR_READONLY);
	ck_assert_int_eq(host_set(priv, CKA_MODULUS, "\x01", 1), STORE_EATTR_TYPE);
	ck_assert_int_eq(host_set(9999, CKA_LABEL, "x", 1), STORE_EHANDLE);
	ck_assert_int_eq(host_set(0, CKA_LABEL, "x", 1), STORE_EHANDLE);
}
END_TEST

START_TEST(one_bad_attribute_changes_nothing)
{
	CK_ATTRIBUTE t[2];
	char label[] = "new";
	uint8_t id[] = { 0xE0, 0xF2 };

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "old", &pub, &priv), 0);
	t[0] = (CK_ATTRIBUTE){ CKA_LABEL, label, 3 };
	t[1] = (CK_ATTRIBUTE){ CKA_ID, id, 2 };
	ck_assert_int_eq(store_set(st, priv, t, 2), STORE_EATTR_VALUE);
	ck_assert(host_is(priv, CKA_LABEL, "old", 3));
}
END_TEST

START_TEST(same_value_is_not_written)
{
	unsigned n;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, id20, 20, "same", &pub, &priv), 0);
	n = host_commands();
	ck_assert_int_eq(host_set(priv, CKA_LABEL, "same", 4), 0);
	ck_assert_int_eq(host_set(priv, CKA_ID, id20, 20), 0);
	ck_assert_uint_eq(host_commands(), n);
}
END_TEST

/* D3: an ID that is a slot's OID picks it; other IDs take the first free one. */
START_TEST(slots_are_chosen)
{
	CK_OBJECT_HANDLE p2, q2;

	ck_assert_int_eq(host_generate(CHIP_ALG_P384, "\xE0\xF2", 2, NULL, &pub, &priv), 0);
	ck_assert(host_is(priv, CKA_OPTIGA_OID, "\xE0\xF2", 2));
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, id20, 20, NULL, &p2, &q2), 0);
	ck_assert(host_is(q2, CKA_OPTIGA_OID, "\xE0\xF1", 2));
	ck_assert_int_eq(
	    host_generate(CHIP_ALG_P256, "\xE0\xF2", 2, NULL, &p2, &q2), STORE_EPROHIBITED);
	ck_assert_int_eq(
	    host_generate(CHIP_ALG_P256, "\xE0\xF0", 2, NULL, &p2, &q2), STORE_EPROHIBITED);
	ck_assert_int_eq(
	    host_generate(CHIP_ALG_P256, "\xE0\xE1", 2, NULL, &p2, &q2), STORE_EATTR_VALUE);
	ck_assert_int_eq(
	    host_generate(CHIP_ALG_P256, "\xF1\xD0", 2, NULL, &p2, &q2), STORE_EATTR_VALUE);
	ck_assert_int_eq(
	    host_generate(CHIP_ALG_P256, "\xE0\xFC", 2, NULL, &p2, &q2), STORE_ECONFLICT);
	ck_assert_int_eq(host_generate(CHIP_ALG_P521, NULL, 0, NULL, &p2, &q2), 0);
	ck_assert(host_is(q2, CKA_OPTIGA_OID, "\xE0\xF3", 2));
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &p2, &q2), STORE_EFULL);
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), 4);
}
END_TEST

START_TEST(six_keys_with_names)
{
	static const enum chip_alg six[] = { CHIP_ALG_P521, CHIP_ALG_P521, CHIP_ALG_P521,
		CHIP_ALG_RSA1024, CHIP_ALG_RSA1024 };
	struct buf b = BUF_INIT;
	uint8_t id[20];

	memcpy(id, id20, sizeof(id));
	for (size_t i = 0; i < NITEMS(six); i++) {
		id[0] = (uint8_t)i;
		ck_assert_int_eq(host_generate(six[i], id, 20, "label of 16 byte", &pub, &priv), 0);
	}
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF0", 2), 1);
	id[0] = 9;
	ck_assert_int_eq(host_set(host_found[0], CKA_ID, id, 20), 0);
	ck_assert_int_eq(host_set(host_found[0], CKA_LABEL, "label of 16 byte", 16), 0);
	host_again();
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), 6);
	ck_assert_uint_eq(host_find_class(CKO_PUBLIC_KEY), 6);
	for (size_t i = 0; i < NITEMS(six); i++) {
		id[0] = (uint8_t)i;
		ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, id, 20), 1);
		host_chip_spki(host_found[0], &b);
		ck_assert(host_signs_for(host_found[0], &b));
	}
	buf_free(&b);
}
END_TEST

START_TEST(destroy_and_make_another)
{
	CK_OBJECT_HANDLE pub2, priv2;
	struct buf old = BUF_INIT, b = BUF_INIT;
	struct store_key key;
	const enum chip_alg alg = _i == 0 ? CHIP_ALG_P256 : CHIP_ALG_RSA1024;

	ck_assert_int_eq(host_generate(alg, NULL, 0, "first", &pub, &priv), 0);
	host_chip_spki(pub, &old);
	ck_assert_int_eq(store_destroy(st, pub), STORE_EPROHIBITED);
	ck_assert_int_eq(store_destroy(st, priv), 0);
	ck_assert_int_eq(host_get(priv, CKA_LABEL, &b), STORE_EHANDLE);
	ck_assert_int_eq(store_key(st, pub, &key), STORE_EHANDLE);
	ck_assert_int_eq(store_destroy(st, priv), STORE_EHANDLE);
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), 1);
	host_again(); /* and it stays so */
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), 1);
	ck_assert_uint_eq(host_find_class(CKO_PUBLIC_KEY), 1);

	ck_assert_int_eq(host_generate(alg, NULL, 0, NULL, &pub2, &priv2), 0);
	ck_assert(
	    host_is(priv2, CKA_OPTIGA_OID, alg == CHIP_ALG_P256 ? "\xE0\xF1" : "\xE0\xFC", 2));
	ck_assert(host_is(priv2, CKA_LABEL, alg == CHIP_ALG_P256 ? "e0f1" : "e0fc", 4));
	host_chip_spki(pub2, &b);
	ck_assert(!spki_equal(&old, &b));
	ck_assert(host_signs_for(priv2, &b));
	buf_free(&old);
	buf_free(&b);
}
END_TEST

START_TEST(handles_are_never_reused)
{
	CK_OBJECT_HANDLE pub2, priv2;
	struct buf b = BUF_INIT;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), 0);
	ck_assert_int_eq(store_destroy(st, priv), 0);
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub2, &priv2), 0);
	ck_assert_uint_ne(priv, priv2);
	ck_assert_uint_ne(pub, pub2);
	ck_assert_int_eq(host_get(priv, CKA_LABEL, &b), STORE_EHANDLE);
	/* Stable while the object is there, whatever its name. */
	ck_assert_int_eq(host_set(priv2, CKA_LABEL, "renamed", 7), 0);
	ck_assert_int_eq(host_set(priv2, CKA_ID, "renamed", 7), 0);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "renamed", 7), 1);
	ck_assert_uint_eq(host_found[0], priv2);
	buf_free(&b);
}
END_TEST

/* A key that somebody else put in its place is another object here too. */
START_TEST(replaced_by_another_process)
{
	struct store *mine, *theirs;
	struct buf b = BUF_INIT;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "old", &pub, &priv), 0);
	mine = st;
	st = NULL;
	host_again();
	theirs = st;
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
	st = mine;
	ck_assert_int_eq(host_get(priv, CKA_LABEL, &b), STORE_EHANDLE);
	st = theirs;
	{
		CK_OBJECT_HANDLE p, q;

		ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "new", &p, &q), 0);
	}
	st = mine;
	ck_assert_int_eq(host_get(priv, CKA_LABEL, &b), STORE_EHANDLE);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	ck_assert_uint_ne(host_found[0], priv);
	ck_assert(host_is(host_found[0], CKA_LABEL, "new", 3));
	st = theirs;
	store_free(&st);
	st = mine;
	buf_free(&b);
}
END_TEST

/* An ordinary key that can only derive is no destroyed one. */
START_TEST(derive_only_key_stays)
{
	CK_BBOOL yes = CK_TRUE;
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_BP512);
	uint8_t params[16];
	CK_ATTRIBUTE p[] = { { CKA_TOKEN, &yes, 1 }, { CKA_EC_PARAMS, params, kt->params_len } };
	CK_ATTRIBUTE q[] = { { CKA_TOKEN, &yes, 1 }, { CKA_DERIVE, &yes, 1 } };
	CK_OBJECT_HANDLE p2, q2;
	struct buf b = BUF_INIT;

	memcpy(params, kt->params, kt->params_len);
	ck_assert_int_eq(store_generate(st, false, p, 2, q, 2, &pub, &priv), 0);
	ck_assert(host_bool(priv, CKA_DERIVE));
	ck_assert(!host_bool(priv, CKA_SIGN));
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), 2);
	ck_assert_uint_eq(host_find_class(CKO_PUBLIC_KEY), 2);
	host_chip_spki(priv, &b);
	ck_assert_uint_gt(b.len, 100);
	ck_assert_int_eq(
	    host_generate(CHIP_ALG_P256, "\xE0\xF1", 2, NULL, &p2, &q2), STORE_EPROHIBITED);
	/* Made by others, and without any record: the private key alone. */
	ck_assert_int_eq(
	    chip_keypair(host_chip(), 0xE0F2, CHIP_ALG_P256, CHIP_USE_KEYAGREE, &b), 0);
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), 3);
	ck_assert_uint_eq(host_find_class(CKO_PUBLIC_KEY), 2);
	ck_assert_int_eq(
	    host_generate(CHIP_ALG_P256, "\xE0\xF2", 2, NULL, &p2, &q2), STORE_EPROHIBITED);
	buf_free(&b);
}
END_TEST

/* Somebody's key for derivation in a slot that the index calls destroyed: shown to be his. */
START_TEST(destroyed_must_be_proved)
{
	struct buf b = BUF_INIT;
	CK_OBJECT_HANDLE p2, q2;
	unsigned n;

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), 0);
	for (uint8_t slot = 0xF1; slot <= 0xF2; slot++) {
		const uint8_t id[] = { 0xE0, slot };

		ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, id, 2), 1);
		ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
	}
	ck_assert_int_eq(
	    chip_keypair(host_chip(), 0xE0F1, CHIP_ALG_BP512, CHIP_USE_KEYAGREE, &b), 0);
	host_again();
	/* Listings take the index's word. */
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), 2);
	n = host_commands();
	ck_assert_int_eq(
	    host_generate(CHIP_ALG_P256, "\xE0\xF1", 2, NULL, &p2, &q2), STORE_EPROHIBITED);
	ck_assert_uint_le(host_commands(), n + 1);
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), 3);
	/* The other one is what it is said to be. */
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "new", &p2, &q2), 0);
	ck_assert(host_is(q2, CKA_OPTIGA_OID, "\xE0\xF2", 2));
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &p2, &q2), STORE_EFULL);
	buf_free(&b);
}
END_TEST

/* Keys of the vendor's tools: record, and without any by signatures. */
START_TEST(found_keys_have_public_keys)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P384);
	struct buf pk = BUF_INIT, spki = BUF_INIT, got = BUF_INIT;
	unsigned n;

	ck_assert_int_eq(chip_keypair(host_chip(), 0xE0F1, CHIP_ALG_P384, 0x11, &pk), 0);
	ck_assert_int_eq(spki_from_record(pk.data, pk.len, kt, &spki), 0);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	priv = host_found[0];
	ck_assert(!host_bool(priv, CKA_LOCAL));
	n = host_commands();
	ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, "\xE0\xF1", 2), 1);
	ck_assert_uint_eq(host_commands(), n); /* it can sign: that is enough to know */
	pub = host_found[0];
	/* No record anywhere. */
	ck_assert(host_is(pub, CKA_PUBLIC_KEY_INFO, spki.data, spki.len));
	ck_assert(host_is(priv, CKA_PUBLIC_KEY_INFO, spki.data, spki.len));
	n = host_commands();
	host_chip_spki(pub, &got);
	ck_assert_uint_eq(host_commands(), n); /* remembered */
	/* Another name writes the index, and the public key with it; the object stays the same. */
	ck_assert_int_eq(host_set(priv, CKA_LABEL, "found", 5), 0);
	ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, "\xE0\xF1", 2), 1);
	ck_assert_uint_eq(host_found[0], pub);
	host_again();
	ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, "\xE0\xF1", 2), 1);
	n = host_commands();
	ck_assert(host_is(host_found[0], CKA_PUBLIC_KEY_INFO, spki.data, spki.len));
	ck_assert_uint_eq(host_commands(), n);
	ck_assert(!host_bool(host_found[0], CKA_LOCAL));

	/* The vendor's record, and one that lies. */
	ck_assert_int_eq(chip_keypair(host_chip(), 0xE0F2, CHIP_ALG_P384, 0x11, &pk), 0);
	ck_assert_int_eq(
	    chip_data_write(host_chip(), 0xF1D2, 0, spki.data, spki.len, CHIP_ERASE_WRITE), 0);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF2", 2), 1);
	priv = host_found[0];
	ck_assert(host_is(priv, CKA_PUBLIC_KEY_INFO, spki.data, spki.len)); /* a hint */
	ck_assert_int_eq(spki_from_record(pk.data, pk.len, kt, &spki), 0);
	host_chip_spki(priv, &got); /* a signature decides */
	ck_assert(spki_equal(&spki, &got));
	ck_assert_int_eq(
	    chip_data_write(host_chip(), 0xF1D2, 0, spki.data, spki.len, CHIP_ERASE_WRITE), 0);
	host_again();
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF2", 2), 1);
	ck_assert(host_is(host_found[0], CKA_PUBLIC_KEY_INFO, spki.data, spki.len));
	buf_free(&pk);
	buf_free(&spki);
	buf_free(&got);
}
END_TEST

/* Nobody recorded it; six signatures over digests of a special kind determine it. */
START_TEST(found_rsa_key_has_a_public_key)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_RSA1024);
	struct buf pk = BUF_INIT, spki = BUF_INIT;
	unsigned n;

	ck_assert_int_eq(chip_keypair(host_chip(), 0xE0FC, CHIP_ALG_RSA1024, 0x10, &pk), 0);
	ck_assert_int_eq(spki_from_record(pk.data, pk.len, kt, &spki), 0);
	ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, "\xE0\xFC", 2), 1);
	pub = host_found[0];
	ck_assert(host_is(pub, CKA_PUBLIC_KEY_INFO, spki.data, spki.len));
	n = host_commands();
	ck_assert(host_is(pub, CKA_PUBLIC_KEY_INFO, spki.data, spki.len));
	ck_assert_uint_eq(host_commands(), n); /* remembered */
	buf_free(&pk);
	buf_free(&spki);
}
END_TEST

/* Somebody made a new key in a slot of ours, past the index. */
START_TEST(index_that_lies)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P256);
	struct buf pk = BUF_INIT, spki = BUF_INIT, got = BUF_INIT;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "ours", &pub, &priv), 0);
	ck_assert_int_eq(chip_keypair(host_chip(), 0xE0F1, CHIP_ALG_P256, 0x11, &pk), 0);
	ck_assert_int_eq(spki_from_record(pk.data, pk.len, kt, &spki), 0);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	priv = host_found[0];
	host_chip_spki(priv, &got);
	ck_assert(spki_equal(&spki, &got));
	/* Now it is another object, not generated here; its name was never the key's. */
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	ck_assert_uint_ne(host_found[0], priv);
	priv = host_found[0];
	ck_assert(!host_bool(priv, CKA_LOCAL));
	ck_assert_int_eq(host_set(priv, CKA_LABEL, "theirs", 6), 0);
	host_again();
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	ck_assert(!host_bool(host_found[0], CKA_LOCAL));
	ck_assert(host_is(host_found[0], CKA_PUBLIC_KEY_INFO, spki.data, spki.len));
	buf_free(&pk);
	buf_free(&spki);
	buf_free(&got);
}
END_TEST

START_TEST(rsa_record_is_the_vendors)
{
	struct buf spki = BUF_INIT, rec = BUF_INIT;
	CK_OBJECT_HANDLE p2, q2;

	/* Somebody's data in F1E0 leaves the second slot only. */
	ck_assert_int_eq(
	    chip_data_write(host_chip(), 0xF1E0, 0, (const uint8_t *)"mine", 4, CHIP_ERASE_WRITE),
	    0);
	ck_assert_int_eq(
	    host_generate(CHIP_ALG_RSA1024, "\xE0\xFC", 2, NULL, &pub, &priv), STORE_EFULL);
	ck_assert_int_eq(host_generate(CHIP_ALG_RSA1024, NULL, 0, NULL, &pub, &priv), 0);
	ck_assert(host_is(priv, CKA_OPTIGA_OID, "\xE0\xFD", 2));
	ck_assert_int_eq(host_generate(CHIP_ALG_RSA1024, NULL, 0, NULL, &p2, &q2), STORE_EFULL);
	host_chip_spki(pub, &spki);
	ck_assert_int_eq(chip_data_read(host_chip(), 0xF1E1, 0, 1500, &rec), 0);
	ck_assert_uint_eq(rec.len, spki.len);
	ck_assert_mem_eq(rec.data, spki.data, rec.len);
	buf_reset(&rec);
	ck_assert_int_eq(chip_data_read(host_chip(), 0xF1E0, 0, 1500, &rec), 0);
	ck_assert_uint_eq(rec.len, 4);
	buf_free(&spki);
	buf_free(&rec);
}
END_TEST

START_TEST(templates_are_checked)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P256);
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG bits = 3072, rsa = CKK_RSA, ok = 1024;
	uint8_t params[16], e3[] = { 3 }, huge[40] = { 0 };
	CK_ATTRIBUTE p[4], q[4];

#define GEN(is_rsa, np, nq) store_generate(st, (is_rsa), p, (np), q, (nq), &pub, &priv)
	memcpy(params, kt->params, kt->params_len);
	p[0] = q[0] = (CK_ATTRIBUTE){ CKA_TOKEN, &yes, 1 };
	p[1] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, params, kt->params_len };
	ck_assert_int_eq(GEN(false, 1, 1), STORE_ETEMPLATE);
	params[3] ^= 1;
	ck_assert_int_eq(GEN(false, 2, 1), STORE_ECURVE);
	params[3] ^= 1;
	p[1].pValue = NULL;
	ck_assert_int_eq(GEN(false, 2, 1), STORE_EATTR_VALUE);
	p[1].pValue = params;
	q[0].pValue = &no;
	ck_assert_int_eq(GEN(false, 2, 1), STORE_EATTR_VALUE);
	ck_assert_int_eq(GEN(false, 2, 0), STORE_ETEMPLATE);
	q[0].pValue = &yes;
	q[1] = (CK_ATTRIBUTE){ CKA_EXTRACTABLE, &yes, 1 };
	ck_assert_int_eq(GEN(false, 2, 2), STORE_EATTR_VALUE);
	q[1] = (CK_ATTRIBUTE){ CKA_LOCAL, &yes, 1 };
	ck_assert_int_eq(GEN(false, 2, 2), STORE_EATTR_READONLY);
	q[1] = (CK_ATTRIBUTE){ 0x1234567, &yes, 1 };
	ck_assert_int_eq(GEN(false, 2, 2), STORE_EATTR_TYPE);
	q[1] = (CK_ATTRIBUTE){ CKA_KEY_TYPE, &rsa, sizeof(rsa) };
	ck_assert_int_eq(GEN(false, 2, 2), STORE_ECONFLICT);
	q[1] = q[0];
	ck_assert_int_eq(GEN(false, 2, 2), STORE_ECONFLICT);
	q[1] = (CK_ATTRIBUTE){ CKA_SIGN, &no, 1 };
	ck_assert_int_eq(GEN(false, 2, 2), STORE_ECONFLICT);
	q[1] = (CK_ATTRIBUTE){ CKA_ID, huge, 33 };
	ck_assert_int_eq(GEN(false, 2, 2), STORE_EATTR_VALUE);
	q[1] = (CK_ATTRIBUTE){ CKA_ID, huge, 5 };
	p[2] = (CK_ATTRIBUTE){ CKA_ID, huge, 6 };
	ck_assert_int_eq(GEN(false, 3, 2), STORE_ECONFLICT);
	p[1] = (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &bits, sizeof(bits) };
	ck_assert_int_eq(GEN(true, 1, 1), STORE_ETEMPLATE);
	ck_assert_int_eq(GEN(true, 2, 1), STORE_ECURVE);
	p[1] = (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &ok, sizeof(ok) };
	p[2] = (CK_ATTRIBUTE){ CKA_PUBLIC_EXPONENT, e3, 1 };
	ck_assert_int_eq(GEN(true, 3, 1), STORE_EATTR_VALUE);
	ck_assert_uint_eq(host_find_class(CKO_PRIVATE_KEY), 1);
	/* What NSS sends. */
	p[1] = (CK_ATTRIBUTE){ CKA_EC_PARAMS, params, kt->params_len };
	p[2] = (CK_ATTRIBUTE){ CKA_WRAP, &yes, 1 };
	p[3] = (CK_ATTRIBUTE){ CKA_ENCRYPT, &yes, 1 };
	q[1] = (CK_ATTRIBUTE){ CKA_UNWRAP, &yes, 1 };
	q[2] = (CK_ATTRIBUTE){ CKA_DECRYPT, &yes, 1 };
	q[3] = (CK_ATTRIBUTE){ CKA_PRIVATE, &yes, 1 };
	ck_assert_int_eq(GEN(false, 4, 4), 0);
	ck_assert(host_bool(priv, CKA_SIGN));
	ck_assert(!host_bool(priv, CKA_DECRYPT));
	ck_assert(!host_bool(priv, CKA_PRIVATE));
#undef GEN
}
END_TEST

/* D9: what a client that signs by ID costs the chip. */
START_TEST(traffic)
{
	unsigned n;
	struct store_key key;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, id20, 20, "key", &pub, &priv), 0);
	host_again();
	n = host_commands();
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, id20, 20), 1);
	/* Two heads of the index (which fits in one part), one metadata record. */
	ck_assert_uint_eq(host_commands() - n, 3);
	ck_assert_int_eq(store_key(st, host_found[0], &key), 0);
	ck_assert_uint_eq(key.oid, 0xE0F1);
	ck_assert_uint_eq(host_commands() - n, 3);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, id20, 20), 1);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "nobody", 6), 0);
	ck_assert_uint_eq(host_commands() - n, 3);
	ck_assert_uint_eq(host_find(NULL, 0), 5);
	n = host_commands();
	ck_assert_uint_eq(host_find(NULL, 0), 5);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 1);
	ck_assert_uint_eq(host_find_class(CKO_SECRET_KEY), 0);
	ck_assert_uint_eq(host_find_class(0x12345), 0);
	ck_assert_uint_eq(host_commands(), n);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_keys");
	TCase *t = tcase_create("keys");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, host_start, host_end);
	tcase_add_test(t, factory_chip_shows_its_key);
	tcase_add_loop_test(t, generate_and_find_again, 0, (int)NITEMS(algs));
	tcase_add_test(t, names_last);
	tcase_add_test(t, bad_names_are_refused);
	tcase_add_test(t, one_bad_attribute_changes_nothing);
	tcase_add_test(t, same_value_is_not_written);
	tcase_add_test(t, slots_are_chosen);
	tcase_add_test(t, six_keys_with_names);
	tcase_add_loop_test(t, destroy_and_make_another, 0, 2);
	tcase_add_test(t, handles_are_never_reused);
	tcase_add_test(t, replaced_by_another_process);
	tcase_add_test(t, derive_only_key_stays);
	tcase_add_test(t, destroyed_must_be_proved);
	tcase_add_test(t, found_keys_have_public_keys);
	tcase_add_test(t, found_rsa_key_has_a_public_key);
	tcase_add_test(t, index_that_lies);
	tcase_add_test(t, rsa_record_is_the_vendors);
	tcase_add_test(t, templates_are_checked);
	tcase_add_test(t, traffic);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
