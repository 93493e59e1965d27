/*
 * The mechanism table. Advertised is what works: private key operations run on the chip, hashing
 * and everything with public keys on the host.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "pkcs11/mech.h"
#include "pkcs11/optiga-pkcs11.h"
#include "pkcs11/pkcs11v3.h"
#include "pkcs11/store/store.h"

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
#define SIGN     (CKF_HW | CKF_SIGN | CKF_VERIFY)
#define CRYPT    (CKF_HW | CKF_ENCRYPT | CKF_DECRYPT)
#define GENERATE (CKF_HW | CKF_GENERATE_KEY_PAIR)

/* AES and HMAC keys, in bytes; the chip takes the first 64 of a secret (SRM 4.4.1). */
#define AES_MIN  16
#define HMAC_MIN 1
#define HMAC_MAX 64

#define MAKE_PAIR(t, k, f)                                                                         \
	{                                                                                          \
		.type = (t), .flags = GENERATE | (f), .key = (k)                                   \
	}
#define ECDSA(t, h)                                                                                \
	{                                                                                          \
		.type = (t), .flags = SIGN | EC_FLAGS, .key = MECH_KEY_EC, .hash = (h)             \
	}
#define RSA(t, f, h)                                                                               \
	{                                                                                          \
		.type = (t), .flags = SIGN | (f), .key = MECH_KEY_RSA, .hash = (h)                 \
	}
#define DIGEST(t, h)                                                                               \
	{                                                                                          \
		.type = (t), .flags = CKF_DIGEST, .hash = (h)                                      \
	}
#define AES(t, c, pa, pd)                                                                          \
	{                                                                                          \
		.type = (t), .flags = CRYPT, .key = MECH_KEY_AES, .param = (pa), .cipher = (c),    \
		.pad = (pd)                                                                        \
	}
#define AES_MAC(t, m, pa, n)                                                                       \
	{                                                                                          \
		.type = (t), .flags = SIGN, .key = MECH_KEY_AES, .param = (pa), .mac = (m),        \
		.mac_len = (n)                                                                     \
	}
#define HMAC(t, h, m, pa, n)                                                                       \
	{                                                                                          \
		.type = (t), .flags = SIGN, .key = MECH_KEY_GENERIC, .param = (pa), .hash = (h),   \
		.mac = (m), .mac_len = (n)                                                         \
	}

#define DERIVE(t, k, f, d)                                                                         \
	{                                                                                          \
		.type = (t), .flags = CKF_HW | CKF_DERIVE | (f), .key = (k),                       \
		.param = MECH_PARAM_OWN, .kdf = (d)                                                \
	}
#define MAKE_KEY(t, k)                                                                             \
	{                                                                                          \
		.type = (t), .flags = CKF_HW | CKF_GENERATE, .key = (k)                            \
	}

static const struct mech mechs[] = {
	MAKE_PAIR(CKM_EC_KEY_PAIR_GEN, MECH_KEY_EC, EC_FLAGS),
	MAKE_PAIR(CKM_RSA_PKCS_KEY_PAIR_GEN, MECH_KEY_RSA, 0),
	ECDSA(CKM_ECDSA, NULL),
	ECDSA(CKM_ECDSA_SHA1, &hashes[SHA1]),
	ECDSA(CKM_ECDSA_SHA224, &hashes[SHA224]),
	ECDSA(CKM_ECDSA_SHA256, &hashes[SHA256]),
	ECDSA(CKM_ECDSA_SHA384, &hashes[SHA384]),
	ECDSA(CKM_ECDSA_SHA512, &hashes[SHA512]),
	RSA(CKM_RSA_PKCS, CRYPT, NULL),
	RSA(CKM_SHA256_RSA_PKCS, 0, &hashes[SHA256]),
	RSA(CKM_SHA384_RSA_PKCS, 0, &hashes[SHA384]),
	RSA(CKM_SHA512_RSA_PKCS, 0, &hashes[SHA512]),
	/* First the one that a client shall take when nobody names one (pkcs11-tool). */
	DIGEST(CKM_SHA256, &hashes[SHA256]),
	DIGEST(CKM_SHA_1, &hashes[SHA1]),
	DIGEST(CKM_SHA224, &hashes[SHA224]),
	DIGEST(CKM_SHA384, &hashes[SHA384]),
	DIGEST(CKM_SHA512, &hashes[SHA512]),
	AES(CKM_AES_ECB, CHIP_CIPHER_ECB, MECH_PARAM_NONE, false),
	AES(CKM_AES_CBC, CHIP_CIPHER_CBC, MECH_PARAM_IV, false),
	AES(CKM_AES_CBC_PAD, CHIP_CIPHER_CBC, MECH_PARAM_IV, true),
	/* CBC-MAC, the last block filled with zeros (FIPS 113); as long as PKCS #11 2.12.6 says. */
	AES_MAC(CKM_AES_MAC, CHIP_MAC_CBC, MECH_PARAM_NONE, CHIP_BLOCK / 2),
	AES_MAC(CKM_AES_MAC_GENERAL, CHIP_MAC_CBC, MECH_PARAM_LEN, CHIP_BLOCK),
	AES_MAC(CKM_AES_CMAC, CHIP_MAC_CMAC, MECH_PARAM_NONE, CHIP_BLOCK),
	AES_MAC(CKM_AES_CMAC_GENERAL, CHIP_MAC_CMAC, MECH_PARAM_LEN, CHIP_BLOCK),
	HMAC(CKM_SHA256_HMAC, &hashes[SHA256], CHIP_MAC_HMAC_SHA256, MECH_PARAM_NONE, 32),
	HMAC(CKM_SHA256_HMAC_GENERAL, &hashes[SHA256], CHIP_MAC_HMAC_SHA256, MECH_PARAM_LEN, 32),
	HMAC(CKM_SHA384_HMAC, &hashes[SHA384], CHIP_MAC_HMAC_SHA384, MECH_PARAM_NONE, 48),
	HMAC(CKM_SHA384_HMAC_GENERAL, &hashes[SHA384], CHIP_MAC_HMAC_SHA384, MECH_PARAM_LEN, 48),
	HMAC(CKM_SHA512_HMAC, &hashes[SHA512], CHIP_MAC_HMAC_SHA512, MECH_PARAM_NONE, 64),
	HMAC(CKM_SHA512_HMAC_GENERAL, &hashes[SHA512], CHIP_MAC_HMAC_SHA512, MECH_PARAM_LEN, 64),
	DERIVE(CKM_ECDH1_DERIVE, MECH_KEY_EC, EC_FLAGS, 0),
	DERIVE(CKM_HKDF_DERIVE, MECH_KEY_GENERIC, 0, CHIP_KDF_HKDF_SHA256),
	DERIVE(CKM_TLS12_MASTER_KEY_DERIVE, MECH_KEY_GENERIC, 0, CHIP_KDF_PRF_SHA256),
	DERIVE(CKM_TLS12_MASTER_KEY_DERIVE_DH, MECH_KEY_GENERIC, 0, CHIP_KDF_PRF_SHA256),
	DERIVE(CKM_TLS_KDF, MECH_KEY_GENERIC, 0, CHIP_KDF_PRF_SHA256),
	{ .type = CKM_OPTIGA_PROTECTED_UPDATE,
	    .flags = CKF_HW | CKF_UNWRAP,
	    .param = MECH_PARAM_OWN },
	MAKE_KEY(CKM_AES_KEY_GEN, MECH_KEY_AES),
	MAKE_KEY(CKM_GENERIC_SECRET_KEY_GEN, MECH_KEY_GENERIC),
};

/* Mechanisms that people ask for and no chip has. */
static const struct {
	CK_MECHANISM_TYPE type;
	const char *why;
} refusals[] = {
	{ CKM_RSA_PKCS_PSS, "the chip has no RSA-PSS; use PKCS#1 v1.5, or an EC key for TLS 1.3" },
	{ CKM_SHA1_RSA_PKCS_PSS, "the chip has no RSA-PSS; use CKM_SHA256_RSA_PKCS" },
	{ CKM_SHA224_RSA_PKCS_PSS, "the chip has no RSA-PSS; use CKM_SHA256_RSA_PKCS" },
	{ CKM_SHA256_RSA_PKCS_PSS, "the chip has no RSA-PSS; use CKM_SHA256_RSA_PKCS" },
	{ CKM_SHA384_RSA_PKCS_PSS, "the chip has no RSA-PSS; use CKM_SHA384_RSA_PKCS" },
	{ CKM_SHA512_RSA_PKCS_PSS, "the chip has no RSA-PSS; use CKM_SHA512_RSA_PKCS" },
	{ CKM_RSA_X_509, "the chip has no raw RSA; it makes and takes off the padding itself" },
	{ CKM_RSA_PKCS_OAEP, "the chip has no RSA-OAEP; use CKM_RSA_PKCS" },
	{ CKM_MD5_RSA_PKCS, "the chip signs no MD5 with RSA; use CKM_SHA256_RSA_PKCS" },
	{ CKM_SHA1_RSA_PKCS, "the chip signs no SHA-1 with RSA; use CKM_SHA256_RSA_PKCS" },
	{ CKM_SHA224_RSA_PKCS, "the chip signs no SHA-224 with RSA; use CKM_SHA256_RSA_PKCS" },
	{ CKM_AES_CTR, "the chip has AES in the modes ECB and CBC alone" },
	{ CKM_AES_GCM, "the chip has AES in the modes ECB and CBC alone" },
	{ CKM_AES_CCM, "the chip has AES in the modes ECB and CBC alone" },
	{ CKM_AES_KEY_WRAP, "the chip wraps no keys" },
	{ CKM_SHA_1_HMAC, "the chip has HMAC with SHA-256, SHA-384 and SHA-512 alone" },
	{ CKM_SHA224_HMAC, "the chip has HMAC with SHA-256, SHA-384 and SHA-512 alone" },
};

const struct mech *
mod_mech_at(size_t i)
{
	return i < NITEMS(mechs) ? &mechs[i] : NULL;
}

/* Asymmetric keys of the model, in bits. */
static void
pair_sizes(bool rsa, const struct chip_model *model, CK_ULONG *min, CK_ULONG *max)
{
	const struct chip_keytype *kt;

	for (size_t i = 0; (kt = chip_keytype_at(i)) != NULL; i++) {
		if (kt->rsa != rsa || !chip_model_has_alg(model, kt->alg))
			continue;
		if (*max == 0 || kt->bits < *min)
			*min = kt->bits;
		if (kt->bits > *max)
			*max = kt->bits;
	}
}

void
mod_mech_sizes(const struct mech *m, const struct chip_model *model, CK_ULONG *min, CK_ULONG *max)
{
	*min = *max = 0;
	if (m->key == MECH_KEY_EC || m->key == MECH_KEY_RSA) {
		pair_sizes(m->key == MECH_KEY_RSA, model, min, max);
	} else if (m->key == MECH_KEY_AES) {
		*min = AES_MIN;
		*max = 2 * AES_MIN;
	} else if (m->key == MECH_KEY_GENERIC) {
		*min = HMAC_MIN;
		*max = HMAC_MAX;
	}
}

/* Whether the model has it. */
static bool
model_has(const struct mech *m, const struct chip_model *model)
{
	CK_ULONG min, max;

	if (m->cipher != 0)
		return chip_model_can(model, CHIP_CMD_ENCRYPT_SYM, (int)m->cipher) &&
		       chip_model_can(model, CHIP_CMD_DECRYPT_SYM, (int)m->cipher);
	if (m->mac != 0)
		return chip_model_can(model, CHIP_CMD_ENCRYPT_SYM, (int)m->mac);
	/* Of keys: Trust M V1 takes updates of data alone. */
	if ((m->flags & CKF_UNWRAP) != 0)
		return chip_model_can(model, CHIP_CMD_GEN_SYM, CHIP_ALG_AES256) &&
		       chip_model_can(model, CHIP_CMD_SET_PROTECTED, 0x01);
	if (m->kdf != 0)
		return chip_model_can(model, CHIP_CMD_DERIVE, (int)m->kdf);
	if (m->key == MECH_KEY_AES)
		return chip_model_can(model, CHIP_CMD_GEN_SYM, CHIP_ALG_AES256);
	if (m->key == MECH_KEY_NONE)
		return true;
	if (m->key == MECH_KEY_RSA && m->hash != NULL && m->hash->sha512 &&
	    !chip_model_can(model, CHIP_CMD_SIGN, CHIP_RSA_SHA512))
		return false;
	mod_mech_sizes(m, model, &min, &max);
	return max != 0;
}

/* A slot with one key pair has no secret keys, and takes no updates: they are for any object. */
static bool
view_has(const struct mech *m, const struct store_view *view)
{
	return view == NULL || ((m->flags & CKF_UNWRAP) == 0 && m->key != MECH_KEY_AES &&
				   m->key != MECH_KEY_GENERIC);
}

bool
mod_mech_offered(
    const struct mech *m, const struct chip_model *model, const struct store_view *view)
{
	if (!model_has(m, model) || !view_has(m, view))
		return false;
	if (view == NULL || m->key == MECH_KEY_NONE)
		return true;
	if (view->fixed && (m->flags & CKF_GENERATE_KEY_PAIR) != 0)
		return false;
	return m->key == (view->rsa ? MECH_KEY_RSA : MECH_KEY_EC);
}

static bool
param_fits(const struct mech *m, const CK_MECHANISM *mechanism)
{
	const void *p = mechanism->pParameter;
	const CK_ULONG len = mechanism->ulParameterLen;
	CK_ULONG n;

	switch (m->param) {
	case MECH_PARAM_NONE: return p == NULL && len == 0;
	case MECH_PARAM_IV: return p != NULL && len == CHIP_BLOCK;
	case MECH_PARAM_OWN: return p != NULL || len == 0;
	case MECH_PARAM_LEN: break;
	}
	if (p == NULL || len != sizeof(n))
		return false;
	memcpy(&n, p, sizeof(n)); /* it need not be aligned */
	return n >= 1 && n <= m->mac_len;
}

static void
explain(CK_MECHANISM_TYPE type)
{
	for (size_t i = 0; i < NITEMS(refusals); i++)
		if (refusals[i].type == type)
			log_info("mechanism 0x%lx refused: %s", type, refusals[i].why);
}

CK_RV
mod_mech_get(const CK_MECHANISM *mechanism, CK_FLAGS use, const struct chip_model *model,
    const struct store_view *view, const struct mech **mp)
{
	if (mechanism == NULL)
		return CKR_ARGUMENTS_BAD;
	for (size_t i = 0; i < NITEMS(mechs); i++) {
		if (mechs[i].type != mechanism->mechanism || (mechs[i].flags & use) == 0 ||
		    model == NULL || !model_has(&mechs[i], model) || !view_has(&mechs[i], view))
			continue;
		if (!param_fits(&mechs[i], mechanism))
			return CKR_MECHANISM_PARAM_INVALID;
		*mp = &mechs[i];
		return CKR_OK;
	}
	explain(mechanism->mechanism);
	return CKR_MECHANISM_INVALID;
}

CK_RV
mod_mech_rsa_digest(const struct chip_model *model, const uint8_t *data, size_t len,
    const uint8_t **digest, const struct mech_hash **hash)
{
	for (size_t i = 0; i < NITEMS(hashes); i++) {
		const struct mech_hash *h = &hashes[i];

		if (h->info == NULL || (h->sha512 && model != NULL &&
					   !chip_model_can(model, CHIP_CMD_SIGN, CHIP_RSA_SHA512)))
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
