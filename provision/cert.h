/*
 * Certificates and public keys: reading, writing, naming, comparing (RFC 5280). Functions say why
 * they failed.
 */
#ifndef PROVISION_CERT_H
#define PROVISION_CERT_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

/* A certificate object of the chip takes this many bytes, nine of them framing (TLS identity). */
#define CERT_OBJECT_MAX 1728U
#define CERT_FRAMING    9U
#define CHAIN_FRAMING   3U /* each certificate more */

/* Why the last OpenSSL call failed, in OpenSSL's words; clears the queue. */
const char *ossl_why(void);

/* One certificate or request, PEM or DER, "-" for standard input. NULL: said why. */
X509 *cert_read(const char *path);
X509_REQ *req_read(const char *path);

/* From memory, one certificate exactly. NULL: what names it was put into the message. */
X509 *cert_from_pem(const char *what, const char *pem);
/* NULL without a word: no certificate. */
X509 *cert_from_der(const unsigned char *der, size_t len);

/* The certificates of a PEM text, at least one; NULL: what names it was put into the message. */
STACK_OF(X509) * certs_from_pem(const char *what, const char *pem);
/* Frees them and their list, which may be NULL. */
void certs_free(STACK_OF(X509) * *list);

/* malloc'ed; NULL: said why. */
char *certs_pem(STACK_OF(X509) * list);
char *cert_pem(X509 *cert);
char *req_pem(X509_REQ *req);
unsigned char *cert_der(X509 *cert, size_t *lenp);

/* Lower-case hex of SHA-256 over the DER: what AWS IoT calls certificateId. */
bool cert_id(X509 *cert, char id[65]);

/* The same over the DER of SubjectPublicKeyInfo. */
bool key_id(EVP_PKEY *key, char id[65]);

bool key_equal(EVP_PKEY *a, EVP_PKEY *b);
bool cert_is_for(X509 *cert, EVP_PKEY *key);

/* "secp256r1", "RSA-2048", into a buffer of the caller's. */
const char *key_name(EVP_PKEY *key, char *buf, size_t len);

/* One line, RFC 2253 in UTF-8 with OpenSSL's escapes; malloc'ed, NULL without memory. */
char *name_line(const X509_NAME *name);

/* "2049-12-31 23:59:59 UTC" into a buffer of 32; "" for what is no time. */
const char *time_text(const ASN1_TIME *t, char buf[32]);

/* Whether the certificate, and a chain behind it, will fit into a certificate object of the chip;
 * says if not. chain may be NULL. */
bool cert_fits(X509 *cert, STACK_OF(X509) * chain);

/*
 * NULL: cert was issued by a CA in file anchors and is valid now. Otherwise the reason, until the
 * next call. Says nothing.
 */
const char *cert_chain_problem(X509 *cert, const char *anchors);

#endif
