/*
 * Data objects and secret keys: where they go, what they are called, rewriting and destroying
 * them, whose contents are shown, and what a search reads of them.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/index.h"
#include "tests/unit/test_store_host.h"

static uint8_t value[1600];
static CK_OBJECT_HANDLE h;

static void
start(void)
{
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (uint8_t)(i * 7 + 1);
	host_start();
}

/* C_CreateObject of data with up to two attributes more. */
static int
create(size_t len, CK_ATTRIBUTE_TYPE t1, const char *v1, CK_ATTRIBUTE_TYPE t2, const char *v2)
{
	CK_OBJECT_CLASS cls = CKO_DATA;
	CK_BBOOL yes = CK_TRUE;
	char text1[64], text2[64];
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_TOKEN, &yes, 1 },
		{ CKA_VALUE, value, len }, { t1, text1, 0 }, { t2, text2, 0 } };
	CK_ULONG n = 3;

	if (v1 != NULL)
		t[n++].ulValueLen = (CK_ULONG)(stpcpy(text1, v1) - text1);
	if (v2 != NULL)
		t[n++].ulValueLen = (CK_ULONG)(stpcpy(text2, v2) - text2);
	return store_create(st, t, n, &h);
}

static int
create_plain(size_t len)
{
	return create(len, CKA_LABEL, NULL, CKA_LABEL, NULL);
}

static int
create_secret(size_t len, const char *label)
{
	CK_OBJECT_CLASS cls = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE;
	char text[64];
	const CK_ATTRIBUTE t[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_TOKEN, &yes, 1 },
		{ CKA_KEY_TYPE, &type, sizeof(type) }, { CKA_VALUE, value, len },
		{ CKA_SENSITIVE, &yes, 1 }, { CKA_LABEL, text, strlen(strcpy(text, label)) } };

	return store_create(st, t, NITEMS(t), &h);
}

static void
is_at(CK_OBJECT_HANDLE obj, uint16_t oid)
{
	const uint8_t bytes[] = { (uint8_t)(oid >> 8), (uint8_t)oid };

	ck_assert(host_is(obj, CKA_OPTIGA_OID, bytes, 2));
}

static void
raw(uint16_t oid, const void *p, size_t len)
{
	ck_assert_int_eq(chip_data_write(host_chip(), oid, 0, p, len, CHIP_ERASE_WRITE), 0);
}

static int
rewrite(CK_ULONG at, const void *p, CK_ULONG len)
{
	uint8_t copy[1600];
	const CK_ATTRIBUTE t[] = { { CKA_VALUE, copy, len },
		{ CKA_OPTIGA_OFFSET, &at, sizeof(at) } };

	memcpy(copy, p, len);
	return store_set(st, h, t, 2);
}

START_TEST(names_and_value_stay)
{
	static const uint8_t oid[] = { 0x06, 0x03, 0x2A, 0x03, 0x04 };
	CK_OBJECT_CLASS cls = CKO_DATA;
	char app[] = "pump";
	const CK_ATTRIBUTE find[] = { { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_APPLICATION, app, 4 } };

	ck_assert_int_eq(create(20, CKA_LABEL, "settings", CKA_APPLICATION, "pump"), 0);
	ck_assert_int_eq(host_set(h, CKA_OBJECT_ID, oid, sizeof(oid)), 0);
	for (int again = 0; again < 2; again++) {
		ck_assert_uint_eq(host_find(find, 2), 1);
		h = host_found[0];
		is_at(h, 0xF1D0);
		ck_assert(host_is(h, CKA_LABEL, "settings", 8));
		ck_assert(host_is(h, CKA_APPLICATION, "pump", 4));
		ck_assert(host_is(h, CKA_OBJECT_ID, oid, sizeof(oid)));
		ck_assert(host_is(h, CKA_VALUE, value, 20));
		ck_assert_uint_eq(host_ulong(h, CKA_OPTIGA_USED_SIZE), 20);
		ck_assert_uint_eq(host_ulong(h, CKA_OPTIGA_MAX_SIZE), 140);
		ck_assert(host_bool(h, CKA_MODIFIABLE));
		ck_assert(host_bool(h, CKA_DESTROYABLE));
		host_again();
	}
	/* Without names: the OID's. */
	ck_assert_int_eq(create_plain(1), 0);
	ck_assert(host_is(h, CKA_LABEL, "f1d1", 4));
	ck_assert(host_is(h, CKA_ID, "\xF1\xD1", 2));
	ck_assert(host_is(h, CKA_APPLICATION, "", 0));
	ck_assert_int_eq(host_set(h, CKA_OBJECT_ID, "\x06\x03\x2A", 3), STORE_EATTR_VALUE);
	ck_assert_int_eq(host_set(h, CKA_LABEL, "\xFF", 1), STORE_EATTR_VALUE);
}
END_TEST

/* D3: small ones first, the large ones only for what is large, E0FC's last. */
START_TEST(places)
{
	for (uint16_t oid = 0xF1D0; oid <= 0xF1D3; oid++) {
		ck_assert_int_eq(create_plain(140), 0);
		is_at(h, oid);
	}
	ck_assert_int_eq(create_plain(1), STORE_EFULL);
	ck_assert_int_eq(create_plain(141), 0);
	is_at(h, 0xF1E1);
	ck_assert_int_eq(create_plain(1500), 0);
	is_at(h, 0xF1E0);
	ck_assert(host_is(h, CKA_VALUE, value, 1500));
	ck_assert_int_eq(create_plain(141), STORE_EFULL);
	ck_assert_int_eq(create_plain(1501), STORE_EFULL);
	ck_assert_uint_eq(host_find_class(CKO_DATA), 6);
	/* No room for an RSA public key: nobody's data is overwritten. */
	{
		CK_OBJECT_HANDLE pub, priv;

		ck_assert_int_eq(
		    host_generate(CHIP_ALG_RSA1024, NULL, 0, NULL, &pub, &priv), STORE_EFULL);
	}
	ck_assert(host_is(h, CKA_VALUE, value, 1500));
}
END_TEST

START_TEST(named_places)
{
	ck_assert_int_eq(create(10, CKA_ID, "\xF1\xD2", CKA_LABEL, "here"), 0);
	is_at(h, 0xF1D2);
	ck_assert_int_eq(create(10, CKA_OPTIGA_OID, "\xF1\xE0", CKA_LABEL, NULL), 0);
	is_at(h, 0xF1E0);
	ck_assert(host_is(h, CKA_ID, "\xF1\xE0", 2));
	ck_assert_int_eq(create(10, CKA_ID, "\xF1\xD2", CKA_LABEL, NULL), STORE_EPROHIBITED);
	ck_assert_int_eq(create(10, CKA_ID, "\xF1\xD5", CKA_LABEL, NULL), STORE_EPROHIBITED);
	ck_assert_int_eq(create(10, CKA_ID, "\xE0\xF1", CKA_LABEL, NULL), STORE_EATTR_VALUE);
	ck_assert_int_eq(
	    create(10, CKA_OPTIGA_OID, "\xF1\xDF", CKA_LABEL, NULL), STORE_EATTR_VALUE);
	ck_assert_int_eq(
	    create(10, CKA_ID, "\xF1\xD0", CKA_OPTIGA_OID, "\xF1\xD1"), STORE_ECONFLICT);
	ck_assert_int_eq(create(141, CKA_ID, "\xF1\xD3", CKA_LABEL, NULL), STORE_EFULL);
	/* Any other ID is just a name. */
	ck_assert_int_eq(create(10, CKA_ID, "no slot", CKA_LABEL, NULL), 0);
	is_at(h, 0xF1D0);
	ck_assert_uint_eq(host_find_id(CKO_DATA, "no slot", 7), 1);
}
END_TEST

START_TEST(foreign_content_is_shown_and_left_alone)
{
	static const uint8_t typed[] = { 0xE8, 1, 0x31 };

	raw(0xF1D0, "notes", 5);
	raw(0xF1D9, "more notes", 10);
	ck_assert_int_eq(chip_meta_write(host_chip(), 0xF1D1, typed, sizeof(typed)), 0);
	ck_assert_uint_eq(host_find_class(CKO_DATA), 3);
	ck_assert(host_is(host_found[0], CKA_VALUE, "notes", 5));
	ck_assert(host_is(host_found[2], CKA_VALUE, "more notes", 10));
	is_at(host_found[2], 0xF1D9);
	ck_assert_int_eq(create_plain(30), 0);
	is_at(h, 0xF1D2);
	/* Destroyed by its owner's wish, the object serves the index. */
	ck_assert_uint_eq(host_find_id(CKO_DATA, "\xF1\xD9", 2), 1);
	ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
	ck_assert_uint_eq(host_find_class(CKO_DATA), 3);
}
END_TEST

START_TEST(own_records_are_no_objects)
{
	CK_OBJECT_HANDLE pub, priv;

	ck_assert_int_eq(host_generate(CHIP_ALG_P521, NULL, 0, "a label", &pub, &priv), 0);
	ck_assert_int_eq(host_generate(CHIP_ALG_RSA1024, NULL, 0, "rsa", &pub, &priv), 0);
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "p256", &pub, &priv), 0);
	host_again();
	ck_assert_uint_eq(host_find_class(CKO_DATA), 0);
	/* F1E0 has the RSA key's record. */
	ck_assert_int_eq(create_plain(200), 0);
	is_at(h, 0xF1E1);
	ck_assert_int_eq(create_plain(200), STORE_EFULL);
	ck_assert_int_eq(create(200, CKA_ID, "\xF1\xE0", CKA_LABEL, NULL), STORE_EPROHIBITED);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xFC", 2), 1);
	ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
	ck_assert_uint_eq(host_find_class(CKO_DATA), 1);
}
END_TEST

/* All zero, or like our own records: still what its maker made. */
START_TEST(values_that_look_like_nothing)
{
	EVP_PKEY *rsa = host_key(NULL);
	struct buf spki = BUF_INIT;
	CK_OBJECT_HANDLE pub, priv;

	memset(value, 0, 8);
	ck_assert_int_eq(create_plain(8), 0);
	host_spki(rsa, &spki);
	memcpy(value, spki.data, spki.len);
	ck_assert_int_eq(create(spki.len, CKA_ID, "\xF1\xE0", CKA_LABEL, NULL), 0);
	host_again();
	ck_assert_uint_eq(host_find_class(CKO_DATA), 2);
	ck_assert(host_is(host_found[0], CKA_VALUE, "\0\0\0\0\0\0\0\0", 8));
	ck_assert(host_is(host_found[1], CKA_VALUE, spki.data, spki.len));
	/* E0FC's key would need F1E0. */
	ck_assert_int_eq(
	    host_generate(CHIP_ALG_RSA1024, "\xE0\xFC", 2, NULL, &pub, &priv), STORE_EFULL);
	EVP_PKEY_free(rsa);
	buf_free(&spki);
}
END_TEST

START_TEST(rewriting)
{
	CK_ULONG at = 3;
	const CK_ATTRIBUTE lonely = { CKA_OPTIGA_OFFSET, &at, sizeof(at) };

	ck_assert_int_eq(create_plain(20), 0);
	ck_assert_int_eq(rewrite(5, "abc", 3), 0);
	memcpy(value + 5, "abc", 3);
	ck_assert(host_is(h, CKA_VALUE, value, 20));
	ck_assert_int_eq(rewrite(20, "tail", 4), 0);
	memcpy(value + 20, "tail", 4);
	ck_assert(host_is(h, CKA_VALUE, value, 24));
	ck_assert_int_eq(rewrite(137, "tail", 4), STORE_EFULL);
	ck_assert_int_eq(rewrite(1UL << 40, "t", 1), STORE_EFULL);
	ck_assert_int_eq(store_set(st, h, &lonely, 1), STORE_ETEMPLATE);
	ck_assert(host_is(h, CKA_VALUE, value, 24));
	/* The whole: shorter than before. */
	ck_assert_int_eq(host_set(h, CKA_VALUE, "new", 3), 0);
	ck_assert(host_is(h, CKA_VALUE, "new", 3));
	ck_assert_int_eq(host_set(h, CKA_VALUE, "", 0), STORE_EATTR_VALUE);
	host_again();
	ck_assert_uint_eq(host_find_class(CKO_DATA), 1);
	ck_assert(host_is(host_found[0], CKA_VALUE, "new", 3));
}
END_TEST

START_TEST(destroyed_is_gone)
{
	CK_OBJECT_HANDLE old;

	ck_assert_int_eq(create(30, CKA_LABEL, "first", CKA_ID, NULL), 0);
	old = h;
	ck_assert_int_eq(store_destroy(st, h), 0);
	ck_assert_uint_eq(host_find_class(CKO_DATA), 0);
	ck_assert_int_eq(store_destroy(st, h), STORE_EHANDLE);
	ck_assert_int_eq(create_plain(30), 0);
	is_at(h, 0xF1D0);
	ck_assert_uint_ne(h, old);
	ck_assert(host_is(h, CKA_LABEL, "f1d0", 4));
}
END_TEST

START_TEST(locked_is_locked)
{
	static const uint8_t lock[] = { 0xC0, 1, 0x07 };
	struct buf b = BUF_INIT;

	ck_assert_int_eq(create_plain(30), 0);
	ck_assert_int_eq(chip_meta_write(host_chip(), 0xF1D0, lock, sizeof(lock)), 0);
	host_again();
	ck_assert_uint_eq(host_find_class(CKO_DATA), 1);
	h = host_found[0];
	ck_assert(!host_bool(h, CKA_DESTROYABLE));
	ck_assert(!host_bool(h, CKA_MODIFIABLE));
	ck_assert_int_eq(store_destroy(st, h), STORE_EPROHIBITED);
	ck_assert_int_eq(rewrite(0, "x", 1), STORE_EPROHIBITED);
	ck_assert(host_is(h, CKA_VALUE, value, 30));
	ck_assert_int_eq(host_set(h, CKA_LABEL, "named", 5), 0);
	buf_free(&b);
}
END_TEST

/* D9: what a search does not ask for is not read. */
START_TEST(searches_read_no_more_than_they_need)
{
	CK_OBJECT_CLASS cls = CKO_DATA;
	char label[] = "other";
	const CK_ATTRIBUTE find[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_LABEL, label, 5 } };
	unsigned before;

	ck_assert_int_eq(create(1000, CKA_LABEL, "large", CKA_ID, NULL), 0);
	ck_assert_int_eq(create(100, CKA_LABEL, "other", CKA_ID, NULL), 0);
	host_again();
	(void)host_find_class(CKO_PRIVATE_KEY); /* the index, and metadata of keys */
	before = host_commands();
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xF1\xD0", 2), 0);
	ck_assert_uint_eq(host_commands(), before);
	/* By label: the metadata of the one that has it. */
	ck_assert_uint_eq(host_find(find, 2), 1);
	is_at(host_found[0], 0xF1D0);
	ck_assert_uint_le(host_commands(), before + 1);
	before = host_commands();
	ck_assert_uint_eq(host_find(find, 2), 1);
	ck_assert_uint_eq(host_commands(), before);
}
END_TEST

START_TEST(templates)
{
	CK_OBJECT_CLASS cls = CKO_DATA;
	CK_KEY_TYPE type = CKK_AES;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_VALUE, value, 20 },
		{ CKA_TOKEN, &yes, 1 }, { CKA_KEY_TYPE, &type, sizeof(type) },
		{ CKA_EXTRACTABLE, &no, 1 } };

	ck_assert_int_eq(store_create(st, t, 1, &h), STORE_ETEMPLATE);
	ck_assert_int_eq(store_create(st, t + 1, 1, &h), STORE_ETEMPLATE);
	ck_assert_int_eq(store_create(st, t, 4, &h), STORE_EATTR_TYPE);
	cls = CKO_SECRET_KEY;
	ck_assert_int_eq(store_create(st, t, 3, &h), STORE_ETEMPLATE);
	ck_assert_int_eq(store_create(st, t, 4, &h), STORE_ECONFLICT);
	type = CKK_GENERIC_SECRET;
	t[1].ulValueLen = 65;
	ck_assert_int_eq(store_create(st, t, 4, &h), STORE_EATTR_VALUE);
	t[1].ulValueLen = 20;
	t[4].pValue = &yes;
	ck_assert_int_eq(store_create(st, t, 5, &h), STORE_EATTR_VALUE);
	t[4].pValue = &no;
	ck_assert_int_eq(store_create(st, t, 5, &h), 0);
	cls = CKO_DOMAIN_PARAMETERS;
	ck_assert_int_eq(store_create(st, t, 3, &h), STORE_ECONFLICT);
	ck_assert_uint_eq(host_find_class(CKO_DATA), 0);
}
END_TEST

/* --- secrets -------------------------------------------------------------------------------- */

START_TEST(secrets_are_used_and_never_read)
{
	struct chip_derivation d = { .kdf = CHIP_KDF_HKDF_SHA256,
		.secret = 0xF1D0,
		.seed = (const uint8_t *)"salt",
		.seed_len = 4 };
	struct buf b = BUF_INIT, mac = BUF_INIT;
	struct store_key key;

	ck_assert_int_eq(create_secret(32, "psk"), 0);
	for (int again = 0; again < 2; again++) {
		ck_assert_uint_eq(host_find_class(CKO_DATA), 0);
		ck_assert_uint_eq(host_find_class(CKO_SECRET_KEY), 1);
		h = host_found[0];
		ck_assert(host_is(h, CKA_LABEL, "psk", 3));
		ck_assert_uint_eq(host_ulong(h, CKA_KEY_TYPE), CKK_GENERIC_SECRET);
		ck_assert_uint_eq(host_ulong(h, CKA_VALUE_LEN), 32);
		ck_assert_int_eq(host_get(h, CKA_VALUE, &b), STORE_EATTR_SENSITIVE);
		ck_assert(host_bool(h, CKA_SIGN));
		ck_assert(host_bool(h, CKA_DERIVE));
		ck_assert(!host_bool(h, CKA_ENCRYPT));
		ck_assert(!host_bool(h, CKA_ALWAYS_SENSITIVE));
		ck_assert_int_eq(store_key(st, h, &key), 0);
		ck_assert_uint_eq(key.cls, CKO_SECRET_KEY);
		ck_assert_uint_eq(key.oid, 0xF1D0);
		ck_assert(!key.aes);
		ck_assert_ptr_null(key.type);
		ck_assert_uint_eq(key.usage, CHIP_USE_SIGN | CHIP_USE_KEYAGREE);
		host_again();
	}
	ck_assert_int_gt(chip_data_read(host_chip(), 0xF1D0, 0, 140, &b), 0);
	ck_assert_int_eq(chip_derive(host_chip(), &d, 32, CHIP_EXPORT, &b), 0);
	ck_assert_int_eq(chip_mac(host_chip(), CHIP_MAC_HMAC_SHA256, 0xF1D0, value, 10, &mac), 0);
	/* Destroyed: plain data may go there again, and can be read. */
	ck_assert_uint_eq(host_find_class(CKO_SECRET_KEY), 1);
	ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
	ck_assert_uint_eq(host_find_class(CKO_SECRET_KEY), 0);
	ck_assert_int_gt(chip_mac(host_chip(), CHIP_MAC_HMAC_SHA256, 0xF1D0, value, 10, &mac), 0);
	ck_assert_int_eq(create_plain(12), 0);
	is_at(h, 0xF1D0);
	ck_assert(host_is(h, CKA_VALUE, value, 12));
	buf_free(&b);
	buf_free(&mac);
}
END_TEST

/* E200, which a factory chip lets nobody fill: its rules are changed by hand. */
START_TEST(the_symmetric_key)
{
	static const uint8_t open[] = { 0xD0, 1, 0x00 };
	struct buf block = BUF_INIT;
	struct store_key key;

	ck_assert_uint_eq(host_find_class(CKO_SECRET_KEY), 0);
	ck_assert_int_eq(chip_meta_write(host_chip(), 0xE200, open, sizeof(open)), 0);
	ck_assert_int_eq(chip_symkey(host_chip(), 0xE200, CHIP_ALG_AES256, CHIP_USE_ENC), 0);
	ck_assert_uint_eq(host_find_class(CKO_SECRET_KEY), 1);
	h = host_found[0];
	is_at(h, 0xE200);
	ck_assert_uint_eq(host_ulong(h, CKA_KEY_TYPE), CKK_AES);
	ck_assert_uint_eq(host_ulong(h, CKA_VALUE_LEN), 32);
	ck_assert(host_bool(h, CKA_ENCRYPT));
	ck_assert(host_bool(h, CKA_SIGN));
	ck_assert(!host_bool(h, CKA_DERIVE));
	ck_assert(!host_bool(h, CKA_LOCAL));
	ck_assert(!host_bool(h, CKA_DESTROYABLE));
	memset(value, 0, 16);
	ck_assert_int_eq(
	    chip_encrypt(host_chip(), CHIP_CIPHER_ECB, 0xE200, NULL, value, 16, &block), 0);
	ck_assert(host_is(h, CKA_CHECK_VALUE, block.data, 3));
	ck_assert_int_eq(store_key(st, h, &key), 0);
	ck_assert(key.aes);
	ck_assert_uint_eq(key.usage, CHIP_USE_ENC);
	ck_assert_int_eq(store_destroy(st, h), STORE_EPROHIBITED);
	ck_assert_int_eq(host_set(h, CKA_LABEL, "disk", 4), 0);
	host_again();
	ck_assert_uint_eq(host_find_class(CKO_SECRET_KEY), 1);
	ck_assert(host_is(host_found[0], CKA_LABEL, "disk", 4));
	buf_free(&block);
}
END_TEST

START_TEST(full_index)
{
	char label[33];
	CK_OBJECT_HANDLE obj[4];
	int r = 0;

	memset(label, 'x', 32);
	label[32] = '\0';
	for (int i = 0; i < 4; i++) {
		ck_assert_int_eq(create_plain(30), 0);
		obj[i] = h;
	}
	/* Long names until nothing fits; then everything is as it was. */
	for (int i = 0; i < 20 && r == 0; i++) {
		static const CK_ATTRIBUTE_TYPE types[] = { CKA_LABEL, CKA_ID, CKA_APPLICATION };

		label[0] = (char)('a' + i);
		r = i < 12 ? host_set(obj[i / 3], types[i % 3], label, 32)
			   : create(200, CKA_LABEL, label, CKA_APPLICATION, label);
	}
	ck_assert_int_eq(r, STORE_EFULL);
	host_again();
	ck_assert_uint_eq(host_find_class(CKO_DATA), 5);
	for (int i = 0; i < 4; i++) {
		label[0] = (char)('a' + 3 * i);
		ck_assert(host_is(host_found[i], CKA_LABEL, label, 32));
		ck_assert(host_is(host_found[i], CKA_VALUE, value, 30));
	}
	/* Without names there is room still. */
	ck_assert_int_eq(create_plain(200), 0);
	ck_assert(host_is(h, CKA_VALUE, value, 200));
}
END_TEST

/* Trust X: 16 small objects, of which the first four are for users; no types. */
START_TEST(on_trust_x)
{
	host_end();
	host_start_model("trust-x");
	ck_assert_int_eq(create_plain(100), 0);
	is_at(h, 0xF1D0);
	ck_assert(host_is(h, CKA_VALUE, value, 100));
	ck_assert_int_eq(create_plain(101), 0);
	is_at(h, 0xF1E1);
	ck_assert_int_eq(create(10, CKA_ID, "\xF1\xDF", CKA_LABEL, NULL), STORE_EPROHIBITED);
	ck_assert_int_eq(create_secret(32, "psk"), STORE_ECONFLICT);
	raw(0xF1DF, "last", 4);
	ck_assert_uint_eq(host_find_class(CKO_DATA), 3);
	ck_assert(host_is(host_found[1], CKA_VALUE, "last", 4));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_data");
	TCase *t = tcase_create("data");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, start, host_end);
	tcase_add_test(t, names_and_value_stay);
	tcase_add_test(t, places);
	tcase_add_test(t, named_places);
	tcase_add_test(t, foreign_content_is_shown_and_left_alone);
	tcase_add_test(t, own_records_are_no_objects);
	tcase_add_test(t, values_that_look_like_nothing);
	tcase_add_test(t, rewriting);
	tcase_add_test(t, destroyed_is_gone);
	tcase_add_test(t, locked_is_locked);
	tcase_add_test(t, searches_read_no_more_than_they_need);
	tcase_add_test(t, templates);
	tcase_add_test(t, secrets_are_used_and_never_read);
	tcase_add_test(t, the_symmetric_key);
	tcase_add_test(t, full_index);
	tcase_add_test(t, on_trust_x);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
