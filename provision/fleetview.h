/* What people and programs see of a fleet at work. */
#ifndef PROVISION_FLEETVIEW_H
#define PROVISION_FLEETVIEW_H

#include "provision/fleet.h"

/* What people and programs see meanwhile. */
struct fleet_view;

enum fleet_talk {
	FLEET_LINES, /* a line for each chip; on a terminal also what is going on */
	FLEET_QUIET, /* what failed */
	FLEET_JSON,  /* an object for each event, one a line */
};

struct fleet_view *fleet_view_open(enum fleet_talk talk, size_t total, unsigned int jobs);
void fleet_view_close(struct fleet_view **vp);
/* A place is a worker's, from 0 to jobs - 1. attempt: from 1. */
void fleet_view_start(
    struct fleet_view *v, unsigned int place, const struct fleet_chip *chip, unsigned int attempt);
void fleet_view_step(struct fleet_view *v, unsigned int place, const char *step);
void fleet_view_warn(struct fleet_view *v, const struct fleet_chip *chip, const char *text);
/* It failed, and is tried again after so many seconds. */
void fleet_view_retry(struct fleet_view *v, unsigned int place, const struct fleet_chip *chip,
    const char *error, double seconds);
void fleet_view_done(struct fleet_view *v, unsigned int place, const struct fleet_outcome *o);
/* Draws what has changed, if it is time to. Seconds until it wants to be called again, at most 1.
 */
double fleet_view_draw(struct fleet_view *v);
/* The sum, at the end. */
void fleet_view_sum(struct fleet_view *v);

#endif
