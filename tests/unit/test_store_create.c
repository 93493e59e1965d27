/* Certificates: placing, pairing, chains, trust anchors, reading back, destroying. */
#include <config.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/store/spki.h"
#include "tests/unit/test_store_host.h"

static const uint8_t id20[20] = { 0xB1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18,
	19, 20 };

static CK_OBJECT_HANDLE pub, priv, cert;
static EVP_PKEY *ca;
static struct buf der, spki;

static void
start(void)
{
	host_start();
	ca = host_key("P-256");
}

static void
end(void)
{
	EVP_PKEY_free(ca);
	buf_free(&der);
	buf_free(&spki);
	host_end();
}

/* A certificate of our authority for the chip's key. */
static void
certify(CK_OBJECT_HANDLE h, size_t pad)
{
	host_chip_spki(h, &spki);
	host_cert(&spki, "device", "CA", ca, false, pad, &der);
}

static void
certify_stranger(const char *curve)
{
	EVP_PKEY *k = host_key(curve);

	host_spki(k, &spki);
	host_cert(&spki, "stranger", "CA", ca, false, 0, &der);
	EVP_PKEY_free(k);
}

static bool
is_at(CK_OBJECT_HANDLE h, unsigned oid)
{
	const uint8_t be[] = { (uint8_t)(oid >> 8), (uint8_t)oid };

	return host_is(h, CKA_OPTIGA_OID, be, 2);
}

static const struct {
	enum chip_alg alg;
	unsigned key, cert;
} defaults[] = {
	{ CHIP_ALG_P256, 0xE0F1, 0xE0E1 },
	{ CHIP_ALG_P384, 0xE0F2, 0xE0E2 },
	{ CHIP_ALG_P521, 0xE0F3, 0xE0E3 },
	{ CHIP_ALG_RSA1024, 0xE0FC, 0xE0E2 },
	{ CHIP_ALG_RSA2048, 0xE0FD, 0xE0E3 },
};

START_TEST(default_slots)
{
	const uint8_t id[] = { (uint8_t)(defaults[_i].key >> 8), (uint8_t)defaults[_i].key };
	struct buf raw = BUF_INIT;

	ck_assert_int_eq(host_generate(defaults[_i].alg, id, 2, "pair", &pub, &priv), 0);
	certify(pub, 0);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert(is_at(cert, defaults[_i].cert));
	for (int again = 0; again < 2; again++) {
		ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, id, 2), 1);
		cert = host_found[0];
		ck_assert(host_is(cert, CKA_VALUE, der.data, der.len));
		ck_assert(host_is(cert, CKA_LABEL, "pair", 4));
		ck_assert_uint_eq(host_ulong(cert, CKA_CERTIFICATE_CATEGORY), 1);
		ck_assert(!host_bool(cert, CKA_TRUSTED));
		ck_assert(host_bool(cert, CKA_DESTROYABLE));
		host_again();
	}
	/* C0, length, length, length, DER. */
	ck_assert_int_eq(
	    chip_data_read(host_chip(), (uint16_t)defaults[_i].cert, 0, 1728, &raw), 0);
	ck_assert_uint_eq(raw.len, der.len + 9);
	ck_assert_uint_eq(raw.data[0], 0xC0);
	ck_assert_uint_eq((raw.data[1] << 8 | raw.data[2]), der.len + 6);
	ck_assert_uint_eq((raw.data[4] << 8 | raw.data[5]), der.len + 3);
	ck_assert_uint_eq((raw.data[7] << 8 | raw.data[8]), der.len);
	ck_assert_mem_eq(raw.data + 9, der.data, der.len);
	buf_free(&raw);
}
END_TEST

START_TEST(taken_slot_gives_way)
{
	ck_assert_int_eq(host_generate(CHIP_ALG_RSA1024, "\xE0\xFC", 2, NULL, &pub, &priv), 0);
	certify(pub, 0);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert(is_at(cert, 0xE0E2));
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, "\xE0\xF2", 2, NULL, &pub, &priv), 0);
	certify(pub, 0);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert(is_at(cert, 0xE0E3));
	ck_assert(host_is(cert, CKA_ID, "\xE0\xF2", 2));
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, "\xE0\xF3", 2, NULL, &pub, &priv), 0);
	certify(pub, 0);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert(is_at(cert, 0xE0E1));
	ck_assert(host_is(cert, CKA_ID, "\xE0\xF3", 2));
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, "\xE0\xF1", 2, NULL, &pub, &priv), 0);
	certify(pub, 0);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), STORE_EFULL);
	host_again();
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xF2", 2), 1);
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xFC", 2), 1);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 4);
}
END_TEST

START_TEST(same_again_succeeds_renewal_does_not)
{
	CK_OBJECT_HANDLE again;
	unsigned n;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), 0);
	certify(pub, 0);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	n = host_commands();
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &again), 0);
	ck_assert_uint_eq(again, cert);
	ck_assert_uint_le(host_commands() - n, 4); /* reading other slots, no writing */
	ck_assert_int_eq(host_create(&der, NULL, 0, "named", false, &again), 0);
	ck_assert_uint_eq(again, cert);
	ck_assert(host_is(cert, CKA_LABEL, "named", 5));
	certify(pub, 0); /* another serial number */
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &again), STORE_EPROHIBITED);
	ck_assert_int_eq(store_destroy(st, cert), 0);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &again), 0);
	ck_assert_uint_ne(again, cert);
	ck_assert(host_is(again, CKA_LABEL, "e0f1", 4)); /* the old one's label went with it */
}
END_TEST

/* NSS sets an ID of its own on both keys, then imports a certificate with that ID. */
START_TEST(ids_of_pairs_are_one)
{
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), 0);
	certify(pub, 0);
	ck_assert_int_eq(host_create(&der, id20, 20, "nick", false, &cert), 0);
	ck_assert(host_is(cert, CKA_ID, id20, 20));
	ck_assert(host_is(priv, CKA_ID, id20, 20));
	ck_assert(host_is(pub, CKA_ID, id20, 20));
	ck_assert(host_is(cert, CKA_LABEL, "nick", 4));
	ck_assert(host_is(priv, CKA_LABEL, "e0f1", 4));
	/* A key that somebody named keeps its name. */
	ck_assert_int_eq(store_destroy(st, cert), 0);
	ck_assert_int_eq(host_create(&der, "other", 5, NULL, false, &cert), 0);
	ck_assert(host_is(cert, CKA_ID, id20, 20));
	/* Changed on one, changed on all. */
	ck_assert_int_eq(host_set(cert, CKA_ID, "shared", 6), 0);
	ck_assert(host_is(priv, CKA_ID, "shared", 6));
	ck_assert_int_eq(host_set(priv, CKA_ID, "again", 5), 0);
	ck_assert(host_is(cert, CKA_ID, "again", 5));
	ck_assert_int_eq(host_set(cert, CKA_LABEL, "mine", 4), 0);
	ck_assert(host_is(priv, CKA_LABEL, "e0f1", 4));
	host_again();
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "again", 5), 1);
	ck_assert(host_is(host_found[0], CKA_LABEL, "mine", 4));
}
END_TEST

/* A key that was asked for by its slot keeps that name. */
START_TEST(slot_name_is_kept)
{
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, "\xE0\xF1", 2, NULL, &pub, &priv), 0);
	certify(pub, 0);
	ck_assert_int_eq(host_create(&der, id20, 20, NULL, false, &cert), 0);
	ck_assert(host_is(cert, CKA_ID, "\xE0\xF1", 2));
	ck_assert(host_is(priv, CKA_ID, "\xE0\xF1", 2));
}
END_TEST

/* Where the name finds no room, the certificate is not written either. */
START_TEST(no_room_for_names)
{
	ck_assert_int_eq(
	    chip_data_write(host_chip(), 0xF1D8, 0, (const uint8_t *)"mine", 4, CHIP_ERASE_WRITE),
	    0);
	certify_stranger("P-256");
	ck_assert_int_eq(host_create(&der, "\xE0\xE1", 2, "name", false, &cert), STORE_EFULL);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 1);
	ck_assert_int_eq(host_create(&der, "\xE0\xE1", 2, NULL, false, &cert), 0);
	ck_assert_int_eq(host_set(cert, CKA_LABEL, "name", 4), STORE_EFULL);
	ck_assert_int_eq(store_destroy(st, cert), 0);
}
END_TEST

START_TEST(strangers_need_a_place)
{
	certify_stranger("P-256");
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), STORE_ETEMPLATE);
	ck_assert_int_eq(host_create(&der, id20, 20, NULL, false, &cert), STORE_EPROHIBITED);
	ck_assert_int_eq(host_create(&der, "\xF1\xD0", 2, NULL, false, &cert), STORE_EPROHIBITED);
	ck_assert_int_eq(host_create(&der, "\xE0\xE8", 2, NULL, false, &cert), STORE_EPROHIBITED);
	/* E0E0 holds the factory's. */
	ck_assert_int_eq(host_create(&der, "\xE0\xE0", 2, NULL, false, &cert), STORE_EPROHIBITED);
	ck_assert_int_eq(host_create(&der, "\xE0\xF1", 2, NULL, false, &cert), 0);
	ck_assert(is_at(cert, 0xE0E1));
	ck_assert(host_is(cert, CKA_ID, "\xE0\xE1", 2));
	ck_assert(host_is(cert, CKA_LABEL, "e0e1", 4));
	ck_assert_uint_eq(host_ulong(cert, CKA_CERTIFICATE_CATEGORY), 0);
	ck_assert_int_eq(host_set(cert, CKA_ID, "orphan", 6), 0);
	ck_assert(host_is(cert, CKA_ID, "orphan", 6));
	certify_stranger(NULL);
	ck_assert_int_eq(host_create(&der, "\xE0\xE2", 2, "rsa", false, &cert), 0);
	ck_assert(is_at(cert, 0xE0E2));
	certify_stranger(
	    "secp256k1"); /* the chip has no such keys; a certificate is a certificate */
	ck_assert_int_eq(host_create(&der, "\xE0\xE3", 2, NULL, false, &cert), 0);
	ck_assert_int_eq(host_create(&der, "\xE0\xE3", 2, NULL, false, &cert), 0);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 4);
}
END_TEST

START_TEST(certificates_of_other_keys_are_refused)
{
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, "\xE0\xF1", 2, NULL, &pub, &priv), 0);
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, "\xE0\xF2", 2, NULL, &pub, &priv), 0);
	certify_stranger("P-256");
	ck_assert_int_eq(host_create(&der, "\xE0\xE1", 2, NULL, false, &cert), STORE_EPROHIBITED);
	ck_assert_int_eq(host_create(&der, "\xE0\xF1", 2, NULL, false, &cert), STORE_EPROHIBITED);
	ck_assert_int_eq(host_create(&der, "\xE0\xF2", 2, NULL, false, &cert), STORE_EPROHIBITED);
	certify(pub, 0); /* of E0F2 */
	ck_assert_int_eq(host_create(&der, "\xE0\xF1", 2, NULL, false, &cert), STORE_EPROHIBITED);
	ck_assert_int_eq(host_create(&der, "\xE0\xE1", 2, NULL, false, &cert), STORE_EPROHIBITED);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 1);
	ck_assert_int_eq(host_create(&der, "\xE0\xE3", 2, NULL, false, &cert), 0);
	ck_assert(is_at(cert, 0xE0E3));
	ck_assert(host_is(cert, CKA_ID, "\xE0\xF2", 2));
}
END_TEST

/* A key that nobody recorded: two signatures find it for its certificate. */
START_TEST(found_key_gets_its_certificate)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P384);
	struct buf pk = BUF_INIT;

	ck_assert_int_eq(chip_keypair(host_chip(), 0xE0F3, CHIP_ALG_P384, 0x10, &pk), 0);
	ck_assert_int_eq(spki_from_record(pk.data, pk.len, kt, &spki), 0);
	host_cert(&spki, "device", "CA", ca, false, 0, &der);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert(is_at(cert, 0xE0E3));
	ck_assert(host_is(cert, CKA_ID, "\xE0\xF3", 2));
	buf_free(&pk);
}
END_TEST

START_TEST(sizes)
{
	struct buf raw = BUF_INIT;
	size_t pad;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), 0);
	/* More than one command can hold, up to the last byte of the object, and beyond. */
	certify(pub, 1000);
	for (pad = 1000 + 1719 - der.len; der.len > 1719 || der.len < 1715; pad--)
		certify(pub, pad);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert(host_is(cert, CKA_VALUE, der.data, der.len));
	host_again();
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xF1", 2), 1);
	ck_assert(host_is(host_found[0], CKA_VALUE, der.data, der.len));
	ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 1);
	ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, "\xE0\xF1", 2), 1);
	certify(host_found[0], pad + 40);
	ck_assert_uint_gt(der.len, 1719);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), STORE_EATTR_VALUE);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 1);
	ck_assert_int_eq(chip_data_read(host_chip(), 0xE0E1, 0, 1728, &raw), 0);
	for (size_t i = 0; i < raw.len; i++)
		ck_assert_uint_eq(raw.data[i], 0);
	buf_free(&raw);
}
END_TEST

START_TEST(chains)
{
	EVP_PKEY *root = host_key("P-256");
	struct buf ca_der = BUF_INIT, root_der = BUF_INIT, big = BUF_INIT;
	CK_OBJECT_HANDLE leaf, issuer, top;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "leaf", &pub, &priv), 0);
	certify(pub, 0);
	host_spki(ca, &spki);
	host_cert(&spki, "CA", "root", root, true, 0, &ca_der);
	host_cert(&spki, "CA", "root", root, true, 1200, &big);
	host_spki(root, &spki);
	host_cert(&spki, "root", "root", root, true, 0, &root_der);

	ck_assert_int_eq(host_create(&ca_der, NULL, 0, NULL, false, &issuer), STORE_ETEMPLATE);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &leaf), 0);
	ck_assert_int_eq(host_create(&root_der, NULL, 0, NULL, false, &top), STORE_ETEMPLATE);
	ck_assert_int_eq(host_create(&ca_der, NULL, 0, NULL, false, &issuer), 0);
	ck_assert_int_eq(host_create(&root_der, NULL, 0, "the root", false, &top), 0);
	ck_assert(is_at(issuer, 0xE0E1));
	ck_assert(is_at(top, 0xE0E1));
	ck_assert(host_is(leaf, CKA_ID, "\xE0\xF1", 2));
	ck_assert(host_is(issuer, CKA_ID, "\xE0\xE1\x01", 3));
	ck_assert(host_is(issuer, CKA_LABEL, "e0e1-1", 6));
	ck_assert(host_is(top, CKA_LABEL, "the root", 8));
	ck_assert_uint_eq(host_ulong(issuer, CKA_CERTIFICATE_CATEGORY), 2);
	ck_assert(host_is(issuer, CKA_VALUE, ca_der.data, ca_der.len));
	ck_assert_int_eq(host_create(&ca_der, NULL, 0, NULL, false, &issuer), 0);
	host_again();
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 4);
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xE1\x02", 3), 1);
	ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 3);
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xF1", 2), 1);
	leaf = host_found[0];
	ck_assert(host_is(leaf, CKA_VALUE, der.data, der.len));
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xE1\x01", 3), 1);
	ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
	ck_assert_int_eq(host_create(&big, NULL, 0, NULL, false, &issuer), STORE_ETEMPLATE);
	/* The names differ by the padding: an issuer by name and signature, or none. */
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xF1", 2), 1);
	ck_assert_uint_eq(host_found[0], leaf);
	ck_assert_int_eq(host_create(&ca_der, NULL, 0, NULL, false, &issuer), 0);
	ck_assert_int_eq(store_destroy(st, leaf), 0); /* takes its chain along */
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 1);
	buf_free(&ca_der);
	buf_free(&root_der);
	buf_free(&big);
	EVP_PKEY_free(root);
}
END_TEST

/* The same issuer behind two leafs: the ID of the key, or of the object, says whose chain is meant.
 */
START_TEST(one_issuer_in_several_chains)
{
	EVP_PKEY *root = host_key("P-256");
	struct buf ca_der = BUF_INIT;
	CK_OBJECT_HANDLE leaf, issuer;

	host_spki(ca, &spki);
	host_cert(&spki, "CA", "root", root, true, 0, &ca_der);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "leaf", &pub, &priv), 0);
		certify(pub, 0);
		ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &leaf), 0);
	}
	ck_assert_int_eq(host_create(&ca_der, "\xE0\xF1", 2, NULL, false, &issuer), 0);
	ck_assert(is_at(issuer, 0xE0E1));
	ck_assert_int_eq(host_create(&ca_der, "\xE0\xF2", 2, NULL, false, &issuer), 0);
	ck_assert(is_at(issuer, 0xE0E2));
	ck_assert_int_eq(host_create(&ca_der, "\xE0\xE3", 2, NULL, false, &issuer), 0);
	ck_assert(is_at(issuer, 0xE0E3));
	/* And no more than once in each. */
	ck_assert_int_eq(host_create(&ca_der, "\xE0\xF2", 2, NULL, false, &issuer), 0);
	ck_assert_int_eq(host_create(&ca_der, NULL, 0, NULL, false, &issuer), 0);
	host_again();
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 1 + 3 + 3);
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xE2\x01", 3), 1);
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xE2\x02", 3), 0);
	buf_free(&ca_der);
	EVP_PKEY_free(root);
}
END_TEST

START_TEST(chain_that_does_not_fit)
{
	struct buf ca_der = BUF_INIT;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, "leaf", &pub, &priv), 0);
	certify(pub, 1000);
	host_spki(ca, &spki);
	host_cert(&spki, "CA", "CA", ca, true, 0, &ca_der);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert_int_eq(host_create(&ca_der, NULL, 0, NULL, false, &cert), STORE_EATTR_VALUE);
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xF1", 2), 1);
	ck_assert(host_is(host_found[0], CKA_VALUE, der.data, der.len));
	buf_free(&ca_der);
}
END_TEST

START_TEST(trust_anchors)
{
	struct buf ders[4], raw = BUF_INIT;
	static const unsigned where[] = { 0xE0E8, 0xE0E9, 0xE0EF };
	CK_OBJECT_HANDLE again;

	host_spki(ca, &spki);
	for (unsigned i = 0; i < 4; i++) {
		ders[i] = (struct buf)BUF_INIT;
		host_cert(&spki, "CA", "CA", ca, true, 0, &ders[i]);
	}
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_int_eq(host_create(&ders[i], NULL, 0, NULL, true, &cert), 0);
		ck_assert(is_at(cert, where[i]));
		ck_assert(host_bool(cert, CKA_TRUSTED));
		ck_assert_uint_eq(host_ulong(cert, CKA_CERTIFICATE_CATEGORY), 2);
		ck_assert_int_eq(host_create(&ders[i], NULL, 0, NULL, true, &again), 0);
		ck_assert_uint_eq(again, cert);
		buf_reset(&raw);
		ck_assert_int_eq(chip_data_read(host_chip(), (uint16_t)where[i], 0, 1200, &raw), 0);
		ck_assert_uint_eq(raw.len, ders[i].len);
		ck_assert_mem_eq(raw.data, ders[i].data, raw.len);
	}
	ck_assert_int_eq(host_create(&ders[3], NULL, 0, NULL, true, &cert), STORE_EFULL);
	ck_assert_int_eq(
	    host_create(&ders[3], "\xE0\xE9", 2, NULL, true, &cert), STORE_EPROHIBITED);
	ck_assert_int_eq(
	    host_create(&ders[3], "\xE0\xE1", 2, NULL, true, &cert), STORE_EATTR_VALUE);
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xE9", 2), 1);
	ck_assert_int_eq(host_set(host_found[0], CKA_LABEL, "anchor", 6), 0);
	ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
	ck_assert_int_eq(host_create(&ders[3], "\xE0\xE9", 2, NULL, true, &cert), 0);
	ck_assert(host_is(cert, CKA_LABEL, "e0e9", 4));
	host_cert(&spki, "CA", "CA", ca, true, 1000, &ders[0]);
	ck_assert_int_eq(store_destroy(st, cert), 0);
	ck_assert_int_eq(host_create(&ders[0], NULL, 0, NULL, true, &cert), STORE_EATTR_VALUE);
	for (unsigned i = 0; i < 4; i++)
		buf_free(&ders[i]);
	buf_free(&raw);
}
END_TEST

/* The key goes, its certificate stays until it is destroyed itself. */
START_TEST(orphans_stay)
{
	CK_OBJECT_HANDLE pub2, priv2;

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), 0);
	certify(pub, 0);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert_int_eq(store_destroy(st, priv), 0);
	ck_assert(host_is(cert, CKA_VALUE, der.data, der.len));
	ck_assert(host_is(cert, CKA_ID, "\xE0\xE1", 2));
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub2, &priv2), 0);
	ck_assert(host_is(cert, CKA_ID, "\xE0\xE1", 2));
	host_again();
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xE1", 2), 1);
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xF1", 2), 0);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF1", 2), 1);
	/* The new key's certificate goes elsewhere. */
	host_chip_spki(host_found[0], &spki);
	host_cert(&spki, "device", "CA", ca, false, 0, &der);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert(is_at(cert, 0xE0E3));
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xE1", 2), 1);
	ck_assert_int_eq(store_destroy(st, host_found[0]), 0);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 2);
}
END_TEST

START_TEST(locked_objects_are_left_alone)
{
	static const uint8_t lock[] = { 0xC0, 0x01, 0x07 };

	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xF0", 2), 1);
	cert = host_found[0];
	ck_assert(!host_bool(cert, CKA_DESTROYABLE));
	ck_assert_int_eq(store_destroy(st, cert), STORE_EPROHIBITED);
	ck_assert_uint_eq(host_find_id(CKO_PRIVATE_KEY, "\xE0\xF0", 2), 1);
	ck_assert_int_eq(store_destroy(st, host_found[0]), STORE_EPROHIBITED);

	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), 0);
	certify(pub, 0);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert_int_eq(chip_meta_write(host_chip(), 0xE0F1, lock, sizeof(lock)), 0);
	ck_assert_int_eq(chip_meta_write(host_chip(), 0xE0E1, lock, sizeof(lock)), 0);
	ck_assert_int_eq(chip_meta_write(host_chip(), 0xE0F2, lock, sizeof(lock)), 0);
	ck_assert_int_eq(chip_meta_write(host_chip(), 0xE0E3, lock, sizeof(lock)), 0);
	ck_assert_int_eq(store_destroy(st, cert), STORE_EPROHIBITED);
	ck_assert_int_eq(store_destroy(st, priv), STORE_EPROHIBITED);
	ck_assert(!host_bool(priv, CKA_DESTROYABLE));
	ck_assert_uint_eq(host_ulong(priv, CKA_OPTIGA_LIFE_CYCLE), 7);
	/* Names are no secret of the chip's: they can still be given. */
	ck_assert_int_eq(host_set(priv, CKA_LABEL, "locked", 6), 0);
	ck_assert_int_eq(
	    host_generate(CHIP_ALG_P256, "\xE0\xF2", 2, NULL, &pub, &priv), STORE_EPROHIBITED);
	ck_assert_int_eq(host_generate(CHIP_ALG_P256, NULL, 0, NULL, &pub, &priv), 0);
	ck_assert(is_at(priv, 0xE0F3));
	certify(pub, 0);
	ck_assert_int_eq(host_create(&der, "\xE0\xE3", 2, NULL, false, &cert), STORE_EPROHIBITED);
	ck_assert_int_eq(host_create(&der, NULL, 0, NULL, false, &cert), 0);
	ck_assert(is_at(cert, 0xE0E2));
}
END_TEST

START_TEST(both_forms_are_read)
{
	const struct chip_keytype *kt = chip_keytype_by_alg(CHIP_ALG_P256);
	struct buf pk = BUF_INIT;

	ck_assert_int_eq(chip_keypair(host_chip(), 0xE0F1, CHIP_ALG_P256, 0x10, &pk), 0);
	ck_assert_int_eq(spki_from_record(pk.data, pk.len, kt, &spki), 0);
	host_cert(&spki, "device", "CA", ca, false, 0, &der);
	/* A plain write leaves what was there before behind it. */
	ck_assert_int_eq(chip_data_write(host_chip(), 0xE0E1, 0, der.data, der.len, CHIP_WRITE), 0);
	ck_assert_uint_eq(host_find_id(CKO_CERTIFICATE, "\xE0\xF1", 2), 1);
	ck_assert(host_is(host_found[0], CKA_VALUE, der.data, der.len));
	/* No record and no signature needed for the public key: the certificate has it. */
	ck_assert_uint_eq(host_find_id(CKO_PUBLIC_KEY, "\xE0\xF1", 2), 1);
	ck_assert(host_is(host_found[0], CKA_PUBLIC_KEY_INFO, spki.data, spki.len));
	buf_free(&pk);
}
END_TEST

START_TEST(templates_are_checked)
{
	CK_OBJECT_CLASS cls = CKO_CERTIFICATE, other = CKO_PUBLIC_KEY;
	CK_CERTIFICATE_TYPE attr_cert = CKC_X_509_ATTR_CERT;
	CK_BBOOL no = CK_FALSE;
	char longer[40] = "";
	CK_ATTRIBUTE t[4];

	certify_stranger("P-256");
	t[0] = (CK_ATTRIBUTE){ CKA_VALUE, der.data, der.len };
	ck_assert_int_eq(store_create(st, t, 1, &cert), STORE_ETEMPLATE);
	t[1] = (CK_ATTRIBUTE){ CKA_CLASS, &other, sizeof(other) };
	ck_assert_int_eq(store_create(st, t, 2, &cert), STORE_ECONFLICT);
	t[1] = (CK_ATTRIBUTE){ CKA_CLASS, &cls, sizeof(cls) };
	ck_assert_int_eq(store_create(st, t + 1, 1, &cert), STORE_ETEMPLATE);
	t[2] = (CK_ATTRIBUTE){ CKA_CERTIFICATE_TYPE, &attr_cert, sizeof(attr_cert) };
	ck_assert_int_eq(store_create(st, t, 3, &cert), STORE_EATTR_VALUE);
	t[2] = (CK_ATTRIBUTE){ CKA_TOKEN, &no, 1 };
	ck_assert_int_eq(store_create(st, t, 3, &cert), STORE_EATTR_VALUE);
	t[2] = (CK_ATTRIBUTE){ CKA_MODULUS, &no, 1 };
	ck_assert_int_eq(store_create(st, t, 3, &cert), STORE_EATTR_TYPE);
	t[2] = (CK_ATTRIBUTE){ CKA_ID, longer, 33 };
	ck_assert_int_eq(store_create(st, t, 3, &cert), STORE_EATTR_VALUE);
	t[0].ulValueLen--;
	ck_assert_int_eq(store_create(st, t, 2, &cert), STORE_EATTR_VALUE);
	t[0].pValue = NULL;
	ck_assert_int_eq(store_create(st, t, 2, &cert), STORE_EATTR_VALUE);
	ck_assert_uint_eq(host_find_class(CKO_CERTIFICATE), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("store_create");
	TCase *t = tcase_create("certificates");
	SRunner *sr;
	int failed;

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, start, end);
	tcase_add_loop_test(t, default_slots, 0, (int)NITEMS(defaults));
	tcase_add_test(t, taken_slot_gives_way);
	tcase_add_test(t, same_again_succeeds_renewal_does_not);
	tcase_add_test(t, ids_of_pairs_are_one);
	tcase_add_test(t, slot_name_is_kept);
	tcase_add_test(t, no_room_for_names);
	tcase_add_test(t, strangers_need_a_place);
	tcase_add_test(t, certificates_of_other_keys_are_refused);
	tcase_add_test(t, found_key_gets_its_certificate);
	tcase_add_test(t, sizes);
	tcase_add_test(t, chains);
	tcase_add_test(t, one_issuer_in_several_chains);
	tcase_add_test(t, chain_that_does_not_fit);
	tcase_add_test(t, trust_anchors);
	tcase_add_test(t, orphans_stay);
	tcase_add_test(t, locked_objects_are_left_alone);
	tcase_add_test(t, both_forms_are_read);
	tcase_add_test(t, templates_are_checked);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
