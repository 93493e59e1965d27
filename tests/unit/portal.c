/* See portal.h. */
#include <config.h>

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/sim/image.h"
#include "hal/sim/state.h"
#include "tests/unit/portal.h"

void
portal_of(const char *image, struct portal *p)
{
	struct sim_state *st = calloc(1, sizeof(*st));
	struct image_facts facts;
	struct sim_portal known;
	char path[128];

	ck_assert_ptr_nonnull(st);
	(void)snprintf(
	    path, sizeof(path), "%s", strncmp(image, "sim:", 4) == 0 ? image + 4 : image);
	path[strcspn(path, "?")] = '\0';
	ck_assert_int_eq(image_snapshot(path, &facts, st), 0);
	ck_assert(sim_app_portal(&st->app, &known));
	ck_assert_int_eq(secret_from(known.binding, SIM_SECRET_LEN, &p->binding), 0);
	ck_assert_int_eq(secret_from(known.authorization, SIM_SECRET_LEN, &p->authorization), 0);
	free(st);
}

void
portal_free(struct portal *p)
{
	secret_free(&p->binding);
	secret_free(&p->authorization);
}
