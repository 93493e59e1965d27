/* Inside the CA's files: one authority, that is one key, in a directory. */
#ifndef PROVISION_CAINT_H
#define PROVISION_CAINT_H

#include "provision/ca.h"

#define CA_FILE_MAX     16384U
#define CA_INTERMEDIATE "intermediate"

struct ca {
	const struct ca_options *opts;
	char *dir;
	char *key_file;
	char *cert_file;
	EVP_PKEY *key;
	X509 *cert;
};

/* A key as --ca-key describes it. */
struct ca_key_kind {
	const char *group; /* NULL: RSA */
	unsigned int bits;
	char name[64]; /* as key_name says it */
};

struct ca_extension {
	int nid;
	const char *value;
};

/* Names the files of a directory; sub: below that of the options, or NULL. */
bool ca_files(struct ca *ca, const struct ca_options *o, const char *sub);
void ca_close(struct ca *ca);

/* Loads what is there; a file that is missing is NULL without a word. */
bool ca_load_key(struct ca *ca);
bool ca_load_cert(struct ca *ca);

/*
 * Makes what is missing of an authority whose lock is held: key, certificate (by issuer, or by
 * itself for NULL), records, openssl.cnf. below: it may have a CA below it. *made: the certificate
 * was.
 */
bool ca_complete(struct ca *ca, struct ca *issuer, bool below, bool *made);

/* The hash that goes with a CA's key. */
const EVP_MD *ca_hash(const struct ca *ca);

/* A certificate begun and finished: what every one has. */
bool ca_extend(X509 *cert, X509 *issuer, const struct ca_extension *list);
bool ca_set_times(X509 *cert, int days, X509 *issuer);

bool ca_key_parse(const char *text, struct ca_key_kind *kind);
X509_NAME *ca_name_parse(const char *text);

/* Writes openssl.cnf for a directory, unless there is one. */
bool ca_write_conf(const struct ca *ca);

#endif
