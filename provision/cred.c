/*
 * Credentials: keys of the environment, keys of the profile, credential_process. What needs STS,
 * OIDC or a token cache is left to the AWS command line, which a credential_process can call; a
 * profile that asks for it gets the line to add.
 */
#include <config.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "provision/cred.h"
#include "provision/credconf.h"
#include "provision/msg.h"

#define PROCESS_LIMIT 60 /* seconds */

static void
wipe(char **sp)
{
	if (*sp != NULL)
		OPENSSL_cleanse(*sp, strlen(*sp));
	free(*sp);
	*sp = NULL;
}

void
cred_clear(struct cred *cr)
{
	wipe(&cr->access_key);
	wipe(&cr->secret_key);
	wipe(&cr->token);
	memset(cr, 0, sizeof(*cr));
}

/* They go into headers: anything but printable characters would break the request. */
static bool
printable(const char *s, const char *what, const char *where)
{
	for (; s != NULL && *s != '\0'; s++) {
		if (isgraph((unsigned char)*s) && (unsigned char)*s < 0x80)
			continue;
		prov_error("the %s in %s has a blank or a control character in it", what, where);
		return false;
	}
	return true;
}

static bool
take(struct cred *out, const char *access, const char *secret, const char *token, const char *where)
{
	memset(out, 0, sizeof(*out));
	if (access == NULL || secret == NULL) {
		prov_error("half a pair of AWS keys in %s: the %s is missing", where,
		    access == NULL ? "access key ID" : "secret access key");
		return false;
	}
	if (!printable(access, "access key ID", where) ||
	    !printable(secret, "secret access key", where) ||
	    !printable(token, "session token", where))
		return false;
	out->access_key = strdup(access);
	out->secret_key = strdup(secret);
	out->token = token != NULL ? strdup(token) : NULL;
	(void)snprintf(out->source, sizeof(out->source), "%s", where);
	if (out->access_key != NULL && out->secret_key != NULL &&
	    (token == NULL || out->token != NULL))
		return true;
	prov_error("cannot keep the AWS keys: out of memory");
	cred_clear(out);
	return false;
}

/* Sources of a profile that this program leaves to the AWS command line, strongest first. */
static const struct {
	const char *key;
	const char *what;
} foreign[] = {
	{ "role_arn", "assumes a role" },
	{ "web_identity_token_file", "uses a web identity" },
	{ "sso_session", "signs in through SSO" },
	{ "sso_start_url", "signs in through SSO" },
	{ "login_session", "uses a console login" },
};
#define NFOREIGN (sizeof(foreign) / sizeof(foreign[0]))

static void
refuse_foreign(const struct cred_conf *c, const char *what)
{
	prov_error("profile \"%s\" %s, which is left to the AWS command line", c->profile, what);
	prov_hint("add to \"%s\" a profile of another name with a region and the line\n"
		  "  credential_process = aws configure export-credentials --profile %s --format "
		  "process\n"
		  "  and name it with --profile",
	    c->config_path != NULL ? c->config_path : "~/.aws/config", c->profile);
}

static bool
is_foreign(const struct cred_conf *c, size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++) {
		if (cred_conf_get(c, foreign[i].key) == NULL)
			continue;
		refuse_foreign(c, foreign[i].what);
		return true;
	}
	return false;
}

/* 1: loaded, 0: no keys in this file, -1: said why. */
static int
from_file(const struct cred_conf *c, enum cred_file file, struct cred *out)
{
	const char *access = cred_conf_file(c, file, "aws_access_key_id");
	const char *secret = cred_conf_file(c, file, "aws_secret_access_key");
	const char *path = file == CRED_FILE_CONFIG ? c->config_path : c->credentials_path;
	char where[256];

	if (access == NULL && secret == NULL)
		return 0;
	(void)snprintf(where, sizeof(where), "profile \"%s\" of \"%s\"", c->profile, path);
	return take(out, access, secret, cred_conf_file(c, file, "aws_session_token"), where) ? 1
											      : -1;
}

static bool
from_profile(const struct cred_conf *c, struct cred *out)
{
	const char *process = cred_conf_get(c, "credential_process");
	int r;

	/* The console login comes after the keys of the credentials file, the others before. */
	if (is_foreign(c, 0, NFOREIGN - 1))
		return false;
	r = from_file(c, CRED_FILE_CREDENTIALS, out);
	if (r != 0)
		return r > 0;
	if (is_foreign(c, NFOREIGN - 1, 1))
		return false;
	if (process != NULL) {
		if (!cred_process(process, PROCESS_LIMIT, out))
			return false;
		(void)snprintf(out->source, sizeof(out->source),
		    "the credential_process of profile \"%s\"", c->profile);
		return true;
	}
	r = from_file(c, CRED_FILE_CONFIG, out);
	if (r != 0)
		return r > 0;
	prov_error("no AWS credentials: profile \"%s\" has none and AWS_ACCESS_KEY_ID is not set",
	    c->profile);
	prov_hint("run \"aws configure\", or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
	return false;
}

/* Sources that only the environment names; a profile named on the command line goes before them. */
static bool
refuse_environment(const struct cred_conf *c)
{
	static const char *const names[] = {
		"AWS_WEB_IDENTITY_TOKEN_FILE",
		"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT",
		"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
	};

	if (c->profile_given || cred_env("AWS_PROFILE") != NULL ||
	    cred_conf_get(c, "aws_access_key_id") != NULL ||
	    cred_conf_get(c, "credential_process") != NULL)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (cred_env(names[i]) == NULL)
			continue;
		prov_error(
		    "%s is set, but such credentials are left to the AWS command line", names[i]);
		prov_hint("give the keys to this program: "
			  "eval \"$(aws configure export-credentials --format env)\"");
		return true;
	}
	return false;
}

bool
cred_load(const struct cred_conf *c, struct cred *out)
{
	const char *access = cred_env("AWS_ACCESS_KEY_ID");
	const char *secret = cred_env("AWS_SECRET_ACCESS_KEY");

	memset(out, 0, sizeof(*out));
	if (!c->profile_given && (access != NULL || secret != NULL))
		return take(out, access, secret, cred_env("AWS_SESSION_TOKEN"), "the environment");
	if (refuse_environment(c))
		return false;
	return from_profile(c, out);
}
