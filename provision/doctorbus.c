/*
 * The device behind a selector (optiga-pkcs11.conf(5)): whether it is there, and whether this user
 * may use it.
 */
#include <config.h>

#include <errno.h>
#include <glob.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provision/doctor.h"

#define FT260_ID "HID_ID=0003:00000403:00006030"

static const char *
user_name(void)
{
	const struct passwd *pw = getpwuid(geteuid());

	return pw != NULL ? pw->pw_name : "USER";
}

/* A node whose group may use it: join that. Otherwise root's hand is needed. */
static void
say_denied(struct doctor *d, const char *node, const struct stat *st)
{
	const struct group *gr = getgrgid(st->st_gid);
	char remedy[512];

	if ((st->st_mode & 060) == 060 && st->st_gid != 0 && gr != NULL)
		(void)snprintf(remedy, sizeof(remedy),
		    "usermod -aG %s %s (as root), then log in again", gr->gr_name, user_name());
	else
		(void)snprintf(remedy, sizeof(remedy),
		    "give a group of yours the device: a udev rule with GROUP and MODE=\"0660\"");
	doctor_add(d, DOCTOR_FAILED, "bus", remedy, "%s: this user may not use it (%s, mode %04o)",
	    node, gr != NULL ? gr->gr_name : "group without a name",
	    (unsigned int)(st->st_mode & 07777));
}

static void
check_node(struct doctor *d, const char *node, const char *missing)
{
	struct stat st;

	if (stat(node, &st) != 0)
		doctor_add(d, DOCTOR_FAILED, "bus", missing, "%s: %s", node, strerror(errno));
	else if (!S_ISCHR(st.st_mode))
		doctor_add(d, DOCTOR_FAILED, "bus",
		    "name a device with device =", "%s is no device", node);
	else if (access(node, R_OK | W_OK) != 0)
		say_denied(d, node, &st);
	else
		doctor_add(d, DOCTOR_OK, "bus", NULL, "%s may be read and written", node);
}

static bool
is_ft260(const char *uevent)
{
	char line[256];
	bool yes = false;
	FILE *f = fopen(uevent, "re");

	while (f != NULL && !yes && fgets(line, sizeof(line), f) != NULL)
		yes = strncmp(line, FT260_ID, strlen(FT260_ID)) == 0;
	if (f != NULL)
		(void)fclose(f);
	return yes;
}

/* Every board: which of them a selector means is the module's to know. A board shows twice, and the
 * second node is as good as the first. */
static void
check_ft260(struct doctor *d)
{
	unsigned int boards = 0;
	glob_t g = { 0 };

	if (glob("/sys/class/hidraw/hidraw*/device/uevent", 0, NULL, &g) == 0)
		for (size_t i = 0; i < g.gl_pathc; i++) {
			const char *name = g.gl_pathv[i] + strlen("/sys/class/hidraw/");
			char node[64];

			if (!is_ft260(g.gl_pathv[i]))
				continue;
			boards++;
			(void)snprintf(
			    node, sizeof(node), "/dev/%.*s", (int)strcspn(name, "/"), name);
			check_node(d, node, "is udev running?");
		}
	globfree(&g);
	if (boards == 0)
		doctor_add(d, DOCTOR_FAILED, "bus",
		    "plug the board in; \"lsusb -d 0403:6030\" must show it",
		    "no FT260 bridge is there");
}

void
doctor_bus(struct doctor *d, const char *selector)
{
	size_t len = strcspn(selector, "?");
	char node[256];

	if (strncmp(selector, "ft260:", 6) == 0) {
		check_ft260(d);
	} else if (strncmp(selector, "i2c:", 4) == 0) {
		const char *target = selector + 4;
		bool number = len > 4 && strspn(target, "0123456789") == len - 4;

		(void)snprintf(node, sizeof(node), "%s%.*s", number ? "/dev/i2c-" : "",
		    (int)(len - 4), target);
		check_node(d, node,
		    "load the driver: modprobe i2c-dev, and on a Raspberry Pi dtparam=i2c_arm=on");
	}
}
