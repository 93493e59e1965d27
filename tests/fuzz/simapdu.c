/*
 * The simulated chip and command APDUs of any host, the application open.
 *
 * Input: model, protection (bits 0-2), then commands with their length (2) before each.
 */
#include <config.h>

#include "hal/sim/state.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/simbase.h"

static struct sim_app app;

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint8_t open[] = "\x70\x00\x00\x10\xD2\x76\x00\x00\x04GenAuthAppl";
	struct input in = { data, len };
	struct sim_protection prot = { 0 };
	uint8_t rsp[SIM_APDU_MAX], flags;
	uint64_t now = 0, took;
	size_t rsp_len;

	app = simbase(input_u8(&in))->app;
	flags = input_u8(&in);
	sim_app_command(&app, now, &prot, open, sizeof(open) - 1, rsp, &rsp_len, &took);
	prot.active = flags & 1;
	prot.command = flags & 2;
	prot.response = flags & 4;
	while (in.len > 0) {
		const uint8_t *p;
		size_t n = input_u16(&in);

		p = input_bytes(&in, n < SIM_APDU_MAX ? n : SIM_APDU_MAX, &n);
		rsp_len = 0;
		sim_app_command(&app, now, &prot, p, n, rsp, &rsp_len, &took);
		fuzz_assert(rsp_len >= 4 && rsp_len <= sizeof(rsp));
		fuzz_assert(rsp_len == 4U + (unsigned)(rsp[2] << 8 | rsp[3]));
		fuzz_assert(rsp[0] == 0 || rsp_len == 4);
		now += took < SIM_MS(100000) ? took : SIM_MS(100000);
		fuzz_assert(sim_app_sane(&app));
	}
	return 0;
}
