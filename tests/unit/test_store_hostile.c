/*
 * Whoever holds the board can write anything into its objects: certificates, records and the
 * index come back bent, cut and random, and nothing here may stumble.
 */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/store/kind.h"
#include "pkcs11/store/index.h"
#include "pkcs11/store/internal.h"
#include "pkcs11/store/recover.h"
#include "pkcs11/store/spki.h"
#include "tests/unit/test_store_host.h"

#ifndef ROUNDS
#define ROUNDS 25 /* many more: test_store_hostile.long */
#endif

static unsigned rnd_state = 7;

static unsigned
rnd(unsigned n)
{
	rnd_state = rnd_state * 1103515245 + 12345;
	return (rnd_state >> 16) % n;
}

static void
put(uint16_t oid, const uint8_t *p, size_t len)
{
	ck_assert_int_eq(chip_data_write(host_chip(), oid, 0, p, len, CHIP_ERASE_WRITE), 0);
}

/* Reads all there is, as p11tool --list-all and more. */
static void
read_all(void)
{
	CK_OBJECT_HANDLE h[NITEMS(host_found)];
	const CK_ULONG n = host_find(NULL, 0);
	uint8_t room[2048];

	memcpy(h, host_found, n * sizeof(*h));
	for (CK_ULONG i = 0; i < n; i++) {
		struct buf spki = BUF_INIT;

		for (int kind = 0; kind < OBJ_NKINDS; kind++)
			for (size_t k = 0; k < kinds[kind]->attributes->n; k++) {
				CK_ATTRIBUTE a = { kinds[kind]->attributes->rows[k].type, room,
					sizeof(room) };
				const int r = store_attributes(st, h[i], &a, 1);

				ck_assert(
				    r == 0 || r == STORE_EATTR_TYPE || r == STORE_EATTR_SENSITIVE);
			}
		(void)store_public_key(st, h[i], &spki);
		buf_free(&spki);
	}
}

/* The factory's certificate, in the form the chip keeps it. */
static void
factory_cert(struct buf *raw)
{
	ck_assert_int_eq(chip_data_read(host_chip(), 0xE0E0, 0, 1728, raw), 0);
	ck_assert_uint_gt(raw->len, 400);
}

START_TEST(bent_certificates)
{
	struct buf raw = BUF_INIT, bent = BUF_INIT;

	factory_cert(&raw);
	for (unsigned round = 0; round < ROUNDS / (unsigned)host_hurry(); round++) {
		const size_t skip = round % 2 == 0 ? 0 : 9; /* identity, or bare DER */
		size_t len = raw.len - skip;

		buf_reset(&bent);
		ck_assert_int_eq(buf_put(&bent, raw.data + skip, len), 0);
		for (unsigned i = rnd(4); i > 0; i--)
			bent.data[rnd(round % 3 == 0 ? 40 : (unsigned)len)] = (uint8_t)rnd(256);
		if (round % 5 == 0)
			len = 1 + rnd((unsigned)len);
		put((uint16_t)(0xE0E1 + round % 3), bent.data, len);
		if (len <= 1200)
			put(round % 2 == 0 ? 0xE0E8 : 0xE0EF, bent.data, len);
		read_all();
	}
	buf_free(&raw);
	buf_free(&bent);
}
END_TEST

/* The splitter alone, a million bytes of nonsense. */
START_TEST(lengths_that_lie)
{
	struct buf raw = BUF_INIT, bent = BUF_INIT;
	struct cur ders[CHAIN_MAX];
	uint8_t chain[64];

	factory_cert(&raw);
	for (unsigned round = 0; round < 20000 / (unsigned)host_hurry(); round++) {
		size_t len = 1 + rnd((unsigned)sizeof(chain)), promised;
		unsigned n;

		for (size_t i = 0; i < len; i++)
			chain[i] = rnd(3) == 0 ? (uint8_t)rnd(256) : (uint8_t)rnd(12);
		chain[0] = rnd(2) != 0 ? 0xC0 : 0x30;
		if (round % 4 == 0 && len > 9) { /* lengths that nearly fit */
			chain[1] = 0;
			chain[2] = (uint8_t)(len - 3 + rnd(2));
			chain[3] = chain[4] = 0;
			chain[5] = (uint8_t)(len - 6 - rnd(2));
		}
		promised = cert_promised(chain, len, sizeof(chain));
		ck_assert_uint_le(promised, sizeof(chain));
		n = cert_split(chain, len, round % 7 == 0, ders, CHAIN_MAX);
		ck_assert_uint_le(n, CHAIN_MAX);
		for (unsigned i = 0; i < n; i++) {
			ck_assert(ders[i].p >= chain);
			ck_assert_uint_le((size_t)(ders[i].p - chain) + ders[i].len, len);
		}
	}
	/* Cut anywhere, the factory's chain is none. */
	for (size_t len = 0; len < raw.len; len++)
		ck_assert_uint_eq(cert_split(raw.data, len, false, ders, CHAIN_MAX), 0);
	ck_assert_uint_eq(cert_split(raw.data, raw.len, false, ders, CHAIN_MAX), 1);
	ck_assert_uint_eq(cert_split(raw.data, raw.len, true, ders, CHAIN_MAX), 0);
	buf_free(&raw);
	buf_free(&bent);
}
END_TEST

/* Many tiny certificates, the same one many times, nothing but headers. */
START_TEST(strange_chains)
{
	struct buf raw = BUF_INIT, out = BUF_INIT;
	struct cur der, ders[CHAIN_MAX + 4];
	static const uint8_t tiny[] = { 0x30, 0x03, 0x02, 0x01, 0x01 };
	CK_ULONG before;

	before = host_find_class(CKO_CERTIFICATE);
	factory_cert(&raw);
	der = (struct cur){ raw.data + 9, raw.len - 9 };
	for (size_t i = 0; i < NITEMS(ders); i++)
		ders[i] = (struct cur){ tiny, sizeof(tiny) };
	ck_assert_int_eq(cert_join(ders, NITEMS(ders), &out), 0);
	put(0xE0E1, out.data, out.len);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), before);
	/* Not a certificate, then one, twice: one object. */
	ders[1] = ders[2] = der;
	ck_assert_int_eq(cert_join(ders, 3, &out), 0);
	put(0xE0E1, out.data, out.len);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), before + 1);
	read_all();
	buf_free(&raw);
	buf_free(&out);
}
END_TEST

static void
write_index(const struct index *ix)
{
	uint8_t part[INDEX_OBJECT_MAX];

	for (unsigned i = 0; i < index_nparts(ix->len, INDEX_OBJECT_M); i++)
		put((uint16_t)(0xF1D4 + i), part, index_part(ix, i, INDEX_OBJECT_M, part));
}

/* An index with a correct checksum that says what no one meant. */
START_TEST(index_of_an_enemy)
{
	static const uint8_t codes[] = { 0xF0, 0xF1, 0xF2, 0xF3, 0xFC, 0xFD, 0xE0, 0xE1, 0x81,
		0x00 };
	CK_OBJECT_HANDLE pub, priv;
	struct buf spki = BUF_INIT;
	uint8_t v[200];

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "mine", &pub, &priv), 0);
	for (unsigned round = 0; round < ROUNDS / (unsigned)host_hurry(); round++) {
		struct index ix = { .seq = 1000 + round };

		for (unsigned i = rnd(12); i > 0; i--) {
			const uint8_t code = codes[rnd(sizeof(codes))];
			static const size_t lens[] = { 1, 2, 4, 8, 33, 49, 65, 67, 32, 150 };

			for (size_t k = 0; k < sizeof(v); k++)
				v[k] = (uint8_t)rnd(256);
			v[0] = rnd(2) != 0 ? 0x02 : v[0];
			(void)index_put(&ix, code, rnd(8), v, lens[rnd(NITEMS(lens))]);
			(void)index_set_state(&ix, code, rnd(2) != 0 ? 0 : (uint8_t)rnd(16));
		}
		write_index(&ix);
		read_all();
	}
	/* However it lies, what a signature says of the key counts. */
	{
		struct index ix = { .seq = 5000 };

		ck_assert_int_eq(index_put(&ix, 0xF1, INDEX_POINT, v, 33), 0);
		write_index(&ix);
	}
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	host_chip_spki(host_found[0], &spki);
	ck_assert(host_signs_for(host_found[0], &spki));
	buf_free(&spki);
}
END_TEST

/* An entry alone does not free a slot that holds a key which signs. */
START_TEST(index_does_not_free_slots)
{
	CK_OBJECT_HANDLE pub, priv;
	struct index ix = { .seq = 5000 };
	uint8_t alg = CHIP_ALG_P256;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), 0);
	ck_assert_int_eq(index_set_state(&ix, 0xF1, INDEX_STATE_DESTROYED), 0);
	ck_assert_int_eq(index_put(&ix, 0xF1, INDEX_HASH, "12345678", 8), 0);
	ck_assert_int_eq(index_put(&ix, 0xF1, INDEX_ALG, &alg, 1), 0);
	write_index(&ix);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	ck_assert_int_eq(
	    host_generate(CHIP_ALG_P256, "\xE0\xF1", 2, NULL, &pub, &priv), STORE_EPROHIBITED);
}
END_TEST

START_TEST(random_parts)
{
	uint8_t part[INDEX_OBJECT_MAX];
	CK_OBJECT_HANDLE pub, priv;

	ck_assert_int_eq(host_generate(CHIP_ALG_P521, NULL, 0, "mine", &pub, &priv), 0);
	ck_assert_int_eq(host_generate(CHIP_ALG_P521, NULL, 0, "mine too", &pub, &priv), 0);
	for (unsigned round = 0; round < ROUNDS / (unsigned)host_hurry(); round++) {
		const uint16_t oid = (uint16_t)(0xF1D4 + rnd(8));
		struct buf b = BUF_INIT;

		ck_assert_int_eq(chip_data_read(host_chip(), oid, 0, sizeof(part), &b), 0);
		memset(part, 0, sizeof(part));
		memcpy(part, b.data, b.len);
		for (unsigned i = rnd(3) + 1; i > 0; i--)
			part[rnd(16)] = (uint8_t)rnd(256);
		put(oid, part, 1 + rnd(sizeof(part)));
		buf_free(&b);
		read_all();
	}
}
END_TEST

START_TEST(random_records)
{
	static const uint16_t oids[] = { 0xF1D0, 0xF1D1, 0xF1D2, 0xF1D3, 0xF1E0, 0xF1E1, 0xE0E8 };
	struct buf pk = BUF_INIT;
	uint8_t rec[140];

	ck_assert_int_eq(chip_keypair(host_chip(), 0xE0F1, CHIP_ALG_P256, 0x20, &pk), 0);
	ck_assert_int_eq(chip_keypair(host_chip(), 0xE0F2, CHIP_ALG_P384, 0x10, &pk), 0);
	ck_assert_int_eq(chip_keypair(host_chip(), 0xE0FC, CHIP_ALG_RSA1024, 0x12, &pk), 0);
	for (unsigned round = 0; round < ROUNDS / (unsigned)host_hurry(); round++) {
		const size_t n = 1 + rnd(sizeof(rec));

		for (size_t i = 0; i < n; i++)
			rec[i] = (uint8_t)rnd(256);
		if (round % 2 == 0)
			memcpy(rec, pk.data, pk.len < n ? pk.len : n);
		rec[0] = rnd(2) != 0 ? 0x30 : 0x03;
		put(oids[round % NITEMS(oids)], rec, n);
		read_all();
	}
	buf_free(&pk);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_hostile");
	TCase *t = tcase_create("hostile");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 3600);
	tcase_add_checked_fixture(t, host_start, host_end);
	tcase_add_test(t, bent_certificates);
	tcase_add_test(t, lengths_that_lie);
	tcase_add_test(t, strange_chains);
	tcase_add_test(t, index_of_an_enemy);
	tcase_add_test(t, index_does_not_free_slots);
	tcase_add_test(t, random_parts);
	tcase_add_test(t, random_records);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
