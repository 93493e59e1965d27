/* A worker of a fleet: our own program at one chip, in a process of its own. */
#ifndef PROVISION_FLEETWORK_H
#define PROVISION_FLEETWORK_H

#include "provision/fleet.h"

struct fleet_worker;

/* What a worker told. Valid until it is freed. */
struct fleet_told {
	int status;               /* as of waitpid() */
	json_t *rows;             /* objects on its standard output */
	const char *error, *hint; /* last said on standard error; NULL: none */
};

/* NULL: said why. */
struct fleet_worker *fleet_worker_start(const struct fleet_how *how, const struct fleet_chip *chip);
/* Asks it to end between two steps; again: at once. */
void fleet_worker_stop(struct fleet_worker *w, bool again);
/* Ends it if it has not ended. */
void fleet_worker_free(struct fleet_worker **wp);
/* Descriptors to poll; -1: closed. */
void fleet_worker_fds(const struct fleet_worker *w, int fds[2]);
/* Reads what is there; step and warning get each line of that kind. */
struct fleet_listener {
	void (*step)(void *arg, const char *text);
	void (*warning)(void *arg, const char *text);
	void *arg;
};
void fleet_worker_read(struct fleet_worker *w, const struct fleet_listener *to);
/* Whether it has ended, and what it told. */
bool fleet_worker_ended(
    struct fleet_worker *w, const struct fleet_listener *to, struct fleet_told *out);

#endif
