/* How many requests of one call a second may bring, as the real account has it for each call: a
 * bucket that holds a second's worth. What is refused costs nothing. */
#include <config.h>

#include <time.h>

#include "tests/standin/standin.h"

static double
monotonic(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

bool
si_quota_take(struct si *s, const char *call)
{
	/* When the bucket would be full again. */
	double now = monotonic(), full = json_number_value(json_object_get(s->quota_full, call));

	if (s->quota <= 0)
		return true;
	full = (full > now ? full : now) + 1.0 / s->quota;
	if (full > now + 1.0)
		return false;
	(void)json_object_set_new(s->quota_full, call, json_real(full));
	return true;
}
