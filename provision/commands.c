/* The commands, and the text of --help; see options.h. */
#include <config.h>

#include <string.h>

#include "provision/options.h"

#define NITEMS(a) (sizeof(a) / sizeof((a)[0]))

#define EST       "est-client est-user est-password-file "
#define OWN_CA    EST "ca-key ca-pass-file ca-timeout ca-file "
#define CLAIM     "data-endpoint claim-cert claim-key claim-slot parameter answer-timeout "
#define CLOUD     "ca register region profile endpoint-url ca-bundle "
/* Of run, and of fleet who hands them on. */
#define RUN                                                                                        \
	CLOUD OWN_CA CLAIM "policy-file update-thing slot set replace in-place dry-run "           \
			   "stop-after irreversible yes json "

/* In the order in which they are shown. */
static const struct command commands[] = {
	{
	    .name = "run",
	    .synopsis = "CONFIG",
	    .text = "do all that is missing: key, request, certificate, registration",
	    .about = "Reads what the chip and the cloud have, does what CONFIG asks for and is not "
		     "there yet, and verifies the result; for every slot in CONFIG, or one with "
		     "--slot. It can be interrupted and run again; when "
		     "nothing is missing it says \"nothing to do\".",
	    .example = "optiga-provision run --dry-run device.jsn\n"
		       "optiga-provision run --ca local device.jsn\n",
	    .options = RUN,
	    .min = 1,
	    .max = 1,
	    .config = true,
	    .run = cmd_run,
	},
	{
	    .name = "fleet",
	    .synopsis = "[MANIFEST.csv] [CONFIG]",
	    .text = "do \"run\" for many chips at once",
	    .about =
		"Workers, one for each chip and --jobs at once, share the pace of requests to the "
		"cloud. The manifest is CSV: a line of column names, then a row for each chip. "
		"\"device\" (as OPTIGA_DEVICE has it) or \"token\" says which, "
		"\"config\" replaces CONFIG. Without a manifest: all that are attached. What "
		"was interrupted goes on when run again: all that counts is on the chips and in "
		"the cloud. --dry-run lists the chips.",
	    .example = "optiga-provision fleet --report today.csv boards.csv device.jsn\n"
		       "optiga-provision fleet --jobs 4 device.jsn\n",
	    .options = RUN "jobs attempts timeout report quiet",
	    .max = 2,
	    .run = cmd_fleet,
	},
	{
	    .name = "verify",
	    .synopsis = "(CONFIG | --slot SLOT)",
	    .text = "prove that key, certificate, CA and cloud fit together",
	    .about =
		"The key signs a fresh challenge; the certificate, its chain and what AWS IoT "
		"has are checked against it. With --connect also as the device will do it: "
		"TLS with the chip's key to the data endpoint, MQTT under the thing's name, and "
		"a message to itself. Changes nothing; a device that is connected under this "
		"name is thrown out.",
	    .example = "optiga-provision verify device.jsn\n"
		       "optiga-provision verify --connect --data-endpoint HOST device.jsn\n",
	    .options =
		CLOUD EST "ca-file slot set connect data-endpoint thing answer-timeout policy json",
	    .max = 1,
	    .config = true,
	    .run = cmd_verify,
	},
	{
	    .name = "export",
	    .synopsis = "--for PROGRAM | --cert [CONFIG]",
	    .text = "what other programs need for a key on the chip",
	    .about = "The key is in the slot of CONFIG, or in --slot. "
		     "ENDPOINT, THING and REGION stand where nothing was said; --data-endpoint, "
		     "--thing or CONFIG, and --region say it. Needs no AWS credentials.",
	    .example = "optiga-provision export --cert --out device.pem --slot 0xE0F1\n"
		       "optiga-provision export --for mosquitto --data-endpoint HOST device.jsn\n",
	    .options = "for cert out slot set data-endpoint thing region ca-bundle",
	    .max = 1,
	    .config = true,
	    .run = cmd_export,
	},
	{
	    .name = "show",
	    .synopsis = "[--slot SLOT] [--all] [--html FILE]",
	    .text = "show what is on the chip: slots, certificates, conditions, sizes",
	    .about = "Keys and certificates of any token; of a chip every object with its access "
		     "conditions in words, life cycle and bytes in use. Changes nothing.",
	    .example = "optiga-provision show --html chip.html\n",
	    .options = "slot all html json",
	    .run = cmd_show,
	},
	{
	    .name = "doctor",
	    .synopsis = "[CONFIG]",
	    .text = "look for what could keep a run from working",
	    .about =
		"Looks at module, chips and their devices, AWS credentials, region, endpoint and "
		"clock, and tries which calls are allowed; changes nothing. A line each: ok, "
		"warning or failed, what, and behind \"->\" what to do. With CONFIG the calls "
		"are tried with its names.",
	    .example = "optiga-provision doctor\n"
		       "optiga-provision doctor --json device.jsn\n",
	    .options = CLOUD "set json",
	    .max = 1,
	    .config = true,
	    .run = cmd_doctor,
	},
	{
	    .name = "audit",
	    .synopsis = "[CONFIG | --slot SLOT]",
	    .text = "find what is open, weak, at its end or made for tests",
	    .about = "Looks at the whole token, or at the slots of CONFIG or --slot. Exit status 1 "
		     "when there are findings of the level or above that are not accepted. Changes "
		     "nothing.",
	    .example = "optiga-provision audit --level error --accept accepted.txt\n",
	    .options = "slot set level days accept json",
	    .max = 1,
	    .config = true,
	    .run = cmd_audit,
	},
	{
	    .name = "csr",
	    .synopsis = "[--out FILE] CONFIG",
	    .text = "make a certificate request, and a key if there is none",
	    .options = "ca slot set out",
	    .min = 1,
	    .max = 1,
	    .config = true,
	    .run = cmd_csr,
	},
	{
	    .name = "sign",
	    .synopsis = "--in CSR [--out FILE] [CONFIG]",
	    .text = "have a request signed",
	    .about =
		"Needs no chip. AWS IoT's certificates are inactive until they are registered.",
	    .options = CLOUD OWN_CA "slot set in out",
	    .max = 1,
	    .config = true,
	    .run = cmd_sign,
	},
	{
	    .name = "write",
	    .synopsis = "--in CERT (CONFIG | --slot SLOT)",
	    .text = "write a certificate to the chip, beside its key",
	    .options = "in slot set replace",
	    .max = 1,
	    .config = true,
	    .run = cmd_write,
	},
	{
	    .name = "register",
	    .synopsis = "CONFIG",
	    .text = "register and activate the chip's certificate at AWS IoT",
	    .options = CLOUD "policy-file slot set dry-run json",
	    .min = 1,
	    .max = 1,
	    .config = true,
	    .run = cmd_register,
	},
	{
	    .name = "ca init",
	    .synopsis = "[DIR] [--intermediate]",
	    .text = "make a certification authority of your own",
	    .about = "Key, certificate and records, in DIR or where --ca local has it; \"openssl "
		     "ca\" works on them too. With --intermediate a second CA below it issues, and "
		     "the key of the first can be put away.",
	    .example = "optiga-provision ca init ca --intermediate --ca-key rsa:2048\n"
		       "optiga-provision run --ca local:ca device.jsn\n",
	    .options = "ca-key ca-pass-file subject intermediate json",
	    .max = 1,
	    .run = cmd_ca_init,
	},
	{
	    .name = "ca register",
	    .synopsis = "[DIR]",
	    .text = "make a CA of your own known at AWS IoT",
	    .about =
		"The CA in DIR, or where --ca local has it; its intermediate, if it has one. Its "
		"key proves itself to AWS IoT, with --sni-only it need not. Then \"run --ca local "
		"--register aws\" registers what it issues, or, with --auto-registration, AWS IoT "
		"does when a device first connects. Run again it changes what differs, or says "
		"\"nothing to do\".",
	    .example = "optiga-provision ca register ca\n"
		       "optiga-provision ca register ca --template my_template\n",
	    .options = "auto-registration template sni-only deactivate dry-run ca-pass-file "
		       "region profile endpoint-url ca-bundle json",
	    .max = 1,
	    .run = cmd_ca_register,
	},
	{
	    .name = "lock",
	    .synopsis = "[--policy FILE] [CONFIG | --slot SLOT]",
	    .text = "set access conditions and life cycles, from a policy",
	    .about =
		"Shows what changes, and what of it can never be undone by anyone; the latter "
		"needs "
		"--irreversible. Without a policy the slot's key becomes final: it can be used, "
		"and never be replaced or destroyed.",
	    .example = "optiga-provision lock --dry-run --slot second\n"
		       "optiga-provision lock --slot second --irreversible\n",
	    .options = "policy slot set dry-run irreversible yes json",
	    .max = 1,
	    .config = true,
	    .run = cmd_lock,
	},
	{
	    .name = "pair",
	    .synopsis = "[--rotate | --portal FILE | --forget]",
	    .text = "give chip and host the secret of their encrypted connection",
	    .about =
		"The secret is kept by the module, for this host alone. --renewable and --sealed "
		"lock the chip to it; that can never be undone and needs --irreversible.",
	    .example = "optiga-provision pair\n"
		       "optiga-provision pair --portal chip.json\n",
	    .options = "status rotate portal renewable sealed forget irreversible yes json",
	    .run = cmd_pair,
	},
	{
	    .name = "retire",
	    .synopsis = "[CONFIG | --slot SLOT]",
	    .text = "take a device out of the cloud, and free its slot",
	    .about =
		"Detaches thing and policies from the slot's certificate, deactivates and deletes "
		"it, removes it from the chip and destroys the key. Shows all of that first, and "
		"asks. Interrupted, it goes on when run again. With --ca local the cloud has no "
		"part in it.",
	    .example = "optiga-provision retire --dry-run device.jsn\n"
		       "optiga-provision retire --delete-thing device.jsn\n",
	    .options = CLOUD "slot set delete-thing keep-key dry-run yes json",
	    .max = 1,
	    .config = true,
	    .run = cmd_retire,
	},
};

const struct command *
command_row(size_t i)
{
	return i < NITEMS(commands) ? &commands[i] : NULL;
}

bool
command_takes(const struct command *c, const struct option_row *o)
{
	size_t len = strlen(o->name);

	if (o->global)
		return true;
	for (const char *p = c->options; *p != '\0';) {
		size_t word = strcspn(p, " ");

		if (word == len && strncmp(p, o->name, len) == 0)
			return true;
		p += word;
		p += strspn(p, " ");
	}
	return false;
}
