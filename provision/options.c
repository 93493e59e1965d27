/* The options; see options.h. */
#include <config.h>

#include <string.h>

#include "provision/issuer.h"
#include "provision/audit.h"
#include "provision/export.h"
#include "provision/options.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

static bool
parse_ca(const char *value, struct options *o)
{
	const char *argument;

	o->ca = value;
	return issuer_find("--ca", value, &argument) != NULL;
}

static bool
parse_register(const char *value, struct options *o)
{
	o->registration = register_by_name(value);
	if (o->registration != REGISTER_DEFAULT)
		return true;
	prov_error("--register \"%s\" is not known", value);
	prov_hint("use \"aws\", \"first-connect\" or \"no\"");
	return false;
}

static bool
parse_step(const char *value, struct options *o)
{
	o->stop_after = step_by_name(value);
	if (o->stop_after != STEP_COUNT)
		return true;
	prov_error("--stop-after \"%s\" is no step", value);
	prov_hint("\"run --dry-run --verbose\" names the steps, in order");
	return false;
}

static bool
parse_set(const char *value, struct options *o)
{
	(void)o;
	return config_set_template(value);
}

static const char *
step_word(size_t i)
{
	return i < STEP_COUNT ? step_name((enum step)i) : NULL;
}

/* Names, then numbers. */
static const char *
slot_word(size_t i)
{
	static char text[16];
	size_t n = 0;

	while (slot_row(n) != NULL)
		n++;
	if (i < n)
		return slot_row(i)->name;
	if (i >= 2 * n)
		return NULL;
	(void)snprintf(text, sizeof(text), "0x%04X", slot_row(i - n)->key_oid);
	return text;
}

/* Each issuer makes two words at most: "local" and "local:". */
static const char *
ca_word(size_t i)
{
	const struct issuer_kind *issuer;
	static char text[32];

	for (size_t k = 0; (issuer = issuer_kinds[k]) != NULL; k++) {
		if (!issuer->needs_argument && i-- == 0)
			return issuer->name;
		if (issuer->argument != NULL && i-- == 0) {
			(void)snprintf(text, sizeof(text), "%s:", issuer->name);
			return text;
		}
	}
	return NULL;
}

static const char *
ca_behind(const char *word, size_t len)
{
	const struct issuer_kind *issuer;

	for (size_t i = 0; (issuer = issuer_kinds[i]) != NULL; i++)
		if (strlen(issuer->name) == len && strncmp(issuer->name, word, len) == 0)
			return issuer->argument;
	return NULL;
}

static const char *
ca_explain(size_t i, char *word, size_t size)
{
	const struct issuer_kind *k = issuer_kinds[i];
	bool may;

	if (k == NULL)
		return NULL;
	may = k->argument != NULL && !k->needs_argument;
	(void)snprintf(word, size, "%s%s%s%s%s", k->name, may ? "[" : "",
	    k->argument != NULL ? ":" : "", k->argument != NULL ? k->argument : "", may ? "]" : "");
	return k->text;
}

static const char *
register_word(size_t i)
{
	return register_row(i + 1);
}

static const char *
register_explain(size_t i, char *word, size_t size)
{
	static const char *const texts[] = {
		[REGISTER_AWS] = "at AWS IoT, now",
		[REGISTER_FIRST_CONNECT] = "at AWS IoT, when the device first connects",
		[REGISTER_NO] = "nowhere",
	};

	if (register_row(i + 1) == NULL)
		return NULL;
	(void)snprintf(word, size, "%s", register_row(i + 1));
	return texts[i + 1];
}

static const char *
level_word(size_t i)
{
	return i < AUDIT_LEVELS ? audit_level_name((enum audit_level)i) : NULL;
}

static bool
parse_parameter(const char *value, struct options *o)
{
	if (strcspn(value, "=") == 0 || strchr(value, '=') == NULL) {
		prov_error("--parameter \"%s\" is no NAME=VALUE", value);
		return false;
	}
	if (o->nparameters < OPTIONS_PARAMETERS) {
		o->parameters[o->nparameters++] = value;
		return true;
	}
	prov_error("--parameter is given more than %d times", OPTIONS_PARAMETERS);
	return false;
}

static const char *
export_word(size_t i)
{
	return export_row(i) != NULL ? export_row(i)->name : NULL;
}

static const char *
export_explain(size_t i, char *word, size_t size)
{
	if (export_row(i) == NULL)
		return NULL;
	(void)snprintf(word, size, "%s", export_row(i)->name);
	return export_row(i)->text;
}

#define AT(member)       .where = offsetof(struct options, member)
#define FLAG(member)     .kind = OPTION_FLAG, AT(member)
#define TEXT(member)     .kind = OPTION_TEXT, AT(member)
#define PARSED(function) .kind = OPTION_PARSED, .parse = (function)

/* In the order in which they are shown. */
static const struct option_row options[] = {
	{ "ca", "CA", "by default as CONFIG says, or else aws:", PARSED(parse_ca), .words = ca_word,
	    .behind = ca_behind, .explain = ca_explain },
	{ "register", "HOW", "where a certificate that AWS IoT did not issue becomes known:",
	    PARSED(parse_register), .words = register_word, .explain = register_explain },
	{ "ca-key", "KIND", "key of a CA of your own that is made: ec[:CURVE] or rsa[:BITS]",
	    TEXT(ca_key) },
	{ "ca-pass-file", "FILE", "its first line is the passphrase of your own CA's key",
	    TEXT(ca_pass_file) },
	{ "ca-timeout", "SECONDS", "how long the command of --ca exec may take (default: 120)",
	    .kind = OPTION_NUMBER, AT(ca_timeout), .min = 1, .max = 86400 },
	{ "est-client", "SLOT", "who asks an EST server: the key in a slot, or \"factory\"",
	    TEXT(est_client) },
	{ "est-user", "NAME", "who asks an EST server, by name and password", TEXT(est_user) },
	{ "est-password-file", "FILE", "its first line is that password", TEXT(est_password_file) },
	{ "subject", "NAME", "name of a CA that is made, as \"/C=DE/O=Example/CN=Example CA\"",
	    TEXT(subject) },
	{ "intermediate", NULL, "a CA below it issues, and goes to the chip with the certificate",
	    FLAG(intermediate) },
	{ "region", "NAME", "AWS region", TEXT(aws.region) },
	{ "profile", "NAME", "AWS profile, of the files of the AWS command line",
	    TEXT(aws.profile) },
	{ "endpoint-url", "URL", "in place of AWS IoT's own endpoint", TEXT(aws.endpoint_url) },
	{ "ca-bundle", "FILE", "CA certificates that the endpoint is verified with",
	    TEXT(aws.ca_bundle) },
	{ "policy-file", "FILE", "template of a policy that does not exist yet",
	    TEXT(policy_file) },
	{ "slot", "SLOT", "key slot, for example 0xE0F1 or second: one of CONFIG's, or any",
	    TEXT(slot), .words = slot_word },
	{ "auto-registration", NULL,
	    "AWS IoT registers certificates of this CA when a device first connects",
	    FLAG(auto_registration) },
	{ "template", "NAME",
	    "provisioning template (JITP) for what it registers so; implies --auto-registration",
	    TEXT(template_name) },
	{ "sni-only", NULL, "without proof of its key: other accounts may register it too",
	    FLAG(sni_only) },
	{ "deactivate", NULL, "AWS IoT shall take nothing more from this CA", FLAG(deactivate) },
	{ "in", "FILE", "request or certificate to read (\"-\": standard input)", TEXT(in) },
	{ "out", "FILE", "where to write to (\"-\", the default: standard output)", TEXT(out) },
	{ "ca-file", "FILE", "CA certificates to verify the chip's certificate with",
	    TEXT(ca_file) },
	{ "connect", NULL, "also connect to the data endpoint over MQTT, as the device will",
	    FLAG(connect) },
	{ "data-endpoint", "HOST[:PORT]",
	    "data endpoint (default: AWS IoT is asked for it; port 8883, or 443)",
	    TEXT(data_endpoint) },
	{ "answer-timeout", "SECONDS", "for each answer from the data endpoint (default: 20)",
	    .kind = OPTION_NUMBER, AT(answer_timeout), .min = 1, .max = 600 },
	{ "thing", "NAME", "name of the thing, instead of CONFIG's", TEXT(thing) },
	{ "set", "NAME=VALUE", "thing, policy, or what {NAME} in CONFIG stands for; repeatable",
	    PARSED(parse_set) },
	{ "for", "PROGRAM", "settings of a program:", TEXT(export_for), .words = export_word,
	    .explain = export_explain },
	{ "cert", NULL, "the certificate, and its issuers that are on the chip, as PEM",
	    FLAG(cert) },
	{ "claim-cert", "FILE", "claim certificate, for --ca claim", TEXT(claim_cert) },
	{ "claim-key", "FILE", "its private key", TEXT(claim_key) },
	{ "claim-slot", "SLOT", "key slot with the claim's key and certificate, in their place",
	    TEXT(claim_slot), .words = slot_word },
	{ "parameter", "NAME=VALUE",
	    "for the provisioning template, once for each; {serial} and the like are filled in",
	    PARSED(parse_parameter) },
	{ "replace", NULL,
	    "run: a new key and certificate in a free slot, the old ones go last; write: another "
	    "certificate on the chip may go",
	    FLAG(replace) },
	{ "in-place", NULL,
	    "a new certificate for the same key in the same slot; there is none from when the old "
	    "one goes until the new one is written",
	    FLAG(in_place) },
	{ "update-thing", NULL, "type and attributes of an existing thing may be changed",
	    FLAG(update_thing) },
	{ "dry-run", NULL, "say what is missing, change nothing", FLAG(dry_run) },
	{ "stop-after", "STEP", "stop after a step that --dry-run names; run again to go on",
	    PARSED(parse_step), .words = step_word },
	{ "policy", "FILE", "access conditions and life cycles that are wanted",
	    TEXT(lock_policy) },
	{ "irreversible", NULL, "what can never be undone is meant", FLAG(irreversible) },
	{ "yes", NULL, "do it without asking", FLAG(yes) },
	{ "delete-thing", NULL, "the thing too, unless it has other certificates",
	    FLAG(delete_thing) },
	{ "keep-key", NULL, "leave key and certificate on the chip", FLAG(keep_key) },
	{ "status", NULL, "only show whether chip and host are paired", FLAG(status) },
	{ "rotate", NULL, "a new secret in place of the present one", FLAG(rotate) },
	{ "portal", "FILE", "take the chip's secrets from this file of the vendor's portal",
	    TEXT(portal) },
	{ "renewable", NULL, "lock: only the paired host can change the secret", FLAG(renewable) },
	{ "sealed", NULL, "lock: nobody can change the secret", FLAG(sealed) },
	{ "forget", NULL, "remove the secret from this host; the chip keeps it", FLAG(forget) },
	{ "jobs", "N", "chips at once, 1 to 256 (default: 8)", .kind = OPTION_NUMBER, AT(jobs),
	    .min = 1, .max = 256 },
	{ "attempts", "N", "how often a chip that fails is tried (default: 3)",
	    .kind = OPTION_NUMBER, AT(attempts), .min = 1, .max = 100 },
	{ "timeout", "SECONDS", "longest time for one attempt (default: 900)",
	    .kind = OPTION_NUMBER, AT(timeout), .min = 1, .max = 86400 },
	{ "report", "FILE", "a row for each chip: CSV, or JSON lines if FILE ends in .json",
	    TEXT(report) },
	{ "quiet", NULL, "say only what failed", FLAG(quiet) },
	{ "all", NULL, "every object of the chip, not only those in use", FLAG(all) },
	{ "html", "FILE", "draw one page into a file (\"-\": standard output)", TEXT(html) },
	{ "level", "LEVEL", "findings that count: info, warning (the default) or error",
	    TEXT(level), .words = level_word },
	{ "days", "DAYS", "a certificate that ends sooner is expiring (default: 90)",
	    .kind = OPTION_NUMBER, AT(days), .min = 1, .max = 36500 },
	{ "accept", "FILE", "findings that are meant, one a line: its name and object",
	    TEXT(accept) },
	{ "json", NULL, "results as JSON", FLAG(json) },

	{ "module", "FILE", "PKCS #11 module (default: the installed optiga-pkcs11.so)",
	    TEXT(token.module), .letter = 'm', .global = true },
	{ "token", "TOKEN", "PKCS #11 URI, label or serial, when several are present",
	    TEXT(token.token), .letter = 't', .global = true },
	{ "pin-file", "FILE", "its first line is the PIN, for tokens that want one",
	    TEXT(token.pin_file), .global = true },
	{ "verbose", NULL, "show the steps even when standard error is no terminal", FLAG(verbose),
	    .letter = 'v', .global = true },
	{ "help", NULL, "show this, or with a command its options", FLAG(help), .letter = 'h',
	    .global = true },
	{ "version", NULL, "show the version", FLAG(version), .letter = 'V', .global = true },
};

_Static_assert(NITEMS(options) <= OPTIONS_MAX, "the command line has room for all");

const struct option_row *
option_row(size_t i)
{
	return i < NITEMS(options) ? &options[i] : NULL;
}
