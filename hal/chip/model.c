/*
 * Models: what tells them apart and what each can do.
 *
 * The UID (object E0C2, 27 bytes) is
 *   0 CIM identifier | 1 platform | 2 model | 3 ROM mask (2) | 5 chip type (6) | 11 batch (6) |
 *   17 wafer X (2) | 19 wafer Y (2) | 21 firmware (4) | 25 build, BCD (2)
 * The build decides. Express and MTR parts are V3 silicon and report V3's builds.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/internal.h"

#define UID_CHIP_TYPE 5
#define UID_BUILD     25

static const enum chip_alg algs_m_v3[] = { CHIP_ALG_P256, CHIP_ALG_P384, CHIP_ALG_P521,
	CHIP_ALG_BP256, CHIP_ALG_BP384, CHIP_ALG_BP512, CHIP_ALG_RSA1024, CHIP_ALG_RSA2048 };

static const struct chip_model models[] = {
	{ .id = "trust-m-v3",
	    .name = "Trust M V3",
	    .objects = chip_objects_m_v3,
	    .nobjects = CHIP_NOBJECTS_M_V3,
	    .algs = algs_m_v3,
	    .nalgs = NITEMS(algs_m_v3),
	    .rsa_sha512 = true },
};

/* Every build there is; those without a model are known, but not served by this version. */
static const struct {
	uint16_t build;
	const char *name;
	const struct chip_model *model;
} builds[] = {
	{ 0x2440, "Trust M V3", &models[0] },
	{ 0x2564, "Trust M V3", &models[0] },
	{ 0x0501, "Trust M V1", NULL },
	{ 0x0624, "Trust M V1", NULL },
	{ 0x0751, "Trust M V1", NULL },
	{ 0x0802, "Trust M V1", NULL },
	{ 0x0809, "Trust M V1", NULL },
	{ 0x0510, "Trust X", NULL },
	{ 0x0715, "Trust X", NULL },
	{ 0x1048, "Trust X", NULL },
	{ 0x1112, "Trust X", NULL },
	{ 0x1118, "Trust X", NULL },
};

/* CIM identifier and platform of the family; the chip type tells Trust M from Trust X. */
static const uint8_t family[] = { 0xCD, 0x16, 0x33 };
static const uint8_t chip_type_m[] = { 0x00, 0x1C, 0x00, 0x05 };

const struct chip_model *
chip_model_at(size_t i)
{
	return i < NITEMS(models) ? &models[i] : NULL;
}

int
chip_model_by_uid(const uint8_t uid[CHIP_UID_LEN], const struct chip_model **mp)
{
	const unsigned build = (unsigned)(uid[UID_BUILD] << 8 | uid[UID_BUILD + 1]);

	*mp = NULL;
	for (size_t i = 0; i < NITEMS(builds); i++) {
		if (builds[i].build != build)
			continue;
		if (builds[i].model == NULL) {
			log_error("the chip is an OPTIGA %s (build %04X), which this version does "
				  "not support",
			    builds[i].name, build);
			return HAL_ENOTSUP;
		}
		*mp = builds[i].model;
		return 0;
	}
	if (memcmp(uid, family, sizeof(family)) != 0 ||
	    memcmp(uid + UID_CHIP_TYPE, chip_type_m, sizeof(chip_type_m)) != 0) {
		log_error("the chip (platform %02X%02X%02X, build %04X) is no OPTIGA Trust M",
		    uid[0], uid[1], uid[2], build);
		return HAL_ENOTSUP;
	}
	log_info("unknown build %04X of OPTIGA Trust M, treated as a %s", build, models[0].name);
	*mp = &models[0];
	return 0;
}

bool
chip_model_has_alg(const struct chip_model *m, enum chip_alg alg)
{
	for (size_t i = 0; i < m->nalgs; i++)
		if (m->algs[i] == alg)
			return true;
	return false;
}
