/* A program of the user's; see child.h. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "provision/child.h"

#define GRACE_MS 2000 /* from SIGTERM to SIGKILL */

extern char **environ;

struct child {
	pid_t pid;
	bool group; /* it leads a process group of its own */
	int in;     /* we write; -1: closed */
	int out;    /* we read */
	const char *input;
	size_t left;
	long long deadline;
};

static long long
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static bool
have_terminal(void)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/*
 * With a group of its own all that it started can be ended with it; but the terminal would stop it
 * then as soon as it asks there.
 */
static int
spawn(struct child *c, char *const argv[], int in, int out)
{
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t pipe_only;
	short flags = POSIX_SPAWN_SETSIGDEF;
	int r;

	if (posix_spawn_file_actions_init(&fa) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attr) != 0) {
		(void)posix_spawn_file_actions_destroy(&fa);
		return ENOMEM;
	}
	c->group = !have_terminal();
	if (c->group)
		flags |= POSIX_SPAWN_SETPGROUP;
	(void)sigemptyset(&pipe_only);
	(void)sigaddset(&pipe_only, SIGPIPE);
	r = posix_spawnattr_setsigdefault(&attr, &pipe_only);
	if (r == 0)
		r = posix_spawnattr_setflags(&attr, flags);
	if (r == 0 && c->input != NULL)
		r = posix_spawn_file_actions_adddup2(&fa, in, STDIN_FILENO);
	if (r == 0)
		r = posix_spawn_file_actions_adddup2(&fa, out, STDOUT_FILENO);
	if (r == 0)
		r = posix_spawnp(&c->pid, argv[0], &fa, &attr, argv, environ);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&fa);
	return r;
}

static void
close_input(struct child *c)
{
	if (c->in >= 0)
		(void)close(c->in);
	c->in = -1;
}

/* 0, or the system's number for what went wrong. */
static int
start(struct child *c, char *const argv[])
{
	int to[2], from[2], r;

	if (pipe2(to, O_CLOEXEC) != 0)
		return errno;
	if (pipe2(from, O_CLOEXEC) != 0) {
		r = errno;
		(void)close(to[0]);
		(void)close(to[1]);
		return r;
	}
	r = spawn(c, argv, to[0], from[1]);
	(void)close(to[0]);
	(void)close(from[1]);
	c->in = to[1];
	c->out = from[0];
	(void)fcntl(c->in, F_SETFL, O_NONBLOCK);
	if (r != 0 || c->input == NULL)
		close_input(c);
	if (r != 0)
		(void)close(c->out);
	return r;
}

/* A command that does not want all of the input is free to close it. */
static void
feed(struct child *c, struct child_result *r)
{
	ssize_t n = write(c->in, c->input, c->left);

	if (n > 0) {
		c->input += n;
		c->left -= (size_t)n;
		r->given = true;
	}
	if (c->left == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		close_input(c);
}

/* true: there is more to come. */
static bool
take(struct child *c, struct child_result *r, size_t max)
{
	ssize_t n = read(c->out, r->out + r->out_len, max + 1 - r->out_len);

	if (n < 0)
		return errno == EINTR;
	r->out_len += (size_t)n;
	if (r->out_len <= max)
		return n > 0;
	r->end = CHILD_VERBOSE;
	return false;
}

static void
converse(struct child *c, struct child_result *r, size_t max)
{
	for (;;) {
		struct pollfd fds[2] = { { .fd = c->out, .events = POLLIN },
			{ .fd = c->in, .events = POLLOUT } };
		long long left = c->deadline - now_ms();

		if (left <= 0) {
			r->end = CHILD_LATE;
			return;
		}
		if (poll(fds, 2, left > 1000 ? 1000 : (int)left) <= 0)
			continue;
		if (fds[1].revents != 0)
			feed(c, r);
		if (fds[0].revents != 0 && !take(c, r, max))
			return;
	}
}

static bool
wait_until(const struct child *c, long long deadline, int *status)
{
	pid_t r;

	while ((r = waitpid(c->pid, status, WNOHANG)) == 0 || (r < 0 && errno == EINTR)) {
		if (now_ms() >= deadline)
			return false;
		(void)poll(NULL, 0, 5);
	}
	return true;
}

static void
end(struct child *c, struct child_result *r)
{
	pid_t target = c->group ? -c->pid : c->pid;
	int status = 0;

	if (r->end == CHILD_EXITED && !wait_until(c, c->deadline, &status))
		r->end = CHILD_LATE;
	if (r->end != CHILD_EXITED) {
		(void)kill(target, SIGTERM);
		if (!wait_until(c, now_ms() + GRACE_MS, &status)) {
			(void)kill(target, SIGKILL);
			while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
				;
		}
		return;
	}
	if (WIFSIGNALED(status)) {
		r->end = CHILD_KILLED;
		r->status = WTERMSIG(status);
	} else {
		r->status = WEXITSTATUS(status);
	}
}

void
child_run(
    char *const argv[], const char *input, size_t max, unsigned int seconds, struct child_result *r)
{
	struct child c = { .input = input,
		.left = input != NULL ? strlen(input) : 0,
		.deadline = now_ms() + seconds * 1000LL };
	struct sigaction ignore = { .sa_handler = SIG_IGN }, old;
	int e;

	*r = (struct child_result){ .end = CHILD_EXITED, .out = malloc(max + 2) };
	if (r->out == NULL) {
		r->end = CHILD_FAILED;
		r->status = ENOMEM;
		return;
	}
	(void)sigemptyset(&ignore.sa_mask);
	(void)sigaction(SIGPIPE, &ignore, &old);
	e = start(&c, argv);
	if (e == 0) {
		converse(&c, r, max);
		close_input(&c);
		(void)close(c.out);
		end(&c, r);
		r->out[r->out_len] = '\0';
	} else {
		r->end = CHILD_FAILED;
		r->status = e;
	}
	(void)sigaction(SIGPIPE, &old, NULL);
}

void
child_clear(struct child_result *r)
{
	if (r->out != NULL)
		OPENSSL_cleanse(r->out, r->out_len);
	free(r->out);
	*r = (struct child_result){ .out = NULL };
}
