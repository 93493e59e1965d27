/*
 * Models: what tells them apart and what each can do.
 *
 * The UID (object E0C2, 27 bytes) is
 *   0 CIM identifier | 1 platform | 2 model | 3 ROM mask (2) | 5 chip type (6) | 11 batch (6) |
 *   17 wafer X (2) | 19 wafer Y (2) | 21 firmware (4) | 25 build, BCD (2)
 * The build decides. Express and MTR parts are V3 silicon and report V3's builds; they differ in
 * what the factory put into the objects, which metadata tells.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"

#define UID_CHIP_TYPE 5
#define UID_BUILD     25

enum { TRUST_X, TRUST_M_V1, TRUST_M_V3, NMODELS };

static const struct chip_model models[NMODELS] = {
	[TRUST_X] = { "trust-x", "Trust X", CHIP_TRUST_X, 48, 130 },
	[TRUST_M_V1] = { "trust-m-v1", "Trust M V1", CHIP_TRUST_M_V1, 48, 209 },
	[TRUST_M_V3] = { "trust-m-v3", "Trust M V3", CHIP_TRUST_M_V3, 66, 209 },
};

/* Every build there is. */
static const struct {
	uint16_t build;
	uint8_t model;
} builds[] = {
	{ 0x0510, TRUST_X },
	{ 0x0715, TRUST_X },
	{ 0x1048, TRUST_X },
	{ 0x1112, TRUST_X },
	{ 0x1118, TRUST_X },
	{ 0x0501, TRUST_M_V1 },
	{ 0x0624, TRUST_M_V1 },
	{ 0x0751, TRUST_M_V1 },
	{ 0x0802, TRUST_M_V1 },
	{ 0x0809, TRUST_M_V1 },
	{ 0x2440, TRUST_M_V3 },
	{ 0x2564, TRUST_M_V3 },
};

#define X   CHIP_TRUST_X
#define V1  CHIP_TRUST_M_V1
#define V3  CHIP_TRUST_M_V3
#define M   (V1 | V3)
#define ALL (X | M)

/* Commands and their variants: SRM 4.4.1, 4.4.2; the DTLS client of Trust X is not used. */
static const struct {
	uint8_t cmd, param, gens;
} commands[] = {
	{ CHIP_CMD_GET_DATA, 0x00, ALL }, /* data, metadata */
	{ CHIP_CMD_GET_DATA, 0x01, ALL },
	{ CHIP_CMD_SET_DATA, 0x00, ALL }, /* write, metadata, count, erase and write */
	{ CHIP_CMD_SET_DATA, 0x01, ALL },
	{ CHIP_CMD_SET_DATA, 0x02, M },
	{ CHIP_CMD_SET_DATA, 0x40, ALL },
	{ CHIP_CMD_SET_PROTECTED, 0x01, M },
	{ CHIP_CMD_RANDOM, 0x00, ALL }, /* TRNG, DRNG, pre-master secret */
	{ CHIP_CMD_RANDOM, 0x01, ALL },
	{ CHIP_CMD_RANDOM, 0x04, M },
	{ CHIP_CMD_ENCRYPT_SYM, CHIP_CIPHER_ECB, V3 },
	{ CHIP_CMD_ENCRYPT_SYM, CHIP_CIPHER_CBC, V3 },
	{ CHIP_CMD_ENCRYPT_SYM, CHIP_MAC_CBC, V3 },
	{ CHIP_CMD_ENCRYPT_SYM, CHIP_MAC_CMAC, V3 },
	{ CHIP_CMD_ENCRYPT_SYM, CHIP_MAC_HMAC_SHA256, V3 },
	{ CHIP_CMD_ENCRYPT_SYM, CHIP_MAC_HMAC_SHA384, V3 },
	{ CHIP_CMD_ENCRYPT_SYM, CHIP_MAC_HMAC_SHA512, V3 },
	{ CHIP_CMD_DECRYPT_SYM, CHIP_CIPHER_ECB, V3 },
	{ CHIP_CMD_DECRYPT_SYM, CHIP_CIPHER_CBC, V3 },
	{ CHIP_CMD_DECRYPT_SYM, CHIP_MAC_HMAC_SHA256, V3 },
	{ CHIP_CMD_DECRYPT_SYM, CHIP_MAC_HMAC_SHA384, V3 },
	{ CHIP_CMD_DECRYPT_SYM, CHIP_MAC_HMAC_SHA512, V3 },
	{ CHIP_CMD_ENCRYPT_ASYM, CHIP_RSAES, M },
	{ CHIP_CMD_DECRYPT_ASYM, CHIP_RSAES, M },
	{ CHIP_CMD_HASH, 0xE2, ALL }, /* SHA-256 */
	{ CHIP_CMD_SIGN, CHIP_RSA_SHA256, M },
	{ CHIP_CMD_SIGN, CHIP_RSA_SHA384, M },
	{ CHIP_CMD_SIGN, CHIP_RSA_SHA512, V3 },
	{ CHIP_CMD_SIGN, CHIP_ECDSA, ALL },
	{ CHIP_CMD_VERIFY, CHIP_RSA_SHA256, M },
	{ CHIP_CMD_VERIFY, CHIP_RSA_SHA384, M },
	{ CHIP_CMD_VERIFY, CHIP_RSA_SHA512, V3 },
	{ CHIP_CMD_VERIFY, CHIP_ECDSA, ALL },
	{ CHIP_CMD_AGREE, 0x01, ALL }, /* ECDH */
	{ CHIP_CMD_DERIVE, CHIP_KDF_PRF_SHA256, ALL },
	{ CHIP_CMD_DERIVE, CHIP_KDF_PRF_SHA384, V3 },
	{ CHIP_CMD_DERIVE, CHIP_KDF_PRF_SHA512, V3 },
	{ CHIP_CMD_DERIVE, CHIP_KDF_HKDF_SHA256, V3 },
	{ CHIP_CMD_DERIVE, CHIP_KDF_HKDF_SHA384, V3 },
	{ CHIP_CMD_DERIVE, CHIP_KDF_HKDF_SHA512, V3 },
	{ CHIP_CMD_GEN_KEY, CHIP_ALG_P256, ALL },
	{ CHIP_CMD_GEN_KEY, CHIP_ALG_P384, ALL },
	{ CHIP_CMD_GEN_KEY, CHIP_ALG_P521, V3 },
	{ CHIP_CMD_GEN_KEY, CHIP_ALG_BP256, V3 },
	{ CHIP_CMD_GEN_KEY, CHIP_ALG_BP384, V3 },
	{ CHIP_CMD_GEN_KEY, CHIP_ALG_BP512, V3 },
	{ CHIP_CMD_GEN_KEY, CHIP_ALG_RSA1024, M },
	{ CHIP_CMD_GEN_KEY, CHIP_ALG_RSA2048, M },
	{ CHIP_CMD_GEN_SYM, CHIP_ALG_AES128, V3 },
	{ CHIP_CMD_GEN_SYM, CHIP_ALG_AES192, V3 },
	{ CHIP_CMD_GEN_SYM, CHIP_ALG_AES256, V3 },
	{ CHIP_CMD_OPEN, 0x00, ALL }, /* afresh, restore */
	{ CHIP_CMD_OPEN, 0x01, M },
	{ CHIP_CMD_CLOSE, 0x00, M }, /* close, hibernate */
	{ CHIP_CMD_CLOSE, 0x01, M },
};

/* CIM identifier and platform of the family; the chip type tells Trust M from Trust X. */
static const uint8_t family[] = { 0xCD, 0x16, 0x33 };
static const struct {
	uint8_t type[4];
	uint8_t newest;
} chip_types[] = {
	{ { 0x00, 0x1C, 0x00, 0x01 }, TRUST_X },
	{ { 0x00, 0x1C, 0x00, 0x05 }, TRUST_M_V3 },
};

const struct chip_model *
chip_model_at(size_t i)
{
	return i < NITEMS(models) ? &models[i] : NULL;
}

/* A build that came after this version. */
static const struct chip_model *
newest_of_its_type(const uint8_t uid[CHIP_UID_LEN])
{
	if (memcmp(uid, family, sizeof(family)) != 0)
		return NULL;
	for (size_t i = 0; i < NITEMS(chip_types); i++)
		if (memcmp(uid + UID_CHIP_TYPE, chip_types[i].type, sizeof(chip_types[i].type)) ==
		    0)
			return &models[chip_types[i].newest];
	return NULL;
}

int
chip_model_by_uid(const uint8_t uid[CHIP_UID_LEN], const struct chip_model **mp)
{
	const unsigned build = (unsigned)(uid[UID_BUILD] << 8 | uid[UID_BUILD + 1]);

	*mp = NULL;
	for (size_t i = 0; i < NITEMS(builds); i++)
		if (builds[i].build == build) {
			*mp = &models[builds[i].model];
			return 0;
		}
	if ((*mp = newest_of_its_type(uid)) == NULL) {
		log_error("the chip (platform %02X%02X%02X, build %04X) is no OPTIGA Trust X or "
			  "Trust M",
		    uid[0], uid[1], uid[2], build);
		return HAL_ENOTSUP;
	}
	log_info("unknown build %04X, treated as an OPTIGA %s", build, (*mp)->name);
	return 0;
}

bool
chip_model_can(const struct chip_model *m, enum chip_cmd cmd, int param)
{
	for (size_t i = 0; i < NITEMS(commands); i++)
		if (commands[i].cmd == (int)cmd && commands[i].param == param)
			return (commands[i].gens & m->gen) != 0;
	return false;
}

bool
chip_model_has_alg(const struct chip_model *m, enum chip_alg alg)
{
	return chip_model_can(m, CHIP_CMD_GEN_KEY, (int)alg);
}
