/* Log lines, written whole with one write so that processes sharing a terminal do not mix. */
#include <config.h>

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/base/log.h"

static atomic_int level = LOG_LEVEL_OFF;
static const char *_Atomic prefix = "optiga";
static _Thread_local bool hushed;

void
log_hush(bool on)
{
	hushed = on;
}

void
log_set_level(enum log_level l)
{
	atomic_store(&level, (int)l);
}

void
log_init(const char *name)
{
	static const struct {
		const char *name;
		enum log_level level;
	} names[] = {
		{ "off", LOG_LEVEL_OFF },
		{ "error", LOG_LEVEL_ERROR },
		{ "info", LOG_LEVEL_INFO },
		{ "debug", LOG_LEVEL_DEBUG },
	};
	const char *want = secure_getenv("OPTIGA_LOG");

	atomic_store(&prefix, name);
	for (size_t i = 0; want != NULL && i < NITEMS(names); i++)
		if (strcmp(want, names[i].name) == 0)
			log_set_level(names[i].level);
}

__attribute__((format(printf, 2, 0))) static void
line(enum log_level l, const char *fmt, va_list ap)
{
	char text[1024];
	int saved = errno;
	int n, m;

	if ((int)(hushed ? LOG_LEVEL_DEBUG : l) > atomic_load(&level))
		return;
	n = snprintf(text, sizeof(text), "%s: ", atomic_load(&prefix));
	if (n < 0 || (size_t)n >= sizeof(text) - 1)
		return;
	m = vsnprintf(text + n, sizeof(text) - 1 - (size_t)n, fmt, ap);
	if (m < 0)
		return;
	n = (int)strlen(text);
	text[n++] = '\n';
	if (write(STDERR_FILENO, text, (size_t)n) < 0)
		errno = saved; /* nowhere left to say it */
	errno = saved;
}

void
log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
}

void
log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(LOG_LEVEL_INFO, fmt, ap);
	va_end(ap);
}

void
log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	line(LOG_LEVEL_DEBUG, fmt, ap);
	va_end(ap);
}
