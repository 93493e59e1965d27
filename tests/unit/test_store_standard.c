/*
 * The attributes that the standard lists for each class of object and type of key, held against
 * what objects answer: PKCS #11 v2.40 base 4.3-4.10 (tables 13-33), current mechanisms 2.1
 * (RSA), 2.3 (EC), 2.6 (generic secrets), 2.8 (AES), and v3.0's CKA_UNIQUE_ID and profiles.
 * Left out are those that the standard makes optional and that mean nothing here:
 * CKA_WRAP_TEMPLATE, CKA_UNWRAP_TEMPLATE and CKA_DERIVE_TEMPLATE, since no key wraps or unwraps,
 * and of generic secrets CKA_CHECK_VALUE, which would tell of a short secret.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/pkcs11v3.h"
#include "pkcs11/store/internal.h"
#include "tests/unit/test_store_host.h"

/* Columns: class and, for keys, type. */
enum what { PRIV_EC, PRIV_RSA, PUB_EC, PUB_RSA, CERT, DATA, AES, GENERIC, COUNTER, PROFILE, NWHAT };

#define B(what) (1U << (what))
#define PRIV    (B(PRIV_EC) | B(PRIV_RSA))
#define PUB     (B(PUB_EC) | B(PUB_RSA))
#define SECRET  (B(AES) | B(GENERIC))
#define KEY     (PRIV | PUB | SECRET)
#define STORAGE (KEY | B(CERT) | B(DATA) | B(PROFILE))
#define ALL     (STORAGE | B(COUNTER))

enum form { BOOL, ULONG, ULONGS, DATE, BYTES, SOME_BYTES, HIDDEN };

static const struct {
	CK_ATTRIBUTE_TYPE type;
	unsigned of;
	enum form form; /* SOME_BYTES: never empty; HIDDEN: sensitive */
} standard[] = {
	/* 4.2, 4.4: common, storage objects */
	{ CKA_CLASS, ALL, ULONG },
	{ CKA_TOKEN, STORAGE, BOOL },
	{ CKA_PRIVATE, STORAGE, BOOL },
	{ CKA_MODIFIABLE, STORAGE, BOOL },
	{ CKA_LABEL, STORAGE, BYTES },
	{ CKA_COPYABLE, STORAGE, BOOL },
	{ CKA_DESTROYABLE, STORAGE, BOOL },
	{ CKA_UNIQUE_ID, STORAGE, SOME_BYTES },
	/* 4.3: hardware features */
	{ CKA_HW_FEATURE_TYPE, B(COUNTER), ULONG },
	{ CKA_RESET_ON_INIT, B(COUNTER), BOOL },
	{ CKA_HAS_RESET, B(COUNTER), BOOL },
	{ CKA_VALUE, B(COUNTER), SOME_BYTES },
	/* 4.5: data */
	{ CKA_APPLICATION, B(DATA), BYTES },
	{ CKA_OBJECT_ID, B(DATA), BYTES },
	{ CKA_VALUE, B(DATA), BYTES },
	/* 4.6: certificates, X.509 */
	{ CKA_CERTIFICATE_TYPE, B(CERT), ULONG },
	{ CKA_TRUSTED, B(CERT), BOOL },
	{ CKA_CERTIFICATE_CATEGORY, B(CERT), ULONG },
	{ CKA_CHECK_VALUE, B(CERT), SOME_BYTES },
	{ CKA_START_DATE, B(CERT), DATE },
	{ CKA_END_DATE, B(CERT), DATE },
	{ CKA_PUBLIC_KEY_INFO, B(CERT), SOME_BYTES },
	{ CKA_SUBJECT, B(CERT), SOME_BYTES },
	{ CKA_ID, B(CERT), BYTES },
	{ CKA_ISSUER, B(CERT), SOME_BYTES },
	{ CKA_SERIAL_NUMBER, B(CERT), SOME_BYTES },
	{ CKA_VALUE, B(CERT), SOME_BYTES },
	{ CKA_URL, B(CERT), BYTES },
	{ CKA_HASH_OF_SUBJECT_PUBLIC_KEY, B(CERT), BYTES },
	{ CKA_HASH_OF_ISSUER_PUBLIC_KEY, B(CERT), BYTES },
	{ CKA_JAVA_MIDP_SECURITY_DOMAIN, B(CERT), ULONG },
	{ CKA_NAME_HASH_ALGORITHM, B(CERT), ULONG },
	/* 4.7: keys */
	{ CKA_KEY_TYPE, KEY, ULONG },
	{ CKA_ID, KEY, BYTES },
	{ CKA_START_DATE, KEY, DATE },
	{ CKA_END_DATE, KEY, DATE },
	{ CKA_DERIVE, KEY, BOOL },
	{ CKA_LOCAL, KEY, BOOL },
	{ CKA_KEY_GEN_MECHANISM, KEY, ULONG },
	{ CKA_ALLOWED_MECHANISMS, KEY, ULONGS },
	/* 4.8: public keys */
	{ CKA_SUBJECT, PUB | PRIV, BYTES },
	{ CKA_ENCRYPT, PUB, BOOL },
	{ CKA_VERIFY, PUB, BOOL },
	{ CKA_VERIFY_RECOVER, PUB, BOOL },
	{ CKA_WRAP, PUB, BOOL },
	{ CKA_TRUSTED, PUB | SECRET, BOOL },
	{ CKA_PUBLIC_KEY_INFO, PUB | PRIV, SOME_BYTES },
	/* 4.9: private keys */
	{ CKA_SENSITIVE, PRIV | SECRET, BOOL },
	{ CKA_DECRYPT, PRIV | SECRET, BOOL },
	{ CKA_SIGN, PRIV | SECRET, BOOL },
	{ CKA_SIGN_RECOVER, PRIV, BOOL },
	{ CKA_UNWRAP, PRIV | SECRET, BOOL },
	{ CKA_EXTRACTABLE, PRIV | SECRET, BOOL },
	{ CKA_ALWAYS_SENSITIVE, PRIV | SECRET, BOOL },
	{ CKA_NEVER_EXTRACTABLE, PRIV | SECRET, BOOL },
	{ CKA_WRAP_WITH_TRUSTED, PRIV | SECRET, BOOL },
	{ CKA_ALWAYS_AUTHENTICATE, PRIV, BOOL },
	/* 4.10: secret keys */
	{ CKA_ENCRYPT, SECRET, BOOL },
	{ CKA_VERIFY, SECRET, BOOL },
	{ CKA_WRAP, SECRET, BOOL },
	{ CKA_CHECK_VALUE, B(AES), SOME_BYTES },
	{ CKA_VALUE, SECRET, HIDDEN },
	{ CKA_VALUE_LEN, SECRET, ULONG },
	/* 2.1: RSA */
	{ CKA_MODULUS, B(PUB_RSA) | B(PRIV_RSA), SOME_BYTES },
	{ CKA_MODULUS_BITS, B(PUB_RSA), ULONG },
	{ CKA_PUBLIC_EXPONENT, B(PUB_RSA) | B(PRIV_RSA), SOME_BYTES },
	{ CKA_PRIVATE_EXPONENT, B(PRIV_RSA), HIDDEN },
	{ CKA_PRIME_1, B(PRIV_RSA), HIDDEN },
	{ CKA_PRIME_2, B(PRIV_RSA), HIDDEN },
	{ CKA_EXPONENT_1, B(PRIV_RSA), HIDDEN },
	{ CKA_EXPONENT_2, B(PRIV_RSA), HIDDEN },
	{ CKA_COEFFICIENT, B(PRIV_RSA), HIDDEN },
	/* 2.3: EC */
	{ CKA_EC_PARAMS, B(PUB_EC) | B(PRIV_EC), SOME_BYTES },
	{ CKA_EC_POINT, B(PUB_EC), SOME_BYTES },
	{ CKA_VALUE, B(PRIV_EC), HIDDEN },
	/* v3.0 4.15: profiles */
	{ CKA_PROFILE_ID, B(PROFILE), ULONG },
};

/* Attributes that no object of a column may have: of other classes and types. */
static const struct {
	CK_ATTRIBUTE_TYPE type;
	unsigned not_of;
} foreign[] = {
	{ CKA_MODULUS, ALL & ~(B(PUB_RSA) | B(PRIV_RSA)) },
	{ CKA_MODULUS_BITS, ALL & ~B(PUB_RSA) },
	{ CKA_EC_PARAMS, ALL & ~(B(PUB_EC) | B(PRIV_EC)) },
	{ CKA_EC_POINT, ALL & ~(B(PUB_EC) | B(PRIV_EC)) },
	{ CKA_VALUE, PUB | B(PROFILE) | B(PRIV_RSA) },
	{ CKA_KEY_TYPE, ALL & ~KEY },
	{ CKA_CERTIFICATE_TYPE, ALL & ~B(CERT) },
	{ CKA_APPLICATION, ALL & ~B(DATA) },
	{ CKA_VALUE_LEN, ALL & ~SECRET },
	{ CKA_PRIME, ALL },
};

static unsigned
what_is(CK_OBJECT_HANDLE h)
{
	const CK_ULONG cls = host_ulong(h, CKA_CLASS);

	switch (cls) {
	case CKO_PRIVATE_KEY: return host_ulong(h, CKA_KEY_TYPE) == CKK_RSA ? PRIV_RSA : PRIV_EC;
	case CKO_PUBLIC_KEY: return host_ulong(h, CKA_KEY_TYPE) == CKK_RSA ? PUB_RSA : PUB_EC;
	case CKO_SECRET_KEY: return host_ulong(h, CKA_KEY_TYPE) == CKK_AES ? AES : GENERIC;
	case CKO_CERTIFICATE: return CERT;
	case CKO_DATA: return DATA;
	case CKO_HW_FEATURE: return COUNTER;
	default: ck_assert_uint_eq(cls, CKO_PROFILE); return PROFILE;
	}
}

static void
make_data(CK_OBJECT_CLASS cls)
{
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_BBOOL yes = CK_TRUE;
	uint8_t value[20] = "sixteen bytes and 4";
	const CK_ATTRIBUTE t[] = { { CKA_CLASS, &cls, sizeof(cls) }, { CKA_TOKEN, &yes, 1 },
		{ CKA_VALUE, value, sizeof(value) }, { CKA_KEY_TYPE, &type, sizeof(type) } };
	CK_OBJECT_HANDLE h;

	ck_assert_int_eq(store_create(st, t, cls == CKO_DATA ? 3 : 4, &h), 0);
}

/* At least one object in each column. */
static void
start(void)
{
	static const uint8_t open[] = { 0xD0, 1, 0x00 };
	CK_OBJECT_HANDLE pub, priv;

	host_start();
	ck_assert_int_eq(host_generate(CHIP_ALG_P521, NULL, 0, NULL, &pub, &priv), 0);
	ck_assert_int_eq(host_generate(CHIP_ALG_RSA1024, NULL, 0, NULL, &pub, &priv), 0);
	make_data(CKO_DATA);
	make_data(CKO_SECRET_KEY);
	ck_assert_int_eq(chip_meta_write(host_chip(), OID_AES, open, sizeof(open)), 0);
	ck_assert_int_eq(chip_symkey(host_chip(), OID_AES, CHIP_ALG_AES128, CHIP_USE_ENC), 0);
}

static bool
has_form(enum form form, const struct buf *b)
{
	switch (form) {
	case BOOL: return b->len == 1 && b->data[0] <= 1;
	case ULONG: return b->len == sizeof(CK_ULONG);
	case ULONGS: return b->len % sizeof(CK_ULONG) == 0;
	case DATE: return b->len == 0 || b->len == sizeof(CK_DATE);
	case SOME_BYTES: return b->len > 0;
	default: return true;
	}
}

static void
check(CK_OBJECT_HANDLE h, unsigned what)
{
	struct buf b = BUF_INIT;
	int r;

	for (size_t i = 0; i < NITEMS(standard); i++) {
		if ((standard[i].of & B(what)) == 0)
			continue;
		r = host_get(h, standard[i].type, &b);
		if (standard[i].form == HIDDEN) {
			ck_assert_int_eq(r, STORE_EATTR_SENSITIVE);
			continue;
		}
		ck_assert_msg(r == 0, "column %u lacks attribute %lx", what, standard[i].type);
		ck_assert_msg(has_form(standard[i].form, &b), "column %u: attribute %lx: %zu bytes",
		    what, standard[i].type, b.len);
	}
	for (size_t i = 0; i < NITEMS(foreign); i++)
		if ((foreign[i].not_of & B(what)) != 0)
			ck_assert_int_eq(host_get(h, foreign[i].type, &b), STORE_EATTR_TYPE);
	buf_free(&b);
}

START_TEST(attributes_by_class_and_type)
{
	static const CK_OBJECT_CLASS classes[] = { CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_SECRET_KEY,
		CKO_CERTIFICATE, CKO_DATA, CKO_HW_FEATURE, CKO_PROFILE };
	CK_OBJECT_HANDLE h[NITEMS(host_found)];
	unsigned seen = 0;

	for (size_t c = 0; c < NITEMS(classes); c++) {
		const CK_ULONG n = host_find_class(classes[c]);

		memcpy(h, host_found, n * sizeof(*h));
		for (CK_ULONG i = 0; i < n; i++) {
			const unsigned what = what_is(h[i]);

			check(h[i], what);
			seen |= B(what);
		}
	}
	ck_assert_uint_eq(seen, B(NWHAT) - 1);
}
END_TEST

START_TEST(unique_ids_are_unique)
{
	const CK_ULONG n = host_find(NULL, 0);
	CK_OBJECT_HANDLE h[NITEMS(host_found)];
	struct buf b = BUF_INIT;

	memcpy(h, host_found, n * sizeof(*h));
	for (CK_ULONG i = 0; i < n; i++) {
		CK_ATTRIBUTE a = { CKA_UNIQUE_ID, NULL, 0 };

		ck_assert_int_eq(host_get(h[i], CKA_UNIQUE_ID, &b), 0);
		a.pValue = b.data;
		a.ulValueLen = b.len;
		ck_assert_uint_eq(host_find(&a, 1), 1);
		ck_assert_uint_eq(host_found[0], h[i]);
	}
	buf_free(&b);
}
END_TEST

/* --- key usage: the chip's byte and the attributes, both ways --------------------------------- */

static const struct {
	bool rsa;
	uint8_t usage;
	bool sign, derive, decrypt;
} usages[] = {
	{ false, CHIP_USE_AUTH, true, false, false },
	{ false, CHIP_USE_SIGN, true, false, false },
	{ false, CHIP_USE_KEYAGREE, false, true, false },
	{ false, CHIP_USE_SIGN | CHIP_USE_KEYAGREE, true, true, false },
	{ true, CHIP_USE_SIGN, true, false, false },
	{ true, CHIP_USE_ENC, false, false, true },
	{ true, CHIP_USE_SIGN | CHIP_USE_ENC, true, false, true },
};

/* Whatever the byte of a key that others made. */
START_TEST(usage_of_the_chip_shows)
{
	const uint16_t oid = usages[_i].rsa ? 0xE0FD : 0xE0F2;
	const uint8_t id[] = { (uint8_t)(oid >> 8), (uint8_t)oid };
	struct buf b = BUF_INIT;
	CK_OBJECT_HANDLE h;

	ck_assert_int_eq(
	    chip_keypair(host_chip(), oid, usages[_i].rsa ? CHIP_ALG_RSA1024 : CHIP_ALG_P256,
		usages[_i].usage, &b),
	    0);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, id, 2), 1);
	h = host_found[0];
	ck_assert_uint_eq(host_bool(h, CKA_SIGN), usages[_i].sign);
	ck_assert_uint_eq(host_bool(h, CKA_DERIVE), usages[_i].derive);
	ck_assert_uint_eq(host_bool(h, CKA_DECRYPT), usages[_i].decrypt);
	ck_assert(!host_bool(h, CKA_LOCAL));
	ck_assert(!host_bool(h, CKA_ALWAYS_SENSITIVE));
	ck_assert_uint_eq(host_ulong(h, CKA_KEY_GEN_MECHANISM), CK_UNAVAILABLE_INFORMATION);
	ck_assert_int_eq(host_get(h, CKA_ALLOWED_MECHANISMS, &b), 0);
	ck_assert(!usages[_i].sign || b.len > 0);
	buf_free(&b);
}
END_TEST

START_TEST(usage_asked_for_is_given)
{
	const struct chip_keytype *kt =
	    chip_keytype_by_alg(usages[_i].rsa ? CHIP_ALG_RSA1024 : CHIP_ALG_P256);
	CK_BBOOL yes = CK_TRUE, sign = usages[_i].sign, derive = usages[_i].derive,
		 decrypt = usages[_i].decrypt;
	CK_ULONG bits = 1024;
	uint8_t params[16], id[] = { 0xE0, usages[_i].rsa ? 0xFD : 0xF2 };
	const CK_ATTRIBUTE pub[] = { { CKA_TOKEN, &yes, 1 },
		kt->rsa ? (CK_ATTRIBUTE){ CKA_MODULUS_BITS, &bits, sizeof(bits) }
			: (CK_ATTRIBUTE){ CKA_EC_PARAMS, params, kt->params_len } };
	const CK_ATTRIBUTE priv[] = { { CKA_TOKEN, &yes, 1 }, { CKA_ID, id, 2 },
		{ CKA_SIGN, &sign, 1 }, { CKA_DERIVE, &derive, 1 }, { CKA_DECRYPT, &decrypt, 1 } };
	CK_OBJECT_HANDLE hpub, hpriv;
	struct chip_meta m;

	if (!kt->rsa)
		memcpy(params, kt->params, kt->params_len);
	ck_assert_int_eq(
	    store_generate(st, kt->rsa, pub, 2, priv, kt->rsa ? 5 : 4, &hpub, &hpriv), 0);
	ck_assert_int_eq(chip_meta_read(host_chip(), (uint16_t)(id[0] << 8 | id[1]), &m), 0);
	ck_assert_uint_eq((unsigned)m.usage,
	    usages[_i].usage == CHIP_USE_AUTH ? CHIP_USE_SIGN : usages[_i].usage);
	ck_assert_uint_eq(host_bool(hpriv, CKA_SIGN), usages[_i].sign);
	ck_assert_uint_eq(host_bool(hpub, CKA_VERIFY), usages[_i].sign);
	ck_assert_uint_eq(host_bool(hpub, CKA_ENCRYPT), usages[_i].decrypt);
	ck_assert(host_bool(hpriv, CKA_LOCAL));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_standard");
	TCase *t = tcase_create("standard");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, start, host_end);
	tcase_add_test(t, attributes_by_class_and_type);
	tcase_add_test(t, unique_ids_are_unique);
	tcase_add_loop_test(t, usage_of_the_chip_shows, 0, (int)NITEMS(usages));
	tcase_add_loop_test(t, usage_asked_for_is_given, 0, (int)NITEMS(usages));
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
