/* The certificate request (PKCS #10, RFC 2986), signed by the key on the chip. */
#ifndef PROVISION_CSR_H
#define PROVISION_CSR_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "provision/config.h"

/*
 * The configuration's subject and hash, if it says so the extensions that requests of the vendor's
 * scripts carry (basicConstraints CA:FALSE, extendedKeyUsage serverAuth and clientAuth, critical
 * keyUsage digitalSignature and keyEncipherment), public key pub, signed through signer. Its
 * signature has been verified with pub. NULL: said why.
 */
X509_REQ *csr_make(const struct config *c, EVP_PKEY *pub, EVP_PKEY *signer);

/* The subject as a name. NULL: said why. */
X509_NAME *csr_subject(const struct config *c);

#endif
