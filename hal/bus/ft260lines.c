/*
 * ft260: pins as reset and supply lines of the chip (transports 1.9). Most pins have another use
 * from the start, which is given up for the line.
 */
#include <config.h>

#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ft260.h"

/* Report B0: values of GPIO0-5, their directions, values of GPIOA-H, their directions. */
#define REPORT_GPIO  0xB0
#define GPIO_LEN     5

#define UART_OFF     0
#define UART_RTS_CTS 1
#define UART_DTR_DSR 2
#define UART_NO_FLOW 4
#define UART_ANY     0xFF

static const struct {
	char name;
	uint8_t value; /* byte of the report with its value; the direction is in the next */
	uint8_t bit;
	uint8_t request;    /* of the system, with value 0, that makes the pin a GPIO; 0: none */
	uint8_t uart_uses;  /* UART mode that has the pin; UART_ANY: all but "off" */
	uint8_t uart_gives; /* UART mode to take then */
} lines[] = {
	{ '2', 1, 2, 0x06, 0, 0 },
	{ '3', 1, 3, 0x05, 0, 0 },
	{ '4', 1, 4, 0x07, 0, 0 },
	{ '5', 1, 5, 0x07, 0, 0 },
	{ 'A', 3, 0, 0x08, 0, 0 },
	{ 'B', 3, 1, 0, UART_RTS_CTS, UART_NO_FLOW },
	{ 'C', 3, 2, 0, UART_ANY, UART_OFF },
	{ 'D', 3, 3, 0, UART_ANY, UART_OFF },
	{ 'E', 3, 4, 0, UART_RTS_CTS, UART_NO_FLOW },
	{ 'F', 3, 5, 0, UART_DTR_DSR, UART_NO_FLOW },
	{ 'G', 3, 6, 0x09, 0, 0 },
	{ 'H', 3, 7, 0, UART_DTR_DSR, UART_NO_FLOW },
};

int
ft260_line(const char *key, const char *name)
{
	for (size_t i = 0; i < NITEMS(lines); i++)
		if (name[0] == lines[i].name && name[1] == '\0')
			return (int)i;
	log_error("ft260: %s=%s: must be a GPIO of the FT260, 2 to 5 or A to H", key, name);
	return -1;
}

/* Both banks are one report; the pins of others stay as they are. */
static int
drive(struct bus *b, int line, uint8_t report[GPIO_LEN], bool high)
{
	const uint8_t mask = (uint8_t)(1U << lines[line].bit), at = lines[line].value;

	report[at] = (uint8_t)(high ? report[at] | mask : report[at] & ~mask);
	report[at + 1] |= mask;
	return ft260_set(b, report, GPIO_LEN);
}

int
ft260_line_set_up(struct bus *b, int line, uint8_t uart_mode)
{
	const uint8_t uses = lines[line].uart_uses;
	uint8_t report[GPIO_LEN];
	int r;

	if (uses != 0 && (uses == UART_ANY ? uart_mode != UART_OFF : uart_mode == uses) &&
	    (r = ft260_request(b, FT260_SET_UART_MODE, lines[line].uart_gives)) != 0)
		return r;
	if (lines[line].request != 0 && (r = ft260_request(b, lines[line].request, 0)) != 0)
		return r;
	if ((r = ft260_get(b, REPORT_GPIO, report, sizeof(report))) != 0)
		return r;
	return drive(b, line, report, true);
}

int
ft260_line_pulse(struct bus *b, int line, uint64_t ns)
{
	uint8_t report[GPIO_LEN];
	int r, r2;

	if ((r = ft260_get(b, REPORT_GPIO, report, sizeof(report))) != 0 ||
	    (r = drive(b, line, report, false)) != 0)
		return r;
	r = bus_clock_sleep(b, ns);
	/* Never leave it low: pins outlive whoever set them. */
	r2 = drive(b, line, report, true);
	return r != 0 ? r : r2;
}
