/*
 * "optiga-sim serve": clients and the poll loop. What requests mean is in serve_op.c, how virtual
 * time moves in serve_time.c.
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

#define READ_CHUNK 4096

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
	while (!serve_stopped()) {
		do
			serve_requests(sv);
		while (serve_pass_time(sv));
		for (unsigned i = sv->nclients; i-- > 0;)
			if (!flush(sv->clients[i]))
				drop_client(sv, i);
		serve_once(sv, waiting);
	}
}

/* --- the command --------------------------------------------------------------------------- */

struct serve_options {
	const char *socket, *log, *image, *faults;
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
		{ "fault", required_argument, NULL, 'f' },
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
		case 'f': o->faults = optarg; break;
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
	(void)sim_set_shield_fault(sv->sim, NULL); /* of a server that was killed */
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
	struct serve_socket sock = { .fd = -1 };
	sigset_t waiting;
	int r = parse_options(argc, argv, &o);

	if (r != PROG_OK)
		return r;
	serve_stop_on_signals(&waiting);
	if ((r = open_chip(&sv, &o)) != PROG_OK)
		goto out;
	r = PROG_USAGE;
	if (o.faults != NULL && !serve_faults(&sv, o.faults))
		goto out;
	r = PROG_FAILED;
	if (o.log != NULL && !serve_log_open(&sv, o.log))
		goto out;
	if ((r = serve_socket_open(&sock, o.socket)) != PROG_OK)
		goto out;
	sv.listen_fd = sock.fd;
	(void)fcntl(sock.fd, F_SETFL, O_NONBLOCK);
	(void)printf("optiga-sim: ready on %s\n", o.socket);
	(void)fflush(stdout);
	loop(&sv, &waiting);
out:
	while (sv.nclients > 0)
		drop_client(&sv, 0);
	serve_socket_close(&sock);
	if (sv.sim != NULL)
		(void)sim_set_shield_fault(sv.sim, NULL);
	serve_log_close(&sv);
	free(sv.mark);
	sim_close(&sv.sim);
	return r;
}
