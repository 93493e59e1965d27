/* fleet: run for many chips at once. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "provision/fleetreport.h"
#include "provision/fleetview.h"
#include "provision/options.h"
#include "provision/pace.h"

#define JOBS     8
#define ATTEMPTS 3
#define TIMEOUT  900 /* seconds; an RSA key takes a chip up to two minutes */
#define DELAY    1.0 /* seconds before the second attempt */

/* Ourselves, whatever has become of the file meanwhile. */
#define PROGRAM "/proc/self/exe"

struct words {
	const char *list[2 * OPTIONS_GIVEN_MAX + 8];
	size_t n;
	char names[OPTIONS_GIVEN_MAX][40];
};

static const struct command *
find(const char *name)
{
	const struct command *c;

	for (size_t i = 0; (c = command_row(i)) != NULL; i++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* What the coordinator says itself, for each worker. */
static bool
is_own(const char *name)
{
	static const char *const own[] = { "token", "json", "verbose", "dry-run" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(own[i], name) == 0)
			return true;
	return false;
}

/* "run" with the options that were given and are its own, as they were given. */
static void
put_words(const struct options *o, struct words *w)
{
	const struct command *run = find("run");

	w->list[w->n++] = "run";
	w->list[w->n++] = "--json";
	w->list[w->n++] = "--verbose";
	for (size_t i = 0; i < o->ngiven; i++) {
		const struct option_row *r = o->given[i].row;

		if (is_own(r->name) || !command_takes(run, r))
			continue;
		(void)snprintf(w->names[i], sizeof(w->names[i]), "--%s", r->name);
		w->list[w->n++] = w->names[i];
		if (r->argument != NULL)
			w->list[w->n++] = o->given[i].value;
	}
	w->list[w->n] = NULL;
}

/* [MANIFEST] [CONFIG]: one of them alone is told by its name. */
static void
take_operands(const struct options *o, const char **manifest, const char **config)
{
	const char *first = o->nargs > 0 ? o->args[0] : NULL;
	size_t len = first != NULL ? strlen(first) : 0;

	*manifest = *config = NULL;
	if (o->nargs == 2) {
		*manifest = first;
		*config = o->args[1];
	} else if (len > 4 && strcmp(first + len - 4, ".csv") == 0) {
		*manifest = first;
	} else {
		*config = first;
	}
}

static bool
check(const struct options *o, const char *manifest, const char *config)
{
	if (manifest == NULL && config == NULL) {
		prov_error("\"fleet\" needs a CONFIG, or a manifest that names one in each row");
		prov_hint("usage: optiga-provision fleet [MANIFEST.csv] [CONFIG]");
		return false;
	}
	if (manifest != NULL && o->token.token != NULL) {
		prov_error("--token and a manifest both say which chips");
		prov_hint("name tokens in a column \"token\" of the manifest");
		return false;
	}
	if (o->quiet && o->json) {
		prov_error("--quiet and --json do not go together");
		return false;
	}
	if (o->report != NULL && !fleet_report_name_ok(o->report)) {
		prov_error("--report \"%s\": its name says nothing of the format", o->report);
		prov_hint("the name ends in .csv, or for JSON lines in .json or .jsonl");
		return false;
	}
	return true;
}

/* A mistake in it would be every worker's. */
static bool
config_is_good(const char *path, const struct fleet_source *source)
{
	static char texts[CSV_FIELDS_MAX][80]; /* they stay in use */
	struct config_set *set;
	const char *name;
	bool ok = true;

	if (path == NULL)
		return true;
	/* Which values there will be; what they are is each row's. */
	for (size_t i = 0; (name = fleet_source_value_name(source, i)) != NULL; i++) {
		(void)snprintf(texts[i], sizeof(texts[i]), "%s=", name);
		ok = config_set_template(texts[i]) && ok;
	}
	set = ok ? config_set_load(path) : NULL;
	ok = set != NULL;
	config_set_free(&set);
	return ok;
}

static enum prov_exit
list_chips(struct fleet_source *source)
{
	struct fleet_chip *chip;
	enum fleet_next next;

	while ((next = fleet_source_next(source, &chip)) == FLEET_CHIP) {
		(void)printf("%s\n", chip->name);
		fleet_chip_free(&chip);
	}
	return next == FLEET_END ? PROV_OK : PROV_FAILED;
}

static enum prov_exit
conclude(const struct fleet *f, const struct options *o)
{
	size_t n = 0, failed = f->counts[FLEET_FAILED];

	for (size_t i = 0; i < FLEET_RESULTS; i++)
		n += f->counts[i];
	if (f->stopped) {
		prov_error("interrupted: %zu chip%s through", n - f->counts[FLEET_LATER],
		    n - f->counts[FLEET_LATER] == 1 ? "" : "s");
		prov_hint("run the same command again to go on");
		if (o->report != NULL)
			prov_hint("the rows so far are in \"%s.part\"", o->report);
		return PROV_INTERRUPTED;
	}
	if (f->broken)
		return PROV_FAILED;
	if (failed > 0) {
		prov_error("%zu of %zu chip%s failed", failed, n, n == 1 ? "" : "s");
		return PROV_FAILED;
	}
	if (n == 0) {
		prov_error("the manifest names no chip");
		return PROV_FAILED;
	}
	if (f->counts[FLEET_LATER] == 0)
		return PROV_OK;
	prov_error(
	    "%zu of %zu chip%s wait for something", f->counts[FLEET_LATER], n, n == 1 ? "" : "s");
	prov_hint("run the same command again when it is there");
	return PROV_INTERRUPTED;
}

static enum prov_exit
work(struct fleet *f, const struct options *o)
{
	enum fleet_talk talk = o->json ? FLEET_JSON : o->quiet ? FLEET_QUIET : FLEET_LINES;
	struct pace *pace = NULL;
	bool ok;

	if (o->report != NULL && (f->report = fleet_report_open(o->report)) == NULL)
		return PROV_FAILED;
	pace = pace_new(&f->how.pace_fd);
	f->view = fleet_view_open(talk, fleet_source_total(f->source), f->jobs);
	ok = pace != NULL && f->view != NULL;
	if (ok) {
		fleet_run(f);
		fleet_view_sum(f->view);
		(void)fflush(stdout);
	}
	fleet_view_close(&f->view);
	pace_free(&pace);
	if (f->how.pace_fd >= 0)
		(void)close(f->how.pace_fd);
	if (f->report != NULL && !fleet_report_close(&f->report, ok && !f->stopped && !f->broken))
		ok = false;
	return ok ? conclude(f, o) : PROV_FAILED;
}

enum prov_exit
cmd_fleet(const struct options *o)
{
	/* For tests: another program in the place of our own. */
	const char *program = getenv("OPTIGA_TEST_FLEET_WORKER"), *manifest, *config;
	struct words words = { .n = 0 };
	struct fleet f = { .how = { .pace_fd = -1 } };
	enum prov_exit status;

	take_operands(o, &manifest, &config);
	if (!check(o, manifest, config))
		return PROV_USAGE;
	put_words(o, &words);
	f.how.program = program != NULL ? program : PROGRAM;
	f.how.words = words.list;
	f.how.config = config;
	f.jobs = o->jobs > 0 ? o->jobs : JOBS;
	f.attempts = o->attempts > 0 ? o->attempts : ATTEMPTS;
	f.timeout = o->timeout > 0 ? o->timeout : TIMEOUT;
	f.first_delay = DELAY;
	f.source = manifest != NULL ? fleet_source_manifest(manifest, config != NULL)
				    : fleet_source_attached(&o->token);
	if (f.source == NULL)
		return PROV_FAILED;
	if (!config_is_good(config, f.source))
		status = PROV_FAILED;
	else
		status = o->dry_run ? list_chips(f.source) : work(&f, o);
	fleet_source_close(&f.source);
	return status;
}
