/*
 * "optiga-sim serve": socket, lock file, signals and the poll loop. What requests mean is in
 * serve_op.c, how virtual time moves in serve_time.c.
 */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "hal/base/err.h"
#include "hal/sim/prog.h"
#include "hal/sim/serve.h"

#define LOCK_FILE_LEN 4096 /* hosts keep their record in it */
#define READ_CHUNK    4096

static volatile sig_atomic_t stop;

uint64_t
serve_clock(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

uint64_t
serve_now(struct server *sv)
{
	return sim_now(sv->sim) - sv->base;
}

bool
serve_append(struct serve_bytes *b, const void *p, size_t n)
{
	size_t cap = b->cap > 0 ? b->cap : 256;
	uint8_t *grown;

	while (cap < b->len + n)
		cap *= 2;
	if (cap != b->cap) {
		grown = realloc(b->p, cap);
		if (grown == NULL)
			return false;
		b->p = grown;
		b->cap = cap;
	}
	if (n > 0)
		memcpy(b->p + b->len, p, n);
	b->len += n;
	return true;
}

/* --- clients ------------------------------------------------------------------------------- */

static void
accept_client(struct server *sv)
{
	struct serve_client *c;
	int fd = accept4(sv->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	c = sv->nclients < SERVE_CLIENTS ? calloc(1, sizeof(*c)) : NULL;
	if (c == NULL) {
		(void)close(fd);
		return;
	}
	c->fd = fd;
	c->nr = ++sv->connections;
	c->khz = SERVE_PORT_KHZ;
	c->spoke_at = serve_clock();
	sv->clients[sv->nclients++] = c;
}

static void
drop_client(struct server *sv, unsigned i)
{
	struct serve_client *c = sv->clients[i];

	serve_release(sv, c);
	(void)close(c->fd);
	free(c->in.p);
	free(c->out.p);
	free(c);
	sv->clients[i] = sv->clients[--sv->nclients];
}

/* Returns false when the client is gone. */
static bool
receive(struct serve_client *c)
{
	uint8_t chunk[READ_CHUNK];
	ssize_t n = recv(c->fd, chunk, sizeof(chunk), 0);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	c->spoke_at = serve_clock();
	return c->closing || serve_append(&c->in, chunk, (size_t)n);
}

static bool
flush(struct serve_client *c)
{
	ssize_t n;

	while (c->out.len > 0) {
		n = send(c->fd, c->out.p, c->out.len, MSG_NOSIGNAL);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		memmove(c->out.p, c->out.p + n, c->out.len - (size_t)n);
		c->out.len -= (size_t)n;
	}
	return !c->closing;
}

/* --- the loop ------------------------------------------------------------------------------ */

static void
serve_once(struct server *sv, const sigset_t *waiting)
{
	struct pollfd fds[SERVE_CLIENTS + 1];
	unsigned n = sv->nclients;
	int ms = serve_timeout(sv);
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	for (unsigned i = 0; i < n; i++) {
		struct serve_client *c = sv->clients[i];

		fds[i].fd = c->fd;
		fds[i].events = c->out.len > 0 ? POLLOUT : 0;
		if (c->in.len < SERVE_INPUT_MAX)
			fds[i].events |= POLLIN;
	}
	fds[n].fd = sv->listen_fd;
	fds[n].events = POLLIN;
	if (ppoll(fds, n + 1, ms < 0 ? NULL : &ts, waiting) < 0)
		return;
	for (unsigned i = n; i-- > 0;)
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR) && !receive(sv->clients[i]))
			drop_client(sv, i);
	if (fds[n].revents & POLLIN)
		accept_client(sv);
}

static void
loop(struct server *sv, const sigset_t *waiting)
{
	while (!stop) {
		do
			serve_requests(sv);
		while (serve_pass_time(sv));
		for (unsigned i = sv->nclients; i-- > 0;)
			if (!flush(sv->clients[i]))
				drop_client(sv, i);
		serve_once(sv, waiting);
	}
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

static int
listen_at(struct server *sv, const char *path, const char *lock_path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int r;

	if (strlen(path) >= sizeof(sa.sun_path))
		return prog_error("%s: is too long for a socket, %zu bytes at most", path,
		    sizeof(sa.sun_path) - 1);
	memcpy(sa.sun_path, path, strlen(path) + 1);
	if ((r = clear_path(&sa)) != PROG_OK || (r = make_lock_file(lock_path)) != PROG_OK)
		return r;
	sv->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sv->listen_fd >= 0 &&
	    bind(sv->listen_fd, (const struct sockaddr *)&sa, sizeof(sa)) == 0 &&
	    listen(sv->listen_fd, 16) == 0)
		return PROG_OK;
	r = prog_error("%s: cannot be made: %s", path, strerror(errno));
	if (sv->listen_fd >= 0)
		(void)close(sv->listen_fd);
	sv->listen_fd = -1;
	(void)unlink(lock_path);
	return r;
}

/* --- the command --------------------------------------------------------------------------- */

static void
on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/* SIGTERM and SIGINT arrive inside ppoll only, so that none is missed just before it. */
static void
set_signals(sigset_t *waiting)
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

struct serve_options {
	const char *socket, *log, *image;
	bool virtual_time, repeated_start;
};

static int
parse_options(int argc, char **argv, struct serve_options *o)
{
	static const struct option options[] = {
		{ "socket", required_argument, NULL, 's' },
		{ "virtual-time", no_argument, NULL, 'v' },
		{ "log", required_argument, NULL, 'l' },
		{ "repeated-start", no_argument, NULL, 'r' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	memset(o, 0, sizeof(*o));
	while ((c = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		switch (c) {
		case 's': o->socket = optarg; break;
		case 'v': o->virtual_time = true; break;
		case 'l': o->log = optarg; break;
		case 'r': o->repeated_start = true; break;
		case ':': return prog_usage("serve: %s needs a value", argv[optind - 1]);
		default: return prog_usage("serve: unknown option \"%s\"", argv[optind - 1]);
		}
	}
	if (o->socket == NULL)
		return prog_usage("serve: where? give --socket PATH");
	if (optind != argc - 1)
		return prog_usage("serve: exactly one FILE is needed");
	o->image = argv[optind];
	return PROG_OK;
}

static int
open_chip(struct server *sv, const struct serve_options *o)
{
	struct sim_view v;
	int r = sim_open_as(o->image, o->virtual_time ? SIM_TIME_VIRTUAL : SIM_TIME_REAL,
	    IMAGE_EXCLUSIVE, &sv->sim);

	if (r != 0) {
		(void)prog_error("%s", sim_error());
		if (r == HAL_ENODEV)
			(void)fprintf(stderr,
			    "  hint: make a chip with: optiga-sim create --model trust-m-v3 %s\n",
			    o->image);
		return PROG_FAILED;
	}
	if (sim_look(sv->sim, &v) == 0)
		sv->chip_base = v.counts;
	sv->virtual_time = o->virtual_time;
	sv->repeated_start = o->repeated_start;
	sv->base = sv->virtual_time ? sim_now(sv->sim) : 0;
	return PROG_OK;
}

int
prog_serve(int argc, char **argv)
{
	struct server sv = { .listen_fd = -1 };
	struct serve_options o;
	char *lock_path = NULL;
	sigset_t waiting;
	int r = parse_options(argc, argv, &o);

	if (r != PROG_OK)
		return r;
	set_signals(&waiting);
	if ((r = open_chip(&sv, &o)) != PROG_OK)
		goto out;
	r = PROG_FAILED;
	if (o.log != NULL && !serve_log_open(&sv, o.log))
		goto out;
	if (asprintf(&lock_path, "%s.lock", o.socket) < 0) {
		lock_path = NULL;
		goto out;
	}
	if ((r = listen_at(&sv, o.socket, lock_path)) != PROG_OK)
		goto out;
	(void)printf("optiga-sim: ready on %s\n", o.socket);
	(void)fflush(stdout);
	loop(&sv, &waiting);
	(void)unlink(o.socket);
	(void)unlink(lock_path);
out:
	while (sv.nclients > 0)
		drop_client(&sv, 0);
	if (sv.listen_fd >= 0)
		(void)close(sv.listen_fd);
	serve_log_close(&sv);
	free(sv.mark);
	free(lock_path);
	sim_close(&sv.sim);
	return r;
}
