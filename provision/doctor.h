/* The checks of "doctor": each adds lines, and none keeps the others from running. */
#ifndef PROVISION_DOCTOR_H
#define PROVISION_DOCTOR_H

#include <stddef.h>

#include "provision/config.h"
#include "provision/options.h"

enum doctor_status {
	DOCTOR_OK,
	DOCTOR_WARNING,
	DOCTOR_FAILED,
};

struct doctor_line {
	enum doctor_status status;
	const char *check; /* static */
	char *text;
	char *remedy; /* NULL: none */
};

struct doctor {
	const struct options *opts;
	const struct config *config; /* NULL: none was given */
	struct doctor_line *lines;
	size_t n, room;
};

/* text and remedy are copied; remedy "" or NULL: none. */
void doctor_add(struct doctor *d, enum doctor_status status, const char *check, const char *remedy,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Module, chips, and the devices they are behind. */
void doctor_chip(struct doctor *d);

/* A selector's device: whether it is there and this user may use it. */
void doctor_bus(struct doctor *d, const char *selector);

/* Credentials, region, endpoint, clock, account, rights, throttling. */
void doctor_cloud(struct doctor *d);

#endif
