/*
 * What runs inside the virtual machine of lane_c.sh (transports 8.4):
 *   lane_c board IMAGE   a USB board with an FT260 and the simulated chip of IMAGE on its bus: a
 *                        device of the kernel's virtual USB host, in the data phase of USB/IP
 *   lane_c use SELECTOR  a host: reads, writes, generates a key, signs
 * Exit status 0, 1 failed, 2 usage; board stays until the other side closes.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/chip/chip.h"
#include "tests/unit/emu_ft260.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

/* --- the board ----------------------------------------------------------------------------- */

#define ATTACH   "/sys/devices/platform/vhci_hcd.0/attach"
#define DEVID    0x00010002 /* any; bus 1, device 2 */
#define FULL     2          /* speed */
#define PENDING  32
#define DATA_MAX 4096

enum { CMD_SUBMIT = 1, CMD_UNLINK = 2, RET_SUBMIT = 3, RET_UNLINK = 4 };

/* The header of 48 bytes as words; big-endian on the wire. */
enum {
	COMMAND,
	SEQNUM,
	DEVICE,
	DIRECTION, /* 1: to the host */
	ENDPOINT,
	STATUS = 5, /* of an answer; of a request: flags, or the number to unlink */
	LENGTH,
	WORDS = 12
};

static const uint8_t device[] = { 18, 1, 0x00, 0x02, 0, 0, 0, 64, 0x03, 0x04, 0x30, 0x60, 0x00,
	0x22, 1, 2, 0, 1 };

#define REPORT_LEN (7 + 15 * 13 + 1)
#define INTERFACE(number, in, out)                                                                 \
	9, 4, number, 0, 2, 3, 0, 0, 0,                            /* HID */                       \
	    9, 0x21, 0x11, 0x01, 0, 1, 0x22, REPORT_LEN & 0xFF, 0, /* its descriptor */            \
	    7, 5, in, 3, 64, 0, 1, 7, 5, out, 3, 64, 0, 1          /* interrupt, every 1 ms */

static const uint8_t configuration[] = { 9, 2, 9 + 2 * 32, 0, 2, 1, 0, 0xA0, 50,
	INTERFACE(0, 0x81, 0x02), INTERFACE(1, 0x83, 0x04) };

static int usb = -1;
static struct emu emu;
static struct sim *chip;
static uint32_t pending[PENDING]; /* requests for an input report of interface 0 */
static size_t npending;

/* Input reports D0 .. DE, each with its length: the kernel drops those it was not told of. */
static size_t
report_descriptor(uint8_t *out)
{
	static const uint8_t begin[] = { 0x06, 0x00, 0xFF, 0x09, 0x01, 0xA1, 0x01 };
	size_t n = sizeof(begin);

	memcpy(out, begin, n);
	for (uint8_t k = 1; k <= 15; k++) {
		const uint8_t report[] = { 0x85, (uint8_t)(0xCF + k), 0x15, 0x00, 0x26, 0xFF, 0x00,
			0x75, 0x08, 0x95, (uint8_t)(1 + 4 * k), 0x81, 0x02 };

		memcpy(out + n, report, sizeof(report));
		n += sizeof(report);
	}
	out[n++] = 0xC0;
	return n;
}

static size_t
string_descriptor(uint8_t index, uint8_t *out)
{
	static const char *const strings[] = { NULL, "FTDI", "FT260" };
	size_t n;

	if (index == 0) {
		memcpy(out, (const uint8_t[]){ 4, 3, 0x09, 0x04 }, 4);
		return 4;
	}
	if (index >= NITEMS(strings))
		return 0;
	n = strlen(strings[index]);
	out[0] = (uint8_t)(2 + 2 * n);
	out[1] = 3;
	for (size_t i = 0; i < n; i++) {
		out[2 + 2 * i] = (uint8_t)strings[index][i];
		out[3 + 2 * i] = 0;
	}
	return out[0];
}

/* 0: there is no such descriptor. */
static size_t
descriptor(uint8_t type, uint8_t index, uint8_t *out)
{
	switch (type) {
	case 1: memcpy(out, device, sizeof(device)); return sizeof(device);
	case 2: memcpy(out, configuration, sizeof(configuration)); return sizeof(configuration);
	case 3: return string_descriptor(index, out);
	case 0x22: return report_descriptor(out);
	default: return 0;
	}
}

/* Endpoint 0. data: of the request, or room for the answer. Its length, or minus an errno. */
static int
control(const uint8_t setup[8], uint8_t *data, size_t len)
{
	const unsigned request = (unsigned)setup[0] << 8 | setup[1];
	long n;

	switch (request) {
	case 0x8000: /* GET_STATUS */ memset(data, 0, 2); return 2;
	case 0x8006:
	case 0x8106:
		n = (long)descriptor(setup[3], setup[2], data);
		return n != 0 ? (int)n : -EPIPE;
	case 0x0009: /* SET_CONFIGURATION, SET_INTERFACE, SET_IDLE */
	case 0x010B:
	case 0x210A: return 0;
	case 0xA101: /* GET_REPORT */
		memset(data, 0, 64);
		data[0] = setup[2];
		return (int)emu_get(&emu, data, 64);
	case 0x2109: /* SET_REPORT */
		if (setup[3] == 3)
			emu_set(&emu, data, len);
		else
			emu_out(&emu, data, len);
		return (int)len;
	default: return -EPIPE;
	}
}

static bool
transfer(void *p, size_t len, bool out)
{
	uint8_t *b = p;

	while (len > 0) {
		const ssize_t n = out ? write(usb, b, len) : read(usb, b, len);

		if (n <= 0)
			return false;
		b += n;
		len -= (size_t)n;
	}
	return true;
}

/* status: bytes transferred, or minus an errno. */
static bool
answer(uint32_t command, uint32_t seqnum, int status, const uint8_t *data)
{
	uint32_t head[WORDS] = { 0 };
	uint8_t packet[4 * WORDS + DATA_MAX];
	size_t n = sizeof(head);

	head[COMMAND] = command;
	head[SEQNUM] = seqnum;
	head[STATUS] = status < 0 ? (uint32_t)status : 0;
	head[LENGTH] = status < 0 ? 0 : (uint32_t)status;
	for (size_t i = 0; i < WORDS; i++) {
		packet[4 * i] = (uint8_t)(head[i] >> 24);
		packet[4 * i + 1] = (uint8_t)(head[i] >> 16);
		packet[4 * i + 2] = (uint8_t)(head[i] >> 8);
		packet[4 * i + 3] = (uint8_t)head[i];
	}
	if (data != NULL && status > 0) {
		memcpy(packet + n, data, (size_t)status);
		n += (size_t)status;
	}
	return transfer(packet, n, true);
}

static bool
give_reports(void)
{
	while (npending > 0 && emu.nqueue > 0) {
		uint8_t report[64];
		const size_t n = emu_take(&emu, report, sizeof(report));

		if (!answer(RET_SUBMIT, pending[0], (int)n, report))
			return false;
		memmove(pending, pending + 1, --npending * sizeof(pending[0]));
	}
	return true;
}

static bool
submitted(const uint32_t *head, const uint8_t setup[8])
{
	const bool in = head[DIRECTION] != 0;
	size_t len = head[LENGTH];
	uint8_t data[DATA_MAX];
	int n = (int)len;

	if (len > sizeof(data) || (!in && !transfer(data, len, false)))
		return false;
	switch (head[ENDPOINT]) {
	case 0:
		n = control(setup, data, len);
		if (in && n > (int)len)
			n = (int)len;
		return answer(RET_SUBMIT, head[SEQNUM], n, in ? data : NULL);
	case 1:
		if (npending < PENDING)
			pending[npending++] = head[SEQNUM];
		return true;
	case 2: emu_out(&emu, data, len); return answer(RET_SUBMIT, head[SEQNUM], n, NULL);
	case 3: return true; /* the UART interface has nothing to say */
	default: return answer(RET_SUBMIT, head[SEQNUM], n, NULL);
	}
}

static bool
unlinked(const uint32_t *head)
{
	for (size_t i = 0; i < npending; i++)
		if (pending[i] == head[STATUS])
			memmove(
			    pending + i, pending + i + 1, (--npending - i) * sizeof(pending[0]));
	return answer(RET_UNLINK, head[SEQNUM], -ECONNRESET, NULL);
}

static bool
serve_one(void)
{
	uint8_t packet[4 * WORDS];
	uint32_t head[WORDS];

	if (!transfer(packet, sizeof(packet), false))
		return false;
	for (size_t i = 0; i < WORDS; i++)
		head[i] = (uint32_t)packet[4 * i] << 24 | (uint32_t)packet[4 * i + 1] << 16 |
			  (uint32_t)packet[4 * i + 2] << 8 | packet[4 * i + 3];
	if (head[COMMAND] == CMD_UNLINK)
		return unlinked(head);
	return submitted(head, packet + 40) && give_reports();
}

static int
board(const char *image)
{
	int pair[2], attach;

	if (sim_open(image, SIM_TIME_REAL, &chip) != 0) {
		fprintf(stderr, "lane_c: %s\n", sim_error());
		return 1;
	}
	emu_reset(&emu);
	emu.chip = &chip;
	attach = open(ATTACH, O_WRONLY | O_CLOEXEC);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || attach < 0 ||
	    dprintf(attach, "0 %d %u %d", pair[1], DEVID, FULL) < 0) {
		perror("lane_c: " ATTACH);
		return 1;
	}
	(void)close(attach);
	(void)close(pair[1]);
	usb = pair[0];
	while (serve_one())
		continue;
	sim_close(&chip);
	return 0;
}

/* --- the host ------------------------------------------------------------------------------ */

static int
exercise(struct chip *c)
{
	uint8_t bytes[600];
	struct buf out = BUF_INIT;
	int r;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(7 * i);
	if ((r = chip_data_write(c, 0xE0E1, 0, bytes, sizeof(bytes), CHIP_ERASE_WRITE)) == 0 &&
	    (r = chip_data_read(c, 0xE0E1, 0, SIZE_MAX, &out)) == 0 &&
	    (out.len != sizeof(bytes) || memcmp(out.data, bytes, out.len) != 0))
		r = HAL_EPROTO;
	if (r == 0 && (r = chip_keypair(c, 0xE0F1, CHIP_ALG_P256, CHIP_USE_SIGN, &out)) == 0 &&
	    (r = chip_sign_ecdsa(c, 0xE0F1, 32, bytes, 32, &out)) == 0 && out.len != 64)
		r = HAL_EPROTO;
	buf_free(&out);
	return r;
}

static int
use(const char *selector)
{
	struct chip *c = NULL;
	int r = chip_open(selector, &c);

	if (r == 0)
		r = exercise(c);
	chip_close(&c);
	printf("%s: %s\n", selector, r == 0 ? "used" : hal_strerror(r));
	return r == 0 ? 0 : 1;
}

int
main(int argc, char **argv)
{
	log_init("lane_c");
	if (argc == 3 && strcmp(argv[1], "board") == 0)
		return board(argv[2]);
	if (argc == 3 && strcmp(argv[1], "use") == 0)
		return use(argv[2]);
	fprintf(stderr, "usage: lane_c board IMAGE | use SELECTOR\n");
	return 2;
}
