/*
 * Attributes and searches, from the tables: every attribute of every kind of object read with
 * every size of buffer, found by its own value, and not by another.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>

#include "hal/base/err.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/kind.h"
#include "tests/unit/test_store_host.h"

static CK_OBJECT_HANDLE handles[16];
static CK_ULONG nhandles;
static EVP_PKEY *ca;

/* The factory's key and certificate, an EC and an RSA key with a certificate and its issuer. */
static void
start(void)
{
	struct buf der = BUF_INIT, spki = BUF_INIT;
	CK_OBJECT_HANDLE pub, priv, cert;

	host_start();
	ca = host_key("P-256");
	ck_assert_int_eq(host_generate(CHIP_ALG_P384, NULL, 0, "ec", &pub, &priv), 0);
	host_chip_spki(pub, &spki);
	host_cert(&spki, "device", "CA", ca, false, 0, &der);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	host_spki(ca, &spki);
	host_cert(&spki, "CA", "CA", ca, true, 0, &der);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, true, &cert), 0);
	ck_assert_int_eq(host_generate(CHIP_ALG_RSA1024, NULL, 0, "rsa", &pub, &priv), 0);
	nhandles = host_find(NULL, 0);
	ck_assert_uint_eq(nhandles, 10);
	memcpy(handles, host_found, nhandles * sizeof(*handles));
	buf_free(&der);
	buf_free(&spki);
}

static void
end(void)
{
	EVP_PKEY_free(ca);
	host_end();
}

static bool
is_found(CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *t, CK_ULONG n)
{
	const CK_ULONG found = host_find(t, n);

	for (CK_ULONG i = 0; i < found; i++)
		if (host_found[i] == h)
			return true;
	return false;
}

/* One attribute of one object: length, too small, exact, too large, search. */
static bool
walk(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	struct buf value = BUF_INIT;
	uint8_t room[2100];
	CK_ATTRIBUTE a = { type, NULL, 0 };
	int r = host_get(h, type, &value);

	if (r == STORE_EATTR_TYPE || r == STORE_EATTR_SENSITIVE) {
		a = (CK_ATTRIBUTE){ type, room, sizeof(room) };
		ck_assert_int_eq(store_attributes(st, h, &a, 1), r);
		ck_assert_uint_eq(a.ulValueLen, CK_UNAVAILABLE_INFORMATION);
		a = (CK_ATTRIBUTE){ type, room, 0 };
		ck_assert(!is_found(h, &a, 1));
		buf_free(&value);
		return false;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_uint_lt(value.len, sizeof(room));
	for (size_t n = 0; n < value.len; n += 1 + n / 3) {
		memset(room, 0x5A, sizeof(room));
		a = (CK_ATTRIBUTE){ type, room, n };
		ck_assert_int_eq(store_attributes(st, h, &a, 1), STORE_EBUFFER);
		ck_assert_uint_eq(a.ulValueLen, CK_UNAVAILABLE_INFORMATION);
		ck_assert_uint_eq(room[0], 0x5A);
	}
	memset(room, 0x5A, sizeof(room));
	a = (CK_ATTRIBUTE){ type, room, sizeof(room) };
	ck_assert_int_eq(store_attributes(st, h, &a, 1), 0);
	ck_assert_uint_eq(a.ulValueLen, value.len);
	if (value.len > 0)
		ck_assert_mem_eq(room, value.data, value.len);
	ck_assert_uint_eq(room[value.len], 0x5A);

	ck_assert(is_found(h, &a, 1));
	a.ulValueLen++;
	ck_assert(!is_found(h, &a, 1));
	a.ulValueLen--;
	if (value.len > 0) {
		room[value.len - 1] ^= 0x40;
		ck_assert(!is_found(h, &a, 1));
	}
	buf_free(&value);
	return true;
}

START_TEST(every_attribute_of_every_object)
{
	unsigned have = 0, have_not = 0;

	for (CK_ULONG i = 0; i < nhandles; i++) {
		for (int t = 0; t < OBJ_NKINDS; t++)
			for (size_t k = 0; k < kinds[t]->attributes->n; k++)
				*(walk(handles[i], kinds[t]->attributes->rows[k].type)
					? &have
					: &have_not) += 1;
		ck_assert(!walk(handles[i], 0x87654321));
	}
	ck_assert_uint_gt(have, 200);
	ck_assert_uint_gt(have_not, 50);
}
END_TEST

START_TEST(rows_are_unique)
{
	for (int t = 0; t < OBJ_NKINDS; t++)
		for (size_t i = 0; i < kinds[t]->attributes->n; i++)
			for (size_t j = 0; j < i; j++)
				ck_assert(kinds[t]->attributes->rows[i].type !=
					      kinds[t]->attributes->rows[j].type ||
					  (kinds[t]->attributes->rows[i].kinds &
					      kinds[t]->attributes->rows[j].kinds) == 0);
}
END_TEST

START_TEST(values_of_certificates)
{
	struct buf b = BUF_INIT;
	const uint8_t *p;
	X509 *x;

	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xF1", 2), 1);
	ck_assert_int_eq(host_get(host_found[0], CKA_VALUE, &b), 0);
	p = b.data;
	ck_assert_ptr_nonnull(x = d2i_X509(NULL, &p, (long)b.len));
	ck_assert(host_is(host_found[0], CKA_START_DATE, "20250102", 8));
	ck_assert(host_is(host_found[0], CKA_END_DATE, "20501231", 8));
	ck_assert_int_eq(host_get(host_found[0], CKA_SERIAL_NUMBER, &b), 0);
	ck_assert_uint_eq(b.data[0], 0x02);
	ck_assert_int_eq(host_get(host_found[0], CKA_SUBJECT, &b), 0);
	{
		unsigned char *der = NULL;
		const int n = i2d_X509_NAME(X509_get_subject_name(x), &der);

		ck_assert_uint_eq(b.len, n);
		ck_assert_mem_eq(b.data, der, b.len);
		OPENSSL_free(der);
	}
	X509_free(x);
	buf_free(&b);
}
END_TEST

START_TEST(private_values_are_sensitive)
{
	struct buf b = BUF_INIT;

	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	ck_assert_int_eq(host_get(host_found[0], CKA_VALUE, &b), STORE_EATTR_SENSITIVE);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xFC", 2), 1);
	ck_assert_int_eq(host_get(host_found[0], CKA_PRIVATE_EXPONENT, &b), STORE_EATTR_SENSITIVE);
	ck_assert_int_eq(host_get(host_found[0], CKA_PRIME_1, &b), STORE_EATTR_SENSITIVE);
	ck_assert(host_bool(host_found[0], CKA_SENSITIVE));
	ck_assert(!host_bool(host_found[0], CKA_EXTRACTABLE));
	buf_free(&b);
}
END_TEST

/* Every attribute is processed, whatever happened to the ones before. */
START_TEST(errors_in_one_call)
{
	CK_OBJECT_CLASS cls = 0;
	CK_BBOOL b = 0;
	uint8_t small[1], label[32];
	CK_ATTRIBUTE t[] = { { CKA_LABEL, small, 1 }, { CKA_CLASS, &cls, sizeof(cls) },
		{ CKA_MODULUS, NULL, 0 }, { CKA_SIGN, &b, 1 }, { CKA_VALUE, small, 1 },
		{ CKA_LABEL, label, sizeof(label) } };

	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	ck_assert_int_eq(store_attributes(st, host_found[0], t, NITEMS(t)), STORE_EATTR_SENSITIVE);
	ck_assert_uint_eq(t[0].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	ck_assert_uint_eq(cls, CKO_PRIVATE_KEY);
	ck_assert_uint_eq(t[2].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	ck_assert_uint_eq(b, CK_TRUE);
	ck_assert_uint_eq(t[4].ulValueLen, CK_UNAVAILABLE_INFORMATION);
	ck_assert_uint_eq(t[5].ulValueLen, 2);
	t[4] = (CK_ATTRIBUTE){ CKA_MODULUS, NULL, 0 };
	t[0].ulValueLen = t[2].ulValueLen = 1;
	ck_assert_int_eq(store_attributes(st, host_found[0], t, 5), STORE_EATTR_TYPE);
	t[0].ulValueLen = 1;
	ck_assert_int_eq(store_attributes(st, host_found[0], t, 2), STORE_EBUFFER);
	ck_assert_int_eq(store_attributes(st, host_found[0], NULL, 0), 0);
}
END_TEST

START_TEST(searches_of_clients)
{
	CK_OBJECT_CLASS priv = CKO_PRIVATE_KEY, cert = CKO_CERTIFICATE;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	uint8_t id[] = { 0xE0, 0xF1 };
	/* OpenSSH */
	const CK_ATTRIBUTE ssh[] = { { CKA_CLASS, &priv, sizeof(priv) }, { CKA_ID, id, 2 },
		{ CKA_SIGN, &yes, 1 } };
	const CK_ATTRIBUTE not [] = { { CKA_CLASS, &priv, sizeof(priv) }, { CKA_ID, id, 2 },
		{ CKA_SIGN, &no, 1 } };
	/* NSS */
	const CK_ATTRIBUTE token[] = { { CKA_CLASS, &cert, sizeof(cert) }, { CKA_TOKEN, &yes, 1 } };
	const CK_ATTRIBUTE hidden[] = { { CKA_CLASS, &cert, sizeof(cert) },
		{ CKA_PRIVATE, &yes, 1 } };
	const CK_ATTRIBUTE sha1[] = { { CKA_CLASS, &cert, sizeof(cert) }, { 0xCE5363B4UL, id, 2 } };
	const CK_ATTRIBUTE none[] = { { CKA_LABEL, NULL, 0 } };

	ck_assert_uint_eq(host_find(ssh, 3), 1);
	ck_assert_uint_eq(host_find(not, 3), 0);
	ck_assert_uint_eq(host_find(token, 2), 4);
	ck_assert_uint_eq(host_find(hidden, 2), 0);
	ck_assert_uint_eq(host_find(sha1, 2), 0);
	ck_assert_uint_eq(host_find(none, 1), 0);
	ck_assert_uint_eq(host_find_class(CKO_HW_FEATURE), 4);
	ck_assert_uint_eq(host_find_class(0xCE534353UL), 0);
}
END_TEST

/* A listing: what was read to know which objects there are is not read again for their values. */
START_TEST(nothing_is_read_twice)
{
	struct buf point = BUF_INIT;
	unsigned before;

	/* A factory chip: no public key is in the index. */
	host_end();
	host_start();
	ck_assert_uint_gt(host_find(NULL, 0), 0);
	ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, "\xE0\xF0", 2), 1);
	before = host_commands();
	ck_assert_int_eq(host_get(host_found[0], CKA_EC_POINT, &point), 0);
	ck_assert_uint_eq(host_commands(), before);
	buf_free(&point);
}
END_TEST

/* Nothing of ours stays in the error queue that the application may look at. */
START_TEST(error_queue_is_left_alone)
{
	struct buf b = BUF_INIT;

	ERR_clear_error();
	ERR_raise(ERR_LIB_USER, 42);
	ck_assert_int_eq(chip_data_write(host_chip(), 0xE0E3, 0,
			     (const uint8_t *)"\x30\x02\x01\x01", 4, CHIP_ERASE_WRITE),
	    0);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 4);
	ck_assert_int_eq(ERR_GET_REASON(ERR_get_error()), 42);
	ck_assert_uint_eq(ERR_get_error(), 0);
	buf_free(&b);
}
END_TEST

START_TEST(token_information)
{
	struct store_info a, b;

	ck_assert_int_eq(store_info(st, &a), 0);
	ck_assert_uint_eq(strlen(a.serial), 16);
	ck_assert_int_eq(strncmp(a.label, "OPTIGA ", 7), 0);
	ck_assert_str_eq(a.label + 7, a.serial + 8);
	ck_assert_str_eq(a.model, "Trust M V3");
	host_again();
	ck_assert_int_eq(store_info(st, &b), 0);
	ck_assert_str_eq(a.serial, b.serial);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_find");
	TCase *t = tcase_create("find");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, start, end);
	tcase_add_test(t, every_attribute_of_every_object);
	tcase_add_test(t, rows_are_unique);
	tcase_add_test(t, values_of_certificates);
	tcase_add_test(t, private_values_are_sensitive);
	tcase_add_test(t, errors_in_one_call);
	tcase_add_test(t, searches_of_clients);
	tcase_add_test(t, nothing_is_read_twice);
	tcase_add_test(t, error_queue_is_left_alone);
	tcase_add_test(t, token_information);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
