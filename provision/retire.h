/*
 * Taking a device out: its certificates in AWS IoT, and what is in its key slot. What there is to
 * do is found anew each time, so that an interrupted retirement goes on when it is asked for again.
 * Functions say why they failed.
 */
#ifndef PROVISION_RETIRE_H
#define PROVISION_RETIRE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "provision/job.h"

/* In the order in which they are done: rights first, the key last (aws-iot 1, undo order). */
enum retire_what {
	RETIRE_DETACH_THING,
	RETIRE_DETACH_POLICY,
	RETIRE_DEACTIVATE,
	RETIRE_DELETE_CERT,
	RETIRE_DELETE_THING,
	RETIRE_REMOVE_CERTS, /* from the chip */
	RETIRE_DESTROY_KEY,
};

struct retire_step {
	enum retire_what what;
	char *name; /* of the thing or policy; the certificate's ID; NULL on the chip */
	char *arn;  /* of the certificate, NULL: no matter */
};

struct retire_plan {
	struct retire_step *list;
	size_t n, room;
};

enum retire_flags {
	RETIRE_THING = 1,    /* the thing too, unless other certificates are attached to it */
	RETIRE_KEEP_KEY = 2, /* and what is on the chip beside it */
};

/*
 * What is there to be taken out. j: token open, its key read, the cloud open where it has a part.
 * Clear the plan in every case.
 */
bool retire_find(struct job *j, unsigned int flags, struct retire_plan *p);
void retire_clear(struct retire_plan *p);

/* "delete the certificate 0123..."; malloc'ed, NULL: no memory. */
char *retire_text(const struct job *j, const struct retire_step *s);

bool retire_do(struct job *j, const struct retire_step *s);

#endif
