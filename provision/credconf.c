/* The files of the AWS command line and the chosen profile. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "provision/cred.h"
#include "provision/credconf.h"
#include "provision/msg.h"

const char *
cred_env(const char *name)
{
	const char *v = getenv(name);

	return v != NULL && *v != '\0' ? v : NULL;
}

/* The variable's file, with "~/" for the home directory, or else name below it. NULL: no home. */
static char *
file_path(const char *env, const char *name)
{
	const char *path = cred_env(env), *home = cred_env("HOME");
	char *full = NULL;

	if (path != NULL && strncmp(path, "~/", 2) != 0)
		return strdup(path);
	if (home == NULL)
		return NULL;
	if (asprintf(&full, "%s/%s", home, path != NULL ? path + 2 : name) < 0)
		return NULL;
	return full;
}

static bool
load(const char *path, struct ini **ip)
{
	char why[128];

	if (path == NULL || ini_load(path, ip, why, sizeof(why)) >= 0)
		return true;
	prov_error("cannot read \"%s\": %s", path, why);
	return false;
}

/* Said, not refused: the machine may be the user's own. */
static void
warn_readable(const struct cred_conf *c)
{
	struct stat st;

	if (c->credentials != NULL && stat(c->credentials_path, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & S_IROTH) != 0)
		prov_warn("everybody on this machine can read \"%s\"", c->credentials_path);
}

static const char *
choose_profile(const char *option)
{
	const char *name = option;

	if (name == NULL)
		name = cred_env("AWS_PROFILE");
	if (name == NULL)
		name = cred_env("AWS_DEFAULT_PROFILE");
	return name != NULL ? name : "default";
}

/* In the config file only the default profile goes without the word "profile". */
static bool
in_config(const struct cred_conf *c)
{
	return ini_has(c->config, "profile", c->profile) ||
	       (strcmp(c->profile, "default") == 0 && ini_has(c->config, NULL, "default"));
}

static bool
profile_exists(const struct cred_conf *c)
{
	if (in_config(c) || ini_has(c->credentials, NULL, c->profile))
		return true;
	if (strcmp(c->profile, "default") == 0 && !c->profile_given)
		return true;
	prov_error("no profile \"%s\" in \"%s\" or \"%s\"", c->profile,
	    c->config_path != NULL ? c->config_path : "~/.aws/config",
	    c->credentials_path != NULL ? c->credentials_path : "~/.aws/credentials");
	return false;
}

bool
cred_conf_open(const char *profile, struct cred_conf **cp)
{
	struct cred_conf *c = calloc(1, sizeof(*c));

	*cp = NULL;
	if (c == NULL || (c->profile = strdup(choose_profile(profile))) == NULL) {
		prov_error("cannot read the AWS configuration: out of memory");
		goto fail;
	}
	c->profile_given = profile != NULL;
	c->config_path = file_path("AWS_CONFIG_FILE", ".aws/config");
	c->credentials_path = file_path("AWS_SHARED_CREDENTIALS_FILE", ".aws/credentials");
	if (!load(c->config_path, &c->config) || !load(c->credentials_path, &c->credentials) ||
	    !profile_exists(c))
		goto fail;
	warn_readable(c);
	*cp = c;
	return true;
fail:
	cred_conf_close(&c);
	return false;
}

void
cred_conf_close(struct cred_conf **cp)
{
	struct cred_conf *c = *cp;

	if (c == NULL)
		return;
	ini_free(&c->config);
	ini_free(&c->credentials);
	free(c->config_path);
	free(c->credentials_path);
	free(c->profile);
	free(c);
	*cp = NULL;
}

const char *
cred_conf_file(const struct cred_conf *c, enum cred_file file, const char *key)
{
	const char *v = NULL;

	if (file == CRED_FILE_CREDENTIALS)
		v = ini_get(c->credentials, NULL, c->profile, NULL, key);
	else if ((v = ini_get(c->config, "profile", c->profile, NULL, key)) == NULL &&
		 strcmp(c->profile, "default") == 0)
		v = ini_get(c->config, NULL, "default", NULL, key);
	return v != NULL && *v != '\0' ? v : NULL;
}

const char *
cred_conf_get(const struct cred_conf *c, const char *key)
{
	const char *v = cred_conf_file(c, CRED_FILE_CREDENTIALS, key);

	return v != NULL ? v : cred_conf_file(c, CRED_FILE_CONFIG, key);
}

const char *
cred_conf_service(const struct cred_conf *c, const char *service, const char *key)
{
	const char *services = cred_conf_file(c, CRED_FILE_CONFIG, "services"), *v;

	if (services == NULL)
		return NULL;
	v = ini_get(c->config, "services", services, service, key);
	return v != NULL && *v != '\0' ? v : NULL;
}

const char *
cred_setting(const struct cred_conf *c, const char *env, const char *key)
{
	const char *v = cred_env(env);

	return v != NULL ? v : cred_conf_get(c, key);
}

bool
cred_switch(const struct cred_conf *c, const char *env, const char *key)
{
	const char *v = cred_setting(c, env, key);

	return v != NULL && strcasecmp(v, "true") == 0;
}
