/* An I2C adapter of the kernel, /dev/i2c-1 of bus_bed.h, with the simulated chip behind it. */
#ifndef TESTS_UNIT_BUS_I2C_H
#define TESTS_UNIT_BUS_I2C_H

#include <stdbool.h>
#include <stddef.h>

/* Read and changed by the thread that answers; tests change it while no call is under way. */
extern struct adapter {
	unsigned long funcs;
	int slave_errno;
	int nack_errno; /* of this kind of adapter */
	int fail_errno; /* of the next nfail transfers */
	unsigned nfail;
	bool cut;           /* the next transfer is short */
	unsigned transfers; /* calls that reached the chip */
	unsigned rdwr;      /* must stay 0 */
	unsigned long addr;
	size_t longest_write;
} ad;

/* Sets ad to an adapter without quirks, and answers at its node from now on. */
void adapter_setup(void);

/* Makes the node and what /sys has of it. */
void adapter_plug(const char *name);
void adapter_unplug(void);

#endif
