/* What token objects tell of an X.509 certificate, through OpenSSL in the module's context. */
#ifndef PKCS11_STORE_X509_H
#define PKCS11_STORE_X509_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/base/buf.h"

enum x509_part {
	X509_PART_SUBJECT, /* DER Name */
	X509_PART_ISSUER,  /* DER Name */
	X509_PART_SERIAL,  /* DER INTEGER */
	X509_PART_START,   /* CK_DATE: YYYYMMDD */
	X509_PART_END,
	X509_PART_SPKI, /* DER, as it stands in the certificate */
};

/* All: HAL_EFORMAT when der is no X.509 certificate. Appends. */
int x509_part(const uint8_t *der, size_t len, enum x509_part part, struct buf *out);
int x509_spki(const uint8_t *der, size_t len, struct buf *out);

/* Whether it says that it is an authority's (basicConstraints). */
int x509_is_ca(const uint8_t *der, size_t len, bool *ca);

/* Whether issuer signed cert: names, and the signature. */
int x509_issued(
    const uint8_t *cert, size_t len, const uint8_t *issuer, size_t issuer_len, bool *yes);

#endif
