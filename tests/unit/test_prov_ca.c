/* The user's own CA: what it issues, what it keeps, and how it goes on after crashes and others. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "provision/ca.h"
#include "provision/cert.h"
#include "provision/chain.h"
#include "tests/unit/test_prov_util.h"

static EVP_PKEY *
new_key(const char *group)
{
	EVP_PKEY *key = group != NULL ? EVP_EC_gen(group) : EVP_RSA_gen(2048);

	ck_assert_ptr_nonnull(key);
	return key;
}

/* For as long as the test. */
static const char *
own_dir(void)
{
	static char path[256];

	(void)snprintf(path, sizeof(path), "%s", scratch_file("ca"));
	return path;
}

static X509_REQ *
request(EVP_PKEY *key, const char *cn)
{
	X509_REQ *req = X509_REQ_new();

	ck_assert_int_eq(X509_NAME_add_entry_by_NID(X509_REQ_get_subject_name(req), NID_commonName,
			     MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0),
	    1);
	ck_assert_int_eq(X509_REQ_set_pubkey(req, key), 1);
	ck_assert_int_gt(X509_REQ_sign(req, key, EVP_sha256()), 0);
	return req;
}

static X509 *
sign_with(const struct ca_options *o, X509_REQ *req, int nissuers)
{
	STACK_OF(X509) *chain = NULL;
	X509 *cert = ca_sign(o, req, &chain);

	if (cert != NULL)
		ck_assert_int_eq(sk_X509_num(chain), nissuers);
	else
		ck_assert_ptr_null(chain);
	sk_X509_pop_free(chain, X509_free);
	return cert;
}

static X509 *
sign(const char *dir, X509_REQ *req)
{
	const struct ca_options o = { .dir = dir };

	return sign_with(&o, req, 0);
}

static int
lines_of(const char *name)
{
	FILE *f = fopen(scratch_file(name), "r");
	int n = 0, c;

	ck_assert_ptr_nonnull(f);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	(void)fclose(f);
	return n;
}

static bool
is_there(const char *name)
{
	return access(scratch_file(name), F_OK) == 0;
}

static const char *const groups[] = { "P-256", "P-384", "P-521", NULL };

START_TEST(it_issues_what_verifies)
{
	EVP_PKEY *key = new_key(groups[_i]);
	X509_REQ *req = request(key, "device"), *other = request(key, "other");
	const char *dir = own_dir();
	X509 *a = sign(dir, req), *b = sign(dir, other);
	struct stat st;

	ck_assert_msg(a != NULL && b != NULL, "%s", said());
	ck_assert_ptr_null(ca_judge(dir, a));
	ck_assert_ptr_null(cert_chain_problem(a, scratch_file("ca/ca.pem")));
	ck_assert(cert_is_for(a, key));
	ck_assert(cert_fits(a, NULL));
	ck_assert_int_eq(X509_check_purpose(a, X509_PURPOSE_SSL_CLIENT, 0), 1);
	ck_assert_int_eq(X509_check_ca(a), 0);
	ck_assert(ASN1_INTEGER_cmp(X509_get0_serialNumber(a), X509_get0_serialNumber(b)) != 0);
	ck_assert_int_eq(stat(scratch_file("ca/ca.key"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(lines_of("ca/index.txt"), 2);
	X509_free(a);
	X509_free(b);
	X509_REQ_free(req);
	X509_REQ_free(other);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(what_it_issued_is_given_again)
{
	EVP_PKEY *key = new_key("P-256"), *key2 = new_key("P-256");
	X509_REQ *req = request(key, "device"), *req2 = request(key2, "device");
	const char *dir = own_dir();
	X509 *a = sign(dir, req), *b = sign(dir, req2), *c = sign(dir, req);
	char pem[512];

	ck_assert_msg(a != NULL && b != NULL && c != NULL, "%s", said());
	ck_assert_int_eq(X509_cmp(a, c), 0);
	ck_assert_int_ne(X509_cmp(a, b), 0);
	ck_assert_int_eq(lines_of("ca/index.txt"), 2);
	X509_free(c);
	/* One whose copy is gone is not known any more. */
	(void)snprintf(pem, sizeof(pem), "rm %s/newcerts/*.pem", dir);
	ck_assert_int_eq(system(pem), 0); /* NOLINT: a test's own directory */
	c = sign(dir, req);
	ck_assert_ptr_nonnull(c);
	ck_assert_int_ne(X509_cmp(a, c), 0);
	ck_assert_int_eq(lines_of("ca/index.txt"), 3);
	ck_assert_str_eq(said(), "");
	X509_free(a);
	X509_free(b);
	X509_free(c);
	X509_REQ_free(req);
	X509_REQ_free(req2);
	EVP_PKEY_free(key);
	EVP_PKEY_free(key2);
}
END_TEST

START_TEST(programs_that_start_it_at_once_share_one_ca)
{
	EVP_PKEY *key = new_key("P-256");
	const char *dir = own_dir();
	pid_t pids[6];

	for (size_t i = 0; i < 6; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0) {
			char cn[16];
			bool ok = true;

			for (int n = 0; ok && n < 4; n++) {
				X509_REQ *req;
				X509 *cert;

				(void)snprintf(cn, sizeof(cn), "%zu-%d", i, n);
				req = request(key, cn);
				cert = sign(dir, req);
				ok = cert != NULL && ca_judge(dir, cert) == NULL;
				X509_free(cert);
				X509_REQ_free(req);
			}
			_exit(ok ? 0 : 1);
		}
	}
	for (size_t i = 0; i < 6; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(lines_of("ca/index.txt"), 24);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(half_a_ca_is_mended_or_named)
{
	EVP_PKEY *key = new_key("P-256");
	X509_REQ *req = request(key, "device");
	const char *dir = own_dir(), *pem = scratch_file("ca/ca.pem");
	X509 *cert = sign(dir, req);

	ck_assert_ptr_nonnull(cert);
	X509_free(cert);
	/* A crash between the two files leaves the key. */
	ck_assert_int_eq(unlink(pem), 0);
	cert = sign(dir, req);
	ck_assert_ptr_nonnull(cert);
	ck_assert_ptr_null(cert_chain_problem(cert, pem));
	X509_free(cert);
	ck_assert_str_eq(said(), "");

	ck_assert_int_eq(unlink(scratch_file("ca/ca.key")), 0);
	ck_assert_ptr_null(sign(dir, req));
	ck_assert_ptr_nonnull(strstr(said(), "has no key"));
	said_clear();
	scratch_write("ca/ca.key", "rubbish");
	ck_assert_ptr_null(sign(dir, req));
	ck_assert_ptr_nonnull(strstr(said(), "no private key in it"));
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}
END_TEST

/* As versions before the records left it: two files. */
START_TEST(a_directory_without_records_goes_on)
{
	EVP_PKEY *key = new_key("P-256");
	X509_REQ *req = request(key, "device");
	const char *dir = own_dir();
	X509 *old = sign(dir, req), *cert;
	char command[512];

	(void)snprintf(command, sizeof(command),
	    "cd %s && rm -r index.txt* serial crlnumber newcerts openssl.cnf lock", dir);
	ck_assert_int_eq(system(command), 0); /* NOLINT */
	cert = sign(dir, req);
	ck_assert_msg(cert != NULL, "%s", said());
	ck_assert_ptr_null(ca_judge(dir, cert));
	ck_assert_ptr_null(ca_judge(dir, old));
	ck_assert_int_eq(lines_of("ca/index.txt"), 1);
	ck_assert(is_there("ca/openssl.cnf"));
	X509_free(old);
	X509_free(cert);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}
END_TEST

static const struct {
	const char *file; /* what is written, or with text NULL removed */
	const char *text;
	const char *words;
} bad_records[] = {
	{ "ca/index.txt", "V\t491231235959Z\n", "index.txt\", line 1: it is no record" },
	{ "ca/index.txt", "V\t491231235959Z\t\t01\tunknown\t/CN=a\tb\n", "line 1" },
	{ "ca/index.txt", "V\t491231235959Z\t\t01\tunknown\t/CN=a\nV\t49", "line 2" },
	{ "ca/index.txt", "X\t491231235959Z\t\t01\tunknown\t/CN=a\n", "line 1" },
	{ "ca/index.txt", "V\t491231235959Z\t\tG1\tunknown\t/CN=a\n", "line 1" },
	{ "ca/index.txt", NULL, "index.txt\" is missing" },
	{ "ca/serial", "", "holds no number" },
	{ "ca/serial", "12 34\n", "holds no number" },
	{ "ca/serial", "-1\n", "holds no number" },
	{ "ca/serial", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF\n", "holds no number" },
};
#define NBAD ((int)(sizeof(bad_records) / sizeof(bad_records[0])))

START_TEST(bad_records_are_named_and_left)
{
	EVP_PKEY *key = new_key("P-256");
	X509_REQ *req = request(key, "device"), *next = request(key, "next");
	const char *dir = own_dir();
	X509 *cert = sign(dir, req);

	ck_assert_ptr_nonnull(cert);
	if (bad_records[_i].text != NULL)
		scratch_write(bad_records[_i].file, bad_records[_i].text);
	else
		ck_assert_int_eq(unlink(scratch_file(bad_records[_i].file)), 0);
	ck_assert_ptr_null(sign(dir, next));
	ck_assert_msg(strstr(said(), bad_records[_i].words) != NULL, "%s", said());
	ck_assert_ptr_nonnull(strstr(said(), "hint"));
	ck_assert(is_there(bad_records[_i].file) == (bad_records[_i].text != NULL));
	X509_free(cert);
	X509_REQ_free(req);
	X509_REQ_free(next);
	EVP_PKEY_free(key);
}
END_TEST

/* openssl renames the old file, then the new one: killed in between, it leaves these. */
START_TEST(records_that_openssl_moved_are_not_begun_afresh)
{
	static const char *const names[] = { "ca/index.txt", "ca/serial" };
	EVP_PKEY *key = new_key("P-256");
	X509_REQ *req = request(key, "device"), *next = request(key, "next");
	const char *dir = own_dir();
	X509 *cert = sign(dir, req);
	char old[64];

	X509_free(cert);
	(void)snprintf(old, sizeof(old), "%s.old", names[_i]);
	ck_assert_int_eq(rename(scratch_file(names[_i]), scratch_file(old)), 0);
	ck_assert_ptr_null(sign(dir, next));
	ck_assert_ptr_nonnull(strstr(said(), "was interrupted"));
	ck_assert(!is_there(names[_i]));
	ck_assert_int_eq(rename(scratch_file(old), scratch_file(names[_i])), 0);
	cert = sign(dir, next);
	ck_assert_ptr_nonnull(cert);
	X509_free(cert);
	X509_REQ_free(req);
	X509_REQ_free(next);
	EVP_PKEY_free(key);
}
END_TEST

/* A number that the index has is passed over, however the file came to hold it. */
START_TEST(no_number_is_used_twice)
{
	EVP_PKEY *key = new_key("P-256");
	const char *dir = own_dir();
	X509_REQ *req = request(key, "a");
	X509 *cert = sign(dir, req);

	X509_free(cert);
	X509_REQ_free(req);
	scratch_write("ca/serial", "00FE\n");
	for (int i = 0; i < 4; i++) {
		char cn[2] = { (char)('b' + i), '\0' };

		req = request(key, cn);
		cert = sign(dir, req);
		ck_assert_msg(cert != NULL, "%s", said());
		ck_assert_int_eq(ASN1_INTEGER_get(X509_get0_serialNumber(cert)), 0xFE + i);
		scratch_write("ca/serial", "00FE\n");
		X509_free(cert);
		X509_REQ_free(req);
	}
	ck_assert(is_there("ca/newcerts/FE.pem") && is_there("ca/newcerts/0101.pem"));
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(another_cas_certificate_does_not_verify)
{
	EVP_PKEY *key = new_key("P-256");
	X509_REQ *req = request(key, "device");
	X509 *a = sign(scratch_file("a"), req), *b = sign(scratch_file("b"), req);

	ck_assert(a != NULL && b != NULL);
	ck_assert_ptr_nonnull(ca_judge(scratch_file("b"), a));
	ck_assert_ptr_nonnull(cert_chain_problem(a, scratch_file("b/ca.pem")));
	ck_assert_ptr_nonnull(cert_chain_problem(a, scratch_file("none.pem")));
	ck_assert_ptr_nonnull(ca_judge(scratch_file("none"), a));
	X509_free(a);
	X509_free(b);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}
END_TEST

static const struct {
	const char *option, *name, *hash;
} kinds[] = {
	{ NULL, "secp256r1", "SHA2-256" },
	{ "ec", "secp256r1", "SHA2-256" },
	{ "EC:P-384", "secp384r1", "SHA2-384" },
	{ "ec:secp521r1", "secp521r1", "SHA2-512" },
	{ "rsa", "RSA-2048", "SHA2-256" },
};
#define NKINDS ((int)(sizeof(kinds) / sizeof(kinds[0])))

START_TEST(its_key_is_of_the_kind_asked_for)
{
	struct ca_options o = {
		.dir = own_dir(), .key = kinds[_i].option, .subject = "/C=DE/O=A\\/B/CN=Example CA"
	};
	EVP_PKEY *key = new_key("P-256");
	X509_REQ *req = request(key, "device");
	X509 *cert = sign_with(&o, req, 0), *ca;
	char name[64], *line;

	ck_assert_msg(cert != NULL, "%s", said());
	ca = cert_read(scratch_file("ca/ca.pem"));
	ck_assert_str_eq(key_name(X509_get0_pubkey(ca), name, sizeof(name)), kinds[_i].name);
	line = name_line(X509_get_subject_name(ca));
	ck_assert_str_eq(line, "C = DE, O = A/B, CN = Example CA");
	free(line);
	X509_free(cert);
	cert = sign_with(&o, req, 0);
	ck_assert_ptr_nonnull(cert);
	X509_free(cert);
	/* What does not fit the one that is there. */
	o.key = "ec:P-384";
	if (strcmp(kinds[_i].name, "secp384r1") != 0) {
		ck_assert_ptr_null(sign_with(&o, req, 0));
		ck_assert_ptr_nonnull(strstr(said(), "of another kind"));
	}
	o.key = NULL;
	o.subject = "/CN=Other";
	ck_assert_ptr_null(sign_with(&o, req, 0));
	ck_assert_ptr_nonnull(strstr(said(), "another name"));
	X509_free(ca);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(options_that_make_no_sense_are_named)
{
	static const struct {
		struct ca_options o;
		const char *words;
	} bad[] = {
		{ { .key = "dsa" }, "no kind of key" },
		{ { .key = "rsa:1024" }, "no kind of key" },
		{ { .key = "rsa:2048x" }, "no kind of key" },
		{ { .key = "rsa:" }, "no kind of key" },
		{ { .key = "rsa:16384" }, "no kind of key" },
		{ { .key = "ec:brainpoolP256r1" }, "no kind of key" },
		{ { .key = "ec:" }, "no kind of key" },
		{ { .key = "" }, "no kind of key" },
		{ { .subject = "CN=a" }, "is no name" },
		{ { .subject = "" }, "is no name" },
		{ { .subject = "/" }, "is no name" },
		{ { .subject = "/CN=" }, "is no name" },
		{ { .subject = "/CN=a/O" }, "is no name" },
		{ { .subject = "/XYZ=a" }, "there is no such field" },
		{ { .subject = "/C=Germany" }, "cannot be put into a name" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		said_clear();
		ck_assert(!ca_options_check(&bad[i].o));
		ck_assert_msg(strstr(said(), bad[i].words) != NULL, "row %zu: %s", i, said());
	}
}
END_TEST

START_TEST(an_encrypted_key_wants_its_passphrase)
{
	struct ca_options o = { .dir = own_dir() };
	EVP_PKEY *key = new_key("P-256");
	X509_REQ *req = request(key, "device");
	char pass[128], wrong[128], text[64] = "";
	X509 *cert;
	FILE *f;

	scratch_write("pass", "geheim \xC3\xA4\nmore\n");
	scratch_write("wrong", "x\n");
	(void)snprintf(pass, sizeof(pass), "%s", scratch_file("pass"));
	(void)snprintf(wrong, sizeof(wrong), "%s", scratch_file("wrong"));
	o.pass_file = pass;
	cert = sign_with(&o, req, 0);
	ck_assert_msg(cert != NULL, "%s", said());
	X509_free(cert);
	f = fopen(scratch_file("ca/ca.key"), "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(text, sizeof(text), f));
	(void)fclose(f);
	ck_assert_str_eq(text, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n");
	cert = sign_with(&o, req, 0);
	ck_assert_ptr_nonnull(cert);
	X509_free(cert);
	o.pass_file = wrong;
	ck_assert_ptr_null(sign_with(&o, req, 0));
	ck_assert_ptr_nonnull(strstr(said(), "passphrase is wrong"));
	said_clear();
	scratch_write("wrong", "\n");
	ck_assert_ptr_null(sign_with(&o, req, 0));
	ck_assert_msg(strstr(said(), "first line, the passphrase, is empty") != NULL, "%s", said());
	ck_assert_ptr_null(strstr(said(), "no private key"));
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}
END_TEST

/* --- with an intermediate --------------------------------------------------------------------- */

static const struct {
	const char *ca_key, *group;
} chains[] = { { "ec", "P-256" }, { "rsa", "P-256" }, { "rsa", NULL }, { "ec:P-384", "P-521" } };
#define NCHAINS ((int)(sizeof(chains) / sizeof(chains[0])))

START_TEST(an_intermediate_issues_with_its_chain)
{
	struct ca_options o = { .dir = own_dir(), .key = chains[_i].ca_key };
	EVP_PKEY *key = new_key(chains[_i].group);
	X509_REQ *req = request(key, "device");
	STACK_OF(X509) *chain = NULL;
	bool made = false;
	X509 *cert;

	ck_assert_msg(ca_init(&o, true, &made), "%s", said());
	ck_assert(made);
	ck_assert(ca_init(&o, true, &made));
	ck_assert(!made);
	/* The root's key is not needed any more. */
	ck_assert_int_eq(unlink(scratch_file("ca/ca.key")), 0);
	cert = ca_sign(&o, req, &chain);
	ck_assert_msg(cert != NULL, "%s", said());
	ck_assert_int_eq(sk_X509_num(chain), 1);
	ck_assert(cert_fits(cert, chain));
	ck_assert_ptr_null(chain_problem(cert, chain, scratch_file("ca/ca.pem")));
	ck_assert_ptr_nonnull(chain_problem(cert, NULL, scratch_file("ca/ca.pem")));
	ck_assert_ptr_null(ca_judge(o.dir, cert));
	ck_assert_int_eq(lines_of("ca/index.txt"), 1);
	ck_assert_int_eq(lines_of("ca/intermediate/index.txt"), 1);
	sk_X509_pop_free(chain, X509_free);
	X509_free(cert);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(an_intermediate_that_was_begun_is_finished_first)
{
	struct ca_options o = { .dir = own_dir() };
	EVP_PKEY *key = new_key("P-256");
	X509_REQ *req = request(key, "device");
	bool made;
	X509 *cert;

	ck_assert(ca_init(&o, true, &made));
	ck_assert_int_eq(unlink(scratch_file("ca/intermediate/ca.pem")), 0);
	ck_assert_ptr_null(sign_with(&o, req, 1));
	ck_assert_ptr_nonnull(strstr(said(), "was never finished"));
	ck_assert(ca_init(&o, true, &made));
	ck_assert(made);
	cert = sign_with(&o, req, 1);
	ck_assert_ptr_nonnull(cert);
	X509_free(cert);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(a_ca_that_may_have_none_below_gets_none)
{
	struct ca_options o = { .dir = own_dir() };
	bool made;

	ck_assert(ca_init(&o, false, &made));
	ck_assert(!ca_init(&o, true, &made));
	ck_assert_ptr_nonnull(strstr(said(), "pathlen 0"));
	ck_assert(!is_there("ca/intermediate"));
}
END_TEST

/* Nothing too long is issued: neither index nor number says so. */
START_TEST(a_chain_without_room_is_refused_before)
{
	struct ca_options o = { .dir = own_dir(), .key = "rsa:3072" };
	EVP_PKEY *key = new_key(NULL);
	X509_REQ *req = request(key, "device");
	bool made;

	ck_assert(ca_init(&o, true, &made));
	ck_assert_ptr_null(sign_with(&o, req, 1));
	ck_assert_ptr_nonnull(strstr(said(), "takes 1728"));
	ck_assert_int_eq(lines_of("ca/intermediate/index.txt"), 0);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("ca");
	/* Under valgrind, which is slow with RSA: the first rows. */
	const bool slow = getenv("SWEEP_STRIDE") != NULL;

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, it_issues_what_verifies, 0, slow ? 1 : 4);
	tcase_add_test(tc, what_it_issued_is_given_again);
	if (!slow)
		tcase_add_test(tc, programs_that_start_it_at_once_share_one_ca);
	tcase_add_test(tc, half_a_ca_is_mended_or_named);
	tcase_add_test(tc, a_directory_without_records_goes_on);
	tcase_add_loop_test(tc, bad_records_are_named_and_left, 0, slow ? 2 : NBAD);
	tcase_add_loop_test(tc, records_that_openssl_moved_are_not_begun_afresh, 0, 2);
	tcase_add_test(tc, no_number_is_used_twice);
	tcase_add_test(tc, another_cas_certificate_does_not_verify);
	tcase_add_loop_test(tc, its_key_is_of_the_kind_asked_for, 0, slow ? 1 : NKINDS);
	tcase_add_test(tc, options_that_make_no_sense_are_named);
	tcase_add_test(tc, an_encrypted_key_wants_its_passphrase);
	tcase_add_loop_test(tc, an_intermediate_issues_with_its_chain, 0, slow ? 1 : NCHAINS);
	tcase_add_test(tc, an_intermediate_that_was_begun_is_finished_first);
	tcase_add_test(tc, a_ca_that_may_have_none_below_gets_none);
	if (!slow)
		tcase_add_test(tc, a_chain_without_room_is_refused_before);
	return run_case("provision/ca", tc);
}
