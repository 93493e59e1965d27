/*
 * Settings of other programs; see export.h. Members and options are those of mosquitto 2.0, curl
 * 7.88, OpenSSL 3.0 with libp11, AWS IoT Device Client 1.9, Greengrass nucleus 2.5.6 with its
 * PKCS #11 provider 2.0, and the AWS Common Runtime.
 */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "provision/export.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

static const struct export_row rows[] = {
	{ "uri", "PKCS #11 URIs and the module", EXPORT_LINES,
	    "module @module@\nkey @key@\ncertificate @cert@\n" },
	{ "mosquitto", "options of mosquitto_pub and mosquitto_sub", EXPORT_LINES,
	    "# For mosquitto_pub and mosquitto_sub, as ~/.config/mosquitto_pub and _sub, with\n"
	    "#   PKCS11_MODULE_PATH=@module@\n"
	    "# device.pem: optiga-provision export --cert --out device.pem ...\n"
	    "# libmosquitto looks for a file by the name of the key before it asks the engine: an\n"
	    "# empty file of that name in the working directory gets round it.\n"
	    "-h @host@\n"
	    "-p @port@\n"
	    "-i @thing@\n"
	    "--cafile @cafile@\n"
	    "--cert device.pem\n"
	    "--tls-engine pkcs11\n"
	    "--keyform engine\n"
	    "--key @key@\n" },
	{ "curl", "a message over HTTPS", EXPORT_SHELL,
	    "PKCS11_MODULE_PATH=@module@ \\\n"
	    "curl --fail --cacert @cafile@ \\\n"
	    "\t--cert @cert@ \\\n"
	    "\t--key @key@ \\\n"
	    "\t--data hello @url@\n" },
	{ "openssl", "a TLS connection", EXPORT_SHELL,
	    "# device.pem: optiga-provision export --cert --out device.pem ...\n"
	    "PKCS11_MODULE_PATH=@module@ \\\n"
	    "openssl s_client -connect @address@ -servername @host@ \\\n"
	    "\t-verify_hostname @host@ \\\n"
	    "\t-CAfile @cafile@ -verify_return_error -cert device.pem@chain@ \\\n"
	    "\t-engine pkcs11 -keyform engine -key @key@\n" },
	{ "aws-iot-device-client", "its configuration file", EXPORT_JSON,
	    "{\n"
	    "  \"endpoint\": @host@,\n"
	    "  \"cert\": \"device.pem\",\n"
	    "  \"root-ca\": @cafile@,\n"
	    "  \"thing-name\": @thing@,\n"
	    "  \"secure-element\": {\n"
	    "    \"enabled\": true,\n"
	    "    \"pkcs11-lib\": @module@,\n"
	    "    \"secure-element-pin\": @pin@,\n"
	    "    \"secure-element-key-label\": @label@,\n"
	    "    \"secure-element-slot-id\": @slot@,\n"
	    "    \"secure-element-token-label\": @token@\n"
	    "  }\n"
	    "}\n" },
	{ "greengrass", "config.yaml of its nucleus", EXPORT_JSON,
	    "# iotCredEndpoint: what \"aws iot describe-endpoint --endpoint-type\n"
	    "# iot:CredentialProvider\" says.\n"
	    "system:\n"
	    "  certificateFilePath: @labelcert@\n"
	    "  privateKeyPath: @labelkey@\n"
	    "  rootCaPath: @cafile@\n"
	    "  rootpath: \"/greengrass/v2\"\n"
	    "  thingName: @thing@\n"
	    "services:\n"
	    "  aws.greengrass.Nucleus:\n"
	    "    componentType: \"NUCLEUS\"\n"
	    "    configuration:\n"
	    "      awsRegion: @region@\n"
	    "      iotRoleAlias: \"GreengrassCoreTokenExchangeRoleAlias\"\n"
	    "      iotDataEndpoint: @host@\n"
	    "      iotCredEndpoint: \"CREDENTIALS\"\n"
	    "  aws.greengrass.crypto.Pkcs11Provider:\n"
	    "    configuration:\n"
	    "      name: \"optiga\"\n"
	    "      library: @module@\n"
	    "      slot: @slot@\n"
	    "      userPin: @pin@\n" },
	{ "aws-crt", "arguments of AWS's device SDKs, version 2", EXPORT_JSON,
	    "{\n"
	    "  \"endpoint\": @host@,\n"
	    "  \"client_id\": @thing@,\n"
	    "  \"ca_file\": @cafile@,\n"
	    "  \"pkcs11_lib\": @module@,\n"
	    "  \"user_pin\": @nopin@,\n"
	    "  \"slot_id\": @slot@,\n"
	    "  \"token_label\": @token@,\n"
	    "  \"private_key_object_label\": @label@,\n"
	    "  \"cert_file_path\": \"device.pem\"\n"
	    "}\n" },
};

const struct export_row *
export_row(size_t i)
{
	return i < NITEMS(rows) ? &rows[i] : NULL;
}

const struct export_row *
export_find(const char *name)
{
	for (size_t i = 0; i < NITEMS(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

static bool
put_shell(FILE *out, const char *v)
{
	(void)fputc('\'', out);
	for (; *v != '\0'; v++)
		if (*v == '\'')
			(void)fputs("'\\''", out);
		else
			(void)fputc(*v, out);
	return fputc('\'', out) != EOF;
}

static bool
put_json(FILE *out, const char *v)
{
	json_t *s = json_string(v);
	char *text = s != NULL ? json_dumps(s, JSON_ENCODE_ANY) : NULL;
	bool ok = text != NULL && fputs(text, out) != EOF;

	free(text);
	json_decref(s);
	return ok;
}

static bool
put(FILE *out, enum export_syntax syntax, const struct export_value *v)
{
	/* No line ends where a value does not. */
	if (v->value == NULL || v->value[strcspn(v->value, "\r\n")] != '\0')
		return false;
	if (v->number)
		return fputs(v->value, out) != EOF;
	switch (syntax) {
	case EXPORT_LINES: return fputs(v->value, out) != EOF;
	case EXPORT_SHELL: return put_shell(out, v->value);
	case EXPORT_JSON: return put_json(out, v->value);
	}
	return false;
}

static const struct export_value *
find(const struct export_value *values, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(values[i].name) == len && strncmp(values[i].name, name, len) == 0)
			return &values[i];
	return NULL;
}

/* One piece of the template; NULL: *bad is set, or not for want of memory. */
static const char *
piece(FILE *out, const struct export_row *row, const char *p, const struct export_value *values,
    size_t n, const char **bad)
{
	const char *end = *p == '@' ? strchr(p + 1, '@') : NULL;
	const struct export_value *v;

	if (end == NULL) {
		size_t len = strcspn(p + 1, "@") + 1;

		return fwrite(p, 1, len, out) == len ? p + len : NULL;
	}
	v = find(values, n, p + 1, (size_t)(end - p - 1));
	if (v != NULL && put(out, row->syntax, v))
		return end + 1;
	*bad = v != NULL ? v->name : p;
	return NULL;
}

char *
export_fill(
    const struct export_row *row, const struct export_value *values, size_t n, const char **bad)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const char *p = row->template;

	*bad = NULL;
	if (out == NULL)
		return NULL;
	while (p != NULL && *p != '\0')
		p = piece(out, row, p, values, n, bad);
	if (fclose(out) == 0 && p != NULL)
		return text;
	free(text);
	return NULL;
}
