/*
 * LD_PRELOAD: kills the program (SIGKILL) just before its KILL_AT-th step, counted from 1. Steps
 * are what an interruption can fall between: transfers to a simulated chip (each takes a lock of
 * the image), and files flushed, renamed or removed. Without KILL_AT nothing is killed; with
 * KILL_COUNT the number of steps is written to that file at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static long count, at;

static void
step(void)
{
	if (at == 0) {
		const char *value = getenv("KILL_AT");

		at = value != NULL ? strtol(value, NULL, 10) : -1;
	}
	if (++count == at)
		(void)raise(SIGKILL);
}

int
fcntl(int fd, int cmd, ...)
{
	va_list ap;
	long arg;

	va_start(ap, cmd);
	arg = va_arg(ap, long);
	va_end(ap);
	if (cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW)
		step();
	return (int)syscall(SYS_fcntl, fd, cmd, arg);
}

int
fsync(int fd)
{
	step();
	return (int)syscall(SYS_fsync, fd);
}

int
rename(const char *from, const char *to)
{
	step();
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlink(const char *path)
{
	step();
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

__attribute__((destructor)) static void
report(void)
{
	const char *path = getenv("KILL_COUNT");
	FILE *f = path != NULL ? fopen(path, "we") : NULL;

	if (f == NULL)
		return;
	(void)fprintf(f, "%ld\n", count);
	(void)fclose(f);
}
