/* The names that configurations use: curves, hashes, key slots, fields of a subject. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <openssl/obj_mac.h>

#include "provision/config.h"
#include "provision/msg.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

static const struct curve curves[] = {
	{ "secp256r1", "prime256v1", NID_X9_62_prime256v1, 256, true },
	{ "secp384r1", "P-384", NID_secp384r1, 384, true },
	{ "secp521r1", "P-521", NID_secp521r1, 521, true },
	{ "brainpoolP256r1", "brainpool256r1", NID_brainpoolP256r1, 256, false },
	{ "brainpoolP384r1", "brainpool384r1", NID_brainpoolP384r1, 384, false },
	{ "brainpoolP512r1", "brainpool512r1", NID_brainpoolP512r1, 512, false },
};

static const struct hash hashes[] = {
	{ "sha256", 256 },
	{ "sha384", 384 },
	{ "sha512", 512 },
};

/* Trust M V3 solution reference manual, "object map"; the names are those of the vendor's scripts.
 */
static const struct slot slots[] = {
	{ "second", 0xE0F1, 0xE0E1, KEY_EC },
	{ "third", 0xE0F2, 0xE0E2, KEY_EC },
	{ "fourth", 0xE0F3, 0xE0E3, KEY_EC },
	{ "five", 0xE0FC, 0, KEY_RSA },
	{ "six", 0xE0FD, 0, KEY_RSA },
};

static const struct subject_field fields[] = {
	{ "country_name", NULL, NID_countryName, 2, 2 },
	{ "state_or_province_name", NULL, NID_stateOrProvinceName, 128, 1 },
	{ "locality_name", NULL, NID_localityName, 128, 1 },
	{ "organization_name", NULL, NID_organizationName, 64, 1 },
	{ "organizational_unit_name", "organization_unit_name", NID_organizationalUnitName, 64, 1 },
	{ "common_name", NULL, NID_commonName, 64, 1 },
	{ "serial_number", NULL, NID_serialNumber, 64, 1 },
	{ "email_address", NULL, NID_pkcs9_emailAddress, 255, 1 },
};
_Static_assert(NITEMS(fields) <= SUBJECT_MAX, "struct config has room for every field");

const struct curve *
curve_row(size_t i)
{
	return i < NITEMS(curves) ? &curves[i] : NULL;
}

const struct hash *
hash_row(size_t i)
{
	return i < NITEMS(hashes) ? &hashes[i] : NULL;
}

const struct slot *
slot_row(size_t i)
{
	return i < NITEMS(slots) ? &slots[i] : NULL;
}

const struct subject_field *
subject_row(size_t i)
{
	return i < NITEMS(fields) ? &fields[i] : NULL;
}

const struct curve *
curve_by_name(const char *name)
{
	for (size_t i = 0; i < NITEMS(curves); i++)
		if (strcasecmp(name, curves[i].name) == 0 || strcasecmp(name, curves[i].other) == 0)
			return &curves[i];
	return strcasecmp(name, "P-256") == 0 ? &curves[0] : NULL;
}

static const char *const registers[] = {
	[REGISTER_AWS] = "aws",
	[REGISTER_FIRST_CONNECT] = "first-connect",
	[REGISTER_NO] = "no",
};

const char *
register_row(size_t i)
{
	return i < NITEMS(registers) ? registers[i] : NULL;
}

enum config_register
register_by_name(const char *name)
{
	for (size_t i = 1; i < NITEMS(registers); i++)
		if (strcmp(name, registers[i]) == 0)
			return (enum config_register)i;
	return REGISTER_DEFAULT;
}

/* "SHA-256" is understood as "sha256". */
const struct hash *
hash_by_name(const char *name)
{
	for (size_t i = 0; i < NITEMS(hashes); i++)
		if (strcasecmp(name, hashes[i].name) == 0 ||
		    (strncasecmp(name, "sha-", 4) == 0 &&
			strcmp(name + 4, hashes[i].name + 3) == 0))
			return &hashes[i];
	return NULL;
}

/* "0xE0F1" or "E0F1", any case; 0: neither. */
static uint16_t
parse_oid(const char *name)
{
	if (strncasecmp(name, "0x", 2) == 0)
		name += 2;
	if (strlen(name) != 4 || strspn(name, "0123456789abcdefABCDEF") != 4)
		return 0;
	return (uint16_t)strtoul(name, NULL, 16);
}

const struct slot *
slot_by_name(const char *name)
{
	uint16_t oid = parse_oid(name);

	for (size_t i = 0; i < NITEMS(slots); i++) {
		if (strcasecmp(name, slots[i].name) == 0)
			return &slots[i];
		if (oid != 0 && (oid == slots[i].key_oid || oid == slots[i].cert_oid))
			return &slots[i];
	}
	return NULL;
}

/* Objects that a user may well name, and why they are no slot to provision. */
static const struct {
	uint16_t oid;
	const char *why;
} not_slots[] = {
	{ 0xE0F0, "it holds the chip's factory key, which is never replaced" },
	{ 0xE0E0, "it belongs to the chip's factory key, which is never replaced" },
	{ 0xE0E8, "it is a trust anchor and holds no key" },
	{ 0xE0E9, "it is a trust anchor and holds no key" },
	{ 0xE0EF, "it is a trust anchor and holds no key" },
};

const struct slot *
slot_parse(const char *where, const char *name)
{
	const struct slot *s = slot_by_name(name);
	const char *why = NULL;
	uint16_t oid = parse_oid(name);

	if (s != NULL)
		return s;
	for (size_t i = 0; i < NITEMS(not_slots); i++)
		if (oid != 0 && oid == not_slots[i].oid)
			why = not_slots[i].why;
	if (strcasecmp(name, "first") == 0)
		why = not_slots[0].why;
	if (why != NULL)
		prov_error("%s: slot \"%s\" cannot be provisioned: %s", where, name, why);
	else
		prov_error("%s: unknown slot \"%s\"", where, name);
	prov_hint("use one of %s", slot_names());
	return NULL;
}

const char *
curve_names(void)
{
	return "secp256r1, secp384r1, secp521r1, brainpoolP256r1, brainpoolP384r1, brainpoolP512r1";
}

const char *
slot_names(void)
{
	return "0xE0F1 (second), 0xE0F2 (third), 0xE0F3 (fourth), 0xE0FC (five), 0xE0FD (six)";
}
