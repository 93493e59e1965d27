/* Reading the command line; see options.h. */
#include <config.h>

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "provision/options.h"

/*
 * Short forms are names inside the program, and of these only -m -t -v -h -V for users: the rest
 * are letters that the table of commands lists.
 */
static const struct option longopts[] = {
	{ "module", required_argument, NULL, 'm' },
	{ "token", required_argument, NULL, 't' },
	{ "pin-file", required_argument, NULL, 'P' },
	{ "ca", required_argument, NULL, 'c' },
	{ "ca-file", required_argument, NULL, 'A' },
	{ "policy-file", required_argument, NULL, 'p' },
	{ "region", required_argument, NULL, 'r' },
	{ "profile", required_argument, NULL, 'f' },
	{ "endpoint-url", required_argument, NULL, 'u' },
	{ "ca-bundle", required_argument, NULL, 'b' },
	{ "in", required_argument, NULL, 'i' },
	{ "out", required_argument, NULL, 'o' },
	{ "slot", required_argument, NULL, 's' },
	{ "stop-after", required_argument, NULL, 'S' },
	{ "replace", no_argument, NULL, 'R' },
	{ "dry-run", no_argument, NULL, 'n' },
	{ "json", no_argument, NULL, 'j' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

/* For every command. */
static const char global[] = "mtPvhV";

#define CLOUD "crfub"

const struct command commands[] = {
	{ "run", "CONFIG", "do all that is missing: key, request, certificate, registration",
	    cmd_run, CLOUD "pRnSj", true },
	{ "csr", "[--out FILE] CONFIG", "make a certificate request, and a key if there is none",
	    cmd_csr, "co", true },
	{ "sign", "--in CSR [--out FILE]", "have a request signed", cmd_sign, CLOUD "io", false },
	{ "write", "--in CERT CONFIG", "write a certificate to the chip, beside its key", cmd_write,
	    "isR", false },
	{ "register", "CONFIG", "register and activate the chip's certificate at AWS IoT",
	    cmd_register, CLOUD "pnj", true },
	{ "verify", "CONFIG", "prove that key, certificate, CA and cloud fit together", cmd_verify,
	    CLOUD "Asj", false },
	{ "show", "", "list the chip's key slots", cmd_show, "sj", false },
	{ NULL, NULL, NULL, NULL, NULL, false },
};

void
options_help(void)
{
	(void)fputs("usage: optiga-provision [--module FILE] COMMAND [options] [CONFIG]\n\n"
		    "Provisions OPTIGA Trust chips through PKCS #11.\n\ncommands:\n",
	    stdout);
	for (const struct command *c = commands; c->name != NULL; c++)
		(void)printf("  %-8s %-22s %s\n", c->name, c->synopsis, c->text);
	(void)fputs(
	    "\noptions for every command:\n"
	    "  --module FILE         PKCS #11 module (default: the installed optiga-pkcs11.so)\n"
	    "  --token TOKEN         PKCS #11 URI, label or serial, when several are present\n"
	    "  --pin-file FILE       its first line is the PIN, for tokens that want one\n"
	    "  --verbose             show the steps even when standard error is no terminal\n"
	    "  --help, --version\n"
	    "\noptions of commands:\n"
	    "  --ca aws|local[:DIR]  who signs: AWS IoT (default), or a CA of your own\n"
	    "  --region NAME         AWS region\n"
	    "  --profile NAME        AWS profile\n"
	    "  --endpoint-url URL    instead of AWS IoT's own endpoint\n"
	    "  --ca-bundle FILE      CA certificates for the endpoint\n"
	    "  --policy-file FILE    policy template for a policy that does not exist yet\n"
	    "  --replace             another certificate on the chip may be replaced\n"
	    "  --dry-run             say what is missing, change nothing\n"
	    "  --stop-after STEP     stop after a step; run again to go on\n"
	    "  --slot SLOT           key slot, for example 0xE0F1, instead of CONFIG\n"
	    "  --in FILE, --out FILE request or certificate (\"-\": standard input or output)\n"
	    "  --ca-file FILE        CA certificates to verify the chip's certificate with\n"
	    "  --json                results as JSON\n"
	    "\nexit status: 0 done or nothing to do, 1 failed, 2 usage, 3 interrupted and "
	    "resumable\n"
	    "\nexample:\n"
	    "  optiga-provision run --ca local device.jsn\n",
	    stdout);
}

static const char *
name_of(int letter)
{
	for (const struct option *l = longopts; l->name != NULL; l++)
		if (l->val == letter)
			return l->name;
	return "";
}

static bool
parse_ca(const char *value, struct options *o)
{
	o->ca_aws = strcmp(value, "aws") == 0;
	o->ca_dir = NULL;
	if (strncmp(value, "local:", 6) == 0 && value[6] != '\0')
		o->ca_dir = value + 6;
	if (o->ca_aws || o->ca_dir != NULL || strcmp(value, "local") == 0)
		return true;
	prov_error("--ca \"%s\" is not known", value);
	prov_hint("use \"aws\", \"local\" or \"local:DIR\"");
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
take(int letter, const char *value, struct options *o)
{
	switch (letter) {
	case 'm': o->token.module = value; return true;
	case 't': o->token.token = value; return true;
	case 'P': o->token.pin_file = value; return true;
	case 'c': return parse_ca(value, o);
	case 'A': o->ca_file = value; return true;
	case 'p': o->policy_file = value; return true;
	case 'r': o->aws.region = value; return true;
	case 'f': o->aws.profile = value; return true;
	case 'u': o->aws.endpoint_url = value; return true;
	case 'b': o->aws.ca_bundle = value; return true;
	case 'i': o->in = value; return true;
	case 'o': o->out = value; return true;
	case 's': o->slot = value; return true;
	case 'S': return parse_step(value, o);
	case 'R': o->replace = true; return true;
	case 'n': o->dry_run = true; return true;
	case 'j': o->json = true; return true;
	case 'v': prov_set_verbose(true); return true;
	case 'h': o->help = true; return true;
	case 'V': o->version = true; return true;
	default: return false; /* getopt has said why */
	}
}

static const struct command *
find_command(const char *name)
{
	for (const struct command *c = commands; c->name != NULL; c++)
		if (strcmp(name, c->name) == 0)
			return c;
	prov_error("there is no command \"%s\"", name);
	prov_hint("\"optiga-provision --help\" lists the commands");
	return NULL;
}

/* Whether the command takes each of the options that were given. */
static bool
fits(const struct command *c, const bool *given)
{
	for (const struct option *l = longopts; l->name != NULL; l++) {
		if (!given[l->val] || strchr(global, l->val) != NULL ||
		    strchr(c->options, l->val) != NULL)
			continue;
		prov_error("\"%s\" takes no option --%s", c->name, name_of(l->val));
		prov_hint("\"optiga-provision --help\" lists commands and options");
		return false;
	}
	return true;
}

static bool
take_config(const struct command *c, int n, char **args, struct options *o)
{
	if (n > 1) {
		prov_error("\"%s\" takes one CONFIG, not \"%s\" too", c->name, args[1]);
		return false;
	}
	if (n == 1)
		o->config = args[0];
	if (c->needs_config && o->config == NULL) {
		prov_error("\"%s\" needs a CONFIG", c->name);
		prov_hint("usage: optiga-provision %s %s", c->name, c->synopsis);
		return false;
	}
	return true;
}

const struct command *
options_parse(int argc, char **argv, struct options *o)
{
	const struct command *c;
	bool given[128] = { false };
	int letter;

	*o = (struct options){ .ca_aws = true, .stop_after = STEP_COUNT };
	while ((letter = getopt_long(argc, argv, "m:t:vhV", longopts, NULL)) != -1) {
		if (!take(letter, optarg, o))
			return NULL;
		given[letter] = true;
	}
	if (o->help || o->version)
		return NULL;
	if (optind == argc) {
		prov_error("no command given");
		prov_hint("\"optiga-provision --help\" lists the commands");
		return NULL;
	}
	c = find_command(argv[optind]);
	if (c == NULL || !fits(c, given) ||
	    !take_config(c, argc - optind - 1, argv + optind + 1, o))
		return NULL;
	return c;
}
