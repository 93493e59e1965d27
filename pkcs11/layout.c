/* The layouts; see layout.h. The slots and names of "key-slots" are the vendor's sample's. */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "pkcs11/layout.h"

static const struct store_view key_slots[] = {
	{ .key = 0xE0F0, .cert = 0xE0E0, .fixed = true },
	{ .key = 0xE0F1, .cert = 0xE0E1 },
	{ .key = 0xE0F2, .cert = 0xE0E2 },
	{ .key = 0xE0F3, .cert = 0xE0E3 },
	{ .key = 0xE0FC, .cert = 0xE0E2, .rsa = true },
	{ .key = 0xE0FD, .cert = 0xE0E3, .rsa = true },
};

static const struct layout layouts[] = {
	{ "chip", 1, NULL },
	{ "key-slots", NITEMS(key_slots), key_slots },
};

const struct layout *
mod_layout_by_name(const char *name)
{
	for (size_t i = 0; i < NITEMS(layouts); i++)
		if (strcmp(layouts[i].name, name) == 0)
			return &layouts[i];
	return NULL;
}
