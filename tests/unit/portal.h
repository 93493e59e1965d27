/* The secrets of a simulated Express or MTR part, as its portal file has them. */
#ifndef TESTS_UNIT_PORTAL_H
#define TESTS_UNIT_PORTAL_H

#include "hal/base/secret.h"

struct portal {
	struct secret *binding, *authorization;
};

/* Of a new chip, by its file or a sim: selector. */
void portal_of(const char *image, struct portal *p);
void portal_free(struct portal *p);

#endif
