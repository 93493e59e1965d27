/*
 * X.509 certificates as the chip reads them: SRM 6.4. The public key and what it may be used for;
 * signature and dates are not looked at.
 */
#ifndef HAL_SIM_CERT_H
#define HAL_SIM_CERT_H

#include "hal/sim/crypto.h"

#define CERT_SIZE_MAX 1300

/* Bits of the extension keyUsage, as in its two bytes. */
enum {
	CERT_SIGNATURE = 0x8000,
	CERT_KEY_ENC = 0x2000,
	CERT_DATA_ENC = 0x1000,
	CERT_CERT_SIGN = 0x0400,
};

struct sim_cert {
	struct sim_public key;
	uint16_t usage; /* all bits when the certificate has no keyUsage */
};

/* 0, or the chip's code for a certificate that is malformed or unsupported. */
uint8_t cert_parse(const uint8_t *p, size_t len, struct sim_cert *cert);

#endif
