/* An EST server (RFC 7030) for tests, on OpenSSL alone; it shares no code with provision/. */
#ifndef TESTS_EST_EST_H
#define TESTS_EST_EST_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/ssl.h>

struct pki {
	EVP_PKEY *tls_ca_key, *root_key, *sub_key, *server_key;
	X509 *tls_ca, *root, *sub, *server;
	long serial;
};

/* All keys and certificates, afresh; ends the program when that fails. */
void pki_make(struct pki *p);

/* A device's certificate by the sub CA, or with root by the root and for ever. */
X509 *pki_issue(struct pki *p, const X509_NAME *subject, EVP_PKEY *key, bool by_root);

/* A CA that nobody knows, for a certificate that leads nowhere. */
X509 *pki_issue_elsewhere(struct pki *p, const X509_NAME *subject, EVP_PKEY *key);

/* base64 of a PKCS #7 "certs-only", with line breaks; malloc'ed. */
char *pki_bag(X509 *const *certs, size_t n);

void die(const char *what);

#endif
