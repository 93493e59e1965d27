/* Opening and closing, and the checks of names; see aws.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "provision/awscall.h"
#include "provision/msg.h"

#define LETTERS          "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
#define NAME_MAX_LEN     128
#define TEMPLATE_MAX_LEN 36
#define VALUE_MAX_LEN    800

static bool
resolve(struct aws *a, const struct aws_options *opts)
{
	const char *region, *bundle;

	if (!cred_conf_open(opts->profile, &a->conf))
		return false;
	region = cred_region(a->conf, opts->region);
	if (region == NULL || !cred_ca_bundle(a->conf, opts->ca_bundle, &bundle) ||
	    !cred_max_attempts(a->conf, &a->max_attempts))
		return false;
	a->endpoint = cred_endpoint(a->conf, CRED_IOT, opts->endpoint_url, region);
	if (a->endpoint == NULL || !cred_load(a->conf, &a->cred))
		return false;
	a->region = strdup(region);
	if (opts->endpoint_url != NULL)
		a->endpoint_option = strdup(opts->endpoint_url);
	a->http = http_open(bundle);
	if (a->region != NULL && a->http != NULL &&
	    (opts->endpoint_url == NULL || a->endpoint_option != NULL))
		return true;
	prov_error("cannot prepare for AWS: out of memory");
	return false;
}

enum aws_result
aws_open(const struct aws_options *opts, struct aws **awsp)
{
	static const struct aws_options none;
	struct aws *a = calloc(1, sizeof(*a));

	*awsp = NULL;
	if (a == NULL) {
		prov_error("cannot prepare for AWS: out of memory");
		return AWS_FAILED;
	}
	if (!resolve(a, opts != NULL ? opts : &none)) {
		aws_close(&a);
		return AWS_FAILED;
	}
	*awsp = a;
	return AWS_OK;
}

void
aws_close(struct aws **awsp)
{
	struct aws *a = *awsp;

	if (a == NULL)
		return;
	http_close(&a->http);
	cred_clear(&a->cred);
	cred_conf_close(&a->conf);
	free(a->region);
	free(a->endpoint);
	free(a->endpoint_option);
	free(a);
	*awsp = NULL;
}

bool
aws_refused(const struct aws *a)
{
	return a->refused;
}

const char *
aws_region(const struct aws *a)
{
	return a->region;
}

const char *
aws_partition(const struct aws *a)
{
	return cred_partition(a->region);
}

static bool
text_ok(const char *what, const char *name, const char *allowed, size_t min, size_t max)
{
	size_t len = strlen(name), good = strspn(name, allowed);
	unsigned char bad = (unsigned char)name[good];

	if (len < min || len > max) {
		prov_error("%s \"%.140s\" has %zu characters: %zu to %zu are allowed", what, name,
		    len, min, max);
		return false;
	}
	if (bad == '\0')
		return true;
	if (bad > ' ' && bad <= '~')
		prov_error("%s \"%s\": the character \"%c\" is not allowed in it", what, name, bad);
	else
		prov_error("%s \"%s\": the byte 0x%02X at position %zu is not allowed in it", what,
		    name, bad, good + 1);
	return false;
}

static bool
name_ok(const char *what, const char *name, const char *allowed)
{
	return text_ok(what, name, allowed, 1, NAME_MAX_LEN);
}

bool
aws_thing_name_ok(const char *name)
{
	return name_ok("thing name", name, LETTERS ":-");
}

bool
aws_type_name_ok(const char *name)
{
	return name_ok("thing type name", name, LETTERS ":-");
}

bool
aws_group_name_ok(const char *name)
{
	return name_ok("thing group name", name, LETTERS ":-");
}

bool
aws_template_name_ok(const char *name)
{
	return text_ok("template name", name, LETTERS "-", 1, TEMPLATE_MAX_LEN);
}

bool
aws_attribute_ok(const char *name, const char *value)
{
	char what[64];

	(void)snprintf(what, sizeof(what), "value of attribute \"%.32s\"", name);
	return name_ok("attribute name", name, LETTERS ".,@/:#-") &&
	       text_ok(what, value, LETTERS ".,@/:#=[]-", 0, VALUE_MAX_LEN);
}

bool
aws_policy_name_ok(const char *name)
{
	if (!name_ok("policy name", name, LETTERS "+=,.@-"))
		return false;
	/* Legal for AWS, but a path segment of this form is resolved away underway. */
	if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
		return true;
	prov_error("policy name \"%s\" cannot be used in an address", name);
	return false;
}
