/* Inside of struct cred_conf, for the cred*.c files alone. */
#ifndef PROVISION_CREDCONF_H
#define PROVISION_CREDCONF_H

#include "provision/cred.h"
#include "provision/ini.h"

struct cred_conf {
	struct ini *config; /* NULL: no such file */
	struct ini *credentials;
	char *config_path;
	char *credentials_path;
	char *profile;
	bool profile_given; /* on the command line */
};

enum cred_file {
	CRED_FILE_CREDENTIALS,
	CRED_FILE_CONFIG,
};

/* A key of the profile in one of the files. Empty counts as not there: NULL. */
const char *cred_conf_file(const struct cred_conf *c, enum cred_file file, const char *key);

#endif
