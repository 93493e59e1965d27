/* Objects: what a fresh chip shows, keys, certificates, IDs and labels that stay. */
#include <config.h>

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "pkcs11/optiga-pkcs11.h"
#include "tests/module/harness.h"

static CK_SESSION_HANDLE s;

static void
setup(void)
{
	harness_setup();
	s = harness_session(true);
}

static CK_ULONG
count(CK_OBJECT_CLASS cls, const void *id, size_t id_len)
{
	unsigned char copy[32];
	CK_ATTRIBUTE tmpl[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_ID, copy, id_len } };

	if (id_len > 0)
		memcpy(copy, id, id_len);
	return harness_find(s, tmpl, id_len > 0 ? 2 : 1, NULL, 0);
}

static CK_OBJECT_HANDLE
find_one(CK_OBJECT_CLASS cls, const void *id, size_t id_len)
{
	unsigned char copy[32];
	CK_ATTRIBUTE tmpl[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_ID, copy, id_len } };
	CK_OBJECT_HANDLE h;

	memcpy(copy, id, id_len);
	ck_assert_uint_eq(harness_find(s, tmpl, 2, &h, 1), 1);
	return h;
}

static bool
is_true(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	CK_BBOOL v = 77;
	CK_ATTRIBUTE a = { type, &v, sizeof(v) };

	ck_assert_ok(p11->C_GetAttributeValue(s, h, &a, 1));
	ck_assert(v == CK_TRUE || v == CK_FALSE);
	return v == CK_TRUE;
}

START_TEST(a_fresh_chip_shows_its_factory_key_and_certificate)
{
	static const unsigned char id[] = { 0xE0, 0xF0 };
	CK_OBJECT_HANDLE crt, pub, priv;
	unsigned char *der, *info;
	const unsigned char *p;
	unsigned char *spki = NULL;
	size_t len, info_len;
	X509 *x;
	int n;

	priv = find_one(CKO_PRIVATE_KEY, id, 2);
	pub = find_one(CKO_PUBLIC_KEY, id, 2);
	crt = find_one(CKO_CERTIFICATE, id, 2);
	ck_assert_uint_eq(count(CKO_PRIVATE_KEY, NULL, 0), 1);
	p = der = harness_attribute(s, crt, CKA_VALUE, &len);
	ck_assert_ptr_nonnull(x = d2i_X509(NULL, &p, (long)len));
	n = i2d_PUBKEY(X509_get0_pubkey(x), &spki);
	info = harness_attribute(s, pub, CKA_PUBLIC_KEY_INFO, &info_len);
	ck_assert_uint_eq((size_t)n, info_len);
	ck_assert_int_eq(memcmp(spki, info, info_len), 0);
	ck_assert(!is_true(priv, CKA_LOCAL));
	ck_assert(!is_true(priv, CKA_ALWAYS_SENSITIVE));
	ck_assert(is_true(priv, CKA_SIGN));
	OPENSSL_free(spki);
	X509_free(x);
	free(info);
	free(der);
}
END_TEST

START_TEST(the_factory_key_signs)
{
	static const unsigned char id[] = { 0xE0, 0xF0 };
	CK_MECHANISM mech = { CKM_ECDSA_SHA256, NULL, 0 };
	CK_OBJECT_HANDLE priv = find_one(CKO_PRIVATE_KEY, id, 2);
	unsigned char data[] = "challenge", sig[64];
	EVP_PKEY *pkey = harness_pkey(s, find_one(CKO_PUBLIC_KEY, id, 2));
	CK_ULONG n = sizeof(sig);

	ck_assert_ok(p11->C_SignInit(s, &mech, priv));
	ck_assert_ok(p11->C_Sign(s, data, sizeof(data), sig, &n));
	ck_assert(harness_verify(pkey, "SHA256", data, sizeof(data), sig, n));
	EVP_PKEY_free(pkey);
}
END_TEST

static void
check_key_attributes(CK_OBJECT_HANDLE priv, CK_OBJECT_HANDLE pub, const struct key_kind *kind)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		bool priv;
	} flags[] = { { CKA_TOKEN, true }, { CKA_PRIVATE, false /* no login is needed */ },
		{ CKA_SENSITIVE, true }, { CKA_ALWAYS_SENSITIVE, true },
		{ CKA_NEVER_EXTRACTABLE, true }, { CKA_LOCAL, true }, { CKA_SIGN, true },
		{ CKA_EXTRACTABLE, false }, { CKA_DECRYPT, false }, { CKA_UNWRAP, false },
		{ CKA_ALWAYS_AUTHENTICATE, false } };
	CK_ATTRIBUTE value = { kind->type == CKK_EC ? CKA_VALUE : CKA_PRIVATE_EXPONENT, NULL, 0 };
	unsigned char *a, *b;
	size_t a_len, b_len;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		ck_assert_msg(
		    is_true(priv, flags[i].type) == flags[i].priv, "0x%lx", flags[i].type);
	ck_assert(!is_true(pub, CKA_PRIVATE));
	ck_assert(is_true(pub, CKA_VERIFY));
	ck_assert(is_true(pub, CKA_LOCAL));
	ck_assert_rv(p11->C_GetAttributeValue(s, priv, &value, 1), CKR_ATTRIBUTE_SENSITIVE);
	ck_assert_uint_eq(value.ulValueLen, CK_UNAVAILABLE_INFORMATION);
	/* What describes the public key is on both. */
	a = harness_attribute(s, priv, CKA_PUBLIC_KEY_INFO, &a_len);
	b = harness_attribute(s, pub, CKA_PUBLIC_KEY_INFO, &b_len);
	ck_assert_uint_eq(a_len, b_len);
	ck_assert_int_eq(memcmp(a, b, a_len), 0);
	free(a);
	free(b);
	if (kind->type == CKK_EC) {
		a = harness_attribute(s, priv, CKA_EC_PARAMS, &a_len);
		ck_assert_uint_eq(a_len, kind->params_len);
		ck_assert_int_eq(memcmp(a, kind->params, a_len), 0);
		b = harness_attribute(s, pub, CKA_EC_POINT, &b_len);
		/* OCTET STRING of an uncompressed point. */
		ck_assert_uint_eq(b_len, (kind->sig_len < 127 ? 3 : 4) + kind->sig_len);
		ck_assert_uint_eq(b[0], 0x04);
		ck_assert_uint_eq(b[kind->sig_len < 127 ? 1 : 2], 1 + kind->sig_len);
		ck_assert_uint_eq(b[kind->sig_len < 127 ? 2 : 3], 0x04);
	} else {
		a = harness_attribute(s, priv, CKA_MODULUS, &a_len);
		ck_assert_uint_eq(a_len, kind->sig_len);
		b = harness_attribute(s, pub, CKA_PUBLIC_EXPONENT, &b_len);
		ck_assert_uint_eq(b_len, 3);
		ck_assert_int_eq(memcmp(b, "\x01\x00\x01", 3), 0);
	}
	free(a);
	free(b);
}

START_TEST(generated_pairs_have_their_attributes)
{
	const struct key_kind *kind = &harness_kinds[_i];
	CK_OBJECT_HANDLE pub, priv;
	CK_ULONG size;
	unsigned char *v;
	size_t len;

	ck_assert_ok(harness_generate(s, kind, "\xA1\xB2", "my key", &pub, &priv));
	ck_assert_uint_eq(find_one(CKO_PRIVATE_KEY, "\xA1\xB2", 2), priv);
	ck_assert_uint_eq(find_one(CKO_PUBLIC_KEY, "\xA1\xB2", 2), pub);
	v = harness_attribute(s, priv, CKA_LABEL, &len);
	ck_assert_uint_eq(len, 6);
	ck_assert_int_eq(memcmp(v, "my key", 6), 0);
	free(v);
	v = harness_attribute(s, pub, CKA_LABEL, &len);
	ck_assert_uint_eq(len, 6);
	free(v);
	check_key_attributes(priv, pub, kind);
	ck_assert_ok(p11->C_GetObjectSize(s, priv, &size));
	ck_assert_uint_gt(size, 0);
	ck_assert_ok(p11->C_GetObjectSize(s, pub, &size));
	ck_assert_uint_gt(size, 0);
}
END_TEST

START_TEST(unknown_curves_and_sizes_are_refused)
{
	static const unsigned char k256[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x0A };
	const struct key_kind curve = { "secp256k1", CKK_EC, 256, k256, sizeof(k256), 64 };
	const struct key_kind size = { "RSA 4096", CKK_RSA, 4096, NULL, 0, 512 };
	CK_OBJECT_HANDLE a, b;

	ck_assert_rv(harness_generate(s, &curve, NULL, NULL, &a, &b), CKR_CURVE_NOT_SUPPORTED);
	ck_assert_rv(harness_generate(s, &size, NULL, NULL, &a, &b), CKR_KEY_SIZE_RANGE);
	ck_assert_uint_eq(count(CKO_PRIVATE_KEY, NULL, 0), 1);
}
END_TEST

START_TEST(an_id_that_is_a_slot_picks_it)
{
	unsigned char *oid;
	CK_OBJECT_HANDLE pub, priv;
	size_t len;

	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], "\xE0\xF2", NULL, &pub, &priv));
	oid = harness_attribute(s, priv, CKA_OPTIGA_OID, &len);
	ck_assert_uint_eq(len, 2);
	ck_assert_int_eq(memcmp(oid, "\xE0\xF2", 2), 0);
	free(oid);
	/* In use is in use. */
	ck_assert_rv(harness_generate(s, &harness_kinds[KIND_P256], "\xE0\xF2", NULL, &pub, &priv),
	    CKR_ACTION_PROHIBITED);
	ck_assert_rv(harness_generate(s, &harness_kinds[KIND_P256], "\xE0\xF0", NULL, &pub, &priv),
	    CKR_ACTION_PROHIBITED);
}
END_TEST

START_TEST(slots_run_out)
{
	CK_OBJECT_HANDLE pub, priv;
	CK_RV rv = CKR_OK;
	int n = 0;

	while (n < 10 && (rv = harness_generate(
			      s, &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv)) == CKR_OK)
		n++;
	ck_assert_int_eq(n, 3);
	ck_assert_uint_eq(rv, CKR_DEVICE_MEMORY);
	/* A destroyed key's slot is free again. */
	priv = find_one(CKO_PRIVATE_KEY, "\xE0\xF2", 2);
	pub = find_one(CKO_PUBLIC_KEY, "\xE0\xF2", 2);
	ck_assert_rv(p11->C_DestroyObject(s, pub), CKR_ACTION_PROHIBITED);
	ck_assert_ok(p11->C_DestroyObject(s, priv));
	ck_assert_rv(p11->C_DestroyObject(s, priv), CKR_OBJECT_HANDLE_INVALID);
	/* The public key went along; clients destroy it next, and hear no complaint, once. */
	ck_assert_ok(p11->C_DestroyObject(s, pub));
	ck_assert_rv(p11->C_DestroyObject(s, pub), CKR_OBJECT_HANDLE_INVALID);
	ck_assert_uint_eq(count(CKO_PRIVATE_KEY, "\xE0\xF2", 2), 0);
	ck_assert_uint_eq(count(CKO_PUBLIC_KEY, "\xE0\xF2", 2), 0);
	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], NULL, NULL, &pub, &priv));
}
END_TEST

static CK_RV
create_certificate(EVP_PKEY *pkey, const char *label, CK_OBJECT_HANDLE *h)
{
	CK_OBJECT_CLASS cls = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE x509 = CKC_X_509;
	CK_BBOOL yes = CK_TRUE;
	char text[64];
	size_t len;
	unsigned char *der = harness_certificate(pkey, "device 1", &len);
	CK_ATTRIBUTE tmpl[] = { { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_CERTIFICATE_TYPE, &x509, sizeof(x509) }, { CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_VALUE, der, len }, { CKA_LABEL, text, 0 } };
	CK_RV rv;

	if (label != NULL)
		tmpl[4].ulValueLen = (CK_ULONG)stpcpy(text, label) - (CK_ULONG)text;
	rv = p11->C_CreateObject(s, tmpl, label != NULL ? 5 : 4, h);
	free(der);
	return rv;
}

START_TEST(certificate_create_read_destroy)
{
	CK_OBJECT_HANDLE pub, priv, crt;
	unsigned char *der, *v;
	EVP_PKEY *pkey, *other = EVP_EC_gen("P-256");
	const unsigned char *p;
	size_t len, v_len;
	CK_ULONG size;
	X509 *x;

	ck_assert_ok(harness_generate(s, &harness_kinds[_i], "\xA1\xB2", "pump", &pub, &priv));
	pkey = harness_pkey(s, pub);
	/* No key of this chip: refused. */
	ck_assert_uint_ne(create_certificate(other, NULL, &crt), CKR_OK);
	ck_assert_ok(create_certificate(pkey, "my cert", &crt));
	/* It shares the key's ID whatever the caller left out. */
	ck_assert_uint_eq(find_one(CKO_CERTIFICATE, "\xA1\xB2", 2), crt);
	p = der = harness_attribute(s, crt, CKA_VALUE, &len);
	ck_assert_ptr_nonnull(x = d2i_X509(NULL, &p, (long)len));
	ck_assert_int_eq(EVP_PKEY_eq(X509_get0_pubkey(x), pkey), 1);
	v = harness_attribute(s, crt, CKA_SUBJECT, &v_len);
	p = v;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)v_len);
	ck_assert_ptr_nonnull(name);
	ck_assert_int_eq(X509_NAME_cmp(name, X509_get_subject_name(x)), 0);
	X509_NAME_free(name);
	free(v);
	v = harness_attribute(s, crt, CKA_SERIAL_NUMBER, &v_len);
	ck_assert_uint_eq(v_len, 4);
	ck_assert_int_eq(memcmp(v, "\x02\x02\x12\x67", 4), 0);
	free(v);
	v = harness_attribute(s, crt, CKA_LABEL, &v_len);
	ck_assert_uint_eq(v_len, 7);
	ck_assert_int_eq(memcmp(v, "my cert", 7), 0);
	free(v);
	ck_assert_ok(p11->C_GetObjectSize(s, crt, &size));
	ck_assert_uint_eq(size, len);
	/* Found by its value. */
	CK_OBJECT_CLASS cls = CKO_CERTIFICATE;
	CK_ATTRIBUTE by_value[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_VALUE, der, len } };
	CK_OBJECT_HANDLE found;
	ck_assert_uint_eq(harness_find(s, by_value, 2, &found, 1), 1);
	ck_assert_uint_eq(found, crt);
	der[len - 1] ^= 1;
	ck_assert_uint_eq(harness_find(s, by_value, 2, &found, 1), 0);
	ck_assert_ok(p11->C_DestroyObject(s, crt));
	ck_assert_uint_eq(count(CKO_CERTIFICATE, "\xA1\xB2", 2), 0);
	ck_assert_uint_eq(count(CKO_PRIVATE_KEY, "\xA1\xB2", 2), 1);
	X509_free(x);
	free(der);
	EVP_PKEY_free(pkey);
	EVP_PKEY_free(other);
}
END_TEST

START_TEST(certificate_templates_are_checked)
{
	CK_OBJECT_CLASS cls = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	unsigned char junk[] = { 0x30, 0x03, 0x02, 0x01 };
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE tmpl[] = { { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_CERTIFICATE_TYPE, &type, sizeof(type) }, { CKA_TOKEN, &yes, sizeof(yes) },
		{ CKA_VALUE, junk, sizeof(junk) } };
	CK_OBJECT_HANDLE h;

	ck_assert_rv(p11->C_CreateObject(s, tmpl, 3, &h), CKR_TEMPLATE_INCOMPLETE);
	ck_assert_rv(p11->C_CreateObject(s, tmpl + 1, 3, &h), CKR_TEMPLATE_INCOMPLETE);
	ck_assert_rv(p11->C_CreateObject(s, tmpl, 4, &h), CKR_ATTRIBUTE_VALUE_INVALID);
	cls = CKO_PRIVATE_KEY;
	ck_assert_rv(p11->C_CreateObject(s, tmpl, 4, &h), CKR_TEMPLATE_INCONSISTENT);
}
END_TEST

static const unsigned char id20[20] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
	18, 19, 0xFF };

/* Its own process, with nothing but the chip to know from. */
static int
another_process_finds_them(void)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		unsigned char *v;
		size_t len;

		if (p11->C_Initialize(NULL) != CKR_OK)
			_exit(1);
		s = harness_session(false);
		v = harness_attribute(s, find_one(CKO_PRIVATE_KEY, id20, 20), CKA_LABEL, &len);
		if (len != 7 || memcmp(v, "renamed", 7) != 0)
			_exit(2);
		(void)find_one(CKO_PUBLIC_KEY, id20, 20);
		free(v);
		_exit(p11->C_Finalize(NULL) == CKR_OK ? 0 : 3);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(id_and_label_stay)
{
	CK_OBJECT_HANDLE pub, priv;
	unsigned char id[20], *v;
	char label[] = "renamed";
	CK_ATTRIBUTE set_id = { CKA_ID, id, sizeof(id) }, set_label = { CKA_LABEL, label, 7 };
	size_t len;

	memcpy(id, id20, sizeof(id));
	ck_assert_ok(harness_generate(s, &harness_kinds[_i], NULL, NULL, &pub, &priv));
	/* As NSS does: each of the pair by itself. */
	ck_assert_ok(p11->C_SetAttributeValue(s, priv, &set_id, 1));
	ck_assert_ok(p11->C_SetAttributeValue(s, pub, &set_id, 1));
	ck_assert_ok(p11->C_SetAttributeValue(s, priv, &set_label, 1));
	/* One identity for both (D3). */
	v = harness_attribute(s, pub, CKA_LABEL, &len);
	ck_assert_uint_eq(len, 7);
	free(v);
	ck_assert_uint_eq(find_one(CKO_PRIVATE_KEY, id20, 20), priv);
	ck_assert_int_eq(another_process_finds_them(), 0);
	ck_assert_ok(p11->C_Finalize(NULL));
	ck_assert_int_eq(another_process_finds_them(), 0);
	ck_assert_ok(p11->C_Initialize(NULL));
	s = harness_session(false);
	v = harness_attribute(s, find_one(CKO_PRIVATE_KEY, id20, 20), CKA_LABEL, &len);
	ck_assert_int_eq(memcmp(v, "renamed", 7), 0);
	free(v);
	(void)find_one(CKO_PUBLIC_KEY, id20, 20);
}
END_TEST

START_TEST(what_cannot_be_set_is_refused)
{
	CK_OBJECT_HANDLE pub, priv;
	CK_BBOOL yes = CK_TRUE;
	unsigned char long_id[200] = { 1 }, *v;
	CK_ATTRIBUTE extract = { CKA_EXTRACTABLE, &yes, sizeof(yes) };
	CK_ATTRIBUTE too_long[] = { { CKA_LABEL, long_id, 4 }, { CKA_ID, long_id, 200 } };
	size_t len;

	ck_assert_ok(harness_generate(s, &harness_kinds[KIND_P256], NULL, "keep", &pub, &priv));
	ck_assert_rv(p11->C_SetAttributeValue(s, priv, &extract, 1), CKR_ATTRIBUTE_READ_ONLY);
	ck_assert_rv(p11->C_SetAttributeValue(s, priv, too_long, 2), CKR_ATTRIBUTE_VALUE_INVALID);
	v = harness_attribute(s, priv, CKA_LABEL, &len);
	ck_assert_uint_eq(len, 4); /* all or nothing */
	ck_assert_int_eq(memcmp(v, "keep", 4), 0);
	free(v);
}
END_TEST

START_TEST(attributes_are_processed_one_and_all)
{
	static const unsigned char id[] = { 0xE0, 0xF0 };
	CK_OBJECT_HANDLE priv = find_one(CKO_PRIVATE_KEY, id, 2);
	CK_OBJECT_CLASS cls = 0;
	CK_KEY_TYPE type = 0;
	unsigned char buf[4], small[1] = { 0x77 };
	CK_ATTRIBUTE tmpl[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_VALUE, buf, sizeof(buf) },
		{ CKA_MODULUS, buf, sizeof(buf) }, { CKA_ID, small, sizeof(small) },
		{ 0x80001234, NULL, 0 }, { CKA_KEY_TYPE, &type, sizeof(type) } };

	ck_assert_rv(p11->C_GetAttributeValue(s, priv, tmpl, 6), CKR_ATTRIBUTE_SENSITIVE);
	ck_assert_uint_eq(cls, CKO_PRIVATE_KEY);
	ck_assert_uint_eq(type, CKK_EC);
	for (int i = 1; i < 5; i++)
		ck_assert_uint_eq(tmpl[i].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	ck_assert_uint_eq(small[0], 0x77);
	tmpl[2].ulValueLen = 4;
	ck_assert_rv(p11->C_GetAttributeValue(s, priv, tmpl + 2, 1), CKR_ATTRIBUTE_TYPE_INVALID);
	tmpl[3].ulValueLen = 1;
	ck_assert_rv(p11->C_GetAttributeValue(s, priv, tmpl + 3, 1), CKR_BUFFER_TOO_SMALL);
	ck_assert_rv(p11->C_GetAttributeValue(s, 4711, tmpl, 1), CKR_OBJECT_HANDLE_INVALID);
}
END_TEST

START_TEST(searches_of_clients_end_well)
{
	static const CK_OBJECT_CLASS empty[] = { CKO_DATA, CKO_SECRET_KEY, CKO_DOMAIN_PARAMETERS,
		CKO_OTP_KEY, 0xCE534351 /* NSS: CRL */, 0xCE534353 /* NSS: trust */, 0x80000000 };
	CK_OBJECT_CLASS cls = CKO_PRIVATE_KEY;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	unsigned char id[] = { 0xE0, 0xF0 };
	CK_ATTRIBUTE ssh[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_ID, id, 2 },
		{ CKA_SIGN, &yes, sizeof(yes) } };
	CK_ATTRIBUTE token = { CKA_TOKEN, &yes, sizeof(yes) };
	CK_OBJECT_HANDLE all[32], seen;
	CK_SESSION_HANDLE t = harness_session(false);
	CK_ULONG n, got;

	n = harness_find(s, NULL, 0, all, 32);
	ck_assert_uint_ge(n, 3);
	ck_assert_uint_le(n, 32);
	for (CK_ULONG i = 0; i < n; i++)
		for (CK_ULONG j = 0; j < i; j++)
			ck_assert_uint_ne(all[i], all[j]);
	ck_assert_uint_eq(harness_find(s, &token, 1, NULL, 0), n);
	token.pValue = &no;
	ck_assert_uint_eq(harness_find(s, &token, 1, NULL, 0), 0);
	ck_assert_uint_eq(harness_find(s, ssh, 3, &seen, 1), 1);
	ssh[2].pValue = &no;
	ck_assert_uint_eq(harness_find(s, ssh, 3, &seen, 1), 0);
	for (size_t i = 0; i < sizeof(empty) / sizeof(empty[0]); i++)
		ck_assert_uint_eq(count(empty[i], NULL, 0), 0);

	/* Two sessions at once; one search per session. */
	ck_assert_ok(p11->C_FindObjectsInit(s, NULL, 0));
	ck_assert_rv(p11->C_FindObjectsInit(s, NULL, 0), CKR_OPERATION_ACTIVE);
	ck_assert_uint_eq(harness_find(t, NULL, 0, all, 32), n);
	ck_assert_ok(p11->C_FindObjects(s, &seen, 1, &got));
	ck_assert_uint_eq(got, 1);
	ck_assert_uint_eq(seen, all[0]); /* the same handles in all sessions */
	ck_assert_ok(p11->C_FindObjects(s, &seen, 0, &got));
	ck_assert_uint_eq(got, 0);
	ck_assert_ok(p11->C_FindObjectsFinal(s));
	ck_assert_rv(p11->C_FindObjects(s, &seen, 1, &got), CKR_OPERATION_NOT_INITIALIZED);
}
END_TEST

/* CKA_ALLOWED_MECHANISMS says nothing that the token does not offer, and nothing twice. */
static void
allowed_are_offered(CK_OBJECT_HANDLE h, bool some)
{
	size_t len;
	unsigned char *v = harness_attribute(s, h, CKA_ALLOWED_MECHANISMS, &len);
	CK_MECHANISM_TYPE types[32];
	CK_MECHANISM_INFO info;

	ck_assert_uint_le(len, sizeof(types));
	ck_assert_uint_eq(len % sizeof(*types), 0);
	if (len > 0)
		memcpy(types, v, len);
	free(v);
	ck_assert(!some || len > 0);
	for (size_t i = 0; i < len / sizeof(*types); i++) {
		ck_assert_ok(p11->C_GetMechanismInfo(0, types[i], &info));
		for (size_t j = 0; j < i; j++)
			ck_assert_uint_ne(types[i], types[j]);
	}
}

START_TEST(data_and_secrets)
{
	CK_OBJECT_CLASS cls = CKO_DATA;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE;
	unsigned char value[40] = "some data of somebody", *v;
	char label[] = "notes", app[] = "test";
	CK_ULONG at = 5, size;
	CK_ATTRIBUTE t[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_TOKEN, &yes, 1 },
		{ CKA_VALUE, value, 21 }, { CKA_LABEL, label, 5 }, { CKA_APPLICATION, app, 4 } };
	CK_ATTRIBUTE part[] = { { CKA_VALUE, label, 4 }, { CKA_OPTIGA_OFFSET, &at, sizeof(at) } };
	CK_SESSION_HANDLE ro = harness_session(false);
	CK_OBJECT_HANDLE h, secret, pub, priv;
	size_t len;

	ck_assert_rv(p11->C_CreateObject(ro, t, 5, &h), CKR_SESSION_READ_ONLY);
	ck_assert_ok(p11->C_CreateObject(s, t, 5, &h));
	ck_assert_uint_eq(count(CKO_DATA, NULL, 0), 1);
	ck_assert_rv(p11->C_SetAttributeValue(ro, h, part, 2), CKR_SESSION_READ_ONLY);
	ck_assert_ok(p11->C_SetAttributeValue(s, h, part, 2));
	memcpy(value + 5, "note", 4);
	v = harness_attribute(ro, h, CKA_VALUE, &len);
	ck_assert_uint_eq(len, 21);
	ck_assert_mem_eq(v, value, len);
	free(v);
	ck_assert_ok(p11->C_GetObjectSize(s, h, &size));
	ck_assert_uint_eq(size, 21);
	ck_assert_rv(p11->C_DestroyObject(ro, h), CKR_SESSION_READ_ONLY);
	ck_assert_ok(p11->C_DestroyObject(s, h));
	ck_assert_rv(p11->C_GetObjectSize(s, h, &size), CKR_OBJECT_HANDLE_INVALID);

	cls = CKO_SECRET_KEY;
	t[4] = (CK_ATTRIBUTE){ CKA_KEY_TYPE, &type, sizeof(type) };
	ck_assert_ok(p11->C_CreateObject(s, t, 5, &secret));
	ck_assert_rv(p11->C_GetAttributeValue(s, secret, part, 1), CKR_ATTRIBUTE_SENSITIVE);
	ck_assert_ok(p11->C_GetObjectSize(s, secret, &size));
	ck_assert_uint_eq(size, 21);
	allowed_are_offered(secret, true);
	for (size_t i = 0; i < harness_nkinds; i += 3) {
		ck_assert_ok(harness_generate(s, &harness_kinds[i], NULL, NULL, &pub, &priv));
		allowed_are_offered(priv, true);
		allowed_are_offered(pub, true);
	}
	ck_assert_ok(p11->C_CloseSession(ro));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("module: objects");
	TCase *tc = tcase_create("object");

	tcase_add_checked_fixture(tc, setup, harness_teardown);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_fresh_chip_shows_its_factory_key_and_certificate);
	tcase_add_test(tc, the_factory_key_signs);
	tcase_add_loop_test(tc, generated_pairs_have_their_attributes, 0, (int)harness_nkinds);
	tcase_add_test(tc, unknown_curves_and_sizes_are_refused);
	tcase_add_test(tc, an_id_that_is_a_slot_picks_it);
	tcase_add_test(tc, slots_run_out);
	tcase_add_loop_test(tc, certificate_create_read_destroy, 0, (int)harness_nkinds);
	tcase_add_test(tc, certificate_templates_are_checked);
	tcase_add_loop_test(tc, id_and_label_stay, 0, (int)harness_nkinds);
	tcase_add_test(tc, what_cannot_be_set_is_refused);
	tcase_add_test(tc, attributes_are_processed_one_and_all);
	tcase_add_test(tc, searches_of_clients_end_well);
	tcase_add_test(tc, data_and_secrets);
	suite_add_tcase(suite, tc);
	return harness_run(suite);
}
