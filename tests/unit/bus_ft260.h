/*
 * An FT260 made up byte by byte, with the simulated chip behind it, for a node of bus_bed.h. It
 * has the habits of the real one, and faults on request.
 */
#ifndef TESTS_UNIT_BUS_FT260_H
#define TESTS_UNIT_BUS_FT260_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/bus_bed.h"

#define EMU_QUEUE 64 /* input reports the kernel keeps */

enum emu_fault {
	EMU_NONE,
	EMU_ADDR_NACK,       /* of a write: data are clocked out all the same, 2E */
	EMU_READ_NACK,       /* a full report of nothing, then 26 */
	EMU_READ_NACK_BUSY,  /* the same, and the bus stays held until a reset: 46 */
	EMU_READ_NACK_EMPTY, /* no report, 26 */
	EMU_DATA_NACK,       /* 2A */
	EMU_ARBITRATION,     /* 32 */
	EMU_LATE,            /* the report of a read comes with the next report out */
	EMU_LOST,            /* no report, and nothing wrong */
	EMU_STRAY,           /* reports of other kinds, and nonsense, before the right one */
	EMU_SPLIT,           /* the payload comes in two reports */
	EMU_SLOW,            /* three more looks at the status before it is done */
	EMU_HELD,            /* the bus stays busy until a reset */
	EMU_STUCK,           /* the bus stays busy whatever is done */
	EMU_HIDDEN_NACK,     /* dozing: the first status says success */
};

struct emu {
	struct bed_node node;
	uint8_t settings[26], gpio[5];
	enum emu_fault fault; /* of the next transfer of the kind it belongs to, once */
	unsigned fault_skip;  /* transfers before it */

	/* What was seen. */
	unsigned khz;
	unsigned resets, statuses, writes, reads, transfers;
	size_t longest_write;
	char story[256]; /* one character per report: W write, R read, s status, x reset, k clock,
			    0 or 1 line of gpio_mask, u UART mode, g function of a pin */
	uint8_t gpio_byte, gpio_mask;
	uint64_t low_at, low_ns;
	bool foreign; /* a flag, length or report ID that no driver may send */

	/* Inside. */
	uint8_t status, status_after;
	unsigned busy_looks;
	bool held, stuck;
	uint8_t queue[EMU_QUEUE][64];
	size_t queue_len[EMU_QUEUE], nqueue;
	uint8_t late[64];
	size_t late_len;
	bool token;
};

/* A board with two interfaces, chip mode 3. */
void emu_init(struct emu *e);

/* Puts an input report into the queue: something left over. Not while a call is under way. */
void emu_left_over(struct emu *e, const uint8_t *report, size_t len);

/* --- boards in /sys ------------------------------------------------------------------------ */

#define USB_PATH "/devices/pci0000:00/usb1"
#define USBHID   "../../../../../bus/usb/drivers/usbhid" /* from an interface's directory */

/* A board at a USB port whose two interfaces have the nodes hidrawN and N + 1; e answers at the
 * first. */
void emu_plug(const char *port, const char *serial, int number, struct emu *e);

/* The I2C interface goes and returns. */
void emu_unplug(const char *port, int number, struct emu *e);
void emu_replug(const char *port, int number, struct emu *e);

/* The parts of a board. driver: NULL for none. e: NULL for a node that nobody answers at. */
void emu_add_usb(const char *port);
void emu_add_interface(const char *port, int interface, const char *driver);
void emu_add_hid(const char *port, int interface, const char *serial, int number);
void emu_add_hidraw(const char *port, int interface, int number, struct emu *e);

#endif
