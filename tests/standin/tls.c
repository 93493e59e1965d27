/*
 * The two CAs of the stand-in, kept in its directory: one signs its server certificate (ca.pem,
 * for the clients), the other is the issuer of device certificates (issuer.pem).
 */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "tests/standin/standin.h"

/* 66 characters in one RDN, as published; X.520 allows 64. */
static const char issuer_ou[] =
    "Amazon Web Services O=Amazon.com Inc. L=Seattle ST=Washington C=US";

static void
die(const char *what)
{
	(void)fprintf(stderr, "aws-standin: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static FILE *
open_in(const char *dir, const char *name, const char *mode)
{
	char path[4096];

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fopen(path, mode);
}

static bool
load_pair(const char *dir, const char *cert_name, const char *key_name, struct si_ca *out)
{
	FILE *c = open_in(dir, cert_name, "re"), *k = open_in(dir, key_name, "re");
	bool ok = false;

	if (c != NULL && k != NULL) {
		out->cert = PEM_read_X509(c, NULL, NULL, NULL);
		out->key = PEM_read_PrivateKey(k, NULL, NULL, NULL);
		ok = out->cert != NULL && out->key != NULL;
		if (!ok)
			die("a CA in the directory cannot be read");
	}
	if (c != NULL)
		(void)fclose(c);
	if (k != NULL)
		(void)fclose(k);
	return ok;
}

static void
save_pair(const char *dir, const char *cert_name, const char *key_name, const struct si_ca *ca)
{
	mode_t old = umask(0077);
	FILE *k = open_in(dir, key_name, "we");
	FILE *c;

	(void)umask(old);
	c = open_in(dir, cert_name, "we");
	if (c == NULL || k == NULL || PEM_write_X509(c, ca->cert) != 1 ||
	    PEM_write_PrivateKey(k, ca->key, NULL, NULL, 0, NULL, NULL) != 1 || fclose(c) != 0 ||
	    fclose(k) != 0)
		die("cannot write to the directory");
}

static void
add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	if (ext == NULL || X509_add_ext(cert, ext, -1) != 1)
		die("cannot make an extension");
	X509_EXTENSION_free(ext);
}

/* Added as raw UTF-8: the functions that check lengths would refuse the 66 characters. */
static void
set_name(X509_NAME *name, int nid, const char *text)
{
	X509_NAME_ENTRY *e = X509_NAME_ENTRY_create_by_NID(
	    NULL, nid, V_ASN1_UTF8STRING, (const unsigned char *)text, (int)strlen(text));

	if (e == NULL || X509_NAME_add_entry(name, e, -1, 0) != 1)
		die("cannot make a name");
	X509_NAME_ENTRY_free(e);
}

static X509 *
begin(EVP_PKEY *key, int nid, const char *name, long serial)
{
	X509 *cert = X509_new();

	if (cert == NULL || key == NULL || X509_set_version(cert, X509_VERSION_3) != 1 ||
	    ASN1_INTEGER_set(X509_get_serialNumber(cert), serial) != 1 ||
	    X509_gmtime_adj(X509_getm_notBefore(cert), -86400) == NULL ||
	    X509_gmtime_adj(X509_getm_notAfter(cert), 30L * 86400) == NULL ||
	    X509_set_pubkey(cert, key) != 1)
		die("cannot make a certificate");
	set_name(X509_get_subject_name(cert), nid, name);
	return cert;
}

static void
make_ca(struct si_ca *ca, EVP_PKEY *key, int nid, const char *name)
{
	ca->key = key;
	ca->cert = begin(key, nid, name, 1);
	if (X509_set_issuer_name(ca->cert, X509_get_subject_name(ca->cert)) != 1)
		die("cannot make a CA");
	add_ext(ca->cert, ca->cert, NID_subject_key_identifier, "hash");
	add_ext(ca->cert, ca->cert, NID_basic_constraints, "critical,CA:TRUE");
	add_ext(ca->cert, ca->cert, NID_key_usage, "critical,keyCertSign,cRLSign");
	if (X509_sign(ca->cert, key, EVP_sha256()) <= 0)
		die("cannot sign a CA");
}

/* A new one at each start: nobody keeps it. */
static void
make_server(const struct si_ca *ca, struct si_ca *out)
{
	out->key = EVP_EC_gen("P-256");
	out->cert = begin(out->key, NID_commonName, "127.0.0.1", (long)time(NULL));
	if (X509_set_issuer_name(out->cert, X509_get_subject_name(ca->cert)) != 1)
		die("cannot make the server certificate");
	add_ext(out->cert, ca->cert, NID_subject_alt_name, "IP:127.0.0.1,DNS:localhost");
	add_ext(out->cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE");
	add_ext(out->cert, ca->cert, NID_ext_key_usage, "serverAuth");
	add_ext(out->cert, ca->cert, NID_authority_key_identifier, "keyid:always");
	if (X509_sign(out->cert, ca->key, EVP_sha256()) <= 0)
		die("cannot sign the server certificate");
}

SSL_CTX *
si_tls_open(const char *dir, struct si_ca *issuer)
{
	struct si_ca ca = { 0 }, server = { 0 };
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (!load_pair(dir, "issuer.pem", "issuer.key", issuer)) {
		make_ca(issuer, EVP_RSA_gen(2048), NID_organizationalUnitName, issuer_ou);
		save_pair(dir, "issuer.pem", "issuer.key", issuer);
	}
	if (!load_pair(dir, "ca.pem", "ca.key", &ca)) {
		make_ca(&ca, EVP_EC_gen("P-256"), NID_commonName, "Stand-in server CA");
		save_pair(dir, "ca.pem", "ca.key", &ca);
	}
	make_server(&ca, &server);
	if (ctx == NULL || SSL_CTX_use_certificate(ctx, server.cert) != 1 ||
	    SSL_CTX_use_PrivateKey(ctx, server.key) != 1 ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
		die("cannot prepare TLS");
	X509_free(ca.cert);
	EVP_PKEY_free(ca.key);
	X509_free(server.cert);
	EVP_PKEY_free(server.key);
	return ctx;
}
