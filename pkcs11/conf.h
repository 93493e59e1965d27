/*
 * Which chips the module shows: optiga-pkcs11.conf(5) and the environment.
 */
#ifndef PKCS11_CONF_H
#define PKCS11_CONF_H

#include <stddef.h>

struct conf_device {
	char *selector; /* hal/bus/bus.h */
	char *label;    /* token label, NULL: the default */
};

struct layout;

struct conf {
	struct conf_device *devices;
	size_t ndevices;
	const struct layout *layout; /* of all devices; mod_conf_load sets it in any case */
};
#define CONF_INIT                                                                                  \
	{                                                                                          \
		NULL, 0, NULL                                                                      \
	}

/*
 * Reads the system's file, then the user's; OPTIGA_PKCS11_CONF names a file to read instead of
 * both, OPTIGA_DEVICE replaces the devices of all files. Neither counts in a set-uid program,
 * nor does the user's file. What is wrong in a file is logged with its line and left out: a
 * module that does not initialise would take p11-kit's other modules with it. 0 or HAL_ENOMEM.
 */
int mod_conf_load(struct conf *c);

/* One file. A missing one is an error only if required. 0 or HAL_ENOMEM. */
int mod_conf_file(struct conf *c, const char *path, int required);

/* A list of selectors with commas between. */
int mod_conf_list(struct conf *c, const char *list);

void mod_conf_free(struct conf *c);

#endif
