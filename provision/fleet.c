/*
 * The work of a fleet; see fleet.h. One loop: begin what may begin, wait until a worker says
 * something or ends or a time has come, take what it told.
 */
#include <config.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "provision/fleetreport.h"
#include "provision/fleetview.h"
#include "provision/fleetwork.h"
#include "provision/msg.h"
#include "provision/stop.h"

/* Seconds that a worker has to end after its time is over, if it had as many for its work. */
#define GRACE 10U

/* One of the places where a worker can be. */
struct place {
	struct loop *loop;
	unsigned int number;
	struct fleet_chip *chip;     /* NULL: free */
	struct fleet_worker *worker; /* NULL: waits for its next attempt */
	unsigned int attempt;        /* from 1 */
	double until; /* of the next attempt; with a worker: when it must have ended */
	bool told_to_stop, overdue;
	char started[32];
};

struct loop {
	struct fleet *f;
	struct place *places;
	struct pollfd *fds;
	struct fleet_chip *next; /* read, and not yet begun */
	bool all_read;
	sigset_t unblocked;
};

static double
monotonic(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* RFC 3339, UTC. */
static void
put_now(char out[32])
{
	time_t now = time(NULL);
	struct tm tm;

	(void)strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
}

static void
on_step(void *arg, const char *text)
{
	const struct place *p = arg;

	fleet_view_step(p->loop->f->view, p->number, text);
}

static void
on_warning(void *arg, const char *text)
{
	const struct place *p = arg;

	fleet_view_warn(p->loop->f->view, p->chip, text);
}

static struct fleet_listener
listener(struct place *p)
{
	return (struct fleet_listener){ .step = on_step, .warning = on_warning, .arg = p };
}

static enum fleet_result
result_of(const struct fleet_told *told)
{
	json_t *row;
	size_t i;

	if (WIFEXITED(told->status) && WEXITSTATUS(told->status) == PROV_INTERRUPTED)
		return FLEET_LATER;
	if (!WIFEXITED(told->status) || WEXITSTATUS(told->status) != PROV_OK)
		return FLEET_FAILED;
	json_array_foreach(told->rows, i, row)
	{
		const char *r = json_string_value(json_object_get(row, "result"));

		if (r != NULL && strcmp(r, "nothing to do") != 0)
			return FLEET_DONE;
	}
	/* Done, and no word of it: not our program. */
	return json_array_size(told->rows) > 0 ? FLEET_NOTHING : FLEET_FAILED;
}

static const char *
default_error(const struct place *p, const struct fleet_told *told, char *out, size_t size)
{
	if (p->overdue)
		(void)snprintf(out, size, "it did not end within %u s", p->loop->f->timeout);
	else if (WIFSIGNALED(told->status))
		(void)snprintf(out, size, "its worker was ended by signal %d (%s)",
		    WTERMSIG(told->status), strsignal(WTERMSIG(told->status)));
	else
		(void)snprintf(out, size, "its worker ended with status %d and gave no reason",
		    WEXITSTATUS(told->status));
	return out;
}

/* What a row says that the worker did not. */
static void
complete_row(json_t *row, const struct place *p, const struct fleet_outcome *o)
{
	static const char *const results[FLEET_RESULTS] = {
		[FLEET_DONE] = "provisioned",
		[FLEET_NOTHING] = "nothing to do",
		[FLEET_FAILED] = "failed",
		[FLEET_LATER] = "interrupted",
	};
	const char *own = json_string_value(json_object_get(row, "result"));
	char now[32];

	put_now(now);
	(void)json_object_set_new(row, "row", json_integer((json_int_t)p->chip->number));
	(void)json_object_set_new(row, "chip", json_string(p->chip->name));
	(void)json_object_set_new(row, "attempts", json_integer((json_int_t)p->attempt));
	if (json_object_get(row, "result") == NULL)
		(void)json_object_set_new(row, "result", json_string(results[o->result]));
	if (json_object_get(row, "started") == NULL)
		(void)json_object_set_new(row, "started", json_string(p->started));
	if (json_object_get(row, "finished") == NULL)
		(void)json_object_set_new(row, "finished", json_string(now));
	/* One slot may have come out well, and another not. */
	if (o->error != NULL && json_object_get(row, "error") == NULL &&
	    (own == NULL || strcmp(own, results[FLEET_FAILED]) == 0 ||
		strcmp(own, results[FLEET_LATER]) == 0))
		(void)json_object_set_new(row, "error", json_string(o->error));
}

/* The known members, in their order, for whoever reads many. Takes from. */
static json_t *
tidy_row(json_t *from, const struct place *p, const struct fleet_outcome *o)
{
	json_t *row = json_object();

	complete_row(from, p, o);
	for (size_t k = 0; fleet_columns[k] != NULL; k++) {
		json_t *v = json_object_get(from, fleet_columns[k]);

		if (v != NULL)
			(void)json_object_set(row, fleet_columns[k], v);
	}
	json_decref(from);
	return row;
}

/* What the worker told, or one row of what is known without it. */
static json_t *
tidy_rows(const json_t *told, const struct place *p, const struct fleet_outcome *o)
{
	json_t *rows = json_array(), *from;
	size_t i;

	json_array_foreach(told, i, from)
	{
		if (json_is_object(from))
			(void)json_array_append_new(rows, tidy_row(json_copy(from), p, o));
	}
	if (json_array_size(rows) == 0)
		(void)json_array_append_new(rows, tidy_row(json_object(), p, o));
	return rows;
}

static void
finish(struct place *p, const struct fleet_told *told, const struct fleet_outcome *from)
{
	struct fleet *f = p->loop->f;
	struct fleet_outcome o = *from;

	o.rows = tidy_rows(told->rows, p, &o);
	f->counts[o.result]++;
	if (f->report != NULL && !fleet_report_add(f->report, o.rows))
		f->broken = true;
	fleet_view_done(f->view, p->number, &o);
	json_decref(o.rows);
	fleet_worker_free(&p->worker);
	fleet_chip_free(&p->chip);
}

static void
conclude(struct place *p, const struct fleet_told *told)
{
	struct fleet *f = p->loop->f;
	struct fleet_outcome o = { .chip = p->chip, .result = result_of(told) };
	char text[128];

	if (o.result == FLEET_FAILED || o.result == FLEET_LATER) {
		o.error = told->error != NULL && !p->overdue
			      ? told->error
			      : default_error(p, told, text, sizeof(text));
		o.hint = told->error != NULL && !p->overdue ? told->hint : NULL;
	}
	/* A wrong command line stays wrong. */
	if (o.result != FLEET_FAILED || p->attempt >= f->attempts || f->stopped || f->broken ||
	    (WIFEXITED(told->status) && WEXITSTATUS(told->status) == PROV_USAGE)) {
		finish(p, told, &o);
		return;
	}
	p->until = f->first_delay * (double)(1U << (p->attempt < 8 ? p->attempt - 1 : 7));
	fleet_view_retry(f->view, p->number, p->chip, o.error, p->until);
	p->until += monotonic();
	fleet_worker_free(&p->worker);
}

static void
begin(struct place *p)
{
	struct fleet *f = p->loop->f;
	static const struct fleet_told none = { .status = W_EXITCODE(PROV_FAILED, 0) };

	p->attempt++;
	p->told_to_stop = p->overdue = false;
	p->until = monotonic() + f->timeout;
	if (p->attempt == 1)
		put_now(p->started);
	fleet_view_start(f->view, p->number, p->chip, p->attempt);
	p->worker = fleet_worker_start(&f->how, p->chip);
	if (p->worker == NULL)
		finish(p, &none,
		    &(struct fleet_outcome){ .chip = p->chip,
			.result = FLEET_FAILED,
			.error = "its worker could not be started" });
}

/* Never two on one chip. */
static bool
at_work(const struct loop *l, const struct fleet_chip *chip)
{
	for (unsigned int i = 0; i < l->f->jobs; i++)
		if (l->places[i].chip != NULL && fleet_chip_same(l->places[i].chip, chip))
			return true;
	return false;
}

static bool
have_next(struct loop *l)
{
	if (l->next != NULL)
		return true;
	if (l->all_read)
		return false;
	switch (fleet_source_next(l->f->source, &l->next)) {
	case FLEET_CHIP: return true;
	case FLEET_BAD: l->f->broken = true; break;
	case FLEET_END: break;
	}
	l->all_read = true;
	return false;
}

static void
fill_places(struct loop *l)
{
	for (unsigned int i = 0; i < l->f->jobs; i++) {
		struct place *p = &l->places[i];

		if (l->f->stopped || l->f->broken)
			return;
		if (p->chip != NULL && p->worker == NULL && monotonic() >= p->until)
			begin(p);
		if (p->chip != NULL || !have_next(l) || at_work(l, l->next))
			continue;
		p->chip = l->next;
		l->next = NULL;
		p->attempt = 0;
		begin(p);
	}
}

/* No more attempts: what failed last is the result. */
static void
give_up(struct place *p)
{
	static const struct fleet_told none;

	finish(p, &none,
	    &(struct fleet_outcome){ .chip = p->chip,
		.result = FLEET_LATER,
		.error = "interrupted before its next attempt" });
}

static void
stop_all(struct loop *l)
{
	for (unsigned int i = 0; i < l->f->jobs; i++) {
		struct place *p = &l->places[i];

		if (p->chip == NULL)
			continue;
		if (p->worker == NULL) {
			give_up(p);
		} else if (!p->told_to_stop && l->f->stopped) {
			p->told_to_stop = true;
			fleet_worker_stop(p->worker, false);
		}
	}
}

/* Its time is over: first politely. */
static void
watch(struct place *p)
{
	if (p->worker == NULL || monotonic() < p->until)
		return;
	fleet_worker_stop(p->worker, p->overdue);
	p->overdue = true;
	p->until = monotonic() + (p->loop->f->timeout < GRACE ? p->loop->f->timeout : GRACE);
}

static void
look(struct loop *l)
{
	for (unsigned int i = 0; i < l->f->jobs; i++) {
		struct place *p = &l->places[i];
		struct fleet_listener to = listener(p);
		struct fleet_told told;

		if (p->worker == NULL)
			continue;
		fleet_worker_read(p->worker, &to);
		if (fleet_worker_ended(p->worker, &to, &told))
			conclude(p, &told);
		else
			watch(p);
	}
}

/* Until something happens, at most so long, a second or less. Signals come only here. */
static void
wait_for(struct loop *l, double longest)
{
	double now = monotonic(), first = now + longest;
	struct timespec ts;
	nfds_t n = 0;

	for (unsigned int i = 0; i < l->f->jobs; i++) {
		const struct place *p = &l->places[i];
		int fds[2];

		if (p->chip != NULL && p->until < first)
			first = p->until;
		if (p->worker == NULL)
			continue;
		fleet_worker_fds(p->worker, fds);
		for (size_t k = 0; k < 2; k++)
			if (fds[k] >= 0)
				l->fds[n++] = (struct pollfd){ .fd = fds[k], .events = POLLIN };
	}
	longest = first > now ? first - now : 0;
	ts.tv_sec = (time_t)longest;
	ts.tv_nsec = (long)((longest - (double)ts.tv_sec) * 1e9);
	(void)ppoll(l->fds, n, &ts, &l->unblocked);
}

static bool
busy(struct loop *l)
{
	for (unsigned int i = 0; i < l->f->jobs; i++)
		if (l->places[i].chip != NULL)
			return true;
	return !l->f->stopped && !l->f->broken && have_next(l);
}

static void
on_child(int sig)
{
	(void)sig; /* ends ppoll */
}

/* A signal waits until ppoll looks, so that none is missed between a look and the wait. */
static void
block_signals(struct loop *l)
{
	static const int signals[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP };
	struct sigaction sa = { .sa_handler = on_child };
	sigset_t set;

	(void)sigemptyset(&sa.sa_mask);
	(void)sigaction(SIGCHLD, &sa, NULL);
	(void)sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigaddset(&set, signals[i]);
	(void)sigprocmask(SIG_BLOCK, &set, &l->unblocked);
	/* A worker of a shell that ignores them may have them blocked. */
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		(void)sigdelset(&l->unblocked, signals[i]);
}

void
fleet_run(struct fleet *f)
{
	struct loop l = { .f = f };
	sigset_t before;

	l.places = calloc(f->jobs, sizeof(*l.places));
	l.fds = calloc(2UL * f->jobs, sizeof(*l.fds));
	if (l.places == NULL || l.fds == NULL) {
		prov_error("out of memory");
		f->broken = true;
		goto out;
	}
	for (unsigned int i = 0; i < f->jobs; i++)
		l.places[i] = (struct place){ .loop = &l, .number = i };
	(void)sigprocmask(SIG_SETMASK, NULL, &before);
	block_signals(&l);
	while (busy(&l)) {
		fill_places(&l);
		wait_for(&l, fleet_view_draw(f->view));
		f->stopped = f->stopped || stop_wanted();
		look(&l);
		if (f->stopped || f->broken)
			stop_all(&l);
	}
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	fleet_chip_free(&l.next);
out:
	free(l.places);
	free(l.fds);
}
