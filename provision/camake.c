/* An authority's key and certificate: loaded, or made; see caint.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "provision/cadb.h"
#include "provision/caint.h"
#include "provision/cert.h"
#include "provision/file.h"
#include "provision/msg.h"
#include "provision/pass.h"

#define ROOT_DAYS         (20 * 365)
#define INTERMEDIATE_DAYS (15 * 365)
#define BACKDATE_S        3600 /* for devices whose clocks are behind */
#define PASS_OPTION       "--ca-pass-file"

bool
ca_extend(X509 *cert, X509 *issuer, const struct ca_extension *list)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	for (; list->value != NULL; list++) {
		X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, list->nid, list->value);
		bool ok = e != NULL && X509_add_ext(cert, e, -1) == 1;

		X509_EXTENSION_free(e);
		if (!ok)
			return false;
	}
	return true;
}

/* Never beyond the issuer's own end: the chain would not verify then. */
bool
ca_set_times(X509 *cert, int days, X509 *issuer)
{
	if (X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATE_S) == NULL ||
	    X509_time_adj_ex(X509_getm_notAfter(cert), days, 0, NULL) == NULL)
		return false;
	if (issuer == NULL ||
	    ASN1_TIME_compare(X509_get0_notAfter(cert), X509_get0_notAfter(issuer)) <= 0)
		return true;
	return X509_set1_notAfter(cert, X509_get0_notAfter(issuer)) == 1;
}

const EVP_MD *
ca_hash(const struct ca *ca)
{
	if (!EVP_PKEY_is_a(ca->key, "EC") || EVP_PKEY_get_bits(ca->key) <= 256)
		return EVP_sha256();
	return EVP_PKEY_get_bits(ca->key) <= 384 ? EVP_sha384() : EVP_sha512();
}

/* --- loading ---------------------------------------------------------------------------------- */

struct pass_ask {
	const struct ca *ca;
	bool wanted; /* the key is encrypted */
	bool given;
};

static int
on_passphrase(char *buf, int size, int writing, void *arg)
{
	struct pass_ask *ask = arg;
	char pass[PASS_MAX], prompt[256];
	int len = -1;

	(void)writing;
	ask->wanted = true;
	(void)snprintf(prompt, sizeof(prompt), "Passphrase of %s: ", ask->ca->key_file);
	ask->given = pass_get(ask->ca->opts->pass_file, PASS_OPTION, prompt, false, pass);
	if (ask->given && strlen(pass) <= (size_t)size) {
		len = (int)strlen(pass);
		memcpy(buf, pass, (size_t)len);
	}
	OPENSSL_cleanse(pass, sizeof(pass));
	return len;
}

static void
say_no_key(const struct ca *ca, const struct pass_ask *ask)
{
	if (ask->given) {
		prov_error("\"%s\" cannot be decrypted: the passphrase is wrong, or the file is "
			   "damaged",
		    ca->key_file);
		(void)ossl_why();
		return;
	}
	/* Why no passphrase came has been said. */
	if (ask->wanted) {
		(void)ossl_why();
		return;
	}
	prov_error("%s: no private key in it: %s", ca->key_file, ossl_why());
	prov_hint("give another directory with --ca local:DIR, or restore the file");
}

bool
ca_load_key(struct ca *ca)
{
	struct pass_ask ask = { .ca = ca };
	bool absent = false;
	size_t len = 0;
	char *data = file_read_if(ca->key_file, CA_FILE_MAX, &len, &absent);
	struct stat st;
	BIO *bio;

	if (data == NULL)
		return absent;
	bio = BIO_new_mem_buf(data, (int)len);
	if (bio != NULL)
		ca->key = PEM_read_bio_PrivateKey(bio, NULL, on_passphrase, &ask);
	if (ca->key == NULL)
		say_no_key(ca, &ask);
	else if (stat(ca->key_file, &st) == 0 && (st.st_mode & 077) != 0)
		prov_warn("others can read the CA's key: chmod 600 \"%s\"", ca->key_file);
	BIO_free(bio);
	OPENSSL_cleanse(data, len);
	free(data);
	return ca->key != NULL;
}

bool
ca_load_cert(struct ca *ca)
{
	bool absent = false;
	char *data = file_read_if(ca->cert_file, CA_FILE_MAX, NULL, &absent);

	if (data == NULL)
		return absent;
	ca->cert = cert_from_pem(ca->cert_file, data);
	free(data);
	return ca->cert != NULL;
}

/* --- making ----------------------------------------------------------------------------------- */

/* The key's PEM passes through memory that is wiped. */
static bool
save_key(const struct ca *ca)
{
	const EVP_CIPHER *cipher = NULL;
	BIO *bio = BIO_new(BIO_s_secmem());
	char pass[PASS_MAX] = "", *data;
	bool ok = false;

	if (ca->opts->pass_file != NULL) {
		if (!pass_get(ca->opts->pass_file, PASS_OPTION, "", false, pass)) {
			BIO_free(bio);
			return false;
		}
		cipher = EVP_aes_256_cbc();
	}
	if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, ca->key, cipher,
			       cipher != NULL ? pass : NULL, (int)strlen(pass), NULL, NULL) == 1) {
		long len = BIO_get_mem_data(bio, &data);

		ok = file_replace(ca->key_file, data, (size_t)len, 0600);
		OPENSSL_cleanse(data, (size_t)len);
	} else {
		prov_error("cannot encode the CA's key: %s", ossl_why());
	}
	OPENSSL_cleanse(pass, sizeof(pass));
	BIO_free(bio);
	return ok;
}

static bool
make_key(struct ca *ca)
{
	struct ca_key_kind kind;

	if (!ca_key_parse(ca->opts->key, &kind))
		return false;
	ca->key = kind.group != NULL ? EVP_EC_gen(kind.group) : EVP_RSA_gen(kind.bits);
	if (ca->key != NULL)
		return save_key(ca);
	prov_error("cannot generate the CA's key: %s", ossl_why());
	return false;
}

/* The name tells this CA from the next one that somebody makes. */
static X509_NAME *
own_name(void)
{
	unsigned char random[4];
	char text[64];

	if (RAND_bytes(random, sizeof(random)) != 1) {
		prov_error("no random numbers: %s", ossl_why());
		return NULL;
	}
	(void)snprintf(text, sizeof(text), "/CN=optiga-provision CA %02x%02x%02x%02x", random[0],
	    random[1], random[2], random[3]);
	return ca_name_parse(text);
}

/* The issuer's name, "intermediate" added to its common name, or as the common name. */
static X509_NAME *
intermediate_name(const X509 *issuer)
{
	static const char word[] = "intermediate";
	X509_NAME *name = X509_NAME_dup(X509_get_subject_name(issuer));
	int at = name != NULL ? X509_NAME_get_index_by_NID(name, NID_commonName, -1) : -1;
	unsigned char *old = NULL;
	char *text = NULL;
	bool ok = false;

	if (at >= 0) {
		X509_NAME_ENTRY *e = X509_NAME_delete_entry(name, at);

		if (ASN1_STRING_to_UTF8(&old, X509_NAME_ENTRY_get_data(e)) < 0)
			old = NULL;
		X509_NAME_ENTRY_free(e);
	}
	if (name != NULL && asprintf(&text, "%s%s%s", old != NULL ? (char *)old : "",
				old != NULL ? " " : "", word) >= 0) {
		ok = X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
			 (const unsigned char *)text, -1, -1, 0) == 1;
		if (!ok) {
			prov_error(
			    "the intermediate CA cannot be called \"%s\": %s", text, ossl_why());
			prov_hint("give a shorter common name (CN) with --subject");
		}
		free(text);
	}
	OPENSSL_free(old);
	if (ok)
		return name;
	X509_NAME_free(name);
	return NULL;
}

static bool
random_number(X509 *cert)
{
	unsigned char bytes[20];
	BIGNUM *bn = NULL;
	bool ok = false;

	if (RAND_bytes(bytes, sizeof(bytes)) == 1) {
		bytes[0] = (unsigned char)((bytes[0] & 0x7F) | 0x40);
		bn = BN_bin2bn(bytes, sizeof(bytes), NULL);
		ok = bn != NULL && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert)) != NULL;
	}
	BN_free(bn);
	return ok;
}

static bool
fill(X509 *cert, struct ca *ca, struct ca *issuer, const X509_NAME *name,
    const ASN1_INTEGER *number, const char *constraints)
{
	const struct ca_extension list[] = {
		{ NID_basic_constraints, constraints },
		{ NID_key_usage, "critical,keyCertSign,cRLSign" },
		{ NID_subject_key_identifier, "hash" },
		{ issuer != NULL ? NID_authority_key_identifier : 0,
		    issuer != NULL ? "keyid" : NULL },
		{ 0, NULL },
	};
	X509 *by = issuer != NULL ? issuer->cert : cert;
	const struct ca *signer = issuer != NULL ? issuer : ca;

	return X509_set_version(cert, X509_VERSION_3) == 1 &&
	       (number != NULL ? X509_set_serialNumber(cert, (ASN1_INTEGER *)(uintptr_t)number) == 1
			       : random_number(cert)) &&
	       X509_set_subject_name(cert, name) == 1 &&
	       X509_set_issuer_name(cert, issuer != NULL ? X509_get_subject_name(by) : name) == 1 &&
	       ca_set_times(cert, issuer != NULL ? INTERMEDIATE_DAYS : ROOT_DAYS,
		   issuer != NULL ? by : NULL) &&
	       X509_set_pubkey(cert, ca->key) == 1 && ca_extend(cert, by, list) &&
	       X509_sign(cert, signer->key, ca_hash(signer)) > 0;
}

static X509 *
make_cert(struct ca *ca, struct ca *issuer, const ASN1_INTEGER *number, const char *constraints)
{
	X509_NAME *name = issuer != NULL              ? intermediate_name(issuer->cert)
			  : ca->opts->subject != NULL ? ca_name_parse(ca->opts->subject)
						      : own_name();
	X509 *cert = name != NULL ? X509_new() : NULL;

	if (name == NULL)
		return NULL;
	if (cert == NULL || !fill(cert, ca, issuer, name, number, constraints)) {
		prov_error("cannot make the CA's certificate: %s", ossl_why());
		X509_free(cert);
		cert = NULL;
	}
	X509_NAME_free(name);
	return cert;
}

/* The issuer's records have what it issues. */
static X509 *
issue_ca(struct ca *ca, struct ca *issuer)
{
	ASN1_INTEGER *number = NULL;
	X509 *cert = NULL;
	struct cadb db;

	if (!cadb_open(&db, issuer->dir))
		return NULL;
	number = cadb_number(&db);
	if (number != NULL)
		cert = make_cert(ca, issuer, number, "critical,CA:TRUE,pathlen:0");
	if (cert != NULL && !cadb_add(&db, cert)) {
		X509_free(cert);
		cert = NULL;
	}
	ASN1_INTEGER_free(number);
	cadb_close(&db);
	return cert;
}

static bool
save_cert(const struct ca *ca)
{
	char *pem = cert_pem(ca->cert);
	bool ok = pem != NULL && file_replace(ca->cert_file, pem, strlen(pem), 0644);

	free(pem);
	return ok;
}

static bool
pair_fits(const struct ca *ca)
{
	if (X509_check_private_key(ca->cert, ca->key) == 1)
		return true;
	prov_error("\"%s\" and \"%s\" do not belong together: %s", ca->cert_file, ca->key_file,
	    ossl_why());
	return false;
}

static bool
begin_records(const struct ca *ca)
{
	struct cadb db;
	bool ok = cadb_open(&db, ca->dir);

	if (ok)
		cadb_close(&db);
	return ok && ca_write_conf(ca);
}

/*
 * The key is written first: a crash before the certificate leaves a key whose certificate is made
 * the next time. The other way round it would be a CA that cannot sign.
 */
bool
ca_complete(struct ca *ca, struct ca *issuer, bool below, bool *made)
{
	const char *constraints =
	    below ? "critical,CA:TRUE,pathlen:1" : "critical,CA:TRUE,pathlen:0";

	*made = false;
	if (!ca_load_cert(ca) || !ca_load_key(ca))
		return false;
	if (ca->key == NULL && ca->cert != NULL) {
		prov_error(
		    "the CA in \"%s\" has no key: \"%s\" is missing", ca->cert_file, ca->key_file);
		prov_hint("restore it, or give another directory with --ca local:DIR");
		return false;
	}
	if (ca->key == NULL && !make_key(ca))
		return false;
	if (ca->cert != NULL)
		return pair_fits(ca) && begin_records(ca);
	ca->cert = issuer != NULL ? issue_ca(ca, issuer) : make_cert(ca, NULL, NULL, constraints);
	*made = ca->cert != NULL && begin_records(ca) && save_cert(ca);
	return *made;
}
