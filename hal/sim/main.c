/*
 * optiga-sim: makes, serves and shows simulated chips. The manual is optiga-sim(1).
 */
#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/sim/prog.h"
#include "hal/sim/sim.h"
#include "hal/sim/app.h"

static const char help[] =
    "Usage: optiga-sim COMMAND [OPTION]... [FILE]\n"
    "Makes, serves and shows simulated OPTIGA Trust chips. One file is one chip.\n"
    "\n"
    "  create --model MODEL [OPTION]... FILE   make a new chip; never overwrites\n"
    "      --model trust-m-v3      which chip\n"
    "      --monitor on|off        security monitor and its delays (on)\n"
    "      --seed N                keys and randoms from N, the same every time\n"
    "      --speed F               execution times by F: 0.5 is twice as fast (1.0)\n"
    "  serve --socket PATH [OPTION]... FILE    let programs reach the chip over a bus socket\n"
    "      --virtual-time          time moves only with the bus, as fast as it can be computed\n"
    "      --log LOGFILE           append every bus event as a line of JSON\n"
    "      --repeated-start        take repeated STARTs, which the real chip does not\n"
    "  show [--json] FILE          what is on the chip\n"
    "  vendor-ca                   the certificate that signs factory certificates, PEM\n"
    "\n"
    "      --help                  this text\n"
    "      --version               the version\n"
    "\n"
    "Example:\n"
    "  optiga-sim create --model trust-m-v3 chip.img\n"
    "  OPTIGA_DEVICE=sim:$PWD/chip.img p11tool --list-tokens\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong command line. Manual: optiga-sim(1)\n";

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "create", prog_create },
	{ "serve", prog_serve },
	{ "show", prog_show },
	{ "vendor-ca", prog_vendor_ca },
};

static void
say(const char *fmt, va_list ap)
{
	(void)fputs("optiga-sim: ", stderr);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
}

int
prog_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	return PROG_FAILED;
}

int
prog_usage(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(fmt, ap);
	va_end(ap);
	(void)fputs("  hint: \"optiga-sim --help\" lists commands and options\n", stderr);
	return PROG_USAGE;
}

/* --- create -------------------------------------------------------------------------------- */

static bool
parse_seed(const char *text, struct sim_config *cfg)
{
	char *end;

	errno = 0;
	cfg->seed = strtoull(text, &end, 0);
	cfg->seeded = true;
	return errno == 0 && *text != '\0' && *text != '-' && *end == '\0';
}

static bool
parse_speed(const char *text, struct sim_config *cfg)
{
	char *end;

	cfg->speed = strtod(text, &end);
	return *text != '\0' && *end == '\0' && isfinite(cfg->speed) && cfg->speed > 0;
}

static bool
parse_monitor(const char *text, struct sim_config *cfg)
{
	cfg->monitor = strcmp(text, "on") == 0;
	return cfg->monitor || strcmp(text, "off") == 0;
}

static int
create_options(int argc, char **argv, struct sim_config *cfg)
{
	static const struct option options[] = {
		{ "model", required_argument, NULL, 'm' },
		{ "monitor", required_argument, NULL, 'o' },
		{ "seed", required_argument, NULL, 's' },
		{ "speed", required_argument, NULL, 'p' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	cfg->model = NULL;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == 'm')
			cfg->model = optarg;
		else if (c == 'o' && !parse_monitor(optarg, cfg))
			return prog_usage("--monitor is \"on\" or \"off\", not \"%s\"", optarg);
		else if (c == 's' && !parse_seed(optarg, cfg))
			return prog_usage("--seed needs a number, not \"%s\"", optarg);
		else if (c == 'p' && !parse_speed(optarg, cfg))
			return prog_usage("--speed needs a number above 0, not \"%s\"", optarg);
		else if (c == ':')
			return prog_usage("create: %s needs a value", argv[optind - 1]);
		else if (c == '?')
			return prog_usage("create: unknown option \"%s\"", argv[optind - 1]);
	}
	if (cfg->model == NULL)
		return prog_usage("create: which chip? give --model, for example trust-m-v3");
	if (optind != argc - 1)
		return prog_usage("create: exactly one FILE is needed");
	return PROG_OK;
}

int
prog_create(int argc, char **argv)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;
	int r = create_options(argc, argv, &cfg);

	if (r != PROG_OK)
		return r;
	if ((r = sim_create(argv[optind], &cfg)) == 0)
		return PROG_OK;
	(void)prog_error("%s", sim_error());
	if (r == HAL_EEXIST)
		(void)fputs("  hint: choose another name, or remove the file if its keys are not "
			    "needed any more\n",
		    stderr);
	else if (r == HAL_EINVAL)
		(void)fputs("  hint: models are: trust-m-v3\n", stderr);
	return r == HAL_EINVAL ? PROG_USAGE : PROG_FAILED;
}

/* --- vendor-ca ----------------------------------------------------------------------------- */

int
prog_vendor_ca(int argc, char **argv)
{
	const unsigned char *der;
	X509 *cert;
	size_t len;
	int r;

	(void)argv;
	if (argc != 1)
		return prog_usage("vendor-ca: takes no argument");
	der = sim_vendor_ca(&len);
	cert = d2i_X509(NULL, &der, (long)len);
	r = cert != NULL && PEM_write_X509(stdout, cert) == 1 && fflush(stdout) == 0;
	X509_free(cert);
	return r ? PROG_OK : prog_error("certificate cannot be written: %s", strerror(errno));
}

/* --- the command line ---------------------------------------------------------------------- */

static bool
asks(int argc, char **argv, const char *option)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], option) == 0)
			return true;
	return false;
}

int
main(int argc, char **argv)
{
	log_init("optiga-sim");
	if (asks(argc, argv, "--help")) {
		(void)fputs(help, stdout);
		return PROG_OK;
	}
	if (asks(argc, argv, "--version")) {
		(void)printf("optiga-sim %s\n", PACKAGE_VERSION);
		return PROG_OK;
	}
	if (argc < 2) {
		(void)fputs(help, stderr);
		return PROG_USAGE;
	}
	for (size_t i = 0; i < NITEMS(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return prog_usage("unknown command \"%s\"", argv[1]);
}
