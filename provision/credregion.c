/* Region, partition and endpoint, and the switches of the connection. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "provision/cred.h"
#include "provision/http.h"
#include "provision/msg.h"

#define ATTEMPTS_DEFAULT 3
#define ATTEMPTS_MAX     10

/*
 * By prefix of the region, first hit wins: "us-gov-" and "us-iso" go before "us-". %s is the
 * region; NULL: no such endpoint, or none known.
 */
static const struct partition {
	const char *prefix;
	const char *name;
	const char *iot, *iot_fips, *iot_dual;
	const char *sts, *sts_fips, *sts_dual;
} partitions[] = {
	{ .prefix = "us-gov-",
	    .name = "aws-us-gov",
	    .iot = "iot.%s.amazonaws.com",
	    .iot_fips = "iot-fips.%s.amazonaws.com",
	    .iot_dual = "iot.%s.api.aws",
	    .sts = "sts.%s.amazonaws.com",
	    .sts_fips = "sts.%s.amazonaws.com" },
	{ .prefix = "us-isob-", .name = "aws-iso-b" },
	{ .prefix = "us-isof-", .name = "aws-iso-f" },
	{ .prefix = "us-iso-", .name = "aws-iso" },
	{ .prefix = "eu-isoe-", .name = "aws-iso-e" },
	{ .prefix = "eusc-",
	    .name = "aws-eusc",
	    .iot = "iot.%s.amazonaws.eu",
	    .sts = "sts.%s.amazonaws.eu" },
	{ .prefix = "cn-",
	    .name = "aws-cn",
	    .iot = "iot.%s.amazonaws.com.cn",
	    .iot_dual = "iot.%s.api.amazonwebservices.com.cn",
	    .sts = "sts.%s.amazonaws.com.cn" },
	{ .prefix = "us-",
	    .name = "aws",
	    .iot = "iot.%s.amazonaws.com",
	    .iot_fips = "iot-fips.%s.amazonaws.com",
	    .iot_dual = "iot.%s.api.aws",
	    .sts = "sts.%s.amazonaws.com",
	    .sts_fips = "sts-fips.%s.amazonaws.com" },
	{ .prefix = "ca-central-1",
	    .name = "aws",
	    .iot = "iot.%s.amazonaws.com",
	    .iot_fips = "iot-fips.%s.amazonaws.com",
	    .iot_dual = "iot.%s.api.aws",
	    .sts = "sts.%s.amazonaws.com" },
	{ .prefix = "",
	    .name = "aws",
	    .iot = "iot.%s.amazonaws.com",
	    .iot_dual = "iot.%s.api.aws",
	    .sts = "sts.%s.amazonaws.com" },
};

static const struct service {
	const char *env;
	const char *block; /* in [services NAME] */
	const char *word;
} services[] = {
	[CRED_IOT] = { "AWS_ENDPOINT_URL_IOT", "iot", "AWS IoT" },
	[CRED_STS] = { "AWS_ENDPOINT_URL_STS", "sts", "AWS STS" },
};

static const struct partition *
find_partition(const char *region)
{
	const struct partition *p = partitions;

	while (strncmp(region, p->prefix, strlen(p->prefix)) != 0)
		p++;
	return p;
}

const char *
cred_partition(const char *region)
{
	return find_partition(region)->name;
}

/* ^[a-z]{2,}(-[a-z]+)+-[0-9]+$: it becomes part of a host name. */
static bool
region_ok(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	size_t n = strspn(s, letters), words = 0;

	if (n < 2)
		return false;
	for (s += n; *s == '-'; s += n, words++) {
		n = strspn(++s, letters);
		if (n == 0)
			break;
	}
	n = strspn(s, "0123456789");
	return words > 0 && n > 0 && s[n] == '\0' && s[-1] == '-';
}

const char *
cred_region(const struct cred_conf *c, const char *option)
{
	const char *region = option;

	if (region == NULL)
		region = cred_env("AWS_REGION");
	if (region == NULL)
		region = cred_env("AWS_DEFAULT_REGION");
	if (region == NULL)
		region = cred_conf_get(c, "region");
	if (region == NULL) {
		prov_error("no AWS region is set");
		prov_hint(
		    "give --region, for example --region eu-central-1, or run \"aws configure\"");
		return NULL;
	}
	if (!region_ok(region)) {
		prov_error("\"%s\" is no AWS region", region);
		prov_hint("regions look like eu-central-1");
		return NULL;
	}
	return region;
}

/* One of Amazon's own names serves one service, unlike a stand-in. */
static bool
is_amazon(const char *url)
{
	static const char *const domains[] = { ".amazonaws.com", ".amazonaws.com.cn",
		".amazonaws.eu", ".api.aws", ".amazonwebservices.com.cn" };
	const char *host = strstr(url, "://");
	size_t len;

	if (host == NULL)
		return false;
	host += 3;
	len = strcspn(host, ":/");
	for (size_t i = 0; i < sizeof(domains) / sizeof(domains[0]); i++) {
		size_t n = strlen(domains[i]);

		if (len > n && strncasecmp(host + len - n, domains[i], n) == 0)
			return true;
	}
	return false;
}

static const char *
find_override(const struct cred_conf *c, enum cred_service service, const char *option)
{
	const char *url;
	bool ignore = cred_switch(
	    c, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "ignore_configured_endpoint_urls");

	if (option != NULL && service == CRED_IOT)
		return option;
	if (!ignore && (url = cred_env(services[service].env)) != NULL)
		return url;
	if (option != NULL && !is_amazon(option))
		return option;
	if (ignore)
		return NULL;
	if ((url = cred_env("AWS_ENDPOINT_URL")) == NULL &&
	    (url = cred_conf_service(c, services[service].block, "endpoint_url")) == NULL)
		url = cred_conf_get(c, "endpoint_url");
	return url;
}

static bool
url_ok(const char *url)
{
	const char *p = strstr(url, "://"), *host;

	if (p == NULL)
		return false;
	host = p + 3;
	/* No user, query or fragment, and nothing that would need encoding. */
	if (*host == '\0' || *host == '/' || *host == ':' ||
	    strcspn(host, "@?#%\\ \"<>") != strlen(host))
		return false;
	for (p = host; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	if (*host == '[')
		p = host + strcspn(host, "]/") + 1;
	else
		p = host + strcspn(host, ":/");
	if (p > host + strlen(host))
		return false;
	if (*p == ':') {
		size_t digits = strspn(p + 1, "0123456789");

		if (digits == 0 || digits > 5 || strtoul(p + 1, NULL, 10) > 65535)
			return false;
		p += 1 + digits;
	}
	return *p == '/' || *p == '\0';
}

static char *
take_override(const char *url)
{
	size_t len = strlen(url);
	char *copy;

	if (!url_ok(url)) {
		prov_error("endpoint \"%s\" is not of the form https://host[:port][/prefix]", url);
		return NULL;
	}
	if (!http_url_allowed(url)) {
		prov_error("endpoint \"%s\": only https is allowed", url);
		prov_hint("plain http goes to this machine alone (127.0.0.1, localhost)");
		return NULL;
	}
	while (url[len - 1] == '/')
		len--;
	copy = strndup(url, len);
	if (copy == NULL)
		prov_error("cannot keep the endpoint: out of memory");
	return copy;
}

static char *
make_url(const char *host_fmt, const char *region)
{
	const char *at = strstr(host_fmt, "%s");
	char *url = NULL;

	if (asprintf(&url, "https://%.*s%s%s", (int)(at - host_fmt), host_fmt, region, at + 2) >= 0)
		return url;
	prov_error("cannot keep the endpoint: out of memory");
	return NULL;
}

char *
cred_endpoint(
    const struct cred_conf *c, enum cred_service service, const char *option, const char *region)
{
	const struct partition *p = find_partition(region);
	const char *url = find_override(c, service, option);
	bool fips = cred_switch(c, "AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint");
	bool dual = cred_switch(c, "AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint");
	const char *plain_host = service == CRED_IOT ? p->iot : p->sts;
	const char *fips_host = service == CRED_IOT ? p->iot_fips : p->sts_fips;
	const char *dual_host = service == CRED_IOT ? p->iot_dual : p->sts_dual;
	const char *host = fips ? (dual ? NULL : fips_host) : dual ? dual_host : plain_host;

	if (url != NULL)
		return take_override(url);
	if (host != NULL)
		return make_url(host, region);
	prov_error("no %s%s%s endpoint is known for region %s", services[service].word,
	    fips ? " FIPS" : "", dual ? " dual-stack" : "", region);
	prov_hint("give it: --endpoint-url for AWS IoT, AWS_ENDPOINT_URL_STS for AWS STS");
	return NULL;
}

bool
cred_ca_bundle(const struct cred_conf *c, const char *option, const char **file)
{
	*file = option != NULL ? option : cred_setting(c, "AWS_CA_BUNDLE", "ca_bundle");
	if (*file == NULL || access(*file, R_OK) == 0)
		return true;
	prov_error("cannot read the trusted certificates \"%s\": %m", *file);
	return false;
}

bool
cred_max_attempts(const struct cred_conf *c, unsigned int *n)
{
	const char *text = cred_setting(c, "AWS_MAX_ATTEMPTS", "max_attempts");
	char *end;
	unsigned long v;

	*n = ATTEMPTS_DEFAULT;
	if (text == NULL)
		return true;
	v = strtoul(text, &end, 10);
	if (*end != '\0' || *text < '0' || *text > '9' || v == 0) {
		prov_error("AWS_MAX_ATTEMPTS \"%s\" is no number of tries", text);
		return false;
	}
	*n = v < ATTEMPTS_MAX ? (unsigned int)v : ATTEMPTS_MAX;
	return true;
}
