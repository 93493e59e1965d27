/* Requests, and what is checked of certificates. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "provision/cert.h"
#include "provision/csr.h"
#include "tests/unit/test_prov_util.h"

static struct config *
config_of(const char *key, const char *alg, const char *hash)
{
	char text[2048];
	struct config *c;

	(void)snprintf(text, sizeof(text),
	    "{ \"csr_config\": { \"certificate_info\": { \"country_name\": \"DE\", "
	    "\"organization_name\": \"Stra\\u00dfe\", \"common_name\": \"a, b\" }, "
	    "\"key_info\": %s, \"signature_info\": { \"algorithm_id\": \"%s\", \"parameters\": "
	    "{ \"hash_alg\": \"%s\" } } } }",
	    key, alg, hash);
	scratch_write("c.jsn", text);
	c = config_load(scratch_file("c.jsn"));
	ck_assert_msg(c != NULL, "%s", said());
	said_clear();
	return c;
}

#define EC(curve)                                                                                  \
	"{ \"algorithm_id\": \"ec\", \"parameters\": { \"curve\": \"" curve                        \
	"\", \"slot\": \"second\" } }"
#define RSA                                                                                        \
	"{ \"algorithm_id\": \"rsa\", \"parameters\": { \"key_size\": 2048, \"slot\": \"five\" } " \
	"}"

static const struct {
	const char *key, *alg, *hash;
	const char *group; /* NULL: RSA */
	int nid;
} kinds[] = {
	{ EC("secp256r1"), "ecdsa", "sha256", "P-256", NID_ecdsa_with_SHA256 },
	{ EC("secp384r1"), "ecdsa", "sha384", "P-384", NID_ecdsa_with_SHA384 },
	{ EC("secp521r1"), "ecdsa", "sha512", "P-521", NID_ecdsa_with_SHA512 },
	{ RSA, "rsassa", "sha256", NULL, NID_sha256WithRSAEncryption },
	{ RSA, "rsassa", "sha512", NULL, NID_sha512WithRSAEncryption },
};

static EVP_PKEY *
new_key(const char *group)
{
	EVP_PKEY *key = group != NULL ? EVP_EC_gen(group) : EVP_RSA_gen(2048);

	ck_assert_ptr_nonnull(key);
	return key;
}

static X509_REQ *
new_request(EVP_PKEY *key)
{
	struct config *c = config_of(EC("secp256r1"), "ecdsa", "sha256");
	X509_REQ *req = csr_make(c, key, key);

	ck_assert_ptr_nonnull(req);
	config_free(&c);
	return req;
}

START_TEST(requests_carry_what_was_configured)
{
	struct config *c = config_of(kinds[_i].key, kinds[_i].alg, kinds[_i].hash);
	EVP_PKEY *key = new_key(kinds[_i].group);
	X509_REQ *req = csr_make(c, key, key);
	STACK_OF(X509_EXTENSION) * ext;
	char *line;

	ck_assert_msg(req != NULL, "%s", said());
	ck_assert_int_eq(X509_REQ_verify(req, key), 1);
	ck_assert_int_eq(X509_REQ_get_signature_nid(req), kinds[_i].nid);
	line = name_line(X509_REQ_get_subject_name(req));
	ck_assert_str_eq(line, "C = DE, O = Stra\xC3\x9F"
			       "e, CN = \"a, b\"");
	free(line);
	ext = X509_REQ_get_extensions(req);
	ck_assert_int_eq(sk_X509_EXTENSION_num(ext), 3);
	for (int i = 0; i < 3; i++) {
		X509_EXTENSION *e = sk_X509_EXTENSION_value(ext, i);
		int nid = OBJ_obj2nid(X509_EXTENSION_get_object(e));

		ck_assert(nid == NID_basic_constraints || nid == NID_ext_key_usage ||
			  nid == NID_key_usage);
		ck_assert_int_eq(X509_EXTENSION_get_critical(e), nid == NID_key_usage);
	}
	sk_X509_EXTENSION_pop_free(ext, X509_EXTENSION_free);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	config_free(&c);
}
END_TEST

START_TEST(requests_of_our_own_format_carry_extensions_when_asked)
{
	EVP_PKEY *key = new_key("P-256");

	for (int asked = 0; asked < 2; asked++) {
		struct config *c = config_of(EC("secp256r1"), "ecdsa", "sha256");
		STACK_OF(X509_EXTENSION) * ext;
		X509_REQ *req;

		c->extensions = asked != 0;
		req = csr_make(c, key, key);
		ck_assert_ptr_nonnull(req);
		ext = X509_REQ_get_extensions(req);
		ck_assert_int_eq(sk_X509_EXTENSION_num(ext), asked ? 3 : 0);
		ck_assert_int_eq(X509_REQ_get_attr_count(req), asked);
		sk_X509_EXTENSION_pop_free(ext, X509_EXTENSION_free);
		X509_REQ_free(req);
		config_free(&c);
	}
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(a_request_for_another_public_key_is_not_made)
{
	struct config *c = config_of(EC("secp256r1"), "ecdsa", "sha256");
	EVP_PKEY *a = new_key("P-256"), *b = new_key("P-256");

	ck_assert_ptr_null(csr_make(c, a, b));
	ck_assert_ptr_nonnull(strstr(said(), "does not verify"));
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
	config_free(&c);
}
END_TEST

/* As many bytes of DER as a subject of the given length makes. */
static X509 *
cert_with(EVP_PKEY *key, int filler)
{
	X509 *cert = X509_new();
	char text[4096];

	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(X509_set_pubkey(cert, key), 1);
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(cert), 0));
	ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(cert), 1000));
	ck_assert_int_eq(X509_NAME_add_entry_by_NID(X509_get_subject_name(cert), NID_description,
			     MBSTRING_ASC, (unsigned char *)text, filler, -1, 0),
	    1);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	return cert;
}

START_TEST(files_without_one_certificate_are_refused)
{
	EVP_PKEY *key = new_key("P-256");
	X509_REQ *req = new_request(key);
	X509 *cert = cert_with(key, 10);
	char *pem = cert_pem(cert), *req_text = req_pem(req), twice[8192];

	scratch_write("x", "nothing");
	ck_assert_ptr_null(cert_read(scratch_file("x")));
	ck_assert_ptr_nonnull(strstr(said(), "no certificate in it"));
	ck_assert_ptr_null(req_read(scratch_file("x")));
	ck_assert_ptr_nonnull(strstr(said(), "no certificate request in it"));
	(void)snprintf(twice, sizeof(twice), "%s%s", pem, pem);
	scratch_write("x", twice);
	ck_assert_ptr_null(cert_read(scratch_file("x")));
	ck_assert_ptr_nonnull(strstr(said(), "more than one certificate"));
	scratch_write("x", req_text);
	X509_REQ_free(req);
	req = req_read(scratch_file("x"));
	ck_assert_ptr_nonnull(req);
	free(pem);
	free(req_text);
	X509_free(cert);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(certificates_that_do_not_fit_the_chip_are_named)
{
	EVP_PKEY *key = EVP_RSA_gen(2048); /* signatures of one length */
	X509 *cert = cert_with(key, 1000);
	int over = i2d_X509(cert, NULL) - 1000;

	X509_free(cert);
	/* Name lengths of these sizes are encoded in as many bytes. */
	cert = cert_with(key, 1728 - 9 - over);
	ck_assert_int_eq(i2d_X509(cert, NULL), 1728 - 9);
	ck_assert(cert_fits(cert, NULL));
	X509_free(cert);
	cert = cert_with(key, 1728 - 9 - over + 1);
	ck_assert(!cert_fits(cert, NULL));
	ck_assert_ptr_nonnull(strstr(said(), "has 1720 bytes; an object of the chip takes 1728"));
	X509_free(cert);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(keys_are_named_as_configurations_name_them)
{
	static const struct {
		const char *group, *name;
	} names[] = {
		{ "P-256", "secp256r1" },
		{ "P-384", "secp384r1" },
		{ "P-521", "secp521r1" },
		{ "brainpoolP256r1", "brainpoolP256r1" },
		{ NULL, "RSA-2048" },
	};
	char buf[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		EVP_PKEY *key = new_key(names[i].group);

		ck_assert_str_eq(key_name(key, buf, sizeof(buf)), names[i].name);
		if (names[i].group != NULL)
			ck_assert_str_eq(curve_by_name(buf)->name, names[i].name);
		EVP_PKEY_free(key);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("csr");
	int n = (int)(sizeof(kinds) / sizeof(kinds[0]));

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, requests_carry_what_was_configured, 0, n);
	tcase_add_test(tc, requests_of_our_own_format_carry_extensions_when_asked);
	tcase_add_test(tc, a_request_for_another_public_key_is_not_made);
	tcase_add_test(tc, files_without_one_certificate_are_refused);
	tcase_add_test(tc, certificates_that_do_not_fit_the_chip_are_named);
	tcase_add_test(tc, keys_are_named_as_configurations_name_them);
	return run_case("provision/csr", tc);
}
