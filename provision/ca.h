/*
 * A certification authority of the user's own, in a directory: ca.key (0600) and ca.pem, made on
 * first use. Functions say why they failed.
 */
#ifndef PROVISION_CA_H
#define PROVISION_CA_H

#include <openssl/x509.h>

/* The directory: dir itself, or for NULL the user's own ($XDG_DATA_HOME/optiga-provision/ca).
 * malloc'ed. */
char *ca_dir(const char *dir);

/* The CA's certificate in a directory, "DIR/ca.pem"; malloc'ed, need not exist. */
char *ca_cert_file(const char *dir);

/*
 * A certificate for the subject and key of a request whose signature has been verified, for a TLS
 * client: the requested extensions are the CA's to decide, and are not copied. The CA is made when
 * there is none; programs that start it at once share one.
 */
X509 *ca_sign(const char *dir, X509_REQ *req);

#endif
