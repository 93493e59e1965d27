/* A made-up FT260, see bus_ft260.h. Bytes as in transports 1.3 to 1.9. */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <linux/hidraw.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "tests/unit/bus_ft260.h"

#define DESCRIPTOR_LEN 279

enum {
	IDLE = 0x20,
	BUS_BUSY = 0x40,
	WRITE_NACK = 0x2E,
	READ_NACK = 0x26,
	READ_NACK_BUSY = 0x46,
	DATA_NACK = 0x2A,
	ARBITRATION = 0x32,
	RUNNING = 0x41
};

static void
tell(struct emu *e, char what)
{
	const size_t n = strlen(e->story);

	if (n < sizeof(e->story) - 1)
		e->story[n] = what;
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

/* --- input reports ------------------------------------------------------------------------- */

/* The node is readable exactly while a report waits: one byte lies in it then. */
static void
offer(struct emu *e)
{
	if (e->nqueue == 0 || e->token)
		return;
	ck_assert_int_eq(write(e->node.master, "t", 1), 1);
	e->token = true;
}

static void
queue(struct emu *e, const uint8_t *report, size_t len)
{
	if (e->nqueue == EMU_QUEUE)
		return;
	memcpy(e->queue[e->nqueue], report, len);
	e->queue_len[e->nqueue++] = len;
	offer(e);
}

void
emu_left_over(struct emu *e, const uint8_t *report, size_t len)
{
	queue(e, report, len);
}

static void
queue_data(struct emu *e, const uint8_t *data, size_t len)
{
	uint8_t report[64] = { (uint8_t)(0xD0 + (len - 1) / 4), (uint8_t)len };
	const size_t padded = 2 + (len + 3) / 4 * 4;

	memcpy(report + 2, data, len);
	queue(e, report, padded > 64 ? 64 : padded);
}

static bool
emu_read(void *arg, UMockdevIoctlClient *client, uint8_t *data, size_t len, long *r)
{
	struct emu *e = arg;
	gint err;

	/* Takes the byte out of the node. */
	if (e->token)
		(void)umockdev_ioctl_client_execute(client, &err, NULL);
	e->token = false;
	if (e->nqueue == 0) {
		*r = -EAGAIN;
		return true;
	}
	*r = (long)(e->queue_len[0] < len ? e->queue_len[0] : len);
	memcpy(data, e->queue[0], (size_t)*r);
	e->nqueue--;
	memmove(e->queue[0], e->queue[1], e->nqueue * sizeof(e->queue[0]));
	memmove(e->queue_len, e->queue_len + 1, e->nqueue * sizeof(e->queue_len[0]));
	offer(e);
	return true;
}

/* --- transfers ----------------------------------------------------------------------------- */

static bool
due(struct emu *e, enum emu_fault fault)
{
	if (e->fault != fault)
		return false;
	if (e->fault_skip > 0) {
		e->fault_skip--;
		return false;
	}
	e->fault = EMU_NONE;
	return true;
}

static void
disturb(struct emu *e)
{
	e->busy_looks = due(e, EMU_SLOW) ? 3 : 0;
	if (due(e, EMU_ARBITRATION))
		e->status = ARBITRATION;
	e->held = e->held || due(e, EMU_HELD);
	e->stuck = e->stuck || due(e, EMU_STUCK);
}

static void
i2c_write(struct emu *e, const uint8_t *report, size_t len)
{
	const size_t n = report[3];

	tell(e, 'W');
	e->writes++;
	if (len != 4 + n || n == 0 || n > 60 || report[0] != 0xD0 + (n - 1) / 4 ||
	    report[2] != 0x06)
		e->foreign = true;
	if (n > e->longest_write)
		e->longest_write = n;
	e->status_after = IDLE;
	if (due(e, EMU_ADDR_NACK))
		e->status = WRITE_NACK;
	else if (due(e, EMU_DATA_NACK))
		e->status = DATA_NACK;
	else if (due(e, EMU_HIDDEN_NACK)) {
		e->status = IDLE;
		e->status_after = WRITE_NACK;
	} else {
		e->transfers++;
		e->status = sim_write(bed_chip, report[1], report + 4, n) == 0 ? IDLE : WRITE_NACK;
	}
	disturb(e);
}

static void
stray(struct emu *e)
{
	queue(e, (const uint8_t[]){ 0xB1, 0x00, 0x00 }, 3);
	queue(e, (const uint8_t[]){ 0xF0, 0x01, 'x' }, 3);
	queue(e, (const uint8_t[]){ 0xD0, 0x05, 1, 2, 3, 4 }, 6); /* more than there is */
	queue(e, (const uint8_t[]){ 0xDE, 0x00, 0 }, 3);
	queue(e, (const uint8_t[]){ 0xD0 }, 1);
}

static void
i2c_read(struct emu *e, const uint8_t *report, size_t len)
{
	const size_t n = (size_t)report[3] | (size_t)report[4] << 8;
	uint8_t data[64];

	tell(e, 'R');
	e->reads++;
	if (len != 5 || n == 0 || n > 60 || report[2] != 0x06) {
		e->foreign = true;
		return;
	}
	memset(data, 0xFF, sizeof(data));
	e->status_after = IDLE;
	e->status = IDLE;
	if (due(e, EMU_READ_NACK_EMPTY)) {
		e->status = READ_NACK;
		return;
	}
	if (due(e, EMU_READ_NACK_BUSY)) {
		e->status = READ_NACK_BUSY;
		e->held = true;
	} else if (due(e, EMU_READ_NACK)) {
		e->status = READ_NACK;
	} else {
		e->transfers++;
		if (sim_read(bed_chip, report[1], data, n) != 0)
			e->status = READ_NACK;
	}
	disturb(e);
	if (due(e, EMU_LOST))
		return;
	if (due(e, EMU_LATE)) {
		e->late[0] = (uint8_t)(0xD0 + (n - 1) / 4);
		e->late[1] = (uint8_t)n;
		memset(e->late + 2, 0xEE, n);
		e->late_len = 2 + n;
		return;
	}
	if (due(e, EMU_STRAY))
		stray(e);
	if (n > 1 && due(e, EMU_SPLIT)) {
		queue_data(e, data, n / 2);
		queue_data(e, data + n / 2, n - n / 2);
		return;
	}
	queue_data(e, data, n);
}

static long
emu_write(void *arg, const uint8_t *data, size_t len)
{
	struct emu *e = arg;

	if (e->late_len > 0) {
		queue(e, e->late, e->late_len);
		e->late_len = 0;
	}
	if (len >= 5 && data[0] >= 0xD0 && data[0] <= 0xDE)
		i2c_write(e, data, len);
	else if (len >= 5 && data[0] == 0xC2)
		i2c_read(e, data, len);
	else
		e->foreign = true;
	return (long)len;
}

/* --- feature reports ----------------------------------------------------------------------- */

static void
get_status(struct emu *e, uint8_t *r)
{
	tell(e, 's');
	e->statuses++;
	r[1] = e->status;
	if (e->busy_looks > 0) {
		e->busy_looks--;
		r[1] = RUNNING;
	} else if (e->held || e->stuck) {
		r[1] = (uint8_t)((e->status & 0x0E) | BUS_BUSY);
	} else if (e->status_after != IDLE) {
		e->status = e->status_after;
		e->status_after = IDLE;
	}
	r[2] = (uint8_t)e->khz;
	r[3] = (uint8_t)(e->khz >> 8);
}

static long
get_feature(struct emu *e, uint8_t *r, size_t len)
{
	switch (r[0]) {
	case 0xA0:
		if (len < 13)
			break;
		memcpy(r, (const uint8_t[13]){ 0xA0, 0x02, 0x60, 0x00, 0x01 }, 13);
		return 13;
	case 0xA1:
		if (len < sizeof(e->settings))
			break;
		memcpy(r, e->settings, sizeof(e->settings));
		return sizeof(e->settings);
	case 0xB0:
		if (len < sizeof(e->gpio))
			break;
		memcpy(r, e->gpio, sizeof(e->gpio));
		return sizeof(e->gpio);
	case 0xC0:
		if (len < 5)
			break;
		get_status(e, r);
		return 5;
	default: break;
	}
	return -EPIPE;
}

static void
system_request(struct emu *e, const uint8_t *r, size_t len)
{
	if (len == 2 && r[1] == 0x20) {
		tell(e, 'x');
		e->resets++;
		e->held = false;
		e->status = e->status_after = IDLE;
		e->busy_looks = 0;
	} else if (len == 4 && r[1] == 0x22) {
		tell(e, 'k');
		e->khz = r[2] | (unsigned)r[3] << 8;
	} else if (len == 3 && r[1] == 0x02) {
		e->settings[5] = r[2];
	} else if (len == 3 && r[1] == 0x03) {
		tell(e, 'u');
		e->settings[6] = r[2];
	} else if (len == 3 && r[1] >= 0x05 && r[1] <= 0x09 && r[2] == 0) {
		tell(e, 'g');
	} else {
		e->foreign = true;
	}
}

static void
set_gpio(struct emu *e, const uint8_t *r)
{
	const bool was = (e->gpio[e->gpio_byte] & e->gpio_mask) != 0,
		   is = (r[e->gpio_byte] & e->gpio_mask) != 0;

	memcpy(e->gpio, r, sizeof(e->gpio));
	tell(e, is ? '1' : '0');
	if (!is)
		e->low_at = now_ns();
	else if (!was)
		e->low_ns = now_ns() - e->low_at;
}

static long
emu_ioctl(void *arg, UMockdevIoctlClient *client, unsigned long request)
{
	struct emu *e = arg;
	const size_t len = _IOC_SIZE(request);
	UMockdevIoctlData *data;
	long r = -EINVAL;
	int size = DESCRIPTOR_LEN;

	data = umockdev_ioctl_data_resolve(umockdev_ioctl_client_get_arg(client), 0, len, NULL);
	ck_assert_ptr_nonnull(data);
	if (request == HIDIOCGRDESCSIZE) {
		memcpy(data->data, &size, sizeof(size));
		r = 0;
	} else if (_IOC_TYPE(request) == 'H' && _IOC_NR(request) == 0x07 && len > 0) {
		r = get_feature(e, data->data, len);
	} else if (_IOC_TYPE(request) == 'H' && _IOC_NR(request) == 0x06 && len > 0) {
		r = (long)len;
		if (data->data[0] == 0xA1)
			system_request(e, data->data, len);
		else if (data->data[0] == 0xB0 && len == sizeof(e->gpio))
			set_gpio(e, data->data);
		else
			e->foreign = true;
	}
	umockdev_ioctl_data_unref(data);
	return r;
}

void
emu_init(struct emu *e)
{
	memset(e, 0, sizeof(*e));
	e->node.ioctl = emu_ioctl;
	e->node.write = emu_write;
	e->node.read = emu_read;
	e->node.arg = e;
	e->settings[0] = 0xA1;
	e->settings[1] = 3;
	e->settings[2] = 2;
	e->settings[4] = 1;
	e->settings[5] = 1;
	e->settings[6] = 1;
	e->settings[14] = 1;
	e->gpio[0] = 0xB0;
	e->gpio_byte = 3;
	e->gpio_mask = 0x20;
	e->khz = 100;
	e->status = e->status_after = IDLE;
}

/* --- boards -------------------------------------------------------------------------------- */

void
emu_add_usb(const char *port)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "P: " USB_PATH "/%s\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_device\n"
	    "A: idVendor=0403\\n\nA: idProduct=6030\\n\nA: bcdDevice=2200\\n\n"
	    "A: manufacturer=FTDI\\n\nA: product=FT260\\n\n",
	    port);
	bed_add(text);
}

void
emu_add_interface(const char *port, int interface, const char *driver)
{
	char text[512], path[256];

	snprintf(text, sizeof(text),
	    "P: " USB_PATH "/%s/%s:1.%d\nE: SUBSYSTEM=usb\nE: DEVTYPE=usb_interface\n"
	    "A: bInterfaceNumber=0%d\\n\n",
	    port, port, interface, interface);
	bed_add(text);
	snprintf(path, sizeof(path), "/sys" USB_PATH "/%s/%s:1.%d/driver", port, port, interface);
	if (driver != NULL)
		bed_link(path, driver);
}

void
emu_add_hid(const char *port, int interface, const char *serial, int number)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "P: " USB_PATH "/%s/%s:1.%d/0003:0403:6030.%04X\nE: SUBSYSTEM=hid\n"
	    "E: HID_ID=0003:00000403:00006030\nE: HID_NAME=FTDI FT260\nE: HID_UNIQ=%s\n"
	    "H: report_descriptor=0600FF0901A101C00600FF0902A101C0\n",
	    port, port, interface, number, serial);
	bed_add(text);
}

void
emu_add_hidraw(const char *port, int interface, int number, struct emu *e)
{
	char text[512], node[32];

	snprintf(node, sizeof(node), "/dev/hidraw%d", number);
	snprintf(text, sizeof(text),
	    "P: " USB_PATH "/%s/%s:1.%d/0003:0403:6030.%04X/hidraw/hidraw%d\nN: hidraw%d\n"
	    "E: DEVNAME=%s\nE: SUBSYSTEM=hidraw\nE: MAJOR=245\nE: MINOR=%d\n"
	    "L: device=../../../0003:0403:6030.%04X\n",
	    port, port, interface, number, number, number, node, number, number);
	if (e == NULL) {
		bed_add(text);
		return;
	}
	if (e->node.plugged == 0)
		bed_attach(node, &e->node);
	bed_plug(text, node, &e->node);
}

void
emu_plug(const char *port, const char *serial, int number, struct emu *e)
{
	emu_add_usb(port);
	emu_add_interface(port, 0, USBHID);
	emu_add_hid(port, 0, serial, number);
	emu_add_hidraw(port, 0, number, e);
	emu_add_interface(port, 1, USBHID);
	emu_add_hid(port, 1, serial, number + 1);
	emu_add_hidraw(port, 1, number + 1, NULL);
}

/* Only the I2C interface goes; of the other nobody has anything open. */
void
emu_unplug(const char *port, int number, struct emu *e)
{
	char path[256];
	int n = snprintf(path, sizeof(path), "/sys" USB_PATH "/%s/%s:1.0", port, port);
	char *rest = path + n;
	const size_t left = sizeof(path) - (size_t)n;

	snprintf(rest, left, "/0003:0403:6030.%04X/hidraw/hidraw%d", number, number);
	bed_remove(path);
	snprintf(rest, left, "/0003:0403:6030.%04X", number);
	bed_remove(path);
	*rest = '\0';
	bed_remove(path);
	snprintf(path, sizeof(path), "/dev/hidraw%d", number);
	bed_unplug(path, &e->node);
}

void
emu_replug(const char *port, int number, struct emu *e)
{
	emu_add_interface(port, 0, USBHID);
	emu_add_hid(port, 0, "", number);
	emu_add_hidraw(port, 0, number, e);
}
