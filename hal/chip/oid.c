/*
 * Object tables, one per model: SRM chapter "Data Structures". Maximum sizes are those of the
 * metadata (tag C4); keys and sessions have no content that can be read or written.
 */
#include <config.h>

#include "hal/chip/internal.h"

const struct chip_object chip_objects_m_v3[CHIP_NOBJECTS_M_V3] = {
	{ 0xE0C0, CHIP_KIND_STATUS, 1, "global life cycle state" },
	{ 0xE0C1, CHIP_KIND_STATUS, 1, "global security status" },
	{ 0xE0C2, CHIP_KIND_STATUS, 27, "coprocessor UID" },
	{ 0xE0C3, CHIP_KIND_STATUS, 1, "sleep activation delay" },
	{ 0xE0C4, CHIP_KIND_STATUS, 1, "current limitation" },
	{ 0xE0C5, CHIP_KIND_STATUS, 1, "security event counter" },
	{ 0xE0C6, CHIP_KIND_STATUS, 2, "maximum communication buffer size" },
	{ 0xE0C9, CHIP_KIND_STATUS, 8, "security monitor configuration" },
	{ 0xE0E0, CHIP_KIND_CERT, 1728, "certificate 1" },
	{ 0xE0E1, CHIP_KIND_CERT, 1728, "certificate 2" },
	{ 0xE0E2, CHIP_KIND_CERT, 1728, "certificate 3" },
	{ 0xE0E3, CHIP_KIND_CERT, 1728, "certificate 4" },
	{ 0xE0E8, CHIP_KIND_ANCHOR, 1200, "trust anchor 1" },
	{ 0xE0E9, CHIP_KIND_ANCHOR, 1200, "trust anchor 2" },
	{ 0xE0EF, CHIP_KIND_ANCHOR, 1200, "trust anchor 8" },
	{ 0xE0F0, CHIP_KIND_ECC_KEY, 0, "ECC key 1" },
	{ 0xE0F1, CHIP_KIND_ECC_KEY, 0, "ECC key 2" },
	{ 0xE0F2, CHIP_KIND_ECC_KEY, 0, "ECC key 3" },
	{ 0xE0F3, CHIP_KIND_ECC_KEY, 0, "ECC key 4" },
	{ 0xE0FC, CHIP_KIND_RSA_KEY, 0, "RSA key 1" },
	{ 0xE0FD, CHIP_KIND_RSA_KEY, 0, "RSA key 2" },
	{ 0xE100, CHIP_KIND_SESSION, 0, "session context 1" },
	{ 0xE101, CHIP_KIND_SESSION, 0, "session context 2" },
	{ 0xE102, CHIP_KIND_SESSION, 0, "session context 3" },
	{ 0xE103, CHIP_KIND_SESSION, 0, "session context 4" },
	{ 0xE120, CHIP_KIND_COUNTER, 8, "monotonic counter 1" },
	{ 0xE121, CHIP_KIND_COUNTER, 8, "monotonic counter 2" },
	{ 0xE122, CHIP_KIND_COUNTER, 8, "monotonic counter 3" },
	{ 0xE123, CHIP_KIND_COUNTER, 8, "monotonic counter 4" },
	{ 0xE140, CHIP_KIND_BINDING, 64, "platform binding secret" },
	{ 0xE200, CHIP_KIND_AES_KEY, 0, "symmetric key 1" },
	{ 0xF1C0, CHIP_KIND_STATUS, 1, "application life cycle state" },
	{ 0xF1C1, CHIP_KIND_STATUS, 1, "application security status" },
	{ 0xF1C2, CHIP_KIND_STATUS, 1, "last error" },
	{ 0xF1D0, CHIP_KIND_DATA, 140, "data 1" },
	{ 0xF1D1, CHIP_KIND_DATA, 140, "data 2" },
	{ 0xF1D2, CHIP_KIND_DATA, 140, "data 3" },
	{ 0xF1D3, CHIP_KIND_DATA, 140, "data 4" },
	{ 0xF1D4, CHIP_KIND_DATA, 140, "data 5" },
	{ 0xF1D5, CHIP_KIND_DATA, 140, "data 6" },
	{ 0xF1D6, CHIP_KIND_DATA, 140, "data 7" },
	{ 0xF1D7, CHIP_KIND_DATA, 140, "data 8" },
	{ 0xF1D8, CHIP_KIND_DATA, 140, "data 9" },
	{ 0xF1D9, CHIP_KIND_DATA, 140, "data 10" },
	{ 0xF1DA, CHIP_KIND_DATA, 140, "data 11" },
	{ 0xF1DB, CHIP_KIND_DATA, 140, "data 12" },
	{ 0xF1E0, CHIP_KIND_DATA_BIG, 1500, "large data 1" },
	{ 0xF1E1, CHIP_KIND_DATA_BIG, 1500, "large data 2" },
};

const struct chip_object *
chip_model_object(const struct chip_model *m, uint16_t oid)
{
	for (size_t i = 0; i < m->nobjects; i++)
		if (m->objects[i].oid == oid)
			return &m->objects[i];
	return NULL;
}

bool
chip_oid_is_session(uint16_t oid)
{
	return oid >= 0xE100 && oid <= 0xE103;
}
