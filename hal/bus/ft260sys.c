/*
 * ft260: why a board that is plugged in has no hidraw node for us, from /sys. Either none is
 * plugged in, or the kernel's own driver for the FT260 has it, or no driver at all: libusb
 * programs take the interface from the kernel and may not give it back.
 */
#include <config.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ft260.h"

#define USB_DEVICES "/sys/bus/usb/devices"

/* A small file of one hexadecimal number; -1 if there is none. */
static long
read_hex(const char *dir, const char *name)
{
	char path[PATH_MAX], text[16] = "";
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", dir, name);
	if ((f = fopen(path, "re")) == NULL)
		return -1;
	if (fgets(text, sizeof(text), f) == NULL)
		text[0] = '\0';
	(void)fclose(f);
	return text[0] != '\0' ? strtol(text, NULL, 16) : -1;
}

/* The first entry of a directory that starts with prefix. */
static bool
first_entry(const char *dir, const char *prefix, char name[NAME_MAX + 1])
{
	const struct dirent *e;
	DIR *d = opendir(dir);
	bool found = false;

	if (d == NULL)
		return false;
	while (!found && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && strncmp(e->d_name, prefix, strlen(prefix)) == 0) {
			strcpy(name, e->d_name);
			found = true;
		}
	(void)closedir(d);
	return found;
}

static bool
bound_to(const char *dir, const char *driver)
{
	char link[2 * PATH_MAX], real[PATH_MAX];
	const char *base;

	(void)snprintf(link, sizeof(link), "%s/driver", dir);
	if (realpath(link, real) == NULL)
		return false;
	base = strrchr(real, '/') + 1;
	return driver == NULL || strcmp(base, driver) == 0;
}

/* The HID device of interface 0 is in the hands of the kernel's driver. */
static bool
kernel_has_it(const char *port, const char *hid)
{
	char adapter[NAME_MAX + 1];

	if (!bound_to(hid, "ft260"))
		return false;
	if (first_entry(hid, "i2c-", adapter))
		log_error("ft260: the kernel driver hid_ft260 has the board at %s; it offers it as "
			  "/dev/%s. Use i2c:/dev/%s, or unload the driver: modprobe -r hid_ft260",
		    port, adapter, adapter);
	else
		log_error(
		    "ft260: the kernel driver hid_ft260 has the board at %s; unload the driver: "
		    "modprobe -r hid_ft260",
		    port);
	return true;
}

/* Of a board's interface 0, and its HID device; false if there is none. */
static bool
hid_of_board(const char *port, char interface[PATH_MAX], char hid[PATH_MAX + NAME_MAX + 2])
{
	char name[NAME_MAX + 1];

	(void)snprintf(interface, PATH_MAX, USB_DEVICES "/%s:1.0", port);
	if (!first_entry(interface, "0003:0403:6030.", name))
		return false;
	(void)snprintf(hid, PATH_MAX + NAME_MAX + 2, "%s/%s", interface, name);
	return true;
}

bool
ft260_taken(const char *port)
{
	char interface[PATH_MAX], hid[PATH_MAX + NAME_MAX + 2];

	return hid_of_board(port, interface, hid) && kernel_has_it(port, hid);
}

static bool
explain_board(const char *port)
{
	char interface[PATH_MAX], hid[PATH_MAX + NAME_MAX + 2], hidraw[2 * PATH_MAX];
	char any[NAME_MAX + 1];
	const bool there = hid_of_board(port, interface, hid);

	if (!bound_to(interface, NULL)) {
		log_error("ft260: no driver on %s:1.0, another program took it and did not give it "
			  "back; unplug and replug the board",
		    port);
		return true;
	}
	if (!there)
		return false;
	(void)snprintf(hidraw, sizeof(hidraw), "%s/hidraw", hid);
	return !first_entry(hidraw, "hidraw", any) && kernel_has_it(port, hid);
}

bool
ft260_explain(const char *port)
{
	bool any = false, explained = false;
	const struct dirent *e;
	char dir[PATH_MAX];
	DIR *d = opendir(USB_DEVICES);

	while (d != NULL && !explained && (e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.' || strchr(e->d_name, ':') != NULL)
			continue;
		(void)snprintf(dir, sizeof(dir), USB_DEVICES "/%s", e->d_name);
		if (read_hex(dir, "idVendor") != FT260_VENDOR ||
		    read_hex(dir, "idProduct") != FT260_PRODUCT)
			continue;
		any = true;
		if (port[0] == '\0' || strcmp(port, e->d_name) == 0)
			explained = explain_board(e->d_name);
	}
	if (d != NULL)
		(void)closedir(d);
	if (any)
		return explained;
	log_error("ft260: no FT260 (USB 0403:6030) is connected");
	return true;
}
