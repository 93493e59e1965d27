/* Messages for fuzz targets; see messages.h. */
#include <config.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#include "provision/msg.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/messages.h"

unsigned int errors;

/* Messages are made, so that all that is in them is read, and counted. */
__attribute__((format(printf, 1, 0))) static void
make(const char *fmt, va_list ap)
{
	char *text = NULL;

	fuzz_assert(vasprintf(&text, fmt, ap) > 0);
	free(text);
}

#define SAY(name, count)                                                                           \
	void name(const char *fmt, ...)                                                            \
	{                                                                                          \
		va_list ap;                                                                        \
                                                                                                   \
		va_start(ap, fmt);                                                                 \
		make(fmt, ap);                                                                     \
		va_end(ap);                                                                        \
		errors += (count);                                                                 \
	}
SAY(prov_error, 1)
SAY(prov_hint, 0)
SAY(prov_warn, 0)
SAY(prov_step, 0)

void
prov_set_verbose(bool on)
{
	(void)on;
}
