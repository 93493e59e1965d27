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
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "hal/base/err.h"
#include "hal/base/log.h"
#include "hal/sim/fault.h"
#include "hal/sim/prog.h"
#include "hal/sim/sim.h"
#include "hal/sim/app.h"

static const char help[] =
    "Usage: optiga-sim COMMAND [OPTION]... [FILE]\n"
    "Makes, serves and shows simulated OPTIGA Trust chips. One file is one chip.\n"
    "\n"
    "  create --model MODEL [OPTION]... FILE   make a new chip; never overwrites\n"
    "      --model MODEL           trust-x, trust-m-v1, trust-m-v3, trust-m-express, trust-m-mtr\n"
    "      --monitor on|off        security monitor and its delays (on)\n"
    "      --seed N                keys and randoms from N, the same every time\n"
    "      --speed F               execution times by F: 0.5 is twice as fast (1.0)\n"
    "      --quirk NAME            another reading of the manual, see below; may be repeated\n"
    "      --portal PORTALFILE     write the secrets of an Express or MTR chip there\n"
    "  serve --socket PATH [OPTION]... FILE    let programs reach the chip over a bus socket\n"
    "      --virtual-time          time moves only with the bus, as fast as it can be computed\n"
    "      --log LOGFILE           append every bus event as a line of JSON\n"
    "      --repeated-start        take repeated STARTs, which the real chip does not\n"
    "      --fault KIND[=N]@CLASS[+SKIP][*COUNT],...  what goes wrong, and when\n"
    "  show [--json] FILE          what is on the chip\n"
    "  decode [OPTION]... TRACE    a trace of the bus (OPTIGA_TRACE, serve --log) in words\n"
    "  replay --socket PATH [OPTION]... TRACE  let the trace answer programs instead of a chip\n"
    "      --pid N, --conn N       only the events of one process, of one connection\n"
    "      --variant S, --scenario S  only those with that \"variant\", that \"scenario\"\n"
    "  vendor-ca [--model MODEL]   the certificates that sign factory certificates, PEM\n"
    "\n"
    "      --help                  this text\n"
    "      --version               the version\n"
    "\n"
    "Example:\n"
    "  optiga-sim create --model trust-m-v3 chip.img\n"
    "  OPTIGA_DEVICE=sim:$PWD/chip.img p11tool --list-tokens\n"
    "\n"
    "Exit status: 0 done, 1 failed, 2 wrong command line. Manual: optiga-sim(1)\n"
    "\n"
    "Quirks, each something that the chip's manual leaves open:\n";

static void
print_help(FILE *f)
{
	const struct sim_quirk *q;

	(void)fputs(help, f);
	for (size_t i = 0; (q = sim_quirk_at(i)) != NULL; i++)
		(void)fprintf(f, "  %-15s %s\n", q->name, q->what);
}

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "create", prog_create },
	{ "serve", prog_serve },
	{ "show", prog_show },
	{ "vendor-ca", prog_vendor_ca },
	{ "decode", prog_decode },
	{ "replay", prog_replay },
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

/* What a new chip is to be, besides its configuration. */
struct wishes {
	const char *portal;   /* file, or NULL */
	unsigned app, shield; /* switches */
};

static bool
parse_quirk(const char *name, struct wishes *w)
{
	const struct sim_quirk *q = sim_quirk_find(name);

	if (q == NULL)
		return false;
	*(q->shield ? &w->shield : &w->app) |= q->bit;
	return true;
}

static int
create_options(int argc, char **argv, struct sim_config *cfg, struct wishes *w)
{
	static const struct option options[] = {
		{ "model", required_argument, NULL, 'm' },
		{ "monitor", required_argument, NULL, 'o' },
		{ "seed", required_argument, NULL, 's' },
		{ "speed", required_argument, NULL, 'p' },
		{ "portal", required_argument, NULL, 'f' },
		{ "quirk", required_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	cfg->model = NULL;
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == 'm')
			cfg->model = optarg;
		else if (c == 'f')
			w->portal = optarg;
		else if (c == 'o' && !parse_monitor(optarg, cfg))
			return prog_usage("--monitor is \"on\" or \"off\", not \"%s\"", optarg);
		else if (c == 's' && !parse_seed(optarg, cfg))
			return prog_usage("--seed needs a number, not \"%s\"", optarg);
		else if (c == 'p' && !parse_speed(optarg, cfg))
			return prog_usage("--speed needs a number above 0, not \"%s\"", optarg);
		else if (c == 'q' && !parse_quirk(optarg, w))
			return prog_usage("create: no such quirk: \"%s\"", optarg);
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

static void
hint_models(void)
{
	const char *name;

	(void)fputs("  hint: models are:", stderr);
	for (size_t i = 0; (name = sim_app_model(i)) != NULL; i++)
		(void)fprintf(stderr, " %s", name);
	(void)fputc('\n', stderr);
}

static int
set_quirks(const char *path, const struct wishes *w)
{
	struct sim *s = NULL;
	int r;

	if (w->app == 0 && w->shield == 0)
		return PROG_OK;
	if ((r = sim_open(path, SIM_TIME_VIRTUAL, &s)) == 0 && (r = sim_set_app(s, w->app)) == 0)
		r = sim_set_shield(s, w->shield);
	sim_close(&s);
	if (r == 0)
		return PROG_OK;
	(void)unlink(path);
	return prog_error("%s: quirks cannot be set: %s", path, hal_strerror(r));
}

static int
create(const char *path, const struct sim_config *cfg, const struct wishes *w)
{
	const int r = sim_create(path, cfg);

	if (r == 0)
		return set_quirks(path, w);
	(void)prog_error("%s", sim_error());
	if (r == HAL_EEXIST)
		(void)fputs("  hint: choose another name, or remove the file if its keys are not "
			    "needed any more\n",
		    stderr);
	else if (r == HAL_EINVAL)
		hint_models();
	return r == HAL_EINVAL ? PROG_USAGE : PROG_FAILED;
}

/* Both files or none: the portal file first, because its secrets are nowhere else. */
static int
create_with_portal(const char *path, const struct sim_config *cfg, const struct wishes *w)
{
	const int fd = prog_portal_open(w->portal);
	int r;

	if (fd < 0)
		return PROG_FAILED;
	r = create(path, cfg, w);
	if (r == PROG_OK && (r = prog_portal_write(fd, w->portal, path)) != PROG_OK)
		(void)unlink(path);
	if (r != PROG_OK)
		(void)unlink(w->portal);
	(void)close(fd);
	return r;
}

int
prog_create(int argc, char **argv)
{
	struct sim_config cfg = SIM_CONFIG_DEFAULT;
	struct wishes w = { NULL, 0, 0 };
	const int r = create_options(argc, argv, &cfg, &w);

	if (r != PROG_OK)
		return r;
	return w.portal == NULL ? create(argv[optind], &cfg, &w)
				: create_with_portal(argv[optind], &cfg, &w);
}

/* --- vendor-ca ----------------------------------------------------------------------------- */

static bool
write_ca(const char *model, size_t n, bool *more)
{
	size_t len;
	const unsigned char *der = sim_vendor_ca(model, n, &len);
	X509 *cert;
	bool ok;

	*more = der != NULL;
	if (der == NULL)
		return n > 0;
	cert = d2i_X509(NULL, &der, (long)len);
	ok = cert != NULL && PEM_write_X509(stdout, cert) == 1;
	X509_free(cert);
	return ok;
}

int
prog_vendor_ca(int argc, char **argv)
{
	static const struct option options[] = {
		{ "model", required_argument, NULL, 'm' },
		{ NULL, 0, NULL, 0 },
	};
	const char *model = "trust-m-v3";
	bool more = true, ok = true;
	size_t len;
	int c;

	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c != 'm')
			return prog_usage(
			    "vendor-ca: \"%s\" is no option, or needs a value", argv[optind - 1]);
		model = optarg;
	}
	if (optind != argc)
		return prog_usage("vendor-ca: takes no argument");
	if (sim_vendor_ca(model, 0, &len) == NULL) {
		(void)prog_error("no such model of the chip: \"%s\"", model);
		hint_models();
		return PROG_USAGE;
	}
	for (size_t n = 0; ok && more; n++)
		ok = write_ca(model, n, &more);
	return ok && fflush(stdout) == 0
		   ? PROG_OK
		   : prog_error("certificate cannot be written: %s", strerror(errno));
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
		print_help(stdout);
		return PROG_OK;
	}
	if (asks(argc, argv, "--version")) {
		(void)printf("optiga-sim %s\n", PACKAGE_VERSION);
		return PROG_OK;
	}
	if (argc < 2) {
		print_help(stderr);
		return PROG_USAGE;
	}
	for (size_t i = 0; i < NITEMS(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	return prog_usage("unknown command \"%s\"", argv[1]);
}
