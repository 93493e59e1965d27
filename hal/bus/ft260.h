/*
 * Inside of ft260: what its files share. The FT260 is a USB-to-I2C bridge that speaks HID reports;
 * it is used through hidapi on the kernel's hidraw.
 */
#ifndef HAL_BUS_FT260_H
#define HAL_BUS_FT260_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hidapi.h>

#include "hal/bus/ops.h"

#define FT260_VENDOR  0x0403
#define FT260_PRODUCT 0x6030

/* One report holds so many bytes of a transfer; longer reads do not report refusals at all. */
#define FT260_PAYLOAD 60

struct ft260 {
	hid_device *dev;
	char node[64];  /* /dev/hidrawN */
	char port[64];  /* USB port path, "1-1.4" */
	bool ready;     /* clock and pins are as we want them */
	uint64_t last;  /* when it was spoken to last, ns; 0: unknown */
	int reset, vdd; /* lines, or -1 */
};

/* --- ft260find.c: which board ---------------------------------------------------------------- */

/*
 * Fills node and port with what the target names: "" the only board, SERIAL, usb/PORT or
 * /dev/hidrawN. Logs why there is none.
 */
int ft260_find(const char *target, struct ft260 *f);

/* --- ft260sys.c: boards that hidapi does not show -------------------------------------------- */

/* port: "" for any. Logs what keeps its I2C interface from us and returns true, or false when
 * nothing does. */
bool ft260_explain(const char *port);

/* The board has its node, and the kernel's own driver too, which since some version of Linux 6.1
 * keeps the input reports to itself: logs that and returns true. */
bool ft260_taken(const char *port);

/* --- ft260report.c: reports, transfers ------------------------------------------------------- */

/* Feature reports; byte 0 is the report's ID. HAL_EIO, or HAL_ENODEV when the board is gone. */
int ft260_get(struct bus *b, uint8_t id, uint8_t *report, size_t len);
int ft260_set(struct bus *b, const uint8_t *report, size_t len);

/* A system request, A1. */
int ft260_request(struct bus *b, uint8_t code, uint8_t value);
int ft260_clock(struct bus *b, unsigned khz);

/* One transfer at b->addr, START to STOP, len 1..FT260_PAYLOAD. As bus_write and bus_read. */
int ft260_write(struct bus *b, const uint8_t *data, size_t len);
int ft260_read(struct bus *b, uint8_t *data, size_t len);

/* Resets the controller unless the bus is free already. */
int ft260_free_bus(struct bus *b);

/* --- ft260lines.c: pins of the FT260 as reset and supply lines -------------------------------- */

/* Number of a line named 2 to 5 or A to H; -1, with a log line, when there is none. */
int ft260_line(const char *key, const char *name);

/* Makes the pin an output, high, whatever it served before. uart_mode: of the settings. */
int ft260_line_set_up(struct bus *b, int line, uint8_t uart_mode);
/* Low for ns, then high again. */
int ft260_line_pulse(struct bus *b, int line, uint64_t ns);

/* System settings as they are read. */
#define FT260_SYSTEM       0xA1
#define FT260_SETTINGS_LEN 26
#define FT260_CHIP_MODE    1 /* 0, 3: I2C and UART, 1: I2C only, 2: UART only */
#define FT260_I2C_ENABLE   5
#define FT260_UART_MODE    6 /* 0 off, 1 RTS/CTS, 2 DTR/DSR, 3 XON/XOFF, 4 no flow control */

/* System requests. */
#define FT260_SET_I2C_PINS  0x02
#define FT260_SET_UART_MODE 0x03

#endif
