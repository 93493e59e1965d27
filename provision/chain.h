/*
 * A certificate and the CAs behind it: as it came, ordered, measured, checked. Functions say why
 * they failed.
 */
#ifndef PROVISION_CHAIN_H
#define PROVISION_CHAIN_H

#include <stdbool.h>
#include <stddef.h>

#include <openssl/x509.h>

/*
 * All certificates in data: PEM with any number of them, or DER of one, or PKCS #7 "certs-only" of
 * either. what names it in messages. Never empty; NULL: said why.
 */
STACK_OF(X509) * chain_parse(const char *what, const char *data, size_t len);

/* The same of a file, "-" for standard input. */
STACK_OF(X509) * chain_read(const char *path);

/* The certificates of a PKCS #7 "certs-only" in DER. NULL, without a word: it is none, or empty. */
STACK_OF(X509) * chain_from_pkcs7(const unsigned char *der, size_t len);

/*
 * Out of such a list: the one certificate for a key, and its issuers in order, without the root. A
 * second certificate for the key, or one that is no CA's, is a mistake. Issuers that will not fit
 * on the chip beside the certificate are left off, with a warning. list stays the caller's.
 */
X509 *chain_take(
    const char *what, const STACK_OF(X509) * list, EVP_PKEY *key, STACK_OF(X509) * *chain);

/*
 * NULL: cert leads to a certificate in file anchors, through those in between (NULL: none), and all
 * are valid now. Otherwise the reason, until the next call. Says nothing.
 */
const char *chain_problem(X509 *cert, STACK_OF(X509) * between, const char *anchors);

/* The same with the anchors themselves. */
const char *chain_problem_with(
    X509 *cert, STACK_OF(X509) * between, const STACK_OF(X509) * anchors);

/*
 * NULL: cert is valid now, and with anchors (a file) given leads to them. Otherwise the reason, as
 * above.
 */
const char *chain_judge(X509 *cert, const char *anchors);

#endif
