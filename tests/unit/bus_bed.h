/*
 * A machine for tests of the real devices' drivers: files below /sys and /dev, and what the
 * kernel and the device behind a node answer, all made up by umockdev. The drivers and the
 * libraries they use run unchanged; the programs are linked to umockdev's preload library.
 */
#ifndef TESTS_UNIT_BUS_BED_H
#define TESTS_UNIT_BUS_BED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <umockdev.h>

#include "hal/bus/bus.h"
#include "hal/sim/sim.h"

/* An empty machine, a directory for files, a directory for records, and a chip that runs on the
 * real clock. Fixtures. */
void bed_setup(void);
void bed_teardown(void);

extern UMockdevTestbed *bed;
extern char bed_dir[64];
extern struct sim *bed_chip; /* belongs to the thread that answers, from bed_attach on */

/* Adds devices, in umockdev's notation. */
void bed_add(const char *text);

/* Makes or removes a directory or file below /sys or /dev of the machine. */
void bed_link(const char *path, const char *target);
void bed_write(const char *path, const char *text);
void bed_unlink(const char *path);

/* Who answers at a node; each returns the call's result, or minus an errno. */
struct bed_node {
	long (*ioctl)(void *arg, UMockdevIoctlClient *client, unsigned long request);
	long (*write)(void *arg, const uint8_t *data, size_t len);
	/* Returns false when there is nothing to read yet. */
	bool (*read)(void *arg, UMockdevIoctlClient *client, uint8_t *data, size_t len, long *r);
	void *arg;
	unsigned plugged; /* how often; who opened it before the last time has a dead file */
	int master;       /* the other side of the node, to make it readable */
};
void bed_attach(const char *node, struct bed_node *n);

/* Adds a device with this node, attached before. */
void bed_plug(const char *text, const char *node, struct bed_node *n);

/* Takes the device away: its files hang up and the node vanishes; bed_remove is for what is in
 * /sys, children first. bed_plug brings it back. */
void bed_unplug(const char *node, struct bed_node *n);
void bed_remove(const char *syspath);

/* From here on log lines are kept; bed_said returns them and starts afresh. */
void bed_listen(void);
const char *bed_said(void);
#define bed_must_say(text)                                                                         \
	do {                                                                                       \
		const char *said_ = bed_said();                                                    \
		ck_assert_msg(strstr(said_, text) != NULL, "says: %s", said_);                     \
	} while (0)

/* bus_open as somebody without any permission; its result. Said lines are kept. */
int bed_open_as_nobody(const char *selector, const char *node);

#endif
