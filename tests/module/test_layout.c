/* The layout of six slots, one for each key, as the vendor's sample has it. */
#include <config.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/evp.h>

#include "pkcs11/optiga-pkcs11.h"
#include "tests/module/harness.h"

#define NSLOTS 6

static CK_OBJECT_CLASS private = CKO_PRIVATE_KEY, public = CKO_PUBLIC_KEY, cert = CKO_CERTIFICATE,
		       data_class = CKO_DATA;
static CK_BBOOL yes = CK_TRUE;

static void
setup(void)
{
	char path[128];
	FILE *f;

	harness_load();
	harness_chip();
	(void)snprintf(path, sizeof(path), "%s/conf", harness_dir());
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_gt(
	    fprintf(f, "layout = key-slots\ndevice = %s\n", getenv("OPTIGA_DEVICE")), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(unsetenv("OPTIGA_DEVICE"), 0);
	ck_assert_int_eq(setenv("OPTIGA_PKCS11_CONF", path, 1), 0);
	ck_assert_ok(p11->C_Initialize(NULL));
}

static void
teardown(void)
{
	ck_assert_int_eq(unsetenv("OPTIGA_PKCS11_CONF"), 0);
	harness_teardown();
}

static CK_SESSION_HANDLE
session(CK_SLOT_ID slot)
{
	CK_SESSION_HANDLE s;

	ck_assert_ok(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &s));
	return s;
}

/* How many there are; *h is the first. */
static CK_ULONG
count(CK_SESSION_HANDLE s, CK_OBJECT_CLASS *cls, const char *label, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE tmpl[2];
	CK_OBJECT_HANDLE list[16];
	CK_ULONG n = 0, found;

	if (cls != NULL)
		tmpl[n++] = (CK_ATTRIBUTE){ CKA_CLASS, cls, sizeof(*cls) };
	if (label != NULL)
		tmpl[n++] = (CK_ATTRIBUTE){ CKA_LABEL, (void *)(uintptr_t)label, strlen(label) };
	found = harness_find(s, tmpl, n, list, 16);
	if (h != NULL && found > 0)
		*h = list[0];
	return found;
}

static CK_RV
create_cert(CK_SESSION_HANDLE s, EVP_PKEY *pkey, CK_BBOOL trusted, CK_OBJECT_HANDLE *h)
{
	CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	size_t len;
	unsigned char *der = harness_certificate(pkey, "layout", &len);
	CK_ATTRIBUTE tmpl[] = {
		{ CKA_CLASS, &cert, sizeof(cert) },
		{ CKA_CERTIFICATE_TYPE, &x509, sizeof(x509) },
		{ CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_LABEL, (char[]){ "Cert" }, 4 },
		{ CKA_VALUE, der, len },
		{ CKA_TRUSTED, &trusted, sizeof(trusted) },
	};
	const CK_RV rv = p11->C_CreateObject(s, tmpl, sizeof(tmpl) / sizeof(tmpl[0]), h);

	free(der);
	return rv;
}

/* A key pair in a slot; its private key. */
static CK_OBJECT_HANDLE
make_key(CK_SESSION_HANDLE s, size_t kind)
{
	CK_OBJECT_HANDLE pub, priv;

	ck_assert_ok(harness_generate(s, &harness_kinds[kind], NULL, NULL, &pub, &priv));
	return priv;
}

/* What a slot does not list it does not do: an update might be for another slot's key. */
START_TEST(mechanisms_are_the_slot_s_own)
{
	static unsigned char bytes[64];
	CK_OPTIGA_PROTECTED_UPDATE_PARAMS update = { bytes, sizeof(bytes) };
	CK_MECHANISM unwrap = { CKM_OPTIGA_PROTECTED_UPDATE, &update, sizeof(update) };
	CK_MECHANISM aes = { CKM_AES_KEY_GEN, NULL, 0 };
	CK_ULONG len = 16;
	CK_ATTRIBUTE tmpl = { CKA_VALUE_LEN, &len, sizeof(len) };

	for (CK_SLOT_ID slot = 0; slot < NSLOTS; slot++) {
		const CK_SESSION_HANDLE s = session(slot);
		CK_MECHANISM_TYPE list[64];
		CK_ULONG n = sizeof(list) / sizeof(list[0]);
		CK_OBJECT_HANDLE h;

		ck_assert_ok(p11->C_GetMechanismList(slot, list, &n));
		for (CK_ULONG i = 0; i < n; i++) {
			ck_assert_uint_ne(list[i], CKM_OPTIGA_PROTECTED_UPDATE);
			ck_assert_uint_ne(list[i], CKM_AES_KEY_GEN);
		}
		ck_assert_rv(
		    p11->C_UnwrapKey(s, &unwrap, 1, bytes, 64, NULL, 0, &h), CKR_MECHANISM_INVALID);
		ck_assert_rv(p11->C_GenerateKey(s, &aes, &tmpl, 1, &h), CKR_MECHANISM_INVALID);
	}
}
END_TEST

START_TEST(there_are_six_slots)
{
	CK_SLOT_ID list[16];
	CK_ULONG n = 16;
	CK_TOKEN_INFO info;
	CK_SLOT_INFO slot;
	char name[32];

	ck_assert_ok(p11->C_GetSlotList(CK_TRUE, list, &n));
	ck_assert_uint_eq(n, NSLOTS);
	for (CK_ULONG i = 0; i < n; i++) {
		ck_assert_uint_eq(list[i], i);
		ck_assert_ok(p11->C_GetTokenInfo(i, &info));
		ck_assert_ok(p11->C_GetSlotInfo(i, &slot));
		(void)snprintf(name, sizeof(name), "Token%lu ", i);
		ck_assert_int_eq(memcmp(info.label, name, strlen(name)), 0);
		(void)snprintf(name, sizeof(name), "Slot%lu ", i);
		ck_assert_int_eq(memcmp(slot.slotDescription, name, strlen(name)), 0);
	}
}
END_TEST

/* A number of a slot, no PIN, and the label. */
START_TEST(the_aws_crt_finds_exactly_one_key)
{
	unsigned char digest[32] = "", sig[64];
	CK_MECHANISM ecdsa = { CKM_ECDSA, NULL, 0 };
	CK_OBJECT_HANDLE key;
	CK_SESSION_HANDLE s;

	(void)make_key(session(1), KIND_P256);
	for (CK_SLOT_ID slot = 0; slot < 2; slot++) {
		CK_ULONG len = sizeof(sig);

		s = session(slot);
		ck_assert_ok(p11->C_Login(s, CKU_USER, NULL, 0));
		ck_assert_uint_eq(count(s, &private, "PrvKey", &key), 1);
		ck_assert_uint_eq(count(s, NULL, "PrvKey", &key), 1);
		ck_assert_ok(p11->C_SignInit(s, &ecdsa, key));
		ck_assert_ok(p11->C_Sign(s, digest, sizeof(digest), sig, &len));
	}
}
END_TEST

START_TEST(a_slot_shows_its_key_alone)
{
	CK_OBJECT_HANDLE mine, h;
	CK_SESSION_HANDLE one = session(1), two = session(2);
	CK_ATTRIBUTE probe = { CKA_CLASS, NULL, 0 };

	ck_assert_uint_eq(count(one, NULL, NULL, NULL), 0);
	mine = make_key(one, KIND_P256);
	ck_assert_uint_eq(count(two, NULL, NULL, NULL), 0);
	(void)make_key(two, KIND_P384);
	for (CK_SLOT_ID slot = 1; slot < 3; slot++) {
		CK_SESSION_HANDLE s = slot == 1 ? one : two;

		ck_assert_uint_eq(count(s, NULL, NULL, NULL), 3);
		ck_assert_uint_eq(count(s, &private, NULL, NULL), 1);
		ck_assert_uint_eq(count(s, &public, "PubKey", NULL), 1);
		ck_assert_uint_eq(count(s, &data_class, "PubKey", NULL), 1);
		ck_assert_uint_eq(count(s, NULL, "PubKey", NULL), 2);
		ck_assert_uint_eq(count(s, NULL, "e0f1", NULL), 0);
	}
	ck_assert_rv(p11->C_GetAttributeValue(two, mine, &probe, 1), CKR_OBJECT_HANDLE_INVALID);
	ck_assert_rv(p11->C_DestroyObject(two, mine), CKR_OBJECT_HANDLE_INVALID);
	ck_assert_rv(p11->C_SignInit(two, &(CK_MECHANISM){ CKM_ECDSA, NULL, 0 }, mine),
	    CKR_KEY_HANDLE_INVALID);
	ck_assert_ok(p11->C_DestroyObject(one, mine));
	ck_assert_uint_eq(count(one, &private, NULL, &h), 0);
	ck_assert_uint_eq(count(one, &data_class, NULL, &h), 0);
	ck_assert_uint_eq(count(two, NULL, NULL, NULL), 3);
}
END_TEST

START_TEST(the_public_key_is_data_too)
{
	CK_SESSION_HANDLE s = session(3);
	const CK_OBJECT_HANDLE key = make_key(s, KIND_P256);
	CK_ATTRIBUTE label = { CKA_LABEL, (char[]){ "other" }, 5 };
	unsigned char *spki, *value;
	size_t spki_len, len;
	CK_OBJECT_HANDLE h = 0;
	CK_ULONG size;

	ck_assert_uint_eq(count(s, &data_class, "PubKey", &h), 1);
	spki = harness_attribute(s, key, CKA_PUBLIC_KEY_INFO, &spki_len);
	value = harness_attribute(s, h, CKA_VALUE, &len);
	ck_assert_mem_eq(value, spki, spki_len);
	ck_assert_uint_eq(len, spki_len);
	free(spki);
	free(value);
	ck_assert_ok(p11->C_GetObjectSize(s, h, &size));
	ck_assert_uint_eq(size, len);
	ck_assert_rv(p11->C_SetAttributeValue(s, h, &label, 1), CKR_ATTRIBUTE_READ_ONLY);
	ck_assert_rv(p11->C_SetAttributeValue(s, key, &label, 1), CKR_ATTRIBUTE_READ_ONLY);
}
END_TEST

START_TEST(keys_are_made_in_the_slot)
{
	CK_SESSION_HANDLE s = session(1);
	CK_OBJECT_HANDLE pub, priv;
	unsigned char *value;
	size_t len;

	/* The factory's slot, and keys of the other family. */
	ck_assert_rv(
	    harness_generate(session(0), &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv),
	    CKR_ACTION_PROHIBITED);
	ck_assert_rv(harness_generate(s, &harness_kinds[KIND_RSA1024], NULL, NULL, &pub, &priv),
	    CKR_TEMPLATE_INCONSISTENT);
	ck_assert_rv(
	    harness_generate(session(4), &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv),
	    CKR_TEMPLATE_INCONSISTENT);

	/* Another key's name is not kept. */
	ck_assert_ok(
	    harness_generate(s, &harness_kinds[KIND_P256], "\xE0\xF2", "mine", &pub, &priv));
	value = harness_attribute(s, priv, CKA_ID, &len);
	ck_assert_uint_eq(len, 2);
	ck_assert_mem_eq(value, "\xE0\xF1", 2);
	free(value);
	value = harness_attribute(s, priv, CKA_LABEL, &len);
	ck_assert_uint_eq(len, 6);
	ck_assert_mem_eq(value, "PrvKey", 6);
	free(value);
	ck_assert_rv(harness_generate(s, &harness_kinds[KIND_P256], "new", NULL, &pub, &priv),
	    CKR_ACTION_PROHIBITED);

	/* Any other is. */
	s = session(2);
	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], "pump", NULL, &pub, &priv));
	value = harness_attribute(s, pub, CKA_ID, &len);
	ck_assert_uint_eq(len, 4);
	ck_assert_mem_eq(value, "pump", 4);
	free(value);
}
END_TEST

START_TEST(certificates_show_with_their_key)
{
	CK_SESSION_HANDLE two = session(2), four = session(4);
	EVP_PKEY *pkey = harness_pkey(two, make_key(two, KIND_P256));
	EVP_PKEY *other = harness_pkey(four, make_key(four, KIND_RSA1024));
	CK_OBJECT_HANDLE h, again;
	unsigned char *oid;
	size_t len;

	ck_assert_rv(create_cert(four, pkey, CK_FALSE, &h), CKR_ACTION_PROHIBITED);
	ck_assert_rv(create_cert(two, pkey, CK_TRUE, &h), CKR_ACTION_PROHIBITED);
	ck_assert_ok(create_cert(two, pkey, CK_FALSE, &h));
	oid = harness_attribute(two, h, CKA_OPTIGA_OID, &len);
	ck_assert_mem_eq(oid, "\xE0\xE2", 2);
	free(oid);
	ck_assert_uint_eq(count(two, &cert, "Cert", &again), 1);
	ck_assert_uint_eq(again, h);
	ck_assert_uint_eq(count(four, &cert, NULL, NULL), 0);
	ck_assert_rv(create_cert(four, pkey, CK_FALSE, &again), CKR_ACTION_PROHIBITED);

	/* Its place is taken: the highest free one. */
	ck_assert_ok(create_cert(four, other, CK_FALSE, &h));
	oid = harness_attribute(four, h, CKA_OPTIGA_OID, &len);
	ck_assert_mem_eq(oid, "\xE0\xE3", 2);
	free(oid);
	ck_assert_uint_eq(count(four, &cert, NULL, NULL), 1);
	ck_assert_uint_eq(count(two, &cert, NULL, NULL), 1);
	ck_assert_uint_eq(count(session(3), NULL, NULL, NULL), 0);
	EVP_PKEY_free(pkey);
	EVP_PKEY_free(other);
}
END_TEST

START_TEST(a_certificate_without_key_shows_where_it_lies)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	CK_OBJECT_HANDLE h, there;

	ck_assert_ok(create_cert(session(2), pkey, CK_FALSE, &h));
	for (CK_SLOT_ID slot = 1; slot < NSLOTS; slot++)
		ck_assert_uint_eq(
		    count(session(slot), NULL, NULL, &there), slot == 2 || slot == 4 ? 1 : 0);
	ck_assert_ok(p11->C_DestroyObject(session(4), h));
	ck_assert_uint_eq(count(session(2), NULL, NULL, NULL), 0);
	EVP_PKEY_free(pkey);
}
END_TEST

static CK_RV
create_data(CK_SESSION_HANDLE s, CK_BBOOL token, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE tmpl[] = {
		{ CKA_CLASS, &data_class, sizeof(data_class) },
		{ CKA_TOKEN, &token, sizeof(token) },
		{ CKA_LABEL, (char[]){ "note" }, 4 },
		{ CKA_VALUE, (char[]){ "value" }, 5 },
	};

	return p11->C_CreateObject(s, tmpl, 4, h);
}

START_TEST(other_objects_live_in_their_session)
{
	CK_SESSION_HANDLE s = session(1);
	CK_OBJECT_HANDLE h;

	ck_assert_rv(create_data(s, CK_TRUE, &h), CKR_ACTION_PROHIBITED);
	ck_assert_ok(create_data(s, CK_FALSE, &h));
	ck_assert_uint_eq(count(session(1), NULL, "note", NULL), 1);
	ck_assert_uint_eq(count(session(2), NULL, "note", NULL), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("layout");
	TCase *tc = tcase_create("key-slots");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, there_are_six_slots);
	tcase_add_test(tc, mechanisms_are_the_slot_s_own);
	tcase_add_test(tc, the_aws_crt_finds_exactly_one_key);
	tcase_add_test(tc, a_slot_shows_its_key_alone);
	tcase_add_test(tc, the_public_key_is_data_too);
	tcase_add_test(tc, keys_are_made_in_the_slot);
	tcase_add_test(tc, certificates_show_with_their_key);
	tcase_add_test(tc, a_certificate_without_key_shows_where_it_lies);
	tcase_add_test(tc, other_objects_live_in_their_session);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return harness_run(suite());
}
