/* Session objects: PKCS #11 v2.40, 4 and 5.7. */
#include <config.h>

#include <pthread.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "pkcs11/pkcs11v3.h"
#include "tests/module/harness.h"

#define A(type, v)                                                                                 \
	{                                                                                          \
		(type), &(v), sizeof(v)                                                            \
	}

static CK_SESSION_HANDLE s; /* read-only: that is enough for all of these */
static CK_OBJECT_CLASS data = CKO_DATA, secret = CKO_SECRET_KEY, public = CKO_PUBLIC_KEY,
		       cert = CKO_CERTIFICATE;
static CK_KEY_TYPE aes = CKK_AES, generic = CKK_GENERIC_SECRET, rsa = CKK_RSA, ec = CKK_EC;
static CK_CERTIFICATE_TYPE x509 = CKC_X_509;
static CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
static unsigned char key16[16] = { 0x2B, 0x7E, 0x15, 0x16, 0x28, 0xAE, 0xD2, 0xA6, 0xAB, 0xF7, 0x15,
	0x88, 0x09, 0xCF, 0x4F, 0x3C };

static void
setup(void)
{
	harness_setup();
	s = harness_session(false);
}

static CK_OBJECT_HANDLE
create(CK_ATTRIBUTE *tmpl, CK_ULONG n)
{
	CK_OBJECT_HANDLE h = 0;

	ck_assert_ok(p11->C_CreateObject(s, tmpl, n, &h));
	ck_assert_uint_ne(h, 0);
	return h;
}

static CK_OBJECT_HANDLE
create_aes(CK_BBOOL sensitive, CK_BBOOL extractable)
{
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes), A(CKA_VALUE, key16),
		A(CKA_SENSITIVE, sensitive), A(CKA_EXTRACTABLE, extractable) };

	return create(t, 5);
}

static void
check_bool(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, CK_BBOOL want)
{
	CK_BBOOL v = 2;
	CK_ATTRIBUTE a = A(type, v);

	ck_assert_ok(p11->C_GetAttributeValue(s, h, &a, 1));
	ck_assert_msg(v == want && a.ulValueLen == 1, "0x%lx: %u", type, v);
}

static void
check_ulong(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, CK_ULONG want)
{
	CK_ULONG v = 0;
	CK_ATTRIBUTE a = A(type, v);

	ck_assert_ok(p11->C_GetAttributeValue(s, h, &a, 1));
	ck_assert_msg(v == want, "0x%lx: %lx", type, v);
}

static void
check_bytes(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, const void *want, size_t len)
{
	size_t got;
	unsigned char *v = harness_attribute(s, h, type, &got);

	ck_assert_uint_eq(got, len);
	ck_assert(len == 0 || memcmp(v, want, len) == 0);
	free(v);
}

START_TEST(data_with_its_defaults)
{
	char app[] = "app", value[] = "value", other[] = "other value";
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, data), { CKA_APPLICATION, app, 3 },
		{ CKA_VALUE, value, 5 } };
	CK_ATTRIBUTE set = { CKA_VALUE, other, 11 };
	CK_OBJECT_HANDLE h = create(t, 3), found;
	CK_ULONG size = 0;

	check_bool(h, CKA_TOKEN, CK_FALSE);
	check_bool(h, CKA_PRIVATE, CK_FALSE);
	check_bool(h, CKA_MODIFIABLE, CK_TRUE);
	check_bool(h, CKA_COPYABLE, CK_TRUE);
	check_bool(h, CKA_DESTROYABLE, CK_TRUE);
	check_bytes(h, CKA_LABEL, NULL, 0);
	check_bytes(h, CKA_OBJECT_ID, NULL, 0);
	check_bytes(h, CKA_VALUE, "value", 5);
	ck_assert_uint_eq(harness_find(s, t, 3, &found, 1), 1);
	ck_assert_uint_eq(found, h);
	ck_assert_ok(p11->C_SetAttributeValue(s, h, &set, 1));
	check_bytes(h, CKA_VALUE, "other value", 11);
	ck_assert_uint_eq(harness_find(s, t, 3, &found, 1), 0);
	ck_assert_ok(p11->C_GetObjectSize(s, h, &size));
	ck_assert_uint_gt(size, 11 + 3);
	ck_assert_ok(p11->C_DestroyObject(s, h));
	ck_assert_rv(p11->C_DestroyObject(s, h), CKR_OBJECT_HANDLE_INVALID);
	ck_assert_rv(p11->C_GetAttributeValue(s, h, &set, 1), CKR_OBJECT_HANDLE_INVALID);
	ck_assert_uint_ne(create(t, 3), h);
}
END_TEST

START_TEST(unique_ids_differ)
{
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, data) };
	CK_OBJECT_HANDLE a = create(t, 1), b = create(t, 1);
	size_t alen, blen;
	unsigned char *aid = harness_attribute(s, a, CKA_UNIQUE_ID, &alen);
	unsigned char *bid = harness_attribute(s, b, CKA_UNIQUE_ID, &blen);
	CK_ATTRIBUTE by = { CKA_UNIQUE_ID, aid, alen };
	CK_OBJECT_HANDLE found;

	ck_assert(alen != blen || memcmp(aid, bid, alen) != 0);
	ck_assert_uint_eq(harness_find(s, &by, 1, &found, 1), 1);
	ck_assert_uint_eq(found, a);
	free(aid);
	free(bid);
}
END_TEST

START_TEST(aes_keys_with_their_defaults)
{
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes), A(CKA_VALUE, key16) };
	CK_OBJECT_HANDLE h = create(t, 3);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char block[32] = { 0 };
	int n;

	check_ulong(h, CKA_VALUE_LEN, 16);
	check_ulong(h, CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION);
	check_bool(h, CKA_SENSITIVE, CK_FALSE);
	check_bool(h, CKA_EXTRACTABLE, CK_TRUE);
	check_bool(h, CKA_LOCAL, CK_FALSE);
	check_bool(h, CKA_ALWAYS_SENSITIVE, CK_FALSE);
	check_bool(h, CKA_NEVER_EXTRACTABLE, CK_FALSE);
	check_bool(h, CKA_ENCRYPT, CK_TRUE);
	check_bool(h, CKA_DERIVE, CK_FALSE);
	check_bytes(h, CKA_VALUE, key16, 16);
	ck_assert_int_eq(EVP_EncryptInit_ex2(ctx, EVP_aes_128_ecb(), key16, NULL, NULL), 1);
	ck_assert_int_eq(EVP_EncryptUpdate(ctx, block, &n, block, 16), 1);
	check_bytes(h, CKA_CHECK_VALUE, block, 3);
	EVP_CIPHER_CTX_free(ctx);
}
END_TEST

/* What each template lacks or has too much, and the answer. */
START_TEST(templates_are_checked)
{
	unsigned char key[513] = { 1 }, modulus[1025], e[] = { 1, 0, 1 }, point[65] = { 4 };
	unsigned char secp256k1[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A };
	unsigned char p256[10], date[8] = "2026112x", kcv[3] = { 0 };
	CK_OBJECT_CLASS private = CKO_PRIVATE_KEY, none = 0x4711;
	CK_KEY_TYPE des = CKK_DES;
	CK_ULONG bits = 1024, two = 2;
	const struct {
		CK_RV rv;
		CK_ATTRIBUTE t[5];
	} rows[] = {
		{ CKR_TEMPLATE_INCOMPLETE, { A(CKA_TOKEN, no) } },
		{ CKR_TEMPLATE_INCOMPLETE, { A(CKA_CLASS, secret) } },
		{ CKR_TEMPLATE_INCOMPLETE, { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes) } },
		{ CKR_TEMPLATE_INCOMPLETE, { A(CKA_CLASS, cert), A(CKA_CERTIFICATE_TYPE, x509) } },
		{ CKR_TEMPLATE_INCOMPLETE, { A(CKA_CLASS, public), A(CKA_KEY_TYPE, rsa) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID, { A(CKA_CLASS, none) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID, { A(CKA_CLASS, no) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID, { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, des) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		    { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes), { CKA_VALUE, key, 15 } } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		    { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes), { CKA_VALUE, key, 0 } } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		    { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, generic), A(CKA_VALUE, key) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID, { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes),
						   A(CKA_VALUE, key16), A(CKA_CHECK_VALUE, kcv) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID, { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes),
						   A(CKA_VALUE, key16), A(CKA_START_DATE, date) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		    { A(CKA_CLASS, data), { CKA_MODIFIABLE, &two, 1 } } },
		{ CKR_ATTRIBUTE_VALUE_INVALID, { A(CKA_CLASS, data), A(CKA_MODIFIABLE, two) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		    { A(CKA_CLASS, data), { CKA_VALUE, key, 0x7FFFFFFF } } },
		{ CKR_ATTRIBUTE_TYPE_INVALID, { A(CKA_CLASS, data), A(CKA_SENSITIVE, yes) } },
		{ CKR_ATTRIBUTE_TYPE_INVALID, { A(CKA_CLASS, data), { 0xBFFFFFFF, NULL, 0 } } },
		{ CKR_ATTRIBUTE_READ_ONLY, { A(CKA_CLASS, data), A(CKA_UNIQUE_ID, key16) } },
		{ CKR_ATTRIBUTE_READ_ONLY, { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes),
					       A(CKA_VALUE, key16), A(CKA_LOCAL, yes) } },
		{ CKR_ATTRIBUTE_READ_ONLY, { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes),
					       A(CKA_VALUE, key16), A(CKA_TRUSTED, yes) } },
		{ CKR_ATTRIBUTE_READ_ONLY,
		    { A(CKA_CLASS, public), A(CKA_KEY_TYPE, rsa), A(CKA_MODULUS_BITS, bits) } },
		{ CKR_TEMPLATE_INCONSISTENT, { A(CKA_CLASS, private), A(CKA_KEY_TYPE, ec) } },
		{ CKR_TEMPLATE_INCONSISTENT, { A(CKA_CLASS, data), A(CKA_CLASS, data) } },
		{ CKR_USER_NOT_LOGGED_IN, { A(CKA_CLASS, data), A(CKA_PRIVATE, yes) } },
		{ CKR_CURVE_NOT_SUPPORTED,
		    { A(CKA_CLASS, public), A(CKA_KEY_TYPE, ec), A(CKA_EC_PARAMS, secp256k1),
			A(CKA_EC_POINT, point) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		    { A(CKA_CLASS, public), A(CKA_KEY_TYPE, ec), A(CKA_EC_PARAMS, p256),
			A(CKA_EC_POINT, point) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		    { A(CKA_CLASS, public), A(CKA_KEY_TYPE, rsa), A(CKA_MODULUS, modulus),
			A(CKA_PUBLIC_EXPONENT, e) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		    { A(CKA_CLASS, public), A(CKA_KEY_TYPE, rsa), { CKA_MODULUS, modulus, 63 },
			A(CKA_PUBLIC_EXPONENT, e) } },
		{ CKR_ATTRIBUTE_VALUE_INVALID,
		    { A(CKA_CLASS, public), A(CKA_KEY_TYPE, rsa), { CKA_MODULUS, modulus, 128 },
			{ CKA_PUBLIC_EXPONENT, e, 0 } } },
	};

	memset(modulus, 0xFF, sizeof(modulus));
	memcpy(p256, harness_kinds[KIND_P256].params, sizeof(p256));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CK_OBJECT_HANDLE h;
		CK_ATTRIBUTE t[5];
		CK_ULONG n = 0;
		CK_RV rv;

		memcpy(t, rows[i].t, sizeof(t));
		while (n < 5 && (t[n].type != 0 || t[n].pValue != NULL))
			n++;
		rv = p11->C_CreateObject(s, t, n, &h);
		ck_assert_msg(rv == rows[i].rv, "row %zu: 0x%lx", i, rv);
	}
	ck_assert_uint_eq(harness_find(s, (CK_ATTRIBUTE[]){ A(CKA_TOKEN, no) }, 1, NULL, 0), 0);
}
END_TEST

START_TEST(secrets_are_told_only_when_they_may_be)
{
	const struct {
		CK_BBOOL sensitive, extractable;
		CK_RV rv;
	} rows[] = { { 0, 1, CKR_OK }, { 1, 1, CKR_ATTRIBUTE_SENSITIVE },
		{ 0, 0, CKR_ATTRIBUTE_SENSITIVE }, { 1, 0, CKR_ATTRIBUTE_SENSITIVE } };
	unsigned char v[32];

	for (size_t i = 0; i < 4; i++) {
		CK_OBJECT_HANDLE h = create_aes(rows[i].sensitive, rows[i].extractable);
		CK_ULONG len = 0;
		CK_ATTRIBUTE t[] = { A(CKA_VALUE, v), { 0xBFFFFFFF, NULL, 0 },
			A(CKA_VALUE_LEN, len) };
		CK_ATTRIBUTE by = A(CKA_VALUE, key16);

		ck_assert_rv(p11->C_GetAttributeValue(s, h, t, 1), rows[i].rv);
		t[0].ulValueLen = sizeof(v);
		ck_assert_rv(p11->C_GetAttributeValue(s, h, t, 3),
		    rows[i].rv != CKR_OK ? rows[i].rv : CKR_ATTRIBUTE_TYPE_INVALID);
		ck_assert_uint_eq(len, 16);
		ck_assert_uint_eq(t[1].ulValueLen, CK_UNAVAILABLE_INFORMATION);
		ck_assert_uint_eq(
		    t[0].ulValueLen, rows[i].rv == CKR_OK ? 16 : CK_UNAVAILABLE_INFORMATION);
		/* Nor can they be guessed by searching. */
		ck_assert_uint_eq(harness_find(s, &by, 1, NULL, 0), rows[i].rv == CKR_OK);
		ck_assert_ok(p11->C_DestroyObject(s, h));
	}
}
END_TEST

START_TEST(attributes_change_in_one_direction)
{
	CK_OBJECT_HANDLE h = create_aes(CK_FALSE, CK_TRUE);
	char name[] = "a name", id[] = "id";
	CK_ULONG len = 16;
	CK_ATTRIBUTE sensitive = A(CKA_SENSITIVE, yes), open = A(CKA_SENSITIVE, no);
	CK_ATTRIBUTE locked = A(CKA_EXTRACTABLE, no), extractable = A(CKA_EXTRACTABLE, yes);
	CK_ATTRIBUTE never[] = { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes), A(CKA_VALUE, key16),
		A(CKA_VALUE_LEN, len), A(CKA_TOKEN, no), A(CKA_PRIVATE, no), A(CKA_MODIFIABLE, no),
		A(CKA_LOCAL, no), A(CKA_DESTROYABLE, no) };
	CK_ATTRIBUTE both[] = { { CKA_LABEL, name, 6 }, { CKA_ID, id, 2 } };
	CK_ATTRIBUTE half[] = { { CKA_LABEL, id, 2 }, A(CKA_CLASS, secret) };

	ck_assert_ok(p11->C_SetAttributeValue(s, h, both, 2));
	check_bytes(h, CKA_LABEL, "a name", 6);
	check_bytes(h, CKA_ID, "id", 2);
	ck_assert_rv(p11->C_SetAttributeValue(s, h, half, 2), CKR_ATTRIBUTE_READ_ONLY);
	check_bytes(h, CKA_LABEL, "a name", 6);
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		ck_assert_rv(p11->C_SetAttributeValue(s, h, &never[i], 1), CKR_ATTRIBUTE_READ_ONLY);
	ck_assert_ok(p11->C_SetAttributeValue(s, h, &open, 1));
	ck_assert_ok(p11->C_SetAttributeValue(s, h, &sensitive, 1));
	ck_assert_rv(p11->C_SetAttributeValue(s, h, &open, 1), CKR_ATTRIBUTE_READ_ONLY);
	ck_assert_ok(p11->C_SetAttributeValue(s, h, &extractable, 1));
	ck_assert_ok(p11->C_SetAttributeValue(s, h, &locked, 1));
	ck_assert_rv(p11->C_SetAttributeValue(s, h, &extractable, 1), CKR_ATTRIBUTE_READ_ONLY);
	check_bool(h, CKA_ALWAYS_SENSITIVE, CK_FALSE);
}
END_TEST

START_TEST(what_is_fixed_stays)
{
	char name[] = "x";
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, data), A(CKA_MODIFIABLE, no), A(CKA_DESTROYABLE, no) };
	CK_ATTRIBUTE label = { CKA_LABEL, name, 1 };
	CK_OBJECT_HANDLE h = create(t, 3);

	ck_assert_rv(p11->C_SetAttributeValue(s, h, &label, 1), CKR_ACTION_PROHIBITED);
	ck_assert_rv(p11->C_DestroyObject(s, h), CKR_ACTION_PROHIBITED);
	ck_assert_ok(p11->C_CloseSession(s)); /* that ends it all the same */
	s = harness_session(false);
	ck_assert_uint_eq(harness_find(s, t, 1, NULL, 0), 0);
}
END_TEST

START_TEST(public_keys_of_any_origin)
{
	static const unsigned sizes[] = { 512, 1000, 1024, 2048, 3072 };
	CK_OBJECT_HANDLE h;
	EVP_PKEY *pkey, *back;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		unsigned char n[1024], e[] = { 0, 1, 0, 1 };
		BIGNUM *bn = NULL;
		CK_ATTRIBUTE t[] = { A(CKA_CLASS, public), A(CKA_KEY_TYPE, rsa),
			{ CKA_MODULUS, n, 0 }, A(CKA_PUBLIC_EXPONENT, e) };

		pkey = EVP_RSA_gen(sizes[i]);
		ck_assert_int_eq(EVP_PKEY_get_bn_param(pkey, "n", &bn), 1);
		t[2].ulValueLen = (CK_ULONG)BN_bn2binpad(bn, n, 513);
		h = create(t, 4);
		check_ulong(h, CKA_MODULUS_BITS, sizes[i]);
		check_bytes(h, CKA_PUBLIC_EXPONENT, "\1\0\1", 3);
		check_bool(h, CKA_VERIFY, CK_TRUE);
		back = harness_pkey(s, h);
		ck_assert_int_eq(EVP_PKEY_eq(pkey, back), 1);
		EVP_PKEY_free(back);
		EVP_PKEY_free(pkey);
		BN_free(bn);
	}
	for (size_t i = 0; i < KIND_RSA1024; i++) {
		const struct key_kind *k = &harness_kinds[i];
		unsigned char params[16], point[200];
		size_t len;
		CK_ATTRIBUTE t[] = { A(CKA_CLASS, public), A(CKA_KEY_TYPE, ec),
			{ CKA_EC_PARAMS, params, k->params_len }, { CKA_EC_POINT, point, 0 } };

		memcpy(params, k->params, k->params_len);
		pkey = EVP_EC_gen(k->name);
		ck_assert_ptr_nonnull(pkey);
		ck_assert_int_eq(EVP_PKEY_get_octet_string_param(
				     pkey, "encoded-pub-key", point, sizeof(point), &len),
		    1);
		t[3].ulValueLen = len;
		h = create(t, 4);
		back = harness_pkey(s, h);
		ck_assert_int_eq(EVP_PKEY_eq(pkey, back), 1);
		EVP_PKEY_free(back);
		EVP_PKEY_free(pkey);
	}
}
END_TEST

/* A point whose x begins so that its 65 bytes are an OCTET STRING of 63. */
START_TEST(a_bare_point_may_look_wrapped)
{
	const struct key_kind *k = &harness_kinds[KIND_P256];
	unsigned char params[16], point[65];
	size_t len;
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, public), A(CKA_KEY_TYPE, ec),
		{ CKA_EC_PARAMS, params, k->params_len }, { CKA_EC_POINT, point, sizeof(point) } };
	EVP_PKEY *pkey = NULL, *back;

	memcpy(params, k->params, k->params_len);
	do {
		EVP_PKEY_free(pkey);
		pkey = EVP_EC_gen("P-256");
		ck_assert_int_eq(EVP_PKEY_get_octet_string_param(
				     pkey, "encoded-pub-key", point, sizeof(point), &len),
		    1);
	} while (point[1] != 63);
	back = harness_pkey(s, create(t, 4));
	ck_assert_int_eq(EVP_PKEY_eq(pkey, back), 1);
	EVP_PKEY_free(back);
	EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(certificates_tell_what_is_in_them)
{
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	size_t len;
	unsigned char *der = harness_certificate(pkey, "session", &len);
	const unsigned char *p = der;
	X509 *x = d2i_X509(NULL, &p, (long)len);
	unsigned char *subject = NULL;
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, cert), A(CKA_CERTIFICATE_TYPE, x509),
		{ CKA_VALUE, der, len }, { CKA_SUBJECT, NULL, 0 } };
	CK_OBJECT_HANDLE h;
	EVP_PKEY *back;

	ck_assert_rv(p11->C_CreateObject(s, t, 3, &h), CKR_TEMPLATE_INCOMPLETE);
	t[3].ulValueLen = (CK_ULONG)i2d_X509_NAME(X509_get_subject_name(x), &subject);
	t[3].pValue = subject;
	h = create(t, 4);
	check_bytes(h, CKA_SERIAL_NUMBER, "\x02\x02\x12\x67", 4);
	check_bytes(h, CKA_SUBJECT, subject, t[3].ulValueLen);
	check_ulong(h, CKA_CERTIFICATE_CATEGORY, 0);
	check_bool(h, CKA_TRUSTED, CK_FALSE);
	back = harness_pkey(s, h);
	ck_assert_int_eq(EVP_PKEY_eq(pkey, back), 1);
	subject[t[3].ulValueLen - 1] ^= 1;
	ck_assert_rv(p11->C_CreateObject(s, t, 4, &h), CKR_TEMPLATE_INCONSISTENT);
	der[0] = 0x31;
	ck_assert_rv(p11->C_CreateObject(s, t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	EVP_PKEY_free(back);
	EVP_PKEY_free(pkey);
	OPENSSL_free(subject);
	X509_free(x);
	free(der);
}
END_TEST

START_TEST(objects_belong_to_the_session_that_made_them)
{
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, data) };
	CK_SESSION_HANDLE maker = harness_session(true), other = harness_session(false);
	CK_OBJECT_HANDLE mine = create(t, 1), h;
	CK_ULONG size;

	ck_assert_ok(p11->C_CreateObject(maker, t, 1, &h));
	ck_assert_ok(p11->C_GetObjectSize(other, h, &size));
	ck_assert_uint_eq(harness_find(other, t, 1, NULL, 0), 2);
	ck_assert_ok(p11->C_CloseSession(maker));
	ck_assert_rv(p11->C_GetObjectSize(other, h, &size), CKR_OBJECT_HANDLE_INVALID);
	ck_assert_uint_eq(harness_find(other, t, 1, NULL, 0), 1);
	ck_assert_ok(p11->C_CloseAllSessions(0));
	s = harness_session(false);
	ck_assert_rv(p11->C_GetObjectSize(s, mine, &size), CKR_OBJECT_HANDLE_INVALID);
}
END_TEST

START_TEST(private_objects_need_a_user)
{
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, data), A(CKA_PRIVATE, yes) };
	CK_OBJECT_HANDLE h;
	CK_ULONG size;

	ck_assert_ok(p11->C_Login(s, CKU_USER, NULL, 0));
	h = create(t, 2);
	check_bool(h, CKA_PRIVATE, CK_TRUE);
	ck_assert_uint_eq(harness_find(s, t, 2, NULL, 0), 1);
	ck_assert_ok(p11->C_Logout(s));
	ck_assert_rv(p11->C_GetObjectSize(s, h, &size), CKR_OBJECT_HANDLE_INVALID);
	ck_assert_uint_eq(harness_find(s, t, 1, NULL, 0), 0);
	ck_assert_ok(p11->C_Login(s, CKU_USER, NULL, 0));
	ck_assert_uint_eq(harness_find(s, t, 1, NULL, 0), 0);
}
END_TEST

START_TEST(searches_see_token_and_session_objects)
{
	CK_SESSION_HANDLE rw = harness_session(true);
	unsigned char params[16], point[200];
	size_t len;
	EVP_PKEY *pkey = EVP_EC_gen("P-256");
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, public), A(CKA_KEY_TYPE, ec),
		{ CKA_EC_PARAMS, params, 10 }, { CKA_EC_POINT, point, 0 } };
	CK_ATTRIBUTE on[] = { A(CKA_CLASS, public), A(CKA_TOKEN, yes) };
	CK_ATTRIBUTE off[] = { A(CKA_CLASS, public), A(CKA_TOKEN, no) };
	CK_OBJECT_HANDLE pub, priv, h, found;
	CK_ULONG before = harness_find(s, t, 1, NULL, 0);

	memcpy(params, harness_kinds[KIND_P256].params, 10);
	ck_assert_int_eq(
	    EVP_PKEY_get_octet_string_param(pkey, "encoded-pub-key", point, sizeof(point), &len),
	    1);
	t[3].ulValueLen = len;
	ck_assert_ok(harness_generate(rw, &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv));
	h = create(t, 4);
	ck_assert_uint_eq(harness_find(s, t, 1, NULL, 0), before + 2);
	ck_assert_uint_eq(harness_find(s, on, 2, NULL, 0), before + 1);
	ck_assert_uint_eq(harness_find(s, off, 2, &found, 1), 1);
	ck_assert_uint_eq(found, h);
	EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(copies_of_session_objects)
{
	char name[] = "copy";
	CK_ATTRIBUTE open[] = { A(CKA_SENSITIVE, no) };
	CK_ATTRIBUTE t[] = { A(CKA_TOKEN, no), { CKA_LABEL, name, 4 }, A(CKA_SENSITIVE, yes),
		A(CKA_CLASS, secret) };
	CK_ATTRIBUTE other[] = { A(CKA_CLASS, data) }, value[] = { A(CKA_VALUE, key16) };
	CK_ATTRIBUTE fixed[] = { A(CKA_CLASS, data), A(CKA_COPYABLE, no) };
	CK_ATTRIBUTE both[] = { A(CKA_CLASS, data), A(CKA_TOKEN, yes) };
	CK_OBJECT_HANDLE h = create_aes(CK_FALSE, CK_TRUE), copy, none;

	ck_assert_ok(p11->C_CopyObject(s, h, t, 4, &copy));
	ck_assert_uint_ne(copy, h);
	check_bool(h, CKA_SENSITIVE, CK_FALSE);
	check_bool(copy, CKA_SENSITIVE, CK_TRUE);
	check_bytes(copy, CKA_LABEL, "copy", 4);
	check_ulong(copy, CKA_VALUE_LEN, 16);
	ck_assert_rv(p11->C_CopyObject(s, copy, open, 1, &none), CKR_ATTRIBUTE_READ_ONLY);
	ck_assert_rv(p11->C_CopyObject(s, h, other, 1, &none), CKR_ATTRIBUTE_READ_ONLY);
	ck_assert_rv(p11->C_CopyObject(s, h, value, 1, &none), CKR_ATTRIBUTE_READ_ONLY);
	ck_assert_rv(p11->C_CopyObject(s, h, t, 4, NULL), CKR_ARGUMENTS_BAD);
	ck_assert_rv(p11->C_CopyObject(s, 0x4FFFFFFF, t, 4, &none), CKR_OBJECT_HANDLE_INVALID);
	ck_assert_ok(p11->C_CopyObject(s, copy, NULL, 0, &none));
	check_bool(none, CKA_SENSITIVE, CK_TRUE);
	h = create(fixed, 2);
	ck_assert_rv(p11->C_CopyObject(s, h, NULL, 0, &none), CKR_ACTION_PROHIBITED);
	h = create(fixed, 1);
	ck_assert_rv(p11->C_CopyObject(s, h, both, 2, &none), CKR_SESSION_READ_ONLY);
}
END_TEST

START_TEST(copies_of_token_objects)
{
	CK_SESSION_HANDLE rw = harness_session(true);
	unsigned char id[] = { 1, 2, 3 };
	CK_ATTRIBUTE t[] = { A(CKA_TOKEN, no), { CKA_ID, id, 3 } };
	CK_OBJECT_HANDLE pub, priv, copy;
	EVP_PKEY *a, *b;

	for (size_t i = 0; i < harness_nkinds; i += harness_nkinds - 2) {
		ck_assert_ok(harness_generate(rw, &harness_kinds[i], NULL, NULL, &pub, &priv));
		ck_assert_rv(p11->C_CopyObject(s, priv, t, 2, &copy), CKR_ACTION_PROHIBITED);
		ck_assert_rv(p11->C_CopyObject(s, pub, NULL, 0, &copy), CKR_SESSION_READ_ONLY);
		ck_assert_ok(p11->C_CopyObject(s, pub, t, 2, &copy));
		check_bool(copy, CKA_TOKEN, CK_FALSE);
		check_bool(copy, CKA_LOCAL, CK_TRUE);
		check_bytes(copy, CKA_ID, id, 3);
		a = harness_pkey(s, pub);
		b = harness_pkey(s, copy);
		ck_assert_int_eq(EVP_PKEY_eq(a, b), 1);
		EVP_PKEY_free(a);
		EVP_PKEY_free(b);
	}
	/* The factory's certificate. */
	CK_ATTRIBUTE crt[] = { A(CKA_CLASS, cert) };
	CK_OBJECT_HANDLE h;
	size_t len;
	unsigned char *der;

	ck_assert_uint_eq(harness_find(s, crt, 1, &h, 1), 1);
	ck_assert_ok(p11->C_CopyObject(s, h, t, 2, &copy));
	der = harness_attribute(s, h, CKA_VALUE, &len);
	check_bytes(copy, CKA_VALUE, der, len);
	check_bool(copy, CKA_TRUSTED, CK_FALSE);
	free(der);
}
END_TEST

START_TEST(copies_between_chip_and_host)
{
	CK_SESSION_HANDLE rw = harness_session(true);
	char value[] = "some data", label[] = "a label", app[] = "app";
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, data), { CKA_VALUE, value, 9 }, { CKA_LABEL, label, 7 },
		{ CKA_APPLICATION, app, 3 } };
	CK_ATTRIBUTE key[] = { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, generic), A(CKA_VALUE, key16),
		A(CKA_SENSITIVE, yes) };
	CK_ATTRIBUTE on[] = { A(CKA_TOKEN, yes) }, off[] = { A(CKA_TOKEN, no) };
	CK_OBJECT_HANDLE h = create(t, 4), token, back, pub, priv;

	ck_assert_rv(p11->C_CopyObject(s, h, on, 1, &token), CKR_SESSION_READ_ONLY);
	ck_assert_ok(p11->C_CopyObject(rw, h, on, 1, &token));
	check_bool(token, CKA_TOKEN, CK_TRUE);
	check_bool(token, CKA_COPYABLE, CK_TRUE);
	check_bytes(token, CKA_VALUE, value, 9);
	check_bytes(token, CKA_LABEL, label, 7);
	ck_assert_ok(p11->C_CopyObject(s, token, off, 1, &back));
	check_bool(back, CKA_TOKEN, CK_FALSE);
	check_bytes(back, CKA_VALUE, value, 9);
	check_bytes(back, CKA_APPLICATION, app, 3);
	/* A secret that may not be read goes onto the chip all the same, and not back. */
	h = create(key, 4);
	ck_assert_ok(p11->C_CopyObject(rw, h, on, 1, &token));
	check_bool(token, CKA_TOKEN, CK_TRUE);
	check_bool(token, CKA_COPYABLE, CK_FALSE);
	ck_assert_rv(p11->C_CopyObject(s, token, off, 1, &back), CKR_ACTION_PROHIBITED);
	ck_assert_ok(harness_generate(rw, &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv));
	check_bool(pub, CKA_COPYABLE, CK_TRUE);
	check_bool(priv, CKA_COPYABLE, CK_FALSE);
}
END_TEST

START_TEST(values_of_secret_keys_can_be_digested)
{
	CK_MECHANISM sha = { CKM_SHA256, NULL, 0 };
	CK_OBJECT_HANDLE h = create_aes(CK_TRUE, CK_FALSE), list[8];
	unsigned char got[32], want[32];
	CK_ATTRIBUTE pubs[] = { A(CKA_CLASS, public) };
	CK_ULONG len = sizeof(got);

	ck_assert_ok(p11->C_DigestInit(s, &sha));
	ck_assert_ok(p11->C_DigestKey(s, h));
	ck_assert_ok(p11->C_DigestFinal(s, got, &len));
	ck_assert_int_eq(EVP_Digest(key16, 16, want, NULL, EVP_sha256(), NULL), 1);
	ck_assert_int_eq(memcmp(got, want, 32), 0);
	ck_assert_uint_ge(harness_find(s, pubs, 1, list, 8), 1);
	ck_assert_ok(p11->C_DigestInit(s, &sha));
	ck_assert_rv(p11->C_DigestKey(s, list[0]), CKR_KEY_INDIGESTIBLE);
}
END_TEST

START_TEST(mechanisms_can_be_limited)
{
	CK_MECHANISM_TYPE only[] = { CKM_SHA256_HMAC, CKM_AES_CBC };
	unsigned char iv[16] = { 0 };
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, secret), A(CKA_KEY_TYPE, aes), A(CKA_VALUE, key16),
		A(CKA_ALLOWED_MECHANISMS, only) };
	CK_MECHANISM ecb = { CKM_AES_ECB, NULL, 0 }, cbc = { CKM_AES_CBC, iv, sizeof(iv) };
	CK_OBJECT_HANDLE h = create(t, 4);

	check_bytes(h, CKA_ALLOWED_MECHANISMS, only, sizeof(only));
	ck_assert_rv(p11->C_EncryptInit(s, &ecb, h), CKR_KEY_FUNCTION_NOT_PERMITTED);
	ck_assert_ok(p11->C_EncryptInit(s, &cbc, h));
	t[3].ulValueLen = 5;
	ck_assert_rv(p11->C_CreateObject(s, t, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID);
}
END_TEST

#define THREADS 4
#define ROUNDS  60

/* Objects come and go in one session while others look at all there are. Returns how much failed.
 */
static void *
come_and_go(void *arg)
{
	unsigned char v[64];
	CK_ATTRIBUTE t[] = { A(CKA_CLASS, data), A(CKA_VALUE, key16) };
	CK_ATTRIBUTE off[] = { A(CKA_TOKEN, no) }, get = A(CKA_VALUE, v);
	CK_ATTRIBUTE set = { CKA_LABEL, v, 3 };
	CK_OBJECT_HANDLE list[THREADS * ROUNDS], h;
	CK_SESSION_HANDLE mine;
	size_t *bad = arg;
	CK_ULONG n;

	memset(v, 'x', sizeof(v));
	for (int i = 0; i < ROUNDS; i++) {
		if (p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &mine) != CKR_OK) {
			(*bad)++;
			continue;
		}
		*bad += p11->C_CreateObject(mine, t, 2, &h) != CKR_OK;
		*bad += p11->C_SetAttributeValue(mine, h, &set, 1) != CKR_OK;
		*bad += p11->C_CreateObject(mine, t, 2, &list[0]) != CKR_OK;
		*bad += p11->C_FindObjectsInit(mine, off, 1) != CKR_OK;
		*bad += p11->C_FindObjects(mine, list, THREADS * ROUNDS, &n) != CKR_OK || n < 2;
		for (CK_ULONG j = 0; j < n; j++) { /* it may be gone by now */
			CK_RV rv;

			get.ulValueLen = sizeof(v);
			rv = p11->C_GetAttributeValue(mine, list[j], &get, 1);
			*bad += rv != CKR_OK && rv != CKR_OBJECT_HANDLE_INVALID;
		}
		*bad += p11->C_DestroyObject(mine, h) != CKR_OK;
		*bad += p11->C_CloseSession(mine) != CKR_OK; /* the other one goes with it */
	}
	return NULL;
}

START_TEST(threads_share_objects)
{
	CK_ATTRIBUTE off[] = { A(CKA_TOKEN, no) };
	size_t bad[THREADS] = { 0 };
	pthread_t thread[THREADS];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, come_and_go, &bad[i]), 0);
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(thread[i], NULL), 0);
		ck_assert_uint_eq(bad[i], 0);
	}
	ck_assert_uint_eq(harness_find(s, off, 1, NULL, 0), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: session objects");
	TCase *tc = tcase_create("session objects");

	tcase_add_checked_fixture(tc, setup, harness_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, data_with_its_defaults);
	tcase_add_test(tc, unique_ids_differ);
	tcase_add_test(tc, aes_keys_with_their_defaults);
	tcase_add_test(tc, templates_are_checked);
	tcase_add_test(tc, secrets_are_told_only_when_they_may_be);
	tcase_add_test(tc, attributes_change_in_one_direction);
	tcase_add_test(tc, what_is_fixed_stays);
	tcase_add_test(tc, public_keys_of_any_origin);
	tcase_add_test(tc, a_bare_point_may_look_wrapped);
	tcase_add_test(tc, certificates_tell_what_is_in_them);
	tcase_add_test(tc, objects_belong_to_the_session_that_made_them);
	tcase_add_test(tc, private_objects_need_a_user);
	tcase_add_test(tc, searches_see_token_and_session_objects);
	tcase_add_test(tc, copies_of_session_objects);
	tcase_add_test(tc, copies_of_token_objects);
	tcase_add_test(tc, copies_between_chip_and_host);
	tcase_add_test(tc, values_of_secret_keys_can_be_digested);
	tcase_add_test(tc, mechanisms_can_be_limited);
	tcase_add_test(tc, threads_share_objects);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
