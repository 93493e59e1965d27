/* The report of a fleet: a row for each slot of each chip. */
#ifndef PROVISION_FLEETREPORT_H
#define PROVISION_FLEETREPORT_H

#include "provision/fleet.h"

/* Names of members and columns; NULL ends them. */
extern const char *const fleet_columns[];

/* The report; a format for each ending of the name. Written to PATH.part, a row at a time and each
 * on the disk before the next; PATH has the last complete one. */
struct fleet_report;
struct fleet_report *fleet_report_open(const char *path);
bool fleet_report_add(struct fleet_report *r, json_t *rows);
/* Puts it into place. False: said why. */
bool fleet_report_close(struct fleet_report **rp, bool complete);
bool fleet_report_name_ok(const char *path);

#endif
