/* A certification authority of the user's own; see ca.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include "provision/ca.h"
#include "provision/cert.h"
#include "provision/file.h"
#include "provision/msg.h"

#define CA_FILE_MAX 16384U
#define CA_DAYS     (20L * 365)
#define LEAF_DAYS   (10L * 365)
#define BACKDATE_S  3600 /* for devices whose clocks are behind */

struct ca {
	char *key_file;
	char *cert_file;
	EVP_PKEY *key;
	X509 *cert;
};

struct extension {
	int nid;
	const char *value;
};

char *
ca_dir(const char *dir)
{
	char *base, *path;

	if (dir != NULL)
		return strdup(dir);
	base = file_user_dir("XDG_DATA_HOME", ".local/share");
	if (base == NULL)
		return NULL;
	path = file_join(base, "ca");
	free(base);
	return path;
}

char *
ca_cert_file(const char *dir)
{
	return file_join(dir, "ca.pem");
}

/* 20 random bytes, positive and not zero (RFC 5280, 4.1.2.2: at most 20 octets). */
static bool
set_serial(X509 *cert)
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
add_extensions(X509 *cert, X509 *issuer, const struct extension *list)
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

static bool
set_times(X509 *cert, long days)
{
	return X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATE_S) != NULL &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), (int)days, 0, NULL) != NULL;
}

/* The name tells this CA from the next one that somebody makes. */
static bool
set_ca_name(X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);
	unsigned char random[4];
	char cn[64];

	if (RAND_bytes(random, sizeof(random)) != 1)
		return false;
	(void)snprintf(cn, sizeof(cn), "optiga-provision CA %02x%02x%02x%02x", random[0], random[1],
	    random[2], random[3]);
	return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
		   (const unsigned char *)cn, -1, -1, 0) == 1 &&
	       X509_set_issuer_name(cert, name) == 1;
}

static X509 *
make_ca_cert(EVP_PKEY *key)
{
	static const struct extension list[] = {
		{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
		{ NID_key_usage, "critical,keyCertSign,cRLSign" },
		{ NID_subject_key_identifier, "hash" },
		{ 0, NULL },
	};
	X509 *cert = X509_new();

	if (cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	    set_ca_name(cert) && set_times(cert, CA_DAYS) && X509_set_pubkey(cert, key) == 1 &&
	    add_extensions(cert, cert, list) && X509_sign(cert, key, EVP_sha256()) > 0)
		return cert;
	prov_error("cannot make the CA's certificate: %s", ossl_why());
	X509_free(cert);
	return NULL;
}

/* The key's PEM passes through memory that is wiped. */
static bool
save_key(const char *file, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	char *data;
	bool ok = false;

	if (bio != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
		long len = BIO_get_mem_data(bio, &data);

		ok = file_replace(file, data, (size_t)len, 0600);
		OPENSSL_cleanse(data, (size_t)len);
	} else {
		prov_error("cannot encode the CA's key: %s", ossl_why());
	}
	BIO_free(bio);
	return ok;
}

/* *absent: there is no such file, and nothing was said. */
static EVP_PKEY *
load_key(const char *file, bool *absent)
{
	size_t len = 0;
	char *data = file_read_if(file, CA_FILE_MAX, &len, absent);
	EVP_PKEY *key = NULL;
	BIO *bio;

	if (data == NULL)
		return NULL;
	bio = BIO_new_mem_buf(data, (int)len);
	if (bio != NULL)
		key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	if (key == NULL) {
		prov_error("%s: no private key in it: %s", file, ossl_why());
		prov_hint("give another directory with --ca local:DIR, or restore the file");
	}
	BIO_free(bio);
	OPENSSL_cleanse(data, len);
	free(data);
	return key;
}

static bool
load_cert(struct ca *ca, bool *absent)
{
	size_t len;
	char *data = file_read_if(ca->cert_file, CA_FILE_MAX, &len, absent);

	if (data != NULL)
		ca->cert = cert_from_pem(ca->cert_file, data);
	free(data);
	return ca->cert != NULL;
}

/*
 * Under the lock of the directory. The key is written first: a crash between the two leaves a key
 * whose certificate is made now. The other way round it would be a CA that cannot sign.
 */
static bool
open_or_make(struct ca *ca)
{
	bool no_key = false, no_cert = false;
	char *pem;
	bool ok;

	ca->key = load_key(ca->key_file, &no_key);
	if (ca->key == NULL && !no_key)
		return false;
	if (!load_cert(ca, &no_cert) && !no_cert)
		return false;
	if (ca->key == NULL && ca->cert != NULL) {
		prov_error(
		    "the CA in \"%s\" has no key: \"%s\" is missing", ca->cert_file, ca->key_file);
		prov_hint("restore it, or give another directory with --ca local:DIR");
		return false;
	}
	if (ca->key == NULL) {
		ca->key = EVP_EC_gen("P-256");
		if (ca->key == NULL) {
			prov_error("cannot generate the CA's key: %s", ossl_why());
			return false;
		}
		if (!save_key(ca->key_file, ca->key))
			return false;
	}
	if (ca->cert != NULL) {
		if (X509_check_private_key(ca->cert, ca->key) == 1)
			return true;
		prov_error("\"%s\" and \"%s\" do not belong together: %s", ca->cert_file,
		    ca->key_file, ossl_why());
		return false;
	}
	ca->cert = make_ca_cert(ca->key);
	if (ca->cert == NULL || (pem = cert_pem(ca->cert)) == NULL)
		return false;
	ok = file_replace(ca->cert_file, pem, strlen(pem), 0644);
	free(pem);
	if (ok)
		prov_step("made a CA of your own: %s", ca->cert_file);
	return ok;
}

static void
ca_close(struct ca *ca)
{
	free(ca->key_file);
	free(ca->cert_file);
	EVP_PKEY_free(ca->key);
	X509_free(ca->cert);
}

static bool
ca_open(struct ca *ca, const char *dir)
{
	char *lock_file = NULL;
	bool ok = false;
	struct stat st;
	int fd = -1;

	memset(ca, 0, sizeof(*ca));
	if (!file_make_dir(dir))
		return false;
	ca->key_file = file_join(dir, "ca.key");
	ca->cert_file = ca_cert_file(dir);
	lock_file = file_join(dir, "lock");
	if (ca->key_file != NULL && ca->cert_file != NULL && lock_file != NULL)
		fd = file_lock(lock_file, true, NULL);
	if (fd >= 0) {
		ok = open_or_make(ca);
		(void)close(fd);
	}
	if (ok && stat(ca->key_file, &st) == 0 && (st.st_mode & 077) != 0)
		prov_warn("others can read the CA's key: chmod 600 \"%s\"", ca->key_file);
	free(lock_file);
	if (!ok)
		ca_close(ca);
	return ok;
}

/* Never beyond the CA's own end: the chain would not verify then. */
static bool
cap_not_after(X509 *cert, X509 *ca)
{
	if (ASN1_TIME_compare(X509_get0_notAfter(cert), X509_get0_notAfter(ca)) <= 0)
		return true;
	return X509_set1_notAfter(cert, X509_get0_notAfter(ca)) == 1;
}

static X509 *
issue(const struct ca *ca, X509_REQ *req, EVP_PKEY *pub)
{
	/* An RSA key may also be asked to decrypt a secret (TLS 1.2 without Diffie-Hellman). */
	const struct extension list[] = {
		{ NID_basic_constraints, "critical,CA:FALSE" },
		{ NID_key_usage, EVP_PKEY_is_a(pub, "RSA")
				     ? "critical,digitalSignature,keyEncipherment"
				     : "critical,digitalSignature" },
		{ NID_ext_key_usage, "clientAuth" },
		{ NID_subject_key_identifier, "hash" },
		{ NID_authority_key_identifier, "keyid" },
		{ 0, NULL },
	};
	const EVP_MD *md = EVP_PKEY_get_bits(ca->key) == 384 ? EVP_sha384() : EVP_sha256();
	X509 *cert = X509_new();

	if (cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
	    X509_set_subject_name(cert, X509_REQ_get_subject_name(req)) == 1 &&
	    X509_set_issuer_name(cert, X509_get_subject_name(ca->cert)) == 1 &&
	    set_times(cert, LEAF_DAYS) && cap_not_after(cert, ca->cert) &&
	    X509_set_pubkey(cert, pub) == 1 && add_extensions(cert, ca->cert, list) &&
	    X509_sign(cert, ca->key, md) > 0)
		return cert;
	prov_error("cannot make the certificate: %s", ossl_why());
	X509_free(cert);
	return NULL;
}

X509 *
ca_sign(const char *dir, X509_REQ *req)
{
	EVP_PKEY *pub = X509_REQ_get0_pubkey(req);
	X509 *cert = NULL;
	struct ca ca;

	if (pub == NULL) {
		prov_error("the request's public key cannot be used: %s", ossl_why());
		return NULL;
	}
	if (!ca_open(&ca, dir))
		return NULL;
	if (X509_cmp_current_time(X509_get0_notAfter(ca.cert)) < 0)
		prov_error("the CA's certificate \"%s\" has expired", ca.cert_file);
	else
		cert = issue(&ca, req, pub);
	ca_close(&ca);
	return cert;
}
