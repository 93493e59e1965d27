/*
 * Objects of each model: SRM chapter "Data Structures". Maximum sizes are those of the metadata
 * (tag C4); keys and sessions have no content that can be read or written.
 */
#include <config.h>

#include "hal/base/err.h"
#include "hal/chip/internal.h"

#define X   CHIP_TRUST_X
#define V1  CHIP_TRUST_M_V1
#define V3  CHIP_TRUST_M_V3
#define M   (V1 | V3)
#define ALL (X | M)

static const struct {
	uint8_t gens;
	struct chip_object o;
} objects[] = {
	{ ALL, { 0xE0C0, CHIP_KIND_STATUS, 1, "global life cycle state" } },
	{ ALL, { 0xE0C1, CHIP_KIND_STATUS, 1, "global security status" } },
	{ ALL, { 0xE0C2, CHIP_KIND_STATUS, 27, "coprocessor UID" } },
	{ ALL, { 0xE0C3, CHIP_KIND_STATUS, 1, "sleep activation delay" } },
	{ ALL, { 0xE0C4, CHIP_KIND_STATUS, 1, "current limitation" } },
	{ ALL, { 0xE0C5, CHIP_KIND_STATUS, 1, "security event counter" } },
	{ ALL, { 0xE0C6, CHIP_KIND_STATUS, 2, "maximum communication buffer size" } },
	{ V3, { 0xE0C9, CHIP_KIND_STATUS, 8, "security monitor configuration" } },
	{ ALL, { 0xE0E0, CHIP_KIND_CERT, 1728, "certificate 1" } },
	{ ALL, { 0xE0E1, CHIP_KIND_CERT, 1728, "certificate 2" } },
	{ ALL, { 0xE0E2, CHIP_KIND_CERT, 1728, "certificate 3" } },
	{ ALL, { 0xE0E3, CHIP_KIND_CERT, 1728, "certificate 4" } },
	{ ALL, { 0xE0E8, CHIP_KIND_ANCHOR, 1200, "trust anchor 1" } },
	{ M, { 0xE0E9, CHIP_KIND_ANCHOR, 1200, "trust anchor 2" } },
	{ ALL, { 0xE0EF, CHIP_KIND_ANCHOR, 1200, "trust anchor 8" } },
	{ ALL, { 0xE0F0, CHIP_KIND_ECC_KEY, 0, "ECC key 1" } },
	{ ALL, { 0xE0F1, CHIP_KIND_ECC_KEY, 0, "ECC key 2" } },
	{ ALL, { 0xE0F2, CHIP_KIND_ECC_KEY, 0, "ECC key 3" } },
	{ ALL, { 0xE0F3, CHIP_KIND_ECC_KEY, 0, "ECC key 4" } },
	{ M, { 0xE0FC, CHIP_KIND_RSA_KEY, 0, "RSA key 1" } },
	{ M, { 0xE0FD, CHIP_KIND_RSA_KEY, 0, "RSA key 2" } },
	{ ALL, { 0xE100, CHIP_KIND_SESSION, 0, "session context 1" } },
	{ ALL, { 0xE101, CHIP_KIND_SESSION, 0, "session context 2" } },
	{ ALL, { 0xE102, CHIP_KIND_SESSION, 0, "session context 3" } },
	{ ALL, { 0xE103, CHIP_KIND_SESSION, 0, "session context 4" } },
	{ M, { 0xE120, CHIP_KIND_COUNTER, 8, "monotonic counter 1" } },
	{ M, { 0xE121, CHIP_KIND_COUNTER, 8, "monotonic counter 2" } },
	{ M, { 0xE122, CHIP_KIND_COUNTER, 8, "monotonic counter 3" } },
	{ M, { 0xE123, CHIP_KIND_COUNTER, 8, "monotonic counter 4" } },
	{ M, { 0xE140, CHIP_KIND_BINDING, 64, "platform binding secret" } },
	{ V3, { 0xE200, CHIP_KIND_AES_KEY, 0, "symmetric key 1" } },
	{ ALL, { 0xF1C0, CHIP_KIND_STATUS, 1, "application life cycle state" } },
	{ ALL, { 0xF1C1, CHIP_KIND_STATUS, 1, "application security status" } },
	{ ALL, { 0xF1C2, CHIP_KIND_STATUS, 1, "last error" } },
	{ M, { 0xF1D0, CHIP_KIND_DATA, 140, "data 1" } },
	{ X, { 0xF1D0, CHIP_KIND_DATA, 100, "data 1" } },
	{ M, { 0xF1D1, CHIP_KIND_DATA, 140, "data 2" } },
	{ X, { 0xF1D1, CHIP_KIND_DATA, 100, "data 2" } },
	{ M, { 0xF1D2, CHIP_KIND_DATA, 140, "data 3" } },
	{ X, { 0xF1D2, CHIP_KIND_DATA, 100, "data 3" } },
	{ M, { 0xF1D3, CHIP_KIND_DATA, 140, "data 4" } },
	{ X, { 0xF1D3, CHIP_KIND_DATA, 100, "data 4" } },
	{ M, { 0xF1D4, CHIP_KIND_DATA, 140, "data 5" } },
	{ X, { 0xF1D4, CHIP_KIND_DATA, 100, "data 5" } },
	{ M, { 0xF1D5, CHIP_KIND_DATA, 140, "data 6" } },
	{ X, { 0xF1D5, CHIP_KIND_DATA, 100, "data 6" } },
	{ M, { 0xF1D6, CHIP_KIND_DATA, 140, "data 7" } },
	{ X, { 0xF1D6, CHIP_KIND_DATA, 100, "data 7" } },
	{ M, { 0xF1D7, CHIP_KIND_DATA, 140, "data 8" } },
	{ X, { 0xF1D7, CHIP_KIND_DATA, 100, "data 8" } },
	{ M, { 0xF1D8, CHIP_KIND_DATA, 140, "data 9" } },
	{ X, { 0xF1D8, CHIP_KIND_DATA, 100, "data 9" } },
	{ M, { 0xF1D9, CHIP_KIND_DATA, 140, "data 10" } },
	{ X, { 0xF1D9, CHIP_KIND_DATA, 100, "data 10" } },
	{ M, { 0xF1DA, CHIP_KIND_DATA, 140, "data 11" } },
	{ X, { 0xF1DA, CHIP_KIND_DATA, 100, "data 11" } },
	{ M, { 0xF1DB, CHIP_KIND_DATA, 140, "data 12" } },
	{ X, { 0xF1DB, CHIP_KIND_DATA, 100, "data 12" } },
	{ X, { 0xF1DC, CHIP_KIND_DATA, 100, "data 13" } },
	{ X, { 0xF1DD, CHIP_KIND_DATA, 100, "data 14" } },
	{ X, { 0xF1DE, CHIP_KIND_DATA, 100, "data 15" } },
	{ X, { 0xF1DF, CHIP_KIND_DATA, 100, "data 16" } },
	{ ALL, { 0xF1E0, CHIP_KIND_DATA_BIG, 1500, "large data 1" } },
	{ ALL, { 0xF1E1, CHIP_KIND_DATA_BIG, 1500, "large data 2" } },
};

const struct chip_object *
chip_model_object_at(const struct chip_model *m, size_t n)
{
	for (size_t i = 0; i < NITEMS(objects); i++)
		if ((objects[i].gens & m->gen) != 0 && n-- == 0)
			return &objects[i].o;
	return NULL;
}

const struct chip_object *
chip_model_object(const struct chip_model *m, uint16_t oid)
{
	for (size_t i = 0; i < NITEMS(objects); i++)
		if (objects[i].o.oid == oid && (objects[i].gens & m->gen) != 0)
			return &objects[i].o;
	return NULL;
}

bool
chip_oid_is_session(uint16_t oid)
{
	return oid >= CHIP_SESSION_FIRST && oid < CHIP_SESSION_FIRST + CHIP_SESSION_COUNT;
}
