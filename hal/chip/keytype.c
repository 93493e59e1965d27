/*
 * Key types: every asymmetric algorithm of the family, SRM 4.4.2. Curve identifiers are the DER
 * of the OBJECT IDENTIFIER: SEC 2 and RFC 5480 for the NIST curves, RFC 5639 for Brainpool.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/chip/chip.h"

static const uint8_t der_p256[] = { 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07 };
static const uint8_t der_p384[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22 };
static const uint8_t der_p521[] = { 0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x23 };
static const uint8_t der_bp256[] = { 0x06, 0x09, 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01,
	0x07 };
static const uint8_t der_bp384[] = { 0x06, 0x09, 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01,
	0x0B };
static const uint8_t der_bp512[] = { 0x06, 0x09, 0x2B, 0x24, 0x03, 0x03, 0x02, 0x08, 0x01, 0x01,
	0x0D };

#define CURVE(a, n, b, group, der)                                                                 \
	{                                                                                          \
		.alg = (a), .name = (n), .rsa = false, .bits = (b), .size = ((b) + 7) / 8,         \
		.ossl_group = (group), .params = (der), .params_len = sizeof(der)                  \
	}
#define RSA(a, n, b)                                                                               \
	{                                                                                          \
		.alg = (a), .name = (n), .rsa = true, .bits = (b), .size = (b) / 8                 \
	}

static const struct chip_keytype keytypes[] = {
	CURVE(CHIP_ALG_P256, "P-256", 256, "P-256", der_p256),
	CURVE(CHIP_ALG_P384, "P-384", 384, "P-384", der_p384),
	CURVE(CHIP_ALG_P521, "P-521", 521, "P-521", der_p521),
	CURVE(CHIP_ALG_BP256, "Brainpool P256r1", 256, "brainpoolP256r1", der_bp256),
	CURVE(CHIP_ALG_BP384, "Brainpool P384r1", 384, "brainpoolP384r1", der_bp384),
	CURVE(CHIP_ALG_BP512, "Brainpool P512r1", 512, "brainpoolP512r1", der_bp512),
	RSA(CHIP_ALG_RSA1024, "RSA 1024", 1024),
	RSA(CHIP_ALG_RSA2048, "RSA 2048", 2048),
};

const struct chip_keytype *
chip_keytype_at(size_t i)
{
	return i < NITEMS(keytypes) ? &keytypes[i] : NULL;
}

const struct chip_keytype *
chip_keytype_by_alg(int alg)
{
	for (size_t i = 0; i < NITEMS(keytypes); i++)
		if ((int)keytypes[i].alg == alg)
			return &keytypes[i];
	return NULL;
}

const struct chip_keytype *
chip_keytype_by_params(const uint8_t *der, size_t len)
{
	for (size_t i = 0; i < NITEMS(keytypes); i++)
		if (!keytypes[i].rsa && keytypes[i].params_len == len &&
		    memcmp(keytypes[i].params, der, len) == 0)
			return &keytypes[i];
	return NULL;
}
