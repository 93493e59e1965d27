/* CAs of the account's own and certificates of others, against the stand-in. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <check.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "provision/aws.h"
#include "tests/unit/test_aws_util.h"

static char *
pem_of(X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *out;
	long len;

	ck_assert_int_eq(PEM_write_bio_X509(bio, cert), 1);
	len = BIO_get_mem_data(bio, &data);
	out = strndup(data, (size_t)len);
	BIO_free(bio);
	return out;
}

/* By issuer's key, or its own. ca: with CA:TRUE. */
static X509 *
make_cert(const char *name, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, bool ca)
{
	static long serial = 1;
	X509 *cert = X509_new();
	X509_NAME *subject = X509_get_subject_name(cert);
	X509_EXTENSION *ext;

	ck_assert_int_eq(X509_set_version(cert, X509_VERSION_3), 1);
	ck_assert_int_eq(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++), 1);
	ck_assert_int_eq(X509_NAME_add_entry_by_txt(
			     subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0),
	    1);
	ck_assert_int_eq(
	    X509_set_issuer_name(cert, issuer != NULL ? X509_get_subject_name(issuer) : subject),
	    1);
	(void)X509_gmtime_adj(X509_getm_notBefore(cert), -60);
	(void)X509_gmtime_adj(X509_getm_notAfter(cert), 86400);
	ck_assert_int_eq(X509_set_pubkey(cert, key), 1);
	if (ca) {
		ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
		ck_assert_int_eq(X509_add_ext(cert, ext, -1), 1);
		X509_EXTENSION_free(ext);
	}
	ck_assert_int_gt(X509_sign(cert, issuer_key, EVP_sha256()), 0);
	return cert;
}

/* A CA and what comes of it. */
struct bed {
	struct standin s;
	struct aws *a;
	EVP_PKEY *key, *device_key;
	X509 *ca, *proof, *device;
	char *ca_pem, *proof_pem, *device_pem, code[65];
};

static void
bed_open(struct bed *b)
{
	standin_start(&b->s, "--page-size", "2", NULL);
	b->a = open_aws();
	b->key = EVP_EC_gen("P-256");
	b->device_key = EVP_EC_gen("P-256");
	ck_assert_int_eq(aws_registration_code(b->a, b->code), AWS_OK);
	ck_assert_uint_eq(strlen(b->code), 64);
	b->ca = make_cert("our CA", b->key, NULL, b->key, true);
	b->proof = make_cert(b->code, b->device_key, b->ca, b->key, false);
	b->device = make_cert("device", b->device_key, b->ca, b->key, false);
	b->ca_pem = pem_of(b->ca);
	b->proof_pem = pem_of(b->proof);
	b->device_pem = pem_of(b->device);
}

static void
bed_close(struct bed *b)
{
	X509_free(b->ca);
	X509_free(b->proof);
	X509_free(b->device);
	EVP_PKEY_free(b->key);
	EVP_PKEY_free(b->device_key);
	free(b->ca_pem);
	free(b->proof_pem);
	free(b->device_pem);
	aws_close(&b->a);
	standin_stop(&b->s);
}

static enum aws_result
register_one(struct bed *b, X509 *ca, X509 *proof, char id[65])
{
	char *ca_pem = pem_of(ca), *proof_pem = proof != NULL ? pem_of(proof) : NULL;
	enum aws_result res = aws_register_ca(
	    b->a, &(struct aws_ca_wanted){ .pem = ca_pem, .verification = proof_pem }, id);

	free(ca_pem);
	free(proof_pem);
	return res;
}

START_TEST(a_ca_is_registered)
{
	struct bed b;
	struct aws_ca ca;
	struct aws_ca_wanted w;
	char id[65], again[65];

	bed_open(&b);
	w = (struct aws_ca_wanted){ .pem = b.ca_pem, .verification = b.proof_pem };
	ck_assert_int_eq(aws_register_ca(b.a, &w, id), AWS_OK);
	ck_assert_int_eq(aws_register_ca(b.a, &w, again), AWS_EXISTS);
	ck_assert_str_eq(id, again);
	ck_assert_int_eq(aws_describe_ca(b.a, id, &ca), AWS_OK);
	ck_assert_str_eq(ca.id, id);
	ck_assert_str_eq(ca.pem, b.ca_pem);
	ck_assert_str_eq(ca.status, "ACTIVE");
	ck_assert(!ca.auto_registration && !ca.sni_only);
	ck_assert_ptr_null(ca.template_name);
	aws_ca_clear(&ca);
	ck_assert_int_eq(aws_update_ca(b.a, id, "INACTIVE", true, NULL), AWS_OK);
	ck_assert_int_eq(aws_describe_ca(b.a, id, &ca), AWS_OK);
	ck_assert_str_eq(ca.status, "INACTIVE");
	ck_assert(ca.auto_registration);
	aws_ca_clear(&ca);
	ck_assert_int_eq(aws_update_ca(b.a, id, "ACTIVE", true, NULL), AWS_OK);
	SAYS(aws_delete_ca(b.a, id), AWS_FAILED);
	heard("CertificateStateException");
	ck_assert_int_eq(aws_update_ca(b.a, id, "INACTIVE", false, NULL), AWS_OK);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(aws_delete_ca(b.a, id), AWS_OK);
	ck_assert_int_eq(aws_describe_ca(b.a, id, &ca), AWS_NOT_FOUND);
	/* Without a proof, for devices that send the name of the server; and with a lost answer. */
	w.verification = NULL;
	w.auto_registration = true;
	standin_faults(&b.s, "RegisterCACertificate:3:reset-after\n");
	SAYS(aws_register_ca(b.a, &w, again), AWS_EXISTS);
	ck_assert_str_eq(id, again);
	ck_assert_int_eq(aws_describe_ca(b.a, id, &ca), AWS_OK);
	ck_assert(ca.sni_only && ca.auto_registration);
	aws_ca_clear(&ca);
	bed_close(&b);
}
END_TEST

START_TEST(a_ca_must_be_one_and_be_ours)
{
	struct bed b;
	X509 *leaf, *other, *wrong_name, *wrong_key;
	char id[65];

	bed_open(&b);
	other = make_cert("other CA", b.device_key, NULL, b.device_key, true);
	leaf = make_cert("no CA", b.key, NULL, b.key, false);
	wrong_name = make_cert("another code", b.device_key, b.ca, b.key, false);
	wrong_key = make_cert(b.code, b.key, b.ca, b.device_key, false);
	SAYS(register_one(&b, leaf, NULL, id), AWS_FAILED);
	heard("CertificateValidationException: the CA certificate lacks basicConstraints");
	SAYS(register_one(&b, b.ca, wrong_name, id), AWS_FAILED);
	heard("RegistrationCodeValidationException");
	heard("hint: the verification certificate was made for another account");
	SAYS(register_one(&b, b.ca, wrong_key, id), AWS_FAILED);
	heard("not signed by the CA's key");
	SAYS(register_one(&b, other, b.proof, id), AWS_FAILED);
	heard("not signed by the CA's key");
	SAYS(aws_register_ca(b.a, &(struct aws_ca_wanted){ .pem = "no PEM" }, id), AWS_FAILED);
	heard("no PEM of one certificate");
	SAYS(aws_register_ca(
		 b.a, &(struct aws_ca_wanted){ .pem = b.ca_pem, .template_name = "none" }, id),
	    AWS_FAILED);
	heard("Provisioning template none does not exist");
	X509_free(other);
	X509_free(leaf);
	X509_free(wrong_name);
	X509_free(wrong_key);
	bed_close(&b);
}
END_TEST

START_TEST(certificates_of_our_ca_are_registered)
{
	struct bed b;
	struct aws_cert c, again;
	char id[65];

	bed_open(&b);
	SAYS(aws_register_certificate(b.a, b.device_pem, NULL, false, &c), AWS_FAILED);
	heard("no CA certificate is registered");
	ck_assert_int_eq(register_one(&b, b.ca, b.proof, id), AWS_OK);
	ck_assert_int_eq(aws_update_ca(b.a, id, "INACTIVE", false, NULL), AWS_OK);
	SAYS(aws_register_certificate(b.a, b.device_pem, NULL, false, &c), AWS_FAILED);
	heard("CertificateStateException");
	ck_assert_int_eq(aws_update_ca(b.a, id, "ACTIVE", false, NULL), AWS_OK);
	ck_assert_int_eq(aws_register_certificate(b.a, b.device_pem, NULL, false, &c), AWS_OK);
	ck_assert_ptr_nonnull(strstr(c.arn, c.id));
	ck_assert_int_eq(
	    aws_register_certificate(b.a, b.device_pem, b.ca_pem, true, &again), AWS_EXISTS);
	ck_assert_str_eq(c.id, again.id);
	ck_assert_str_eq(c.arn, again.arn);
	aws_cert_clear(&again);
	ck_assert_int_eq(aws_describe_certificate(b.a, c.id, &again), AWS_OK);
	ck_assert_str_eq(again.status, "INACTIVE");
	ck_assert_str_eq(again.pem, b.device_pem);
	aws_cert_clear(&again);
	aws_cert_clear(&c);
	bed_close(&b);
}
END_TEST

/* An error without the ARN: the description gives it. */
START_TEST(what_exists_is_found_again)
{
	struct bed b;
	struct aws_cert c, whole;

	bed_open(&b);
	ck_assert_int_eq(aws_register_certificate_without_ca(b.a, b.device_pem, true, &c), AWS_OK);
	aws_cert_clear(&c);
	standin_faults(&b.s,
	    "RegisterCertificateWithoutCA:2:error:409:ResourceAlreadyExistsException:there\n"
	    "RegisterCertificateWithoutCA:3:reset-after\n");
	ck_assert_int_eq(
	    aws_register_certificate_without_ca(b.a, b.device_pem, true, &c), AWS_EXISTS);
	ck_assert_ptr_nonnull(strstr(c.arn, c.id));
	aws_cert_clear(&c);
	SAYS(aws_register_certificate_without_ca(b.a, b.ca_pem, true, &c), AWS_EXISTS);
	ck_assert_ptr_nonnull(strstr(c.arn, c.id));
	ck_assert_int_eq(aws_describe_certificate(b.a, c.id, &whole), AWS_OK);
	ck_assert_str_eq(whole.status, "ACTIVE");
	aws_cert_clear(&whole);
	aws_cert_clear(&c);
	bed_close(&b);
}
END_TEST

/* Ten CAs may have one subject; then a certificate must come with the right one. */
START_TEST(cas_may_share_a_subject)
{
	struct bed b;
	struct aws_cert c;
	X509 *twins[10];
	char id[65];

	bed_open(&b);
	for (int i = 0; i < 10; i++) {
		twins[i] = make_cert("our CA", b.device_key, NULL, b.device_key, true);
		SAYS(register_one(&b, twins[i], NULL, id), AWS_OK);
	}
	SAYS(register_one(&b, b.ca, b.proof, id), AWS_FAILED);
	heard("LimitExceededException");
	for (int i = 0; i < 10; i++)
		X509_free(twins[i]);
	bed_close(&b);
	bed_open(&b);
	twins[0] = make_cert("our CA", b.device_key, NULL, b.device_key, true);
	ck_assert_int_eq(register_one(&b, twins[0], NULL, id), AWS_OK);
	ck_assert_int_eq(register_one(&b, b.ca, b.proof, id), AWS_OK);
	SAYS(aws_register_certificate(b.a, b.device_pem, NULL, true, &c), AWS_FAILED);
	heard("CertificateConflictException");
	heard("hint: several CAs");
	ck_assert_int_eq(aws_register_certificate(b.a, b.device_pem, b.ca_pem, true, &c), AWS_OK);
	aws_cert_clear(&c);
	X509_free(twins[0]);
	bed_close(&b);
}
END_TEST

struct seen {
	char ids[16][65];
	size_t n;
};

static bool
see_ca(const struct aws_ca *c, void *arg)
{
	struct seen *seen = arg;

	ck_assert_str_eq(c->status, "ACTIVE");
	(void)snprintf(seen->ids[seen->n++], 65, "%s", c->id);
	return true;
}

static bool
see_cert(const struct aws_cert *c, void *arg)
{
	struct seen *seen = arg;

	(void)snprintf(seen->ids[seen->n++], 65, "%s", c->id);
	return true;
}

START_TEST(lists_of_cas_and_of_their_certificates)
{
	struct bed b;
	struct seen cas = { .n = 0 }, certs = { .n = 0 };
	struct aws_cert c;
	X509 *other, *device;
	char name[16], id[65], *pem;

	bed_open(&b);
	ck_assert_int_eq(register_one(&b, b.ca, b.proof, id), AWS_OK);
	for (int i = 0; i < 4; i++) {
		char other_id[65];

		(void)snprintf(name, sizeof(name), "CA %d", i);
		other = make_cert(name, b.device_key, NULL, b.device_key, true);
		ck_assert_int_eq(register_one(&b, other, NULL, other_id), AWS_OK);
		device = make_cert("of another", b.key, other, b.device_key, false);
		pem = pem_of(device);
		ck_assert_int_eq(aws_register_certificate(b.a, pem, NULL, true, &c), AWS_OK);
		aws_cert_clear(&c);
		free(pem);
		X509_free(device);
		device = make_cert("of ours", b.device_key, b.ca, b.key, false);
		pem = pem_of(device);
		ck_assert_int_eq(aws_register_certificate(b.a, pem, NULL, true, &c), AWS_OK);
		aws_cert_clear(&c);
		free(pem);
		X509_free(device);
		X509_free(other);
	}
	ck_assert_int_eq(aws_list_cas(b.a, see_ca, &cas), AWS_OK);
	ck_assert_uint_eq(cas.n, 5);
	ck_assert_int_eq(aws_list_certificates_of_ca(b.a, id, see_cert, &certs), AWS_OK);
	ck_assert_uint_eq(certs.n, 4);
	bed_close(&b);
}
END_TEST

START_TEST(templates_are_described)
{
	struct standin s;
	struct aws *a;
	struct aws_template t;

	standin_start(&s, NULL);
	a = open_aws();
	ck_assert_int_eq(aws_describe_template(a, "none", &t), AWS_NOT_FOUND);
	aws_template_clear(&t);
	aws_close(&a);
	standin_stop(&s);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("awsca");
	TCase *tc = tcase_create("awsca");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, a_ca_is_registered);
	tcase_add_test(tc, a_ca_must_be_one_and_be_ours);
	tcase_add_test(tc, certificates_of_our_ca_are_registered);
	tcase_add_test(tc, what_exists_is_found_again);
	tcase_add_test(tc, cas_may_share_a_subject);
	tcase_add_test(tc, lists_of_cas_and_of_their_certificates);
	tcase_add_test(tc, templates_are_described);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	standin_forget();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
