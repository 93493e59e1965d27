/*
 * LD_PRELOAD: kills the program (SIGKILL) just before its KILL_AT-th step, counted from 1. Steps
 * are what an interruption can fall between, of the kinds in KILL_WHAT ("cf" without it):
 *   c  transfers to a simulated chip (each takes a lock of the image)
 *   f  files flushed, renamed or removed
 *   n  connections made, and pieces sent to them
 * With KILL_LINE they are only what is written to the chip with that text in its line of a trace
 * (OPTIGA_TRACE), and it dies after that. Without KILL_AT nothing is killed; with KILL_COUNT the
 * number of steps is written to that file at the end.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
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

static void
step_of(char kind)
{
	const char *what = getenv("KILL_WHAT");

	if (getenv("KILL_LINE") == NULL && strchr(what != NULL ? what : "cf", kind) != NULL)
		step();
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
		step_of('c');
	return (int)syscall(SYS_fcntl, fd, cmd, arg);
}

int
fsync(int fd)
{
	step_of('f');
	return (int)syscall(SYS_fsync, fd);
}

int
rename(const char *from, const char *to)
{
	step_of('f');
	return (int)syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
}

int
unlink(const char *path)
{
	step_of('f');
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

int
connect(int fd, const struct sockaddr *to, socklen_t len)
{
	step_of('n');
	return (int)syscall(SYS_connect, fd, to, len);
}

ssize_t
send(int fd, const void *data, size_t len, int flags)
{
	step_of('n');
	return syscall(SYS_sendto, fd, data, len, flags, NULL, 0);
}

static bool
in_line(const struct iovec *iov, int n, const char *text)
{
	bool found = false;

	for (int i = 0; i < n; i++)
		found =
		    found || memmem(iov[i].iov_base, iov[i].iov_len, text, strlen(text)) != NULL;
	return found;
}

ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	const char *line = getenv("KILL_LINE");
	const ssize_t r = syscall(SYS_writev, fd, iov, n);

	if (line != NULL && in_line(iov, n, "\"dir\":\"W\"") && in_line(iov, n, line))
		step();
	return r;
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
