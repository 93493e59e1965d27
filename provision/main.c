/* The program optiga-provision. */
#include <config.h>

#include <stdio.h>
#include <string.h>

#include "provision/options.h"
#include "provision/stop.h"

int
main(int argc, char **argv)
{
	const struct command *c;
	struct options o;

	if (argc > 1 && strcmp(argv[1], "--complete") == 0) {
		options_complete(argc - 2, argv + 2);
		return fflush(stdout) == 0 ? PROV_OK : PROV_FAILED;
	}
	c = options_parse(argc, argv, &o);
	if (o.help) {
		options_help(stdout, c);
	} else if (o.version) {
		(void)puts("optiga-provision " PACKAGE_VERSION);
	} else if (c == NULL) {
		return PROV_USAGE;
	} else {
		enum prov_exit status;

		stop_prepare();
		status = c->run(&o);
		if (fflush(stdout) != 0 && status == PROV_OK) {
			prov_error("cannot write to standard output");
			status = PROV_FAILED;
		}
		return (int)status;
	}
	return fflush(stdout) == 0 ? PROV_OK : PROV_FAILED;
}
