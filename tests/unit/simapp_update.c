/* See simapp_update.h. */
#include <config.h>

#include "tests/unit/simapp_rig.h"
#include "tests/unit/simapp_update.h"

EVP_PKEY *up_key;
uint8_t up_secret[32], up_payload[1600];

void
up_setup(void)
{
	rig_setup();
	if (up_key == NULL)
		up_key = mf_key("P-256");
	mf_anchor(0xE0E8, up_key);
	for (size_t i = 0; i < sizeof(up_secret); i++)
		up_secret[i] = (uint8_t)(0x40 + i);
	for (size_t i = 0; i < sizeof(up_payload); i++)
		up_payload[i] = (uint8_t)(i * 7 + i / 256);
	ok("8240", text("F1D50000%s", rig_hex(up_secret, sizeof(up_secret))), "");
	meta_write(0xF1D5, "D30100E80123");
	meta_write(0xF1D4, "D00321E0E8");
	meta_write(0xF1E0, "D00321E0E8");
}

struct mf_spec
up_data(unsigned target, unsigned version, size_t len)
{
	return (struct mf_spec){ .target = target,
		.anchor = 0xE0E8,
		.key = up_key,
		.type = MF_DATA,
		.version = version,
		.info = { 0, 2 },
		.payload = up_payload,
		.len = len };
}

unsigned
up_send(struct mf_spec s)
{
	static struct mf m;

	mf_make(&s, &m);
	return mf_send(&m);
}
