/* Credentials, region and endpoint: every source, and who wins. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <check.h>

#include "provision/cred.h"
#include "provision/ini.h"
#include "tests/unit/test_aws_util.h"

#define FILES_CREDENTIALS ".aws/credentials"
#define FILES_CONFIG      ".aws/config"

static const char credentials_text[] = "[default]\n"
				       "aws_access_key_id = AKDEFAULT\n"
				       "aws_secret_access_key = s/e+c=ret # not a comment\n"
				       "[other]\n"
				       "aws_access_key_id=AKOTHER\n"
				       "aws_secret_access_key=othersecret\n"
				       "aws_session_token=othertoken\n"
				       "[half]\n"
				       "aws_access_key_id = AKHALF\n"
				       "[blank]\n"
				       "aws_access_key_id = AK BLANK\n"
				       "aws_secret_access_key = x\n"
				       "[both]\n"
				       "aws_access_key_id = AKCREDENTIALS\n"
				       "aws_secret_access_key = secret1\n";

static const char config_text[] =
    "# a comment\n"
    "[default]\n"
    "region = eu-central-1\n"
    "[profile other]\n"
    "Region = us-west-2\n"
    "endpoint_url = https://profile.example\n"
    "ca_bundle = /nonexistent/ca\n"
    "max_attempts = 5\n"
    "services = local\n"
    "[services local]\n"
    "iot =\n"
    "  endpoint_url = https://services.example/prefix/\n"
    "s3 =\n"
    "  endpoint_url = https://s3.example\n"
    "[profile both]\n"
    "aws_access_key_id = AKCONFIG\n"
    "aws_secret_access_key = secret2\n"
    "[profile config]\n"
    "aws_access_key_id = AKCONFIG\n"
    "aws_secret_access_key = secret2\n"
    "[profile \"two words\"]\n"
    "aws_access_key_id = AKWORDS\n"
    "aws_secret_access_key = secret3\n"
    "[profile process]\n"
    "credential_process = sh -c 'echo \"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AKPROC\\\","
    "\\\"SecretAccessKey\\\":\\\"procsecret\\\",\\\"SessionToken\\\":\\\"t\\\","
    "\\\"Expiration\\\":\\\"2099-01-01T00:00:00Z\\\"}\"'\n"
    "[profile role]\n"
    "role_arn = arn:aws:iam::1:role/x\n"
    "source_profile = default\n"
    "[profile sso]\n"
    "sso_session = corp\n"
    "[profile web]\n"
    "web_identity_token_file = /x\n"
    "[profile login]\n"
    "login_session = x\n"
    "[profile empty]\n"
    "region = eu-west-1\n";

static void
setup(void)
{
	(void)clean_env();
	write_home(FILES_CREDENTIALS, credentials_text);
	write_home(FILES_CONFIG, config_text);
}

static void
set_all(const char *const env[][2], size_t n)
{
	for (size_t i = 0; i < n && env[i][0] != NULL; i++)
		(void)setenv(env[i][0], env[i][1], 1);
}

/* One way to find credentials, or to be told why not. */
static const struct {
	const char *env[3][2];
	const char *option;
	const char *access; /* NULL: refused */
	const char *secret;
	const char *token;
	const char *said; /* when refused */
} finds[] = {
	/* values are verbatim: "#" starts no comment, and a secret has no blanks */
	{ .said = "secret access key in profile \"default\"" },
	{ .env = { { "AWS_ACCESS_KEY_ID", "AKENV" }, { "AWS_SECRET_ACCESS_KEY", "es" } },
	    .access = "AKENV",
	    .secret = "es" },
	{ .env = { { "AWS_ACCESS_KEY_ID", "AKENV" }, { "AWS_SECRET_ACCESS_KEY", "es" },
	      { "AWS_SESSION_TOKEN", "tok" } },
	    .access = "AKENV",
	    .secret = "es",
	    .token = "tok" },
	/* the keys of the environment win over a profile of the environment, not over the option */
	{ .env = { { "AWS_ACCESS_KEY_ID", "AKENV" }, { "AWS_SECRET_ACCESS_KEY", "es" },
	      { "AWS_PROFILE", "other" } },
	    .access = "AKENV",
	    .secret = "es" },
	{ .env = { { "AWS_ACCESS_KEY_ID", "AKENV" }, { "AWS_SECRET_ACCESS_KEY", "es" } },
	    .option = "other",
	    .access = "AKOTHER",
	    .secret = "othersecret",
	    .token = "othertoken" },
	{ .env = { { "AWS_PROFILE", "other" } },
	    .access = "AKOTHER",
	    .secret = "othersecret",
	    .token = "othertoken" },
	{ .env = { { "AWS_DEFAULT_PROFILE", "other" } },
	    .access = "AKOTHER",
	    .secret = "othersecret",
	    .token = "othertoken" },
	{ .env = { { "AWS_PROFILE", "config" }, { "AWS_DEFAULT_PROFILE", "other" } },
	    .access = "AKCONFIG",
	    .secret = "secret2" },
	{ .option = "both", .access = "AKCREDENTIALS", .secret = "secret1" },
	{ .option = "two words", .access = "AKWORDS", .secret = "secret3" },
	{ .option = "process", .access = "AKPROC", .secret = "procsecret", .token = "t" },
	/* half a pair */
	{ .env = { { "AWS_ACCESS_KEY_ID", "AKENV" } }, .said = "secret access key is missing" },
	{ .env = { { "AWS_SECRET_ACCESS_KEY", "es" } }, .said = "access key ID is missing" },
	{ .env = { { "AWS_ACCESS_KEY_ID", "AKENV" }, { "AWS_SECRET_ACCESS_KEY", "" } },
	    .said = "half a pair of AWS keys in the environment" },
	{ .option = "half", .said = "profile \"half\" of" },
	/* unusable */
	{ .option = "blank", .said = "access key ID in profile \"blank\"" },
	{ .env = { { "AWS_ACCESS_KEY_ID", "AKENV" }, { "AWS_SECRET_ACCESS_KEY", "a\nb" } },
	    .said = "control character" },
	{ .option = "empty", .said = "aws configure" },
	/* left to the AWS command line, with the line that brings it in */
	{ .option = "role",
	    .said = "credential_process = aws configure export-credentials --profile role "
		    "--format process" },
	{ .option = "sso",
	    .said = "credential_process = aws configure export-credentials --profile sso "
		    "--format process" },
	{ .option = "web", .said = "uses a web identity" },
	{ .option = "login", .said = "uses a console login" },
	{ .env = { { "AWS_WEB_IDENTITY_TOKEN_FILE", "/x" }, { "AWS_CONFIG_FILE", "/nonexistent" },
	      { "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent" } },
	    .said = "AWS_WEB_IDENTITY_TOKEN_FILE is set" },
	{ .env = { { "AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://[fd00:ec2::254]/" },
	      { "AWS_CONFIG_FILE", "/nonexistent" },
	      { "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent" } },
	    .said = "AWS_EC2_METADATA_SERVICE_ENDPOINT is set" },
	{ .env = { { "AWS_CONFIG_FILE", "/nonexistent" },
	      { "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent" } },
	    .said = "no AWS credentials" },
};

static void
same(const char *a, const char *b)
{
	if (b == NULL)
		ck_assert_ptr_null(a);
	else
		ck_assert_str_eq(a, b);
}

START_TEST(credentials_are_found)
{
	struct cred_conf *conf = NULL;
	struct cred cr = { 0 };
	const char *said;
	bool ok, expect = finds[_i].access != NULL;

	setup();
	set_all(finds[_i].env, 3);
	said_begin();
	ok = cred_conf_open(finds[_i].option, &conf) && cred_load(conf, &cr);
	said = said_end();
	ck_assert_msg(ok == expect, "row %d: %s", _i, said);
	if (ok) {
		same(cr.access_key, finds[_i].access);
		same(cr.secret_key, finds[_i].secret);
		same(cr.token, finds[_i].token);
		ck_assert_str_eq(said, "");
	} else {
		ck_assert_msg(strstr(said, finds[_i].said) != NULL, "row %d: %s", _i, said);
		ck_assert_msg(strstr(said, "secret1") == NULL, "%s", said);
	}
	cred_clear(&cr);
	cred_conf_close(&conf);
	remove_home();
}
END_TEST

START_TEST(unknown_profile_is_refused)
{
	struct cred_conf *conf;
	const char *said;

	setup();
	said_begin();
	ck_assert(!cred_conf_open("nobody", &conf));
	said = said_end();
	ck_assert_ptr_nonnull(strstr(said, "no profile \"nobody\""));
	ck_assert_ptr_nonnull(strstr(said, "/.aws/config"));
	/* Only the default profile goes without the word "profile" in the config file. */
	(void)setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent", 1);
	write_home(FILES_CONFIG, "[bare]\nregion = eu-west-1\n");
	said_begin();
	ck_assert(!cred_conf_open("bare", &conf));
	ck_assert_ptr_nonnull(strstr(said_end(), "no profile \"bare\""));
	remove_home();
}
END_TEST

START_TEST(damaged_files_are_refused_with_the_line)
{
	static const struct {
		const char *text, *said;
	} bad[] = {
		{ "[default]\n\nnonsense\n", "line 3: not \"key = value\"" },
		{ "[default\n", "line 1: a section without" },
		{ "a = b\n", "line 1: a key before the first section" },
	};
	struct cred_conf *conf;
	const char *said;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setup();
		write_home(FILES_CONFIG, bad[i].text);
		said_begin();
		ck_assert(!cred_conf_open(NULL, &conf));
		said = said_end();
		ck_assert_msg(strstr(said, bad[i].said) != NULL, "%s", said);
		ck_assert_ptr_nonnull(strstr(said, "/.aws/config"));
	}
	remove_home();
}
END_TEST

START_TEST(ini_reads_the_dialect)
{
	char path[256], why[128];
	struct ini *ini;

	(void)clean_env();
	write_home("x.ini", "\xef\xbb\xbf[a]\r\n"
			    "Key = v w  \r\n"
			    "; comment\r\n"
			    "empty =\n"
			    "block =\n"
			    "   in = 1\n"
			    "\tIN2 = 2\n"
			    "after = 3\n"
			    "key = last\n"
			    "[kind  \"two words\"]\n"
			    "x = = y\n"
			    "[a]\n"
			    "more = 4\n");
	(void)snprintf(path, sizeof(path), "%s/x.ini", getenv("HOME"));
	ck_assert_msg(ini_load(path, &ini, why, sizeof(why)) == 0, "%s", why);
	ck_assert_str_eq(ini_get(ini, NULL, "a", NULL, "KEY"), "last");
	ck_assert_str_eq(ini_get(ini, NULL, "a", NULL, "empty"), "");
	ck_assert_str_eq(ini_get(ini, NULL, "a", "block", "in"), "1");
	ck_assert_str_eq(ini_get(ini, NULL, "a", "Block", "in2"), "2");
	ck_assert_ptr_null(ini_get(ini, NULL, "a", NULL, "in"));
	ck_assert_ptr_null(ini_get(ini, NULL, "a", "empty", "in"));
	ck_assert_str_eq(ini_get(ini, NULL, "a", NULL, "after"), "3");
	ck_assert_str_eq(ini_get(ini, NULL, "a", NULL, "more"), "4");
	ck_assert_str_eq(ini_get(ini, "kind", "two words", NULL, "x"), "= y");
	ck_assert(ini_has(ini, "kind", "two words"));
	ck_assert(!ini_has(ini, NULL, "two words"));
	ini_free(&ini);
	ck_assert_int_eq(ini_load("/nonexistent/x", &ini, why, sizeof(why)), 1);
	ck_assert_ptr_null(ini);
	ck_assert_int_eq(ini_load("/", &ini, why, sizeof(why)), -1);
	remove_home();
}
END_TEST

START_TEST(readable_files_are_told_of)
{
	struct cred_conf *conf;
	char path[256];

	setup();
	(void)snprintf(path, sizeof(path), "%s/" FILES_CREDENTIALS, getenv("HOME"));
	ck_assert_int_eq(chmod(path, 0644), 0);
	said_begin();
	ck_assert(cred_conf_open("other", &conf));
	ck_assert_ptr_nonnull(strstr(said_end(), "warning: everybody on this machine can read"));
	cred_conf_close(&conf);
	remove_home();
}
END_TEST

/* Output of a process, and what comes of it. */
static const struct {
	const char *command;
	const char *said; /* NULL: credentials */
} processes[] = {
	{ "printf '{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"S\"}'", NULL },
	{ "sh -c \"printf '{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AK\\\","
	  "\\\"SecretAccessKey\\\":\\\"S\\\"}'\"",
	    NULL },
	{ "printf {\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"AK\\\",\\\"SecretAccessKey\\\":"
	  "\\\"S\\\"}",
	    NULL },
	{ "printf '{\"Version\":2,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"S\"}'",
	    "not a JSON object of version 1" },
	{ "printf '{\"Version\":1,\"AccessKeyId\":\"AK\"}'", "lacks a usable" },
	{ "printf '{\"Version\":1,\"AccessKeyId\":\"A K\",\"SecretAccessKey\":\"HUSH\"}'",
	    "lacks a usable" },
	{ "printf '{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"S\",\"Expiration\":"
	  "\"2020-01-01T00:00:00Z\"}'",
	    "have expired" },
	{ "printf '{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"S\",\"Expiration\":"
	  "\"soon\"}'",
	    "is no time" },
	{ "printf HUSH", "not a JSON object" },
	{ "true", "not a JSON object" },
	{ "false", "it failed" },
	{ "/nonexistent/program", "no such program" },
	{ "sleep 30", "did not end in time" },
	{ "sh -c 'exec 1>&-; sleep 30'", "did not end in time" },
	{ "cat /dev/zero", "too long" },
	{ "echo 'open", "no list of words" },
	{ "  ", "no list of words" },
};

START_TEST(process_is_run)
{
	struct cred cr;
	const char *said, *out;
	bool ok;

	said_begin();
	ok = cred_process(processes[_i].command, 1, &cr);
	said = said_end();
	ck_assert_msg(ok == (processes[_i].said == NULL), "row %d: %s", _i, said);
	if (ok) {
		ck_assert_str_eq(cr.access_key, "AK");
		ck_assert_str_eq(cr.secret_key, "S");
		ck_assert_ptr_null(cr.token);
		ck_assert(cr.renewable);
	} else {
		out = strstr(said, "\": ");
		ck_assert_msg(
		    out != NULL && strstr(out, processes[_i].said) != NULL, "row %d: %s", _i, said);
		ck_assert_ptr_null(strstr(out, "HUSH"));
	}
	cred_clear(&cr);
}
END_TEST

START_TEST(expiration_is_read)
{
	static const struct {
		const char *text;
		time_t t;
	} times[] = {
		{ "2099-01-15T12:34:56Z", 4072163696 },
		{ "2099-01-15T12:34:56.789Z", 4072163696 },
		{ "2099-01-15T12:34:56+00:00", 4072163696 },
		{ "2099-01-15T13:34:56+01:00", 4072163696 },
		{ "2099-01-15T10:04:56-02:30", 4072163696 },
	};
	char command[256];
	struct cred cr;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		(void)snprintf(command, sizeof(command),
		    "printf '{\"Version\":1,\"AccessKeyId\":\"AK\",\"SecretAccessKey\":\"S\","
		    "\"Expiration\":\"%s\"}'",
		    times[i].text);
		ck_assert(cred_process(command, 5, &cr));
		ck_assert_int_eq(cr.expires, times[i].t);
		cred_clear(&cr);
	}
}
END_TEST

static const struct {
	const char *env[3][2];
	const char *option, *profile;
	const char *region; /* NULL: refused */
} regions[] = {
	{ .region = "eu-central-1" },
	{ .profile = "other", .region = "us-west-2" },
	{ .env = { { "AWS_DEFAULT_REGION", "ap-south-1" } }, .region = "ap-south-1" },
	{ .env = { { "AWS_DEFAULT_REGION", "ap-south-1" }, { "AWS_REGION", "sa-east-1" } },
	    .region = "sa-east-1" },
	{ .env = { { "AWS_REGION", "sa-east-1" } },
	    .option = "us-gov-west-1",
	    .region = "us-gov-west-1" },
	{ .profile = "both" },
	{ .option = "us-east" },
	{ .option = "US-EAST-1" },
	{ .option = "useast1" },
	{ .option = "us-east-1.evil.example/" },
	{ .option = "us-east-1\n" },
	{ .option = "u-east-1" },
	{ .option = "us--1" },
	{ .option = "us-1" },
	{ .option = "us-east1-1" },
	{ .option = "" },
};

START_TEST(region_is_found_and_checked)
{
	struct cred_conf *conf;
	const char *region;

	setup();
	set_all(regions[_i].env, 3);
	ck_assert(cred_conf_open(regions[_i].profile, &conf));
	said_begin();
	region = cred_region(conf, regions[_i].option);
	if (regions[_i].region == NULL)
		ck_assert_msg(region == NULL && strstr(said_end(), "region") != NULL, "row %d", _i);
	else {
		(void)said_end();
		same(region, regions[_i].region);
	}
	cred_conf_close(&conf);
	remove_home();
}
END_TEST

static const struct {
	const char *region;
	const char *env[3][2];
	const char *option, *profile;
	const char *partition;
	const char *iot, *sts; /* NULL: refused */
} endpoints[] = {
	{ .region = "us-east-1",
	    .partition = "aws",
	    .iot = "https://iot.us-east-1.amazonaws.com",
	    .sts = "https://sts.us-east-1.amazonaws.com" },
	{ .region = "eu-central-1",
	    .partition = "aws",
	    .iot = "https://iot.eu-central-1.amazonaws.com",
	    .sts = "https://sts.eu-central-1.amazonaws.com" },
	{ .region = "cn-north-1",
	    .partition = "aws-cn",
	    .iot = "https://iot.cn-north-1.amazonaws.com.cn",
	    .sts = "https://sts.cn-north-1.amazonaws.com.cn" },
	{ .region = "us-gov-west-1",
	    .partition = "aws-us-gov",
	    .iot = "https://iot.us-gov-west-1.amazonaws.com",
	    .sts = "https://sts.us-gov-west-1.amazonaws.com" },
	{ .region = "eusc-de-east-1",
	    .partition = "aws-eusc",
	    .iot = "https://iot.eusc-de-east-1.amazonaws.eu",
	    .sts = "https://sts.eusc-de-east-1.amazonaws.eu" },
	{ .region = "us-iso-east-1", .partition = "aws-iso" },
	{ .region = "us-isob-east-1",
	    .partition = "aws-iso-b",
	    .option = "https://x.example",
	    .iot = "https://x.example",
	    .sts = "https://x.example" },
	/* FIPS and dual stack */
	{ .region = "us-east-1",
	    .env = { { "AWS_USE_FIPS_ENDPOINT", "true" } },
	    .partition = "aws",
	    .iot = "https://iot-fips.us-east-1.amazonaws.com",
	    .sts = "https://sts-fips.us-east-1.amazonaws.com" },
	{ .region = "eu-central-1",
	    .env = { { "AWS_USE_FIPS_ENDPOINT", "true" } },
	    .partition = "aws" },
	{ .region = "eu-central-1",
	    .env = { { "AWS_USE_DUALSTACK_ENDPOINT", "true" } },
	    .partition = "aws",
	    .iot = "https://iot.eu-central-1.api.aws" },
	/* overrides: the first hit wins */
	{ .region = "eu-central-1",
	    .partition = "aws",
	    .env = { { "AWS_ENDPOINT_URL", "https://a.example:8443/p/" } },
	    .iot = "https://a.example:8443/p",
	    .sts = "https://a.example:8443/p" },
	{ .region = "eu-central-1",
	    .partition = "aws",
	    .env = { { "AWS_ENDPOINT_URL", "https://a.example" },
		{ "AWS_ENDPOINT_URL_IOT", "https://i.example" },
		{ "AWS_ENDPOINT_URL_STS", "https://s.example" } },
	    .iot = "https://i.example",
	    .sts = "https://s.example" },
	{ .region = "eu-central-1",
	    .partition = "aws",
	    .option = "https://o.example",
	    .env = { { "AWS_ENDPOINT_URL_IOT", "https://i.example" },
		{ "AWS_ENDPOINT_URL_STS", "https://s.example" } },
	    .iot = "https://o.example",
	    .sts = "https://s.example" },
	{ .region = "eu-central-1",
	    .partition = "aws",
	    .option = "https://o.example",
	    .env = { { "AWS_ENDPOINT_URL", "https://a.example" } },
	    .iot = "https://o.example",
	    .sts = "https://o.example" },
	/* a host of Amazon's own serves one service */
	{ .region = "eu-central-1",
	    .partition = "aws",
	    .option = "https://vpce-1.iot.eu-central-1.vpce.amazonaws.com",
	    .iot = "https://vpce-1.iot.eu-central-1.vpce.amazonaws.com",
	    .sts = "https://sts.eu-central-1.amazonaws.com" },
	{ .region = "eu-central-1",
	    .partition = "aws",
	    .profile = "other",
	    .iot = "https://services.example/prefix",
	    .sts = "https://profile.example" },
	{ .region = "eu-central-1",
	    .partition = "aws",
	    .profile = "other",
	    .env = { { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true" },
		{ "AWS_ENDPOINT_URL", "https://a.example" } },
	    .iot = "https://iot.eu-central-1.amazonaws.com",
	    .sts = "https://sts.eu-central-1.amazonaws.com" },
	{ .region = "eu-central-1",
	    .partition = "aws",
	    .option = "https://o.example",
	    .env = { { "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true" },
		{ "AWS_ENDPOINT_URL_STS", "https://s.example" } },
	    .iot = "https://o.example",
	    .sts = "https://o.example" },
	/* plain http only to this machine */
	{ .region = "eu-central-1",
	    .partition = "aws",
	    .option = "http://127.0.0.1:80",
	    .iot = "http://127.0.0.1:80",
	    .sts = "http://127.0.0.1:80" },
	{ .region = "eu-central-1",
	    .partition = "aws",
	    .option = "http://localhost:1",
	    .iot = "http://localhost:1",
	    .sts = "http://localhost:1" },
	{ .region = "eu-central-1",
	    .partition = "aws",
	    .option = "http://[::1]:1",
	    .iot = "http://[::1]:1",
	    .sts = "http://[::1]:1" },
	{ .region = "eu-central-1", .partition = "aws", .option = "http://a.example" },
	{ .region = "eu-central-1", .partition = "aws", .option = "http://127.a.example" },
	{ .region = "eu-central-1", .partition = "aws", .option = "http://localhost.example" },
	{ .region = "eu-central-1", .partition = "aws", .option = "http://127.0.0.1@a.example" },
	{ .region = "eu-central-1", .partition = "aws", .option = "ftp://127.0.0.1" },
	{ .region = "eu-central-1", .partition = "aws", .option = "a.example" },
	{ .region = "eu-central-1", .partition = "aws", .option = "https://" },
	{ .region = "eu-central-1", .partition = "aws", .option = "https://a.example?x=1" },
	{ .region = "eu-central-1", .partition = "aws", .option = "https://a.example#x" },
	{ .region = "eu-central-1", .partition = "aws", .option = "https://u:p@a.example" },
	{ .region = "eu-central-1", .partition = "aws", .option = "https://a.example:99999" },
	{ .region = "eu-central-1", .partition = "aws", .option = "https://a.example:x" },
	{ .region = "eu-central-1", .partition = "aws", .option = "https://a example" },
	{ .region = "eu-central-1", .partition = "aws", .option = "https://[::1" },
};

static void
check_endpoint(const struct cred_conf *conf, enum cred_service service, int row, const char *want)
{
	char *url;
	const char *said;

	said_begin();
	url = cred_endpoint(conf, service, endpoints[row].option, endpoints[row].region);
	said = said_end();
	ck_assert_msg(
	    (url == NULL) == (want == NULL), "row %d: %s: %s", row, url != NULL ? url : "-", said);
	if (want != NULL)
		ck_assert_str_eq(url, want);
	else
		ck_assert_str_ne(said, "");
	free(url);
}

START_TEST(endpoint_is_found_and_checked)
{
	struct cred_conf *conf;

	setup();
	set_all(endpoints[_i].env, 3);
	ck_assert(cred_conf_open(endpoints[_i].profile, &conf));
	ck_assert_str_eq(cred_partition(endpoints[_i].region), endpoints[_i].partition);
	check_endpoint(conf, CRED_IOT, _i, endpoints[_i].iot);
	check_endpoint(conf, CRED_STS, _i, endpoints[_i].sts);
	cred_conf_close(&conf);
	remove_home();
}
END_TEST

START_TEST(switches_of_the_connection)
{
	struct cred_conf *conf;
	const char *file;
	unsigned int n;

	setup();
	ck_assert(cred_conf_open(NULL, &conf));
	ck_assert(cred_ca_bundle(conf, NULL, &file));
	ck_assert_ptr_null(file);
	ck_assert(cred_max_attempts(conf, &n));
	ck_assert_uint_eq(n, 3);
	(void)setenv("AWS_CA_BUNDLE", "/dev/null", 1);
	ck_assert(cred_ca_bundle(conf, NULL, &file));
	ck_assert_str_eq(file, "/dev/null");
	ck_assert(cred_ca_bundle(conf, "/dev/zero", &file));
	ck_assert_str_eq(file, "/dev/zero");
	(void)setenv("AWS_MAX_ATTEMPTS", "1", 1);
	ck_assert(cred_max_attempts(conf, &n));
	ck_assert_uint_eq(n, 1);
	said_begin();
	(void)setenv("AWS_MAX_ATTEMPTS", "0", 1);
	ck_assert(!cred_max_attempts(conf, &n));
	(void)setenv("AWS_MAX_ATTEMPTS", "-1", 1);
	ck_assert(!cred_max_attempts(conf, &n));
	(void)setenv("AWS_MAX_ATTEMPTS", "many", 1);
	ck_assert(!cred_max_attempts(conf, &n));
	ck_assert_ptr_nonnull(strstr(said_end(), "\"many\""));
	cred_conf_close(&conf);
	(void)unsetenv("AWS_MAX_ATTEMPTS");
	(void)unsetenv("AWS_CA_BUNDLE");
	ck_assert(cred_conf_open("other", &conf));
	ck_assert(cred_max_attempts(conf, &n));
	ck_assert_uint_eq(n, 5);
	said_begin();
	ck_assert(!cred_ca_bundle(conf, NULL, &file));
	ck_assert_ptr_nonnull(strstr(said_end(), "/nonexistent/ca"));
	cred_conf_close(&conf);
	remove_home();
}
END_TEST

#define LEN(a) ((int)(sizeof(a) / sizeof((a)[0])))

int
main(void)
{
	Suite *s = suite_create("cred");
	TCase *tc = tcase_create("cred");
	SRunner *sr;
	int failed;

	tcase_set_timeout(tc, 20);
	tcase_add_loop_test(tc, credentials_are_found, 0, LEN(finds));
	tcase_add_test(tc, unknown_profile_is_refused);
	tcase_add_test(tc, damaged_files_are_refused_with_the_line);
	tcase_add_test(tc, ini_reads_the_dialect);
	tcase_add_test(tc, readable_files_are_told_of);
	tcase_add_loop_test(tc, process_is_run, 0, LEN(processes));
	tcase_add_test(tc, expiration_is_read);
	tcase_add_loop_test(tc, region_is_found_and_checked, 0, LEN(regions));
	tcase_add_loop_test(tc, endpoint_is_found_and_checked, 0, LEN(endpoints));
	tcase_add_test(tc, switches_of_the_connection);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
