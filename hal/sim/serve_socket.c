/*
 * The socket of a bus, the lock file beside it, and the signals that end a server.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hal/sim/prog.h"
#include "hal/sim/serve.h"

#define LOCK_FILE_LEN 4096 /* hosts keep their record in it */

static volatile sig_atomic_t stop;

bool
serve_stopped(void)
{
	return stop != 0;
}

static void
on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

void
serve_stop_on_signals(sigset_t *waiting)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t block;

	(void)sigemptyset(&block);
	(void)sigaddset(&block, SIGTERM);
	(void)sigaddset(&block, SIGINT);
	(void)sigprocmask(SIG_BLOCK, &block, waiting);
	(void)sigdelset(waiting, SIGTERM);
	(void)sigdelset(waiting, SIGINT);
	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGINT, &sa, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

/* --- socket and lock file ------------------------------------------------------------------ */

/* A socket that nobody listens on any more is removed, anything else at that place is not. */
static int
clear_path(const struct sockaddr_un *sa)
{
	struct stat sb;
	int fd, r;

	if (lstat(sa->sun_path, &sb) != 0)
		return errno == ENOENT ? PROG_OK
				       : prog_error("%s: %s", sa->sun_path, strerror(errno));
	if (!S_ISSOCK(sb.st_mode))
		return prog_error("%s: exists already and is no socket", sa->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return prog_error("%s: %s", sa->sun_path, strerror(errno));
	r = connect(fd, (const struct sockaddr *)sa, sizeof(*sa));
	(void)close(fd);
	if (r == 0)
		return prog_error("%s: another server listens there", sa->sun_path);
	if (unlink(sa->sun_path) != 0 && errno != ENOENT)
		return prog_error(
		    "%s: old socket cannot be removed: %s", sa->sun_path, strerror(errno));
	return PROG_OK;
}

/* Hosts take their turns with a lock on this file. New for every server: old records are void. */
static int
make_lock_file(const char *path)
{
	int fd;

	if (unlink(path) != 0 && errno != ENOENT)
		return prog_error("%s: cannot be replaced: %s", path, strerror(errno));
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0660);
	if (fd < 0)
		return prog_error("%s: cannot be made: %s", path, strerror(errno));
	if (posix_fallocate(fd, 0, LOCK_FILE_LEN) != 0) {
		(void)close(fd);
		(void)unlink(path);
		return prog_error("%s: cannot be written", path);
	}
	(void)close(fd);
	return PROG_OK;
}

int
serve_socket_open(struct serve_socket *s, const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int r;

	s->fd = -1;
	s->path = path;
	s->lock_path = NULL;

	if (strlen(path) >= sizeof(sa.sun_path))
		return prog_error("%s: is too long for a socket, %zu bytes at most", path,
		    sizeof(sa.sun_path) - 1);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if (asprintf(&s->lock_path, "%s.lock", path) < 0) {
		s->lock_path = NULL;
		return prog_error("out of memory");
	}
	if ((r = clear_path(&sa)) != PROG_OK || (r = make_lock_file(s->lock_path)) != PROG_OK)
		goto out;
	s->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (s->fd >= 0 && bind(s->fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0 &&
	    listen(s->fd, 16) == 0)
		return PROG_OK;
	r = prog_error("%s: cannot be made: %s", path, strerror(errno));
	if (s->fd >= 0)
		(void)close(s->fd);
	s->fd = -1;
	(void)unlink(s->lock_path);
out:
	free(s->lock_path);
	s->lock_path = NULL;
	return r;
}

void
serve_socket_close(struct serve_socket *s)
{
	if (s->fd < 0)
		return;
	(void)close(s->fd);
	(void)unlink(s->path);
	(void)unlink(s->lock_path);
	free(s->lock_path);
	s->fd = -1;
}
