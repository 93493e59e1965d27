/* "optiga-sim decode": a trace for a person to read. */
#include <config.h>

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "hal/sim/prog.h"
#include "hal/sim/trace.h"

static int
parse_options(int argc, char **argv, struct trace_filter *f)
{
	static const struct option options[] = { TRACE_FILTER_OPTIONS, { NULL, 0, NULL, 0 } };
	int c;

	memset(f, 0, sizeof(*f));
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (c == ':')
			return prog_usage("decode: %s needs a value", argv[optind - 1]);
		if (c == '?')
			return prog_usage("decode: unknown option \"%s\"", argv[optind - 1]);
		if (!trace_filter_option(c, optarg, f))
			return prog_usage("decode: \"%s\" is no number", optarg);
	}
	if (optind != argc - 1)
		return prog_usage("decode: exactly one FILE is needed");
	return PROG_OK;
}

int
prog_decode(int argc, char **argv)
{
	struct trace_event *e = NULL;
	struct trace_words words = { 0 };
	struct trace_filter f;
	size_t n = 0;
	int r = parse_options(argc, argv, &f);

	if (r != PROG_OK || (r = trace_load(argv[optind], &f, &e, &n)) != PROG_OK)
		return r;
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || strcmp(e[i].source, e[i - 1].source) != 0)
			(void)printf("%s# %s\n", i > 0 ? "\n" : "", e[i].source);
		trace_say(stdout, &words, &e[i]);
	}
	free(e);
	if (fflush(stdout) != 0)
		return prog_error("output cannot be written: %s", strerror(errno));
	return PROG_OK;
}
