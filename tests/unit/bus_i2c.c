/* A made-up adapter, see bus_i2c.h. */
#include <config.h>

#include <errno.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/bus_bed.h"
#include "tests/unit/bus_i2c.h"

struct adapter ad;

static long
ad_ioctl(void *arg, UMockdevIoctlClient *client, unsigned long request)
{
	UMockdevIoctlData *data = umockdev_ioctl_client_get_arg(client), *value;
	long r = -ENOTTY;

	(void)arg;
	switch (request) {
	case I2C_FUNCS:
		if (ad.funcs == 0)
			break;
		value = umockdev_ioctl_data_resolve(data, 0, sizeof(ad.funcs), NULL);
		memcpy(value->data, &ad.funcs, sizeof(ad.funcs));
		umockdev_ioctl_data_unref(value);
		r = 0;
		break;
	case I2C_SLAVE: /* the argument itself is the address */
		memcpy(&ad.addr, data->data, sizeof(ad.addr));
		r = -ad.slave_errno;
		break;
	case I2C_RDWR: ad.rdwr++; break;
	default: break;
	}
	return r;
}

static long
transfer(uint8_t *in, const uint8_t *out, size_t len)
{
	int r;

	if (ad.nfail > 0) {
		ad.nfail--;
		return -ad.fail_errno;
	}
	if (ad.cut) {
		ad.cut = false;
		return (long)len - 1;
	}
	ad.transfers++;
	r = in != NULL ? sim_read(bed_chip, (uint8_t)ad.addr, in, len)
		       : sim_write(bed_chip, (uint8_t)ad.addr, out, len);
	return r == 0 ? (long)len : -ad.nack_errno;
}

static long
ad_write(void *arg, const uint8_t *data, size_t len)
{
	(void)arg;
	if (len > ad.longest_write)
		ad.longest_write = len;
	return transfer(NULL, data, len);
}

static bool
ad_read(void *arg, UMockdevIoctlClient *client, uint8_t *data, size_t len, long *r)
{
	(void)arg;
	(void)client;
	*r = transfer(data, NULL, len);
	return true;
}

static struct bed_node ad_node = { .ioctl = ad_ioctl, .write = ad_write, .read = ad_read };

void
adapter_plug(const char *name)
{
	char text[512];

	snprintf(text, sizeof(text),
	    "P: /devices/soc/i2c-1\nE: SUBSYSTEM=i2c\nA: name=%s\\n\n\n"
	    "P: /devices/soc/i2c-1/i2c-dev/i2c-1\nN: i2c-1\nE: DEVNAME=/dev/i2c-1\n"
	    "E: SUBSYSTEM=i2c-dev\nE: MAJOR=89\nE: MINOR=1\nA: name=%s\\n\n",
	    name, name);
	bed_plug(text, "/dev/i2c-1", &ad_node);
}

void
adapter_unplug(void)
{
	bed_unplug("/dev/i2c-1", &ad_node);
	bed_remove("/sys/devices/soc/i2c-1/i2c-dev/i2c-1");
	bed_remove("/sys/devices/soc/i2c-1");
}

void
adapter_setup(void)
{
	ad = (struct adapter){ .funcs = I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL,
		.nack_errno = EREMOTEIO };
	ad_node.plugged = 0;
	bed_attach("/dev/i2c-1", &ad_node);
}
