/* libgpiod, as far as the driver uses it: its calls are answered here, for one line. */
#ifndef TESTS_UNIT_BUS_GPIO_H
#define TESTS_UNIT_BUS_GPIO_H

#include <stdbool.h>
#include <stdint.h>

extern struct gpio {
	int chip_errno, line_errno, request_errno, set_errno;
	char chip[64];
	unsigned offset;
	bool held;
	char story[64]; /* what the lines did: R requested high, 0, 1, C closed */
	uint64_t low_at, low_ns;
} gpio;

#endif
