/* What people and programs see of a fleet at work; see fleetview.h. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "provision/fleetview.h"
#include "provision/msg.h"

#define DRAW_GAP 0.2 /* seconds between two drawings */

struct place {
	const char *name; /* NULL: free */
	unsigned int attempt;
	double since;
	char step[96];
};

struct fleet_view {
	enum fleet_talk talk;
	bool screen; /* standard error is a terminal that can go up */
	size_t total;
	unsigned int jobs;
	struct place *places;
	size_t counts[FLEET_RESULTS];
	double began, drawn_at;
	unsigned int drawn; /* lines on the screen */
	bool changed;
};

static const char *const result_names[FLEET_RESULTS] = {
	[FLEET_DONE] = "provisioned",
	[FLEET_NOTHING] = "nothing to do",
	[FLEET_FAILED] = "failed",
	[FLEET_LATER] = "interrupted",
};

static double
monotonic(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static size_t
finished(const struct fleet_view *v)
{
	size_t n = 0;

	for (size_t i = 0; i < FLEET_RESULTS; i++)
		n += v->counts[i];
	return n;
}

/* One object, one line. Takes e. */
static void
event(json_t *e)
{
	if (e == NULL || json_dumpf(e, stdout, JSON_COMPACT) != 0 || putchar('\n') == EOF ||
	    fflush(stdout) != 0)
		clearerr(stdout); /* main says it at the end; the work goes on */
	json_decref(e);
}

struct fleet_view *
fleet_view_open(enum fleet_talk talk, size_t total, unsigned int jobs)
{
	struct fleet_view *v = calloc(1, sizeof(*v));
	const char *term = getenv("TERM");

	if (v != NULL)
		v->places = calloc(jobs, sizeof(*v->places));
	if (v == NULL || v->places == NULL) {
		prov_error("out of memory");
		free(v);
		return NULL;
	}
	v->talk = talk;
	v->total = total;
	v->jobs = jobs;
	v->began = monotonic();
	v->screen = talk == FLEET_LINES && isatty(STDERR_FILENO) && term != NULL &&
		    strcmp(term, "dumb") != 0;
	if (talk == FLEET_JSON)
		event(json_pack("{s:s, s:o, s:i}", "event", "begin", "chips",
		    total > 0 ? json_integer((json_int_t)total) : json_null(), "jobs", (int)jobs));
	return v;
}

/* Back to where the drawing began. */
static void
erase(struct fleet_view *v)
{
	if (v->drawn > 0)
		(void)fprintf(stderr, "\033[%uA\r\033[J", v->drawn);
	v->drawn = 0;
	v->changed = true;
}

void
fleet_view_close(struct fleet_view **vp)
{
	struct fleet_view *v = *vp;

	if (v == NULL)
		return;
	erase(v);
	(void)fflush(stderr);
	free(v->places);
	free(v);
	*vp = NULL;
}

void
fleet_view_start(
    struct fleet_view *v, unsigned int place, const struct fleet_chip *chip, unsigned int attempt)
{
	v->places[place] = (struct place){
		.name = chip->name, .attempt = attempt, .since = monotonic(), .step = "starting"
	};
	v->changed = true;
	if (v->talk == FLEET_JSON)
		event(json_pack("{s:s, s:I, s:s, s:i}", "event", "start", "row",
		    (json_int_t)chip->number, "chip", chip->name, "attempt", (int)attempt));
}

void
fleet_view_step(struct fleet_view *v, unsigned int place, const char *step)
{
	struct place *p = &v->places[place];

	(void)snprintf(p->step, sizeof(p->step), "%s", step);
	v->changed = true;
	if (!v->screen && p->name != NULL)
		prov_step("%s: %s", p->name, step);
}

void
fleet_view_warn(struct fleet_view *v, const struct fleet_chip *chip, const char *text)
{
	erase(v);
	prov_warn("%s: %s", chip->name, text);
	if (v->talk == FLEET_JSON)
		event(json_pack("{s:s, s:I, s:s, s:s}", "event", "warning", "row",
		    (json_int_t)chip->number, "chip", chip->name, "text", text));
}

void
fleet_view_retry(struct fleet_view *v, unsigned int place, const struct fleet_chip *chip,
    const char *error, double seconds)
{
	char text[64];

	erase(v);
	prov_warn("%s: %s; trying again in %.0f s", chip->name, error, seconds);
	(void)snprintf(text, sizeof(text), "failed, trying again in %.0f s", seconds);
	(void)snprintf(v->places[place].step, sizeof(v->places[place].step), "%s", text);
	if (v->talk == FLEET_JSON)
		event(json_pack("{s:s, s:I, s:s, s:s, s:f}", "event", "retry", "row",
		    (json_int_t)chip->number, "chip", chip->name, "error", error, "seconds",
		    seconds));
}

static const char *
text_of(const json_t *row, const char *name)
{
	return json_string_value(json_object_get(row, name));
}

/* "sim:a: provisioned, slot second (E0F1), thing board-7, certificate 0123..." */
static void
print_row(const json_t *row)
{
	static const struct {
		const char *name, *words;
	} members[] = {
		{ "serial", "serial" },
		{ "slot", "slot" },
		{ "thing", "thing" },
		{ "certificateId", "certificate" },
	};

	(void)printf("%s: %s", text_of(row, "chip"), text_of(row, "result"));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (text_of(row, members[i].name) != NULL)
			(void)printf(", %s %s", members[i].words, text_of(row, members[i].name));
	(void)putchar('\n');
}

void
fleet_view_done(struct fleet_view *v, unsigned int place, const struct fleet_outcome *o)
{
	json_t *row, *e;
	size_t i;

	v->places[place].name = NULL;
	v->counts[o->result]++;
	erase(v);
	json_array_foreach(o->rows, i, row)
	{
		if (v->talk == FLEET_LINES)
			print_row(row);
		if (v->talk != FLEET_JSON)
			continue;
		e = json_pack("{s:s}", "event", "chip");
		(void)json_object_update(e, row);
		event(e);
	}
	if (v->talk == FLEET_LINES)
		(void)fflush(stdout);
	if (o->error == NULL)
		return;
	prov_error("%s: %s", o->chip->name, o->error);
	if (o->hint != NULL)
		prov_hint("%s", o->hint);
}

/* "1 h 2 min", "3 min 4 s", "5 s" */
static const char *
put_time(double seconds, char *out, size_t size)
{
	unsigned long s = seconds > 0 ? (unsigned long)seconds : 0;

	if (s >= 3600)
		(void)snprintf(out, size, "%lu h %lu min", s / 3600, s % 3600 / 60);
	else if (s >= 60)
		(void)snprintf(out, size, "%lu min %lu s", s / 60, s % 60);
	else
		(void)snprintf(out, size, "%lu s", s);
	return out;
}

/* All lines of it; only as wide as the screen, so that each is one. */
static void
draw_line(struct fleet_view *v, unsigned int width, const char *text)
{
	size_t len = strlen(text);

	/* Not in the midst of a character. */
	if (len >= width)
		for (len = width - 1; len > 0 && ((unsigned char)text[len] & 0xC0U) == 0x80; len--)
			;
	(void)fprintf(stderr, "%.*s\n", (int)len, text);
	v->drawn++;
}

static void
draw_sum(struct fleet_view *v, unsigned int width, double now)
{
	size_t n = finished(v), busy = 0;
	char text[256], left[64] = "", time[40];

	for (unsigned int i = 0; i < v->jobs; i++)
		busy += v->places[i].name != NULL;
	if (v->total > n && n > 0)
		(void)snprintf(left, sizeof(left), ", %s left",
		    put_time(
			(now - v->began) / (double)n * (double)(v->total - n), time, sizeof(time)));
	if (v->total > 0)
		(void)snprintf(text, sizeof(text), "  %zu of %zu chips, %zu failed, %zu at work%s",
		    n, v->total, v->counts[FLEET_FAILED], busy, left);
	else
		(void)snprintf(text, sizeof(text), "  %zu chips, %zu failed, %zu at work", n,
		    v->counts[FLEET_FAILED], busy);
	draw_line(v, width, text);
}

double
fleet_view_draw(struct fleet_view *v)
{
	struct winsize ws = { 0 };
	double now = monotonic(), next;
	unsigned int width, room;

	/* Times go on, even where nothing happens. */
	if (!v->screen)
		return 1;
	next = v->drawn_at + (v->changed ? DRAW_GAP : 1);
	if (now < next)
		return next - now;
	erase(v);
	(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &ws);
	width = ws.ws_col > 20 ? ws.ws_col : 80;
	room = ws.ws_row > 4 ? ws.ws_row - 2U : 22;
	for (unsigned int i = 0; i < v->jobs && v->drawn + 1 < room; i++) {
		const struct place *p = &v->places[i];
		char text[512], time[40];

		if (p->name == NULL)
			continue;
		(void)snprintf(text, sizeof(text), "  %-32s %-44s %s", p->name, p->step,
		    put_time(now - p->since, time, sizeof(time)));
		draw_line(v, width, text);
	}
	draw_sum(v, width, now);
	(void)fflush(stderr);
	v->drawn_at = now;
	v->changed = false;
	return 1;
}

void
fleet_view_sum(struct fleet_view *v)
{
	size_t n = finished(v);
	char time[40];
	double seconds = monotonic() - v->began;
	const char *lead = "";

	erase(v);
	if (v->talk == FLEET_JSON) {
		event(json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:f}", "event", "end", "chips",
		    (json_int_t)n, "provisioned", (json_int_t)v->counts[FLEET_DONE], "nothingToDo",
		    (json_int_t)v->counts[FLEET_NOTHING], "failed",
		    (json_int_t)v->counts[FLEET_FAILED], "interrupted",
		    (json_int_t)v->counts[FLEET_LATER], "seconds", seconds));
		return;
	}
	if (v->talk != FLEET_LINES)
		return;
	(void)printf(
	    "%zu chip%s in %s: ", n, n == 1 ? "" : "s", put_time(seconds, time, sizeof(time)));
	for (size_t i = 0; i < FLEET_RESULTS; i++) {
		if (v->counts[i] == 0)
			continue;
		(void)printf("%s%zu %s", lead, v->counts[i], result_names[i]);
		lead = ", ";
	}
	(void)printf("%s\n", n == 0 ? "none" : "");
}
