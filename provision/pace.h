/*
 * How often the workers of a fleet may call the cloud, all of them together: for each call a bucket
 * in memory they share. Its rate grows while answers come, halves when one says "too often", and a
 * Retry-After that one was told holds for all. A program that is no worker is never slowed.
 *
 * AWS IoT counts every call by itself, so does this. All is done with single atomic steps: a worker
 * may be killed anywhere.
 */
#ifndef PROVISION_PACE_H
#define PROVISION_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_CALLS 64U           /* buckets; calls are counted from 0 */
#define PACE_ENV   "OPTIGA_PACE" /* number of the descriptor that workers inherit */
#define PACE_FIRST 10.0          /* calls a second to begin with: the smallest quota by default */
#define PACE_MIN   0.5
#define PACE_MAX   1000.0
#define PACE_PAUSE 60 /* seconds, longest Retry-After that is kept to */

struct pace; /* the shared memory */

/* For the coordinator. NULL: said why. *fdp: to be inherited; the caller's to close. */
struct pace *pace_new(int *fdp);
/* What the environment has been given. NULL: nothing, or nothing usable. */
struct pace *pace_join(void);
void pace_free(struct pace **pp);

/* When the next request of the call may go, ns of the monotonic clock; it counts as gone. */
uint64_t pace_turn(struct pace *p, unsigned int call, uint64_t now);
/* What came back. retry_after: seconds, 0: none. */
void pace_answer(struct pace *p, unsigned int call, uint64_t now, bool throttled, long retry_after);
/* Calls a second. */
double pace_rate(const struct pace *p, unsigned int call);

/* For workers, and others, who do not wait: until the request may go. Seconds waited. */
double pace_wait(unsigned int call);
void pace_note(unsigned int call, bool throttled, long retry_after);
/* Whether this is a worker. */
bool pace_shared(void);

#endif
