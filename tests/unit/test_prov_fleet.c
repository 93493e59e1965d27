/* The work of a fleet: how many at once, never two on one chip, attempts, and what comes of it. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "provision/fleetreport.h"
#include "provision/fleetview.h"
#include "tests/unit/test_prov_util.h"

#define CHIPS 24

static char program[256], log_file[256];

/* Every start and end of a worker is a line of the log: "+sim:a 1" and "-sim:a". */
static void
make_worker(const char *body)
{
	char text[1024];

	(void)snprintf(log_file, sizeof(log_file), "%s", scratch_file("log"));
	(void)snprintf(text, sizeof(text),
	    "#!/bin/sh\n"
	    "n=$(grep -c \"^+$OPTIGA_DEVICE$\" '%s')\n"
	    "echo \"+$OPTIGA_DEVICE\" >>'%s'\n"
	    "trap 'echo \"-$OPTIGA_DEVICE\" >>'\\''%s'\\''' EXIT\n"
	    "%s\n",
	    log_file, log_file, log_file, body);
	scratch_write("log", "");
	scratch_write("worker", text);
	(void)snprintf(program, sizeof(program), "%s", scratch_file("worker"));
	ck_assert_int_eq(chmod(program, 0700), 0);
}

static void
work(struct fleet *f, const char *manifest, unsigned int jobs, unsigned int attempts)
{
	static const char *const words[] = { "run", NULL };

	scratch_write("m.csv", manifest);
	*f = (struct fleet){
		.how = { .program = program, .words = words, .config = "c.jsn", .pace_fd = -1 },
		.jobs = jobs,
		.attempts = attempts,
		.timeout = 30,
		.first_delay = 0.01
	};
	f->source = fleet_source_manifest(scratch_file("m.csv"), true);
	ck_assert_ptr_nonnull(f->source);
	f->view = fleet_view_open(FLEET_QUIET, fleet_source_total(f->source), jobs);
	f->report = fleet_report_open(scratch_file("r.jsonl"));
	ck_assert_ptr_nonnull(f->view);
	ck_assert_ptr_nonnull(f->report);
	fleet_run(f);
	ck_assert(fleet_report_close(&f->report, true));
	fleet_view_close(&f->view);
	fleet_source_close(&f->source);
}

/* Most at work at once, and whether any chip had two. */
static unsigned int
most_at_once(size_t *starts, bool *doubled)
{
	char line[64], busy[64][64];
	size_t n = 0, most = 0;
	FILE *f = fopen(log_file, "re");

	ck_assert_ptr_nonnull(f);
	*starts = 0;
	*doubled = false;
	while (fgets(line, sizeof(line), f) != NULL) {
		size_t i = 0;

		line[strcspn(line, "\n")] = '\0';
		while (i < n && strcmp(busy[i], line + 1) != 0)
			i++;
		if (line[0] == '-') {
			ck_assert_uint_lt(i, n);
			n--;
			memmove(busy[i], busy[n], sizeof(busy[n]));
			continue;
		}
		++*starts;
		*doubled = *doubled || i < n;
		ck_assert_uint_lt(n, 64);
		(void)strcpy(busy[n++], line + 1);
		most = n > most ? n : most;
	}
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_uint_eq(n, 0);
	return (unsigned int)most;
}

static size_t
report_rows(void)
{
	FILE *f = fopen(scratch_file("r.jsonl"), "re");
	size_t n = 0;
	int c;

	ck_assert_ptr_nonnull(f);
	while ((c = getc(f)) != EOF)
		n += c == '\n';
	ck_assert_int_eq(fclose(f), 0);
	return n;
}

static const unsigned int job_counts[] = { 1, 3, 8, 40 };

START_TEST(so_many_at_once)
{
	char text[4096] = "device\n";
	size_t used = strlen(text), starts;
	struct fleet f;
	unsigned int most;
	bool doubled;

	make_worker("sleep 0.03; echo '{\"result\": \"provisioned\"}'");
	for (int i = 0; i < CHIPS; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "sim:%d\n", i);
	work(&f, text, job_counts[_i], 1);
	most = most_at_once(&starts, &doubled);
	ck_assert_uint_le(most, job_counts[_i]);
	ck_assert(job_counts[_i] == 1 || most > 1);
	ck_assert_uint_eq(starts, CHIPS);
	ck_assert(!doubled);
	ck_assert_uint_eq(f.counts[FLEET_DONE], CHIPS);
	ck_assert_uint_eq(report_rows(), CHIPS);
	ck_assert_str_eq(said(), "");
}
END_TEST

START_TEST(never_two_on_one_chip)
{
	struct fleet f;
	size_t starts;
	bool doubled;

	make_worker("sleep 0.02; echo '{\"result\": \"nothing to do\"}'");
	work(&f, "device,token\nsim:a,\nsim:a,x\nsim:b,\n,t\n,t\nsim:a,\nsim:b,\nsim:c,t\nsim:b,\n",
	    8, 1);
	(void)most_at_once(&starts, &doubled);
	ck_assert_uint_eq(starts, 9);
	ck_assert(!doubled);
	ck_assert_uint_eq(f.counts[FLEET_NOTHING], 9);
}
END_TEST

/* n: how often the chip was tried before. */
START_TEST(a_chip_that_fails_is_tried_again)
{
	struct fleet f;

	make_worker("case $OPTIGA_DEVICE$n in\n"
		    "bad*) echo 'optiga-provision: no luck' >&2; exit 1 ;;\n"
		    "usage*) exit 2 ;;\n"
		    "later*) exit 3 ;;\n"
		    "weak[01]) exit 1 ;;\n"
		    "shot0) kill -KILL $$ ;;\n"
		    "esac\n"
		    "echo '{\"result\": \"provisioned\"}'");
	work(&f, "device\ngood\nbad\nusage\nweak\nlater\nshot\n", 2, 3);
	ck_assert_uint_eq(f.counts[FLEET_DONE], 3);
	ck_assert_uint_eq(f.counts[FLEET_FAILED], 2);
	ck_assert_uint_eq(f.counts[FLEET_LATER], 1);
	ck_assert_uint_eq(report_rows(), 6);
	ck_assert_ptr_nonnull(strstr(said(), "error: bad: no luck\n"));
	ck_assert_ptr_nonnull(
	    strstr(said(), "error: usage: its worker ended with status 2 and gave no reason\n"));
	ck_assert_ptr_nonnull(strstr(said(), "warning: weak: "));
	ck_assert_ptr_null(strstr(said(), "error: weak"));
	ck_assert(!f.broken && !f.stopped);
}
END_TEST

START_TEST(a_program_that_is_not_there)
{
	struct fleet f;

	make_worker("");
	(void)snprintf(program, sizeof(program), "/nonexistent/worker");
	work(&f, "device\na\n", 4, 1);
	ck_assert_uint_eq(f.counts[FLEET_FAILED], 1);
	ck_assert_str_eq(
	    said(), "error: a: cannot run \"/nonexistent/worker\": No such file or directory\n");
}
END_TEST

START_TEST(a_manifest_that_goes_wrong_begins_no_more)
{
	struct fleet f;
	int fds[2];

	make_worker("echo '{\"result\": \"provisioned\"}'");
	/* From a pipe it cannot be checked before. */
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(dprintf(fds[1], "device\na\n\"b\n"), 12);
	ck_assert_int_eq(close(fds[1]), 0);
	ck_assert_int_eq(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	f = (struct fleet){ .how = { .program = program,
				.words = (const char *const[]){ "run", NULL },
				.config = "c.jsn",
				.pace_fd = -1 },
		.jobs = 1,
		.attempts = 1,
		.timeout = 30 };
	f.source = fleet_source_manifest("-", true);
	ck_assert_ptr_nonnull(f.source);
	ck_assert_uint_eq(fleet_source_total(f.source), 0);
	f.view = fleet_view_open(FLEET_QUIET, 0, 1);
	fleet_run(&f);
	fleet_view_close(&f.view);
	fleet_source_close(&f.source);
	ck_assert(f.broken);
	ck_assert_uint_eq(f.counts[FLEET_DONE], 1);
	ck_assert_str_eq(said(), "error: standard input:3:1: the quotation mark is never closed\n");
	(void)close(fds[0]);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("fleet");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, so_many_at_once, 0, sizeof(job_counts) / sizeof(job_counts[0]));
	tcase_add_test(tc, never_two_on_one_chip);
	tcase_add_test(tc, a_chip_that_fails_is_tried_again);
	tcase_add_test(tc, a_program_that_is_not_there);
	tcase_add_test(tc, a_manifest_that_goes_wrong_begins_no_more);
	return run_case("fleet", tc);
}
