/*
 * ft260: which board a selector means (transports 6). Boards come without a serial number; the
 * USB port they are plugged into tells them apart. An FT260 has two interfaces, I2C is on
 * interface 0.
 */
#include <config.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/bus/ft260.h"

#define NODES_MAX 32

struct node {
	char path[64];
	char port[64]; /* empty if sysfs does not tell */
	char serial[64];
	bool i2c;
};

struct nodes {
	struct node at[NODES_MAX];
	size_t n;
};

/* The real path of the node's device goes through "PORT:1.INTERFACE". */
static void
find_port(struct node *n)
{
	char link[PATH_MAX], real[PATH_MAX], *part, *rest = real;

	(void)snprintf(
	    link, sizeof(link), "/sys/class/hidraw/%s/device", strrchr(n->path, '/') + 1);
	if (realpath(link, real) == NULL)
		return;
	while ((part = strsep(&rest, "/")) != NULL) {
		const size_t len = strspn(part, "0123456789-.");

		if (len > 0 && len < sizeof(n->port) && part[len] == ':' &&
		    memchr(part, '-', len) != NULL) {
			memcpy(n->port, part, len);
			n->port[len] = '\0';
			return;
		}
	}
}

/* Printable ASCII; a serial number with anything else cannot be typed into a selector. */
static void
copy_serial(struct node *n, const wchar_t *s)
{
	size_t i = 0;

	for (; s != NULL && s[i] != L'\0' && i < sizeof(n->serial) - 1; i++)
		n->serial[i] = s[i] > L' ' && s[i] <= L'~' ? (char)s[i] : '?';
	n->serial[i] = '\0';
}

static bool
known(const struct nodes *all, const char *path)
{
	for (size_t i = 0; i < all->n; i++)
		if (strcmp(all->at[i].path, path) == 0)
			return true;
	return false;
}

static void
enumerate(struct nodes *all)
{
	struct hid_device_info *list = hid_enumerate(FT260_VENDOR, FT260_PRODUCT);

	all->n = 0;
	for (const struct hid_device_info *d = list; d != NULL && all->n < NODES_MAX; d = d->next) {
		struct node *n = &all->at[all->n];

		/* One entry per collection of reports: a node comes several times. */
		if (d->path == NULL || d->path[0] != '/' || strlen(d->path) >= sizeof(n->path) ||
		    known(all, d->path))
			continue;
		memset(n, 0, sizeof(*n));
		strcpy(n->path, d->path);
		copy_serial(n, d->serial_number);
		n->i2c = d->interface_number <= 0;
		find_port(n);
		all->n++;
	}
	hid_free_enumeration(list);
}

static const struct node *
i2c_of_board(const struct nodes *all, const struct node *uart)
{
	for (size_t i = 0; i < all->n; i++)
		if (all->at[i].i2c && strcmp(all->at[i].port, uart->port) == 0)
			return &all->at[i];
	return NULL;
}

static bool
matches(const struct node *n, const char *target)
{
	if (target[0] == '\0')
		return true;
	if (strncmp(target, "usb/", 4) == 0)
		return strcmp(target + 4, n->port) == 0;
	return strcmp(target, target[0] == '/' ? n->path : n->serial) == 0;
}

/* Room for a dozen boards; a longer list ends early. */
#define LIST_LEN 512

static void
append(char list[LIST_LEN], const char *sep, const char *a, const char *b, const char *c)
{
	const size_t at = strlen(list);

	(void)snprintf(list + at, LIST_LEN - at, "%s%s%s%s", at > 0 ? sep : "", a, b, c);
}

static int
none(const struct nodes *all, const char *target)
{
	char found[LIST_LEN] = "";

	if (ft260_explain(strncmp(target, "usb/", 4) == 0 ? target + 4 : ""))
		return HAL_ENODEV;
	for (size_t i = 0; i < all->n; i++) {
		const struct node *n = &all->at[i];
		char name[80];

		if (!n->i2c)
			continue;
		(void)snprintf(name, sizeof(name), n->port[0] != '\0' ? "usb/%s" : "%s",
		    n->port[0] != '\0' ? n->port : n->path);
		if (n->serial[0] == '\0')
			append(found, ", ", name, " (no serial)", "");
		else {
			append(found, ", ", name, " (serial ", n->serial);
			append(found, "", ")", "", "");
		}
	}
	log_error("ft260: no board \"%s\"; found: %s", target, found[0] != '\0' ? found : "none");
	return HAL_ENODEV;
}

static int
several(const struct nodes *all, const char *target, size_t count)
{
	char choices[LIST_LEN] = "";

	for (size_t i = 0; i < all->n; i++) {
		const struct node *n = &all->at[i];

		if (!n->i2c || !matches(n, target))
			continue;
		if (n->port[0] != '\0')
			append(choices, " ", "ft260:usb/", n->port, "");
		else
			append(choices, " ", "ft260:", n->path, "");
	}
	log_error("ft260: %zu boards connected, choose one: %s", count, choices);
	return HAL_EINVAL;
}

static int
uart(const struct nodes *all, const struct node *n)
{
	const struct node *i2c = i2c_of_board(all, n);

	log_error("ft260: %s is the UART interface%s%s", n->path, i2c != NULL ? ", use " : "",
	    i2c != NULL ? i2c->path : "");
	return HAL_EINVAL;
}

int
ft260_find(const char *target, struct ft260 *f)
{
	const struct node *hit = NULL;
	struct nodes all;
	size_t count = 0;

	if (strchr(target, '/') != NULL && strncmp(target, "usb/", 4) != 0 && target[0] != '/') {
		log_error("ft260: \"%s\" is neither a serial number nor usb/PORT nor /dev/hidrawN",
		    target);
		return HAL_EINVAL;
	}
	enumerate(&all);
	for (size_t i = 0; i < all.n; i++) {
		if (!matches(&all.at[i], target))
			continue;
		if (!all.at[i].i2c && target[0] == '/')
			return uart(&all, &all.at[i]);
		if (!all.at[i].i2c)
			continue;
		hit = &all.at[i];
		count++;
	}
	if (count == 0)
		return none(&all, target);
	if (count > 1)
		return several(&all, target, count);
	strcpy(f->node, hit->path);
	strcpy(f->port, hit->port[0] != '\0' ? hit->port : hit->path);
	return 0;
}
