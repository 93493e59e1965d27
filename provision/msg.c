/* How optiga-provision speaks; see msg.h. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "provision/msg.h"

static bool verbose;

__attribute__((format(printf, 2, 0))) static void
say(const char *lead, const char *fmt, va_list ap)
{
	flockfile(stderr);
	(void)fputs(lead, stderr);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputc('\n', stderr);
	funlockfile(stderr);
}

void
prov_set_verbose(bool on)
{
	verbose = on;
}

void
prov_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("optiga-provision: ", fmt, ap);
	va_end(ap);
}

void
prov_hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("  hint: ", fmt, ap);
	va_end(ap);
}

void
prov_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say("optiga-provision: warning: ", fmt, ap);
	va_end(ap);
}

void
prov_step(const char *fmt, ...)
{
	va_list ap;

	if (!verbose && !isatty(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	say("  ", fmt, ap);
	va_end(ap);
}
