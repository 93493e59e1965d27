/* How optiga-provision speaks; see msg.h. */
#include <config.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "provision/msg.h"

static bool verbose;
static struct prov_kept *kept; /* NULL: shown */
static char last_error[1024];

__attribute__((format(printf, 2, 0))) static void
say(const char *lead, const char *fmt, va_list ap)
{
	char *text = NULL;

	/* Words from files, chips and servers are in it: they do not get to steer a terminal. */
	if (vasprintf(&text, fmt, ap) < 0)
		text = NULL;
	for (char *p = text; p != NULL && *p != '\0'; p++)
		if (((unsigned char)*p < ' ' && *p != '\n') || *p == 0x7F)
			*p = '?';
	flockfile(stderr);
	(void)fputs(lead, stderr);
	(void)fputs(text != NULL ? text : fmt, stderr);
	(void)fputc('\n', stderr);
	funlockfile(stderr);
	free(text);
}

__attribute__((format(printf, 2, 0))) static void
keep(char text[sizeof(kept->error)], const char *fmt, va_list ap)
{
	if (text[0] == '\0')
		(void)vsnprintf(text, sizeof(kept->error), fmt, ap);
}

void
prov_keep(struct prov_kept *k)
{
	kept = k;
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
	if (kept != NULL)
		keep(kept->error, fmt, ap);
	else
		(void)vsnprintf(last_error, sizeof(last_error), fmt, ap);
	va_end(ap);
	if (kept != NULL)
		return;
	va_start(ap, fmt);
	say("optiga-provision: ", fmt, ap);
	va_end(ap);
}

const char *
prov_last_error(void)
{
	return last_error;
}

void
prov_hint(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (kept != NULL)
		keep(kept->hint, fmt, ap);
	else
		say("  hint: ", fmt, ap);
	va_end(ap);
}

void
prov_warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	if (kept != NULL)
		keep(kept->warning, fmt, ap);
	else
		say("optiga-provision: warning: ", fmt, ap);
	va_end(ap);
}

void
prov_step(const char *fmt, ...)
{
	va_list ap;

	if (kept != NULL || (!verbose && !isatty(STDERR_FILENO)))
		return;
	va_start(ap, fmt);
	say("  ", fmt, ap);
	va_end(ap);
}
