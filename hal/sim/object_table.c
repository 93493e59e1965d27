/*
 * All objects of all models, and how each leaves the factory. Metadata and contents are those of
 * published dumps of real chips where there are any; C5 of certificates follows their content.
 *
 * One table has every object, as on Trust M V3 in its standard configuration; a second one has
 * what differs on the other models. Objects that a model does not have keep their place in the
 * memory and serve inside (security monitor configuration), but no command reaches them.
 */
#include <config.h>

#include "hal/base/err.h"
#include "hal/sim/model.h"
#include "hal/sim/object.h"

#define M_STATUS "C40101D00100D10100"
#define M_FIXED  "C40101D001FFD10100"
#define M_CERT   "C00101C40206C0C50206C0D003E1FC07D10100D30100E80112"
#define M_ANCHOR "C00101C40204B0C50204B0D003E1FC07D10100D30100E80111"
#define M_KEY    "C00101D003E1FC07D30100"
#define M_COUNT  "C00101C40108C50108D003E1FC07D10100D30100E80101"
#define M_DATA   "C00101C4018CC50164D003E1FC07D10100"
#define M_BIG    "C00101C40205DCC50205DCD003E1FC07D10100"
#define M_NONE   "C00107D001FFD101FFD30100"

#define BINDING_FACTORY                                                                            \
	"0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F20"                         \
	"2122232425262728292A2B2C2D2E2F303132333435363738393A3B3C3D3E3F40"

#define X_DATA   "C00101C40164C50164D003E1FC07D10100"
#define X_CERT   "C00101C40206C0C50206C0D003E1FC07D10100"
#define X_ANCHOR "C00101C40204B0C50204B0D003E1FC07D10100D30100"

/* Express and MTR: PA is Conf(E140) and Auto(F1D0), TO_PA "LcsO < op, or PA". */
#define PA       "D00720E140FD23F1D0"
#define TO_PA    "D00BE1FC07FE20E140FD23F1D0"
#define P_STATUS "C40101C50101D00100D10100"
#define P_KEY    "C00107" PA "D30100E00103E10111"
#define P_CERT   "C00107C40206C0C50206C0" PA "D10100D30100E80112"

static const struct object objects[] = {
	{ 0xE0C0, OBJ_STATUS, ON_ALL, 1, "Global Life Cycle Status", M_STATUS, "07" },
	{ 0xE0C1, OBJ_STATUS, ON_ALL, 1, "Global Security Status", M_STATUS, NULL },
	{ 0xE0C2, OBJ_DATA, ON_ALL, 27, "Coprocessor UID", "C4011BD001FFD10100", NULL },
	{ 0xE0C3, OBJ_STATUS, ON_ALL, 1, "Sleep Mode Activation Delay", M_STATUS, "14" },
	{ 0xE0C4, OBJ_STATUS, ON_ALL, 1, "Current Limitation", M_STATUS, "06" },
	{ 0xE0C5, OBJ_STATUS, ON_ALL, 1, "Security Event Counter", M_FIXED, "00" },
	{ 0xE0C6, OBJ_DATA, ON_ALL, 2, "Maximum Comms Buffer Size", "C40102D10100", "0615" },
	{ 0xE0C9, OBJ_STATUS, ON_V3, 8, "Security Monitor Configurations",
	    "C00107C40108D003E1FC07D10100D301FF", "3200050100000000" },
	{ 0xE0E0, OBJ_DATA, ON_ALL, 1728, "Device Public Key Certificate 1",
	    "C00101C40206C0C50206C0D001FFD10100D30100E80112", NULL },
	{ 0xE0E1, OBJ_DATA, ON_ALL, 1728, "Device Public Key Certificate 2", M_CERT, NULL },
	{ 0xE0E2, OBJ_DATA, ON_ALL, 1728, "Device Public Key Certificate 3", M_CERT, NULL },
	{ 0xE0E3, OBJ_DATA, ON_ALL, 1728, "Device Public Key Certificate 4", M_CERT, NULL },
	{ 0xE0E8, OBJ_DATA, ON_ALL, 1200, "Trust Anchor 1", M_ANCHOR, NULL },
	{ 0xE0E9, OBJ_DATA, ON_M, 1200, "Trust Anchor 2", M_ANCHOR, NULL },
	{ 0xE0EF, OBJ_DATA, ON_ALL, 1200, "Trust Anchor 8", M_ANCHOR, NULL },
	{ 0xE0F0, OBJ_ECC, ON_ALL, 0, "Device Private Key 1", "C00101D001FFD30100E00103E10101",
	    NULL },
	{ 0xE0F1, OBJ_ECC, ON_ALL, 0, "Device Private Key 2", M_KEY, NULL },
	{ 0xE0F2, OBJ_ECC, ON_ALL, 0, "Device Private Key 3", M_KEY, NULL },
	{ 0xE0F3, OBJ_ECC, ON_ALL, 0, "Device Private Key 4", M_KEY, NULL },
	{ 0xE0FC, OBJ_RSA, ON_M, 0, "RSA Private Key 1", M_KEY, NULL },
	{ 0xE0FD, OBJ_RSA, ON_M, 0, "RSA Private Key 2", M_KEY, NULL },
	{ 0xE100, OBJ_SESSION, ON_ALL, 0, "Session Context 1", M_NONE, NULL },
	{ 0xE101, OBJ_SESSION, ON_ALL, 0, "Session Context 2", M_NONE, NULL },
	{ 0xE102, OBJ_SESSION, ON_ALL, 0, "Session Context 3", M_NONE, NULL },
	{ 0xE103, OBJ_SESSION, ON_ALL, 0, "Session Context 4", M_NONE, NULL },
	{ 0xE120, OBJ_COUNTER, ON_M, 8, "Monotonic Counter 1", M_COUNT, NULL },
	{ 0xE121, OBJ_COUNTER, ON_M, 8, "Monotonic Counter 2", M_COUNT, NULL },
	{ 0xE122, OBJ_COUNTER, ON_M, 8, "Monotonic Counter 3", M_COUNT, NULL },
	{ 0xE123, OBJ_COUNTER, ON_M, 8, "Monotonic Counter 4", M_COUNT, NULL },
	{ 0xE140, OBJ_DATA, ON_M, 64, "Platform Binding Secret",
	    "C00101C40140C50140D007E1FC07FE20E140D103E1FC07D30100E80122", BINDING_FACTORY },
	{ 0xE200, OBJ_AES, ON_V3, 0, "Symmetric Key 1", "C00101D001FFD30100", NULL },
	{ 0xF1C0, OBJ_STATUS, ON_ALL, 1, "Application Life Cycle Status", M_STATUS, "01" },
	{ 0xF1C1, OBJ_STATUS, ON_ALL, 1, "Application Security Status", M_STATUS, NULL },
	{ 0xF1C2, OBJ_STATUS, ON_ALL, 1, "Last Error Code", M_FIXED, "00" },
	{ 0xF1D0, OBJ_DATA, ON_ALL, 140, "Arbitrary Data 1", M_DATA, NULL },
	{ 0xF1D1, OBJ_DATA, ON_ALL, 140, "Arbitrary Data 2", M_DATA, NULL },
	{ 0xF1D2, OBJ_DATA, ON_ALL, 140, "Arbitrary Data 3", M_DATA, NULL },
	{ 0xF1D3, OBJ_DATA, ON_ALL, 140, "Arbitrary Data 4", M_DATA, NULL },
	{ 0xF1D4, OBJ_DATA, ON_ALL, 140, "Arbitrary Data 5", M_DATA, NULL },
	{ 0xF1D5, OBJ_DATA, ON_ALL, 140, "Arbitrary Data 6", M_DATA, NULL },
	{ 0xF1D6, OBJ_DATA, ON_ALL, 140, "Arbitrary Data 7", M_DATA, NULL },
	{ 0xF1D7, OBJ_DATA, ON_ALL, 140, "Arbitrary Data 8", M_DATA, NULL },
	{ 0xF1D8, OBJ_DATA, ON_ALL, 140, "Arbitrary Data 9", M_DATA, NULL },
	{ 0xF1D9, OBJ_DATA, ON_ALL, 140, "Arbitrary Data 10", M_DATA, NULL },
	{ 0xF1DA, OBJ_DATA, ON_ALL, 140, "Arbitrary Data 11", M_DATA, NULL },
	{ 0xF1DB, OBJ_DATA, ON_ALL, 140, "Arbitrary Data 12", M_DATA, NULL },
	{ 0xF1DC, OBJ_DATA, ON_X, 140, "Arbitrary Data 13", M_DATA, NULL },
	{ 0xF1DD, OBJ_DATA, ON_X, 140, "Arbitrary Data 14", M_DATA, NULL },
	{ 0xF1DE, OBJ_DATA, ON_X, 140, "Arbitrary Data 15", M_DATA, NULL },
	{ 0xF1DF, OBJ_DATA, ON_X, 140, "Arbitrary Data 16", M_DATA, NULL },
	{ 0xF1E0, OBJ_DATA, ON_ALL, 1500, "Large Arbitrary Data 1", M_BIG, NULL },
	{ 0xF1E1, OBJ_DATA, ON_ALL, 1500, "Large Arbitrary Data 2", M_BIG, NULL },
};
_Static_assert(NITEMS(objects) == SIM_NOBJECTS, "app.h knows how many objects there are");

#define PERSONAL (1u << MODEL_EXPRESS | 1u << MODEL_MTR)

/* What differs. Secrets of Express and MTR are drawn, their certificates made (factory.c). */
static const struct variant {
	unsigned models;
	uint16_t oid;
	const char *meta, *content;
} variants[] = {
	{ 1u << MODEL_X, 0xE0E0, "C00101C40206C0C50206C0D001FFD10100", NULL },
	{ 1u << MODEL_X, 0xE0E1, X_CERT, NULL },
	{ 1u << MODEL_X, 0xE0E2, X_CERT, NULL },
	{ 1u << MODEL_X, 0xE0E3, X_CERT, NULL },
	{ 1u << MODEL_X, 0xE0E8, X_ANCHOR, NULL },
	{ 1u << MODEL_X, 0xE0EF, X_ANCHOR, NULL },
	{ 1u << MODEL_X, 0xF1D0, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1D1, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1D2, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1D3, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1D4, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1D5, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1D6, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1D7, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1D8, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1D9, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1DA, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1DB, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1DC, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1DD, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1DE, X_DATA, NULL },
	{ 1u << MODEL_X, 0xF1DF, X_DATA, NULL },
	{ PERSONAL, 0xE0C0, P_STATUS, "07" },
	{ PERSONAL, 0xE0C3, P_STATUS, "14" },
	{ PERSONAL, 0xE0C4, P_STATUS, "06" },
	{ PERSONAL, 0xF1C0, P_STATUS, "01" },
	{ PERSONAL, 0xE0C9, "C00107C40108" PA "D10100D301FF", "3200050100000000" },
	{ 1u << MODEL_EXPRESS, 0xE0E0, P_CERT, NULL },
	{ 1u << MODEL_MTR, 0xE0E0, "C00103C40206C0C50206C0" TO_PA "D10100D30100E80112", NULL },
	{ 1u << MODEL_EXPRESS, 0xE0E1, "C00107C40206C0C50206C0" PA "D10320E140D30320E140E80112",
	    NULL },
	{ 1u << MODEL_MTR, 0xE0E1, P_CERT, NULL },
	{ PERSONAL, 0xE0E2, P_CERT, NULL },
	{ PERSONAL, 0xE0F0, P_KEY, NULL },
	{ 1u << MODEL_EXPRESS, 0xE0F1, "C00107" PA "D30320E140E00103E10111", NULL },
	{ 1u << MODEL_MTR, 0xE0F1, P_KEY, NULL },
	{ PERSONAL, 0xE0F2, M_KEY "E00103", NULL },
	{ PERSONAL, 0xE0F3, M_KEY "E00103", NULL },
	{ PERSONAL, 0xE0FC, "C00107" PA "D30100E00142E10111", NULL },
	{ PERSONAL, 0xE140, "C00107C40140C50140" PA "D101FFD30100E80122", NULL },
	{ PERSONAL, 0xF1D0, "C00107C4018CC50140" PA "D101FFD30320E140E80131", NULL },
};

const struct object *
object_at(size_t i)
{
	return i < NITEMS(objects) ? &objects[i] : NULL;
}

int
object_find(uint16_t oid)
{
	for (size_t i = 0; i < NITEMS(objects); i++)
		if (objects[i].oid == oid)
			return (int)i;
	return -1;
}

static uint8_t
nibble(char c)
{
	return (uint8_t)(c <= '9' ? c - '0' : c - 'A' + 10);
}

size_t
object_unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (; hex != NULL && hex[0] != '\0'; hex += 2)
		out[n++] = (uint8_t)(nibble(hex[0]) << 4 | nibble(hex[1]));
	return n;
}

static void
make(struct sim_app *app, size_t i, const char *meta, const char *content)
{
	app->meta[i].len = (uint8_t)object_unhex(meta, app->meta[i].tlv);
	(void)object_unhex(content, object_content(app, i));
}

void
object_default_content(struct sim_app *app, size_t i)
{
	(void)object_unhex(objects[i].content, object_content(app, i));
}

void
objects_factory(struct sim_app *app)
{
	for (size_t i = 0; i < NITEMS(objects); i++)
		make(app, i, objects[i].meta, objects[i].content);
	for (size_t v = 0; v < NITEMS(variants); v++)
		if ((variants[v].models & 1u << app->model) != 0)
			make(app, (size_t)object_find(variants[v].oid), variants[v].meta,
			    variants[v].content);
}
