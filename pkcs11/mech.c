/*
 * The mechanism table. Advertised is what works: private key operations run on the chip, hashing
 * and everything with public keys on the host.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/mech.h"

/* DigestInfo: SEQUENCE { SEQUENCE { OID 2.16.840.1.101.3.4.2.n, NULL }, OCTET STRING (len) }. */
#define INFO(n, len)                                                                               \
	{                                                                                          \
		0x30, 0x11 + (len), 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03,    \
		    0x04, 0x02, (n), 0x05, 0x00, 0x04, (len)                                       \
	}
static const uint8_t info_sha256[] = INFO(1, 32);
static const uint8_t info_sha384[] = INFO(2, 48);
static const uint8_t info_sha512[] = INFO(3, 64);

enum { SHA1, SHA224, SHA256, SHA384, SHA512 };
static const struct mech_hash hashes[] = {
	[SHA1] = { "SHA1", 20, NULL, 0, false },
	[SHA224] = { "SHA2-224", 28, NULL, 0, false },
	[SHA256] = { "SHA2-256", 32, info_sha256, sizeof(info_sha256), false },
	[SHA384] = { "SHA2-384", 48, info_sha384, sizeof(info_sha384), false },
	[SHA512] = { "SHA2-512", 64, info_sha512, sizeof(info_sha512), true },
};

/* All our curves are named ones over prime fields, points uncompressed. */
#define EC_FLAGS (CKF_EC_F_P | CKF_EC_NAMEDCURVE | CKF_EC_UNCOMPRESS)
#define EC_SIGN  (CKF_HW | CKF_SIGN | CKF_VERIFY | EC_FLAGS)
#define RSA_SIGN (CKF_HW | CKF_SIGN | CKF_VERIFY)
#define GENERATE (CKF_HW | CKF_GENERATE_KEY_PAIR)

static const struct mech mechs[] = {
	{ CKM_EC_KEY_PAIR_GEN, GENERATE | EC_FLAGS, MECH_KEY_EC, NULL },
	{ CKM_RSA_PKCS_KEY_PAIR_GEN, GENERATE, MECH_KEY_RSA, NULL },
	{ CKM_ECDSA, EC_SIGN, MECH_KEY_EC, NULL },
	{ CKM_ECDSA_SHA1, EC_SIGN, MECH_KEY_EC, &hashes[SHA1] },
	{ CKM_ECDSA_SHA224, EC_SIGN, MECH_KEY_EC, &hashes[SHA224] },
	{ CKM_ECDSA_SHA256, EC_SIGN, MECH_KEY_EC, &hashes[SHA256] },
	{ CKM_ECDSA_SHA384, EC_SIGN, MECH_KEY_EC, &hashes[SHA384] },
	{ CKM_ECDSA_SHA512, EC_SIGN, MECH_KEY_EC, &hashes[SHA512] },
	{ CKM_RSA_PKCS, RSA_SIGN, MECH_KEY_RSA, NULL },
	{ CKM_SHA256_RSA_PKCS, RSA_SIGN, MECH_KEY_RSA, &hashes[SHA256] },
	{ CKM_SHA384_RSA_PKCS, RSA_SIGN, MECH_KEY_RSA, &hashes[SHA384] },
	{ CKM_SHA512_RSA_PKCS, RSA_SIGN, MECH_KEY_RSA, &hashes[SHA512] },
	{ CKM_SHA_1, CKF_DIGEST, MECH_KEY_NONE, &hashes[SHA1] },
	{ CKM_SHA224, CKF_DIGEST, MECH_KEY_NONE, &hashes[SHA224] },
	{ CKM_SHA256, CKF_DIGEST, MECH_KEY_NONE, &hashes[SHA256] },
	{ CKM_SHA384, CKF_DIGEST, MECH_KEY_NONE, &hashes[SHA384] },
	{ CKM_SHA512, CKF_DIGEST, MECH_KEY_NONE, &hashes[SHA512] },
};

/* Mechanisms that people ask for and the chip has not got. */
static const struct {
	CK_MECHANISM_TYPE type;
	const char *why;
} refusals[] = {
	{ CKM_RSA_PKCS_PSS, "the chip has no RSA-PSS; use PKCS#1 v1.5, or an EC key for TLS 1.3" },
	{ CKM_SHA256_RSA_PKCS_PSS, "the chip has no RSA-PSS; use CKM_SHA256_RSA_PKCS" },
	{ CKM_SHA384_RSA_PKCS_PSS, "the chip has no RSA-PSS; use CKM_SHA384_RSA_PKCS" },
	{ CKM_SHA512_RSA_PKCS_PSS, "the chip has no RSA-PSS; use CKM_SHA512_RSA_PKCS" },
	{ CKM_RSA_X_509, "the chip has no raw RSA; it makes PKCS#1 v1.5 padding itself" },
	{ CKM_RSA_PKCS_OAEP, "the chip has no RSA-OAEP" },
	{ CKM_SHA1_RSA_PKCS, "the chip signs no SHA-1 with RSA; use CKM_SHA256_RSA_PKCS" },
};

const struct mech *
mod_mech_at(size_t i)
{
	return i < NITEMS(mechs) ? &mechs[i] : NULL;
}

void
mod_mech_sizes(const struct mech *m, const struct chip_model *model, CK_ULONG *min, CK_ULONG *max)
{
	const struct chip_keytype *kt;

	*min = *max = 0;
	if (m->key == MECH_KEY_NONE)
		return;
	for (size_t i = 0; (kt = chip_keytype_at(i)) != NULL; i++) {
		if (kt->rsa != (m->key == MECH_KEY_RSA) || !chip_model_has_alg(model, kt->alg))
			continue;
		if (*max == 0 || kt->bits < *min)
			*min = kt->bits;
		if (kt->bits > *max)
			*max = kt->bits;
	}
}

bool
mod_mech_offered(const struct mech *m, const struct chip_model *model)
{
	CK_ULONG min, max;

	if (m->key == MECH_KEY_NONE)
		return true;
	if (m->key == MECH_KEY_RSA && m->hash != NULL && m->hash->sha512 &&
	    !chip_model_can(model, CHIP_CMD_SIGN, CHIP_RSA_SHA512))
		return false;
	mod_mech_sizes(m, model, &min, &max);
	return max != 0;
}

CK_RV
mod_mech_get(const CK_MECHANISM *mechanism, CK_FLAGS use, const struct chip_model *model,
    const struct mech **mp)
{
	if (mechanism == NULL)
		return CKR_ARGUMENTS_BAD;
	for (size_t i = 0; i < NITEMS(mechs); i++) {
		if (mechs[i].type != mechanism->mechanism || (mechs[i].flags & use) == 0 ||
		    model == NULL || !mod_mech_offered(&mechs[i], model))
			continue;
		if (mechanism->pParameter != NULL || mechanism->ulParameterLen != 0)
			return CKR_MECHANISM_PARAM_INVALID;
		*mp = &mechs[i];
		return CKR_OK;
	}
	for (size_t i = 0; i < NITEMS(refusals); i++)
		if (refusals[i].type == mechanism->mechanism)
			log_info(
			    "mechanism 0x%lx refused: %s", mechanism->mechanism, refusals[i].why);
	return CKR_MECHANISM_INVALID;
}

CK_RV
mod_mech_rsa_digest(const struct chip_model *model, const uint8_t *data, size_t len,
    const uint8_t **digest, const struct mech_hash **hash)
{
	for (size_t i = 0; i < NITEMS(hashes); i++) {
		const struct mech_hash *h = &hashes[i];

		if (h->info == NULL ||
		    (h->sha512 && !chip_model_can(model, CHIP_CMD_SIGN, CHIP_RSA_SHA512)))
			continue;
		if (len == h->len) {
			*digest = data;
		} else if (len == h->info_len + h->len) {
			if (memcmp(data, h->info, h->info_len) != 0)
				return CKR_DATA_INVALID;
			*digest = data + h->info_len;
		} else {
			continue;
		}
		*hash = h;
		return CKR_OK;
	}
	log_info("CKM_RSA_PKCS: %zu bytes are no digest of SHA-256, SHA-384 or SHA-512, nor its "
		 "DigestInfo: the chip signs nothing else",
	    len);
	return CKR_DATA_LEN_RANGE;
}
