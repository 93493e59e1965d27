/* Boards with the FT260 of emu_ft260.h, for the machine of bus_bed.h. */
#ifndef TESTS_UNIT_BUS_FT260_H
#define TESTS_UNIT_BUS_FT260_H

#include "tests/unit/bus_bed.h"
#include "tests/unit/emu_ft260.h"

/* A board with two interfaces, chip mode 3, bed_chip on its bus. */
void emu_init(struct emu *e);

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
