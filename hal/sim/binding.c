/* What the presentation layer needs of the application: binding secret, randoms. See app.h. */
#include <config.h>

#include <string.h>

#include "hal/sim/access.h"
#include "hal/sim/cmd.h"
#include "hal/sim/model.h"
#include "hal/sim/object.h"
#include "hal/sim/rng.h"

#define OID_BINDING 0xE140

size_t
sim_app_binding(struct sim_app *app, uint64_t now, bool event, uint8_t secret[SIM_BINDING_MAX],
    uint64_t *exec_ns)
{
	const struct sim_protection prot = { .active = true };
	const int i = object_find(OID_BINDING);
	struct call c = { .app = app, .prot = &prot, .now = now };
	size_t len;

	*exec_ns = sim_app_time(app, model_us(app, TIME_DERIVE_SESSION));
	if (i < 0 || app->terminated || !access_granted(app, (size_t)i, TAG_EXECUTE, &prot))
		return 0;
	len = object_used(app, (size_t)i);
	if (len > SIM_BINDING_MAX)
		return 0;
	if (event)
		monitor_event(&c);
	*exec_ns += c.delay_ns;
	memcpy(secret, object_content(app, (size_t)i), len);
	return len;
}

void
sim_app_random(struct sim_app *app, uint8_t *out, size_t len)
{
	rng_bytes(app, out, len);
}
