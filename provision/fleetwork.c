/* A worker of a fleet; see fleetwork.h. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "provision/fleetwork.h"
#include "provision/msg.h"
#include "provision/pace.h"

#define OUT_MAX      262144U /* bytes of standard output: a report has some 2000 */
#define LINE_MAX_LEN 1024U   /* of standard error; what is longer is cut */
#define ARGS_MAX     256U

#define LEAD         "optiga-provision: "
#define LEAD_WARN    LEAD "warning: "
#define LEAD_HINT    "  hint: "

struct fleet_worker {
	pid_t pid; /* 0: it was waited for */
	int status;
	int out, err; /* -1: closed */
	char *text;   /* standard output so far */
	size_t text_len;
	bool too_much;
	char line[LINE_MAX_LEN]; /* of standard error, under way */
	size_t line_len;
	char error[LINE_MAX_LEN], hint[LINE_MAX_LEN];
	json_t *rows;
};

/* "run" with all options and what is the chip's own. False: too many. */
static bool
put_args(const struct fleet_how *how, const struct fleet_chip *chip, const char **args)
{
	const char *config = chip->config != NULL ? chip->config : how->config;
	size_t n = 0;

	args[n++] = "optiga-provision";
	for (size_t i = 0; how->words[i] != NULL && n < ARGS_MAX - 12; i++)
		args[n++] = how->words[i];
	if (chip->token != NULL) {
		args[n++] = "--token";
		args[n++] = chip->token;
	}
	if (chip->slot != NULL) {
		args[n++] = "--slot";
		args[n++] = chip->slot;
	}
	for (size_t i = 0; chip->values != NULL && chip->values[i] != NULL; i++) {
		if (n >= ARGS_MAX - 8)
			return false;
		args[n++] = "--set";
		args[n++] = chip->values[i];
	}
	args[n++] = "--";
	args[n++] = config;
	args[n] = NULL;
	return true;
}

/* In the child, between fork and exec: what may fail here is told by its status. */
static void
become(const struct fleet_how *how, const struct fleet_chip *chip, const char **args, int out,
    int err, pid_t parent)
{
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char number[16];
	sigset_t none;

	/* A coordinator that is killed takes its workers with it, between two of their steps; one
	 * that is already gone has had no signal to send. A terminal's signals are for it alone. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	(void)setpgid(0, 0);
	if (getppid() != parent || null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(out, STDOUT_FILENO) < 0 || dup2(err, STDERR_FILENO) < 0)
		_exit(127);
	if (chip->device != NULL && setenv("OPTIGA_DEVICE", chip->device, 1) != 0)
		_exit(127);
	if (how->pace_fd >= 0) {
		(void)snprintf(number, sizeof(number), "%d", how->pace_fd);
		if (fcntl(how->pace_fd, F_SETFD, 0) != 0 || setenv(PACE_ENV, number, 1) != 0)
			_exit(127);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)execv(how->program, (char **)(uintptr_t)args);
	(void)dprintf(STDERR_FILENO, LEAD "cannot run \"%s\": %s\n", how->program, strerror(errno));
	_exit(127);
}

static bool
spawn(struct fleet_worker *w, const struct fleet_how *how, const struct fleet_chip *chip)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };
	const char *args[ARGS_MAX];
	pid_t parent = getpid();

	if (!put_args(how, chip, args)) {
		prov_error("%s: too many values", chip->name);
		return false;
	}
	if (pipe2(out, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0 && fflush(stdout) == 0 &&
	    (w->pid = fork()) >= 0) {
		if (w->pid == 0)
			become(how, chip, args, out[1], err[1], parent);
		(void)close(out[1]);
		(void)close(err[1]);
		w->out = out[0];
		w->err = err[0];
		(void)fcntl(w->out, F_SETFL, O_NONBLOCK);
		(void)fcntl(w->err, F_SETFL, O_NONBLOCK);
		return true;
	}
	prov_error("%s: cannot start a worker: %s", chip->name, strerror(errno));
	w->pid = 0;
	for (size_t i = 0; i < 2; i++) {
		if (out[i] >= 0)
			(void)close(out[i]);
		if (err[i] >= 0)
			(void)close(err[i]);
	}
	return false;
}

struct fleet_worker *
fleet_worker_start(const struct fleet_how *how, const struct fleet_chip *chip)
{
	struct fleet_worker *w = calloc(1, sizeof(*w));

	if (w == NULL) {
		prov_error("out of memory");
		return NULL;
	}
	w->out = w->err = -1;
	if (!spawn(w, how, chip))
		fleet_worker_free(&w);
	return w;
}

void
fleet_worker_stop(struct fleet_worker *w, bool again)
{
	if (w->pid > 0)
		(void)kill(w->pid, again ? SIGKILL : SIGTERM);
}

void
fleet_worker_free(struct fleet_worker **wp)
{
	struct fleet_worker *w = *wp;

	if (w == NULL)
		return;
	if (w->pid > 0) {
		(void)kill(w->pid, SIGKILL);
		(void)waitpid(w->pid, NULL, 0);
	}
	if (w->out >= 0)
		(void)close(w->out);
	if (w->err >= 0)
		(void)close(w->err);
	json_decref(w->rows);
	free(w->text);
	free(w);
	*wp = NULL;
}

void
fleet_worker_fds(const struct fleet_worker *w, int fds[2])
{
	fds[0] = w->out;
	fds[1] = w->err;
}

/* One line of what it says for people; they are made in msg.c. */
static void
take_line(struct fleet_worker *w, const struct fleet_listener *to)
{
	char *s = w->line;

	s[w->line_len] = '\0';
	w->line_len = 0;
	if (strncmp(s, LEAD_WARN, strlen(LEAD_WARN)) == 0) {
		to->warning(to->arg, s + strlen(LEAD_WARN));
	} else if (strncmp(s, LEAD, strlen(LEAD)) == 0) {
		(void)snprintf(w->error, sizeof(w->error), "%s", s + strlen(LEAD));
		w->hint[0] = '\0';
	} else if (strncmp(s, LEAD_HINT, strlen(LEAD_HINT)) == 0) {
		/* Of an error; a warning has none. */
		(void)snprintf(w->hint, sizeof(w->hint), "%s", s + strlen(LEAD_HINT));
	} else if (strncmp(s, "  ", 2) == 0) {
		to->step(to->arg, s + 2);
	}
}

static void
take_err(struct fleet_worker *w, const char *data, size_t len, const struct fleet_listener *to)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c == '\n')
			take_line(w, to);
		else if (w->line_len < sizeof(w->line) - 1)
			/* No control sequence gets to the terminal. */
			w->line[w->line_len++] = c < ' ' || c == 0x7F ? ' ' : (char)c;
	}
}

static void
take_out(struct fleet_worker *w, const char *data, size_t len)
{
	char *more;

	if (w->too_much || len > OUT_MAX - w->text_len) {
		w->too_much = true;
		return;
	}
	more = realloc(w->text, w->text_len + len);
	if (more == NULL) {
		w->too_much = true;
		return;
	}
	memcpy(more + w->text_len, data, len);
	w->text = more;
	w->text_len += len;
}

/* Until there is no more for now. */
static void
drain(struct fleet_worker *w, int *fd, const struct fleet_listener *to)
{
	char data[4096];
	ssize_t n;

	while (*fd >= 0) {
		n = read(*fd, data, sizeof(data));
		if (n > 0 && fd == &w->out)
			take_out(w, data, (size_t)n);
		else if (n > 0)
			take_err(w, data, (size_t)n, to);
		if (n > 0 || (n < 0 && errno == EINTR))
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		(void)close(*fd);
		*fd = -1;
	}
}

void
fleet_worker_read(struct fleet_worker *w, const struct fleet_listener *to)
{
	drain(w, &w->out, to);
	drain(w, &w->err, to);
}

/* One object after the other, or lists of them. */
static void
take_rows(struct fleet_worker *w)
{
	size_t at = 0;

	w->rows = json_array();
	while (!w->too_much && at < w->text_len) {
		json_error_t e;
		json_t *v = json_loadb(w->text + at, w->text_len - at, JSON_DISABLE_EOF_CHECK, &e);

		if (v == NULL)
			break;
		at += (size_t)e.position;
		if (json_is_array(v))
			(void)json_array_extend(w->rows, v);
		else
			(void)json_array_append(w->rows, v);
		json_decref(v);
	}
}

bool
fleet_worker_ended(struct fleet_worker *w, const struct fleet_listener *to, struct fleet_told *out)
{
	/* What a grandchild still holds open is not waited for. */
	if (w->pid > 0 && waitpid(w->pid, &w->status, WNOHANG) != w->pid)
		return false;
	if (w->pid > 0) {
		w->pid = 0;
		fleet_worker_read(w, to);
		if (w->line_len > 0)
			take_line(w, to);
		take_rows(w);
	}
	*out = (struct fleet_told){ .status = w->status,
		.rows = w->rows,
		.error = w->error[0] != '\0' ? w->error : NULL,
		.hint = w->hint[0] != '\0' ? w->hint : NULL };
	return true;
}
