/* Boards with a made-up FT260, see bus_ft260.h. */
#include <config.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <linux/hidraw.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/unit/bus_ft260.h"

#define NITEMS(a)      (sizeof(a) / sizeof((a)[0]))
#define DESCRIPTOR_LEN 279

/* The nodes where boards answer. */
static struct board {
	struct emu *emu;
	struct bed_node node;
	bool token;
} boards[8];

static struct board *
board_of(const struct emu *e)
{
	for (size_t i = 0; i < NITEMS(boards); i++)
		if (boards[i].emu == e)
			return &boards[i];
	ck_abort_msg("no such board");
}

/* The node is readable exactly while a report waits: one byte lies in it then. */
static void
offer(struct emu *e)
{
	struct board *b = board_of(e);

	if (e->nqueue == 0 || b->token)
		return;
	ck_assert_int_eq(write(b->node.master, "t", 1), 1);
	b->token = true;
}

static bool
on_read(void *arg, UMockdevIoctlClient *client, uint8_t *data, size_t len, long *r)
{
	struct emu *e = arg;
	struct board *b = board_of(e);
	gint err;

	/* Takes the byte out of the node. */
	if (b->token)
		(void)umockdev_ioctl_client_execute(client, &err, NULL);
	b->token = false;
	if ((*r = (long)emu_take(e, data, len)) == 0)
		*r = -EAGAIN;
	offer(e);
	return true;
}

static long
on_write(void *arg, const uint8_t *data, size_t len)
{
	emu_out(arg, data, len);
	return (long)len;
}

static long
on_ioctl(void *arg, UMockdevIoctlClient *client, unsigned long request)
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
		r = emu_get(e, data->data, len);
	} else if (_IOC_TYPE(request) == 'H' && _IOC_NR(request) == 0x06 && len > 0) {
		r = (long)len;
		emu_set(e, data->data, len);
	}
	umockdev_ioctl_data_unref(data);
	return r;
}

void
emu_init(struct emu *e)
{
	struct board *b = NULL;

	for (size_t i = 0; i < NITEMS(boards) && (b == NULL || b->emu != e); i++)
		if (boards[i].emu == e || (boards[i].emu == NULL && b == NULL))
			b = &boards[i];
	ck_assert_ptr_nonnull(b);
	memset(b, 0, sizeof(*b));
	b->emu = e;
	b->node.ioctl = on_ioctl;
	b->node.write = on_write;
	b->node.read = on_read;
	b->node.arg = e;
	emu_reset(e);
	e->chip = &bed_chip;
	e->offer = offer;
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
	struct bed_node *n;

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
	n = &board_of(e)->node;
	if (n->plugged == 0)
		bed_attach(node, n);
	bed_plug(text, node, n);
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
	bed_unplug(path, &board_of(e)->node);
}

void
emu_replug(const char *port, int number, struct emu *e)
{
	emu_add_interface(port, 0, USBHID);
	emu_add_hid(port, 0, "", number);
	emu_add_hidraw(port, 0, number, e);
}
