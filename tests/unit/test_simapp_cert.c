/*
 * Certificates that OpenSSL makes, as the simulated chip reads them in VerifySign and EncryptAsym:
 * every kind of key, key usage, the forms that it refuses. Item CMD-44 of the conformance list.
 */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "hal/base/err.h"
#include "hal/sim/crypto.h"
#include "tests/unit/simapp_rig.h"

#define DIGEST "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"

static const struct {
	uint8_t alg;
	const char *type, *name;
	const EVP_MD *(*md)(void);
} kinds[] = {
	{ ALG_P256, "EC", "P-256", EVP_sha256 },
	{ ALG_P384, "EC", "P-384", EVP_sha384 },
	{ ALG_P521, "EC", "P-521", EVP_sha512 },
	{ ALG_BP256, "EC", "brainpoolP256r1", EVP_sha256 },
	{ ALG_BP384, "EC", "brainpoolP384r1", EVP_sha384 },
	{ ALG_BP512, "EC", "brainpoolP512r1", EVP_sha512 },
	{ ALG_RSA1024, "RSA", NULL, EVP_sha256 },
	{ ALG_RSA2048, "RSA", NULL, EVP_sha384 },
};

static EVP_PKEY *
make_key(size_t i)
{
	if (kinds[i].name != NULL)
		return EVP_PKEY_Q_keygen(NULL, NULL, "EC", kinds[i].name);
	return EVP_PKEY_Q_keygen(
	    NULL, NULL, "RSA", (size_t)(kinds[i].alg == ALG_RSA1024 ? 1024 : 2048));
}

static void
extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(X509_add_ext(x, e, -1), 1);
	X509_EXTENSION_free(e);
}

/* Self-signed, into E0E8. usage NULL: no such extension; name_len: of the subject. */
static void
put_certificate(EVP_PKEY *key, const EVP_MD *md, const char *usage, int name_len, long version)
{
	X509 *x = X509_new();
	uint8_t *der = NULL, name[2048];
	char hex[2 * 2048];
	int n;

	memset(name, 'x', sizeof(name));
	(void)X509_set_version(x, version);
	(void)ASN1_INTEGER_set(X509_get_serialNumber(x), 4711);
	(void)X509_gmtime_adj(X509_getm_notBefore(x), 0);
	(void)X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	for (int at = 0; at < name_len; at += 60)
		(void)X509_NAME_add_entry_by_NID(X509_get_subject_name(x),
		    NID_organizationalUnitName, MBSTRING_ASC, name,
		    name_len - at < 60 ? name_len - at : 60, -1, 0);
	(void)X509_set_issuer_name(x, X509_get_subject_name(x));
	(void)X509_set_pubkey(x, key);
	if (version == 2) {
		extend(x, NID_basic_constraints, "critical,CA:TRUE,pathlen:1");
		extend(x, NID_ext_key_usage, "clientAuth");
		if (usage != NULL)
			extend(x, NID_key_usage, usage);
	}
	ck_assert_int_gt(X509_sign(x, key, md), 0);
	n = i2d_X509(x, &der);
	ck_assert_int_gt(n, 0);
	ck_assert_int_lt(n, 1549);
	(void)snprintf(hex, sizeof(hex), "%s", rig_hex(der, (size_t)n));
	ok("8240", text("E0E10000%s", hex), "");
	OPENSSL_free(der);
	X509_free(x);
}

/* OpenSSL's signature in the chip's form, without the SEQUENCE. */
static const char *
sign(EVP_PKEY *key, bool ec)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t digest[32], sig[256];
	size_t n = sizeof(sig), head = 0;

	(void)rig_unhex(DIGEST, digest, sizeof(digest));
	ck_assert_int_eq(EVP_PKEY_sign_init(ctx), 1);
	if (!ec)
		ck_assert_int_eq(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
	ck_assert_int_eq(EVP_PKEY_sign(ctx, sig, &n, digest, sizeof(digest)), 1);
	if (ec)
		head = sig[1] < 0x80 ? 2 : 3;
	EVP_PKEY_CTX_free(ctx);
	return text("02%04X%s", (unsigned)(n - head), rig_hex(sig + head, n - head));
}

START_TEST(cmd_44_every_kind_of_key)
{
	EVP_PKEY *key = make_key((size_t)_i), *other = make_key((size_t)_i);
	const bool ec = kinds[_i].name != NULL;
	const char *head = ec ? "B211" : "B201";

	for (unsigned u = 0; u < 3; u++) {
		static const char *const usages[] = { NULL, "digitalSignature", "keyCertSign" };

		put_certificate(key, kinds[_i].md(), usages[u], 20, 2);
		ok(head, text("010020" DIGEST " %s 040002E0E1", sign(key, ec)), "");
		refused(head, text("010020" DIGEST " %s 040002E0E1", sign(other, ec)),
		    CHIP_E_SIGNATURE);
	}
	put_certificate(key, kinds[_i].md(), "keyEncipherment", 20, 2);
	refused(head, text("010020" DIGEST " %s 040002E0E1", sign(key, ec)), CHIP_E_UNSUPPORTED_ID);
	if (ec)
		refused("9E11", "610001AA 040002E0E1", CHIP_E_CERT_UNSUPPORTED);
	EVP_PKEY_free(other);
	EVP_PKEY_free(key);
}
END_TEST

/* Which usage allows what to be encrypted. */
START_TEST(cmd_44_encryption)
{
	static const struct {
		const char *usage;
		bool data, session;
	} rows[] = { { NULL, true, true }, { "keyEncipherment", true, true },
		{ "dataEncipherment", true, false },
		{ "digitalSignature,keyCertSign", false, false } };
	EVP_PKEY *key = make_key(6);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
	uint8_t out[128];
	size_t n = sizeof(out);

	ok("8C04", "0020E100410000", "");
	for (size_t i = 0; i < NITEMS(rows); i++) {
		put_certificate(key, EVP_sha256(), rows[i].usage, 20, 2);
		ck_assert(succeeds("9E11", "020002E100 040002E0E1") == rows[i].session);
		ck_assert(succeeds("9E11", "610003010203 040002E0E1") == rows[i].data);
		if (!rows[i].data)
			continue;
		ck_assert_int_eq(EVP_PKEY_decrypt_init(ctx), 1);
		ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING), 1);
		n = sizeof(out);
		ck_assert_int_eq(EVP_PKEY_decrypt(ctx, out, &n, rig.rsp + 7, 128), 1);
		ck_assert_str_eq(rig_hex(out, n), "010203");
	}
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(cmd_44_what_is_refused)
{
	EVP_PKEY *key = make_key(0);
	const char *in;

	put_certificate(key, EVP_sha256(), "digitalSignature", 20, 0); /* version 1 */
	in = text("010020" DIGEST " %s 040002E0E1", sign(key, true));
	refused("B211", in, CHIP_E_CERT_FORMAT);
	put_certificate(key, EVP_sha256(), "digitalSignature", 0, 2); /* nobody issued it */
	refused("B211", in, CHIP_E_CERT_FORMAT);
	put_certificate(key, EVP_sha1(), "digitalSignature", 20, 2);
	refused("B211", in, CHIP_E_CERT_UNSUPPORTED);
	put_certificate(key, EVP_sha256(), "digitalSignature", 400, 2); /* twice a long name */
	ok("B211", in, "");
	put_certificate(key, EVP_sha256(), "digitalSignature", 500, 2);
	refused("B211", in, CHIP_E_CERT_UNSUPPORTED); /* above 1300 bytes */
	EVP_PKEY_free(key);
	key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "secp256k1");
	put_certificate(key, EVP_sha256(), "digitalSignature", 20, 2);
	refused("B211", in, CHIP_E_CERT_UNSUPPORTED);
	EVP_PKEY_free(key);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("simulated application: certificates");
	TCase *tc = tcase_create("certificates");

	tcase_add_checked_fixture(tc, rig_setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, cmd_44_every_kind_of_key, 0, (int)NITEMS(kinds));
	tcase_add_test(tc, cmd_44_encryption);
	tcase_add_test(tc, cmd_44_what_is_refused);
	suite_add_tcase(s, tc);
	return rig_main(s);
}
