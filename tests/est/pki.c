/* The keys and certificates of the EST server for tests; see est.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509v3.h>

#include "tests/est/est.h"

void
die(const char *what)
{
	(void)fprintf(stderr, "est-server: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static void
add(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (e == NULL || X509_add_ext(cert, e, -1) != 1)
		die("an extension");
	X509_EXTENSION_free(e);
}

static X509_NAME *
name_of(const char *cn)
{
	X509_NAME *n = X509_NAME_new();

	if (n == NULL || X509_NAME_add_entry_by_txt(
			     n, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) != 1)
		die("a name");
	return n;
}

/* by NULL: signed by itself. */
static X509 *
make(struct pki *p, const X509_NAME *subject, EVP_PKEY *key, X509 *by, EVP_PKEY *by_key, int kind)
{
	X509 *c = X509_new();

	if (c == NULL || X509_set_version(c, X509_VERSION_3) != 1 ||
	    ASN1_INTEGER_set(X509_get_serialNumber(c), ++p->serial) != 1 ||
	    X509_set_subject_name(c, subject) != 1 ||
	    X509_set_issuer_name(c, by != NULL ? X509_get_subject_name(by) : subject) != 1 ||
	    X509_gmtime_adj(X509_getm_notBefore(c), -60) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(c), 90L * 86400) == NULL ||
	    X509_set_pubkey(c, key) != 1)
		die("a certificate");
	add(c, c, NID_subject_key_identifier, "hash");
	switch (kind) {
	case 'c':
		add(c, c, NID_basic_constraints, "critical,CA:TRUE");
		add(c, c, NID_key_usage, "critical,keyCertSign,cRLSign");
		break;
	case 's':
		add(c, by, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
		add(c, by, NID_ext_key_usage, "serverAuth");
		break;
	default:
		add(c, by, NID_basic_constraints, "critical,CA:FALSE");
		add(c, by, NID_key_usage, "critical,digitalSignature");
	}
	if (X509_sign(c, by != NULL ? by_key : key, EVP_sha256()) <= 0)
		die("signing a certificate");
	return c;
}

static X509 *
make_named(struct pki *p, const char *cn, EVP_PKEY *key, X509 *by, EVP_PKEY *by_key, int kind)
{
	X509_NAME *n = name_of(cn);
	X509 *c = make(p, n, key, by, by_key, kind);

	X509_NAME_free(n);
	return c;
}

static EVP_PKEY *
new_key(void)
{
	EVP_PKEY *k = EVP_EC_gen("P-256");

	if (k == NULL)
		die("a key");
	return k;
}

void
pki_make(struct pki *p)
{
	memset(p, 0, sizeof(*p));
	p->tls_ca_key = new_key();
	p->root_key = new_key();
	p->sub_key = new_key();
	p->server_key = new_key();
	p->tls_ca = make_named(p, "EST test TLS CA", p->tls_ca_key, NULL, NULL, 'c');
	p->server = make_named(p, "localhost", p->server_key, p->tls_ca, p->tls_ca_key, 's');
	p->root = make_named(p, "EST test root", p->root_key, NULL, NULL, 'c');
	p->sub = make_named(p, "EST test issuer", p->sub_key, p->root, p->root_key, 'c');
}

X509 *
pki_issue(struct pki *p, const X509_NAME *subject, EVP_PKEY *key, bool by_root)
{
	return make(
	    p, subject, key, by_root ? p->root : p->sub, by_root ? p->root_key : p->sub_key, 'd');
}

X509 *
pki_issue_elsewhere(struct pki *p, const X509_NAME *subject, EVP_PKEY *key)
{
	EVP_PKEY *k = new_key();
	X509 *ca = make_named(p, "Nobody", k, NULL, NULL, 'c');
	X509 *c = make(p, subject, key, ca, k, 'd');

	X509_free(ca);
	EVP_PKEY_free(k);
	return c;
}

char *
pki_bag(X509 *const *certs, size_t n)
{
	PKCS7 *p7 = PKCS7_new();
	unsigned char *der = NULL;
	size_t out_len = 0;
	char *text, *flat;
	int len;

	if (p7 == NULL || PKCS7_set_type(p7, NID_pkcs7_signed) != 1 ||
	    PKCS7_content_new(p7, NID_pkcs7_data) != 1)
		die("a PKCS #7");
	for (size_t i = 0; i < n; i++)
		if (PKCS7_add_certificate(p7, certs[i]) != 1)
			die("a PKCS #7");
	/* Nothing is signed: the content is left out. */
	ASN1_OCTET_STRING_free(p7->d.sign->contents->d.data);
	p7->d.sign->contents->d.data = NULL;
	len = i2d_PKCS7(p7, &der);
	if (len <= 0)
		die("a PKCS #7");
	flat = malloc((size_t)len * 2 + 8);
	text = malloc((size_t)len * 3 + 8);
	if (flat == NULL || text == NULL)
		die("memory");
	len = EVP_EncodeBlock((unsigned char *)flat, der, len);
	for (int at = 0; at < len; at += 76)
		out_len += (size_t)sprintf(text + out_len, "%.76s\n", flat + at);
	free(flat);
	OPENSSL_free(der);
	PKCS7_free(p7);
	return text;
}
