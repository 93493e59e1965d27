/* SIGINT, SIGTERM and SIGHUP end a run between two steps; a second one ends it at once. */
#ifndef PROVISION_STOP_H
#define PROVISION_STOP_H

#include <stdbool.h>

void stop_prepare(void);

/* Whether the user wants to stop. */
bool stop_wanted(void);

#endif
