/*
 * ft260: reports. What the bytes mean: transports 1.2 to 1.8.
 *
 * A transfer is one report out, and for reads reports in; only the status that is fetched
 * afterwards tells how it went. A refused read delivers bytes all the same, a report of a read
 * that was given up may come late, and the first status after five seconds of rest may hide a
 * refusal.
 */
#include <config.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ft260.h"

#define REPORT_LEN 64

enum report {
	REPORT_STATUS = 0xC0,
	REPORT_READ = 0xC2,
	REPORT_DATA = 0xD0, /* to DE: payload of at most 4 bytes, 8, ... 60 */
	REPORT_DATA_LAST = 0xDE,
};

#define FLAGS_START_STOP 0x06

enum request { REQUEST_RESET = 0x20, REQUEST_CLOCK = 0x22 };

/* The status byte. Error bits tell of the last operation and go with the next. */
enum status {
	ST_CONTROLLER_BUSY = 0x01, /* nothing else is valid yet */
	ST_ERROR = 0x02,
	ST_ADDR_NACK = 0x04,
	ST_DATA_NACK = 0x08, /* also set after a refused address: the data were clocked out */
	ST_ARBITRATION = 0x10,
	ST_BUS_BUSY = 0x40,
};
#define ST_RUNNING (ST_CONTROLLER_BUSY | ST_BUS_BUSY)
#define ST_FAILED  (ST_ERROR | ST_ADDR_NACK | ST_DATA_NACK | ST_ARBITRATION)

/* 60 bytes at 60 kHz take 9 ms on the wire; the bus may be released later than the end. */
#define FINISH_MAX  BUS_MS(100)
#define POLL_STEP   BUS_MS(1)
#define READ_MAX    BUS_MS(100)
#define READ_SLICE  15 /* ms between looks at the status while no report comes */
#define LATE_REPORT 2  /* ms for the report of a refused read */
#define DRAIN_MAX   128

/* It dozes off after 5 s. */
#define AWAKE_MAX BUS_MS(4000)

/* --- reports ------------------------------------------------------------------------------- */

static int
failed(struct bus *b, const char *what, int err)
{
	struct ft260 *f = b->priv;
	char board[96];

	log_debug("ft260: %s: %s: %ls", f->node, what, hid_error(f->dev));
	if (err != ENODEV && bus_real_same_node(b))
		return HAL_EIO;
	(void)snprintf(board, sizeof(board), "board at %s", f->port);
	return bus_real_gone(b, board);
}

/* hidapi leaves errno to what the system call said. */
int
ft260_get(struct bus *b, uint8_t id, uint8_t *report, size_t len)
{
	struct ft260 *f = b->priv;
	int n;

	memset(report, 0, len);
	report[0] = id;
	errno = 0;
	if ((n = hid_get_feature_report(f->dev, report, len)) < 0)
		return failed(b, "feature report", errno);
	if ((size_t)n == len && report[0] == id)
		return 0;
	log_debug("ft260: %s: report %02X of %d bytes", f->node, id, n);
	return HAL_EIO;
}

int
ft260_set(struct bus *b, const uint8_t *report, size_t len)
{
	struct ft260 *f = b->priv;

	errno = 0;
	return hid_send_feature_report(f->dev, report, len) < 0 ? failed(b, "request", errno) : 0;
}

static int
send_report(struct bus *b, const uint8_t *report, size_t len)
{
	struct ft260 *f = b->priv;

	errno = 0;
	if (hid_write(f->dev, report, len) != (int)len)
		return failed(b, "write", errno);
	return 0;
}

int
ft260_request(struct bus *b, uint8_t code, uint8_t value)
{
	const uint8_t rq[3] = { FT260_SYSTEM, code, value };

	return ft260_set(b, rq, sizeof(rq));
}

/* In kHz, low byte first. */
int
ft260_clock(struct bus *b, unsigned khz)
{
	const uint8_t rq[4] = { FT260_SYSTEM, REQUEST_CLOCK, (uint8_t)khz, (uint8_t)(khz >> 8) };

	return ft260_set(b, rq, sizeof(rq));
}

static int
get_status(struct bus *b, uint8_t *status)
{
	struct ft260 *f = b->priv;
	uint8_t r[5];
	int ret = ft260_get(b, REPORT_STATUS, r, sizeof(r));

	*status = r[1];
	f->last = bus_clock_now(b);
	return ret;
}

/* --- the end of a transfer ----------------------------------------------------------------- */

/* Polls until the controller is done and the bus free, or something failed, or time is up. */
static int
wait_done(struct bus *b, uint8_t *status)
{
	const uint64_t start = bus_clock_now(b);
	bool late;
	int r;

	for (;;) {
		/* The last look is one that began after the bound. */
		late = bus_clock_now(b) - start >= FINISH_MAX;
		if ((r = get_status(b, status)) != 0 || (*status & ST_RUNNING) == 0 || late)
			return r;
		if ((*status & ST_CONTROLLER_BUSY) == 0 && (*status & ST_FAILED) != 0)
			return 0;
		(void)bus_clock_sleep(b, POLL_STEP);
	}
}

static int
reset_controller(struct bus *b)
{
	static const uint8_t rq[2] = { FT260_SYSTEM, REQUEST_RESET };
	uint8_t status;
	int r;

	if ((r = ft260_set(b, rq, sizeof(rq))) != 0 || (r = wait_done(b, &status)) != 0)
		return r;
	if ((status & ST_RUNNING) == 0)
		return 0;
	log_error("ft260: I2C bus is stuck (status 0x%02x); SDA or SCL held low", status);
	return HAL_ENODEV;
}

int
ft260_free_bus(struct bus *b)
{
	uint8_t status;
	int r;

	if ((r = get_status(b, &status)) != 0 || (status & ST_RUNNING) == 0)
		return r;
	return reset_controller(b);
}

/*
 * What a status means, and order on the bus again. A refused address is no reason for a reset;
 * whatever leaves the bus busy is, and so is a lost arbitration.
 */
static int
judge(struct bus *b, uint8_t status)
{
	int r;

	if ((status & (ST_RUNNING | ST_FAILED)) == 0)
		return 0;
	log_debug("ft260: status 0x%02x", status);
	if ((status & (ST_RUNNING | ST_ARBITRATION)) != 0 && (r = reset_controller(b)) != 0)
		return r;
	return (status & ST_ADDR_NACK) != 0 ? HAL_ENACK : HAL_EIO;
}

/* --- transfers ----------------------------------------------------------------------------- */

static bool
may_doze(struct bus *b)
{
	const struct ft260 *f = b->priv;

	return f->last == 0 || bus_clock_now(b) - f->last > AWAKE_MAX;
}

int
ft260_write(struct bus *b, const uint8_t *data, size_t len)
{
	uint8_t report[4 + FT260_PAYLOAD], status = 0;
	const bool dozed = may_doze(b);
	int r;

	report[0] = (uint8_t)(REPORT_DATA + (len - 1) / 4);
	report[1] = b->addr;
	report[2] = FLAGS_START_STOP;
	report[3] = (uint8_t)len;
	memcpy(report + 4, data, len);
	if ((dozed && (r = get_status(b, &status)) != 0) ||
	    (r = send_report(b, report, 4 + len)) != 0 || (r = wait_done(b, &status)) != 0)
		goto out;
	/* Out of the doze the first status may not know of a refusal yet. */
	if (dozed && (r = wait_done(b, &status)) != 0)
		goto out;
	r = judge(b, status);
out:
	explicit_bzero(report, sizeof(report));
	return r;
}

/* One input report within ms: bytes of payload, 0 for none, or a failure. */
static int
take_report(struct bus *b, uint8_t report[REPORT_LEN], size_t most, int ms)
{
	struct ft260 *f = b->priv;
	int n;

	errno = 0;
	if ((n = hid_read_timeout(f->dev, report, REPORT_LEN, ms)) < 0)
		return failed(b, "read", errno);
	if (n == 0)
		return 0;
	f->last = bus_clock_now(b);
	if (n > 2 && report[0] >= REPORT_DATA && report[0] <= REPORT_DATA_LAST && report[1] > 0 &&
	    report[1] <= n - 2 && report[1] <= most)
		return report[1];
	log_debug("ft260: unexpected report %02X of %d bytes", report[0], n);
	return 0;
}

/* Reports of earlier reads would look like the answer of the next. */
static int
drain(struct bus *b, int ms)
{
	struct ft260 *f = b->priv;
	uint8_t report[REPORT_LEN];
	int n = 1, r = 0;

	for (int i = 0; i < DRAIN_MAX && n > 0; i++) {
		errno = 0;
		if ((n = hid_read_timeout(f->dev, report, sizeof(report), ms)) < 0)
			r = failed(b, "read", errno);
		else if (n > 0)
			log_debug("ft260: late report %02X of %d bytes", report[0], n);
	}
	explicit_bzero(report, sizeof(report));
	return r;
}

/*
 * Reads until len bytes are there. Whether a refused read delivers a report is not certain, so
 * while none comes the status is looked at. *got: how many bytes came.
 */
static int
collect(struct bus *b, uint8_t *data, size_t len, size_t *got)
{
	const uint64_t start = bus_clock_now(b);
	uint8_t report[REPORT_LEN], status;
	bool late = false;
	int n, r = 0;

	*got = 0;
	while (*got < len && !late) {
		late = bus_clock_now(b) - start >= READ_MAX;
		if ((n = take_report(b, report, len - *got, READ_SLICE)) < 0) {
			r = n;
			break;
		}
		memcpy(data + *got, report + 2, (size_t)n);
		*got += (size_t)n;
		if (n > 0)
			continue;
		if ((r = get_status(b, &status)) != 0 ||
		    ((status & ST_CONTROLLER_BUSY) == 0 && (status & ST_FAILED) != 0))
			break;
	}
	explicit_bzero(report, sizeof(report));
	return r;
}

int
ft260_read(struct bus *b, uint8_t *data, size_t len)
{
	const uint8_t request[5] = { REPORT_READ, b->addr, FLAGS_START_STOP, (uint8_t)len, 0 };
	const struct ft260 *f = b->priv;
	size_t got = 0;
	uint8_t status;
	int r, r2;

	if ((r = drain(b, 0)) != 0 || (r = send_report(b, request, sizeof(request))) != 0 ||
	    (r = collect(b, data, len, &got)) != 0 || (r = wait_done(b, &status)) != 0 ||
	    (r = judge(b, status)) != 0)
		goto out;
	if (got < len) {
		log_debug("ft260: %zu of %zu bytes", got, len);
		if ((r = reset_controller(b)) == 0)
			r = got == 0 && ft260_taken(f->port) ? HAL_ENODEV : HAL_EIO;
	}
out:
	if (r == HAL_ENACK && got == 0 && (r2 = drain(b, LATE_REPORT)) != 0)
		r = r2;
	/* What was read in spite of a failure is nothing. */
	if (r != 0)
		memset(data, 0xFF, len);
	return r;
}
