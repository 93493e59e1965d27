/*
 * A certification authority of the user's own, in a directory, made on first use: ca.key (0600),
 * ca.pem, and the records that "openssl ca" keeps (see cadb.h), with an openssl.cnf for it. With an
 * intermediate CA, "intermediate" in it is the same again; the certificates come from there, and
 * ca.key may be kept somewhere else. Functions say why they failed.
 */
#ifndef PROVISION_CA_H
#define PROVISION_CA_H

#include <stdbool.h>

#include <openssl/x509.h>

struct ca_options {
	const char *dir;
	const char *pass_file; /* passphrase of its keys; NULL: the terminal, where one is needed */
	/* For a CA that is made. What is given and does not fit one that is there is a mistake. */
	const char *key;     /* "ec", "ec:CURVE", "rsa", "rsa:BITS"; NULL: secp256r1 */
	const char *subject; /* "/C=DE/O=Example/CN=Example CA"; NULL: a name of its own */
};

/* The directory: dir itself, or for NULL the user's own ($XDG_DATA_HOME/optiga-provision/ca).
 * malloc'ed. */
char *ca_dir(const char *dir);

/* The CA's certificate in a directory, "DIR/ca.pem"; malloc'ed, need not exist. */
char *ca_cert_file(const char *dir);

/* Whether key and subject can be understood. */
bool ca_options_check(const struct ca_options *o);

/* Makes the CA and, if wanted, its intermediate, where they are missing; *made: one was. */
bool ca_init(const struct ca_options *o, bool intermediate, bool *made);

/*
 * A certificate for the subject and key of a request whose signature has been verified, for a TLS
 * client: the requested extensions are the CA's to decide, and are not copied. One that it issued
 * for this subject and key before, still good, is given again. *chain: the issuers below the root,
 * its own first; with them it fits into an object of the chip. The CA is made when there is none;
 * programs that start it at once share one.
 */
X509 *ca_sign(const struct ca_options *o, X509_REQ *req, STACK_OF(X509) * *chain);

/* The certificate of the authority that issues, which must be there; needs no key. */
X509 *ca_authority(const struct ca_options *o);

/*
 * NULL: cert was issued by this CA, is valid now and not revoked. Otherwise the reason, until the
 * next call. Says nothing.
 */
const char *ca_judge(const char *dir, X509 *cert);

#endif
